"""The score of a party after the evaluation of a contract: pure arithmetic of decimals, no database.

::

    score = mean over criteria of (mean over evaluators of the marks that count)
    part of a criterion = its mean / number of criteria that count

A mark is a whole number from 1 (very poor) to 5 (very good). A criterion that nobody could judge, or whose marks were all struck
by an appeal, is left out of both means; so is an evaluator of whom no mark is left. Where nothing counts there is no score.
Averaging first over the evaluators gives each criterion the same weight, however many could judge it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from services.choices import ReviewCriterion
from services.fit import ZERO, divide, exact

LOWEST: Final = 1
HIGHEST: Final = 5
CRITERIA: Final = tuple(ReviewCriterion.values)

Marks = Mapping[str, int]
Sheets = Mapping[str, Marks]
Struck = Mapping[str, Collection[str]]


@dataclass(frozen=True, slots=True)
class Score:
    """What marks add up to.

    Attributes:
        score: 1 to 5, with six places.
        parts: Criterion -> its part of the score, with six places; they add up to the score exactly.
        means: Criterion -> mean of its marks that count, with six places.
        sheets: Evaluators of whom a mark counts.
    """

    score: Decimal
    parts: Mapping[str, Decimal]
    means: Mapping[str, Decimal]
    sheets: int


def counting(sheets: Sheets, struck: Struck | None = None) -> dict[str, dict[str, int]]:
    """Criterion -> evaluator -> mark, of the marks that count; criteria and evaluators in a fixed order."""
    taken = struck or {}
    found: dict[str, dict[str, int]] = {}
    for criterion in CRITERIA:
        marks = {
            evaluator: sheets[evaluator][criterion]
            for evaluator in sorted(sheets)
            if criterion in sheets[evaluator] and criterion not in taken.get(evaluator, ())
        }
        if marks:
            found[criterion] = marks
    return found


def compute(sheets: Sheets, struck: Struck | None = None) -> Score | None:
    """The score of one evaluated party.

    Args:
        sheets: By evaluator: criterion -> mark.
        struck: By evaluator: criteria whose marks do not count.

    Returns:
        None where no mark counts.
    """
    marks = counting(sheets, struck)
    if not marks:
        return None
    means = {criterion: Decimal(sum(given.values())) / len(given) for criterion, given in marks.items()}
    score = exact(sum(means.values(), ZERO) / len(means))
    parts = divide(score, list(means.values()))
    return Score(
        score=score,
        parts=dict(zip(means, parts, strict=True)),
        means={criterion: exact(mean) for criterion, mean in means.items()},
        sheets=len({evaluator for given in marks.values() for evaluator in given}),
    )


def check_marks(marks: Mapping[str, Any]) -> bool:
    """Whether these are marks: known criteria, whole numbers from 1 to 5, one at least."""
    return bool(marks) and all(
        criterion in CRITERIA and isinstance(mark, int) and not isinstance(mark, bool) and LOWEST <= mark <= HIGHEST
        for criterion, mark in marks.items()
    )


# -------------------------------------------------------------------------------------------------------------- commitment


def committed_text(*, contract: str, by: str, of: str, version: int, marks: Marks, words: str) -> str:
    """Canonical JSON of what was given: keys sorted, no blanks, UTF-8."""
    return json.dumps(
        {"contract": contract, "by": by, "of": of, "version": version, "marks": dict(marks), "words": words},
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
    )


def digest_of(nonce: str, text: str) -> str:
    """The commitment: SHA-256 of the secret number, as it is written in hex, followed by the text; in hex."""
    return hashlib.sha256((nonce + text).encode()).hexdigest()
