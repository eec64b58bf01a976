"""What an institution's exit must settle in the groups, with the acts that settle it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from groups.actions.group import hand_over_seat
from groups.actions.meeting_action import hand_over_action
from groups.actions.position import hand_over_position
from groups.models import MeetingAction, Position
from groups.selectors.group import position_duties, seat_duties
from groups.selectors.meeting import action_duties

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance, User
    from members.models import Institution
    from members.selectors.duties import Duty


def list_seat_duties(alliance: Alliance, institution: Institution, at: datetime) -> list[Duty]:
    """Seats; each can be ended or given to another institution that may sit there. One query."""
    return [
        replace(duty, hand_over=partial(hand_over_seat, alliance, duty.url_kwargs["kind"], institution.code))
        for duty in seat_duties(alliance, institution, at)
    ]


def list_position_duties(alliance: Alliance, institution: Institution, at: datetime) -> list[Duty]:
    """Positions; each can be ended or given to another institution of the body. One query."""
    return [
        replace(duty, hand_over=partial(_hand_over_position, alliance, int(duty.key.partition(":")[2])))
        for duty in position_duties(alliance, institution, at)
    ]


def _hand_over_position(alliance: Alliance, pk: int, to: Institution | None, *, actor: User, at: datetime) -> None:
    position = Position.objects.of(alliance).filter(pk=pk).first()
    if position is not None:  # a position that ended with its seat a moment ago is settled
        hand_over_position(position, to, actor=actor, at=at)


def list_action_duties(alliance: Alliance, institution: Institution, at: datetime) -> list[Duty]:
    """Open actions of meetings; each can be dropped or given to another institution. One query."""
    return [
        replace(duty, hand_over=partial(_hand_over_action, alliance, duty.key.partition(":")[2]))
        for duty in action_duties(alliance, institution, at)
    ]


def _hand_over_action(alliance: Alliance, uuid: str, to: Institution | None, *, actor: User, at: datetime) -> None:
    action = MeetingAction.objects.of(alliance).get(uuid=uuid)
    hand_over_action(action, to, actor=actor, at=at)
