"""The periods of an institution's standing: written wherever its state changes, by these functions alone.

``Institution.state`` repeats the state of the open period, for lists. Both are written in one transaction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection

from members.models import Institution, InstitutionStanding

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance

_OPEN_MISSING = """
INSERT INTO members_institutionstanding (alliance_id, institution_id, state, starts_at, ends_at, decision_reference)
SELECT i.alliance_id, i.id, i.state,
       least(coalesce(i.joined_on::timestamp AT TIME ZONE %(zone)s, i.created_at), i.created_at), NULL, ''
  FROM members_institution i
 WHERE i.alliance_id = %(alliance)s
   AND NOT EXISTS (SELECT 1 FROM members_institutionstanding s WHERE s.alliance_id = i.alliance_id AND s.institution_id = i.id)
ON CONFLICT DO NOTHING
"""


def set_standing(institution: Institution, state: str, *, at: datetime, decision_reference: str = "") -> None:
    """Move an institution into a state: its open period ends at a moment, a new one begins there.

    The caller has locked the institution, asked for permission, checked the step, and saves other fields and the audit
    entry. A period that would last no time at all gives way to the new one, for it never applied to any moment.

    Args:
        institution: Locked row; its ``state`` is set and saved.
        state: One of InstitutionState.
        at: When the new standing begins; never before the open period.
        decision_reference: Code of the motion that decided, where one did.
    """
    alliance = institution.alliance
    open_period = InstitutionStanding.objects.of(alliance).filter(institution=institution, ends_at__isnull=True).first()
    start = at
    if open_period is not None:
        start = max(at, open_period.starts_at)
        if open_period.starts_at == start:
            open_period.delete()
        else:
            open_period.ends_at = start
            open_period.save(update_fields=["ends_at"])
    InstitutionStanding.objects.create(
        alliance=alliance, institution=institution, state=state, starts_at=start, decision_reference=decision_reference
    )
    institution.state = state
    institution.save(update_fields=["state"])


def open_joined_standings(alliance: Alliance) -> int:
    """Open a period for every institution of the alliance that has none yet, from the day it joined; one statement.

    For entries that are loaded with their state, such as those of a demonstration: what was before is not known.

    Returns:
        How many were opened.
    """
    with connection.cursor() as cursor:
        cursor.execute(_OPEN_MISSING, {"alliance": alliance.pk, "zone": settings.TIME_ZONE})
        return int(cursor.rowcount)


def standing_before(institution: Institution) -> dict[str, Any] | None:
    """The open period as it is, in a form a JSON column keeps, for :func:`put_standing_back`."""
    open_period = (
        InstitutionStanding.objects.of(institution.alliance).filter(institution=institution, ends_at__isnull=True).first()
    )
    if open_period is None:
        return None
    return {
        "id": open_period.pk,
        "state": open_period.state,
        "starts_at": open_period.starts_at.isoformat(),
        "decision_reference": open_period.decision_reference,
    }


def put_standing_back(institution: Institution, before: dict[str, Any] | None) -> None:
    """Undo the newest move of an institution: its period goes, the one before is open again, as if it had not been.

    The caller has locked the institution and saved its state; for a merge that is taken back.
    """
    periods = InstitutionStanding.objects.of(institution.alliance).filter(institution=institution)
    periods.filter(ends_at__isnull=True).delete()
    if before is None:
        return
    if not periods.filter(pk=before["id"]).update(ends_at=None):
        InstitutionStanding.objects.bulk_create(
            [InstitutionStanding(alliance=institution.alliance, institution=institution, ends_at=None, **before)]
        )
