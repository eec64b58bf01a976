"""Demonstration of duplicates: a pair of invented members that the office compared and found to be two."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alliance.kernel.demo import WEAVING
from members.choices import DuplicateState
from members.models import DuplicatePair, Institution

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from alliance.models import Alliance

COMPARED = ("I-005", "I-007")
"""Two members whose names are near each other (data/demo/institutions.csv)."""


def load_pairs(alliance: Alliance, *, flavour: str, data_dir: Path, at: datetime) -> None:  # noqa: ARG001 - as all loaders
    """Load the pair; nothing for the alliance of real institutions. Running it again adds nothing."""
    if flavour != WEAVING:
        return
    pks = sorted(Institution.objects.of(alliance).filter(code__in=COMPARED).values_list("pk", flat=True))
    if len(pks) == len(COMPARED):
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
