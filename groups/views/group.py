"""Pages of the console about groups and the coverage matrix."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alliance.kernel.errors import InvalidInputError
from alliance.kernel.permissions import can, require
from alliance.kernel.tables import csv_response
from alliance.models import Job
from alliance.selectors.paging import paginate
from groups.actions.group import (
    JOIN_JOB,
    change_role,
    establish_groups,
    join_group,
    leave_group,
    start_join_eligible,
)
from groups.choices import ELIGIBLE_KINDS, REQUIRED_ELEMENTS, GroupKind, SeatRole
from groups.forms.group import JoinForm, SeatForm, place_errors
from groups.models import VirtualGroup
from groups.permissions import CHANGE_POSITIONS, CHANGE_SEATS, ESTABLISH_GROUPS, PLAN_MEETING
from groups.selectors.coverage import get_coverage, list_candidates, list_cell_institutions
from groups.selectors.group import (
    composition_of,
    get_group,
    list_alternates,
    list_groups,
    list_open_invitations,
    list_positions,
    list_seats,
    list_terms,
)
from groups.selectors.meeting import list_meetings
from groups.selectors.suggestion import list_weaknesses, suggest_suppliers
from members.choices import Element, InstitutionKind
from members.models import Institution

if TYPE_CHECKING:
    import uuid as uuids
    from datetime import date

    from django.http import HttpRequest


def enter_console(request: HttpRequest, key: str = "groups") -> Any:
    """The alliance, for somebody who may open the console; marks the place in the navigation."""
    require(request.user, "alliance.view_console", request.alliance)  # type: ignore[attr-defined]
    request.nav_key = key  # type: ignore[attr-defined]
    return request.alliance  # type: ignore[attr-defined]


def cell_url(group: str, element: str) -> str:
    """Where the institutions of a cell of the matrix are listed."""
    return reverse("coverage_cell", kwargs={"kind": group, "element": element})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def group_list(request: HttpRequest) -> HttpResponse:
    """The six groups, the coverage matrix, and one button by which eligible institutions join."""
    alliance = enter_console(request)
    at = timezone.now()
    form = JoinForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            job = start_join_eligible(
                alliance,
                form.cleaned_data["groups"],
                note_elements=form.cleaned_data["note_elements"],
                actor=request.user,  # type: ignore[arg-type]
                at=at,
            )
        except InvalidInputError as refusal:
            place_errors(form, refusal.fields, refusal.reason)
        else:
            return redirect("group_job", uuid=job.uuid)
    groups = list_groups(alliance, at)
    coverage = get_coverage(alliance, timezone.localdate()).link(cell_url)
    context = {
        "groups": groups,
        "coverage": coverage,
        "form": form,
        "could_join": sum(group.could_join or 0 for group in groups),
        "unestablished": [group for group in groups if not group.established],
        "may_seat": can(request.user, CHANGE_SEATS, alliance),
        "may_establish": can(request.user, ESTABLISH_GROUPS, alliance),
        **_warnings(coverage),
    }
    return render(request, "groups/group_list.html", context, status=422 if form.errors else 200)


def _warnings(coverage: Any) -> dict[str, Any]:
    return {
        "gaps": [{"label": cell.label, "url": cell.url} for cell in coverage.gaps],
        "single_sources": [Element(element).label for element in coverage.single_sources],
        "without_supplier": [Element(element).label for element in coverage.without_supplier],
        "without_convenor": list(coverage.without_convenor),
    }


@require_POST
@login_required
def group_establish(request: HttpRequest) -> HttpResponse:
    """Establish the groups that are missing."""
    alliance = enter_console(request)
    made = establish_groups(alliance, actor=request.user, at=timezone.now())  # type: ignore[arg-type]
    messages.success(request, _("%(count)s groups were established.") % {"count": len(made)})
    return redirect("group_list")


@require_safe
@login_required
def coverage_detail(request: HttpRequest) -> HttpResponse:
    """The whole matrix with what is missing; as CSV on request."""
    alliance = enter_console(request)
    coverage = get_coverage(alliance, timezone.localdate()).link(cell_url)
    if request.GET.get("format") == "csv":
        rows = [[GroupKind(row.kind).label, *(cell.count for cell in row.cells)] for row in coverage.rows]
        return csv_response(_("coverage"), [_("Group"), *coverage.columns], rows)
    context = {
        "coverage": coverage,
        "crumbs": [{"label": _("Groups and elements"), "url": reverse("group_list")}, {"label": _("Coverage matrix")}],
        "suppliers": [
            {"label": Element(element).label, "count": count, "value": element}
            for element, count in coverage.suppliers.items()
        ],
        "weaknesses": list_weaknesses(alliance, coverage),
        "may_seat": can(request.user, CHANGE_SEATS, alliance),
        **_warnings(coverage),
    }
    return render(request, "groups/coverage_detail.html", context)


@require_safe
@login_required
def coverage_cell(request: HttpRequest, kind: str, element: str) -> HttpResponse:
    """The institutions behind one cell; in a gap, those that could close it."""
    alliance = enter_console(request)
    if kind not in GroupKind.values or element not in Element.values:
        raise Http404
    today = timezone.localdate()
    page = paginate(list_cell_institutions(alliance, today, kind, element), request.GET, ("institution__sort_key", "id"))
    context = {
        "kind": kind,
        "element": Element(element),
        "required": element in REQUIRED_ELEMENTS[kind],
        "page": page,
        "candidates": list(list_candidates(alliance, today, kind, element)[:20]),
        "suggestions": suggest_suppliers(alliance, today, [(kind, element)], most=10),
        "may_seat": can(request.user, CHANGE_SEATS, alliance),
        "eligible": ELIGIBLE_KINDS[kind],
        "crumbs": [
            {"label": _("Groups and elements"), "url": reverse("group_list")},
            {"label": _("Coverage matrix"), "url": reverse("coverage_detail")},
            {"label": f"{GroupKind(kind).label}, {Element(element).label}"},
        ],
    }
    return render(request, "groups/coverage_cell.html", context)


def _find_group(request: HttpRequest, kind: str) -> VirtualGroup:
    try:
        return get_group(request.alliance, kind)  # type: ignore[attr-defined]
    except VirtualGroup.DoesNotExist:
        raise Http404 from None


def _start_of(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=timezone.get_current_timezone())


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def group_detail(request: HttpRequest, kind: str) -> HttpResponse:
    """One group: its seats; give a seat, end it, change its role."""
    alliance = enter_console(request)
    group = _find_group(request, kind)
    at = timezone.now()
    form = SeatForm(initial={"starts_on": timezone.localdate()})
    if request.method == "POST":
        require(request.user, CHANGE_SEATS, group)
        form = SeatForm(request.POST)
        if form.is_valid() and _give_seat(request, alliance, kind, form, at):
            return redirect("group_detail", kind=kind)
    page = paginate(list_seats(group, at), request.GET, ("role", "institution__sort_key", "id"))
    alternates = list_alternates(alliance, page.items, at)
    context = {
        "group": group,
        "page": page,
        "rows": [(seat, alternates.get(seat.pk, [])) for seat in page.items],
        "positions": list_positions(group, at),
        "terms": list_terms(group),
        "offers": list_open_invitations(group),
        "composition": composition_of(group, at),
        "now": at,
        "may_fill": can(request.user, CHANGE_POSITIONS, group),
        "may_plan": can(request.user, PLAN_MEETING, group),
        "meetings": list(list_meetings(alliance, group=kind, at=at).order_by("-starts_at", "-id")[:5]),
        "form": form,
        "roles": SeatRole.choices,
        "kinds": [InstitutionKind(value).label for value in InstitutionKind.values if value in ELIGIBLE_KINDS[kind]],
        "elements": [Element(value).label for value in Element.values if value in REQUIRED_ELEMENTS[kind]],
        "may_seat": can(request.user, CHANGE_SEATS, group),
        "crumbs": [
            {"label": _("Groups and elements"), "url": reverse("group_list")},
            {"label": capfirst(group.get_kind_display())},
        ],
    }
    return render(request, "groups/group_detail.html", context, status=422 if form.errors else 200)


def _give_seat(request: HttpRequest, alliance: Any, kind: str, form: SeatForm, at: datetime) -> bool:
    values = form.cleaned_data
    starts_at = at if values["starts_on"] == timezone.localdate() else _start_of(values["starts_on"])
    ends_at = _start_of(values["ends_on"] + timedelta(days=1)) if values["ends_on"] else None
    try:
        seat = join_group(
            alliance,
            kind,
            values["institution"].strip(),
            role=values["role"],
            starts_at=starts_at,
            ends_at=ends_at,
            exception_motion=values["exception_motion"],
            actor=request.user,  # type: ignore[arg-type]
            at=at,
        )
    except Institution.DoesNotExist:
        form.add_error("institution", _("No institution of this alliance has that code."))
    except InvalidInputError as refusal:
        remedy = f" {refusal.remedy}" if refusal.remedy else ""
        fields = {
            {"ends_at": "ends_on", "starts_at": "starts_on"}.get(name, name): f"{words}{remedy}"
            for name, words in refusal.fields.items()
        }
        place_errors(form, fields, f"{refusal.reason}{remedy}")
    else:
        messages.success(request, _("%(name)s has a seat now.") % {"name": seat.institution.name})
        return True
    return False


@require_POST
@login_required
def seat_leave(request: HttpRequest, kind: str, code: str) -> HttpResponse:
    """End a seat now."""
    alliance = enter_console(request)
    _find_group(request, kind)
    try:
        seat = leave_group(alliance, kind, code, actor=request.user, at=timezone.now())  # type: ignore[arg-type]
    except Institution.DoesNotExist:
        raise Http404 from None
    messages.success(request, _("The seat of %(name)s has ended.") % {"name": seat.institution.name})
    return redirect("group_detail", kind=kind)


@require_POST
@login_required
def seat_role(request: HttpRequest, kind: str, code: str) -> HttpResponse:
    """Give a seat another role from now on."""
    alliance = enter_console(request)
    _find_group(request, kind)
    try:
        seat = change_role(
            alliance,
            kind,
            code,
            role=request.POST.get("role", ""),
            actor=request.user,  # type: ignore[arg-type]
            at=timezone.now(),
        )
    except Institution.DoesNotExist:
        raise Http404 from None
    messages.success(
        request, _("%(name)s: %(role)s from now on.") % {"name": seat.institution.name, "role": seat.get_role_display()}
    )
    return redirect("group_detail", kind=kind)


@require_safe
@login_required
def group_job(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """How far the institutions' joining is; the fragment alone for the page that polls it."""
    alliance = enter_console(request)
    job = Job.objects.of(alliance).filter(uuid=uuid, kind=JOIN_JOB).first()
    if job is None:
        raise Http404
    context = {
        "job": job,
        "title": _("Institutions join their groups"),
        "step": GroupKind(job.step).label if job.step in GroupKind.values else "",
        "url": reverse("group_job", kwargs={"uuid": job.uuid}),
        "leave_url": reverse("group_list"),
        "result_url": reverse("group_list"),
        "result_text": _("See the groups"),
        "crumbs": [{"label": _("Groups and elements"), "url": reverse("group_list")}, {"label": _("Join")}],
    }
    template = "components/job_progress.html" if request.htmx else "groups/group_job.html"  # type: ignore[attr-defined]
    return render(request, template, context)
