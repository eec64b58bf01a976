"""Who may do what with groups, and the roles people hold through their institution's seats."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from alliance.choices import AllianceRole
from alliance.kernel.permissions import COMMITTEE, SECRETARIAT, Grant, InAlliance, InInstitution, declare
from groups.models import GroupMembership
from members.choices import InstitutionState, StaffRole

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

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


def group_grants(user: User, alliance: Alliance, at: datetime) -> Iterable[Grant]:
    """Roles a person holds in groups at a moment: the own role in each active institution, for each seat it has then.

    One query.
    """
    rows = (
        GroupMembership.objects.of(alliance)
        .at(at)
        .filter(
            Q(institution__staff__ends_at__isnull=True) | Q(institution__staff__ends_at__gt=at),
            institution__state=InstitutionState.ACTIVE,
            institution__staff__user=user,
            institution__staff__starts_at__lte=at,
        )
        .values_list("role", "institution_id", "group__kind", "institution__staff__role")
    )
    return [Grant("group", role, institution_id, group, person) for role, institution_id, group, person in rows]
