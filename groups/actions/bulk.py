"""Gives many institutions a seat in a group at once, and takes the seats back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from alliance.kernel.errors import DomainError
from groups.actions.group import join_group, leave_group
from groups.models import GroupMembership

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance, User
    from members.models import Institution


def give_seat(
    alliance: Alliance, institution: Institution, params: dict[str, Any], actor: User, at: datetime
) -> dict[str, Any]:
    """Give one institution of a selection a seat from now on; who may not sit there is refused by itself.

    Returns:
        Which seat it was, for :func:`take_seat_back`.
    """
    seat = join_group(alliance, params["group"], institution.code, role=params["role"], starts_at=at, actor=actor, at=at)
    return {"seat": seat.pk}


@transaction.atomic
def take_seat_back(alliance: Alliance, institution: Institution, info: Any, actor: User, at: datetime) -> None:
    """End a seat that an act on many gave a few minutes ago; it stays in the history with its short period.

    Raises:
        DomainError: The seat has been ended or given another role since.
    """
    seat = (
        GroupMembership.objects.of(alliance)
        .select_for_update(of=("self",))
        .select_related("group", "institution")
        .filter(pk=info["seat"], institution=institution)
        .first()
    )
    if seat is None or seat.ends_at is not None:
        raise DomainError(_("This seat was changed since."), code="seat_changed")
    leave_group(alliance, seat.group.kind, institution.code, actor=actor, at=at)
