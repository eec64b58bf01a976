"""Reads of imports."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from alliance.actions.files import open_stored
from alliance.choices import JobState
from alliance.kernel.tables import BYTE_ORDER_MARK, cell
from members.choices import ImportState, InstitutionState
from members.models import Institution, InstitutionImport
from members.selectors.institution_values import fault_text

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterator
    from typing import IO

    from django.db.models import QuerySet

    from alliance.models import Alliance


def get_import(alliance: Alliance, import_uuid: uuid.UUID) -> InstitutionImport:
    """One import with its files, job and starter; one query.

    Raises:
        InstitutionImport.DoesNotExist: The alliance has none of that identifier.
    """
    return (
        InstitutionImport.objects.of(alliance)
        .select_related("file", "error_file", "job", "actor", "alliance")
        .get(uuid=import_uuid)
    )


def get_import_of_job(alliance: Alliance, job_uuid: uuid.UUID) -> InstitutionImport:
    """The import that a job works on.

    Raises:
        InstitutionImport.DoesNotExist: No import of this alliance has that job.
    """
    return InstitutionImport.objects.of(alliance).get(job__uuid=job_uuid)


def list_imports(alliance: Alliance) -> QuerySet[InstitutionImport]:
    """Imports, newest first; one query."""
    return InstitutionImport.objects.of(alliance).select_related("file", "actor").order_by("-created_at", "-id")


def read_faults(record: InstitutionImport) -> Iterator[tuple[int, str, dict[str, Any], list[str]]]:
    """Every refused row: number, code, values of the reason's placeholders, cells."""
    if record.error_file is None:
        return
    with open_stored(record.error_file) as content:
        for line in content:
            number, code, params, cells = json.loads(line)
            yield number, code, params, cells


def write_faults(record: InstitutionImport, out: IO[bytes]) -> None:
    """The refused rows as CSV: the table's own columns, then the row number and the reason in the active language.

    Cells that a spreadsheet would compute are guarded; the import takes the guard off again.

    Args:
        record: The import.
        out: A binary file, written from its present place.
    """
    text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
    try:
        text.write(BYTE_ORDER_MARK)
        writer = csv.writer(text, lineterminator="\r\n")
        width = len(record.header)
        writer.writerow([cell(name) for name in [*record.header, _("Row"), _("Reason")]])
        for number, code, params, cells in read_faults(record):
            padded = [*cells[:width], *[""] * (width - len(cells))]
            writer.writerow([*(cell(value) for value in padded), number, cell(fault_text(code, params))])
        text.flush()
    finally:
        text.detach()


def list_screen_faults(record: InstitutionImport) -> list[dict[str, Any]]:
    """The first refused rows with their reason in the active language."""
    return [
        {
            "row": fault["row"],
            "reason": fault_text(fault["code"], fault["params"]),
            "cells": fault["cells"],
            "name": _name_in(record, fault["cells"]),
        }
        for fault in record.faults
    ]


def list_reasons(record: InstitutionImport) -> list[tuple[str, int]]:
    """Reasons in words without their details, most frequent first."""
    found = record.counts.get("reasons", {})
    return sorted(((REASON_NAMES[code], n) for code, n in found.items()), key=lambda pair: -pair[1])


def _name_in(record: InstitutionImport, cells: list[str]) -> str:
    for name in ("name", "name_en", "name_zh"):
        index = record.columns.get(name)
        if index is not None and index < len(cells) and cells[index]:
            return str(cells[index])
    return cells[0] if cells else ""


REASON_NAMES: dict[str, Any] = {
    "malformed": gettext_lazy("quotation mark never closed"),
    "columns": gettext_lazy("wrong number of columns"),
    "unreadable": gettext_lazy("characters outside the encoding"),
    "control": gettext_lazy("control characters"),
    "name_missing": gettext_lazy("name missing"),
    "name_too_long": gettext_lazy("name too long"),
    "kind_missing": gettext_lazy("kind missing"),
    "kind_unknown": gettext_lazy("kind not mapped"),
    "country_unknown": gettext_lazy("unknown country"),
    "region_unknown": gettext_lazy("unknown region"),
    "region_abroad": gettext_lazy("region outside China"),
    "registry_code_invalid": gettext_lazy("registry code not valid"),
    "web_invalid": gettext_lazy("web address not valid"),
    "email_invalid": gettext_lazy("e-mail address not valid"),
    "duplicate": gettext_lazy("repeated inside the file"),
    "refused": gettext_lazy("against a rule"),
}
"""What is wrong, in two or three words, by code."""


def phase_of(record: InstitutionImport) -> str:
    """Where an import is for its reader: mapping, checking, checked, running, stopped, failed or finished.

    A job that died without writing the import's state shows as what it is.
    """
    job = record.job
    if record.state in {ImportState.UPLOADED, ImportState.MAPPED}:
        return "mapping"
    if record.state == ImportState.CHECKING:
        return "mapping" if job is None or job.state in {JobState.STOPPED, JobState.FAILED} else "checking"
    if record.state == ImportState.CHECKED:
        return "checked"
    if record.state == ImportState.FINISHED:
        return "finished"
    if job is not None and job.state == JobState.STOPPED:
        return "stopped"
    if record.state == ImportState.RUNNING and (job is None or job.state != JobState.FAILED):
        return "running"
    return "failed"


EXPORTED: tuple[str, ...] = (
    "name_en",
    "name_zh",
    "kind",
    "subkind",
    "country",
    "region",
    "registry_code",
    "web",
    "contact_email",
)
"""Columns of an export of institutions: what the import reads, under the names it recognises."""


def export_institutions(alliance: Alliance) -> tuple[list[str], list[list[Any]]]:
    """Header and rows of all institutions but merged entries, in a form that the import takes back; one query."""
    rows = (
        Institution.objects.of(alliance)
        .exclude(state=InstitutionState.MERGED)
        .order_by("sort_key", "id")
        .values_list(
            "name_en",
            "name_zh",
            "kind",
            "subkind",
            "country_code",
            "region_code",
            "registry_code",
            "web",
            "contact_email",
        )
    )
    return list(EXPORTED), [list(row) for row in rows]
