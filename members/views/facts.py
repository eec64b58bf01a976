"""Pages about the facts of an entry and the elements an institution brings: for the office, and for the institution itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from alliance.actions.idempotency import once
from alliance.kernel.errors import InvalidInputError
from alliance.kernel.permissions import can, require
from members.actions.element import add_supply, assess_supply, end_supply
from members.actions.fact import confirm_facts, verify_facts, withdraw_marks
from members.forms.institution import AssessForm, SupplyForm, VerifyForm, place_errors
from members.models import ElementSupply, Institution
from members.permissions import CHANGE_PROFILE, CHANGE_SUPPLY, CONFIRM_FACTS, VERIFY_FACTS, VIEW_EVIDENCE
from members.selectors.fact import list_facts
from members.selectors.institution import list_supplies
from members.views.institution import enter_console, find

if TYPE_CHECKING:
    from django.http import HttpRequest


def enter(request: HttpRequest, area: str, code: str, tab: str = "") -> Institution:
    """The institution of an address, in the console or in the portal; marks the place in the navigation."""
    if area == "console":
        enter_console(request)
    else:
        request.nav_key = "institution"  # type: ignore[attr-defined]
        request.tab_key = tab  # type: ignore[attr-defined]
    return find(request, code)


def posted(request: HttpRequest) -> tuple[Any, Any]:
    """What a form was sent with; nothing for a page that is only looked at."""
    return (request.POST, request.FILES) if request.method == "POST" else (None, None)


def crumbs_of(area: str, institution: Institution, last: str) -> list[dict[str, Any]]:
    """Where a page about an institution stands."""
    if area == "console":
        return [
            {"label": _("Institutions"), "url": reverse("institution_list")},
            {"label": institution.code, "url": reverse("institution_detail", kwargs={"code": institution.code})},
            {"label": last},
        ]
    return []


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def institution_facts(request: HttpRequest, code: str) -> HttpResponse:
    """The office verifies facts of an entry, or takes marks off."""
    institution = enter(request, "console", code)
    require(request.user, VERIFY_FACTS, institution)
    at = timezone.now()
    form = VerifyForm(*posted(request))
    chosen = request.POST.getlist("fact")
    if request.method == "POST" and form.is_valid():
        alliance = request.alliance  # type: ignore[attr-defined]
        note = form.cleaned_data["note"]
        try:
            if request.POST.get("act") == "withdraw":
                n = len(withdraw_marks(alliance, code, chosen, actor=request.user, at=at, reason=note))  # type: ignore[arg-type]
                words = ngettext("The mark of %(n)s fact was taken off.", "The marks of %(n)s facts were taken off.", n)
            else:
                evidence = form.cleaned_data["evidence"]
                n = len(verify_facts(alliance, code, chosen, actor=request.user, at=at, evidence=evidence, note=note))  # type: ignore[arg-type]
                words = ngettext("%(n)s fact is verified for a year.", "%(n)s facts are verified for a year.", n)
        except InvalidInputError as refusal:
            place_errors(form, refusal.fields, refusal.reason)
        else:
            messages.success(request, words % {"n": n})
            return redirect("institution_detail", code=code)
    context = {
        "institution": institution,
        "facts": list_facts(institution, timezone.localdate()),
        "chosen": chosen,
        "form": form,
        "crumbs": crumbs_of("console", institution, _("Verify facts")),
        "back": reverse("institution_detail", kwargs={"code": code}),
        "sees_evidence": can(request.user, VIEW_EVIDENCE, institution),
    }
    return render(request, "members/institution_facts.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def portal_facts(request: HttpRequest, code: str) -> HttpResponse:
    """The representative confirms that facts of the entry still hold, all at once or one by one."""
    institution = enter(request, "portal", code, "facts")
    refusal_words = ""
    if request.method == "POST":
        require(request.user, CONFIRM_FACTS, institution)
        only = request.POST.get("only")
        names = [only] if only else request.POST.getlist("fact")
        digests = {name: request.POST.get(f"digest_{name}", "") for name in names}
        try:
            n = len(
                confirm_facts(request.alliance, code, digests, actor=request.user, at=timezone.now())  # type: ignore[attr-defined, arg-type]
            )
        except InvalidInputError as refusal:
            refusal_words = str(refusal.reason)
        else:
            words = ngettext("%(n)s fact is confirmed.", "%(n)s facts are confirmed.", n)
            messages.success(request, words % {"n": n})
            return redirect("portal_facts", code=code)
    context = {
        "institution": institution,
        "facts": list_facts(institution, timezone.localdate()),
        "refusal": refusal_words,
        "may_confirm": can(request.user, CONFIRM_FACTS, institution),
        "may_change": can(request.user, CHANGE_PROFILE, institution),
        "sees_evidence": can(request.user, VIEW_EVIDENCE, institution),
    }
    return render(request, "members/portal_facts.html", context, status=422 if refusal_words else 200)


@require_http_methods(["GET", "HEAD"])
@login_required
def portal_elements(request: HttpRequest, code: str) -> HttpResponse:
    """What the institution brings, managed by its representative."""
    institution = enter(request, "portal", code, "elements")
    context = {
        "institution": institution,
        "supplies": list(list_supplies(institution)),
        "today": timezone.localdate(),
        "area": "portal",
        "may_supply": can(request.user, CHANGE_SUPPLY, institution),
        "sees_evidence": can(request.user, VIEW_EVIDENCE, institution),
    }
    return render(request, "members/portal_elements.html", context)


def _base(area: str) -> str:
    return f"{area}/base.html"


def _back(area: str, code: str) -> str:
    name = "institution_detail" if area == "console" else "portal_elements"
    return reverse(name, kwargs={"code": code})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def supply_add(request: HttpRequest, code: str, area: str) -> HttpResponse:
    """Note an element that an institution brings."""
    institution = enter(request, area, code, "elements")
    require(request.user, CHANGE_SUPPLY, institution)
    form = SupplyForm(*posted(request), initial={"valid_from": timezone.localdate()})
    if request.method == "POST" and form.is_valid():
        try:
            add_supply(request.alliance, code, actor=request.user, at=timezone.now(), **form.cleaned_data)  # type: ignore[attr-defined, arg-type]
        except InvalidInputError as refusal:
            place_errors(form, refusal.fields, refusal.reason)
        else:
            messages.success(request, _("The element was noted."))
            return redirect(_back(area, code))
    context = {
        "form": form,
        "base": _base(area),
        "institution": institution,
        "crumbs": crumbs_of(area, institution, _("Note an element")),
        "title": _("Note an element"),
        "cancel_url": _back(area, code),
    }
    return render(request, "members/supply_form.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def supply_edit(request: HttpRequest, code: str, supply: int, area: str) -> HttpResponse:
    """Change scale, strength, evidence or the last day of an element."""
    institution = enter(request, area, code, "elements")
    require(request.user, CHANGE_SUPPLY, institution)
    row = list_supplies(institution).filter(pk=supply).first()
    if row is None:
        raise Http404
    initial = {name: getattr(row, name) for name in ("scale", "strength", "evidence_en", "evidence_zh", "valid_to")}
    form = AssessForm(*posted(request), initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            assess_supply(request.alliance, code, supply, actor=request.user, at=timezone.now(), **form.cleaned_data)  # type: ignore[attr-defined, arg-type]
        except InvalidInputError as refusal:
            place_errors(form, refusal.fields, f"{refusal.reason} {refusal.remedy}".strip())
        else:
            messages.success(request, _("The element was assessed."))
            return redirect(_back(area, code))
    context = {
        "form": form,
        "base": _base(area),
        "institution": institution,
        "supply": row,
        "crumbs": crumbs_of(area, institution, _("Assess an element")),
        "title": _("Assess: %(element)s") % {"element": row.get_element_display()},
        "cancel_url": _back(area, code),
    }
    return render(request, "members/supply_form.html", context, status=422 if form.errors else 200)


@require_POST
@login_required
def supply_end(request: HttpRequest, code: str, supply: int, area: str) -> HttpResponse:
    """Let a supply end today."""
    enter(request, area, code, "elements")
    try:
        end_supply(request.alliance, code, supply, on=timezone.localdate(), actor=request.user, at=timezone.now())  # type: ignore[attr-defined, arg-type]
    except ElementSupply.DoesNotExist:
        raise Http404 from None
    except InvalidInputError as refusal:
        messages.error(request, str(refusal.reason))
    else:
        messages.success(request, _("The element ends today."))
    return redirect(_back(area, code))
