"""The embedded servers of one data folder as one thing: lock, start, addresses, stop."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

from alliance.embedded.bootstrap import bootstrap
from alliance.embedded.errors import DataFolderBusyError, ServiceError
from alliance.embedded.folders import DataFolder, write_private
from alliance.embedded.postgres import DATABASE, Postgres
from alliance.embedded.valkey import Valkey


def is_given(name: str, environment: Mapping[str, str] | None = None) -> bool:
    """True when the user named a server: ``NAME``, or ``NAME_FILE`` for a file that holds the address."""
    environment = os.environ if environment is None else environment
    return bool(environment.get(name) or environment.get(f"{name}_FILE"))


class EmbeddedServices:
    """PostgreSQL and Valkey for one data folder, each unless the user named a server of that kind.

    Args:
        data_dir: The data folder; made when missing.
        test: Trade safety for speed: the data may be lost when the machine stops.
        kind: Who serves, told to other commands: ``command``, ``supervisor`` or ``test``.
        environment: Where the user's choice of servers is looked up; None for this process's environment.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        test: bool = False,
        kind: str = "command",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        environment = os.environ if environment is None else environment
        self.folder = DataFolder(Path(data_dir).expanduser().absolute())
        self.kind = kind
        self.own_database = not is_given("DATABASE_URL", environment)
        self.own_cache = not is_given("REDIS_URL", environment)
        self.postgres = Postgres(self.folder, test=test)
        self.valkey = Valkey(self.folder)
        self._lock: IO[Any] | None = None
        self._users: IO[Any] | None = None
        self._pid = os.getpid()

    # -- life ---------------------------------------------------------------------------------------------------------

    def acquire(self, *, seconds: float = 0, on_wait: Callable[[], None] | None = None) -> None:
        """Become the one process that serves this data folder.

        Args:
            seconds: How long to wait for another process to let go.
            on_wait: Called while waiting; may raise to give up.

        Raises:
            DataFolderBusyError: Another process serves it.
        """
        self.folder.prepare()
        handle = self.folder.lock_file.open("a")
        deadline = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    handle.close()
                    raise self._busy() from None
                if on_wait is not None:
                    on_wait()
                time.sleep(0.05)
        self._lock = handle
        self.tell(ready=False)

    def start(self, on_wait: Callable[[], None] | None = None) -> None:
        """Take the data folder, start what is needed, prepare the database, tell others that we are ready.

        Raises:
            ServiceError: Something did not start; nothing is left running.
        """
        if self._lock is None:
            self.acquire()
        try:
            if self.own_database:
                self.start_database(on_wait)
            if self.own_cache:
                self.valkey.start(on_wait)
            self.tell(ready=True)
        except BaseException:
            self.stop()
            raise

    def start_database(self, on_wait: Callable[[], None] | None = None) -> None:
        """Start PostgreSQL and bring roles, database and schema to the wanted state."""
        self.postgres.start(on_wait)
        bootstrap(
            self.postgres.url("postgres", "postgres"),
            database=DATABASE,
            passwords={role: word for role, word in self.folder.passwords(make=False).items() if role != "postgres"},
            template=True,
        )

    def stop(self) -> None:
        """Stop what we started, cache first; then let the data folder go. Does nothing in a forked copy of us."""
        if os.getpid() != self._pid:
            return
        try:
            self.valkey.stop()
            self.postgres.stop()
        finally:
            if self._lock is not None:
                self.folder.state_file.unlink(missing_ok=True)
                for empty in (self.postgres.socket_folder, self.folder.socket_folder):
                    with contextlib.suppress(OSError):
                        empty.rmdir()
                self._lock.close()
                self._lock = None
            self.leave()

    # -- sharing with other commands ----------------------------------------------------------------------------------

    def tell(self, **facts: Any) -> None:
        """Write down who serves the folder; holds no secret."""
        state = {"pid": os.getpid(), "kind": self.kind, **facts}
        write_private(self.folder.state_file, json.dumps(state))

    def state(self) -> dict[str, Any]:
        """What the serving process told last; empty when nobody did."""
        try:
            state = json.loads(self.folder.state_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return state if isinstance(state, dict) else {}

    def is_served(self) -> bool:
        """True while some process holds the folder's lock."""
        try:
            with self.folder.lock_file.open("a") as handle:
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except FileNotFoundError:
            return False
        return False

    def join(self) -> bool:
        """Use the servers of the process that serves the folder; True when they are ready and ours to use.

        Until :meth:`leave`, a command that started them waits before it stops them.
        """
        if not self.state().get("ready"):
            return False
        handle = self.folder.users_file.open("a")
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:  # they are being stopped
            handle.close()
            return False
        if not (self.state().get("ready") and self.is_served()):
            handle.close()
            return False
        self._users = handle
        return True

    def leave(self) -> None:
        """Say that we no longer use the servers of another process."""
        if self._users is not None:
            self._users.close()
            self._users = None

    def wait_for_users(self, announce: Callable[[], None]) -> None:
        """Before a command stops the servers it started: wait until no other command uses them."""
        with self.folder.users_file.open("a") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                announce()
                fcntl.flock(handle, fcntl.LOCK_EX)
            self.tell(ready=False)

    # -- addresses ----------------------------------------------------------------------------------------------------

    def environment(self) -> dict[str, str]:
        """The variables that settings read, for the servers that are ours; a server the user named stays as it is."""
        found = {"ALLIANCE_DATA": str(self.folder.path)}
        if self.own_database:
            found["DATABASE_URL"] = self.postgres.url("app_rw")
            found["DATABASE_OWNER_URL"] = self.postgres.url("app_owner")
            found["DATABASE_PLATFORM_URL"] = self.postgres.url("app_platform")
        if self.own_cache:
            found["REDIS_URL"] = self.valkey.url
        return found

    def describe(self) -> str:
        """Which servers are in use, in one line without secrets."""
        database = f"own PostgreSQL in {self.folder.path}" if self.own_database else "PostgreSQL of DATABASE_URL"
        cache = "own Valkey" if self.own_cache else "server of REDIS_URL"
        return f"{database}; {cache}"

    def _busy(self) -> ServiceError:
        state = self.state()
        pid = state.get("pid")
        kind = str(state.get("kind", "command"))
        who = {"supervisor": "a running platform", "test": "a test instance"}.get(kind, "another command")
        message = (
            f"The data folder {self.folder.path} is in use by {who} (process {pid or 'unknown'}). "
            "Stop it first, or choose another folder with --data DIR."
        )
        return DataFolderBusyError(message, holder_kind=kind, holder_pid=pid if isinstance(pid, int) else None)
