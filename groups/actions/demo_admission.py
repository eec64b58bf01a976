"""Admission before the bodies of the invented alliance: a vote that is open, one that admitted, one that did not."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from alliance.kernel.demo import WEAVING
from groups.actions.admission import ADMISSION, put_to_committee
from groups.actions.motion import apply_effect, cast_vote, close_motion
from groups.choices import Choice, GroupKind
from groups.models import Motion, VirtualGroup
from groups.selectors.electors import list_electors
from members.actions.application import give_reasons
from members.choices import ApplicationState, StaffRole
from members.models import Application, InstitutionStaff

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from alliance.models import Alliance, User
    from members.models import Institution


def load_admission(alliance: Alliance, *, flavour: str, data_dir: Path, at: datetime) -> None:
    """Put the applications that say so to the committee; running it again adds nothing."""
    if flavour != WEAVING or Motion.objects.of(alliance).filter(effect=ADMISSION).exists():
        return
    rows = json.loads((data_dir / "demo" / "applications.json").read_text(encoding="utf-8"))
    for row in rows:
        if "vote" not in row:
            continue
        application = (
            Application.objects.of(alliance)
            .filter(state=ApplicationState.COMPLETE, registry_code=row["values"]["registry_code"])
            .select_related("screened_by")
            .first()
        )
        if application is not None and application.screened_by is not None:
            _put(alliance, application, application.screened_by, row["vote"], str(row.get("reason", "")), at)


def _put(alliance: Alliance, application: Application, office: User, outcome: str, reason: str, at: datetime) -> None:
    is_open = outcome == "open"
    opened = at - timedelta(days=2) if is_open else application.created_at + timedelta(days=4)
    closes = opened + timedelta(days=12)
    motion = put_to_committee(alliance, application.code, closes_at=closes, actor=office, at=opened)
    committee = VirtualGroup.objects.of(alliance).get(kind=GroupKind.COMMITTEE)
    voters = _voters(alliance, list(list_electors(alliance, committee, opened)), opened)
    if is_open:
        voters = [(one, user) for one, user in voters if user.email.startswith("rep.")][:2]
    for place, (institution, user) in enumerate(voters):
        for_it = outcome != "rejected" or place == 0
        cast_vote(
            alliance,
            motion.code,
            institution_code=institution.code,
            choice=Choice.YES if for_it else Choice.NO,
            actor=user,
            at=opened + timedelta(hours=3, minutes=place),
        )
    if is_open:
        return
    close_motion(alliance, motion.code, at=closes)
    apply_effect(alliance, motion.code, at=closes)
    if reason:
        give_reasons(alliance, application.code, reason=reason, actor=office, at=closes + timedelta(hours=2))


def _voters(alliance: Alliance, institutions: list[Institution], at: datetime) -> list[tuple[Institution, User]]:
    found = []
    for institution in institutions:
        staff = (
            InstitutionStaff.objects.of(alliance)
            .at(at)
            .filter(institution=institution, role=StaffRole.REPRESENTATIVE)
            .select_related("user")
            .order_by("id")
            .first()
        )
        if staff is not None:
            found.append((institution, staff.user))
    return found
