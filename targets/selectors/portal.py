"""What a member institution's first page shows beside its inbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.choices import AllianceRole
from alliance.kernel.portal import Upcoming
from alliance.models import RoleAssignment
from members.models import Institution
from operations.choices import ParticipantState, PilotState
from operations.models import PilotParticipant
from services.choices import ListingState
from services.models import Listing
from targets.models import Objective

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance, User


def get_institution(alliance: Alliance, institution_id: int) -> Institution | None:
    """The institution acted for; one query."""
    return Institution.objects.of(alliance).filter(pk=institution_id).first()


def list_coming_up(alliance: Alliance, institution_id: int, at: datetime, limit: int) -> Iterable[Upcoming]:
    """Pilots that close, own listings that expire, own objectives that fall due; three queries."""
    today = timezone.localtime(at).date()
    seats = (
        PilotParticipant.objects.of(alliance)
        .filter(
            institution_id=institution_id,
            pilot__state__in=[PilotState.PLANNED, PilotState.OPEN, PilotState.EXTENDED],
            pilot__deadline__gte=at,
        )
        .exclude(state__in=[ParticipantState.WITHDRAWN, ParticipantState.DECLINED])
        .select_related("pilot__product")
        .order_by("pilot__deadline")[:limit]
    )
    for seat in seats:
        product = seat.pilot.product
        day = timezone.localtime(seat.pilot.deadline).date()
        yield _coming(day, _("Pilot feedback closes"), product, "product_detail", code=product.code)
    listings = (
        Listing.objects.of(alliance)
        .filter(
            institution_id=institution_id,
            state__in=[ListingState.PUBLISHED, ListingState.IN_TALKS],
            expires_on__gte=today,
        )
        .order_by("expires_on")[:limit]
    )
    for listing in listings:
        if listing.expires_on is not None:
            yield _coming(listing.expires_on, _("Your listing expires"), listing, "portal_listing_detail", code=listing.code)
    objectives = (
        Objective.objects.of(alliance)
        .filter(owner_id=institution_id, target_on__gte=today)
        .order_by("target_on", "code")[:limit]
    )
    for objective in objectives:
        yield _coming(objective.target_on, _("Your objective falls due"), objective, "")


def _coming(day: date, label: StrOrPromise, record: Any, url_name: str, **url_kwargs: Any) -> Upcoming:
    return Upcoming(day, label, record.title_en, record.title_zh, url_name, url_kwargs)


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
