"""The public directory of members: list, filters, tile map, one member. No script needed, nothing personal (P5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from alliance.kernel.errors import NotFoundError
from alliance.kernel.page_cache import cached_page
from alliance.kernel.tables import csv_response
from alliance.selectors.paging import paginate
from members.choices import Element, FactKind, InstitutionKind
from members.selectors.directory import (
    DirectoryCounts,
    DirectoryQuery,
    Tile,
    count_directory,
    get_public_member,
    list_directory,
    tiles,
)
from members.selectors.fact import list_facts, summarise, verification_of
from members.selectors.institution import list_supplies, marks_of
from members.selectors.names import sort_field
from members.selectors.regions import region_name, region_path, regions

if TYPE_CHECKING:
    from alliance.kernel.requests import AllianceRequest

PAGE = 24
SIDE = 56
GAP = 4
PRIVATE = frozenset({FactKind.CONTACT})
"""Facts that the public does not see: an address may be a person's."""


def read_query(request: AllianceRequest) -> DirectoryQuery:
    """The filters of an address; unknown values count as none."""
    kind, element = request.GET.get("kind", ""), request.GET.get("element", "")
    province = request.GET.get("province", "")
    known = province in regions() and province.endswith("0000")
    country = len(province) == 2 and province.isascii() and province.isalpha() and province.isupper()
    return DirectoryQuery(
        kind=kind if kind in InstitutionKind.values else "",
        element=element if element in Element.values else "",
        province=province if known or country else "",
        q=" ".join(request.GET.get("q", "").replace("\0", "").split())[:60],
    )


@dataclass(frozen=True, slots=True)
class DrawnTile:
    """A tile of the map, ready to draw."""

    tile: Tile
    name: str
    count: int
    level: int
    x: int
    y: int
    url: str
    chosen: bool

    @property
    def centre(self) -> int:
        """Middle of the tile, for its text."""
        return self.x + SIDE // 2

    @property
    def label_y(self) -> int:
        """Base line of the name."""
        return self.y + 25

    @property
    def count_y(self) -> int:
        """Base line of the number."""
        return self.y + 44


def _address(query: DirectoryQuery, **changed: str) -> str:
    values = {"kind": query.kind, "element": query.element, "province": query.province, "q": query.q, **changed}
    kept = {name: value for name, value in values.items() if value}
    return f"?{urlencode(kept)}" if kept else reverse("member_directory")


def draw_tiles(query: DirectoryQuery, counts: DirectoryCounts) -> list[DrawnTile]:
    """The map: each province a square whose depth says how many members it has, from none to the most."""
    most = max([counts.places.get(tile.code, 0) for tile in tiles()], default=0)
    drawn = []
    for tile in tiles():
        count = counts.places.get(tile.code, 0)
        chosen = query.province == tile.code
        drawn.append(
            DrawnTile(
                tile=tile,
                name=region_name(tile.code),
                count=count,
                level=0 if not count else min(4, 1 + (4 * count - 1) // max(most, 1)),
                x=(tile.column - 1) * (SIDE + GAP),
                y=(tile.row - 1) * (SIDE + GAP),
                url=_address(query, province="" if chosen else tile.code),
                chosen=chosen,
            )
        )
    return drawn


def _options(choices: Any, counts: dict[str, int], chosen: str) -> list[dict[str, Any]]:
    return [
        {"value": value, "label": capfirst(label), "count": counts.get(value, 0), "selected": value == chosen}
        for value, label in choices
        if counts.get(value) or value == chosen
    ]


@require_safe
@cached_page
def member_directory(request: AllianceRequest) -> HttpResponse:
    """Members in good standing, by kind, element and province; as cards, on a tile map, as a table and as a file."""
    request.nav_key = "members"
    alliance, on = request.alliance, timezone.localdate()
    query = read_query(request)
    rows = list_directory(alliance, query, on)
    order = (sort_field(), "id")
    if request.GET.get("format") == "csv":
        return _export(alliance, rows.order_by(*order), on)
    page = paginate(rows, request.GET, order=order, size=PAGE)
    counts = count_directory(alliance, query, on)
    verified = verification_of(alliance, page.items, on)
    marks = marks_of(alliance, page.items)
    drawn = draw_tiles(query, counts)
    elsewhere = sorted(
        (
            (_("China, province not given") if place == "CN" else place, count, _address(query, province=place))
            for place, count in counts.places.items()
            if not place.isdigit()
        ),
        key=lambda row: -row[1],
    )
    chips = [
        {"label": label, "url": _address(query, **{name: ""})}
        for name, label in (
            ("kind", capfirst(InstitutionKind(query.kind).label) if query.kind else ""),
            ("element", capfirst(Element(query.element).label) if query.element else ""),
            ("province", region_name(query.province) if query.province else ""),
            ("q", query.q),
        )
        if label
    ]
    context = {
        "query": query,
        "page": page,
        "members": [
            {
                "member": member,
                "verified": verified[member.pk],
                "groups": marks[member.pk].get("group", []),
                "elements": member.current_supplies,  # type: ignore[attr-defined]
                "place": region_path(member.region_code) or member.country_code,
            }
            for member in page.items
        ],
        "counts": counts,
        "tiles": drawn,
        "table": sorted((tile for tile in drawn if tile.count), key=lambda tile: (-tile.count, tile.tile.code)),
        "elsewhere": elsewhere,
        "map_width": 7 * (SIDE + GAP) - GAP,
        "map_height": 8 * (SIDE + GAP) - GAP,
        "side": SIDE,
        "kinds": _options(InstitutionKind.choices, counts.kinds, query.kind),
        "elements": _options(Element.choices, counts.elements, query.element),
        "chips": chips,
        "clear_url": reverse("member_directory"),
        "csv_url": _address(query) + ("&" if not query.is_empty else "?") + "format=csv",
    }
    return render(request, "members/directory.html", context)


def _export(alliance: Any, rows: Any, on: Any) -> HttpResponse:
    members = list(rows)
    verified = verification_of(alliance, members, on)
    header = [
        _("Code"),
        _("Name in English"),
        pgettext("institution", "Name in Chinese"),
        _("Kind"),
        _("Place"),
        _("Elements"),
        _("Web site"),
        _("Verified facts"),
    ]
    return csv_response(
        _("members"),
        header,
        [
            [
                member.code,
                member.name_en,
                member.name_zh,
                member.get_kind_display(),
                region_path(member.region_code) or member.country_code,
                "; ".join(supply.get_element_display() for supply in member.current_supplies),
                member.web,
                "; ".join(str(FactKind(fact).label) for fact in verified[member.pk].verified if fact not in PRIVATE),
            ]
            for member in members
        ],
    )


@require_safe
@cached_page
def public_member(request: AllianceRequest, code: str) -> HttpResponse:
    """One member: its facts, each with its mark, what it brings, its groups."""
    request.nav_key = "members"
    member = get_public_member(request.alliance, code)
    if member is None:
        raise NotFoundError
    on = timezone.localdate()
    facts = [fact for fact in list_facts(member, on) if fact.kind not in PRIVATE and fact.can_be_verified]
    supplies = [
        supply
        for supply in list_supplies(member)
        if supply.valid_from <= on and (supply.valid_to is None or supply.valid_to >= on)
    ]
    context = {
        "member": member,
        "facts": facts,
        "verification": summarise(facts),
        "supplies": supplies,
        "groups": marks_of(request.alliance, [member])[member.pk].get("group", []),
        "crumbs": [{"label": _("Members"), "url": reverse("member_directory")}, {"label": member.name}],
    }
    return render(request, "members/public_member.html", context)
