"""Delivers owed events, each effect once."""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from alliance.actions.audit import record_audit
from alliance.kernel import faults
from alliance.kernel.events import Event, consumers_of
from alliance.kernel.permissions import require
from alliance.models import Alliance, ConsumedEvent, OutboxEvent

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from alliance.models import User

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 10
RETRY_SECONDS = (5, 15, 60, 300, 900, 1800, 3600, 7200, 14400, 28800)


def deliver_next(alliance: Alliance) -> UUID | None:
    """Deliver the oldest due event that no other relay holds.

    Runs inside the caller's transaction (a tenant task's). Each consumer has a savepoint of its own: one that fails undoes
    nothing of the others and does not hold them up. The attempt is counted and the event waits longer, for those that
    failed. After ten tries it is set aside as dead, to be retried by hand.

    Returns:
        The event's id; None when there was none.
    """
    event = (
        OutboxEvent.objects.of(alliance)
        .select_for_update(skip_locked=True)
        .filter(dead_at__isnull=True, next_at__lte=timezone.now())
        .order_by("next_at", "id")
        .first()
    )
    if event is None:
        return None
    event_id = event.pk
    failures: list[str] = []
    for name, handler in consumers_of(event.kind).items():
        try:
            with transaction.atomic():
                _, first = ConsumedEvent.objects.get_or_create(alliance=alliance, consumer=name, event_id=event.pk)
                if first:
                    faults.point(f"relay.{event.kind}.before_effect")
                    handler(Event(event.pk, event.kind, alliance, event.payload))
                    faults.point(f"relay.{event.kind}.after_effect")
        except Exception as error:
            extra = {"event_kind": event.kind, "event_id": str(event.pk), "consumer": name}
            logger.exception("event failed", extra=extra)
            failures.append(f"{name}: {type(error).__name__}: {error}")
    if failures:
        _put_off(event, "\n".join(failures))
    else:
        event.delete()
        faults.point(f"relay.{event.kind}.before_commit")
    return event_id


def put_off(alliance: Alliance, event_id: UUID, problem: str) -> None:
    """Let an event wait whose delivery the database refused at the commit, where no savepoint could tell whose fault it was.

    Without this it would stay the oldest and hold up every later one.
    """
    event = OutboxEvent.objects.of(alliance).select_for_update().filter(pk=event_id).first()
    if event is not None:
        _put_off(event, problem)


def _put_off(event: OutboxEvent, problem: str) -> None:
    """Count the attempt; the event waits longer each time, at last until somebody tries it again by hand."""
    event.attempts += 1
    event.last_error = problem[:2000]
    if event.attempts >= MAX_ATTEMPTS:
        event.dead_at = timezone.now()
    else:
        event.next_at = timezone.now() + timedelta(seconds=RETRY_SECONDS[event.attempts - 1])
    event.save(update_fields=["attempts", "last_error", "dead_at", "next_at"])


RETRY_EVENTS = "alliance.run_job"


@transaction.atomic
def retry_dead(alliance: Alliance, *, actor: User, at: datetime, event_ids: Iterable[UUID] | None = None) -> int:
    """Put events that were set aside back in the queue: those named, or all; returns how many.

    Raises:
        PermissionRefusedError: The actor may not start background work.
    """
    require(actor, RETRY_EVENTS, alliance)
    dead = OutboxEvent.objects.of(alliance).filter(dead_at__isnull=False)
    if event_ids is not None:
        dead = dead.filter(pk__in=list(event_ids))
    events = list(dead.select_for_update())
    for event in events:
        event.dead_at, event.attempts, event.next_at = None, 0, at
        event.save(update_fields=["dead_at", "attempts", "next_at"])
        record_audit(event, actor=actor, verb="retry_event", after={"kind": event.kind}, at=at)
    if events:
        from alliance.tasks import wake_relay  # noqa: PLC0415 - tasks import actions

        transaction.on_commit(partial(wake_relay, alliance.pk), robust=True)
    return len(events)
