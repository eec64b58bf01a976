"""Who may do what with institutions, and the roles people hold through them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from alliance.choices import AllianceRole
from alliance.kernel.permissions import COMMITTEE, SECRETARIAT, Grant, InAlliance, InInstitution, declare
from members.choices import RIGHTS_ENDED, StaffRole
from members.models import InstitutionStaff

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from alliance.models import Alliance, User

OWN_PEOPLE = InInstitution("id", frozenset(), _("people of this institution"))
OWN_REPRESENTATIVE = InInstitution("id", frozenset({StaffRole.REPRESENTATIVE}), _("the representative of this institution"))

VIEW_INSTITUTION = declare(
    "members.view_institution",
    _("see this institution"),
    *SECRETARIAT,
    InAlliance(AllianceRole.AUDITOR),
    *COMMITTEE,
    OWN_PEOPLE,
)
ADD_INSTITUTION = declare("members.add_institution", _("add an institution"), *SECRETARIAT)
CHANGE_INSTITUTION = declare("members.change_institution", _("change an institution's entry"), *SECRETARIAT)
CHANGE_PROFILE = declare(
    "members.change_profile", _("change an institution's short name and contact"), *SECRETARIAT, OWN_REPRESENTATIVE
)
MOVE_INSTITUTION = declare(
    "members.move_institution", _("suspend, readmit or release an institution"), *SECRETARIAT, *COMMITTEE
)
EXPEL_INSTITUTION = declare("members.expel_institution", _("expel an institution"), *COMMITTEE)
CHANGE_SUPPLY = declare("members.change_supply", _("note what an institution supplies"), *SECRETARIAT, OWN_REPRESENTATIVE)
IMPORT_INSTITUTIONS = declare("members.import_institutions", _("import institutions from a table"), *SECRETARIAT)
VIEW_IMPORT = declare(
    "members.view_import", _("see an import of institutions"), *SECRETARIAT, InAlliance(AllianceRole.AUDITOR)
)


def institution_grants(user: User, alliance: Alliance, at: datetime) -> Iterable[Grant]:
    """Roles a person holds in institutions at a moment; none in those that left, were expelled or lapsed. One query."""
    rows = (
        InstitutionStaff.objects.of(alliance)
        .at(at)
        .filter(user=user)
        .exclude(institution__state__in=RIGHTS_ENDED)
        .values_list("role", "institution_id")
    )
    return [Grant("institution", role, institution_id) for role, institution_id in rows]
