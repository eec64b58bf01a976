"""Pages about experts and resources, for the office, members and the public."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from alliance.kernel import tenancy
from alliance.models import Alliance, User
from members.actions.expert import ExpertValues, add_expert
from members.actions.resource import ResourceValues, add_resource
from members.choices import BookingState, ConsentLevel, ResourceKind
from members.models import Expert, Resource, ResourceBooking
from tests.conftest import ClientFor
from tests.factories.alliance import address
from tests.factories.members import make_institution, make_staff


@pytest.fixture
def officer(alliance: Alliance) -> User:
    with tenancy.acting_in(alliance):
        return make_staff(make_institution(alliance, code="HOME")).user


def enter(alliance: Alliance, officer: User, **fields: Any) -> Expert:
    values = {
        "name_en": "He Min",
        "email": "he@example.org",
        "skills": [("reactive dyeing", "活性染料染色")],
        "days_per_month": Decimal(4),
        **fields,
    }
    consent = values.pop("consent", ConsentLevel.PUBLIC)
    with tenancy.acting_in(alliance):
        return add_expert(alliance, "HOME", ExpertValues(**values), consent=consent, actor=officer, at=timezone.now())


def test_the_public_page_shows_who_agreed_and_never_an_address(client: Client, alliance: Alliance, officer: User) -> None:
    enter(alliance, officer)
    enter(alliance, officer, name_en="Hidden Person", consent=ConsentLevel.MEMBERS_ONLY)

    page = client.get(address(alliance, "public_expert_list"))

    assert page.status_code == 200
    text = page.content.decode()
    assert "He Min" in text
    assert "Hidden Person" not in text
    assert "he@example.org" not in text


@pytest.mark.parametrize(("words", "found"), [("%E6%B4%BB%E6%80%A7", True), ("Reactive", True), ("weaving", False)])
def test_the_public_page_finds_by_skill(client: Client, alliance: Alliance, officer: User, words: str, found: bool) -> None:
    enter(alliance, officer)

    page = client.get(address(alliance, "public_expert_list") + f"?q={words}&language=&available=1")

    assert ("He Min" in page.content.decode()) is found


def test_an_officer_enters_an_expert_and_errors_stand_at_their_fields(
    alliance: Alliance, officer: User, client_for: ClientFor
) -> None:
    client = client_for(officer)
    url = address(alliance, "portal_expert_new")
    given = {"name_en": "Xu Ran", "skills_en": "weaving\nknitting", "skills_zh": "织造", "consent": "public", "told": "on"}

    refused = client.post(url, {**given, "orcid": "1234"})
    assert refused.status_code == 200
    assert "Xu Ran" in refused.content.decode()
    assert "ORCID" in str(refused.context["form"].errors["orcid"])
    untold = client.post(url, {name: value for name, value in given.items() if name != "told"})
    assert "told" in untold.context["form"].errors
    done = client.post(url, given)

    assert done.status_code == 302
    with tenancy.acting_in(alliance):
        expert = Expert.objects.of(alliance).get()
        assert list(expert.skills.order_by("position").values_list("name_en", "name_zh")) == [
            ("weaving", "织造"),
            ("knitting", ""),
        ]


def test_the_pool_costs_the_same_number_of_queries_whatever_its_length(
    alliance: Alliance, officer: User, secretary: User, client_for: ClientFor, django_assert_max_num_queries: Any
) -> None:
    client = client_for(secretary)
    url = address(alliance, "expert_list")
    enter(alliance, officer)
    client.get(url)
    with django_assert_max_num_queries(40) as one:
        client.get(url)
    for number in range(6):
        enter(alliance, officer, name_en=f"Expert {number}")

    with django_assert_max_num_queries(len(one.captured_queries)):
        page = client.get(url)

    assert len(page.context["rows"]) == 7


def test_an_expert_that_is_not_open_answers_like_one_that_is_not_there(
    alliance: Alliance, officer: User, client_for: ClientFor
) -> None:
    code = enter(alliance, officer, consent=ConsentLevel.NONE).code
    with tenancy.acting_in(alliance):
        stranger = make_staff(make_institution(alliance)).user
    client = client_for(stranger)

    hidden = client.get(address(alliance, "portal_expert_detail", code=code))
    missing = client.get(address(alliance, "portal_expert_detail", code="E-999"))

    assert (hidden.status_code, missing.status_code) == (404, 404)
    assert client.post(address(alliance, "portal_expert_end", code=code)).status_code == 404


def test_a_booking_goes_from_the_guest_to_the_owner_and_back(
    alliance: Alliance, officer: User, client_for: ClientFor
) -> None:
    with tenancy.acting_in(alliance):
        guest = make_staff(make_institution(alliance, code="GUEST")).user
        values = ResourceValues(kind=ResourceKind.LABORATORY, name_en="Dyeing laboratory")
        add_resource(alliance, "HOME", values, actor=officer, at=timezone.now())
    begins = timezone.localtime() + timedelta(days=2)
    times = {"starts_at": f"{begins:%Y-%m-%dT%H:%M}", "ends_at": f"{begins + timedelta(hours=2):%Y-%m-%dT%H:%M}"}
    book = address(alliance, "portal_resource_book", code="RS-001")

    assert client_for(guest).post(book, {**times, "purpose": "samples"}).status_code == 302
    again = client_for(guest).post(book, {**times, "purpose": "once more"})
    assert again.status_code == 200
    assert "starts_at" in again.context["form"].errors
    with tenancy.acting_in(alliance):
        uuid = ResourceBooking.objects.of(alliance).get().uuid
    assert b"samples" in client_for(officer).get(address(alliance, "portal_resource_detail", code="RS-001")).content
    silent = client_for(officer).post(address(alliance, "booking_step", uuid=uuid, step="decline"), follow=True)
    assert b"Say why" in silent.content
    client_for(officer).post(address(alliance, "booking_step", uuid=uuid, step="confirm"))

    with tenancy.acting_in(alliance):
        assert ResourceBooking.objects.of(alliance).get().state == BookingState.CONFIRMED


def test_others_see_that_a_time_is_taken_and_not_by_whom(alliance: Alliance, officer: User, client_for: ClientFor) -> None:
    with tenancy.acting_in(alliance):
        third = make_staff(make_institution(alliance)).user
        home = Resource(alliance=alliance)
        values = ResourceValues(kind=ResourceKind.VENUE, name_en="Hall")
        home = add_resource(alliance, "HOME", values, actor=officer, at=timezone.now())
        guest = make_institution(alliance, name_en="Secret Guest")
        ResourceBooking.objects.create(
            alliance=alliance,
            resource=home,
            institution=guest,
            booked_by=officer,
            starts_at=timezone.now() + timedelta(days=1),
            ends_at=timezone.now() + timedelta(days=2),
            purpose="private",
            created_at=timezone.now(),
        )

    page = client_for(third).get(address(alliance, "portal_resource_detail", code="RS-001")).content.decode()

    assert "Secret Guest" not in page
    assert "private" not in page
    assert page.count("tag") >= 1


def test_the_public_page_says_so_when_nobody_is_shown_yet(client: Client, alliance: Alliance) -> None:
    page = client.get(address(alliance, "public_expert_list"))

    assert page.status_code == 200
    assert b"No expert is shown yet" in page.content
