"""Pilots: planned, extended, closed early; the workflow itself is in ``operations.actions.workflow``."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from celery import current_app
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError
from alliance.kernel.permissions import require
from operations.actions.announce import ask, day_params, move, tell
from operations.actions.plan import (
    PilotPlan,
    check_plan,
    column_values,
    invite,
    keep_plan,
    write_criteria,
    write_measures,
)
from operations.actions.product import lock_product
from operations.actions.snapshot import take_snapshot
from operations.choices import (
    ParticipantState,
    PilotState,
    ProductState,
    ReviewVerdict,
    SnapshotOccasion,
)
from operations.models import Pilot, PilotParticipant, Product
from operations.selectors.people import eligible_pilot_firms, staff_of
from operations.selectors.point import unfinished_points
from operations.selectors.site import TAKING_PART, WORKING
from operations.transitions import BEGIN_PILOT, CANCEL_PILOT, CLOSE_PILOT, EXTEND_PILOT

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance, User

logger = logging.getLogger(__name__)


def rounds_since_draft(product: Product) -> int:
    """Rounds since the draft was last approved."""
    pilots = product.pilots.all()
    approved = product.reviews.filter(verdict=ReviewVerdict.APPROVE).order_by("-at").first()
    if approved is not None:
        pilots = pilots.filter(starts_at__gte=approved.at)
    return pilots.count()


@transaction.atomic
def plan_pilot(alliance: Alliance, code: str, *, actor: User, plan: PilotPlan, at: datetime) -> Pilot:
    """Plan the next round and send the product into it; the workflow opens it at its start.

    A next round tries the next version, so feedback belongs to exactly one version.

    Raises:
        DomainError: ``not_adapted`` (the media group has not handed the text over), ``changes_open`` (agreed changes are
            neither done nor declined, or a grave point has no answer), ``rounds_exhausted``.
        InvalidInputError: The plan breaks a rule; ``fields`` says where.
    """
    product = lock_product(alliance, code)
    require(actor, BEGIN_PILOT.permission, product)
    BEGIN_PILOT.check(product.state)
    last = product.pilots.order_by("-round").first()
    if product.state == ProductState.TRANSFORMING and (product.adapter_id is None or product.adapted_at is None):
        raise DomainError(
            _("The media group has not handed over a text for the pilot yet."),
            code="not_adapted",
            remedy=_("A media think tank adapts it and marks it as ready."),
            who=[_("people of an institution in the media group")],
        )
    if product.state == ProductState.IMPROVING:
        unfinished = unfinished_points(product).count()
        if unfinished:
            raise DomainError(
                ngettext_lazy(
                    "%(count)s point of feedback is not settled yet.",
                    "%(count)s points of feedback are not settled yet.",
                    unfinished,
                )
                % {"count": unfinished},
                code="changes_open",
                remedy=_("Answer each grave point, and mark each agreed change as done or decline it with the reason."),
                who=[_("people of the institution that drafts it"), _("people of the media think tank that adapts it")],
            )
        if last is not None and rounds_since_draft(product) >= last.maximum_rounds:
            raise DomainError(
                _("All %(count)s rounds of the plan are used.") % {"count": last.maximum_rounds},
                code="rounds_exhausted",
                remedy=_("Send it back to be drafted anew."),
            )
    check_plan(plan, allowed={firm.pk for firm in eligible_pilot_firms(product, at=at)}, at=at)
    fields: list[str] = []
    if product.state == ProductState.IMPROVING or (last is not None and last.version == product.version):
        product.version += 1
        fields.append("version")
    if product.release_proposed_at is not None:
        product.release_proposed_at = None
        fields.append("release_proposed_at")
    pilot = Pilot.objects.create(
        alliance=alliance,
        product=product,
        round=(last.round if last else 0) + 1,
        version=product.version,
        tested=take_snapshot(product, SnapshotOccasion.PILOT, actor=actor, at=at),
        **column_values(plan),
    )
    write_criteria(pilot, plan.criteria)
    write_measures(pilot, plan.measures)
    PilotParticipant.objects.bulk_create(
        PilotParticipant(alliance=alliance, pilot=pilot, institution_id=institution_id)
        for institution_id in dict.fromkeys(plan.participant_ids)
    )
    keep_plan(pilot, reason="", actor=actor, at=at)
    for participant in pilot.participants.order_by("id"):
        invite(pilot, participant, at=at)
    product.due_on = timezone.localtime(plan.deadline).date()
    move(
        product,
        BEGIN_PILOT,
        actor=actor,
        at=at,
        fields=[*fields, "due_on"],
        after={
            "round": pilot.round,
            "starts_at": plan.starts_at,
            "deadline": plan.deadline,
            "participants": sorted(plan.participant_ids),
            "measures": len(plan.measures),
        },
    )
    inbox.settle(alliance, f"pilot-plan:{code}", by=actor, at=at)
    inbox.settle_all(alliance, f"next-round:{code}:", by=actor, at=at)
    wake_workflow(alliance)
    return pilot


def wake_workflow(alliance: Alliance) -> None:
    """Ask a worker to look at the alliance's pilots once this is committed; the periodic task makes a lost call good."""
    transaction.on_commit(partial(_wake, alliance.pk))


def _wake(alliance_id: int) -> None:
    try:
        # By name: actions know no tasks; the receivers import them, so every process knows the name.
        current_app.tasks["operations.advance_pilots"].delay(alliance_id)
    except Exception:  # the broker may be away: the plan is safe in its table
        logger.exception("pilots not woken", extra={"alliance_id": alliance_id})


def lock_running_pilot(alliance: Alliance, code: str) -> Pilot:
    """The product's latest round, product and round locked in this order until the transaction ends.

    Raises:
        NotFoundError: No such product, or it has no round.
    """
    product = lock_product(alliance, code)
    pilot = Pilot.objects.of(alliance).select_for_update(of=("self",)).filter(product=product).order_by("-round").first()
    if pilot is None:
        raise NotFoundError
    pilot.product = product
    return pilot


def note_extension(pilot: Pilot, deadline: datetime, *, actor: User | None, at: datetime, reason: str = "") -> None:
    """Write and tell a later deadline; the caller holds the locks and has checked the step."""
    product = pilot.product
    before = pilot.deadline
    pilot.state, pilot.deadline = PilotState.EXTENDED, deadline
    pilot.extensions += 1
    pilot.save(update_fields=["state", "deadline", "extensions"])
    product.due_on = timezone.localtime(deadline).date()
    product.save(update_fields=["due_on"])
    record_audit(
        product,
        actor=actor,
        verb=EXTEND_PILOT.name,
        before={"deadline": before},
        after={"deadline": deadline, "round": pilot.round},
        personal={"reason": reason} if reason else None,
        at=at,
    )
    firms = list(pilot.participants.filter(state__in=WORKING).values_list("institution_id", flat=True))
    inbox.settle_all(product.alliance, f"pilot-overdue:{pilot.pk}:", by=actor, at=at)
    for participant in pilot.participants.filter(state=ParticipantState.ACCEPTED):
        ask_for_feedback(pilot, participant, at=at)
    tell(
        product,
        staff_of(product.alliance, firms, at=at),
        "pilot_extended",
        f"pilot_extended:{product.code}:{pilot.round}:{deadline.isoformat()}",
        at=at,
        url_name="pilot_answer",
        **day_params("due", deadline),
    )


def require_joined(participant: PilotParticipant) -> None:
    """Refuse what an invited site writes before it said that it takes part.

    Raises:
        DomainError: ``not_accepted``.
    """
    if participant.state == ParticipantState.INVITED:
        raise DomainError(
            _("Your firm has not said yet that it takes part in this pilot."),
            code="not_accepted",
            remedy=_("Answer the invitation first; it is on the page of your site."),
        )


def ask_for_feedback(pilot: Pilot, participant: PilotParticipant, *, at: datetime) -> None:
    """Put the feedback form in the inbox of a pilot firm's people, or renew its due date there."""
    ask(
        pilot.product,
        "pilot_feedback",
        f"pilot-feedback:{pilot.pk}:{participant.institution_id}",
        inbox.institution(participant.institution_id),
        at=at,
        due_at=pilot.deadline,
        url_name="pilot_answer",
        **day_params("due", pilot.deadline),
    )


@transaction.atomic
def extend_pilot(alliance: Alliance, code: str, *, actor: User, deadline: datetime, at: datetime, reason: str = "") -> Pilot:
    """Set a later deadline for a round that is open.

    Raises:
        InvalidInputError: The new deadline is not later than the old one, or lies in the past.
    """
    pilot = lock_running_pilot(alliance, code)
    require(actor, EXTEND_PILOT.permission, pilot.product)
    EXTEND_PILOT.check(pilot.state)
    if deadline <= pilot.deadline or deadline <= at:
        words = _("The date lies before the present deadline or in the past. Give a later one.")
        raise InvalidInputError(words, code="deadline_not_later", fields={"deadline": words})
    note_extension(pilot, deadline, actor=actor, at=at, reason=reason.strip())
    keep_plan(pilot, reason=reason.strip()[:300], actor=actor, at=at)
    wake_workflow(alliance)
    return pilot


def settle_round(pilot: Pilot, *, actor: User | None, at: datetime) -> None:
    """Take everything a round asked of people out of their inboxes."""
    for name in ("invitation", "baseline", "feedback", "overdue", "waiting", "silent"):
        inbox.settle_all(pilot.alliance, f"pilot-{name}:{pilot.pk}:", by=actor, at=at)
    inbox.settle(pilot.alliance, f"pilot-few:{pilot.pk}", by=actor, at=at)


def cancel_round(pilot: Pilot, *, actor: User | None, at: datetime, reason: str) -> None:
    """Call a round off: it takes no more answers and gets no result; what was answered stays on record.

    Part of the act that takes the product back or withdraws it: the caller holds the locks of product and round, asked
    permission, and moves the product.

    Args:
        pilot: Locked round that is planned, open, or being summed up.
        actor: Who calls it off.
        at: Now.
        reason: Why; the sites read it.
    """
    product = pilot.product
    CANCEL_PILOT.check(pilot.state)
    before = pilot.state
    pilot.state, pilot.closed_at = CANCEL_PILOT.target, pilot.closed_at or at
    pilot.save(update_fields=["state", "closed_at"])
    record_audit(
        product,
        actor=actor,
        verb=CANCEL_PILOT.name,
        before={"pilot": before},
        after={"pilot": pilot.state, "round": pilot.round},
        personal={"reason": reason} if reason else None,
        at=at,
    )
    settle_round(pilot, actor=actor, at=at)
    firms = list(pilot.participants.filter(state__in=TAKING_PART).values_list("institution_id", flat=True))
    tell(
        product,
        staff_of(pilot.alliance, firms, at=at),
        "pilot_cancelled",
        f"pilot_cancelled:{product.code}:{pilot.round}:{pilot.turn}",
        at=at,
        reason=reason,
    )


@transaction.atomic
def close_pilot_early(alliance: Alliance, code: str, *, actor: User, at: datetime) -> Pilot:
    """Close a round with the answers it has; the workflow sums them up and decides by the plan's rule.

    Raises:
        DomainError: ``no_answers``: nobody has answered yet.
    """
    from operations.actions.workflow import close_round  # noqa: PLC0415 - the workflow uses this module

    pilot = lock_running_pilot(alliance, code)
    require(actor, CLOSE_PILOT.permission, pilot.product)
    CLOSE_PILOT.check(pilot.state)
    if not pilot.participants.filter(feedback__isnull=False).exists():
        raise DomainError(
            _("Nobody has answered yet."),
            code="no_answers",
            remedy=_("Extend the pilot, or wait for its deadline."),
        )
    close_round(pilot, actor=actor, at=at)
    wake_workflow(alliance)
    return pilot
