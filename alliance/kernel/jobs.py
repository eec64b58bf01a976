"""Work of more than a second: a row with progress, a task that can be stopped, die and run again.

A job's function gets a :class:`Progress`. The row is written by short transactions of its own on the same connection,
so that a reader sees the progress of work whose own transaction is still open only when the function commits in steps:
functions call :meth:`Progress.step` between their transactions, never inside one.

While a job runs, a thread with a connection of its own notes every few seconds that the process lives. A running job
without such a note for ``STALE_SECONDS`` has lost its process; ``alliance.revive_jobs`` starts it again from the beginning.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from celery import shared_task
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from alliance.choices import AuditVia, JobState
from alliance.kernel import context, faults, tenancy
from alliance.kernel.errors import DomainError
from alliance.kernel.registry import Registry
from alliance.kernel.texts import Text, texts

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance, Job, User

logger = logging.getLogger(__name__)

STALE_SECONDS = getattr(settings, "JOB_STALE_SECONDS", 45)
"""A running job that gave no sign of life for so long has lost its process."""
BEAT_SECONDS = STALE_SECONDS / 5
UNSTARTED_SECONDS = 2 * STALE_SECONDS
"""A queued job older than this has lost its message to the worker."""


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
    transaction.on_commit(partial(run_job.delay, alliance.pk, job.pk), robust=True)  # revived when the broker is away
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


@contextmanager
def _signs_of_life(alliance_id: int, job_id: int) -> Iterator[None]:
    """Note on the job's row, from a thread, that its process lives; not inside a transaction (tests), where none could see it."""
    if connection.in_atomic_block:
        yield
        return
    over = threading.Event()

    def beat() -> None:
        from alliance.models import Job  # noqa: PLC0415 - loads before the models

        try:
            while not over.wait(BEAT_SECONDS):
                with tenancy.acting_in(alliance_id):
                    Job.objects.filter(pk=job_id).update(beat_at=timezone.now())
        except Exception:
            logger.exception("no sign of life can be given", extra={"job": job_id})
        finally:
            connection.close()

    thread = threading.Thread(target=beat, name=f"job-{job_id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(timeout=30)


def _begin(alliance_id: int, job_id: int) -> tuple[Alliance, Job] | None:
    """Mark the job as running and hand it out; None when it is over, gone, or another process is at it."""
    from alliance.models import Alliance, Job  # noqa: PLC0415 - loads before the models

    now = timezone.now()
    with tenancy.acting_in(alliance_id):
        alliance = Alliance.objects.filter(pk=alliance_id).first()
        job = Job.objects.select_for_update(of=("self",)).select_related("actor").filter(pk=job_id).first()
        if alliance is None or job is None or job.is_over:
            return None
        if job.state == JobState.RUNNING and job.beat_at and job.beat_at > now - timedelta(seconds=STALE_SECONDS):
            return None
        if job.stop_requested:
            job.state, job.finished_at = JobState.STOPPED, now
            job.save(update_fields=["state", "finished_at"])
            return None
        job.state, job.started_at, job.beat_at = JobState.RUNNING, job.started_at or now, now
        job.save(update_fields=["state", "started_at", "beat_at"])
    return alliance, job


def _end(alliance_id: int, job_id: int, outcome: dict[str, Any]) -> None:
    """Store how the job ended and tell the person who asked for it."""
    from alliance.actions.notifications import notify  # noqa: PLC0415 - loads before the models
    from alliance.models import Job  # noqa: PLC0415 - likewise

    with tenancy.acting_in(alliance_id):
        job = Job.objects.select_for_update(of=("self",)).select_related("actor", "alliance").filter(pk=job_id).first()
        if job is None or job.is_over:
            return
        job.state = outcome["state"]
        job.result = {**job.result, **outcome.get("result", {})}
        job.error = outcome.get("error", "")
        job.finished_at = timezone.now()
        if job.state == JobState.SUCCEEDED and job.total:
            job.done = job.total
        job.save(update_fields=["state", "result", "error", "finished_at", "done"])
        faults.point("job.before_end_commits")
        if job.actor is not None and job.state != JobState.STOPPED:
            notify(
                job.alliance,
                [job.actor],
                FINISHED if job.state == JobState.SUCCEEDED else FAILED,
                f"job:{job.uuid}",
                params=title_params(job.kind),
                at=job.finished_at,
                url_name="job_detail",
                url_kwargs={"uuid": str(job.uuid)},
            )


def title_params(kind: str) -> dict[str, str]:
    """A kind's title in both languages, as parameters of a text."""
    if kind not in kinds:
        return {"title_en": kind, "title_zh": kind}
    title = kinds.get(kind).title
    words = {}
    for ending, language in (("en", "en"), ("zh", "zh-hans")):
        with translation.override(language):
            words[f"title_{ending}"] = str(title)
    return words


@shared_task(name="alliance.run_job")
def run_job(alliance_id: int, job_id: int) -> None:
    """Run one job; a job that is over, or that another process is at, is left alone."""
    token = context.current.set(context.ActContext(via=AuditVia.TASK))
    try:
        begun = _begin(alliance_id, job_id)
        if begun is None:
            return
        alliance, job = begun
        faults.point("job.begun")
        outcome: dict[str, Any]
        with _signs_of_life(alliance_id, job_id):
            try:
                result = kinds.get(job.kind).run(alliance, job, Progress(alliance_id, job_id))
                outcome = {"state": JobState.SUCCEEDED, "result": result or {}}
            except StoppedError:
                outcome = {"state": JobState.STOPPED}
            except DomainError as refusal:
                outcome = {"state": JobState.FAILED, "error": str(refusal.reason)}
            except Exception as error:
                logger.exception("job failed", extra={"job": str(job.uuid)})
                outcome = {"state": JobState.FAILED, "error": f"{type(error).__name__}: {error}"[:2000]}
            faults.point("job.before_end")
            _end(alliance_id, job_id, outcome)
            faults.point("job.after_end")
    finally:
        context.current.reset(token)


def revive(alliance: Alliance) -> int:
    """Queue again what lost its process or its message; returns how many jobs."""
    from alliance.models import Job  # noqa: PLC0415 - loads before the models

    now = timezone.now()
    lost = Job.objects.of(alliance).filter(
        Q(state=JobState.RUNNING) & (Q(beat_at__isnull=True) | Q(beat_at__lt=now - timedelta(seconds=STALE_SECONDS)))
        | Q(state=JobState.QUEUED, created_at__lt=now - timedelta(seconds=UNSTARTED_SECONDS))
    )
    ids = list(lost.values_list("pk", flat=True)[:100])
    for job_id in ids:
        transaction.on_commit(partial(run_job.delay, alliance.pk, job_id), robust=True)
    return len(ids)


FINISHED = "alliance.job_finished"
FAILED = "alliance.job_failed"
texts.register(FINISHED, Text(title=_("Finished: %(title)s"), verb=_("See the result"), icon="circle-check", mails=False))
texts.register(
    FAILED,
    Text(
        title=_("Not finished: %(title)s"),
        body=_("The job ended with an error. Its page says why."),
        verb=_("See the error"),
        icon="triangle-alert",
    ),
)
