"""The four roles and what a database made by app_owner begins with."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import psycopg2
import pytest
from django.db import connection

from alliance.embedded import EmbeddedServices, ServiceError
from alliance.embedded.bootstrap import bootstrap
from alliance.embedded.migrated import with_database

PASSWORDS = {"app_owner": "owner-word", "app_rw": "rw-word", "app_platform": "platform-word"}


@pytest.fixture
def as_app(transactional_db: None) -> Iterator[Any]:
    """A second connection to the test database, as the role of web and worker."""
    url = with_database(os.environ["DATABASE_URL"], connection.settings_dict["NAME"])
    other = psycopg2.connect(url)
    with other.cursor() as cursor:
        yield cursor
    other.close()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("role", "login", "bypasses", "creates_databases"),
    [
        ("app_owner", True, False, True),
        ("app_rw", True, False, False),
        ("app_platform", True, True, False),
        ("app_search", False, True, False),
    ],
)
def test_each_role_has_exactly_its_attributes(role: str, login: bool, bypasses: bool, creates_databases: bool) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolcanlogin, rolbypassrls, rolcreatedb, rolsuper, rolcreaterole, rolreplication "
            "FROM pg_roles WHERE rolname = %s",
            [role],
        )

        assert cursor.fetchone() == (login, bypasses, creates_databases, False, False, False)


@pytest.mark.django_db
def test_tests_run_as_the_owner_whom_forced_policies_bind() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")

        assert cursor.fetchone() == ("app_owner", False, False)


@pytest.mark.parametrize("role", ["app_platform", "app_owner", "app_search", "postgres"])
def test_the_web_role_cannot_become_another_one(as_app: Any, role: str) -> None:
    as_app.execute("SELECT current_user")
    assert as_app.fetchone() == ("app_rw",)

    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        as_app.execute(f"SET ROLE {role}")


@pytest.mark.parametrize(
    "statement",
    ["TRUNCATE django_session", "CREATE TABLE intruder ()", "CREATE TABLE app.intruder ()", "DROP TABLE django_session"],
)
def test_the_web_role_changes_rows_and_nothing_else(as_app: Any, statement: str) -> None:
    as_app.execute("SELECT count(*) FROM django_session")

    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        as_app.execute(statement)


@pytest.mark.django_db
def test_tables_made_later_are_open_to_the_web_role_but_not_to_the_search_role() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE made_later (id bigserial PRIMARY KEY)")
        cursor.execute(
            "SELECT r, has_table_privilege(r, 'made_later', 'SELECT, INSERT, UPDATE, DELETE'),"
            " has_table_privilege(r, 'made_later', 'TRUNCATE'), has_sequence_privilege(r, 'made_later_id_seq', 'USAGE') "
            "FROM unnest(ARRAY['app_platform', 'app_rw', 'app_search']) AS r ORDER BY r"
        )

        assert cursor.fetchall() == [
            ("app_platform", True, False, True),
            ("app_rw", True, False, True),
            ("app_search", False, False, False),
        ]


@pytest.mark.django_db
@pytest.mark.parametrize(("setting", "tenant"), [(None, None), ("", None), ("42", 42)])
def test_the_tenant_function_reads_the_setting_and_takes_empty_for_none(setting: str | None, tenant: int | None) -> None:
    with connection.cursor() as cursor:
        if setting is not None:
            cursor.execute("SELECT set_config('app.alliance_id', %s, true)", [setting])
        cursor.execute("SELECT app.tenant()")

        assert cursor.fetchone() == (tenant,)


@pytest.mark.django_db
def test_the_owner_can_hand_a_function_to_the_search_role_and_step_down_to_it() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE FUNCTION app.probe() RETURNS name LANGUAGE sql SECURITY DEFINER AS 'SELECT current_user'")
        cursor.execute("ALTER FUNCTION app.probe() OWNER TO app_search")
        cursor.execute("SELECT app.probe()")

        assert cursor.fetchone() == ("app_search",)


@pytest.mark.django_db
def test_chinese_has_trigrams_accents_fold_and_sorting_is_by_code_point() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT similarity('工业智库联盟', '工业智库'), unaccent('Zürich'), lower('ÉCOLE')")
        assert cursor.fetchone() == (0.5, "Zurich", "école")
        cursor.execute("SELECT string_agg(t, '' ORDER BY t) FROM unnest(ARRAY['b', 'a', 'B', '中', 'é']) AS t")

        assert cursor.fetchone() == ("Babé中",)


def test_preparing_a_server_twice_changes_nothing_and_keeps_the_data(instance: EmbeddedServices) -> None:
    superuser = instance.postgres.url("postgres", "postgres")
    bootstrap(superuser, database="real", passwords=PASSWORDS, template=False)
    owner = _url(instance, "app_owner", "real")
    _run(owner, "CREATE TABLE kept (id int); INSERT INTO kept VALUES (7)")

    done = bootstrap(superuser, database="real", passwords=PASSWORDS, template=False)

    assert any(line.startswith("database real: found") for line in done)
    assert _run(_url(instance, "app_rw", "real"), "SELECT id, current_user FROM kept") == [(7, "app_rw")]


def test_only_the_three_roles_may_connect_to_a_prepared_database(instance: EmbeddedServices) -> None:
    superuser = instance.postgres.url("postgres", "postgres")
    bootstrap(superuser, database="closed", passwords=PASSWORDS, template=False)
    _run(superuser, "CREATE ROLE stranger LOGIN PASSWORD 'stranger-word'")

    with pytest.raises(psycopg2.OperationalError, match="permission denied"):
        _run(_url(instance, "stranger", "closed", "stranger-word"), "SELECT 1")


def test_an_account_that_is_no_superuser_is_told_so(instance: EmbeddedServices) -> None:
    bootstrap(instance.postgres.url("postgres", "postgres"), database="real", passwords=PASSWORDS, template=False)

    with pytest.raises(ServiceError, match="no superuser"):
        bootstrap(_url(instance, "app_owner", "postgres"), database="real", passwords=PASSWORDS, template=False)


def test_a_server_that_does_not_answer_is_named_as_the_reason(scratch: os.PathLike[str]) -> None:
    with pytest.raises(ServiceError, match="could not be prepared"):
        bootstrap(f"postgres://postgres@/postgres?host={scratch}", database="real", passwords={}, template=False)


def _url(instance: EmbeddedServices, role: str, database: str, password: str | None = None) -> str:
    host = urlsplit(instance.postgres.url("postgres")).netloc.rpartition("@")[2]
    return f"postgres://{role}:{password or PASSWORDS[role]}@{host}/{database}"


def _run(url: str, statement: str) -> list[Any]:
    own = psycopg2.connect(url)
    try:
        with own, own.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        own.close()
