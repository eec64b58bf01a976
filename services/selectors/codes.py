"""Industries (GB/T 4754-2017) and disciplines (GB/T 13745-2009) that listings are labelled with; read once per process."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.utils.translation import get_language


@dataclass(frozen=True, slots=True)
class Code:
    """One entry of a national classification.

    Attributes:
        code: As in the standard; text, leading zeros count.
        parent: Code of the section it belongs to; empty at the top.
        title_zh: Title of the standard.
        title_en: Our English title.
    """

    code: str
    parent: str
    title_zh: str
    title_en: str

    @property
    def title(self) -> str:
        """Title in the active language."""
        return self.title_zh if (get_language() or "").startswith("zh") else self.title_en


def _read(name: str) -> dict[str, Code]:
    with (settings.SHIPPED_DATA_DIR / "codes" / name).open(encoding="utf-8", newline="") as table:
        return {
            row["code"]: Code(row["code"], row.get("parent") or "", row["title_zh"], row["title_en"])
            for row in csv.DictReader(table)
        }


@cache
def industries() -> dict[str, Code]:
    """Sections (letters) and divisions (two digits) of GB/T 4754-2017 by code."""
    return _read("gbt4754_2017.csv")


@cache
def disciplines() -> dict[str, Code]:
    """The 62 disciplines of the first level of GB/T 13745-2009 by code."""
    return _read("disciplines_gbt13745.csv")


def industry_title(code: str) -> str:
    """Title of an industry in the active language, the code itself when it is not in the table."""
    found = industries().get(code)
    return found.title if found else code


def discipline_title(code: str) -> str:
    """Title of a discipline in the active language, the code itself when it is not in the table."""
    found = disciplines().get(code)
    return found.title if found else code
