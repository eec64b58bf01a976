"""Amendments to contracts in force: which there are, and what of the work an amendment must leave as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from alliance.kernel.permissions import can
from services.choices import ContractState, PaymentState, SubmissionState
from services.models import LIVE_CONTRACTS, Contract, MilestonePayment, MilestoneSubmission
from services.permissions import AGREE_TERMS_PERMISSION

if TYPE_CHECKING:
    from services.models import ContractParty

FIXED: Final = (
    *(f"{name}_{language}" for name in ("title", "deliverable", "test") for language in ("en", "zh")),
    "amount",
)
"""What of a milestone that was accepted or paid an amendment leaves as it is; its day may be written down anew."""
BINDING: Final = (ContractState.AGREED, ContractState.SIGNING, ContractState.SEALING)
"""States of an amendment whose text is frozen and may still come into effect."""


def altered_milestones(old: dict[str, Any], new: dict[str, Any]) -> frozenset[int]:
    """Numbers of the milestones of one text that another text leaves out, or gives another title, deliverable, test or amount."""
    by_number = {one["number"]: one for one in new["milestones"]}
    return frozenset(
        one["number"]
        for one in old["milestones"]
        if (other := by_number.get(one["number"])) is None or any(one[name] != other[name] for name in FIXED)
    )


def renamed_milestones(old: dict[str, Any], new: dict[str, Any]) -> frozenset[int]:
    """Numbers of the milestones of one text that another text leaves out or gives another title: other steps, in effect."""
    titles = {one["number"]: (one["title_en"], one["title_zh"]) for one in new["milestones"]}
    return frozenset(
        one["number"] for one in old["milestones"] if titles.get(one["number"]) != (one["title_en"], one["title_zh"])
    )


def begun_milestones(contract: Contract) -> frozenset[int]:
    """Milestones of a contract for which something was handed over, whatever became of it; one query."""
    rows = MilestoneSubmission.objects.of(contract.alliance).filter(contract=contract)
    return frozenset(rows.exclude(state=SubmissionState.TAKEN_BACK).values_list("milestone", flat=True))


def settled_milestones(contract: Contract) -> frozenset[int]:
    """Milestones of a contract that were accepted or have a payment on record; two queries."""
    accepted = MilestoneSubmission.objects.of(contract.alliance).filter(contract=contract, state=SubmissionState.ACCEPTED)
    paid = MilestonePayment.objects.of(contract.alliance).filter(contract=contract).exclude(state=PaymentState.REVERSED)
    return frozenset(accepted.values_list("milestone", flat=True)) | frozenset(paid.values_list("milestone", flat=True))


def milestones_being_altered(contract: Contract) -> frozenset[int]:
    """Milestones that an amendment with a frozen text alters: nothing is accepted or paid for them until it is settled.

    Ask it while holding the lock of the contract: the text of an amendment is frozen under the same lock, so that a milestone is
    either accepted first and then stands in the amendment unchanged, or not accepted at all. One query, none unless the contract
    is being amended.
    """
    if contract.state != ContractState.AMENDING or contract.in_effect is None:
        return frozenset()
    amendment = (
        Contract.objects.of(contract.alliance)
        .filter(amends=contract, state__in=BINDING)
        .select_related("frozen")
        .order_by("pk")
        .first()
    )
    if amendment is None or amendment.frozen is None:
        return frozenset()
    return altered_milestones(contract.in_effect.content, amendment.frozen.content)


def live_amendment(contract: Contract) -> Contract | None:
    """The amendment that may still come into effect; there is one or none. One query."""
    return Contract.objects.of(contract.alliance).filter(amends=contract, state__in=LIVE_CONTRACTS).order_by("pk").first()


def list_amendments(contract: Contract) -> list[Contract]:
    """Every amendment to a contract with its seal, oldest first; one query."""
    return list(Contract.objects.of(contract.alliance).filter(amends=contract).select_related("seal").order_by("pk"))


def parties_to_amend(contract: Contract, reader: Any) -> list[ContractParty]:
    """The parties for which a person may begin an amendment now."""
    if contract.amends_id is not None or contract.state != ContractState.IN_FORCE:
        return []
    return [party for party in contract.parties.all() if can(reader, AGREE_TERMS_PERMISSION, party)]
