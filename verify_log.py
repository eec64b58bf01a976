#!/usr/bin/env python3
"""Checks the sealed audit log of an alliance, on any machine, without the platform and without anything to install.

    python3 verify_log.py EXPORT --key KEY [--head HEAD ...]

EXPORT is what the platform gave out: an export of the log (.jsonl or .jsonl.gz), a proof that the log only grew (consistency),
or a proof that one entry stands in it (inclusion). KEY is the public key of the log, HEAD a signed head that somebody kept from
a mail, a contract, minutes or the page of the log; each may be given as text or as the name of a file, and several times. Take
both from somebody else than whoever gave you EXPORT: an export that is checked with its own key proves nothing.

Exit status: 0 everything fits; 1 something does not, and it is said what; 2 the question could not be understood.

Sources: RFC 6962 (trees), RFC 9162 (checks of proofs), RFC 8032 (Ed25519), C2SP signed-note and tlog-checkpoint (heads).
Needs Python 3.9 or newer.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import gzip
import hashlib
import hmac
import json
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Any, Dict, Tuple

Row = Dict[str, Any]
Point = Tuple[int, int, int, int]

MOST_PROBLEMS = 50
MOST_SIGNATURES = 5000
"""Heads whose signature is checked unless --all-signatures: the first and last ones; the tree itself is always checked whole."""

# ------------------------------------------------------------------------------------------------ Ed25519, RFC 8032, section 5.1

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
NEUTRAL = (0, 1, 1, 0)


def add(a: Point, b: Point) -> Point:
    """Sum of two points in extended coordinates (X, Y, Z, T)."""
    e = (a[1] - a[0]) * (b[1] - b[0]) % P
    f = (a[1] + a[0]) * (b[1] + b[0]) % P
    c = 2 * a[3] * b[3] * D % P
    d = 2 * a[2] * b[2] % P
    g, h, i, j = f - e, d - c, d + c, f + e
    return (g * h % P, i * j % P, h * i % P, g * j % P)


def decode_point(data: bytes) -> Point | None:
    """A point from its 32 bytes; None when they stand for none."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


def encode_point(point: Point) -> bytes:
    """The 32 bytes of a point."""
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


class Multiples:
    """Multiples of one point, prepared so that many products with it are quick: 64 rows of 16."""

    def __init__(self, point: Point) -> None:
        self.rows: list[list[Point]] = []
        for _row in range(64):
            row = [NEUTRAL]
            for _step in range(15):
                row.append(add(row[-1], point))
            self.rows.append(row)
            point = add(row[-1], point)

    def times(self, scalar: int) -> Point:
        """The product with a scalar below 2**256."""
        result = NEUTRAL
        for row in self.rows:
            if scalar & 15:
                result = add(result, row[scalar & 15])
            scalar >>= 4
        return result


_BASE_POINT = decode_point(bytes.fromhex("58" + "66" * 31))
assert _BASE_POINT is not None
_BASE = Multiples(_BASE_POINT)


class PublicKey:
    """A public key of Ed25519."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        point = decode_point(data) if len(data) == 32 else None
        if point is None:
            raise ValueError("these are not the 32 bytes of an Ed25519 key")
        self.negative = Multiples((P - point[0], point[1], 1, P - point[3]))

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether the signature of a message is good."""
        if len(signature) != 64:
            return False
        commitment, scalar = signature[:32], int.from_bytes(signature[32:], "little")
        if scalar >= L:
            return False
        digest = hashlib.sha512(commitment + self.data + message).digest()
        challenge = int.from_bytes(digest, "little") % L
        return encode_point(add(_BASE.times(scalar), self.negative.times(challenge))) == commitment


# --------------------------------------------------------------------------------------------------------- trees, RFC 6962


def node(left: bytes, right: bytes) -> bytes:
    """Hash of a node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def grow(edge: Sequence[bytes], size: int, leaves: Iterable[bytes]) -> list[bytes]:
    """The right edge of a tree after leaves were added."""
    edge = list(edge)
    sha256 = hashlib.sha256
    for leaf in leaves:
        merged = size
        while merged & 1:
            leaf = sha256(b"\x01" + edge.pop() + leaf).digest()
            merged >>= 1
        edge.append(leaf)
        size += 1
    return edge


def root_of(edge: Sequence[bytes]) -> bytes:
    """The root of the tree with this right edge."""
    if not edge:
        return hashlib.sha256(b"").digest()
    root = edge[-1]
    for left in reversed(edge[:-1]):
        root = node(left, root)
    return root


def includes(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof shows the leaf at its place of the tree."""
    if not 0 <= index < size:
        return False
    place, last = index, size - 1
    for sibling in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            leaf = node(sibling, leaf)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            leaf = node(leaf, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and leaf == root


def extends(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof shows the old tree to be the beginning of the new one."""
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
            first, second = node(sibling, first), node(sibling, second)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            second = node(second, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and first == old_root and second == new_root


# ---------------------------------------------------------------------------------------------------------- heads and keys


class Head:
    """A signed head: origin, size, root and signatures."""

    def __init__(self, note: str) -> None:
        text, found, tail = note.replace("\r\n", "\n").strip().partition("\n\n")
        lines = text.split("\n")
        if not found or len(lines) < 3 or not (lines[1].isascii() and lines[1].isdigit()):
            raise ValueError("this is not a signed head: three lines, an empty one, and a line that begins with a dash")
        self.origin, self.size = lines[0], int(lines[1])
        self.root = base64.b64decode(lines[2], validate=True)
        self.text = (text + "\n").encode()
        self.signatures = []
        for line in tail.split("\n"):
            parts = line.split(" ")
            if len(parts) != 3 or parts[0] != "\u2014":
                raise ValueError("this is not a signed head: a signature line has a dash, a name and the signature")
            raw = base64.b64decode(parts[2], validate=True)
            self.signatures.append((parts[1], raw[:4], raw[4:]))

    def signed_by(self, keys: Sequence[PublicKey]) -> PublicKey | None:
        """The first of the keys with a good signature, or None."""
        for name, identifier, signature in self.signatures:
            for key in keys:
                expected = hashlib.sha256(name.encode() + b"\n\x01" + key.data).digest()[:4]
                if identifier == expected and key.verifies(signature, self.text):
                    return key
        return None


def content_of(text: str) -> str:
    """The text itself, or what stands in the file of that name."""
    if "\n" not in text and len(text) < 1024:
        path = Path(text)
        try:
            if path.is_file():
                return path.read_text(encoding="utf-8")
        except OSError:
            pass
    return text


def read_key(text: str) -> PublicKey:
    """A public key: as the page of the log writes it (name+identifier+key), or its 32 bytes in base64 or hexadecimal."""
    written = content_of(text).strip()
    parts = written.split("+", 2)
    try:
        if len(parts) == 3 and len(parts[1]) == 8 and "/" in parts[0]:
            raw = base64.b64decode(parts[2], validate=True)
            if raw[:1] != b"\x01":
                raise ValueError("this key is not one of Ed25519")
            if hashlib.sha256(parts[0].encode() + b"\n" + raw).digest()[:4].hex() != parts[1]:
                raise ValueError("name, identifier and key do not belong together: was a letter lost in copying?")
            return PublicKey(raw[1:])
        raw = bytes.fromhex(written) if len(written) == 64 else base64.b64decode(written, validate=True)
        return PublicKey(raw[1:] if len(raw) == 33 and raw[:1] == b"\x01" else raw)
    except binascii.Error as error:
        raise ValueError("this is not a public key") from error


# ----------------------------------------------------------------------------------------------------------- what is checked


class Report:
    """Collects what does not fit."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.left_out = 0

    def add(self, text: str) -> None:
        """Note one problem."""
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(text)
        else:
            self.left_out += 1


def open_lines(path: str) -> IO[str]:
    """The lines of a file, packed or not."""
    with open(path, "rb") as probe:
        packed = probe.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rt", encoding="utf-8", newline="\n") if packed else open(path, encoding="utf-8", newline="\n")


def check_columns(row: Row, log: str, report: Report) -> int:
    """Compare the columns beside a record, by which the platform finds it, with the record itself."""
    place = f"entry {row['seq']} ({row['id']})"
    try:
        record = json.loads(row["record"])
        told = (record["id"], record["at"], record["actor"], record["via"], record["verb"], record["object"], record["log"])
        promised = record["personal"]
    except (ValueError, KeyError, TypeError):
        report.add(f"{place}: its record cannot be read")
        return 0
    shown = (row["id"], row["at"], row["actor"], row["via"], row["verb"], [row["type"], row["object"]], log)
    if told != shown:
        names = ("id", "at", "actor", "via", "verb", "object", "log")
        wrong = ", ".join(name for name, a, b in zip(names, told, shown) if a != b)
        report.add(f"{place}: the columns beside the record do not say what the record says: {wrong}")
    values = row.get("personal") or {}
    for name, pair in values.items():
        salt, value = pair
        expected = promised.get(name)
        given = hmac.new(bytes.fromhex(salt), unicodedata.normalize("NFC", value).encode(), "sha256").hexdigest()
        if expected is None:
            report.add(f"{place}: the personal value “{name}” was never part of the record")
        elif not hmac.compare_digest(given, expected):
            report.add(f"{place}: the personal value “{name}” is not the one that was recorded")
    return len(promised) - len(values)


class Walk:
    """Walks through an export, batch by batch; each batch is checked from the signed head before it."""

    def __init__(self, keys: Sequence[PublicKey], kept: Sequence[Head], report: Report) -> None:
        self.keys, self.report = keys, report
        self.kept = sorted(kept, key=lambda head: head.size)
        self.edge: list[bytes] | None = []
        self.made: list[bytes] = []
        self.stored: list[bytes] = []
        self.size = self.first = 0
        self.entries, self.batches, self.empty_values, self.signed = 0, 0, 0, 0
        self.last: tuple[int, bytes] | None = None
        self.waiting: list[tuple[str, Head]] = []
        self.log = self.origin = ""

    def take_entry(self, row: Row) -> None:
        """One entry of the present batch."""
        if row["seq"] != self.entries:
            self.report.add(f"entry {self.entries} is missing or out of place: number {row['seq']} stands there")
        self.entries += 1
        if row.get("record") is None:
            self.report.add(f"entry {row['seq']} ({row['id']}): its record is gone")
            self.made.append(b"")
            self.stored.append(bytes.fromhex(row["hash"]))
            return
        self.made.append(hashlib.sha256(b"\x00" + row["record"].encode()).digest())
        self.stored.append(bytes.fromhex(row["hash"]))
        self.empty_values += check_columns(row, self.log, self.report)

    def take_head(self, row: Row) -> None:
        """The head that closes the present batch."""
        self.batches += 1
        name = f"batch {self.batches} (entries {self.size} to {row['size'] - 1}, sealed {row['at']})"
        try:
            head: Head | None = Head(row["note"])
        except ValueError:
            self.report.add(f"{name}: its signed head cannot be read")
            head = None
        root, edge = base64.b64decode(row["root"]), base64.b64decode(row["frontier"])
        stored_edge = [edge[start : start + 32] for start in range(0, len(edge), 32)]
        if head is not None:
            if (head.size, head.root) != (row["size"], root):
                self.report.add(f"{name}: the columns beside the signed head do not say what the head says")
            if head.origin != self.origin:
                self.report.add(f"{name}: its head is of another log, “{head.origin}”")
            root, size = head.root, head.size
            self.waiting.append((name, head))
        else:
            size = row["size"]
        fits = self._fits(name, size, root)
        good_edge = root_of(stored_edge) == root and len(stored_edge) == bin(size).count("1")
        if fits and not good_edge:
            self.report.add(f"{name}: the right edge stored beside the head was changed")
        # The next batch starts from what this head vouches for, so that one damaged batch does not spoil the others.
        if not fits:
            self.edge = stored_edge if good_edge else None
        self.size = self.entries = size
        self.made, self.stored, self.first = [], [], size
        self.last = (size, root)

    def _fits(self, name: str, size: int, root: bytes) -> bool:
        """Whether the batch's own records lead to the head's root; says what differs."""
        if self.size + len(self.made) != size:
            self.report.add(f"{name} differs: it should have {size - self.size} entries and has {len(self.made)}")
            self._kept_within(None)
            return False
        before = self.edge
        self._kept_within(before)
        if before is None:
            self.report.add(f"{name} cannot be checked: the head before it is damaged")
            return False
        self.edge = grow(before, self.size, self.made)
        if root_of(self.edge) == root:
            for place, (made, stored) in enumerate(zip(self.made, self.stored)):
                if made != stored:
                    self.report.add(f"entry {self.first + place}: the hash stored for it is not that of its record")
            return True
        wrong = [self.first + place for place, pair in enumerate(zip(self.made, self.stored)) if pair[0] != pair[1]]
        if wrong and root_of(grow(before, self.size, self.stored)) == root:
            listed = ", ".join(map(str, wrong[:10])) + (" ..." if len(wrong) > 10 else "")
            self.report.add(f"{name} differs: changed after sealing: entry {listed}")
        else:
            self.report.add(
                f"{name} differs: its entries do not lead to the signed root (changed, put in, left out or reordered)"
            )
        return False

    def _kept_within(self, before: list[bytes] | None) -> None:
        """Compare kept heads that end inside or at the end of the present batch."""
        while self.kept and self.kept[0].size <= self.size + len(self.made):
            head = self.kept.pop(0)
            if before is None or head.size < self.size:
                self.report.add(f"the kept head of {head.size} entries cannot be compared: its batch is not complete")
                continue
            edge = grow(before, self.size, self.made[: head.size - self.size]) if head.size > self.size else before
            if root_of(edge) != head.root:
                self.report.add(f"the kept head of {head.size} entries does not fit this log: the log was rewritten")

    def finish(self, row: Row | None, all_signatures: bool) -> None:
        """What stands behind the last head, kept heads beyond it, signatures."""
        if self.made:
            self.report.add(f"{len(self.made)} entries stand after the last head as if they were sealed")
        for head in self.kept:
            self.report.add(f"the log was cut: a kept head vouches for {head.size} entries, this export has {self.size}")
        if row is None:
            self.report.add("the export ends too early: its last line is missing")
        else:
            if (row["entries"], row["heads"]) != (self.size, self.batches):
                self.report.add(f"the export should hold {row['entries']} entries and {row['heads']} heads")
            if row.get("strays"):
                self.report.add(f"{row['strays']} entries or leaves stand in the database outside the sealed tree")
        chosen = self.waiting
        if len(chosen) > MOST_SIGNATURES and not all_signatures:
            chosen = chosen[:100] + chosen[100 - MOST_SIGNATURES :]
        for name, head in chosen:
            if head.signed_by(self.keys) is None:
                self.report.add(f"{name}: its head is not signed by the key that was given")
        self.signed = len(chosen)


def check_export(
    lines: Iterable[str], first: Row, keys: Sequence[PublicKey], kept: Sequence[Head], all_signatures: bool, report: Report
) -> list[str]:
    """Check an export of a log."""
    walk = Walk(keys, kept, report)
    walk.origin, walk.log = first["origin"], first["log"]
    last = None
    for line in lines:
        row = json.loads(line)
        if "record" in row:
            walk.take_entry(row)
        elif "head" in row:
            walk.take_head(row["head"])
        elif "end" in row:
            last = row["end"]
    walk.finish(last, all_signatures)
    told = [
        f"log {walk.origin}: {walk.size:,} entries in {walk.batches:,} batches, {walk.signed:,} of {walk.batches:,} signatures checked"
    ]
    if walk.last is not None:
        told.append(f"last head: {walk.last[0]} entries, root {base64.b64encode(walk.last[1]).decode()}")
    if first.get("with_personal"):
        told.append(f"personal values erased since: {walk.empty_values:,}")
    else:
        told.append("personal values were left out of this export; the records hold only fingerprints of them")
    if last is not None and last.get("pending"):
        told.append(f"{last['pending']:,} newer entries wait for the next seal and are not part of this export")
    return told


def check_proof(document: Row, keys: Sequence[PublicKey], kept: Sequence[Head], report: Report) -> list[str]:
    """Check a proof of consistency or of inclusion."""
    head = Head(document["head"])
    proof = [base64.b64decode(part, validate=True) for part in document["proof"]]
    if head.signed_by(keys) is None:
        report.add("the head in the proof is not signed by the key that was given")
    if document["format"] == "alliance-audit-inclusion":
        leaf = hashlib.sha256(b"\x00" + document["record"].encode()).digest()
        if not includes(leaf, document["index"], head.size, proof, head.root):
            report.add(f"the record does not stand as entry {document['index']} in the log of this head")
        for other in kept:
            if (other.size, other.root) != (head.size, head.root):
                report.add(f"the proof is for another head than the one kept ({other.size} entries)")
        return [f"log {head.origin}: entry {document['index']} of {head.size}", document["record"]]
    size = document["from"]
    fitting = [other for other in kept if other.size == size]
    if not fitting:
        report.add(f"give the head you kept of {size} entries with --head: without it there is nothing to compare")
    for other in fitting:
        if not extends(size, other.root, head.size, head.root, proof):
            report.add(
                f"the log of {head.size} entries does not begin with the {size} entries of the kept head: it was rewritten"
            )
        if other.origin != head.origin:
            report.add("the two heads are of different logs")
    return [f"log {head.origin}: grew from {size} to {head.size} entries"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(
        description="Check the sealed audit log of an alliance.", epilog="See the top of this file."
    )
    parser.add_argument("export", help="export or proof that the platform gave out")
    parser.add_argument("--key", action="append", required=True, help="public key of the log, or a file that holds it")
    parser.add_argument("--head", action="append", default=[], help="a signed head that was kept, or a file that holds it")
    parser.add_argument(
        "--all-signatures", action="store_true", help=f"check all signatures where there are over {MOST_SIGNATURES}"
    )
    options = parser.parse_args(arguments)
    report = Report()
    try:
        keys = [read_key(text) for text in options.key]
        kept = [Head(content_of(text)) for text in options.head]
        for head in kept:
            if head.signed_by(keys) is None:
                report.add(f"the kept head of {head.size} entries is not signed by the key that was given")
        with open_lines(options.export) as lines:
            first = json.loads(next(lines, "null"))
            known = first.get("format") if isinstance(first, dict) else None
            if known == "alliance-audit-export":
                for head in kept:
                    if head.origin != first["origin"]:
                        report.add(f"the kept head of {head.size} entries is of another log, “{head.origin}”")
                told = check_export(lines, first, keys, kept, options.all_signatures, report)
            elif known in ("alliance-audit-consistency", "alliance-audit-inclusion"):
                told = check_proof(first, keys, kept, report)
            else:
                raise ValueError("this file is neither an export nor a proof of an audit log")
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        print(f"verify_log: {options.export}: {error if str(error) else type(error).__name__}", file=sys.stderr)
        return 2
    for line in told:
        print(line)
    for problem in report.problems:
        print(f"DIFFERS: {problem}")
    if report.left_out:
        print(f"DIFFERS: and {report.left_out} more")
    print("NOT GOOD" if report.problems else "GOOD")
    return 1 if report.problems else 0


if __name__ == "__main__":
    sys.exit(main())
