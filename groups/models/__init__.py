"""Models of the organisational layer."""

from groups.models.conflict import ConflictOfInterest
from groups.models.group import GroupMembership, VirtualGroup

__all__ = ["ConflictOfInterest", "GroupMembership", "VirtualGroup"]
