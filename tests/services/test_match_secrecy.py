"""A match outlives what brought it about; nobody reads through it what the listing itself would not show."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from alliance.choices import AllianceRole
from alliance.kernel.errors import ConflictOfInterestError, DomainError, NotFoundError
from alliance.models import Alliance, InboxItem, Notification, User
from services.actions.contract import start_contract
from services.actions.listing import update_listing
from services.actions.listing_life import revise_listing, withdraw_listing
from services.actions.match import accept_match, accept_suggestion, decline_suggestion, end_match, propose_match
from services.models import Listing, ListingParty, Match
from services.selectors.match import visible_matches
from services.selectors.match_quality import csv_rows
from tests.conftest import ClientFor
from tests.factories.alliance import address, make_member
from tests.factories.groups import stand_aside
from tests.factories.matching import Pair, another_house, index, make_pair
from tests.factories.members import make_staff

pytestmark = pytest.mark.django_db
SECRET = "Hush hush 81"


@pytest.fixture
def pair(act: Alliance) -> Pair:
    return make_pair(act)


def rewrite(pair: Pair, listing: Listing, by: User) -> None:
    """The owner takes the listing back to a draft and writes what nobody verified."""
    alliance = listing.alliance
    revise_listing(alliance, listing.code, actor=by, at=timezone.now())
    listing.refresh_from_db()
    words = {"title_en": SECRET, "title_zh": SECRET, "body_en": SECRET}
    update_listing(alliance, listing.code, actor=by, values=words, edition=listing.edition, at=timezone.now())


def told(reader: User, match: Match, client_for: ClientFor) -> set[str]:
    """Roads by which a reader meets the words."""
    alliance, client = match.alliance, client_for(reader)
    pages = {
        "page": address(alliance, "match_detail", code=match.code),
        "portal": address(alliance, "portal_matches"),
        "console": address(alliance, "match_list") + "?state=",
        "api": address(alliance, "api_match_detail", code=match.code),
        "api list": address(alliance, "api_match_list"),
        "inbox": address(alliance, "inbox"),
        "done": address(alliance, "inbox") + "?view=done",
        "contract": address(alliance, "contract_new") + f"?match={match.code}",
    }
    return {name for name, url in pages.items() if SECRET in client.get(url).content.decode()}


def test_a_draft_is_not_read_through_a_match_of_what_it_was(act: Alliance, pair: Pair, client_for: ClientFor) -> None:
    """A silent decline keeps a match for good; it must not show the seller what the buyer writes next."""
    match = decline_suggestion(
        act, pair.supply.code, pair.demand.code, reason="capacity", actor=pair.seller, at=timezone.now()
    )
    rewrite(pair, pair.demand, pair.buyer)

    assert told(pair.seller, match, client_for) == set()
    assert told(pair.member, match, client_for) == set(), "the committee reads no draft either"
    assert "page" in told(pair.buyer, match, client_for)
    assert "page" in told(pair.secretary, match, client_for)
    page = client_for(pair.seller).get(address(act, "match_detail", code=match.code)).content.decode()
    assert pair.demand.code in page
    assert "not open to you at present" in page


def test_what_is_now_addressed_to_others_or_taken_back_is_not_read_through_a_match(
    act: Alliance, pair: Pair, client_for: ClientFor
) -> None:
    match = accept_suggestion(act, pair.demand.code, pair.supply.code, actor=pair.buyer, at=timezone.now())
    Listing.objects.of(act).filter(pk=pair.demand.pk).update(title_en=SECRET, body_en=SECRET)
    assert "page" in told(pair.seller, match, client_for)
    Listing.objects.of(act).filter(pk=pair.demand.pk).update(audience="named")
    assert told(pair.seller, match, client_for) == set()
    ListingParty.objects.create(alliance=act, listing=pair.demand, institution=pair.supply.institution)
    assert "page" in told(pair.seller, match, client_for)

    withdraw_listing(act, pair.demand.code, actor=pair.buyer, at=timezone.now())
    assert told(pair.seller, match, client_for) == set()


def test_no_notice_and_no_contract_tells_the_title_of_a_draft(act: Alliance, pair: Pair, client_for: ClientFor) -> None:
    match = accept_suggestion(act, pair.demand.code, pair.supply.code, actor=pair.buyer, at=timezone.now())
    accept_match(act, match.code, "supply", actor=pair.seller, at=timezone.now())
    rewrite(pair, pair.demand, pair.buyer)

    assert told(pair.seller, match, client_for) == set()
    with pytest.raises(DomainError) as refused:
        start_contract(act, match.code, actor=pair.seller, at=timezone.now())
    assert "title_en" in refused.value.fields  # type: ignore[attr-defined]
    end_match(act, match.code, outcome="No time.", actor=pair.buyer, at=timezone.now())
    texts = [
        *InboxItem.objects.of(act).values_list("params", flat=True),
        *Notification.objects.of(act).values_list("params", flat=True),
    ]
    assert texts
    assert SECRET not in str(texts)


def test_who_stands_aside_from_a_confidential_listing_meets_none_of_its_matches_in_any_role(
    act: Alliance, pair: Pair, client_for: ClientFor
) -> None:
    Listing.objects.of(act).filter(pk=pair.supply.pk).update(audience="named", title_en=SECRET)
    ListingParty.objects.create(alliance=act, listing=pair.supply, institution=pair.demand.institution)
    index(act, pair.supply)
    match = accept_suggestion(act, pair.demand.code, pair.supply.code, actor=pair.buyer, at=timezone.now())
    rival = another_house(act)
    people = [make_member(act, role) for role in (AllianceRole.SECRETARIAT, AllianceRole.AUDITOR)]
    for person in people:
        make_staff(rival, person)
        assert {"page", "console"} <= told(person, match, client_for)

    stand_aside(act, rival.code, pair.supply.matter)

    now = timezone.now()
    for person in people:
        assert told(person, match, client_for) == set()
        assert not visible_matches(act, person, at=now).exists()
        client: Any = client_for(person)
        assert client.get(address(act, "api_match_list")).json()["results"] == []
        for name in ("console_listing_matches", "api_listing_matches"):
            assert client.get(address(act, name, code=pair.supply.code)).status_code == 404
        seen = client.get(address(act, "console_listing_matches", code=pair.demand.code)).content.decode()
        assert pair.supply.code not in seen
        assert pair.supply.code not in str(list(csv_rows(act, person, since=pair.supply.created_at, until=now)))
    with pytest.raises(NotFoundError):
        propose_match(act, pair.demand.code, pair.supply.code, actor=people[0], at=now)
    assert pair.supply.code in str(list(csv_rows(act, pair.secretary, since=pair.supply.created_at, until=now)))


def test_who_stands_aside_from_a_listing_does_not_rule_on_its_matches(act: Alliance, pair: Pair) -> None:
    """Though it is public and anybody may read it."""
    rival = another_house(act)
    person = make_member(act, AllianceRole.SECRETARIAT)
    make_staff(rival, person)
    stand_aside(act, rival.code, pair.supply.matter)
    with pytest.raises(ConflictOfInterestError):
        propose_match(act, pair.demand.code, pair.supply.code, actor=person, at=timezone.now())
    with pytest.raises(ConflictOfInterestError):
        withdraw_listing(act, pair.supply.code, actor=person, reason="No.", at=timezone.now())
