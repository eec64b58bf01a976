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
    institutions_acted_for,
)
from groups.models import GroupMembership, SeatAlternate
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
RULE_CONFLICT = declare("groups.rule_conflict", _("rule on a declared conflict of interest"), *SECRETARIAT, *COMMITTEE)

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
        aside = getattr(record, self.path, frozenset())
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
