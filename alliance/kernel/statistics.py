"""Statistics that published figures rest on: robust means, bootstrap and score intervals, shrunk ratings.

Pure functions of plain numbers: no database, no request, no clock. The same input, parameters and seed give the same figures
on every machine, so a stored result can be computed again. A mathematically undefined statistic is ``None`` with a reason,
never a number in its place; bad input raises :class:`MethodInputError` naming the field and the position.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from alliance.kernel.errors import InvalidInputError

VERSION: Final = 1
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
        statistic: What is estimated; called with a list of ``len(values)`` numbers.
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
    left_out = [statistic(values[:index] + values[index + 1 :]) for index in range(len(values))]
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
