"""What waits for a person, over all modules (S3)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef, Q
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.choices import AudienceScope
from alliance.kernel.audiences import kept_from, resolvers, set_aside
from alliance.kernel.permissions import grants_of
from alliance.kernel.texts import texts
from alliance.models import InboxItem
from alliance.selectors.paging import Page, paginate

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from django.db.models import QuerySet
    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance, User

ORDER = ("due_at", "id")
PAGE_SIZE = 100

MINE = "mine"
COLLEAGUES = "colleagues"
DONE = "done"
VIEWS = (MINE, COLLEAGUES, DONE)


def audience_of(alliance: Alliance, user: Any, at: datetime | None = None) -> Q:
    """Condition for items whose audience a person belongs to; reads the person's roles, no other query.

    What waits for an institution or its group does not wait for people of an institution that may not act on it.
    """
    condition = Q(scope=AudienceScope.USER, user_id=user.pk)
    roles: set[str] = set()
    for grant in grants_of(user, alliance, at):
        if grant.scope == "alliance":
            roles.add(grant.role)
        elif grant.scope == "institution":
            theirs = Q(scope=AudienceScope.INSTITUTION, institution_id=grant.institution_id, role__in=["", grant.role])
            condition |= theirs & _may_act(alliance, grant.institution_id)
        elif grant.scope == "group":
            theirs = Q(scope=AudienceScope.GROUP, group=grant.group) & (
                Q(institution_id__isnull=True) | Q(institution_id=grant.institution_id)
            )
            condition |= theirs & _may_act(alliance, grant.institution_id)
    if roles:
        condition |= Q(scope=AudienceScope.ALLIANCE, role__in=roles)
    return condition


def _may_act(alliance: Alliance, institution_id: int | None) -> Q:
    """Condition for items that are done, or on which the institution may act now."""
    condition = Q()
    if institution_id is not None:
        for items_of in set_aside.values():
            condition &= ~(Q(done_at__isnull=True) & items_of(alliance, institution_id))
    return condition


def _may_read(alliance: Alliance, user: Any) -> Q:
    """Condition for items that name nothing which is kept from the person."""
    condition = Q()
    for items_of in kept_from.values():
        condition &= ~items_of(alliance, user)
    return condition


def _asked_once(alliance: Alliance, user: Any, items: QuerySet[InboxItem], audience: Q) -> QuerySet[InboxItem]:
    """One item where the same act asked several groups and the person's institutions sit in more than one of them."""
    if len({grant.group for grant in grants_of(user, alliance) if grant.scope == "group"}) < 2:
        return items
    twin = InboxItem.objects.of(alliance).filter(
        audience,
        scope=AudienceScope.GROUP,
        kind=OuterRef("kind"),
        url_name=OuterRef("url_name"),
        url_kwargs=OuterRef("url_kwargs"),
        created_at=OuterRef("created_at"),
        id__lt=OuterRef("id"),
    )
    return items.exclude(Q(scope=AudienceScope.GROUP) & ~Q(handed_to=user.pk) & Exists(twin))


def list_items(alliance: Alliance, user: Any, view: str = MINE) -> QuerySet[InboxItem]:
    """Items of one view: what waits for the person, what colleagues took over, or what is done."""
    audience = audience_of(alliance, user)
    everything = InboxItem.objects.of(alliance).filter(_may_read(alliance, user))
    everything = everything.select_related("user", "handed_to", "done_by")
    items = _asked_once(alliance, user, everything, audience)
    if view == DONE:
        return items.filter(audience | Q(handed_to=user.pk), done_at__isnull=False)
    items = items.filter(done_at__isnull=True)
    if view == COLLEAGUES:
        return items.filter(audience, handed_to__isnull=False).exclude(handed_to=user.pk)
    return items.filter((audience & Q(handed_to__isnull=True)) | Q(handed_to=user.pk))


def waiting_items(alliance: Alliance, user: Any) -> QuerySet[InboxItem]:
    """What waits for a person; nothing for a visitor."""
    return list_items(alliance, user) if getattr(user, "is_authenticated", False) else InboxItem.objects.none()


def count_waiting(alliance: Alliance, user: Any) -> int:
    """How many items wait for a person; one query beside the person's roles."""
    return waiting_items(alliance, user).count()


def get_item(alliance: Alliance, user: Any, uuid: Any) -> InboxItem | None:
    """One open item that waits for the person or that a colleague of the same audience holds."""
    open_items = InboxItem.objects.of(alliance).filter(_may_read(alliance, user), done_at__isnull=True)
    return (
        open_items.filter(audience_of(alliance, user) | Q(handed_to=user.pk))
        .select_related("user", "handed_to")
        .filter(uuid=uuid)
        .first()
    )


@dataclass(frozen=True, slots=True)
class InboxRow:
    """One item in words.

    Attributes:
        item: The row.
        title: What waits.
        body: Why.
        verb: Word on the button.
        icon: Lucide icon.
        url: Where it is done; empty when the page is gone.
        audience: For whom it waits.
        is_late: Past its due date.
        can_dismiss: Whether it may be ticked off without going there.
    """

    item: InboxItem
    title: str
    body: str
    verb: str
    icon: str
    url: str
    audience: StrOrPromise
    is_late: bool
    can_dismiss: bool


@dataclass(slots=True)
class InboxGroup:
    """Rows due in the same span."""

    key: str
    label: StrOrPromise
    rows: list[InboxRow] = field(default_factory=list)


SPANS: dict[str, StrOrPromise] = {
    "late": _("Late"),
    "today": _("Due today"),
    "week": _("Due within 7 days"),
    "later": _("Due later"),
    "open": _("No due date"),
}


def span_of(due_at: datetime | None, at: datetime) -> str:
    """The span a due date falls in, by the days of the active time zone."""
    if due_at is None:
        return "open"
    if due_at <= at:
        return "late"
    days = (timezone.localtime(due_at).date() - timezone.localtime(at).date()).days
    if days <= 0:
        return "today"
    return "week" if days <= 7 else "later"


def rows_of(alliance: Alliance, items: Iterable[InboxItem], at: datetime) -> list[InboxRow]:
    """Items in words; one query per scope that needs names (institutions, groups)."""
    listed = list(items)
    audiences = _audiences(alliance, listed)
    rows = []
    for item in listed:
        if item.kind in texts:
            text = texts.get(item.kind)
            words = text.render(item.params)
            title, body, verb, icon, can_dismiss = words.title, words.body, words.verb, words.icon, text.can_dismiss
        else:  # an item of a module that is no longer installed must still be seen and settled
            title, body, verb, icon, can_dismiss = item.kind, "", "", "circle-dot", True
        try:
            url = reverse(item.url_name, kwargs=item.url_kwargs or None)
        except NoReverseMatch:
            url = ""
        late = item.due_at is not None and item.due_at <= at
        row = InboxRow(item, title, body, verb or str(_("Open")), icon, url, audiences.get(item.pk, ""), late, can_dismiss)
        rows.append(row)
    return rows


def _audiences(alliance: Alliance, items: list[InboxItem]) -> dict[int, StrOrPromise]:
    named: dict[int, StrOrPromise] = {}
    by_scope: dict[str, list[InboxItem]] = {}
    for item in items:
        by_scope.setdefault(item.scope, []).append(item)
    for scope, members in by_scope.items():
        if scope in resolvers:
            named.update(resolvers.get(scope).names(alliance, members))
    return named


def get_inbox(
    alliance: Alliance, user: Any, params: Mapping[str, Any], *, view: str, at: datetime
) -> tuple[Page[InboxItem], list[InboxGroup]]:
    """One page of an inbox, grouped by due date (what is done: newest first, one group).

    Queries: the page, and one per scope that needs names.
    """
    items = list_items(alliance, user, view)
    page = paginate(items, params, ("-done_at", "-id") if view == DONE else ORDER, size=PAGE_SIZE)
    rows = rows_of(alliance, page.items, at)
    if view == DONE:
        return page, [InboxGroup("done", _("Done"), rows)] if rows else []
    groups = {key: InboxGroup(key, label) for key, label in SPANS.items()}
    for row in rows:
        groups[span_of(row.item.due_at, at)].rows.append(row)
    return page, [group for group in groups.values() if group.rows]


def list_next(alliance: Alliance, user: Any, *, at: datetime, limit: int = 5) -> list[InboxRow]:
    """The items that are due first, for dashboards; queries as in :func:`rows_of` and one for the items."""
    return rows_of(alliance, list_items(alliance, user).order_by(*ORDER)[:limit], at)


def list_colleagues(alliance: Alliance, item: InboxItem, user: Any, at: datetime) -> list[User]:
    """People who could take an item over: the others in its audience, by name."""
    if item.scope not in resolvers:
        return []
    people = resolvers.get(item.scope).people(alliance, item, at)
    return sorted(
        (person for person in people if person.pk != user.pk), key=lambda person: person.get_full_name().casefold()
    )
