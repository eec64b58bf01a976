"""Payments under a contract as recorded facts: stated by who paid, confirmed or contradicted by who received.

Nothing is moved here, and nothing is paid before acceptance: the action asks under the contract's lock, and a trigger of the
database refuses a row that refers to no accepted submission. Amounts are yuan renminbi. A ledger of a later issue hears of
acceptances and of confirmed payments by events.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError, SeparationOfDutiesError
from alliance.kernel.events import emit
from alliance.kernel.permissions import require
from groups.actions.conflict import require_no_conflict
from services.actions.contract import acting_for, party_of
from services.actions.execution import ask_to_close_if_done, find_view, lock_work, need_words
from services.actions.execution_announce import (
    PAID,
    PAY,
    ask_about_doubt,
    ask_about_payment,
    ask_for,
    payment_key,
    payment_words,
    settle_steps,
    tell_roles,
)
from services.choices import PartyRole, PaymentState
from services.contract_text import clean
from services.models import MilestonePayment
from services.permissions import ANSWER_PAYMENT_PERMISSION, RECORD_PAYMENT_PERMISSION
from services.selectors.milestones import STANDING, MilestoneView, milestones_of
from services.signals import MILESTONE_PAID
from services.transitions import CONFIRM_PAYMENT, CONTRADICT_PAYMENT, PAY_CONTRACT, REVERSE_PAYMENT

if TYPE_CHECKING:
    from datetime import date, datetime

    from alliance.kernel.transitions import Transition
    from alliance.models import Alliance, User
    from services.models import Contract

PAYERS: Final = (PartyRole.DEMAND, PartyRole.WITNESS)
"""Parties for which a payment may be recorded: who owes it, and who holds the money."""
CENT: Final = Decimal("0.01")
MOST_WORDS: Final = 500
LONGEST_REFERENCE: Final = 80


@transaction.atomic
def record_payment(
    alliance: Alliance,
    code: str,
    number: int,
    *,
    role: str,
    amount: Decimal,
    paid_on: date,
    reference: str,
    actor: User,
    at: datetime,
) -> MilestonePayment:
    """State that a sum was paid for an accepted milestone.

    Args:
        alliance: The tenant.
        code: The contract.
        number: The milestone.
        role: ``demand``, or ``witness`` where it holds the money.
        amount: In yuan, above 0, two decimals at most; all sums that stand never exceed the milestone's amount.
        paid_on: Day of the transfer; not before the acceptance and not in the future.
        reference: Of the transfer, once per contract.
        actor: The representative or a signatory of the party; the office where the alliance witnesses.
        at: Now.

    Raises:
        NotFoundError: There is no such contract or milestone.
        PermissionRefusedError: Not of the party.
        ConflictOfInterestError: The party stands aside.
        TransitionRefusedError: The contract is not in force.
        DomainError: ``not_accepted``: nothing is paid before acceptance.
        InvalidInputError: Another role, an impossible sum, day or reference, more than the milestone's amount.
    """
    contract, views = lock_work(alliance, code, at=at)
    if role not in PAYERS:
        words = _("A payment is recorded by the demand side, or by the witness who holds the money.")
        raise InvalidInputError(words, code="payer_unknown", fields={"role": words})
    party = party_of(contract, role)
    require(actor, RECORD_PAYMENT_PERMISSION, party)
    require_no_conflict(alliance, acting_for(party, actor), contract.matter)
    PAY_CONTRACT.check(contract.state)
    view = find_view(views, number)
    accepted = view.accepted
    if accepted is None or accepted.decided_at is None:
        raise DomainError(
            _("Nothing is paid for a milestone before it was accepted."),
            code="not_accepted",
            remedy=_("The demand side accepts it first."),
            who=[_("the representative and the signatories of the demand side")],
        )
    said = _check(view, amount, paid_on, reference, accepted_on=timezone.localdate(accepted.decided_at), at=at)
    rows = MilestonePayment.objects.of(alliance).filter(contract=contract)
    if rows.exclude(state=PaymentState.REVERSED).filter(reference=said).exists():
        taken = _("A payment with this reference stands in the record already.")
        raise InvalidInputError(taken, code="reference_taken", fields={"reference": taken})
    payment = MilestonePayment.objects.create(
        alliance=alliance,
        contract=contract,
        submission=accepted,
        milestone=number,
        number=(rows.order_by("-number").values_list("number", flat=True).first() or 0) + 1,
        amount=amount,
        paid_on=paid_on,
        reference=said,
        role=role,
        recorded_by=actor,
        recorded_at=at,
    )
    record_audit(
        contract,
        actor=actor,
        verb="record_payment",
        after={
            "milestone": number,
            "payment": payment.number,
            "amount": f"{amount:.2f}",
            "paid_on": paid_on,
            "role": role,
        },
        personal={"reference": said},
        at=at,
    )
    if view.left - amount <= 0:
        settle_steps(contract, number, PAY, by=actor, at=at)
    ask_about_payment(contract, view, payment, at=at)
    return payment


def _check(view: MilestoneView, amount: Decimal, paid_on: date, reference: str, *, accepted_on: date, at: datetime) -> str:
    """The sum, the day and the cleaned reference.

    Raises:
        InvalidInputError: With the reason at each field.
    """
    errors: dict[str, Any] = {}
    code = "payment_invalid"
    if not amount.is_finite() or amount <= 0 or amount != amount.quantize(CENT):
        errors["amount"] = _("Give a sum above 0 in yuan, with two decimals at most.")
    elif amount > view.left:
        code = "above_amount"
        errors["amount"] = _("At most %(left)s yuan are left of this milestone’s %(amount)s.") % {
            "left": f"{view.left:,.2f}",
            "amount": f"{view.amount:,.2f}",
        }
    if paid_on > timezone.localdate(at):
        errors["paid_on"] = _("This day is still to come; record a payment once it was made.")
    elif paid_on < accepted_on:
        errors["paid_on"] = _("Nothing is paid before acceptance, which was on %(day)s.") % {"day": accepted_on.isoformat()}
    said = clean(reference)
    if not said or len(said) > LONGEST_REFERENCE:
        errors["reference"] = _("Give the reference of the transfer, at most %(most)s characters.") % {
            "most": LONGEST_REFERENCE
        }
    if errors:
        raise InvalidInputError(next(iter(errors.values())), code=code, fields=errors)
    return said


def _lock_payment(
    alliance: Alliance, code: str, payment_number: int, *, at: datetime
) -> tuple[Contract, MilestoneView, MilestonePayment]:
    """The payment under the contract's lock.

    Raises:
        NotFoundError: There is none.
    """
    contract, views = lock_work(alliance, code, at=at)
    for view in views:
        for payment in view.payments:
            if payment.number == payment_number:
                return contract, view, payment
    raise NotFoundError


def _answer(payment: MilestonePayment, step: Transition, words: str, *, actor: User, at: datetime) -> None:
    payment.state = PaymentState(step.target)
    payment.answered_by, payment.answered_at, payment.answer_words = actor, at, words
    payment.save(update_fields=["state", "answered_by", "answered_at", "answer_words"])


def _record(
    contract: Contract, payment: MilestonePayment, step: Transition, before: str, words: str, *, actor: User, at: datetime
) -> None:
    record_audit(
        contract,
        actor=actor,
        verb=step.name,
        before={"state": before},
        after={
            "milestone": payment.milestone,
            "payment": payment.number,
            "amount": f"{payment.amount:.2f}",
            "state": payment.state,
        },
        personal={"words": words} if words else None,
        at=at,
    )


def _for_supply(
    alliance: Alliance, code: str, payment_number: int, step: Transition, *, actor: User, at: datetime
) -> tuple[Contract, MilestoneView, MilestonePayment]:
    """Everything an answer of the supply side asks first.

    Raises:
        SeparationOfDutiesError: The actor recorded the payment.
    """
    contract, view, payment = _lock_payment(alliance, code, payment_number, at=at)
    party = party_of(contract, PartyRole.SUPPLY)
    require(actor, ANSWER_PAYMENT_PERMISSION, party)
    require_no_conflict(alliance, acting_for(party, actor), contract.matter)
    PAY_CONTRACT.check(contract.state)
    step.check(payment.state)
    if payment.recorded_by_id == actor.pk:
        raise SeparationOfDutiesError(
            _("You recorded this payment; another person says whether it arrived."),
            who=[_("the representative and the signatories of the supply side")],
        )
    return contract, view, payment


@transaction.atomic
def confirm_payment(alliance: Alliance, code: str, payment_number: int, *, actor: User, at: datetime) -> MilestonePayment:
    """The supply side confirms that a payment arrived; that is final.

    Args:
        alliance: The tenant.
        code: The contract.
        payment_number: Number of the payment in the contract.
        actor: The representative or a signatory of the supply side.
        at: Now.

    Raises:
        NotFoundError: There is no such payment.
        PermissionRefusedError: Not of the supply side.
        SeparationOfDutiesError: The actor recorded it.
        TransitionRefusedError: It was confirmed or taken out, or the contract is over.
        DomainError: ``above_amount``: after a contradiction other payments took its place.
    """
    contract, view, payment = _for_supply(alliance, code, payment_number, CONFIRM_PAYMENT, actor=actor, at=at)
    if payment.state not in STANDING and payment.amount > view.left:
        raise DomainError(
            _("With this payment the milestone would be paid above its amount."),
            code="above_amount",
            remedy=_("Ask the party that recorded it to take one of the payments out of the record."),
        )
    before = payment.state
    _answer(payment, CONFIRM_PAYMENT, "", actor=actor, at=at)
    _record(contract, payment, CONFIRM_PAYMENT, before, "", actor=actor, at=at)
    _settle_payment(contract, payment, by=actor, at=at)
    views = milestones_of(contract, at=at)
    again = find_view(views, view.number)
    if not again.left:
        settle_steps(contract, view.number, PAY, by=actor, at=at)
    emit(
        alliance,
        MILESTONE_PAID,
        {
            "contract": code,
            "milestone": view.number,
            "payment": payment.number,
            "amount": f"{payment.amount:.2f}",
            "paid_on": payment.paid_on.isoformat(),
            "reference": payment.reference,
            "in_full": again.is_paid,
        },
    )
    more = payment_words(contract, again, payment)
    tell_roles(
        contract,
        again,
        PAID,
        f"payment_confirmed:{code}:{payment.number}",
        [PartyRole.DEMAND, PartyRole.WITNESS],
        at=at,
        besides=actor,
        params={"payment": more["payment"], "amount": more["amount"]},
    )
    ask_to_close_if_done(contract, views, at=at)
    return payment


def _settle_payment(contract: Contract, payment: MilestonePayment, *, by: User, at: datetime) -> None:
    for what in ("confirm", "doubt"):
        inbox.settle(contract.alliance, payment_key(contract, what, payment.number), by=by, at=at)


@transaction.atomic
def contradict_payment(
    alliance: Alliance, code: str, payment_number: int, *, words: str, actor: User, at: datetime
) -> MilestonePayment:
    """The supply side says that a payment did not arrive; it stands no longer until it is confirmed after all.

    Args:
        alliance: The tenant.
        code: The contract.
        payment_number: Number of the payment in the contract.
        words: What is wrong with it.
        actor: The representative or a signatory of the supply side.
        at: Now.

    Raises:
        NotFoundError: There is no such payment.
        PermissionRefusedError: Not of the supply side.
        SeparationOfDutiesError: The actor recorded it.
        TransitionRefusedError: It was answered or taken out, or the contract is over.
        InvalidInputError: No words.
    """
    contract, view, payment = _for_supply(alliance, code, payment_number, CONTRADICT_PAYMENT, actor=actor, at=at)
    said = need_words(words, _("Say what is wrong, such as “nothing arrived on our account”."), most=MOST_WORDS)
    before = payment.state
    _answer(payment, CONTRADICT_PAYMENT, said, actor=actor, at=at)
    _record(contract, payment, CONTRADICT_PAYMENT, before, said, actor=actor, at=at)
    _settle_payment(contract, payment, by=actor, at=at)
    ask_about_doubt(contract, view, payment, at=at)
    _ask_to_pay_again(contract, view.number, at=at)
    return payment


@transaction.atomic
def reverse_payment(
    alliance: Alliance, code: str, payment_number: int, *, words: str, actor: User, at: datetime
) -> MilestonePayment:
    """Take a payment that was recorded wrongly out of the record; the row stays and says why.

    Args:
        alliance: The tenant.
        code: The contract.
        payment_number: Number of the payment in the contract.
        words: Why.
        actor: Of the party for which it was recorded.
        at: Now.

    Raises:
        NotFoundError: There is no such payment.
        PermissionRefusedError: Not of that party.
        TransitionRefusedError: It was confirmed or taken out already, or the contract is over.
        InvalidInputError: No words.
    """
    contract, view, payment = _lock_payment(alliance, code, payment_number, at=at)
    party = party_of(contract, payment.role)
    require(actor, RECORD_PAYMENT_PERMISSION, party)
    require_no_conflict(alliance, acting_for(party, actor), contract.matter)
    PAY_CONTRACT.check(contract.state)
    REVERSE_PAYMENT.check(payment.state)
    said = need_words(words, _("Say why it is taken out of the record."), most=MOST_WORDS)
    before = payment.state
    _answer(payment, REVERSE_PAYMENT, said, actor=actor, at=at)
    _record(contract, payment, REVERSE_PAYMENT, before, said, actor=actor, at=at)
    _settle_payment(contract, payment, by=actor, at=at)
    _ask_to_pay_again(contract, view.number, at=at)
    return payment


def _ask_to_pay_again(contract: Contract, number: int, *, at: datetime) -> None:
    again = find_view(milestones_of(contract, at=at), number)
    if again.left and again.pay_by is not None:
        ask_for(contract, again, PAY, again.pay_by, at=at)
