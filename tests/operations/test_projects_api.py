"""Projects over the API: what stands in them, and who sees which."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from alliance.models import Alliance
from operations.actions.deliverable import draft_deliverable, save_deliverable
from operations.actions.project_task import save_task
from operations.actions.work_hours import confirm_hours, note_hours, strike_hours
from operations.choices import ProductKind
from operations.models import ProjectPerson
from tests.conftest import ClientFor
from tests.factories.alliance import address
from tests.factories.api import bearer
from tests.factories.projects import ProjectCast, make_planned, make_project_cast, make_running, task_values, today


@pytest.fixture
def people(act: Alliance) -> ProjectCast:
    """Who meets in a project; the test acts in the alliance."""
    return make_project_cast(act)


def codes(answer: Any) -> list[str]:
    """Codes of a list."""
    assert answer.status_code == 200
    return [row["code"] for row in answer.json()["results"]]


def test_a_project_tells_its_plan_what_it_owes_and_the_hours_but_no_people(
    people: ProjectCast, client_for: ClientFor
) -> None:
    project, now = make_running(people), timezone.now()
    part = ProjectPerson.objects.get(project=project, user=people.worker)
    save_task(
        people.alliance,
        project.code,
        values=task_values(name_en="Report", owner=part.pk, planned_hours="12.5"),
        waits_for=[1],
        actor=people.leader,
        at=now,
    )
    owed = {"name_en": "Guide", "kind": ProductKind.GUIDE, "due_on": today()}
    save_deliverable(people.alliance, project.code, values=owed, actor=people.leader, at=now)
    product = draft_deliverable(people.alliance, project.code, 1, institution_id=people.lead.pk, actor=people.leader, at=now)
    entries = [
        note_hours(people.alliance, project.code, day=today(), hours=hours, actor=people.worker, at=now)
        for hours in ("7.5", "2", "4")
    ]
    confirm_hours(people.alliance, project.code, entries[0].pk, actor=people.leader, at=now)
    strike_hours(people.alliance, project.code, entries[2].pk, reason="x", actor=people.worker, at=now)

    found = client_for(people.worker).get(address(people.alliance, "api_project_detail", code=project.code)).json()

    assert found["lead"]["code"] == people.lead.code
    assert sorted(found["institutions"]) == sorted([people.lead.code, people.partner.code])
    assert [(row["number"], row["institution"], row["waits_for"]) for row in found["tasks"]] == [
        (1, None, []),
        (2, people.partner.code, [1]),
    ]
    assert found["tasks"][1]["planned_hours"] == "12.50"
    assert found["milestones"][0]["due_on"] == (today() + timedelta(days=30)).isoformat()
    assert found["deliverables"][0]["product"]["code"] == product.code
    assert found["hours"] == [{"institution": people.partner.code, "confirmed": "7.50", "not_confirmed": "2.00"}]
    assert people.worker.email not in str(found)
    assert str(people.worker.uuid) not in str(found)


def test_people_see_the_projects_of_their_institutions_and_the_office_sees_all(
    people: ProjectCast, client_for: ClientFor
) -> None:
    project = make_planned(people)
    place = address(people.alliance, "api_project_list")

    for who in (people.leader, people.other, people.secretary):
        assert codes(client_for(who).get(place)) == [project.code]
    assert codes(client_for(people.outsider).get(place)) == []
    detail = address(people.alliance, "api_project_detail", code=project.code)
    assert client_for(people.outsider).get(detail).status_code == 404


def test_machines_see_projects_that_run_or_are_finished(people: ProjectCast, client: Client) -> None:
    make_planned(people)
    running = make_running(people)
    headers = bearer(client, people.alliance, ["projects:read"])

    assert codes(client.get(address(people.alliance, "api_project_list"), headers=headers)) == [running.code]


def test_late_projects_are_found_by_a_filter(people: ProjectCast, client_for: ClientFor) -> None:
    late, _on_time = make_running(people, due_in=-3), make_running(people)
    place = address(people.alliance, "api_project_list")

    assert codes(client_for(people.secretary).get(f"{place}?late=true")) == [late.code]
