"""Reads of groups and seats."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from groups.choices import (
    COMPOSITION,
    ELIGIBLE_KINDS,
    OPEN_GROUPS,
    REQUIRED_ELEMENTS,
    GroupKind,
    InvitationState,
    PositionKind,
    SeatRole,
)
from groups.models import GroupMembership, Position, SeatAlternate, SeatInvitation, Term, VirtualGroup
from members.choices import Element, InstitutionKind, InstitutionState
from members.models import Institution, InstitutionStaff
from members.selectors.duties import Duty
from members.selectors.institution import Extension, Mark
from members.selectors.remembered import remember

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from django.db.models import QuerySet
    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance, User


@dataclass(frozen=True, slots=True)
class GroupSummary:
    """One of the six groups at a moment.

    Attributes:
        kind: Kind of the group.
        label: Its name.
        established: Whether the alliance has made it.
        convenor: Name and code of the active convenor, if there is one.
        members: Active institutions with the role of member or convenor.
        observers: Active institutions that observe.
        could_join: Eligible active institutions without a seat; None where any kind may sit.
        kinds: Kinds that may sit in it without a resolution.
        elements: Elements it exists to bring.
    """

    kind: str
    label: StrOrPromise
    established: bool
    convenor: Institution | None
    members: int
    observers: int
    could_join: int | None
    kinds: list[StrOrPromise]
    elements: list[StrOrPromise]


def list_groups(alliance: Alliance, at: datetime) -> list[GroupSummary]:
    """The six groups in the order of the blueprint; four queries, and one for each group that kinds may join.

    The figures of a large alliance are remembered until its content changes, at most ten minutes.
    """
    there = set(VirtualGroup.objects.of(alliance).values_list("kind", flat=True))
    active = GroupMembership.objects.of(alliance).at(at).filter(institution__state=InstitutionState.ACTIVE)
    day = timezone.localdate(at)
    counts = remember(
        alliance,
        f"groups:{day}",
        lambda: {
            kind: (members, observers)
            for kind, members, observers in active.values_list("group__kind").annotate(
                members=Count("institution", distinct=True, filter=~Q(role=SeatRole.OBSERVER)),
                observers=Count("institution", distinct=True, filter=Q(role=SeatRole.OBSERVER)),
            )
        },
        lambda found: sum(map(sum, found.values())),
    )
    open_to = remember(
        alliance,
        f"groups:candidates:{day}",
        lambda: {kind: count_candidates(alliance, kind, at) for kind in GroupKind.values if kind in OPEN_GROUPS},
        lambda _found: sum(map(sum, counts.values())),
    )
    convenors = {
        seat.group.kind: seat.institution
        for seat in active.filter(role=SeatRole.CONVENOR).select_related("institution", "group").order_by("-starts_at")
    }
    return [
        GroupSummary(
            kind=kind,
            label=GroupKind(kind).label,
            established=kind in there,
            convenor=convenors.get(kind),
            members=counts.get(kind, (0, 0))[0],
            observers=counts.get(kind, (0, 0))[1],
            could_join=open_to.get(kind),
            kinds=[InstitutionKind(value).label for value in InstitutionKind.values if value in ELIGIBLE_KINDS[kind]],
            elements=[Element(value).label for value in Element.values if value in REQUIRED_ELEMENTS[kind]],
        )
        for kind in GroupKind.values
    ]


def candidates(alliance: Alliance, kind: str, at: datetime) -> QuerySet[Institution]:
    """Eligible active institutions without a seat in a group, now or later; by name."""
    seated = GroupMembership.objects.of(alliance).filter(
        Q(ends_at__isnull=True) | Q(ends_at__gt=at), group__kind=kind, institution_id=OuterRef("pk")
    )
    return (
        Institution.objects.of(alliance)
        .active()
        .filter(~Exists(seated), kind__in=ELIGIBLE_KINDS[kind])
        .order_by("sort_key", "id")
    )


def count_candidates(alliance: Alliance, kind: str, at: datetime) -> int:
    """How many institutions could join a group without a resolution; one query."""
    return candidates(alliance, kind, at).count()


def get_group(alliance: Alliance, kind: str) -> VirtualGroup:
    """One group.

    Raises:
        VirtualGroup.DoesNotExist: There is no such group, or the alliance has not established it.
    """
    return VirtualGroup.objects.of(alliance).get(kind=kind)


def list_seats(group: VirtualGroup, at: datetime) -> QuerySet[GroupMembership]:
    """Seats held in a group at a moment, with their institutions."""
    return (
        GroupMembership.objects.of(group.alliance)
        .at(at)
        .filter(group=group)
        .select_related("institution", "exception_motion")
    )


def list_seats_of(alliance: Alliance, institution: Institution) -> QuerySet[GroupMembership]:
    """All seats of an institution, present and past, newest first; one query."""
    return (
        GroupMembership.objects.of(alliance)
        .filter(institution=institution)
        .select_related("group")
        .order_by("-starts_at", "-id")
    )


def seats_panel(alliance: Alliance, institution: Institution, at: datetime) -> dict[str, Any]:
    """Values of the card "Groups" on an institution's page; one query."""
    seats = list(list_seats_of(alliance, institution))
    return {
        "seats": [seat for seat in seats if seat.starts_at <= at and (seat.ends_at is None or seat.ends_at > at)],
        "past_seats": [seat for seat in seats if seat.ends_at is not None and seat.ends_at <= at],
        "coming_seats": [seat for seat in seats if seat.starts_at > at],
        "institution": institution,
    }


def seat_duties(alliance: Alliance, institution: Institution, at: datetime) -> list[Duty]:
    """Seats that must be given up before an institution's exit; one query."""
    seats = (
        GroupMembership.objects.of(alliance)
        .filter(Q(ends_at__isnull=True) | Q(ends_at__gt=at), institution=institution)
        .select_related("group")
    )
    return [
        Duty(
            _("seat in the %(group)s (%(role)s)")
            % {"group": seat.group.get_kind_display(), "role": seat.get_role_display()},
            "group_detail",
            {"kind": seat.group.kind},
            key=f"seat:{seat.group.kind}",
        )
        for seat in seats
    ]


def position_duties(alliance: Alliance, institution: Institution, at: datetime) -> list[Duty]:
    """Positions that must be given up before an institution's exit; one query."""
    held = Position.objects.of(alliance).after(at).filter(institution=institution).select_related("group")
    return [
        Duty(
            _("%(position)s of the %(group)s") % {"position": row.get_kind_display(), "group": row.group.get_kind_display()},
            "group_detail",
            {"kind": row.group.kind},
            key=f"position:{row.pk}",
        )
        for row in held
    ]


# ------------------------------------------------------------------------------------------- a group's page, composition


@dataclass(frozen=True, slots=True)
class CompositionFinding:
    """How a group is composed against its rule.

    Attributes:
        members: Active institutions with a working seat.
        enterprises: Leading enterprises among them.
        size: Institutions that shall sit in it; None: no rule.
        limit: Leading enterprises at most; None: no rule.
        source: Where the rule stands.
    """

    members: int
    enterprises: int
    size: int | None
    limit: int | None
    source: StrOrPromise

    @property
    def missing(self) -> int:
        """How many institutions are missing."""
        return max(self.size - self.members, 0) if self.size is not None else 0

    @property
    def too_many(self) -> int:
        """How many institutions there are too many."""
        return max(self.members - self.size, 0) if self.size is not None else 0

    @property
    def enterprises_too_many(self) -> int:
        """How many leading enterprises there are too many."""
        return max(self.enterprises - self.limit, 0) if self.limit is not None else 0

    @property
    def is_kept(self) -> bool:
        """Whether the rule is kept."""
        return not (self.missing or self.too_many or self.enterprises_too_many)


def composition_of(group: VirtualGroup, at: datetime) -> CompositionFinding | None:
    """The group against its own rule, else the shipped charter's; None without a rule; one query."""
    shipped = COMPOSITION.get(group.kind)
    size, limit, source = group.size_rule, group.enterprise_limit, group.rule_source
    if size is None and limit is None:
        if shipped is None:
            return None
        size, limit, source = shipped.size, shipped.enterprises, str(shipped.source)
    found = (
        GroupMembership.objects.of(group.alliance)
        .at(at)
        .filter(group=group, institution__state=InstitutionState.ACTIVE)
        .exclude(role=SeatRole.OBSERVER)
        .aggregate(
            members=Count("institution", distinct=True),
            enterprises=Count("institution", distinct=True, filter=Q(institution__kind=InstitutionKind.LEADING_ENTERPRISE)),
        )
    )
    return CompositionFinding(found["members"], found["enterprises"], size, limit, source)


def list_positions(group: VirtualGroup, at: datetime) -> list[Position]:
    """Positions of a group, present and coming ones first, then past ones, newest first; one query."""
    order = {kind: place for place, kind in enumerate(PositionKind.values)}
    rows = list(
        Position.objects.of(group.alliance)
        .filter(group=group)
        .select_related("institution", "user", "term", "exception_motion")
        .order_by("-starts_at", "-id")[:100]
    )
    for row in rows:
        row.when = _when(row, at)  # type: ignore[attr-defined]  # for the page
    rank = {"now": 0, "coming": 1, "past": 2}
    return sorted(rows, key=lambda row: (rank[row.when], order[row.kind] if row.when != "past" else 0))  # type: ignore[attr-defined]


def _when(row: Any, at: datetime) -> str:
    if row.starts_at > at:
        return "coming"
    return "past" if row.ends_at is not None and row.ends_at <= at else "now"


def list_terms(group: VirtualGroup) -> list[Term]:
    """Terms of a group, newest first; one query."""
    return list(Term.objects.of(group.alliance).filter(group=group).order_by("-starts_at"))


def list_alternates(alliance: Alliance, seats: Iterable[GroupMembership], at: datetime) -> dict[int, list[SeatAlternate]]:
    """Present and coming alternates by seat; one query."""
    found: dict[int, list[SeatAlternate]] = {}
    rows = (
        SeatAlternate.objects.of(alliance)
        .after(at)
        .filter(membership__in=[seat.pk for seat in seats])
        .select_related("user")
        .order_by("starts_at", "id")
    )
    for row in rows:
        found.setdefault(row.membership_id, []).append(row)
    return found


def list_open_invitations(group: VirtualGroup) -> list[SeatInvitation]:
    """Offers of a seat that wait for an answer, newest first; one query."""
    return list(
        SeatInvitation.objects.of(group.alliance)
        .filter(group=group, state=InvitationState.OPEN)
        .select_related("institution")
        .order_by("-invited_at", "-id")
    )


def list_own_seats(alliance: Alliance, institution_ids: Iterable[int], at: datetime) -> list[GroupMembership]:
    """Present and coming seats of some institutions with group and motion; one query."""
    return list(
        GroupMembership.objects.of(alliance)
        .filter(Q(ends_at__isnull=True) | Q(ends_at__gt=at), institution__in=list(institution_ids))
        .select_related("group", "institution", "exception_motion")
        .order_by("institution__sort_key", "group__kind", "starts_at")
    )


def list_own_positions(alliance: Alliance, institution_ids: Iterable[int], at: datetime) -> list[Position]:
    """Present and coming positions of some institutions; one query."""
    return list(
        Position.objects.of(alliance)
        .after(at)
        .filter(institution__in=list(institution_ids))
        .select_related("group", "institution", "user", "term")
        .order_by("institution__sort_key", "group__kind", "starts_at")
    )


def list_offers(alliance: Alliance, institution_ids: Iterable[int]) -> list[SeatInvitation]:
    """Seats offered to some institutions that wait for their answer; one query."""
    return list(
        SeatInvitation.objects.of(alliance)
        .filter(institution__in=list(institution_ids), state=InvitationState.OPEN)
        .select_related("group", "institution")
        .order_by("-invited_at", "-id")
    )


def list_people_of(alliance: Alliance, institution_ids: Iterable[int], at: datetime) -> dict[int, list[User]]:
    """Who acts for some institutions, by institution, each person once; one query."""
    found: dict[int, list[User]] = {}
    rows = (
        InstitutionStaff.objects.of(alliance)
        .at(at)
        .filter(institution__in=list(institution_ids), user__is_active=True)
        .select_related("user")
        .order_by("institution_id", "user__name_en", "user_id")
    )
    for row in rows:
        people = found.setdefault(row.institution_id, [])
        if row.user not in people:
            people.append(row.user)
    return found


# -------------------------------------------------------------------------------------- extension of the institution list


def _narrow(alliance: Alliance, found: QuerySet[Institution], values: Sequence[str]) -> QuerySet[Institution]:
    seats = GroupMembership.objects.of(alliance).at(timezone.now()).filter(group__kind__in=values)
    return found.filter(Exists(seats.filter(institution_id=OuterRef("pk"))))


def _count(alliance: Alliance, found: QuerySet[Institution]) -> dict[str, int]:
    return dict(
        GroupMembership.objects.of(alliance)
        .at(timezone.now())
        .filter(institution__in=found)
        .values_list("group__kind")
        .annotate(n=Count("institution", distinct=True))
        .order_by()
    )


def _marks(alliance: Alliance, ids: Iterable[int]) -> dict[int, list[Mark]]:
    order = {kind: place for place, kind in enumerate(GroupKind.values)}
    marks: dict[int, list[Mark]] = {}
    seats = (
        GroupMembership.objects.of(alliance).at(timezone.now()).filter(institution_id__in=list(ids)).select_related("group")
    )
    for seat in sorted(seats, key=lambda seat: order[seat.group.kind]):
        note = "" if seat.role == SeatRole.MEMBER else seat.get_role_display()
        marks.setdefault(seat.institution_id, []).append(
            Mark(seat.group.kind, GroupKind(seat.group.kind).label, note, seat.group.kind)
        )
    return marks


LIST_EXTENSION = Extension(
    name="group",
    label=_("Group"),
    choices=GroupKind.choices,
    narrow=_narrow,
    count=_count,
    marks=_marks,
    in_group_colours=True,
)


def day_end(day: date) -> datetime:
    """The moment after a calendar day in the platform's time zone."""
    return datetime.combine(day + timedelta(days=1), time.min, tzinfo=timezone.get_current_timezone())
