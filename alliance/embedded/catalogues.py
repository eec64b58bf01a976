"""Compiled message catalogues: git holds their sources only, so a fresh checkout has none."""

from __future__ import annotations

import subprocess
import sys

from alliance.embedded.errors import ServiceError
from alliance.embedded.folders import BASE_DIR


def are_stale() -> bool:
    """True when a message catalogue has no compiled form, or one older than itself."""
    for source in BASE_DIR.glob("locale/*/LC_MESSAGES/*.po"):
        compiled = source.with_suffix(".mo")
        if not compiled.exists() or compiled.stat().st_mtime < source.stat().st_mtime:
            return True
    return False


def compile_stale() -> None:
    """Compile the catalogues when one is stale, in a process of its own: the caller has not set Django up yet.

    Raises:
        ServiceError: A catalogue cannot be read; the text says which and why.
    """
    if are_stale():
        command = [sys.executable, str(BASE_DIR / "manage.py"), "compile_catalogues"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            message = f"The message catalogues cannot be compiled:\n{done.stderr.strip()}"
            raise ServiceError(message)
