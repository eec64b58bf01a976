"""A directive to three alliances below and the roll-up, in a real browser with real workers carrying it across."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from tests.journeys.conftest import HOME, Platform, reader, until

pytestmark = pytest.mark.journey

CHILDREN = ("weaving-guangdong", "weaving-jiangsu", "weaving-zhejiang")
TITLE = "Count the looms that stand still"
FIGURE = "Looms"
DUE = timezone.localdate() + timedelta(days=30)


def wait_for_words(page: Page, url: str, words: str) -> None:
    """Look again until a worker has carried something across."""

    def has_come() -> bool:
        page.goto(url)
        return page.get_by_text(words).count() > 0

    until(has_come, f"{words!r} did not come to {url}")


def test_a_directive_reaches_three_alliances_and_their_answers_roll_up(browser: Browser, platform: Platform) -> None:
    with reader(browser, platform, "secretariat") as page:
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
            wait_for_words(page, f"/a/{child}/console/directives/received/", TITLE)
            page.get_by_role("link", name=TITLE).click()
            if number == 1:
                page.get_by_role("button", name="Acknowledge").click()
                expect(page.get_by_text("Acknowledged. The alliance above is told.")).to_be_visible()
            page.get_by_label("Answer in English").fill(f"Counted by {child}.")
            page.get_by_label(FIGURE).fill(str(number * 10))
            page.get_by_role("button", name="Send the answer").click()
            expect(page.get_by_text("Answered. The answer is on its way")).to_be_visible()

        for child in CHILDREN:
            wait_for_words(page, detail, f"Counted by {child}.")
        row = page.get_by_role("row", name=re.compile("Provincial"))
        expect(row).to_contain_text("60")
        assert row.get_by_role("cell").all_inner_texts()[:3] == ["3", "3", "0"]
        page.goto(f"/a/{CHILDREN[0]}/console/directives/")
        assert page.get_by_text(TITLE).count() == 0, "what the alliance above sent is no directive of the one below"
