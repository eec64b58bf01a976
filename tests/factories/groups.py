"""Rows of the organisational layer for tests. Call them inside ``acting_in``."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from groups.choices import GroupKind, SeatRole
from groups.models import GroupMembership, VirtualGroup

if TYPE_CHECKING:
    from alliance.models import Alliance
    from members.models import Institution


def make_group(alliance: Alliance, kind: str = GroupKind.POLICY) -> VirtualGroup:
    """The group of a kind; the same row when it is there already."""
    return VirtualGroup.objects.get_or_create(alliance=alliance, kind=kind)[0]


def make_seat(institution: Institution, kind: str = GroupKind.POLICY, **fields: Any) -> GroupMembership:
    """A member's seat since yesterday; rules of eligibility are the action's, not the row's."""
    values: dict[str, Any] = {"role": SeatRole.MEMBER, "starts_at": timezone.now() - timedelta(days=1), **fields}
    return GroupMembership.objects.create(
        alliance=institution.alliance, group=make_group(institution.alliance, kind), institution=institution, **values
    )
