"""Reads about people: who acts in an alliance, in what role, and for which institution a person acts now."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from django.db.models import Case, F, Q, QuerySet, When
from django.db.models.functions import Lower
from django.utils import timezone

from alliance.choices import AllianceRole
from alliance.kernel.permissions import can, grants_of, institutions_acted_for, roles_in_alliance
from alliance.kernel.registry import Registry
from alliance.models import Invitation, RoleAssignment, User

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest
    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance

SESSION_KEY = "acting_institution"


@dataclass(frozen=True, slots=True)
class Position:
    """One role of one person, now or at another time.

    Attributes:
        scope: Name of the source that knows it; with ``id`` it names the row.
        id: Primary key in the source.
        user_id: Who holds it.
        role: Value of the role.
        label: The role in words.
        where: The institution in words, or empty for the alliance itself.
        starts_at: Start.
        ends_at: End, not included; None while open.
    """

    scope: str
    id: int
    user_id: int
    role: str
    label: StrOrPromise
    where: str
    starts_at: datetime
    ends_at: datetime | None

    def is_held_at(self, moment: datetime) -> bool:
        """Whether it is held at a moment."""
        return self.starts_at <= moment and (self.ends_at is None or self.ends_at > moment)

    def can_end_at(self, moment: datetime) -> bool:
        """Whether there is something left to end."""
        return self.ends_at is None or self.ends_at > moment


class PositionSource(Protocol):
    """A layer's roles, as the people page shows them."""

    def roles(self) -> Sequence[tuple[str, StrOrPromise]]:
        """Values and labels of the roles."""
        ...

    def user_ids(self, alliance: Alliance, at: datetime | None, roles: Collection[str] = ()) -> QuerySet[Any, Any]:
        """Subquery of the holders' ids, at a moment (None: ever), of some roles (empty: any)."""
        ...

    def positions(self, alliance: Alliance, user_ids: Collection[int]) -> list[Position]:
        """Every position of some people, past and future ones too; one query."""
        ...


position_sources: Registry[PositionSource] = Registry("source of positions")


@dataclass(frozen=True, slots=True)
class InstitutionLabel:
    """An institution as the chooser shows it."""

    id: int
    code: str
    name: str


class InstitutionDirectory(Protocol):
    """Names institutions by id; the layer of institutions registers one."""

    def __call__(self, alliance: Alliance, ids: Collection[int]) -> list[InstitutionLabel]:
        """The institutions with these ids, by name; one query."""
        ...


institution_directories: Registry[InstitutionDirectory] = Registry("directory of institutions")


def institution_labels(alliance: Alliance, ids: Collection[int]) -> list[InstitutionLabel]:
    """Institutions by id, by name; one query."""
    return [label for directory in institution_directories.values() for label in directory(alliance, ids)] if ids else []


def acting_institution_id(request: HttpRequest) -> int | None:
    """The institution a person acts for in the request's alliance.

    The one chosen in this session while the person still holds a role there, else the only one; None when there is none
    or the person has yet to choose. Roles are read once per request.
    """
    alliance: Alliance | None = getattr(request, "alliance", None)
    if alliance is None or not request.user.is_authenticated:
        return None
    held = institutions_acted_for(grants_of(request.user, alliance))
    chosen = request.session.get(SESSION_KEY, {}).get(str(alliance.pk))
    if chosen in held:
        return int(chosen)
    return next(iter(held)) if len(held) == 1 else None


def acting_institution_label(request: HttpRequest) -> str:
    """Name of the institution acted for, or an empty text; two queries at most."""
    alliance: Alliance | None = getattr(request, "alliance", None)
    found = acting_institution_id(request)
    if alliance is None or found is None:
        return ""
    return next((label.name for label in institution_labels(alliance, [found])), "")


@dataclass(frozen=True, slots=True)
class Standing:
    """What a person may do in one alliance, for choosing where to go.

    Attributes:
        has_console: May open the secretariat's console.
        roles: Roles in the alliance itself.
        institutions: Institutions the person acts for, by name.
    """

    has_console: bool
    roles: frozenset[str]
    institutions: list[InstitutionLabel]

    @property
    def choices(self) -> int:
        """Places the person may work in."""
        return len(self.institutions) + self.has_console


def standing_of(user: Any, alliance: Alliance) -> Standing:
    """A person's places to work in an alliance; three queries at most."""
    grants = grants_of(user, alliance)
    return Standing(
        has_console=can(user, "alliance.view_console", alliance),
        roles=frozenset(roles_in_alliance(grants)),
        institutions=institution_labels(alliance, institutions_acted_for(grants)),
    )


class AllianceRoles:
    """Roles in the alliance itself."""

    def roles(self) -> Sequence[tuple[str, StrOrPromise]]:
        """The alliance's roles."""
        return AllianceRole.choices

    def user_ids(self, alliance: Alliance, at: datetime | None, roles: Collection[str] = ()) -> QuerySet[Any, Any]:
        """Holders."""
        rows = RoleAssignment.objects.of(alliance)
        if at is not None:
            rows = rows.at(at)
        if roles:
            rows = rows.filter(role__in=roles)
        return rows.values("user_id")

    def positions(self, alliance: Alliance, user_ids: Collection[int]) -> list[Position]:
        """Positions by start."""
        rows = RoleAssignment.objects.of(alliance).filter(user_id__in=user_ids).order_by("-starts_at", "-id")
        return [
            Position("alliance", row.pk, row.user_id, row.role, AllianceRole(row.role).label, "", row.starts_at, row.ends_at)
            for row in rows
        ]


position_sources.register("alliance", AllianceRoles())


@dataclass(slots=True)
class Person:
    """A row of the people page."""

    user: User
    positions: list[Position]


def list_people(
    alliance: Alliance, *, at: datetime, roles: Collection[str] = (), text: str = "", former: bool = False
) -> QuerySet[User]:
    """People with a role in the alliance or in one of its institutions.

    Args:
        alliance: The tenant.
        at: Now.
        roles: ``<scope>:<role>``; any of them; empty: all.
        text: Part of a name or of the e-mail address.
        former: Also those whose roles have ended.

    Returns:
        Accounts by ``sort_name`` and id. One query.
    """
    moment = None if former else at
    condition = Q(pk__in=[])
    for scope, source in position_sources.items():
        wanted = [role.partition(":")[2] for role in roles if role.partition(":")[0] == scope]
        if roles and not wanted:
            continue
        condition |= Q(pk__in=source.user_ids(alliance, moment, wanted))
    people = User.objects.filter(condition)
    if text := text.strip():
        people = people.filter(Q(name_en__icontains=text) | Q(name_zh__icontains=text) | Q(email__icontains=text))
    return people.annotate(sort_name=Lower(Case(When(name_en="", then=F("email")), default=F("name_en")))).order_by(
        "sort_name", "id"
    )


def with_positions(alliance: Alliance, users: Iterable[User]) -> list[Person]:
    """People with all their positions; one query per source."""
    people = {user.pk: Person(user, []) for user in users}
    for source in position_sources.values():
        for position in source.positions(alliance, list(people)):
            people[position.user_id].positions.append(position)
    return list(people.values())


@dataclass(frozen=True, slots=True)
class RoleCount:
    """One option of the role facet."""

    value: str
    label: StrOrPromise
    count: int


def count_roles(alliance: Alliance, *, at: datetime) -> list[RoleCount]:
    """How many people hold each role now; one query per source."""
    counts: list[RoleCount] = []
    for scope, source in position_sources.items():
        for role, label in source.roles():
            found = source.user_ids(alliance, at, [role]).distinct().count()
            counts.append(RoleCount(f"{scope}:{role}", label, found))
    return counts


def find_person(alliance: Alliance, uuid: str) -> Person | None:
    """A person with a role here, now or before; None for anybody else, whoever exists elsewhere."""
    user = list_people(alliance, at=timezone.now(), former=True).filter(uuid=uuid).first()
    return with_positions(alliance, [user])[0] if user else None


def list_open_invitations(alliance: Alliance) -> QuerySet[Invitation]:
    """Invitations neither accepted nor withdrawn, newest first, expired ones too; one query."""
    return (
        Invitation.objects.of(alliance)
        .filter(accepted_at__isnull=True, revoked_at__isnull=True)
        .select_related("invited_by")
        .order_by("-created_at", "-id")
    )
