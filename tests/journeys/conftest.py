"""The whole platform as ``./run`` starts it, for journeys through all layers."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 600
SERVER_VARIABLES = (
    "DATABASE_URL",
    "DATABASE_OWNER_URL",
    "DATABASE_PLATFORM_URL",
    "REDIS_URL",
    "ALLIANCE_",
    "DJANGO_",
    "SECRET_KEY",
)


@dataclass(frozen=True, slots=True)
class Platform:
    """A running platform.

    Attributes:
        url: Its address, without a slash at the end.
        data: Its data folder.
    """

    url: str
    data: Path

    def account(self, email: str) -> dict[str, Any]:
        """A demonstration account as the start printed it."""
        kept = json.loads((self.data / "demo-accounts.json").read_text(encoding="utf-8"))
        accounts: list[dict[str, Any]] = kept["accounts"] if isinstance(kept, dict) else kept
        return next(account for account in accounts if account["email"] == email)

    def mails(self) -> list[str]:
        """Every mail written so far, newest last."""
        files = sorted((self.data / "mail").glob("*"), key=lambda path: path.stat().st_mtime)
        return [path.read_text(encoding="utf-8") for path in files]

    def wait_for_mail(self, words: str, *, seconds: float = 60) -> str:
        """The newest mail that holds the words."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if found := [mail for mail in self.mails() if words in mail]:
                return found[-1]
            time.sleep(0.5)
        message = f"no mail with {words!r} came in {seconds:.0f} seconds"
        raise AssertionError(message)


@pytest.fixture(scope="module")
def platform() -> Iterator[Platform]:
    """Start the platform on a fresh data folder and a free port; stop it afterwards.

    Each module gets its own, so that no journey meets what another one left, or the limits it used up.

    ``ALLIANCE_JOURNEY=URL|DATA`` uses one that runs already, which shortens the writing of a journey.
    """
    if given := os.environ.get("ALLIANCE_JOURNEY"):
        url, _, data = given.partition("|")
        yield Platform(url.rstrip("/"), Path(data))
        return
    environment = {name: value for name, value in os.environ.items() if not name.startswith(SERVER_VARIABLES)}
    with tempfile.TemporaryDirectory(prefix="alliance-journey-") as folder:
        log = Path(folder) / "up.log"
        with log.open("w") as output:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "up", "--port", "0", "--no-browser", "--data", f"{folder}/data"],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            yield Platform(_wait_until_ready(process, log), Path(folder) / "data")
        finally:
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_ready(process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        text = log.read_text(encoding="utf-8", errors="replace")
        if found := re.search(r"^READY (http://127\.0\.0\.1:\d+)/", text, re.MULTILINE):
            return found[1]
        if process.poll() is not None:
            break
        time.sleep(0.5)
    message = f"the platform did not get ready:\n{log.read_text(encoding='utf-8', errors='replace')[-4000:]}"
    raise AssertionError(message)
