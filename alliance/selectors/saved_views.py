"""Reads of saved views."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Q

from alliance.models import SavedView

if TYPE_CHECKING:
    from alliance.models import Alliance


def list_views(alliance: Alliance, page: str, user: Any) -> list[SavedView]:
    """A person's own views of a page and those shared with the office, by name; one query."""
    return list(
        SavedView.objects.of(alliance)
        .filter(Q(user=user) | Q(is_shared=True), page=page)
        .select_related("user")
        .order_by("name", "id")[:200]
    )
