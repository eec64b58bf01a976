"""Rows of the organisational layer for tests. Call them inside ``acting_in``."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from groups.actions.conflict import declare_conflict
from groups.choices import GroupKind, HoldingDirection, SeatRole
from groups.models import ConflictOfInterest, GroupMembership, Interest, VirtualGroup
from members.choices import InterestKind
from members.models import Institution
from members.selectors.names import fold_name
from tests.factories.alliance import BEFORE, make_user
from tests.factories.members import make_staff

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance


def make_group(alliance: Alliance, kind: str = GroupKind.POLICY) -> VirtualGroup:
    """The group of a kind; the same row when it is there already."""
    return VirtualGroup.objects.get_or_create(alliance=alliance, kind=kind)[0]


def make_seat(institution: Institution, kind: str = GroupKind.POLICY, **fields: Any) -> GroupMembership:
    """A member's seat since ``BEFORE``; rules of eligibility are the action's, not the row's."""
    values: dict[str, Any] = {"role": SeatRole.MEMBER, "starts_at": BEFORE, **fields}
    return GroupMembership.objects.create(
        alliance=institution.alliance, group=make_group(institution.alliance, kind), institution=institution, **values
    )


# Interests and conflicts
def make_interest(institution: Institution, party: Institution | str, kind: str = "contract", **fields: Any) -> Interest:
    """A declared interest with a member, or with an outside party by its name."""
    outside = party if isinstance(party, str) else ""
    values: dict[str, Any] = {
        "counterparty": None if outside else party,
        "outside_party": outside,
        "outside_key": fold_name(outside) if outside else "",
        "direction": HoldingDirection.OURS if kind == InterestKind.HOLDING else "",
        "declared_at": BEFORE,
        "declared_by": fields.pop("declared_by", None) or make_user(),
        **fields,
    }
    return Interest.objects.create(alliance=institution.alliance, institution=institution, kind=kind, **values)


def make_conflict(institution: Institution, matter: str, **fields: Any) -> ConflictOfInterest:
    """A declared conflict that counts."""
    values: dict[str, Any] = {"reason": "Holds shares.", "declared_at": BEFORE, **fields}
    return ConflictOfInterest.objects.create(alliance=institution.alliance, institution=institution, matter=matter, **values)


def stand_aside(alliance: Alliance, code: str, matter: str, *, at: datetime | None = None) -> ConflictOfInterest:
    """An institution declares by its own representative that it has an interest; it counts at once."""
    institution = Institution.objects.of(alliance).get(code=code)
    person = make_user()
    moment = at or timezone.now()
    make_staff(institution, person, starts_at=min(moment - timedelta(days=1), BEFORE))
    return declare_conflict(alliance, code, matter, reason="Holds shares.", actor=person, at=moment)
