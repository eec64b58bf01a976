"""Pages of courses, their sessions, attendance and results, and of learning paths."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alliance.actions.idempotency import once
from alliance.kernel.errors import DomainError, NotFoundError
from alliance.kernel.permissions import can, require
from alliance.selectors.paging import paginate
from members.models import Institution
from operations.actions.course import (
    COURSE_FIELDS,
    EDITABLE,
    SESSION_FIELDS,
    cancel_session,
    change_course,
    change_session,
    draft_course,
    hold_session,
    open_session,
    plan_session,
)
from operations.actions.enrolment import THERE, assess, enrol, leave, mark_attendance
from operations.actions.learning_path import PATH_FIELDS, change_path, draft_path
from operations.choices import AssessmentMark, AttendanceMark, EnrolmentState, LearningForm, SessionState
from operations.forms.learning import CourseForm, LearnerForm, PathForm, SessionForm
from operations.forms.product import ReasonForm, show_refusal
from operations.models import Course, CourseSession
from operations.permissions import (
    ENROL,
    HOLD_SESSION,
    RUN_COURSES,
    RUN_PATHS,
    VIEW_CERTIFICATES,
    VIEW_LEARNING,
    VIEW_SHEET,
    own_institutions,
)
from operations.selectors.learning import (
    ORDER,
    get_course,
    get_path,
    get_session,
    list_courses,
    list_paths,
    own_places,
    reached_counts,
)
from operations.views.common import choose_institution, frame, offer, tenant_of

Fitting = list[tuple[int, str]]


def course_url(course: Course, anchor: str = "") -> str:
    """Address of a course's page."""
    return reverse("course_detail", kwargs={"code": course.code}) + (f"#{anchor}" if anchor else "")


def session_url(session: CourseSession) -> str:
    """Address of a session's sheet."""
    return reverse("session_detail", kwargs={"code": session.course.code, "number": session.number})


def learning_frame(request: HttpRequest, *crumbs: dict[str, str]) -> dict[str, Any]:
    """Frame and way back of the pages about learning."""
    found = frame(request, "learning")
    home = reverse("course_list" if found["in_console"] else "portal_learning")
    return {**found, "crumbs": [{"label": _("Learning"), "url": home}, *crumbs] if crumbs else []}


def _course_crumbs(course: Course, *labels: str) -> list[dict[str, str]]:
    return [
        {"label": course.code, "url": course_url(course) if labels else ""},
        *({"label": label, "url": ""} for label in labels),
    ]


def form_page(
    request: HttpRequest,
    form: Any,
    act: Callable[[dict[str, Any]], str],
    *,
    crumbs: list[dict[str, str]],
    heading: str,
    submit: str,
    done: str,
    cancel_url: str,
    subtitle: str = "",
    explanation: str = "",
    danger: bool = False,
    fields: dict[str, str] | None = None,
) -> HttpResponse:
    """A form; the act gives the address to go to. Refusals stand at their fields and nothing typed is lost."""
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                target = act(form.cleaned_data)
            except DomainError as refusal:
                if refusal.status in {403, 404}:
                    raise
                show_refusal(form, refusal, fields)
            else:
                messages.success(request, done)
                return redirect(target)
    context = {
        **learning_frame(request, *crumbs),
        "form": form,
        "heading": heading,
        "subtitle": subtitle,
        "submit": submit,
        "danger": danger,
        "explanation": explanation,
        "cancel_url": cancel_url,
    }
    return render(request, "operations/learning_form.html", context, status=status)


def told(request: HttpRequest, target: str, act: Callable[[], object], words: str) -> HttpResponse:
    """Do one act by a button; what is refused by the state of things is told on the page it came from."""
    try:
        act()
    except DomainError as refusal:
        if refusal.status in {403, 404}:
            raise
        messages.error(request, " ".join(str(part) for part in (refusal.reason, refusal.remedy) if part))
    else:
        messages.success(request, words)
    return redirect(target)


# ----------------------------------------------------------------------------------------------------------------- courses


@login_required
@require_safe
def course_list(request: HttpRequest) -> HttpResponse:
    """Courses, newest first, with filters."""
    alliance = tenant_of(request)
    require(request.user, VIEW_LEARNING, alliance)
    form = request.GET.get("form", "")
    form = form if form in LearningForm.values else ""
    show = request.GET.get("show", "")
    show = show if show in {"offered", "ended"} else ""
    q = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    found = list_courses(alliance, request.user, form=form, show=show, q=q, at=timezone.now())
    page = paginate(found, request.GET, order=ORDER, size=40)
    context = {
        **learning_frame(request),
        "page": page,
        "rows": page.items,
        "form": form,
        "show": show,
        "q": q,
        "forms": LearningForm.choices,
        "is_filtered": bool(form or show or q),
        "may_run": can(request.user, RUN_COURSES, alliance),
        "may_see_certificates": can(request.user, VIEW_CERTIFICATES, alliance),
    }
    return render(request, "operations/course_list.html", context)


def _session_rows(request: HttpRequest, course: Course) -> list[dict[str, Any]]:
    """A course's sessions as the reader may see and use them."""
    alliance, now = tenant_of(request), timezone.now()
    runs = can(request.user, RUN_COURSES, course)
    sessions: list[Any] = list(course.sessions.all())  # with the counts of the selector
    for session in sessions:
        session.course, session.alliance = course, alliance
    places = own_places(alliance, request.user, sessions)
    learns = can(request.user, ENROL, alliance)
    rows = []
    for session in sessions:
        place: Any = places.get(session.pk)
        sees_sheet = can(request.user, VIEW_SHEET, session)
        if session.state == SessionState.PLANNED and not sees_sheet:
            continue
        coming = session.state == SessionState.OPEN and session.starts_at > now
        rows.append(
            {
                "session": session,
                "place": place,
                "waiting_place": place.ahead + 1
                if place is not None and place.state == EnrolmentState.WAITING and coming
                else 0,
                "is_full": session.places is not None
                and (session.enrolled_count >= session.places or session.waiting_count > 0),
                "may_enrol": learns and coming and place is None,
                "may_leave": coming and place is not None,
                "may_open": runs and session.state == SessionState.PLANNED and session.starts_at > now,
                "may_edit": runs and session.state in EDITABLE,
                "has_begun": session.state == SessionState.OPEN and not coming,
                "sees_sheet": sees_sheet,
            }
        )
    return rows


@login_required
@require_safe
def course_detail(request: HttpRequest, code: str) -> HttpResponse:
    """One course with its sessions; whoever may, enrols here."""
    course = get_course(tenant_of(request), code, reader=request.user)
    context = {
        **learning_frame(request, *_course_crumbs(course)),
        "course": course,
        "sessions": _session_rows(request, course),
        "paths": [row for row in course.paths.all() if row.path.is_offered],
        "may_run": can(request.user, RUN_COURSES, course),
    }
    return render(request, "operations/course_detail.html", context)


def _hosts(request: HttpRequest, course: Course | None = None) -> Fitting:
    alliance = tenant_of(request)
    ids = set(Institution.objects.of(alliance).active().values_list("pk", flat=True))
    return offer(alliance, ids | ({course.host_id} if course else set()))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@once
def course_new(request: HttpRequest) -> HttpResponse:
    """Draft a course."""
    alliance = tenant_of(request)
    require(request.user, RUN_COURSES, alliance)
    form = CourseForm(request.POST or None, institutions=_hosts(request), initial={"is_assessed": True, "is_offered": True})

    def act(data: dict[str, Any]) -> str:
        course = draft_course(
            alliance,
            host_id=data["host"],
            values={name: data[name] for name in COURSE_FIELDS},
            product=data["product"],
            actor=request.user,  # type: ignore[arg-type]
            at=timezone.now(),
        )
        return course_url(course)

    return form_page(
        request,
        form,
        act,
        crumbs=[{"label": _("New course"), "url": ""}],
        heading=_("New course"),
        submit=_("Draft the course"),
        done=_("Course drafted. Plan its first session."),
        cancel_url=reverse("course_list"),
        fields={"institution": "host"},
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def course_edit(request: HttpRequest, code: str) -> HttpResponse:
    """Change a course."""
    alliance = tenant_of(request)
    course = get_course(alliance, code, reader=request.user)
    require(request.user, RUN_COURSES, course)
    initial = {
        **{name: getattr(course, name) for name in COURSE_FIELDS},
        "host": course.host_id,
        "product": course.product.code if course.product else "",
    }
    form = CourseForm(request.POST or None, institutions=_hosts(request, course), initial=initial)

    def act(data: dict[str, Any]) -> str:
        change_course(
            alliance,
            code,
            values={name: data[name] for name in COURSE_FIELDS},
            host_id=data["host"],
            product=data["product"],
            actor=request.user,  # type: ignore[arg-type]
            at=timezone.now(),
        )
        return course_url(course)

    return form_page(
        request,
        form,
        act,
        crumbs=_course_crumbs(course, _("Edit")),
        heading=_("Change the course"),
        subtitle=course.title,
        submit=_("Save"),
        done=_("Course saved."),
        cancel_url=course_url(course),
        fields={"institution": "host", "credits_needed": "credits"},
    )


# ---------------------------------------------------------------------------------------------------------------- sessions


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@once
def session_new(request: HttpRequest, code: str) -> HttpResponse:
    """Plan a session."""
    alliance = tenant_of(request)
    course = get_course(alliance, code, reader=request.user)
    require(request.user, RUN_COURSES, course)

    def act(data: dict[str, Any]) -> str:
        plan_session(alliance, code, values=data, actor=request.user, at=timezone.now())  # type: ignore[arg-type]
        return course_url(course, "sessions")

    return form_page(
        request,
        SessionForm(request.POST or None),
        act,
        crumbs=_course_crumbs(course, _("New session")),
        heading=_("New session"),
        subtitle=course.title,
        submit=_("Plan the session"),
        done=_("Session planned. Open it when people may enrol."),
        cancel_url=course_url(course),
    )


def _find(course: Course, number: int) -> CourseSession:
    found = next((row for row in course.sessions.all() if row.number == number), None)
    if found is None:
        raise NotFoundError
    found.course, found.alliance = course, course.alliance
    return found


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def session_edit(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """Change time, place, teacher or places of a session."""
    alliance = tenant_of(request)
    course = get_course(alliance, code, reader=request.user)
    require(request.user, RUN_COURSES, course)
    session = _find(course, number)

    def act(data: dict[str, Any]) -> str:
        change_session(alliance, code, number, values=data, actor=request.user, at=timezone.now())  # type: ignore[arg-type]
        return course_url(course, "sessions")

    initial = {name: getattr(session, name) for name in SESSION_FIELDS}
    return form_page(
        request,
        SessionForm(request.POST or None, initial=initial),
        act,
        crumbs=_course_crumbs(course, _("Edit")),
        heading=_("Change the session"),
        subtitle=course.title,
        submit=_("Save"),
        done=_("Session saved."),
        cancel_url=course_url(course),
        explanation=_("Everybody who has a place or waits is told of a new time or place."),
    )


@login_required
@require_POST
def session_open(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """Let people enrol."""
    alliance = tenant_of(request)
    course = get_course(alliance, code, reader=request.user)
    return told(
        request,
        course_url(course, "sessions"),
        lambda: open_session(alliance, code, number, actor=request.user, at=timezone.now()),  # type: ignore[arg-type]
        _("The session is open for enrolment."),
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def session_cancel(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """Cancel a session, with the reason."""
    alliance = tenant_of(request)
    course = get_course(alliance, code, reader=request.user)
    require(request.user, RUN_COURSES, course)
    _find(course, number)

    def act(data: dict[str, Any]) -> str:
        cancel_session(alliance, code, number, reason=data["reason"], actor=request.user, at=timezone.now())  # type: ignore[arg-type]
        return course_url(course, "sessions")

    return form_page(
        request,
        ReasonForm(request.POST or None),
        act,
        crumbs=_course_crumbs(course, _("Cancel")),
        heading=_("Cancel the session"),
        subtitle=course.title,
        submit=_("Cancel the session"),
        done=_("The session is cancelled; everybody in it is told."),
        cancel_url=course_url(course),
        danger=True,
        explanation=_("Everybody who has a place or waits is told the reason."),
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def session_enrol(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """Take a place; whoever acts for several institutions says for which."""
    alliance, now = tenant_of(request), timezone.now()
    require(request.user, ENROL, alliance)
    course = get_course(alliance, code, reader=request.user)
    _find(course, number)
    fitting = own_institutions(request.user, alliance, at=now)
    form = LearnerForm(request.POST if "institution" in request.POST else None, institutions=offer(alliance, fitting))
    status = 200
    if request.method == "POST":
        chosen = form.cleaned_data["institution"] if form.is_bound and form.is_valid() else None
        try:
            place = enrol(
                alliance,
                code,
                number,
                institution_id=choose_institution(request, fitting, chosen),
                actor=request.user,  # type: ignore[arg-type]
                at=now,
            )
        except DomainError as refusal:
            if refusal.status in {403, 404}:
                raise
            status = 422
            form = LearnerForm(request.POST, institutions=offer(alliance, fitting))
            show_refusal(form, refusal)
        else:
            waits = place.state == EnrolmentState.WAITING
            messages.success(
                request,
                _("You are on the waiting list; you are told when a place becomes free.")
                if waits
                else _("You have a place."),
            )
            return redirect(course_url(course, "sessions"))
    context = {
        **learning_frame(request, *_course_crumbs(course, _("Enrol"))),
        "form": form,
        "heading": _("Enrol"),
        "subtitle": course.title,
        "submit": _("Enrol"),
        "cancel_url": course_url(course),
    }
    return render(request, "operations/learning_form.html", context, status=status)


@login_required
@require_POST
def session_leave(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """Give up one's own place."""
    alliance = tenant_of(request)
    require(request.user, ENROL, alliance)
    course = get_course(alliance, code, reader=request.user)
    _find(course, number)
    return told(
        request,
        course_url(course, "sessions"),
        lambda: leave(alliance, code, number, actor=request.user, at=timezone.now()),  # type: ignore[arg-type]
        _("You gave your place up."),
    )


# ------------------------------------------------------------------------------------------------------------------- sheet


def _sheet(
    request: HttpRequest,
    session: CourseSession,
    *,
    refusal: DomainError | None = None,
    typed: dict[int, str] | None = None,
    kind: str = "",
) -> HttpResponse:
    """The sheet of a session; after a refusal with what was chosen."""
    now = timezone.now()
    begun = session.starts_at <= now
    works = can(request.user, HOLD_SESSION, session)
    runs = can(request.user, RUN_COURSES, session.course)
    marking = works and begun and session.state in {SessionState.OPEN, SessionState.HELD}
    assessing = works and session.state == SessionState.HELD and session.course.is_assessed
    chosen = typed or {}
    rows: list[dict[str, Any]] = []
    waiting = []
    for row in session.enrolments.all():
        if row.state == EnrolmentState.WAITING:
            waiting.append(row)
        if row.state != EnrolmentState.ENROLLED:
            continue
        own = row.user_id == request.user.pk
        passed = row.assessment == AssessmentMark.PASSED
        rows.append(
            {
                "enrolment": row,
                "certificate": getattr(row, "certificate", None),
                "is_own": own,
                "may_mark": marking and not own and row.assessed_at is None,
                "may_assess": assessing and not own and not passed and row.attendance in THERE,
                "attendance": chosen.get(row.pk, row.attendance) if kind == "attendance" else row.attendance,
                "assessment": chosen.get(row.pk, row.assessment) if kind == "assessment" else row.assessment,
            }
        )
    context = {
        **learning_frame(
            request,
            {"label": session.course.code, "url": course_url(session.course)},
            {"label": _("Session %(number)s") % {"number": session.number}, "url": ""},
        ),
        "session": session,
        "course": session.course,
        "rows": rows,
        "waiting": sorted(waiting, key=lambda row: (row.enrolled_at, row.pk)),
        "attendance_marks": AttendanceMark.choices,
        "assessment_marks": AssessmentMark.choices,
        "refusal": refusal,
        "marks_attendance": any(row["may_mark"] for row in rows),
        "assesses": any(row["may_assess"] for row in rows),
        "is_held": session.state == SessionState.HELD,
        "may_hold": works and begun and session.state == SessionState.OPEN,
        "may_edit": runs and session.state in EDITABLE,
        "not_begun": session.state == SessionState.OPEN and not begun,
        "has_begun": session.state == SessionState.OPEN and begun,
        "is_marked": bool(rows) and all(row["enrolment"].attendance for row in rows),
    }
    return render(request, "operations/session_detail.html", context, status=refusal.status if refusal else 200)


@login_required
@require_safe
def session_detail(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """Who is in a session, who was there, who passed."""
    return _sheet(request, get_session(tenant_of(request), code, number, reader=request.user))


def _marks(request: HttpRequest) -> dict[int, str]:
    """Marks of a sheet: ``mark-<key>``; those left open are left out."""
    found = {}
    for name, value in request.POST.items():
        key = name.removeprefix("mark-")
        if key != name and key.isascii() and key.isdecimal() and len(key) < 19 and value:
            found[int(key)] = str(value)
    return found


def _save_sheet(request: HttpRequest, code: str, number: int, act: Callable[..., list[Any]], kind: str) -> HttpResponse:
    alliance = tenant_of(request)
    session = get_session(alliance, code, number, reader=request.user)
    require(request.user, HOLD_SESSION, session)
    marks = _marks(request)
    try:
        changed = act(alliance, code, number, marks=marks, actor=request.user, at=timezone.now())
    except DomainError as refusal:
        if refusal.status in {403, 404}:
            raise
        return _sheet(request, session, refusal=refusal, typed=marks, kind=kind)
    words = ngettext("Saved: %(count)s person.", "Saved: %(count)s people.", len(changed)) % {"count": len(changed)}
    messages.success(request, words)
    return redirect(session_url(session))


@login_required
@require_POST
def session_attendance(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """Note who was there."""
    return _save_sheet(request, code, number, mark_attendance, "attendance")


@login_required
@require_POST
def session_assess(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """Note who passed."""
    return _save_sheet(request, code, number, assess, "assessment")


@login_required
@require_POST
def session_hold(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """Close a session as held."""
    alliance = tenant_of(request)
    session = get_session(alliance, code, number, reader=request.user)
    return told(
        request,
        session_url(session),
        lambda: hold_session(alliance, code, number, actor=request.user, at=timezone.now()),  # type: ignore[arg-type]
        _("The session is closed as held."),
    )


# ------------------------------------------------------------------------------------------------------------------- paths


@login_required
@require_safe
def path_list(request: HttpRequest) -> HttpResponse:
    """Learning paths with their courses and how many people reached each."""
    alliance = tenant_of(request)
    require(request.user, VIEW_LEARNING, alliance)
    paths = list_paths(alliance)
    reached = reached_counts(alliance, paths, timezone.localdate())
    context = {
        **learning_frame(request, {"label": _("Learning paths"), "url": ""}),
        "paths": [{"path": path, "courses": path.courses.all(), "reached": reached[path.pk]} for path in paths],
        "may_run": can(request.user, RUN_PATHS, alliance),
    }
    return render(request, "operations/path_list.html", context)


def _path_page(request: HttpRequest, form: Any, act: Callable[[dict[str, Any]], object], heading: str) -> HttpResponse:
    def run(data: dict[str, Any]) -> str:
        act(data)
        return reverse("path_list")

    return form_page(
        request,
        form,
        run,
        crumbs=[{"label": _("Learning paths"), "url": reverse("path_list")}, {"label": heading, "url": ""}],
        heading=heading,
        submit=_("Save"),
        done=_("Learning path saved."),
        cancel_url=reverse("path_list"),
    )


def _course_choices(request: HttpRequest, kept: set[str]) -> list[tuple[str, str]]:
    rows = Course.objects.of(tenant_of(request)).order_by("code", "id")
    return [
        (row.code, f"{row.code} {row.title} ({row.credits.normalize():f})")
        for row in rows
        if row.is_offered or row.code in kept
    ]


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@once
def path_new(request: HttpRequest) -> HttpResponse:
    """Draft a learning path."""
    alliance = tenant_of(request)
    require(request.user, RUN_PATHS, alliance)
    form = PathForm(request.POST or None, courses=_course_choices(request, set()), initial={"is_offered": True})
    return _path_page(
        request,
        form,
        lambda data: draft_path(
            alliance,
            values={name: data[name] for name in PATH_FIELDS},
            courses=data["courses"],
            required=data["required"],
            actor=request.user,  # type: ignore[arg-type]
            at=timezone.now(),
        ),
        _("New learning path"),
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def path_edit(request: HttpRequest, code: str) -> HttpResponse:
    """Change a learning path."""
    alliance = tenant_of(request)
    require(request.user, RUN_PATHS, alliance)
    path = get_path(alliance, code)
    rows = list(path.courses.all())
    initial = {
        **{name: getattr(path, name) for name in PATH_FIELDS},
        "courses": [row.course.code for row in rows],
        "required": [row.course.code for row in rows if row.is_required],
    }
    form = PathForm(
        request.POST or None, courses=_course_choices(request, {row.course.code for row in rows}), initial=initial
    )
    return _path_page(
        request,
        form,
        lambda data: change_path(
            alliance,
            code,
            values={name: data[name] for name in PATH_FIELDS},
            courses=data["courses"],
            required=data["required"],
            actor=request.user,  # type: ignore[arg-type]
            at=timezone.now(),
        ),
        path.title,
    )
