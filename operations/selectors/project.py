"""Reads of projects: lists, one with its plan, hours, its chart, what an institution has to hand over."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from django.db.models import (
    Case,
    Count,
    DateField,
    Exists,
    Min,
    OuterRef,
    Prefetch,
    Q,
    Subquery,
    Sum,
    Value,
    When,
)
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from alliance.kernel.calendar import CalendarEntry
from alliance.kernel.errors import NotFoundError
from alliance.kernel.gantt import Bar, Gantt, Link, Mark
from alliance.kernel.permissions import can, grants_of, institutions_acted_for
from alliance.kernel.portal import Upcoming
from alliance.kernel.references import Referred
from members.models import Institution, InstitutionStaff
from members.selectors.duties import Duty
from operations.choices import ProjectState, TaskState
from operations.models import Deliverable, Milestone, Project, ProjectPerson, ProjectTask, TaskLink, WorkHours
from operations.permissions import VIEW_PROJECT, VIEW_PROJECTS

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from alliance.models import Alliance, User

OPEN_STATES: Final = (ProjectState.PLANNED, ProjectState.RUNNING)
UNDONE: Final = (TaskState.TO_DO, TaskState.DOING)
ORDER: Final = ("-created_at", "-id")


def visible_projects(alliance: Alliance, user: Any) -> QuerySet[Project]:
    """Projects open to a person, as ``operations.view_project`` says of each; one query."""
    found = Project.objects.of(alliance)
    if can(user, VIEW_PROJECTS, alliance):
        return found
    mine = {
        grant.institution_id
        for grant in grants_of(user, alliance)
        if grant.scope == "institution" and grant.institution_id is not None
    }
    parts = ProjectPerson.objects.of(alliance).filter(project=OuterRef("pk"), institution_id__in=mine, until__isnull=True)
    return found.filter(Q(lead_id__in=mine) | Exists(parts))


def list_projects(
    alliance: Alliance, user: Any, *, state: str = "", show: str = "", q: str = "", at: datetime
) -> QuerySet[Project]:
    """Projects for a list, with counts of people, tasks and late milestones and the next day; one query.

    Args:
        alliance: The tenant.
        user: The reader.
        state: A ProjectState, or empty for all.
        show: ``late`` for those with a late milestone, ``mine`` for those the reader works in; empty for all.
        q: Words of a title, or a code.
        at: Now.
    """
    today = timezone.localtime(at).date()
    waiting = (
        Milestone.objects.of(alliance).filter(project=OuterRef("pk"), reached_on__isnull=True).order_by().values("project")
    )
    late = waiting.filter(due_on__lt=today).annotate(number=Count("pk")).values("number")
    tasks = ProjectTask.objects.of(alliance).filter(project=OuterRef("pk")).order_by().values("project")
    people = (
        ProjectPerson.objects.of(alliance).filter(project=OuterRef("pk"), until__isnull=True).order_by().values("project")
    )
    found = (
        visible_projects(alliance, user)
        .select_related("lead")
        .annotate(
            late_count=Case(When(state=ProjectState.RUNNING, then=Subquery(late)), default=Value(None)),
            next_due=Subquery(waiting.annotate(day=Min("due_on")).values("day"), output_field=DateField()),
            task_count=Subquery(tasks.exclude(state=TaskState.DROPPED).annotate(number=Count("pk")).values("number")),
            done_count=Subquery(tasks.filter(state=TaskState.DONE).annotate(number=Count("pk")).values("number")),
            institution_count=Subquery(people.annotate(number=Count("institution_id", distinct=True)).values("number")),
        )
    )
    if state:
        found = found.filter(state=state)
    if show == "late":
        found = found.filter(late_count__gt=0)
    elif show == "mine":
        found = found.filter(
            Exists(ProjectPerson.objects.of(alliance).filter(project=OuterRef("pk"), user=user.pk, until__isnull=True))
        )
    if q:
        found = found.filter(Q(code__iexact=q) | Q(title_en__icontains=q) | Q(title_zh__icontains=q))
    return found


def running_projects(alliance: Alliance, user: Any) -> QuerySet[Project]:
    """Running projects open to a person."""
    return visible_projects(alliance, user).filter(state=ProjectState.RUNNING)


def get_project(alliance: Alliance, code: str, *, reader: Any) -> Project:
    """One project with its people, tasks, links, milestones and deliverables; six queries.

    Raises:
        NotFoundError: There is none, or it is not open to this reader: the same answer.
    """
    project = (
        Project.objects.of(alliance)
        .select_related("lead", "consortium")
        .prefetch_related(
            Prefetch(
                "people",
                ProjectPerson.objects.of(alliance).select_related("user", "institution").order_by("since", "id"),
            ),
            Prefetch("milestones", Milestone.objects.of(alliance).order_by("due_on", "position")),
            Prefetch(
                "tasks",
                ProjectTask.objects.of(alliance)
                .select_related("owner__user", "owner__institution", "milestone")
                .order_by("starts_on", "ends_on", "number"),
            ),
            Prefetch(
                "tasks__links_before", TaskLink.objects.of(alliance).select_related("before").order_by("before__number")
            ),
            Prefetch(
                "deliverables",
                Deliverable.objects.of(alliance)
                .select_related("product__author", "milestone")
                .order_by("due_on", "position"),
            ),
        )
        .filter(code=code)
        .first()
    )
    if project is None:
        raise NotFoundError
    project.alliance = alliance
    if not can(reader, VIEW_PROJECT, project):
        raise NotFoundError
    return project


def is_late(project: Project, milestone: Milestone, at: datetime) -> bool:
    """Whether the day of a milestone passed without it while the project runs."""
    return (
        project.state == ProjectState.RUNNING
        and milestone.reached_on is None
        and milestone.due_on < timezone.localtime(at).date()
    )


@dataclass(frozen=True, slots=True)
class MilestoneRow:
    """A milestone with how it stands."""

    milestone: Milestone
    is_late: bool
    days_late: int
    can_reach: bool


def milestone_rows(project: Project, at: datetime) -> list[MilestoneRow]:
    """Milestones of a project from :func:`get_project`, by their day; no query."""
    today = timezone.localtime(at).date()
    busy = {task.milestone_id for task in project.tasks.all() if task.state in UNDONE}
    return [
        MilestoneRow(
            row,
            is_late(project, row, at),
            max(0, (today - row.due_on).days),
            project.state == ProjectState.RUNNING and row.reached_on is None and row.pk not in busy,
        )
        for row in project.milestones.all()
    ]


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A task with what its line shows.

    Attributes:
        task: The task.
        waits_for: Tasks it waits for, by number.
        clashes: Numbers of those that end on or after its first day, while it is open.
        is_late: Its last day passed and it is open.
        steps: Steps that its state allows.
    """

    task: ProjectTask
    waits_for: list[ProjectTask]
    clashes: list[int]
    is_late: bool
    steps: list[str]


STEPS_OF: Final[dict[str, tuple[str, ...]]] = {
    TaskState.TO_DO.value: ("begin", "complete", "drop"),
    TaskState.DOING.value: ("complete", "reset", "drop"),
    TaskState.DONE.value: ("begin",),
    TaskState.DROPPED.value: ("reset",),
}


def task_rows(project: Project, at: datetime) -> list[TaskRow]:
    """Tasks of a project from :func:`get_project`, by their first day; no query."""
    today = timezone.localtime(at).date()
    rows = []
    for task in project.tasks.all():
        before = [link.before for link in task.links_before.all()]
        waits = any(row.state in UNDONE for row in before)
        steps = [step for step in STEPS_OF[task.state] if not (waits and step in {"begin", "complete"})]
        if project.state != ProjectState.RUNNING:
            steps = [step for step in steps if step == "drop"] if project.is_open else []
        rows.append(
            TaskRow(
                task,
                before,
                [
                    row.number
                    for row in before
                    if task.state in UNDONE and row.ends_on >= task.starts_on and row.state != TaskState.DROPPED
                ],
                project.state == ProjectState.RUNNING and task.state in UNDONE and task.ends_on < today,
                steps,
            )
        )
    return rows


def chart_of(project: Project, at: datetime) -> Gantt:
    """The plan of a project from :func:`get_project` as a description of a Gantt chart; no query."""
    today = timezone.localtime(at).date()
    rows = [row for row in task_rows(project, at) if row.task.state != TaskState.DROPPED]
    marks = milestone_rows(project, at)
    colours = {TaskState.TO_DO.value: "s2", TaskState.DOING.value: "primary", TaskState.DONE.value: "ok"}
    late = sum(1 for row in marks if row.is_late)
    finding = ngettext("%(count)s task", "%(count)s tasks", len(rows)) % {"count": len(rows)}
    finding = _("%(tasks)s of “%(project)s” from %(start)s to %(end)s, %(done)s done") % {
        "tasks": finding,
        "project": project.title,
        "start": project.starts_on.isoformat(),
        "end": project.ends_on.isoformat(),
        "done": sum(1 for row in rows if row.task.state == TaskState.DONE),
    }
    if late:
        finding += "; " + ngettext("%(count)s milestone is late", "%(count)s milestones are late", late) % {"count": late}
    return Gantt(
        finding=finding,
        starts_on=project.starts_on,
        ends_on=project.ends_on,
        today=today if project.starts_on <= today <= project.ends_on else None,
        bars=[
            Bar(
                key=row.task.number,
                label=row.task.name,
                starts_on=row.task.starts_on,
                ends_on=row.task.ends_on,
                colour="accent" if row.is_late else colours[row.task.state],
                state=_("late") if row.is_late else row.task.get_state_display(),
                owner=row.task.owner.institution.short_name if row.task.owner else "",
            )
            for row in rows
        ],
        marks=[
            Mark(
                label=row.milestone.name,
                day=row.milestone.due_on,
                colour="accent" if row.is_late else "ok" if row.milestone.reached_on else "primary",
                state=_("late")
                if row.is_late
                else _("reached %(day)s") % {"day": row.milestone.reached_on.isoformat()}
                if row.milestone.reached_on
                else _("to come"),
            )
            for row in marks
        ],
        links=[
            Link(before.number, row.task.number, before.number in row.clashes)
            for row in rows
            for before in row.waits_for
            if before.state != TaskState.DROPPED
        ],
    )


# ------------------------------------------------------------------------------------------------------------------ hours


@dataclass(frozen=True, slots=True)
class HoursLine:
    """Hours of an institution in a project.

    Attributes:
        institution: It.
        confirmed: Hours that count.
        waiting: Hours not confirmed yet.
    """

    institution: Institution
    confirmed: Decimal
    waiting: Decimal


def hours_by_institution(project: Project) -> list[HoursLine]:
    """Hours in a project per institution, most first; two queries."""
    counted = (
        WorkHours.objects.of(project.alliance)
        .filter(person__project=project, struck_at__isnull=True)
        .values("person__institution_id")
        .annotate(
            confirmed=Sum("hours", filter=Q(confirmed_at__isnull=False)),
            waiting=Sum("hours", filter=Q(confirmed_at__isnull=True)),
        )
    )
    by_id = {row["person__institution_id"]: row for row in counted}
    institutions = Institution.objects.of(project.alliance).filter(pk__in=by_id)
    lines = [
        HoursLine(row, by_id[row.pk]["confirmed"] or Decimal(0), by_id[row.pk]["waiting"] or Decimal(0))
        for row in institutions
    ]
    return sorted(lines, key=lambda line: (-line.confirmed, line.institution.sort_key))


def hours_by_task(project: Project) -> dict[int, Decimal]:
    """Confirmed hours per task of a project, by the task's primary key; one query."""
    rows = (
        WorkHours.objects.of(project.alliance)
        .filter(person__project=project, struck_at__isnull=True, confirmed_at__isnull=False, task__isnull=False)
        .values_list("task_id")
        .annotate(total=Sum("hours"))
    )
    return dict(rows)


def list_hours(project: Project) -> QuerySet[WorkHours]:
    """Entries of hours of a project, newest day first; one query."""
    return (
        WorkHours.objects.of(project.alliance)
        .filter(person__project=project)
        .select_related("person__user", "person__institution", "task", "confirmed_by")
        .order_by("-day", "-id")
    )


def people_to_name(alliance: Alliance, institution: Institution, *, at: datetime) -> list[User]:
    """People who act for an institution, to be named in a project; one query."""
    rows = (
        InstitutionStaff.objects.of(alliance)
        .at(at)
        .filter(institution=institution, user__is_active=True)
        .select_related("user")
        .order_by("id")
    )
    return list({row.user_id: row.user for row in rows}.values())


# ----------------------------------------------------------------------------------------------------------- other layers


def find_projects(alliance: Alliance, reader: Any, codes: Iterable[str]) -> dict[str, Referred]:
    """Projects that a product refers to, as far as they are open to this reader; one query."""
    wanted = Q(pk__in=[])
    for code in codes:
        wanted |= Q(code__iexact=code)
    return {
        row.code: Referred(row.code, row.title_en, row.title_zh, reverse("project_detail", kwargs={"code": row.code}))
        for row in visible_projects(alliance, reader).filter(wanted)
    }


def list_running_ids(alliance: Alliance, at: datetime) -> list[int]:
    """Running projects with a milestone whose day has passed; one query."""
    today = timezone.localtime(at).date()
    return list(
        Project.objects.of(alliance)
        .filter(state=ProjectState.RUNNING, milestones__reached_on__isnull=True, milestones__due_on__lt=today)
        .order_by("pk")
        .distinct()
        .values_list("pk", flat=True)
    )


def next_days(alliance: Alliance, institution_id: int, at: datetime, limit: int) -> list[Upcoming]:
    """Milestones to come of an institution's projects, for the portal's first page; one query."""
    today = timezone.localtime(at).date()
    rows = (
        Milestone.objects.of(alliance)
        .filter(
            Q(project__lead_id=institution_id)
            | Exists(
                ProjectPerson.objects.of(alliance).filter(
                    project=OuterRef("project"), institution_id=institution_id, until__isnull=True
                )
            ),
            project__state=ProjectState.RUNNING,
            reached_on__isnull=True,
            due_on__gte=today,
        )
        .select_related("project")
        .order_by("due_on", "id")[:limit]
    )
    return [
        Upcoming(row.due_on, _("Milestone"), row.name_en, row.name_zh, "project_detail", {"code": row.project.code})
        for row in rows
    ]


def duty_provider(
    hand_over: Callable[..., object], leave: Callable[..., object]
) -> Callable[[Alliance, Institution, datetime], list[Duty]]:
    """The provider of an institution's projects for its exit.

    Args:
        hand_over: The action that gives a led project to another institution.
        leave: The action that ends the parts of its people in a project that another one leads. Both are handed in, because
            actions build on selectors and not the other way round.
    """

    def give(alliance: Alliance, code: str, leaving: int, to: Institution | None, *, actor: User, at: datetime) -> None:
        if to is not None:
            hand_over(alliance, code, to=to.pk, leaving=leaving, actor=actor, at=at)

    def end(alliance: Alliance, code: str, leaving: int, to: Institution | None, *, actor: User, at: datetime) -> None:  # noqa: ARG001 - cannot move
        leave(alliance, code, leaving, actor=actor, at=at)

    def provide(alliance: Alliance, institution: Institution, at: datetime) -> list[Duty]:  # noqa: ARG001 - parts have no dates to come
        led = Project.objects.of(alliance).filter(lead=institution, state__in=OPEN_STATES).order_by("code")
        parts = (
            Project.objects.of(alliance)
            .filter(
                Exists(
                    ProjectPerson.objects.of(alliance).filter(
                        project=OuterRef("pk"), institution=institution, until__isnull=True
                    )
                ),
                state__in=OPEN_STATES,
            )
            .exclude(lead=institution)
            .annotate(
                open_tasks=Count(
                    "tasks", filter=Q(tasks__owner__institution=institution, tasks__state__in=UNDONE), distinct=True
                )
            )
            .order_by("code")
        )
        duties = [
            Duty(
                _("leads the project %(code)s (%(title)s)") % {"code": row.code, "title": row.title},
                "project_detail",
                {"code": row.code},
                key=f"project:{row.code}",
                hand_over=partial(give, alliance, row.code, institution.pk),
                needs_successor=True,
            )
            for row in led
        ]
        duties += [
            Duty(
                ngettext(
                    "people in the project %(code)s, with %(count)s open task",
                    "people in the project %(code)s, with %(count)s open tasks",
                    row.open_tasks,
                )
                % {"code": row.code, "count": row.open_tasks},
                "project_detail",
                {"code": row.code},
                key=f"project-part:{row.code}",
                hand_over=partial(end, alliance, row.code, institution.pk),
                cannot_move=True,
            )
            for row in parts
        ]
        return duties

    return provide


# --------------------------------------------------------------------------------------------------------------- calendar


def calendar_of_milestones(alliance: Alliance, user: User, since: datetime, until: datetime) -> list[CalendarEntry]:
    """Milestones of the projects a person works in or whose leading institution they act for; one query."""
    return [
        CalendarEntry(
            uid=f"milestone-{row.pk}",
            starts_on=row.due_on,
            title=_("Milestone: %(title)s") % {"title": row.name},
            description=row.project.title,
            url_name="project_detail",
            url_kwargs={"code": row.project.code},
            cancelled=row.project.state == ProjectState.STOPPED,
        )
        for row in Milestone.objects.of(alliance)
        .filter(
            Q(project__in=_own_projects(alliance, user)),
            due_on__gte=timezone.localtime(since).date(),
            due_on__lte=timezone.localtime(until).date(),
        )
        .select_related("project")
        .order_by("due_on", "id")
    ]


def _own_projects(alliance: Alliance, user: User) -> QuerySet[Project]:
    mine = institutions_acted_for(grants_of(user, alliance))
    parts = ProjectPerson.objects.of(alliance).filter(
        project=OuterRef("pk"), user=user, institution_id__in=mine, until__isnull=True
    )
    return Project.objects.of(alliance).filter(Q(lead_id__in=mine) | Exists(parts)).exclude(state=ProjectState.FINISHED)


def calendar_of_tasks(alliance: Alliance, user: User, since: datetime, until: datetime) -> list[CalendarEntry]:
    """Last days of a person's own open tasks; one query."""
    mine = institutions_acted_for(grants_of(user, alliance))
    return [
        CalendarEntry(
            uid=f"project-task-{row.pk}",
            starts_on=row.ends_on,
            title=_("Task due: %(title)s") % {"title": row.name},
            description=row.project.title,
            url_name="project_detail",
            url_kwargs={"code": row.project.code},
        )
        for row in ProjectTask.objects.of(alliance)
        .filter(
            owner__user=user,
            owner__institution_id__in=mine,
            owner__until__isnull=True,
            state__in=UNDONE,
            project__state__in=OPEN_STATES,
            ends_on__gte=timezone.localtime(since).date(),
            ends_on__lte=timezone.localtime(until).date(),
        )
        .select_related("project")
        .order_by("ends_on", "id")
    ]
