"""Seals the audit log: pending entries become leaves of the alliance's tree, and a signed head is stored (security.md section 4(a)).

One batch is one transaction of six statements whatever its length; the leaf hashes are made where the records lie. A row that
commits late is in the next batch, so gaps and clocks play no part.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.db import connection, transaction

from alliance.kernel import faults, merkle, signing
from alliance.kernel.addresses import absolute_url
from alliance.kernel.turns import take_turns
from alliance.models import TreeHead

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance

logger = logging.getLogger(__name__)

BATCH = 10_000
"""Entries under one head at most; what is left goes under the next."""

_LEAVES = """
INSERT INTO alliance_auditleaf (alliance_id, seq, entry_id, hash)
SELECT %(alliance)s, %(size)s + row_number() OVER (ORDER BY pending.id) - 1, pending.entry_id, pending.hash
FROM (
    SELECT p.id, p.entry_id, sha256('\\x00'::bytea || convert_to(e.record, 'UTF8')) AS hash
    FROM alliance_auditpending p JOIN alliance_auditentry e ON e.alliance_id = p.alliance_id AND e.id = p.entry_id
    WHERE p.alliance_id = %(alliance)s
    ORDER BY p.id
    LIMIT %(most)s
) pending
RETURNING seq, hash
"""


@dataclass(frozen=True, slots=True)
class Sealed:
    """What one batch did."""

    entries: int
    size: int


def seal_soon(alliance: Alliance) -> None:
    """Have the log sealed right after the running transaction commits, for acts that matter.

    Votes, signatures, payments and publications ask for it. A lost wake-up is made good by the periodic sealing.
    """
    from alliance.tasks import wake_sealer  # noqa: PLC0415 - tasks import actions

    transaction.on_commit(partial(wake_sealer, alliance.pk), robust=True)


def origin_of(alliance: Alliance, last: TreeHead | None) -> str:
    """The name of the alliance's log; the one of its first head for good, so that a new host name makes no new log."""
    if last is not None:
        return last.note.partition("\n")[0]
    host = urlsplit(absolute_url(alliance, "log_head")).netloc
    return f"{host}/a/{alliance.slug}/log"


@transaction.atomic
def seal_batch(alliance: Alliance, *, at: datetime, most: int = BATCH) -> Sealed:
    """Seal the oldest pending entries, ``most`` at most; two sealers of one alliance take turns.

    Args:
        alliance: The tenant, announced.
        at: Moment written beside the head; nothing is ordered by it.
        most: Longest batch.

    Returns:
        How many entries were sealed, and how many are sealed in all.

    Raises:
        SigningKeyError: The key that signed the last head is not in the key folder.
    """
    take_turns(alliance, "sealing")
    with connection.cursor() as cursor:
        faults.point("seal.locked")
        last = TreeHead.objects.of(alliance).order_by("-size").first()
        size = last.size if last else 0
        cursor.execute(_LEAVES, {"alliance": alliance.pk, "size": size, "most": most})
        rows = sorted(cursor.fetchall())
        if not rows:
            return Sealed(0, size)
        faults.point("seal.leaves_written")
        key = _key_after(last)
        edge = merkle.unpack(bytes(last.frontier)) if last else []
        frontier, new_size = merkle.append(edge, size, (bytes(digest) for _seq, digest in rows))
        root = merkle.root_of(frontier)
        note = signing.sign(key, origin_of(alliance, last), new_size, root)
        TreeHead.objects.create(
            alliance=alliance, size=new_size, root=root, frontier=merkle.pack(frontier), at=at, note=note
        )
        faults.point("seal.head_written")
        cursor.execute("SELECT app.drop_sealed_pending(%s, %s)", [size, new_size])
        faults.point("seal.pending_dropped")
    return Sealed(len(rows), new_size)


def _key_after(last: TreeHead | None) -> Any:
    """The key to sign the next head with: the one that signed the last, or its declared successor."""
    key = signing.signing_key(make=last is None)
    if last is not None and signing.key_of(last.note) is None:
        raise signing.SigningKeyError
    return key
