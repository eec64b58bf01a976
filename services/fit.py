"""The fit of two listings, 0 to 100, as a sum of parts: pure formulas, no database.

::

    fit = w_topic * T + w_record * R + w_time_place * (D + Z) / 2 + w_price * P - learned

The weights ``w`` are whole per cents that add up to 100; T, R, D (distance), Z (time) and P lie between 0 and 1. What is not
known counts as :data:`NEUTRAL`, so that a listing is neither punished nor rewarded for what it does not say. Each part is
again a sum of items, e.g. one per word that agreed. All sums are exact: points are decimals with six places, and a part is
divided among its items by :func:`divide`, which leaves no remainder.

``learned`` takes off what declines of the same institution teach, see :func:`lesson`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from services.choices import DeclineReason, FitPart, Pricing

PLACES: Final = Decimal("0.000001")
ZERO: Final = Decimal(0)
ONE: Final = Decimal(1)
NEUTRAL: Final = Decimal("0.6")
"""Value of a part nothing is known of."""

STANDARD: Final[dict[str, int]] = {
    FitPart.TOPIC.value: 40,
    FitPart.RECORD.value: 25,
    FitPart.TIME_PLACE.value: 20,
    FitPart.PRICE.value: 15,
}
"""The program's own weights, version 0 of every alliance's rule."""

LABELS_SHARE: Final = Decimal("0.25")
"""Share of the topic that labels make where both sides carry some; the rest is the text's."""

PRIOR_MARK: Final = Decimal("0.5")
PRIOR_WEIGHT: Final = Decimal(3)
"""An institution's record begins as if it had this much experience of a middling kind (additive smoothing)."""

CITY, PROVINCE, ELSEWHERE = ONE, Decimal("0.8"), Decimal("0.4")
WEEKS_TOO_LATE: Final = Decimal(12)
"""So many weeks after the wanted day the time is worth nothing."""
PRICE_TOO_HIGH: Final = Decimal("0.5")
"""At so much above the budget the price is worth nothing."""
WELL_IN_BUDGET: Final = Decimal("0.6")

HALF_LIFE_DAYS: Final = 180
"""After so many days a decline teaches half as much."""
SHRINKAGE: Final = Decimal(5)
"""A lesson of weight n counts n / (n + 5): one decline moves little, twenty move most of what can be moved."""
STRENGTH: Final[dict[str, Decimal]] = {
    DeclineReason.NOT_OUR_FIELD.value: Decimal("0.6"),
    DeclineReason.CAPACITY.value: Decimal("0.3"),
    DeclineReason.PRICE.value: Decimal("0.4"),
    DeclineReason.REGION.value: Decimal("0.4"),
    DeclineReason.TIMING.value: Decimal("0.4"),
    DeclineReason.SOLVED.value: Decimal("0.8"),
    DeclineReason.CONFLICT.value: Decimal("0.9"),
}
"""The most a reason can take off, as a share of the fit; "another reason" teaches nothing."""


KEPT_WORDS: Final = 24
"""Shared words that a reason keeps, heaviest first; the reader sees those that tell something, in their own language."""

# ------------------------------------------------------------------------------------------------------------- what goes in


@dataclass(frozen=True, slots=True)
class Facts:
    """What the formulas read of a listing.

    Attributes:
        key: Primary key of the listing; 0 for an institution's profile.
        is_demand: Which side it is.
        category: ServiceCategory; empty: none.
        elements: Elements wanted or brought.
        industry: Industry code.
        disciplines: Codes of disciplines.
        region: Region code, its own or the institution's.
        pricing: Pricing value.
        money: Most the demand pays, or least the supply costs, in yuan; None: not said.
        starts_on: Can begin on.
        ends_on: Done by (demand), or last day on offer (supply).
        weeks: Weeks it takes.
        institution: Primary key of the institution; None: from an outside source.
    """

    key: int
    is_demand: bool
    category: str = ""
    elements: frozenset[str] = frozenset()
    industry: str = ""
    disciplines: frozenset[str] = frozenset()
    region: str = ""
    pricing: str = Pricing.TO_AGREE.value
    money: Decimal | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    weeks: int | None = None
    institution: int | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """What the search of texts says of a listing.

    Attributes:
        score: 0 to 1 within its group.
        best: Score of the best of the group.
        words: Share of the score by word.
        cosine_score: Share of the vectors.
    """

    score: float = 0.0
    best: float = 0.0
    words: tuple[tuple[str, float], ...] = ()
    cosine_score: float = 0.0


@dataclass(frozen=True, slots=True)
class Record:
    """What an institution has done so far.

    Attributes:
        agreed: Matches that ended in an agreement.
        ended: Introductions that ended without one.
        released: Released products.
        ratings: Confirmed ratings of its services.
        mean: Their mean, 1 to 5; None without ratings.
        contracts: Contracts it carried out whose evaluation by the other parties is final.
        contract_mean: Mean of its scores in them, 1 to 5; None without any.
    """

    agreed: int = 0
    ended: int = 0
    released: int = 0
    ratings: int = 0
    mean: Decimal | None = None
    contracts: int = 0
    contract_mean: Decimal | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known."""
        return not (self.agreed or self.ended or self.released or self.ratings or self.contracts)


@dataclass(frozen=True, slots=True)
class Decline:
    """A decline that teaches.

    Attributes:
        listing: The listing whose suggestion was declined.
        other: What was declined.
        reason: DeclineReason.
        at: When.
    """

    listing: int
    other: Facts
    reason: str
    at: datetime


# ------------------------------------------------------------------------------------------------------------ what comes out


@dataclass(frozen=True, slots=True)
class Item:
    """A summand of a part.

    Attributes:
        kind: ``word``, ``vector``, ``label``, ``record``, ``place``, ``time``, ``price`` or ``decline``.
        key: Which one, e.g. the word.
        points: Its points.
    """

    kind: str
    key: str
    points: Decimal


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason shown as a chip.

    Attributes:
        code: Which sentence, see ``services.reasons``.
        tone: ``ok``, ``warn``, ``bad`` or ``neutral``.
        values: Its placeholders; plain JSON values.
    """

    code: str
    tone: str
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the fit.

    Attributes:
        name: FitPart.
        weight: Most it can bring, in points.
        points: What it brings; negative for what was learned.
        items: Its summands.
        reasons: Why.
    """

    name: str
    weight: int
    points: Decimal
    items: tuple[Item, ...] = ()
    reasons: tuple[Reason, ...] = ()

    @property
    def value(self) -> Decimal:
        """Points as a share of the weight, 0 to 1; 0 for what was learned."""
        return self.points / self.weight if self.weight else ZERO


@dataclass(frozen=True, slots=True)
class Fit:
    """The fit and its parts; the points of the parts add up to it."""

    total: Decimal
    parts: tuple[Part, ...]

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Every reason, good ones first, then warnings, then what is not known; at least two."""
        rank = {"ok": 0, "warn": 1, "bad": 1, "neutral": 2}
        found = [reason for part in self.parts for reason in part.reasons]
        return tuple(sorted(found, key=lambda reason: rank[reason.tone]))


# ---------------------------------------------------------------------------------------------------------------- arithmetic


def exact(value: Decimal) -> Decimal:
    """With six places."""
    return value.quantize(PLACES, rounding=ROUND_HALF_EVEN)


def clip(value: Decimal) -> Decimal:
    """Between 0 and 1."""
    return min(ONE, max(ZERO, value))


def divide(total: Decimal, shares: Sequence[Decimal]) -> list[Decimal]:
    """A total in parts of six places proportional to shares; they add up to it exactly (largest share takes the remainder)."""
    whole = sum(shares, ZERO)
    if not shares:
        return []
    if whole <= 0:
        shares, whole = [ONE] * len(shares), Decimal(len(shares))
    parts = [exact(total * share / whole) for share in shares]
    largest = max(range(len(shares)), key=lambda place: shares[place])
    parts[largest] += total - sum(parts, ZERO)
    return parts


def province(region: str) -> str:
    """First two digits of a region's code."""
    return region[:2]


def age_weight(at: datetime, now: datetime) -> Decimal:
    """What something counts by its age: halved every :data:`HALF_LIFE_DAYS`."""
    days = max(0.0, (now - at).total_seconds() / 86_400)
    return Decimal(repr(0.5 ** (days / HALF_LIFE_DAYS)))


# --------------------------------------------------------------------------------------------------------------------- parts


def agreeing_labels(one: Facts, other: Facts) -> list[tuple[str, bool]]:
    """Kinds of labels both carry, and whether they agree."""
    found: list[tuple[str, bool]] = []
    if one.category and other.category:
        found.append(("category", one.category == other.category))
    if one.elements and other.elements:
        found.append(("elements", bool(one.elements & other.elements)))
    if one.disciplines and other.disciplines:
        found.append(("disciplines", bool(one.disciplines & other.disciplines)))
    if one.industry and other.industry:
        short, long = sorted((one.industry, other.industry), key=len)
        found.append(("industry", long.startswith(short)))
    return found


def topic_part(weight: int, one: Facts, other: Facts, text: Text) -> Part:
    """Same topic: the text's score as a share of the best of its list, and the share of labels that agree.

    ``T = (1 - 0.25) * score / best + 0.25 * agreeing / compared`` where both carry labels of a kind, else ``score / best``.
    """
    labels = agreeing_labels(one, other)
    of_text = clip(_decimal(text.score) / _decimal(text.best)) if text.best > 0 else ZERO
    share = LABELS_SHARE if labels else ZERO
    text_points = exact(weight * (ONE - share) * of_text)
    sources = [("word", word, score) for word, score in text.words if score > 0]
    if text.cosine_score > 0:
        sources.append(("vector", "", text.cosine_score))
    items: list[Item] = []
    if not sources:
        text_points = ZERO
    for (kind, key, _score), points in zip(
        sources, divide(text_points, [_decimal(score) for _kind, _key, score in sources]), strict=True
    ):
        items.append(Item(kind, key, points))
    for (name, agrees), points in zip(labels, divide(weight * share, [ONE] * len(labels)), strict=True):
        items.append(Item("label", name, points if agrees else ZERO))
    return Part(
        FitPart.TOPIC.value, weight, _sum(items), tuple(items), tuple(_topic_reasons(one, other, text, dict(labels)))
    )


def _topic_reasons(one: Facts, other: Facts, text: Text, labels: Mapping[str, bool]) -> Iterable[Reason]:
    words = [word for word, score in text.words if score > 0][:KEPT_WORDS]
    if words:
        yield Reason("shared_words", "ok", {"words": ", ".join(words)})
    elif text.cosine_score > 0:
        yield Reason("close_meaning", "ok")
    if labels.get("disciplines"):
        yield Reason("same_disciplines", "ok", {"codes": ",".join(sorted(one.disciplines & other.disciplines))})
    if labels.get("industry"):
        yield Reason("same_industry", "ok", {"code": max(one.industry, other.industry, key=len)})
    shared = sorted(one.elements & other.elements)
    for element in shared[:2]:
        yield Reason("brings" if one.is_demand else "needs", "ok", {"element": element})
    if labels.get("elements") is False:
        missing = sorted((one if one.is_demand else other).elements)
        yield Reason("other_elements", "warn", {"elements": ",".join(missing)})
    if labels.get("category"):
        yield Reason("same_category", "ok", {"category": other.category})
    elif labels.get("category") is False:
        yield Reason("other_category", "warn", {"category": other.category})


def record_part(weight: int, record: Record | None) -> Part:
    """What the institution has done: a mean of its experiences, smoothed towards the middle.

    ``R = (0.5 * 3 + sum of mark * weight) / (3 + sum of weights)``: an agreement is a mark of 1 with weight 1, an introduction
    that came to nothing 0.25 with weight 1, a released product 0.75 with weight 0.5 (at most ten count), ratings their mean
    on a scale of 0 to 1 with weight 0.3 each (at most ten count), final evaluations of contracts their mean on that scale with
    weight 1 each (at most ten count). Nothing known: 0.5.
    """
    if record is None or record.is_empty:
        points = exact(weight * PRIOR_MARK)
        reason = Reason("no_record", "neutral") if record is not None else Reason("outside_source", "neutral")
        return Part(FitPart.RECORD.value, weight, points, (Item("record", "none", points),), (reason,))
    known: list[tuple[str, Decimal, Decimal]] = [("prior", PRIOR_MARK, PRIOR_WEIGHT)]
    if record.agreed:
        known.append(("agreed", ONE, Decimal(record.agreed)))
    if record.ended:
        known.append(("ended", Decimal("0.25"), Decimal(record.ended)))
    if record.released:
        known.append(("released", Decimal("0.75"), Decimal("0.5") * min(record.released, 10)))
    if record.ratings and record.mean is not None:
        known.append(("ratings", clip((record.mean - 1) / 4), Decimal("0.3") * min(record.ratings, 10)))
    if record.contracts and record.contract_mean is not None:
        known.append(("contracts", clip((record.contract_mean - 1) / 4), Decimal(min(record.contracts, 10))))
    whole = sum((mass for _name, _mark, mass in known), ZERO)
    value = sum((mark * mass for _name, mark, mass in known), ZERO) / whole
    points = exact(weight * value)
    shares = divide(points, [mark * mass for _name, mark, mass in known])
    items = tuple(Item("record", name, share) for (name, _mark, _mass), share in zip(known, shares, strict=True))
    reasons = []
    if record.agreed:
        reasons.append(Reason("agreements", "ok", {"count": str(record.agreed)}))
    if record.ratings and record.mean is not None:
        tone = "ok" if record.mean >= Decimal("3.5") else "warn"
        reasons.append(Reason("ratings", tone, {"mean": f"{record.mean:.1f}", "count": str(record.ratings)}))
    if record.contracts and record.contract_mean is not None:
        # The figure itself is for the institution, its partners and the office; the chip says which way it points.
        well = record.contract_mean >= Decimal("3.5")
        code, tone = ("evaluated_well", "ok") if well else ("evaluated", "neutral")
        reasons.append(Reason(code, tone, {"count": str(record.contracts)}))
    if record.released:
        reasons.append(Reason("released", "ok", {"count": str(record.released)}))
    if record.ended and not record.agreed:
        reasons.append(Reason("ended_before", "warn", {"count": str(record.ended)}))
    return Part(FitPart.RECORD.value, weight, points, items, tuple(reasons))


def place_value(one: Facts, other: Facts) -> tuple[Decimal, Reason]:
    """Same city 1, same province 0.8, elsewhere 0.4; not said 0.6."""
    if not one.region or not other.region:
        return NEUTRAL, Reason("place_unknown", "neutral")
    if one.region == other.region and not one.region.endswith("0000"):
        return CITY, Reason("same_city", "ok", {"region": other.region})
    if province(one.region) == province(other.region):
        return PROVINCE, Reason("same_province", "ok", {"region": f"{province(other.region)}0000"})
    return ELSEWHERE, Reason("elsewhere", "neutral", {"region": other.region})


def finish(demand: Facts, supply: Facts, today: date) -> date | None:
    """First day on which the supply could be done; None where nobody said how long it takes or when it begins."""
    weeks = supply.weeks if supply.weeks is not None else demand.weeks
    begin = max(day for day in (today, supply.starts_on, demand.starts_on) if day is not None)
    if weeks is None:
        return begin if supply.starts_on is not None else None
    return begin + timedelta(weeks=weeks)


def time_value(one: Facts, other: Facts, today: date) -> tuple[Decimal, Reason]:
    """In time 1, falling to 0 at twelve weeks late; not said 0.6; no longer on offer when it could begin 0."""
    demand, supply = (one, other) if one.is_demand else (other, one)
    begin = max(day for day in (today, supply.starts_on, demand.starts_on) if day is not None)
    if supply.ends_on is not None and supply.ends_on < begin:
        return ZERO, Reason("not_on_offer", "bad", {"day": supply.ends_on.isoformat()})
    done = finish(demand, supply, today)
    if demand.ends_on is None or done is None:
        return NEUTRAL, Reason("time_unknown", "neutral")
    late = (done - demand.ends_on).days
    if late <= 0:
        return ONE, Reason("in_time", "ok", {"day": done.isoformat()})
    weeks = Decimal(late) / 7
    value = clip(ONE - weeks / WEEKS_TOO_LATE)
    return value, Reason("late", "warn", {"weeks": str(max(1, -(-late // 7)))})


def price_value(one: Facts, other: Facts) -> tuple[Decimal, Reason]:
    """In the budget 1, falling to 0 at half as much again; not said 0.6."""
    demand, supply = (one, other) if one.is_demand else (other, one)
    if supply.pricing == Pricing.FREE:
        return ONE, Reason("free", "ok")
    if demand.pricing == Pricing.FREE:
        return ZERO, Reason("wants_free", "warn")
    price, budget = supply.money, demand.money
    if price is None or budget is None or supply.pricing == Pricing.TO_AGREE or demand.pricing == Pricing.TO_AGREE:
        return NEUTRAL, Reason("price_unknown", "neutral")
    if price <= budget * WELL_IN_BUDGET:
        return ONE, Reason("well_in_budget", "ok")
    if price <= budget:
        return ONE, Reason("in_budget", "ok")
    if budget <= 0:
        return ZERO, Reason("above_budget", "warn", {"percent": "100"})
    above = price / budget - 1
    return clip(ONE - above / PRICE_TOO_HIGH), Reason("above_budget", "warn", {"percent": str(int(above * 100) or 1)})


def time_place_part(weight: int, one: Facts, other: Facts, today: date) -> Part:
    """Distance and dates, half each."""
    place, why_there = place_value(one, other)
    time, why_then = time_value(one, other, today)
    points = exact(weight * (place + time) / 2)
    halves = divide(points, [place, time])
    items = (Item("place", why_there.code, halves[0]), Item("time", why_then.code, halves[1]))
    return Part(FitPart.TIME_PLACE.value, weight, points, items, (why_there, why_then))


def price_part(weight: int, one: Facts, other: Facts) -> Part:
    """Price in the budget."""
    value, why = price_value(one, other)
    points = exact(weight * value)
    return Part(FitPart.PRICE.value, weight, points, (Item("price", why.code, points),), (why,))


# ------------------------------------------------------------------------------------------------------------------ learning


def alike(reason: str, listing: int, candidate: Facts, declined: Decline, closeness: Decimal) -> Decimal:
    """How far a candidate is alike what was declined, in the respect of the reason; 0 to 1.

    ``not_our_field``: 1 for the same category with a common discipline, else the closeness of the texts; ``region``: the
    same province; ``price``: as dear or dearer, to a tenth; ``timing``: begins as late or takes as long, or longer;
    ``capacity``: the same category; ``solved``: anything else suggested for the same listing; ``conflict``: the same
    institution.
    """
    other = declined.other
    if reason == DeclineReason.NOT_OUR_FIELD:
        if candidate.category == other.category and candidate.disciplines & other.disciplines:
            return ONE
        return clip(closeness)
    if reason == DeclineReason.REGION:
        return _whether(bool(other.region) and province(candidate.region) == province(other.region))
    if reason == DeclineReason.PRICE:
        known = other.money is not None and candidate.money is not None and candidate.pricing != Pricing.FREE
        return _whether(known and candidate.money >= other.money * Decimal("0.9"))  # type: ignore[operator]
    if reason == DeclineReason.TIMING:
        longer = other.weeks is not None and candidate.weeks is not None and candidate.weeks >= other.weeks
        later = other.starts_on is not None and candidate.starts_on is not None and candidate.starts_on >= other.starts_on
        return _whether(longer or later)
    if reason == DeclineReason.CAPACITY:
        return _whether(bool(other.category) and candidate.category == other.category)
    if reason == DeclineReason.SOLVED:
        return _whether(declined.listing == listing)
    if reason == DeclineReason.CONFLICT:
        return _whether(other.institution is not None and candidate.institution == other.institution)
    return ZERO


def lesson(weight: Decimal, reason: str) -> Decimal:
    """Share of the fit that alike declines of total weight n take off: ``strength * n / (n + 5)``."""
    return STRENGTH.get(reason, ZERO) * weight / (weight + SHRINKAGE) if weight > 0 else ZERO


def lessons(
    listing: int, candidate: Facts, declines: Iterable[Decline], closeness: Mapping[int, Decimal], now: datetime
) -> dict[str, tuple[Decimal, int]]:
    """By reason: the share of the fit that is taken off, and how many declines were alike at all."""
    weights: dict[str, Decimal] = {}
    counts: dict[str, int] = {}
    for one in declines:
        likeness = alike(one.reason, listing, candidate, one, closeness.get(one.other.key, ZERO))
        if likeness > 0:
            weights[one.reason] = weights.get(one.reason, ZERO) + likeness * age_weight(one.at, now)
            counts[one.reason] = counts.get(one.reason, 0) + 1
    return {
        reason: (lesson(weight, reason), counts[reason]) for reason, weight in weights.items() if lesson(weight, reason) > 0
    }


def learned_part(base: Decimal, taught: Mapping[str, tuple[Decimal, int]]) -> Part:
    """What declines take off the sum of the other parts: ``base * (1 - product of (1 - lesson))``, never below 0."""
    left = ONE
    for share, _count in taught.values():
        left *= ONE - share
    points = -exact(base * (ONE - left))
    reasons = sorted(taught)
    shares = divide(points, [taught[reason][0] for reason in reasons])
    items = tuple(Item("decline", reason, share) for reason, share in zip(reasons, shares, strict=True))
    said = tuple(
        Reason("declined_before", "warn", {"reason": reason, "count": str(taught[reason][1])})
        for reason in reasons
        if taught[reason][0] >= Decimal("0.02")
    )
    return Part(FitPart.LEARNED.value, 0, points if items else ZERO, items, said)


def compute(
    weights: Mapping[str, int],
    one: Facts,
    other: Facts,
    *,
    text: Text,
    record: Record | None,
    today: date,
    taught: Mapping[str, tuple[Decimal, int]] | None = None,
) -> Fit:
    """The fit of a suggested listing.

    Args:
        weights: Whole per cents by FitPart, adding up to 100.
        one: The listing suggestions are wanted for.
        other: The listing suggested.
        text: What the search says of it.
        record: What its institution has done; None: it is from an outside source.
        today: Local day.
        taught: What declines teach, from :func:`lessons`.
    """
    parts = [
        topic_part(weights[FitPart.TOPIC], one, other, text),
        record_part(weights[FitPart.RECORD], record),
        time_place_part(weights[FitPart.TIME_PLACE], one, other, today),
        price_part(weights[FitPart.PRICE], one, other),
    ]
    base = sum((part.points for part in parts), ZERO)
    if taught:
        parts.append(learned_part(base, taught))
    return Fit(sum((part.points for part in parts), ZERO), tuple(parts))


# ------------------------------------------------------------------------------------------------------------------ steering

BAND: Final = Decimal(5)
"""Listings whose fit differs by less than this are about equal; steering moves nothing further."""


def steered(fit: Decimal, balance: Decimal, exposure: Decimal) -> Decimal:
    """What lists are ordered by: the fit, and up to five points more for kinds that were shown least.

    Args:
        fit: The fit; it is shown as it is.
        balance: 0 to 1, from the alliance's rule.
        exposure: Share of the kind in what was shown lately, divided by the largest share of any kind; 0 to 1.
    """
    return fit + BAND * balance * (ONE - clip(exposure))


def check_weights(weights: Mapping[str, int]) -> bool:
    """Whether these are whole per cents for each part that add up to 100."""
    return (
        set(weights) == set(STANDARD)
        and all(isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 100 for value in weights.values())
        and sum(weights.values()) == 100
    )


def _decimal(value: float) -> Decimal:
    return Decimal(repr(float(value)))


def _whether(fact: bool) -> Decimal:
    return ONE if fact else ZERO


def _sum(items: Iterable[Item]) -> Decimal:
    return sum((item.points for item in items), ZERO)
