"""Computes the results of pilots again from their stored records and says which do not agree."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from alliance.kernel import tenancy
from alliance.models import Alliance
from operations.models import Pilot
from operations.selectors.results import METHOD_VERSION, recompute


class Command(BaseCommand):
    help = "Compute the result of every decided pilot round again from its stored inputs, to the last digit."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("alliance", nargs="?", default="", help="Short name of one alliance; empty: all.")

    def handle(self, **options: Any) -> None:
        wanted = options["alliance"]
        alliances = list(Alliance.objects.filter(slug=wanted) if wanted else Alliance.objects.order_by("pk"))
        if not alliances:
            message = f"There is no alliance {wanted!r}."
            raise CommandError(message)
        checked, differing, older = 0, [], 0
        for alliance in alliances:
            with tenancy.acting_in(alliance):
                rounds = Pilot.objects.of(alliance).exclude(result={}).select_related("product").order_by("pk")
                for pilot in rounds.iterator(chunk_size=20):
                    if pilot.result["version"] != METHOD_VERSION:
                        older += 1
                        continue
                    checked += 1
                    if recompute(pilot.result) != pilot.result["figures"]:
                        differing.append(f"{alliance.slug} {pilot.product.code} round {pilot.round}")
        self.stdout.write(f"computed again: {checked} result{'' if checked == 1 else 's'}; differing: {len(differing)}")
        if older:
            self.stdout.write(f"computed by an older version of the method, left alone: {older}")
        if differing:
            message = f"These results do not follow from their records: {', '.join(differing)}"
            raise CommandError(message)
