"""Contracts as their readers see them: lists, parties and whose turn it is, versions, people who may sign."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db.models import CharField, Count, Exists, Func, OuterRef, Prefetch, Q, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Concat
from django.utils import timezone
from django.utils.translation import get_language, gettext, gettext_lazy, ngettext

from alliance.choices import AllianceRole
from alliance.kernel.errors import NotFoundError
from alliance.kernel.formats import format_day, format_money
from alliance.kernel.gantt import Bar, Gantt
from alliance.kernel.permissions import can, grants_of, institutions_acted_for, roles_in_alliance
from alliance.models import RoleAssignment, User
from groups.selectors.conflict import list_matters_aside, list_recused, stands_aside
from groups.selectors.matters import MatterKind, Parties
from members.choices import StaffRole
from members.models import InstitutionStaff
from members.selectors.duties import Duty
from services.choices import ContractState, PartyRole
from services.models import (
    CONCLUDED_CONTRACTS,
    LIVE_CONTRACTS,
    Contract,
    ContractAgreement,
    ContractParty,
    ContractSignatory,
    ContractSignature,
    ContractTerms,
)
from services.permissions import VIEW_CONTRACT, VIEW_CONTRACTS

if TYPE_CHECKING:
    from collections.abc import Collection

    from django.db.models import QuerySet

    from alliance.models import Alliance
    from members.models import Institution

ORDER: Final = ("-made_at", "-id")
TABS: Final = {
    "open": (ContractState.DRAFT, ContractState.NEGOTIATING),
    "signing": (ContractState.AGREED, ContractState.SIGNING, ContractState.SEALING),
    "in_force": (ContractState.IN_FORCE, ContractState.AMENDING, ContractState.SUSPENDED),
    "over": (
        ContractState.COMPLETED,
        ContractState.TERMINATED,
        ContractState.DECLINED,
        ContractState.LAPSED,
        ContractState.CANCELLED,
    ),
}
ROLE_ORDER: Final = {role: place for place, role in enumerate(PartyRole.values)}
SIGNING_ROLES: Final = frozenset({AllianceRole.SECRETARIAT, AllianceRole.OFFICE_ADMIN, AllianceRole.COMMITTEE})
"""Roles of the people who may sign for the alliance."""
MOST_REMINDERS: Final = 3
REMIND_AFTER: Final = (timedelta(days=3), timedelta(days=7))
"""First and second reminder after a party's turn began; the third comes two days before the last day."""


def readable(alliance: Alliance, reader: Any) -> QuerySet[Contract]:
    """Contracts a person may read: the office all of them, others those of their institutions or that they sign for the alliance.

    Amendments are open to whoever may read their contract, and the contract to whoever signs an amendment to it. Whoever acts for an institution that stands aside from a contract does not see it. One query for the conflicts.
    """
    rows = Contract.objects.of(alliance)
    own = institutions_acted_for(grants_of(reader, alliance))
    if not can(reader, VIEW_CONTRACTS, alliance):
        named = signing_for_alliance(alliance, reader)
        signs, amended = named.values("contract"), named.values("contract__amends")
        parties = ContractParty.objects.of(alliance).filter(institution__in=own).values("contract")
        rows = rows.filter(Q(pk__in=parties) | Q(pk__in=signs) | Q(amends__in=signs) | Q(pk__in=amended))
    if own and (aside := list_matters_aside(alliance, frozenset(own), "contract")):
        codes = [matter.partition(":")[2] for matter in aside]
        rows = rows.exclude(code__in=codes).exclude(amends__isnull=False, amends__code__in=codes)
    return rows


def signing_for_alliance(alliance: Alliance, reader: Any) -> QuerySet[ContractSignatory]:
    """Where a person is named to sign for the alliance and still may.

    Who signs for an institution reads as one of its people, and no longer than that.
    """
    if not roles_in_alliance(grants_of(reader, alliance)) & SIGNING_ROLES:
        return ContractSignatory.objects.none()
    return ContractSignatory.objects.of(alliance).filter(user=reader, ended_at__isnull=True, party__institution__isnull=True)


def _whole(rows: QuerySet[Contract]) -> QuerySet[Contract]:
    return rows.select_related(
        "alliance", "match", "demand", "supply", "frozen", "seal__file", "in_effect__contract", "amends__in_effect"
    ).prefetch_related(
        Prefetch("parties", ContractParty.objects.select_related("institution").order_by("place")),
        Prefetch(
            "signatories",
            ContractSignatory.objects.filter(ended_at__isnull=True).select_related("user").order_by("named_at", "id"),
            to_attr="present_signatories",
        ),
        Prefetch(
            "signatures",
            ContractSignature.objects.select_related("user").order_by("at", "id"),
            to_attr="given_signatures",
        ),
        Prefetch("versions", ContractTerms.objects.defer("content").order_by("-number"), to_attr="all_versions"),
    )


def get_contract(alliance: Alliance, code: str, *, reader: Any) -> Contract:
    """A contract with parties, signatories, signatures and versions; the same answer for "not there" and "not yours".

    Raises:
        NotFoundError: There is none, or it is not open to this reader.
    """
    contract = _whole(Contract.objects.of(alliance).filter(code=code)).first()
    if contract is None or not can(reader, VIEW_CONTRACT, contract):
        raise NotFoundError
    own = institutions_acted_for(grants_of(reader, alliance))
    if own & list_recused(alliance, contract.matter):
        raise NotFoundError
    for party in contract.parties.all():  # permissions ask each party for both
        party.contract, party.alliance = contract, contract.alliance
    return contract


def list_contracts(alliance: Alliance, reader: Any, *, tab: str = "", q: str = "") -> QuerySet[Contract]:
    """Contracts of one tab open to the reader, with parties and signatures; amendments stand on the page of their contract."""
    rows = readable(alliance, reader).filter(amends__isnull=True)
    if tab in TABS:
        rows = rows.filter(state__in=TABS[tab])
    if q:
        rows = rows.filter(Q(code__icontains=q) | Q(title_en__icontains=q) | Q(title_zh__icontains=q))
    return rows.select_related("in_effect").prefetch_related(
        Prefetch("parties", ContractParty.objects.select_related("institution").order_by("place"))
    )


def unfinished_contracts(alliance: Alliance, _user: Any = None) -> QuerySet[Contract]:
    """Contracts that are not concluded yet, without amendments."""
    return Contract.objects.of(alliance).filter(state__in=LIVE_CONTRACTS, amends__isnull=True)


def count_waiting_for(alliance: Alliance, institution_id: int) -> tuple[int, int]:
    """Contracts of an institution that are open, and those in which it is its turn to sign; amendments are not counted. One query."""
    found = (
        ContractParty.objects.of(alliance)
        .filter(institution=institution_id, contract__state__in=LIVE_CONTRACTS, contract__amends__isnull=True)
        .aggregate(
            open=Count("pk"),
            waiting=Count(
                "pk",
                filter=Q(contract__state=ContractState.SIGNING, asked_at__isnull=False, signed_at__isnull=True),
            ),
        )
    )
    return found["open"], found["waiting"]


# ------------------------------------------------------------------------------------------------------------------ parties


@dataclass(slots=True)
class PartyCard:
    """A party with its people and how far its signing is.

    Attributes:
        signed: Signatures given, oldest first.
        waiting: Signatories who have not signed.
        is_turn: Whether it may sign now.
        agreed_to: Number of the newest version it agreed to.
    """

    party: ContractParty
    name_en: str
    name_zh: str
    brings: str = ""
    signed: list[ContractSignature] = field(default_factory=list)
    waiting: list[User] = field(default_factory=list)
    is_turn: bool = False
    agreed_to: int | None = None

    @property
    def name(self) -> str:
        """Name in the active language."""
        first, second = (self.name_zh, self.name_en) if _is_chinese() else (self.name_en, self.name_zh)
        return first or second

    @property
    def is_complete(self) -> bool:
        """Whether it has signed."""
        return len(self.signed) >= self.party.needed


def _is_chinese() -> bool:
    return (get_language() or "").startswith("zh")


def names_of(alliance: Alliance, party: ContractParty) -> tuple[str, str, str]:
    """Code and names of a party; the alliance's own where it is the witness itself."""
    if party.institution is None:
        return alliance.slug, alliance.name_en, alliance.name_zh
    return party.institution.code, party.institution.name_en, party.institution.name_zh


def party_cards(contract: Contract, terms: ContractTerms | None = None) -> list[PartyCard]:
    """The three parties in the order of signing; one query for what they agreed to."""
    agreed: dict[int, int] = dict(
        ContractAgreement.objects.of(contract.alliance)
        .filter(terms__contract=contract)
        .order_by("terms__number")
        .values_list("party_id", "terms__number")
    )
    brings: dict[str, str] = {}
    if terms is not None:
        order = ("brings_zh", "brings_en") if _is_chinese() else ("brings_en", "brings_zh")
        brings = {one["role"]: one[order[0]] or one[order[1]] for one in terms.content["parties"]}
    turn = whose_turn(contract)
    cards = []
    for party in contract.parties.all():
        _code, name_en, name_zh = names_of(contract.alliance, party)
        signed = [one for one in contract.given_signatures if one.party_id == party.pk]  # type: ignore[attr-defined]
        done = {one.user_id for one in signed}
        cards.append(
            PartyCard(
                party=party,
                name_en=name_en,
                name_zh=name_zh,
                brings=brings.get(party.role, ""),
                signed=signed,
                waiting=[
                    one.user
                    for one in contract.present_signatories  # type: ignore[attr-defined]
                    if one.party_id == party.pk and one.user_id not in done
                ],
                is_turn=turn is not None and turn.pk == party.pk,
                agreed_to=agreed.get(party.pk),
            )
        )
    return cards


def whose_turn(contract: Contract) -> ContractParty | None:
    """The party that signs now; None outside the signing."""
    if contract.state != ContractState.SIGNING:
        return None
    waiting = [party for party in contract.parties.all() if party.signed_at is None]
    return min(waiting, key=lambda party: party.place, default=None)


def has_lapsed(contract: Contract, at: datetime) -> bool:
    """Whether the last day for signing is over."""
    return contract.sign_until is not None and timezone.localdate(at) > contract.sign_until


def parties_of_reader(contract: Contract, reader: Any, permission: str) -> list[ContractParty]:
    """The parties for which a person may do something."""
    return [party for party in contract.parties.all() if can(reader, permission, party)]


def is_apart_from_sides(contract: Contract, person: Any) -> bool:
    """Whether a person acts for neither the demand nor the supply side, as whoever acts for the witness must."""
    own = institutions_acted_for(grants_of(person, contract.alliance))
    return not own & {one.institution_id for one in contract.parties.all() if one.role != PartyRole.WITNESS}


def eligible_people(alliance: Alliance, party: ContractParty, at: datetime) -> list[User]:
    """People who may be named to sign for a party: its representative and signatories; for the alliance office and committee.

    One query.
    """
    if party.institution_id is None:
        ids: Any = RoleAssignment.objects.of(alliance).at(at).filter(role__in=SIGNING_ROLES).values("user")
    else:
        ids = (
            InstitutionStaff.objects.of(alliance)
            .at(at)
            .filter(institution=party.institution_id, role__in=[StaffRole.REPRESENTATIVE, StaffRole.SIGNATORY])
            .values("user")
        )
    return list(User.objects.filter(pk__in=ids, is_active=True).order_by("name_en", "pk"))


def able_signatories(contract: Contract, party: ContractParty, at: datetime) -> list[User]:
    """People named to sign for a party who still may; two queries."""
    rows = ContractSignatory.objects.of(contract.alliance).filter(party=party, ended_at__isnull=True)
    named = set(rows.values_list("user_id", flat=True))
    return [user for user in eligible_people(contract.alliance, party, at) if user.pk in named]


def people_of(alliance: Alliance, party: ContractParty, at: datetime, roles: Collection[str] = ()) -> list[User]:
    """Everybody who acts for a party; for the alliance the secretariat."""
    if party.institution_id is None:
        ids: Any = RoleAssignment.objects.of(alliance).at(at).filter(role=AllianceRole.SECRETARIAT).values("user")
    else:
        staff = InstitutionStaff.objects.of(alliance).at(at).filter(institution=party.institution_id)
        ids = (staff.filter(role__in=roles) if roles else staff).values("user")
    return list(User.objects.filter(pk__in=ids, is_active=True).order_by("pk"))


def next_reminder_at(contract: Contract, party: ContractParty) -> datetime | None:
    """When the party whose turn it is gets its next reminder by itself; None after the third."""
    if party.asked_at is None or party.reminders >= MOST_REMINDERS or contract.sign_until is None:
        return None
    if party.reminders < len(REMIND_AFTER):
        due = party.asked_at + REMIND_AFTER[party.reminders]
    else:
        last = datetime.combine(contract.sign_until, datetime.min.time(), tzinfo=timezone.get_default_timezone())
        due = last - timedelta(days=2)
    earliest = (party.reminded_at or party.asked_at) + timedelta(days=1)
    return max(due, earliest)


# ------------------------------------------------------------------------------------------------------------------ versions


def get_terms(contract: Contract, number: int) -> ContractTerms:
    """One version with its content and who agreed.

    Raises:
        NotFoundError: There is no such version.
    """
    found = (
        ContractTerms.objects.of(contract.alliance)
        .filter(contract=contract, number=number)
        .select_related("proposed_by")
        .first()
    )
    if found is None:
        raise NotFoundError
    return found


def newest_terms(contract: Contract) -> ContractTerms | None:
    """The version that counts: the one in effect, before that the frozen one, else the newest; one query at most."""
    if contract.in_effect_id is not None:
        bound: ContractTerms | None = contract.in_effect
        return bound
    if contract.frozen_id is not None:
        frozen: ContractTerms | None = contract.frozen
        return frozen
    return ContractTerms.objects.of(contract.alliance).filter(contract=contract).order_by("-number").first()


def first_terms(contract: Contract) -> ContractTerms:
    """The first version; of an amendment the text that was in effect when it was begun. One query.

    Raises:
        NotFoundError: There is none yet.
    """
    return get_terms(contract, 1)


def milestone_chart(content: dict[str, Any], today: date | None = None) -> Gantt:
    """The milestones as bars: each from the one before to its own day, with its payment."""
    starts, ends = date.fromisoformat(content["starts_on"]), date.fromisoformat(content["ends_on"])
    order = ("title_zh", "title_en") if _is_chinese() else ("title_en", "title_zh")
    bars, begin = [], starts
    for one in content["milestones"]:
        due = date.fromisoformat(one["due_on"])
        bars.append(
            Bar(
                one["number"],
                one[order[0]] or one[order[1]],
                min(begin, due),
                due,
                "g2",
                gettext_lazy("milestone"),
                format_money(one["amount"], "CNY", get_language(), exact=True),
                format_money(one["amount"], "CNY", get_language()),
            )
        )
        begin = min(due + timedelta(days=1), ends)
    finding = ngettext(
        "%(n)s milestone from %(start)s to %(end)s", "%(n)s milestones from %(start)s to %(end)s", len(bars)
    ) % {"n": len(bars), "start": format_day(starts, get_language()), "end": format_day(ends, get_language())}
    shown = today if today and starts <= today <= ends else None
    return Gantt(finding, starts, ends, bars, today=shown, owner_heading=gettext("Payment"))


# ------------------------------------------------------------------------------------------------------- conflicts of interest


def _parties(contract: Contract) -> Parties:
    """The demand and the supply side; the witness must have no link with them, so it is no party to its own screening."""
    return Parties(
        frozenset(
            party.institution_id
            for party in contract.parties.all()
            if party.institution_id is not None and party.role != PartyRole.WITNESS
        )
    )


def contract_parties(alliance: Alliance, code: str) -> Parties | None:
    """Whose matter a contract is; two queries."""
    found = Contract.objects.of(alliance).filter(code=code).prefetch_related("parties").first()
    return _parties(found) if found else None


def open_contracts(alliance: Alliance) -> dict[str, Parties]:
    """Parties of every contract that is not concluded yet or is being amended; two queries."""
    states = (*LIVE_CONTRACTS, ContractState.AMENDING)
    rows = Contract.objects.of(alliance).filter(state__in=states, amends__isnull=True).prefetch_related("parties")
    return {contract.code: _parties(contract) for contract in rows}


ROUTES: Final = (
    "contract_detail",
    "contract_terms",
    "contract_sign",
    "contract_arrange",
    "contract_notice_detail",
    # Follow-ups and evaluation
    "follow_up_answer",
    "follow_up_handle",
    "contract_evaluation",
    "review_appeal",
)
"""Routes of the inbox items about a contract; each takes its code."""


def contracts_set_aside(alliance: Alliance, institution_id: int) -> Q:
    """Condition for inbox items about contracts from which an institution stands aside."""
    code = Func(  # an amendment is a matter of its contract, as services.models.contract.main_code says
        KeyTextTransform("code", OuterRef("url_kwargs")),
        Value("-A[0-9]+$"),
        Value(""),
        function="regexp_replace",
        output_field=CharField(),
    )
    matter = Concat(Value("contract:"), code, output_field=CharField())
    return Q(url_name__in=ROUTES) & stands_aside(alliance, institution_id, matter)


def contracts_kept_from(alliance: Alliance, reader: Any) -> Q:
    """Condition for inbox items about contracts that the person does not read, or no more.

    Those from which an institution of the person stands aside, whatever the role; and requests to sign for a party whose people
    the person has left.
    """
    found = Q(pk__in=[])
    grants = grants_of(reader, alliance)
    own = institutions_acted_for(grants)
    for institution_id in sorted(own):
        found |= contracts_set_aside(alliance, institution_id)
    if not roles_in_alliance(grants) & SIGNING_ROLES:
        code = KeyTextTransform("code", OuterRef("url_kwargs"))
        parties = ContractParty.objects.of(alliance).filter(institution__in=own, contract__code=code)
        found |= Q(url_name="contract_sign") & ~Q(Exists(parties))
    return found


CONTRACT_MATTER = MatterKind(gettext_lazy("Contract"), contract_parties, open_contracts, "contract_detail")


# --------------------------------------------------------------------------------------------------------------------- exit

OPEN_CONTRACTS: Final = (*LIVE_CONTRACTS, ContractState.IN_FORCE, ContractState.AMENDING, ContractState.SUSPENDED)
"""States in which a party still owes something to the others."""


def contract_duties(alliance: Alliance, institution: Institution, at: datetime) -> list[Duty]:  # noqa: ARG001 - the provider's form
    """Contracts a leaving institution is still a party to, for its exit; they are completed or ended on their own pages.

    Nobody else can step into a contract: it names its parties. The code alone is told, for not everybody who deals with an
    exit may know of a contract. One query.
    """
    rows = Contract.objects.of(alliance).of_institutions([institution.pk]).filter(state__in=OPEN_CONTRACTS)
    return [
        Duty(
            gettext("party to the contract %(code)s") % {"code": row.code},
            "contract_detail",
            {"code": row.code},
            key=f"contract:{row.code}",
            cannot_move=True,
        )
        for row in rows.order_by("id")
    ]


# ------------------------------------------------------------------------------------------------------------- verification


def find_by_verify_code(alliance: Alliance, verify_code: str) -> Contract | None:
    """A sealed contract or amendment by the code printed on it, with its sealed amendments; None for every other code."""
    return (
        Contract.objects.of(alliance)
        .filter(verify_code=verify_code, seal__isnull=False, state__in=CONCLUDED_CONTRACTS)
        .select_related("seal", "frozen", "alliance", "amends")
        .prefetch_related(
            Prefetch("parties", ContractParty.objects.select_related("institution").order_by("place")),
            Prefetch(
                "amendments",
                Contract.objects.filter(seal__isnull=False).select_related("seal").order_by("pk"),
                to_attr="sealed_amendments",
            ),
        )
        .first()
    )


def list_to_seal(alliance: Alliance) -> list[int]:
    """Contracts signed by all that wait for their seal; one query."""
    return list(
        Contract.objects.of(alliance).filter(state=ContractState.SEALING).order_by("signed_at").values_list("pk", flat=True)
    )


def list_to_lapse(alliance: Alliance, today: date) -> list[int]:
    """Contracts whose last day for signing is over; one query."""
    return list(
        Contract.objects.of(alliance)
        .filter(state=ContractState.SIGNING, sign_until__lt=today)
        .order_by("pk")
        .values_list("pk", flat=True)
    )


def list_unsigned_to_remind(alliance: Alliance, at: datetime) -> list[str]:
    """Codes of contracts whose party in turn is due for a reminder; two queries."""
    rows = Contract.objects.of(alliance).filter(state=ContractState.SIGNING).prefetch_related("parties")
    return [
        contract.code
        for contract in rows
        if (party := whose_turn(contract)) is not None
        and (due := next_reminder_at(contract, party)) is not None
        and due <= at
    ]
