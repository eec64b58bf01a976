"""Gives the sealed log out, for ``verify_log.py`` and for keeping: one JSON object a line, packed.

The first line names the log; entries stand in the order of the tree, each head behind the entries it closes; the last line counts
them. Entries never change, so an export needs no lock and may be made again.
"""

from __future__ import annotations

import base64
import gzip
import tempfile
from datetime import timedelta
from typing import IO, TYPE_CHECKING, Any

import orjson
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.actions.audit import plain, record_audit
from alliance.actions.files import delete_stored, store_produced
from alliance.actions.sealing import BATCH, seal_batch
from alliance.kernel import jobs, tenancy, uploads
from alliance.kernel.permissions import require
from alliance.models import StoredFile, TreeHead
from alliance.selectors.audit_log import EXPORT, Extent, measure, verifiers_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from alliance.models import Alliance, Job, User

JOB = "alliance.export_audit_log"
PURPOSE = "audit_export"
CHUNK = 5_000
EXPORT_LIFE = timedelta(days=7)
"""A made export is kept so long; it may hold personal values."""

uploads.purposes.register(PURPOSE, uploads.Purpose(PURPOSE, _("export of the audit log"), frozenset()))

_ENTRIES = """
SELECT l.seq, l.hash, l.entry_id, e.at, e.actor_id, e.via, e.verb, e.object_type, e.object_id, e.record
FROM alliance_auditleaf l LEFT JOIN alliance_auditentry e ON e.alliance_id = l.alliance_id AND e.id = l.entry_id
WHERE l.alliance_id = %s AND l.seq >= %s AND l.seq < %s
ORDER BY l.seq
"""
_PERSONAL = """
SELECT p.entry_id, p.path, p.salt, p.value
FROM alliance_auditleaf l JOIN alliance_auditpersonal p ON p.alliance_id = l.alliance_id AND p.entry_id = l.entry_id
WHERE l.alliance_id = %s AND l.seq >= %s AND l.seq < %s
"""


@transaction.atomic
def export_log(alliance: Alliance, *, with_personal: bool, actor: User, at: datetime) -> Job:
    """Start an export of the log as a job.

    Args:
        alliance: The tenant.
        with_personal: Whether names, addresses and free texts go with it; without them the log verifies just as well.
        actor: Who asks.
        at: Now.

    Raises:
        PermissionRefusedError: The actor may not have the log.
    """
    require(actor, EXPORT, alliance)
    job = jobs.start(alliance, JOB, actor=actor, params={"with_personal": with_personal})
    record_audit(
        alliance,
        alliance=alliance,
        actor=actor,
        verb="export_audit_log",
        after={"with_personal": with_personal, "job": job.uuid},
        at=at,
    )
    return job


def write_export(
    alliance: Alliance, out: IO[bytes], *, with_personal: bool, at: datetime, step: Callable[[int, int], None] | None = None
) -> Extent:
    """Write the sealed log; opens a transaction of its own for each part.

    Args:
        alliance: The tenant.
        out: Takes the lines, unpacked.
        with_personal: Whether personal values go with it.
        at: Moment of the export.
        step: Is told how many entries are written, of how many; between transactions.
    """
    with tenancy.acting_in(alliance):
        extent = measure(alliance)
        heads = (
            TreeHead.objects.of(alliance)
            .filter(size__lte=extent.size)
            .order_by("size")
            .values_list("size", "root", "frontier", "at", "note")
        )
        closing = list(heads)
        keys = verifiers_of(alliance)
    origin = closing[-1][4].partition("\n")[0] if closing else ""
    _line(
        out,
        {
            "format": "alliance-audit-export",
            "version": 1,
            "origin": origin,
            "log": alliance.slug,
            "made_at": plain(at),
            "with_personal": with_personal,
            "keys": keys,
        },
    )
    next_head = 0
    for start in range(0, extent.size, CHUNK):
        end = min(start + CHUNK, extent.size)
        if step is not None:
            step(start, extent.size)
        with tenancy.acting_in(alliance), connection.cursor() as cursor:
            values: dict[Any, dict[str, list[str]]] = {}
            if with_personal:
                cursor.execute(_PERSONAL, [alliance.pk, start, end])
                for entry_id, path, salt, value in cursor.fetchall():
                    values.setdefault(entry_id, {})[path] = [bytes(salt).hex(), value]
            cursor.execute(_ENTRIES, [alliance.pk, start, end])
            rows = cursor.fetchall()
        for row in rows:
            while next_head < len(closing) and closing[next_head][0] <= row[0]:
                _head(out, closing[next_head])
                next_head += 1
            _entry(out, row, values.get(row[2]))
    for head in closing[next_head:]:
        _head(out, head)
    counts = {"entries": extent.size, "heads": extent.heads, "pending": extent.pending, "strays": extent.strays}
    _line(out, {"end": counts})
    return extent


def _line(out: IO[bytes], value: dict[str, Any]) -> None:
    out.write(orjson.dumps(value) + b"\n")


def _entry(out: IO[bytes], row: tuple[Any, ...], values: dict[str, list[str]] | None) -> None:
    seq, digest, entry_id, at, actor, via, verb, object_type, object_id, record = row
    line = {
        "seq": seq,
        "hash": bytes(digest).hex(),
        "id": str(entry_id),
        "at": plain(at),
        "actor": str(actor) if actor else None,
        "via": via,
        "verb": verb,
        "type": object_type,
        "object": object_id,
        "record": record,
    }
    if values:
        line["personal"] = values
    _line(out, line)


def _head(out: IO[bytes], head: tuple[Any, ...]) -> None:
    size, root, frontier, at, note = head
    encoded = {"root": base64.b64encode(root).decode(), "frontier": base64.b64encode(frontier).decode()}
    _line(out, {"head": {"size": size, **encoded, "at": plain(at), "note": note}})


def run_export(alliance: Alliance, job: Job, progress: jobs.Progress) -> dict[str, Any]:
    """Seal what waits, write the log into a file, keep the file for whoever asked."""
    progress.step("seal", 0, 0)
    sealed = BATCH
    while sealed == BATCH:
        with tenancy.acting_in(alliance):
            sealed = seal_batch(alliance, at=timezone.now()).entries
    with_personal = bool(job.params.get("with_personal"))
    at = timezone.now()
    with tempfile.TemporaryFile() as file:
        with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=5, mtime=0) as packed:
            extent = write_export(
                alliance,
                packed,  # type: ignore[arg-type]  # writes bytes like any binary file
                with_personal=with_personal,
                at=at,
                step=lambda done, total: progress.step("write", done, total),
            )
        file.seek(0)
        progress.step("keep", extent.size, extent.size)
        with tenancy.acting_in(alliance):
            stored = store_produced(
                alliance,
                file,
                name=f"{alliance.slug}-audit-{extent.size}.jsonl.gz",
                media_type="application/gzip",
                purpose=PURPOSE,
                actor=job.actor,
                permission=EXPORT,
            )
    return {"file": str(stored.uuid), "entries": extent.size}


def drop_old_exports(alliance: Alliance, *, at: datetime) -> int:
    """Delete exports that have outlived their term; returns how many."""
    old = StoredFile.objects.of(alliance).filter(purpose=PURPOSE, created_at__lt=at - EXPORT_LIFE)
    for stored in old:
        delete_stored(stored, actor=None)
    return len(old)


jobs.kinds.register(
    JOB,
    jobs.JobKind(
        JOB,
        _("Export of the audit log"),
        run_export,
        {"seal": _("Sealing what waits"), "write": _("Writing the entries"), "keep": _("Keeping the file")},
        url_name="audit_export_file",
    ),
)
