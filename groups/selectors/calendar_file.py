"""A meeting as a calendar file (RFC 5545)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alliance.kernel.calendar import LINE, escape, fold, stamp

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["LINE", "calendar_text", "fold"]


def calendar_text(
    *,
    uid: str,
    made_at: datetime,
    starts_at: datetime,
    ends_at: datetime,
    summary: str,
    location: str = "",
    description: str = "",
    url: str = "",
    cancelled: bool = False,
    sequence: int = 0,
) -> str:
    """One event as a whole file, lines ended by CR LF.

    Args:
        uid: The same for the same meeting, so that a calendar replaces its entry.
        made_at: When the entry was made.
        starts_at: Begin; timezone-aware.
        ends_at: End.
        summary: Title.
        location: Place or link.
        description: Further text.
        url: Page of the meeting.
        cancelled: Whether it does not take place.
        sequence: Number of the change; a calendar takes the highest.
    """
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Alliance//Meetings//EN",
        "METHOD:PUBLISH",
        "BEGIN:VEVENT",
        f"UID:{escape(uid)}",
        f"DTSTAMP:{stamp(made_at)}",
        f"SEQUENCE:{sequence}",
        f"DTSTART:{stamp(starts_at)}",
        f"DTEND:{stamp(ends_at)}",
        f"SUMMARY:{escape(summary)}",
        *([f"LOCATION:{escape(location)}"] if location else []),
        *([f"DESCRIPTION:{escape(description)}"] if description else []),
        *([f"URL:{escape(url)}"] if url else []),
        f"STATUS:{'CANCELLED' if cancelled else 'CONFIRMED'}",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "".join(f"{piece}\r\n" for line in lines for piece in fold(line))
