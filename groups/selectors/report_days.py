"""When reports on a responsibility are due, and deadlines in working days."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from typing import TYPE_CHECKING

from alliance.kernel.formats import format_day
from alliance.kernel.working_days import is_working_day
from groups.choices import ReportPeriod

if TYPE_CHECKING:
    from collections.abc import Iterator

MONTHS = {ReportPeriod.MONTHLY: 1, ReportPeriod.QUARTERLY: 3, ReportPeriod.YEARLY: 12}
"""Length of the periods that follow the calendar."""


def end_of_period(day: date, period: str) -> date:
    """Last day of the calendar month, quarter or year that a day lies in."""
    length = MONTHS[ReportPeriod(period)]
    month = ((day.month - 1) // length + 1) * length
    return date(day.year, month, monthrange(day.year, month)[1])


def report_days(period: str, starts_on: date, due_on: date | None, until: date) -> Iterator[date]:
    """Days on which reports are due, from the start of a responsibility until a day, that day included.

    A report is due on the last day of every calendar month, quarter or year that the responsibility has a day in; one that
    ends within a period is reported on its own last day. ``once``: on its last day alone. ``per_pilot``: never by the
    calendar; the institution reports when a pilot is over.

    Args:
        period: How often.
        starts_on: First day of the responsibility.
        due_on: Its last day; None: open.
        until: How far to look.
    """
    if period == ReportPeriod.ONCE:
        if due_on is not None and due_on <= until:
            yield due_on
        return
    if period == ReportPeriod.PER_PILOT:
        return
    day = starts_on
    while True:
        end = end_of_period(day, period)
        if due_on is not None:
            end = min(end, due_on)
        if end > until:
            return
        yield end
        day = end + timedelta(days=1)
        if due_on is not None and day > due_on:
            return


def add_working_days(day: date, count: int) -> date:
    """The working day that lies a number of working days after a day.

    Working days are those of ``alliance.kernel.working_days``: Monday to Friday, public holidays and make-up working days not
    known. The pages say so.

    Args:
        day: Not counted itself.
        count: 0 or more; 0 gives the day itself.
    """
    found = day
    while count > 0:
        found += timedelta(days=1)
        if is_working_day(found):
            count -= 1
    return found


def day_words(name: str, day: date) -> dict[str, str]:
    """A day as placeholders of a text in both languages."""
    return {f"{name}_en": format_day(day, "en"), f"{name}_zh": format_day(day, "zh-hans")}
