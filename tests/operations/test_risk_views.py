"""Pages and API of the risk register: who opens which, what they show, what forms keep."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from alliance.choices import AllianceRole
from alliance.models import Alliance, User
from operations.actions.risk import review_risk, save_measure
from operations.choices import RiskState
from operations.models import Risk, RiskMeasure
from operations.selectors.risk import get_risk, list_risks
from tests.conftest import ClientFor
from tests.factories.alliance import address
from tests.factories.api import bearer
from tests.factories.operations import make_institution, make_officer, make_staff
from tests.operations.test_risk_actions import look, noted, today


@pytest.fixture
def secretary(act: Alliance) -> User:
    """A person of the secretariat; the test acts in the alliance."""
    return make_officer(act)


def url(alliance: Alliance, name: str, **more: object) -> str:
    """Address of a page of the register."""
    return address(alliance, f"risk_{name}", **more)


def form(**more: Any) -> dict[str, Any]:
    """A filled form."""
    return {
        "category": "money",
        "title_en": "The grant ends",
        "likelihood": "3",
        "impact": "4",
        "review_on": (today() + timedelta(days=20)).isoformat(),
        **more,
    }


@pytest.mark.parametrize(
    ("role", "status"),
    [
        (AllianceRole.SECRETARIAT, 200),
        (AllianceRole.COMMITTEE, 200),
        (AllianceRole.AUDITOR, 200),
        (AllianceRole.EDITOR, 403),
    ],
)
def test_the_register_opens_to_those_who_keep_it(act: Alliance, client_for: ClientFor, role: str, status: int) -> None:
    risk = noted(act, make_officer(act))
    person = client_for(make_officer(act, role))

    assert person.get(url(act, "list")).status_code == status
    assert person.get(url(act, "detail", code=risk.code)).status_code == status
    assert person.get(address(act, "api_risk_list")).status_code == status


def test_members_see_neither_page_nor_api(act: Alliance, client_for: ClientFor, client: Client) -> None:
    risk = noted(act, make_officer(act))
    person = client_for(make_staff(act, make_institution(act)))

    assert person.get(url(act, "list")).status_code == 403
    assert person.get(url(act, "edit", code=risk.code)).status_code == 403
    assert person.get(address(act, "api_risk_detail", code=risk.code)).status_code == 403
    headers = bearer(client, act, ["honours:read"])
    assert client.get(address(act, "api_risk_list"), headers=headers).status_code == 403


def test_a_risk_is_noted_by_the_form_and_nothing_typed_is_lost(
    act: Alliance, secretary: User, client_for: ClientFor
) -> None:
    office = client_for(secretary)

    refused = office.post(url(act, "new"), form(review_on="2020-01-01", words_en="Half of the office lives on it."))
    assert refused.status_code == 422
    assert "Half of the office lives on it." in refused.content.decode()
    assert "The next review lies after today." in refused.content.decode()
    done = office.post(url(act, "new"), form(owner=str(secretary.pk)))

    risk = Risk.objects.of(act).get()
    assert done.status_code == 302
    assert (risk.title_en, risk.owner) == ("The grant ends", secretary)
    page = office.get(url(act, "detail", code=risk.code)).content.decode()
    assert "Medium risk" in page


def test_the_list_shows_levels_filters_and_the_heat_map_leads_on(
    act: Alliance, secretary: User, client_for: ClientFor
) -> None:
    noted(act, secretary, title_en="Grave one", likelihood=5, impact=5)
    noted(act, secretary, title_en="Slight one", likelihood=1, impact=1)
    office = client_for(secretary)

    page = office.get(url(act, "list")).content.decode()
    assert "high risk" in page
    assert "?likelihood=5&amp;impact=5" in page
    assert "1 risk, likelihood 5, impact 5, high risk" in page
    field = office.get(url(act, "list") + "?likelihood=5&impact=5").content.decode()
    assert "Grave one" in field
    assert "Slight one" not in field
    for query in ("?state=closed", "?category=law", "?show=due", "?show=late", "?show=mine", "?q=nothing"):
        assert "No risk fits this filter" in office.get(url(act, "list") + query).content.decode()


def test_the_page_shows_grades_over_time_and_measures(act: Alliance, secretary: User, client_for: ClientFor) -> None:
    risk = noted(act, secretary)
    now = timezone.now()
    review_risk(act, risk.code, values=look(), actor=secretary, at=now)
    save_measure(act, risk.code, words="Ask donors", owner=secretary, due_on=today(), actor=secretary, at=now)
    RiskMeasure.objects.update(due_on=today() - timedelta(days=2))

    page = client_for(secretary).get(url(act, "detail", code=risk.code)).content.decode()

    assert "A second donor is found." in page
    assert 'class="chart chart-wide"' in page
    assert "Late: due on" in page
    assert "Accept the risk" not in page


def test_reviews_measures_and_steps_are_done_by_forms(act: Alliance, secretary: User, client_for: ClientFor) -> None:
    risk = noted(act, secretary)
    office = client_for(secretary)
    reviewed = office.post(
        url(act, "review", code=risk.code),
        {"likelihood": "2", "impact": "4", "words": "Better.", "next_on": (today() + timedelta(days=9)).isoformat()},
    )
    assert reviewed.status_code == 302
    planned = office.post(url(act, "measure_new", code=risk.code), {"words": "Ask", "due_on": today().isoformat()})
    assert planned.status_code == 302
    measure = RiskMeasure.objects.get()
    held = office.post(url(act, "step", code=risk.code, step="close"), {"reason": "Over."})
    assert held.status_code == 422
    assert "1 measure is not done." in held.content.decode()
    changed = office.post(
        url(act, "measure", code=risk.code, measure=measure.pk), {"words": "Ask two", "due_on": today().isoformat()}
    )
    assert changed.status_code == 302
    assert office.post(url(act, "measure_done", code=risk.code, measure=measure.pk)).status_code == 302
    again = office.post(url(act, "measure_done", code=risk.code, measure=measure.pk), follow=True)
    assert "The measure is done; it stays as it is." in again.content.decode()
    assert office.post(url(act, "step", code=risk.code, step="close"), {"reason": "Over."}).status_code == 302
    risk.refresh_from_db()
    assert risk.state == RiskState.CLOSED
    assert office.post(url(act, "step", code=risk.code, step="reopen"), {"reason": "Back."}).status_code == 302
    assert office.get(url(act, "step", code=risk.code, step="accept")).status_code == 403
    assert office.get(url(act, "step", code=risk.code, step="burn")).status_code == 404
    assert office.post(url(act, "edit", code=risk.code), form(title_en="Renamed")).status_code == 302
    risk.refresh_from_db()
    assert risk.title_en == "Renamed"


def test_lists_and_details_cost_the_same_queries_whatever_their_length(
    act: Alliance, secretary: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _place in range(5):
        risk = noted(act, secretary, owner=secretary)
    for _place in range(4):
        review_risk(act, risk.code, values=look(likelihood=3, words="x"), actor=secretary, at=timezone.now())

    with django_assert_num_queries(1):
        rows = list(list_risks(act, at=timezone.now()))
        assert len([(row.owner, row.open_measures) for row in rows]) == 5  # type: ignore[attr-defined]
    with django_assert_num_queries(3):
        found = get_risk(act, risk.code)
        assert len([review.by for review in found.reviews.all()]) == 5
        assert list(found.measures.all()) == []


def test_the_api_gives_grades_over_time_and_names_nobody(act: Alliance, secretary: User, client_for: ClientFor) -> None:
    risk = noted(act, secretary, owner=secretary)
    review_risk(act, risk.code, values=look(), actor=secretary, at=timezone.now())
    Risk.objects.of(act).update(trigger="milestone_late:12:2026-01-01")
    office = client_for(secretary)

    found = office.get(address(act, "api_risk_detail", code=risk.code)).json()
    assert (found["likelihood"], found["impact"], found["level"], found["trigger"]) == (2, 4, 8, "milestone_late")
    assert [row["likelihood"] for row in found["reviews"]] == [3, 2]
    assert str(secretary.uuid) not in str(found)
    listed = office.get(address(act, "api_risk_list") + "?opened_by_data=true&likelihood=2").json()
    assert [row["code"] for row in listed["results"]] == [risk.code]
    assert office.get(address(act, "api_risk_list") + "?state=closed").json()["results"] == []
