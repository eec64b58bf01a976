"""The organisational layer."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class GroupsConfig(AppConfig):
    """Loads what the layer registers with the kernel."""

    name = "groups"
    verbose_name = _("Groups")

    def ready(self) -> None:
        """Import receivers, which register themselves; nothing else."""
        from groups import receivers  # noqa: F401, PLC0415 - registers itself
