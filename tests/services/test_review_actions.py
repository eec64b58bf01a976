"""The evaluation of a contract: opened, given hidden, revealed, replied to, appealed against, settled."""

from __future__ import annotations

import json
import threading
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from alliance.choices import AllianceRole
from alliance.kernel import faults, tenancy
from alliance.kernel.errors import (
    ConflictOfInterestError,
    DomainError,
    InvalidInputError,
    NotFoundError,
    PermissionRefusedError,
)
from alliance.kernel.indicators import indicators
from alliance.kernel.permissions import forget_grants
from alliance.models import AuditEntry, InboxItem, Notification, OutboxEvent
from groups.actions.conflict import declare_conflict
from members.models import Expert
from services import fit
from services.actions.review import give_review, open_review, reply_review, reveal_review, settle_review
from services.actions.review_appeal import appeal_review, decide_appeal, withdraw_appeal
from services.choices import AppealState, ContractState, PartyRole, ReviewState
from services.models import ContractReview, PartyScore, ReviewAppeal, ReviewReply, ReviewSheet
from services.receivers import evaluate_contract_that_is_over
from services.scores import committed_text, digest_of
from services.selectors.review import (
    PAIRS,
    list_to_reveal,
    list_to_settle,
    results_of,
    scores_panel,
    sheets_of,
    track_records,
)
from services.selectors.suggestion import records_of
from services.signals import CONTRACT_REVIEW_REVEALED, CONTRACT_REVIEWED
from services.tasks import keep_reviews
from tests.factories.alliance import NOON, give_role, make_alliance, make_member, make_user
from tests.factories.contracts import D, S, W, World, amend, make_world
from tests.factories.members import make_institution, make_staff
from tests.factories.reviews import DAY, HOUR, give, give_all, make_over, put_in_force

if TYPE_CHECKING:
    from collections.abc import Callable

    from alliance.models import Alliance, User

LAST = date(2026, 12, 18)
"""Twenty working days after the day of the tests' noon."""


@pytest.fixture
def world(act: Alliance, secretary: User) -> World:
    return make_over(act, secretary=secretary)[0]


@pytest.fixture
def judge(act: Alliance) -> User:
    return make_member(act, AllianceRole.COMMITTEE)


def review_of(world: World) -> ContractReview:
    return ContractReview.objects.of(world.alliance).get(contract=world.contract)


def at_end(day: date, *, days: int = 0) -> Any:
    """Noon of a day, some days later."""
    return NOON + timedelta(days=(day - timezone.localdate(NOON)).days + days)


def code_of(act: Callable[[], Any]) -> str:
    with pytest.raises(DomainError) as refused, transaction.atomic():
        act()
    return refused.value.code


def revealed(world: World, **besides: Any) -> ContractReview:
    give_all(world, **besides)
    return review_of(world)


# ----------------------------------------------------------------------------------------------------------------- opening


def test_completion_opens_the_evaluation_once_and_asks_the_three_parties(act: Alliance, secretary: User) -> None:
    world, review = make_over(act, secretary=secretary)
    again = open_review(act, world.code, at=NOON + DAY)

    assert again == review
    assert (review.state, review.opened_at) == (ReviewState.OPEN, NOON)
    assert sum(day.weekday() < 5 for day in _days(timezone.localdate(NOON), review.give_until)) == 20
    keys = set(InboxItem.objects.of(act).filter(key__startswith="review-give:").values_list("key", flat=True))
    assert keys == {f"review-give:{world.code}:{role}" for role in PartyRole.values}
    assert AuditEntry.objects.of(act).filter(verb="open_review").count() == 1
    assert OutboxEvent.objects.of(act).filter(kind="services.contract_review_opened").count() == 1


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range(1, (last - first).days + 1)]


@pytest.mark.parametrize("state", [ContractState.COMPLETED, ContractState.TERMINATED])
def test_the_events_of_completion_and_of_an_early_end_open_it(act: Alliance, secretary: User, state: str) -> None:
    class Heard:
        alliance = act
        payload = {"contract": "", "match": ""}

    world = put_in_force(make_world(act, secretary=secretary), state=state)
    Heard.payload["contract"] = world.code
    evaluate_contract_that_is_over(Heard)  # type: ignore[arg-type]
    evaluate_contract_that_is_over(Heard)  # type: ignore[arg-type]

    assert review_of(world).state == ReviewState.OPEN


def test_a_contract_that_is_carried_out_is_not_evaluated_and_an_amendment_never(act: Alliance, secretary: User) -> None:
    world = put_in_force(make_world(act, secretary=secretary))
    assert code_of(lambda: open_review(act, world.code, at=NOON)) == "contract_not_over"
    assert open_review(act, amend(world).code, at=NOON) is None


# ------------------------------------------------------------------------------------------------------------------ giving


def test_a_sheet_is_kept_with_its_digest_and_the_log_tells_nothing_of_it(world: World) -> None:
    sheet = give(world, D, S, words="Late twice", quality=2, punctuality=1)

    text = committed_text(
        contract=world.code, by=D, of=S, version=1, marks={"punctuality": 1, "quality": 2}, words="Late twice"
    )
    assert sheet.digest == digest_of(sheet.nonce, text)
    entry = AuditEntry.objects.of(world.alliance).get(verb="give_review")
    assert json.loads(entry.record)["after"] == {"by_role": D, "of_role": S, "version": 1, "commitment": sheet.digest}
    assert "Late" not in entry.record
    assert sheet.nonce not in entry.record


def test_a_second_thought_is_the_next_version_and_every_version_is_kept(world: World) -> None:
    give(world, D, S, quality=2)
    give(world, D, S, quality=4)

    versions = list(ReviewSheet.objects.of(world.alliance).order_by("version").values_list("version", "marks"))
    assert versions == [(1, {"quality": 2}), (2, {"quality": 4})]
    assert [sheet.marks for sheet in sheets_of(review_of(world), [D])] == [{"quality": 4}]
    with pytest.raises(DatabaseError), transaction.atomic():
        ReviewSheet.objects.of(world.alliance).filter(version=1).update(marks={"quality": 5})


def test_representative_and_signatory_give_for_a_party_and_the_office_for_the_alliance(world: World) -> None:
    give(world, D, S)
    give_review(world.alliance, world.code, by=S, of=D, marks={"terms": 3}, words="", actor=world.second[S], at=NOON)
    give(world, W, D)

    assert ReviewSheet.objects.of(world.alliance).count() == 3
    item = InboxItem.objects.of(world.alliance).get(key=f"review-give:{world.code}:{D}")
    assert item.done_at is None
    give(world, D, W)
    item.refresh_from_db()
    assert item.done_at == NOON


def test_nobody_else_gives(world: World) -> None:
    clerk = make_user()
    make_staff(world.demand, clerk, role="staff")
    committee = make_member(world.alliance, AllianceRole.COMMITTEE)

    def attempt(actor: User, by: str = D, of: str = S) -> str:
        return code_of(
            lambda: give_review(world.alliance, world.code, by=by, of=of, marks={"terms": 3}, words="", actor=actor, at=NOON)
        )

    refused = PermissionRefusedError.code
    assert attempt(clerk) == refused
    assert attempt(world.people[S]) == refused
    assert attempt(world.secretary) == refused
    assert attempt(world.people[D], by=W) == refused
    assert attempt(committee, by=W) == NotFoundError.code
    assert attempt(make_user()) == NotFoundError.code
    assert attempt(world.people[D], of=D) == "pair_unknown"
    assert attempt(world.people[D], of="judge") == "pair_unknown"
    assert not ReviewSheet.objects.of(world.alliance).exists()


def test_a_person_with_a_conflict_of_interest_does_not_give(world: World) -> None:
    declare_conflict(world.alliance, world.demand.code, world.contract.matter, reason="link", actor=world.people[D], at=NOON)
    with pytest.raises(ConflictOfInterestError):
        give(world, D, S)


def test_whoever_of_the_office_also_acts_for_a_side_does_not_give_for_the_alliance(world: World) -> None:
    make_staff(world.supply, world.secretary, role="representative")
    forget_grants(world.secretary)

    with pytest.raises(ConflictOfInterestError):
        give(world, W, D)


@pytest.mark.parametrize("marks", [{}, {"quality": 0}, {"quality": 6}, {"beauty": 3}, {"quality": True}])
def test_impossible_marks_are_refused(world: World, marks: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError) as refused:
        give_review(world.alliance, world.code, by=D, of=S, marks=marks, words="", actor=world.people[D], at=NOON)
    assert refused.value.code == "marks_invalid"


def test_a_text_may_be_long_and_not_longer(world: World) -> None:
    give(world, D, S, words="x" * 3000)
    with pytest.raises(InvalidInputError):
        give(world, D, S, words="x" * 3001)


def test_after_the_last_day_nothing_is_taken_although_the_task_has_not_run(world: World) -> None:
    review = review_of(world)
    give(world, D, S, at=at_end(review.give_until))

    assert code_of(lambda: give(world, S, D, at=at_end(review.give_until, days=1))) == "review_time_over"


def test_the_evaluation_of_another_alliance_is_not_found(world: World) -> None:
    other = make_alliance()
    with tenancy.acting_in(other), pytest.raises(NotFoundError):
        give_review(other, world.code, by=D, of=S, marks={"terms": 3}, words="", actor=world.people[D], at=NOON)


# ------------------------------------------------------------------------------------------------------------------ reveal


def test_before_the_reveal_a_sheet_is_read_by_its_own_party_only(world: World) -> None:
    give_all(world, besides=[(D, S)])
    review = review_of(world)

    for role in PartyRole.values:
        assert {sheet.by_role for sheet in sheets_of(review, [role])} <= {role}
    assert sheets_of(review, []) == []


def test_the_last_sheet_reveals_all_of_them(world: World) -> None:
    give_all(world, besides=[(W, S)])
    assert review_of(world).state == ReviewState.OPEN
    give(world, W, S, at=NOON + HOUR)

    review = review_of(world)
    assert (review.state, review.revealed_at) == (ReviewState.REVEALED, NOON + HOUR)
    assert review.appeal_until is not None
    assert sum(day.weekday() < 5 for day in _days(timezone.localdate(NOON), review.appeal_until)) == 10
    assert len(sheets_of(review, [])) == 6
    told = Notification.objects.of(world.alliance).filter(kind="services.review_revealed")
    assert {one.user_id for one in told} == {user.pk for user in [*world.people.values(), world.second[D], world.second[S]]}
    assert OutboxEvent.objects.of(world.alliance).filter(kind=CONTRACT_REVIEW_REVEALED).count() == 1
    assert not InboxItem.objects.of(world.alliance).filter(key__startswith="review-give:", done_at__isnull=True).exists()
    assert code_of(lambda: give(world, D, S)) == "review_revealed"


def test_the_end_of_the_time_reveals_what_is_there(world: World) -> None:
    review = review_of(world)
    give(world, D, S, quality=5)
    assert not reveal_review(world.alliance, world.code, at=at_end(review.give_until))
    after = at_end(review.give_until, days=1)
    assert list_to_reveal(world.alliance, review.give_until) == []
    assert list_to_reveal(world.alliance, timezone.localdate(after)) == [world.code]
    assert reveal_review(world.alliance, world.code, at=after)
    assert not reveal_review(world.alliance, world.code, at=after)

    assert review_of(world).state == ReviewState.REVEALED
    assert AuditEntry.objects.of(world.alliance).filter(verb="reveal_review").count() == 1


def test_without_any_sheet_it_is_final_without_scores(world: World) -> None:
    after = at_end(review_of(world).give_until, days=1)
    assert reveal_review(world.alliance, world.code, at=after)

    review = review_of(world)
    assert (review.state, review.settled_at) == (ReviewState.SETTLED, after)
    assert not PartyScore.objects.of(world.alliance).exists()
    assert OutboxEvent.objects.of(world.alliance).filter(kind=CONTRACT_REVIEWED).count() == 1
    assert not Notification.objects.of(world.alliance).filter(kind="services.review_revealed").exists()


def test_the_task_reveals_what_a_process_left_that_died_before(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that dies with the last sheet leaves neither the sheet nor a half reveal."""
    give_all(world, besides=[(W, S)])

    class DiedError(Exception):
        pass

    def die(name: str) -> None:
        if name == "review.revealed":
            raise DiedError

    monkeypatch.setattr(faults, "point", die)
    with pytest.raises(DiedError), transaction.atomic():
        give(world, W, S)
    monkeypatch.undo()
    assert review_of(world).state == ReviewState.OPEN
    assert ReviewSheet.objects.of(world.alliance).count() == 5
    give(world, W, S)
    assert review_of(world).state == ReviewState.REVEALED


# ----------------------------------------------------------------------------------------------------- replies and appeals


def test_the_evaluated_party_replies_once_and_the_others_are_told(world: World) -> None:
    revealed(world)
    reply = reply_review(world.alliance, world.code, by=D, of=S, words=" We see it so. ", actor=world.people[S], at=NOON)

    assert reply.words == "We see it so."
    again = lambda: reply_review(  # noqa: E731 - asked twice
        world.alliance, world.code, by=D, of=S, words="Again", actor=world.second[S], at=NOON
    )
    assert code_of(again) == "replied_already"
    told = Notification.objects.of(world.alliance).filter(kind="services.review_replied").values_list("user", flat=True)
    assert world.people[S].pk not in told
    assert world.people[D].pk in told
    assert AuditEntry.objects.of(world.alliance).filter(verb="reply_review").count() == 1


def test_nobody_replies_for_another_party_or_outside_the_time(world: World) -> None:
    def attempt(actor: User, at: Any = NOON, words: str = "No", by: str = D, of: str = S) -> str:
        return code_of(lambda: reply_review(world.alliance, world.code, by=by, of=of, words=words, actor=actor, at=at))

    assert attempt(world.people[S]) == NotFoundError.code
    review = revealed(world)
    assert attempt(world.people[D]) == PermissionRefusedError.code
    assert attempt(world.secretary) == PermissionRefusedError.code
    assert attempt(make_user()) == NotFoundError.code
    assert attempt(world.people[S], words="  ") == "words_missing"
    assert review.appeal_until is not None
    assert attempt(world.people[S], at=at_end(review.appeal_until, days=1)) == "review_answers_over"
    assert not ReviewReply.objects.of(world.alliance).exists()


def make_appeal(world: World, **fields: Any) -> ReviewAppeal:
    values: dict[str, Any] = {
        "by": D,
        "of": S,
        "criteria": ["quality", "terms"],
        "grounds": "The meters were late.",
        "actor": world.people[S],
        "at": NOON,
        **fields,
    }
    return appeal_review(world.alliance, world.code, **values)


def decide(world: World, actor: User, **fields: Any) -> ReviewAppeal:
    values: dict[str, Any] = {
        "by": D,
        "of": S,
        "verdict": "uphold",
        "struck": ["quality"],
        "words": "The record says so.",
        "at": NOON + HOUR,
        **fields,
    }
    return decide_appeal(world.alliance, world.code, actor=actor, **values)


def test_an_appeal_changes_nothing_until_it_is_decided(world: World, judge: User) -> None:
    give_all(world, besides=[(D, S)])
    give(world, D, S, quality=1, terms=5)
    review = review_of(world)
    before = results_of(world.fresh(), sheets_of(review, []))[1].score
    make_appeal(world)
    during = results_of(world.fresh(), sheets_of(review, []))[1].score
    assert during == before
    late = at_end(review.appeal_until or LAST, days=30)
    assert list_to_settle(world.alliance, timezone.localdate(late)) == []
    assert not settle_review(world.alliance, world.code, at=late)
    assert not PartyScore.objects.of(world.alliance).exists()

    appeal = decide(world, judge)
    assert (appeal.state, appeal.struck) == (AppealState.UPHELD, ["quality"])
    after = results_of(world.fresh(), sheets_of(review, []))[1]
    assert after.score is not None
    assert after.score.means["quality"] == 4
    assert [mark for mark, struck in after.rows[0].marks if struck] == [1]
    item = InboxItem.objects.of(world.alliance).get(key=f"review-appeal:{appeal.pk}")
    assert item.done_by == judge
    assert Notification.objects.of(world.alliance).filter(kind="services.review_appeal_decided").exists()
    record = json.loads(AuditEntry.objects.of(world.alliance).get(verb="uphold_appeal").record)
    assert record["after"]["struck"] == ["quality"]
    assert "meters" not in json.dumps(record)


def test_an_appeal_names_marks_that_were_given_and_its_grounds(world: World) -> None:
    assert code_of(lambda: make_appeal(world)) == NotFoundError.code
    give_all(world, besides=[(D, S)])
    give(world, D, S, quality=1, terms=5)
    assert code_of(lambda: make_appeal(world, criteria=[])) == "appeal_incomplete"
    assert code_of(lambda: make_appeal(world, criteria=["fairness"])) == "appeal_incomplete"
    assert code_of(lambda: make_appeal(world, criteria=["quality", "beauty"])) == "appeal_incomplete"
    assert code_of(lambda: make_appeal(world, grounds=" ")) == "appeal_incomplete"
    assert code_of(lambda: make_appeal(world, actor=world.people[D])) == PermissionRefusedError.code
    assert code_of(lambda: make_appeal(world, actor=make_user())) == NotFoundError.code
    until = review_of(world).appeal_until or LAST
    assert code_of(lambda: make_appeal(world, at=at_end(until, days=1))) == "review_answers_over"
    make_appeal(world, at=at_end(until))
    assert code_of(lambda: make_appeal(world)) == "appealed_already"


def test_whoever_acts_for_a_party_does_not_decide(world: World, judge: User) -> None:
    """Of the committee or not: people of a side, who signed, who acts for the alliance where it is the witness."""
    revealed(world)
    make_appeal(world)
    of_side = make_member(world.alliance, AllianceRole.COMMITTEE)
    make_staff(world.demand, of_side, role="staff")
    office = make_member(world.alliance, AllianceRole.COMMITTEE)
    give_role(office, world.alliance, AllianceRole.SECRETARIAT)
    for actor in (of_side, office):
        with pytest.raises(ConflictOfInterestError):
            decide(world, actor)
    for actor in (world.people[D], world.people[S], world.secretary, make_user()):
        with pytest.raises(PermissionRefusedError):
            decide(world, actor)
    assert ReviewAppeal.objects.of(world.alliance).get().state == AppealState.OPEN
    decide(world, judge)


def test_an_expert_of_a_party_does_not_decide(world: World, judge: User) -> None:
    revealed(world)
    make_appeal(world)
    Expert.objects.create(
        alliance=world.alliance, institution=world.supply, code="E-1", user=judge, name_en="A", sort_key="a"
    )
    with pytest.raises(ConflictOfInterestError):
        decide(world, judge)


def test_a_committee_member_of_a_linked_institution_does_not_decide(world: World) -> None:
    revealed(world)
    make_appeal(world)
    actor = make_member(world.alliance, AllianceRole.COMMITTEE)
    friend = make_institution(world.alliance)
    make_staff(friend, actor)
    declare_conflict(world.alliance, friend.code, world.contract.matter, reason="link", actor=actor, at=NOON)
    with pytest.raises(ConflictOfInterestError):
        decide(world, actor)


def test_a_decision_is_whole_and_is_made_once(world: World, judge: User) -> None:
    revealed(world)
    assert code_of(lambda: decide(world, judge)) == NotFoundError.code
    make_appeal(world)
    wrong: tuple[dict[str, Any], ...] = (
        {"verdict": "maybe"},
        {"struck": []},
        {"struck": ["fairness"]},
        {"verdict": "dismiss", "struck": ["quality"]},
        {"words": ""},
    )
    for fields in wrong:
        assert code_of(partial(decide, world, judge, **fields)) == "decision_incomplete"
    dismissed = decide(world, judge, verdict="dismiss", struck=[])
    assert (dismissed.state, dismissed.struck) == (AppealState.DISMISSED, [])
    assert code_of(lambda: decide(world, judge)) == "appeal_over"
    assert AuditEntry.objects.of(world.alliance).filter(verb="dismiss_appeal").count() == 1


def test_an_appeal_is_withdrawn_by_its_party_before_the_decision(world: World, judge: User) -> None:
    revealed(world)
    appeal = make_appeal(world)
    with pytest.raises(PermissionRefusedError):
        withdraw_appeal(world.alliance, world.code, by=D, of=S, actor=world.people[D], at=NOON)
    withdraw_appeal(world.alliance, world.code, by=D, of=S, actor=world.people[S], at=NOON)
    appeal.refresh_from_db()
    assert appeal.state == AppealState.WITHDRAWN
    assert code_of(lambda: decide(world, judge)) == "appeal_over"
    assert code_of(lambda: make_appeal(world)) == "appealed_already"
    assert not InboxItem.objects.of(world.alliance).filter(key=f"review-appeal:{appeal.pk}", done_at__isnull=True).exists()
    assert AuditEntry.objects.of(world.alliance).filter(verb="withdraw_appeal").count() == 1


# ------------------------------------------------------------------------------------------------------------------ settle


def test_when_the_time_for_appeals_is_over_the_scores_are_kept(act: Alliance, secretary: User, judge: User) -> None:
    world, _review = make_over(act, secretary=secretary, from_match=True)
    give_all(world, besides=[(D, S), (W, S)])
    give(world, W, S, quality=5, terms=4)
    give(world, D, S, quality=1, punctuality=2)
    make_appeal(world, criteria=["quality"])
    decide(world, judge)
    review = review_of(world)
    until = review.appeal_until or LAST
    assert not settle_review(act, world.code, at=at_end(until))
    after = at_end(until, days=1)
    assert list_to_settle(act, timezone.localdate(after)) == [world.code]
    assert settle_review(act, world.code, at=after)
    assert not settle_review(act, world.code, at=after)

    score = PartyScore.objects.of(act).get(role=S)
    assert score.institution == world.supply
    assert score.score == Decimal("3.666667")  # (5 + 2 + 4) / 3
    assert sum(Decimal(part) for part in score.parts.values()) == score.score
    assert set(score.parts) == {"quality", "punctuality", "terms"}
    assert score.sheets == 2
    witness = PartyScore.objects.of(act).get(role=W)
    assert witness.institution is None
    event = OutboxEvent.objects.of(act).get(kind=CONTRACT_REVIEWED)
    assert event.payload == {"contract": world.code, "match": world.contract.match.code}  # type: ignore[union-attr]
    assert review_of(world).state == ReviewState.SETTLED
    assert Notification.objects.of(act).filter(kind="services.review_settled").exists()
    with pytest.raises(DatabaseError), transaction.atomic():
        PartyScore.objects.of(act).update(score=5)


def test_settled_scores_reach_the_record_of_the_institution_and_the_fit(world: World) -> None:
    give_all(world)
    assert track_records(world.alliance, [world.supply.pk]) == {}
    settle_review(world.alliance, world.code, at=at_end(review_of(world).appeal_until or LAST, days=1))

    found = track_records(world.alliance, [world.supply.pk, world.demand.pk])
    assert found[world.supply.pk].contracts == 1
    assert found[world.supply.pk].mean == 4
    panel = scores_panel(world.alliance, world.supply, NOON)
    assert (panel["contracts"], panel["mean"], panel["witnessed"]) == (1, 4, 0)
    record = records_of(world.alliance, [world.supply.pk])[world.supply.pk]
    part = fit.record_part(25, record)
    assert {item.key for item in part.items} == {"prior", "contracts"}
    assert sum(item.points for item in part.items) == part.points
    # (0.5 * 3 + 0.75) / 4 of 25 points
    assert part.points == Decimal("14.062500")
    assert part.reasons[0].code == "evaluated_well"
    assert "4" not in part.reasons[0].values.values()


def test_the_indicator_tells_a_mean_of_three_contracts_and_nothing_of_single_ones(act: Alliance, secretary: User) -> None:
    def read() -> Any:
        return indicators.get("services.contract_score").read(act, {}, at=NOON)

    for number in range(1, 4):
        world, _review = make_over(act, secretary=secretary)
        give(world, D, S, quality=number)
        give(world, S, D, quality=5)
        give_all(world, besides=[(D, S), (S, D), (W, S), (W, D)])
        late = at_end(review_of(world).give_until, days=1)
        assert read().value is None
        reveal_review(act, world.code, at=late)
        settle_review(act, world.code, at=late + 20 * DAY)
    reading = read()
    assert reading.value == Decimal("3.5000")  # (1 + 2 + 3 + 5 + 5 + 5) / 6
    assert reading.records == ()
    assert reading.inputs["contracts"] == 3
    assert world.code not in str(reading.inputs)


def test_a_bad_evaluation_lowers_the_fit_and_more_than_ten_count_no_more() -> None:
    none = fit.record_part(25, fit.Record())
    bad = fit.record_part(25, fit.Record(contracts=2, contract_mean=Decimal(2)))
    many = fit.record_part(25, fit.Record(contracts=10, contract_mean=Decimal(5)))

    assert bad.points < none.points < many.points
    assert fit.record_part(25, fit.Record(contracts=50, contract_mean=Decimal(5))).points == many.points
    assert bad.reasons[0].code == "evaluated"


def test_the_task_reveals_and_settles_and_may_run_twice(act: Alliance, secretary: User) -> None:
    early = timezone.now() - timedelta(days=100)
    world, _review = make_over(act, secretary=secretary, at=early)
    give(world, D, S, at=early)

    assert keep_reviews(act.pk) == 1
    assert review_of(world).state == ReviewState.REVEALED
    assert keep_reviews(act.pk) == 0
    ContractReview.objects.of(act).update(appeal_until=timezone.localdate(early))
    assert keep_reviews(act.pk) == 1
    assert review_of(world).state == ReviewState.SETTLED
    assert keep_reviews(act.pk) == 0


# ------------------------------------------------------------------------------------------------------------------- races


@pytest.mark.django_db(transaction=True)
def test_a_sheet_that_races_with_the_reveal_is_counted_or_refused_and_never_lost(alliance: Alliance) -> None:
    """Two last sheets, a replacement and the task at once: whatever was taken is what is shown."""
    with tenancy.acting_in(alliance):
        world, _review = make_over(alliance)
        give_all(world, besides=[(W, S), (D, S)])
    acts: list[Callable[[], Any]] = [
        lambda: give(world, W, S, quality=1),
        lambda: give(world, D, S, quality=2),
        lambda: give(world, S, D, quality=3),
        lambda: reveal_review(alliance, world.code, at=NOON),
    ]
    gate = threading.Barrier(len(acts))
    outcomes: list[Any] = [None] * len(acts)

    def run(place: int) -> None:
        try:
            gate.wait(timeout=20)
            with tenancy.acting_in(alliance):
                outcomes[place] = acts[place]()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            outcomes[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    with tenancy.acting_in(alliance):
        review = review_of(world)
        assert review.state == ReviewState.REVEALED
        shown = {(sheet.by_role, sheet.of_role): sheet.marks for sheet in sheets_of(review, [])}
    assert set(shown) == set(PAIRS)
    assert shown[W, S] == {"quality": 1}
    assert shown[D, S] == {"quality": 2}
    assert isinstance(outcomes[0], ReviewSheet)
    assert isinstance(outcomes[1], ReviewSheet)
    if isinstance(outcomes[2], ReviewSheet):
        assert shown[S, D] == {"quality": 3}
    else:
        assert outcomes[2].code == "review_revealed"
        assert shown[S, D] != {"quality": 3}
    with tenancy.acting_in(alliance):
        assert AuditEntry.objects.of(alliance).filter(verb="reveal_review").count() == 1
