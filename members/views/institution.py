"""Pages of the console about institutions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alliance.actions.idempotency import once
from alliance.kernel.errors import InvalidInputError
from alliance.kernel.formats import format_day
from alliance.kernel.permissions import can, require
from alliance.kernel.tables import csv_response
from alliance.selectors.paging import paginate
from members.actions.element import add_supply, end_supply
from members.actions.institution import NEEDS_REASON, add_institution, change_institution, move_institution
from members.forms.institution import InstitutionForm, StepForm, SupplyForm, place_errors
from members.models import ElementSupply, Institution
from members.permissions import (
    ADD_INSTITUTION,
    CHANGE_INSTITUTION,
    CHANGE_SUPPLY,
    IMPORT_INSTITUTIONS,
    VIEW_INSTITUTION,
)
from members.selectors.duties import list_open_duties
from members.selectors.history import list_history
from members.selectors.institution import (
    InstitutionQuery,
    extensions,
    get_institution,
    list_facets,
    list_panels,
    list_staff,
    list_steps,
    list_supplies,
    marks_of,
    narrow,
    parse_query,
    with_supplies,
)
from members.selectors.regions import region_name
from members.transitions import MEMBERSHIP_STEPS

if TYPE_CHECKING:
    from django.http import HttpRequest

SORTS = {
    "name": ("sort_key", "id"),
    "-name": ("-sort_key", "-id"),
    "newest": ("-created_at", "-id"),
    "-newest": ("created_at", "id"),
}


def find(request: HttpRequest, code: str) -> Institution:
    """The institution of an address; the same answer for what is not there and what is not open to the reader."""
    try:
        institution = get_institution(request.alliance, code)  # type: ignore[attr-defined]
    except Institution.DoesNotExist:
        raise Http404 from None
    if not can(request.user, VIEW_INSTITUTION, institution):
        raise Http404
    return institution


def enter_console(request: HttpRequest) -> Any:
    """The alliance, for somebody who may open the console; marks the place in the navigation."""
    require(request.user, "alliance.view_console", request.alliance)  # type: ignore[attr-defined]
    request.nav_key = "institutions"  # type: ignore[attr-defined]
    return request.alliance  # type: ignore[attr-defined]


@require_safe
@login_required
def institution_list(request: HttpRequest) -> HttpResponse:
    """Institutions with facets; state of the filters in the address, keyset pages, CSV as seen."""
    alliance = enter_console(request)
    on = timezone.localdate()
    query = parse_query(request.GET.getlist)
    order = SORTS.get(request.GET.get("sort", ""), SORTS["name"])
    found = with_supplies(alliance, narrow(alliance, query, on), on)
    if request.GET.get("format") == "csv":
        return _export(alliance, query, found.order_by(*order))
    page = paginate(found, request.GET, order)
    marks = marks_of(alliance, page.items)
    facets = list_facets(alliance, query, on)
    total = narrow(alliance, query, on).count()
    everything = total if query.is_empty else Institution.objects.of(alliance).count()
    keep = request.GET.copy()
    for name in ("after", "before", "format"):
        keep.pop(name, None)
    keep["format"] = "csv"
    context = {
        "query": query,
        "page": page,
        "rows": [
            {
                "institution": institution,
                "marks": marks[institution.pk],
                "groups": marks[institution.pk].get("group", []),
                "elements": institution.current_supplies,  # type: ignore[attr-defined]
                "region": region_name(institution.region_code) if institution.region_code else institution.country_code,
            }
            for institution in page.items
        ],
        "has_groups": "group" in extensions,
        "facets": facets,
        "kept": [("q", query.q)] if query.q else [],
        "chips": _chips(request, facets),
        "clear_url": reverse("institution_list"),
        "total": total,
        "everything": everything,
        "csv_url": f"?{keep.urlencode()}",
        "ordering": request.GET.get("sort", "name"),
        "may_import": can(request.user, IMPORT_INSTITUTIONS, alliance),
        "may_add": can(request.user, ADD_INSTITUTION, alliance),
        "hides_most": _hides_most(request, query, facets) if not page.items and not query.is_empty else None,
    }
    return render(request, "members/institution_list.html", context)


def _chips(request: HttpRequest, facets: list[Any]) -> list[dict[str, Any]]:
    chips = []
    for facet in facets:
        for option in facet.options:
            if option.selected:
                address = request.GET.copy()
                address.setlist(facet.name, [value for value in address.getlist(facet.name) if value != option.value])
                for name in ("after", "before"):
                    address.pop(name, None)
                chips.append({"label": option.label, "url": f"?{address.urlencode()}"})
    return chips


def _hides_most(request: HttpRequest, query: InstitutionQuery, facets: list[Any]) -> dict[str, Any] | None:
    """The filter whose removal would show most rows: each facet counts under all the others."""
    best: tuple[int, Any] | None = None
    for facet in facets:
        if query.filters.get(facet.name):
            shown = sum(option.count for option in facet.options)
            if shown and (best is None or shown > best[0]):
                best = (shown, facet)
    if best is None:
        return None
    address = request.GET.copy()
    address.pop(best[1].name, None)
    return {"label": best[1].label, "count": best[0], "url": f"?{address.urlencode()}"}


def _export(alliance: Any, query: InstitutionQuery, found: Any) -> HttpResponse:  # noqa: ARG001 - the filters are in found
    institutions = list(found)
    marks = marks_of(alliance, institutions)
    header = [
        _("Code"),
        _("Name in English"),
        pgettext("institution", "Name in Chinese"),
        _("Kind"),
        _("State"),
        _("Country"),
        _("Region"),
        _("Registry code"),
        _("Web site"),
        _("Groups"),
        _("Elements"),
        _("Member since"),
    ]
    rows = [
        [
            item.code,
            item.name_en,
            item.name_zh,
            item.get_kind_display(),
            item.get_state_display(),
            item.country_code,
            region_name(item.region_code) if item.region_code else "",
            item.registry_code,
            item.web,
            "; ".join(str(mark.label) for mark in marks[item.pk].get("group", [])),
            "; ".join(supply.get_element_display() for supply in item.current_supplies),
            item.joined_on,
        ]
        for item in institutions
    ]
    return csv_response(_("institutions"), header, rows)


@require_safe
@login_required
def institution_detail(request: HttpRequest, code: str) -> HttpResponse:
    """One institution: what it brings, its seats, its people, its record, and the steps that are open."""
    alliance = enter_console(request)
    institution = find(request, code)
    at = timezone.now()
    context = {
        "institution": institution,
        "crumbs": [
            {"label": _("Institutions"), "url": reverse("institution_list")},
            {"label": institution.code},
        ],
        "supplies": list(list_supplies(institution)),
        "today": timezone.localdate(),
        "staff": list(list_staff(institution, at)),
        "panels": list_panels(alliance, institution, at),
        "history": list_history(alliance, institution),
        "steps": list_steps(institution, request.user),
        "duties": list_open_duties(alliance, institution, at) if institution.state == "leaving" else [],
        "facts": facts_of(institution),
        "may_change": can(request.user, CHANGE_INSTITUTION, institution),
        "may_supply": can(request.user, CHANGE_SUPPLY, institution),
    }
    return render(request, "members/institution_detail.html", context)


def facts_of(institution: Institution) -> list[dict[str, Any]]:
    """The facts beside an institution's page."""
    return [
        {"label": _("Kind"), "value": capfirst(institution.get_kind_display())},
        {"label": _("Code"), "value": institution.code},
        {"label": _("Country"), "value": institution.country_code},
        {"label": _("Region"), "value": region_name(institution.region_code) if institution.region_code else ""},
        {
            "label": capfirst(institution.get_registry_scheme_display())
            if institution.registry_code
            else _("Registry code"),
            "value": institution.registry_code,
        },
        {"label": _("Web site"), "value": institution.web, "url": institution.web},
        {
            "label": _("Contact e-mail"),
            "value": institution.contact_email,
            "url": f"mailto:{institution.contact_email}" if institution.contact_email else "",
        },
        {
            "label": _("Member since"),
            "value": format_day(institution.joined_on, get_language()) if institution.joined_on else "",
        },
        {"label": _("Source of the entry"), "value": capfirst(institution.source)},
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def institution_add(request: HttpRequest) -> HttpResponse:
    """Add one institution by hand."""
    alliance = enter_console(request)
    require(request.user, ADD_INSTITUTION, alliance)
    form = InstitutionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            institution = add_institution(alliance, actor=request.user, at=timezone.now(), **form.cleaned_data)  # type: ignore[arg-type]
        except InvalidInputError as refusal:
            place_errors(form, refusal.fields, refusal.reason)
        else:
            messages.success(request, _("%(name)s was added.") % {"name": institution.name})
            return redirect("institution_detail", code=institution.code)
    crumbs = [{"label": _("Institutions"), "url": reverse("institution_list")}, {"label": _("New institution")}]
    return render(
        request,
        "members/institution_form.html",
        {"form": form, "crumbs": crumbs, "title": _("New institution"), "cancel_url": reverse("institution_list")},
        status=422 if form.errors else 200,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def institution_edit(request: HttpRequest, code: str) -> HttpResponse:
    """Change an institution's entry."""
    alliance = enter_console(request)
    institution = find(request, code)
    require(request.user, CHANGE_INSTITUTION, institution)
    initial = {
        "name_en": institution.name_en,
        "name_zh": institution.name_zh,
        "short_en": institution.short_en,
        "short_zh": institution.short_zh,
        "kind": institution.kind,
        "country": institution.country_code,
        "region": institution.region_code,
        "registry_code": institution.registry_code,
        "web": institution.web,
        "contact_email": institution.contact_email,
    }
    form = InstitutionForm(request.POST or None, initial=initial)
    back = reverse("institution_detail", kwargs={"code": institution.code})
    if request.method == "POST" and form.is_valid():
        try:
            change_institution(alliance, code, actor=request.user, at=timezone.now(), **form.cleaned_data)  # type: ignore[arg-type]
        except InvalidInputError as refusal:
            place_errors(form, refusal.fields, refusal.reason)
        else:
            messages.success(request, _("The entry was changed."))
            return redirect(back)
    crumbs = [
        {"label": _("Institutions"), "url": reverse("institution_list")},
        {"label": institution.code, "url": back},
        {"label": _("Edit")},
    ]
    return render(
        request,
        "members/institution_form.html",
        {"form": form, "crumbs": crumbs, "title": institution.name, "cancel_url": back},
        status=422 if form.errors else 200,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def institution_step(request: HttpRequest, code: str, step: str) -> HttpResponse:
    """Ask before a step of the membership, then take it."""
    alliance = enter_console(request)
    institution = find(request, code)
    transition = MEMBERSHIP_STEPS.get(step)
    if transition is None:
        raise Http404
    require(request.user, transition.permission, institution)
    transition.check(institution.state)
    form = StepForm(request.POST or None)
    form.fields["reason"].required = step in NEEDS_REASON
    back = reverse("institution_detail", kwargs={"code": institution.code})
    if request.method == "POST" and form.is_valid():
        try:
            move_institution(
                alliance,
                code,
                step,
                actor=request.user,  # type: ignore[arg-type]
                at=timezone.now(),
                reason=form.cleaned_data["reason"],
            )
        except InvalidInputError as refusal:
            place_errors(form, refusal.fields, f"{refusal.reason} {refusal.remedy}".strip())
        else:
            messages.success(request, _("Done: %(step)s.") % {"step": transition.label})
            return redirect(back)
    crumbs = [
        {"label": _("Institutions"), "url": reverse("institution_list")},
        {"label": institution.code, "url": back},
        {"label": transition.label},
    ]
    context = {
        "form": form,
        "crumbs": crumbs,
        "institution": institution,
        "step": transition,
        "back": back,
        "duties": list_open_duties(alliance, institution, timezone.now()),
        "dangerous": step in NEEDS_REASON,
    }
    return render(request, "members/institution_step.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def supply_add(request: HttpRequest, code: str) -> HttpResponse:
    """Note an element that an institution brings."""
    alliance = enter_console(request)
    institution = find(request, code)
    require(request.user, CHANGE_SUPPLY, institution)
    form = SupplyForm(request.POST or None, initial={"valid_from": timezone.localdate()})
    back = reverse("institution_detail", kwargs={"code": institution.code})
    if request.method == "POST" and form.is_valid():
        try:
            add_supply(alliance, code, actor=request.user, at=timezone.now(), **form.cleaned_data)  # type: ignore[arg-type]
        except InvalidInputError as refusal:
            place_errors(form, refusal.fields, refusal.reason)
        else:
            messages.success(request, _("The element was noted."))
            return redirect(back)
    crumbs = [
        {"label": _("Institutions"), "url": reverse("institution_list")},
        {"label": institution.code, "url": back},
        {"label": _("Note an element")},
    ]
    return render(
        request,
        "members/institution_form.html",
        {"form": form, "crumbs": crumbs, "title": _("Note an element"), "cancel_url": back},
        status=422 if form.errors else 200,
    )


@require_POST
@login_required
def supply_end(request: HttpRequest, code: str, supply: int) -> HttpResponse:
    """Let a supply end today."""
    alliance = enter_console(request)
    find(request, code)
    try:
        end_supply(alliance, code, supply, on=timezone.localdate(), actor=request.user, at=timezone.now())  # type: ignore[arg-type]
    except ElementSupply.DoesNotExist:
        raise Http404 from None
    messages.success(request, _("The element ends today."))
    return redirect("institution_detail", code=code)
