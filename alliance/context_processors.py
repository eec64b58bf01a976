"""What every template may use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language

from alliance.kernel.navigation import navigation_for

if TYPE_CHECKING:
    from django.http import HttpRequest

THEMES = ("light", "dark")


def interface(request: HttpRequest) -> dict[str, Any]:
    """The alliance, theme, language and navigation (drawn only where a base template uses it)."""
    current = getattr(request, "nav_key", "")
    theme = request.COOKIES.get("theme", "")
    return {
        "alliance": getattr(request, "alliance", None),
        "theme": theme if theme in THEMES else "",
        "is_chinese": (get_language() or "").startswith("zh"),
        "navigation": SimpleLazyObject(lambda: navigation_for(request, "console", current)),
        "portal_navigation": SimpleLazyObject(lambda: _flat(request, "portal", current)),
        "public_navigation": SimpleLazyObject(lambda: _flat(request, "public", current)),
        "request_id": getattr(request, "request_id", ""),
    }


def _flat(request: HttpRequest, area: str, current: str) -> list[Any]:
    return [link for section in navigation_for(request, area, current) for link in section.items]
