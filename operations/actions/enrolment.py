"""Places in a session: enrol, wait, move up, leave; attendance and assessment, from which credits follow (I14, I15).

Every act locks the session first: places are given one after the other, whoever leaves lets the first in the waiting list
move up in the same transaction, and a sheet is written by one person at a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.actions.notifications import notify
from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError, SeparationOfDutiesError
from alliance.kernel.permissions import require
from members.models import Institution
from operations.actions.announce import day_params
from operations.actions.certificate import course_params, give_credits
from operations.actions.project import active_institution
from operations.choices import AssessmentMark, AttendanceMark, EnrolmentState, SessionState
from operations.models import CourseSession, Enrolment
from operations.permissions import ENROL, HOLD_SESSION, own_institutions

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from alliance.models import Alliance, User

THERE: Final = (AttendanceMark.PRESENT, AttendanceMark.PARTLY)
"""Marks of people who may be assessed."""


def lock_session(alliance: Alliance, code: str, number: int) -> CourseSession:
    """A session with its course, locked until the transaction ends.

    Raises:
        NotFoundError: The alliance has no such course, or the course no such session.
    """
    session = (
        CourseSession.objects.of(alliance)
        .select_for_update(of=("self",))
        .select_related("course__host")
        .filter(course__code=code, number=number)
        .first()
    )
    if session is None:
        raise NotFoundError
    session.alliance = session.course.alliance = alliance
    return session


def require_state(session: CourseSession, *states: str) -> None:
    """Refuse what a session in this state has not.

    Raises:
        DomainError: ``session_not_open``, or ``session_not_held``.
    """
    if session.state in states:
        return
    held = SessionState.HELD in states and SessionState.OPEN not in states
    raise DomainError(
        _("This is not possible while the session is in the state “%(state)s”.") % {"state": session.get_state_display()},
        code="session_not_held" if held else "session_not_open",
        remedy=_("The session is first closed as held.") if held else _("Choose another session of the course."),
    )


def _tell(session: CourseSession, users: Iterable[User], kind: str, key: str, *, at: datetime, **params: str) -> None:
    notify(
        session.alliance,
        users,
        kind,
        key,
        params=course_params(session.course, **day_params("day", session.starts_at), **params),
        at=at,
        url_name="course_detail",
        url_kwargs={"code": session.course.code},
    )


# ------------------------------------------------------------------------------------------------------------------ places


@transaction.atomic
def enrol(alliance: Alliance, code: str, number: int, *, institution_id: int, actor: User, at: datetime) -> Enrolment:
    """Take a place in a session for oneself, or stand in the waiting list where none is left.

    Args:
        alliance: The tenant.
        code: The course's code.
        number: The session's number.
        institution_id: For which of the actor's institutions; an active member.
        actor: The learner.
        at: Now.

    Raises:
        PermissionRefusedError: The actor acts for no institution.
        InvalidInputError: The actor does not act for this institution, or it is not active.
        DomainError: ``session_not_open``, ``session_begun``, ``already_enrolled``.
    """
    require(actor, ENROL, alliance)
    session = lock_session(alliance, code, number)
    if institution_id not in own_institutions(actor, alliance, at=at):
        words = _("Choose an institution you act for.")
        raise InvalidInputError(words, code="institution_not_yours", fields={"institution": words})
    institution: Institution = active_institution(alliance, institution_id)
    require_state(session, SessionState.OPEN)
    if session.starts_at <= at:
        raise DomainError(
            _("The session has begun; nobody enrols any more."),
            code="session_begun",
            remedy=_("Choose another session of the course."),
        )
    taken = _already(session, actor)
    if taken is not None:
        raise _already_enrolled(taken)
    enrolled = session.enrolments.filter(state=EnrolmentState.ENROLLED).count()
    # Whoever waits was there first: a place that is free while people wait is theirs.
    waits = session.places is not None and (
        enrolled >= session.places or session.enrolments.filter(state=EnrolmentState.WAITING).exists()
    )
    enrolment = Enrolment.objects.create(
        alliance=alliance,
        session=session,
        user=actor,
        institution=institution,
        state=EnrolmentState.WAITING if waits else EnrolmentState.ENROLLED,
        enrolled_at=at,
    )
    record_audit(
        enrolment,
        actor=actor,
        verb="enrol",
        after={"course": code, "session": number, "institution": institution.code, "state": enrolment.state},
        at=at,
    )
    return enrolment


def _already(session: CourseSession, actor: User) -> Enrolment | None:
    return session.enrolments.filter(user=actor).exclude(state=EnrolmentState.LEFT).first()


def _already_enrolled(taken: Enrolment) -> DomainError:
    return DomainError(
        _("You are in this session already (%(state)s).") % {"state": taken.get_state_display()}, code="already_enrolled"
    )


@transaction.atomic
def leave(alliance: Alliance, code: str, number: int, *, actor: User, at: datetime) -> Enrolment:
    """Give up one's own place, or one's stand in the waiting list, before the session begins.

    The first who waits moves up at once.

    Raises:
        DomainError: ``not_enrolled``, ``session_not_open``, ``session_begun``.
    """
    session = lock_session(alliance, code, number)
    enrolment = _already(session, actor)
    if enrolment is None:
        raise DomainError(_("You are not in this session."), code="not_enrolled")
    require_state(session, SessionState.OPEN)
    if session.starts_at <= at:
        raise DomainError(
            _("The session has begun; a place can be given up only before."),
            code="session_begun",
            remedy=_("Whoever holds the session notes who was there."),
        )
    before = enrolment.state
    enrolment.state = EnrolmentState.LEFT
    enrolment.save(update_fields=["state"])
    record_audit(
        enrolment,
        actor=actor,
        verb="leave_session",
        before={"state": before},
        after={"course": code, "session": number, "state": enrolment.state},
        at=at,
    )
    move_up(session, at=at)
    return enrolment


def move_up(session: CourseSession, *, at: datetime) -> list[Enrolment]:
    """Give free places to those who wait, in the order they came; the caller holds the session's lock.

    Accounts that were closed are passed over.
    """
    if session.state != SessionState.OPEN or session.starts_at <= at:
        return []
    enrolled = session.enrolments.filter(state=EnrolmentState.ENROLLED).count()
    waiting = (
        session.enrolments.filter(state=EnrolmentState.WAITING, user__is_active=True)
        .select_related("user")
        .order_by("enrolled_at", "id")
    )
    free = None if session.places is None else max(0, session.places - enrolled)
    moved = list(waiting if free is None else waiting[:free])
    for enrolment in moved:
        enrolment.state = EnrolmentState.ENROLLED
        enrolment.save(update_fields=["state"])
        record_audit(
            enrolment,
            actor=None,
            verb="move_up",
            before={"state": EnrolmentState.WAITING},
            after={"course": session.course.code, "session": session.number, "state": enrolment.state},
            at=at,
        )
        _tell(session, [enrolment.user], "session_moved_up", f"session-moved-up:{enrolment.pk}", at=at)
    return moved


# ------------------------------------------------------------------------------------------------- attendance, assessment


def _rows(session: CourseSession, marks: Mapping[int, str], *, actor: User) -> dict[int, Enrolment]:
    """The enrolments a sheet names, by key.

    Raises:
        NotFoundError: One is not of this session, or has no place in it.
        SeparationOfDutiesError: One is the actor's own.
    """
    rows = {
        row.pk: row
        for row in session.enrolments.filter(state=EnrolmentState.ENROLLED, pk__in=marks)
        .select_related("user", "institution")
        .order_by("pk")
    }
    if set(rows) != set(marks):
        raise NotFoundError
    for row in rows.values():
        row.alliance, row.session = session.alliance, session
        if row.user_id == actor.pk:
            raise SeparationOfDutiesError(
                _("Nobody notes their own attendance or result."),
                remedy=_("Another person of the institution that holds the course, or the secretariat, does it."),
            )
    return rows


@transaction.atomic
def mark_attendance(
    alliance: Alliance, code: str, number: int, *, marks: Mapping[int, str], actor: User, at: datetime
) -> list[Enrolment]:
    """Note who was there; once the session has begun, and until credits or a result depend on it.

    In a course without assessment, a mark that is corrected to ``present`` after the session was held gives the credits then.

    Args:
        alliance: The tenant.
        code: The course's code.
        number: The session's number.
        marks: An AttendanceMark by the enrolment's key; those left out stay as they are.
        actor: A person of the host, or of the secretariat.
        at: Now.

    Returns:
        The enrolments whose mark changed.

    Raises:
        PermissionRefusedError: The actor neither acts for the host nor works in the secretariat.
        SeparationOfDutiesError: One of them is the actor's own.
        InvalidInputError: A mark is unknown.
        DomainError: ``session_not_open``, ``session_not_begun``, ``result_stands``.
    """
    session = lock_session(alliance, code, number)
    require(actor, HOLD_SESSION, session)
    require_state(session, SessionState.OPEN, SessionState.HELD)
    if at < session.starts_at:
        raise DomainError(
            _("The session has not begun yet."), code="session_not_begun", remedy=_("Note attendance once it has.")
        )
    if set(marks.values()) - set(AttendanceMark.values):
        raise InvalidInputError(_("Choose one from the list."), code="mark_unknown")
    changed = []
    for enrolment in _rows(session, marks, actor=actor).values():
        mark = marks[enrolment.pk]
        if enrolment.attendance == mark:
            continue
        if enrolment.assessed_at is not None:
            raise DomainError(
                _("%(person)s has a result already; the attendance behind it stays.") % {"person": enrolment.user},
                code="result_stands",
                remedy=_("The secretariat can revoke the certificate, with the reason."),
            )
        before, enrolment.attendance = enrolment.attendance, mark
        enrolment.save(update_fields=["attendance"])
        record_audit(
            enrolment,
            actor=actor,
            verb="mark_attendance",
            before={"attendance": before},
            after={"course": code, "session": number, "attendance": mark},
            at=at,
        )
        changed.append(enrolment)
        if session.state == SessionState.HELD and not session.course.is_assessed and mark == AttendanceMark.PRESENT:
            credit_attendance(enrolment, actor=actor, at=at)
    if session.state == SessionState.HELD and session.course.is_assessed:
        follow_assessment(session, by=actor, at=at)
    return changed


def credit_attendance(enrolment: Enrolment, *, actor: User, at: datetime) -> None:
    """Credits of a course without assessment, by attendance; ``assessed_by`` stays empty, because nobody assessed."""
    enrolment.assessed_at = at
    give_credits(enrolment, actor=actor, at=at)


@transaction.atomic
def assess(
    alliance: Alliance, code: str, number: int, *, marks: Mapping[int, str], actor: User, at: datetime
) -> list[Enrolment]:
    """Say who passed; credits and certificate follow at once, and only once.

    A result ``not passed`` can become ``passed`` later (the assessment was taken again), never the other way round.

    Args:
        alliance: The tenant.
        code: The course's code.
        number: The session's number.
        marks: An AssessmentMark by the enrolment's key; those left out stay as they are.
        actor: A person of the host, or of the secretariat; never of their own enrolment.
        at: Now.

    Returns:
        The enrolments whose result changed.

    Raises:
        PermissionRefusedError: The actor neither acts for the host nor works in the secretariat.
        SeparationOfDutiesError: One of them is the actor's own.
        InvalidInputError: A mark is unknown.
        DomainError: ``session_not_held``, ``not_assessed`` (the course has no assessment), ``not_there`` (the person was
            absent), ``result_stands`` (passed already).
    """
    session = lock_session(alliance, code, number)
    require(actor, HOLD_SESSION, session)
    require_state(session, SessionState.HELD)
    if not session.course.is_assessed:
        raise DomainError(_("This course has no assessment; whoever was present earned its credits."), code="not_assessed")
    if set(marks.values()) - set(AssessmentMark.values):
        raise InvalidInputError(_("Choose one from the list."), code="mark_unknown")
    changed = []
    for enrolment in _rows(session, marks, actor=actor).values():
        mark = marks[enrolment.pk]
        if enrolment.assessment == mark:
            continue
        if enrolment.assessment == AssessmentMark.PASSED:
            raise DomainError(
                _("%(person)s has passed; the result stays.") % {"person": enrolment.user},
                code="result_stands",
                remedy=_("The secretariat can revoke the certificate, with the reason."),
            )
        if enrolment.attendance not in THERE:
            raise DomainError(
                _("%(person)s was not there; only people who were are assessed.") % {"person": enrolment.user},
                code="not_there",
                remedy=_("Correct the attendance first, if it is wrong."),
            )
        _assess(enrolment, mark, actor=actor, at=at)
        changed.append(enrolment)
    follow_assessment(session, by=actor, at=at)
    return changed


def _assess(enrolment: Enrolment, mark: str, *, actor: User, at: datetime) -> None:
    session = enrolment.session
    before = enrolment.assessment
    enrolment.assessment, enrolment.assessed_by, enrolment.assessed_at = mark, actor, at
    enrolment.save(update_fields=["assessment", "assessed_by", "assessed_at"])
    record_audit(
        enrolment,
        actor=actor,
        verb="assess",
        before={"assessment": before},
        after={"course": session.course.code, "session": session.number, "assessment": mark},
        at=at,
    )
    if mark == AssessmentMark.PASSED:
        give_credits(enrolment, actor=actor, at=at)
    else:
        _tell(session, [enrolment.user], "course_not_passed", f"course-not-passed:{enrolment.pk}", at=at)


def follow_assessment(session: CourseSession, *, by: User | None, at: datetime) -> None:
    """Ask the host for the results while some are missing, else settle that; the caller holds the session's lock."""
    key = f"session-assess:{session.course.code}:{session.number}"
    missing = session.enrolments.filter(
        state=EnrolmentState.ENROLLED, attendance__in=THERE, assessed_at__isnull=True
    ).exists()
    if not missing:
        inbox.settle(session.alliance, key, by=by, at=at)
        return
    inbox.ask(
        session.alliance,
        "session_assess",
        key,
        inbox.institution(session.course.host_id),
        params=course_params(session.course, **day_params("day", session.starts_at)),
        url_name="session_detail",
        url_kwargs={"code": session.course.code, "number": session.number},
        at=at,
    )
