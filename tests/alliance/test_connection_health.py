"""A kept connection is asked whether it works only when there is reason to."""

from __future__ import annotations

import pytest
from django.db import close_old_connections, connection
from django.test.utils import CaptureQueriesContext

from alliance.kernel.postgres import base


@pytest.fixture
def kept(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that is kept between requests and was used a moment ago."""
    monkeypatch.setitem(connection.settings_dict, "CONN_HEALTH_CHECKS", True)
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 60)
    connection.close()
    connection.ensure_connection()
    close_old_connections()


def backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


@pytest.mark.parametrize(("pause", "asked"), [(0.0, 0), (base.BELIEVED_SECONDS + 1, 1)])
def test_the_server_is_asked_after_a_pause_only(
    kept: None, monkeypatch: pytest.MonkeyPatch, pause: float, asked: int
) -> None:
    calls: list[bool] = []
    usable = connection.is_usable

    def asked_for() -> bool:
        calls.append(True)
        return usable()

    monkeypatch.setattr(connection, "is_usable", asked_for)
    monkeypatch.setattr(base, "BELIEVED_SECONDS", base.BELIEVED_SECONDS - pause)

    with CaptureQueriesContext(connection) as queries:
        backend()

    assert len(calls) == asked
    assert len(queries) == 1


def test_a_connection_that_the_server_ended_is_replaced_at_once(kept: None) -> None:
    before = backend()
    close_old_connections()
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [before])
    other.close()

    assert backend() != before
