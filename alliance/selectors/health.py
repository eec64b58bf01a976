"""Whether the servers this platform needs answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Check:
    """One server's answer."""

    name: str
    ok: bool
    problem: str = ""


def check_readiness(connection: Any, cache: Any) -> list[Check]:
    """Ask the database, the cache and a Celery worker; each answer counts for itself."""
    checks = []
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        checks.append(Check("database", ok=True))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is not ready
        checks.append(Check("database", ok=False, problem=type(error).__name__))
    try:
        cache.set("readyz", 1, 5)
        checks.append(Check("queue", ok=cache.get("readyz") == 1))
    except Exception as error:  # noqa: BLE001 - likewise
        checks.append(Check("queue", ok=False, problem=type(error).__name__))
    try:
        from alliance.celery import app  # noqa: PLC0415 - only when asked

        checks.append(Check("worker", ok=bool(app.control.ping(timeout=1.0, limit=1)), problem="no worker answered"))
    except Exception as error:  # noqa: BLE001 - likewise
        checks.append(Check("worker", ok=False, problem=type(error).__name__))
    return checks
