"""Imports institutions from a table: upload, mapping, dry run, import (features S24).

A large table goes in by ``COPY`` into a temporary table and ``INSERT ... SELECT`` under row-level security, in batches that
commit one by one, so that a stop or a dead worker leaves whole batches and a new run goes on without doubles. A row is
*known* when its registry code, or its name in its place, is in the alliance already; a *duplicate* when an earlier row of
the same table has one of these in common.
"""

from __future__ import annotations

import io
import json
import tempfile
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.actions.audit import record_audit
from alliance.actions.files import open_stored, store_produced, store_upload
from alliance.choices import JobState
from alliance.kernel import faults, jobs, tenancy
from alliance.kernel.errors import DomainError, InvalidInputError
from alliance.kernel.events import emit
from alliance.kernel.json_lines import MEDIA_TYPE as JSON_LINES
from alliance.kernel.json_lines import json_lines_to_csv
from alliance.kernel.permissions import require
from alliance.kernel.spreadsheets import MEDIA_TYPE, xlsx_to_csv
from alliance.kernel.tables import unguard
from alliance.models import Job
from members.actions.import_rows import import_single_rows
from members.actions.institution import highest_code_number, lock_counter
from members.choices import ImportPolicy, ImportPurpose, ImportState, ImportSubject, InstitutionKind, InstitutionState
from members.models import InstitutionImport
from members.permissions import IMPORT_INSTITUTIONS, VIEW_IMPORT
from members.selectors.import_subjects import constants_of, fields_of, guess_columns_of, missing_columns, row_subjects
from members.selectors.institution_table import (
    LEAVE_OUT,
    MAX_KIND_VALUES,
    UNREADABLE,
    count_values,
    guess_kind,
    look_at_table,
    read_rows,
)
from members.selectors.institution_values import Entry, Fault, check_entry, has_control_characters
from members.selectors.regions import COUNTRY_CODES
from members.signals import INSTITUTIONS_IMPORTED
from members.transitions import START_CHECK, START_IMPORT

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from django_stubs_ext import StrOrPromise

    from alliance.kernel.jobs import Progress
    from alliance.models import Alliance, StoredFile, User

CHECK_JOB = "members.check_import"
IMPORT_JOB = "members.import_institutions"
FAULTS_ON_SCREEN = 200
STEPS: dict[str, StrOrPromise] = {
    "check": _("Checking the rows"),
    "write": _("Adding the rows"),
    "finish": _("Writing down the result"),
}

_STAGE = """
CREATE TEMP TABLE IF NOT EXISTS members_import_stage (
    row_no bigint, kind text, subkind text, name_en text, name_zh text, country_code text, region_code text, registry_scheme text,
    registry_code text, web text, contact_email text, name_key text, sort_key text, sort_key_zh text
) ON COMMIT DROP;
TRUNCATE members_import_stage;
"""
_COPY = (
    "COPY members_import_stage (row_no, kind, subkind, name_en, name_zh, country_code, region_code, registry_scheme, "
    "registry_code, web, contact_email, name_key, sort_key, sort_key_zh) FROM STDIN"
)
# Equalities only: they are leak-proof, so row-level security lets the planner use indexes and hash joins for them. A join
# that no row of a batch needs is left out, for it would read the whole table.
_FRESH = """
SELECT s.*, row_number() OVER (ORDER BY s.row_no) AS place
  FROM members_import_stage s
 WHERE NOT EXISTS (SELECT 1 FROM members_institution k
                    WHERE k.alliance_id = %(alliance)s AND k.name_key = s.name_key AND k.country_code = s.country_code
                      AND k.region_code = s.region_code)
"""
_NO_SUCH_CODE = """
   AND NOT EXISTS (SELECT 1 FROM members_institution r
                    WHERE r.alliance_id = %(alliance)s AND r.registry_code <> '' AND r.registry_scheme = s.registry_scheme
                      AND r.registry_code = s.registry_code)
"""
_NO_SUCH_CHINESE_NAME = """
   AND NOT EXISTS (SELECT 1 FROM members_institution z
                    WHERE z.alliance_id = %(alliance)s AND z.name_zh = s.name_zh AND z.name_zh <> ''
                      AND z.country_code = s.country_code AND z.region_code = s.region_code)
"""
_INSERT = """
WITH fresh AS MATERIALIZED ({fresh}), added AS (
INSERT INTO members_institution (alliance_id, code, kind, subkind, name_en, name_zh, short_en, short_zh, state, country_code,
    region_code, registry_scheme, registry_code, web, contact_email, joined_on, source, name_key, sort_key, sort_key_zh, created_at)
SELECT %(alliance)s, 'I-' || lpad((%(last)s + f.place)::text, greatest(4, length((%(last)s + f.place)::text)), '0'),
       f.kind, f.subkind, f.name_en, f.name_zh, '', '', %(state)s, f.country_code, f.region_code, f.registry_scheme, f.registry_code,
       f.web, f.contact_email, %(joined_on)s, %(source)s, f.name_key, f.sort_key, f.sort_key_zh, %(at)s
  FROM fresh f ORDER BY f.place
ON CONFLICT DO NOTHING RETURNING id), standing AS (
INSERT INTO members_institutionstanding (alliance_id, institution_id, state, starts_at, ends_at, decision_reference)
SELECT %(alliance)s, added.id, %(state)s, %(at)s, NULL, '' FROM added)
SELECT (SELECT count(*) FROM fresh), (SELECT count(*) FROM added)
"""


@transaction.atomic
def note_export(alliance: Alliance, subject: str, rows: int, *, actor: User, at: datetime) -> None:
    """Put on record that somebody took all records of a subject out; the tables hold personal data."""
    require(actor, VIEW_IMPORT, alliance)
    record_audit(
        alliance, actor=actor, verb="export_table", after={"subject": subject, "rows": rows}, at=at, alliance=alliance
    )


# ------------------------------------------------------------------------------------------------------- upload, mapping


@transaction.atomic
def upload_table(
    alliance: Alliance,
    file: Any,
    *,
    actor: User,
    at: datetime,
    encoding: str = "",
    delimiter: str = "",
    subject: str = ImportSubject.INSTITUTIONS,
) -> InstitutionImport:
    """Take a table in and look at it: encoding, separator, header, likely columns and kinds.

    Of a workbook the first visible sheet, of JSON Lines every object, is kept as CSV beside the file as it came; everything
    after reads that.

    Args:
        alliance: The tenant.
        file: An uploaded file, or any binary file with ``name``.
        actor: Who uploads; needs ``members.import_institutions``.
        at: Now.
        encoding: Chosen by hand; recognised when empty.
        delimiter: Chosen by hand; recognised when empty.
        subject: What the rows are, one of ImportSubject.

    Raises:
        UploadRefusedError: Too large, empty, no text, or not a type that holds a table.
        InvalidInputError: It is text, but no table; or there is no such subject.
    """
    require(actor, IMPORT_INSTITUTIONS, alliance)
    if subject != ImportSubject.INSTITUTIONS and subject not in row_subjects:
        words = _("Choose what the rows of the table are.")
        raise InvalidInputError(words, code="subject_unknown", fields={"subject": words})
    original = stored = store_upload(alliance, file, "table", actor=actor, permission=VIEW_IMPORT)
    if stored.media_type in {MEDIA_TYPE, JSON_LINES}:
        stored = _as_csv(alliance, stored, actor)
        encoding, delimiter = "utf-8-sig", ","
    record = InstitutionImport(alliance=alliance, file=stored, actor=actor, subject=subject)
    _look(record, encoding=encoding, delimiter=delimiter)
    record.save()
    record_audit(
        record,
        actor=actor,
        verb="upload_table",
        after={
            "file": stored.uuid,
            "rows": record.rows,
            "encoding": record.encoding,
            "subject": record.subject,
            "sha256": original.sha256,
        },
        personal={"name": original.name},
        at=at,
    )
    return record


def _as_csv(alliance: Alliance, workbook: StoredFile, actor: User) -> StoredFile:
    """The first visible sheet of a stored workbook, or the objects of a file of JSON Lines, as a stored CSV file.

    Raises:
        UploadRefusedError: It cannot be read as what it says it is.
    """
    with open_stored(workbook) as content, tempfile.SpooledTemporaryFile(max_size=2 * 1024 * 1024) as out:
        convert = json_lines_to_csv if workbook.media_type == JSON_LINES else xlsx_to_csv
        convert(content, out)  # type: ignore[arg-type]
        out.seek(0)
        return store_produced(
            alliance,
            out,  # type: ignore[arg-type]
            name=f"{workbook.name}.csv",
            media_type="text/csv",
            actor=actor,
            permission=VIEW_IMPORT,
        )


def _look(record: InstitutionImport, *, encoding: str, delimiter: str) -> None:
    """Fill the record with what a look at its file finds, and with a first proposal of the mapping."""
    with open_stored(record.file) as content:
        shape = look_at_table(content, encoding=encoding, delimiter=delimiter)
        refuse_shape(shape.problem)
        columns = guess_columns_of(record.subject, shape.header)
        column = columns.get("kind") if record.subject == ImportSubject.INSTITUTIONS else None
        record.rows, record.kind_counts = count_values(content, shape.encoding, shape.delimiter, column)
    record.encoding, record.delimiter = shape.encoding, shape.delimiter
    record.header, record.sample = shape.header, shape.sample
    record.columns = columns
    if len(record.kind_counts) > MAX_KIND_VALUES:
        record.columns.pop("kind", None)
        record.kind_counts = {}
    record.kinds = propose_kinds(record.kind_counts)
    record.defaults = {"country": "CN", "kind": ""}


def refuse_shape(problem: str) -> None:
    """Say what makes a file no table.

    Raises:
        InvalidInputError: With the reason and what to do.
    """
    reasons: dict[str, Any] = {
        "no_rows": _("The file holds no rows under a header."),
        "ragged": _("This does not look like a table: most rows have another number of columns than the first."),
        "too_many_columns": _("The table has too many columns (at most 200)."),
    }
    if problem:
        raise InvalidInputError(
            reasons[problem],
            code=f"table_{problem}",
            remedy=_("Save the sheet as CSV with one header row, or choose another encoding or separator."),
            fields={"file": reasons[problem]},
        )


def propose_kinds(values: Iterable[str]) -> dict[str, str]:
    """Kinds for the values that speak for themselves; the others are left for the office to decide."""
    return {value: kind for value in values if (kind := guess_kind(value)) is not None}


@transaction.atomic
def reread_table(
    alliance: Alliance, import_uuid: uuid.UUID, *, encoding: str, delimiter: str, actor: User
) -> InstitutionImport:
    """Read an uploaded table again with another encoding or separator; the mapping starts afresh.

    Raises:
        InvalidInputError: Read so, it is no table.
    """
    record = _locked(alliance, import_uuid)
    require(actor, IMPORT_INSTITUTIONS, record)
    START_CHECK.check(record.state)
    _look(record, encoding=encoding, delimiter=delimiter)
    record.state, record.counts, record.faults = ImportState.UPLOADED, {}, []
    record.save()
    return record


@transaction.atomic
def map_table(
    alliance: Alliance,
    import_uuid: uuid.UUID,
    *,
    columns: dict[str, int],
    kinds: dict[str, str],
    defaults: dict[str, str],
    source: str,
    actor: User,
) -> InstitutionImport:
    """Keep which column is what and which value means which kind.

    When another column is named for the kind, its values are counted and kinds proposed for them; the caller shows them
    before going on (``kinds_complete`` tells).

    Args:
        alliance: The tenant.
        import_uuid: The import.
        columns: Field -> column index.
        kinds: Value -> kind, or an empty text to leave such rows out; a value that is missing is undecided.
        defaults: ``country`` and ``kind`` for tables without such columns; the constants of other subjects by name.
        source: Where the data come from, kept with each institution.
        actor: Needs ``members.import_institutions``.

    Raises:
        InvalidInputError: No column for the name, a column that does not exist, an unknown kind or country.
    """
    record = _locked(alliance, import_uuid)
    require(actor, IMPORT_INSTITUTIONS, record)
    START_CHECK.check(record.state)
    _check_mapping(record, columns, kinds, defaults)
    if record.subject != ImportSubject.INSTITUTIONS:
        kinds = {}
    elif columns.get("kind") != record.columns.get("kind") or (columns.get("kind") is not None and not record.kind_counts):
        with open_stored(record.file) as content:
            _rows, record.kind_counts = count_values(content, record.encoding, record.delimiter, columns.get("kind"))
        if len(record.kind_counts) > MAX_KIND_VALUES:
            raise InvalidInputError(
                _("The column chosen for the kind has more than %(most)s different values.") % {"most": MAX_KIND_VALUES},
                code="kind_column_too_varied",
                remedy=_("Choose the column that holds the type of institution."),
                fields={"kind": _("Choose the column that holds the type of institution.")},
            )
        kinds = {**propose_kinds(record.kind_counts), **{k: v for k, v in kinds.items() if k in record.kind_counts}}
    record.columns, record.defaults = dict(columns), dict(defaults)
    record.kinds = {value: kind for value, kind in kinds.items() if value in record.kind_counts}
    record.source = source
    record.state, record.counts = ImportState.MAPPED, _only_added(record.counts)
    record.faults = []
    record.save()
    return record


def kinds_complete(record: InstitutionImport) -> bool:
    """Whether every value of the kind column is decided, or the table has a kind for all rows."""
    if record.subject != ImportSubject.INSTITUTIONS:
        return True
    if "kind" not in record.columns:
        return bool(record.defaults.get("kind"))
    return all(value in record.kinds for value in record.kind_counts)


def _check_mapping(
    record: InstitutionImport, columns: dict[str, int], kinds: dict[str, str], defaults: dict[str, str]
) -> None:
    problems: dict[str, Any] = dict(missing_columns(record.subject, columns, defaults))
    known = fields_of(record.subject)
    for name, index in columns.items():
        if name not in known or not 0 <= index < len(record.header):
            problems[name] = _("Choose one of the table's columns.")
    if any(kind and kind not in InstitutionKind.values for kind in kinds.values()):
        problems["kind"] = _("Choose one of the seven kinds, or leave the rows out.")
    if defaults.get("kind") and defaults["kind"] not in InstitutionKind.values:
        problems["default_kind"] = _("Choose one of the seven kinds.")
    if record.subject == ImportSubject.INSTITUTIONS and defaults.get("country", "") not in COUNTRY_CODES:
        problems["default_country"] = _("Give a country code of two letters, such as CN.")
    if problems:
        raise InvalidInputError(_("The mapping is not complete."), code="mapping_incomplete", fields=problems)


def _only_added(counts: dict[str, Any]) -> dict[str, Any]:
    """What an earlier, interrupted run has added already: the next run's figures take it into account."""
    return {"added": counts["added"]} if counts.get("added") else {}


def _locked(alliance: Alliance, import_uuid: uuid.UUID) -> InstitutionImport:
    return (
        InstitutionImport.objects.of(alliance)
        .select_for_update(of=("self",))
        .select_related("file", "actor", "job", "error_file")
        .get(uuid=import_uuid)
    )


# ------------------------------------------------------------------------------------------------------------------ jobs


@transaction.atomic
def start_check(alliance: Alliance, import_uuid: uuid.UUID, *, actor: User) -> InstitutionImport:
    """Start the dry run as a job.

    Raises:
        InvalidInputError: A value of the kind column is not decided.
        TransitionRefusedError: A job of this import is under way, or the import is finished.
    """
    record = _locked(alliance, import_uuid)
    require(actor, START_CHECK.permission, record)
    _settle_dead_job(record)
    START_CHECK.check(record.state)
    if not kinds_complete(record):
        raise InvalidInputError(
            _("Decide for each type which kind it is, or leave its rows out."),
            code="kinds_undecided",
            fields={"kind": _("Decide for each type which kind it is, or leave its rows out.")},
        )
    record.job = jobs.start(alliance, CHECK_JOB, actor=actor, params={"import": str(record.uuid)})
    record.state, record.purpose = START_CHECK.target, ImportPurpose.CHECK
    record.save(update_fields=["job", "state", "purpose"])
    return record


@transaction.atomic
def start_import(alliance: Alliance, import_uuid: uuid.UUID, *, policy: str, actor: User) -> InstitutionImport:
    """Start the import as a job, after a dry run; a second press starts nothing more.

    Raises:
        TransitionRefusedError: No dry run has been made, or the import is under way or finished.
        InvalidInputError: The policy is unknown, or it asks for every row to be good and some are not.
    """
    record = _locked(alliance, import_uuid)
    require(actor, START_IMPORT.permission, record)
    _settle_dead_job(record)
    START_IMPORT.check(record.state)
    if policy not in ImportPolicy.values:
        raise InvalidInputError(_("Choose what happens to the good rows."), code="policy_unknown")
    record.policy = policy
    record.job = jobs.start(alliance, IMPORT_JOB, actor=actor, params={"import": str(record.uuid)})
    record.state, record.purpose = START_IMPORT.target, ImportPurpose.IMPORT
    record.save(update_fields=["policy", "job", "state", "purpose"])
    record_audit(record, actor=actor, verb="start_import", after={"policy": policy, "job": record.job.uuid})
    return record


@transaction.atomic
def stop_import(alliance: Alliance, import_uuid: uuid.UUID, *, actor: User) -> InstitutionImport:
    """Ask the running job of an import to stop after its present batch; what was committed stays."""
    record = _locked(alliance, import_uuid)
    require(actor, IMPORT_INSTITUTIONS, record)
    if record.job is not None and not record.job.is_over:
        record.job = jobs.ask_to_stop(alliance, record.job.uuid)
        _settle_dead_job(record)
        record_audit(record, actor=actor, verb="stop_import", after={"job": record.job.uuid})
    return record


def _settle_dead_job(record: InstitutionImport) -> None:
    """Bring the state in line with a job that ended without saying so itself (stopped while queued, failed)."""
    if record.state not in {ImportState.CHECKING, ImportState.RUNNING} or record.job is None:
        return
    job = Job.objects.of(record.alliance).get(pk=record.job.pk)
    if job.state in {JobState.STOPPED, JobState.FAILED}:
        record.state = ImportState.FAILED if record.purpose == ImportPurpose.IMPORT else ImportState.MAPPED
        record.save(update_fields=["state"])


# ------------------------------------------------------------------------------------------------------------- the table


@dataclass(slots=True)
class Plan:
    """How to read one table, free of requests and of the database.

    Attributes:
        columns: Field -> column index.
        kinds: Value of the kind column -> kind, or empty to leave the row out.
        width: Columns of the header; a row with another number is faulty. 0: not checked.
        country: For tables without a country column, and for empty cells.
        kind: For tables without a kind column.
        encoding: Codec of the file.
        delimiter: Separator.
        source: Kept with each institution.
        constants: Values of fields for rows that give none; only of subjects whose rows go in one by one.
    """

    columns: dict[str, int]
    kinds: dict[str, str] = field(default_factory=dict)
    width: int = 0
    country: str = "CN"
    kind: str = ""
    encoding: str = "utf-8-sig"
    delimiter: str = ","
    source: str = ""
    constants: dict[str, str] = field(default_factory=dict)


def plan_of(record: InstitutionImport) -> Plan:
    """The plan that an import's mapping makes."""
    return Plan(
        columns={name: int(index) for name, index in record.columns.items()},
        kinds=dict(record.kinds),
        width=len(record.header),
        country=record.defaults.get("country") or "CN",
        kind=record.defaults.get("kind") or "",
        encoding=record.encoding,
        delimiter=record.delimiter,
        source=record.source,
        constants=constants_of(record.subject, record.defaults),
    )


@dataclass(slots=True)
class Tally:
    """Counts of one pass: rows = good + known + duplicate + left_out + faulty at any time.

    ``good`` are rows added (or, in a dry run, rows that would be).
    """

    rows: int = 0
    good: int = 0
    known: int = 0
    duplicate: int = 0
    left_out: int = 0
    faulty: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    @property
    def refused(self) -> int:
        """Rows that come back with a reason."""
        return self.faulty + self.duplicate

    def as_counts(self) -> dict[str, Any]:
        """The counts in a form that a JSON column keeps."""
        return {
            "rows": self.rows,
            "good": self.good,
            "known": self.known,
            "duplicate": self.duplicate,
            "left_out": self.left_out,
            "faulty": self.faulty,
            "reasons": dict(sorted(self.reasons.items())),
        }


class Sorter:
    """Sorts the rows of one table into good, duplicate, left out and faulty; knows the rows before, not the database."""

    def __init__(self, plan: Plan, on_fault: Callable[[int, str, dict[str, Any], list[str]], None] | None = None) -> None:
        self.plan = plan
        self.tally = Tally()
        self._on_fault = on_fault
        self._seen: dict[int, int] = {}

    def _refuse(self, number: int, code: str, params: dict[str, Any], cells: list[str]) -> None:
        if code == "duplicate":
            self.tally.duplicate += 1
        else:
            self.tally.faulty += 1
        self.tally.reasons[code] = self.tally.reasons.get(code, 0) + 1
        if self._on_fault is not None:
            self._on_fault(number, code, params, cells)

    def good(self, rows: Iterable[tuple[int, list[str] | None]]) -> Iterator[tuple[int, Entry]]:
        """The good rows with their numbers; all others are counted and handed to the sink."""
        tally = self.tally
        for number, cells in rows:
            tally.rows += 1
            if cells is None:
                self._refuse(number, "malformed", {}, [])
                continue
            verdict = self._judge(cells)
            if verdict is None:
                tally.left_out += 1
            elif isinstance(verdict, Fault):
                self._refuse(number, verdict.code, verdict.params, cells)
            elif first := self._first_with(verdict, number):
                self._refuse(number, "duplicate", {"row": first}, cells)
            else:
                yield number, verdict

    def _judge(self, cells: list[str]) -> Entry | Fault | None:
        """A checked entry, a fault, or None for a row to leave out."""
        plan = self.plan
        if plan.width and len(cells) != plan.width:
            return Fault("columns", {"found": len(cells), "expected": plan.width})
        columns = plan.columns
        kind = plan.kind
        if (place := columns.get("kind")) is not None:
            value = cells[place].strip()[:120]
            if not value:
                return Fault("kind_missing", {})
            found = plan.kinds.get(value)
            if found is None:
                return Fault("kind_unknown", {"value": value[:60]})
            if found == LEAVE_OUT:
                return None
            kind = found
        joined = "".join(cells)
        if UNREADABLE in joined:
            return Fault("unreadable", {})
        if not joined.isprintable() and has_control_characters(joined):
            return Fault("control", {})
        # A name that our own export or fault file had to guard comes back as it was.
        values = {name: unguard(cells[index]) for name, index in columns.items() if name not in {"kind", "country"}}
        country = cells[columns["country"]].strip() if "country" in columns else ""
        return check_entry(kind=kind, country=country or plan.country, **values)

    def _first_with(self, entry: Entry, number: int) -> int:
        """The number of the first row that shares a key with this one (0: none); its keys are taken for later rows."""
        keys = [hash((entry.name_key, entry.country_code, entry.region_code))]
        if entry.registry_code:
            keys.append(hash(("registry", entry.registry_scheme, entry.registry_code)))
        if entry.name_zh:
            keys.append(hash(("zh", entry.name_zh, entry.country_code, entry.region_code)))
        first = 0
        for key in keys:
            if (before := self._seen.setdefault(key, number)) != number and (not first or before < first):
                first = before
        return first


def _batches(rows: Iterator[tuple[int, Entry]], size: int) -> Iterator[list[tuple[int, Entry]]]:
    batch: list[tuple[int, Entry]] = []
    for item in rows:
        batch.append(item)
        if len(batch) >= size:
            yield batch
            batch = []
    yield batch


def _stage(batch: list[tuple[int, Entry]]) -> None:
    """Put a batch into the temporary table."""
    lines = io.StringIO()
    for number, entry in batch:
        line = "\t".join(entry)
        if "\\" in line:
            line = line.replace("\\", "\\\\")
        lines.write(f"{number}\t{line}\n")
    lines.seek(0)
    with connection.cursor() as cursor:
        cursor.execute(_STAGE)
        cursor.copy_expert(_COPY, lines)


def _fresh_sql(batch: list[tuple[int, Entry]]) -> str:
    sql = _FRESH
    if any(entry.registry_code for _number, entry in batch):
        sql += _NO_SUCH_CODE
    if any(entry.name_zh for _number, entry in batch):
        sql += _NO_SUCH_CHINESE_NAME
    return sql


def count_fresh(alliance: Alliance, batch: list[tuple[int, Entry]]) -> int:
    """How many entries of a batch the alliance does not have yet; runs inside a transaction of the alliance."""
    if not batch:
        return 0
    _stage(batch)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({_fresh_sql(batch)}) f", {"alliance": alliance.pk})  # noqa: S608 - constants
        (fresh,) = cursor.fetchone()
    return int(fresh)


def add_batch(alliance: Alliance, batch: list[tuple[int, Entry]], *, source: str, at: datetime) -> int:
    """Add the entries of a batch that the alliance does not have yet; runs inside a transaction of the alliance.

    The counter of codes stays locked until the end of the transaction, so two imports take turns; an institution added
    by another road meanwhile is met by ``ON CONFLICT DO NOTHING``.

    Returns:
        How many were added.
    """
    if not batch:
        return 0
    counter = lock_counter(alliance)
    fresh, added = _insert(alliance, batch, last=counter.last_number, source=source, at=at)
    if added < fresh:
        # Either an institution came in by another road meanwhile, or a code was taken that the counter did not give.
        counter.last_number = max(counter.last_number + fresh, highest_code_number(alliance))
        added += _insert(alliance, batch, last=counter.last_number, source=source, at=at)[1]
    counter.last_number += fresh
    counter.save(update_fields=["last_number"])
    return added


def _insert(alliance: Alliance, batch: list[tuple[int, Entry]], *, last: int, source: str, at: datetime) -> tuple[int, int]:
    """Stage and insert a batch; how many entries were new, and how many of them went in."""
    _stage(batch)
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT.format(fresh=_fresh_sql(batch)),
            {
                "alliance": alliance.pk,
                "last": last,
                "state": InstitutionState.ACTIVE.value,
                "joined_on": timezone.localtime(at).date(),
                "source": source,
                "at": at,
            },
        )
        fresh, added = cursor.fetchone()
    return int(fresh), int(added)


def import_rows(
    alliance: Alliance,
    content: IO[bytes],
    plan: Plan,
    *,
    at: datetime,
    write: bool = True,
    batch_size: int = 10_000,
    on_fault: Callable[[int, str, dict[str, Any], list[str]], None] | None = None,
    on_batch: Callable[[int], None] | None = None,
    between: Callable[[Tally], None] | None = None,
) -> Tally:
    """Read a table and add its institutions (or, with ``write=False``, only count): the engine under job and command.

    Each batch is a transaction of its own; inside the caller's transaction they are savepoints of it, so that all or
    nothing goes in.

    Args:
        alliance: The tenant; need not be acted in.
        content: The file, opened for bytes.
        plan: How to read it.
        at: Moment the institutions are added; timezone-aware.
        write: Whether to add.
        batch_size: Rows per transaction.
        on_fault: Gets row number, code, parameters and cells of each refused row.
        on_batch: Called inside the batch's transaction with the number added.
        between: Called between transactions with the counts so far; may raise to stop.

    Returns:
        The counts.
    """
    sorter = Sorter(plan, on_fault)
    tally = sorter.tally
    for batch in _batches(sorter.good(read_rows(content, plan.encoding, plan.delimiter)), batch_size):
        with tenancy.acting_in(alliance):
            if write:
                added = add_batch(alliance, batch, source=plan.source, at=at)
                faults.point("members.import.batch")
            else:
                added = count_fresh(alliance, batch)
            tally.good += added
            tally.known += len(batch) - added
            if on_batch is not None:
                on_batch(added)
        if between is not None:
            between(tally)
    return tally


def pass_through(
    alliance: Alliance,
    record: InstitutionImport,
    content: IO[bytes],
    *,
    at: datetime,
    write: bool = True,
    on_fault: Callable[[int, str, dict[str, Any], list[str]], None] | None = None,
    on_batch: Callable[[int], None] | None = None,
    between: Callable[[Tally], None] | None = None,
) -> Tally:
    """One pass over an import's table: institutions in large batches, everything else row by row."""
    if record.subject == ImportSubject.INSTITUTIONS:
        return import_rows(
            alliance,
            content,
            plan_of(record),
            at=at,
            write=write,
            batch_size=batch_size_for(record.rows),
            on_fault=on_fault,
            on_batch=on_batch,
            between=between,
        )
    return import_single_rows(
        alliance,
        content,
        plan_of(record),
        Tally(),
        subject=row_subjects.get(record.subject),
        actor=record.actor,
        at=at,
        write=write,
        on_fault=on_fault,
        on_batch=on_batch,
        between=between,
    )


# ------------------------------------------------------------------------------------------------------------ the two jobs


class FaultFile:
    """Collects refused rows: the first for the screen, all of them in a file that each reader gets in the own language."""

    def __init__(self) -> None:
        self.first: list[dict[str, Any]] = []
        self.file = tempfile.SpooledTemporaryFile(max_size=2 * 1024 * 1024)  # noqa: SIM115 - closed by close()
        self.rows = 0

    def __call__(self, number: int, code: str, params: dict[str, Any], cells: list[str]) -> None:
        """Note one row."""
        self.rows += 1
        if len(self.first) < FAULTS_ON_SCREEN:
            short = [_storable(value)[:120] for value in cells[:12]]
            self.first.append({"row": number, "code": code, "params": _storable_params(params), "cells": short})
        line = json.dumps([number, code, params, cells], ensure_ascii=True)
        self.file.write(line.encode("ascii") + b"\n")

    def keep(self, alliance: Alliance, record: InstitutionImport) -> StoredFile | None:
        """Store the file with the import; none when nothing was refused."""
        if not self.rows:
            return None
        self.file.seek(0)
        return store_produced(
            alliance,
            self.file,  # type: ignore[arg-type]
            name=f"import-{record.uuid}-faults.jsonl",
            media_type="application/x-ndjson",
            actor=record.actor,
            permission=VIEW_IMPORT,
        )

    def close(self) -> None:
        """Give the temporary file back."""
        self.file.close()


def _storable(text: str) -> str:
    """Without the one character that no PostgreSQL text holds."""
    return text.replace("\0", UNREADABLE)


def _storable_params(params: dict[str, Any]) -> dict[str, Any]:
    return {key: _storable(value) if isinstance(value, str) else value for key, value in params.items()}


def batch_size_for(rows: int) -> int:
    """About twenty batches, so that the bar moves; none so small that transactions cost more than rows."""
    return min(10_000, max(250, rows // 20))


def run_check(alliance: Alliance, job: Job, progress: Progress) -> dict[str, Any]:
    """The dry run: counts and reasons, nothing added. Safe to run again."""
    import_uuid = job.params["import"]
    with tenancy.acting_in(alliance):
        record = InstitutionImport.objects.of(alliance).select_related("file", "actor").get(uuid=import_uuid)
        if record.state != ImportState.CHECKING or record.job_id != job.pk:
            return {}
    faulty = FaultFile()
    try:
        progress.step("check", 0, record.rows)
        with open_stored(record.file) as content:
            tally = pass_through(
                alliance,
                record,
                content,
                at=job.created_at,
                write=False,
                on_fault=faulty,
                between=lambda counts: progress.step("check", counts.rows, record.rows),
            )
        with tenancy.acting_in(alliance):
            fresh = _locked(alliance, record.uuid)
            if fresh.state == ImportState.CHECKING:
                fresh.counts = {**_only_added(fresh.counts), **tally.as_counts()}
                fresh.faults = faulty.first
                fresh.error_file = faulty.keep(alliance, fresh)
                fresh.state = ImportState.CHECKED
                fresh.save(update_fields=["counts", "faults", "error_file", "state"])
                record_audit(fresh, actor=fresh.actor, verb="check_import", after=tally.as_counts())
    except BaseException:
        _note_end(alliance, record, ImportState.MAPPED)
        raise
    finally:
        faulty.close()
    return tally.as_counts()


def run_import(alliance: Alliance, job: Job, progress: Progress) -> dict[str, Any]:
    """The import. Safe to run again after a death at any point: what was added is known then, and nothing doubles."""
    import_uuid = job.params["import"]
    with tenancy.acting_in(alliance):
        record = InstitutionImport.objects.of(alliance).select_related("file", "actor").get(uuid=import_uuid)
        if record.state != ImportState.RUNNING or record.job_id != job.pk:
            return {}
    faulty = FaultFile()
    try:
        if record.policy == ImportPolicy.ALL_OR_NONE:
            tally = _import_all_or_none(alliance, record, job, progress, faulty)
        else:
            tally = _import_good_rows(alliance, record, job, progress, faulty)
        progress.step("finish", record.rows, record.rows)
        faults.point("members.import.finish")
        with tenancy.acting_in(alliance):
            fresh = _locked(alliance, record.uuid)
            if fresh.state == ImportState.RUNNING:
                _finish(alliance, fresh, tally, faulty)
            return dict(fresh.counts)
    except BaseException:
        # Also when a person stops it: the record then says so, and the import can be started again.
        _note_end(alliance, record, ImportState.FAILED)
        raise
    finally:
        faulty.close()


def _import_good_rows(
    alliance: Alliance, record: InstitutionImport, job: Job, progress: Progress, faulty: FaultFile
) -> Tally:
    def note(added: int) -> None:
        """Keep the number added in the batch's own transaction, so that a new run after a death counts right."""
        if added:
            fresh = InstitutionImport.objects.of(alliance).select_for_update(of=("self",)).get(pk=record.pk)
            fresh.counts = {**fresh.counts, "added": fresh.counts.get("added", 0) + added}
            fresh.save(update_fields=["counts"])

    progress.step("write", 0, record.rows)
    with open_stored(record.file) as content:
        return pass_through(
            alliance,
            record,
            content,
            at=job.created_at,
            on_fault=faulty,
            on_batch=note,
            between=lambda counts: progress.step("write", counts.rows, record.rows),
        )


def _import_all_or_none(
    alliance: Alliance, record: InstitutionImport, job: Job, progress: Progress, faulty: FaultFile
) -> Tally:
    """Check every row; only when none is refused, add all of them in one transaction."""
    progress.step("check", 0, 2 * record.rows)
    with open_stored(record.file) as content:
        tally = pass_through(
            alliance,
            record,
            content,
            at=job.created_at,
            write=False,
            on_fault=faulty,
            between=lambda counts: progress.step("check", counts.rows, 2 * record.rows),
        )
    if tally.refused:
        tally.good = 0
        return tally
    progress.step("write", record.rows, 2 * record.rows)
    with tenancy.acting_in(alliance):
        with open_stored(record.file) as content:
            tally = pass_through(alliance, record, content, at=job.created_at)
            if tally.refused:
                # A row good by itself fell to one before it, such as two seats that overlap: nothing goes in.
                raise DomainError(
                    _("Rows that are good one by one cannot all be added together; nothing was added."),
                    code="rows_collide",
                    remedy=_("Import the good rows, and look at those that come back."),
                )
        fresh = _locked(alliance, record.uuid)
        fresh.counts = {**fresh.counts, "added": fresh.counts.get("added", 0) + tally.good}
        fresh.save(update_fields=["counts"])
        faults.point("members.import.all")
    return tally


def _finish(alliance: Alliance, record: InstitutionImport, tally: Tally, faulty: FaultFile) -> None:
    """Write down the result, once: counts, refused rows, audit, event; in one transaction. The job tells its starter."""
    added = int(record.counts.get("added", 0))
    counts = tally.as_counts()
    counts.pop("good")
    # What an interrupted run of this import added shows up as known in this one.
    counts["known"] -= added - tally.good
    counts["added"] = added
    if record.policy == ImportPolicy.ALL_OR_NONE and tally.refused:
        # Good rows that the policy kept out; without them the counts would not add up.
        counts["held_back"] = (
            counts["rows"] - counts["known"] - counts["duplicate"] - counts["left_out"] - counts["faulty"] - added
        )
    record.counts, record.faults = counts, faulty.first
    record.error_file = faulty.keep(alliance, record)
    record.state = ImportState.FINISHED
    record.save(update_fields=["counts", "faults", "error_file", "state"])
    is_of_institutions = record.subject == ImportSubject.INSTITUTIONS
    verb = "import_institutions" if is_of_institutions else "import_table"
    record_audit(record, actor=record.actor, verb=verb, after={**counts, "subject": record.subject})
    if added and is_of_institutions:
        emit(alliance, INSTITUTIONS_IMPORTED, {"import": str(record.uuid), "added": added})


def _note_end(alliance: Alliance, record: InstitutionImport, state: str) -> None:
    """After a stop or an error: the import is no longer under way."""
    try:
        with tenancy.acting_in(alliance):
            InstitutionImport.objects.of(alliance).filter(
                pk=record.pk, state__in=[ImportState.CHECKING, ImportState.RUNNING]
            ).update(state=state)
    except Exception as error:  # the first error matters more than this note
        raise DomainError(_("The import ended and its state could not be written down.")) from error


jobs.kinds.register(
    CHECK_JOB,
    jobs.JobKind(CHECK_JOB, _("Dry run of an import"), run_check, STEPS, url_name="institution_import_of_job"),
)
jobs.kinds.register(
    IMPORT_JOB,
    jobs.JobKind(IMPORT_JOB, _("Import of a table"), run_import, STEPS, url_name="institution_import_of_job"),
)
