from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from alliance.actions.files import delete_stored, drop_orphan_files, open_stored, store_produced, store_upload
from alliance.kernel import uploads
from alliance.kernel.errors import NotFoundError
from alliance.kernel.uploads import UploadRefusedError
from alliance.models import Alliance, AuditEntry, AuditPersonal, StoredFile, User
from tests.factories.alliance import address

DOWNLOAD = "alliance.download_file"


def png(width: int = 4, height: int = 4, text: str = "") -> bytes:
    out, info = io.BytesIO(), PngInfo()
    if text:
        info.add_text("Comment", text)
    Image.new("RGB", (width, height), "red").save(out, "PNG", pnginfo=info)
    return out.getvalue()


def packed(entries: dict[str, bytes], *, stored: bool = False) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return out.getvalue()


CONTENT_TYPES = b'<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
PDF = b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
GOOD: dict[str, bytes] = {
    "report.pdf": PDF,
    "picture.png": png(),
    "notes.txt": "织造 notes\n".encode(),
    "table.csv": "name,country\n广富,CN\n".encode("gb18030"),
    "wide.csv": "name,country\n广富,CN\n".encode("utf-16"),
    "paper.docx": packed({"[Content_Types].xml": CONTENT_TYPES, "word/document.xml": b"<w/>"}),
    "sheet.xlsx": packed({"[Content_Types].xml": CONTENT_TYPES, "xl/workbook.xml": b"<w/>"}),
}


def huge_png() -> bytes:
    """A PNG that claims 30,000 x 30,000 pixels."""
    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk)) + png()[33:]


def symlink() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", CONTENT_TYPES)
        link = zipfile.ZipInfo("word/document.xml")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    return out.getvalue()


HOSTILE: dict[str, tuple[str, bytes]] = {
    "a web page named pdf": ("a.pdf", b"<html><script>alert(1)</script></html>"),
    "a program named pdf": ("a.pdf", b"MZ\x90\x00" + b"\0" * 200),
    "a pdf without end": ("a.pdf", b"%PDF-1.7\nhello"),
    "a pdf after markup": ("a.pdf", b"<script>1</script>%PDF-1.7\n%%EOF"),
    "a picture in svg": ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
    "a web page": ("a.html", b"<p>hello</p>"),
    "a web page with xhtml ending": ("a.xhtml", b"<html/>"),
    "a program": ("a.exe", b"MZ\x90\x00"),
    "a script": ("a.js", b"alert(1)"),
    "two endings": ("a.pdf.exe", PDF),
    "no ending": ("report", PDF),
    "a png named jpeg": ("a.jpg", png()),
    "a zip named png": ("a.png", packed({"a.txt": b"a"})),
    "a png cut short": ("a.png", png()[:40]),
    "a png of 900 million pixels": ("a.png", huge_png()),
    "markup named csv": ("a.csv", b"<html><body>name</body></html>"),
    "markup after a mark named txt": ("a.txt", b"\xef\xbb\xbf  <script>alert(1)</script>"),
    "an svg named txt": ("a.txt", b"<?xml version='1.0'?><svg onload='x'/>"),
    "bytes named csv": ("a.csv", bytes(range(256)) * 8),
    "a png named csv": ("a.csv", png()),
    "a spreadsheet named csv": ("a.csv", GOOD["sheet.xlsx"]),
    "nul in text": ("a.txt", b"abc\0def"),
    "broken utf-16": ("a.csv", b"\xff\xfea"),
    "nothing": ("a.txt", b""),
    "a zip named docx": ("a.docx", packed({"a.txt": b"a"})),
    "an xlsx named docx": ("a.docx", GOOD["sheet.xlsx"]),
    "a docx with macros": (
        "a.docx",
        packed({"[Content_Types].xml": CONTENT_TYPES, "word/document.xml": b"", "word/vbaProject.bin": b"x"}),
    ),
    "a docx of a macro type": (
        "a.docx",
        packed({"[Content_Types].xml": b"application/vnd.ms-word.document.macroEnabled.main+xml", "word/document.xml": b""}),
    ),
    "an xlsx with old macros": (
        "a.xlsx",
        packed({"[Content_Types].xml": CONTENT_TYPES, "xl/workbook.xml": b"", "xl/macrosheets/sheet1.xml": b"x"}),
    ),
    "a way out of the folder": (
        "a.docx",
        packed({"[Content_Types].xml": CONTENT_TYPES, "word/document.xml": b"", "../../etc/cron.d/x": b"x"}),
    ),
    "an absolute path": (
        "a.docx",
        packed({"[Content_Types].xml": CONTENT_TYPES, "word/document.xml": b"", "/etc/passwd": b"x"}),
    ),
    "a drive letter": (
        "a.docx",
        packed({"[Content_Types].xml": CONTENT_TYPES, "word/document.xml": b"", "C:\\x": b"x"}),
    ),
    "an archive in an archive": (
        "a.docx",
        packed(
            {"[Content_Types].xml": CONTENT_TYPES, "word/document.xml": b"", "word/embeddings/a.zip": packed({"a": b"a"})}
        ),
    ),
    "a program in an archive": (
        "a.docx",
        packed({"[Content_Types].xml": CONTENT_TYPES, "word/document.xml": b"", "word/a.exe": b"MZ"}),
    ),
    "a link in an archive": ("a.docx", symlink()),
    "too many parts": (
        "a.docx",
        packed({"[Content_Types].xml": CONTENT_TYPES, **{f"word/{number}.xml": b"" for number in range(2_001)}}),
    ),
    "a bomb": (
        "a.docx",
        packed({"[Content_Types].xml": CONTENT_TYPES, "word/document.xml": b"\0" * (40 * 1024 * 1024)}),
    ),
    "a damaged archive": ("a.docx", GOOD["paper.docx"][:-30]),
    "a damaged part": ("a.docx", GOOD["paper.docx"].replace(b"word/document.xml", b"word/documentXxml", 1)),
    "a name from elsewhere": ("../../a.exe", b"MZ"),
}


def upload(alliance: Alliance, name: str, content: bytes, user: User, purpose: str = "document") -> StoredFile:
    return store_upload(alliance, SimpleUploadedFile(name, content), purpose, actor=user, permission=DOWNLOAD)


@pytest.mark.parametrize("name", GOOD)
def test_a_file_that_is_what_its_name_says_is_taken(act: Alliance, secretary: User, name: str) -> None:
    stored = upload(act, name, GOOD[name], secretary)

    with open_stored(stored) as content:
        kept = content.read()
    assert len(kept) == stored.size_bytes
    assert stored.name == name
    if not name.endswith(".png"):
        assert kept == GOOD[name]


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_file_is_refused_and_nothing_is_stored(act: Alliance, secretary: User, what: str) -> None:
    name, content = HOSTILE[what]

    with pytest.raises(UploadRefusedError):
        upload(act, name, content, secretary)

    assert not StoredFile.objects.of(act).exists()


def test_a_picture_loses_its_metadata(act: Alliance, secretary: User) -> None:
    stored = upload(act, "a.png", png(text="GPS 23.1, 113.3"), secretary)

    with open_stored(stored) as content:
        assert b"GPS" not in content.read()


def test_a_picture_taken_upright_stays_upright_without_its_metadata(act: Alliance, secretary: User) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the phone was held upright: turn by a quarter to the right
    out = io.BytesIO()
    Image.new("RGB", (40, 20), "red").save(out, "JPEG", exif=exif)

    stored = upload(act, "a.jpg", out.getvalue(), secretary)

    with open_stored(stored) as content, Image.open(content) as picture:
        assert picture.size == (20, 40)
        assert not picture.getexif()


def test_a_file_over_the_limit_is_refused_while_it_comes_in(act: Alliance, secretary: User, monkeypatch: Any) -> None:
    small = uploads.Purpose("small", "small", frozenset({"txt"}), max_bytes=10)
    monkeypatch.setitem(uploads.purposes._items, "small", small)

    with pytest.raises(UploadRefusedError) as refused:
        upload(act, "a.txt", b"x" * 11, secretary, "small")

    assert refused.value.code == "upload_too_large"


def test_the_name_is_data_and_personal_in_the_audit_log(act: Alliance, secretary: User) -> None:
    stored = upload(act, "C:\\Users\\linhui\\Lin Hui\u202efdp.txt", b"a", secretary)

    assert stored.name == "Lin Huifdp.txt"
    entry = AuditEntry.objects.of(act).get(verb="store_file")
    assert "Lin Hui" not in entry.record
    assert AuditPersonal.objects.of(act).get(entry_id=entry.pk).value == "Lin Huifdp.txt"


def test_a_scanner_that_does_not_answer_stops_the_upload(act: Alliance, secretary: User, settings: Any) -> None:
    settings.CLAMD_ADDRESS = "/tmp/no-such-clamd-socket"

    with pytest.raises(UploadRefusedError) as refused:
        upload(act, "a.txt", b"a", secretary)

    assert refused.value.code == "upload_scan_unavailable"
    assert not StoredFile.objects.of(act).exists()


# -------------------------------------------------------------------------------------------------------------- download


def test_a_reader_with_the_permission_gets_a_file_to_save_never_to_show(
    act: Alliance, secretary: User, client_for: Any
) -> None:
    stored = upload(act, "报告.pdf", PDF, secretary)

    answer = client_for(secretary).get(address(act, "file_download", uuid=stored.uuid))

    assert b"".join(answer.streaming_content) == PDF
    assert answer["Content-Disposition"].startswith("attachment; ")
    assert "filename*=UTF-8''%E6%8A%A5%E5%91%8A.pdf" in answer["Content-Disposition"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cache-Control"] == "no-store"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert "default-src 'none'" in answer["Content-Security-Policy"]


def test_without_the_permission_a_file_does_not_exist(
    act: Alliance, secretary: User, committee_member: User, stranger: User, client_for: Any
) -> None:
    stored = upload(act, "a.txt", b"a", secretary)

    for reader in (committee_member, stranger):
        assert client_for(reader).get(address(act, "file_download", uuid=stored.uuid)).status_code == 404


def test_a_file_of_another_alliance_does_not_exist_here(
    act: Alliance, other_alliance: Alliance, secretary: User, client_for: Any
) -> None:
    stored = upload(act, "a.txt", b"a", secretary)

    assert client_for(secretary).get(address(other_alliance, "file_download", uuid=stored.uuid)).status_code == 404


def test_the_permission_is_asked_on_the_record_that_owns_the_file(
    act: Alliance, secretary: User, monkeypatch: Any, client_for: Any
) -> None:
    closed = uploads.Purpose("closed", "closed", frozenset({"txt"}), owner=lambda _stored: None)
    monkeypatch.setitem(uploads.purposes._items, "closed", closed)
    stored = upload(act, "a.txt", b"a", secretary, "closed")

    assert client_for(secretary).get(address(act, "file_download", uuid=stored.uuid)).status_code == 404


def test_a_removed_file_loses_its_content_after_the_commit(
    act: Alliance, secretary: User, django_capture_on_commit_callbacks: Any
) -> None:
    stored = store_produced(act, b"a", name="a.csv", media_type="text/csv", actor=secretary, permission=DOWNLOAD)

    with django_capture_on_commit_callbacks(execute=True):
        delete_stored(stored, actor=secretary)

    with pytest.raises(NotFoundError), open_stored(stored):
        pass


def test_contents_without_a_row_are_swept_away_once_they_are_old(act: Alliance, secretary: User) -> None:
    from datetime import timedelta

    from django.core.files.base import ContentFile
    from django.core.files.storage import default_storage
    from django.utils import timezone

    kept = store_produced(act, b"a", name="a.csv", media_type="text/csv", actor=secretary, permission=DOWNLOAD)
    default_storage.save(f"{act.pk}/orphan", ContentFile(b"x"))

    assert drop_orphan_files(act, at=timezone.now()) == 0
    assert drop_orphan_files(act, at=timezone.now() + timedelta(days=2)) == 1
    with open_stored(kept) as content:
        assert content.read() == b"a"
