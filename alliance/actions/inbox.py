"""What waits for people, over all modules (S3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alliance.choices import AudienceScope
from alliance.kernel.texts import texts
from alliance.models import InboxItem

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance, User


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom an item waits for: one person, a role in the alliance, a role in an institution, or a group's seats.

    Attributes:
        scope: One of AudienceScope.
        role: Role in the alliance, or in the institution (empty: any).
        institution_id: For the scopes institution and group (None there: every institution with a seat).
        group: Kind of the virtual group.
        user: For the scope user.
    """

    scope: str
    role: str = ""
    institution_id: int | None = None
    group: str = ""
    user: User | None = None


def office(role: str = "secretariat") -> Audience:
    """People with a role in the alliance."""
    return Audience(AudienceScope.ALLIANCE, role=role)


def institution(institution_id: int, role: str = "") -> Audience:
    """People of one institution."""
    return Audience(AudienceScope.INSTITUTION, role=role, institution_id=institution_id)


def group(kind: str, institution_id: int | None = None) -> Audience:
    """People of the institutions that sit in a group."""
    return Audience(AudienceScope.GROUP, group=kind, institution_id=institution_id)


def person(user: User) -> Audience:
    """One person."""
    return Audience(AudienceScope.USER, user=user)


def ask(
    alliance: Alliance,
    kind: str,
    key: str,
    audience: Audience,
    *,
    params: dict[str, Any],
    url_name: str,
    url_kwargs: dict[str, Any] | None = None,
    at: datetime,
    due_at: datetime | None = None,
) -> None:
    """Put an item in an inbox; while one with the same key is open, only its due date and words are renewed.

    Args:
        alliance: The tenant.
        kind: Registered text.
        key: Unique while open, e.g. ``pilot-feedback:<pilot>:<institution>``.
        audience: Whom it waits for.
        params: Values of the text's placeholders (``title_en`` and ``title_zh`` for bilingual ones).
        url_name: Tenant route where it is done.
        url_kwargs: Arguments of the route.
        at: Now.
        due_at: When it must be done.
    """
    texts.get(kind)  # an unknown kind is a programming error, found here and not when a person opens the inbox
    existing = InboxItem.objects.of(alliance).filter(key=key, done_at__isnull=True)
    if existing.update(params=params, due_at=due_at):
        return
    item = InboxItem(
        alliance=alliance,
        kind=kind,
        key=key,
        scope=audience.scope,
        role=audience.role,
        group=audience.group,
        institution_id=audience.institution_id,
        user=audience.user,
        params=params,
        url_name=url_name,
        url_kwargs=url_kwargs or {},
        created_at=at,
        due_at=due_at,
    )
    InboxItem.objects.bulk_create([item], ignore_conflicts=True)


def settle(alliance: Alliance, key: str, *, by: User | None, at: datetime) -> int:
    """Take the open item with this key out of the inbox; returns how many left (0 or 1)."""
    return InboxItem.objects.of(alliance).filter(key=key, done_at__isnull=True).update(done_at=at, done_by=by)


def settle_all(alliance: Alliance, prefix: str, *, by: User | None, at: datetime) -> int:
    """Take every open item whose key begins with a prefix out of the inbox."""
    return InboxItem.objects.of(alliance).filter(key__startswith=prefix, done_at__isnull=True).update(done_at=at, done_by=by)
