"""The public site: open records only, both languages, light, without script."""

from __future__ import annotations

import re
from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from alliance.kernel.limits import forget, network_of
from alliance.models import Alliance, User
from operations.choices import ProductState
from operations.models import Product
from services.choices import ListingSide, ListingState, RatingState, ServiceCategory
from services.models import Rating
from services.selectors import public
from tests.conftest import ClientFor
from tests.factories.alliance import address
from tests.factories.services import (
    make_article,
    make_entry,
    make_house,
    make_listing,
    make_passed_pilot,
    make_product,
    make_rating,
)

ATOM = "{http://www.w3.org/2005/Atom}"
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


@pytest.fixture
def chinese() -> Client:
    client = Client(HTTP_ACCEPT_LANGUAGE="zh-hans")
    client.cookies["django_language"] = "zh-hans"
    return client


def test_the_front_page_counts_live_records(act: Alliance, client: Client) -> None:
    product = make_product(act)
    make_passed_pilot(product, firms=3)
    make_entry(act, product)
    make_article(act, title_en="Where does the blue go?")
    make_house(act, state="withdrawn")

    page = client.get(address(act, "home")).content.decode()

    figures = re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", page)
    # three pilot firms and the author; who left does not count
    assert figures == [
        ("member institutions", "4"),
        ("firms that tried our products", "3"),
        ("products tried in real plants", "1"),
        ("services on offer", "1"),
    ]
    assert "Where does the blue go?" in page


def test_an_empty_alliance_has_a_front_page_too(alliance: Alliance, client: Client) -> None:
    answer = client.get(address(alliance, "home"))

    assert answer.status_code == 200
    assert b"Nothing has been released yet" in answer.content


def test_public_pages_are_light_and_load_nothing_from_elsewhere(act: Alliance, client: Client) -> None:
    product = make_product(act)
    entry = make_entry(act, product)
    story = make_article(act, product=product, body_en="text " * 2000)
    for _turn in range(60):
        make_listing(act)
    urls = [
        address(act, name) for name in ("home", "story_list", "catalogue_list", "listing_list", "member_directory", "about")
    ]
    urls += [address(act, "catalogue_entry", code=entry.code), address(act, "story_detail", slug=story.slug)]

    for url in urls:
        page = client.get(url).content.decode()
        assert len(page.encode()) < 60_000, url  # the style sheets take the rest of the 120 kB
        assert "<script" not in page, url
        assert " style=" not in page, url
        assert not re.findall(r'(?:src|href)="(?:https?:)?//(?!testserver)', page), url


def test_a_story_and_its_product_lead_to_each_other(act: Alliance, client: Client) -> None:
    product = make_product(act)
    entry, story = make_entry(act, product), make_article(act, product=product)
    there, back = address(act, "catalogue_entry", code=entry.code), address(act, "story_detail", slug=story.slug)

    page = client.get(back).content.decode()
    assert f'href="{there}"' in page
    assert 'class="picture"' in page
    assert 'fill=""' not in page
    assert f'href="{back}"' in client.get(there).content.decode()


def test_a_story_of_a_retired_product_says_so(act: Alliance, client: Client) -> None:
    product = make_product(act, state=ProductState.RETIRED, retired_at=timezone.now())
    story = make_article(act, product=product)

    assert b"The product behind this story is retired." in client.get(address(act, "story_detail", slug=story.slug)).content


def test_a_text_missing_in_the_readers_language_is_shown_in_the_other_and_marked(act: Alliance, chinese: Client) -> None:
    story = make_article(act, title_zh="", body_zh="", body_en="Only English.")

    page = chinese.get(address(act, "story_detail", slug=story.slug)).content.decode()

    assert '<html lang="zh-Hans"' in page
    assert '<article class="prose" lang="en">' in page
    assert "Only English." in page
    assert 'class="language-mark"' in page


def test_a_story_that_is_not_published_yet_does_not_exist(act: Alliance, client: Client) -> None:
    for moment in (None, timezone.now() + timedelta(hours=1)):
        story = make_article(act, published_at=moment)
        assert client.get(address(act, "story_detail", slug=story.slug)).status_code == 404
        assert story.title_en not in client.get(address(act, "story_list")).content.decode()


def test_what_was_written_cannot_become_markup(act: Alliance, client: Client) -> None:
    hostile = '<script>alert("x")</script>'
    story = make_article(act, title_en=hostile, standfirst_en=hostile, body_en=hostile)
    entry = make_entry(act, title_en=hostile, summary_en=hostile)
    make_rating(entry, comment=hostile, comment_state="shown")

    for url in (address(act, "story_detail", slug=story.slug), address(act, "catalogue_entry", code=entry.code)):
        assert "<script" not in client.get(url).content.decode()


def test_the_entry_page_shows_evidence_and_marks_with_their_interval(act: Alliance, client: Client) -> None:
    product = make_product(act)
    make_passed_pilot(product, score="84.20", firms=3)
    entry = make_entry(act, product)
    for score in (5, 5, 4, 2):
        make_rating(entry, score)
    make_rating(entry, 1, confirmed=False)

    page = client.get(address(act, "catalogue_entry", code=entry.code)).content.decode()

    assert "84.2 of 100 (n = 6)" in page
    assert "3 leading enterprises" in page
    assert "Mean mark 4.0 of 5 from 4 confirmed ratings" in page
    # Wilson, 3 of 4: 0.3006 to 0.9544
    assert "75% are satisfied" in page
    assert "between 30% and 95%" in page
    assert "Text of the guide." in page


def test_a_withdrawn_service_is_gone_and_explains_itself(act: Alliance, client: Client) -> None:
    entry = make_entry(act, withdrawn_at=timezone.now())

    answer = client.get(address(act, "catalogue_entry", code=entry.code))

    assert answer.status_code == 410
    assert b"no longer offered" in answer.content
    assert b"Text of the guide." not in answer.content
    assert entry.title_en not in client.get(address(act, "catalogue_list")).content.decode()


def test_services_are_filtered_by_category_and_an_unknown_filter_is_ignored(act: Alliance, client: Client) -> None:
    one = make_entry(act, category=ServiceCategory.INFORMATION)
    two = make_entry(act, category=ServiceCategory.TALENT_CULTIVATION)
    url = address(act, "catalogue_list")

    filtered = client.get(f"{url}?category=information").content.decode()
    unknown = client.get(f"{url}?category=nonsense").content.decode()
    nothing = client.get(f"{url}?category=development_forecasting").content.decode()

    assert one.title_en in filtered
    assert two.title_en not in filtered
    assert one.title_en in unknown
    assert two.title_en in unknown
    assert "No service fits these filters" in nothing


def test_only_verified_listings_that_have_not_expired_are_public(act: Alliance, client: Client) -> None:
    today = timezone.localdate()
    shown = make_listing(act, expires_on=today)
    hidden = [make_listing(act, state=state) for state in ListingState.values if state != ListingState.PUBLISHED]
    hidden.append(make_listing(act, expires_on=today - timedelta(days=1)))

    page = client.get(address(act, "listing_list")).content.decode()
    sitemap = client.get(address(act, "sitemap")).content.decode()

    assert shown.title_en in page
    assert f"/listings/{shown.code}/" in sitemap
    for listing in hidden:
        assert f"{listing.title_en}<" not in page
        assert f"/listings/{listing.code}/" not in sitemap
        assert client.get(address(act, "listing_detail", code=listing.code)).status_code == 404


def test_a_listing_from_outside_names_its_source(act: Alliance, client: Client) -> None:
    listing = make_listing(act, ListingSide.SUPPLY, source="CORDIS (European Union, CC BY 4.0)")

    for url in (address(act, "listing_list"), address(act, "listing_detail", code=listing.code)):
        assert "CORDIS (European Union, CC BY 4.0)" in client.get(url).content.decode()


def test_the_directory_shows_names_and_nothing_personal(act: Alliance, client: Client, secretary: User) -> None:
    house = make_house(act, contact_email="private@example.org", name_en="Open House")
    make_house(act, name_en="Gone House", state="expelled")

    page = client.get(address(act, "member_directory")).content.decode()

    assert house.name_en in page
    assert "Foshan" in page
    for secret in ("private@example.org", "Gone House", secretary.name_en, secretary.email):
        assert secret not in page


def test_the_feed_and_the_sitemap_are_valid_and_agree_with_the_lists(act: Alliance, client: Client) -> None:
    entry, story = make_entry(act), make_article(act)
    make_article(act, published_at=None)

    feed = ET.fromstring(client.get(address(act, "feed")).content)
    sitemap = ET.fromstring(client.get(address(act, "sitemap")).content)

    links = [element.find(f"{ATOM}link").get("href") for element in feed.iter(f"{ATOM}entry")]  # type: ignore[union-attr]
    places = [element.text or "" for element in sitemap.iter(f"{SITEMAP}loc")]
    for part in (f"/catalogue/{entry.code}/", f"/stories/{story.slug}/"):
        assert sum(part in (link or "") for link in links) == 1
        assert sum(place.endswith(part) for place in places) == 1
    assert len(links) == 2


def test_lists_need_the_same_number_of_queries_whatever_their_length(act: Alliance) -> None:
    def count(make: object) -> int:
        with CaptureQueriesContext(connection) as queries:
            make()  # type: ignore[operator]
        return len(queries)

    now, today = timezone.now(), timezone.localdate()
    entry = make_entry(act)
    reads = [
        lambda: public.get_home(act, now, today),
        lambda: public.get_entry_page(act, entry.code, now),
        lambda: [item.institution for item in public.list_public_listings(act, today)],
        lambda: public.rate_entries(act, list(public.list_public_entries(act))),
    ]
    make_listing(act)
    make_article(act)
    before = [count(read) for read in reads]
    for _turn in range(5):
        make_rating(make_entry(act))
        make_rating(entry)
        make_article(act)
        make_listing(act)

    assert [count(read) for read in reads] == before


# ---------------------------------------------------------------------------------------------------- the rating form


def form_of(client: Client, url: str) -> dict[str, str]:
    page = client.get(url).content.decode()
    started = re.search(r'name="started" value="([^"]+)"', page)
    assert started is not None
    return {
        "started": started[1],
        "score": "4",
        "client_kind": "industry",
        "comment": "Helped a lot.",
        "email": "client@example.org",
        "homepage": "",
    }


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Readers who take their time: the form counts as open since long enough at once."""
    monkeypatch.setattr("services.forms.rating.QUICKEST_SECONDS", -1)


@pytest.fixture
def _fresh_limits(alliance: Alliance) -> None:
    forget("public_form_network", alliance.pk, "rating", network_of("127.0.0.1"))
    forget("public_form", alliance.pk, "rating")


@pytest.mark.usefixtures("_fresh_limits", "patient")
def test_a_rating_is_sent_confirmed_by_mail_and_counted(
    act: Alliance, client: Client, django_capture_on_commit_callbacks: object
) -> None:
    entry = make_entry(act)
    url = address(act, "rating_create", code=entry.code)
    given = form_of(client, url)

    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        answer = client.post(url, given)

    assert answer.status_code == 302
    assert client.get(answer["Location"]).status_code == 200
    path = "/" + re.search(r"https?://[^/]+/(\S+)", str(mail.outbox[0].body))[1]  # type: ignore[index]
    assert b"It counts once you confirm" in client.get(path).content
    assert Rating.objects.of(act).get().state == RatingState.UNCONFIRMED  # opening the link changes nothing
    done = client.post(path)
    assert b"Your rating counts" in done.content
    assert Rating.objects.of(act).get().state == RatingState.CONFIRMED


@pytest.mark.usefixtures("_fresh_limits", "patient")
@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"homepage": "https://spam.example"}, "a hidden field was filled in"),
        ({"started": ""}, "the form was not complete"),
        ({"started": "other:1abc:xyz"}, "the form was not complete"),
        ({"score": "9"}, "Select a valid choice"),
        ({"email": "nobody"}, "valid email address"),
        ({"comment": "www.a.example www.b.example"}, "at most one link"),
    ],
)
def test_a_bad_rating_is_refused_with_a_reason_and_loses_nothing(
    act: Alliance, client: Client, changed: dict[str, str], words: str
) -> None:
    url = address(act, "rating_create", code=make_entry(act).code)
    given = {**form_of(client, url), "comment": "Typed with care.", **changed}

    answer = client.post(url, given)

    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    assert given["comment"] in page
    assert not Rating.objects.of(act).exists()
    assert mail.outbox == []


@pytest.mark.usefixtures("_fresh_limits")
def test_a_form_sent_faster_than_a_person_can_is_refused(act: Alliance, client: Client) -> None:
    url = address(act, "rating_create", code=make_entry(act).code)

    answer = client.post(url, form_of(client, url))

    assert answer.status_code == 422
    assert b"faster than a person" in answer.content


@pytest.mark.usefixtures("_fresh_limits", "patient")
def test_a_form_that_was_open_for_more_than_a_day_is_refused_and_renewed(
    act: Alliance, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = address(act, "rating_create", code=make_entry(act).code)
    given = form_of(client, url)
    monkeypatch.setattr("services.forms.rating.LONGEST_SECONDS", -5)

    answer = client.post(url, given)

    assert answer.status_code == 422
    assert b"open for more than 24 hours" in answer.content
    renewed = re.search(r'name="started" value="([^"]+)"', answer.content.decode())
    assert renewed is not None
    assert renewed[1].startswith(given["started"].partition(":")[0])


@pytest.mark.usefixtures("_fresh_limits", "patient")
def test_a_hundred_posts_from_one_network_leave_five(act: Alliance, client: Client) -> None:
    url = address(act, "rating_create", code=make_entry(act).code)
    given = form_of(client, url)

    codes = [
        client.post(url, {**given, "email": f"c{n}@example.org", "comment": f"Text {n}"}).status_code for n in range(100)
    ]

    assert codes.count(302) == 5
    assert codes.count(429) == 95
    assert Rating.objects.of(act).count() == 5


@pytest.mark.usefixtures("_fresh_limits")
def test_the_trap_field_is_outside_the_accessibility_tree(act: Alliance, client: Client) -> None:
    page = client.get(address(act, "rating_create", code=make_entry(act).code)).content.decode()

    trap = re.search(r"<div hidden>(.*?)</div>", page, re.S)
    assert trap is not None
    assert 'name="homepage"' in trap[1]
    assert 'tabindex="-1"' in trap[1]


def test_the_editors_queue_is_closed_to_others_and_works_for_the_secretariat(
    act: Alliance, client_for: ClientFor, secretary: User, auditor: User, stranger: User
) -> None:
    rating = make_rating(make_entry(act), comment="Please show me.")
    queue, decide = address(act, "rating_moderation"), address(act, "rating_moderate", uuid=rating.uuid)

    for person in (auditor, stranger):
        assert client_for(person).get(queue).status_code == 403
        assert client_for(person).post(decide, {"decision": "show"}).status_code == 403
    office = client_for(secretary)
    assert b"Please show me." in office.get(queue).content
    assert office.post(decide, {"decision": "nonsense"}).status_code == 422
    assert office.post(decide, {"decision": "show"}).status_code == 302
    page = client_for(None).get(address(act, "catalogue_entry", code=rating.entry.code))
    assert b"Please show me." in page.content


def test_a_product_of_the_pipeline_never_shows_before_its_release(act: Alliance, client: Client) -> None:
    product = make_product(act, released=False, title_en="Secret draft")
    make_article(act, product=None)

    for name in ("home", "catalogue_list", "feed", "sitemap"):
        assert b"Secret draft" not in client.get(address(act, name)).content
    assert client.get(address(act, "catalogue_entry", code=product.code)).status_code == 404
    assert Product.objects.of(act).count() == 1
