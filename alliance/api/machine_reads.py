# ruff: noqa: S608 - the statement comes from a projection; values are always parameters
"""The short road for machines that read a projection: one round trip to the database, no session, no framework on the way.

A machine's GET of a list or record needs nothing of what pages need: no session, messages, forms or account. This layer
does, in the same order and with the same parts, what the ordinary road does for such a request: alliance, language, token,
network, scope, parameters, fair use, tag, answer. Whatever is not plainly a good answer (a token nobody knows, a refused
parameter, a record that is not there, a limit reached) goes down the ordinary road, which knows how to say so; there is one
place for every refusal. ``tests/alliance/test_api_machine_reads_api.py`` compares the two roads.

The alliance's address, its content version, the rows and with them the tag come from one statement, so they belong to one
moment. A token is believed as long as the content version it was looked up at is the present one.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.http.request import split_domain_port
from django.urls import Resolver404, ResolverMatch, get_resolver
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from rest_framework.request import Request

from alliance.api import authentication
from alliance.api.authentication import MachineClient
from alliance.api.endpoints import ProjectionDetail, ProjectionEndpoint, ProjectionList
from alliance.kernel import limits, tenancy
from alliance.kernel.errors import DomainError
from alliance.middleware import PREFIX, AllianceMiddleware, LanguageMiddleware
from alliance.models import Alliance

if TYPE_CHECKING:
    from django.http import HttpRequest

ALLIANCE_SECONDS = 1.0
"""How long what is known of an alliance is believed; its address and content version are asked for with every request."""
MOST_ALLIANCES = 1000
_API = "/api/v1/"
_BARE = re.compile(r"^/api/v1/")

_VERSION = "SELECT content_version FROM alliance_alliance WHERE id = %(acting_id)s AND {column} = %(acting_address)s"
_STATEMENT = f"SELECT ({_VERSION}), answer.* FROM ({{sql}}) answer"


@dataclass(frozen=True, slots=True)
class Place:
    """The alliance that an address leads to.

    Attributes:
        alliance: The alliance.
        column: How it was found: ``slug`` or ``host``.
        address: The slug or host name.
        rest: Path inside the alliance.
    """

    alliance: Alliance
    column: str
    address: str
    rest: str

    def ask(self, sql: str, params: dict[str, Any]) -> tuple[Any, ...] | None:
        """The alliance's content version and the statement's row; no row or no version when there is nothing to answer with."""
        return tenancy.read_row(
            self.alliance,
            (_STATEMENT if sql else _VERSION).format(sql=sql, column=self.column),
            {**params, "acting_id": self.alliance.pk, "acting_address": self.address},
        )


_alliances: dict[tuple[str, str], tuple[Alliance, float]] = {}
_alliances_lock = threading.Lock()


class MachineReadMiddleware:
    """Answers what the short road can answer; everything else goes on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The short road for GET and HEAD with a bearer token and without a session."""
        if (
            request.method in {"GET", "HEAD"}
            and _API in request.path_info
            and request.META.get("HTTP_AUTHORIZATION", "").lower().startswith("bearer ")
            and settings.SESSION_COOKIE_NAME not in request.COOKIES
        ):
            response = read(request)
            if response is not None:
                return response
        return self.get_response(request)


def read(request: HttpRequest) -> HttpResponse | None:
    """The answer, or None when the ordinary road has to give it."""
    place = find_place(request)
    if place is None:
        return None
    match = resolve(settings.TENANT_URLCONF, place.rest)
    if match is None:
        return None
    endpoint: type[ProjectionEndpoint] = match.func.cls  # type: ignore[attr-defined]
    translation.activate(LanguageMiddleware._choose(request))
    request.alliance = place.alliance  # type: ignore[attr-defined]
    token = tenancy.enter(place.alliance.pk)
    try:
        view: ProjectionEndpoint = endpoint(**getattr(match.func, "initkwargs", {}))
        view.setup(request, **match.kwargs)
        response = _answer(request, view, place, match.kwargs.get("code", ""))
    finally:
        tenancy.leave(token)
    if response is None:
        return None
    request.resolver_match = match
    for name, value in view.default_response_headers.items():
        response.headers.setdefault(name, value)
    if view.standing is not None:
        for name, value in view.standing.headers().items():
            response.headers.setdefault(name, value)
    patch_vary_headers(response, ("Accept-Language", "Cookie"))
    response.headers.setdefault("Content-Language", translation.get_language() or "")
    response.headers.setdefault("Content-Length", str(len(response.content)))
    return response


@lru_cache(maxsize=1000)
def resolve(urlconf: str, path: str) -> ResolverMatch | None:
    """The route of a path, when it leads to an endpoint that may be answered here."""
    try:
        match = get_resolver(urlconf).resolve(path)
    except Resolver404:
        return None
    endpoint = getattr(match.func, "cls", None)
    return match if endpoint is not None and is_short(endpoint) else None


def is_short(endpoint: type) -> bool:
    """Whether an endpoint reads a projection in the ordinary way; one that answers in a way of its own is not short."""
    if issubclass(endpoint, ProjectionList):
        return endpoint.get is ProjectionList.get
    return issubclass(endpoint, ProjectionDetail) and endpoint.get is ProjectionDetail.get


def find_place(request: HttpRequest) -> Place | None:
    """The alliance and the path inside it, as :class:`alliance.middleware.AllianceMiddleware` finds them."""
    host = split_domain_port(request.get_host())[0]
    path = request.path_info
    if host not in settings.PLATFORM_HOSTS and _BARE.match(path):
        column, address, rest = "host", host, path
    elif host in settings.PLATFORM_HOSTS and (match := PREFIX.match(path)) and match["rest"]:
        column, address, rest = "slug", match["slug"], match["rest"]
    else:
        return None
    known, read_at = _alliances.get((column, address), (None, 0.0))
    if known is None or time.monotonic() - read_at > ALLIANCE_SECONDS:
        known = AllianceMiddleware._find(request)[0]
        if known is None or getattr(known, column) != address:
            return None
        with _alliances_lock:
            if len(_alliances) >= MOST_ALLIANCES:
                _alliances.clear()
            _alliances[column, address] = known, time.monotonic()
    return Place(known, column, address, rest)


def _answer(request: HttpRequest, view: ProjectionEndpoint, place: Place, key: str) -> HttpResponse | None:
    """Judge, count, read; once more when the content changed under the token."""
    raw = Request(request)
    view.request = raw
    access = view.access.get("GET")
    checksum = authentication.checksum_of(request)
    if access is None or not access.scope or not checksum or "\x00" in key:
        return None
    try:
        query = view.wanted().read(dict(request.GET.lists()), single=view.single)
    except DomainError:
        return None
    address, now = request.META.get("REMOTE_ADDR", ""), timezone.now()
    for _turn in range(2):
        known = authentication.find_token(checksum, place.alliance, any_version=True)
        if known is None or not known.is_open(now) or not known.client.admits(address) or access.scope not in known.scopes:
            return None
        raw.user, raw.auth = AnonymousUser(), MachineClient(known.client, known.scopes)
        if view.standing is None:
            try:
                view.standing = limits.hit_in_advance("api_client", place.alliance.pk, f"client:{known.client.pk}")
            except limits.RateLimitedError:
                return None
            request.standing = view.standing  # type: ignore[attr-defined]
        version = known.version[1]
        tag = view.etag(raw, version)
        same = view.unchanged(raw, tag)
        row = place.ask("", {}) if same is not None else place.ask(*view.statement(raw, query, key))
        if row is None or row[0] is None:  # no such record, or the address leads elsewhere now
            return None
        if row[0] == version:
            authentication.note_use(known.client, address, now)
            return same if same is not None else view.compose(raw, query, row[1:], tag)
        # Something changed since the token was looked up, perhaps the client's rights: look again, at the present version.
        place.alliance.content_version = row[0]
        authentication.forget_token(checksum)
    return None
