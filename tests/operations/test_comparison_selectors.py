"""The comparison page: its figures equal those computed by hand, and it invents none."""

from __future__ import annotations

import csv
import io
import itertools
import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from groups.models import ConflictOfInterest
from operations.choices import PilotState, ProductState, ReadingPhase
from operations.models import Pilot, PilotMeasure, Product, Reading
from operations.selectors.comparison import (
    Figure,
    compare_rounds,
    comparison_header,
    comparison_rows,
    get_comparison,
    means_so_far,
    share_of_scale,
    stand_apart,
    view_agreement,
)
from operations.selectors.product import get_product
from operations.selectors.results import gather_inputs, make_record, parameters_of
from tests.factories.alliance import address
from tests.factories.operations import Cast, make_answer, make_pilot, make_point, make_product

pytestmark = pytest.mark.django_db


def make_measure(pilot: Pilot, position: int = 1, **fields: Any) -> PilotMeasure:
    """The measure at a place, in place of the one every round of the tests has."""
    pilot.measures.filter(position=position).delete()
    values: dict[str, Any] = {"name_en": "Salt", "name_zh": "用盐量", "unit": "g/l", "direction": -1, **fields}
    return PilotMeasure.objects.create(alliance=pilot.alliance, pilot=pilot, position=position, **values)


def read(measure: PilotMeasure, firm: Any, phase: str, *values: str) -> None:
    participant = measure.pilot.participants.get(institution=firm)
    for value in values:
        Reading.objects.create(
            alliance=measure.alliance,
            participant=participant,
            measure=measure,
            phase=phase,
            value=Decimal(value),
            taken_on=timezone.localdate(),
            key=uuid.uuid4(),
            received_at=timezone.now(),
        )


def decide(pilot: Pilot, state: str = PilotState.PASSED) -> None:
    """Close a round by its own figures, without the workflow's letters."""
    now = timezone.now()
    pilot.result = make_record(gather_inputs(pilot), parameters_of(pilot), at=now)
    pilot.state, pilot.decided_at = state, now
    pilot.answers = pilot.result["figures"]["answers"]
    pilot.save()


def two_rounds(cast: Cast) -> Product:
    """The fixture of the page: two decided rounds with three criteria and one measure at two sites.

    By hand. Salt, less is better. Round 1, first site: before 60, 50, 40 (mean 150 / 3 = 50), after 45, 35 (80 / 2 = 40);
    difference 40 - 50 = -10; change for the better 100 * -1 * (-10) / 50 = 20 %. Second site: before 80, after 72:
    difference -8, change 100 * 8 / 80 = 10 %. Over the sites (20 + 10) / 2 = 15 %.
    Round 2, first site: before 50, after 30: 100 * 20 / 50 = 40 %. Second: before 80, after 64: 100 * 16 / 80 = 20 %.
    Over the sites 30 %, so 30 - 15 = 15 percentage points more than in round 1.
    Criterion 1: round 1 scores 2, 3, 4 (nothing is cut of three: floor(0.1 * 3) = 0): 9 / 3 = 3; round 2: 4, 4, 4 = 4;
    change + 1. Criterion 2: 5, 4, 3 = 4 and 5, 5, 5 = 5; + 1. Criterion 3: 4, 4, 4 = 4 and 3, 3, 3 = 3; - 1.
    """
    product = make_product(cast, ProductState.PILOTING)
    first = make_pilot(product, cast.firms, criteria=3)
    salt = make_measure(first, minimum_change=Decimal(12))
    read(salt, cast.firms[0], ReadingPhase.BASELINE, "60", "50", "40")
    read(salt, cast.firms[0], ReadingPhase.AFTER, "45", "35")
    read(salt, cast.firms[1], ReadingPhase.BASELINE, "80")
    read(salt, cast.firms[1], ReadingPhase.AFTER, "72")
    for firm, scores in zip(cast.firms, ([2, 5, 4], [3, 4, 4], [4, 3, 4]), strict=True):
        make_answer(first, firm, scores)
    decide(first, PilotState.FAILED)
    product.version = 2
    product.save()
    second = make_pilot(product, cast.firms, criteria=3)
    salt = make_measure(second, minimum_change=Decimal(12))
    read(salt, cast.firms[0], ReadingPhase.BASELINE, "50")
    read(salt, cast.firms[0], ReadingPhase.AFTER, "30")
    read(salt, cast.firms[1], ReadingPhase.BASELINE, "80")
    read(salt, cast.firms[1], ReadingPhase.AFTER, "64")
    for firm in cast.firms:
        make_answer(second, firm, [4, 5, 3])
    decide(second)
    return product


def page_of(cast: Cast, product: Product, **more: Any) -> Any:
    product = get_product(cast.alliance, product.code, reader=cast.secretary)
    return get_comparison(product, list(product.pilots.all()), **more)


def test_before_and_after_equal_the_figures_computed_by_hand(cast: Cast) -> None:
    product = two_rounds(cast)

    second, first = page_of(cast, product).rounds

    by_code = {site.code: site for site in first.measures[0].sites}
    one, two = by_code[cast.firms[0].code], by_code[cast.firms[1].code]
    assert (one.before, one.after, one.before_count, one.after_count) == (50, 40, 3, 2)
    assert (one.difference, one.change.value) == (-10, pytest.approx(20))
    assert (two.before, two.after, two.difference) == (80, 72, -8)
    assert two.change.value == pytest.approx(10)
    assert (first.measures[0].change.value, first.measures[0].passed) == (pytest.approx(15), True)
    assert second.measures[0].change.value == pytest.approx(30)


def test_an_interval_of_too_few_values_is_said_in_words_and_not_shown(cast: Cast) -> None:
    product = two_rounds(cast)

    first = page_of(cast, product).rounds[1]

    changes = [first.measures[0].change, *(site.change for site in first.measures[0].sites)]
    assert [(figure.low, figure.high) for figure in changes] == [(None, None)] * 3
    assert {str(figure.words) for figure in changes} == {"too few values for an interval"}


def test_with_eight_values_on_each_side_the_interval_is_shown(cast: Cast) -> None:
    product = make_product(cast, ProductState.PILOTING)
    pilot = make_pilot(product, cast.firms)
    salt = make_measure(pilot)
    read(salt, cast.firms[0], ReadingPhase.BASELINE, *(str(50 + place) for place in range(8)))
    read(salt, cast.firms[0], ReadingPhase.AFTER, *(str(40 + place) for place in range(8)))
    for firm in cast.firms:
        make_answer(pilot, firm, [4, 4])
    decide(pilot)

    figure = page_of(cast, product).rounds[0].measures[0].sites[0].change

    # By hand: before 50 .. 57, mean 53.5; after 40 .. 47, mean 43.5; 100 * 10 / 53.5 = 18.691588...
    assert figure.value == pytest.approx(100 * 10 / 53.5)
    assert figure.low is not None
    assert figure.high is not None
    assert figure.low < figure.value < figure.high


def test_what_improved_between_the_rounds_equals_the_figures_computed_by_hand(cast: Cast) -> None:
    product = two_rounds(cast)

    second, first = page_of(cast, product).rounds

    assert (first.steps, first.since, second.since) == ((), 0, 1)
    found = {(step.kind, step.name): (step.before.value, step.after.value, step.change) for step in second.steps}
    assert found == {
        ("criterion", "Criterion 1"): (3, 4, 1),
        ("criterion", "Criterion 2"): (4, 5, 1),
        ("criterion", "Criterion 3"): (4, 3, -1),
        ("measure", "Salt"): (pytest.approx(15), pytest.approx(30), pytest.approx(15)),
    }
    assert [step.verdict for step in second.steps] == ["better", "better", "worse", "better"]


def test_the_radar_shows_shares_of_the_scales_beside_the_round_before_and_the_pass_marks(cast: Cast) -> None:
    product = two_rounds(cast)

    radar = page_of(cast, product).radar

    # Shares of a scale from 1 to 5: 4 -> 75, 5 -> 100, 3 -> 50; pass mark 3.5 -> 62.5.
    assert radar.columns == ("Criterion", "Round 2, version 2", "Round 1, version 1", "Pass mark")
    assert radar.rows == (
        ("Criterion 1", "75.00", "50.00", "62.50"),
        ("Criterion 2", "100.00", "75.00", "62.50"),
        ("Criterion 3", "50.00", "75.00", "62.50"),
    )
    assert radar.finding == "2 of 3 criteria reach their pass mark in round 2; “Criterion 3” lies furthest below."
    assert "<svg" in radar.wide


def test_two_criteria_are_not_drawn_as_a_radar(cast: Cast) -> None:
    product = make_product(cast, ProductState.PILOTING)
    pilot = make_pilot(product, cast.firms, criteria=2)
    for firm in cast.firms:
        make_answer(pilot, firm, [4, 4])
    decide(pilot)

    assert page_of(cast, product).radar is None


def test_a_running_round_shows_its_means_without_intervals_or_verdict(cast: Cast) -> None:
    product = make_product(cast, ProductState.PILOTING)
    pilot = make_pilot(product, cast.firms)
    salt = make_measure(pilot, minimum_change=Decimal(5))
    read(salt, cast.firms[0], ReadingPhase.BASELINE, "50", "50")
    read(salt, cast.firms[0], ReadingPhase.AFTER, "40", "40")
    read(salt, cast.firms[1], ReadingPhase.BASELINE, "10")

    view = page_of(cast, product).rounds[0]

    measure = view.measures[0]
    assert (view.decided, measure.passed, measure.change.value) == (False, None, pytest.approx(20))
    assert {str(site.change.words) for site in measure.sites} == {
        "so far; the round is still under way",
        "not measured after the trial",
    }


def test_a_site_reads_its_own_rows_and_only_decided_rounds(cast: Cast) -> None:
    product = two_rounds(cast)
    make_pilot(product, cast.firms)
    mine = cast.firms[0].code

    comparison = page_of(cast, product, only={mine})

    assert [view.pilot.round for view in comparison.rounds] == [2, 1]
    assert {site.code for view in comparison.rounds for m in view.measures for site in m.sites} == {mine}
    assert comparison.points == ()


def test_points_are_counted_by_version_and_state(cast: Cast) -> None:
    product = two_rounds(cast)
    make_point(product, version=1, state="done", done_in=2)
    make_point(product, version=1, state="declined", answer="Out of scope.")
    make_point(product, version=2)

    assert page_of(cast, product).points == (
        (2, {"open": 1, "accepted": 0, "declined": 0, "done": 0}),
        (1, {"open": 0, "accepted": 0, "declined": 1, "done": 1}),
    )


def test_the_csv_has_every_figure_of_the_page_unrounded(cast: Cast) -> None:
    product = two_rounds(cast)

    rows = comparison_rows(page_of(cast, product))

    assert {len(row) for row in rows} == {len(comparison_header())}
    by_part = {(row[0], row[1], row[3], row[6]): row for row in rows}
    site = by_part["measure", 1, "Salt", cast.firms[0].code]
    assert site[7:13] == [50, 40, 3, 2, -10, pytest.approx(20)]
    assert by_part["measure_since_round_1", 2, "Salt", ""][11] == pytest.approx(15)
    assert by_part["criterion", 2, "Criterion 2", ""][12] == 5
    assert ("krippendorff_alpha", 2, "", "") in by_part


def test_answers_of_institutions_that_stand_aside_are_in_no_figure(cast: Cast) -> None:
    product = make_product(cast, ProductState.PILOTING)
    pilot = make_pilot(product, cast.firms)
    salt = make_measure(pilot)
    read(salt, cast.firms[0], ReadingPhase.BASELINE, "50")
    read(salt, cast.firms[1], ReadingPhase.BASELINE, "60")
    ConflictOfInterest.objects.create(
        alliance=cast.alliance,
        institution=cast.firms[1],
        matter=product.matter,
        reason="Shares an owner with the author.",
        declared_at=timezone.now() - timedelta(days=1),
    )

    view = page_of(cast, product).rounds[0]

    assert [site.code for site in view.measures[0].sites] == [cast.firms[0].code]


def test_the_page_asks_the_same_number_of_queries_for_one_round_and_for_two(
    cast: Cast, django_assert_num_queries: Any
) -> None:
    small = make_product(cast, ProductState.PILOTING)
    pilot = make_pilot(small, cast.firms)
    read(make_measure(pilot), cast.firms[0], ReadingPhase.BASELINE, "50")
    for firm in cast.firms:
        make_answer(pilot, firm, [4, 4])
    decide(pilot)
    large = two_rounds(cast)
    for product in (small, large):
        product = get_product(cast.alliance, product.code, reader=cast.secretary)
        pilots = list(product.pilots.all())
        with django_assert_num_queries(3):
            get_comparison(product, pilots)


@pytest.mark.parametrize(
    ("alpha", "reason", "tone"),
    [(0.85, "", "ok"), (0.7, "", "warn"), (0.2, "", "bad"), (None, "all_equal", "neutral"), (None, "too_few", "neutral")],
)
def test_agreement_is_shown_with_its_reading(alpha: float | None, reason: str, tone: str) -> None:
    view = view_agreement({"agreement": {"alpha_ordinal": alpha, "alpha_ordinal_reason": reason, "kendall_w": None}})

    assert view is not None
    assert (view.alpha, view.tone) == (alpha, tone)
    assert str(view.reading)


def test_a_record_without_agreement_shows_none() -> None:
    assert view_agreement({}) is None


def criterion(value: float, low: float, high: float, *, scale: tuple[int, int] = (1, 5), notice: str = "") -> dict[str, Any]:
    return {
        "name_en": "Clear",
        "name_zh": "",
        "value": value,
        "low": low,
        "high": high,
        "notice": notice,
        "scale_low": scale[0],
        "scale_high": scale[1],
    }


def test_a_change_inside_the_uncertainty_is_not_called_better() -> None:
    step = compare_rounds({"criteria": [criterion(3, 2.5, 3.6)]}, {"criteria": [criterion(3.4, 3.1, 3.9)]})[0]

    assert (step.verdict, step.clear) == ("unclear", False)


def test_unequal_scales_are_compared_as_shares() -> None:
    step = compare_rounds({"criteria": [criterion(3, 2, 4)]}, {"criteria": [criterion(8, 7, 9, scale=(0, 10))]})[0]

    # 3 on 1 to 5 is 50 of 100; 8 on 0 to 10 is 80 of 100.
    assert (step.before.value, step.after.value, step.change) == (50, 80, 30)


@given(
    st.lists(st.floats(1, 1000), min_size=1, max_size=6),
    st.lists(st.floats(1, 1000), min_size=1, max_size=6),
    st.sampled_from([1, -1]),
)
def test_the_change_is_for_the_better_exactly_when_the_mean_moves_the_right_way(
    before: list[float], after: list[float], direction: int
) -> None:
    measure = {"position": 1, "name_en": "M", "name_zh": "", "unit": "", "direction": direction, "minimum_change": None}
    readings = [
        {"institution": "A", "measure": 1, "phase": phase, "value": value}
        for phase, values in (("baseline", before), ("after", after))
        for value in values
    ]

    row = means_so_far([measure], readings)[0]["sites"][0]

    assert row["difference"] == pytest.approx(sum(after) / len(after) - sum(before) / len(before), abs=1e-6)
    if abs(row["difference"]) > 1e-6:
        assert (row["percent"] > 0) == (row["difference"] * direction > 0)


@given(st.lists(st.floats(-100, 100), min_size=4, max_size=4))
def test_intervals_stand_apart_only_when_they_share_no_value(ends: list[float]) -> None:
    a, b, c, d = sorted(ends)
    assert stand_apart(Figure(a, a, c), Figure(b, b, d)) is False
    if b < c:
        assert stand_apart(Figure(a, a, b), Figure(c, c, d)) is True
        assert stand_apart(Figure(c, c, d), Figure(a, a, b)) is True
    assert stand_apart(Figure(a), Figure(c, c, d)) is None


@given(st.integers(0, 10), st.integers(1, 10))
def test_shares_of_a_scale_lie_between_nought_and_a_hundred(low: int, width: int) -> None:
    scale = {"scale_low": low, "scale_high": low + width}
    shares = [share_of_scale(value, scale) for value in range(low, low + width + 1)]

    assert (shares[0], shares[-1]) == (0, 100)
    assert all(one < other for one, other in itertools.pairwise(shares))


# ------------------------------------------------------------------------------------------------------------- the page


def get(client: Client, cast: Cast, product: Product, query: str = "") -> Any:
    return client.get(address(cast.alliance, "product_comparison", code=product.code) + query)


def test_the_page_shows_tables_charts_and_the_same_figures_as_csv(cast: Cast, client_for: Any) -> None:
    product = two_rounds(cast)
    client = client_for(cast.writer)

    html = get(client, cast, product).content.decode()
    rows = list(csv.reader(io.StringIO(get(client, cast, product, "?format=csv").content.decode("utf-8-sig"))))

    assert '<h3 class="mt">Salt (g/l)</h3>' in html
    assert "<td>20.0%<small>too few values for an interval" in html
    assert "Since round 1" in html
    assert html.count("<svg") >= 4
    assert "style=" not in html
    assert next(row for row in rows if row[0] == "measure_all_sites" and row[1] == "1")[12] == "15.0"


def test_a_pilot_firm_reads_its_own_rows_and_nobody_elses(cast: Cast, client_for: Any) -> None:
    product = two_rounds(cast)

    html = get(client_for(cast.testers[0]), cast, product).content.decode()

    assert cast.firms[0].name in html
    assert cast.firms[1].name not in html


def test_who_may_not_read_the_answers_and_did_not_try_it_is_refused(cast: Cast, client_for: Any) -> None:
    product = two_rounds(cast)
    Product.objects.filter(pk=product.pk).update(state=ProductState.IN_REVIEW)

    assert get(client_for(cast.reviewer), cast, product).status_code == 403
