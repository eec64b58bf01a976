"""What the layers add to a member institution's first page: dates to come, and figures of its part in the alliance."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from alliance.kernel.registry import Registry

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance


@dataclass(frozen=True, slots=True)
class Upcoming:
    """A date that concerns an institution.

    Attributes:
        day: The day.
        label: What happens, in words.
        title_en: What it is about.
        title_zh: The same in Chinese.
        url_name: Tenant route, or empty.
        url_kwargs: Its arguments.
    """

    day: date
    label: StrOrPromise
    title_en: str
    title_zh: str
    url_name: str = ""
    url_kwargs: dict[str, Any] = field(default_factory=dict)


UpcomingProvider = Callable[["Alliance", int, datetime, int], Iterable[Upcoming]]
upcoming: Registry[UpcomingProvider] = Registry("provider of dates to come")
"""Alliance, institution's primary key, now, and how many are wanted; a fixed number of queries, one if it can be."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A count on the first page.

    Attributes:
        label: What is counted, in words that fit any number.
        count: The number.
        url_name: Tenant route of the list.
        waits: Whether something waits for the institution there.
        url_kwargs: Arguments of the route.
    """

    label: StrOrPromise
    count: int
    url_name: str
    waits: bool = False
    url_kwargs: dict[str, Any] = field(default_factory=dict)


FigureProvider = Callable[["Alliance", int, datetime], Iterable[Figure]]
figures: Registry[FigureProvider] = Registry("provider of figures")
"""Alliance, institution's primary key, now; a fixed number of queries."""


def list_upcoming(alliance: Alliance, institution_id: int, at: datetime, limit: int = 6) -> list[Upcoming]:
    """The next dates of every layer, soonest first; as many queries as the providers ask."""
    found = [entry for provider in upcoming.values() for entry in provider(alliance, institution_id, at, limit)]
    return sorted(found, key=lambda entry: entry.day)[:limit]


def list_figures(alliance: Alliance, institution_id: int, at: datetime) -> list[Figure]:
    """The figures of every layer, in the order of the layers; as many queries as the providers ask."""
    return [entry for provider in figures.values() for entry in provider(alliance, institution_id, at)]
