"""Background jobs and periodic runs, for the people who watch them (S35)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q
from django.urls import NoReverseMatch, reverse

from alliance.choices import JobState
from alliance.kernel.jobs import kinds
from alliance.kernel.permissions import can
from alliance.models import Job, OutboxEvent, PeriodicRun

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet
    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance

VIEW = "alliance.view_operations"
ORDER = ("-created_at", "-id")


def list_jobs(alliance: Alliance, reader: Any, *, state: str = "", kind: str = "") -> QuerySet[Job]:
    """Jobs a person may see: all for the office and its auditor, own ones for others."""
    jobs = Job.objects.of(alliance).select_related("actor")
    if not can(reader, VIEW, alliance):
        jobs = jobs.filter(actor=reader.pk)
    if state:
        jobs = jobs.filter(state=state)
    if kind:
        jobs = jobs.filter(kind=kind)
    return jobs


def get_job(alliance: Alliance, reader: Any, uuid: UUID) -> Job | None:
    """One job this person may see; one query beside the person's roles."""
    return list_jobs(alliance, reader).filter(uuid=uuid).first()


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job in words."""

    job: Job
    title: StrOrPromise
    step: StrOrPromise
    result_url: str
    url: str


def describe_job(job: Job) -> JobRow:
    """The job's title, its present step and where its result is; no query."""
    url = reverse("job_detail", kwargs={"uuid": job.uuid})
    if job.kind not in kinds:
        return JobRow(job, job.kind, job.step, "", url)
    kind = kinds.get(job.kind)
    result_url = ""
    if kind.url_name != "job_detail":
        try:
            result_url = reverse(kind.url_name, kwargs={"uuid": job.params.get("subject", job.uuid)})
        except NoReverseMatch:
            result_url = ""
    return JobRow(job, kind.title, kind.steps.get(job.step, job.step), result_url, url)


@dataclass(frozen=True, slots=True)
class PeriodicRow:
    """A periodic job and how its last run went.

    Attributes:
        name: Full task name.
        every_seconds: Its period; None when it is no longer planned.
        run: Last run; None when it never ran.
        is_late: More than three periods have passed without a run.
        overdue: How long ago it should have run, or None.
    """

    name: str
    every_seconds: float | None
    run: PeriodicRun | None
    is_late: bool


def list_periodic(at: datetime) -> list[PeriodicRow]:
    """Every planned periodic job with its last run, and runs of jobs no longer planned; one query."""
    from alliance.celery import app  # noqa: PLC0415 - the Celery application loads the tasks

    runs = {run.name: run for run in PeriodicRun.objects.all()}
    rows = []
    for plan in app.conf.beat_schedule.values():
        name, every = plan["task"], float(plan["schedule"])
        run = runs.pop(name, None)
        late = run is None or run.started_at < at - timedelta(seconds=3 * every + 5)
        rows.append(PeriodicRow(name, every, run, late))
    rows += [PeriodicRow(name, None, run, is_late=False) for name, run in runs.items()]
    return sorted(rows, key=lambda row: row.name)


@dataclass(frozen=True, slots=True)
class Backlog:
    """How much background work one alliance has."""

    waiting: int
    late: int
    dead: int
    queued: int
    running: int
    failed: int


def summarise_backlog(alliance: Alliance, at: datetime) -> Backlog:
    """Owed events and jobs by state; two queries."""
    events = OutboxEvent.objects.of(alliance).aggregate(
        waiting=Count("pk", filter=Q(dead_at__isnull=True)),
        late=Count("pk", filter=Q(dead_at__isnull=True, next_at__lt=at - timedelta(minutes=1))),
        dead=Count("pk", filter=Q(dead_at__isnull=False)),
    )
    states = Job.objects.of(alliance).aggregate(
        queued=Count("pk", filter=Q(state=JobState.QUEUED)),
        running=Count("pk", filter=Q(state=JobState.RUNNING)),
        failed=Count("pk", filter=Q(state=JobState.FAILED, finished_at__gt=at - timedelta(days=7))),
    )
    return Backlog(**events, **states)


def list_dead_events(alliance: Alliance, limit: int = 100) -> list[OutboxEvent]:
    """Events that were set aside after ten tries, newest first; one query."""
    return list(OutboxEvent.objects.of(alliance).filter(dead_at__isnull=False).order_by("-dead_at", "-id")[:limit])
