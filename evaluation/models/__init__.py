"""Models of evaluation."""

from evaluation.models.feedback import FeedbackResult

__all__ = ["FeedbackResult"]
