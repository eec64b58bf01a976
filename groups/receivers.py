"""What the organisational layer adds to the kernel and how it reacts to events."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.choices import AudienceScope
from alliance.kernel import calendar, demo, uploads
from alliance.kernel.audiences import kept_aside, resolvers
from alliance.kernel.events import Event, consumer
from alliance.kernel.navigation import NavigationEntry, add
from alliance.kernel.permissions import grant_providers
from alliance.kernel.portal import figures, upcoming
from alliance.kernel.texts import Text, texts
from groups import words  # noqa: F401 - names acts and records for the audit log
from groups.actions import (
    admission,  # noqa: F401 - registers its effects
    charter_texts,  # noqa: F401 - registers its texts and uses of files
    further_term,  # noqa: F401 - likewise
    group,  # noqa: F401 - registers its job
    group_exception,  # noqa: F401 - registers its effect
    reminders,  # noqa: F401 - registers its texts
    seat_import,  # noqa: F401 - registers seats as a subject of imports
    seat_invitation,  # noqa: F401 - likewise
)
from groups.actions.admission import end_seats_of, tell_of_withdrawal
from groups.actions.bulk import give_seat, take_seat_back
from groups.actions.charter import ask_for_acceptance
from groups.actions.conflict import refuse_kept_aside, screen_matter, screen_open_matters
from groups.actions.consortium import end_parts_of, settle_part
from groups.actions.demo import load
from groups.actions.demo_admission import load_admission
from groups.actions.directive import carry_closing, carry_directive, tell_sender
from groups.actions.handover import list_action_duties, list_position_duties, list_seat_duties
from groups.actions.meeting import PAPER_PURPOSE, send_invitations
from groups.actions.minutes import send_minutes_round
from groups.actions.motion import apply_effect
from groups.actions.motion_duties import motion_duties
from groups.actions.responsibility import hand_over_responsibility
from groups.forms.bulk import AddToGroupForm
from groups.models import Motion
from groups.permissions import (
    LIST_DISPUTES,
    RULE_CONFLICT,
    VIEW_CONSORTIA,
    VIEW_DIRECTIVES,
    VIEW_MEETINGS,
    VIEW_MOTIONS,
    VIEW_RESPONSIBILITIES,
    group_grants,
)
from groups.selectors.audiences import GroupAudience
from groups.selectors.calendar import calendar_of_meetings
from groups.selectors.conflict import list_matters_aside, list_recused
from groups.selectors.consortium import duty_provider as consortium_duties
from groups.selectors.dispute import dispute_duties, waiting_disputes
from groups.selectors.group import LIST_EXTENSION, seats_panel
from groups.selectors.meeting import coming_meetings, find_paper
from groups.selectors.membership import decision_page, motions_panel
from groups.selectors.merge import UNTOUCHED, object_to_merge
from groups.selectors.motion import open_motions
from groups.selectors.portal import count_part, list_closing_votes, list_coming_meetings, list_reports_due
from groups.selectors.responsibility import duty_provider as responsibility_duties
from groups.selectors.responsibility import late_reports
from groups.signals import (
    CHARTER_IN_FORCE,
    DIRECTIVE_ANSWERED,
    DIRECTIVE_ARRIVED,
    DIRECTIVE_CLOSED,
    DIRECTIVE_SENT,
    INTERESTS_CHANGED,
    MEETING_CONVENED,
    MINUTES_CIRCULATED,
    MOTION_DECIDED,
    MOTION_OPENED,
)
from members.choices import RIGHTS_ENDED, ApplicationState, InstitutionState
from members.models import Expert, Institution
from members.permissions import SCREEN_APPLICATION, matters_aside, recused_from
from members.selectors.application import ApplicationLink, application_links, decision_links
from members.selectors.bulk import BulkKind, bulk_kinds
from members.selectors.duties import duty_providers
from members.selectors.institution import Panel, extensions, panels
from members.selectors.merge import objections, untouched
from members.signals import (
    APPLICATION_WITHDRAWN,
    EXPERT_INTEREST_CHANGED,
    INSTITUTION_STATE_CHANGED,
)

if TYPE_CHECKING:
    from alliance.models import StoredFile
    from groups.models import MeetingPaper

grant_providers.register("groups", group_grants)
demo.loaders.register("groups", load)
demo.loaders.register("groups.admission", load_admission)
extensions.register("group", LIST_EXTENSION)
panels.register("groups", Panel("groups/institution_seats.html", seats_panel, order=20))
duty_providers.register("groups", list_seat_duties)
duty_providers.register("positions", list_position_duties)
duty_providers.register("meeting actions", list_action_duties)
add(
    NavigationEntry(
        area="console",
        section="organise",
        key="groups",
        label=_("Groups and elements"),
        url_name="group_list",
        icon="grid-2x2",
        order=20,
        permission="alliance.view_console",
    )
)
add(
    NavigationEntry(
        area="console",
        section="organise",
        key="conflicts",
        label=_("Conflicts of interest"),
        url_name="conflict_list",
        icon="shield",
        order=40,
        permission=RULE_CONFLICT,
    )
)
resolvers.register(AudienceScope.GROUP, GroupAudience())
calendar.providers.register("groups.meetings", calendar_of_meetings)

# ------------------------------------------------------------------------------------------------------- motions
add(
    NavigationEntry(
        area="console",
        section="organise",
        key="motions",
        label=_("Votes"),
        url_name="motion_list",
        icon="vote",
        order=25,
        permission=VIEW_MOTIONS,
        count=open_motions,
    )
)
add(NavigationEntry(area="portal", key="governance", label=_("Governance"), url_name="portal_motion_list", order=25))
add(NavigationEntry(area="portal:governance", key="motions", label=_("Votes"), url_name="portal_motion_list", order=10))
add(NavigationEntry(area="portal:governance", key="proxies", label=_("Proxies"), url_name="portal_proxy_list", order=15))
duty_providers.register("motions", motion_duties)
texts.register(
    "motion_vote",
    Text(title=_("Vote: %(title)s"), body=_("Your institution has not voted yet."), verb=_("Vote"), icon="vote"),
)
texts.register(
    "motion_opened",
    Text(
        title=_("Vote until %(closes)s: %(title)s"),
        body=_("The link leads straight to the ballot. You can change the vote until the close."),
        verb=_("Vote"),
        icon="vote",
    ),
)
texts.register(
    "motion_reminder",
    Text(
        title=_("The vote closes on %(closes)s: %(title)s"),
        body=_("Your institution has not voted yet."),
        verb=_("Vote"),
        icon="clock",
    ),
)
texts.register("motion_passed", Text(title=_("Passed: %(title)s"), verb=_("Open"), icon="check"))
texts.register("motion_rejected", Text(title=_("Rejected: %(title)s"), verb=_("Open"), icon="x"))
texts.register(
    "motion_lapsed",
    Text(
        title=_("Lapsed, no quorum: %(title)s"),
        body=_("It may be put again after seven days."),
        verb=_("Open"),
        icon="circle-dot",
    ),
)
texts.register(
    "motion_withdrawn",
    Text(
        title=_("Withdrawn: %(title)s"),
        body=_("Votes given so far were deleted unread."),
        verb=_("Open"),
        icon="undo-2",
    ),
)
texts.register(
    "motion_void",
    Text(
        title=_("The vote is void: %(title)s"),
        body=_("The key to the ballot box was lost. Nobody's vote is known; the motion must be put again."),
        verb=_("Open"),
        icon="clock-alert",
    ),
)
texts.register(
    "motion_void_office",
    Text(
        title=_("Put the motion again, its vote is void: %(title)s"),
        body=_("The key to the ballot box was lost. Find out why, then put the motion again."),
        verb=_("Open"),
        icon="clock-alert",
        can_dismiss=True,
    ),
)
texts.register(
    "proxy_given",
    Text(title=_("%(giver)s lets you vote for it"), verb=_("Proxies"), icon="users"),
)


@consumer(MOTION_DECIDED, "groups.motion_effect")
def do_what_was_decided(event: Event) -> None:
    """A decided motion takes effect."""
    apply_effect(event.alliance, event.payload["motion"], at=timezone.now())


# ------------------------------------------------------------------------------------------- meetings, minutes, decisions
add(
    NavigationEntry(
        area="console",
        section="organise",
        key="meetings",
        label=_("Meetings"),
        url_name="meeting_list",
        icon="calendar-clock",
        order=26,
        permission=VIEW_MEETINGS,
        count=coming_meetings,
    )
)
add(
    NavigationEntry(
        area="console",
        section="organise",
        key="decisions",
        label=_("Decisions"),
        url_name="decision_register",
        icon="gavel",
        order=28,
        permission=VIEW_MEETINGS,
    )
)
add(NavigationEntry(area="portal:governance", key="meetings", label=_("Meetings"), url_name="portal_meeting_list", order=20))
add(NavigationEntry(area="portal:governance", key="seats", label=_("Seats"), url_name="portal_seat_list", order=30))


def _paper_of(stored: StoredFile) -> MeetingPaper | None:
    """The paper a file belongs to, with who may read it and who stands aside."""
    return find_paper(stored.alliance, stored.pk)


uploads.purposes.register(
    PAPER_PURPOSE,
    uploads.Purpose(
        PAPER_PURPOSE,
        _("meeting papers"),
        frozenset({"pdf", "png", "jpeg", "docx", "xlsx", "pptx", "csv", "txt"}),
        owner=_paper_of,
    ),
)


@consumer(MEETING_CONVENED, "groups.send_invitations")
def _send_invitations(event: Event) -> None:
    send_invitations(event.alliance, event.payload["meeting"], at=timezone.now())


@consumer(MINUTES_CIRCULATED, "groups.send_minutes_round")
def _send_minutes_round(event: Event) -> None:
    send_minutes_round(event.alliance, event.payload["meeting"], event.payload["version"], at=timezone.now())


# ------------------------------------------------------------------- conflicts of interest, declarations, directives
add(
    NavigationEntry(
        area="console",
        section="organise",
        key="directives",
        label=_("Levels"),
        url_name="directive_list",
        icon="network",
        order=80,
        permission=VIEW_DIRECTIVES,
    )
)
add(
    NavigationEntry(
        area="portal:institution", key="interests", label=_("Interests"), url_name="portal_interest_list", order=60
    )
)


upcoming.register("meetings", list_coming_meetings)
upcoming.register("motions", list_closing_votes)
upcoming.register("duties", list_reports_due)
figures.register("groups", count_part)
kept_aside.register("groups", refuse_kept_aside)


@consumer(MOTION_OPENED, "groups.screen_motion")
def screen_motion(event: Event) -> None:
    """Look once more at whoever is linked with the party of a motion, after ``open_motion`` looked within its own transaction.

    An interest that was declared while that transaction ran saw no open vote, and the vote did not see the interest.
    """
    motion = Motion.objects.of(event.alliance).filter(code=event.payload["motion"]).first()
    if motion is not None:
        screen_matter(event.alliance, motion.matter or f"motion:{motion.code}", at=timezone.now())


@consumer(INTERESTS_CHANGED, "groups.screen_after_declaration")
def screen_after_declaration(event: Event) -> None:
    """A new interest may matter for what is open."""
    institution = Institution.objects.of(event.alliance).filter(code=event.payload["institution"]).first()
    if institution is not None:
        screen_open_matters(event.alliance, at=timezone.now(), touching=[institution.pk])


@consumer(EXPERT_INTEREST_CHANGED, "groups.screen_after_expert")
def screen_after_expert(event: Event) -> None:
    """So may one of an expert."""
    expert = Expert.objects.of(event.alliance).filter(code=event.payload["expert"]).first()
    if expert is not None:
        screen_open_matters(event.alliance, at=timezone.now(), touching=[expert.institution_id])


@consumer(DIRECTIVE_SENT, "groups.carry_directive")
def carry(event: Event) -> None:
    """Carry a directive into the alliance below."""
    carry_directive(event.alliance, UUID(event.payload["delivery"]), at=timezone.now())


@consumer(DIRECTIVE_ARRIVED, "groups.tell_arrival")
@consumer(DIRECTIVE_ANSWERED, "groups.tell_answer")
def tell(event: Event) -> None:
    """Carry the state of a directive back to its sender."""
    tell_sender(event.alliance, UUID(event.payload["delivery"]), at=timezone.now())


@consumer(DIRECTIVE_CLOSED, "groups.carry_closing")
def close(event: Event) -> None:
    """Tell one recipient that a directive is closed."""
    carry_closing(event.alliance, UUID(event.payload["delivery"]), at=timezone.now())


# --------------------------------------------------------------------------- charter, responsibilities, consortia, disputes
add(
    NavigationEntry(
        area="console",
        section="organise",
        key="charter",
        label=_("Charter"),
        url_name="charter_list",
        icon="file-text",
        order=50,
        permission="alliance.view_console",
    )
)
add(
    NavigationEntry(
        area="console",
        section="organise",
        key="responsibilities",
        label=_("Responsibilities"),
        url_name="responsibility_list",
        icon="list-checks",
        order=52,
        permission=VIEW_RESPONSIBILITIES,
        urgent=late_reports,
    )
)
add(
    NavigationEntry(
        area="console",
        section="organise",
        key="consortia",
        label=_("Technology consortia"),
        url_name="consortium_list",
        icon="network",
        order=54,
        permission=VIEW_CONSORTIA,
    )
)
add(
    NavigationEntry(
        area="console",
        section="organise",
        key="disputes",
        label=_("Disputes"),
        url_name="dispute_list",
        icon="scale",
        order=56,
        permission=LIST_DISPUTES,
        count=waiting_disputes,
    )
)
add(
    NavigationEntry(
        area="portal:institution", key="duties", label=_("Responsibilities"), url_name="portal_duty_list", order=40
    )
)
add(NavigationEntry(area="portal:institution", key="charter", label=_("Charter"), url_name="portal_charter", order=50))
add(
    NavigationEntry(
        area="portal:governance",
        key="consortia",
        label=_("Technology consortia"),
        url_name="portal_consortium_list",
        order=40,
    )
)
add(NavigationEntry(area="portal:governance", key="disputes", label=_("Disputes"), url_name="portal_dispute_list", order=50))
duty_providers.register("responsibilities", responsibility_duties(hand_over_responsibility))
duty_providers.register("consortia", consortium_duties(settle_part))
duty_providers.register("disputes", dispute_duties)


@consumer(INSTITUTION_STATE_CHANGED, "groups.follow_standing")
def follow_standing(event: Event) -> None:
    """Ask a newly admitted institution for the charter; end the parts in consortia of one without rights."""
    after = event.payload.get("after", "")
    if after in RIGHTS_ENDED:
        end_parts_of(event.alliance, str(event.payload.get("institution", "")), at=timezone.now())
    elif after in {InstitutionState.CHARTER_PENDING, InstitutionState.ACTIVE}:
        ask_for_acceptance(event.alliance, at=timezone.now())


@consumer(CHARTER_IN_FORCE, "groups.ask_for_acceptance")
def ask_members(event: Event) -> None:
    """Ask every member for its acceptance of the version that came into force."""
    ask_for_acceptance(event.alliance, at=timezone.now())


# Admission, suspension, expulsion
recused_from.register("groups", list_recused)
matters_aside.register("groups", list_matters_aside)
panels.register("membership", Panel("groups/institution_motions.html", motions_panel, order=70, office_only=True))
decision_links.register("groups", decision_page)
application_links.register(
    "vote",
    ApplicationLink(
        label=_("Put to the committee"),
        url_name="application_vote",
        states=frozenset({ApplicationState.COMPLETE}),
        permission=SCREEN_APPLICATION,
        icon="gavel",
    ),
)


@consumer(INSTITUTION_STATE_CHANGED, "groups.end_seats")
def end_seats(event: Event) -> None:
    """Whose rights have ended keeps no seat."""
    if event.payload["after"] in {InstitutionState.WITHDRAWN, InstitutionState.EXPELLED, InstitutionState.LAPSED}:
        end_seats_of(event.alliance, event.payload["institution"], at=timezone.now())


# Acts on many institutions
bulk_kinds.register(
    "add_to_group",
    BulkKind(
        "add_to_group",
        _("Add to group"),
        _("Each institution gets a seat in the group from now on. Who may not sit there is left aside, with the reason."),
        AddToGroupForm,
        give_seat,
        take_seat_back,
        order=10,
    ),
)

# Duplicates
objections.register("groups", object_to_merge)
for _column, _reason in UNTOUCHED.items():
    untouched.register(_column, _reason)


@consumer(APPLICATION_WITHDRAWN, "groups.vote_without_object")
def vote_without_object(event: Event) -> None:
    """Tell the office of a vote whose applicant has withdrawn."""
    tell_of_withdrawal(event.alliance, str(event.payload["decision"]), at=timezone.now())
