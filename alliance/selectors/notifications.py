"""What a person was told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.urls import NoReverseMatch, reverse

from alliance.kernel.texts import texts
from alliance.models import Notification

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

    from alliance.models import Alliance

ORDER = ("-created_at", "-id")


def list_notifications(alliance: Alliance, reader: Any, *, unread_only: bool = False) -> QuerySet[Notification]:
    """A person's own notifications."""
    found = Notification.objects.of(alliance).filter(user=reader.pk)
    return found.filter(read_at__isnull=True) if unread_only else found


def unread_notifications(alliance: Alliance, reader: Any) -> QuerySet[Notification]:
    """What a person has not read; nothing for a visitor."""
    if not getattr(reader, "is_authenticated", False):
        return Notification.objects.none()
    return list_notifications(alliance, reader, unread_only=True)


@dataclass(frozen=True, slots=True)
class NotificationRow:
    """A notification in words."""

    notification: Notification
    title: str
    body: str
    icon: str
    url: str


def rows_of(notifications: Iterable[Notification]) -> list[NotificationRow]:
    """Notifications in words; no query."""
    rows = []
    for notification in notifications:
        if notification.kind not in texts:
            continue
        words = texts.get(notification.kind).render(notification.params)
        url = ""
        if notification.url_name:
            try:
                url = reverse(notification.url_name, kwargs=notification.url_kwargs or None)
            except NoReverseMatch:
                url = ""
        rows.append(NotificationRow(notification, words.title, words.body, words.icon, url))
    return rows
