"""Follow-ups: asked every thirty days, answered by a side, signals to the desk, and nothing of it to the other side."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import transaction
from django.utils import timezone

from alliance.kernel import tenancy
from alliance.kernel.errors import ConflictOfInterestError, DomainError, NotFoundError, PermissionRefusedError
from alliance.kernel.permissions import forget_grants
from alliance.models import AuditEntry, InboxItem
from alliance.selectors.audit import history_of
from services.actions.follow_up import answer_follow_up, ask_follow_ups, handle_follow_up, miss_follow_up
from services.choices import ContractState, FollowUpState
from services.models import Contract, ContractFollowUp
from services.selectors.follow_up import (
    get_follow_up,
    list_follow_ups,
    list_signals,
    list_to_ask,
    list_to_miss,
)
from services.tasks import follow_contracts_up
from tests.factories.alliance import NOON, make_alliance, make_user
from tests.factories.contracts import D, S, World, make_world
from tests.factories.members import make_staff
from tests.factories.reviews import DAY, put_in_force

if TYPE_CHECKING:
    from alliance.models import Alliance, User

DUE = NOON + 30 * DAY


@pytest.fixture
def world(act: Alliance, secretary: User) -> World:
    return put_in_force(make_world(act, secretary=secretary))


def answer(world: World, role: str = D, number: int = 1, **fields: Any) -> ContractFollowUp:
    values: dict[str, Any] = {
        "progress": "on_track",
        "cooperation": 4,
        "wants_help": False,
        "words": "",
        "actor": world.people[role],
        "at": DUE + DAY,
        **fields,
    }
    return answer_follow_up(world.alliance, world.code, role, number, **values)


def code_of(act: Any) -> str:
    with pytest.raises(DomainError) as refused, transaction.atomic():
        act()
    return refused.value.code


def test_both_sides_are_asked_thirty_days_after_the_signatures_and_again_after_thirty_more(world: World) -> None:
    act = world.alliance
    assert list_to_ask(act, DUE - DAY) == []
    assert ask_follow_ups(act, world.code, at=DUE - DAY) == 0
    assert list_to_ask(act, DUE) == [world.code]
    assert ask_follow_ups(act, world.code, at=DUE) == 2
    assert ask_follow_ups(act, world.code, at=DUE) == 0
    assert list_to_ask(act, DUE + 29 * DAY) == []
    assert ask_follow_ups(act, world.code, at=DUE + 30 * DAY) == 2

    rows = set(ContractFollowUp.objects.of(act).values_list("role", "number", "answer_by"))
    first, second = timezone.localdate(DUE + 10 * DAY), timezone.localdate(DUE + 40 * DAY)
    assert rows == {(D, 1, first), (S, 1, first), (D, 2, second), (S, 2, second)}
    assert InboxItem.objects.of(act).filter(key=f"follow-up:{world.code}:{D}:1", institution_id=world.demand.pk).exists()
    assert AuditEntry.objects.of(act).filter(verb="ask_follow_up").count() == 4


def test_nobody_is_asked_while_the_work_rests_and_afterwards_only_the_newest_question(world: World) -> None:
    act = world.alliance
    for state in (ContractState.SUSPENDED, ContractState.COMPLETED, ContractState.TERMINATED):
        Contract.objects.of(act).filter(pk=world.contract.pk).update(state=state)
        assert list_to_ask(act, DUE) == []
        assert ask_follow_ups(act, world.code, at=DUE) == 0
    Contract.objects.of(act).filter(pk=world.contract.pk).update(state=ContractState.AMENDING)
    assert ask_follow_ups(act, world.code, at=DUE + 70 * DAY) == 2
    assert set(ContractFollowUp.objects.of(act).values_list("number", flat=True)) == {3}


def test_an_answer_is_kept_once_and_the_log_tells_nothing_of_it(world: World) -> None:
    act = world.alliance
    ask_follow_ups(act, world.code, at=DUE)
    row = answer(world, words=" All fine ", actor=world.second[D])

    assert (row.state, row.words, row.is_signal) == (FollowUpState.ANSWERED, "All fine", False)
    record = AuditEntry.objects.of(act).get(verb="answer_follow_up").record
    assert json.loads(record)["after"] == {"contract": world.code, "role": D, "number": 1, "state": "answered"}
    assert not InboxItem.objects.of(act).filter(key=f"follow-up:{world.code}:{D}:1", done_at__isnull=True).exists()
    assert code_of(lambda: answer(world)) == "follow_up_answered"


def test_refusals_say_what_is_missing(world: World) -> None:
    ask_follow_ups(world.alliance, world.code, at=DUE)
    assert code_of(lambda: answer(world, progress="")) == "follow_up_incomplete"
    assert code_of(lambda: answer(world, cooperation=None)) == "follow_up_incomplete"
    assert code_of(lambda: answer(world, cooperation=6)) == "follow_up_incomplete"
    assert code_of(lambda: answer(world, words="x" * 2001)) == "follow_up_incomplete"
    assert code_of(lambda: answer(world, number=2)) == NotFoundError.code
    assert code_of(lambda: answer(world, at=DUE + 11 * DAY)) == "follow_up_over"
    assert code_of(lambda: answer(world, actor=world.people[S])) == PermissionRefusedError.code
    assert code_of(lambda: answer(world, actor=world.secretary)) == PermissionRefusedError.code
    assert code_of(lambda: answer(world, actor=make_user())) == NotFoundError.code
    other = make_alliance()
    with tenancy.acting_in(other), pytest.raises(NotFoundError):
        answer_follow_up(
            other,
            world.code,
            D,
            1,
            progress="on_track",
            cooperation=4,
            wants_help=False,
            words="",
            actor=world.people[D],
            at=DUE,
        )


@pytest.mark.parametrize(
    ("fields", "is_signal"),
    [
        ({}, False),
        ({"progress": "at_risk"}, False),
        ({"progress": "at_risk", "cooperation": 2}, True),
        ({"progress": "off_track", "cooperation": 5}, True),
        ({"cooperation": 2}, True),
        ({"cooperation": 3}, False),
        ({"wants_help": True, "cooperation": 5}, True),
    ],
)
def test_what_goes_wrong_is_a_signal_for_the_desk(world: World, fields: dict[str, Any], is_signal: bool) -> None:
    ask_follow_ups(world.alliance, world.code, at=DUE)
    row = answer(world, **fields)

    assert row.is_signal is is_signal
    items = InboxItem.objects.of(world.alliance).filter(key__startswith="follow-up-signal:")
    assert [item.user for item in items] == ([world.secretary] if is_signal else [])


def test_two_questions_in_a_row_without_an_answer_are_a_signal(world: World) -> None:
    act = world.alliance
    for number in (1, 2, 3):
        at = NOON + timedelta(days=30 * number)
        ask_follow_ups(act, world.code, at=at)
        if number == 1:
            answer(world, S, 1, at=at)
        late = at + 11 * DAY
        assert not miss_follow_up(act, world.code, D, number, at=at + 10 * DAY)
        for code, role, one in list_to_miss(act, timezone.localdate(late)):
            assert miss_follow_up(act, code, role, one, at=late)
            assert not miss_follow_up(act, code, role, one, at=late)

    found = {(row.role, row.number): row.is_signal for row in ContractFollowUp.objects.of(act).filter(state="missed")}
    assert found == {(D, 1): False, (D, 2): True, (D, 3): True, (S, 2): False, (S, 3): True}
    assert list_signals(act, world.secretary).count() == 3


def test_the_desk_says_what_was_done_about_a_signal_once(world: World) -> None:
    act = world.alliance
    ask_follow_ups(act, world.code, at=DUE)
    answer(world, cooperation=1)
    answer(world, S)

    def handle(role: str = D, words: str = "Called both.", actor: User = world.secretary) -> ContractFollowUp:
        return handle_follow_up(act, world.code, role, 1, words=words, actor=actor, at=DUE + 2 * DAY)

    assert code_of(lambda: handle(S)) == "no_signal"
    assert code_of(lambda: handle(words=" ")) == "words_missing"
    assert code_of(lambda: handle(actor=world.people[S])) == PermissionRefusedError.code
    assert list_signals(act, world.secretary).count() == 1
    assert handle().handled_words == "Called both."
    assert list_signals(act, world.secretary).count() == 0
    assert list_signals(act, world.secretary, "handled").count() == 1
    assert code_of(handle) == "signal_handled"
    assert not InboxItem.objects.of(act).filter(key__startswith="follow-up-signal:", done_at__isnull=True).exists()
    record = AuditEntry.objects.of(act).get(verb="handle_follow_up").record
    assert "Called" not in record


def test_a_side_reads_its_own_answers_and_the_desk_both(world: World) -> None:
    ask_follow_ups(world.alliance, world.code, at=DUE)
    answer(world, cooperation=1)
    contract = world.fresh()

    def roles(reader: User) -> set[str]:
        return {row.role for row in list_follow_ups(contract, reader)}

    assert roles(world.people[D]) == {D}
    assert roles(world.second[S]) == {S}
    assert roles(world.secretary) == {D, S}
    assert roles(make_user()) == set()
    with pytest.raises(NotFoundError):
        get_follow_up(contract, D, 1, reader=world.people[S])
    assert get_follow_up(contract, D, 1, reader=world.people[D]).cooperation == 1


def test_a_person_of_the_desk_who_acts_for_the_other_side_reads_handles_and_hears_nothing(world: World) -> None:
    make_staff(world.supply, world.secretary, role="staff")
    forget_grants(world.secretary)
    ask_follow_ups(world.alliance, world.code, at=DUE)
    answer(world, cooperation=1)
    contract = world.fresh()

    assert {row.role for row in list_follow_ups(contract, world.secretary)} == {S}
    assert list_signals(world.alliance, world.secretary, "all").count() == 0
    assert not InboxItem.objects.of(world.alliance).filter(key__startswith="follow-up-signal:").exists()
    with pytest.raises(ConflictOfInterestError):
        handle_follow_up(world.alliance, world.code, D, 1, words="x", actor=world.secretary, at=DUE)


def test_the_record_on_the_contract_page_does_not_tell_that_there_was_a_follow_up(world: World) -> None:
    before = len(history_of(world.alliance, world.contract))
    ask_follow_ups(world.alliance, world.code, at=DUE)
    answer(world, cooperation=1)
    handle_follow_up(world.alliance, world.code, D, 1, words="Called.", actor=world.secretary, at=DUE)

    assert len(history_of(world.alliance, world.contract)) == before


def test_the_task_asks_and_notes_and_may_run_twice(act: Alliance, secretary: User) -> None:
    put_in_force(make_world(act, secretary=secretary), at=timezone.now() - 45 * DAY)

    assert follow_contracts_up(act.pk) == 1
    assert follow_contracts_up(act.pk) == 0
    ContractFollowUp.objects.of(act).update(answer_by=timezone.localdate() - DAY)
    assert follow_contracts_up(act.pk) == 2
    assert follow_contracts_up(act.pk) == 0
