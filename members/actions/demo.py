"""Demonstration content of the element layer."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime, time
from decimal import Decimal
from io import BytesIO
from typing import TYPE_CHECKING

from alliance.kernel.demo import HORIZON, WEAVING
from members.actions.institution import highest_code_number, lock_counter
from members.actions.institution_import import Plan, import_rows
from members.actions.standing import open_joined_standings
from members.choices import InstitutionState
from members.models import ElementSupply, Institution
from members.selectors.institution_table import propose_kind_mapping, read_rows
from members.selectors.institution_values import Fault, check_entry

if TYPE_CHECKING:
    from pathlib import Path

    from alliance.models import Alliance

SOURCE_WEAVING = "invented for the demonstration"
SOURCE_HORIZON = "ROR 2021 (CC0 1.0)"
HORIZON_ROWS = 200
HORIZON_COLUMNS = {"name": 0, "country": 1, "kind": 2}


def load(alliance: Alliance, *, flavour: str, data_dir: Path, at: datetime) -> None:
    """Load institutions and what they supply; running it again adds nothing.

    The invented alliance gets everything. Real institutions (ROR) get their name, country and kind by the usual mapping,
    and nothing else: no elements, no strengths, no people.
    """
    if flavour == WEAVING:
        _load_weaving(alliance, data_dir / "demo")
        open_joined_standings(alliance)
    elif flavour == HORIZON:
        _load_horizon(alliance, data_dir / "institutions" / "research_organisations_ror_2021.csv", at)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table))


def midnight(text: str) -> datetime:
    """The start of a day given as 2024-06-08, in the platform's time zone."""
    from django.utils import timezone  # noqa: PLC0415 - only here

    return datetime.combine(date.fromisoformat(text), time.min, tzinfo=timezone.get_default_timezone()).astimezone(UTC)


def _load_weaving(alliance: Alliance, folder: Path) -> None:
    there = dict(Institution.objects.of(alliance).values_list("code", "id"))
    institutions = []
    for row in _rows(folder / "institutions.csv"):
        entry = check_entry(
            kind=row["kind"],
            name_en=row["name_en"],
            name_zh=row["name_zh"],
            country="CN",
            region=row["region_code"],
            registry_code=row["registry_code"],
            contact_email=row["contact_email"],
        )
        if isinstance(entry, Fault):
            message = f"demonstration institution {row['code']}: {entry}"
            raise TypeError(message)
        if row["code"] not in there:
            institutions.append(
                Institution(
                    alliance=alliance,
                    code=row["code"],
                    short_en=row["short_en"],
                    short_zh=row["short_zh"],
                    state=InstitutionState(row["state"]),
                    joined_on=date.fromisoformat(row["joined"]) if row["joined"] else None,
                    source=SOURCE_WEAVING,
                    **entry._asdict(),
                )
            )
    Institution.objects.bulk_create(institutions)
    counter = lock_counter(alliance)
    counter.last_number = max(counter.last_number, highest_code_number(alliance))
    counter.save(update_fields=["last_number"])
    ids = dict(Institution.objects.of(alliance).values_list("code", "id"))
    ElementSupply.objects.bulk_create(
        [
            ElementSupply(
                alliance=alliance,
                institution_id=ids[row["institution"]],
                element=row["element"],
                scale=row["scale"],
                strength=Decimal(row["strength"]),
                evidence_en=row["evidence_en"],
                evidence_zh=row["evidence_zh"],
                valid_from=date.fromisoformat(row["valid_from"]),
                valid_to=date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
            )
            for row in _rows(folder / "institution_elements.csv")
        ],
        ignore_conflicts=True,
    )


def _load_horizon(alliance: Alliance, path: Path, at: datetime) -> None:
    """Institutions of all countries and types in turn, through the import's own engine."""
    with path.open("rb") as content:
        chosen = _mixed(content.read())
    plan = Plan(
        columns=HORIZON_COLUMNS,
        kinds=propose_kind_mapping(chosen, HORIZON_COLUMNS["kind"]),
        width=3,
        source=SOURCE_HORIZON,
    )
    import_rows(alliance, BytesIO(_as_csv(chosen)), plan, at=at)


def _mixed(content: bytes) -> list[list[str]]:
    """Every 20th row or so, in the order of the file: a mix of countries and types, the same each time."""
    usable = [
        cells
        for _number, cells in read_rows(BytesIO(content), "utf-8-sig", ",")
        if cells is not None and len(cells) == 3 and propose_kind_mapping([cells], 2).get(cells[2])
    ]
    step = max(1, len(usable) // HORIZON_ROWS)
    return usable[::step][:HORIZON_ROWS]


def _as_csv(rows: list[list[str]]) -> bytes:
    from io import StringIO  # noqa: PLC0415 - only here

    text = StringIO(newline="")
    csv.writer(text).writerows([["name", "country_code", "type"], *rows])
    return text.getvalue().encode()
