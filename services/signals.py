"""Events of the service layer that upper layers hear, delivered exactly once after commit."""

from typing import Final

ENTRY_PUBLISHED: Final = "services.entry_published"
"""A catalogue entry was made; ``{"entry": code}``."""

ENTRY_WITHDRAWN: Final = "services.entry_withdrawn"
"""A catalogue entry is no longer offered; ``{"entry": code}``."""

RATING_CONFIRMED: Final = "services.rating_confirmed"
"""A client confirmed a rating, which counts from now on; ``{"entry": code, "rating": uuid}``."""
