"""What may be uploaded: extension, first bytes and content must agree, each use has its own list.

A purpose names the types it takes. A type checks that a file is what its name says; the checks read the file and never
run or render it.
"""

from __future__ import annotations

import codecs
import io
import re
import socket
import stat
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath
from typing import IO, TYPE_CHECKING, Any

import puremagic
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps, UnidentifiedImageError

from alliance.kernel.errors import InvalidInputError
from alliance.kernel.registry import Registry

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from alliance.models import StoredFile

PIXEL_LIMIT = 40_000_000
ZIP_ENTRY_LIMIT = 2_000
ZIP_UNPACKED_LIMIT = 200 * 1024 * 1024
ZIP_RATIO_LIMIT = 10
ZIP_RATIO_FREE = 25 * 1024 * 1024
"""A container that unpacks to less than this may be packed as tightly as it likes."""
ARCHIVES = frozenset({".zip", ".7z", ".rar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".tar", ".jar", ".iso", ".cab"})
PROGRAMS = frozenset({".exe", ".dll", ".com", ".bat", ".cmd", ".ps1", ".vbs", ".js", ".jse", ".wsf", ".scr", ".msi", ".lnk"})
_MARKUP = re.compile(r"<(!doctype|html|head|body|script|svg|iframe|\?xml)\b", re.IGNORECASE)
_CHUNK = 64 * 1024


class UploadRefusedError(InvalidInputError):
    """The file is not one that this use takes; nothing was stored."""

    code = "upload_refused"


@dataclass(frozen=True, slots=True)
class FileType:
    """A type of file.

    Attributes:
        extensions: Endings, lower case, with the dot.
        media_type: Type it is served as.
        check: Reads the file and refuses what is not of the type; may hand back cleaned bytes to store instead.
    """

    extensions: tuple[str, ...]
    media_type: str
    check: Callable[[IO[bytes]], bytes | None]


# ---------------------------------------------------------------------------------------------------------------- checks


def _damaged(kind: StrOrPromise) -> UploadRefusedError:
    return UploadRefusedError(
        _("This file says it is %(kind)s, but its content is not.") % {"kind": kind},
        code="upload_content_differs",
        remedy=_("Open it in the program that made it, save it again and upload the new file."),
    )


def _check_pdf(file: IO[bytes]) -> None:
    head = file.read(1024)
    file.seek(0, io.SEEK_END)
    file.seek(max(0, file.tell() - 2048))
    if not head.startswith(b"%PDF-") or b"%%EOF" not in file.read():
        raise _damaged("PDF")


def _image(kind: str) -> Callable[[IO[bytes]], bytes]:
    def check(file: IO[bytes]) -> bytes:
        """Draw the picture anew: no metadata, no hidden payload, no more pixels than the limit."""
        try:
            with Image.open(file, formats=[kind]) as picture:
                if picture.width * picture.height > PIXEL_LIMIT:
                    raise UploadRefusedError(
                        _("This picture has too many pixels (%(found)s million; at most %(most)s million).")
                        % {"found": picture.width * picture.height // 1_000_000, "most": PIXEL_LIMIT // 1_000_000},
                        code="upload_too_many_pixels",
                    )
                picture.load()
                # Phones store which way is up among the metadata that is left out: turn the picture itself.
                upright = ImageOps.exif_transpose(picture)
                mode = "RGB" if kind == "JPEG" else ("RGBA" if "A" in upright.getbands() else "RGB")
                clean = Image.new(mode, upright.size)
                clean.paste(upright.convert(mode))
        except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise _damaged(kind) from error
        out = io.BytesIO()
        clean.save(out, kind, **({"quality": 90} if kind != "PNG" else {}))
        return out.getvalue()

    return check


def _check_text(file: IO[bytes]) -> None:
    """Text in UTF-8, UTF-16 with a mark, or GB18030; no markup that a browser would run."""
    head = file.read(4)
    file.seek(0)
    encodings = ["utf-8", "gb18030"]
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ["utf-16"]
    decoders = {name: codecs.getincrementaldecoder(name)() for name in encodings}
    first = ""
    while decoders:
        chunk = file.read(_CHUNK)
        for name in list(decoders):
            try:
                text = decoders[name].decode(chunk, final=not chunk)
            except UnicodeDecodeError:
                del decoders[name]
                continue
            if "\0" in text:
                del decoders[name]
            elif len(first) < 2048:
                first = first or text[:2048]
        if not chunk:
            break
    if not decoders:
        raise UploadRefusedError(
            _("This file is not text that we can read."),
            code="upload_not_text",
            remedy=_("Save it as CSV or plain text in UTF-8 (or GB18030) and upload it again."),
        )
    if _MARKUP.match(first.lstrip("\ufeff \t\r\n")):
        raise UploadRefusedError(
            _("This file holds a web page, not a table or plain text."),
            code="upload_is_markup",
            remedy=_("Save it as CSV or plain text and upload it again."),
        )


def _check_zip(file: IO[bytes], *, needs: tuple[str, ...] = (), kind: str = "ZIP") -> None:
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            if len(entries) > ZIP_ENTRY_LIMIT:
                raise UploadRefusedError(
                    _("This file packs too many parts (%(found)s; at most %(most)s).")
                    % {"found": len(entries), "most": ZIP_ENTRY_LIMIT},
                    code="upload_too_many_entries",
                )
            names = {entry.filename for entry in entries}
            for entry in entries:
                _check_entry(entry)
            if any(not any(name.startswith(need) for name in names) for need in needs):
                raise _damaged(kind)
            _check_unpacked(archive, entries)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError, OSError) as error:
        raise _damaged(kind) from error


def _check_entry(entry: zipfile.ZipInfo) -> None:
    path = PurePath(entry.filename.replace("\\", "/"))
    suffix = path.suffix.lower()
    refused: StrOrPromise = ""
    if path.is_absolute() or ".." in path.parts or re.match(r"^[A-Za-z]:", entry.filename):
        refused = _("a part with an unsafe path")
    elif stat.S_ISLNK(entry.external_attr >> 16):
        refused = _("a link")
    elif entry.flag_bits & 0x1:
        refused = _("an encrypted part")
    elif suffix in ARCHIVES:
        refused = _("another archive")
    elif suffix in PROGRAMS:
        refused = _("a program")
    elif "vbaproject" in path.name.lower() or "macrosheets" in path.parts:
        refused = _("macros")
    if refused:
        raise UploadRefusedError(
            _("This file holds %(what)s, which we do not take.") % {"what": refused}, code="upload_unsafe"
        )


def _check_unpacked(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> None:
    """Unpack into nothing and count, for the sizes written in the file may lie."""
    packed = sum(entry.compress_size for entry in entries) or 1
    unpacked = 0
    for entry in entries:
        with archive.open(entry) as part:
            while chunk := part.read(_CHUNK):
                unpacked += len(chunk)
                if unpacked > ZIP_UNPACKED_LIMIT or (unpacked > ZIP_RATIO_FREE and unpacked > ZIP_RATIO_LIMIT * packed):
                    raise UploadRefusedError(_("This file grows too large when it is unpacked."), code="upload_bomb")


def _office(folder: str, kind: str) -> Callable[[IO[bytes]], None]:
    def check(file: IO[bytes]) -> None:
        """An Office document: a zip container with its parts and without macros."""
        _check_zip(file, needs=("[Content_Types].xml", folder), kind=kind)
        file.seek(0)
        with zipfile.ZipFile(file) as archive, archive.open("[Content_Types].xml") as part:
            if b"macroEnabled" in part.read(1_000_000):
                raise UploadRefusedError(
                    _("This file holds %(what)s, which we do not take.") % {"what": _("macros")}, code="upload_unsafe"
                )

    return check


_OFFICE = "application/vnd.openxmlformats-officedocument."
TYPES: dict[str, FileType] = {
    "pdf": FileType((".pdf",), "application/pdf", _check_pdf),
    "png": FileType((".png",), "image/png", _image("PNG")),
    "jpeg": FileType((".jpg", ".jpeg"), "image/jpeg", _image("JPEG")),
    "webp": FileType((".webp",), "image/webp", _image("WEBP")),
    "docx": FileType((".docx",), f"{_OFFICE}wordprocessingml.document", _office("word/", "Word")),
    "xlsx": FileType((".xlsx",), f"{_OFFICE}spreadsheetml.sheet", _office("xl/", "Excel")),
    "pptx": FileType((".pptx",), f"{_OFFICE}presentationml.presentation", _office("ppt/", "PowerPoint")),
    "csv": FileType((".csv",), "text/csv", _check_text),
    "txt": FileType((".txt", ".tsv"), "text/plain", _check_text),
    "jsonl": FileType((".jsonl", ".ndjson"), "application/x-ndjson", _check_text),
    "zip": FileType((".zip",), "application/zip", _check_zip),
}
_BINARY = frozenset({"pdf", "png", "jpeg", "webp", "docx", "xlsx", "pptx", "zip"})
_SAME_START = {"jpeg": {".jpg", ".jpeg", ".jfif", ".jpe"}, "zip": {".zip", ".docx", ".xlsx", ".pptx"}}


# -------------------------------------------------------------------------------------------------------------- purposes


@dataclass(frozen=True, slots=True)
class Purpose:
    """A use of files.

    Attributes:
        name: Key, e.g. ``members.import_table``; kept with each file.
        label: What the files are, as the reader sees it.
        types: Keys of TYPES that this use takes.
        max_bytes: Largest file; None for the setting ``UPLOAD_MAX_BYTES``.
        owner: Finds the record whose permission a reader must have; None when the file's own row is the record.
        matter: Names what the record is about, as conflicts of interest name it: who stands aside from that does not open
            the file; None: the files are no papers of a matter, or their permission asks by itself.
    """

    name: str
    label: StrOrPromise
    types: frozenset[str]
    max_bytes: int | None = None
    owner: Callable[[StoredFile], Any] | None = None
    matter: Callable[[Any], str] | None = None

    @property
    def limit(self) -> int:
        """Largest file in bytes."""
        return self.max_bytes if self.max_bytes is not None else int(settings.UPLOAD_MAX_BYTES)

    @property
    def extensions(self) -> list[str]:
        """Endings it takes, for the file field's ``accept`` and for refusals."""
        return [extension for key in TYPES if key in self.types for extension in TYPES[key].extensions]


purposes: Registry[Purpose] = Registry("purpose of files")
TABLE = purposes.register(
    "table",
    Purpose("table", _("table to import"), frozenset({"csv", "txt", "xlsx", "jsonl"}), max_bytes=settings.IMPORT_MAX_BYTES),
)
DOCUMENT = purposes.register(
    "document",
    Purpose("document", _("document"), frozenset({"pdf", "png", "jpeg", "webp", "docx", "xlsx", "pptx", "csv", "txt"})),
)
PICTURE = purposes.register("picture", Purpose("picture", _("picture"), frozenset({"png", "jpeg", "webp"})))
PRODUCED = purposes.register("produced", Purpose("produced", _("file made by the platform"), frozenset(TYPES)))


def find_type(name: str, purpose: Purpose) -> tuple[str, FileType]:
    """The type that a file's name promises, if the purpose takes it.

    Raises:
        UploadRefusedError: It does not.
    """
    suffix = PurePath(name).suffix.lower()
    for key in purpose.types:
        if suffix in TYPES[key].extensions:
            return key, TYPES[key]
    raise UploadRefusedError(
        _("Files of the type “%(type)s” are not taken here.") % {"type": suffix or name[:20]},
        code="upload_type_refused",
        remedy=_("Take one of these: %(types)s.") % {"types": ", ".join(sorted(purpose.extensions))},
    )


def check_start(key: str, head: bytes) -> None:
    """Compare the first bytes with the type that the name promises.

    Raises:
        UploadRefusedError: They are those of another type.
    """
    try:
        found = {match.extension.lower() for match in puremagic.magic_string(head) if match.byte_match in head[:4096]}
    except (puremagic.PureError, ValueError):
        found = set()
    known_binary = {extension for other in _BINARY for extension in TYPES[other].extensions} | PROGRAMS | ARCHIVES
    if key in _BINARY:
        expected = set(TYPES[key].extensions) | _SAME_START.get(key, set())
        if key in {"docx", "xlsx", "pptx", "zip"}:
            expected |= _SAME_START["zip"]
        if not found & expected:
            raise _damaged(key.upper())
    elif found & known_binary and not _is_text(head):
        raise _damaged(key.upper())


def _is_text(head: bytes) -> bool:
    return b"\0" not in head or head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))


def clean_name(name: str) -> str:
    """The last part of an uploaded name without control characters, at most 200 characters; kept as data only."""
    last = re.split(r"[\\/]", name)[-1]
    visible = "".join(c for c in last if c.isprintable() and c not in "\u202a\u202b\u202d\u202e\u2066\u2067\u2068").strip()
    stem, suffix = PurePath(visible).stem, PurePath(visible).suffix
    return f"{stem[: 200 - len(suffix)]}{suffix}" or "file"


# ------------------------------------------------------------------------------------------------------------------ scan


def scan(file: IO[bytes]) -> None:
    """Ask clamd, when ``CLAMD_ADDRESS`` names one (``/path/socket`` or ``host:port``).

    Raises:
        UploadRefusedError: It found something, or it does not answer: an unchecked file is not taken.
    """
    address = str(getattr(settings, "CLAMD_ADDRESS", ""))
    if not address:
        return
    try:
        answer = _ask_clamd(address, file)
    except OSError as error:
        raise UploadRefusedError(
            _("The file could not be checked for malware, so it was not taken."),
            code="upload_scan_unavailable",
            remedy=_("Try again in a few minutes; the secretariat can see the state of the checker on the health page."),
            status=503,
        ) from error
    if not answer.endswith("OK"):
        raise UploadRefusedError(_("The check for malware refused this file."), code="upload_malware")


def _ask_clamd(address: str, file: IO[bytes]) -> str:
    if address.startswith("/"):
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(30)
        connection.connect(address)
    else:
        host, _separator, port = address.rpartition(":")
        connection = socket.create_connection((host, int(port)), timeout=30)
    with connection:
        connection.sendall(b"zINSTREAM\0")
        file.seek(0)
        while chunk := file.read(_CHUNK):
            connection.sendall(len(chunk).to_bytes(4, "big") + chunk)
        connection.sendall(b"\0\0\0\0")
        answer = b""
        while not answer.endswith(b"\0") and len(answer) < 4096:
            part = connection.recv(1024)
            if not part:
                break
            answer += part
    return answer.rstrip(b"\0").decode(errors="replace").strip()
