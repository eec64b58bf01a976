"""What several views of the kernel share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alliance.kernel.permissions import grants_of, roles_in_alliance

if TYPE_CHECKING:
    from django.http import HttpRequest

    from alliance.models import Alliance


def tenant_of(request: HttpRequest) -> Alliance:
    """The alliance the request acts in; kernel pages stand under tenant routes only."""
    alliance: Alliance = request.alliance  # type: ignore[attr-defined]
    return alliance


def base_for(request: HttpRequest) -> dict[str, Any]:
    """The frame of a page that office and institutions share: whoever has a role in the alliance works in the console's."""
    console = bool(roles_in_alliance(grants_of(request.user, tenant_of(request))))
    return {"base_template": "console/base.html" if console else "portal/base.html", "in_console": console}


def mark_current(request: HttpRequest, key: str) -> None:
    """Mark the page's place in the navigation."""
    request.nav_key = key  # type: ignore[attr-defined]
