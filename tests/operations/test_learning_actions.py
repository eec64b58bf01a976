"""Learning: who drafts and holds courses, how places are given, from what credits follow, what a certificate is worth."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alliance.kernel import tenancy
from alliance.kernel.errors import (
    DomainError,
    InvalidInputError,
    NotFoundError,
    PermissionRefusedError,
    SeparationOfDutiesError,
    TransitionRefusedError,
)
from alliance.models import Alliance, AuditEntry, InboxItem, Notification, OutboxEvent, User
from members.choices import InstitutionState
from members.selectors.duties import Duty, list_open_duties
from operations.actions.certificate import (
    add_months,
    decide_naming,
    new_code,
    remind_of_expiry,
    revoke_certificate,
)
from operations.actions.course import (
    ask_to_hold,
    cancel_session,
    change_course,
    change_session,
    draft_course,
    hold_session,
    open_session,
    plan_session,
)
from operations.actions.enrolment import assess, enrol, leave, mark_attendance
from operations.actions.learning_path import change_path, draft_path
from operations.choices import (
    CertificateState,
    EnrolmentState,
    PathState,
    ProductState,
    SessionState,
)
from operations.models import Certificate, CourseSession, Enrolment, LearningPath
from operations.selectors.learning import (
    list_own_certificates,
    list_paths,
    read_code,
    stand_on,
    valid_credits,
    verify,
)
from operations.selectors.path_standing import Earned, Step, standing_on
from operations.signals import CERTIFICATE_REVOKED, COURSE_PASSED, SESSION_HELD
from tests.factories.learning import (
    LearningCast,
    course_values,
    enrol_all,
    make_certificate,
    make_course,
    make_held,
    make_learning_cast,
    make_session,
    session_values,
)
from tests.factories.operations import make_institution, make_product, make_staff


@pytest.fixture
def people(act: Alliance) -> LearningCast:
    """Who meets in a course; the test acts in the alliance."""
    return make_learning_cast(act)


def verbs(record: Any) -> list[str]:
    """What the log says was done with a record, oldest first."""
    rows = AuditEntry.objects.of(record.alliance).filter(object_type=record._meta.label_lower, object_id=str(record.pk))
    return list(rows.order_by("id").values_list("verb", flat=True))


def events(alliance: Alliance, kind: str) -> list[dict[str, Any]]:
    """Payloads of the events owed."""
    return list(OutboxEvent.objects.of(alliance).filter(kind=kind).order_by("id").values_list("payload", flat=True))


def told(user: User, kind: str) -> int:
    """How often a person was told something."""
    return Notification.objects.filter(user=user, kind=kind).count()


def waits(alliance: Alliance, kind: str) -> int:
    """Open inbox items of a kind."""
    return InboxItem.objects.of(alliance).filter(kind=kind, done_at__isnull=True).count()


def states(session: CourseSession) -> dict[int, str]:
    """State of each person's latest place."""
    return {row.user_id: row.state for row in session.enrolments.order_by("id")}


# ----------------------------------------------------------------------------------------------------------------- courses


def test_the_secretariat_drafts_a_course_that_a_member_holds(people: LearningCast) -> None:
    course = make_course(people)

    assert (course.code, course.host, course.credits) == ("CR-001", people.host, Decimal("2.00"))
    assert verbs(course) == ["draft_course"]


def test_nobody_else_drafts_courses(people: LearningCast) -> None:
    with pytest.raises(PermissionRefusedError):
        draft_course(
            people.alliance, host_id=people.host.pk, values=course_values(), actor=people.teacher, at=timezone.now()
        )


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"title_en": "", "title_zh": " "}, "title_en"),
        ({"title_en": "x" * 201}, "title_en"),
        ({"credits": "0"}, "credits"),
        ({"credits": "much"}, "credits"),
        ({"credits": "1.005"}, "credits"),
        ({"credits": "NaN"}, "credits"),
        ({"valid_months": 0}, "valid_months"),
        ({"valid_months": 500}, "valid_months"),
        ({"form": "party"}, "form"),
    ],
)
def test_a_course_that_does_not_fit_is_refused_at_its_field(people: LearningCast, wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        make_course(people, **wrong)

    assert field in refused.value.fields


def test_a_host_must_be_an_active_member_of_this_alliance(people: LearningCast, other_alliance: Alliance) -> None:
    with tenancy.acting_in(other_alliance):
        theirs = make_institution(other_alliance)
    people.member.state = InstitutionState.SUSPENDED
    people.member.save()
    common: dict[str, Any] = {"values": course_values(), "actor": people.secretary, "at": timezone.now()}

    with pytest.raises(NotFoundError):
        draft_course(people.alliance, host_id=theirs.pk, **common)
    with pytest.raises(InvalidInputError, match="institution_not_active"):
        draft_course(people.alliance, host_id=people.member.pk, **common)


def test_a_course_names_a_released_product_only(people: LearningCast, cast: Any) -> None:
    draft, released = make_product(cast), make_product(cast, ProductState.RELEASED)
    common: dict[str, Any] = {"host_id": people.host.pk, "values": course_values(), "at": timezone.now()}

    with pytest.raises(InvalidInputError, match="product_unknown"):
        draft_course(people.alliance, product=draft.code, actor=people.secretary, **common)
    course = draft_course(people.alliance, product=released.code.lower(), actor=people.secretary, **common)
    assert course.product == released


def test_a_course_of_another_alliance_is_not_found(people: LearningCast, other_alliance: Alliance) -> None:
    course = make_course(people)

    with tenancy.acting_in(other_alliance), pytest.raises(NotFoundError):
        change_course(other_alliance, course.code, values={}, actor=people.secretary, at=timezone.now())
    with tenancy.acting_in(other_alliance), pytest.raises(NotFoundError):
        plan_session(other_alliance, course.code, values=session_values(), actor=people.secretary, at=timezone.now())


def test_credits_stay_while_people_are_enrolled_upon_them(people: LearningCast) -> None:
    session = make_session(people)
    code = session.course.code
    change_course(people.alliance, code, values={"credits": "3"}, actor=people.secretary, at=timezone.now())
    enrol_all(people, session, people.learner)

    with pytest.raises(DomainError, match="terms_fixed"):
        change_course(people.alliance, code, values={"credits": "4"}, actor=people.secretary, at=timezone.now())
    changed = change_course(
        people.alliance, code, values={"title_en": "Carbon", "credits": "3"}, actor=people.secretary, at=timezone.now()
    )
    assert (changed.title_en, changed.credits) == ("Carbon", Decimal(3))
    with pytest.raises(InvalidInputError, match="unknown_fields"):
        change_course(people.alliance, code, values={"code": "X"}, actor=people.secretary, at=timezone.now())
    with pytest.raises(PermissionRefusedError):
        change_course(people.alliance, code, values={}, actor=people.teacher, at=timezone.now())


def test_a_course_that_changes_hands_takes_what_waits_for_its_host_along(people: LearningCast) -> None:
    session = make_held(people, people.learner)
    assert waits(people.alliance, "session_assess") == 1

    change_course(
        people.alliance,
        session.course.code,
        values={},
        host_id=people.member.pk,
        actor=people.secretary,
        at=timezone.now(),
    )

    assert InboxItem.objects.of(people.alliance).get(kind="session_assess").institution_id == people.member.pk


def test_an_institution_that_leaves_hands_over_courses_that_are_not_done(people: LearningCast) -> None:
    now = timezone.now()
    make_course(people)  # without sessions: nothing to hand over
    session = make_session(people)

    def duties() -> list[Duty]:
        return [duty for duty in list_open_duties(people.alliance, people.host, now) if duty.key.startswith("course:")]

    (duty,) = duties()
    assert (duty.key, duty.needs_successor) == (f"course:{session.course.code}", True)
    assert duty.hand_over is not None
    duty.hand_over(people.member, actor=people.secretary, at=now)
    session.course.refresh_from_db()
    assert session.course.host == people.member
    assert duties() == []


# ---------------------------------------------------------------------------------------------------------------- sessions


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"start": timezone.now() - timedelta(days=90)}, "starts_at"),
        ({"ends_at": timezone.now() - timedelta(days=90)}, "ends_at"),
        ({"ends_at": timezone.now() + timedelta(days=900)}, "ends_at"),
        ({"places": 0}, "places"),
        ({"place": "x" * 201}, "place"),
        ({"ends_at": None}, "ends_at"),
    ],
)
def test_a_session_that_does_not_fit_is_refused_at_its_field(
    people: LearningCast, wrong: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        make_session(people, **wrong)

    assert field in refused.value.fields


def test_a_session_is_planned_opened_and_cancelled_with_a_reason_by_the_secretariat(people: LearningCast) -> None:
    session = make_session(people)
    enrol_all(people, session, people.learner)
    code = session.course.code
    common: dict[str, Any] = {"actor": people.secretary, "at": timezone.now()}

    for act in (open_session, hold_session):
        with pytest.raises((TransitionRefusedError, DomainError)):
            act(people.alliance, code, 1, **common)
    with pytest.raises(PermissionRefusedError):
        plan_session(people.alliance, code, values=session_values(), actor=people.teacher, at=timezone.now())
    with pytest.raises(PermissionRefusedError):
        cancel_session(people.alliance, code, 1, reason="x", actor=people.teacher, at=timezone.now())
    with pytest.raises(InvalidInputError, match="reason_missing"):
        cancel_session(people.alliance, code, 1, reason=" ", **common)
    with pytest.raises(NotFoundError):
        cancel_session(people.alliance, code, 2, reason="x", **common)
    done = cancel_session(people.alliance, code, 1, reason="The hall floods", **common)

    assert done.state == SessionState.CANCELLED
    assert verbs(session) == ["plan_session", "open_session", "cancel_session"]
    assert told(people.learner, "session_cancelled") == 1
    with pytest.raises(TransitionRefusedError):
        cancel_session(people.alliance, code, 1, reason="x", **common)
    with pytest.raises(DomainError, match="session_over"):
        change_session(people.alliance, code, 1, values={"places": 3}, **common)


def test_a_session_whose_start_has_passed_is_not_opened_and_one_not_offered_not_planned(people: LearningCast) -> None:
    course, past = make_course(people), timezone.now() - timedelta(days=9)
    common: dict[str, Any] = {"actor": people.secretary}
    plan_session(people.alliance, course.code, values=session_values(past + timedelta(days=1)), at=past, **common)
    with pytest.raises(DomainError, match="session_begun"):
        open_session(people.alliance, course.code, 1, at=timezone.now(), **common)
    change_course(people.alliance, course.code, values={"is_offered": False}, at=timezone.now(), **common)

    with pytest.raises(DomainError, match="course_not_offered"):
        plan_session(people.alliance, course.code, values=session_values(), at=timezone.now(), **common)


def test_more_places_let_people_move_up_and_nobody_loses_one(people: LearningCast) -> None:
    session = make_session(people, places=1)
    enrol_all(people, session, people.learner, people.second, people.third)
    common: dict[str, Any] = {"actor": people.secretary, "at": timezone.now()}

    change_session(people.alliance, session.course.code, 1, values={"places": 2}, **common)

    assert states(session) == {
        people.learner.pk: "enrolled",
        people.second.pk: "enrolled",
        people.third.pk: "waiting",
    }
    assert told(people.second, "session_moved_up") == 1
    with pytest.raises(InvalidInputError, match="places_taken"):
        change_session(people.alliance, session.course.code, 1, values={"places": 1}, **common)
    change_session(people.alliance, session.course.code, 1, values={"place": "Hall 9", "places": None}, **common)
    assert states(session)[people.third.pk] == "enrolled"
    assert told(people.learner, "session_changed") == 1


# ------------------------------------------------------------------------------------------------------------------ places


def test_a_person_takes_a_place_for_an_institution_they_act_for(people: LearningCast) -> None:
    session = make_session(people)

    (place,) = enrol_all(people, session, people.learner)

    assert (place.state, place.institution, place.credits) == ("enrolled", people.member, Decimal(0))
    assert verbs(place) == ["enrol"]


def test_who_may_not_enrol_is_told_why(people: LearningCast, other_alliance: Alliance) -> None:
    session = make_session(people)
    code, now = session.course.code, timezone.now()

    def refused(error: type[Exception], words: str, actor: User, institution: int, at: Any = now) -> None:
        with pytest.raises(error, match=words):
            enrol(people.alliance, code, 1, institution_id=institution, actor=actor, at=at)

    refused(PermissionRefusedError, "permission_refused", people.secretary, people.member.pk)
    refused(InvalidInputError, "institution_not_yours", people.learner, people.host.pk)
    refused(DomainError, "session_begun", people.learner, people.member.pk, session.starts_at)
    enrol_all(people, session, people.learner)
    refused(DomainError, "already_enrolled", people.learner, people.member.pk)
    people.member.state = InstitutionState.SUSPENDED
    people.member.save()
    refused(InvalidInputError, "institution_not_active", people.second, people.member.pk)
    cancel_session(people.alliance, code, 1, reason="x", actor=people.secretary, at=now)
    refused(DomainError, "session_not_open", people.third, people.institution_of(people.third))
    with tenancy.acting_in(other_alliance), pytest.raises((NotFoundError, PermissionRefusedError)):
        enrol(other_alliance, code, 1, institution_id=people.member.pk, actor=people.learner, at=now)


def test_whoever_leaves_lets_the_first_in_the_waiting_list_move_up(people: LearningCast) -> None:
    session = make_session(people, places=1)
    enrol_all(people, session, people.learner, people.second, people.third)
    code, now = session.course.code, timezone.now()

    left = leave(people.alliance, code, 1, actor=people.learner, at=now)

    assert verbs(left) == ["enrol", "leave_session"]
    assert states(session) == {people.learner.pk: "left", people.second.pk: "enrolled", people.third.pk: "waiting"}
    assert told(people.second, "session_moved_up") == 1
    assert told(people.third, "session_moved_up") == 0
    with pytest.raises(DomainError, match="not_enrolled"):
        leave(people.alliance, code, 1, actor=people.learner, at=now)
    again = enrol(people.alliance, code, 1, institution_id=people.member.pk, actor=people.learner, at=now)
    assert again.state == EnrolmentState.WAITING
    leave(people.alliance, code, 1, actor=people.third, at=now)
    assert states(session)[people.learner.pk] == "waiting"  # one who only waited frees no place
    with pytest.raises(DomainError, match="session_begun"):
        leave(people.alliance, code, 1, actor=people.second, at=session.starts_at)


def test_a_closed_account_in_the_waiting_list_is_passed_over(people: LearningCast) -> None:
    session = make_session(people, places=1)
    enrol_all(people, session, people.learner, people.second, people.third)
    people.second.is_active = False
    people.second.save()

    leave(people.alliance, session.course.code, 1, actor=people.learner, at=timezone.now())

    assert states(session)[people.third.pk] == "enrolled"


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    acts=st.lists(st.tuples(st.sampled_from(["enrol", "leave"]), st.integers(0, 4)), max_size=14), places=st.integers(1, 3)
)
def test_places_are_never_overrun_and_nobody_waits_while_one_is_free(
    people: LearningCast, acts: list[tuple[str, int]], places: int
) -> None:
    cast = people
    with transaction.atomic():
        session = make_session(cast, places=places)
        learners = [cast.learner, cast.second, cast.third, cast.teacher, make_staff(cast.alliance, cast.member)]
        order: list[int] = []  # who is in it, in the order they came: what the waiting list must keep
        for place, (act, number) in enumerate(acts):
            user, at = learners[number], timezone.now() - timedelta(days=3) + timedelta(minutes=place)
            institution = cast.member.pk if number == 4 else cast.institution_of(user)
            common: dict[str, Any] = {"actor": user, "at": at}
            code, is_in = session.course.code, user.pk in order
            if act == "enrol":
                with pytest.raises(DomainError, match="already_enrolled") if is_in else nullcontext():
                    enrol(cast.alliance, code, 1, institution_id=institution, **common)
                order += [] if is_in else [user.pk]
            else:
                with nullcontext() if is_in else pytest.raises(DomainError, match="not_enrolled"):
                    leave(cast.alliance, code, 1, **common)
                order = [pk for pk in order if pk != user.pk]
            rows = session.enrolments.exclude(state="left")
            assert {row.user_id for row in rows if row.state == "enrolled"} == set(order[:places])
            assert {row.user_id for row in rows if row.state == "waiting"} == set(order[places:])
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_many_at_once_get_exactly_the_places_there_are(alliance: Alliance) -> None:
    with tenancy.acting_in(alliance):
        cast = make_learning_cast(alliance)
        session = make_session(cast, places=3)
        users = [make_staff(alliance, cast.member) for _place in range(8)]
    code, faults = session.course.code, []

    def run(user: User) -> None:
        try:
            with tenancy.acting_in(alliance):
                enrol(alliance, code, 1, institution_id=cast.member.pk, actor=user, at=timezone.now())
        except Exception as fault:  # noqa: BLE001 - told below
            faults.append(fault)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(user,)) for user in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with tenancy.acting_in(alliance):
        assert not faults
        assert sorted(states(session).values()) == ["enrolled"] * 3 + ["waiting"] * 5


# ------------------------------------------------------------------------------------------------------------- results


def begun(people: LearningCast, *users: User, **course: Any) -> tuple[CourseSession, dict[int, int]]:
    """An open session that began an hour ago, and the keys of the places by person."""
    session = make_session(people, make_course(people, **course), start=timezone.now() - timedelta(hours=1))
    return session, {row.user_id: row.pk for row in enrol_all(people, session, *users)}


def test_attendance_is_noted_once_the_session_has_begun_by_the_host_or_the_office(people: LearningCast) -> None:
    session, places = begun(people, people.learner, people.second)
    code, now = session.course.code, timezone.now()
    marks = {places[people.learner.pk]: "present"}

    with pytest.raises(PermissionRefusedError):
        mark_attendance(people.alliance, code, 1, marks=marks, actor=people.learner, at=now)
    early = session.starts_at - timedelta(minutes=1)
    with pytest.raises(DomainError, match="session_not_begun"):
        mark_attendance(people.alliance, code, 1, marks=marks, actor=people.teacher, at=early)
    with pytest.raises(InvalidInputError, match="mark_unknown"):
        mark_attendance(people.alliance, code, 1, marks={1: "asleep"}, actor=people.teacher, at=now)
    with pytest.raises(NotFoundError):
        mark_attendance(people.alliance, code, 1, marks={0: "present"}, actor=people.teacher, at=now)
    changed = mark_attendance(people.alliance, code, 1, marks=marks, actor=people.teacher, at=now)
    assert [verbs(row) for row in changed] == [["enrol", "mark_attendance"]]
    assert mark_attendance(people.alliance, code, 1, marks=marks, actor=people.secretary, at=now) == []


def test_nobody_notes_their_own_attendance_or_result(people: LearningCast) -> None:
    session, places = begun(people, people.teacher, people.learner)
    code, now = session.course.code, timezone.now()
    own = {places[people.teacher.pk]: "present"}

    with pytest.raises(SeparationOfDutiesError):
        mark_attendance(people.alliance, code, 1, marks=own, actor=people.teacher, at=now)
    both = dict.fromkeys(places.values(), "present")
    mark_attendance(people.alliance, code, 1, marks=both, actor=people.secretary, at=now)
    hold_session(people.alliance, code, 1, actor=people.teacher, at=now)
    with pytest.raises(SeparationOfDutiesError):
        assess(people.alliance, code, 1, marks={places[people.teacher.pk]: "passed"}, actor=people.teacher, at=now)
    assert not Certificate.objects.of(people.alliance).exists()


def test_a_session_is_held_once_everybody_is_marked_and_somebody_was_there(people: LearningCast) -> None:
    session, places = begun(people, people.learner, people.second)
    code = session.course.code
    common: dict[str, Any] = {"actor": people.teacher, "at": timezone.now()}

    with pytest.raises(PermissionRefusedError):
        hold_session(people.alliance, code, 1, actor=people.learner, at=timezone.now())
    with pytest.raises(DomainError, match="attendance_missing"):
        hold_session(people.alliance, code, 1, **common)
    mark_attendance(people.alliance, code, 1, marks=dict.fromkeys(places.values(), "absent"), **common)
    with pytest.raises(DomainError, match="nobody_there"):
        hold_session(people.alliance, code, 1, **common)
    mark_attendance(people.alliance, code, 1, marks={places[people.learner.pk]: "partly"}, **common)
    with pytest.raises(DomainError, match="session_not_begun"):
        hold_session(people.alliance, code, 1, actor=people.teacher, at=session.starts_at - timedelta(seconds=1))
    held = hold_session(people.alliance, code, 1, **common)

    assert held.state == SessionState.HELD
    (payload,) = events(people.alliance, SESSION_HELD)
    assert (payload["institution"], payload["attended"], payload["credits"]) == (people.host.code, 1, "2.00")
    assert waits(people.alliance, "session_assess") == 1
    with pytest.raises(TransitionRefusedError):
        hold_session(people.alliance, code, 1, **common)


def test_credits_appear_only_after_the_assessment_and_the_certificate_once(people: LearningCast) -> None:
    session = make_held(people, people.learner, people.second)
    places = {row.user_id: row for row in session.enrolments.all()}
    code = session.course.code
    common: dict[str, Any] = {"actor": people.teacher, "at": timezone.now()}
    assert not Enrolment.objects.of(people.alliance).filter(credits__gt=0).exists()
    mine = places[people.learner.pk]

    with pytest.raises(PermissionRefusedError):
        assess(people.alliance, code, 1, marks={mine.pk: "passed"}, actor=people.second, at=timezone.now())
    assess(people.alliance, code, 1, marks={mine.pk: "passed"}, **common)
    assert waits(people.alliance, "session_assess") == 1  # the other one waits
    assert assess(people.alliance, code, 1, marks={mine.pk: "passed"}, **common) == []
    assess(people.alliance, code, 1, marks={places[people.second.pk].pk: "failed"}, **common)

    mine.refresh_from_db()
    assert (mine.credits, mine.assessed_by) == (Decimal("2.00"), people.teacher)
    certificate = Certificate.objects.of(people.alliance).get()
    today = timezone.localdate()
    assert (certificate.enrolment, certificate.issued_on) == (mine, today)
    assert certificate.expires_on == add_months(today, 12)
    assert verbs(certificate) == ["issue_certificate"]
    assert events(people.alliance, COURSE_PASSED) == [
        {
            "enrolment": mine.pk,
            "course": code,
            "session": 1,
            "institution": people.member.code,
            "credits": "2.00",
            "earned_on": today.isoformat(),
        }
    ]
    assert (told(people.learner, "certificate_issued"), told(people.second, "course_not_passed")) == (1, 1)
    assert waits(people.alliance, "session_assess") == 0
    with pytest.raises(DomainError, match="result_stands"):
        assess(people.alliance, code, 1, marks={mine.pk: "failed"}, **common)
    with pytest.raises(DomainError, match="result_stands"):
        mark_attendance(people.alliance, code, 1, marks={mine.pk: "absent"}, **common)
    assess(people.alliance, code, 1, marks={places[people.second.pk].pk: "passed"}, **common)
    assert Certificate.objects.of(people.alliance).count() == 2


def test_who_was_absent_is_not_assessed_and_an_open_session_neither(people: LearningCast) -> None:
    session, places = begun(people, people.learner, people.second)
    code = session.course.code
    common: dict[str, Any] = {"actor": people.teacher, "at": timezone.now()}
    mine = places[people.learner.pk]

    with pytest.raises(DomainError, match="session_not_held"):
        assess(people.alliance, code, 1, marks={mine: "passed"}, **common)
    marks = {mine: "absent", places[people.second.pk]: "present"}
    mark_attendance(people.alliance, code, 1, marks=marks, **common)
    hold_session(people.alliance, code, 1, **common)
    with pytest.raises(DomainError, match="not_there"):
        assess(people.alliance, code, 1, marks={mine: "passed"}, **common)
    with pytest.raises(InvalidInputError, match="mark_unknown"):
        assess(people.alliance, code, 1, marks={mine: "brilliant"}, **common)
    mark_attendance(people.alliance, code, 1, marks={mine: "partly"}, **common)
    assess(people.alliance, code, 1, marks={mine: "passed"}, **common)


def test_a_course_without_assessment_gives_credits_to_those_present_when_it_is_held(people: LearningCast) -> None:
    session, places = begun(people, people.learner, people.second, people.third, is_assessed=False)
    code = session.course.code
    common: dict[str, Any] = {"actor": people.teacher, "at": timezone.now()}
    marks = dict(zip(places.values(), ("present", "partly", "absent"), strict=True))
    mark_attendance(people.alliance, code, 1, marks=marks, **common)
    assert not Certificate.objects.of(people.alliance).exists()

    hold_session(people.alliance, code, 1, **common)

    earned = {row.user_id: row for row in session.enrolments.filter(credits__gt=0)}
    assert set(earned) == {people.learner.pk}
    assert earned[people.learner.pk].assessed_by is None
    assert len(events(people.alliance, COURSE_PASSED)) == 1
    assert waits(people.alliance, "session_assess") == 0
    with pytest.raises(DomainError, match="not_assessed"):
        assess(people.alliance, code, 1, marks={places[people.second.pk]: "passed"}, **common)
    mark_attendance(people.alliance, code, 1, marks={places[people.second.pk]: "present"}, **common)
    assert Certificate.objects.of(people.alliance).count() == 2
    with pytest.raises(DomainError, match="result_stands"):
        mark_attendance(people.alliance, code, 1, marks={places[people.second.pk]: "absent"}, **common)


def test_nobody_closes_a_session_that_gives_credits_to_themselves(people: LearningCast) -> None:
    session, places = begun(people, people.teacher, is_assessed=False)
    code, now = session.course.code, timezone.now()
    mark_attendance(people.alliance, code, 1, marks={places[people.teacher.pk]: "present"}, actor=people.secretary, at=now)

    with pytest.raises(SeparationOfDutiesError):
        hold_session(people.alliance, code, 1, actor=people.teacher, at=now)
    hold_session(people.alliance, code, 1, actor=people.secretary, at=now)
    assert Certificate.objects.of(people.alliance).count() == 1


# ------------------------------------------------------------------------------------------------------------ certificates


def test_a_code_is_random_and_read_without_regard_to_case_and_hyphens() -> None:
    codes = {new_code() for _place in range(200)}

    assert len(codes) == 200
    for code in codes:
        assert len(code) == 19
        assert not set(code) & set("01ILO")
        assert read_code(code.lower().replace("-", " ")) == code
    assert read_code("ＡＢＣＤ-efgh-2345-6789") == "ABCD-EFGH-2345-6789"
    assert [read_code(text) for text in ("", "ABCD", "ABCD-EFGH-2345-678", "编号编号编号编号编号编号编号编号")] == [""] * 4


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 11, 22), 14, date(2028, 1, 22)),
        (date(2026, 12, 31), 24, date(2028, 12, 31)),
    ],
)
def test_months_are_added_to_the_same_day_or_the_last_of_the_month(day: date, months: int, expected: date) -> None:
    assert add_months(day, months) == expected


def test_the_office_revokes_a_certificate_once_with_a_reason(people: LearningCast) -> None:
    certificate = make_certificate(people, people.learner)
    code = certificate.code
    common: dict[str, Any] = {"actor": people.secretary, "at": timezone.now()}

    for actor in (people.teacher, people.learner):
        with pytest.raises(PermissionRefusedError):
            revoke_certificate(people.alliance, code, reason="x", actor=actor, at=timezone.now())
    with pytest.raises(InvalidInputError, match="reason_missing"):
        revoke_certificate(people.alliance, code, reason="", **common)
    with pytest.raises(InvalidInputError):
        revoke_certificate(people.alliance, code, reason="x" * 301, **common)
    revoke_certificate(people.alliance, code.lower(), reason="Somebody else sat the test", **common)

    assert verbs(certificate) == ["issue_certificate", "revoke_certificate"]
    assert events(people.alliance, CERTIFICATE_REVOKED) == events(people.alliance, COURSE_PASSED)
    assert told(people.learner, "certificate_revoked") == 1
    assert verify(people.alliance, code, at=timezone.now()).state == CertificateState.REVOKED
    assert valid_credits(list_own_certificates(people.alliance, people.learner), timezone.localdate()) == 0
    with pytest.raises(DomainError, match="certificate_revoked"):
        revoke_certificate(people.alliance, code, reason="x", **common)


def test_the_database_takes_no_second_certificate_for_one_place(people: LearningCast) -> None:
    certificate = make_certificate(people, people.learner)

    with pytest.raises(Exception, match="certificate"), transaction.atomic():
        Certificate.objects.create(
            alliance=people.alliance, code=new_code(), enrolment=certificate.enrolment, issued_on=timezone.localdate()
        )


def test_only_the_person_decides_whether_they_are_named_and_only_while_it_holds(people: LearningCast) -> None:
    certificate = make_certificate(people, people.learner)
    code, now = certificate.code, timezone.now()
    assert verify(people.alliance, code, at=now).person_en == ""

    for actor in (people.secretary, people.second):
        with pytest.raises(PermissionRefusedError):
            decide_naming(people.alliance, code, is_named=True, actor=actor, at=now)
    for _time in range(2):
        decide_naming(people.alliance, code, is_named=True, actor=people.learner, at=now)

    assert verbs(certificate) == ["issue_certificate", "name_on_certificate"]
    assert verify(people.alliance, code, at=now).person_en == (people.learner.name_en or people.learner.name_zh)
    later = now + timedelta(days=400)
    expired = verify(people.alliance, code, at=later)
    assert (expired.state, expired.person_en, expired.person_zh) == (CertificateState.EXPIRED, "", "")
    revoke_certificate(people.alliance, code, reason="x", actor=people.secretary, at=now)
    assert verify(people.alliance, code, at=now).person_en == ""


def test_a_certificate_of_another_alliance_is_unknown_here(people: LearningCast, other_alliance: Alliance) -> None:
    certificate = make_certificate(people, people.learner)

    with tenancy.acting_in(other_alliance):
        assert verify(other_alliance, certificate.code, at=timezone.now()).state == CertificateState.UNKNOWN
        with pytest.raises(NotFoundError):
            revoke_certificate(other_alliance, certificate.code, reason="x", actor=people.secretary, at=timezone.now())


def test_a_certificate_that_lapses_is_reminded_of_once_and_settled_when_renewed(people: LearningCast) -> None:
    course = make_course(people, valid_months=1)
    certificate = make_certificate(people, people.learner, course=course)
    now = timezone.now()

    assert remind_of_expiry(people.alliance, certificate.pk, at=now)
    assert not remind_of_expiry(people.alliance, certificate.pk, at=now)
    item = InboxItem.objects.of(people.alliance).get(kind="certificate_expiring")
    assert (item.user, item.done_at) == (people.learner, None)
    assert verbs(certificate) == ["issue_certificate", "certificate_expiring"]
    newer = make_certificate(people, people.learner, course=course)
    item.refresh_from_db()
    assert item.done_at is not None
    assert not remind_of_expiry(people.alliance, certificate.pk, at=now)
    later = now + timedelta(days=40)
    assert not remind_of_expiry(people.alliance, newer.pk, at=later)  # lapsed: too late to renew in time


def test_a_lapsed_certificate_leaves_the_inbox(people: LearningCast) -> None:
    certificate = make_certificate(people, people.learner, valid_months=1)
    remind_of_expiry(people.alliance, certificate.pk, at=timezone.now())

    remind_of_expiry(people.alliance, certificate.pk, at=timezone.now() + timedelta(days=40))

    assert waits(people.alliance, "certificate_expiring") == 0


@pytest.mark.parametrize("months", [None, 12])
def test_a_certificate_that_lapses_late_or_never_is_not_reminded_of(people: LearningCast, months: int | None) -> None:
    certificate = make_certificate(people, people.learner, valid_months=months)

    assert not remind_of_expiry(people.alliance, certificate.pk, at=timezone.now())


def test_the_host_is_asked_for_the_attendance_once(people: LearningCast) -> None:
    session = make_session(people, start=timezone.now() - timedelta(hours=9))
    now = timezone.now()

    assert not ask_to_hold(people.alliance, session.pk, at=session.starts_at)
    assert ask_to_hold(people.alliance, session.pk, at=now)
    assert not ask_to_hold(people.alliance, session.pk, at=now)
    assert InboxItem.objects.of(people.alliance).get(kind="session_hold").institution_id == people.host.pk
    cancel_session(people.alliance, session.course.code, 1, reason="x", actor=people.secretary, at=now)
    assert waits(people.alliance, "session_hold") == 0


# ------------------------------------------------------------------------------------------------------------------- paths


def test_a_path_is_drafted_and_changed_by_the_secretariat(people: LearningCast) -> None:
    first, second = make_course(people), make_course(people, credits="1")
    values = {"title_en": "Pilot lead", "credits_needed": "2.5"}
    common: dict[str, Any] = {"values": values, "courses": [first.code, second.code], "at": timezone.now()}

    with pytest.raises(PermissionRefusedError):
        draft_path(people.alliance, actor=people.teacher, **common)
    path = draft_path(people.alliance, required=[first.code], actor=people.secretary, **common)
    assert [(row.course.code, row.is_required) for row in path.courses.order_by("position")] == [
        (first.code, True),
        (second.code, False),
    ]
    common["courses"] = [second.code]
    common["values"] = {**values, "credits_needed": "1"}
    changed = change_path(people.alliance, path.code, actor=people.secretary, **common)
    assert [row.course for row in changed.courses.all()] == [second]
    assert verbs(path) == ["draft_path", "change_path"]
    with pytest.raises(NotFoundError):
        change_path(people.alliance, "LP-99", actor=people.secretary, **common)
    with pytest.raises(PermissionRefusedError):
        change_path(people.alliance, path.code, actor=people.learner, **common)


@pytest.mark.parametrize(
    ("values", "courses", "required", "code"),
    [
        ({"credits_needed": "3"}, ["CR-001"], [], "path_unreachable"),
        ({}, [], [], "courses_missing"),
        ({}, ["CR-404"], [], "course_unknown"),
        ({}, ["CR-001"], ["CR-002"], "required_not_on_path"),
        ({"title_en": ""}, ["CR-001"], [], "path_invalid"),
        ({"credits_needed": "-1"}, ["CR-001"], [], "invalid_input"),
    ],
)
def test_a_path_that_does_not_fit_is_refused(
    people: LearningCast, values: dict[str, Any], courses: list[str], required: list[str], code: str
) -> None:
    make_course(people)

    with pytest.raises(InvalidInputError, match=code):
        draft_path(
            people.alliance,
            values={"title_en": "Pilot lead", "credits_needed": "2", **values},
            courses=courses,
            required=required,
            actor=people.secretary,
            at=timezone.now(),
        )


def test_fewer_credits_of_a_course_may_not_put_a_path_out_of_reach(people: LearningCast) -> None:
    course = make_course(people)
    values = {"title_en": "Pilot lead", "credits_needed": "2"}
    draft_path(people.alliance, values=values, courses=[course.code], actor=people.secretary, at=timezone.now())

    with pytest.raises(InvalidInputError, match="path_unreachable"), transaction.atomic():
        change_course(people.alliance, course.code, values={"credits": "1"}, actor=people.secretary, at=timezone.now())


def test_a_lapsed_or_revoked_certificate_lowers_the_state_of_a_path(people: LearningCast) -> None:
    course = make_course(people)
    values = {"title_en": "Pilot lead", "credits_needed": "2"}
    draft_path(
        people.alliance,
        values=values,
        courses=[course.code],
        required=[course.code],
        actor=people.secretary,
        at=timezone.now(),
    )
    certificate = make_certificate(people, people.learner, course=course)

    def state(days: int = 0) -> PathState:
        (path,) = list_paths(people.alliance)
        held = list_own_certificates(people.alliance, people.learner)
        return stand_on(path, held, timezone.localdate() + timedelta(days=days)).standing.state

    assert (state(), state(400)) == (PathState.REACHED, PathState.NOT_BEGUN)
    revoke_certificate(people.alliance, certificate.code, reason="x", actor=people.secretary, at=timezone.now())
    assert state() == PathState.NOT_BEGUN
    assert LearningPath.objects.of(people.alliance).count() == 1


TODAY = date(2026, 11, 22)
RANK = {PathState.NOT_BEGUN: 0, PathState.UNDER_WAY: 1, PathState.REACHED: 2}
steps_of_paths = st.lists(
    st.builds(Step, st.integers(1, 6), st.booleans()), min_size=1, max_size=6, unique_by=lambda s: s.course
)
certificates = st.lists(
    st.builds(
        Earned,
        st.integers(1, 8),
        st.decimals("0.25", "5", places=2),
        st.none() | st.dates(TODAY - timedelta(days=50), TODAY + timedelta(days=50)),
        st.booleans(),
    ),
    max_size=8,
)
needs = st.decimals("0.25", "12", places=2)


@settings(max_examples=300, deadline=None)
@given(steps=steps_of_paths, needed=needs, earned=certificates, data=st.data())
def test_a_path_follows_from_valid_certificates_and_losing_one_never_raises_it(
    steps: list[Step], needed: Decimal, earned: list[Earned], data: st.DataObject
) -> None:
    standing = standing_on(steps, needed, earned, TODAY)

    valid = [one for one in earned if not one.is_revoked and (one.expires_on is None or one.expires_on >= TODAY)]
    assert standing == standing_on(steps, needed, [*valid, *(one for one in earned if one not in valid)], TODAY)
    assert standing.credits == standing_on(steps, needed, valid, TODAY).credits
    on_path = {step.course for step in steps}
    passed = {one.course for one in valid} & on_path
    required = {step.course for step in steps if step.is_required}
    assert standing.passed == passed
    assert standing.missing == required - passed
    assert standing.lapsed == ({one.course for one in earned} & on_path) - passed
    reached = required <= passed and standing.credits >= needed and bool(passed)
    assert (standing.state == PathState.REACHED) == reached
    if earned:
        place = data.draw(st.integers(0, len(earned) - 1))
        one = earned[place]
        lost = Earned(one.course, one.credits, one.expires_on, is_revoked=True)
        lapsed = Earned(one.course, one.credits, TODAY - timedelta(days=1), one.is_revoked)
        for less in (None, lost, lapsed):
            rest = [*earned[:place], *([less] if less else []), *earned[place + 1 :]]
            after = standing_on(steps, needed, rest, TODAY)
            assert after.credits <= standing.credits
            assert RANK[after.state] <= RANK[standing.state]
            if not any(other.course == one.course for other in valid if other is not one) and one.course in required:
                assert after.state != PathState.REACHED
    for days in range(0, 60, 20):
        later = standing_on(steps, needed, earned, TODAY + timedelta(days=days))
        assert later.credits <= standing.credits
        assert RANK[later.state] <= RANK[standing.state]
