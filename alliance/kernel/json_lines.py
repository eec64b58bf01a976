"""JSON Lines as a table: one object a line, one column for each name, so that what reads tables reads such files too."""

from __future__ import annotations

import csv
import io
import json
from typing import IO, Any, Final

from django.utils.translation import gettext_lazy as _

from alliance.kernel.uploads import UploadRefusedError

MEDIA_TYPE: Final = "application/x-ndjson"
MOST_COLUMNS: Final = 200
LONGEST_LINE: Final = 2_000_000
"""Characters of one line; a longer one is no row of a table."""


class _TwiceError(Exception):
    """A name stands twice in one object: one of the values would be lost."""


def _unlike(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _TwiceError(name)
        found[name] = value
    return found


def _objects(file: IO[bytes]) -> Any:
    """Line number and object of each line that is not empty.

    Raises:
        UploadRefusedError: A line is no JSON object, no UTF-8, or names something twice.
    """
    file.seek(0)
    for number, raw in enumerate(file, 1):
        try:
            line = raw.decode("utf-8-sig" if number == 1 else "utf-8").strip()
            if not line:
                continue
            found = json.loads(line, object_pairs_hook=_unlike) if len(line) <= LONGEST_LINE else None
            if "\\ud" in line.lower():
                json.dumps(found, ensure_ascii=False).encode()  # half of a surrogate pair is no text
        except _TwiceError as error:
            raise UploadRefusedError(
                _("Line %(line)s of the file names “%(name)s” twice.") % {"line": number, "name": error.args[0][:60]},
                code="upload_not_json_lines",
                remedy=_("Name each value of an object once."),
            ) from error
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise UploadRefusedError(
                _("Line %(line)s of the file is no JSON object.") % {"line": number},
                code="upload_not_json_lines",
                remedy=_('Write one object a line in UTF-8, such as {"id": "D-1", "title": "…"}.'),
            )
        yield number, found


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    if isinstance(value, list) and all(isinstance(part, str | int | float) for part in value):
        return "; ".join(str(part) for part in value)
    return json.dumps(value, ensure_ascii=False)


def json_lines_to_csv(file: IO[bytes], out: IO[bytes]) -> int:
    """Write a JSON Lines file as CSV with one header row; lists become texts separated by semicolons.

    Args:
        file: The file, read twice from its start.
        out: A binary file, written from its present place.

    Returns:
        Rows written.

    Raises:
        UploadRefusedError: A line is no JSON object, or there are too many different names.
    """
    names: dict[str, None] = {}
    for _number, found in _objects(file):
        names.update(dict.fromkeys(found))
        if len(names) > MOST_COLUMNS:
            raise UploadRefusedError(_("The table has too many columns (at most 200)."), code="table_too_many_columns")
    text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
    rows = 0
    try:
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(names)
        for _number, found in _objects(file):
            writer.writerow([_cell(found.get(name)).replace("\x00", "") for name in names])
            rows += 1
        text.flush()
    finally:
        text.detach()
    return rows
