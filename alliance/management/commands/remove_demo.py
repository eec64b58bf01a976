"""``manage.py remove_demo``: takes demonstration alliances away without a trace."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import ProgrammingError

from alliance.actions.demo import NoDemonstrationError, remove, rows_left
from alliance.models import Alliance


class Command(BaseCommand):
    """Runs as the owner of the tables; real alliances are refused."""

    help = "Removes demonstration alliances with all their rows, files, accounts, sessions and API clients."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slugs", nargs="*", metavar="SLUG", help="address of the alliance; none: every demonstration")

    def handle(self, *args: Any, **options: Any) -> None:
        wanted: list[str] = options["slugs"]
        found = Alliance.objects.filter(slug__in=wanted) if wanted else Alliance.objects.filter(is_demonstration=True)
        alliances = list(found.order_by("slug"))
        if missing := set(wanted) - {alliance.slug for alliance in alliances}:
            message = f"There is no alliance with the address {', '.join(sorted(missing))}."
            raise CommandError(message)
        if real := [alliance.slug for alliance in alliances if not alliance.is_demonstration]:
            message = f"{', '.join(real)}: a real alliance is never removed by this command. Nothing was removed."
            raise CommandError(message)
        for alliance in alliances:
            if Alliance.objects.filter(pk=alliance.pk).exists():  # else it went with the one above
                self._remove(alliance)
        if not alliances:
            self.stdout.write("There is no demonstration alliance.")

    def _remove(self, alliance: Alliance) -> None:
        number = alliance.pk
        try:
            removed = remove(alliance)
        except NoDemonstrationError as error:
            raise CommandError(str(error.reason)) from error
        except ProgrammingError as error:
            message = f"{error} Run this command as the owner of the tables (DATABASE_OWNER_URL)."
            raise CommandError(message) from error
        self.stdout.write(f"{alliance.slug}:")
        for name, count in sorted(removed.items()):
            self.stdout.write(f"  {count:>8} {name}")
        if left := rows_left(number):
            message = f"Rows are left: {left}"
            raise CommandError(message)
        self.stdout.write(f"  {0:>8} rows left")
        self._forget_accounts(alliance.slug)

    @staticmethod
    def _forget_accounts(slug: str) -> None:
        file = Path(settings.DATA_DIR) / "demo-accounts.json"
        try:
            rows = [row for row in json.loads(file.read_text(encoding="utf-8")) if row.get("slug") != slug]
        except (OSError, ValueError, AttributeError):
            return
        if rows:
            file.write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")
        else:
            file.unlink()
