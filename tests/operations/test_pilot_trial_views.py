"""Pages of plans and sites: rows grow without a script, nothing typed is lost, each reader sees what is open to it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from operations.actions.participant import accept_invitation
from operations.actions.pilot import plan_pilot
from operations.actions.workflow import advance_pilot
from operations.choices import ParticipantState, PilotState, ProductState
from operations.models import Pilot
from tests.conftest import ClientFor
from tests.factories.alliance import address
from tests.factories.operations import Cast, make_product, make_ready, run_round, usual_plan


@pytest.fixture
def planned(cast: Cast) -> Pilot:
    now = timezone.now()
    product = make_product(cast, ProductState.TRANSFORMING)
    plan = usual_plan(cast.firms, now + timedelta(days=5), deadline=now + timedelta(days=30))
    return plan_pilot(cast.alliance, product.code, actor=cast.secretary, plan=plan, at=now)


def url(cast: Cast, name: str, pilot: Pilot, **more: Any) -> str:
    return address(cast.alliance, name, code=pilot.product.code, **more)


def filled(cast: Cast, **more: Any) -> dict[str, Any]:
    today = timezone.localdate()
    return {
        "question_en": "Does it save steam?",
        "sample_size": 2,
        "participants": [firm.pk for firm in cast.firms],
        "minimum_sites": 2,
        "starts_on": today + timedelta(days=4),
        "deadline_on": today + timedelta(days=30),
        "minimum_answers": 3,
        "trim_percent": 10,
        "blocking_defects_allowed": 0,
        "remind_days_before": 3,
        "escalate_days": 2,
        "extension_days": 14,
        "maximum_rounds": 3,
        "criteria_0_name_en": "Clear",
        "criteria_0_pass_mark": "3.5",
        "measures_0_name_en": "Steam",
        "measures_0_unit": "t",
        "measures_0_direction": "-1",
        **more,
    }


def test_another_row_is_given_without_planning_anything_and_keeps_what_was_typed(cast: Cast, client_for: ClientFor) -> None:
    product = make_product(cast, ProductState.TRANSFORMING)
    page = address(cast.alliance, "pilot_plan", code=product.code)
    rows = {f"measures_{slot}_name_en": f"Measure {slot}" for slot in range(4)}

    answer = client_for(cast.secretary).post(page, filled(cast, more_measures="1", **rows))

    text = answer.content.decode()
    assert answer.status_code == 200
    assert "Does it save steam?" in text
    assert 'name="measures_4_name_en"' in text
    assert "Measure 3" in text
    assert not Pilot.objects.of(cast.alliance).exists()


def test_a_plan_without_a_measure_is_refused_at_its_field_and_keeps_what_was_typed(
    cast: Cast, client_for: ClientFor
) -> None:
    product = make_product(cast, ProductState.TRANSFORMING)
    page = address(cast.alliance, "pilot_plan", code=product.code)

    answer = client_for(cast.secretary).post(
        page, filled(cast, measures_0_name_en="", measures_0_unit="", sample_en="Two lines")
    )

    text = answer.content.decode()
    assert answer.status_code == 422
    assert "without a baseline nothing compares" in text
    assert "Two lines" in text
    assert not Pilot.objects.of(cast.alliance).exists()


def test_the_form_plans_a_round_with_its_measures(cast: Cast, client_for: ClientFor) -> None:
    product = make_product(cast, ProductState.TRANSFORMING)

    answer = client_for(cast.secretary).post(
        address(cast.alliance, "pilot_plan", code=product.code), filled(cast, measures_0_minimum_change="5")
    )

    assert answer.status_code == 302
    pilot = Pilot.objects.of(cast.alliance).get()
    measure = pilot.measures.get()
    assert (measure.name_en, measure.unit, measure.direction, int(measure.minimum_change or 0)) == ("Steam", "t", -1, 5)
    assert (pilot.minimum_sites, pilot.sample_size) == (2, 2)


def test_an_amendment_by_the_page_is_a_version_with_its_differences(
    cast: Cast, planned: Pilot, client_for: ClientFor
) -> None:
    client = client_for(cast.secretary)
    values = filled(cast, reason="Steam matters more", measures_0_name_en="Steam")

    missing = client.post(url(cast, "pilot_amend", planned), {**values, "reason": ""})
    done = client.post(url(cast, "pilot_amend", planned), values)
    page = client.get(url(cast, "pilot_plan_versions", planned)).content.decode()

    assert (missing.status_code, done.status_code) == (422, 302)
    assert "Steam matters more" in page
    assert "Version 2 of the plan" in page
    assert "<del>" in page


def test_an_open_round_offers_only_what_may_still_change(cast: Cast, planned: Pilot, client_for: ClientFor) -> None:
    make_ready(planned)
    advance_pilot(cast.alliance, planned.pk, at=planned.starts_at)
    client = client_for(cast.secretary)

    page = client.get(url(cast, "pilot_amend", planned)).content.decode()

    assert 'name="deadline_on"' in page
    assert "criteria_0" not in page


def test_a_site_accepts_names_people_and_leaves_on_its_page(cast: Cast, planned: Pilot, client_for: ClientFor) -> None:
    client = client_for(cast.testers[0])

    first = client.get(url(cast, "pilot_site", planned)).content.decode()
    accepted = client.post(url(cast, "pilot_site_step", planned, step="accept"), {"site_en": "Mill 2", "is_public": "on"})
    second = client.get(url(cast, "pilot_site", planned)).content.decode()
    silent = client.post(url(cast, "pilot_site_step", planned, step="leave"), {"reason": " "})
    left = client.post(url(cast, "pilot_site_step", planned, step="leave"), {"reason": "Strike"})
    gone = client.get(url(cast, "pilot_site", planned))

    assert "Does your firm take part?" in first
    assert (accepted.status_code, silent.status_code, left.status_code, gone.status_code) == (302, 422, 302, 404)
    assert "Mill 2" in second
    assert "Does your firm take part?" not in second
    assert planned.participants.get(institution=cast.firms[0]).state == ParticipantState.WITHDRAWN


def test_a_declined_reason_is_read_by_the_office_and_not_by_other_sites(
    cast: Cast, planned: Pilot, client_for: ClientFor
) -> None:
    client_for(cast.testers[0]).post(url(cast, "pilot_site_step", planned, step="decline"), {"reason": "No free loom"})

    office = client_for(cast.secretary).get(url(cast, "product_detail", planned)).content.decode()
    other = client_for(cast.testers[1]).get(url(cast, "product_detail", planned)).content.decode()

    assert "No free loom" in office
    assert "No free loom" not in other


def test_a_page_of_a_round_that_waits_says_for_whom(cast: Cast, planned: Pilot, client_for: ClientFor) -> None:
    accept_invitation(
        cast.alliance, planned.product.code, institution_id=cast.firms[0].pk, actor=cast.testers[0], at=timezone.now()
    )
    Pilot.objects.filter(pk=planned.pk).update(starts_at=timezone.now() - timedelta(hours=1))

    page = client_for(cast.secretary).get(url(cast, "product_detail", planned)).content.decode()

    assert "The round waits to begin." in page
    assert f"No answer to the invitation: {cast.firms[1].name}." in page
    assert f"Not measured yet: {cast.firms[0].name}" in page


def test_a_round_is_taken_up_again_on_its_page(cast: Cast, client_for: ClientFor) -> None:
    product = make_product(cast, ProductState.TRANSFORMING)
    pilot = run_round(cast, product, [(2, 2)] * 3, timezone.now() - timedelta(days=60))
    client = client_for(cast.secretary)
    page = url(cast, "pilot_reopen", pilot)
    day = timezone.localdate() + timedelta(days=9)

    refused = client.post(page, {"reason": "", "deadline_on": day})
    done = client.post(page, {"reason": "A late parcel", "deadline_on": day})
    versions = client.get(url(cast, "pilot_plan_versions", pilot)).content.decode()

    pilot.refresh_from_db()
    assert (refused.status_code, done.status_code) == (422, 302)
    assert (pilot.state, pilot.turn) == (PilotState.EXTENDED, 1)
    assert "A late parcel" in versions


def test_invitations_stand_first_on_the_list_of_an_enterprise_and_ask_for_no_feedback_yet(
    cast: Cast, planned: Pilot, client_for: ClientFor
) -> None:
    page = client_for(cast.testers[0]).get(address(cast.alliance, "portal_pilots")).content.decode()

    assert "Answer the invitation" in page
    assert url(cast, "pilot_site", planned) in page
    assert "Give feedback" not in page


def test_no_plan_form_is_shown_while_the_product_is_at_another_stage(cast: Cast, client_for: ClientFor) -> None:
    product = make_product(cast, ProductState.PILOTING)

    answer = client_for(cast.secretary).get(address(cast.alliance, "pilot_plan", code=product.code))

    assert answer.status_code == 409
    assert "not possible now" in answer.content.decode()
