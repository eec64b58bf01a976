"""What the answers of a pilot round say: pure figures, computed again from the stored record at any time.

Method ``operations.pilot_aggregation``: a trimmed mean per criterion with its bootstrap interval; a mean score from 0 to 100,
which is the trimmed mean over the answers of each answer's mean share of the scales; counts of defects. Recused institutions'
answers are removed before anything is computed and the number removed is shown (methods.md 4.3).
"""

from __future__ import annotations

import platform
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from alliance.kernel import statistics
from alliance.kernel.statistics import bootstrap_ci, trimmed_mean
from groups.selectors.conflict import list_recused
from operations.choices import DefectSeverity, PilotState
from operations.models import PilotFeedback

if TYPE_CHECKING:
    from datetime import datetime

    from operations.models import Pilot

METHOD: Final = "operations.pilot_aggregation"
METHOD_VERSION: Final = 1
RESAMPLES: Final = 5000
CONFIDENCE: Final = 0.95


def gather_inputs(pilot: Pilot) -> dict[str, Any]:
    """The answers of a round without names, in the order they came; five queries."""
    recused = list_recused(pilot.alliance, pilot.product.matter)
    criteria = list(pilot.criteria.order_by("position"))
    answers: list[dict[str, Any]] = []
    removed = 0
    rows = (
        PilotFeedback.objects.filter(alliance_id=pilot.alliance_id, participant__pilot=pilot)
        .select_related("participant__institution")
        .prefetch_related("scores", "defects")
        .order_by("id")
    )
    for feedback in rows:
        institution = feedback.participant.institution
        if institution.pk in recused:
            removed += 1
            continue
        by_criterion = {score.criterion_id: score.score for score in feedback.scores.all()}
        answers.append(
            {
                "answer": feedback.pk,
                "institution": institution.code,
                "scores": [by_criterion.get(criterion.pk) for criterion in criteria],
                "defects": sorted(defect.severity for defect in feedback.defects.all()),
            }
        )
    return {
        "criteria": [
            {
                "id": criterion.pk,
                "position": criterion.position,
                "name_en": criterion.name_en,
                "name_zh": criterion.name_zh,
                "scale_low": criterion.scale_low,
                "scale_high": criterion.scale_high,
                "pass_mark": float(criterion.pass_mark),
            }
            for criterion in criteria
        ],
        "answers": answers,
        "removed_for_conflict": removed,
    }


def parameters_of(pilot: Pilot) -> dict[str, Any]:
    """The plan's rule in numbers; the seed follows from the round, so that it needs no memory."""
    name = f"{pilot.alliance.slug}:{pilot.product.code}:{pilot.round}"
    return {
        "trim_proportion": float(pilot.trim_proportion),
        "minimum_answers": pilot.minimum_answers,
        "blocking_defects_allowed": pilot.blocking_defects_allowed,
        "confidence": CONFIDENCE,
        "resamples": RESAMPLES,
        "seed": zlib.crc32(name.encode()),
    }


def compute_figures(inputs: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """All figures and the outcome, from inputs and parameters alone.

    Args:
        inputs: As :func:`gather_inputs` gives them.
        parameters: As :func:`parameters_of` gives them.

    Raises:
        MethodInputError: An answer lacks a score.
    """
    answers: Sequence[Mapping[str, Any]] = inputs["answers"]
    criteria = [
        _criterion_figures(criterion, [answer["scores"][place] for answer in answers], parameters, place)
        for place, criterion in enumerate(inputs["criteria"])
    ]
    shares = [_share_of_scales(answer["scores"], inputs["criteria"]) for answer in answers]
    defects = Counter(severity for answer in answers for severity in answer["defects"])
    figures: dict[str, Any] = {
        "answers": len(answers),
        "institutions": len({answer["institution"] for answer in answers}),
        "removed_for_conflict": inputs["removed_for_conflict"],
        "criteria": criteria,
        "mean_score": _estimate(shares, parameters, len(criteria)),
        "defects": {severity: defects.get(severity, 0) for severity in DefectSeverity.values},
    }
    outcome, reasons = _decide(figures, parameters)
    return {**figures, "outcome": outcome, "reasons": reasons}


def _criterion_figures(
    criterion: Mapping[str, Any], scores: Sequence[Any], parameters: Mapping[str, Any], place: int
) -> dict[str, Any]:
    counts = Counter(scores)
    scale = range(criterion["scale_low"], criterion["scale_high"] + 1)
    estimate = _estimate(scores, parameters, place)
    reached = estimate["value"] is not None and estimate["value"] >= criterion["pass_mark"] - 1e-9
    return {**criterion, **estimate, "counts": {str(score): counts.get(score, 0) for score in scale}, "passed": reached}


def _share_of_scales(scores: Sequence[Any], criteria: Sequence[Mapping[str, Any]]) -> float:
    shares = [
        (float(score) - criterion["scale_low"]) / (criterion["scale_high"] - criterion["scale_low"])
        for score, criterion in zip(scores, criteria, strict=True)
        if score is not None
    ]
    return 100 * statistics.mean(shares)


def _estimate(values: Sequence[Any], parameters: Mapping[str, Any], offset: int) -> dict[str, Any]:
    """A trimmed mean with its interval; undefined without values, without an interval under two."""
    if not values:
        return {"value": None, "cut_each_side": 0, "low": None, "high": None, "interval": "", "notice": "no_answers"}
    proportion = parameters["trim_proportion"]
    found = trimmed_mean(values, proportion)
    if len(values) < 2:
        return {
            "value": found.value,
            "cut_each_side": found.cut_each_side,
            "low": None,
            "high": None,
            "interval": "",
            "notice": "too_few",
        }
    interval = bootstrap_ci(
        values,
        lambda sample: trimmed_mean(sample, proportion).value,
        confidence=parameters["confidence"],
        resamples=parameters["resamples"],
        seed=parameters["seed"] + offset,
    )
    return {
        "value": found.value,
        "cut_each_side": found.cut_each_side,
        "low": interval.low,
        "high": interval.high,
        "interval": interval.method,
        "notice": interval.notice,
    }


def _decide(figures: Mapping[str, Any], parameters: Mapping[str, Any]) -> tuple[str, list[str]]:
    if figures["answers"] < parameters["minimum_answers"]:
        return PilotState.INCONCLUSIVE.value, ["too_few_answers"]
    reasons = [f"criterion:{criterion['position']}" for criterion in figures["criteria"] if not criterion["passed"]]
    if figures["defects"][DefectSeverity.BLOCKING] > parameters["blocking_defects_allowed"]:
        reasons.append("blocking_defects")
    return (PilotState.FAILED.value if reasons else PilotState.PASSED.value), reasons


def make_record(pilot: Pilot, *, at: datetime) -> dict[str, Any]:
    """The full record of a round's result: method, versions, parameters, inputs, figures."""
    inputs, parameters = gather_inputs(pilot), parameters_of(pilot)
    return {
        "method": METHOD,
        "version": METHOD_VERSION,
        "statistics_version": statistics.VERSION,
        "libraries": {"python": platform.python_version()},
        "computed_at": at.isoformat(),
        "computed_by": "system",
        "parameters": parameters,
        "inputs": inputs,
        "figures": compute_figures(inputs, parameters),
    }


def recompute(record: Mapping[str, Any]) -> dict[str, Any]:
    """The figures computed again from a stored record; equal to its ``figures`` or the record was tampered with."""
    return compute_figures(record["inputs"], record["parameters"])


@dataclass(frozen=True, slots=True)
class CriterionView:
    """One criterion of a decided round, ready to show."""

    name_en: str
    name_zh: str
    value: float | None
    low: float | None
    high: float | None
    pass_mark: float
    scale_low: int
    scale_high: int
    passed: bool
    notice: str


def read_criteria(record: Mapping[str, Any]) -> list[CriterionView]:
    """The criteria of a stored record; empty before the round is summed up."""
    if not record:
        return []
    return [
        CriterionView(**{name: entry[name] for name in CriterionView.__slots__}) for entry in record["figures"]["criteria"]
    ]
