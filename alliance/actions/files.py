"""Takes files in and gives them out; the only code that touches the storage (security.md section 4(e))."""

from __future__ import annotations

import hashlib
import tempfile
import uuid
from contextlib import contextmanager
from datetime import timedelta
from typing import IO, TYPE_CHECKING, Any

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from alliance.actions.audit import record_audit
from alliance.choices import FileState
from alliance.kernel import uploads
from alliance.kernel.audiences import kept_aside
from alliance.kernel.errors import NotFoundError
from alliance.kernel.permissions import can
from alliance.kernel.uploads import UploadRefusedError
from alliance.models import StoredFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from alliance.models import Alliance, User

_MEMORY = 2 * 1024 * 1024
_CHUNK = 256 * 1024
ORPHAN_FILE_LIFE = timedelta(days=1)


def store_upload(alliance: Alliance, file: Any, purpose: str, *, actor: User | None, permission: str) -> StoredFile:
    """Take an uploaded file in, if it is what its name says and the purpose takes its type.

    It is copied once, counted and hashed on the way, checked as a whole, and only then stored under
    ``<alliance>/<uuid>``; its name is data. Pictures are drawn anew without metadata.

    Args:
        alliance: The tenant.
        file: An ``UploadedFile`` or any binary file with ``name``; read from its start.
        purpose: Registered purpose.
        actor: Who uploads.
        permission: Permission that a reader must have on the file (or on its purpose's owning record).

    Raises:
        UploadRefusedError: Too large, empty, of a type not taken, not what it says, or found harmful; nothing is stored.
    """
    use = uploads.purposes.get(purpose)
    name = uploads.clean_name(str(file.name or ""))
    key, kind = uploads.find_type(name, use)
    with tempfile.SpooledTemporaryFile(max_size=_MEMORY) as copy:
        size = _copy(file, copy, use.limit)
        copy.seek(0)
        uploads.check_start(key, copy.read(8192))
        copy.seek(0)
        cleaned = kind.check(copy)
        if cleaned is not None:
            copy.seek(0)
            copy.truncate()
            copy.write(cleaned)
            size = len(cleaned)
        uploads.scan(copy)
        copy.seek(0)
        return _store(
            alliance,
            copy,
            name=name,
            size=size,
            media_type=kind.media_type,
            purpose=purpose,
            actor=actor,
            permission=permission,
        )


def store_produced(
    alliance: Alliance,
    content: bytes | IO[bytes],
    *,
    name: str,
    media_type: str,
    purpose: str = "produced",
    actor: User | None,
    permission: str,
) -> StoredFile:
    """Keep a file that the platform itself made, such as an export or the faulty rows of an import.

    Args:
        alliance: The tenant.
        content: The bytes, or a binary file read from its start.
        name: Name offered to whoever saves it.
        media_type: Type it is served as.
        purpose: Registered purpose.
        actor: For whom it was made.
        permission: Permission that a reader must have.
    """
    uploads.purposes.get(purpose)
    with tempfile.SpooledTemporaryFile(max_size=_MEMORY) as copy:
        if isinstance(content, bytes):
            copy.write(content)
            size = len(content)
        else:
            size = 0
            while chunk := content.read(_CHUNK):
                copy.write(chunk)
                size += len(chunk)
        copy.seek(0)
        return _store(
            alliance,
            copy,
            name=uploads.clean_name(name),
            size=size,
            media_type=media_type,
            purpose=purpose,
            actor=actor,
            permission=permission,
        )


@transaction.atomic
def _store(
    alliance: Alliance,
    copy: Any,
    *,
    name: str,
    size: int,
    media_type: str,
    purpose: str,
    actor: User | None,
    permission: str,
) -> StoredFile:
    digest = hashlib.sha256()
    while chunk := copy.read(_CHUNK):
        digest.update(chunk)
    copy.seek(0)
    stored = StoredFile.objects.create(
        alliance=alliance,
        uuid=uuid.uuid4(),
        purpose=purpose,
        name=name,
        media_type=media_type,
        size_bytes=size,
        sha256=digest.hexdigest(),
        state=FileState.CLEAN,
        permission=permission,
        uploaded_by=actor,
    )
    kept = default_storage.save(stored.storage_name, File(copy, name=stored.storage_name))
    if kept != stored.storage_name:
        message = f"the storage kept {stored.storage_name} as {kept}"
        raise RuntimeError(message)
    record_audit(
        stored,
        actor=actor,
        verb="store_file",
        after={"purpose": purpose, "sha256": stored.sha256, "size_bytes": size, "media_type": media_type},
        personal={"name": name},
    )
    return stored


def _copy(file: Any, copy: Any, limit: int) -> int:
    if hasattr(file, "seek"):
        file.seek(0)
    size = 0
    chunks = file.chunks(_CHUNK) if hasattr(file, "chunks") else iter(lambda: file.read(_CHUNK), b"")
    for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise UploadRefusedError(
                _("This file is too large; at most %(most)s MB are taken here.") % {"most": limit // (1024 * 1024)},
                code="upload_too_large",
                remedy=_("Split it, or leave out what is not needed, and upload it again."),
                status=413,
            )
        copy.write(chunk)
    if size == 0:
        raise UploadRefusedError(_("This file is empty."), code="upload_empty")
    return size


def open_content(stored: StoredFile) -> IO[bytes]:
    """The content of a file, open at its start, for code that has asked for permission itself and closes it.

    Raises:
        NotFoundError: It was refused, is still being checked, or its content is gone.
    """
    if stored.state != FileState.CLEAN or not default_storage.exists(stored.storage_name):
        raise NotFoundError
    return default_storage.open(stored.storage_name, "rb")


@contextmanager
def open_stored(stored: StoredFile) -> Iterator[IO[bytes]]:
    """The content of a file for the length of a block, for code that has asked for permission itself.

    Raises:
        NotFoundError: It was refused, is still being checked, or its content is gone.
    """
    with open_content(stored) as content:
        yield content


def open_for_reader(alliance: Alliance, file_uuid: uuid.UUID, *, reader: Any) -> tuple[StoredFile, IO[bytes]]:
    """A file that this person may read now, open at its start; permission is asked each time.

    Raises:
        NotFoundError: There is none, or it is not open to this reader: the same answer.
        ConflictOfInterestError: The reader could, but acts for an institution that stands aside from what it is about.
    """
    stored = StoredFile.objects.of(alliance).filter(uuid=file_uuid, state=FileState.CLEAN).first()
    if stored is None:
        raise NotFoundError
    purpose = uploads.purposes.get(stored.purpose) if stored.purpose in uploads.purposes else None
    owner = purpose.owner if purpose is not None else None
    record = owner(stored) if owner is not None else stored
    if record is None or not can(reader, stored.permission, record) or not default_storage.exists(stored.storage_name):
        raise NotFoundError
    if purpose is not None and purpose.matter is not None:
        for refuse in kept_aside.values():
            refuse(alliance, reader, purpose.matter(record))
    return stored, default_storage.open(stored.storage_name, "rb")


@transaction.atomic
def delete_stored(stored: StoredFile, *, actor: User | None) -> None:
    """Remove a file: its row now, its content once that is committed."""
    name = stored.storage_name
    record_audit(stored, actor=actor, verb="delete_file", before={"sha256": stored.sha256})
    stored.delete()
    transaction.on_commit(lambda: default_storage.delete(name))


def drop_orphan_files(alliance: Alliance, *, at: datetime) -> int:
    """Delete stored contents whose row was never committed (an upload whose request failed later); returns how many.

    Young ones are left alone: their transaction may still be open.
    """
    folder = str(alliance.pk)
    try:
        _folders, names = default_storage.listdir(folder)
    except FileNotFoundError:
        return 0
    known = {str(found) for found in StoredFile.objects.of(alliance).values_list("uuid", flat=True)}
    dropped = 0
    for name in set(names) - known:
        path = f"{folder}/{name}"
        if default_storage.get_modified_time(path) < at - ORPHAN_FILE_LIFE:
            default_storage.delete(path)
            dropped += 1
    return dropped
