"""Rules of the pipeline of the invented alliance, as set in two versions."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from alliance.choices import AllianceRole
from alliance.kernel.demo import WEAVING
from alliance.models import RoleAssignment
from operations.actions.rules import set_rules
from operations.choices import ReleaseRule
from operations.models import PipelineRules

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from alliance.models import Alliance

FIRST = {"piloting": 6}
SECOND = {"transforming": 4, "piloting": 5, "improving": 4}


def load_rules(alliance: Alliance, *, flavour: str, data_dir: Path, at: datetime) -> None:  # noqa: ARG001 - a loader's form
    """Two versions, once; by the real act, in the name of the office administrator."""
    if flavour != WEAVING or PipelineRules.objects.of(alliance).exists():
        return
    role = RoleAssignment.objects.of(alliance).at(at).filter(role=AllianceRole.OFFICE_ADMIN).select_related("user").first()
    if role is None:
        return
    for limits, note, days in (
        (FIRST, "Six pilots at once are what the leading enterprises can try.", 190),
        (SECOND, "Two mills asked for fewer trials beside each other; handover and improvement get a limit too.", 41),
    ):
        set_rules(
            alliance,
            actor=role.user,
            release_rule=ReleaseRule.COMMITTEE,
            limits=limits,
            note=note,
            at=at - timedelta(days=days),
        )
