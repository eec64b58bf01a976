"""Two sides of a match with their people, and listings that the index knows; call inside ``act``."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from alliance.choices import AllianceRole
from alliance.models import User
from members.choices import StaffRole
from members.models import Institution
from services.actions.match_index import index_listings
from services.choices import ListingSide
from services.models import Listing
from tests.factories.operations import make_officer, make_staff
from tests.factories.services import make_house, make_listing

if TYPE_CHECKING:
    from alliance.models import Alliance

_numbers = itertools.count(1)


@dataclass
class Pair:
    """A demand and a supply that fit, and who answers for them."""

    demand: Listing
    supply: Listing
    buyer: User
    seller: User
    secretary: User
    member: User


def index(alliance: Alliance, *listings: Listing) -> None:
    """Make the index know listings."""
    index_listings(alliance, [one.pk for one in listings], at=timezone.now())


def make_demand(alliance: Alliance, **fields: Any) -> Listing:
    """A demand for less steam on two stenters."""
    values: dict[str, Any] = {
        "title_en": "Cut steam use on two stenters by 15%",
        "title_zh": "",
        "body_en": "Two eight-chamber stenters, polyester knits. Heat recovery from the exhaust, survey on site.",
        "body_zh": "",
        "category": "problem_solving",
        "elements": ["technology"],
        "region_code": "440600",
        "pricing": "range",
        "money_min": 100_000,
        "money_max": 260_000,
        **fields,
    }
    return make_listing(alliance, ListingSide.DEMAND, **values)


def make_supply(alliance: Alliance, **fields: Any) -> Listing:
    """A supply that answers it."""
    values: dict[str, Any] = {
        "title_en": "Stenter heat recovery, survey and fit-out",
        "title_zh": "",
        "body_en": "We recover heat from stenter exhaust and save steam; survey on site within two weeks.",
        "body_zh": "",
        "category": "problem_solving",
        "elements": ["technology", "capital"],
        "region_code": "440600",
        "pricing": "fixed",
        "money_min": 238_000,
        "money_max": None,
        "duration_weeks": 9,
        **fields,
    }
    return make_listing(alliance, ListingSide.SUPPLY, **values)


def make_pair(alliance: Alliance, **fields: Any) -> Pair:
    """A demand and a supply of two institutions, indexed, with a representative each; a secretary and a committee member."""
    demand = make_demand(alliance)
    supply = make_supply(alliance, **fields)
    index(alliance, demand, supply)
    return Pair(
        demand,
        supply,
        person_of(demand.institution),
        person_of(supply.institution),
        make_officer(alliance),
        make_officer(alliance, AllianceRole.COMMITTEE),
    )


def person_of(institution: Institution | None, role: str = StaffRole.REPRESENTATIVE) -> User:
    """Somebody who acts for an institution."""
    assert institution is not None
    return make_staff(institution.alliance, institution, role)


def another_house(alliance: Alliance, **fields: Any) -> Institution:
    """An institution of its own."""
    return make_house(alliance, **fields)
