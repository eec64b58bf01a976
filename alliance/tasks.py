"""Background work of the kernel."""

from __future__ import annotations

import logging
from functools import partial

from celery import shared_task
from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils import timezone

from alliance.actions.audit_export import drop_old_exports
from alliance.actions.housekeeping import drop_expired
from alliance.actions.invitations import mail_invitation
from alliance.actions.log_heads import send_head
from alliance.actions.notifications import list_unmailed, mail_notification
from alliance.actions.outbox import deliver_next, put_off
from alliance.actions.sealing import BATCH, seal_batch
from alliance.kernel import faults, metrics, tenancy
from alliance.kernel.jobs import revive
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
        alliance = event_id = None
        try:
            with tenancy.acting_in(alliance_id):
                alliance = Alliance.objects.filter(pk=alliance_id).first()
                event_id = deliver_next(alliance) if alliance else None
                if alliance is None or event_id is None:
                    return delivered
        except DatabaseError as error:
            if alliance is None or event_id is None:
                raise
            logger.exception("event refused at the commit", extra={"event_id": str(event_id)})
            with tenancy.acting_in(alliance_id):
                put_off(alliance, event_id, f"{type(error).__name__}: {error}")
            continue
        faults.point("relay.committed")
        delivered += 1
    relay_outbox.delay(alliance_id)
    return delivered


@periodic("alliance.relay_all_outboxes")
def relay_all_outboxes() -> None:
    """Every few seconds: whatever no wake-up reached."""
    for alliance_id in Alliance.objects.values_list("pk", flat=True):
        relay_outbox.delay(alliance_id)


@shared_task(
    name="alliance.send_notification_mail", autoretry_for=(OSError,), retry_backoff=5, retry_backoff_max=240, max_retries=5
)
def send_notification_mail(alliance_id: int, notification_id: int) -> None:
    """Mail one notification; a mail server that is away is asked again, at last by ``catch_up``."""
    mail_notification(alliance_id, notification_id)


@periodic("alliance.catch_up")
def catch_up() -> None:
    """Every few seconds: jobs whose process died, mails whose message was lost."""
    for alliance_id in Alliance.objects.values_list("pk", flat=True):
        catch_up_of.delay(alliance_id)


@tenant_task("alliance.catch_up_of")
def catch_up_of(alliance: Alliance) -> None:
    """Queue again what was lost in one alliance."""
    revive(alliance)
    for notification_id in list_unmailed(alliance, at=timezone.now()):
        transaction.on_commit(partial(send_notification_mail.delay, alliance.pk, notification_id), robust=True)


@tenant_task("alliance.send_invitation_mail")
def send_invitation_mail(alliance: Alliance, invitation_id: int) -> None:
    """Mail one invitation; its link is computed by the task, never queued."""
    mail_invitation(alliance, invitation_id, at=timezone.now())


@periodic("alliance.keep_house")
def keep_house() -> None:
    """Hourly: drop what has outlived its term."""
    metrics.drop_dead()
    for alliance_id in Alliance.objects.values_list("pk", flat=True):
        keep_house_of.delay(alliance_id)


@tenant_task("alliance.keep_house_of")
def keep_house_of(alliance: Alliance) -> None:
    """Drop what has outlived its term in one alliance."""
    drop_expired(alliance, at=timezone.now(), idempotency_life=settings.IDEMPOTENCY_KEY_LIFE)
    drop_old_exports(alliance, at=timezone.now())


def wake_sealer(alliance_id: int) -> None:
    """Ask a worker to seal now; a lost wake-up is made good by the periodic sealing."""
    try:
        seal_audit_log.delay(alliance_id)
    except Exception:  # the broker may be away: the entries wait in their table
        logger.exception("sealer not woken", extra={"alliance_id": alliance_id})


@shared_task(name="alliance.seal_audit_log")
def seal_audit_log(alliance_id: int) -> int:
    """Seal what is pending in one alliance, each batch in a transaction of its own; returns how many entries."""
    sealed = 0
    while True:
        with tenancy.acting_in(alliance_id):
            alliance = Alliance.objects.filter(pk=alliance_id).first()
            if alliance is None:
                return sealed
            done = seal_batch(alliance, at=timezone.now())
        faults.point("seal.committed")
        sealed += done.entries
        if done.entries < BATCH:
            return sealed


@periodic("alliance.seal_all_audit_logs")
def seal_all_audit_logs() -> None:
    """Each minute: seal whatever is pending."""
    for alliance_id in Alliance.objects.values_list("pk", flat=True):
        seal_audit_log.delay(alliance_id)


@periodic("alliance.send_all_log_heads")
def send_all_log_heads() -> None:
    """Every few hours; each representative gets one head in a calendar week."""
    for alliance_id in Alliance.objects.values_list("pk", flat=True):
        send_log_head.delay(alliance_id)


@tenant_task("alliance.send_log_head")
def send_log_head(alliance: Alliance) -> None:
    """Hand the head of one alliance's log to its witnesses."""
    send_head(alliance, at=timezone.now())
