"""Runs calls of the product in processes of their own without loading the product for each: one process has it, and forks.

A fork has neither connections nor threads when it begins, so that it lives and dies as a worker that was just started.
``python -m tests.fault.nursery`` is that process: a line of JSON in, a line with the child's id or its exit code out; it ends
with its input.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

CHECKOUT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0


def environment_of_a_worker() -> dict[str, str]:
    """What a worker of this test run's database gets; it connects as the ordinary application role, to a real queue."""
    from django.db import connection

    address = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    return {
        **os.environ,
        "DATABASE_URL": urlunsplit(address),
        "DJANGO_SETTINGS_MODULE": "tests.fault.settings",
        "ALLIANCE_DB_ROLE": "app",
        "ALLIANCE_FAULT": "",
    }


class Nursery:
    """The process that forks; see the module."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self._process = process
        self._log = log

    def run(self, function: str, *arguments: Any, fault: str = "", marker: Path | None = None) -> int:
        """Call a function in a process of its own; returns its exit code, negative for the signal that killed it.

        Args:
            function: Dotted name.
            arguments: What JSON can carry.
            fault: The point where the process is to die, with ``marker``; see ``alliance.kernel.faults``.
            marker: The file made by dying there.
        """
        return self.wait(self.begin(function, *arguments, fault=fault, marker=marker))

    def begin(self, function: str, *arguments: Any, fault: str = "", marker: Path | None = None) -> int:
        """Call a function in a process of its own and do not wait for it; returns the process's id."""
        return self._ask({"function": function, "arguments": arguments, "fault": f"{fault}@{marker}" if fault else ""})

    def wait(self, child: int) -> int:
        """Wait for such a process; returns its exit code, negative for the signal that killed it."""
        code = self._ask({"wait": child})
        assert code in {0, -signal.SIGKILL}, self._log.read_text(encoding="utf-8", errors="replace")[-4000:]
        return code

    def _ask(self, wish: dict[str, Any]) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(wish) + "\n")
        self._process.stdin.flush()
        readable, _, _ = select.select([self._process.stdout], [], [], PATIENCE)
        answer = self._process.stdout.readline() if readable else ""
        told = self._log.read_text(encoding="utf-8", errors="replace")[-4000:]
        assert answer, f"no answer within {PATIENCE:.0f} s, or the nursery ended:\n{told}"
        return int(answer)


@contextmanager
def nursery(log: Path, environment: Mapping[str, str] | None = None) -> Iterator[Nursery]:
    """A nursery for the test database, or for what the environment names; what its children say goes into the log."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.fault.nursery"],
            env=environment_of_a_worker() if environment is None else environment,
            cwd=CHECKOUT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
            start_new_session=True,
        )
    try:
        yield Nursery(process, log)
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # with a child that never ended
        process.communicate()


def _serve() -> None:
    import django

    django.setup()

    from django.db import connections
    from django.utils.module_loading import import_string

    import operations.tasks  # noqa: F401 - loaded once, before the first fork

    for line in sys.stdin:
        wish = json.loads(line)
        if "wait" in wish:
            _, status = os.waitpid(wish["wait"], 0)
            sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
            sys.stdout.flush()
            continue
        assert not any(connection.connection for connection in connections.all(initialized_only=True))
        child = os.fork()
        if child == 0:
            code = 1
            try:
                os.dup2(2, 1)
                os.environ["ALLIANCE_FAULT"] = wish["fault"]
                import_string(wish["function"])(*wish["arguments"])
                code = 0
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(code)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve()
