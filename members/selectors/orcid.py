"""ORCID iDs: sixteen characters, the last one a check character (ISO/IEC 7064 mod 11-2)."""

from __future__ import annotations

import re

from stdnum.exceptions import ValidationError
from stdnum.iso7064 import mod_11_2

_SHAPE = re.compile(r"^(?:https?://)?(?:orcid\.org/)?(\d{4})-?(\d{4})-?(\d{4})-?(\d{3}[\dX])/?$", re.IGNORECASE)


def parse_orcid(text: str) -> str | None:
    """The iD as four groups with hyphens; None when it is none. An empty text stays empty."""
    if not text.strip():
        return ""
    match = _SHAPE.match(text.strip())
    if match is None:
        return None
    digits = "".join(match.groups()).upper()
    try:
        mod_11_2.validate(digits)
    except ValidationError:
        return None
    return "-".join(digits[start : start + 4] for start in range(0, 16, 4))
