"""Events of evaluation, delivered exactly once after commit."""

from typing import Final

FEEDBACK_COMPUTED: Final = "evaluation.feedback_computed"
"""A new feedback result is the latest one; ``{"entry": code}``."""
