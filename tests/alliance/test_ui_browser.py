"""The components in a real browser: access, room, behaviour with and without script, under the real security policy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
DENSITIES = ("console", "portal", "public")
Open = Callable[..., Page]


@pytest.fixture
def gallery(live_server: LiveServer, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """``gallery(density, language, theme, width, script, touch)`` opens the page; complaints of the browser fail the test."""
    # Only the gallery is told to open: everything else runs as in production.
    monkeypatch.setattr("alliance.views.gallery.settings", SimpleNamespace(DEBUG=True))
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(
        density: str = "console",
        *,
        language: str = "en",
        theme: str = "light",
        width: int = 1440,
        script: bool = True,
        touch: bool = False,
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if theme == "dark" else "light",
            java_script_enabled=script,
            has_touch=touch,
            bypass_csp=False,
        )
        contexts.append(context)
        context.add_cookies([{"name": "django_language", "value": language, "url": live_server.url}])
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if is_complaint(said) else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{live_server.url}/gallery/?density={density}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def is_complaint(said: ConsoleMessage) -> bool:
    """Errors and warnings, but not remarks about a request that a test had refused or dropped."""
    expected = (
        "/sink/" in said.location.get("url", "") + said.text
        or "409 (Conflict)" in said.text
        or said.text.startswith("htmx:")
    )
    return said.type in {"error", "warning"} and not expected


def violations(page: Page) -> list[str]:
    """What axe finds, with the top bar where it is when a reader arrives."""
    page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
    page.evaluate(AXE)
    result: dict[str, Any] = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
    return [f"{one['id']}: {node['html'][:160]}" for one in result["violations"] for node in one["nodes"]]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("density", DENSITIES)
def test_axe_finds_nothing(gallery: Open, density: str, language: str, theme: str) -> None:
    page = gallery(density, language=language, theme=theme)

    assert violations(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert violations(page) == []


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("density", DENSITIES)
def test_no_page_scrolls_sideways(gallery: Open, density: str, language: str) -> None:
    page = gallery(density, language=language)

    for width in (320, 390, 760, 1080, 1440):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, width


def test_one_drawing_of_each_chart_is_shown_and_its_text_stays_legible(gallery: Open) -> None:
    page = gallery()
    measure = """() => [...document.querySelectorAll(".chart-box")].map(box => {
        const shown = [...box.querySelectorAll("svg")].filter(svg => svg.getBoundingClientRect().width > 0);
        const drawing = shown[0];
        const text = drawing.querySelector("text");
        const scale = drawing.getBoundingClientRect().width / drawing.viewBox.baseVal.width;
        return [shown.length, text ? parseFloat(getComputedStyle(text).fontSize) * scale : 99];
    })"""

    for width, least in ((1440, 11), (390, 10)):
        page.set_viewport_size({"width": width, "height": 800})
        for shown, size in page.evaluate(measure):
            assert shown == 1
            assert size >= least, width


def test_the_theme_changes_at_once(gallery: Open) -> None:
    page = gallery()
    page.evaluate("document.documentElement.dataset.theme = 'dark'")

    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(15, 23, 27)"
    page.evaluate("document.documentElement.dataset.theme = 'light'")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(244, 246, 246)"


def test_the_chosen_theme_wins_over_the_device(gallery: Open) -> None:
    page = gallery(theme="dark")

    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(15, 23, 27)"
    page.evaluate("document.documentElement.dataset.theme = 'light'")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(244, 246, 246)"


def test_print_uses_the_light_colours_and_leaves_the_frame_out(gallery: Open) -> None:
    page = gallery(theme="dark")

    page.emulate_media(media="print", color_scheme="dark")

    assert page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--text').trim()") == "#17242B"
    expect(page.locator(".sidebar")).to_be_hidden()
    expect(page.locator(".topbar")).to_be_hidden()


def test_the_error_summary_takes_the_focus_and_leads_to_the_field(gallery: Open) -> None:
    page = gallery()

    expect(page.locator("[data-error-summary]")).to_be_focused()
    page.get_by_role("link", name="The date must be after today").click()
    expect(page.get_by_label("Needed by")).to_be_focused()


def test_a_dialog_opens_at_its_heading_side_and_closes_by_escape(gallery: Open) -> None:
    page = gallery()
    opener = page.get_by_role("link", name="Remove institution")

    opener.click()
    dialog = page.get_by_role("dialog", name="Remove Lianshun Printing from the alliance?")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("button", name="Keep")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()


def test_a_popover_opens_beside_its_button_and_closes_outside(gallery: Open) -> None:
    page = gallery()
    button = page.get_by_role("button", name="Why this score")

    button.click()
    panel = page.locator("#why")
    expect(panel).to_be_visible()
    box, at = panel.bounding_box(), button.bounding_box()
    assert box is not None
    assert at is not None
    assert abs(box["x"] - at["x"]) < 60
    page.mouse.click(5, 5)
    expect(panel).to_be_hidden()


def test_choosing_rows_says_how_many(gallery: Open) -> None:
    page = gallery()
    bar = page.locator("[data-bulk]")
    boxes = page.locator("input[data-select-row]")

    boxes.nth(0).check()
    expect(bar.get_by_role("status")).to_have_text("1 selected")
    expect(bar.locator("[data-bulk-all]")).to_be_hidden()
    boxes.nth(3).click(modifiers=["Shift"])
    expect(bar.get_by_role("status")).to_have_text("4 selected")
    expect(page.get_by_label("Select all rows")).to_be_checked()
    expect(bar.locator("[data-bulk-all]")).to_be_visible()
    page.locator("main h1").click()
    page.keyboard.press("Escape")
    expect(bar.get_by_role("status")).to_have_text("Choose rows, then an action")


def test_letters_walk_and_choose_rows_and_can_be_switched_off(gallery: Open) -> None:
    page = gallery()
    page.evaluate("document.activeElement.blur()")

    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("[data-rows] tbody tr").nth(1)).to_have_class("at-row")
    page.keyboard.press("x")
    expect(page.locator("[data-bulk] [role=status]")).to_have_text("1 selected")
    page.keyboard.press("?")
    panel = page.locator("#shortcuts")
    expect(panel).to_be_visible()
    page.get_by_label("Single-letter keys work outside fields").uncheck()
    page.keyboard.press("Escape")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("x")
    expect(page.locator("[data-bulk] [role=status]")).to_have_text("1 selected")
    page.reload()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    expect(panel).to_be_hidden()


def test_letters_do_nothing_inside_fields(gallery: Open) -> None:
    page = gallery()
    field = page.get_by_label("What do you need?")

    field.fill("")
    field.press_sequentially("jx?n")

    expect(field).to_have_value("jx?n")
    expect(page.locator("#shortcuts")).to_be_hidden()
    expect(page.locator(".at-row")).to_have_count(0)


def test_a_form_is_sent_once_and_keeps_the_value_of_its_button(gallery: Open) -> None:
    page = gallery()
    sent: list[str] = []

    def take(route: Route) -> None:
        sent.append(route.request.post_data or "")
        route.fulfill(status=204)

    page.route("**/sink/", take)
    page.evaluate(
        """() => {
            const form = document.createElement("form");
            form.method = "post"; form.action = "/sink/"; form.id = "twice";
            form.innerHTML = '<button name="act" value="release">Release</button>';
            document.querySelector("main").prepend(form);
        }"""
    )

    with page.expect_response("**/sink/"):
        page.evaluate("document.querySelector('#twice button').click(); document.querySelector('#twice button').click()")
    expect(page.locator("#twice button")).to_be_disabled()

    page.wait_for_timeout(200)  # for a second one that must not come
    assert sent == ["act=release"]


CORRECTED = """<form id="again" method="get" action="/sink/" class="form">
<div class="field invalid"><label for="weeks">Weeks</label><p class="field-error">Write a whole number.</p>
<input class="input" id="weeks" name="weeks" value="x" aria-invalid="true"></div><button class="button">Send again</button></form>"""


@pytest.mark.parametrize("by", ["mouse", "finger"])
def test_a_press_after_a_correction_is_not_lost_to_the_message_that_goes(gallery: Open, by: str) -> None:
    page = gallery(touch=by == "finger")
    put(page, CORRECTED)
    page.evaluate(
        """() => {
            window.sent = 0;
            document.getElementById("again").addEventListener("submit", (event) => { event.preventDefault(); window.sent += 1; });
        }"""
    )
    button, message = page.get_by_role("button", name="Send again"), page.locator("#again .field-error")
    page.get_by_label("Weeks").fill("12")

    if by == "finger":
        button.tap()
    else:
        button.hover()
        page.mouse.down()
        page.wait_for_timeout(100)  # as long as a finger rests on the button of a mouse
        expect(message).to_be_visible()
        page.mouse.up()

    expect(message).to_have_count(0)
    assert page.evaluate("window.sent") == 1


def test_a_corrected_field_loses_its_message_when_it_is_left(gallery: Open) -> None:
    page = gallery()
    put(page, CORRECTED)
    field, message = page.get_by_label("Weeks"), page.locator("#again .field-error")

    field.focus()
    page.keyboard.press("Tab")
    field.fill("12")
    expect(message).to_be_visible()
    page.keyboard.press("Tab")

    expect(message).to_have_count(0)
    expect(field).not_to_have_attribute("aria-invalid", "true")


def test_a_toast_leaves_by_its_button_and_stays_while_it_holds_the_focus(gallery: Open) -> None:
    page = gallery()
    page.evaluate("document.dispatchEvent(new CustomEvent('alliance:toast', { detail: { text: '<b>Saved</b>' } }))")
    toast = page.locator("#toasts .toast")

    expect(toast).to_contain_text("<b>Saved</b>")
    toast.get_by_role("button", name="Close").focus()
    expect(toast).to_be_visible()
    toast.get_by_role("button", name="Close").click()
    expect(toast).to_have_count(0)


def test_dragging_a_card_asks_the_server_and_shows_its_refusal(gallery: Open) -> None:
    page = gallery()
    asked: list[str] = []

    def refuse(route: Route) -> None:
        if route.request.method != "POST":
            route.continue_()
            return
        asked.append(route.request.post_data or "")
        route.fulfill(
            status=409,
            content_type="application/problem+json",
            body='{"title": "Refused", "detail": "The pilot is still open."}',
        )

    page.route("**/gallery/**", refuse)
    page.locator("[data-card='P-036']").drag_to(page.locator("[data-stage='released']"))

    expect(page.locator("#toasts .toast")).to_contain_text("The pilot is still open.")
    assert asked == ["card=P-036&to=released"]


def test_the_menu_of_a_narrow_console_opens_without_script(gallery: Open) -> None:
    page = gallery(width=390, script=False)
    side = page.locator("#sidebar")

    expect(side).to_be_hidden()
    page.get_by_role("button", name="Open menu").click()
    expect(side).to_be_visible()


@pytest.mark.parametrize("density", DENSITIES)
def test_filters_tables_and_reasons_are_there_without_script(gallery: Open, density: str) -> None:
    page = gallery(density, script=False)

    expect(page.get_by_label("Filters").get_by_role("button", name="Show results")).to_be_visible()
    page.get_by_text("Show as table").first.click()
    expect(page.get_by_role("row", name="Draft 3 25%")).to_be_visible()
    page.get_by_role("button", name="Why this score").click()
    expect(page.locator("#why")).to_be_visible()


def test_the_focus_is_never_under_the_top_bar(gallery: Open) -> None:
    page = gallery()
    page.evaluate("document.activeElement.blur(); window.scrollTo(0, document.body.scrollHeight)")

    for _step in range(25):
        page.keyboard.press("Shift+Tab")
        hidden = page.evaluate(
            """() => {
                const box = document.activeElement.getBoundingClientRect();
                const bar = document.querySelector(".topbar").getBoundingClientRect();
                return !document.activeElement.closest(".topbar, .sidebar") && box.bottom > 0 && box.top < bar.bottom && box.bottom <= bar.bottom;
            }"""
        )
        assert not hidden


def test_readers_who_are_no_operators_do_not_learn_of_the_gallery(live_server: LiveServer, page: Page) -> None:
    answer = page.goto(f"{live_server.url}/gallery/")

    assert answer is not None
    assert answer.status == 404


JOB = """<section class="job" id="job-7" hx-get="/sink/job/" hx-trigger="again" hx-swap="outerHTML">
<h2 id="job-7-title">Import</h2><progress max="100" value="{percent}" aria-labelledby="job-7-title"></progress>
<span class="visually-hidden" data-job-announce="{percent}" data-job="7" data-job-over="{over}">{words}</span></section>"""


def put(page: Page, html: str) -> None:
    """Put markup at the start of the page's main part, and let htmx know."""
    page.evaluate(
        "html => { const main = document.querySelector('main'); main.insertAdjacentHTML('afterbegin', html); htmx.process(main); }",
        html,
    )


def answer_with(body: str) -> Callable[[Route], None]:
    """Answers a request with this piece of a page."""

    def answer(route: Route) -> None:
        route.fulfill(status=200, content_type="text/html", body=body)

    return answer


def test_progress_is_said_at_each_quarter_once(gallery: Open) -> None:
    page = gallery()
    states = [
        (10, "false", ""),
        (26, "false", "25%"),
        (40, "false", "25%"),
        (52, "false", "50%"),
        (100, "true", "Import: finished"),
    ]
    heard: list[str] = []
    put(page, JOB.format(percent=0, over="false", words=""))
    # Called after the page's own listener, so that what is said has been said.
    page.evaluate("window.settled = 0; document.addEventListener('htmx:afterSettle', () => { window.settled += 1; })")

    for turn, (percent, over, words) in enumerate(states, 1):
        body = JOB.format(percent=percent, over=over, words=words)
        page.unroute("**/sink/job/")
        page.route("**/sink/job/", answer_with(body))
        page.evaluate("document.getElementById('announcer').textContent = ''")
        with page.expect_response("**/sink/job/"):
            page.evaluate("htmx.trigger('#job-7', 'again')")
        page.wait_for_function("percent => document.querySelector('#job-7 progress').value === percent", arg=percent)
        page.wait_for_function("turn => window.settled === turn", arg=turn)
        heard.append(page.locator("#announcer").inner_text())

    assert heard == ["", "25%", "", "50%", "Import: finished"]


def test_an_update_in_place_carries_the_token_and_moves_the_focus(gallery: Open) -> None:
    page = gallery()
    tokens: list[str | None] = []

    def answer(route: Route) -> None:
        tokens.append(route.request.headers.get("x-csrftoken"))
        route.fulfill(
            status=200, content_type="text/html", body='<section id="part"><h2 data-focus>Two members</h2></section>'
        )

    page.route("**/sink/part/", answer)
    put(
        page,
        '<section id="part"><h2>One member</h2><button type="button" hx-post="/sink/part/" hx-target="#part" hx-swap="outerHTML">Add</button></section>',
    )

    page.get_by_role("button", name="Add", exact=True).click()

    expect(page.get_by_role("heading", name="Two members")).to_be_focused()
    assert tokens == [page.locator("meta[name=csrf-token]").get_attribute("content")]


def test_a_refused_update_says_why_and_leaves_the_page_as_it_was(gallery: Open) -> None:
    page = gallery()
    page.route(
        "**/sink/vote/",
        lambda route: route.fulfill(
            status=403, content_type="application/problem+json", body='{"detail": "Your institution stands aside."}'
        ),
    )
    put(page, '<div id="vote"><button type="button" hx-post="/sink/vote/" hx-target="#vote">Cast vote</button></div>')

    page.get_by_role("button", name="Cast vote").click()

    expect(page.locator("#toasts .toast")).to_contain_text("Your institution stands aside.")
    expect(page.get_by_role("button", name="Cast vote")).to_be_visible()


def test_a_server_that_does_not_answer_is_told_in_words(gallery: Open) -> None:
    page = gallery()
    page.route("**/sink/gone/", lambda route: route.abort())
    put(page, '<button type="button" hx-get="/sink/gone/">Refresh figures</button>')

    page.get_by_role("button", name="Refresh figures").click()

    expect(page.locator("#toasts .toast")).to_contain_text("the server is not answering")


def test_a_page_opens_as_a_dialog_when_it_offers_its_part(gallery: Open) -> None:
    page = gallery()
    body = """<!doctype html><title>x</title><main><div data-dialog-body><h1>Withdraw the demand?</h1><p>Two matches end.</p>
    <form method="post"><button name="yes" value="1">Withdraw</button></form></div></main>"""
    page.route("**/sink/ask/", lambda route: route.fulfill(status=200, content_type="text/html", body=body))
    put(page, '<a href="/sink/ask/" data-dialog>Withdraw demand</a>')

    page.get_by_role("link", name="Withdraw demand").click()

    dialog = page.get_by_role("dialog", name="Withdraw the demand?")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("heading")).to_be_focused()
    assert (dialog.locator("form").get_attribute("action") or "").endswith("/sink/ask/")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_the_colours_are_remembered_by_the_server_and_shown_at_once(gallery: Open) -> None:
    page = gallery()
    kept: list[str] = []

    def keep(route: Route) -> None:
        kept.append(route.request.post_data or "")
        route.fulfill(status=204)

    page.route("**/sink/theme/", keep)
    put(
        page,
        '<form method="post" action="/sink/theme/" data-theme-switch><button name="theme" value="dark" aria-pressed="false">Dark</button>'
        '<button name="theme" value="system" aria-pressed="true">As the device</button></form>',
    )

    with page.expect_response("**/sink/theme/"):
        page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    with page.expect_response("**/sink/theme/"):
        page.get_by_role("button", name="As the device").click()
    expect(page.locator("html")).not_to_have_attribute("data-theme", "dark")
    assert len(kept) == 2
    assert "dark" in kept[0]
