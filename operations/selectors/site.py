"""Reads of pilot sites: one institution's part in a round, what is missing before the round can begin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Prefetch

from alliance.models import User
from groups.choices import GroupKind, SeatRole
from groups.models import GroupMembership
from members.models import InstitutionStaff
from operations.choices import ParticipantState, PilotState, ReadingPhase
from operations.models import PilotMeasure, PilotParticipant, PilotPerson, Reading

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance
    from operations.models import Pilot

WORKING = (ParticipantState.ACCEPTED, ParticipantState.ANSWERED)
"""States in which a site tries the product."""
TAKING_PART = (ParticipantState.INVITED, *WORKING)
"""States in which a site may read the product and the plan."""


def site_of(alliance: Alliance, code: str, institution_id: int) -> PilotParticipant | None:
    """An institution's part in the latest round of a product, with round, product and people; None: it has none; two queries."""
    return (
        PilotParticipant.objects.of(alliance)
        .filter(pilot__product__code=code, institution_id=institution_id)
        .select_related("pilot__product", "institution")
        .prefetch_related(
            Prefetch("people", PilotPerson.objects.filter(until__isnull=True).select_related("user").order_by("id"))
        )
        .order_by("-pilot__round")
        .first()
    )


def list_sites(pilot: Pilot) -> list[PilotParticipant]:
    """Every site of a round with its present people, those that work on it first; two queries."""
    order = {ParticipantState.ANSWERED: 0, ParticipantState.ACCEPTED: 1, ParticipantState.INVITED: 2}
    rows = (
        pilot.participants.select_related("institution")
        .prefetch_related(
            Prefetch("people", PilotPerson.objects.filter(until__isnull=True).select_related("user").order_by("id"))
        )
        .order_by("institution__sort_key", "id")
    )
    return sorted(rows, key=lambda row: order.get(ParticipantState(row.state), 3))


@dataclass(frozen=True, slots=True)
class MissingBaseline:
    """A site that has not measured everything yet before the trial.

    Attributes:
        participant: The site.
        measures: What it has no value of.
    """

    participant: PilotParticipant
    measures: Sequence[PilotMeasure]


def missing_baselines(pilot: Pilot) -> list[MissingBaseline]:
    """Accepted sites without a value before the trial for a measure; three queries."""
    measures = list(pilot.measures.order_by("position"))
    sites = list(pilot.participants.filter(state__in=WORKING).select_related("institution").order_by("id"))
    there = set(
        Reading.objects.filter(
            alliance_id=pilot.alliance_id,
            participant__in=sites,
            phase=ReadingPhase.BASELINE,
            struck_at__isnull=True,
        ).values_list("participant_id", "measure_id")
    )
    found = [
        MissingBaseline(site, [measure for measure in measures if (site.pk, measure.pk) not in there]) for site in sites
    ]
    return [entry for entry in found if entry.measures]


@dataclass(frozen=True, slots=True)
class OpeningView:
    """What a planned round waits for.

    Attributes:
        accepted: Sites that take part.
        needed: Sites needed to begin.
        silent: Sites that have not answered the invitation.
        without_baseline: Sites that have not measured everything yet.
        has_measures: Whether the plan measures anything.
    """

    accepted: int
    needed: int
    silent: Sequence[PilotParticipant]
    without_baseline: Sequence[MissingBaseline]
    has_measures: bool

    @property
    def can_open(self) -> bool:
        """Whether nothing stands in the way but the date."""
        return self.has_measures and self.accepted >= max(1, self.needed) and not self.without_baseline


def opening_of(pilot: Pilot) -> OpeningView:
    """What a planned round waits for; six queries."""
    return OpeningView(
        accepted=pilot.participants.filter(state__in=WORKING).count(),
        needed=pilot.minimum_sites,
        silent=list(
            pilot.participants.filter(state=ParticipantState.INVITED)
            .select_related("institution")
            .order_by("institution__sort_key", "id")
        ),
        without_baseline=missing_baselines(pilot),
        has_measures=pilot.measures.exists(),
    )


def convening_ids(alliance: Alliance, *, at: datetime) -> list[int]:
    """Institutions that convene the leading-enterprise group at a moment; one query."""
    rows = (
        GroupMembership.objects.of(alliance)
        .at(at)
        .filter(group__kind=GroupKind.LEADING_ENTERPRISE, role=SeatRole.CONVENOR)
        .order_by("institution_id")
    )
    return list(rows.values_list("institution_id", flat=True).distinct())


def takes_changes(pilot: Pilot, at: datetime) -> bool:
    """Whether sites may still join the round: it is planned, or takes answers."""
    return pilot.state == PilotState.PLANNED or (pilot.is_running and at <= pilot.deadline)


def list_invitations(alliance: Alliance, institution_ids: Any) -> list[PilotParticipant]:
    """Invitations that institutions have not answered yet, the most urgent first; one query."""
    return list(
        PilotParticipant.objects.of(alliance)
        .filter(
            institution_id__in=set(institution_ids),
            state=ParticipantState.INVITED,
            pilot__state__in=[PilotState.PLANNED, PilotState.OPEN, PilotState.EXTENDED],
        )
        .select_related("pilot__product", "institution")
        .order_by("pilot__accept_by", "pilot__starts_at", "id")
    )


def people_of_sites(pilot: Pilot, sites: Sequence[PilotParticipant], *, at: datetime) -> list[User]:
    """Whom to tell at sites: the named people that still act for them, and everybody of a site that named none; three queries."""
    named: dict[int, set[int]] = {}
    rows = PilotPerson.objects.filter(alliance_id=pilot.alliance_id, participant__in=sites, until__isnull=True)
    for participant_id, user_id in rows.values_list("participant_id", "user_id"):
        named.setdefault(participant_id, set()).add(user_id)
    institutions = {site.institution_id: named.get(site.pk, set()) for site in sites}
    staff = (
        InstitutionStaff.objects.filter(alliance_id=pilot.alliance_id)
        .at(at)
        .filter(institution_id__in=institutions)
        .values_list("institution_id", "user_id")
    )
    present: dict[int, set[int]] = {}
    for institution_id, user_id in staff:
        present.setdefault(institution_id, set()).add(user_id)
    chosen = {
        user_id
        for institution_id, wanted in institutions.items()
        for user_id in ((wanted & present.get(institution_id, set())) or present.get(institution_id, set()))
    }
    return list(User.objects.filter(pk__in=chosen, is_active=True).order_by("pk"))
