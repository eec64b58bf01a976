"""Rows of the target layer; call inside ``act``."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from targets.choices import MeasurementSource, ObjectiveTier
from targets.models import Measurement, Objective

if TYPE_CHECKING:
    from alliance.models import Alliance

_numbers = itertools.count(1)
MEASURED = "operations.released_products_with_mean_score"


def make_objective(alliance: Alliance, *, measured: bool = False, **fields: Any) -> Objective:
    """An objective from 0 at the start of 2026 to 10 at its end; measured from released products if wished."""
    values: dict[str, Any] = {
        "code": f"O-{next(_numbers)}",
        "tier": ObjectiveTier.CORE,
        "title_en": "Proven products",
        "title_zh": "经检验的成果",
        "baseline": Decimal(0),
        "baseline_on": date(2026, 1, 1),
        "target_value": Decimal(10),
        "target_on": date(2026, 12, 31),
        **fields,
    }
    if measured:
        values.update(provider=MEASURED, params={"minimum_score": "80"})
    return Objective.objects.create(alliance=alliance, **values)


def make_measurement(objective: Objective, value: str, *, days_ago: int = 1, **fields: Any) -> Measurement:
    """A reported value."""
    values: dict[str, Any] = {
        "at": timezone.now() - timedelta(days=days_ago),
        "source": MeasurementSource.REPORTED,
        "evidence": "Annual report, page 3",
        **fields,
    }
    return Measurement.objects.create(alliance=objective.alliance, objective=objective, value=Decimal(value), **values)
