"""Listings over the API: what machines and people read, and the acts of owner and verifiers."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from alliance.models import Alliance
from services.choices import ListingAudience, ListingState
from services.models import Listing
from services.selectors.listing import readable_by
from tests.conftest import ClientFor
from tests.factories.alliance import address
from tests.factories.api import bearer
from tests.factories.groups import stand_aside
from tests.factories.listings import ListingCast, make_drafted, make_listing_cast, make_sent, make_verified

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(act: Alliance) -> ListingCast:
    return make_listing_cast(act)


def post(client: Client, alliance: Alliance, name: str, body: dict[str, Any], **kwargs: Any) -> Any:
    return client.post(address(alliance, name, **kwargs), body, content_type="application/json")


def test_a_listing_is_drafted_sent_and_verified_over_the_api(
    cast: ListingCast, client_for: ClientFor, client: Client
) -> None:
    alliance, owner = cast.alliance, client_for(cast.officer)
    made = post(
        owner,
        alliance,
        "api_listing_list",
        {
            "institution": cast.owner.code,
            "side": "supply",
            "category": "information",
            "title_en": "Energy audits for dyehouses",
            "body_en": "Two days in your plant.",
            "labels": ["audit", "dyehouse"],
            "money_max": "9000.00",
            "pricing": "fixed",
        },
    )
    assert made.status_code == 201, made.content
    code = made.json()["code"]
    assert made["Location"] == address(alliance, "api_listing_detail", code=code)
    changed = post(owner, alliance, "api_listing_change", {"edition": 1, "region_code": "440600"}, code=code)
    assert (changed.json()["edition"], changed.json()["region_code"]) == (2, "440600")
    stale = post(owner, alliance, "api_listing_change", {"edition": 1, "region_code": ""}, code=code)
    assert (stale.status_code, stale.json()["code"]) == (409, "edit_conflict")
    sent = post(owner, alliance, "api_listing_step", {}, code=code, step="submit_listing")
    assert sent.json()["state"] == "pending"

    first = post(client_for(cast.office), alliance, "api_listing_check", {"verdict": "passed", "revision": 1}, code=code)
    assert first.json()["state"] == "checked"
    again = post(
        client_for(cast.second_office), alliance, "api_listing_check", {"verdict": "passed", "revision": 1}, code=code
    )
    assert (again.status_code, again.json()["code"]) == (403, "same_institution")
    second = post(
        client_for(cast.committee),
        alliance,
        "api_listing_check",
        {"verdict": "passed", "revision": 1, "institution": cast.committee_house.code},
        code=code,
    )
    assert second.json()["state"] == "published"
    listed = client.get(address(alliance, "api_listing_list"), headers=bearer(client, alliance)).json()["results"]
    assert [row["code"] for row in listed] == [code]


def test_refusals_name_their_rule(cast: ListingCast, client_for: ClientFor) -> None:
    alliance, owner = cast.alliance, client_for(cast.officer)
    draft = make_drafted(cast, body_en="", body_zh="")
    incomplete = post(owner, alliance, "api_listing_step", {}, code=draft.code, step="submit_listing")
    assert (incomplete.status_code, incomplete.json()["code"]) == (422, "listing_incomplete")
    unknown = post(owner, alliance, "api_listing_step", {}, code=draft.code, step="check_listing")
    assert unknown.status_code == 404
    stranger = post(client_for(cast.reader), alliance, "api_listing_step", {}, code=draft.code, step="withdraw_listing")
    assert stranger.status_code == 404
    office = post(client_for(cast.office), alliance, "api_listing_step", {}, code=draft.code, step="submit_listing")
    assert office.status_code == 403
    wrong = post(owner, alliance, "api_listing_list", {"institution": "nobody", "side": "supply", "category": "information"})
    assert wrong.status_code == 422
    sent = make_sent(cast)
    pointless = post(
        client_for(cast.office), alliance, "api_listing_check", {"verdict": "returned", "revision": 1}, code=sent.code
    )
    assert (pointless.status_code, pointless.json()["code"]) == (422, "points_missing")


def test_each_step_of_the_owner(cast: ListingCast, client_for: ClientFor) -> None:
    owner = client_for(cast.officer)
    for step, body, state in (
        ("revise_listing", {}, "draft"),
        ("fulfil_listing", {}, "fulfilled"),
        ("withdraw_listing", {"reason": "Over."}, "withdrawn"),
    ):
        listing = make_verified(cast)
        answer = post(owner, cast.alliance, "api_listing_step", body, code=listing.code, step=step)
        assert answer.json()["state"] == state, answer.content
    short = make_verified(cast, expires_on=timezone.localdate())
    answer = post(owner, cast.alliance, "api_listing_step", {}, code=short.code, step="renew_listing")
    assert answer.json()["expires_on"] > str(timezone.localdate())


def test_the_api_and_the_pages_agree_on_who_reads_what(cast: ListingCast, client_for: ClientFor) -> None:
    make_drafted(cast)
    pending = make_sent(cast)
    make_verified(cast)
    make_verified(cast, audience=ListingAudience.MEMBERS)
    make_verified(cast, audience=ListingAudience.NAMED, parties=(cast.second_house.code,))
    Listing.objects.filter(pk=make_verified(cast).pk).update(state=ListingState.EXPIRED)
    stand_aside(cast.alliance, cast.committee_house.code, pending.matter)
    on = timezone.localdate()
    counts = set()
    for person in (cast.officer, cast.reader, cast.committee, cast.second_committee, cast.office):
        person.__dict__.pop("_grants", None)
        pages = set(readable_by(cast.alliance, person, on).values_list("code", flat=True))
        answer = client_for(person).get(address(cast.alliance, "api_listing_list")).json()
        assert {row["code"] for row in answer["results"]} == pages, person
        counts.add(len(pages))
    assert counts == {6, 2, 4}, "the owner and the office, a reader and one who stands aside, a verifier who is named"


def test_filters_take_several_values_and_pages_follow_by_cursor(cast: ListingCast, client: Client) -> None:
    codes = [
        make_verified(cast, title_en=f"Number {number}", region_code=("440600", "110000")[number % 2]).code
        for number in range(3)
    ]
    headers = bearer(client, cast.alliance)
    url = address(cast.alliance, "api_listing_list")
    both = client.get(f"{url}?region=440600,110000&fields=code", headers=headers).json()["results"]
    assert {row["code"] for row in both} == set(codes)
    assert all(set(row) == {"code"} for row in both)
    seen, address_of_page = [], f"{url}?page_size=1&ordering=code"
    while address_of_page:
        page = client.get(address_of_page, headers=headers).json()
        seen += [row["code"] for row in page["results"]]
        address_of_page = page["next"]
    assert seen == sorted(codes)
