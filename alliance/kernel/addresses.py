"""Absolute addresses for mails, feeds and API answers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.urls import reverse
from django.urls.base import get_script_prefix, set_script_prefix

if TYPE_CHECKING:
    from alliance.models import Alliance


def absolute_url(alliance: Alliance, url_name: str, kwargs: dict[str, Any] | None = None) -> str:
    """The address of a tenant route: on the alliance's own host, else under its path prefix on the platform's."""
    base = os.environ.get("PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
    prefix = "/"
    if alliance.host:
        base = f"{base.partition('://')[0]}://{alliance.host}"
    else:
        prefix = f"/a/{alliance.slug}/"
    before = get_script_prefix()
    set_script_prefix(prefix)
    try:
        return base + reverse(url_name, urlconf=settings.TENANT_URLCONF, kwargs=kwargs or None)
    finally:
        set_script_prefix(before)
