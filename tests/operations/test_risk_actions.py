"""The risk register: who keeps it, what a step asks, what is asked of whom, and risks that data open once."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from alliance.actions.outbox import deliver_next
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
from alliance.kernel.events import emit
from alliance.models import Alliance, AuditEntry, InboxItem, Notification, OutboxEvent, RoleAssignment, User
from groups.choices import GroupKind
from groups.models import ConflictOfInterest, InterestDeclaration
from members.choices import Element, InstitutionState
from members.models import ElementSupply, Institution
from operations.actions.project import note_late_milestones, reach_milestone, save_milestone
from operations.actions.risk import (
    accept_risk,
    change_risk,
    close_risk,
    complete_measure,
    open_risk,
    remind_of_risk,
    remove_measure,
    reopen_risk,
    review_risk,
    save_measure,
)
from operations.actions.risk_trigger import note_late_milestone, note_low_pilot, scan_facts
from operations.choices import PilotState, ProductState, RiskCategory, RiskState
from operations.models import Risk, RiskMeasure, RiskReview
from operations.selectors.risk import cause_of, get_risk, heat_map, level_of, list_risks
from operations.tasks import watch_risks
from operations.transitions import RISK_TRANSITIONS
from tests.factories.alliance import make_user
from tests.factories.operations import (
    make_cast,
    make_institution,
    make_officer,
    make_pilot,
    make_product,
    make_seat,
    make_staff,
)
from tests.factories.projects import make_project_cast, make_running


@pytest.fixture
def secretary(act: Alliance) -> User:
    """A person of the secretariat; the test acts in the alliance."""
    return make_officer(act)


@pytest.fixture
def member(act: Alliance) -> User:
    """A member of the management committee."""
    return make_officer(act, AllianceRole.COMMITTEE)


def today() -> date:
    """The day of the tests."""
    return timezone.localdate()


def values(**more: Any) -> dict[str, Any]:
    """A risk."""
    return {
        "category": RiskCategory.MONEY,
        "title_en": "The grant ends",
        "title_zh": "",
        "words_en": "Half of the office lives on it.",
        "words_zh": "",
        "likelihood": 3,
        "impact": 4,
        "review_on": today() + timedelta(days=30),
        **more,
    }


def look(**more: Any) -> dict[str, Any]:
    """A review."""
    return {
        "likelihood": 2,
        "impact": 4,
        "words": "A second donor is found.",
        "next_on": today() + timedelta(days=60),
        **more,
    }


def noted(alliance: Alliance, actor: User, **more: Any) -> Risk:
    """A risk in the register."""
    owner = more.pop("owner", None)
    return open_risk(alliance, values=values(**more), owner=owner, actor=actor, at=timezone.now())


def verbs(risk: Risk) -> list[str]:
    """What the log says was done with the risk, oldest first."""
    rows = AuditEntry.objects.of(risk.alliance).filter(object_type="operations.risk", object_id=str(risk.pk))
    return list(rows.order_by("at", "id").values_list("verb", flat=True))


def events(alliance: Alliance, kind: str) -> list[dict[str, Any]]:
    """Payloads of the events owed."""
    return list(OutboxEvent.objects.of(alliance).filter(kind=kind).order_by("id").values_list("payload", flat=True))


def waiting(alliance: Alliance, prefix: str) -> list[InboxItem]:
    """Open items with a key that begins so."""
    return list(InboxItem.objects.of(alliance).filter(key__startswith=prefix, done_at__isnull=True).order_by("pk"))


# ---------------------------------------------------------------------------------------------------------------- opening


def test_a_risk_is_noted_with_its_first_look_record_event_and_owner(act: Alliance, secretary: User, member: User) -> None:
    risk = noted(act, secretary, owner=member)

    assert risk.code == "R-001"
    assert [(row.likelihood, row.impact) for row in risk.reviews.all()] == [(3, 4)]
    assert verbs(risk) == ["open_risk"]
    entry = AuditEntry.objects.of(act).get(verb="open_risk")
    assert "grant" not in entry.record
    assert events(act, "operations.risk_opened") == [{"risk": "R-001", "category": "money", "trigger": ""}]
    assert [item.user for item in waiting(act, "risk-take-up:R-001")] == [member]


def test_a_risk_without_owner_asks_the_secretariat_for_one_until_one_is_named(
    act: Alliance, secretary: User, member: User
) -> None:
    risk = noted(act, secretary)
    assert [item.role for item in waiting(act, "risk-owner:")] == ["secretariat"]

    change_risk(act, risk.code, values=values(), owner=member, actor=secretary, at=timezone.now())

    assert waiting(act, "risk-owner:") == []
    assert [item.user for item in waiting(act, "risk-take-up:")] == [member]


def test_members_do_not_keep_the_register(act: Alliance, secretary: User) -> None:
    risk = noted(act, secretary)
    person = make_staff(act, make_institution(act))
    now = timezone.now()

    for act_on in (
        lambda: noted(act, person),
        lambda: change_risk(act, risk.code, values=values(), owner=None, actor=person, at=now),
        lambda: review_risk(act, risk.code, values=look(), actor=person, at=now),
        lambda: accept_risk(act, risk.code, reason="x", actor=person, at=now),
        lambda: close_risk(act, risk.code, reason="x", actor=person, at=now),
        lambda: reopen_risk(act, risk.code, reason="x", actor=person, at=now),
        lambda: save_measure(act, risk.code, words="x", owner=None, due_on=today(), actor=person, at=now),
    ):
        with pytest.raises(PermissionRefusedError):
            act_on()


def test_the_auditor_reads_and_does_not_write(act: Alliance) -> None:
    with pytest.raises(PermissionRefusedError):
        noted(act, make_officer(act, AllianceRole.AUDITOR))


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"title_en": " "}, "title_en"),
        ({"title_en": "x" * 201}, "title_en"),
        ({"category": "weather"}, "category"),
        ({"likelihood": 6}, "likelihood"),
        ({"impact": None}, "impact"),
        ({"review_on": None}, "review_on"),
        ({"review_on": date(2020, 1, 1)}, "review_on"),
        ({"review_on": date(2099, 1, 1)}, "review_on"),
    ],
)
def test_a_risk_that_is_not_complete_is_refused_at_its_field(
    act: Alliance, secretary: User, wrong: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        noted(act, secretary, **wrong)

    assert set(refusal.value.fields) == {field}


def test_only_who_sees_the_register_answers_for_a_risk(act: Alliance, secretary: User) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        noted(act, secretary, owner=make_user())

    assert refusal.value.code == "owner_cannot_see"


def test_a_risk_of_another_alliance_is_not_found(act: Alliance, secretary: User, other_alliance: Alliance) -> None:
    with tenancy.acting_in(other_alliance):
        theirs = noted(other_alliance, make_officer(other_alliance), title_en="Theirs")

    with pytest.raises(NotFoundError):
        review_risk(act, theirs.code, values=look(), actor=secretary, at=timezone.now())
    with pytest.raises(NotFoundError):
        change_risk(act, theirs.code, values=values(), owner=None, actor=secretary, at=timezone.now())
    with pytest.raises(NotFoundError):
        get_risk(act, theirs.code)


# ---------------------------------------------------------------------------------------------------------------- reviews


def test_a_review_is_kept_and_sets_the_grades(act: Alliance, secretary: User, member: User) -> None:
    risk = noted(act, secretary, owner=member)

    review_risk(act, risk.code, values=look(), actor=member, at=timezone.now())

    risk.refresh_from_db()
    assert (risk.likelihood, risk.impact, risk.review_on) == (2, 4, today() + timedelta(days=60))
    assert [(row.likelihood, row.words) for row in risk.reviews.order_by("id")] == [(3, ""), (2, "A second donor is found.")]
    assert verbs(risk)[-1] == "review_risk"
    assert events(act, "operations.risk_reviewed")[0]["likelihood"] == 2
    assert waiting(act, "risk-take-up:") == []


def test_a_change_of_grades_says_why(act: Alliance, secretary: User) -> None:
    risk = noted(act, secretary)

    with pytest.raises(InvalidInputError) as refusal:
        review_risk(act, risk.code, values=look(words=" "), actor=secretary, at=timezone.now())
    assert refusal.value.code == "reason_missing"
    review_risk(act, risk.code, values=look(likelihood=3, impact=4, words=""), actor=secretary, at=timezone.now())


# ------------------------------------------------------------------------------------------------------------------ steps


def test_the_committee_accepts_a_risk_and_its_owner_does_not(act: Alliance, secretary: User, member: User) -> None:
    risk = noted(act, secretary, owner=member)
    now = timezone.now()

    with pytest.raises(PermissionRefusedError):
        accept_risk(act, risk.code, reason="We can bear it.", actor=secretary, at=now)
    with pytest.raises(SeparationOfDutiesError):
        accept_risk(act, risk.code, reason="We can bear it.", actor=member, at=now)
    with pytest.raises(InvalidInputError):
        accept_risk(act, risk.code, reason=" ", actor=make_officer(act, AllianceRole.COMMITTEE), at=now)
    accept_risk(act, risk.code, reason="We can bear it.", actor=make_officer(act, AllianceRole.COMMITTEE), at=now)

    risk.refresh_from_db()
    assert (risk.state, risk.close_reason) == (RiskState.ACCEPTED, "We can bear it.")
    assert events(act, "operations.risk_state_changed") == [{"risk": risk.code, "before": "open", "after": "accepted"}]
    assert Notification.objects.of(act).filter(kind="risk_accepted", user=member).exists()


def test_a_risk_with_open_measures_is_not_closed(act: Alliance, secretary: User) -> None:
    risk, now = noted(act, secretary), timezone.now()
    measure = save_measure(act, risk.code, words="Ask donors", owner=None, due_on=today(), actor=secretary, at=now)

    with pytest.raises(DomainError) as refusal:
        close_risk(act, risk.code, reason="Over.", actor=secretary, at=now)
    assert refusal.value.code == "measures_open"
    complete_measure(act, risk.code, measure.pk, actor=secretary, at=now)
    close_risk(act, risk.code, reason="Over.", actor=secretary, at=now)

    risk.refresh_from_db()
    assert (risk.state, risk.closed_at) == (RiskState.CLOSED, now)
    for refused in (
        lambda: review_risk(act, risk.code, values=look(), actor=secretary, at=now),
        lambda: change_risk(act, risk.code, values=values(), owner=None, actor=secretary, at=now),
        lambda: save_measure(act, risk.code, words="x", owner=None, due_on=today(), actor=secretary, at=now),
    ):
        with pytest.raises(DomainError) as closed:
            refused()
        assert closed.value.code == "risk_closed"


def test_a_closed_risk_is_opened_again_with_the_reason_and_looked_at_soon(act: Alliance, secretary: User) -> None:
    risk, now = noted(act, secretary), timezone.now()
    close_risk(act, risk.code, reason="Over.", actor=secretary, at=now)

    reopen_risk(act, risk.code, reason="It is back.", actor=secretary, at=now)

    risk.refresh_from_db()
    assert (risk.state, risk.close_reason, risk.closed_at) == (RiskState.OPEN, "", None)
    assert risk.review_on == today() + timedelta(days=14)
    assert verbs(risk)[-2:] == ["close_risk", "reopen_risk"]


@pytest.mark.parametrize("state", RiskState.values)
def test_a_step_outside_the_table_is_refused(act: Alliance, secretary: User, member: User, state: str) -> None:
    risk = noted(act, secretary)
    Risk.objects.filter(pk=risk.pk).update(state=state, close_reason="" if state == RiskState.OPEN else "x")
    calls: dict[str, Any] = {"accept_risk": accept_risk, "close_risk": close_risk, "reopen_risk": reopen_risk}

    for step in RISK_TRANSITIONS:
        if state not in step.sources:
            with pytest.raises(TransitionRefusedError):
                calls[step.name](act, risk.code, reason="x", actor=member, at=timezone.now())


def test_whoever_stands_aside_does_not_judge_a_risk(act: Alliance, secretary: User) -> None:
    risk, institution = noted(act, secretary), make_institution(act)
    make_staff(act, institution, user=secretary)
    ConflictOfInterest.objects.create(
        alliance=act, institution=institution, matter=f"risk:{risk.code}", reason="It pays us.", declared_at=timezone.now()
    )

    for refused in (
        lambda: review_risk(act, risk.code, values=look(), actor=secretary, at=timezone.now()),
        lambda: close_risk(act, risk.code, reason="x", actor=secretary, at=timezone.now()),
        lambda: change_risk(act, risk.code, values=values(), owner=None, actor=secretary, at=timezone.now()),
        lambda: save_measure(act, risk.code, words="x", owner=None, due_on=today(), actor=secretary, at=timezone.now()),
    ):
        with pytest.raises(ConflictOfInterestError):
            refused()


# --------------------------------------------------------------------------------------------------------------- measures


def test_a_measure_is_planned_changed_and_taken_out(act: Alliance, secretary: User, member: User) -> None:
    risk, now = noted(act, secretary), timezone.now()
    due = today() + timedelta(days=5)
    measure = save_measure(act, risk.code, words="Ask donors", owner=member, due_on=due, actor=secretary, at=now)
    assert Notification.objects.of(act).filter(kind="risk_measure_given", user=member).exists()

    save_measure(act, risk.code, measure.pk, words="Ask two donors", owner=member, due_on=due, actor=secretary, at=now)
    remove_measure(act, risk.code, measure.pk, actor=secretary, at=now)

    assert not RiskMeasure.objects.of(act).exists()
    assert verbs(risk)[1:] == ["add_risk_measure", "change_risk_measure", "remove_risk_measure"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"words": " "}, "words"),
        ({"words": "x" * 301}, "words"),
        ({"due_on": None}, "due_on"),
        ({"due_on": date(2020, 1, 1)}, "due_on"),
    ],
)
def test_a_measure_that_is_not_complete_is_refused(
    act: Alliance, secretary: User, wrong: dict[str, Any], field: str
) -> None:
    risk = noted(act, secretary)
    given: dict[str, Any] = {"words": "Ask", "owner": None, "due_on": today(), **wrong}

    with pytest.raises(InvalidInputError) as refusal:
        save_measure(act, risk.code, actor=secretary, at=timezone.now(), **given)
    assert field in refusal.value.fields


def test_a_done_measure_stays(act: Alliance, secretary: User) -> None:
    risk, now = noted(act, secretary), timezone.now()
    measure = save_measure(act, risk.code, words="Ask", owner=None, due_on=today(), actor=secretary, at=now)
    complete_measure(act, risk.code, measure.pk, actor=secretary, at=now)

    for refused in (
        lambda: complete_measure(act, risk.code, measure.pk, actor=secretary, at=now),
        lambda: remove_measure(act, risk.code, measure.pk, actor=secretary, at=now),
        lambda: save_measure(act, risk.code, measure.pk, words="x", owner=None, due_on=today(), actor=secretary, at=now),
    ):
        with pytest.raises(DomainError) as refusal:
            refused()
        assert refusal.value.code == "measure_done"
    with pytest.raises(NotFoundError):
        complete_measure(act, risk.code, measure.pk + 1000, actor=secretary, at=now)


# -------------------------------------------------------------------------------------------------------------- reminders


def test_the_owner_is_asked_for_a_due_review_once_for_each_day(act: Alliance, secretary: User, member: User) -> None:
    risk = noted(act, secretary, owner=member)
    due = timezone.now() + timedelta(days=31)

    assert [remind_of_risk(act, risk.pk, at=due) for _run in range(3)] == [1, 0, 0]
    assert [item.user for item in waiting(act, f"risk-review:{risk.code}:")] == [member]
    review_risk(act, risk.code, values=look(next_on=today() + timedelta(days=90)), actor=member, at=due)
    assert waiting(act, f"risk-review:{risk.code}:") == []
    assert remind_of_risk(act, risk.pk, at=due) == 0
    assert remind_of_risk(act, risk.pk, at=due + timedelta(days=60)) == 1


def test_before_the_day_nobody_is_asked(act: Alliance, secretary: User) -> None:
    assert remind_of_risk(act, noted(act, secretary).pk, at=timezone.now()) == 0


def test_the_secretariat_is_asked_where_the_owner_has_left(act: Alliance, secretary: User, member: User) -> None:
    risk = noted(act, secretary, owner=member)
    RoleAssignment.objects.of(act).filter(user=member).delete()

    remind_of_risk(act, risk.pk, at=timezone.now() + timedelta(days=31))

    assert [(item.user, item.role) for item in waiting(act, f"risk-review:{risk.code}:")] == [(None, "secretariat")]


def test_what_waits_for_the_former_owner_waits_for_the_new_one(act: Alliance, secretary: User, member: User) -> None:
    risk = noted(act, secretary, owner=member)
    due = timezone.now() + timedelta(days=31)
    remind_of_risk(act, risk.pk, at=due)

    change_risk(act, risk.code, values=values(), owner=secretary, actor=secretary, at=due)

    assert [item.user for item in waiting(act, f"risk-review:{risk.code}:")] == [secretary]


def test_a_measure_is_asked_for_on_its_day_once(act: Alliance, secretary: User, member: User) -> None:
    risk, now = noted(act, secretary), timezone.now()
    measure = save_measure(act, risk.code, words="Ask", owner=member, due_on=today(), actor=secretary, at=now)

    assert [remind_of_risk(act, risk.pk, at=now) for _run in range(2)] == [1, 0]
    assert [item.user for item in waiting(act, f"risk-measure:{measure.pk}:")] == [member]
    complete_measure(act, risk.code, measure.pk, actor=member, at=now)
    assert waiting(act, f"risk-measure:{measure.pk}:") == []


# --------------------------------------------------------------------------------------------------------------- triggers


def test_a_late_milestone_opens_a_risk_once_and_never_again_for_the_same_day(act: Alliance) -> None:
    people = make_project_cast(act)
    project = make_running(people, due_in=-3)
    note_late_milestones(act, project.pk, at=timezone.now())
    while deliver_next(act):
        pass
    risk = Risk.objects.of(act).get()
    milestone = project.milestones.get()

    assert risk.trigger == f"milestone_late:{milestone.pk}:{milestone.due_on.isoformat()}"
    assert risk.category == RiskCategory.SCHEDULE
    assert "First results" in risk.title_en
    assert risk.title_zh
    assert note_late_milestone(act, milestone.pk, milestone.due_on.isoformat(), at=timezone.now()) is None
    close_risk(act, risk.code, reason="Agreed.", actor=people.secretary, at=timezone.now())
    assert note_late_milestone(act, milestone.pk, milestone.due_on.isoformat(), at=timezone.now()) is None
    assert Risk.objects.of(act).count() == 1


def test_another_promised_day_opens_a_risk_only_when_the_first_is_closed(act: Alliance) -> None:
    people = make_project_cast(act)
    project = make_running(people, due_in=-3)
    milestone, now = project.milestones.get(), timezone.now()
    first = note_late_milestone(act, milestone.pk, milestone.due_on.isoformat(), at=now)
    assert first is not None
    save_milestone(
        act,
        project.code,
        milestone.position,
        values={"name_en": "First", "due_on": today() - timedelta(days=1)},
        actor=people.leader,
        at=now,
    )
    later = (today() - timedelta(days=1)).isoformat()

    assert note_late_milestone(act, milestone.pk, later, at=now) is None
    close_risk(act, first.code, reason="Agreed.", actor=people.secretary, at=now)
    assert note_late_milestone(act, milestone.pk, later, at=now) is not None


def test_a_milestone_reached_meanwhile_opens_nothing(act: Alliance) -> None:
    people = make_project_cast(act)
    project = make_running(people, due_in=-3)
    milestone, now = project.milestones.get(), timezone.now()
    project.tasks.update(state="done")
    reach_milestone(act, project.code, milestone.position, reached_on=today(), actor=people.leader, at=now)

    assert note_late_milestone(act, milestone.pk, milestone.due_on.isoformat(), at=now) is None


def test_the_institution_behind_a_trigger_does_not_judge_its_risk(act: Alliance) -> None:
    people = make_project_cast(act)
    project = make_running(people, due_in=-3)
    milestone = project.milestones.get()
    risk = note_late_milestone(act, milestone.pk, milestone.due_on.isoformat(), at=timezone.now())
    assert risk is not None
    make_staff(act, people.lead, user=people.secretary)

    assert cause_of(risk).institution_ids == {people.lead.pk}
    for refused in (
        lambda: close_risk(act, risk.code, reason="x", actor=people.secretary, at=timezone.now()),
        lambda: review_risk(act, risk.code, values=look(), actor=people.secretary, at=timezone.now()),
    ):
        with pytest.raises(SeparationOfDutiesError):
            refused()


def test_a_round_under_its_pass_mark_opens_a_risk_and_one_that_passed_does_not(act: Alliance) -> None:
    cast = make_cast(act)
    product = make_product(cast, ProductState.PILOTING)
    pilot = make_pilot(product, cast.firms, state=PilotState.FAILED, mean_score=Decimal("41.50"))

    risk = note_low_pilot(act, product.code, pilot.round, at=timezone.now())

    assert risk is not None
    assert risk.trigger == f"pilot_low:{pilot.pk}:0"
    assert "41.5" in risk.words_en
    assert note_low_pilot(act, product.code, pilot.round, at=timezone.now()) is None
    pilot.state = PilotState.PASSED
    pilot.save(update_fields=["state"])
    assert note_low_pilot(act, product.code, pilot.round, at=timezone.now()) is None


@pytest.mark.parametrize(("outcome", "opened"), [("failed", 1), ("inconclusive", 0), ("passed", 0)])
def test_a_decided_round_opens_a_risk_by_its_event_only_when_it_was_not_passed(
    act: Alliance, outcome: str, opened: int
) -> None:
    product = make_product(make_cast(act), ProductState.IMPROVING)
    pilot = make_pilot(product, [], state=outcome)
    for _time in range(2):
        emit(act, "operations.pilot_decided", {"product": product.code, "round": pilot.round, "outcome": outcome})
    while deliver_next(act):
        pass

    assert Risk.objects.of(act).count() == opened


def supply(institution: Institution, element: str) -> None:
    """The institution brings an element."""
    ElementSupply.objects.create(
        alliance=institution.alliance,
        institution=institution,
        element=element,
        scale="meso",
        strength=Decimal("0.5"),
        valid_from=date(2020, 1, 1),
    )


def test_a_single_supplier_opens_a_risk_once_and_two_open_none(act: Alliance) -> None:
    one, two = make_institution(act), make_institution(act)
    for institution in (one, two):
        make_seat(act, institution, GroupKind.FOUNDATION)
    supply(one, Element.CAPITAL)

    assert scan_facts(act, at=timezone.now()) == 1
    assert scan_facts(act, at=timezone.now()) == 0
    risk = Risk.objects.of(act).get()
    assert risk.trigger == f"single_supplier:foundation:capital:{one.code}"
    assert one.name_en in risk.words_en
    assert cause_of(risk).institution_ids == {one.pk}
    close_risk(act, risk.code, reason="A second one is found.", actor=make_officer(act), at=timezone.now())
    assert scan_facts(act, at=timezone.now()) == 0
    Risk.objects.of(act).update(trigger="")
    supply(two, Element.CAPITAL)
    assert scan_facts(act, at=timezone.now()) == 0


def test_an_overdue_declaration_of_an_active_member_opens_a_risk_once(act: Alliance) -> None:
    late, gone, answered = (
        make_institution(act),
        make_institution(act, state=InstitutionState.WITHDRAWN),
        make_institution(act),
    )
    for institution in (late, gone, answered):
        InterestDeclaration.objects.create(
            alliance=act, institution=institution, year=today().year, due_on=today() - timedelta(days=1)
        )
    InterestDeclaration.objects.filter(institution=answered).update(state="submitted")

    assert [scan_facts(act, at=timezone.now()) for _run in range(3)] == [1, 0, 0]
    assert Risk.objects.of(act).get().trigger == f"declaration_lapsed:{late.code}:{today().year}"


def test_a_declaration_that_is_not_due_yet_opens_nothing(act: Alliance) -> None:
    InterestDeclaration.objects.create(alliance=act, institution=make_institution(act), year=today().year, due_on=today())

    assert scan_facts(act, at=timezone.now()) == 0


def test_the_table_itself_lets_a_trigger_stand_once(act: Alliance, secretary: User) -> None:
    risk = noted(act, secretary)
    Risk.objects.filter(pk=risk.pk).update(trigger="x:1:2")
    again = noted(act, secretary)

    with pytest.raises(IntegrityError), transaction.atomic():
        Risk.objects.filter(pk=again.pk).update(trigger="x:1:2")


def test_the_watch_opens_and_reminds_and_may_run_twice(act: Alliance, secretary: User) -> None:
    risk = noted(act, secretary)
    Risk.objects.filter(pk=risk.pk).update(review_on=today())
    InterestDeclaration.objects.create(
        alliance=act, institution=make_institution(act), year=today().year, due_on=today() - timedelta(days=1)
    )

    assert [watch_risks(act.pk) for _run in range(2)] == [2, 0]


def test_one_risk_that_cannot_be_asked_about_stops_no_other(
    act: Alliance, secretary: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, sound = noted(act, secretary), noted(act, secretary)
    Risk.objects.update(review_on=today())

    def fail(alliance: Alliance, risk_id: int, *, at: Any) -> int:
        taken = remind_of_risk(alliance, risk_id, at=at)
        if risk_id == broken.pk:
            raise RuntimeError
        return taken

    monkeypatch.setattr("operations.tasks.remind_of_risk", fail)

    assert watch_risks(act.pk) == 1
    assert waiting(act, f"risk-review:{broken.code}:") == []
    assert len(waiting(act, f"risk-review:{sound.code}:")) == 1


# ------------------------------------------------------------------------------------------------------------------ reads


def test_the_heat_map_counts_what_is_still_reviewed(act: Alliance, secretary: User) -> None:
    noted(act, secretary, likelihood=5, impact=5)
    closed = noted(act, secretary, likelihood=5, impact=5)
    close_risk(act, closed.code, reason="x", actor=secretary, at=timezone.now())

    rows = heat_map(act)

    assert [row.likelihood for row in rows] == [5, 4, 3, 2, 1]
    assert [cell.count for cell in rows[0].cells] == [0, 0, 0, 0, 1]
    assert sum(cell.count for row in rows for cell in row.cells) == 1


@pytest.mark.parametrize(("grades", "expected"), [((5, 3), "high"), ((3, 4), "medium"), ((2, 3), "medium"), ((1, 5), "low")])
def test_levels_follow_the_product_of_the_grades(grades: tuple[int, int], expected: str) -> None:
    assert level_of(*grades) == expected


def test_filters_find_due_reviews_and_late_measures(act: Alliance, secretary: User) -> None:
    due, late, _other = noted(act, secretary), noted(act, secretary), noted(act, secretary)
    Risk.objects.filter(pk=due.pk).update(review_on=today())
    RiskMeasure.objects.create(alliance=act, risk=late, words="x", due_on=today() - timedelta(days=1))
    now = timezone.now()

    assert list(list_risks(act, show="due", at=now)) == [due]
    assert list(list_risks(act, show="late", at=now)) == [late]
    assert set(list_risks(act, q="grant", at=now)) == {due, late, _other}
    assert list(list_risks(act, q="nothing", at=now)) == []
    assert list(list_risks(act, owner=secretary, at=now)) == []
    assert RiskReview.objects.of(act).count() == 3
