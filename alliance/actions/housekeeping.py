"""Removes rows that have outlived their term."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from oauth2_provider.models import get_access_token_model

from alliance.actions.files import drop_orphan_files
from alliance.models import ConsumedEvent, IdempotencyKey, RateCount

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance

CONSUMED_EVENT_LIFE = timedelta(days=30)
RATE_COUNT_LIFE = timedelta(days=2)
"""Twice the longest window of a rate limit."""


def drop_expired(alliance: Alliance, *, at: datetime, idempotency_life: timedelta) -> None:
    """Drop old idempotency keys, access tokens that ran out, and notes of events that can no longer be delivered again."""
    IdempotencyKey.objects.of(alliance).filter(created_at__lt=at - idempotency_life).delete()
    ConsumedEvent.objects.of(alliance).filter(at__lt=at - CONSUMED_EVENT_LIFE).delete()
    get_access_token_model().objects.filter(application__alliance=alliance, expires__lt=at).delete()  # type: ignore[no-untyped-call]
    drop_orphan_files(alliance, at=at)
    RateCount.objects.filter(slot__lt=int((at - RATE_COUNT_LIFE).timestamp())).delete()
