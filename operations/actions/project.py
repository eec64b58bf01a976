"""Projects: planned by an institution, worked on by people of several, finished or stopped (Zheng2018: project research).

Every act locks the project first, so that its plan is changed by one person at a time and no circle of tasks can be closed
by two of them together.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.actions.notifications import notify
from alliance.kernel.codes import next_code
from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError
from alliance.kernel.events import emit
from alliance.kernel.formats import format_day, format_list
from alliance.kernel.permissions import require
from alliance.models import InboxItem, User
from members.choices import InstitutionState
from members.models import Institution, InstitutionStaff
from operations.actions.product import clean_reason
from operations.choices import ProjectRole, ProjectState, TaskState
from operations.models import Milestone, Project, ProjectPerson, WorkHours
from operations.permissions import (
    ADD_PROJECT,
    CHANGE_PROJECT,
    HAND_OVER_PROJECT,
    STOP_PROJECT_PERMISSION,
)
from operations.selectors.people import staff_of
from operations.signals import MILESTONE_LATE, MILESTONE_REACHED, MILESTONE_REOPENED, PROJECT_STATE_CHANGED
from operations.transitions import FINISH_PROJECT, START_PROJECT, STOP_PROJECT

if TYPE_CHECKING:
    from datetime import datetime

    from django_stubs_ext import StrOrPromise

    from alliance.kernel.transitions import Transition
    from alliance.models import Alliance

PROJECT_FIELDS: Final = ("title_en", "title_zh", "aim_en", "aim_zh", "starts_on", "ends_on")
"""What is written about a project as a whole."""
MOST_TEXT: Final = 8000
LONGEST: Final = 366 * 10
"""Days a project lasts at most."""
MOST_PARTS: Final = 200
"""Tasks a project has at most; milestones, deliverables and people likewise."""
UNDONE: Final = (TaskState.TO_DO, TaskState.DOING)


class ProjectConflictError(DomainError):
    """Somebody else changed the project meanwhile; nothing was saved.

    Attributes:
        theirs: The fields as they stand now.
        revision: Revision to save upon after comparing.
    """

    code = "edit_conflict"

    def __init__(self, project: Project) -> None:
        super().__init__(
            _("Someone else changed this record meanwhile. Compare both versions, then save again."),
            remedy=_("Your text was not saved yet; it stands below beside theirs."),
            details={"revision": project.revision},
        )
        self.theirs = {name: getattr(project, name) for name in PROJECT_FIELDS}
        self.revision = project.revision


def lock_project(alliance: Alliance, code: str) -> Project:
    """The project, locked until the transaction ends.

    Raises:
        NotFoundError: No project of this alliance has the code.
    """
    project = Project.objects.of(alliance).select_for_update(of=("self",)).select_related("lead").filter(code=code).first()
    if project is None:
        raise NotFoundError
    return project


def require_open(project: Project) -> None:
    """Refuse a change of the plan of a project that is over.

    Raises:
        DomainError: ``project_over``.
    """
    if not project.is_open:
        raise DomainError(
            _("The project is over (%(state)s); its plan and hours stand as they are.")
            % {"state": project.get_state_display()},
            code="project_over",
            remedy=_("Plan a new project for what is still to be done."),
        )


def refuse_field(name: str, words: StrOrPromise, code: str = "invalid_input") -> InvalidInputError:
    """A refusal that stands at one field."""
    return InvalidInputError(words, code=code, fields={name: words})


def clean_names(values: Mapping[str, Any], *, what: StrOrPromise) -> dict[str, str]:
    """Name in English and Chinese.

    Raises:
        InvalidInputError: Both are empty, or one is longer than 200 characters.
    """
    names = {name: str(values.get(name) or "").strip() for name in ("name_en", "name_zh")}
    if not any(names.values()):
        raise refuse_field("name_en", what, "name_missing")
    for name, value in names.items():
        if len(value) > 200:
            raise refuse_field(name, _("This is longer than %(most)s characters.") % {"most": 200})
    return names


def check_inside(project: Project, name: str, day: date) -> None:
    """Refuse a day outside the project's span.

    Raises:
        InvalidInputError: ``outside_project``.
    """
    if not project.starts_on <= day <= project.ends_on:
        raise refuse_field(
            name,
            _("The project runs from %(start)s to %(end)s; choose a day inside, or change the project's dates first.")
            % {"start": project.starts_on.isoformat(), "end": project.ends_on.isoformat()},
            "outside_project",
        )


def title_params(project: Project, **more: Any) -> dict[str, Any]:
    """Placeholders every text about a project may use."""
    return {"title_en": project.title_en, "title_zh": project.title_zh, "code": project.code, **more}


def active_institution(alliance: Alliance, institution_id: int) -> Institution:
    """An active member.

    Raises:
        NotFoundError: It is none of this alliance.
        InvalidInputError: ``institution_not_active``.
    """
    institution = Institution.objects.of(alliance).filter(pk=institution_id).first()
    if institution is None:
        raise NotFoundError
    if institution.state != InstitutionState.ACTIVE:
        raise refuse_field(
            "institution",
            _("%(institution)s is not an active member (%(state)s).")
            % {"institution": institution.name, "state": institution.get_state_display()},
            "institution_not_active",
        )
    return institution


def _clean(values: Mapping[str, Any]) -> dict[str, Any]:
    if unknown := sorted(set(values) - set(PROJECT_FIELDS)):
        raise InvalidInputError(
            _("These fields cannot be changed here: %(names)s.") % {"names": ", ".join(unknown)}, code="unknown_fields"
        )
    return {name: value.strip() if isinstance(value, str) else value for name, value in values.items()}


def _check(project: Project) -> None:
    faults: dict[str, StrOrPromise] = {}
    if not project.title_en and not project.title_zh:
        faults["title_en"] = _("Give a title in English or in Chinese.")
    for name, most in (("title_en", 200), ("title_zh", 200), ("aim_en", MOST_TEXT), ("aim_zh", MOST_TEXT)):
        if len(getattr(project, name)) > most:
            faults[name] = _("This is longer than %(most)s characters.") % {"most": most}
    if not project.starts_on:
        faults["starts_on"] = _("Give the first day.")
    if not project.ends_on:
        faults["ends_on"] = _("Give the last day.")
    if project.starts_on and project.ends_on:
        if project.ends_on < project.starts_on:
            faults["ends_on"] = _("The last day comes before the first.")
        elif (project.ends_on - project.starts_on).days > LONGEST:
            faults["ends_on"] = _("A project lasts at most ten years. Plan the rest as the next project.")
    if faults:
        raise InvalidInputError(
            _("The project was not saved: %(what)s") % {"what": " ".join(str(words) for words in faults.values())},
            code="project_invalid",
            fields=faults,
        )


@transaction.atomic
def plan_project(
    alliance: Alliance, *, actor: User, institution_id: int, values: Mapping[str, Any], at: datetime, code: str = ""
) -> Project:
    """Plan a project that an institution leads; the actor, if they act for it, is its first leader.

    Args:
        alliance: The tenant.
        actor: A person of the institution, or the secretariat on its behalf.
        institution_id: Who leads it; an active member.
        values: Of PROJECT_FIELDS.
        at: Now.
        code: Code to use, for loaders; the next number when empty.

    Raises:
        PermissionRefusedError: The actor may not plan for this institution.
        InvalidInputError: A title or a day is missing, or the days contradict each other.
    """
    lead = Institution.objects.of(alliance).filter(pk=institution_id).first()
    if lead is None:
        raise NotFoundError
    project = Project(alliance=alliance, lead=lead, created_by=actor, created_at=at, state_since=at)
    require(actor, ADD_PROJECT, project)
    active_institution(alliance, institution_id)
    for name, value in _clean(values).items():
        setattr(project, name, value)
    _check(project)
    project.code = code or next_code(Project, alliance, "PR", 3)
    project.save()
    record_audit(
        project,
        actor=actor,
        verb="plan_project",
        after={
            "code": project.code,
            "state": project.state,
            "lead": lead.code,
            "starts_on": project.starts_on,
            "ends_on": project.ends_on,
        },
        personal={name: getattr(project, name) for name in ("title_en", "title_zh") if getattr(project, name)},
        at=at,
    )
    if InstitutionStaff.objects.of(alliance).at(at).filter(user=actor, institution=lead).exists():
        ProjectPerson.objects.create(
            alliance=alliance, project=project, user=actor, institution=lead, role=ProjectRole.LEADER, since=at
        )
    return project


@transaction.atomic
def change_project(
    alliance: Alliance, code: str, *, actor: User, values: Mapping[str, Any], revision: int, at: datetime
) -> Project:
    """Change title, aim and dates of a project.

    Raises:
        ProjectConflictError: Somebody saved meanwhile; carries their fields.
        InvalidInputError: A title or day is missing, or a part of the plan would lie outside the new dates.
        DomainError: ``project_over``.
    """
    project = lock_project(alliance, code)
    require(actor, CHANGE_PROJECT, project)
    require_open(project)
    cleaned = _clean(values)
    if project.revision != revision:
        raise ProjectConflictError(project)
    changed = {name: value for name, value in cleaned.items() if getattr(project, name) != value}
    before = {name: getattr(project, name) for name in changed}
    for name, value in changed.items():
        setattr(project, name, value)
    _check(project)
    if {"starts_on", "ends_on"} & set(changed):
        _check_plan_inside(project)
    project.revision += 1
    project.save(update_fields=[*changed, "revision"])
    days = {"starts_on", "ends_on"} & set(changed)
    record_audit(
        project,
        actor=actor,
        verb="change_project",
        before={name: before[name] for name in days},
        after={**{name: changed[name] for name in days}, "fields": sorted(changed), "revision": project.revision},
        personal={name: str(changed[name]) for name in set(changed) - days},
        at=at,
    )
    return project


def _check_plan_inside(project: Project) -> None:
    start, end = project.starts_on, project.ends_on
    days = [
        *project.tasks.exclude(state=TaskState.DROPPED).values_list("starts_on", "ends_on"),
        *((day, day) for day in project.milestones.values_list("due_on", flat=True)),
        *((day, day) for day in project.deliverables.values_list("due_on", flat=True)),
    ]
    first, last = min((pair[0] for pair in days), default=start), max((pair[1] for pair in days), default=end)
    if first < start:
        raise refuse_field(
            "starts_on",
            _("A part of the plan begins on %(day)s already; move it first.") % {"day": first.isoformat()},
            "plan_outside",
        )
    if last > end:
        raise refuse_field(
            "ends_on",
            _("A part of the plan lasts until %(day)s; move it first.") % {"day": last.isoformat()},
            "plan_outside",
        )


# ------------------------------------------------------------------------------------------------------------------ steps


def _move(
    project: Project,
    step: Transition,
    *,
    actor: User,
    at: datetime,
    fields: tuple[str, ...] = (),
    personal: Mapping[str, str] | None = None,
) -> None:
    step.check(project.state)
    before = project.state
    project.state, project.state_since = step.target, at
    project.save(update_fields=["state", "state_since", *fields])
    record_audit(
        project,
        actor=actor,
        verb=step.name,
        before={"state": before},
        after={"state": project.state, "code": project.code},
        personal=personal,
        at=at,
    )
    emit(project.alliance, PROJECT_STATE_CHANGED, {"project": project.code, "before": before, "after": project.state})


@transaction.atomic
def start_project(alliance: Alliance, code: str, *, actor: User, at: datetime) -> Project:
    """Begin the work.

    Raises:
        DomainError: ``project_not_ready``: nobody leads it, or there is neither a task nor a milestone.
    """
    project = lock_project(alliance, code)
    require(actor, CHANGE_PROJECT, project)
    START_PROJECT.check(project.state)
    missing: list[StrOrPromise] = []
    if not any(person.role == ProjectRole.LEADER for person in project.present_people):
        missing.append(_("a person who leads it"))
    if not project.tasks.exists() and not project.milestones.exists():
        missing.append(_("a task or a milestone"))
    if missing:
        raise DomainError(
            _("The project cannot start yet. Missing: %(what)s.") % {"what": format_list(missing, get_language())},
            code="project_not_ready",
            remedy=_("Add it on the project's page, then start."),
        )
    _move(project, START_PROJECT, actor=actor, at=at)
    others = [person.user for person in project.people.filter(until__isnull=True).select_related("user")]
    notify(
        alliance,
        [user for user in others if user.pk != actor.pk],
        "project_started",
        f"project-started:{code}",
        params=title_params(project),
        at=at,
        url_name="project_detail",
        url_kwargs={"code": code},
    )
    return project


@transaction.atomic
def finish_project(alliance: Alliance, code: str, *, actor: User, at: datetime) -> Project:
    """Close a project whose work is done.

    Raises:
        DomainError: ``project_unfinished``: tasks, milestones, deliverables or hours are open.
    """
    project = lock_project(alliance, code)
    require(actor, CHANGE_PROJECT, project)
    FINISH_PROJECT.check(project.state)
    waiting = what_is_open(project)
    if waiting:
        raise DomainError(
            _("The project is not done yet: %(what)s.") % {"what": "; ".join(waiting)},
            code="project_unfinished",
            remedy=_("Complete or drop it first, or stop the project with the reason."),
        )
    _move(project, FINISH_PROJECT, actor=actor, at=at)
    inbox.settle_all(alliance, f"milestone-late:{code}:", by=actor, at=at)
    return project


def what_is_open(project: Project) -> list[str]:
    """What stands between a running project and its end, in words; four queries."""
    tasks = project.tasks.filter(state__in=UNDONE).count()
    milestones = project.milestones.filter(reached_on__isnull=True).count()
    owed = project.deliverables.filter(product__isnull=True).count()
    hours = (
        WorkHours.objects.of(project.alliance)
        .filter(person__project=project, confirmed_at__isnull=True, struck_at__isnull=True)
        .count()
    )
    found = [
        (tasks, ngettext("%(count)s open task", "%(count)s open tasks", tasks)),
        (milestones, ngettext("%(count)s milestone not reached", "%(count)s milestones not reached", milestones)),
        (
            owed,
            ngettext(
                "%(count)s deliverable that is no product yet", "%(count)s deliverables that are no products yet", owed
            ),
        ),
        (hours, ngettext("%(count)s entry of hours not confirmed", "%(count)s entries of hours not confirmed", hours)),
    ]
    return [words % {"count": count} for count, words in found if count]


@transaction.atomic
def stop_project(alliance: Alliance, code: str, *, reason: str, actor: User, at: datetime) -> Project:
    """Stop a project before its end, with the reason.

    Raises:
        InvalidInputError: The reason is missing or longer than 300 characters.
    """
    project = lock_project(alliance, code)
    require(actor, STOP_PROJECT_PERMISSION, project)
    STOP_PROJECT.check(project.state)
    words = clean_reason(reason)
    if len(words) > 300:
        raise refuse_field("reason", _("This is longer than %(most)s characters.") % {"most": 300})
    project.end_reason = words
    _move(project, STOP_PROJECT, actor=actor, at=at, fields=("end_reason",), personal={"reason": words})
    inbox.settle_all(alliance, f"milestone-late:{code}:", by=actor, at=at)
    people = [person.user for person in project.people.filter(until__isnull=True).select_related("user")]
    notify(
        alliance,
        {user.pk: user for user in [*people, *staff_of(alliance, [project.lead_id], at=at)] if user.pk != actor.pk}.values(),
        "project_stopped",
        f"project-stopped:{code}",
        params=title_params(project, reason=words),
        at=at,
        url_name="project_detail",
        url_kwargs={"code": code},
    )
    return project


# ----------------------------------------------------------------------------------------------------------------- people


@transaction.atomic
def add_person(
    alliance: Alliance,
    code: str,
    *,
    user: User,
    institution_id: int,
    role: str = ProjectRole.MEMBER,
    words: str = "",
    actor: User,
    at: datetime,
) -> ProjectPerson:
    """Name a person in a project, for an institution they act for; or change their part.

    Args:
        alliance: The tenant.
        code: The project's code.
        user: The person.
        institution_id: For whom they work in it.
        role: A ProjectRole.
        words: What they do.
        actor: Somebody who may change the project.
        at: Now.

    Raises:
        InvalidInputError: The person does not act for the institution, or a value is unknown or too long.
        DomainError: ``leader_missing``: the only leader would lead no longer. ``other_institution``: the person works in
            the project for another institution. ``project_over``.
    """
    project = lock_project(alliance, code)
    require(actor, CHANGE_PROJECT, project)
    require_open(project)
    institution = active_institution(alliance, institution_id)
    if role not in ProjectRole.values:
        raise refuse_field("role", _("Choose one from the list."))
    what = words.strip()
    if len(what) > 200:
        raise refuse_field("words", _("This is longer than %(most)s characters.") % {"most": 200})
    acts = InstitutionStaff.objects.of(alliance).at(at).filter(user=user, institution=institution).exists()
    if not acts or not user.is_active:
        raise refuse_field(
            "person",
            _("This person does not act for %(institution)s now.") % {"institution": institution.name},
            "person_does_not_act",
        )
    present = {person.user_id: person for person in project.present_people}
    known = present.get(user.pk)
    if known is not None:
        return _change_person(project, known, institution, role, what, actor=actor, at=at)
    if len(present) >= MOST_PARTS:
        raise InvalidInputError(_("At most %(most)s people work in a project.") % {"most": MOST_PARTS}, code="too_many")
    person = ProjectPerson.objects.create(
        alliance=alliance, project=project, user=user, institution=institution, role=role, words=what, since=at
    )
    record_audit(
        project,
        actor=actor,
        verb="add_project_person",
        after={"person": str(user.uuid), "institution": institution.code, "role": role},
        personal={"words": what} if what else None,
        at=at,
    )
    if user.pk != actor.pk:
        notify(
            alliance,
            [user],
            "project_joined",
            f"project-joined:{code}:{person.pk}",
            params=title_params(project, institution_en=institution.name_en, institution_zh=institution.name_zh),
            at=at,
            url_name="project_detail",
            url_kwargs={"code": code},
        )
    return person


def _leaders_but(project: Project, person: ProjectPerson) -> int:
    return sum(1 for row in project.present_people if row.role == ProjectRole.LEADER and row.pk != person.pk)


def _require_leader_left(project: Project, person: ProjectPerson) -> None:
    if person.role == ProjectRole.LEADER and not _leaders_but(project, person) and project.state == ProjectState.RUNNING:
        raise DomainError(
            _("Somebody has to lead a running project."),
            code="leader_missing",
            remedy=_("Name another leader first."),
        )


def _change_person(
    project: Project, person: ProjectPerson, institution: Institution, role: str, words: str, *, actor: User, at: datetime
) -> ProjectPerson:
    if person.institution_id != institution.pk:
        raise DomainError(
            _("This person works in the project for %(institution)s already.") % {"institution": person.institution.name},
            code="other_institution",
            remedy=_("End that part first; hours stay with the institution they were worked for."),
        )
    if role != ProjectRole.LEADER:
        _require_leader_left(project, person)
    before = {"role": person.role}
    person.role, person.words = role, words
    person.save(update_fields=["role", "words"])
    project.__dict__.pop("present_people", None)
    record_audit(
        project,
        actor=actor,
        verb="change_project_person",
        before=before,
        after={"person": str(person.user.uuid), "role": role},
        personal={"words": words} if words else None,
        at=at,
    )
    return person


@transaction.atomic
def end_person(alliance: Alliance, code: str, person_id: int, *, actor: User, at: datetime) -> ProjectPerson:
    """End a person's part; everybody may end their own. Their open tasks wait for another owner.

    Raises:
        NotFoundError: No such person has a part now.
        DomainError: ``leader_missing``: nobody would lead a running project.
    """
    project = lock_project(alliance, code)
    person = project.people.select_related("user", "institution").filter(pk=person_id, until__isnull=True).first()
    if person is None:
        raise NotFoundError
    if person.user_id != actor.pk:
        require(actor, CHANGE_PROJECT, project)
    _require_leader_left(project, person)
    person.until = at
    person.save(update_fields=["until"])
    left = list(project.tasks.filter(owner=person, state__in=UNDONE).values_list("number", flat=True))
    project.tasks.filter(owner=person, state__in=UNDONE).update(owner=None)
    record_audit(
        project,
        actor=actor,
        verb="end_project_person",
        after={"person": str(person.user.uuid), "institution": person.institution.code, "tasks_left": left},
        at=at,
    )
    return person


@transaction.atomic
def hand_over_project(
    alliance: Alliance, code: str, *, to: int, actor: User, at: datetime, leaving: int | None = None
) -> Project:
    """Give a project to another institution; its people and plan stay.

    Args:
        alliance: The tenant.
        code: The project's code.
        to: The institution that leads it from now on.
        actor: A person of the leading institution, or the secretariat.
        at: Now.
        leaving: Institution that leaves the alliance: the parts of its people end.

    Raises:
        InvalidInputError: The successor is not active, or leads it already.
        DomainError: ``project_over``.
    """
    project = lock_project(alliance, code)
    require(actor, HAND_OVER_PROJECT, project)
    require_open(project)
    successor = active_institution(alliance, to)
    if successor.pk == project.lead_id:
        raise refuse_field("institution", _("This institution leads the project already."))
    before = project.lead.code
    project.lead = successor
    project.revision += 1
    project.save(update_fields=["lead", "revision"])
    record_audit(
        project,
        actor=actor,
        verb="hand_over_project",
        before={"lead": before},
        after={"lead": successor.code},
        at=at,
    )
    # What waits for the former lead about late milestones waits for the new one: the items stay, as the marks they are.
    InboxItem.objects.of(alliance).filter(key__startswith=f"milestone-late:{code}:", done_at__isnull=True).update(
        institution_id=successor.pk
    )
    notify(
        alliance,
        staff_of(alliance, [successor.pk], at=at),
        "project_handed_over",
        f"project-handed-over:{code}:{project.revision}",
        params=title_params(project),
        at=at,
        url_name="project_detail",
        url_kwargs={"code": code},
    )
    if leaving is not None:
        end_parts(project, leaving, actor=actor, at=at)
    return project


def end_parts(project: Project, institution_id: int, *, actor: User, at: datetime) -> None:
    """End the parts of everybody who works in a project for an institution; the caller holds the project's lock.

    No leader need be left: the institution that leads the project names one.
    """
    people = list(
        project.people.filter(institution_id=institution_id, until__isnull=True).select_related("user", "institution")
    )
    for person in people:
        left = list(project.tasks.filter(owner=person, state__in=UNDONE).values_list("number", flat=True))
        project.tasks.filter(owner=person, state__in=UNDONE).update(owner=None)
        person.until = at
        person.save(update_fields=["until"])
        record_audit(
            project,
            actor=actor,
            verb="end_project_person",
            after={"person": str(person.user.uuid), "institution": person.institution.code, "tasks_left": left},
            at=at,
        )
    project.__dict__.pop("present_people", None)


@transaction.atomic
def leave_project(alliance: Alliance, code: str, institution_id: int, *, actor: User, at: datetime) -> Project:
    """End the parts of everybody of an institution that does not lead the project.

    Raises:
        DomainError: ``leads_project``: it leads the project; another institution takes it over first.
    """
    project = lock_project(alliance, code)
    require(actor, HAND_OVER_PROJECT, project)
    if project.lead_id == institution_id:
        raise DomainError(
            _("The institution leads %(code)s.") % {"code": code},
            code="leads_project",
            remedy=_("Give the project to another institution first."),
        )
    end_parts(project, institution_id, actor=actor, at=at)
    return project


# ------------------------------------------------------------------------------------------------------------- milestones


def _next(rows: Any, field: str) -> int:
    last = rows.order_by(f"-{field}").values_list(field, flat=True).first()
    return (last or 0) + 1


def find_milestone(project: Project, position: int | None) -> Milestone | None:
    """A milestone of the project by its number; None for none.

    Raises:
        InvalidInputError: The project has no such milestone.
    """
    if position is None:
        return None
    found = project.milestones.filter(position=position).first()
    if found is None:
        raise refuse_field("milestone", _("Choose one from the list."))
    return found


@transaction.atomic
def save_milestone(
    alliance: Alliance,
    code: str,
    position: int | None = None,
    *,
    values: Mapping[str, Any],
    actor: User,
    at: datetime,
) -> Milestone:
    """Add a milestone (no position) or change one that is not reached yet.

    Args:
        alliance: The tenant.
        code: The project's code.
        position: Number of the milestone; None for a new one.
        values: ``name_en``, ``name_zh``, ``due_on``.
        actor: Somebody who may change the project.
        at: Now.

    Raises:
        NotFoundError: No such milestone.
        InvalidInputError: The name is missing, or the day is missing or outside the project.
        DomainError: ``milestone_reached``, ``project_over``.
    """
    project = lock_project(alliance, code)
    require(actor, CHANGE_PROJECT, project)
    require_open(project)
    names = clean_names(values, what=_("Name the milestone in English or in Chinese."))
    due = values.get("due_on")
    if not isinstance(due, date):
        raise refuse_field("due_on", _("Give the day on which it must stand."))
    check_inside(project, "due_on", due)
    if position is None:
        if project.milestones.count() >= MOST_PARTS:
            raise InvalidInputError(_("A project has at most %(most)s milestones.") % {"most": MOST_PARTS}, code="too_many")
        milestone = Milestone(alliance=alliance, project=project, position=_next(project.milestones, "position"))
        verb, before = "add_milestone", None
    else:
        milestone = _milestone(project, position)
        if milestone.reached_on is not None:
            raise DomainError(
                _("The milestone was reached on %(day)s; it stays as it is.") % {"day": milestone.reached_on.isoformat()},
                code="milestone_reached",
                remedy=_("Take the mark back first, with the reason."),
            )
        verb, before = "change_milestone", {"due_on": milestone.due_on}
        if milestone.due_on != due:
            inbox.settle_all(alliance, f"milestone-late:{code}:{milestone.pk}:", by=actor, at=at)
    milestone.name_en, milestone.name_zh, milestone.due_on = names["name_en"], names["name_zh"], due
    milestone.save()
    record_audit(
        project,
        actor=actor,
        verb=verb,
        before=before,
        after={"milestone": milestone.position, "due_on": due},
        personal={name: value for name, value in names.items() if value},
        at=at,
    )
    return milestone


def _milestone(project: Project, position: int) -> Milestone:
    milestone = project.milestones.filter(position=position).first()
    if milestone is None:
        raise NotFoundError
    return milestone


def require_running(project: Project) -> None:
    """Refuse what only a running project has.

    Raises:
        DomainError: ``project_not_running``.
    """
    if project.state != ProjectState.RUNNING:
        raise DomainError(
            _("The project is not running (%(state)s).") % {"state": project.get_state_display()},
            code="project_not_running",
            remedy=_("Start it first.") if project.state == ProjectState.PLANNED else "",
        )


@transaction.atomic
def reach_milestone(
    alliance: Alliance, code: str, position: int, *, reached_on: date, actor: User, at: datetime
) -> Milestone:
    """Say that a milestone stands.

    Raises:
        NotFoundError: No such milestone.
        InvalidInputError: The day is in the future or before the project's start.
        DomainError: ``milestone_reached`` (it is already), ``tasks_open`` (tasks that lead to it are), or
            ``project_not_running``.
    """
    project = lock_project(alliance, code)
    require(actor, CHANGE_PROJECT, project)
    require_running(project)
    milestone = _milestone(project, position)
    if milestone.reached_on is not None:
        raise DomainError(
            _("The milestone was reached on %(day)s.") % {"day": milestone.reached_on.isoformat()}, code="milestone_reached"
        )
    if reached_on > timezone.localtime(at).date():
        raise refuse_field("reached_on", _("This day lies in the future."))
    if reached_on < project.starts_on:
        raise refuse_field("reached_on", _("This day lies before the project's start."))
    open_tasks = list(milestone.tasks.filter(state__in=UNDONE).order_by("number"))
    if open_tasks:
        raise DomainError(
            _("Tasks that lead to this milestone are open: %(tasks)s.")
            % {"tasks": format_list((f"{task.number} {task.name}" for task in open_tasks), get_language())},
            code="tasks_open",
            remedy=_("Complete or drop them first."),
        )
    milestone.reached_on, milestone.reached_by = reached_on, actor
    milestone.save(update_fields=["reached_on", "reached_by"])
    record_audit(
        project,
        actor=actor,
        verb="reach_milestone",
        before={"milestone": position, "reached_on": None},
        after={"milestone": position, "due_on": milestone.due_on, "reached_on": reached_on},
        at=at,
    )
    emit(
        alliance,
        MILESTONE_REACHED,
        {
            "project": code,
            "milestone": milestone.pk,
            "position": position,
            "lead": project.lead.code,
            "due_on": milestone.due_on.isoformat(),
            "reached_on": reached_on.isoformat(),
        },
    )
    inbox.settle_all(alliance, f"milestone-late:{code}:{milestone.pk}:", by=actor, at=at)
    return milestone


@transaction.atomic
def reopen_milestone(alliance: Alliance, code: str, position: int, *, reason: str, actor: User, at: datetime) -> Milestone:
    """Take back that a milestone stands, with the reason.

    Raises:
        DomainError: ``milestone_open``: it is not reached. ``project_not_running``.
    """
    project = lock_project(alliance, code)
    require(actor, CHANGE_PROJECT, project)
    require_running(project)
    milestone = _milestone(project, position)
    words = clean_reason(reason)
    if milestone.reached_on is None:
        raise DomainError(_("The milestone is not reached."), code="milestone_open")
    before = milestone.reached_on
    milestone.reached_on, milestone.reached_by = None, None
    milestone.save(update_fields=["reached_on", "reached_by"])
    record_audit(
        project,
        actor=actor,
        verb="reopen_milestone",
        before={"milestone": position, "reached_on": before},
        after={"milestone": position, "reached_on": None},
        personal={"reason": words},
        at=at,
    )
    emit(alliance, MILESTONE_REOPENED, {"project": code, "milestone": milestone.pk, "position": position})
    return milestone


@transaction.atomic
def note_late_milestones(alliance: Alliance, project_id: int, *, at: datetime) -> int:
    """Ask the leading institution about milestones of a running project whose day has passed; the system's own act.

    The item in the inbox, open or done, is the mark that one promised day was told: running this again, or twice at the
    same time, tells nothing twice. A day that was moved and passes again is another promised day.

    Returns:
        How many were told now.
    """
    project = (
        Project.objects.of(alliance)
        .select_for_update(of=("self",))
        .select_related("lead")
        .filter(pk=project_id, state=ProjectState.RUNNING)
        .first()
    )
    if project is None:
        return 0
    today = timezone.localtime(at).date()
    told = 0
    for milestone in project.milestones.filter(reached_on__isnull=True, due_on__lt=today).order_by("position"):
        key = f"milestone-late:{project.code}:{milestone.pk}:{milestone.due_on.isoformat()}"
        if InboxItem.objects.of(alliance).filter(key=key).exists():
            continue
        inbox.ask(
            alliance,
            "milestone_late",
            key,
            inbox.institution(project.lead_id),
            params=title_params(
                project,
                milestone_en=milestone.name_en or milestone.name_zh,
                milestone_zh=milestone.name_zh or milestone.name_en,
                due_en=format_day(milestone.due_on, "en"),
                due_zh=format_day(milestone.due_on, "zh-hans"),
            ),
            url_name="project_detail",
            url_kwargs={"code": project.code},
            at=at,
        )
        emit(
            alliance,
            MILESTONE_LATE,
            {
                "project": project.code,
                "milestone": milestone.pk,
                "position": milestone.position,
                "lead": project.lead.code,
                "due_on": milestone.due_on.isoformat(),
            },
        )
        record_audit(
            project,
            actor=None,
            verb="milestone_late",
            after={"milestone": milestone.position, "due_on": milestone.due_on},
            at=at,
        )
        told += 1
    return told
