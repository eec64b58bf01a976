"""``manage.py match_index``: indexes the listings of one or all alliances afresh."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from alliance.models import Alliance
from services.actions.match_index import rebuild


class Command(BaseCommand):
    """The same work as the job of the console, in the foreground."""

    help = "Index every open listing afresh for matching, count words and texts anew, and make missing vectors."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("alliance", nargs="?", default="", help="Short name of one alliance; empty: all.")

    def handle(self, **options: Any) -> None:
        wanted = options["alliance"]
        alliances = list(Alliance.objects.filter(slug=wanted) if wanted else Alliance.objects.order_by("pk"))
        if not alliances:
            message = f"There is no alliance {wanted!r}."
            raise CommandError(message)
        for alliance in alliances:
            result = rebuild(alliance, tell=lambda _step, _done, _total: None)
            self.stdout.write(
                f"{alliance.slug}: {result['listings']} listings, {result['texts']} texts, {result['words']} words, "
                f"{result['vectors']} vectors made, {result['corrected']} figures corrected"
            )
