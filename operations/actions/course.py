"""Courses and the sessions in which they are held (AllianceCase2013, learning mechanism): drafted, planned, opened, held."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.db.models import Q, Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.actions.notifications import notify
from alliance.kernel.codes import next_code
from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError, SeparationOfDutiesError
from alliance.kernel.events import emit
from alliance.kernel.permissions import require
from alliance.models import InboxItem, User
from operations.actions.announce import day_params
from operations.actions.certificate import course_params
from operations.actions.enrolment import THERE, credit_attendance, follow_assessment, lock_session, move_up
from operations.actions.product import clean_reason
from operations.actions.project import active_institution, refuse_field
from operations.choices import AttendanceMark, EnrolmentState, LearningForm, ProductState, SessionState
from operations.models import Course, CourseSession, LearningPath, Product
from operations.permissions import HOLD_SESSION, RUN_COURSES
from operations.signals import SESSION_HELD
from operations.transitions import CANCEL_SESSION, OPEN_SESSION
from operations.transitions import HOLD_SESSION as HOLD

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from alliance.kernel.transitions import Transition
    from alliance.models import Alliance

COURSE_FIELDS: Final = (
    "form",
    "title_en",
    "title_zh",
    "aim_en",
    "aim_zh",
    "credits",
    "is_assessed",
    "valid_months",
    "is_offered",
)
TERMS: Final = ("credits", "is_assessed", "valid_months")
"""What people enrol upon; fixed while anybody is in a session whose results are not all there."""
SESSION_FIELDS: Final = ("starts_at", "ends_at", "place", "teacher", "places")
MOST_TEXT: Final = 8000
MOST_CREDITS: Final = Decimal("999.99")
MOST_MONTHS: Final = 240
MOST_PLACES: Final = 10_000
LONGEST: Final = timedelta(days=366)
EDITABLE: Final = (SessionState.PLANNED, SessionState.OPEN)


def lock_course(alliance: Alliance, code: str) -> Course:
    """The course, locked until the transaction ends.

    Raises:
        NotFoundError: No course of this alliance has the code.
    """
    course = (
        Course.objects.of(alliance)
        .select_for_update(of=("self",))
        .select_related("host", "product")
        .filter(code=code)
        .first()
    )
    if course is None:
        raise NotFoundError
    return course


def known_fields(values: Mapping[str, Any], allowed: tuple[str, ...]) -> dict[str, Any]:
    """The values, texts without blanks around them.

    Raises:
        InvalidInputError: A field cannot be written here.
    """
    if unknown := sorted(set(values) - set(allowed)):
        raise InvalidInputError(
            _("These fields cannot be changed here: %(names)s.") % {"names": ", ".join(unknown)}, code="unknown_fields"
        )
    return {name: value.strip() if isinstance(value, str) else value for name, value in values.items()}


def clean_credits(value: Any, name: str, most: Decimal) -> Decimal:
    """Credits: more than 0, at most two decimals.

    Raises:
        InvalidInputError: They are not.
    """
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        raise refuse_field(name, _("Give the credits as a number, such as 1.5.")) from None
    if not amount.is_finite() or not 0 < amount <= most or amount != round(amount, 2):
        raise refuse_field(
            name, _("Give more than 0 and at most %(most)s credits, with at most two decimals.") % {"most": most}
        )
    return round(amount, 2)


def check_titles(record: Course | LearningPath) -> dict[str, StrOrPromise]:
    """Faults of titles and aims, by field."""
    faults: dict[str, StrOrPromise] = {}
    if not record.title_en and not record.title_zh:
        faults["title_en"] = _("Give a title in English or in Chinese.")
    for name, most in (("title_en", 200), ("title_zh", 200), ("aim_en", MOST_TEXT), ("aim_zh", MOST_TEXT)):
        if len(getattr(record, name)) > most:
            faults[name] = _("This is longer than %(most)s characters.") % {"most": most}
    return faults


def _check(course: Course) -> None:
    faults = check_titles(course)
    if course.form not in LearningForm.values:
        faults["form"] = _("Choose one from the list.")
    months = course.valid_months
    if months is not None and not 0 < months <= MOST_MONTHS:
        faults["valid_months"] = _("Give 1 to %(most)s months, or leave it empty.") % {"most": MOST_MONTHS}
    if faults:
        raise InvalidInputError(
            _("The course was not saved: %(what)s") % {"what": " ".join(str(words) for words in faults.values())},
            code="course_invalid",
            fields=faults,
        )
    course.credits = clean_credits(course.credits, "credits", MOST_CREDITS)


def _product(alliance: Alliance, code: str) -> Product | None:
    if not code:
        return None
    found = Product.objects.of(alliance).filter(code__iexact=code.strip(), state=ProductState.RELEASED).first()
    if found is None:
        raise refuse_field("product", _("No released product has this code."), "product_unknown")
    return found


@transaction.atomic
def draft_course(
    alliance: Alliance,
    *,
    host_id: int,
    values: Mapping[str, Any],
    product: str = "",
    actor: User,
    at: datetime,
    code: str = "",
) -> Course:
    """Draft a course that an institution holds.

    Args:
        alliance: The tenant.
        host_id: Institution that holds it; an active member.
        values: Of COURSE_FIELDS.
        product: Code of the released product it is made from, or empty.
        actor: A person of the secretariat.
        at: Now.
        code: Code to use, for loaders; the next number when empty.

    Raises:
        PermissionRefusedError: The actor does not work in the secretariat.
        NotFoundError: The host is none of this alliance.
        InvalidInputError: A value is missing or does not fit.
    """
    require(actor, RUN_COURSES, alliance)
    host = active_institution(alliance, host_id)
    course = Course(alliance=alliance, host=host, created_by=actor, created_at=at, product=_product(alliance, product))
    for name, value in known_fields(values, COURSE_FIELDS).items():
        setattr(course, name, value)
    _check(course)
    course.code = code or next_code(Course, alliance, "CR", 3)
    course.save()
    record_audit(
        course,
        actor=actor,
        verb="draft_course",
        after={
            "code": course.code,
            "host": host.code,
            "form": course.form,
            "credits": course.credits,
            "is_assessed": course.is_assessed,
            "valid_months": course.valid_months,
        },
        personal={name: getattr(course, name) for name in ("title_en", "title_zh") if getattr(course, name)},
        at=at,
    )
    return course


@transaction.atomic
def change_course(
    alliance: Alliance,
    code: str,
    *,
    values: Mapping[str, Any],
    host_id: int | None = None,
    product: str | None = None,
    actor: User,
    at: datetime,
) -> Course:
    """Change a course; what was earned stays as it was earned.

    Args:
        alliance: The tenant.
        code: The course's code.
        values: Of COURSE_FIELDS; those left out stay.
        host_id: Institution that holds it from now on; None: the same.
        product: Code of the product it is made from; empty: none; None: the same.
        actor: A person of the secretariat.
        at: Now.

    Raises:
        PermissionRefusedError: The actor does not work in the secretariat.
        InvalidInputError: A value does not fit.
        DomainError: ``terms_fixed``: people are enrolled upon the present credits and rules. ``path_unreachable``: a
            learning path needs more credits than its courses would give.
    """
    course = lock_course(alliance, code)
    require(actor, RUN_COURSES, course)
    cleaned = known_fields(values, COURSE_FIELDS)
    if "credits" in cleaned:
        cleaned["credits"] = clean_credits(cleaned["credits"], "credits", MOST_CREDITS)
    changed = {name: value for name, value in cleaned.items() if getattr(course, name) != value}
    before = {name: getattr(course, name) for name in changed}
    host_before = course.host
    if host_id is not None and host_id != course.host_id:
        course.host = active_institution(alliance, host_id)
    if product is not None:
        course.product = _product(alliance, product)
    for name, value in changed.items():
        setattr(course, name, value)
    _check(course)
    if set(TERMS) & set(changed):
        _require_terms_free(course)
    course.save()
    if "credits" in changed:
        for path in LearningPath.objects.of(alliance).filter(courses__course=course, is_offered=True):
            require_reachable(path)
    plain = set(changed) - {"title_en", "title_zh", "aim_en", "aim_zh"}
    record_audit(
        course,
        actor=actor,
        verb="change_course",
        before={**{name: before[name] for name in plain}, "host": host_before.code},
        after={**{name: changed[name] for name in plain}, "host": course.host.code, "fields": sorted(changed)},
        personal={name: str(changed[name]) for name in set(changed) - plain},
        at=at,
    )
    if course.host_id != host_before.pk:
        # What waits for the former host waits for the new one: the items stay, as the marks they are.
        for prefix in (f"session-hold:{code}:", f"session-assess:{code}:"):
            InboxItem.objects.of(alliance).filter(key__startswith=prefix, done_at__isnull=True).update(
                institution_id=course.host_id
            )
    return course


def _require_terms_free(course: Course) -> None:
    # Nobody enrols between this look and the end of the transaction: whoever does locks the session first.
    list(course.sessions.select_for_update().order_by("pk").values_list("pk", flat=True))
    busy = course.sessions.filter(
        Q(state=SessionState.OPEN, enrolments__state__in=[EnrolmentState.ENROLLED, EnrolmentState.WAITING])
        | Q(
            state=SessionState.HELD,
            enrolments__state=EnrolmentState.ENROLLED,
            enrolments__attendance__in=THERE,
            enrolments__assessed_at__isnull=True,
        )
    )
    if busy.exists():
        raise DomainError(
            _("People are enrolled upon the present credits and rules; they stay until the results are there."),
            code="terms_fixed",
            remedy=_("Note the results first, or draft a new course with other credits."),
        )


def require_reachable(path: LearningPath) -> None:
    """Refuse a path that nobody can reach, because its courses give fewer credits than it needs.

    Raises:
        InvalidInputError: ``path_unreachable``.
    """
    given = path.courses.aggregate(total=Sum("course__credits"))["total"] or Decimal(0)
    if given < path.credits_needed:
        raise refuse_field(
            "credits_needed",
            _("The courses of %(path)s give %(given)s credits, the path needs %(needed)s: nobody could reach it.")
            % {"path": path.code or path.title, "given": given, "needed": path.credits_needed},
            "path_unreachable",
        )


# ---------------------------------------------------------------------------------------------------------------- sessions


def _set_session(session: CourseSession, values: Mapping[str, Any], *, at: datetime) -> dict[str, Any]:
    cleaned = known_fields(values, SESSION_FIELDS)
    changed = {name: value for name, value in cleaned.items() if getattr(session, name) != value}
    for name, value in changed.items():
        setattr(session, name, value)
    faults: dict[str, StrOrPromise] = {}
    if not isinstance(session.starts_at, datetime):
        faults["starts_at"] = _("Say when it begins.")
    elif "starts_at" in changed and session.starts_at <= at:
        faults["starts_at"] = _("The session must begin in the future.")
    if not isinstance(session.ends_at, datetime):
        faults["ends_at"] = _("Say when it ends.")
    elif isinstance(session.starts_at, datetime) and session.ends_at <= session.starts_at:
        faults["ends_at"] = _("The end must come after the start.")
    elif isinstance(session.starts_at, datetime) and session.ends_at - session.starts_at > LONGEST:
        faults["ends_at"] = _("A session lasts at most a year.")
    for name in ("place", "teacher"):
        if len(getattr(session, name)) > 200:
            faults[name] = _("This is longer than %(most)s characters.") % {"most": 200}
    if session.places is not None and not 0 < session.places <= MOST_PLACES:
        faults["places"] = _("Give 1 to %(most)s places, or leave it empty for no limit.") % {"most": MOST_PLACES}
    if faults:
        raise InvalidInputError(
            _("The session was not saved: %(what)s") % {"what": " ".join(str(words) for words in faults.values())},
            code="session_invalid",
            fields=faults,
        )
    return changed


@transaction.atomic
def plan_session(alliance: Alliance, code: str, *, values: Mapping[str, Any], actor: User, at: datetime) -> CourseSession:
    """Plan a time at which a course is held.

    Args:
        alliance: The tenant.
        code: The course's code.
        values: Of SESSION_FIELDS.
        actor: A person of the secretariat.
        at: Now.

    Raises:
        PermissionRefusedError: The actor does not work in the secretariat.
        InvalidInputError: The times do not fit, or a value is too long.
        DomainError: ``course_not_offered``.
    """
    course = lock_course(alliance, code)
    require(actor, RUN_COURSES, course)
    _require_offered(course)
    last = course.sessions.order_by("-number").values_list("number", flat=True).first()
    session = CourseSession(alliance=alliance, course=course, number=(last or 0) + 1)
    _set_session(session, values, at=at)
    session.save()
    record_audit(
        session,
        actor=actor,
        verb="plan_session",
        after={
            "course": code,
            "session": session.number,
            "state": session.state,
            "starts_at": session.starts_at,
            "ends_at": session.ends_at,
            "places": session.places,
        },
        personal={name: getattr(session, name) for name in ("place", "teacher") if getattr(session, name)},
        at=at,
    )
    return session


def _require_offered(course: Course) -> None:
    if not course.is_offered:
        raise DomainError(
            _("The course is not offered any more."),
            code="course_not_offered",
            remedy=_("Mark it as offered again on its page, then go on."),
        )


@transaction.atomic
def change_session(
    alliance: Alliance, code: str, number: int, *, values: Mapping[str, Any], actor: User, at: datetime
) -> CourseSession:
    """Change time, place, teacher or places; more places let people move up, new times are told to everybody in it.

    Raises:
        PermissionRefusedError: The actor does not work in the secretariat.
        InvalidInputError: The times do not fit, or there would be fewer places than people in them.
        DomainError: ``session_over``: it was held or cancelled. ``session_begun``: its start cannot be moved any more.
    """
    session = lock_session(alliance, code, number)
    require(actor, RUN_COURSES, session)
    if session.state not in EDITABLE:
        raise DomainError(
            _("The session is over (%(state)s); it stays as it is.") % {"state": session.get_state_display()},
            code="session_over",
            remedy=_("Plan another session of the course."),
        )
    before = {name: getattr(session, name) for name in SESSION_FIELDS}
    changed = _set_session(session, values, at=at)
    if "starts_at" in changed and before["starts_at"] <= at:
        raise DomainError(
            _("The session has begun; its start stays."),
            code="session_begun",
            remedy=_("Close it as held, or cancel it with the reason."),
        )
    enrolled = session.enrolments.filter(state=EnrolmentState.ENROLLED).count()
    if session.places is not None and enrolled > session.places:
        raise refuse_field(
            "places", _("%(count)s people have a place already; nobody loses one.") % {"count": enrolled}, "places_taken"
        )
    if not changed:
        return session
    session.save(update_fields=list(changed))
    plain = set(changed) - {"place", "teacher"}
    record_audit(
        session,
        actor=actor,
        verb="change_session",
        before={name: before[name] for name in plain},
        after={**{name: changed[name] for name in plain}, "course": code, "session": number, "fields": sorted(changed)},
        personal={name: str(changed[name]) for name in set(changed) - plain},
        at=at,
    )
    move_up(session, at=at)
    if set(changed) & {"starts_at", "ends_at", "place"}:
        _tell_everybody(session, "session_changed", f"session-changed:{code}:{number}:{at.isoformat()}", actor=actor, at=at)
    return session


def _tell_everybody(session: CourseSession, kind: str, key: str, *, actor: User, at: datetime, **params: str) -> None:
    ids = session.enrolments.filter(state__in=[EnrolmentState.ENROLLED, EnrolmentState.WAITING]).values("user_id")
    notify(
        session.alliance,
        User.objects.filter(pk__in=ids, is_active=True).exclude(pk=actor.pk).order_by("pk"),
        kind,
        key,
        params=course_params(session.course, **day_params("day", session.starts_at), **params),
        at=at,
        url_name="course_detail",
        url_kwargs={"code": session.course.code},
    )


def _move(
    session: CourseSession,
    step: Transition,
    *,
    actor: User,
    at: datetime,
    fields: tuple[str, ...] = (),
    personal: Mapping[str, str] | None = None,
) -> None:
    before, session.state = session.state, step.target
    session.save(update_fields=["state", *fields])
    record_audit(
        session,
        actor=actor,
        verb=step.name,
        before={"state": before},
        after={"course": session.course.code, "session": session.number, "state": session.state},
        personal=personal,
        at=at,
    )


@transaction.atomic
def open_session(alliance: Alliance, code: str, number: int, *, actor: User, at: datetime) -> CourseSession:
    """Let people enrol.

    Raises:
        PermissionRefusedError: The actor does not work in the secretariat.
        TransitionRefusedError: It is not planned.
        DomainError: ``session_begun``: its start has passed. ``course_not_offered``.
    """
    session = lock_session(alliance, code, number)
    require(actor, RUN_COURSES, session)
    OPEN_SESSION.check(session.state)
    _require_offered(session.course)
    if session.starts_at <= at:
        raise DomainError(
            _("The session's start has passed; nobody could enrol."),
            code="session_begun",
            remedy=_("Move its start into the future first, or cancel it."),
        )
    _move(session, OPEN_SESSION, actor=actor, at=at)
    return session


@transaction.atomic
def hold_session(alliance: Alliance, code: str, number: int, *, actor: User, at: datetime) -> CourseSession:
    """Close a session as held. In a course without assessment, whoever was present earns the credits now.

    Raises:
        PermissionRefusedError: The actor neither acts for the host nor works in the secretariat.
        TransitionRefusedError: It is not open.
        SeparationOfDutiesError: The actor would earn credits by this act.
        DomainError: ``session_not_begun``, ``attendance_missing``, ``nobody_there``.
    """
    session = lock_session(alliance, code, number)
    require(actor, HOLD_SESSION, session)
    HOLD.check(session.state)
    if at < session.starts_at:
        raise DomainError(
            _("The session has not begun yet."), code="session_not_begun", remedy=_("Close it once it has been held.")
        )
    people = list(
        session.enrolments.filter(state=EnrolmentState.ENROLLED).select_related("user", "institution").order_by("pk")
    )
    unmarked = sum(1 for row in people if not row.attendance)
    if unmarked:
        raise DomainError(
            _("Attendance is missing for %(count)s of those enrolled.") % {"count": unmarked},
            code="attendance_missing",
            remedy=_("Say for everybody whether they were there, then close the session."),
        )
    there = [row for row in people if row.attendance in THERE]
    if not there:
        raise DomainError(
            _("Nobody was there."),
            code="nobody_there",
            remedy=_("Ask the secretariat to cancel the session, with the reason."),
        )
    earning = [] if session.course.is_assessed else [row for row in there if row.attendance == AttendanceMark.PRESENT]
    if any(row.user_id == actor.pk for row in earning):
        raise SeparationOfDutiesError(
            _("Nobody gives credits to themselves: you were in this session."),
            remedy=_("Another person of the institution that holds the course, or the secretariat, closes it."),
        )
    session.held_at = at
    _move(session, HOLD, actor=actor, at=at, fields=("held_at",))
    emit(
        alliance,
        SESSION_HELD,
        {
            "session_id": session.pk,
            "course": code,
            "session": number,
            "institution": session.course.host.code,
            "attended": len(there),
            "credits": str(session.course.credits),
            "held_on": timezone.localtime(session.starts_at).date().isoformat(),
        },
    )
    inbox.settle(alliance, f"session-hold:{code}:{number}", by=actor, at=at)
    for row in earning:
        row.alliance, row.session = alliance, session
        credit_attendance(row, actor=actor, at=at)
    if session.course.is_assessed:
        follow_assessment(session, by=actor, at=at)
    return session


@transaction.atomic
def cancel_session(alliance: Alliance, code: str, number: int, *, reason: str, actor: User, at: datetime) -> CourseSession:
    """Cancel a session, with the reason; everybody in it is told.

    Raises:
        PermissionRefusedError: The actor does not work in the secretariat.
        TransitionRefusedError: It was held or cancelled.
        InvalidInputError: The reason is missing or longer than 300 characters.
    """
    session = lock_session(alliance, code, number)
    require(actor, RUN_COURSES, session)
    CANCEL_SESSION.check(session.state)
    words = clean_reason(reason)
    if len(words) > 300:
        raise refuse_field("reason", _("This is longer than %(most)s characters.") % {"most": 300})
    _move(session, CANCEL_SESSION, actor=actor, at=at, personal={"reason": words})
    inbox.settle(alliance, f"session-hold:{code}:{number}", by=actor, at=at)
    _tell_everybody(session, "session_cancelled", f"session-cancelled:{code}:{number}", actor=actor, at=at, reason=words)
    return session


@transaction.atomic
def ask_to_hold(alliance: Alliance, session_id: int, *, at: datetime) -> bool:
    """Ask the host for attendance once a session's end has passed; the system's own act, safe to repeat.

    Returns:
        Whether the host was asked now.
    """
    session = (
        CourseSession.objects.of(alliance)
        .select_for_update(of=("self",))
        .select_related("course")
        .filter(pk=session_id, state=SessionState.OPEN, ends_at__lte=at)
        .first()
    )
    if session is None:
        return False
    key = f"session-hold:{session.course.code}:{session.number}"
    if InboxItem.objects.of(alliance).filter(key=key).exists():
        return False
    inbox.ask(
        alliance,
        "session_hold",
        key,
        inbox.institution(session.course.host_id),
        params=course_params(session.course, **day_params("day", session.starts_at)),
        url_name="session_detail",
        url_kwargs={"code": session.course.code, "number": session.number},
        at=at,
    )
    return True
