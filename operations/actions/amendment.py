"""Amending the plan of a round: the next version of it, with the reason; what was agreed before stays readable."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.kernel.errors import DomainError, InvalidInputError
from alliance.kernel.permissions import require
from operations.actions.announce import day_params, tell
from operations.actions.participant import checked_reason, end_site, refuse_own_round
from operations.actions.pilot import ask_for_feedback, lock_running_pilot, note_extension, wake_workflow
from operations.actions.plan import (
    CHANGEABLE,
    PilotPlan,
    ask_to_join,
    check_plan,
    column_values,
    current_plan,
    invite,
    keep_plan,
    write_criteria,
    write_measures,
)
from operations.choices import ParticipantState, PilotState
from operations.models import PilotParticipant
from operations.permissions import PLAN_PILOT
from operations.selectors.people import eligible_pilot_firms, staff_of
from operations.selectors.site import TAKING_PART, WORKING

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance, User
    from operations.models import Pilot


@transaction.atomic
def amend_plan(alliance: Alliance, code: str, *, plan: PilotPlan, reason: str, actor: User, at: datetime) -> Pilot:
    """Change the plan of the latest round: everything before it is open, afterwards only dates, sites, sample and reminders.

    Args:
        alliance: The tenant.
        code: The product's code.
        plan: The whole plan as it shall stand.
        reason: Why; kept with the version.
        actor: The secretariat, or the convenor of the leading-enterprise group.
        at: Now.

    Raises:
        DomainError: ``round_over`` (the round is closed), ``plan_fixed`` (what is fixed once a round is open would change).
        InvalidInputError: The plan breaks a rule, nothing differs, or the reason is missing.
    """
    pilot = lock_running_pilot(alliance, code)
    require(actor, PLAN_PILOT, pilot.product)
    refuse_own_round(pilot, actor, at=at)
    if pilot.state != PilotState.PLANNED and not pilot.is_running:
        raise DomainError(
            _("This round is closed; its plan stays as it is."),
            code="round_over",
            remedy=_("Plan the next round, or take this one up again where it may be."),
        )
    words = checked_reason(reason)
    before = current_plan(pilot)
    present = set(before.participant_ids)
    allowed = present | {firm.pk for firm in eligible_pilot_firms(pilot.product, at=at)}
    if pilot.state != PilotState.PLANNED:
        _check_fixed(before, plan)
    check_plan(plan, allowed=allowed, at=at)
    if pilot.state == PilotState.PLANNED:
        _rewrite(pilot, plan, at=at)
    else:
        _rewrite_open(pilot, plan, actor=actor, at=at, reason=words)
    _change_sites(pilot, plan, present, actor=actor, at=at, reason=words)
    version = keep_plan(pilot, reason=words, actor=actor, at=at)
    if version is None:
        same = _("Nothing differs from the plan as it stands.")
        raise InvalidInputError(same, code="nothing_changed", fields={"reason": same})
    record_audit(
        pilot.product,
        actor=actor,
        verb="amend_plan",
        before={"plan_version": version.number - 1},
        after={
            "plan_version": version.number,
            "round": pilot.round,
            "starts_at": pilot.starts_at,
            "deadline": pilot.deadline,
            "participants": sorted(plan.participant_ids),
        },
        personal={"reason": words},
        at=at,
    )
    product = pilot.product
    product.due_on = timezone.localtime(pilot.deadline).date()
    product.save(update_fields=["due_on"])
    firms = pilot.participants.filter(state__in=TAKING_PART, institution_id__in=present)
    tell(
        product,
        staff_of(alliance, firms.values_list("institution_id", flat=True), at=at),
        "pilot_amended",
        f"pilot_amended:{code}:{pilot.round}:{version.number}",
        at=at,
        url_name="pilot_plan_versions",
        reason=words,
        **day_params("due", pilot.deadline),
    )
    inbox.settle_all(alliance, f"pilot-waiting:{pilot.pk}:", by=actor, at=at)
    wake_workflow(alliance)
    return pilot


def _check_fixed(before: PilotPlan, plan: PilotPlan) -> None:
    changed = [
        field.name
        for field in fields(PilotPlan)
        if field.name not in CHANGEABLE and getattr(before, field.name) != getattr(plan, field.name)
    ]
    if changed:
        raise DomainError(
            _("Once a round is open its question, criteria, measures and rule stay as they are."),
            code="plan_fixed",
            remedy=_("Dates, sites, sample and reminders can still be amended; anything else is for the next round."),
            details={"fields": changed},
        )


def _rewrite(pilot: Pilot, plan: PilotPlan, *, at: datetime) -> None:
    write_criteria(pilot, plan.criteria)
    write_measures(pilot, plan.measures)
    values = column_values(plan)
    for name, value in values.items():
        setattr(pilot, name, value)
    pilot.save(update_fields=list(values))
    for participant in pilot.participants.filter(state=ParticipantState.INVITED):
        ask_to_join(pilot, participant, at=at)  # the new dates; nobody is mailed an invitation twice


def _rewrite_open(pilot: Pilot, plan: PilotPlan, *, actor: User, at: datetime, reason: str) -> None:
    names = sorted(CHANGEABLE - {"participant_ids", "deadline"})
    for name in names:
        setattr(pilot, name, column_values(plan)[name])
    pilot.save(update_fields=names)
    if plan.deadline > pilot.deadline:
        note_extension(pilot, plan.deadline, actor=actor, at=at, reason=reason)
    elif plan.deadline < pilot.deadline:
        pilot.deadline = plan.deadline
        pilot.save(update_fields=["deadline"])
        for participant in pilot.participants.filter(state=ParticipantState.ACCEPTED):
            ask_for_feedback(pilot, participant, at=at)


def _change_sites(pilot: Pilot, plan: PilotPlan, present: set[int], *, actor: User, at: datetime, reason: str) -> None:
    wanted = set(plan.participant_ids)
    rows = {row.institution_id: row for row in pilot.participants.select_related("institution")}
    for institution_id in sorted(present - wanted):
        row = rows[institution_id]
        row.pilot = pilot
        if row.state in WORKING or row.state == ParticipantState.INVITED:
            end_site(row, ParticipantState.WITHDRAWN, reason, actor=actor, at=at, verb="remove_pilot_site")
    for institution_id in sorted(wanted - present):
        again = rows.get(institution_id)
        if again is None:
            again = PilotParticipant.objects.create(alliance=pilot.alliance, pilot=pilot, institution_id=institution_id)
        else:
            again.state, again.ended_at, again.end_reason = ParticipantState.INVITED, None, ""
            again.reminded_at = again.escalated_at = None
            again.save(update_fields=["state", "ended_at", "end_reason", "reminded_at", "escalated_at"])
        invite(pilot, again, at=at)
