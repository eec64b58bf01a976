"""Who may do what with groups, and the roles people hold through their institution's seats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from alliance.choices import AllianceRole
from alliance.kernel.permissions import (
    COMMITTEE,
    SECRETARIAT,
    Grant,
    Holder,
    InAlliance,
    InInstitution,
    declare,
    grants_of,
    institutions_acted_for,
    share_checks,
)
from groups.choices import COUNTING_CONFLICTS, GroupKind, SeatRole
from groups.models import ConflictOfInterest, Dispute, GroupMembership, SeatAlternate
from members.choices import InstitutionState, StaffRole

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance, User

ITS_REPRESENTATIVE = InInstitution(
    "institution_id", frozenset({StaffRole.REPRESENTATIVE}), _("the representative of the institution concerned")
)

VIEW_GROUPS = declare(
    "groups.view_groups",
    _("see the groups and who supplies what"),
    *SECRETARIAT,
    InAlliance(AllianceRole.AUDITOR),
    *COMMITTEE,
    InInstitution("", frozenset(), _("people of a member institution")),
)
ESTABLISH_GROUPS = declare("groups.establish_groups", _("establish the six groups"), *SECRETARIAT)
CHANGE_SEATS = declare("groups.change_seats", _("give, change and end seats in a group"), *SECRETARIAT)
DECLARE_CONFLICT = declare(
    "groups.declare_conflict", _("declare a conflict of interest"), *SECRETARIAT, *COMMITTEE, ITS_REPRESENTATIVE
)
AGREE_CONFLICT = declare("groups.agree_conflict", _("agree that this institution stands aside"), ITS_REPRESENTATIVE)
RULE_CONFLICT = declare("groups.rule_conflict", _("rule on a declared conflict of interest"), *SECRETARIAT, *COMMITTEE)
DECLARE_INTEREST = declare(
    "groups.declare_interest", _("declare the interests of this institution"), *SECRETARIAT, ITS_REPRESENTATIVE
)
VIEW_INTERESTS = declare(
    "groups.view_interests",
    _("see the interests this institution has declared"),
    *SECRETARIAT,
    *COMMITTEE,
    InInstitution("institution_id", frozenset(), _("people of the institution concerned")),
)
VIEW_DECLARATIONS = declare(
    "groups.view_declarations",
    _("see who has declared its interests"),
    *SECRETARIAT,
    *COMMITTEE,
    InAlliance(AllianceRole.AUDITOR),
)
ASK_DECLARATIONS = declare("groups.ask_declarations", _("ask members for their declaration of interests"), *SECRETARIAT)
VIEW_DIRECTIVES = declare(
    "groups.view_directives",
    _("see directives between levels"),
    *SECRETARIAT,
    *COMMITTEE,
    InAlliance(AllianceRole.AUDITOR),
)
SEND_DIRECTIVE = declare("groups.send_directive", _("send directives to the alliances below"), *SECRETARIAT)
ANSWER_DIRECTIVE = declare("groups.answer_directive", _("answer directives from the alliance above"), *SECRETARIAT)

# Motions
VIEW_MOTIONS = declare(
    "groups.view_motions", _("see every motion"), *SECRETARIAT, InAlliance(AllianceRole.AUDITOR), *COMMITTEE
)
PUT_MOTION = declare(
    "groups.put_motion",
    _("put a motion"),
    *SECRETARIAT,
    *COMMITTEE,
    InInstitution("proposer_id", frozenset({StaffRole.REPRESENTATIVE}), _("the representative of the member that puts it")),
)
RUN_MOTION = declare("groups.run_motion", _("open, close and withdraw votes"), *SECRETARIAT, *COMMITTEE)
CAST_VOTE = declare("groups.cast_vote", _("vote for this institution"), ITS_REPRESENTATIVE)
"""Asked with the row of the roll; the alternate named for a seat may vote too, which the action looks up."""
GIVE_PROXY = declare(
    "groups.give_proxy",
    _("let another member vote for this institution"),
    InInstitution("giver_id", frozenset({StaffRole.REPRESENTATIVE}), _("the representative of the institution concerned")),
)

# ------------------------------------------------------------------------------------- seats, positions, meetings, minutes


@dataclass(frozen=True, slots=True)
class NotRecused:
    """A holder who keeps a permission only while no institution it acts for stands aside from the record's matter.

    Attributes:
        path: Attribute of the record: ids of the institutions that stand aside.
        holder: Who holds it otherwise.
    """

    path: str
    holder: Holder

    def holds(self, grants: frozenset[Grant], record: Any) -> bool:
        """Whether the holder fits and stands aside from nothing here."""
        aside: frozenset[int] = getattr(record, self.path, frozenset())
        return not aside & institutions_acted_for(grants) and self.holder.holds(grants, record)

    def describe(self) -> StrOrPromise:
        """The holder in words."""
        return self.holder.describe()


ITS_PEOPLE = InInstitution("institution_id", frozenset(), _("people of the institution concerned"))
ITS_READERS = InInstitution("reader_ids", frozenset(), _("people of the institutions invited to the meeting"))

CHANGE_POSITIONS = declare("groups.change_positions", _("set terms, fill and end the positions of a group"), *SECRETARIAT)
NAME_ALTERNATE = declare(
    "groups.name_alternate", _("name who stands in for the representative in a seat"), *SECRETARIAT, ITS_REPRESENTATIVE
)
ANSWER_SEAT_INVITATION = declare(
    "groups.answer_seat_invitation", _("take or decline the seat that is offered"), ITS_REPRESENTATIVE
)
VIEW_MEETINGS = declare(
    "groups.view_meetings",
    _("see the meetings of all groups"),
    *SECRETARIAT,
    InAlliance(AllianceRole.AUDITOR),
    *COMMITTEE,
)
VIEW_MEETING = declare(
    "groups.view_meeting",
    _("see this meeting"),
    *SECRETARIAT,
    InAlliance(AllianceRole.AUDITOR),
    *COMMITTEE,
    ITS_READERS,
)
PLAN_MEETING = declare("groups.plan_meeting", _("plan, convene and cancel a meeting"), *SECRETARIAT)
RECORD_MEETING = declare("groups.record_meeting", _("note attendance, minutes and actions of a meeting"), *SECRETARIAT)
OPEN_PAPER = declare(
    "groups.open_paper",
    _("open this paper"),
    *(
        NotRecused("recused_ids", holder)
        for holder in (*SECRETARIAT, InAlliance(AllianceRole.AUDITOR), *COMMITTEE, ITS_READERS)
    ),
)
ANSWER_INVITATION = declare("groups.answer_invitation", _("answer an invitation to a meeting"), *SECRETARIAT, ITS_PEOPLE)
REMARK_ON_MINUTES = declare(
    "groups.remark_on_minutes", _("make a remark on circulated minutes"), *SECRETARIAT, *COMMITTEE, ITS_READERS
)
APPROVE_MINUTES = declare(
    "groups.approve_minutes", _("approve minutes that somebody else has written"), *SECRETARIAT, *COMMITTEE
)
PUBLISH_DECISION = declare("groups.publish_decision", _("publish minutes and decisions"), *SECRETARIAT)
SETTLE_ACTION = declare("groups.settle_action", _("note what became of an action"), *SECRETARIAT, ITS_PEOPLE)


# ------------------------------------------------------------------------------------ charter, responsibilities

ITS_SIGNATORY = InInstitution(
    "institution_id",
    frozenset({StaffRole.REPRESENTATIVE, StaffRole.SIGNATORY}),
    _("the representative or a signatory of the institution concerned"),
)
DRAFT_CHARTER = declare("groups.draft_charter", _("draft and change a version of the charter"), *SECRETARIAT)
ACCEPT_CHARTER = declare("groups.accept_charter", _("accept the charter for this institution"), ITS_SIGNATORY)
NOTE_ACCEPTANCE = declare(
    "groups.note_acceptance", _("note the acceptance of the charter from a signed paper"), *SECRETARIAT
)
OPEN_SIGNED_CHARTER = declare(
    "groups.open_signed_charter",
    _("open the signed paper"),
    *SECRETARIAT,
    InAlliance(AllianceRole.AUDITOR),
    ITS_SIGNATORY,
)
"""Asked with the acceptance as the record."""
VIEW_RESPONSIBILITIES = declare(
    "groups.view_responsibilities",
    _("see the responsibilities of all members"),
    *SECRETARIAT,
    InAlliance(AllianceRole.AUDITOR),
    *COMMITTEE,
)
VIEW_RESPONSIBILITY = declare(
    "groups.view_responsibility",
    _("see this responsibility"),
    *SECRETARIAT,
    InAlliance(AllianceRole.AUDITOR),
    *COMMITTEE,
    ITS_PEOPLE,
)
PROPOSE_RESPONSIBILITY = declare("groups.propose_responsibility", _("propose a responsibility"), *SECRETARIAT, *COMMITTEE)
ANSWER_RESPONSIBILITY = declare(
    "groups.answer_responsibility", _("acknowledge or decline this responsibility"), ITS_REPRESENTATIVE
)
REPORT_RESPONSIBILITY = declare("groups.report_responsibility", _("report on this responsibility"), ITS_PEOPLE)
SETTLE_RESPONSIBILITY = declare(
    "groups.settle_responsibility", _("accept reports, end and hand over responsibilities"), *SECRETARIAT
)
OPEN_DUTY_REPORT = declare(
    "groups.open_duty_report",
    _("open the file of this report"),
    *SECRETARIAT,
    InAlliance(AllianceRole.AUDITOR),
    *COMMITTEE,
    InInstitution("responsibility.institution_id", frozenset(), _("people of the institution that reports")),
)
"""Asked with the report as the record."""

# --------------------------------------------------------------------------------------------- consortia, disputes

_PRESENT_MEMBERS = InInstitution("present_member_ids", frozenset(), _("people of the present members of the consortium"))
_LEAD_UNITS = InInstitution(
    "lead_ids", frozenset({StaffRole.REPRESENTATIVE}), _("the representative of a lead unit of the consortium")
)
FOUND_CONSORTIUM = declare("groups.found_consortium", _("found a consortium for this institution"), ITS_REPRESENTATIVE)
VIEW_CONSORTIA = declare(
    "groups.view_consortia",
    _("see all consortia"),
    *SECRETARIAT,
    InAlliance(AllianceRole.AUDITOR),
    *COMMITTEE,
)
VIEW_CONSORTIUM = declare(
    "groups.view_consortium",
    _("read the terms and the research plan of this consortium"),
    _PRESENT_MEMBERS,
    InInstitution("invited_ids", frozenset(), _("people of the institutions invited to it")),
    *SECRETARIAT,
    InAlliance(AllianceRole.AUDITOR),
    *COMMITTEE,
)
CHANGE_CONSORTIUM = declare("groups.change_consortium", _("lead this consortium"), _LEAD_UNITS)
ANSWER_CONSORTIUM = declare(
    "groups.answer_consortium", _("accept or decline the terms of this consortium"), ITS_REPRESENTATIVE
)
"""Asked with the membership as the record, as is leaving."""
SHARE_CONSORTIUM_FILE = declare("groups.share_consortium_file", _("share files in this consortium"), _PRESENT_MEMBERS)
OPEN_CONSORTIUM_FILE = declare("groups.open_consortium_file", _("open the files of this consortium"), _PRESENT_MEMBERS)


def institutions_excluded(dispute: Dispute) -> frozenset[int]:
    """Institutions whose people take no part in a dispute for the committee: both parties, and whoever stands aside."""
    matters = [dispute.own_matter, *([dispute.matter] if dispute.matter else [])]
    aside = ConflictOfInterest.objects.of(dispute.alliance).filter(
        matter__in=matters, state__in=COUNTING_CONFLICTS, ended_at__isnull=True
    )
    return dispute.party_ids | frozenset(aside.values_list("institution_id", flat=True))


@dataclass(frozen=True, slots=True)
class UnconflictedCommittee:
    """Members of the management committee who act for neither party and for no institution that stands aside."""

    def holds(self, grants: frozenset[Grant], record: Any) -> bool:
        """Whether the person sits in the committee and has no part in the dispute; one query."""
        sits = any(
            (grant.scope == "alliance" and grant.role == AllianceRole.COMMITTEE)
            or (
                grant.scope == "group"
                and grant.group == GroupKind.COMMITTEE
                and grant.role in {SeatRole.CONVENOR, SeatRole.MEMBER}
                and grant.person_role == StaffRole.REPRESENTATIVE
            )
            for grant in grants
        )
        if not sits or not isinstance(record, Dispute):
            return sits and not isinstance(record, Dispute)
        return not institutions_excluded(record) & institutions_acted_for(grants)

    def describe(self) -> StrOrPromise:
        """The holder in words."""
        return _("members of the management committee without a link to the parties")


@dataclass(frozen=True, slots=True)
class TheMediator:
    """The mediator named for the dispute; found by the person and not by a role, see :func:`is_mediator`."""

    def holds(self, grants: frozenset[Grant], record: Any) -> bool:  # noqa: ARG002 - roles do not tell
        """Never by a role."""
        return False

    def describe(self) -> StrOrPromise:
        """The holder in words."""
        return _("the mediator of this dispute")


_PARTIES = InInstitution(
    "party_ids",
    frozenset({StaffRole.REPRESENTATIVE, StaffRole.SIGNATORY}),
    _("the representatives and signatories of the parties"),
)
_PARTY_REPRESENTATIVES = InInstitution(
    "party_ids", frozenset({StaffRole.REPRESENTATIVE}), _("the representatives of the parties")
)
FILE_DISPUTE = declare(
    "groups.file_dispute",
    _("file a dispute for this institution"),
    InInstitution(
        "claimant_id", frozenset({StaffRole.REPRESENTATIVE}), _("the representative of the institution that files it")
    ),
)
LIST_DISPUTES = declare("groups.list_disputes", _("see the disputes that the committee deals with"), UnconflictedCommittee())
"""Asked with the alliance as the record; the list itself leaves out what the reader has a part in."""
VIEW_DISPUTE = declare("groups.view_dispute", _("see this dispute"), _PARTIES, TheMediator(), UnconflictedCommittee())
NAME_MEDIATOR = declare("groups.name_mediator", _("name the mediator of this dispute"), UnconflictedCommittee())
MEDIATE_DISPUTE = declare("groups.mediate_dispute", _("keep the record of this mediation"), TheMediator())
SPEAK_IN_DISPUTE = declare("groups.speak_in_dispute", _("speak for a party to this dispute"), _PARTY_REPRESENTATIVES)
ESCALATE_DISPUTE = declare(
    "groups.escalate_dispute",
    _("end this mediation without a settlement"),
    TheMediator(),
    _PARTY_REPRESENTATIVES,
    UnconflictedCommittee(),
)
MEDIATORS_RIGHTS = frozenset({VIEW_DISPUTE, MEDIATE_DISPUTE, ESCALATE_DISPUTE})


def is_mediator(actor: Any, permission: str, record: Any) -> bool:
    """Whether the person mediates this very dispute."""
    if permission not in MEDIATORS_RIGHTS or not isinstance(record, Dispute) or record.mediator_id != actor.pk:
        return False
    # Whoever comes to act for a party, or for one that stands aside, is no mediator any more: another one must be named.
    own = institutions_acted_for(grants_of(actor, record.alliance))
    return bool(actor.is_active) and not (own and own & institutions_excluded(record))


share_checks.register("groups.mediator", is_mediator)


def group_grants(user: User, alliance: Alliance, at: datetime) -> Iterable[Grant]:
    """Roles a person holds in groups at a moment: the own role in each active institution, for each seat it has then.

    Whoever is the seat's alternate at that moment holds it as the representative does too; only people who act for the
    institution can be, and the right ends with whichever ends first: the seat, the naming or the role in the institution.
    One query.
    """
    named = SeatAlternate.objects.of(alliance).at(at).filter(membership=OuterRef("pk"), user=user)
    rows = (
        GroupMembership.objects.of(alliance)
        .at(at)
        .filter(
            Q(institution__staff__ends_at__isnull=True) | Q(institution__staff__ends_at__gt=at),
            institution__state=InstitutionState.ACTIVE,
            institution__staff__user=user,
            institution__staff__starts_at__lte=at,
        )
        .annotate(as_alternate=Exists(named))
        .values_list("role", "institution_id", "group__kind", "institution__staff__role", "as_alternate")
    )
    grants = []
    for role, institution_id, group, person, as_alternate in rows:
        grants.append(Grant("group", role, institution_id, group, person))
        if as_alternate:
            grants.append(Grant("group", role, institution_id, group, StaffRole.REPRESENTATIVE.value))
    return grants
