"""The board of the pipeline in a real browser: by keys and by dragging, a card leads to its step or says why not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Locator, Page, expect

from alliance.kernel import tenancy
from operations.choices import ProductState
from operations.models import Product
from tests.conftest import ClientFor
from tests.factories.alliance import make_alliance
from tests.factories.operations import make_cast, make_product

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


@dataclass
class Board:
    """The board as the secretariat has it open, with a product that may go into its pilot and two drafts.

    Attributes:
        page: The open page.
        home: Address of the alliance, without a slash at the end.
        ready: Adapted and handed over: the next step is the plan of its pilot.
        drafts: Two that may not.
    """

    page: Page
    home: str
    ready: Product
    drafts: tuple[Product, Product]

    def card(self, product: Product) -> Locator:
        """The card of a product."""
        return self.page.locator(f"[data-card='{product.code}']")

    def stage(self, key: str) -> Locator:
        """A column."""
        return self.page.locator(f"[data-stage='{key}']")

    def title(self, product: Product) -> Locator:
        """The link on a card, which takes the focus."""
        return self.card(product).locator("h3 a")

    def states(self) -> list[str]:
        """What the rows say."""
        ids = [self.ready.pk, *(draft.pk for draft in self.drafts)]
        with tenancy.acting_in(self.ready.alliance):
            found = dict(Product.objects.of(self.ready.alliance).filter(pk__in=ids).values_list("pk", "state"))
        return [found[pk] for pk in ids]


UNMOVED = [ProductState.TRANSFORMING, ProductState.DRAFT, ProductState.DRAFT]


@pytest.fixture
def board(browser: Browser, live_server: Any, client_for: ClientFor) -> Iterator[Board]:
    """The board of an alliance, open."""
    alliance = make_alliance("board")
    with tenancy.acting_in(alliance):
        cast = make_cast(alliance)
        ready = make_product(cast, ProductState.TRANSFORMING)
        drafts = (make_product(cast), make_product(cast))
    client: Client = client_for(cast.secretary)
    base = live_server.url.replace("127.0.0.1", "localhost")
    context = browser.new_context(base_url=base, locale="en-GB", viewport={"width": 1440, "height": 900})
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie.value, "url": base}])
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(f"/a/{alliance.slug}/console/pilots/")
    yield Board(page, f"/a/{alliance.slug}", ready, drafts)
    context.close()


def test_keys_walk_over_the_cards_pick_one_up_and_bring_it_to_its_step(board: Board) -> None:
    page, spoken = board.page, board.page.locator("body > [role=status]").last
    first, second = board.stage("draft").locator("h3 a").all()
    first.focus()
    page.keyboard.press("ArrowDown")
    expect(second).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(board.title(board.ready)).to_be_focused()

    page.keyboard.press("Space")
    expect(board.card(board.ready)).to_have_class(re.compile(r"\bpicked\b"))
    expect(spoken).to_contain_text(f"“{board.ready.title_en}” picked up from “Transformed”.")
    page.keyboard.press("ArrowRight")
    expect(spoken).to_have_text("Stage “In pilot”.")
    expect(board.stage("piloting")).to_have_class(re.compile(r"\bdrop-here\b"))
    page.keyboard.press("Escape")
    expect(spoken).to_have_text(f"“{board.ready.title_en}” was put back.")
    expect(page.locator(".drop-here, .picked")).to_have_count(0)
    expect(board.title(board.ready)).to_be_focused()

    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")

    page.wait_for_url(f"**{board.home}/pilots/{board.ready.code}/plan/")  # the step asks for more than a key
    assert board.states() == UNMOVED


def test_a_card_dropped_by_keys_where_it_cannot_go_stays_and_the_reason_is_shown(board: Board) -> None:
    page, draft = board.page, board.drafts[0]
    board.title(draft).focus()
    page.keyboard.press("Space")
    for _ in range(9):  # beyond the last stage nothing happens
        page.keyboard.press("ArrowRight")
    expect(board.stage("released")).to_have_class(re.compile(r"\bdrop-here\b"))

    page.keyboard.press("Enter")

    expect(page.locator("#toasts .toast")).to_contain_text("A product in the state “draft” cannot go to “Released”.")
    expect(board.stage("draft").locator(f"[data-card='{draft.code}']")).to_be_visible()
    expect(page.locator(".drop-here, .picked")).to_have_count(0)
    assert board.states() == UNMOVED


def test_a_dragged_card_leads_to_its_step_or_goes_back_with_the_reason(board: Board) -> None:
    page, draft = board.page, board.drafts[1]

    board.card(draft).drag_to(board.stage("improving"))
    expect(page.locator("#toasts .toast")).to_contain_text("A product in the state “draft” cannot go to “Improving”.")
    expect(board.stage("draft").locator(f"[data-card='{draft.code}']")).to_be_visible()
    expect(page.locator(".drop-here, .dragging")).to_have_count(0)

    board.card(board.ready).drag_to(board.stage("piloting"))
    page.wait_for_url(f"**{board.home}/pilots/{board.ready.code}/plan/")
    expect(page.locator("main h1")).to_be_visible()
    assert board.states() == UNMOVED
