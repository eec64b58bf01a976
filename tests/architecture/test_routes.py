"""Every route x method x role x object has one expected answer (security.md section 2); a route without a row fails.

``ROUTES_OBSERVED=file pytest tests/architecture/test_routes.py`` writes what is answered now, to be *read* before it is copied
into ``routes.py``: the table says what should be, the run says what is.
"""

from __future__ import annotations

import json
import os
import re
import uuid
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.urls.base import set_script_prefix

from alliance.models import Alliance
from tests.architecture.routes import OBJECTS, TABLE, WITHOUT_OBJECT
from tests.architecture.world import ALL_SCOPES, CONFS, ROLES, Route, World, build, routes, snapshot, token_for

METHODS = ("GET", "POST")
ASK_OTHER_METHODS = frozenset({"anonymous", "office_admin", "representative"})
"""Roles that try methods no page takes: views refuse them before they look at the role, so one of each kind is enough."""
OBSERVED: dict[str, dict[str, dict[str, int]]] = {}
OPENED: dict[str, list[str]] = {}
NOISE = re.compile(
    rb"[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f-]{27}|csrfmiddlewaretoken\"[^>]*>|nonce=\"[^\"]*\"|row-\d+|\d{4}-\d\d-\d\dT[^\"<]*"
)


@pytest.fixture
def world(db: None, settings: Any) -> World:
    settings.SECURE_SSL_REDIRECT = False
    return build()


def address(route: Route, alliance: Alliance, kwargs: dict[str, Any]) -> str:
    prefix = f"/a/{alliance.slug}/" if route.conf == "tenant" else "/"
    set_script_prefix(prefix)
    try:
        return reverse(route.name, urlconf=CONFS[route.conf], kwargs=kwargs)
    finally:
        set_script_prefix("/")


def ask(client: Client, method: str, url: str) -> Any:
    """One request whose effects are undone, those on the session too."""
    cookies = SimpleCookie(client.cookies.output(header="", sep=";"))
    with transaction.atomic():
        answer = client.generic(method, url, b"", content_type="application/x-www-form-urlencoded")
        transaction.set_rollback(True)
    client.cookies = cookies
    return answer


def kwargs_of(route: Route, made: Any) -> dict[str, Any]:
    return {name: value(made) if callable(value) else value for name, value in OBJECTS.get(route.name, {}).items()}


def random_kwargs(route: Route, kwargs: dict[str, Any]) -> dict[str, Any]:
    """Identifiers of the same shape that nothing has."""
    wild: dict[str, Any] = {}
    for name, value in kwargs.items():
        if not callable(OBJECTS[route.name][name]):
            wild[name] = value
        elif isinstance(value, uuid.UUID):
            wild[name] = uuid.uuid4()
        elif isinstance(value, int):
            wild[name] = 987_654_321
        else:
            wild[name] = "row-987654321"
    return wild


def test_every_route_has_a_row() -> None:
    keys = {route.key for route in routes()}

    assert sorted(keys - TABLE.keys()) == [], "say in routes.py what each role gets"
    assert sorted(TABLE.keys() - keys) == [], "these routes are gone"


def test_every_route_with_an_identifier_names_its_object() -> None:
    missing = [route.key for route in routes() if route.parameters and route.name not in OBJECTS]

    assert missing == []


def differences(world: World, client_for: Any, role: str) -> list[str]:
    """What a role is answered otherwise than the table says."""
    client = client_for(world.people[role], raise_request_exception=False)
    wrong = []
    for route in routes():
        url = address(route, world.own, kwargs_of(route, world.rows))
        for method in METHODS:
            status = ask(client, method, url).status_code
            OBSERVED.setdefault(route.key, {}).setdefault(method, {})[role] = status
            expected = TABLE.get(route.key, {}).get(method, "").split()
            wanted = int(expected[ROLES.index(role)]) if len(expected) == len(ROLES) else 405
            if status != wanted:
                wrong.append(f"{method} {route.key}: {status}, not {wanted}")
        for method in ("PUT", "DELETE") if role in ASK_OTHER_METHODS else ():
            status = ask(client, method, url).status_code
            if status >= 500 or (status < 300 and not route.name.startswith(("account_", "mfa_"))):
                wrong.append(f"{method} {route.key}: {status}; no page takes this method")
    return wrong


class TestRolesOfTheAlliance:
    """A class of its own, so that the two halves can run beside each other."""

    @pytest.mark.parametrize("role", ROLES[:6])
    def test_each_route_answers_each_role_as_the_table_says(self, world: World, client_for: Any, role: str) -> None:
        assert differences(world, client_for, role) == []


class TestRolesOfMembers:
    """The auditor, and people of institutions."""

    @pytest.mark.parametrize("role", ROLES[6:])
    def test_each_route_answers_each_role_as_the_table_says(self, world: World, client_for: Any, role: str) -> None:
        assert differences(world, client_for, role) == []


@pytest.mark.parametrize("role", ["secretariat", "representative", "wisdom_group"])
def test_an_object_of_another_alliance_is_answered_like_one_that_does_not_exist(
    world: World, client_for: Any, role: str
) -> None:
    client = client_for(world.people[role], raise_request_exception=False)
    before = snapshot(world.other)
    different = []
    for route in routes():
        if route.conf != "tenant" or route.name not in OBJECTS or route.name in WITHOUT_OBJECT:
            continue
        foreign_kwargs = kwargs_of(route, world.other_rows)
        foreign_url = address(route, world.own, foreign_kwargs)
        random_url = address(route, world.own, random_kwargs(route, foreign_kwargs))
        for method in METHODS:
            foreign, unknown = ask(client, method, foreign_url), ask(client, method, random_url)
            same_body = normal(foreign, foreign_url) == normal(unknown, random_url)
            if foreign.status_code != unknown.status_code or not same_body or foreign.status_code in {200, 201, 204}:
                different.append(f"{method} {route.key}: {foreign.status_code} / {unknown.status_code} {same_body}")

    assert different == []
    assert snapshot(world.other) == before


def normal(answer: Any, url: str) -> bytes:
    """The body without the asked address and without what changes from one answer to the next."""
    body = bytes(getattr(answer, "content", b""))
    for written in (quote(url, safe=""), quote(url), url):
        body = body.replace(written.encode(), b"ADDRESS")
    return NOISE.sub(b"", body)


def test_a_token_opens_what_its_scope_names_and_only_in_its_alliance(world: World, client_for: Any) -> None:
    from tests.architecture.routes import SCOPE_OPENS

    client = client_for(None, raise_request_exception=False)
    asked = [
        route
        for route in routes()
        if route.conf == "tenant" and route.name.startswith("api_") and route.name not in {"api_unknown", "api_token"}
    ]
    own = {route.name: address(route, world.own, kwargs_of(route, world.rows)) for route in asked}
    foreign = {route.name: address(route, world.other, kwargs_of(route, world.other_rows)) for route in asked}
    open_to_all = {name for name, url in foreign.items() if client.get(url).status_code == 200}
    wrong = {}
    for scope in ALL_SCOPES:
        headers = {"authorization": f"Bearer {token_for(world.own, scope)}"}
        opened = {name for name, url in own.items() if client.get(url, headers=headers).status_code == 200}
        elsewhere = {name for name, url in foreign.items() if client.get(url, headers=headers).status_code == 200}
        OPENED[scope] = sorted(opened)
        expected = SCOPE_OPENS["*"] | SCOPE_OPENS.get(scope, set())
        if opened != expected or elsewhere - open_to_all:
            wrong[scope] = (sorted(opened ^ expected), sorted(elsewhere - open_to_all))

    assert wrong == {}


def test_write_down_what_was_observed() -> None:
    """Last in the file: with ROUTES_OBSERVED set, keep the statuses of this run beside the table for reading."""
    if target := os.environ.get("ROUTES_OBSERVED"):
        text = {
            key: {m: " ".join(str(v.get(r, 0)) for r in ROLES) for m, v in found.items()} for key, found in OBSERVED.items()
        }
        Path(target).write_text(json.dumps({"table": text, "scopes": OPENED}, indent=1), encoding="utf-8")
