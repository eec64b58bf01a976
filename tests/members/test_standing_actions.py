"""Standing over time: periods follow each other, the open one is the institution's state, exits settle every duty."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from alliance.actions.outbox import deliver_next
from alliance.choices import AllianceRole
from alliance.kernel import tenancy
from alliance.kernel.errors import (
    ConflictOfInterestError,
    DomainError,
    InvalidInputError,
    NotFoundError,
    PermissionRefusedError,
    TransitionRefusedError,
)
from alliance.kernel.permissions import forget_grants, grants_of
from alliance.models import Alliance, AuditEntry, InboxItem, Notification, User
from groups.choices import GroupKind
from groups.models import GroupMembership
from members.actions import exit as leaving
from members.actions.institution import (
    activate_after_charter,
    add_institution,
    expel_by_decision,
    move_institution,
    suspend_by_decision,
)
from members.actions.standing import open_joined_standings
from members.choices import InstitutionState, StandingNoteKind
from members.models import ExitHandover, Institution, InstitutionExit, InstitutionStaff, InstitutionStanding
from members.selectors.duties import Duty, HandOver, duty_providers
from members.selectors.exit import exit_sheet
from tests.factories.alliance import NOON, make_alliance, make_member, make_user
from tests.factories.groups import make_group, make_seat
from tests.factories.members import make_institution, make_staff

NOW = timezone.now()
EXAMPLES = int(os.environ.get("STANDING_EXAMPLES", "40"))
STEPS: dict[str, tuple[set[str], str]] = {
    "accept_charter": ({"charter_pending"}, "active"),
    "suspend": ({"active"}, "suspended"),
    "suspend_by_decision": ({"active"}, "suspended"),
    "readmit": ({"suspended", "lapsed", "leaving"}, "active"),
    "start_leaving": ({"active", "suspended"}, "leaving"),
    "take_back": ({"leaving"}, "active"),
    "complete_exit": ({"leaving"}, "withdrawn"),
    "lapse": ({"active", "suspended"}, "lapsed"),
    "expel_by_decision": ({"active", "suspended", "leaving"}, "expelled"),
}
"""The life of a membership, said once more, as the blueprint has it: which step, from where, to where."""
TAKEN: set[str] = set()


def drain(alliance: Alliance) -> None:
    """Deliver every event that is owed."""
    while deliver_next(alliance):
        pass


class Membership(RuleBasedStateMachine):
    """Joins, leaves, suspensions, readmissions and expulsions of a few institutions, in any order."""

    alliance: Alliance
    office: User

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()
        self.acting = tenancy.acting_in(self.alliance)
        self.acting.__enter__()
        self.now = NOON  # a fixed one: the same histories on whatever day and hour this runs
        self.model: dict[str, list[tuple[str, datetime]]] = {}

    def teardown(self) -> None:
        self.acting.__exit__(None, None, None)
        transaction.set_rollback(True)
        self.savepoint.__exit__(None, None, None)

    @initialize()
    def begin(self) -> None:
        """One institution from the start."""
        self.join()

    @rule()
    def join(self) -> None:
        """Somebody joins."""
        if len(self.model) >= 3:
            return
        found = add_institution(
            self.alliance,
            actor=self.office,
            at=self.now,
            kind="industry_think_tank",
            name_en=f"Walk {len(self.model)}",
            country="CN",
        )
        self.model[found.code] = [("active", self.now)]

    @rule(hours=st.integers(0, 400))
    def wait(self, hours: int) -> None:
        """Time passes; none is a case too."""
        self.now += timedelta(hours=hours)

    @rule(
        place=st.integers(0, 2),
        step=st.sampled_from([*sorted(STEPS), "start_leaving", "start_leaving", "take_back", "complete_exit"]),
    )
    def take(self, place: int, step: str) -> None:
        """Anybody tries any step; only those of the table are taken."""
        code = sorted(self.model)[place % len(self.model)]
        state = self.model[code][-1][0]
        sources, target = STEPS[step]
        common: dict[str, Any] = {"at": self.now}
        decision: dict[str, Any] = {"decision_reference": "M-0001", "reason": "x", **common}
        accepted = True
        try:
            if step == "suspend_by_decision":
                accepted = suspend_by_decision(self.alliance, code, **decision) is not None
            elif step == "expel_by_decision":
                accepted = expel_by_decision(self.alliance, code, **decision) is not None
            elif step == "accept_charter":
                accepted = activate_after_charter(self.alliance, code, actor=self.office, **common).state != state
            elif step == "take_back":
                leaving.take_back_notice(self.alliance, code, actor=self.office, **common)
            else:
                move_institution(self.alliance, code, step, actor=self.office, reason="x", **common)
        except DomainError:
            accepted = False
        allowed = state in sources
        if step == "complete_exit" and allowed:  # not before the thirty days have run
            given = timezone.localtime(self.model[code][-1][1]).date()
            allowed = timezone.localtime(self.now).date() >= given + timedelta(days=30)
        assert accepted == allowed, (step, state)
        if accepted:
            TAKEN.add(step)
            periods = self.model[code]
            if periods[-1][1] == self.now:
                periods.pop()
            periods.append((target, self.now))

    @rule(place=st.integers(0, 2), stays=st.booleans(), days=st.integers(28, 32))
    def leave(self, place: int, stays: bool, days: int) -> None:
        """An exit from notice to end, with the notice run or not quite."""
        self.take(place, "start_leaving")
        self.wait(days * 24)
        self.take(place, "take_back" if stays else "complete_exit")

    @invariant()
    def the_database_is_the_model(self) -> None:
        for code, periods in self.model.items():
            institution = Institution.objects.of(self.alliance).get(code=code)
            rows = list(InstitutionStanding.objects.of(self.alliance).filter(institution=institution).order_by("starts_at"))
            assert [(row.state, row.starts_at) for row in rows] == periods
            assert [row.ends_at for row in rows] == [start for _state, start in periods[1:]] + [None]
            assert institution.state == periods[-1][0]
            exits = InstitutionExit.objects.of(self.alliance).filter(institution=institution)
            open_exits = exits.filter(completed_at=None, called_off_at=None)
            assert open_exits.count() == (1 if institution.state == "leaving" else 0)


@pytest.mark.django_db
def test_no_sequence_of_steps_leaves_periods_that_overlap_or_a_state_without_its_period() -> None:
    Membership.alliance = make_alliance("walk")
    Membership.office = make_member(Membership.alliance, AllianceRole.SECRETARIAT)
    TAKEN.clear()

    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Membership,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )

    assert set(STEPS) - {"accept_charter"} <= TAKEN


def test_the_database_refuses_two_standings_at_once(act: Alliance) -> None:
    institution = make_institution(act)
    InstitutionStanding.objects.create(alliance=act, institution=institution, state="active", starts_at=NOW)

    with pytest.raises(IntegrityError, match="institution_standing_periods_apart"), transaction.atomic():
        InstitutionStanding.objects.create(
            alliance=act, institution=institution, state="suspended", starts_at=NOW + timedelta(days=1)
        )


def test_entries_loaded_with_their_state_get_a_period_once(act: Alliance) -> None:
    institution = make_institution(act, state=InstitutionState.SUSPENDED)

    assert open_joined_standings(act) == 1
    assert open_joined_standings(act) == 0

    period = InstitutionStanding.objects.of(act).get(institution=institution)
    assert period.state == InstitutionState.SUSPENDED
    assert timezone.localtime(period.starts_at).date() == institution.joined_on


# ------------------------------------------------------------------------------------------------ steps of a person


def test_nobody_expels_a_member_alone(act: Alliance, committee_member: User) -> None:
    institution = make_institution(act)

    with pytest.raises(DomainError) as refusal:
        move_institution(act, institution.code, "expel", actor=committee_member, at=NOW, reason="x")

    assert refusal.value.code == "needs_assembly"
    assert refusal.value.who
    institution.refresh_from_db()
    assert institution.state == InstitutionState.ACTIVE


def test_an_expelled_member_loses_people_and_seats(act: Alliance) -> None:
    institution = make_institution(act)
    user = make_user()
    make_staff(institution, user)
    seat = make_seat(institution, GroupKind.POLICY)
    assert grants_of(user, act)

    expel_by_decision(act, institution.code, decision_reference="M-0003", reason="Broke the charter.", at=NOW)
    drain(act)

    forget_grants(user)
    assert not grants_of(user, act)
    assert InstitutionStaff.objects.of(act).get().ends_at == NOW
    seat.refresh_from_db()
    assert seat.ends_at is not None
    entry = AuditEntry.objects.get(verb="expel")
    assert "M-0003" in entry.record
    assert "Broke" not in entry.record


def test_only_who_may_accept_the_charter_makes_an_admitted_institution_a_member(act: Alliance) -> None:
    institution = make_institution(act, state=InstitutionState.CHARTER_PENDING, joined_on=None)
    clerk, signatory = make_user(), make_user()
    make_staff(institution, clerk, role="staff")
    make_staff(institution, signatory, role="signatory")

    with pytest.raises(PermissionRefusedError):
        activate_after_charter(act, institution.code, actor=clerk, at=NOW)
    activated = activate_after_charter(act, institution.code, actor=signatory, at=NOW)
    again = activate_after_charter(act, institution.code, actor=signatory, at=NOW)

    assert activated.state == again.state == InstitutionState.ACTIVE
    assert activated.joined_on == timezone.localtime(NOW).date()
    assert AuditEntry.objects.filter(verb="accept_charter").count() == 1


# ------------------------------------------------------------------------------------------------ exit


def test_the_representative_gives_notice_and_the_office_gets_the_task(act: Alliance, secretary: User) -> None:
    institution = make_institution(act)
    user = make_user()
    make_staff(institution, user)

    leaving.give_notice(act, institution.code, actor=user, at=NOW, reason="We merge.")
    drain(act)

    institution.refresh_from_db()
    assert institution.state == InstitutionState.LEAVING
    record = InstitutionExit.objects.of(act).get()
    assert record.due_on == timezone.localtime(NOW).date() + timedelta(days=90)
    assert InboxItem.objects.of(act).get(done_at=None, kind=leaving.SETTLE_EXIT).due_at == NOW + timedelta(days=90)
    with pytest.raises(TransitionRefusedError):
        leaving.give_notice(act, institution.code, actor=user, at=NOW)
    leaving.take_back_notice(act, institution.code, actor=user, at=NOW + timedelta(days=1))
    drain(act)
    record.refresh_from_db()
    assert record.called_off_at
    assert not InboxItem.objects.of(act).filter(done_at=None, kind=leaving.SETTLE_EXIT).exists()


@pytest.mark.parametrize("role", ["staff", "signatory"])
def test_others_do_not_give_notice_for_an_institution(act: Alliance, stranger: User, role: str) -> None:
    institution = make_institution(act)
    user = make_user()
    make_staff(institution, user, role=role)

    for actor in (user, stranger):
        with pytest.raises(PermissionRefusedError):
            leaving.give_notice(act, institution.code, actor=actor, at=NOW)


def test_an_exit_is_not_completed_before_its_notice_has_run(act: Alliance, secretary: User) -> None:
    institution = make_institution(act)
    leaving.give_notice(act, institution.code, actor=secretary, at=NOW)

    with pytest.raises(InvalidInputError) as refusal:
        move_institution(act, institution.code, "complete_exit", actor=secretary, at=NOW + timedelta(days=29))

    assert refusal.value.code == "notice_runs"
    assert f"{timezone.localtime(NOW + timedelta(days=30)).day}" in str(refusal.value.reason)
    assert "committee" in str(refusal.value.remedy)
    assert not exit_sheet(act, institution, NOW + timedelta(days=29)).is_notice_over
    done = move_institution(act, institution.code, "complete_exit", actor=secretary, at=NOW + timedelta(days=30))
    assert done.state == InstitutionState.WITHDRAWN


def test_a_committee_member_of_another_institution_shortens_the_notice_with_a_reason(act: Alliance, secretary: User) -> None:
    institution, other = make_institution(act), make_institution(act)
    judge, own = make_member(act, AllianceRole.COMMITTEE), make_member(act, AllianceRole.COMMITTEE)
    make_staff(other, judge)
    make_staff(institution, own)
    leaving.give_notice(act, institution.code, actor=secretary, at=NOW)
    today = timezone.localtime(NOW).date()

    def shorten(actor: User, days: int, reason: str = "Its people move abroad.") -> InstitutionExit:
        day = today + timedelta(days=days)
        return leaving.shorten_notice(act, institution.code, ends_on=day, reason=reason, actor=actor, at=NOW)

    with pytest.raises(PermissionRefusedError):
        shorten(secretary, 3)
    with pytest.raises(ConflictOfInterestError):
        shorten(own, 3)
    for days, reason, code in ((3, " ", "reason_missing"), (-1, "x", "day_not_earlier"), (30, "x", "day_not_earlier")):
        with pytest.raises(InvalidInputError) as refusal:
            shorten(judge, days, reason)
        assert refusal.value.code == code
    with pytest.raises(NotFoundError):
        leaving.shorten_notice(act, make_institution(act).code, ends_on=today, reason="x", actor=judge, at=NOW)

    shorten(judge, 3)

    entry = AuditEntry.objects.of(act).get(verb="shorten_notice")
    assert "abroad" not in str(entry.record)
    assert Notification.objects.of(act).filter(user=own, kind="members.notice_shortened").count() == 1
    with pytest.raises(InvalidInputError):
        move_institution(act, institution.code, "complete_exit", actor=secretary, at=NOW + timedelta(days=2))
    move_institution(act, institution.code, "complete_exit", actor=secretary, at=NOW + timedelta(days=3))


def test_an_exit_completes_only_when_every_duty_is_handed_over_or_ended(act: Alliance, secretary: User) -> None:
    institution, successor = make_institution(act), make_institution(act)
    user = make_user()
    make_staff(institution, user)
    since = NOW - timedelta(days=400)
    make_group(act, GroupKind.WISDOM)
    make_seat(institution, GroupKind.POLICY, starts_at=since)
    make_seat(institution, GroupKind.WISDOM, starts_at=since)
    leaving.give_notice(act, institution.code, actor=secretary, at=NOW)
    later = NOW + timedelta(days=30)

    with pytest.raises(InvalidInputError) as refusal:
        move_institution(act, institution.code, "complete_exit", actor=secretary, at=later)
    keys = [duty.key for duty in exit_sheet(act, institution, later).duties]
    assert len(keys) == 2
    leaving.settle_duty(act, institution.code, keys[0], handed_to=successor.code, actor=secretary, at=later)
    leaving.settle_duty(act, institution.code, keys[1], actor=secretary, at=later)
    done = move_institution(act, institution.code, "complete_exit", actor=secretary, at=later)

    assert refusal.value.code == "duties_open"
    assert done.state == InstitutionState.WITHDRAWN
    assert InstitutionExit.objects.of(act).get().completed_at == later
    handed = {row.duty_key: row.handed_to_id for row in ExitHandover.objects.of(act)}
    assert handed == {keys[0]: successor.pk, keys[1]: None}
    assert all(row.label_en and row.label_zh and row.label_en != row.label_zh for row in ExitHandover.objects.of(act))
    assert GroupMembership.objects.of(act).at(later + timedelta(seconds=1)).filter(institution=successor).count() == 1
    assert not GroupMembership.objects.of(act).at(later + timedelta(seconds=1)).filter(institution=institution).exists()
    forget_grants(user)
    assert not grants_of(user, act)


def test_a_duty_is_settled_by_the_office_once_and_with_a_fitting_successor(
    act: Alliance, secretary: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    institution = make_institution(act)
    suspended = make_institution(act, state=InstitutionState.SUSPENDED)
    successor = make_institution(act)
    user = make_user()
    make_staff(institution, user)
    left: dict[str, Duty] = {}

    def settler(key: str) -> HandOver:
        def settle_it(to: Institution | None, *, actor: User, at: datetime) -> None:
            del left[key]

        return settle_it

    left["a"] = Duty("report a", key="a", hand_over=settler("a"), needs_successor=True)
    left["b"] = Duty("report b", key="b", hand_over=settler("b"), cannot_move=True)
    left["c"] = Duty("report c", key="c")
    monkeypatch.setitem(duty_providers._items, "test", lambda alliance, institution, at: list(left.values()))
    leaving.give_notice(act, institution.code, actor=secretary, at=NOW)

    def settle(key: str, to: str = "", actor: User = secretary) -> ExitHandover:
        return leaving.settle_duty(act, institution.code, key, handed_to=to, actor=actor, at=NOW)

    for key, to, code in (
        ("a", "", "successor_missing"),
        ("a", "nobody", "successor_unknown"),
        ("a", suspended.code, "successor_unknown"),
        ("a", institution.code, "successor_unknown"),
        ("b", successor.code, "duty_stays"),
        ("c", "", "duty_elsewhere"),
    ):
        with pytest.raises(InvalidInputError) as refusal:
            settle(key, to)
        assert refusal.value.code == code
    with pytest.raises(PermissionRefusedError):
        settle("b", actor=user)
    with pytest.raises(NotFoundError):
        settle("d")
    assert settle("a", successor.code).handed_to == successor
    assert settle("b").handed_to is None
    with pytest.raises(NotFoundError):
        settle("b")


def test_office_and_representative_are_reminded_of_an_exit_that_comes_to_its_end(act: Alliance, secretary: User) -> None:
    institution = make_institution(act)
    user = make_user()
    make_staff(institution, user, starts_at=NOW - timedelta(days=1))
    leaving.give_notice(act, institution.code, actor=user, at=NOW)

    def told(days: int) -> int:
        return leaving.remind_of_exits(act, at=NOW + timedelta(days=days))

    assert told(50) == 0
    assert told(61) == 2
    assert told(62) == 0
    assert told(85) == 2
    assert told(91) == 2
    assert told(92) == 0
    assert Notification.objects.of(act).filter(user=user, kind=leaving.EXIT_DUE).count() == 3


def test_a_hearing_is_noted_by_the_office_with_its_day_and_words(
    act: Alliance, secretary: User, committee_member: User
) -> None:
    institution = make_institution(act)
    today = timezone.localdate(NOW)

    def note(**changes: Any) -> Any:
        values = {"kind": StandingNoteKind.HEARD_PERSON, "on": today, "words": "Said sorry.", "actor": secretary, **changes}
        return leaving.note_standing_step(act, institution.code, at=NOW, **values)

    assert note().on == today
    for changes, field in (
        ({"kind": "gossip"}, "kind"),
        ({"on": today + timedelta(days=1)}, "on"),
        ({"words": "  "}, "words"),
    ):
        with pytest.raises(InvalidInputError) as refusal:
            note(**changes)
        assert list(refusal.value.fields) == [field]
    with pytest.raises(PermissionRefusedError):
        note(actor=committee_member)
    assert "sorry" not in AuditEntry.objects.get(verb="note_standing_step").record


def test_the_migration_gives_existing_institutions_of_every_alliance_their_period(
    act: Alliance, other_alliance: Alliance
) -> None:
    from importlib import import_module

    from django.apps import apps

    with tenancy.acting_in(other_alliance):
        make_institution(other_alliance)
    make_institution(act, state=InstitutionState.SUSPENDED)

    class Editor:
        connection = connection

    import_module("members.migrations.0005_standing").fill(apps, Editor)

    for alliance in (act, other_alliance):
        with tenancy.acting_in(alliance):
            assert InstitutionStanding.objects.of(alliance).count() == 1
