"""Pages of docking: what they show, to whom, and by how many queries."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from alliance.choices import AllianceRole
from alliance.kernel import tenancy
from alliance.models import Alliance, User
from services.actions.contract import start_contract
from services.actions.match import accept_match, accept_suggestion, propose_match
from services.actions.match_rule import propose_match_rule
from services.choices import MatchState
from services.models import Listing, ListingParty, Match, MatchCriteria, MatchEvent, MatchRule
from services.quality import EventRow, measure
from services.selectors.match_quality import quality_of
from tests.conftest import ClientFor
from tests.factories.alliance import address
from tests.factories.matching import Pair, index, make_demand, make_pair, make_supply
from tests.factories.operations import make_officer, make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair(act: Alliance) -> Pair:
    """Two sides."""
    return make_pair(act)


def at(alliance: Alliance, name: str, **kwargs: Any) -> str:
    """Address of a page of an alliance."""
    return address(alliance, name, **kwargs)


def text(response: Any) -> str:
    """The page without its marks."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def test_the_console_shows_suggestions_with_reasons_and_notes_what_it_showed(
    act: Alliance, pair: Pair, client_for: ClientFor
) -> None:
    """As mock 05."""
    client = client_for(pair.secretary)
    response = client.get(at(act, "console_listing_matches", code=pair.demand.code))
    assert response.status_code == 200
    page = text(response)
    assert f"Matches for {pair.demand.code}" in page
    assert "1 of 1 supplies pass the criteria." in page
    assert pair.supply.title in page
    assert "In budget" in page
    assert "No track record yet" in page
    assert "Accept and invite" in page
    assert "own weights; the committee has set no rule yet" in page
    assert response.content.count(b'class="tag ok"') >= 2
    event = MatchEvent.objects.of(act).get()
    assert (event.kind, event.rank, event.reader, event.institution_kind) == ("shown", 1, None, "leading_enterprise")


def test_who_is_tied_to_a_side_reads_why_and_gets_no_buttons(act: Alliance, pair: Pair, client_for: ClientFor) -> None:
    """Others of the desk read it too, and may act."""
    pair.member.name_en = "Zhou Wei"
    pair.member.save()
    make_staff(act, pair.supply.institution, "staff", pair.member)  # type: ignore[arg-type]
    url = at(act, "console_listing_matches", code=pair.demand.code)
    page = text(client_for(pair.member).get(url))
    assert "Conflict check: Zhou Wei" in page
    assert "Accept and invite" not in page
    page = text(client_for(pair.secretary).get(url))
    assert "Conflict check: Zhou Wei" in page
    assert "Accept and invite" in page
    refused = client_for(pair.member).post(
        at(act, "console_match_accept", code=pair.demand.code, other=pair.supply.code), {"x": "1"}
    )
    assert refused.status_code == 403


def test_the_desk_accepts_and_declines_from_the_page(act: Alliance, pair: Pair, client_for: ClientFor) -> None:
    """By a button, and by a form that keeps what was typed."""
    client = client_for(pair.secretary)
    response = client.post(at(act, "console_match_accept", code=pair.demand.code, other=pair.supply.code), {"x": "1"})
    assert response.status_code == 302
    assert Match.objects.of(act).get().state == MatchState.SUGGESTED
    other = make_supply(act)
    index(act, other)
    url = at(act, "console_match_decline", code=pair.demand.code, other=other.code)
    refused = client.post(url, {"words": "Half a thought"})
    assert refused.status_code == 422
    assert "Half a thought" in text(refused)
    assert client.post(url, {"reason": "region", "words": "Half a thought"}).status_code == 302
    assert Match.objects.of(act).get(supply=other).state == MatchState.DECLINED


def test_a_member_accepts_and_both_meet(act: Alliance, pair: Pair, client_for: ClientFor) -> None:
    """From the own list to the contacts."""
    buyer, seller = client_for(pair.buyer), client_for(pair.seller)
    page = buyer.get(at(act, "portal_listing_matches", code=pair.demand.code))
    assert pair.supply.title in text(page)
    assert MatchEvent.objects.of(act).get().reader == pair.demand.institution
    buyer.post(at(act, "portal_match_accept", code=pair.demand.code, other=pair.supply.code), {"x": "1"})
    match = Match.objects.of(act).get()
    url = at(act, "match_detail", code=match.code)
    assert pair.buyer.email not in text(seller.get(url))
    seller.post(at(act, "match_answer_accept", code=match.code), {"side": "supply"})
    for client in (buyer, seller):
        page = client.get(url)
        assert pair.buyer.email in text(page)
        assert pair.seller.email in text(page)
    assert pair.buyer.email not in text(client_for(pair.member).get(url))
    buyer.post(at(act, "match_contact", code=match.code))
    buyer.post(at(act, "match_agree", code=match.code), {"outcome": "Survey in December"})
    match.refresh_from_db()
    assert (match.state, match.outcome) == (MatchState.AGREED, "Survey in December")
    assert "Survey in December" in text(seller.get(url))


def test_a_match_leads_to_its_contract_and_only_those_who_may_see_it_are_led_there(
    act: Alliance, pair: Pair, client_for: ClientFor
) -> None:
    buyer, seller, desk = client_for(pair.buyer), client_for(pair.seller), client_for(pair.secretary)
    buyer.post(at(act, "portal_match_accept", code=pair.demand.code, other=pair.supply.code), {"x": "1"})
    match = Match.objects.of(act).get()
    url = at(act, "match_detail", code=match.code)
    begin = f"{at(act, 'contract_new')}?match={match.code}"
    assert begin not in desk.get(url).content.decode()
    seller.post(at(act, "match_answer_accept", code=match.code), {"side": "supply"})
    assert begin in buyer.get(url).content.decode()
    assert begin in desk.get(url).content.decode()

    contract = start_contract(act, match.code, actor=pair.secretary, at=timezone.now())

    link = at(act, "contract_detail", code=contract.code)
    for client in (buyer, seller, desk):
        page = client.get(url).content.decode()
        assert link in page
        assert begin not in page
    assert client_for(pair.buyer).get(link).status_code == 200


def test_a_member_declines_with_a_reason(act: Alliance, pair: Pair, client_for: ClientFor) -> None:
    """From the own list, and an invitation."""
    client = client_for(pair.buyer)
    url = at(act, "portal_match_decline", code=pair.demand.code, other=pair.supply.code)
    assert client.get(url).status_code == 200
    assert client.post(url, {"reason": "other"}).status_code == 422
    assert client.post(url, {"reason": "price"}).status_code == 302
    assert "Nothing fits yet" in text(client.get(at(act, "portal_listing_matches", code=pair.demand.code)))


def test_the_reasons_of_a_score_add_up_on_the_page(act: Alliance, pair: Pair, client_for: ClientFor) -> None:
    """Each summand stands there, with the statistics it rests on."""
    response = client_for(pair.buyer).get(at(act, "portal_match_why", code=pair.demand.code, other=pair.supply.code))
    page = response.content.decode()
    rows = re.findall(r'<tr class="sum"><th scope="row"><b>([^<]+)</b></th><td class="num"><b>([−\d.]+)</b>', page)
    assert [label for label, _points in rows] == [
        "Same topic and process",
        "Track record",
        "Distance and dates",
        "Price in budget",
    ]
    total = re.search(r'<b>Fit</b></th><td class="num"><b>([\d.]+)</b>', page)
    assert total is not None
    assert sum(round(float(points) * 10**6) for _label, points in rows) == round(float(total[1]) * 10**6)
    items = re.findall(r'class="tree-1">([^<]+)</td><td class="num">([\d.]+)<', page)
    assert sum(round(float(points) * 10**6) for _label, points in items) == round(float(total[1]) * 10**6)
    assert "stenter" in page
    assert "BM25" in page
    assert MatchEvent.objects.of(act).get().kind == "opened"


def test_criteria_change_the_list_at_once(act: Alliance, pair: Pair, client_for: ClientFor) -> None:
    """And are read again on the form."""
    client = client_for(pair.buyer)
    url = at(act, "match_criteria", code=pair.demand.code)
    answer = client.post(url, {"regions": ["320000"], "in_time_only": "on"})
    assert answer.status_code == 302
    assert "0 of 1 supplies pass" in text(client.get(at(act, "portal_listing_matches", code=pair.demand.code)))
    wrong = client.post(url, {"weight_topic": "90", "weight_record": "5", "weight_time_place": "5", "weight_price": "5"})
    assert wrong.status_code == 422
    assert "must add up to 100" in text(wrong)
    assert MatchCriteria.objects.of(act).get().regions == ["320000"]
    assert client_for(pair.secretary).get(url).status_code == 404


def test_interest_needs_a_listing_of_ones_own(act: Alliance, pair: Pair, client_for: ClientFor) -> None:
    """The page says so; with one it is sent with it."""
    client = client_for(pair.seller)
    other = make_supply(act)
    index(act, other)
    assert client.get(at(act, "match_interest", code=pair.supply.code)).status_code == 404
    page = client.get(at(act, "match_interest", code=pair.demand.code))
    assert pair.supply.code in text(page)
    assert "Publish a listing of your own first" in text(client.get(at(act, "match_interest", code=other.code)))
    client.post(at(act, "match_interest", code=pair.demand.code), {"own": pair.supply.code, "words": "We can help."})
    match = Match.objects.of(act).get()
    assert (match.origin, match.words, match.state) == ("interest", "We can help.", MatchState.INVITED)


def test_for_you_finds_listings_by_what_an_institution_brings(act: Alliance, pair: Pair, client_for: ClientFor) -> None:
    """Its own listings, elements and products; never its own listings."""
    page = text(client_for(pair.seller).get(at(act, "portal_matches")))
    assert pair.demand.title in page
    assert "Your open listings" in page
    assert "1 of 1 demands pass the criteria." in page


def test_the_desk_proposes_by_hand(act: Alliance, pair: Pair, client_for: ClientFor) -> None:
    """With words; codes that do not fit are said."""
    client = client_for(pair.secretary)
    url = at(act, "match_propose")
    values = {"demand": pair.demand.code, "supply": "S-9999", "words": "You met at the fair."}
    refused = client.post(url, values)
    assert refused.status_code == 422
    assert "Check both codes" in text(refused)
    assert client.post(url, {**values, "supply": pair.supply.code}).status_code == 302
    assert Match.objects.of(act).get().words == "You met at the fair."
    page = text(client.get(at(act, "match_list")))
    assert Match.objects.of(act).get().code in page


def test_two_people_change_the_rule_on_its_page(act: Alliance, pair: Pair, client_for: ClientFor) -> None:
    """The method is read by members too."""
    secretary, member = client_for(pair.secretary), client_for(pair.member)
    values = {"weight_topic": "50", "weight_record": "20", "weight_time_place": "20", "weight_price": "10", "balance": "0.5"}
    assert secretary.post(at(act, "match_rule_new"), {**values, "weight_price": "30"}).status_code == 422
    assert secretary.post(at(act, "match_rule_new"), values).status_code == 302
    assert "Approve the rule" not in text(secretary.get(at(act, "match_rule")))
    page = member.get(at(act, "match_rule"))
    assert "Approve the rule" in text(page)
    number = page.context["waiting"].pk
    member.post(at(act, "match_rule_approve", number=number))
    assert MatchRule.objects.of(act).get(is_current=True).weights["topic"] == 50
    assert "version 1" in text(client_for(pair.buyer).get(at(act, "match_rule")))
    second = propose_match_rule(
        act,
        weights={**{k: int(v) for k, v in list_weights(values)}, "topic": 40, "price": 20},
        balance=0,
        actor=pair.secretary,
        at=timezone.now(),
    )
    refuse = at(act, "match_rule_refuse", number=second.pk)
    assert member.post(refuse, {"reason": "Not now"}).status_code == 302


def list_weights(values: dict[str, str]) -> list[tuple[str, str]]:
    """The weights among a form's values."""
    return [(name.removeprefix("weight_"), value) for name, value in values.items() if name.startswith("weight_")]


def test_the_quality_panel_says_what_the_raw_events_say(act: Alliance, pair: Pair, client_for: ClientFor) -> None:
    """Recomputed from the table that it offers."""
    buyer = client_for(pair.buyer)
    buyer.get(at(act, "portal_listing_matches", code=pair.demand.code))
    match = accept_suggestion(act, pair.demand.code, pair.supply.code, actor=pair.buyer, at=timezone.now())
    accept_match(act, match.code, "supply", actor=pair.seller, at=timezone.now())
    client = client_for(pair.secretary)
    page = client.get(at(act, "match_quality"))
    assert page.status_code == 200
    shown = page.context["quality"]
    assert (shown.precision, shown.ndcg, shown.accepted, shown.acceptance) == (1.0, 1.0, 2, 1.0)
    table = client.get(at(act, "match_quality_csv")).content.decode("utf-8-sig")
    rows = [
        EventRow(
            row["kind"],
            row["listing"],
            row["other"],
            timezone.datetime.fromisoformat(row["at"].replace("Z", "+00:00")),  # type: ignore[attr-defined]
            int(row["rank"]) if row["rank"] else None,
            row["institution_kind"],
        )
        for row in csv.DictReader(io.StringIO(table))
    ]
    now = timezone.now() + timedelta(seconds=1)
    assert measure(rows, now - timedelta(days=90), now) == shown
    assert measure(rows, now - timedelta(days=90), now) == quality_of(act, since=now - timedelta(days=90), until=now)


# ------------------------------------------------------------------------------------------------------- isolation and counts


def test_a_confidential_listing_changes_no_page_count_or_figure_of_others(
    act: Alliance, pair: Pair, client_for: ClientFor
) -> None:
    """Before and after it is there, another member's page is the same, byte for byte but for its marks."""
    third = make_supply(act, title_en="Steam meters for stenters")
    index(act, third)
    client = client_for(pair.buyer)
    urls = [
        at(act, "portal_listing_matches", code=pair.demand.code),
        at(act, "portal_match_why", code=pair.demand.code, other=pair.supply.code),
        at(act, "portal_matches") + "?side=supply",
    ]
    before = [text(client.get(url)) for url in urls]
    secret = make_supply(act, title_en="Stenter steam heat recovery marker", audience="named")
    index(act, secret)
    assert [text(client.get(url)) for url in urls] == before
    assert client.get(at(act, "portal_match_why", code=pair.demand.code, other=secret.code)).status_code == 404
    answer = client.post(at(act, "portal_match_accept", code=pair.demand.code, other=secret.code), {"x": "1"})
    assert answer.status_code == 404
    ListingParty.objects.create(alliance=act, listing=secret, institution=pair.demand.institution)
    assert "marker" in text(client.get(urls[0]))


def test_an_expired_listing_is_gone_at_once(act: Alliance, pair: Pair, client_for: ClientFor) -> None:
    """Although the index still knows it."""
    pair.supply.expires_on = timezone.localdate() - timedelta(days=1)
    pair.supply.save()
    page = text(client_for(pair.buyer).get(at(act, "portal_listing_matches", code=pair.demand.code)))
    assert pair.supply.title not in page


def test_nobody_sees_the_suggestions_of_a_listing_of_others(act: Alliance, pair: Pair, client_for: ClientFor) -> None:
    """In the portal: not there; in the console: not for members."""
    seller = client_for(pair.seller)
    for name in ("portal_listing_matches", "match_criteria"):
        assert seller.get(at(act, name, code=pair.demand.code)).status_code == 404
    assert seller.get(at(act, "console_listing_matches", code=pair.demand.code)).status_code == 403
    assert seller.get(at(act, "match_quality")).status_code == 403


def test_pages_of_another_alliance_are_not_there(
    act: Alliance, other_alliance: Alliance, pair: Pair, client_for: ClientFor
) -> None:
    """A code of another alliance answers like one that does not exist."""
    with tenancy.acting_in(other_alliance):
        foreign = make_pair(other_alliance)
        foreign.demand.code = "D-FOREIGN"
        foreign.demand.save()
        match = propose_match(other_alliance, "D-FOREIGN", foreign.supply.code, actor=foreign.secretary, at=timezone.now())
    client = client_for(pair.secretary)
    assert client.get(at(act, "console_listing_matches", code="D-FOREIGN")).status_code == 404
    assert client.get(at(act, "match_detail", code=match.code)).status_code == 404


def queries(client: Any, url: str) -> int:
    """How many statements a page takes the second time."""
    client.get(url)
    with CaptureQueriesContext(connection) as context:
        assert client.get(url).status_code == 200
    return len(context)


@pytest.mark.parametrize("name", ["console_listing_matches", "portal_listing_matches", "portal_matches", "match_list"])
def test_the_number_of_queries_does_not_grow_with_the_rows(
    act: Alliance, pair: Pair, client_for: ClientFor, name: str
) -> None:
    """Eight more listings of eight more institutions."""
    user: User = pair.secretary if name in {"console_listing_matches", "match_list"} else pair.buyer
    client = client_for(user)
    kwargs = {"code": pair.demand.code} if "listing" in name else {}
    more = [make_supply(act), make_supply(act)]
    index(act, *more)
    propose_match(act, make_indexed(act).code, more[0].code, actor=pair.secretary, at=timezone.now())
    few = queries(client, at(act, name, **kwargs))
    more = [make_supply(act) for _turn in range(8)]
    index(act, *more)
    for other in more[:4]:
        propose_match(act, make_indexed(act).code, other.code, actor=pair.secretary, at=timezone.now())
    assert queries(client, at(act, name, **kwargs)) == few
    assert few < 70


def make_indexed(alliance: Alliance) -> Any:
    """Another demand that the index knows."""
    demand = make_demand(alliance)
    index(alliance, demand)
    return demand


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_page_opens_in_both_languages(act: Alliance, pair: Pair, client_for: ClientFor, language: str) -> None:
    """For the desk, with a match under way."""
    match = propose_match(act, pair.demand.code, pair.supply.code, actor=pair.secretary, at=timezone.now())
    other = make_supply(act, title_en="", title_zh="定型机余热回收", body_en="", body_zh="回收定型机废气余热，节约蒸汽。")
    index(act, other)
    client = client_for(pair.secretary)
    client.cookies["django_language"] = language
    for url in (
        at(act, "match_list"),
        at(act, "match_detail", code=match.code),
        at(act, "match_propose"),
        at(act, "match_rule"),
        at(act, "match_rule_new"),
        at(act, "match_quality") + "?days=7",
        at(act, "console_listing_matches", code=pair.demand.code) + "?all=1",
        at(act, "console_listing_matches", code=pair.supply.code),
        at(act, "match_list") + "?state=suggested",
    ):
        assert client.get(url).status_code == 200, url


def test_the_auditor_reads_and_does_nothing(act: Alliance, pair: Pair, client_for: ClientFor) -> None:
    """No button, and no act."""
    client = client_for(make_officer(act, AllianceRole.AUDITOR))
    page = text(client.get(at(act, "console_listing_matches", code=pair.demand.code)))
    assert "Accept and invite" not in page
    assert (
        client.post(at(act, "console_match_accept", code=pair.demand.code, other=pair.supply.code), {"x": 1}).status_code
        == 403
    )


def test_a_match_says_whose_answer_is_next_and_offers_none_while_a_listing_is_closed(
    act: Alliance, pair: Pair, client_for: ClientFor
) -> None:
    match = accept_suggestion(
        act, pair.demand.code, pair.supply.code, words="Come in December.", actor=pair.buyer, at=timezone.now()
    )
    url = at(act, "match_detail", code=match.code)
    buyer, seller = client_for(pair.buyer), client_for(pair.seller)
    waiting = text(buyer.get(url))
    assert pair.supply.institution is not None
    assert f"Next step: {pair.supply.institution.name} answers." in waiting
    assert waiting.count("Come in December.") == 1, "what was said stands once"
    asked = seller.get(url)
    assert f"Next step: your answer for {pair.supply.code}." in text(asked)
    assert at(act, "match_answer_accept", code=match.code) in asked.content.decode()
    Listing.objects.filter(pk=pair.demand.pk).update(state="withdrawn")
    closed = seller.get(url)
    assert f"the listing {pair.demand.code} is not open any more" in text(closed)
    assert at(act, "match_answer_accept", code=match.code) not in closed.content.decode()


def test_the_page_of_a_score_shows_the_figure_and_the_place_of_the_list(
    act: Alliance, pair: Pair, client_for: ClientFor
) -> None:
    """A pair that was brought together left the list; explained among the others, it made their figures smaller."""
    weak = make_supply(act, title_en="Training on heat", body_en="A course about heat in dyehouses.", labels=[])
    middle = make_supply(act, title_en="Exhaust heat survey", body_en="We measure the exhaust heat of machines.", labels=[])
    index(act, weak, middle)
    accept_suggestion(act, pair.demand.code, pair.supply.code, actor=pair.buyer, at=timezone.now())
    client = client_for(pair.secretary)
    page = client.get(at(act, "console_listing_matches", code=pair.demand.code))
    rows = [*page.context["same"], *page.context["other"]]
    assert pair.supply.code not in {row["listing"].code for row in rows}
    assert len(rows) == 2
    for row in rows:
        why = client.get(row["why_url"])
        assert int(why.context["fit"].to_integral_value()) == row["fit"], row["listing"].code
        assert why.context["suggestion"].rank == row["rank"]
    gone = client.get(at(act, "console_match_why", code=pair.demand.code, other=pair.supply.code))
    assert gone.status_code == 200, "what was brought together is still explained"


def test_a_weight_out_of_bounds_is_told_what_to_write(act: Alliance, pair: Pair, client_for: ClientFor) -> None:
    url = at(act, "match_criteria", code=pair.demand.code)
    answer = client_for(pair.buyer).post(url, {"weight_topic": "900"})
    assert answer.status_code == 422
    assert "Write a number up to 100." in text(answer)
