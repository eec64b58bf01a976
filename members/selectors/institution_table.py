"""Tables of institutions as they come: encoding, separator, header, rows, and which column is what."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import IO, Final

from django.utils.translation import gettext_lazy as _

from members.choices import InstitutionKind

ENCODINGS: list[tuple[str, str]] = [
    ("utf-8-sig", "UTF-8"),
    ("gb18030", "GB18030 / GBK / GB2312"),
    ("utf-16", "UTF-16"),
    ("cp1252", "Windows-1252"),
]
DELIMITERS = [(",", _("comma ,")), (";", _("semicolon ;")), ("\t", _("tab")), ("|", _("bar |"))]
SAMPLE_ROWS = 5
PROBE_ROWS = 200
MAX_COLUMNS = 200
MAX_KIND_VALUES = 200
UNREADABLE = "\ufffd"
_CHUNK = 256 * 1024

FIELDS: tuple[str, ...] = (
    "name",
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
"""Fields a column can be mapped to; ``name`` holds names in either script, told apart row by row."""

_HEADINGS: dict[str, tuple[str, ...]] = {
    "name": (
        "name",
        "institution",
        "institution name",
        "organisation",
        "organization",
        "名称",
        "机构名称",
        "单位名称",
        "单位",
    ),
    "name_en": ("name_en", "english name", "name in english", "name (en)", "英文名称", "英文名"),
    "name_zh": ("name_zh", "chinese name", "name in chinese", "name (zh)", "中文名称", "中文名", "学校名称"),
    "kind": ("kind", "type", "types", "category", "institution type", "类型", "机构类型", "类别", "单位类型"),
    "subkind": ("subkind", "sub-kind", "finer kind", "细分类型", "细分类别", "子类型"),
    "country": ("country", "country_code", "country code", "国家", "国家代码", "国家或地区"),
    "region": ("region", "region_code", "province", "city", "地区", "行政区划代码", "省份", "所在地", "区域"),
    "registry_code": (
        "registry_code",
        "ror",
        "ror_id",
        "id",
        "unified social credit code",
        "uscc",
        "统一社会信用代码",
        "信用代码",
    ),
    "web": ("web", "website", "url", "homepage", "link", "links", "网址", "网站", "官网"),
    "contact_email": ("contact_email", "email", "e-mail", "mail", "邮箱", "电子邮箱", "联系邮箱"),
}

LEAVE_OUT = ""
"""Stands for "leave these rows out" where a value of the kind column is mapped."""

_KIND_GUESSES: dict[str, str] = {
    "education": InstitutionKind.UNIVERSITY_THINK_TANK,
    "company": InstitutionKind.LEADING_ENTERPRISE,
    "nonprofit": InstitutionKind.INDUSTRY_ASSOCIATION,
    "facility": InstitutionKind.SPECIALISED_THINK_TANK,
    "archive": InstitutionKind.LIBRARY_INFORMATION,
    # ROR types with no counterpart among the seven kinds
    "healthcare": LEAVE_OUT,
    "government": LEAVE_OUT,
    "other": LEAVE_OUT,
    "funder": LEAVE_OUT,
    "产业智库": InstitutionKind.INDUSTRY_THINK_TANK,
    "行业智库": InstitutionKind.INDUSTRY_THINK_TANK,
    "行业协会": InstitutionKind.INDUSTRY_ASSOCIATION,
    "商会": InstitutionKind.INDUSTRY_ASSOCIATION,
    "专业智库": InstitutionKind.SPECIALISED_THINK_TANK,
    "产业媒体智库": InstitutionKind.MEDIA_THINK_TANK,
    "媒体智库": InstitutionKind.MEDIA_THINK_TANK,
    "龙头企业": InstitutionKind.LEADING_ENTERPRISE,
    "图书情报机构": InstitutionKind.LIBRARY_INFORMATION,
    "高校智库": InstitutionKind.UNIVERSITY_THINK_TANK,
    "高校": InstitutionKind.UNIVERSITY_THINK_TANK,
}


@dataclass(frozen=True, slots=True)
class TableShape:
    """What a first look at a table finds.

    Attributes:
        encoding: Name of the codec.
        delimiter: Separator of the columns.
        header: Names of the columns, empty ones numbered.
        sample: The first rows.
        problem: Code of what makes it no table, or empty: ``no_rows``, ``ragged``, ``too_many_columns``.
    """

    encoding: str
    delimiter: str
    header: list[str]
    sample: list[list[str]]
    problem: str = ""


def detect_encoding(file: IO[bytes]) -> str:
    """The text encoding of a whole file: by its mark, else the first of UTF-8, UTF-16 and GB18030 that fits throughout.

    GB18030 takes almost any bytes; a file whose foreign bytes stand alone between letters, as accents do in Western
    European text, is told apart and read as Windows-1252.
    """
    file.seek(0)
    head = file.read(4)
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if _decodes(file, "utf-8"):
        return "utf-8-sig"
    file.seek(0)
    probe = file.read(_CHUNK)
    if _decodes(file, "gb18030") and _is_in_pairs(probe):
        return "gb18030"
    return "cp1252"


def _decodes(file: IO[bytes], encoding: str) -> bool:
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while chunk := file.read(_CHUNK):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _is_in_pairs(probe: bytes) -> bool:
    """Whether bytes above ASCII mostly come in runs of two and more, as Chinese characters do."""
    runs = [len(run) for run in re.findall(rb"[\x80-\xff]+", probe)]
    return not runs or sum(length >= 2 for length in runs) * 2 >= len(runs)


def look_at_table(file: IO[bytes], *, encoding: str = "", delimiter: str = "") -> TableShape:
    """Find encoding, separator, header and first rows; what is given is taken as it is."""
    encoding = encoding or detect_encoding(file)
    if not delimiter:
        best = (0.0, 0)
        delimiter = ","
        for candidate, _label in DELIMITERS:
            widths = [len(cells) for _number, cells in _probe(file, encoding, candidate)]
            if not widths or max(widths) < 2:
                continue
            width, share = Counter(widths).most_common(1)[0]
            rating = (share / len(widths), width) if width > 1 else (0.0, 0)
            if rating > best:
                best, delimiter = rating, candidate
    rows = _probe(file, encoding, delimiter)
    if not rows:
        return TableShape(encoding, delimiter, [], [], problem="no_rows")
    header = [name.strip()[:80] for name in rows[0][1]]
    body = [cells for _number, cells in rows[1:]]
    problem = ""
    if not body:
        problem = "no_rows"
    elif len(header) > MAX_COLUMNS:
        problem = "too_many_columns"
    elif sum(len(cells) != len(header) for cells in body) * 2 > len(body):
        problem = "ragged"
    named = [name or _("Column %(number)s") % {"number": place} for place, name in enumerate(header, 1)]
    sample = [[value[:120] for value in cells[: len(header)]] for cells in body[:SAMPLE_ROWS]]
    return TableShape(encoding, delimiter, [str(name) for name in named][:MAX_COLUMNS], sample, problem)


def _probe(file: IO[bytes], encoding: str, delimiter: str) -> list[tuple[int, list[str]]]:
    found: list[tuple[int, list[str]]] = []
    for number, cells in read_rows(file, encoding, delimiter, with_header=True):
        if cells is not None:
            found.append((number, cells))
        if number >= PROBE_ROWS:
            break
    return found


_END: Final = "\ue000end of table"
"""A line after the last one: inside a cell it tells that a quotation mark was still open."""


def read_rows(
    file: IO[bytes], encoding: str, delimiter: str, *, with_header: bool = False
) -> Iterator[tuple[int, list[str] | None]]:
    """Rows with their number as a spreadsheet shows it (the header is row 1), without the empty ones.

    A row that cannot be taken apart (a quotation mark that never closes) is given as None; reading goes on after it.
    Bytes that do not fit the encoding become U+FFFD, for the caller to refuse.
    """
    file.seek(0)
    text = io.TextIOWrapper(file, encoding=encoding, errors="replace", newline="")
    try:
        reader = csv.reader(chain(text, [_END]), delimiter=delimiter)
        number = 0
        while True:
            number += 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                yield number, None
                continue
            if cells == [_END]:
                return
            if cells and cells[-1].endswith(_END):  # the last quotation mark swallowed the rows after it
                yield number, None
                return
            if number == 1:
                if cells:
                    cells[0] = cells[0].lstrip("\ufeff")
                if not with_header:
                    continue
            if cells and any(cells):
                yield number, cells
    finally:
        text.detach()


def count_values(file: IO[bytes], encoding: str, delimiter: str, column: int | None) -> tuple[int, dict[str, int]]:
    """Rows in all, and the values of one column by frequency (at most 200 plus one, by which a caller sees there are more)."""
    rows = 0
    values: Counter[str] = Counter()
    for _number, cells in read_rows(file, encoding, delimiter):
        rows += 1
        if column is not None and cells is not None and column < len(cells):
            value = cells[column].strip()[:120]
            if value and (value in values or len(values) <= MAX_KIND_VALUES):
                values[value] += 1
    return rows, dict(values.most_common())


def guess_columns(header: list[str]) -> dict[str, int]:
    """Field -> column index, by the usual headings in both languages; each column once."""
    folded = [name.strip().lower() for name in header]
    found: dict[str, int] = {}
    for name in FIELDS:
        for heading in _HEADINGS[name]:
            if heading in folded and folded.index(heading) not in found.values():
                found[name] = folded.index(heading)
                break
    return found


def guess_kind(value: str) -> str | None:
    """The kind a value most likely means, an empty text to leave such rows out, None when the office must decide."""
    folded = value.strip().lower()
    if folded in InstitutionKind.values:
        return folded
    for code, label in InstitutionKind.choices:
        if folded == str(label).lower():
            return code
    return _KIND_GUESSES.get(folded)


def propose_kind_mapping(rows: list[list[str]], column: int) -> dict[str, str]:
    """Kinds for the values of a column that speak for themselves."""
    values = dict.fromkeys(cells[column].strip() for cells in rows)
    return {value: kind for value in values if (kind := guess_kind(value)) is not None}
