"""Reads of conflicts of interest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Exists, Q

from groups.choices import COUNTING_CONFLICTS
from groups.models import ConflictOfInterest

if TYPE_CHECKING:
    from django.db.models import Expression, QuerySet

    from alliance.models import Alliance


def list_recused(alliance: Alliance, matter: str) -> set[int]:
    """Ids of the institutions that stand aside from a matter now; one query."""
    return set(
        ConflictOfInterest.objects.of(alliance)
        .filter(matter=matter, state__in=COUNTING_CONFLICTS, ended_at__isnull=True)
        .values_list("institution_id", flat=True)
    )


def is_recused(alliance: Alliance, institution_id: int, matter: str) -> bool:
    """Whether an institution stands aside from a matter now; one query."""
    return institution_id in list_recused(alliance, matter)


def stands_aside(alliance: Alliance, institution_id: int, matter: Expression) -> Q:
    """Condition for rows from whose matter an institution stands aside now.

    Args:
        alliance: The tenant.
        institution_id: Primary key of the institution.
        matter: The row's matter, in terms of ``OuterRef``.
    """
    conflicts = ConflictOfInterest.objects.of(alliance).filter(
        institution_id=institution_id, matter=matter, state__in=COUNTING_CONFLICTS, ended_at__isnull=True
    )
    return Q(Exists(conflicts))


def list_conflicts(alliance: Alliance, *, only_open: bool = True) -> QuerySet[ConflictOfInterest]:
    """Declared conflicts, newest first, with their institutions; one query."""
    found = ConflictOfInterest.objects.of(alliance).select_related("institution", "declared_by")
    if only_open:
        found = found.filter(ended_at__isnull=True)
    return found.order_by("-declared_at", "-id")
