"""Everybody a listing meets on its way; call inside ``act`` (or ``tenancy.acting_in``)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from alliance.choices import AllianceRole
from services.actions.listing import draft_listing, submit_listing
from services.actions.listing_check import check_listing
from services.choices import ListingSide, ListingState, ServiceCategory, Verdict
from tests.factories.alliance import make_member
from tests.factories.members import make_staff
from tests.factories.services import make_house

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance, User
    from members.models import Institution
    from services.models import Listing


@dataclass(slots=True)
class ListingCast:
    """The owner with an officer, the office with two people, and two members of the committee with their institutions."""

    alliance: Alliance
    owner: Institution
    officer: User
    office: User
    second_office: User
    committee: User
    committee_house: Institution
    second_committee: User
    second_house: Institution
    reader: User
    reader_house: Institution


def make_verifier(alliance: Alliance, house: Institution) -> User:
    """A member of the committee who acts for an institution."""
    person = make_member(alliance, AllianceRole.COMMITTEE)
    make_staff(house, person)
    return person


def make_listing_cast(alliance: Alliance) -> ListingCast:
    """The people."""
    owner, first, second, reader = (make_house(alliance, contact_email="desk@house.example") for _turn in range(4))
    officer, person = make_staff(owner).user, make_staff(reader).user
    return ListingCast(
        alliance=alliance,
        owner=owner,
        officer=officer,
        office=make_member(alliance, AllianceRole.SECRETARIAT),
        second_office=make_member(alliance, AllianceRole.OFFICE_ADMIN),
        committee=make_verifier(alliance, first),
        committee_house=first,
        second_committee=make_verifier(alliance, second),
        second_house=second,
        reader=person,
        reader_house=reader,
    )


def listing_values(**changes: Any) -> dict[str, Any]:
    """What an owner writes."""
    return {
        "side": ListingSide.DEMAND,
        "category": ServiceCategory.PROBLEM_SOLVING,
        "title_en": "Cut the energy use of two stenters by 15%",
        "title_zh": "两台定型机能耗降低15%",
        "body_en": "Two eight-chamber stenters let their exhaust out unused at 150 °C. We look for heat recovery that pays back. "
        * 3,
        "body_zh": "两台八节定型机，烟气温度约150 ℃，直接外排。希望通过余热回收降低能耗15%以上。" * 3,
        "labels": ["stenter", "heat recovery", "energy"],
        **changes,
    }


def make_drafted(cast: ListingCast, *, parties: tuple[str, ...] = (), at: datetime | None = None, **values: Any) -> Listing:
    """A draft of the owner."""
    return draft_listing(
        cast.alliance,
        actor=cast.officer,
        institution_id=cast.owner.pk,
        values=listing_values(**values),
        parties=parties,
        at=at or timezone.now(),
    )


def make_sent(cast: ListingCast, *, parties: tuple[str, ...] = (), at: datetime | None = None, **values: Any) -> Listing:
    """A listing that waits for its first verification."""
    draft = make_drafted(cast, parties=parties, at=at, **values)
    return submit_listing(cast.alliance, draft.code, actor=cast.officer, at=at or timezone.now())


def verify(cast: ListingCast, listing: Listing, by: User, institution: Institution | None = None, **more: Any) -> Listing:
    """One passes it."""
    values: dict[str, Any] = {"verdict": Verdict.PASSED, "revision": listing.revision, "at": timezone.now(), **more}
    return check_listing(
        cast.alliance, listing.code, actor=by, institution_id=institution.pk if institution else None, **values
    )


def make_verified(cast: ListingCast, *, parties: tuple[str, ...] = (), at: datetime | None = None, **values: Any) -> Listing:
    """A listing that the office and a member of the committee verified."""
    moment = at or timezone.now() - timedelta(minutes=5)
    listing = make_sent(cast, parties=parties, at=moment, **values)
    listing = verify(cast, listing, cast.office, at=moment)
    listing = verify(cast, listing, cast.committee, cast.committee_house, at=moment)
    assert listing.state == ListingState.PUBLISHED
    return listing
