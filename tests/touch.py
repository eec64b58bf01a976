"""A finger on the workbook of a pilot site."""

from __future__ import annotations

from contextlib import suppress

from playwright.sync_api import Locator, Page
from playwright.sync_api import TimeoutError as NotYet

TAPS = 3


def opened(page: Page, kind: str) -> Locator:
    """Open the form of a kind of entry, as a person does: whoever sees that it stayed closed taps again."""
    form = page.locator(f"form[data-kind={kind}]")
    for _tap in range(TAPS):
        if form.is_visible():
            break
        page.locator(f"details[data-kind={kind}] > summary").tap()
        with suppress(NotYet):
            form.wait_for(timeout=3_000)
    return form
