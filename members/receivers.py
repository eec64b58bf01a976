"""What the element layer adds to the kernel and how it reacts to events."""

from __future__ import annotations

from alliance.kernel.permissions import grant_providers
from members.permissions import institution_grants

grant_providers.register("members", institution_grants)
