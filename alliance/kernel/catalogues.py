"""Message catalogues without gettext's programs: extract, merge, check and compile.

Python sources are read by Babel's extractor, templates by Django's own ``templatize``; catalogues are read and written
by polib. A file that cannot be read stops the work: half a catalogue would drop translations.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import polib as _polib
from django.template.exceptions import TemplateSyntaxError
from django.utils.translation.template import templatize

if TYPE_CHECKING:
    from collections.abc import Mapping

polib: Any = _polib
"""The package has no types."""

APPS = ("alliance", "members", "groups", "operations", "services", "targets", "evaluation")
TEMPLATES = "templates"
LANGUAGES = ("zh_Hans",)
PLURAL_FORMS = {"zh_Hans": "nplurals=1; plural=0;", "en": "nplurals=2; plural=(n != 1);"}
NAMED = re.compile(r"%\((?P<name>\w+)\)[#0\- +]*[\d.]*[a-zA-Z]|%[sd]")
KEYWORDS: dict[str, Any] = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop"), None),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), ((1, "c"), 2, 3)),
}
_CALL = re.compile(r"(?<![\w.])(?P<function>gettext|pgettext|ngettext|npgettext|_)\(")
_LITERAL = re.compile(r"\s*u?(?P<text>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")\s*(?P<end>[,)])", re.DOTALL)


class CatalogueError(Exception):
    """A source or a catalogue cannot be read; the text says which and why."""


Key = tuple[str, str]
"""Context (empty: none) and English text."""


@dataclass(slots=True)
class Message:
    """A text of the interface.

    Attributes:
        text: English source.
        plural: English plural, or empty.
        context: Context, or empty.
        files: Files it stands in, relative to the project.
        comments: Comments for translators.
    """

    text: str
    plural: str = ""
    context: str = ""
    files: set[str] = field(default_factory=set)
    comments: set[str] = field(default_factory=set)


# ------------------------------------------------------------------------------------------------------------ extraction


def extract(base: Path) -> dict[Key, Message]:
    """Every text marked for translation in our apps and templates.

    Args:
        base: The project's folder.

    Raises:
        CatalogueError: A file cannot be parsed.
    """
    found: dict[Key, Message] = {}
    for path in python_files(base):
        for message in extract_python(path):
            _add(found, message, path.relative_to(base))
    for path in template_files(base):
        for message in extract_template(path.read_text(encoding="utf-8"), str(path.relative_to(base))):
            _add(found, message, path.relative_to(base))
    return found


def python_files(base: Path) -> Iterator[Path]:
    """Python sources of our apps, without migrations."""
    for app in APPS:
        yield from sorted(path for path in (base / app).rglob("*.py") if "migrations" not in path.parts)


def template_files(base: Path) -> Iterator[Path]:
    """Templates of every kind."""
    for folder in (base / TEMPLATES, *(base / app / "templates" for app in APPS)):
        yield from sorted(path for path in folder.rglob("*") if path.suffix in {".html", ".txt", ".xml", ".svg"})


def extract_python(path: Path) -> list[Message]:
    """Texts of one Python file."""
    from babel.messages.extract import extract as babel_extract  # noqa: PLC0415 - a tool for development only

    source = path.read_text(encoding="utf-8")
    try:
        ast.parse(source)
        with path.open("rb") as file:
            rows = list(
                babel_extract(
                    "python", file, keywords=KEYWORDS, comment_tags=("Translators:",), options={"encoding": "utf-8"}
                )
            )
    except (SyntaxError, UnicodeDecodeError) as error:
        message = f"{path}: {error}"
        raise CatalogueError(message) from error
    messages = []
    for _line, texts, comments, context in rows:
        pair = texts if isinstance(texts, tuple) else (texts, "")
        if pair[0]:
            messages.append(Message(pair[0], pair[1] or "", context or "", comments=set(comments)))
    return messages


def extract_template(source: str, name: str) -> list[Message]:
    """Texts of one template."""
    try:
        code = templatize(source, origin=name)
    except (TemplateSyntaxError, SyntaxError) as error:
        message = f"{name}: {error}"
        raise CatalogueError(message) from error
    messages = []
    for call in _CALL.finditer(code):
        arguments = _literals(code, call.end())
        match call["function"], arguments:
            case (("gettext" | "_"), [text, *_]):
                messages.append(Message(text))
            case "pgettext", [context, text, *_]:
                messages.append(Message(text, context=context))
            case "ngettext", [text, plural, *_]:
                messages.append(Message(text, plural))
            case "npgettext", [context, text, plural, *_]:
                messages.append(Message(text, plural, context))
    return [message for message in messages if message.text]


def _literals(code: str, start: int) -> list[str]:
    found: list[str] = []
    while match := _LITERAL.match(code, start):
        found.append(str(ast.literal_eval(match["text"].replace("\n", "\\n"))))
        start = match.end()
        if match["end"] == ")":
            break
    return found


def _add(found: dict[Key, Message], message: Message, path: Path) -> None:
    known = found.setdefault((message.context, message.text), message)
    known.plural = known.plural or message.plural
    known.comments |= message.comments
    known.files.add(str(PurePosixPath(path)))


# --------------------------------------------------------------------------------------------------------------- writing


def catalogue_path(base: Path, language: str) -> Path:
    """The catalogue of one language."""
    return base / "locale" / language / "LC_MESSAGES" / "django.po"


def read_catalogue(base: Path, language: str) -> Any:
    """A catalogue as it stands, empty when there is none.

    Raises:
        CatalogueError: It is not a catalogue.
    """
    path = catalogue_path(base, language)
    if not path.exists():
        return polib.POFile(wrapwidth=0)
    try:
        return polib.pofile(str(path), encoding="utf-8", wrapwidth=0)
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path}: {error}"
        raise CatalogueError(message) from error


def merge(found: Mapping[Key, Message], old: Any, language: str) -> Any:
    """A catalogue of exactly the found texts, sorted, with the translations that exist."""
    kept = {(entry.msgctxt or "", entry.msgid): entry for entry in old if not entry.obsolete}
    new = polib.POFile(wrapwidth=0)
    new.metadata = {
        "Project-Id-Version": "Alliance",
        "Language": language,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": PLURAL_FORMS[language],
    }
    for key in sorted(found, key=lambda key: (key[1].casefold(), key[1], key[0])):
        message = found[key]
        before = kept.get(key)
        entry = polib.POEntry(
            msgid=message.text,
            msgctxt=message.context or None,
            occurrences=[(name, "") for name in sorted(message.files)],
            comment="\n".join(sorted(message.comments)),
            tcomment=before.tcomment if before else "",
            flags=[],
        )
        if NAMED.search(message.text):
            entry.flags.append("python-format")
        if before and before.fuzzy:
            entry.flags.append("fuzzy")
        if message.plural:
            entry.msgid_plural = message.plural
            entry.msgstr_plural = dict(before.msgstr_plural) if before else {}
            if before and before.msgstr and not entry.msgstr_plural:
                entry.msgstr_plural = {0: before.msgstr}
            entry.msgstr_plural = entry.msgstr_plural or {0: ""}
        else:
            entry.msgstr = before.msgstr or before.msgstr_plural.get(0, "") if before else ""
        new.append(entry)
    return new


def write(base: Path, language: str, found: Mapping[Key, Message]) -> tuple[int, int]:
    """Bring a catalogue up to date; returns how many texts it has and how many of them wait for a translation."""
    path = catalogue_path(base, language)
    new = merge(found, read_catalogue(base, language), language)
    path.parent.mkdir(parents=True, exist_ok=True)
    new.save(str(path))
    return len(new), sum(1 for entry in new if not translations(entry))


def compile_all(base: Path) -> list[Path]:
    """Write the binary form beside every catalogue; returns the files."""
    done = []
    for path in sorted((base / "locale").glob("*/LC_MESSAGES/*.po")):
        catalogue = polib.pofile(str(path), encoding="utf-8")
        target = path.with_suffix(".mo")
        unfinished = target.with_suffix(f".{os.getpid()}.tmp")
        catalogue.save_as_mofile(str(unfinished))
        unfinished.replace(target)  # a process that starts meanwhile reads the old form or the new, never a half
        done.append(target)
    return done


def translations(entry: Any) -> list[str]:
    """The entry's translated texts; empty when any form is missing."""
    texts = list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]
    return texts if texts and all(texts) else []


# -------------------------------------------------------------------------------------------------------------- checking


def check(base: Path, language: str) -> list[str]:
    """What is wrong with a catalogue, one sentence a fault; empty when it is complete and fits the glossary."""
    found = extract(base)
    catalogue = read_catalogue(base, language)
    entries = {(entry.msgctxt or "", entry.msgid): entry for entry in catalogue if not entry.obsolete}
    faults = [f"missing: {_name(key)} ({min(found[key].files)})" for key in sorted(found) if key not in entries]
    faults += [f"no longer used: {_name(key)}" for key in sorted(entries) if key not in found]
    faults += [f"obsolete entry: {entry.msgid!r}" for entry in catalogue.obsolete_entries()]
    glossary = read_glossary(base / "docs" / "glossary.md")
    for key, entry in sorted(entries.items()):
        if key in found:
            faults += [f"{fault}: {_name(key)}" for fault in check_entry(entry, found[key], glossary)]
    return faults


def check_entry(entry: Any, message: Message, glossary: Glossary) -> Iterator[str]:
    """Faults of one entry."""
    if entry.fuzzy:
        yield "fuzzy"
    if (entry.msgid_plural or "") != message.plural:
        yield "its plural has changed"
    texts = translations(entry)
    if not texts:
        yield "not translated"
        return
    sources = [entry.msgid, entry.msgid_plural] if entry.msgid_plural else [entry.msgid]
    allowed = [placeholders(source) for source in sources]
    for text in texts:
        if placeholders(text) not in allowed:
            yield f"placeholders differ in {text!r} (should be {', '.join(sorted(allowed[-1])) or 'none'})"
        if entry.msgid.startswith("\n") != text.startswith("\n") or entry.msgid.endswith("\n") != text.endswith("\n"):
            yield "line ends at the edges differ"
        if entry.tcomment.startswith("glossary:"):
            continue  # the translator gives the reason for another word in the comment
        yield from glossary.check(entry.msgid, text)


def placeholders(text: str) -> frozenset[str]:
    """Placeholders of a text: names, and ``%s``/``%d`` by position."""
    bare = text.replace("%%", "")
    return frozenset(match["name"] or match[0] for match in NAMED.finditer(bare))


def _name(key: Key) -> str:
    context, text = key
    return f"{text!r} in the context {context!r}" if context else repr(text)


# -------------------------------------------------------------------------------------------------------------- glossary

_HAN = re.compile(r"[\u4e00-\u9fff]")
_CODE = re.compile(r"`[^`]*`")
_NOTE = re.compile(r"[（(][^（()）]*[)）]")
_NOT = re.compile(r"\bnot ((?:\*\*)?[\u4e00-\u9fff]+)")
_HALF_WIDTH = re.compile(r"[\u4e00-\u9fff][,;:?!]|[,;:?!][\u4e00-\u9fff]")
_ALSO = re.compile(r"\b(?:short|simply|softer|also|may say|official texts:|understood too|is) ([\u4e00-\u9fff]+)")
_ALWAYS_AVOID = re.compile(r"你|亲，|！|客户(?!端)|赋能|抓手|闭环")
_TOO_COMMON = frozenset({"the public"})
_WITH_NOUNS = frozenset({"1", "2", "3", "4", "8", "9"})
"""Sections whose terms of several words must keep their Chinese form also inside a sentence."""


@dataclass(slots=True)
class Glossary:
    """Pairs of English and Chinese terms.

    Attributes:
        exact: Term in lower case -> Chinese forms; holds for a text that is the term.
        inside: The same for terms of several words; holds wherever the term stands.
        refused: Term -> Chinese words that must not stand for it.
    """

    exact: dict[str, set[str]] = field(default_factory=dict)
    inside: dict[str, set[str]] = field(default_factory=dict)
    refused: dict[str, set[str]] = field(default_factory=dict)

    def check(self, source: str, text: str) -> Iterator[str]:
        """Contradictions between a translation and the glossary."""
        lower = source.lower().strip()
        wanted = self.exact.get(lower) or self.exact.get(lower.removesuffix("s"))
        if wanted and not any(form in text for form in wanted):
            yield f"the glossary has {' or '.join(sorted(wanted))} for {source!r}, not {text!r}"
        for term, forms in self.inside.items():
            if term != lower and _stands_in(term, lower) and not any(form in text for form in forms):
                yield f"the glossary has {' or '.join(sorted(forms))} for {term!r}"
        for term, words in self.refused.items():
            if _stands_in(term, lower):
                for word in words:
                    if word in text:
                        yield f"the glossary refuses {word} for {term!r}"
        if avoided := _ALWAYS_AVOID.search(text):
            yield f"the glossary refuses {avoided[0]}"
        if half := _HALF_WIDTH.search(re.sub(r"%\(\w+\)s", "", text)):
            yield f"half-width punctuation beside Chinese: {half[0]!r}"


def _stands_in(term: str, text: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(term)}(?:s|es)?(?![\w-])", text) is not None


def read_glossary(path: Path) -> Glossary:
    """The tables of the glossary page whose rows pair an English with a Chinese term."""
    glossary = Glossary()
    section = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            section = line.removeprefix("## ").partition(".")[0]
        cells = [part.strip() for part in line.strip().strip("|").split("|")] if line.startswith("| ") else []
        if len(cells) not in {2, 3, 4} or section in {"11", "12", "13", "14", "15"}:
            continue
        english, chinese = (cells[1], cells[2]) if len(cells) == 4 else (cells[0], cells[1])
        if not _HAN.search(chinese) or _HAN.search(english):
            continue
        note = cells[-1]
        refused_words = {word.strip("*") for word in _NOT.findall(note)}
        also = set(_ALSO.findall(note)) - refused_words
        pairs = list(_pairs(english, chinese))
        for terms, forms in pairs:
            glossary.exact.setdefault(terms, set()).update(forms, also if len(pairs) == 1 else ())
            if section in _WITH_NOUNS and (" " in terms or "-" in terms) and terms not in _TOO_COMMON:
                glossary.inside.setdefault(terms, set()).update(forms, also if len(pairs) == 1 else ())
            if refused := {word for word in refused_words if not any(word in form for form in forms)}:
                glossary.refused.setdefault(terms, set()).update(refused)
    return glossary


def _pairs(english: str, chinese: str) -> Iterator[tuple[str, set[str]]]:
    """Pair the parts of ``a / b`` with those of ``甲 / 乙``; a lone term takes every Chinese form given."""
    english = re.sub(r"\s+", " ", re.sub(r"^[a-z ]+: ", "", _NOTE.sub("", _CODE.sub("", english))))
    chinese = _NOTE.sub("", chinese).replace("**?**", "")
    for separator_en, separator_zh in ((r"\s*/\s*|\s*→\s*", r"\s*/\s*|\s*→\s*"), (r",\s*", r",\s*"), (r";\s*", r";\s*")):
        left = [part.strip().lower() for part in re.split(separator_en, english) if part.strip()]
        right = [part.strip() for part in re.split(separator_zh, chinese) if part.strip()]
        if len(left) > 1 and len(left) == len(right):
            yield from ((term, {form}) for term, form in zip(left, right, strict=True) if _HAN.search(form))
            return
    term = english.strip().lower()
    forms = {part.strip() for part in re.split(r"[,;/]\s*", chinese) if _HAN.search(part)}
    if term and forms and "…" not in chinese:
        yield term, forms
