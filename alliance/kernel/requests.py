"""The type of requests inside an alliance; nothing is made of it at run time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest

if TYPE_CHECKING:
    from alliance.models import Alliance


class AllianceRequest(HttpRequest):
    """A request for which the middleware found an alliance: what every tenant view gets.

    Attributes:
        alliance: The tenant.
        nav_key: Set by the view: the navigation entry to mark as current.
        tab_key: Likewise, for the tab under the navigation entry of the portal.
        user: The person signed in, or the anonymous user.
    """

    alliance: Alliance
    nav_key: str
    tab_key: str
    user: Any
