"""Facts, points, tariffs and honours lists that several workers or people meet at the same moment, on connections of their own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from alliance.choices import AllianceRole
from alliance.kernel import tenancy
from alliance.kernel.errors import DomainError, TransitionRefusedError
from alliance.models import Alliance, InboxItem
from operations.actions.honours import publish_honours
from operations.actions.incentive import follow_record, settle_ledger
from operations.actions.risk import remind_of_risk
from operations.actions.risk_trigger import note_late_milestone
from operations.actions.tariff import approve_tariff, propose_tariff, refuse_tariff
from operations.choices import ContributionAct, ProductState, TariffState
from operations.models import ContributionPoints, HonoursList, Milestone, Risk, Tariff
from tests.factories.alliance import make_alliance
from tests.factories.operations import Cast, make_cast, make_officer, make_product
from tests.factories.projects import make_project_cast, make_running
from tests.operations.test_incentive_actions import PRICES, earned, make_tariff
from tests.operations.test_pilot_workflow_tasks import Elsewhere
from tests.operations.test_risk_actions import noted


@pytest.fixture
def shared(transactional_db: None) -> Cast:
    """An alliance whose rows other connections see."""
    alliance = make_alliance("races")
    with tenancy.acting_in(alliance):
        return make_cast(alliance)


def together(alliance: Alliance, *works: Callable[[], Any]) -> list[Elsewhere]:
    """Do everything at the same moment, each on a connection of its own."""
    threads = [Elsewhere(alliance, work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    return threads


def test_workers_that_see_one_fact_at_once_open_one_risk(shared: Cast) -> None:
    alliance = shared.alliance
    with tenancy.acting_in(alliance):
        make_running(make_project_cast(alliance), due_in=-3)
        milestone = Milestone.objects.get()
    day = milestone.due_on.isoformat()

    threads = together(
        alliance, *[lambda: note_late_milestone(alliance, milestone.pk, day, at=timezone.now()) for _turn in range(4)]
    )

    assert [thread.error for thread in threads] == [None] * 4
    assert sum(thread.result is not None for thread in threads) == 1
    with tenancy.acting_in(alliance):
        assert Risk.objects.count() == 1


def test_two_runs_of_the_watch_ask_once(shared: Cast) -> None:
    alliance = shared.alliance
    with tenancy.acting_in(alliance):
        risk = noted(alliance, shared.secretary)
    due = timezone.now() + timedelta(days=31)

    threads = together(alliance, *[lambda: remind_of_risk(alliance, risk.pk, at=due) for _turn in range(3)])

    assert sorted(thread.result for thread in threads) == [0, 0, 1]
    with tenancy.acting_in(alliance):
        assert InboxItem.objects.filter(key__startswith="risk-review:").count() == 1


def test_one_record_met_by_many_workers_and_by_the_comparison_is_awarded_once(shared: Cast) -> None:
    alliance = shared.alliance
    with tenancy.acting_in(alliance):
        make_tariff(alliance)
        product = make_product(shared, ProductState.RELEASED)

    def follow() -> Any:
        return follow_record(alliance, ContributionAct.PRODUCT_RELEASED, product.code, at=timezone.now())

    threads = together(alliance, follow, follow, lambda: settle_ledger(alliance, actor=None, at=timezone.now()), follow)

    assert [thread.error for thread in threads] == [None] * 4
    assert sum(thread.result.awarded for thread in threads) == 1
    with tenancy.acting_in(alliance):
        assert ContributionPoints.objects.count() == 1


def test_a_tariff_is_settled_once(shared: Cast) -> None:
    alliance = shared.alliance
    with tenancy.acting_in(alliance):
        first, second, third = (make_officer(alliance, AllianceRole.COMMITTEE) for _place in range(3))
        propose_tariff(
            alliance,
            points=PRICES,
            half_life_days=None,
            valid_from=timezone.localdate(),
            actor=first,
            at=timezone.now(),
        )

    threads = together(
        alliance,
        lambda: approve_tariff(alliance, 1, actor=second, at=timezone.now()),
        lambda: refuse_tariff(alliance, 1, reason="No.", actor=third, at=timezone.now()),
    )

    assert sorted(isinstance(thread.error, TransitionRefusedError) for thread in threads) == [False, True]
    with tenancy.acting_in(alliance):
        assert Tariff.objects.get().state in {TariffState.APPROVED, TariffState.REFUSED}


def test_two_proposals_at_once_leave_one(shared: Cast) -> None:
    alliance = shared.alliance
    with tenancy.acting_in(alliance):
        people = [make_officer(alliance, AllianceRole.COMMITTEE) for _place in range(2)]

    def propose(person: Any) -> Callable[[], Any]:
        return lambda: propose_tariff(
            alliance,
            points=PRICES,
            half_life_days=None,
            valid_from=timezone.localdate(),
            actor=person,
            at=timezone.now(),
        )

    threads = together(alliance, *[propose(person) for person in people])

    refused = [thread.error for thread in threads if thread.error is not None]
    assert len(refused) == 1
    assert isinstance(refused[0], DomainError)
    assert refused[0].code == "tariff_waits"


def test_an_honours_list_is_published_by_one_of_two(shared: Cast) -> None:
    alliance = shared.alliance
    with tenancy.acting_in(alliance):
        make_tariff(alliance)
        earned(alliance, "A-1", "30")

    threads = together(
        alliance, *[lambda: publish_honours(alliance, 2025, actor=shared.committee, at=timezone.now()) for _turn in range(2)]
    )

    assert sorted(getattr(thread.error, "code", "") for thread in threads) == ["", "honours_published"]
    with tenancy.acting_in(alliance):
        assert HonoursList.objects.count() == 1
