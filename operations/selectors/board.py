"""The board of the pipeline, with the limits of its stages, and the calendar of its due days."""

from __future__ import annotations

import calendar
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final, cast

from django.db.models import Case, CharField, Count, Exists, F, OuterRef, Q, QuerySet, Value, When, Window
from django.db.models.functions import RowNumber
from django.utils import timezone
from django.utils.translation import gettext as _

from alliance.kernel.permissions import grants_of
from operations.choices import PilotState, ProductState
from operations.models import Pilot, Product
from operations.selectors.pilot import ACTIVE_STATES
from operations.selectors.product import GROUP_STATES, Card, list_visible_products, make_card, with_rounds
from operations.selectors.rules import RulesView, rules_in_force
from operations.selectors.stages import COLUMNS, column_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance

FILTERS: Final = ("all", "mine", "late", "ready")
CARDS_PER_STAGE: Final = 50
"""Cards of a stage on the board; the list has the rest. The nearest due day comes first."""
RELEASED_ON_BOARD: Final = 20
HEAVY: Final = ("summary_en", "summary_zh", "body_en", "body_zh", "details")
"""Columns that no card shows."""


@dataclass(slots=True)
class Column:
    """A stage of the board.

    Attributes:
        key: Stage.
        label: In words.
        colour: Class of its colour.
        count: Products in it that fit the filter, shown or not.
        total: Products in it, whatever the filter.
        limit: Products it holds; None without a limit.
        cards: What is shown.
    """

    key: str
    label: StrOrPromise
    colour: str
    count: int = 0
    total: int = 0
    limit: int | None = None
    cards: list[Card] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        """Whether nothing more may be moved in."""
        return self.limit is not None and self.total >= self.limit

    @property
    def is_over(self) -> bool:
        """Whether it holds more than it should."""
        return self.limit is not None and self.total > self.limit

    @property
    def hidden(self) -> int:
        """Products that fit the filter and are not shown."""
        return self.count - len(self.cards)


@dataclass(slots=True)
class Board:
    """The board with the numbers of its filters."""

    columns: list[Column]
    rules: RulesView
    late: int = 0
    ready: int = 0
    mine: int = 0
    total: int = 0


def _late(alliance: Alliance, at: datetime) -> Q:
    """Condition for products whose present step is overdue, as ``is_late`` says of one."""
    overdue = Pilot.objects.of(alliance).late(at).filter(product=OuterRef("pk"))
    waiting = [ProductState.DRAFT, ProductState.IN_REVIEW, ProductState.TRANSFORMING, ProductState.IMPROVING]
    return Q(state=ProductState.PILOTING) & Q(Exists(overdue)) | Q(
        state__in=waiting, due_on__lt=timezone.localtime(at).date()
    )


READY: Final = Q(state=ProductState.PILOTING, release_proposed_at__isnull=False)


def _mine(user: Any, alliance: Alliance) -> Q:
    own = {grant.institution_id for grant in grants_of(user, alliance) if grant.institution_id is not None}
    return Q(created_by_id=user.pk) | Q(author_id__in=own) | Q(adapter_id__in=own)


def fitting(alliance: Alliance, user: Any, *, show: str, group: str, kind: str, at: datetime) -> Q:
    """Condition for products that fit the board's filters.

    Args:
        alliance: The tenant.
        user: Reader, for "mine".
        show: One of FILTERS.
        group: Only products whose turn it is in this group; empty for all.
        kind: Only this kind; empty for all.
        at: Now.
    """
    condition = {"late": _late(alliance, at), "ready": READY, "mine": _mine(user, alliance)}.get(show, Q())
    if group:
        condition &= Q(state__in=GROUP_STATES.get(group, frozenset()))
    if kind:
        condition &= Q(kind=kind)
    return condition


def get_board(
    alliance: Alliance, user: Any, *, show: str, group: str = "", kind: str = "", at: datetime, movable: bool
) -> Board:
    """The board; five queries, whatever the number of products.

    Args:
        alliance: The tenant.
        user: Reader; products not open to them are left out.
        show: One of FILTERS.
        group: Only cards whose turn it is in this group; empty for all.
        kind: Only this kind of product; empty for all.
        at: Now.
        movable: Whether cards offer to move.
    """
    rules = rules_in_force(alliance)
    visible = list_visible_products(alliance, user, at=at).filter(
        state__in=[state for _key, _label, _colour, states in COLUMNS for state in states]
    )
    wanted = fitting(alliance, user, show=show, group=group, kind=kind, at=at)
    columns = [Column(key, label, colour, limit=rules.limit_of(key)) for key, label, colour, _states in COLUMNS]
    by_key = {column.key: column for column in columns}
    board = Board(columns, rules)
    for row in _counts(visible, alliance, user, wanted, at):
        column = by_key[column_of(row["state"])]
        column.count += row["shown"]
        column.total += row["total"]
        for name in ("late", "ready", "mine", "total"):
            setattr(board, name, getattr(board, name) + row[name])
    for product in _shown(visible.filter(wanted), alliance):
        by_key[column_of(product.state)].cards.append(make_card(product, at=at, movable=movable, rule=rules.release_rule))
    return board


def _counts(visible: QuerySet[Product], alliance: Alliance, user: Any, wanted: Q, at: datetime) -> Iterable[dict[str, Any]]:
    """Numbers by state; one query."""
    rows = (
        visible.order_by()
        .values("state")
        .annotate(
            total=Count("pk"),
            shown=Count("pk", filter=wanted) if wanted else Count("pk"),
            late=Count("pk", filter=_late(alliance, at)),
            ready=Count("pk", filter=READY),
            mine=Count("pk", filter=_mine(user, alliance)),
        )
    )
    return cast("Iterable[dict[str, Any]]", rows)


def _shown(products: QuerySet[Product], alliance: Alliance) -> list[Any]:
    """The first cards of each stage: by due day; of the released ones the newest. Two queries."""
    stage = Case(
        *(When(state__in=states, then=Value(key)) for key, _label, _colour, states in COLUMNS),
        output_field=CharField(),
    )
    order = [F("released_at").desc(nulls_last=True), F("due_on").asc(nulls_last=True), F("code").asc()]
    numbered: Any = products.annotate(place=Window(RowNumber(), partition_by=stage, order_by=order))
    ranked = numbered.filter(
        Q(place__lte=RELEASED_ON_BOARD, state=ProductState.RELEASED)
        | (Q(place__lte=CARDS_PER_STAGE) & ~Q(state=ProductState.RELEASED))
    )
    rows: Any = with_rounds(ranked.defer(*HEAVY), alliance)
    return list(rows.order_by("place"))


# --------------------------------------------------------------------------------------------------------------- calendar


@dataclass(slots=True)
class DueEntry:
    """Something that falls on a day."""

    code: str
    title: str
    words: str
    late: bool


@dataclass(slots=True)
class Day:
    """A day of the month shown, or of its first and last week."""

    day: date
    in_month: bool
    is_today: bool
    entries: list[DueEntry] = field(default_factory=list)
    more: int = 0


ENTRIES_PER_DAY: Final = 8


def due_month(alliance: Alliance, user: Any, first: date, *, wanted: Q, at: datetime) -> list[list[Day]]:
    """The weeks of a month with what is due on each day: stages, starts and deadlines of rounds; two queries.

    Args:
        alliance: The tenant.
        user: Reader; products not open to them are left out.
        first: First day of the month.
        wanted: Only products that fit, see :func:`fitting`.
        at: Now.
    """
    today = timezone.localtime(at).date()
    weeks = calendar.Calendar(firstweekday=0).monthdatescalendar(first.year, first.month)
    begin, end = weeks[0][0], weeks[-1][-1]
    visible = list_visible_products(alliance, user, at=at).filter(wanted)
    entries: dict[date, list[DueEntry]] = defaultdict(list)
    words = {
        ProductState.DRAFT.value: _("Draft due"),
        ProductState.IN_REVIEW.value: _("Review due"),
        ProductState.TRANSFORMING.value: _("Handover due"),
        ProductState.IMPROVING.value: _("Changes due"),
    }
    stages = visible.filter(state__in=words, due_on__range=(begin, end)).defer(*HEAVY).order_by("due_on", "code")
    for product in stages:
        if product.due_on is None:  # only the type says it may be: the range above asks for a day
            continue
        entries[product.due_on].append(DueEntry(product.code, product.title, words[product.state], product.due_on < today))
    span = (_midnight(begin), _midnight(end + timedelta(days=1)))
    rounds = (
        Pilot.objects.of(alliance)
        .filter(Q(starts_at__range=span) | Q(deadline__range=span), state__in=ACTIVE_STATES, product__in=visible)
        .select_related("product")
        .defer(*(f"product__{name}" for name in HEAVY))
        .order_by("deadline", "product__code")
    )
    for pilot in rounds:
        starts, ends = timezone.localtime(pilot.starts_at).date(), timezone.localtime(pilot.deadline).date()
        title, code = pilot.product.title, pilot.product.code
        if pilot.state == PilotState.PLANNED:
            entries[starts].append(DueEntry(code, title, _("Pilot starts"), late=False))
        entries[ends].append(DueEntry(code, title, _("Answers due"), late=pilot.is_running and pilot.deadline < at))
    return [
        [
            Day(day, day.month == first.month, day == today, entries[day][:ENTRIES_PER_DAY], _rest(entries[day]))
            for day in week
        ]
        for week in weeks
    ]


def _rest(entries: list[DueEntry]) -> int:
    return max(0, len(entries) - ENTRIES_PER_DAY)


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))
