#!/usr/bin/env python3
"""Checks votes of an alliance without its platform: this one file, Python 3.9 or newer, nothing else.

    python3 verify_vote.py box FILE [--root HEX] [--digest HEX]
        FILE is what a decided motion gives as "Download to recount". Checks that the rows lie under the root, that rule, roll and
        result are those of the digest, counts the votes again and compares quorum, totals and outcome.

    python3 verify_vote.py receipt FILE [--code CODE] [--root HEX]
        FILE is what the receipt page gives as "Download the proof". Checks that the row of the code lies under the root.

Compare root and digest with what stands in the audit log of your alliance (the entry of the close), under a head of the log that
you or another member kept; verify_log.py checks the log. Give them here by --root and --digest, or compare what is printed.

What this cannot show: that the web server did not change a vote whose holder never checks the receipt, nor that nobody looked.

Hashes: SHA-256. Root: Merkle tree of RFC 6962, section 2.1, over the rows "code|choice|salt" sorted by code.
Exit status: 0 all is right, 1 something is wrong, 2 the file or the call cannot be read.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
from typing import Any

CHOICES = ("yes", "no", "abstain")
FORMAT = "alliance-vote-1"


class WrongError(Exception):
    """Something does not fit."""


def leaf(row: list[str]) -> bytes:
    """Hash of one row of the box: code, choice, salt."""
    return hashlib.sha256(b"\x00" + "|".join(row).encode("utf-8")).digest()


def node(left: bytes, right: bytes) -> bytes:
    """Hash of two hashes."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(leaves: list[bytes]) -> bytes:
    """Merkle root of hashes (RFC 6962, section 2.1)."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    cut = 1 << ((len(leaves) - 1).bit_length() - 1)
    return node(root_of(leaves[:cut]), root_of(leaves[cut:]))


def root_from_path(found: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """The root that a row's hash and its path lead to (RFC 9162, section 2.1.3.2)."""
    if not 0 <= index < size:
        raise WrongError("the proof names row %d of %d, which there is not" % (index + 1, size))
    place, last = index, size - 1
    for other in path:
        if last == 0:
            raise WrongError("the proof is longer than the box is deep")
        if place % 2 or place == last:
            found = node(other, found)
            while place and not place % 2:
                place, last = place >> 1, last >> 1
        else:
            found = node(found, other)
        place, last = place >> 1, last >> 1
    if last:
        raise WrongError("the proof is shorter than the box is deep")
    return found


def read_code(written: str) -> str:
    """A receipt code as people write it."""
    code = re.sub(r"[\s\-\u2010-\u2015]", "", written).lower()
    if not re.fullmatch(r"[0-9a-f]{32}", code):
        raise WrongError("a receipt code has 32 characters, 0 to 9 and a to f")
    return code


def outcome_of(
    rule: dict[str, Any], weights: list[int], votes: list[tuple[int, str]]
) -> tuple[dict[str, int], int, int, int]:
    """Quorum, base, needed and outcome, from the weights of those entitled and (weight, choice) of those who voted."""
    numerator, denominator = rule["quorum"]
    quorum = -(-len(weights) * numerator // denominator)
    totals = {one: sum(weight for weight, choice in votes if choice == one) for one in CHOICES}
    base = sum(weights) if rule["base"] == "entitled" else sum(totals.values())
    if rule["abstention"] == "left_out":
        base -= totals["abstain"]
    if rule["threshold"] == "unanimity":
        needed = max(base, 1)
    elif rule["threshold"] == "two_thirds":
        needed = max(-(-base * 2 // 3), 1)
    elif rule["threshold"] == "simple":
        needed = base // 2 + 1
    else:
        raise WrongError("unknown majority: %r" % rule["threshold"])
    if rule["base"] not in ("entitled", "present") or rule["abstention"] not in ("counts", "left_out"):
        raise WrongError("unknown rule: %r" % rule)
    return totals, quorum, base, needed


def judge(rule: dict[str, Any], weights: list[int], taking_part: int, votes: list[tuple[int, str]]) -> dict[str, Any]:
    """The result anew."""
    totals, quorum, base, needed = outcome_of(rule, weights, votes)
    if taking_part < max(quorum, 1):
        outcome = "lapsed"
    else:
        outcome = "passed" if totals["yes"] >= needed else "rejected"
    return dict(
        **totals,
        taking_part=taking_part,
        entitled=len(weights),
        entitled_weight=sum(weights),
        quorum=quorum,
        base=base,
        needed=needed,
        outcome=outcome,
    )


def check_box(data: dict[str, Any], root: str, digest: str) -> list[str]:
    """Check a downloaded box; returns lines to print."""
    text, rows = data["document"], data["rows"]
    found_digest = hashlib.sha256(text.encode("utf-8")).hexdigest()
    if found_digest != data["digest"]:
        raise WrongError("rule, roll and result do not have the digest that the file states")
    if digest and found_digest != digest.lower():
        raise WrongError("the digest is %s, not the one you gave" % found_digest)
    document = json.loads(text)
    if document.get("format") != FORMAT:
        raise WrongError("the format is %r, this program reads %r" % (document.get("format"), FORMAT))
    roll, result = document["roll"], document["result"]
    entitled = [line for line in roll if not line["excluded"]]
    if [line for line in roll if line["excluded"] and line["voted"]]:
        raise WrongError("an institution that was left out is counted as taking part")
    if len({line["institution"] for line in roll}) != len(roll):
        raise WrongError("an institution stands on the roll twice")
    there = [line for line in entitled if line["voted"]]
    if document["ballot"] == "open":
        if rows or document["root"]:
            raise WrongError("an open ballot has no box")
        votes = [(line["weight"], line["choice"]) for line in there]
        if any(line["choice"] for line in roll if not line["voted"] or line["excluded"]):
            raise WrongError("a choice stands beside an institution that did not vote")
    else:
        if any("choice" in line for line in roll):
            raise WrongError("a choice stands beside the name of an institution in a secret ballot")
        codes = [row[0] for row in rows]
        if sorted(set(codes)) != codes:
            raise WrongError("the rows are not sorted by code, or a code stands twice")
        found_root = root_of([leaf(row) for row in rows]).hex()
        if found_root != document["root"]:
            raise WrongError("the rows lead to the root %s, sealed was %s" % (found_root, document["root"]))
        if root and found_root != root.lower():
            raise WrongError("the root is %s, not the one you gave" % found_root)
        votes = [(1, row[1]) for row in rows]
        if len(votes) != sum(line["weight"] for line in there):
            raise WrongError(
                "%d votes lie in the box, but those who took part weigh %d"
                % (len(votes), sum(line["weight"] for line in there))
            )
    if any(choice not in CHOICES for _weight, choice in votes):
        raise WrongError("a vote is none of: %s" % ", ".join(CHOICES))
    anew = judge(document["rule"], [line["weight"] for line in entitled], len(there), votes)
    for name, value in anew.items():
        if result.get(name) != value:
            raise WrongError("%s: sealed was %r, counted anew it is %r" % (name, result.get(name), value))
    lines = [
        "motion %s of %s, %s ballot" % (document["motion"], document["log"], document["ballot"]),
        "digest %s" % found_digest,
        "took part %d of %d, quorum %d" % (anew["taking_part"], anew["entitled"], anew["quorum"]),
        "yes %(yes)d, no %(no)d, abstain %(abstain)d; needed %(needed)d of %(base)d: %(outcome)s" % anew,
    ]
    if document["root"]:
        lines.insert(2, "root %s" % document["root"])
    if result.get("spoilt"):
        lines.append("note: %d envelopes did not open and were not counted" % result["spoilt"])
    return lines


def check_receipt(proofs: list[dict[str, Any]], code: str, root: str) -> list[str]:
    """Check the proofs of a receipt; returns lines to print."""
    if not proofs:
        raise WrongError("the file holds no proof")
    expected = None
    if code:
        mine = read_code(code)
        units = [hashlib.sha256(("%s|%d" % (mine, number)).encode()).hexdigest() for number in range(len(proofs))]
        expected = [mine] if len(proofs) == 1 and proofs[0]["code"] == mine else units
        if [proof["code"] for proof in proofs] != expected:
            raise WrongError("the proof is not for the code you gave")
    lines = []
    for proof in proofs:
        row = [proof["code"], proof["choice"], proof["salt"]]
        path = [bytes.fromhex(one) for one in proof["path"]]
        found = root_from_path(leaf(row), proof["index"], proof["size"], path).hex()
        if found != proof["root"]:
            raise WrongError("row %d leads to the root %s, the file states %s" % (proof["index"] + 1, found, proof["root"]))
        if root and found != root.lower():
            raise WrongError("the root is %s, not the one you gave" % found)
        if proof["choice"] not in CHOICES:
            raise WrongError("the row holds no vote")
        lines.append("row %d of %d: %s" % (proof["index"] + 1, proof["size"], proof["choice"]))
    if len({proof["choice"] for proof in proofs}) != 1 or len({(p["root"], p["size"]) for p in proofs}) != 1:
        raise WrongError("the rows of one receipt differ")
    return [*lines, "root %s" % proofs[0]["root"]]


def main(arguments: list[str] | None = None) -> int:
    """Read the call, check, print; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(dest="kind", required=True)
    for kind, options in (("box", ("--root", "--digest")), ("receipt", ("--code", "--root"))):
        sub = kinds.add_parser(kind)
        sub.add_argument("file")
        for option in options:
            sub.add_argument(option, default="")
    call = parser.parse_args(arguments)
    try:
        with open(call.file, encoding="utf-8") as handle:
            data = json.load(handle)
        lines = check_box(data, call.root, call.digest) if call.kind == "box" else check_receipt(data, call.code, call.root)
    except WrongError as wrong:
        print("WRONG: %s" % wrong)
        return 1
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        print("cannot read %s: %s: %s" % (call.file, type(error).__name__, error))
        return 2
    print("\n".join(lines))
    print("RIGHT")
    if call.kind == "box" and not call.digest:
        print("Compare the digest with the entry of the close in the audit log.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
