"""The parts of a secret ballot that need no storage: envelopes, codes, the box and its root (security.md section 4(b)).

An envelope is HPKE (RFC 9180, base mode; X25519, HKDF-SHA256, AES-256-GCM) of choice and receipt code under the motion's public
key, always of one length. The box is the list of ``code|choice|salt`` sorted by code; its root is a Merkle root as in RFC 6962,
section 2.1. The salt keeps a neighbour's hash, which a proof shows, from being guessed: there are three choices only.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from alliance.kernel import merkle
from groups.choices import Choice

PLAIN_BYTES = 256
"""Length of what is sealed; all envelopes look alike."""
CODE_BYTES = 16
CODE = re.compile(r"[0-9a-f]{32}")
SALT_BYTES = 16
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


class EnvelopeError(ValueError):
    """The envelope does not open with this key for this institution, or holds no ballot."""


@dataclass(frozen=True, slots=True)
class Ballot:
    """What an envelope holds."""

    choice: str
    code: str


@dataclass(frozen=True, slots=True, order=True)
class Row:
    """One row of the box, in the order of the box."""

    code: str
    choice: str
    salt: str


def new_code() -> str:
    """A receipt code made here, for a voter whose browser made none."""
    return secrets.token_hex(CODE_BYTES)


def read_code(written: str) -> str | None:
    """A code as somebody wrote it (capitals, blanks and hyphens do not matter), or None if it is none."""
    code = re.sub(r"[\s\-\u2010-\u2015]", "", written).lower()
    return code if CODE.fullmatch(code) else None


def spell_code(code: str) -> str:
    """A code in groups of four, for reading aloud and typing off."""
    return "-".join(code[place : place + 4] for place in range(0, len(code), 4))


def info_of(log: str, motion: str, institution: str) -> bytes:
    """What an envelope is bound to: it opens for this log, motion and institution only."""
    return json.dumps(["alliance-ballot-1", log, motion, institution], separators=(",", ":")).encode()


def seal(public_key: bytes, info: bytes, ballot: Ballot) -> bytes:
    """An envelope.

    Args:
        public_key: X25519 public key of the motion, 32 bytes.
        info: From :func:`info_of`.
        ballot: Choice and code.
    """
    text = json.dumps([ballot.choice, ballot.code], separators=(",", ":")).encode()
    return _SUITE.encrypt(text.ljust(PLAIN_BYTES, b" "), X25519PublicKey.from_public_bytes(public_key), info=info)


def unseal(private_key: X25519PrivateKey, info: bytes, sealed: bytes) -> Ballot:
    """What an envelope holds.

    Raises:
        EnvelopeError: Another key or another institution, changed, or not a ballot.
    """
    try:
        choice, code = json.loads(_SUITE.decrypt(sealed, private_key, info=info))
    except (InvalidTag, ValueError, TypeError) as error:
        raise EnvelopeError from error
    if choice not in Choice.values or not isinstance(code, str) or not CODE.fullmatch(code):
        raise EnvelopeError
    return Ballot(choice, code)


def unit_code(code: str, number: int) -> str:
    """The code of one unit of a vote that weighs more than one: nobody without the code sees that units belong together."""
    return hashlib.sha256(f"{code}|{number}".encode()).hexdigest()


def repeated_code(code: str, number: int) -> str:
    """The code of a further ballot that came with a code already used.

    A code is made in the voter's browser, so two voters who work together can send the same one. Their ballots must both
    count, and must not stop the close.
    """
    return hashlib.sha256(f"{code}|again|{number}".encode()).hexdigest()


def fill_box(ballots: Iterable[tuple[int, Ballot]], *, weighted: bool) -> list[Row]:
    """The rows of the box, sorted by code.

    Args:
        ballots: Weight and ballot.
        weighted: Whether votes weigh differently in this motion; each is then as many unit rows as it weighs.
    """
    met: Counter[str] = Counter()
    rows = []
    for weight, ballot in sorted(ballots, key=lambda pair: (pair[1].code, pair[1].choice, pair[0])):
        code = ballot.code
        if met[ballot.code]:
            code = repeated_code(ballot.code, met[ballot.code])
        met[ballot.code] += 1
        if not weighted and weight != 1:
            message = "a weight in a motion in which all votes weigh the same"
            raise ValueError(message)
        codes = [unit_code(code, number) for number in range(weight)] if weighted else [code]
        rows += [Row(one, ballot.choice, secrets.token_hex(SALT_BYTES)) for one in codes]
    return sorted(rows)


def leaf_of(row: Row) -> bytes:
    """Hash of one row."""
    return merkle.leaf_hash(f"{row.code}|{row.choice}|{row.salt}".encode())


def root_of(rows: Sequence[Row]) -> str:
    """Root of the box, in hex.

    Raises:
        ValueError: The rows are not in the order of the box.
    """
    if any(first.code >= second.code for first, second in pairwise(rows)):
        message = "the rows of a box are sorted by code, each code once"
        raise ValueError(message)
    return merkle.root_over(leaf_of(row) for row in rows).hex()


@dataclass(frozen=True, slots=True)
class Inclusion:
    """Proof that a row is in the box: with code, choice, salt and these hashes anybody computes the root."""

    row: Row
    index: int
    size: int
    path: tuple[str, ...]

    def plain(self, root: str) -> dict[str, object]:
        """As it is downloaded; ``verify_vote.py receipt`` reads it."""
        return {
            "code": self.row.code,
            "choice": self.row.choice,
            "salt": self.row.salt,
            "index": self.index,
            "size": self.size,
            "path": list(self.path),
            "root": root,
        }


def codes_of(code: str, weight: int, *, weighted: bool) -> list[str]:
    """The codes under which a vote stands in the box, given the voter's own code and weight."""
    return [unit_code(code, number) for number in range(weight)] if weighted else [code]


def prove(rows: Sequence[Row], codes: Iterable[str]) -> list[Inclusion]:
    """Proofs for the rows with these codes; those that are not in the box are missing from the answer."""
    places = {row.code: place for place, row in enumerate(rows)}
    leaves = [leaf_of(row) for row in rows]

    def subtree(start: int, end: int) -> bytes:
        return merkle.root_over(leaves[start:end])

    return [
        Inclusion(
            rows[places[code]],
            places[code],
            len(rows),
            tuple(node.hex() for node in merkle.inclusion_proof(subtree, places[code], len(rows))),
        )
        for code in codes
        if code in places
    ]
