"""The checker finds what somebody with all rights on the database does to a sealed log."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import connection

import verify_log
from alliance.actions.audit import record_audit
from alliance.actions.audit_export import write_export
from alliance.actions.sealing import seal_batch
from alliance.kernel import signing, tenancy
from alliance.models import Alliance, AuditEntry, AuditPersonal, TreeHead
from alliance.selectors.audit import latest_head
from alliance.selectors.audit_log import prove_consistency, prove_inclusion, verifier_of
from tests.factories.alliance import NOON, make_job

GOLDEN = Path(__file__).parent / "golden_log"
BATCHES = (4, 3, 5)


@pytest.fixture(autouse=True)
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "keys"
    monkeypatch.setattr(settings, "KEYS_DIR", folder)
    return folder


@pytest.fixture
def log(act: Alliance) -> Alliance:
    """Twelve entries with personal values under three heads."""
    job = make_job(act, "tests.kind")
    for batch in BATCHES:
        for number in range(batch):
            record_audit(
                job, actor=None, verb=f"act_{number}", after={"n": number}, personal={"name": f"林慧 {number}"}, at=NOON
            )
        seal_batch(act, at=NOON)
    return act


def give_out(alliance: Alliance, folder: Path, *, with_personal: bool = True) -> Path:
    path = folder / "export.jsonl"
    with path.open("wb") as out:
        write_export(alliance, out, with_personal=with_personal, at=NOON)
    return path


def check(path: Path, key: str, *heads: str) -> tuple[int, str]:
    """Exit status and everything said."""
    said = io.StringIO()
    arguments = [str(path), "--key", key, *(part for head in heads for part in ("--head", head))]
    with redirect_stdout(said), redirect_stderr(said):
        status = verify_log.main(arguments)
    return status, said.getvalue()


def key_of(alliance: Alliance) -> str:
    return verifier_of(latest_head(alliance))


def tamper(*statements: str) -> None:
    """As somebody who owns the tables and has switched the guards off."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in ("alliance_auditentry", "alliance_auditleaf", "alliance_treehead"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for statement in statements:
            cursor.execute(statement)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in ("alliance_auditentry", "alliance_auditleaf", "alliance_treehead"):
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def test_an_untouched_log_is_good_with_and_without_personal_values(log: Alliance, tmp_path: Path) -> None:
    head = latest_head(log)
    assert head is not None
    for with_personal in (True, False):
        status, said = check(give_out(log, tmp_path, with_personal=with_personal), key_of(log), head.note)
        assert (status, said.splitlines()[-1]) == (0, "GOOD"), said
        assert "12 entries in 3 batches, 3 of 3 signatures" in said
        assert ("林慧" in (tmp_path / "export.jsonl").read_text()) is with_personal


ENTRY_5 = "(SELECT entry_id FROM alliance_auditleaf WHERE seq = 5)"
REHASH_5 = f"""UPDATE alliance_auditleaf SET hash = (SELECT sha256('\\x00'::bytea || convert_to(record, 'UTF8'))
    FROM alliance_auditentry WHERE id = {ENTRY_5}) WHERE seq = 5"""
SHIFT = "UPDATE alliance_auditleaf SET seq = seq + 1000 WHERE seq > {0}; UPDATE alliance_auditleaf SET seq = seq - {1} WHERE seq > 999"
NEW_ENTRY = """INSERT INTO alliance_auditentry SELECT (e.j).* FROM (SELECT jsonb_populate_record(t, jsonb_build_object(
    'id', '00000000-0000-7000-8000-00000000000f', 'record', replace(t.record, t.id::text, '00000000-0000-7000-8000-00000000000f'))) j
    FROM alliance_auditentry t WHERE id = (SELECT entry_id FROM alliance_auditleaf WHERE seq = 3)) e"""
NEW_LEAF = """INSERT INTO alliance_auditleaf (alliance_id, seq, entry_id, hash)
    SELECT alliance_id, {0}, id, sha256('\\x00'::bytea || convert_to(record, 'UTF8')) FROM alliance_auditentry
    WHERE id = '00000000-0000-7000-8000-00000000000f'"""

ATTACKS: dict[str, tuple[tuple[str, ...], str]] = {
    "a row changed": (
        (f"""UPDATE alliance_auditentry SET record = replace(record, '"n":1', '"n":7') WHERE id = {ENTRY_5}""",),
        "batch 2 (entries 4 to 6, sealed 2026-11-21T04:00:00.000000Z) differs: changed after sealing: entry 5",
    ),
    "a row and its leaf changed": (
        (f"""UPDATE alliance_auditentry SET record = replace(record, '"n":1', '"n":7') WHERE id = {ENTRY_5}""", REHASH_5),
        "batch 2 (entries 4 to 6, sealed 2026-11-21T04:00:00.000000Z) differs: its entries do not lead to the signed root",
    ),
    "a row deleted": (
        (f"DELETE FROM alliance_auditentry WHERE id = {ENTRY_5}",),
        "its record is gone",
    ),
    "a row and its leaf deleted": (
        (f"DELETE FROM alliance_auditentry WHERE id = {ENTRY_5}", "DELETE FROM alliance_auditleaf WHERE seq = 5"),
        "batch 2 (entries 4 to 6, sealed 2026-11-21T04:00:00.000000Z) differs: it should have 3 entries and has 2",
    ),
    "a row deleted and the rest moved up": (
        (
            f"DELETE FROM alliance_auditentry WHERE id = {ENTRY_5}",
            "DELETE FROM alliance_auditleaf WHERE seq = 5",
            SHIFT.format(5, 1001),
        ),
        "batch 2",
    ),
    "a row put in": ((SHIFT.format(4, 999), NEW_ENTRY, NEW_LEAF.format(5)), "batch 2"),
    "a row put in outside the tree": ((NEW_ENTRY,), "1 entries or leaves stand in the database outside the sealed tree"),
    "a row put behind the last head": ((NEW_ENTRY, NEW_LEAF.format(12)), "outside the sealed tree"),
    "two rows exchanged": (
        (
            "UPDATE alliance_auditleaf SET seq = 1000 WHERE seq = 4",
            "UPDATE alliance_auditleaf SET seq = 4 WHERE seq = 6",
            "UPDATE alliance_auditleaf SET seq = 6 WHERE seq = 1000",
        ),
        "batch 2 (entries 4 to 6, sealed 2026-11-21T04:00:00.000000Z) differs: its entries do not lead to the signed root",
    ),
    "a personal value exchanged": (
        (f"UPDATE alliance_auditpersonal SET value = 'Somebody else' WHERE entry_id = {ENTRY_5}",),
        "the personal value “name” is not the one that was recorded",
    ),
    "a personal value added": (
        (f"UPDATE alliance_auditpersonal SET path = 'title' WHERE entry_id = {ENTRY_5}",),
        "the personal value “title” was never part of the record",
    ),
    "the columns of a row changed": (
        (f"UPDATE alliance_auditentry SET verb = 'another', via = 'page' WHERE id = {ENTRY_5}",),
        "the columns beside the record do not say what the record says: via, verb",
    ),
    "the columns of a head changed": (
        ("UPDATE alliance_treehead SET root = sha256('x') WHERE size = 7",),
        "the columns beside the signed head do not say what the head says",
    ),
    "the edge of a head changed": (
        ("UPDATE alliance_treehead SET frontier = frontier || sha256('x') WHERE size = 7",),
        "the right edge stored beside the head was changed",
    ),
    "a head deleted": (("DELETE FROM alliance_treehead WHERE size = 12",), "outside the sealed tree"),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_each_attack_on_the_tables_is_found_and_named(log: Alliance, tmp_path: Path, attack: str) -> None:
    statements, expected = ATTACKS[attack]
    key = key_of(log)

    tamper(*statements)

    status, said = check(give_out(log, tmp_path), key)
    assert (status, said.splitlines()[-1]) == (1, "NOT GOOD"), said
    assert expected in said


def test_only_the_damaged_batch_is_named(log: Alliance, tmp_path: Path) -> None:
    tamper(*ATTACKS["a row and its leaf changed"][0])

    _status, said = check(give_out(log, tmp_path), key_of(log))

    assert said.count("DIFFERS") == 1, said


def cut(alliance: Alliance) -> None:
    tamper(
        "DELETE FROM alliance_auditentry WHERE id IN (SELECT entry_id FROM alliance_auditleaf WHERE seq >= 7)",
        "DELETE FROM alliance_auditleaf WHERE seq >= 7",
        "DELETE FROM alliance_treehead WHERE size > 7",
    )


def test_a_cut_tail_is_found_by_whoever_kept_a_later_head_and_by_nobody_else(log: Alliance, tmp_path: Path) -> None:
    head = latest_head(log)
    assert head is not None
    key = key_of(log)
    cut(log)

    assert check(give_out(log, tmp_path), key)[0] == 0  # the limit that the pages state
    status, said = check(give_out(log, tmp_path), key, head.note)
    assert status == 1
    assert "the log was cut: a kept head vouches for 12 entries, this export has 7" in said


def test_a_cut_tail_grown_again_does_not_fit_the_kept_head(log: Alliance, tmp_path: Path) -> None:
    head = latest_head(log)
    assert head is not None
    cut(log)
    for number in range(8):
        record_audit(make_job(log, "tests.kind"), actor=None, verb=f"other_{number}", at=NOON)
    seal_batch(log, at=NOON)

    status, said = check(give_out(log, tmp_path), key_of(log), head.note)

    assert status == 1
    assert "the kept head of 12 entries does not fit this log: the log was rewritten" in said


def test_a_forged_head_is_found(log: Alliance, tmp_path: Path) -> None:
    """Somebody changes an entry and makes all heads anew, with a key of their own: the key that was given does not fit."""
    key = key_of(log)
    origin = str(latest_head(log).note).partition("\n")[0]  # type: ignore[union-attr]
    lines = give_out(log, tmp_path).read_bytes().splitlines()
    forger = Ed25519PrivateKey.generate()
    edge: list[bytes] = []
    waiting: list[bytes] = []
    size = 0
    forged = []
    for line in lines:
        row = json.loads(line)
        if "record" in row:
            row["record"] = row["record"].replace('"n":1', '"n":9')
            waiting.append(hashlib.sha256(b"\x00" + row["record"].encode()).digest())
            row["hash"] = waiting[-1].hex()
        elif "head" in row:
            edge = verify_log.grow(edge, size, waiting)
            size, waiting = row["head"]["size"], []
            root = verify_log.root_of(edge)
            row["head"]["root"] = base64.b64encode(root).decode()
            row["head"]["frontier"] = base64.b64encode(b"".join(edge)).decode()
            row["head"]["note"] = signing.sign(forger, origin, size, root)
        forged.append(json.dumps(row, ensure_ascii=False))
    path = tmp_path / "forged.jsonl"
    path.write_text("\n".join(forged) + "\n")

    status, said = check(path, key)

    assert status == 1
    assert said.count("its head is not signed by the key that was given") == 3
    own = signing.verifier_key(origin, forger.public_key().public_bytes_raw())
    assert check(path, own)[0] == 0  # whoever takes the key from the forger is deceived: the page says so


def test_an_export_that_ends_too_early_is_not_good(log: Alliance, tmp_path: Path) -> None:
    path = give_out(log, tmp_path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-3]))

    status, said = check(path, key_of(log))

    assert status == 1
    assert "the export ends too early" in said


def test_erasing_personal_values_keeps_the_log_good(log: Alliance, tmp_path: Path) -> None:
    AuditPersonal.objects.of(log).filter(value__endswith=("0")).delete()

    status, said = check(give_out(log, tmp_path), key_of(log))

    assert status == 0, said
    assert "personal values erased since: 3" in said


def test_an_export_holds_nothing_of_another_alliance(log: Alliance, other_alliance: Alliance, tmp_path: Path) -> None:
    with tenancy.acting_in(other_alliance):
        record_audit(make_job(other_alliance, "x"), actor=None, verb="marker_elsewhere", personal={"a": "marker"}, at=NOON)
        seal_batch(other_alliance, at=NOON)
    text = give_out(log, tmp_path).read_text()

    assert "marker" not in text
    assert other_alliance.slug not in text


def test_a_rotated_key_needs_both_keys(log: Alliance, tmp_path: Path) -> None:
    old = key_of(log)
    signing.rotate()
    record_audit(make_job(log, "tests.kind"), actor=None, verb="later", at=NOON)
    seal_batch(log, at=NOON)
    path = give_out(log, tmp_path)

    assert check(path, key_of(log))[0] == 1
    said = io.StringIO()
    with redirect_stdout(said):
        assert verify_log.main([str(path), "--key", key_of(log), "--key", old]) == 0


def test_a_kept_head_from_between_is_the_beginning_of_the_present_log(
    log: Alliance, tmp_path: Path, django_assert_max_num_queries: Any
) -> None:
    kept = TreeHead.objects.of(log).get(size=4)
    with django_assert_max_num_queries(8):
        proof = prove_consistency(log, 4)
    path = tmp_path / "proof.json"
    path.write_text(json.dumps(proof))

    assert check(path, key_of(log), kept.note)[0] == 0
    assert check(path, key_of(log))[0] == 1  # without the kept head there is nothing to compare
    assert prove_consistency(log, 13) is None
    assert prove_consistency(log, 0) is None


def test_a_rewritten_log_has_no_proof_for_the_kept_head(log: Alliance, tmp_path: Path) -> None:
    head = latest_head(log)
    assert head is not None
    cut(log)
    for number in range(8):
        record_audit(make_job(log, "tests.kind"), actor=None, verb=f"other_{number}", at=NOON)
    seal_batch(log, at=NOON)
    path = tmp_path / "proof.json"
    path.write_text(json.dumps(prove_consistency(log, 12)))

    status, said = check(path, key_of(log), head.note)

    assert status == 1
    assert "it was rewritten" in said


def test_each_entry_is_proved_to_stand_in_the_log(log: Alliance, tmp_path: Path) -> None:
    for entry in AuditEntry.objects.of(log):
        proof = prove_inclusion(log, entry.pk)
        path = tmp_path / "proof.json"
        path.write_text(json.dumps(proof))
        assert check(path, key_of(log))[0] == 0
    assert proof is not None
    path.write_text(json.dumps({**proof, "record": proof["record"].replace("act", "fact")}))
    assert check(path, key_of(log))[0] == 1


def test_an_entry_that_waits_for_its_seal_has_no_proof_yet(log: Alliance) -> None:
    entry = record_audit(make_job(log, "tests.kind"), actor=None, verb="later", at=NOON)

    assert prove_inclusion(log, entry.pk) is None


def test_tiles_give_the_same_proofs_as_leaves(log: Alliance, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = [prove_consistency(log, size) for size in range(1, 13)]
    monkeypatch.setattr("alliance.selectors.audit_log.TILE", 2)

    assert [prove_consistency(log, size) for size in range(1, 13)] == plain
    assert [prove_consistency(log, size) for size in range(1, 13)] == plain  # now from the cache


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ("", "x"),
        ("not json\n", ""),
        ('{"format":"other"}\n', ""),
        ("[]\n", ""),
        ('{"format":"alliance-audit-export"}\n', ""),
    ],
)
def test_what_is_no_export_or_no_key_is_said_to_be_none(tmp_path: Path, content: str, key: str) -> None:
    path = tmp_path / "x"
    path.write_text(content)
    good = base64.b64encode(Ed25519PrivateKey.generate().public_key().public_bytes_raw()).decode()

    assert check(path, key or good)[0] == 2


def test_a_key_with_a_lost_letter_is_refused(log: Alliance, tmp_path: Path) -> None:
    key = key_of(log)
    status, said = check(give_out(log, tmp_path), key.replace("under-test", "under-tes"))

    assert status == 2
    assert "was a letter lost in copying" in said


# --------------------------------------------------------------------------------------------------------------- golden log


def run_alone(*arguments: str) -> subprocess.CompletedProcess[str]:
    """As a stranger does: no packages of ours, no settings, another folder."""
    command = [sys.executable, "-I", "-S", str(Path(verify_log.__file__)), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", env={"PYTHONUTF8": "1"})


def test_the_golden_log_stays_good_for_ever_in_a_run_of_its_own() -> None:
    done = run_alone(
        str(GOLDEN / "export.jsonl"), "--key", str(GOLDEN / "key.txt"), "--head", str(GOLDEN / "head-5.txt"), "--head",
        str(GOLDEN / "head-20.txt"),
    )  # fmt: skip

    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "GOOD"), done.stdout + done.stderr
    assert "23 entries in 4 batches" in done.stdout


GOLDEN_CHANGES: dict[str, Callable[[list[str]], list[str]]] = {
    "changed": lambda lines: [line.replace('\\"n\\":11', '\\"n\\":12') for line in lines],
    "removed": lambda lines: lines[:9] + lines[10:],
    "reordered": lambda lines: [*lines[:9], lines[10], lines[9], *lines[11:]],
}


@pytest.mark.parametrize("change", GOLDEN_CHANGES)
def test_a_changed_golden_log_is_not_good(tmp_path: Path, change: str) -> None:
    lines = (GOLDEN / "export.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    changed = GOLDEN_CHANGES[change](lines)
    assert changed != lines
    path = tmp_path / "export.jsonl"
    path.write_text("".join(changed), encoding="utf-8")

    done = run_alone(str(path), "--key", str(GOLDEN / "key.txt"))

    assert done.returncode == 1, done.stdout + done.stderr
    assert "batch" in done.stdout


def test_records_are_hashed_as_they_were_when_the_golden_log_was_made() -> None:
    """Should ``canonical`` change, new records would look otherwise; old ones must not."""
    from alliance.actions.audit import canonical

    for line in (GOLDEN / "export.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if "record" in row:
            assert canonical(json.loads(row["record"])) == row["record"]
