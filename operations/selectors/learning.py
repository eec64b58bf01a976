"""Reads of learning: courses, sessions, enrolments, certificates, paths; what the public may know of a certificate."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Count, DateTimeField, Exists, Min, OuterRef, Prefetch, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from alliance.kernel.calendar import CalendarEntry
from alliance.kernel.errors import NotFoundError
from alliance.kernel.permissions import can, grants_of, institutions_acted_for
from members.models import Institution
from members.selectors.duties import Duty
from operations.choices import CertificateState, EnrolmentState, LearningForm, SessionState
from operations.models import Certificate, Course, CourseSession, Enrolment, LearningPath, LearningPathCourse
from operations.permissions import VIEW_COURSE, VIEW_LEARNING, VIEW_SHEET
from operations.selectors.path_standing import Earned, Standing, Step, certificate_state, standing_on

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from alliance.models import Alliance, User

ORDER: Final = ("-created_at", "-id")
SESSION_ORDER: Final = ("starts_at", "id")
CERTIFICATE_ORDER: Final = ("-issued_on", "-id")
PRESENT_STATES: Final = (EnrolmentState.ENROLLED, EnrolmentState.WAITING)


def _counted(sessions: QuerySet[CourseSession], alliance: Alliance) -> QuerySet[CourseSession]:
    """Sessions with how many people have a place and how many wait."""
    rows = Enrolment.objects.of(alliance).filter(session=OuterRef("pk")).order_by().values("session")
    counts = {
        f"{name}_count": Coalesce(Subquery(rows.filter(state=state).annotate(number=Count("pk")).values("number")), Value(0))
        for name, state in (("enrolled", EnrolmentState.ENROLLED), ("waiting", EnrolmentState.WAITING))
    }
    return sessions.annotate(**counts)


# ----------------------------------------------------------------------------------------------------------------- courses


def visible_courses(alliance: Alliance, user: Any) -> QuerySet[Course]:
    """Courses open to a person, as ``operations.view_course`` says of each; one query."""
    found = Course.objects.of(alliance)
    if can(user, VIEW_LEARNING, alliance):
        return found
    mine = {grant.institution_id for grant in grants_of(user, alliance) if grant.scope == "institution"}
    taken = Enrolment.objects.of(alliance).filter(session__course=OuterRef("pk"), user=user.pk)
    offered = Q(is_offered=True) if mine else Q(pk__in=[])
    return found.filter(offered | Q(host_id__in=mine) | Exists(taken))


def list_courses(
    alliance: Alliance, user: Any, *, form: str = "", show: str = "", q: str = "", at: datetime
) -> QuerySet[Course]:
    """Courses for a list, with the start of the next session, how many were held and how many people passed; one query.

    Args:
        alliance: The tenant.
        user: The reader.
        form: A LearningForm, or empty for all.
        show: ``offered``, ``ended`` (not offered any more), or empty for all.
        q: Words of a title, or a code.
        at: Now.
    """
    sessions = CourseSession.objects.of(alliance).filter(course=OuterRef("pk")).order_by().values("course")
    passed = (
        Enrolment.objects.of(alliance)
        .filter(session__course=OuterRef("pk"), credits__gt=0)
        .order_by()
        .values("session__course")
        .annotate(number=Count("pk"))
        .values("number")
    )
    found = (
        visible_courses(alliance, user)
        .select_related("host")
        .annotate(
            next_start=Subquery(
                sessions.filter(state__in=[SessionState.PLANNED, SessionState.OPEN], starts_at__gt=at)
                .annotate(first=Min("starts_at"))
                .values("first"),
                output_field=DateTimeField(),
            ),
            held_count=Coalesce(
                Subquery(sessions.filter(state=SessionState.HELD).annotate(number=Count("pk")).values("number")), Value(0)
            ),
            passed_count=Coalesce(Subquery(passed), Value(0)),
        )
    )
    if form:
        found = found.filter(form=form)
    if show:
        found = found.filter(is_offered=show == "offered")
    if q:
        found = found.filter(Q(code__iexact=q) | Q(title_en__icontains=q) | Q(title_zh__icontains=q))
    return found


def get_course(alliance: Alliance, code: str, *, reader: Any) -> Course:
    """A course with its sessions, newest first, and in how many paths it stands; three queries.

    Raises:
        NotFoundError: There is none, or it is not open to this reader: the same answer.
    """
    course = (
        Course.objects.of(alliance)
        .select_related("host", "product")
        .prefetch_related(
            Prefetch("sessions", _counted(CourseSession.objects.of(alliance), alliance).order_by("-starts_at", "-id")),
            Prefetch("paths", LearningPathCourse.objects.of(alliance).select_related("path").order_by("path__code")),
        )
        .filter(code=code)
        .first()
    )
    if course is None:
        raise NotFoundError
    course.alliance = alliance
    if not can(reader, VIEW_COURSE, course):
        raise NotFoundError
    return course


def own_places(alliance: Alliance, user: Any, sessions: Iterable[CourseSession]) -> dict[int, Enrolment]:
    """A person's places in some sessions, by the session's key, with how many wait before them (``ahead``); one query."""
    before = (
        Enrolment.objects.of(alliance)
        .filter(session=OuterRef("session"), state=EnrolmentState.WAITING)
        .filter(Q(enrolled_at__lt=OuterRef("enrolled_at")) | Q(enrolled_at=OuterRef("enrolled_at"), pk__lt=OuterRef("pk")))
        .order_by()
        .values("session")
        .annotate(number=Count("pk"))
        .values("number")
    )
    rows = (
        Enrolment.objects.of(alliance)
        .filter(user=user.pk, session__in=[session.pk for session in sessions], state__in=PRESENT_STATES)
        .annotate(ahead=Coalesce(Subquery(before), Value(0)))
        .select_related("institution")
    )
    return {row.session_id: row for row in rows}


def get_session(alliance: Alliance, code: str, number: int, *, reader: Any) -> CourseSession:
    """A session with its sheet; two queries.

    Raises:
        NotFoundError: There is none, or the sheet is not open to this reader: the same answer.
    """
    session = (
        CourseSession.objects.of(alliance)
        .select_related("course__host")
        .prefetch_related(
            Prefetch(
                "enrolments",
                Enrolment.objects.of(alliance)
                .select_related("user", "institution", "certificate", "assessed_by")
                .order_by("enrolled_at", "id"),
            )
        )
        .filter(course__code=code, number=number)
        .first()
    )
    if session is None:
        raise NotFoundError
    session.alliance = session.course.alliance = alliance
    if not can(reader, VIEW_SHEET, session):
        raise NotFoundError
    return session


def list_offers(alliance: Alliance, *, at: datetime, form: str = "") -> QuerySet[CourseSession]:
    """Sessions that are open for enrolment and have not begun, soonest first; one query."""
    found = _counted(
        CourseSession.objects.of(alliance).filter(state=SessionState.OPEN, starts_at__gt=at).select_related("course__host"),
        alliance,
    )
    return found.filter(course__form=form) if form in LearningForm.values else found


def list_hosted(alliance: Alliance, institution_ids: Iterable[int]) -> list[CourseSession]:
    """Sessions that institutions hold: those to come and those whose results are not all there; one query."""
    unfinished = Enrolment.objects.of(alliance).filter(
        session=OuterRef("pk"), state=EnrolmentState.ENROLLED, attendance__in=["present", "partly"], assessed_at__isnull=True
    )
    rows = (
        CourseSession.objects.of(alliance)
        .filter(
            Q(state__in=[SessionState.PLANNED, SessionState.OPEN])
            | Q(Exists(unfinished), state=SessionState.HELD, course__is_assessed=True),
            course__host_id__in=set(institution_ids),
        )
        .select_related("course")
        .order_by(*SESSION_ORDER)
    )
    return list(_counted(rows, alliance)[:40])


def open_sessions(alliance: Alliance, user: Any) -> QuerySet[CourseSession]:  # noqa: ARG001 - the same for all who see the console
    """Sessions open for enrolment."""
    return CourseSession.objects.of(alliance).filter(state=SessionState.OPEN)


def duty_provider(hand_over: Callable[..., object]) -> Callable[[Alliance, Institution, datetime], list[Duty]]:
    """The provider of an institution's courses for its exit: those with sessions to come or results that are missing.

    Args:
        hand_over: The action that changes a course; handed in, because actions build on selectors and not the other way round.
    """

    def give(alliance: Alliance, code: str, to: Institution | None, *, actor: User, at: datetime) -> None:
        if to is not None:
            hand_over(alliance, code, values={}, host_id=to.pk, actor=actor, at=at)

    def provide(alliance: Alliance, institution: Institution, at: datetime) -> list[Duty]:  # noqa: ARG001 - no dates needed
        unfinished = Enrolment.objects.of(alliance).filter(
            session=OuterRef("pk"), attendance__in=["present", "partly"], assessed_at__isnull=True
        )
        busy = CourseSession.objects.of(alliance).filter(
            Q(state__in=[SessionState.PLANNED, SessionState.OPEN])
            | Q(Exists(unfinished), state=SessionState.HELD, course__is_assessed=True),
            course=OuterRef("pk"),
        )
        rows = Course.objects.of(alliance).filter(Exists(busy), host=institution).order_by("code")
        return [
            Duty(
                _("holds the course %(code)s (%(title)s)") % {"code": row.code, "title": row.title},
                "course_detail",
                {"code": row.code},
                key=f"course:{row.code}",
                hand_over=partial(give, alliance, row.code),
                needs_successor=True,
            )
            for row in rows
        ]

    return provide


# --------------------------------------------------------------------------------------------------- a learner's own things


def list_own_enrolments(alliance: Alliance, user: Any) -> list[Enrolment]:
    """A person's present places and what became of earlier ones, newest start first; one query."""
    return list(
        Enrolment.objects.of(alliance)
        .filter(user=user.pk, state__in=PRESENT_STATES)
        .exclude(state=EnrolmentState.WAITING, session__state=SessionState.HELD)
        .select_related("session__course__host", "institution", "certificate")
        .order_by("-session__starts_at", "-id")[:60]
    )


def list_own_certificates(alliance: Alliance, user: Any) -> list[Certificate]:
    """A person's certificates, newest first; one query."""
    return list(
        Certificate.objects.of(alliance)
        .filter(enrolment__user=user.pk)
        .select_related("enrolment__session__course", "enrolment__institution")
        .order_by(*CERTIFICATE_ORDER)
    )


def state_of(certificate: Certificate, today: date) -> CertificateState:
    """What a certificate is worth on a day."""
    return certificate_state(certificate.expires_on, is_revoked=certificate.revoked_at is not None, today=today)


def valid_credits(certificates: Iterable[Certificate], today: date) -> Decimal:
    """Credits of certificates that are valid on a day; a course taken twice counts once, as on a learning path."""
    best: dict[int, Decimal] = {}
    for one in certificates:
        if state_of(one, today) == CertificateState.VALID:
            course = one.enrolment.session.course_id
            best[course] = max(best.get(course, Decimal(0)), one.enrolment.credits)
    return sum(best.values(), start=Decimal(0))


@dataclass(frozen=True, slots=True)
class PathLine:
    """A learning path as somebody stands on it.

    Attributes:
        path: The path with its courses.
        standing: How far.
        rows: Each course with ``passed``, ``lapsed`` or an empty text.
    """

    path: LearningPath
    standing: Standing
    rows: list[tuple[LearningPathCourse, str]]


def list_paths(alliance: Alliance, *, offered_only: bool = False) -> list[LearningPath]:
    """Learning paths with their courses, by code; two queries."""
    rows = LearningPath.objects.of(alliance).prefetch_related(
        Prefetch("courses", LearningPathCourse.objects.of(alliance).select_related("course").order_by("position", "id"))
    )
    if offered_only:
        rows = rows.filter(is_offered=True)
    return list(rows.order_by("code", "id"))


def get_path(alliance: Alliance, code: str) -> LearningPath:
    """A learning path with its courses; two queries.

    Raises:
        NotFoundError: There is none.
    """
    found = next((path for path in list_paths(alliance) if path.code == code), None)
    if found is None:
        raise NotFoundError
    return found


def stand_on(path: LearningPath, certificates: Iterable[Certificate], today: date) -> PathLine:
    """How far somebody is on a path from :func:`list_paths`, by their certificates; no query."""
    rows = list(path.courses.all())
    standing = standing_on(
        [Step(row.course_id, row.is_required) for row in rows],
        path.credits_needed,
        [
            Earned(one.enrolment.session.course_id, one.enrolment.credits, one.expires_on, one.revoked_at is not None)
            for one in certificates
        ],
        today,
    )
    marks = [
        (
            row,
            "passed" if row.course_id in standing.passed else "lapsed" if row.course_id in standing.lapsed else "",
        )
        for row in rows
    ]
    return PathLine(path, standing, marks)


def reached_counts(alliance: Alliance, paths: Iterable[LearningPath], today: date) -> dict[int, int]:
    """How many people have reached each path on a day; one query over the certificates of the paths' courses."""
    wanted = list(paths)
    courses = {row.course_id for path in wanted for row in path.courses.all()}
    people: dict[int, list[Certificate]] = {}
    rows = (
        Certificate.objects.of(alliance)
        .filter(enrolment__session__course_id__in=courses, revoked_at__isnull=True)
        .filter(Q(expires_on__isnull=True) | Q(expires_on__gte=today))
        .select_related("enrolment__session")
    )
    for one in rows:
        people.setdefault(one.enrolment.user_id, []).append(one)
    return {
        path.pk: sum(1 for held in people.values() if stand_on(path, held, today).standing.state == "reached")
        for path in wanted
    }


# ------------------------------------------------------------------------------------------------------------ certificates


def read_code(text: str) -> str:
    """A code as it is kept, from what somebody typed: case, hyphens, blanks and full-width signs make no difference.

    Returns:
        The code in groups of four, or an empty text for what cannot be one.
    """
    plain = "".join(sign for sign in unicodedata.normalize("NFKC", text[:80]).upper() if sign.isalnum())
    if len(plain) != 16 or not plain.isascii():
        return ""
    return "-".join(plain[place : place + 4] for place in range(0, 16, 4))


def get_certificate(alliance: Alliance, code: str) -> Certificate:
    """A certificate by its code; one query.

    Raises:
        NotFoundError: There is none.
    """
    found = (
        Certificate.objects.of(alliance)
        .select_related("enrolment__session__course__host", "enrolment__user", "enrolment__institution", "revoked_by")
        .filter(code=read_code(code))
        .first()
    )
    if found is None:
        raise NotFoundError
    found.alliance = alliance
    return found


def list_certificates(alliance: Alliance, *, state: str = "", q: str = "", at: datetime) -> QuerySet[Certificate]:
    """Certificates for the office, newest first; one query.

    Args:
        alliance: The tenant.
        state: A CertificateState, ``expiring`` (within 60 days), or empty for all.
        q: A code, part of a person's name, or a course's code.
        at: Now.
    """
    today = timezone.localtime(at).date()
    found = Certificate.objects.of(alliance).select_related(
        "enrolment__session__course", "enrolment__user", "enrolment__institution"
    )
    if state == CertificateState.REVOKED:
        found = found.filter(revoked_at__isnull=False)
    elif state == CertificateState.EXPIRED:
        found = found.filter(revoked_at__isnull=True, expires_on__lt=today)
    elif state == CertificateState.VALID:
        found = found.filter(Q(expires_on__isnull=True) | Q(expires_on__gte=today), revoked_at__isnull=True)
    elif state == "expiring":
        found = found.filter(revoked_at__isnull=True, expires_on__gte=today, expires_on__lte=today + timedelta(days=60))
    if q:
        found = found.filter(
            Q(code=read_code(q))
            | Q(enrolment__session__course__code__iexact=q)
            | Q(enrolment__user__name_en__icontains=q)
            | Q(enrolment__user__name_zh__icontains=q)
        )
    return found


@dataclass(frozen=True, slots=True)
class Verified:
    """What anybody may know of a certificate.

    Attributes:
        state: What it is worth now; unknown where no certificate has the code.
        code: The code as kept, for those that exist.
        course: The course; None when unknown.
        credits: Credits it gave.
        issued_on: Day of issue.
        expires_on: Last day, or None.
        revoked_on: Day of revocation, or None.
        person_en: Name, only where the person allows it and the certificate is valid.
        person_zh: The same in Chinese.
    """

    state: CertificateState
    code: str = ""
    course: Course | None = None
    credits: Decimal = Decimal(0)
    issued_on: date | None = None
    expires_on: date | None = None
    revoked_on: date | None = None
    person_en: str = ""
    person_zh: str = ""


def verify(alliance: Alliance, text: str, *, at: datetime) -> Verified:
    """What a certificate's code proves; one query, none for what cannot be a code."""
    code = read_code(text)
    found = (
        Certificate.objects.of(alliance)
        .select_related("enrolment__session__course__host", "enrolment__user")
        .filter(code=code)
        .first()
        if code
        else None
    )
    if found is None:
        return Verified(CertificateState.UNKNOWN)
    state = state_of(found, timezone.localtime(at).date())
    user = found.enrolment.user
    # A person who is named says so of what holds; a certificate that was revoked or lapsed names nobody.
    named = found.is_named and state == CertificateState.VALID
    return Verified(
        state,
        found.code,
        found.enrolment.session.course,
        found.enrolment.credits,
        found.issued_on,
        found.expires_on,
        timezone.localtime(found.revoked_at).date() if found.revoked_at else None,
        (user.name_en or user.name_zh) if named else "",
        (user.name_zh or user.name_en) if named else "",
    )


# ------------------------------------------------------------------------------------------------------- work in background


def list_lapsing_ids(alliance: Alliance, *, at: datetime, before: timedelta) -> list[int]:
    """Certificates that lapse within a span, or did within the last 30 days, to be reminded of or settled; one query."""
    today = timezone.localtime(at).date()
    return list(
        Certificate.objects.of(alliance)
        .filter(revoked_at__isnull=True, expires_on__gte=today - timedelta(days=30), expires_on__lte=today + before)
        .order_by("expires_on", "pk")
        .values_list("pk", flat=True)
    )


def list_past_open_ids(alliance: Alliance, *, at: datetime) -> list[int]:
    """Sessions whose end has passed and that nobody closed; one query."""
    return list(
        CourseSession.objects.of(alliance)
        .filter(state=SessionState.OPEN, ends_at__lte=at)
        .order_by("pk")
        .values_list("pk", flat=True)
    )


def calendar_of_sessions(alliance: Alliance, user: User, since: datetime, until: datetime) -> list[CalendarEntry]:
    """Sessions in which a person has a place, and those that an institution they act for holds; one query."""
    mine = institutions_acted_for(grants_of(user, alliance))
    place = Enrolment.objects.of(alliance).filter(session=OuterRef("pk"), user=user.pk)
    rows = (
        CourseSession.objects.of(alliance)
        .annotate(
            has_place=Exists(place.filter(state=EnrolmentState.ENROLLED)),
            waits=Exists(place.filter(state=EnrolmentState.WAITING)),
        )
        .filter(
            Q(has_place=True) | Q(waits=True, state=SessionState.OPEN) | Q(course__host_id__in=mine),
            starts_at__gte=since,
            starts_at__lte=until,
        )
        .exclude(state=SessionState.PLANNED)
        .select_related("course")
        .order_by(*SESSION_ORDER)
    )
    return [
        CalendarEntry(
            uid=f"course-session-{row.pk}",
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            title=_("Waiting list: %(title)s") % {"title": row.course.title} if row.waits else row.course.title,
            location=row.place,
            url_name="course_detail",
            url_kwargs={"code": row.course.code},
            cancelled=row.state == SessionState.CANCELLED,
        )
        for row in rows
    ]
