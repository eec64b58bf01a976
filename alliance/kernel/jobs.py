"""Work of more than a second: a row with progress, a task that can be stopped, die and run again.

A job's function gets a :class:`Progress`. The row is written by short transactions of its own on the same connection,
so that a reader sees the progress of work whose own transaction is still open only when the function commits in steps:
functions call :meth:`Progress.step` between their transactions, never inside one.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from alliance.choices import AuditVia, JobState
from alliance.kernel import context, tenancy
from alliance.kernel.errors import DomainError
from alliance.kernel.registry import Registry

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance, Job, User

logger = logging.getLogger(__name__)


class StoppedError(Exception):
    """A person asked the job to stop; raised by :meth:`Progress.step` between two steps."""


@dataclass(slots=True)
class Progress:
    """How a job's function tells how far it is."""

    alliance_id: int
    job_id: int

    def step(self, name: str, done: int, total: int) -> None:
        """Note the step (a key of the kind's ``steps``), items done and items in all; call outside a transaction.

        Raises:
            StoppedError: A person asked the job to stop.
        """
        from alliance.models import Job  # noqa: PLC0415 - loads before the models

        with tenancy.acting_in(self.alliance_id):
            Job.objects.filter(pk=self.job_id).update(step=name, done=done, total=total, beat_at=timezone.now())
            stop = Job.objects.filter(pk=self.job_id).values_list("stop_requested", flat=True).first()
        if stop:
            raise StoppedError

    def keep(self, **result: Any) -> None:
        """Merge values into the job's result; call outside a transaction."""
        from alliance.models import Job  # noqa: PLC0415 - loads before the models

        with tenancy.acting_in(self.alliance_id):
            job = Job.objects.select_for_update().get(pk=self.job_id)
            job.result = {**job.result, **result}
            job.save(update_fields=["result"])


JobFunction = Callable[["Alliance", "Job", Progress], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class JobKind:
    """A kind of job.

    Attributes:
        name: Key, e.g. ``members.import_institutions``.
        title: What it does, as the reader sees it.
        run: The work. It opens its own transactions with ``tenancy.acting_in`` and returns the result. It must be safe
            to run again from the start after a death.
        steps: Names of its steps by key.
        url_name: Tenant route that shows the result; gets ``uuid``.
    """

    name: str
    title: StrOrPromise
    run: JobFunction
    steps: dict[str, StrOrPromise]
    url_name: str = "job_detail"


kinds: Registry[JobKind] = Registry("job kind")


def start(alliance: Alliance, kind: str, *, actor: User | None, params: dict[str, Any]) -> Job:
    """Queue a job; the worker is told after commit.

    Args:
        alliance: The tenant.
        kind: Registered kind.
        actor: Who asked for it.
        params: JSON values for the function, in ``job.params``.
    """
    from alliance.models import Job  # noqa: PLC0415 - loads before the models

    kinds.get(kind)
    job = Job.objects.create(alliance=alliance, uuid=uuid.uuid4(), kind=kind, actor=actor, params=params)
    transaction.on_commit(partial(run_job.delay, alliance.pk, job.pk))
    return job


def ask_to_stop(alliance: Alliance, job_uuid: uuid.UUID) -> Job:
    """Ask a job to stop at its next step; a job that has not begun stops at once."""
    from alliance.models import Job  # noqa: PLC0415 - loads before the models

    job = Job.objects.of(alliance).select_for_update().get(uuid=job_uuid)
    if job.state == JobState.QUEUED:
        job.state, job.finished_at = JobState.STOPPED, timezone.now()
    job.stop_requested = True
    job.save(update_fields=["state", "finished_at", "stop_requested"])
    return job


@shared_task(name="alliance.run_job")
def run_job(alliance_id: int, job_id: int) -> None:
    """Run one job; a job that is over already is left alone."""
    from alliance.models import Alliance, Job  # noqa: PLC0415 - loads before the models

    token = context.current.set(context.ActContext(via=AuditVia.TASK))
    try:
        with tenancy.acting_in(alliance_id):
            alliance = Alliance.objects.filter(pk=alliance_id).first()
            job = Job.objects.select_for_update().filter(pk=job_id).first()
            if alliance is None or job is None or job.is_over:
                return
            job.state, job.started_at = JobState.RUNNING, job.started_at or timezone.now()
            job.save(update_fields=["state", "started_at"])
        outcome: dict[str, Any] = {}
        try:
            result = kinds.get(job.kind).run(alliance, job, Progress(alliance_id, job_id))
            outcome = {"state": JobState.SUCCEEDED, "result": result}
        except StoppedError:
            outcome = {"state": JobState.STOPPED}
        except DomainError as refusal:
            outcome = {"state": JobState.FAILED, "error": str(refusal.reason)}
        except Exception as error:
            logger.exception("job failed", extra={"job": str(job.uuid)})
            outcome = {"state": JobState.FAILED, "error": f"{type(error).__name__}: {error}"[:2000]}
        with tenancy.acting_in(alliance_id):
            fresh = Job.objects.select_for_update().filter(pk=job_id).first()
            if fresh is None or fresh.is_over:
                return
            fresh.state = outcome["state"]
            fresh.result = {**fresh.result, **outcome.get("result", {})}
            fresh.error = outcome.get("error", "")
            fresh.finished_at = timezone.now()
            fresh.save(update_fields=["state", "result", "error", "finished_at"])
    finally:
        context.current.reset(token)
