"""Quorum and majority: a table of cases, and a naive count that must always agree."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groups.choices import AbstentionRule, Choice, Threshold, VoteBase
from groups.selectors.tally import Rule, count, needed_of, quorum_of

S, T, U = "simple", "two_thirds", "unanimity"
P, E = "present", "entitled"
C, L = "counts", "left_out"

CASES = [
    # threshold, base, abstention, entitled, yes, no, abstain, outcome
    (S, P, C, 9, 4, 2, 0, "passed"),
    (S, P, C, 9, 3, 3, 0, "rejected"),  # half is not more than half
    (S, P, C, 9, 4, 3, 0, "passed"),
    (S, P, C, 9, 3, 0, 3, "rejected"),  # an abstention is present, not consent
    (S, P, L, 9, 3, 0, 3, "passed"),
    (S, P, L, 9, 3, 3, 3, "rejected"),
    (S, P, L, 9, 1, 0, 8, "passed"),
    (S, P, L, 9, 0, 0, 9, "rejected"),  # nothing passes without consent
    (S, P, C, 9, 5, 0, 0, "lapsed"),
    (S, P, C, 9, 6, 0, 0, "passed"),  # six of nine are two-thirds
    (S, P, C, 9, 0, 6, 0, "rejected"),
    (S, P, C, 9, 0, 0, 0, "lapsed"),
    (S, P, C, 10, 6, 0, 0, "lapsed"),  # two-thirds of ten are seven
    (S, P, C, 10, 4, 3, 0, "passed"),
    (S, P, C, 10, 4, 3, 1, "rejected"),
    (S, E, C, 9, 5, 1, 0, "passed"),
    (S, E, C, 9, 4, 2, 0, "rejected"),
    (S, E, C, 8, 4, 2, 0, "rejected"),
    (S, E, C, 8, 5, 1, 0, "passed"),
    (S, E, L, 9, 4, 0, 2, "passed"),  # four of seven
    (S, E, L, 9, 3, 1, 2, "rejected"),
    (T, P, C, 9, 4, 2, 0, "passed"),  # exactly two-thirds
    (T, P, C, 9, 5, 2, 0, "passed"),
    (T, P, C, 9, 4, 3, 0, "rejected"),
    (T, P, C, 9, 6, 3, 0, "passed"),
    (T, P, C, 9, 5, 2, 2, "rejected"),
    (T, P, L, 9, 5, 2, 2, "passed"),
    (T, P, C, 7, 3, 2, 0, "rejected"),
    (T, P, C, 7, 4, 1, 0, "passed"),
    (T, E, C, 9, 6, 0, 0, "passed"),
    (T, E, C, 9, 5, 4, 0, "rejected"),
    (T, E, C, 10, 6, 4, 0, "rejected"),
    (T, E, C, 10, 7, 3, 0, "passed"),
    (T, E, L, 10, 6, 3, 1, "passed"),  # six of nine
    (T, E, C, 42, 28, 0, 0, "passed"),
    (T, E, C, 42, 27, 15, 0, "rejected"),
    (T, E, C, 42, 27, 0, 0, "lapsed"),
    (U, P, C, 5, 4, 0, 0, "passed"),
    (U, P, C, 5, 4, 1, 0, "rejected"),
    (U, P, C, 5, 4, 0, 1, "rejected"),
    (U, P, L, 5, 4, 0, 1, "passed"),
    (U, E, C, 5, 4, 0, 0, "rejected"),
    (U, E, C, 5, 5, 0, 0, "passed"),
    (U, E, L, 5, 4, 0, 1, "passed"),
    (U, P, L, 3, 0, 0, 3, "rejected"),
    (S, P, C, 1, 1, 0, 0, "passed"),
    (S, P, C, 2, 1, 0, 0, "lapsed"),
    (S, P, C, 0, 0, 0, 0, "lapsed"),
]


@pytest.mark.parametrize(("threshold", "base", "abstention", "entitled", "yes", "no", "abstain", "outcome"), CASES)
def test_the_rules_of_the_charter_give_this_outcome(
    threshold: str, base: str, abstention: str, entitled: int, yes: int, no: int, abstain: int, outcome: str
) -> None:
    votes = [(1, "yes")] * yes + [(1, "no")] * no + [(1, "abstain")] * abstain

    tally = count(Rule(threshold, base, abstention), [1] * entitled, votes)

    assert tally.outcome == outcome
    assert (tally.yes, tally.no, tally.abstain, tally.taking_part) == (yes, no, abstain, yes + no + abstain)


def test_weights_count_for_the_majority_and_institutions_for_the_quorum() -> None:
    tally = count(Rule(), [5, 1, 1], [(5, "yes"), (1, "no")])

    assert (tally.yes, tally.no, tally.base, tally.needed) == (5, 1, 6, 4)
    assert (tally.quorum, tally.taking_part, tally.outcome) == (2, 2, "passed")


def test_a_quorum_is_rounded_up_and_other_fractions_are_possible() -> None:
    assert [quorum_of(Rule(), number) for number in (1, 2, 3, 4, 10)] == [1, 2, 2, 3, 7]
    assert quorum_of(Rule(quorum_numerator=1, quorum_denominator=2), 5) == 3
    assert quorum_of(Rule(quorum_numerator=0, quorum_denominator=1), 5) == 0
    assert count(Rule(quorum_numerator=0, quorum_denominator=1), [1], []).outcome == "lapsed"


@pytest.mark.parametrize(
    ("entitled", "votes"),
    [([1], [(1, "yes"), (1, "no")]), ([1], [(2, "yes")]), ([0], []), ([1], [(0, "yes")]), ([1], [(1, "perhaps")])],
)
def test_what_cannot_be_a_vote_is_refused(entitled: list[int], votes: list[tuple[int, str]]) -> None:
    with pytest.raises(ValueError, match=r"weight|choice|votes"):
        count(Rule(), entitled, votes)


RULES = st.builds(
    Rule,
    st.sampled_from(Threshold.values),
    st.sampled_from(VoteBase.values),
    st.sampled_from(AbstentionRule.values),
    st.integers(0, 4),
    st.integers(4, 6),
)


def naive(rule: Rule, roll: list[tuple[int, str | None]]) -> str:
    """The rule in plain words with exact fractions."""
    entitled, present = len(roll), [one for one in roll if one[1] is not None]
    if not present or Fraction(len(present)) < Fraction(rule.quorum_numerator * entitled, rule.quorum_denominator):
        return "lapsed"
    yes = sum(weight for weight, choice in roll if choice == "yes")
    counted = present if rule.base == "present" else roll
    if rule.abstention == "left_out":
        counted = [one for one in counted if one[1] != "abstain"]
    base = sum(weight for weight, _choice in counted)
    if yes == 0:
        return "rejected"
    share = Fraction(yes, base)
    if rule.threshold == "simple":
        return "passed" if share > Fraction(1, 2) else "rejected"
    if rule.threshold == "two_thirds":
        return "passed" if share >= Fraction(2, 3) else "rejected"
    return "passed" if share == 1 else "rejected"


@settings(max_examples=1000, deadline=None)
@given(RULES, st.lists(st.tuples(st.integers(1, 20), st.sampled_from([None, *Choice.values])), max_size=60))
def test_a_thousand_random_motions_agree_with_a_naive_count(rule: Rule, roll: list[tuple[int, str | None]]) -> None:
    tally = count(rule, [weight for weight, _ in roll], [(weight, choice) for weight, choice in roll if choice])

    assert tally.outcome == naive(rule, roll)
    assert tally.needed >= 1
    assert needed_of(rule, tally.base) == tally.needed
