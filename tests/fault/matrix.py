"""Every fault at every step of the pilot workflow, against servers of its own, compared with an undisturbed run.

``python -m tests.fault.matrix`` starts PostgreSQL and Valkey in a new folder, runs each round of :data:`SCENES` once undisturbed
and once per fault and step, prints the table of outcomes and ends with 1 when one differs. ``--write FILE`` also writes the
table into a document. ``./check -m fault`` runs it (``tests/fault/test_pilot_workflow.py``).

Faults: ``kill -9`` of the worker at the beginning, in the middle, at the end and right after the commit of the step; PostgreSQL killed
in the middle of the step; Valkey killed in the middle of the step; beat killed when the step is due; a worker's clock that leaps, and
all clocks set back after the step. Compared are steps taken, states, version, points, inbox, notices, events and audit entries.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from alliance.embedded.session import install_signal_handlers

if TYPE_CHECKING:
    from tests.fault.nursery import Nursery

CHECKOUT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0
ORIGIN: Final = datetime(2026, 1, 5, 4, 0, tzinfo=UTC)
"""Moment from which the rounds count their days; it lies in the past, and each process is told the time."""
HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Scene:
    """One round and the days on which a beat looks at it.

    Attributes:
        name: In the table.
        scores: Score given on each criterion by the first firm.
        days: Days after the origin, in order.
        closes_itself: As in the plan.
        baseline: Whether every accepted firm has measured before the trial.
        steps: Steps of the workflow that the round shows, by the number of the day.
        function: What a worker runs.
    """

    name: str
    scores: Sequence[int]
    days: Sequence[float]
    steps: Mapping[str, int]
    closes_itself: bool = True
    baseline: bool = True
    function: str = "tests.fault.calls.advance"

    @property
    def moments(self) -> list[str]:
        """The moments of its beats."""
        return [(ORIGIN + timedelta(days=day)).isoformat() for day in self.days]


# Invitations are due on day 10 and the round begins on day 14; it ends on day 24, or five days later when it is extended.
SCENES: Final = (
    Scene(
        "fails",
        (2, 5),
        (8.1, 11.1, 14.1, 22.1, 23.1, 24.1, 27.2, 28.2, 29.2),
        {
            "remind_sites": 0,
            "escalate_sites": 1,
            "open": 2,
            "remind": 3,
            "escalate": 4,
            "extend": 5,
            "close": 8,
            "aggregate": 8,
            "decide": 8,
            "raise": 8,
        },
    ),
    Scene("passes", (5, 5), (14.1, 29.2, 29.3), {"propose": 1}),
    Scene("office closes", (4, 4), (14.1, 24.1, 25.1), {"overdue": 1, "escalate_late": 2}, closes_itself=False),
    Scene("waits", (4, 4), (14.1, 15.1), {"wait": 0, "escalate_baseline": 1}, baseline=False),
    Scene(
        "large",
        (5, 5),
        (14.1, 29.2, 29.3),
        {"hand_on": 1, "aggregate": 1},
        function="tests.fault.calls.advance_with_a_job",
    ),
)
INSIDE: Final = frozenset({"raise", "propose"})
"""Parts of the step ``decide``: their commit is that step's."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One line of the table."""

    step: str
    scene: str
    fault: str
    outcome: str
    same: bool


SIDE_BY_SIDE: Final = 3
"""Processes at work at a time."""


@dataclass(frozen=True, slots=True)
class Call:
    """Something for a process of its own; see :class:`tests.fault.nursery.Nursery`."""

    function: str
    arguments: tuple[Any, ...]
    fault: str = ""
    marker: Path | None = None


# ------------------------------------------------------------------------------------------------------------- the stage


class Stage:
    """Own servers, a nursery of workers, and what the rounds leave behind."""

    children: Nursery
    environment: dict[str, str]

    def __init__(self, folder: Path) -> None:
        from alliance.embedded.services import EmbeddedServices

        self.folder = folder
        self.services = EmbeddedServices(folder / "data", test=True, kind="test", environment={})
        self.cells: list[Cell] = []
        self.expected: dict[str, dict[str, Any]] = {}
        self._count = 0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Servers up, schema made, program loaded."""
        self.services.start()
        try:
            for name in [key for key in os.environ if key.startswith(("DATABASE_", "REDIS_", "PYTEST_", "ALLIANCE_"))]:
                del os.environ[name]
            os.environ.update(self.services.environment())
            os.environ["DJANGO_SETTINGS_MODULE"] = "tests.fault.settings"
            os.environ["ALLIANCE_DB_ROLE"] = "owner"
            subprocess.run(
                [sys.executable, "manage.py", "migrate", "--no-input", "--verbosity", "0"],
                cwd=CHECKOUT,
                check=True,
                stdin=subprocess.DEVNULL,
            )
            # Made quickly; from here on it is as durable as where it serves.
            self.services.postgres.stop()
            self.services.postgres.test = False
            self.services.postgres.start()
            import django

            django.setup()
            from tests.fault.nursery import nursery

            self.environment = {**os.environ, "ALLIANCE_DB_ROLE": "app", "ALLIANCE_FAULT": ""}
            self.log = self.folder / "children.log"
            with nursery(self.log, self.environment) as self.children:
                yield
        finally:
            self.services.stop()

    def fresh(self) -> Path:
        """A path that nothing lies at."""
        self._count += 1
        return self.folder / f"file-{self._count}"

    def make_round(self, scene: Scene) -> int:
        """A planned round in an alliance of its own; returns the alliance's id."""
        from alliance.kernel import tenancy
        from groups.choices import GroupKind, SeatRole
        from operations.choices import ParticipantState, PilotState, ProductState
        from tests.factories.alliance import make_alliance
        from tests.factories.operations import (
            give_baseline,
            give_reading,
            make_answer,
            make_cast,
            make_institution,
            make_pilot,
            make_product,
            make_seat,
            make_staff,
        )

        self._count += 1
        alliance = make_alliance(f"stage-{self._count}")
        with tenancy.acting_in(alliance):
            cast = make_cast(alliance)
            convenor = make_institution(alliance, "leading_enterprise")
            make_seat(alliance, convenor, GroupKind.LEADING_ENTERPRISE, SeatRole.CONVENOR)
            make_staff(alliance, convenor)
            pilot = make_pilot(
                make_product(cast, ProductState.PILOTING),
                cast.firms,
                state=PilotState.PLANNED,
                accept_by=ORIGIN + timedelta(days=10),
                starts_at=ORIGIN + timedelta(days=14),
                deadline=ORIGIN + timedelta(days=24),
                remind_days_before=2,
                escalate_days=1,
                extension_days=5,
                minimum_answers=1 if scene.name == "passes" or scene.name == "large" else 2,
                closes_itself=scene.closes_itself,
            )
            # The first firm answered on paper, the second tries it and is silent, the third never answers the invitation.
            pilot.participants.filter(institution=cast.firms[2]).update(state=ParticipantState.INVITED)
            if scene.baseline:
                give_baseline(pilot)
            give_reading(pilot, cast.firms[0], 90, phase="after")
            make_answer(pilot, cast.firms[0], scene.scores)
        return alliance.pk

    def effects(self, alliance_id: int, *, with_events: bool = True) -> dict[str, Any]:
        """Everything the workflow leaves behind, without names and moments."""
        from django.db import connections

        from alliance.kernel import tenancy
        from alliance.models import AuditEntry, InboxItem, Notification, OutboxEvent
        from operations.models import FeedbackPoint, Pilot, PilotPlanVersion, PilotStep, Product

        with tenancy.acting_in(alliance_id):
            found = {
                "steps": sorted(PilotStep.objects.filter(alliance_id=alliance_id).values_list("key", flat=True)),
                "rounds": list(Pilot.objects.filter(alliance_id=alliance_id).values_list("state", "answers", "extensions")),
                "products": list(Product.objects.filter(alliance_id=alliance_id).values_list("state", "version")),
                "plans": PilotPlanVersion.objects.filter(alliance_id=alliance_id).count(),
                "points": sorted(FeedbackPoint.objects.filter(alliance_id=alliance_id).values_list("source", flat=True)),
                "inbox": sorted(
                    (item.kind, item.done_at is None) for item in InboxItem.objects.filter(alliance_id=alliance_id)
                ),
                "told": sorted(
                    Counter(Notification.objects.filter(alliance_id=alliance_id).values_list("kind", flat=True)).items()
                ),
                "audit": sorted(AuditEntry.objects.filter(alliance_id=alliance_id).values_list("verb", flat=True)),
            }
            if with_events:
                found["events"] = sorted(OutboxEvent.objects.filter(alliance_id=alliance_id).values_list("kind", flat=True))
        connections.close_all()
        return json.loads(json.dumps(found))  # type: ignore[no-any-return]

    def run_all(self, calls: Sequence[Call]) -> list[int]:
        """Run calls in processes of their own, a few side by side; returns their exit codes in order."""
        codes: list[int] = []
        begun: list[int] = []
        for call in calls:
            if len(begun) - len(codes) >= SIDE_BY_SIDE:
                codes.append(self.children.wait(begun[len(codes)]))
            begun.append(self.children.begin(call.function, *call.arguments, fault=call.fault, marker=call.marker))
        while len(codes) < len(begun):
            codes.append(self.children.wait(begun[len(codes)]))
        return codes

    def finish(self, rounds: Sequence[tuple[Scene, int, int]]) -> None:
        """Let every beat from a given one on look at each round, and the last once more: then nothing may be left to do."""
        self.run_all(
            [Call(scene.function, (number, [*scene.moments[place:], scene.moments[-1]])) for scene, number, place in rounds]
        )

    def note(self, step: str, scene: Scene, fault: str, alliance_id: int, *, hit: bool, with_events: bool = True) -> None:
        """Compare with the undisturbed run and add a line."""
        found, wanted = self.effects(alliance_id, with_events=with_events), dict(self.expected[scene.name])
        if not with_events:
            wanted.pop("events")
        differing = [name for name in wanted if found[name] != wanted[name]]
        outcome = "each effect once" if not differing else f"differs: {', '.join(differing)}"
        if not hit:
            outcome = "the fault never struck"
        self.cells.append(Cell(step, scene.name, fault, outcome, hit and not differing))
        if differing:
            for name in differing:
                print(f"{step} {fault} {name}: {found[name]} != {wanted[name]}", file=sys.stderr)  # noqa: T201


# ------------------------------------------------------------------------------------------------------------ the faults


def undisturbed(stage: Stage) -> None:
    """What each round leaves behind when nothing happens to it."""
    rounds = [(scene, stage.make_round(scene), 0) for scene in SCENES]
    stage.finish(rounds)
    for scene, alliance_id, _place in rounds:
        stage.expected[scene.name] = stage.effects(alliance_id)
        taken = {key.partition(":")[0] for key in stage.expected[scene.name]["steps"]}
        missing = set(scene.steps) - taken - INSIDE
        assert not missing, f"the scene {scene.name!r} shows no {missing}; it took {taken}"


def kill_workers(stage: Stage) -> None:
    """SIGKILL at each place of each step; the next beat starts anew."""
    cells: list[tuple[str, str, Scene, int, Path]] = []
    for scene in SCENES:
        for step in scene.steps:
            for place in ("begin", "middle", "end", *(() if step in INSIDE else ("committed",))):
                cells.append((step, place, scene, stage.make_round(scene), stage.fresh()))
    died = stage.run_all(
        [
            Call(scene.function, (number, scene.moments[: scene.steps[step] + 1]), f"pilot.{step}.{place}", marker)
            for step, place, scene, number, marker in cells
        ]
    )
    stage.finish([(scene, number, scene.steps[step]) for step, _place, scene, number, _marker in cells])
    for code, (step, place, scene, number, marker) in zip(died, cells, strict=True):
        hit = code == -signal.SIGKILL and marker.exists()
        stage.note(step, scene, f"kill -9 of the worker, {place}", number, hit=hit)


def restart_server(stage: Stage, fault: str, restart: Callable[[], None]) -> None:
    """Every step stands in its middle, transactions open, when the server dies and comes back."""
    go = stage.fresh()
    waiting: list[tuple[str, Scene, int, Path, int]] = []
    for scene in SCENES:
        if scene.function != "tests.fault.calls.advance":
            continue
        for step, place in scene.steps.items():
            alliance_id, held = stage.make_round(scene), stage.fresh()
            child = stage.children.begin(
                "tests.fault.calls.advance_held",
                alliance_id,
                scene.moments[: place + 1],
                f"pilot.{step}.middle",
                str(held),
                str(go),
            )
            waiting.append((step, scene, alliance_id, held, child))
    limit = time.monotonic() + PATIENCE
    while not all(held.exists() for *_rest, held, _child in waiting) and time.monotonic() < limit:
        time.sleep(0.05)
    from django.db import connections

    connections.close_all()
    restart()
    go.touch()
    for *_rest, child in waiting:
        stage.children.wait(child)
    stage.finish([(scene, alliance_id, scene.steps[step]) for step, scene, alliance_id, *_rest in waiting])
    for step, scene, alliance_id, held, _child in waiting:
        stage.note(step, scene, fault, alliance_id, hit=held.exists())


def restart_postgres(stage: Stage) -> None:
    """The database server is killed with SIGKILL, with all its processes, and started again."""
    from alliance.embedded import processes

    def restart() -> None:
        server = stage.services.postgres
        assert server.process is not None
        processes.kill_session(server.process)
        server.process = None
        server.start()

    restart_server(stage, "kill -9 of PostgreSQL, middle", restart)


def restart_valkey(stage: Stage) -> None:
    """The broker and cache is killed with SIGKILL and started again, empty."""

    def restart() -> None:
        server = stage.services.valkey
        assert server.process is not None
        server.process.kill()
        server.process.wait()
        server.process = None
        server.start()

    restart_server(stage, "kill -9 of Valkey, middle", restart)


def change_clocks(stage: Stage) -> None:
    """A worker whose clock leaps takes nothing; clocks that are set back after a step do it no second time."""
    places = [(scene, step, place) for scene in SCENES for step, place in scene.steps.items()]
    leapt = [stage.make_round(scene) for scene, _step, _place in places]
    early = [Call(scene.function, (n, scene.moments[:place])) for n, (scene, _s, place) in zip(leapt, places, strict=True)]
    stage.run_all(early)
    before = [stage.effects(number) for number in leapt]
    for days in (4000, -4000):
        stage.run_all([Call("tests.fault.calls.advance_with_a_wrong_clock", (number, days)) for number in leapt])
    untouched = [stage.effects(number) == then for number, then in zip(leapt, before, strict=True)]
    stage.finish([(scene, number, place) for number, (scene, _step, place) in zip(leapt, places, strict=True)])
    for number, hit, (scene, step, _place) in zip(leapt, untouched, places, strict=True):
        stage.note(step, scene, "worker's clock leaps 4,000 days", number, hit=hit)

    back = [stage.make_round(scene) for scene, _step, _place in places]
    calls = []
    for number, (scene, _step, place) in zip(back, places, strict=True):
        here = scene.moments[place]
        past = [(datetime.fromisoformat(here) - timedelta(days=days)).isoformat() for days in (1, 300)]
        calls.append(Call(scene.function, (number, [*scene.moments[: place + 1], *past, here])))
    stage.run_all(calls)
    stage.finish([(scene, number, place) for number, (scene, _step, place) in zip(back, places, strict=True)])
    for number, (scene, step, _place) in zip(back, places, strict=True):
        stage.note(step, scene, "all clocks set back after it", number, hit=True)


class Celery:
    """A real worker and a real beat."""

    def __init__(self, stage: Stage, clocks: Path) -> None:
        self.stage = stage
        self.environment = {**stage.environment, "FAULT_CLOCKS": str(clocks)}

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        log = (self.stage.folder / f"{arguments[0]}.log").open("ab")
        return subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "tests.fault.stage_app", *arguments, "--loglevel", "INFO"],
            env=self.environment,
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )

    def worker(self) -> subprocess.Popen[bytes]:
        return self.start("worker", "--pool", "solo", "--without-gossip", "--without-mingle", "--without-heartbeat")

    def beat(self) -> subprocess.Popen[bytes]:
        return self.start("beat", "--schedule", str(self.stage.fresh()), "--pidfile", "")


def kill_beat(stage: Stage) -> None:
    """Beat dies just before each step is due and the queue is lost: a worker waits in vain, the next beat makes it good."""
    clocks = stage.fresh()
    clocks.write_text("{}", encoding="utf-8")
    cells: list[tuple[str, Scene, int, str]] = []
    for scene in SCENES:
        if scene.function != "tests.fault.calls.advance":
            continue
        for step, place in scene.steps.items():
            cells.append((step, scene, stage.make_round(scene), scene.moments[place]))
    stage.run_all(
        [Call(scene.function, (number, scene.moments[: scene.steps[step]])) for step, scene, number, _moment in cells]
    )
    celery = Celery(stage, clocks)
    worker, beat = celery.worker(), celery.beat()
    try:
        _wait_for_beats(stage, 2)
        for process in (beat, worker):  # the worker too: what it has fetched is lost with the queue
            process.kill()
            process.wait()
        server = stage.services.valkey
        server.stop()
        server.start()
        worker = celery.worker()
        clocks.write_text(json.dumps({str(number): moment for _s, _c, number, moment in cells}), encoding="utf-8")
        time.sleep(2)
        quiet = [stage.effects(number, with_events=False)["steps"] for _s, _c, number, _m in cells]
        beat = celery.beat()
        limit = time.monotonic() + PATIENCE
        while time.monotonic() < limit:
            if worker.poll() is not None:
                worker = celery.worker()  # as the supervisor would
            now = [stage.effects(number, with_events=False)["steps"] for _s, _c, number, _m in cells]
            if all(_shows(steps, step) for steps, (step, *_rest) in zip(now, cells, strict=True)):
                break
            time.sleep(0.5)
    finally:
        for process in (beat, worker):
            process.kill()
            process.wait()
    stage.finish([(scene, number, scene.steps[step]) for step, scene, number, _moment in cells])
    for (step, scene, alliance_id, _moment), steps in zip(cells, quiet, strict=True):
        hit = not _shows(steps, step)
        stage.note(step, scene, "kill -9 of beat, queue lost", alliance_id, hit=hit, with_events=False)


def _shows(steps: Sequence[str], step: str) -> bool:
    wanted = "decide" if step in INSIDE else step
    return any(key.partition(":")[0] == wanted for key in steps)


def _wait_for_beats(stage: Stage, number: int) -> None:
    from django.db import connections

    from alliance.models import PeriodicRun

    limit = time.monotonic() + PATIENCE
    while time.monotonic() < limit:
        run = PeriodicRun.objects.filter(name="operations.advance_all_pilots").first()
        connections.close_all()
        if run is not None and run.runs >= number:
            return
        time.sleep(0.2)
    tail = (stage.folder / "worker.log").read_text(encoding="utf-8", errors="replace")[-3000:]
    message = f"beat and worker did nothing within {PATIENCE:.0f} s:\n{tail}"
    raise AssertionError(message)


# ------------------------------------------------------------------------------------------------------------- the table

FAULTS: Final = (undisturbed, kill_workers, restart_postgres, restart_valkey, change_clocks, kill_beat)
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"


def table(cells: Sequence[Cell], seconds: float) -> str:
    """The outcomes as a table: one line per step, one column per fault, and a line of sums."""
    faults = list(dict.fromkeys(cell.fault for cell in cells))
    rows = list(dict.fromkeys((cell.step, cell.scene) for cell in cells))
    by_place = {(cell.step, cell.scene, cell.fault): cell for cell in cells}
    lines = [f"| step | round | {' | '.join(faults)} |", f"|---|---|{'---|' * len(faults)}"]
    for step, scene in rows:
        words = []
        for fault in faults:
            cell = by_place.get((step, scene, fault))
            words.append("–" if cell is None else ("once" if cell.same else f"**{cell.outcome}**"))
        lines.append(f"| {step} | {scene} | {' | '.join(words)} |")
    same = sum(cell.same for cell in cells)
    lines.append("")
    lines.append(f"{same} of {len(cells)} disturbed runs ended exactly as the undisturbed one ({seconds:.0f} s).")
    return "\n".join(lines)


def write_document(path: Path, text: str) -> None:
    """Put the table between its marks in a document."""
    document = path.read_text(encoding="utf-8")
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    path.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run everything; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.fault.matrix", description=__doc__)
    parser.add_argument("--write", type=Path, metavar="FILE", help="document to put the table into")
    parser.add_argument(
        "--only", action="append", metavar="FAULT", help=f"one of {', '.join(f.__name__ for f in FAULTS[1:])}"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="file for the outcomes, for the tests")
    options = parser.parse_args(arguments)
    install_signal_handlers()  # what was started is stopped also when this is ended early
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="alliance-faults-") as folder:
        stage = Stage(Path(folder))
        with stage.running():
            for fault in FAULTS:
                if options.only and fault is not undisturbed and fault.__name__ not in options.only:
                    continue
                started = time.monotonic()
                fault(stage)
                print(f"{fault.__name__}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)  # noqa: T201
        from alliance.embedded.pytest_plugin import remove_instance

        remove_instance(stage.services.folder)
    text = table(stage.cells, time.monotonic() - began)
    print(text)  # noqa: T201 - a command's answer
    if options.json:
        rows = [[cell.step, cell.scene, cell.fault, cell.outcome, cell.same] for cell in stage.cells]
        options.json.write_text(json.dumps(rows), encoding="utf-8")
    if options.write:
        write_document(options.write, text)
    return 0 if stage.cells and all(cell.same for cell in stage.cells) else 1


if __name__ == "__main__":
    raise SystemExit(main())
