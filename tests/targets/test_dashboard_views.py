"""The start pages of console and portal, and the objectives' pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from time import monotonic

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from alliance.actions import inbox
from alliance.models import Alliance, InboxItem, User
from evaluation.actions.feedback import compute_feedback
from groups.models import Attendance, GroupMembership, Meeting, Motion, MotionElector, VirtualGroup, Vote
from members.choices import StaffRole
from members.models import Institution, InstitutionStaff
from operations.choices import ProductState
from services.choices import ListingSide
from targets.actions.objective import measure_objective
from targets.models import Measurement, Objective
from targets.selectors.dashboard import get_dashboard
from targets.views.dashboard import month_ends
from tests.conftest import ClientFor
from tests.factories.alliance import address, make_user
from tests.factories.services import (
    make_entry,
    make_house,
    make_listing,
    make_passed_pilot,
    make_product,
    make_rating,
)
from tests.factories.targets import make_measurement, make_objective


def fill(alliance: Alliance, turns: int = 1) -> None:
    for _turn in range(turns):
        product = make_product(alliance)
        make_passed_pilot(product, score="88.00")
        entry = make_entry(alliance, product)
        make_rating(entry, 5)
        make_rating(entry, 2)
        compute_feedback(alliance, entry.code, at=timezone.now())
        make_product(alliance, released=False, due_on=timezone.localdate() - timedelta(days=3))
        make_product(alliance, released=False, state=ProductState.DRAFT)
        make_listing(alliance, ListingSide.DEMAND)
        make_listing(alliance, ListingSide.SUPPLY)
        make_measurement(make_objective(alliance), "4")


def ask_office(alliance: Alliance, number: int) -> None:
    inbox.ask(
        alliance,
        "services.comment_to_check",
        f"test:{number}",
        inbox.office(),
        params={"title_en": f"Thing {number}", "title_zh": "事项", "score": 4},
        url_name="rating_moderation",
        at=timezone.now(),
    )


def test_the_dashboard_shows_the_five_layers_from_live_records(
    act: Alliance, client_for: ClientFor, secretary: User
) -> None:
    fill(act)
    ask_office(act, 1)

    page = client_for(secretary).get(address(act, "dashboard")).content.decode()

    tiles = re.findall(r'layer-tile-name">([^<]+)<.*?layer-tile-value">([^<]+)<small> ([^<]+)<', page, re.S)
    assert [name for name, _value, _unit in tiles] == ["Elements", "Organisation", "Operation", "Service", "Target"]
    values = {name: value.strip() for name, value, _unit in tiles}
    assert values["Organisation"] == str(Institution.objects.of(act).active().count())
    assert values["Operation"] == "2"
    assert values["Service"] == "3.5"
    assert "Thing 1" in page
    assert "3 days late" in page
    assert "1 open demands stand against 1 open supplies." in page


def test_the_dashboard_of_an_empty_alliance_says_so_without_figures_made_up(
    alliance: Alliance, client_for: ClientFor, secretary: User
) -> None:
    page = client_for(secretary).get(address(alliance, "dashboard")).content.decode()

    for words in (
        "Nothing waits for you.",
        "No client has rated a service yet.",
        "There are no open listings.",
        "No objective has a baseline and a value yet.",
    ):
        assert words in page


def test_the_dashboard_needs_the_same_number_of_queries_whatever_the_size(
    act: Alliance, client_for: ClientFor, secretary: User
) -> None:
    client, url = client_for(secretary), address(act, "dashboard")
    fill(act)
    ask_office(act, 0)
    client.get(url)
    now, today = timezone.now(), timezone.localdate()

    with CaptureQueriesContext(connection) as few_reads:
        get_dashboard(act, now, today, month_ends(today, 12))
    with CaptureQueriesContext(connection) as few:
        client.get(url)
    fill(act, 5)
    for number in range(1, 6):
        ask_office(act, number)
    with CaptureQueriesContext(connection) as many:
        client.get(url)

    assert len(few_reads) <= 20
    assert len(many) == len(few)


def test_the_dashboard_is_closed_to_members_and_strangers(act: Alliance, client_for: ClientFor, stranger: User) -> None:
    assert client_for(stranger).get(address(act, "dashboard")).status_code == 403


# ---------------------------------------------------------------------------------------------------------- objectives


def test_each_number_opens_its_records_and_their_total_equals_it(
    act: Alliance, client_for: ClientFor, secretary: User
) -> None:
    for _turn in range(3):
        make_passed_pilot(make_product(act), score="90.00")
    objective = make_objective(act, measured=True)
    measure_objective(act, objective.code, at=timezone.now())
    client = client_for(secretary)

    overview = client.get(address(act, "objective_list")).content.decode()
    detail = client.get(address(act, "objective_detail", code=objective.code)).content.decode()

    assert address(act, "objective_detail", code=objective.code) in overview
    rows = re.search(r'id="records".*?<tbody>(.*?)</tbody>.*?<tfoot>(.*?)</tfoot>', detail, re.S)
    assert rows is not None
    assert rows[1].count("<tr>") == Measurement.objects.of(act).get().value == 3
    assert "3 records" in rows[2]


def test_an_objective_is_set_changed_and_reported_for_on_screen(
    act: Alliance, client_for: ClientFor, secretary: User
) -> None:
    client = client_for(secretary)
    form = {
        "code": "O-7",
        "tier": "core",
        "title_en": "Answer on time",
        "title_zh": "",
        "direction": "up",
        "provider": "",
        "baseline": "80",
        "baseline_on": "2025-12-31",
        "target_value": "95",
        "target_on": "2026-12-31",
    }

    assert client.post(address(act, "objective_create"), {**form, "target_on": "2020-01-01"}).status_code == 422
    assert client.post(address(act, "objective_create"), form).status_code == 302
    assert client.post(address(act, "objective_create"), form).status_code == 422
    assert client.post(address(act, "objective_change", code="O-7"), {**form, "target_value": "96"}).status_code == 302
    assert Objective.objects.of(act).get().target_value == Decimal(96)
    value = {"value": "90", "measured_on": "2026-06-30", "evidence": "Report"}
    assert client.post(address(act, "measurement_report", code="O-7"), {**value, "evidence": ""}).status_code == 422
    assert (
        client.post(address(act, "measurement_report", code="O-7"), {**value, "measured_on": "2099-01-01"}).status_code
        == 422
    )
    assert client.post(address(act, "measurement_report", code="O-7"), value).status_code == 302
    first = Measurement.objects.of(act).get()
    correction = address(act, "measurement_report", code="O-7") + f"?replaces={first.uuid}"
    assert client.post(correction, {**value, "value": "91"}).status_code == 302
    page = client.get(address(act, "objective_detail", code="O-7")).content.decode()
    assert "replaced by 91" in page
    assert "instead of 90" in page


def test_a_measured_objective_is_set_on_screen_with_its_parameter(
    act: Alliance, client_for: ClientFor, secretary: User
) -> None:
    provider = "operations.released_products_with_mean_score"
    form = {
        "code": "O-8",
        "tier": "core",
        "title_en": "Proven products",
        "direction": "up",
        "provider": provider,
        f"param__{provider}__minimum_score": "85",
        "target_value": "3",
        "target_on": "2026-12-31",
    }
    make_passed_pilot(make_product(act), score="84.00")
    make_passed_pilot(make_product(act), score="86.00")

    assert client_for(secretary).post(address(act, "objective_create"), form).status_code == 302

    objective = Objective.objects.of(act).get()
    assert objective.params == {"minimum_score": "85"}
    assert Measurement.objects.of(act).get().value == 1


def test_objectives_are_closed_to_strangers_and_unknown_ones_answer_not_found(
    act: Alliance, client_for: ClientFor, secretary: User, auditor: User, stranger: User
) -> None:
    objective = make_objective(act)
    pages = [address(act, "objective_list"), address(act, "objective_detail", code=objective.code)]

    for url in pages:
        assert client_for(stranger).get(url).status_code == 403
        assert client_for(auditor).get(url).status_code == 200
    assert client_for(auditor).get(address(act, "objective_create")).status_code == 403
    assert client_for(secretary).get(address(act, "objective_detail", code="O-none")).status_code == 404


# -------------------------------------------------------------------------------------------------------------- portal


@pytest.fixture
def member(act: Alliance) -> Callable[[Institution], User]:
    def make(institution: Institution) -> User:
        person = make_user(name_en="Chen Mei")
        InstitutionStaff.objects.create(
            alliance=act,
            institution=institution,
            user=person,
            role=StaffRole.REPRESENTATIVE,
            starts_at=timezone.now() - timedelta(days=1),
        )
        return person

    return make


def ask_institution(alliance: Alliance, institution: Institution, number: int, *, due_days: int) -> None:
    inbox.ask(
        alliance,
        "services.comment_to_check",
        f"portal:{institution.pk}:{number}",
        inbox.institution(institution.pk),
        params={"title_en": f"Task {number} of {institution.name_en}", "title_zh": "任务", "score": 3},
        url_name="story_list",
        at=timezone.now(),
        due_at=timezone.now() + timedelta(days=due_days),
    )


def test_the_portal_shows_what_waits_for_the_institution_soonest_first(
    act: Alliance, client_for: ClientFor, secretary: User, member: Callable[[Institution], User]
) -> None:
    ours, theirs = make_house(act, name_en="Henglan"), make_house(act, name_en="Xibu")
    ask_institution(act, ours, 1, due_days=9)
    ask_institution(act, ours, 2, due_days=-3)
    ask_institution(act, theirs, 3, due_days=1)
    make_listing(act, institution=ours, title_en="Our need")

    page = client_for(member(ours)).get(address(act, "portal_home")).content.decode()

    assert "Chen Mei" in page
    assert "2 things need Henglan." in page
    assert page.index("Task 2 of Henglan") < page.index("Task 1 of Henglan")
    assert "3 days late" in page
    assert "Due in 9 days" in page
    assert "Task 3 of Xibu" not in page
    assert "Our need" in page
    assert "Write to Lin Hui at the secretariat." in page


def test_the_portal_with_five_hundred_tasks_shows_the_first_and_counts_them_all(
    act: Alliance, client_for: ClientFor, member: Callable[[Institution], User]
) -> None:
    ours = make_house(act, name_en="Henglan")
    client, url = client_for(member(ours)), address(act, "portal_home")
    for number in range(20):
        ask_institution(act, ours, number, due_days=number + 1)
    client.get(url)
    with CaptureQueriesContext(connection) as few:
        client.get(url)
    for number in range(20, 500):
        ask_institution(act, ours, number, due_days=number + 1)

    with CaptureQueriesContext(connection) as many:
        page = client.get(url).content.decode()

    assert "500 things need Henglan." in page
    assert page.count("of Henglan”</b>") == 8
    assert len(many) == len(few)


def test_each_of_five_hundred_tasks_is_reached_in_two_clicks_and_the_page_takes_under_a_second(
    act: Alliance, client_for: ClientFor, member: Callable[[Institution], User]
) -> None:
    ours = make_house(act, name_en="Henglan")
    client, url = client_for(member(ours)), address(act, "portal_home")
    for number in range(500):
        ask_institution(act, ours, number, due_days=number + 1)
    client.get(url)

    begun = monotonic()
    page = client.get(url).content.decode()
    taken = monotonic() - begun

    assert taken < 1
    assert "492 more" in page
    assert page.count(f'href="{address(act, "story_list")}"') >= 500
    for item in InboxItem.objects.of(act):
        assert f"{item.params['title_en']}”" in page


def test_what_holds_others_up_comes_first_and_is_said(
    act: Alliance, client_for: ClientFor, member: Callable[[Institution], User]
) -> None:
    ours = make_house(act, name_en="Henglan")
    ask_institution(act, ours, 1, due_days=1)
    client, url = client_for(member(ours)), address(act, "portal_home")
    assert "holds others up" not in client.get(url).content.decode()
    inbox.ask(
        act,
        "pilot_feedback",
        "feedback:1",
        inbox.institution(ours.pk),
        params={"title_en": "Low-salt dyeing", "title_zh": "", "due": "2026-12-01"},
        url_name="inbox",
        at=timezone.now(),
        due_at=timezone.now() + timedelta(days=9),
    )

    page = client.get(url).content.decode()

    assert "The first one holds others up." in page
    assert page.index("Low-salt dyeing") < page.index("Task 1 of Henglan")


def test_the_portal_counts_seats_duties_and_votes_and_shows_dates_of_every_layer(
    act: Alliance, client_for: ClientFor, member: Callable[[Institution], User]
) -> None:
    ours, theirs = make_house(act, name_en="Henglan"), make_house(act, name_en="Xibu")
    group = VirtualGroup.objects.create(alliance=act, kind="policy_group")
    now = timezone.now()
    GroupMembership.objects.create(
        alliance=act, group=group, institution=ours, role="member", starts_at=now - timedelta(days=1)
    )
    meeting = Meeting.objects.create(
        alliance=act,
        code="MT-1",
        state="convened",
        title_en="General meeting",
        starts_at=now + timedelta(days=3),
        ends_at=now + timedelta(days=3, hours=2),
        created_at=now,
    )
    motion = Motion.objects.create(
        alliance=act,
        code="M-1",
        state="open",
        title_en="Adopt the budget",
        created_at=now,
        opened_at=now,
        closes_at=now + timedelta(days=5),
    )
    for institution in (ours, theirs):
        Attendance.objects.create(alliance=act, meeting=meeting, institution=institution)
        MotionElector.objects.create(alliance=act, motion=motion, institution=institution)
    person = member(ours)
    client, url = client_for(person), address(act, "portal_home")

    page = client.get(url).content.decode()
    assert page.index("General meeting") < page.index("Adopt the budget")
    assert '<span class="tag warn">1</span>' in page[page.index("Votes to cast") :]
    Vote.objects.create(alliance=act, motion=motion, institution=ours, choice="yes", cast_by=person, cast_at=now)

    page = client.get(url).content.decode()
    assert '<span class="tag warn">' not in page[page.index("Votes to cast") :]


def test_the_portal_is_for_people_of_institutions(
    act: Alliance, client: Client, client_for: ClientFor, stranger: User
) -> None:
    assert client.get(address(act, "portal_home")).status_code == 302
    assert client_for(stranger).get(address(act, "portal_home")).status_code == 403
