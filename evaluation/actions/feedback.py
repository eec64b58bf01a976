"""Computes what clients' ratings add up to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from alliance.actions.audit import record_audit
from alliance.kernel import faults
from alliance.kernel.events import emit
from evaluation.choices import Mechanism
from evaluation.models import FeedbackResult
from evaluation.selectors.feedback import collect_inputs, compute_figures
from evaluation.signals import FEEDBACK_COMPUTED
from services.models import CatalogueEntry

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance


@transaction.atomic
def compute_feedback(alliance: Alliance, entry_code: str, *, at: datetime) -> FeedbackResult:
    """Compute one service's user feedback anew and make it the latest result.

    Share of satisfied clients with its Wilson interval, mean mark, and mean adjusted towards the mean of all services
    (methods.md section 9; Zheng2018, user feedback). The inputs are stored with the figures. When no mark has changed since
    the latest result, that result stands and nothing is written.

    Args:
        alliance: The tenant.
        entry_code: Catalogue entry.
        at: Moment of the computation.

    Raises:
        CatalogueEntry.DoesNotExist: No entry of this alliance has the code.
    """
    # Lock: two ratings confirmed at once must end in one latest result that counts both.
    entry = CatalogueEntry.objects.of(alliance).select_for_update().get(code=entry_code)
    before = FeedbackResult.objects.of(alliance).filter(entry=entry, is_latest=True).first()
    inputs = collect_inputs(alliance, entry)
    if before is not None and before.inputs.get("marks") == inputs["marks"]:
        return before
    figures = compute_figures(inputs)
    if before is not None:
        before.is_latest = False
        before.save(update_fields=["is_latest"])
    faults.point("evaluation.compute_feedback")
    result = FeedbackResult.objects.create(
        alliance=alliance,
        mechanism=Mechanism.USER_FEEDBACK,
        entry=entry,
        responses=figures.responses,
        satisfied=figures.satisfied,
        csat=figures.csat,
        csat_lower=figures.csat_lower,
        csat_upper=figures.csat_upper,
        mean=figures.mean,
        adjusted_mean=figures.adjusted_mean,
        inputs=inputs,
        computed_at=at,
    )
    record_audit(
        result,
        actor=None,
        verb="compute",
        before={"responses": before.responses, "mean": before.mean} if before else None,
        after={"entry": entry.code, "responses": result.responses, "mean": result.mean},
        at=at,
    )
    emit(alliance, FEEDBACK_COMPUTED, {"entry": entry.code})
    return result
