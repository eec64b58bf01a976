from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import verify_log
from alliance.kernel import merkle

LEAVES = [merkle.leaf_hash(f"record {number}".encode()) for number in range(130)]


def naive_root(leaves: Sequence[bytes]) -> bytes:
    """The definition of RFC 6962, section 2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    cut = 1
    while cut * 2 < len(leaves):
        cut *= 2
    return hashlib.sha256(b"\x01" + naive_root(leaves[:cut]) + naive_root(leaves[cut:])).digest()


def subtree(start: int, end: int) -> bytes:
    return naive_root(LEAVES[start:end])


def test_130_tree_sizes_grow_to_the_root_of_the_definition() -> None:
    edge: list[bytes] = []
    for size in range(1, 131):
        edge, grown = merkle.append(edge, size - 1, [LEAVES[size - 1]])
        assert grown == size
        assert len(edge) == size.bit_count()
        assert merkle.root_of(edge) == naive_root(LEAVES[:size]) == verify_log.root_of(verify_log.grow([], 0, LEAVES[:size]))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 30), max_size=8))
def test_batches_of_any_length_lead_to_the_same_tree(batches: list[int]) -> None:
    edge: list[bytes] = []
    size = 0
    for length in batches:
        taken = (LEAVES * 2)[size : size + length]
        edge, size = merkle.append(edge, size, taken)
    assert merkle.root_of(edge) == naive_root((LEAVES * 2)[:size])
    assert merkle.unpack(merkle.pack(edge)) == edge


def test_every_entry_of_every_size_has_a_proof_that_both_programs_accept() -> None:
    for size in (*range(1, 34), 63, 64, 65, 100, 130):
        root = naive_root(LEAVES[:size])
        for index in range(0, size, 1 if size < 34 else 7):
            proof = merkle.inclusion_proof(subtree, index, size)
            assert merkle.includes(LEAVES[index], index, size, proof, root)
            assert verify_log.includes(LEAVES[index], index, size, proof, root)
            assert not merkle.includes(LEAVES[(index + 1) % 130], index, size, proof, root)
            if size > 1:
                assert not merkle.includes(LEAVES[index], (index + 1) % size, size, proof, root)
                assert not verify_log.includes(LEAVES[index], index, size, proof[:-1], root)


def test_every_older_tree_is_proved_to_be_the_beginning_of_a_newer_one() -> None:
    for new in (*range(1, 34), 64, 65, 130):
        for old in range(1, new + 1, 1 if new < 34 else 5):
            before, after = naive_root(LEAVES[:old]), naive_root(LEAVES[:new])
            proof = merkle.consistency_proof(subtree, old, new)
            for check in (merkle.extends, verify_log.extends):
                assert check(old, before, new, after, proof)
                assert not check(old, naive_root([*LEAVES[: old - 1], b"x" * 32]), new, after, proof)
                assert old == new or not check(old, before, new, naive_root([*LEAVES[: new - 1], b"x" * 32]), proof)


def test_impossible_questions_are_refused() -> None:
    with pytest.raises(ValueError, match="no leaf number"):
        merkle.inclusion_proof(subtree, 5, 5)
    with pytest.raises(ValueError, match="not the beginning"):
        merkle.consistency_proof(subtree, 6, 5)
    with pytest.raises(ValueError, match="frontier"):
        merkle.append([], 3, [LEAVES[0]])
    assert not merkle.extends(0, b"", 5, b"", [])


# RFC 8032, section 7.1, tests 1 to 3 and 1024 left out for its length.
VECTORS = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]


@pytest.mark.parametrize(("public", "message", "signature"), VECTORS)
def test_the_checkers_own_ed25519_knows_the_vectors_of_its_standard(public: str, message: str, signature: str) -> None:
    key = verify_log.PublicKey(bytes.fromhex(public))
    good = bytes.fromhex(signature)
    assert key.verifies(good, bytes.fromhex(message))
    for place in (0, 31, 32, 63):
        bad = bytearray(good)
        bad[place] ^= 1
        assert not key.verifies(bytes(bad), bytes.fromhex(message))
    assert not key.verifies(good, bytes.fromhex(message) + b"x")
    high = int.from_bytes(good[32:], "little") + verify_log.L
    assert not key.verifies(good[:32] + high.to_bytes(32, "little"), bytes.fromhex(message))


def test_the_checkers_own_ed25519_agrees_with_the_library() -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    for number in range(12):
        private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(bytes([number])).digest())
        key = verify_log.PublicKey(private.public_key().public_bytes_raw())
        message = b"m" * number * 17
        assert key.verifies(private.sign(message), message)
        assert not key.verifies(private.sign(message + b"."), message)
