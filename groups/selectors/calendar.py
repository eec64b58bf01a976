"""Meetings in a person's calendar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import get_language

from alliance.kernel.calendar import CalendarEntry
from alliance.kernel.permissions import can, grants_of
from groups.choices import MeetingState
from groups.models import Attendance, Meeting
from groups.permissions import VIEW_MEETINGS

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance, User


def calendar_of_meetings(alliance: Alliance, user: User, since: datetime, until: datetime) -> list[CalendarEntry]:
    """Meetings to which one of a person's institutions is invited; for the office those of every group; one query.

    An invitation stands once the meeting is convened. Of the agenda, from which an institution may stand aside in parts,
    nothing is told.
    """
    mine = {
        grant.institution_id
        for grant in grants_of(user, alliance)
        if grant.scope == "institution" and grant.institution_id is not None
    }
    in_office = can(user, VIEW_MEETINGS, alliance)
    invited = Attendance.objects.of(alliance).filter(meeting=OuterRef("pk"), institution_id__in=mine)
    concerned = Q(Exists(invited), convened_at__isnull=False)
    if in_office:
        concerned |= Q(convened_at__isnull=False)
    chinese = (get_language() or "").startswith("zh")
    return [
        CalendarEntry(
            uid=str(row.uuid),
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            title=(row.title_zh or row.title_en) if chinese else (row.title_en or row.title_zh),
            location=", ".join(part for part in (row.place, row.link) if part),
            url_name="meeting_detail" if in_office else "portal_meeting_detail",
            url_kwargs={"code": row.code},
            cancelled=row.state == MeetingState.CANCELLED,
        )
        for row in Meeting.objects.of(alliance)
        .filter(concerned, starts_at__gte=since, starts_at__lte=until)
        .order_by("starts_at", "id")
    ]
