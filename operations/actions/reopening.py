"""Taking a closed round up again: the one way in which a late answer counts, and it leaves a record (S13)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.kernel.errors import DomainError, InvalidInputError
from alliance.kernel.events import emit
from alliance.kernel.permissions import require
from operations.actions.announce import day_params, move, tell
from operations.actions.participant import checked_reason, refuse_own_round
from operations.actions.pilot import ask_for_feedback, lock_running_pilot, wake_workflow
from operations.actions.plan import keep_plan
from operations.actions.point import take_back_point
from operations.choices import ParticipantState, PointSource, PointState, ProductState
from operations.models import FeedbackPoint, PilotReopening
from operations.selectors.people import staff_of
from operations.selectors.site import WORKING
from operations.signals import PILOT_REOPENED
from operations.transitions import REOPEN_PILOT, RESUME_PILOT

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance, User
    from operations.models import Pilot


@transaction.atomic
def reopen_round(alliance: Alliance, code: str, *, reason: str, deadline: datetime, actor: User, at: datetime) -> Pilot:
    """Let the latest round take answers again until a new deadline; its result until now is kept.

    What the workflow made of that result and nobody has answered is taken back: the proposal of the release, and the points
    about criteria and measures. The round is summed up and decided anew when it closes.

    Args:
        alliance: The tenant.
        code: The product's code.
        reason: Why; the sites read it.
        deadline: Until when answers are taken, that moment included.
        actor: The secretariat, or the convenor of the leading-enterprise group when it neither made nor tries the product.
        at: Now.

    Raises:
        TransitionRefusedError: The round is not decided yet, or was called off.
        DomainError: ``too_late``: the product is released, drafted or adapted anew, or withdrawn; ``no_sites``: nobody takes
            part any more.
        InvalidInputError: The reason is missing, or the deadline lies in the past.
    """
    pilot = lock_running_pilot(alliance, code)
    product = pilot.product
    require(actor, REOPEN_PILOT.permission, product)
    refuse_own_round(pilot, actor, at=at)
    REOPEN_PILOT.check(pilot.state)
    if product.state not in {ProductState.PILOTING, ProductState.IMPROVING}:
        raise DomainError(
            _("The product has gone on since: a round is taken up again only while it is in pilot or being improved."),
            code="too_late",
            remedy=_("What is said now is a point of feedback on the product, or an answer to its next round."),
        )
    words = checked_reason(reason)
    if deadline <= at:
        past = _("The date lies in the past. Give a later one.")
        raise InvalidInputError(past, code="deadline_not_later", fields={"deadline": past})
    firms = list(pilot.participants.filter(state__in=WORKING).order_by("id"))
    if not firms:
        raise DomainError(_("No site takes part in the round any more."), code="no_sites")
    before = {"pilot": pilot.state, "turn": pilot.turn, "answers": pilot.answers, "mean_score": pilot.mean_score}
    PilotReopening.objects.create(
        alliance=alliance,
        pilot=pilot,
        turn=pilot.turn + 1,
        reason=words,
        state_before=pilot.state,
        result_before=pilot.result,
        deadline=deadline,
        by=actor,
        at=at,
    )
    pilot.state, pilot.turn, pilot.deadline = REOPEN_PILOT.target, pilot.turn + 1, deadline
    pilot.closed_at = pilot.decided_at = pilot.mean_score = None
    pilot.result = {}
    pilot.save(update_fields=["state", "turn", "deadline", "closed_at", "decided_at", "mean_score", "result"])
    record_audit(
        product,
        actor=actor,
        verb=REOPEN_PILOT.name,
        before=before,
        after={"pilot": pilot.state, "turn": pilot.turn, "round": pilot.round, "deadline": deadline},
        personal={"reason": words},
        at=at,
    )
    _take_back(pilot, actor=actor, at=at)
    product.due_on = timezone.localtime(deadline).date()
    product.release_proposed_at = None
    if product.state == ProductState.IMPROVING:
        move(
            product,
            RESUME_PILOT,
            actor=actor,
            at=at,
            after={"round": pilot.round, "turn": pilot.turn},
            fields=["due_on", "release_proposed_at"],
        )
    else:
        product.save(update_fields=["due_on", "release_proposed_at"])
    keep_plan(pilot, reason=words, actor=actor, at=at)
    for participant in firms:
        if participant.state == ParticipantState.ACCEPTED:
            ask_for_feedback(pilot, participant, at=at)
    tell(
        product,
        staff_of(alliance, [participant.institution_id for participant in firms], at=at),
        "pilot_reopened",
        f"pilot_reopened:{code}:{pilot.round}:{pilot.turn}",
        at=at,
        url_name="pilot_answer",
        reason=words,
        **day_params("due", deadline),
    )
    emit(alliance, PILOT_REOPENED, {"product": code, "round": pilot.round, "turn": pilot.turn})
    wake_workflow(alliance)
    return pilot


def _take_back(pilot: Pilot, *, actor: User, at: datetime) -> None:
    """What followed from the old result and was not acted on."""
    product, alliance = pilot.product, pilot.alliance
    keys = FeedbackPoint.objects.of(alliance).filter(
        product=product, pilot=pilot, source=PointSource.CRITERION, state=PointState.OPEN
    )
    for key in keys.values_list("key", flat=True):
        take_back_point(product, key=key)
    for prefix in ("improve", "next-round", "release"):
        inbox.settle_all(alliance, f"{prefix}:{product.code}:", by=actor, at=at)
