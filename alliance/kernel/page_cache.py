"""Whole public pages kept in Redis for anonymous readers.

A view allows it with :func:`cached_page`; :class:`PageCacheMiddleware` answers before the tenant, session or database are
touched. A page is kept under host, full path, query, language, theme and day, so one alliance's page cannot answer for another's,
together with the alliance's content version: a change that readers may see raises the version
(``alliance.actions.content.bump_content_version``) and makes every kept page stale at once.

A stale page is made anew by one reader while the others still get the old one (stale while revalidate); a page that is not
there yet is made by one reader while the others wait a moment for it. Nothing is kept of a signed-in person, of a page that
sets a cookie, shows messages or carries a form token, and nothing but successful answers to GET.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, Final, ParamSpec, cast

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils import timezone, translation

if TYPE_CHECKING:
    from alliance.models import Alliance

P = ParamSpec("P")
GetResponse = Callable[[HttpRequest], HttpResponse]

FRESH_SECONDS: Final = 300
"""Age from which a page is made anew although nothing changed: things fall due and expire by the clock."""
KEPT_SECONDS: Final = 3600
"""Age from which a stale page is no longer shown at all."""
VERSION_SECONDS: Final = 1
"""How long a content version read from the database is believed: the longest a change may stay unseen."""
LOCK_SECONDS: Final = 15
WAIT_SECONDS: Final = 3.0
HEADER: Final = "X-Page-Cache"

_TENANT = re.compile(r"^/a/([a-z0-9][a-z0-9-]*)/")
_NEVER = re.compile(r"^(/a/[^/]+)?/(console|portal|accounts|api|static|theme|language|ratings)(/|$)")
_KEPT_HEADERS = ("Content-Type", "Content-Language", "Vary", "Link")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request looks: the alliance's key and the page's key."""

    alliance_key: str
    page_key: str


@dataclass(frozen=True, slots=True)
class KeptPage:
    """A page as kept."""

    version: str
    made_at: float
    body: bytes
    headers: tuple[tuple[str, str], ...]
    etag: str


def cached_page(view: Callable[P, HttpResponse]) -> Callable[P, HttpResponse]:
    """Allow a public view's page to be kept for anonymous readers."""

    @wraps(view)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        response = view(*args, **kwargs)
        response.may_be_kept = True  # type: ignore[attr-defined]
        return response

    return wrapper


def forget_version(alliance: Alliance) -> None:
    """Have the content version read again at once; called after the commit that raised it."""
    cache.delete_many([f"page:version:slug:{alliance.slug}", f"page:version:host:{alliance.host}"])


def find_place(request: HttpRequest) -> Place | None:
    """The keys of a request that may be answered from the cache; None when it must not be."""
    if request.method not in {"GET", "HEAD"} or _NEVER.match(request.path_info):
        return None
    cookies = request.COOKIES
    if settings.SESSION_COOKIE_NAME in cookies or "messages" in cookies or "HTTP_AUTHORIZATION" in request.META:
        return None
    host = request.get_host()
    name = host.rpartition(":")[0] or host
    if match := _TENANT.match(request.path_info):
        alliance_key = f"page:version:slug:{match[1]}"
    elif name not in settings.PLATFORM_HOSTS:
        alliance_key = f"page:version:host:{name}"
    else:
        return None  # the platform's own front door belongs to no alliance
    language = cookies.get(settings.LANGUAGE_COOKIE_NAME, "")
    if language not in dict(settings.LANGUAGES):
        language = translation.get_language_from_request(request)
    theme = cookies.get("theme", "")
    theme = theme if theme in {"light", "dark"} else ""
    # What is open until a day is gone the moment that day ends, whatever the tasks do: a page is kept for one day only.
    day = timezone.localdate().isoformat()
    identity = "\n".join((request.scheme or "", host, request.get_full_path(), language, theme, day))
    return Place(alliance_key, f"page:{hashlib.sha256(identity.encode()).hexdigest()}")


class PageCacheMiddleware:
    """Answers anonymous readers of public pages from Redis; stands outside tenant, session and language."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The kept page, or the view's, which may then be kept."""
        place = find_place(request)
        if place is None:
            return self.get_response(request)
        try:
            found: dict[str, Any] = cache.get_many([place.alliance_key, place.page_key])
        except Exception:  # noqa: BLE001 - without Redis the page is simply made
            return self.get_response(request)
        version = found.get(place.alliance_key) or read_version(place.alliance_key)
        if not version:
            return self.get_response(request)
        page: KeptPage | None = found.get(place.page_key)
        if page is not None and page.version == version and time.time() - page.made_at < FRESH_SECONDS:
            return answer(request, page, "hit")
        lock = f"{place.page_key}:lock"
        if not cache.add(lock, 1, LOCK_SECONDS):
            # Somebody else is making it: the old page will do, or a short wait for the new one.
            page = page or wait_for(place.page_key)
            if page is not None:
                return answer(request, page, "stale" if page.version != version else "hit")
            return self.get_response(request)
        try:
            made: KeptPage | None = cache.get(place.page_key)
            if made is not None and made.version == version and made != page:
                return answer(request, made, "hit")  # it was made between the look and the lock
            response = self.get_response(request)
            kept = keep(request, response, place, version)
        finally:
            cache.delete(lock)
        return answer(request, kept, "miss") if kept is not None else response


def read_version(alliance_key: str) -> str:
    """The alliance's key and content version from the database, believed for a moment; empty when there is no alliance."""
    from alliance.models import Alliance  # noqa: PLC0415 - middleware loads before the models

    _page, _version, kind, name = alliance_key.split(":", 3)
    row = Alliance.objects.filter(**{kind: name}).values_list("pk", "content_version").first()
    if row is None:
        return ""
    version = f"{row[0]}.{row[1]}"
    cache.set(alliance_key, version, VERSION_SECONDS)
    return version


def wait_for(page_key: str) -> KeptPage | None:
    """The page somebody else is making, unless it takes too long."""
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        time.sleep(0.05)
        # Both in one look: the lock goes after the page was kept, so that without either there will be none.
        found: dict[str, Any] = cache.get_many([page_key, f"{page_key}:lock"])
        if page_key in found:
            return cast("KeptPage", found[page_key])
        if not found:
            return None  # the other one ended without a page that may be kept
    return None


def keep(request: HttpRequest, response: HttpResponse, place: Place, version: str) -> KeptPage | None:
    """Keep a page if its view allowed it and nothing in it is one reader's own."""
    if not may_be_kept(request, response):
        return None
    headers = tuple((name, response.headers[name]) for name in _KEPT_HEADERS if name in response.headers)
    body = bytes(response.content)
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    page = KeptPage(version, time.time(), body, headers, etag)
    cache.set(place.page_key, page, KEPT_SECONDS)
    return page


def may_be_kept(request: HttpRequest, response: HttpResponse) -> bool:
    """Whether an answer holds nothing of the reader's own."""
    user = getattr(request, "user", None)
    return (
        getattr(response, "may_be_kept", False)
        and response.status_code == 200
        and request.method == "GET"
        and not response.streaming
        and not response.cookies
        and not request.META.get("CSRF_COOKIE_NEEDS_UPDATE")
        and not getattr(request, "_csp_nonce", None)
        and not (user is not None and user.is_authenticated)
        and not getattr(getattr(request, "_messages", None), "used", False)
    )


def answer(request: HttpRequest, page: KeptPage, how: str) -> HttpResponse:
    """The kept page as an answer, or 304 when the reader has it already."""
    response: HttpResponse
    if request.META.get("HTTP_IF_NONE_MATCH", "") == page.etag:
        response = HttpResponseNotModified()
    else:
        response = HttpResponse(page.body)
    for name, value in page.headers:
        if response.status_code == 200 or name == "Vary":
            response.headers[name] = value
    response.headers["ETag"] = page.etag
    response.headers["Cache-Control"] = "no-cache"
    response.headers[HEADER] = how
    return response
