"""Charts: what they show, what they refuse, and that what people wrote cannot become markup."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest
from django.template import Context, Template
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from alliance.kernel import charts
from alliance.kernel.charts import (
    Category,
    CategoryBars,
    ChartError,
    DivergingBars,
    Estimate,
    IntervalDots,
    LineChart,
    MirroredBars,
    Opinion,
    Pair,
    Part,
    Radar,
    Segment,
    Series,
    StackedBar,
    draw,
)

ANSWERS = ("strongly against", "against", "neutral", "for", "strongly for")


def stages(*values: float) -> StackedBar:
    names = ("Draft", "Transformed", "In pilot", "Improving", "Released", "Retired", "Lost")
    return StackedBar("Four are in pilot", [Part(name, value, "g1") for name, value in zip(names, values, strict=False)])


def balance() -> MirroredBars:
    return MirroredBars("Demand leads", "Demand", "Supply", [Pair("Dyeing", 14, 5), Pair("Skills", 4, 10)])


def trend(*values: float | None) -> LineChart:
    return LineChart("It rose", ["Q1", "Q2", "Q3"], [Series("Target", values)])


def opinion() -> DivergingBars:
    return DivergingBars("Mixed", ANSWERS, [Opinion("Fits our machines", [5, 9, 12, 10, 5])])


def ranking() -> IntervalDots:
    return IntervalDots(
        "First two are equal", [Estimate("Guangfu", 86, 83, 90, 41), Estimate("Jinfang", None, None, None, 0)], 50, 100
    )


def requests() -> CategoryBars:
    segments = [Segment("On time", "g2"), Segment("Late", "accent")]
    return CategoryBars("Three are late", segments, [Category("Information", [9, 0]), Category("Research", [5, 3])])


def profile(*values: float | None) -> Radar:
    axes = [f"Criterion number {number} with a long name" for number in range(1, len(values) + 1)]
    return Radar("One is weak", axes, [Series("Round 1", values), Series("Pass mark", [62.5] * len(values))])


EVERY_KIND = [
    stages(3, 2, 4),
    balance(),
    trend(0.5, 0.6, 0.7),
    opinion(),
    ranking(),
    requests(),
    profile(80, 40, 60, 90, 100),
]


def rects(svg: str) -> list[dict[str, float]]:
    return [
        {name: float(node.attrib[name]) for name in ("x", "y", "width", "height")}
        for node in ET.fromstring(svg).iter("rect")
    ]


@pytest.mark.parametrize("description", EVERY_KIND, ids=lambda one: type(one).__name__)
def test_every_chart_has_two_drawings_with_the_finding_read_out(description: object) -> None:
    chart = draw(description)

    for svg in (chart.wide, chart.narrow):
        root = ET.fromstring(svg)
        assert root.attrib["role"] == "img"
        assert root.attrib["aria-label"] == chart.finding
    assert 'class="chart chart-wide"' in chart.wide
    assert 'class="chart chart-narrow"' in chart.narrow
    assert chart.wide != chart.narrow


@pytest.mark.parametrize("description", EVERY_KIND, ids=lambda one: type(one).__name__)
def test_every_drawing_stays_inside_its_frame_and_uses_no_style_attribute(description: object) -> None:
    chart = draw(description)

    for svg in (chart.wide, chart.narrow):
        assert "style=" not in svg
        _x, _y, width, height = map(float, ET.fromstring(svg).attrib["viewBox"].split())
        for rect in rects(svg):
            assert rect["x"] >= -0.1
            assert rect["x"] + rect["width"] <= width + 0.1
            assert rect["y"] + rect["height"] <= height + 0.1
        for text in ET.fromstring(svg).iter("text"):
            assert 0 <= float(text.attrib["y"]) <= height


@pytest.mark.parametrize("description", EVERY_KIND, ids=lambda one: type(one).__name__)
def test_the_table_has_as_many_cells_as_columns(description: object) -> None:
    chart = draw(description)

    assert chart.rows
    assert all(len(row) == len(chart.columns) for row in chart.rows)


def test_words_of_people_cannot_become_markup() -> None:
    chart = draw(CategoryBars("<script>alert(1)</script>", [Segment("a", "g1")], [Category("<b>&", [1])]))

    for svg in (chart.wide, chart.narrow):
        assert "<script" not in svg
        assert "<b>" not in svg
        assert "&lt;b&gt;&amp;" in svg


def test_a_radar_draws_each_value_on_its_axis_in_proportion() -> None:
    root = ET.fromstring(draw(profile(100, 50, 0)).wide)
    outline = next(path.attrib["d"] for path in root.iter("path"))
    corners = [tuple(map(float, corner.split())) for corner in outline[1:].removesuffix(" Z").split(" L")]
    (x1, y1), (x2, y2), (x3, y3) = corners

    # The third value is nought: its corner is the centre. The first axis points up, the second 120 degrees clockwise.
    full, half = y3 - y1, math.hypot(x2 - x3, y2 - y3)
    assert x1 == pytest.approx(x3)
    assert half == pytest.approx(full / 2, rel=0.01)
    assert math.degrees(math.atan2(x2 - x3, y3 - y2)) == pytest.approx(120, abs=0.5)


def test_a_radar_with_a_gap_is_not_closed_and_says_so_in_its_table() -> None:
    chart = draw(profile(80, None, 60, 70))

    outlines = [path.attrib["d"] for path in ET.fromstring(chart.wide).iter("path")]
    assert [outline.endswith("Z") for outline in outlines] == [False, False, True]
    assert chart.rows[1][1] == "—"


@pytest.mark.parametrize(
    "description",
    [
        profile(1, 2),
        Radar("f", ["a", "b", "c"], []),
        Radar("f", ["a", "b", "c"], [Series("s", [1, 2])]),
        Radar("f", ["a", "b", "c"], [Series("s", [1, 2, 101])]),
    ],
)
def test_a_radar_of_too_few_criteria_or_values_off_its_axes_is_refused(description: Radar) -> None:
    with pytest.raises(ChartError):
        draw(description)


def test_parts_of_a_whole_fill_the_bar_in_proportion() -> None:
    widths = [rect["width"] + charts.GAP for rect in rects(draw(stages(3, 0, 1)).wide)]

    assert len(widths) == 2
    assert widths[0] == pytest.approx(3 * widths[1], rel=0.01)
    assert sum(widths) == pytest.approx(charts.WIDE + charts.GAP, abs=0.2)


def test_the_table_of_a_whole_shows_shares() -> None:
    assert draw(stages(3, 1)).rows == (("Draft", "3", "75%"), ("Transformed", "1", "25%"))


def test_a_whole_of_nothing_says_so() -> None:
    chart = draw(stages(0, 0))

    assert "No figures yet" in chart.wide
    assert chart.rows[0][2] == "—"


def test_mirrored_bars_share_one_scale_from_a_common_middle() -> None:
    bars = rects(draw(balance()).wide)

    demand, supply = bars[0], bars[1]
    assert demand["width"] / supply["width"] == pytest.approx(14 / 5, rel=0.01)
    assert demand["x"] + demand["width"] < supply["x"]


def test_lines_differ_by_dash_and_are_named_at_their_end() -> None:
    chart = draw(LineChart("Both rose", ["Q1", "Q2"], [Series("Target", [0.5, 0.7]), Series("Service", [0.4, 0.6])]))

    paths = re.findall(r"<path[^>]*>", chart.wide)
    assert "stroke-dasharray" not in paths[0]
    assert "stroke-dasharray" in paths[1]
    assert "Target 0.70" in chart.wide
    assert "Service 0.60" in chart.wide


def test_a_missing_value_breaks_the_line_and_is_a_dash_in_the_table() -> None:
    chart = draw(LineChart("Gap", ["1", "2", "3", "4"], [Series("Target", [0.5, None, 0.6, 0.7])]))

    assert len(re.findall(r"<path", chart.wide)) == 2
    assert chart.rows[1] == ("2", "—")


def test_higher_values_are_drawn_higher() -> None:
    path = re.search(r'<path d="M([\d.]+) ([\d.]+) L([\d.]+) ([\d.]+)', draw(trend(0.5, 0.7, 0.7)).wide)

    assert path is not None
    assert float(path[4]) < float(path[2])


def test_an_interval_over_time_is_drawn_as_a_band() -> None:
    chart = draw(LineChart("Forecast", ["1", "2"], [Series("Demand", [5, 6], band=[(4, 6), (4, 8)])]))

    assert "<polygon" in chart.wide


def test_neutral_answers_are_centred_on_the_line() -> None:
    svg = draw(opinion()).wide
    neutral = rects(svg)[2]

    base = next(node for node in ET.fromstring(svg).iter("line") if node.attrib["class"] == "base")
    assert neutral["x"] + (neutral["width"] + charts.GAP) / 2 == pytest.approx(float(base.attrib["x1"]), abs=0.3)
    assert "14 against" in svg
    assert "15 for" in svg


def test_a_question_nobody_answered_says_so() -> None:
    chart = draw(DivergingBars("One open", ANSWERS, [Opinion("A", [1, 0, 0, 0, 1]), Opinion("B", [0, 0, 0, 0, 0])]))

    assert "no answers" in chart.wide


def test_a_score_is_never_without_its_number_of_answers() -> None:
    chart = draw(ranking())

    for svg in (chart.wide, chart.narrow):
        assert "41 answers" in svg
        assert "0 answers" in svg
    assert chart.rows[1] == ("Jinfang", "—", "—", "—", "0")


def test_the_dot_lies_on_its_interval() -> None:
    svg = draw(ranking()).wide
    bar = rects(svg)[0]
    dot = next(ET.fromstring(svg).iter("circle"))

    assert bar["x"] < float(dot.attrib["cx"]) < bar["x"] + bar["width"]


def test_bars_by_category_begin_at_zero_and_end_by_their_total() -> None:
    svg = draw(requests()).wide
    bars = rects(svg)

    assert bars[0]["x"] == bars[1]["x"]
    assert bars[0]["width"] + charts.GAP == pytest.approx(
        (bars[1]["width"] + bars[2]["width"] + 2 * charts.GAP) * 9 / 8, rel=0.01
    )
    assert draw(requests()).legend[1].value == "3"


@pytest.mark.parametrize(
    "wrong",
    [
        stages(1, 1, 1, 1, 1, 1, 1),
        stages(-1),
        StackedBar("f", [Part("a", 1, "purple")]),
        MirroredBars("f", "a", "b", [Pair("x", -1, 2)]),
        trend(0.5),
        LineChart("f", ["1"], [Series("a", [1], band=[(0, 2), (0, 3)])]),
        DivergingBars("f", ("no", "yes"), []),
        DivergingBars("f", ANSWERS, [Opinion("a", [1, 2])]),
        IntervalDots("f", [Estimate("a", 5, None, 6, 1)], 0, 10),
        IntervalDots("f", [Estimate("a", 5, 6, 7, 1)], 0, 10),
        IntervalDots("f", [Estimate("a", 5, 4, 11, 1)], 0, 10),
        IntervalDots("f", [], 3, 3),
        CategoryBars("f", [Segment("a", "g1")], [Category("x", [1, 2])]),
        "not a chart",
    ],
)
def test_a_chart_that_contradicts_itself_is_refused(wrong: object) -> None:
    with pytest.raises(ChartError):
        draw(wrong)


@pytest.mark.parametrize(
    "empty", [stages(), MirroredBars("f", "a", "b", []), trend(None, None, None), IntervalDots("f", [], 0, 1)]
)
def test_no_figures_are_said_in_words(empty: object) -> None:
    assert "No figures yet" in draw(empty).narrow


@given(st.lists(st.floats(0, 400), max_size=8))
def test_labels_moved_apart_keep_order_and_distance(places: list[float]) -> None:
    moved = charts.spread(places, 15, 0, 400)

    ordered = [moved[index] for index in sorted(range(len(places)), key=lambda index: places[index])]
    assert all(later - earlier >= 15 - 1e-6 for earlier, later in pairwise(ordered))
    assert not ordered or ordered[-1] <= 400 + 1e-6


@given(st.text(max_size=60), st.floats(20, 300))
def test_wrapped_text_fits_its_room(text: str, width: float) -> None:
    lines = charts.wrap_text(text, width, 12)

    assert 1 <= len(lines) <= 2
    assert all(charts.text_width(line, 12) <= width + 12.1 for line in lines)


@pytest.mark.parametrize(("span", "step"), [(50, 10), (100, 25), (1, 0.25), (0.4, 0.1), (30, 10)])
def test_axis_steps_are_round_and_end_at_the_end(span: float, step: float) -> None:
    assert charts.even_step(span) == pytest.approx(step)


def test_the_tag_shows_drawings_table_and_csv() -> None:
    chart = draw(requests(), csv_url="/figures.csv")

    page = Template("{% load charts %}{% chart chart %}").render(Context({"chart": chart}))

    assert page.count("<svg") >= 2
    assert "Show as table" in page
    assert '<th scope="row">Research</th>' in page
    assert 'href="/figures.csv"' in page


def test_han_text_is_taken_to_be_wider_than_latin() -> None:
    with translation.override("zh-hans"):
        assert charts.text_width("产业智库", 12) == 48
    assert charts.text_width("tank", 12) < 48
