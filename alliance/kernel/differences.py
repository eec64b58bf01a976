"""Two texts compared: Chinese by characters, English by words; long texts paragraph by paragraph first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text: ``same``, ``ins`` (only in the newer version) or ``del`` (only in the older one)."""

    op: str
    text: str


_WORDS = re.compile(r"\w+|\s+|[^\w\s]")
_LINES = re.compile(r"[^\n]*\n|[^\n]+")
SHORT: Final = {"zh": 2, "en": 3}
"""An unchanged run no longer than this between two changes is drawn as changed: crumbs are hard to read."""
CLOSELY: Final = 4_000_000
"""Largest product of the numbers of words (or characters) for which two runs are compared word by word."""


def split_text(text: str, language: str) -> list[str]:
    """A text in the units it is compared by: characters for Chinese (``zh``), words, blanks and signs for English."""
    return list(text) if language == "zh" else _WORDS.findall(text)


def compare_texts(old: str, new: str, language: str) -> list[Piece]:
    """The newer text against the older one: by characters for Chinese (``zh``), by words for English (``en``).

    Leaving out the ``ins`` pieces gives the older text, leaving out the ``del`` pieces the newer one.
    """
    first: Sequence[str] = split_text(old, language)
    second: Sequence[str] = split_text(new, language)
    pieces: list[Piece] = []
    gone: list[str] = []
    come: list[str] = []

    def flush() -> None:
        if gone:
            pieces.append(Piece("del", "".join(gone)))
        if come:
            pieces.append(Piece("ins", "".join(come)))
        gone.clear()
        come.clear()

    codes = SequenceMatcher(None, first, second, autojunk=False).get_opcodes()
    for place, (op, i1, i2, j1, j2) in enumerate(codes):
        if op == "equal":
            crumb = 0 < place < len(codes) - 1 and i2 - i1 < SHORT[language]
            if crumb:
                gone += first[i1:i2]
                come += second[j1:j2]
                continue
            flush()
            pieces.append(Piece("same", "".join(first[i1:i2])))
        else:
            gone += first[i1:i2]
            come += second[j1:j2]
    flush()
    return pieces


def compare_long_texts(old: str, new: str, language: str) -> list[Piece]:
    """As :func:`compare_texts`, but lines are paired first, so that the time stays bounded for texts of any length.

    Lines that were exchanged for others are compared word by word while that is affordable (:data:`CLOSELY` steps for the whole
    text); beyond that the old lines stand as deleted and the new ones as added.
    """
    first, second = _LINES.findall(old), _LINES.findall(new)
    pieces: list[Piece] = []
    left = CLOSELY
    for op, i1, i2, j1, j2 in SequenceMatcher(None, first, second, autojunk=len(first) > 2_000).get_opcodes():
        gone, come = "".join(first[i1:i2]), "".join(second[j1:j2])
        if op == "equal":
            pieces.append(Piece("same", gone))
            continue
        cost = len(split_text(gone, language)) * len(split_text(come, language))
        if gone and come and cost <= left:
            left -= cost
            pieces += compare_texts(gone, come, language)
            continue
        pieces += [Piece("del", gone)] if gone else []
        pieces += [Piece("ins", come)] if come else []
    return join_pieces(pieces)


def join_pieces(pieces: Sequence[Piece]) -> list[Piece]:
    """Neighbours of one kind as one piece."""
    joined: list[Piece] = []
    for piece in pieces:
        if joined and joined[-1].op == piece.op:
            joined[-1] = Piece(piece.op, joined[-1].text + piece.text)
        elif piece.text:
            joined.append(piece)
    return joined


def fold_pieces(pieces: Sequence[Piece], *, around: int = 160) -> list[Piece]:
    """Long unchanged runs cut down to what stands around the changes; a cut is a piece ``gap`` without text."""
    folded: list[Piece] = []
    last = len(pieces) - 1
    for place, piece in enumerate(pieces):
        if piece.op != "same" or len(piece.text) <= 3 * around:
            folded.append(piece)
            continue
        if place > 0:
            folded.append(Piece("same", piece.text[:around]))
        folded.append(Piece("gap", ""))
        if place < last:
            folded.append(Piece("same", piece.text[-around:]))
    return folded


def has_changed(pieces: Sequence[Piece]) -> bool:
    """Whether anything differs."""
    return any(piece.op in {"ins", "del"} for piece in pieces)
