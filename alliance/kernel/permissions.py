"""Who may do what, decided in one place.

A *grant* is one role a person holds at a moment: in the alliance, in an institution, or - through an institution's seat -
in a virtual group. Each app declares, per permission, the *holders* who have it. Templates ask :func:`can`; actions call
:func:`require`. Default deny: an undeclared permission is refused to everybody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from django.core.exceptions import ObjectDoesNotExist
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.choices import AllianceRole
from alliance.kernel.errors import PermissionRefusedError
from alliance.kernel.registry import Registry

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance, User


@dataclass(frozen=True, slots=True)
class Grant:
    """One role held by a person.

    Attributes:
        scope: ``alliance``, ``institution`` or ``group``.
        role: Role in that scope (for a group: the institution's role in it).
        institution_id: Institution acted for; None in the scope ``alliance``.
        group: Kind of the virtual group; empty outside the scope ``group``.
        person_role: In the scope ``group``, the person's role in the institution.
    """

    scope: str
    role: str
    institution_id: int | None = None
    group: str = ""
    person_role: str = ""


GrantProvider = Callable[["User", "Alliance", datetime], Iterable[Grant]]
grant_providers: Registry[GrantProvider] = Registry("grant provider")
"""Upper layers add the roles they know (institutions, groups)."""


def grants_of(user: Any, alliance: Alliance, at: datetime | None = None) -> frozenset[Grant]:
    """Every role a person holds in one alliance at a moment (default: now, cached on the user object for a minute).

    Rights follow dates to the minute, so the cache key is the minute.
    """
    if not getattr(user, "is_authenticated", False) or not user.is_active:
        return frozenset()
    moment = at or timezone.now()
    key = (alliance.pk, moment.replace(second=0, microsecond=0))
    cache: dict[Any, frozenset[Grant]] = user.__dict__.setdefault("_grants", {})
    if at is None and key in cache:
        return cache[key]
    from alliance.models import RoleAssignment  # noqa: PLC0415 - this module loads before the models

    found: set[Grant] = {
        Grant("alliance", role)
        for role in RoleAssignment.objects.of(alliance).at(moment).filter(user=user).values_list("role", flat=True)
    }
    for provider in grant_providers.values():
        found.update(provider(user, alliance, moment))
    grants = frozenset(found)
    if at is None:
        cache[key] = grants
    return grants


def forget_grants(user: Any) -> None:
    """Drop the cached roles after a change of roles in the same request."""
    user.__dict__.pop("_grants", None)


class Holder(Protocol):
    """A kind of person who has a permission."""

    def holds(self, grants: frozenset[Grant], record: Any) -> bool:
        """Whether one of the grants fits, given the record."""
        ...

    def describe(self) -> StrOrPromise:
        """The holder in words, for refusals."""
        ...


@dataclass(frozen=True, slots=True)
class InAlliance:
    """Holders of a role in the alliance itself."""

    role: str

    def holds(self, grants: frozenset[Grant], record: Any) -> bool:  # noqa: ARG002 - the role is enough
        """Whether the role is held."""
        return any(grant.scope == "alliance" and grant.role == self.role for grant in grants)

    def describe(self) -> StrOrPromise:
        """The role's name."""
        return AllianceRole(self.role).label


@dataclass(frozen=True, slots=True)
class InInstitution:
    """Holders of a role in the institution a record belongs to.

    Attributes:
        path: Attribute path from the record to the institution's id, e.g. ``author_id``; a path that ends in a set or
            list of ids fits any of them; empty: any institution of the alliance.
        roles: Roles in the institution; empty: any.
        label: The holder in words.
    """

    path: str
    roles: frozenset[str]
    label: StrOrPromise

    def holds(self, grants: frozenset[Grant], record: Any) -> bool:
        """Whether such a role is held in (one of) the record's institution(s)."""
        wanted = institution_ids(record, self.path) if self.path else None
        return any(
            grant.scope == "institution"
            and (not self.roles or grant.role in self.roles)
            and (wanted is None or grant.institution_id in wanted)
            for grant in grants
        )

    def describe(self) -> StrOrPromise:
        """The holder in words."""
        return self.label


@dataclass(frozen=True, slots=True)
class InGroup:
    """People of institutions that sit in a virtual group.

    Attributes:
        group: Kind of the group, e.g. ``wisdom_group``.
        label: The holder in words.
        roles: Roles of the institution in the group.
        person_roles: Roles of the person in the institution; empty: any.
        path: As in :class:`InInstitution`: the seat must be that of the record's institution; empty: any seat.
    """

    group: str
    label: StrOrPromise
    roles: frozenset[str] = frozenset({"convenor", "member"})
    person_roles: frozenset[str] = frozenset()
    path: str = ""

    def holds(self, grants: frozenset[Grant], record: Any) -> bool:
        """Whether such a seat is held."""
        wanted = institution_ids(record, self.path) if self.path else None
        return any(
            grant.scope == "group"
            and grant.group == self.group
            and grant.role in self.roles
            and (not self.person_roles or grant.person_role in self.person_roles)
            and (wanted is None or grant.institution_id in wanted)
            for grant in grants
        )

    def describe(self) -> StrOrPromise:
        """The holder in words."""
        return self.label


def institution_ids(record: Any, path: str) -> frozenset[int]:
    """Institution ids found by following an attribute path from a record; empty when something on the way is missing."""
    value = record
    try:
        for name in path.split("."):
            value = getattr(value, name)
            if callable(value):
                value = value()
    except (AttributeError, ObjectDoesNotExist):
        return frozenset()
    if value is None:
        return frozenset()
    return frozenset({value}) if isinstance(value, int) else frozenset(value)


@dataclass(frozen=True, slots=True)
class Permission:
    """A permission and who has it.

    Attributes:
        name: ``<app>.<verb>_<model>``.
        act: The act in words, as in "release this product".
        holders: Who has it.
    """

    name: str
    act: StrOrPromise
    holders: tuple[Holder, ...]

    def describe_holders(self) -> list[StrOrPromise]:
        """Who may, in words."""
        return [holder.describe() for holder in self.holders]


permissions: Registry[Permission] = Registry("permission")


def declare(name: str, act: StrOrPromise, *holders: Holder) -> str:
    """Declare who has a permission; returns its name, so that apps can keep it as a constant."""
    permissions.register(name, Permission(name, act, holders))
    return name


def alliance_of(record: Any) -> Alliance:
    """The alliance a record belongs to; an alliance belongs to itself."""
    from alliance.models import Alliance  # noqa: PLC0415 - this module loads before the models

    return record if isinstance(record, Alliance) else record.alliance


def can(actor: Any, permission: str, record: Any, *, at: datetime | None = None) -> bool:
    """Whether a person may do something with a record, by role or by a share of that single record."""
    if actor is None or not getattr(actor, "is_authenticated", False):
        return False
    if permission in permissions:
        grants = grants_of(actor, alliance_of(record), at)
        if any(holder.holds(grants, record) for holder in permissions.get(permission).holders):
            return True
    return any(check(actor, permission, record) for check in share_checks.values())


ShareCheck = Callable[[Any, str, Any], bool]
share_checks: Registry[ShareCheck] = Registry("share check")
"""Checks of grants on single records (django-guardian), added by the app that owns the record's model."""


def require(actor: Any, permission: str, record: Any, *, at: datetime | None = None) -> None:
    """Refuse unless the person may do this with the record.

    Raises:
        PermissionRefusedError: Names the act and who may do it; says nothing about the record.
    """
    if not can(actor, permission, record, at=at):
        declared = permissions.get(permission)
        raise PermissionRefusedError(declared.act, permission=permission, who=declared.describe_holders())


class RoleBackend:
    """Django's ``has_perm`` answered from the roles held in the record's alliance."""

    def authenticate(self, *_args: Any, **_kwargs: Any) -> None:
        """Signing in is done by the account backend."""
        return

    def get_user(self, user_id: int) -> User | None:
        """The account of a session."""
        from alliance.models import User  # noqa: PLC0415 - this module loads before the models

        return User.objects.filter(pk=user_id, is_active=True).first()

    def has_perm(self, user: Any, permission: str, record: Any = None) -> bool:
        """Only ever with a record: a role means nothing outside an alliance."""
        if record is None or permission not in permissions:
            return False
        grants = grants_of(user, alliance_of(record))
        return any(holder.holds(grants, record) for holder in permissions.get(permission).holders)


SECRETARIAT: tuple[Holder, ...] = (InAlliance(AllianceRole.SECRETARIAT), InAlliance(AllianceRole.OFFICE_ADMIN))
"""The people who run the office."""

COMMITTEE: tuple[Holder, ...] = (InAlliance(AllianceRole.COMMITTEE),)


def roles_in_alliance(grants: Iterable[Grant]) -> set[str]:
    """Alliance roles among the grants."""
    return {grant.role for grant in grants if grant.scope == "alliance"}


def institutions_acted_for(grants: Iterable[Grant]) -> set[int]:
    """Institutions among the grants."""
    return {grant.institution_id for grant in grants if grant.institution_id is not None}


declare(
    "alliance.view_console", _("open the secretariat's console"), *SECRETARIAT, InAlliance(AllianceRole.AUDITOR), *COMMITTEE
)
declare("alliance.manage_people", _("invite people and give roles"), InAlliance(AllianceRole.OFFICE_ADMIN))
declare("alliance.manage_api_client", _("manage API clients"), InAlliance(AllianceRole.OFFICE_ADMIN))
declare("alliance.view_audit", _("read the audit log"), *SECRETARIAT, InAlliance(AllianceRole.AUDITOR))
declare(
    "alliance.export_audit",
    _("export the audit log and prove what stands in it"),
    *SECRETARIAT,
    InAlliance(AllianceRole.AUDITOR),
)
declare(
    "alliance.prove_audit",
    _("ask for the proof that the audit log only grew"),
    *SECRETARIAT,
    InAlliance(AllianceRole.AUDITOR),
    *COMMITTEE,
    InInstitution("", frozenset({"representative"}), _("representatives of the member institutions")),
)
declare(
    "alliance.view_operations", _("see background jobs and their health"), *SECRETARIAT, InAlliance(AllianceRole.AUDITOR)
)
declare("alliance.run_job", _("start and stop background jobs"), *SECRETARIAT)
declare("alliance.download_file", _("download this file"), *SECRETARIAT)
