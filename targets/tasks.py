"""Background work of the target layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from alliance.kernel.tasks import periodic, tenant_task
from alliance.models import Alliance as AllianceModel
from targets.actions.objective import measure_objective
from targets.selectors.objective import list_measured_codes

if TYPE_CHECKING:
    from alliance.models import Alliance


@periodic("targets.measure_all_indicators")
def measure_all_indicators() -> None:
    """Every few minutes: measure every objective of every alliance that a provider can measure."""
    for alliance_id in AllianceModel.objects.values_list("pk", flat=True):
        measure_indicators.delay(alliance_id)


@tenant_task("targets.measure_indicators")
def measure_indicators(alliance: Alliance) -> int:
    """Measure one alliance's objectives; returns how many values changed."""
    now = timezone.now()
    return sum(measure_objective(alliance, code, at=now) is not None for code in list_measured_codes(alliance))
