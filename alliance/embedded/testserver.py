"""``python -m alliance.embedded.testserver DIR``: a test instance in the foreground, for many short test runs.

Runs of pytest with ``ALLIANCE_TEST_SERVICES=DIR`` use its PostgreSQL, each with databases of its own, instead of
starting one; the cache is each run's own all the same.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from alliance.embedded.errors import ServiceError
from alliance.embedded.services import EmbeddedServices
from alliance.embedded.session import install_signal_handlers


def main(arguments: Sequence[str] | None = None) -> int:
    """Start, wait for a signal, stop; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m alliance.embedded.testserver", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder of the instance, made when missing")
    options = parser.parse_args(arguments)
    install_signal_handlers()
    services = EmbeddedServices(options.folder, test=True, kind="test", environment={})
    try:
        services.start()
    except ServiceError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command's answer
        return 1
    try:
        print(f"READY ALLIANCE_TEST_SERVICES={services.folder.path}", flush=True)  # noqa: T201 - a command's answer
        while True:
            signal.pause()
    except (KeyboardInterrupt, SystemExit):
        return 0
    finally:
        services.stop()


if __name__ == "__main__":
    raise SystemExit(main())
