"""The portal's links: a row in sight, the others behind "More"."""

from __future__ import annotations

import pytest

from alliance.context_processors import PORTAL_IN_SIGHT, PortalNavigation
from alliance.kernel.navigation import Link


def links(count: int, current: int = -1) -> list[Link]:
    return [Link(f"Page {place}", f"/{place}/", "", place == current) for place in range(count)]


@pytest.mark.parametrize("count", [0, 1, PORTAL_IN_SIGHT, PORTAL_IN_SIGHT + 1])
def test_as_many_as_fit_in_a_row_stay_in_sight(count: int) -> None:
    split = PortalNavigation.of(links(count))

    assert (len(split.links), split.more, split.more_current) == (count, [], False)


def test_further_ones_are_behind_more_in_their_order() -> None:
    split = PortalNavigation.of(links(PORTAL_IN_SIGHT + 3))

    assert [link.url for link in split.links + split.more] == [f"/{place}/" for place in range(PORTAL_IN_SIGHT + 3)]
    assert len(split.more) == 3


def test_more_says_that_the_present_page_is_behind_it() -> None:
    assert PortalNavigation.of(links(12, current=11)).more_current
    assert not PortalNavigation.of(links(12, current=0)).more_current
