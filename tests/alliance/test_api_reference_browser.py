"""The reference of the API in a real browser, under the real content security policy, without any outside address."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from tests.factories.alliance import address, make_alliance

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def test_the_reference_lists_every_resource(live_server: LiveServer, browser: Browser) -> None:
    alliance = make_alliance()
    page = browser.new_page()
    complaints: list[str] = []
    asked: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))

    page.goto(live_server.url + address(alliance, "api_docs"))
    expect(page.locator(".opblock").first).to_be_visible(timeout=60_000)

    resources = page.locator(".opblock-tag").evaluate_all("found => found.map(one => one.dataset.tag)")
    assert {"products", "institutions", "catalogue", "groups", "objectives", "tokens"} <= set(resources)
    assert all(url.startswith((live_server.url, "data:", "blob:")) for url in asked)
    assert complaints == []
    page.close()
