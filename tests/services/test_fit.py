"""The fit of two listings: its parts add up, its reasons are said, and declines teach."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from services import fit
from services.choices import DeclineReason, Pricing, ServiceCategory
from services.reasons import SENTENCES, chip

TODAY = date(2026, 11, 22)
NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
days = st.none() | st.dates(date(2025, 1, 1), date(2028, 12, 31))
money = st.none() | st.decimals(0, 10_000_000, places=2)
regions = st.sampled_from(["", "440600", "440100", "440000", "320500", "110000"])


def facts(is_demand: bool) -> st.SearchStrategy[fit.Facts]:
    """Any listing of a side."""
    return st.builds(
        fit.Facts,
        key=st.integers(1, 50),
        is_demand=st.just(is_demand),
        category=st.sampled_from(["", *ServiceCategory.values]),
        elements=st.frozensets(st.sampled_from(["technology", "capital", "talent"])),
        industry=st.sampled_from(["", "17", "171", "1713", "26"]),
        disciplines=st.frozensets(st.sampled_from(["540", "630", "790"])),
        region=regions,
        pricing=st.sampled_from(Pricing.values),
        money=money,
        starts_on=days,
        ends_on=days,
        weeks=st.none() | st.integers(0, 400),
        institution=st.none() | st.integers(1, 9),
    )


texts = st.lists(
    st.tuples(st.text("abcdefgh", min_size=1, max_size=5), st.floats(0, 1, allow_nan=False)),
    max_size=24,
    unique_by=lambda x: x[0],
).flatmap(
    lambda words: st.builds(
        lambda cosine, more: fit.Text(
            sum(score for _word, score in words) + cosine,
            sum(score for _word, score in words) + cosine + more,
            tuple(words),
            cosine,
        ),
        st.floats(0, 1, allow_nan=False),
        st.floats(0, 3, allow_nan=False),
    )
)
records = st.none() | st.builds(
    fit.Record,
    agreed=st.integers(0, 40),
    ended=st.integers(0, 40),
    released=st.integers(0, 40),
    ratings=st.integers(0, 400),
    mean=st.none() | st.decimals(1, 5, places=4),
    contracts=st.integers(0, 40),
    contract_mean=st.none() | st.decimals(1, 5, places=6),
)
weights = (
    st.tuples(st.integers(0, 100), st.integers(0, 100), st.integers(0, 100))
    .map(sorted)
    .map(lambda cuts: dict(zip(fit.STANDARD, (cuts[0], cuts[1] - cuts[0], cuts[2] - cuts[1], 100 - cuts[2]), strict=True)))
)
taught = st.dictionaries(
    st.sampled_from(list(fit.STRENGTH)), st.tuples(st.decimals(0, "0.9", places=9), st.integers(1, 60)), max_size=5
)


@given(weights, facts(True), facts(False), st.booleans(), texts, records, taught)
def test_the_parts_add_up_to_the_fit_and_the_items_to_their_parts(
    given_weights: Any, demand: fit.Facts, supply: fit.Facts, turned: bool, text: fit.Text, record: Any, lessons: Any
) -> None:
    """Whatever the listings say, in both directions."""
    one, other = (supply, demand) if turned else (demand, supply)
    found = fit.compute(given_weights, one, other, text=text, record=record, today=TODAY, taught=lessons)
    assert 0 <= found.total <= 100
    assert sum(part.points for part in found.parts) == found.total
    for part in found.parts:
        assert sum((item.points for item in part.items), fit.ZERO) == part.points
        assert part.points == part.points.quantize(fit.PLACES)
        if part.name != "learned":
            assert 0 <= part.points <= part.weight
    assert len(found.reasons) >= 2
    for reason in found.reasons:
        drawn = chip({"code": reason.code, "tone": reason.tone, "values": dict(reason.values)})
        assert reason.code in SENTENCES
        assert "%(" not in (drawn.text or "%(")


@given(st.decimals(-100, 100, places=6), st.lists(st.decimals(0, 50, places=6), min_size=1, max_size=30))
def test_a_total_is_divided_without_remainder(total: Decimal, shares: list[Decimal]) -> None:
    """To the last of six places."""
    assert sum(fit.divide(total, shares)) == total


def demand(**more: Any) -> fit.Facts:
    """A demand in Foshan."""
    values: dict[str, Any] = {
        "key": 1,
        "is_demand": True,
        "region": "440600",
        "pricing": "range",
        "money": Decimal(260_000),
        **more,
    }
    return fit.Facts(**values)


def supply(**more: Any) -> fit.Facts:
    """A supply in Foshan."""
    values: dict[str, Any] = {
        "key": 2,
        "is_demand": False,
        "region": "440600",
        "pricing": "fixed",
        "money": Decimal(238_000),
        **more,
    }
    return fit.Facts(**values)


@pytest.mark.parametrize(
    ("region", "value", "code"),
    [
        ("440600", "1", "same_city"),
        ("440100", "0.8", "same_province"),
        ("320500", "0.4", "elsewhere"),
        ("", "0.6", "place_unknown"),
    ],
)
def test_the_nearer_the_better(region: str, value: str, code: str) -> None:
    """City, province, elsewhere, not said."""
    found, reason = fit.place_value(demand(), supply(region=region))
    assert (found, reason.code) == (Decimal(value), code)


@pytest.mark.parametrize(
    ("weeks", "value", "code"),
    [(9, "1", "in_time"), (13, "0.75", "late"), (40, "0", "late"), (None, "0.6", "time_unknown")],
)
def test_the_later_the_worse(weeks: int | None, value: str, code: str) -> None:
    """Ten weeks are left."""
    found, reason = fit.time_value(demand(ends_on=TODAY + timedelta(weeks=10)), supply(weeks=weeks), TODAY)
    assert (found, reason.code) == (Decimal(value), code)


def test_lateness_is_told_in_begun_weeks() -> None:
    """15 days are 3 weeks."""
    wanted = demand(ends_on=TODAY + timedelta(weeks=10) - timedelta(days=15))
    assert fit.time_value(wanted, supply(weeks=10), TODAY)[1].values == {"weeks": "3"}


def test_what_is_no_longer_on_offer_comes_too_late() -> None:
    """The supply ends before the demand can begin."""
    found, reason = fit.time_value(demand(starts_on=date(2027, 3, 1)), supply(ends_on=date(2027, 2, 1)), TODAY)
    assert (found, reason.code, reason.tone) == (fit.ZERO, "not_on_offer", "bad")


@pytest.mark.parametrize(
    ("price", "value", "code"),
    [
        ("100000", "1", "well_in_budget"),
        ("260000", "1", "in_budget"),
        ("325000", "0.5", "above_budget"),
        ("900000", "0", "above_budget"),
        (None, "0.6", "price_unknown"),
    ],
)
def test_the_dearer_the_worse(price: str | None, value: str, code: str) -> None:
    """Of a budget of 260,000."""
    found, reason = fit.price_value(demand(), supply(money=Decimal(price) if price else None))
    assert (found, reason.code) == (Decimal(value), code)


def test_a_record_is_smoothed_towards_the_middle() -> None:
    """One agreement moves it a little, forty much; nothing known stands in the middle and is said."""
    none = fit.record_part(25, fit.Record())
    one = fit.record_part(25, fit.Record(agreed=1))
    many = fit.record_part(25, fit.Record(agreed=40))
    assert none.points == Decimal("12.5")
    assert none.reasons[0].code == "no_record"
    assert none.points < one.points < many.points < 25
    assert one.points == Decimal("15.625")  # (0.5 * 3 + 1) / 4 of 25


def test_labels_make_a_quarter_of_the_topic_where_both_carry_some() -> None:
    """Half of them agree here."""
    text = fit.Text(0.5, 1.0, (("steam", 0.5),))
    found = fit.topic_part(
        40,
        demand(category="information", elements=frozenset({"talent"})),
        supply(category="information", elements=frozenset({"capital"})),
        text,
    )
    assert found.points == Decimal("40") * (Decimal("0.75") / 2 + Decimal("0.25") / 2)
    assert fit.topic_part(40, demand(), supply(), text).points == 20


def test_a_lesson_is_shrunk_and_fades() -> None:
    """One decline takes off a tenth at most, twenty nearly half; after half a year a decline counts half."""
    assert fit.lesson(Decimal(1), DeclineReason.NOT_OUR_FIELD) == Decimal("0.1")
    assert fit.lesson(Decimal(20), DeclineReason.NOT_OUR_FIELD) == Decimal("0.48")
    assert fit.lesson(Decimal(20), DeclineReason.OTHER) == 0
    assert fit.age_weight(NOW - timedelta(days=180), NOW) == Decimal("0.5")


@pytest.mark.parametrize(
    ("reason", "alike", "unlike"),
    [
        (DeclineReason.REGION, {"region": "440100"}, {"region": "320500"}),
        (DeclineReason.PRICE, {"money": Decimal(230_000)}, {"money": Decimal(90_000)}),
        (DeclineReason.TIMING, {"weeks": 12}, {"weeks": 2}),
        (DeclineReason.CAPACITY, {"category": "information"}, {"category": "working_materials"}),
        (DeclineReason.CONFLICT, {"institution": 7}, {"institution": 8}),
        (
            DeclineReason.NOT_OUR_FIELD,
            {"category": "information", "disciplines": frozenset({"630"})},
            {"category": "information", "disciplines": frozenset({"540"})},
        ),
    ],
)
def test_each_reason_lowers_what_is_alike_in_that_respect(
    reason: str, alike: dict[str, Any], unlike: dict[str, Any]
) -> None:
    """And leaves the rest as it is."""
    declined = supply(category="information", disciplines=frozenset({"630"}), weeks=10, institution=7)
    history = [fit.Decline(1, declined, reason, NOW) for _turn in range(20)]
    text = fit.Text(1.0, 1.0, (("steam", 1.0),))

    def total(**more: Any) -> tuple[Decimal, Decimal]:
        other = supply(key=3, **more)
        lessons = fit.lessons(1, other, history, {}, NOW)
        plain = fit.compute(fit.STANDARD, demand(), other, text=text, record=fit.Record(), today=TODAY)
        return plain.total, fit.compute(
            fit.STANDARD, demand(), other, text=text, record=fit.Record(), today=TODAY, taught=lessons
        ).total

    before, after = total(**alike)
    assert after == pytest.approx(before * (1 - fit.STRENGTH[reason] * Decimal("0.8")), abs=Decimal("0.000002"))
    before, after = total(**unlike)
    assert after == before


def test_what_is_solved_lowers_the_listing_it_was_said_of() -> None:
    """Other listings of the institution go on."""
    history = [fit.Decline(1, supply(), DeclineReason.SOLVED, NOW)]
    assert fit.lessons(1, supply(key=3), history, {}, NOW)
    assert not fit.lessons(9, supply(key=3), history, {}, NOW)


def test_another_reason_teaches_nothing() -> None:
    """Nobody knows what it was."""
    history = [fit.Decline(1, supply(), DeclineReason.OTHER, NOW)] * 30
    assert fit.lessons(1, supply(), history, {2: Decimal(1)}, NOW) == {}


def test_steering_moves_a_listing_by_less_than_the_band_and_only_where_it_is_on() -> None:
    """The fit stays as it is; the order changes among listings of about the same fit."""
    assert fit.steered(Decimal(80), Decimal(0), Decimal(0)) == 80
    assert fit.steered(Decimal(80), Decimal(1), Decimal(1)) == 80
    assert fit.steered(Decimal(76), Decimal(1), Decimal(0)) > fit.steered(Decimal(80), Decimal(1), Decimal(1))
    assert fit.steered(Decimal(74), Decimal(1), Decimal(0)) < fit.steered(Decimal(80), Decimal(1), Decimal(1))


@pytest.mark.parametrize(
    ("language", "kept", "shown"),
    [
        ("en", "mainly, problem, stenter, 定型机, exhaust, heat, recovery", "Same words: stenter, exhaust, heat"),
        ("zh-hans", "mainly, stenter, 佛山, 佛山市, 解决, 定型机", "定型机"),
        ("en", "现场, 佛山", "Same words: 现场"),
        ("en", "mainly, Foshan, solving, 解决", "Only general words in common"),
    ],
)
def test_the_chip_names_words_that_tell_something_in_the_readers_language(language: str, kept: str, shown: str) -> None:
    with translation.override(language):
        drawn = chip({"code": "shared_words", "tone": "ok", "values": {"words": kept}})
    assert drawn.text == shown or drawn.text.endswith(f"：{shown}")
    assert drawn.tone == ("neutral" if "general" in shown else "ok")


def test_labels_are_named_and_not_coded() -> None:
    with translation.override("en"):
        industry = chip({"code": "same_industry", "tone": "ok", "values": {"code": "17"}})
        discipline = chip({"code": "same_disciplines", "tone": "ok", "values": {"codes": "540"}})
    assert industry.text == "Same industry: Manufacture of textiles"
    assert discipline.text == "Same discipline: Textile science and technology"
