"""What the pages of listings share between console and portal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from alliance.kernel.errors import InvalidInputError
from alliance.kernel.formats import format_money
from alliance.kernel.permissions import can
from alliance.kernel.rich_text import render_markdown
from alliance.selectors.people import acting_institution_id
from alliance.templatetags.ui import pick_bilingual
from members.choices import Element
from members.models import Institution
from members.selectors.regions import region_path
from services.choices import Pricing, Verdict
from services.permissions import VIEW_LISTINGS, own_institutions
from services.selectors.codes import discipline_title, industry_title
from services.selectors.listing import audience_words, list_checks, list_listing_files, list_parties
from services.selectors.listing_quality import judge_quality

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from django.forms import Form

    from alliance.kernel.errors import DomainError
    from alliance.kernel.requests import AllianceRequest
    from alliance.models import Alliance
    from services.models import Listing, ListingCheck


def offer(alliance: Alliance, ids: Iterable[int]) -> list[tuple[int, str]]:
    """Institutions to choose from, by name; one query."""
    rows = Institution.objects.of(alliance).filter(pk__in=set(ids)).order_by("sort_key", "id")
    return [(institution.pk, institution.name) for institution in rows]


def choose_institution(request: AllianceRequest, fitting: Iterable[int], chosen: int | None = None) -> int:
    """The institution an act is done for: the one chosen on the form, else the one acted for, else the only one.

    Raises:
        InvalidInputError: Several fit and none was chosen.
    """
    ids = set(fitting)
    for candidate in (chosen, acting_institution_id(request)):
        if candidate is not None and candidate in ids:
            return candidate
    if len(ids) == 1:
        return ids.pop()
    words = _("Choose the institution you act for.")
    raise InvalidInputError(words, code="institution_missing", fields={"institution": words})


def show_refusal(form: Form, refusal: DomainError, fields: Mapping[str, str] | None = None) -> None:
    """Put a refusal at the fields it is about, else above the form; nothing typed is lost.

    Args:
        form: The bound form.
        refusal: What the action refused.
        fields: Names of the form's fields where they differ from the action's.
    """
    form.is_valid()
    placed = False
    for name, words in refusal.fields.items():
        field = (fields or {}).get(name, name)
        if field in form.fields:
            form.add_error(field, str(words))
            placed = True
    if not placed:
        form.add_error(None, f"{refusal.reason} {refusal.remedy}".strip())


def in_console(request: AllianceRequest, listing: Listing | None = None) -> bool:
    """Whether the reader works at the desk here, and not for the listing's own institution."""
    if not can(request.user, VIEW_LISTINGS, request.alliance):
        return False
    return listing is None or listing.institution_id not in own_institutions(request.user, request.alliance)


def frame(request: AllianceRequest, listing: Listing | None = None) -> dict[str, Any]:
    """Base template and the entry of the navigation for a page that console and portal share."""
    request.nav_key = "listings"
    console = in_console(request, listing)
    return {"base_template": "console/base.html" if console else "portal/base.html", "in_console": console}


def listing_url(request: AllianceRequest, listing: Listing) -> str:
    """Address of a listing's page for this reader."""
    name = "listing_desk_detail" if in_console(request, listing) else "portal_listing_detail"
    return reverse(name, kwargs={"code": listing.code})


def crumbs(request: AllianceRequest, listing: Listing | None, *labels: str) -> list[dict[str, str]]:
    """The way to a page."""
    console = in_console(request, listing)
    found = [
        {
            "label": pgettext("navigation", "Supply & demand"),
            "url": reverse("listing_desk" if console else "portal_listings"),
        }
    ]
    if listing is not None:
        found.append({"label": listing.code, "url": listing_url(request, listing) if labels else ""})
    found += [{"label": label, "url": ""} for label in labels]
    return found


def money_words(listing: Listing) -> str:
    """The price in words; empty sums are left out."""
    parts = [
        format_money(amount, "CNY", get_language())
        for amount in (listing.money_min, listing.money_max)
        if amount is not None
    ]
    label = str(listing.get_pricing_display())
    if not parts or listing.pricing == Pricing.FREE:
        return label
    return _("%(kind)s: %(sums)s") % {"kind": label, "sums": "–".join(dict.fromkeys(parts))}


def facts_of(listing: Listing) -> dict[str, Any]:
    """Labels of a listing in words, for its page."""
    return {
        "elements": [Element(value).label for value in listing.elements if value in Element.values],
        "industry": industry_title(listing.industry_code) if listing.industry_code else "",
        "disciplines": [discipline_title(code) for code in listing.disciplines],
        "region": region_path(listing.region_code) if listing.region_code else "",
        "money": money_words(listing),
    }


def body_of(listing: Listing) -> dict[str, Any]:
    """The text in the reader's language, and in the other one where there are both."""
    text, fell_back = pick_bilingual(listing, "body")
    both = bool(listing.body_en and listing.body_zh)
    other = listing.body_zh if text == listing.body_en else listing.body_en
    return {
        "body": render_markdown(text),
        "body_lang": {"en": "en", "zh": "zh-Hans"}.get(fell_back or "", ""),
        "other_body": render_markdown(other) if both else "",
        "other_title": (listing.title_zh if text == listing.body_en else listing.title_en) if both else "",
        "other_lang": "zh-Hans" if text == listing.body_en else "en",
    }


def record_of(listing: Listing, checks: list[ListingCheck], *, with_people: bool) -> list[dict[str, Any]]:
    """What happened to a listing, newest first: sent in, verified, published, expired."""
    entries: list[dict[str, Any]] = []
    for check in checks:
        unit = check.institution.name if check.institution else _("Secretariat")
        passed = check.verdict == Verdict.PASSED
        if passed:
            title = _("Verified as the first") if check.step == 1 else _("Verified as the second and published")
        else:
            title = _("Sent back for completion")
        points = "; ".join(point["words"] for point in check.points)
        person = check.by.get_full_name() if with_people and check.by else ""
        entries.append(
            {
                "title": title,
                "detail": points,
                "at": check.at,
                "by": f"{person}, {unit}" if person else unit,
                "tone": "ok" if passed else "warn",
            }
        )
    if listing.submitted_at:
        entries.append(
            {"title": _("Sent for verification"), "at": listing.submitted_at, "tone": "info", "by": "", "detail": ""}
        )
    entries.append(
        {
            "title": _("Drafted") if not listing.source else _("Taken in"),
            "at": listing.created_at,
            "by": listing.source,
            "tone": "",
            "detail": "",
        }
    )
    entries.sort(key=lambda entry: entry["at"], reverse=True)
    return entries


def page_of(request: AllianceRequest, listing: Listing) -> dict[str, Any]:
    """What both pages of a listing show; five queries."""
    console = in_console(request, listing)
    mine = listing.institution_id in own_institutions(request.user, request.alliance)
    sees_checks = console or mine
    parties = list_parties(listing)
    return {
        **frame(request, listing),
        **body_of(listing),
        "crumbs": crumbs(request, listing),
        "listing": listing,
        "facts": facts_of(listing),
        "files": list_listing_files(listing),
        "audience": audience_words(listing, parties) if sees_checks else listing.get_audience_display(),
        "timeline": record_of(listing, list_checks(listing), with_people=console) if sees_checks else [],
        "quality": judge_quality(listing) if sees_checks else None,
        "is_mine": mine,
    }
