"""Tasks of a project: their span, who answers for them, and which waits for which, never in a circle."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from alliance.actions.audit import record_audit
from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError
from alliance.kernel.formats import format_list
from alliance.kernel.permissions import require
from operations.actions.project import (
    MOST_PARTS,
    check_inside,
    clean_names,
    find_milestone,
    lock_project,
    refuse_field,
    require_open,
    require_running,
)
from operations.choices import TaskState
from operations.models import ProjectTask, TaskLink
from operations.permissions import CHANGE_PROJECT
from operations.transitions import BEGIN_TASK, COMPLETE_TASK, DROP_TASK, RESET_TASK

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance, User
    from operations.models import Project, ProjectPerson

STEPS: Final = {
    "begin": BEGIN_TASK,
    "complete": COMPLETE_TASK,
    "reset": RESET_TASK,
    "drop": DROP_TASK,
}
"""Steps of a task by their name in addresses."""
MOST_HOURS: Final = Decimal("99999.99")


def closes_circle(links: Iterable[tuple[int, int]], before: int, after: int) -> bool:
    """Whether "``after`` waits for ``before``" would close a circle among the links that are there.

    Args:
        links: Pairs (before, after).
        before: Task that is waited for.
        after: Task that waits.
    """
    if before == after:
        return True
    following: dict[int, list[int]] = defaultdict(list)
    for first, second in links:
        following[first].append(second)
    seen, waiting = {after}, [after]
    while waiting:
        for task in following[waiting.pop()]:
            if task == before:
                return True
            if task not in seen:
                seen.add(task)
                waiting.append(task)
    return False


def _task(project: Project, number: int) -> ProjectTask:
    task = project.tasks.filter(number=number).first()
    if task is None:
        raise NotFoundError
    return task


def _owner(project: Project, person_id: int | None) -> ProjectPerson | None:
    if person_id is None:
        return None
    owner = next((person for person in project.present_people if person.pk == person_id), None)
    if owner is None:
        raise refuse_field("owner", _("Choose one of the people who work in the project now."))
    return owner


def _span(project: Project, values: Mapping[str, Any]) -> tuple[date, date]:
    start, end = values.get("starts_on"), values.get("ends_on")
    if not isinstance(start, date):
        raise refuse_field("starts_on", _("Give the first day."))
    if not isinstance(end, date):
        raise refuse_field("ends_on", _("Give the last day."))
    if end < start:
        raise refuse_field("ends_on", _("The last day comes before the first."))
    check_inside(project, "starts_on", start)
    check_inside(project, "ends_on", end)
    return start, end


def _hours(value: Any) -> Decimal | None:
    if value is None or value == "":
        return None
    hours = Decimal(value)
    if not hours.is_finite() or not 0 < hours <= MOST_HOURS or hours != round(hours, 2):
        raise refuse_field("planned_hours", _("Give hours above 0, with at most two decimals."))
    return hours


@transaction.atomic
def save_task(
    alliance: Alliance,
    code: str,
    number: int | None = None,
    *,
    values: Mapping[str, Any],
    waits_for: Iterable[int] = (),
    actor: User,
    at: datetime,
) -> ProjectTask:
    """Add a task (no number) or change one, with the tasks it waits for.

    Args:
        alliance: The tenant.
        code: The project's code.
        number: Number of the task; None for a new one.
        values: ``name_en``, ``name_zh``, ``starts_on``, ``ends_on``, ``owner`` (primary key of a present ProjectPerson),
            ``milestone`` (its number), ``planned_hours``.
        waits_for: Numbers of the tasks it waits for.
        actor: Somebody who may change the project.
        at: Now.

    Raises:
        NotFoundError: No such task.
        InvalidInputError: A value is missing, unknown or outside the project; ``circular``: the tasks would wait for each
            other in a circle.
        DomainError: ``project_over``.
    """
    project = lock_project(alliance, code)
    require(actor, CHANGE_PROJECT, project)
    require_open(project)
    names = clean_names(values, what=_("Name the task in English or in Chinese."))
    start, end = _span(project, values)
    owner = _owner(project, values.get("owner"))
    milestone = find_milestone(project, values.get("milestone"))
    if milestone is not None and milestone.reached_on is not None and number is None:
        raise refuse_field("milestone", _("This milestone is reached already."))
    hours = _hours(values.get("planned_hours"))
    if number is None:
        if project.tasks.count() >= MOST_PARTS:
            raise InvalidInputError(_("A project has at most %(most)s tasks.") % {"most": MOST_PARTS}, code="too_many")
        last = project.tasks.order_by("-number").values_list("number", flat=True).first()
        task = ProjectTask(alliance=alliance, project=project, number=(last or 0) + 1)
        verb, before = "add_project_task", None
    else:
        task = _task(project, number)
        verb, before = "change_project_task", {"starts_on": task.starts_on, "ends_on": task.ends_on}
    task.name_en, task.name_zh, task.starts_on, task.ends_on = names["name_en"], names["name_zh"], start, end
    task.owner, task.milestone, task.planned_hours = owner, milestone, hours
    task.save()
    links = _set_links(project, task, waits_for)
    record_audit(
        project,
        actor=actor,
        verb=verb,
        before=before,
        after={
            "task": task.number,
            "starts_on": start,
            "ends_on": end,
            "owner": str(owner.user.uuid) if owner else "",
            "planned_hours": hours,
            "waits_for": links,
        },
        personal={name: value for name, value in names.items() if value},
        at=at,
    )
    return task


def _set_links(project: Project, task: ProjectTask, wanted: Iterable[int]) -> list[int]:
    """Make the task wait for exactly these; the caller holds the project's lock."""
    numbers = sorted(set(wanted))
    by_number = {row.number: row for row in project.tasks.filter(number__in=numbers)}
    if unknown := [number for number in numbers if number not in by_number]:
        raise refuse_field(
            "waits_for",
            _("The project has no task %(number)s.") % {"number": unknown[0]},
            "task_unknown",
        )
    others = list(
        TaskLink.objects.of(project.alliance)
        .filter(before__project=project)
        .exclude(after=task)
        .values_list("before_id", "after_id")
    )
    for number in numbers:
        if closes_circle(others, by_number[number].pk, task.pk):
            raise refuse_field(
                "waits_for",
                _("Task %(number)s already waits for this one, directly or over others; both would wait for ever.")
                % {"number": number}
                if number != task.number
                else _("A task does not wait for itself."),
                "circular",
            )
    keep = {row.pk for row in by_number.values()}
    present = set(task.links_before.values_list("before_id", flat=True))
    task.links_before.exclude(before_id__in=keep).delete()
    TaskLink.objects.bulk_create(
        TaskLink(alliance=project.alliance, before_id=pk, after=task) for pk in sorted(keep - present)
    )
    return numbers


@transaction.atomic
def move_task(alliance: Alliance, code: str, number: int, step: str, *, actor: User, at: datetime) -> ProjectTask:
    """Say how far a task is: ``begin``, ``complete``, ``reset`` or ``drop``.

    Args:
        alliance: The tenant.
        code: The project's code.
        number: Number of the task.
        step: One of STEPS.
        actor: Somebody who works in the project; to drop a task, somebody who may change the project.
        at: Now.

    Raises:
        NotFoundError: No such task or step.
        TransitionRefusedError: The task's state does not allow it.
        DomainError: ``task_waits``: tasks it waits for are open. ``milestone_reached``: the milestone it leads to is
            reached. ``project_not_running``.
    """
    project = lock_project(alliance, code)
    if step not in STEPS:
        raise NotFoundError
    transition = STEPS[step]
    require(actor, transition.permission, project)
    if step == "drop":
        require_open(project)
    else:
        require_running(project)
    task = _task(project, number)
    transition.check(task.state)
    if step in {"begin", "complete"}:
        open_before = list(
            ProjectTask.objects.of(alliance)
            .filter(links_after__after=task, state__in=[TaskState.TO_DO, TaskState.DOING])
            .order_by("number")
        )
        if open_before:
            raise DomainError(
                _("This task waits for: %(tasks)s.")
                % {"tasks": format_list((f"{row.number} {row.name}" for row in open_before), get_language())},
                code="task_waits",
                remedy=_("Complete or drop those first, or take the link away."),
            )
    if step in {"begin", "reset"} and task.milestone is not None and task.milestone.reached_on is not None:
        raise DomainError(
            _("The milestone this task leads to was reached on %(day)s.") % {"day": task.milestone.reached_on.isoformat()},
            code="milestone_reached",
            remedy=_("Take the milestone's mark back first, or let the task lead to another one."),
        )
    before = task.state
    task.state = transition.target
    task.done_at = at if task.state == TaskState.DONE else None
    task.save(update_fields=["state", "done_at"])
    record_audit(
        project,
        actor=actor,
        verb=transition.name,
        before={"task": number, "state": before},
        after={"task": number, "state": task.state},
        at=at,
    )
    return task
