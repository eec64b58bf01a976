"""A person's private calendar address in one alliance: made, renewed, revoked (I18)."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.db import transaction

from alliance.actions.audit import record_audit
from alliance.kernel.addresses import absolute_url
from alliance.kernel.errors import NotFoundError
from alliance.kernel.invitations import hash_token
from alliance.kernel.turns import take_turns
from alliance.models import CalendarFeed
from alliance.selectors.calendar_feeds import open_feed

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance, User

SECRET_BYTES: Final = 32
"""Random bytes of an address's secret part: nobody guesses 256 bits."""
NOTED_EVERY: Final = timedelta(minutes=15)
"""Readings within this time are noted once."""


@transaction.atomic
def make_address(alliance: Alliance, *, actor: User, at: datetime) -> str:
    """Give a person a new calendar address; one they had opens nothing from now on.

    Only a hash of its secret part is kept, so it can be shown this once and never again.

    Args:
        alliance: The tenant.
        actor: The person, for themselves.
        at: Now.

    Returns:
        The absolute address.
    """
    take_turns(alliance, f"calendar:{actor.pk}")
    renewed = _revoke(alliance, actor, at=at)
    token = secrets.token_urlsafe(SECRET_BYTES)
    feed = CalendarFeed.objects.create(alliance=alliance, user=actor, token_hash=hash_token(token), created_at=at)
    record_audit(feed, actor=actor, verb="make_calendar_address", after={"renewed": renewed}, at=at)
    return absolute_url(alliance, "calendar_feed", {"token": token})


@transaction.atomic
def revoke_address(alliance: Alliance, *, actor: User, at: datetime) -> None:
    """Take one's calendar address back; it opens nothing from now on.

    Raises:
        NotFoundError: The person has none.
    """
    take_turns(alliance, f"calendar:{actor.pk}")
    if not _revoke(alliance, actor, at=at):
        raise NotFoundError


def _revoke(alliance: Alliance, actor: User, *, at: datetime) -> bool:
    feed = open_feed(alliance, actor)
    if feed is None:
        return False
    feed.revoked_at = at
    feed.save(update_fields=["revoked_at"])
    record_audit(feed, actor=actor, verb="revoke_calendar_address", at=at)
    return True


def note_reading(feed: CalendarFeed, *, at: datetime) -> None:
    """Remember when an address was last read, so that its owner sees whether somebody does."""
    if feed.read_at is None or at - feed.read_at >= NOTED_EVERY:
        CalendarFeed.objects.of(feed.alliance).filter(pk=feed.pk).update(read_at=at)
