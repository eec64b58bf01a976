"""XLSX in and out: a workbook's first sheet as CSV for the readers of tables, and tables as workbooks of plain text.

What comes in was checked as a container before (``alliance.kernel.uploads``: parts, packing, macros). Here its XML is read by a
streaming reader after documents with entity declarations were refused, and shared texts, which must be held in memory, are capped.
"""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import date, datetime, time
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any
from xml.etree.ElementTree import ParseError

from django.http import HttpResponse  # noqa: TID251 - answers with a table, as alliance.kernel.tables does
from django.utils.translation import gettext_lazy as _
from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.utils.exceptions import InvalidFileException

from alliance.kernel.tables import attachment, cell
from alliance.kernel.uploads import UploadRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django_stubs_ext import StrOrPromise

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_SHARED_TEXT = 64 * 1024 * 1024
"""Largest part of shared texts, unpacked: they are held in memory as a whole."""
MOST_ROWS = 1_000_000
MOST_COLUMNS = 200
_CHUNK = 64 * 1024


def _refused(words: StrOrPromise, code: str) -> UploadRefusedError:
    return UploadRefusedError(words, code=code, remedy=_("Save the sheet as CSV in UTF-8 and upload that file."))


def _check_parts(file: IO[bytes]) -> None:
    """Refuse XML with a document type - entities that grow - and more shared text than memory should hold."""
    with zipfile.ZipFile(file) as archive:
        for entry in archive.infolist():
            if not entry.filename.lower().endswith((".xml", ".rels")):
                continue
            size, tail = 0, b""
            with archive.open(entry) as part:
                while chunk := part.read(_CHUNK):
                    # UTF-16 hides the letters behind zeros
                    seen = (tail + chunk).replace(b"\0", b"").upper()
                    if b"<!DOCTYPE" in seen or b"<!ENTITY" in seen:
                        raise _refused(_("This workbook holds declarations that we do not read."), "workbook_declares")
                    tail = chunk[-32:]
                    size += len(chunk)
                    if entry.filename.lower().endswith("sharedstrings.xml") and size > MOST_SHARED_TEXT:
                        raise _refused(_("This workbook holds too much text for one import."), "workbook_too_large")


def _as_text(value: Any) -> str:
    """A cell as the text of a CSV cell: whole numbers without a point, days as ISO 8601."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ", timespec="minutes")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, int | Decimal):
        return str(value)
    return str(value)


def xlsx_to_csv(file: IO[bytes], out: IO[bytes]) -> int:
    """Write the first visible sheet of a workbook as CSV in UTF-8; empty rows stay, so that numbers of rows agree.

    Of a formula the value counts that the spreadsheet last computed.

    Args:
        file: The workbook.
        out: A binary file, written from its present place.

    Returns:
        Rows written, the header included.

    Raises:
        UploadRefusedError: It is no workbook, declares entities, or is too large.
    """
    file.seek(0)
    try:
        _check_parts(file)
        file.seek(0)
        book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
        sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"] or book.worksheets
        if not sheets:
            raise _refused(_("This workbook has no sheet."), "workbook_empty")
        text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
        rows = width = 0
        try:
            writer = csv.writer(text, lineterminator="\r\n")
            for values in sheets[0].iter_rows(values_only=True, max_col=MOST_COLUMNS + 1):
                rows += 1
                if rows > MOST_ROWS:
                    raise _refused(_("This workbook has more rows than one import takes."), "workbook_too_large")
                cells = [_as_text(value) for value in values]
                while len(cells) > width and not cells[-1]:
                    cells.pop()
                width = width or len(cells)
                writer.writerow([*cells, *[""] * (width - len(cells))] or [""])
            text.flush()
        finally:
            text.detach()
        book.close()
    except UploadRefusedError:
        raise
    except (
        InvalidFileException,
        zipfile.BadZipFile,
        ParseError,
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        OSError,
    ) as error:
        raise _refused(_("This workbook cannot be read."), "workbook_unreadable") from error
    return rows


def write_xlsx(header: Sequence[StrOrPromise], rows: Iterable[Sequence[Any]], *, title: str = "") -> bytes:
    """A table as a workbook; every text cell is typed as text, so that no spreadsheet computes it.

    Texts are guarded as in CSV all the same, for a workbook is often saved as CSV later; our import takes the guard off.

    Args:
        header: Column names.
        rows: Values; see :func:`alliance.kernel.tables.cell`.
        title: Name of the sheet.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title="".join(c for c in title if c not in "[]:*?/\\")[:31] or "Table")

    def made(value: Any) -> Any:
        if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
            return value
        text = ILLEGAL_CHARACTERS_RE.sub("", cell(value))
        if not text:
            return None
        written = WriteOnlyCell(sheet, value="")
        written.value = text
        written.data_type = "s"
        return written

    sheet.append([made(str(name)) for name in header])
    for row in rows:
        sheet.append([made(value) for value in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def xlsx_response(name: str, header: Sequence[StrOrPromise], rows: Iterable[Sequence[Any]]) -> HttpResponse:
    """A list as a workbook to save; the rows are read before the answer begins, inside the view's transaction."""
    response = HttpResponse(write_xlsx(header, rows, title=name), content_type=MEDIA_TYPE)
    response["Content-Disposition"] = attachment(name if name.endswith(".xlsx") else f"{name}.xlsx")
    response["X-Content-Type-Options"] = "nosniff"
    return response
