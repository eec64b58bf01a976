"""Demonstration content of evaluation: the figures of the marks that the service layer loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evaluation.actions.feedback import compute_feedback
from services.models import CatalogueEntry

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from alliance.models import Alliance


def load(alliance: Alliance, *, flavour: str, data_dir: Path, at: datetime) -> None:  # noqa: ARG001 - the loader's signature
    """Compute; running it again adds nothing, because the marks have not changed."""
    rated = CatalogueEntry.objects.of(alliance).filter(ratings__isnull=False).distinct()
    for code in rated.order_by("code").values_list("code", flat=True):
        compute_feedback(alliance, code, at=at)
