"""Which alliance the running code acts in, for the ORM and for row-level security.

Two walls: the ORM filter (``.of(alliance)``) and PostgreSQL's forced policies, which compare ``alliance_id`` with the
setting ``app.alliance_id``. This module is the only place that writes that setting.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from django.db import connections, transaction

if TYPE_CHECKING:
    from alliance.models import Alliance

_acting: ContextVar[int | None] = ContextVar("acting_alliance_id", default=None)


def acting_alliance_id() -> int | None:
    """The primary key of the alliance acted in, or None outside any."""
    return _acting.get()


def announce(connection: Any, alliance_id: int | None) -> None:
    """Tell the open transaction of a connection which alliance acts; None means no alliance."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.alliance_id', %s, true)", ["" if alliance_id is None else str(alliance_id)])


def enter(alliance_id: int | None) -> Any:
    """Set the acting alliance for code that opens its own transactions (requests); returns a token for :func:`leave`."""
    return _acting.set(alliance_id)


def leave(token: Any) -> None:
    """Return to the alliance that acted before :func:`enter`."""
    _acting.reset(token)


@contextmanager
def acting_in(alliance: Alliance | int, *, using: str = "default") -> Iterator[None]:
    """Act in one alliance inside one transaction; the way for tasks, commands and tests.

    Nested use is allowed: the outer alliance is announced again afterwards. A savepoint that is rolled back takes a
    setting made inside it away, hence the second announcement also after an error.

    Args:
        alliance: The alliance, or its primary key.
        using: Database alias.
    """
    alliance_id = alliance if isinstance(alliance, int) else alliance.pk
    connection = connections[using]
    nested = connection.in_atomic_block or not connection.get_autocommit()
    before = _acting.get()
    token = _acting.set(alliance_id)
    try:
        with transaction.atomic(using=using):
            if nested:  # a transaction that opens here is told by the backend, and forgets with its end
                announce(connection, alliance_id)
            yield
            if nested and connection.in_atomic_block and not connection.needs_rollback:
                announce(connection, before)
    finally:
        _acting.reset(token)


def read_row(alliance: Alliance, sql: str, params: dict[str, Any]) -> tuple[Any, ...] | None:
    """The first row of one reading statement, asked in the alliance with a single round trip.

    Statements sent together are one transaction, so that the setting is there for the second one and gone afterwards, also
    behind a transaction-pooling proxy. Inside a transaction the ordinary way is taken.

    Args:
        alliance: The alliance.
        sql: One SELECT.
        params: Its parameters, by name.
    """
    connection = connections["default"]
    if connection.in_atomic_block or not connection.get_autocommit():
        with acting_in(alliance), connection.cursor() as cursor:
            cursor.execute(sql, params)
            row: tuple[Any, ...] | None = cursor.fetchone()
            return row
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT set_config('app.alliance_id', %(acting_alliance)s, true);{sql}",
            {**params, "acting_alliance": str(alliance.pk)},
        )
        found: tuple[Any, ...] | None = cursor.fetchone()
        return found
