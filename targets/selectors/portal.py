"""What a member institution's first page shows beside its inbox."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from alliance.choices import AllianceRole
from alliance.models import RoleAssignment
from members.models import Institution
from operations.choices import ParticipantState, PilotState
from operations.models import PilotParticipant
from services.choices import ListingState
from services.models import Listing
from targets.models import Objective

if TYPE_CHECKING:
    from datetime import date, datetime

    from alliance.models import Alliance, User


@dataclass(frozen=True, slots=True)
class ComingUp:
    """A date that concerns the institution.

    Attributes:
        day: The day.
        kind: ``pilot``, ``listing`` or ``objective``; the page has words for it.
        record: What it is about, with bilingual titles.
        url_name: Tenant route, or empty.
        url_kwargs: Its arguments.
    """

    day: date
    kind: str
    record: Any
    url_name: str
    url_kwargs: dict[str, Any]


def get_institution(alliance: Alliance, institution_id: int) -> Institution | None:
    """The institution acted for; one query."""
    return Institution.objects.of(alliance).filter(pk=institution_id).first()


def list_coming_up(alliance: Alliance, institution: Institution, at: datetime, limit: int = 5) -> list[ComingUp]:
    """Pilots that close, own listings that expire, own objectives that fall due, soonest first; three queries."""
    today = timezone.localtime(at).date()
    found: list[ComingUp] = []
    seats = (
        PilotParticipant.objects.of(alliance)
        .filter(
            institution=institution,
            pilot__state__in=[PilotState.PLANNED, PilotState.OPEN, PilotState.EXTENDED],
            pilot__deadline__gte=at,
        )
        .exclude(state=ParticipantState.WITHDRAWN)
        .select_related("pilot__product")
        .order_by("pilot__deadline")[:limit]
    )
    for seat in seats:
        product = seat.pilot.product
        day = timezone.localtime(seat.pilot.deadline).date()
        found.append(ComingUp(day, "pilot", product, "product_detail", {"code": product.code}))
    listings = (
        Listing.objects.of(alliance)
        .filter(institution=institution, state__in=[ListingState.PUBLISHED, ListingState.IN_TALKS], expires_on__gte=today)
        .order_by("expires_on")[:limit]
    )
    found += [
        ComingUp(listing.expires_on, "listing", listing, "listing_detail", {"code": listing.code})
        for listing in listings
        if listing.expires_on is not None
    ]
    objectives = (
        Objective.objects.of(alliance).filter(owner=institution, target_on__gte=today).order_by("target_on", "code")[:limit]
    )
    found += [ComingUp(objective.target_on, "objective", objective, "", {}) for objective in objectives]
    return sorted(found, key=lambda entry: entry.day)[:limit]


def find_contact(alliance: Alliance, at: datetime) -> User | None:
    """The person of the secretariat who has held the role longest; one query."""
    role = (
        RoleAssignment.objects.of(alliance)
        .at(at)
        .filter(role=AllianceRole.SECRETARIAT, user__is_active=True)
        .select_related("user")
        .order_by("starts_at", "id")
        .first()
    )
    return role.user if role else None
