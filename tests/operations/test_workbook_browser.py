"""The workbook on a phone without network, in a real browser: nothing is lost, nothing arrives twice."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Route, ViewportSize, expect

from alliance.kernel import tenancy
from alliance.models import Alliance, StoredFile, User
from operations.choices import PilotState, ProductState
from operations.models import FeedbackPoint, Pilot, Reading, WorkbookEntry
from tests.conftest import ClientFor
from tests.factories.alliance import make_alliance
from tests.factories.operations import Cast, make_cast, make_pilot, make_product, make_staff
from tests.factories.workbook import make_photo
from tests.touch import opened

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
PHONE: ViewportSize = {"width": 360, "height": 740}


@dataclass
class Floor:
    """A site with a phone."""

    alliance: Alliance
    cast: Cast
    pilot: Pilot
    base: str
    browser: Browser
    client_for: ClientFor

    @property
    def path(self) -> str:
        """Address of the workbook."""
        return f"/a/{self.alliance.slug}/portal/pilots/{self.pilot.product.code}/workbook/"

    def sign_in(self, context: BrowserContext, user: User) -> None:
        """Give the phone a session of the person."""
        cookie = self.client_for(user).cookies[settings.SESSION_COOKIE_NAME]
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie.value, "url": self.base}])

    @contextmanager
    def phone(self, user: User | None = None) -> Iterator[Page]:
        """A phone on which somebody of the first site is signed in; what the content policy blocks fails the test."""
        context = self.browser.new_context(
            base_url=self.base,
            locale="en-GB",
            viewport=PHONE,
            is_mobile=True,
            has_touch=True,
        )
        self.sign_in(context, user or self.cast.testers[0])
        page = context.new_page()
        blocked: list[str] = []

        def listen(message: ConsoleMessage) -> None:
            if "Content Security Policy" in message.text:
                blocked.append(message.text)

        page.on("console", listen)
        page.set_default_timeout(60_000)
        yield page
        context.close()
        assert blocked == []

    def rows(self) -> list[WorkbookEntry]:
        """What has arrived, in the order it did."""
        with tenancy.acting_in(self.alliance):
            return list(WorkbookEntry.objects.of(self.alliance).select_related("file").order_by("id"))

    def wait_for(self, count: int, seconds: float = 60) -> list[WorkbookEntry]:
        """Wait until that many have arrived, then a little longer for one too many."""
        deadline = time.monotonic() + seconds
        while len(self.rows()) < count and time.monotonic() < deadline:
            time.sleep(0.2)
        time.sleep(0.5)
        return self.rows()


@pytest.fixture
def floor(browser: Browser, live_server: Any, client_for: ClientFor, request: pytest.FixtureRequest) -> Floor:
    """An open round and its address."""
    alliance = make_alliance("floor")
    with tenancy.acting_in(alliance):
        cast = make_cast(alliance)
        pilot = make_pilot(make_product(cast, ProductState.PILOTING), cast.firms)
    return Floor(alliance, cast, pilot, live_server.url.replace("127.0.0.1", "localhost"), browser, client_for)


def enter(page: Page, kind: str, fill: Callable[[Any], Any]) -> None:
    form = opened(page, kind)
    fill(form)
    form.get_by_role("button", name="Enter").tap()


def note(page: Page, words: str) -> None:
    enter(page, "note", lambda form: form.get_by_label("Note").fill(words))


def place_of(page: Page, kind: str) -> float:
    """Where on the screen a kind of entry is opened, in pixels from its upper edge."""
    box = page.locator(f"details[data-kind={kind}] > summary").bounding_box()
    assert box is not None
    return box["y"]


def ready_without_network(page: Page, path: str) -> None:
    page.goto(path)
    page.locator("[data-workbook][data-ready][data-offline-ready]").wait_for()
    page.wait_for_function("navigator.serviceWorker.controller !== null")


def states(page: Page) -> list[str]:
    found: list[str] = page.locator("[data-workbook-list] > li").evaluate_all(
        "items => items.map(item => item.dataset.state)"
    )
    return found


def test_entries_made_without_network_survive_a_reload_and_arrive_once(floor: Floor) -> None:
    with floor.phone() as page:
        ready_without_network(page, floor.path)
        page.context.set_offline(True)
        note(page, "First without network")
        enter(
            page,
            "photo",
            lambda form: form.locator("input[type=file]").set_input_files(
                {"name": "belt.png", "mimeType": "image/png", "buffer": make_photo().read()}
            ),
        )
        expect(page.locator("[data-workbook-list] > li")).to_have_count(2)
        assert floor.rows() == []

        page.reload()

        page.locator("[data-workbook][data-shell][data-ready]").wait_for()
        expect(page.locator("[data-workbook-list] > li")).to_have_count(2)
        assert set(states(page)) == {"stored"}
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        enter(page, "reading", lambda form: form.get_by_label("Value").fill("97.25"))
        expect(page.locator("[data-workbook-list] > li")).to_have_count(3)
        expect(page.locator("[data-workbook-status]")).to_contain_text("3 stored on this device")

        page.context.set_offline(False)

        rows = floor.wait_for(3)
        expect(page.locator("[data-workbook-list] > li[data-state=sent]")).to_have_count(3)
        assert [row.kind for row in rows] == ["note", "photo", "reading"]
        assert sorted(row.noted_at for row in rows) == [row.noted_at for row in rows]
        page.reload()
        page.locator("[data-workbook][data-owner][data-ready]").wait_for()
        expect(page.locator("[data-entry-key]")).to_have_count(3)
        expect(page.locator("[data-workbook-list] > li")).to_have_count(0)
        page.wait_for_timeout(1500)
    assert len(floor.rows()) == 3
    with tenancy.acting_in(floor.alliance):
        assert str(Reading.objects.of(floor.alliance).get().value) == "97.250000"
        assert StoredFile.objects.of(floor.alliance).count() == 1


def test_what_comes_and_goes_does_not_move_what_a_finger_is_about_to_press(floor: Floor) -> None:
    with floor.phone() as page:
        ready_without_network(page, floor.path)
        other = page.context.new_page()
        other.goto(floor.path)
        other.locator("[data-workbook][data-ready]").wait_for()
        before = place_of(other, "note"), place_of(other, "reading")
        page.context.set_offline(True)

        note(page, "Written in the first tab")

        expect(other.locator("[data-workbook-list] > li[data-state=stored]")).to_have_count(1)
        expect(other.locator("[data-workbook-status]")).to_contain_text("1 stored on this device")
        expect(other.locator("[data-workbook-status]")).to_be_in_viewport()
        assert (place_of(other, "note"), place_of(other, "reading")) == before
        page.context.set_offline(False)
        expect(other.locator("[data-workbook-list] > li[data-state=sent]")).to_have_count(1)
        assert (place_of(other, "note"), place_of(other, "reading")) == before


def test_what_was_left_empty_is_filled_in_and_entered_with_one_more_tap(floor: Floor) -> None:
    with floor.phone() as page:
        page.goto(floor.path)
        page.locator("[data-workbook][data-ready]").wait_for()
        form = opened(page, "note")
        form.get_by_role("button", name="Enter").tap()
        expect(form.locator(".field-error")).to_have_text("Fill this in first.")

        form.get_by_label("Note").fill("Filled in after all")
        form.get_by_role("button", name="Enter").tap()

        rows = floor.wait_for(1)
        expect(form.locator(".field-error")).to_have_count(0)
    assert [row.body for row in rows] == [{"text": "Filled in after all"}]


def test_an_answer_that_is_lost_and_a_second_tab_make_no_second_entry(floor: Floor) -> None:
    with floor.phone() as page:
        page.goto(floor.path)
        page.locator("[data-workbook][data-ready]").wait_for()
        lost: list[str] = []

        def lose_the_first_answers(route: Route) -> None:
            if route.request.method == "POST" and len(lost) < 2:
                lost.append(route.request.url)
                route.fetch()
                route.abort()
            else:
                route.continue_()

        page.context.route(f"**{floor.path}", lose_the_first_answers)
        other = page.context.new_page()
        other.goto(floor.path)
        other.locator("[data-workbook][data-ready]").wait_for()

        enter(
            page,
            "defect",
            lambda form: (
                form.get_by_label("Blocking").check(),
                form.get_by_label("What happens?").fill("The belt slips."),
            ),
        )
        note(other, "From the second tab")

        expect(page.locator("[data-workbook-list] > li[data-state=sent]")).to_have_count(2)
        assert len(floor.wait_for(2)) == 2
        assert len(lost) == 2
    with tenancy.acting_in(floor.alliance):
        assert FeedbackPoint.objects.of(floor.alliance).count() == 1


def test_a_refused_entry_stays_with_the_reason_and_is_sent_again_or_deleted(floor: Floor) -> None:
    with floor.phone() as page:
        ready_without_network(page, floor.path)
        page.context.set_offline(True)
        note(page, "Too late")
        note(page, "Also too late")
        with tenancy.acting_in(floor.alliance):
            Pilot.objects.filter(pk=floor.pilot.pk).update(state=PilotState.FAILED, closed_at=timezone.now())
        page.context.set_offline(False)
        refused = page.locator("[data-workbook-list] > li[data-state=refused]")
        expect(refused).to_have_count(2)
        expect(refused.first).to_contain_text("Your answer was not counted")
        with tenancy.acting_in(floor.alliance):
            Pilot.objects.filter(pk=floor.pilot.pk).update(
                state=PilotState.EXTENDED, deadline=timezone.now() + timedelta(days=3)
            )

        refused.filter(has_text="Also too late").get_by_role("button", name="Delete").tap()
        refused.get_by_role("button", name="Delete for good").tap()
        expect(refused).to_have_count(1)
        refused.get_by_role("button", name="Edit").tap()
        form = page.locator("form[data-kind=note]")
        expect(form.get_by_label("Note")).to_have_value("Too late")
        form.get_by_label("Note").fill("In time after all")
        form.get_by_role("button", name="Enter").tap()

        rows = floor.wait_for(1)
    assert [row.body for row in rows] == [{"text": "In time after all"}]


def test_the_next_round_begins_with_an_empty_list_but_keeps_what_was_not_taken(floor: Floor) -> None:
    with floor.phone() as page:
        page.goto(floor.path)
        page.locator("[data-workbook][data-ready]").wait_for()
        lines = page.locator("[data-workbook-list] > li")
        note(page, "Arrived in round 1")
        expect(page.locator("[data-workbook-list] > li[data-state=sent]")).to_have_count(1)
        with tenancy.acting_in(floor.alliance):
            Pilot.objects.filter(pk=floor.pilot.pk).update(state=PilotState.FAILED, closed_at=timezone.now())
        note(page, "Too late for round 1")
        expect(page.locator("[data-workbook-list] > li[data-state=refused]")).to_have_count(1)
        with tenancy.acting_in(floor.alliance):
            floor.pilot.product.version = 2
            floor.pilot.product.save(update_fields=["version"])
            make_pilot(floor.pilot.product, floor.cast.firms)

        page.goto(floor.path)
        page.locator("[data-workbook][data-ready]").wait_for()

        expect(lines).to_have_count(1)
        expect(lines).to_contain_text("Too late for round 1")
    assert [row.body for row in floor.rows()] == [{"text": "Arrived in round 1"}]


def test_a_session_that_ended_keeps_the_queue_for_the_same_person_only(floor: Floor) -> None:
    with tenancy.acting_in(floor.alliance):
        colleague = make_staff(floor.alliance, floor.cast.firms[0])
    with floor.phone() as page:
        ready_without_network(page, floor.path)
        page.context.clear_cookies()

        note(page, "Written while signed out")

        expect(page.locator("[data-workbook-sign-in]")).to_be_visible()
        expect(page.locator("[data-workbook-status]")).to_have_text("You are signed out. 1 waiting to be sent.")
        assert floor.rows() == []
        floor.sign_in(page.context, colleague)
        page.goto(floor.path)
        expect(page.locator("[data-workbook-others]")).to_be_visible()
        page.wait_for_timeout(1000)
        assert floor.rows() == []
        page.context.clear_cookies()
        floor.sign_in(page.context, floor.cast.testers[0])
        page.goto(floor.path)

        rows = floor.wait_for(1)
    assert [(row.body["text"], row.entered_by_id) for row in rows] == [
        ("Written while signed out", floor.cast.testers[0].pk)
    ]


def test_signing_out_leaves_nothing_to_open_but_keeps_what_was_not_sent(floor: Floor) -> None:
    with floor.phone() as page:
        ready_without_network(page, floor.path)
        page.context.route(re.compile("/workbook/state/"), lambda route: route.abort())
        note(page, "Not sent yet")
        expect(page.locator("[data-workbook-list] > li[data-state=stored]")).to_have_count(1)

        page.locator(".menu > summary").last.tap()
        page.get_by_role("button", name="Sign out").tap()
        page.wait_for_url(lambda url: "/workbook/" not in url)

        left = page.evaluate(
            """async () => {
                const database = await new Promise((resolve, reject) => {
                    const request = indexedDB.open("alliance-workbook");
                    request.onsuccess = () => resolve(request.result);
                    request.onerror = reject;
                });
                const count = (name) => new Promise((resolve) => {
                    const request = database.transaction(name).objectStore(name).count();
                    request.onsuccess = () => resolve(request.result);
                });
                return {
                    caches: (await caches.keys()).length,
                    workers: (await navigator.serviceWorker.getRegistrations()).length,
                    books: await count("books"),
                    entries: await count("entries"),
                };
            }"""
        )
    assert left == {"caches": 0, "workers": 0, "books": 0, "entries": 1}


def test_what_has_the_focus_is_never_under_the_status_line(floor: Floor) -> None:
    with floor.phone() as page:
        ready_without_network(page, floor.path)
        page.context.clear_cookies()
        note(page, "Written while signed out")
        expect(page.locator("[data-workbook-sign-in]")).to_be_visible()
        page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")

        for _step in range(30):
            page.keyboard.press("Tab")
            hidden = page.evaluate(
                """() => {
                    const line = document.querySelector("[data-workbook-status]");
                    const [box, bar] = [document.activeElement, line].map((one) => one.getBoundingClientRect());
                    return document.activeElement !== line && box.top >= bar.top && box.bottom <= bar.bottom;
                }"""
            )
            assert not hidden, page.evaluate("document.activeElement.outerHTML")
