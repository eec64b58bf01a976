"""The target layer."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TargetsConfig(AppConfig):
    """Loads what the layer registers with the kernel."""

    name = "targets"
    verbose_name = _("Targets")

    def ready(self) -> None:
        """Import receivers, which register themselves; nothing else."""
        from targets import receivers  # noqa: F401, PLC0415 - registers itself
