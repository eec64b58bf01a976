"""Registry codes of institutions: unified social credit code (GB 32100-2015) and ROR identifier."""

from __future__ import annotations

import re

from members.choices import RegistryScheme

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
ROR_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_ROR = re.compile(r"^(?:https?://)?(?:ror\.org/)?(0[0-9a-hj-km-np-tv-z]{6}[0-9]{2})$", re.IGNORECASE)


def parse_registry_code(text: str) -> tuple[str, str] | None:
    """The scheme and normal form of a registry code; None when it is neither a valid USCC nor a valid ROR identifier."""
    if not text:
        return RegistryScheme.NONE, ""
    compact = text.replace(" ", "").replace("-", "")
    if len(compact) == 18 and is_uscc(compact.upper()):
        return RegistryScheme.USCC, compact.upper()
    if (match := _ROR.match(text)) and is_ror(match[1].lower()):
        return RegistryScheme.ROR, match[1].lower()
    return None


def is_uscc(code: str) -> bool:
    """Whether 18 characters form a unified social credit code: its alphabet and its check character (mod 31)."""
    try:
        values = [USCC_ALPHABET.index(character) for character in code]
    except ValueError:
        return False
    total = sum(value * weight for value, weight in zip(values, USCC_WEIGHTS, strict=False))
    return values[17] == (31 - total % 31) % 31


def is_ror(code: str) -> bool:
    """Whether nine characters form a ROR identifier: two check digits over the six before them (ISO 7064, mod 97)."""
    number = 0
    for character in code[:7]:
        number = number * 32 + ROR_ALPHABET.index(character)
    return int(code[7:]) == 98 - (number * 100) % 97
