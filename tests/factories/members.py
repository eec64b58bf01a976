"""Rows of the element layer for tests: valid by default, special cases by argument. Call them inside ``acting_in``."""

from __future__ import annotations

import itertools
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from members.choices import Element, InstitutionKind, Scale, StaffRole
from members.models import ElementSupply, Institution, InstitutionStaff
from members.selectors.names import name_key_of, sort_key_of, sort_key_zh_of
from tests.factories.alliance import BEFORE, make_user

if TYPE_CHECKING:
    from alliance.models import Alliance, User

institution_numbers = itertools.count(1)
"""One for all factories of institutions: two of one number would share code and name."""


def make_institution(alliance: Alliance, **fields: Any) -> Institution:
    """An active industry think tank with an English name of its own."""
    number = next(institution_numbers)
    values: dict[str, Any] = {
        "code": f"T-{number:04d}",
        "kind": InstitutionKind.INDUSTRY_THINK_TANK,
        "name_en": f"Institution {number}",
        "joined_on": date(2026, 1, 5),
        **fields,
    }
    values.setdefault("name_key", name_key_of(values["name_en"], values.get("name_zh", "")))
    values.setdefault("sort_key", sort_key_of(values["name_en"], values.get("name_zh", "")))
    values.setdefault("sort_key_zh", sort_key_zh_of(values["name_en"], values.get("name_zh", "")))
    return Institution.objects.create(alliance=alliance, **values)


def make_staff(institution: Institution, user: User | None = None, **fields: Any) -> InstitutionStaff:
    """A representative since ``BEFORE``."""
    values: dict[str, Any] = {
        "role": StaffRole.REPRESENTATIVE,
        "starts_at": BEFORE,
        **fields,
    }
    return InstitutionStaff.objects.create(
        alliance=institution.alliance, institution=institution, user=user or make_user(), **values
    )


def make_supply(institution: Institution, element: str = Element.POLICY, **fields: Any) -> ElementSupply:
    """A supply of middling strength, valid since January."""
    values: dict[str, Any] = {
        "scale": Scale.MESO,
        "strength": Decimal("0.50"),
        "evidence_en": "as noted",
        "valid_from": date(2026, 1, 1),
        **fields,
    }
    return ElementSupply.objects.create(alliance=institution.alliance, institution=institution, element=element, **values)
