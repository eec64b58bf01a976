"""Who decides on a release: the alliance's rule, and who may not decide by any rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db.models import Q

from groups.choices import GroupKind, MotionState, SeatRole
from groups.models import GroupMembership, Motion
from groups.selectors.conflict import list_recused
from operations.choices import ReleaseRule
from operations.permissions import RELEASE_FOR_COMMITTEE, RELEASE_FOR_PILOT_GROUP
from operations.selectors.contribution import maker_ids
from operations.selectors.rules import rules_in_force

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance
    from operations.models import Product

EFFECT: Final = "release_product"
"""Name of the motion's effect."""
RULE_PERMISSIONS: Final = {
    ReleaseRule.COMMITTEE.value: RELEASE_FOR_COMMITTEE,
    ReleaseRule.CONVENOR.value: RELEASE_FOR_PILOT_GROUP,
}
UNDER_WAY: Final = (MotionState.DRAFT, MotionState.OPEN)


def release_matter(code: str) -> str:
    """Matter of the vote on a release: makers and pilot firms stand aside from it, though not from their own work."""
    return f"release:{code}"


def involved_ids(product: Product) -> set[int]:
    """Institutions that made or tried a product: none of them decides on its release, by any rule."""
    return maker_ids(product) | set(product.pilot_institution_ids)


def kept_from_deciding(product: Product) -> set[int]:
    """Institutions that may not decide: those that made or tried it, and those that stand aside from it."""
    return involved_ids(product) | list_recused(product.alliance, product.matter)


def rule_of_release(product: Product, *, at: datetime) -> str:
    """The rule by which this product's release is decided now, a ReleaseRule.

    The alliance's rule; where it is the convenor's word but every convenor made or tried the product, stands aside from it, or
    the seat is empty, a member of the management committee decides, so that no product is stuck.
    """
    rule = rules_in_force(product.alliance).release_rule
    if rule != ReleaseRule.CONVENOR:
        return rule
    convenors = set(
        GroupMembership.objects.of(product.alliance)
        .at(at)
        .filter(group__kind=GroupKind.LEADING_ENTERPRISE, role=SeatRole.CONVENOR)
        .values_list("institution_id", flat=True)
    )
    return rule if convenors - kept_from_deciding(product) else ReleaseRule.COMMITTEE.value


def motion_under_way(alliance: Alliance, code: str) -> Motion | None:
    """The motion on a product's release that is drafted or open; one query."""
    return (
        Motion.objects.of(alliance)
        .filter(Q(state__in=UNDER_WAY), effect=EFFECT, effect_params__product=code)
        .order_by("-created_at", "-id")
        .first()
    )
