"""Demonstration content of the organisational layer."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from alliance.kernel.demo import HORIZON, WEAVING
from groups.actions.demo_charter import load_charter, load_consortia_and_disputes, load_responsibilities
from groups.actions.demo_guard import load_guard, load_levels
from groups.actions.demo_meetings import load_meetings
from groups.actions.demo_motions import load_motions
from groups.actions.group import establish_groups, join_eligible
from groups.choices import OPEN_GROUPS
from groups.models import GroupMembership, VirtualGroup
from members.actions.demo import midnight
from members.models import Institution

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from alliance.models import Alliance


def load(alliance: Alliance, *, flavour: str, data_dir: Path, at: datetime) -> None:
    """Establish the groups and fill their seats; running it again adds nothing.

    In the invented alliance seats are as written in its table. Real institutions take the seats their kind makes them
    eligible for, which is their place in the demonstration; no convenor is named and no element noted, so its matrix
    shows gaps on purpose.
    """
    establish_groups(alliance, actor=None, at=at)
    if flavour == WEAVING:
        _seat_weaving(alliance, data_dir / "demo" / "institution_groups.csv")
        load_charter(alliance, data_dir=data_dir, at=at)
        load_motions(alliance, at=at)
        load_meetings(alliance, at=at)
        load_responsibilities(alliance, data_dir=data_dir, at=at)
        load_consortia_and_disputes(alliance, at=at)
        load_guard(alliance, at=at)
        load_levels(alliance, at=at)
    elif flavour == HORIZON:
        for kind in OPEN_GROUPS:
            join_eligible(alliance, kind, note_elements=False, actor=None, at=at)


def _seat_weaving(alliance: Alliance, path: Path) -> None:
    groups = dict(VirtualGroup.objects.of(alliance).values_list("kind", "id"))
    institutions = dict(Institution.objects.of(alliance).values_list("code", "id"))
    held = set(GroupMembership.objects.of(alliance).values_list("group_id", "institution_id"))
    with path.open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    GroupMembership.objects.bulk_create(
        [
            GroupMembership(
                alliance=alliance,
                group_id=groups[row["group"]],
                institution_id=institutions[row["institution"]],
                role=row["role"],
                starts_at=midnight(row["from"]),
                ends_at=midnight(row["to"]) if row["to"] else None,
                exception_resolution=row["exception_resolution"],
            )
            for row in rows
            if (groups[row["group"]], institutions[row["institution"]]) not in held
        ]
    )
