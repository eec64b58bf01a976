"""Statistics that published figures rest on: robust means, intervals, agreement of raters, shrunk ratings.

Pure functions of plain numbers: no database, no request, no clock. The same input, parameters and seed give the same figures
on every machine, so a stored result can be computed again. A mathematically undefined statistic is ``None`` with a reason,
never a number in its place; bad input raises :class:`MethodInputError` naming the field and the position.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from alliance.kernel.errors import InvalidInputError

VERSION: Final = 2
"""Raised when a method changes its figures; stored with every result."""

FEW_FOR_AN_INTERVAL: Final = 8
"""Under this many values an interval says more than the data does."""


class MethodInputError(InvalidInputError):
    """Input that a method cannot work with.

    Attributes:
        field: Name of the parameter.
        position: Index of the offending value in it; None when the whole parameter is meant.
    """

    code = "method_input"
    status = 400

    def __init__(self, reason: StrOrPromise, *, code: str, field: str, position: int | None = None) -> None:
        super().__init__(reason, code=code, fields={field: reason}, details={"field": field, "position": position})
        self.field = field
        self.position = position


def checked_values(values: Sequence[Any], field: str = "values", *, at_least: int = 1) -> list[float]:
    """The values as finite numbers.

    Raises:
        MethodInputError: ``too_few`` (fewer than needed), ``missing`` (None) or ``not_a_number`` (text, NaN, infinity).
    """
    if len(values) < at_least:
        raise MethodInputError(_("At least %(count)s values are needed.") % {"count": at_least}, code="too_few", field=field)
    checked: list[float] = []
    for position, value in enumerate(values):
        if value is None:
            raise MethodInputError(
                _("Value %(place)s is missing.") % {"place": position + 1}, code="missing", field=field, position=position
            )
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = math.nan
        if isinstance(value, bool) or not math.isfinite(number):
            raise MethodInputError(
                _("Value %(place)s is not a number.") % {"place": position + 1},
                code="not_a_number",
                field=field,
                position=position,
            )
        checked.append(number)
    return checked


def _checked_share(value: float, field: str, *, low: float, high: float, low_open: bool = False) -> float:
    number = checked_values([value], field)[0]
    if not (low < number if low_open else low <= number) or not number < high:
        raise MethodInputError(
            _("This must lie between %(low)s and %(high)s.") % {"low": low, "high": high}, code="out_of_range", field=field
        )
    return number


@dataclass(frozen=True, slots=True)
class TrimmedMean:
    """A mean without its extremes.

    Attributes:
        value: The mean of what is left.
        cut_each_side: How many values were dropped at each end; always shown beside the mean.
        count: How many values were given.
    """

    value: float
    cut_each_side: int
    count: int


def trimmed_mean(values: Sequence[float], proportion: float = 0.1) -> TrimmedMean:
    """Mean after dropping ``floor(proportion * n)`` values at each end (methods.md 4.3).

    Args:
        values: At least one finite number.
        proportion: Share dropped at each end, 0 or more and under one half.

    Raises:
        MethodInputError: A value is missing or no number, there is none, or the share is out of its range.
    """
    ordered = sorted(checked_values(values))
    share = _checked_share(proportion, "proportion", low=0, high=0.5)
    # 0.1 * 30 is 3.0000000000000004 and 0.29 * 100 is 28.999999999999996: count what was meant, not how it is stored.
    cut = math.floor(round(share * len(ordered), 9))
    kept = ordered[cut : len(ordered) - cut]
    return TrimmedMean(math.fsum(kept) / len(kept), cut, len(ordered))


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval of a statistic.

    Attributes:
        low: Lower end; None when there is no interval.
        high: Upper end; None when there is no interval.
        method: ``bca``, ``percentile``, ``degenerate``, ``wilson`` or empty when there is none.
        confidence: Coverage asked for.
        notice: Code of a caveat to show: ``too_few``, ``all_equal`` or empty.
        resamples: Number of resamples, 0 where none were drawn.
        seed: Seed they were drawn with.
    """

    low: float | None
    high: float | None
    method: str
    confidence: float
    notice: str = ""
    resamples: int = 0
    seed: int | None = None


Statistic = Callable[[Sequence[float]], float]


def mean(values: Sequence[float]) -> float:
    """The arithmetic mean."""
    return math.fsum(values) / len(values)


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Linear interpolation between order statistics (type 7)."""
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def bootstrap_ci(
    values: Sequence[float],
    statistic: Statistic = mean,
    *,
    confidence: float = 0.95,
    resamples: int = 5000,
    seed: int = 0,
    method: str = "bca",
) -> Interval:
    """Interval of a statistic by resampling with replacement (Efron's BCa, or percentile; methods.md 4.3).

    Args:
        values: At least two finite numbers.
        statistic: What is estimated; called with a list of ``len(values)`` numbers, whose order must not matter to it.
        confidence: Coverage, between 0 and 1.
        resamples: How many resamples, 5,000 or more.
        seed: Seed of the generator (Mersenne Twister); stored with the result.
        method: ``bca`` or ``percentile``.

    Returns:
        The interval. With fewer than eight values it carries the notice ``too_few``; with equal values it is the single
        point with the notice ``all_equal``.

    Raises:
        MethodInputError: Fewer than two values, a value that is no number, or a parameter out of its range.
    """
    given = checked_values(values, at_least=2)
    level = _checked_share(confidence, "confidence", low=0, high=1, low_open=True)
    if resamples < 5000:
        raise MethodInputError(_("At least 5,000 resamples are needed."), code="out_of_range", field="resamples")
    if method not in {"bca", "percentile"}:
        raise MethodInputError(_("The method must be “bca” or “percentile”."), code="unknown_method", field="method")
    notice = "too_few" if len(given) < FEW_FOR_AN_INTERVAL else ""
    if min(given) == max(given):
        point = statistic(given)
        return Interval(point, point, "degenerate", level, "all_equal")
    generator = random.Random(seed)  # noqa: S311 - resampling has to be repeatable, not secret
    count = len(given)
    drawn = sorted(statistic(generator.choices(given, k=count)) for _turn in range(resamples))
    low_share, high_share = (1 - level) / 2, (1 + level) / 2
    used = method
    if method == "bca":
        adjusted = _bca_shares(given, statistic, drawn, level)
        if adjusted is None:
            used = "percentile"  # the correction is undefined where every resample lies on one side
        else:
            low_share, high_share = adjusted
    return Interval(_quantile(drawn, low_share), _quantile(drawn, high_share), used, level, notice, resamples, seed)


def _bca_shares(
    values: list[float], statistic: Statistic, drawn: Sequence[float], level: float
) -> tuple[float, float] | None:
    """Percentiles after correction for bias and acceleration; None where the correction is undefined."""
    normal = NormalDist()
    observed = statistic(values)
    tied = sum(1 for value in drawn if value == observed)
    below = sum(1 for value in drawn if value < observed)
    share = (below + tied / 2) / len(drawn)
    if not 0 < share < 1:
        return None
    bias = normal.inv_cdf(share)
    # Equal values leave the same rest behind, whichever of them goes: the statistic does not look at the order.
    without: dict[float, float] = {}
    for index, value in enumerate(values):
        if value not in without:
            without[value] = statistic(values[:index] + values[index + 1 :])
    left_out = [without[value] for value in values]
    centre = mean(left_out)
    spread = math.fsum((centre - value) ** 2 for value in left_out)
    acceleration = math.fsum((centre - value) ** 3 for value in left_out) / (6 * spread**1.5) if spread else 0.0
    shares: list[float] = []
    for tail in ((1 - level) / 2, (1 + level) / 2):
        shifted = bias + normal.inv_cdf(tail)
        divisor = 1 - acceleration * shifted
        if divisor <= 0:
            return None
        shares.append(normal.cdf(bias + shifted / divisor))
    return shares[0], shares[1]


def wilson_interval(successes: int, count: int, *, confidence: float = 0.95) -> Interval:
    """Wilson's score interval of a proportion (methods.md 9).

    Args:
        successes: How many of the trials succeeded, 0 to ``count``.
        count: Trials, one or more.
        confidence: Coverage, between 0 and 1.

    Raises:
        MethodInputError: No trials, a negative number, or more successes than trials.
    """
    level = _checked_share(confidence, "confidence", low=0, high=1, low_open=True)
    if count < 1:
        raise MethodInputError(_("There are no responses."), code="too_few", field="count")
    if not 0 <= successes <= count:
        raise MethodInputError(
            _("This must lie between %(low)s and %(high)s.") % {"low": 0, "high": count},
            code="out_of_range",
            field="successes",
        )
    z = NormalDist().inv_cdf((1 + level) / 2)
    share = successes / count
    divisor = 1 + z * z / count
    centre = (share + z * z / (2 * count)) / divisor
    half = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count)) / divisor
    low = 0.0 if successes == 0 else max(0.0, centre - half)  # exact at the ends, where rounding would leave a remainder
    high = 1.0 if successes == count else min(1.0, centre + half)
    return Interval(low, high, "wilson", level)


def bayesian_rating(sum_of_ratings: float, count: int, prior_mean: float, prior_strength: float = 10) -> float:
    """Mean rating drawn towards the mean of all ratings, the more the fewer ratings there are (methods.md 9).

    Args:
        sum_of_ratings: Sum of this item's ratings.
        count: How many ratings it has, 0 or more.
        prior_mean: Mean of all ratings in the alliance.
        prior_strength: How many ratings the prior is worth, 0 or more.

    Raises:
        MethodInputError: A negative count or strength, or neither ratings nor a prior.
    """
    total = checked_values([sum_of_ratings], "sum_of_ratings")[0]
    prior = checked_values([prior_mean], "prior_mean")[0]
    strength = checked_values([prior_strength], "prior_strength")[0]
    if count < 0:
        raise MethodInputError(_("This must not be negative."), code="out_of_range", field="count")
    if strength < 0:
        raise MethodInputError(_("This must not be negative."), code="out_of_range", field="prior_strength")
    if count + strength == 0:
        raise MethodInputError(_("There are no responses."), code="too_few", field="count")
    return (strength * prior + total) / (strength + count)


def trimmed_statistic(proportion: float) -> Statistic:
    """The trimmed mean for resampling: counts equal values first, so that thousands of scores on a short scale cost little.

    Args:
        proportion: As for :func:`trimmed_mean`.

    Returns:
        A function of a list of finite numbers; it checks nothing, the caller has.
    """
    share = _checked_share(proportion, "proportion", low=0, high=0.5)

    def statistic(sample: Sequence[float]) -> float:
        cut = math.floor(round(share * len(sample), 9))
        to_cut, to_keep = cut, len(sample) - 2 * cut
        terms: list[float] = []
        kept = to_keep
        for value, count in sorted(Counter(sample).items()):
            dropped = min(count, to_cut)
            to_cut -= dropped
            taken = min(count - dropped, to_keep)
            to_keep -= taken
            if taken:
                terms.append(value * taken)
        return math.fsum(terms) / kept

    return statistic


def bootstrap_change(
    before: Sequence[float],
    after: Sequence[float],
    statistic: Callable[[Sequence[float], Sequence[float]], float | None],
    *,
    confidence: float = 0.95,
    resamples: int = 5000,
    seed: int = 0,
) -> Interval:
    """Percentile interval of a change between two independent samples, each resampled on its own (methods.md 4.3).

    Args:
        before: At least two finite numbers.
        after: At least two finite numbers.
        statistic: The change; None where it is undefined, e.g. in percent of a mean of nought.
        confidence: Coverage, between 0 and 1.
        resamples: How many resamples, 5,000 or more.
        seed: Seed of the generator (Mersenne Twister).

    Returns:
        The interval; without ends and with the notice ``undefined`` when the change is undefined in some resample.

    Raises:
        MethodInputError: Fewer than two values on a side, a value that is no number, or a parameter out of its range.
    """
    first = checked_values(before, "before", at_least=2)
    second = checked_values(after, "after", at_least=2)
    level = _checked_share(confidence, "confidence", low=0, high=1, low_open=True)
    if resamples < 5000:
        raise MethodInputError(_("At least 5,000 resamples are needed."), code="out_of_range", field="resamples")
    notice = "too_few" if min(len(first), len(second)) < FEW_FOR_AN_INTERVAL else ""
    if min(first) == max(first) and min(second) == max(second):
        point = statistic(first, second)
        return Interval(point, point, "degenerate" if point is not None else "", level, "all_equal")
    generator = random.Random(seed)  # noqa: S311 - resampling has to be repeatable, not secret
    drawn: list[float] = []
    for _turn in range(resamples):
        value = statistic(generator.choices(first, k=len(first)), generator.choices(second, k=len(second)))
        if value is None:
            return Interval(None, None, "", level, "undefined", resamples, seed)
        drawn.append(value)
    drawn.sort()
    low, high = _quantile(drawn, (1 - level) / 2), _quantile(drawn, (1 + level) / 2)
    return Interval(low, high, "percentile", level, notice, resamples, seed)


LEVELS: Final = ("nominal", "ordinal", "interval", "ratio")
"""Levels of measurement that Krippendorff's alpha knows."""

RELIABLE: Final = 0.8
TENTATIVE: Final = 0.667
"""Krippendorff's customary limits: reliable from the first on, tentative from the second on, below that not to be relied on."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far raters agree.

    Attributes:
        value: The coefficient; None where it is undefined.
        reason: Why it is undefined: ``all_equal`` or ``all_tied``; else empty.
        raters: Raters who gave at least one value that counts.
        units: Units or items that count.
        chi2: Test statistic of Kendall's W; None for alpha.
        df: Its degrees of freedom.
        p: Its probability without agreement.
        notice: ``approximate_p`` for Kendall's W of fewer than seven items.
    """

    value: float | None
    reason: str
    raters: int
    units: int
    chi2: float | None = None
    df: int = 0
    p: float | None = None
    notice: str = ""


def _numbers_or_gaps(rows: Sequence[Sequence[Any]], field: str) -> list[list[float | None]]:
    checked: list[list[float | None]] = []
    width = len(rows[0]) if rows else 0
    for place, row in enumerate(rows):
        if len(row) != width:
            raise MethodInputError(
                _("Row %(place)s is not as long as the first.") % {"place": place + 1},
                code="ragged",
                field=field,
                position=place,
            )
        present = iter(checked_values([value for value in row if value is not None], field, at_least=0))
        checked.append([None if value is None else next(present) for value in row])
    return checked


def _alpha_distances(values: Sequence[float], totals: Sequence[float], level: str) -> Callable[[int, int], float]:
    """Squared distance of two values by their places in the sorted list."""
    if level == "nominal":
        return lambda c, k: float(c != k)
    if level == "interval":
        return lambda c, k: (values[c] - values[k]) ** 2
    if level == "ratio":
        return lambda c, k: 0.0 if values[c] + values[k] == 0 else ((values[c] - values[k]) / (values[c] + values[k])) ** 2
    up_to = [0.0]
    for total in totals:
        up_to.append(up_to[-1] + total)
    return lambda c, k: (up_to[max(c, k) + 1] - up_to[min(c, k)] - (totals[c] + totals[k]) / 2) ** 2


def krippendorff_alpha(ratings: Sequence[Sequence[Any]], *, level: str) -> Agreement:
    """Krippendorff's alpha from the coincidence matrix (methods.md 4.1).

    Args:
        ratings: One row per rater, one column per unit; None where a rater gave no value. A unit with fewer than two values is
            dropped.
        level: ``nominal``, ``ordinal``, ``interval`` or ``ratio``.

    Returns:
        1: perfect agreement, 0: as by chance, below: systematic disagreement. None with the reason ``all_equal`` when every
        value that counts is the same: then nothing could have disagreed.

    Raises:
        MethodInputError: Unknown level, rows of unequal length, a value that is no number (or negative, for ``ratio``), or no unit
            with two values.
    """
    if level not in LEVELS:
        raise MethodInputError(
            _("Give the level of measurement: nominal, ordinal, interval or ratio."), code="unknown_level", field="level"
        )
    rows = _numbers_or_gaps(ratings, "ratings")
    units = [Counter(value for value in column if value is not None) for column in zip(*rows, strict=True)]
    units = [unit for unit in units if unit.total() >= 2]
    if not units:
        raise MethodInputError(_("No unit has two values to compare."), code="too_few", field="ratings")
    values = sorted({value for unit in units for value in unit})
    if level == "ratio" and values[0] < 0:
        raise MethodInputError(_("This must not be negative."), code="out_of_range", field="ratings")
    raters = sum(1 for row in rows if any(value is not None for value in row))
    if len(values) == 1:
        return Agreement(None, "all_equal", raters, len(units))
    place = {value: number for number, value in enumerate(values)}
    totals = [0.0] * len(values)
    for unit in units:
        for value, count in unit.items():
            totals[place[value]] += count
    distance = _alpha_distances(values, totals, level)
    observed: list[float] = []
    for unit in units:
        entries = [(place[value], count) for value, count in unit.items()]
        weight = unit.total() - 1
        observed.extend(count * other * distance(c, k) / weight for c, count in entries for k, other in entries if c != k)
    expected = math.fsum(
        totals[c] * totals[k] * distance(c, k) for c in range(len(values)) for k in range(len(values)) if c != k
    )
    paired = math.fsum(totals)
    return Agreement(1 - (paired - 1) * math.fsum(observed) / expected, "", raters, len(units))


def mid_ranks(values: Sequence[float]) -> list[float]:
    """Ranks from 1 for the smallest; equal values share the mean of their ranks."""
    order = sorted(range(len(values)), key=lambda place: values[place])
    ranks = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end + 1 < len(order) and values[order[end + 1]] == values[order[start]]:
            end += 1
        for place in order[start : end + 1]:
            ranks[place] = (start + end) / 2 + 1
        start = end + 1
    return ranks


def chi2_tail(value: float, df: int) -> float:
    """Probability that a chi-squared variable of ``df`` degrees exceeds a value of 0 or more; exact finite sums.

    Abramowitz and Stegun (1964), 26.4.4 and 26.4.5.
    """
    half = value / 2
    if df % 2:
        term, total = math.exp(-half) * math.sqrt(value * 2 / math.pi) if value else 0.0, math.erfc(math.sqrt(half))
        steps = range(3, df + 1, 2)
    else:
        term = total = math.exp(-half)
        steps = range(2, df, 2)
    for divisor in steps:
        if df % 2:
            total += term
            term *= value / divisor
        else:
            term *= value / divisor
            total += term
    return min(1.0, total)


def kendall_w(ratings: Sequence[Sequence[Any]]) -> Agreement:
    """Kendall's coefficient of concordance, corrected for ties (methods.md 4.2).

    Args:
        ratings: One row per rater, one column per item: scores or ranks; equal ones share a mid-rank.

    Returns:
        From 0 (no agreement on the order) to 1; None with the reason ``all_tied`` when every rater put all items level.

    Raises:
        MethodInputError: A value is missing, fewer than two raters or three items, or rows of unequal length.
    """
    rows = [checked_values(row, "ratings", at_least=0) for row in ratings]
    if len(rows) < 2:
        raise MethodInputError(_("At least two raters are needed."), code="too_few", field="ratings")
    items = len(rows[0])
    if items < 3:
        raise MethodInputError(_("At least three items are needed."), code="too_few", field="ratings")
    for place, row in enumerate(rows):
        if len(row) != items:
            raise MethodInputError(
                _("Row %(place)s is not as long as the first.") % {"place": place + 1},
                code="ragged",
                field="ratings",
                position=place,
            )
    raters = len(rows)
    ranked = [mid_ranks(row) for row in rows]
    sums = [math.fsum(column) for column in zip(*ranked, strict=True)]
    centre = raters * (items + 1) / 2
    spread = math.fsum((total - centre) ** 2 for total in sums)
    ties = sum(count**3 - count for row in ranked for count in Counter(row).values())
    divisor = raters**2 * (items**3 - items) - raters * ties
    if divisor == 0:
        return Agreement(None, "all_tied", raters, items)
    value = 12 * spread / divisor
    chi2, df = raters * (items - 1) * value, items - 1
    return Agreement(value, "", raters, items, chi2, df, chi2_tail(chi2, df), "approximate_p" if items < 7 else "")
