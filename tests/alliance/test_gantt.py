"""The chart of a plan: bars, diamonds, arrows, today, months in the reader's language, and the table behind it."""

from __future__ import annotations

import itertools
import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from alliance.kernel import charts
from alliance.kernel.charts import Chart, ChartError
from alliance.kernel.gantt import Bar, Gantt, Link, Mark

FIRST, LAST = date(2026, 3, 1), date(2027, 8, 31)


def bar(key: int = 1, start: date = date(2026, 3, 10), days: int = 30, **more: Any) -> Bar:
    """A task of some days."""
    return Bar(key, f"Task {key}", start, start + timedelta(days=days - 1), more.pop("colour", "primary"), **more)


def plan(*bars: Bar, **more: Any) -> Gantt:
    """A plan of eighteen months."""
    return Gantt("A plan", FIRST, LAST, bars, **more)


def large() -> Gantt:
    """Forty tasks over eighteen months, each waiting for the one before, with three milestones."""
    bars = [bar(number, FIRST + timedelta(days=12 * number), 30, state="to do") for number in range(1, 41)]
    links = [Link(number, number + 1, clashes=True) for number in range(1, 40)]
    marks = [Mark(f"Milestone {number}", FIRST + timedelta(days=170 * number), "primary") for number in (1, 2, 3)]
    return plan(*bars, links=links, marks=marks, today=date(2026, 11, 22))


def numbers(drawing: str, name: str) -> list[float]:
    """Values of an attribute in a drawing."""
    return [float(found) for found in re.findall(rf'\b{name}="(-?[\d.]+)"', drawing)]


def test_a_bar_lies_in_proportion_to_its_days() -> None:
    chart = charts.draw(plan(bar(1, FIRST, 61), bar(2, date(2026, 5, 1), 31)))

    first, second = re.findall(r'<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"', str(chart.wide))
    assert float(first[0]) + float(first[1]) == pytest.approx(float(second[0]), abs=0.2)
    assert float(first[1]) / float(second[1]) == pytest.approx(61 / 31, rel=0.01)


def test_milestones_are_diamonds_links_arrows_and_today_a_line() -> None:
    description = plan(
        bar(1),
        bar(2, date(2026, 5, 1)),
        marks=[Mark("Half", date(2026, 6, 1), "accent", "late")],
        links=[Link(1, 2)],
        today=date(2026, 5, 15),
    )

    for drawing in (charts.draw(description).wide, charts.draw(description).narrow):
        assert str(drawing).count("<polygon") == 2  # the diamond and the head of the arrow
        assert 'class="stroke thin cn"' in str(drawing)
        assert ">Today</text>" in str(drawing)
    assert ">Today</text>" not in str(charts.draw(plan(bar(1))).wide)


def test_a_link_whose_dates_clash_is_dashed_and_says_so_in_the_table() -> None:
    chart = charts.draw(plan(bar(1), bar(2), links=[Link(1, 2, clashes=True)]))

    assert "stroke-dasharray" in str(chart.wide)
    assert chart.rows[1][-1] == "1 (begins before it ends)"


def test_forty_tasks_over_eighteen_months_stay_legible() -> None:
    chart = charts.draw(large())

    for drawing, width in ((str(chart.wide), charts.WIDE), (str(chart.narrow), charts.NARROW)):
        assert drawing.count('class="mark cp"') >= 40
        _x, _y, view_width, height = (
            float(part)
            for part in re.search(r'viewBox="([\d .]+)"', drawing)[1].split()  # type: ignore[index]
        )
        assert view_width == width
        assert height / 43 >= 24  # a row each, never squeezed
        labels = [
            (float(x), float(y), text, "end" in rest)
            for x, y, rest, text in re.findall(r'<text x="(-?[\d.]+)" y="([\d.]+)"([^>]*)>([^<]+)</text>', drawing)
        ]
        size = charts.TEXT[width]
        for x, _place, text, ends in labels:
            if not ends and "middle" not in drawing[drawing.index(text) - 40 : drawing.index(text)]:
                assert x >= -1
                assert x + charts.text_width(text, size) <= width + 10
        top = sorted(
            (x, charts.text_width(text, size)) for x, y, text, _ends in labels if y == pytest.approx(size + 12, abs=0.2)
        )
        assert len(top) >= 3
        assert all(left[0] + left[1] <= right[0] for left, right in itertools.pairwise(top))


def test_the_table_says_what_the_drawing_shows() -> None:
    chart = charts.draw(large())

    assert len(chart.rows) == 43
    assert chart.rows[0][:3] == ("Milestone 1", "—", "18 Aug 2026")
    assert chart.rows[4] == ("2 Task 2", "25 Mar 2026", "23 Apr 2026", "to do", "—", "1 (begins before it ends)")
    assert len(chart.columns) == 6


def test_a_note_stands_right_of_its_bar_left_of_it_at_the_end_and_nowhere_without_room() -> None:
    chart = charts.draw(
        plan(
            bar(1, date(2026, 5, 1), 60, note="¥1", owner="¥1.00"),
            bar(2, date(2027, 7, 1), 62, note="¥2", owner="¥2.00"),
            bar(3, FIRST, (LAST - FIRST).days + 1, note="¥3", owner="¥3.00"),
            owner_heading="Payment",
        )
    )

    for drawing in (str(chart.wide), str(chart.narrow)):
        first = re.search(r"<text([^>]*)>¥1</text>", drawing)
        second = re.search(r"<text([^>]*)>¥2</text>", drawing)
        assert first is not None
        assert second is not None
        assert 'text-anchor="end"' not in first[1]
        assert 'text-anchor="end"' in second[1]
        assert "¥3<" not in drawing
    assert chart.columns[4] == "Payment"
    assert [row[4] for row in chart.rows] == ["¥1.00", "¥2.00", "¥3.00"]


def test_months_and_days_are_told_in_the_readers_language() -> None:
    with translation.override("zh-hans"):
        chart = charts.draw(large())

    assert re.search(r">\d+月</text>", str(chart.wide))
    assert chart.rows[1][2] == "2027年2月4日"
    assert ">Nov" not in str(chart.wide)


@pytest.mark.parametrize(
    "wrong",
    [
        plan(bar(1, date(2026, 2, 1))),
        plan(bar(1), bar(1)),
        plan(bar(1), links=[Link(1, 9)]),
        plan(marks=[Mark("x", date(2030, 1, 1), "ok")]),
        Gantt("x", LAST, FIRST, []),
        plan(bar(1, colour="pink")),
    ],
)
def test_a_plan_that_contradicts_itself_is_refused(wrong: Gantt) -> None:
    with pytest.raises(ChartError):
        charts.draw(wrong)


def test_an_empty_plan_says_so() -> None:
    assert "Nothing is planned yet" in str(charts.draw(plan()).wide)


def test_names_are_escaped() -> None:
    chart = charts.draw(plan(Bar(1, "<script>alert(1)</script>", FIRST, LAST, "ok")))

    assert "<script" not in str(chart.wide) + str(chart.narrow)


@given(
    start=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    spans=st.lists(st.tuples(st.integers(0, 3000), st.integers(1, 600)), max_size=8),
    length=st.integers(0, 3650),
)
def test_every_plan_is_drawn_inside_its_frame(start: date, spans: list[tuple[int, int]], length: int) -> None:
    end = start + timedelta(days=length)
    bars = []
    for key, (offset, days) in enumerate(spans):
        first = min(start + timedelta(days=offset), end)
        bars.append(Bar(key, "x", first, min(first + timedelta(days=days), end), "ok"))
    chart: Chart = charts.draw(Gantt("x", start, end, bars, today=start))

    for drawing, width in ((str(chart.wide), charts.WIDE), (str(chart.narrow), charts.NARROW)):
        for x, wide in zip(numbers(drawing, "x"), [*numbers(drawing, "width")], strict=False):
            assert x >= -20
            assert wide <= width
        assert all(-1 <= value <= width + 1 for value in [*numbers(drawing, "x1"), *numbers(drawing, "x2")])
