"""Prints what happened at each point where a process was killed, also from the processes of a distributed run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

OUTCOMES: list[tuple[str, str, str]] = []
"""Point, what was done there, what people saw in the end; a test adds its own."""


@pytest.fixture(autouse=True)
def _report_outcomes(request: pytest.FixtureRequest) -> Iterator[None]:
    """Hand a test's outcomes to its report: reports reach the controller of a distributed run, variables do not."""
    OUTCOMES.clear()
    yield
    request.node.user_properties.extend(("fault", list(outcome)) for outcome in OUTCOMES)
    OUTCOMES.clear()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """A table, when fault tests ran."""
    rows = [
        value
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", "") == "teardown" or getattr(report, "user_properties", None)
        for name, value in getattr(report, "user_properties", ())
        if name == "fault"
    ]
    seen = list(dict.fromkeys(tuple(row) for row in rows))
    if seen:
        terminalreporter.section("faults")
        for point, deed, outcome in seen:
            terminalreporter.write_line(f"{point:<44} {deed:<34} {outcome}")
