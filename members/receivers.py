"""What the element layer adds to the kernel and how it reacts to events."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from alliance.choices import AudienceScope
from alliance.kernel import demo
from alliance.kernel.audiences import resolvers, witnesses
from alliance.kernel.jump import JumpProvider, providers
from alliance.kernel.navigation import NavigationEntry, add
from alliance.kernel.permissions import grant_providers
from members import words  # noqa: F401 - names acts and records for the audit log
from members.actions import (
    institution_import,  # noqa: F401 - registers its jobs
    staff,  # noqa: F401 - registers what invitations and the people page ask for
)
from members.actions.demo import load
from members.actions.demo_experts import load_experts
from members.actions.demo_people import give_staff_role
from members.permissions import VIEW_TALENT, institution_grants
from members.selectors.audiences import InstitutionAudience, find_institutions, list_representatives
from members.selectors.institution import count_institutions

grant_providers.register("members", institution_grants)
demo.loaders.register("members", load)
demo.loaders.register("members.experts", load_experts)
demo.staff_givers.register("members", give_staff_role)
add(
    NavigationEntry(
        area="console",
        section="organise",
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
        order=60,
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
