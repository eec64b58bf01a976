"""Prints what happened at each point where a process was killed."""

from __future__ import annotations

from typing import Any

OUTCOMES: list[tuple[str, str, str]] = []
"""Point, what was done there, what people saw in the end."""


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """A small table, when fault tests ran."""
    if OUTCOMES:
        terminalreporter.section("killed processes")
        for point, deed, outcome in OUTCOMES:
            terminalreporter.write_line(f"{point:<36} {deed:<24} {outcome}")
