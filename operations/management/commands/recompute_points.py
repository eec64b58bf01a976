"""Compares the ledger of contribution points with the records it follows from."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from alliance.kernel import tenancy
from alliance.models import Alliance
from operations.actions.incentive import settle_ledger
from operations.models import HonoursList
from operations.selectors.incentive import HONOURS_VERSION, compare, recompute_honours


class Command(BaseCommand):
    help = (
        "Compare the contribution points of every institution with the records they follow from, and every honours list with "
        "its inputs; report the differences. With --settle the ledger is made to say what the records say."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("alliance", nargs="?", default="", help="Short name of one alliance; empty: all.")
        parser.add_argument(
            "--settle", action="store_true", help="Award what is missing and take back what does not follow."
        )

    def handle(self, **options: Any) -> None:
        wanted = options["alliance"]
        alliances = list(Alliance.objects.filter(slug=wanted) if wanted else Alliance.objects.order_by("pk"))
        if not alliances:
            message = f"There is no alliance {wanted!r}."
            raise CommandError(message)
        differing = 0
        for alliance in alliances:
            with tenancy.acting_in(alliance):
                differing += self._one(alliance, settle=options["settle"])
        if differing:
            message = f"{differing} difference{'' if differing == 1 else 's'} stand{'s' if differing == 1 else ''}."
            raise CommandError(message)

    def _one(self, alliance: Alliance, *, settle: bool) -> int:
        found = compare(alliance)
        for one in found:
            self.stdout.write(
                f"{alliance.slug} {one.act} {one.record}: noted {one.noted if one.noted is not None else '-'}, "
                f"due {one.due if one.due is not None else '-'}"
            )
        if settle and found:
            outcome = settle_ledger(alliance, actor=None, at=timezone.now())
            self.stdout.write(f"{alliance.slug}: awarded {outcome.awarded}, taken back {outcome.cancelled}")
            found = compare(alliance)
        lists = [row for row in HonoursList.objects.of(alliance) if row.rows["version"] == HONOURS_VERSION]
        wrong = [row.year for row in lists if recompute_honours(row.rows) != row.rows["rows"]]
        for year in wrong:
            self.stdout.write(f"{alliance.slug}: the honours list of {year} does not follow from its inputs")
        self.stdout.write(f"{alliance.slug}: {len(found)} differences in the ledger; honours lists checked: {len(lists)}")
        return len(found) + len(wrong)
