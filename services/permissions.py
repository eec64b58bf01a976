"""Who may do what in the service layer."""

from django.utils.translation import gettext_lazy as _

from alliance.choices import AllianceRole
from alliance.kernel.permissions import SECRETARIAT, InAlliance, declare

MODERATE_RATING = declare(
    "services.moderate_rating",
    _("decide whether a comment is shown"),
    InAlliance(AllianceRole.EDITOR),
    *SECRETARIAT,
)
