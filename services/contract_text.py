"""The text of a contract: what the parties negotiate, checked; filled into the clauses; the digest that is signed.

Pure functions: no row is read or written here. The content of a version is whole in itself: whoever has it and the digest needs
nothing else to tell what was signed.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django_stubs_ext import StrOrPromise

from alliance.actions.audit import canonical
from alliance.kernel.errors import InvalidInputError
from alliance.kernel.formats import format_day
from services.choices import PartyRole, ResultsOwner
from services.contract_standard import OPTIONAL, PLACEHOLDERS

SCHEMA: Final = 1
MOST_MILESTONES: Final = 24
LONGEST: Final = 6000
"""Characters of one text."""
LETTERS: Final = {PartyRole.DEMAND: "a", PartyRole.SUPPLY: "b", PartyRole.WITNESS: "c"}
"""How the clauses call the parties."""
_PLACEHOLDER = re.compile(r"\{\{\s*([a-z_.]+)\s*\}\}")
NOTHING: Final = {"en": "nothing", "zh": "无"}


@dataclass(frozen=True, slots=True)
class Milestone:
    """A step of the work.

    Attributes:
        title_en: Title.
        title_zh: The same in Chinese.
        deliverable_en: What is handed over.
        deliverable_zh: The same in Chinese.
        test_en: By what it is accepted.
        test_zh: The same in Chinese.
        due_on: Last day.
        amount: Payment after acceptance, in yuan renminbi.
    """

    title_en: str
    title_zh: str
    deliverable_en: str
    deliverable_zh: str
    test_en: str
    test_zh: str
    due_on: date
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Draft:
    """What a party proposes; every text in one language at least.

    Attributes:
        brings: What each party brings, by role: English and Chinese.
        shares: Per cent of the benefits, by role; the witness's stands for the fund of the alliance.
        left_out: Keys of optional clauses that are left out.
    """

    title_en: str
    title_zh: str
    scope_en: str
    scope_zh: str
    aims_en: str
    aims_zh: str
    starts_on: date
    ends_on: date
    milestones: tuple[Milestone, ...]
    shares: dict[str, Decimal]
    share_years: int
    basis_en: str
    basis_zh: str
    owner: str = ResultsOwner.JOINT
    nda_years: int = 3
    pay_days: int = 15
    accept_days: int = 10
    penalty_demand: Decimal = Decimal("0.05")
    penalty_supply: Decimal = Decimal("0.10")
    excluded_en: str = ""
    excluded_zh: str = ""
    risk_en: str = ""
    risk_zh: str = ""
    refund_en: str = ""
    refund_zh: str = ""
    forum_en: str = ""
    forum_zh: str = ""
    brings: dict[str, tuple[str, str]] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class PartyName:
    """A party as the text names it."""

    role: str
    code: str
    name_en: str
    name_zh: str


@dataclass(frozen=True, slots=True)
class ClauseText:
    """One version of a clause, from the library or as shipped."""

    key: str
    version: int
    title_en: str
    title_zh: str
    body_en: str
    body_zh: str


@dataclass(frozen=True, slots=True)
class ArticleText:
    """An article of a template with the clauses that are in force."""

    title_en: str
    title_zh: str
    clauses: tuple[ClauseText, ...]


@dataclass(frozen=True, slots=True)
class TemplateText:
    """One version of a template with its clauses."""

    key: str
    version: int
    title_en: str
    title_zh: str
    articles: tuple[ArticleText, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the text that is compared and commented by itself."""

    key: str
    label: StrOrPromise
    en: str
    zh: str


def placeholders_of(text: str) -> set[str]:
    """Names of the placeholders in a clause."""
    return set(_PLACEHOLDER.findall(text))


def check_clause(body_en: str, body_zh: str) -> None:
    """Refuse a clause with a placeholder that nothing fills, or with different ones in the two languages.

    Raises:
        InvalidInputError: With the reason at the field.
    """
    errors: dict[str, StrOrPromise] = {}
    for name, text in (("body_en", body_en), ("body_zh", body_zh)):
        unknown = sorted(placeholders_of(text) - PLACEHOLDERS.keys())
        if not text.strip():
            errors[name] = _("Write the text of the clause.")
        elif unknown:
            errors[name] = _("Nothing fills the placeholder %(names)s. Take one from the list beside the form.") % {
                "names": ", ".join(f"{{{{{one}}}}}" for one in unknown)
            }
        elif "{{" in _PLACEHOLDER.sub("", text):
            errors[name] = _("A placeholder is not closed: write {{name}}.")
    if not errors and (differing := placeholders_of(body_en) ^ placeholders_of(body_zh)):
        errors["body_zh"] = _("Both languages must use the same placeholders; these stand in one only: %(names)s.") % {
            "names": ", ".join(sorted(differing))
        }
    if errors:
        raise InvalidInputError(_("The clause is not complete."), code="clause_invalid", fields=errors)


def clean(text: str) -> str:
    """A text as it is kept: NFC, no control characters but line breaks, no blanks around."""
    joined = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n")
    return "".join(char for char in joined if char in "\n\t" or unicodedata.category(char)[0] != "C").strip()


def check_draft(draft: Draft) -> None:
    """Refuse terms that are incomplete or contradict themselves.

    Raises:
        InvalidInputError: With the reason at each field; milestones as ``milestones-<index>-<field>``.
    """
    errors: dict[str, StrOrPromise] = {}
    for name, label in (
        ("title", gettext_lazy("the title")),
        ("scope", gettext_lazy("the services")),
        ("aims", gettext_lazy("the aims")),
        ("basis", gettext_lazy("what is shared")),
    ):
        if not (clean(getattr(draft, f"{name}_en")) or clean(getattr(draft, f"{name}_zh"))):
            errors[f"{name}_en"] = _("Write %(what)s, in English or in Chinese.") % {"what": label}
    for name in ("title", "scope", "aims", "basis", "excluded", "risk", "refund", "forum"):
        limit = 200 if name == "title" else LONGEST
        for language in ("en", "zh"):
            if len(getattr(draft, f"{name}_{language}")) > limit:
                errors[f"{name}_{language}"] = _("This is longer than %(most)s characters.") % {"most": limit}
    if draft.ends_on < draft.starts_on:
        errors["ends_on"] = _("The last day lies before the first one.")
    if not draft.milestones:
        errors["milestones"] = _("Name one milestone at least.")
    if len(draft.milestones) > MOST_MILESTONES:
        errors["milestones"] = _("At most %(most)s milestones are possible.") % {"most": MOST_MILESTONES}
    for index, milestone in enumerate(draft.milestones):
        errors |= _milestone_errors(index, milestone, draft)
    total = sum((draft.shares.get(role, Decimal(0)) for role in PartyRole.values), Decimal(0))
    if total != 100:
        errors["share_demand"] = _("The shares add up to %(sum)s per cent; they must add up to 100.") % {"sum": total}
    if any(share < 0 or share != share.quantize(Decimal("0.01")) for share in draft.shares.values()):
        errors["share_demand"] = _("A share has two decimals at most and is not below 0.")
    for name, low, high in (("share_years", 0, 30), ("nda_years", 0, 50), ("pay_days", 1, 120), ("accept_days", 1, 120)):
        if not low <= getattr(draft, name) <= high:
            errors[name] = _("Between %(low)s and %(high)s.") % {"low": low, "high": high}
    for name in ("penalty_demand", "penalty_supply"):
        value = getattr(draft, name)
        if not 0 <= value <= 1 or value != value.quantize(Decimal("0.01")):
            errors[name] = _("Between 0 and 1 per cent a day, with two decimals at most.")
    if draft.owner not in ResultsOwner.values:
        errors["owner"] = _("Say who owns the results.")
    if wrong := draft.left_out - OPTIONAL:
        errors["left_out"] = _("These clauses cannot be left out: %(names)s.") % {"names": ", ".join(sorted(wrong))}
    if errors:
        raise InvalidInputError(
            ngettext("One entry needs correction.", "%(n)s entries need correction.", len(errors)) % {"n": len(errors)},
            code="terms_invalid",
            fields=errors,
        )


def _milestone_errors(index: int, milestone: Milestone, draft: Draft) -> dict[str, StrOrPromise]:
    errors: dict[str, StrOrPromise] = {}
    place = f"milestones-{index}-"
    for name, words in (
        ("title", gettext_lazy("Name the milestone, in English or in Chinese.")),
        ("deliverable", gettext_lazy("Say what is handed over, in English or in Chinese.")),
        ("test", gettext_lazy("Say by what it is accepted, in English or in Chinese.")),
    ):
        texts = [getattr(milestone, f"{name}_{language}") for language in ("en", "zh")]
        if not any(clean(text) for text in texts):
            errors[f"{place}{name}_en"] = words
        if any(len(text) > 1000 for text in texts):
            errors[f"{place}{name}_en"] = _("This is longer than %(most)s characters.") % {"most": 1000}
    if not draft.starts_on <= milestone.due_on <= draft.ends_on:
        errors[f"{place}due_on"] = _("The day lies outside the term of the contract.")
    if milestone.amount < 0 or milestone.amount != milestone.amount.quantize(Decimal("0.01")):
        errors[f"{place}amount"] = _("An amount is not below 0 and has two decimals at most.")
    if milestone.amount >= Decimal("1e12"):
        errors[f"{place}amount"] = _("This amount is too large.")
    return errors


# ---------------------------------------------------------------------------------------------------------------- building

_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")


def _group_in_words(number: int) -> str:
    words, zero = "", False
    for place in range(3, -1, -1):
        digit = number // 10**place % 10
        if digit:
            words += ("零" if zero and words else "") + _DIGITS[digit] + _PLACES[place]
            zero = False
        else:
            zero = True
    return words


def _whole_in_words(number: int) -> str:
    for base, sign in ((10**8, "亿"), (10**4, "万")):
        if number >= base:
            head, rest = divmod(number, base)
            gap = "零" if rest and rest < base // 10 else ""
            return _whole_in_words(head) + sign + (gap + _whole_in_words(rest) if rest else "")
    return _group_in_words(number)


def amount_in_words(amount: Decimal) -> str:
    """A sum of money in Chinese capitals, as contracts write it (人民币大写).

    Source: the rules for filling in bills and settlement vouchers of the People's Bank of China (正确填写票据和结算凭证的基本规定).
    """
    cents = int((amount * 100).to_integral_value())
    yuan, jiao, fen = cents // 100, cents // 10 % 10, cents % 10
    words = f"{_whole_in_words(yuan)}元" if yuan else ""
    if not jiao and not fen:
        return f"{words or '零元'}整"
    if jiao:
        words += f"{_DIGITS[jiao]}角"
    elif words:
        words += "零"
    return words + (f"{_DIGITS[fen]}分" if fen else "整")


def write_amount(amount: Decimal) -> str:
    """A sum with two decimals and separators of thousands."""
    return f"{amount:,.2f}"


def _plain(number: Decimal) -> str:
    """A number without zeros at its end."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def both(en: str, zh: str, language: str) -> str:
    """A text in one language, else in the other one."""
    return (zh or en) if language == "zh" else (en or zh)


OWNERS: Final = {
    ResultsOwner.DEMAND: {"en": "Party A", "zh": "甲方"},
    ResultsOwner.SUPPLY: {"en": "Party B", "zh": "乙方"},
    ResultsOwner.JOINT: {"en": "Party A and Party B jointly", "zh": "甲乙双方共同"},
}


def build_content(
    draft: Draft,
    *,
    code: str,
    parties: tuple[PartyName, ...],
    template: TemplateText,
    refs: tuple[str, str] = ("", ""),
    amends: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The content of a version: facts and the filled clauses, whole in itself; only texts, whole numbers, lists, mappings.

    Args:
        draft: Checked terms.
        code: Code of the contract.
        parties: The three, in the order of :class:`PartyRole`.
        template: Template with its clauses.
        refs: Codes of the listings of both sides, where there are any.
        amends: For an amendment: the contract, its own number and the digest of the text it replaces.
    """
    milestones = sorted(draft.milestones, key=lambda one: one.due_on)
    price = sum((one.amount for one in milestones), Decimal(0))
    brings = {
        role: {"en": clean(draft.brings.get(role, ("", ""))[0]), "zh": clean(draft.brings.get(role, ("", ""))[1])}
        for role in PartyRole.values
    }
    content: dict[str, Any] = {
        "schema": SCHEMA,
        "contract": code,
        **({"amends": amends} if amends else {}),
        "listings": {"demand": refs[0], "supply": refs[1]},
        "template": {
            "key": template.key,
            "version": template.version,
            "title_en": template.title_en,
            "title_zh": template.title_zh,
        },
        "parties": [
            {
                "role": one.role,
                "code": one.code,
                "name_en": one.name_en,
                "name_zh": one.name_zh,
                "brings_en": brings[one.role]["en"],
                "brings_zh": brings[one.role]["zh"],
            }
            for one in parties
        ],
        **{
            f"{name}_{language}": clean(getattr(draft, f"{name}_{language}"))
            for name in ("title", "scope", "aims", "excluded", "risk", "refund", "forum")
            for language in ("en", "zh")
        },
        "starts_on": draft.starts_on.isoformat(),
        "ends_on": draft.ends_on.isoformat(),
        "currency": "CNY",
        "price": f"{price:.2f}",
        "milestones": [
            {
                "number": number,
                **{
                    f"{name}_{language}": clean(getattr(one, f"{name}_{language}"))
                    for name in ("title", "deliverable", "test")
                    for language in ("en", "zh")
                },
                "due_on": one.due_on.isoformat(),
                "amount": f"{one.amount:.2f}",
            }
            for number, one in enumerate(milestones, start=1)
        ],
        "owner": draft.owner,
        "nda_years": draft.nda_years,
        "pay_days": draft.pay_days,
        "accept_days": draft.accept_days,
        "penalty": {"demand": f"{draft.penalty_demand:.2f}", "supply": f"{draft.penalty_supply:.2f}"},
        "benefit": {
            "shares": {role: f"{draft.shares.get(role, Decimal(0)):.2f}" for role in PartyRole.values},
            "years": draft.share_years,
            "basis_en": clean(draft.basis_en),
            "basis_zh": clean(draft.basis_zh),
        },
        "left_out": sorted(draft.left_out),
    }
    values = {language: _values(content, language) for language in ("en", "zh")}
    articles: list[dict[str, Any]] = []
    for article in template.articles:
        clauses = [one for one in article.clauses if one.key not in draft.left_out]
        if clauses:
            articles.append(
                {
                    "number": len(articles) + 1,
                    "title_en": article.title_en,
                    "title_zh": article.title_zh,
                    "clauses": [
                        {
                            "key": one.key,
                            "version": one.version,
                            "en": fill(one.body_en, values["en"]),
                            "zh": fill(one.body_zh, values["zh"]),
                        }
                        for one in clauses
                    ],
                }
            )
    content["articles"] = articles
    return content


def amendment_content(content: dict[str, Any], sha256: str, *, main: str, number: int) -> dict[str, Any]:
    """The text in effect as the first version of an amendment, which later versions are compared with.

    Args:
        content: The text in effect.
        sha256: Its digest.
        main: Code of the contract.
        number: Which amendment it is, from 1.
    """
    amends = {"contract": main, "number": number, "replaces_sha256": sha256}
    return {**content, "contract": f"{main}-A{number}", "amends": amends}


def _values(content: dict[str, Any], language: str) -> dict[str, str]:
    price = Decimal(content["price"])
    day = "zh-hans" if language == "zh" else "en"
    names = {LETTERS[PartyRole(one["role"])]: one for one in content["parties"]}
    text = {
        name: both(content[f"{name}_en"], content[f"{name}_zh"], language) or NOTHING[language]
        for name in ("title", "scope", "aims", "excluded", "risk", "refund", "forum")
    }
    if text["forum"] == NOTHING[language]:
        text["forum"] = "甲方所在地人民法院" if language == "zh" else "the people’s court at the seat of Party A"
    shares = content["benefit"]["shares"]
    return {
        **text,
        **{f"{letter}.name": both(one["name_en"], one["name_zh"], language) for letter, one in names.items()},
        **{
            f"{letter}.brings": both(one["brings_en"], one["brings_zh"], language) or _usual(letter, language)
            for letter, one in names.items()
        },
        "starts_on": format_day(date.fromisoformat(content["starts_on"]), day),
        "ends_on": format_day(date.fromisoformat(content["ends_on"]), day),
        "price": write_amount(price),
        "price_words": amount_in_words(price),
        "pay_days": str(content["pay_days"]),
        "accept_days": str(content["accept_days"]),
        "owner": OWNERS[ResultsOwner(content["owner"])][language],
        "share.a": _plain(Decimal(shares[PartyRole.DEMAND])),
        "share.b": _plain(Decimal(shares[PartyRole.SUPPLY])),
        "share.c": _plain(Decimal(shares[PartyRole.WITNESS])),
        "share.years": str(content["benefit"]["years"]),
        "share.basis": both(content["benefit"]["basis_en"], content["benefit"]["basis_zh"], language),
        "nda_years": str(content["nda_years"]),
        "penalty.a": _plain(Decimal(content["penalty"]["demand"])),
        "penalty.b": _plain(Decimal(content["penalty"]["supply"])),
    }


def _usual(letter: str, language: str) -> str:
    words = {
        "a": {"en": "data, access and staff as the work needs them", "zh": "工作所需的资料、场地和配合人员"},
        "b": {"en": "its own people", "zh": "本单位人员"},
        "c": {"en": "people to follow the work", "zh": "跟踪人员"},
    }
    return words[letter][language]


def fill(body: str, values: dict[str, str]) -> str:
    """A clause with its placeholders filled; once only, so that what a party wrote is never read as a placeholder."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), body)


def digest(content: dict[str, Any]) -> str:
    """SHA-256 of the canonical JSON of a content, in hex: what the parties sign."""
    return hashlib.sha256(canonical(content).encode()).hexdigest()


# ----------------------------------------------------------------------------------------------------------------- reading


def draft_of(content: dict[str, Any]) -> Draft:
    """The terms of a version as they were proposed, to begin the next one with."""
    text = {
        f"{name}_{language}": content[f"{name}_{language}"]
        for name in ("title", "scope", "aims", "excluded", "risk", "refund", "forum")
        for language in ("en", "zh")
    }
    return Draft(
        **text,
        starts_on=date.fromisoformat(content["starts_on"]),
        ends_on=date.fromisoformat(content["ends_on"]),
        milestones=tuple(
            Milestone(
                one["title_en"],
                one["title_zh"],
                one["deliverable_en"],
                one["deliverable_zh"],
                one["test_en"],
                one["test_zh"],
                date.fromisoformat(one["due_on"]),
                Decimal(one["amount"]),
            )
            for one in content["milestones"]
        ),
        shares={role: Decimal(share) for role, share in content["benefit"]["shares"].items()},
        share_years=content["benefit"]["years"],
        basis_en=content["benefit"]["basis_en"],
        basis_zh=content["benefit"]["basis_zh"],
        owner=content["owner"],
        nda_years=content["nda_years"],
        pay_days=content["pay_days"],
        accept_days=content["accept_days"],
        penalty_demand=Decimal(content["penalty"]["demand"]),
        penalty_supply=Decimal(content["penalty"]["supply"]),
        brings={one["role"]: (one["brings_en"], one["brings_zh"]) for one in content["parties"]},
        left_out=frozenset(content["left_out"]),
    )


def sections_of(content: dict[str, Any]) -> list[Section]:
    """The whole text in sections, for reading, comparing and commenting: facts first, then the articles."""
    names = [
        (f"{both(one['name_en'], one['name_zh'], 'en')} ({one['code']})", both(one["name_en"], one["name_zh"], "zh"), one)
        for one in content["parties"]
    ]
    found = [
        *_amendment_sections(content),
        Section("title", gettext_lazy("Title"), content["title_en"], content["title_zh"]),
        Section(
            "parties",
            gettext_lazy("Parties"),
            "\n".join(
                f"{LETTERS[PartyRole(one['role'])].upper()}: {english}"
                + (f" — {one['brings_en']}" if one["brings_en"] else "")
                for english, _chinese, one in names
            ),
            "\n".join(
                f"{LETTERS[PartyRole(one['role'])].upper()}：{chinese}"
                + (f"——{one['brings_zh']}" if one["brings_zh"] else "")
                for _english, chinese, one in names
            ),
        ),
        *(
            Section(
                f"milestone-{one['number']}", _("Milestone %(number)s") % {"number": one["number"]}, *_milestone_text(one)
            )
            for one in content["milestones"]
        ),
    ]
    for article in content["articles"]:
        label = _("Article %(number)s") % {"number": article["number"]}
        found.append(
            Section(
                f"article-{article['number']}",
                label,
                "\n".join([article["title_en"], *(one["en"] for one in article["clauses"])]),
                "\n".join([article["title_zh"], *(one["zh"] for one in article["clauses"])]),
            )
        )
    return found


def _milestone_text(one: dict[str, Any]) -> tuple[str, str]:
    day, amount = date.fromisoformat(one["due_on"]), write_amount(Decimal(one["amount"]))
    tails = {"en": f"{format_day(day, 'en')} · CNY {amount}", "zh": f"{format_day(day, 'zh-hans')}，人民币 {amount} 元"}
    lines = [
        "\n".join(
            [*(text for name in ("title", "deliverable", "test") if (text := one[f"{name}_{language}"])), tails[language]]
        )
        for language in ("en", "zh")
    ]
    return lines[0], lines[1]


def amendment_sentence(amends: dict[str, Any]) -> tuple[str, str]:
    """What an amendment does, in English and in Chinese; part of the text that is signed."""
    digest_of, number, main = amends["replaces_sha256"], amends["number"], amends["contract"]
    english = (
        f"Amendment {number} to contract {main}. Once all three parties have signed it and it is sealed, this text replaces the "
        f"terms of contract {main} that are in effect (SHA-256 {digest_of}). If it is not concluded, contract {main} goes on "
        "under those terms."
    )
    chinese = (
        f"合同{main}的补充协议（第{number}号）。三方签署并加盖电子印章后，以本文本代替合同{main}现行条款（SHA-256 {digest_of}）；"
        f"本补充协议未达成的，合同{main}按现行条款继续履行。"
    )
    return english, chinese


def _amendment_sections(content: dict[str, Any]) -> list[Section]:
    amends = content.get("amends")
    return [Section("amends", gettext_lazy("Amendment"), *amendment_sentence(amends))] if amends else []
