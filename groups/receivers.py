"""What the organisational layer adds to the kernel and how it reacts to events."""

from __future__ import annotations

from alliance.kernel.permissions import grant_providers
from groups.permissions import group_grants

grant_providers.register("groups", group_grants)
