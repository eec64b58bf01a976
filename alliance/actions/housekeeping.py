"""Removes rows that have outlived their term."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.core.files.storage import default_storage
from oauth2_provider.models import get_access_token_model

from alliance.models import ConsumedEvent, IdempotencyKey, RateCount, StoredFile

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance

CONSUMED_EVENT_LIFE = timedelta(days=30)
RATE_COUNT_LIFE = timedelta(days=2)
"""Twice the longest window of a rate limit."""
ORPHAN_FILE_LIFE = timedelta(days=1)


def drop_expired(alliance: Alliance, *, at: datetime, idempotency_life: timedelta) -> None:
    """Drop old idempotency keys, access tokens that ran out, and notes of events that can no longer be delivered again."""
    IdempotencyKey.objects.of(alliance).filter(created_at__lt=at - idempotency_life).delete()
    ConsumedEvent.objects.of(alliance).filter(at__lt=at - CONSUMED_EVENT_LIFE).delete()
    get_access_token_model().objects.filter(application__alliance=alliance, expires__lt=at).delete()
    drop_orphan_files(alliance, at=at)


def drop_orphan_files(alliance: Alliance, *, at: datetime) -> int:
    """Delete stored contents whose row was never committed (an upload whose request failed later); returns how many.

    Young ones are left alone: their transaction may still be open.
    """
    folder = str(alliance.pk)
    try:
        _folders, names = default_storage.listdir(folder)
    except FileNotFoundError:
        return 0
    known = {str(found) for found in StoredFile.objects.of(alliance).values_list("uuid", flat=True)}
    dropped = 0
    for name in set(names) - known:
        path = f"{folder}/{name}"
        if default_storage.get_modified_time(path) < at - ORPHAN_FILE_LIFE:
            default_storage.delete(path)
            dropped += 1
    return dropped
    RateCount.objects.filter(slot__lt=int((at - RATE_COUNT_LIFE).timestamp())).delete()
