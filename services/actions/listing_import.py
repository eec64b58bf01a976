"""Listings from a table or a file of JSON Lines, by the office: our own columns, or ``id, lang, title, text, fields``.

Rules: a row always names its source, or the office names one for all rows. What comes in waits for the two verifications like
every other listing. The office may publish at once only what belongs to no member and names its source: it vouches for a source
whose publisher has checked the texts, such as a register of calls. A listing of a member never is public without two checks.
Imported listings that wait stand on the desk; nobody gets an inbox item for each of thousands.
"""

from __future__ import annotations

import hashlib
import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.actions.audit import record_audit
from alliance.kernel.errors import InvalidInputError
from alliance.kernel.events import emit
from alliance.kernel.permissions import require
from members.actions.import_rows import find_institution, read_day
from members.choices import ImportSubject
from members.permissions import IMPORT_INSTITUTIONS
from members.selectors.import_subjects import Constant, ImportField, RowSubject, row_subjects
from services.actions.listing import LISTING_TEXTS, changed, clean_listing, text_of
from services.actions.listing_check import last_day
from services.choices import ListingAudience, ListingSide, ListingState, Pricing, ServiceCategory
from services.models import Listing
from services.selectors.listing import readable_by
from services.signals import LISTING_IMPORTED

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance, User

PUBLISH: Final = "published"
"""Value of ``state`` by which the office publishes at once."""
_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,59}")
RESERVED: Final = frozenset({"new", "feed.xml"})
"""Words that stand in addresses where a code would."""
_CHINESE: Final = re.compile(r"[\u3400-\u9fff]")
_SIDE_WORDS: Final = {
    "demand": ListingSide.DEMAND, "need": ListingSide.DEMAND, "需求": ListingSide.DEMAND,
    "supply": ListingSide.SUPPLY, "offer": ListingSide.SUPPLY, "供给": ListingSide.SUPPLY,
}  # fmt: skip
_STATE_WORDS: Final = {"": "", "pending": "", PUBLISH: PUBLISH}


def listing_code(values: dict[str, str]) -> str:
    """The code of a row's listing: its own identifier where that may stand in an address, else one made of what it says."""
    own = values.get("code", "").strip()
    if _CODE.fullmatch(own) and own not in RESERVED:
        return own
    said = own or "\n".join(values.get(name, "") for name in ("side", "source", "title", "title_en", "title_zh", "text"))
    return f"X-{hashlib.sha256(said.encode()).hexdigest()[:12]}"


def _words_of(values: dict[str, str]) -> dict[str, str]:
    """Titles and texts by language; ``title`` and ``text`` go to the language that ``lang`` names, or that they are in."""
    found = {name: values.get(name, "") for name in ("title_en", "title_zh", "body_en", "body_zh")}
    title, text = values.get("title", ""), values.get("text", "")
    if not title and not text:
        return found
    language = values.get("lang", "").lower()[:2]
    if language not in {"en", "zh"}:
        language = "zh" if _CHINESE.search(title or text) else "en"
    if not title:
        # A call that is one sentence is its own title; a longer text lends its beginning.
        title, text = (text, "") if len(text) <= 300 else (f"{text[:297].rstrip()}…", text)
    found[f"title_{language}"] = found[f"title_{language}"] or title
    found[f"body_{language}"] = found[f"body_{language}"] or text
    return found


def _list_of(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"[;；\n]", text) if part.strip()]


def _sum_of(text: str, name: str) -> Decimal | None:
    if not text:
        return None
    try:
        found = Decimal(text.replace(",", "")).quantize(Decimal("0.01"))
    except InvalidOperation:  # no number, or one that no sum can be
        found = Decimal("NaN")
    if not found.is_finite():
        words = _("“%(value)s” is no sum; write it as 180000.") % {"value": text[:30]}
        raise InvalidInputError(words, fields={name: words})
    return found


def _weeks_of(text: str) -> int | None:
    if text and not text.isdecimal():
        words = _("Give a number of weeks from 1 to 520.")
        raise InvalidInputError(words, fields={"duration_weeks": words})
    return int(text[:6]) if text else None


def _is_known(alliance: Alliance, values: dict[str, str]) -> bool:
    """Whether this row came in before: the same code from the same source."""
    return Listing.objects.of(alliance).filter(code=listing_code(values), source=values.get("source", "")[:200]).exists()


@transaction.atomic
def import_listing(alliance: Alliance, values: dict[str, str], actor: User, at: datetime) -> Listing:
    """Take one listing in.

    Args:
        alliance: The tenant.
        values: Texts by field, see LISTINGS.
        actor: Of the office.
        at: Now.

    Raises:
        PermissionRefusedError: The actor may not import.
        InvalidInputError: A value does not fit, the source is missing, the code is taken by another listing, or a member's
            listing is to be published at once.
    """
    require(actor, IMPORT_INSTITUTIONS, alliance)
    source = values.get("source", "").strip()
    problems: dict[str, Any] = {}
    side = _SIDE_WORDS.get(values.get("side", "").strip().lower())
    if side is None:
        problems["side"] = _("Say whether it is a demand or a supply.")
    state = _STATE_WORDS.get(values.get("state", "").strip().lower())
    if state is None:
        problems["state"] = _("The state is empty (it waits for verification) or “published”.")
    if not source:
        problems["source"] = _("Name the source the listing comes from.")
    elif len(source) > 200:
        problems["source"] = _("This is longer than %(most)s characters.") % {"most": 200}
    institution = find_institution(alliance, values["institution"]) if values.get("institution") else None
    if institution is not None and state == PUBLISH:
        problems["state"] = _("A member's listing is published by two verifications only.")
    code = listing_code(values)
    if Listing.objects.of(alliance).filter(code=code).exists():
        problems["code"] = _("The code %(code)s belongs to another listing.") % {"code": code}
    if problems:
        raise InvalidInputError(_("The listing cannot be taken in as it stands."), code="listing_invalid", fields=problems)
    today = timezone.localtime(at).date()
    lower, higher = _sum_of(values.get("money_min", ""), "money_min"), _sum_of(values.get("money_max", ""), "money_max")
    listing = Listing(
        alliance=alliance,
        code=code,
        institution=institution,
        source=source,
        made_by=actor,
        changed_by=actor,
        changed_at=at,
        submitted_at=at,
        state=ListingState.PENDING,
    )
    clean_listing(
        listing,
        {
            "side": side,
            "category": values.get("category") or ServiceCategory.PROJECT_RESEARCH,
            "elements": _list_of(values.get("elements", "")),
            "industry_code": values.get("industry", ""),
            "disciplines": _list_of(values.get("disciplines", "")),
            "labels": _list_of(values.get("labels", ""))[:20],
            "region_code": values.get("region", ""),
            "pricing": values.get("pricing")
            or (
                Pricing.RANGE
                if lower is not None and higher is not None
                else Pricing.FIXED
                if lower or higher
                else Pricing.TO_AGREE
            ),
            "money_min": lower,
            "money_max": higher,
            "starts_on": read_day(values.get("starts_on", ""), "starts_on"),
            "ends_on": read_day(values.get("ends_on", ""), "ends_on"),
            "duration_weeks": _weeks_of(values.get("duration_weeks", "")),
            "expires_on": read_day(values.get("expires_on", ""), "expires_on"),
            "audience": values.get("audience") or ListingAudience.PUBLIC,
            **_words_of(values),
        },
        today=today,
    )
    if listing.audience == ListingAudience.NAMED:
        words = _("A table addresses nobody by name; choose everybody or members.")
        raise InvalidInputError(words, fields={"audience": words})
    if state == PUBLISH:
        listing.state, listing.published_at, listing.expires_on = ListingState.PUBLISHED, at, last_day(listing, today)
    listing.save()
    record_audit(
        listing,
        actor=actor,
        verb="import_listing",
        after={"code": code, "side": listing.side, "state": listing.state, "source": source[:200]},
        personal=text_of(listing, LISTING_TEXTS),
        at=at,
    )
    changed(listing)
    emit(alliance, LISTING_IMPORTED, {"id": listing.pk, "code": code, "state": listing.state})
    return listing


def _export(alliance: Alliance, reader: Any) -> list[list[Any]]:
    """Every listing that the reader may read but those addressed to named institutions, in the order of the fields."""
    rows = readable_by(alliance, reader, timezone.localdate()).exclude(audience=ListingAudience.NAMED)
    rows = rows.select_related("institution").order_by("id")
    return [
        [
            row.code,
            row.side,
            "",
            "",
            "",
            row.title_en,
            row.title_zh,
            row.body_en,
            row.body_zh,
            "; ".join(row.labels),
            row.category,
            "; ".join(row.elements),
            row.industry_code,
            "; ".join(row.disciplines),
            row.region_code,
            row.pricing,
            row.money_min,
            row.money_max,
            row.starts_on,
            row.ends_on,
            row.duration_weeks,
            row.expires_on,
            row.audience,
            row.institution.code if row.institution else "",
            row.source,
            "",
        ]
        for row in rows
    ]


_CATEGORIES: Final = tuple((value, label) for value, label in ServiceCategory.choices)
LISTINGS: Final = row_subjects.register(
    ImportSubject.LISTINGS,
    RowSubject(
        name=ImportSubject.LISTINGS,
        fields=(
            ImportField(
                "code", _("Code"), ("id", "identifier", "编号"), _("Identifier in the source; two runs add it once.")
            ),
            ImportField("side", _("Supply or demand"), ("类型", "供需"), _("demand or supply.")),
            ImportField("lang", _("Language of title and text"), ("language", "语言"), _("en or zh; empty: recognised.")),
            ImportField("title", _("Title, in one language"), ("标题",)),
            ImportField("text", _("Text, in one language"), ("body", "description", "正文", "内容")),
            ImportField("title_en", _("Title in English")),
            ImportField("title_zh", _("Title in Chinese"), ("中文标题",)),
            ImportField("body_en", _("Text in English")),
            ImportField("body_zh", _("Text in Chinese"), ("中文正文",)),
            ImportField("labels", _("Key words"), ("fields", "keywords", "关键词"), _("Separated by semicolons.")),
            ImportField("category", _("Category"), ("service_category", "类别"), _("Code of one of the seven categories.")),
            ImportField("elements", _("Elements"), ("要素",), _("Codes, separated by semicolons.")),
            ImportField("industry", _("Industry (GB/T 4754)"), ("industry_gbt4754", "industry_code", "行业")),
            ImportField("disciplines", _("Disciplines (GB/T 13745)"), ("学科",), _("Codes, separated by semicolons.")),
            ImportField(
                "region", _("Region"), ("region_code", "地区"), _("Code (GB/T 2260) or name of a province or prefecture.")
            ),
            ImportField("pricing", _("Price"), ("价格方式",), _("fixed, range, to_agree or free.")),
            ImportField("money_min", _("From, in yuan"), ("money_min_cny",)),
            ImportField("money_max", _("Up to, in yuan"), ("money_max_cny", "budget", "预算")),
            ImportField("starts_on", _("Can begin on")),
            ImportField("ends_on", _("Done by"), ("deadline",)),
            ImportField("duration_weeks", _("Weeks it takes"), ("weeks", "周数")),
            ImportField("expires_on", _("Open until"), ("expires", "截止日期"), _("A day such as 2026-11-30.")),
            ImportField("audience", _("Who may read it"), (), _("public or members.")),
            ImportField(
                "institution",
                _("Institution"),
                ("institution code", "机构"),
                _("Its code, registry code or whole name; empty: none."),
            ),
            ImportField("source", _("Source"), ("来源",)),
            ImportField("state", _("State"), (), _("“published” to publish at once; else it waits for verification.")),
        ),
        required=(("title", "text", "title_en", "title_zh"), ("side",), ("source",)),
        identity=listing_code,
        is_known=_is_known,
        add=import_listing,
        export=_export,
        done_url="listing_desk",
        constants=(
            Constant(
                "side",
                _("Side of rows that name none"),
                (("", _("The table says it")), *((value, label) for value, label in ListingSide.choices)),
            ),
            Constant(
                "source",
                _("Source of rows that name none"),
                (),
                _("Stands on each listing, e.g. “CORDIS (European Union, CC BY 4.0)”."),
            ),
            Constant(
                "category",
                _("Category of rows that name none"),
                (("", ServiceCategory.PROJECT_RESEARCH.label), *_CATEGORIES),
            ),
            Constant(
                "state",
                _("What becomes of the listings?"),
                (
                    ("", _("they wait for two verifications, like every other")),
                    (PUBLISH, _("they are published at once: the office vouches for the source named")),
                ),
                _("Listings of member institutions always wait for two verifications."),
            ),
        ),
    ),
)
