"""Whom inbox items of a virtual group wait for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alliance.models import User
from groups.choices import GroupKind
from groups.models import GroupMembership
from members.models import Institution, InstitutionStaff

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance, InboxItem


class GroupAudience:
    """People of the institutions that hold a seat in a group, or of one of them."""

    def people(self, alliance: Alliance, item: InboxItem, at: datetime) -> Iterable[User]:
        """Everybody who acts now for an active institution with a present seat; one query."""
        seats = (
            GroupMembership.objects.of(alliance)
            .at(at)
            .filter(
                group__kind=item.group,
                role__in=["convenor", "member"],
                institution__in=Institution.objects.of(alliance).active(),
            )
        )
        if item.institution_id is not None:
            seats = seats.filter(institution=item.institution_id)
        staff = InstitutionStaff.objects.of(alliance).at(at).filter(institution__in=seats.values("institution"))
        return User.objects.filter(pk__in=staff.values("user"), is_active=True)

    def names(self, alliance: Alliance, items: list[InboxItem]) -> dict[int, StrOrPromise]:
        """The institution's short name with a seat of its own, else the group; one query."""
        institutions = Institution.objects.of(alliance).in_bulk(
            {item.institution_id for item in items if item.institution_id}
        )
        labels: dict[str, StrOrPromise] = dict(GroupKind.choices)
        return {
            item.pk: institutions[item.institution_id].short_name
            if item.institution_id in institutions
            else labels.get(item.group, item.group)
            for item in items
        }
