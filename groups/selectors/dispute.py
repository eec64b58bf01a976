"""Reads of disputes; every list leaves out what the reader may not know of."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import CharField, Exists, OuterRef, Q, Value
from django.db.models.functions import Concat
from django.utils import timezone
from django.utils.translation import gettext as _

from alliance.actions.audit import canonical
from alliance.choices import AllianceRole
from alliance.kernel.permissions import can, grants_of, institutions_acted_for
from alliance.models import RoleAssignment, User
from groups.choices import (
    COUNTING_CONFLICTS,
    OPEN_DISPUTES,
    DisputeStepKind,
    GroupKind,
    SeatRole,
)
from groups.models import ConflictOfInterest, Dispute, DisputeStep, GroupMembership
from groups.permissions import LIST_DISPUTES, VIEW_DISPUTE, institutions_excluded
from members.choices import InstitutionState, StaffRole
from members.models import Institution, InstitutionStaff
from members.selectors.duties import Duty

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from django.db.models import QuerySet

    from alliance.models import Alliance


def _speaking_for(user: Any, alliance: Alliance) -> set[int]:
    """Institutions whose representative or signatory a person is."""
    return {
        grant.institution_id
        for grant in grants_of(user, alliance)
        if grant.scope == "institution"
        and grant.role in {StaffRole.REPRESENTATIVE, StaffRole.SIGNATORY}
        and grant.institution_id is not None
    }


def list_own_disputes(alliance: Alliance, user: Any) -> QuerySet[Dispute]:
    """Disputes of the institutions a person speaks for, and those the person mediates, newest first; one query."""
    own = _speaking_for(user, alliance)
    mediated = (
        list_committee_disputes(alliance, user).filter(mediator_id=user.pk).order_by()
    )  # none with a part of one's own
    return (
        Dispute.objects.of(alliance)
        .filter(Q(claimant_id__in=own) | Q(respondent_id__in=own) | Q(pk__in=mediated.values("pk")))
        .select_related("claimant", "respondent", "mediator")
        .order_by("-filed_at", "-id")
    )


def list_committee_disputes(alliance: Alliance, user: Any) -> QuerySet[Dispute]:
    """Disputes a member of the committee may know of: none in which an own institution has a part or stands aside.

    The caller asks for ``groups.list_disputes`` first. One query.
    """
    acting = institutions_acted_for(grants_of(user, alliance))
    aside = ConflictOfInterest.objects.of(alliance).filter(
        institution_id__in=acting, state__in=COUNTING_CONFLICTS, ended_at__isnull=True
    )
    own_matter = Concat(Value("dispute:"), OuterRef("code"), output_field=CharField())
    return (
        Dispute.objects.of(alliance)
        .exclude(Q(claimant_id__in=acting) | Q(respondent_id__in=acting))
        .exclude(Exists(aside.filter(Q(matter=own_matter) | (Q(matter=OuterRef("matter")) & ~Q(matter="")))))
        .select_related("claimant", "respondent", "mediator")
        .order_by("-filed_at", "-id")
    )


def list_visible_disputes(alliance: Alliance, user: Any) -> QuerySet[Dispute]:
    """All disputes a person may know of, newest first; one query."""
    own = list_own_disputes(alliance, user)
    if not can(user, LIST_DISPUTES, alliance):
        return own
    both = Q(pk__in=own.order_by().values("pk")) | Q(pk__in=list_committee_disputes(alliance, user).order_by().values("pk"))
    return (
        Dispute.objects.of(alliance)
        .filter(both)
        .select_related("claimant", "respondent", "mediator")
        .order_by("-filed_at", "-id")
    )


def find_dispute(alliance: Alliance, code: str, reader: Any) -> Dispute | None:
    """A dispute that the reader may see, with its parties; None for any other, whether it is there or not."""
    found = (
        Dispute.objects.of(alliance)
        .select_related("alliance", "claimant", "respondent", "mediator", "mediator_institution")
        .filter(code=code)
        .first()
    )
    return found if found is not None and can(reader, VIEW_DISPUTE, found) else None


def list_steps(dispute: Dispute) -> QuerySet[DisputeStep]:
    """What is on record, in order; one query."""
    return (
        DisputeStep.objects.of(dispute.alliance)
        .filter(dispute=dispute)
        .select_related("institution", "user", "file")
        .order_by("id")
    )


def agreed_ids(dispute: Dispute, steps: Iterable[DisputeStep]) -> frozenset[int]:
    """Parties that have agreed to the latest proposal."""
    agreed: set[int] = set()
    for step in steps:
        if step.kind == DisputeStepKind.PROPOSAL:
            agreed.clear()
        elif step.kind == DisputeStepKind.AGREEMENT and step.institution_id in dispute.party_ids:
            agreed.add(step.institution_id)
    return frozenset(agreed)


def has_proposal(steps: Iterable[DisputeStep]) -> bool:
    """Whether the mediator has made a proposal."""
    return any(step.kind == DisputeStepKind.PROPOSAL for step in steps)


def speaker_of(dispute: Dispute, step: DisputeStep) -> str:
    """Who a step comes from: ``claimant``, ``respondent``, ``mediator`` or ``committee``."""
    if step.institution_id is not None and step.institution_id == dispute.claimant_id:
        return "claimant"
    if step.institution_id is not None and step.institution_id == dispute.respondent_id:
        return "respondent"
    return "committee" if step.kind == DisputeStepKind.MEDIATOR_NAMED else "mediator"


def dispute_digest(dispute: Dispute, steps: Iterable[DisputeStep]) -> str:
    """SHA-256 in hex of the canonical form of a dispute and every step on record.

    Parties stand in it by their part and not by their code, so that joining duplicate entries does not change it.
    """
    form = {
        "form": "alliance-dispute-1",
        "code": dispute.code,
        "state": dispute.state,
        "filed_at": dispute.filed_at,
        "subject": dispute.subject,
        "steps": [
            {
                "id": step.uuid,
                "kind": step.kind,
                "by": speaker_of(dispute, step),
                "at": step.made_at,
                "text": step.text,
                "file": step.file.sha256 if step.file is not None else None,
            }
            for step in steps
        ],
    }
    return hashlib.sha256(canonical(form).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody the committee may name as mediator.

    Attributes:
        user: The person.
        institution: The institution whose seat in the committee the person holds; None for a member by role.
    """

    user: User
    institution: Institution | None


def list_mediators(dispute: Dispute, at: datetime) -> list[Candidate]:
    """Members of the committee without a link to the parties, by name; five queries.

    Left out is whoever acts for a party, or for an institution that stands aside from this dispute or from its matter.
    """
    alliance = dispute.alliance
    excluded = institutions_excluded(dispute)
    by_role = set(
        RoleAssignment.objects.of(alliance).at(at).filter(role=AllianceRole.COMMITTEE).values_list("user_id", flat=True)
    )
    seats = (
        GroupMembership.objects.of(alliance)
        .at(at)
        .filter(
            group__kind=GroupKind.COMMITTEE,
            role__in=[SeatRole.CONVENOR, SeatRole.MEMBER],
            institution__state=InstitutionState.ACTIVE,
        )
    )
    by_seat = dict(
        InstitutionStaff.objects.of(alliance)
        .at(at)
        .filter(role=StaffRole.REPRESENTATIVE, institution__in=seats.values("institution"))
        .values_list("user_id", "institution_id")
    )
    acts_for: dict[int, set[int]] = {}
    for user_id, institution_id in (
        InstitutionStaff.objects.of(alliance)
        .at(at)
        .filter(user_id__in=by_role | by_seat.keys())
        .values_list("user_id", "institution_id")
    ):
        acts_for.setdefault(user_id, set()).add(institution_id)
    free = {pk for pk in by_role | by_seat.keys() if not acts_for.get(pk, set()) & excluded}
    institutions = Institution.objects.of(alliance).in_bulk(set(by_seat.values()))
    users = User.objects.filter(pk__in=free, is_active=True).order_by("name_en", "email")
    return [Candidate(user, institutions.get(by_seat.get(user.pk, 0))) for user in users]


def waiting_disputes(alliance: Alliance, user: Any) -> QuerySet[Dispute]:
    """Open disputes that the reader may know of."""
    return list_visible_disputes(alliance, user).filter(state__in=OPEN_DISPUTES)


def dispute_duties(alliance: Alliance, institution: Institution, at: datetime) -> list[Duty]:  # noqa: ARG001 - the provider's form
    """Open disputes of an institution, for its exit: they are settled on their own pages and cannot be handed over.

    The code alone is told, for not everybody who deals with an exit may know of a dispute. One query.
    """
    rows = Dispute.objects.of(alliance).filter(Q(claimant=institution) | Q(respondent=institution), state__in=OPEN_DISPUTES)
    return [
        Duty(_("open dispute %(code)s") % {"code": row.code}, key=f"dispute:{row.code}", cannot_move=True)
        for row in rows.order_by("id")
    ]


def is_overdue(dispute: Dispute) -> bool:
    """Whether the day of the next step is over."""
    return dispute.state in OPEN_DISPUTES and dispute.due_on < timezone.localdate()
