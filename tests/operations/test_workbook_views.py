"""The workbook's page: plain forms, the script's answers, the shell without network."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from operations.choices import ParticipantState, PilotState, ProductState
from operations.models import FeedbackPoint, Pilot, PilotParticipant, Reading, WorkbookEntry
from tests.conftest import ClientFor
from tests.factories.alliance import address
from tests.factories.operations import Cast, make_pilot, make_product
from tests.factories.workbook import make_photo

pytestmark = pytest.mark.django_db
JSON = {"accept": "application/json"}


@pytest.fixture
def pilot(cast: Cast) -> Pilot:
    """An open round."""
    return make_pilot(make_product(cast, ProductState.PILOTING), cast.firms)


@pytest.fixture
def tester(cast: Cast, client_for: ClientFor) -> Client:
    """A person of the first site."""
    return client_for(cast.testers[0])


def url(cast: Cast, pilot: Pilot, name: str = "pilot_workbook", **kwargs: Any) -> str:
    return address(cast.alliance, name, code=pilot.product.code, **kwargs)


def sent(kind: str, /, **more: Any) -> dict[str, Any]:
    """What the form of a kind sends."""
    fields: dict[str, dict[str, Any]] = {
        "reading": {"measure": "1", "phase": "after", "value": "12.5", "taken_on": timezone.localdate().isoformat()},
        "scores": {"score_1": "4", "score_2": "5"},
        "defect": {"severity": "major", "text": "The belt slips."},
        "suggestion": {"text": "A table."},
        "note": {"text": "Night shift."},
        "photo": {"caption": "The belt", "file": make_photo()},
    }
    return {"kind": kind, "key": str(uuid.uuid4()), "round": "1", **fields[kind], **more}


@pytest.mark.parametrize("kind", ["reading", "scores", "defect", "suggestion", "note", "photo"])
def test_each_form_works_without_a_script_and_a_second_press_counts_once(
    cast: Cast, pilot: Pilot, tester: Client, kind: str
) -> None:
    data = sent(kind)
    first = tester.post(url(cast, pilot), data)
    again = tester.post(url(cast, pilot), {**data, **({"file": make_photo()} if kind == "photo" else {})})

    assert (first.status_code, again.status_code) == (302, 302), first.content
    assert list(WorkbookEntry.objects.values_list("kind", flat=True)) == [kind]
    page = tester.get(first["Location"]).content.decode()
    assert data["key"] in page
    assert "Entered." in page


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_page_offers_what_may_be_entered_now(cast: Cast, pilot: Pilot, tester: Client, language: str) -> None:
    with translation.override(language):
        page = tester.get(url(cast, pilot), headers={"accept-language": language}).content.decode()

    for kind in ("reading", "scores", "defect", "suggestion", "note", "photo"):
        assert f'<details class="workbook-kind" name="workbook" data-kind="{kind}"' in page
    Pilot.objects.filter(pk=pilot.pk).update(state=PilotState.PLANNED, starts_at=timezone.now() + timedelta(days=1))
    planned = tester.get(url(cast, pilot)).content.decode()
    assert 'data-kind="reading"' in planned
    assert 'value="baseline"' in planned
    assert 'data-kind="defect"' not in planned
    Pilot.objects.filter(pk=pilot.pk).update(state=PilotState.PASSED)
    assert 'data-kind="' not in tester.get(url(cast, pilot)).content.decode()


def test_what_was_typed_stays_when_it_is_refused(cast: Cast, pilot: Pilot, tester: Client) -> None:
    wrong = tester.post(url(cast, pilot), sent("reading", value="12,5"))
    Pilot.objects.filter(pk=pilot.pk).update(state=PilotState.PASSED, closed_at=timezone.now())
    late = tester.post(url(cast, pilot), sent("defect", text="The belt slips at night."))

    assert wrong.status_code == 422
    assert "12,5" in wrong.content.decode()
    assert "Give a number, for example 12.5" in wrong.content.decode()
    assert late.status_code == 409
    assert "The belt slips at night." in late.content.decode()
    assert not WorkbookEntry.objects.exists()


def test_the_script_gets_the_key_back_and_refusals_in_words(cast: Cast, pilot: Pilot, tester: Client) -> None:
    data = sent("defect", noted_at="2026-11-01T08:00:00.000Z")

    first = tester.post(url(cast, pilot), data, headers=JSON)
    again = tester.post(url(cast, pilot), data, headers=JSON)
    other = tester.post(url(cast, pilot), {**data, "text": "Other words"}, headers=JSON)
    empty = tester.post(url(cast, pilot), sent("defect", text=""), headers=JSON)
    unknown = tester.post(url(cast, pilot), sent("note", kind="wish"), headers=JSON)

    assert (first.status_code, first.json()) == (201, {"key": data["key"], "new": True})
    assert (again.status_code, again.json()) == (200, {"key": data["key"], "new": False})
    assert (other.status_code, other.json()["code"]) == (409, "entry_key_reused")
    assert (empty.status_code, list(empty.json()["errors"])) == (422, ["text"])
    assert unknown.status_code == 422
    for refusal in (other, empty, unknown):
        assert refusal["Content-Type"] == "application/problem+json"
        assert refusal.json()["detail"]
    assert FeedbackPoint.objects.count() == 1


def test_whoever_left_the_round_is_refused_in_words_the_script_can_show(cast: Cast, pilot: Pilot, tester: Client) -> None:
    PilotParticipant.objects.filter(institution=cast.firms[0]).update(state=ParticipantState.WITHDRAWN)

    answer = tester.post(url(cast, pilot), sent("note"), headers=JSON)

    assert answer.status_code in {403, 404}
    assert answer["Content-Type"] == "application/problem+json"


def test_a_stale_token_is_no_refusal_of_the_entry(cast: Cast, pilot: Pilot, client_for: ClientFor) -> None:
    strict = client_for(cast.testers[0], enforce_csrf_checks=True)
    data = sent("note")

    stale = strict.post(url(cast, pilot), data, headers=JSON)
    state = strict.get(url(cast, pilot, "pilot_workbook_state"))
    fresh = strict.post(url(cast, pilot), data, headers={**JSON, "x-csrftoken": state.json()["token"]})

    assert stale.status_code == 403
    assert "json" not in stale["Content-Type"]
    assert state.json()["owner"] == str(cast.testers[0].uuid)
    assert fresh.status_code == 201


def test_nobody_is_told_a_token_without_signing_in(cast: Cast, pilot: Pilot, client_for: ClientFor) -> None:
    stranger = client_for(None)

    for name in ("pilot_workbook", "pilot_workbook_state"):
        answer = stranger.get(url(cast, pilot, name), headers=JSON)
        assert answer.status_code == 302
    assert stranger.post(url(cast, pilot), sent("note"), headers=JSON).status_code == 302


def test_the_shell_is_the_same_for_everybody_and_holds_nothing_of_the_round(
    cast: Cast, pilot: Pilot, tester: Client, client_for: ClientFor
) -> None:
    stranger = client_for(None)
    shell = stranger.get(url(cast, pilot, "pilot_workbook_shell"))
    unknown = stranger.get(address(cast.alliance, "pilot_workbook_shell", code="P-999999"))

    html = shell.content.decode()
    assert shell.status_code == 200
    assert html.replace(pilot.product.code, "P-999999") == unknown.content.decode()
    for private in (pilot.product.title_en, cast.testers[0].name_en, cast.firms[0].name_en, "csrfmiddlewaretoken", "Energy"):
        assert private not in html
    assert 'src="' in html
    assert "<script>" not in html


def test_the_worker_stands_where_its_scope_is_and_keeps_no_other_page(cast: Cast, pilot: Pilot, tester: Client) -> None:
    answer = tester.get(url(cast, pilot, "pilot_workbook_worker"))

    assert answer["Content-Type"].startswith("text/javascript")
    assert url(cast, pilot, "pilot_workbook_worker").startswith(url(cast, pilot))
    assert "Service-Worker-Allowed" not in answer
    assert "cache.put" not in answer.content.decode()


def test_an_entry_is_struck_out_on_a_page_of_its_own(cast: Cast, pilot: Pilot, tester: Client) -> None:
    data = sent("reading")
    tester.post(url(cast, pilot), data)
    page = url(cast, pilot, "pilot_workbook_strike", key=data["key"])

    asked = tester.get(page)
    empty = tester.post(page, {"reason": ""})
    done = tester.post(page, {"reason": "Wrong loom"})

    assert "12.5" in asked.content.decode()
    assert empty.status_code == 422
    assert done.status_code == 302
    assert Reading.objects.get().struck_at is not None
    assert "Wrong loom" in tester.get(done["Location"]).content.decode()


def test_other_sites_and_the_makers_find_no_page_to_strike(
    cast: Cast, pilot: Pilot, tester: Client, client_for: ClientFor
) -> None:
    data = sent("note")
    tester.post(url(cast, pilot), data)
    page = url(cast, pilot, "pilot_workbook_strike", key=data["key"])

    for person in (cast.testers[1], cast.writer, cast.secretary):
        assert client_for(person).get(page).status_code == 404
    assert client_for(cast.writer).get(url(cast, pilot)).status_code == 403


def test_the_page_asks_the_same_number_of_questions_for_one_entry_and_for_many(
    cast: Cast, pilot: Pilot, tester: Client
) -> None:
    tester.post(url(cast, pilot), sent("note"))
    tester.get(url(cast, pilot))
    with CaptureQueriesContext(connection) as few:
        tester.get(url(cast, pilot))
    for kind in ("reading", "defect", "photo", "note", "suggestion"):
        tester.post(url(cast, pilot), sent(kind))
    tester.get(url(cast, pilot))
    with CaptureQueriesContext(connection) as many:
        tester.get(url(cast, pilot))

    assert len(many) == len(few)


def test_all_entries_are_paged(cast: Cast, pilot: Pilot, tester: Client) -> None:
    tester.post(url(cast, pilot), sent("note"))

    page = tester.get(f"{url(cast, pilot)}?all=1").content.decode()

    assert "Entered so far" in page
    assert "Night shift." in page


def test_the_answers_of_the_script_are_plain_json(cast: Cast, pilot: Pilot, tester: Client) -> None:
    answer = tester.post(url(cast, pilot), sent("note"), headers=JSON)

    assert json.loads(answer.content)["new"] is True
    assert answer["Cache-Control"] == "no-store"
