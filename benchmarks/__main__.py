"""``python -m benchmarks [NAME ...]``: prints one JSON line per figure; exit status 1 when a bar is missed."""

from __future__ import annotations

import importlib
import sys

from benchmarks.harness import fill, platform

NAMES = ("isolation", "paging", "api", "public_page", "growth", "pipeline", "memory", "imports", "audit_log")


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all."""
    unknown = set(names) - set(NAMES)
    if unknown:
        print(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(NAMES)}", file=sys.stderr)
        return 2
    with platform() as addresses:
        if not names or set(names) - {"growth", "pipeline"}:  # they make rows of their own
            fill(addresses)
        results = [
            result for name in names or NAMES for result in importlib.import_module(f"benchmarks.{name}").run(addresses)
        ]
    return 0 if all(result.ok for result in results) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
