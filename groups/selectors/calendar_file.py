"""A meeting as a calendar file (RFC 5545)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LINE = 75
"""Octets in a line at most, without its end (RFC 5545, section 3.1)."""


def escape(text: str) -> str:
    """A text as a value (section 3.3.11): backslash, semicolon, comma and line ends escaped; other controls left out."""
    plain = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    plain = plain.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n")
    return "".join(char for char in plain if char >= " " or char == "\t")


def fold(line: str) -> Iterator[str]:
    """A content line in pieces of at most 75 octets, the later ones led in by a blank; no character is cut in two."""
    piece, room = "", LINE
    for char in line:
        size = len(char.encode())
        if size > room:
            yield piece
            piece, room = " ", LINE - 1
        piece += char
        room -= size
    yield piece


def stamp(moment: datetime) -> str:
    """A moment in UTC, such as ``20261121T040000Z``."""
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


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
