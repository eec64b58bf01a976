"""Whom the pipeline tells and asks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from alliance.choices import AllianceRole
from alliance.models import RoleAssignment, User
from groups.choices import GroupKind, SeatRole
from groups.models import GroupMembership
from groups.selectors.conflict import list_recused
from members.models import Institution, InstitutionStaff
from operations.choices import ContributionRole

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance
    from operations.models import Product


def staff_of(alliance: Alliance, institution_ids: Iterable[int], *, at: datetime) -> list[User]:
    """People who act for the institutions at a moment, each once; two queries."""
    ids = (
        InstitutionStaff.objects.of(alliance)
        .at(at)
        .filter(institution_id__in=set(institution_ids))
        .values_list("user_id", flat=True)
    )
    return list(User.objects.filter(pk__in=set(ids), is_active=True).order_by("pk"))


def office_people(alliance: Alliance, *, at: datetime) -> list[User]:
    """People of the secretariat at a moment; two queries."""
    roles = [AllianceRole.SECRETARIAT, AllianceRole.OFFICE_ADMIN]
    ids = RoleAssignment.objects.of(alliance).at(at).filter(role__in=roles).values_list("user_id", flat=True)
    return list(User.objects.filter(pk__in=set(ids), is_active=True).order_by("pk"))


def institutions_in_group(alliance: Alliance, kind: str, *, at: datetime) -> list[Institution]:
    """Active institutions with a voting seat in a group, by name; one query."""
    seats = (
        GroupMembership.objects.of(alliance)
        .at(at)
        .filter(group__kind=kind, role__in=[SeatRole.CONVENOR, SeatRole.MEMBER])
        .values("institution_id")
    )
    return list(Institution.objects.of(alliance).active().filter(pk__in=seats).order_by("sort_key", "id"))


def maker_institutions(product: Product) -> set[int]:
    """Institutions that made a product: author, adapter, and whoever contributed other than by trying it; one query."""
    rows = product.contributions.exclude(role=ContributionRole.TRIAL).values_list("institution_id", flat=True)
    return {pk for pk in (product.author_id, product.adapter_id, *rows) if pk is not None}


def eligible_pilot_firms(product: Product, *, at: datetime) -> list[Institution]:
    """Leading enterprises that may try the product: seated, active, none of its makers, not standing aside; three queries."""
    excluded = maker_institutions(product) | list_recused(product.alliance, product.matter)
    return [
        institution
        for institution in institutions_in_group(product.alliance, GroupKind.LEADING_ENTERPRISE, at=at)
        if institution.pk not in excluded
    ]
