"""Reads of directives: what was sent down, what arrived from above, and how far it is (S4, G13).

Everything here is a row of the own alliance: what is known of others is what a worker carried here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Prefetch, Q

from alliance.choices import AllianceLevel
from alliance.models import Alliance
from groups.choices import DeliveryState, DirectiveKind, DirectiveState
from groups.models import Directive, DirectiveDelivery, ReceivedDirective

if TYPE_CHECKING:
    from django.db.models import QuerySet

LEVELS: tuple[str, ...] = tuple(AllianceLevel.values)


def list_children(alliance: Alliance) -> QuerySet[Alliance]:
    """Alliances one level below, by name: their names and addresses, which are public; one query."""
    return Alliance.objects.filter(parent=alliance).order_by("name_en", "id")


def answered_states(kind: str) -> tuple[str, ...]:
    """States that count as an answer: a notice only asks to be acknowledged."""
    if kind == DirectiveKind.NOTICE:
        return (DeliveryState.ACKNOWLEDGED, DeliveryState.REPORTED)
    return (DeliveryState.REPORTED,)


def list_directives(alliance: Alliance) -> QuerySet[Directive]:
    """What was drafted or sent, newest first, with the numbers of recipients and answers; one query."""
    reported = Q(deliveries__state=DeliveryState.REPORTED)
    noted = Q(kind=DirectiveKind.NOTICE, deliveries__state=DeliveryState.ACKNOWLEDGED)
    return (
        Directive.objects.of(alliance)
        .annotate(
            asked=Count("deliveries", distinct=True), answered=Count("deliveries", filter=reported | noted, distinct=True)
        )
        .order_by("-created_at", "-id")
    )


def get_directive(alliance: Alliance, code: str) -> Directive | None:
    """One directive with its deliveries; two queries."""
    deliveries = DirectiveDelivery.objects.of(alliance).order_by("recipient_en", "id")
    return (
        Directive.objects.of(alliance)
        .filter(code=code)
        .select_related("created_by", "passed_on_from")
        .prefetch_related(Prefetch("deliveries", queryset=deliveries))
        .first()
    )


def list_received(alliance: Alliance) -> QuerySet[ReceivedDirective]:
    """What arrived from above, newest first; one query."""
    return ReceivedDirective.objects.of(alliance).order_by("-delivered_at", "-id")


def get_received(alliance: Alliance, code: str) -> ReceivedDirective | None:
    """One directive from above, with what was passed on of it; two queries."""
    return (
        ReceivedDirective.objects.of(alliance)
        .filter(code=code)
        .select_related("acknowledged_by", "reported_by")
        .prefetch_related(Prefetch("passed_on", queryset=Directive.objects.of(alliance).order_by("id")))
        .first()
    )


@dataclass(slots=True)
class LevelCount:
    """The bodies of one level in numbers.

    Attributes:
        level: One of AllianceLevel.
        asked: Bodies that were asked.
        answered: Bodies that answered.
        late: Bodies past their day without an answer.
        figure: Sum of the figures given; None when nobody gave one.
    """

    level: str
    asked: int = 0
    answered: int = 0
    late: int = 0
    figure: Decimal | None = None

    @property
    def label(self) -> Any:
        """The level in words."""
        return AllianceLevel(self.level).label if self.level in LEVELS else self.level

    def add_figure(self, value: Any) -> None:
        """Add one body's figure."""
        if value is not None:
            self.figure = (self.figure or Decimal(0)) + Decimal(str(value))


@dataclass(frozen=True, slots=True)
class OpenBody:
    """A body that has not answered.

    Attributes:
        name_en: Its name.
        name_zh: Its name in Chinese.
        level: Its level.
        due_on: When its answer was due.
        through: The alliance that passed the directive on to it; None where it was sent directly.
    """

    name_en: str
    name_zh: str
    level: str
    due_on: date
    through: DirectiveDelivery | None = None

    @property
    def level_label(self) -> Any:
        """The level in words."""
        return AllianceLevel(self.level).label if self.level in LEVELS else self.level


@dataclass(slots=True)
class Progress:
    """How far a directive is, over all levels.

    Attributes:
        states: Deliveries by state, every state present.
        levels: Numbers by level, from the top.
        open: Bodies without an answer, those due first first.
    """

    states: dict[str, int] = field(default_factory=dict)
    levels: list[LevelCount] = field(default_factory=list)
    open: list[OpenBody] = field(default_factory=list)
    late: list[OpenBody] = field(default_factory=list)

    @property
    def asked(self) -> int:
        """Bodies asked on every level."""
        return sum(level.asked for level in self.levels)

    @property
    def answered(self) -> int:
        """Bodies that answered on every level."""
        return sum(level.answered for level in self.levels)


def measure_progress(directive: Directive, today: date) -> Progress:
    """A directive's progress from its (prefetched) deliveries and what they rolled up; no query then.

    Lateness is counted on the day of reading; a closed directive has nobody late.
    """
    counts: dict[str, LevelCount] = {}
    bodies: list[OpenBody] = []
    states: dict[str, int] = dict.fromkeys(DeliveryState.values, 0)
    done = answered_states(directive.kind)
    for delivery in directive.deliveries.all():
        states[delivery.state] += 1
        level = counts.setdefault(delivery.recipient_level, LevelCount(delivery.recipient_level))
        level.asked += 1
        level.add_figure(delivery.figure)
        if delivery.state in done:
            level.answered += 1
        else:
            bodies.append(OpenBody(delivery.recipient_en, delivery.recipient_zh, delivery.recipient_level, directive.due_on))
        for name, numbers in delivery.below.get("levels", {}).items():
            below = counts.setdefault(name, LevelCount(name))
            below.asked += int(numbers.get("asked", 0))
            below.answered += int(numbers.get("answered", 0))
            below.add_figure(numbers.get("figure"))
        bodies.extend(
            OpenBody(entry["en"], entry["zh"], entry["level"], date.fromisoformat(entry["due_on"]), delivery)
            for entry in delivery.below.get("open", [])
        )
    bodies.sort(key=lambda body: (body.due_on, body.name_en))
    late = [] if directive.state == DirectiveState.CLOSED else [body for body in bodies if body.due_on < today]
    for body in late:
        counts[body.level].late += 1
    rank = {level: place for place, level in enumerate(LEVELS)}
    ordered = sorted(counts.values(), key=lambda count: rank.get(count.level, len(rank)))
    return Progress(states=states, levels=ordered, open=bodies, late=late)


def roll_up(alliance: Alliance, received: ReceivedDirective) -> dict[str, Any]:
    """What the alliances below answered to the directives that passed a received one on; two queries.

    Plain values for the sender's row: counts and figures by level, and the bodies that have yet to answer.
    """
    deliveries = Prefetch("deliveries", queryset=DirectiveDelivery.objects.of(alliance))
    counts: dict[str, LevelCount] = {}
    bodies: list[OpenBody] = []
    passed = Directive.objects.of(alliance).filter(passed_on_from=received).exclude(state=DirectiveState.DRAFT)
    for directive in passed.order_by("id").prefetch_related(deliveries):
        progress = measure_progress(directive, directive.due_on)
        for level in progress.levels:
            total = counts.setdefault(level.level, LevelCount(level.level))
            total.asked += level.asked
            total.answered += level.answered
            total.add_figure(level.figure)
        if directive.state != DirectiveState.CLOSED:
            bodies.extend(progress.open)
    if not counts:
        return {}
    return {
        "levels": {
            level.level: {
                "asked": level.asked,
                "answered": level.answered,
                "figure": None if level.figure is None else str(level.figure),
            }
            for level in counts.values()
        },
        "open": [
            {"en": body.name_en, "zh": body.name_zh, "level": body.level, "due_on": body.due_on.isoformat()}
            for body in bodies
        ],
    }
