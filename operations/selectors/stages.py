"""The five stages of the board, and which states stand in each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy

from operations.choices import ProductState

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

COLUMNS: Final[tuple[tuple[str, StrOrPromise, str, frozenset[str]], ...]] = (
    ("draft", gettext_lazy("Draft"), "c6", frozenset({ProductState.DRAFT, ProductState.IN_REVIEW})),
    ("transforming", gettext_lazy("Transformed"), "c3", frozenset({ProductState.TRANSFORMING})),
    ("piloting", gettext_lazy("In pilot"), "c4", frozenset({ProductState.PILOTING})),
    ("improving", gettext_lazy("Improving"), "c5", frozenset({ProductState.IMPROVING})),
    ("released", gettext_lazy("Released"), "c2", frozenset({ProductState.RELEASED})),
)
"""Key, label, colour and states of each stage; a draft under review stays in the first."""
LIMITED: Final = ("draft", "transforming", "piloting", "improving")
"""Stages that may have a limit; what is released is done."""


def column_of(state: str) -> str:
    """The board's stage of a state; empty for retired and withdrawn products."""
    return next((key for key, _label, _colour, states in COLUMNS if state in states), "")


def states_of(stage: str) -> frozenset[str]:
    """States that stand in a stage."""
    return next((states for key, _label, _colour, states in COLUMNS if key == stage), frozenset())


def stage_label(stage: str) -> StrOrPromise:
    """A stage in words."""
    return next((label for key, label, _colour, _states in COLUMNS if key == stage), stage)
