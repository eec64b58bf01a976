"""Background work of the kernel."""

from __future__ import annotations

import logging

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from alliance.actions.housekeeping import drop_expired
from alliance.actions.notifications import mail_notification
from alliance.actions.outbox import deliver_next
from alliance.kernel import tenancy
from alliance.kernel.tasks import periodic, tenant_task
from alliance.models import Alliance

logger = logging.getLogger(__name__)


def wake_relay(alliance_id: int) -> None:
    """Ask a worker to deliver now; a lost wake-up is made good by the periodic relay."""
    try:
        relay_outbox.delay(alliance_id)
    except Exception:  # the broker may be away: the event is safe in its table
        logger.exception("relay not woken", extra={"alliance_id": alliance_id})


@shared_task(name="alliance.relay_outbox")
def relay_outbox(alliance_id: int) -> int:
    """Deliver due events of one alliance, each in a transaction of its own; returns how many."""
    delivered = 0
    while delivered < 500:
        with tenancy.acting_in(alliance_id):
            alliance = Alliance.objects.filter(pk=alliance_id).first()
            if alliance is None or not deliver_next(alliance):
                return delivered
        delivered += 1
    relay_outbox.delay(alliance_id)
    return delivered


@periodic("alliance.relay_all_outboxes")
def relay_all_outboxes() -> None:
    """Every few seconds: whatever no wake-up reached."""
    for alliance_id in Alliance.objects.values_list("pk", flat=True):
        relay_outbox.delay(alliance_id)


@tenant_task("alliance.send_notification_mail")
def send_notification_mail(alliance: Alliance, notification_id: int) -> None:
    """Mail one notification."""
    mail_notification(alliance, notification_id, at=timezone.now())


@periodic("alliance.keep_house")
def keep_house() -> None:
    """Hourly: drop what has outlived its term."""
    for alliance_id in Alliance.objects.values_list("pk", flat=True):
        keep_house_of.delay(alliance_id)


@tenant_task("alliance.keep_house_of")
def keep_house_of(alliance: Alliance) -> None:
    """Drop what has outlived its term in one alliance."""
    drop_expired(alliance, at=timezone.now(), idempotency_life=settings.IDEMPOTENCY_KEY_LIFE)
