"""Both sides at the same moment: one match, introduced once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from alliance.kernel import tenancy
from alliance.kernel.errors import DomainError
from alliance.models import Alliance
from services.actions.listing_life import withdraw_listing
from services.actions.match import accept_match, accept_suggestion, decline_suggestion
from services.choices import MatchEventKind, MatchState
from services.models import Match, MatchAnswer, MatchEvent
from tests.factories.matching import make_pair

pytestmark = pytest.mark.django_db(transaction=True)


def together(alliance: Alliance, *acts: Callable[[], Any]) -> list[Any]:
    """Do acts at once, each on a connection of its own; what each gave or was refused with."""
    gate = threading.Barrier(len(acts))
    outcomes: list[Any] = [None] * len(acts)

    def run(place: int, act: Callable[[], Any]) -> None:
        try:
            gate.wait(timeout=20)
            with tenancy.acting_in(alliance):
                outcomes[place] = act()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            outcomes[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place, act)) for place, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return outcomes


def test_two_sides_who_accept_at_once_are_introduced_once(alliance: Alliance) -> None:
    """And a third press of the same button changes nothing."""
    with tenancy.acting_in(alliance):
        pair = make_pair(alliance)
    now = timezone.now()
    outcomes = together(
        alliance,
        lambda: accept_suggestion(alliance, pair.demand.code, pair.supply.code, actor=pair.buyer, at=now),
        lambda: accept_suggestion(alliance, pair.supply.code, pair.demand.code, actor=pair.seller, at=now),
        lambda: accept_suggestion(alliance, pair.demand.code, pair.supply.code, actor=pair.buyer, at=now),
    )

    assert [type(outcome) for outcome in outcomes] == [Match] * 3
    with tenancy.acting_in(alliance):
        assert Match.objects.of(alliance).get().state == MatchState.INTRODUCED
        assert MatchAnswer.objects.of(alliance).count() == 2
        kinds = list(MatchEvent.objects.of(alliance).values_list("kind", flat=True))
    assert sorted(kinds) == [MatchEventKind.ACCEPTED, MatchEventKind.ACCEPTED, MatchEventKind.INTRODUCED]


@pytest.mark.parametrize("is_standing", [False, True])
def test_a_listing_that_is_taken_back_at_once_takes_no_match(alliance: Alliance, is_standing: bool) -> None:
    """Whoever accepts waits for the owner's act, and is told; of both at once nobody is asked about what is gone."""
    now = timezone.now()
    with tenancy.acting_in(alliance):
        pair = make_pair(alliance)
        if is_standing:
            match = accept_suggestion(alliance, pair.demand.code, pair.supply.code, actor=pair.buyer, at=now)
    taken_back = threading.Event()

    def withdraw() -> None:
        withdraw_listing(alliance, pair.demand.code, actor=pair.buyer, at=now)
        taken_back.set()
        time.sleep(1)  # the other one comes while this is not committed

    def accept() -> Match:
        taken_back.wait(timeout=20)
        if is_standing:
            return accept_match(alliance, match.code, "supply", actor=pair.seller, at=now)
        return accept_suggestion(alliance, pair.supply.code, pair.demand.code, actor=pair.seller, at=now)

    _withdrawn, refused = together(alliance, withdraw, accept)

    assert isinstance(refused, DomainError)
    assert refused.code == "listing_not_open"
    with tenancy.acting_in(alliance):
        states = list(Match.objects.of(alliance).values_list("state", flat=True))
    assert states == ([MatchState.INVITED] if is_standing else [])


def test_an_acceptance_and_a_decline_at_once_leave_one_answer_each(alliance: Alliance) -> None:
    """Whichever comes first: the match is declined, or one of the two was told that it comes too late."""
    with tenancy.acting_in(alliance):
        pair = make_pair(alliance)
    now = timezone.now()
    outcomes = together(
        alliance,
        lambda: accept_suggestion(alliance, pair.demand.code, pair.supply.code, actor=pair.buyer, at=now),
        lambda: decline_suggestion(
            alliance, pair.supply.code, pair.demand.code, reason="capacity", actor=pair.seller, at=now
        ),
    )

    with tenancy.acting_in(alliance):
        match = Match.objects.of(alliance).get()
        answers = {answer.side: answer.accepted for answer in match.answers.all()}
    assert match.state == MatchState.DECLINED
    assert answers["supply"] is False
    accepted = isinstance(outcomes[0], Match)
    assert answers.get("demand", False) is accepted
