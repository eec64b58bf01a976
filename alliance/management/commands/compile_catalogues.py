"""``manage.py compile_catalogues``: writes the binary catalogues that the platform reads."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from alliance.kernel.catalogues import compile_all


class Command(BaseCommand):
    """Compiles every ``locale/*/LC_MESSAGES/*.po``; gettext's programs are not needed."""

    help = "Compiles the message catalogues (.po to .mo)."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        for path in compile_all(settings.BASE_DIR):
            self.stdout.write(str(path.relative_to(settings.BASE_DIR)))
