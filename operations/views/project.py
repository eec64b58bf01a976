"""Pages of projects: list, plan, people, hours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alliance.actions.idempotency import once
from alliance.kernel import charts
from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError
from alliance.kernel.permissions import can, require
from alliance.selectors.paging import paginate
from groups.choices import GroupKind
from members.models import Institution
from operations.actions.deliverable import draft_deliverable, remove_deliverable, save_deliverable
from operations.actions.project import (
    PROJECT_FIELDS,
    ProjectConflictError,
    add_person,
    change_project,
    end_person,
    finish_project,
    plan_project,
    reach_milestone,
    reopen_milestone,
    save_milestone,
    start_project,
    stop_project,
)
from operations.actions.project_task import move_task, save_task
from operations.actions.work_hours import confirm_hours, note_hours, strike_hours
from operations.choices import ProjectState, TaskState
from operations.forms.product import ReasonForm, show_refusal
from operations.forms.project import (
    AuthorForm,
    DeliverableForm,
    HoursForm,
    MilestoneForm,
    ProjectForm,
    ProjectPersonForm,
    ProjectTaskForm,
    ReachForm,
)
from operations.models import Project
from operations.permissions import (
    CHANGE_PROJECT,
    CONFIRM_HOURS,
    DRAFT_DELIVERABLE,
    NOTE_HOURS,
    START_PROJECTS,
    STOP_PROJECT_PERMISSION,
    STRIKE_HOURS,
    WORK_ON_TASK,
    acts_for_office,
    own_institutions,
    seats_of,
)
from operations.selectors.project import (
    ORDER,
    chart_of,
    get_project,
    hours_by_institution,
    hours_by_task,
    list_hours,
    list_projects,
    milestone_rows,
    people_to_name,
    task_rows,
)
from operations.views.common import choose_institution, frame, offer, tenant_of


def project_url(project: Project, anchor: str = "") -> str:
    """Address of a project's page."""
    return reverse("project_detail", kwargs={"code": project.code}) + (f"#{anchor}" if anchor else "")


def _frame(request: HttpRequest, project: Project | None = None, label: str = "") -> dict[str, Any]:
    crumbs = [{"label": _("Projects"), "url": reverse("project_list")}]
    if project is not None:
        crumbs.append({"label": project.code, "url": project_url(project) if label else ""})
    if label:
        crumbs.append({"label": label, "url": ""})
    return {**frame(request, "projects"), "crumbs": crumbs if len(crumbs) > 1 else [], "project": project}


def _back(request: HttpRequest, project: Project, words: str, anchor: str = "") -> HttpResponse:
    messages.success(request, words)
    return redirect(project_url(project, anchor))


@login_required
@require_safe
def project_list(request: HttpRequest) -> HttpResponse:
    """Projects open to the reader, newest first, with filters."""
    alliance = tenant_of(request)
    state = request.GET.get("state", "")
    state = state if state in ProjectState.values else ""
    show = request.GET.get("show", "")
    show = show if show in {"late", "mine"} else ""
    q = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    rows = list_projects(alliance, request.user, state=state, show=show, q=q, at=timezone.now())
    page = paginate(rows, request.GET, order=ORDER, size=40)
    context = {
        **_frame(request),
        "page": page,
        "rows": page.items,
        "state": state,
        "show": show,
        "q": q,
        "states": ProjectState.choices,
        "is_filtered": bool(state or show or q),
        "may_plan": can(request.user, START_PROJECTS, alliance),
    }
    return render(request, "operations/project_list.html", context)


@login_required
@require_safe
def project_detail(request: HttpRequest, code: str) -> HttpResponse:
    """One project: its chart, milestones, tasks, deliverables, people and hours."""
    alliance = tenant_of(request)
    project = get_project(alliance, code, reader=request.user)
    now = timezone.now()
    milestones, tasks = milestone_rows(project, now), task_rows(project, now)
    may_change = project.is_open and can(request.user, CHANGE_PROJECT, project)
    may_work = can(request.user, WORK_ON_TASK, project)
    hours = hours_by_institution(project)
    worked = hours_by_task(project)
    running = project.state == ProjectState.RUNNING
    labels = {
        "begin": _("Begin"),
        "complete": pgettext("a task", "Mark as done"),
        "reset": pgettext("a task", "Not begun after all"),
        "drop": _("Drop"),
    }
    context = {
        **_frame(request, project),
        "chart": charts.draw(chart_of(project, now)),
        "milestones": milestones,
        "late": [row for row in milestones if row.is_late],
        "tasks": [
            {
                "row": row,
                "task": row.task,
                "worked": worked.get(row.task.pk),
                "steps": [
                    (step, _("Reopen") if step == "begin" and row.task.state == TaskState.DONE else labels[step])
                    for step in row.steps
                    if (may_change if step == "drop" else may_work)
                ],
            }
            for row in tasks
        ],
        "deliverables": project.deliverables.all(),
        "people": project.present_people,
        "past_people": [person for person in project.people.all() if person.until is not None],
        "hours": hours,
        "confirmed": sum((line.confirmed for line in hours), start=0),
        "waiting": sum((line.waiting for line in hours), start=0),
        "may_change": may_change,
        "may_start": may_change and project.state == ProjectState.PLANNED,
        "may_finish": may_change and running,
        "may_stop": project.is_open and can(request.user, STOP_PROJECT_PERMISSION, project),
        "may_draft": running and can(request.user, DRAFT_DELIVERABLE, project),
        "may_note": running and can(request.user, NOTE_HOURS, project),
        "is_running": running,
    }
    return render(request, "operations/project_detail.html", context)


def _planners(request: HttpRequest) -> set[int]:
    """Institutions for which the reader may plan a project."""
    alliance, now = tenant_of(request), timezone.now()
    if acts_for_office(request.user, alliance, at=now):
        return set(Institution.objects.of(alliance).active().values_list("pk", flat=True))
    return own_institutions(request.user, alliance, at=now)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@once
def project_new(request: HttpRequest) -> HttpResponse:
    """Plan a project."""
    alliance = tenant_of(request)
    require(request.user, START_PROJECTS, alliance)
    fitting = _planners(request)
    form = ProjectForm(request.POST or None, institutions=offer(alliance, fitting))
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                project = plan_project(
                    alliance,
                    actor=request.user,  # type: ignore[arg-type]
                    institution_id=choose_institution(request, fitting, form.cleaned_data.get("institution") or None),
                    values={name: form.cleaned_data[name] for name in PROJECT_FIELDS},
                    at=timezone.now(),
                )
            except InvalidInputError as refusal:
                show_refusal(form, refusal)
            else:
                return _back(request, project, _("Project planned. Add its people, milestones and tasks."))
    context = {
        **_frame(request, label=_("New project")),
        "form": form,
        "heading": _("New project"),
        "submit": _("Plan the project"),
        "cancel_url": reverse("project_list"),
    }
    return render(request, "operations/project_form.html", context, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def project_edit(request: HttpRequest, code: str) -> HttpResponse:
    """Change a project as a whole; when somebody else saved meanwhile, both texts are shown."""
    alliance = tenant_of(request)
    project = get_project(alliance, code, reader=request.user)
    require(request.user, CHANGE_PROJECT, project)
    initial = {**{name: getattr(project, name) for name in PROJECT_FIELDS}, "revision": project.revision}
    form = ProjectForm(request.POST or None, initial=initial)
    theirs: list[dict[str, Any]] = []
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            values = {name: form.cleaned_data[name] for name in PROJECT_FIELDS}
            try:
                change_project(
                    alliance,
                    code,
                    actor=request.user,  # type: ignore[arg-type]
                    values=values,
                    revision=form.cleaned_data["revision"] or 0,
                    at=timezone.now(),
                )
            except ProjectConflictError as conflict:
                status = 409
                data = request.POST.copy()
                data["revision"] = str(conflict.revision)
                form.data = data
                theirs = [
                    {"label": form.fields[name].label, "theirs": str(value), "yours": str(values[name])}
                    for name, value in conflict.theirs.items()
                    if value != values[name]
                ]
            except DomainError as refusal:
                show_refusal(form, refusal)
            else:
                return _back(request, project, _("Project saved."))
    context = {
        **_frame(request, project, _("Edit")),
        "form": form,
        "theirs": theirs,
        "heading": _("Change the project"),
        "submit": _("Save"),
        "cancel_url": project_url(project),
    }
    return render(request, "operations/project_form.html", context, status=status)


def _step(
    request: HttpRequest, code: str, act: Callable[..., object], words: str, anchor: str, **given: Any
) -> HttpResponse:
    """Do one act by a button; a refusal is told on the project's page."""
    alliance = tenant_of(request)
    project = get_project(alliance, code, reader=request.user)
    try:
        act(alliance, code, actor=request.user, at=timezone.now(), **given)
    except DomainError as refusal:
        if refusal.status in {403, 404}:
            raise
        messages.error(request, " ".join(str(part) for part in (refusal.reason, refusal.remedy) if part))
        return redirect(project_url(project, anchor))
    return _back(request, project, words, anchor)


@login_required
@require_POST
def project_start(request: HttpRequest, code: str) -> HttpResponse:
    """Begin the work."""
    return _step(request, code, start_project, _("The project is running."), "")


@login_required
@require_POST
def project_finish(request: HttpRequest, code: str) -> HttpResponse:
    """Close a project whose work is done."""
    return _step(request, code, finish_project, _("The project is finished."), "")


def _form_page(
    request: HttpRequest,
    project: Project,
    form: Any,
    act: Callable[[dict[str, Any]], object],
    *,
    heading: str,
    submit: str,
    done: str,
    anchor: str = "",
    danger: bool = False,
    explanation: str = "",
    fields: dict[str, str] | None = None,
) -> HttpResponse:
    """A form about a part of a project; refusals stand at their fields and nothing typed is lost."""
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                act(form.cleaned_data)
            except DomainError as refusal:
                if refusal.status in {403, 404}:
                    raise
                show_refusal(form, refusal, fields)
            else:
                return _back(request, project, done, anchor)
    context = {
        **_frame(request, project, heading),
        "form": form,
        "heading": heading,
        "submit": submit,
        "danger": danger,
        "explanation": explanation,
        "cancel_url": project_url(project, anchor),
    }
    return render(request, "operations/project_form.html", context, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def project_stop(request: HttpRequest, code: str) -> HttpResponse:
    """Stop a project, with the reason."""
    alliance = tenant_of(request)
    project = get_project(alliance, code, reader=request.user)
    require(request.user, STOP_PROJECT_PERMISSION, project)
    return _form_page(
        request,
        project,
        ReasonForm(request.POST or None),
        lambda data: stop_project(
            alliance,
            code,
            reason=data["reason"],
            actor=request.user,  # type: ignore[arg-type]
            at=timezone.now(),
        ),
        heading=_("Stop the project"),
        submit=_("Stop the project"),
        done=_("The project is stopped."),
        danger=True,
        explanation=_("Its people are told the reason. Plan and hours stay to be read; nothing is added any more."),
    )


# ----------------------------------------------------------------------------------------------------------------- people


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def project_person_add(request: HttpRequest, code: str) -> HttpResponse:
    """Name a person: first the institution, then one of the people who act for it."""
    alliance = tenant_of(request)
    project = get_project(alliance, code, reader=request.user)
    require(request.user, CHANGE_PROJECT, project)
    active = Institution.objects.of(alliance).active().order_by("sort_key", "id")
    chosen = active.filter(code=request.GET.get("institution", "")[:80].replace("\x00", "")).first()
    if chosen is None:
        context = {
            **_frame(request, project, _("Name a person")),
            "institutions": active,
            "asked": request.GET.get("institution", ""),
        }
        return render(request, "operations/project_institution.html", context)
    people = {user.pk: user for user in people_to_name(alliance, chosen, at=timezone.now())}
    form = ProjectPersonForm(request.POST or None, people=[(pk, str(user)) for pk, user in people.items()])
    return _form_page(
        request,
        project,
        form,
        lambda data: add_person(
            alliance,
            code,
            user=people[data["person"]],
            institution_id=chosen.pk,
            role=data["role"],
            words=data["words"],
            actor=request.user,  # type: ignore[arg-type]
            at=timezone.now(),
        ),
        heading=_("Name a person of %(institution)s") % {"institution": chosen.name},
        submit=_("Name the person"),
        done=_("The person works in the project now."),
        anchor="people",
        explanation="" if people else _("Nobody acts for this institution yet. Its representative invites people."),
    )


@login_required
@require_POST
def project_person_end(request: HttpRequest, code: str, person: int) -> HttpResponse:
    """End a person's part."""
    return _step(
        request,
        code,
        lambda alliance, code, **given: end_person(alliance, code, person, **given),
        _("The part has ended; open tasks wait for another owner."),
        "people",
    )


# ------------------------------------------------------------------------------------------------------- parts of the plan


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def project_milestone(request: HttpRequest, code: str, position: int | None = None) -> HttpResponse:
    """Add or change a milestone."""
    alliance = tenant_of(request)
    project = get_project(alliance, code, reader=request.user)
    require(request.user, CHANGE_PROJECT, project)
    found = next((row for row in project.milestones.all() if row.position == position), None)
    if position is not None and found is None:
        raise NotFoundError
    initial = {name: getattr(found, name) for name in ("name_en", "name_zh", "due_on")} if found else None
    return _form_page(
        request,
        project,
        MilestoneForm(request.POST or None, initial=initial),
        lambda data: save_milestone(
            alliance,
            code,
            position,
            values=data,
            actor=request.user,  # type: ignore[arg-type]
            at=timezone.now(),
        ),
        heading=_("Change the milestone") if found else _("New milestone"),
        submit=_("Save"),
        done=_("Milestone saved."),
        anchor="milestones",
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def project_milestone_reach(request: HttpRequest, code: str, position: int) -> HttpResponse:
    """Say on which day a milestone was reached."""
    alliance = tenant_of(request)
    project = get_project(alliance, code, reader=request.user)
    require(request.user, CHANGE_PROJECT, project)
    found = next((row for row in project.milestones.all() if row.position == position), None)
    if found is None:
        raise NotFoundError
    return _form_page(
        request,
        project,
        ReachForm(request.POST or None, initial={"reached_on": timezone.localdate()}),
        lambda data: reach_milestone(
            alliance,
            code,
            position,
            reached_on=data["reached_on"],
            actor=request.user,  # type: ignore[arg-type]
            at=timezone.now(),
        ),
        heading=_("Reached: %(milestone)s") % {"milestone": found.name},
        submit=_("Mark as reached"),
        done=_("The milestone is reached."),
        anchor="milestones",
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def project_milestone_reopen(request: HttpRequest, code: str, position: int) -> HttpResponse:
    """Take back that a milestone was reached."""
    alliance = tenant_of(request)
    project = get_project(alliance, code, reader=request.user)
    require(request.user, CHANGE_PROJECT, project)
    found = next((row for row in project.milestones.all() if row.position == position), None)
    if found is None:
        raise NotFoundError
    return _form_page(
        request,
        project,
        ReasonForm(request.POST or None),
        lambda data: reopen_milestone(
            alliance,
            code,
            position,
            reason=data["reason"],
            actor=request.user,  # type: ignore[arg-type]
            at=timezone.now(),
        ),
        heading=_("Not reached after all: %(milestone)s") % {"milestone": found.name},
        submit=_("Take the mark back"),
        done=_("The milestone is open again."),
        anchor="milestones",
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def project_task(request: HttpRequest, code: str, number: int | None = None) -> HttpResponse:
    """Add or change a task with the tasks it waits for."""
    alliance = tenant_of(request)
    project = get_project(alliance, code, reader=request.user)
    require(request.user, CHANGE_PROJECT, project)
    tasks = list(project.tasks.all())
    found = next((row for row in tasks if row.number == number), None)
    if number is not None and found is None:
        raise NotFoundError
    initial: dict[str, Any] = {}
    if found is not None:
        initial = {name: getattr(found, name) for name in ("name_en", "name_zh", "starts_on", "ends_on", "planned_hours")}
        initial |= {
            "owner": found.owner_id,
            "milestone": found.milestone.position if found.milestone else "",
            "waits_for": [link.before.number for link in found.links_before.all()],
        }
    form = ProjectTaskForm(
        request.POST or None,
        initial=initial,
        people=[(person.pk, f"{person.user} ({person.institution.short_name})") for person in project.present_people],
        milestones=[(row.position, row.name) for row in project.milestones.all()],
        tasks=[
            (row.number, f"{row.number} {row.name}")
            for row in sorted(tasks, key=lambda row: row.number)
            if row is not found and row.state != TaskState.DROPPED
        ],
    )
    return _form_page(
        request,
        project,
        form,
        lambda data: save_task(
            alliance,
            code,
            number,
            values=data,
            waits_for=data.get("waits_for") or (),
            actor=request.user,  # type: ignore[arg-type]
            at=timezone.now(),
        ),
        heading=_("Change task %(number)s") % {"number": number} if found else _("New task"),
        submit=_("Save"),
        done=_("Task saved."),
        anchor="tasks",
    )


@login_required
@require_POST
def project_task_step(request: HttpRequest, code: str, number: int, step: str) -> HttpResponse:
    """Say how far a task is."""
    return _step(
        request,
        code,
        lambda alliance, code, **given: move_task(alliance, code, number, step, **given),
        _("Task saved."),
        "tasks",
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def project_deliverable(request: HttpRequest, code: str, position: int | None = None) -> HttpResponse:
    """Add or change something the project owes."""
    alliance = tenant_of(request)
    project = get_project(alliance, code, reader=request.user)
    require(request.user, CHANGE_PROJECT, project)
    found = next((row for row in project.deliverables.all() if row.position == position), None)
    if position is not None and found is None:
        raise NotFoundError
    initial: dict[str, Any] = {}
    if found is not None:
        initial = {name: getattr(found, name) for name in ("name_en", "name_zh", "kind", "due_on")}
        initial["milestone"] = found.milestone.position if found.milestone else ""
    form = DeliverableForm(
        request.POST or None,
        initial=initial,
        milestones=[(row.position, row.name) for row in project.milestones.all()],
    )
    return _form_page(
        request,
        project,
        form,
        lambda data: save_deliverable(
            alliance,
            code,
            position,
            values=data,
            actor=request.user,  # type: ignore[arg-type]
            at=timezone.now(),
        ),
        heading=_("Change the deliverable") if found else _("New deliverable"),
        submit=_("Save"),
        done=_("Deliverable saved."),
        anchor="deliverables",
    )


@login_required
@require_POST
def project_deliverable_remove(request: HttpRequest, code: str, position: int) -> HttpResponse:
    """Take something out of what the project owes."""
    return _step(
        request,
        code,
        lambda alliance, code, **given: remove_deliverable(alliance, code, position, **given),
        _("The deliverable is taken out of the plan."),
        "deliverables",
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@once
def project_deliverable_draft(request: HttpRequest, code: str, position: int) -> HttpResponse:
    """Turn what is owed into a draft of the pipeline."""
    alliance = tenant_of(request)
    project = get_project(alliance, code, reader=request.user)
    require(request.user, DRAFT_DELIVERABLE, project)
    found = next((row for row in project.deliverables.all() if row.position == position), None)
    if found is None:
        raise NotFoundError
    seats = seats_of(request.user, alliance, (GroupKind.WISDOM,), at=timezone.now()) & project.institution_ids
    form = AuthorForm(request.POST or None, institutions=offer(alliance, seats))
    return _form_page(
        request,
        project,
        form,
        lambda data: draft_deliverable(
            alliance,
            code,
            position,
            institution_id=data["institution"],
            actor=request.user,  # type: ignore[arg-type]
            at=timezone.now(),
        ),
        heading=_("Draft: %(deliverable)s") % {"deliverable": found.name},
        submit=_("Make the draft"),
        done=_("The draft is made; it stands under the deliverables."),
        anchor="deliverables",
        explanation=""
        if seats
        else _(
            "None of the institutions you act for works in this project and sits in the wisdom group, which drafts products. "
            "Ask a person of one that does."
        ),
    )


# ------------------------------------------------------------------------------------------------------------------ hours


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def project_hours(request: HttpRequest, code: str) -> HttpResponse:
    """Hours of a project: note one's own, see and confirm those of others."""
    alliance = tenant_of(request)
    project = get_project(alliance, code, reader=request.user)
    running = project.state == ProjectState.RUNNING
    may_note = running and can(request.user, NOTE_HOURS, project)
    tasks = [(row.number, f"{row.number} {row.name}") for row in sorted(project.tasks.all(), key=lambda row: row.number)]
    form = HoursForm(request.POST or None, initial={"day": timezone.localdate()}, tasks=tasks)
    status = 200
    if request.method == "POST":
        require(request.user, NOTE_HOURS, project)
        status = 422
        if form.is_valid():
            try:
                entry = note_hours(
                    alliance,
                    code,
                    day=form.cleaned_data["day"],
                    hours=form.cleaned_data["hours"],
                    task=form.cleaned_data["task"],
                    words=form.cleaned_data["words"],
                    actor=request.user,  # type: ignore[arg-type]
                    at=timezone.now(),
                )
            except InvalidInputError as refusal:
                show_refusal(form, refusal)
            else:
                messages.success(
                    request,
                    ngettext("%(count)s hour noted.", "%(count)s hours noted.", int(entry.hours)) % {"count": entry.hours},
                )
                return redirect("project_hours", code=code)
    page = paginate(list_hours(project), request.GET, order=("-day", "-id"), size=40)
    may_confirm = running and can(request.user, CONFIRM_HOURS, project)
    may_strike = running and can(request.user, STRIKE_HOURS, project)
    context = {
        **_frame(request, project, _("Hours")),
        "form": form if may_note else None,
        "page": page,
        "rows": [
            {
                "entry": entry,
                "may_confirm": may_confirm
                and entry.confirmed_at is None
                and entry.struck_at is None
                and request.user.pk not in {entry.noted_by_id, entry.person.user_id},
                "may_strike": entry.struck_at is None
                and ((may_note and entry.person.user_id == request.user.pk) or may_strike),
            }
            for entry in page.items
        ],
        "hours": hours_by_institution(project),
    }
    return render(request, "operations/project_hours.html", context, status=status)


@login_required
@require_POST
def project_hours_confirm(request: HttpRequest, code: str, entry: int) -> HttpResponse:
    """Confirm hours of somebody else."""
    alliance = tenant_of(request)
    get_project(alliance, code, reader=request.user)
    confirm_hours(alliance, code, entry, actor=request.user, at=timezone.now())  # type: ignore[arg-type]
    messages.success(request, _("The hours are confirmed and count now."))
    return redirect("project_hours", code=code)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def project_hours_strike(request: HttpRequest, code: str, entry: int) -> HttpResponse:
    """Strike hours out, with the reason."""
    alliance = tenant_of(request)
    project = get_project(alliance, code, reader=request.user)
    found = list_hours(project).filter(pk=entry).first()
    if found is None:
        raise NotFoundError
    require(request.user, NOTE_HOURS if found.person.user_id == request.user.pk else STRIKE_HOURS, project)
    answer = _form_page(
        request,
        project,
        ReasonForm(request.POST or None),
        lambda data: strike_hours(
            alliance,
            code,
            entry,
            reason=data["reason"],
            actor=request.user,  # type: ignore[arg-type]
            at=timezone.now(),
        ),
        heading=_("Strike out %(hours)s hours of %(day)s") % {"hours": found.hours, "day": found.day.isoformat()},
        submit=_("Strike out"),
        done=_("The hours are struck out; the entry stays to be read."),
        danger=True,
    )
    return redirect("project_hours", code=code) if answer.status_code == 302 else answer
