"""The work of a contract: handing over, accepting, rework, the reminder of the witness, silence, closing (clauses of the text).

Every act locks the contract first, so that two of them never cross: of an acceptance and a taking back at the same moment one
finds the other's answer. A submission is never changed; only its answer is added (a trigger keeps that).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.actions.files import store_upload
from alliance.kernel import faults
from alliance.kernel.errors import (
    DomainError,
    InvalidInputError,
    NotFoundError,
    SeparationOfDutiesError,
)
from alliance.kernel.events import emit
from alliance.kernel.permissions import require
from alliance.kernel.working_days import add_working_days
from groups.actions.conflict import require_no_conflict
from services.actions.contract import acting_for, lock_contract, party_of
from services.actions.contract_announce import day_params, tell_parties
from services.actions.execution_announce import (
    ACCEPT,
    ACCEPTED,
    ANSWER_LATE,
    COMPLETED,
    HAND_OVER,
    LATE,
    MEND,
    PAY,
    PAYMENT_LATE,
    REMIND,
    REMINDED,
    SILENTLY_ACCEPTED,
    TAKEN_BACK,
    ask_for,
    ask_to_close,
    close_key,
    settle_steps,
    settle_work,
    tell_roles,
)
from services.choices import ContractState, MilestoneState, PartyRole, SubmissionState
from services.contract_text import clean
from services.models import Contract, MilestoneSubmission, SubmissionFile
from services.permissions import (
    ACCEPT_MILESTONE_PERMISSION,
    COMPLETE_CONTRACT_PERMISSION,
    HAND_OVER_PERMISSION,
    REMIND_ACCEPTANCE_PERMISSION,
    VIEW_CONTRACT,
)
from services.selectors.amendment import milestones_being_altered
from services.selectors.milestones import (
    MOST_REWORK,
    PAYING_STATES,
    SILENCE_DAYS,
    WARN_DAYS,
    WORKING_STATES,
    MilestoneView,
    milestones_of,
    missing_to_close,
    open_notice,
    terms_in_effect,
)
from services.signals import CONTRACT_COMPLETED, MILESTONE_ACCEPTED, MILESTONE_HANDED_OVER, MILESTONE_RETURNED
from services.transitions import (
    ACCEPT_BY_SILENCE,
    ACCEPT_MILESTONE,
    CARRY_OUT_CONTRACT,
    COMPLETE_CONTRACT,
    REMIND_ACCEPTANCE,
    RETURN_MILESTONE,
    TAKE_BACK_MILESTONE,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from alliance.kernel.transitions import Transition
    from alliance.models import Alliance, StoredFile, User

FILE_PURPOSE: Final = "services.submission"
MOST_FILES: Final = 10
MOST_WORDS: Final = 4000
D, S, W = PartyRole.DEMAND, PartyRole.SUPPLY, PartyRole.WITNESS


def contract_of_submission(stored: StoredFile) -> Contract | None:
    """The contract for which a file was handed over; its permission is asked of that."""
    row = (
        SubmissionFile.objects.filter(alliance_id=stored.alliance_id, file=stored)
        .select_related("submission__contract__alliance")
        .first()
    )
    return row.submission.contract if row else None


# ------------------------------------------------------------------------------------------------------- what the acts share


def lock_work(alliance: Alliance, code: str, *, at: datetime) -> tuple[Contract, list[MilestoneView]]:
    """The contract, locked, with its milestones as they stand.

    Raises:
        NotFoundError: There is no such contract.
        DomainError: ``contract_is_amendment``, ``contract_not_in_force``.
    """
    contract = lock_contract(alliance, code)
    if contract.amends_id is not None:
        raise DomainError(
            _("This is an amendment; the work is carried out under the contract it amends."),
            code="contract_is_amendment",
            remedy=_("Open that contract."),
        )
    return contract, milestones_of(contract, at=at)


def find_view(views: Sequence[MilestoneView], number: int) -> MilestoneView:
    """One of the milestones.

    Raises:
        NotFoundError: There is none with this number.
    """
    for view in views:
        if view.number == number:
            return view
    raise NotFoundError


def need_words(words: str, missing: Any, *, most: int = MOST_WORDS, field: str = "words") -> str:
    """The cleaned words.

    Raises:
        InvalidInputError: None, or too many.
    """
    said = clean(words)
    if not said:
        raise InvalidInputError(missing, code="words_missing", fields={field: missing})
    if len(said) > most:
        long = _("At most %(most)s characters.") % {"most": most}
        raise InvalidInputError(long, code="words_too_long", fields={field: long})
    return said


def _waiting(view: MilestoneView, step: Transition) -> MilestoneSubmission:
    """What lies before the demand side.

    Raises:
        DomainError: ``nothing_handed_over``.
        TransitionRefusedError: It was answered or taken back.
    """
    newest = view.all_attempts[-1] if view.all_attempts else None
    if newest is None:
        raise DomainError(
            _("Nothing was handed over for this milestone yet."),
            code="nothing_handed_over",
            who=[_("the supply side hands over")],
        )
    step.check(newest.state)
    return newest


def _decide(
    submission: MilestoneSubmission,
    step: Transition,
    *,
    actor: User | None,
    at: datetime,
    words: str = "",
    rework_by: date | None = None,
) -> None:
    submission.state = SubmissionState(step.target)
    submission.decided_by, submission.decided_at = actor, at
    submission.decision_words, submission.rework_by = words, rework_by
    submission.save(update_fields=["state", "decided_by", "decided_at", "decision_words", "rework_by"])


def _settle(contract: Contract, view: MilestoneView, *, by: User | None, at: datetime) -> None:
    settle_steps(contract, view.number, HAND_OVER, ACCEPT, MEND, REMIND, by=by, at=at)


def _again(contract: Contract, number: int, *, at: datetime) -> MilestoneView:
    """The milestone after the act."""
    return find_view(milestones_of(contract, at=at), number)


# --------------------------------------------------------------------------------------------------------------- handing over


@transaction.atomic
def hand_over_milestone(
    alliance: Alliance,
    code: str,
    number: int,
    *,
    words: str,
    files: Sequence[Any] = (),
    actor: User,
    at: datetime,
) -> MilestoneSubmission:
    """Hand the work of a milestone over to the demand side.

    Args:
        alliance: The tenant.
        code: The contract.
        number: The milestone.
        words: What is handed over, and how it meets the criterion.
        files: Uploaded files, ten at most; whoever may read the contract opens them.
        actor: Somebody of the supply side.
        at: Now.

    Raises:
        NotFoundError: There is no such contract or milestone.
        PermissionRefusedError: Not of the supply side.
        ConflictOfInterestError: The supply side stands aside.
        TransitionRefusedError: The contract is not in force, or suspended.
        InvalidInputError: No words, or too many files.
        DomainError: ``handed_over_already``, ``accepted_already``.
        UploadRefusedError: A file is not taken; nothing is stored.
    """
    contract, views = lock_work(alliance, code, at=at)
    party = party_of(contract, S)
    require(actor, HAND_OVER_PERMISSION, party)
    require_no_conflict(alliance, acting_for(party, actor), contract.matter)
    CARRY_OUT_CONTRACT.check(contract.state)
    view = find_view(views, number)
    if view.accepted is not None:
        raise DomainError(_("This milestone is accepted already."), code="accepted_already")
    if view.handed is not None:
        raise DomainError(
            _("Attempt %(number)s waits for the demand side already.") % {"number": view.handed.number},
            code="handed_over_already",
            remedy=_("Take it back first if you want to hand over something else."),
        )
    said = need_words(words, _("Say what you hand over, in one or two sentences."))
    given = [one for one in files if one is not None]
    if len(given) > MOST_FILES:
        full = _("At most %(most)s files at once; put them into one archive of tables and reports.") % {"most": MOST_FILES}
        raise InvalidInputError(full, code="too_many_files", fields={"attachments": full})
    terms = terms_in_effect(contract)
    if terms is None:  # not so: a contract in force has terms, and they have this milestone
        raise NotFoundError
    days = int(terms.content["accept_days"])
    accept_by = timezone.localdate(add_working_days(at, days))
    submission = MilestoneSubmission.objects.create(
        alliance=alliance,
        contract=contract,
        terms=terms,
        milestone=number,
        number=max((one.number for one in view.all_attempts), default=0) + 1,
        words=said,
        handed_by=actor,
        handed_at=at,
        accept_by=accept_by,
    )
    digests = []
    for one in given:
        stored = store_upload(alliance, one, FILE_PURPOSE, actor=actor, permission=VIEW_CONTRACT)
        SubmissionFile.objects.create(alliance=alliance, submission=submission, file=stored)
        digests.append(stored.sha256)
    record_audit(
        contract,
        actor=actor,
        verb="hand_over_milestone",
        after={"milestone": number, "attempt": submission.number, "accept_by": accept_by, "files": digests},
        personal={"words": said},
        at=at,
    )
    emit(
        alliance,
        MILESTONE_HANDED_OVER,
        {"contract": code, "milestone": number, "attempt": submission.number},
    )
    _settle(contract, view, by=actor, at=at)
    ask_for(contract, view, ACCEPT, accept_by, at=at)
    return submission


@transaction.atomic
def take_back_milestone(alliance: Alliance, code: str, number: int, *, actor: User, at: datetime) -> MilestoneSubmission:
    """Take back what was handed over, as long as nobody has answered; it counts as no round of rework.

    Args:
        alliance: The tenant.
        code: The contract.
        number: The milestone.
        actor: Somebody of the supply side.
        at: Now.

    Raises:
        PermissionRefusedError: Not of the supply side.
        TransitionRefusedError: It was answered, or the contract is not in force.
        DomainError: ``nothing_handed_over``.
    """
    contract, views = lock_work(alliance, code, at=at)
    party = party_of(contract, S)
    require(actor, HAND_OVER_PERMISSION, party)
    require_no_conflict(alliance, acting_for(party, actor), contract.matter)
    CARRY_OUT_CONTRACT.check(contract.state)
    view = find_view(views, number)
    submission = _waiting(view, TAKE_BACK_MILESTONE)
    _decide(submission, TAKE_BACK_MILESTONE, actor=actor, at=at)
    record_audit(
        contract,
        actor=actor,
        verb=TAKE_BACK_MILESTONE.name,
        after={"milestone": number, "attempt": submission.number},
        at=at,
    )
    _settle(contract, view, by=actor, at=at)
    again = _again(contract, number, at=at)
    if again.state == MilestoneState.REWORK and again.next_on is not None:
        ask_for(contract, again, MEND, again.next_on, at=at)
    tell_roles(
        contract, view, TAKEN_BACK, f"milestone_taken_back:{code}:{number}:{submission.number}", [D], at=at, besides=actor
    )
    return submission


# ------------------------------------------------------------------------------------------------------------------ answering


def _for_demand(
    alliance: Alliance, code: str, number: int, step: Transition, *, actor: User, at: datetime
) -> tuple[Contract, MilestoneView, MilestoneSubmission]:
    """Everything an answer of the demand side asks first.

    Raises:
        SeparationOfDutiesError: The actor handed it over.
    """
    contract, views = lock_work(alliance, code, at=at)
    party = party_of(contract, D)
    require(actor, ACCEPT_MILESTONE_PERMISSION, party)
    require_no_conflict(alliance, acting_for(party, actor), contract.matter)
    CARRY_OUT_CONTRACT.check(contract.state)
    view = find_view(views, number)
    submission = _waiting(view, step)
    if submission.handed_by_id == actor.pk:
        raise SeparationOfDutiesError(
            _("You handed this over; another person decides whether it is accepted."),
            who=[_("the representative and the signatories of the demand side")],
        )
    return contract, view, submission


@transaction.atomic
def accept_milestone(alliance: Alliance, code: str, number: int, *, actor: User, at: datetime) -> MilestoneSubmission:
    """Accept what was handed over; its payment is due from now.

    Args:
        alliance: The tenant.
        code: The contract.
        number: The milestone.
        actor: The representative or a signatory of the demand side, not the person who handed it over.
        at: Now.

    Raises:
        PermissionRefusedError: Not of the demand side.
        SeparationOfDutiesError: The actor handed it over.
        ConflictOfInterestError: The demand side stands aside.
        TransitionRefusedError: It was answered or taken back, or the contract is suspended or over.
        DomainError: ``nothing_handed_over``, ``milestone_being_altered``.
    """
    contract, view, submission = _for_demand(alliance, code, number, ACCEPT_MILESTONE, actor=actor, at=at)
    if number in milestones_being_altered(contract):
        raise DomainError(
            _(
                "The text of an amendment that all parties agreed to alters this milestone; until it is sealed or dropped it waits."
            ),
            code="milestone_being_altered",
            remedy=_("Sign the amendment, or decline it."),
            who=[_("the people named to sign the amendment")],
        )
    _decide(submission, ACCEPT_MILESTONE, actor=actor, at=at)
    _after_acceptance(contract, view, submission, ACCEPT_MILESTONE, ACCEPTED, actor=actor, at=at)
    return submission


def _after_acceptance(
    contract: Contract,
    view: MilestoneView,
    submission: MilestoneSubmission,
    step: Transition,
    kind: str,
    *,
    actor: User | None,
    at: datetime,
) -> None:
    number = view.number
    record_audit(
        contract,
        actor=actor,
        verb=step.name,
        after={"milestone": number, "attempt": submission.number},
        at=at,
    )
    faults.point("milestone.accepted")
    emit(
        contract.alliance,
        MILESTONE_ACCEPTED,
        {
            "contract": contract.code,
            "milestone": number,
            "attempt": submission.number,
            "amount": f"{view.amount:.2f}",
            "silence": actor is None,
        },
    )
    _settle(contract, view, by=actor, at=at)
    views = milestones_of(contract, at=at)
    again = find_view(views, number)
    pay_by = again.pay_by or again.today
    if again.left:
        ask_for(contract, again, PAY, pay_by, at=at)
    tell_roles(
        contract,
        again,
        kind,
        f"milestone_accepted:{contract.code}:{number}",
        [S, W] if actor is not None else [D, S, W],
        at=at,
        with_desk=actor is None,
        besides=actor,
        params=day_params("day", pay_by),
    )
    ask_to_close_if_done(contract, views, at=at)


@transaction.atomic
def return_milestone(
    alliance: Alliance,
    code: str,
    number: int,
    *,
    words: str,
    rework_by: date,
    actor: User,
    at: datetime,
) -> MilestoneSubmission:
    """Send back what was handed over with the list of what is to be mended; two rounds at most.

    Args:
        alliance: The tenant.
        code: The contract.
        number: The milestone.
        words: What is to be mended.
        rework_by: Until when; after today.
        actor: The representative or a signatory of the demand side, not the person who handed it over.
        at: Now.

    Raises:
        PermissionRefusedError: Not of the demand side.
        SeparationOfDutiesError: The actor handed it over.
        TransitionRefusedError: It was answered or taken back, or the contract is suspended or over.
        DomainError: ``rework_used_up``: the article on breach applies; ``nothing_handed_over``.
        InvalidInputError: No words, or a day that is not after today.
    """
    contract, view, submission = _for_demand(alliance, code, number, RETURN_MILESTONE, actor=actor, at=at)
    if view.rounds >= MOST_REWORK:
        raise DomainError(
            ngettext(
                "There was %(most)s round of rework, which is the most.",
                "There were %(most)s rounds of rework, which is the most.",
                MOST_REWORK,
            )
            % {"most": MOST_REWORK},
            code="rework_used_up",
            remedy=_("Accept it, or act by the article on breach: warn the other side, or give notice to end the contract."),
        )
    said = need_words(words, _("List what is to be mended."))
    if rework_by <= timezone.localdate(at):
        late = _("Give a day after today.")
        raise InvalidInputError(late, code="rework_day_past", fields={"rework_by": late})
    _decide(submission, RETURN_MILESTONE, actor=actor, at=at, words=said, rework_by=rework_by)
    record_audit(
        contract,
        actor=actor,
        verb=RETURN_MILESTONE.name,
        after={"milestone": number, "attempt": submission.number, "rework_by": rework_by},
        personal={"words": said},
        at=at,
    )
    emit(
        alliance,
        MILESTONE_RETURNED,
        {"contract": code, "milestone": number, "attempt": submission.number, "rework_by": rework_by.isoformat()},
    )
    _settle(contract, view, by=actor, at=at)
    ask_for(contract, view, MEND, rework_by, at=at)
    return submission


@transaction.atomic
def remind_acceptance(alliance: Alliance, code: str, number: int, *, actor: User, at: datetime) -> MilestoneSubmission:
    """The witness reminds the demand side in writing; five working days of silence after it count as acceptance.

    Args:
        alliance: The tenant.
        code: The contract.
        number: The milestone.
        actor: Somebody of the witness: of the institution, or of the office where the alliance witnesses.
        at: Now.

    Raises:
        PermissionRefusedError: Not of the witness.
        TransitionRefusedError: It was answered or taken back, or the contract is suspended or over.
        DomainError: ``acceptance_not_due``, ``reminded_already``, ``nothing_handed_over``.
    """
    contract, views = lock_work(alliance, code, at=at)
    party = party_of(contract, W)
    require(actor, REMIND_ACCEPTANCE_PERMISSION, party)
    require_no_conflict(alliance, acting_for(party, actor), contract.matter)
    CARRY_OUT_CONTRACT.check(contract.state)
    view = find_view(views, number)
    submission = _waiting(view, REMIND_ACCEPTANCE)
    if submission.reminded_at is not None:
        raise DomainError(_("The demand side was reminded already; the five working days run."), code="reminded_already")
    if view.accept_by is None or view.today <= view.accept_by:
        raise DomainError(
            _("The demand side still has time to answer."),
            code="acceptance_not_due",
            remedy=_("Remind once its days are over."),
        )
    submission.reminded_at = at
    submission.silent_after = timezone.localdate(add_working_days(at, SILENCE_DAYS))
    submission.save(update_fields=["reminded_at", "silent_after"])
    record_audit(
        contract,
        actor=actor,
        verb=REMIND_ACCEPTANCE.name,
        after={"milestone": number, "attempt": submission.number, "silent_after": submission.silent_after},
        at=at,
    )
    settle_steps(contract, number, REMIND, by=actor, at=at)
    ask_for(contract, view, ACCEPT, submission.silent_after, at=at)
    tell_roles(
        contract,
        view,
        REMINDED,
        f"acceptance_reminder:{code}:{number}:{submission.number}",
        [D],
        at=at,
        params=day_params("day", submission.silent_after),
    )
    return submission


# ---------------------------------------------------------------------------------------------------------------- by the clock


@transaction.atomic
def look_after_work(alliance: Alliance, code: str, *, at: datetime) -> int:
    """What the days bring for one contract: warnings, requests, acceptance by silence. Running it again does nothing twice.

    Nothing is accepted by silence while the work rests, while a notice to suspend or end it waits for an answer - who gives
    notice is not silent -, or while the milestone is being altered by an amendment.

    Returns:
        How many milestones were taken to be accepted, and how many people were told something for the first time.
    """
    contract = lock_contract(alliance, code)
    if contract.state not in PAYING_STATES or contract.amends_id is not None:
        return 0
    if contract.state == ContractState.TERMINATED:
        settle_work(contract, by=None, at=at)  # what waited for a step of the work waits no more
    views = milestones_of(contract, at=at)
    working = contract.state in WORKING_STATES
    quiet = open_notice(contract) is None
    done = 0
    for view in views:
        if view.state == MilestoneState.ACCEPTED:
            done += _look_after_payment(contract, view, at=at)
        elif working and view.state == MilestoneState.HANDED:
            done += _look_after_answer(contract, view, is_quiet=quiet, at=at)
        elif working:
            done += _look_after_hand_over(contract, view, at=at)
    return done


def _look_after_payment(contract: Contract, view: MilestoneView, *, at: datetime) -> int:
    if not view.left or not view.is_late or view.pay_by is None:
        return 0
    return tell_roles(
        contract,
        view,
        PAYMENT_LATE,
        f"payment_late:{contract.code}:{view.number}",
        [D],
        at=at,
        params={"amount": f"{view.left:,.2f}", **day_params("day", view.pay_by)},
    )


def _look_after_answer(contract: Contract, view: MilestoneView, *, is_quiet: bool, at: datetime) -> int:
    submission = view.handed
    if submission is None or view.accept_by is None:
        return 0
    ask_for(contract, view, ACCEPT, view.silent_after or view.accept_by, at=at)  # its day moves by rests
    if submission.reminded_at is None:
        if view.today <= view.accept_by:
            return 0
        ask_for(contract, view, REMIND, view.accept_by, at=at)
        return tell_roles(
            contract,
            view,
            ANSWER_LATE,
            f"acceptance_late:{contract.code}:{view.number}:{submission.number}",
            [D],
            at=at,
            params=day_params("day", view.accept_by),
        )
    if view.silent_after is None or view.today <= view.silent_after or not is_quiet:
        return 0
    if view.number in milestones_being_altered(contract):
        return 0
    ACCEPT_BY_SILENCE.check(submission.state)
    _decide(submission, ACCEPT_BY_SILENCE, actor=None, at=at)
    _after_acceptance(contract, view, submission, ACCEPT_BY_SILENCE, SILENTLY_ACCEPTED, actor=None, at=at)
    return 1


def _look_after_hand_over(contract: Contract, view: MilestoneView, *, at: datetime) -> int:
    """A request a week before the day; the day after it a word to supply side, demand side and desk."""
    day = view.next_on
    if day is None or (day - view.today).days > WARN_DAYS:
        return 0
    step = MEND if view.state == MilestoneState.REWORK else HAND_OVER
    ask_for(contract, view, step, day, at=at)
    if not view.is_late:
        return 0
    return tell_roles(
        contract,
        view,
        LATE,
        f"milestone_late:{contract.code}:{view.number}:{day.isoformat()}",
        [S, D],
        at=at,
        with_desk=True,
        params=day_params("day", day),
    )


# -------------------------------------------------------------------------------------------------------------------- closing


def ask_to_close_if_done(contract: Contract, views: Sequence[MilestoneView], *, at: datetime) -> None:
    """Ask the witness to close a contract in which everything is accepted and paid; take the request back otherwise."""
    if views and all(view.is_paid for view in views):
        ask_to_close(contract, at=at)
    else:
        inbox.settle(contract.alliance, close_key(contract), by=None, at=at)


@transaction.atomic
def complete_contract(alliance: Alliance, code: str, *, actor: User, at: datetime) -> Contract:
    """Close a contract in which every milestone is accepted, paid in full and confirmed.

    Args:
        alliance: The tenant.
        code: The contract.
        actor: The representative or a signatory of the witness; the office where the alliance witnesses.
        at: Now.

    Raises:
        PermissionRefusedError: Not of the witness.
        ConflictOfInterestError: The witness, or an institution the officer acts for, stands aside.
        TransitionRefusedError: It is over or was never in force.
        DomainError: ``work_missing``, with the list of what is missing.
    """
    contract, views = lock_work(alliance, code, at=at)
    party = party_of(contract, W)
    require(actor, COMPLETE_CONTRACT_PERMISSION, party)
    require_no_conflict(alliance, acting_for(party, actor), contract.matter)
    if contract.state in PAYING_STATES and contract.state != ContractState.TERMINATED:
        missing = missing_to_close(contract, views, open_notice(contract))
        if missing:
            raise DomainError(
                _("The contract cannot be closed yet: %(missing)s") % {"missing": " ".join(missing)},
                code="work_missing",
                remedy=_("The page of the contract says who must act."),
                details={"missing": missing},
            )
    COMPLETE_CONTRACT.check(contract.state)
    contract.state, contract.ended_at, contract.ended_by = COMPLETE_CONTRACT.target, at, actor
    contract.save(update_fields=["state", "ended_at", "ended_by"])
    record_audit(
        contract,
        actor=actor,
        verb=COMPLETE_CONTRACT.name,
        before={"state": ContractState.IN_FORCE},
        after={"state": contract.state},
        at=at,
    )
    emit(
        alliance,
        CONTRACT_COMPLETED,
        {"contract": contract.code, "match": contract.match.code if contract.match else ""},
    )
    settle_work(contract, by=actor, at=at)
    tell_parties(contract, COMPLETED, f"contract_completed:{code}", at=at, besides=actor)
    return contract
