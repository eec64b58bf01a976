"""Taking turns: named locks of one alliance that last until the transaction ends."""

from __future__ import annotations

import hashlib

from django.db import connection

from alliance.models import Alliance


def take_turns(alliance: Alliance, name: str, *, shared: bool = False) -> None:
    """Wait until nobody else holds this name in this alliance, then hold it until the transaction ends.

    For what no row can be locked for: the next free code, a chain that two changes could close together. Rows are
    locked as rows. Two names meet with a chance of 2 to the power of -64, and then wait for each other without harm.

    Args:
        alliance: The tenant.
        name: What is taken in turns, such as ``"codes:M"`` or ``"matter:product:P-029"``.
        shared: Many holders at once, none of whom lets an exclusive one in.
    """
    digest = hashlib.blake2b(f"{alliance.pk}:{name}".encode(), digest_size=8).digest()
    lock = "SELECT pg_advisory_xact_lock_shared(%s)" if shared else "SELECT pg_advisory_xact_lock(%s)"
    with connection.cursor() as cursor:
        cursor.execute(lock, [int.from_bytes(digest, "big", signed=True)])
