"""``manage.py catalogue``: brings the message catalogues up to date, or says what is wrong with them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from alliance.kernel.catalogues import LANGUAGES, CatalogueError, check, extract, write


class Command(BaseCommand):
    """Extracts the texts of our apps and templates into ``locale/``; keeps translations, drops what is gone."""

    help = "Updates the message catalogues from the sources; --check changes nothing and fails when one is not complete."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; list every fault and fail")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["check"]:
                self._check()
                return
            found = extract(settings.BASE_DIR)
            for language in LANGUAGES:
                texts, waiting = write(settings.BASE_DIR, language, found)
                self.stdout.write(f"{language}: {texts} texts, {waiting} not translated")
        except CatalogueError as error:
            raise CommandError(str(error)) from error
        except ModuleNotFoundError as error:
            message = f"{error.name} is missing: install the packages for development (./check does)."
            raise CommandError(message) from error

    def _check(self) -> None:
        faults = [f"{language}: {fault}" for language in LANGUAGES for fault in check(settings.BASE_DIR, language)]
        for fault in faults:
            self.stderr.write(fault)
        if faults:
            message = f"{len(faults)} faults; `manage.py catalogue` adds missing texts and drops unused ones."
            raise CommandError(message)
        self.stdout.write("The catalogues are complete.")
