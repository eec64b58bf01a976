"""Regions of China (GB/T 2260) and countries (ISO 3166-1), read from the shipped tables."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.utils.translation import get_language

COUNTRY_CODES = frozenset(
    [
        "AD",
        "AE",
        "AF",
        "AG",
        "AI",
        "AL",
        "AM",
        "AO",
        "AQ",
        "AR",
        "AS",
        "AT",
        "AU",
        "AW",
        "AX",
        "AZ",
        "BA",
        "BB",
        "BD",
        "BE",
        "BF",
        "BG",
        "BH",
        "BI",
        "BJ",
        "BL",
        "BM",
        "BN",
        "BO",
        "BQ",
        "BR",
        "BS",
        "BT",
        "BV",
        "BW",
        "BY",
        "BZ",
        "CA",
        "CC",
        "CD",
        "CF",
        "CG",
        "CH",
        "CI",
        "CK",
        "CL",
        "CM",
        "CN",
        "CO",
        "CR",
        "CU",
        "CV",
        "CW",
        "CX",
        "CY",
        "CZ",
        "DE",
        "DJ",
        "DK",
        "DM",
        "DO",
        "DZ",
        "EC",
        "EE",
        "EG",
        "EH",
        "ER",
        "ES",
        "ET",
        "FI",
        "FJ",
        "FK",
        "FM",
        "FO",
        "FR",
        "GA",
        "GB",
        "GD",
        "GE",
        "GF",
        "GG",
        "GH",
        "GI",
        "GL",
        "GM",
        "GN",
        "GP",
        "GQ",
        "GR",
        "GS",
        "GT",
        "GU",
        "GW",
        "GY",
        "HK",
        "HM",
        "HN",
        "HR",
        "HT",
        "HU",
        "ID",
        "IE",
        "IL",
        "IM",
        "IN",
        "IO",
        "IQ",
        "IR",
        "IS",
        "IT",
        "JE",
        "JM",
        "JO",
        "JP",
        "KE",
        "KG",
        "KH",
        "KI",
        "KM",
        "KN",
        "KP",
        "KR",
        "KW",
        "KY",
        "KZ",
        "LA",
        "LB",
        "LC",
        "LI",
        "LK",
        "LR",
        "LS",
        "LT",
        "LU",
        "LV",
        "LY",
        "MA",
        "MC",
        "MD",
        "ME",
        "MF",
        "MG",
        "MH",
        "MK",
        "ML",
        "MM",
        "MN",
        "MO",
        "MP",
        "MQ",
        "MR",
        "MS",
        "MT",
        "MU",
        "MV",
        "MW",
        "MX",
        "MY",
        "MZ",
        "NA",
        "NC",
        "NE",
        "NF",
        "NG",
        "NI",
        "NL",
        "NO",
        "NP",
        "NR",
        "NU",
        "NZ",
        "OM",
        "PA",
        "PE",
        "PF",
        "PG",
        "PH",
        "PK",
        "PL",
        "PM",
        "PN",
        "PR",
        "PS",
        "PT",
        "PW",
        "PY",
        "QA",
        "RE",
        "RO",
        "RS",
        "RU",
        "RW",
        "SA",
        "SB",
        "SC",
        "SD",
        "SE",
        "SG",
        "SH",
        "SI",
        "SJ",
        "SK",
        "SL",
        "SM",
        "SN",
        "SO",
        "SR",
        "SS",
        "ST",
        "SV",
        "SX",
        "SY",
        "SZ",
        "TC",
        "TD",
        "TF",
        "TG",
        "TH",
        "TJ",
        "TK",
        "TL",
        "TM",
        "TN",
        "TO",
        "TR",
        "TT",
        "TV",
        "TW",
        "TZ",
        "UA",
        "UG",
        "UM",
        "US",
        "UY",
        "UZ",
        "VA",
        "VC",
        "VE",
        "VG",
        "VI",
        "VN",
        "VU",
        "WF",
        "WS",
        "XK",
        "YE",
        "YT",
        "ZA",
        "ZM",
        "ZW",
    ]
)
"""ISO 3166-1 alpha-2, and XK in its usual private use."""


@dataclass(frozen=True, slots=True)
class Region:
    """A province or prefecture."""

    code: str
    name_zh: str
    name_en: str
    level: str
    parent: str

    @property
    def name(self) -> str:
        """Name in the active language."""
        return self.name_zh if (get_language() or "").startswith("zh") else self.name_en


@cache
def regions() -> dict[str, Region]:
    """Regions by code; read once per process."""
    with (settings.SHIPPED_DATA_DIR / "codes" / "regions_cn.csv").open(encoding="utf-8", newline="") as table:
        return {
            row["code"]: Region(row["code"], row["name_zh"], row["name_en"], row["level"], row["parent"])
            for row in csv.DictReader(table)
        }


@cache
def _regions_by_name() -> dict[str, str]:
    found: dict[str, str] = {}
    for region in regions().values():
        for name in (region.name_zh, region.name_en.lower()):
            found.setdefault(name, region.code)
    return found


def find_region(text: str) -> str | None:
    """The code of a region given by code or by its name in either language; None when there is none."""
    if text in regions():
        return text
    return _regions_by_name().get(text) or _regions_by_name().get(text.lower())


def region_name(code: str) -> str:
    """A region's name in the active language, the code itself when it is not in the table."""
    region = regions().get(code)
    return region.name if region else code


def region_path(code: str) -> str:
    """A prefecture with its province, a province by itself; empty for no code."""
    region = regions().get(code)
    if region is None:
        return code
    above = regions().get(region.parent)
    if above is None or above.name == region.name:
        return region.name
    if (get_language() or "").startswith("zh"):
        return f"{above.name}{region.name}"
    return f"{region.name}, {above.name}"


def province_of(code: str) -> str:
    """Code of the province-level unit that a region lies in; empty for no code."""
    return f"{code[:2]}0000" if code else ""
