"""What projects and pilots put into a person's calendar, by the roles of the moment."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from alliance.kernel.calendar import AHEAD, BACK, CalendarEntry, CalendarProvider
from alliance.models import Alliance, User
from groups.choices import ConflictState
from groups.models import ConflictOfInterest
from members.models import InstitutionStaff
from operations.actions.project import stop_project
from operations.actions.project_task import save_task
from operations.choices import ProductState
from operations.models import ProjectPerson
from operations.selectors.pilot_calendar import calendar_of_pilots
from operations.selectors.project import calendar_of_milestones, calendar_of_tasks
from tests.factories.operations import Cast, make_pilot, make_product
from tests.factories.projects import ProjectCast, make_project_cast, make_running, task_values, today


@pytest.fixture
def people(act: Alliance) -> ProjectCast:
    """Who meets in a project; the test acts in the alliance."""
    return make_project_cast(act)


def entries(provider: CalendarProvider, alliance: Alliance, user: User) -> list[CalendarEntry]:
    """What a provider gives now."""
    user.__dict__.pop("_grants", None)
    now = timezone.now()
    return list(provider(alliance, user, now - BACK, now + AHEAD))


def test_milestones_stand_in_the_calendars_of_those_who_lead_or_work(people: ProjectCast) -> None:
    project = make_running(people)

    for who in (people.leader, people.colleague, people.worker):
        (entry,) = entries(calendar_of_milestones, people.alliance, who)
        assert (entry.title, entry.starts_on) == ("Milestone: First results", today() + timedelta(days=30))
        assert entry.url_kwargs == {"code": project.code}
    for who in (people.other, people.outsider, people.secretary):
        assert entries(calendar_of_milestones, people.alliance, who) == []


def test_milestones_of_a_stopped_project_are_cancelled(people: ProjectCast) -> None:
    project = make_running(people)
    stop_project(people.alliance, project.code, reason="x", actor=people.leader, at=timezone.now())

    assert [entry.cancelled for entry in entries(calendar_of_milestones, people.alliance, people.worker)] == [True]


def test_own_open_tasks_stand_in_the_calendar_until_the_role_ends(people: ProjectCast) -> None:
    project = make_running(people)
    part = ProjectPerson.objects.get(project=project, user=people.worker)
    save_task(people.alliance, project.code, 1, values=task_values(owner=part.pk), actor=people.leader, at=timezone.now())

    (entry,) = entries(calendar_of_tasks, people.alliance, people.worker)
    assert (entry.title, entry.starts_on) == ("Task due: Survey", today() + timedelta(days=20))
    assert entries(calendar_of_tasks, people.alliance, people.leader) == []
    InstitutionStaff.objects.filter(user=people.worker).update(ends_at=timezone.now() - timedelta(minutes=2))
    assert entries(calendar_of_tasks, people.alliance, people.worker) == []
    assert entries(calendar_of_milestones, people.alliance, people.worker) == []


def test_the_end_of_a_pilot_stands_in_the_calendars_of_sites_and_makers(cast: Cast) -> None:
    product = make_product(cast, ProductState.PILOTING, title_en="Low-salt dyeing")
    pilot = make_pilot(product, cast.firms[:1])

    for who in (cast.testers[0], cast.writer, cast.editor):
        (entry,) = entries(calendar_of_pilots, cast.alliance, who)
        assert (entry.title, entry.starts_at) == ("End of the pilot: Low-salt dyeing", pilot.deadline)
    for who in (cast.testers[1], cast.secretary):
        assert entries(calendar_of_pilots, cast.alliance, who) == []


def test_a_conflict_of_interest_hides_the_words_of_a_pilot(cast: Cast) -> None:
    product = make_product(cast, ProductState.PILOTING, title_en="Low-salt dyeing")
    make_pilot(product, cast.firms[:1])
    ConflictOfInterest.objects.create(
        alliance=cast.alliance,
        institution=cast.firms[0],
        matter=product.matter,
        state=ConflictState.RECUSED,
        reason="shares",
        declared_by=cast.testers[0],
        declared_at=timezone.now(),
    )

    (entry,) = entries(calendar_of_pilots, cast.alliance, cast.testers[0])

    assert "Low-salt" not in entry.title
    assert entry.title == "End of a pilot from which your institution stands aside"
    assert (entry.url_name, entry.description, entry.url_kwargs) == ("", "", {})
    assert product.code not in entry.uid


def test_a_calendar_costs_the_same_queries_whatever_stands_in_it(
    cast: Cast, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    now = timezone.now()
    for _place in range(3):
        make_pilot(make_product(cast, ProductState.PILOTING), cast.firms)
    entries(calendar_of_pilots, cast.alliance, cast.testers[0])

    with django_assert_num_queries(3):  # rounds, sites, conflicts; the roles are known
        assert len(list(calendar_of_pilots(cast.alliance, cast.testers[0], now - BACK, now + AHEAD))) == 3
