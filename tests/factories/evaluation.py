"""Rows of evaluation; call inside ``act``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from evaluation.actions.feedback import compute_feedback
from tests.factories.services import make_entry, make_rating

if TYPE_CHECKING:
    from alliance.models import Alliance
    from evaluation.models import FeedbackResult


def make_result(alliance: Alliance, marks: list[int]) -> FeedbackResult:
    """The computed feedback of a new service with these marks."""
    entry = make_entry(alliance)
    for mark in marks:
        make_rating(entry, mark)
    return compute_feedback(alliance, entry.code, at=timezone.now())
