"""Reads of the charter: the version in force, who has accepted it, and who may not vote for want of acceptance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from groups.choices import CharterState
from groups.models import CharterAcceptance, CharterArticle, CharterVersion
from members.choices import RIGHTS_ENDED, InstitutionState
from members.models import Institution

if TYPE_CHECKING:
    from datetime import date

    from django.db.models import QuerySet

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


def version_in_force_or_coming(alliance: Alliance) -> CharterVersion | None:
    """The version in force, else the next adopted one; one query."""
    return (
        CharterVersion.objects.of(alliance)
        .filter(state__in=[CharterState.IN_FORCE, CharterState.ADOPTED])
        .order_by("-state", "number")
        .first()
    )


def list_versions(alliance: Alliance, *, public: bool = False) -> QuerySet[CharterVersion]:
    """All versions, newest first, with their motions; for the public only adopted ones. One query."""
    found = CharterVersion.objects.of(alliance).select_related("motion").order_by("-number")
    return found.exclude(state=CharterState.DRAFT) if public else found


def find_version(alliance: Alliance, number: int, *, public: bool = False) -> CharterVersion | None:
    """One version by its number; one query."""
    return list_versions(alliance, public=public).filter(number=number).first()


def list_articles(version: CharterVersion) -> QuerySet[CharterArticle]:
    """The articles of a version in order; one query."""
    return CharterArticle.objects.of(version.alliance).filter(version=version).order_by("number")


def list_missing(alliance: Alliance, version: CharterVersion) -> QuerySet[Institution]:
    """Institutions with a standing in the alliance that have not accepted a version, by name; one query."""
    accepted = CharterAcceptance.objects.of(alliance).filter(version=version)
    return (
        Institution.objects.of(alliance)
        .exclude(state__in=RIGHTS_ENDED)
        .exclude(pk__in=accepted.values("institution_id"))
        .order_by("sort_key", "id")
    )


def list_acceptances(alliance: Alliance, version: CharterVersion) -> QuerySet[CharterAcceptance]:
    """Acceptances of a version with institution, person and paper, newest first; one query."""
    return (
        CharterAcceptance.objects.of(alliance)
        .filter(version=version)
        .select_related("institution", "user", "file")
        .order_by("-accepted_at", "-id")
    )


def acceptance_of(alliance: Alliance, version: CharterVersion, institution_id: int) -> CharterAcceptance | None:
    """An institution's acceptance of a version; one query."""
    return list_acceptances(alliance, version).filter(institution_id=institution_id).first()


@dataclass(frozen=True, slots=True)
class AcceptanceCount:
    """How far the acceptance of a version is.

    Attributes:
        accepted: Institutions with a standing that have accepted it.
        asked: Institutions with a standing.
        without_vote: Active ones that have lost the vote for want of acceptance.
        grace_until: Last day of the grace; None before the version has a day.
    """

    accepted: int
    asked: int
    without_vote: int
    grace_until: date | None

    @property
    def missing(self) -> int:
        """Institutions that have yet to accept."""
        return self.asked - self.accepted


def count_acceptances(alliance: Alliance, version: CharterVersion, at: datetime) -> AcceptanceCount:
    """How far the acceptance of a version is; four queries at most."""
    standing = Institution.objects.of(alliance).exclude(state__in=RIGHTS_ENDED)
    accepted = CharterAcceptance.objects.of(alliance).filter(version=version, institution__in=standing).count()
    until = timezone.localtime(end_of_grace(version)).date() - timedelta(days=1) if version.in_force_on else None
    lost = len(without_voting_rights(alliance, at)) if version.state == CharterState.IN_FORCE else 0
    return AcceptanceCount(accepted, standing.count(), lost, until)
