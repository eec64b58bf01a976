"""The platform kernel."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AllianceConfig(AppConfig):
    """Tenancy, people, audit, background work and the foundations of pages and API."""

    name = "alliance"
    verbose_name = _("Platform")

    def ready(self) -> None:
        """Load what registers itself."""
        from alliance import checks, navigation, receivers  # noqa: F401, PLC0415 - registers itself
        from alliance.kernel.postgres.content import watch_content  # noqa: PLC0415 - needs the models

        post_migrate.connect(watch_content, sender=self)
