"""The raw events of docking, for the quality panel and as a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Q
from django.utils import timezone

from services.choices import ListingAudience, MatchEventKind
from services.models import Listing, MatchEvent
from services.quality import EventRow, Quality, measure
from services.selectors.listing import readable_by

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from alliance.models import Alliance

SEEN: Final = (MatchEventKind.SHOWN, MatchEventKind.OPENED)
CSV_HEADER: Final[Sequence[str]] = (
    "at",
    "kind",
    "listing",
    "other",
    "rank",
    "fit",
    "institution_kind",
    "reader",
    "reason",
)


def _events(alliance: Alliance, since: datetime, until: datetime) -> QuerySet[MatchEvent]:
    """What was shown in the period, and every act before its end: an act of the period may rest on an earlier one."""
    return MatchEvent.objects.of(alliance).filter(Q(at__gte=since) | ~Q(kind__in=SEEN), at__lt=until).order_by("at", "id")


def quality_of(alliance: Alliance, *, since: datetime, until: datetime) -> Quality:
    """The figures of a period; one query."""
    rows = _events(alliance, since, until).values_list("kind", "listing_id", "other_id", "at", "rank", "institution_kind")
    return measure(
        (EventRow(kind, str(one), str(other), at, rank, house) for kind, one, other, at, rank, house in rows), since, until
    )


def csv_rows(alliance: Alliance, reader: Any, *, since: datetime, until: datetime) -> Iterable[tuple[Any, ...]]:
    """The events the figures of a period are computed from, oldest first; two queries besides the person's roles.

    Listings addressed to named institutions that the person may not read have a number of this table in place of their code,
    so that the figures can be computed all the same, and nobody is named beside them.
    """
    rows = _events(alliance, since, until).values_list(
        "at", "kind", "listing__code", "other__code", "rank", "fit", "institution_kind", "reader__code", "reason"
    )
    kept = Listing.objects.of(alliance).filter(audience=ListingAudience.NAMED)
    kept = kept.exclude(pk__in=readable_by(alliance, reader, timezone.localdate(until)).values("pk"))
    hidden = {code: f"({number})" for number, code in enumerate(kept.order_by("?").values_list("code", flat=True), start=1)}
    found = []
    for at, kind, one, other, rank, score, house, shown_to, reason in rows:
        who = "" if one in hidden or other in hidden else shown_to
        found.append((at, kind, hidden.get(one, one), hidden.get(other, other), rank, score, house, who, reason))
    return found
