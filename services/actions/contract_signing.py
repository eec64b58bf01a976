"""Signs a contract, party by party in the order agreed on; declines it; lets it lapse; reminds.

Whether the day for signing is over is asked inside each act under the row's lock, not left to the task that notes it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.actions.notifications import notify
from alliance.actions.sealing import seal_soon
from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError, PermissionRefusedError
from alliance.kernel.events import emit
from alliance.kernel.permissions import can, permissions, require
from groups.actions.conflict import require_no_conflict, screen_matter
from services.actions.contract import (
    acting_for,
    end_unsigned,
    lock_contract,
    party_of,
    require_neutral,
    require_office_unconflicted,
)
from services.actions.contract_announce import AMENDMENT_REMINDER, REMINDER, day_params, params_of, sign_key
from services.actions.contract_terms import begin_turn
from services.choices import ContractState, PartyRole
from services.models import Contract, ContractSignatory, ContractSignature
from services.permissions import DECLINE_CONTRACT_PERMISSION, MANAGE_CONTRACTS, SIGN_CONTRACT_PERMISSION, VIEW_CONTRACT
from services.selectors.contract import MOST_REMINDERS, able_signatories, has_lapsed, next_reminder_at, whose_turn
from services.signals import CONTRACT_SIGNED_BY_ALL
from services.transitions import COMPLETE_SIGNING, DECLINE_CONTRACT, LAPSE_CONTRACT, SIGN_CONTRACT

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance, User
    from services.models import ContractParty

REMIND_AGAIN_AFTER: Final = timedelta(hours=20)
"""A person of the desk reminds a party once a day at most."""


class SigningLapsedError(DomainError):
    """The last day for signing is over."""

    code = "signing_lapsed"

    def __init__(self) -> None:
        super().__init__(
            _("The day by which this contract had to be signed is over; it lapsed."),
            remedy=_("If all parties still want it, the desk begins it anew."),
        )


@transaction.atomic
def sign_contract(
    alliance: Alliance,
    code: str,
    *,
    sha256: str,
    methods: str,
    authenticated_at: datetime,
    actor: User,
    at: datetime,
) -> ContractSignature:
    """Sign the frozen text for the party the actor is named for.

    Args:
        alliance: The tenant.
        code: The contract.
        sha256: Digest of the text as it was shown.
        methods: How the actor proved who it is.
        authenticated_at: When.
        actor: A named signatory who still holds that role in the party.
        at: Now.

    Raises:
        NotFoundError: There is no such contract, or it is not open to the actor.
        PermissionRefusedError: The actor is not named, or holds the role no more.
        ConflictOfInterestError: The actor's institution stands aside, or a witness is not neutral.
        TransitionRefusedError: It is not being signed.
        SigningLapsedError: The last day is over.
        DomainError: ``authentication_not_fresh``, ``not_your_turn``, ``signed_already``, ``party_complete``.
        InvalidInputError: ``text_differs``.
    """
    contract = lock_contract(alliance, code)
    named = ContractSignatory.objects.of(alliance).filter(contract=contract, user=actor, ended_at__isnull=True).first()
    if named is None:
        if not can(actor, VIEW_CONTRACT, contract):
            raise NotFoundError
        declared = permissions.get(SIGN_CONTRACT_PERMISSION)
        raise PermissionRefusedError(
            declared.act, permission=SIGN_CONTRACT_PERMISSION, who=[_("the people named to sign for a party")]
        )
    party = next(one for one in contract.parties.all() if one.pk == named.party_id)
    party.contract = contract
    require(actor, SIGN_CONTRACT_PERMISSION, party)
    if party.role == PartyRole.WITNESS:
        screen_matter(alliance, contract.matter, at=at)
        require_neutral(contract, party, actor)
    require_no_conflict(alliance, acting_for(party, actor), contract.matter)
    SIGN_CONTRACT.check(contract.state)
    if has_lapsed(contract, at):
        raise SigningLapsedError
    if (
        not timedelta(0)
        <= at - authenticated_at + timedelta(seconds=1)
        <= timedelta(seconds=settings.ACCOUNT_REAUTHENTICATION_TIMEOUT + 1)
    ):
        raise DomainError(
            _("Signing asks you to prove who you are within the last five minutes."),
            code="authentication_not_fresh",
            status=403,
            remedy=_("Open the page for signing again."),
        )
    if contract.frozen is None or contract.frozen.sha256 != sha256:
        raise InvalidInputError(
            _("The text you saw is not the one that is signed."),
            code="text_differs",
            remedy=_("Reload the page and read it again."),
        )
    _require_turn(contract, party)
    given = ContractSignature.objects.of(alliance).filter(party=party)
    if given.filter(user=actor).exists():
        raise DomainError(_("You have signed this contract already."), code="signed_already")
    slot = given.count() + 1
    if slot > party.needed:
        raise DomainError(_("Enough people have signed for this party."), code="party_complete")
    signature = ContractSignature.objects.create(
        alliance=alliance,
        contract=contract,
        party=party,
        terms=contract.frozen,
        user=actor,
        slot=slot,
        place=party.place,
        sha256=sha256,
        methods=methods[:60],
        authenticated_at=authenticated_at,
        at=at,
    )
    record_audit(
        contract,
        actor=actor,
        verb=SIGN_CONTRACT.name,
        after={
            "role": party.role,
            "signature": slot,
            "needed": party.needed,
            "version": contract.frozen.number,
            "sha256": sha256,
            "methods": methods[:60],
            "authenticated_at": authenticated_at,
        },
        at=at,
    )
    inbox.settle(alliance, sign_key(contract, actor), by=actor, at=at)
    if slot == party.needed:
        _complete_party(contract, party, at=at)
    seal_soon(alliance)
    return signature


def _require_turn(contract: Contract, party: ContractParty) -> None:
    turn = whose_turn(contract)
    if party.signed_at is not None:
        raise DomainError(_("Enough people have signed for this party."), code="party_complete")
    if turn is None or turn.pk != party.pk:
        first = turn.get_role_display() if turn is not None else ""
        raise DomainError(
            _("It is not this party’s turn to sign yet: the %(first)s signs first.") % {"first": first},
            code="not_your_turn",
            remedy=_("You are told when it is your turn."),
            details={"turn": turn.role if turn is not None else ""},
        )


def _complete_party(contract: Contract, party: ContractParty, *, at: datetime) -> None:
    party.signed_at = at
    party.save(update_fields=["signed_at"])
    inbox_rest = ContractSignatory.objects.of(contract.alliance).filter(party=party, ended_at__isnull=True)
    for row in inbox_rest.select_related("user"):
        inbox.settle(contract.alliance, sign_key(contract, row.user), by=None, at=at)
    following = whose_turn(contract)
    if following is not None:
        begin_turn(contract, following, at=at)
        return
    COMPLETE_SIGNING.check(contract.state)
    contract.state, contract.signed_at = COMPLETE_SIGNING.target, at
    contract.save(update_fields=["state", "signed_at"])
    record_audit(
        contract,
        actor=None,
        verb=COMPLETE_SIGNING.name,
        before={"state": ContractState.SIGNING},
        after={"state": contract.state},
        at=at,
    )
    emit(contract.alliance, CONTRACT_SIGNED_BY_ALL, {"contract": contract.code})


@transaction.atomic
def decline_contract(
    alliance: Alliance, code: str, *, role: str, reason: str, words: str, actor: User, at: datetime
) -> Contract:
    """A party does not want the contract any more; that ends it for all.

    Args:
        alliance: The tenant.
        code: The contract.
        role: For which party.
        reason: A ContractDecline.
        words: Why, for the other parties.
        actor: The party's representative or a signatory.
        at: Now.

    Raises:
        PermissionRefusedError: Not of this party.
        InvalidInputError: No reason.
        TransitionRefusedError: It is signed by all, or over.
    """
    contract = lock_contract(alliance, code)
    party = party_of(contract, role)
    require(actor, DECLINE_CONTRACT_PERMISSION, party)
    require_no_conflict(alliance, acting_for(party, actor), contract.matter)
    DECLINE_CONTRACT.check(contract.state)
    if contract.state == ContractState.SIGNING and has_lapsed(contract, at):
        raise SigningLapsedError
    return end_unsigned(contract, DECLINE_CONTRACT, reason=reason, words=words, actor=actor, at=at, after={"role": role})


@transaction.atomic
def lapse_contract(alliance: Alliance, contract_id: int, *, at: datetime) -> bool:
    """Note that a contract was not signed in time; what the task does after the last day.

    Returns:
        Whether it lapsed now.
    """
    code = Contract.objects.of(alliance).filter(pk=contract_id).values_list("code", flat=True).first()
    if code is None:
        return False
    contract = lock_contract(alliance, code)
    if contract.state != ContractState.SIGNING or not has_lapsed(contract, at):
        return False
    end_unsigned(contract, LAPSE_CONTRACT, reason="", words="", actor=None, at=at)
    return True


@transaction.atomic
def remind_party(alliance: Alliance, code: str, *, actor: User | None, at: datetime) -> int:
    """Remind the signatories of the party whose turn it is; three times at most per party.

    Args:
        alliance: The tenant.
        code: The contract.
        actor: The desk; None: the task, which reminds only when a reminder is due.
        at: Now.

    Returns:
        How many people were reminded.

    Raises:
        DomainError: ``nobody_to_remind``, ``reminders_used_up``, ``reminded_today``.
        SigningLapsedError: The last day is over.
    """
    contract = lock_contract(alliance, code)
    if actor is not None:
        require(actor, MANAGE_CONTRACTS, contract)
        require_office_unconflicted(contract, actor)
    party = whose_turn(contract)
    if party is None or contract.sign_until is None:
        if actor is None:
            return 0
        raise DomainError(_("Nobody is asked to sign this contract now."), code="nobody_to_remind")
    if has_lapsed(contract, at):
        if actor is None:
            return 0
        raise SigningLapsedError
    if actor is None:
        due = next_reminder_at(contract, party)
        if due is None or due > at:
            return 0
    elif party.reminders >= MOST_REMINDERS:
        raise DomainError(
            _("This party was reminded three times; there are no more reminders."),
            code="reminders_used_up",
            remedy=_("Call the people who are to sign."),
        )
    elif party.reminded_at is not None and at - party.reminded_at < REMIND_AGAIN_AFTER:
        raise DomainError(
            _("This party was reminded within the last day."), code="reminded_today", remedy=_("Remind again tomorrow.")
        )
    done = set(ContractSignature.objects.of(alliance).filter(party=party).values_list("user_id", flat=True))
    users = [user for user in able_signatories(contract, party, at) if user.pk not in done]
    party.reminders += 1
    party.reminded_at = at
    party.save(update_fields=["reminders", "reminded_at"])
    record_audit(
        contract,
        actor=actor,
        verb="remind_signatories",
        after={"role": party.role, "reminder": party.reminders, "people": [user.uuid for user in users]},
        at=at,
    )
    notify(
        alliance,
        users,
        REMINDER if contract.amends_id is None else AMENDMENT_REMINDER,
        f"contract_reminder:{contract.code}:{party.role}:{party.reminders}",
        params=params_of(contract, **day_params("until", contract.sign_until)),
        at=at,
        url_name="contract_sign",
        url_kwargs={"code": contract.code},
    )
    return len(users)
