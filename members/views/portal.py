"""Pages of the portal about one's own institution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from alliance.kernel.errors import InvalidInputError
from alliance.kernel.permissions import can, require
from members.actions.institution import change_profile
from members.forms.institution import ProfileForm, place_errors
from members.permissions import CHANGE_PROFILE
from members.selectors.institution import list_own_institutions, list_panels, list_staff, list_supplies
from members.views.institution import facts_of, find

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
def portal_institution_detail(request: HttpRequest, code: str) -> HttpResponse:
    """Profile, elements, seats and people of an institution the reader acts for."""
    request.nav_key = "institution"  # type: ignore[attr-defined]
    institution = find(request, code)
    at = timezone.now()
    context = {
        "institution": institution,
        "supplies": list(list_supplies(institution)),
        "today": timezone.localdate(),
        "staff": list(list_staff(institution, at)),
        "panels": list_panels(request.alliance, institution, at),  # type: ignore[attr-defined]
        "facts": facts_of(institution),
        "may_change": can(request.user, CHANGE_PROFILE, institution),
    }
    return render(request, "members/portal_institution.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def portal_institution_edit(request: HttpRequest, code: str) -> HttpResponse:
    """Short names, web site and contact, by the institution's representative."""
    request.nav_key = "institution"  # type: ignore[attr-defined]
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
