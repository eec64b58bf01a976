"""What happens around every request: health, request id, tenant, language, second factor, refusals, headers."""

from __future__ import annotations

import ipaddress
import re
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.request import split_domain_port
from django.urls import reverse
from django.urls.base import get_script_prefix, set_script_prefix
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext

from alliance.choices import AuditVia
from alliance.kernel import context, tenancy
from alliance.kernel.errors import DomainError, PermissionRefusedError
from alliance.views.errors import refusal_page
from alliance.views.health import healthz, metrics, readyz

if TYPE_CHECKING:
    from alliance.models import Alliance

GetResponse = Callable[[HttpRequest], HttpResponse]
PREFIX = re.compile(r"^/a/(?P<slug>[a-z0-9][a-z0-9-]*)(?P<rest>/.*)?$")


class HealthMiddleware:
    """Answers health and metrics before anything else can fail or redirect."""

    views = {"/healthz": healthz, "/readyz": readyz, "/metrics": metrics}

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if view := self.views.get(request.path_info):
            return view(request)
        return self.get_response(request)


class RequestContextMiddleware:
    """Gives each request an id for logs and audit, and believes forwarded addresses only from known proxies."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.proxies = [ipaddress.ip_network(proxy) for proxy in settings.TRUSTED_PROXIES]

    def __call__(self, request: HttpRequest) -> HttpResponse:
        peer = request.META.get("REMOTE_ADDR") or "127.0.0.1"
        if self._is_proxy(peer):
            forwarded = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
            while forwarded and self._is_proxy(peer):
                peer = forwarded.pop()
            request.META["REMOTE_ADDR"] = peer
        else:
            request.META.pop("HTTP_X_FORWARDED_PROTO", None)
        request.META.pop("HTTP_X_FORWARDED_FOR", None)
        request.request_id = uuid.uuid4().hex  # type: ignore[attr-defined]
        via = AuditVia.API if "/api/" in request.path_info else AuditVia.PAGE
        token = context.current.set(context.ActContext(via=via, request_id=request.request_id))  # type: ignore[attr-defined]
        try:
            response = self.get_response(request)
        finally:
            context.current.reset(token)
        response["X-Request-ID"] = request.request_id  # type: ignore[attr-defined]
        return response

    def _is_proxy(self, address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self.proxies)


class SecurityHeadersMiddleware:
    """Headers that every response carries; nothing seen after sign-in may be kept by a cache."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
        response.headers.setdefault("X-Frame-Options", "DENY")
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        user = getattr(request, "user", None)
        if user is not None and user.is_authenticated:
            response.headers["Cache-Control"] = "no-store"
        return response


class AllianceMiddleware:
    """Finds the alliance by path prefix (``/a/<slug>/``) or host name and acts in it for the whole request.

    The prefix becomes the script prefix, so ``reverse`` and ``{% url %}`` give addresses under it and the tenant's URL
    configuration knows nothing of prefixes. An unknown slug answers like any unknown page.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        alliance, prefix, rest = self._find(request)
        request.alliance = alliance  # type: ignore[attr-defined]
        if alliance is None:
            return self.get_response(request)
        request.urlconf = settings.TENANT_URLCONF  # type: ignore[attr-defined]
        before = get_script_prefix()
        path_before = request.path_info
        if prefix:
            if rest is None:
                return HttpResponseRedirect(f"{request.path}/")
            request.path_info = rest
            set_script_prefix(f"{before.rstrip('/')}{prefix}/")
        token = tenancy.enter(alliance.pk)
        try:
            return self.get_response(request)
        finally:
            tenancy.leave(token)
            set_script_prefix(before)
            request.path_info = path_before

    @staticmethod
    def _find(request: HttpRequest) -> tuple[Alliance | None, str, str | None]:
        from alliance.models import Alliance  # noqa: PLC0415 - middleware loads before the models

        host = split_domain_port(request.get_host())[0]  # lower case, without port
        if host not in settings.PLATFORM_HOSTS and (found := Alliance.objects.filter(host=host).first()):
            return found, "", request.path_info
        if match := PREFIX.match(request.path_info):
            found = Alliance.objects.filter(slug=match["slug"]).first()
            if found is not None:
                return found, f"/a/{found.slug}", match["rest"]
        return None, "", request.path_info


class LanguageMiddleware:
    """Language by cookie, else by the person's account, else by the browser; never by the address."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = self._choose(request)
        translation.activate(language)
        request.LANGUAGE_CODE = translation.get_language()
        response = self.get_response(request)
        patch_vary_headers(response, ("Accept-Language", "Cookie"))
        response.headers.setdefault("Content-Language", translation.get_language() or language)
        return response

    @staticmethod
    def _choose(request: HttpRequest) -> str:
        known = dict(settings.LANGUAGES)
        asked = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)
        if asked in known:
            return asked
        return translation.get_language_from_request(request)


class SecondFactorMiddleware:
    """Ends sessions that are too old, and sends people who act for others to set up a second factor first.

    A session ends after 30 minutes without a request and 12 hours after sign-in. Exempt from the second factor is only a
    demonstration account in a demonstration alliance: such an account holds roles nowhere else, which the database
    enforces.
    """

    #: Reachable without a second factor: the way to get one, and what shows nothing of an alliance's work.
    open_prefixes = ("account_", "mfa_", "usersessions_")
    open_routes = frozenset(
        {
            "alliance_theme_css",
            "calendar_feed",
            "choose_alliance",
            "home",
            "invitation_accept",
            "switch_language",
            "switch_theme",
        }
    )

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, _view: object, _args: object, _kwargs: object) -> HttpResponse | None:
        """Asked once the route is known."""
        from alliance.kernel.accounts import needs_second_factor  # noqa: PLC0415 - loads before the models

        match = request.resolver_match
        name = (match.view_name or "") if match else ""
        if not request.user.is_authenticated:
            return None
        if self._is_over(request):
            from django.contrib.auth import logout  # noqa: PLC0415 - loads before the models

            logout(request)
            request.session["signed_out"] = True
            return self._answer(request, reverse("account_login"), name)
        if name.startswith(self.open_prefixes) or name in self.open_routes:
            return None
        if needs_second_factor(request.user, getattr(request, "alliance", None)):
            return self._answer(request, f"{reverse('mfa_index')}?required=1", name)
        return None

    @staticmethod
    def _is_over(request: HttpRequest) -> bool:
        """Whether the session has outlived its terms; a session in use is noted once a minute."""
        now = int(timezone.now().timestamp())
        seen, started = request.session.get("seen_at"), request.session.get("started_at")
        if seen is not None and now - seen > settings.SESSION_IDLE_SECONDS:
            return True
        if started is not None and now - started > settings.SESSION_COOKIE_AGE:
            return True
        if seen is None or now - seen >= 60:
            request.session["seen_at"] = now
            request.session.setdefault("started_at", now)
        return False

    @staticmethod
    def _answer(request: HttpRequest, url: str, name: str) -> HttpResponse | None:
        """The way on: a redirect for pages, the same as a header for parts of pages, a problem for the API."""
        if "/api/" in request.path_info:
            if not request.user.is_authenticated:
                return None  # the API says itself that nobody is signed in
            problem = {
                "type": "about:blank",
                "title": gettext("Set up a second factor first."),
                "status": 403,
                "code": "second_factor_required",
            }
            return JsonResponse(problem, status=403, content_type="application/problem+json")
        if not request.user.is_authenticated and name not in {"account_login", "account_logout"}:
            url = f"{url}?{urlencode({'next': request.get_full_path()})}"
        if request.headers.get("HX-Request"):
            return HttpResponse(status=204, headers={"HX-Redirect": url})
        return HttpResponseRedirect(url)


class RefusalMiddleware:
    """Turns a domain refusal into a page that names the rule and who may act; the view's transaction is undone."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The page for a refusal; anything else goes on. Who is not signed in is asked to sign in first."""
        if isinstance(exception, PermissionRefusedError) and not request.user.is_authenticated:
            from django.contrib.auth.views import redirect_to_login  # noqa: PLC0415 - loads before the models

            return redirect_to_login(request.get_full_path(), reverse("account_login"))
        if isinstance(exception, DomainError):
            return refusal_page(request, exception)
        return None
