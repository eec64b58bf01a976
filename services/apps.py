"""The service layer."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ServicesConfig(AppConfig):
    """Loads what the layer registers with the kernel."""

    name = "services"
    verbose_name = _("Services")

    def ready(self) -> None:
        """Import receivers, which register themselves; nothing else."""
        from services import receivers  # noqa: F401, PLC0415 - registers itself
