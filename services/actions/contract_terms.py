"""Negotiates the terms of a contract: versions, comments, agreement of the three parties."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.actions.sealing import seal_soon
from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError
from alliance.kernel.events import emit
from alliance.kernel.permissions import require
from groups.actions.conflict import require_no_conflict
from services.actions.amendment_effect import require_amendable
from services.actions.contract import acting_for, lock_contract, party_of
from services.actions.contract_announce import (
    COMMENTED,
    TO_ARRANGE,
    agree_key,
    arrange_key,
    ask_about_version,
    ask_to_sign,
    params_of,
    tell_parties,
)
from services.choices import ContractState, PartyRole
from services.contract_text import PartyName, build_content, check_draft, clean, digest, sections_of
from services.models import ContractAgreement, ContractComment, ContractParty, ContractTerms
from services.permissions import AGREE_TERMS_PERMISSION, MANAGE_CONTRACTS, PROPOSE_TERMS_PERMISSION
from services.selectors.clause import template_for
from services.selectors.contract import able_signatories, first_terms, names_of
from services.signals import CONTRACT_SIGNING_OPENED, CONTRACT_TERMS_FROZEN, CONTRACT_TERMS_PROPOSED
from services.transitions import AGREE_TERMS, COMMENT_TERMS, FREEZE_TERMS, OPEN_SIGNING, PROPOSE_TERMS

if TYPE_CHECKING:
    from datetime import date, datetime

    from alliance.models import Alliance, User
    from services.contract_text import Draft
    from services.models import Contract

SIGNING_DAYS: Final = 21
"""Days to sign where nobody sets another last day."""
LONGEST_SIGNING: Final = 120
MOST_COMMENT: Final = 2000


def _newest(contract: Contract) -> ContractTerms | None:
    return ContractTerms.objects.of(contract.alliance).filter(contract=contract).order_by("-number").first()


def present_parties(contract: Contract) -> tuple[PartyName, ...]:
    """The parties as the text names them, in the order of the roles."""
    by_role = {party.role: party for party in contract.parties.select_related("institution")}
    found = []
    for role in PartyRole.values:
        code, name_en, name_zh = names_of(contract.alliance, by_role[role])
        found.append(PartyName(role, code, name_en, name_zh))
    return tuple(found)


@transaction.atomic
def propose_terms(
    alliance: Alliance, code: str, *, role: str, draft: Draft, base: int, note: str, actor: User, at: datetime
) -> ContractTerms:
    """Propose the next version for a party; the parties are asked about it anew.

    Args:
        alliance: The tenant.
        code: The contract.
        role: For which party.
        draft: The terms.
        base: Number of the version the actor started from; 0: none yet.
        note: What changed and why.
        actor: Somebody of the party; the desk for the alliance.
        at: Now.

    Raises:
        PermissionRefusedError: Not of this party.
        TransitionRefusedError: The text is frozen, or the contract is over.
        DomainError: ``newer_version``: another version was proposed meanwhile.
        InvalidInputError: The terms are incomplete, nothing changed, or an amendment changes a milestone that is accepted or paid.
    """
    contract = lock_contract(alliance, code)
    party = party_of(contract, role)
    require(actor, PROPOSE_TERMS_PERMISSION, party)
    require_no_conflict(alliance, acting_for(party, actor), contract.matter)
    PROPOSE_TERMS.check(contract.state)
    newest = _newest(contract)
    number = newest.number if newest is not None else 0
    if number != base:
        raise DomainError(
            _("Version %(version)s was proposed meanwhile.") % {"version": number},
            code="newer_version",
            remedy=_("Compare your text with it, then propose again."),
            details={"version": number},
        )
    check_draft(draft)
    words = clean(note)
    if len(words) > 300:
        text = _("This is longer than 300 characters.")
        raise InvalidInputError(text, fields={"note": text})
    if newest is not None and not words:
        text = _("Say what you changed and why.")
        raise InvalidInputError(text, code="note_missing", fields={"note": text})
    content = build_content(
        draft,
        code=contract.code,
        parties=present_parties(contract),
        template=template_for(contract),
        refs=(contract.demand.code if contract.demand else "", contract.supply.code if contract.supply else ""),
        amends=first_terms(contract).content["amends"] if contract.amends_id is not None else None,
    )
    sha256 = digest(content)
    if newest is not None and newest.sha256 == sha256:
        raise InvalidInputError(
            _("This is the text of version %(version)s; nothing was changed.") % {"version": number},
            code="nothing_changed",
            remedy=_("Agree to that version, or change something."),
        )
    require_amendable(contract, content, sha256)
    terms = ContractTerms.objects.create(
        alliance=alliance,
        contract=contract,
        number=number + 1,
        content=content,
        sha256=sha256,
        note=words,
        role=role,
        proposed_by=actor,
        proposed_at=at,
    )
    before = contract.state
    contract.state = PROPOSE_TERMS.target
    contract.title_en, contract.title_zh = content["title_en"], content["title_zh"]
    contract.template_version = content["template"]["version"]
    contract.save(update_fields=["state", "title_en", "title_zh", "template_version"])
    record_audit(
        contract,
        actor=actor,
        verb=PROPOSE_TERMS.name,
        before={"state": before, "version": number},
        after={
            "state": contract.state,
            "version": terms.number,
            "sha256": sha256,
            "role": role,
            "price": content["price"],
            "milestones": len(content["milestones"]),
        },
        personal={"note": words} if words else None,
        at=at,
    )
    for one in contract.parties.all():
        ask_about_version(contract, one, terms.number, at=at)
    emit(alliance, CONTRACT_TERMS_PROPOSED, {"contract": code, "version": terms.number})
    return terms


@transaction.atomic
def comment_terms(
    alliance: Alliance, code: str, *, number: int, section: str, role: str, words: str, actor: User, at: datetime
) -> ContractComment:
    """Say something about one section of a version, for all parties to read.

    Args:
        alliance: The tenant.
        code: The contract.
        number: The version.
        section: Key of a section of its text.
        role: For which party.
        words: The comment.
        actor: Somebody of the party.
        at: Now.

    Raises:
        NotFoundError: There is no such version or section.
        InvalidInputError: Nothing was written, or too much.
        TransitionRefusedError: The text is frozen, or the contract is over.
    """
    contract = lock_contract(alliance, code)
    party = party_of(contract, role)
    require(actor, PROPOSE_TERMS_PERMISSION, party)
    require_no_conflict(alliance, acting_for(party, actor), contract.matter)
    COMMENT_TERMS.check(contract.state)
    terms = ContractTerms.objects.of(alliance).filter(contract=contract, number=number).first()
    if terms is None or section not in {one.key for one in sections_of(terms.content)}:
        raise NotFoundError
    said = clean(words)
    if not said or len(said) > MOST_COMMENT:
        text = (
            _("Write your comment.") if not said else _("This is longer than %(most)s characters.") % {"most": MOST_COMMENT}
        )
        raise InvalidInputError(text, code="comment_invalid", fields={"words": text})
    comment = ContractComment.objects.create(
        alliance=alliance, terms=terms, section=section, role=role, words=said, by=actor, at=at
    )
    record_audit(
        contract,
        actor=actor,
        verb=COMMENT_TERMS.name,
        after={"version": number, "section": section, "role": role},
        personal={"words": said},
        at=at,
    )
    tell_parties(
        contract,
        COMMENTED,
        f"contract_comment:{comment.pk}",
        at=at,
        besides=actor,
        url_name="contract_terms",
        url_kwargs={"code": code, "number": number},
        version=number,
    )
    return comment


@transaction.atomic
def agree_terms(
    alliance: Alliance, code: str, *, number: int, sha256: str, role: str, actor: User, at: datetime
) -> Contract:
    """Agree to the newest version for a party. With the third yes the text is frozen and, if all is ready, the signing opens.

    Args:
        alliance: The tenant.
        code: The contract.
        number: The version.
        sha256: Digest of the text as it was shown.
        role: For which party.
        actor: Its representative or a signatory; the desk for the alliance.
        at: Now.

    Raises:
        DomainError: ``newer_version``: it is not the newest one; ``agreed_already``.
        InvalidInputError: ``text_differs``: the digest is that of another text; ``milestone_settled``: a milestone that an
            amendment changes was accepted or paid meanwhile.
        TransitionRefusedError: The text is frozen, or the contract is over.
    """
    contract = lock_contract(alliance, code)
    party = party_of(contract, role)
    require(actor, AGREE_TERMS_PERMISSION, party)
    require_no_conflict(alliance, acting_for(party, actor), contract.matter)
    AGREE_TERMS.check(contract.state)
    newest = _newest(contract)
    if newest is None:
        raise NotFoundError
    if newest.number != number:
        raise DomainError(
            _("Version %(version)s was proposed meanwhile; only the newest version can be agreed to.")
            % {"version": newest.number},
            code="newer_version",
            remedy=_("Read the newest version."),
            details={"version": newest.number},
        )
    if newest.sha256 != sha256:
        raise InvalidInputError(
            _("The text you saw is not that of this version."),
            code="text_differs",
            remedy=_("Reload the page and read it again."),
        )
    agreed = set(ContractAgreement.objects.of(alliance).filter(terms=newest).values_list("party_id", flat=True))
    if party.pk in agreed:
        raise DomainError(_("This party agreed to this version already."), code="agreed_already")
    require_amendable(contract, newest.content, newest.sha256)
    ContractAgreement.objects.create(alliance=alliance, terms=newest, party=party, by=actor, at=at)
    record_audit(
        contract,
        actor=actor,
        verb=AGREE_TERMS.name,
        after={"version": number, "sha256": sha256, "role": role},
        at=at,
    )
    inbox.settle(alliance, agree_key(contract, party), by=actor, at=at)
    if len(agreed) + 1 == len(PartyRole.values):
        _freeze(contract, newest, at=at)
    return contract


def _freeze(contract: Contract, terms: ContractTerms, *, at: datetime) -> None:
    FREEZE_TERMS.check(contract.state)
    before = contract.state
    contract.state, contract.frozen, contract.agreed_at = FREEZE_TERMS.target, terms, at
    contract.save(update_fields=["state", "frozen", "agreed_at"])
    record_audit(
        contract,
        actor=None,
        verb=FREEZE_TERMS.name,
        before={"state": before},
        after={"state": contract.state, "version": terms.number, "sha256": terms.sha256},
        at=at,
    )
    inbox.settle_all(contract.alliance, agree_key(contract), by=None, at=at)
    emit(
        contract.alliance,
        CONTRACT_TERMS_FROZEN,
        {"contract": contract.code, "version": terms.number, "sha256": terms.sha256},
    )
    if not short_parties(contract, at):
        until = timezone.localdate(at) + timedelta(days=SIGNING_DAYS)
        _open(contract, until=until, actor=None, at=at)
    else:
        inbox.ask(
            contract.alliance,
            TO_ARRANGE,
            arrange_key(contract),
            inbox.office(),
            params=params_of(contract),
            url_name="contract_arrange",
            url_kwargs={"code": contract.code},
            at=at,
        )


def short_parties(contract: Contract, at: datetime) -> list[ContractParty]:
    """Parties of whom fewer people than must sign are named and still may."""
    return [party for party in contract.parties.all() if len(able_signatories(contract, party, at)) < party.needed]


@transaction.atomic
def open_signing(alliance: Alliance, code: str, *, until: date, actor: User, at: datetime) -> Contract:
    """Open the signing of the frozen text until a last day.

    Args:
        alliance: The tenant.
        code: The contract.
        until: Last day, in the time zone of the platform.
        actor: The desk.
        at: Now.

    Raises:
        TransitionRefusedError: The text is not frozen, or the signing is open already.
        DomainError: ``signatories_missing``.
        InvalidInputError: The day is past or too far away.
    """
    contract = lock_contract(alliance, code)
    require(actor, MANAGE_CONTRACTS, contract)
    require_no_conflict(alliance, acting_for(party_of(contract, PartyRole.WITNESS), actor), contract.matter)
    OPEN_SIGNING.check(contract.state)
    today = timezone.localdate(at)
    if not today < until <= today + timedelta(days=LONGEST_SIGNING):
        words = _("Choose a day after today, within %(most)s days.") % {"most": LONGEST_SIGNING}
        raise InvalidInputError(words, code="day_invalid", fields={"until": words})
    if short := short_parties(contract, at):
        raise DomainError(
            _("More people must be named who sign, for: %(parties)s.")
            % {"parties": ", ".join(str(party.get_role_display()) for party in short)},
            code="signatories_missing",
            remedy=_("The representative of the party names them; the desk names those of the alliance."),
        )
    _open(contract, until=until, actor=actor, at=at)
    return contract


def _open(contract: Contract, *, until: date, actor: User | None, at: datetime) -> None:
    OPEN_SIGNING.check(contract.state)
    before = contract.state
    contract.state, contract.sign_until, contract.opened_at = ContractState.SIGNING, until, at
    contract.save(update_fields=["state", "sign_until", "opened_at"])
    inbox.settle(contract.alliance, arrange_key(contract), by=actor, at=at)
    record_audit(
        contract,
        actor=actor,
        verb=OPEN_SIGNING.name,
        before={"state": before},
        after={
            "state": contract.state,
            "until": until,
            "order": {party.role: [party.place, party.needed] for party in contract.parties.all()},
        },
        at=at,
    )
    first = min(contract.parties.all(), key=lambda party: party.place)
    begin_turn(contract, first, at=at)
    emit(contract.alliance, CONTRACT_SIGNING_OPENED, {"contract": contract.code, "until": until.isoformat()})
    seal_soon(contract.alliance)


def begin_turn(contract: Contract, party: ContractParty, *, at: datetime) -> None:
    """It is a party's turn to sign: note since when, and ask its signatories."""
    party.asked_at = at
    party.save(update_fields=["asked_at"])
    ask_to_sign(contract, able_signatories(contract, party, at), at=at)
