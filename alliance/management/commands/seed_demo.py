"""``manage.py seed_demo``: the two demonstration alliances with accounts and content."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from alliance.actions.demo import NoDemonstrationError, new_password, seed
from alliance.kernel import demo
from alliance.models import Alliance


class Command(BaseCommand):
    """Idempotent: alliances, accounts and rows that exist stay as they are."""

    help = "Creates the demonstration alliances, their accounts (DATA/demo-accounts.json) and their content."

    def add_arguments(self, parser: CommandParser) -> None:
        slugs = [alliance.slug for alliance in demo.ALLIANCES]
        parser.add_argument("--only", action="append", choices=slugs, help="only this alliance; may be repeated")

    def handle(self, *args: Any, **options: Any) -> None:
        slugs = tuple(options["only"] or [alliance.slug for alliance in demo.ALLIANCES])
        file = Path(settings.DATA_DIR) / "demo-accounts.json"
        known = self._known(file)
        wished = os.environ.get("ALLIANCE_DEMO_PASSWORD", "")
        password = wished or (known[0]["password"] if known else new_password())
        renew = not known or password != known[0]["password"]
        if renew:  # one shared password: accounts of the other demonstration must follow it
            slugs = tuple(
                alliance.slug
                for alliance in demo.ALLIANCES
                if alliance.slug in slugs or Alliance.objects.filter(slug=alliance.slug, is_demonstration=True).exists()
            )
        try:
            lines = seed(
                slugs,
                password=password,
                renew=renew,
                data_dir=settings.SHIPPED_DATA_DIR,
                at=timezone.now(),
                say=self.stdout.write if options["verbosity"] > 1 else lambda _line: None,
            )
        except NoDemonstrationError as error:
            raise CommandError(str(error.reason)) from error
        rows = [
            {
                "role": line.role,
                "email": line.email,
                "password": password,
                "alliance": line.alliance,
                "slug": line.slug,
                "url": f"/a/{line.slug}/",
            }
            for line in lines
        ]
        kept = [row for row in known if row["slug"] not in slugs]
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = file.with_suffix(".new")
        temporary.touch(mode=0o600, exist_ok=True)
        temporary.write_text(json.dumps(rows + kept, ensure_ascii=False, indent=1), encoding="utf-8")
        temporary.replace(file)
        self.stdout.write(f"{len(rows)} demonstration accounts in {', '.join(slugs)}; see {file}")

    @staticmethod
    def _known(file: Path) -> list[dict[str, str]]:
        try:
            rows = json.loads(file.read_text(encoding="utf-8"))
            return [row for row in rows if {"slug", "password", "email"} <= row.keys()]
        except (OSError, ValueError, AttributeError):
            return []
