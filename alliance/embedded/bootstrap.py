"""Roles, database, schema, functions and default privileges: what only a database superuser can lay down.

One function serves the embedded server and ``manage.py bootstrap_database`` for real ones. It can be run again at
any time: it brings what is there to the wanted state and deletes nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from alliance.embedded.errors import ServiceError

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812 - a class under a lower-case name

EXTENSIONS = ("pg_trgm", "btree_gist", "unaccent")
MINIMUM_SERVER = 180000
_LOCK = 0x616C6C69  # "alli": one bootstrap at a time per server

_ROLES = {
    "app_owner": "LOGIN CREATEDB NOSUPERUSER NOCREATEROLE NOREPLICATION NOBYPASSRLS",
    "app_rw": "LOGIN NOCREATEDB NOSUPERUSER NOCREATEROLE NOREPLICATION NOBYPASSRLS",
    "app_platform": "LOGIN NOCREATEDB NOSUPERUSER NOCREATEROLE NOREPLICATION BYPASSRLS",
    "app_search": "NOLOGIN NOCREATEDB NOSUPERUSER NOCREATEROLE NOREPLICATION BYPASSRLS",
}

# Memberships: the owner may step down to the two others (tests of grants, owner of search functions), never up.
_MEMBERSHIPS = """
GRANT app_rw TO app_owner WITH INHERIT FALSE, SET TRUE, ADMIN FALSE;
GRANT app_search TO app_owner WITH INHERIT FALSE, SET TRUE, ADMIN FALSE;
REVOKE app_owner, app_platform, app_search FROM app_rw;
REVOKE app_owner, app_rw, app_search FROM app_platform;
REVOKE app_platform FROM app_owner;
"""

_INSIDE = """
CREATE SCHEMA IF NOT EXISTS app AUTHORIZATION app_owner;
ALTER SCHEMA app OWNER TO app_owner;
GRANT USAGE ON SCHEMA app TO app_rw, app_platform, app_search;
GRANT CREATE ON SCHEMA app TO app_search;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO app_rw, app_platform, app_search;
GRANT CREATE, USAGE ON SCHEMA public TO app_owner;

CREATE OR REPLACE FUNCTION app.tenant() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT NULLIF(current_setting('app.alliance_id', true), '')::bigint $$;
ALTER FUNCTION app.tenant() OWNER TO app_owner;
GRANT EXECUTE ON FUNCTION app.tenant() TO app_rw, app_platform, app_search;

ALTER DEFAULT PRIVILEGES FOR ROLE app_owner GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO app_rw, app_platform;
ALTER DEFAULT PRIVILEGES FOR ROLE app_owner GRANT USAGE, SELECT ON SEQUENCES TO app_rw, app_platform;
ALTER DEFAULT PRIVILEGES FOR ROLE app_owner GRANT EXECUTE ON FUNCTIONS TO app_rw, app_platform;
"""


def bootstrap(
    superuser_url: str,
    *,
    database: str,
    passwords: Mapping[str, str],
    template: bool,
) -> list[str]:
    """Bring a PostgreSQL server to the state that migrations expect.

    Args:
        superuser_url: Address of the maintenance database ``postgres`` (or another) for a superuser.
        database: Name of the database to make.
        passwords: Passwords of ``app_owner``, ``app_rw`` and ``app_platform``; only verifiers are sent.
        template: Prepare ``template1`` too, so that test databases made by ``app_owner`` begin with the same
            schema, functions, extensions and default privileges.

    Returns:
        What was found or done, one line each, for the person at the terminal.

    Raises:
        ServiceError: The server is too old, refuses us, or the account is not a superuser.
    """
    import psycopg2  # noqa: PLC0415 - this module must be importable before packages are installed

    done: list[str] = []
    try:
        with _connection(superuser_url) as connection, connection.cursor() as cursor:
            _require_superuser(connection, cursor)
            cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
            done.append(_make_roles(connection, cursor, passwords))
            done.append(_make_database(connection, cursor, database))
            for name in ["template1", database] if template else [database]:
                with _connection(superuser_url, name) as inner, inner.cursor() as inside:
                    _prepare(inside)
                done.append(f"{name}: schema app, app.tenant(), {', '.join(EXTENSIONS)}, default privileges")
    except psycopg2.Error as error:
        message = f"The database server could not be prepared: {str(error).strip()}"
        raise ServiceError(message) from error
    return done


@contextlib.contextmanager
def _connection(url: str, database: str | None = None) -> Iterator[Connection]:
    import psycopg2  # noqa: PLC0415 - see bootstrap

    options: dict[str, Any] = {"dbname": database} if database else {}
    connection = psycopg2.connect(url, connect_timeout=10, application_name="alliance bootstrap", **options)
    try:
        connection.autocommit = True
        yield connection
    finally:
        connection.close()


def _require_superuser(connection: Connection, cursor: Any) -> None:
    if connection.server_version < MINIMUM_SERVER:
        message = f"PostgreSQL 18 or later is needed; this server is {connection.server_version // 10000}."
        raise ServiceError(message)
    cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    if cursor.fetchone() != (True,):
        message = "The account is no superuser: only a superuser can make roles that bypass row-level security."
        raise ServiceError(message)


def _make_roles(connection: Connection, cursor: Any, passwords: Mapping[str, str]) -> str:
    from psycopg2 import sql  # noqa: PLC0415 - see bootstrap
    from psycopg2.extensions import encrypt_password  # noqa: PLC0415 - see bootstrap

    cursor.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", [list(_ROLES)])
    present = {name for (name,) in cursor.fetchall()}
    for role, attributes in _ROLES.items():
        name = sql.Identifier(role)
        verb = sql.SQL("ALTER ROLE {} {}" if role in present else "CREATE ROLE {} {}")
        cursor.execute(verb.format(name, sql.SQL(attributes)))
        if role in passwords:
            verifier = encrypt_password(passwords[role], role, scope=connection, algorithm="scram-sha-256")
            cursor.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(name, sql.Literal(verifier)))
    cursor.execute("SET client_min_messages = error")  # revoking what was never granted warns
    cursor.execute(_MEMBERSHIPS)
    cursor.execute("RESET client_min_messages")
    made = [role for role in _ROLES if role not in present]
    return f"roles: {', '.join(_ROLES)}" + (f" (new: {', '.join(made)})" if made else "")


def _make_database(connection: Connection, cursor: Any, database: str) -> str:
    from psycopg2 import sql  # noqa: PLC0415 - see bootstrap

    name = sql.Identifier(database)
    cursor.execute("SELECT datlocprovider, datlocale, datctype FROM pg_database WHERE datname = %s", [database])
    found = cursor.fetchone()
    if found is None:
        # template0 with these words sorts the same wherever it is made, whatever the server's own locale.
        cursor.execute(
            sql.SQL(
                "CREATE DATABASE {} OWNER app_owner TEMPLATE template0 ENCODING 'UTF8' "
                "LOCALE 'C.UTF-8' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"
            ).format(name)
        )
        text = f"database {database}: made"
    else:
        cursor.execute(sql.SQL("ALTER DATABASE {} OWNER TO app_owner").format(name))
        text = f"database {database}: found"
        if found[0] != "b" or found[1] != "C.UTF-8" or found[2] != "C.UTF-8":
            text += f"; WARNING: its locale is {found}, not builtin C.UTF-8: it sorts and searches otherwise"
    cursor.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
    cursor.execute(sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO app_rw, app_platform").format(name))
    return text


def _prepare(cursor: Any) -> None:
    cursor.execute("SET client_min_messages = warning")
    for extension in EXTENSIONS:
        cursor.execute(f"CREATE EXTENSION IF NOT EXISTS {extension} SCHEMA public")
    cursor.execute(_INSIDE)
