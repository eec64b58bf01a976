"""What an institution still has to do or hand over; upper layers add what they know."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from alliance.kernel.registry import Registry

if TYPE_CHECKING:
    from datetime import datetime

    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance
    from members.models import Institution


@dataclass(frozen=True, slots=True)
class Duty:
    """An open duty of an institution.

    Attributes:
        label: What it is, in words.
        url_name: Tenant route where it is handed over.
        url_kwargs: Arguments of the route.
    """

    label: StrOrPromise
    url_name: str = ""
    url_kwargs: dict[str, Any] = field(default_factory=dict)


DutyProvider = Callable[["Alliance", "Institution", "datetime"], Iterable[Duty]]
duty_providers: Registry[DutyProvider] = Registry("duty provider")
"""Upper layers add the duties they know: seats, pilots, contracts."""


def list_open_duties(alliance: Alliance, institution: Institution, at: datetime) -> list[Duty]:
    """Duties that stand in the way of the institution's exit; one query per provider."""
    return [duty for provider in duty_providers.values() for duty in provider(alliance, institution, at)]
