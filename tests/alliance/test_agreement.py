"""Agreement of raters and change between two samples: the published examples of methods.md 4.1 and 4.2, and the edges."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance.kernel.statistics import (
    MethodInputError,
    bootstrap_change,
    bootstrap_ci,
    chi2_tail,
    kendall_w,
    krippendorff_alpha,
    mean,
    mid_ranks,
    trimmed_mean,
    trimmed_statistic,
)

NONE = None
KRIPPENDORFF_C = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, NONE, NONE, NONE],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NONE, 3],
    [NONE, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NONE],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NONE],
]
ZAR_20_5 = [
    [4, 8.5, 10, 1.5, 3, 1.5, 7, 5, 8.5, 11, 6, 12],
    [5, 7, 11, 2.5, 5, 1, 5, 2.5, 9.5, 8, 9.5, 12],
    [5.5, 5.5, 9.5, 2, 3, 1, 8, 4, 11, 9.5, 7, 12],
]


@pytest.mark.parametrize(
    ("level", "published"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)]
)
def test_alpha_of_krippendorffs_data_is_as_published_at_each_level(level: str, published: float) -> None:
    found = krippendorff_alpha(KRIPPENDORFF_C, level=level)

    assert found.value == pytest.approx(published, abs=0.0005)
    assert (found.units, found.raters, found.reason) == (11, 4, "")


def test_alpha_of_equal_values_is_undefined_and_never_one() -> None:
    found = krippendorff_alpha([[3, 3, 3], [3, 3, NONE]], level="ordinal")

    assert (found.value, found.reason) == (None, "all_equal")


def test_alpha_is_one_where_all_agree_and_values_differ() -> None:
    assert krippendorff_alpha([[1, 2, 5], [1, 2, 5], [1, 2, 5]], level="interval").value == 1


@pytest.mark.parametrize(
    ("ratings", "level", "code"),
    [
        ([[1, 2], [NONE, NONE]], "ordinal", "too_few"),
        ([], "ordinal", "too_few"),
        ([[1, 2], [1]], "ordinal", "ragged"),
        ([[1, "x"], [1, 2]], "ordinal", "not_a_number"),
        ([[1, -2], [1, 2]], "ratio", "out_of_range"),
        ([[1, 2], [1, 3]], "", "unknown_level"),
    ],
)
def test_alpha_refuses_what_it_cannot_judge(ratings: list[list[Any]], level: str, code: str) -> None:
    with pytest.raises(MethodInputError) as refusal:
        krippendorff_alpha(ratings, level=level)

    assert refusal.value.code == code


@given(
    st.lists(st.lists(st.integers(1, 5), min_size=4, max_size=4), min_size=2, max_size=6), st.randoms(use_true_random=False)
)
def test_alpha_does_not_depend_on_the_order_of_raters_and_never_exceeds_one(ratings: list[list[int]], order: Any) -> None:
    shuffled = order.sample(ratings, len(ratings))

    for level in ("nominal", "ordinal", "interval"):
        first, second = krippendorff_alpha(ratings, level=level), krippendorff_alpha(shuffled, level=level)
        assert (first.value is None) == (second.value is None)
        assert first.value is None or first.value <= 1 + 1e-12
        assert first.value is None or first.value == pytest.approx(second.value)


def test_kendalls_w_of_zars_example_is_as_published() -> None:
    found = kendall_w(ZAR_20_5)

    assert found.value == pytest.approx(0.924135, abs=1e-6)
    assert found.chi2 == pytest.approx(30.4965, abs=1e-4)
    assert found.df == 11
    assert found.p == pytest.approx(0.001324, abs=1e-6)
    assert found.notice == ""


def test_kendalls_w_ranks_scores_itself_and_warns_of_a_rough_probability_for_few_items() -> None:
    found = kendall_w([[10, 20, 30], [1, 5, 7], [2, 3, 9]])

    assert (found.value, found.notice) == (1, "approximate_p")


def test_kendalls_w_is_undefined_where_every_rater_puts_all_level() -> None:
    found = kendall_w([[2, 2, 2], [5, 5, 5]])

    assert (found.value, found.reason, found.p) == (None, "all_tied", None)


@pytest.mark.parametrize(
    ("ratings", "code"),
    [
        ([[1, 2, 3]], "too_few"),
        ([[1, 2], [2, 1]], "too_few"),
        ([[1, 2, NONE], [2, 1, 3]], "missing"),
        ([[1, 2, 3], [2, 1]], "ragged"),
    ],
)
def test_kendalls_w_refuses_what_it_cannot_judge(ratings: list[list[Any]], code: str) -> None:
    with pytest.raises(MethodInputError) as refusal:
        kendall_w(ratings)

    assert refusal.value.code == code


def test_equal_values_share_a_mid_rank() -> None:
    assert mid_ranks([5, 1, 5, 9]) == [2.5, 1, 2.5, 4]


@pytest.mark.parametrize(
    ("value", "df", "tail"), [(3.841459, 1, 0.05), (5.991465, 2, 0.05), (7.814728, 3, 0.05), (18.307, 10, 0.05), (0, 4, 1)]
)
def test_the_tail_of_chi_squared_is_as_tabled(value: float, df: int, tail: float) -> None:
    assert chi2_tail(value, df) == pytest.approx(tail, abs=1e-6)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=60), st.sampled_from([0, 0.1, 0.25, 0.4]))
def test_the_quick_trimmed_mean_equals_the_plain_one(values: list[int], share: float) -> None:
    assert trimmed_statistic(share)(values) == trimmed_mean(values, share).value


def test_leaving_out_equal_values_at_once_changes_no_figure_of_the_interval() -> None:
    scores = [3, 4, 4, 5, 2, 4, 5, 5, 1, 4]

    assert bootstrap_ci(scores, trimmed_statistic(0.1), seed=7) == bootstrap_ci(
        scores, lambda sample: trimmed_mean(sample, 0.1).value, seed=7
    )


def change(before: Any, after: Any) -> float | None:
    base = mean(before)
    return None if base == 0 else 100 * (mean(after) - base) / base


def test_a_change_between_two_samples_has_a_repeatable_interval_around_it() -> None:
    before, after = [10, 11, 9, 10, 12, 10, 9, 11], [8, 7, 9, 8, 8, 7, 9, 8]

    found = bootstrap_change(before, after, change, seed=3)

    assert found == bootstrap_change(before, after, change, seed=3)
    assert found.low is not None
    assert found.high is not None
    assert found.low < change(before, after) < found.high < 0  # type: ignore[operator]
    assert found.notice == ""


def test_a_change_in_percent_of_nought_has_no_interval() -> None:
    found = bootstrap_change([0, 0, 1], [1, 2, 3], change)

    assert (found.low, found.high, found.notice) == (None, None, "undefined")


def test_a_change_needs_two_values_on_each_side() -> None:
    with pytest.raises(MethodInputError, match="too_few"):
        bootstrap_change([1], [2, 3], change)
