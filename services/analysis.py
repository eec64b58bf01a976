"""Cuts text into the words that demands and supplies are compared by; one analyser for both languages and both sides.

Latin words are lower-cased and stemmed (Porter, An algorithm for suffix stripping, Program 14(3), 1980, in the revised form
of the Snowball project, by PyStemmer). Chinese is segmented by the dictionary and the hidden Markov model of jieba (in the
implementation of the package ``rjieba``), the words inside long compounds included; characters it leaves single are joined with their single neighbours, because a
name or a new compound is made of such, and a single character by itself is no word here: it would stand in half of all texts.
Without ``rjieba`` pairs of neighbouring characters take the place of words (Nie, Gao, Zhang and Zhou, On the use of words and
n-grams for Chinese information retrieval, 2000), which needs no dictionary and finds about as much.

The same text gives the same words on every machine with the same :data:`VERSION`; it enters the digest of every indexed text.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import re
import threading
import unicodedata
from typing import TYPE_CHECKING, Any, Final

import Stemmer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TERM_LENGTH: Final = 64
"""Longer words are cut; the column of the index has this width."""

_CHINESE: Final = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_RUNS: Final = re.compile(rf"([{_CHINESE}]+)|((?:(?![{_CHINESE}_])\w)+)")
_CHINESE_RUN: Final = re.compile(rf"[{_CHINESE}]")

_STOP: Final = (
    "an and any are as at be been but by can could did do does for from had has have he her his how if in into is it its "
    "may of on or our she should so such than that the their them then there these they this those to was we were what when "
    "where which who whom whose why will with would you your"
)
_STOP_ZH: Final = (
    "一个 一些 一种 以及 及其 什么 他们 但是 其中 其他 可以 哪个 哪些 因为 如何 如果 它们 对于 并且 怎样 怎么 我们 或者 所以 "
    "这个 这些 这种 进行 通过 那些 还是 为了 为什么"
)
STOP_WORDS: Final = frozenset(_STOP.split())
STOP_WORDS_ZH: Final = frozenset(_STOP_ZH.split())


def _segmenter() -> tuple[str, Callable[[str], list[str]] | None]:
    """The segmenter that is installed, with its name and version; none: pairs of characters."""
    try:
        module: Any = importlib.import_module("rjieba")
    except ImportError:
        return "bigrams", None
    return f"rjieba-{importlib.metadata.version('rjieba')}", module.cut_for_search


SEGMENTER, _cut = _segmenter()
NAME: Final = "words"
VERSION: Final = f"1+{SEGMENTER}+snowball-{Stemmer.version()}"
"""Rises with every change of this module that gives another word for any text."""

_local = threading.local()


def _stem(words: list[str]) -> list[str]:
    """Stems of lower-case words. A stemmer keeps state between calls: each thread has its own."""
    stemmer = getattr(_local, "stemmer", None)
    if stemmer is None:
        stemmer = _local.stemmer = Stemmer.Stemmer("english")
    stems: list[str] = stemmer.stemWords(words)
    return stems


def pairs(run: str) -> list[str]:
    """Pairs of neighbouring characters; a run of one character gives nothing."""
    return [run[place : place + 2] for place in range(len(run) - 1)]


def _segment(run: str) -> Iterator[str]:
    if _cut is None:
        yield from pairs(run)
        return
    singles = ""
    for word in _cut(run):
        if len(word) == 1:
            singles += word
            continue
        if singles:
            yield from pairs(singles)
            singles = ""
        yield word
    yield from pairs(singles)


def analyse_with_forms(text: str) -> list[tuple[str, str]]:
    """Every word of a text in its order, as the index knows it and as the text writes it (after NFKC)."""
    plain = unicodedata.normalize("NFKC", text)
    found: list[tuple[str, str]] = []
    latin: list[int] = []
    for match in _RUNS.finditer(plain):
        chinese, word = match.groups()
        if chinese:
            found += [(piece[:TERM_LENGTH], piece) for piece in _segment(chinese) if piece not in STOP_WORDS_ZH]
        elif len(word) > 1 and (lower := word.lower()) not in STOP_WORDS:
            latin.append(len(found))
            found.append((lower, word))
    for place, stem in zip(latin, _stem([found[place][0] for place in latin]), strict=True):
        found[place] = (stem[:TERM_LENGTH], found[place][1])
    return found


def analyse(text: str) -> list[str]:
    """Words of a text as the index knows them, in their order, repeated as often as they stand there."""
    return [term for term, _form in analyse_with_forms(text)]


def language_of(text: str) -> str:
    """``zh`` when at least a fifth of the letters are Chinese characters, else ``en``; the two languages of the index."""
    letters = sum(1 for character in text if character.isalpha())
    return "zh" if letters and len(_CHINESE_RUN.findall(text)) * 5 >= letters else "en"
