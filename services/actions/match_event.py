"""Raw facts of docking: what was shown, opened and done. The quality panel is computed from these rows alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from services.choices import ListingSide, MatchEventKind
from services.models import MatchEvent

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from alliance.models import Alliance
    from services.models import Listing, Match
    from services.selectors.suggestion import Suggestion


def note_act(
    match: Match,
    kind: str,
    side: str,
    *,
    reader: int | None,
    rank: int | None = None,
    reason: str = "",
    at: datetime,
) -> None:
    """Note an act on a match; the caller runs in its transaction.

    Args:
        match: With both listings and their institutions.
        kind: MatchEventKind.
        side: The side whose suggestions it is about; for what both sides did, the demand's.
        reader: Institution that acted; None: the desk, or both.
        rank: Place in the list at that moment.
        reason: DeclineReason.
        at: Now.
    """
    listing, other = (match.demand, match.supply) if side == ListingSide.DEMAND else (match.supply, match.demand)
    MatchEvent.objects.create(
        alliance=match.alliance,
        kind=kind,
        listing=listing,
        other=other,
        reader_id=reader,
        day=timezone.localdate(at),
        rank=rank,
        fit=match.fit,
        institution_kind=other.institution.kind if other.institution else "",
        reason=reason,
        at=at,
    )


@transaction.atomic
def note_shown(
    alliance: Alliance, listing: Listing, suggestions: Iterable[Suggestion], *, reader: int | None, at: datetime
) -> None:
    """Note what a page or the API showed of a listing's suggestions: once a day for each pair and reader.

    Args:
        alliance: The tenant.
        listing: The listing whose suggestions were looked at.
        suggestions: What was shown.
        reader: Institution that looked; None: the desk.
        at: Now.
    """
    _note(alliance, MatchEventKind.SHOWN, listing, suggestions, reader=reader, at=at)


@transaction.atomic
def note_opened(alliance: Alliance, listing: Listing, suggestion: Suggestion, *, reader: int | None, at: datetime) -> None:
    """Note that somebody asked why one suggestion has its figure; once a day for each pair and reader."""
    _note(alliance, MatchEventKind.OPENED, listing, [suggestion], reader=reader, at=at)


def _note(
    alliance: Alliance, kind: str, listing: Listing, suggestions: Iterable[Suggestion], *, reader: int | None, at: datetime
) -> None:
    MatchEvent.objects.bulk_create(
        [
            MatchEvent(
                alliance=alliance,
                kind=kind,
                listing=listing,
                other=one.listing,
                reader_id=reader,
                day=timezone.localdate(at),
                rank=one.rank,
                fit=one.fit.total,
                institution_kind=one.listing.institution.kind if one.listing.institution else "",
                at=at,
            )
            for one in suggestions
        ],
        ignore_conflicts=True,
    )
