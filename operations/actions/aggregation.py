"""Summing up a round: inside the workflow's step when it is small, as a job with progress when thousands answered."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from django.utils import timezone

from alliance.actions.audit import record_audit
from alliance.kernel import faults, jobs, tenancy
from alliance.models import Job
from operations.actions.pilot import wake_workflow
from operations.choices import PilotState
from operations.models import Pilot, PilotStep, Product
from operations.selectors.results import gather_inputs, make_record, parameters_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from alliance.models import Alliance

AGGREGATE_JOB: Final = "operations.aggregate_pilot"
LARGE: Final = 1000
"""With more answers a round is summed up by a job, so that no row stays locked for the minute it takes."""
ATTEMPTS: Final = 3
"""Jobs that may fail before the workflow sums the round up itself."""


def aggregate_key(pilot: Pilot) -> str:
    """Key of the step that sums a round up; a round that is taken up again is summed up again."""
    return f"aggregate:{pilot.turn}" if pilot.turn else "aggregate"


def is_large(pilot: Pilot) -> bool:
    """Whether the round is summed up by a job; its answers were counted when it closed."""
    return pilot.answers > LARGE


def jobs_of(pilot: Pilot) -> list[Job]:
    """Jobs that summed up, or are summing up, this turn of a round, the latest first; one query."""
    rows = Job.objects.filter(
        alliance_id=pilot.alliance_id, kind=AGGREGATE_JOB, params={"pilot": pilot.pk, "turn": pilot.turn}
    )
    return list(rows.order_by("-id"))


def store_result(pilot: Pilot, record: Mapping[str, Any], *, at: datetime) -> None:
    """Write the result of a round; the caller holds the locks and has noted the step."""
    score = record["figures"]["mean_score"]["value"]
    pilot.result = dict(record)
    pilot.answers = record["figures"]["answers"]
    pilot.mean_score = None if score is None else Decimal(str(round(score, 2)))
    faults.point("pilot.aggregate.middle")
    pilot.save(update_fields=["result", "answers", "mean_score"])
    record_audit(
        pilot.product,
        actor=None,
        verb="aggregate_pilot",
        after={
            "round": pilot.round,
            "method": record["method"],
            "method_version": record["version"],
            "answers": pilot.answers,
            "mean_score": pilot.mean_score,
        },
        at=at,
    )


def _waits(pilot: Pilot | None, turn: int) -> bool:
    return (
        pilot is not None
        and pilot.state == PilotState.AGGREGATING
        and pilot.turn == turn
        and not pilot.steps.filter(key=aggregate_key(pilot)).exists()
    )


def run_aggregation(alliance: Alliance, job: Job, progress: jobs.Progress) -> dict[str, Any]:
    """Sum a large round up: read, compute without holding anything, then write in one short transaction.

    Nobody writes to a round that is being summed up, so what was read still stands when the result is written. A job that runs
    twice, or beside a workflow that took the step itself, finds the step taken and changes nothing.
    """
    number, turn = job.params["pilot"], job.params["turn"]
    progress.step("read", 0, 1)
    with tenancy.acting_in(alliance):
        pilot = Pilot.objects.of(alliance).select_related("product", "alliance").filter(pk=number).first()
        if pilot is None or not _waits(pilot, turn):
            return {"done": False}
        inputs, parameters = gather_inputs(pilot), parameters_of(pilot)
    record = make_record(
        inputs,
        parameters,
        at=timezone.now(),
        progress=lambda done, total: progress.step("compute", done, total),
    )
    with tenancy.acting_in(alliance):
        product = Product.objects.of(alliance).select_for_update(of=("self",)).get(pk=pilot.product_id)
        pilot = Pilot.objects.of(alliance).select_for_update(of=("self",)).get(pk=number)
        pilot.product = product
        if not _waits(pilot, turn):
            return {"done": False}
        at = timezone.now()
        faults.point("pilot.aggregate.begin")
        PilotStep.objects.create(alliance_id=pilot.alliance_id, pilot=pilot, key=aggregate_key(pilot), at=at)
        store_result(pilot, record, at=at)
        faults.point("pilot.aggregate.end")
        wake_workflow(alliance)
    faults.point("pilot.aggregate.committed")
    return {"done": True, "product": product.code, "answers": record["figures"]["answers"]}
