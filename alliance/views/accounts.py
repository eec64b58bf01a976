"""Sign-in and the own account.

allauth does the work; these views give its pages our forms, answers and order. allauth's views answer with templates that
are drawn later, after the view's transaction, where row-level security shows no tenant rows; :func:`eager` draws them at
once, inside it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from allauth.account.views import LoginView
from allauth.mfa.adapter import get_adapter as get_factor_adapter
from allauth.mfa.base.views import IndexView
from allauth.mfa.webauthn.views import RemoveWebAuthnView
from allauth.usersessions.internal import flows as session_flows
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alliance.actions.accounts import update_profile
from alliance.forms.accounts import ProfileForm
from alliance.kernel.accounts import FACTORS, needs_second_factor
from alliance.kernel.addresses import absolute_url
from alliance.kernel.errors import DomainError, NotFoundError
from alliance.kernel.navigation import navigation_for
from alliance.models import Alliance
from alliance.selectors.alliances import list_alliances_of_user
from alliance.selectors.people import SESSION_KEY, Standing, acting_institution_id, standing_of
from alliance.views.switches import keep_language_cookie

RETRY_SECONDS = 15 * 60


def eager(view: Callable[..., Any]) -> Callable[..., HttpResponse]:
    """Draw an allauth page inside the view's transaction."""

    @wraps(view)
    def drawn(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response: Any = view(request, *args, **kwargs)
        if hasattr(response, "render") and not response.is_rendered:
            response.render()
        return response  # type: ignore[no-any-return]

    return drawn


class SignInView(LoginView):
    """Sign-in; too many failed tries answer 429 on the same page, so that nothing typed is lost."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Adds, once, that the last session ended by itself."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        context["was_signed_out"] = self.request.session.pop("signed_out", False)
        return context

    def form_invalid(self, form: Any) -> HttpResponse:
        """The page again, with the status that fits."""
        response: HttpResponse = super().form_invalid(form)
        if any(error.code == "too_many_login_attempts" for error in form.non_field_errors().as_data()):
            response.status_code = HTTPStatus.TOO_MANY_REQUESTS
            response["Retry-After"] = str(RETRY_SECONDS)
        return response


class RemovePasskeyView(RemoveWebAuthnView):
    """Removal of a passkey; the last factor of somebody who must have one stays."""

    def form_valid(self, form: Any) -> HttpResponse:
        """Remove it, or say why not."""
        authenticator = self.get_object()
        adapter = get_factor_adapter()
        if not adapter.can_delete_authenticator(authenticator):
            raise DomainError(
                adapter.error_messages["cannot_delete_authenticator"],
                code="last_second_factor",
                remedy=_("A passkey, or an app that shows codes, is required of everybody who acts for others."),
            )
        response: HttpResponse = super().form_valid(form)
        return response


class FactorsView(IndexView):
    """The own second factors; says so when one is required before going on."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Adds whether one is missing, and where to go on."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        user = self.request.user
        missing = needs_second_factor(user, getattr(self.request, "alliance", None))
        held = {str(kind) for kind in context["authenticators"]}
        context.update(is_missing=missing, has_factor=bool(held & {str(kind) for kind in FACTORS}))
        return context


@require_safe
def signup_closed(request: HttpRequest) -> HttpResponse:
    """How one gets an account: by invitation."""
    return render(request, "account/signup_closed.html")


def too_many(request: HttpRequest) -> HttpResponse:
    """Over a limit of sign-in; in the reader's language."""
    response = render(request, "errors/429.html", status=HTTPStatus.TOO_MANY_REQUESTS)
    response["Retry-After"] = str(RETRY_SECONDS)
    return response


def _entry_url(request: HttpRequest, names: tuple[str, ...], area: str) -> str:
    """The first route of these names that exists, else the first link of the area that this person may see."""
    for name in names:
        try:
            return reverse(name)
        except NoReverseMatch:
            continue
    for section in navigation_for(request, area):
        for link in section.items:
            return link.url
    return ""


def console_url(request: HttpRequest) -> str:
    """The console's first page."""
    return _entry_url(request, ("dashboard",), "console") or reverse("account_profile")


def work_url(request: HttpRequest) -> str:
    """Where somebody works whose role opens a part of the console but not its first page, such as the editor's."""
    headed = (section for section in navigation_for(request, "console") if section.label)
    return next((section.items[0].url for section in headed), "") or reverse("account_profile")


def portal_url(request: HttpRequest) -> str:
    """The portal's first page."""
    return _entry_url(request, ("portal_home",), "portal") or reverse("account_profile")


def start_url(request: HttpRequest, alliance: Alliance) -> str:
    """Address of an alliance's own :func:`start`: absolute where it, or this page, lies on a host of its own."""
    url = absolute_url(alliance, "account_start")
    here: Alliance | None = getattr(request, "alliance", None)
    if alliance.host or (here is not None and here.host):
        return url
    return urlsplit(url).path


@never_cache
@login_required
@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """Where each person goes after sign-in: to the only place the person works in, else to choose one."""
    alliance: Alliance | None = getattr(request, "alliance", None)
    if needs_second_factor(request.user, alliance):
        return HttpResponseRedirect(f"{reverse('mfa_index')}?required=1")
    if alliance is None:
        mine = list_alliances_of_user(request.user)
        if len(mine) == 1:
            return HttpResponseRedirect(start_url(request, mine[0]))
        return redirect("choose_alliance" if mine else "home")
    standing = standing_of(request.user, alliance)
    if standing.choices > 1 and not (standing.institutions and not standing.has_console and acting_institution_id(request)):
        return redirect("choose_institution")
    if standing.institutions:
        return HttpResponseRedirect(portal_url(request))
    if standing.has_console:
        return HttpResponseRedirect(console_url(request))
    if standing.roles:
        return HttpResponseRedirect(work_url(request))
    messages.info(request, _("Your account holds no role in %(alliance)s.") % {"alliance": alliance.name})
    elsewhere = list_alliances_of_user(request.user)
    if len(elsewhere) == 1 and elsewhere[0] != alliance:
        return HttpResponseRedirect(start_url(request, elsewhere[0]))
    return redirect("choose_alliance")


def _safe_next(request: HttpRequest) -> str:
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    allowed = url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return wanted if allowed else ""


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def choose_institution(request: HttpRequest) -> HttpResponse:
    """Choose for whom to act in this alliance; kept for the session, checked against present roles at every use."""
    alliance: Alliance | None = getattr(request, "alliance", None)
    if alliance is None:
        return redirect("choose_alliance")
    standing: Standing = standing_of(request.user, alliance)
    if request.method == "POST":
        if request.POST.get("institution") == "" and standing.has_console:
            return HttpResponseRedirect(_safe_next(request) or console_url(request))
        chosen = next((label for label in standing.institutions if label.code == request.POST.get("institution")), None)
        if chosen is None:
            raise NotFoundError
        kept = {**request.session.get(SESSION_KEY, {}), str(alliance.pk): chosen.id}
        request.session[SESSION_KEY] = kept
        return HttpResponseRedirect(_safe_next(request) or portal_url(request))
    context = {"standing": standing, "acting_id": acting_institution_id(request), "next": _safe_next(request)}
    return render(request, "alliance/choose_institution.html", context)


@never_cache
@login_required
@require_safe
def choose_alliance(request: HttpRequest) -> HttpResponse:
    """Choose in which alliance to work."""
    mine = [(alliance, start_url(request, alliance)) for alliance in list_alliances_of_user(request.user)]
    return render(request, "alliance/choose_alliance.html", {"mine": mine})


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """Own names, language, shortcuts; the way to password, factors and sessions."""
    user: Any = request.user
    form = ProfileForm(
        request.POST or None,
        initial={
            "name_en": user.name_en,
            "name_zh": user.name_zh,
            "language": user.language,
            "shortcuts_enabled": user.shortcuts_enabled,
        },
    )
    if request.method == "POST" and form.is_valid():
        update_profile(user, **form.cleaned_data)
        messages.success(request, _("Your account was saved."))
        return keep_language_cookie(redirect("account_profile"), user.language)
    return render(request, "account/profile.html", {"form": form}, status=422 if form.errors else 200)


@login_required
@require_POST
def end_session(request: HttpRequest, pk: int) -> HttpResponse:
    """End one of the own sessions."""
    session = UserSession.objects.filter(user=request.user, pk=pk).first()
    if session is None:
        raise NotFoundError
    session_flows.sessions.end_sessions(request, [session])
    if not request.user.is_authenticated:
        return redirect("account_login")
    messages.success(request, _("That session was ended."))
    return redirect("usersessions_list")
