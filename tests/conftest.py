"""Fixtures that every test may use.

Tests run as the owner of the tables, whom forced row-level security binds too: outside ``act`` (or
``tenancy.acting_in``) tenant tables read 0 rows.
"""

from __future__ import annotations

import faulthandler
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.core.handlers.base import BaseHandler
from django.db import connection
from django.db.backends.postgresql.operations import DatabaseOperations
from django.test import Client
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from alliance.choices import AllianceRole
from alliance.kernel import tenancy
from alliance.models import Alliance, User
from tests.factories.alliance import give_second_factor, make_alliance, make_member
from tests.forgetting import forget_everything

# Machines are noisy: neither the time of an example nor that of making one says anything about the program.
hypothesis_settings.register_profile("alliance", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("alliance")

ClientFor = Callable[..., Client]
END_SECONDS = 300
"""How long a test run may take to end after its last test: workers, servers and browsers stop."""
APPEND_ONLY = ("alliance_auditentry", "alliance_auditleaf", "alliance_treehead")


class TenantClient(Client):
    """A test client whose requests meet the database as a server's connection does.

    Inside a test's own transaction the backend cannot announce the alliance, for no transaction opens. So the view's
    savepoint announces it, and around it nothing is announced: a middleware that reads tenant rows sees none, as in life.
    """

    def request(self, **request: Any) -> Any:
        """Send the request without a tenant; restore the test's own afterwards."""
        if not connection.in_atomic_block:
            token = tenancy.enter(None)
            try:
                return super().request(**request)
            finally:
                tenancy.leave(token)
        before = tenancy.acting_alliance_id()
        tenancy.announce(connection, None)
        token = tenancy.enter(None)
        try:
            return super().request(**request)
        finally:
            tenancy.leave(token)
            if not connection.needs_rollback:
                tenancy.announce(connection, before)


@pytest.fixture(autouse=True)
def _views_announce_their_alliance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a view's savepoint announce the alliance where no transaction opens (see TenantClient)."""
    original = BaseHandler.make_view_atomic

    def make_view_atomic(self: BaseHandler, view: Any) -> Any:
        if not connection.in_atomic_block:
            return original(self, view)

        def announced(request: Any, *args: Any, **kwargs: Any) -> Any:
            tenancy.announce(connection, tenancy.acting_alliance_id())
            return view(request, *args, **kwargs)

        def run(request: Any, *args: Any, **kwargs: Any) -> Any:
            try:
                return original(self, announced)(request, *args, **kwargs)
            finally:
                if not connection.needs_rollback:
                    tenancy.announce(connection, None)

        return run

    monkeypatch.setattr(BaseHandler, "make_view_atomic", make_view_atomic)


@pytest.fixture(autouse=True)
def _nothing_remembered_from_another_test() -> None:
    """Pages are kept in the cache, other things in the process, under addresses and keys that tests use again and again."""
    cache.clear()
    forget_everything()


@pytest.fixture(autouse=True, scope="session")
def _audit_log_can_be_emptied_between_tests() -> Iterator[None]:
    """Transactional tests empty every table; the owner lifts the audit log's guard for that moment only."""
    original = DatabaseOperations.sql_flush

    def sql_flush(self: DatabaseOperations, style: Any, tables: Any, **options: Any) -> list[str]:
        statements: list[str] = original(self, style, tables, **options)
        if not statements:
            return statements
        guarded = [table for table in APPEND_ONLY if table in tables]
        lift = [f'ALTER TABLE "{table}" DISABLE TRIGGER "{table}_no_truncate"' for table in guarded]
        restore = [f'ALTER TABLE "{table}" ENABLE TRIGGER "{table}_no_truncate"' for table in guarded]
        return [*lift, *statements, *restore]

    patch = pytest.MonkeyPatch()
    patch.setattr(DatabaseOperations, "sql_flush", sql_flush)
    yield
    patch.undo()


@pytest.fixture
def alliance(db: None) -> Alliance:
    """The alliance under test; not a demonstration."""
    return make_alliance("under-test")


@pytest.fixture
def other_alliance(db: None) -> Alliance:
    """A second alliance, whose rows nobody of the first may meet."""
    return make_alliance("other")


@pytest.fixture
def act(alliance: Alliance) -> Iterator[Alliance]:
    """Act in the alliance under test for the whole test."""
    with tenancy.acting_in(alliance):
        yield alliance


@pytest.fixture
def secretary(alliance: Alliance) -> User:
    """A member of the secretariat."""
    return make_member(alliance, AllianceRole.SECRETARIAT, email="secretary@example.org", name_en="Lin Hui")


@pytest.fixture
def office_admin(alliance: Alliance) -> User:
    """An office administrator."""
    return make_member(alliance, AllianceRole.OFFICE_ADMIN, email="office@example.org")


@pytest.fixture
def committee_member(alliance: Alliance) -> User:
    """A member of the management committee."""
    return make_member(alliance, AllianceRole.COMMITTEE, email="committee@example.org")


@pytest.fixture
def auditor(alliance: Alliance) -> User:
    """An audit administrator."""
    return make_member(alliance, AllianceRole.AUDITOR, email="auditor@example.org")


@pytest.fixture
def stranger(alliance: Alliance, other_alliance: Alliance) -> User:
    """The secretary of the other alliance: somebody here, nobody there."""
    return make_member(other_alliance, AllianceRole.SECRETARIAT, email="stranger@example.org")


@pytest.fixture
def client() -> Client:
    """A client that is not signed in."""
    return TenantClient()


@pytest.fixture
def client_for() -> ClientFor:
    """``client_for(user)``: a client signed in as that person, with a second factor set up; ``client_for(None)``: nobody."""

    def make(user: User | None = None, **options: Any) -> Client:
        client = TenantClient(**options)
        if user is not None:
            if not user.is_demonstration:
                give_second_factor(user)
            client.force_login(user, backend="alliance.kernel.permissions.RoleBackend")
        return client

    return make


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish() -> None:
    """Nor may the end hang: what is not over after this time ends with the stacks of all threads.

    A test that hangs is ended by ``faulthandler_timeout`` in pyproject.toml.
    """
    faulthandler.dump_traceback_later(END_SECONDS, exit=True)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """A worker that has cleaned up may wait for the others as long as they take; the run itself must still end."""
    if hasattr(config, "workerinput"):
        faulthandler.cancel_dump_traceback_later()


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """The system's Chromium, which the plugin found, without traffic of its own; no sandbox for root only.

    What a page is expected to show may take a minute on a busy machine; only a test that fails waits that long.
    """
    from playwright.sync_api import expect  # noqa: PLC0415 - most runs drive no browser

    expect.set_options(timeout=60_000)
    flags = ["background-networking", "component-update", "sync"]
    arguments = [*(f"--disable-{flag}" for flag in flags), "--no-first-run", "--disable-quic", "--disable-gpu"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    return {"executable_path": os.environ.get("BROWSER_PATH"), "args": arguments}
