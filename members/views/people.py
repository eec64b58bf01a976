"""Who acts for an institution: managed by the institution itself, seen and managed by the office too (I2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from alliance.actions.idempotency import once
from alliance.actions.invitations import invite_person, revoke_invitation
from alliance.kernel.errors import DomainError, InvalidInputError
from alliance.kernel.permissions import can, require
from alliance.models import Invitation
from members.actions.staff import MANAGE_STAFF, end_staff, name_deputy
from members.choices import StaffRole
from members.forms.institution import InviteForm, place_errors
from members.models import InstitutionStaff
from members.selectors.staff import list_former_staff, list_invitations, list_people_of
from members.views.facts import crumbs_of, enter, posted

if TYPE_CHECKING:
    from django.http import HttpRequest

PAGES = {"console": "institution_people", "portal": "portal_people"}


def _page(area: str, code: str) -> str:
    return reverse(PAGES[area], kwargs={"code": code})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def people(request: HttpRequest, code: str, area: str) -> HttpResponse:
    """People of an institution with their roles and deputies, open invitations, and a form to invite."""
    institution = enter(request, area, code, "people")
    at = timezone.now()
    form = InviteForm(posted(request)[0], initial={"role": StaffRole.STAFF, "language": request.user.language})  # type: ignore[union-attr]
    if request.method == "POST":
        require(request.user, MANAGE_STAFF, institution)
        if form.is_valid():
            offer = {"scope": "institution", "role": form.cleaned_data["role"], "institution": institution.code}
            try:
                invite_person(
                    request.alliance,  # type: ignore[attr-defined]
                    form.cleaned_data["email"],
                    [offer],
                    language=form.cleaned_data["language"],
                    actor=request.user,  # type: ignore[arg-type]
                    at=at,
                )
            except InvalidInputError as refusal:
                place_errors(form, refusal.fields, refusal.reason)
            else:
                messages.success(
                    request,
                    _("An invitation goes to %(email)s. It works for 7 days.") % {"email": form.cleaned_data["email"]},
                )
                return redirect(_page(area, code))
    staff = list_people_of(institution, at)
    context = {
        "institution": institution,
        "base": f"{area}/base.html",
        "area": area,
        "staff": staff,
        "colleagues": list({person.user.pk: person.user for person in staff}.values()),
        "invitations": list_invitations(institution, at),
        "former": list_former_staff(institution, at),
        "form": form,
        "crumbs": crumbs_of(area, institution, _("People")),
        "may_staff": can(request.user, MANAGE_STAFF, institution),
    }
    return render(request, "members/people.html", context, status=422 if form.errors else 200)


def _staff(request: HttpRequest, code: str, staff: int) -> InstitutionStaff:
    row = (
        InstitutionStaff.objects.of(request.alliance)  # type: ignore[attr-defined]
        .select_related("institution", "user", "deputy")
        .filter(pk=staff, institution__code=code)
        .first()
    )
    if row is None:
        raise Http404
    return row


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def staff_end(request: HttpRequest, code: str, staff: int, area: str) -> HttpResponse:
    """Ask before a role is ended, then end it: access ends at once."""
    institution = enter(request, area, code, "people")
    require(request.user, MANAGE_STAFF, institution)
    row = _staff(request, code, staff)
    refusal_words = ""
    if request.method == "POST":
        try:
            end_staff(request.alliance, staff, actor=request.user, at=timezone.now())  # type: ignore[attr-defined, arg-type]
        except DomainError as refusal:
            refusal_words = f"{refusal.reason} {refusal.remedy}".strip()
        else:
            messages.success(request, _("%(name)s no longer acts in this role.") % {"name": row.user.get_full_name()})
            if row.user_id == request.user.pk and area == "portal":
                return redirect("portal_institution")
            return redirect(_page(area, code))
    context = {
        "institution": institution,
        "base": f"{area}/base.html",
        "area": area,
        "row": row,
        "refusal": refusal_words,
        "crumbs": crumbs_of(area, institution, _("End the role")),
        "back": _page(area, code),
    }
    return render(request, "members/staff_end.html", context, status=422 if refusal_words else 200)


@require_POST
@login_required
def staff_deputy(request: HttpRequest, code: str, staff: int, area: str) -> HttpResponse:
    """Name who takes over a person's open tasks on leaving."""
    institution = enter(request, area, code, "people")
    require(request.user, MANAGE_STAFF, institution)
    _staff(request, code, staff)
    try:
        name_deputy(request.alliance, staff, request.POST.get("deputy", ""), actor=request.user, at=timezone.now())  # type: ignore[attr-defined, arg-type]
    except DomainError as refusal:
        messages.error(request, str(refusal.reason))
    else:
        messages.success(request, _("The deputy was noted."))
    return redirect(_page(area, code))


@require_POST
@login_required
def staff_invitation_withdraw(request: HttpRequest, code: str, uuid: Any, area: str) -> HttpResponse:
    """Withdraw an invitation to act for this institution; its link stops working at once."""
    institution = enter(request, area, code, "people")
    require(request.user, MANAGE_STAFF, institution)
    if not any(invitation.uuid == uuid for invitation in list_invitations(institution, timezone.now())):
        raise Http404
    try:
        revoke_invitation(request.alliance, uuid, actor=request.user, at=timezone.now())  # type: ignore[attr-defined, arg-type]
    except Invitation.DoesNotExist:
        raise Http404 from None
    except DomainError as refusal:
        messages.error(request, str(refusal.reason))
    else:
        messages.success(request, _("The invitation was withdrawn."))
    return redirect(_page(area, code))
