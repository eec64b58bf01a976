"""Reads of proxies: who votes for whom in a motion or a body, and whether a set of proxies keeps the charter's rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from django.db.models import Q

from groups.choices import MotionState
from groups.models import Motion, Proxy
from groups.selectors.charter import charter_in_force

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from alliance.models import Alliance
    from groups.models import VirtualGroup

MOST_PER_HOLDER = 2
"""Proxies one member may hold where no charter is in force (model charter, article 20)."""

CHAIN = "chain"
TOO_MANY = "too_many"


def proxies_per_holder(alliance: Alliance) -> int:
    """How many proxies one member may hold; one query."""
    charter = charter_in_force(alliance)
    return charter.proxies_per_holder if charter is not None else MOST_PER_HOLDER


def broken_rule(pairs: Iterable[tuple[int, int]], limit: int) -> str:
    """Which rule a set of proxies breaks, or an empty text.

    Args:
        pairs: Giver and holder; every giver at most once.
        limit: Proxies one holder may have.

    Returns:
        ``chain`` where somebody both gives and holds (which excludes loops as well), ``too_many`` over the limit.
    """
    found = list(pairs)
    holders = Counter(holder for _giver, holder in found)
    if any(giver in holders for giver, _holder in found):
        return CHAIN
    return TOO_MANY if any(number > limit for number in holders.values()) else ""


def valid_proxies(alliance: Alliance, at: datetime) -> QuerySet[Proxy]:
    """Proxies neither revoked nor expired at a moment.

    A proxy holds from when it is given. Its start is not compared with the moment: of two people who give one at once, each
    must meet the other's, whichever clock was read first.
    """
    return (
        Proxy.objects.of(alliance)
        .filter(Q(valid_until__isnull=True) | Q(valid_until__gt=at), revoked_at__isnull=True)
        .order_by("id")
    )


def standing_proxies(alliance: Alliance, group: VirtualGroup | None, at: datetime) -> dict[int, Proxy]:
    """Standing proxies of a body by giver; one query."""
    rows = valid_proxies(alliance, at).filter(motion__isnull=True, group=group)
    return {row.giver_id: row for row in rows.select_related("giver", "holder")}


def proxies_for(alliance: Alliance, motion: Motion, at: datetime) -> dict[int, Proxy]:
    """The proxies that hold for a motion, by giver: the one for the motion itself, else the standing one; one query."""
    rows = (
        valid_proxies(alliance, at)
        .filter(Q(motion=motion) | Q(motion__isnull=True, group_id=motion.group_id))
        .select_related("giver", "holder")
    )
    found: dict[int, Proxy] = {}
    for row in rows:
        if row.motion_id is not None or row.giver_id not in found:
            found[row.giver_id] = row
    return found


def pairs_of(proxies: Mapping[int, Proxy]) -> list[tuple[int, int]]:
    """Giver and holder of each."""
    return [(row.giver_id, row.holder_id) for row in proxies.values()]


def open_motions_of(alliance: Alliance, group_id: int | None) -> QuerySet[Motion]:
    """Motions of a body that are open for voting."""
    return Motion.objects.of(alliance).filter(state=MotionState.OPEN, group_id=group_id).order_by("id")


def list_given(alliance: Alliance, institution_id: int, at: datetime) -> QuerySet[Proxy]:
    """Proxies an institution has given that still hold, newest first; one query."""
    return (
        valid_proxies(alliance, at)
        .filter(Q(motion__isnull=True) | Q(motion__state=MotionState.OPEN), giver_id=institution_id)
        .select_related("holder", "motion", "group")
        .order_by("-valid_from", "-id")
    )


def list_held(alliance: Alliance, institution_id: int, at: datetime) -> QuerySet[Proxy]:
    """Proxies an institution holds now, newest first; one query."""
    return (
        valid_proxies(alliance, at)
        .filter(Q(motion__isnull=True) | Q(motion__state=MotionState.OPEN), holder_id=institution_id)
        .select_related("giver", "motion", "group")
        .order_by("-valid_from", "-id")
    )
