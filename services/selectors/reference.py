"""Listings that other layers refer to by code: what the industry needs, and what is offered."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from alliance.kernel.permissions import grants_of, institutions_acted_for
from alliance.kernel.references import Referred
from services.choices import ListingSide, ListingState
from services.models import Listing

if TYPE_CHECKING:
    from alliance.models import Alliance

VERIFIED: Final = (ListingState.PUBLISHED, ListingState.IN_TALKS, ListingState.FULFILLED, ListingState.EXPIRED)
"""States of listings that were verified: their titles were public."""


def refer_listings(alliance: Alliance, reader: Any, codes: Iterable[str], *, side: str = "") -> dict[str, Referred]:
    """Listings that were verified, and the reader's own; the page is named while it is public. One query."""
    wanted = Q(pk__in=[])
    for code in codes:
        wanted |= Q(code__iexact=code)
    mine = institutions_acted_for(grants_of(reader, alliance))
    rows = Listing.objects.of(alliance).filter(wanted).filter(Q(state__in=VERIFIED) | Q(institution_id__in=mine))
    if side:
        rows = rows.filter(side=side)
    today = timezone.localdate()
    found: dict[str, Referred] = {}
    for row in rows:
        is_public = row.state == ListingState.PUBLISHED and (row.expires_on is None or row.expires_on >= today)
        url = reverse("listing_detail", kwargs={"code": row.code}) if is_public else ""
        found[row.code] = Referred(row.code, row.title_en, row.title_zh, url)
    return found


def refer_needs(alliance: Alliance, reader: Any, codes: Iterable[str]) -> dict[str, Referred]:
    """Listings of the demand side: what the industry says it needs; one query."""
    return refer_listings(alliance, reader, codes, side=ListingSide.DEMAND)
