"""Reads of resources: who may use which, and when they are taken."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef, Q
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from alliance.choices import AllianceRole
from alliance.kernel.permissions import grants_of, institutions_acted_for, roles_in_alliance
from members.choices import BLOCKING_BOOKINGS, InstitutionState, ResourceAudience, ResourceKind, ResourceState
from members.models import Resource, ResourceBooking, ResourceUser
from members.selectors.duties import Duty

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from django.db.models import QuerySet

    from alliance.models import Alliance
    from members.models import Institution

SEE_ALL = frozenset({AllianceRole.SECRETARIAT, AllianceRole.OFFICE_ADMIN, AllianceRole.AUDITOR, AllianceRole.COMMITTEE})
SEARCH_MAX_LENGTH = 100
HORIZON_DAYS = 60
"""How far ahead a resource's page shows what is taken."""


def open_to(alliance: Alliance, institution_ids: Collection[int]) -> Q:
    """Condition for resources that some institutions may use: their own, those named for them, those for all members."""
    named = ResourceUser.objects.of(alliance).filter(resource_id=OuterRef("pk"), institution_id__in=list(institution_ids))
    return (
        Q(institution_id__in=list(institution_ids))
        | Q(audience__in=[ResourceAudience.MEMBERS, ResourceAudience.PUBLIC])
        | (Q(audience=ResourceAudience.NAMED) & Q(Exists(named)))
    )


def visible_resources(alliance: Alliance, reader: Any) -> QuerySet[Resource]:
    """Resources a signed-in person may see; one query."""
    grants = grants_of(reader, alliance)
    found = Resource.objects.of(alliance).select_related("institution")
    if roles_in_alliance(grants) & SEE_ALL:
        return found
    own = institutions_acted_for(grants)
    if not own:
        return found.none()
    return found.filter(open_to(alliance, own)).filter(
        Q(institution_id__in=own) | Q(state=ResourceState.OPEN, institution__state=InstitutionState.ACTIVE)
    )


def narrow_resources(found: QuerySet[Resource], q: str, kind: str) -> QuerySet[Resource]:
    """Resources whose name, description or place holds every word, of one kind where one is given."""
    for word in q.split():
        found = found.filter(
            Q(name_en__icontains=word)
            | Q(name_zh__icontains=word)
            | Q(description_en__icontains=word)
            | Q(description_zh__icontains=word)
            | Q(place__icontains=word)
        )
    return found.filter(kind=kind) if kind in ResourceKind.values else found


def get_resource(alliance: Alliance, code: str, reader: Any) -> Resource:
    """One resource.

    Raises:
        Resource.DoesNotExist: There is none of that code, or it is not open to the reader: the same answer for both.
    """
    return visible_resources(alliance, reader).get(code=code)


def list_bookings(resource: Resource, at: datetime) -> QuerySet[ResourceBooking]:
    """Asked-for and confirmed bookings that are not over, by time, for the next 60 days; one query."""
    return (
        ResourceBooking.objects.of(resource.alliance)
        .filter(
            resource=resource,
            state__in=BLOCKING_BOOKINGS,
            ends_at__gt=at,
            starts_at__lt=at + timedelta(days=HORIZON_DAYS),
        )
        .select_related("institution", "booked_by")
        .order_by("starts_at", "id")
    )


def list_own_bookings(alliance: Alliance, institution_ids: Collection[int], at: datetime) -> QuerySet[ResourceBooking]:
    """Bookings of some institutions that are not over, by time; one query."""
    return (
        ResourceBooking.objects.of(alliance)
        .filter(institution_id__in=list(institution_ids), ends_at__gt=at)
        .select_related("resource", "resource__institution", "institution")
        .order_by("starts_at", "id")
    )


def booking_duties(alliance: Alliance, institution: Institution, at: datetime) -> list[Duty]:
    """Bookings to come that an institution made, or must honour as the owner; one query."""
    found = (
        ResourceBooking.objects.of(alliance)
        .filter(
            Q(institution=institution) | Q(resource__institution=institution), state__in=BLOCKING_BOOKINGS, ends_at__gt=at
        )
        .select_related("resource")
        .order_by("starts_at", "id")
    )
    return [
        Duty(
            key=f"booking:{booking.uuid}",
            label=capfirst(
                _("booking of %(resource)s") % {"resource": booking.resource.name_en or booking.resource.name_zh}
            ),
            url_name="resource_detail",
            url_kwargs={"code": booking.resource.code},
        )
        for booking in found
    ]
