"""Reads of motions: who sees which, what of a result may be told to whom, and the documents that can be checked elsewhere."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef, Q

from alliance.choices import AllianceRole
from alliance.kernel.permissions import can, grants_of, institutions_acted_for, roles_in_alliance
from groups.choices import (
    DECIDED_MOTIONS,
    BallotForm,
    MotionState,
    ResultLevel,
)
from groups.models import (
    BallotEnvelope,
    BallotPaper,
    GroupMembership,
    Motion,
    MotionElector,
    Participation,
    SeatAlternate,
    Teller,
    Vote,
)
from groups.permissions import VIEW_MOTIONS
from groups.selectors import ballot_box
from groups.selectors.conflict import list_recused
from members.choices import InstitutionState, StaffRole
from members.models import InstitutionStaff

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from django.db.models import QuerySet

    from alliance.models import Alliance, User

DOCUMENT_FORMAT = "alliance-vote-1"


def matter_of(motion: Motion) -> str:
    """What a motion is about, as conflicts of interest name it."""
    return motion.matter or f"motion:{motion.code}"


# ----------------------------------------------------------------------------------------------- which motions


def visible_to(alliance: Alliance, user: Any, at: datetime) -> Q:
    """Condition for the motions a person may see.

    The office, the committee and auditors see all. People of a member see the motions of the assembly and of the groups it
    sits in once they are opened, its own drafts, and every decided one (model charter, article 7).
    """
    if can(user, VIEW_MOTIONS, alliance):
        return Q()
    own = institutions_acted_for(grants_of(user, alliance))
    if not own:
        return Q(pk__in=[])
    seats = GroupMembership.objects.of(alliance).at(at).filter(institution_id__in=own)
    return (
        (Q(group__isnull=True) & ~Q(state=MotionState.DRAFT) & ~Q(state=MotionState.WITHDRAWN, opened_at__isnull=True))
        | Q(state=MotionState.OPEN, group_id__in=seats.values("group_id"))
        | Q(
            state=MotionState.OPEN,
            pk__in=MotionElector.objects.of(alliance).filter(institution_id__in=own).values("motion_id"),
        )
        | Q(state__in=[*DECIDED_MOTIONS, MotionState.VOID])
        | Q(proposer_id__in=own)
    )


def list_motions(alliance: Alliance, *, states: Collection[str] = ()) -> QuerySet[Motion]:
    """Motions with body and proposer, newest first."""
    found = Motion.objects.of(alliance).select_related("group", "proposer", "meeting")
    if states:
        found = found.filter(state__in=states)
    return found.order_by("-created_at", "-id")


def find_motion(alliance: Alliance, code: str, user: Any, at: datetime) -> Motion | None:
    """A motion the person may see; one query besides those of the person's rights."""
    if "\x00" in code:
        return None
    return list_motions(alliance).filter(visible_to(alliance, user, at), code=code).first()


def open_motions(alliance: Alliance, user: Any) -> QuerySet[Motion]:  # noqa: ARG001 - a counter of the navigation is given both
    """Motions open for voting."""
    return Motion.objects.of(alliance).filter(state=MotionState.OPEN)


def list_due_ids(alliance: Alliance, at: datetime) -> list[int]:
    """Open motions whose time is over, oldest first; one query."""
    return list(Motion.objects.of(alliance).due_at(at).order_by("closes_at", "id").values_list("pk", flat=True))


def list_to_remind(alliance: Alliance, at: datetime, before: timedelta) -> list[str]:
    """Codes of open motions that close within a while and were opened at least so long ago; one query."""
    rows = Motion.objects.of(alliance).filter(
        state=MotionState.OPEN, closes_at__gt=at, closes_at__lte=at + before, opened_at__lte=at - before
    )
    return list(rows.order_by("closes_at", "id").values_list("code", flat=True))


def list_public_decisions(alliance: Alliance) -> QuerySet[Motion]:
    """Decided motions of the public register, newest first; tell their results by :func:`told` alone."""
    return (
        Motion.objects.of(alliance)
        .filter(state__in=[MotionState.PASSED, MotionState.REJECTED], is_public=True)
        .select_related("group", "proposer")
        .order_by("-closed_at", "-id")
    )


# ---------------------------------------------------------------------------------------------- while it is open


@dataclass(frozen=True, slots=True)
class Turnout:
    """How many have voted, never how.

    Attributes:
        voted: Institutions of the roll that have voted and do not stand aside.
        entitled: Institutions of the roll that do not stand aside.
        recused: Institutions that stand aside now.
    """

    voted: int
    entitled: int
    recused: int


def voted_ids(alliance: Alliance, motion: Motion) -> set[int]:
    """Institutions for which a vote lies there; one query. Nothing is said about what was voted."""
    model = BallotEnvelope if motion.ballot == BallotForm.SECRET else Vote
    return set(model.objects.of(alliance).filter(motion=motion).values_list("institution_id", flat=True))


def turnout_of(alliance: Alliance, motion: Motion) -> Turnout:
    """Turnout of an open motion; three queries."""
    roll = set(MotionElector.objects.of(alliance).filter(motion=motion).values_list("institution_id", flat=True))
    recused = roll & list_recused(alliance, matter_of(motion))
    entitled = roll - recused
    return Turnout(len(voted_ids(alliance, motion) & entitled), len(entitled), len(recused))


def list_roll(alliance: Alliance, motion: Motion) -> QuerySet[MotionElector]:
    """The roll by name; one query."""
    return (
        MotionElector.objects.of(alliance)
        .filter(motion=motion)
        .select_related("institution")
        .order_by("institution__sort_key", "institution_id")
    )


def voter_ids(alliance: Alliance, motion: Motion, user: Any, at: datetime) -> set[int]:
    """Institutions of the roll for which a person may vote: as its representative, or as the alternate named for its seat.

    Two queries besides those of the person's rights.
    """
    represented = {
        grant.institution_id
        for grant in grants_of(user, alliance)
        if grant.scope == "institution" and grant.role == StaffRole.REPRESENTATIVE and grant.institution_id is not None
    }
    still_there = (
        InstitutionStaff.objects.of(alliance).at(at).filter(user=user, institution_id=OuterRef("membership__institution_id"))
    )
    stood_in_for = (
        SeatAlternate.objects.of(alliance)
        .filter(
            Q(ends_at__isnull=True) | Q(ends_at__gt=at),
            Q(membership__ends_at__isnull=True) | Q(membership__ends_at__gt=at),
            user=user,
            starts_at__lte=at,
            membership__group_id=motion.group_id,
            membership__starts_at__lte=at,
            membership__institution__state=InstitutionState.ACTIVE,
        )
        .filter(Exists(still_there))  # the naming ends with the role in the institution
        .values_list("membership__institution_id", flat=True)
        if motion.group_id is not None
        else ()
    )
    wanted: set[int] = represented | set(stood_in_for)
    return set(
        MotionElector.objects.of(alliance)
        .filter(motion=motion, institution_id__in=wanted)
        .values_list("institution_id", flat=True)
    )


def voters_of(alliance: Alliance, institution_ids: Collection[int], at: datetime) -> QuerySet[InstitutionStaff]:
    """The representatives of institutions, with their accounts; one query."""
    return (
        InstitutionStaff.objects.of(alliance)
        .at(at)
        .filter(institution_id__in=institution_ids, role=StaffRole.REPRESENTATIVE, user__is_active=True)
        .select_related("user", "institution")
        .order_by("id")
    )


# ---------------------------------------------------------------------------------------------- after the close


def canonical(document: dict[str, Any]) -> str:
    """The text that is hashed: keys sorted, no blanks, UTF-8; whole numbers and texts only. ``verify_vote.py`` does the same."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest_of(text: str) -> str:
    """SHA-256 of a canonical text, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def is_teller(alliance: Alliance, motion: Motion, user: Any) -> bool:
    """Whether a person was named teller of the motion, or holds the auditor's role."""
    if AllianceRole.AUDITOR in roles_in_alliance(grants_of(user, alliance)):
        return True
    return Teller.objects.of(alliance).filter(motion=motion, user=user).exists()


def is_open_to_members(motion: Motion) -> bool:
    """Whether members may see totals: always of an open ballot, of a secret one if nobody is given away."""
    return motion.state in DECIDED_MOTIONS and motion.result_level == ResultLevel.TOTALS


TOTALS = ("yes", "no", "abstain", "base", "needed")


def told(motion: Motion, *, teller: bool = False) -> dict[str, Any]:
    """What of a result may be told: nothing before the close, no totals where they would give voters away.

    Args:
        motion: Any motion.
        teller: Whether the reader is a teller or an auditor.
    """
    if motion.state not in DECIDED_MOTIONS:
        return {}
    hidden = () if is_open_to_members(motion) or teller else TOTALS
    # "blind" keeps the totals from being tried against the digest, so nobody is told it except with the box itself.
    return {key: value for key, value in motion.result.items() if key not in {"document", "blind", *hidden}}


def list_participation(alliance: Alliance, motion: Motion) -> QuerySet[Participation]:
    """Who took part and through whom, by name; one query."""
    return (
        Participation.objects.of(alliance)
        .filter(motion=motion)
        .select_related("institution", "holder")
        .order_by("institution__sort_key", "institution_id")
    )


def list_votes(alliance: Alliance, motion: Motion) -> QuerySet[Vote]:
    """The votes of a decided open ballot, by name; none before the close. One query."""
    found = Vote.objects.of(alliance).select_related("institution", "holder").order_by("institution__sort_key", "id")
    if motion.state not in DECIDED_MOTIONS or motion.ballot != BallotForm.OPEN:
        return found.none()
    return found.filter(motion=motion)


def may_download_box(alliance: Alliance, motion: Motion, user: Any) -> bool:
    """Whether a person may have codes with choices: tellers and auditors; members too if the committee decided so."""
    if motion.state not in DECIDED_MOTIONS:
        return False
    if motion.ballot == BallotForm.OPEN:
        return True
    if motion.publish_box and is_open_to_members(motion):
        return True
    return is_teller(alliance, motion, user)


def read_box(alliance: Alliance, motion: Motion) -> list[ballot_box.Row]:
    """The rows of the box in its order; one query."""
    rows = BallotPaper.objects.of(alliance).filter(motion=motion).order_by("code").values_list("code", "choice", "salt")
    return sorted(ballot_box.Row(*row) for row in rows)


def document_of(alliance: Alliance, motion: Motion) -> dict[str, Any]:
    """What ``verify_vote.py`` takes: the sealed document as it was hashed, the digest, and the rows of the box; one query."""
    return {
        "document": motion.result["document"],
        "digest": motion.result_digest,
        "rows": [[row.code, row.choice, row.salt] for row in read_box(alliance, motion)],
    }


def list_codes(alliance: Alliance, motion: Motion) -> list[str]:
    """The sorted SHA-256 digests of the codes of a decided secret ballot, without choices; one query.

    Never the codes themselves: whoever knows a code gets its receipt, and with all of them every choice.
    """
    if motion.state not in DECIDED_MOTIONS or motion.ballot != BallotForm.SECRET:
        return []
    codes = BallotPaper.objects.of(alliance).filter(motion=motion).values_list("code", flat=True)
    return sorted(digest_of(code) for code in codes)


def prove_receipt(alliance: Alliance, motion: Motion, code: str) -> list[ballot_box.Inclusion]:
    """Proofs for the rows of the vote with this code, of whatever weight; empty when there is none. One query."""
    rows = read_box(alliance, motion)
    if motion.result.get("weighted"):
        there = {row.code for row in rows}
        codes = []
        number = 0
        while (one := ballot_box.unit_code(code, number)) in there:
            codes.append(one)
            number += 1
    else:
        codes = [code]
    return ballot_box.prove(rows, codes)


def has_open_motion(alliance: Alliance, user: User, at: datetime) -> QuerySet[Motion]:
    """Open motions on whose roll an institution stands for which a person may act; one query."""
    own = institutions_acted_for(grants_of(user, alliance, at))
    on_roll = MotionElector.objects.of(alliance).filter(motion_id=OuterRef("pk"), institution_id__in=own)
    return list_motions(alliance, states=[MotionState.OPEN]).filter(Exists(on_roll)).order_by("closes_at", "id")
