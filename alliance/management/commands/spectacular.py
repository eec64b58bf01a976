"""Writes the API document; the API's routes live in the tenants' URL configuration, not in the root one."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from drf_spectacular.management.commands.spectacular import Command as SpectacularCommand


class Command(SpectacularCommand):  # type: ignore[misc]
    """drf-spectacular's command over the tenants' routes, in English."""

    def handle(self, *args: Any, **options: Any) -> None:
        options["urlconf"] = options["urlconf"] or settings.TENANT_URLCONF
        options["lang"] = options["lang"] or "en"
        super().handle(*args, **options)  # type: ignore[no-untyped-call]
