"""The rules that one institution's entry keeps, by themselves: used for single entries and for each row of an import."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from members.choices import KIND_SUBKINDS, RegistryScheme
from members.selectors.names import NAME_MAX_LENGTH, clean_text, has_han, keys_of
from members.selectors.regions import COUNTRY_CODES, find_region
from members.selectors.registry_codes import parse_registry_code

_WEB = re.compile(r"^https?://[^\s/?#:@]+\.[^\s/?#:@]{2,}(?::\d{1,5})?(?:[/?#]\S*)?$", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
WEB_MAX_LENGTH = 200
EMAIL_MAX_LENGTH = 254


class Entry(NamedTuple):
    """An institution's values, checked and in normal form."""

    kind: str
    subkind: str
    name_en: str
    name_zh: str
    country_code: str
    region_code: str
    registry_scheme: str
    registry_code: str
    web: str
    contact_email: str
    name_key: str
    sort_key: str
    sort_key_zh: str


class Fault(NamedTuple):
    """Why an entry is refused: a code of FAULTS and the values of its placeholders."""

    code: str
    params: dict[str, Any]


FAULTS: dict[str, Any] = {
    "malformed": _(
        "The row cannot be read: a quotation mark is opened and never closed, or a cell is longer than 131,072 characters."
    ),
    "columns": _("The row has %(found)s columns, the header has %(expected)s."),
    "unreadable": _("The row holds characters that do not fit the chosen encoding."),
    "control": _("The row holds control characters."),
    "name_missing": _("The name is missing."),
    "name_too_long": _("The name has %(found)s characters; at most %(most)s are possible."),
    "kind_missing": _("The kind is missing."),
    "kind_unknown": _("The kind “%(value)s” was not mapped."),
    "subkind_unfit": _("“%(value)s” is no finer kind of this kind of institution."),
    "country_unknown": _("“%(value)s” is not a country code of two letters (ISO 3166-1)."),
    "region_unknown": _("“%(value)s” is not a province or prefecture (GB/T 2260)."),
    "region_abroad": _("A region of China is given for an institution in “%(value)s”."),
    "registry_code_invalid": _(
        "“%(value)s” is neither a unified social credit code nor a ROR identifier: compare the check characters."
    ),
    "web_invalid": _("“%(value)s” is not a web address."),
    "email_invalid": _("“%(value)s” is not an e-mail address."),
    "duplicate": _("The same record stands in row %(row)s already."),
}
"""What is wrong, in words, by code."""

FAULT_FIELDS: dict[str, str] = {
    "name_missing": "name_en",
    "name_too_long": "name_en",
    "kind_missing": "kind",
    "kind_unknown": "kind",
    "subkind_unfit": "subkind",
    "country_unknown": "country_code",
    "region_unknown": "region_code",
    "region_abroad": "region_code",
    "registry_code_invalid": "registry_code",
    "web_invalid": "web",
    "email_invalid": "contact_email",
}
"""Where on a form a fault belongs."""


def fault_text(code: str, params: dict[str, Any]) -> str:
    """A fault in words, in the active language."""
    if code == "refused":  # the words of the action that refused the row, kept in both languages
        chinese = (get_language() or "").startswith("zh")
        return str(params.get("zh" if chinese else "en") or params.get("en") or params.get("zh") or "")
    return str(FAULTS[code] % params)


def has_control_characters(text: str) -> bool:
    """Whether a text holds characters that are no text: controls, and marks that turn the writing direction round."""
    return _CONTROL.search(text) is not None


_SUBKIND_WORDS: dict[str, str] = {
    "single field": "single_field",
    "single-field": "single_field",
    "单一型": "single_field",
    "单一领域": "single_field",
    "diversified": "diversified",
    "综合型": "diversified",
    "多元化": "diversified",
    "intra-industry": "intra_industry",
    "intra industry": "intra_industry",
    "产业内": "intra_industry",
    "行业内": "intra_industry",
    "inter-industry": "inter_industry",
    "inter industry": "inter_industry",
    "产业间": "inter_industry",
    "跨行业": "inter_industry",
}


def find_subkind(kind: str, text: str) -> str:
    """The finer kind that a text names, if institutions of the kind are divided so; else empty."""
    folded = text.strip().lower()
    found = _SUBKIND_WORDS.get(folded, folded)
    return found if found in KIND_SUBKINDS.get(kind, ()) else ""


def check_entry(
    *,
    kind: str,
    subkind: str = "",
    name: str = "",
    name_en: str = "",
    name_zh: str = "",
    country: str,
    region: str = "",
    registry_code: str = "",
    web: str = "",
    contact_email: str = "",
) -> Entry | Fault:
    """Bring an entry into normal form, or say what is wrong with it; touches no database.

    Args:
        kind: One of the seven, checked by the caller.
        subkind: Finer kind, by its code or its name in either language; only of kinds that are divided further.
        name: A name in either script; it fills the place that ``name_en`` or ``name_zh`` leaves empty.
        name_en: English name.
        name_zh: Chinese name.
        country: ISO 3166-1 alpha-2, any case.
        region: GB/T 2260 code or a region's name; only in China.
        registry_code: USCC or ROR identifier; the scheme is recognised.
        web: Address; ``https://`` is added when the scheme is missing.
        contact_email: E-mail address.
    """
    if subkind := subkind.strip():
        found_subkind = find_subkind(kind, subkind)
        if not found_subkind:
            return Fault("subkind_unfit", {"value": subkind[:60]})
        subkind = found_subkind
    name_en, name_zh = clean_text(name_en), clean_text(name_zh)
    if name:
        name = clean_text(name)
        if has_han(name):
            name_zh = name_zh or name
        else:
            name_en = name_en or name
    if not name_en and not name_zh:
        return Fault("name_missing", {})
    longest = max(len(name_en), len(name_zh))
    if longest > NAME_MAX_LENGTH:
        return Fault("name_too_long", {"found": longest, "most": NAME_MAX_LENGTH})
    country = country.strip().upper()
    if country not in COUNTRY_CODES:
        return Fault("country_unknown", {"value": country[:60]})
    region_code = ""
    if region := region.strip():
        found = find_region(region)
        if found is None:
            return Fault("region_unknown", {"value": region[:60]})
        if country not in {"CN", "HK", "MO", "TW"}:
            return Fault("region_abroad", {"value": country})
        region_code = found
    scheme, code = RegistryScheme.NONE.value, ""
    if registry_code := registry_code.strip():
        parsed = parse_registry_code(registry_code)
        if parsed is None:
            return Fault("registry_code_invalid", {"value": registry_code[:60]})
        scheme, code = parsed
    if web := web.strip():
        if "://" not in web:
            web = f"https://{web}"
        if len(web) > WEB_MAX_LENGTH or not _WEB.match(web):
            return Fault("web_invalid", {"value": web[:60]})
    if contact_email := contact_email.strip():
        try:
            validate_email(contact_email)
        except ValidationError:
            return Fault("email_invalid", {"value": contact_email[:60]})
        if len(contact_email) > EMAIL_MAX_LENGTH:
            return Fault("email_invalid", {"value": contact_email[:60]})
    return Entry(
        kind,
        subkind,
        name_en,
        name_zh,
        country,
        region_code,
        scheme,
        code,
        web,
        contact_email,
        *keys_of(name_en, name_zh),
    )
