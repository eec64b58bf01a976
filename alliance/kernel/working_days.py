"""Deadlines in working days: Monday to Friday of the platform's time zone.

Public holidays are not known to the platform yet, so a deadline that spans one is earlier than the office would count it,
never later; pages say "working days, Monday to Friday".
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.utils import timezone

FRIDAY = 4


def is_working_day(day: date) -> bool:
    """Whether a day is one from Monday to Friday."""
    return day.weekday() <= FRIDAY


def add_working_days(moment: datetime, days: int) -> datetime:
    """The end of the n-th working day after a moment's day: what happens on that day is still in time.

    Args:
        moment: Timezone-aware; its day does not count.
        days: 0 or more; 0 gives the end of the moment's own day.

    Returns:
        The last second of that day, in the platform's time zone.
    """
    day = timezone.localtime(moment).date()
    while days > 0:
        day += timedelta(days=1)
        days -= is_working_day(day)
    return end_of(day)


def end_of(day: date) -> datetime:
    """The last second of a day in the platform's time zone: a deadline that is told as a day ends with it."""
    return datetime.combine(day, time(23, 59, 59), tzinfo=timezone.get_current_timezone())
