"""What the console's first page shows, from live records, in a fixed number of queries whatever the size of the alliance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Count, F, OuterRef, Q, Subquery

from alliance.kernel.indicators import indicators
from groups.selectors.coverage import get_coverage
from members.models import Institution
from operations.choices import ParticipantState, PilotState, ProductState
from operations.models import Pilot, Product
from services.choices import ListingSide, ServiceCategory
from services.models import CatalogueEntry, Rating
from services.selectors.public import count_listings_by
from targets.choices import ObjectiveStatus, ObjectiveTier
from targets.selectors.objective import Progress, Standing, count_by_status, list_progress, list_standings

if TYPE_CHECKING:
    from datetime import date, datetime

    from alliance.models import Alliance
    from groups.selectors.coverage import Coverage

MEAN_FEEDBACK: Final = "evaluation.mean_feedback"
"""Looked up by name: this layer and evaluation do not know each other."""

PIPELINE: Final = (
    ProductState.DRAFT,
    ProductState.IN_REVIEW,
    ProductState.TRANSFORMING,
    ProductState.PILOTING,
    ProductState.IMPROVING,
)


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Products on their way.

    Attributes:
        counts: Products by state, in the order of the pipeline; released ones of this year last.
        in_pipeline: How many are on their way.
        in_pilot: How many are in pilot.
        late: Pilot rounds past their deadline that still take answers.
        ready: Products whose release is proposed.
        next_due: The next products due, soonest first, with ``firms`` and ``deadline``.
    """

    counts: dict[str, int]
    in_pipeline: int
    in_pilot: int
    late: int
    ready: int
    next_due: list[Any]


@dataclass(frozen=True, slots=True)
class Opinion:
    """Marks of one service category."""

    category: str
    satisfied: int
    middling: int
    dissatisfied: int

    @property
    def total(self) -> int:
        """Marks in all."""
        return self.satisfied + self.middling + self.dissatisfied


@dataclass(frozen=True, slots=True)
class Balance:
    """Open listings of one category."""

    category: str
    demand: int
    supply: int


@dataclass(frozen=True, slots=True)
class Feedback:
    """Mean mark of clients, as evaluation states it.

    Attributes:
        mean: 1 to 5; None without ratings or without evaluation.
        responses: Ratings behind it.
    """

    mean: float | None
    responses: int


@dataclass(frozen=True, slots=True)
class Released:
    """A released product with what pilots and clients say."""

    entry: CatalogueEntry
    score: Any
    mean: float | None
    ratings: int


@dataclass(frozen=True, slots=True)
class Dashboard:
    """The whole page."""

    coverage: Coverage
    institutions: int
    pipeline: Pipeline
    services: int
    opinions: list[Opinion]
    balances: list[Balance]
    standings: list[Standing]
    statuses: dict[str, int]
    progress: dict[str, list[Progress]]
    feedback: Feedback
    released: list[Released]
    released_this_year: int

    @property
    def objectives_good(self) -> int:
        """Objectives met or on track."""
        return self.statuses[ObjectiveStatus.MET] + self.statuses[ObjectiveStatus.ON_TRACK]


def get_dashboard(alliance: Alliance, at: datetime, on: date, days: list[date]) -> Dashboard:
    """Everything of the first page; sixteen queries.

    Args:
        alliance: The tenant.
        at: Now.
        on: Today.
        days: Days for which the mean progress of the objectives is shown, rising.
    """
    standings = list_standings(alliance, on)
    demand_supply = count_listings_by(alliance, on)
    return Dashboard(
        coverage=get_coverage(alliance, on),
        institutions=Institution.objects.of(alliance).active().count(),
        pipeline=get_pipeline(alliance, at, on),
        services=CatalogueEntry.objects.of(alliance).public().count(),
        opinions=list_opinions(alliance),
        balances=[
            Balance(
                category,
                demand_supply.get((ListingSide.DEMAND, category), 0),
                demand_supply.get((ListingSide.SUPPLY, category), 0),
            )
            for category in ServiceCategory.values
        ],
        standings=standings,
        statuses=count_by_status(standings),
        progress={tier: list_progress(alliance, days, tier=tier) for tier in ObjectiveTier.values},
        feedback=read_feedback(alliance, at),
        released=list_released(alliance),
        released_this_year=Product.objects.of(alliance).filter(released_at__year=on.year).count(),
    )


def get_pipeline(alliance: Alliance, at: datetime, on: date) -> Pipeline:
    """Products on their way; four queries."""
    products = Product.objects.of(alliance)
    by_state = dict(products.values_list("state").annotate(count=Count("pk")).order_by())
    counts: dict[str, int] = {state: by_state.get(state, 0) for state in PIPELINE}
    on_their_way = sum(counts.values())
    counts[ProductState.RELEASED] = products.filter(released_at__year=on.year, state=ProductState.RELEASED).count()
    rounds = Pilot.objects.of(alliance).filter(product=OuterRef("pk")).order_by("-round")
    next_due = list(
        products.filter(state__in=[ProductState.PILOTING, ProductState.IMPROVING])
        .annotate(
            firms=Count(
                "pilots__participants__institution",
                filter=~Q(pilots__participants__state=ParticipantState.WITHDRAWN),
                distinct=True,
            ),
            deadline=Subquery(
                rounds.filter(state__in=[PilotState.PLANNED, PilotState.OPEN, PilotState.EXTENDED]).values("deadline")[:1]
            ),
        )
        .order_by(F("deadline").asc(nulls_last=True), F("due_on").asc(nulls_last=True), "code")[:3]
    )
    marks = Pilot.objects.of(alliance).aggregate(
        late=Count("pk", filter=Q(state__in=[PilotState.OPEN, PilotState.EXTENDED], deadline__lt=at)),
        ready=Count(
            "product", filter=Q(product__release_proposed_at__isnull=False, product__state__in=PIPELINE), distinct=True
        ),
    )
    return Pipeline(counts, on_their_way, counts[ProductState.PILOTING], marks["late"], marks["ready"], next_due)


def list_opinions(alliance: Alliance) -> list[Opinion]:
    """Marks by category in the order of the paper, empty categories included; one query."""
    rows = (
        Rating.objects.of(alliance)
        .counted()
        .filter(entry__withdrawn_at__isnull=True)
        .values("entry__category")
        .annotate(
            satisfied=Count("pk", filter=Q(score__gte=4)),
            middling=Count("pk", filter=Q(score=3)),
            dissatisfied=Count("pk", filter=Q(score__lte=2)),
        )
        .order_by()
    )
    found: dict[str, Any] = {row["entry__category"]: row for row in rows}
    empty: dict[str, Any] = {}
    return [
        Opinion(category, *(found.get(category, empty).get(name, 0) for name in ("satisfied", "middling", "dissatisfied")))
        for category in ServiceCategory.values
    ]


def read_feedback(alliance: Alliance, at: datetime) -> Feedback:
    """The mean mark as evaluation measures it; one query."""
    if MEAN_FEEDBACK not in indicators:
        return Feedback(None, 0)
    reading = indicators.get(MEAN_FEEDBACK).read(alliance, {}, at=at)
    return Feedback(None if reading.value is None else float(reading.value), int(reading.inputs.get("responses", 0)))


def list_released(alliance: Alliance) -> list[Released]:
    """The three newest services with their pilot score and ratings; two queries."""
    score = Pilot.objects.of(alliance).filter(product=OuterRef("product_id"), state=PilotState.PASSED).order_by("-round")
    entries: list[Any] = list(
        CatalogueEntry.objects.of(alliance)
        .public()
        .select_related("product")
        .annotate(pilot_score=Subquery(score.values("mean_score")[:1]))
        .order_by("-published_at", "-id")[:3]
    )
    marks: dict[int, list[int]] = {entry.pk: [] for entry in entries}
    for entry_id, mark in Rating.objects.of(alliance).counted().filter(entry__in=marks).values_list("entry_id", "score"):
        marks[entry_id].append(mark)
    return [
        Released(
            entry,
            entry.pilot_score,
            sum(marks[entry.pk]) / len(marks[entry.pk]) if marks[entry.pk] else None,
            len(marks[entry.pk]),
        )
        for entry in entries
    ]
