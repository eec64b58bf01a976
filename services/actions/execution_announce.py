"""What the acts of carrying out a contract owe to others: the words, inbox items and notices, in one place.

Keys of items name the contract and the milestone or payment, so that a task that runs twice asks and tells once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.actions.notifications import notify
from alliance.kernel.texts import Text, texts
from alliance.kernel.working_days import end_of
from services.actions.contract import party_of
from services.actions.contract_announce import audience_of, day_params, params_of
from services.choices import PartyRole
from services.models import ContractParty
from services.selectors.contract import people_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime

    from alliance.models import User
    from services.models import Contract, MilestonePayment
    from services.selectors.milestones import MilestoneView

TO_HAND_OVER = "services.milestone_to_hand_over"
TO_ACCEPT = "services.milestone_to_accept"
TO_MEND = "services.milestone_to_mend"
TO_REMIND = "services.milestone_to_remind"
TO_PAY = "services.milestone_to_pay"
TO_CONFIRM = "services.payment_to_confirm"
DOUBTED = "services.payment_doubted"
TO_CLOSE = "services.contract_to_close"
LATE = "services.milestone_late"
ACCEPTED = "services.milestone_accepted"
SILENTLY_ACCEPTED = "services.milestone_silently_accepted"
TAKEN_BACK = "services.milestone_taken_back"
REMINDED = "services.acceptance_reminder"
ANSWER_LATE = "services.acceptance_late"
PAYMENT_LATE = "services.payment_late"
PAID = "services.payment_confirmed"
COMPLETED = "services.contract_completed"

texts.register(
    TO_HAND_OVER,
    Text(
        title=_("Hand over milestone %(number)s of contract %(code)s by %(day)s"),
        body=_("“%(title)s”, milestone “%(milestone)s”."),
        verb=_("Hand the work over"),
        icon="package-check",
    ),
)
texts.register(
    TO_ACCEPT,
    Text(
        title=_("Accept milestone %(number)s of contract %(code)s, or say what is to be mended"),
        body=_(
            "“%(milestone)s” was handed over. Answer by %(day)s; a person other than the one who handed it over decides."
        ),
        verb=_("Look at it"),
        icon="search-check",
        holds_up=True,
    ),
)
texts.register(
    TO_MEND,
    Text(
        title=_("Mend milestone %(number)s of contract %(code)s by %(day)s"),
        body=_("“%(milestone)s” was sent back for rework. Its page says what is to be mended."),
        verb=_("See what is to be mended"),
        icon="undo-2",
        holds_up=True,
    ),
)
texts.register(
    TO_REMIND,
    Text(
        title=_("Remind the demand side: milestone %(number)s of contract %(code)s is not answered"),
        body=_(
            "The days for accepting “%(milestone)s” are over. Once the witness has reminded in writing, five more working days of "
            "silence count as acceptance."
        ),
        verb=_("Remind"),
        icon="bell",
    ),
)
texts.register(
    TO_PAY,
    Text(
        title=_("Pay milestone %(number)s of contract %(code)s by %(day)s"),
        body=_("“%(milestone)s” is accepted. Pay, and record the payment here; the supply side confirms it."),
        verb=_("Record the payment"),
        icon="banknote",
    ),
)
texts.register(
    TO_CONFIRM,
    Text(
        title=_("Did payment %(payment)s of contract %(code)s arrive?"),
        body=_(
            "%(amount)s yuan for milestone %(number)s, transfer %(reference)s. Confirm it, or say that it did not arrive."
        ),
        verb=_("Confirm or contradict"),
        icon="banknote",
        holds_up=True,
    ),
)
texts.register(
    DOUBTED,
    Text(
        title=_("Payment %(payment)s of contract %(code)s did not arrive"),
        body=_(
            "The supply side contradicts the payment for milestone %(number)s. Find the transfer, or take it out of the record."
        ),
        verb=_("See what it says"),
        icon="circle-alert",
        holds_up=True,
    ),
)
texts.register(
    TO_CLOSE,
    Text(
        title=_("Close contract %(code)s: %(title)s"),
        body=_(
            "Every milestone is accepted and paid. The witness closes the contract; then the three parties evaluate each other."
        ),
        verb=_("Close it"),
        icon="circle-check",
        holds_up=True,
    ),
)
texts.register(
    LATE,
    Text(
        title=_("Milestone %(number)s of contract %(code)s is late"),
        body=_("“%(milestone)s” was due on %(day)s and is not handed over."),
        verb=_("Open the milestone"),
        icon="clock-alert",
    ),
)
texts.register(
    ACCEPTED,
    Text(
        title=_("Milestone %(number)s of contract %(code)s is accepted"),
        body=_("“%(milestone)s” was accepted; its payment is due by %(day)s."),
        verb=_("Open the milestone"),
        icon="circle-check",
    ),
)
texts.register(
    SILENTLY_ACCEPTED,
    Text(
        title=_("Milestone %(number)s of contract %(code)s counts as accepted"),
        body=_(
            "Nobody answered “%(milestone)s” within five working days after the reminder of the witness, so it is taken to be "
            "accepted; its payment is due by %(day)s."
        ),
        verb=_("Open the milestone"),
        icon="circle-check",
    ),
)
texts.register(
    TAKEN_BACK,
    Text(
        title=_("Milestone %(number)s of contract %(code)s was taken back"),
        body=_("The supply side took back what it handed over for “%(milestone)s”."),
        verb=_("Open the milestone"),
        icon="undo-2",
        mails=False,
    ),
)
texts.register(
    REMINDED,
    Text(
        title=_("Reminder of the witness: answer milestone %(number)s of contract %(code)s"),
        body=_("“%(milestone)s” waits for you. Without an answer by %(day)s it counts as accepted."),
        verb=_("Look at it"),
        icon="bell",
    ),
)
texts.register(
    ANSWER_LATE,
    Text(
        title=_("Milestone %(number)s of contract %(code)s was to be answered by %(day)s"),
        body=_(
            "“%(milestone)s” still waits for you. After a reminder of the witness, five working days of silence count as acceptance."
        ),
        verb=_("Look at it"),
        icon="clock-alert",
    ),
)
texts.register(
    PAYMENT_LATE,
    Text(
        title=_("The payment of milestone %(number)s of contract %(code)s is late"),
        body=_("“%(milestone)s” was to be paid by %(day)s; %(amount)s yuan are not recorded as paid."),
        verb=_("Open the milestone"),
        icon="clock-alert",
    ),
)
texts.register(
    PAID,
    Text(
        title=_("Payment %(payment)s of contract %(code)s is confirmed"),
        body=_("The supply side received %(amount)s yuan for milestone %(number)s."),
        verb=_("Open the milestone"),
        icon="banknote",
        mails=False,
    ),
)
texts.register(
    COMPLETED,
    Text(
        title=_("Contract %(code)s is completed: %(title)s"),
        body=_("Everything is accepted and paid, and the witness closed the contract."),
        verb=_("Open the contract"),
        icon="circle-check",
    ),
)

HAND_OVER, ACCEPT, MEND, REMIND, PAY = "hand-over", "accept", "mend", "remind", "pay"
"""What a milestone may wait for; part of its item's key."""
_ROLES = {
    HAND_OVER: PartyRole.SUPPLY,
    ACCEPT: PartyRole.DEMAND,
    MEND: PartyRole.SUPPLY,
    REMIND: PartyRole.WITNESS,
    PAY: PartyRole.DEMAND,
}
_KINDS = {HAND_OVER: TO_HAND_OVER, ACCEPT: TO_ACCEPT, MEND: TO_MEND, REMIND: TO_REMIND, PAY: TO_PAY}


def step_key(contract: Contract, step: str, number: int | None = None) -> str:
    """Key of the inbox item of a step of a milestone; the beginning of all of them without a number."""
    return f"contract-{step}:{contract.code}:" + (str(number) if number is not None else "")


def payment_key(contract: Contract, what: str, number: int | None = None) -> str:
    """Key of the inbox item that asks to confirm (``confirm``) or to look for (``doubt``) a payment."""
    return f"payment-{what}:{contract.code}:" + (str(number) if number is not None else "")


def close_key(contract: Contract) -> str:
    """Key of the inbox item that asks the witness to close."""
    return f"contract-close:{contract.code}"


def words_of(contract: Contract, view: MilestoneView, **more: Any) -> dict[str, Any]:
    """Placeholders that every text about a milestone may use."""
    names = {"milestone_en": view.title_en, "milestone_zh": view.title_zh}
    return params_of(contract, number=view.number, **names, **more)


def ask_for(contract: Contract, view: MilestoneView, step: str, day: date, *, at: datetime) -> None:
    """Ask the party whose turn it is; an open item only gets the new day."""
    inbox.ask(
        contract.alliance,
        _KINDS[step],
        step_key(contract, step, view.number),
        audience_of(party_of(contract, _ROLES[step])),
        params=words_of(contract, view, **day_params("day", day)),
        url_name="contract_milestone",
        url_kwargs={"code": contract.code, "number": view.number},
        at=at,
        due_at=end_of(day),
    )


def settle_steps(contract: Contract, number: int, *steps: str, by: User | None, at: datetime) -> None:
    """These steps of a milestone wait for nobody any more."""
    for step in steps:
        inbox.settle(contract.alliance, step_key(contract, step, number), by=by, at=at)


def ask_about_payment(contract: Contract, view: MilestoneView, payment: MilestonePayment, *, at: datetime) -> None:
    """Ask the supply side whether a payment arrived."""
    inbox.ask(
        contract.alliance,
        TO_CONFIRM,
        payment_key(contract, "confirm", payment.number),
        audience_of(party_of(contract, PartyRole.SUPPLY)),
        params=payment_words(contract, view, payment),
        url_name="contract_milestone",
        url_kwargs={"code": contract.code, "number": view.number},
        at=at,
    )


def ask_about_doubt(contract: Contract, view: MilestoneView, payment: MilestonePayment, *, at: datetime) -> None:
    """Tell the party that recorded a payment that it was contradicted; it finds the money or takes the record out."""
    inbox.ask(
        contract.alliance,
        DOUBTED,
        payment_key(contract, "doubt", payment.number),
        audience_of(party_of(contract, payment.role)),
        params=payment_words(contract, view, payment),
        url_name="contract_milestone",
        url_kwargs={"code": contract.code, "number": view.number},
        at=at,
    )


def payment_words(contract: Contract, view: MilestoneView, payment: MilestonePayment) -> dict[str, Any]:
    """Placeholders of a text about a payment."""
    return words_of(contract, view, payment=payment.number, amount=f"{payment.amount:,.2f}", reference=payment.reference)


def ask_to_close(contract: Contract, *, at: datetime) -> None:
    """Ask the witness to close a contract in which nothing is missing."""
    inbox.ask(
        contract.alliance,
        TO_CLOSE,
        close_key(contract),
        audience_of(party_of(contract, PartyRole.WITNESS)),
        params=params_of(contract),
        url_name="contract_detail",
        url_kwargs={"code": contract.code},
        at=at,
    )


def tell_roles(
    contract: Contract,
    view: MilestoneView,
    kind: str,
    key: str,
    roles: Iterable[str],
    *,
    at: datetime,
    with_desk: bool = False,
    besides: User | None = None,
    params: Mapping[str, Any] | None = None,
) -> int:
    """Tell the people of these parties, and of the desk, something about a milestone, once per key."""
    parties = [party_of(contract, role) for role in roles]
    if with_desk:
        parties.append(ContractParty(alliance=contract.alliance, role=PartyRole.WITNESS))
    users = {
        user.pk: user
        for party in parties
        for user in people_of(contract.alliance, party, at)
        if besides is None or user.pk != besides.pk
    }
    return notify(
        contract.alliance,
        users.values(),
        kind,
        key,
        params=words_of(contract, view, **(params or {})),
        at=at,
        url_name="contract_milestone",
        url_kwargs={"code": contract.code, "number": view.number},
    )


def settle_work(contract: Contract, *, by: User | None, at: datetime) -> None:
    """No work waits for anybody any more; what was accepted and not paid yet still does. For an early end as well."""
    for step in (HAND_OVER, ACCEPT, MEND, REMIND):
        inbox.settle_all(contract.alliance, step_key(contract, step), by=by, at=at)
    inbox.settle(contract.alliance, close_key(contract), by=by, at=at)
