"""Prometheus metrics of all processes of this machine: requests, tasks, outbox and jobs.

Web processes and workers write counters into files of a shared folder (prometheus_client's multiprocess mode); whichever
process answers ``/metrics`` adds them up. Depths are asked of the database at that moment.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings

_FOLDER = Path(os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(settings.DATA_DIR / "metrics")))
_FOLDER.mkdir(parents=True, exist_ok=True)

from celery.signals import task_postrun, task_prerun  # noqa: E402 - the folder must be known before prometheus_client loads
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest  # noqa: E402
from prometheus_client.core import GaugeMetricFamily  # noqa: E402
from prometheus_client.multiprocess import MultiProcessCollector  # noqa: E402

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
TASK_BUCKETS = (*BUCKETS, 30.0, 60.0, 300.0, 1800.0)

requests_total = Counter(
    "alliance_http_requests_total", "Requests by route, method and status.", ["route", "method", "status"]
)
request_seconds = Histogram("alliance_http_request_seconds", "Time to an answer, by route.", ["route"], buckets=BUCKETS)
tasks_total = Counter("alliance_tasks_total", "Background tasks by name and outcome.", ["task", "state"])
task_seconds = Histogram("alliance_task_seconds", "Time of background tasks.", ["task"], buckets=TASK_BUCKETS)

_begun: dict[str, float] = {}


class MetricsMiddleware:
    """Counts each request under its route, never under its address: addresses name records and are without number."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Keep the next layer."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Measure from here to the finished answer."""
        began = time.perf_counter()
        response = self.get_response(request)
        match = getattr(request, "resolver_match", None)
        route = (match.view_name or match.route) if match else "none"
        method = (
            request.method if request.method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} else "other"
        )
        requests_total.labels(route, method, str(response.status_code)).inc()
        request_seconds.labels(route).observe(time.perf_counter() - began)
        return response


@task_prerun.connect
def _task_begins(task_id: str = "", **_kwargs: Any) -> None:
    _begun[task_id] = time.perf_counter()


@task_postrun.connect
def _task_ended(task_id: str = "", task: Any = None, state: str | None = None, **_kwargs: Any) -> None:
    name = getattr(task, "name", "unknown")
    began = _begun.pop(task_id, None)
    tasks_total.labels(name, state or "unknown").inc()
    if began is not None:
        task_seconds.labels(name).observe(time.perf_counter() - began)


class DepthCollector:
    """Depth of the outbox and jobs by state, alliance by alliance, as row-level security wants it."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Three queries per alliance; nothing when the database does not answer."""
        from django.db import DatabaseError  # noqa: PLC0415 - asked at scrape time only

        from alliance.kernel import tenancy  # noqa: PLC0415 - likewise
        from alliance.models import Alliance  # noqa: PLC0415 - likewise

        outbox = GaugeMetricFamily("alliance_outbox_events", "Owed events.", labels=["alliance", "state"])
        jobs = GaugeMetricFamily("alliance_jobs", "Jobs that wait or run.", labels=["alliance", "state"])
        periodic = GaugeMetricFamily(
            "alliance_periodic_age_seconds", "Time since a periodic job last began.", labels=["task"]
        )
        up = GaugeMetricFamily("alliance_database_up", "Whether the database answered this scrape.")
        try:
            for alliance in Alliance.objects.order_by("pk"):
                with tenancy.acting_in(alliance):
                    self._add(alliance, outbox, jobs)
            self._add_periodic(periodic)
            up.add_metric([], 1)
        except DatabaseError:
            up.add_metric([], 0)
        yield from (outbox, jobs, periodic, up)

    @staticmethod
    def _add(alliance: Any, outbox: GaugeMetricFamily, jobs: GaugeMetricFamily) -> None:
        from django.utils import timezone  # noqa: PLC0415 - asked at scrape time only

        from alliance.selectors.jobs import summarise_backlog  # noqa: PLC0415 - likewise

        backlog = summarise_backlog(alliance, timezone.now())
        outbox.add_metric([alliance.slug, "waiting"], backlog.waiting)
        outbox.add_metric([alliance.slug, "late"], backlog.late)
        outbox.add_metric([alliance.slug, "dead"], backlog.dead)
        jobs.add_metric([alliance.slug, "queued"], backlog.queued)
        jobs.add_metric([alliance.slug, "running"], backlog.running)

    @staticmethod
    def _add_periodic(periodic: GaugeMetricFamily) -> None:
        from django.utils import timezone  # noqa: PLC0415 - asked at scrape time only

        from alliance.models import PeriodicRun  # noqa: PLC0415 - likewise

        now = timezone.now()
        for run in PeriodicRun.objects.all():
            periodic.add_metric([run.name], (now - run.started_at).total_seconds())


def expose() -> bytes:
    """Everything in Prometheus' text format."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    registry.register(DepthCollector())
    return generate_latest(registry)


def drop_dead(folder: Path = _FOLDER) -> int:
    """Delete the files of processes that are gone; Prometheus takes the fall of a counter as a restart. Returns how many."""
    dropped = 0
    for file in folder.glob("*_*.db"):
        pid = file.stem.rpartition("_")[2]
        if pid.isdigit() and not _lives(int(pid)):
            file.unlink(missing_ok=True)
            dropped += 1
    return dropped


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
