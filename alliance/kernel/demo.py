"""Demonstration content: each layer registers a loader; the command calls them from the bottom up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from alliance.kernel.registry import Registry

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance

WEAVING = "weaving"
"""Invented bilingual content of a weaving industry alliance."""
HORIZON = "horizon"
"""Rows of real open data: research organisations (ROR) and calls and deliverables of Horizon Europe (CORDIS)."""
FLAVOURS = (WEAVING, HORIZON)

LAYERS = ("alliance", "members", "groups", "operations", "services", "targets", "evaluation")
"""Order of loading: a layer may use what the layers before it loaded."""


class Loader(Protocol):
    """Loads one layer's demonstration content; running it again adds nothing."""

    def __call__(self, alliance: Alliance, *, flavour: str, data_dir: Path, at: datetime) -> None:
        """Load.

        Args:
            alliance: A demonstration alliance; the caller acts in it, in one transaction.
            flavour: ``weaving`` or ``horizon``.
            data_dir: Folder of the shipped data (``data/``).
            at: The moment that counts as now; all dates are set relative to it.
        """
        ...


loaders: Registry[Loader] = Registry("demonstration loader")


def in_order() -> list[tuple[str, Loader]]:
    """Registered loaders, lowest layer first.

    Raises:
        ValueError: A loader's name is no layer.
    """
    if unknown := [name for name in loaders if name not in LAYERS]:
        message = f"demonstration loaders of unknown layers: {', '.join(unknown)}"
        raise ValueError(message)
    return [(name, loaders.get(name)) for name in LAYERS if name in loaders]
