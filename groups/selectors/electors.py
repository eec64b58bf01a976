"""Who may vote in a body at a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef

from groups.choices import SeatRole
from groups.models import GroupMembership, VirtualGroup
from groups.selectors.charter import without_voting_rights
from members.models import Institution

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from alliance.models import Alliance

VOTING_ROLES = (SeatRole.CONVENOR, SeatRole.MEMBER)
"""Observers have no vote."""


def list_electors(alliance: Alliance, group: VirtualGroup | None, at: datetime) -> QuerySet[Institution]:
    """Active institutions with a voting seat in the body at the moment, by name.

    Whoever has not accepted the charter in force within its time is left out. Conflicts of interest are not looked at here:
    they are a matter of the single motion.

    Args:
        alliance: The tenant.
        group: The body; None for the assembly, in which every active member votes.
        at: The moment; rights follow the dates to the minute.

    Returns:
        One query when evaluated; three more to know the charter and its acceptances.
    """
    found = Institution.objects.of(alliance).active()
    if group is not None:
        seats = (
            GroupMembership.objects.of(alliance)
            .at(at)
            .filter(group=group, role__in=VOTING_ROLES, institution_id=OuterRef("pk"))
        )
        found = found.filter(Exists(seats))
    withheld = without_voting_rights(alliance, at)
    if withheld:
        found = found.exclude(pk__in=withheld)
    return found.order_by("sort_key", "id")
