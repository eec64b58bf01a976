"""The pilot workflow under kill -9: a worker dies at every named point; afterwards each effect stands exactly once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from alliance.kernel import tenancy
from alliance.models import Alliance, AuditEntry, InboxItem, Notification, OutboxEvent
from operations.choices import PilotState, ProductState
from operations.models import FeedbackPoint, Pilot, PilotStep, Product
from tests.factories.alliance import make_alliance
from tests.factories.operations import Cast, make_answer, make_cast, make_pilot, make_product
from tests.fault.nursery import CHECKOUT, Nursery, environment_of_a_worker, nursery

pytestmark = [pytest.mark.fault, pytest.mark.django_db(transaction=True)]
PATIENCE = 180.0


@pytest.fixture(scope="module")
def children(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    """Processes that live for one run of the workflow."""
    with nursery(tmp_path_factory.mktemp("nursery") / "log") as started:
        yield started


def run_once(children: Nursery, alliance: Alliance, fault: str = "", marker: Path | None = None) -> int:
    """Advance the alliance's pilots in a process of its own; returns its exit status."""
    return children.run("operations.tasks.advance_pilots", alliance.pk, fault=fault, marker=marker)


@pytest.fixture
def cast() -> Cast:
    alliance = make_alliance("faulty")
    with tenancy.acting_in(alliance):
        return make_cast(alliance)


def failing_round(cast: Cast) -> tuple[Product, Pilot]:
    """A planned round whose start and deadline have both passed, with answers that do not reach the pass marks."""
    now = timezone.now()
    product = make_product(cast, ProductState.PILOTING)
    pilot = make_pilot(
        product,
        cast.firms,
        state=PilotState.PLANNED,
        starts_at=now - timedelta(days=20),
        deadline=now - timedelta(minutes=1),
        minimum_answers=3,
    )
    for place, firm in enumerate(cast.firms):
        make_answer(pilot, firm, [2, 5], major=int(place == 0))
    # Firms that answered on paper are asked no more; one more firm is, so that opening has an effect to lose.
    pilot.participants.filter(institution=cast.firms[2]).update(state="invited")
    return product, pilot


def effects(alliance: Alliance) -> dict[str, Any]:
    """Everything the workflow leaves behind, without keys and moments."""
    with tenancy.acting_in(alliance):
        return {
            "steps": sorted(PilotStep.objects.values_list("key", flat=True)),
            "pilot": list(Pilot.objects.values_list("state", "answers", "mean_score")),
            "product": list(Product.objects.values_list("state", "version")),
            "points": sorted(FeedbackPoint.objects.values_list("key", "state")),
            "inbox": sorted((item.kind, item.done_at is None) for item in InboxItem.objects.all()),
            "told": sorted(Notification.objects.values_list("kind", "user_id")),
            "events": sorted(OutboxEvent.objects.values_list("kind", flat=True)),
            "audit": sorted(AuditEntry.objects.values_list("verb", flat=True)),
        }


EXPECTED_VERBS = ["aggregate_pilot", "close_pilot", "fail_pilot", "improve_product", "open_pilot"]

POINTS = [
    *(
        f"pilot.{step}.{place}"
        for step in ("open", "close", "aggregate", "decide")
        for place in ("begin", "end", "committed")
    ),
    "pilot.open.middle",
    "pilot.aggregate.middle",
    "pilot.decide.middle",
]


@pytest.mark.parametrize("fault", POINTS)
def test_a_worker_that_dies_at_any_point_leaves_each_effect_once(
    children: Nursery, cast: Cast, tmp_path: Path, fault: str
) -> None:
    with tenancy.acting_in(cast.alliance):
        failing_round(cast)
    marker = tmp_path / "died"

    died = run_once(children, cast.alliance, fault, marker)
    again = run_once(children, cast.alliance)
    after = effects(cast.alliance)
    idle = run_once(children, cast.alliance)

    assert (died, again, idle) == (-signal.SIGKILL, 0, 0), "the point was never reached"
    assert marker.exists()
    assert after == effects(cast.alliance), "a further run changed something"
    assert after["steps"] == ["aggregate", "close", "decide", "open"]
    assert after["audit"] == EXPECTED_VERBS
    assert [state for state, _answers, _score in after["pilot"]] == [PilotState.FAILED]
    assert after["product"] == [(ProductState.IMPROVING, 1)]
    assert [key.partition(":")[0] for key in after["tasks"]] == ["criterion", "defect"]
    assert [kind for kind, _user in after["told"]].count("pilot_opened") == 1
    assert after["events"].count("operations.pilot_decided") == 1
    assert after["events"].count("operations.pilot_opened") == 1
    assert after["inbox"] == [("pilot_feedback", False), ("product_improve", True)]


class Worker:
    """A real Celery worker of one process, which dies as a whole."""

    def __init__(self, log: Path, queue: str, fault: str = "", marker: Path | None = None) -> None:
        self.log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "celery",
                    "-A",
                    "alliance",
                    "worker",
                    "--pool=solo",
                    "--without-gossip",
                    "--without-mingle",
                    "--without-heartbeat",
                    f"--queues={queue}",
                    f"--hostname={queue}@localhost",
                ],
                env={**environment_of_a_worker(), "ALLIANCE_FAULT": f"{fault}@{marker}" if fault else ""},
                cwd=CHECKOUT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(15)


def send(alliance: Alliance, queue: str) -> None:
    """Ask as beat does, over the real broker."""
    from celery import Celery

    with Celery(broker=settings.CELERY_BROKER_URL) as sender:
        sender.send_task("operations.advance_pilots", args=[alliance.pk], queue=queue)


@pytest.fixture
def workers() -> Iterator[list[Worker]]:
    started: list[Worker] = []
    yield started
    for worker in started:
        worker.stop()


@pytest.mark.parametrize("fault", ["pilot.decide.middle", "pilot.aggregate.committed"])
def test_a_killed_celery_worker_is_made_good_by_the_next(
    cast: Cast, tmp_path: Path, workers: list[Worker], fault: str
) -> None:
    with tenancy.acting_in(cast.alliance):
        failing_round(cast)
    queue, marker, log = f"fault-{os.getpid()}", tmp_path / "died", tmp_path / "worker.log"

    workers.append(Worker(log, queue, fault, marker))
    send(cast.alliance, queue)
    assert workers[0].process.wait(PATIENCE) == -signal.SIGKILL, log.read_text()
    workers.append(Worker(log, queue))
    for _beat in range(2):  # two beats at once do no harm
        send(cast.alliance, queue)
    limit = time.monotonic() + PATIENCE
    while time.monotonic() < limit and "decide" not in effects(cast.alliance)["steps"]:
        time.sleep(0.2)
    workers[1].stop()

    after = effects(cast.alliance)
    assert after["steps"] == ["aggregate", "close", "decide", "open"], log.read_text()
    assert after["audit"] == EXPECTED_VERBS
    assert after["events"].count("operations.pilot_decided") == 1
