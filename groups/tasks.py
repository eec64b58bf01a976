"""Background work of the organisational layer."""

from __future__ import annotations

import logging
from datetime import timedelta

from celery import shared_task
from django.db import connection, transaction
from django.utils import timezone

from alliance.choices import AuditVia
from alliance.kernel import context, faults, tenancy
from alliance.kernel.errors import DomainError, TransitionRefusedError
from alliance.kernel.tasks import periodic, tenant_task
from alliance.models import Alliance
from groups.actions import ballot_keys
from groups.actions.charter import ask_for_acceptance, put_charters_in_force
from groups.actions.conflict import screen_open_matters
from groups.actions.declaration import follow_declarations
from groups.actions.directive import follow_directives
from groups.actions.dispute import remind_of_disputes
from groups.actions.motion import close_motion, remind_electors, sweep_keys
from groups.actions.reminders import send_reminders
from groups.actions.responsibility import ask_reports
from groups.models import BallotEnvelope, Motion
from groups.selectors.motion import list_due_ids, list_to_remind

logger = logging.getLogger(__name__)

# ------------------------------------------------------------------------- conflicts of interest, directives


@periodic("groups.guard_all")
def guard_all() -> None:
    """Hourly: one task per alliance looks for conflicts, missing declarations and late answers."""
    for alliance_id in Alliance.objects.values_list("pk", flat=True):
        screen_matters_of.delay(alliance_id)
        follow_up_of.delay(alliance_id)


@tenant_task("groups.screen_matters_of")
def screen_matters_of(alliance: Alliance) -> None:
    """Find by rule who must stand aside from the open matters of one alliance."""
    screen_open_matters(alliance, at=timezone.now())


@tenant_task("groups.follow_up_of")
def follow_up_of(alliance: Alliance) -> None:
    """Ask for and follow up declarations of interests and answers to directives in one alliance."""
    follow_declarations(alliance, at=timezone.now())
    follow_directives(alliance, at=timezone.now())


# ------------------------------------------------------------------------------------------------------- motions

REMIND_BEFORE = timedelta(hours=48)
"""How long before the close those who have not voted are reminded, once."""


@periodic("groups.close_all_motions")
def close_all_motions() -> None:
    """Several times a minute: one task per alliance; and keys of alliances that are gone are destroyed."""
    known = list(Alliance.objects.values_list("pk", flat=True))
    for alliance_id in known:
        close_motions.delay(alliance_id)
    ballot_keys.destroy_strays(set(known))


@shared_task(name="groups.close_motions")
def close_motions(alliance_id: int) -> int:
    """Close what is due in one alliance, each motion in a transaction of its own; returns how many were closed.

    Afterwards keys that a process left behind when it died are destroyed, and the table of envelopes is emptied of what
    deleted rows leave behind.
    """
    token = context.current.set(context.ActContext(via=AuditVia.TASK))
    try:
        with tenancy.acting_in(alliance_id):
            alliance = Alliance.objects.filter(pk=alliance_id).first()
            due = list_due_ids(alliance, timezone.now()) if alliance is not None else []
            codes = dict(Motion.objects.of(alliance).filter(pk__in=due).values_list("pk", "code")) if alliance else {}
        if alliance is None:
            logger.info("votes of a removed alliance", extra={"alliance_id": alliance_id})
            return 0
        closed = sum(_close(alliance, codes[motion]) for motion in due if motion in codes)
        with tenancy.acting_in(alliance):
            swept = sweep_keys(alliance)
        if closed or swept:
            vacuum_envelopes()
        return closed
    finally:
        context.current.reset(token)


def _close(alliance: Alliance, code: str) -> bool:
    try:
        with tenancy.acting_in(alliance):
            close_motion(alliance, code, at=timezone.now())
    except TransitionRefusedError:
        return False  # another worker, or a person, was first
    except DomainError:
        logger.exception("vote not closed", extra={"motion": code, "alliance_id": alliance.pk})
        return False
    except Exception:  # one broken vote must not stop the others; the next run tries again
        logger.exception("vote not closed", extra={"motion": code, "alliance_id": alliance.pk})
        return False
    return True


def vacuum_envelopes() -> bool:
    """Have the database drop what deleted envelopes leave behind, where its role may; returns whether it did.

    What is left behind is sealed to a key that is destroyed: this is the second lock, autovacuum does it later anyway.
    """
    if connection.in_atomic_block:
        return False
    table = BallotEnvelope._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int >= 170000")
        if not cursor.fetchone()[0]:
            return False
        cursor.execute("SELECT has_table_privilege(%s, 'MAINTAIN')", [table])
        if not cursor.fetchone()[0]:
            return False
        cursor.execute(f"VACUUM (SKIP_LOCKED) {connection.ops.quote_name(table)}")
    faults.point("close.vacuumed")
    return True


@periodic("groups.remind_all_electors")
def remind_all_electors() -> None:
    """Every quarter of an hour: one task per alliance."""
    for alliance_id in Alliance.objects.values_list("pk", flat=True):
        remind_motions.delay(alliance_id)


@tenant_task("groups.remind_motions")
def remind_motions(alliance: Alliance) -> None:
    """Remind those who have not voted in votes that close soon; each person once per vote."""
    now = timezone.now()
    for code in list_to_remind(alliance, now, REMIND_BEFORE):
        with transaction.atomic():
            remind_electors(alliance, code, at=now)


# ---------------------------------------------------------------------------------------- meetings, seats, positions


@periodic("groups.remind_all_of_dates")
def remind_all_of_dates() -> None:
    """Hourly: one task per alliance tells of seats, positions and terms that end and of actions that are due."""
    for alliance_id in Alliance.objects.values_list("pk", flat=True):
        remind_of_dates.delay(alliance_id)


@tenant_task("groups.remind_of_dates")
def remind_of_dates(alliance: Alliance) -> None:
    """Tell people of one alliance what ends or is due soon; each of it once."""
    send_reminders(alliance, at=timezone.now())


# --------------------------------------------------------------------------- charter, responsibilities, disputes


@periodic("groups.keep_all_promises")
def keep_all_promises() -> None:
    """Every five minutes: charters come into force on their day; members are asked for what is due."""
    for alliance_id in Alliance.objects.values_list("pk", flat=True):
        keep_charter.delay(alliance_id)
        ask_duty_reports.delay(alliance_id)
        remind_disputes.delay(alliance_id)


@tenant_task("groups.keep_charter")
def keep_charter(alliance: Alliance) -> None:
    """Put adopted versions in force whose day has come, then ask and remind members of the acceptance."""
    now = timezone.now()
    put_charters_in_force(alliance, at=now)
    ask_for_acceptance(alliance, at=now)


@tenant_task("groups.ask_duty_reports")
def ask_duty_reports(alliance: Alliance) -> int:
    """Ask for reports on responsibilities that fall due, and remind of those missing; returns how many were added."""
    return ask_reports(alliance, at=timezone.now())


@tenant_task("groups.remind_disputes")
def remind_disputes(alliance: Alliance) -> int:
    """Remind of the next steps of disputes; returns how many are overdue."""
    return remind_of_disputes(alliance, at=timezone.now())
