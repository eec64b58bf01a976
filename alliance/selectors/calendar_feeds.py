"""Reads of calendar addresses, and what waits in the inbox with a date."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alliance.kernel.addresses import absolute_url
from alliance.kernel.calendar import CalendarEntry, collect, feed_text
from alliance.kernel.invitations import hash_token
from alliance.kernel.permissions import grants_of
from alliance.models import CalendarFeed
from alliance.selectors.inbox import list_items, rows_of

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance, User

MOST_ITEMS = 500


def open_feed(alliance: Alliance, user: User) -> CalendarFeed | None:
    """A person's address that is not revoked; one query."""
    return CalendarFeed.objects.of(alliance).filter(user=user, revoked_at__isnull=True).first()


def find_feed(alliance: Alliance, token: str) -> CalendarFeed | None:
    """The feed of an address; None when it is unknown or revoked, or its owner's account is closed; one query."""
    return (
        CalendarFeed.objects.of(alliance)
        .select_related("user", "alliance")
        .filter(token_hash=hash_token(token), revoked_at__isnull=True, user__is_active=True)
        .first()
    )


def text_of(feed: CalendarFeed, *, at: datetime) -> str:
    """The feed as its owner may read it now, in the active language; without any role in the alliance it is empty."""
    alliance, user = feed.alliance, feed.user
    entries = collect(alliance, user, at) if grants_of(user, alliance) else []
    return feed_text(
        entries,
        name=alliance.name,
        domain=f"{alliance.slug}.alliance.invalid",
        made_at=at,
        address=lambda name, kwargs: absolute_url(alliance, name, kwargs),
    )


def calendar_of_inbox(alliance: Alliance, user: User, since: datetime, until: datetime) -> list[CalendarEntry]:
    """What waits for a person with a due date; matters from which their institution stands aside do not wait for them."""
    items = list_items(alliance, user).filter(due_at__gte=since, due_at__lte=until).order_by("due_at", "id")
    return [
        CalendarEntry(
            uid=f"inbox-{row.item.uuid}",
            starts_at=row.item.due_at,
            title=row.title,
            description=row.body,
            url_name=row.item.url_name if row.url else "",
            url_kwargs=row.item.url_kwargs,
            is_reminder=True,
        )
        for row in rows_of(alliance, items[:MOST_ITEMS], until)
    ]
