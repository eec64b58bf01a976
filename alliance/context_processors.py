"""What every template may use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from alliance.kernel.navigation import Link, navigation_for

if TYPE_CHECKING:
    from django.http import HttpRequest

THEMES = ("light", "dark")


PORTAL_IN_SIGHT = 7
"""Links of the portal that stand in the bar: as many as fit in one row of 900 px in both languages."""


@dataclass(frozen=True, slots=True)
class PortalNavigation:
    """The portal's links: those in sight, and those behind "More"."""

    links: list[Link]
    more: list[Link]
    more_current: bool

    @classmethod
    def of(cls, links: list[Link]) -> PortalNavigation:
        """Split the links; a single one too many stays in sight, for "More" would take its room."""
        room = len(links) if len(links) <= PORTAL_IN_SIGHT + 1 else PORTAL_IN_SIGHT
        more = links[room:]
        return cls(links[:room], more, any(link.current for link in more))


def interface(request: HttpRequest) -> dict[str, Any]:
    """The alliance, theme, language and navigation (drawn only where a base template uses it)."""
    current = getattr(request, "nav_key", "")
    theme = request.COOKIES.get("theme", "")
    return {
        "alliance": getattr(request, "alliance", None),
        "theme": theme if theme in THEMES else "",
        "is_chinese": (get_language() or "").startswith("zh"),
        "navigation": SimpleLazyObject(lambda: navigation_for(request, "console", current)),
        "portal_navigation": SimpleLazyObject(lambda: PortalNavigation.of(_flat(request, "portal", current))),
        "public_navigation": SimpleLazyObject(lambda: _flat(request, "public", current)),
        "account_navigation": SimpleLazyObject(lambda: account_links(request)),
        "acting_for": SimpleLazyObject(lambda: _acting_for(request)),
        "request_id": getattr(request, "request_id", ""),
    }


def _flat(request: HttpRequest, area: str, current: str) -> list[Link]:
    return [link for section in navigation_for(request, area, current) for link in section.items]


def account_links(request: HttpRequest) -> list[dict[str, Any]]:
    """Links of the account menu."""
    links = [
        {"label": _("Your account"), "url": reverse("account_profile"), "icon": "circle-user-round"},
        {"label": _("Sign-in and second factor"), "url": reverse("mfa_index"), "icon": "key-round"},
        {"label": _("Where you are signed in"), "url": reverse("usersessions_list"), "icon": "monitor-smartphone"},
    ]
    if getattr(request, "alliance", None) is not None:
        links.append({"label": _("Your calendar address"), "url": reverse("calendar_address"), "icon": "calendar-days"})
        links.append({"label": _("Act for another institution"), "url": reverse("choose_institution"), "icon": "building-2"})
    links.append({"label": _("Other alliances"), "url": reverse("choose_alliance"), "icon": "network"})
    return links


def _acting_for(request: HttpRequest) -> str:
    """Name of the institution acted for, on the pages of institutions only; elsewhere the office acts."""
    from alliance.selectors.people import acting_institution_label  # noqa: PLC0415 - loads before the models

    return acting_institution_label(request) if request.path_info.startswith("/portal") else ""
