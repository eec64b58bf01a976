"""Short secrets that must be readable again (seeds of second factors, keys of outgoing calls), sealed for the database.

AES-256-GCM under a key derived from ``SECRET_KEY``, so that a copy of the database alone opens nothing. The identifier of
the key stands in the sealed text; after a rotation the keys in ``SECRET_KEY_FALLBACKS`` still open what they sealed.
"""

from __future__ import annotations

import base64
import hashlib
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

PREFIX = "sealed1"
NONCE_BYTES = 12


class SealedTextError(ValueError):
    """The text was sealed with a key that is not configured, or was changed."""


def seal(text: str, purpose: str) -> str:
    """A text encrypted for one purpose; another purpose cannot open it."""
    key = _derive(settings.SECRET_KEY, purpose)
    nonce = secrets.token_bytes(NONCE_BYTES)
    body = nonce + AESGCM(key).encrypt(nonce, text.encode(), purpose.encode())
    return f"{PREFIX}:{_identify(key)}:{base64.urlsafe_b64encode(body).decode()}"


def unseal(sealed: str, purpose: str) -> str:
    """The text again.

    Raises:
        SealedTextError: No configured key opens it.
    """
    prefix, _, rest = sealed.partition(":")
    name, _, encoded = rest.partition(":")
    if prefix != PREFIX:
        message = "not a sealed text"
        raise SealedTextError(message)
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        key = _derive(secret, purpose)
        if _identify(key) != name:
            continue
        try:
            body = base64.urlsafe_b64decode(encoded)
            return AESGCM(key).decrypt(body[:NONCE_BYTES], body[NONCE_BYTES:], purpose.encode()).decode()
        except (ValueError, InvalidTag) as error:
            message = "a sealed text was changed"
            raise SealedTextError(message) from error
    message = f"no configured key has the identifier {name}"
    raise SealedTextError(message)


def is_sealed(text: str) -> bool:
    """Whether the text looks like one of :func:`seal`."""
    return text.startswith(f"{PREFIX}:")


def _derive(secret: str, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=b"alliance.ciphers", info=purpose.encode()).derive(secret.encode())


def _identify(key: bytes) -> str:
    return hashlib.sha256(b"identifier" + key).hexdigest()[:8]
