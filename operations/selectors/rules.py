"""The rules of an alliance's pipeline: who decides on a release, and how many products a stage holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from operations.choices import ReleaseRule
from operations.models import PipelineRules, Product
from operations.selectors.stages import column_of, states_of

if TYPE_CHECKING:
    from alliance.kernel.transitions import Transition
    from alliance.models import Alliance


@dataclass(frozen=True, slots=True)
class RulesView:
    """Rules in force.

    Attributes:
        version: Number of the version; 0 for the standard rules of the program.
        release_rule: A ReleaseRule.
        limits: Products a stage of the board holds, by stage; a stage that is missing has no limit.
    """

    version: int = 0
    release_rule: str = ReleaseRule.COMMITTEE.value
    limits: Mapping[str, int] = field(default_factory=dict)

    def limit_of(self, stage: str) -> int | None:
        """Products a stage holds; None without a limit."""
        return self.limits.get(stage)


STANDARD = RulesView()
"""Without a version of its own: the committee releases, and no stage has a limit."""


def rules_in_force(alliance: Alliance) -> RulesView:
    """The alliance's rules; one query."""
    row = PipelineRules.objects.of(alliance).filter(is_current=True).values_list("version", "release_rule", "limits").first()
    if row is None:
        return STANDARD
    version, release_rule, limits = row
    return RulesView(version, release_rule, dict(limits))


def list_rules(alliance: Alliance) -> list[PipelineRules]:
    """All versions, newest first, with who made them; one query."""
    return list(PipelineRules.objects.of(alliance).select_related("made_by").order_by("-version"))


@dataclass(frozen=True, slots=True)
class FullStage:
    """A stage that a step leads into and that holds as many products as it may."""

    stage: str
    limit: int
    count: int


def limited_stage(product: Product, transition: Transition) -> tuple[str, int] | None:
    """The stage a step leads into from another one, with its limit; None where there is no limit. One query at most."""
    stage = column_of(transition.target)
    if not stage or stage == column_of(product.state):
        return None
    limit = rules_in_force(product.alliance).limit_of(stage)
    return None if limit is None else (stage, limit)


def full_stage(product: Product, transition: Transition) -> FullStage | None:
    """The full stage that keeps a product from a step; two queries at most. The secretariat may let it in all the same."""
    limited = limited_stage(product, transition)
    if limited is None:
        return None
    stage, limit = limited
    count = Product.objects.of(product.alliance).filter(state__in=states_of(stage)).count()
    return FullStage(stage, limit, count) if count >= limit else None
