"""Removes rows that have outlived their term."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from alliance.models import ConsumedEvent, IdempotencyKey

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance

CONSUMED_EVENT_LIFE = timedelta(days=30)


def drop_expired(alliance: Alliance, *, at: datetime, idempotency_life: timedelta) -> None:
    """Drop old idempotency keys, and notes of events that can no longer be delivered again."""
    IdempotencyKey.objects.of(alliance).filter(created_at__lt=at - idempotency_life).delete()
    ConsumedEvent.objects.of(alliance).filter(at__lt=at - CONSUMED_EVENT_LIFE).delete()
