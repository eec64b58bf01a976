"""Inviting people, and accepting an invitation."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from alliance.actions.idempotency import once
from alliance.actions.invitations import (
    accept_with_account,
    accept_with_new_account,
    describe_offers,
    find_invitation,
    invite_person,
    resend_invitation,
    revoke_invitation,
)
from alliance.actions.roles import MANAGE_PEOPLE
from alliance.forms.accounts import NewAccountForm
from alliance.forms.people import InvitationForm
from alliance.kernel.errors import InvalidInputError, NotFoundError
from alliance.kernel.permissions import require
from alliance.models import Alliance, Invitation, User


def tenant_of(request: HttpRequest) -> Alliance:
    """The request's alliance; these routes exist in an alliance only."""
    alliance: Alliance = request.alliance  # type: ignore[attr-defined]
    return alliance


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@once
def invitation_create(request: HttpRequest) -> HttpResponse:
    """Invite somebody by e-mail."""
    alliance, actor = tenant_of(request), _actor(request)
    require(actor, MANAGE_PEOPLE, alliance)
    form = InvitationForm(request.POST or None, initial={"language": get_language(), **_initial(request)})
    if request.method == "POST" and form.is_valid():
        try:
            invite_person(
                alliance,
                form.cleaned_data["email"],
                form.offers(),
                language=form.cleaned_data["language"],
                actor=actor,
                at=timezone.now(),
            )
        except InvalidInputError as refusal:
            known = {name: words for name, words in refusal.fields.items() if name in form.fields}
            for name, words in known.items():
                form.add_error(name, str(words))
            if not known:
                form.add_error(None, str(refusal.reason))
        else:
            messages.success(
                request,
                _("The invitation was sent to %(email)s. It is valid for 7 days.") % {"email": form.cleaned_data["email"]},
            )
            return redirect("person_list")
    request.nav_key = "people"  # type: ignore[attr-defined]
    return render(request, "alliance/invitation_create.html", {"form": form}, status=422 if form.errors else 200)


def _initial(request: HttpRequest) -> dict[str, str]:
    return {name: request.GET[name] for name in ("institution", "institution_role") if name in request.GET}


def _actor(request: HttpRequest) -> User:
    user: Any = request.user
    return user  # type: ignore[no-any-return]


@login_required
@require_http_methods(["POST"])
def invitation_resend(request: HttpRequest, uuid: str) -> HttpResponse:
    """Send it again, with a new link."""
    try:
        invitation = resend_invitation(tenant_of(request), uuid, actor=_actor(request), at=timezone.now())
    except Invitation.DoesNotExist:
        raise NotFoundError from None
    messages.success(
        request, _("Sent again to %(email)s. Only the new link works, for 7 days.") % {"email": invitation.email}
    )
    return redirect("person_list")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def invitation_revoke(request: HttpRequest, uuid: str) -> HttpResponse:
    """Withdraw it, after a question."""
    alliance = tenant_of(request)
    require(request.user, MANAGE_PEOPLE, alliance)
    invitation = Invitation.objects.of(alliance).filter(uuid=uuid).first()
    if invitation is None:
        raise NotFoundError
    if request.method == "POST":
        revoke_invitation(alliance, uuid, actor=_actor(request), at=timezone.now())
        messages.success(request, _("The invitation was withdrawn. Its link no longer works."))
        return redirect("person_list")
    request.nav_key = "people"  # type: ignore[attr-defined]
    context = {"invitation": invitation, "offers": describe_offers(alliance, invitation.grants)}
    return render(request, "alliance/invitation_revoke.html", context)


@sensitive_post_parameters("password", "password_again")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation_accept(request: HttpRequest, token: str) -> HttpResponse:
    """What an invited person sees: make an account, or accept with the one there is."""
    alliance = tenant_of(request)
    invitation = find_invitation(alliance, token, at=timezone.now())
    context: dict[str, Any] = {
        "invitation": invitation,
        "offers": describe_offers(alliance, invitation.grants),
        "is_other_account": False,
        "has_account": False,
        "here": request.get_full_path(),
    }
    if request.user.is_authenticated:
        return _accept_signed_in(request, alliance, token, context)
    if User.objects.filter(email=invitation.email).exists():
        context["has_account"] = True
        return render(request, "alliance/invitation_accept.html", context)
    form = NewAccountForm(request.POST or None, email=invitation.email)
    if request.method == "POST" and form.is_valid():
        user = accept_with_new_account(
            alliance,
            token,
            password=form.cleaned_data["password"],
            name_en=form.cleaned_data["name_en"],
            name_zh=form.cleaned_data["name_zh"],
            language=get_language() or invitation.language,
            at=timezone.now(),
        )
        response: HttpResponse = perform_password_login(request, {"email": user.email}, Login(user=user, email=user.email))
        return response
    context["form"] = form
    return render(request, "alliance/invitation_accept.html", context, status=422 if form.errors else 200)


def _accept_signed_in(request: HttpRequest, alliance: Alliance, token: str, context: dict[str, Any]) -> HttpResponse:
    user = _actor(request)
    context["is_other_account"] = user.email != context["invitation"].email
    if request.method == "POST":
        accept_with_account(alliance, token, user=user, at=timezone.now())
        messages.success(request, _("Your new roles are in force."))
        return redirect("account_start")
    return render(request, "alliance/invitation_accept.html", context)
