"""Pages of listings: the member's, the desk's and the public's; nothing confidential by any road."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from alliance.models import Alliance
from members.choices import InstitutionState
from services.actions.listing import add_listing_file, draft_listing, submit_listing, update_listing
from services.choices import ListingAudience, ListingState
from services.models import Listing
from services.selectors import public
from services.selectors.listing import count_desk, list_alike, list_desk, readable_by
from services.selectors.listing_quality import judge_quality
from services.selectors.reference import refer_listings
from tests.conftest import ClientFor
from tests.factories.alliance import address
from tests.factories.api import bearer
from tests.factories.groups import stand_aside
from tests.factories.listings import (
    ListingCast,
    listing_values,
    make_drafted,
    make_listing_cast,
    make_sent,
    make_verified,
    verify,
)

pytestmark = pytest.mark.django_db
ATOM = "{http://www.w3.org/2005/Atom}"
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


@pytest.fixture
def cast(act: Alliance) -> ListingCast:
    return make_listing_cast(act)


def form_data(**changes: Any) -> dict[str, Any]:
    """What a browser sends for the guided form."""
    values = listing_values(pricing="to_agree", audience="public", **changes)
    values["labels"] = "; ".join(values["labels"]) if isinstance(values["labels"], list) else values["labels"]
    return {name: value for name, value in values.items() if value is not None}


# --------------------------------------------------------------------------------------------------------------- the owner


def test_a_need_goes_from_the_form_to_the_public_list(cast: ListingCast, client_for: ClientFor, client: Client) -> None:
    owner, desk, second = client_for(cast.officer), client_for(cast.office), client_for(cast.committee)
    made = owner.post(address(cast.alliance, "portal_listing_new"), form_data(region_code="佛山市"))
    listing = Listing.objects.get()
    assert made.status_code == 302
    assert made["Location"] == address(cast.alliance, "portal_listing_submit", code=listing.code)

    page = owner.get(made["Location"]).content.decode()
    assert "of 100 points" in page
    assert owner.post(made["Location"]).status_code == 302
    for reader in (desk, second):
        form = reader.get(address(cast.alliance, "listing_check", code=listing.code))
        assert form.status_code == 200
        said = reader.post(address(cast.alliance, "listing_check", code=listing.code), {"verdict": "passed", "revision": 1})
        assert said.status_code == 302

    listing.refresh_from_db()
    assert listing.state == ListingState.PUBLISHED
    assert listing.title_en in client.get(address(cast.alliance, "listing_list")).content.decode()
    shown = client.get(address(cast.alliance, "listing_detail", code=listing.code)).content.decode()
    assert "Foshan" in shown
    assert owner.get(address(cast.alliance, "portal_listings")).content.decode().count(listing.code) >= 1
    assert (
        listing.title_en
        in client_for(cast.reader).get(address(cast.alliance, "portal_listings") + "?show=others").content.decode()
    )


def test_what_is_wrong_is_said_and_nothing_typed_is_lost(cast: ListingCast, client_for: ClientFor) -> None:
    data = form_data(
        region_code="Atlantis",
        labels="dyeing; colour",
        parties=[cast.reader_house.code, "I-nobody"],
        body_en="Mine, typed long.",
        title_en="x" * 400,
        money_min="-5",
    )
    answer = client_for(cast.officer).post(address(cast.alliance, "portal_listing_new"), data)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "no member any more; choose again" in page
    assert f'value="{cast.reader_house.code}" selected' in page
    assert "Shorten it to 300 characters; it has 400." in page
    assert "Write a number from 0 on." in page
    assert "Mine, typed long." in page
    assert 'value="dyeing; colour"' in page
    assert not Listing.objects.exists()


def test_named_readers_are_picked_from_the_members(cast: ListingCast, client_for: ClientFor) -> None:
    owner = client_for(cast.officer)
    page = owner.get(address(cast.alliance, "portal_listing_new")).content.decode()
    assert f'<option value="{cast.reader_house.code}"' in page
    named = [cast.reader_house.code, cast.second_house.code]
    data: dict[str, Any] = {**form_data(parties=named), "audience": ListingAudience.NAMED.value}
    assert owner.post(address(cast.alliance, "portal_listing_new"), data).status_code == 302
    listing = Listing.objects.get()
    assert {row.institution for row in listing.parties.all()} == {cast.reader_house, cast.second_house}
    edit = address(cast.alliance, "portal_listing_edit", code=listing.code)
    assert f'value="{cast.second_house.code}" selected' in owner.get(edit).content.decode()
    changed = {**data, "parties": [cast.second_house.code], "edition": listing.edition}
    assert owner.post(edit, changed).status_code == 302
    assert {row.institution for row in listing.parties.all()} == {cast.second_house}


def test_a_named_reader_that_left_can_stay_named(cast: ListingCast, client_for: ClientFor) -> None:
    listing = make_drafted(cast, audience=ListingAudience.NAMED, parties=(cast.reader_house.code,))
    cast.reader_house.state = InstitutionState.SUSPENDED
    cast.reader_house.save(update_fields=["state"])
    edit = address(cast.alliance, "portal_listing_edit", code=listing.code)
    assert f'value="{cast.reader_house.code}" selected' in client_for(cast.officer).get(edit).content.decode()


def test_points_stand_beside_their_fields(cast: ListingCast, client_for: ClientFor) -> None:
    listing = make_sent(cast)
    answer = client_for(cast.office).post(
        address(cast.alliance, "listing_check", code=listing.code),
        {"verdict": "returned", "revision": 1, "point_body_en": "Say what was tried.", "point_whole": "Shorter."},
    )
    assert answer.status_code == 302
    page = client_for(cast.officer).get(address(cast.alliance, "portal_listing_edit", code=listing.code)).content.decode()
    assert "Shorter." in page
    place, field = page.index("Say what was tried."), page.index('id="id_body_en"')
    assert place < field
    assert field - place < 1500, "the point stands right above its field"


def test_a_word_without_points_is_said_to_need_one(cast: ListingCast, client_for: ClientFor) -> None:
    listing = make_sent(cast)
    answer = client_for(cast.office).post(
        address(cast.alliance, "listing_check", code=listing.code), {"verdict": "returned", "revision": 1}
    )
    assert answer.status_code == 422
    assert "Say what is to be done" in answer.content.decode()


def test_whoever_comes_second_to_the_second_check_is_told(cast: ListingCast, client_for: ClientFor) -> None:
    listing = verify(cast, make_sent(cast), cast.office)
    late = client_for(cast.second_committee)
    assert late.get(address(cast.alliance, "listing_check", code=listing.code)).status_code == 200
    verify(cast, listing, cast.committee, cast.committee_house)
    answer = late.post(address(cast.alliance, "listing_check", code=listing.code), {"verdict": "passed", "revision": 1})
    assert answer.status_code == 409
    assert "published" in answer.content.decode()


def test_two_who_edit_at_once_see_both_texts(cast: ListingCast, client_for: ClientFor) -> None:
    listing = make_drafted(cast)
    update_listing(
        cast.alliance, listing.code, actor=cast.officer, values={"title_en": "Theirs"}, edition=1, at=timezone.now()
    )
    answer = client_for(cast.officer).post(
        address(cast.alliance, "portal_listing_edit", code=listing.code), form_data(title_en="Mine", edition=1)
    )
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Theirs" in page
    assert 'value="Mine"' in page
    assert 'name="edition" value="2"' in page
    assert Listing.objects.get().title_en == "Theirs"


@pytest.mark.parametrize(
    ("step", "state"), [("renew", "published"), ("revise", "draft"), ("withdraw", "withdrawn"), ("fulfil", "fulfilled")]
)
def test_the_owner_takes_each_step_after_being_asked(
    cast: ListingCast, client_for: ClientFor, step: str, state: str
) -> None:
    listing = make_verified(cast, expires_on=timezone.localdate() + timedelta(days=20))
    owner = client_for(cast.officer)
    url = address(cast.alliance, "portal_listing_step", code=listing.code, step=step)
    assert owner.get(url).status_code == 200
    assert owner.post(url).status_code == 302
    listing.refresh_from_db()
    assert listing.state == state


def test_files_open_for_whoever_reads_the_listing_and_nobody_else(
    cast: ListingCast, client_for: ClientFor, client: Client
) -> None:
    listing = make_drafted(cast, audience=ListingAudience.NAMED, parties=(cast.reader_house.code,))
    row = add_listing_file(
        cast.alliance, listing.code, file=SimpleUploadedFile("plan.txt", b"Our plan"), actor=cast.officer, at=timezone.now()
    )
    url = address(cast.alliance, "file_download", uuid=row.file.uuid)
    assert client_for(cast.officer).get(url).status_code == 200
    assert client_for(cast.reader).get(url).status_code == 404, "a draft is its owner's"
    listing = submit_listing(cast.alliance, listing.code, actor=cast.officer, at=timezone.now())
    assert client_for(cast.committee).get(url).status_code == 200, "those who verify read it"
    listing = verify(cast, listing, cast.office)
    verify(cast, listing, cast.committee, cast.committee_house)
    answers = {
        "named": client_for(cast.reader).get(url).status_code,
        "verifier afterwards": client_for(cast.committee).get(url).status_code,
        "nobody": client.get(url).status_code,
    }
    assert answers == {"named": 200, "verifier afterwards": 404, "nobody": 302}


def test_the_form_attaches_and_takes_out_files(cast: ListingCast, client_for: ClientFor) -> None:
    listing = make_drafted(cast)
    owner = client_for(cast.officer)
    owner.post(
        address(cast.alliance, "portal_listing_file_add", code=listing.code),
        {"file": SimpleUploadedFile("a.txt", b"Some words")},
    )
    (row,) = listing.files.all()
    assert "a.txt" in owner.get(address(cast.alliance, "portal_listing_edit", code=listing.code)).content.decode()
    owner.post(address(cast.alliance, "portal_listing_file_remove", code=listing.code, uuid=row.file.uuid))
    assert not listing.files.exists()


# -------------------------------------------------------------------------------------------------------- confidentiality


def roads(cast: ListingCast, listing: Listing, reader: Any, client_for: ClientFor) -> set[str]:
    """Every road by which a reader meets a listing."""
    alliance, code, found = cast.alliance, listing.code, set()
    client = client_for(reader)
    pages = {
        "portal page": address(alliance, "portal_listing_detail", code=code),
        "desk page": address(alliance, "listing_desk_detail", code=code),
        "check page": address(alliance, "listing_check", code=code),
        "public page": address(alliance, "listing_detail", code=code),
        "api": address(alliance, "api_listing_detail", code=code),
    }
    found |= {name for name, url in pages.items() if client.get(url).status_code == 200}
    lists = {
        "public list": address(alliance, "listing_list"),
        "feed": address(alliance, "listing_feed"),
        "sitemap": address(alliance, "sitemap"),
        "portal list": address(alliance, "portal_listings") + "?show=others",
        "desk": address(alliance, "listing_desk") + "?tab=all",
        "api list": address(alliance, "api_listing_list"),
        "search": address(alliance, "search_jump") + f"?q={code}",
        "inbox": address(alliance, "inbox"),
        "inbox, done": address(alliance, "inbox") + "?view=done",
    }
    for name, url in lists.items():
        page = client.get(url, follow=True).content.decode()
        if listing.title_en in page or f"/{code}/" in page:
            found.add(name)
    if readable_by(alliance, reader, timezone.localdate()).filter(pk=listing.pk).exists():
        found.add("selector")
    if count_desk(alliance, reader, timezone.localdate())["all"]:
        found.add("count")
    if refer_listings(alliance, reader, [code]):
        found.add("reference")
    return found


def test_a_named_listing_is_met_by_nobody_else_by_any_road(cast: ListingCast, client_for: ClientFor) -> None:
    listing = make_verified(cast, audience=ListingAudience.NAMED, parties=(cast.second_house.code,), title_en="Hush hush 77")

    assert roads(cast, listing, cast.reader, client_for) == set()
    assert roads(cast, listing, cast.committee, client_for) == set(), "who verified it reads it no more"
    named = roads(cast, listing, cast.second_committee, client_for)
    assert {"portal page", "portal list", "api", "api list", "selector", "search", "reference"} <= named
    assert not {"public page", "public list", "feed", "sitemap"} & named


def test_the_same_404_for_what_is_not_open_and_what_is_not_there(cast: ListingCast, client_for: ClientFor) -> None:
    listing = make_verified(cast, audience=ListingAudience.NAMED, parties=(cast.second_house.code,))
    reader = client_for(cast.reader)
    for name in ("portal_listing_detail", "portal_listing_edit", "portal_listing_submit"):
        there = reader.get(address(cast.alliance, name, code=listing.code))
        nowhere = reader.get(address(cast.alliance, name, code="D-9999"))
        assert there.status_code == nowhere.status_code == 404
        strip = [re.sub(r"D-\d{4}|[A-Za-z0-9_-]{20,}", "", page.content.decode()) for page in (there, nowhere)]
        assert strip[0] == strip[1]


def test_members_read_what_is_for_members_and_the_public_does_not(
    cast: ListingCast, client_for: ClientFor, client: Client
) -> None:
    listing = make_verified(cast, audience=ListingAudience.MEMBERS, title_en="For members 42")
    assert {"portal page", "portal list", "api"} <= roads(cast, listing, cast.reader, client_for)
    for name in ("listing_list", "listing_feed", "sitemap", "home"):
        page = client.get(address(cast.alliance, name)).content.decode()
        assert "For members 42" not in page
        assert listing.code not in page
    assert client.get(address(cast.alliance, "listing_detail", code=listing.code)).status_code == 404
    headers = bearer(client, cast.alliance)
    assert client.get(address(cast.alliance, "api_listing_detail", code=listing.code), headers=headers).status_code == 404
    assert client.get(address(cast.alliance, "api_listing_list"), headers=headers).json()["results"] == []


def test_who_stands_aside_neither_sees_nor_verifies_a_confidential_listing(cast: ListingCast, client_for: ClientFor) -> None:
    listing = make_sent(cast, audience=ListingAudience.NAMED, parties=(cast.reader_house.code,), title_en="Hush hush 78")
    assert "check page" in roads(cast, listing, cast.committee, client_for)
    stand_aside(cast.alliance, cast.committee_house.code, listing.matter)
    assert roads(cast, listing, cast.committee, client_for) == set()
    verify(cast, listing, cast.office)
    assert roads(cast, listing, cast.committee, client_for) == set(), "nor what others have done"
    assert "inbox" in roads(cast, listing, cast.second_committee, client_for)
    assert list_desk(cast.alliance, cast.second_committee, "waiting", timezone.localdate()).count() == 1


def test_the_desk_lists_what_waits_for_its_reader(cast: ListingCast, client_for: ClientFor) -> None:
    first, second = make_sent(cast, title_en="First waiting one"), make_sent(cast, title_en="Second waiting one")
    verify(cast, first, cast.office)
    on = timezone.localdate()
    assert count_desk(cast.alliance, cast.second_office, on)["waiting"] == 1
    assert count_desk(cast.alliance, cast.committee, on)["waiting"] == 2
    page = client_for(cast.office).get(address(cast.alliance, "listing_desk")).content.decode()
    assert second.title_en in page
    assert first.title_en not in page
    assert client_for(cast.reader).get(address(cast.alliance, "listing_desk")).status_code == 403


def test_the_desk_asks_a_fixed_number_of_queries(cast: ListingCast, django_assert_max_num_queries: Any) -> None:
    for number in range(5):
        make_sent(cast, title_en=f"Number {number}")
    on = timezone.localdate()
    with django_assert_max_num_queries(9):
        count_desk(cast.alliance, cast.committee, on)
        rows = list(list_desk(cast.alliance, cast.committee, "all", on))
        assert {row.institution for row in rows} == {cast.owner}


# ----------------------------------------------------------------------------------------------------- quality, duplicates


def test_a_clear_text_scores_more_than_a_vague_one(cast: ListingCast) -> None:
    clear = make_drafted(
        cast,
        industry_code="17",
        elements=["technology"],
        region_code="440600",
        duration_weeks=10,
        money_max=5,
        pricing="fixed",
    )
    vague = make_drafted(cast, title_en="Help", title_zh="", body_en="We need help in 2026.", body_zh="", labels=[])
    assert judge_quality(clear).score == 100
    assert judge_quality(clear).open == []
    found = judge_quality(vague)
    assert {hint.key for hint in found.open} >= {"title", "length", "aim", "languages", "labels", "money", "time"}, (
        "a year is no aim"
    )
    assert found.score <= 10
    assert sum(hint.weight for hint in found.hints) == 100


def test_what_looks_the_same_is_shown_before_sending(cast: ListingCast, client_for: ClientFor) -> None:
    make_verified(cast, title_en="Cut the energy use of two stenters by 20%")
    other = make_drafted(cast, title_en="Training for shift leaders", title_zh="班组长培训", labels=["course"])
    again = make_drafted(cast)
    page = client_for(cast.officer).get(address(cast.alliance, "portal_listing_submit", code=again.code)).content.decode()
    assert "Cut the energy use of two stenters by 20%" in page
    assert other.title_en not in page
    assert again.pk not in {one.listing.pk for one in list_alike(again, timezone.localdate())}


def test_a_confidential_listing_is_no_duplicate_to_those_who_cannot_read_it(cast: ListingCast) -> None:
    secret = make_verified(cast, audience=ListingAudience.NAMED, parties=(cast.second_house.code,))

    def alike_for(person: Any, house: Any) -> list[int]:
        own = draft_listing(cast.alliance, actor=person, institution_id=house.pk, values=listing_values(), at=timezone.now())
        return [one.listing.pk for one in list_alike(own, timezone.localdate())]

    assert secret.pk not in alike_for(cast.reader, cast.reader_house)
    assert secret.pk in alike_for(cast.second_committee, cast.second_house)


# ------------------------------------------------------------------------------------------------------------- the public


def test_list_feed_sitemap_and_api_hold_the_same_listings(cast: ListingCast, client: Client) -> None:
    shown = {make_verified(cast, title_en=f"Public {number}").code for number in range(3)}
    make_sent(cast)
    make_verified(cast, audience=ListingAudience.MEMBERS)
    gone = make_verified(cast)
    Listing.objects.filter(pk=gone.pk).update(expires_on=timezone.localdate() - timedelta(days=1))

    listed = set(re.findall(r"/listings/([DS]-\d+)/", client.get(address(cast.alliance, "listing_list")).content.decode()))
    feed = ET.fromstring(client.get(address(cast.alliance, "listing_feed")).content)
    fed = {
        str(link.get("href")).rstrip("/").split("/")[-1]
        for entry in feed.iter(f"{ATOM}entry")
        for link in entry.iter(f"{ATOM}link")
    }
    sitemap = ET.fromstring(client.get(address(cast.alliance, "sitemap")).content)
    mapped = {
        text.rstrip("/").split("/")[-1] for loc in sitemap.iter(f"{SITEMAP}loc") if "/listings/" in (text := str(loc.text))
    }
    answer = client.get(address(cast.alliance, "api_listing_list"), headers=bearer(client, cast.alliance)).json()

    assert listed == fed == shown
    assert mapped - {"listings"} == shown
    assert {row["code"] for row in answer["results"]} == shown


def test_the_public_filters(cast: ListingCast, client: Client) -> None:
    south = make_verified(cast, region_code="440600", industry_code="17", title_en="In the south")
    north = make_verified(cast, region_code="110000", disciplines=["540"], side="supply", title_en="In the north")
    url = address(cast.alliance, "listing_list")
    for query, expected in (
        ("side=supply", {north.code}),
        ("region=440000", {south.code}),
        ("field=17", {south.code}),
        ("field=540", {north.code}),
        ("newer=30", {north.code, south.code}),
        ("category=problem_solving&side=demand", {south.code}),
        ("region=999999", {north.code, south.code}),
    ):
        page = client.get(f"{url}?{query}").content.decode()
        assert set(re.findall(r"/listings/([DS]-\d+)/", page)) == expected, query


def test_a_kept_page_does_not_show_what_expired_at_midnight(
    cast: ListingCast, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = timezone.localdate() + timedelta(days=1)
    listing = make_verified(cast, expires_on=last, title_en="Ends tomorrow")
    url, page = address(cast.alliance, "listing_list"), address(cast.alliance, "listing_detail", code=listing.code)
    assert "Ends tomorrow" in client.get(url).content.decode()
    assert client.get(page).status_code == 200
    assert client.get(url)["X-Page-Cache"] == "hit"

    monkeypatch.setattr(timezone, "localdate", lambda *_args: last)
    assert "Ends tomorrow" in client.get(url).content.decode(), "its last day counts"
    monkeypatch.setattr(timezone, "localdate", lambda *_args: last + timedelta(days=1))
    assert "Ends tomorrow" not in client.get(url).content.decode()
    assert client.get(page).status_code == 404


def test_the_public_page_counts_are_those_of_the_list(cast: ListingCast) -> None:
    make_verified(cast)
    make_verified(cast, audience=ListingAudience.MEMBERS)
    on = timezone.localdate()
    assert sum(public.count_listings_by(cast.alliance, on).values()) == 1
    assert public.get_home(cast.alliance, timezone.now(), on).figures.open_listings == 1
