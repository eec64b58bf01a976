"""Who may do what in evaluation."""

from django.utils.translation import gettext_lazy as _

from alliance.choices import AllianceRole
from alliance.kernel.permissions import COMMITTEE, SECRETARIAT, InAlliance, declare

VIEW_FEEDBACK = declare(
    "evaluation.view_feedback",
    _("see what clients' feedback adds up to"),
    *SECRETARIAT,
    *COMMITTEE,
    InAlliance(AllianceRole.AUDITOR),
)
