"""What the answers of a pilot round say: pure figures, computed again from the stored record at any time.

Method ``operations.pilot_aggregation``: a trimmed mean per criterion with its bootstrap interval; a mean score from 0 to 100,
which is the trimmed mean over the answers of each answer's mean share of the scales; counts of defects; how far those who
answered agree (Krippendorff's alpha, Kendall's W); and per measure the change from before to after the trial, at each site
and over the sites. Recused institutions' answers are removed before anything is computed and the number removed is shown
(methods.md 4.1 to 4.3). What a site said before it left counts and is marked.
"""

from __future__ import annotations

import platform
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Prefetch

from alliance.kernel import statistics
from alliance.kernel.statistics import (
    MethodInputError,
    bootstrap_change,
    bootstrap_ci,
    kendall_w,
    krippendorff_alpha,
    trimmed_mean,
    trimmed_statistic,
)
from groups.selectors.conflict import list_recused
from operations.choices import DefectSeverity, ParticipantState, PilotState, PointSource, ReadingPhase
from operations.models import FeedbackPoint, PilotFeedback, Reading

if TYPE_CHECKING:
    from datetime import datetime

    from operations.models import Pilot

METHOD: Final = "operations.pilot_aggregation"
METHOD_VERSION: Final = 2
RESAMPLES: Final = 5000
CONFIDENCE: Final = 0.95


def gather_inputs(pilot: Pilot) -> dict[str, Any]:
    """The answers of a round without names, in the order they came, the defects noted beside them, and the values measured; eight queries."""
    recused = list_recused(pilot.alliance, pilot.product.matter)
    criteria = list(pilot.criteria.order_by("position"))
    answers: list[dict[str, Any]] = []
    removed = 0
    rows = (
        PilotFeedback.objects.filter(alliance_id=pilot.alliance_id, participant__pilot=pilot)
        .select_related("participant__institution")
        .prefetch_related("scores", Prefetch("points", FeedbackPoint.objects.filter(source=PointSource.DEFECT)))
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
                "left": feedback.participant.state == ParticipantState.WITHDRAWN,
                "scores": [by_criterion.get(criterion.pk) for criterion in criteria],
                "defects": sorted(defect.severity for defect in feedback.points.all()),
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
        "defects": [
            {"institution": code, "severity": severity}
            for code, severity in FeedbackPoint.objects.filter(
                alliance_id=pilot.alliance_id, pilot=pilot, source=PointSource.DEFECT, feedback__isnull=True
            )
            .exclude(participant__institution_id__in=recused)
            .order_by("id")
            .values_list("participant__institution__code", "severity")
        ],
        "removed_for_conflict": removed,
        **_measured(pilot, recused),
    }


def _measured(pilot: Pilot, recused: set[int]) -> dict[str, Any]:
    """What was measured before and after: the plan's measures, and the values that stand; two queries."""
    readings = (
        Reading.objects.filter(alliance_id=pilot.alliance_id, measure__pilot=pilot, struck_at__isnull=True)
        .exclude(participant__institution_id__in=recused)
        .order_by("id")
        .values_list("participant__institution__code", "measure__position", "phase", "value")
    )
    return {
        "measures": [
            {
                "id": measure.pk,
                "position": measure.position,
                "name_en": measure.name_en,
                "name_zh": measure.name_zh,
                "unit": measure.unit,
                "direction": measure.direction,
                "minimum_change": None if measure.minimum_change is None else float(measure.minimum_change),
            }
            for measure in pilot.measures.order_by("position")
        ],
        "readings": [
            {"institution": code, "measure": position, "phase": phase, "value": float(value)}
            for code, position, phase, value in readings
        ],
    }


def parameters_of(pilot: Pilot) -> dict[str, Any]:
    """The plan's rule in numbers; the seed follows from the round and its turn, so that it needs no memory."""
    name = f"{pilot.alliance.slug}:{pilot.product.code}:{pilot.round}:{pilot.turn}"
    return {
        "trim_proportion": float(pilot.trim_proportion),
        "minimum_answers": pilot.minimum_answers,
        "blocking_defects_allowed": pilot.blocking_defects_allowed,
        "confidence": CONFIDENCE,
        "resamples": RESAMPLES,
        "seed": zlib.crc32(name.encode()),
    }


def _no_progress(_done: int, _total: int) -> None:
    """Nobody watches."""


def compute_figures(
    inputs: Mapping[str, Any], parameters: Mapping[str, Any], progress: Callable[[int, int], None] = _no_progress
) -> dict[str, Any]:
    """All figures and the outcome, from inputs and parameters alone.

    Args:
        inputs: As :func:`gather_inputs` gives them.
        parameters: As :func:`parameters_of` gives them.
        progress: Told after each estimate how many are done of how many.

    Raises:
        MethodInputError: An answer lacks a score.
    """
    answers: Sequence[Mapping[str, Any]] = inputs["answers"]
    measures: Sequence[Mapping[str, Any]] = inputs.get("measures", ())
    total = len(inputs["criteria"]) + 1 + len(measures)
    progress(0, total)
    criteria = []
    for place, criterion in enumerate(inputs["criteria"]):
        criteria.append(_criterion_figures(criterion, [answer["scores"][place] for answer in answers], parameters, place))
        progress(place + 1, total)
    shares = [_share_of_scales(answer["scores"], inputs["criteria"]) for answer in answers]
    mean_score = _estimate(shares, parameters, len(criteria))
    progress(len(criteria) + 1, total)
    changes = []
    for place, measure in enumerate(measures):
        changes.append(_measure_figures(measure, inputs["readings"], parameters, len(criteria) + 1 + place))
        progress(len(criteria) + 2 + place, total)
    defects = Counter(severity for answer in answers for severity in answer["defects"])
    defects.update(defect["severity"] for defect in inputs.get("defects", ()))
    figures: dict[str, Any] = {
        "answers": len(answers),
        "institutions": len({answer["institution"] for answer in answers}),
        "removed_for_conflict": inputs["removed_for_conflict"],
        "criteria": criteria,
        "answers_of_sites_that_left": sum(1 for answer in answers if answer.get("left")),
        "mean_score": mean_score,
        "agreement": _agreement(answers, inputs["criteria"]),
        "measures": changes,
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
        trimmed_statistic(proportion),
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


def _agreement(answers: Sequence[Mapping[str, Any]], criteria: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """How far those who answered agree: raters are answers, units are criteria (methods.md 4.1, 4.2).

    Scores of criteria with unequal scales are put on one, from 0 to 100; what cannot be judged carries the reason.
    """
    scales = {(criterion["scale_low"], criterion["scale_high"]) for criterion in criteria}
    rows = [
        [
            score if score is None or len(scales) == 1 else _share_of_scales([score], [criterion])
            for score, criterion in zip(answer["scores"], criteria, strict=True)
        ]
        for answer in answers
    ]
    whole = [row for row in rows if None not in row]
    found: dict[str, Any] = {"raters": len(rows), "units": len(criteria)}
    for level in ("ordinal", "interval"):
        found[f"alpha_{level}"], found[f"alpha_{level}_reason"] = None, "too_few"
        try:
            alpha = krippendorff_alpha(rows, level=level)
        except MethodInputError as refusal:
            found[f"alpha_{level}_reason"] = refusal.code
        else:
            found[f"alpha_{level}"], found[f"alpha_{level}_reason"] = alpha.value, alpha.reason
    found |= {"kendall_w": None, "kendall_w_reason": "", "kendall_w_p": None, "kendall_w_notice": ""}
    try:
        concordance = kendall_w(whole)
    except MethodInputError as refusal:
        found["kendall_w_reason"] = refusal.code
    else:
        found |= {
            "kendall_w": concordance.value,
            "kendall_w_reason": concordance.reason,
            "kendall_w_p": concordance.p,
            "kendall_w_notice": concordance.notice,
        }
    return found


def improvement(before: Sequence[float], after: Sequence[float], direction: int) -> float | None:
    """Change of the mean for the better, in percent of the mean before; None in percent of nought.

    Args:
        before: Values before the trial.
        after: Values during or after it.
        direction: 1 when more is better, -1 when less is.
    """
    base = statistics.mean(before)
    return None if base == 0 else 100 * direction * (statistics.mean(after) - base) / abs(base)


def _measure_figures(
    measure: Mapping[str, Any], readings: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any], offset: int
) -> dict[str, Any]:
    """Change of one measure at each site and over the sites; each site weighs the same, however often it measured."""
    sites = []
    for code in sorted({row["institution"] for row in readings if row["measure"] == measure["position"]}):
        before, after = (
            [
                row["value"]
                for row in readings
                if (row["institution"], row["measure"], row["phase"]) == (code, measure["position"], phase)
            ]
            for phase in (ReadingPhase.BASELINE, ReadingPhase.AFTER)
        )
        sites.append({"institution": code, **_site_change(before, after, measure["direction"], parameters, offset)})
    changes = [site["percent"] for site in sites if site["percent"] is not None]
    overall: dict[str, Any] = {"percent": None, "low": None, "high": None, "interval": "", "notice": "not_measured"}
    if changes:
        overall |= {"percent": statistics.mean(changes), "notice": "too_few"}
    if len(changes) >= 2:
        interval = bootstrap_ci(
            changes,
            confidence=parameters["confidence"],
            resamples=parameters["resamples"],
            seed=parameters["seed"] + offset,
        )
        overall |= {
            "low": interval.low,
            "high": interval.high,
            "interval": interval.method,
            "notice": interval.notice,
        }
    needed = measure["minimum_change"]
    passed = None
    if needed is not None:
        passed = overall["percent"] is not None and overall["percent"] >= needed - 1e-9
    return {**measure, "sites": sites, "change": {**overall, "sites": len(changes)}, "passed": passed}


def _site_change(
    before: Sequence[float], after: Sequence[float], direction: int, parameters: Mapping[str, Any], offset: int
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "before": statistics.mean(before) if before else None,
        "after": statistics.mean(after) if after else None,
        "before_count": len(before),
        "after_count": len(after),
        "difference": None,
        "percent": None,
        "low": None,
        "high": None,
        "notice": "",
    }
    if not before or not after:
        return {**found, "notice": "no_baseline" if not before else "not_measured"}
    found["difference"] = found["after"] - found["before"]
    found["percent"] = improvement(before, after, direction)
    if found["percent"] is None:
        return {**found, "notice": "baseline_is_nought"}
    if min(len(before), len(after)) < 2:
        return {**found, "notice": "too_few"}
    interval = bootstrap_change(
        before,
        after,
        lambda first, second: improvement(first, second, direction),
        confidence=parameters["confidence"],
        resamples=parameters["resamples"],
        seed=parameters["seed"] + offset,
    )
    return {**found, "low": interval.low, "high": interval.high, "notice": interval.notice}


def _decide(figures: Mapping[str, Any], parameters: Mapping[str, Any]) -> tuple[str, list[str]]:
    if figures["answers"] < parameters["minimum_answers"]:
        return PilotState.INCONCLUSIVE.value, ["too_few_answers"]
    reasons = [f"criterion:{criterion['position']}" for criterion in figures["criteria"] if not criterion["passed"]]
    for measure in figures["measures"]:
        if measure["passed"] is False:
            unmeasured = measure["change"]["percent"] is None
            reasons.append(f"measure:{measure['position']}{':unmeasured' if unmeasured else ''}")
    if figures["defects"][DefectSeverity.BLOCKING] > parameters["blocking_defects_allowed"]:
        reasons.append("blocking_defects")
    return (PilotState.FAILED.value if reasons else PilotState.PASSED.value), reasons


def make_record(
    inputs: Mapping[str, Any],
    parameters: Mapping[str, Any],
    *,
    at: datetime,
    progress: Callable[[int, int], None] = _no_progress,
) -> dict[str, Any]:
    """The full record of a round's result: method, versions, parameters, inputs, figures.

    Args:
        inputs: As :func:`gather_inputs` gives them.
        parameters: As :func:`parameters_of` gives them.
        at: Now.
        progress: See :func:`compute_figures`.
    """
    return {
        "method": METHOD,
        "version": METHOD_VERSION,
        "statistics_version": statistics.VERSION,
        "libraries": {"python": platform.python_version()},
        "computed_at": at.isoformat(),
        "computed_by": "system",
        "parameters": parameters,
        "inputs": inputs,
        "figures": compute_figures(inputs, parameters, progress),
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
