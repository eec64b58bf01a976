"""Asks both sides of a contract how the work goes, takes their answers, and has the desk see to what goes wrong.

The audit entries stand at the follow-up, not at the contract, and tell neither an answer nor whether it was a signal: the record on
the contract's page is read by all three parties.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.kernel.errors import ConflictOfInterestError, DomainError, InvalidInputError, NotFoundError
from alliance.kernel.permissions import can, require
from alliance.kernel.working_days import end_of
from groups.actions.conflict import require_no_conflict
from services.actions.contract import acting_for, lock_contract, party_of, require_office_unconflicted
from services.actions.contract_announce import audience_of, day_params, params_of
from services.actions.review_announce import (
    FOLLOW_UP_ASKED,
    FOLLOW_UP_SIGNAL,
    follow_up_key,
    signal_key,
    unconcerned_office,
)
from services.choices import FollowUpState, Progress
from services.contract_text import clean
from services.models import ContractFollowUp
from services.permissions import ANSWER_FOLLOW_UP_PERMISSION, HANDLE_FOLLOW_UP, VIEW_CONTRACT
from services.selectors.follow_up import ANSWER_DAYS, ASKED_STATES, SIDES, desk_reads, is_bad, number_due
from services.transitions import ANSWER_FOLLOW_UP, MISS_FOLLOW_UP

if TYPE_CHECKING:
    from datetime import datetime

    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance, User
    from services.models import Contract

LONGEST = 2000


@transaction.atomic
def ask_follow_ups(alliance: Alliance, code: str, *, at: datetime) -> int:
    """Ask both sides the question that is due; running it again asks nobody twice.

    Of questions that fell into a suspension only the newest is asked afterwards.

    Args:
        alliance: The tenant.
        code: The contract.
        at: Now.

    Returns:
        How many questions were asked now.
    """
    contract = lock_contract(alliance, code)
    if contract.state not in ASKED_STATES or contract.signed_at is None or contract.amends_id is not None:
        return 0
    number = number_due(contract.signed_at, at)
    if number == 0:
        return 0
    answer_by = timezone.localdate(at) + timedelta(days=ANSWER_DAYS)
    asked = 0
    for role in SIDES:
        follow_up, made = ContractFollowUp.objects.get_or_create(
            alliance=alliance, contract=contract, role=role, number=number, defaults={"asked_at": at, "answer_by": answer_by}
        )
        if not made:
            continue
        asked += 1
        record_audit(
            follow_up,
            actor=None,
            verb="ask_follow_up",
            after={"contract": code, "role": role, "number": number, "answer_by": answer_by},
            at=at,
        )
        inbox.ask(
            alliance,
            FOLLOW_UP_ASKED,
            follow_up_key(contract, role, number),
            audience_of(party_of(contract, role)),
            params=params_of(contract, **day_params("until", answer_by)),
            url_name="follow_up_answer",
            url_kwargs={"code": code, "role": str(role), "number": number},
            at=at,
            due_at=end_of(answer_by),
        )
    return asked


def _lock(alliance: Alliance, code: str, role: str, number: int) -> tuple[Contract, ContractFollowUp]:
    """Contract and follow-up, locked.

    Raises:
        NotFoundError: There is no such follow-up.
    """
    contract = lock_contract(alliance, code)
    found = ContractFollowUp.objects.of(alliance).filter(contract=contract, role=role, number=number).first()
    if found is None:
        raise NotFoundError
    found.contract = contract
    return contract, found


@transaction.atomic
def answer_follow_up(
    alliance: Alliance,
    code: str,
    role: str,
    number: int,
    *,
    progress: str,
    cooperation: int | None,
    wants_help: bool,
    words: str,
    actor: User,
    at: datetime,
) -> ContractFollowUp:
    """Answer for a side; once, until the last day.

    Args:
        alliance: The tenant.
        code: The contract.
        role: The side.
        number: Which question.
        progress: A Progress.
        cooperation: 1 very poor to 5 very good.
        wants_help: Whether the desk shall call.
        words: What else there is to say.
        actor: One of the side's people.
        at: Now.

    Raises:
        NotFoundError: There is no such question, or the contract is not open to the actor.
        PermissionRefusedError: Not of this side.
        ConflictOfInterestError: The side stands aside from the contract.
        InvalidInputError: Progress or working together is missing, or the text is too long.
        DomainError: ``follow_up_answered``, ``follow_up_over``.
    """
    contract, follow_up = _lock(alliance, code, role, number)
    party = party_of(contract, role)
    if not can(actor, VIEW_CONTRACT, contract):
        raise NotFoundError
    require(actor, ANSWER_FOLLOW_UP_PERMISSION, party)
    require_no_conflict(alliance, acting_for(party, actor), contract.matter)
    if follow_up.state == FollowUpState.ANSWERED:
        raise DomainError(
            _("Somebody of your institution has answered already."),
            code="follow_up_answered",
            remedy=_("If something changed since, call the desk."),
        )
    if follow_up.state == FollowUpState.MISSED or timezone.localdate(at) > follow_up.answer_by:
        raise DomainError(
            _("The time for this answer is over."),
            code="follow_up_over",
            remedy=_("Call the desk if something goes wrong; otherwise wait for the next question."),
        )
    ANSWER_FOLLOW_UP.check(follow_up.state)
    said = clean(words)
    fields: dict[str, StrOrPromise] = {}
    if progress not in Progress.values:
        fields["progress"] = _("Say how the work goes.")
    if cooperation is None or not 1 <= cooperation <= 5:
        fields["cooperation"] = _("Choose a mark from 1 to 5.")
    if len(said) > LONGEST:
        fields["words"] = _("At most %(most)s characters.") % {"most": LONGEST}
    if fields or cooperation is None:
        raise InvalidInputError(next(iter(fields.values())), code="follow_up_incomplete", fields=fields)
    follow_up.progress, follow_up.cooperation = progress, cooperation
    follow_up.wants_help, follow_up.words = wants_help, said
    follow_up.state, follow_up.answered_by, follow_up.answered_at = ANSWER_FOLLOW_UP.target, actor, at
    follow_up.is_signal = is_bad(progress, cooperation, wants_help=wants_help)
    follow_up.save()
    _record_step(follow_up, ANSWER_FOLLOW_UP.name, actor=actor, at=at)
    inbox.settle(alliance, follow_up_key(contract, role, number), by=actor, at=at)
    if follow_up.is_signal:
        _tell_desk(contract, follow_up, at=at)
    return follow_up


def _record_step(follow_up: ContractFollowUp, verb: str, *, actor: User | None, at: datetime) -> None:
    record_audit(
        follow_up,
        actor=actor,
        verb=verb,
        before={"state": FollowUpState.ASKED},
        after={
            "contract": follow_up.contract.code,
            "role": follow_up.role,
            "number": follow_up.number,
            "state": follow_up.state,
        },
        at=at,
    )


def _tell_desk(contract: Contract, follow_up: ContractFollowUp, *, at: datetime) -> None:
    """Ask each person of the office who acts for none of the parties; the item tells neither side nor answer."""
    for user in unconcerned_office(contract, at):
        inbox.ask(
            contract.alliance,
            FOLLOW_UP_SIGNAL,
            signal_key(contract, follow_up.role, follow_up.number, user),
            inbox.person(user),
            params=params_of(contract),
            url_name="follow_up_handle",
            url_kwargs={"code": contract.code, "role": follow_up.role, "number": follow_up.number},
            at=at,
        )


@transaction.atomic
def miss_follow_up(alliance: Alliance, code: str, role: str, number: int, *, at: datetime) -> bool:
    """Note that a question was not answered in time; the second in a row of one side is a signal while the work goes on.

    Returns:
        Whether it was noted now.
    """
    contract, follow_up = _lock(alliance, code, role, number)
    if follow_up.state != FollowUpState.ASKED or timezone.localdate(at) <= follow_up.answer_by:
        return False
    MISS_FOLLOW_UP.check(follow_up.state)
    before = (
        ContractFollowUp.objects.of(alliance)
        .filter(contract=contract, role=role, number__lt=number)
        .order_by("-number")
        .values_list("state", flat=True)
        .first()
    )
    follow_up.state = MISS_FOLLOW_UP.target
    follow_up.is_signal = before == FollowUpState.MISSED and contract.state in ASKED_STATES
    follow_up.save(update_fields=["state", "is_signal"])
    _record_step(follow_up, MISS_FOLLOW_UP.name, actor=None, at=at)
    inbox.settle(alliance, follow_up_key(contract, role, number), by=None, at=at)
    if follow_up.is_signal:
        _tell_desk(contract, follow_up, at=at)
    return True


@transaction.atomic
def handle_follow_up(
    alliance: Alliance, code: str, role: str, number: int, *, words: str, actor: User, at: datetime
) -> ContractFollowUp:
    """Say what was done about a signal; once.

    Args:
        alliance: The tenant.
        code: The contract.
        role: The side that gave the signal.
        number: Of its question.
        words: What was done; the side reads it too.
        actor: Somebody of the desk who acts for none of the parties.
        at: Now.

    Raises:
        NotFoundError: There is no such follow-up.
        PermissionRefusedError: Not of the desk.
        ConflictOfInterestError: The actor acts for a party, or for an institution that stands aside.
        InvalidInputError: Nothing said.
        DomainError: ``no_signal``, ``signal_handled``.
    """
    contract, follow_up = _lock(alliance, code, role, number)
    require(actor, HANDLE_FOLLOW_UP, alliance)
    require_office_unconflicted(contract, actor)
    if not desk_reads(contract, actor):
        raise ConflictOfInterestError(
            _("A person who acts for one of the parties does not read what a side told the desk."),
            remedy=_("Somebody else of the desk sees to it."),
            details={"matter": contract.matter},
        )
    if not follow_up.is_signal:
        raise DomainError(_("This follow-up gave no signal; there is nothing to see to."), code="no_signal")
    if follow_up.handled_at is not None:
        raise DomainError(
            _("Somebody of the desk has seen to this signal."), code="signal_handled", remedy=_("Read what was done.")
        )
    said = clean(words)
    if not said or len(said) > LONGEST:
        text = _("Say what was done, in at most %(most)s characters.") % {"most": LONGEST}
        raise InvalidInputError(text, code="words_missing", fields={"words": text})
    follow_up.handled_by, follow_up.handled_at, follow_up.handled_words = actor, at, said
    follow_up.save(update_fields=["handled_by", "handled_at", "handled_words"])
    record_audit(
        follow_up,
        actor=actor,
        verb="handle_follow_up",
        after={"contract": code, "role": role, "number": number},
        at=at,
    )
    inbox.settle_all(alliance, signal_key(contract, role, number), by=actor, at=at)
    return follow_up
