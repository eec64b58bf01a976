"""``python -m benchmarks [--small] [NAME ...]``: prints one JSON line per figure; exit status 1 when a bar is missed."""

from __future__ import annotations

import importlib
import os
import sys

from benchmarks.harness import fill, platform

NAMES = ("isolation", "paging", "api", "public_page", "growth", "pipeline", "memory", "imports", "audit_log", "matching")


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all; ``--small`` shortens those that can be."""
    if "--small" in names:
        names = [name for name in names if name != "--small"]
        os.environ["BENCHMARKS_SMALL"] = "1"
    unknown = set(names) - set(NAMES)
    if unknown:
        print(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(NAMES)}", file=sys.stderr)
        return 2
    with platform() as addresses:
        if not names or set(names) - {"growth", "pipeline", "matching"}:  # they make rows of their own
            fill(addresses)
        results = [
            result for name in names or NAMES for result in importlib.import_module(f"benchmarks.{name}").run(addresses)
        ]
    return 0 if all(result.ok for result in results) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
