"""Appeals against an evaluation: made by the evaluated party, decided by somebody of the committee who acts for none of the parties.

Nothing changes until the decision. A mark that is struck stays readable, but does not count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.actions.sealing import seal_soon
from alliance.kernel.errors import ConflictOfInterestError, DomainError, InvalidInputError, NotFoundError
from alliance.kernel.permissions import grants_of, institutions_acted_for, require
from groups.actions.conflict import require_no_conflict, screen_matter
from services.actions.contract import party_of
from services.actions.contract_announce import tell_parties
from services.actions.review import LONGEST, find_sheet, lock_review, require_answering, require_for_party
from services.actions.review_announce import APPEAL_DECIDED, appeal_key, ask_to_decide
from services.choices import AppealState
from services.contract_text import clean
from services.models import ReviewAppeal
from services.permissions import ANSWER_REVIEW_PERMISSION, DECIDE_REVIEW_APPEAL
from services.scores import CRITERIA
from services.selectors.match import is_tied_in_person
from services.selectors.review import may_decide, pair_name
from services.transitions import APPEAL_REVIEW, DISMISS_APPEAL, UPHOLD_APPEAL, WITHDRAW_APPEAL

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance, User
    from services.models import ContractReview

UPHOLD: Final = "uphold"
DISMISS: Final = "dismiss"


@transaction.atomic
def appeal_review(
    alliance: Alliance,
    code: str,
    *,
    by: str,
    of: str,
    criteria: Collection[str],
    grounds: str,
    actor: User,
    at: datetime,
) -> ReviewAppeal:
    """Contest marks of a sheet for the party that was evaluated; once per sheet.

    Args:
        alliance: The tenant.
        code: The contract.
        by: Role of the party that gave the sheet.
        of: Role of the party that appeals.
        criteria: Criteria whose marks are contested; each was marked.
        grounds: Why they are wrong.
        actor: Representative or signatory of the evaluated party, for the alliance the office.
        at: Now.

    Raises:
        NotFoundError: There is no such sheet, or it is not open yet.
        PermissionRefusedError: Not of the evaluated party.
        ConflictOfInterestError: An institution concerned stands aside, or the witness is not neutral.
        DomainError: ``review_answers_over``, ``appealed_already``.
        InvalidInputError: No criterion, one that was not marked, or no grounds.
    """
    contract, review = lock_review(alliance, code, actor=actor)
    require_for_party(contract, party_of(contract, of), ANSWER_REVIEW_PERMISSION, actor, at=at)
    require_answering(review, at)
    APPEAL_REVIEW.check(review.state)
    sheet = find_sheet(review, by, of)
    if ReviewAppeal.objects.of(alliance).filter(sheet=sheet).exists():
        raise DomainError(
            _("Your party has appealed against this sheet already; there is one appeal per sheet."), code="appealed_already"
        )
    chosen = [criterion for criterion in CRITERIA if criterion in criteria]
    fields: dict[str, StrOrPromise] = {}
    if not chosen or set(criteria) - set(sheet.marks):
        fields["criteria"] = _("Choose the marks that you contest, one at least.")
    said = clean(grounds)
    if not said or len(said) > LONGEST:
        fields["grounds"] = _("Say why the marks are wrong, in at most %(most)s characters.") % {"most": LONGEST}
    if fields:
        raise InvalidInputError(next(iter(fields.values())), code="appeal_incomplete", fields=fields)
    appeal = ReviewAppeal.objects.create(
        alliance=alliance, sheet=sheet, criteria=chosen, grounds=said, made_by=actor, made_at=at
    )
    record_audit(
        contract,
        actor=actor,
        verb=APPEAL_REVIEW.name,
        after={"by_role": by, "of_role": of, "criteria": chosen, "appeal": appeal.state},
        at=at,
    )
    screen_matter(alliance, contract.matter, at=at)
    ask_to_decide(contract, appeal, pair_name(by, of), at=at)
    return appeal


def _open_appeal(review: ContractReview, by: str, of: str) -> ReviewAppeal:
    """The appeal of a pair, locked by its contract.

    Raises:
        NotFoundError: There is none.
        DomainError: ``appeal_over``.
    """
    found = ReviewAppeal.objects.of(review.alliance).filter(sheet=find_sheet(review, by, of)).first()
    if found is None:
        raise NotFoundError
    if found.state != AppealState.OPEN:
        raise DomainError(
            _("This appeal was decided or withdrawn already."),
            code="appeal_over",
            remedy=_("Reload the page to see what became of it."),
        )
    return found


@transaction.atomic
def withdraw_appeal(alliance: Alliance, code: str, *, by: str, of: str, actor: User, at: datetime) -> ReviewAppeal:
    """Take an appeal back before it is decided; another one against the same sheet is not possible.

    Args:
        alliance: The tenant.
        code: The contract.
        by: Role of the party that gave the sheet.
        of: Role of the party that appealed.
        actor: Who made the appeal, or somebody else who may appeal for that party.
        at: Now.

    Raises:
        NotFoundError: There is no such appeal.
        PermissionRefusedError: Not of the party that appealed.
        DomainError: ``appeal_over``.
    """
    contract, review = lock_review(alliance, code, actor=actor)
    require_for_party(contract, party_of(contract, of), ANSWER_REVIEW_PERMISSION, actor, at=at)
    appeal = _open_appeal(review, by, of)
    WITHDRAW_APPEAL.check(appeal.state)
    appeal.state, appeal.decided_by, appeal.decided_at = WITHDRAW_APPEAL.target, actor, at
    appeal.save(update_fields=["state", "decided_by", "decided_at"])
    record_audit(
        contract,
        actor=actor,
        verb=WITHDRAW_APPEAL.name,
        before={"appeal": AppealState.OPEN},
        after={"by_role": by, "of_role": of, "appeal": appeal.state},
        at=at,
    )
    inbox.settle(alliance, appeal_key(appeal), by=actor, at=at)
    return appeal


@transaction.atomic
def decide_appeal(
    alliance: Alliance,
    code: str,
    *,
    by: str,
    of: str,
    verdict: str,
    struck: Collection[str],
    words: str,
    actor: User,
    at: datetime,
) -> ReviewAppeal:
    """Uphold an appeal, wholly or in part, or dismiss it.

    Args:
        alliance: The tenant.
        code: The contract.
        by: Role of the party that gave the sheet.
        of: Role of the party that appealed.
        verdict: ``uphold`` or ``dismiss``.
        struck: Criteria whose marks do not count any more, all of them contested; none when dismissed.
        words: Reasons, read by all three parties.
        actor: Somebody of the committee who acts for none of the parties and nobody linked with one.
        at: Now.

    Raises:
        NotFoundError: There is no such appeal.
        PermissionRefusedError: Not of the committee.
        ConflictOfInterestError: The actor acts for a party, signs for one, or stands aside.
        DomainError: ``appeal_over``.
        InvalidInputError: No verdict, marks that were not contested, or no reasons.
    """
    contract, review = lock_review(alliance, code, actor=None)
    require(actor, DECIDE_REVIEW_APPEAL, alliance)
    screen_matter(alliance, contract.matter, at=at)
    require_no_conflict(alliance, institutions_acted_for(grants_of(actor, alliance)), contract.matter)
    if not may_decide(contract, actor) or is_tied_in_person(alliance, actor, contract.party_institution_ids(), at=at):
        raise ConflictOfInterestError(
            _("You act for one of the three parties or are an expert of it, so you cannot decide on this appeal."),
            remedy=_("Somebody else of the committee decides."),
            details={"matter": contract.matter},
        )
    appeal = _open_appeal(review, by, of)
    fields: dict[str, StrOrPromise] = {}
    chosen = [criterion for criterion in CRITERIA if criterion in struck]
    if verdict not in {UPHOLD, DISMISS}:
        fields["verdict"] = _("Say whether the appeal is upheld or dismissed.")
    elif verdict == UPHOLD and (not chosen or set(struck) - set(appeal.criteria)):
        fields["struck"] = _("Choose which of the contested marks no longer count, one at least.")
    elif verdict == DISMISS and struck:
        fields["struck"] = _("An appeal that is dismissed strikes no mark; leave all boxes empty.")
    said = clean(words)
    if not said or len(said) > LONGEST:
        fields["words"] = _("Give the reasons, in at most %(most)s characters.") % {"most": LONGEST}
    if fields:
        raise InvalidInputError(next(iter(fields.values())), code="decision_incomplete", fields=fields)
    step = UPHOLD_APPEAL if verdict == UPHOLD else DISMISS_APPEAL
    step.check(appeal.state)
    appeal.state, appeal.struck, appeal.decision_words = step.target, chosen, said
    appeal.decided_by, appeal.decided_at = actor, at
    appeal.save(update_fields=["state", "struck", "decision_words", "decided_by", "decided_at"])
    record_audit(
        contract,
        actor=actor,
        verb=step.name,
        before={"appeal": AppealState.OPEN},
        after={"by_role": by, "of_role": of, "appeal": appeal.state, "struck": chosen},
        at=at,
    )
    inbox.settle(alliance, appeal_key(appeal), by=actor, at=at)
    tell_parties(
        contract, APPEAL_DECIDED, f"review_appeal_decided:{appeal.pk}", at=at, besides=actor, url_name="contract_evaluation"
    )
    seal_soon(alliance)
    return appeal
