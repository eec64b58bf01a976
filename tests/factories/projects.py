"""Projects for tests: one that runs, with people of two institutions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from alliance.models import Alliance, User
from groups.choices import GroupKind
from members.models import Institution
from operations.actions.project import add_person, plan_project, save_milestone, start_project
from operations.actions.project_task import save_task
from operations.choices import ProjectRole
from operations.models import Project
from tests.factories.operations import make_institution, make_officer, make_seat, make_staff


@dataclass(slots=True)
class ProjectCast:
    """Who meets in a project.

    Attributes:
        alliance: The tenant.
        lead: Institution that leads; with a seat in the wisdom group.
        partner: Another institution.
        leader: Person of the lead, named as leader.
        colleague: Person of the lead, not named.
        worker: Person of the partner, named.
        other: Person of the partner, not named.
        outsider: Person of a third institution.
        secretary: Person of the secretariat.
    """

    alliance: Alliance
    lead: Institution
    partner: Institution
    leader: User
    colleague: User
    worker: User
    other: User
    outsider: User
    secretary: User


def make_project_cast(alliance: Alliance) -> ProjectCast:
    """Two institutions with two people each, a third one, and an officer."""
    lead, partner, third = (make_institution(alliance) for _place in range(3))
    make_seat(alliance, lead, GroupKind.WISDOM)
    return ProjectCast(
        alliance,
        lead,
        partner,
        leader=make_staff(alliance, lead),
        colleague=make_staff(alliance, lead),
        worker=make_staff(alliance, partner),
        other=make_staff(alliance, partner),
        outsider=make_staff(alliance, third),
        secretary=make_officer(alliance),
    )


def today() -> date:
    """The day of the tests, in the platform's time zone."""
    return timezone.localdate()


def project_values(**more: Any) -> dict[str, Any]:
    """A project that began forty days ago and lasts a year."""
    return {
        "title_en": "Salt-free dyeing",
        "title_zh": "无盐染色",
        "aim_en": "Less salt.",
        "starts_on": today() - timedelta(days=40),
        "ends_on": today() + timedelta(days=325),
        **more,
    }


def task_values(**more: Any) -> dict[str, Any]:
    """A task of the next weeks."""
    return {
        "name_en": "Survey",
        "starts_on": today() - timedelta(days=5),
        "ends_on": today() + timedelta(days=20),
        **more,
    }


def make_planned(cast: ProjectCast) -> Project:
    """A planned project with its leader and a worker of the partner, both since its first day."""
    past = timezone.now() - timedelta(days=40)
    project = plan_project(cast.alliance, actor=cast.leader, institution_id=cast.lead.pk, values=project_values(), at=past)
    add_person(
        cast.alliance,
        project.code,
        user=cast.worker,
        institution_id=cast.partner.pk,
        role=ProjectRole.MEMBER,
        actor=cast.leader,
        at=past,
    )
    return project


def make_running(cast: ProjectCast, *, due_in: int = 30) -> Project:
    """A running project with a task and a milestone due in some days; less than 0: it is late."""
    past = timezone.now() - timedelta(days=40)
    project = make_planned(cast)
    save_milestone(
        cast.alliance,
        project.code,
        values={"name_en": "First results", "due_on": today() + timedelta(days=due_in)},
        actor=cast.leader,
        at=past,
    )
    save_task(cast.alliance, project.code, values=task_values(), actor=cast.leader, at=past)
    return start_project(cast.alliance, project.code, actor=cast.leader, at=past)
