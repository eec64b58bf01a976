"""Notices by which a party suspends, takes up or ends the work: which there are, which may be given, who decides."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from alliance.kernel.errors import NotFoundError
from services.choices import ContractState, NoticeKind, NoticeReason, NoticeState, PartyRole
from services.models import ContractNotice, ContractPause
from services.transitions import STEP_OF_NOTICE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from alliance.models import Alliance
    from services.models import Contract

UNANSWERED: Final = timedelta(days=15)
"""After so long without an answer the witness may decide on an early end (clause “fundamental-breach”)."""
REASONS: Final[dict[str, tuple[str, ...]]] = {
    NoticeKind.SUSPEND: (
        NoticeReason.FORCE_MAJEURE,
        NoticeReason.STANDSTILL,
        NoticeReason.BREACH,
        NoticeReason.MEANS,
        NoticeReason.OTHER,
    ),
    NoticeKind.RESUME: (NoticeReason.CAUSE_GONE, NoticeReason.OTHER),
    NoticeKind.TERMINATE: (
        NoticeReason.BREACH,
        NoticeReason.AIM_GONE,
        NoticeReason.FORCE_MAJEURE,
        NoticeReason.MEANS,
        NoticeReason.OTHER,
    ),
}
"""The reasons that fit each kind."""
OTHER_SIDE: Final = {PartyRole.DEMAND: PartyRole.SUPPLY, PartyRole.SUPPLY: PartyRole.DEMAND}


def list_notices(contract: Contract) -> list[ContractNotice]:
    """Every notice on a contract with who gave and answered it, newest first; one query."""
    return list(
        ContractNotice.objects.of(contract.alliance)
        .filter(contract=contract)
        .select_related("given_by", "answered_by")
        .order_by("-number")
    )


def get_notice(contract: Contract, number: int) -> ContractNotice:
    """One notice.

    Raises:
        NotFoundError: There is none.
    """
    found = (
        ContractNotice.objects.of(contract.alliance)
        .filter(contract=contract, number=number)
        .select_related("given_by", "answered_by")
        .first()
    )
    if found is None:
        raise NotFoundError
    return found


def list_pauses(contract: Contract) -> list[ContractPause]:
    """The times in which the work rested or rests, oldest first; one query."""
    return list(ContractPause.objects.of(contract.alliance).filter(contract=contract).order_by("begins_on", "pk"))


def kinds_possible(contract: Contract) -> list[NoticeKind]:
    """What may be wanted of a contract in its present state; nothing of an amendment, which is no work."""
    if contract.amends_id is not None:
        return []
    return [kind for kind in NoticeKind if contract.state in STEP_OF_NOTICE[kind].sources]


def to_be_decided(notices: Sequence[ContractNotice], at: datetime) -> ContractNotice | None:
    """The notice to end the contract early on which the witness may decide: refused, or unanswered for fifteen days.

    Only the newest one counts: who gave a later notice and withdrew it does not want the end any more.

    Args:
        notices: All notices of the contract, newest first.
        at: Now.
    """
    newest = next((one for one in notices if one.kind == NoticeKind.TERMINATE), None)
    if newest is None or newest.role == PartyRole.WITNESS:
        return None
    if newest.state == NoticeState.REFUSED:
        return newest
    if newest.state == NoticeState.OPEN and newest.given_at + UNANSWERED <= at:
        return newest
    return None


def kinds_to_order(contract: Contract, notices: Sequence[ContractNotice], at: datetime) -> list[NoticeKind]:
    """What the witness may order now: a suspension or resumption by itself, an end only where a side asked for it in vain."""
    return [
        kind for kind in kinds_possible(contract) if kind != NoticeKind.TERMINATE or to_be_decided(notices, at) is not None
    ]


def list_unanswered(alliance: Alliance, at: datetime) -> list[int]:
    """Notices to end a contract early that nobody answered for fifteen days; one query."""
    return list(
        ContractNotice.objects.of(alliance)
        .filter(
            state=NoticeState.OPEN,
            kind=NoticeKind.TERMINATE,
            given_at__lte=at - UNANSWERED,
            contract__state__in=[ContractState.IN_FORCE, ContractState.AMENDING, ContractState.SUSPENDED],
        )
        .order_by("pk")
        .values_list("pk", flat=True)
    )
