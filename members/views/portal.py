"""Pages of the portal about one's own institution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from alliance.kernel.errors import InvalidInputError
from alliance.kernel.permissions import can, require
from alliance.kernel.tables import csv_response
from alliance.selectors.people import acting_institution_id
from members.actions.institution import change_profile
from members.forms.institution import ProfileForm, place_errors
from members.permissions import CHANGE_PROFILE, CHANGE_SUPPLY, CONFIRM_FACTS, VIEW_EVIDENCE
from members.selectors.fact import list_facts, summarise
from members.selectors.institution import list_own_institutions, list_panels, list_staff, list_supplies
from members.views.institution import find, more_facts_of

if TYPE_CHECKING:
    from django.http import HttpRequest


@require_safe
@login_required
def portal_institution(request: HttpRequest) -> HttpResponse:
    """The reader's institution; a choice where there are several, a word where there is none."""
    request.nav_key = "institution"  # type: ignore[attr-defined]
    own = list_own_institutions(request.alliance, request.user)  # type: ignore[attr-defined]
    if len(own) == 1:
        return redirect("portal_institution_detail", code=own[0].code)
    return render(request, "members/portal_institution_choose.html", {"institutions": own})


@require_safe
@login_required
def portal_own(request: HttpRequest, page: str) -> HttpResponse:
    """A page of the institution acted for; a choice where that is open, a word where there is none."""
    own = list_own_institutions(request.alliance, request.user)  # type: ignore[attr-defined]
    acting = acting_institution_id(request)
    for institution in own:
        if institution.pk == acting or len(own) == 1:
            return redirect(page, code=institution.code)
    return redirect("portal_institution")


@require_safe
@login_required
def portal_institution_file(request: HttpRequest, code: str) -> HttpResponse:
    """The institution's whole entry as a file: facts with their marks, elements, people's roles (I12)."""
    institution = find(request, code)
    require(request.user, CHANGE_PROFILE, institution)
    on = timezone.localdate()
    rows: list[list[Any]] = []
    for fact in list_facts(institution, on):
        until = fact.mark.valid_until if fact.mark else None
        rows.append([_("Fact"), fact.label, "; ".join(fact.lines), fact.state_label, until])
    for supply in list_supplies(institution):
        words = f"{supply.get_scale_display()}; {supply.strength if supply.strength is not None else ''}".rstrip("; ")
        evidence = supply.evidence_zh if (get_language() or "").startswith("zh") else supply.evidence_en
        evidence = evidence or supply.evidence_en or supply.evidence_zh
        rows.append([_("Element"), supply.get_element_display(), words, evidence, supply.valid_to])
    rows.extend(
        [_("Person"), person.user.get_full_name(), person.get_role_display(), "", person.ends_at]
        for person in list_staff(institution, timezone.now())
    )
    header = [_("What"), _("Name"), _("Value"), _("State or evidence"), _("Valid until")]
    return csv_response(institution.code, header, rows)


@require_safe
@login_required
def portal_institution_detail(request: HttpRequest, code: str) -> HttpResponse:
    """Profile, elements, seats and people of an institution the reader acts for."""
    request.nav_key = "institution"  # type: ignore[attr-defined]
    request.tab_key = "profile"  # type: ignore[attr-defined]
    institution = find(request, code)
    at = timezone.now()
    facts = list_facts(institution, timezone.localdate())
    context = {
        "institution": institution,
        "supplies": list(list_supplies(institution)),
        "today": timezone.localdate(),
        "area": "portal",
        "staff": list(list_staff(institution, at)),
        "panels": list_panels(request.alliance, institution, at, for_office=False),  # type: ignore[attr-defined]
        "facts": facts,
        "verification": summarise(facts),
        "more_facts": more_facts_of(institution),
        "may_change": can(request.user, CHANGE_PROFILE, institution),
        "may_supply": can(request.user, CHANGE_SUPPLY, institution),
        "may_confirm": can(request.user, CONFIRM_FACTS, institution),
        "sees_evidence": can(request.user, VIEW_EVIDENCE, institution),
    }
    return render(request, "members/portal_institution.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def portal_institution_edit(request: HttpRequest, code: str) -> HttpResponse:
    """Short names, web site and contact, by the institution's representative."""
    request.nav_key = "institution"  # type: ignore[attr-defined]
    request.tab_key = "profile"  # type: ignore[attr-defined]
    institution = find(request, code)
    require(request.user, CHANGE_PROFILE, institution)
    initial = {name: getattr(institution, name) for name in ("short_en", "short_zh", "web", "contact_email")}
    form = ProfileForm(request.POST or None, initial=initial)
    back = reverse("portal_institution_detail", kwargs={"code": institution.code})
    if request.method == "POST" and form.is_valid():
        try:
            change_profile(
                request.alliance,  # type: ignore[attr-defined]
                code,
                actor=request.user,  # type: ignore[arg-type]
                at=timezone.now(),
                **form.cleaned_data,
            )
        except InvalidInputError as refusal:
            place_errors(form, refusal.fields, refusal.reason)
        else:
            messages.success(request, _("The profile was changed."))
            return redirect(back)
    context = {"form": form, "institution": institution, "back": back}
    return render(request, "members/portal_institution_form.html", context, status=422 if form.errors else 200)
