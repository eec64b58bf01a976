"""Reads of ratings."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alliance.kernel import statistics
from services.choices import CommentState
from services.models import Rating

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from alliance.models import Alliance
    from services.models import CatalogueEntry

SATISFIED_FROM = 4
"""A mark of 4 or 5 counts as satisfied (methods.md section 9)."""
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class RatingSummary:
    """What clients' marks say, with the uncertainty.

    Attributes:
        count: Ratings that count.
        mean: Mean mark 1 to 5; None without ratings.
        satisfied: How many gave 4 or 5.
        share: Share satisfied, 0 to 1; None without ratings.
        low: Lower end of its 95 % Wilson interval.
        high: Upper end.
        marks: Number of ratings by mark, 5 first.
    """

    count: int
    mean: float | None
    satisfied: int
    share: float | None
    low: float | None
    high: float | None
    marks: tuple[tuple[int, int], ...]


def summarise_marks(scores: list[int]) -> RatingSummary:
    """The summary of a list of marks; nothing is made up where there are none."""
    counted = Counter(scores)
    marks = tuple((mark, counted.get(mark, 0)) for mark in range(5, 0, -1))
    if not scores:
        return RatingSummary(0, None, 0, None, None, None, marks)
    satisfied = sum(1 for score in scores if score >= SATISFIED_FROM)
    interval = statistics.wilson_interval(satisfied, len(scores), confidence=CONFIDENCE)
    return RatingSummary(
        len(scores), statistics.mean(scores), satisfied, satisfied / len(scores), interval.low, interval.high, marks
    )


def summarise_ratings(alliance: Alliance, entry: CatalogueEntry) -> RatingSummary:
    """What the confirmed ratings of one entry say; one query."""
    return summarise_marks(list(Rating.objects.of(alliance).counted().filter(entry=entry).values_list("score", flat=True)))


def list_shown_comments(alliance: Alliance, entry: CatalogueEntry) -> QuerySet[Rating]:
    """Comments an editor let through, newest first; one query."""
    return (
        Rating.objects.of(alliance)
        .counted()
        .filter(entry=entry, comment_state=CommentState.SHOWN)
        .exclude(comment="")
        .order_by("-confirmed_at", "-id")
    )


def list_comments_to_check(alliance: Alliance) -> QuerySet[Rating, Rating]:
    """Comments of confirmed ratings that wait for an editor; the entry comes with them."""
    return (
        Rating.objects.of(alliance)
        .counted()
        .filter(comment_state=CommentState.PENDING)
        .exclude(comment="")
        .select_related("entry__product")
    )


def list_decided_comments(alliance: Alliance) -> QuerySet[Rating, Rating]:
    """Comments an editor has decided on; the entry and its product come with them."""
    return (
        Rating.objects.of(alliance)
        .counted()
        .exclude(comment_state=CommentState.PENDING)
        .exclude(comment="")
        .select_related("entry__product")
    )


def get_rating(alliance: Alliance, rating_uuid: Any) -> Rating | None:
    """One rating with its entry; one query."""
    return Rating.objects.of(alliance).select_related("entry").filter(uuid=rating_uuid).first()
