"""Notices to suspend, take up and end the work: a side gives one, the other answers, the witness orders."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from alliance.choices import AllianceRole
from alliance.kernel import tenancy
from alliance.kernel.errors import (
    ConflictOfInterestError,
    DomainError,
    InvalidInputError,
    NotFoundError,
    PermissionRefusedError,
    SeparationOfDutiesError,
    TransitionRefusedError,
)
from alliance.kernel.permissions import forget_grants
from alliance.models import AuditEntry, InboxItem, Notification, OutboxEvent
from members.choices import StaffRole
from services import seals
from services.actions import contract_sealing
from services.actions.contract_notice import (
    answer_notice,
    ask_witness_to_decide,
    close_notices,
    give_notice,
    order_notice,
    withdraw_notice,
)
from services.choices import ContractState, NoticeKind, NoticeReason, NoticeState
from services.models import Contract, ContractNotice, ContractParty, ContractPause
from services.selectors.contract_notice import REASONS, list_notices, list_unanswered, to_be_decided
from services.signals import CONTRACT_RESUMED, CONTRACT_SUSPENDED, CONTRACT_TERMINATED
from services.tasks import keep_contracts
from tests.factories.alliance import NOON, make_alliance, make_member, make_user
from tests.factories.contracts import D, S, W, World, amend, bring_in_force, make_world
from tests.factories.groups import make_interest
from tests.factories.members import make_institution, make_staff
from tests.services.test_amendment_actions import LONGER, together

if TYPE_CHECKING:
    from collections.abc import Callable

    from alliance.models import Alliance, User

DAY = timedelta(days=1)
SUSPEND, RESUME, TERMINATE = NoticeKind.SUSPEND, NoticeKind.RESUME, NoticeKind.TERMINATE


@pytest.fixture(autouse=True)
def _quick_seals(monkeypatch: pytest.MonkeyPatch, tmp_path: Any, settings: Any) -> None:
    settings.KEYS_DIR = tmp_path / "keys"
    monkeypatch.setattr(contract_sealing, "compose", lambda _content, evidence: evidence.code.encode())
    monkeypatch.setattr(seals, "apply", lambda document, *_args, **_more: b"%PDF-" + document)


@pytest.fixture
def world(act: Alliance, secretary: User) -> World:
    made = make_world(act, secretary=secretary, from_match=True)
    bring_in_force(made)
    return made


def give(world: World, kind: NoticeKind, role: str = D, **fields: Any) -> ContractNotice:
    values: dict[str, Any] = {
        "reason": REASONS[kind][0],
        "words": "The boiler is out of order.",
        "actor": world.people[role],
        "at": NOON,
        **fields,
    }
    return give_notice(world.alliance, world.code, role=role, kind=kind, **values)


def answer(world: World, notice: ContractNotice, *, agrees: bool = True, **fields: Any) -> ContractNotice:
    role = fields.pop("role", S if notice.role == D else D)
    values: dict[str, Any] = {"words": "Seen.", "actor": world.people[role], "at": NOON, **fields}
    return answer_notice(world.alliance, world.code, number=notice.number, role=role, agrees=agrees, **values)


def order(world: World, kind: NoticeKind, **fields: Any) -> ContractNotice:
    values: dict[str, Any] = {
        "reason": REASONS[kind][0],
        "words": "The plant is under water.",
        "actor": world.secretary,
        "at": NOON,
        **fields,
    }
    return order_notice(world.alliance, world.code, kind=kind, **values)


def events(world: World, kind: str) -> list[dict[str, Any]]:
    return list(OutboxEvent.objects.of(world.alliance).filter(kind=kind).values_list("payload", flat=True))


def verbs(world: World) -> list[str]:
    rows = AuditEntry.objects.of(world.alliance).filter(
        object_type="services.contract", object_id=str(world.contract.pk), at__gte=NOON
    )
    return list(rows.order_by("id").values_list("verb", flat=True))


def waiting(world: World) -> set[str]:
    items = InboxItem.objects.of(world.alliance).filter(done_at__isnull=True, key__startswith="contract-notice")
    return set(items.values_list("kind", flat=True))


# ------------------------------------------------------------------------------------------------------------ the way through


def test_the_work_is_suspended_and_taken_up_when_the_other_side_agrees(world: World) -> None:
    notice = give(world, SUSPEND)
    assert world.fresh().state == ContractState.IN_FORCE
    assert waiting(world) == {"services.contract_notice_to_answer"}
    answer(world, notice, at=NOON + DAY)
    assert world.fresh().state == ContractState.SUSPENDED
    pause = ContractPause.objects.of(world.alliance).get()
    assert (pause.begins_on, pause.ends_on) == (timezone.localdate(NOON + DAY), None)
    assert waiting(world) == set()

    resume = give(world, RESUME, role=S, at=NOON + 5 * DAY)
    answer(world, resume, at=NOON + 8 * DAY)
    pause.refresh_from_db()
    assert world.fresh().state == ContractState.IN_FORCE
    assert (pause.ends_on, pause.begun_id, pause.ended_id) == (timezone.localdate(NOON + 8 * DAY), notice.pk, resume.pk)
    match = world.contract.match
    assert match is not None
    owed = [{"contract": world.code, "match": match.code}]
    assert events(world, CONTRACT_SUSPENDED) == events(world, CONTRACT_RESUMED) == owed
    assert verbs(world)[-6:] == [
        "give_notice",
        "agree_notice",
        "suspend_contract",
        "give_notice",
        "agree_notice",
        "resume_contract",
    ]
    told = set(Notification.objects.of(world.alliance).values_list("kind", flat=True))
    assert {"services.contract_suspended", "services.contract_resumed"} <= told


@pytest.mark.parametrize("suspended", [False, True])
def test_a_contract_ends_early_when_the_other_side_agrees(world: World, suspended: bool) -> None:
    if suspended:
        answer(world, give(world, SUSPEND))
    notice = give(world, TERMINATE, role=S, reason=NoticeReason.AIM_GONE, words="The line is sold.")
    answer(world, notice, at=NOON + DAY)
    ended = world.fresh()
    assert (ended.state, ended.ended_at, ended.ended_by, ended.end_words, ended.end_reason) == (
        ContractState.TERMINATED,
        NOON + DAY,
        world.people[D],
        "The line is sold.",
        "",
    )
    assert not ContractPause.objects.of(world.alliance).filter(ends_on__isnull=True).exists()
    assert ContractPause.objects.of(world.alliance).filter(ended=notice).exists() is suspended
    assert len(events(world, CONTRACT_TERMINATED)) == 1
    for kind in NoticeKind:
        with pytest.raises(TransitionRefusedError):
            give(world, kind)


def test_a_refusal_says_why_and_changes_nothing(world: World) -> None:
    notice = give(world, SUSPEND)
    with pytest.raises(InvalidInputError):
        answer(world, notice, agrees=False, words=" ")
    answer(world, notice, agrees=False, words="The stop was planned.")
    notice.refresh_from_db()
    assert (notice.state, notice.answer_role, notice.answer_words) == (NoticeState.REFUSED, S, "The stop was planned.")
    assert world.fresh().state == ContractState.IN_FORCE
    assert waiting(world) == set(), "the witness is asked about an end alone"
    with pytest.raises(TransitionRefusedError):
        answer(world, notice)


def test_a_notice_is_withdrawn_by_its_side_while_it_is_open(world: World) -> None:
    notice = give(world, TERMINATE)
    with pytest.raises(NotFoundError):
        withdraw_notice(world.alliance, world.code, number=notice.number, role=S, actor=world.people[S], at=NOON)
    with pytest.raises(PermissionRefusedError):
        withdraw_notice(world.alliance, world.code, number=notice.number, role=D, actor=world.people[S], at=NOON)
    withdraw_notice(world.alliance, world.code, number=notice.number, role=D, actor=world.second[D], at=NOON)
    assert waiting(world) == set()
    acts: tuple[Callable[[], Any], ...] = (lambda: answer(world, notice), lambda: answer(world, notice, agrees=False))
    for act in acts:
        with pytest.raises(TransitionRefusedError):
            act()
    assert give(world, SUSPEND).number == 2


# ------------------------------------------------------------------------------------------------------------------ refusals


def test_a_notice_needs_a_fitting_reason_words_and_a_person_of_the_side(world: World) -> None:
    for fields in ({"reason": NoticeReason.CAUSE_GONE}, {"reason": ""}, {"words": "  "}, {"words": "x" * 2001}):
        with pytest.raises(InvalidInputError) as refused:
            give(world, SUSPEND, **fields)
        assert refused.value.code == "notice_invalid"
    with pytest.raises(InvalidInputError):
        give_notice(
            world.alliance, world.code, role=D, kind="stop", reason="other", words="x", actor=world.people[D], at=NOON
        )
    officer = make_user()
    make_staff(world.demand, officer, role=StaffRole.STAFF)
    for actor in (world.people[S], world.secretary, officer, make_user()):
        with pytest.raises(PermissionRefusedError):
            give(world, SUSPEND, actor=actor)
    with pytest.raises(NotFoundError):
        give(world, SUSPEND, role=W, actor=world.secretary)
    with pytest.raises(TransitionRefusedError):
        give(world, RESUME)
    assert not ContractNotice.objects.of(world.alliance).exists()


def test_one_notice_waits_at_a_time(world: World) -> None:
    give(world, SUSPEND)
    for role in (D, S):
        with pytest.raises(DomainError) as refused:
            give(world, TERMINATE, role=role)
        assert refused.value.code == "notice_open"


def test_only_another_person_of_the_other_side_answers(world: World) -> None:
    notice = give(world, SUSPEND)
    for role, actor in ((D, world.second[D]), (W, world.secretary)):
        with pytest.raises(PermissionRefusedError):
            answer(world, notice, role=role, actor=actor)
    make_staff(world.supply, world.people[D], role=StaffRole.SIGNATORY)
    forget_grants(world.people[D])
    with pytest.raises(SeparationOfDutiesError):
        answer(world, notice, actor=world.people[D])
    with pytest.raises(NotFoundError):
        answer_notice(world.alliance, world.code, number=9, role=S, agrees=True, words="", actor=world.people[S], at=NOON)


def test_other_alliances_and_amendments_have_no_such_contract(world: World, other_alliance: Alliance) -> None:
    amendment = amend(world)
    for code in (amendment.code, "C-9999"):
        with pytest.raises(NotFoundError):
            give_notice(
                world.alliance, code, role=D, kind=TERMINATE, reason="other", words="x", actor=world.people[D], at=NOON
            )
    with tenancy.acting_in(other_alliance), pytest.raises(NotFoundError):
        order_notice(other_alliance, world.code, kind=SUSPEND, reason="other", words="x", actor=world.secretary, at=NOON)


# --------------------------------------------------------------------------------------------------------------- the witness


def test_the_witness_orders_a_suspension_and_a_resumption(world: World) -> None:
    notice = order(world, SUSPEND)
    assert (notice.role, notice.state, notice.answer_role) == (W, NoticeState.ORDERED, W)
    assert world.fresh().state == ContractState.SUSPENDED
    order(world, RESUME, at=NOON + DAY)
    assert world.fresh().state == ContractState.IN_FORCE
    assert verbs(world)[-4:] == ["order_notice", "suspend_contract", "order_notice", "resume_contract"]


def test_an_order_decides_a_notice_of_the_same_kind_that_waits(world: World) -> None:
    notice = give(world, SUSPEND)
    ordered = order(world, SUSPEND, words="So be it.")
    assert ordered.pk == notice.pk
    notice.refresh_from_db()
    assert (notice.state, notice.role, notice.answer_words) == (NoticeState.ORDERED, D, "So be it.")
    assert ContractPause.objects.of(world.alliance).get().begun_id == notice.pk
    assert waiting(world) == set()


def test_the_witness_ends_a_contract_only_where_a_side_asked_in_vain(world: World) -> None:
    def refused(**fields: Any) -> str:
        with pytest.raises(DomainError) as found:
            order(world, TERMINATE, **fields)
        return found.value.code

    assert refused() == "nothing_to_decide"
    notice = give(world, TERMINATE)
    assert refused(at=NOON + 14 * DAY) == "nothing_to_decide"
    answer(world, notice, agrees=False)
    assert waiting(world) == {"services.contract_notice_to_decide"}
    withdrawn = give(world, TERMINATE)
    withdraw_notice(world.alliance, world.code, number=withdrawn.number, role=D, actor=world.people[D], at=NOON)
    assert refused() == "nothing_to_decide", "who withdrew the newest one does not want the end any more"
    answer(world, give(world, TERMINATE), agrees=False)
    ended = order(world, TERMINATE, words="Two warnings were given.")
    assert (ended.role, ended.state, ended.number) == (W, NoticeState.ORDERED, 4)
    assert world.fresh().state == ContractState.TERMINATED
    assert world.fresh().end_words == "Two warnings were given."
    assert waiting(world) == set()


def test_a_notice_unanswered_for_fifteen_days_comes_to_the_witness(world: World) -> None:
    now = timezone.now()
    notice = give(world, TERMINATE, at=now - 15 * DAY)
    fresh = give_world(world)
    give(fresh, TERMINATE, at=now - 14 * DAY)
    assert list_unanswered(world.alliance, now) == [notice.pk]
    assert keep_contracts(world.alliance.pk) == 1
    assert waiting(world) == {"services.contract_notice_to_answer", "services.contract_notice_to_decide"}
    items = InboxItem.objects.of(world.alliance).filter(kind="services.contract_notice_to_decide")
    keep_contracts(world.alliance.pk)
    assert items.count() == 1
    answer(world, notice, at=now)
    assert items.filter(done_at__isnull=True).count() == 0
    assert not ask_witness_to_decide(world.alliance, notice.pk, at=now)
    assert not ask_witness_to_decide(world.alliance, 0, at=now)


def give_world(world: World) -> World:
    """A second contract in force beside the first."""
    other = make_world(world.alliance, secretary=world.secretary)
    bring_in_force(other)
    return other


def test_the_order_of_an_unanswered_notice_is_its_decision(world: World) -> None:
    notice = give(world, TERMINATE)
    order(world, TERMINATE, at=NOON + 15 * DAY, reason=NoticeReason.BREACH)
    notice.refresh_from_db()
    assert (notice.state, notice.answer_role, ContractNotice.objects.of(world.alliance).count()) == ("ordered", W, 1)


def test_nobody_linked_with_a_side_orders(world: World) -> None:
    insider = make_member(world.alliance, AllianceRole.SECRETARIAT)
    make_staff(world.supply, insider)
    with pytest.raises(ConflictOfInterestError):
        order(world, SUSPEND, actor=insider)
    linked = make_institution(world.alliance)
    make_interest(linked, world.demand)
    person = make_member(world.alliance, AllianceRole.SECRETARIAT)
    make_staff(linked, person)
    with pytest.raises(ConflictOfInterestError):
        order(world, SUSPEND, actor=person)
    for actor in (world.people[D], world.second[W]):
        with pytest.raises(PermissionRefusedError):
            order(world, SUSPEND, actor=actor)
    assert world.fresh().state == ContractState.IN_FORCE


def test_where_an_institution_is_the_witness_its_people_order_and_not_the_desk(world: World) -> None:
    house, person = make_institution(world.alliance), make_user()
    make_staff(house, person)
    ContractParty.objects.of(world.alliance).filter(contract=world.contract, role=W).update(institution=house)
    with pytest.raises(PermissionRefusedError):
        order(world, SUSPEND)
    assert order(world, SUSPEND, actor=person).state == NoticeState.ORDERED


# ------------------------------------------------------------------------------------------------------ beside an amendment


def test_nothing_rests_while_an_amendment_is_under_way(world: World) -> None:
    notice = give(world, SUSPEND)
    amendment = amend(world)
    acts: tuple[Callable[[], Any], ...] = (lambda: answer(world, notice), lambda: order(world, SUSPEND))
    for act in acts:
        with pytest.raises(TransitionRefusedError):
            act()
    withdraw_notice(world.alliance, world.code, number=1, role=D, actor=world.people[D], at=NOON)
    with pytest.raises(TransitionRefusedError):
        give(world, SUSPEND)
    assert amendment.fresh().state == ContractState.NEGOTIATING


def test_an_early_end_calls_an_amendment_off(world: World) -> None:
    amendment = amend(world)
    amendment.propose(milestones=LONGER)
    amendment.agree(D, S, W)
    amendment.sign(world.people[D])
    answer(world, give(world, TERMINATE))
    assert (world.fresh().state, amendment.fresh().state) == (ContractState.TERMINATED, ContractState.CANCELLED)
    assert world.fresh().in_effect_id == world.fresh().frozen_id
    open_items = InboxItem.objects.of(world.alliance).filter(done_at__isnull=True, key__contains="C-0001")
    assert not open_items.exists()
    with pytest.raises(TransitionRefusedError):
        amendment.sign(world.people[S])


def test_an_early_end_waits_for_the_seal_of_an_amendment_signed_by_all(world: World) -> None:
    amendment = amend(world)
    amendment.propose(milestones=LONGER)
    amendment.agree(D, S, W)
    for role in (D, S, W):
        amendment.sign(world.people[role])
    notice = give(world, TERMINATE)
    with pytest.raises(DomainError) as refused:
        answer(world, notice)
    assert refused.value.code == "amendment_sealing"
    contract_sealing.seal_contract(world.alliance, amendment.contract.pk, at=NOON)
    notice.refresh_from_db()
    assert notice.state == NoticeState.OPEN
    answer(world, notice)
    assert world.fresh().state == ContractState.TERMINATED
    assert world.fresh().in_effect_id == amendment.fresh().frozen_id


def test_a_contract_that_is_over_leaves_no_notice_open(world: World) -> None:
    notice = give(world, SUSPEND)
    assert close_notices(world.fresh(), at=NOON) == 1
    assert close_notices(world.fresh(), at=NOON) == 0
    notice.refresh_from_db()
    assert (notice.state, notice.answered_by) == (NoticeState.WITHDRAWN, None)
    assert waiting(world) == set()


def test_what_is_decided_next_is_said_in_one_place(world: World) -> None:
    notice = give(world, TERMINATE)
    assert to_be_decided(list_notices(world.fresh()), NOON) is None
    assert to_be_decided(list_notices(world.fresh()), NOON + 15 * DAY) == notice


@pytest.mark.django_db(transaction=True)
def test_a_notice_that_is_agreed_to_and_withdrawn_at_once_is_one_of_both() -> None:
    alliance, now = make_alliance("racing-notices"), timezone.now()
    with tenancy.acting_in(alliance):
        world = make_world(alliance)
        bring_in_force(world, at=now)
        notice = give(world, SUSPEND, at=now)

    def agree() -> str:
        with tenancy.acting_in(alliance):
            return answer(world, notice, at=now).state

    def withdraw() -> str:
        with tenancy.acting_in(alliance):
            return withdraw_notice(alliance, world.code, number=notice.number, role=D, actor=world.people[D], at=now).state

    answers = together(agree, withdraw, agree)
    assert sorted(answers) in (
        ["agreed", "transition_refused", "transition_refused"],
        ["transition_refused", "transition_refused", "withdrawn"],
    )
    with tenancy.acting_in(alliance):
        state = Contract.objects.of(alliance).get(code=world.code).state
        paused = ContractPause.objects.of(alliance).count()
    expected = (ContractState.SUSPENDED, 1) if "agreed" in answers else (ContractState.IN_FORCE, 0)
    assert (state, paused) == expected
