"""Lists say of each contract whom it waits for and until when, in a fixed number of queries."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone

from services.actions.execution import accept_milestone, hand_over_milestone, return_milestone
from services.actions.execution_payment import confirm_payment, record_payment
from services.choices import ContractState
from services.models import Contract
from services.selectors.contract import list_contracts
from services.selectors.contract_turn import Turn, turns_of
from tests.factories.alliance import NOON, address
from tests.factories.contracts import D, S, W, World, make_world, put_in_force

if TYPE_CHECKING:
    from alliance.models import Alliance, User

START = datetime(2026, 12, 10, 10, tzinfo=timezone.get_default_timezone())
FIRST_DUE = date(2026, 12, 31)


@pytest.fixture
def world(act: Alliance, secretary: User) -> World:
    return make_world(act, secretary=secretary)


def turn(world: World, at: datetime = NOON) -> Turn:
    (found,) = turns_of(world.alliance, list(list_contracts(world.alliance, world.secretary)), at=at)
    return found


def test_before_the_signing_it_waits_for_whoever_has_not_agreed_to_the_newest_version(world: World) -> None:
    assert turn(world) == Turn((D, S, W))

    world.propose(S)
    world.agree(S, D)
    assert turn(world) == Turn((W,))

    world.propose(D, starts_on=date(2026, 12, 2))  # a later version asks again
    assert W in turn(world).parties
    assert S in turn(world).parties


def test_a_frozen_text_waits_for_the_desk_and_an_open_signing_for_the_next_party(world: World) -> None:
    world.open()
    signing = world.fresh()
    assert turn(world) == Turn((D,), until=signing.sign_until)

    world.sign(world.people[D])
    assert turn(world) == Turn((S,), until=signing.sign_until)

    Contract.objects.of(world.alliance).update(state=ContractState.AGREED)
    assert turn(world) == Turn(by_desk=True)


def test_work_waits_for_the_side_that_hands_over_accepts_mends_or_pays(world: World) -> None:
    put_in_force(world)
    alliance, code, demand, supply = world.alliance, world.code, world.people[D], world.people[S]
    assert turn(world, START) == Turn((S,), until=FIRST_DUE)
    assert turn(world, START + timedelta(days=31)) == Turn((S,), until=FIRST_DUE, days_late=10)

    handed = hand_over_milestone(alliance, code, 1, words="The report.", actor=supply, at=START)
    assert turn(world, START) == Turn((D,), until=handed.accept_by)

    mend_by = date(2026, 12, 20)
    return_milestone(alliance, code, 1, words="Base values.", rework_by=mend_by, actor=demand, at=START)
    assert turn(world, START) == Turn((S,), until=mend_by)

    hand_over_milestone(alliance, code, 1, words="With base values.", actor=supply, at=START)
    accept_milestone(alliance, code, 1, actor=demand, at=START)
    to_pay = turn(world, START)
    assert to_pay.parties == (D,)
    assert to_pay.until is not None

    paid = record_payment(
        alliance,
        code,
        1,
        role=D,
        amount=Decimal("40000.00"),
        paid_on=timezone.localdate(START),
        reference="T-1",
        actor=demand,
        at=START,
    )
    assert turn(world, START) == Turn((S,))  # it says whether the money arrived

    confirm_payment(alliance, code, paid.number, actor=supply, at=START)
    assert turn(world, START) == Turn((S,), until=date(2027, 4, 30))


def test_a_late_milestone_comes_before_an_earlier_one_in_time(world: World) -> None:
    put_in_force(world)
    alliance, code, demand, supply = world.alliance, world.code, world.people[D], world.people[S]
    hand_over_milestone(alliance, code, 1, words="The report.", actor=supply, at=START)
    accept_milestone(alliance, code, 1, actor=demand, at=START)
    hand_over_milestone(alliance, code, 2, words="All of it.", actor=supply, at=START - timedelta(days=9))

    late = turn(world, START + timedelta(days=7))

    assert late.parties == (D,)
    assert late.days_late > 0


@pytest.mark.parametrize("state", [ContractState.SUSPENDED, ContractState.TERMINATED, ContractState.CANCELLED])
def test_what_rests_or_is_over_waits_for_nobody(world: World, state: ContractState) -> None:
    put_in_force(world)
    Contract.objects.of(world.alliance).update(state=state)

    assert turn(world) == Turn()


def test_the_list_names_who_acts_and_how_late_it_is_in_as_many_queries_for_many_contracts(
    world: World, client_for: Any, django_assert_num_queries: Any
) -> None:
    def fill(count: int) -> None:
        for number in range(count):
            put_in_force(one := make_world(world.alliance, secretary=world.secretary), at=NOON - timedelta(days=300))
            if number % 2:
                hand_over_milestone(one.alliance, one.code, 1, words="R", actor=one.people[S], at=NOON - timedelta(days=299))

    world.propose(S)
    fill(2)
    contracts = list(list_contracts(world.alliance, world.secretary))
    with django_assert_num_queries(6):
        turns_of(world.alliance, contracts, at=NOON)
    fill(3)
    contracts = list(list_contracts(world.alliance, world.secretary))
    with django_assert_num_queries(6):
        turns_of(world.alliance, contracts, at=NOON)

    page = client_for(world.secretary).get(address(world.alliance, "contract_list")).content.decode()
    assert page.count("Demand side") >= 2
    assert "days late" in page
