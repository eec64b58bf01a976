"""Calendar feeds: what each layer puts into a person's calendar, and its text by RFC 5545.

Layers register a provider under a name (``providers.register("operations.tasks", ...)``). A provider gets the alliance, the
person and a span of time and returns what this person may see now; it asks a fixed number of queries, reads the person's
present roles and, for matters from which the person's institution stands aside, gives neutral words. Texts are made in the
active language.

The ``icalendar`` package is not among our dependencies; a feed needs one component and eleven properties.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from alliance.kernel.registry import Registry

if TYPE_CHECKING:
    from alliance.models import Alliance, User

LINE: Final = 75
"""Octets in a line at most, without its end (RFC 5545, section 3.1)."""
REFRESH: Final = timedelta(minutes=15)
"""How often a calendar is asked to read the feed again (RFC 7986, section 5.7)."""
BACK: Final = timedelta(days=92)
AHEAD: Final = timedelta(days=550)
"""Span of a feed around now."""


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """Something with a date, for one person. Either ``starts_on`` (a whole day) or ``starts_at`` is given.

    Attributes:
        uid: The same for the same thing as long as it lives, unique in the alliance, such as ``milestone-17``.
        title: What it is, in the active language.
        starts_on: The day.
        starts_at: The moment.
        ends_at: End; an entry with a moment and no end lasts no time.
        description: Further text.
        location: Place or link.
        url_name: Tenant route of its page, or empty.
        url_kwargs: Arguments of the route.
        cancelled: Whether it does not take place.
        changed_at: When it last changed, where that is known.
        is_reminder: Only reminds of something; left out when another provider gives the same page and day.
    """

    uid: str
    title: str
    starts_on: date | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    description: str = ""
    location: str = ""
    url_name: str = ""
    url_kwargs: dict[str, Any] = field(default_factory=dict)
    cancelled: bool = False
    changed_at: datetime | None = None
    is_reminder: bool = False

    def __post_init__(self) -> None:
        """Refuse an entry without a date, or with two."""
        if (self.starts_on is None) == (self.starts_at is None):
            message = f"calendar entry {self.uid} needs a day or a moment, and not both"
            raise ValueError(message)


CalendarProvider = Callable[["Alliance", "User", datetime, datetime], Iterable[CalendarEntry]]
providers: Registry[CalendarProvider] = Registry("calendar provider")
"""Alliance, person, begin and end of the span; a fixed number of queries."""


def collect(alliance: Alliance, user: User, at: datetime) -> list[CalendarEntry]:
    """Everything that stands in a person's calendar now, in order of time; as many queries as the providers ask."""
    found = [entry for provider in providers.values() for entry in provider(alliance, user, at - BACK, at + AHEAD)]
    places = {_place(entry) for entry in found if not entry.is_reminder and entry.url_name}
    kept = [entry for entry in found if not (entry.is_reminder and entry.url_name and _place(entry) in places)]
    return sorted(kept, key=lambda entry: (_day(entry), entry.uid))


def _day(entry: CalendarEntry) -> date:
    from django.utils import timezone  # noqa: PLC0415 - settings are read late

    return entry.starts_on or timezone.localtime(entry.starts_at).date()


def _place(entry: CalendarEntry) -> tuple[str, tuple[tuple[str, str], ...], date]:
    return entry.url_name, tuple(sorted((key, str(value)) for key, value in entry.url_kwargs.items())), _day(entry)


# ---------------------------------------------------------------------------------------------------------------- RFC 5545


def escape(text: str) -> str:
    """A text as a value (section 3.3.11): backslash, semicolon, comma and line ends escaped; other controls left out."""
    plain = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    plain = plain.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n")
    return "".join(char for char in plain if (char >= " " and char != "\x7f") or char == "\t")


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
    """A moment in UTC (form 2 of section 3.3.5), such as ``20261121T040000Z``."""
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def sequence_of(moment: datetime) -> int:
    """The number of a change: minutes since 1970, so that a later one is never smaller (section 3.8.7.4)."""
    return int(moment.timestamp()) // 60


def feed_text(
    entries: Iterable[CalendarEntry],
    *,
    name: str,
    domain: str,
    made_at: datetime,
    address: Callable[[str, dict[str, Any]], str],
) -> str:
    """A feed as one VCALENDAR, lines ended by CR LF.

    It has no METHOD: it is read, not sent. DTSTAMP then says when the entry was last revised (section 3.8.7.2); where that is
    not known it is the quarter of an hour of reading, so that two readings within it are the same to the octet.

    Args:
        entries: Its events, in order.
        name: What a calendar program shows as its name.
        domain: Right part of every UID (RFC 7986, section 5.3: globally unique).
        made_at: When it is read.
        address: Gives the absolute address of a tenant route.
    """
    quarter = made_at - timedelta(minutes=made_at.minute % 15, seconds=made_at.second, microseconds=made_at.microsecond)
    minutes = int(REFRESH.total_seconds()) // 60
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Alliance//Calendar feed//EN",
        "CALSCALE:GREGORIAN",
        f"NAME:{escape(name)}",
        f"X-WR-CALNAME:{escape(name)}",
        f"REFRESH-INTERVAL;VALUE=DURATION:PT{minutes}M",
        f"X-PUBLISHED-TTL:PT{minutes}M",
    ]
    for entry in entries:
        lines += _event(entry, domain=domain, quarter=quarter, address=address)
    lines.append("END:VCALENDAR")
    return "".join(f"{piece}\r\n" for line in lines for piece in fold(line))


def _event(
    entry: CalendarEntry, *, domain: str, quarter: datetime, address: Callable[[str, dict[str, Any]], str]
) -> list[str]:
    changed = entry.changed_at or quarter
    lines = ["BEGIN:VEVENT", f"UID:{escape(entry.uid)}@{domain}", f"DTSTAMP:{stamp(changed)}"]
    if entry.changed_at is not None:
        lines.append(f"LAST-MODIFIED:{stamp(entry.changed_at)}")
    lines.append(f"SEQUENCE:{sequence_of(changed)}")
    if entry.starts_at is not None:
        lines.append(f"DTSTART:{stamp(entry.starts_at)}")
        if entry.ends_at is not None and entry.ends_at > entry.starts_at:
            lines.append(f"DTEND:{stamp(entry.ends_at)}")
    elif entry.starts_on is not None:
        # A whole day ends before the next one begins: DTEND is not part of the event (section 3.6.1).
        lines.append(f"DTSTART;VALUE=DATE:{entry.starts_on:%Y%m%d}")
        lines.append(f"DTEND;VALUE=DATE:{entry.starts_on + timedelta(days=1):%Y%m%d}")
        lines.append("TRANSP:TRANSPARENT")
    lines.append(f"SUMMARY:{escape(entry.title)}")
    if entry.location:
        lines.append(f"LOCATION:{escape(entry.location)}")
    if entry.description:
        lines.append(f"DESCRIPTION:{escape(entry.description)}")
    if entry.url_name:
        lines.append(f"URL:{address(entry.url_name, entry.url_kwargs)}")
    lines.append(f"STATUS:{'CANCELLED' if entry.cancelled else 'CONFIRMED'}")
    lines.append("END:VEVENT")
    return lines
