"""Reasons and parts of a fit in words, in the reader's language; what is kept of them are codes and values."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from django.utils import translation
from django.utils.text import capfirst
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from alliance.kernel.formats import format_day, format_list, is_chinese
from members.choices import Element
from members.selectors.regions import region_name, regions
from services.analysis import language_of
from services.choices import DeclineReason, FitPart, ServiceCategory, TextLanguage
from services.selectors.codes import disciplines, industry_title

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

MOST_WORDS: Final = 3
"""Words a chip names; the page of the score lists all of them with their points."""
_TELLS_NOTHING: Final = (
    "about above all also available based both each few first five four full get given good including large less like "
    "long look looking main mainly make many month months more most must need needed needs new not number off offer "
    "offered one only open other out over own possible range same second several short show small some three time two "
    "under use used using want wanted week weeks well within without work year years "
    "一次 两个 三个 不同 主要 以上 以下 以内 使用 包括 各类 希望 提供 方式 相关 目前 能够 要求 需要 超过"
)
SAY_NOTHING: Final = frozenset(_TELLS_NOTHING.split())
"""Words that count in the figure as rare as they are, but tell a reader nothing; stop words of the analyser come here never."""
ICONS: Final = {"ok": "check", "warn": "triangle-alert", "bad": "x", "neutral": "info"}
Values = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Chip:
    """A reason ready to draw."""

    tone: str
    icon: str
    text: str


def _label(choices: Any, value: str) -> str:
    return str(choices(value).label) if value in choices.values else value


def _elements(codes: str) -> str:
    return format_list((_label(Element, code) for code in codes.split(",") if code), get_language())


@cache
def _told_elsewhere() -> tuple[frozenset[str], str]:
    """English words, and all Chinese names, of categories, elements and regions: chips of their own tell of these."""
    names: dict[str, list[str]] = {"en": [], "zh-hans": []}
    for language, found in names.items():
        with translation.override(language):
            found += [str(label) for choices in (ServiceCategory, Element) for label in choices.labels]
    for region in regions().values():
        names["en"].append(region.name_en)
        names["zh-hans"].append(region.name_zh)
    english = frozenset(word for name in names["en"] for word in re.split(r"[^\w]+", name.lower()) if word)
    return english, "\n".join(names["zh-hans"])


def _telling(kept: str) -> str:
    """The words to show, in the reader's language where both texts share some in it; empty where none tells anything."""
    words = kept.split(", ")
    english, chinese = _told_elsewhere()
    telling = [
        word for word in words if word.lower() not in SAY_NOTHING and word.lower() not in english and word not in chinese
    ]
    wants_chinese = is_chinese(get_language())
    own = [word for word in telling if (language_of(word) == TextLanguage.CHINESE) == wants_chinese]
    return format_list((own or telling)[:MOST_WORDS], get_language())


def _discipline(code: str) -> str:
    return str(disciplines()[code].title) if code in disciplines() else code


def _day(text: str) -> str:
    return format_day(date.fromisoformat(text), get_language())


SENTENCES: Final[dict[str, Callable[[Values], str]]] = {
    "shared_words": lambda v: _("Same words: %(words)s") % {"words": _telling(v["words"])},
    "close_meaning": lambda _v: _("Close in meaning"),
    "same_disciplines": lambda v: (
        _("Same discipline: %(names)s")
        % {"names": format_list((_discipline(code) for code in v["codes"].split(",")), get_language())}
    ),
    "same_industry": lambda v: _("Same industry: %(name)s") % {"name": industry_title(v["code"])},
    "brings": lambda v: _("Brings: %(element)s") % {"element": _elements(v["element"])},
    "needs": lambda v: _("Needs: %(element)s") % {"element": _elements(v["element"])},
    "other_elements": lambda v: _("Does not name: %(elements)s") % {"elements": _elements(v["elements"])},
    "same_category": lambda v: _("Same category: %(category)s") % {"category": _label(ServiceCategory, v["category"])},
    "other_category": lambda v: _("Another category: %(category)s") % {"category": _label(ServiceCategory, v["category"])},
    "no_record": lambda _v: _("No track record yet"),
    "outside_source": lambda _v: _("From an outside source, no track record here"),
    "agreements": lambda v: ngettext("%(count)s agreement", "%(count)s agreements", int(v["count"])) % {"count": v["count"]},
    "ratings": lambda v: (
        ngettext("%(mean)s of 5, one rating", "%(mean)s of 5, %(count)s ratings", int(v["count"]))
        % {"mean": v["mean"], "count": v["count"]}
    ),
    "released": lambda v: (
        ngettext("%(count)s released product", "%(count)s released products", int(v["count"])) % {"count": v["count"]}
    ),
    "evaluated_well": lambda v: (
        ngettext("Evaluated well after %(count)s contract", "Evaluated well after %(count)s contracts", int(v["count"]))
        % {"count": v["count"]}
    ),
    "evaluated": lambda v: (
        ngettext("Evaluated after %(count)s contract", "Evaluated after %(count)s contracts", int(v["count"]))
        % {"count": v["count"]}
    ),
    "ended_before": lambda v: (
        ngettext("%(count)s introduction came to nothing", "%(count)s introductions came to nothing", int(v["count"]))
        % {"count": v["count"]}
    ),
    "same_city": lambda v: _("Same city: %(region)s") % {"region": region_name(v["region"])},
    "same_province": lambda v: _("Same province: %(region)s") % {"region": region_name(v["region"])},
    "elsewhere": lambda v: _("Another province: %(region)s") % {"region": region_name(v["region"])},
    "place_unknown": lambda _v: _("Place not given"),
    "in_time": lambda v: _("Done by %(day)s, in time") % {"day": _day(v["day"])},
    "late": lambda v: (
        ngettext("Ends %(count)s week late", "Ends %(count)s weeks late", int(v["weeks"])) % {"count": v["weeks"]}
    ),
    "not_on_offer": lambda v: _("On offer only until %(day)s") % {"day": _day(v["day"])},
    "time_unknown": lambda _v: _("Dates not given"),
    "free": lambda _v: _("Free of charge"),
    "wants_free": lambda _v: _("Wanted free of charge"),
    "price_unknown": lambda _v: _("Price to be agreed"),
    "well_in_budget": lambda _v: _("Well in budget"),
    "in_budget": lambda _v: _("In budget"),
    "above_budget": lambda v: _("%(percent)s%% above the budget") % {"percent": v["percent"]},
    "declined_before": lambda v: (
        ngettext("Like %(count)s you declined: %(reason)s", "Like %(count)s you declined: %(reason)s", int(v["count"]))
        % {"count": v["count"], "reason": _label(DeclineReason, v["reason"])}
    ),
}
"""A sentence for every code of ``services.fit``."""

ITEM_WORDS: Final[dict[tuple[str, str], StrOrPromise]] = {
    ("vector", ""): gettext_lazy("meaning of the whole text"),
    ("label", "category"): gettext_lazy("category"),
    ("label", "elements"): gettext_lazy("elements"),
    ("label", "disciplines"): gettext_lazy("disciplines"),
    ("label", "industry"): gettext_lazy("industry"),
    ("record", "none"): gettext_lazy("nothing known, counted as the middle"),
    ("record", "prior"): gettext_lazy("the middle, which everybody begins with"),
    ("record", "agreed"): gettext_lazy("agreements"),
    ("record", "ended"): gettext_lazy("introductions without agreement"),
    ("record", "released"): gettext_lazy("released products"),
    ("record", "ratings"): gettext_lazy("ratings of its services"),
    ("record", "contracts"): gettext_lazy("evaluations after contracts"),
}


def chip(reason: Mapping[str, Any]) -> Chip:
    """A reason, as kept, ready to draw; an unknown code of an older version is shown as it is."""
    tone = str(reason.get("tone", "neutral"))
    if reason.get("code") == "shared_words" and not _telling(reason["values"]["words"]):
        return Chip("neutral", ICONS["neutral"], _("Only general words in common"))
    sentence = SENTENCES.get(str(reason.get("code", "")))
    text = sentence(reason.get("values") or {}) if sentence else str(reason.get("code", ""))
    return Chip(tone if tone in ICONS else "neutral", ICONS.get(tone, "info"), text)


def part_label(name: str) -> str:
    """Name of a part."""
    return capfirst(_label(FitPart, name))


def item_label(kind: str, key: str) -> str:
    """Name of a summand."""
    if kind == "word":
        return _("“%(word)s”") % {"word": key}
    if kind == "decline":
        return _label(DeclineReason, key)
    if kind in {"place", "time", "price"}:
        return {"place": _("distance"), "time": _("dates"), "price": _("price")}[kind]
    return str(ITEM_WORDS.get((kind, key), key))
