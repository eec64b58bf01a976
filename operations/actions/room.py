"""Limits of the stages: how many products are worked on at once, so that what was begun is finished (work in progress)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from alliance.kernel.errors import DomainError
from alliance.kernel.permissions import permissions
from alliance.kernel.turns import take_turns
from operations.permissions import ADMIT_OVER_LIMIT
from operations.selectors.rules import FullStage, full_stage, limited_stage
from operations.selectors.stages import stage_label

if TYPE_CHECKING:
    from alliance.kernel.transitions import Transition
    from operations.models import Product


def require_room(product: Product, transition: Transition) -> dict[str, Any]:
    """Refuse a person's move into a stage that is full, unless the secretariat let the product in.

    Steps of the workflow are not asked: what did not pass its pilot comes back, full or not. Two moves into one stage take turns
    until the end of their transactions, so that both cannot take its last place.

    Args:
        product: Locked, in the state before the step.
        transition: The step.

    Returns:
        What the record says of it: that the stage was over its limit; empty otherwise.

    Raises:
        DomainError: ``stage_full``; says who may let it in.
    """
    limited = limited_stage(product, transition)
    if limited is None:
        return {}
    take_turns(product.alliance, f"pipeline-stage:{limited[0]}")
    full = full_stage(product, transition)
    if full is None:
        return {}
    if product.admitted_to == full.stage:
        return {"over_limit": {"stage": full.stage, "limit": full.limit, "count": full.count}}
    raise stage_full(full)


def stage_full(full: FullStage) -> DomainError:
    """The refusal of a move into a full stage, in words."""
    return DomainError(
        ngettext_lazy(
            "The stage “%(stage)s” is full: the alliance works on %(limit)s product there at once.",
            "The stage “%(stage)s” is full: the alliance works on %(limit)s products there at once.",
            full.limit,
        )
        % {"stage": stage_label(full.stage), "limit": full.limit},
        code="stage_full",
        remedy=_(
            "Finish or withdraw one of them first; or the secretariat lets this one in with a reason, on its page “Move”."
        ),
        who=permissions.get(ADMIT_OVER_LIMIT).describe_holders(),
        details={"stage": full.stage, "limit": full.limit, "count": full.count},
    )
