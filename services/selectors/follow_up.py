"""Follow-ups of contracts: who is to be asked, what a reader may see of them, what waits for the desk.

What one side answered is read by the people of that side and by the desk, and by nobody else: not by the other side, not by a
person of the desk who acts for one of the parties or for an institution that stands aside.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.utils import timezone

from alliance.kernel.errors import NotFoundError
from alliance.kernel.permissions import can, grants_of, institutions_acted_for
from groups.selectors.conflict import list_matters_aside, list_recused
from services.choices import ContractState, FollowUpState, PartyRole, Progress
from services.models import Contract, ContractFollowUp, ContractParty
from services.permissions import ANSWER_FOLLOW_UP_PERMISSION, HANDLE_FOLLOW_UP

if TYPE_CHECKING:
    from datetime import date, datetime

    from django.db.models import QuerySet

    from alliance.models import Alliance

EVERY_DAYS: Final = 30
"""Each side is asked when so many days have passed since the contract was signed, and again after each further so many."""
ANSWER_DAYS: Final = 10
"""So many days there are to answer."""
POOR: Final = 2
"""Working together marked with this or less is a signal."""
ASKED_STATES: Final = (ContractState.IN_FORCE, ContractState.AMENDING)
"""Nobody is asked how the work goes while it rests."""
SIDES: Final = (PartyRole.DEMAND, PartyRole.SUPPLY)
ORDER: Final = ("-asked_at", "-id")
TABS: Final = ("", "handled", "all")


def number_due(signed_at: datetime, at: datetime) -> int:
    """Number of the newest question that is due by now; 0: none yet."""
    return max(0, (timezone.localdate(at) - timezone.localdate(signed_at)).days // EVERY_DAYS)


def is_bad(progress: str, cooperation: int, *, wants_help: bool) -> bool:
    """Whether an answer says that something goes wrong: not as agreed, working together poorly, or a call is wanted.

    Work at risk alone is no signal, for the two sides talk; with poor cooperation it is one, as is poor cooperation on work
    that goes as agreed.
    """
    return progress == Progress.OFF_TRACK or cooperation <= POOR or wants_help


def list_to_ask(alliance: Alliance, at: datetime) -> list[str]:
    """Codes of contracts in force one of whose sides was not asked the question that is due; two queries."""
    contracts = list(
        Contract.objects.of(alliance)
        .filter(
            state__in=ASKED_STATES,
            amends__isnull=True,
            signed_at__isnull=False,
            signed_at__lt=at - timedelta(days=EVERY_DAYS - 1),
        )
        .order_by("pk")
        .values_list("pk", "code", "signed_at")
    )
    asked = set(
        ContractFollowUp.objects.of(alliance)
        .filter(contract__in=[pk for pk, _code, _signed in contracts])
        .values_list("contract_id", "role", "number")
    )
    found = []
    for pk, code, signed_at in contracts:
        number = number_due(signed_at, at) if signed_at is not None else 0
        if number and any((pk, role, number) not in asked for role in SIDES):
            found.append(code)
    return found


def list_to_miss(alliance: Alliance, today: date) -> list[tuple[str, str, int]]:
    """Contract, side and number of the questions whose last day is over; one query."""
    return list(
        ContractFollowUp.objects.of(alliance)
        .filter(state=FollowUpState.ASKED, answer_by__lt=today)
        .order_by("pk")
        .values_list("contract__code", "role", "number")
    )


def desk_reads(contract: Contract, reader: Any) -> bool:
    """Whether a person reads follow-ups of this contract for the desk: of the office, and of none of the parties."""
    if not can(reader, HANDLE_FOLLOW_UP, contract.alliance):
        return False
    own = institutions_acted_for(grants_of(reader, contract.alliance))
    if not own:
        return True
    return not own & contract.party_institution_ids() and not own & list_recused(contract.alliance, contract.matter)


def roles_read(contract: Contract, reader: Any) -> list[str]:
    """The sides whose follow-ups a person may read."""
    if desk_reads(contract, reader):
        return [str(role) for role in SIDES]
    return own_sides(contract, reader)


def own_sides(contract: Contract, reader: Any) -> list[str]:
    """The sides whose people the person is one of."""
    found = []
    for party in contract.parties.all():
        party.alliance = contract.alliance
        if party.role in SIDES and can(reader, ANSWER_FOLLOW_UP_PERMISSION, party):
            found.append(party.role)
    return found


def list_follow_ups(contract: Contract, reader: Any) -> list[ContractFollowUp]:
    """Follow-ups of a contract that the reader may see, newest first; one query, none for whoever may see none."""
    roles = roles_read(contract, reader)
    if not roles:
        return []
    rows = ContractFollowUp.objects.of(contract.alliance).filter(contract=contract, role__in=roles)
    return list(rows.select_related("answered_by", "handled_by").order_by("-number", "role"))


def get_follow_up(contract: Contract, role: str, number: int, *, reader: Any) -> ContractFollowUp:
    """One follow-up; the same answer for "not there" and "not yours".

    Raises:
        NotFoundError: There is none, or it is not open to this reader.
    """
    if role not in roles_read(contract, reader):
        raise NotFoundError
    found = (
        ContractFollowUp.objects.of(contract.alliance)
        .filter(contract=contract, role=role, number=number)
        .select_related("answered_by", "handled_by")
        .first()
    )
    if found is None:
        raise NotFoundError
    return found


def readable_by_desk(alliance: Alliance, reader: Any) -> QuerySet[ContractFollowUp]:
    """Follow-ups of all contracts that a person of the desk may read; one query more where the person acts for institutions."""
    rows = ContractFollowUp.objects.of(alliance).select_related("contract", "handled_by")
    own = institutions_acted_for(grants_of(reader, alliance))
    if own:
        parties = ContractParty.objects.of(alliance).filter(institution__in=own).values("contract")
        rows = rows.exclude(contract__in=parties)
        if aside := list_matters_aside(alliance, frozenset(own), "contract"):
            rows = rows.exclude(contract__code__in=[matter.partition(":")[2] for matter in aside])
    return rows


def list_signals(alliance: Alliance, reader: Any, tab: str = "") -> QuerySet[ContractFollowUp]:
    """Signals nobody has seen to; with ``handled`` those that somebody has, with ``all`` every follow-up."""
    rows = readable_by_desk(alliance, reader)
    if tab == "all":
        return rows
    return rows.filter(is_signal=True, handled_at__isnull=tab != "handled")
