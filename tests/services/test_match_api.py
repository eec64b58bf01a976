"""The API of docking: what it shows to whom, and that it does what the pages do."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from alliance.choices import AllianceRole
from alliance.kernel import tenancy
from alliance.models import Alliance
from services.actions.match import accept_suggestion, propose_match
from services.choices import MatchState
from services.models import ListingParty, Match, MatchEvent
from tests.conftest import ClientFor, TenantClient
from tests.factories.alliance import address
from tests.factories.api import bearer
from tests.factories.matching import Pair, another_house, index, make_pair, make_supply, person_of
from tests.factories.operations import make_officer

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair(act: Alliance) -> Pair:
    """Two sides."""
    return make_pair(act)


def post(client: Any, url: str, body: dict[str, Any], key: str = "key-00000001") -> Any:
    """Send a write."""
    return client.post(url, body, content_type="application/json", headers={"Idempotency-Key": key})


def test_suggestions_come_with_parts_that_add_up_and_two_reasons_in_the_callers_language(
    act: Alliance, pair: Pair, client_for: ClientFor
) -> None:
    """And are noted as shown."""
    client = client_for(pair.buyer)
    url = address(act, "api_listing_matches", code=pair.demand.code)
    body = client.get(url).json()
    (row,) = body["results"]
    assert (row["code"], row["rank"], row["group"]) == (pair.supply.code, 1, "same")
    assert sum(Decimal(part["points"]) for part in row["parts"]) == Decimal(row["fit"])
    assert len(row["reasons"]) >= 2
    assert "In budget" in [reason["text"] for reason in row["reasons"]]
    assert (body["rule"], body["passing"], body["readable"]) == (0, 1, 1)
    assert MatchEvent.objects.of(act).get().reader == pair.demand.institution


def test_suggestions_are_for_the_listings_side_and_the_desk(act: Alliance, pair: Pair, client_for: ClientFor) -> None:
    """For others the listing is not there."""
    url = address(act, "api_listing_matches", code=pair.demand.code)
    assert client_for(pair.seller).get(url).status_code == 404
    assert client_for(pair.secretary).get(url).status_code == 200
    assert client_for(None).get(url).status_code == 401
    machine = TenantClient()
    assert machine.get(url, headers=bearer(machine, act, ["listings:read"])).status_code == 403


def test_a_confidential_listing_is_in_no_answer_for_others(act: Alliance, pair: Pair, client_for: ClientFor) -> None:
    """Nor in its counts, nor in the scores."""
    client = client_for(pair.buyer)
    url = address(act, "api_listing_matches", code=pair.demand.code)
    before = client.get(url).json()
    secret = make_supply(act, title_en="Stenter steam heat recovery marker", audience="named")
    index(act, secret)
    assert client.get(url).json() == before
    answer = post(client, url, {"other": secret.code, "act": "accept"})
    unknown = post(client, url, {"other": "S-none", "act": "accept"}, "key-00000002")
    assert (answer.status_code, unknown.status_code) == (404, 404)
    ListingParty.objects.create(alliance=act, listing=secret, institution=pair.demand.institution)
    assert secret.code in [row["code"] for row in client.get(url).json()["results"]]


def test_a_match_from_acceptance_to_agreement(act: Alliance, pair: Pair, client_for: ClientFor) -> None:
    """Each step answers with the match; the same request twice acts once."""
    buyer, seller = client_for(pair.buyer), client_for(pair.seller)
    url = address(act, "api_listing_matches", code=pair.demand.code)
    first = post(buyer, url, {"other": pair.supply.code, "act": "accept", "words": "In December?"})
    assert first.status_code == 201
    assert post(buyer, url, {"other": pair.supply.code, "act": "accept", "words": "In December?"}).json() == first.json()
    code = first.json()["code"]
    assert first["Location"].endswith(f"/matches/{code}/")
    answer = post(seller, address(act, "api_match_answer", code=code), {"side": "supply", "accepted": True})
    assert answer.json()["state"] == MatchState.INTRODUCED
    step = address(act, "api_match_step", code=code, step="note_contact")
    assert post(buyer, step, {}, "key-00000002").json()["state"] == MatchState.IN_TALKS
    agree = address(act, "api_match_step", code=code, step="agree_match")
    done = post(buyer, agree, {"outcome": "Survey"}, "key-00000003").json()
    assert (done["state"], done["outcome"]) == (MatchState.AGREED, "Survey")
    again = post(buyer, agree, {"outcome": "Survey"}, "key-00000004")
    assert again.status_code == 409
    assert again.json()["code"] == "transition_refused"


def test_a_decline_needs_a_reason_and_an_acceptance_takes_none(act: Alliance, pair: Pair, client_for: ClientFor) -> None:
    """Each refusal names the field."""
    client = client_for(pair.buyer)
    url = address(act, "api_listing_matches", code=pair.demand.code)
    for number, body in enumerate(
        (
            {"other": pair.supply.code, "act": "decline"},
            {"other": pair.supply.code, "act": "accept", "reason": "price"},
        )
    ):
        refused = post(client, url, body, f"key-0000000{number}")
        assert refused.status_code == 422
        assert "reason" in refused.json()["errors"]
    assert post(client, url, {"other": pair.supply.code, "act": "decline", "reason": "price"}).status_code == 201


def test_matches_are_listed_for_both_sides_and_the_desk(act: Alliance, pair: Pair, client_for: ClientFor) -> None:
    """Not for other members; not those of confidential listings for the committee."""
    match = accept_suggestion(act, pair.demand.code, pair.supply.code, actor=pair.buyer, at=timezone.now())
    lists = address(act, "api_match_list")
    detail = address(act, "api_match_detail", code=match.code)
    readers = [pair.buyer, pair.seller, pair.secretary, pair.member, make_officer(act, AllianceRole.AUDITOR)]
    for reader in readers:
        rows = client_for(reader).get(lists).json()["results"]
        assert [row["code"] for row in rows] == [match.code]
        assert client_for(reader).get(detail).status_code == 200
    stranger = client_for(person_of(another_house(act)))
    assert stranger.get(lists).json()["results"] == []
    assert stranger.get(detail).status_code == 404
    pair.supply.audience = "named"
    pair.supply.save()
    member = client_for(pair.member)
    assert member.get(lists).json()["results"] == []
    assert member.get(detail).status_code == 404
    assert client_for(pair.seller).get(detail).status_code == 200


def test_another_alliance_is_not_there(act: Alliance, other_alliance: Alliance, pair: Pair, client_for: ClientFor) -> None:
    """Neither its matches nor its listings."""
    with tenancy.acting_in(other_alliance):
        foreign = make_pair(other_alliance)
        match = propose_match(
            other_alliance, foreign.demand.code, foreign.supply.code, actor=foreign.secretary, at=timezone.now()
        )
    client = client_for(pair.secretary)
    assert client.get(address(act, "api_match_list")).json()["results"] == []
    assert client.get(address(act, "api_match_detail", code=match.code)).status_code == 404
    assert client.get(address(act, "api_listing_matches", code=foreign.demand.code)).status_code == 404
    assert not Match.objects.of(act).exists()
