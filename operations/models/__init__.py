"""Models of the operational layer."""

from operations.models.pilot import (
    CriterionScore,
    Defect,
    ImprovementTask,
    Pilot,
    PilotCriterion,
    PilotFeedback,
    PilotParticipant,
    PilotStep,
)
from operations.models.product import Product, ProductReview, ProductShare

__all__ = [
    "CriterionScore",
    "Defect",
    "ImprovementTask",
    "Pilot",
    "PilotCriterion",
    "PilotFeedback",
    "PilotParticipant",
    "PilotStep",
    "Product",
    "ProductReview",
    "ProductShare",
]
