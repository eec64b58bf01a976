"""Reads of user feedback, and the method behind its figures as a pure function."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext_lazy as _

from alliance.kernel import statistics
from alliance.kernel.indicators import Reading, RecordRef
from evaluation.models import FeedbackResult
from services.models import CatalogueEntry, Rating

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from django.db.models import QuerySet

    from alliance.models import Alliance

METHOD: Final = "csat_wilson_bayes"
METHOD_VERSION: Final = 1
SATISFIED_FROM: Final = 4
CONFIDENCE: Final = 0.95
PRIOR_STRENGTH: Final = 10
"""How many marks the mean of all services is worth in the adjusted mean (methods.md section 9)."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What marks add up to; None where there are no marks.

    Attributes:
        responses: Marks counted.
        satisfied: Marks of 4 or 5.
        csat: Share satisfied, 0 to 1.
        csat_lower: Lower end of its 95 % Wilson interval.
        csat_upper: Upper end.
        mean: Mean mark, 1 to 5.
        adjusted_mean: Mean drawn towards the mean of all services, the more the fewer marks there are.
    """

    responses: int
    satisfied: int
    csat: Decimal | None
    csat_lower: Decimal | None
    csat_upper: Decimal | None
    mean: Decimal | None
    adjusted_mean: Decimal | None


def _round(value: float, digits: int) -> Decimal:
    return Decimal(repr(value)).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_EVEN)


def compute_figures(inputs: Mapping[str, Any]) -> Figures:
    """The figures of a result from its stored inputs; the same inputs always give the same figures.

    Args:
        inputs: ``marks`` (list of [rating uuid, mark]), ``satisfied_from``, ``confidence``, ``prior_mean``, ``prior_strength``.

    Raises:
        MethodInputError: A mark is no number.
    """
    marks = statistics.checked_values([mark for _uuid, mark in inputs["marks"]], "marks", at_least=0)
    if not marks:
        return Figures(0, 0, None, None, None, None, None)
    satisfied = sum(1 for mark in marks if mark >= inputs["satisfied_from"])
    interval = statistics.wilson_interval(satisfied, len(marks), confidence=float(inputs["confidence"]))
    adjusted = statistics.bayesian_rating(
        sum(marks), len(marks), float(inputs["prior_mean"]), prior_strength=float(inputs["prior_strength"])
    )
    return Figures(
        responses=len(marks),
        satisfied=satisfied,
        csat=_round(satisfied / len(marks), 6),
        csat_lower=_round(interval.low or 0.0, 6),
        csat_upper=_round(interval.high or 0.0, 6),
        mean=_round(statistics.mean(marks), 4),
        adjusted_mean=_round(adjusted, 4),
    )


def collect_inputs(alliance: Alliance, entry: CatalogueEntry) -> dict[str, Any]:
    """Method, parameters and every mark that counts for an entry; two queries."""
    counted = Rating.objects.of(alliance).counted()
    everything = list(counted.values_list("score", flat=True))
    marks = counted.filter(entry=entry).order_by("confirmed_at", "id").values_list("uuid", "score")
    return {
        "method": METHOD,
        "version": METHOD_VERSION,
        "statistics_version": statistics.VERSION,
        "satisfied_from": SATISFIED_FROM,
        "confidence": str(CONFIDENCE),
        "prior_mean": str(_round(statistics.mean(everything), 6)) if everything else "0",
        "prior_strength": PRIOR_STRENGTH,
        "marks": [[str(uuid), score] for uuid, score in marks],
    }


def recompute(result: FeedbackResult) -> Figures:
    """The figures of a stored result, computed again from its stored inputs."""
    return compute_figures(result.inputs)


def list_latest_results(alliance: Alliance) -> QuerySet[FeedbackResult, FeedbackResult]:
    """The newest result of each entry on offer, entries included; one query."""
    return (
        FeedbackResult.objects.of(alliance)
        .filter(is_latest=True, entry__withdrawn_at__isnull=True)
        .select_related("entry")
        .order_by("-adjusted_mean", "entry__code")
    )


def count_entries_without_result(alliance: Alliance) -> int:
    """Services on offer that nobody has rated; one query."""
    rated = FeedbackResult.objects.of(alliance).filter(is_latest=True, responses__gt=0).values("entry_id")
    return CatalogueEntry.objects.of(alliance).public().exclude(pk__in=rated).count()


@dataclass(frozen=True, slots=True)
class FeedbackPage:
    """Everything behind one entry's figures.

    Attributes:
        entry: The service.
        latest: Its newest result, None when nothing was computed yet.
        history: All results, newest first.
        marks: The ratings that the newest result counted, newest first.
        by_mark: Number of them by mark, 5 first.
        by_client: Number of them by kind of client.
    """

    entry: CatalogueEntry
    latest: FeedbackResult | None
    history: list[FeedbackResult]
    marks: list[Rating]
    by_mark: list[tuple[int, int]]
    by_client: dict[str, int]


def get_feedback_page(alliance: Alliance, code: str) -> FeedbackPage | None:
    """One entry's feedback with the marks behind it; three queries."""
    entry = CatalogueEntry.objects.of(alliance).filter(code=code).first()
    if entry is None:
        return None
    history = list(FeedbackResult.objects.of(alliance).filter(entry=entry).order_by("-computed_at", "-id")[:200])
    latest = next((result for result in history if result.is_latest), None)
    uuids = [uuid for uuid, _score in latest.inputs["marks"]] if latest else []
    marks = list(Rating.objects.of(alliance).filter(uuid__in=uuids).order_by("-confirmed_at", "-id"))
    counted = Counter(rating.score for rating in marks)
    return FeedbackPage(
        entry=entry,
        latest=latest,
        history=history,
        marks=marks,
        by_mark=[(mark, counted.get(mark, 0)) for mark in range(5, 0, -1)],
        by_client=dict(Counter(rating.client_kind for rating in marks)),
    )


def measure_mean_feedback(alliance: Alliance, params: Mapping[str, Decimal], at: datetime) -> Reading:  # noqa: ARG001
    """Mean mark over every rating that counts for a service on offer; one query. Undefined without ratings."""
    results = [result for result in list_latest_results(alliance) if result.responses]
    marks = [mark for result in results for _uuid, mark in result.inputs["marks"]]
    rows = [{"entry": r.entry.code, "responses": r.responses, "sum": sum(m for _u, m in r.inputs["marks"])} for r in results]
    inputs: dict[str, Any] = {"method": "mean_of_marks", "version": 1, "rows": rows, "responses": len(marks)}
    if not marks:
        return Reading(None, (), {**inputs, "reason": str(_("There are no responses."))})
    records = [
        RecordRef(
            result.entry.title_en,
            result.entry.title_zh,
            "feedback_detail",
            {"code": result.entry.code},
            f"{result.mean:.2f} (n = {result.responses})",
        )
        for result in results
    ]
    return Reading(_round(statistics.mean(marks), 4), records, inputs)


def measure_satisfied_share(alliance: Alliance, params: Mapping[str, Decimal], at: datetime) -> Reading:
    """Share of ratings of 4 or 5 in per cent, over every service on offer; one query. Undefined without ratings."""
    reading = measure_mean_feedback(alliance, params, at)
    if reading.value is None:
        return reading
    results = [result for result in list_latest_results(alliance) if result.responses]
    satisfied, responses = sum(r.satisfied for r in results), sum(r.responses for r in results)
    rows = [{"entry": r.entry.code, "responses": r.responses, "satisfied": r.satisfied} for r in results]
    records = [
        RecordRef(
            r.entry.title_en, r.entry.title_zh, "feedback_detail", {"code": r.entry.code}, f"{r.satisfied} / {r.responses}"
        )
        for r in results
    ]
    value = _round(100 * satisfied / responses, 4)
    return Reading(value, records, {"method": "satisfied_share", "version": 1, "rows": rows, "responses": responses})
