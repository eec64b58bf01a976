"""Figures over a large alliance, kept until its content changes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from django.core.cache import cache

if TYPE_CHECKING:
    from alliance.models import Alliance

T = TypeVar("T")
logger = logging.getLogger(__name__)
LARGE = 2_000
"""From so many institutions on counting costs more than remembering."""
SECONDS = 600


def remember(alliance: Alliance, name: str, compute: Callable[[], T], size: Callable[[T], int]) -> T:
    """A figure of the alliance; that of a large one is kept until a commit changes the alliance's content.

    The version of the content was read before the figure, so a figure kept under it is as new as the version or newer.

    Args:
        alliance: The tenant.
        name: What is counted, with everything it depends on (filters, day).
        compute: Counts.
        size: Institutions that were looked at; few are not worth keeping.
    """
    key = f"figure:{alliance.pk}:{alliance.content_version}:{name}"
    try:
        found: T | None = cache.get(key)
    except Exception:  # noqa: BLE001 - without Redis it is simply counted
        return compute()
    if found is None:
        found = compute()
        if size(found) >= LARGE:
            try:
                cache.set(key, found, SECONDS)
            except Exception:
                logger.exception("figure not kept", extra={"figure": name})
    return found
