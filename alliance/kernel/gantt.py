"""The plan of a project as a chart drawn on the server: bars, diamonds, arrows, a line for today, months on top.

Made like the charts of :mod:`alliance.kernel.charts`: two drawings, colours as classes, the same content as a table. In the
wide drawing the names stand left of the bars, in the narrow one above them, so that nothing is scaled down.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from alliance.kernel.charts import (
    NARROW,
    TEXT,
    WIDE,
    Chart,
    ChartError,
    LegendEntry,
    _cut,
    _number,
    _rect,
    _rule,
    _svg,
    _text,
    colour_class,
    draw,
    text_width,
)
from alliance.kernel.formats import NO_VALUE, format_day, format_month, format_short_day

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

NAMES: Final = 236.0
"""Room for the names in the wide drawing."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A task.

    Attributes:
        key: Number of the task, said in links and table.
        label: Its name.
        starts_on: First day.
        ends_on: Last day, which belongs to it.
        colour: Name of a colour.
        state: State in words.
        owner: Who answers for it, or what else the table says of it, in words.
        note: A few words beside the bar.
    """

    key: int
    label: StrOrPromise
    starts_on: date
    ends_on: date
    colour: str
    state: StrOrPromise = ""
    owner: StrOrPromise = ""
    note: StrOrPromise = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A milestone."""

    label: StrOrPromise
    day: date
    colour: str
    state: StrOrPromise = ""


@dataclass(frozen=True, slots=True)
class Link:
    """A task that waits for another one; ``clashes``: it begins before the other one ends."""

    before: int
    after: int
    clashes: bool = False


@dataclass(frozen=True, slots=True)
class Gantt:
    """A plan.

    Attributes:
        finding: Sentence that says what the chart shows.
        starts_on: First day of the axis.
        ends_on: Last day of the axis.
        bars: Tasks, in the order of their rows.
        marks: Milestones; each gets a row above the tasks.
        links: Which task waits for which.
        today: Day of the line, or None.
        owner_heading: What the table calls the owners of the bars; empty for the people who answer for them.
    """

    finding: StrOrPromise
    starts_on: date
    ends_on: date
    bars: Sequence[Bar]
    marks: Sequence[Mark] = ()
    links: Sequence[Link] = ()
    today: date | None = None
    owner_heading: StrOrPromise = ""


@dataclass(slots=True)
class _Axis:
    """Days to places."""

    first: date
    days: int
    left: float
    right: float
    months: list[tuple[date, date]] = field(default_factory=list)

    def x(self, day: date) -> float:
        """Left edge of a day."""
        return self.left + (self.right - self.left) * ((day - self.first).days / self.days)


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def _axis(chart: Gantt, left: float, right: float) -> _Axis:
    first = chart.starts_on.replace(day=1)
    end = _next_month(chart.ends_on)
    axis = _Axis(first, (end - first).days, left, right)
    month = first
    while month < end:
        following = _next_month(month)
        axis.months.append((month, following))
        month = following
    return axis


@draw.register
def _draw_gantt(chart: Gantt, csv_url: str = "") -> Chart:
    if chart.ends_on < chart.starts_on:
        raise ChartError("The axis ends before it begins.")
    keys = [bar.key for bar in chart.bars]
    if len(set(keys)) != len(keys):
        raise ChartError("Two bars have one number.")
    for bar in chart.bars:
        if not chart.starts_on <= bar.starts_on <= bar.ends_on <= chart.ends_on:
            raise ChartError(f"Bar {bar.key} lies outside the axis or ends before it begins.")
    for mark in chart.marks:
        if not chart.starts_on <= mark.day <= chart.ends_on:
            raise ChartError("A mark lies outside the axis.")
    for link in chart.links:
        if link.before not in keys or link.after not in keys:
            raise ChartError("A link leads to a bar that is not there.")
    language = get_language() or "en"
    before = {
        bar.key: ", ".join(
            _("%(number)s (begins before it ends)") % {"number": link.before} if link.clashes else str(link.before)
            for link in chart.links
            if link.after == bar.key
        )
        for bar in chart.bars
    }
    return Chart(
        finding=str(chart.finding),
        wide=_drawing(chart, WIDE),
        narrow=_drawing(chart, NARROW),
        columns=(
            _("Task or milestone"),
            _("Start"),
            _("End"),
            _("State"),
            str(chart.owner_heading) or _("Answers for it"),
            _("Waits for"),
        ),
        rows=(
            *(
                (str(mark.label), NO_VALUE, format_day(mark.day, language), str(mark.state), NO_VALUE, NO_VALUE)
                for mark in chart.marks
            ),
            *(
                (
                    f"{bar.key} {bar.label}",
                    format_day(bar.starts_on, language),
                    format_day(bar.ends_on, language),
                    str(bar.state),
                    str(bar.owner) or NO_VALUE,
                    before[bar.key] or NO_VALUE,
                )
                for bar in chart.bars
            ),
        ),
        legend=_legend(chart),
        csv_url=csv_url,
    )


def _legend(chart: Gantt) -> tuple[LegendEntry, ...]:
    seen: dict[str, str] = {}
    for bar in chart.bars:
        seen.setdefault(bar.colour, str(bar.state))
    return tuple(LegendEntry(state, "", colour_class(colour)) for colour, state in seen.items())


def _drawing(chart: Gantt, width: int) -> SafeString:
    finding = str(chart.finding)
    if not chart.bars and not chart.marks:
        return _svg(width, 32, finding, [_text(0, 20, _("Nothing is planned yet"))])
    size, wide = TEXT[width], width == WIDE
    axis = _axis(chart, NAMES if wide else 4.0, width - 8.0)
    row, bar_height, top = (26.0, 14.0, 52.0) if wide else (40.0, 12.0, 52.0)
    rows = len(chart.marks) + len(chart.bars)
    bottom = top + rows * row
    parts: list[SafeString] = _months(axis, top, bottom, size)
    texts: list[SafeString] = []  # drawn last, so that no line runs through them

    def middle(index: int) -> float:
        y = top + index * row
        return y + row / 2 if wide else y + size * 1.25 + bar_height / 2 + 3

    def name(index: int, label: str, tail: str) -> None:
        y = top + index * row
        if wide:
            texts.append(_text(0, y + row / 2 + size * 0.36, _cut(label, NAMES - 16, size), "strong"))
        else:
            room = text_width(tail, size) + 10
            texts.append(_text(0, y + size, _cut(label, width - room, size), "strong"))
            texts.append(_text(width, y + size, tail, "", "end"))

    language = get_language() or "en"
    if chart.today is not None:
        x = axis.x(chart.today)
        parts.append(_rule(x, top - 4, x, bottom, "stroke ca"))
        edge = text_width(_("Today"), size) / 2
        parts.append(_text(min(max(x, edge), width - edge), top - 8, _("Today"), f"ink {colour_class('accent')}", "middle"))
    for index, mark in enumerate(chart.marks):
        name(index, str(mark.label), format_short_day(mark.day, language))
        parts.append(_diamond(axis.x(mark.day), middle(index), mark.colour))
        if wide:
            _beside(
                parts,
                axis,
                axis.x(mark.day) + 12,
                axis.x(mark.day) - 12,
                middle(index),
                format_short_day(mark.day, language),
                size,
            )
    places: dict[int, tuple[float, float, float]] = {}
    for number, bar in enumerate(chart.bars):
        index = len(chart.marks) + number
        left, right = axis.x(bar.starts_on), axis.x(bar.ends_on + timedelta(days=1))
        right = max(right, left + 4)
        y = middle(index)
        places[bar.key] = (left, right, y)
        span = f"{format_short_day(bar.starts_on, language)} – {format_short_day(bar.ends_on, language)}"
        name(index, f"{bar.key} {bar.label}", span)
        parts.append(_rect(left, y - bar_height / 2, right - left, bar_height, bar.colour))
        if bar.note:
            _beside(texts, axis, right + 6, left - 6, y, str(bar.note), size)
    parts += [_arrow(places[link.before], places[link.after], bar_height, clashes=link.clashes) for link in chart.links]
    return _svg(width, bottom + 6, finding, [*parts, *texts])


def _beside(parts: list[SafeString], axis: _Axis, right: float, left: float, y: float, text: str, size: float) -> None:
    """A text right of a mark, or left of it where the drawing ends; without room on either side the table alone says it."""
    room = text_width(text, size)
    if right + room <= axis.right + 8:
        parts.append(_text(right, y + size * 0.36, text))
    elif left - room >= axis.left:
        parts.append(_text(left, y + size * 0.36, text, "", "end"))


def _months(axis: _Axis, top: float, bottom: float, size: float) -> list[SafeString]:
    """A rule per month, and as many labels as fit: months with their year, months alone, or every so many of them."""
    room = (axis.right - axis.left) / max(len(axis.months), 1)
    parts: list[SafeString] = []
    widest = max(text_width(format_month(month, get_language()), size) for month, _end in axis.months) + 6
    every = next(step for step in (1, 2, 3, 6, 12, 24, 120) if room * step >= widest or step == 120)
    for month, _end in axis.months:
        labelled = (month.month - 1) % every == 0 if every > 1 else True
        parts.append(_rule(axis.x(month), top - (14 if labelled else 4), axis.x(month), bottom))
        if labelled:
            x = axis.x(month) + 3
            if x + widest - 6 <= axis.right + 8:
                parts.append(_text(x, size + 12, format_month(month, get_language())))
    years = [(axis.first, axis.first.year)] + [(month, month.year) for month, _end in axis.months[1:] if month.month == 1]
    last = -math.inf
    for month, year in reversed(years):
        label = str(year)
        x = axis.x(month) + 3
        following = last if last != -math.inf else axis.right + 8
        if x + text_width(label, size) + 4 <= following:
            parts.append(_text(x, size - 2, label, "strong"))
            last = x
    parts.append(_rule(axis.left, top, axis.right, top, "base"))
    return parts


def _diamond(x: float, y: float, colour: str) -> SafeString:
    half = 7.0
    points = f"{_number(x)},{_number(y - half)} {_number(x + half)},{_number(y)} {_number(x)},{_number(y + half)} {_number(x - half)},{_number(y)}"
    return format_html('<polygon points="{}" class="mark {}"/>', points, colour_class(colour))


def _arrow(
    before: tuple[float, float, float], after: tuple[float, float, float], height: float, *, clashes: bool
) -> SafeString:
    """From the end of one bar down (or up) to the beginning of the other; dashed where the dates clash."""
    _start, x1, y1 = before
    x2, _end, y2 = after
    down = 1 if y2 > y1 else -1
    tip = y2 - down * height / 2
    # A little inside both bars, so that the line is seen to belong to them.
    leave, enter = x1 - 1.5, x2 + 3.5
    turn = tip - down * 6
    path = f"M{_number(leave)} {_number(y1 + down * height / 2)} L{_number(leave)} {_number(turn)} L{_number(enter)} {_number(turn)} L{_number(enter)} {_number(tip)}"
    head = f"{_number(enter - 3)},{_number(tip - down * 4.5)} {_number(enter + 3)},{_number(tip - down * 4.5)} {_number(enter)},{_number(tip)}"
    colour = colour_class("accent" if clashes else "neutral")
    dashes = mark_safe(' stroke-dasharray="3 2"') if clashes else ""
    return format_html(
        '<path d="{}" class="stroke thin {}"{}/><polygon points="{}" class="mark {}"/>', path, colour, dashes, head, colour
    )
