"""The whole platform as a person starts it: comes up, stays up, goes down, and survives SIGKILL."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
import pytest

from alliance.embedded import EmbeddedServices
from alliance.embedded.folders import DataFolder
from alliance.embedded.pytest_plugin import remove_instance
from alliance.embedded.supervisor import readable
from tests.embedded.conftest import CHECKOUT, untouched_environment

pytestmark = pytest.mark.fault
START_SECONDS = 450
"""From nothing to READY, migrations included, on a machine that does other work besides."""
CHILDREN = {
    "web": "gunicorn",
    "worker": "celery -A alliance worker --queues celery",
    "long-worker": "celery -A alliance worker --queues long",
    "beat": "celery -A alliance beat",
}


class Platform:
    """One ``manage.py up`` in a process of its own."""

    def __init__(self, folder: Path, *more: str, ignore_interrupt: bool = False) -> None:
        self.folder = folder
        self.log = folder.with_suffix(".log")
        command = [sys.executable, str(CHECKOUT / "manage.py"), "up", "--port", "0", "--no-demo", "--no-browser"]
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [*command, "--workers", "1", "--data", str(folder), *more],
                env=untouched_environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # A shell's background job starts like this.
                preexec_fn=(lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)) if ignore_interrupt else None,
            )

    @property
    def output(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def wait_until_ready(self) -> str:
        wait(lambda: "READY" in self.output or self.process.poll() is not None, START_SECONDS, lambda: self.output)
        found = re.search(r"^READY (http://127\.0\.0\.1:\d+/)$", self.output, re.MULTILINE)
        assert found, self.output
        return found[1]

    def family(self) -> dict[int, str]:
        """Ids and command lines of everything that descends from the supervisor."""
        parents, commands = {}, {}
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                stat = (entry / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
                commands[int(entry.name)] = (entry / "cmdline").read_text(errors="replace").replace("\0", " ")
            except OSError:
                continue
            if stat[0] not in {"Z", "X"}:
                parents[int(entry.name)] = int(stat[1])
        found = {self.process.pid}
        while more := {pid for pid, parent in parents.items() if parent in found} - found:
            found |= more
        return {pid: commands[pid] for pid in found - {self.process.pid}}

    def child(self, words: str) -> int:
        """The direct child whose command line holds the words."""
        direct = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        family = self.family()
        (pid,) = [int(pid) for pid in direct if words in family.get(int(pid), "")]
        return pid

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)


@pytest.fixture(scope="module")
def folder(scratch: Path) -> Iterator[Path]:
    """One data folder for the module, so that migrations run once."""
    path = scratch / "platform"
    yield path
    remove_instance(DataFolder(path))


@pytest.fixture
def start(folder: Path) -> Iterator[Callable[..., Platform]]:
    started: list[Platform] = []

    def run(*more: str, ignore_interrupt: bool = False) -> Platform:
        started.append(Platform(folder, *more, ignore_interrupt=ignore_interrupt))
        return started[-1]

    yield run
    for platform in started:
        platform.end()


def test_killing_the_supervisor_leaves_no_process_and_the_next_start_has_the_data(start: Callable[..., Platform]) -> None:
    platform = start()
    platform.wait_until_ready()
    wait(lambda: all(any(words in line for line in platform.family().values()) for words in CHILDREN.values()))
    _execute(platform.folder, "app_owner", "CREATE TABLE IF NOT EXISTS survivor (id int); INSERT INTO survivor VALUES (7)")
    family = platform.family()
    assert len(family) >= 7, family  # database, cache, web and its process, worker and its processes, beat

    platform.process.kill()
    platform.process.wait()

    wait(lambda: not [pid for pid, line in family.items() if _still_there(pid, line)], 20)
    again = start()
    url = again.wait_until_ready()
    with urllib.request.urlopen(url, timeout=30) as answer:
        assert answer.status == 200
    assert _execute(platform.folder, "app_rw", "SELECT id FROM survivor") == (7,)


def test_a_start_right_after_a_kill_waits_for_the_dying_servers(start: Callable[..., Platform]) -> None:
    platform = start()
    platform.wait_until_ready()

    platform.process.kill()
    again = start()

    again.wait_until_ready()
    assert _execute(platform.folder, "app_rw", "SELECT 1") == (1,)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_stop_everything_in_reverse_order(start: Callable[..., Platform], number: signal.Signals) -> None:
    platform = start(ignore_interrupt=True)
    platform.wait_until_ready()
    family = platform.family()

    platform.process.send_signal(number)

    assert platform.process.wait(60) == 0
    assert re.findall(r"^  (\w+) stopped$", platform.output, re.MULTILINE) == ["beat", "worker", "web", "cache", "database"]
    assert not [line for pid, line in family.items() if _still_there(pid, line)]
    assert "database system is shut down" in (platform.folder / "logs" / "postgres.log").read_text()


def test_a_signal_during_the_start_stops_it(start: Callable[..., Platform]) -> None:
    platform = start()
    wait(lambda: "database" in platform.output)

    platform.process.terminate()

    assert platform.process.wait(60) == 0
    assert "READY" not in platform.output
    assert not EmbeddedServices(platform.folder, environment={}).is_served()


def test_a_second_platform_on_the_same_folder_is_refused_and_the_first_goes_on(start: Callable[..., Platform]) -> None:
    platform = start()
    url = platform.wait_until_ready()

    second = _up("--port", "0", "--data", str(platform.folder))

    assert second.returncode == 1
    assert f"in use by a running platform (process {platform.process.pid})" in second.stdout
    assert url in second.stdout
    with urllib.request.urlopen(url + "healthz", timeout=30) as answer:
        assert answer.status == 200


def test_commands_use_the_running_platform(start: Callable[..., Platform]) -> None:
    platform = start()
    url = platform.wait_until_ready()
    question = (
        "from django.db import connection as c; k = c.cursor(); k.execute('SELECT pg_backend_pid()'); "
        "import os; print(k.fetchone()[0], os.environ['PUBLIC_URL'])"
    )

    answer = subprocess.run(
        [sys.executable, str(CHECKOUT / "manage.py"), "shell", "--no-imports", "-c", question],
        env={**untouched_environment(), "ALLIANCE_DATA": str(platform.folder)},
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )

    backend, address = answer.stdout.split()
    assert backend.isdigit()
    assert address == url, "links that a command prints or mails lead to the port that was taken"
    served = Path(f"/proc/{platform.child(CHILDREN['web'])}/environ").read_bytes().split(b"\0")
    assert f"PUBLIC_URL={url}".encode() in served
    assert platform.process.poll() is None
    assert platform.child("postgres")


def test_a_port_in_use_is_named_before_anything_starts(scratch: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        answer = _up("--port", str(port), "--data", str(scratch / "never-made"))

    assert answer.returncode == 1
    assert f"Port {port} on 127.0.0.1 cannot be used" in answer.stdout
    assert "--port" in answer.stdout
    assert not (scratch / "never-made").exists()


@pytest.mark.parametrize("arguments", [("--port", "70000"), ("--port", "x"), ("--workers", "0"), ("--colour", "red")])
def test_wrong_options_are_refused_with_the_usage(arguments: tuple[str, ...]) -> None:
    answer = _up(*arguments)

    assert answer.returncode == 2
    assert "usage:" in answer.stderr


def test_each_child_that_is_killed_comes_back(start: Callable[..., Platform]) -> None:
    platform = start()
    url = platform.wait_until_ready()

    for name, words in {**CHILDREN, "cache": "valkey-server", "database": "bin/postgres"}.items():
        os.kill(platform.child(words), signal.SIGKILL)
        wait(lambda name=name: f"{name} is running again." in platform.output, 60, lambda: platform.output)  # type: ignore[misc]

    with urllib.request.urlopen(url, timeout=60) as answer:
        assert answer.status == 200
    assert _execute(platform.folder, "app_rw", "SELECT 1") == (1,)


def test_the_third_death_within_a_minute_stops_everything_with_the_last_lines(start: Callable[..., Platform]) -> None:
    platform = start()
    platform.wait_until_ready()

    for count in range(3):
        wait(lambda count=count: platform.output.count("beat is running again.") == count)  # type: ignore[misc]
        wait(lambda: any(CHILDREN["beat"] in line for line in platform.family().values()))
        time.sleep(0.5)
        os.kill(platform.child(CHILDREN["beat"]), signal.SIGKILL)

    assert platform.process.wait(60) == 1
    assert "beat ended 3 times within a minute (last: signal 9). Its last lines:" in platform.output
    assert "database stopped" in platform.output


def test_a_command_that_fails_during_the_start_is_shown_and_everything_stops(scratch: Path) -> None:
    folder = scratch / "broken"
    answer = _up("--port", "0", "--data", str(folder), environment={"DJANGO_SETTINGS_MODULE": "no.such.settings"})

    assert answer.returncode == 1
    assert "failed (exit code 1)" in answer.stdout
    assert "No module named 'no'" in answer.stdout
    assert "database stopped" in answer.stdout
    assert not EmbeddedServices(folder, environment={}).is_served()
    remove_instance(DataFolder(folder))


def test_log_lines_are_shown_as_text() -> None:
    assert (
        readable('{"level": "ERROR", "message": "No page", "error": "Traceback\\nLast"}') == "ERROR No page\nTraceback\nLast"
    )
    assert readable("{not json") == "{not json"
    assert readable("plain") == "plain"


def wait(condition: Callable[[], object], seconds: float = 30, context: Callable[[], str] = str) -> None:
    """Until the condition holds; fails the test after the time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain\n{context()}"
        time.sleep(0.1)


def _still_there(pid: int, command: str) -> bool:
    """True while this very process runs; its number alone may have been given away again."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0]
        return (
            state not in {"Z", "X"}
            and Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ") == command
        )
    except OSError:
        return False


def _up(*arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(CHECKOUT / "manage.py"), "up", "--no-browser", "--no-demo", *arguments],
        env={**untouched_environment(), **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def _execute(folder: Path, role: str, statement: str) -> tuple[object, ...] | None:
    connection = psycopg2.connect(EmbeddedServices(folder, environment={}).postgres.url(role))
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            row: tuple[object, ...] | None = cursor.fetchone() if cursor.description else None
            return row
    finally:
        connection.close()
