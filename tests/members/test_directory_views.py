"""The public directory: filters, tile map, table, marks, file; usable without script and without personal data."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from alliance.kernel import tenancy
from alliance.models import Alliance, User
from members.actions.fact import verify_facts
from members.choices import Element, InstitutionKind, InstitutionState
from members.selectors.directory import SHORT_EN, DirectoryQuery, place_of, tiles
from members.selectors.regions import regions
from tests.factories.alliance import NOON, address
from tests.factories.members import make_institution, make_staff, make_supply

SECRET = "he.min@private.example"


@pytest.fixture
def filled(alliance: Alliance, secretary: User) -> Alliance:
    with tenancy.acting_in(alliance):
        mill = make_institution(
            alliance,
            name_en="South Mill",
            name_zh="南厂",
            kind=InstitutionKind.LEADING_ENTERPRISE,
            region_code="440600",
            contact_email=SECRET,
        )
        make_supply(mill, Element.CAPITAL)
        make_staff(mill)
        verify_facts(alliance, mill.code, ["name", "kind", "region"], actor=secretary, at=NOON, note="register")
        make_institution(alliance, name_en="Wuhan Institute", region_code="420100")
        make_institution(alliance, name_en="Kowloon Press", country_code="HK")
        make_institution(alliance, name_en="Lyon Weavers", country_code="FR")
        make_institution(alliance, name_en="Gone Works", region_code="440100", state=InstitutionState.SUSPENDED)
    return alliance


def page(client: Client, alliance: Alliance, query: str = "") -> str:
    answer = client.get(address(alliance, "member_directory") + query)
    assert answer.status_code == 200
    return str(answer.content.decode())


def cards(text: str) -> set[str]:
    return set(re.findall(r"<h3><a[^>]*>(?:<span[^>]*>)?([^<]+)", text))


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", {"South Mill", "Wuhan Institute", "Kowloon Press", "Lyon Weavers"}),
        ("?kind=leading_enterprise", {"South Mill"}),
        ("?element=capital", {"South Mill"}),
        ("?province=440000", {"South Mill"}),
        ("?province=810000", {"Kowloon Press"}),
        ("?province=FR", {"Lyon Weavers"}),
        ("?q=wuhan", {"Wuhan Institute"}),
        ("?province=440000&kind=industry_think_tank", set()),
        ("?kind=unknown&province=999999&element=x", {"South Mill", "Wuhan Institute", "Kowloon Press", "Lyon Weavers"}),
    ],
)
def test_members_are_found_by_kind_element_place_and_name(
    filled: Alliance, client: Client, query: str, shown: set[str]
) -> None:
    assert cards(page(client, filled, query)) == shown


def test_each_tile_with_members_is_a_link_that_filters_and_the_table_says_the_same(filled: Alliance, client: Client) -> None:
    text = page(client, filled)

    links = dict(re.findall(r'<a href="\?province=(\d{6})" class="level-\d" aria-label="[^"]*: (\d+)"', text))
    assert links == {"440000": "1", "420000": "1", "810000": "1"}
    table = text[text.index("<details>") :]
    assert table.count('href="?province=') == 4, "three provinces and France"
    assert "<script" not in text
    assert "style=" not in text


def test_the_chosen_tile_leads_back(filled: Alliance, client: Client) -> None:
    text = page(client, filled, "?province=440000&kind=leading_enterprise")

    assert re.search(r'<a href="\?kind=leading_enterprise" class="level-4" aria-current="true"', text)


def test_marks_are_shown_for_what_is_verified_and_missing_for_the_rest(filled: Alliance, client: Client) -> None:
    text = page(client, filled)

    articles = {cards(part).pop(): part for part in text.split("<article")[1:]}
    assert "Not verified" not in articles["South Mill"]
    assert "Not verified" in articles["Wuhan Institute"]


def test_nothing_personal_is_public(filled: Alliance, client: Client) -> None:
    with tenancy.acting_in(filled):
        from members.models import Institution

        code = Institution.objects.of(filled).get(name_en="South Mill").code
    pages = [
        page(client, filled),
        page(client, filled, "?format=csv"),
        page(client, filled, f"?q={SECRET}"),
        client.get(address(filled, "public_member", code=code)).content.decode(),
    ]

    assert all(SECRET not in text.replace(f'value="{SECRET}"', "").replace(f">{SECRET}<svg", "") for text in pages)
    assert "South Mill" not in cards(pages[2])
    assert all("Person " not in text for text in pages)


def test_the_page_of_a_member_marks_each_fact(filled: Alliance, client: Client) -> None:
    with tenancy.acting_in(filled):
        from members.models import Institution

        mill = Institution.objects.of(filled).get(name_en="South Mill")
        gone = Institution.objects.of(filled).get(name_en="Gone Works")
    text = client.get(address(filled, "public_member", code=mill.code)).content.decode()

    assert text.count("Not verified") == 1, "the elements were not verified"
    assert client.get(address(filled, "public_member", code=gone.code)).status_code == 404
    assert client.get(address(filled, "public_member", code="X-none")).status_code == 404


def test_the_file_holds_what_the_page_shows(filled: Alliance, client: Client) -> None:
    answer = client.get(address(filled, "member_directory") + "?format=csv&province=440000")

    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert [row[1] for row in rows[1:]] == ["South Mill"]
    assert rows[1][-1] == "name; kind; region"


def test_the_former_address_leads_to_the_directory(filled: Alliance, client: Client) -> None:
    answer = client.get(address(filled, "old_directory"))

    assert answer.status_code == 301
    assert answer["Location"].endswith("/members/")


def test_the_directory_costs_the_same_number_of_queries_whatever_its_length(
    filled: Alliance, client: Client, django_assert_max_num_queries: Any
) -> None:
    used = []
    for extra in (1, 30):
        with tenancy.acting_in(filled):
            for _number in range(extra):
                make_supply(make_institution(filled, region_code="440600"))
        page(client, filled, f"?page_size={extra + 3}")
        with django_assert_max_num_queries(20) as captured:
            page(client, filled, f"?page_size={extra + 2}")
        used.append(len(captured))

    assert used[0] == used[1]


def test_chinese_readers_get_the_order_of_pinyin(alliance: Alliance, client: Client) -> None:
    with tenancy.acting_in(alliance):
        make_institution(alliance, name_en="Alpha Mill", name_zh="织造厂")
        make_institution(alliance, name_en="Zeta Institute", name_zh="北方研究院")

    english = re.findall(r"<h3><a[^>]*>([^<]+)", page(client, alliance))
    client.cookies["django_language"] = "zh-hans"
    chinese = re.findall(r"<h3><a[^>]*>(?:<span[^>]*>)?([^<]+)", page(client, alliance))

    assert english == ["Alpha Mill", "Zeta Institute"]
    assert chinese == ["北方研究院", "织造厂"]


def test_every_province_has_one_tile_and_a_short_name() -> None:
    provinces = {code for code, region in regions().items() if region.level == "province"}

    assert {tile.code for tile in tiles()} == provinces == set(SHORT_EN)
    assert len({(tile.column, tile.row) for tile in tiles()}) == 34
    with translation.override("zh-hans"):
        assert all(len(tile.short) <= 3 for tile in tiles())


@pytest.mark.parametrize(
    ("country", "region", "place"),
    [("CN", "440600", "440000"), ("CN", "", "CN"), ("HK", "", "810000"), ("TW", "", "710000"), ("FR", "", "FR")],
)
def test_a_member_stands_on_the_tile_of_its_province(country: str, region: str, place: str) -> None:
    assert place_of(country, region) == place
    assert DirectoryQuery().is_empty
