"""What the pages of docking share: cards of listings and suggestions, and the parts of a fit in words."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.text import capfirst
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from alliance.kernel.formats import format_list, format_money, format_number
from alliance.kernel.permissions import can
from members.choices import Element
from members.selectors.regions import region_path
from operations.views.common import tenant_of
from services.choices import FitPart, ListingSide, ListingState, Pricing
from services.permissions import VIEW_MATCHES
from services.reasons import Chip, chip, item_label, part_label
from services.selectors.match import Tie, tied_to
from services.selectors.suggestion import Rule, Suggestion, Suggestions, keep

if TYPE_CHECKING:
    from alliance.models import Alliance
    from services.models import Listing

MOST_CHIPS: Final = 6
TOPIC: Final = frozenset(
    {"shared_words", "close_meaning", "same_disciplines", "same_industry", "brings", "needs", "same_category"}
)
"""Reasons of which a card shows two; the page of the score shows all of them in figures."""
FIRST_SHOWN: Final = 10
MOST_SHOWN: Final = 100


def frame(request: HttpRequest, *crumbs: tuple[str, str], portal: bool = False, key: str = "matches") -> dict[str, Any]:
    """Base template and way back; pages that both share stand in the console for those who work there."""
    request.nav_key = key  # type: ignore[attr-defined]
    in_console = not portal and can(request.user, VIEW_MATCHES, tenant_of(request))
    first = (_("Matches"), reverse("match_list" if in_console else "portal_matches"))
    return {
        "base_template": "console/base.html" if in_console else "portal/base.html",
        "in_console": in_console,
        "crumbs": [{"label": label, "url": url} for label, url in (first, *crumbs)] if crumbs else [],
    }


def money_words(listing: Listing) -> str:
    """What a listing says of money."""
    language = get_language()
    low, high = listing.money_min, listing.money_max
    if listing.pricing == Pricing.FREE:
        return _("free of charge")
    if listing.pricing == Pricing.TO_AGREE or (low is None and high is None):
        return _("price to be agreed")
    if low is not None and high is not None and low != high:
        return _("%(low)s to %(high)s") % {
            "low": format_money(low, "CNY", language),
            "high": format_money(high, "CNY", language),
        }
    if low is None and listing.side == ListingSide.DEMAND:
        return _("up to %(high)s") % {"high": format_money(high, "CNY", language)}
    return format_money(low if low is not None else high, "CNY", language)


def weeks_words(weeks: int | None) -> str:
    """How long it takes."""
    return ngettext("%(count)s week", "%(count)s weeks", weeks) % {"count": weeks} if weeks is not None else ""


def facts_of(listing: Listing) -> list[dict[str, Any]]:
    """A listing as rows of a description list."""
    demand = listing.side == ListingSide.DEMAND
    house = listing.institution
    rows: list[dict[str, Any]] = [
        {
            "label": pgettext("who lists it", "From"),
            "value": house.name if house else listing.source or _("an outside source"),
        }
    ]
    if house:
        rows.append({"label": pgettext("of an institution", "Kind"), "value": capfirst(str(house.get_kind_display()))})
    if listing.is_veiled:
        rows.append({"label": _("Text"), "value": _("not open to you at present")})
        return rows
    rows.append({"label": _("Category"), "value": capfirst(str(listing.get_category_display()))})
    if listing.elements:
        named = format_list((Element(code).label for code in listing.elements if code in Element.values), get_language())
        rows.append({"label": _("Needs") if demand else _("Brings"), "value": capfirst(named)})
    rows.append({"label": _("Budget") if demand else _("Price"), "value": capfirst(money_words(listing))})
    if listing.ends_on:
        rows.append({"label": _("By") if demand else _("On offer until"), "day": listing.ends_on})
    if listing.duration_weeks is not None:
        rows.append({"label": _("Takes"), "value": weeks_words(listing.duration_weeks)})
    place = listing.region_code or (house.region_code if house else "")
    if place:
        rows.append({"label": _("Place"), "value": region_path(place)})
    return rows


def public_url(listing: Listing) -> str:
    """Address of the public page, or nothing where it has none."""
    today = timezone.localdate()
    open_now = listing.expires_on is None or listing.expires_on >= today
    if listing.state == ListingState.PUBLISHED and listing.audience == "public" and open_now:
        return reverse("listing_detail", kwargs={"code": listing.code})
    return ""


def chips_of(reasons: Sequence[Mapping[str, Any]]) -> list[Chip]:
    """The reasons shown on a card: what speaks for and against it, two of the topic at most, then what is not known."""
    topic = [reason for reason in reasons if reason["code"] in TOPIC and reason["tone"] == "ok"][2:]
    said = [reason for reason in reasons if reason["tone"] != "neutral" and reason not in topic]
    unknown = [reason for reason in reasons if reason["tone"] == "neutral"]
    return [chip(reason) for reason in said[:MOST_CHIPS] + unknown[: max(1, 3 - len(said))]]


@dataclass(frozen=True, slots=True)
class PartRow:
    """A part of the fit ready to draw."""

    label: str
    weight: int
    points: Decimal
    items: tuple[tuple[str, Decimal], ...]


def part_rows(parts: Iterable[Mapping[str, Any]]) -> list[PartRow]:
    """Parts, as kept, in words."""
    return [
        PartRow(
            part_label(part["name"]),
            part["weight"],
            Decimal(part["points"]),
            tuple((item_label(item["kind"], item["key"]), Decimal(item["points"])) for item in part["items"]),
        )
        for part in parts
    ]


def weight_rows(rule: Rule | Mapping[str, int]) -> list[dict[str, Any]]:
    """Weights with the length of their bars."""
    weights = rule.weights if isinstance(rule, Rule) else rule
    most = max([*weights.values(), 1])
    return [{"label": part_label(part), "weight": weights[part], "most": most} for part in FitPart.values if part in weights]


def basis_rows(kept: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The statistics a figure rests on; the moment as a moment."""
    return [
        {**row, "refreshed_at": parse_datetime(row["refreshed_at"]) if row.get("refreshed_at") else None}
        for row in kept.get("basis", ())
    ]


def conflict_words(ties: Collection[Tie], listing: Listing, other: Listing) -> list[str]:
    """Who of the desk cannot rule on a pair, and why."""
    said = []
    for tie in tied_to(ties, [listing.institution_id, other.institution_id]):
        houses = {house.pk: house for house in (listing.institution, other.institution) if house is not None}
        own = [house.short_name for pk, house in houses.items() if pk in tie.own]
        linked = [house.short_name for pk, house in houses.items() if pk in tie.linked]
        name = tie.user.get_full_name()
        if own:
            said.append(
                _("%(name)s of the office or committee acts for or advises %(institutions)s, and cannot rule on this match.")
                % {"name": name, "institutions": format_list(own, get_language())}
            )
        elif linked:
            said.append(
                _("%(name)s of the office or committee is linked with %(institutions)s, and cannot rule on this match.")
                % {"name": name, "institutions": format_list(linked, get_language())}
            )
    return said


def suggestion_rows(
    listing: Listing,
    suggestions: Iterable[Suggestion],
    found: Suggestions,
    *,
    area: str,
    ties: Collection[Tie] = (),
    actor: Any = None,
) -> list[dict[str, Any]]:
    """Cards of suggestions.

    Args:
        listing: The listing they are for.
        suggestions: What to show.
        found: The whole answer.
        area: ``console`` or ``portal``.
        ties: Of people of the desk; empty in the portal.
        actor: Who looks: a tied person gets no buttons.
    """
    prefix = "console_" if area == "console" else "portal_"
    rows = []
    for one in suggestions:
        kept = keep(one, found)
        tied = tied_to(ties, [listing.institution_id, one.listing.institution_id])
        names = {"code": listing.code, "other": one.listing.code}
        rows.append(
            {
                "listing": one.listing,
                "rank": one.rank,
                "fit": int(one.fit.total.to_integral_value()),
                "chips": chips_of(kept["reasons"]),
                "money": capfirst(money_words(one.listing)),
                "weeks": weeks_words(one.listing.duration_weeks),
                "why_url": reverse(f"{prefix}match_why", kwargs=names),
                "accept_url": reverse(f"{prefix}match_accept", kwargs=names),
                "decline_url": reverse(f"{prefix}match_decline", kwargs=names),
                "conflicts": conflict_words(ties, listing, one.listing),
                "is_tied": any(tie.user == actor for tie in tied),
            }
        )
    return rows


def shown_count(request: HttpRequest) -> int:
    """How many suggestions the reader asked for."""
    return MOST_SHOWN if request.GET.get("all") == "1" else FIRST_SHOWN


def split_shown(found: Suggestions, most: int) -> tuple[tuple[Suggestion, ...], tuple[Suggestion, ...]]:
    """The first of both groups: at least a third of the room is the other language's where it has so many."""
    same = found.same[: max(most - min(len(found.other), most // 3), 0)]
    return same, found.other[: most - len(same)]


def count_words(found: Suggestions, side: str) -> str:
    """How many listings pass."""
    values = {"passing": format_number(found.passing), "all": format_number(found.readable)}
    if side == ListingSide.SUPPLY:
        return _("%(passing)s of %(all)s supplies pass the criteria.") % values
    return _("%(passing)s of %(all)s demands pass the criteria.") % values


def refused_words(refusal: Any) -> str:
    """A refusal in one line."""
    return " ".join(str(part) for part in (refusal.reason, refusal.remedy) if part)


def period(request: HttpRequest) -> int:
    """Days of the period asked for."""
    asked = request.GET.get("days", "")
    return int(asked) if asked in {"7", "30", "90", "365"} else 90


def alliance_of(request: HttpRequest) -> Alliance:
    """The alliance of the request."""
    return tenant_of(request)
