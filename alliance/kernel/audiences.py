"""Who stands behind the audience of an inbox item; upper layers answer for institutions and groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from alliance.choices import AllianceRole, AudienceScope
from alliance.kernel.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from django.db.models import Q
    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance, InboxItem, User


class AudienceResolver(Protocol):
    """Answers for one scope."""

    def people(self, alliance: Alliance, item: InboxItem, at: datetime) -> Iterable[User]:
        """Everybody for whom the item waits."""
        ...

    def names(self, alliance: Alliance, items: list[InboxItem]) -> dict[int, StrOrPromise]:
        """Name of the audience by the item's id; one query at most for all of them."""
        ...


resolvers: Registry[AudienceResolver] = Registry("audience resolver")
"""By scope."""

set_aside: Registry[Callable[[Alliance, int], Q]] = Registry("condition of items set aside")
"""Conditions for open items about which an institution (its primary key) may not act now, such as a conflict of interest."""

kept_from: Registry[Callable[[Alliance, Any], Q]] = Registry("condition of items kept from a person")
"""Conditions for items, done or not, that name something confidential which a person may not read, in whatever role it waits."""

kept_aside: Registry[Callable[[Alliance, Any, str], None]] = Registry("guard of papers")
"""Refuse (by raising) to open papers of a matter to a person whose institution stands aside from it."""

witnesses: Registry[Callable[[Alliance, datetime], Iterable[User]]] = Registry("witnesses of the audit log")
"""Who keeps signed heads of the log: people outside the office, told of by upper layers."""


class RoleAudience:
    """Holders of a role in the alliance."""

    def people(self, alliance: Alliance, item: InboxItem, at: datetime) -> Iterable[User]:
        """Active holders of the role now."""
        from alliance.models import RoleAssignment, User  # noqa: PLC0415 - loads before the models

        held: Any = RoleAssignment.objects.of(alliance).at(at).filter(role=item.role).values("user")
        return User.objects.filter(pk__in=held, is_active=True)

    def names(self, alliance: Alliance, items: list[InboxItem]) -> dict[int, StrOrPromise]:  # noqa: ARG002 - the interface
        """The role."""
        return {item.pk: AllianceRole(item.role).label if item.role in AllianceRole.values else item.role for item in items}


class PersonAudience:
    """One person."""

    def people(self, alliance: Alliance, item: InboxItem, at: datetime) -> Iterable[User]:  # noqa: ARG002 - the interface
        """That person."""
        return [item.user] if item.user is not None and item.user.is_active else []

    def names(self, alliance: Alliance, items: list[InboxItem]) -> dict[int, StrOrPromise]:  # noqa: ARG002 - the interface
        """The person's name; items come with their user loaded."""
        return {item.pk: item.user.get_full_name() if item.user else "" for item in items}


resolvers.register(AudienceScope.ALLIANCE, RoleAudience())
resolvers.register(AudienceScope.USER, PersonAudience())
