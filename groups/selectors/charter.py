"""Reads of the charter: the version in force, who has accepted it, and who may not vote for want of acceptance."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from groups.choices import CharterState
from groups.models import CharterAcceptance, CharterVersion
from members.choices import InstitutionState
from members.models import Institution

if TYPE_CHECKING:
    from alliance.models import Alliance


def charter_in_force(alliance: Alliance) -> CharterVersion | None:
    """The version in force, or None while the alliance has none; one query."""
    return CharterVersion.objects.of(alliance).filter(state=CharterState.IN_FORCE).first()


def end_of_grace(version: CharterVersion) -> datetime:
    """The moment from which members who have not accepted a version may not vote.

    The days of grace are whole calendar days of the platform's time zone: with 30 days, a version in force from 1 April
    leaves time until the end of 30 April.

    Raises:
        ValueError: The version has no date from which it is in force.
    """
    if version.in_force_on is None:
        raise ValueError(version)
    day = version.in_force_on + timedelta(days=version.grace_days)
    return datetime.combine(day, time.min, tzinfo=timezone.get_current_timezone())


def without_voting_rights(alliance: Alliance, at: datetime) -> set[int]:
    """Ids of the active institutions that may not vote: past the grace without having accepted the version in force.

    Two queries at most; an alliance without a charter in force withholds nobody's vote.
    """
    version = charter_in_force(alliance)
    if version is None or at < end_of_grace(version):
        return set()
    accepted = CharterAcceptance.objects.of(alliance).filter(version=version, accepted_at__lte=at)
    return set(
        Institution.objects.of(alliance)
        .filter(state=InstitutionState.ACTIVE)
        .exclude(pk__in=accepted.values("institution_id"))
        .values_list("pk", flat=True)
    )
