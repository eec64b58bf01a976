"""The arithmetic of scores: parts, struck marks, order, limits."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.scores import CRITERIA, check_marks, committed_text, compute, counting, digest_of

MARKS = st.dictionaries(st.sampled_from(CRITERIA), st.integers(min_value=1, max_value=5), max_size=5)
SHEETS = st.dictionaries(st.sampled_from(("demand", "supply", "witness")), MARKS, max_size=2)
STRUCK = st.dictionaries(
    st.sampled_from(("demand", "supply", "witness")), st.lists(st.sampled_from(CRITERIA), max_size=5), max_size=3
)


@given(SHEETS, STRUCK)
def test_parts_add_up_to_a_score_between_1_and_5(sheets: dict[str, dict[str, int]], struck: dict[str, list[str]]) -> None:
    found = compute(sheets, struck)
    if found is None:
        assert not counting(sheets, struck)
        return
    assert abs(sum(found.parts.values()) - found.score) <= Decimal("0.000001")
    assert sum(found.parts.values()) == found.score
    assert 1 <= found.score <= 5
    assert 1 <= found.sheets <= 2
    assert all(part > 0 for part in found.parts.values())
    assert set(found.parts) == set(found.means)


@given(SHEETS, STRUCK, st.randoms())
def test_the_order_of_sheets_and_marks_does_not_matter(
    sheets: dict[str, dict[str, int]], struck: dict[str, list[str]], chance: Any
) -> None:
    def shuffled(values: dict[str, Any]) -> dict[str, Any]:
        keys = list(values)
        chance.shuffle(keys)
        return {key: values[key] for key in keys}

    again = {by: shuffled(marks) for by, marks in shuffled(sheets).items()}

    assert compute(again, struck) == compute(sheets, struck)


@given(SHEETS, STRUCK)
def test_struck_marks_count_as_if_they_had_not_been_given(
    sheets: dict[str, dict[str, int]], struck: dict[str, list[str]]
) -> None:
    without = {
        by: {criterion: mark for criterion, mark in marks.items() if criterion not in struck.get(by, [])}
        for by, marks in sheets.items()
    }

    assert compute(sheets, struck) == compute(without)


@given(SHEETS)
def test_a_better_mark_never_lowers_the_score(sheets: dict[str, dict[str, int]]) -> None:
    before = compute(sheets)
    if before is None:
        return
    best = {by: dict.fromkeys(marks, 5) for by, marks in sheets.items()}
    after = compute(best)
    assert after is not None
    assert after.score == 5 >= before.score


def test_each_criterion_weighs_the_same_however_many_could_judge_it() -> None:
    found = compute({"demand": {"quality": 5, "terms": 1}, "witness": {"quality": 2}})

    assert found is not None
    assert found.means == {"quality": Decimal("3.500000"), "terms": Decimal("1.000000")}
    assert found.score == Decimal("2.250000")
    assert found.parts == {"quality": Decimal("1.750000"), "terms": Decimal("0.500000")}


def test_where_every_mark_is_struck_there_is_no_score() -> None:
    assert compute({"demand": {"quality": 1}}, {"demand": ["quality"]}) is None
    assert compute({}) is None


def test_an_evaluator_of_whom_no_mark_is_left_is_not_counted() -> None:
    found = compute({"demand": {"quality": 1}, "witness": {"quality": 4}}, {"demand": ["quality"]})

    assert found is not None
    assert (found.sheets, found.score) == (1, Decimal("4.000000"))


def test_marks_are_whole_numbers_from_1_to_5_of_known_criteria() -> None:
    assert check_marks({"quality": 5})
    for wrong in ({}, {"quality": 0}, {"quality": 6}, {"quality": True}, {"quality": 2.5}, {"beauty": 3}, {"quality": "3"}):
        assert not check_marks(wrong)


def test_the_digest_is_that_of_the_number_and_the_canonical_text() -> None:
    text = committed_text(contract="C-1", by="demand", of="supply", version=1, marks={"terms": 2, "quality": 4}, words="织")

    assert text == (
        '{"by":"demand","contract":"C-1","marks":{"quality":4,"terms":2},"of":"supply","version":1,"words":"织"}'
    )
    assert digest_of("00", text) == hashlib.sha256(b"00" + text.encode()).hexdigest()
    assert digest_of("01", text) != digest_of("00", text)
