"""Background work of the operational layer."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from celery import shared_task
from django.db import connection, transaction
from django.utils import timezone

from alliance.choices import AuditVia
from alliance.kernel import context, faults, tenancy
from alliance.kernel.tasks import periodic, tenant_task
from alliance.models import Alliance
from operations.actions.certificate import REMIND_BEFORE, remind_of_expiry
from operations.actions.course import ask_to_hold
from operations.actions.project import note_late_milestones
from operations.actions.risk import remind_of_risk
from operations.actions.risk_trigger import scan_declarations, scan_suppliers
from operations.actions.workflow import advance_pilot
from operations.selectors.learning import list_lapsing_ids, list_past_open_ids
from operations.selectors.pilot import list_active_pilot_ids
from operations.selectors.project import list_running_ids
from operations.selectors.risk import list_due_ids

logger = logging.getLogger(__name__)

MOST_STEPS = 20
"""A round has fewer steps than this; the bound keeps a mistake from running for ever."""


LARGEST_SKEW = timedelta(minutes=2)
"""Clocks of worker and database that differ by more say that one of them is wrong: no step is taken then."""


class ClocksDifferError(Exception):
    """The clock of this process and that of the database differ by more than :data:`LARGEST_SKEW`."""


def moment() -> datetime:
    """Now, as the worker's and the database's clock agree.

    A deadline that passes because one clock leapt would close rounds that people still answer; two clocks seldom leap
    together.

    Raises:
        ClocksDifferError: They do not agree.
    """
    here = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        there = cursor.fetchone()[0]
    if abs(here - there) > LARGEST_SKEW:
        message = f"the worker's clock says {here.isoformat()}, the database's {there.isoformat()}; no step is taken"
        raise ClocksDifferError(message)
    return here


@periodic("operations.advance_all_pilots")
def advance_all_pilots() -> None:
    """Several times a minute: one task per alliance."""
    for alliance_id in Alliance.objects.values_list("pk", flat=True):
        advance_pilots.delay(alliance_id)


@shared_task(name="operations.advance_pilots")
def advance_pilots(alliance_id: int) -> int:
    """Take every step that is due in one alliance, each in a transaction of its own; returns how many were taken."""
    token = context.current.set(context.ActContext(via=AuditVia.TASK))
    try:
        with tenancy.acting_in(alliance_id):
            alliance = Alliance.objects.filter(pk=alliance_id).first()
            waiting = list_active_pilot_ids(alliance) if alliance is not None else []
        if alliance is None:
            logger.info("pilots of a removed alliance", extra={"alliance_id": alliance_id})
            return 0
        return sum(_advance(alliance, pilot_id) for pilot_id in waiting)
    finally:
        context.current.reset(token)


def _advance(alliance: Alliance, pilot_id: int) -> int:
    taken = 0
    while taken < MOST_STEPS:
        try:
            with tenancy.acting_in(alliance):
                key = advance_pilot(alliance, pilot_id, at=moment())
        except Exception:  # one broken round must not stop the others; the next run tries again
            logger.exception("pilot not advanced", extra={"pilot": pilot_id, "alliance_id": alliance.pk})
            return taken
        if not key:
            return taken
        faults.point(f"pilot.{key.partition(':')[0]}.committed")
        taken += 1
    return taken


@periodic("operations.note_all_late_milestones")
def note_all_late_milestones() -> None:
    """Each hour: one task per alliance."""
    for alliance_id in Alliance.objects.values_list("pk", flat=True):
        note_late.delay(alliance_id)


@tenant_task("operations.note_late")
def note_late(alliance: Alliance) -> int:
    """Ask about the milestones of one alliance whose day has passed; returns how many were told now."""
    now = timezone.now()
    return sum(note_late_milestones(alliance, pk, at=now) for pk in list_running_ids(alliance, now))


@periodic("operations.keep_all_learning")
def keep_all_learning() -> None:
    """Each hour: one task per alliance."""
    for alliance_id in Alliance.objects.values_list("pk", flat=True):
        keep_learning.delay(alliance_id)


@shared_task(name="operations.keep_learning")
def keep_learning(alliance_id: int) -> int:
    """Remind of certificates that lapse and ask for attendance that is missing, each in a transaction of its own.

    A process that dies on the way leaves what it told; the next run tells the rest and nothing twice.

    Returns:
        How many people and institutions were told now.
    """
    token = context.current.set(context.ActContext(via=AuditVia.TASK))
    try:
        with tenancy.acting_in(alliance_id):
            alliance = Alliance.objects.filter(pk=alliance_id).first()
            now = timezone.now()
            lapsing = list_lapsing_ids(alliance, at=now, before=REMIND_BEFORE) if alliance is not None else []
            past = list_past_open_ids(alliance, at=now) if alliance is not None else []
        if alliance is None:
            logger.info("learning of a removed alliance", extra={"alliance_id": alliance_id})
            return 0
        told = 0
        for act, pk in [*((remind_of_expiry, pk) for pk in lapsing), *((ask_to_hold, pk) for pk in past)]:
            with tenancy.acting_in(alliance):
                told += act(alliance, pk, at=timezone.now())
            faults.point("learning.told")
        return told
    finally:
        context.current.reset(token)


@periodic("operations.watch_all_risks")
def watch_all_risks() -> None:
    """Each hour: one task per alliance."""
    for alliance_id in Alliance.objects.values_list("pk", flat=True):
        watch_risks.delay(alliance_id)


@tenant_task("operations.watch_risks")
def watch_risks(alliance: Alliance) -> int:
    """Open the risks that data speak of and ask for the reviews that are due in one alliance; returns how many acts it took.

    Each act is whole by itself: one that fails is undone, logged and tried again by the next run, and stops no other.
    """
    now = timezone.now()
    due = list_due_ids(alliance, timezone.localdate(now))
    acts: list[Callable[[], int]] = [
        lambda: scan_suppliers(alliance, at=now),
        lambda: scan_declarations(alliance, at=now),
        *(partial(remind_of_risk, alliance, pk, at=now) for pk in due),
    ]
    taken = 0
    for act in acts:
        try:
            with transaction.atomic():
                taken += act()
        except Exception:
            logger.exception("the risks of an alliance were not watched", extra={"alliance_id": alliance.pk})
    return taken
