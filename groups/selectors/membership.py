"""Motions about an institution's membership, for its page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Q

from groups.models import Motion
from members.transitions import EXPEL, SUSPEND

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance
    from members.models import Application, Institution


def motions_panel(alliance: Alliance, institution: Institution, at: datetime) -> dict[str, Any]:  # noqa: ARG001 - the interface
    """Values of the card "Decisions on membership"; one query. The acts behind its links ask for permission."""
    return {
        "institution": institution,
        "motions": list(
            Motion.objects.of(alliance).filter(Q(matter=f"standing:{institution.code}")).order_by("-created_at", "-id")[:5]
        ),
        "may_suspend": institution.state in SUSPEND.sources,
        "may_expel": institution.state in EXPEL.sources,
    }


def decision_page(application: Application) -> tuple[str, dict[str, str]] | None:
    """Route of the page of the motion that decides an application."""
    if not application.decision_reference:
        return None
    return "motion_detail", {"code": application.decision_reference}
