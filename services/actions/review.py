"""The evaluation of a contract by its three parties: opened at the end of the work, given hidden, revealed, settled.

Every act locks the contract's row first. A sheet that races with the reveal is therefore either counted by it or refused after it,
never lost. What was given stands in the audit log as a digest with a secret number only; log, events, inbox and notices tell who
gave for whom and nothing of what.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.actions.sealing import seal_soon
from alliance.kernel import faults
from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError
from alliance.kernel.events import emit
from alliance.kernel.permissions import can, require
from alliance.kernel.working_days import add_working_days
from groups.actions.conflict import require_no_conflict, screen_matter
from services.actions.contract import acting_for, lock_contract, party_of, require_neutral
from services.actions.contract_announce import day_params, tell_parties
from services.actions.review_announce import REVIEW_REPLIED, REVIEW_REVEALED, REVIEW_SETTLED, ask_to_give, give_key
from services.choices import AppealState, ContractState, PartyRole, ReviewState
from services.contract_text import clean
from services.models import ContractReview, PartyScore, ReviewAppeal, ReviewReply, ReviewSheet
from services.permissions import ANSWER_REVIEW_PERMISSION, GIVE_REVIEW_PERMISSION, VIEW_CONTRACT
from services.scores import HIGHEST, LOWEST, check_marks, committed_text, digest_of
from services.selectors.review import PAIRS, given_pairs, may_answer, newest, score_now
from services.signals import CONTRACT_REVIEW_OPENED, CONTRACT_REVIEW_REVEALED, CONTRACT_REVIEWED
from services.transitions import GIVE_REVIEW, REPLY_REVIEW, REVEAL_REVIEW, SETTLE_REVIEW

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from alliance.models import Alliance, User
    from services.models import Contract, ContractParty

GIVE_WORKING_DAYS: Final = 20
"""Clause “evaluation” of the standard text: within twenty working days of completion or end."""
ANSWER_WORKING_DAYS: Final = 10
"""So many working days after the reveal replies and appeals are taken."""
LONGEST: Final = 3000
OVER: Final = (ContractState.COMPLETED, ContractState.TERMINATED)


@transaction.atomic
def open_review(alliance: Alliance, code: str, *, at: datetime) -> ContractReview | None:
    """Open the evaluation of a contract whose work is over; running it again changes nothing.

    Args:
        alliance: The tenant.
        code: The contract.
        at: Now.

    Returns:
        The evaluation; None for an amendment, which is evaluated with the contract it amends.

    Raises:
        DomainError: ``contract_not_over``.
    """
    contract = lock_contract(alliance, code)
    if contract.amends_id is not None:
        return None
    there = _review_of(contract)
    if there is not None:
        return there
    if contract.state not in OVER:
        raise DomainError(
            _("The work of this contract is not over; it is evaluated afterwards."),
            code="contract_not_over",
            remedy=_("Complete the contract or end it early first."),
        )
    review = ContractReview.objects.create(
        alliance=alliance,
        contract=contract,
        opened_at=at,
        give_until=timezone.localdate(add_working_days(at, GIVE_WORKING_DAYS)),
    )
    record_audit(
        contract,
        actor=None,
        verb="open_review",
        after={"evaluation": review.state, "give_until": review.give_until},
        at=at,
    )
    emit(alliance, CONTRACT_REVIEW_OPENED, {"contract": code, "until": review.give_until.isoformat()})
    ask_to_give(contract, review, at=at)
    return review


def _review_of(contract: Contract) -> ContractReview | None:
    found = ContractReview.objects.of(contract.alliance).filter(contract=contract).first()
    if found is not None:
        found.contract = contract
    return found


def lock_review(alliance: Alliance, code: str, *, actor: User | None) -> tuple[Contract, ContractReview]:
    """Contract, locked, and its evaluation.

    Raises:
        NotFoundError: There is none, or the contract is not open to the actor.
    """
    contract = lock_contract(alliance, code)
    review = _review_of(contract)
    if review is None or (actor is not None and not can(actor, VIEW_CONTRACT, contract)):
        raise NotFoundError
    return contract, review


def require_for_party(contract: Contract, party: ContractParty, permission: str, actor: User, *, at: datetime) -> None:
    """Permission, and no conflict of interest of whom the actor acts for; a witness acts for neither side.

    Raises:
        PermissionRefusedError: The actor does not act for this party.
        ConflictOfInterestError: An institution concerned stands aside, or the witness is not neutral.
    """
    require(actor, permission, party)
    if party.role == PartyRole.WITNESS:
        screen_matter(contract.alliance, contract.matter, at=at)
        require_neutral(contract, party, actor)
    require_no_conflict(contract.alliance, acting_for(party, actor), contract.matter)


@transaction.atomic
def give_review(
    alliance: Alliance,
    code: str,
    *,
    by: str,
    of: str,
    marks: Mapping[str, int],
    words: str,
    actor: User,
    at: datetime,
) -> ReviewSheet:
    """Evaluate another party; given again before the reveal it is the next version, and that one counts.

    The last of the six sheets opens the evaluation at once.

    Args:
        alliance: The tenant.
        code: The contract.
        by: Role of the party that evaluates.
        of: Role of the party that is evaluated.
        marks: Criterion -> 1 to 5; one at least.
        words: What else there is to say.
        actor: Representative or signatory of the evaluating party, for the alliance the office.
        at: Now.

    Raises:
        NotFoundError: There is no evaluation, or the contract is not open to the actor.
        PermissionRefusedError: Not of this party.
        ConflictOfInterestError: See :func:`require_for_party`.
        DomainError: ``review_revealed``, ``review_time_over``.
        InvalidInputError: Oneself, no or impossible marks, or too long a text.
    """
    contract, review = lock_review(alliance, code, actor=actor)
    party = party_of(contract, by)
    require_for_party(contract, party, GIVE_REVIEW_PERMISSION, actor, at=at)
    if (by, of) not in PAIRS:
        raise InvalidInputError(_("A party evaluates the other two, nobody itself."), code="pair_unknown")
    if review.state != ReviewState.OPEN:
        raise DomainError(
            _("The evaluation is open to the parties already; nothing can be given or changed any more."),
            code="review_revealed",
            remedy=_("Read it, and reply or appeal for your own party."),
        )
    GIVE_REVIEW.check(review.state)
    if timezone.localdate(at) > review.give_until:
        raise DomainError(
            _("The last day for evaluating is over."),
            code="review_time_over",
            remedy=_("Within a minute what was given is open to all three parties."),
        )
    if not check_marks(marks):
        text = _("Give at least one mark, each from %(low)s to %(high)s.") % {"low": LOWEST, "high": HIGHEST}
        raise InvalidInputError(text, code="marks_invalid", fields={"marks": text})
    said = clean(words)
    if len(said) > LONGEST:
        text = _("At most %(most)s characters.") % {"most": LONGEST}
        raise InvalidInputError(text, code="words_too_long", fields={"words": text})
    version = ReviewSheet.objects.of(alliance).filter(review=review, by_role=by, of_role=of).count() + 1
    nonce = secrets.token_hex(32)
    kept = {criterion: marks[criterion] for criterion in sorted(marks)}
    digest = digest_of(nonce, committed_text(contract=code, by=by, of=of, version=version, marks=kept, words=said))
    sheet = ReviewSheet.objects.create(
        alliance=alliance,
        review=review,
        by_role=by,
        of_role=of,
        version=version,
        marks=kept,
        words=said,
        nonce=nonce,
        digest=digest,
        given_by=actor,
        given_at=at,
    )
    record_audit(
        contract,
        actor=actor,
        verb=GIVE_REVIEW.name,
        after={"by_role": by, "of_role": of, "version": version, "commitment": digest},
        at=at,
    )
    seal_soon(alliance)
    given = given_pairs(review)
    if all((by, other) in given for other in PartyRole.values if other != by):
        inbox.settle(alliance, give_key(contract, party), by=actor, at=at)
    faults.point("review.given")
    if len(given) == len(PAIRS):
        _reveal(contract, review, at=at)
    return sheet


@transaction.atomic
def reveal_review(alliance: Alliance, code: str, *, at: datetime) -> bool:
    """Open an evaluation that is complete or whose time is out; what the task does each minute.

    Returns:
        Whether it was opened now.
    """
    contract, review = lock_review(alliance, code, actor=None)
    if review.state != ReviewState.OPEN:
        return False
    if timezone.localdate(at) <= review.give_until and len(given_pairs(review)) < len(PAIRS):
        return False
    _reveal(contract, review, at=at)
    return True


def _reveal(contract: Contract, review: ContractReview, *, at: datetime) -> None:
    """Open the evaluation to all three parties; the caller holds the lock. Without a single sheet it is final at once."""
    REVEAL_REVIEW.check(review.state)
    alliance = contract.alliance
    given = given_pairs(review)
    review.state, review.revealed_at = REVEAL_REVIEW.target, at
    review.appeal_until = timezone.localdate(add_working_days(at, ANSWER_WORKING_DAYS if given else 0))
    review.save(update_fields=["state", "revealed_at", "appeal_until"])
    record_audit(
        contract,
        actor=None,
        verb=REVEAL_REVIEW.name,
        before={"evaluation": ReviewState.OPEN},
        after={
            "evaluation": review.state,
            "appeal_until": review.appeal_until,
            "given": [f"{by}-{of}" for by, of in sorted(given)],
        },
        at=at,
    )
    inbox.settle_all(alliance, give_key(contract), by=None, at=at)
    emit(alliance, CONTRACT_REVIEW_REVEALED, {"contract": contract.code})
    faults.point("review.revealed")
    if not given:
        _settle(contract, review, at=at)
        return
    tell_parties(
        contract,
        REVIEW_REVEALED,
        f"review_revealed:{contract.code}",
        at=at,
        url_name="contract_evaluation",
        **dict[str, Any](day_params("until", review.appeal_until)),
    )
    seal_soon(alliance)


@transaction.atomic
def settle_review(alliance: Alliance, code: str, *, at: datetime) -> bool:
    """Make an evaluation final once the time for appeals is over and none is open; what the task does.

    Returns:
        Whether it became final now.
    """
    contract, review = lock_review(alliance, code, actor=None)
    if review.state != ReviewState.REVEALED or may_answer(review, at):
        return False
    if ReviewAppeal.objects.of(alliance).filter(sheet__review=review, state=AppealState.OPEN).exists():
        return False
    _settle(contract, review, at=at)
    return True


def _settle(contract: Contract, review: ContractReview, *, at: datetime) -> None:
    SETTLE_REVIEW.check(review.state)
    alliance = contract.alliance
    sheets = list(newest(review).select_related("appeal"))
    scores = {}
    for party in contract.parties.all():
        found = score_now(sheets, party.role)
        if found is None:
            continue
        scores[party.role] = found.score
        PartyScore.objects.create(
            alliance=alliance,
            review=review,
            role=party.role,
            institution=party.institution,
            score=found.score,
            parts={criterion: f"{part:.6f}" for criterion, part in found.parts.items()},
            sheets=found.sheets,
            at=at,
        )
    review.state, review.settled_at = SETTLE_REVIEW.target, at
    review.save(update_fields=["state", "settled_at"])
    record_audit(
        contract,
        actor=None,
        verb=SETTLE_REVIEW.name,
        before={"evaluation": ReviewState.REVEALED},
        after={"evaluation": review.state, "scores": scores},
        at=at,
    )
    emit(
        alliance,
        CONTRACT_REVIEWED,
        {"contract": contract.code, "match": contract.match.code if contract.match else ""},
    )
    faults.point("review.settled")
    if scores:
        tell_parties(contract, REVIEW_SETTLED, f"review_settled:{contract.code}", at=at, url_name="contract_evaluation")
    seal_soon(alliance)


def find_sheet(review: ContractReview, by: str, of: str) -> ReviewSheet:
    """The sheet that counts for a pair.

    Raises:
        NotFoundError: None was given.
    """
    found = newest(review).filter(by_role=by, of_role=of).first()
    if found is None:
        raise NotFoundError
    return found


def require_answering(review: ContractReview, at: datetime) -> None:
    """Refuse replies and appeals outside their time.

    Raises:
        NotFoundError: The evaluation is not open to the parties yet.
        DomainError: ``review_answers_over``.
    """
    if review.state == ReviewState.OPEN:
        raise NotFoundError
    if not may_answer(review, at):
        raise DomainError(
            _("The time for replies and appeals is over."),
            code="review_answers_over",
            remedy=_("They are taken for ten working days after the evaluation was opened to the parties."),
        )


@transaction.atomic
def reply_review(alliance: Alliance, code: str, *, by: str, of: str, words: str, actor: User, at: datetime) -> ReviewReply:
    """Reply to a sheet for the party that was evaluated; once.

    Args:
        alliance: The tenant.
        code: The contract.
        by: Role of the party that gave the sheet.
        of: Role of the party that replies.
        words: The reply, read by all three parties.
        actor: Representative or signatory of the evaluated party, for the alliance the office.
        at: Now.

    Raises:
        NotFoundError: There is no such sheet, or it is not open yet.
        PermissionRefusedError: Not of the evaluated party.
        ConflictOfInterestError: See :func:`require_for_party`.
        DomainError: ``review_answers_over``, ``replied_already``.
        InvalidInputError: Nothing said, or too much.
    """
    contract, review = lock_review(alliance, code, actor=actor)
    require_for_party(contract, party_of(contract, of), ANSWER_REVIEW_PERMISSION, actor, at=at)
    require_answering(review, at)
    REPLY_REVIEW.check(review.state)
    sheet = find_sheet(review, by, of)
    if ReviewReply.objects.of(alliance).filter(sheet=sheet).exists():
        raise DomainError(_("Your party has replied to this already; a reply stays."), code="replied_already")
    said = clean(words)
    if not said or len(said) > LONGEST:
        text = _("Write your reply, in at most %(most)s characters.") % {"most": LONGEST}
        raise InvalidInputError(text, code="words_missing", fields={"words": text})
    reply = ReviewReply.objects.create(alliance=alliance, sheet=sheet, words=said, by=actor, at=at)
    record_audit(contract, actor=actor, verb=REPLY_REVIEW.name, after={"by_role": by, "of_role": of}, at=at)
    tell_parties(
        contract,
        REVIEW_REPLIED,
        f"review_replied:{contract.code}:{by}:{of}",
        at=at,
        besides=actor,
        url_name="contract_evaluation",
    )
    return reply
