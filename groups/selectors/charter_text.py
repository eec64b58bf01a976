"""The charter as text: read from its written form, reduced to a digest, and compared between versions."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from alliance.actions.audit import canonical
from alliance.kernel.differences import Piece, compare_texts

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from groups.models import CharterArticle, CharterVersion

MOST_ARTICLES = 300
MOST_CHARACTERS = 400_000
FIELDS = ("chapter_en", "chapter_zh", "title_en", "title_zh", "body_en", "body_zh")
RULES = ("grace_days", "quorum_numerator", "quorum_denominator", "proxies_per_holder", "circulation_days")


# ------------------------------------------------------------------------------------------------------- reading it


@dataclass(slots=True)
class ArticleText:
    """One article as written.

    Attributes:
        number: Its number.
        line: Line of its heading in the written form.
    """

    number: int
    line: int = 0
    chapter_en: str = ""
    chapter_zh: str = ""
    title_en: str = ""
    title_zh: str = ""
    body_en: str = ""
    body_zh: str = ""


@dataclass(slots=True)
class ReadCharter:
    """What was read, and what is wrong with it."""

    articles: list[ArticleText] = field(default_factory=list)
    faults: list[StrOrPromise] = field(default_factory=list)


_ARTICLE_ZH = re.compile(r"第\s*([〇零一二三四五六七八九十百两\d]+)\s*条\s*(.*)")
_ARTICLE_EN = re.compile(r"Article\s+(\d+)\b[.:]?\s*(.*)", re.IGNORECASE)
_HAN = re.compile(r"[\u3400-\u9fff]")
_LATIN = re.compile(r"[A-Za-z]")
_DIGITS = {character: value for value, character in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}


def chinese_number(text: str) -> int | None:
    """A whole number below 1,000 in Chinese or Arabic numerals, such as 二十三, 一百零五 or 23; None for anything else."""
    if text.isdecimal():
        return int(text)
    total = digit = 0
    for character in text:
        if character in _DIGITS:
            digit = _DIGITS[character]
        elif character in "十百":
            total += (digit or 1) * (10 if character == "十" else 100)
            digit = 0
        else:
            return None
    return total + digit or None


def is_chinese(line: str) -> bool:
    """Whether a line is Chinese: English lines may hold a Chinese word, Chinese ones Latin abbreviations."""
    return len(_HAN.findall(line)) * 3 > len(_LATIN.findall(line))


def _halves(heading: str) -> tuple[str, str]:
    """Chinese and English half of a heading; either may be missing."""
    parts = [part.strip() for part in re.split(r"\s+[·|/]\s+", heading, maxsplit=1)]
    chinese = " ".join(part for part in parts if is_chinese(part))
    english = " ".join(part for part in parts if part and not is_chinese(part))
    return chinese, english


def read_charter(text: str) -> ReadCharter:
    """Read a charter from its written form.

    ``## 第一章 总则 · Chapter I General`` begins a chapter, ``### 第一条 名称 · Article 1 Name`` an article; the lines under
    it are its text, Chinese and English told apart by their script. What stands before the first article is left aside.

    Returns:
        The articles and every fault found, with its line.
    """
    found = ReadCharter()
    if len(text) > MOST_CHARACTERS:
        found.faults.append(_("The text is longer than %(most)s characters.") % {"most": MOST_CHARACTERS})
        return found
    chapter = ("", "")
    bodies: tuple[list[str], list[str]] = ([], [])
    for place, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if line.startswith("### "):
            _close(found, bodies)
            bodies = ([], [])
            _begin(found, line[4:], place, chapter)
        elif line.startswith("## "):
            _close(found, bodies)
            bodies = ([], [])
            chapter = _halves(line[3:])
        elif line.startswith("#"):
            continue
        elif line and found.articles:
            bodies[0 if is_chinese(line) else 1].append(line)
    _close(found, bodies)
    _check(found)
    return found


def _begin(found: ReadCharter, heading: str, place: int, chapter: tuple[str, str]) -> None:
    chinese, english = _halves(heading)
    by_chinese, by_english = _ARTICLE_ZH.match(chinese), _ARTICLE_EN.match(english)
    numbers = {
        number
        for number in (
            chinese_number(by_chinese[1]) if by_chinese else None,
            int(by_english[1]) if by_english else None,
        )
        if number is not None
    }
    if len(numbers) != 1:
        words = _(
            "Line %(line)s: the heading names no article, or two different numbers. Write “### 第一条 … · Article 1 …”."
        )
        found.faults.append(words % {"line": place})
        return
    found.articles.append(
        ArticleText(
            number=numbers.pop(),
            line=place,
            chapter_zh=chapter[0],
            chapter_en=chapter[1],
            title_zh=by_chinese[2].strip() if by_chinese else "",
            title_en=by_english[2].strip() if by_english else "",
        )
    )


def _close(found: ReadCharter, bodies: tuple[list[str], list[str]]) -> None:
    if found.articles and (bodies[0] or bodies[1]):
        article = found.articles[-1]
        article.body_zh = "\n".join(part for part in (article.body_zh, *bodies[0]) if part)
        article.body_en = "\n".join(part for part in (article.body_en, *bodies[1]) if part)


def _check(found: ReadCharter) -> None:
    if not found.articles and not found.faults:
        found.faults.append(_("No article was found. Each begins with a line such as “### 第一条 … · Article 1 …”."))
    if len(found.articles) > MOST_ARTICLES:
        found.faults.append(_("There are more than %(most)s articles.") % {"most": MOST_ARTICLES})
    for expected, article in enumerate(found.articles, start=1):
        values = {"line": article.line, "number": article.number, "expected": expected}
        if article.number != expected and not any("%" in str(fault) for fault in found.faults):
            words = _("Line %(line)s: article %(number)s stands where article %(expected)s is expected.")
            found.faults.append(words % values)
            break
    for article in found.articles:
        values = {"line": article.line, "number": article.number}
        if not article.body_zh and not article.body_en:
            found.faults.append(_("Line %(line)s: article %(number)s has no text.") % values)
        for name in ("chapter_en", "chapter_zh", "title_en", "title_zh"):
            if len(getattr(article, name)) > (120 if name.startswith("chapter") else 200):
                found.faults.append(_("Line %(line)s: the heading above article %(number)s is too long.") % values)
                break


def write_charter_text(articles: Iterable[Any]) -> str:
    """The written form of a charter; :func:`read_charter` gives the same articles back."""
    lines: list[str] = []
    chapter = ("", "")
    for article in articles:
        if (article.chapter_zh, article.chapter_en) != chapter:
            chapter = (article.chapter_zh, article.chapter_en)
            lines += [f"## {' · '.join(part for part in chapter if part)}", ""]
        english = f"Article {article.number} {article.title_en}".strip()
        lines.append(f"### 第{article.number}条 {article.title_zh} · {english}".replace("  ", " "))
        lines += [part for part in (article.body_zh, article.body_en) if part]
        lines.append("")
    return "\n".join(lines)


# --------------------------------------------------------------------------------------------------------- digest


def charter_digest(version: CharterVersion, articles: Iterable[CharterArticle]) -> str:
    """SHA-256 in hex of the canonical form of a version: its number, its rules and all articles in order."""
    form = {
        "form": "alliance-charter-1",
        "number": version.number,
        "rules": {name: getattr(version, name) for name in RULES},
        "articles": [
            {"number": article.number, **{name: getattr(article, name) for name in FIELDS}}
            for article in sorted(articles, key=lambda one: one.number)
        ],
    }
    return hashlib.sha256(canonical(form).encode()).hexdigest()


# ------------------------------------------------------------------------------------------------------- differences


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one article.

    Attributes:
        kind: ``same``, ``changed``, ``added`` or ``removed``.
        old_number: Its number in the older version; None when added.
        new_number: Its number in the newer version; None when removed.
        texts: Field name (``title_en`` ...) to the pieces of the comparison; fields empty in both are left out.
    """

    kind: str
    old_number: int | None
    new_number: int | None
    texts: dict[str, list[Piece]]

    @property
    def number(self) -> int:
        """The number under which a reader looks for it."""
        return self.new_number or self.old_number or 0

    @property
    def is_renumbered(self) -> bool:
        """Whether it stands under another number now."""
        return self.old_number is not None and self.new_number is not None and self.old_number != self.new_number


def compare_charters(old: Sequence[CharterArticle], new: Sequence[CharterArticle]) -> list[Change]:
    """What changed from one version to another, article by article in the order of the newer one.

    Articles are paired by their titles first, so that one put in between does not make all that follow look new; those
    between two paired ones are paired in their order.
    """
    changes: list[Change] = []
    names = [[article.title_zh or article.title_en for article in articles] for articles in (old, new)]
    for op, i1, i2, j1, j2 in SequenceMatcher(None, names[0], names[1], autojunk=False).get_opcodes():
        gone, come = list(old[i1:i2]), list(new[j1:j2])
        if op in {"equal", "replace"}:
            both = min(len(gone), len(come))
            changes += [_compare(a, b) for a, b in zip(gone[:both], come[:both], strict=True)]
            gone, come = gone[both:], come[both:]
        changes += [_compare(article, None) for article in gone]
        changes += [_compare(None, article) for article in come]
    return changes


def _compare(old: CharterArticle | None, new: CharterArticle | None) -> Change:
    texts: dict[str, list[Piece]] = {}
    for name in ("title_zh", "body_zh", "title_en", "body_en"):
        before, after = getattr(old, name, ""), getattr(new, name, "")
        if before or after:
            texts[name] = compare_texts(before, after, name[-2:])
    is_same = all(piece.op == "same" for pieces in texts.values() for piece in pieces)
    kind = "added" if old is None else "removed" if new is None else "same" if is_same else "changed"
    return Change(kind, old.number if old else None, new.number if new else None, texts)
