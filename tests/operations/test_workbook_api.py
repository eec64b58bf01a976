"""Workbooks by API: the same action as the page, for people of the sites."""

from __future__ import annotations

import base64
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from operations.choices import PilotState, ProductState
from operations.models import Pilot, Reading, WorkbookEntry
from tests.conftest import ClientFor
from tests.factories.alliance import address
from tests.factories.api import bearer
from tests.factories.operations import Cast, make_pilot, make_product
from tests.factories.workbook import make_photo

pytestmark = pytest.mark.django_db


@pytest.fixture
def pilot(cast: Cast) -> Pilot:
    """An open round."""
    return make_pilot(make_product(cast, ProductState.PILOTING), cast.firms)


@pytest.fixture
def tester(cast: Cast, client_for: ClientFor) -> Client:
    """A person of the first site."""
    return client_for(cast.testers[0])


def url(cast: Cast, pilot: Pilot, name: str = "api_workbook_entry_list", **kwargs: Any) -> str:
    return address(cast.alliance, name, code=pilot.product.code, **kwargs)


def body(cast: Cast, kind: str, **more: Any) -> dict[str, Any]:
    """An entry of a kind."""
    content: dict[str, dict[str, Any]] = {
        "reading": {
            "reading": {"measure": 1, "phase": "after", "value": "12.5", "taken_on": timezone.localdate().isoformat()}
        },
        "scores": {"scores": [{"criterion": 1, "score": 4}, {"criterion": 2, "score": 5}]},
        "defect": {"severity": "minor", "text": "The belt slips."},
        "suggestion": {"text": "A table."},
        "note": {"text": "Night shift."},
        "photo": {
            "caption": "Belt",
            "file": {"name": "belt.png", "content": base64.b64encode(make_photo().read()).decode()},
        },
    }
    return {"institution": cast.firms[0].code, "key": str(uuid.uuid4()), "kind": kind, **content[kind], **more}


def send(client: Client, where: str, data: dict[str, Any], **headers: str) -> Any:
    return client.post(where, data, content_type="application/json", headers=headers)


@pytest.mark.parametrize("kind", ["reading", "scores", "defect", "suggestion", "note", "photo"])
def test_an_entry_sent_twice_is_one(cast: Cast, pilot: Pilot, tester: Client, kind: str) -> None:
    data = body(cast, kind)

    first, again = (send(tester, url(cast, pilot), data) for _turn in range(2))

    assert (first.status_code, first.json()) == (201, {"key": data["key"], "new": True}), first.content
    assert (again.status_code, again.json()) == (200, {"key": data["key"], "new": False})
    assert WorkbookEntry.objects.count() == 1


def test_the_header_for_writing_once_works_beside_the_key(cast: Cast, pilot: Pilot, tester: Client) -> None:
    data = body(cast, "note")

    first, again = (send(tester, url(cast, pilot), data, **{"Idempotency-Key": "phone-0001"}) for _turn in range(2))

    assert (first.status_code, again.status_code) == (201, 201)
    assert again["Idempotency-Replayed"] == "true"


def test_the_workbook_says_what_is_asked_and_taken(cast: Cast, pilot: Pilot, tester: Client) -> None:
    answer = tester.get(url(cast, pilot, "api_workbook"))

    found = answer.json()
    assert answer.status_code == 200, answer.content
    assert (found["institution"], found["round"], found["state"]) == (cast.firms[0].code, 1, "open")
    assert [criterion["position"] for criterion in found["criteria"]] == [1, 2]
    assert found["measures"][0]["unit"] == "kWh/t"
    assert "defect" in found["takes"]
    assert found["phases"] == ["after"]
    Pilot.objects.filter(pk=pilot.pk).update(state=PilotState.PLANNED, starts_at=timezone.now() + timedelta(days=1))
    found = tester.get(url(cast, pilot, "api_workbook")).json()
    assert (found["takes"], found["phases"]) == (["reading"], ["baseline"])
    Pilot.objects.filter(pk=pilot.pk).update(state=PilotState.CANCELLED)
    found = tester.get(url(cast, pilot, "api_workbook")).json()
    assert (found["takes"], found["phases"]) == ([], [])


def test_a_site_lists_its_own_entries_and_the_makers_those_of_all(cast: Cast, pilot: Pilot, client_for: ClientFor) -> None:
    for firm, person in zip(cast.firms, cast.testers, strict=True):
        sent = send(client_for(person), url(cast, pilot), body(cast, "note", institution=firm.code))
        assert sent.status_code == 201, sent.content

    def listed(person: Any) -> set[str]:
        answer = client_for(person).get(url(cast, pilot))
        assert answer.status_code == 200, answer.content
        return {row["participant"]["institution"]["code"] for row in answer.json()["results"]}

    assert listed(cast.testers[0]) == {cast.firms[0].code}
    for reader in (cast.writer, cast.secretary, cast.committee):
        assert listed(reader) == {firm.code for firm in cast.firms}
    row = client_for(cast.testers[0]).get(f"{url(cast, pilot)}?kind=note&struck=false").json()["results"][0]
    assert row["body"] == {"text": "Night shift."}
    assert row["participant"]["pilot"] == {"round": 1, "version": 1}


def test_strangers_and_machines_find_nothing(cast: Cast, pilot: Pilot, client_for: ClientFor) -> None:
    stranger, maker = client_for(cast.reviewer), client_for(cast.writer)
    machine = bearer(Client(), cast.alliance)

    assert stranger.get(url(cast, pilot)).status_code == 404
    assert send(stranger, url(cast, pilot), body(cast, "note")).status_code == 404
    assert send(maker, url(cast, pilot), body(cast, "note")).status_code == 403
    assert maker.get(url(cast, pilot, "api_workbook")).status_code == 403
    for name in ("api_workbook", "api_workbook_entry_list"):
        answer = Client().get(url(cast, pilot, name), headers=machine)
        assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
    assert client_for(None).get(url(cast, pilot)).status_code == 401


def test_refusals_keep_their_code(cast: Cast, pilot: Pilot, tester: Client) -> None:
    data = body(cast, "note")
    send(tester, url(cast, pilot), data)

    other = send(tester, url(cast, pilot), {**data, "text": "Other words"})
    twice = send(tester, url(cast, pilot), body(cast, "scores", scores=[{"criterion": 1, "score": 4}] * 2))
    unknown = send(tester, url(cast, pilot), body(cast, "note", colour="red"))
    mixed = send(tester, url(cast, pilot), body(cast, "note", severity="major"))
    broken = send(tester, url(cast, pilot), body(cast, "photo", file={"name": "a.png", "content": "%%%"}))
    Pilot.objects.filter(pk=pilot.pk).update(state=PilotState.FAILED)
    closed = send(tester, url(cast, pilot), body(cast, "note"))

    assert (other.status_code, other.json()["code"]) == (409, "entry_key_reused")
    assert twice.status_code == mixed.status_code == broken.status_code == 422
    assert unknown.status_code == 422
    assert (closed.status_code, closed.json()["code"]) == (409, "pilot_closed")
    assert WorkbookEntry.objects.count() == 1


def test_an_entry_is_struck_out_by_its_site(cast: Cast, pilot: Pilot, tester: Client, client_for: ClientFor) -> None:
    data = body(cast, "reading")
    send(tester, url(cast, pilot), data)
    where = url(cast, pilot, "api_workbook_entry_strike", key=data["key"])

    foreign = send(client_for(cast.testers[1]), where, {"institution": cast.firms[1].code, "reason": "x"})
    done = send(tester, where, {"institution": cast.firms[0].code, "reason": "Wrong loom"})

    assert foreign.status_code == 404
    assert done.status_code == 200, done.content
    assert Reading.objects.get().struck_at is not None
    assert tester.get(f"{url(cast, pilot)}?struck=true").json()["results"][0]["struck_reason"] == "Wrong loom"


def test_entries_are_paged_without_a_gap(cast: Cast, pilot: Pilot, tester: Client) -> None:
    for _turn in range(3):
        send(tester, url(cast, pilot), body(cast, "note"))

    first = tester.get(f"{url(cast, pilot)}?page_size=2").json()
    second = tester.get(first["next"]).json()

    assert len(first["results"]) == 2
    assert len(second["results"]) == 1
    keys = {row["key"] for row in first["results"] + second["results"]}
    assert len(keys) == 3
