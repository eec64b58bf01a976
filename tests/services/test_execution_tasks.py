"""The work of contracts by the clock, races between two people, and the demonstration's contracts that are carried out."""

from __future__ import annotations

import threading
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.utils import timezone

from alliance.choices import AllianceRole
from alliance.kernel import tenancy
from alliance.kernel.demo import HORIZON, WEAVING
from alliance.kernel.errors import DomainError
from alliance.models import AuditEntry, Notification, OutboxEvent
from services import seals, tasks
from services.actions import contract_sealing
from services.actions.demo_execution import CONTRACTS, load_execution
from services.actions.execution import (
    accept_milestone,
    hand_over_milestone,
    look_after_work,
    remind_acceptance,
    take_back_milestone,
)
from services.actions.execution_payment import record_payment
from services.choices import ContractState, MilestoneState, SubmissionState
from services.models import Contract, MilestonePayment, MilestoneSubmission
from services.selectors.milestones import milestone_of, milestones_of
from services.signals import MILESTONE_ACCEPTED
from services.tasks import keep_work
from tests.factories.alliance import give_role, make_alliance, make_user
from tests.factories.contracts import D, S, World, make_world, put_in_force
from tests.factories.members import make_institution, make_staff

if TYPE_CHECKING:
    from collections.abc import Callable

    from alliance.models import Alliance, User


def in_force(alliance: Alliance, secretary: User | None = None, *, days: int = 60) -> World:
    world = make_world(alliance, secretary=secretary)
    put_in_force(world, at=timezone.now() - timedelta(days=days))
    return world


def test_the_task_accepts_by_silence_once_and_one_broken_contract_stops_no_other(
    act: Alliance, secretary: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = timezone.now()
    broken, whole = in_force(act, secretary), in_force(act, secretary)
    for world in (broken, whole):
        hand_over_milestone(act, world.code, 1, words="Here.", actor=world.people[S], at=now - timedelta(days=40))
        remind_acceptance(act, world.code, 1, actor=secretary, at=now - timedelta(days=12))
    real = look_after_work

    def fails(alliance: Alliance, code: str, *, at: Any) -> int:
        if code == broken.code:
            raise RuntimeError
        return real(alliance, code, at=at)

    monkeypatch.setattr(tasks, "look_after_work", fails)
    assert keep_work(act.pk) == 1
    monkeypatch.setattr(tasks, "look_after_work", real)
    assert keep_work(act.pk) == 1
    told = Notification.objects.of(act).count()
    assert keep_work(act.pk) == 0
    assert Notification.objects.of(act).count() == told
    assert OutboxEvent.objects.of(act).filter(kind=MILESTONE_ACCEPTED).count() == 2
    assert AuditEntry.objects.of(act).filter(verb="accept_milestone_by_silence").count() == 2
    for world in (broken, whole):
        assert milestone_of(world.fresh(), 1).state == MilestoneState.ACCEPTED
    assert keep_work(0) == 0


def test_a_task_that_dies_in_the_middle_of_an_acceptance_leaves_nothing_half(
    act: Alliance, secretary: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = timezone.now()
    world = in_force(act, secretary)
    hand_over_milestone(act, world.code, 1, words="Here.", actor=world.people[S], at=now - timedelta(days=40))
    remind_acceptance(act, world.code, 1, actor=secretary, at=now - timedelta(days=12))

    def dies(_name: str) -> None:
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr("services.actions.execution.faults.point", dies)
        assert keep_work(act.pk) == 0
    assert MilestoneSubmission.objects.of(act).get().state == SubmissionState.HANDED
    assert not AuditEntry.objects.of(act).filter(verb="accept_milestone_by_silence").exists()
    assert keep_work(act.pk) == 1


# ---------------------------------------------------------------------------------------------------------------------- races


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


@pytest.mark.django_db(transaction=True)
def test_two_payments_at_once_never_exceed_the_amount() -> None:
    alliance = make_alliance("racing-payments")
    now = timezone.now()
    with tenancy.acting_in(alliance):
        world = in_force(alliance, days=3)
        hand_over_milestone(alliance, world.code, 1, words="Here.", actor=world.people[S], at=now)
        accept_milestone(alliance, world.code, 1, actor=world.people[D], at=now)

    def pay(reference: str, actor: User) -> MilestonePayment:
        return record_payment(
            alliance,
            world.code,
            1,
            role=D,
            amount=Decimal("25000.00"),
            paid_on=timezone.localdate(now),
            reference=reference,
            actor=actor,
            at=now,
        )

    outcomes = together(alliance, lambda: pay("T-1", world.people[D]), lambda: pay("T-2", world.second[D]))
    assert sorted(type(one).__name__ for one in outcomes) == ["InvalidInputError", "MilestonePayment"]
    with tenancy.acting_in(alliance):
        assert MilestonePayment.objects.of(alliance).get().amount == Decimal("25000.00")


@pytest.mark.django_db(transaction=True)
def test_an_acceptance_and_a_taking_back_at_once_leave_one_answer() -> None:
    alliance = make_alliance("racing-answers")
    now = timezone.now()
    with tenancy.acting_in(alliance):
        world = in_force(alliance, days=3)
        hand_over_milestone(alliance, world.code, 1, words="Here.", actor=world.people[S], at=now)
    outcomes = together(
        alliance,
        lambda: accept_milestone(alliance, world.code, 1, actor=world.people[D], at=now),
        lambda: take_back_milestone(alliance, world.code, 1, actor=world.people[S], at=now),
    )
    assert sum(isinstance(one, DomainError) for one in outcomes) == 1
    with tenancy.acting_in(alliance):
        row = MilestoneSubmission.objects.of(alliance).get()
        accepted = AuditEntry.objects.of(alliance).filter(verb="accept_milestone").count()
        taken_back = AuditEntry.objects.of(alliance).filter(verb="take_back_milestone").count()
    winner = next(one for one in outcomes if isinstance(one, MilestoneSubmission))
    assert row.state == winner.state
    assert (accepted, taken_back) == ((1, 0) if row.state == SubmissionState.ACCEPTED else (0, 1))


# -------------------------------------------------------------------------------------------------------------- demonstration


def test_the_demonstration_shows_work_of_every_stage_and_loads_once(
    act: Alliance, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Any
) -> None:
    settings.KEYS_DIR = tmp_path / "keys"
    monkeypatch.setattr(contract_sealing, "compose", lambda _content, evidence: evidence.code.encode())
    monkeypatch.setattr(seals, "apply", lambda document, *_args, **_more: b"%PDF-" + document)
    long_ago = timezone.now() - timedelta(days=500)
    give_role(make_user(), act, AllianceRole.SECRETARIAT, since=long_ago)
    for code in sorted({one.demand for one in CONTRACTS} | {one.supply for one in CONTRACTS}):
        make_staff(make_institution(act, code=code), make_user(), starts_at=long_ago)
    load_execution(act, flavour=HORIZON, data_dir=Path(), at=timezone.now())
    assert not Contract.objects.of(act).exists()
    for _turn in range(2):
        load_execution(act, flavour=WEAVING, data_dir=Path(), at=timezone.now())
    under_way, done = Contract.objects.of(act).order_by("code")
    assert [under_way.state, done.state] == [ContractState.IN_FORCE, ContractState.COMPLETED]
    assert [view.state for view in milestones_of(under_way)] == [
        MilestoneState.PAID,
        MilestoneState.HANDED,
        MilestoneState.REWORK,
        MilestoneState.OPEN,
    ]
    assert all(view.is_paid for view in milestones_of(done))
