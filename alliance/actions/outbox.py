"""Delivers owed events, each effect once."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from alliance.kernel import faults
from alliance.kernel.events import Event, consumers_of
from alliance.models import Alliance, ConsumedEvent, OutboxEvent

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 10
RETRY_SECONDS = (5, 15, 60, 300, 900, 1800, 3600, 7200, 14400, 28800)


def deliver_next(alliance: Alliance) -> bool:
    """Deliver the oldest due event that no other relay holds.

    Runs inside the caller's transaction (a tenant task's); on a consumer's error only its own savepoint is undone, the
    attempt is counted and the event waits longer. After ten tries it is set aside as dead, to be retried by hand.

    Returns:
        Whether there was one.
    """
    event = (
        OutboxEvent.objects.of(alliance)
        .select_for_update(skip_locked=True)
        .filter(dead_at__isnull=True, next_at__lte=timezone.now())
        .order_by("next_at", "id")
        .first()
    )
    if event is None:
        return False
    try:
        with transaction.atomic():
            for name, handler in consumers_of(event.kind).items():
                _, first = ConsumedEvent.objects.get_or_create(alliance=alliance, consumer=name, event_id=event.pk)
                if first:
                    faults.point(f"relay.{event.kind}.before_effect")
                    handler(Event(event.pk, event.kind, alliance, event.payload))
                    faults.point(f"relay.{event.kind}.after_effect")
    except Exception as error:
        logger.exception("event failed", extra={"event_kind": event.kind, "event_id": str(event.pk)})
        event.attempts += 1
        event.last_error = f"{type(error).__name__}: {error}"[:2000]
        if event.attempts >= MAX_ATTEMPTS:
            event.dead_at = timezone.now()
        else:
            event.next_at = timezone.now() + timedelta(seconds=RETRY_SECONDS[event.attempts - 1])
        event.save(update_fields=["attempts", "last_error", "dead_at", "next_at"])
    else:
        event.delete()
    return True


def retry_dead(alliance: Alliance) -> int:
    """Put events that were set aside back in the queue; returns how many."""
    return (
        OutboxEvent.objects.of(alliance)
        .filter(dead_at__isnull=False)
        .update(dead_at=None, attempts=0, next_at=timezone.now())
    )
