"""Tells people what happened: in the application at once, by e-mail where the kind asks for it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import translation

from alliance.kernel.addresses import absolute_url
from alliance.kernel.texts import texts
from alliance.models import Notification, User

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance


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
                transaction.on_commit(partial(_send, alliance.pk, notification.pk))
    return told


def _send(alliance_id: int, notification_id: int) -> None:
    from alliance.tasks import send_notification_mail  # noqa: PLC0415 - tasks import actions

    send_notification_mail.delay(alliance_id, notification_id)


def mail_notification(alliance: Alliance, notification_id: int, *, at: datetime) -> bool:
    """Mail one notification in its reader's language; at least once, with a stable Message-ID.

    Returns:
        Whether a mail was sent now (False: sent before, or the notification is gone).
    """
    notification = (
        Notification.objects.of(alliance)
        .select_for_update(skip_locked=True, of=("self",))
        .select_related("user")
        .filter(pk=notification_id, mailed_at__isnull=True)
        .first()
    )
    if notification is None or not notification.user.is_active:
        return False
    with translation.override(notification.user.language):
        words = texts.get(notification.kind).render(notification.params)
        lines = [words.body] if words.body else []
        if notification.url_name:
            lines.append(absolute_url(alliance, notification.url_name, notification.url_kwargs))
        lines.append(f"-- \n{alliance.name}")
        message = EmailMessage(
            subject=words.title,
            body="\n\n".join(lines),
            from_email=settings.DEFAULT_FROM_EMAIL,
            to=[notification.user.email],
            headers={"Message-ID": f"<{alliance.slug}.notification.{notification.pk}@alliance.invalid>"},
        )
        message.send()
    notification.mailed_at = at
    notification.save(update_fields=["mailed_at"])
    return True
