"""Search: right scores that are explained, nothing that the reader may not see, nothing of another alliance."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from alliance.kernel import tenancy
from alliance.models import Alliance
from services import vectors
from services.choices import ListingAudience, ListingSide, ListingState
from services.models import Listing, ListingParty
from services.selectors import matching
from services.selectors.matching import (
    Candidate,
    MatchQuery,
    SearchAnswer,
    explain,
    index_status,
    merge,
    query_of_listing,
    query_of_text,
    search,
)
from tests.factories.services import make_house, make_listing
from tests.services.matching_helpers import Subjects, ask, index, supply


@pytest.fixture
def _subjects(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "installed_model", Subjects)


@pytest.fixture
def _no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "installed_model", lambda: None)


def fill(alliance: Alliance) -> list[Listing]:
    """Supplies in both languages, indexed with the vectors of the installed model."""
    listings = [
        supply(alliance, "Battery recycling", "We recycle lithium batteries from buses."),
        supply(alliance, "Weaving looms", "Maintenance of looms and weaving training."),
        supply(alliance, "Water treatment", "Clean water for dye houses, dye recovery."),
        supply(alliance, title_zh="废旧电池回收", body_zh="锂电池拆解与再生利用。"),
        supply(alliance, title_zh="印染废水处理", body_zh="染料回收，水循环利用，适合 PET 织物。"),
        make_listing(
            alliance,
            ListingSide.SUPPLY,
            title_en="Battery passports",
            title_zh="电池护照",
            body_en="Data of a battery over its life.",
            body_zh="电池全生命周期数据。",
        ),
    ]
    index(alliance, vectors=True)
    return listings


def exact(answer: SearchAnswer) -> list[tuple[int, float, float, float | None, tuple[tuple[str, float], ...]]]:
    """Everything an answer says in numbers, bit by bit."""
    return [
        (one.listing_id, one.score, one.bm25, one.cosine, tuple((share.term, share.score) for share in one.terms))
        for one in answer.candidates
    ]


@pytest.mark.usefixtures("_no_model")
def test_scores_are_those_of_bm25(act: Alliance) -> None:
    first = supply(act, "loom loom dye")
    supply(act, "dye water")
    supply(act, "battery")
    index(act, labels=False)

    answer = ask(act, "en", "loom dye dye unheard")

    def weight(count: int, length: int) -> float:
        return count * 2.2 / (count + 1.2 * (0.25 + 0.75 * length / 2))

    idf = {"loom": math.log(1 + 2.5 / 1.5), "dye": math.log(1 + 1.5 / 2.5)}
    best = answer.candidates[0]
    assert best.listing_id == first.pk
    assert best.bm25 == pytest.approx(idf["loom"] * weight(2, 3) + 2 * idf["dye"] * weight(1, 3), abs=2e-6)
    assert best.score == pytest.approx(1)
    second = answer.candidates[1]
    assert second.score == pytest.approx(2 * idf["dye"] * weight(1, 2) / best.bm25, abs=2e-6)
    assert len(answer.candidates) == 2


@pytest.mark.usefixtures("_subjects")
@pytest.mark.parametrize("method", ["bm25", "fused"])
@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "recycling of batteries and dye"),
        ("zh", "电池回收与染料 PET"),
        ("en", "water water water"),
        ("en", "PET 织物"),
    ],
)
def test_every_score_is_the_sum_of_its_parts(act: Alliance, method: matching.Method, language: str, text: str) -> None:
    fill(act)

    answer = ask(act, language, text, method=method)

    assert answer.candidates
    for one in answer.candidates:
        assert abs(sum(share.score for share in one.terms) + one.cosine_score - one.score) < 1e-6
        assert 0 <= one.score <= 1 + 1e-9
        explanation = explain(one)
        assert abs(sum(part.score for part in explanation.parts) - one.score) < 1e-6
        assert abs(sum(part.percent for part in explanation.parts) - (100 if one.score else 0)) < 1e-6
        assert set(explanation.words) <= set(text.split()) | {"电池", "回收", "染料", "PET", "织物"}


@pytest.mark.usefixtures("_subjects")
def test_the_other_language_is_found_by_vectors_in_a_group_of_its_own(act: Alliance) -> None:
    listings = fill(act)

    answer = ask(act, "en", "battery")

    assert answer.method == "fused"
    assert answer.other[0].listing_id == listings[3].pk
    assert answer.other[0].cosine == pytest.approx(1, abs=0.01)
    # What speaks both languages is found by its English text.
    assert listings[5].pk in {one.listing_id for one in answer.same}
    assert listings[5].pk not in {one.listing_id for one in answer.other}
    assert {one.listing_id for one in answer.candidates[:2]} == {answer.same[0].listing_id, listings[3].pk}
    assert [(one.query_language, one.language, one.model, one.vectors) for one in answer.basis] == [
        ("en", "en", "subjects 1", 4),
        ("en", "zh", "subjects 1", 2),
    ]


@pytest.mark.usefixtures("_subjects")
def test_a_query_in_both_languages_scores_a_listing_by_its_best_text(act: Alliance) -> None:
    listings = fill(act)
    query = make_listing(act, ListingSide.DEMAND, title_en="Dye", title_zh="电池护照", body_en="", body_zh="")

    answer = search(
        act, query_of_listing(query), allowed=Listing.objects.of(act).public(timezone.localdate()), side=ListingSide.SUPPLY
    )

    assert not answer.other
    # Best of the Chinese list and best of the English one.
    assert {(one.listing_id, one.language) for one in answer.same[:2]} == {(listings[5].pk, "zh"), (listings[2].pk, "en")}
    assert len({one.listing_id for one in answer.candidates}) == len(answer.candidates)


def test_without_a_model_fused_is_bm25_and_the_answer_says_so(act: Alliance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "installed_model", lambda: None)
    fill(act)

    fused, words = ask(act, "en", "battery dye"), ask(act, "en", "battery dye", method="bm25")

    assert exact(fused) == exact(words)
    assert (fused.method, {one.model for one in fused.basis}) == ("bm25", {""})
    assert all(one.cosine is None for one in fused.candidates)


@pytest.mark.usefixtures("_subjects")
def test_vectors_of_another_model_are_not_compared(act: Alliance, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(act)
    other = Subjects()
    other.name = "subjects 2"
    monkeypatch.setattr(vectors, "installed_model", lambda: other)

    assert ask(act, "en", "battery").method == "bm25"


def test_the_stored_vector_of_a_listing_serves_where_no_model_is_installed(
    act: Alliance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors, "installed_model", Subjects)
    demand = make_listing(act, ListingSide.DEMAND, title_en="Battery", title_zh="", body_en="", body_zh="")
    listings = fill(act)
    monkeypatch.setattr(vectors, "installed_model", lambda: None)

    answer = search(
        act, query_of_listing(demand), allowed=Listing.objects.of(act).public(timezone.localdate()), side=ListingSide.SUPPLY
    )

    assert answer.method == "fused"
    assert answer.other[0].listing_id == listings[3].pk


@pytest.mark.usefixtures("_subjects")
def test_supplies_find_demands_the_same_way_and_never_themselves(act: Alliance) -> None:
    demand = make_listing(act, ListingSide.DEMAND, title_en="Battery recycling wanted", title_zh="", body_en="", body_zh="")
    fill(act)
    allowed = Listing.objects.of(act).public(timezone.localdate())

    answer = ask(act, "en", "battery", side=ListingSide.DEMAND)
    assert [one.listing_id for one in answer.candidates] == [demand.pk]
    itself = search(act, query_of_listing(demand), allowed=allowed, side=ListingSide.DEMAND)
    assert itself.candidates == ()


@pytest.mark.usefixtures("_subjects")
@pytest.mark.parametrize("method", ["bm25", "fused"])
def test_the_permission_is_asked_before_the_limit(
    act: Alliance, method: matching.Method, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matching, "LIMIT", 2)
    assert matching.FIRST * 2 < 8, "the first texts sorted must all be hidden ones"
    house = make_house(act)
    for _turn in range(8):
        supply(act, "Battery battery battery", audience=ListingAudience.NAMED)
    mine = supply(act, "Battery among many other words of a long text", audience=ListingAudience.NAMED)
    ListingParty.objects.create(alliance=act, listing=mine, institution=house)
    seen = supply(act, "Battery and much more besides")
    index(act, vectors=True)

    nobody = ask(act, "en", "battery", limit=2, method=method)
    party = ask(
        act,
        "en",
        "battery",
        limit=2,
        method=method,
        allowed=Listing.objects.of(act).readable(timezone.localdate(), [house.pk]),
    )

    assert [one.listing_id for one in nobody.candidates] == [seen.pk]
    assert {one.listing_id for one in party.candidates} == {seen.pk, mine.pk}


@pytest.mark.usefixtures("_subjects")
def test_a_hidden_listing_changes_nobodys_scores_by_any_bit(act: Alliance) -> None:
    fill(act)
    text = " ".join(f"word{number}" for number in range(40)) + " battery recycling dye water training looms"
    supply(act, "Words", " ".join(f"word{number}" for number in range(30)))
    index(act, vectors=True)
    before = [exact(ask(act, "en", text)), exact(ask(act, "zh", "电池回收 染料 secretword 甲醇"))]
    basis = ask(act, "en", text).basis

    for number in range(6):
        supply(
            act,
            f"Battery secretword word{35 + number}",
            "battery dye water " * (number + 1),
            title_zh="电池甲醇",
            body_zh="染料" * 30,
            audience=ListingAudience.NAMED,
        )
    index(act, vectors=True)
    matching_statistics_afterwards = ask(act, "en", text).basis

    assert [exact(ask(act, "en", text)), exact(ask(act, "zh", "电池回收 染料 secretword 甲醇"))] == before
    assert matching_statistics_afterwards == basis


@pytest.mark.usefixtures("_subjects")
@pytest.mark.parametrize(
    "change", [{"expires_on": timezone.localdate() - timedelta(days=1)}, {"state": ListingState.WITHDRAWN}]
)
def test_what_has_ended_is_gone_at_once_though_the_index_still_holds_it(act: Alliance, change: dict[str, object]) -> None:
    listings = fill(act)
    assert listings[0].pk in {one.listing_id for one in ask(act, "en", "battery recycling").candidates}

    Listing.objects.of(act).filter(pk=listings[0].pk).update(**change)

    for method in ("bm25", "fused"):
        assert listings[0].pk not in {
            one.listing_id for one in ask(act, "en", "battery recycling", method=method).candidates
        }


@pytest.mark.usefixtures("_subjects")
@pytest.mark.parametrize("method", ["bm25", "fused"])
def test_another_alliance_neither_appears_nor_changes_a_score(
    alliance: Alliance, other_alliance: Alliance, method: matching.Method
) -> None:
    queries = (("en", "battery recycling dye"), ("zh", "电池回收 染料"))
    with tenancy.acting_in(alliance):
        ours = {one.pk for one in fill(alliance)}
        before = [exact(ask(alliance, *query, method=method)) for query in queries]

    with tenancy.acting_in(other_alliance):
        for _turn in range(20):
            supply(other_alliance, "Battery recycling", "dye " * 9, title_zh="电池回收", body_zh="染料" * 9)
        index(other_alliance, vectors=True)

    with tenancy.acting_in(alliance):
        after = [ask(alliance, *query, method=method) for query in queries]
        assert [exact(answer) for answer in after] == before
        assert {one.listing_id for answer in after for one in answer.candidates} <= ours
        # A condition that forgets the alliance finds nothing of others either.
        careless = ask(alliance, "en", "battery recycling dye", method=method, allowed=Listing.objects.all())
        assert exact(careless) == before[0]


@pytest.mark.usefixtures("_subjects")
def test_the_number_of_statements_is_fixed(act: Alliance) -> None:
    fill(act)
    with CaptureQueriesContext(connection) as few:
        ask(act, "en", "PET battery")
    for number in range(15):
        supply(act, f"Battery {number}")
    index(act, vectors=True)

    with CaptureQueriesContext(connection) as many:
        ask(act, "en", "PET battery")

    assert len(few) == len(many) == 9


@pytest.mark.usefixtures("_subjects")
def test_beyond_the_bound_the_newest_vectors_and_those_of_found_words_are_compared(
    act: Alliance, monkeypatch: pytest.MonkeyPatch
) -> None:
    listings = fill(act)
    monkeypatch.setattr(matching, "MOST_VECTORS", 1)

    answer = ask(act, "en", "loom")

    basis = answer.basis[0]
    assert (basis.vectors, basis.all_vectors) == (2, False)
    assert {one.listing_id for one in answer.same} == {listings[1].pk, listings[5].pk}
    assert all(one.cosine is not None for one in answer.same)


@pytest.mark.usefixtures("_subjects")
def test_a_listing_whose_vector_is_not_there_yet_is_ranked_by_its_words(act: Alliance) -> None:
    fill(act)
    late = supply(act, "Battery recycling", "We recycle lithium batteries from buses.")
    index(act, late)

    answer = ask(act, "en", "battery recycling lithium")

    one = next(one for one in answer.same if one.listing_id == late.pk)
    assert (one.cosine, one.cosine_score) == (None, 0)
    assert one.score == pytest.approx(1)


@pytest.mark.parametrize("text", ["", "   ", "a", "的", "?!"])
def test_a_query_without_words_finds_nothing_and_fails_nowhere(
    act: Alliance, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors, "installed_model", lambda: None)
    fill(act)

    answer = search(
        act, query_of_text(text), allowed=Listing.objects.of(act).public(timezone.localdate()), side=ListingSide.SUPPLY
    )

    assert answer.candidates == ()


def test_nobody_may_see_anything_and_an_empty_index_are_answered(act: Alliance) -> None:
    assert ask(act, "en", "battery").candidates == ()
    supply(act, "Battery")
    index(act)
    assert ask(act, "en", "battery", allowed=Listing.objects.none()).candidates == ()


def test_the_index_tells_how_it_stands(act: Alliance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "installed_model", Subjects)
    fill(act)

    english, chinese = index_status(act)

    assert (english.side, english.language, english.texts, english.vectors) == ("supply", "en", 4, 4)
    assert (chinese.language, chinese.texts, chinese.listings) == ("zh", 3, 3)


def test_the_two_groups_are_taken_in_turns_where_vectors_speak_for_the_other() -> None:
    same = [Candidate(number, "en", "same", 1 - number / 10, 1.0) for number in range(3)]
    other = [Candidate(10 + number, "zh", "other", 0.4, 0.0, cosine=0.5) for number in range(2)]
    chance = [Candidate(20, "zh", "other", 0.1, 1.0)]

    assert [one.listing_id for one in merge(same, other)] == [0, 10, 1, 11, 2]
    assert [one.listing_id for one in merge(same, chance)] == [0, 1, 2, 20]
    assert merge([], other) == tuple(other)


def test_words_typed_are_asked_in_the_language_of_their_script() -> None:
    assert query_of_text(" 电池回收 ").texts == {"zh": "电池回收"}
    assert query_of_text("battery").texts == {"en": "battery"}
    assert query_of_text("").texts == {}
    assert query_of_text("PET", "zh") == MatchQuery({"zh": "PET"})
