"""Tables out: CSV that a spreadsheet cannot mistake for formulas, and back in again without loss."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from django.http import HttpResponse  # noqa: TID251 - the one place that answers with a table
from django.utils import timezone

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

BYTE_ORDER_MARK = "\ufeff"
DANGEROUS = frozenset("=+-@\t\r\n\0＝＋－＠")
"""First characters that make spreadsheets compute a cell."""


def guard(value: str) -> str:
    """The text with ``'`` in front when a spreadsheet would read it as a formula.

    Blanks before the first character do not protect, nor does the ideographic blank U+3000; a tab or line end among them
    is dangerous by itself. A text that already begins with ``'`` before such a start gets another one, so that
    :func:`unguard` gives back exactly what went in.
    """
    return f"'{value}" if _is_dangerous(value) else value


def unguard(value: str) -> str:
    """What :func:`guard` was given."""
    return value[1:] if value.startswith("'") and _is_dangerous(value[1:]) else value


def _is_dangerous(value: str) -> bool:
    for character in value.lstrip("'"):
        if character in DANGEROUS:
            return True
        if not (character.isspace() or character in "\ufeff\u200b"):
            return False
    return False


def cell(value: Any) -> str:
    """A value as the text of a CSV cell: numbers stay numbers, moments are UTC, texts are guarded, nothing is empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(timezone.get_fixed_timezone(0)).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, date):
        return value.isoformat()
    return guard(str(value))


def write_csv(header: Sequence[StrOrPromise], rows: Iterable[Sequence[Any]], *, mark: bool = True) -> bytes:
    """A table as CSV in UTF-8.

    Args:
        header: Column names.
        rows: Values; see :func:`cell`.
        mark: Whether a byte order mark leads, without which Excel reads Chinese wrongly.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([guard(str(name)) for name in header])
    writer.writerows([cell(value) for value in row] for row in rows)
    return ((BYTE_ORDER_MARK if mark else "") + out.getvalue()).encode()


def read_csv(data: bytes) -> list[list[str]]:
    """A table written by :func:`write_csv`, as it went in; for tests and for our own exports."""
    text = data.decode("utf-8-sig")
    return [[unguard(value) for value in row] for row in csv.reader(io.StringIO(text, newline=""))]


def attachment(name: str) -> str:
    """A ``Content-Disposition`` that saves under a name in any script (RFC 6266)."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._- ") else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def csv_response(
    name: str, header: Sequence[StrOrPromise], rows: Iterable[Sequence[Any]], *, mark: bool = True
) -> HttpResponse:
    """A list as a file to save; the rows are read before the answer begins, inside the view's transaction.

    Args:
        name: File name; ``.csv`` is added when it is missing.
        header: Column names.
        rows: Values.
        mark: Whether a byte order mark leads.
    """
    response = HttpResponse(write_csv(header, rows, mark=mark), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = attachment(name if name.endswith(".csv") else f"{name}.csv")
    response["X-Content-Type-Options"] = "nosniff"
    return response
