"""Whether the servers this platform needs answer."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alliance.kernel.queues import QUEUES

if TYPE_CHECKING:
    from celery import Celery
    from kombu import Connection

WORKER_ANSWER_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Check:
    """One server's answer.

    Attributes:
        name: ``database``, ``migrations``, ``cache``, ``queue`` or ``worker``.
        ok: Whether it is ready.
        problem: The kind of error in words of the program; empty when it is ready.
    """

    name: str
    ok: bool
    problem: str = ""


def check_readiness(connection: Any, cache: Any) -> list[Check]:
    """Ask the database, the cache, the queue and Celery workers for all queues; each answer counts for itself.

    A worker that is busy still answers, for its controlling process does.
    """
    return [_check_database(connection), _check_cache(cache), *_check_queue()]


def _check_database(connection: Any) -> Check:
    from django.db.migrations.executor import MigrationExecutor  # noqa: PLC0415 - only when asked

    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return Check("database", ok=False, problem="migrations are missing")
    except Exception as error:  # noqa: BLE001 - whatever it is, it is not ready
        return Check("database", ok=False, problem=type(error).__name__)
    return Check("database", ok=True)


def _check_cache(cache: Any) -> Check:
    try:
        cache.set("readyz", 1, 5)
        found = cache.get("readyz") == 1
    except Exception as error:  # noqa: BLE001 - likewise
        return Check("cache", ok=False, problem=type(error).__name__)
    return Check("cache", ok=found, problem="" if found else "a stored value did not come back")


def _check_queue() -> list[Check]:
    from alliance.celery import app  # noqa: PLC0415 - only when asked

    try:
        with app.connection_for_write(connect_timeout=2) as broker:
            broker.ensure_connection(max_retries=1, timeout=2)
            queue = Check("queue", ok=True)
            unserved = _find_unserved_queues(app, broker)
    except Exception as error:  # noqa: BLE001 - likewise
        problem = type(error).__name__
        return [Check("queue", ok=False, problem=problem), Check("worker", ok=False, problem="the queue does not answer")]
    problem = f"no worker takes from {', '.join(sorted(unserved))}" if unserved else ""
    return [queue, Check("worker", ok=not unserved, problem=problem)]


class _AllServed(Exception):  # noqa: N818 - good news
    """Enough workers have answered."""


def _find_unserved_queues(app: Celery, broker: Connection) -> set[str]:
    """Queues that no worker names as its own; listens until each is named, else until nobody answers any more."""
    unserved = set(QUEUES)

    def note(answer: dict[str, list[dict[str, Any]]]) -> None:
        unserved.difference_update(queue["name"] for queues in answer.values() for queue in queues)
        if not unserved:
            raise _AllServed

    with suppress(_AllServed):
        app.control.inspect(timeout=WORKER_ANSWER_SECONDS, callback=note, connection=broker).active_queues()
    return unserved
