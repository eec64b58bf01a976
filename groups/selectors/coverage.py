"""The coverage matrix: which group has which element from how many institutions, and what is missing."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone
from django.utils.text import capfirst

from groups.choices import REQUIRED_ELEMENTS, GroupKind, SeatRole
from groups.models import GroupMembership, VirtualGroup
from members.choices import Element, InstitutionState
from members.models import ElementSupply, Institution
from members.selectors.remembered import remember

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from django.db.models import QuerySet
    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance

WORKING_ROLES = (SeatRole.CONVENOR, SeatRole.MEMBER)
"""Observers bring nothing to a group."""


@dataclass(slots=True)
class Cell:
    """One group and one element.

    Attributes:
        group: Kind of the group.
        element: The element.
        count: Active institutions with a working seat in the group that supply the element on the day.
        expected: Whether the group exists to bring this element (Zheng2018, section 4).
        url: Where the institutions of the cell are listed; set by :meth:`Coverage.link`.
        label: Group and element in words, for the link; likewise.
    """

    group: str
    element: str
    count: int
    expected: bool
    url: str = ""
    label: StrOrPromise = ""

    @property
    def is_gap(self) -> bool:
        """Required and empty."""
        return self.expected and not self.count


@dataclass(slots=True)
class Row:
    """One group of the matrix.

    Attributes:
        kind: Kind of the group.
        cells: In the order of the elements.
        seats: Active institutions with a working seat.
        has_convenor: Whether one of them is the convenor.
    """

    kind: str
    cells: list[Cell]
    seats: int
    has_convenor: bool


@dataclass(slots=True)
class Coverage:
    """Groups x elements on one day.

    Attributes:
        on: The day.
        columns: Names of the nine elements, in the order of the blueprint.
        rows: The six groups, in the order of the blueprint.
        suppliers: Element -> active institutions of the alliance that supply it, with or without a seat.
        single_sources: Elements that exactly one institution supplies (single points of failure).
        without_supplier: Elements that nobody supplies.
        without_convenor: Groups in which no active institution is the convenor.
    """

    on: date
    columns: list[StrOrPromise]
    rows: list[Row]
    suppliers: dict[str, int]
    single_sources: list[str] = field(default_factory=list)
    without_supplier: list[str] = field(default_factory=list)
    without_convenor: list[str] = field(default_factory=list)

    @property
    def gaps(self) -> list[Cell]:
        """Cells that are required and empty."""
        return [cell for row in self.rows for cell in row.cells if cell.is_gap]

    @property
    def required(self) -> int:
        """How many cells are required."""
        return sum(cell.expected for row in self.rows for cell in row.cells)

    @property
    def covered(self) -> int:
        """How many of the required cells are filled."""
        return self.required - len(self.gaps)

    @property
    def filled(self) -> int:
        """How many cells hold at least one institution, required or not."""
        return sum(bool(cell.count) for row in self.rows for cell in row.cells)

    @property
    def seats(self) -> int:
        """Working seats over all groups."""
        return sum(row.seats for row in self.rows)

    def link(self, url_of: Callable[[str, str], str]) -> Coverage:
        """Give every cell its address (group kind and element in, address out) and its words; returns itself."""
        for row in self.rows:
            for cell in row.cells:
                cell.url = url_of(cell.group, cell.element)
                cell.label = capfirst(f"{GroupKind(cell.group).label}, {Element(cell.element).label}")
        return self


def moment_of(day: date) -> datetime:
    """The moment at which seats are counted for a day: now for today, else the end of that day."""
    if day == timezone.localdate():
        return timezone.now()
    following = datetime.combine(day + timedelta(days=1), time.min, tzinfo=timezone.get_current_timezone())
    return following - timedelta(microseconds=1)


def working_seats(alliance: Alliance, on: date) -> QuerySet[GroupMembership]:
    """Seats of active institutions that work in a group on a day."""
    return (
        GroupMembership.objects.of(alliance)
        .at(moment_of(on))
        .filter(institution__state=InstitutionState.ACTIVE, role__in=WORKING_ROLES)
    )


def get_coverage(alliance: Alliance, on: date) -> Coverage:
    """The coverage matrix of one alliance on a day; three queries whatever the size.

    A group that the alliance has not established yet stands in the matrix with empty cells.

    Of a large alliance it is remembered until the content changes, at most ten minutes: so long may a seat that begins or ends
    by the clock stay unseen there.

    Args:
        alliance: The tenant.
        on: The day; supplies and seats valid then count.
    """
    suppliers, counts, seats = remember(
        alliance, f"coverage:{on}", lambda: _count_coverage(alliance, on), lambda found: sum(found[0].values())
    )
    rows = [
        Row(
            kind=kind,
            cells=[
                Cell(kind, element, counts.get((kind, element), 0), element in REQUIRED_ELEMENTS[kind])
                for element in Element.values
            ],
            seats=seats.get(kind, (0, 0))[0],
            has_convenor=bool(seats.get(kind, (0, 0))[1]),
        )
        for kind in GroupKind.values
    ]
    return Coverage(
        on=on,
        columns=[capfirst(Element(element).label) for element in Element.values],
        rows=rows,
        suppliers=suppliers,
        single_sources=[element for element, n in suppliers.items() if n == 1],
        without_supplier=[element for element, n in suppliers.items() if n == 0],
        without_convenor=[row.kind for row in rows if not row.has_convenor],
    )


Figures = tuple[dict[str, int], dict[tuple[str, str], int], dict[str, tuple[int, int]]]


def _count_coverage(alliance: Alliance, on: date) -> Figures:
    """Suppliers by element, institutions by group and element, seats and convenors by group; three queries."""
    valid = ElementSupply.objects.of(alliance).valid_on(on).filter(institution__state=InstitutionState.ACTIVE)
    suppliers = dict.fromkeys(Element.values, 0)
    suppliers.update(valid.values_list("element").annotate(n=Count("institution", distinct=True)))
    counts = {
        (kind, element): n
        for kind, element, n in working_seats(alliance, on)
        .filter(
            Q(institution__supplies__valid_to__isnull=True) | Q(institution__supplies__valid_to__gte=on),
            institution__supplies__valid_from__lte=on,
        )
        .values_list("group__kind", "institution__supplies__element")
        .annotate(n=Count("institution", distinct=True))
    }
    seats = {
        kind: (n, convenors)
        for kind, n, convenors in working_seats(alliance, on)
        .values_list("group__kind")
        .annotate(n=Count("institution", distinct=True), convenors=Count("id", filter=Q(role=SeatRole.CONVENOR)))
    }
    return suppliers, counts, seats


def list_cell_institutions(alliance: Alliance, on: date, group: str, element: str) -> QuerySet[ElementSupply]:
    """The supplies behind one cell, strongest first, with their institutions; one query."""
    seated = working_seats(alliance, on).filter(group__kind=group, institution_id=OuterRef("institution_id"))
    return (
        ElementSupply.objects.of(alliance)
        .valid_on(on)
        .filter(Exists(seated), element=element, institution__state=InstitutionState.ACTIVE)
        .select_related("institution")
        .order_by("-strength", "institution__sort_key", "id")
    )


def list_candidates(alliance: Alliance, on: date, group: str, element: str) -> QuerySet[Institution]:
    """Active institutions that supply an element without a working seat in the group: who could close a gap. One query."""
    seated = working_seats(alliance, on).filter(group__kind=group, institution_id=OuterRef("pk"))
    supplied = ElementSupply.objects.of(alliance).valid_on(on).filter(element=element, institution_id=OuterRef("pk"))
    return Institution.objects.of(alliance).active().filter(Exists(supplied), ~Exists(seated)).order_by("sort_key", "id")


def count_groups(alliance: Alliance) -> int:
    """How many of the six groups are established; one query."""
    return VirtualGroup.objects.of(alliance).count()
