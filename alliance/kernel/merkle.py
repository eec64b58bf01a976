"""Merkle trees as in RFC 6962, section 2.1: hashes, growth along the right edge, proofs. Pure functions, no storage.

A *frontier* is the right edge of a tree: the roots of the perfect subtrees that its size is the sum of, largest first, one per
set bit of the size. With it a tree grows by the cost of what is added, and its root is known, without any older leaf.

Source: B. Laurie, A. Langley, E. Kasper, "Certificate Transparency", RFC 6962 (2013), sections 2.1.1 and 2.1.2; the
checks of proofs follow RFC 9162 (2021), sections 2.1.3.2 and 2.1.4.2.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()

Subtree = Callable[[int, int], bytes]
"""Root of the subtree over the leaves from the first number up to, not including, the second."""


def leaf_hash(record: bytes) -> bytes:
    """Hash of one record; its prefix keeps a record from posing as a node."""
    return hashlib.sha256(b"\x00" + record).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of a node with two children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def append(frontier: Sequence[bytes], size: int, leaves: Iterable[bytes]) -> tuple[list[bytes], int]:
    """The frontier and the size of a tree after leaves were added at its end.

    Args:
        frontier: Right edge of the tree so far, largest subtree first.
        size: Leaves so far.
        leaves: Hashes of the new leaves, in order.

    Raises:
        ValueError: The frontier is not one of a tree of this size.
    """
    if len(frontier) != size.bit_count():
        message = f"a tree of {size} leaves has a frontier of {size.bit_count()} hashes, not {len(frontier)}"
        raise ValueError(message)
    edge = list(frontier)
    sha256 = hashlib.sha256
    for leaf in leaves:
        node, merged = leaf, size
        while merged & 1:
            node = sha256(b"\x01" + edge.pop() + node).digest()
            merged >>= 1
        edge.append(node)
        size += 1
    return edge, size


def root_of(frontier: Sequence[bytes]) -> bytes:
    """The root of the tree with this frontier."""
    if not frontier:
        return EMPTY_ROOT
    root = frontier[-1]
    for node in reversed(frontier[:-1]):
        root = node_hash(node, root)
    return root


def pack(frontier: Sequence[bytes]) -> bytes:
    """A frontier as it is stored."""
    return b"".join(frontier)


def unpack(stored: bytes) -> list[bytes]:
    """A stored frontier."""
    return [stored[start : start + HASH_BYTES] for start in range(0, len(stored), HASH_BYTES)]


def root_over(leaves: Iterable[bytes]) -> bytes:
    """The root over leaf hashes."""
    return root_of(append([], 0, leaves)[0])


def split(size: int) -> int:
    """The largest power of two smaller than a size of at least 2: where a tree is cut into left and right."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion_proof(subtree: Subtree, index: int, size: int) -> list[bytes]:
    """The audit path of a leaf in the tree of the first ``size`` leaves, from the leaf upwards.

    Raises:
        ValueError: There is no such leaf in such a tree.
    """
    if not 0 <= index < size:
        message = f"a tree of {size} leaves has no leaf number {index}"
        raise ValueError(message)
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + split(end - start)
        if index < middle:
            path.append(subtree(middle, end))
            end = middle
        else:
            path.append(subtree(start, middle))
            start = middle
    return path[::-1]


def consistency_proof(subtree: Subtree, old: int, new: int) -> list[bytes]:
    """Proof that the tree of the first ``old`` leaves is the beginning of that of the first ``new``.

    Raises:
        ValueError: Not 0 < old <= new.
    """
    if not 0 < old <= new:
        message = f"a tree of {old} leaves is not the beginning of one of {new}"
        raise ValueError(message)
    path: list[bytes] = []
    start, end, whole = 0, new, True
    while old != end:
        middle = start + split(end - start)
        if old <= middle:
            path.append(subtree(middle, end))
            end = middle
        else:
            path.append(subtree(start, middle))
            start, whole = middle, False
    if not whole:
        path.append(subtree(start, end))
    return path[::-1]


def includes(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether a proof shows that a leaf stands at this place of the tree with this size and root."""
    if not 0 <= index < size:
        return False
    place, last, node = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            node = node_hash(sibling, node)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and node == root


def extends(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether a proof shows that the tree with the old size and root is the beginning of the new one."""
    if not 0 < old <= new:
        return False
    if old == new:
        return not proof and old_root == new_root
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        return False
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    first = second = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            second = node_hash(second, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and first == old_root and second == new_root
