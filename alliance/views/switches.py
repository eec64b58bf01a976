"""Language and theme."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from alliance.context_processors import THEMES
from alliance.kernel.errors import NotFoundError

YEAR_SECONDS = 365 * 24 * 3600


def _back(request: HttpRequest, wanted: str) -> str:
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return wanted
    return "/"


@require_safe
def switch_language(request: HttpRequest, code: str) -> HttpResponse:
    """Keep the wanted language in a cookie (and on the account) and return to the same page."""
    if code not in dict(settings.LANGUAGES):
        raise NotFoundError
    response = HttpResponseRedirect(_back(request, request.GET.get("next", "/")))
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME, code, max_age=YEAR_SECONDS, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
    )
    if request.user.is_authenticated and request.user.language != code:
        request.user.language = code
        request.user.save(update_fields=["language"])
    return response


@require_POST
def switch_theme(request: HttpRequest) -> HttpResponse:
    """Keep the wanted theme in a cookie; ``auto`` follows the device."""
    theme = request.POST.get("theme", "")
    response = HttpResponseRedirect(_back(request, request.POST.get("next", "/")))
    if theme in THEMES:
        response.set_cookie("theme", theme, max_age=YEAR_SECONDS, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE)
    else:
        response.delete_cookie("theme")
    return response
