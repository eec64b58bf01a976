"""Counts a motion: pure functions, no storage.

Source: the model charter, articles 17 (quorum; who stands aside is left out of its base) and 18 (majorities; an abstention
counts as present, not as consent). Fractions are compared in whole numbers, never as floats.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from groups.choices import AbstentionRule, Choice, MotionState, Threshold, VoteBase

if TYPE_CHECKING:
    from groups.models import Motion


@dataclass(frozen=True, slots=True)
class Rule:
    """How a motion is decided.

    Attributes:
        threshold: Simple, two-thirds or unanimity.
        base: Whether the majority is one of those taking part or of all entitled to vote.
        abstention: Whether an abstention stays in the base.
        quorum_numerator: Of the institutions entitled to vote, this ...
        quorum_denominator: ... part must take part.
    """

    threshold: str = Threshold.SIMPLE
    base: str = VoteBase.PRESENT
    abstention: str = AbstentionRule.COUNTS
    quorum_numerator: int = 2
    quorum_denominator: int = 3

    @classmethod
    def of(cls, motion: Motion) -> Rule:
        """The rule of a motion."""
        return cls(
            str(motion.threshold),
            str(motion.base),
            str(motion.abstention),
            motion.quorum_numerator,
            motion.quorum_denominator,
        )

    def plain(self) -> dict[str, Any]:
        """The rule as it is sealed and downloaded."""
        return {
            "threshold": str(self.threshold),
            "base": str(self.base),
            "abstention": str(self.abstention),
            "quorum": [self.quorum_numerator, self.quorum_denominator],
        }


@dataclass(frozen=True, slots=True)
class Tally:
    """What a count gives.

    Attributes:
        yes: Weight of the votes in favour.
        no: Weight of the votes against.
        abstain: Weight of the abstentions.
        taking_part: Institutions that voted, abstentions included.
        entitled: Institutions entitled to vote; whoever stands aside is not among them.
        entitled_weight: Their weight.
        quorum: Institutions that must take part.
        base: Weight of which the majority is taken.
        needed: Weight in favour that the motion needs; at least 1.
        outcome: ``passed``, ``rejected`` or ``lapsed``.
    """

    yes: int
    no: int
    abstain: int
    taking_part: int
    entitled: int
    entitled_weight: int
    quorum: int
    base: int
    needed: int
    outcome: str

    @property
    def has_quorum(self) -> bool:
        """Whether enough took part; nobody at all is never enough."""
        return self.taking_part >= max(self.quorum, 1)

    def plain(self) -> dict[str, Any]:
        """The result as it is sealed."""
        return {
            "yes": self.yes,
            "no": self.no,
            "abstain": self.abstain,
            "taking_part": self.taking_part,
            "entitled": self.entitled,
            "entitled_weight": self.entitled_weight,
            "quorum": self.quorum,
            "base": self.base,
            "needed": self.needed,
            "outcome": self.outcome,
        }


def quorum_of(rule: Rule, entitled: int) -> int:
    """How many institutions must take part: the fraction of those entitled, rounded up (the charter: two-thirds or more)."""
    return -(-entitled * rule.quorum_numerator // rule.quorum_denominator)


def needed_of(rule: Rule, base: int) -> int:
    """The weight in favour that carries a motion; 1 at least, so that nothing passes without consent."""
    if rule.threshold == Threshold.UNANIMITY:
        return max(base, 1)
    if rule.threshold == Threshold.TWO_THIRDS:
        return max(-(-base * 2 // 3), 1)
    return base // 2 + 1


def count(rule: Rule, entitled: Iterable[int], votes: Iterable[tuple[int, str]]) -> Tally:
    """The result.

    Args:
        rule: How it is decided.
        entitled: Weight of each institution entitled to vote; without those that stand aside.
        votes: Weight and choice of each vote, at most one for each of them.

    Raises:
        ValueError: A weight below 1, an unknown choice, or more votes than institutions entitled.
    """
    weights = list(entitled)
    cast = list(votes)
    if any(weight < 1 for weight in weights) or any(weight < 1 for weight, _choice in cast):
        message = "a weight is a whole number from 1 on"
        raise ValueError(message)
    totals = dict.fromkeys(Choice.values, 0)
    for weight, choice in cast:
        if choice not in totals:
            message = f"not a choice: {choice!r}"
            raise ValueError(message)
        totals[choice] += weight
    if len(cast) > len(weights) or sum(totals.values()) > sum(weights):
        message = "more votes than institutions entitled to vote"
        raise ValueError(message)
    base = sum(weights) if rule.base == VoteBase.ENTITLED else sum(totals.values())
    if rule.abstention == AbstentionRule.LEFT_OUT:
        base -= totals[Choice.ABSTAIN]
    needed = needed_of(rule, base)
    quorum = quorum_of(rule, len(weights))
    if len(cast) < max(quorum, 1):
        outcome = MotionState.LAPSED
    else:
        outcome = MotionState.PASSED if totals[Choice.YES] >= needed else MotionState.REJECTED
    return Tally(
        yes=totals[Choice.YES],
        no=totals[Choice.NO],
        abstain=totals[Choice.ABSTAIN],
        taking_part=len(cast),
        entitled=len(weights),
        entitled_weight=sum(weights),
        quorum=quorum,
        base=base,
        needed=needed,
        outcome=outcome.value,
    )


def expected(rule: Rule, weights: Mapping[str, int]) -> tuple[int, int]:
    """Quorum, and the weight in favour needed if everybody took part without abstaining; for the page before a vote."""
    return quorum_of(rule, len(weights)), needed_of(rule, sum(weights.values()))
