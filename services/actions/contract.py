"""Begins a contract, says who signs and in which order, and calls it off.

Every act on a contract locks its row first, so that two of them never cross.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.kernel.codes import next_code
from alliance.kernel.errors import ConflictOfInterestError, DomainError, InvalidInputError, NotFoundError
from alliance.kernel.events import emit
from alliance.kernel.permissions import can, grants_of, institutions_acted_for, require
from alliance.models import User
from groups.actions.conflict import require_no_conflict, screen_matter
from members.choices import StaffRole
from members.models import Institution
from services.actions.amendment_effect import go_on_without
from services.actions.contract_announce import (
    AMENDMENT_ENDED,
    ENDED,
    ask_to_sign,
    settle_everything,
    sign_key,
    tell_parties,
)
from services.choices import ContractDecline, ContractState, MatchState, PartyRole
from services.contract_standard import TEMPLATE_KEY
from services.contract_text import clean
from services.models import DROPPED_CONTRACTS, Contract, ContractParty, ContractSignatory, ContractSignature, Match
from services.models.contract import main_code
from services.permissions import MANAGE_CONTRACTS, NAME_SIGNATORY_PERMISSION, START_CONTRACT
from services.selectors.clause import templates_in_force
from services.selectors.contract import eligible_people, people_of, whose_turn
from services.selectors.match import is_tied_in_person, may_show
from services.signals import CONTRACT_ENDED_UNSIGNED, CONTRACT_STARTED
from services.transitions import ARRANGE_CONTRACT, CANCEL_CONTRACT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from alliance.models import Alliance

STARTING_MATCHES: Final = (MatchState.INTRODUCED, MatchState.IN_TALKS, MatchState.AGREED)
"""States of a match from which a contract may be begun."""
MOST_SIGNATORIES: Final = 9


def lock_contract(alliance: Alliance, code: str) -> Contract:
    """The contract's row, locked until the transaction ends; before that of an amendment the row of the contract it changes.

    Always in this order, so that two acts on a contract and its amendment never wait for each other.

    Raises:
        NotFoundError: There is none.
    """
    main = _lock_row(alliance, main_code(code)) if main_code(code) != code else None
    found = _lock_row(alliance, code)
    if found is None:
        raise NotFoundError
    if found.amends_id is not None:
        found.amends = main
    return found


def _lock_row(alliance: Alliance, code: str) -> Contract | None:
    return (
        Contract.objects.of(alliance)
        .select_for_update(of=("self",))
        .select_related("alliance", "match", "frozen", "in_effect")
        .filter(code=code)
        .first()
    )


def party_of(contract: Contract, role: str) -> ContractParty:
    """One of the three parties.

    Raises:
        NotFoundError: There is no such role.
    """
    for party in contract.parties.all():
        if party.role == role:
            # The permission asks the party for its alliance; it is the contract's.
            party.contract = contract
            return party
    raise NotFoundError


def acting_for(party: ContractParty, actor: User) -> set[int]:
    """Institutions whose conflicts matter when a person acts for a party: the party, or all of the actor's for the alliance."""
    if party.institution_id is not None:
        return {party.institution_id}
    return institutions_acted_for(grants_of(actor, party.alliance))


def require_office_unconflicted(contract: Contract, actor: User) -> None:
    """Refuse an act of the desk to somebody who acts for an institution that stands aside.

    Raises:
        ConflictOfInterestError: It does.
    """
    require_no_conflict(contract.alliance, institutions_acted_for(grants_of(actor, contract.alliance)), contract.matter)


def _find_institution(alliance: Alliance, code: str, field: str) -> Institution:
    found = Institution.objects.of(alliance).active().filter(code=code).first()
    if found is None:
        words = _("Choose a member institution.")
        raise InvalidInputError(words, code="institution_unknown", fields={field: words})
    return found


@transaction.atomic
def start_contract(
    alliance: Alliance,
    match_code: str | None,
    *,
    actor: User,
    at: datetime,
    demand: str = "",
    supply: str = "",
    witness: str = "",
    title_en: str = "",
    title_zh: str = "",
    template: str = TEMPLATE_KEY,
) -> Contract:
    """Begin a contract, from a match both sides want or directly by the desk.

    Args:
        alliance: The tenant.
        match_code: The match; None when the desk names both sides itself.
        actor: The desk; or, with a match, a representative or signatory of one of its sides.
        at: Now.
        demand: Without a match: code of the institution on the demand side.
        supply: Without a match: code of the institution on the supply side.
        witness: Code of the institution that witnesses; empty: the alliance itself.
        title_en: Title in English; empty with a match: that of the demand, where its text is open to the supply side.
        title_zh: The same in Chinese.
        template: Key of the template the negotiation begins with.

    Raises:
        PermissionRefusedError: The actor may not.
        NotFoundError: There is no such match.
        ConflictOfInterestError: The actor or the witness is linked with one of the sides.
        InvalidInputError: A side is missing or not a member, both are the same, or there is no title.
        DomainError: ``match_not_ready``, ``match_has_contract``.
    """
    match = None
    if match_code is not None:
        match = (
            Match.objects.of(alliance)
            .select_for_update(of=("self",))
            .select_related("demand__institution", "supply__institution")
            .filter(code=match_code)
            .first()
        )
        if match is None:
            raise NotFoundError
        sides = (match.demand.institution, match.supply.institution)
    else:
        require(actor, MANAGE_CONTRACTS, alliance)
        sides = (_find_institution(alliance, demand, "demand"), _find_institution(alliance, supply, "supply"))
    records = [ContractParty(alliance=alliance, institution=one) for one in sides if one is not None]
    if not any(can(actor, START_CONTRACT, record) for record in records):
        require(actor, MANAGE_CONTRACTS, alliance)
    first, second = sides
    if first is None or second is None:
        raise InvalidInputError(
            _("One side of this match comes from an outside source and is no member here, so it cannot sign."),
            code="side_not_member",
            remedy=_("Enter the institution first, then begin the contract directly."),
        )
    if first.pk == second.pk:
        words = _("Demand and supply side must be two institutions.")
        raise InvalidInputError(words, code="same_institution", fields={"supply": words})
    if match is not None:
        if match.state not in STARTING_MATCHES:
            raise DomainError(
                _("A contract begins when both sides want the match; this one is in the state “%(state)s”.")
                % {"state": match.get_state_display()},
                code="match_not_ready",
                remedy=_("Wait until both sides are introduced to each other."),
            )
        running = Contract.objects.of(alliance).filter(match=match).exclude(state__in=DROPPED_CONTRACTS)
        if (there := running.first()) is not None:
            raise DomainError(
                _("Contract %(code)s was begun from this match already.") % {"code": there.code},
                code="match_has_contract",
                remedy=_("Open that contract."),
            )
        if may_show(match.demand, [second.pk]):
            title_en, title_zh = title_en or match.demand.title_en, title_zh or match.demand.title_zh
    title_en, title_zh = clean(title_en)[:200], clean(title_zh)[:200]
    if not title_en and not title_zh:
        words = _("Give the contract a title, in English or in Chinese.")
        raise InvalidInputError(words, code="title_missing", fields={"title_en": words})
    head = templates_in_force(alliance).get(template)
    if head is None:
        words = _("Choose a template.")
        raise InvalidInputError(words, code="template_unknown", fields={"template": words})
    third = _find_institution(alliance, witness, "witness") if witness else None
    contract = Contract.objects.create(
        alliance=alliance,
        code=next_code(Contract, alliance, "C", 4),
        title_en=title_en,
        title_zh=title_zh,
        match=match,
        demand=match.demand if match else None,
        supply=match.supply if match else None,
        template_key=head.key,
        template_version=head.version,
        verify_code=secrets.token_hex(10),
        made_by=actor,
        made_at=at,
    )
    for place, (role, institution) in enumerate(zip(PartyRole.values, (first, second, None), strict=True), start=1):
        ContractParty.objects.create(alliance=alliance, contract=contract, role=role, institution=institution, place=place)
    screen_matter(alliance, contract.matter, at=at)
    require_no_conflict(
        alliance, institutions_acted_for(grants_of(actor, alliance)) - {first.pk, second.pk}, contract.matter
    )
    _set_witness(contract, third)
    for party in contract.parties.all():
        name_usual_people(contract, party, actor=actor, at=at)
    record_audit(
        contract,
        actor=actor,
        verb="start_contract",
        after={
            "code": contract.code,
            "state": contract.state,
            "match": match.code if match else None,
            "demand": first.code,
            "supply": second.code,
            "witness": third.code if third else "alliance",
            "template": [head.key, head.version],
        },
        personal={"title": title_en or title_zh},
        at=at,
    )
    emit(alliance, CONTRACT_STARTED, {"contract": contract.code, "match": match.code if match else ""})
    return contract


def _set_witness(contract: Contract, institution: Institution | None) -> None:
    """The witness stands between the sides: neither one of them nor linked with one.

    Raises:
        InvalidInputError: It is one of the two sides.
        ConflictOfInterestError: A link with one of them is on record.
    """
    party = ContractParty.objects.of(contract.alliance).get(contract=contract, role=PartyRole.WITNESS)
    if institution is not None:
        sides = ContractParty.objects.of(contract.alliance).filter(contract=contract).exclude(role=PartyRole.WITNESS)
        if sides.filter(institution=institution).exists():
            words = _("The witness must not be one of the two sides.")
            raise InvalidInputError(words, code="witness_is_side", fields={"witness": words})
        try:
            require_no_conflict(contract.alliance, institution.pk, contract.matter)
        except ConflictOfInterestError as refusal:
            raise ConflictOfInterestError(
                _("%(name)s cannot witness: a link with one of the sides is on record.") % {"name": institution.name},
                remedy=_("Choose another witness, or let the alliance witness itself."),
                details={"matter": contract.matter},
            ) from refusal
    party.institution = institution
    party.save(update_fields=["institution"])


def name_usual_people(contract: Contract, party: ContractParty, *, actor: User | None, at: datetime) -> None:
    """At first the signatories of an institution sign, where it has none its representative; for the alliance nobody yet."""
    if party.institution_id is None:
        return
    found = people_of(contract.alliance, party, at, [StaffRole.SIGNATORY]) or people_of(
        contract.alliance, party, at, [StaffRole.REPRESENTATIVE]
    )
    taken = set(
        ContractSignatory.objects.of(contract.alliance)
        .filter(contract=contract, ended_at__isnull=True)
        .values_list("user_id", flat=True)
    )
    for user in found[:MOST_SIGNATORIES]:
        if user.pk not in taken:
            ContractSignatory.objects.create(
                alliance=contract.alliance, contract=contract, party=party, user=user, named_by=actor, named_at=at
            )


@transaction.atomic
def arrange_contract(
    alliance: Alliance,
    code: str,
    *,
    places: Mapping[str, int],
    needed: Mapping[str, int],
    actor: User,
    at: datetime,
) -> Contract:
    """Set in which order the parties sign and how many people of each must.

    Args:
        alliance: The tenant.
        code: The contract.
        places: 1, 2 and 3 by role, each once.
        needed: Signatures needed by role, 1 to 9.
        actor: The desk.
        at: Now.

    Raises:
        TransitionRefusedError: The signing has begun or the contract is over.
        InvalidInputError: Two parties at one place, or an impossible number.
    """
    contract = lock_contract(alliance, code)
    require(actor, MANAGE_CONTRACTS, contract)
    require_office_unconflicted(contract, actor)
    ARRANGE_CONTRACT.check(contract.state)
    if sorted(places.get(role, 0) for role in PartyRole.values) != [1, 2, 3]:
        words = _("Each of the places 1, 2 and 3 is taken by one party.")
        raise InvalidInputError(words, code="order_invalid", fields={"place_demand": words})
    for role in PartyRole.values:
        if not 1 <= needed.get(role, 0) <= MOST_SIGNATORIES:
            range_words = _("Between %(low)s and %(high)s.") % {"low": 1, "high": MOST_SIGNATORIES}
            raise InvalidInputError(range_words, code="needed_invalid", fields={f"needed_{role}": range_words})
    before = {party.role: [party.place, party.needed] for party in contract.parties.all()}
    for party in contract.parties.all():
        party.place, party.needed = places[party.role], needed[party.role]
        party.save(update_fields=["place", "needed"])
    record_audit(
        contract,
        actor=actor,
        verb=ARRANGE_CONTRACT.name,
        before={"order": before},
        after={"order": {role: [places[role], needed[role]] for role in PartyRole.values}},
        at=at,
    )
    return contract


@transaction.atomic
def choose_witness(alliance: Alliance, code: str, *, witness: str, actor: User, at: datetime) -> Contract:
    """Choose who witnesses: a member institution, or the alliance itself. Versions proposed so far name another witness.

    Args:
        alliance: The tenant.
        code: The contract.
        witness: Code of the institution; empty: the alliance.
        actor: The desk.
        at: Now.

    Raises:
        TransitionRefusedError: A version was proposed already, or the contract is over.
        InvalidInputError: It is one of the sides or no member.
        ConflictOfInterestError: It is linked with one of the sides.
    """
    contract = lock_contract(alliance, code)
    require(actor, MANAGE_CONTRACTS, contract)
    require_office_unconflicted(contract, actor)
    ARRANGE_CONTRACT.check(contract.state)
    if contract.state != ContractState.DRAFT:
        raise DomainError(
            _("The witness stands in the text that is being negotiated and cannot be changed any more."),
            code="witness_fixed",
            remedy=_("Cancel this contract and begin another one with the right witness."),
        )
    institution = _find_institution(alliance, witness, "witness") if witness else None
    party = party_of(contract, PartyRole.WITNESS)
    before = party.institution.code if party.institution else "alliance"
    screen_matter(alliance, contract.matter, at=at)
    _set_witness(contract, institution)
    ContractSignatory.objects.of(alliance).filter(party=party, ended_at__isnull=True).update(ended_at=at)
    party.institution = institution
    name_usual_people(contract, party, actor=actor, at=at)
    record_audit(
        contract,
        actor=actor,
        verb="choose_witness",
        before={"witness": before},
        after={"witness": institution.code if institution else "alliance"},
        at=at,
    )
    return contract


@transaction.atomic
def name_signatory(alliance: Alliance, code: str, *, role: str, user: User, actor: User, at: datetime) -> ContractSignatory:
    """Name a person who may sign for a party.

    Args:
        alliance: The tenant.
        code: The contract.
        role: Of the party.
        user: Its representative or one of its signatories; for the alliance somebody of the office or the committee.
        actor: The party's representative, or the desk for the alliance.
        at: Now.

    Raises:
        InvalidInputError: The person does not hold such a role, is named already, or there are nine.
        ConflictOfInterestError: A person for the witness acts for one of the sides or for an institution linked with one.
        DomainError: ``contract_closed``: it is signed or over.
    """
    contract = lock_contract(alliance, code)
    party = party_of(contract, role)
    require(actor, NAME_SIGNATORY_PERMISSION, party)
    require_no_conflict(alliance, acting_for(party, actor), contract.matter)
    _require_open(contract)
    if user.pk not in {one.pk for one in eligible_people(alliance, party, at)}:
        words = _("Choose somebody who is a representative or signatory of this party.")
        raise InvalidInputError(words, code="not_eligible", fields={"user": words})
    active = ContractSignatory.objects.of(alliance).filter(contract=contract, ended_at__isnull=True)
    if active.filter(user=user).exists():
        words = _("This person is named for this contract already; nobody signs for two parties.")
        raise InvalidInputError(words, code="named_already", fields={"user": words})
    if active.filter(party=party).count() >= MOST_SIGNATORIES:
        most = _("At most %(most)s people can be named for a party.") % {"most": MOST_SIGNATORIES}
        raise InvalidInputError(most, code="too_many", fields={"user": most})
    if role == PartyRole.WITNESS:
        require_neutral(contract, party, user)
    row = ContractSignatory.objects.create(
        alliance=alliance, contract=contract, party=party, user=user, named_by=actor, named_at=at
    )
    record_audit(contract, actor=actor, verb="name_signatory", after={"role": role, "person": user.uuid}, at=at)
    turn = whose_turn(contract)
    if turn is not None and turn.pk == party.pk:
        ask_to_sign(contract, [user], at=at)
    return row


def require_neutral(contract: Contract, party: ContractParty, user: User) -> None:
    """Whoever signs as witness acts for none of the sides, is no expert of one, and acts for nobody linked with them.

    Raises:
        ConflictOfInterestError: The person does.
    """
    own = institutions_acted_for(grants_of(user, contract.alliance))
    sides = {one.institution_id for one in contract.parties.all() if one.role != PartyRole.WITNESS}
    if own & sides or is_tied_in_person(contract.alliance, user, sides, at=timezone.now()):
        raise ConflictOfInterestError(
            _("A person who acts for one of the sides, is an expert of it or advises it cannot sign as witness."),
            remedy=_("Name somebody else for the witness."),
            details={"matter": contract.matter},
        )
    require_no_conflict(contract.alliance, own - {party.institution_id}, contract.matter)


def _require_open(contract: Contract) -> None:
    if contract.state not in {
        ContractState.DRAFT,
        ContractState.NEGOTIATING,
        ContractState.AGREED,
        ContractState.SIGNING,
    }:
        raise DomainError(
            _("The contract is in the state “%(state)s”; who signs cannot be changed any more.")
            % {"state": contract.get_state_display()},
            code="contract_closed",
        )


@transaction.atomic
def withdraw_signatory(alliance: Alliance, code: str, *, role: str, user: User, actor: User, at: datetime) -> None:
    """Take a person off the list of those who may sign; what was signed stays.

    Args:
        alliance: The tenant.
        code: The contract.
        role: Of the party.
        user: The person.
        actor: The party's representative, or the desk for the alliance.
        at: Now.

    Raises:
        NotFoundError: The person is not named for this party.
        DomainError: ``signed_already``; ``too_few``: while being signed, fewer would be left than are needed.
    """
    contract = lock_contract(alliance, code)
    party = party_of(contract, role)
    require(actor, NAME_SIGNATORY_PERMISSION, party)
    require_no_conflict(alliance, acting_for(party, actor), contract.matter)
    _require_open(contract)
    active = ContractSignatory.objects.of(alliance).filter(party=party, ended_at__isnull=True)
    row = active.filter(user=user).first()
    if row is None:
        raise NotFoundError
    if ContractSignature.objects.of(alliance).filter(contract=contract, user=user).exists():
        raise DomainError(_("This person has signed; a signature stays."), code="signed_already")
    if contract.state == ContractState.SIGNING and active.count() - 1 < party.needed:
        raise DomainError(
            _("Then fewer people could sign than are needed for this party."),
            code="too_few",
            remedy=_("Name somebody else first, then take this person off."),
        )
    row.ended_at = at
    row.save(update_fields=["ended_at"])
    record_audit(contract, actor=actor, verb="withdraw_signatory", before={"role": role, "person": user.uuid}, at=at)
    inbox.settle(alliance, sign_key(contract, user), by=actor, at=at)


@transaction.atomic
def cancel_contract(alliance: Alliance, code: str, *, reason: str, words: str, actor: User, at: datetime) -> Contract:
    """Call a contract off before it is concluded.

    Args:
        alliance: The tenant.
        code: The contract.
        reason: A ContractDecline.
        words: Why, for the parties.
        actor: The desk.
        at: Now.

    Raises:
        InvalidInputError: No reason.
        TransitionRefusedError: It is signed by all, or over.
    """
    contract = lock_contract(alliance, code)
    require(actor, MANAGE_CONTRACTS, contract)
    require_office_unconflicted(contract, actor)
    CANCEL_CONTRACT.check(contract.state)
    return end_unsigned(contract, CANCEL_CONTRACT, reason=reason, words=words, actor=actor, at=at)


def end_unsigned(
    contract: Contract,
    transition: Any,
    *,
    reason: str,
    words: str,
    actor: User | None,
    at: datetime,
    after: Mapping[str, Any] | None = None,
) -> Contract:
    """Write the end of a contract that was not concluded; the caller holds the lock, asked permission and checked the step.

    Raises:
        InvalidInputError: A person ends it without a reason.
    """
    said = clean(words)[:2000]
    if actor is not None:
        if reason not in ContractDecline.values:
            text = _("Choose a reason.")
            raise InvalidInputError(text, code="reason_missing", fields={"reason": text})
        if reason == ContractDecline.OTHER and not said:
            text = _("Say why, in one or two sentences.")
            raise InvalidInputError(text, code="words_missing", fields={"words": text})
    before = contract.state
    contract.state = transition.target
    contract.ended_at, contract.ended_by, contract.end_reason, contract.end_words = at, actor, reason, said
    contract.save(update_fields=["state", "ended_at", "ended_by", "end_reason", "end_words"])
    record_audit(
        contract,
        actor=actor,
        verb=transition.name,
        before={"state": before},
        after={"state": contract.state, **(after or {})},
        personal={"words": said} if said else None,
        reason_code=reason,
        at=at,
    )
    settle_everything(contract, by=actor, at=at)
    if contract.amends is not None:
        go_on_without(contract, actor=actor, at=at)
        main = contract.amends.code
        tell_parties(contract, AMENDMENT_ENDED, f"contract_ended:{contract.code}", at=at, besides=actor, main=main)
        return contract
    emit(
        contract.alliance,
        CONTRACT_ENDED_UNSIGNED,
        {
            "contract": contract.code,
            "match": contract.match.code if contract.match else "",
            "state": contract.state,
        },
    )
    tell_parties(contract, ENDED, f"contract_ended:{contract.code}", at=at, besides=actor)
    return contract
