"""Suspends, takes up and ends the work under a contract: a side gives notice, the other one answers, the witness may order.

Sources: the clauses “suspension”, “fundamental-breach” and “end” of the contract; Liu2023 section 4.4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.actions.sealing import seal_soon
from alliance.kernel.errors import (
    DomainError,
    InvalidInputError,
    NotFoundError,
    PermissionRefusedError,
    SeparationOfDutiesError,
    TransitionRefusedError,
)
from alliance.kernel.events import emit
from alliance.kernel.permissions import permissions, require
from groups.actions.conflict import require_no_conflict, screen_matter
from services.actions.contract import acting_for, end_unsigned, lock_contract, party_of, require_neutral
from services.actions.contract_announce import (
    NOTICE_ANSWERED,
    NOTICE_TO_ANSWER,
    NOTICE_TO_DECIDE,
    RESUMED,
    SUSPENDED,
    TERMINATED,
    audience_of,
    label_params,
    params_of,
    tell_parties,
)
from services.actions.execution_announce import settle_work
from services.choices import ContractDecline, ContractState, NoticeKind, NoticeState, PartyRole
from services.contract_text import clean
from services.models import ContractNotice, ContractPause
from services.permissions import GIVE_NOTICE_PERMISSION
from services.selectors.amendment import live_amendment
from services.selectors.contract_notice import OTHER_SIDE, REASONS, list_notices, to_be_decided
from services.signals import CONTRACT_RESUMED, CONTRACT_SUSPENDED, CONTRACT_TERMINATED
from services.transitions import (
    AGREE_NOTICE,
    CANCEL_CONTRACT,
    ORDER_NOTICE,
    REFUSE_NOTICE,
    STEP_OF_NOTICE,
    WITHDRAW_NOTICE,
)

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.kernel.transitions import Transition
    from alliance.models import Alliance, User
    from services.models import Contract, ContractParty

LONGEST: Final = 2000
_EVENTS: Final = {
    NoticeKind.SUSPEND: (CONTRACT_SUSPENDED, SUSPENDED),
    NoticeKind.RESUME: (CONTRACT_RESUMED, RESUMED),
    NoticeKind.TERMINATE: (CONTRACT_TERMINATED, TERMINATED),
}


def answer_key(contract: Contract) -> str:
    """Key of the inbox item that asks the other side to answer a notice."""
    return f"contract-notice:{contract.code}"


def decide_key(contract: Contract) -> str:
    """Key of the inbox item that asks the witness to decide on an early end."""
    return f"contract-notice-decide:{contract.code}"


def _lock(alliance: Alliance, code: str) -> Contract:
    """The contract's row; an amendment is no work that could rest or end.

    Raises:
        NotFoundError: There is none, or it is an amendment.
    """
    contract = lock_contract(alliance, code)
    if contract.amends_id is not None:
        raise NotFoundError
    return contract


def _find(contract: Contract, number: int) -> ContractNotice:
    found = ContractNotice.objects.of(contract.alliance).filter(contract=contract, number=number).first()
    if found is None:
        raise NotFoundError
    return found


def _check_waits(notice: ContractNotice, step: Transition) -> None:
    """Refuse to answer twice.

    Raises:
        TransitionRefusedError: The notice waits for no answer any more.
    """
    if notice.state not in step.sources:
        raise TransitionRefusedError(
            _("Notice %(number)s does not wait for an answer any more: %(state)s.")
            % {"number": notice.number, "state": notice.get_state_display()},
            remedy=_("Reload the page to see what became of it."),
            details={"transition": step.name, "state": notice.state, "sources": sorted(step.sources)},
        )


def _check_words(kind: str, reason: str, words: str) -> str:
    """The words, cleaned.

    Raises:
        InvalidInputError: The reason does not fit the kind, or nothing was written.
    """
    errors: dict[str, Any] = {}
    if kind not in NoticeKind.values:
        errors["kind"] = _("Choose what you want.")
    elif reason not in REASONS[kind]:
        errors["reason"] = _("Choose a reason that fits.")
    said = clean(words)
    if not said:
        errors["words"] = _("Say why, so that the other parties can judge it.")
    elif len(said) > LONGEST:
        errors["words"] = _("This is longer than %(most)s characters.") % {"most": LONGEST}
    if errors:
        raise InvalidInputError(next(iter(errors.values())), code="notice_invalid", fields=errors)
    return said


def _check_answer(words: str, *, needed: bool) -> str:
    said = clean(words)
    if needed and not said:
        text: Any = _("Say why you refuse.")
        raise InvalidInputError(text, code="words_missing", fields={"words": text})
    if len(said) > LONGEST:
        text = _("This is longer than %(most)s characters.") % {"most": LONGEST}
        raise InvalidInputError(text, code="words_too_long", fields={"words": text})
    return said


def _write(
    contract: Contract, *, kind: str, role: str, reason: str, words: str, state: str, actor: User, at: datetime
) -> ContractNotice:
    last = ContractNotice.objects.of(contract.alliance).filter(contract=contract).aggregate(last=Max("number"))["last"] or 0
    ordered = state == NoticeState.ORDERED
    return ContractNotice.objects.create(
        alliance=contract.alliance,
        contract=contract,
        number=last + 1,
        kind=kind,
        role=role,
        reason=reason,
        words=words,
        state=state,
        given_by=actor,
        given_at=at,
        answer_role=PartyRole.WITNESS if ordered else "",
        answered_by=actor if ordered else None,
        answered_at=at if ordered else None,
    )


@transaction.atomic
def give_notice(
    alliance: Alliance, code: str, *, role: str, kind: str, reason: str, words: str, actor: User, at: datetime
) -> ContractNotice:
    """A side wants the work suspended, taken up again, or ended early; the other side is asked.

    Args:
        alliance: The tenant.
        code: The contract.
        role: Demand or supply side.
        kind: A NoticeKind.
        reason: A NoticeReason that fits the kind.
        words: Why, for all parties.
        actor: The side's representative or a signatory.
        at: Now.

    Raises:
        NotFoundError: There is no such contract or side.
        PermissionRefusedError: Not of this side.
        ConflictOfInterestError: The actor's institution stands aside.
        TransitionRefusedError: That is not possible in the contract's state.
        DomainError: ``notice_open``: another notice waits for its answer.
        InvalidInputError: The reason does not fit, or nothing was written.
    """
    contract = _lock(alliance, code)
    if role not in OTHER_SIDE:
        raise NotFoundError
    party = party_of(contract, role)
    require(actor, GIVE_NOTICE_PERMISSION, party)
    require_no_conflict(alliance, acting_for(party, actor), contract.matter)
    said = _check_words(kind, reason, words)
    STEP_OF_NOTICE[NoticeKind(kind)].check(contract.state)
    waiting = ContractNotice.objects.of(alliance).filter(contract=contract, state=NoticeState.OPEN).first()
    if waiting is not None:
        raise DomainError(
            _("Notice %(number)s waits for an answer.") % {"number": waiting.number},
            code="notice_open",
            remedy=_("It is answered or withdrawn first."),
            details={"notice": waiting.number},
        )
    notice = _write(contract, kind=kind, role=role, reason=reason, words=said, state=NoticeState.OPEN, actor=actor, at=at)
    record_audit(
        contract,
        actor=actor,
        verb="give_notice",
        after={"notice": notice.number, "kind": kind, "role": role},
        personal={"words": said},
        reason_code=reason,
        at=at,
    )
    other = party_of(contract, OTHER_SIDE[PartyRole(role)])
    inbox.ask(
        alliance,
        NOTICE_TO_ANSWER,
        answer_key(contract),
        audience_of(other),
        params=params_of(
            contract, **label_params("party", party.get_role_display), **label_params("what", notice.get_kind_display)
        ),
        url_name="contract_notice_detail",
        url_kwargs={"code": code, "number": notice.number},
        at=at,
    )
    seal_soon(alliance)
    return notice


@transaction.atomic
def answer_notice(
    alliance: Alliance, code: str, *, number: int, role: str, agrees: bool, words: str, actor: User, at: datetime
) -> ContractNotice:
    """The other side agrees to a notice, which takes effect at once, or refuses it with its reasons.

    Args:
        alliance: The tenant.
        code: The contract.
        number: The notice.
        role: The side that did not give it.
        agrees: Whether it agrees.
        words: Its words; needed when it refuses.
        actor: The side's representative or a signatory, not the person who gave the notice.
        at: Now.

    Raises:
        NotFoundError: There is no such notice.
        PermissionRefusedError: Not of the other side.
        SeparationOfDutiesError: The actor gave the notice.
        TransitionRefusedError: It is answered already, or what it wants is not possible now.
        DomainError: ``amendment_sealing``: an early end waits until the amendment signed by all is sealed.
        InvalidInputError: Refused without a word.
    """
    contract = _lock(alliance, code)
    notice = _find(contract, number)
    party = party_of(contract, role)
    require(actor, GIVE_NOTICE_PERMISSION, party)
    if OTHER_SIDE.get(PartyRole(notice.role)) != role:
        raise PermissionRefusedError(
            permissions.get(GIVE_NOTICE_PERMISSION).act,
            permission=GIVE_NOTICE_PERMISSION,
            who=[_("the representative and the signatories of the side that did not give the notice")],
        )
    if notice.given_by_id == actor.pk:
        raise SeparationOfDutiesError(
            _("You gave this notice; somebody else of the other side answers it."),
            remedy=_("Ask another representative or signatory of that side."),
        )
    require_no_conflict(alliance, acting_for(party, actor), contract.matter)
    step = AGREE_NOTICE if agrees else REFUSE_NOTICE
    _check_waits(notice, step)
    said = _check_answer(words, needed=not agrees)
    _answer(contract, notice, step, role=role, words=said, actor=actor, at=at)
    if agrees:
        _take_effect(contract, notice, actor=actor, at=at)
    else:
        if notice.kind == NoticeKind.TERMINATE:
            _ask_witness(contract, notice, at=at)
        _tell_answer(contract, notice, actor=actor, at=at)
    seal_soon(alliance)
    return notice


@transaction.atomic
def withdraw_notice(alliance: Alliance, code: str, *, number: int, role: str, actor: User, at: datetime) -> ContractNotice:
    """The side that gave a notice takes it back while it waits for an answer.

    Args:
        alliance: The tenant.
        code: The contract.
        number: The notice.
        role: The side that gave it.
        actor: Its representative or a signatory.
        at: Now.

    Raises:
        NotFoundError: There is no such notice of this side.
        PermissionRefusedError: Not of this side.
        TransitionRefusedError: It is answered already.
    """
    contract = _lock(alliance, code)
    notice = _find(contract, number)
    if notice.role != role:
        raise NotFoundError
    party = party_of(contract, role)
    require(actor, GIVE_NOTICE_PERMISSION, party)
    require_no_conflict(alliance, acting_for(party, actor), contract.matter)
    _check_waits(notice, WITHDRAW_NOTICE)
    _answer(contract, notice, WITHDRAW_NOTICE, role=role, words="", actor=actor, at=at)
    _tell_answer(contract, notice, actor=actor, at=at)
    return notice


@transaction.atomic
def order_notice(
    alliance: Alliance, code: str, *, kind: str, reason: str, words: str, actor: User, at: datetime
) -> ContractNotice:
    """The witness orders a suspension or a resumption, or decides on an early end that a side asked for in vain.

    A notice of the same kind that waits for its answer is decided by it; else the order is a notice of its own.

    Args:
        alliance: The tenant.
        code: The contract.
        kind: A NoticeKind.
        reason: A NoticeReason that fits the kind.
        words: The reasons, for all parties.
        actor: The witness's representative or a signatory; the desk where the alliance is the witness. Nobody who acts for one of
            the sides or for an institution linked with one.
        at: Now.

    Raises:
        NotFoundError: There is no such contract.
        PermissionRefusedError: Not of the witness.
        ConflictOfInterestError: The actor is linked with a side.
        TransitionRefusedError: That is not possible in the contract's state.
        DomainError: ``nothing_to_decide``: no side asked for the end, or the other one may still answer; ``amendment_sealing``.
        InvalidInputError: The reason does not fit, or nothing was written.
    """
    contract = _lock(alliance, code)
    party = party_of(contract, PartyRole.WITNESS)
    require(actor, GIVE_NOTICE_PERMISSION, party)
    screen_matter(alliance, contract.matter, at=at)
    require_neutral(contract, party, actor)
    require_no_conflict(alliance, acting_for(party, actor), contract.matter)
    said = _check_words(kind, reason, words)
    STEP_OF_NOTICE[NoticeKind(kind)].check(contract.state)
    notices = list_notices(contract)
    if kind == NoticeKind.TERMINATE and to_be_decided(notices, at) is None:
        raise DomainError(
            _(
                "The witness ends a contract only when a side asked for it and the other side refused, or did not answer for fifteen days."
            ),
            code="nothing_to_decide",
            remedy=_("Wait for the answer, or order a suspension meanwhile."),
        )
    waiting = next((one for one in notices if one.state == NoticeState.OPEN and one.kind == kind), None)
    if waiting is not None:
        _answer(contract, waiting, ORDER_NOTICE, role=PartyRole.WITNESS, words=said, actor=actor, at=at, reason=reason)
        notice = waiting
    else:
        notice = _write(
            contract,
            kind=kind,
            role=PartyRole.WITNESS,
            reason=reason,
            words=said,
            state=NoticeState.ORDERED,
            actor=actor,
            at=at,
        )
        record_audit(
            contract,
            actor=actor,
            verb=ORDER_NOTICE.name,
            after={"notice": notice.number, "kind": kind, "state": notice.state},
            personal={"words": said},
            reason_code=reason,
            at=at,
        )
    _take_effect(contract, notice, actor=actor, at=at)
    seal_soon(alliance)
    return notice


def _answer(
    contract: Contract,
    notice: ContractNotice,
    step: Transition,
    *,
    role: str,
    words: str,
    actor: User | None,
    at: datetime,
    reason: str = "",
) -> None:
    before = notice.state
    notice.state, notice.answer_role, notice.answer_words = step.target, role, words
    notice.answered_by, notice.answered_at = actor, at
    notice.save(update_fields=["state", "answer_role", "answer_words", "answered_by", "answered_at"])
    record_audit(
        contract,
        actor=actor,
        verb=step.name,
        before={"notice": notice.number, "state": before},
        after={"notice": notice.number, "kind": notice.kind, "state": notice.state, "role": role},
        personal={"words": words} if words else None,
        reason_code=reason,
        at=at,
    )
    inbox.settle(contract.alliance, answer_key(contract), by=actor, at=at)
    inbox.settle(contract.alliance, decide_key(contract), by=actor, at=at)


def _tell_answer(contract: Contract, notice: ContractNotice, *, actor: User | None, at: datetime) -> None:
    tell_parties(
        contract,
        NOTICE_ANSWERED,
        f"contract_notice:{contract.code}:{notice.number}:{notice.state}",
        at=at,
        besides=actor,
        url_name="contract_notice_detail",
        url_kwargs={"code": contract.code, "number": notice.number},
        **label_params("what", notice.get_kind_display),
        **label_params("answer", notice.get_state_display),
    )


def _take_effect(contract: Contract, notice: ContractNotice, *, actor: User, at: datetime) -> None:
    """Write what was agreed to or ordered into the contract."""
    alliance, today = contract.alliance, timezone.localdate(at)
    step = STEP_OF_NOTICE[NoticeKind(notice.kind)]
    step.check(contract.state)
    if notice.kind == NoticeKind.TERMINATE and contract.state == ContractState.AMENDING:
        _call_amendment_off(contract, notice, actor=actor, at=at)
    before = contract.state
    contract.state = step.target
    fields = ["state"]
    pause = ContractPause.objects.of(alliance).filter(contract=contract, ends_on__isnull=True).first()
    if notice.kind == NoticeKind.SUSPEND:
        pause = ContractPause.objects.create(alliance=alliance, contract=contract, begins_on=today, begun=notice)
    elif pause is not None:
        pause.ends_on, pause.ended = max(today, pause.begins_on), notice
        pause.save(update_fields=["ends_on", "ended"])
    if notice.kind == NoticeKind.TERMINATE:
        contract.ended_at, contract.ended_by, contract.end_words = at, actor, notice.words
        fields += ["ended_at", "ended_by", "end_words"]
    contract.save(update_fields=fields)
    record_audit(
        contract,
        actor=actor,
        verb=step.name,
        before={"state": before},
        after={
            "state": contract.state,
            "notice": notice.number,
            "pause": [pause.begins_on, pause.ends_on] if pause is not None else None,
        },
        reason_code=notice.reason,
        at=at,
    )
    if notice.kind == NoticeKind.TERMINATE:
        close_notices(contract, at=at)
        settle_work(contract, by=actor, at=at)
        inbox.settle(alliance, decide_key(contract), by=actor, at=at)
    event, text = _EVENTS[NoticeKind(notice.kind)]
    emit(alliance, event, {"contract": contract.code, "match": contract.match.code if contract.match else ""})
    tell_parties(contract, text, f"{text}:{contract.code}:{notice.number}", at=at, besides=actor)


def _call_amendment_off(contract: Contract, notice: ContractNotice, *, actor: User, at: datetime) -> None:
    """An early end calls the amendment off that is under way.

    Raises:
        DomainError: ``amendment_sealing``: it was signed by all; what was signed by all is sealed before anything else.
    """
    found = live_amendment(contract)
    if found is None:
        return
    amendment = lock_contract(contract.alliance, found.code)
    amendment.amends = contract  # one object for the row that is locked and written here
    if amendment.state == ContractState.SEALING:
        raise DomainError(
            _("Amendment %(code)s was signed by all and is being sealed.") % {"code": amendment.code},
            code="amendment_sealing",
            remedy=_("Try again in a minute, when it is in effect."),
        )
    CANCEL_CONTRACT.check(amendment.state)
    end_unsigned(
        amendment,
        CANCEL_CONTRACT,
        reason=ContractDecline.OTHER,
        words=notice.words,
        actor=actor,
        at=at,
    )


def close_notices(contract: Contract, *, at: datetime) -> int:
    """Nothing is left to decide on a contract that is over: notices that wait are closed. The caller holds the contract's lock.

    Returns:
        How many were closed: 0 or 1.
    """
    waiting = ContractNotice.objects.of(contract.alliance).filter(contract=contract, state=NoticeState.OPEN)
    closed = 0
    for notice in waiting:
        notice.state, notice.answered_at = NoticeState.WITHDRAWN, at
        notice.save(update_fields=["state", "answered_at"])
        record_audit(
            contract,
            actor=None,
            verb="close_notice",
            before={"notice": notice.number, "state": NoticeState.OPEN},
            after={"notice": notice.number, "state": notice.state},
            at=at,
        )
        closed += 1
    inbox.settle(contract.alliance, answer_key(contract), by=None, at=at)
    inbox.settle(contract.alliance, decide_key(contract), by=None, at=at)
    return closed


def _ask_witness(contract: Contract, notice: ContractNotice, *, at: datetime) -> None:
    witness: ContractParty = party_of(contract, PartyRole.WITNESS)
    inbox.ask(
        contract.alliance,
        NOTICE_TO_DECIDE,
        decide_key(contract),
        audience_of(witness),
        params=params_of(contract),
        url_name="contract_notice_detail",
        url_kwargs={"code": contract.code, "number": notice.number},
        at=at,
    )


@transaction.atomic
def ask_witness_to_decide(alliance: Alliance, notice_id: int, *, at: datetime) -> bool:
    """Ask the witness about a notice to end the contract that nobody answered for fifteen days; what the task does.

    Running it again renews the same question.

    Returns:
        Whether the witness is asked.
    """
    found = ContractNotice.objects.of(alliance).filter(pk=notice_id).select_related("contract").first()
    if found is None:
        return False
    contract = _lock(alliance, found.contract.code)
    notice = to_be_decided(list_notices(contract), at)
    if notice is None or notice.pk != notice_id or notice.state != NoticeState.OPEN:
        return False
    _ask_witness(contract, notice, at=at)
    return True
