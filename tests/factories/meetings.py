"""Meetings for tests. Call them inside ``acting_in``."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from groups.actions.meeting import (
    ItemFacts,
    MeetingFacts,
    Presence,
    add_agenda_item,
    close_meeting,
    convene_meeting,
    note_attendance,
    plan_meeting,
    start_meeting,
)
from groups.choices import AttendanceState, GroupKind
from tests.factories.alliance import NOON, make_member, make_user
from tests.factories.groups import make_group, make_seat
from tests.factories.members import make_institution, make_staff

if TYPE_CHECKING:
    from alliance.models import Alliance, User
    from groups.models import Meeting
    from members.models import Institution

LATER = NOON + timedelta(days=20)
_numbers = itertools.count(1)


@dataclass(slots=True)
class Body:
    """A committee of some institutions, each with a representative, and the secretary who writes."""

    alliance: Alliance
    secretary: User
    second: User
    institutions: list[Institution]
    people: list[User]


def make_body(alliance: Alliance, size: int = 3, kind: str = GroupKind.COMMITTEE) -> Body:
    """A group with seats since long ago."""
    make_group(alliance, kind)
    institutions, people = [], []
    for _place in range(size):
        institution = make_institution(alliance, code=f"B-{next(_numbers):04d}")
        make_seat(institution, kind, starts_at=NOON - timedelta(days=100))
        person = make_user()
        make_staff(institution, person, starts_at=NOON - timedelta(days=100))
        institutions.append(institution)
        people.append(person)
    return Body(alliance, make_member(alliance), make_member(alliance), institutions, people)


def facts(**values: Any) -> MeetingFacts:
    """A meeting in twenty days, two hours long."""
    given: dict[str, Any] = {
        "title_en": "Committee meeting",
        "title_zh": "委员会会议",
        "starts_at": LATER,
        "ends_at": LATER + timedelta(hours=2),
        "place": "Room 1",
        **values,
    }
    return MeetingFacts(**given)


def make_meeting(body: Body, kind: str | None = GroupKind.COMMITTEE, **values: Any) -> Meeting:
    """A planned meeting with one item on the agenda."""
    meeting = plan_meeting(body.alliance, group_kind=kind, facts=facts(**values), actor=body.secretary, at=NOON)
    add_agenda_item(
        body.alliance, meeting.code, facts=ItemFacts(title_en="Report", title_zh="报告"), actor=body.secretary, at=NOON
    )
    return meeting


def convene(body: Body, kind: str | None = GroupKind.COMMITTEE) -> Meeting:
    """A convened meeting."""
    meeting = make_meeting(body, kind)
    return convene_meeting(body.alliance, meeting.code, actor=body.secretary, at=NOON)


def begin(body: Body, present: int | None = None) -> Meeting:
    """A meeting under way with the first so many institutions there; all of them when None."""
    meeting = convene(body)
    start_meeting(body.alliance, meeting.code, actor=body.secretary, at=LATER)
    here = body.institutions[:present] if present is not None else body.institutions
    note_attendance(
        body.alliance,
        meeting.code,
        {institution.code: Presence(AttendanceState.PRESENT) for institution in here},
        actor=body.secretary,
        at=LATER,
    )
    meeting.refresh_from_db()
    return meeting


def hold(body: Body, present: int | None = None) -> Meeting:
    """A meeting that is over."""
    meeting = begin(body, present)
    return close_meeting(body.alliance, meeting.code, actor=body.secretary, at=LATER + timedelta(hours=2))
