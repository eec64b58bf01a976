"""The pages of the pipeline: who sees what, forms that lose nothing, the same actions from console and portal."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from alliance.kernel import tenancy
from alliance.kernel.tables import read_csv
from operations.choices import PilotState, ProductState
from operations.models import PilotFeedback, Product, ProductShare
from tests.factories.alliance import address, make_alliance, make_user
from tests.factories.operations import Cast, make_answer, make_cast, make_pilot, make_point, make_product, make_staff

ClientFor = Callable[..., Client]
MARKER = "Zanzibar-marker"


def page(client: Client, cast: Cast, name: str, **kwargs: Any) -> Any:
    return client.get(address(cast.alliance, name, **kwargs))


def post(client: Client, cast: Cast, name: str, data: dict[str, Any], **kwargs: Any) -> Any:
    return client.post(address(cast.alliance, name, **kwargs), data)


@pytest.fixture
def busy(cast: Cast) -> dict[str, Product]:
    """One product in each state, with a running and late round, and one that passed."""
    products = {state: make_product(cast, state, title_en=f"Product {state}") for state in ProductState.values}
    pilot = make_pilot(products["piloting"], cast.firms, deadline=timezone.now() - timedelta(days=3), closes_itself=False)
    make_answer(pilot, cast.firms[0], [4, 2])
    make_answer(pilot, cast.firms[1], [5, 1], blocking=1)
    failed = make_pilot(products["improving"], cast.firms, state=PilotState.FAILED)
    make_point(products["improving"], "Captions", pilot=failed, source="member", state="accepted")
    return products


def test_the_board_shows_each_product_in_its_stage_with_its_firms_and_lateness(
    cast: Cast, busy: dict[str, Product], client_for: ClientFor
) -> None:
    html = page(client_for(cast.secretary), cast, "pilot_board").content.decode()

    columns = re.findall(r'data-stage="(\w+)"(.*?)</section>', html, re.DOTALL)
    cards = {stage: set(re.findall(r"<h3><a [^>]*>Product (\w+)<", body)) for stage, body in columns}
    assert cards == {
        "draft": {"draft", "in_review"},
        "transforming": {"transforming"},
        "piloting": {"piloting"},
        "improving": {"improving"},
        "released": {"released"},
    }
    assert "3 firms · 2 answers" in html
    assert "3 days late" in html
    assert "1 change left" in html


@pytest.mark.parametrize(("show", "found"), [("late", {"piloting"}), ("mine", set()), ("ready", set())])
def test_filters_of_the_board_stand_in_the_address(
    cast: Cast, busy: dict[str, Product], client_for: ClientFor, show: str, found: set[str]
) -> None:
    html = client_for(cast.secretary).get(address(cast.alliance, "pilot_board"), {"show": show}).content.decode()

    assert set(re.findall(r"<h3><a [^>]*>Product (\w+)<", html)) == found


def test_the_board_takes_a_fixed_number_of_queries(
    cast: Cast, busy: dict[str, Product], django_assert_max_num_queries: Any
) -> None:
    from operations.selectors.board import get_board

    def look() -> None:
        get_board(cast.alliance, cast.secretary, show="all", group="", at=timezone.now(), movable=True)

    look()
    for _turn in range(4):
        make_pilot(make_product(cast, ProductState.PILOTING), cast.firms)
    with django_assert_max_num_queries(4):
        look()


@pytest.mark.parametrize(
    "name",
    [
        "product_detail",
        "product_move",
        "product_edit",
        "product_release",
        "product_retire",
        "product_send_back",
        "pilot_plan",
        "pilot_extend",
        "pilot_comments",
    ],
)
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_page_opens_for_the_secretariat_in_both_languages(
    cast: Cast, busy: dict[str, Product], client_for: ClientFor, name: str, language: str
) -> None:
    client = client_for(cast.secretary)
    client.cookies["django_language"] = language
    state = {"product_edit": "draft", "product_retire": "released", "pilot_plan": "transforming"}.get(name, "piloting")

    answer = page(client, cast, name, code=busy[state].code)

    assert answer.status_code == 200
    assert "<h1" in answer.content.decode()


@pytest.mark.parametrize("state", ProductState.values)
def test_a_product_opens_in_every_state(cast: Cast, busy: dict[str, Product], client_for: ClientFor, state: str) -> None:
    assert page(client_for(cast.secretary), cast, "product_detail", code=busy[state].code).status_code == 200


def test_the_page_of_a_late_pilot_offers_to_extend_and_close_and_draws_the_answers(
    cast: Cast, busy: dict[str, Product], client_for: ClientFor
) -> None:
    html = page(client_for(cast.secretary), cast, "product_detail", code=busy["piloting"].code).content.decode()

    assert "3 days late." in html
    assert address(cast.alliance, "pilot_extend", code=busy["piloting"].code) in html
    assert "Criterion 2" in html
    assert "is weakest, 2 of 2 disagree" in html
    assert "blocking 0" in html


def test_step_buttons_stand_only_where_the_reader_may(cast: Cast, busy: dict[str, Product], client_for: ClientFor) -> None:
    code = busy["in_review"].code
    review = address(cast.alliance, "product_review", code=code)

    def shows(user: Any) -> bool:
        return review in page(client_for(user), cast, "product_detail", code=code).content.decode()

    assert shows(cast.reviewer)
    assert not shows(cast.writer)
    assert not shows(cast.secretary)


@pytest.mark.parametrize(
    ("state", "readers"),
    [
        ("draft", {"writer", "secretary", "committee"}),
        ("in_review", {"writer", "secretary", "committee", "reviewer"}),
        ("transforming", {"writer", "secretary", "committee", "editor"}),
        ("piloting", {"writer", "secretary", "committee", "editor", "tester"}),
        ("released", {"writer", "secretary", "committee", "editor", "tester", "reviewer"}),
    ],
)
def test_before_its_release_a_product_is_open_to_its_circle_only(
    cast: Cast, busy: dict[str, Product], client_for: ClientFor, state: str, readers: set[str]
) -> None:
    people = {
        "writer": cast.writer,
        "secretary": cast.secretary,
        "committee": cast.committee,
        "reviewer": cast.reviewer,
        "editor": cast.editor,
        "tester": cast.testers[0],
    }

    found = {
        name
        for name, user in people.items()
        if page(client_for(user), cast, "product_detail", code=busy[state].code).status_code == 200
    }

    assert found == readers


def test_lists_and_single_pages_agree_on_who_reads(cast: Cast, busy: dict[str, Product]) -> None:
    from alliance.kernel.permissions import can
    from operations.permissions import VIEW_PRODUCT
    from operations.selectors.product import list_visible_products

    for user in (cast.writer, cast.secretary, cast.committee, cast.reviewer, cast.editor, *cast.testers, make_user()):
        listed = set(list_visible_products(cast.alliance, user, at=timezone.now()).values_list("code", flat=True))
        single = {product.code for product in busy.values() if can(user, VIEW_PRODUCT, product)}
        if user.email.startswith("person") and not listed:
            continue
        assert listed == single, user


def test_foreign_missing_and_closed_products_answer_alike(
    cast: Cast, busy: dict[str, Product], client_for: ClientFor
) -> None:
    elsewhere = make_alliance()
    with tenancy.acting_in(elsewhere):
        there = make_product(make_cast(elsewhere), ProductState.RELEASED, code="P-777", title_en=MARKER)
    client = client_for(cast.reviewer)

    answers = [page(client, cast, "product_detail", code=code) for code in (there.code, "P-000", busy["draft"].code)]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert all(MARKER not in answer.content.decode() for answer in answers)


def test_people_without_an_account_are_sent_to_sign_in(cast: Cast, busy: dict[str, Product], client: Client) -> None:
    answer = page(client, cast, "product_detail", code=busy["piloting"].code)

    assert answer.status_code == 302
    assert "login" in answer["Location"]


def test_a_draft_is_made_through_the_portal(cast: Cast, client_for: ClientFor) -> None:
    data = {"institution": cast.author.pk, "kind": "guide", "title_en": "Dyeing", "summary_en": "s", "body_en": "b"}

    answer = post(client_for(cast.writer), cast, "product_draft", data)

    product = Product.objects.of(cast.alliance).get()
    assert answer.status_code == 302
    assert (product.author, product.state) == (cast.author, ProductState.DRAFT)


def test_a_draft_without_a_title_keeps_what_was_typed_and_points_at_the_field(cast: Cast, client_for: ClientFor) -> None:
    data = {"institution": cast.author.pk, "kind": "guide", "body_en": "Hours of work"}

    answer = post(client_for(cast.writer), cast, "product_draft", data)

    html = answer.content.decode()
    assert answer.status_code == 422
    assert "Hours of work" in html
    assert 'href="#id_title_en"' in html


def test_an_edit_after_somebody_elses_shows_both_versions(cast: Cast, client_for: ClientFor) -> None:
    product = make_product(cast, body_en="Theirs", revision=2)
    data = {"kind": "guide", "title_en": product.title_en, "body_en": "Mine", "revision": 1}

    answer = post(client_for(cast.writer), cast, "product_edit", data, code=product.code)

    html = answer.content.decode()
    assert answer.status_code == 409
    assert "Theirs" in html
    assert "Mine" in html
    assert 'name="revision" value="2"' in html


def test_script_in_a_title_and_a_text_is_shown_as_text(cast: Cast, client_for: ClientFor) -> None:
    product = make_product(cast, title_en="<script>alert(1)</script>", body_en="<img src=x onerror=alert(2)>")

    html = page(client_for(cast.secretary), cast, "product_detail", code=product.code).content.decode()

    assert "<script>alert(1)" not in html
    assert "<img src=x" not in html


def answering(cast: Cast, product: Product, **more: Any) -> dict[str, Any]:
    return {"score_1": "4", "score_2": "5", "suggestion": "Fine", **more}


def test_a_pilot_firm_answers_and_changes_its_answer(cast: Cast, client_for: ClientFor) -> None:
    product = make_product(cast, ProductState.PILOTING)
    make_pilot(product, cast.firms)
    client = client_for(cast.testers[0])
    data = answering(cast, product, defects_0_severity="major", defects_0_description="Torn page")

    first = post(client, cast, "pilot_answer", data, code=product.code)
    second = post(client, cast, "pilot_answer", {**data, "score_1": "2"}, code=product.code)

    feedback = PilotFeedback.objects.of(cast.alliance).get()
    assert (first.status_code, second.status_code) == (302, 302)
    assert list(feedback.scores.order_by("criterion__position").values_list("score", flat=True)) == [2, 5]
    assert feedback.points.get(source="defect").text_en == "Torn page"


def test_an_incomplete_answer_loses_nothing(cast: Cast, client_for: ClientFor) -> None:
    product = make_product(cast, ProductState.PILOTING)
    make_pilot(product, cast.firms)

    answer = post(
        client_for(cast.testers[0]),
        cast,
        "pilot_answer",
        {"score_1": "4", "suggestion": "Long words", "defects_0_description": "Torn page"},
        code=product.code,
    )

    html = answer.content.decode()
    assert answer.status_code == 422
    assert "Long words" in html
    assert "Torn page" in html
    assert "Choose a score for “Criterion 2”." in html
    assert not PilotFeedback.objects.of(cast.alliance).exists()


def test_an_answer_after_the_deadline_is_refused_and_stays_on_the_page(cast: Cast, client_for: ClientFor) -> None:
    product = make_product(cast, ProductState.PILOTING)
    make_pilot(product, cast.firms, deadline=timezone.now() - timedelta(microseconds=1))

    answer = post(client_for(cast.testers[0]), cast, "pilot_answer", answering(cast, product), code=product.code)

    html = answer.content.decode()
    assert answer.status_code == 409
    assert "Your answer was not counted" in html
    assert ">Fine</textarea>" in html.replace("\n", "")


def test_evidence_is_kept_and_opened_by_those_concerned_only(cast: Cast, client_for: ClientFor) -> None:
    product = make_product(cast, ProductState.PILOTING)
    make_pilot(product, cast.firms)
    file = SimpleUploadedFile("measured.csv", b"item,before,after\nsalt,50,25\n")

    answer = post(
        client_for(cast.testers[0]), cast, "pilot_answer", answering(cast, product, evidence=file), code=product.code
    )

    assert answer.status_code == 302
    stored = PilotFeedback.objects.of(cast.alliance).get().evidence
    assert stored is not None

    def status(user: Any) -> int:
        return int(page(client_for(user), cast, "file_download", uuid=stored.uuid).status_code)

    assert status(cast.testers[0]) == 200
    assert status(cast.writer) == 200
    assert status(cast.testers[1]) == 404
    assert status(cast.reviewer) == 404


def test_a_harmful_file_is_refused_at_its_field(cast: Cast, client_for: ClientFor) -> None:
    product = make_product(cast, ProductState.PILOTING)
    make_pilot(product, cast.firms)
    file = SimpleUploadedFile("picture.png", b"<svg onload=alert(1)>")

    answer = post(
        client_for(cast.testers[0]), cast, "pilot_answer", answering(cast, product, evidence=file), code=product.code
    )

    assert answer.status_code == 422
    assert 'href="#id_evidence"' in answer.content.decode()
    assert not PilotFeedback.objects.of(cast.alliance).exists()


def test_answers_leave_as_csv_without_names_and_without_formulas(cast: Cast, client_for: ClientFor) -> None:
    product = make_product(cast, ProductState.PILOTING)
    pilot = make_pilot(product, cast.firms)
    feedback = make_answer(pilot, cast.firms[0], [4, 5])
    make_point(product, "=HYPERLINK(1)", pilot=pilot, participant=feedback.participant, feedback=feedback)
    feedback.respondent = cast.testers[0]
    feedback.save()

    answer = page(client_for(cast.secretary), cast, "pilot_answers_csv", code=product.code)

    raw = answer.content.decode("utf-8-sig")
    assert "'=HYPERLINK" in raw
    assert cast.testers[0].name_en not in raw
    assert read_csv(answer.content)[1][3:5] == ["4", "5"]


def test_a_pilot_firm_does_not_see_the_answers_of_others(cast: Cast, client_for: ClientFor) -> None:
    product = make_product(cast, ProductState.PILOTING)
    pilot = make_pilot(product, cast.firms)
    feedback = make_answer(pilot, cast.firms[0], [4, 5])
    make_point(product, MARKER, pilot=pilot, participant=feedback.participant, feedback=feedback)
    client = client_for(cast.testers[1])

    shown = page(client, cast, "product_detail", code=product.code)
    refused = [page(client, cast, name, code=product.code) for name in ("pilot_answers_csv", "pilot_comments")]

    assert shown.status_code == 200
    assert MARKER not in shown.content.decode()
    assert [answer.status_code for answer in refused] == [403, 403]


def test_a_pilot_is_planned_on_its_page(cast: Cast, client_for: ClientFor) -> None:
    product = make_product(cast, ProductState.TRANSFORMING)
    today = timezone.localtime().date()
    data = {
        "participants": [firm.pk for firm in cast.firms[:2]],
        "starts_on": today.isoformat(),
        "deadline_on": (today + timedelta(days=20)).isoformat(),
        "minimum_answers": 2,
        "trim_percent": 10,
        "blocking_defects_allowed": 0,
        "remind_days_before": 3,
        "escalate_days": 2,
        "extension_days": 7,
        "maximum_rounds": 3,
        "sample_size": 1,
        "minimum_sites": 1,
        "measures_0_name_en": "Steam",
        "measures_0_unit": "t",
        "closes_itself": "on",
        "criteria_0_name_en": "Clear",
        "criteria_0_pass_mark": "3.5",
        "criteria_0_scale_low": 1,
        "criteria_0_scale_high": 5,
    }

    answer = post(client_for(cast.secretary), cast, "pilot_plan", data, code=product.code)

    pilot = product.pilots.get()
    assert answer.status_code == 302, answer.content.decode()
    assert timezone.localtime(pilot.deadline).date() == today + timedelta(days=20)
    assert (pilot.minimum_answers, pilot.participants.count(), pilot.criteria.count()) == (2, 2, 1)


def test_a_plan_with_a_mark_off_the_scale_names_the_field(cast: Cast, client_for: ClientFor) -> None:
    product = make_product(cast, ProductState.TRANSFORMING)
    today = timezone.localtime().date()
    data = {
        "participants": [cast.firms[0].pk],
        "starts_on": today.isoformat(),
        "deadline_on": today.isoformat(),
        "minimum_answers": 2,
        "trim_percent": 10,
        "blocking_defects_allowed": 0,
        "remind_days_before": 3,
        "escalate_days": 2,
        "extension_days": 7,
        "maximum_rounds": 3,
        "sample_size": 1,
        "minimum_sites": 1,
        "measures_0_name_en": "Steam",
        "measures_0_unit": "t",
        "criteria_3_name_en": "Clear",
        "criteria_3_pass_mark": "9",
        "criteria_3_scale_low": 1,
        "criteria_3_scale_high": 5,
    }

    answer = post(client_for(cast.secretary), cast, "pilot_plan", data, code=product.code)

    assert answer.status_code == 422
    assert 'href="#id_criteria_3_pass_mark"' in answer.content.decode()


def test_a_dropped_card_leads_to_the_page_of_its_step_or_is_refused_in_words(
    cast: Cast, busy: dict[str, Product], client_for: ClientFor
) -> None:
    client = client_for(cast.secretary)

    led = post(client, cast, "pilot_move", {"card": busy["transforming"].code, "to": "piloting"})
    refused = post(client, cast, "pilot_move", {"card": busy["draft"].code, "to": "released"})

    assert led["Location"].endswith(f"/pilots/{busy['transforming'].code}/plan/")
    assert refused.status_code == 409
    assert "cannot go to" in refused.json()["title"]
    assert Product.objects.get(pk=busy["draft"].pk).state == ProductState.DRAFT


def test_a_share_opens_one_product_to_one_person_until_it_is_taken_back(
    cast: Cast, busy: dict[str, Product], client_for: ClientFor
) -> None:
    reader = make_staff(cast.alliance, cast.reviewer_institution)
    code = busy["draft"].code
    owner = client_for(cast.writer)

    def status(which: str) -> int:
        return int(page(client_for(reader), cast, "product_detail", code=busy[which].code).status_code)

    assert status("draft") == 404
    post(owner, cast, "share_add", {"email": reader.email}, code=code)
    assert (status("draft"), status("improving")) == (200, 404)
    post(owner, cast, "share_remove", {"reader": str(reader.uuid)}, code=code)
    assert status("draft") == 404
    assert not ProductShare.objects.exists()


def test_a_share_gives_reading_only_and_only_inside_the_alliance(
    cast: Cast, busy: dict[str, Product], client_for: ClientFor
) -> None:
    reader = make_staff(cast.alliance, cast.reviewer_institution)
    stranger = make_user()
    code = busy["draft"].code
    owner = client_for(cast.writer)
    post(owner, cast, "share_add", {"email": reader.email}, code=code)

    edit = page(client_for(reader), cast, "product_edit", code=code)
    post(owner, cast, "share_add", {"email": stranger.email}, code=code)

    assert edit.status_code == 403
    assert ProductShare.objects.count() == 1


def test_portal_lists_say_what_waits(cast: Cast, busy: dict[str, Product], client_for: ClientFor) -> None:
    product = make_product(cast, ProductState.PILOTING, title_en="To be tried")
    make_pilot(product, cast.firms)

    pilots = page(client_for(cast.testers[0]), cast, "portal_pilots").content.decode()
    reviews = page(client_for(cast.reviewer), cast, "portal_products").content.decode()
    own = page(client_for(cast.writer), cast, "portal_products").content.decode()

    assert "Needs your action" in pilots
    assert "To be tried" in pilots
    assert "Product in_review" in reviews
    assert "Product draft" in own


def test_the_list_filters_and_exports_the_same_rows(cast: Cast, busy: dict[str, Product], client_for: ClientFor) -> None:
    client = client_for(cast.secretary)
    url = address(cast.alliance, "pilot_list")

    html = client.get(url, {"state": "released"}).content.decode()
    rows = read_csv(client.get(url, {"state": "released", "format": "csv"}).content)

    assert "Product released" in html
    assert "Product draft" not in html
    assert [row[0] for row in rows[1:]] == [busy["released"].code]
