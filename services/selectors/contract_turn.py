"""Whom a contract waits for, and until when; for lists, where each contract's own page says it in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.choices import ContractState, PartyRole
from services.models import ContractAgreement, ContractTerms
from services.selectors.contract import whose_turn
from services.selectors.milestones import WORKING_STATES, milestones_by_contract, next_milestone

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from alliance.models import Alliance
    from services.models import Contract
    from services.selectors.milestones import MilestoneView


@dataclass(frozen=True, slots=True)
class Turn:
    """Who acts next on a contract.

    Attributes:
        parties: Parties that may act, in the order of signing; none where it is the desk's turn, nobody's, or over.
        by_desk: Whether the desk is to act.
        until: By when; None where no day is set.
        days_late: Days since then; 0 in time.
    """

    parties: tuple[PartyRole, ...] = ()
    by_desk: bool = False
    until: date | None = None
    days_late: int = 0

    @property
    def is_open(self) -> bool:
        """Whether it waits for anybody."""
        return self.by_desk or bool(self.parties)


def turns_of(alliance: Alliance, contracts: Sequence[Contract], *, at: datetime) -> list[Turn]:
    """The turn of each contract, in their order.

    At most six queries, whatever their number: newest versions, what was agreed to, and the work under those in force. Parties
    and terms in effect have to be fetched with the contracts.
    """
    negotiated = [one.pk for one in contracts if one.state == ContractState.NEGOTIATING]
    agreed: dict[int, set[int]] = {pk: set() for pk in negotiated}
    if negotiated:
        newest = dict(
            ContractTerms.objects.of(alliance)
            .filter(contract__in=negotiated)
            .order_by("contract", "-number")
            .distinct("contract")
            .values_list("pk", "contract")
        )
        for terms, party in ContractAgreement.objects.of(alliance).filter(terms__in=newest).values_list("terms", "party"):
            agreed[newest[terms]].add(party)
    work = milestones_by_contract(alliance, [one for one in contracts if one.state in WORKING_STATES], at=at)
    return [_turn(one, agreed.get(one.pk, set()), work.get(one.pk, [])) for one in contracts]


def _turn(contract: Contract, agreed: set[int], work: Sequence[MilestoneView]) -> Turn:
    everybody = [(party.pk, PartyRole(party.role)) for party in contract.parties.all()]
    if contract.state == ContractState.DRAFT:
        return Turn(tuple(role for _pk, role in everybody))
    if contract.state == ContractState.NEGOTIATING:
        return Turn(tuple(role for pk, role in everybody if pk not in agreed))
    if contract.state == ContractState.AGREED:
        return Turn(by_desk=True)
    if (signing := whose_turn(contract)) is not None:
        return Turn((PartyRole(signing.role),), until=contract.sign_until)
    if contract.state not in WORKING_STATES:
        return Turn()
    following = next_milestone(work)
    if following is None or following.waits_for is None:
        return Turn((PartyRole.WITNESS,))  # it closes the contract
    return Turn((following.waits_for,), until=following.next_on, days_late=following.days_late)
