"""The rules of an alliance's pipeline, set anew by its office administrator; exceptions from a full stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from alliance.actions.audit import record_audit
from alliance.kernel.errors import DomainError, InvalidInputError
from alliance.kernel.events import emit
from alliance.kernel.permissions import require
from alliance.kernel.turns import take_turns
from operations.actions.product import clean_reason, lock_product
from operations.choices import ReleaseRule
from operations.models import PipelineRules, Product
from operations.permissions import ADMIT_OVER_LIMIT, MANAGE_PIPELINE
from operations.selectors.rules import rules_in_force
from operations.selectors.stages import LIMITED, column_of
from operations.signals import PIPELINE_RULES_CHANGED
from operations.transitions import PRODUCT_TRANSITIONS

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance, User

WIDEST: Final = 999


def _clean_limits(limits: Mapping[str, int | None]) -> dict[str, int]:
    problems: dict[str, Any] = {}
    cleaned: dict[str, int] = {}
    for stage, limit in limits.items():
        if stage not in LIMITED:
            problems[f"limit_{stage}"] = _("This stage has no limit.")
        elif limit is None:
            continue
        elif isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= WIDEST:
            problems[f"limit_{stage}"] = _("Give a whole number from 1 to %(most)s, or leave it empty.") % {"most": WIDEST}
        else:
            cleaned[stage] = limit
    if problems:
        raise InvalidInputError(_("These limits cannot stand."), code="limits_invalid", fields=problems)
    return {stage: cleaned[stage] for stage in LIMITED if stage in cleaned}


@transaction.atomic
def set_rules(
    alliance: Alliance,
    *,
    actor: User,
    release_rule: str,
    limits: Mapping[str, int | None],
    note: str = "",
    based_on: int | None = None,
    at: datetime,
) -> PipelineRules:
    """Set who decides on a release and how many products a stage holds; a version of its own, from now on.

    What is under way goes on: a motion that is open decides all the same, and a stage that is over its new limit empties by itself.

    Args:
        alliance: The tenant.
        actor: The office administrator.
        release_rule: A ReleaseRule.
        limits: Whole numbers from 1 to 999 by stage of the board; None or missing: no limit.
        note: What changed and why, for the others.
        based_on: Version the actor started from; None: not known.
        at: Now.

    Raises:
        PermissionRefusedError: The actor is not the office administrator.
        InvalidInputError: Unknown rule, impossible limits, or nothing changes.
        DomainError: ``edit_conflict``: somebody set them meanwhile.
    """
    require(actor, MANAGE_PIPELINE, alliance)
    if release_rule not in ReleaseRule.values:
        words = _("Choose who decides on a release.")
        raise InvalidInputError(words, code="rule_unknown", fields={"release_rule": words})
    wanted = _clean_limits(limits)
    take_turns(alliance, "pipeline-rules")
    present = rules_in_force(alliance)
    if based_on is not None and based_on != present.version:
        raise DomainError(
            _("Somebody else set the rules meanwhile; version %(version)s is in force.") % {"version": present.version},
            code="edit_conflict",
            remedy=_("Compare, then save again."),
        )
    if (present.release_rule, dict(present.limits)) == (release_rule, wanted):
        raise InvalidInputError(_("Nothing would change: these rules are in force."), code="nothing_changed")
    last = PipelineRules.objects.of(alliance).order_by("-version").values_list("version", flat=True).first() or 0
    PipelineRules.objects.of(alliance).filter(is_current=True).update(is_current=False)
    rules = PipelineRules.objects.create(
        alliance=alliance,
        version=last + 1,
        release_rule=release_rule,
        limits=wanted,
        note=note.strip()[:300],
        made_by=actor,
        made_at=at,
    )
    record_audit(
        rules,
        actor=actor,
        verb="set_pipeline_rules",
        before={"version": present.version, "release_rule": present.release_rule, "limits": dict(present.limits)},
        after={"version": rules.version, "release_rule": rules.release_rule, "limits": rules.limits},
        personal={"note": rules.note} if rules.note else None,
        at=at,
    )
    emit(alliance, PIPELINE_RULES_CHANGED, {"version": rules.version})
    return rules


def stages_ahead(product: Product) -> list[str]:
    """Other stages that a step leads to from the product's state."""
    here = column_of(product.state)
    targets = {column_of(step.target) for step in PRODUCT_TRANSITIONS if product.state in step.sources}
    return [stage for stage in LIMITED if stage in targets and stage != here]


@transaction.atomic
def admit_over_limit(alliance: Alliance, code: str, stage: str, *, actor: User, reason: str, at: datetime) -> Product:
    """Let a product into a stage although it is full; holds for its next move and is forgotten with it.

    Args:
        alliance: The tenant.
        code: The product's code.
        stage: The stage.
        actor: Of the secretariat.
        reason: Why; stands in the record.
        at: Now.

    Raises:
        InvalidInputError: No reason, or no step leads there.
        DomainError: ``stage_has_room``: there is nothing to allow.
    """
    product = lock_product(alliance, code)
    require(actor, ADMIT_OVER_LIMIT, product)
    if stage not in stages_ahead(product):
        words = _("No step leads there from the state “%(state)s”.") % {"state": product.get_state_display()}
        raise InvalidInputError(words, code="step_unknown", fields={"stage": words})
    text = clean_reason(reason)
    if rules_in_force(alliance).limit_of(stage) is None:
        raise DomainError(_("This stage has no limit; the step is open as it is."), code="stage_has_room")
    before, product.admitted_to = product.admitted_to, stage
    product.save(update_fields=["admitted_to"])
    record_audit(
        product,
        actor=actor,
        verb="admit_over_limit",
        before={"admitted_to": before},
        after={"admitted_to": stage},
        personal={"reason": text},
        reason_code="stage_full",
        at=at,
    )
    return product
