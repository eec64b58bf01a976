"""Motions from draft to sealed result, open and secret."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from alliance.actions.outbox import deliver_next
from alliance.kernel.errors import (
    ConflictOfInterestError,
    DomainError,
    InvalidInputError,
    NotFoundError,
    PermissionRefusedError,
    TransitionRefusedError,
)
from alliance.models import Alliance, AuditEntry, InboxItem, Notification, OutboxEvent, User
from groups.actions import ballot_keys
from groups.actions.conflict import clear_conflict, declare_conflict
from groups.actions.group import leave_group
from groups.actions.motion import (
    AGAIN_AFTER,
    _forget,
    add_working_days,
    apply_effect,
    change_motion,
    close_motion,
    name_teller,
    open_motion,
    publish_decision,
    put_again,
    remind_electors,
    sweep_keys,
    withdraw_motion,
)
from groups.choices import GroupKind, MotionState, ResultLevel, SeatRole
from groups.models import (
    BallotEnvelope,
    BallotPaper,
    Motion,
    MotionElector,
    Participation,
    SeatAlternate,
    Vote,
)
from groups.selectors import ballot_box
from groups.selectors.motion import digest_of, is_open_to_members, prove_receipt, read_box, told, turnout_of
from groups.selectors.motion_effects import Effect, effects
from groups.signals import MOTION_DECIDED, MOTION_OPENED
from members.choices import InstitutionKind, InstitutionState
from members.models import Institution
from tests.factories.alliance import make_user
from tests.factories.groups import make_interest, make_seat, stand_aside
from tests.factories.members import make_institution, make_staff
from tests.factories.motions import COMMITTEE, Voter, make_decided, make_draft, make_open, make_voters, vote

LATER = timedelta(days=9, hours=1)


def close(motion: Motion, **fields: Any) -> Motion:
    assert motion.closes_at is not None
    values: dict[str, Any] = {"at": motion.closes_at, **fields}
    return close_motion(motion.alliance, motion.code, **values)


def audit(alliance: Alliance, verb: str) -> list[dict[str, Any]]:
    rows = AuditEntry.objects.of(alliance).filter(verb=verb).order_by("id")
    return [json.loads(row.record) for row in rows]


# ------------------------------------------------------------------------------------------------ draft and open


def test_a_motion_gets_the_next_number_and_is_on_record(act: Alliance, secretary: User) -> None:
    make_voters(act, 1)
    first = make_draft(act, actor=secretary)
    second = make_draft(act, actor=secretary)

    assert (first.code, second.code) == ("M-0001", "M-0002")
    assert audit(act, "draft_motion")[0]["after"]["body"] == COMMITTEE


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"title_en": " "}, "title_missing"),
        ({"title_en": "x" * 301}, "title_long"),
        ({"group_kind": "policy_group"}, "group_unknown"),
        ({"proposer_code": "nobody"}, "institution_unknown"),
        ({"effect": "unheard-of"}, "effect_unknown"),
        ({"matter": "nothing"}, "matter_unknown"),
        ({"threshold": "most"}, "choice_unknown"),
        ({"weighting": "by_class"}, "weights_unknown"),
        ({"weighting": "by_class", "weights": {"industry_think_tank": 21}}, "weight_out_of_range"),
        ({"weighting": "by_class", "weights": {"industry_think_tank": 1.5}}, "weight_out_of_range"),
        ({"weighting": "by_class", "weights": {"guild": 2}}, "weights_unknown"),
    ],
)
def test_a_motion_that_cannot_stand_is_refused(act: Alliance, fields: dict[str, Any], code: str) -> None:
    make_voters(act, 1)

    with pytest.raises(InvalidInputError) as refusal:
        make_draft(act, **fields)

    assert refusal.value.code == code
    assert not Motion.objects.of(act).exists()


def test_a_representative_puts_a_motion_for_the_own_institution_only(act: Alliance) -> None:
    one, two = make_voters(act, 2)

    motion = make_draft(act, actor=one.user, proposer_code=one.code)

    assert motion.proposer == one.institution
    for proposer in ("", two.code):
        with pytest.raises(PermissionRefusedError):
            make_draft(act, actor=one.user, proposer_code=proposer)


def test_a_draft_can_be_changed_and_an_open_motion_cannot(act: Alliance, secretary: User) -> None:
    make_voters(act, 1)
    motion = make_draft(act)
    changed = change_motion(
        act, motion.code, values={"title_zh": "通过计划", "threshold": "two_thirds"}, actor=secretary, at=timezone.now()
    )
    with pytest.raises(InvalidInputError):
        change_motion(act, motion.code, values={"state": "passed"}, actor=secretary, at=timezone.now())
    open_motion(act, motion.code, closes_at=timezone.now() + LATER, actor=secretary, at=timezone.now())

    assert (changed.title_zh, changed.threshold) == ("通过计划", "two_thirds")
    with pytest.raises(TransitionRefusedError):
        change_motion(act, motion.code, values={"title_en": "Another"}, actor=secretary, at=timezone.now())


def test_opening_freezes_the_roll_with_weights_and_tells_the_electors(act: Alliance, secretary: User) -> None:
    voters = make_voters(act, 3)
    make_seat(make_institution(act), COMMITTEE, role=SeatRole.OBSERVER)
    make_institution(act)
    enterprise = make_voters(act, 1, kind=COMMITTEE)[0]
    Institution.objects.filter(pk=enterprise.institution.pk).update(kind=InstitutionKind.LEADING_ENTERPRISE)
    motion = make_draft(act, weighting="by_class", weights={"industry_think_tank": 1, "leading_enterprise": 3})

    opened = open_motion(act, motion.code, closes_at=timezone.now() + LATER, actor=secretary, at=timezone.now())
    make_seat(make_institution(act), COMMITTEE)

    roll = dict(MotionElector.objects.of(act).filter(motion=opened).values_list("institution__code", "weight"))
    assert roll == {**{voter.code: 1 for voter in voters}, enterprise.code: 3}
    assert OutboxEvent.objects.of(act).get(kind=MOTION_OPENED).payload == {"motion": motion.code}
    assert InboxItem.objects.of(act).filter(kind="motion_vote", done_at__isnull=True).count() == 4
    assert Notification.objects.of(act).filter(kind="motion_opened").count() == 4
    assert audit(act, "open_motion")[0]["after"]["roll"] == roll


def test_a_weight_for_every_kind_on_the_roll_is_needed(act: Alliance) -> None:
    make_voters(act, 2)
    with pytest.raises(InvalidInputError) as refusal:
        make_open(act, weighting="by_class", weights={"leading_enterprise": 3})
    assert refusal.value.code == "weights_unknown"


def test_a_vote_by_circulation_is_open_for_five_working_days(act: Alliance, secretary: User) -> None:
    make_voters(act, 1)
    friday = timezone.now() + timedelta(days=(4 - timezone.localtime().weekday()) % 7)
    motion = make_draft(act)

    assert add_working_days(friday, 5) == friday + timedelta(days=7)
    for days in (-1, 0, 4, 6):
        with pytest.raises(InvalidInputError) as refusal:
            open_motion(act, motion.code, closes_at=friday + timedelta(days=days), actor=secretary, at=friday)
        assert refusal.value.code in {"circulation_short", "closes_early"}
    assert open_motion(act, motion.code, closes_at=friday + timedelta(days=7), actor=secretary, at=friday)


def test_nobody_but_office_and_committee_opens_a_vote(act: Alliance, stranger: User, committee_member: User) -> None:
    voter = make_voters(act, 1)[0]
    motion = make_draft(act)
    for user in (voter.user, stranger):
        with pytest.raises(PermissionRefusedError):
            open_motion(act, motion.code, closes_at=timezone.now() + LATER, actor=user, at=timezone.now())
    assert open_motion(act, motion.code, closes_at=timezone.now() + LATER, actor=committee_member, at=timezone.now())


def test_a_body_without_electors_has_no_vote(act: Alliance) -> None:
    make_voters(act, 0)
    with pytest.raises(InvalidInputError) as refusal:
        make_open(act)
    assert refusal.value.code == "no_electors"


def test_a_motion_of_another_alliance_does_not_exist_here(
    act: Alliance, other_alliance: Alliance, secretary: User, stranger: User
) -> None:
    make_voters(act, 1)
    motion = make_draft(act)
    for call in (
        lambda: open_motion(
            other_alliance, motion.code, closes_at=timezone.now() + LATER, actor=stranger, at=timezone.now()
        ),
        lambda: close_motion(other_alliance, motion.code, at=timezone.now()),
        lambda: withdraw_motion(other_alliance, motion.code, reason="x", actor=stranger, at=timezone.now()),
        lambda: apply_effect(other_alliance, motion.code, at=timezone.now()),
    ):
        with pytest.raises(NotFoundError):
            call()


# --------------------------------------------------------------------------------------------------------- effects


def test_an_effect_is_asked_before_the_opening_and_done_once_after_the_close(act: Alliance) -> None:
    voters = make_voters(act, 3)
    ready: list[Any] = ["The notice of the hearing is missing."]
    done: list[tuple[str, str]] = []
    effects._items.pop("test", None)
    effects.register(
        "test",
        Effect("test", "Test", lambda _a, _m: ready, lambda _a, motion, _at: done.append((motion.code, motion.state))),
    )
    try:
        motion = make_draft(act, effect="test", effect_params={"a": 1})
        with pytest.raises(InvalidInputError) as refusal:
            open_motion(act, motion.code, closes_at=timezone.now() + LATER, actor=None, at=timezone.now())
        ready.clear()
        opened = open_motion(act, motion.code, closes_at=timezone.now() + LATER, actor=None, at=timezone.now())
        for voter in voters:
            vote(opened, voter)
        close(opened)
        event = OutboxEvent.objects.of(act).get(kind=MOTION_DECIDED)
        OutboxEvent.objects.of(act).exclude(pk=event.pk).delete()
        OutboxEvent.objects.of(act).update(next_at=timezone.now())
        while deliver_next(act):
            pass
        again = apply_effect(act, motion.code, at=timezone.now())
    finally:
        effects._items.pop("test", None)

    assert "hearing" in str(refusal.value.reason)
    assert event.payload == {"motion": motion.code, "outcome": "passed"}
    assert done == [(motion.code, "passed")]
    assert again is False
    assert Motion.objects.of(act).get().effect_done_at is not None


# ------------------------------------------------------------------------------------------------------ open ballot


def test_an_open_vote_is_counted_sealed_and_told(act: Alliance) -> None:
    voters = make_voters(act, 3)
    motion = make_open(act)
    for voter, choice in zip(voters, ("yes", "yes", "no"), strict=True):
        vote(motion, voter, choice)

    closed = close(motion)

    assert closed.state == MotionState.PASSED
    assert (closed.result["yes"], closed.result["no"], closed.result["entitled"]) == (2, 1, 3)
    assert closed.result_digest == digest_of(closed.result["document"])
    assert audit(act, "pass_motion")[0]["after"]["digest"] == closed.result_digest
    assert Participation.objects.of(act).count() == 3
    assert OutboxEvent.objects.of(act).filter(kind=MOTION_DECIDED).count() == 1
    assert Notification.objects.of(act).filter(kind="motion_passed").count() == 3
    assert not InboxItem.objects.of(act).filter(kind="motion_vote", done_at__isnull=True).exists()


def test_voting_again_replaces_the_vote_until_the_close(act: Alliance) -> None:
    voters = make_voters(act, 1)
    motion = make_open(act)
    assert not vote(motion, voters[0], "yes").again
    assert vote(motion, voters[0], "no").again

    closed = close(motion)

    assert (closed.result["yes"], closed.result["no"], closed.state) == (0, 1, "rejected")
    with pytest.raises(DomainError) as refusal:
        vote(motion, voters[0], "yes")
    assert refusal.value.code == "vote_not_open"


def test_time_over_no_seat_not_on_the_roll_and_other_people_are_refused(act: Alliance, secretary: User) -> None:
    one, two, three = make_voters(act, 3)
    motion = make_open(act)
    assert motion.closes_at is not None
    newcomer = make_voters(act, 1)[0]
    officer = make_user()
    make_staff(one.institution, officer, role="staff")
    leave_group(act, COMMITTEE, two.code, actor=secretary, at=timezone.now())
    Institution.objects.filter(pk=three.institution.pk).update(state=InstitutionState.SUSPENDED)

    def refused(voter: Voter, error: type[DomainError] = DomainError, **fields: Any) -> str:
        with pytest.raises(error) as refusal:
            vote(motion, voter, **fields)
        return refusal.value.code

    assert refused(one, at=motion.closes_at) == "vote_over"
    assert refused(two) == "no_vote_now"
    assert refused(three) in {"no_vote_now", "permission_refused"}
    assert refused(newcomer) == "not_on_roll"
    assert refused(one, actor=officer) == "permission_refused"
    assert refused(one, actor=secretary) == "permission_refused"
    assert refused(one, choice="maybe") == "choice_unknown"
    assert not Vote.objects.of(act).exists()


def test_the_alternate_named_for_the_seat_votes_for_it(act: Alliance) -> None:
    voter = make_voters(act, 1)[0]
    alternate = make_user()
    make_staff(voter.institution, alternate, role="staff")
    seat = voter.institution.memberships.get()
    SeatAlternate.objects.create(
        alliance=act, membership=seat, user=alternate, starts_at=timezone.now() - timedelta(hours=1)
    )
    motion = make_open(act)

    assert vote(motion, voter, actor=alternate).institution == voter.institution


def test_who_stands_aside_does_not_vote_and_is_left_out_of_the_quorum(act: Alliance, secretary: User) -> None:
    voters = make_voters(act, 4)
    motion = make_open(act, matter="product:P-001")
    vote(motion, voters[0], "no")
    conflict = stand_aside(act, voters[0].code, "product:P-001")
    with pytest.raises(ConflictOfInterestError):
        vote(motion, voters[0], "yes")
    vote(motion, voters[1], "yes")
    vote(motion, voters[2], "yes")

    turnout = turnout_of(act, motion)
    closed = close(motion)

    assert (turnout.voted, turnout.entitled, turnout.recused) == (2, 3, 1)
    assert (closed.state, closed.result["no"], closed.result["entitled"], closed.result["quorum"]) == ("passed", 0, 3, 2)
    assert closed.result["recused"] == 1
    assert not Vote.objects.of(act).filter(institution=voters[0].institution).exists()
    assert audit(act, "pass_motion")[0]["after"]["excluded"] == {voters[0].code: "recused"}
    assert conflict.pk


def test_a_claim_just_before_the_close_drops_no_vote(act: Alliance, secretary: User) -> None:
    voters = make_voters(act, 3)
    motion = make_open(act, matter="product:P-1")
    vote(motion, voters[0], "no")
    declare_conflict(act, voters[0].code, "product:P-1", reason="A rival.", actor=secretary, at=timezone.now())

    closed = close(motion)

    assert (closed.result["no"], closed.result["recused"], closed.result["entitled"]) == (1, 0, 3)


def test_who_is_linked_with_a_party_is_aside_from_the_moment_the_vote_opens(act: Alliance) -> None:
    voters = make_voters(act, 3)
    author = make_institution(act)
    make_interest(voters[0].institution, author, "holding")

    motion = make_open(act, matter=f"institution:{author.code}")

    with pytest.raises(ConflictOfInterestError):  # no event was delivered yet
        vote(motion, voters[0], "no")
    assert MotionElector.objects.of(act).get(motion=motion, institution=voters[0].institution).recused_at is not None
    assert turnout_of(act, motion).entitled == 2


def test_who_is_cleared_before_the_close_counts_again(act: Alliance, secretary: User) -> None:
    voters = make_voters(act, 2)
    conflict = stand_aside(act, voters[0].code, "product:P-1")
    motion = make_open(act, matter="product:P-1")
    clear_conflict(act, conflict.pk, actor=secretary, at=timezone.now())
    for voter in voters:
        vote(motion, voter)

    assert close(motion).result["entitled"] == 2


def test_seats_that_ended_and_suspended_members_are_dropped_with_their_votes(act: Alliance, secretary: User) -> None:
    voters = make_voters(act, 5)
    motion = make_open(act)
    for voter in voters:
        vote(motion, voter, "no" if voter in voters[:2] else "yes")
    leave_group(act, COMMITTEE, voters[0].code, actor=secretary, at=timezone.now())
    Institution.objects.filter(pk=voters[1].institution.pk).update(state=InstitutionState.SUSPENDED)

    closed = close(motion)

    assert (closed.result["yes"], closed.result["no"], closed.result["entitled"], closed.result["dropped"]) == (3, 0, 3, 2)
    assert audit(act, "pass_motion")[0]["after"]["excluded"] == {
        voters[0].code: "seat_ended",
        voters[1].code: "not_active",
    }


def test_a_vote_is_closed_early_only_when_everybody_has_voted(act: Alliance, secretary: User, stranger: User) -> None:
    voters = make_voters(act, 2)
    motion = make_open(act)
    vote(motion, voters[0])
    with pytest.raises(DomainError) as refusal:
        close_motion(act, motion.code, at=timezone.now(), actor=secretary)
    vote(motion, voters[1])
    with pytest.raises(PermissionRefusedError):
        close_motion(act, motion.code, at=timezone.now(), actor=voters[0].user)

    closed = close_motion(act, motion.code, at=timezone.now(), actor=secretary)

    assert refusal.value.code == "not_all_voted"
    assert closed.state == MotionState.PASSED
    with pytest.raises(TransitionRefusedError):
        close(motion)
    assert OutboxEvent.objects.of(act).filter(kind=MOTION_DECIDED).count() == 1


def test_a_motion_without_quorum_lapses_and_may_be_put_again_after_a_week(act: Alliance, secretary: User) -> None:
    make_voters(act, 3)
    motion = make_open(act)

    closed = close(motion)

    assert (closed.state, closed.closed_at) == (MotionState.LAPSED, motion.closes_at)
    assert closed.closed_at is not None
    with pytest.raises(InvalidInputError) as refusal:
        put_again(act, motion.code, actor=secretary, at=closed.closed_at + timedelta(days=6))
    assert refusal.value.code == "put_again_early"
    anew = put_again(act, motion.code, actor=secretary, at=closed.closed_at + AGAIN_AFTER)
    assert (anew.state, anew.title_en, anew.code) == (MotionState.DRAFT, motion.title_en, "M-0002")


def test_nothing_outside_the_vote_itself_tells_how_anybody_votes_before_the_close(act: Alliance) -> None:
    voters = make_voters(act, 2)
    motion = make_open(act, title_en="Plan")
    vote(motion, voters[0], "abstain")

    tables = {
        "audit": [row.record for row in AuditEntry.objects.of(act)],
        "events": [str(row.payload) for row in OutboxEvent.objects.of(act)],
        "inbox": [str(row.params) for row in InboxItem.objects.of(act)],
        "notices": [str(row.params) for row in Notification.objects.of(act)],
    }

    for name, rows in tables.items():
        texts = [row for row in rows if '"verb":"draft_motion"' not in row and '"verb":"open_motion"' not in row]
        assert texts, name
        assert not [row for row in texts if "abstain" in row], name
    assert told(motion) == {}
    assert Motion.objects.of(act).get().result == {}


def test_withdrawing_an_open_vote_needs_a_reason_and_deletes_the_votes_unread(act: Alliance, secretary: User) -> None:
    voters = make_voters(act, 5)
    motion = make_open(act, ballot="secret")
    vote(motion, voters[0])
    with pytest.raises(InvalidInputError):
        withdraw_motion(act, motion.code, reason=" ", actor=secretary, at=timezone.now())
    with pytest.raises(PermissionRefusedError):
        withdraw_motion(act, motion.code, reason="x", actor=voters[0].user, at=timezone.now())

    withdraw_motion(act, motion.code, reason="A new proposal is coming.", actor=secretary, at=timezone.now())

    assert Motion.objects.of(act).get().state == MotionState.WITHDRAWN
    assert not BallotEnvelope.objects.of(act).exists()
    assert not InboxItem.objects.of(act).filter(kind="motion_vote", done_at__isnull=True).exists()
    assert "proposal" not in str(audit(act, "withdraw_motion"))


def test_those_who_have_not_voted_are_reminded_once(act: Alliance) -> None:
    voters = make_voters(act, 3)
    motion = make_open(act)
    vote(motion, voters[0])

    assert remind_electors(act, motion.code, at=timezone.now()) == 2
    assert remind_electors(act, motion.code, at=timezone.now()) == 0
    told_to = set(Notification.objects.of(act).filter(kind="motion_reminder").values_list("user_id", flat=True))
    assert told_to == {voters[1].user.pk, voters[2].user.pk}


def test_the_database_refuses_to_alter_a_decided_motion(act: Alliance, secretary: User) -> None:
    voters = make_voters(act, 3)
    motion = make_decided(act, [(voter, "yes") for voter in voters])
    publish_decision(act, motion.code, is_public=True, actor=secretary, at=timezone.now())

    for change in (
        lambda: Motion.objects.of(act).update(state=MotionState.REJECTED),
        lambda: Motion.objects.of(act).update(result={}),
        lambda: Vote.objects.of(act).update(choice="no"),
        lambda: Vote.objects.of(act).filter(institution=voters[0].institution).delete(),
        lambda: Participation.objects.of(act).update(weight=2),
        lambda: Motion.objects.of(act).delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    assert Motion.objects.of(act).get().is_public


# ----------------------------------------------------------------------------------------------------- secret ballot


def secret(act: Alliance, number: int = 6, **fields: Any) -> tuple[Motion, list[Voter]]:
    voters = make_voters(act, number)
    return make_open(act, ballot="secret", **fields), voters


def test_a_secret_vote_is_sealed_boxed_and_provable(act: Alliance, django_capture_on_commit_callbacks: Any) -> None:
    motion, voters = secret(act)
    made = "0123456789abcdef" * 2
    codes = {}
    for voter, choice in zip(voters, ("yes", "yes", "yes", "no", "no", "abstain"), strict=True):
        cast = vote(motion, voter, choice, receipt_code=made if voter is voters[0] else "")
        codes[cast.code] = choice
    assert made in codes
    assert ballot_keys.read_key(act.pk, motion.uuid, motion.ballot_public_key) is not None

    with django_capture_on_commit_callbacks() as callbacks:
        closed = close(motion)
    assert ballot_keys.read_key(act.pk, motion.uuid, motion.ballot_public_key) is not None
    next(callback for callback in callbacks if getattr(callback, "func", None) is _forget)()

    assert (closed.result["yes"], closed.result["no"], closed.result["abstain"]) == (3, 2, 1)
    assert closed.box_root == ballot_box.root_of(read_box(act, closed))
    assert audit(act, "reject_motion")[0]["after"]["root"] == closed.box_root
    assert list(BallotPaper.objects.of(act).order_by("pk").values_list("code", flat=True)) == sorted(codes)
    assert not BallotEnvelope.objects.of(act).exists()
    assert ballot_keys.read_key(act.pk, motion.uuid, motion.ballot_public_key) is None
    for code, choice in codes.items():
        assert [proof.row.choice for proof in prove_receipt(act, closed, code)] == [choice]
    assert prove_receipt(act, closed, "f" * 32) == []
    recorded = [entry["after"]["envelope"] for entry in audit(act, "cast_vote")]
    assert all(len(one) == 64 for one in recorded)


def test_a_secret_vote_can_be_cast_again_and_the_last_one_counts(act: Alliance) -> None:
    motion, voters = secret(act)
    first = vote(motion, voters[0], "yes")
    second = vote(motion, voters[0], "no")
    closed = close(motion)

    assert second.again
    assert BallotPaper.objects.of(act).count() == 1
    assert prove_receipt(act, closed, first.code) == []
    assert closed.result["entitled"] == 6


@pytest.mark.parametrize(("number", "fields"), [(4, {}), (0, {}), (14, {"weights": 1})])
def test_too_small_a_body_has_no_secret_ballot(act: Alliance, number: int, fields: dict[str, Any]) -> None:
    make_voters(act, max(number - 1, 0))
    make_voters(act, 1 if number else 0, kind=COMMITTEE)
    values: dict[str, Any] = {}
    if fields:
        one = Institution.objects.of(act).order_by("id").first()
        assert one is not None
        Institution.objects.filter(pk=one.pk).update(kind=InstitutionKind.UNIVERSITY_THINK_TANK)
        weights = {"industry_think_tank": 1, "university_think_tank": 2}
        values = {"weighting": "by_class", "weights": weights}

    with pytest.raises(InvalidInputError) as refusal:
        make_open(act, ballot="secret", **values)

    assert refusal.value.code in {"secret_too_few", "secret_weights_too_few", "no_electors"}


def test_who_stands_aside_does_not_make_a_body_large_enough(act: Alliance, secretary: User) -> None:
    voters = make_voters(act, 5)
    stand_aside(act, voters[0].code, "product:P-1")

    with pytest.raises(InvalidInputError) as refusal:
        make_open(act, ballot="secret", matter="product:P-1")

    assert refusal.value.code == "secret_too_few"


def test_unlike_weights_become_unit_rows_that_only_the_voter_can_join(act: Alliance) -> None:
    voters = make_voters(act, 15)
    heavy = voters[0]
    Institution.objects.filter(pk=heavy.institution.pk).update(kind=InstitutionKind.UNIVERSITY_THINK_TANK)
    motion = make_open(
        act,
        ballot="secret",
        weighting="by_class",
        weights={"industry_think_tank": 1, "university_think_tank": 4},
    )
    casts = [vote(motion, voter, "yes" if place % 2 else "no") for place, voter in enumerate(voters)]

    closed = close(motion)

    assert BallotPaper.objects.of(act).count() == 18
    assert [len(prove_receipt(act, closed, cast.code)) for cast in casts] == [4, *[1] * 14]
    assert not {row.code for row in read_box(act, closed)} & {cast.code for cast in casts}


def test_who_stands_aside_after_voting_in_secret_is_dropped_unread(act: Alliance, secretary: User) -> None:
    motion, voters = secret(act, matter="product:P-1")
    cast = vote(motion, voters[0], "no")
    for voter in voters[1:]:
        vote(motion, voter, "yes")
    stand_aside(act, voters[0].code, "product:P-1")

    closed = close(motion)

    assert (closed.result["yes"], closed.result["no"], closed.result["entitled"]) == (5, 0, 5)
    assert prove_receipt(act, closed, cast.code) == []
    assert not Participation.objects.of(act).filter(institution=voters[0].institution).exists()


def test_totals_that_would_give_voters_away_are_told_to_nobody_else(act: Alliance, auditor: User) -> None:
    motion, voters = secret(act)
    for voter in voters:
        vote(motion, voter, "yes")

    closed = close(motion)

    assert closed.result_level == ResultLevel.OUTCOME
    assert not is_open_to_members(closed)
    assert "yes" not in told(closed)
    assert "blind" not in told(closed)
    assert told(closed)["outcome"] == "passed"
    assert told(closed, teller=True)["yes"] == 6
    assert audit(act, "pass_motion")[0]["after"]["totals"] is None


def test_a_lost_key_makes_the_vote_void_and_no_vote_known(act: Alliance, secretary: User) -> None:
    motion, voters = secret(act)
    for voter in voters:
        vote(motion, voter)
    assert ballot_keys.destroy_key(act.pk, motion.uuid)

    closed = close(motion)

    assert closed.state == MotionState.VOID
    assert closed.result == {}
    assert not BallotEnvelope.objects.of(act).exists()
    assert not BallotPaper.objects.of(act).exists()
    assert not Participation.objects.of(act).exists()
    assert not OutboxEvent.objects.of(act).filter(kind=MOTION_DECIDED).exists()
    assert InboxItem.objects.of(act).filter(kind="motion_void_office", done_at__isnull=True).exists()
    assert put_again(act, motion.code, actor=secretary, at=timezone.now()).ballot == "secret"


def test_an_envelope_changed_in_the_database_is_spoilt_and_shown_as_such(act: Alliance) -> None:
    motion, voters = secret(act)
    for voter in voters:
        vote(motion, voter, "yes")
    BallotEnvelope.objects.of(act).filter(institution=voters[0].institution).update(sealed=b"x" * 304)

    closed = close(motion)

    assert (closed.result["spoilt"], closed.result["yes"], closed.result["entitled"]) == (1, 5, 6)
    assert audit(act, "pass_motion")[0]["after"]["spoilt"] == 1


def test_an_envelope_cannot_be_given_to_another_institution(act: Alliance) -> None:
    motion, voters = secret(act)
    vote(motion, voters[0], "yes")
    BallotEnvelope.objects.of(act).update(institution=voters[1].institution)

    assert close(motion).result["spoilt"] == 1


def test_keys_left_behind_are_swept_and_open_votes_keep_theirs(act: Alliance) -> None:
    motion, _voters = secret(act)
    with transaction.atomic():
        close(motion)  # its on_commit does not run in a test's transaction: a process that died
    other = make_open(act, ballot="secret")
    assert len(ballot_keys.list_keys(act.pk)) == 2

    assert sweep_keys(act) == 1
    assert [uuid for uuid, _young in ballot_keys.list_keys(act.pk)] == [str(other.uuid)]


def test_key_files_are_for_the_owner_only(act: Alliance) -> None:
    motion, _voters = secret(act)
    path = ballot_keys._path(act.pk, motion.uuid)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_tellers_are_named_before_the_close_and_have_no_stake(act: Alliance, secretary: User) -> None:
    motion, voters = secret(act, matter="product:P-1")
    outsider = make_voters(act, 1, kind=None)[0]
    stand_aside(act, voters[0].code, "product:P-1")

    named = name_teller(act, motion.code, institution_code=outsider.code, actor=secretary, at=timezone.now())

    assert [teller.user for teller in named] == [outsider.user]
    for code in (voters[0].code, "nobody", make_institution(act).code):
        with pytest.raises(InvalidInputError):
            name_teller(act, motion.code, institution_code=code, actor=secretary, at=timezone.now())
    close(motion)
    with pytest.raises(InvalidInputError):
        name_teller(act, motion.code, institution_code=outsider.code, actor=secretary, at=timezone.now())


def test_closing_takes_a_number_of_queries_that_does_not_grow_with_the_voters(act: Alliance) -> None:
    counts = []
    for number in (6, 12):
        motion, voters = secret(act, number)
        for voter in voters:
            vote(motion, voter)
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as captured:
            close(motion)
        counts.append(
            len(
                [
                    query
                    for query in captured
                    if "alliance_notification" not in query["sql"] and "SAVEPOINT" not in query["sql"]
                ]
            )
        )
    assert counts[0] == counts[1]


def test_the_assembly_is_every_active_member(act: Alliance) -> None:
    members = make_voters(act, 3, kind=None)
    make_institution(act, state=InstitutionState.CHARTER_PENDING)
    motion = make_open(act, group_kind=None)

    assert set(MotionElector.objects.of(act).values_list("institution__code", flat=True)) == {one.code for one in members}
    assert motion.group is None
    assert GroupKind.COMMITTEE


def test_rights_follow_the_dates_to_the_minute(act: Alliance) -> None:
    now: datetime = timezone.now()
    voter = make_voters(act, 1)[0]
    ending = make_voters(act, 1, kind=None)[0]
    make_seat(ending.institution, COMMITTEE, ends_at=now + timedelta(minutes=5))
    motion = make_open(act, at=now)

    assert vote(motion, ending, at=now + timedelta(minutes=4))
    with pytest.raises(DomainError) as refusal:
        vote(motion, ending, at=now + timedelta(minutes=5))
    assert refusal.value.code == "no_vote_now"
    assert vote(motion, voter, at=now + timedelta(minutes=5))
