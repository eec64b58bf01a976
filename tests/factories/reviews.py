"""Contracts in force and over, follow-ups and evaluations for tests."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from services.actions.review import give_review, open_review
from services.choices import ContractState, ReviewCriterion
from services.models import Contract
from services.selectors.review import PAIRS
from tests.factories.alliance import NOON
from tests.factories.contracts import D, S, W, World, make_world

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance, User
    from services.models import ContractReview, ReviewSheet

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
EVEN = dict.fromkeys(ReviewCriterion.values, 4)
"""A four for everything."""


def put_in_force(world: World, *, at: datetime = NOON, state: str = ContractState.IN_FORCE) -> World:
    """The contract of a world signed by all and in a state after that, without the document, which takes a second."""
    world.open(at=at)
    for role in (D, S, W):
        world.sign(world.people[role], at=at)
    row = Contract.objects.of(world.alliance).get(pk=world.contract.pk)
    row.state, row.in_effect_id = state, row.frozen_id
    row.save(update_fields=["state", "in_effect"])
    world.contract = world.fresh()
    return world


def make_over(
    alliance: Alliance, *, secretary: User | None = None, at: datetime = NOON, from_match: bool = False
) -> tuple[World, ContractReview]:
    """A contract that is completed, and its evaluation."""
    world = put_in_force(
        make_world(alliance, secretary=secretary, from_match=from_match), at=at, state=ContractState.COMPLETED
    )
    review = open_review(alliance, world.code, at=at)
    assert review is not None
    return world, review


def give(world: World, by: str, of: str, *, at: datetime = NOON, words: str = "", **marks: int) -> ReviewSheet:
    """A sheet; a four for everything where no mark is named."""
    return give_review(
        world.alliance, world.code, by=by, of=of, marks=marks or EVEN, words=words, actor=world.people[by], at=at
    )


def give_all(world: World, *, besides: Any = (), at: datetime = NOON) -> None:
    """Every sheet but some."""
    for by, of in PAIRS:
        if (by, of) not in besides:
            give(world, by, of, at=at)
