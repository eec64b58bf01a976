"""How dates, money and figures are written, in both languages (glossary section 13).

Pure functions: value and language in, text out. The template filters of :mod:`alliance.templatetags.ui` call them with the
active language. English groups digits and shortens with k, m, bn; Chinese summaries use 万 and 亿, tables keep the digits.
"""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

MONTHS_SHORT: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
QUARTERS_CHINESE: Final = ("一", "二", "三", "四")
NO_VALUE: Final = "—"

#: What stands before the amount in English and after it in Chinese; any other currency keeps its ISO 4217 code.
CURRENCY_SIGNS: Final = {"CNY": "¥", "USD": "US$", "EUR": "€", "GBP": "£", "HKD": "HK$", "JPY": "JP¥"}
CURRENCY_WORDS: Final = {"CNY": "元", "USD": "美元", "EUR": "欧元", "GBP": "英镑", "HKD": "港元", "JPY": "日元"}

Number = int | float | Decimal


def is_chinese(language: str | None) -> bool:
    """Whether texts in this language code are Chinese."""
    return (language or "").lower().startswith("zh")


def format_list(names: Iterable[object], language: str | None) -> str:
    """``loom, dye`` or ``织机、染料``."""
    return ("、" if is_chinese(language) else ", ").join(str(name) for name in names)


def to_decimal(value: object) -> Decimal | None:
    """The value as an exact decimal number, or None when it is not a finite number."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = value if isinstance(value, Decimal) else Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _round(number: Decimal, digits: int) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)


def _plain(number: Decimal, digits: int, *, trim: bool = True) -> str:
    text = f"{_round(number, digits):,f}"
    if trim and "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text.replace("-", "−")


def format_day(value: dt.date, language: str | None, *, numeric: bool = False) -> str:
    """A calendar day: ``21 Nov 2026`` or ``2026年11月21日``; in tables of Chinese pages ``2026-11-21``."""
    if is_chinese(language):
        return f"{value:%Y-%m-%d}" if numeric else f"{value.year}年{value.month}月{value.day}日"
    return f"{value.day} {MONTHS_SHORT[value.month - 1]} {value.year}"


def format_short_day(value: dt.date, language: str | None) -> str:
    """A day whose year is clear from the page: ``21 Nov`` or ``11月21日``."""
    if is_chinese(language):
        return f"{value.month}月{value.day}日"
    return f"{value.day} {MONTHS_SHORT[value.month - 1]}"


def format_month(value: dt.date, language: str | None) -> str:
    """A month alone, under the number of a day: ``Nov`` or ``11月``."""
    return f"{value.month}月" if is_chinese(language) else MONTHS_SHORT[value.month - 1]


def format_moment(value: dt.datetime, language: str | None) -> str:
    """Day and time, in the time zone the value already has: ``21 Nov 2026, 14:05`` or ``2026年11月21日14:05``."""
    between = "" if is_chinese(language) else ", "
    return f"{format_day(value.date(), language)}{between}{value:%H:%M}"


def format_day_range(start: dt.date, end: dt.date, language: str | None) -> str:
    """From day to day, without repeating month or year: ``9–11 Dec 2026`` or ``2026年12月9日至11日``."""
    if start == end:
        return format_day(start, language)
    same_year = start.year == end.year
    same_month = same_year and start.month == end.month
    if is_chinese(language):
        last = f"{end.day}日" if same_month else format_short_day(end, language) if same_year else format_day(end, language)
        return f"{format_day(start, language)}至{last}"
    if same_month:
        return f"{start.day}–{format_day(end, language)}"
    first = format_short_day(start, language) if same_year else format_day(start, language)
    return f"{first} – {format_day(end, language)}"


def format_quarter(year: int, quarter: int, language: str | None) -> str:
    """A quarter, 1 to 4: ``Q3 2026`` or ``2026年第三季度``."""
    if is_chinese(language):
        return f"{year}年第{QUARTERS_CHINESE[quarter - 1]}季度"
    return f"Q{quarter} {year}"


def format_half_year(year: int, half: int, language: str | None) -> str:
    """A half-year, 1 or 2: ``2026 H2`` or ``2026年下半年``."""
    if is_chinese(language):
        return f"{year}年{'上' if half == 1 else '下'}半年"
    return f"{year} H{half}"


def format_number(value: object, digits: int = 0) -> str:
    """A number with grouped digits, as tables of both languages show it: ``12,400``. Not a number: a dash."""
    number = to_decimal(value)
    return NO_VALUE if number is None else _plain(number, digits)


def format_score(value: object, digits: int = 2) -> str:
    """A score or degree with a fixed number of decimals, so that columns line up: ``0.70``."""
    number = to_decimal(value)
    return NO_VALUE if number is None else _plain(number, digits, trim=False)


def _scaled_chinese(number: Decimal) -> tuple[str, str]:
    size = abs(number)
    if size >= 100_000_000:
        return _plain(number / 100_000_000, 2), "亿"
    if size >= 10_000:
        return _plain(number / 10_000, 2 if size < 1_000_000 else 1 if size < 10_000_000 else 0), "万"
    return _plain(number, 2), ""


def _scaled_english(number: Decimal) -> tuple[str, str]:
    size = abs(number)
    if size >= 1_000_000_000:
        return _plain(number / 1_000_000_000, 2), " bn"
    if size >= 1_000_000:
        return _plain(number / 1_000_000, 2), " m"
    return _plain(number, 2 if size < 1_000 else 0), ""


def format_figure(value: object, language: str | None) -> str:
    """A number in running text or on a tile: ``12,400``, ``4.82 m`` or ``1.24万``, ``1.5亿``; tables use :func:`format_number`."""
    number = to_decimal(value)
    if number is None:
        return NO_VALUE
    figure, unit = _scaled_chinese(number) if is_chinese(language) else _scaled_english(number)
    return f"{figure}{unit}"


def format_money(value: object, currency: str, language: str | None, *, exact: bool = False) -> str:
    """An amount of money.

    Args:
        value: The amount in whole currency units.
        currency: ISO 4217 code.
        language: Language code of the page.
        exact: All digits with two decimals, as a ledger or contract shows it, instead of the short form.

    Returns:
        ``¥4.82 m``, ``¥238,000`` or ``482万元``, ``23.8万元``; exact: ``¥238,000.00`` or ``238,000.00元``.
    """
    number = to_decimal(value)
    if number is None:
        return NO_VALUE
    sign, size = ("−" if number < 0 else ""), abs(number)
    chinese = is_chinese(language)
    if exact:
        figure, unit = _plain(size, 2, trim=False), ""
    else:
        figure, unit = _scaled_chinese(size) if chinese else _scaled_english(size)
    if chinese:
        return f"{sign}{figure}{unit}{CURRENCY_WORDS.get(currency, ' ' + currency)}"
    before = CURRENCY_SIGNS.get(currency, currency + " ")
    return f"{sign}{before}{figure}{unit}"


def format_percent(share: object, digits: int = 0) -> str:
    """A share between 0 and 1 as per cent: ``15%``."""
    number = to_decimal(share)
    return NO_VALUE if number is None else f"{_plain(number * 100, digits)}%"


def format_duration(seconds: object, language: str | None) -> str:
    """A time span as people say it, rounded to its largest useful unit: ``about 40 s``, ``3 min``, ``2 h 10 min``, ``9 days``."""
    number = to_decimal(seconds)
    if number is None or number < 0:
        return NO_VALUE
    total = int(_round(number, 0))
    chinese = is_chinese(language)
    if total < 60:
        return f"{total}秒" if chinese else f"{total} s"
    minutes = (total + 30) // 60
    if minutes < 60:
        return f"{minutes}分钟" if chinese else f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    if hours < 48:
        if chinese:
            return f"{hours}小时{rest}分钟" if rest else f"{hours}小时"
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    days = (hours + 12) // 24
    return f"{days}天" if chinese else f"{days} days"


def format_bytes(size: object) -> str:
    """A file size: ``412 KB``, ``20 MB``; the same in both languages."""
    number = to_decimal(size)
    if number is None:
        return NO_VALUE
    for unit in ("bytes", "KB", "MB"):
        if abs(number) < 1024:
            return f"{_plain(number, 0 if number >= 10 or unit == 'bytes' else 1)} {unit}"
        number /= 1024
    return f"{_plain(number, 1)} GB"
