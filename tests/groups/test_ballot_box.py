"""Envelopes, codes, the box and its root; what totals give away."""

from __future__ import annotations

import itertools
import random

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from alliance.kernel import merkle
from groups.choices import Choice, ResultLevel
from groups.selectors import ballot_box, disclosure
from groups.selectors.ballot_box import Ballot, EnvelopeError
from groups.selectors.disclosure import Known

INFO = ballot_box.info_of("weaving", "m", "I-001")


def keys() -> tuple[X25519PrivateKey, bytes]:
    private = X25519PrivateKey.generate()
    return private, private.public_key().public_bytes_raw()


def test_an_envelope_opens_with_its_key_and_for_its_institution_only() -> None:
    private, public = keys()
    sealed = ballot_box.seal(public, INFO, Ballot("yes", "a" * 32))

    assert ballot_box.unseal(private, INFO, sealed) == Ballot("yes", "a" * 32)
    for wrong_key, info, text in (
        (keys()[0], INFO, sealed),
        (private, ballot_box.info_of("weaving", "m", "I-002"), sealed),
        (private, ballot_box.info_of("weaving", "other", "I-001"), sealed),
        (private, INFO, sealed[:-1] + bytes([sealed[-1] ^ 1])),
        (private, INFO, b""),
    ):
        with pytest.raises(EnvelopeError):
            ballot_box.unseal(wrong_key, info, text)


def test_envelopes_are_of_one_length_and_never_equal() -> None:
    _private, public = keys()
    envelopes = [ballot_box.seal(public, INFO, Ballot(choice, "b" * 32)) for choice in (*Choice.values, "yes")]

    assert {len(one) for one in envelopes} == {32 + 256 + 16}
    assert len(set(envelopes)) == 4


def test_the_envelope_is_hpke_as_its_standard_has_it() -> None:
    """Opened by the steps of RFC 9180 (sections 4.1, 5.1, 5.2), written out here from HKDF and AES-GCM alone."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.hmac import HMAC
    from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

    def extract(salt: bytes, label: bytes, ikm: bytes, suite: bytes) -> bytes:
        mac = HMAC(salt or bytes(32), SHA256())
        mac.update(b"HPKE-v1" + suite + label + ikm)
        return mac.finalize()

    def expand(key: bytes, label: bytes, info: bytes, length: int, suite: bytes) -> bytes:
        return HKDFExpand(SHA256(), length, length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info).derive(key)

    private, public = keys()
    sealed = ballot_box.seal(public, INFO, Ballot("no", "c" * 32))
    encapsulated, ciphertext = sealed[:32], sealed[32:]
    kem, suite = b"KEM" + bytes([0, 0x20]), b"HPKE" + bytes([0, 0x20, 0, 1, 0, 2])
    shared = private.exchange(X25519PublicKey.from_public_bytes(encapsulated))
    secret = expand(extract(b"", b"eae_prk", shared, kem), b"shared_secret", encapsulated + public, 32, kem)
    context = b"\x00" + extract(b"", b"psk_id_hash", b"", suite) + extract(b"", b"info_hash", INFO, suite)
    root = extract(secret, b"secret", b"", suite)
    key, nonce = expand(root, b"key", context, 32, suite), expand(root, b"base_nonce", context, 12, suite)

    plain = AESGCM(key).decrypt(nonce, ciphertext, b"")

    assert len(plain) == 256
    assert plain.rstrip() == b'["no","' + b"c" * 32 + b'"]'


@pytest.mark.parametrize(
    ("written", "code"),
    [("A1b2-" * 7 + "A1B2", "a1b2" * 8), (" " + "0" * 32, "0" * 32), ("0" * 31, None), ("g" * 32, None), ("", None)],
)
def test_a_code_is_read_as_people_write_it(written: str, code: str | None) -> None:
    assert ballot_box.read_code(written) == code
    assert code is None or ballot_box.read_code(ballot_box.spell_code(code)) == code


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 5), st.sampled_from(Choice.values)), max_size=20), st.booleans())
def test_the_box_holds_each_vote_with_its_weight_and_proves_each_row(votes: list[tuple[int, str]], weighted: bool) -> None:
    ballots = [(w if weighted else 1, Ballot(choice, ballot_box.new_code())) for w, choice in votes]

    rows = ballot_box.fill_box(ballots, weighted=weighted)
    root = ballot_box.root_of(rows)

    assert [row.code for row in rows] == sorted(row.code for row in rows)
    for choice in Choice.values:
        assert sum(row.choice == choice for row in rows) == sum(w for w, one in ballots if one.choice == choice)
    for weight, ballot in ballots:
        proofs = ballot_box.prove(rows, ballot_box.codes_of(ballot.code, weight, weighted=weighted))
        assert len(proofs) == weight
        for proof in proofs:
            path = [bytes.fromhex(node) for node in proof.path]
            assert proof.row.choice == ballot.choice
            assert merkle.includes(ballot_box.leaf_of(proof.row), proof.index, proof.size, path, bytes.fromhex(root))


def test_one_code_used_by_two_voters_counts_twice_and_stops_nothing() -> None:
    rows = ballot_box.fill_box([(1, Ballot("yes", "d" * 32)), (1, Ballot("no", "d" * 32))], weighted=False)

    assert sorted(row.choice for row in rows) == ["no", "yes"]
    assert len({row.code for row in rows}) == 2
    assert ballot_box.root_of(rows)


def test_a_root_says_nothing_without_the_salts() -> None:
    first, second = (ballot_box.fill_box([(1, Ballot("yes", "e" * 32))], weighted=False) for _ in range(2))

    assert ballot_box.root_of(first) != ballot_box.root_of(second)


# ------------------------------------------------------------------------------------------------- what totals tell


def known(*votes: tuple[int, str]) -> list[Known]:
    return [Known(place, weight, choice) for place, (weight, choice) in enumerate(votes)]


@pytest.mark.parametrize(
    ("votes", "level"),
    [
        ([(1, "yes")] * 6, ResultLevel.OUTCOME),
        ([(1, "yes")] * 5 + [(1, "no")], ResultLevel.TELLERS),  # the one who dissents knows the others
        ([(1, "yes")] * 4 + [(1, "no")] * 2, ResultLevel.TOTALS),
        ([(1, "yes")] * 3 + [(1, "no"), (1, "abstain")], ResultLevel.TOTALS),
        ([(1, "yes"), (1, "no")], ResultLevel.TELLERS),
        ([(1, "no")], ResultLevel.OUTCOME),
        ([], ResultLevel.TOTALS),
        ([(8, "yes"), *[(1, "no")] * 3, *[(1, "yes")] * 3], ResultLevel.OUTCOME),  # only one assignment of the 8 fits
    ],
)
def test_totals_are_told_only_if_they_give_nobody_away(votes: list[tuple[int, str]], level: str) -> None:
    assert disclosure.level_of(known(*votes)) == level


def test_whoever_voted_by_proxy_knows_more_and_counts_as_one_who_knows() -> None:
    votes = known((1, "yes"), (1, "yes"), (1, "yes"), (1, "no"), (1, "no"))
    assert disclosure.level_of(votes) == ResultLevel.TOTALS

    by_proxy = [*votes[:4], Known(votes[3].voter, 1, "no")]

    assert disclosure.level_of(by_proxy) == ResultLevel.TELLERS


def fits(weights: list[int], place: int, totals: tuple[int, int, int]) -> set[str]:
    """Choices of one voter over all assignments with these totals; by trying them all."""
    found = set()
    for choices in itertools.product(Choice.values, repeat=len(weights)):
        sums = tuple(sum(w for w, c in zip(weights, choices, strict=True) if c == one) for one in Choice.values)
        if sums == totals:
            found.add(choices[place])
    return found


def exposed(votes: list[Known]) -> bool:
    weights = [vote.weight for vote in votes]
    totals = tuple(sum(vote.weight for vote in votes if vote.choice == one) for one in Choice.values)
    return any(len(fits(weights, place, totals)) == 1 for place in range(len(votes)))  # type: ignore[arg-type]


def test_the_check_agrees_with_trying_every_assignment() -> None:
    chance = random.Random(4)
    levels = set()
    for _ in range(120):
        votes = known(*[(chance.randint(1, 4), chance.choice(Choice.values)) for _ in range(chance.randint(1, 6))])
        expected = ResultLevel.TOTALS
        if exposed(votes):
            expected = ResultLevel.OUTCOME
        elif any(exposed([one for one in votes if one.voter != vote.voter]) for vote in votes):
            expected = ResultLevel.TELLERS
        assert disclosure.level_of(votes) == expected
        levels.add(expected)
    assert levels == set(ResultLevel)


def test_the_check_takes_no_time_with_fifty_weighted_voters() -> None:
    chance = random.Random(5)
    weights = [3] + [chance.choice([1, 2, 5, 10, 20]) for _ in range(49)]

    assert disclosure.level_of(known(*[(w, chance.choice(Choice.values)) for w in weights])) in ResultLevel.values
