"""Dates, money and figures as the glossary writes them, in both languages."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Template
from django.utils import timezone, translation

from alliance.kernel import formats

EN, ZH = "en", "zh-hans"
DAY = dt.date(2026, 11, 21)


def shown(source: str, language: str, **values: object) -> str:
    with translation.override(language):
        return Template("{% load ui %}" + source).render(Context(values))


@pytest.mark.parametrize(
    ("language", "style", "text"),
    [
        (EN, "", "21 Nov 2026"),
        (EN, "table", "21 Nov 2026"),
        (EN, "short", "21 Nov"),
        (ZH, "", "2026年11月21日"),
        (ZH, "table", "2026-11-21"),
        (ZH, "short", "11月21日"),
    ],
)
def test_a_day_is_written_in_the_readers_language(language: str, style: str, text: str) -> None:
    assert shown('{{ d|day:"' + style + '" }}', language, d=DAY) == f'<time datetime="2026-11-21">{text}</time>'


def test_a_moment_is_shown_in_the_active_time_zone() -> None:
    late = dt.datetime(2026, 11, 20, 18, 5, tzinfo=dt.UTC)

    with timezone.override(ZoneInfo("Asia/Shanghai")):
        assert shown("{{ at|moment }}", EN, at=late) == '<time datetime="2026-11-21T02:05+08:00">21 Nov 2026, 02:05</time>'
        assert "2026年11月21日02:05" in shown("{{ at|moment }}", ZH, at=late)
        assert "21 Nov 2026" in shown("{{ at|day }}", EN, at=late)


@pytest.mark.parametrize(
    ("start", "end", "english", "chinese"),
    [
        (dt.date(2026, 12, 9), dt.date(2026, 12, 11), "9–11 Dec 2026", "2026年12月9日至11日"),
        (dt.date(2026, 11, 30), dt.date(2026, 12, 2), "30 Nov – 2 Dec 2026", "2026年11月30日至12月2日"),
        (dt.date(2026, 12, 30), dt.date(2027, 1, 2), "30 Dec 2026 – 2 Jan 2027", "2026年12月30日至2027年1月2日"),
        (DAY, DAY, "21 Nov 2026", "2026年11月21日"),
    ],
)
def test_a_range_repeats_neither_month_nor_year(start: dt.date, end: dt.date, english: str, chinese: str) -> None:
    assert formats.format_day_range(start, end, EN) == english
    assert formats.format_day_range(start, end, ZH) == chinese


@pytest.mark.parametrize(
    ("amount", "english", "chinese"),
    [
        (4_820_000, "¥4.82 m", "482万元"),
        (238_000, "¥238,000", "23.8万元"),
        (9_999, "¥9,999", "9,999元"),
        (0, "¥0", "0元"),
        (Decimal("18.50"), "¥18.5", "18.5元"),
        (150_000_000, "¥150 m", "1.5亿元"),
        (-40_000, "−¥40,000", "−4万元"),
        (None, "—", "—"),
        ("no number", "—", "—"),
    ],
)
def test_money_is_short_in_running_text(amount: object, english: str, chinese: str) -> None:
    assert shown('{{ m|money:"CNY" }}', EN, m=amount) == english
    assert shown('{{ m|money:"CNY" }}', ZH, m=amount) == chinese


def test_ledgers_show_every_digit() -> None:
    assert shown("{{ m|money_exact }}", EN, m=Decimal("238000")) == "¥238,000.00"
    assert shown("{{ m|money_exact }}", ZH, m=Decimal("238000")) == "238,000.00元"
    assert shown('{{ m|money_exact:"USD" }}', EN, m=Decimal("-1.005")) == "−US$1.01"
    assert shown('{{ m|money_exact:"CHF" }}', EN, m=1) == "CHF 1.00"


@pytest.mark.parametrize(
    ("value", "english", "chinese"),
    [(12_400, "12,400", "1.24万"), (9_999, "9,999", "9,999"), (1_240_000, "1.24 m", "124万"), (0.71, "0.71", "0.71")],
)
def test_figures_are_shortened_as_each_language_does(value: float, english: str, chinese: str) -> None:
    assert shown("{{ x|figure }}", EN, x=value) == english
    assert shown("{{ x|figure }}", ZH, x=value) == chinese


@pytest.mark.parametrize("language", [EN, ZH])
def test_tables_keep_the_digits_in_both_languages(language: str) -> None:
    assert shown("{{ n|number }} {{ x|score:2 }} {{ s|percent }}", language, n=12400, x=0.7, s=0.154) == "12,400 0.70 15%"


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [
        (40, "40 s", "40秒"),
        (59.6, "1 min", "1分钟"),
        (200, "3 min", "3分钟"),
        (7800, "2 h 10 min", "2小时10分钟"),
        (9 * 86400, "9 days", "9天"),
        (-1, "—", "—"),
    ],
)
def test_time_spans_have_one_useful_unit(seconds: float, english: str, chinese: str) -> None:
    assert shown("{{ s|duration }}", EN, s=seconds) == english
    assert shown("{{ s|duration }}", ZH, s=seconds) == chinese


def test_what_is_no_date_is_a_dash() -> None:
    assert shown("{{ d|day }}{{ d|moment }}{{ d|day_range:d }}", EN, d=None) == "———"


def test_quarters_and_half_years_follow_the_glossary() -> None:
    assert formats.format_quarter(2026, 3, EN) == "Q3 2026"
    assert formats.format_quarter(2026, 3, ZH) == "2026年第三季度"
    assert formats.format_half_year(2026, 2, EN) == "2026 H2"
    assert formats.format_half_year(2026, 2, ZH) == "2026年下半年"


def test_file_sizes_are_rounded() -> None:
    assert [formats.format_bytes(size) for size in (0, 900, 421_888, 20 * 1024**2, 3 * 1024**3)] == [
        "0 bytes",
        "900 bytes",
        "412 KB",
        "20 MB",
        "3 GB",
    ]


@pytest.mark.parametrize(("language", "text"), [(EN, "Nov"), (ZH, "11月")])
def test_a_month_alone_is_short(language: str, text: str) -> None:
    assert shown("{{ day|month }}", language, day=DAY) == text
    assert shown("{{ day|month }}", language, day=None) == formats.NO_VALUE


@pytest.mark.parametrize(("language", "text"), [("en", "loom, 3, dye"), ("zh-hans", "loom、3、dye"), (None, "loom, 3, dye")])
def test_names_in_a_row_are_parted_as_the_language_does_it(language: str | None, text: str) -> None:
    assert formats.format_list(iter(["loom", 3, "dye"]), language) == text
    assert formats.format_list([], language) == ""
