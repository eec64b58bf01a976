"""Charts drawn on the server as inline SVG: a description in, a :class:`Chart` out.

Each chart has two drawings, a wide one and a narrow one; the style sheet shows the one that fits, so that no text is scaled
down. Colours are classes, so that charts follow the theme and the paper. Every chart carries a sentence that states its
finding, a legend where one is needed, and its figures as a table. Pure functions, no models, no style attributes.

Kinds by question: composition :class:`StackedBar`; supply against demand :class:`MirroredBars`; trend :class:`LineChart`;
opinion :class:`DivergingBars`; ranking :class:`IntervalDots`; amounts by category :class:`CategoryBars`; profile over several
criteria :class:`Radar`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import singledispatch
from typing import TYPE_CHECKING, Final

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from alliance.kernel.formats import NO_VALUE, format_number, format_score

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

WIDE: Final = 720
NARROW: Final = 340
#: Size of the text in user units of the wide and the narrow drawing; both are shown at about one unit a pixel.
TEXT: Final = {WIDE: 12.5, NARROW: 12.0}
GAP: Final = 2.0

#: Colour names a chart may use, with the class that sets the colour.
COLOURS: Final = {
    "g1": "c1",
    "g2": "c2",
    "g3": "c3",
    "g4": "c4",
    "g5": "c5",
    "g6": "c6",
    "primary": "cp",
    "accent": "ca",
    "ok": "co",
    "neutral": "cn",
    "s1": "cs1",
    "s2": "cs2",
    "s3": "cs3",
    "s4": "cs4",
}
#: Colours of lines in their order, each with a dash of its own, so that they differ without colour too.
LINE_LOOKS: Final = (("g1", ""), ("g4", "7 4"), ("g2", "1.5 4"), ("g3", "9 3 2 3"), ("g5", "4 3"), ("g6", "12 4"))
#: Colours of the answers of a scale, from strongly against to strongly for.
OPINION_COLOURS: Final = {
    3: ("accent", "neutral", "s4"),
    5: ("accent", "g3", "neutral", "s3", "s4"),
}
MOST_SERIES: Final = 6


class ChartError(ValueError):
    """A chart was described wrongly; said to the programmer, not to the reader."""


# ---------------------------------------------------------------------------------------------------------- descriptions


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a whole, not negative."""

    label: StrOrPromise
    value: float
    colour: str


@dataclass(frozen=True, slots=True)
class StackedBar:
    """Composition of one whole.

    Attributes:
        finding: Sentence that says what the chart shows.
        parts: At most six.
        write: How a value is written, in legend and table.
        value_label: Heading of the values in the table.
    """

    finding: StrOrPromise
    parts: Sequence[Part]
    write: Callable[[object], str] = format_number
    value_label: StrOrPromise = ""


@dataclass(frozen=True, slots=True)
class Pair:
    """One row of mirrored bars, values not negative."""

    label: StrOrPromise
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class MirroredBars:
    """Two amounts against each other by topic, such as demand and supply."""

    finding: StrOrPromise
    left_label: StrOrPromise
    right_label: StrOrPromise
    rows: Sequence[Pair]
    left_colour: str = "g3"
    right_colour: str = "g2"
    row_label: StrOrPromise = ""
    write: Callable[[object], str] = format_number


@dataclass(frozen=True, slots=True)
class Series:
    """One line: a value per period, None where there is none; ``band`` gives low and high of an interval per period."""

    label: StrOrPromise
    values: Sequence[float | None]
    band: Sequence[tuple[float, float] | None] = ()


@dataclass(frozen=True, slots=True)
class LineChart:
    """Trend of at most six series over periods.

    Attributes:
        finding: Sentence that says what the chart shows.
        periods: Labels along the time axis, oldest first.
        series: Lines; drawn in the order of :data:`LINE_LOOKS`.
        low: Lower end of the value axis, or None to fit.
        high: Upper end, or None to fit.
        write: How a value is written.
        period_label: Heading of the periods in the table.
    """

    finding: StrOrPromise
    periods: Sequence[StrOrPromise]
    series: Sequence[Series]
    low: float | None = None
    high: float | None = None
    write: Callable[[object], str] = format_score
    period_label: StrOrPromise = ""


@dataclass(frozen=True, slots=True)
class Opinion:
    """Answers to one question: how many chose each answer, from most against to most for."""

    label: StrOrPromise
    counts: Sequence[int]


@dataclass(frozen=True, slots=True)
class DivergingBars:
    """Opinions on a scale of three or five answers, centred on the neutral one; bars show shares of each row's answers."""

    finding: StrOrPromise
    answers: Sequence[StrOrPromise]
    rows: Sequence[Opinion]
    row_label: StrOrPromise = ""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its interval and the number of observations behind it; None: nothing was observed."""

    label: StrOrPromise
    value: float | None
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True, slots=True)
class IntervalDots:
    """Ranking with uncertainty: a dot for the value, a bar for the interval.

    ``write_count`` and ``count_label`` name the observations where they are not answers.
    """

    finding: StrOrPromise
    rows: Sequence[Estimate]
    low: float
    high: float
    value_label: StrOrPromise = ""
    row_label: StrOrPromise = ""
    write: Callable[[object], str] = format_score
    write_count: Callable[[int], str] | None = None
    count_label: StrOrPromise = ""


@dataclass(frozen=True, slots=True)
class Segment:
    """One kind of segment in bars by category."""

    label: StrOrPromise
    colour: str


@dataclass(frozen=True, slots=True)
class Category:
    """One bar: a value per segment, not negative."""

    label: StrOrPromise
    values: Sequence[float]


@dataclass(frozen=True, slots=True)
class CategoryBars:
    """Amounts by category, each bar stacked from the same kinds of segment."""

    finding: StrOrPromise
    segments: Sequence[Segment]
    rows: Sequence[Category]
    row_label: StrOrPromise = ""
    write: Callable[[object], str] = format_number


@dataclass(frozen=True, slots=True)
class Radar:
    """Profile over at least three criteria that share one scale; one outline per series, a value per axis.

    Attributes:
        finding: Sentence that says what the chart shows.
        axes: Labels of the criteria, clockwise from the top.
        series: Outlines; drawn in the order of :data:`LINE_LOOKS`. A series with a gap is drawn as open stretches.
        high: Upper end of every axis; the lower end is nought.
        write: How a value is written.
        axis_label: Heading of the criteria in the table.
    """

    finding: StrOrPromise
    axes: Sequence[StrOrPromise]
    series: Sequence[Series]
    high: float = 100.0
    write: Callable[[object], str] = format_score
    axis_label: StrOrPromise = ""


# ----------------------------------------------------------------------------------------------------------------- result


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """One entry under the chart."""

    label: str
    value: str
    colour_class: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart ready to draw with ``{% chart chart %}``.

    Attributes:
        finding: What it shows, in one sentence; read out in place of the drawing.
        wide: SVG of the wide drawing.
        narrow: SVG of the narrow drawing.
        columns: Headings of the table; the first is that of the rows.
        rows: Texts of the table.
        legend: Entries under the drawing.
        csv_url: Where the figures can be had as CSV, or empty.
    """

    finding: str
    wide: SafeString
    narrow: SafeString
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    legend: tuple[LegendEntry, ...] = field(default=())
    csv_url: str = ""


@singledispatch
def draw(description: object, csv_url: str = "") -> Chart:
    """Draw a chart.

    Args:
        description: One of the dataclasses of this module.
        csv_url: Where the figures can be had as CSV.

    Raises:
        ChartError: The description is not one of them, or contradicts itself.
    """
    raise ChartError(f"There is no chart for {type(description).__name__}.")


# ------------------------------------------------------------------------------------------------------------ small parts


def text_width(text: str, size: float) -> float:
    """About how wide a text is drawn, in the unit of ``size``; Han characters take a full square."""
    width = 0.0
    for character in text:
        if ord(character) >= 0x2E80:
            width += 1.0
        elif character in "iljtfrI.,:;'|! ()":
            width += 0.34
        elif character.isupper() or character in "mwMW%@":
            width += 0.74
        else:
            width += 0.58
    return width * size


def _cut(text: str, width: float, size: float) -> str:
    if text_width(text, size) <= width:
        return text
    while text and text_width(text + "…", size) > width:
        text = text[:-1]
    return text.rstrip() + "…"


def wrap_text(text: str, width: float, size: float, lines: int = 2) -> list[str]:
    """Break a text into at most ``lines`` lines of a width; what does not fit ends in an ellipsis."""
    found: list[str] = []
    rest = text.strip()
    while rest:
        if len(found) == lines - 1 or text_width(rest, size) <= width:
            found.append(_cut(rest, width, size))
            return found
        end = 1
        while end < len(rest) and text_width(rest[: end + 1], size) <= width:
            end += 1
        space = rest.rfind(" ", 0, end + 1)
        # Chinese has no spaces and may break anywhere; a Latin word stays whole where it can.
        end = space if space > 0 else end
        found.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return found or [""]


def _number(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".") if value else "0"


def _text(x: float, y: float, text: str, classes: str = "", anchor: str = "start") -> SafeString:
    return format_html(
        '<text x="{}" y="{}"{}{}>{}</text>',
        _number(x),
        _number(y),
        mark_safe(f' class="{classes}"') if classes else "",
        mark_safe(f' text-anchor="{anchor}"') if anchor != "start" else "",
        text,
    )


def _lines(x: float, y: float, lines: Sequence[str], size: float, classes: str = "", anchor: str = "start") -> SafeString:
    """Lines of text, centred on ``y``."""
    height = size * 1.2
    top = y + size * 0.36 - height * (len(lines) - 1) / 2
    return format_html_join(
        "", "{}", ((_text(x, top + height * number, line, classes, anchor),) for number, line in enumerate(lines))
    )


def _rect(x: float, y: float, width: float, height: float, colour: str, radius: float = 3) -> SafeString:
    if width <= 0:
        return SafeString("")
    return format_html(
        '<rect x="{}" y="{}" width="{}" height="{}" rx="{}" class="mark {}"/>',
        _number(x),
        _number(y),
        _number(width),
        _number(height),
        _number(min(radius, width / 2)),
        colour_class(colour),
    )


def _rule(x1: float, y1: float, x2: float, y2: float, classes: str = "axis") -> SafeString:
    return format_html(
        '<line x1="{}" y1="{}" x2="{}" y2="{}" class="{}"/>', _number(x1), _number(y1), _number(x2), _number(y2), classes
    )


def _svg(width: int, height: float, finding: str, parts: Sequence[str]) -> SafeString:
    size = "chart-wide" if width == WIDE else "chart-narrow"
    return format_html(
        '<svg class="chart {}" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>',
        size,
        width,
        _number(math.ceil(height)),
        finding,
        format_html_join("", "{}", ((part,) for part in parts)),
    )


def colour_class(colour: str) -> str:
    """The class that sets a colour of :data:`COLOURS`."""
    try:
        return COLOURS[colour]
    except KeyError as error:
        raise ChartError(f"A chart has no colour {colour!r}.") from error


def _require(condition: object, message: str) -> None:
    if not condition:
        raise ChartError(message)


def _segments(
    values: Sequence[float], colours: Sequence[str], x: float, y: float, scale: float, height: float
) -> list[SafeString]:
    """Segments of one bar from left to right; a small gap parts them, a value above zero is always visible."""
    drawn: list[SafeString] = []
    for value, colour in zip(values, colours, strict=True):
        if value <= 0:
            continue
        width = value * scale
        drawn.append(_rect(x, y, max(width - GAP, 1.5), height, colour))
        x += width
    return drawn


def nice_step(span: float, about: int) -> float:
    """A round step that cuts a span into about so many parts."""
    if span <= 0:
        return 1.0
    raw = span / about
    power = 10.0 ** math.floor(math.log10(raw))
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * 0.999)


def even_step(span: float) -> float:
    """A round step that ends exactly at the end of the span where there is one."""
    for parts in (4, 5, 2, 3, 10):
        step = span / parts
        lead = step / 10.0 ** math.floor(math.log10(step))
        if any(abs(lead - nice) < 1e-9 for nice in (1, 2, 2.5, 5)):
            return step
    return nice_step(span, 4)


def _nothing(width: int, finding: str) -> SafeString:
    return _svg(width, 32, finding, [_text(0, 20, _("No figures yet"))])


# ------------------------------------------------------------------------------------------------------------ composition


@draw.register
def _draw_stacked_bar(chart: StackedBar, csv_url: str = "") -> Chart:
    _require(len(chart.parts) <= MOST_SERIES, "A stacked bar has at most six parts.")
    _require(all(part.value >= 0 for part in chart.parts), "A part of a whole cannot be negative.")
    finding = str(chart.finding)
    total = sum(part.value for part in chart.parts)

    def bar(width: int) -> SafeString:
        if not total:
            return _nothing(width, finding)
        height = 26 if width == WIDE else 20
        scale = (width + GAP) / total
        colours = [part.colour for part in chart.parts]
        return _svg(width, height, finding, _segments([p.value for p in chart.parts], colours, 0, 0, scale, height))

    def share(value: float) -> str:
        return f"{format_number(100 * value / total)}%" if total else NO_VALUE

    return Chart(
        finding=finding,
        wide=bar(WIDE),
        narrow=bar(NARROW),
        columns=(_("Part"), str(chart.value_label or _("Value")), _("Share")),
        rows=tuple((str(part.label), chart.write(part.value), share(part.value)) for part in chart.parts),
        legend=tuple(LegendEntry(str(p.label), chart.write(p.value), colour_class(p.colour)) for p in chart.parts),
        csv_url=csv_url,
    )


# ---------------------------------------------------------------------------------------------------------- mirrored bars


@draw.register
def _draw_mirrored_bars(chart: MirroredBars, csv_url: str = "") -> Chart:
    _require(all(row.left >= 0 and row.right >= 0 for row in chart.rows), "An amount cannot be negative.")
    finding = str(chart.finding)
    most = max((max(row.left, row.right) for row in chart.rows), default=0)
    left_total, right_total = sum(row.left for row in chart.rows), sum(row.right for row in chart.rows)
    left_head = f"{chart.left_label} {chart.write(left_total)}"
    right_head = f"{chart.right_label} {chart.write(right_total)}"
    number_room = max((text_width(chart.write(max(r.left, r.right)), TEXT[WIDE]) for r in chart.rows), default=0) + 10

    def bars(width: int) -> SafeString:
        if not most:
            return _nothing(width, finding)
        size = TEXT[width]
        wide = width == WIDE
        # Wide: the topic stands between the bars. Narrow: above them.
        middle = 176.0 if wide else 4.0
        side = (width - middle) / 2
        scale = (side - number_room) / most
        left_edge, right_edge = side, side + middle
        row_height, bar_height, top = (34.0, 18.0, 30.0) if wide else (44.0, 14.0, 28.0)
        parts = [
            _text(left_edge, 14, left_head, f"ink {colour_class(chart.left_colour)}", "end"),
            _text(right_edge, 14, right_head, f"ink {colour_class(chart.right_colour)}"),
        ]
        for number, row in enumerate(chart.rows):
            y = top + number * row_height
            bar_y = y if wide else y + size * 1.5
            label = wrap_text(str(row.label), middle - 16 if wide else width, size, 2 if wide else 1)
            parts.append(_lines(width / 2, bar_y + bar_height / 2 if wide else y + size * 0.7, label, size, "", "middle"))
            parts.append(_rect(left_edge - row.left * scale, bar_y, row.left * scale, bar_height, chart.left_colour))
            parts.append(_rect(right_edge, bar_y, row.right * scale, bar_height, chart.right_colour))
            base = bar_y + bar_height / 2 + size * 0.36
            parts.append(_text(left_edge - row.left * scale - 6, base, chart.write(row.left), "strong", "end"))
            parts.append(_text(right_edge + row.right * scale + 6, base, chart.write(row.right), "strong"))
        return _svg(width, top + len(chart.rows) * row_height, finding, parts)

    return Chart(
        finding=finding,
        wide=bars(WIDE),
        narrow=bars(NARROW),
        columns=(str(chart.row_label or _("Topic")), str(chart.left_label), str(chart.right_label)),
        rows=tuple((str(row.label), chart.write(row.left), chart.write(row.right)) for row in chart.rows),
        csv_url=csv_url,
    )


# ------------------------------------------------------------------------------------------------------------------ lines


def spread(places: Sequence[float], distance: float, low: float, high: float) -> list[float]:
    """Move labels apart so that none overlap: same order, at least ``distance`` between them, inside ``low`` to ``high``.

    When there is not room for all, they keep the distance and run past ``low``.
    """
    order = sorted(range(len(places)), key=lambda index: places[index])
    moved = list(places)
    for before, index in itertools.pairwise(order):
        moved[index] = max(moved[index], moved[before] + distance)
    if order and moved[order[-1]] > high:
        moved[order[-1]] = high
        for index, after in zip(reversed(order[:-1]), reversed(order[1:]), strict=False):
            moved[index] = min(moved[index], moved[after] - distance)
    if order and moved[order[0]] < low and distance * (len(order) - 1) <= high - low:
        moved[order[0]] = low
        for before, index in itertools.pairwise(order):
            moved[index] = max(moved[index], moved[before] + distance)
    return moved


def _axis_ends(chart: LineChart) -> tuple[float, float, float]:
    """Lower end, upper end and step of the value axis."""
    values = [value for line in chart.series for value in line.values if value is not None]
    values += [end for line in chart.series for band in line.band if band for end in band]
    low = chart.low if chart.low is not None else min(values)
    high = chart.high if chart.high is not None else max(values)
    if high <= low:
        low, high = (low - 0.5, low + 0.5) if chart.low is None and chart.high is None else (low, low + 1)
    step = nice_step(high - low, 4)
    if chart.low is None:
        low = math.floor(low / step + 1e-9) * step
    if chart.high is None:
        high = math.ceil(high / step - 1e-9) * step
    return low, high, step


@draw.register
def _draw_line_chart(chart: LineChart, csv_url: str = "") -> Chart:
    _require(len(chart.series) <= MOST_SERIES, "A line chart has at most six series.")
    for line in chart.series:
        _require(len(line.values) == len(chart.periods), "A series needs one value, or None, per period.")
        _require(not line.band or len(line.band) == len(chart.periods), "A band needs one interval, or None, per period.")
    finding = str(chart.finding)
    periods = [str(period) for period in chart.periods]
    has_values = any(value is not None for line in chart.series for value in line.values)

    def lines(width: int) -> SafeString:
        return _line_drawing(chart, periods, width) if has_values else _nothing(width, finding)

    return Chart(
        finding=finding,
        wide=lines(WIDE),
        narrow=lines(NARROW),
        columns=(str(chart.period_label or _("Period")), *(str(line.label) for line in chart.series)),
        rows=tuple(
            (period, *(chart.write(line.values[number]) for line in chart.series)) for number, period in enumerate(periods)
        ),
        csv_url=csv_url,
    )


def _line_drawing(chart: LineChart, periods: Sequence[str], width: int) -> SafeString:
    size = TEXT[width]
    low, high, step = _axis_ends(chart)
    ticks = [low + step * number for number in range(math.floor((high - low) / step + 1e-9) + 1)]
    lasts = [
        next((index for index in reversed(range(len(line.values))) if line.values[index] is not None), None)
        for line in chart.series
    ]
    ends = [
        f"{line.label} {chart.write(line.values[last])}" if last is not None else ""
        for line, last in zip(chart.series, lasts, strict=True)
    ]
    left = max(text_width(chart.write(tick), size) for tick in ticks) + 10
    label_room = min(max(text_width(text, size) for text in ends) * 1.06, 210.0 if width == WIDE else 128.0)
    right = width - label_room - 14
    top, bottom = 12.0, 232.0 if width == WIDE else 190.0
    last_index = max(len(periods) - 1, 1)

    def x_of(index: int) -> float:
        return left + (right - left) * (index / last_index if len(periods) > 1 else 0.5)

    def y_of(value: float) -> float:
        return bottom - (bottom - top) * (value - low) / (high - low)

    parts: list[SafeString] = []
    for tick in ticks:
        y = y_of(tick)
        parts.append(_rule(left, y, right, y))
        parts.append(_text(left - 8, y + size * 0.36, chart.write(tick), "", "end"))
    # As many period labels as fit, always with the last one.
    widest = max((text_width(period, size) for period in periods), default=0) + 12
    every = max(1, math.ceil(widest * len(periods) / max(right - left, 1)))
    for index, period in enumerate(periods):
        if (len(periods) - 1 - index) % every == 0:
            parts.append(_text(x_of(index), bottom + size + 8, period, "", "middle"))
    wanted: list[float] = []
    for line, last, (colour, dash) in zip(chart.series, lasts, LINE_LOOKS, strict=False):
        wanted.append(y_of(line.values[last] or 0.0) if last is not None else top)
        parts.extend(_band(line, x_of, y_of, colour))
        for run in _runs(line.values):
            path = " ".join(
                f"{'L' if place else 'M'}{_number(x_of(index))} {_number(y_of(value))}"
                for place, (index, value) in enumerate(run)
            )
            dashes = mark_safe(f' stroke-dasharray="{dash}"') if dash else ""
            parts.append(format_html('<path d="{}" class="stroke {}"{}/>', path, colour_class(colour), dashes))
    places = spread(wanted, size * 1.25, top + size * 0.3, bottom)
    for line, last, text, place, (colour, _dash) in zip(chart.series, lasts, ends, places, LINE_LOOKS, strict=False):
        if last is None:
            continue
        x, y = x_of(last), y_of(line.values[last] or 0.0)
        parts.append(
            format_html('<circle cx="{}" cy="{}" r="3.5" class="mark {}"/>', _number(x), _number(y), colour_class(colour))
        )
        parts.append(_text(right + 10, place + size * 0.36, _cut(text, label_room + 4, size), f"ink {colour_class(colour)}"))
    return _svg(width, bottom + size + 16, str(chart.finding), parts)


def _runs(values: Sequence[float | None]) -> list[list[tuple[int, float]]]:
    """Stretches of values without a gap, each value with its place."""
    runs: list[list[tuple[int, float]]] = [[]]
    for index, value in enumerate(values):
        if value is not None:
            runs[-1].append((index, value))
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _band(line: Series, x_of: Callable[[int], float], y_of: Callable[[float], float], colour: str) -> list[SafeString]:
    places = [(index, band) for index, band in enumerate(line.band) if band]
    if len(places) < 2:
        return []
    upper = [f"{_number(x_of(index))},{_number(y_of(high))}" for index, (_low, high) in places]
    lower = [f"{_number(x_of(index))},{_number(y_of(low))}" for index, (low, _high) in reversed(places)]
    return [
        format_html('<polygon points="{}" class="mark {}" opacity="0.16"/>', " ".join(upper + lower), colour_class(colour))
    ]


# --------------------------------------------------------------------------------------------------------------- opinions


@draw.register
def _draw_diverging_bars(chart: DivergingBars, csv_url: str = "") -> Chart:
    count = len(chart.answers)
    _require(count in OPINION_COLOURS, "A diverging bar has three or five answers.")
    for row in chart.rows:
        _require(len(row.counts) == count, "A row needs one count per answer.")
        _require(all(number >= 0 for number in row.counts), "A count cannot be negative.")
    finding = str(chart.finding)
    colours = OPINION_COLOURS[count]
    neutral = count // 2
    totals = [sum(row.counts) for row in chart.rows]

    def sides(row: Opinion, total: int) -> tuple[float, float]:
        against, neither, for_it = sum(row.counts[:neutral]), row.counts[neutral], sum(row.counts[neutral + 1 :])
        return (against + neither / 2) / total, (for_it + neither / 2) / total

    reach = [sides(row, total) for row, total in zip(chart.rows, totals, strict=True) if total]
    reach_left = max((left for left, _right in reach), default=0)
    reach_right = max((right for _left, right in reach), default=0)

    def bars(width: int) -> SafeString:
        if not reach:
            return _nothing(width, finding)
        size = TEXT[width]
        wide = width == WIDE
        label_room, against_room, for_room = (170.0, 84.0, 76.0) if wide else (0.0, 0.0, 0.0)
        area = width - label_room - against_room - for_room
        scale = area / (reach_left + reach_right)
        centre = label_room + against_room + reach_left * scale
        row_height, bar_height, top = (44.0, 28.0, 8.0) if wide else (50.0, 20.0, 2.0)
        parts: list[SafeString] = []
        for number, (row, total) in enumerate(zip(chart.rows, totals, strict=True)):
            y = top + number * row_height
            bar_y = y if wide else y + size * 1.5
            against = _("%(n)s against") % {"n": format_number(sum(row.counts[:neutral]))}
            in_favour = pgettext("answers", "%(n)s for") % {"n": format_number(sum(row.counts[neutral + 1 :]))}
            middle = bar_y + bar_height / 2
            if wide:
                parts.append(_lines(0, middle, wrap_text(str(row.label), label_room - 12, size), size, "strong"))
            else:
                room = text_width(f"{against} · {in_favour}", size) + 12
                parts.append(_text(0, y + size, _cut(str(row.label), width - room, size), "strong"))
                parts.append(_text(width, y + size, f"{against} · {in_favour}", "", "end"))
            if not total:
                parts.append(_text(centre, middle + size * 0.36, _("no answers"), "", "middle"))
                continue
            left, right = sides(row, total)
            shares = [value / total for value in row.counts]
            parts.extend(_segments(shares, colours, centre - left * scale, bar_y, scale, bar_height))
            if not wide:
                # Between the bars stand the labels: the line of the narrow drawing leaves them free.
                parts.append(_rule(centre, bar_y - 2, centre, bar_y + bar_height + 3, "base"))
            if wide:
                parts.append(_text(label_room, middle + size * 0.36, against))
                parts.append(_text(centre + right * scale + 10, middle + size * 0.36, in_favour, "strong"))
        end = top + len(chart.rows) * row_height
        if wide:
            parts.append(_rule(centre, max(top - 8, 0), centre, end, "base"))
        parts.append(
            _text(min(max(centre, 100), width - 100), end + size + 4, _("neutral answers are centred here"), "", "middle")
        )
        return _svg(width, end + size + 12, finding, parts)

    return Chart(
        finding=finding,
        wide=bars(WIDE),
        narrow=bars(NARROW),
        columns=(str(chart.row_label or _("Question")), *(str(answer) for answer in chart.answers), _("Answers")),
        rows=tuple(
            (str(row.label), *(format_number(value) for value in row.counts), format_number(total))
            for row, total in zip(chart.rows, totals, strict=True)
        ),
        legend=tuple(LegendEntry(str(a), "", colour_class(c)) for a, c in zip(chart.answers, colours, strict=True)),
        csv_url=csv_url,
    )


# --------------------------------------------------------------------------------------------------------------- rankings


@draw.register
def _draw_interval_dots(chart: IntervalDots, csv_url: str = "") -> Chart:
    _require(chart.high > chart.low, "The axis needs a lower and an upper end.")
    for row in chart.rows:
        known = (row.value, row.low, row.high)
        _require(all(part is None for part in known) or None not in known, "A value needs both ends of its interval.")
        if row.value is not None and row.low is not None and row.high is not None:
            _require(row.low <= row.value <= row.high, "A value lies inside its interval.")
            _require(chart.low <= row.low and row.high <= chart.high, "An interval lies inside the axis.")
    finding = str(chart.finding)

    def observed(row: Estimate) -> str:
        if chart.write_count is not None:
            return chart.write_count(row.n)
        return ngettext("%(n)s answer", "%(n)s answers", row.n) % {"n": format_number(row.n)}

    def dots(width: int) -> SafeString:
        if not chart.rows:
            return _nothing(width, finding)
        size = TEXT[width]
        wide = width == WIDE
        label_room, value_room = (220.0, 132.0) if wide else (0.0, 0.0)
        left, right = label_room + 8, width - value_room - 8
        row_height, top = (36.0, 26.0) if wide else (46.0, 22.0)

        def x_of(value: float) -> float:
            return left + (right - left) * (value - chart.low) / (chart.high - chart.low)

        end = top + len(chart.rows) * row_height
        parts: list[SafeString] = []
        step = even_step(chart.high - chart.low)
        ticks = [chart.low + step * number for number in range(math.floor((chart.high - chart.low) / step + 1e-9) + 1)]
        for tick in ticks:
            parts.append(_rule(x_of(tick), top - 6, x_of(tick), end))
            parts.append(_text(x_of(tick), 12, format_number(tick, 2), "", "middle"))
        for number, row in enumerate(chart.rows):
            y = top + number * row_height
            middle = y + row_height / 2 if wide else y + size + 18
            figure = chart.write(row.value)
            if wide:
                parts.append(_lines(0, middle, wrap_text(str(row.label), label_room - 12, size), size, "strong"))
                parts.append(_text(width - 84, middle + size * 0.36, figure, "strong", "end"))
                parts.append(_text(width, middle + size * 0.36, observed(row), "", "end"))
            else:
                tail = f"{figure} · {observed(row)}"
                parts.append(_text(0, y + size, _cut(str(row.label), width - text_width(tail, size) - 12, size), "strong"))
                parts.append(_text(width, y + size, tail, "", "end"))
            if row.value is None or row.low is None or row.high is None:
                continue
            parts.append(_rect(x_of(row.low), middle - 3, max(x_of(row.high) - x_of(row.low), 2), 6, "s2"))
            parts.append(
                format_html('<circle cx="{}" cy="{}" r="5" class="mark cp"/>', _number(x_of(row.value)), _number(middle))
            )
        return _svg(width, end + 6, finding, parts)

    return Chart(
        finding=finding,
        wide=dots(WIDE),
        narrow=dots(NARROW),
        columns=(
            str(chart.row_label or _("Institution")),
            str(chart.value_label or _("Score")),
            _("Interval from"),
            _("Interval to"),
            str(chart.count_label or _("Answers")),
        ),
        rows=tuple(
            (str(row.label), chart.write(row.value), chart.write(row.low), chart.write(row.high), format_number(row.n))
            for row in chart.rows
        ),
        csv_url=csv_url,
    )


# ------------------------------------------------------------------------------------------------------------- categories


@draw.register
def _draw_category_bars(chart: CategoryBars, csv_url: str = "") -> Chart:
    _require(len(chart.segments) <= MOST_SERIES, "Bars by category have at most six kinds of segment.")
    for row in chart.rows:
        _require(len(row.values) == len(chart.segments), "A row needs one value per segment.")
        _require(all(value >= 0 for value in row.values), "An amount cannot be negative.")
    finding = str(chart.finding)
    colours = [segment.colour for segment in chart.segments]
    totals = [sum(row.values) for row in chart.rows]
    most = max(totals, default=0)
    sums = [sum(row.values[number] for row in chart.rows) for number in range(len(chart.segments))]

    def bars(width: int) -> SafeString:
        if not most:
            return _nothing(width, finding)
        size = TEXT[width]
        longest = max(text_width(str(row.label), size) for row in chart.rows)
        label_room = min(longest + 14, 220.0 if width == WIDE else 124.0)
        number_room = max(text_width(chart.write(total), size) for total in totals) * 1.1 + 12
        scale = (width - label_room - number_room) / most
        row_height, bar_height = (32.0, 18.0) if width == WIDE else (30.0, 14.0)
        parts: list[SafeString] = []
        for number, (row, total) in enumerate(zip(chart.rows, totals, strict=True)):
            y = number * row_height + (row_height - bar_height) / 2
            middle = y + bar_height / 2
            parts.append(_lines(0, middle, wrap_text(str(row.label), label_room - 10, size), size))
            parts.extend(_segments(row.values, colours, label_room, y, scale, bar_height))
            parts.append(_text(width, middle + size * 0.36, chart.write(total), "strong", "end"))
        return _svg(width, len(chart.rows) * row_height, finding, parts)

    return Chart(
        finding=finding,
        wide=bars(WIDE),
        narrow=bars(NARROW),
        columns=(str(chart.row_label or _("Category")), *(str(segment.label) for segment in chart.segments), _("Total")),
        rows=tuple(
            (str(row.label), *(chart.write(value) for value in row.values), chart.write(total))
            for row, total in zip(chart.rows, totals, strict=True)
        ),
        legend=tuple(
            LegendEntry(str(segment.label), chart.write(value), colour_class(segment.colour))
            for segment, value in zip(chart.segments, sums, strict=True)
        )
        if len(chart.segments) > 1
        else (),
        csv_url=csv_url,
    )


# --------------------------------------------------------------------------------------------------------------- profiles


@draw.register
def _draw_radar(chart: Radar, csv_url: str = "") -> Chart:
    count = len(chart.axes)
    _require(count >= 3, "A radar has at least three axes; two criteria are two numbers.")
    _require(chart.high > 0, "The axes need an upper end above nought.")
    _require(0 < len(chart.series) <= MOST_SERIES, "A radar has one to six outlines.")
    for line in chart.series:
        _require(len(line.values) == count, "An outline needs one value per axis.")
        _require(
            all(value is None or -1e-9 <= value <= chart.high + 1e-9 for value in line.values),
            "A value lies on its axis.",
        )
    finding = str(chart.finding)

    def drawing(width: int) -> SafeString:
        if all(value is None for line in chart.series for value in line.values):
            return _nothing(width, finding)
        size = TEXT[width]
        radius, top = (130.0, 34.0) if width == WIDE else (88.0, 40.0)
        centre_x, centre_y = width / 2, top + radius
        room = width / 2 - radius - 12

        def place(index: int, share: float) -> tuple[float, float]:
            angle = 2 * math.pi * index / count - math.pi / 2
            return centre_x + radius * share * math.cos(angle), centre_y + radius * share * math.sin(angle)

        parts: list[SafeString] = []
        for ring in (0.25, 0.5, 0.75, 1.0):
            corners = [place(index, ring) for index in range(count)]
            for (x1, y1), (x2, y2) in zip(corners, [*corners[1:], corners[0]], strict=True):
                parts.append(_rule(x1, y1, x2, y2))
        for index, label in enumerate(chart.axes):
            x, y = place(index, 1.0)
            parts.append(_rule(centre_x, centre_y, x, y))
            side = round(math.cos(2 * math.pi * index / count - math.pi / 2), 6)
            upright = abs(side) < 0.2
            anchor = "middle" if upright else "start" if side > 0 else "end"
            lines = wrap_text(str(label), 2 * room if upright else room, size)
            away = 0.0 if upright else math.copysign(8.0, side)
            if upright:
                middle = y - 10 - size * 0.6 * len(lines) if y < centre_y else y + 10 + size * 0.6 * len(lines)
            else:
                middle = y
            parts.append(_lines(x + away, middle, lines, size, "strong", anchor))
        for line, (colour, dash) in zip(chart.series, LINE_LOOKS, strict=False):
            shares = [None if value is None else min(max(value / chart.high, 0.0), 1.0) for value in line.values]
            closed = None not in shares
            dashes = mark_safe(f' stroke-dasharray="{dash}"') if dash else ""
            for run in _runs(shares):
                corners = [place(index, share) for index, share in run]
                path = " ".join(
                    f"{'L' if number else 'M'}{_number(x)} {_number(y)}" for number, (x, y) in enumerate(corners)
                )
                end = " Z" if closed else ""
                parts.append(format_html('<path d="{}{}" class="stroke {}"{}/>', path, end, colour_class(colour), dashes))
                parts.extend(
                    format_html(
                        '<circle cx="{}" cy="{}" r="3" class="mark {}"/>', _number(x), _number(y), colour_class(colour)
                    )
                    for x, y in corners
                )
        return _svg(width, centre_y + radius + 14 + 2.4 * size, finding, parts)

    return Chart(
        finding=finding,
        wide=drawing(WIDE),
        narrow=drawing(NARROW),
        columns=(str(chart.axis_label or _("Criterion")), *(str(line.label) for line in chart.series)),
        rows=tuple(
            (str(label), *(chart.write(line.values[index]) for line in chart.series))
            for index, label in enumerate(chart.axes)
        ),
        legend=tuple(
            LegendEntry(str(line.label), "", colour_class(colour))
            for line, (colour, _dash) in zip(chart.series, LINE_LOOKS, strict=False)
        ),
        csv_url=csv_url,
    )
