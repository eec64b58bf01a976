"""The Celery application of fault tests: the product's own, with a consumer, a job and quick beats to watch."""

from __future__ import annotations

import time
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

from celery.signals import worker_init
from django.db import connection
from django.utils import timezone

from alliance.celery import app
from alliance.kernel import tenancy

KIND = "tests.fault"
JOB = "tests.fault_job"
WAITING_JOB = "tests.fault_waiting_job"
STEPS = 4

app.conf.beat_schedule = {
    **{name: {**plan, "schedule": 3600.0} for name, plan in app.conf.beat_schedule.items()},
    "relay outboxes": {"task": "alliance.relay_all_outboxes", "schedule": 1.0},
    "catch up": {"task": "alliance.catch_up", "schedule": 1.0},
}


def note(alliance: Any, name: str) -> None:
    """Leave a row that no unique rule joins with another: an effect that happens twice is two rows."""
    from alliance.models import InboxItem

    InboxItem.objects.create(
        alliance=alliance,
        kind="tests.fault",
        key=f"{name}:{uuid.uuid4()}",
        scope="alliance",
        url_name="inbox",
        created_at=timezone.now(),
    )


def register() -> None:
    """Register what the tests watch; once per process."""
    from alliance.actions import notifications
    from alliance.kernel import events, faults, jobs
    from alliance.kernel.texts import Text, texts

    if KIND in texts:
        return
    texts.register(KIND, Text(title="Fault %(title)s", mails=True))
    notifications.LATE_AFTER = timedelta(seconds=1)
    notifications.CLAIM_SECONDS = 2

    @events.consumer(KIND, "watcher")
    def watch(event: events.Event) -> None:
        note(event.alliance, f"effect:{event.payload['name']}")

    def run(alliance: Any, job: Any, progress: jobs.Progress) -> dict[str, Any]:
        """Four steps; each leaves its row once, however often the job begins anew."""
        from alliance.models import InboxItem

        for step in range(STEPS):
            progress.step("work", step, STEPS)
            faults.point(f"test_job.step{step}")
            with tenancy.acting_in(alliance):
                if not InboxItem.objects.of(alliance).filter(key__startswith=f"step{step}:{job.uuid}:").exists():
                    note(alliance, f"step{step}:{job.uuid}")
            time.sleep(0.1)
        return {"steps": STEPS}

    def wait(_alliance: Any, job: Any, progress: jobs.Progress) -> dict[str, Any]:
        """A job that lasts until the test makes a file."""
        while not Path(job.params["gate"]).exists():
            progress.step("work", 0, 1)
            time.sleep(0.1)
        return {}

    jobs.kinds.register(WAITING_JOB, jobs.JobKind(WAITING_JOB, "Waiting job", wait, {"work": "work"}))
    jobs.kinds.register(JOB, jobs.JobKind(JOB, "Fault job", run, {"work": "work"}))


@worker_init.connect
def _prepare(**_kwargs: Any) -> None:
    register()
    connection.close()
