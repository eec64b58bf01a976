"""What the operational layer adds to the kernel: texts, navigation, indicators, purposes of files, demonstration content."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from alliance.kernel import calendar, demo, jobs, navigation, uploads
from alliance.kernel.audiences import set_aside
from alliance.kernel.events import Event, consumer
from alliance.kernel.indicators import indicators
from alliance.kernel.jump import JumpProvider, providers
from alliance.kernel.navigation import NavigationEntry
from alliance.kernel.portal import upcoming
from alliance.kernel.references import referred
from alliance.kernel.texts import Text, texts
from groups.selectors.matters import matter_parties
from groups.signals import CONFLICTS_CHANGED
from members.selectors.duties import duty_providers
from operations import (  # noqa: F401 - register themselves
    permissions,
    tasks,
    transitions,
    words,  # noqa: F401 - names acts and records for the audit log
)
from operations.actions.aggregation import AGGREGATE_JOB, run_aggregation
from operations.actions.course import change_course
from operations.actions.demo import load
from operations.actions.demo_learning import load as load_learning
from operations.actions.demo_parts import load_kinds
from operations.actions.demo_pieces import load_pieces
from operations.actions.demo_pipeline import load_rules
from operations.actions.demo_projects import load as load_projects
from operations.actions.demo_rewards import load_points, load_risks
from operations.actions.demo_workbook import load_workbooks
from operations.actions.incentive import follow_record, settle_ledger
from operations.actions.piece import follow_product
from operations.actions.product_file import PURPOSE as PRODUCT_FILE_PURPOSE
from operations.actions.product_file import file_of
from operations.actions.project import hand_over_project, leave_project
from operations.actions.release import follow_conflicts
from operations.actions.risk_trigger import note_late_milestone, note_low_pilot
from operations.actions.workbook import EVIDENCE_PURPOSE
from operations.choices import ContributionAct, PilotState, ProductState, ReferenceKind, TariffState
from operations.gates import Gate, add_gate
from operations.models import PilotFeedback, WorkbookEntry
from operations.permissions import (
    START_PIECE,
    VIEW_KINDS,
    VIEW_LEARNING,
    VIEW_OFFERS,
    VIEW_OWN_POINTS,
    VIEW_PIPELINE,
    VIEW_POINTS,
    VIEW_PROJECTS,
    VIEW_RISKS,
)
from operations.selectors import evidence, gates  # noqa: F401 - register themselves
from operations.selectors.conflicts import PRODUCT_MATTER, RELEASE_MATTER, items_set_aside
from operations.selectors.indicators import IN_PILOT, RELEASED_WITH_MEAN_SCORE
from operations.selectors.jump import find_products
from operations.selectors.learning import calendar_of_sessions, open_sessions
from operations.selectors.learning import duty_provider as course_duties
from operations.selectors.piece import missing_checks, open_pieces
from operations.selectors.pilot_calendar import calendar_of_pilots
from operations.selectors.point import (
    MAKERS,
    NEXT_ROUND_GATE_LABEL,
    RELEASE_GATE_LABEL,
    grave_points_missing,
    unfinished_points_missing,
)
from operations.selectors.product import products_in_pipeline
from operations.selectors.project import (
    calendar_of_milestones,
    calendar_of_tasks,
    find_projects,
    next_days,
    running_projects,
)
from operations.selectors.project import duty_provider as project_duties
from operations.selectors.reference import PROVIDERS
from operations.selectors.risk import RISK_MATTER, high_risks
from operations.signals import (
    CONTRIBUTIONS_CHANGED,
    MILESTONE_LATE,
    MILESTONE_REACHED,
    MILESTONE_REOPENED,
    PIECE_PUBLISHED,
    PIECE_WITHDRAWN,
    PILOT_DECIDED,
    PILOT_OPENED,
    PILOT_REOPENED,
    POINT_ANSWERED,
    PRODUCT_RELEASED,
    PRODUCT_RETIRED,
    PRODUCT_STATE_CHANGED,
    TARIFF_SETTLED,
    WORK_HOURS_CONFIRMED,
    WORK_HOURS_STRUCK,
)
from operations.transitions import BEGIN_PILOT, RELEASE

if TYPE_CHECKING:
    from alliance.models import StoredFile

for indicator in (RELEASED_WITH_MEAN_SCORE, IN_PILOT):
    indicators.register(indicator.name, indicator)


def _answer_of(stored: StoredFile) -> PilotFeedback | WorkbookEntry | None:
    """The answer or the entry a piece of evidence belongs to; its permission is asked of that record."""
    answer = (
        PilotFeedback.objects.filter(alliance_id=stored.alliance_id, evidence=stored)
        .select_related("alliance", "participant__pilot__product")
        .first()
    )
    return answer or (
        WorkbookEntry.objects.filter(alliance_id=stored.alliance_id, file=stored)
        .select_related("alliance", "participant__pilot__product")
        .first()
    )


uploads.purposes.register(
    EVIDENCE_PURPOSE,
    uploads.Purpose(
        EVIDENCE_PURPOSE,
        _("evidence for a pilot answer"),
        frozenset({"pdf", "png", "jpeg", "webp", "docx", "xlsx", "csv", "txt"}),
        owner=_answer_of,
        matter=lambda answer: answer.participant.pilot.product.matter,
    ),
)

navigation.add(
    NavigationEntry(
        area="console",
        section="operate",
        key="pilots",
        label=_("Pilots"),
        url_name="pilot_board",
        icon="flask-conical",
        order=10,
        permission=VIEW_PIPELINE,
        count=products_in_pipeline,
    )
)
navigation.add(NavigationEntry(area="portal", key="pilots", label=_("Pilots"), url_name="portal_pilots", order=30))
navigation.add(NavigationEntry(area="portal", key="products", label=_("Products"), url_name="portal_products", order=40))

texts.register(
    "product_review",
    Text(
        title=_("Review the draft: %(title)s"),
        body=_("Another institution's word decides whether the media group takes it up."),
        verb=_("Review"),
        icon="search-check",
        holds_up=True,
    ),
)
texts.register(
    "product_returned",
    Text(
        title=_("Sent back to you: %(title)s"),
        body=_("Change the draft and submit it again."),
        verb=_("Edit"),
        icon="undo-2",
        holds_up=True,
    ),
)
texts.register(
    "product_sent_back",
    Text(title=_("Sent back to you: %(title)s"), body=_("The reason: %(reason)s"), verb=_("Edit"), icon="undo-2"),
)
texts.register(
    "product_approved",
    Text(title=_("Approved: %(title)s"), body=_("The media group adapts it now."), verb=_("Open"), icon="check"),
)
texts.register(
    "product_adapt",
    Text(
        title=_("Adapt for use: %(title)s"),
        body=_("Turn the reviewed draft into something usable and hand it over for the pilot."),
        verb=_("Adapt"),
        icon="wand-sparkles",
        holds_up=True,
    ),
)
texts.register(
    "pilot_plan",
    Text(
        title=_("Plan the pilot: %(title)s"),
        body=_("The text is ready. Choose criteria, pilot firms and dates."),
        verb=_("Plan the pilot"),
        icon="flask-conical",
    ),
)
texts.register(
    "pilot_next_round",
    Text(
        title=_("Plan the next round: %(title)s"),
        body=_("Every agreed change is settled."),
        verb=_("Plan the pilot"),
        icon="flask-conical",
    ),
)
texts.register(
    "pilot_feedback",
    Text(
        title=_("Pilot feedback due on %(due)s: %(title)s"),
        body=_("Try it, then answer for your firm. That day is included."),
        verb=_("Give feedback"),
        icon="flask-conical",
        holds_up=True,
    ),
)
texts.register(
    "pilot_opened",
    Text(
        title=_("A pilot has begun: %(title)s"),
        body=_("Feedback is due on %(due)s, that day included."),
        verb=_("Give feedback"),
        icon="flask-conical",
    ),
)
texts.register(
    "pilot_reminder",
    Text(
        title=_("Pilot feedback due on %(due)s: %(title)s"),
        body=_("Your firm has not answered yet."),
        verb=_("Give feedback"),
        icon="clock",
    ),
)
texts.register(
    "pilot_extended",
    Text(
        title=_("Pilot extended to %(due)s: %(title)s"),
        body=_("Answers can be given and changed until then, that day included."),
        verb=_("Give feedback"),
        icon="calendar-plus",
    ),
)
texts.register(
    "pilot_few_answers",
    Text(
        title=_("Too few answers: %(title)s"),
        body=_("%(count)s of %(needed)s answers came by the deadline; the pilot was extended once."),
        verb=_("Open"),
        icon="clock-alert",
    ),
)
texts.register(
    "pilot_overdue",
    Text(
        title=_("Extend or close the pilot: %(title)s"),
        body=_("It was due on %(due)s; %(count)s answers came."),
        verb=_("Open"),
        icon="clock-alert",
    ),
)
texts.register(
    "pilot_not_passed",
    Text(
        title=_("Changes to make: %(title)s"),
        body=_("The pilot did not pass. The changes to make are listed on its page."),
        verb=_("Open"),
        icon="wrench",
    ),
)
texts.register(
    "product_improve",
    Text(
        title=_("Changes to make: %(title)s"),
        body=_("Mark each as done, or decline it with the reason."),
        verb=_("Open"),
        icon="wrench",
    ),
)
texts.register(
    "release_proposed",
    Text(
        title=_("Decide on the release: %(title)s"),
        body=_("Its pilot has passed."),
        verb=_("Decide"),
        icon="package-check",
    ),
)
texts.register(
    "release_declined",
    Text(title=_("Not released yet: %(title)s"), body=_("The reason: %(reason)s"), verb=_("Open"), icon="wrench"),
)
texts.register(
    "product_released",
    Text(title=_("Released: %(title)s"), body=_("It stands in the catalogue now."), verb=_("Open"), icon="package-check"),
)
texts.register(
    "product_shared",
    Text(
        title=_("Shared with you: %(title)s"), body=_("You may read it before its release."), verb=_("Open"), icon="share-2"
    ),
)

texts.register(
    "point_accepted",
    Text(
        title=_("Your feedback is taken up: %(title)s"),
        body=_("What will be done: %(answer)s"),
        verb=_("Open"),
        icon="message-square-check",
    ),
)
texts.register(
    "point_declined",
    Text(
        title=_("Your feedback is not taken up: %(title)s"),
        body=_("The reason: %(answer)s"),
        verb=_("Open"),
        icon="message-square-x",
    ),
)
texts.register(
    "point_done",
    Text(
        title=_("Your feedback is done in version %(version)s: %(title)s"),
        body=_("What was done: %(answer)s"),
        verb=_("Open"),
        icon="message-square-check",
    ),
)

texts.register(
    "pilot_invitation",
    Text(
        title=_("Try it, by your word until %(due)s: %(title)s"),
        body=_("Say whether your firm takes part in the pilot."),
        verb=_("Answer the invitation"),
        icon="mail-question-mark",
        holds_up=True,
    ),
)
texts.register(
    "pilot_invited",
    Text(
        title=_("Invited to a pilot: %(title)s"),
        body=_("It begins on %(starts)s. Say until %(due)s whether your firm takes part."),
        verb=_("Answer the invitation"),
        icon="mail-question-mark",
    ),
)
texts.register(
    "pilot_invitation_reminder",
    Text(
        title=_("Your word is due on %(due)s: %(title)s"),
        body=_("Your firm has not said yet whether it takes part in the pilot."),
        verb=_("Answer the invitation"),
        icon="clock",
    ),
)
texts.register(
    "pilot_baseline",
    Text(
        title=_("Measure before the trial begins on %(due)s: %(title)s"),
        body=_("Without values from before, nothing can be compared; the pilot waits for them."),
        verb=_("Open"),
        icon="ruler",
        holds_up=True,
    ),
)
texts.register(
    "pilot_accepted",
    Text(
        title=_("%(firm)s takes part: %(title)s"),
        body=_("The site has accepted."),
        verb=_("Open"),
        icon="check",
        mails=False,
    ),
)
texts.register(
    "pilot_declined",
    Text(title=_("%(firm)s declined: %(title)s"), body=_("The reason: %(reason)s"), verb=_("Open"), icon="circle-x"),
)
texts.register(
    "pilot_site_left",
    Text(title=_("%(firm)s left the pilot: %(title)s"), body=_("The reason: %(reason)s"), verb=_("Open"), icon="log-out"),
)
texts.register(
    "pilot_site_removed",
    Text(
        title=_("Your firm was taken out of a pilot: %(title)s"),
        body=_("The reason: %(reason)s"),
        verb=_("Open"),
        icon="log-out",
    ),
)
texts.register(
    "pilot_handed_over",
    Text(title=_("A pilot is yours now: %(title)s"), body=_("Handed over: %(note)s"), verb=_("Open"), icon="arrow-right"),
)
texts.register(
    "pilot_sites_silent",
    Text(
        title=_("Pilot firms are silent: %(title)s"),
        body=_("Reminded without an answer: %(firms)s. You convene their group."),
        verb=_("Open"),
        icon="megaphone",
    ),
)
texts.register(
    "pilot_baseline_missing",
    Text(
        title=_("A pilot waits for values from before: %(title)s"),
        body=_("Not measured yet: %(firms)s. You convene their group."),
        verb=_("Open"),
        icon="megaphone",
    ),
)
texts.register(
    "pilot_waiting",
    Text(
        title=_("The pilot cannot begin: %(title)s"),
        body=_("%(accepted)s sites take part, %(needed)s are needed; it waits for: %(firms)s."),
        verb=_("Open"),
        icon="hourglass",
        holds_up=True,
    ),
)
texts.register(
    "pilot_late",
    Text(
        title=_("Your answer is missing: %(title)s"),
        body=_("It was due on %(due)s. The secretariat decides whether there is more time."),
        verb=_("Open"),
        icon="clock-alert",
    ),
)
texts.register(
    "pilot_amended",
    Text(
        title=_("The plan of a pilot was changed: %(title)s"),
        body=_("The reason: %(reason)s. Answers until %(due)s."),
        verb=_("See what changed"),
        icon="file-diff",
    ),
)
texts.register(
    "pilot_cancelled",
    Text(title=_("A pilot was called off: %(title)s"), body=_("The reason: %(reason)s"), verb=_("Open"), icon="circle-x"),
)
texts.register(
    "pilot_reopened",
    Text(
        title=_("A pilot takes answers again until %(due)s: %(title)s"),
        body=_("The reason: %(reason)s"),
        verb=_("Give feedback"),
        icon="rotate-ccw",
    ),
)

jobs.kinds.register(
    AGGREGATE_JOB,
    jobs.JobKind(
        AGGREGATE_JOB,
        _("Sum up the answers of a pilot"),
        run_aggregation,
        {"read": _("Reading the answers"), "compute": _("Computing the figures")},
    ),
)

demo.loaders.register("operations", load)
demo.loaders.register("operations.kinds", load_kinds)
demo.loaders.register("operations.pieces", load_pieces)
demo.loaders.register("operations.workbooks", load_workbooks)
demo.loaders.register("operations.rules", load_rules)
set_aside.register("products", items_set_aside)
matter_parties.register("product", PRODUCT_MATTER)
matter_parties.register("release", RELEASE_MATTER)
providers.register("operations", JumpProvider(_("Products"), find_products))

# ----------------------------------------------------------------------------------------------------------------- pieces

texts.register(
    "piece_check",
    Text(
        title=_("Check the piece: %(title)s"),
        body=_("The media group made it from “%(product)s”. Say whether it is correct; the pilot waits for your word."),
        verb=_("Check"),
        icon="search-check",
        holds_up=True,
    ),
)
texts.register(
    "piece_returned",
    Text(
        title=_("Sent back to you: %(title)s"),
        body=_("The authors of “%(product)s” say what is wrong. Change the piece and hand it in again."),
        verb=_("Edit"),
        icon="undo-2",
        holds_up=True,
    ),
)
texts.register(
    "piece_sent_back",
    Text(title=_("Sent back to you: %(title)s"), body=_("The reason: %(reason)s"), verb=_("Edit"), icon="undo-2"),
)
texts.register(
    "piece_approved",
    Text(
        title=_("Found correct: %(title)s"),
        body=_("It can be published once “%(product)s” is released."),
        verb=_("Open"),
        icon="check",
    ),
)
texts.register(
    "piece_publish",
    Text(
        title=_("Publish the piece: %(title)s"),
        body=_("“%(product)s” is released, and its authors found the piece correct."),
        verb=_("Publish"),
        icon="megaphone",
    ),
)
texts.register(
    "piece_published",
    Text(title=_("Published: %(title)s"), body=_("Made from “%(product)s”."), verb=_("Open"), icon="megaphone"),
)
texts.register(
    "piece_withdrawn",
    Text(title=_("Withdrawn: %(title)s"), body=_("The reason: %(reason)s"), verb=_("Open"), icon="circle-off"),
)

add_gate(
    BEGIN_PILOT,
    Gate(
        key="pieces",
        label=_("The authors have checked every piece made of it"),
        check=missing_checks,
        who=(_("people of the institutions that wrote the product"),),
        url_name="product_detail",
        anchor="pieces",
        sources=frozenset({ProductState.TRANSFORMING}),
    ),
)

add_gate(
    RELEASE,
    Gate(
        key="points",
        label=RELEASE_GATE_LABEL,
        check=grave_points_missing,
        who=MAKERS,
        url_name="point_list",
    ),
)
add_gate(
    BEGIN_PILOT,
    Gate(
        key="points",
        label=NEXT_ROUND_GATE_LABEL,
        check=unfinished_points_missing,
        who=MAKERS,
        url_name="point_list",
        sources=frozenset({ProductState.IMPROVING}),
    ),
)

navigation.add(
    NavigationEntry(
        area="console",
        section="operate",
        key="pieces",
        label=pgettext_lazy("navigation", "Pieces"),
        url_name="piece_list",
        icon="newspaper",
        order=15,
        permission=VIEW_PIPELINE,
        count=open_pieces,
    )
)
navigation.add(
    NavigationEntry(
        area="portal",
        key="pieces",
        label=pgettext_lazy("navigation", "Pieces"),
        url_name="piece_list",
        order=45,
        permission=START_PIECE,
    )
)


@consumer(PRODUCT_STATE_CHANGED, "operations.pieces_follow")
def let_pieces_follow(event: Event) -> None:
    """Checked pieces of a released product wait to be published; those of a product out of use wait for nobody."""
    if event.payload["after"] in {ProductState.RELEASED, ProductState.RETIRED, ProductState.WITHDRAWN}:
        follow_product(event.alliance, event.payload["product"], at=timezone.now())


# ------------------------------------------------------------------------------------------- ways back, rules, release

texts.register(
    "product_looped_back",
    Text(title=_("Sent back: %(title)s"), body=_("The reason: %(reason)s"), verb=_("Open"), icon="undo-2"),
)
texts.register(
    "product_withdrawn",
    Text(title=_("Withdrawn: %(title)s"), body=_("The reason: %(reason)s"), verb=_("Open"), icon="circle-off"),
)


@consumer(CONFLICTS_CHANGED, "operations.release_votes_follow")
def let_release_votes_follow(event: Event) -> None:
    """Whoever stands aside from a product stands aside from an open vote on its release too."""
    follow_conflicts(event.alliance, event.payload["matter"], at=timezone.now())


# --------------------------------------------------------------------------------------------------------------- projects

texts.register(
    "milestone_late",
    Text(
        title=_("Late milestone: %(milestone)s"),
        body=_("It was due on %(due)s in the project “%(title)s”. Mark it as reached, or agree on a new day."),
        verb=_("Open"),
        icon="flag",
        holds_up=True,
    ),
)
texts.register(
    "project_joined",
    Text(
        title=_("You work in a project: %(title)s"),
        body=_("You were named for %(institution)s. Note your hours there."),
        verb=_("Open"),
        icon="folder-kanban",
    ),
)
texts.register(
    "project_started",
    Text(title=_("A project has started: %(title)s"), body=_("Its plan shows your tasks."), verb=_("Open"), icon="play"),
)
texts.register(
    "project_stopped",
    Text(title=_("A project was stopped: %(title)s"), body=_("The reason: %(reason)s"), verb=_("Open"), icon="circle-stop"),
)
texts.register(
    "project_handed_over",
    Text(
        title=_("Your institution leads a project now: %(title)s"),
        body=_("Name who leads it, and look through its plan."),
        verb=_("Open"),
        icon="folder-kanban",
    ),
)

navigation.add(
    NavigationEntry(
        area="console",
        section="operate",
        key="projects",
        label=pgettext_lazy("navigation", "Projects"),
        url_name="project_list",
        icon="folder-kanban",
        order=20,
        permission=VIEW_PROJECTS,
        count=running_projects,
    )
)
navigation.add(
    NavigationEntry(
        area="portal", key="projects", label=pgettext_lazy("navigation", "Projects"), url_name="project_list", order=46
    )
)
upcoming.register("operations.milestones", next_days)
referred.register(ReferenceKind.PROJECT, find_projects)
duty_providers.register("projects", project_duties(hand_over_project, leave_project))
calendar.providers.register("operations.milestones", calendar_of_milestones)
calendar.providers.register("operations.tasks", calendar_of_tasks)
calendar.providers.register("operations.pilots", calendar_of_pilots)
demo.loaders.register("operations.projects", load_projects)

# ------------------------------------------------------------------------------- kinds, files, contributions, references

uploads.purposes.register(
    PRODUCT_FILE_PURPOSE,
    uploads.Purpose(
        PRODUCT_FILE_PURPOSE,
        _("file of a product"),
        frozenset({"pdf", "png", "jpeg", "webp", "docx", "xlsx", "pptx", "csv", "txt", "zip"}),
        owner=file_of,
        matter=lambda row: row.product.matter,
    ),
)
for _name, _provider in PROVIDERS.items():
    referred.register(_name, _provider)

navigation.add(
    NavigationEntry(
        area="console",
        section="settings",
        key="kinds",
        label=pgettext_lazy("navigation", "Product kinds"),
        url_name="kind_list",
        icon="list-checks",
        order=40,
        permission=VIEW_KINDS,
    )
)
texts.register(
    "contribution_confirm",
    Text(
        title=_("Confirm your part: %(title)s"),
        body=_("Your institution is named among those who made it, with %(share)s percent."),
        verb=_("Answer"),
        icon="users",
        holds_up=True,
    ),
)
texts.register(
    "contribution_contested",
    Text(
        title=_("A part is contested: %(title)s"),
        body=_("%(institution)s does not agree with its part. Agree with it and name the parts anew."),
        verb=_("Change the parts"),
        icon="users",
        holds_up=True,
    ),
)
texts.register(
    "contribution_refused",
    Text(
        title=_("%(institution)s contests its part: %(title)s"),
        body=_("The reason: %(reason)s"),
        verb=_("Open"),
        icon="users",
    ),
)
texts.register(
    "next_version_begun",
    Text(
        title=_("The next version has begun: %(title)s"),
        body=_("It is a draft with a code of its own; the released version stays in use until then."),
        verb=_("Open"),
        icon="package-check",
    ),
)

# --------------------------------------------------------------------------------------------------------------- learning

texts.register(
    "session_moved_up",
    Text(
        title=_("You have a place now: %(title)s"),
        body=_("Somebody gave theirs up. The session begins on %(day)s. Give the place up in time if you cannot come."),
        verb=_("Open"),
        icon="graduation-cap",
    ),
)
texts.register(
    "session_changed",
    Text(
        title=_("Time or place has changed: %(title)s"),
        body=_("The session begins on %(day)s. Give your place up in time if you cannot come."),
        verb=_("Open"),
        icon="calendar-clock",
    ),
)
texts.register(
    "session_cancelled",
    Text(
        title=_("A session was cancelled: %(title)s"),
        body=_("It was to begin on %(day)s. The reason: %(reason)s"),
        verb=_("Open"),
        icon="circle-x",
    ),
)
texts.register(
    "session_hold",
    Text(
        title=_("Who was there: %(title)s"),
        body=_("The session of %(day)s is over. Note the attendance, then close the session as held."),
        verb=_("Note attendance"),
        icon="clipboard-check",
        holds_up=True,
    ),
)
texts.register(
    "session_assess",
    Text(
        title=_("Who passed: %(title)s"),
        body=_("Those who came to the session of %(day)s wait for their results; credits follow from them."),
        verb=_("Note results"),
        icon="graduation-cap",
        holds_up=True,
    ),
)
texts.register(
    "course_not_passed",
    Text(
        title=_("Not passed: %(title)s"),
        body=_("The session began on %(day)s. Ask the institution that holds the course when you can try again."),
        verb=_("Open"),
        icon="graduation-cap",
    ),
)
texts.register(
    "certificate_issued",
    Text(
        title=_("Certificate earned: %(title)s"),
        body=_("It gives %(credits)s learning credits. Anybody can verify it by its code."),
        verb=_("Open the certificate"),
        icon="award",
    ),
)
texts.register(
    "certificate_revoked",
    Text(title=_("Certificate revoked: %(title)s"), body=_("The reason: %(reason)s"), verb=_("Open"), icon="circle-off"),
)
texts.register(
    "certificate_expiring",
    Text(
        title=_("Your certificate lapses: %(title)s"),
        body=_("It is valid to %(day)s. Take the course again in time, or your learning paths fall back."),
        verb=_("Open"),
        icon="award",
        can_dismiss=True,
    ),
)

navigation.add(
    NavigationEntry(
        area="console",
        section="operate",
        key="learning",
        label=pgettext_lazy("navigation", "Learning"),
        url_name="course_list",
        icon="graduation-cap",
        order=30,
        permission=VIEW_LEARNING,
        count=open_sessions,
    )
)
navigation.add(
    NavigationEntry(
        area="portal",
        key="learning",
        label=pgettext_lazy("navigation", "Learning"),
        url_name="portal_learning",
        order=47,
        permission=VIEW_OFFERS,
    )
)
calendar.providers.register("operations.sessions", calendar_of_sessions)
duty_providers.register("courses", course_duties(change_course))
demo.loaders.register("operations.learning", load_learning)


# ------------------------------------------------------------------------------------------------------------------ risks

texts.register(
    "risk_owner",
    Text(
        title=_("Name who answers for a risk: %(title)s"),
        body=_("Nobody looks after it yet."),
        verb=_("Open"),
        icon="triangle-alert",
    ),
)
texts.register(
    "risk_take_up",
    Text(
        title=_("You answer for a risk: %(title)s"),
        body=_("Look at its grades, and plan what is done against it."),
        verb=_("Open"),
        icon="triangle-alert",
    ),
)
texts.register(
    "risk_review",
    Text(
        title=_("Review a risk: %(title)s"),
        body=_("Its review was planned for %(due)s. Say what has changed, and when to look again."),
        verb=_("Review"),
        icon="triangle-alert",
    ),
)
texts.register(
    "risk_measure",
    Text(
        title=_("Due against a risk: %(what)s"),
        body=_("Due on %(due)s, against “%(title)s”. Mark it as done, or agree on a new day."),
        verb=_("Open"),
        icon="triangle-alert",
    ),
)
texts.register(
    "risk_measure_given",
    Text(
        title=_("You do something against a risk: %(what)s"),
        body=_("Until %(due)s, against “%(title)s”."),
        verb=_("Open"),
        icon="triangle-alert",
    ),
)
texts.register(
    "risk_accepted",
    Text(title=_("A risk was accepted: %(title)s"), body=_("The reason: %(reason)s"), verb=_("Open"), icon="triangle-alert"),
)
texts.register(
    "risk_closed",
    Text(title=_("A risk was closed: %(title)s"), body=_("The reason: %(reason)s"), verb=_("Open"), icon="triangle-alert"),
)
texts.register(
    "risk_reopened",
    Text(
        title=_("A risk is open again: %(title)s"), body=_("The reason: %(reason)s"), verb=_("Open"), icon="triangle-alert"
    ),
)
navigation.add(
    NavigationEntry(
        area="console",
        section="operate",
        key="risks",
        label=pgettext_lazy("navigation", "Risks"),
        url_name="risk_list",
        icon="triangle-alert",
        order=60,
        permission=VIEW_RISKS,
        count=high_risks,
    )
)
matter_parties.register("risk", RISK_MATTER)
demo.loaders.register("operations.risks", load_risks)


@consumer(MILESTONE_LATE, "operations.risk_of_late_milestone")
def open_risk_of_late_milestone(event: Event) -> None:
    """A late milestone opens a risk, once for each promised day."""
    note_late_milestone(event.alliance, event.payload["milestone"], event.payload["due_on"], at=timezone.now())


@consumer(PILOT_DECIDED, "operations.risk_of_low_pilot")
def open_risk_of_low_pilot(event: Event) -> None:
    """A round that closed under its pass mark opens a risk."""
    if event.payload["outcome"] == PilotState.FAILED:
        note_low_pilot(event.alliance, event.payload["product"], event.payload["round"], at=timezone.now())


# ------------------------------------------------------------------------------------------------------------- incentives

texts.register(
    "tariff_proposed",
    Text(
        title=_("Approve or refuse the tariff of contribution points, version %(version)s"),
        body=_("Another member than the one who proposed it settles it."),
        verb=_("Open"),
        icon="award",
    ),
)
texts.register(
    "tariff_approved",
    Text(title=_("Your tariff is approved: version %(version)s"), verb=_("Open"), icon="award"),
)
texts.register(
    "tariff_refused",
    Text(
        title=_("Your tariff is refused: version %(version)s"),
        body=_("The reason: %(reason)s"),
        verb=_("Open"),
        icon="award",
    ),
)
texts.register(
    "honours_published",
    Text(
        title=_("Your institution stands in the honours list of %(year)s"),
        body=_("The management committee has published it."),
        verb=_("Open"),
        icon="award",
    ),
)
navigation.add(
    NavigationEntry(
        area="console",
        section="operate",
        key="points",
        label=pgettext_lazy("navigation", "Contribution points"),
        url_name="points_ledger",
        icon="award",
        order=70,
        permission=VIEW_POINTS,
    )
)
navigation.add(
    NavigationEntry(
        area="portal",
        key="points",
        label=pgettext_lazy("navigation", "Contribution points"),
        url_name="portal_points",
        order=48,
        permission=VIEW_OWN_POINTS,
    )
)
demo.loaders.register("operations.points", load_points)


@consumer(PRODUCT_RELEASED, "operations.points_of_release")
@consumer(PRODUCT_RETIRED, "operations.points_of_retirement")
@consumer(CONTRIBUTIONS_CHANGED, "operations.points_of_contributions")
def follow_release(event: Event) -> None:
    """Makers earn points by a release; they go when the product is taken out of use without a successor."""
    product = event.payload["product"]
    follow_record(event.alliance, ContributionAct.PRODUCT_RELEASED, product, at=timezone.now())


@consumer(PILOT_OPENED, "operations.points_of_adaptation")
@consumer(PRODUCT_STATE_CHANGED, "operations.points_of_stage")
def follow_stage(event: Event) -> None:
    """Reviews and the adaptation of a product earn points once it went on; the adaptation's go when it is done anew."""
    for act in (ContributionAct.DRAFT_REVIEWED, ContributionAct.PRODUCT_ADAPTED):
        follow_record(event.alliance, act, event.payload["product"], at=timezone.now())


@consumer(PIECE_PUBLISHED, "operations.points_of_piece")
@consumer(PIECE_WITHDRAWN, "operations.points_of_withdrawn_piece")
def follow_piece_points(event: Event) -> None:
    """A published piece earns its maker points; a withdrawn one takes them back."""
    follow_record(event.alliance, ContributionAct.PIECE_PUBLISHED, event.payload["piece"], at=timezone.now())


@consumer(PILOT_DECIDED, "operations.points_of_pilot")
@consumer(PILOT_REOPENED, "operations.points_of_reopened_pilot")
def follow_answers(event: Event) -> None:
    """Sites that answered earn points once their round is decided; taken up again, it earns nothing until it is."""
    follow_record(event.alliance, ContributionAct.PILOT_ANSWERED, event.payload["product"], at=timezone.now())


@consumer(POINT_ANSWERED, "operations.points_of_feedback")
def follow_feedback(event: Event) -> None:
    """What a site said and the makers did earns the site points, while it counts as done."""
    follow_record(event.alliance, ContributionAct.POINT_DONE, event.payload["product"], at=timezone.now())


@consumer(MILESTONE_REACHED, "operations.points_of_milestone")
@consumer(MILESTONE_REOPENED, "operations.points_of_reopened_milestone")
def follow_milestone(event: Event) -> None:
    """A milestone earns points for whoever led the project when it was reached."""
    follow_record(
        event.alliance,
        ContributionAct.MILESTONE_REACHED,
        str(event.payload["milestone"]),
        at=timezone.now(),
        institution=event.payload.get("lead", ""),
    )


@consumer(WORK_HOURS_CONFIRMED, "operations.points_of_hours")
@consumer(WORK_HOURS_STRUCK, "operations.points_of_struck_hours")
def follow_hours(event: Event) -> None:
    """Confirmed hours earn points; struck out, they take them back."""
    follow_record(event.alliance, ContributionAct.HOURS_WORKED, str(event.payload["hours_id"]), at=timezone.now())


@consumer("operations.session_held", "operations.points_of_session")
def follow_session(event: Event) -> None:
    """A course that was held earns its host points."""
    follow_record(
        event.alliance,
        ContributionAct.SESSION_HELD,
        f"{event.payload['course']}:{event.payload['session']}",
        at=timezone.now(),
        institution=event.payload.get("institution", ""),
    )


@consumer("operations.course_passed", "operations.points_of_course")
@consumer("operations.certificate_revoked", "operations.points_of_revoked_certificate")
def follow_course(event: Event) -> None:
    """Earned credits earn points for the institution; a revoked certificate takes them back."""
    follow_record(event.alliance, ContributionAct.COURSE_PASSED, str(event.payload["enrolment"]), at=timezone.now())


@consumer(TARIFF_SETTLED, "operations.points_of_tariff")
def follow_tariff(event: Event) -> None:
    """Acts before the approval of a first tariff that its first day includes earn their points now."""
    if event.payload["state"] == TariffState.APPROVED:
        settle_ledger(event.alliance, actor=None, at=timezone.now())
