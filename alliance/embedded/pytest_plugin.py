"""Starts PostgreSQL and Valkey for a test run, before pytest-django reads the settings.

Named in pyproject.toml: ``addopts = "-p alliance.embedded.pytest_plugin"``. Only the controller of a distributed run
starts servers; its workers inherit the addresses. ``ALLIANCE_TEST_SERVICES=DIR`` uses the PostgreSQL of a running
``python -m alliance.embedded.testserver DIR``; ``DATABASE_URL`` and ``REDIS_URL`` choose real servers.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Generator
from pathlib import Path

import pytest
from _pytest.terminal import TerminalReporter

from alliance.embedded import browser, catalogues
from alliance.embedded.errors import ServiceError
from alliance.embedded.folders import DataFolder
from alliance.embedded.migrated import ensure_template, with_database
from alliance.embedded.postgres import Postgres
from alliance.embedded.processes import is_alive
from alliance.embedded.services import EmbeddedServices, is_given

_NO_BROWSER = "--no-browser-tests"
_PREFIX = "alliance-test-run-"
_ADDRESSES = ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_PLATFORM_URL")
_running: list[EmbeddedServices] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    """One option: leaving the browser tests out must be said, it never happens by itself."""
    parser.addoption(_NO_BROWSER, action="store_true", help="skip the tests marked journey; refused in CI")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, None, None]:
    """A conftest would be too late: pytest-django loads the settings in its own hook of this name."""
    options = early_config.known_args_namespace
    if "PYTEST_XDIST_WORKER" not in os.environ and not options.help and not options.version:
        os.environ["DJANGO_SETTINGS_MODULE"] = "alliance.settings.test"
        os.environ["ALLIANCE_DB_ROLE"] = "owner"
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # live_server beside playwright's synchronous client
        if os.environ.get("CI") and options.no_browser_tests:
            message = f"{_NO_BROWSER} is not for CI: there every test must run."
            raise pytest.UsageError(message)
        try:
            if path := browser.find():
                os.environ["BROWSER_PATH"] = path
            catalogues.compile_stale()
            _provide()
        except ServiceError as error:
            raise pytest.UsageError(str(error)) from error
    return (yield)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip the browser tests when that was asked for."""
    if config.getoption("no_browser_tests"):
        for item in items:
            if item.get_closest_marker("journey"):
                item.add_marker(pytest.mark.skip(reason=f"left out by {_NO_BROWSER}"))


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """Before the first test that needs the database: have it copied from a migrated one."""
    if fixturedef.argname == "django_db_setup" and not request.config.getoption("nomigrations"):
        from django.db import connections

        if template := ensure_template(os.environ["DATABASE_OWNER_URL"]):
            connections["default"].settings_dict["TEST"]["TEMPLATE"] = template
    return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a skipped test is a failure: there is nothing that CI may lack."""
    reporter: TerminalReporter | None = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter is not None and session.exitstatus == pytest.ExitCode.OK:
        skipped = reporter.stats.get("skipped", [])
        if skipped:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
            reporter.write_line(f"\nCI allows no skipped test; skipped: {', '.join(report.nodeid for report in skipped)}")


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Stop what this run started."""
    _stop()


def _provide() -> None:
    _remove_abandoned()
    base = Path(tempfile.mkdtemp(prefix=_PREFIX))
    atexit.register(_stop)
    shared = os.environ.get("ALLIANCE_TEST_SERVICES")
    environment = {name: value for name, value in os.environ.items() if name.startswith(("DATABASE_URL", "REDIS_URL"))}
    if shared:
        environment.setdefault("DATABASE_URL", "shared")
    services = EmbeddedServices(base, test=True, kind="test", environment=environment)
    _running.append(services)
    services.start()
    os.environ.update(services.environment())
    if shared and not is_given("DATABASE_URL"):
        os.environ.update(_shared_database(Path(shared)))
    if is_given("DATABASE_URL") and not is_given("DATABASE_OWNER_URL"):
        message = "DATABASE_URL is set, DATABASE_OWNER_URL is not: the tests make their database as app_owner."
        raise ServiceError(message)


def _shared_database(path: Path) -> dict[str, str]:
    """Addresses in a long-running test instance, with a database name that no other run uses."""
    instance = EmbeddedServices(path, test=True, environment={})
    if not (instance.state().get("ready") and instance.is_served()):
        message = (
            f"ALLIANCE_TEST_SERVICES={path}: no instance is ready there. "
            f"Start one with: python -m alliance.embedded.testserver {path}"
        )
        raise ServiceError(message)
    _drop_abandoned(instance.postgres)
    found = instance.environment()
    return {name: with_database(found[name], f"alliance_{os.getpid()}") for name in _ADDRESSES}


def _drop_abandoned(postgres: Postgres) -> None:
    """Drop the test databases of runs that were killed before they could."""
    import psycopg2
    from psycopg2 import sql

    connection = psycopg2.connect(postgres.url("postgres", "postgres"))
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE 'test\\_alliance\\_%'")
            for (name,) in cursor.fetchall():
                owner = re.match(r"test_alliance_(\d+)", name)
                if owner and not is_alive(int(owner[1])):
                    with contextlib.suppress(psycopg2.Error):  # another run drops it at the same time
                        cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
    finally:
        connection.close()


def _remove_abandoned() -> None:
    """Delete the folders of runs that were killed: those that are ours, an hour old and served by nobody."""
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            found = path.lstat()
            old = found.st_mtime < time.time() - 3600
            if old and found.st_uid == os.geteuid() and not EmbeddedServices(path, environment={}).is_served():
                remove_instance(DataFolder(path))


def _stop() -> None:
    while _running:
        services = _running.pop()
        services.stop()
        remove_instance(services.folder)


def remove_instance(folder: DataFolder) -> None:
    """Delete a stopped instance: its data folder, its sockets, and the data that root keeps elsewhere."""
    with contextlib.suppress(OSError, ServiceError):
        cluster = Postgres(folder).cluster(Postgres.account()).parent
        shutil.rmtree(folder.socket_folder, ignore_errors=True)
        if cluster != folder.path:
            shutil.rmtree(cluster, ignore_errors=True)
    shutil.rmtree(folder.path, ignore_errors=True)
