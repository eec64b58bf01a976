"""The calendar feed: its text by RFC 5545, and who reads what through a private address."""

from __future__ import annotations

import logging
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from alliance.actions import inbox
from alliance.actions.calendar_feeds import make_address, revoke_address
from alliance.kernel import calendar
from alliance.kernel.calendar import CalendarEntry, collect, escape, feed_text, fold
from alliance.kernel.errors import NotFoundError
from alliance.kernel.logs import RedactFilter
from alliance.models import Alliance, AuditEntry, CalendarFeed, RoleAssignment, User
from tests.conftest import ClientFor
from tests.factories.alliance import address, make_member, make_user

AT = datetime(2026, 11, 21, 4, 7, 30, tzinfo=UTC)


def unfold(text: str) -> list[str]:
    """Content lines as RFC 5545, section 3.1, has a reader put them together."""
    assert text.endswith("\r\n")
    assert "\n" not in text.replace("\r\n", "")
    return text.replace("\r\n ", "").replace("\r\n\t", "").split("\r\n")[:-1]


def unescape(value: str) -> str:
    """A TEXT value as a reader has it."""
    return re.sub(r"\\([\\;,nN])", lambda found: "\n" if found[1] in "nN" else found[1], value)


def text(*entries: CalendarEntry, name: str = "Weaving", at: datetime = AT) -> str:
    """A feed of some entries."""
    return feed_text(
        entries,
        name=name,
        domain="weaving.alliance.invalid",
        made_at=at,
        address=lambda route, kwargs: f"https://a.example/{route}/{kwargs.get('code', '')}",
    )


def value(lines: list[str], name: str) -> str:
    """Value of the first line with a property's name."""
    return next(line.split(":", 1)[1] for line in lines if re.split("[;:]", line)[0] == name)


def feed_of(client: Client, url: str) -> list[str]:
    """Lines of a feed that is read."""
    answer = client.get("/" + url.split("/", 3)[3])
    assert answer.status_code == 200
    return unfold(answer.content.decode())


# ------------------------------------------------------------------------------------------------------------------- text


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=300))
def test_a_line_is_folded_at_75_octets_without_cutting_a_character(line: str) -> None:
    flat = line.replace("\r", "").replace("\n", "")
    pieces = list(fold(flat))

    assert all(len(piece.encode()) <= 75 for piece in pieces)
    assert "".join([pieces[0], *(piece[1:] for piece in pieces[1:])]) == flat
    assert all(piece.startswith(" ") for piece in pieces[1:])


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t"), max_size=200))
def test_a_text_is_read_as_it_was_written(words: str) -> None:
    lines = unfold(text(CalendarEntry("x", words, starts_on=date(2026, 11, 30))))

    assert unescape(value(lines, "SUMMARY")) == words
    assert sum(line.startswith("BEGIN:VEVENT") for line in lines) == 1


def test_control_characters_and_line_ends_smuggle_nothing_in() -> None:
    entry = CalendarEntry("x", "a\r\nEND:VEVENT\x00\x07", starts_on=date(2026, 11, 30), location="1; 2, 3\\")
    lines = unfold(text(entry))

    assert value(lines, "SUMMARY") == "a\\nEND:VEVENT"
    assert value(lines, "LOCATION") == "1\\; 2\\, 3\\\\"
    assert lines.count("END:VEVENT") == 1
    assert escape("\x7f") == ""


def test_a_feed_says_when_to_read_it_again() -> None:
    lines = unfold(text())

    assert lines[:3] == ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Alliance//Calendar feed//EN"]
    assert "REFRESH-INTERVAL;VALUE=DURATION:PT15M" in lines
    assert "X-PUBLISHED-TTL:PT15M" in lines
    assert lines[-1] == "END:VCALENDAR"
    assert not any(line.startswith("METHOD") for line in lines)


def test_moments_are_told_in_utc() -> None:
    zone = timezone.get_fixed_timezone(480)
    begin = datetime(2026, 11, 25, 9, 0, tzinfo=zone)
    lines = unfold(text(CalendarEntry("m", "x", starts_at=begin, ends_at=begin + timedelta(hours=2), changed_at=AT)))

    assert value(lines, "DTSTART") == "20261125T010000Z"
    assert value(lines, "DTEND") == "20261125T030000Z"
    assert value(lines, "LAST-MODIFIED") == value(lines, "DTSTAMP") == "20261121T040730Z"
    assert value(lines, "UID") == "m@weaving.alliance.invalid"


def test_a_whole_day_ends_before_the_next_one() -> None:
    lines = unfold(text(CalendarEntry("m", "x", starts_on=date(2026, 12, 31))))

    assert "DTSTART;VALUE=DATE:20261231" in lines
    assert "DTEND;VALUE=DATE:20270101" in lines


def test_a_moment_that_lasts_no_time_has_no_end() -> None:
    lines = unfold(text(CalendarEntry("m", "x", starts_at=AT, ends_at=AT)))

    assert not any(line.startswith("DTEND") for line in lines)


def test_two_readings_within_a_quarter_of_an_hour_are_the_same_and_later_ones_count_up() -> None:
    entry = CalendarEntry("m", "x", starts_on=date(2026, 12, 1))

    assert text(entry) == text(entry, at=AT + timedelta(minutes=5))
    first, second = (int(value(unfold(text(entry, at=AT + timedelta(days=days))), "SEQUENCE")) for days in (0, 1))
    assert 0 < first < second < 2**31


def test_a_cancelled_entry_says_so_and_leads_to_its_page() -> None:
    lines = unfold(
        text(CalendarEntry("m", "x", starts_at=AT, cancelled=True, url_name="meeting_detail", url_kwargs={"code": "M-1"}))
    )

    assert "STATUS:CANCELLED" in lines
    assert "URL:https://a.example/meeting_detail/M-1" in lines


@pytest.mark.parametrize("wrong", [{}, {"starts_on": date(2026, 1, 1), "starts_at": AT}])
def test_an_entry_has_one_date(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="a day or a moment"):
        CalendarEntry("m", "x", **wrong)


def test_a_reminder_gives_way_to_the_thing_itself(act: Alliance, monkeypatch: pytest.MonkeyPatch) -> None:
    same = {"url_name": "product_detail", "url_kwargs": {"code": "P-1"}}
    entries = [
        CalendarEntry("a", "Pilot ends", starts_at=AT, **same),  # type: ignore[arg-type]
        CalendarEntry("b", "Give feedback", starts_at=AT, is_reminder=True, **same),  # type: ignore[arg-type]
        CalendarEntry("c", "Something else", starts_at=AT, is_reminder=True),
    ]
    monkeypatch.setattr(calendar.providers, "_items", {"test": lambda *_given: entries})

    assert [entry.uid for entry in collect(act, make_user(), AT)] == ["a", "c"]


# ---------------------------------------------------------------------------------------------------------------- address


@pytest.fixture
def member(act: Alliance) -> User:
    """A person of the secretariat."""
    return make_member(act, "secretariat")


def ask(alliance: Alliance, title: str, days: int = 3) -> None:
    """Something that waits for the secretariat."""
    inbox.ask(
        alliance,
        "pilot_plan",
        f"pilot-plan:{title}",
        inbox.office(),
        params={"title_en": title, "title_zh": "", "code": "P-001"},
        url_name="product_detail",
        url_kwargs={"code": "P-001"},
        at=timezone.now(),
        due_at=timezone.now() + timedelta(days=days),
    )


def test_an_address_opens_the_owners_dates_without_signing_in(act: Alliance, client: Client, member: User) -> None:
    url = make_address(act, actor=member, at=timezone.now())
    ask(act, "Low-salt dyeing")

    lines = feed_of(client, url)

    assert value(lines, "SUMMARY") == "Plan the pilot: Low-salt dyeing"
    assert CalendarFeed.objects.of(act).get().read_at is not None


def test_only_the_hash_of_an_address_is_kept(act: Alliance, member: User) -> None:
    url = make_address(act, actor=member, at=timezone.now())
    token = url.rsplit("/", 1)[1].removesuffix(".ics")

    feed = CalendarFeed.objects.of(act).get()
    assert len(token) >= 43
    assert token not in str([getattr(feed, column.attname) for column in CalendarFeed._meta.concrete_fields])
    entry = AuditEntry.objects.of(act).filter(verb="make_calendar_address").get()
    assert token not in str([getattr(entry, column.attname) for column in AuditEntry._meta.concrete_fields])


def test_a_renewed_address_closes_the_old_one_and_a_revoked_one_opens_nothing(
    act: Alliance, client: Client, member: User
) -> None:
    first = make_address(act, actor=member, at=timezone.now())
    second = make_address(act, actor=member, at=timezone.now())

    assert client.get("/" + first.split("/", 3)[3]).status_code == 404
    assert feed_of(client, second)
    revoke_address(act, actor=member, at=timezone.now())
    assert client.get("/" + second.split("/", 3)[3]).status_code == 404
    with pytest.raises(NotFoundError):
        revoke_address(act, actor=member, at=timezone.now())


@pytest.mark.parametrize("token", ["unknown", "x" * 300])
def test_an_unknown_address_is_not_found(act: Alliance, client: Client, token: str) -> None:
    assert client.get(address(act, "calendar_feed", token=token)).status_code == 404


def test_an_address_opens_nothing_in_another_alliance(
    act: Alliance, other_alliance: Alliance, client: Client, member: User
) -> None:
    token = make_address(act, actor=member, at=timezone.now()).rsplit("/", 1)[1].removesuffix(".ics")

    assert client.get(address(other_alliance, "calendar_feed", token=token)).status_code == 404


def test_the_feed_is_empty_once_the_roles_have_ended(act: Alliance, client: Client, member: User) -> None:
    url = make_address(act, actor=member, at=timezone.now())
    ask(act, "Low-salt dyeing")
    RoleAssignment.objects.of(act).filter(user=member).update(ends_at=timezone.now() - timedelta(minutes=2))

    lines = feed_of(client, url)

    assert "BEGIN:VEVENT" not in lines


def test_the_feed_of_a_closed_account_is_not_found(act: Alliance, client: Client, member: User) -> None:
    url = make_address(act, actor=member, at=timezone.now())
    User.objects.filter(pk=member.pk).update(is_active=False)

    assert client.get("/" + url.split("/", 3)[3]).status_code == 404


def test_a_feed_speaks_the_owners_language_and_is_never_kept(act: Alliance, client: Client, member: User) -> None:
    User.objects.filter(pk=member.pk).update(language="zh-hans")
    url = make_address(act, actor=member, at=timezone.now())

    answer = client.get("/" + url.split("/", 3)[3])

    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["Content-Language"] == "zh-hans"
    assert f"X-WR-CALNAME:{act.name_zh}".encode() in answer.content


def test_reading_too_often_is_refused(act: Alliance, client: Client, member: User, settings: Any) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "calendar_feed": "2 per hour"}
    url = "/" + make_address(act, actor=member, at=timezone.now()).split("/", 3)[3]

    assert [client.get(url).status_code for _time in range(3)] == [200, 200, 429]


def test_the_page_shows_the_address_once(act: Alliance, client_for: ClientFor, member: User) -> None:
    browser = client_for(member)

    made = browser.post(address(act, "calendar_address_make"))

    assert re.search(r"/calendar/[\w-]{43}\.ics", made.content.decode())
    assert made.headers["Cache-Control"] == "no-store"
    again = browser.get(address(act, "calendar_address")).content.decode()
    assert ".ics" not in again
    assert browser.post(address(act, "calendar_address_revoke")).status_code == 302
    assert browser.post(address(act, "calendar_address_revoke")).status_code == 404


def test_the_secret_part_of_an_address_is_not_logged() -> None:
    record = logging.LogRecord("x", 30, "", 0, "Too Many Requests: %s", ("/a/weaving/calendar/abc_DEF-1.ics",), None)
    RedactFilter().filter(record)

    assert record.getMessage() == "Too Many Requests: /a/weaving/calendar/[redacted].ics"


def test_the_forms_of_the_page_may_be_sent(act: Alliance, client_for: ClientFor, member: User) -> None:
    page = client_for(member).get(address(act, "calendar_address"))

    # without a referrer browsers send "Origin: null" with a form, which the check against forged requests refuses
    assert page.headers["Referrer-Policy"] != "no-referrer"
