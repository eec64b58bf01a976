"""Events of the operational layer; each is owed in the transaction of its act (``alliance.kernel.events``)."""

from typing import Final

PRODUCT_STATE_CHANGED: Final = "operations.product_state_changed"
"""Payload: ``product`` (code), ``before``, ``after``."""

PRODUCT_RELEASED: Final = "operations.product_released"
"""Payload: ``product`` (code), ``version``."""

PRODUCT_CHANGED: Final = "operations.product_changed"
"""The texts of a product changed. Payload: ``product`` (code)."""

PRODUCT_RETIRED: Final = "operations.product_retired"
"""Payload: ``product`` (code)."""

PILOT_OPENED: Final = "operations.pilot_opened"
"""Payload: ``product`` (code), ``round``."""

PILOT_DECIDED: Final = "operations.pilot_decided"
"""Payload: ``product`` (code), ``round``, ``outcome`` (a PilotState)."""

PIECE_PUBLISHED: Final = "operations.piece_published"
"""A piece is out. Payload: ``product`` (code), ``piece`` (code), ``version``."""

PIECE_WITHDRAWN: Final = "operations.piece_withdrawn"
"""Payload: ``product`` (code), ``piece`` (code), ``was_published``."""
