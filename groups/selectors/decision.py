"""The register of decisions and what became of them (P8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Q

from groups.choices import DECIDED_MOTIONS
from groups.models import MeetingAction, Minutes, Motion
from groups.selectors.motion import list_public_decisions, told

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

    from alliance.models import Alliance


@dataclass(frozen=True, slots=True)
class Decision:
    """A decided motion and what became of it.

    Attributes:
        motion: The motion.
        result: What may be told of its result.
        actions: Actions that follow from it.
        minutes: Published minutes of a meeting that decided it, for the public; the newest version.
    """

    motion: Motion
    result: dict[str, Any]
    actions: list[MeetingAction]
    minutes: Minutes | None = None

    @property
    def has_totals(self) -> bool:
        """Whether votes are told by count."""
        return "yes" in self.result

    @property
    def open_actions(self) -> int:
        """How many of its actions are open."""
        return sum(action.state == "open" for action in self.actions)


def list_decided(alliance: Alliance, *, group: str = "") -> QuerySet[Motion]:
    """Every decided motion for the office's register; order it by ``-closed_at``, ``-id``. One query."""
    found = Motion.objects.of(alliance).filter(state__in=DECIDED_MOTIONS).select_related("group", "proposer")
    if group == "assembly":
        return found.filter(group__isnull=True)
    return found.filter(group__kind=group) if group else found


def list_public(alliance: Alliance, *, group: str = "") -> QuerySet[Motion]:
    """Decided motions of the public register; one query."""
    found = list_public_decisions(alliance)
    if group == "assembly":
        return found.filter(group__isnull=True)
    return found.filter(group__kind=group) if group else found


def with_actions(alliance: Alliance, motions: Iterable[Motion], *, public_only: bool) -> list[Decision]:
    """Decisions with their actions; one query."""
    rows = list(motions)
    found: dict[int, list[MeetingAction]] = {}
    actions = (
        MeetingAction.objects.of(alliance)
        .filter(motion__in=rows)
        .select_related("institution", "meeting")
        .order_by("due_on", "id")
    )
    if public_only:
        actions = actions.filter(is_public=True)
    for action in actions:
        if action.motion_id is not None:
            found.setdefault(action.motion_id, []).append(action)
    return [Decision(motion, told(motion), found.get(motion.pk, [])) for motion in rows]


def get_public_decision(alliance: Alliance, code: str) -> Decision | None:
    """One decision of the public register with its actions and published minutes; three queries."""
    if "\x00" in code:
        return None
    motion = list_public_decisions(alliance).filter(code=code).first()
    if motion is None:
        return None
    decision = with_actions(alliance, [motion], public_only=True)[0]
    minutes = (
        Minutes.objects.of(alliance)
        .filter(Q(meeting__agenda__motion=motion), published_at__isnull=False)
        .select_related("meeting")
        .order_by("-version")
        .first()
    )
    return Decision(motion, decision.result, decision.actions, minutes)
