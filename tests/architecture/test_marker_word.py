"""A word planted in every text of one alliance is found in nothing that another one can get (security.md section 2, point 4)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.cache import cache
from django.urls.base import set_script_prefix

from alliance.kernel import tenancy
from tests.architecture.routes import OBJECTS
from tests.architecture.test_routes import address, kwargs_of
from tests.architecture.world import ALL_SCOPES, ROLES, World, build, routes, token_for

MARKER = "Zanzibarwort"
LINK = re.compile(r"(?:href|src|hx-get)=\"(?P<url>/[^\"#]*)")
MOST_PAGES = 400
LEAVING = ("/accounts/logout/", "/language/")


@pytest.fixture
def world(db: None) -> World:
    found = build(MARKER)
    cache.clear()
    return found


def test_the_word_stands_in_every_text_column_of_the_other_alliance(world: World) -> None:
    """Otherwise finding it nowhere would prove nothing."""
    from django.db import connection

    with tenancy.acting_in(world.other), connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT t.table_name, array_agg(quote_ident(t.column_name)) FROM information_schema.columns t
              JOIN information_schema.columns a ON a.table_name = t.table_name AND a.column_name = 'alliance_id'
             WHERE t.table_schema = 'public' AND t.data_type IN ('character varying', 'text')
               AND coalesce(t.character_maximum_length, 1000) > 100 GROUP BY 1
            """
        )
        empty = []
        for table, columns in cursor.fetchall():
            joined = " || ' ' || ".join(f"coalesce({column}::text, '')" for column in columns)
            cursor.execute(f'SELECT count(*) FROM "{table}" WHERE {joined} ILIKE %s', [f"%{MARKER}%"])
            if not cursor.fetchone()[0]:
                empty.append(table)

    assert set(empty) <= {"alliance_auditentry"}, "its record is a fixed text in rows.SPECIAL"


PLANTED = re.compile(rf"{MARKER}(?:-\d+|\d+@)", re.IGNORECASE)
"""What is planted; the bare word may be our own question, repeated by the page that answers it."""


def leaks(answer: Any, url: str) -> bool:
    """Whether an answer holds a planted text that the question did not."""
    body = b"".join(answer.streaming_content) if getattr(answer, "streaming", False) else answer.content
    text = body.decode(errors="replace") + str(dict(answer.headers))
    asked = {piece.casefold() for piece in PLANTED.findall(url)}
    return any(piece.casefold() not in asked for piece in PLANTED.findall(text))


def test_the_search_finds_the_word_where_it_may_stand(world: World, client_for: Any) -> None:
    client = client_for(world.people["stranger"])
    url = f"/a/{world.other.slug}/console/institutions/"

    assert leaks(client.get(url), url)


@pytest.mark.parametrize("role", ROLES)
def test_no_page_of_one_alliance_tells_anything_of_another(world: World, client_for: Any, role: str) -> None:
    client = client_for(world.people[role], raise_request_exception=False)
    prefix = f"/a/{world.own.slug}/"
    starts = [
        address(route, world.own, kwargs_of(route, made))
        for route in routes()
        for made in ((world.rows, world.other_rows) if route.name in OBJECTS else (world.rows,))
        if route.conf == "tenant"
    ]
    starts += [
        f"{prefix}search/jump/?q={MARKER}",
        f"{prefix}console/institutions/?q={MARKER}",
        f"{prefix}catalogue/?q={MARKER}",
    ]
    waiting = list(dict.fromkeys(starts))
    seen: set[str] = set()
    found: list[str] = []
    while waiting and len(seen) < MOST_PAGES:
        url = waiting.pop(0)
        if url in seen or any(word in url for word in LEAVING):
            continue
        seen.add(url)
        for language in ("en", "zh-hans") if len(seen) < len(starts) else ("en",):
            answer = client.get(url, headers={"accept-language": language})
            if leaks(answer, url):
                found.append(url)
        if answer.status_code == 200 and "html" in answer["Content-Type"]:
            waiting += [
                link for link in LINK.findall(answer.content.decode()) if link.startswith(prefix) and link not in seen
            ]
    set_script_prefix("/")

    assert len(seen) > 100
    assert found == []


@pytest.mark.parametrize("scope", ALL_SCOPES)
def test_no_answer_of_the_api_tells_anything_of_another_alliance(world: World, client_for: Any, scope: str) -> None:
    client = client_for(None, raise_request_exception=False)
    headers = {"authorization": f"Bearer {token_for(world.own, scope)}"}
    found = [
        url
        for route in routes()
        if route.conf == "tenant" and route.name.startswith("api_")
        for made in (world.rows, world.other_rows)
        if leaks(client.get(url := address(route, world.own, kwargs_of(route, made)), headers=headers), url)
    ]

    assert found == []
