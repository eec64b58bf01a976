"""Events that matter: owed in the transaction of the act, delivered after it, taken in exactly once.

An action calls :func:`emit`; the relay (``alliance.tasks.relay_outbox``) hands each event to every consumer registered
for its kind. The consumer's effect, the note that it was taken in and the removal of the event are one transaction, so a
process that dies at any point leaves either all of it or none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from alliance.kernel.identifiers import uuid7

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from alliance.models import Alliance


@dataclass(frozen=True, slots=True)
class Event:
    """What a consumer gets."""

    id: UUID
    kind: str
    alliance: Alliance
    payload: dict[str, Any]


Handler = Callable[[Event], None]
_consumers: dict[str, dict[str, Handler]] = {}


def consumer(kind: str, name: str) -> Callable[[Handler], Handler]:
    """Register a function as a consumer of one kind of event.

    The function runs inside the relay's transaction with the tenant set. It must not use the network: a mail or a webhook
    is a row that another task sends.

    Args:
        kind: Kind of event, e.g. ``operations.product_released``.
        name: Stable name of the consumer; the exactly-once note is kept under it.
    """

    def register(handler: Handler) -> Handler:
        _consumers.setdefault(kind, {})[name] = handler
        return handler

    return register


def consumers_of(kind: str) -> dict[str, Handler]:
    """Consumers by name."""
    return dict(_consumers.get(kind, {}))


def emit(alliance: Alliance, kind: str, payload: dict[str, Any], *, at: datetime | None = None) -> UUID:
    """Owe an event; the relay is woken after commit.

    Args:
        alliance: The tenant.
        kind: Kind of event.
        payload: JSON values; ids and codes, no personal data.
        at: Moment from which it may be delivered; now when None.

    Returns:
        The event's id, stable over retries.
    """
    from alliance.models import OutboxEvent  # noqa: PLC0415 - this module loads before the models
    from alliance.tasks import wake_relay  # noqa: PLC0415 - likewise

    event_id = uuid7()
    OutboxEvent.objects.create(id=event_id, alliance=alliance, kind=kind, payload=payload, next_at=at or timezone.now())
    if at is None or at <= timezone.now():
        transaction.on_commit(lambda: wake_relay(alliance.pk))
    return event_id
