"""Models of the target layer."""

from targets.models.objective import Measurement, Objective

__all__ = ["Measurement", "Objective"]
