"""Coded declines teach the order of suggestions: shown on the shipped calls and projects of Horizon Europe."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from pathlib import Path
from statistics import mean

import pytest
from django.conf import settings
from django.utils import timezone

from alliance.models import Alliance
from services.actions.match import decline_suggestion
from services.actions.match_index import index_listings
from services.choices import DeclineReason, ListingSide, ListingState, ServiceCategory
from services.models import Listing
from services.selectors.suggestion import suggest
from tests.factories.matching import person_of
from tests.factories.services import make_house

pytestmark = pytest.mark.django_db

FIELD = "HORIZON-CL6"
"""Calls on food, bioeconomy, natural resources, agriculture and environment (cluster 6)."""


def load(alliance: Alliance) -> tuple[list[Listing], set[str]]:
    """The calls as demands of one institution, the projects as supplies; and the codes of the projects of the field."""
    folder = Path(settings.BASE_DIR) / "data" / "horizon"
    house = make_house(alliance)
    rows = []
    for side, name in ((ListingSide.DEMAND, "demand"), (ListingSide.SUPPLY, "supply")):
        for line in (folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            rows.append(
                Listing(
                    alliance=alliance,
                    code=row["id"][:60],
                    side=side,
                    institution=house if side == ListingSide.DEMAND else None,
                    state=ListingState.PUBLISHED,
                    category=ServiceCategory.PROJECT_RESEARCH,
                    title_en=(row.get("title") or row["text"])[:300],
                    body_en=row["text"] if row.get("title") else "",
                    source="CORDIS",
                    published_at=timezone.now(),
                )
            )
    made = Listing.objects.bulk_create(rows)
    index_listings(alliance, [row.pk for row in made], at=timezone.now())
    with (folder / "labels.tsv").open(encoding="utf-8", newline="") as table:
        found = {row["supply_id"] for row in csv.DictReader(table, delimiter="\t") if row["demand_id"].startswith(FIELD)}
    return [row for row in made if row.side == ListingSide.DEMAND], found


def test_after_twenty_declines_with_one_reason_similar_projects_fall(act: Alliance) -> None:
    """Twenty projects of a field are declined as not our field; those of the field that were never declined fall.

    Which projects belong to the field is said by the labels, which the program never reads. The others in the
    lists are near the field too, for one call found them; they fall less, and the field loses places to them.
    """
    demands, field = load(act)
    buyer = person_of(demands[0].institution)
    near = [row for row in demands if row.code.startswith(FIELD)]
    far = [row for row in demands if not row.code.startswith(FIELD)]
    now = timezone.now()
    declined: set[str] = set()
    for demand in near:
        for one in suggest(act, demand, at=now).all:
            if one.listing.code in field and one.listing.code not in declined and len(declined) < 20:
                declined.add(one.listing.code)
                decline_suggestion(
                    act, demand.code, one.listing.code, reason=DeclineReason.NOT_OUR_FIELD, actor=buyer, at=now
                )
    assert len(declined) == 20
    held_out = field - declined
    assert held_out
    fell: list[float] = []
    others: list[float] = []
    lower: list[int] = []
    for demand in [*near[:6], *far[:8]]:
        found = suggest(act, demand, at=now).all
        learned = {
            one.listing.code: sum((part.points for part in one.fit.parts if part.name == "learned"), Decimal(0))
            for one in found
        }
        untaught = sorted(found, key=lambda one: learned[one.listing.code] - one.fit.total)
        places = {one.listing.code: place for place, one in enumerate(untaught, start=1)}
        for one in found:
            assert sum((part.points for part in one.fit.parts), Decimal(0)) == one.fit.total
            code = one.listing.code
            if code in declined:
                continue
            share = float(-learned[code] / (one.fit.total - learned[code]))
            (fell if code in held_out else others).append(share)
            if code in held_out:
                lower.append(one.rank - places[code])
    assert len(fell) > 50
    assert mean(fell) > 0.05
    assert mean(fell) > 1.4 * mean(others)
    assert mean(lower) > 5
