"""Questions of membership before the bodies: admission, suspension, expulsion, and what each motion does when decided."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from alliance.actions.outbox import deliver_next
from alliance.kernel.errors import (
    DomainError,
    InvalidInputError,
    NotFoundError,
    PermissionRefusedError,
    TransitionRefusedError,
)
from alliance.models import Alliance, InboxItem, User
from groups.actions.admission import WITHDRAW_VOTE, draft_standing_motion, put_to_committee
from groups.actions.motion import close_motion, open_motion, withdraw_motion
from groups.choices import BallotForm, MotionState, Threshold, VoteBase
from groups.models import Motion, MotionElector
from members.actions.application import withdraw_application
from members.actions.exit import note_standing_step
from members.choices import ApplicationState, InstitutionState, StandingNoteKind
from members.models import Application, ApplicationEvidence, Institution, InstitutionStanding
from tests.factories.admission import make_application, make_complete, token_of
from tests.factories.groups import make_conflict
from tests.factories.motions import Voter, make_voters, vote

THEN = timezone.now() - timedelta(days=12)


def drain(alliance: Alliance) -> None:
    """Deliver every event that is owed."""
    while deliver_next(alliance):
        pass


def put(act: Alliance, secretary: User, application: Application, **more: Any) -> Motion:
    """The application before the committee for nine days."""
    return put_to_committee(act, application.code, closes_at=THEN + timedelta(days=10), actor=secretary, at=THEN, **more)


def decide(act: Alliance, motion: Motion, votes: list[tuple[Voter, str]]) -> None:
    """Cast, close, and let the effect happen."""
    for voter, choice in votes:
        vote(motion, voter, choice, at=THEN + timedelta(hours=1))
    close_motion(act, motion.code, at=timezone.now())
    drain(act)
    motion.refresh_from_db()


def state_of(application: Application) -> str:
    """The state on record."""
    application.refresh_from_db()
    return application.state


@pytest.mark.parametrize(
    ("choices", "state"),
    [
        ("yes yes yes yes no no", ApplicationState.ACCEPTED),
        ("yes yes yes no no no", ApplicationState.REJECTED),
        ("yes yes yes yes abstain abstain", ApplicationState.ACCEPTED),
        ("yes yes yes no abstain abstain", ApplicationState.REJECTED),
        ("yes yes yes", ApplicationState.COMPLETE),
    ],
)
def test_the_committee_admits_by_two_thirds_of_those_present(
    act: Alliance, secretary: User, choices: str, state: str
) -> None:
    voters = make_voters(act, 6)
    application = make_complete(act, secretary, at=THEN)
    motion = put(act, secretary, application)
    assert (motion.threshold, motion.base, motion.matter) == (
        Threshold.TWO_THIRDS,
        VoteBase.PRESENT,
        f"application:{application.code}",
    )
    assert state_of(application) == ApplicationState.VOTING

    decide(act, motion, list(zip(voters, choices.split(), strict=False)))

    assert state_of(application) == state
    admitted = Institution.objects.of(act).filter(state=InstitutionState.CHARTER_PENDING)
    assert admitted.count() == (1 if state == ApplicationState.ACCEPTED else 0)


def test_an_incomplete_file_cannot_be_put_to_a_vote(act: Alliance, secretary: User) -> None:
    make_voters(act, 3)
    application = make_complete(act, secretary, at=THEN)
    ApplicationEvidence.objects.filter(application=application).first().delete()  # type: ignore[union-attr]

    with pytest.raises(InvalidInputError) as refusal:
        put(act, secretary, application)

    assert refusal.value.code == "application_incomplete"
    assert state_of(application) == ApplicationState.COMPLETE
    assert not Motion.objects.of(act).exists()


def test_an_application_under_check_cannot_be_put_to_a_vote(act: Alliance, secretary: User) -> None:
    make_voters(act, 3)
    application = make_application(act, at=THEN)

    with pytest.raises(TransitionRefusedError):
        put(act, secretary, application)
    with pytest.raises(NotFoundError):
        put_to_committee(act, "A-9999", closes_at=THEN + timedelta(days=10), actor=secretary, at=THEN)


def test_only_the_secretariat_puts_an_application(
    act: Alliance, secretary: User, committee_member: User, stranger: User
) -> None:
    make_voters(act, 3)
    application = make_complete(act, secretary, at=THEN)
    for actor in (committee_member, stranger):
        with pytest.raises(PermissionRefusedError):
            put(act, actor, application)


def test_who_stands_aside_is_left_out_of_the_vote(act: Alliance, secretary: User) -> None:
    voters = make_voters(act, 4)
    application = make_complete(act, secretary, at=THEN)
    make_conflict(voters[0].institution, f"application:{application.code}")

    motion = put(act, secretary, application)

    assert MotionElector.objects.of(act).get(motion=motion, institution=voters[0].institution).recused_at is not None
    decide(act, motion, [(voter, "yes") for voter in voters[1:]])
    assert state_of(application) == ApplicationState.ACCEPTED


def test_an_application_withdrawn_during_the_vote_is_not_admitted(act: Alliance, secretary: User) -> None:
    voters = make_voters(act, 3)
    application = make_complete(act, secretary, at=THEN)
    motion = put(act, secretary, application)
    withdraw_application(act, token_of(application), at=THEN + timedelta(days=1))
    drain(act)
    assert InboxItem.objects.of(act).filter(kind=WITHDRAW_VOTE, done_at=None).count() == 1

    decide(act, motion, [(voter, "yes") for voter in voters])

    assert state_of(application) == ApplicationState.WITHDRAWN
    assert not Institution.objects.of(act).filter(state=InstitutionState.CHARTER_PENDING).exists()


def test_after_a_motion_was_withdrawn_the_application_can_be_put_again(act: Alliance, secretary: User) -> None:
    make_voters(act, 3)
    application = make_complete(act, secretary, at=THEN)
    first = put(act, secretary, application)
    withdraw_motion(act, first.code, reason="Wrong papers.", actor=secretary, at=THEN)

    second = put(act, secretary, application)

    assert state_of(application) == ApplicationState.VOTING
    assert application.decision_reference == second.code != first.code


# ------------------------------------------------------------------------------------------------ suspension, expulsion


def note(act: Alliance, secretary: User, code: str, kind: str, days: int) -> None:
    """A note of some days ago."""
    on = timezone.localdate() - timedelta(days=days)
    note_standing_step(act, code, kind=kind, on=on, words="As noted.", actor=secretary, at=timezone.now())


def open_now(act: Alliance, secretary: User, motion: Motion) -> Motion:
    """Open a vote twelve days ago."""
    return open_motion(act, motion.code, closes_at=THEN + timedelta(days=10), actor=secretary, at=THEN)


def draft(act: Alliance, secretary: User, code: str, effect: str, at: datetime = THEN) -> Motion:
    """A motion on a member's standing."""
    return draft_standing_motion(act, code, effect, reason="Shared others' trade secrets.", actor=secretary, at=at)


def test_the_committee_suspends_only_after_a_written_reminder_of_thirty_days(act: Alliance, secretary: User) -> None:
    voters = make_voters(act, 4)
    member = voters[0].institution
    motion = draft(act, secretary, member.code, "suspension")
    with pytest.raises(InvalidInputError):
        open_now(act, secretary, motion)
    note(act, secretary, member.code, StandingNoteKind.REMINDER, 20)
    with pytest.raises(InvalidInputError):
        open_now(act, secretary, motion)
    note(act, secretary, member.code, StandingNoteKind.REMINDER, 40)
    open_now(act, secretary, motion)

    decide(act, motion, [(voter, "yes") for voter in voters[1:]])  # the member itself stands aside

    member.refresh_from_db()
    assert member.state == InstitutionState.SUSPENDED
    assert InstitutionStanding.objects.of(act).get(institution=member, ends_at=None).decision_reference == motion.code


def test_the_assembly_expels_by_two_thirds_of_all_members_in_secret_after_hearing_the_member(
    act: Alliance, secretary: User
) -> None:
    voters = make_voters(act, 6, kind=None)
    member = voters[0].institution
    motion = draft(act, secretary, member.code, "expulsion")
    assert (motion.group_id, motion.threshold, motion.base, motion.ballot) == (
        None,
        Threshold.TWO_THIRDS,
        VoteBase.ENTITLED,
        BallotForm.SECRET,
    )
    with pytest.raises(InvalidInputError):
        open_now(act, secretary, motion)
    note(act, secretary, member.code, StandingNoteKind.HEARD_WRITTEN, 20)
    with pytest.raises(InvalidInputError) as refusal:
        open_now(act, secretary, motion)
    assert "in person" in str(refusal.value.reason)
    note(act, secretary, member.code, StandingNoteKind.HEARD_PERSON, 15)
    open_now(act, secretary, motion)

    decide(act, motion, [(voter, "yes") for voter in voters[1:]])

    member.refresh_from_db()
    assert motion.state == MotionState.PASSED
    assert member.state == InstitutionState.EXPELLED


def test_three_of_six_do_not_expel(act: Alliance, secretary: User) -> None:
    voters = make_voters(act, 6, kind=None)
    member = voters[0].institution
    motion = draft(act, secretary, member.code, "expulsion")
    note(act, secretary, member.code, StandingNoteKind.HEARD_WRITTEN, 20)
    note(act, secretary, member.code, StandingNoteKind.HEARD_PERSON, 15)
    open_now(act, secretary, motion)

    decide(act, motion, [*((voter, "yes") for voter in voters[1:4]), (voters[4], "no"), (voters[5], "no")])

    member.refresh_from_db()
    assert motion.state == MotionState.REJECTED
    assert member.state == InstitutionState.ACTIVE


def test_a_motion_on_standing_is_refused_twice_without_reason_and_by_others(
    act: Alliance, secretary: User, auditor: User
) -> None:
    member = make_voters(act, 3)[0].institution
    draft(act, secretary, member.code, "suspension")

    with pytest.raises(DomainError) as twice:
        draft(act, secretary, member.code, "suspension")
    with pytest.raises(InvalidInputError):
        draft_standing_motion(act, member.code, "expulsion", reason=" ", actor=secretary, at=THEN)
    with pytest.raises(InvalidInputError):
        draft(act, secretary, member.code, "praise")
    with pytest.raises(PermissionRefusedError):
        draft(act, auditor, member.code, "expulsion")
    with pytest.raises(NotFoundError):
        draft(act, secretary, "nobody", "expulsion")
    assert twice.value.code == "motion_under_way"
