"""Named places where a test may kill the process, to prove that nothing is lost or done twice.

Outside tests the call costs one dictionary look-up and does nothing.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path


def point(name: str) -> None:
    """Die here by SIGKILL, once, when the environment asks for it.

    ``ALLIANCE_FAULT`` holds ``name@file``, several joined by ``;``: the process is killed at the point ``name`` if ``file``
    does not exist yet; the file is made first, so that the next process passes.
    """
    wish = os.environ.get("ALLIANCE_FAULT")
    if not wish:
        return
    for one in wish.split(";"):
        wanted, _, marker = one.partition("@")
        if wanted == name and marker and not Path(marker).exists():
            Path(marker).touch()
            os.kill(os.getpid(), signal.SIGKILL)
