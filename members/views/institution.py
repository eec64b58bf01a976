"""Pages of the console about institutions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, QueryDict  # noqa: TID251 - the query string's own type, for the address of the export
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from alliance.actions.idempotency import once
from alliance.actions.saved_views import clean_query
from alliance.kernel.errors import InvalidInputError
from alliance.kernel.formats import format_day
from alliance.kernel.permissions import can, require
from alliance.kernel.tables import csv_response
from alliance.selectors.paging import paginate
from alliance.selectors.saved_views import list_views
from members.actions.duplicate import note_twins
from members.actions.institution import NEEDS_REASON, add_institution, change_institution, move_institution
from members.actions.staff import MANAGE_STAFF
from members.choices import FactKind
from members.forms.institution import InstitutionForm, StepForm, place_errors
from members.models import Institution
from members.permissions import (
    ADD_INSTITUTION,
    BULK_INSTITUTIONS,
    CHANGE_INSTITUTION,
    CHANGE_SUPPLY,
    IMPORT_INSTITUTIONS,
    VERIFY_FACTS,
    VIEW_EVIDENCE,
    VIEW_INSTITUTION,
)
from members.selectors.bulk import bulk_kinds, can_undo, get_bulk_act, list_bulk_kinds
from members.selectors.duties import list_open_duties
from members.selectors.fact import list_facts as list_facts_of
from members.selectors.fact import summarise, verification_of
from members.selectors.history import list_history
from members.selectors.institution import (
    InstitutionQuery,
    count_all,
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
from members.selectors.names import sort_field
from members.selectors.regions import region_name
from members.transitions import MEMBERSHIP_STEPS

if TYPE_CHECKING:
    from django.http import HttpRequest

    from alliance.models import Alliance


def orders() -> dict[str, tuple[str, ...]]:
    """Orders of the list; by name in the reader's language."""
    key = sort_field()
    return {
        "name": (key, "id"),
        "-name": (f"-{key}", "-id"),
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
    choices = orders()
    order = choices.get(request.GET.get("sort", ""), choices["name"])
    found = with_supplies(alliance, narrow(alliance, query, on), on)
    if request.GET.get("format") == "csv":
        return export(alliance, found.order_by(*order))
    page = paginate(found, request.GET, order)
    marks = marks_of(alliance, page.items)
    verified = verification_of(alliance, page.items, on)
    counts = count_all(alliance, query, on)
    facets = list_facets(query, counts)
    acted = None
    if (done := request.GET.get("done", "")) and (uuid := as_uuid(done)):
        acted = get_bulk_act(alliance, uuid)
    views = list_views(alliance, "institution_list", request.user)
    present = clean_query(request.GET.urlencode())
    keep = QueryDict(present, mutable=True)
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
                "verified": verified[institution.pk],
                "region": region_name(institution.region_code) if institution.region_code else institution.country_code,
            }
            for institution in page.items
        ],
        "has_groups": "group" in extensions,
        "facets": facets,
        "kept": [("q", query.q)] if query.q else [],
        "chips": _chips(request, facets),
        "clear_url": reverse("institution_list"),
        "total": counts.total,
        "everything": counts.everything,
        "csv_url": f"?{keep.urlencode()}",
        "ordering": request.GET.get("sort", "name"),
        "may_import": can(request.user, IMPORT_INSTITUTIONS, alliance),
        "may_add": can(request.user, ADD_INSTITUTION, alliance),
        "may_act": can(request.user, BULK_INSTITUTIONS, alliance),
        "bulk_kinds": list_bulk_kinds(),
        "acted": acted,
        "acted_label": bulk_kinds.get(acted.act).label if acted and acted.act in bulk_kinds else "",
        "may_undo": acted is not None and can_undo(acted, request.user, timezone.now()),
        "views": [
            {
                "view": view,
                "url": f"?{view.query}" if view.query else reverse("institution_list"),
                "current": view.query == present,
                "own": view.user_id == request.user.pk,
            }
            for view in views
        ],
        "present": present,
        "hides_most": _hides_most(request, query, facets) if not page.items and not query.is_empty else None,
    }
    return render(request, "members/institution_list.html", context)


def as_uuid(text: str) -> UUID | None:
    """A uuid of an address, or None."""
    try:
        return UUID(text)
    except ValueError:
        return None


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


def export(alliance: Alliance, found: Any) -> HttpResponse:
    """The institutions of a queryset with their supplies as a table to save."""
    institutions = list(found)
    marks = marks_of(alliance, institutions)
    on = timezone.localdate()
    verified = verification_of(alliance, institutions, on)
    header = [
        _("Code"),
        _("Name in English"),
        pgettext("institution", "Name in Chinese"),
        _("Kind"),
        _("Finer kind"),
        _("State"),
        _("Country"),
        _("Region"),
        _("Registry code"),
        _("Web site"),
        _("Groups"),
        _("Elements"),
        _("Member since"),
        _("Verified facts"),
    ]
    rows = [
        [
            item.code,
            item.name_en,
            item.name_zh,
            item.get_kind_display(),
            item.get_subkind_display() if item.subkind else "",
            item.get_state_display(),
            item.country_code,
            region_name(item.region_code) if item.region_code else "",
            item.registry_code,
            item.web,
            "; ".join(str(mark.label) for mark in marks[item.pk].get("group", [])),
            "; ".join(supply.get_element_display() for supply in item.current_supplies),
            item.joined_on,
            "; ".join(str(FactKind(fact).label) for fact in verified[item.pk].verified),
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
    if institution.merged_into is not None:
        messages.info(request, _("%(code)s was merged into this entry.") % {"code": institution.code})
        return redirect("institution_detail", code=institution.merged_into.code)
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
        "panels": list_panels(alliance, institution, at, for_office=True),
        "history": list_history(alliance, institution),
        "steps": list_steps(institution, request.user),
        "duties": list_open_duties(alliance, institution, at) if institution.state == "leaving" else [],
        "facts": (facts := list_facts_of(institution, timezone.localdate())),
        "verification": summarise(facts),
        "more_facts": more_facts_of(institution),
        "may_change": can(request.user, CHANGE_INSTITUTION, institution),
        "may_verify": can(request.user, VERIFY_FACTS, institution),
        "may_supply": can(request.user, CHANGE_SUPPLY, institution),
        "may_staff": can(request.user, MANAGE_STAFF, institution),
        "may_act": can(request.user, BULK_INSTITUTIONS, alliance),
        "sees_evidence": can(request.user, VIEW_EVIDENCE, institution),
    }
    return render(request, "members/institution_detail.html", context)


def more_facts_of(institution: Institution) -> list[dict[str, Any]]:
    """What stands beside the facts that can be verified."""
    return [
        {"label": _("Code"), "value": institution.code},
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
            if pairs := note_twins(institution, at=timezone.now()):
                messages.warning(request, _("It may be the same institution as another entry: compare the two."))
                return redirect("duplicate_pair", uuid=pairs[0].uuid)
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
        "subkind": institution.subkind,
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
