"""Hours worked in projects: noted by the person, confirmed by another one, struck out with the record.

A day has 24 hours over all projects of the alliance: whoever notes hours of a day takes turns with themselves.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.actions.audit import record_audit
from alliance.kernel.errors import DomainError, NotFoundError, SeparationOfDutiesError
from alliance.kernel.events import emit
from alliance.kernel.permissions import require
from alliance.kernel.turns import take_turns
from operations.actions.product import clean_reason
from operations.actions.project import lock_project, refuse_field, require_running
from operations.models import WorkHours
from operations.permissions import CONFIRM_HOURS, NOTE_HOURS, STRIKE_HOURS, own_institutions
from operations.signals import WORK_HOURS_CONFIRMED, WORK_HOURS_STRUCK

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance, User
    from operations.models import Project, ProjectPerson

DAY: Final = Decimal(24)
"""Hours of a day."""


def _hours(value: Any) -> Decimal:
    try:
        hours = Decimal(str(value))
    except InvalidOperation:
        raise refuse_field("hours", _("Give the hours as a number, such as 7.5.")) from None
    if not hours.is_finite() or not 0 < hours <= DAY:
        raise refuse_field("hours", _("Give more than 0 and at most 24 hours."))
    if hours != round(hours, 2):
        raise refuse_field("hours", _("Give hours with at most two decimals, such as 7.25."))
    return round(hours, 2)


def _person(project: Project, actor: User, *, at: datetime) -> ProjectPerson:
    mine = own_institutions(actor, project.alliance, at=at)
    found = next((row for row in project.present_people if row.user_id == actor.pk and row.institution_id in mine), None)
    if found is None:  # the permission was asked: this is a race with the end of the part
        raise NotFoundError
    return found


@transaction.atomic
def note_hours(
    alliance: Alliance,
    code: str,
    *,
    day: date,
    hours: Decimal | str,
    task: int | None = None,
    words: str = "",
    actor: User,
    at: datetime,
) -> WorkHours:
    """Note one's own hours in a project on a day.

    Args:
        alliance: The tenant.
        code: The project's code.
        day: Day on which they were worked.
        hours: Above 0, at most 24, at most two decimals.
        task: Number of the task they were worked for, or None.
        words: What was done.
        actor: A person who works in the project.
        at: Now.

    Raises:
        PermissionRefusedError: The actor is not named in the project, or acts no longer for the institution.
        InvalidInputError: The day lies in the future, before the person's part or the project's start, or has more than
            24 hours with what is noted already (``day_full``); the task is unknown.
        DomainError: ``project_not_running``.
    """
    project = lock_project(alliance, code)
    require(actor, NOTE_HOURS, project)
    require_running(project)
    person = _person(project, actor, at=at)
    amount = _hours(hours)
    if day > timezone.localtime(at).date():
        raise refuse_field("day", _("This day lies in the future. Note hours once they are worked."))
    first = max(project.starts_on, timezone.localtime(person.since).date())
    if day < first:
        raise refuse_field(
            "day", _("Your part in the project begins on %(day)s.") % {"day": first.isoformat()}, "before_part"
        )
    said = words.strip()
    if len(said) > 300:
        raise refuse_field("words", _("This is longer than %(most)s characters.") % {"most": 300})
    row = None
    if task is not None:
        row = project.tasks.filter(number=task).first()
        if row is None:
            raise refuse_field("task", _("Choose one from the list."))
    take_turns(alliance, f"hours:{actor.pk}:{day.isoformat()}")
    noted = (
        WorkHours.objects.of(alliance)
        .filter(person__user=actor, day=day, struck_at__isnull=True)
        .aggregate(total=Sum("hours"))["total"]
    ) or Decimal(0)
    if noted + amount > DAY:
        raise refuse_field(
            "hours",
            _("You noted %(noted)s hours for this day already, over all projects; a day has 24.") % {"noted": noted},
            "day_full",
        )
    entry = WorkHours.objects.create(
        alliance=alliance, person=person, task=row, day=day, hours=amount, words=said, noted_by=actor, noted_at=at
    )
    record_audit(
        project,
        actor=actor,
        verb="note_hours",
        after={"hours_id": entry.pk, "day": day, "hours": amount, "task": task, "institution": person.institution.code},
        personal={"words": said} if said else None,
        at=at,
    )
    return entry


def _entry(project: Project, entry_id: int) -> WorkHours:
    entry = (
        WorkHours.objects.of(project.alliance)
        .select_for_update(of=("self",))
        .select_related("person__institution")
        .filter(pk=entry_id, person__project=project)
        .first()
    )
    if entry is None:
        raise NotFoundError
    return entry


def _payload(project: Project, entry: WorkHours) -> dict[str, Any]:
    return {
        "project": project.code,
        "hours_id": entry.pk,
        "institution": entry.person.institution.code,
        "day": entry.day.isoformat(),
        "hours": str(entry.hours),
    }


@transaction.atomic
def confirm_hours(alliance: Alliance, code: str, entry_id: int, *, actor: User, at: datetime) -> WorkHours:
    """Confirm hours of somebody else; from then on they count.

    Raises:
        NotFoundError: No such entry.
        SeparationOfDutiesError: The actor noted them, or worked them.
        DomainError: ``hours_settled``: they are confirmed or struck out. ``project_not_running``.
    """
    project = lock_project(alliance, code)
    require(actor, CONFIRM_HOURS, project)
    require_running(project)
    entry = _entry(project, entry_id)
    if actor.pk in {entry.noted_by_id, entry.person.user_id}:
        raise SeparationOfDutiesError(
            _("Another person than the one who noted them confirms hours."),
            remedy=_("A leader of the project, or somebody else who works in it, confirms yours."),
        )
    if entry.confirmed_at is not None or entry.struck_at is not None:
        raise DomainError(_("These hours are confirmed or struck out already."), code="hours_settled")
    entry.confirmed_by, entry.confirmed_at = actor, at
    entry.save(update_fields=["confirmed_by", "confirmed_at"])
    record_audit(
        project,
        actor=actor,
        verb="confirm_hours",
        after={"hours_id": entry.pk, "day": entry.day, "hours": entry.hours},
        at=at,
    )
    emit(alliance, WORK_HOURS_CONFIRMED, _payload(project, entry))
    return entry


@transaction.atomic
def strike_hours(alliance: Alliance, code: str, entry_id: int, *, reason: str, actor: User, at: datetime) -> WorkHours:
    """Strike hours out, one's own or, for leaders, those of others; the entry stays to be read.

    Raises:
        NotFoundError: No such entry.
        PermissionRefusedError: They are somebody else's and the actor does not lead the project.
        InvalidInputError: The reason is missing.
        DomainError: ``hours_settled``: struck out already. ``project_not_running``.
    """
    project = lock_project(alliance, code)
    entry = _entry(project, entry_id)
    require(actor, NOTE_HOURS if entry.person.user_id == actor.pk else STRIKE_HOURS, project)
    require_running(project)
    words = clean_reason(reason)
    if len(words) > 300:
        raise refuse_field("reason", _("This is longer than %(most)s characters.") % {"most": 300})
    if entry.struck_at is not None:
        raise DomainError(_("These hours are struck out already."), code="hours_settled")
    was_confirmed = entry.confirmed_at is not None
    entry.struck_at = at
    entry.save(update_fields=["struck_at"])
    record_audit(
        project,
        actor=actor,
        verb="strike_hours",
        before={"hours_id": entry.pk, "day": entry.day, "hours": entry.hours, "confirmed": was_confirmed},
        personal={"reason": words},
        at=at,
    )
    emit(alliance, WORK_HOURS_STRUCK, {**_payload(project, entry), "was_confirmed": was_confirmed})
    return entry
