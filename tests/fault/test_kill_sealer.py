"""A sealer killed with SIGKILL at each of its statements: the log is whole, and the next sealer goes on where it stood."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.db import connection

from alliance.actions.audit import record_audit
from alliance.kernel import merkle, signing, tenancy
from alliance.models import Alliance, AuditEntry, AuditLeaf, AuditPending, TreeHead
from tests.factories.alliance import NOON, make_alliance, make_job
from tests.fault.conftest import OUTCOMES

pytestmark = [pytest.mark.fault, pytest.mark.django_db(transaction=True)]

POINTS = ("seal.locked", "seal.leaves_written", "seal.head_written", "seal.pending_dropped", "seal.committed")
PROGRAM = "import sys, django; django.setup(); from alliance.tasks import seal_audit_log; seal_audit_log(int(sys.argv[1]))"


def seal(alliance: Alliance, keys: Path, fault: str = "") -> int:
    """One sealer in a process of its own; gives its exit status."""
    database = urlsplit(os.environ["DATABASE_OWNER_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    url = urlunsplit(database)
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.fault.settings",
        "DATABASE_URL": url,
        "DATABASE_OWNER_URL": url,
        "ALLIANCE_KEYS": str(keys),
        "ALLIANCE_FAULT": fault,
    }
    command = [sys.executable, "-c", PROGRAM, str(alliance.pk)]
    return subprocess.run(command, env=environment, cwd=settings.BASE_DIR, check=False, timeout=120).returncode


def test_a_sealer_killed_at_each_statement_loses_and_doubles_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = tmp_path / "keys"
    monkeypatch.setattr(settings, "KEYS_DIR", keys)
    alliance = make_alliance("under-test")
    for number, point in enumerate(POINTS, 1):
        with tenancy.acting_in(alliance):
            job = make_job(alliance, "tests.kind")
            for _entry in range(3):
                record_audit(job, actor=None, verb=f"test_{number}", at=NOON)

        assert seal(alliance, keys, f"{point}@{tmp_path / point}") == -signal.SIGKILL
        with tenancy.acting_in(alliance):
            committed = point == "seal.committed"
            assert TreeHead.objects.of(alliance).count() == (number if committed else number - 1)
            assert AuditPending.objects.of(alliance).count() == (0 if committed else 3)
        assert seal(alliance, keys) == 0
        OUTCOMES.append((point, "the sealer", f"{3 * number} entries, {number} good heads"))

    with tenancy.acting_in(alliance):
        records = dict(AuditEntry.objects.of(alliance).values_list("pk", "record"))
        leaves = list(AuditLeaf.objects.of(alliance).order_by("seq").values_list("seq", "entry_id"))
        assert [seq for seq, _entry in leaves] == list(range(15))
        assert {entry for _seq, entry in leaves} == set(records)
        hashes = [merkle.leaf_hash(records[entry].encode()) for _seq, entry in leaves]
        for head in TreeHead.objects.of(alliance):
            assert bytes(head.root) == merkle.root_over(hashes[: head.size])
            assert signing.key_of(head.note) == signing.public_key()
