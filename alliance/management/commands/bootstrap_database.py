"""``manage.py bootstrap_database``: prepares a real PostgreSQL server for this platform."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.management.base import BaseCommand, CommandError, CommandParser

from alliance.embedded.bootstrap import bootstrap
from alliance.embedded.errors import ServiceError
from alliance.settings.environment import secret

ADDRESSES = {
    "DATABASE_URL": "app_rw",
    "DATABASE_OWNER_URL": "app_owner",
    "DATABASE_PLATFORM_URL": "app_platform",
}


class Command(BaseCommand):
    """Makes roles, database, schema, functions and default privileges; can be run again at any time."""

    help = (
        "Prepares a PostgreSQL 18 server: roles, database, schema app, extensions and default privileges. Reads "
        "DATABASE_SUPERUSER_URL and, for database name and passwords, DATABASE_URL, DATABASE_OWNER_URL and "
        "DATABASE_PLATFORM_URL (each also as NAME_FILE)."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """One choice: whether test databases will be made on this server."""
        parser.add_argument(
            "--template",
            action="store_true",
            help="prepare template1 too, so that test databases made there are complete (not for production)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Read the addresses, check that they fit together, prepare the server."""
        superuser_url = secret("DATABASE_SUPERUSER_URL")
        if not superuser_url:
            message = "DATABASE_SUPERUSER_URL (or DATABASE_SUPERUSER_URL_FILE) is not set."
            raise CommandError(message)
        passwords: dict[str, str] = {}
        databases: set[str] = set()
        for name, role in ADDRESSES.items():
            parts = urlsplit(secret(name))
            if unquote(parts.username or "") != role or not parts.password:
                message = f"{name} (or {name}_FILE) must be an address with the user {role} and a password."
                raise CommandError(message)
            passwords[role] = unquote(parts.password)
            databases.add(unquote(parts.path.lstrip("/")))
        if len(databases) != 1 or not min(databases):
            message = f"The three addresses must name one and the same database, not {', '.join(sorted(databases))}."
            raise CommandError(message)
        try:
            done = bootstrap(superuser_url, database=databases.pop(), passwords=passwords, template=options["template"])
        except ServiceError as error:
            raise CommandError(str(error)) from error
        for line in done:
            self.stdout.write(line)
