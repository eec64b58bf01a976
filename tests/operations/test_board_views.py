"""The board, the calendar, the rules on screen, and a dropped card: filters, limits in words, a fixed number of queries."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from alliance.choices import AllianceRole
from groups.choices import GroupKind, SeatRole
from groups.models import Motion
from operations.actions.rules import set_rules
from operations.choices import PilotState, ProductKind, ProductState
from operations.models import PipelineRules, Product
from operations.selectors import board
from operations.selectors.board import due_month, get_board
from tests.factories.alliance import address
from tests.factories.operations import (
    Cast,
    make_institution,
    make_officer,
    make_pilot,
    make_point,
    make_product,
    make_seat,
    make_staff,
    run_round,
)

ClientFor = Callable[..., Client]


def page(client: Client, cast: Cast, name: str, query: str = "", **kwargs: Any) -> str:
    answer = client.get(address(cast.alliance, name, **kwargs) + query)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def cards(html: str) -> set[str]:
    return set(re.findall(r'data-card="(P-\d+)"', html))


@pytest.fixture
def limits(cast: Cast) -> PipelineRules:
    admin = make_officer(cast.alliance, AllianceRole.OFFICE_ADMIN)
    return set_rules(
        cast.alliance, actor=admin, release_rule="committee", limits={"piloting": 2, "draft": 9}, at=timezone.now()
    )


# ------------------------------------------------------------------------------------------------------------------ board


def test_a_card_says_who_is_waited_for_since_when_and_how_long_it_has_been_there(cast: Cast, client_for: ClientFor) -> None:
    since = timezone.now() - timedelta(days=4)
    make_product(cast, ProductState.DRAFT, state_since=since)
    make_product(cast, ProductState.IN_REVIEW)
    make_product(cast, ProductState.TRANSFORMING, adapter=None, adapted_at=None)
    make_product(cast, ProductState.TRANSFORMING)
    improving = make_product(cast, ProductState.IMPROVING)
    make_point(improving, state="accepted")
    running = make_product(cast, ProductState.PILOTING)
    make_pilot(running, cast.firms)
    html = page(client_for(cast.secretary), cast, "pilot_board")

    assert html.count(f"Waits for {cast.author.name}") == 2  # the draft and the one being improved
    assert "here for 4 days" in html
    assert "Waits for a reviewer of the wisdom or the policy group" in html
    assert "Waits for a media think tank that takes it up" in html
    assert "Waits for the secretariat" in html
    assert "Waits for 3 pilot firms" in html


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("committee", "the management committee"),
        ("convenor", "the convenor of the leading-enterprise group"),
        ("motion", "the vote of the management committee"),
    ],
)
def test_a_proposed_release_waits_for_whom_the_rule_names(cast: Cast, client_for: ClientFor, rule: str, words: str) -> None:
    admin = make_officer(cast.alliance, AllianceRole.OFFICE_ADMIN)
    if rule != "committee":
        set_rules(cast.alliance, actor=admin, release_rule=rule, limits={}, at=timezone.now())
    product = make_product(cast, ProductState.PILOTING, release_proposed_at=timezone.now())
    make_pilot(product, cast.firms, state=PilotState.PASSED)

    assert f"Waits for {words}, since" in page(client_for(cast.secretary), cast, "pilot_board", "?show=ready")


def test_a_column_says_its_limit_and_in_words_when_it_is_full(
    cast: Cast, limits: PipelineRules, client_for: ClientFor
) -> None:
    client = client_for(cast.secretary)
    make_product(cast, ProductState.PILOTING)
    assert "1 of 2" in page(client, cast, "pilot_board")
    assert "Full" not in page(client, cast, "pilot_board")
    make_product(cast, ProductState.PILOTING)
    assert "Full: finish one first" in page(client, cast, "pilot_board")
    make_product(cast, ProductState.PILOTING)
    html = page(client, cast, "pilot_board", "?show=late")
    assert "3 of 2" in html  # the limit counts all of them, whatever the filter shows
    assert "Over its limit" in html


def test_filters_by_group_and_kind_stand_in_the_address_and_stay_together(cast: Cast, client_for: ClientFor) -> None:
    client = client_for(cast.secretary)
    guide = make_product(cast)
    course = make_product(cast, kind=ProductKind.COURSE)
    adapted = make_product(cast, ProductState.TRANSFORMING, kind=ProductKind.COURSE)

    assert cards(page(client, cast, "pilot_board", f"?group={GroupKind.MEDIA}")) == {adapted.code}
    assert cards(page(client, cast, "pilot_board", "?kind=course")) == {course.code, adapted.code}
    both = page(client, cast, "pilot_board", f"?kind=course&group={GroupKind.WISDOM}")
    assert cards(both) == {course.code}
    assert f"show=late&amp;group={GroupKind.WISDOM}&amp;kind=course" in both
    wild = page(client, cast, "pilot_board", "?kind=%00&group=nobody&show=<script>")
    assert cards(wild) == {guide.code, course.code, adapted.code}


def test_a_stage_shows_a_handful_of_cards_and_leads_to_the_rest(
    cast: Cast, client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "CARDS_PER_STAGE", 2)
    today = timezone.localdate()
    for days in (9, 1, 5):
        make_product(cast, due_on=today + timedelta(days=days), code=f"P-90{days}")
    html = page(client_for(cast.secretary), cast, "pilot_board")

    assert cards(html) == {"P-901", "P-905"}
    assert "1 more in the list" in html
    assert "state=draft" in html


def test_the_board_takes_the_same_queries_with_few_and_with_many_products(
    cast: Cast, limits: PipelineRules, django_assert_num_queries: Any
) -> None:
    def look() -> Any:
        return get_board(cast.alliance, cast.secretary, show="all", at=timezone.now(), movable=True)

    make_pilot(make_product(cast, ProductState.PILOTING), cast.firms)
    look()
    with django_assert_num_queries(4):
        look()
    for state in ("draft", "in_review", "transforming", "improving", "piloting", "released"):
        for _turn in range(12):
            product = make_product(cast, state)
            if state in {"piloting", "released"}:
                make_pilot(product, cast.firms, state=PilotState.OPEN if state == "piloting" else PilotState.PASSED)
    with django_assert_num_queries(4):
        found = look()
    assert found.total == 73
    assert sum(len(column.cards) for column in found.columns) == 73


def test_a_board_shows_no_other_alliances_products(cast: Cast, client_for: ClientFor) -> None:
    from alliance.kernel import tenancy
    from tests.factories.alliance import make_alliance
    from tests.factories.operations import make_cast

    other = make_alliance("elsewhere-board")
    with tenancy.acting_in(other):
        foreign = make_product(make_cast(other), code="P-777")
    html = page(client_for(cast.secretary), cast, "pilot_board")

    assert foreign.code not in html


# --------------------------------------------------------------------------------------------------------------- calendar


def test_the_calendar_shows_what_is_due_on_which_day(cast: Cast, client_for: ClientFor) -> None:
    first = timezone.localdate().replace(day=1)
    middle = first + timedelta(days=14)
    make_product(cast, due_on=middle, title_en="Yarn price note")
    running = make_product(cast, ProductState.PILOTING, title_en="Dyeing guide")
    noon = timezone.make_aware(datetime.combine(middle, time(12)))
    make_pilot(running, cast.firms, starts_at=noon - timedelta(days=200), deadline=noon)
    make_product(cast, ProductState.WITHDRAWN, due_on=middle, title_en="Gone")
    client = client_for(cast.secretary)
    html = page(client, cast, "pilot_calendar", f"?month={first:%Y-%m}")

    assert "Yarn price note" in html
    assert "Draft due" in html
    assert "Answers due" in html
    assert "Gone" not in html
    assert "Yarn price note" not in page(client, cast, "pilot_calendar", "?month=2001-01")
    for wild in ("?month=x", "?month=0000-00", "?month=9999-12", "?month=%00"):
        assert "Yarn price note" in page(client, cast, "pilot_calendar", wild)
    assert "Yarn price note" not in page(client, cast, "pilot_calendar", f"?month={first:%Y-%m}&kind=course")


def test_the_calendar_takes_two_queries(cast: Cast, django_assert_num_queries: Any) -> None:
    from django.db.models import Q

    first = timezone.localdate().replace(day=1)
    for _turn in range(5):
        make_product(cast, due_on=first)
        make_pilot(make_product(cast, ProductState.PILOTING), cast.firms)
    due_month(cast.alliance, cast.secretary, first, wanted=Q(), at=timezone.now())
    with django_assert_num_queries(2):
        due_month(cast.alliance, cast.secretary, first, wanted=Q(), at=timezone.now())


# ----------------------------------------------------------------------------------------------------------------- drops


def drop(client: Client, cast: Cast, product: Product, stage: str) -> Any:
    return client.post(address(cast.alliance, "pilot_move"), {"card": product.code, "to": stage})


def test_a_dropped_card_leads_to_the_page_of_the_step_of_its_state(cast: Cast, client_for: ClientFor) -> None:
    client = client_for(cast.secretary)
    running = make_product(cast, ProductState.PILOTING)
    make_pilot(running, cast.firms)

    assert drop(client, cast, running, "improving")["Location"].endswith("/back/?step=stop_pilot")
    assert drop(client, cast, running, "draft")["Location"].endswith("/back/?step=redraft_product")
    adapted = make_product(cast, ProductState.TRANSFORMING)
    assert drop(client, cast, adapted, "draft")["Location"].endswith("/send-back/")


def test_a_refused_drop_says_what_is_missing_and_who_can_provide_it(
    cast: Cast, limits: PipelineRules, client_for: ClientFor
) -> None:
    client = client_for(cast.secretary)
    raw = make_product(cast, ProductState.TRANSFORMING, adapter=None, adapted_at=None)
    answer = drop(client, cast, raw, "piloting")
    assert (answer.status_code, answer.json()["code"]) == (409, "gate_closed")
    assert "media" in answer.json()["detail"]

    draft = make_product(cast)
    answer = drop(client, cast, draft, "released")
    assert answer.json()["code"] == "transition_refused"
    assert "Submit for review" in answer.json()["detail"]

    review = make_product(cast, ProductState.IN_REVIEW)
    answer = drop(client, cast, review, "transforming")
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_refused")
    assert "policy group" in answer.json()["detail"]


def test_a_drop_into_a_full_stage_names_the_remedy(cast: Cast, limits: PipelineRules, client_for: ClientFor) -> None:
    client = client_for(cast.secretary)
    for _turn in range(2):
        make_product(cast, ProductState.PILOTING)
    product = make_product(cast, ProductState.TRANSFORMING, kind=ProductKind.POPULAR_SCIENCE)
    answer = drop(client, cast, product, "piloting")
    problem = answer.json()
    assert problem["code"] == "stage_full"
    assert "full" in problem["title"]
    assert "lets this one in" in problem["detail"]


# ------------------------------------------------------------------------------------------------------------------ pages


def test_the_checklist_shows_done_and_missing_with_a_way_to_each(cast: Cast, client_for: ClientFor) -> None:
    product = make_product(cast, summary_en="")
    html = page(client_for(cast.writer), cast, "product_detail", code=product.code)

    assert "Before “Submit for review”" in html
    assert "a summary in English or in Chinese" in html
    assert address(cast.alliance, "product_edit", code=product.code) in html


def test_those_who_do_not_see_answers_see_no_checklist(cast: Cast, client_for: ClientFor) -> None:
    product = make_product(cast, ProductState.PILOTING)
    make_pilot(product, cast.firms)

    assert 'id="gates"' not in page(client_for(cast.testers[0]), cast, "product_detail", code=product.code)


def test_a_product_is_sent_back_and_withdrawn_on_its_pages(cast: Cast, client_for: ClientFor) -> None:
    client = client_for(cast.secretary)
    product = make_product(cast, ProductState.IMPROVING)
    url = address(cast.alliance, "product_loop_back", code=product.code)
    kept = client.post(url, {"step": "redraft_product", "reason": ""})
    assert kept.status_code == 422
    done = client.post(url, {"step": "redraft_product", "reason": "Too long"})
    assert done.status_code == 302
    product.refresh_from_db()
    assert product.state == ProductState.DRAFT

    client.post(address(cast.alliance, "product_withdraw", code=product.code), {"reason": "No money"})
    product.refresh_from_db()
    assert product.state == ProductState.WITHDRAWN
    assert "Withdrawn." in page(client, cast, "product_detail", code=product.code)


def test_the_secretariat_lets_a_product_into_a_full_stage_on_its_page(
    cast: Cast, limits: PipelineRules, client_for: ClientFor
) -> None:
    client = client_for(cast.secretary)
    product = make_product(cast, ProductState.TRANSFORMING)
    url = address(cast.alliance, "product_admit", code=product.code)

    assert client.post(url, {"stage": "piloting", "reason": ""}).status_code == 422
    assert client.post(url, {"stage": "piloting", "reason": "the fair"}).status_code == 302
    product.refresh_from_db()
    assert product.admitted_to == "piloting"


def test_rules_are_set_on_screen_by_the_office_administrator_only(cast: Cast, client_for: ClientFor) -> None:
    admin = client_for(make_officer(cast.alliance, AllianceRole.OFFICE_ADMIN))
    url = address(cast.alliance, "pipeline_rules")
    typed = {"release_rule": "motion", "limit_piloting": "4", "note": "May meeting", "based_on": "0"}
    assert client_for(cast.secretary).post(url, typed).status_code == 403
    wrong = admin.post(url, {**typed, "limit_piloting": "0"})
    assert wrong.status_code == 422
    assert "May meeting" in wrong.content.decode()
    assert admin.post(url, typed).status_code == 302
    late = admin.post(url, {**typed, "limit_piloting": "5"})
    assert late.status_code == 409
    assert "Somebody else set the rules meanwhile" in late.content.decode()
    html = page(client_for(cast.secretary), cast, "pipeline_rules")
    assert "May meeting" in html
    assert "a motion of the management committee" in html.lower()
    assert "The office administrator sets the rules." in html


def test_under_a_motion_the_page_of_the_decision_drafts_it(cast: Cast, client_for: ClientFor) -> None:
    make_seat(cast.alliance, make_institution(cast.alliance), GroupKind.COMMITTEE)
    admin = make_officer(cast.alliance, AllianceRole.OFFICE_ADMIN)
    product = make_product(cast, ProductState.TRANSFORMING)
    run_round(cast, product, [(5, 5), (5, 5), (5, 5)], timezone.now())
    client = client_for(cast.secretary)
    html = page(client, cast, "product_release", code=product.code)
    assert "Somebody else decides." in html
    assert "a member of the management committee" in html
    set_rules(cast.alliance, actor=admin, release_rule="motion", limits={}, at=timezone.now())

    assert "Draft the motion" in page(client, cast, "product_release", code=product.code)
    done = client.post(address(cast.alliance, "product_release_motion", code=product.code))
    motion = Motion.objects.of(cast.alliance).get()
    assert done["Location"].endswith(f"/console/motions/{motion.code}/")
    assert motion.code in page(client, cast, "product_release", code=product.code)


def test_the_convenor_decides_from_the_portal(cast: Cast, client_for: ClientFor) -> None:
    firm = make_institution(cast.alliance)
    make_seat(cast.alliance, firm, GroupKind.LEADING_ENTERPRISE, SeatRole.CONVENOR)
    convenor = make_staff(cast.alliance, firm)
    admin = make_officer(cast.alliance, AllianceRole.OFFICE_ADMIN)
    set_rules(cast.alliance, actor=admin, release_rule="convenor", limits={}, at=timezone.now())
    product = make_product(cast, ProductState.TRANSFORMING)
    run_round(cast, product, [(5, 5), (5, 5), (5, 5)], timezone.now())
    client = client_for(convenor)

    assert "Release" in page(client, cast, "product_release", code=product.code)
    client.post(address(cast.alliance, "product_release", code=product.code), {"decision": "release"})
    product.refresh_from_db()
    assert product.state == ProductState.RELEASED
