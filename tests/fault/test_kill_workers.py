"""Real workers, killed with SIGKILL at every named step: what people see happened exactly once.

A worker that dies takes its message with it (the queue gives it back after an hour only), so recovery is the work of
beat: the relay finds owed events, ``catch_up`` finds jobs without a sign of life and mails that were never sent.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from email import message_from_bytes
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from alliance.celery import app as celery_app
from alliance.choices import JobState
from alliance.kernel import events, jobs, tenancy
from alliance.kernel.queues import LONG, PROMPT, QUEUES
from alliance.models import Alliance, ConsumedEvent, InboxItem, Job, Notification, OutboxEvent
from alliance.selectors.health import Check, check_readiness
from tests.factories.alliance import make_alliance, make_member
from tests.fault import app as fault_app
from tests.fault.conftest import OUTCOMES

pytestmark = [pytest.mark.fault, pytest.mark.django_db(transaction=True)]

PATIENCE = 180
"""Seconds until what has to happen counts as never happening; a worker takes ten to start on a machine that is busy."""
WORKER = ("worker", "--pool", "solo", "--without-gossip", "--without-mingle", "--without-heartbeat")


def die_with_parent() -> None:
    """Ask the kernel to kill this child when the test run dies; a session of its own keeps Ctrl-C for the test run."""
    os.setsid()
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL)


class Keeper:
    """Keeps one worker and beat alive, as the supervisor does; counts the deaths of the worker."""

    def __init__(self, folder: Path, faults: dict[str, Path], queues: tuple[str, ...] = QUEUES) -> None:
        self.folder = folder
        self._arguments = (*WORKER, "--queues", ",".join(queues), "--hostname", f"{'-'.join(queues)}@%h")
        database = urlsplit(os.environ["DATABASE_OWNER_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
        url = urlunsplit(database)
        self.environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.fault.settings",
            "DATABASE_URL": url,
            "DATABASE_OWNER_URL": url,
            "ALLIANCE_DATA": str(folder),
            "ALLIANCE_FAULT": ";".join(f"{name}@{marker}" for name, marker in faults.items()),
        }
        self.deaths: list[int] = []
        self._over = threading.Event()
        self._worker: subprocess.Popen[bytes] | None = None
        self._beat: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep, daemon=True)

    def __enter__(self) -> Keeper:
        self._beat = self._start("beat", "--schedule", str(self.folder / "beat"), "--pidfile", "")
        self._worker = self._start(*self._arguments)
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()
        for process in (self._worker, self._beat):
            if process is not None:
                process.kill()
                process.wait()

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        log = (self.folder / f"{arguments[0]}.log").open("ab")
        return subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "tests.fault.app", *arguments, "--loglevel", "INFO"],
            env=self.environment,
            stdout=log,
            stderr=log,
            preexec_fn=die_with_parent,
            cwd=settings.BASE_DIR,
        )

    def _keep(self) -> None:
        while not self._over.wait(0.05):
            if self._worker is not None and (code := self._worker.poll()) is not None:
                self.deaths.append(code)
                self._worker = self._start(*self._arguments)
            if self._beat is not None and self._beat.poll() is not None:
                self._beat = self._start("beat", "--schedule", str(self.folder / "beat"), "--pidfile", "")

    def log(self) -> str:
        return (self.folder / "worker.log").read_text(errors="replace")[-4000:]


@pytest.fixture(autouse=True)
def real_queue() -> Iterator[None]:
    """What this process sends goes to the real queue, empty at the start."""
    fault_app.register()
    eager = celery_app.conf.task_always_eager
    celery_app.conf.task_always_eager = False
    celery_app.control.purge()
    yield
    celery_app.control.purge()
    celery_app.conf.task_always_eager = eager


@pytest.fixture
def alliance() -> Alliance:
    return make_alliance("under-test")


def wait_until(condition: Callable[[], bool], keeper: Keeper, what: str) -> float:
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > PATIENCE:
            pytest.fail(f"not within {PATIENCE} s: {what}\n{keeper.log()}")
        time.sleep(0.1)
    return time.monotonic() - began


def in_alliance(alliance: Alliance, question: Callable[[], Any]) -> Any:
    with tenancy.acting_in(alliance):
        return question()


def test_an_event_takes_effect_once_although_its_worker_dies_at_every_step(alliance: Alliance, tmp_path: Path) -> None:
    points = [
        f"relay.{fault_app.KIND}.before_effect",
        f"relay.{fault_app.KIND}.after_effect",
        f"relay.{fault_app.KIND}.before_commit",
        "relay.committed",
    ]
    markers = {name: tmp_path / f"marker{number}" for number, name in enumerate(points)}
    names = ["first", "second", "third"]

    with Keeper(tmp_path, markers) as keeper:
        for name in names:
            with tenancy.acting_in(alliance):
                events.emit(alliance, fault_app.KIND, {"name": name})
        seconds = wait_until(
            lambda: (
                all(marker.exists() for marker in markers.values())
                and not in_alliance(alliance, lambda: OutboxEvent.objects.of(alliance).exists())
            ),
            keeper,
            "every event delivered after every death",
        )
        time.sleep(2)  # time for a second effect to show

    keys = in_alliance(alliance, lambda: sorted(InboxItem.objects.of(alliance).values_list("key", flat=True)))
    assert keeper.deaths == [-signal.SIGKILL] * len(points)
    assert [key.split(":")[1] for key in keys] == sorted(names)
    assert in_alliance(alliance, lambda: ConsumedEvent.objects.of(alliance).count()) == len(names)
    OUTCOMES.extend((name, "killed, started again", "3 events, 3 effects") for name in points)
    OUTCOMES.append(("outbox", f"{len(keeper.deaths)} deaths", f"all delivered after {seconds:.1f} s"))


def test_a_job_finishes_although_its_worker_dies_at_every_step(alliance: Alliance, tmp_path: Path) -> None:
    points = ["job.begun", "test_job.step2", "job.before_end", "job.before_end_commits", "job.after_end"]
    markers = {name: tmp_path / f"marker{number}" for number, name in enumerate(points)}
    person = make_member(alliance)

    with Keeper(tmp_path, markers) as keeper:
        with tenancy.acting_in(alliance):
            job = jobs.start(alliance, fault_app.JOB, actor=person, params={})
        seconds = wait_until(
            lambda: (
                all(marker.exists() for marker in markers.values())
                and in_alliance(alliance, lambda: Job.objects.get(pk=job.pk).is_over)
            ),
            keeper,
            "the job finished after every death",
        )
        time.sleep(2)

    done = in_alliance(alliance, lambda: Job.objects.get(pk=job.pk))
    steps = in_alliance(alliance, lambda: InboxItem.objects.of(alliance).count())
    told = in_alliance(alliance, lambda: Notification.objects.of(alliance).filter(user=person).count())
    assert keeper.deaths == [-signal.SIGKILL] * len(points)
    assert (done.state, done.result, done.error) == (JobState.SUCCEEDED, {"steps": fault_app.STEPS}, "")
    assert steps == fault_app.STEPS
    assert told == 1
    OUTCOMES.extend((name, "killed, started again", "finished once, told once") for name in points)
    OUTCOMES.append(("job", f"{len(keeper.deaths)} deaths", f"finished after {seconds:.1f} s"))


def test_an_event_is_delivered_while_a_job_takes_its_time(alliance: Alliance, tmp_path: Path) -> None:
    prompt, long = tmp_path / "prompt", tmp_path / "long"
    for folder in (prompt, long):
        folder.mkdir()
    gate = tmp_path / "gate"

    def effects() -> list[str]:
        keys = in_alliance(alliance, lambda: list(InboxItem.objects.of(alliance).values_list("key", flat=True)))
        return [key for key in keys if key.startswith("effect:news:")]

    with Keeper(prompt, {}, queues=(PROMPT,)) as keeper:
        wait_until(lambda: worker_check().problem == f"no worker takes from {LONG}", keeper, "the prompt worker answers")
        with Keeper(long, {}, queues=(LONG,)) as second:
            wait_until(lambda: worker_check().ok, second, "both workers answer")
            with tenancy.acting_in(alliance):
                job = jobs.start(alliance, fault_app.WAITING_JOB, actor=None, params={"gate": str(gate)})
            wait_until(
                lambda: in_alliance(alliance, lambda: Job.objects.get(pk=job.pk).state) == JobState.RUNNING,
                second,
                "the job begins",
            )
            with tenancy.acting_in(alliance):
                events.emit(alliance, fault_app.KIND, {"name": "news"})
            wait_until(lambda: effects() != [], keeper, "the event takes effect")

            assert in_alliance(alliance, lambda: Job.objects.get(pk=job.pk).state) == JobState.RUNNING
            gate.touch()
            wait_until(lambda: in_alliance(alliance, lambda: Job.objects.get(pk=job.pk).is_over), second, "the job ends")
    assert len(effects()) == 1


def worker_check() -> Check:
    """What the readiness page says of the workers."""
    return next(check for check in check_readiness(connection, cache) if check.name == "worker")


def test_a_mail_goes_out_at_least_once_and_always_under_one_identifier(alliance: Alliance, tmp_path: Path) -> None:
    from alliance.actions.notifications import notify

    points = ["mail.before_send", "mail.after_send"]
    markers = {name: tmp_path / f"marker{number}" for number, name in enumerate(points)}
    person = make_member(alliance)

    with Keeper(tmp_path, markers) as keeper:
        with tenancy.acting_in(alliance):
            notify(alliance, [person], fault_app.KIND, "k", params={"title_en": "x", "title_zh": "x"}, at=timezone.now())
        seconds = wait_until(
            lambda: (
                all(marker.exists() for marker in markers.values())
                and in_alliance(alliance, lambda: Notification.objects.of(alliance).get().mailed_at is not None)
            ),
            keeper,
            "the mail noted as sent",
        )

    mails = [message_from_bytes(part) for part in split_mails(tmp_path / "mail")]
    assert keeper.deaths == [-signal.SIGKILL] * len(points)
    assert len(mails) == 2  # the one whose note was lost went out again: no mail server could tell us
    assert len({mail["Message-ID"] for mail in mails}) == 1
    OUTCOMES.extend((name, "killed, started again", "sent; copies share the Message-ID") for name in points)
    OUTCOMES.append(("mail", f"{len(keeper.deaths)} deaths", f"noted as sent after {seconds:.1f} s"))


def split_mails(folder: Path) -> list[bytes]:
    parts = []
    for file in folder.glob("*.log"):
        parts += [part.strip() for part in file.read_bytes().split(b"-" * 79) if part.strip()]
    return parts
