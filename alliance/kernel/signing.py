"""The key that signs the heads of the audit logs, and the form of what it signs.

The key lies in ``settings.KEYS_DIR``, outside the database: whoever rules the database alone can make no head. A head is a
*checkpoint* (origin, size, root) in a *signed note*, so that tools of others can read it.

Sources: C2SP, "Transparency log checkpoints" (tlog-checkpoint) and "Signed notes" (signed-note); RFC 8032 (Ed25519).
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from alliance.kernel.errors import DomainError

PRIVATE_FILE = "audit_ed25519"
PUBLIC_FILE = "audit_ed25519.pub"
RETIRED_FILE = "audit_ed25519.retired"
"""Public keys that signed earlier heads, one a line, base64."""
ALGORITHM = b"\x01"
"""Ed25519 in signed notes."""


class SigningKeyError(DomainError):
    """The key that signed the log so far is not here."""

    code = "audit_key_missing"
    status = 503

    def __init__(self) -> None:
        super().__init__(
            _("The audit log cannot be sealed: the key that signed its last head is not in the key folder."),
            who=[_("the operator of the platform")],
            remedy=_(
                "Restore the file audit_ed25519 into the key folder from its backup. If it is lost, run “manage.py rotate_audit_key”"
                " and tell the members the new key."
            ),
        )


@dataclass(frozen=True, slots=True)
class SignedNote:
    """A parsed head.

    Attributes:
        origin: Name of the log.
        size: Entries under the root.
        root: Root of the tree.
        text: The signed text.
        signatures: Name of the key, its four-byte identifier and the signature, per signature line.
    """

    origin: str
    size: int
    root: bytes
    text: str
    signatures: tuple[tuple[str, bytes, bytes], ...]


def _write_once(path: Path, content: bytes) -> None:
    """Put a whole file in place unless one is there; of several processes that try, one wins and none sees half a file."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-{secrets.token_hex(4)}")
    try:
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        Path(name).chmod(0o600)
        with suppress(FileExistsError):
            os.link(name, path)
    finally:
        Path(name).unlink(missing_ok=True)


def _folder() -> Path:
    folder = Path(settings.KEYS_DIR)
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def signing_key(*, make: bool) -> Ed25519PrivateKey:
    """The private key.

    Args:
        make: Make one if there is none; only for a log that has no head yet.

    Raises:
        SigningKeyError: There is none and none may be made.
    """
    path = _folder() / PRIVATE_FILE
    if not path.exists():
        if not make:
            raise SigningKeyError
        _write_once(path, base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()) + b"\n")
    key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(path.read_bytes()))
    if public_key() != key.public_key().public_bytes_raw():  # none yet, or left over from another private key
        path.with_name(PUBLIC_FILE).unlink(missing_ok=True)
        _write_once(path.with_name(PUBLIC_FILE), base64.b64encode(key.public_key().public_bytes_raw()) + b"\n")
    return key


def public_key() -> bytes | None:
    """The public key of heads signed now; None before the first one. The private key need not be readable for it."""
    try:
        return base64.b64decode((Path(settings.KEYS_DIR) / PUBLIC_FILE).read_bytes())
    except FileNotFoundError:
        return None


def retired_keys() -> list[bytes]:
    """Public keys that signed earlier heads, oldest first."""
    try:
        lines = (Path(settings.KEYS_DIR) / RETIRED_FILE).read_text(encoding="ascii").split()
    except FileNotFoundError:
        return []
    return [base64.b64decode(line) for line in lines]


def rotate() -> bytes:
    """Retire the present key, if there is one, and make another; returns the new public key.

    The public half of the old one stays known, so that heads it signed can still be checked.
    """
    folder = _folder()
    old = public_key()
    if old is not None and old not in retired_keys():
        with (folder / RETIRED_FILE).open("ab") as handle:
            handle.write(base64.b64encode(old) + b"\n")
    (folder / PUBLIC_FILE).unlink(missing_ok=True)
    (folder / PRIVATE_FILE).unlink(missing_ok=True)
    return signing_key(make=True).public_key().public_bytes_raw()


def key_id(name: str, public: bytes) -> bytes:
    """The four bytes by which a signature names its key."""
    return hashlib.sha256(name.encode() + b"\n" + ALGORITHM + public).digest()[:4]


def verifier_key(name: str, public: bytes) -> str:
    """The public key as signed notes write it: ``<name>+<identifier>+<key>``; what ``verify_log.py --key`` takes."""
    return f"{name}+{key_id(name, public).hex()}+{base64.b64encode(ALGORITHM + public).decode()}"


def checkpoint(origin: str, size: int, root: bytes) -> str:
    """The text of a head: origin, size, root, a line each."""
    return f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"


def sign(key: Ed25519PrivateKey, origin: str, size: int, root: bytes) -> str:
    """A head as a signed note."""
    text = checkpoint(origin, size, root)
    identifier = key_id(origin, key.public_key().public_bytes_raw())
    signature = base64.b64encode(identifier + key.sign(text.encode())).decode()
    return f"{text}\n\u2014 {origin} {signature}\n"


def parse(note: str) -> SignedNote:
    """A head taken apart; says nothing about its signatures.

    Raises:
        ValueError: It is no checkpoint in a signed note.
    """
    text, found, tail = note.replace("\r\n", "\n").strip().partition("\n\n")
    lines = text.split("\n")
    if not found or len(lines) < 3 or not lines[1].isdecimal():
        message = "not a signed head"
        raise ValueError(message)
    signatures = []
    for line in tail.split("\n"):
        mark, name, encoded = line.split(" ")
        raw = base64.b64decode(encoded, validate=True)
        if mark != "\u2014" or len(raw) < 5:
            message = "not a signature line"
            raise ValueError(message)
        signatures.append((name, raw[:4], raw[4:]))
    return SignedNote(lines[0], int(lines[1]), base64.b64decode(lines[2], validate=True), text + "\n", tuple(signatures))


@lru_cache(maxsize=256)
def is_signed(note: str, public: bytes) -> bool:
    """Whether a head bears a good signature of this key."""
    try:
        parsed = parse(note)
        for name, identifier, signature in parsed.signatures:
            if identifier == key_id(name, public):
                Ed25519PublicKey.from_public_bytes(public).verify(signature, parsed.text.encode())
                return True
    except (ValueError, InvalidSignature):
        return False
    return False


def key_of(note: str) -> bytes | None:
    """Which of the known keys signed a head; None when none did."""
    present = public_key()
    for public in ([present] if present else []) + retired_keys():
        if is_signed(note, public):
            return public
    return None
