"""``manage.py up``: brings one instance up, keeps it up, takes it down. Standard library only.

Order: database, cache, message catalogues, migrations, demonstration, static files, web and, once it answers, workers and
beat; the reverse to stop. A child that dies is started again with growing pauses; the third death within a minute stops all.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import hashlib
import http.client
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
import webbrowser
from collections.abc import Callable, Iterator, Sequence
from http import HTTPStatus
from pathlib import Path
from types import FrameType
from typing import IO

from alliance.embedded import catalogues, processes
from alliance.embedded.errors import DataFolderBusyError, ServiceError
from alliance.embedded.folders import BASE_DIR, default_data_folder, last_lines, rotate
from alliance.embedded.services import EmbeddedServices, is_given
from alliance.embedded.session import LOCAL_SETTINGS
from alliance.kernel.queues import LONG, PROMPT

DEATHS_ALLOWED = 3
DEATHS_WITHIN_SECONDS = 60
READY_WITHIN_SECONDS = 180
ERRORS_FOR_SECONDS = 10
LAST_WORDS = 30
_PYTHON = sys.executable


class _StopRequestedError(Exception):
    """A signal asked us to stop."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``up``; shared by the fast path in manage.py and the command that ``help`` lists."""
    parser.add_argument("--port", type=_port, default=8000, help="port on 127.0.0.1; 0 takes a free one (default: 8000)")
    parser.add_argument("--data", type=Path, metavar="DIR", help="data folder (default: ALLIANCE_DATA, else .data)")
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")
    parser.add_argument("--no-demo", action="store_true", help="do not create the demonstration alliances")
    parser.add_argument("--workers", type=_count, default=2, metavar="N", help="web processes (default: 2)")


def _port(text: str) -> int:
    if not text.isdigit() or not 0 <= int(text) <= 65535:
        message = f"{text!r} is not a port: a whole number from 0 to 65535"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def _count(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 12:
        message = f"{text!r} is not a number from 1 to 12"  # the embedded database takes 60 connections
        raise argparse.ArgumentTypeError(message)
    return int(text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the command line and run; returns the exit code."""
    parser = argparse.ArgumentParser(prog="manage.py up", description="Start the whole platform and keep it running.")
    add_arguments(parser)
    return run(parser.parse_args(arguments))


def run(options: argparse.Namespace) -> int:
    """Bring everything up and stay until a signal or a failure; returns the exit code."""
    return Supervisor(options).run()


def say(text: str = "") -> None:
    """Tell the terminal; a terminal that has gone away is no reason to stop."""
    with contextlib.suppress(OSError):
        print(text, flush=True)  # noqa: T201 - the terminal is what this is for


class Child:
    """One long-running process whose output goes, line by line with the time, into a log of its own."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        log: Path,
        environment: dict[str, str],
        death_signal: int = signal.SIGTERM,
        stop_steps: Sequence[tuple[int, float]] = ((signal.SIGTERM, 5),),
        pass_fds: Sequence[int] = (),
    ) -> None:
        self.name = name
        self.command = command
        self.log = log
        self.environment = environment
        self.death_signal = death_signal
        self.stop_steps = stop_steps
        self.pass_fds = pass_fds
        self.process: subprocess.Popen[bytes] | None = None
        self.recent: collections.deque[str] = collections.deque(maxlen=40)
        self._pending = b""

    def start(self) -> IO[bytes]:
        """Start it; returns the pipe its output comes through."""
        rotate(self.log)
        self._pending = b""
        self.process = processes.spawn(
            self.command,
            environment=self.environment,
            death_signal=self.death_signal,
            cwd=BASE_DIR,
            output=subprocess.PIPE,
            pass_fds=self.pass_fds,
        )
        pipe = self.process.stdout
        if pipe is None:  # cannot be: a pipe was asked for
            message = f"{self.name} has no output"
            raise ServiceError(message)
        os.set_blocking(pipe.fileno(), False)
        return pipe

    def keep(self, data: bytes) -> None:
        """Write what came through the pipe into the log, whole lines only."""
        *lines, self._pending = (self._pending + data).split(b"\n")
        if len(self._pending) > 65_536:
            lines, self._pending = [*lines, self._pending], b""
        self._write(lines)

    def end_of_output(self) -> None:
        """Write the last line, also when it has no end."""
        if self._pending:
            lines, self._pending = [self._pending], b""
            self._write(lines)

    def last_words(self) -> str:
        """The end of the output, for a person: structured log lines as text, repetitions once."""
        texts: list[str] = []
        for line in self.recent:
            text = readable(line)
            if text not in texts:
                texts.append(text)
        return "\n".join("\n".join(texts).splitlines()[-LAST_WORDS:])

    def _write(self, lines: Sequence[bytes]) -> None:
        if not lines:
            return
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        texts = [line.decode("utf-8", errors="replace").rstrip() for line in lines]
        self.recent.extend(texts)
        with contextlib.suppress(OSError):  # a full disk must not end the supervisor
            rotate(self.log)
            with self.log.open("a", encoding="utf-8") as handle:
                handle.writelines(f"{now} {text}\n" for text in texts)


class Supervisor:
    """One run of ``manage.py up``."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.services = EmbeddedServices(options.data or default_data_folder(), kind="supervisor")
        self.selector = selectors.DefaultSelector()
        self.children: list[Child] = []
        self.deaths: dict[str, collections.deque[float]] = collections.defaultdict(collections.deque)
        self.restart_at: dict[str, float] = {}
        self.stop_signal: int | None = None
        self.stopping = False
        self.listener: socket.socket | None = None

    # -- the whole run ------------------------------------------------------------------------------------------------

    def run(self) -> int:
        """Everything from the lock to the last process; returns the exit code."""
        code = 0
        with self._signals():
            try:
                self._bind()
                self._take_data_folder()
                self._bring_up()
                self._watch()
            except _StopRequestedError:
                say("Stopping.")
            except ServiceError as error:
                say(f"\n{error}")
                code = 1
            finally:
                self._take_down()
        return code

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """Signals set a flag and wake the loop, so that no step is cut in the middle.

        Set explicitly: a shell's background job starts with SIGINT ignored.
        """
        reader, writer = socket.socketpair()
        for end in (reader, writer):
            end.setblocking(False)
        self.selector.register(reader, selectors.EVENT_READ, None)

        def remember(number: int, _frame: FrameType | None) -> None:
            self.stop_signal = number

        before = {number: signal.signal(number, remember) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        old_descriptor = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(old_descriptor)
            for number, handler in before.items():
                signal.signal(number, handler)
            self.selector.close()
            reader.close()
            writer.close()

    def _check(self) -> None:
        """Give up what is being waited for once a signal has come."""
        if self.stop_signal is not None and not self.stopping:
            raise _StopRequestedError

    # -- coming up ----------------------------------------------------------------------------------------------------

    def _bind(self) -> None:
        """Take the port before anything else; the web process gets the open socket, also after a restart."""
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", self.options.port))
            listener.listen(512)
        except OSError as error:
            listener.close()
            message = (
                f"Port {self.options.port} on 127.0.0.1 cannot be used: {error.strerror}. "
                "Choose another one with --port N, or any free one with --port 0."
            )
            raise ServiceError(message) from error
        self.listener = listener

    @property
    def url(self) -> str:
        """Where the platform answers."""
        port = self.listener.getsockname()[1] if self.listener else self.options.port
        return f"http://127.0.0.1:{port}/"

    def _take_data_folder(self) -> None:
        """Become the only one that serves the data folder; commands get a minute to end, a platform none."""
        deadline = time.monotonic() + 60
        told = False
        while True:
            try:
                self.services.acquire()
            except DataFolderBusyError as error:
                if error.holder_kind != "command" or time.monotonic() > deadline:
                    where = self.services.state().get("url")
                    message = f"{error}" + (f" It answers at {where}" if where else "")
                    raise ServiceError(message) from None
                if not told:
                    say(f"Waiting for a command that uses the data folder (process {error.holder_pid}).")
                    told = True
                self._pump(0.2)
                self._check()
            else:
                return

    def _bring_up(self) -> None:
        services = self.services
        say(f"Data folder: {services.folder.path}")
        say(f"Servers:     {services.describe()}")
        if not services.own_database and not is_given("DATABASE_OWNER_URL"):
            message = "DATABASE_URL is set, DATABASE_OWNER_URL is not: migrations run as the role app_owner."
            raise ServiceError(message)
        if services.own_database:
            with self._step("database"):
                services.start_database(self._check)
        if services.own_cache:
            with self._step("cache"):
                services.valkey.start(self._check)
        services.tell(ready=True, url=self.url)
        if catalogues.are_stale():
            self._manage("messages", "compile_catalogues")
        self._manage("migrations", "migrate", "--no-input", role="owner")
        if not self.options.no_demo:
            self._manage("demonstration", "seed_demo")
            with contextlib.suppress(OSError):
                (services.folder.path / "demo-accounts.json").chmod(0o600)  # it holds passwords
        self._collect_static()
        web, *others = self._make_children()
        with self._step("web"):
            self._launch(web)
            self._wait_for_pages()  # before the others begin to load, which would double the wait
        for child in others:
            self._launch(child)
        say(f"READY {self.url}")
        self._greet()

    @contextlib.contextmanager
    def _step(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        self._check()
        if sys.stdout.isatty():
            with contextlib.suppress(OSError):
                print(f"  {name:<14} ...", end="\r", flush=True)  # noqa: T201 - overwritten at the end of the step
        yield
        say(f"  {name:<14} {time.monotonic() - began:6.1f} s")

    def _environment(self, role: str) -> dict[str, str]:
        return {
            **os.environ,
            **self.services.environment(),
            "ALLIANCE_DB_ROLE": role,
            "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE") or LOCAL_SETTINGS,
            "PYTHONPATH": os.pathsep.join(filter(None, [str(BASE_DIR), os.environ.get("PYTHONPATH")])),
            "PYTHONUNBUFFERED": "1",
            # Links in mails lead to the port that was taken.
            "PUBLIC_URL": os.environ.get("PUBLIC_URL") or self.url,
        }

    def _manage(self, label: str, *command: str, role: str = "app") -> None:
        """Run one management command to its end.

        Raises:
            ServiceError: It failed; the message holds its last lines.
        """
        with self._step(label):
            child = Child(
                label,
                [_PYTHON, BASE_DIR / "manage.py", *command],
                log=self.services.folder.logs / f"{label}.log",
                environment=self._environment(role),
            )
            self._start(child)
            try:
                while child.process is not None and child.process.poll() is None:
                    self._pump(0.5)
                    self._check()
                    self._require_servers()
            except BaseException:
                if child.process is not None:
                    processes.stop(child.process, (signal.SIGTERM, 5))
                raise
            finally:
                self._drain(child)
            if child.process is not None and child.process.returncode != 0:
                lines = child.last_words()
                message = f"{' '.join(command)} failed (exit code {child.process.returncode}).\n{lines}\nLog: {child.log}"
                raise ServiceError(message)

    def _require_servers(self) -> None:
        """While a command runs, a server that dies ends the start."""
        for server in (self.services.postgres, self.services.valkey):
            if server.process is not None and server.process.poll() is not None:
                message = f"The {server.name} ended ({server.process.returncode}).\n{last_lines(server.log)}"
                raise ServiceError(message)

    def _collect_static(self) -> None:
        """Gather the static files, unless nothing has changed since the last time."""
        stamp = self.services.folder.path / "static.stamp"
        wanted = static_fingerprint()
        with contextlib.suppress(OSError):
            if stamp.read_text(encoding="ascii") == wanted:
                return
        self._manage("static files", "collectstatic", "--no-input", "--clear")
        stamp.write_text(wanted, encoding="ascii")

    def _make_children(self) -> list[Child]:
        folder = self.services.folder
        environment = self._environment("app")
        descriptor = self.listener.fileno() if self.listener else -1
        heartbeat = ["--worker-tmp-dir", "/dev/shm"] if os.access("/dev/shm", os.W_OK) else []  # noqa: S108
        web = Child(
            "web",
            [
                *(_PYTHON, "-m", "gunicorn", "alliance.wsgi:application", "--bind", f"fd://{descriptor}"),
                *("--workers", str(self.options.workers), "--worker-class", "gthread", "--threads", "4"),
                *("--timeout", "120", "--graceful-timeout", "5", "--no-control-socket", *heartbeat),
                # Nobody stands in front of this server: no address may speak for another one.
                *("--forwarded-allow-ips", ""),
            ],
            log=folder.logs / "web.log",
            environment=environment,
            death_signal=signal.SIGQUIT,
            stop_steps=((signal.SIGTERM, 8), (signal.SIGQUIT, 3)),
            pass_fds=[descriptor],
        )
        celery = (_PYTHON, "-m", "celery", "-A", "alliance")
        workers = [
            Child(
                name,
                [
                    *(*celery, "worker", "--queues", queue, "--concurrency", str(processes), "--hostname", f"{queue}@%h"),
                    *("--without-gossip", "--without-mingle", "--loglevel", "INFO"),
                ],
                log=folder.logs / f"{name}.log",
                environment=environment,
                death_signal=signal.SIGQUIT,
                stop_steps=((signal.SIGTERM, 10), (signal.SIGQUIT, 5)),
            )
            for name, queue, processes in (("worker", PROMPT, 2), ("long-worker", LONG, 1))
        ]
        beat = Child(
            "beat",
            [*celery, "beat", "--schedule", folder.path / "beat-schedule", "--pidfile", "", "--loglevel", "INFO"],
            log=folder.logs / "beat.log",
            environment=environment,
        )
        return [web, *workers, beat]

    def _wait_for_pages(self) -> None:
        """READY means that a page answered, not that processes exist.

        Raises:
            ServiceError: None did in time, or the web process answers with errors and goes on doing so.
        """
        deadline = time.monotonic() + READY_WITHIN_SECONDS
        for path in ("/healthz", "/"):
            errors_until: float | None = None
            while True:
                problem, answered = self._ask(path)
                if not problem:
                    break
                now = time.monotonic()
                errors_until = (errors_until or now + ERRORS_FOR_SECONDS) if answered else None
                if now > deadline or (errors_until is not None and now > errors_until):
                    lines = self.children[0].last_words()
                    message = f"{self.url} gives no page: {problem}\n{lines}\nLog: {self.children[0].log}"
                    raise ServiceError(message)
                while time.monotonic() < now + (1.0 if answered else 0.3):
                    self._turn(0.3)

    def _ask(self, path: str, redirects: int = 5) -> tuple[str, bool]:
        """Get one page; returns what went wrong (empty after a 200), and whether there was an answer at all."""
        connection = http.client.HTTPConnection("127.0.0.1", int(self.url.rsplit(":", 1)[1].strip("/")), timeout=5)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            target = answer.getheader("Location", "")
            if answer.status in {301, 302, 303, 307, 308} and target.startswith("/") and redirects:
                return self._ask(target, redirects - 1)
        except (OSError, http.client.HTTPException) as error:
            return f"{path}: {error}", False
        else:
            return ("" if answer.status == HTTPStatus.OK else f"{path} answers {answer.status}"), True
        finally:
            connection.close()

    def _greet(self) -> None:
        accounts = self.services.folder.path / "demo-accounts.json"
        with contextlib.suppress(OSError, ValueError):
            rows = json.loads(accounts.read_text(encoding="utf-8"))
            columns = ("role", "email", "password", "alliance", "url")
            table = [[str(row.get(column, "")) for column in columns] for row in rows]
            if table and not self.options.no_demo:
                widths = [max(len(line[index]) for line in table) for index in range(len(columns))]
                say("\nDemonstration accounts (role, e-mail, password, alliance, page):")
                for line in table:
                    say("  " + "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip())
        say(f"\nE-mail is written to {self.services.folder.path / 'mail'}, logs to {self.services.folder.logs}.")
        say("Ctrl-C stops everything.")
        has_display = sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
        if has_display and not self.options.no_browser:
            with contextlib.suppress(webbrowser.Error, OSError):
                webbrowser.open(self.url)

    # -- staying up ---------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        while True:
            self._turn(1.0)

    def _turn(self, seconds: float) -> None:
        """One round: read output, notice deaths, start again what is due."""
        due = [moment - time.monotonic() for moment in self.restart_at.values()]
        self._pump(max(0.0, min([seconds, *due])))
        self._check()
        for server in (self.services.postgres, self.services.valkey):
            if server.process is not None and server.process.poll() is not None:
                code, server.process = server.process.returncode, None
                self._note_death(server.name, code, lambda log=server.log: last_lines(log))  # type: ignore[misc]
        for child in self.children:
            if child.process is not None and child.process.poll() is not None:
                code = child.process.returncode
                self._drain(child)
                # Whatever it had started (pool processes) must not go on beside its successor.
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(child.process.pid, signal.SIGKILL)
                child.process = None
                self._note_death(child.name, code, child.last_words)
        for name in [name for name, moment in self.restart_at.items() if moment <= time.monotonic()]:
            del self.restart_at[name]
            self._restart(name)

    def _note_death(self, name: str, code: int, lines: Callable[[], str]) -> None:
        now = time.monotonic()
        deaths = self.deaths[name]
        deaths.append(now)
        while deaths[0] < now - DEATHS_WITHIN_SECONDS:
            deaths.popleft()
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        if len(deaths) >= DEATHS_ALLOWED:
            message = f"{name} ended {len(deaths)} times within a minute (last: {how}). Its last lines:\n{lines()}"
            raise ServiceError(message)
        pause = 2.0 ** (len(deaths) - 1)
        say(f"{name} ended ({how}); it is started again in {pause:.0f} s.")
        self.restart_at[name] = now + pause

    def _restart(self, name: str) -> None:
        if name == self.services.postgres.name:
            self.services.postgres.start(self._check)
        elif name == self.services.valkey.name:
            self.services.valkey.start(self._check)
        else:
            self._start(next(child for child in self.children if child.name == name))
        say(f"{name} is running again.")

    # -- going down ---------------------------------------------------------------------------------------------------

    def _take_down(self) -> None:
        """Beat, worker, web, cache, database; a second signal shortens every wait."""
        self.stopping = True
        self.stop_signal = None
        if self.listener is not None:
            self.listener.close()
        for child in reversed(self.children):
            if child.process is not None and child.process.poll() is None:
                child.process.send_signal(child.stop_steps[0][0])
        for child in reversed(self.children):
            self._end(child)
        for server in (self.services.valkey, self.services.postgres):
            if server.process is not None:
                server.stop()
                say(f"  {server.name} stopped")
        self.services.stop()

    def _end(self, child: Child) -> None:
        process = child.process
        if process is None:
            return
        for number, seconds in child.stop_steps:
            if process.poll() is None and number != child.stop_steps[0][0]:
                process.send_signal(number)
            deadline = time.monotonic() + seconds
            while process.poll() is None and time.monotonic() < deadline and self.stop_signal is None:
                self._pump(0.2)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self._drain(child)
        child.process = None
        say(f"  {child.name} stopped")

    # -- output -------------------------------------------------------------------------------------------------------

    def _launch(self, child: Child) -> None:
        self.children.append(child)
        self._start(child)

    def _start(self, child: Child) -> None:
        self.selector.register(child.start(), selectors.EVENT_READ, child)

    def _pump(self, seconds: float) -> None:
        """Wait at most so long for output or a signal, and keep what came."""
        for key, _events in self.selector.select(seconds):
            if key.data is None:
                with contextlib.suppress(BlockingIOError):
                    while isinstance(key.fileobj, socket.socket) and key.fileobj.recv(4096):
                        pass
            else:
                self._read(key.data)

    def _read(self, child: Child) -> bool:
        """Read once; False at the end of the output or when there is nothing now."""
        pipe = child.process.stdout if child.process is not None else None
        if pipe is None or pipe.closed:
            return False
        try:
            data = os.read(pipe.fileno(), 65_536)
        except BlockingIOError:
            return False
        if data:
            child.keep(data)
            return True
        self._close(child, pipe)
        return False

    def _drain(self, child: Child) -> None:
        """After a child's end: keep what is still in the pipe, then close it."""
        while self._read(child):
            pass
        pipe = child.process.stdout if child.process is not None else None
        if pipe is not None and not pipe.closed:
            self._close(child, pipe)

    def _close(self, child: Child, pipe: IO[bytes]) -> None:
        with contextlib.suppress(KeyError, ValueError):
            self.selector.unregister(pipe)
        pipe.close()
        child.end_of_output()


def readable(line: str) -> str:
    """A line of a JSON log as level, message and traceback; any other line as it is."""
    with contextlib.suppress(ValueError):
        record = json.loads(line) if line.startswith("{") else None
        if isinstance(record, dict) and "message" in record:
            text = f"{record.get('level', '')} {record['message']}".strip()
            return f"{text}\n{record['error']}" if record.get("error") else text
    return line


def static_fingerprint() -> str:
    """Changes when a package version or any static file of ours changes."""
    digest = hashlib.sha256()
    for path in (BASE_DIR / "requirements.lock", *sorted((BASE_DIR / "alliance" / "settings").glob("*.py"))):
        with contextlib.suppress(OSError):
            digest.update(path.read_bytes())
    for folder in sorted([*BASE_DIR.glob("*/static"), BASE_DIR / "static"]):
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                found = path.stat()
                digest.update(f"{path.relative_to(BASE_DIR)} {found.st_size} {found.st_mtime_ns}\n".encode())
    return digest.hexdigest()
