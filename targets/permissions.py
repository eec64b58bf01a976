"""Who may do what with objectives."""

from django.utils.translation import gettext_lazy as _

from alliance.choices import AllianceRole
from alliance.kernel.permissions import COMMITTEE, SECRETARIAT, InAlliance, InInstitution, declare
from members.choices import StaffRole

VIEW_OBJECTIVE = declare(
    "targets.view_objective",
    _("see the objectives"),
    *SECRETARIAT,
    *COMMITTEE,
    InAlliance(AllianceRole.AUDITOR),
)
SET_OBJECTIVE = declare("targets.set_objective", _("set an objective"), *SECRETARIAT, *COMMITTEE)
REPORT_MEASUREMENT = declare(
    "targets.report_measurement",
    _("report a value for this objective"),
    *SECRETARIAT,
    InInstitution(
        "owner_id", frozenset({StaffRole.REPRESENTATIVE}), _("the representative of the institution that owns the objective")
    ),
)
