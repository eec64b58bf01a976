"""Background work of the element layer."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from alliance.kernel.tasks import periodic, tenant_task
from alliance.models import Alliance as AllianceModel
from members.actions.application import expire_applications, remind_of_applications
from members.actions.application_letter import list_unmailed_letters, mail_letter
from members.actions.exit import remind_of_exits
from members.actions.fact import remind_of_facts
from members.actions.staff import settle_ended_staff

if TYPE_CHECKING:
    from alliance.models import Alliance


@shared_task(
    name="members.send_application_letter", autoretry_for=(OSError,), retry_backoff=5, retry_backoff_max=240, max_retries=5
)
def send_application_letter(alliance_id: int, letter_id: int) -> None:
    """Mail one letter to an applicant; a mail server that is away is asked again, at last by ``follow_admission``."""
    mail_letter(alliance_id, letter_id)


@periodic("members.follow_all_admissions")
def follow_all_admissions() -> None:
    """Every few minutes: deadlines of applications and exits, letters whose message was lost."""
    for alliance_id in AllianceModel.objects.values_list("pk", flat=True):
        follow_admission.delay(alliance_id)


@tenant_task("members.follow_admission")
def follow_admission(alliance: Alliance) -> None:
    """Let overdue applications expire, remind those concerned, and queue lost letters of one alliance."""
    at = timezone.now()
    expire_applications(alliance, at=at)
    remind_of_applications(alliance, at=at)
    remind_of_exits(alliance, at=at)
    for letter_id in list_unmailed_letters(alliance, at=at):
        transaction.on_commit(partial(send_application_letter.delay, alliance.pk, letter_id), robust=True)


# --------------------------------------------------------------------------------------- verified facts, people

LOOK_BACK = timedelta(hours=2)
"""Roles whose planned end came within this time are looked at; the task runs every ten minutes, so each is looked at often."""


@periodic("members.remind_all_members")
def remind_all_members() -> None:
    """Several times a day: facts to confirm, elements that end; each reminder goes out once."""
    for alliance_id in AllianceModel.objects.values_list("pk", flat=True):
        remind_members.delay(alliance_id)


@tenant_task("members.remind_members")
def remind_members(alliance: Alliance) -> int:
    """Remind the members of one alliance."""
    return remind_of_facts(alliance, at=timezone.now())


@periodic("members.settle_all_ended_staff")
def settle_all_ended_staff() -> None:
    """Every ten minutes: roles whose planned end has come."""
    for alliance_id in AllianceModel.objects.values_list("pk", flat=True):
        settle_ended_staff_of.delay(alliance_id)


@tenant_task("members.settle_ended_staff_of")
def settle_ended_staff_of(alliance: Alliance) -> int:
    """Pass the tasks of people whose role ended in one alliance on to their deputies."""
    now = timezone.now()
    return settle_ended_staff(alliance, at=now, since=now - LOOK_BACK)
