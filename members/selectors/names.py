"""Names of institutions: cleaned, told apart by script, folded for comparison, keyed for sorting."""

from __future__ import annotations

import re
import unicodedata

from django.utils.translation import get_language
from pypinyin import lazy_pinyin

NAME_MAX_LENGTH = 300
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]")
_SEPARATORS = re.compile(r"[\W_]+")
_BLANKS = re.compile(r"\s+")


def has_han(text: str) -> bool:
    """Whether a text holds at least one Chinese character."""
    return not text.isascii() and _HAN.search(text) is not None


def clean_text(text: str) -> str:
    """A text in NFC, without blanks at its ends, inner blanks (U+3000 too) as one space."""
    if text.isascii():
        return " ".join(text.split())
    return _BLANKS.sub(" ", unicodedata.normalize("NFC", text)).strip()


def fold_name(name: str) -> str:
    """The name as it is compared: case, accents, width, punctuation and blanks make no difference.

    "Université de  Lyon" and "UNIVERSITE DE LYON" are the same institution; so are "织造（广东）研究院" and "织造(广东)研究院".
    A name of punctuation alone folds to itself, so that two of them differ.
    """
    if name.isascii():
        folded = _SEPARATORS.sub(" ", name.lower()).strip()
        return (folded or name)[:NAME_MAX_LENGTH]
    decomposed = unicodedata.normalize("NFKD", name)
    bare = "".join(character for character in decomposed if not unicodedata.combining(character))
    # Composed again, or the parts of a Hangul syllable or a kana with its mark would count as separators.
    folded = _SEPARATORS.sub(" ", unicodedata.normalize("NFC", bare).casefold()).strip()
    return (folded or name)[:NAME_MAX_LENGTH]


def name_key_of(name_en: str, name_zh: str) -> str:
    """The folded name that stands for an institution: the English one, else the Chinese one."""
    return fold_name(name_en or name_zh)


def sort_key_of(name_en: str, name_zh: str) -> str:
    """Latin letters or pinyin, lower case; the database has no Chinese collation."""
    name = name_en or name_zh
    return fold_name(" ".join(lazy_pinyin(name)) if has_han(name) else name)


def sort_key_zh_of(name_en: str, name_zh: str) -> str:
    """The sort key of lists read in Chinese: the pinyin of the Chinese name, else the English name."""
    return sort_key_of(name_zh, name_en)


def keys_of(name_en: str, name_zh: str) -> tuple[str, str, str]:
    """The name key and the two sort keys together: the same text unless a name must be read in pinyin."""
    key = name_key_of(name_en, name_zh)
    sort_key = sort_key_of(name_en, name_zh) if has_han(name_en or name_zh) else key
    return key, sort_key, sort_key_zh_of(name_en, name_zh) if name_en and name_zh else sort_key


def sort_field() -> str:
    """The column that lists of institutions sort by in the active language."""
    return "sort_key_zh" if (get_language() or "").startswith("zh") else "sort_key"
