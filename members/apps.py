"""The element layer."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MembersConfig(AppConfig):
    """Loads what the layer registers with the kernel."""

    name = "members"
    verbose_name = _("Members")

    def ready(self) -> None:
        """Import receivers, which register themselves; nothing else."""
        from members import receivers  # noqa: F401, PLC0415 - registers itself
