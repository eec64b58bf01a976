"""What the organisational layer adds to the kernel and how it reacts to events."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from alliance.choices import AudienceScope
from alliance.kernel import demo
from alliance.kernel.audiences import resolvers
from alliance.kernel.navigation import NavigationEntry, add
from alliance.kernel.permissions import grant_providers
from groups import words  # noqa: F401 - names acts and records for the audit log
from groups.actions import group  # noqa: F401 - registers its job
from groups.actions.demo import load
from groups.permissions import RULE_CONFLICT, group_grants
from groups.selectors.audiences import GroupAudience
from groups.selectors.group import LIST_EXTENSION, seat_duties, seats_panel
from members.selectors.duties import duty_providers
from members.selectors.institution import Panel, extensions, panels

grant_providers.register("groups", group_grants)
demo.loaders.register("groups", load)
extensions.register("group", LIST_EXTENSION)
panels.register("groups", Panel("groups/institution_seats.html", seats_panel, order=20))
duty_providers.register("groups", seat_duties)
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
