"""Navigation that the layers add to, in the order of the five layers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from alliance.kernel.counting import count_together
from alliance.kernel.permissions import can
from alliance.kernel.registry import Registry

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest
    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance

Counted = Callable[["Alliance", Any], "QuerySet[Any] | int"]
"""What the number beside a link counts, for an alliance and a reader: rows, or a number that is known without asking."""

SECTIONS: dict[str, StrOrPromise] = {
    "": "",
    "members": _("Members"),
    "organise": _("Organise"),
    "operate": _("Operate"),
    "serve": _("Serve"),
    "account": _("Account for"),
    "settings": _("Settings"),
}


@dataclass(frozen=True, slots=True)
class NavigationEntry:
    """One link of a navigation.

    Attributes:
        area: ``console``, ``portal`` or ``public``; ``portal:<key>`` makes it a tab of the portal's entry ``<key>``.
        key: Name that a page sets as ``nav_key`` to mark itself current.
        label: Text of the link.
        url_name: Route in the tenant's URL configuration.
        icon: Lucide icon name; console only.
        section: Key of SECTIONS; console only.
        order: Place inside the section.
        permission: Asked with the alliance as the record; empty: everybody who sees the area.
        count: What the number beside the label counts.
        urgent: What waits for the reader; no number when nothing does.
    """

    area: str
    key: str
    label: StrOrPromise
    url_name: str
    icon: str = ""
    section: str = ""
    order: int = 50
    permission: str = ""
    count: Counted | None = None
    urgent: Counted | None = None


entries: Registry[NavigationEntry] = Registry("navigation entry")


def add(entry: NavigationEntry) -> None:
    """Add a link; called from ``AppConfig.ready``."""
    entries.register(f"{entry.area}:{entry.key}", entry)


@dataclass(slots=True)
class Link:
    """A link ready to draw."""

    label: StrOrPromise
    url: str
    icon: str
    current: bool
    count: int | None = None
    urgent_count: int | None = None
    key: str = ""


@dataclass(slots=True)
class Section:
    """Links under one heading."""

    label: StrOrPromise
    items: list[Link] = field(default_factory=list)


def navigation_for(request: HttpRequest, area: str, current: str = "") -> list[Section]:
    """The sections of one area that this reader may see; one query for all numbers beside the links."""
    alliance = getattr(request, "alliance", None)
    if alliance is None:
        return []
    sections: dict[str, Section] = {key: Section(label) for key, label in SECTIONS.items()}
    counted: list[tuple[Link, bool, QuerySet[Any] | int]] = []
    for entry in sorted((e for e in entries.values() if e.area == area), key=lambda e: e.order):
        if entry.permission and not can(request.user, entry.permission, alliance):
            continue
        try:
            url = reverse(entry.url_name)
        except NoReverseMatch:
            continue
        link = Link(entry.label, url, entry.icon, entry.key == current, key=entry.key)
        if entry.count:
            counted.append((link, False, entry.count(alliance, request.user)))
        if entry.urgent:
            counted.append((link, True, entry.urgent(alliance, request.user)))
        sections[entry.section].items.append(link)
    numbers = count_together([rows for _link, _is_urgent, rows in counted])
    for (link, is_urgent, _rows), number in zip(counted, numbers, strict=True):
        if is_urgent:
            link.urgent_count = number or None
        else:
            link.count = number
    return [section for section in sections.values() if section.items]
