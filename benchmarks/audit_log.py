"""Sealing the audit log in batches, and checking a log of a million entries with the stand-alone program."""

from __future__ import annotations

import base64
import io
import json
import statistics
import tempfile
import time
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import verify_log
from benchmarks.harness import Result, at_least, at_most

ROWS = 10_000
ROUNDS = 5
CHECKED = 1_000_000
CHECK_SECONDS = 60.0
"""The bar of feature S27 for a million rows."""


def run(addresses: dict[str, str]) -> list[Result]:  # noqa: ARG001 - the interface of benchmarks
    """Batches against a leaf and a head for each entry; the check against its bar."""
    return [_sealing(), _checking()]


def _sealing() -> Result:
    from django.conf import settings
    from django.db import connection
    from django.utils import timezone

    from alliance.actions.sealing import seal_batch
    from alliance.kernel import tenancy
    from alliance.models import Alliance

    alliance = Alliance.objects.get(slug="bench-3")
    with tempfile.TemporaryDirectory() as keys:
        settings.KEYS_DIR = Path(keys)

        def seal(rows: int, most: int) -> float:
            """Rows a second."""
            with tenancy.acting_in(alliance), connection.cursor() as cursor:
                cursor.execute(_ENTRIES, {"alliance": alliance.pk, "rows": rows})
            began = time.perf_counter()
            done = 0
            while done < rows:
                with tenancy.acting_in(alliance):
                    done += seal_batch(alliance, at=timezone.now(), most=most).entries
            return (time.perf_counter() - began) / rows * 1000

        seal(100, 100)
        batches = [seal(ROWS, ROWS) for _round in range(ROUNDS)]
        singles = [seal(200, 1) for _round in range(ROUNDS)]
    fast, slow = statistics.median(batches), statistics.median(singles)
    note = f"{1000 / fast:.0f} entries a second in batches of {ROWS}; baseline: a signed head for each entry"
    return at_least("audit_sealing", fast, slow, 20, unit="ms an entry", note=note)


_ENTRIES = """
WITH made AS (
    INSERT INTO alliance_auditentry (id, alliance_id, at, actor_id, via, verb, object_type, object_id, record)
    SELECT gen_random_uuid(), %(alliance)s, now(), NULL, 'task', 'bench', 'alliance.job', n::text, repeat('x', 400) || n
    FROM generate_series(1, %(rows)s) n RETURNING id
)
INSERT INTO alliance_auditpending (alliance_id, entry_id) SELECT %(alliance)s, id FROM made
"""


def _checking() -> Result:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.jsonl"
        key = write_log(path, CHECKED)
        began = time.perf_counter()
        with redirect_stdout(io.StringIO()):
            status = verify_log.main([str(path), "--key", key])
        seconds = time.perf_counter() - began
    if status != 0:
        message = "the made log does not verify"
        raise RuntimeError(message)
    return at_most("audit_check", seconds, CHECK_SECONDS, 1.0, unit="s", note=f"{CHECKED} entries, a head for each {ROWS}")


def write_log(path: Path, entries: int, *, batch: int = ROWS) -> str:
    """Write a good export of made entries; returns the key it is signed with."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from alliance.kernel import merkle, signing

    key = Ed25519PrivateKey.generate()
    origin = "bench.example/a/bench/log"
    edge: list[bytes] = []
    size = heads = 0
    leaves: list[bytes] = []
    with path.open("w", encoding="utf-8") as out:

        def line(value: Any) -> None:
            out.write(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")

        line({"format": "alliance-audit-export", "version": 1, "origin": origin, "log": "bench", "with_personal": False})
        for number in range(entries):
            entry: dict[str, Any] = {
                "id": f"00000000-0000-7000-8000-{number:012x}",
                "at": "2026-11-21T04:00:00.000000Z",
                "actor": None,
            }
            entry |= {"via": "task", "verb": "bench"}
            record: dict[str, Any] = {
                **entry,
                "v": 1,
                "h": "sha256",
                "log": "bench",
                "for": None,
                "object": ["alliance.job", str(number)],
            }
            record |= {
                "before": {"state": "draft", "amount": "1250.00"},
                "after": {"state": "released", "amount": "1300.00"},
            }
            record |= {"personal": {"reason": f"{number:064x}"}, "request": f"{number:032x}", "reason_code": None}
            text = json.dumps(record, sort_keys=True, separators=(",", ":"))
            leaf = merkle.leaf_hash(text.encode())
            leaves.append(leaf)
            line({"seq": number, "hash": leaf.hex(), **entry, "type": "alliance.job", "object": str(number), "record": text})
            if len(leaves) == batch or number == entries - 1:
                edge, size = merkle.append(edge, size, leaves)
                leaves, heads = [], heads + 1
                root = merkle.root_of(edge)
                head = {"root": base64.b64encode(root).decode(), "frontier": base64.b64encode(merkle.pack(edge)).decode()}
                note = signing.sign(key, origin, size, root)
                line({"head": {"size": size, **head, "at": entry["at"], "note": note}})
        line({"end": {"entries": size, "heads": heads, "pending": 0, "strays": 0}})
    return signing.verifier_key(origin, key.public_key().public_bytes_raw())
