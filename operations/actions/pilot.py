"""Pilots: planned, extended, closed early; the workflow itself is in ``operations.actions.workflow``."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from celery import current_app
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError
from alliance.kernel.permissions import require
from operations.actions.announce import ask, day_params, move, tell
from operations.actions.product import lock_product
from operations.actions.snapshot import take_snapshot
from operations.choices import (
    ImprovementState,
    ParticipantState,
    PilotState,
    ProductState,
    ReviewVerdict,
    SnapshotOccasion,
)
from operations.models import ImprovementTask, Pilot, PilotCriterion, PilotParticipant, Product
from operations.selectors.people import eligible_pilot_firms, staff_of
from operations.transitions import BEGIN_PILOT, CLOSE_PILOT, EXTEND_PILOT

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance, User

logger = logging.getLogger(__name__)

MAX_CRITERIA: Final = 12
WIDEST_SCALE: Final = 100


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing participants score.

    Attributes:
        name_en: In English; one of the two names is needed.
        name_zh: In Chinese.
        pass_mark: Trimmed mean that must be reached; on the scale.
        scale_low: Lowest score.
        scale_high: Highest score.
    """

    name_en: str
    name_zh: str
    pass_mark: Decimal
    scale_low: int = 1
    scale_high: int = 5


@dataclass(frozen=True, slots=True)
class PilotPlan:
    """Plan and rule of a round.

    Attributes:
        criteria: What is scored, in order.
        participant_ids: Leading enterprises that try the product.
        starts_at: From when answers are taken.
        deadline: Until when, that moment included.
        question_en: What the round shall find out, in English.
        question_zh: The same in Chinese.
        minimum_answers: Answers needed for a result.
        trim_proportion: Share of answers cut at each end of every mean, 0 or more and under one half.
        blocking_defects_allowed: Blocking defects with which it still passes.
        maximum_rounds: Rounds until it has to be drafted anew.
        remind_days_before: Days before the deadline; 0 for no reminder.
        extension_days: Days added once when answers are too few at the deadline; 0 for none.
        closes_itself: Whether the workflow closes it at the deadline; otherwise the secretariat is asked to.
    """

    criteria: Sequence[Criterion]
    participant_ids: Sequence[int]
    starts_at: datetime
    deadline: datetime
    question_en: str = ""
    question_zh: str = ""
    minimum_answers: int = 3
    trim_proportion: Decimal = Decimal("0.10")
    blocking_defects_allowed: int = 0
    maximum_rounds: int = 3
    remind_days_before: int = 3
    extension_days: int = 14
    closes_itself: bool = True


def _check_plan(product: Product, plan: PilotPlan, *, at: datetime) -> None:
    problems: dict[str, Any] = {}
    if not plan.criteria:
        problems["criteria"] = _("Give at least one criterion.")
    if len(plan.criteria) > MAX_CRITERIA:
        problems["criteria"] = _("Give at most %(count)s criteria; long forms are not answered.") % {"count": MAX_CRITERIA}
    for place, criterion in enumerate(plan.criteria):
        if not criterion.name_en.strip() and not criterion.name_zh.strip():
            problems[f"criteria-{place}-name_en"] = _("Name the criterion in English or in Chinese.")
        if not 0 < criterion.scale_high - criterion.scale_low <= WIDEST_SCALE:
            problems[f"criteria-{place}-scale_high"] = _("The highest score must lie above the lowest.")
        elif not criterion.scale_low <= criterion.pass_mark <= criterion.scale_high:
            problems[f"criteria-{place}-pass_mark"] = _("The pass mark must lie on the scale.")
    eligible = {institution.pk for institution in eligible_pilot_firms(product, at=at)}
    if not plan.participant_ids:
        problems["participants"] = _("Choose at least one pilot firm.")
    elif set(plan.participant_ids) - eligible:
        problems["participants"] = _(
            "Pilot firms sit in the leading-enterprise group, neither wrote nor adapted the product, and do not stand aside."
        )
    if plan.deadline <= plan.starts_at:
        problems["deadline"] = _("The deadline must lie after the start.")
    elif plan.deadline <= at:
        problems["deadline"] = _("The date lies in the past. Give a later one.")
    if not Decimal(0) <= plan.trim_proportion < Decimal("0.5"):
        problems["trim_proportion"] = _("Give a share from 0 to under 0.5.")
    if plan.minimum_answers < 1:
        problems["minimum_answers"] = _("At least one answer is needed.")
    if plan.maximum_rounds < 1:
        problems["maximum_rounds"] = _("At least one round is needed.")
    if problems:
        raise InvalidInputError(_("The plan of the pilot cannot stand as it is."), code="plan_invalid", fields=problems)


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
            neither done nor declined), ``rounds_exhausted``.
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
        open_tasks = ImprovementTask.objects.of(alliance).filter(pilot__product=product, state=ImprovementState.OPEN).count()
        if open_tasks:
            raise DomainError(
                _("%(count)s agreed changes are still open.") % {"count": open_tasks},
                code="changes_open",
                remedy=_("Mark each as done, or decline it with the reason; then plan the next round."),
                who=[_("people of the institution that drafts it"), _("people of the media think tank that adapts it")],
            )
        if last is not None and rounds_since_draft(product) >= last.maximum_rounds:
            raise DomainError(
                _("All %(count)s rounds of the plan are used.") % {"count": last.maximum_rounds},
                code="rounds_exhausted",
                remedy=_("Send it back to be drafted anew."),
            )
    _check_plan(product, plan, at=at)
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
        question_en=plan.question_en.strip(),
        question_zh=plan.question_zh.strip(),
        starts_at=plan.starts_at,
        deadline=plan.deadline,
        remind_days_before=plan.remind_days_before,
        minimum_answers=plan.minimum_answers,
        trim_proportion=plan.trim_proportion,
        blocking_defects_allowed=plan.blocking_defects_allowed,
        maximum_rounds=plan.maximum_rounds,
        extension_days=plan.extension_days,
        closes_itself=plan.closes_itself,
    )
    PilotCriterion.objects.bulk_create(
        PilotCriterion(
            alliance=alliance,
            pilot=pilot,
            position=place,
            name_en=criterion.name_en.strip(),
            name_zh=criterion.name_zh.strip(),
            scale_low=criterion.scale_low,
            scale_high=criterion.scale_high,
            pass_mark=criterion.pass_mark,
        )
        for place, criterion in enumerate(plan.criteria, start=1)
    )
    PilotParticipant.objects.bulk_create(
        PilotParticipant(alliance=alliance, pilot=pilot, institution_id=institution_id)
        for institution_id in dict.fromkeys(plan.participant_ids)
    )
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
    firms = [
        participant.institution_id
        for participant in pilot.participants.all()
        if participant.state != ParticipantState.WITHDRAWN
    ]
    inbox.settle_all(product.alliance, f"pilot-overdue:{pilot.pk}:", by=actor, at=at)
    for participant in pilot.participants.filter(state=ParticipantState.INVITED):
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
    wake_workflow(alliance)
    return pilot


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
