"""Reads of conflicts of interest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Exists, Prefetch, Q

from alliance.models import User
from groups.choices import COUNTING_CONFLICTS, ConflictState, WaiverState
from groups.models import ConflictOfInterest, ConflictWaiver
from members.choices import StaffRole
from members.models import Institution, InstitutionStaff

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import Expression, QuerySet

    from alliance.models import Alliance


def list_recused(alliance: Alliance, matter: str) -> set[int]:
    """Ids of the institutions that stand aside from a matter now; one query."""
    return set(
        ConflictOfInterest.objects.of(alliance)
        .filter(matter=matter, state__in=COUNTING_CONFLICTS, ended_at__isnull=True)
        .values_list("institution_id", flat=True)
    )


def list_matters_aside(alliance: Alliance, institution_ids: frozenset[int], prefix: str) -> set[str]:
    """Matters of one kind from which one of the institutions stands aside now; one query."""
    return set(
        ConflictOfInterest.objects.of(alliance)
        .filter(
            institution_id__in=institution_ids,
            matter__startswith=f"{prefix}:",
            state__in=COUNTING_CONFLICTS,
            ended_at__isnull=True,
        )
        .values_list("matter", flat=True)
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


def list_conflicts(alliance: Alliance, *, only_open: bool = True, matter: str = "") -> QuerySet[ConflictOfInterest]:
    """Conflicts, newest first, with their institutions and waiting waivers; two queries."""
    waiting = ConflictWaiver.objects.of(alliance).filter(state=WaiverState.PROPOSED)
    found = (
        ConflictOfInterest.objects.of(alliance)
        .select_related("institution", "declared_by")
        .prefetch_related(Prefetch("waivers", queryset=waiting, to_attr="waiting_waivers"))
    )
    if matter:
        found = found.filter(matter=matter)
    if only_open:
        found = found.filter(ended_at__isnull=True)
    return found.order_by("-declared_at", "-id")


def list_conflicts_of(alliance: Alliance, institution_id: int) -> QuerySet[ConflictOfInterest]:
    """An institution's own conflicts, newest first; one query."""
    return ConflictOfInterest.objects.of(alliance).filter(institution_id=institution_id).order_by("-declared_at", "-id")


def get_conflict(alliance: Alliance, conflict_id: int) -> ConflictOfInterest | None:
    """One conflict with its institution and every waiver, newest first; two queries."""
    waivers = ConflictWaiver.objects.of(alliance).select_related("proposed_by", "settled_by").order_by("-proposed_at", "-id")
    return (
        ConflictOfInterest.objects.of(alliance)
        .filter(pk=conflict_id)
        .select_related("institution", "declared_by")
        .prefetch_related(Prefetch("waivers", queryset=waivers))
        .first()
    )


@dataclass(frozen=True, slots=True)
class Recusal:
    """A line for minutes and pages: an institution that stands aside, and nothing of why.

    Attributes:
        institution: It.
        since: Since when.
        ruled: Whether that was ruled, and not only declared or found.
    """

    institution: Institution
    since: datetime
    ruled: bool


def list_recusals(alliance: Alliance, matter: str) -> list[Recusal]:
    """Who stands aside from a matter now, by name; one query."""
    rows = (
        ConflictOfInterest.objects.of(alliance)
        .filter(matter=matter, state__in=COUNTING_CONFLICTS, ended_at__isnull=True)
        .select_related("institution")
        .order_by("institution__sort_key", "institution_id")
    )
    return [Recusal(row.institution, row.declared_at, row.state == ConflictState.RECUSED) for row in rows]


def list_representatives_of(alliance: Alliance, institution_id: int, at: datetime) -> list[User]:
    """People who represent an institution at a moment; one query."""
    held = (
        InstitutionStaff.objects.of(alliance)
        .at(at)
        .filter(institution_id=institution_id, role=StaffRole.REPRESENTATIVE)
        .values("user_id")
    )
    return list(User.objects.filter(pk__in=held, is_active=True).order_by("pk"))
