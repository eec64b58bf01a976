"""Pages that stand in the console and in the portal alike: where one is, its addresses, and the record it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404
from django.urls import reverse

from alliance.kernel.permissions import require

if TYPE_CHECKING:
    from collections.abc import Callable

    from alliance.kernel.requests import AllianceRequest

Found = TypeVar("Found")


def enter_place(request: AllianceRequest, area: str, key: str, permission: str) -> dict[str, Any]:
    """Let a reader in, and say where the page stands; the answer belongs into the page's context.

    Args:
        request: The request; its navigation is marked.
        area: ``console`` or ``portal``, as the route says.
        key: Entry of the console's navigation, and tab of the portal's "Our institution".
        permission: Asked in the portal; the console has its own.

    Raises:
        PermissionRefusedError: The reader may not.
    """
    if area == "console":
        require(request.user, "alliance.view_console", request.alliance)
        request.nav_key = key
    else:
        require(request.user, permission, request.alliance)
        request.nav_key, request.tab_key = "institution", key
    return {"area": area, "base": f"{area}/base.html", "prefix": "" if area == "console" else "portal_"}


def place_url(place: dict[str, Any], name: str, **kwargs: Any) -> str:
    """Address of a page in the same area."""
    return reverse(f"{place['prefix']}{name}", kwargs=kwargs)


def found_or_404(get: Callable[[], Found]) -> Found:
    """What a selector finds; 404 where it does not exist or the reader may not know of it."""
    try:
        return get()
    except ObjectDoesNotExist:
        raise Http404 from None
