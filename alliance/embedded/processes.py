"""Child processes that never outlive us, also when we are killed with SIGKILL."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform.startswith("linux") else None


@dataclass(frozen=True)
class Account:
    """A system user that a child runs as; only root can use it."""

    name: str
    uid: int
    gid: int


def _preparation(death_signal: int) -> Callable[[], None]:
    """What a child does between fork and exec.

    Popen changes the user before it calls this, so the death signal (which a change of user clears) holds.
    """
    parent = os.getpid()

    def prepare() -> None:
        # A shell's background job hands down an ignored SIGINT; servers need the default.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            signal.signal(number, signal.SIG_DFL)
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
            _LIBC.prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
            if os.getppid() != parent:  # it died before the line above
                os._exit(1)

    return prepare


def spawn(
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str],
    death_signal: int,
    cwd: Path | str = "/",
    account: Account | None = None,
    output: IO[Any] | int | None = None,
    pass_fds: Iterable[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own that gets ``death_signal`` when this process ends.

    Off Linux there is no death signal; there the next start finds and ends what was left.

    Args:
        command: Program and arguments.
        environment: The child's whole environment.
        death_signal: What the kernel sends the child when we die.
        cwd: Working folder of the child.
        account: System user to run as; None keeps ours.
        output: Where standard output and standard error go together; None discards them.
        pass_fds: Open descriptors the child keeps.
    """
    as_user: dict[str, Any] = {}
    if account is not None:
        as_user = {"user": account.uid, "group": account.gid, "extra_groups": []}
    return subprocess.Popen(  # noqa: S603 - fixed programs, no shell
        [os.fspath(part) for part in command],
        env=dict(environment),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL if output is None else output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=_preparation(death_signal),  # noqa: PLW1509 - our main thread starts all children
        pass_fds=tuple(pass_fds),
        **as_user,
    )


def clean_environment(**more: str) -> dict[str, str]:
    """A small environment for servers: nothing of the caller's (PG*, LC_*, LD_*) can change what they do."""
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/", "LC_ALL": "C.UTF-8", "TZ": "UTC", **more}


def stop(child: subprocess.Popen[bytes], *steps: tuple[int, float]) -> None:
    """Send each step's signal and wait its seconds; after the last step SIGKILL the whole session."""
    for number, seconds in steps:
        if child.poll() is not None:
            return
        child.send_signal(number)
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            continue
        return
    kill_session(child)


def kill_session(child: subprocess.Popen[bytes]) -> None:
    """End a child and everything it started, at once."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        child.kill()
    child.wait()


def is_alive(pid: int) -> bool:
    """True when a process has this id (a zombie counts as gone)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0] not in {"Z", "X"}
    except (OSError, IndexError):
        return not Path("/proc/self").exists()


def working_in(folder: Path) -> set[int]:
    """Ids of the processes whose working folder is this one: how servers of a data folder are recognised.

    Empty where there is no /proc.
    """
    found = set()
    wanted = os.path.realpath(folder)
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if str((entry / "cwd").readlink()).removesuffix(" (deleted)") == wanted and is_alive(int(entry.name)):
                found.add(int(entry.name))
        except OSError:
            continue
    return found


def wait_until_gone(folder: Path, seconds: float) -> bool:
    """Wait until no process works in the folder; False when some still do after the time."""
    deadline = time.monotonic() + seconds
    while working_in(folder):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def signal_all(pids: Iterable[int], number: int) -> None:
    """Send a signal to each process that still exists and is ours."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except (ProcessLookupError, PermissionError):
            continue
