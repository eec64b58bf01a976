"""What the element layer adds to the kernel and how it reacts to events."""

from __future__ import annotations

from datetime import date

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from alliance.choices import AudienceScope
from alliance.kernel import demo
from alliance.kernel.audiences import resolvers, witnesses
from alliance.kernel.events import Event, consumer
from alliance.kernel.jump import JumpProvider, providers
from alliance.kernel.navigation import NavigationEntry, add
from alliance.kernel.permissions import grant_providers
from alliance.kernel.texts import Text, texts
from members import words  # noqa: F401 - names acts and records for the audit log
from members.actions import (
    application,  # noqa: F401 - registers its texts and its purpose of files
    duplicate,  # noqa: F401 - registers its job
    institution_import,  # noqa: F401 - registers its jobs
    staff,  # noqa: F401 - registers what invitations and the people page ask for
)
from members.actions.application_letter import carriers
from members.actions.bulk import message_institution
from members.actions.demo import load
from members.actions.demo_applications import load_applications
from members.actions.demo_duplicates import load_pairs
from members.actions.demo_experts import load_experts
from members.actions.demo_facts import load_facts
from members.actions.demo_people import give_staff_role
from members.actions.demo_resources import load_resources
from members.actions.exit import follow_state
from members.actions.fact import ask_for_confirmation, withdraw_request
from members.forms.institution import AskForm, MessageForm
from members.permissions import LIST_APPLICATIONS, VIEW_RESOURCES, VIEW_TALENT, institution_grants
from members.selectors.application import waiting_applications
from members.selectors.audiences import InstitutionAudience, find_institutions, list_representatives
from members.selectors.bulk import BulkKind, bulk_kinds
from members.selectors.duplicate import list_merges_into
from members.selectors.duties import duty_providers
from members.selectors.exit import standing_panel
from members.selectors.institution import Panel, count_institutions, panels
from members.selectors.resource import booking_duties
from members.signals import INSTITUTION_STATE_CHANGED
from members.tasks import send_application_letter

grant_providers.register("members", institution_grants)
demo.loaders.register("members", load)
demo.loaders.register("members.facts", load_facts)
demo.loaders.register("members.experts", load_experts)
demo.loaders.register("members.applications", load_applications)
demo.loaders.register("members.resources", load_resources)
demo.loaders.register("members.pairs", load_pairs)
demo.staff_givers.register("members", give_staff_role)
add(
    NavigationEntry(
        area="console",
        section="members",
        key="institutions",
        label=_("Institutions"),
        url_name="institution_list",
        icon="building-2",
        order=10,
        permission="alliance.view_console",
        count=count_institutions,
    )
)
add(
    NavigationEntry(
        area="portal",
        key="institution",
        label=_("Our institution"),
        url_name="portal_institution",
        order=10,
    )
)
resolvers.register(AudienceScope.INSTITUTION, InstitutionAudience())
witnesses.register("members", list_representatives)
providers.register("members", JumpProvider(_("Institutions"), find_institutions))

# Experts
add(
    NavigationEntry(
        area="console",
        section="members",
        key="experts",
        label=_("Talent pool"),
        url_name="expert_list",
        icon="users",
        order=30,
        permission="alliance.view_console",
    )
)
add(
    NavigationEntry(
        area="portal:institution",
        key="experts",
        label=_("Experts"),
        url_name="portal_expert_list",
        order=40,
        permission=VIEW_TALENT,
    )
)

# Admission, standing, exit
add(
    NavigationEntry(
        area="console",
        section="members",
        key="applications",
        label=_("Applications"),
        url_name="application_list",
        icon="file-text",
        order=20,
        permission=LIST_APPLICATIONS,
        urgent=waiting_applications,
    )
)
add(
    NavigationEntry(
        area="portal:institution",
        key="membership",
        label=_("Membership"),
        url_name="portal_membership",
        order=90,
    )
)
panels.register("standing", Panel("members/institution_standing.html", standing_panel, order=60))


carriers.register("members", send_application_letter.delay)


@consumer(INSTITUTION_STATE_CHANGED, "members.follow_exit")
def follow_exit(event: Event) -> None:
    """Keep the office's task of an exit in step with the institution's state."""
    payload = event.payload
    follow_state(event.alliance, payload["institution"], payload["before"], payload["after"], at=timezone.now())


# Resources
duty_providers.register("members.bookings", booking_duties)
add(
    NavigationEntry(
        area="console",
        section="members",
        key="resources",
        label=_("Resources"),
        url_name="resource_list",
        icon="flask-conical",
        order=40,
        permission="alliance.view_console",
    )
)
add(
    NavigationEntry(
        area="portal:institution",
        key="resources",
        label=_("Resources"),
        url_name="portal_resource_list",
        order=50,
        permission=VIEW_RESOURCES,
    )
)
texts.register(
    "booking_requested",
    Text(
        title=_("Answer a booking: %(title)s"),
        body=_("An institution asks to use it; the time is kept free until you answer."),
        verb=_("Answer"),
        icon="calendar-days",
    ),
)
texts.register(
    "booking_confirmed",
    Text(title=_("Booking confirmed: %(title)s"), body=_("The time is yours."), verb=_("Open"), icon="check"),
)
texts.register(
    "booking_declined",
    Text(
        title=_("Booking declined: %(title)s"),
        body=_("The owner says why on the resource's page."),
        verb=_("Open"),
        icon="x",
    ),
)

# Institution: tabs of the portal, acts on many
for order, (key, label, url_name) in enumerate(
    (
        ("profile", pgettext_lazy("navigation", "Profile"), "portal_institution"),
        ("facts", pgettext_lazy("navigation", "Facts"), "portal_own_facts"),
        ("elements", pgettext_lazy("navigation", "Elements"), "portal_own_elements"),
        ("people", pgettext_lazy("navigation", "People"), "portal_own_people"),
    )
):
    add(NavigationEntry(area="portal:institution", key=key, label=label, url_name=url_name, order=10 + order))
bulk_kinds.register(
    "ask_for_confirmation",
    BulkKind(
        "ask_for_confirmation",
        _("Ask for confirmation"),
        _("Each institution is asked to confirm the facts of its entry: an inbox item and a mail to its representatives."),
        AskForm,
        lambda alliance, record, params, actor, at: ask_for_confirmation(
            alliance, record.code, actor=actor, at=at, due_on=date.fromisoformat(params["due_on"])
        ),
        lambda alliance, record, _info, actor, at: withdraw_request(alliance, record.code, actor=actor, at=at),
        order=20,
    ),
)
bulk_kinds.register(
    "message",
    BulkKind(
        "message",
        _("Message"),
        _("The representatives of each institution get your message in the platform and by mail. It cannot be called back."),
        MessageForm,
        lambda alliance, record, params, actor, at: message_institution(
            alliance, record.code, subject=params["subject"], words=params["words"], actor=actor, at=at
        ),
        order=30,
    ),
)

# Duplicates
panels.register(
    "merges",
    Panel(
        "members/institution_merges.html",
        lambda _alliance, institution, _at: {"merges": list_merges_into(institution)},
        order=95,
    ),
)
