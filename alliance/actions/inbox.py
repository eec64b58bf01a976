"""What waits for people, over all modules (S3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from alliance.actions.audit import record_audit
from alliance.actions.notifications import notify
from alliance.choices import AudienceScope
from alliance.kernel.errors import DomainError, InvalidInputError
from alliance.kernel.texts import Text, texts
from alliance.models import InboxItem
from alliance.selectors.inbox import get_item, list_colleagues, list_items

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from uuid import UUID

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
    ask_each(alliance, kind, {key: audience}, params=params, url_name=url_name, url_kwargs=url_kwargs, at=at, due_at=due_at)


def ask_each(
    alliance: Alliance,
    kind: str,
    audiences: Mapping[str, Audience],
    *,
    params: dict[str, Any],
    url_name: str,
    url_kwargs: dict[str, Any] | None = None,
    at: datetime,
    due_at: datetime | None = None,
) -> None:
    """The same of many: an item for each key, with the same words; as many statements for thousands as for one.

    Args:
        alliance: The tenant.
        kind: Registered text.
        audiences: Whom each item waits for, by its key.
        params: Values of the text's placeholders, as for :func:`ask`.
        url_name: Tenant route where it is done.
        url_kwargs: Arguments of the route.
        at: Now.
        due_at: When it must be done.
    """
    texts.get(kind)  # an unknown kind is a programming error, found here and not when a person opens the inbox
    if not audiences:
        return
    existing = InboxItem.objects.of(alliance).filter(key__in=audiences, done_at__isnull=True)
    if existing.update(params=params, due_at=due_at) == len(audiences):
        return
    items = [
        InboxItem(
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
        for key, audience in audiences.items()
    ]
    InboxItem.objects.bulk_create(items, ignore_conflicts=True)  # at most one is open of each key: a unique index


def settle(alliance: Alliance, key: str, *, by: User | None, at: datetime) -> int:
    """Take the open item with this key out of the inbox; returns how many left (0 or 1)."""
    return InboxItem.objects.of(alliance).filter(key=key, done_at__isnull=True).update(done_at=at, done_by=by)


def settle_all(alliance: Alliance, prefix: str, *, by: User | None, at: datetime) -> int:
    """Take every open item whose key begins with a prefix out of the inbox."""
    return InboxItem.objects.of(alliance).filter(key__startswith=prefix, done_at__isnull=True).update(done_at=at, done_by=by)


class AlreadyDoneError(DomainError):
    """Somebody settled the item meanwhile, or it is not open to this reader."""

    code = "inbox_item_gone"
    status = 404


@transaction.atomic
def hand_over(alliance: Alliance, item_uuid: UUID, *, to: User, actor: User, at: datetime) -> InboxItem:
    """Give an item to a colleague who could do it too; giving it to oneself takes it back.

    Rights do not change: the colleague belongs to the item's audience already.

    Args:
        alliance: The tenant.
        item_uuid: An open item that waits for the actor's audience.
        to: Who takes it over.
        actor: Who hands it over.
        at: Now.

    Raises:
        AlreadyDoneError: There is no such open item for the actor.
        InvalidInputError: The colleague does not belong to the item's audience.
    """
    item = get_item(alliance, actor, item_uuid)
    if item is None:
        raise AlreadyDoneError(_("This is done already, or it does not wait for you."))
    item = InboxItem.objects.of(alliance).select_for_update(of=("self",)).get(pk=item.pk)
    if item.done_at is not None:
        raise AlreadyDoneError(_("This is done already, or it does not wait for you."))
    may_take = {person.pk for person in list_colleagues(alliance, item, actor, at)} | {actor.pk}
    if to.pk not in may_take:
        raise InvalidInputError(
            _("%(name)s could not do this: it waits for other people.") % {"name": to.get_full_name()},
            code="not_in_audience",
            remedy=_("Choose somebody from the list."),
        )
    before = item.handed_to
    item.handed_to = None if to.pk == actor.pk and item.scope != AudienceScope.USER else to
    item.save(update_fields=["handed_to"])
    record_audit(
        item,
        actor=actor,
        verb="hand_over",
        before={"handed_to": before.uuid if before else None},
        after={"handed_to": to.uuid},
        at=at,
    )
    if to.pk != actor.pk:
        notify(
            alliance,
            [to],
            HANDED_OVER,
            f"handed_over:{item.uuid}:{to.pk}:{at.isoformat()}",
            params={"by_en": actor.name_en or actor.email, "by_zh": actor.name_zh or actor.name_en or actor.email},
            at=at,
            url_name="inbox",
        )
    return item


@transaction.atomic
def dismiss(alliance: Alliance, item_uuids: Iterable[UUID], *, actor: User, at: datetime) -> list[UUID]:
    """Tick items off that nothing else settles; those that a step of a module settles stay.

    Returns:
        The items that left the inbox now, so that it can be undone.
    """
    items = list_items(alliance, actor).filter(uuid__in=list(item_uuids)).select_for_update(of=("self",))
    done = [item for item in items if item.kind not in texts or texts.get(item.kind).can_dismiss]
    for item in done:
        item.done_at, item.done_by = at, actor
        item.save(update_fields=["done_at", "done_by"])
        record_audit(item, actor=actor, verb="dismiss", after={"key": item.key}, at=at)
    return [item.uuid for item in done]


@transaction.atomic
def bring_back(alliance: Alliance, item_uuids: Iterable[UUID], *, actor: User, at: datetime) -> int:
    """Undo :func:`dismiss` by the same person; an item whose key is open again meanwhile stays done."""
    items = InboxItem.objects.of(alliance).filter(uuid__in=list(item_uuids), done_by=actor, done_at__isnull=False)
    back = 0
    for item in items.select_for_update(of=("self",)):
        if item.kind in texts and not texts.get(item.kind).can_dismiss:
            continue
        if InboxItem.objects.of(alliance).filter(key=item.key, done_at__isnull=True).exists():
            continue
        item.done_at, item.done_by = None, None
        item.save(update_fields=["done_at", "done_by"])
        record_audit(item, actor=actor, verb="bring_back", after={"key": item.key}, at=at)
        back += 1
    return back


HANDED_OVER = "alliance.handed_over"
texts.register(
    HANDED_OVER,
    Text(
        title=gettext_lazy("%(by)s handed something over to you"),
        body=gettext_lazy("You find it in your inbox."),
        icon="forward",
    ),
)
