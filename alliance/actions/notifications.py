"""Tells people what happened: in the application at once, by e-mail where the kind asks for it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone, translation

from alliance.kernel import faults, tenancy
from alliance.kernel.addresses import absolute_url
from alliance.kernel.texts import texts
from alliance.models import Notification, User

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance

CLAIM_SECONDS = 120
"""How long one worker alone may try to mail a notification."""
LATE_AFTER = timedelta(seconds=60)
GIVE_UP_AFTER = timedelta(days=2)


def notify(
    alliance: Alliance,
    users: Iterable[User],
    kind: str,
    key: str,
    *,
    params: dict[str, Any],
    at: datetime,
    url_name: str = "",
    url_kwargs: dict[str, Any] | None = None,
) -> int:
    """Tell each person once per key; a second call with the same key tells nobody again.

    Args:
        alliance: The tenant.
        users: Whom to tell.
        kind: Registered text.
        key: Stable name of the occasion, e.g. ``product_released:P-029:3``.
        params: Values of the text's placeholders.
        at: Now.
        url_name: Tenant route to look at.
        url_kwargs: Arguments of the route.

    Returns:
        How many people were told for the first time.
    """
    text = texts.get(kind)
    told = 0
    for user in users:
        notification, created = Notification.objects.get_or_create(
            alliance=alliance,
            user=user,
            key=key,
            defaults={
                "kind": kind,
                "params": params,
                "url_name": url_name,
                "url_kwargs": url_kwargs or {},
                "created_at": at,
            },
        )
        if created:
            told += 1
            if text.mails:
                transaction.on_commit(partial(_send, alliance.pk, notification.pk), robust=True)
    return told


def _send(alliance_id: int, notification_id: int) -> None:
    from alliance.tasks import send_notification_mail  # noqa: PLC0415 - tasks import actions

    send_notification_mail.delay(alliance_id, notification_id)


def mail_notification(alliance_id: int, notification_id: int) -> bool:
    """Mail one notification in its reader's language; call it outside a transaction.

    A mail cannot be sent exactly once: it goes out at least once, always with the same Message-ID, by which a mail server
    drops a second one. No transaction is open while the mail server is asked, so a slow one holds no row.

    Returns:
        Whether a mail was sent now (False: sent before, being sent by another worker, or the notification is gone).
    """
    claim = f"mail:{alliance_id}:{notification_id}"
    if not cache.add(claim, 1, CLAIM_SECONDS):
        return False
    try:
        with tenancy.acting_in(alliance_id):
            notification = (
                Notification.objects.filter(alliance_id=alliance_id, pk=notification_id, mailed_at__isnull=True)
                .select_related("user", "alliance")
                .first()
            )
        if notification is None or not notification.user.is_active or notification.kind not in texts:
            return False
        message = _letter(notification.alliance, notification)
        faults.point("mail.before_send")
        message.send()
        faults.point("mail.after_send")
        with tenancy.acting_in(alliance_id):
            Notification.objects.filter(pk=notification_id, mailed_at__isnull=True).update(mailed_at=timezone.now())
    finally:
        cache.delete(claim)
    return True


def _letter(alliance: Alliance, notification: Notification) -> EmailMessage:
    with translation.override(notification.user.language):
        words = texts.get(notification.kind).render(notification.params)
        lines = [words.body] if words.body else []
        if notification.url_name:
            lines.append(absolute_url(alliance, notification.url_name, notification.url_kwargs))
        lines.append(f"-- \n{alliance.name}")
        return EmailMessage(
            subject=" ".join(words.title.split()),
            body="\n\n".join(lines),
            from_email=settings.DEFAULT_FROM_EMAIL,
            to=[notification.user.email],
            headers={"Message-ID": f"<{alliance.slug}.notification.{notification.pk}@alliance.invalid>"},
        )


def list_unmailed(alliance: Alliance, *, at: datetime) -> list[int]:
    """Notifications that should have been mailed a while ago: their message to the worker was lost, or the server was away."""
    kinds = [kind for kind, text in texts.items() if text.mails]
    return list(
        Notification.objects.of(alliance)
        .filter(
            mailed_at__isnull=True,
            kind__in=kinds,
            user__is_active=True,
            created_at__lt=at - LATE_AFTER,
            created_at__gt=at - GIVE_UP_AFTER,
        )
        .order_by("id")
        .values_list("pk", flat=True)[:200]
    )


@transaction.atomic
def mark_read(alliance: Alliance, *, reader: User, at: datetime, ids: Iterable[int] | None = None) -> int:
    """Mark a person's own notifications as read: those named, or all; returns how many were unread."""
    unread = Notification.objects.of(alliance).filter(user=reader, read_at__isnull=True)
    if ids is not None:
        unread = unread.filter(pk__in=list(ids))
    return unread.update(read_at=at)
