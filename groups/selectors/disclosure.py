"""Whether the totals of a secret ballot would give a voter away (security.md section 4(b)).

A voter is *exposed* when only one choice of that voter fits the totals. Outsiders know totals, who took part and the weights;
a fellow voter knows the own vote as well, and the votes given by proxy. Exact, by a dynamic programme over subset sums whose
table is one long integer: bit ``yes * stride + no`` says that some assignment of the others gives these totals.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from groups.choices import Choice, ResultLevel

MOST_BITS = 4_000_000_000
"""Bits touched at most; above it the cautious answer is given instead of the exact one."""


@dataclass(frozen=True, slots=True)
class Known:
    """One vote.

    Attributes:
        voter: Who knows it: the institution that cast it, for itself or by proxy.
        weight: Its weight.
        choice: What was voted.
    """

    voter: int
    weight: int
    choice: str


def level_of(votes: Sequence[Known]) -> str:
    """How much of the result may be told: totals, totals to tellers only, or the outcome only.

    Args:
        votes: All votes that count.
    """
    if not votes:
        return ResultLevel.TOTALS
    if _gives_away(votes):
        return ResultLevel.OUTCOME
    for knower in {vote.voter for vote in votes}:
        if _gives_away([vote for vote in votes if vote.voter != knower]):
            return ResultLevel.TELLERS
    return ResultLevel.TOTALS


def _gives_away(votes: Sequence[Known]) -> bool:
    """Whether the totals of these votes expose one of their voters."""
    if not votes or _is_hidden_by_swapping(votes):
        return False
    # Of equal weights, swapping is the whole truth: all voted the same.
    return len({vote.weight for vote in votes}) == 1 or _is_exposed(votes)


def _is_hidden_by_swapping(votes: Sequence[Known]) -> bool:
    """Whether for every weight two voters of that weight voted differently; then nobody is exposed."""
    choices: dict[int, set[str]] = {}
    for vote in votes:
        choices.setdefault(vote.weight, set()).add(vote.choice)
    return all(len(seen) > 1 for seen in choices.values())


def _is_exposed(votes: Sequence[Known]) -> bool:
    """Whether some voter's choice follows from the totals of these votes."""
    total = sum(vote.weight for vote in votes)
    counts = Counter(vote.weight for vote in votes)
    if len(counts) * len(votes) * (total + 1) ** 2 > MOST_BITS:
        return True
    yes = sum(vote.weight for vote in votes if vote.choice == Choice.YES)
    no = sum(vote.weight for vote in votes if vote.choice == Choice.NO)
    for weight in counts:
        others = counts - Counter([weight])
        if len(_fitting(others, weight, yes, no, total)) == 1:
            return True
    return False


def _fitting(others: Counter[int], weight: int, yes: int, no: int, total: int) -> list[str]:
    """Choices of a voter of this weight that the totals leave open."""
    stride = total + 1
    reach = 1
    for other, number in others.items():
        for _turn in range(number):
            reach |= (reach << other * stride) | (reach << other)
    rest = sum(other * number for other, number in others.items())
    found = []
    for choice, left_yes, left_no in (
        (Choice.YES, yes - weight, no),
        (Choice.NO, yes, no - weight),
        (Choice.ABSTAIN, yes, no),
    ):
        if left_yes < 0 or left_no < 0 or left_yes + left_no > rest:
            continue
        if reach >> (left_yes * stride + left_no) & 1:
            found.append(choice.value)
    return found
