"""A migrated database that test databases are copied from: migrations run once per state of their files, not per run.

Copying takes half a second, migrating ten. In a long-running test instance the copies' source outlives the run.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from alliance.embedded.folders import BASE_DIR

PREFIX = "alliance_template_"
_KEEP = 4
_LOCK = 0x74706C74  # "tplt"
_ADDRESSES = ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_PLATFORM_URL")


def with_database(url: str, database: str) -> str:
    """The same address with another database name."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


def template_name() -> str:
    """Names the state of everything that migrations are made of."""
    digest = hashlib.sha256()
    sources = [
        BASE_DIR / "requirements.lock",
        BASE_DIR / "alliance" / "embedded" / "bootstrap.py",
        *sorted((BASE_DIR / "alliance" / "kernel" / "postgres").glob("*.py")),
        *sorted(BASE_DIR.glob("*/migrations/*.py")),
    ]
    for path in sources:
        digest.update(f"{path.relative_to(BASE_DIR)}\n".encode() + path.read_bytes())
    return f"{PREFIX}{digest.hexdigest()[:16]}"


def ensure_template(owner_url: str) -> str | None:
    """Make the migrated database unless it is there.

    Args:
        owner_url: Address of any database of the server for ``app_owner``.

    Returns:
        Its name; None when the migrations fail, which the caller's own migration will report better.
    """
    name = template_name()
    with _maintenance(owner_url) as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        if cursor.fetchone():
            return name
        draft = f"{name}_draft"
        cursor.execute(f'DROP DATABASE IF EXISTS "{draft}" WITH (FORCE)')
        cursor.execute(f'CREATE DATABASE "{draft}"')
        environment = {
            **os.environ,
            **{key: with_database(os.environ.get(key) or owner_url, draft) for key in _ADDRESSES},
            "ALLIANCE_DB_ROLE": "owner",
        }
        answer = subprocess.run(  # noqa: S603 - our own interpreter and program
            [sys.executable, str(BASE_DIR / "manage.py"), "migrate", "--no-input", "--verbosity", "0"],
            env=environment,
            cwd=BASE_DIR,
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )
        if answer.returncode != 0:
            cursor.execute(f'DROP DATABASE "{draft}" WITH (FORCE)')
            return None
        cursor.execute(f'ALTER DATABASE "{draft}" RENAME TO "{name}"')
        _drop_oldest(cursor)
    return name


def _drop_oldest(cursor: Any) -> None:
    import psycopg2

    cursor.execute(
        "SELECT datname FROM pg_database WHERE datname ~ %s ORDER BY oid DESC OFFSET %s", [f"^{PREFIX}[0-9a-f]+$", _KEEP]
    )
    for (old,) in cursor.fetchall():
        with contextlib.suppress(psycopg2.Error):  # it is being copied
            cursor.execute(f'DROP DATABASE "{old}"')


@contextlib.contextmanager
def _maintenance(owner_url: str) -> Iterator[Any]:
    import psycopg2

    connection = psycopg2.connect(with_database(owner_url, "postgres"), connect_timeout=10)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()
