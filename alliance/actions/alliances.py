"""Makes alliances: the tenants themselves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from alliance.choices import AllianceLevel
from alliance.kernel.errors import InvalidInputError
from alliance.models import Alliance

SLUG = re.compile(r"^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$")
HOST = re.compile(r"^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+$")

#: Levels that a parent may have (blueprint section 3).
PARENT_LEVELS: dict[str, frozenset[str]] = {
    AllianceLevel.NATIONAL: frozenset(),
    AllianceLevel.REGIONAL: frozenset({AllianceLevel.NATIONAL}),
    AllianceLevel.PROVINCIAL: frozenset({AllianceLevel.NATIONAL, AllianceLevel.REGIONAL}),
}

if TYPE_CHECKING:
    from collections.abc import Mapping


@transaction.atomic
def create_alliance(
    slug: str,
    *,
    name_en: str,
    name_zh: str,
    level: str,
    parent: Alliance | None = None,
    host: str = "",
    is_demonstration: bool = False,
    details: Mapping[str, Any] | None = None,
) -> Alliance:
    """Make a new, empty alliance.

    Args:
        slug: Address under ``/a/<slug>/``: small letters, digits and hyphens, 40 at most.
        name_en: Name in English.
        name_zh: Name in Chinese.
        level: One of AllianceLevel.
        parent: The alliance above: none for a national one; a national one for a regional one; a national or regional one
            for a provincial one. May be empty at any level.
        host: Host name of its own, without port; empty when it is reached by its path only.
        is_demonstration: Set once, never changed.
        details: Other fields, e.g. ``industry_code``, ``region_code``, ``contact_email``.

    Raises:
        InvalidInputError: Names the field and how to fix it.
    """
    host = host.strip().lower().rstrip(".")
    if not SLUG.match(slug):
        raise _wrong("slug", _("Use small letters, digits and hyphens, 40 at most, such as green-textiles."))
    if Alliance.objects.filter(slug=slug).exists():
        raise _wrong("slug", _("Another alliance has this address. Choose a different one."))
    if not name_en.strip() or not name_zh.strip():
        raise _wrong("name_en", _("Give the name in English and in Chinese."))
    if level not in AllianceLevel.values:
        raise _wrong("level", _("Choose national, regional or provincial."))
    check_parent(level, parent)
    if host:
        if not HOST.match(host):
            raise _wrong("host", _("Give a host name without port or path, such as alliance.example.org."))
        if host in settings.PLATFORM_HOSTS:
            raise _wrong("host", _("This host name is the platform's own."))
        if Alliance.objects.filter(host=host).exists():
            raise _wrong("host", _("Another alliance has this host name."))
    return Alliance.objects.create(
        slug=slug,
        name_en=name_en.strip(),
        name_zh=name_zh.strip(),
        level=level,
        parent=parent,
        host=host,
        is_demonstration=is_demonstration,
        **dict(details or {}),
    )


def check_parent(level: str, parent: Alliance | None) -> None:
    """Refuse a parent of a level that does not stand above.

    Raises:
        InvalidInputError: Says which levels may.
    """
    if parent is None or parent.level in PARENT_LEVELS[level]:
        return
    reasons = {
        AllianceLevel.NATIONAL: _("A national alliance has no parent."),
        AllianceLevel.REGIONAL: _("The parent of a regional alliance is a national one."),
        AllianceLevel.PROVINCIAL: _("The parent of a provincial alliance is a regional or national one."),
    }
    raise _wrong("parent", reasons[AllianceLevel(level)])


def _wrong(field: str, words: str) -> InvalidInputError:
    return InvalidInputError(words, code=f"alliance_{field}_invalid", fields={field: words})
