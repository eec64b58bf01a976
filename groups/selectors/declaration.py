"""Reads of declared interests and yearly declarations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, Q

from groups.choices import DeclarationState
from groups.models import Interest, InterestDeclaration
from members.models import ExpertInterest, Institution

if TYPE_CHECKING:
    from datetime import date

    from django.db.models import QuerySet

    from alliance.models import Alliance


def list_interests(alliance: Alliance, institution_id: int, *, withdrawn: bool = False) -> QuerySet[Interest]:
    """What an institution has declared, newest first, with the members concerned; one query."""
    found = Interest.objects.of(alliance).filter(institution_id=institution_id, withdrawn_at__isnull=not withdrawn)
    return found.select_related("counterparty").order_by("-declared_at", "-id")


def list_expert_interests(alliance: Alliance, institution_id: int) -> QuerySet[ExpertInterest]:
    """What an institution's experts have declared, by expert; one query."""
    return (
        ExpertInterest.objects.of(alliance)
        .filter(expert__institution_id=institution_id)
        .select_related("expert", "counterparty")
        .order_by("expert__sort_key", "id")
    )


def get_declaration(alliance: Alliance, institution_id: int, year: int) -> InterestDeclaration | None:
    """An institution's declaration of a year; one query."""
    return InterestDeclaration.objects.of(alliance).filter(institution_id=institution_id, year=year).first()


def list_declarations(alliance: Alliance, year: int, *, only_missing: bool = False) -> QuerySet[InterestDeclaration]:
    """Declarations of a year, those missing first, by institution; one query."""
    found = InterestDeclaration.objects.of(alliance).filter(year=year).select_related("institution", "submitted_by")
    if only_missing:
        found = found.filter(state=DeclarationState.ASKED, institution__in=Institution.objects.of(alliance).active())
    return found.order_by("state", "id")


def count_missing(alliance: Alliance, year: int) -> int:
    """Active members that were asked and have not answered; one query."""
    return list_declarations(alliance, year, only_missing=True).count()


@dataclass(frozen=True, slots=True)
class DeclarationCounts:
    """A year's declarations in numbers.

    Attributes:
        asked: Institutions that were asked.
        submitted: Those that answered.
        late: Active members past their day without an answer.
        with_interests: Those that declared something.
    """

    asked: int
    submitted: int
    late: int
    with_interests: int


def count_declarations(alliance: Alliance, year: int, today: date) -> DeclarationCounts:
    """A year's declarations in numbers; one query."""
    late = Q(state=DeclarationState.ASKED, due_on__lt=today, institution__in=Institution.objects.of(alliance).active())
    row = (
        InterestDeclaration.objects.of(alliance)
        .filter(year=year)
        .aggregate(
            asked=Count("id"),
            submitted=Count("id", filter=Q(state=DeclarationState.SUBMITTED)),
            late=Count("id", filter=late),
            with_interests=Count("id", filter=Q(interest_count__gt=0)),
        )
    )
    return DeclarationCounts(**row)
