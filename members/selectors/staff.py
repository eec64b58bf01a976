"""Reads of the people who act for an institution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alliance.models import Invitation
from members.models import InstitutionStaff

if TYPE_CHECKING:
    from datetime import datetime

    from members.models import Institution


def list_people_of(institution: Institution, at: datetime) -> list[InstitutionStaff]:
    """Roles held now or from a later day on, representatives first; one query."""
    rows = InstitutionStaff.objects.of(institution.alliance).filter(institution=institution).exclude(ends_at__lte=at)
    return list(rows.select_related("user", "deputy").order_by("role", "starts_at", "id"))


def list_former_staff(institution: Institution, at: datetime) -> list[InstitutionStaff]:
    """Roles that have ended, latest first; one query."""
    rows = InstitutionStaff.objects.of(institution.alliance).filter(institution=institution, ends_at__lte=at)
    return list(rows.select_related("user").order_by("-ends_at", "-id")[:20])


def list_invitations(institution: Institution, at: datetime) -> list[Invitation]:
    """Invitations to act for the institution that can still be accepted, newest first; one query."""
    return list(
        Invitation.objects.of(institution.alliance)
        .filter(
            accepted_at__isnull=True,
            revoked_at__isnull=True,
            expires_at__gt=at,
            grants__contains=[{"scope": "institution", "institution": institution.code}],
        )
        .select_related("invited_by")
        .order_by("-created_at", "-id")
    )
