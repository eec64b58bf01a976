"""Demonstration content of the target layer: the objectives of the weaving alliance, one of them measured from its records."""

from __future__ import annotations

import csv
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from django.utils import timezone

from alliance.actions.content import bump_content_version
from alliance.kernel.demo import HORIZON
from alliance.kernel.indicators import indicators
from members.models import Institution
from targets.actions.objective import measure_objective
from targets.choices import MeasurementSource
from targets.models import Measurement, Objective

if TYPE_CHECKING:
    from pathlib import Path

    from alliance.models import Alliance

WRITTEN_ON: Final = date(2026, 11, 21)
MEASURED: Final = "operations.released_products_with_mean_score"
MINIMUM_SCORE: Final = 80
QUARTERS: Final = (((3, 31), Decimal("0.2")), ((6, 30), Decimal("0.45")), ((9, 30), Decimal("0.85")))
"""Ends of the quarters and how much of the year's way had been gone by then."""
EVIDENCE: Final = "Half-year report of the owner (demonstration) · 责任单位半年报（演示）"


def load(alliance: Alliance, *, flavour: str, data_dir: Path, at: datetime) -> None:
    """Load; running it again adds nothing."""
    shift = timezone.localtime(at).date() - WRITTEN_ON
    if abs(shift) < timedelta(days=35):
        shift = timedelta(0)  # near the day it was written at, the year's ends stay the year's ends
    if flavour != HORIZON:
        _load_objectives(alliance, data_dir / "demo" / "objectives.csv", shift, at)
        bump_content_version(alliance)
    if MEASURED in indicators:
        _load_measured(alliance, shift, at)


def _day(year: int, month: int, day: int, shift: timedelta) -> date:
    return date(year, month, day) + shift


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), tzinfo=timezone.get_current_timezone())


def _load_objectives(alliance: Alliance, path: Path, shift: timedelta, at: datetime) -> None:
    institutions = {code.upper(): pk for code, pk in Institution.objects.of(alliance).values_list("code", "pk")}
    known = {objective.code: objective for objective in Objective.objects.of(alliance)}
    with path.open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    for row in sorted(rows, key=lambda row: row["code"].count(".")):
        if row["code"] in known:
            continue
        chinese, _blank, english = row["unit"].partition(" ")
        baseline, target, latest = (Decimal(row[name]) for name in ("baseline_2025", "target_2026", "latest_2026h2"))
        objective = Objective.objects.create(
            alliance=alliance,
            code=row["code"],
            tier=row["tier"],
            parent=known.get(row["parent"]),
            owner_id=institutions.get(row["owner"]),
            title_en=row["title_en"],
            title_zh=row["title_zh"],
            indicator_en=row["indicator_en"],
            indicator_zh=row["indicator_zh"],
            unit=english or chinese,
            unit_zh=chinese,
            direction=row["direction"],
            baseline=baseline,
            baseline_on=_day(2025, 12, 31, shift),
            target_value=target,
            target_on=_day(2026, 12, 31, shift),
        )
        known[objective.code] = objective
        # The table states the start and the latest half-year; the quarters between are invented like the rest of it.
        _report(alliance, objective, min(_noon(_day(2025, 12, 31, shift)), at), baseline)
        for (month, last), share in QUARTERS:
            value = (baseline + (latest - baseline) * share).quantize(Decimal("0.01") if abs(latest) < 10 else Decimal(1))
            _report(alliance, objective, min(_noon(_day(2026, month, last, shift)), at), value)
        _report(alliance, objective, min(_noon(_day(2026, 10, 31, shift)), at), latest)


def _report(alliance: Alliance, objective: Objective, moment: datetime, value: Decimal) -> None:
    Measurement.objects.create(
        alliance=alliance,
        objective=objective,
        at=moment,
        value=value,
        source=MeasurementSource.REPORTED,
        inputs={"method": "reported", "version": 1},
        evidence=EVIDENCE,
    )


def _load_measured(alliance: Alliance, shift: timedelta, at: datetime) -> None:
    """One objective whose value is counted from the products themselves."""
    fields: dict[str, Any] = {
        "tier": "core",
        "parent": Objective.objects.of(alliance).filter(code="O-1").first(),
        "title_en": "Products that proved themselves in pilots",
        "title_zh": "经试点检验的成果",
        "indicator_en": f"released products with a mean pilot score of {MINIMUM_SCORE} or more",
        "indicator_zh": f"试点平均得分不低于{MINIMUM_SCORE}分的已发布成果数",
        "provider": MEASURED,
        "params": {"minimum_score": str(MINIMUM_SCORE)},
        "unit": "products",
        "unit_zh": "项",
        "direction": "up",
        "baseline": Decimal(0),
        "baseline_on": _day(2025, 12, 31, shift),
        "target_value": Decimal(3),
        "target_on": _day(2026, 12, 31, shift),
    }
    objective, created = Objective.objects.get_or_create(alliance=alliance, code="O-1.3", defaults=fields)
    if created:
        measure_objective(alliance, objective.code, at=at)
