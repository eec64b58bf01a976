"""Pages of projects: who opens which, what they show, what forms keep."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from alliance.models import Alliance
from operations.actions.deliverable import save_deliverable
from operations.actions.project_task import save_task
from operations.actions.work_hours import note_hours
from operations.choices import ProductKind, ProjectRole, ProjectState
from operations.models import Product, Project, ProjectPerson, WorkHours
from operations.selectors.project import get_project, list_projects, visible_projects
from tests.conftest import ClientFor
from tests.factories.alliance import address
from tests.factories.operations import make_staff
from tests.factories.projects import ProjectCast, make_planned, make_project_cast, make_running, task_values, today


@pytest.fixture
def people(act: Alliance) -> ProjectCast:
    """Who meets in a project; the test acts in the alliance."""
    return make_project_cast(act)


def url(project: Project, name: str = "detail", **more: object) -> str:
    """Address of a page of a project."""
    return address(project.alliance, f"project_{name}", code=project.code, **more)


@pytest.mark.parametrize(
    ("who", "status"),
    [("leader", 200), ("colleague", 200), ("worker", 200), ("other", 200), ("secretary", 200), ("outsider", 404)],
)
def test_a_project_opens_to_its_institutions_and_the_office(
    people: ProjectCast, client_for: ClientFor, who: str, status: int
) -> None:
    project = make_running(people)

    assert client_for(getattr(people, who)).get(url(project)).status_code == status


def test_a_list_shows_own_projects_only_and_marks_late_milestones(people: ProjectCast, client_for: ClientFor) -> None:
    make_running(people, due_in=-3)

    page = client_for(people.worker).get(address(people.alliance, "project_list")).content.decode()
    assert "Salt-free dyeing" in page
    assert "1 late milestone" in page
    other = client_for(people.outsider).get(address(people.alliance, "project_list")).content.decode()
    assert "Salt-free dyeing" not in other
    late = client_for(people.secretary).get(address(people.alliance, "project_list") + "?show=late&state=running&q=salt")
    assert "Salt-free dyeing" in late.content.decode()
    none = client_for(people.secretary).get(address(people.alliance, "project_list") + "?state=stopped")
    assert "No project fits this filter" in none.content.decode()


def test_a_late_milestone_stands_on_top_of_the_page_and_in_the_chart(people: ProjectCast, client_for: ClientFor) -> None:
    project = make_running(people, due_in=-3)

    page = client_for(people.leader).get(url(project)).content.decode()

    assert "Late by 3 days" in page
    assert "1 milestone is late" in page
    assert 'class="chart chart-wide"' in page
    assert 'class="chart chart-narrow"' in page


def test_a_list_costs_the_same_queries_whatever_its_length(
    people: ProjectCast, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _place in range(3):
        make_running(people)
    list(visible_projects(people.alliance, people.worker))

    with django_assert_num_queries(1):
        rows: list[Any] = list(list_projects(people.alliance, people.worker, at=timezone.now()))
        assert [row.lead.code for row in rows] == [people.lead.code] * 3
    assert [(row.task_count, row.institution_count, row.late_count) for row in rows] == [(1, 2, None)] * 3


def test_a_project_costs_the_same_queries_whatever_its_plan(
    people: ProjectCast, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    small, large = make_running(people), make_running(people)
    for number in range(2, 8):
        save_task(
            people.alliance,
            large.code,
            values=task_values(),
            waits_for=[number - 1],
            actor=people.leader,
            at=timezone.now(),
        )
    save_task(people.alliance, small.code, values=task_values(), waits_for=[1], actor=people.leader, at=timezone.now())
    get_project(people.alliance, small.code, reader=people.worker)

    for project in (small, large):
        with django_assert_num_queries(6):
            found = get_project(people.alliance, project.code, reader=people.worker)
            assert [link.before.number for task in found.tasks.all() for link in task.links_before.all()]
            assert found.institution_ids == {people.lead.pk, people.partner.pk}


def test_a_person_plans_a_project_on_the_page_and_keeps_what_was_typed(people: ProjectCast, client_for: ClientFor) -> None:
    browser = client_for(people.leader)
    place = address(people.alliance, "project_new")
    typed = {"title_en": "", "aim_en": "Kept words", "starts_on": "2026-11-01", "ends_on": "2027-11-01"}

    refused = browser.post(place, typed)
    assert refused.status_code == 422
    assert "Kept words" in refused.content.decode()

    made = browser.post(place, {**typed, "title_en": "Water"})
    assert made.status_code == 302
    project = Project.objects.of(people.alliance).get()
    assert (project.title_en, project.lead, project.state) == ("Water", people.lead, ProjectState.PLANNED)


def test_somebody_elses_change_is_shown_beside_ones_own(people: ProjectCast, client_for: ClientFor) -> None:
    project = make_planned(people)
    Project.objects.filter(pk=project.pk).update(title_en="Theirs", revision=2)
    typed = {
        "title_en": "Mine",
        "title_zh": project.title_zh,
        "starts_on": project.starts_on,
        "ends_on": project.ends_on,
        "revision": "1",
    }

    answer = client_for(people.leader).post(url(project, "edit"), typed)

    assert answer.status_code == 409
    assert "Theirs" in answer.content.decode()
    assert "Mine" in answer.content.decode()


def test_a_person_is_named_after_the_institution_was_chosen(people: ProjectCast, client_for: ClientFor) -> None:
    project = make_planned(people)
    browser = client_for(people.leader)
    place = url(project, "person_add")

    assert "For which institution" in browser.get(place).content.decode()
    form = f"{place}?institution={people.partner.code}"
    assert str(people.outsider) not in browser.get(form).content.decode()
    refused = browser.post(form, {"person": people.outsider.pk, "role": "member"})
    assert refused.status_code == 422
    assert browser.post(form, {"person": people.other.pk, "role": "leader", "words": "Lab"}).status_code == 302

    part = ProjectPerson.objects.get(project=project, user=people.other)
    assert (part.role, part.institution) == (ProjectRole.LEADER, people.partner)


def test_the_plan_is_made_on_pages(people: ProjectCast, client_for: ClientFor) -> None:
    project = make_planned(people)
    browser = client_for(people.leader)
    day = (today() + timedelta(days=40)).isoformat()

    assert browser.post(url(project, "milestone_new"), {"name_en": "Half", "due_on": day}).status_code == 302
    task = {"name_en": "One", "starts_on": today().isoformat(), "ends_on": day, "milestone": "1", "planned_hours": "40"}
    assert browser.post(url(project, "task_new"), task).status_code == 302
    assert browser.post(url(project, "task_new"), {**task, "name_en": "Two", "waits_for": "1"}).status_code == 302
    circle = browser.post(url(project, "task", number=1), {**task, "waits_for": "2"})
    assert circle.status_code == 422
    assert "would wait for ever" in circle.content.decode()
    owed = {"name_en": "Guide", "kind": "guide", "due_on": day, "milestone": "1"}
    assert browser.post(url(project, "deliverable_new"), owed).status_code == 302
    assert browser.post(url(project, "start")).status_code == 302
    assert browser.post(url(project, "task_step", number=1, step="complete")).status_code == 302
    blocked = browser.post(url(project, "finish"), follow=True).content.decode()
    assert "1 open task" in blocked

    page = browser.get(url(project)).content.decode()
    assert "Make the draft" in page
    assert browser.get(url(project, "task", number=2)).status_code == 200
    assert browser.get(url(project, "milestone", position=1)).status_code == 200
    assert browser.get(url(project, "deliverable", position=1)).status_code == 200
    assert browser.get(url(project, "milestone_reach", position=1)).status_code == 200


def test_what_is_owed_becomes_a_draft_on_the_page(people: ProjectCast, client_for: ClientFor) -> None:
    project = make_running(people)
    save_deliverable(
        people.alliance,
        project.code,
        values={"name_en": "Guide", "kind": ProductKind.GUIDE, "due_on": today()},
        actor=people.leader,
        at=timezone.now(),
    )
    browser = client_for(people.leader)

    assert browser.get(url(project, "deliverable_draft", position=1)).status_code == 200
    assert browser.post(url(project, "deliverable_draft", position=1), {"institution": people.lead.pk}).status_code == 302

    product = Product.objects.of(people.alliance).get()
    assert product.code in browser.get(url(project)).content.decode()
    assert (
        "Ask a person of one that does"
        in client_for(people.worker).get(url(project, "deliverable_draft", position=1)).content.decode()
    )


def test_hours_are_noted_confirmed_and_struck_out_on_the_page(people: ProjectCast, client_for: ClientFor) -> None:
    project = make_running(people)
    worker, leader = client_for(people.worker), client_for(people.leader)
    typed = {"day": today().isoformat(), "hours": "25", "words": "Measured"}

    refused = worker.post(url(project, "hours"), typed)
    assert refused.status_code == 422
    assert "Measured" in refused.content.decode()
    assert worker.post(url(project, "hours"), {**typed, "hours": "7.5"}).status_code == 302
    entry = WorkHours.objects.get()
    assert "not confirmed" in leader.get(url(project, "hours")).content.decode()
    assert worker.post(url(project, "hours_confirm", entry=entry.pk)).status_code == 403
    assert leader.post(url(project, "hours_confirm", entry=entry.pk)).status_code == 302
    assert worker.get(url(project, "hours_strike", entry=entry.pk)).status_code == 200
    assert worker.post(url(project, "hours_strike", entry=entry.pk), {"reason": "Wrong day"}).status_code == 302

    assert "struck out" in leader.get(url(project, "hours")).content.decode().lower()
    assert client_for(people.colleague).post(url(project, "hours"), typed).status_code == 403


def test_a_project_is_stopped_with_the_reason_on_the_page(people: ProjectCast, client_for: ClientFor) -> None:
    project = make_running(people)
    browser = client_for(people.secretary)

    assert browser.post(url(project, "stop"), {"reason": ""}).status_code == 422
    assert browser.post(url(project, "stop"), {"reason": "No money."}).status_code == 302
    assert "No money." in browser.get(url(project)).content.decode()


def test_whoever_leaves_ends_their_own_part(people: ProjectCast, client_for: ClientFor) -> None:
    project = make_running(people)
    part = ProjectPerson.objects.get(project=project, user=people.worker)
    stranger = make_staff(people.alliance, people.partner)

    assert client_for(stranger).post(url(project, "person_end", person=part.pk)).status_code == 403
    assert client_for(people.worker).post(url(project, "person_end", person=part.pk)).status_code == 302


def test_hours_of_another_project_are_not_found(people: ProjectCast, client_for: ClientFor) -> None:
    project, other = make_running(people), make_running(people)
    entry = note_hours(people.alliance, other.code, day=today(), hours="1", actor=people.worker, at=timezone.now())

    assert client_for(people.leader).post(url(project, "hours_confirm", entry=entry.pk)).status_code == 404
