"""The work under a contract by the API: hand over, accept, send back, record and answer payments; for people of the parties.

The reads stand in the contract's own record (``submissions``, ``payments``). Files are handed over on the page only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from alliance.api.endpoints import ClosedSerializer, WriteEndpoint, json_response, person_of, read_body
from alliance.api.openapi import ref
from alliance.api.permissions import Access
from alliance.api.problems import problem_titles
from alliance.kernel.errors import InvalidInputError, NotFoundError
from alliance.kernel.permissions import require
from services.actions.contract import party_of
from services.actions.execution import (
    MOST_WORDS,
    accept_milestone,
    hand_over_milestone,
    return_milestone,
    take_back_milestone,
)
from services.actions.execution_payment import (
    LONGEST_REFERENCE,
    PAYERS,
    confirm_payment,
    contradict_payment,
    record_payment,
    reverse_payment,
)
from services.actions.execution_payment import MOST_WORDS as MOST_PAYMENT_WORDS
from services.api.contracts import CONTRACT
from services.api.contracts import EXAMPLE as CONTRACT_EXAMPLE
from services.choices import PartyRole
from services.permissions import (
    ACCEPT_MILESTONE_PERMISSION,
    ANSWER_PAYMENT_PERMISSION,
    HAND_OVER_PERMISSION,
    RECORD_PAYMENT_PERMISSION,
)
from services.selectors.contract import get_contract

if TYPE_CHECKING:
    from rest_framework.request import Request

    from services.models import Contract

for _code, _title in {
    "contract_is_amendment": _("This is an amendment"),
    "handed_over_already": _("Handed over already"),
    "accepted_already": _("Accepted already"),
    "nothing_handed_over": _("Nothing was handed over"),
    "milestone_being_altered": _("The milestone is being altered"),
    "rework_used_up": _("The rounds of rework are used up"),
    "rework_day_past": _("The day is not after today"),
    "acceptance_not_due": _("There is still time to answer"),
    "reminded_already": _("Reminded already"),
    "not_accepted": _("Nothing is paid before acceptance"),
    "payer_unknown": _("Not a party that pays"),
    "payment_invalid": _("The payment cannot stand"),
    "above_amount": _("Above the amount of the milestone"),
    "reference_taken": _("The reference stands already"),
    "work_missing": _("Work or payments are missing"),
    "words_missing": _("Words are missing"),
}.items():
    if _code not in problem_titles:
        problem_titles.register(_code, _title)

EXAMPLE: dict[str, Any] = CONTRACT_EXAMPLE | {"state": "in_force"}
MILESTONE_STEPS = ("hand_over", "take_back", "accept", "return")
PAYMENT_STEPS = ("confirm", "contradict", "reverse")


class MilestoneStepBody(ClosedSerializer):
    """What a step of a milestone needs."""

    words = serializers.CharField(
        required=False,
        max_length=MOST_WORDS,
        help_text="What is handed over (hand_over), what is to be mended (return).",
    )
    rework_by = serializers.DateField(required=False, help_text="Day until which it is mended (return).")


class PaymentBody(ClosedSerializer):
    """A payment that was made."""

    role = serializers.ChoiceField(choices=[(role.value, role.label) for role in PAYERS])
    milestone = serializers.IntegerField(min_value=1, max_value=999)
    amount = serializers.DecimalField(max_digits=14, decimal_places=2, help_text="Yuan, as a string.")
    paid_on = serializers.DateField()
    reference = serializers.CharField(max_length=LONGEST_REFERENCE)


class PaymentStepBody(ClosedSerializer):
    """What the answer to a payment needs."""

    words = serializers.CharField(required=False, max_length=MOST_PAYMENT_WORDS, help_text="Why (contradict, reverse).")


def contract_response(contract: Contract, status: int = 200) -> HttpResponse:
    """The contract as the projection shows it."""
    return json_response(CONTRACT.record(contract.alliance, contract.code, CONTRACT.read({}, single=True)), status)


def _refuse_field(body: Mapping[str, Any], name: str, step: str) -> None:
    """Refuse a field that the step does not take.

    Raises:
        InvalidInputError: It was given.
    """
    if name in body:
        words = _("The step “%(step)s” does not take this field.") % {"step": step}
        raise InvalidInputError(words, fields={name: words})


class WorkEndpoint(WriteEndpoint):
    """Writes of the work under a contract."""

    tag = "contracts"
    access: ClassVar[Mapping[str, Access]] = {"POST": Access()}

    def contract(self, request: Request, code: str) -> Contract:
        """The contract, if it is open to the person.

        Raises:
            NotFoundError: It is not there, or not open.
        """
        return get_contract(self.alliance, code, reader=person_of(request))

    def require_for(self, request: Request, contract: Contract, role: str, permission: str) -> None:
        """Ask for a permission of one of the parties."""
        require(person_of(request), permission, party_of(contract, role))


class MilestoneStep(WorkEndpoint):
    """Hand over, take back, accept, send back."""

    summary: ClassVar[Mapping[str, str]] = {"POST": "Carry out a milestone"}
    explanation: ClassVar[Mapping[str, str]] = {
        "POST": "The supply side hands over and takes back; the representative and the signatories of the demand side accept or send "
        "back, never the person who handed over. Two rounds of rework at most. Files are handed over on the page."
    }
    path_schemas: ClassVar[Mapping[str, Mapping[str, Any]]] = {"step": {"type": "string", "enum": list(MILESTONE_STEPS)}}
    requests: ClassVar[Mapping[str, Any]] = {"POST": MilestoneStepBody}
    responses: ClassVar[Mapping[str, Mapping[int, Any]]] = {"POST": {200: ref("Contract")}}
    examples: ClassVar[Mapping[Any, Any]] = {
        "POST": EXAMPLE,
        ("POST", "request"): {"words": "The base values are missing.", "rework_by": "2027-01-15"},
    }

    def check_again(self, request: Request, **kwargs: Any) -> None:
        """The right to the step."""
        contract = self.contract(request, kwargs["code"])
        if kwargs["step"] in {"hand_over", "take_back"}:
            self.require_for(request, contract, PartyRole.SUPPLY, HAND_OVER_PERMISSION)
        else:
            self.require_for(request, contract, PartyRole.DEMAND, ACCEPT_MILESTONE_PERMISSION)

    def act(self, request: Request, **kwargs: Any) -> HttpResponse:
        """Take the step."""
        code, number, step = kwargs["code"], kwargs["number"], kwargs["step"]
        contract = self.contract(request, code)
        if step not in MILESTONE_STEPS:
            raise NotFoundError
        body = read_body(MilestoneStepBody, request)
        common: dict[str, Any] = {"actor": person_of(request), "at": timezone.now()}
        if step in {"take_back", "accept"}:
            _refuse_field(body, "words", step)
        if step != "return":
            _refuse_field(body, "rework_by", step)
        if step == "hand_over":
            hand_over_milestone(self.alliance, code, number, words=body.get("words", ""), **common)
        elif step == "take_back":
            take_back_milestone(self.alliance, code, number, **common)
        elif step == "accept":
            accept_milestone(self.alliance, code, number, **common)
        else:
            if "rework_by" not in body:
                words = _("Give a day after today.")
                raise InvalidInputError(words, fields={"rework_by": words})
            return_milestone(self.alliance, code, number, words=body.get("words", ""), rework_by=body["rework_by"], **common)
        return contract_response(contract)


class ContractPayments(WorkEndpoint):
    """Record a payment."""

    summary: ClassVar[Mapping[str, str]] = {"POST": "Record a payment"}
    explanation: ClassVar[Mapping[str, str]] = {
        "POST": "Stated by the demand side, or by the witness that holds the money, for an accepted milestone; the sums that stand "
        "never exceed its amount. Nothing is moved."
    }
    requests: ClassVar[Mapping[str, Any]] = {"POST": PaymentBody}
    responses: ClassVar[Mapping[str, Mapping[int, Any]]] = {"POST": {201: ref("Contract")}}
    examples: ClassVar[Mapping[Any, Any]] = {
        "POST": EXAMPLE,
        ("POST", "request"): {
            "role": "demand",
            "milestone": 1,
            "amount": "40000.00",
            "paid_on": "2027-01-12",
            "reference": "TR-2027-0112-07",
        },
    }

    def check_again(self, request: Request, **kwargs: Any) -> None:
        """The right to record for the party named."""
        body = read_body(PaymentBody, request)
        self.require_for(request, self.contract(request, kwargs["code"]), body["role"], RECORD_PAYMENT_PERMISSION)

    def act(self, request: Request, **kwargs: Any) -> HttpResponse:
        """Record it."""
        contract = self.contract(request, kwargs["code"])
        body = read_body(PaymentBody, request)
        record_payment(
            self.alliance,
            kwargs["code"],
            body["milestone"],
            role=body["role"],
            amount=body["amount"],
            paid_on=body["paid_on"],
            reference=body["reference"],
            actor=person_of(request),
            at=timezone.now(),
        )
        return contract_response(contract, 201)


class PaymentStep(WorkEndpoint):
    """Confirm, contradict, take out of the record."""

    summary: ClassVar[Mapping[str, str]] = {"POST": "Answer a payment"}
    explanation: ClassVar[Mapping[str, str]] = {
        "POST": "The supply side confirms or contradicts; the party that recorded it takes it out while it is not confirmed."
    }
    path_schemas: ClassVar[Mapping[str, Mapping[str, Any]]] = {"step": {"type": "string", "enum": list(PAYMENT_STEPS)}}
    requests: ClassVar[Mapping[str, Any]] = {"POST": PaymentStepBody}
    responses: ClassVar[Mapping[str, Mapping[int, Any]]] = {"POST": {200: ref("Contract")}}
    examples: ClassVar[Mapping[Any, Any]] = {
        "POST": EXAMPLE,
        ("POST", "request"): {"words": "Nothing arrived on our account."},
    }

    def check_again(self, request: Request, **kwargs: Any) -> None:
        """The right to the step."""
        contract = self.contract(request, kwargs["code"])
        if kwargs["step"] == "reverse":
            payment = contract.payments.filter(number=kwargs["number"]).first()
            if payment is None:
                raise NotFoundError
            self.require_for(request, contract, payment.role, RECORD_PAYMENT_PERMISSION)
        else:
            self.require_for(request, contract, PartyRole.SUPPLY, ANSWER_PAYMENT_PERMISSION)

    def act(self, request: Request, **kwargs: Any) -> HttpResponse:
        """Take the step."""
        code, number, step = kwargs["code"], kwargs["number"], kwargs["step"]
        contract = self.contract(request, code)
        if step not in PAYMENT_STEPS:
            raise NotFoundError
        body = read_body(PaymentStepBody, request)
        common: dict[str, Any] = {"actor": person_of(request), "at": timezone.now()}
        if step == "confirm":
            _refuse_field(body, "words", step)
            confirm_payment(self.alliance, code, number, **common)
        elif step == "contradict":
            contradict_payment(self.alliance, code, number, words=body.get("words", ""), **common)
        else:
            reverse_payment(self.alliance, code, number, words=body.get("words", ""), **common)
        return contract_response(contract)
