"""Reads of groups and seats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from groups.choices import ELIGIBLE_KINDS, OPEN_GROUPS, REQUIRED_ELEMENTS, GroupKind, SeatRole
from groups.models import GroupMembership, VirtualGroup
from members.choices import Element, InstitutionKind, InstitutionState
from members.models import Institution
from members.selectors.duties import Duty
from members.selectors.institution import Extension, Mark

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from django.db.models import QuerySet
    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance


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
    """The six groups in the order of the blueprint; four queries, and one for each group that kinds may join."""
    there = set(VirtualGroup.objects.of(alliance).values_list("kind", flat=True))
    active = GroupMembership.objects.of(alliance).at(at).filter(institution__state=InstitutionState.ACTIVE)
    counts = {
        kind: (members, observers)
        for kind, members, observers in active.values_list("group__kind").annotate(
            members=Count("institution", distinct=True, filter=~Q(role=SeatRole.OBSERVER)),
            observers=Count("institution", distinct=True, filter=Q(role=SeatRole.OBSERVER)),
        )
    }
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
            could_join=count_candidates(alliance, kind, at) if kind in OPEN_GROUPS else None,
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
    return GroupMembership.objects.of(group.alliance).at(at).filter(group=group).select_related("institution")


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
        )
        for seat in seats
    ]


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
