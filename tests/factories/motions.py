"""Bodies with voters, and motions in any state, for tests. Call them inside ``acting_in``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from groups.actions.motion import cast_vote, close_motion, draft_motion, open_motion
from groups.choices import GroupKind
from tests.factories.alliance import make_user
from tests.factories.groups import make_group, make_seat
from tests.factories.members import make_institution, make_staff

if TYPE_CHECKING:
    from collections.abc import Mapping

    from alliance.models import Alliance, User
    from groups.actions.motion import Cast
    from groups.models import Motion
    from members.models import Institution

COMMITTEE = GroupKind.COMMITTEE


@dataclass(frozen=True, slots=True)
class Voter:
    """A member with a seat and its representative."""

    institution: Institution
    user: User

    @property
    def code(self) -> str:
        """Code of the institution."""
        return self.institution.code


def make_voters(alliance: Alliance, number: int, *, kind: str | None = COMMITTEE, **fields: Any) -> list[Voter]:
    """Members with a representative each and, unless ``kind`` is None, a seat in the group."""
    voters = []
    for _ in range(number):
        institution = make_institution(alliance, **fields)
        user = make_user()
        since = timezone.now() - timedelta(days=60)
        make_staff(institution, user, starts_at=since)
        if kind:
            make_seat(institution, kind, starts_at=since)
        voters.append(Voter(institution, user))
    if kind:
        make_group(alliance, kind)
    return voters


def make_draft(alliance: Alliance, *, at: datetime | None = None, **fields: Any) -> Motion:
    """A draft put by the system."""
    values: dict[str, Any] = {"group_kind": COMMITTEE, "title_en": "Adopt the plan", "actor": None, **fields}
    return draft_motion(alliance, at=at or timezone.now(), **values)


def make_open(alliance: Alliance, *, at: datetime | None = None, days: int = 9, **fields: Any) -> Motion:
    """A motion open for nine days."""
    moment = at or timezone.now()
    motion = make_draft(alliance, at=moment, **fields)
    return open_motion(alliance, motion.code, closes_at=moment + timedelta(days=days), actor=None, at=moment)


def vote(motion: Motion, voter: Voter, choice: str = "yes", *, at: datetime | None = None, **fields: Any) -> Cast:
    """Vote for the own institution, or for ``institution_code`` by proxy."""
    values: dict[str, Any] = {"institution_code": voter.code, "by": voter.code, "actor": voter.user, **fields}
    return cast_vote(motion.alliance, motion.code, choice=choice, at=at or timezone.now(), **values)


def make_decided(alliance: Alliance, votes: Mapping[Voter, str] | list[tuple[Voter, str]], **fields: Any) -> Motion:
    """A motion opened ten days ago, voted on and closed."""
    then = timezone.now() - timedelta(days=10)
    motion = make_open(alliance, at=then, **fields)
    for voter, choice in votes.items() if hasattr(votes, "items") else votes:
        vote(motion, voter, choice, at=then + timedelta(hours=1))
    return close_motion(alliance, motion.code, at=timezone.now())
