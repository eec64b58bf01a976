"""Demonstration of duplicates: a pair that waits for the office, and one it compared and found to be two."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from alliance.kernel.demo import WEAVING
from members.actions.duplicate import note_twins
from members.actions.standing import set_standing
from members.choices import DuplicateState, InstitutionKind, InstitutionState
from members.models import DuplicatePair, Institution
from members.selectors.institution_values import Entry, check_entry

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from alliance.models import Alliance

COMPARED = ("I-005", "I-007")
"""Two members whose names are near each other (data/demo/institutions.csv)."""
OLD_ENTRY = "L-017"
"""Invented: the think tank I-005 as an older list of members had it, taken over by hand without its registry code."""


def load_pairs(alliance: Alliance, *, flavour: str, data_dir: Path, at: datetime) -> None:  # noqa: ARG001 - as all loaders
    """Load the pairs; nothing for the alliance of real institutions. Running it again adds nothing."""
    if flavour != WEAVING:
        return
    pks = sorted(Institution.objects.of(alliance).filter(code__in=COMPARED).values_list("pk", flat=True))
    if len(pks) != len(COMPARED):
        return
    DuplicatePair.objects.of(alliance).get_or_create(
        first_id=pks[0],
        second_id=pks[1],
        defaults={
            "alliance": alliance,
            "score": 0,
            "state": DuplicateState.DISMISSED,
            "found_at": at,
            "decided_at": at,
        },
    )
    if not Institution.objects.of(alliance).filter(code=OLD_ENTRY).exists():
        _add_old_entry(alliance, at)


def _add_old_entry(alliance: Alliance, at: datetime) -> None:
    entry = check_entry(
        kind=InstitutionKind.INDUSTRY_THINK_TANK,
        name_en="Nansuo Light Industry Economics Institute",
        name_zh="南梭轻工经济研究院",
        country="CN",
        region="440300",
        registry_code="",
        web="",
        contact_email="",
    )
    if not isinstance(entry, Entry):
        message = f"demonstration institution {OLD_ENTRY}: {entry}"
        raise TypeError(message)
    member = Institution.objects.of(alliance).get(code=COMPARED[0])
    institution = Institution.objects.create(
        alliance=alliance,
        code=OLD_ENTRY,
        state=InstitutionState.LAPSED,
        joined_on=date(2021, 3, 18),
        source=member.source,
        **entry._asdict(),
    )
    set_standing(institution, InstitutionState.LAPSED, at=at)
    note_twins(institution, at=at)
