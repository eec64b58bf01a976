from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from alliance import tasks
from alliance.actions.audit import record_audit
from alliance.actions.sealing import seal_batch, seal_soon
from alliance.kernel import merkle, signing, tenancy
from alliance.models import Alliance, AuditEntry, AuditLeaf, AuditPending, TreeHead
from alliance.selectors.audit import latest_head
from tests.factories.alliance import NOON, make_alliance, make_job


@pytest.fixture(autouse=True)
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A key folder of the test's own."""
    folder = tmp_path / "keys"
    monkeypatch.setattr(settings, "KEYS_DIR", folder)
    return folder


def write(alliance: Alliance, count: int) -> list[AuditEntry]:
    job = make_job(alliance, "tests.kind")
    return [record_audit(job, actor=None, verb=f"test_{number}", at=NOON) for number in range(count)]


def test_sealing_puts_each_pending_entry_into_the_tree_and_signs_the_head(act: Alliance) -> None:
    entries = write(act, 7)

    done = seal_batch(act, at=NOON)

    head = latest_head(act)
    assert head is not None
    leaves = [merkle.leaf_hash(entry.record.encode()) for entry in entries]
    assert (done.entries, done.size, head.size) == (7, 7, 7)
    assert list(AuditLeaf.objects.of(act).order_by("seq").values_list("entry_id", flat=True)) == [one.pk for one in entries]
    assert bytes(head.root) == merkle.root_over(leaves)
    public = signing.public_key()
    assert public is not None
    assert signing.is_signed(head.note, public)
    assert head.note.startswith("127.0.0.1:8000/a/under-test/log\n7\n")
    assert not AuditPending.objects.of(act).exists()


def test_the_next_batch_grows_the_same_tree(act: Alliance) -> None:
    sizes, hashes = [], []
    for count in (1, 2, 5, 3):
        hashes += [merkle.leaf_hash(entry.record.encode()) for entry in write(act, count)]
        sizes.append(seal_batch(act, at=NOON).size)

    assert sizes == [1, 3, 8, 11]
    for head in TreeHead.objects.of(act):
        assert bytes(head.root) == merkle.root_over(hashes[: head.size])


def test_sealing_takes_no_more_statements_for_more_entries(act: Alliance, django_assert_num_queries: Any) -> None:
    write(act, 1)
    seal_batch(act, at=NOON)
    for count in (1, 60):
        write(act, count)
        with django_assert_num_queries(7):  # of them two are the savepoint that stands for the transaction
            seal_batch(act, at=NOON)


def test_nothing_pending_makes_no_head(act: Alliance) -> None:
    write(act, 2)
    seal_batch(act, at=NOON)

    assert seal_batch(act, at=NOON).entries == 0
    assert TreeHead.objects.of(act).count() == 1


def test_a_clock_that_goes_backwards_changes_nothing(act: Alliance) -> None:
    write(act, 2)
    seal_batch(act, at=NOON)
    record_audit(make_job(act, "tests.kind"), actor=None, verb="earlier", at=NOON - timedelta(days=400))
    seal_batch(act, at=NOON - timedelta(days=400))

    records = AuditLeaf.objects.of(act).order_by("seq").values_list("entry_id", flat=True)
    texts = {entry.pk: entry.record for entry in AuditEntry.objects.of(act)}
    head = latest_head(act)
    assert head is not None
    assert head.size == 3
    assert bytes(head.root) == merkle.root_over(merkle.leaf_hash(texts[pk].encode()) for pk in records)


def test_a_long_backlog_goes_in_batches(act: Alliance) -> None:
    write(act, 7)

    assert [seal_batch(act, at=NOON, most=3).entries for _turn in range(4)] == [3, 3, 1, 0]
    assert list(TreeHead.objects.of(act).order_by("size").values_list("size", flat=True)) == [3, 6, 7]


def test_another_alliances_entries_are_never_sealed_here(act: Alliance, other_alliance: Alliance) -> None:
    write(act, 2)
    with tenancy.acting_in(other_alliance):
        elsewhere = {entry.pk for entry in write(other_alliance, 3)}

    assert seal_batch(act, at=NOON).entries == 2
    assert not elsewhere & set(AuditLeaf.objects.of(act).values_list("entry_id", flat=True))
    with tenancy.acting_in(other_alliance):
        assert AuditPending.objects.of(other_alliance).count() == 3
        assert seal_batch(other_alliance, at=NOON).size == 3


def test_a_pending_row_without_its_entry_holds_nothing_up(act: Alliance) -> None:
    AuditPending.objects.create(alliance=act, entry_id="00000000-0000-7000-8000-000000000009")
    write(act, 2)

    assert seal_batch(act, at=NOON, most=1).entries == 1
    assert seal_batch(act, at=NOON, most=1).entries == 1
    assert AuditPending.objects.of(act).count() == 1


def test_the_web_role_seals_but_cannot_drop_what_is_not_sealed(act: Alliance) -> None:
    write(act, 3)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE app_rw")
        with pytest.raises(DatabaseError), transaction.atomic():
            cursor.execute("DELETE FROM alliance_auditpending")
        cursor.execute("SELECT app.drop_sealed_pending(0, 100)")
        assert AuditPending.objects.of(act).count() == 3
        assert seal_batch(act, at=NOON).entries == 3
        assert AuditPending.objects.of(act).count() == 0
        cursor.execute("RESET ROLE")


def test_sealing_drops_no_pending_row_of_another_alliance(act: Alliance, other_alliance: Alliance) -> None:
    with tenancy.acting_in(other_alliance):
        (entry,) = write(other_alliance, 1)
        AuditLeaf.objects.create(alliance=other_alliance, seq=0, entry_id=entry.pk, hash=b"\x01" * 32)
    with connection.cursor() as cursor:
        cursor.execute("SELECT app.drop_sealed_pending(0, 100)")
        assert cursor.fetchone() == (0,)
    with tenancy.acting_in(other_alliance):
        assert AuditPending.objects.of(other_alliance).count() == 1


def test_without_the_key_that_signed_the_last_head_nothing_is_sealed(act: Alliance, keys: Path) -> None:
    write(act, 1)
    seal_batch(act, at=NOON)
    kept = (keys / signing.PRIVATE_FILE).read_bytes()
    (keys / signing.PRIVATE_FILE).unlink()
    write(act, 1)

    with pytest.raises(signing.SigningKeyError), transaction.atomic():
        seal_batch(act, at=NOON)
    (keys / signing.PRIVATE_FILE).write_bytes(kept)

    assert seal_batch(act, at=NOON).size == 2


def test_a_key_that_nobody_announced_signs_nothing(act: Alliance, keys: Path) -> None:
    write(act, 1)
    seal_batch(act, at=NOON)
    for name in (signing.PRIVATE_FILE, signing.PUBLIC_FILE):
        (keys / name).unlink()
    signing.signing_key(make=True)
    write(act, 1)

    with pytest.raises(signing.SigningKeyError), transaction.atomic():
        seal_batch(act, at=NOON)


def test_a_rotated_key_signs_and_old_heads_stay_good(act: Alliance) -> None:
    write(act, 1)
    seal_batch(act, at=NOON)
    old = signing.public_key()
    signing.rotate()
    write(act, 1)
    seal_batch(act, at=NOON)

    first, second = TreeHead.objects.of(act).order_by("size")
    assert signing.retired_keys() == [old]
    assert signing.key_of(first.note) == old
    assert signing.key_of(second.note) == signing.public_key() != old


def test_a_log_keeps_its_name_when_the_host_changes(act: Alliance, monkeypatch: pytest.MonkeyPatch) -> None:
    write(act, 1)
    seal_batch(act, at=NOON)
    monkeypatch.setenv("PUBLIC_URL", "https://think.example")
    write(act, 1)
    seal_batch(act, at=NOON)

    head = latest_head(act)
    assert head is not None
    assert head.note.startswith("127.0.0.1:8000/a/under-test/log\n2\n")


@pytest.mark.django_db(transaction=True)
def test_an_act_that_matters_is_sealed_right_after_its_commit() -> None:
    alliance = make_alliance("under-test")

    with tenancy.acting_in(alliance):
        write(alliance, 2)
        seal_soon(alliance)
        assert latest_head(alliance) is None

    with tenancy.acting_in(alliance):
        head = latest_head(alliance)
        assert head is not None
        assert head.size == 2


@pytest.mark.django_db(transaction=True)
def test_the_periodic_task_seals_every_alliance() -> None:
    both = [make_alliance("one"), make_alliance("two")]
    for alliance in both:
        with tenancy.acting_in(alliance):
            write(alliance, 2)

    tasks.seal_all_audit_logs()

    for alliance in both:
        with tenancy.acting_in(alliance):
            assert TreeHead.objects.of(alliance).get().size == 2


@pytest.mark.django_db(transaction=True)
def test_two_sealers_and_four_writers_make_one_tree_with_every_entry_once() -> None:
    alliance = make_alliance("under-test")
    over = threading.Event()
    written: list[list[Any]] = [[] for _number in range(4)]
    errors: list[BaseException] = []

    def writer(number: int) -> None:
        try:
            for _turn in range(12):
                with tenancy.acting_in(alliance):
                    written[number] += [entry.pk for entry in write(alliance, 2)]
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    def sealer() -> None:
        try:
            while not over.is_set():
                with tenancy.acting_in(alliance):
                    seal_batch(alliance, at=timezone.now(), most=5)
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    writers = [threading.Thread(target=writer, args=(number,)) for number in range(4)]
    sealers = [threading.Thread(target=sealer) for _number in range(2)]
    for thread in (*writers, *sealers):
        thread.start()
    for thread in writers:
        thread.join()
    over.set()
    for thread in sealers:
        thread.join()
    tasks.seal_audit_log(alliance.pk)

    with tenancy.acting_in(alliance):
        leaves = list(AuditLeaf.objects.of(alliance).order_by("seq").values_list("seq", "entry_id", "hash"))
        assert errors == []
        assert [seq for seq, _entry, _hash in leaves] == list(range(96))
        assert {entry for _seq, entry, _hash in leaves} == {pk for found in written for pk in found}
        for head in TreeHead.objects.of(alliance):
            assert bytes(head.root) == merkle.root_over(bytes(digest) for _seq, _entry, digest in leaves[: head.size])
        assert not AuditPending.objects.of(alliance).exists()


def test_processes_that_race_for_the_first_key_get_the_same_one(keys: Path) -> None:
    found: list[bytes] = []
    start = threading.Barrier(8)

    def make() -> None:
        start.wait()
        found.append(signing.signing_key(make=True).private_bytes_raw())

    threads = [threading.Thread(target=make) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 8
    assert len(set(found)) == 1
    assert keys.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in keys.iterdir()} == {
        signing.PRIVATE_FILE: 0o600,
        signing.PUBLIC_FILE: 0o600,
    }
