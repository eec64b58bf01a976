"""Pages and API of contribution points, tariffs and honours lists."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client, override_settings
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from alliance.choices import AllianceRole
from alliance.kernel.tables import read_csv
from alliance.models import Alliance, User
from members.models import Institution
from operations.actions.honours import publish_honours
from operations.actions.incentive import settle_ledger
from operations.choices import ContributionAct, ProductState, TariffState
from operations.models import ContributionPoints, Tariff
from operations.selectors.incentive import compare, list_rows, list_standings, sources_of
from tests.conftest import ClientFor
from tests.factories.alliance import address
from tests.factories.api import bearer
from tests.factories.operations import make_cast, make_institution, make_officer, make_product, make_staff
from tests.operations.test_incentive_actions import PRICES, earned, make_tariff


@pytest.fixture
def member(act: Alliance) -> User:
    """A member of the management committee; the test acts in the alliance."""
    return make_officer(act, AllianceRole.COMMITTEE)


def row(institution: Institution, points: str = "10", *, days: int = 0, number: int = 1, **more: Any) -> ContributionPoints:
    """A row of the ledger."""
    return ContributionPoints.objects.create(
        alliance=institution.alliance,
        institution=institution,
        act=ContributionAct.HOURS_WORKED,
        record=f"operations.workhours:{number}",
        points=Decimal(points),
        tariff=Tariff.objects.of(institution.alliance).earliest("pk"),
        at=timezone.now() - timedelta(days=days),
        **more,
    )


def test_the_ledger_shows_what_points_are_worth_today_and_leads_to_the_records(act: Alliance, client_for: ClientFor) -> None:
    cast = make_cast(act)
    make_tariff(act, half_life_days=100)
    product = make_product(cast, ProductState.RELEASED, released_at=timezone.now() - timedelta(days=100))
    settle_ledger(act, actor=None, at=timezone.now())
    office = client_for(cast.secretary)

    page = office.get(address(act, "points_ledger")).content.decode()
    assert cast.author.name_en in page
    assert "100.00" in page
    detail = office.get(address(act, "points_of", code=cast.author.code)).content.decode()
    assert address(act, "product_detail", code=product.code) in detail
    assert "200.00" in detail
    assert office.get(address(act, "points_of", code="nobody")).status_code == 404
    assert "No institution fits" in office.get(address(act, "points_ledger") + "?q=nobody").content.decode()


def test_a_member_sees_its_own_points_and_nobody_elses(act: Alliance, client_for: ClientFor) -> None:
    own, other = make_institution(act), make_institution(act)
    make_tariff(act)
    row(own, "12.25")
    row(other, "99.75", number=2)
    row(own, "7.77", number=3, cancelled_at=timezone.now(), cancel_reason="withdrawn")
    person = client_for(make_staff(act, own))

    page = person.get(address(act, "portal_points")).content.decode()

    assert "12.25" in page
    assert "99.75" not in page
    assert "the record was withdrawn, struck out or opened again" in page
    assert person.get(address(act, "points_ledger")).status_code == 403
    assert person.get(address(act, "points_of", code=other.code)).status_code == 403
    assert person.get(address(act, "tariff_list")).status_code == 200
    assert person.get(address(act, "tariff_new")).status_code == 403
    assert person.get(address(act, "honours_list")).status_code == 200
    listed = person.get(address(act, "api_points_list")).json()["results"]
    assert sorted(one["points"] for one in listed) == ["12.2500", "7.7700"]
    assert {one["institution"]["code"] for one in listed} == {own.code}


def test_the_api_reckons_as_the_pages_do(act: Alliance, client_for: ClientFor) -> None:
    make_tariff(act, half_life_days=37)
    institution = make_institution(act)
    for number, (points, days) in enumerate((("10", 0), ("3.3333", 11), ("812.05", 401)), start=1):
        row(institution, points, days=days, number=number)
    row(institution, "5", number=9, cancelled_at=timezone.now())

    listed = client_for(make_officer(act)).get(address(act, "api_points_list")).json()["results"]

    rows = list_rows(act, [institution.pk], on=timezone.localdate())
    shown = {one.record: str(one.worth) for one in rows}  # type: ignore[attr-defined]
    shown["operations.workhours:9"] = "0.0000"
    assert {one["record"]: one["worth"] for one in listed} == shown


def test_a_tariff_goes_from_proposal_to_approval_by_two_people(act: Alliance, member: User, client_for: ClientFor) -> None:
    first, second = client_for(member), client_for(make_officer(act, AllianceRole.COMMITTEE))
    refused = first.post(address(act, "tariff_new"), {"points_hours_worked": "0.5", "valid_from": ""})
    assert refused.status_code == 422
    done = first.post(
        address(act, "tariff_new"),
        {"points_hours_worked": "0.5", "half_life_days": "730", "valid_from": "2026-01-01", "note": "First"},
    )
    assert done.status_code == 302
    own = first.get(address(act, "tariff_detail", version=1)).content.decode()
    assert "Approve the tariff</button>" not in own
    assert first.post(address(act, "tariff_approve", version=1)).status_code == 403
    theirs = second.get(address(act, "tariff_detail", version=1)).content.decode()
    assert "Approve the tariff</button>" in theirs
    assert second.post(address(act, "tariff_approve", version=1)).status_code == 302
    assert Tariff.objects.of(act).get().state == TariffState.APPROVED
    assert "In force" in second.get(address(act, "tariff_list")).content.decode()
    late = second.post(address(act, "tariff_new"), {"points_hours_worked": "1", "valid_from": "2026-01-01"})
    assert late.status_code == 422
    assert "from a day after today on" in late.content.decode()
    assert second.get(address(act, "tariff_detail", version=9)).status_code == 404


def test_a_tariff_is_refused_with_the_reason(act: Alliance, member: User, client_for: ClientFor) -> None:
    make_tariff(act, state=TariffState.PROPOSED, proposed_by=make_officer(act, AllianceRole.COMMITTEE))
    client = client_for(member)

    assert client.post(address(act, "tariff_refuse", version=1), {"reason": ""}).status_code == 422
    assert client.post(address(act, "tariff_refuse", version=1), {"reason": "Too much."}).status_code == 302
    assert Tariff.objects.of(act).get().state == TariffState.REFUSED


def test_the_comparison_shows_differences_and_a_button_settles_them(act: Alliance, client_for: ClientFor) -> None:
    cast = make_cast(act)
    make_tariff(act)
    make_product(cast, ProductState.RELEASED)
    office = client_for(cast.secretary)

    assert "1 place does not say what its record says" in office.get(address(act, "points_compare")).content.decode()
    assert client_for(make_officer(act, AllianceRole.AUDITOR)).post(address(act, "points_compare")).status_code == 403
    assert office.post(address(act, "points_compare")).status_code == 302
    assert "No difference." in office.get(address(act, "points_compare")).content.decode()
    assert compare(act) == []


def test_an_honours_list_is_published_and_read_by_everybody(
    act: Alliance, member: User, client_for: ClientFor, client: Client
) -> None:
    make_tariff(act)
    earned(act, "A-1", "30")
    earned(act, "B-1", "12.5")
    office = client_for(member)
    empty = client.get(address(act, "honours_newest")).content.decode()
    assert "No honours list yet" in empty
    assert client.get(address(act, "honours_public", year=2025)).status_code == 404
    assert "Publish the list" in office.get(address(act, "honours_year", year=2025)).content.decode()
    assert client_for(make_officer(act)).post(address(act, "honours_year", year=2025)).status_code == 403

    assert office.post(address(act, "honours_year", year=2025)).status_code == 302

    again = office.post(address(act, "honours_year", year=2025), follow=True).content.decode()
    assert "was published already" in again
    public = client.get(address(act, "honours_public", year=2025)).content.decode()
    assert "30.00" in public
    assert "<script" not in public.replace("application/ld", "")
    table = read_csv(client.get(address(act, "honours_csv", year=2025)).content)
    assert [line[:2] for line in table] == [["rank", "institution"], ["1", "A-1"], ["2", "B-1"]]
    assert "2025" in office.get(address(act, "honours_list")).content.decode()


def test_honours_and_tariffs_over_the_api(act: Alliance, member: User, client_for: ClientFor, client: Client) -> None:
    make_tariff(act, half_life_days=730)
    earned(act, "A-1", "30")
    publish_honours(act, 2025, actor=member, at=timezone.now())
    headers = bearer(client, act, ["honours:read"])

    listed = client.get(address(act, "api_honours_list"), headers=headers).json()["results"]
    assert [(one["year"], one["rows"][0]["points"]) for one in listed] == [(2025, "30.0000")]
    assert "inputs" not in str(listed)
    one = client.get(address(act, "api_honours_detail", code="2025"), headers=headers)
    assert one.json()["year"] == 2025
    for code in ("1999", "abc", "999999", "40000", "²"):
        assert client.get(address(act, "api_honours_detail", code=code), headers=headers).status_code == 404
    assert client.get(address(act, "api_points_list"), headers=headers).status_code == 403
    person = client_for(make_staff(act, make_institution(act)))
    tariffs = person.get(address(act, "api_tariff_list")).json()["results"]
    assert [(row["version"], row["points"]["hours_worked"]) for row in tariffs] == [(1, PRICES["hours_worked"])]
    assert person.get(address(act, "api_tariff_detail", code="1")).json()["half_life_days"] == 730
    assert person.get(address(act, "api_tariff_detail", code="x")).status_code == 404


def test_the_ledger_costs_the_same_queries_whatever_its_length(
    act: Alliance, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    make_tariff(act, half_life_days=100)
    for number in range(6):
        row(make_institution(act), number=number)
    day = timezone.localdate()

    with django_assert_num_queries(1):
        assert len(list_standings(act, on=day)) == 6
    with django_assert_num_queries(1):
        assert list(list_rows(act, [1], on=day)) == []
    rows = list(ContributionPoints.objects.of(act))
    with django_assert_num_queries(1), override_settings(ROOT_URLCONF="alliance.urls_tenant"):
        sources_of(act, rows)
    with django_assert_num_queries(12):
        compare(act)


def test_pages_walk_through_the_ledger_by_worth(act: Alliance, client_for: ClientFor) -> None:
    make_tariff(act, half_life_days=365)
    moment = datetime(2026, 1, 1, 4, tzinfo=UTC)
    for number in range(45):
        entry = row(make_institution(act, name_en=f"Mill {number:02d}"), str(1 + number // 3), number=number)
        ContributionPoints.objects.filter(pk=entry.pk).update(at=moment)
    office = client_for(make_officer(act))

    first = office.get(address(act, "points_ledger"))
    query = first.context["page"].next_url
    second = office.get(address(act, "points_ledger") + query)

    names = [one.name_en for page in (first, second) for one in page.context["page"].items]
    assert len(names) == len(set(names)) == 45
