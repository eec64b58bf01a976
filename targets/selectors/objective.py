"""Reads of objectives: how they stand, how they moved, and the records behind each figure."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from django.db.models import F, OuterRef, Subquery
from django.utils import timezone

from alliance.kernel.indicators import indicators, record_ref
from targets.choices import ObjectiveStatus, ObjectiveTier
from targets.models import Measurement, Objective

if TYPE_CHECKING:
    from datetime import date

    from django.db.models import QuerySet
    from django_stubs_ext import StrOrPromise

    from alliance.kernel.indicators import RecordRef
    from alliance.models import Alliance

TOLERANCE: Final = Decimal("0.10")
"""How far progress may stay behind the even pace and still be on track."""
RISK: Final = Decimal("0.30")
"""From here on the objective is behind."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """How an objective stands on a day.

    Attributes:
        status: One of ObjectiveStatus.
        progress: Share of the way from baseline to target, 0 at the baseline and 1 at the target; None when it is undefined.
        expected: Share of the time gone from the baseline's day to the target's; None without a day of the baseline.
    """

    status: str
    progress: Decimal | None
    expected: Decimal | None

    @property
    def label(self) -> StrOrPromise:
        """The status in words."""
        return ObjectiveStatus(self.status).label

    @property
    def percent(self) -> int:
        """Progress in whole per cent for a bar, 0 to 100."""
        return int(min(Decimal(1), max(Decimal(0), self.progress or Decimal(0))) * 100)


def judge(objective: Objective, value: Decimal | None, on: date) -> Judgement:
    """How an objective stands; a house rule, documented on the page.

    - *not measured yet*: there is no value.
    - *met*: the value has reached the target (or fallen to it, where less is better).
    - otherwise, once the target's day has passed: *behind*.
    - otherwise progress is compared with the even pace from the baseline's day to the target's day:
      *on track* when it lies at most 10 points behind, *at risk* up to 30 points, *behind* beyond that.
    - without a baseline, or without its day, there is no pace to compare with: *at risk* until the target is met.

    Args:
        objective: The objective.
        value: The newest value that counts.
        on: The day.
    """
    if value is None:
        return Judgement(ObjectiveStatus.UNMEASURED, None, None)
    span = objective.target_value - objective.baseline if objective.baseline is not None else None
    progress = (value - objective.baseline) / span if span and objective.baseline is not None else None
    expected = None
    if objective.baseline_on is not None:
        days = (objective.target_on - objective.baseline_on).days
        gone = Decimal((on - objective.baseline_on).days) / Decimal(days)
        expected = min(Decimal(1), max(Decimal(0), gone))
    reached = value <= objective.target_value if objective.direction == "down" else value >= objective.target_value
    if reached:
        return Judgement(ObjectiveStatus.MET, progress, expected)
    if on > objective.target_on:
        return Judgement(ObjectiveStatus.OFF_TRACK, progress, expected)
    if progress is None or expected is None:
        return Judgement(ObjectiveStatus.AT_RISK, progress, expected)
    lag = expected - progress
    if lag <= TOLERANCE:
        return Judgement(ObjectiveStatus.ON_TRACK, progress, expected)
    return Judgement(ObjectiveStatus.AT_RISK if lag <= RISK else ObjectiveStatus.OFF_TRACK, progress, expected)


@dataclass(slots=True)
class Standing:
    """An objective with its newest value and how it stands.

    Attributes:
        objective: The objective.
        value: Newest value, None when it was never measured.
        at: Moment of that value.
        source: Measured or reported.
        judgement: How it stands.
        children: Objectives below it.
    """

    objective: Objective
    value: Decimal | None
    at: Any
    source: str
    judgement: Judgement
    children: list[Standing] = field(default_factory=list)


def standing_measurements(alliance: Alliance) -> QuerySet[Measurement]:
    """Measurements that no correction has replaced."""
    measurements = Measurement.objects.of(alliance)
    return measurements.exclude(pk__in=measurements.filter(replaces__isnull=False).values("replaces_id"))


def list_standings(alliance: Alliance, on: date) -> list[Standing]:
    """Every objective with its newest value, by tier and code; one query."""
    newest = standing_measurements(alliance).filter(objective=OuterRef("pk")).order_by("-at", "-id")
    rows = (
        Objective.objects.of(alliance)
        .select_related("owner")
        .annotate(
            newest_value=Subquery(newest.values("value")[:1]),
            newest_at=Subquery(newest.values("at")[:1]),
            newest_source=Subquery(newest.values("source")[:1]),
        )
        .order_by("code")
    )
    found = [
        Standing(row, row.newest_value, row.newest_at, row.newest_source or "", judge(row, row.newest_value, on))
        for row in rows
    ]
    order = {tier: place for place, tier in enumerate(ObjectiveTier.values)}
    return sorted(found, key=lambda standing: (order[standing.objective.tier], _natural(standing.objective.code)))


def _natural(code: str) -> tuple[Any, ...]:
    """Codes sorted as people count: O-2 before O-10."""
    return tuple((0, int(part)) if part.isdigit() else (1, part) for part in code.replace("-", ".").split("."))


@dataclass(frozen=True, slots=True)
class Tier:
    """The objectives of one tier as a tree."""

    tier: str
    label: StrOrPromise
    roots: list[Standing]
    count: int


def build_tiers(standings: list[Standing]) -> list[Tier]:
    """The three tiers in their order; an objective stands under its parent, whatever the parent's tier."""
    by_id = {standing.objective.pk: standing for standing in standings}
    roots: list[Standing] = []
    for standing in standings:
        standing.children = []
    for standing in standings:
        parent = by_id.get(standing.objective.parent_id or 0)
        (parent.children if parent is not None else roots).append(standing)
    return [
        Tier(
            tier,
            ObjectiveTier(tier).label,
            [root for root in roots if root.objective.tier == tier],
            sum(1 for standing in standings if standing.objective.tier == tier),
        )
        for tier in ObjectiveTier.values
    ]


def count_by_status(standings: list[Standing]) -> dict[str, int]:
    """How many objectives stand how, in the order met, on track, at risk, behind, not measured."""
    counts = dict.fromkeys(ObjectiveStatus.values, 0)
    for standing in standings:
        counts[standing.judgement.status] += 1
    return counts


@dataclass(frozen=True, slots=True)
class MeasurementRow:
    """A measurement with what became of it.

    Attributes:
        measurement: The row; it is never changed.
        replaced_by: The correction that replaced it, if any.
    """

    measurement: Measurement
    replaced_by: Measurement | None


@dataclass(frozen=True, slots=True)
class ObjectivePage:
    """One objective with its values and the records behind the newest."""

    standing: Standing
    latest: Measurement | None
    rows: list[MeasurementRow]
    trend: list[Measurement]
    records: list[RecordRef]
    children: list[Standing]
    indicator_title: StrOrPromise
    indicator_description: StrOrPromise


def get_objective_page(alliance: Alliance, code: str, on: date) -> ObjectivePage | None:
    """One objective; three queries.

    ``records`` are those that the newest standing value was measured from, as stored with it: the list and the number
    cannot part.
    """
    objective = Objective.objects.of(alliance).select_related("owner", "parent").filter(code=code).first()
    if objective is None:
        return None
    measurements = list(
        Measurement.objects.of(alliance)
        .filter(objective=objective)
        .select_related("by", "replaces")
        .order_by("-at", "-id")[:500]
    )
    replaced = {row.replaces_id: row for row in measurements if row.replaces_id}
    standing_rows = [row for row in measurements if row.pk not in replaced]
    latest = standing_rows[0] if standing_rows else None
    value = latest.value if latest else None
    children = [child for child in list_standings(alliance, on) if child.objective.parent_id == objective.pk]
    title: StrOrPromise = ""
    description: StrOrPromise = ""
    if objective.provider in indicators:
        indicator = indicators.get(objective.provider)
        title = str(indicator.title) % indicator.check_params(objective.params)
        description = indicator.description
    return ObjectivePage(
        standing=Standing(
            objective, value, latest.at if latest else None, latest.source if latest else "", judge(objective, value, on)
        ),
        latest=latest,
        rows=[MeasurementRow(row, replaced.get(row.pk)) for row in measurements],
        trend=list(reversed(standing_rows[:36])),
        records=[record_ref(kept) for kept in (latest.inputs.get("records", []) if latest else [])],
        children=children,
        indicator_title=title,
        indicator_description=description,
    )


def get_objective(alliance: Alliance, code: str) -> Objective | None:
    """One objective; one query."""
    return Objective.objects.of(alliance).select_related("owner", "parent").filter(code=code).first()


def list_measured_codes(alliance: Alliance) -> list[str]:
    """Codes of objectives that a provider measures; one query."""
    return list(Objective.objects.of(alliance).exclude(provider="").order_by("code").values_list("code", flat=True))


@dataclass(frozen=True, slots=True)
class Progress:
    """Mean progress of all measured objectives at the end of a month."""

    day: date
    value: float | None
    count: int


def list_progress(alliance: Alliance, days: list[date], *, tier: str = "") -> list[Progress]:
    """Mean progress towards the targets at the end of each day, from what had been measured by then; one query.

    Of one tier, or of all.

    Progress of one objective is held between 0 and 1, so that one that ran far ahead does not hide the others.
    """
    measurements = standing_measurements(alliance)
    if tier:
        measurements = measurements.filter(objective__tier=tier)
    rows: list[Any] = list(
        measurements.filter(objective__baseline__isnull=False)
        .exclude(objective__baseline=F("objective__target_value"))
        .order_by("at", "id")
        .values_list("objective_id", "at", "value", "objective__baseline", "objective__target_value")
    )
    found = []
    for day in days:
        newest: dict[int, Decimal] = {}
        for objective_id, at, value, baseline, target in rows:
            if timezone.localtime(at).date() > day:
                break
            newest[objective_id] = min(Decimal(1), max(Decimal(0), (value - baseline) / (target - baseline)))
        mean = float(sum(newest.values()) / len(newest)) if newest else None
        found.append(Progress(day, mean, len(newest)))
    return found


def is_reported(objective: Objective) -> bool:
    """Whether people report the values of an objective."""
    return not objective.provider
