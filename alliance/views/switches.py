"""Language and theme."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls.base import get_script_prefix
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from alliance.actions.accounts import keep_language
from alliance.context_processors import THEMES
from alliance.kernel.errors import NotFoundError

YEAR_SECONDS = 365 * 24 * 3600


def _back(request: HttpRequest, wanted: str) -> str:
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return wanted
    return get_script_prefix()


def keep_language_cookie(response: HttpResponse, code: str) -> HttpResponse:
    """Remember a language in the browser."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME, code, max_age=YEAR_SECONDS, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
    )
    return response


@require_safe
def switch_language(request: HttpRequest, code: str) -> HttpResponseBase:
    """Keep the wanted language in a cookie (and on the account) and return to the same page."""
    if code not in dict(settings.LANGUAGES):
        raise NotFoundError
    response = keep_language_cookie(HttpResponseRedirect(_back(request, request.GET.get("next", ""))), code)
    if request.user.is_authenticated:
        keep_language(request.user, code)
    return response


@require_POST
def switch_theme(request: HttpRequest) -> HttpResponse:
    """Keep the wanted theme in a cookie; ``system`` (or anything else) follows the device."""
    theme = request.POST.get("theme", "")
    response = HttpResponseRedirect(_back(request, request.POST.get("next", "")))
    if theme in THEMES:
        response.set_cookie("theme", theme, max_age=YEAR_SECONDS, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE)
    else:
        response.delete_cookie("theme")
    return response
