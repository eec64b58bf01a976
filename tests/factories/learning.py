"""Courses for tests: a host, learners of two members, an officer; a session that is open, held or passed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from alliance.models import Alliance, User
from members.models import Institution
from operations.actions.course import draft_course, hold_session, open_session, plan_session
from operations.actions.enrolment import assess, enrol, mark_attendance
from operations.choices import LearningForm
from operations.models import Certificate, Course, CourseSession, Enrolment
from tests.factories.operations import make_institution, make_officer, make_staff


@dataclass(slots=True)
class LearningCast:
    """Who meets in a course.

    Attributes:
        alliance: The tenant.
        host: Institution that holds courses.
        member: Another institution.
        teacher: Person of the host.
        learner: Person of the member.
        second: Another person of the member.
        third: Person of a third institution.
        secretary: Person of the secretariat.
    """

    alliance: Alliance
    host: Institution
    member: Institution
    teacher: User
    learner: User
    second: User
    third: User
    secretary: User

    def institution_of(self, user: User) -> int:
        """The institution a learner acts for."""
        return {self.teacher.pk: self.host.pk, self.third.pk: self._third}.get(user.pk, self.member.pk)

    @property
    def _third(self) -> int:
        from members.models import InstitutionStaff  # noqa: PLC0415 - only here

        return InstitutionStaff.objects.of(self.alliance).get(user=self.third).institution_id


def make_learning_cast(alliance: Alliance) -> LearningCast:
    """A host, two members with their people, an officer."""
    host, member, other = (make_institution(alliance) for _place in range(3))
    return LearningCast(
        alliance,
        host,
        member,
        teacher=make_staff(alliance, host),
        learner=make_staff(alliance, member),
        second=make_staff(alliance, member),
        third=make_staff(alliance, other),
        secretary=make_officer(alliance),
    )


def course_values(**more: Any) -> dict[str, Any]:
    """A training of two credits whose certificate is valid for a year."""
    return {
        "form": LearningForm.TRAINING,
        "title_en": "Carbon accounting",
        "title_zh": "碳核算",
        "credits": Decimal(2),
        "is_assessed": True,
        "valid_months": 12,
        **more,
    }


def session_values(start: datetime | None = None, **more: Any) -> dict[str, Any]:
    """A session of four hours that begins in ten days."""
    begin = start or timezone.now() + timedelta(days=10)
    return {"starts_at": begin, "ends_at": begin + timedelta(hours=4), "place": "Hall 2", "teacher": "Xu Ran", **more}


def make_course(cast: LearningCast, **more: Any) -> Course:
    """A course of the host."""
    past = timezone.now() - timedelta(days=60)
    return draft_course(cast.alliance, host_id=cast.host.pk, values=course_values(**more), actor=cast.secretary, at=past)


def make_session(cast: LearningCast, course: Course | None = None, **more: Any) -> CourseSession:
    """An open session that begins in ten days."""
    course = course or make_course(cast)
    past = timezone.now() - timedelta(days=50)
    session = plan_session(cast.alliance, course.code, values=session_values(**more), actor=cast.secretary, at=past)
    return open_session(cast.alliance, course.code, session.number, actor=cast.secretary, at=past)


def enrol_all(cast: LearningCast, session: CourseSession, *users: User) -> list[Enrolment]:
    """Enrol people one after the other, long before the session begins."""
    past = timezone.now() - timedelta(days=40)
    return [
        enrol(
            cast.alliance,
            session.course.code,
            session.number,
            institution_id=cast.institution_of(user),
            actor=user,
            at=past + timedelta(minutes=place),
        )
        for place, user in enumerate(users)
    ]


def make_held(
    cast: LearningCast, *users: User, course: Course | None = None, days_ago: int = 5, mark: str = "present"
) -> CourseSession:
    """A session that was held some days ago, at most 30, with everybody marked the same."""
    begin = timezone.now() - timedelta(days=days_ago)
    session = make_session(cast, course, start=begin)
    places = enrol_all(cast, session, *users)
    common: dict[str, Any] = {"actor": cast.teacher, "at": begin + timedelta(hours=4)}
    code, number = session.course.code, session.number
    mark_attendance(cast.alliance, code, number, marks={row.pk: mark for row in places}, **common)
    return hold_session(cast.alliance, code, number, **common)


def make_certificate(
    cast: LearningCast, user: User, *, course: Course | None = None, issued: datetime | None = None, **more: Any
) -> Certificate:
    """A certificate of a course; of a new one where none is given."""
    session = make_held(cast, user, course=course or make_course(cast, **more))
    place = session.enrolments.get(user=user)
    assess(
        cast.alliance,
        session.course.code,
        session.number,
        marks={place.pk: "passed"},
        actor=cast.teacher,
        at=issued or timezone.now(),
    )
    return Certificate.objects.of(cast.alliance).get(enrolment=place)
