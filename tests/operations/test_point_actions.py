"""Points of feedback: raised once, answered by the makers, told to those who said it, named by the release."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from alliance.kernel import tenancy
from alliance.kernel.errors import (
    ConflictOfInterestError,
    DomainError,
    InvalidInputError,
    NotFoundError,
    PermissionRefusedError,
)
from alliance.models import AuditEntry, Notification, OutboxEvent
from groups.choices import ConflictState
from groups.models import ConflictOfInterest
from members.models import Institution
from operations.actions.feedback import DefectNote, submit_feedback
from operations.actions.point import agree_change, answer_point, name_points_of_release, raise_point, said, take_back_point
from operations.choices import PointSource, PointState, ProductState
from operations.gates import open_points
from operations.models import FeedbackPoint, Pilot, Product
from operations.selectors.point import (
    count_points,
    list_points,
    points_answered,
    points_of,
    points_open_to,
    unfinished_points,
)
from operations.signals import POINT_ANSWERED
from operations.transitions import BEGIN_PILOT, RELEASE
from tests.factories.alliance import address, make_alliance
from tests.factories.operations import Cast, make_cast, make_pilot, make_point, make_product, make_staff

pytestmark = pytest.mark.django_db


def stand_aside(institution: Institution, product: Product) -> None:
    ConflictOfInterest.objects.create(
        alliance=product.alliance,
        institution=institution,
        matter=product.matter,
        state=ConflictState.RECUSED,
        reason="shares",
        declared_at=timezone.now(),
    )


def answer(cast: Cast, point: FeedbackPoint, state: str, words: str = "Done.", **fields: Any) -> FeedbackPoint:
    values: dict[str, Any] = {"actor": cast.writer, "at": timezone.now(), **fields}
    return answer_point(cast.alliance, point.product.code, point.key, state=state, answer=words, **values)


@pytest.fixture
def product(cast: Cast) -> Product:
    return make_product(cast, ProductState.PILOTING)


@pytest.fixture
def pilot(cast: Cast, product: Product) -> Pilot:
    return make_pilot(product, cast.firms)


@pytest.fixture
def point(cast: Cast, product: Product, pilot: Pilot) -> FeedbackPoint:
    """A suggestion of the first firm."""
    site = pilot.participants.get(institution=cast.firms[0])
    return make_point(product, "Step 6 needs 80 °C", pilot=pilot, participant=site)


# -------------------------------------------------------------------------------------------------------------- raising


def test_the_same_key_again_renews_the_words_while_nobody_has_answered(product: Product) -> None:
    now = timezone.now()
    for words in ("First", "Second"):
        raise_point(product, key="rating:1", source=PointSource.PUBLIC, text_en=words, at=now)

    assert [row.text_en for row in FeedbackPoint.objects.all()] == ["Second"]


def test_an_answered_point_keeps_the_words_it_was_answered_for(cast: Cast, product: Product) -> None:
    now = timezone.now()
    point = raise_point(product, key="rating:1", source=PointSource.PUBLIC, text_en="First", at=now)
    answer(cast, point, "accepted")

    raise_point(product, key="rating:1", source=PointSource.PUBLIC, text_en="Second", at=now)

    point.refresh_from_db()
    assert (point.text_en, point.state) == ("First", PointState.ACCEPTED)


@pytest.mark.parametrize(
    ("key", "source", "severity"),
    [("A B", "public", ""), ("a", "nobody", ""), ("a", "defect", "grave"), ("x" * 81, "defect", "")],
)
def test_a_point_of_no_known_kind_is_a_programming_error(product: Product, key: str, source: str, severity: str) -> None:
    with pytest.raises(ValueError, match="cannot be noted"):
        raise_point(product, key=key, source=source, severity=severity, text_en="x", at=timezone.now())


def test_a_point_belongs_to_the_version_its_round_tries(product: Product, pilot: Pilot) -> None:
    product.version = 4

    raised = raise_point(
        product, key="defect:1", source="defect", severity="minor", text_en="x", pilot=pilot, at=timezone.now()
    )

    assert raised.version == pilot.version == 1


def test_only_an_unanswered_point_is_taken_back(cast: Cast, product: Product, point: FeedbackPoint) -> None:
    other = make_point(product, state=PointState.ACCEPTED)

    assert take_back_point(product, key=point.key) is True
    assert take_back_point(product, key=other.key) is False
    assert take_back_point(product, key="nothing") is False
    assert list(FeedbackPoint.objects.all()) == [other]


@given(st.text(min_size=1, max_size=30))
def test_words_go_into_the_column_of_their_language(words: str) -> None:
    column = said(words)

    assert list(column.values()) == [words]
    assert ("text_zh" in column) == any("\u4e00" <= sign <= "\u9fff" for sign in words)


def test_the_form_of_an_answer_writes_its_points_and_keeps_those_that_were_answered(
    cast: Cast, product: Product, pilot: Pilot
) -> None:
    def send(*defects: str, suggestion: str = "") -> None:
        submit_feedback(
            cast.alliance,
            product.code,
            actor=cast.testers[0],
            institution_id=cast.firms[0].pk,
            scores={1: 4, 2: 4},
            defects=[DefectNote("major", words) for words in defects],
            suggestion=suggestion,
            at=timezone.now(),
        )

    send("Torn page", "Wrong unit", suggestion="Larger type")
    answer(cast, FeedbackPoint.objects.get(text_en="Torn page"), "accepted")
    kept = FeedbackPoint.objects.get(text_en="Wrong unit").pk
    send("Wrong unit", suggestion="更大的字")

    rows = {row.text: row for row in FeedbackPoint.objects.all()}
    assert set(rows) == {"Torn page", "Wrong unit", "更大的字"}
    assert rows["Wrong unit"].pk == kept
    assert rows["更大的字"].text_zh == "更大的字"
    assert rows["Torn page"].state == PointState.ACCEPTED


# ------------------------------------------------------------------------------------------------------------ answering


@pytest.mark.parametrize(
    ("state", "words", "done_in"), [("accepted", "", None), ("declined", "Out of scope.", None), ("done", "In table 2.", 2)]
)
def test_an_answer_is_recorded_told_and_owed_as_an_event(
    cast: Cast, point: FeedbackPoint, state: str, words: str, done_in: int | None
) -> None:
    answered = answer(cast, point, state, words)

    assert (answered.state, answered.answer, answered.done_in, answered.answered_by) == (state, words, done_in, cast.writer)
    entry = AuditEntry.objects.get(verb="answer_point")
    assert entry.actor_id == cast.writer.uuid
    event = OutboxEvent.objects.get(kind=POINT_ANSWERED)
    assert event.payload == {
        "product": point.product.code,
        "key": point.key,
        "version": 1,
        "state": state,
        "done_in": done_in,
    }
    told = Notification.objects.get(kind=f"point_{state}")
    assert told.user == cast.testers[0]


def test_a_person_whose_member_remark_is_answered_is_told(cast: Cast, product: Product) -> None:
    point = make_point(product, source=PointSource.MEMBER, raised_by=cast.reviewer)

    answer(cast, point, "accepted")

    assert Notification.objects.get(kind="point_accepted").user == cast.reviewer


@pytest.mark.parametrize(
    ("state", "words", "done_in", "field"),
    [
        ("declined", "  ", None, "answer"),
        ("open", "x", None, "state"),
        ("finished", "x", None, "state"),
        ("accepted", "x" * 501, None, "answer"),
        ("done", "x", 3, "done_in"),
        ("done", "x", 0, "done_in"),
        ("done", "x", -1, "done_in"),
    ],
)
def test_an_impossible_answer_is_refused_at_its_field(
    cast: Cast, point: FeedbackPoint, state: str, words: str, done_in: int | None, field: str
) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        answer(cast, point, state, words, done_in=done_in)

    assert list(refusal.value.fields) == [field]
    point.refresh_from_db()
    assert point.state == PointState.OPEN


def test_what_was_said_of_version_two_is_not_done_in_version_one(cast: Cast, product: Product) -> None:
    product.version = 2
    product.save()
    point = make_point(product)

    with pytest.raises(InvalidInputError, match="version_impossible"):
        answer(cast, point, "done", done_in=1)


@pytest.mark.parametrize("who", ["tester", "reviewer", "committee"])
def test_only_the_makers_and_the_office_answer(cast: Cast, point: FeedbackPoint, who: str) -> None:
    actor = {"tester": cast.testers[0], "reviewer": cast.reviewer, "committee": cast.committee}[who]

    with pytest.raises(PermissionRefusedError):
        answer(cast, point, "accepted", actor=actor)


def test_the_media_think_tank_that_adapts_it_answers_too(cast: Cast, point: FeedbackPoint) -> None:
    assert answer(cast, point, "accepted", actor=cast.editor).answered_by == cast.editor


def test_a_person_of_an_institution_that_stands_aside_does_not_answer(cast: Cast, point: FeedbackPoint) -> None:
    aside = make_staff(cast.alliance, cast.reviewer_institution, user=cast.secretary)
    stand_aside(cast.reviewer_institution, point.product)

    with pytest.raises(ConflictOfInterestError):
        answer(cast, point, "accepted", actor=aside)


@pytest.mark.parametrize("state", [ProductState.RETIRED, ProductState.WITHDRAWN])
def test_points_of_a_product_out_of_use_stand_as_they_are(cast: Cast, state: str) -> None:
    point = make_point(make_product(cast, state))

    with pytest.raises(DomainError, match="not_changeable"):
        answer(cast, point, "accepted")


def test_points_of_another_alliance_or_product_do_not_exist(cast: Cast, point: FeedbackPoint) -> None:
    other = make_product(cast, ProductState.PILOTING)
    elsewhere = make_alliance("elsewhere")
    with tenancy.acting_in(elsewhere):
        stranger = make_cast(elsewhere)
        with pytest.raises(NotFoundError):
            answer_point(
                elsewhere,
                point.product.code,
                point.key,
                state="accepted",
                answer="",
                actor=stranger.writer,
                at=timezone.now(),
            )
    with tenancy.acting_in(cast.alliance), pytest.raises(NotFoundError):
        answer_point(cast.alliance, other.code, point.key, state="accepted", answer="", actor=cast.writer, at=timezone.now())


def test_a_change_that_nobody_asked_for_is_agreed_on(cast: Cast, product: Product, pilot: Pilot) -> None:
    agreed = agree_change(
        cast.alliance, product.code, actor=cast.editor, text=" Captions ", text_zh="字幕", at=timezone.now()
    )

    assert (agreed.text_en, agreed.text_zh, agreed.state, agreed.source) == ("Captions", "字幕", "accepted", "member")


@pytest.mark.parametrize("text", ["", "   ", "x" * 301])
def test_a_change_needs_one_sentence(cast: Cast, product: Product, pilot: Pilot, text: str) -> None:
    with pytest.raises(InvalidInputError):
        agree_change(cast.alliance, product.code, actor=cast.editor, text=text, at=timezone.now())


# -------------------------------------------------------------------------------------------------------- gates, release


@pytest.mark.parametrize(
    ("fields", "next_round", "release"),
    [
        ({"severity": "blocking", "source": "defect"}, False, False),
        ({"severity": "major", "source": "defect"}, False, False),
        ({"severity": "minor", "source": "defect"}, True, True),
        ({"source": "suggestion"}, True, True),
        ({"source": "criterion"}, False, True),
        ({"source": "decision"}, False, True),
        ({"state": "accepted"}, False, True),
        ({"state": "accepted", "severity": "blocking"}, False, True),
        ({"state": "declined", "answer": "No.", "severity": "blocking"}, True, True),
        ({"state": "done", "done_in": 2, "severity": "blocking"}, True, True),
    ],
)
def test_the_gates_ask_for_what_is_grave_and_for_what_was_agreed(
    cast: Cast, fields: dict[str, Any], next_round: bool, release: bool
) -> None:
    improving, piloting = make_product(cast, ProductState.IMPROVING), make_product(cast, ProductState.PILOTING)
    for product in (improving, piloting):
        make_point(product, **fields)

    def is_open(product: Product, transition: Any) -> bool:
        return next(view.done for view in open_points(product, transition) if view.key == "points")

    assert (is_open(improving, BEGIN_PILOT), is_open(piloting, RELEASE)) == (next_round, release)


def test_points_of_institutions_that_stand_aside_hold_nothing_up(cast: Cast, point: FeedbackPoint) -> None:
    FeedbackPoint.objects.update(severity="blocking")
    assert unfinished_points(point.product).exists()

    stand_aside(cast.firms[0], point.product)

    assert not unfinished_points(point.product).exists()


def test_a_release_names_what_is_done_in_it_and_the_answer_then_stands(cast: Cast, product: Product) -> None:
    product.version = 2
    product.save()
    done = make_point(product, "Captions", version=1, state="done", done_in=2, answer="Added.")
    make_point(product, "Later", version=2, state="done", done_in=3)
    make_point(product, "No", state="declined", answer="No.")

    named = name_points_of_release(product)

    assert named == [done.key]
    assert [(row.text_en, row.named_in) for row in points_answered(product)] == [("Captions", 2)]
    with pytest.raises(DomainError, match="named_by_release"):
        answer(cast, done, "declined", "Changed our mind.")


def test_a_second_release_names_only_what_the_first_did_not(product: Product) -> None:
    make_point(product, "One", state="done", done_in=1)
    name_points_of_release(product)
    product.version = 2
    make_point(product, "Two", state="done", done_in=2)

    name_points_of_release(product)

    assert [(row.text_en, row.named_in) for row in points_answered(product)] == [("One", 1), ("Two", 2)]


# ---------------------------------------------------------------------------------------------------------- who sees what


def seen(product: Product, user: Any) -> set[str]:
    reach = points_open_to(product, user, at=timezone.now())
    return {row.text for row in list_points(product, **reach.filters)}


def test_everybody_reads_what_concerns_them_and_no_more(cast: Cast, product: Product, pilot: Pilot) -> None:
    sites = [pilot.participants.get(institution=firm) for firm in cast.firms]
    make_point(product, "first", participant=sites[0], pilot=pilot)
    make_point(product, "second", participant=sites[1], pilot=pilot)
    make_point(product, "named", participant=sites[2], pilot=pilot, state="done", done_in=1, named_in=1)

    every = {"first", "second", "named"}
    assert seen(product, cast.writer) == seen(product, cast.editor) == seen(product, cast.committee) == every
    assert seen(product, cast.testers[0]) == {"first", "named"}
    assert seen(product, cast.reviewer) == {"named"}


def test_points_of_who_stands_aside_are_read_by_itself_and_the_office_only(cast: Cast, point: FeedbackPoint) -> None:
    stand_aside(cast.firms[0], point.product)

    assert seen(point.product, cast.writer) == set()
    assert seen(point.product, cast.committee) == set()
    assert seen(point.product, cast.secretary) == {point.text}
    assert count_points(point.product).total == 0


def test_somebody_who_stands_aside_reads_nothing_of_others(cast: Cast, point: FeedbackPoint) -> None:
    aside = make_staff(cast.alliance, cast.reviewer_institution, user=cast.committee)
    assert seen(point.product, aside) == {point.text}

    stand_aside(cast.reviewer_institution, point.product)

    assert seen(point.product, aside) == set()


def test_filters_narrow_the_list(cast: Cast, product: Product, pilot: Pilot) -> None:
    site = pilot.participants.get(institution=cast.firms[1])
    make_point(product, "a", source="defect", severity="major", pilot=pilot, participant=site)
    make_point(product, "b", version=2, state="accepted")

    def texts(**wanted: Any) -> set[str]:
        return {row.text for row in list_points(product, **wanted)}

    assert texts(states=["accepted"]) == {"b"}
    assert texts(sources=["defect"]) == texts(severities=["major"]) == texts(sites=[cast.firms[1].pk]) == {"a"}
    assert texts(versions=[2]) == {"b"}
    assert points_of(product).count() == 2


# ---------------------------------------------------------------------------------------------------------- pages and api


def url(cast: Cast, name: str, **kwargs: Any) -> str:
    return address(cast.alliance, name, **kwargs)


def test_the_list_filters_pages_and_exports(cast: Cast, point: FeedbackPoint, client_for: Any) -> None:
    make_point(point.product, "Declined one", state="declined", answer="Out of scope.")
    client: Client = client_for(cast.writer)
    address_of_list = url(cast, "point_list", code=point.product.code)

    every = client.get(address_of_list).content.decode()
    declined = client.get(address_of_list, {"state": "declined"}).content.decode()
    lines = client.get(address_of_list, {"state": "declined", "format": "csv"}).content.decode("utf-8-sig").splitlines()

    assert "Step 6 needs 80 °C" in every
    assert cast.firms[0].name in every
    assert "Step 6 needs 80 °C" not in declined
    assert "Out of scope." in declined
    assert len(lines) == 2


def test_the_list_asks_the_same_number_of_queries_for_one_point_and_for_forty(
    cast: Cast, point: FeedbackPoint, client_for: Any, django_assert_max_num_queries: Any
) -> None:
    from django.db import connection  # noqa: PLC0415
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    client: Client = client_for(cast.writer)
    address_of_list = url(cast, "point_list", code=point.product.code)
    client.get(address_of_list)
    with CaptureQueriesContext(connection) as few:
        client.get(address_of_list)
    for number in range(40):
        make_point(point.product, f"Point {number}", pilot=point.pilot, participant=point.participant)

    with django_assert_max_num_queries(len(few)):
        client.get(address_of_list)


def test_a_point_is_answered_on_its_page_and_a_refusal_keeps_what_was_typed(
    cast: Cast, point: FeedbackPoint, client_for: Any
) -> None:
    client: Client = client_for(cast.writer)
    page = url(cast, "point_answer", code=point.product.code, key=point.key)

    opened = client.get(page)
    refused = client.post(page, {"state": "declined", "answer": "", "done_in": "2"})
    done = client.post(page, {"state": "done", "answer": "In table 2.", "done_in": "2"})

    assert (opened.status_code, refused.status_code, done.status_code) == (200, 422, 302)
    assert "Say why it is declined" in refused.content.decode()
    point.refresh_from_db()
    assert (point.state, point.done_in) == ("done", 2)


def test_a_site_sees_the_answer_to_what_it_said_and_nothing_of_others(
    cast: Cast, point: FeedbackPoint, client_for: Any
) -> None:
    other = point.pilot.participants.get(institution=cast.firms[1])  # type: ignore[union-attr]
    make_point(point.product, "Of another site", pilot=point.pilot, participant=other)
    answer(cast, point, "declined", "The bath must be hot.")

    html = client_for(cast.testers[0]).get(url(cast, "point_list", code=point.product.code)).content.decode()

    assert "The bath must be hot." in html
    assert "Of another site" not in html


def test_the_api_lists_what_the_page_lists(cast: Cast, point: FeedbackPoint, client_for: Any) -> None:
    other = point.pilot.participants.get(institution=cast.firms[1])  # type: ignore[union-attr]
    make_point(point.product, "Of another site", pilot=point.pilot, participant=other)
    make_point(point.product, "Named", pilot=point.pilot, participant=other, state="done", done_in=1, named_in=1)

    def listed(user: Any) -> dict[str, Any]:
        answer = client_for(user).get(url(cast, "api_point_list", code=point.product.code))
        assert answer.status_code == 200, answer.content
        return {row["text_en"]: row["site"] for row in answer.json()["results"]}

    assert listed(cast.writer) == {
        "Step 6 needs 80 °C": cast.firms[0].code,
        "Of another site": cast.firms[1].code,
        "Named": cast.firms[1].code,
    }
    assert listed(cast.testers[0]) == {"Step 6 needs 80 °C": cast.firms[0].code, "Named": None}
    stand_aside(cast.firms[1], point.product)
    assert set(listed(cast.writer)) == {"Step 6 needs 80 °C"}


def test_the_api_answers_a_point(cast: Cast, point: FeedbackPoint, client_for: Any) -> None:
    path = url(cast, "api_point_answer", code=point.product.code, key=point.key)
    body = {"state": "done", "answer": "In table 2.", "done_in": 2}

    refused = client_for(cast.testers[0]).post(path, body, content_type="application/json")
    done = client_for(cast.writer).post(path, body, content_type="application/json")

    assert refused.status_code == 403
    assert done.status_code == 200, done.content
    assert done.json()["done_in"] == 2
