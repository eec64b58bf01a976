"""Listings that other layers refer to by code: what the industry needs, and what is offered."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from alliance.kernel.references import Referred
from services.choices import ListingAudience, ListingSide, ListingState
from services.models import Listing
from services.selectors.listing import readable_by

if TYPE_CHECKING:
    from alliance.models import Alliance

VERIFIED: Final = (ListingState.PUBLISHED, ListingState.IN_TALKS, ListingState.FULFILLED, ListingState.EXPIRED)
"""States of listings that were verified: their titles were public."""


def refer_listings(alliance: Alliance, reader: Any, codes: Iterable[str], *, side: str = "") -> dict[str, Referred]:
    """Listings that were verified and addressed to everybody, and whatever else the reader may read.

    A listing for members or named institutions is not told to anybody else, not even that it exists. The page is named while it
    is public. Two queries besides the reader's roles.
    """
    wanted = Q(pk__in=[])
    for code in codes:
        wanted |= Q(code__iexact=code)
    today = timezone.localdate()
    readable = readable_by(alliance, reader, today).values("pk")
    was_public = Q(state__in=VERIFIED, audience=ListingAudience.PUBLIC)
    rows = Listing.objects.of(alliance).filter(wanted).filter(was_public | Q(pk__in=readable))
    if side:
        rows = rows.filter(side=side)
    found: dict[str, Referred] = {}
    for row in rows:
        is_public = (
            row.state == ListingState.PUBLISHED
            and row.audience == ListingAudience.PUBLIC
            and (row.expires_on is None or row.expires_on >= today)
        )
        url = reverse("listing_detail", kwargs={"code": row.code}) if is_public else ""
        found[row.code] = Referred(row.code, row.title_en, row.title_zh, url)
    return found


def refer_needs(alliance: Alliance, reader: Any, codes: Iterable[str]) -> dict[str, Referred]:
    """Listings of the demand side: what the industry says it needs; one query."""
    return refer_listings(alliance, reader, codes, side=ListingSide.DEMAND)
