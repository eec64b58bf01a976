"""Carrying a contract out: handing over, accepting, rework, the reminder, silence, payments, closing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alliance.choices import AllianceRole
from alliance.kernel import tenancy
from alliance.kernel.errors import (
    ConflictOfInterestError,
    DomainError,
    InvalidInputError,
    NotFoundError,
    PermissionRefusedError,
    SeparationOfDutiesError,
    TransitionRefusedError,
)
from alliance.kernel.uploads import UploadRefusedError
from alliance.kernel.working_days import add_working_days
from alliance.models import AuditEntry, InboxItem, Notification, OutboxEvent
from members.choices import StaffRole
from services.actions.contract import cancel_contract
from services.actions.contract_notice import answer_notice, give_notice
from services.actions.execution import (
    accept_milestone,
    complete_contract,
    hand_over_milestone,
    look_after_work,
    remind_acceptance,
    return_milestone,
    take_back_milestone,
)
from services.actions.execution_payment import confirm_payment, contradict_payment, record_payment, reverse_payment
from services.choices import ContractState, MilestoneState, NoticeKind, NoticeReason, PaymentState, SubmissionState
from services.models import (
    Contract,
    ContractNotice,
    ContractPause,
    MilestonePayment,
    MilestoneSubmission,
    SubmissionFile,
)
from services.selectors.milestones import (
    Pause,
    milestone_of,
    milestones_of,
    missing_to_close,
    moved,
    with_moved_days,
    work_chart,
)
from services.signals import (
    CONTRACT_COMPLETED,
    MILESTONE_ACCEPTED,
    MILESTONE_HANDED_OVER,
    MILESTONE_PAID,
    MILESTONE_RETURNED,
)
from tests.factories.alliance import NOON, make_member, make_user
from tests.factories.contracts import D, S, W, World, amend, make_draft, make_world, put_in_force
from tests.factories.members import make_institution, make_staff

if TYPE_CHECKING:
    from collections.abc import Callable

    from alliance.models import Alliance, User

START = datetime(2026, 12, 10, 10, tzinfo=timezone.get_default_timezone())
"""Some day of the work: the first milestone is due on 31 December, the second on 30 April."""
REPORT = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


@pytest.fixture
def world(act: Alliance, secretary: User) -> World:
    """A contract in force."""
    made = make_world(act, secretary=secretary)
    put_in_force(made)
    return made


def hand(world: World, number: int = 1, *, at: datetime = START, **more: Any) -> MilestoneSubmission:
    values: dict[str, Any] = {"words": "The report.", "actor": world.people[S], **more}
    return hand_over_milestone(world.alliance, world.code, number, at=at, **values)


def accept(world: World, number: int = 1, *, at: datetime = START, actor: User | None = None) -> MilestoneSubmission:
    return accept_milestone(world.alliance, world.code, number, actor=actor or world.people[D], at=at)


def send_back(world: World, number: int = 1, *, at: datetime = START, **more: Any) -> MilestoneSubmission:
    values: dict[str, Any] = {
        "words": "The base values are missing.",
        "rework_by": timezone.localdate(at) + timedelta(days=10),
        "actor": world.people[D],
        **more,
    }
    return return_milestone(world.alliance, world.code, number, at=at, **values)


def pay(world: World, number: int = 1, amount: str = "40000.00", *, at: datetime = START, **more: Any) -> MilestonePayment:
    values: dict[str, Any] = {
        "role": D,
        "amount": Decimal(amount),
        "paid_on": timezone.localdate(at),
        "reference": f"T-{MilestonePayment.objects.of(world.alliance).count() + 1}",
        "actor": world.people[D],
        **more,
    }
    return record_payment(world.alliance, world.code, number, at=at, **values)


def finish(world: World, *, at: datetime = START) -> None:
    """Both milestones accepted, paid and confirmed."""
    for number, amount in ((1, "40000.00"), (2, "60000.00")):
        hand(world, number, at=at)
        accept(world, number, at=at)
        paid = pay(world, number, amount, at=at)
        confirm_payment(world.alliance, world.code, paid.number, actor=world.people[S], at=at)


def view_of(world: World, number: int = 1, *, at: datetime = START) -> Any:
    return milestone_of(world.fresh(), number, at=at)


def open_items(world: World) -> set[str]:
    return set(InboxItem.objects.of(world.alliance).filter(done_at__isnull=True).values_list("key", flat=True))


def events(world: World, kind: str) -> list[dict[str, Any]]:
    return list(OutboxEvent.objects.of(world.alliance).filter(kind=kind).order_by("pk").values_list("payload", flat=True))


def verbs(world: World) -> list[str]:
    return list(AuditEntry.objects.of(world.alliance).order_by("at", "pk").values_list("verb", flat=True))


def rest(world: World, begins_on: date, ends_on: date | None = None) -> ContractPause:
    """A pause, as the acts on notices leave it."""
    count = ContractNotice.objects.of(world.alliance).count()
    values: dict[str, Any] = {
        "alliance": world.alliance,
        "contract": world.contract,
        "role": D,
        "reason": NoticeReason.STANDSTILL,
        "words": "The plant stands still.",
        "given_at": NOON,
        "answered_at": NOON,
        "state": "agreed",
    }
    begun = ContractNotice.objects.create(number=count + 1, kind=NoticeKind.SUSPEND, **values)
    ended = ContractNotice.objects.create(number=count + 2, kind=NoticeKind.RESUME, **values) if ends_on else None
    if ends_on is None:
        Contract.objects.of(world.alliance).filter(pk=world.contract.pk).update(state=ContractState.SUSPENDED)
    return ContractPause.objects.create(
        alliance=world.alliance,
        contract=world.contract,
        begins_on=begins_on,
        ends_on=ends_on,
        begun=begun,
        ended=ended,
    )


# --------------------------------------------------------------------------------------------------------------- handing over


def test_work_is_handed_over_with_words_and_files_and_waits_ten_working_days(world: World) -> None:
    made = hand(world, files=[SimpleUploadedFile("report.pdf", REPORT)])
    assert (made.number, made.state) == (1, SubmissionState.HANDED)
    assert made.accept_by == timezone.localdate(add_working_days(START, 10)) == date(2026, 12, 24)
    assert made.terms_id == world.fresh().in_effect_id
    assert SubmissionFile.objects.of(world.alliance).get().file.name == "report.pdf"
    item = InboxItem.objects.of(world.alliance).get(key=f"contract-accept:{world.code}:1")
    assert item.institution_id == world.demand.pk
    assert events(world, MILESTONE_HANDED_OVER) == [{"contract": world.code, "milestone": 1, "attempt": 1}]
    entry = AuditEntry.objects.of(world.alliance).get(verb="hand_over_milestone")
    assert "The report." not in entry.record
    assert view_of(world).state == MilestoneState.HANDED


def test_only_people_of_the_supply_side_hand_over(world: World) -> None:
    for role in (D, W):
        with pytest.raises(PermissionRefusedError):
            hand(world, actor=world.people[role])
    handling = make_user()
    make_staff(world.supply, handling, role=StaffRole.STAFF)
    assert hand(world, actor=handling).handed_by_id == handling.pk


def test_nothing_is_handed_over_twice_nor_without_words_nor_with_a_wrong_file(world: World) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        hand(world, words="  ")
    assert "words" in refusal.value.fields
    with pytest.raises(UploadRefusedError), transaction.atomic():
        hand(world, files=[SimpleUploadedFile("report.exe", b"MZ")])
    with pytest.raises(InvalidInputError):
        hand(world, files=[SimpleUploadedFile(f"{n}.pdf", REPORT) for n in range(11)])
    with pytest.raises(NotFoundError):
        hand(world, 3)
    assert not MilestoneSubmission.objects.of(world.alliance).exists()
    hand(world)
    with pytest.raises(DomainError) as again:
        hand(world)
    assert again.value.code == "handed_over_already"
    accept(world)
    with pytest.raises(DomainError) as over:
        hand(world)
    assert over.value.code == "accepted_already"


@pytest.mark.parametrize("state", [ContractState.SUSPENDED, ContractState.TERMINATED, ContractState.COMPLETED])
def test_nothing_is_handed_over_or_accepted_while_the_work_rests_or_is_over(world: World, state: str) -> None:
    hand(world)
    Contract.objects.of(world.alliance).filter(pk=world.contract.pk).update(state=state)
    acts: list[Callable[[], Any]] = [lambda: hand(world, 2), lambda: accept(world), lambda: send_back(world)]
    for act in acts:
        with pytest.raises(TransitionRefusedError):
            act()
    with pytest.raises(TransitionRefusedError):
        take_back_milestone(world.alliance, world.code, 1, actor=world.people[S], at=START)


def test_work_goes_on_while_an_amendment_is_negotiated(world: World) -> None:
    Contract.objects.of(world.alliance).filter(pk=world.contract.pk).update(state=ContractState.AMENDING)
    hand(world)
    assert accept(world).state == SubmissionState.ACCEPTED


def test_a_milestone_that_an_agreed_amendment_alters_is_not_accepted_until_it_is_settled(world: World) -> None:
    """Neither by the demand side nor by silence; the milestones it leaves as they are go on."""
    first, second = make_draft().milestones
    for number in (1, 2):
        hand(world, number)
    late = START + timedelta(days=40)
    remind_acceptance(world.alliance, world.code, 2, actor=world.secretary, at=late)
    amendment = amend(world)
    amendment.propose(milestones=(first, replace(second, amount=Decimal("75000.00"))))
    amendment.agree(D, S, W)

    with pytest.raises(DomainError) as refused:
        accept(world, 2, at=late)
    assert refused.value.code == "milestone_being_altered"
    look_after_work(world.alliance, world.code, at=late + timedelta(days=20))
    assert view_of(world, 2, at=late).state == "handed"
    accept(world, 1, at=late)

    cancel_contract(world.alliance, amendment.code, reason="other", words="Not needed.", actor=world.secretary, at=late)
    accept(world, 2, at=late)


def test_an_early_end_leaves_no_work_waiting_but_what_is_to_be_paid(world: World) -> None:
    hand(world, 1)
    accept(world, 1)
    hand(world, 2)
    notice = give_notice(
        world.alliance,
        world.code,
        kind=NoticeKind.TERMINATE,
        role=D,
        reason=NoticeReason.MEANS,
        words="The plant closes.",
        actor=world.people[D],
        at=START,
    )
    answer_notice(
        world.alliance, world.code, number=notice.number, role=S, agrees=True, words="", actor=world.people[S], at=START
    )
    assert {key.split(":")[0] for key in open_items(world)} == {"contract-pay"}


def test_an_amendment_has_no_work_of_its_own(world: World) -> None:
    with pytest.raises(DomainError) as refusal:
        hand(amend(world))
    assert refusal.value.code == "contract_is_amendment"


def test_an_institution_that_stands_aside_acts_no_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    hand(world)
    accept(world)
    paid = pay(world, amount="1.00")
    hand(world, 2)
    aside = {world.demand.pk, world.supply.pk}
    monkeypatch.setattr("groups.actions.conflict.list_recused", lambda _alliance, _matter: aside)
    code, alliance = world.code, world.alliance
    for act in (
        lambda: take_back_milestone(alliance, code, 2, actor=world.people[S], at=START),
        lambda: accept(world, 2),
        lambda: send_back(world, 2),
        lambda: pay(world, amount="1.00"),
        lambda: confirm_payment(alliance, code, paid.number, actor=world.people[S], at=START),
        lambda: contradict_payment(alliance, code, paid.number, words="No.", actor=world.people[S], at=START),
        lambda: reverse_payment(alliance, code, paid.number, words="No.", actor=world.people[D], at=START),
    ):
        with pytest.raises(ConflictOfInterestError):
            act()


def test_an_officer_whose_institution_stands_aside_neither_reminds_nor_closes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = make_institution(world.alliance)
    officer = make_member(world.alliance, AllianceRole.SECRETARIAT)
    make_staff(house, officer)
    hand(world)
    monkeypatch.setattr("groups.actions.conflict.list_recused", lambda _alliance, _matter: {house.pk})
    with pytest.raises(ConflictOfInterestError):
        remind_acceptance(world.alliance, world.code, 1, actor=officer, at=START + timedelta(days=30))
    with pytest.raises(ConflictOfInterestError):
        complete_contract(world.alliance, world.code, actor=officer, at=START)


def test_the_contract_of_another_alliance_is_not_there(world: World, other_alliance: Alliance) -> None:
    hand(world)
    with tenancy.acting_in(other_alliance):
        for act in (
            lambda: hand_over_milestone(other_alliance, world.code, 1, words="x", actor=world.people[S], at=START),
            lambda: accept_milestone(other_alliance, world.code, 1, actor=world.people[D], at=START),
            lambda: confirm_payment(other_alliance, world.code, 1, actor=world.people[S], at=START),
            lambda: complete_contract(other_alliance, world.code, actor=world.secretary, at=START),
        ):
            with pytest.raises(NotFoundError):
                act()


def test_what_was_handed_over_is_taken_back_until_it_is_answered(world: World) -> None:
    hand(world)
    with pytest.raises(PermissionRefusedError):
        take_back_milestone(world.alliance, world.code, 1, actor=world.people[D], at=START)
    take_back_milestone(world.alliance, world.code, 1, actor=world.second[S], at=START)
    assert f"contract-accept:{world.code}:1" not in open_items(world)
    assert view_of(world).state == MilestoneState.OPEN
    assert "take_back_milestone" in verbs(world)
    assert hand(world).number == 2
    accept(world)
    with pytest.raises(TransitionRefusedError):
        take_back_milestone(world.alliance, world.code, 1, actor=world.people[S], at=START)
    with pytest.raises(DomainError) as refusal:
        take_back_milestone(world.alliance, world.code, 2, actor=world.people[S], at=START)
    assert refusal.value.code == "nothing_handed_over"


# ------------------------------------------------------------------------------------------------------------------ answering


def test_the_demand_side_accepts_and_the_payment_is_due(world: World) -> None:
    hand(world)
    done = accept(world)
    assert (done.state, done.decided_by_id) == (SubmissionState.ACCEPTED, world.people[D].pk)
    view = view_of(world)
    assert view.state == MilestoneState.ACCEPTED
    assert view.pay_by == timezone.localdate(add_working_days(START, 15))
    assert f"contract-pay:{world.code}:1" in open_items(world)
    assert f"contract-accept:{world.code}:1" not in open_items(world)
    assert events(world, MILESTONE_ACCEPTED) == [
        {"contract": world.code, "milestone": 1, "attempt": 1, "amount": "40000.00", "silence": False}
    ]
    told = set(Notification.objects.of(world.alliance).filter(kind=MILESTONE_ACCEPTED).values_list("user", flat=True))
    assert {world.people[S].pk, world.second[S].pk, world.secretary.pk} <= told
    with pytest.raises(TransitionRefusedError):
        accept(world)
    with pytest.raises(TransitionRefusedError):
        send_back(world)


def test_neither_other_people_nor_the_one_who_handed_over_accept(world: World) -> None:
    both = make_user()
    make_staff(world.supply, both, role=StaffRole.STAFF)
    make_staff(world.demand, both, role=StaffRole.SIGNATORY)
    handling = make_user()
    make_staff(world.demand, handling, role=StaffRole.STAFF)
    with pytest.raises(DomainError) as nothing:
        accept(world)
    assert nothing.value.code == "nothing_handed_over"
    hand(world, actor=both)
    with pytest.raises(SeparationOfDutiesError):
        accept(world, actor=both)
    with pytest.raises(SeparationOfDutiesError):
        send_back(world, actor=both)
    for stranger in (world.people[S], world.secretary, handling, make_user()):
        with pytest.raises(PermissionRefusedError):
            accept(world, actor=stranger)
    assert accept(world, actor=world.second[D]).state == SubmissionState.ACCEPTED


def test_work_goes_back_twice_at_most_with_words_and_a_day(world: World) -> None:
    hand(world)
    with pytest.raises(InvalidInputError) as words:
        send_back(world, words="")
    assert "words" in words.value.fields
    with pytest.raises(InvalidInputError) as day:
        send_back(world, rework_by=timezone.localdate(START))
    assert "rework_by" in day.value.fields
    for turn in (1, 2):
        back = send_back(world)
        assert (back.number, back.state) == (turn, SubmissionState.RETURNED)
        assert f"contract-mend:{world.code}:1" in open_items(world)
        assert view_of(world).state == MilestoneState.REWORK
        assert view_of(world).next_on == timezone.localdate(START) + timedelta(days=10)
        hand(world)
        assert f"contract-mend:{world.code}:1" not in open_items(world)
    with pytest.raises(DomainError) as used_up:
        send_back(world)
    assert used_up.value.code == "rework_used_up"
    assert "article on breach" in str(used_up.value.remedy)
    assert [row["attempt"] for row in events(world, MILESTONE_RETURNED)] == [1, 2]
    assert "The base values" not in AuditEntry.objects.of(world.alliance).filter(verb="return_milestone")[0].record
    assert accept(world).number == 3


def test_a_submission_is_never_changed_in_the_database(world: World) -> None:
    made = hand(world)
    with pytest.raises(DatabaseError), transaction.atomic():
        MilestoneSubmission.objects.of(world.alliance).filter(pk=made.pk).update(words="Something else.")


# ------------------------------------------------------------------------------------------------- the reminder and the silence

LATE = datetime(2026, 12, 28, 10, tzinfo=timezone.get_default_timezone())
"""After the ten working days, which end on 24 December."""


def test_the_witness_reminds_once_the_days_are_over_and_once_only(world: World) -> None:
    hand(world)
    with pytest.raises(DomainError) as early:
        remind_acceptance(world.alliance, world.code, 1, actor=world.secretary, at=START)
    assert early.value.code == "acceptance_not_due"
    for _turn in range(2):
        look_after_work(world.alliance, world.code, at=LATE)
    assert f"contract-remind:{world.code}:1" in open_items(world)
    late = Notification.objects.of(world.alliance).filter(kind="services.acceptance_late")
    assert sorted(late.values_list("user", flat=True)) == sorted([world.people[D].pk, world.second[D].pk])
    with pytest.raises(PermissionRefusedError):
        remind_acceptance(world.alliance, world.code, 1, actor=world.people[S], at=LATE)
    row = remind_acceptance(world.alliance, world.code, 1, actor=world.secretary, at=LATE)
    assert row.silent_after == date(2027, 1, 4)
    assert f"contract-remind:{world.code}:1" not in open_items(world)
    assert Notification.objects.of(world.alliance).filter(user=world.people[D], kind="services.acceptance_reminder").exists()
    assert "remind_acceptance" in verbs(world)
    with pytest.raises(DomainError) as again:
        remind_acceptance(world.alliance, world.code, 1, actor=world.secretary, at=LATE)
    assert again.value.code == "reminded_already"


def test_an_institution_that_witnesses_reminds_itself(act: Alliance, secretary: User) -> None:
    world = make_world(act, secretary=secretary)
    from services.actions.contract import choose_witness, name_signatory  # noqa: PLC0415 - one test alone

    third, house = make_user(), make_institution(act)
    make_staff(house, third)
    choose_witness(act, world.code, witness=house.code, actor=secretary, at=NOON)
    world.people[W] = third
    if not world.contract.signatories.filter(user=third, ended_at__isnull=True).exists():
        name_signatory(act, world.code, role=W, user=third, actor=third, at=NOON)
    put_in_force(world)
    hand(world)
    with pytest.raises(PermissionRefusedError):
        remind_acceptance(act, world.code, 1, actor=secretary, at=LATE)
    assert remind_acceptance(act, world.code, 1, actor=third, at=LATE).reminded_at == LATE
    accept(world)
    with pytest.raises(PermissionRefusedError):
        pay(world, role=W, actor=secretary)
    assert pay(world, role=W, actor=third).role == W


def test_silence_accepts_five_working_days_after_the_reminder_and_everybody_is_told(world: World) -> None:
    hand(world)
    look_after_work(world.alliance, world.code, at=LATE + timedelta(days=100))
    assert view_of(world).state == MilestoneState.HANDED, "never without a reminder"
    remind_acceptance(world.alliance, world.code, 1, actor=world.secretary, at=LATE)
    last = datetime(2027, 1, 4, 23, 0, tzinfo=timezone.get_default_timezone())
    look_after_work(world.alliance, world.code, at=last)
    assert view_of(world).state == MilestoneState.HANDED, "the last day is still in time"
    for _turn in range(2):
        look_after_work(world.alliance, world.code, at=last + timedelta(hours=2))
    row = MilestoneSubmission.objects.of(world.alliance).get()
    assert (row.state, row.decided_by_id) == (SubmissionState.ACCEPTED, None)
    assert [one["silence"] for one in events(world, MILESTONE_ACCEPTED)] == [True]
    told = Notification.objects.of(world.alliance).filter(kind="services.milestone_silently_accepted")
    assert {world.people[D].pk, world.people[S].pk, world.secretary.pk} <= set(told.values_list("user", flat=True))
    assert told.count() == len(set(told.values_list("user", flat=True)))
    assert verbs(world).count("accept_milestone_by_silence") == 1


def test_nobody_is_silent_who_gave_notice_or_whose_work_rests(world: World) -> None:
    hand(world)
    remind_acceptance(world.alliance, world.code, 1, actor=world.secretary, at=LATE)
    much_later = LATE + timedelta(days=60)
    notice = ContractNotice.objects.create(
        alliance=world.alliance,
        contract=world.contract,
        number=1,
        kind=NoticeKind.TERMINATE,
        role=D,
        reason=NoticeReason.BREACH,
        words="It fails its criterion.",
        given_at=LATE,
    )
    look_after_work(world.alliance, world.code, at=much_later)
    assert view_of(world).state == MilestoneState.HANDED
    notice.state, notice.answered_at = "refused", much_later
    notice.save(update_fields=["state", "answered_at"])
    rest(world, timezone.localdate(LATE))
    look_after_work(world.alliance, world.code, at=much_later)
    assert view_of(world).state == MilestoneState.HANDED


# ------------------------------------------------------------------------------------------------------------------- payments


def test_nothing_is_paid_before_acceptance_by_no_road(world: World) -> None:
    with pytest.raises(DomainError) as empty:
        pay(world)
    assert empty.value.code == "not_accepted"
    made = hand(world)
    with pytest.raises(DomainError) as early:
        pay(world)
    assert early.value.code == "not_accepted"
    with pytest.raises(DatabaseError, match="nothing is paid for a milestone before"), transaction.atomic():
        MilestonePayment.objects.create(
            alliance=world.alliance,
            contract=world.contract,
            submission=made,
            milestone=1,
            number=1,
            amount=Decimal("1.00"),
            paid_on=timezone.localdate(START),
            reference="T-0",
            role=D,
            recorded_at=START,
        )
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO services_milestonepayment (alliance_id, contract_id, submission_id, milestone, number, amount, paid_on,"
            " reference, state, role, recorded_at, answer_words)"
            " VALUES (%s, %s, %s, 1, 1, 1, '2026-12-11', 'T-0', 'recorded', 'demand', now(), '')",
            [world.alliance.pk, world.contract.pk, made.pk],
        )
    send_back(world)
    with pytest.raises(DomainError):
        pay(world)
    hand(world)
    accept(world)
    assert pay(world).state == PaymentState.RECORDED


def test_a_payment_is_recorded_by_who_pays_and_confirmed_by_who_receives(world: World) -> None:
    hand(world)
    accept(world)
    for role, actor in ((D, world.people[S]), (W, world.people[D]), (D, world.secretary)):
        with pytest.raises(PermissionRefusedError):
            pay(world, role=role, actor=actor)
    with pytest.raises(InvalidInputError):
        pay(world, role=S, actor=world.people[S])
    first = pay(world, amount="15000.50")
    assert f"payment-confirm:{world.code}:1" in open_items(world)
    assert f"contract-pay:{world.code}:1" in open_items(world), "the rest is still to be paid"
    second = pay(world, amount="24999.50", role=W, actor=world.secretary)
    assert (second.number, second.role) == (2, W)
    assert f"contract-pay:{world.code}:1" not in open_items(world)
    for stranger in (world.people[D], world.secretary):
        with pytest.raises(PermissionRefusedError):
            confirm_payment(world.alliance, world.code, 1, actor=stranger, at=START)
    confirm_payment(world.alliance, world.code, first.number, actor=world.people[S], at=START)
    assert view_of(world).state == MilestoneState.ACCEPTED
    confirm_payment(world.alliance, world.code, second.number, actor=world.second[S], at=START)
    assert view_of(world).state == MilestoneState.PAID
    assert [(one["amount"], one["in_full"]) for one in events(world, MILESTONE_PAID)] == [
        ("15000.50", False),
        ("24999.50", True),
    ]
    assert not {key for key in open_items(world) if key.startswith("payment-")}
    with pytest.raises(TransitionRefusedError):
        confirm_payment(world.alliance, world.code, 1, actor=world.people[S], at=START)
    with pytest.raises(TransitionRefusedError):
        reverse_payment(world.alliance, world.code, 1, words="Wrong.", actor=world.people[D], at=START)
    with pytest.raises(NotFoundError):
        confirm_payment(world.alliance, world.code, 9, actor=world.people[S], at=START)
    assert verbs(world).count("confirm_payment") == 2


def test_a_person_of_both_sides_does_not_confirm_the_own_payment(world: World) -> None:
    both = make_user()
    make_staff(world.demand, both, role=StaffRole.SIGNATORY)
    make_staff(world.supply, both, role=StaffRole.SIGNATORY)
    hand(world)
    accept(world)
    paid = pay(world, actor=both)
    with pytest.raises(SeparationOfDutiesError):
        confirm_payment(world.alliance, world.code, paid.number, actor=both, at=START)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"amount": Decimal("0")}, "amount"),
        ({"amount": Decimal("-5")}, "amount"),
        ({"amount": Decimal("1.005")}, "amount"),
        ({"amount": Decimal("NaN")}, "amount"),
        ({"amount": Decimal("40000.01")}, "amount"),
        ({"paid_on": date(2026, 12, 9)}, "paid_on"),
        ({"paid_on": date(2026, 12, 11)}, "paid_on"),
        ({"reference": "  "}, "reference"),
        ({"reference": "x" * 81}, "reference"),
    ],
)
def test_an_impossible_payment_is_refused_at_its_field(world: World, fields: dict[str, Any], field: str) -> None:
    hand(world)
    accept(world)
    values: dict[str, Any] = {"amount": Decimal("1.00"), "paid_on": date(2026, 12, 10), "reference": "T-1", **fields}
    with pytest.raises(InvalidInputError) as refusal:
        record_payment(world.alliance, world.code, 1, role=D, actor=world.people[D], at=START, **values)
    assert field in refusal.value.fields


def test_a_reference_stands_once_until_it_is_taken_out(world: World) -> None:
    hand(world)
    accept(world)
    first = pay(world, amount="10.00", reference="T-77")
    with pytest.raises(InvalidInputError) as refusal:
        pay(world, amount="10.00", reference="T-77")
    assert refusal.value.code == "reference_taken"
    with pytest.raises(InvalidInputError):
        reverse_payment(world.alliance, world.code, first.number, words="", actor=world.people[D], at=START)
    reverse_payment(world.alliance, world.code, first.number, words="Wrong sum.", actor=world.second[D], at=START)
    assert pay(world, amount="20.00", reference="T-77").number == 2
    with pytest.raises(TransitionRefusedError):
        reverse_payment(world.alliance, world.code, first.number, words="Again.", actor=world.people[D], at=START)


def test_a_contradicted_payment_stands_no_more_and_may_be_confirmed_when_it_arrives(world: World) -> None:
    hand(world)
    accept(world)
    paid = pay(world)
    with pytest.raises(InvalidInputError):
        contradict_payment(world.alliance, world.code, paid.number, words=" ", actor=world.people[S], at=START)
    contradict_payment(world.alliance, world.code, paid.number, words="Nothing came.", actor=world.people[S], at=START)
    assert view_of(world).left == Decimal("40000.00")
    assert {f"payment-doubt:{world.code}:1", f"contract-pay:{world.code}:1"} <= open_items(world)
    again = pay(world, amount="30000.00")
    with pytest.raises(DomainError) as above:
        confirm_payment(world.alliance, world.code, paid.number, actor=world.people[S], at=START)
    assert above.value.code == "above_amount"
    with pytest.raises(PermissionRefusedError):
        reverse_payment(world.alliance, world.code, again.number, words="x", actor=world.secretary, at=START)
    reverse_payment(world.alliance, world.code, again.number, words="Entered twice.", actor=world.people[D], at=START)
    confirm_payment(world.alliance, world.code, paid.number, actor=world.people[S], at=START)
    assert view_of(world).state == MilestoneState.PAID
    assert f"payment-doubt:{world.code}:1" not in open_items(world)


def test_accepted_work_is_paid_also_after_an_early_end_and_other_work_is_not(world: World) -> None:
    hand(world)
    accept(world)
    Contract.objects.of(world.alliance).filter(pk=world.contract.pk).update(state=ContractState.TERMINATED)
    paid = pay(world)
    confirm_payment(world.alliance, world.code, paid.number, actor=world.people[S], at=START)
    with pytest.raises(DomainError) as refusal:
        pay(world, 2, "1.00")
    assert refusal.value.code == "not_accepted"


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["record", "record", "confirm", "contradict", "reverse"]),
            st.integers(min_value=1, max_value=6),
            st.integers(min_value=1, max_value=4_500_000),
        ),
        min_size=3,
        max_size=14,
    )
)
def test_whatever_is_tried_the_sums_that_stand_never_exceed_the_amount(
    world: World, steps: list[tuple[str, int, int]]
) -> None:
    """Confirmed sums only grow, and every yuan stands in exactly one row."""
    with transaction.atomic():
        hand(world)
        accept(world)
        confirmed = Decimal(0)
        for number, (step, which, cents) in enumerate(steps):
            try:
                with transaction.atomic():
                    common: dict[str, Any] = {"at": START, "actor": world.people[S]}
                    if step == "record":
                        pay(world, amount=str(Decimal(cents) / 100), reference=f"R-{number}")
                    elif step == "confirm":
                        confirm_payment(world.alliance, world.code, which, **common)
                    elif step == "contradict":
                        contradict_payment(world.alliance, world.code, which, words="No.", **common)
                    else:
                        reverse_payment(world.alliance, world.code, which, words="Wrong.", at=START, actor=world.people[D])
            except DomainError:
                pass
            view = view_of(world)
            assert view.recorded <= view.amount
            assert view.left == view.amount - view.recorded
            assert confirmed <= view.confirmed <= view.recorded
            assert view.is_paid == (view.confirmed == view.amount)
            confirmed = view.confirmed
        assert sum(Decimal(one["amount"]) for one in events(world, MILESTONE_PAID)) == confirmed
        transaction.set_rollback(True)


# ----------------------------------------------------------------------------------------------------------- days and warnings


def test_days_move_by_the_rests_they_meet() -> None:
    day, set_on, today = date(2026, 12, 31), date(2026, 11, 1), date(2027, 3, 1)
    assert moved(day, set_on, [], today) == day
    ten = Pause(date(2026, 12, 1), date(2026, 12, 11))
    assert moved(day, set_on, [ten], today) == date(2027, 1, 10)
    after = Pause(date(2027, 1, 5), date(2027, 1, 8))
    assert moved(day, set_on, [after], today) == day, "a rest after the day moves nothing"
    assert moved(day, set_on, [ten, after], today) == date(2027, 1, 13), "unless an earlier one pushed the day into it"
    lasting = Pause(date(2026, 12, 30), None)
    assert moved(day, set_on, [lasting], date(2027, 1, 9)) == date(2027, 1, 10)
    before = Pause(date(2026, 10, 1), date(2026, 10, 20))
    assert moved(day, set_on, [before], today) == day, "it was over when the day was set"
    one = Pause(date(2026, 12, 24), date(2026, 12, 26))
    assert moved(date(2026, 12, 24), set_on, [one], today, working=True) == date(2026, 12, 28), "a Monday"


def test_the_days_of_an_amendment_begin_as_rests_moved_them(world: World) -> None:
    rest(world, date(2026, 12, 12), date(2027, 1, 11))
    main = world.fresh()
    draft = with_moved_days(main, make_draft(), at=START + timedelta(days=60))
    assert [one.due_on for one in draft.milestones] == [date(2027, 1, 30), date(2027, 5, 30)]
    assert draft.ends_on == make_draft().ends_on
    later = with_moved_days(main, make_draft(ends_on=date(2027, 5, 1)), at=START + timedelta(days=60))
    assert later.ends_on == date(2027, 5, 30), "the last day is never before the last milestone"


def test_milestones_that_are_done_stay_where_they_were_when_the_work_rests(world: World) -> None:
    hand(world)
    accept(world)
    rest(world, date(2026, 12, 20), date(2027, 1, 19))
    first, second = milestones_of(world.fresh(), at=START + timedelta(days=60))
    assert first.due_on == first.planned_on == date(2026, 12, 31)
    assert second.due_on == date(2027, 5, 30)
    chart = work_chart(world.fresh(), [first, second])
    assert [bar.colour for bar in chart.bars] == ["g2", "g4"]


def test_the_day_of_a_request_moves_by_a_rest_and_an_early_end_takes_it_back(world: World) -> None:
    hand(world)
    key = f"contract-accept:{world.code}:1"
    rest(world, date(2026, 12, 14), date(2026, 12, 21))
    look_after_work(world.alliance, world.code, at=START + timedelta(days=12))
    due = InboxItem.objects.of(world.alliance).get(key=key).due_at
    assert due is not None
    assert timezone.localdate(due) == date(2026, 12, 31), "24 December and the seven days of the rest"
    Contract.objects.of(world.alliance).filter(pk=world.contract.pk).update(state=ContractState.TERMINATED)
    look_after_work(world.alliance, world.code, at=START + timedelta(days=13))
    assert key not in open_items(world)


def test_milestones_take_the_same_number_of_queries_however_many_acts(world: World, django_assert_num_queries: Any) -> None:
    hand(world, files=[SimpleUploadedFile("a.pdf", REPORT)])
    for _turn in range(2):
        send_back(world)
        hand(world, files=[SimpleUploadedFile("b.pdf", REPORT)])
    accept(world)
    for _turn in range(3):
        pay(world, amount="10.00")
    contract = Contract.objects.of(world.alliance).select_related("in_effect", "alliance").get(pk=world.contract.pk)
    with django_assert_num_queries(4):
        views = milestones_of(contract, at=START)
        assert [len(view.payments) for view in views] == [3, 0]
        assert [str(one.handed_by) for one in views[0].attempts]
        assert [row.file.name for row in views[0].attempts[0].files.all()] == ["a.pdf"]


def test_the_supply_side_is_asked_a_week_before_and_all_are_told_the_day_after_once(world: World) -> None:
    key = f"contract-hand-over:{world.code}:1"
    due = datetime(2026, 12, 31, 9, tzinfo=timezone.get_default_timezone())
    look_after_work(world.alliance, world.code, at=due - timedelta(days=8))
    assert key not in open_items(world)
    for days in (7, 3, 0):
        look_after_work(world.alliance, world.code, at=due - timedelta(days=days))
    assert InboxItem.objects.of(world.alliance).filter(key=key).count() == 1
    late = Notification.objects.of(world.alliance).filter(kind="services.milestone_late")
    assert not late.exists(), "the day itself is in time"
    for days in (1, 2, 9):
        look_after_work(world.alliance, world.code, at=due + timedelta(days=days))
    told = list(late.values_list("user", flat=True))
    assert len(told) == len(set(told))
    assert {world.people[D].pk, world.people[S].pk, world.secretary.pk} <= set(told)
    assert view_of(world, at=due + timedelta(days=9)).days_late == 9
    hand(world, at=due + timedelta(days=9))
    assert key not in open_items(world)


def test_the_demand_side_is_told_once_of_a_late_payment(world: World) -> None:
    hand(world)
    accept(world)
    late = Notification.objects.of(world.alliance).filter(kind="services.payment_late")
    last = add_working_days(START, 15)
    look_after_work(world.alliance, world.code, at=last)
    assert not late.exists()
    for days in (1, 2):
        look_after_work(world.alliance, world.code, at=last + timedelta(days=days))
    assert set(late.values_list("user", flat=True)) == {world.people[D].pk, world.second[D].pk}
    assert late.count() == 2


# -------------------------------------------------------------------------------------------------------------------- closing


def test_the_witness_closes_when_all_is_accepted_paid_and_confirmed(world: World) -> None:
    with pytest.raises(DomainError) as early:
        complete_contract(world.alliance, world.code, actor=world.secretary, at=START)
    assert early.value.code == "work_missing"
    assert "Milestone 1 is not accepted." in str(early.value.reason)
    finish(world)
    assert f"contract-close:{world.code}" in open_items(world)
    with pytest.raises(PermissionRefusedError):
        complete_contract(world.alliance, world.code, actor=world.people[D], at=START)
    done = complete_contract(world.alliance, world.code, actor=world.secretary, at=START)
    assert (done.state, done.ended_at) == (ContractState.COMPLETED, START)
    assert events(world, CONTRACT_COMPLETED) == [{"contract": world.code, "match": ""}]
    assert not {key for key in open_items(world) if world.code in key}
    assert "complete_contract" in verbs(world)
    with pytest.raises(TransitionRefusedError):
        complete_contract(world.alliance, world.code, actor=world.secretary, at=START)


def test_what_keeps_a_contract_from_being_closed_is_said(world: World) -> None:
    finish(world)
    views = milestones_of(world.fresh(), at=START)
    contract = world.fresh()
    assert missing_to_close(contract, views, None) == []
    for state, words in ((ContractState.AMENDING, "amendment"), (ContractState.SUSPENDED, "suspended")):
        Contract.objects.of(world.alliance).filter(pk=world.contract.pk).update(state=state)
        with pytest.raises(DomainError) as refusal:
            complete_contract(world.alliance, world.code, actor=world.secretary, at=START)
        assert words in str(refusal.value.reason)
    Contract.objects.of(world.alliance).filter(pk=world.contract.pk).update(state=ContractState.IN_FORCE)
    ContractNotice.objects.create(
        alliance=world.alliance,
        contract=world.contract,
        number=1,
        kind=NoticeKind.SUSPEND,
        role=S,
        reason=NoticeReason.MEANS,
        words="No people.",
        given_at=START,
    )
    with pytest.raises(DomainError) as notice:
        complete_contract(world.alliance, world.code, actor=world.secretary, at=START)
    assert "notice waits" in str(notice.value.reason)


def test_a_payment_that_is_not_confirmed_keeps_the_contract_open(world: World) -> None:
    finish_one = hand(world)
    assert finish_one.number == 1
    accept(world)
    pay(world)
    with pytest.raises(DomainError) as refusal:
        complete_contract(world.alliance, world.code, actor=world.secretary, at=START)
    assert "not confirmed as received" in str(refusal.value.reason)
