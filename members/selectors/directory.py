"""The public directory of members: list, counts by kind, element and province, one member; nothing personal (P5)."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Count, Exists, OuterRef, Prefetch
from django.utils.translation import get_language

from members.models import ElementSupply, Institution
from members.selectors.regions import province_of
from members.selectors.remembered import remember

if TYPE_CHECKING:
    from datetime import date

    from django.db.models import QuerySet

    from alliance.models import Alliance

CHINA = frozenset({"CN", "HK", "MO", "TW"})
_OWN_PROVINCE = {"HK": "810000", "MO": "820000", "TW": "710000"}


@dataclass(frozen=True, slots=True)
class DirectoryQuery:
    """What a reader asks the directory for; empty: everything."""

    kind: str = ""
    element: str = ""
    province: str = ""
    q: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether everything is shown."""
        return not (self.kind or self.element or self.province or self.q)


@dataclass(frozen=True, slots=True)
class DirectoryCounts:
    """Members by kind, element and place, each counted under the other filters."""

    total: int
    shown: int
    kinds: dict[str, int] = field(default_factory=dict)
    elements: dict[str, int] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tile:
    """A province-level unit on the tile map."""

    code: str
    short_zh: str
    name_en: str
    column: int
    row: int

    @property
    def short(self) -> str:
        """What is written on the tile in the active language."""
        if (get_language() or "").startswith("zh"):
            return self.short_zh
        return SHORT_EN.get(self.code, self.name_en)


SHORT_EN = {
    "110000": "BJ",
    "120000": "TJ",
    "130000": "HE",
    "140000": "SX",
    "150000": "NM",
    "210000": "LN",
    "220000": "JL",
    "230000": "HL",
    "310000": "SH",
    "320000": "JS",
    "330000": "ZJ",
    "340000": "AH",
    "350000": "FJ",
    "360000": "JX",
    "370000": "SD",
    "410000": "HA",
    "420000": "HB",
    "430000": "HN",
    "440000": "GD",
    "450000": "GX",
    "460000": "HI",
    "500000": "CQ",
    "510000": "SC",
    "520000": "GZ",
    "530000": "YN",
    "540000": "XZ",
    "610000": "SN",
    "620000": "GS",
    "630000": "QH",
    "640000": "NX",
    "650000": "XJ",
    "710000": "TW",
    "810000": "HK",
    "820000": "MO",
}
"""Letters of ISO 3166-2:CN; the full name is in the tile's title and in the table."""


@cache
def tiles() -> list[Tile]:
    """The tiles of the map; read once per process."""
    with (settings.SHIPPED_DATA_DIR / "codes" / "tiles_cn.csv").open(encoding="utf-8", newline="") as table:
        return [
            Tile(row["code"], row["short_zh"], row["name_en"], int(row["column"]), int(row["row"]))
            for row in csv.DictReader(table)
        ]


def place_of(country: str, region: str) -> str:
    """The province of a member in China, the country of any other."""
    if country in _OWN_PROVINCE:
        return _OWN_PROVINCE[country]
    if country == "CN":
        return province_of(region) or country
    return country


def list_directory(alliance: Alliance, query: DirectoryQuery, on: date) -> QuerySet[Institution]:
    """Members in good standing with what they supply; two queries. Nothing personal is among the columns drawn."""
    members = narrow_directory(alliance, query, on)
    return members.prefetch_related(
        Prefetch(
            "supplies",
            ElementSupply.objects.of(alliance).valid_on(on).order_by("-strength", "id"),
            to_attr="current_supplies",
        )
    )


def narrow_directory(alliance: Alliance, query: DirectoryQuery, on: date, *, but: str = "") -> QuerySet[Institution]:
    """Members that fit a query, in no order; ``but`` names a filter to leave aside."""
    members = Institution.objects.of(alliance).active()
    if query.kind and but != "kind":
        members = members.filter(kind=query.kind)
    if query.element and but != "element":
        supplied = ElementSupply.objects.of(alliance).valid_on(on).filter(element=query.element)
        members = members.filter(Exists(supplied.filter(institution_id=OuterRef("pk"))))
    if query.province and but != "province":
        if query.province.isdigit():
            own = [country for country, province in _OWN_PROVINCE.items() if province == query.province]
            in_it = members.filter(country_code="CN", region_code__gte=query.province, region_code__lt=_next(query.province))
            members = in_it | members.filter(country_code__in=own) if own else in_it
        else:
            members = members.filter(country_code=query.province)
            if query.province == "CN":
                members = members.filter(region_code="")
    if query.q:
        # Names only: the search of the console also looks into contact addresses.
        for word in query.q.split():
            members = members.filter(name_en__icontains=word) | members.filter(name_zh__icontains=word)
    return members


def _next(province: str) -> str:
    """The first code after those of a province: a range of codes can use an index under row-level security."""
    return f"{int(province[:2]) + 1:02d}0000"


def count_directory(alliance: Alliance, query: DirectoryQuery, on: date) -> DirectoryCounts:
    """The counts of the filters and of the map: one query over the members, one over what they supply.

    Those of a large alliance are kept until its content changes.
    """
    name = f"directory:{query.kind}:{query.element}:{query.province}:{query.q}:{on}"
    return remember(alliance, name, lambda: _count(alliance, query, on), lambda counts: counts.total)


def _count(alliance: Alliance, query: DirectoryQuery, on: date) -> DirectoryCounts:
    kinds: dict[str, int] = {}
    places: dict[str, int] = {}
    total = shown = 0
    if query.element or query.q:
        found = narrow_directory(alliance, DirectoryQuery(element=query.element, q=query.q), on)
        total = Institution.objects.of(alliance).active().count()
    else:
        found = Institution.objects.of(alliance).active()
    seen = 0
    for kind, country, region, n in (
        found.values_list("kind", "country_code", "region_code").annotate(n=Count("id")).order_by()
    ):
        seen += n
        place = place_of(country, region)
        fits_kind = query.kind in ("", kind)
        fits_place = query.province in ("", place)
        if fits_place:
            kinds[kind] = kinds.get(kind, 0) + n
        if fits_kind:
            places[place] = places.get(place, 0) + n
        if fits_kind and fits_place:
            shown += n
    elements = dict(
        ElementSupply.objects.of(alliance)
        .valid_on(on)
        .filter(institution__in=narrow_directory(alliance, query, on, but="element"))
        .values_list("element")
        .annotate(n=Count("institution", distinct=True))
        .order_by()
    )
    return DirectoryCounts(total or seen, shown, kinds, elements, places)


def get_public_member(alliance: Alliance, code: str) -> Institution | None:
    """A member in good standing by its code; one query."""
    return Institution.objects.of(alliance).active().filter(code=code).first()
