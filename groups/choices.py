"""Closed vocabularies of the organisational layer (blueprint section 5; Zheng2018, section 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from members.choices import Element, InstitutionKind

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class GroupKind(TextChoices):
    """The six virtual groups."""

    POLICY = "policy_group", _("policy group")
    WISDOM = "wisdom_group", _("wisdom group")
    MEDIA = "media_group", _("media group")
    LEADING_ENTERPRISE = "leading_enterprise_group", _("leading-enterprise group")
    FOUNDATION = "foundation", _("foundation")
    COMMITTEE = "management_committee", _("management committee")


class SeatRole(TextChoices):
    """An institution's role in a group."""

    CONVENOR = "convenor", _("convenor")
    MEMBER = "member", _("member")
    OBSERVER = "observer", _("observer")


class ConflictState(TextChoices):
    """Life of a declared conflict of interest."""

    CLAIMED = "claimed", _("claimed by others")
    DECLARED = "declared", _("declared")
    RECUSED = "recused", _("stands aside")
    CLEARED = "cleared", _("no conflict found")
    WAIVED = "waived", _("waived by a second person")
    ENDED = "ended", _("over")


ELIGIBLE_KINDS: dict[str, frozenset[str]] = {
    GroupKind.POLICY: frozenset({InstitutionKind.INDUSTRY_THINK_TANK, InstitutionKind.INDUSTRY_ASSOCIATION}),
    GroupKind.WISDOM: frozenset(
        {
            InstitutionKind.INDUSTRY_THINK_TANK,
            InstitutionKind.INDUSTRY_ASSOCIATION,
            InstitutionKind.SPECIALISED_THINK_TANK,
            InstitutionKind.UNIVERSITY_THINK_TANK,
            InstitutionKind.LIBRARY_INFORMATION,
        }
    ),
    GroupKind.MEDIA: frozenset({InstitutionKind.MEDIA_THINK_TANK}),
    GroupKind.LEADING_ENTERPRISE: frozenset({InstitutionKind.LEADING_ENTERPRISE}),
    # Zheng2018 names no kinds for the foundation and the committee: any institution may sit there.
    GroupKind.FOUNDATION: frozenset(InstitutionKind.values),
    GroupKind.COMMITTEE: frozenset(InstitutionKind.values),
}
"""Which kinds may sit in a group (Zheng2018, section 4); anything else needs a committee resolution."""

REQUIRED_ELEMENTS: dict[str, frozenset[str]] = {
    GroupKind.POLICY: frozenset({Element.POLICY}),
    GroupKind.WISDOM: frozenset({Element.TALENT, Element.TECHNOLOGY, Element.RESOURCES}),
    GroupKind.MEDIA: frozenset({Element.DISSEMINATION, Element.PRODUCT_TRANSFORMATION}),
    GroupKind.LEADING_ENTERPRISE: frozenset({Element.PILOT_FEEDBACK}),
    GroupKind.FOUNDATION: frozenset({Element.CAPITAL}),
    GroupKind.COMMITTEE: frozenset({Element.COORDINATION_SUPERVISION}),
}
"""The elements a group exists to bring (Zheng2018, section 4): an empty cell here is a gap."""

OPEN_GROUPS: tuple[str, ...] = (GroupKind.POLICY, GroupKind.WISDOM, GroupKind.MEDIA, GroupKind.LEADING_ENTERPRISE)
"""Groups whose members follow from the kind of institution; the other two are composed by hand."""
COUNTING_CONFLICTS: tuple[str, ...] = (ConflictState.DECLARED, ConflictState.RECUSED)
"""States in which a conflict keeps the institution aside: its own declaration or a rule's finding does while undecided; what others
claim does not."""
WAITING_CONFLICTS: tuple[str, ...] = (ConflictState.CLAIMED, ConflictState.DECLARED)
"""States that wait for a ruling."""


# ------------------------------------------------------------------------------------------- terms, positions


class PositionKind(TextChoices):
    """Offices a body fills."""

    CHAIR = "chair", _("chair")
    VICE_CHAIR = "vice_chair", _("vice-chair")
    SECRETARY = "secretary", _("secretary")
    TREASURER = "treasurer", _("treasurer")


SINGLE_POSITIONS: tuple[str, ...] = (PositionKind.CHAIR, PositionKind.SECRETARY, PositionKind.TREASURER)
"""Positions one person holds at a time."""


# ------------------------------------------------------------------------------------------------------- motions


class MotionState(TextChoices):
    """Life of a motion."""

    DRAFT = "draft", _("draft")
    OPEN = "open", _("open for voting")
    PASSED = "passed", _("passed")
    REJECTED = "rejected", _("rejected")
    LAPSED = "lapsed", _("lapsed, no quorum")
    WITHDRAWN = "withdrawn", _("withdrawn")
    VOID = "void", _("void, to be put again")
    """The key to the box was lost before the close: nobody's vote is known, the motion must be put again."""


DECIDED_MOTIONS: tuple[str, ...] = (MotionState.PASSED, MotionState.REJECTED, MotionState.LAPSED)


class Threshold(TextChoices):
    """How much consent a motion needs."""

    SIMPLE = "simple", _("more than half")
    TWO_THIRDS = "two_thirds", _("two-thirds")
    UNANIMITY = "unanimity", _("unanimity")


class VoteBase(TextChoices):
    """Of whom the threshold is taken (charter, articles 6 and 18)."""

    PRESENT = "present", _("of those taking part")
    ENTITLED = "entitled", _("of all entitled to vote")


class AbstentionRule(TextChoices):
    """What an abstention does to the base."""

    COUNTS = "counts", _("counts as present, not as consent")
    LEFT_OUT = "left_out", _("is left out of the base")


class BallotForm(TextChoices):
    """Open or secret."""

    OPEN = "open", _("open ballot")
    SECRET = "secret", _("secret ballot")


class Weighting(TextChoices):
    """How votes weigh."""

    EQUAL = "equal", _("one institution, one vote")
    BY_CLASS = "by_class", _("weight by class of member")


class Choice(TextChoices):
    """What can be voted."""

    YES = "yes", _("yes")
    NO = "no", _("no")
    ABSTAIN = "abstain", _("abstain")


class ResultLevel(TextChoices):
    """How much of a secret result is told, so that small groups do not give voters away (security.md 4b)."""

    TOTALS = "totals", _("totals")
    TELLERS = "tellers", _("totals to tellers, outcome to all")
    OUTCOME = "outcome", _("outcome only")


MIN_SECRET_VOTERS = 5
"""No secret ballot among fewer eligible institutions (security.md 4b)."""
MIN_WEIGHTED_SECRET_VOTERS = 15
"""Unlike weights in a secret ballot need so many (security.md 4b)."""


# ------------------------------------------------------------------------------------------------------ meetings


class MeetingState(TextChoices):
    """Life of a meeting."""

    PLANNED = "planned", _("planned")
    CONVENED = "convened", _("convened")
    UNDER_WAY = "under_way", _("under way")
    HELD = "held", _("held")
    CANCELLED = "cancelled", _("cancelled")


class AttendanceState(TextChoices):
    """How an institution takes part in a meeting."""

    INVITED = "invited", _("invited")
    COMING = "coming", _("will come")
    EXCUSED = "excused", _("excused")
    PRESENT = "present", _("present")
    REMOTE = "remote", _("present by link")
    ABSENT = "absent", _("absent")


PRESENT_STATES: tuple[str, ...] = (AttendanceState.PRESENT, AttendanceState.REMOTE)


class MinutesState(TextChoices):
    """Stages of minutes; approved ones are read-only, a change is a new version."""

    DRAFT = "draft", _("draft")
    CIRCULATED = "circulated", _("circulated for comment")
    APPROVED = "approved", pgettext_lazy("minutes", "approved")
    PUBLISHED = "published", _("published")
    SUPERSEDED = "superseded", _("replaced by a newer version")


class ActionState(TextChoices):
    """Whether an action noted in minutes, or a duty report, is done."""

    OPEN = "open", _("open")
    DONE = "done", _("done")
    DROPPED = "dropped", _("dropped")


# ------------------------------------------------------------------------------------------- charter, responsibilities


class CharterState(TextChoices):
    """Life of a charter version."""

    DRAFT = "draft", _("draft")
    ADOPTED = "adopted", _("adopted")
    IN_FORCE = "in_force", pgettext_lazy("charter", "in force")
    SUPERSEDED = "superseded", _("replaced by a newer version")


class ResponsibilityState(TextChoices):
    """Life of a written responsibility."""

    PROPOSED = "proposed", _("waiting for acknowledgement")
    ACKNOWLEDGED = "acknowledged", _("acknowledged")
    DECLINED = "declined", _("declined")
    DONE = "done", _("done")
    ENDED = "ended", _("ended")


class ReportPeriod(TextChoices):
    """How often a responsibility is reported on."""

    ONCE = "once", _("once")
    MONTHLY = "monthly", _("monthly")
    QUARTERLY = "quarterly", _("quarterly")
    YEARLY = "yearly", _("yearly")
    PER_PILOT = "per_pilot", _("after each pilot")


class ReportState(TextChoices):
    """Life of a report on a responsibility."""

    DUE = "due", _("due")
    SUBMITTED = "submitted", _("submitted")
    ACCEPTED = "accepted", pgettext_lazy("report", "accepted")
    RETURNED = "returned", _("sent back")


# ---------------------------------------------------------------------------------------------- conflicts, disputes


class DeclarationState(TextChoices):
    """Life of a yearly declaration of interests."""

    ASKED = "asked", _("asked for")
    SUBMITTED = "submitted", _("submitted")


class WaiverState(TextChoices):
    """Life of a waiver, which needs a reason and a second person."""

    PROPOSED = "proposed", _("waiting for a second person")
    GRANTED = "granted", _("granted")
    REFUSED = "refused", _("refused")


class HoldingDirection(TextChoices):
    """Who holds whose shares."""

    OURS = "ours", _("we hold shares in it")
    THEIRS = "theirs", _("it holds shares in us")


class LinkKind(TextChoices):
    """Rules that find a conflict of interest between two institutions (charter, articles 21 and 22; S7)."""

    SAME_PERSON = "same_person", _("the same person works for both")
    OWNERSHIP = "ownership", _("shares or ownership")
    SHARED_OUTPUT = "shared_output", _("shared output")
    CONTRACT = "contract", _("contract of the last three years")
    FAMILY = "family", _("close relative concerned")
    OTHER = "other", _("other declared interest")
    PARTY = "party", _("itself a party to the matter")


class DisputeState(TextChoices):
    """Life of a dispute (charter, article 28)."""

    FILED = "filed", _("filed")
    MEDIATION = "mediation", _("in mediation")
    SETTLED = "settled", _("settled")
    ESCALATED = "escalated", _("not settled, passed on")
    WITHDRAWN = "withdrawn", _("withdrawn")


class DisputeStepKind(TextChoices):
    """Steps on record in a dispute."""

    STATEMENT = "statement", _("statement")
    MEDIATOR_NAMED = "mediator_named", _("mediator named")
    SESSION = "session", _("mediation session")
    PROPOSAL = "proposal", _("proposal")
    AGREEMENT = "agreement", _("agreement")
    CLOSURE = "closure", _("closure")


MEDIATION_WORKING_DAYS = 20
"""Deadline of a mediation (charter, article 28)."""
NAMING_WORKING_DAYS = 5
"""By when the committee names a mediator; the charter leaves it open, the platform reminds after so many working days."""
OPEN_DISPUTES: tuple[str, ...] = (DisputeState.FILED, DisputeState.MEDIATION)
CONSORTIUM_MIN_MEMBERS = 2
CONSORTIUM_MIN_KINDS = 2
"""A consortium joins at least so many institutions of at least so many kinds (I22)."""


# --------------------------------------------------------------------------------------------- consortia, directives


class ConsortiumState(TextChoices):
    """Life of a technology consortium."""

    FORMING = "forming", _("being formed")
    ACTIVE = "active", _("active")
    CLOSED = "closed", _("closed")


class ConsortiumRole(TextChoices):
    """An institution's role in a consortium."""

    LEAD = "lead", _("lead unit")
    MEMBER = "member", _("member")


class DirectiveKind(TextChoices):
    """What a directive carries down."""

    TARGET = "target", _("target")
    WORK = "work", _("work")
    NOTICE = "notice", _("notice")


class DirectiveState(TextChoices):
    """Life of a directive at the alliance that sends it."""

    DRAFT = "draft", _("draft")
    SENT = "sent", _("sent")
    CLOSED = "closed", _("closed")


class DeliveryState(TextChoices):
    """How far a directive is at one alliance below."""

    WAITING = "waiting", _("on its way")
    DELIVERED = "delivered", pgettext_lazy("directive", "delivered")
    ACKNOWLEDGED = "acknowledged", _("acknowledged")
    REPORTED = "reported", _("answered")


# ---------------------------------------------------------------------------------- composition, invitations, meetings


class InvitationState(TextChoices):
    """Life of an invitation to take a seat."""

    OPEN = "open", _("waiting for an answer")
    ACCEPTED = "accepted", pgettext_lazy("seat", "accepted")
    DECLINED = "declined", _("declined")
    WITHDRAWN = "withdrawn", _("withdrawn")


class Composition(NamedTuple):
    """How a body shall be composed.

    Attributes:
        size: Institutions that shall sit in it; None: any number.
        enterprises: Leading enterprises among them at most; None: any number.
        source: Where the rule stands.
    """

    size: int | None
    enterprises: int | None
    source: StrOrPromise


COMPOSITION: dict[str, Composition] = {GroupKind.COMMITTEE: Composition(9, 3, _("charter, article 13"))}
"""Rules of the shipped charter (article 13: nine members, not over three of them leading enterprises); a group may state its own."""

NOTICE_DAYS = 10
"""Agenda and papers go out so many days ahead (charter, article 12)."""
REMIND_DAYS = 30
"""So many days before a seat, a position or a term ends, the people concerned are told."""
ACTION_REMIND_DAYS = 7
"""So many days before an action is due, whoever does it is reminded."""
SEALED_MINUTES: tuple[str, ...] = (MinutesState.APPROVED, MinutesState.PUBLISHED, MinutesState.SUPERSEDED)
"""Stages from which on nothing in minutes changes; the database refuses it too."""
