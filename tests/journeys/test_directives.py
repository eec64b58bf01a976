"""A directive to three alliances below and the roll-up, in a real browser with real workers carrying it across."""

from __future__ import annotations

import re
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

if TYPE_CHECKING:
    from tests.journeys.conftest import Platform

pytestmark = pytest.mark.journey

HOME = "/a/weaving"
CHILDREN = ("weaving-guangdong", "weaving-jiangsu", "weaving-zhejiang")
TITLE = "Count the looms that stand still"
FIGURE = "Looms"
DUE = timezone.localdate() + timedelta(days=30)
MOST_SECONDS = 60
ARRIVAL_SECONDS = 30


def sign_in(page: Page, platform: Platform) -> None:
    account = platform.account("secretariat@weaving.demo.example")
    page.goto(f"{HOME}/accounts/login/")
    page.fill("input[name=login]", account["email"])
    page.fill("input[name=password]", account["password"])
    page.press("input[name=password]", "Enter")
    page.wait_for_url(re.compile(rf"{HOME}/console/"))


def until(page: Page, url: str, words: str) -> None:
    """Look again until a worker has carried something across."""
    deadline = monotonic() + ARRIVAL_SECONDS
    while True:
        page.goto(url)
        if page.get_by_text(words).count():
            return
        assert monotonic() < deadline, f"{words!r} did not come to {url} within {ARRIVAL_SECONDS} s"
        page.wait_for_timeout(300)


def test_a_directive_reaches_three_alliances_and_their_answers_roll_up(browser: Browser, platform: Platform) -> None:
    context = browser.new_context(base_url=platform.url, viewport={"width": 1440, "height": 900})
    context.add_cookies([{"name": "django_language", "value": "en", "url": platform.url}])
    page = context.new_page()
    sign_in(page, platform)
    begun = monotonic()

    page.goto(f"{HOME}/console/directives/")
    page.get_by_role("link", name="New directive").click()
    page.get_by_label("Title in English").fill(TITLE)
    page.get_by_label("Text in English").fill("By mill, on one day of your choice.")
    page.get_by_label("Figure asked for").fill(FIGURE)
    page.get_by_label("Answer by").fill(DUE.isoformat())
    page.get_by_role("button", name="Keep the draft").click()
    page.wait_for_url(re.compile(r"/console/directives/DR-\d+/"))
    detail = page.url
    for box in page.get_by_role("checkbox").all():
        expect(box).to_be_checked()
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("row", name=re.compile("Provincial"))).to_contain_text("3")

    for number, child in enumerate(CHILDREN, 1):
        until(page, f"/a/{child}/console/directives/received/", TITLE)
        page.get_by_role("link", name=TITLE).click()
        if number == 1:
            page.get_by_role("button", name="Acknowledge").click()
            expect(page.get_by_text("Acknowledged. The alliance above is told.")).to_be_visible()
        page.get_by_label("Answer in English").fill(f"Counted by {child}.")
        page.get_by_label(FIGURE).fill(str(number * 10))
        page.get_by_role("button", name="Send the answer").click()
        expect(page.get_by_text("Answered. The answer is on its way")).to_be_visible()

    for child in CHILDREN:
        until(page, detail, f"Counted by {child}.")
    row = page.get_by_role("row", name=re.compile("Provincial"))
    expect(row).to_contain_text("60")
    assert row.get_by_role("cell").all_inner_texts()[:3] == ["3", "3", "0"]
    page.goto(f"/a/{CHILDREN[0]}/console/directives/")
    assert page.get_by_text(TITLE).count() == 0, "what the alliance above sent is no directive of the one below"
    assert monotonic() - begun < MOST_SECONDS
    context.close()
