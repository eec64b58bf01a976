"""What an institution still has to do or hand over; upper layers add what they know."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from alliance.kernel.registry import Registry

if TYPE_CHECKING:
    from datetime import datetime

    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance, User
    from members.models import Institution


@dataclass(frozen=True, slots=True)
class Duty:
    """An open duty of an institution.

    Attributes:
        label: What it is, in words of the active language; providers build it anew at each call.
        url_name: Tenant route where it is dealt with.
        url_kwargs: Arguments of the route.
        key: Names the duty across providers and calls, e.g. ``seat:wisdom_group``, ``responsibility:R-01``.
        hand_over: Settles the duty within the exit: gives it to another institution, or ends it when that is None. Called
            inside the exit's transaction, with the leaving institution locked; records its own audit entry and refuses
            with a DomainError. None: it can only be settled on its own page.
        needs_successor: Whether it cannot be ended, only given to another institution.
        cannot_move: Whether it cannot be given to another institution, only ended.
    """

    label: StrOrPromise
    url_name: str = ""
    url_kwargs: dict[str, Any] = field(default_factory=dict)
    key: str = ""
    hand_over: HandOver | None = None
    needs_successor: bool = False
    cannot_move: bool = False


class HandOver(Protocol):
    """Settles one duty of a leaving institution."""

    def __call__(self, to: Institution | None, *, actor: User, at: datetime) -> None:
        """Give the duty to another institution, or end it (None)."""
        ...


DutyProvider = Callable[["Alliance", "Institution", "datetime"], Iterable[Duty]]
duty_providers: Registry[DutyProvider] = Registry("duty provider")
"""Upper layers add the duties they know: seats, pilots, contracts."""


def list_open_duties(alliance: Alliance, institution: Institution, at: datetime) -> list[Duty]:
    """Duties that stand in the way of the institution's exit; a fixed number of queries per provider."""
    return [duty for provider in duty_providers.values() for duty in provider(alliance, institution, at)]
