"""Motions that a leaving member has put and that are not decided."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from alliance.actions.audit import record_audit
from alliance.kernel.permissions import require
from groups.actions.motion import withdraw_motion
from groups.choices import MotionState
from groups.models import Motion
from groups.permissions import RUN_MOTION
from members.selectors.duties import Duty

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from alliance.models import Alliance, User
    from members.models import Institution


def motion_duties(alliance: Alliance, institution: Institution, at: datetime) -> Iterable[Duty]:  # noqa: ARG001 - a provider's form
    """Undecided motions put by an institution; one query."""
    rows = (
        Motion.objects.of(alliance)
        .filter(proposer=institution, state__in=[MotionState.DRAFT, MotionState.OPEN])
        .order_by("created_at", "id")
    )
    return [
        Duty(
            label=_("Motion %(code)s that it has put") % {"code": motion.code},
            url_name="motion_detail",
            url_kwargs={"code": motion.code},
            key=f"motion:{motion.code}",
            hand_over=partial(hand_over_motion, alliance, motion.code),
        )
        for motion in rows
    ]


@transaction.atomic
def hand_over_motion(alliance: Alliance, code: str, to: Institution | None, *, actor: User, at: datetime) -> None:
    """Let another member put a motion instead of the one that leaves.

    Without a successor a draft is withdrawn, and an open vote is the secretariat's from then on.

    Raises:
        PermissionRefusedError: The actor may not run motions.
    """
    motion = Motion.objects.of(alliance).select_for_update(of=("self",)).select_related("proposer").get(code=code)
    require(actor, RUN_MOTION, motion)
    if to is None and motion.state == MotionState.DRAFT:
        withdraw_motion(alliance, code, reason="", actor=actor, at=at)
        return
    before = motion.proposer.code if motion.proposer else None
    motion.proposer = to
    motion.save(update_fields=["proposer"])
    record_audit(
        motion,
        actor=actor,
        verb="hand_over_motion",
        before={"proposer": before},
        after={"proposer": to.code if to else None},
        at=at,
    )
