"""The published examples of methods.md 4.3 and 9, and the edges of each method."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alliance.kernel.statistics import (
    MethodInputError,
    bayesian_rating,
    bootstrap_ci,
    trimmed_mean,
    wilson_interval,
)

EIGHT = [7, 8, 8, 9, 10, 6, 9, 8]


def test_trimmed_mean_drops_a_fifth_at_each_end() -> None:
    result = trimmed_mean([60, 70, 75, 80, 100], 0.2)

    assert (result.value, result.cut_each_side, result.count) == (75, 1, 5)


def test_a_tenth_of_five_values_drops_none() -> None:
    assert trimmed_mean([60, 70, 75, 80, 100]).cut_each_side == 0


@pytest.mark.parametrize(("count", "share", "cut"), [(30, 0.1, 3), (100, 0.29, 29), (10, 0.1, 1), (9, 0.1, 0)])
def test_the_number_dropped_is_exact_although_shares_are_stored_in_binary(count: int, share: float, cut: int) -> None:
    assert trimmed_mean(list(range(count)), share).cut_each_side == cut


@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=60), st.sampled_from([0.0, 0.1, 0.2, 0.49]))
def test_a_trimmed_mean_lies_between_the_extremes_and_ignores_order(values: list[int], share: float) -> None:
    result = trimmed_mean(values, share)

    assert min(values) - 1e-9 <= result.value <= max(values) + 1e-9
    assert result == trimmed_mean(list(reversed(values)), share)


@pytest.mark.parametrize(
    ("values", "share", "code", "field", "position"),
    [
        ([], 0.1, "too_few", "values", None),
        ([1, None, 3], 0.1, "missing", "values", 1),
        ([1, 2, math.nan], 0.1, "not_a_number", "values", 2),
        ([math.inf], 0.1, "not_a_number", "values", 0),
        (["high"], 0.1, "not_a_number", "values", 0),
        ([1], 0.5, "out_of_range", "proportion", None),
        ([1], -0.1, "out_of_range", "proportion", None),
    ],
)
def test_bad_input_names_code_field_and_position(
    values: list[float], share: float, code: str, field: str, position: int | None
) -> None:
    with pytest.raises(MethodInputError) as refusal:
        trimmed_mean(values, share)

    assert (refusal.value.code, refusal.value.field, refusal.value.position) == (code, field, position)
    assert refusal.value.status == 400


@pytest.mark.parametrize("method", ["bca", "percentile"])
def test_bootstrap_interval_of_the_worked_example(method: str) -> None:
    interval = bootstrap_ci(EIGHT, method=method, seed=1)

    assert interval.method == method
    assert interval.low == pytest.approx(7.25, abs=0.13)
    assert interval.high == pytest.approx(8.875, abs=0.13)
    assert interval.notice == ""


def test_the_same_seed_gives_the_same_interval_and_another_seed_may_not() -> None:
    first = bootstrap_ci(EIGHT, seed=7)

    assert first == bootstrap_ci(EIGHT, seed=7)
    assert first.seed == 7
    assert bootstrap_ci([1, 2, 4, 9, 17, 3, 3, 8, 11.5], seed=7) != bootstrap_ci([1, 2, 4, 9, 17, 3, 3, 8, 11.5], seed=8)


def test_fewer_than_eight_values_carry_a_notice() -> None:
    assert bootstrap_ci([1, 2, 3, 4, 5, 6, 7]).notice == "too_few"


def test_equal_values_give_a_single_point_with_a_notice() -> None:
    interval = bootstrap_ci([4, 4, 4, 4, 4, 4, 4, 4, 4])

    assert (interval.low, interval.high, interval.method, interval.notice) == (4, 4, "degenerate", "all_equal")


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"values": [1]}, "values"),
        ({"values": [1, 2], "confidence": 1.0}, "confidence"),
        ({"values": [1, 2], "confidence": 0.0}, "confidence"),
        ({"values": [1, 2], "resamples": 100}, "resamples"),
        ({"values": [1, 2], "method": "normal"}, "method"),
    ],
)
def test_bootstrap_refuses_what_it_cannot_honour(arguments: dict[str, object], field: str) -> None:
    with pytest.raises(MethodInputError) as refusal:
        bootstrap_ci(**arguments)  # type: ignore[arg-type]

    assert refusal.value.field == field


def test_bootstrap_of_a_trimmed_mean_is_narrower_with_an_outlier_than_that_of_the_mean() -> None:
    values = [4, 4, 4, 5, 5, 4, 5, 4, 5, 4, 4, 5, 100]

    robust = bootstrap_ci(values, lambda sample: trimmed_mean(sample, 0.2).value, seed=3)
    plain = bootstrap_ci(values, seed=3)

    assert robust.high is not None
    assert plain.high is not None
    assert robust.high < plain.high


def test_wilson_interval_of_newcombe_1998() -> None:
    interval = wilson_interval(81, 263)

    assert interval.low == pytest.approx(0.2553, abs=5e-5)
    assert interval.high == pytest.approx(0.3662, abs=5e-5)


def test_wilson_interval_never_leaves_zero_to_one() -> None:
    nothing, everything = wilson_interval(0, 10), wilson_interval(10, 10)

    assert nothing.low == 0
    assert everything.high == 1
    assert nothing.high is not None
    assert 0.2 < nothing.high < 0.35


@pytest.mark.parametrize(("successes", "count", "field"), [(0, 0, "count"), (3, 2, "successes"), (-1, 2, "successes")])
def test_wilson_refuses_impossible_counts(successes: int, count: int, field: str) -> None:
    with pytest.raises(MethodInputError) as refusal:
        wilson_interval(successes, count)

    assert refusal.value.field == field


@pytest.mark.parametrize(("total", "count", "expected"), [(14, 3, 4.076923), (450, 100, 4.445455)])
def test_shrunk_rating_of_the_worked_examples(total: float, count: int, expected: float) -> None:
    assert bayesian_rating(total, count, 3.9) == pytest.approx(expected, abs=5e-7)


def test_without_ratings_the_shrunk_rating_is_the_prior() -> None:
    assert bayesian_rating(0, 0, 3.9) == pytest.approx(3.9)


@pytest.mark.parametrize(("count", "strength", "field"), [(-1, 10, "count"), (0, -1, "prior_strength"), (0, 0, "count")])
def test_shrunk_rating_refuses_impossible_counts(count: int, strength: float, field: str) -> None:
    with pytest.raises(MethodInputError) as refusal:
        bayesian_rating(0, count, 3.9, strength)

    assert refusal.value.field == field
