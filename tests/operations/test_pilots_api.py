"""Rounds of a pilot by the API: what a caller may know, and a site's answer to its invitation."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from operations.actions.pilot import plan_pilot
from operations.choices import ParticipantState, ProductState
from operations.models import Pilot
from tests.conftest import ClientFor
from tests.factories.alliance import address
from tests.factories.operations import Cast, make_product, usual_plan


@pytest.fixture
def planned(cast: Cast) -> Pilot:
    now = timezone.now()
    product = make_product(cast, ProductState.TRANSFORMING)
    plan = usual_plan(cast.firms, now + timedelta(days=5), deadline=now + timedelta(days=30))
    return plan_pilot(cast.alliance, product.code, actor=cast.secretary, plan=plan, at=now)


def step_url(cast: Cast, pilot: Pilot, step: str) -> str:
    return address(cast.alliance, "api_pilot_site_step", code=pilot.product.code, step=step)


def read(client: Any, url: str) -> Any:
    answer = client.get(url)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_rounds_show_plan_measures_and_the_sites_a_caller_may_know(
    cast: Cast, planned: Pilot, client_for: ClientFor
) -> None:
    base = address(cast.alliance, "api_pilot_list", code=planned.product.code)
    planned.participants.filter(institution=cast.firms[1]).update(is_public=True)

    office = read(client_for(cast.secretary), base)["results"]
    trier = read(client_for(cast.testers[0]), f"{base}1/")

    assert [row["round"] for row in office] == [1]
    assert {site["institution"] for site in office[0]["sites"]} == {firm.code for firm in cast.firms}
    assert {site["institution"] for site in trier["sites"]} == {cast.firms[0].code, cast.firms[1].code}
    assert trier["measures"][0]["unit"] == "kWh/t"
    assert (trier["plan_version"], trier["state"]) == (1, "planned")


def test_a_site_accepts_consents_and_leaves_by_the_api(cast: Cast, planned: Pilot, client_for: ClientFor) -> None:
    client, firm = client_for(cast.testers[0]), cast.firms[0].code

    def post(step: str, **body: Any) -> Any:
        return client.post(step_url(cast, planned, step), {"institution": firm, **body}, content_type="application/json")

    accepted = post("accept", site_en="Mill 2", is_public=True)
    twice = post("accept")
    hidden = post("consent", is_public=False)
    silent = post("leave")
    left = post("leave", reason="Strike")

    assert (accepted.status_code, accepted.json()["state"], accepted.json()["is_public"]) == (200, "accepted", True)
    assert (twice.status_code, twice.json()["code"]) == (409, "not_invited")
    assert hidden.json()["is_public"] is False
    assert silent.status_code in {400, 422}
    assert left.json()["state"] == ParticipantState.WITHDRAWN


def test_nobody_answers_for_another_firm(cast: Cast, planned: Pilot, client_for: ClientFor) -> None:
    url = step_url(cast, planned, "accept")

    answer = client_for(cast.testers[0]).post(url, {"institution": cast.firms[1].code}, content_type="application/json")

    assert answer.status_code == 403
    assert planned.participants.get(institution=cast.firms[1]).state == ParticipantState.INVITED
