"""Background work of the element layer."""

from __future__ import annotations

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
