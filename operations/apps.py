"""The operational layer."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OperationsConfig(AppConfig):
    """Loads what the layer registers with the kernel."""

    name = "operations"
    verbose_name = _("Operations")

    def ready(self) -> None:
        """Import receivers, which register themselves; nothing else."""
        from operations import receivers  # noqa: F401, PLC0415 - registers itself
