"""``python -m alliance.embedded.browser``: prints the path of a browser for the tests, installing one if it must."""

from __future__ import annotations

import glob
import os
import shutil
import subprocess
import sys
from pathlib import Path

from alliance.embedded.errors import ServiceError

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_PACKAGES = ("chromium", "fonts-noto-cjk")
_ADVICE = (
    "The browser tests need Chromium and a Chinese font. As root:\n"
    "  apt-get update && apt-get install -y --no-install-recommends chromium fonts-noto-cjk\n"
    "or, as yourself:\n"
    "  .venv/bin/playwright install chromium\n"
    "BROWSER_PATH=/path/to/chromium uses another one; ./check --no-browser-tests leaves these tests out."
)


def find() -> str | None:
    """A browser that is already there: ``BROWSER_PATH``, then PATH, then playwright's own download.

    Raises:
        ServiceError: BROWSER_PATH names no program.
    """
    if given := os.environ.get("BROWSER_PATH"):
        if os.access(given, os.X_OK) and Path(given).is_file():
            return given
        message = f"BROWSER_PATH={given} is no program that can be run."
        raise ServiceError(message)
    for name in _NAMES:
        if path := shutil.which(name):
            return path
    base = os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path("~/.cache/ms-playwright").expanduser()
    own = sorted(glob.glob(f"{base}/chromium-*/chrome-linux*/chrome"))  # noqa: PTH207 - the base may hold wildcards' escape
    return own[-1] if own else None


def has_chinese_font() -> bool:
    """True when fontconfig knows a font for Chinese; also when there is no fontconfig to ask."""
    tool = shutil.which("fc-list")
    if tool is None:
        return True
    answer = subprocess.run([tool, ":lang=zh-cn", "family"], check=False, capture_output=True, text=True)  # noqa: S603
    return bool(answer.stdout.strip())


def install() -> None:
    """Install browser and font: by apt as root, else by playwright. What they print goes to standard error."""
    apt = shutil.which("apt-get")
    if os.geteuid() == 0 and apt is not None:
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        print(f"Installing {' and '.join(_PACKAGES)} ...", file=sys.stderr)  # noqa: T201 - told to the terminal
        for command in (
            [apt, "update", "-qq"],
            [apt, "install", "-y", "-qq", "--no-install-recommends", *_PACKAGES],
        ):
            subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=sys.stderr, env=environment)  # noqa: S603
        return
    print("Asking playwright for Chromium ...", file=sys.stderr)  # noqa: T201 - told to the terminal
    subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "playwright", "install", "chromium"],
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
    )


def main() -> int:
    """Print the path and return 0, or say what to type and return 1."""
    try:
        found = find()
        if found is None or (os.geteuid() == 0 and not has_chinese_font()):
            install()
            found = find()
    except ServiceError as error:
        print(error, file=sys.stderr)  # noqa: T201 - told to the terminal
        return 1
    if found is None:
        print(_ADVICE, file=sys.stderr)  # noqa: T201 - told to the terminal
        return 1
    print(found)  # noqa: T201 - the answer
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
