"""The sealed log: how far it is sealed, its heads, and proofs about it."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from django.core.cache import cache
from django.db import connection

from alliance.kernel import merkle, signing
from alliance.models import AuditLeaf, TreeHead
from alliance.selectors.audit import latest_head

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from alliance.models import Alliance

EXPORT = "alliance.export_audit"
PROVE = "alliance.prove_audit"
TILE = 1024
"""Leaves whose common root is kept in the cache, so that a proof reads few leaves of a long log."""
TILE_SECONDS = 7 * 24 * 3600
LATE_SECONDS = 300
"""An entry that waits longer than this for its seal is told as a fault."""

_STATE = """
SELECT count(*), min(e.at), count(*) FILTER (WHERE e.id IS NULL),
       coalesce(extract(epoch FROM now() - min(e.at)), 0)
FROM alliance_auditpending p
LEFT JOIN alliance_auditentry e ON e.alliance_id = p.alliance_id AND e.id = p.entry_id
WHERE p.alliance_id = %s
"""
_STRAYS = """
SELECT (SELECT coalesce(max(size), 0) FROM alliance_treehead WHERE alliance_id = %(a)s),
       (SELECT count(*) FROM alliance_treehead WHERE alliance_id = %(a)s),
       (SELECT count(*) FROM alliance_auditpending WHERE alliance_id = %(a)s),
       (SELECT count(*) FROM alliance_auditleaf l WHERE l.alliance_id = %(a)s
           AND (l.seq < 0 OR l.seq >= (SELECT coalesce(max(size), 0) FROM alliance_treehead WHERE alliance_id = %(a)s)))
     + (SELECT count(*) FROM alliance_auditentry e WHERE e.alliance_id = %(a)s
           AND NOT EXISTS (SELECT 1 FROM alliance_auditleaf l WHERE l.alliance_id = e.alliance_id AND l.entry_id = e.id)
           AND NOT EXISTS (SELECT 1 FROM alliance_auditpending p WHERE p.alliance_id = e.alliance_id AND p.entry_id = e.id))
"""


@dataclass(frozen=True, slots=True)
class SealState:
    """How far the log is sealed.

    Attributes:
        head: Last signed head.
        pending: Entries that wait for the next seal.
        oldest: Moment of the oldest of them.
        lost: Entries that were to be sealed and are no longer there.
        is_late: The oldest waits for longer than sealing ever takes.
        signed_by: Verifier key of whoever signed the head; empty when no known key did.
    """

    head: TreeHead | None
    pending: int
    oldest: datetime | None
    lost: int
    is_late: bool
    signed_by: str


@dataclass(frozen=True, slots=True)
class Extent:
    """What an export holds, seen at one moment."""

    size: int
    heads: int
    pending: int
    strays: int


def seal_state(alliance: Alliance) -> SealState:
    """How far the log is sealed; two queries."""
    head = latest_head(alliance)
    with connection.cursor() as cursor:
        cursor.execute(_STATE, [alliance.pk])
        pending, oldest, lost, age = cursor.fetchone()
    return SealState(head, pending, oldest, lost, age > LATE_SECONDS, verifier_of(head))


def verifier_of(head: TreeHead | None) -> str:
    """The key that signed a head, as ``verify_log.py --key`` takes it; empty when no known key did."""
    public = signing.key_of(head.note) if head is not None else None
    return signing.verifier_key(signing.parse(head.note).origin, public) if head is not None and public else ""


def verifiers_of(alliance: Alliance) -> list[str]:
    """Every key this log may have been signed with, the present one last; one query."""
    head = latest_head(alliance)
    present = signing.public_key()
    if head is None or present is None:
        return []
    origin = head.note.partition("\n")[0]
    return [signing.verifier_key(origin, public) for public in [*signing.retired_keys(), present]]


def list_heads(alliance: Alliance, limit: int = 20) -> list[TreeHead]:
    """The latest heads, newest first; one query."""
    return list(TreeHead.objects.of(alliance).order_by("-size")[:limit])


def measure(alliance: Alliance) -> Extent:
    """Size of the sealed log and what stands beside it although it should not, in one statement: one moment."""
    with connection.cursor() as cursor:
        cursor.execute(_STRAYS, {"a": alliance.pk})
        size, heads, pending, strays = cursor.fetchone()
    return Extent(size, heads, pending, strays)


def prove_inclusion(alliance: Alliance, entry_id: UUID) -> dict[str, Any] | None:
    """Proof that one entry stands in the log of the last head; None when it is not (yet) sealed.

    The document is what ``verify_log.py`` takes.
    """
    from alliance.models import AuditEntry  # noqa: PLC0415 - beside its only use

    leaf = AuditLeaf.objects.of(alliance).filter(entry_id=entry_id).first()
    head = latest_head(alliance)
    if leaf is None or head is None or leaf.seq >= head.size:
        return None
    record = AuditEntry.objects.of(alliance).filter(pk=entry_id).values_list("record", flat=True).first()
    if record is None:
        return None
    root = bytes(head.root)

    def fits(proof: list[bytes]) -> bool:
        return merkle.includes(bytes(leaf.hash), leaf.seq, head.size, proof, root)

    proof = _proof(alliance, head.size, fits, partial(merkle.inclusion_proof, index=leaf.seq, size=head.size))
    return {
        "format": "alliance-audit-inclusion",
        "entry": str(entry_id),
        "index": leaf.seq,
        "record": record,
        "proof": [base64.b64encode(part).decode() for part in proof],
        "head": head.note,
    }


def prove_consistency(alliance: Alliance, size: int) -> dict[str, Any] | None:
    """Proof that the log of the last head begins with the one of ``size`` entries; None when there is no such beginning."""
    head = latest_head(alliance)
    if head is None or not 0 < size <= head.size:
        return None
    known = TreeHead.objects.of(alliance).filter(size=size).first()

    def fits(proof: list[bytes]) -> bool:
        return known is None or merkle.extends(size, bytes(known.root), head.size, bytes(head.root), proof)

    proof = _proof(alliance, head.size, fits, partial(merkle.consistency_proof, old=size, new=head.size))
    return {
        "format": "alliance-audit-consistency",
        "from": size,
        "to": head.size,
        "proof": [base64.b64encode(part).decode() for part in proof],
        "head": head.note,
    }


def _proof(alliance: Alliance, size: int, fits: Any, make: Any) -> list[bytes]:
    """A proof from kept tiles; made anew from the leaves when it does not fit, as after a restored backup."""
    proof: list[bytes] = make(partial(_subtree, alliance))
    if not fits(proof):
        cache.delete_many([_tile_key(alliance, number) for number in range(size // TILE + 1)])
        proof = make(partial(_subtree, alliance))
    return proof


def _tile_key(alliance: Alliance, number: int) -> str:
    return f"audit-tile:{alliance.pk}:{number}"


def _leaves(alliance: Alliance, start: int, end: int) -> list[bytes]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(hash, ''::bytea ORDER BY seq) FROM alliance_auditleaf "
            "WHERE alliance_id = %s AND seq >= %s AND seq < %s",
            [alliance.pk, start, end],
        )
        return merkle.unpack(bytes(cursor.fetchone()[0] or b""))


def _subtree(alliance: Alliance, start: int, end: int) -> bytes:
    """Root over the leaves from ``start`` to ``end``; a subtree begins at a multiple of its own length."""
    if end - start <= TILE:
        return merkle.root_over(_leaves(alliance, start, end))
    first, last = start // TILE, end // TILE
    keys = {_tile_key(alliance, number): number for number in range(first, last)}
    kept = {keys[key]: value for key, value in cache.get_many(list(keys)).items()}
    missing = [number for number in range(first, last) if number not in kept]
    made = {}
    for begin in range(0, len(missing), 64):
        run = missing[begin : begin + 64]
        leaves = _leaves(alliance, run[0] * TILE, (run[-1] + 1) * TILE)
        for number in run:
            offset = (number - run[0]) * TILE
            made[number] = merkle.root_over(leaves[offset : offset + TILE])
    if made:
        cache.set_many({_tile_key(alliance, number): value for number, value in made.items()}, TILE_SECONDS)
        kept.update(made)
    edge, _size = merkle.append([], 0, (kept[number] for number in range(first, last)))
    if last * TILE < end:
        edge += merkle.append([], 0, _leaves(alliance, last * TILE, end))[0]
    return merkle.root_of(edge)
