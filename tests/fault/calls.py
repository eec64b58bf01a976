"""What the forked processes of the fault suite run: the workflow's own task, with a clock that the suite sets."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

PATIENCE = 60.0


def advance(alliance_id: int, moments: Sequence[str]) -> None:
    """Take every step that is due at each moment, one beat after the other."""
    from django.db import close_old_connections

    from operations import tasks

    for moment in moments:
        tasks.moment = lambda text=moment: datetime.fromisoformat(text)  # type: ignore[misc,assignment]
        tasks.advance_pilots(alliance_id)
        close_old_connections()  # as a worker does after each task


def advance_held(alliance_id: int, moments: Sequence[str], point: str, held: str, go: str) -> None:
    """The same; at one named point say so and wait for a word, so that servers can be restarted under the open transaction."""
    from alliance.kernel import faults

    def hold(name: str) -> None:
        if name == point and not Path(held).exists():
            Path(held).touch()
            limit = time.monotonic() + PATIENCE
            while not Path(go).exists() and time.monotonic() < limit:
                time.sleep(0.02)

    faults.point = hold  # type: ignore[assignment]
    advance(alliance_id, moments)


def advance_with_a_wrong_clock(alliance_id: int, days: int) -> None:
    """One beat of a worker whose clock has leapt while the database's goes right."""
    from django.utils import timezone

    from operations import tasks

    class Leapt:
        now = staticmethod(lambda: timezone.now() + timedelta(days=days))

    vars(tasks)["timezone"] = Leapt
    tasks.advance_pilots(alliance_id)


def advance_with_a_job(alliance_id: int, moments: Sequence[str]) -> None:
    """The same for a round that counts as large: the job that sums it up runs in this process, between two beats."""
    from alliance.kernel import jobs, tenancy
    from alliance.models import Job
    from operations.actions import aggregation

    vars(aggregation)["LARGE"] = 0
    jobs.STALE_SECONDS = -1  # a job whose process died counts as lost at once
    for moment in moments:
        advance(alliance_id, [moment])
        with tenancy.acting_in(alliance_id):
            waiting: list[Any] = [job.pk for job in Job.objects.filter(alliance_id=alliance_id) if not job.is_over]
        for number in waiting:
            jobs.run_job(alliance_id, number)
        advance(alliance_id, [moment])
