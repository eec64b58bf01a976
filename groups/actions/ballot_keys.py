"""Private keys of secret ballots: one file per motion in the key folder, never in the database nor in a backup.

A key is made when the vote opens and destroyed after its close is committed. A process that dies in between leaves either a
key nobody needs, which the sweeper destroys, or an open vote whose key is there.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

FOLDER = "ballots"
YOUNG_SECONDS = 3600
"""The sweeper leaves younger files alone: their opening may not be committed yet."""


def _folder(alliance_id: int) -> Path:
    return Path(settings.KEYS_DIR) / FOLDER / str(alliance_id)


def _path(alliance_id: int, motion: UUID) -> Path:
    return _folder(alliance_id) / f"{motion}.x25519"


def make_key(alliance_id: int, motion: UUID) -> bytes:
    """Make the key of a motion, on disk before anybody can vote; returns the public half.

    A key left over from an opening that was rolled back is replaced: nothing was sealed to it.
    """
    folder = _folder(alliance_id)
    for step in (folder.parent.parent, folder.parent, folder):
        if not step.is_dir():
            step.mkdir(mode=0o700, parents=True, exist_ok=True)
    private = X25519PrivateKey.generate()
    path = _path(alliance_id, motion)
    scratch = path.with_suffix(".new")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as handle:
        handle.write(private.private_bytes_raw().hex())
        handle.flush()
        os.fsync(handle.fileno())
    scratch.replace(path)
    return private.public_key().public_bytes_raw()


def read_key(alliance_id: int, motion: UUID, public_key: str) -> X25519PrivateKey | None:
    """The private key of a motion; None when it is lost or is not the one the vote was opened with."""
    try:
        private = X25519PrivateKey.from_private_bytes(bytes.fromhex(_path(alliance_id, motion).read_text("ascii")))
    except (FileNotFoundError, ValueError):
        return None
    return private if private.public_key().public_bytes_raw().hex() == public_key else None


def destroy_key(alliance_id: int, motion: UUID) -> bool:
    """Overwrite and remove a key; returns whether there was one.

    Overwriting reaches the old blocks on plain disks only; what really protects is that no copy is made elsewhere.
    """
    path = _path(alliance_id, motion)
    try:
        with path.open("r+b") as handle:
            handle.write(b"0" * 64)
            handle.flush()
            os.fsync(handle.fileno())
    except FileNotFoundError:
        return False
    with suppress(FileNotFoundError):
        path.unlink()
    return True


def list_keys(alliance_id: int) -> list[tuple[str, bool]]:
    """Motions of which a key is here, by uuid, and whether it is too young to judge."""
    folder = _folder(alliance_id)
    if not folder.is_dir():
        return []
    found = []
    for path in sorted(folder.glob("*.x25519")):
        with suppress(FileNotFoundError):
            found.append((path.stem, time.time() - path.stat().st_mtime < YOUNG_SECONDS))
    return found


def destroy_strays(known: Collection[int]) -> int:
    """Destroy the keys of alliances that are gone; returns how many."""
    folder = Path(settings.KEYS_DIR) / FOLDER
    gone = 0
    if not folder.is_dir():
        return 0
    for place in folder.iterdir():
        if place.is_dir() and place.name.isdecimal() and int(place.name) not in known:
            for path in place.glob("*"):
                path.unlink(missing_ok=True)
                gone += 1
            with suppress(OSError):
                place.rmdir()
    return gone
