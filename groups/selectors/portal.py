"""What the organisational layer adds to an institution's first page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.kernel.portal import Figure, Upcoming
from groups.choices import (
    COUNTING_CONFLICTS,
    AttendanceState,
    MeetingState,
    MotionState,
    ReportState,
    ResponsibilityState,
)
from groups.models import (
    Attendance,
    BallotEnvelope,
    ConflictOfInterest,
    GroupMembership,
    MotionElector,
    Responsibility,
    ResponsibilityReport,
    Vote,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from alliance.models import Alliance


def list_coming_meetings(alliance: Alliance, institution_id: int, at: datetime, limit: int) -> Iterable[Upcoming]:
    """Meetings the institution is invited to; one query."""
    rows = (
        Attendance.objects.of(alliance)
        .filter(
            institution_id=institution_id,
            meeting__starts_at__gte=at,
            meeting__state__in=[MeetingState.CONVENED, MeetingState.UNDER_WAY],
        )
        .exclude(state=AttendanceState.EXCUSED)
        .select_related("meeting")
        .order_by("meeting__starts_at", "id")[:limit]
    )
    for row in rows:
        meeting = row.meeting
        yield Upcoming(
            timezone.localtime(meeting.starts_at).date(),
            _("Meeting"),
            meeting.title_en,
            meeting.title_zh,
            "portal_meeting_detail",
            {"code": meeting.code},
        )


def list_closing_votes(alliance: Alliance, institution_id: int, at: datetime, limit: int) -> Iterable[Upcoming]:
    """Votes the institution is on the roll of; one query."""
    rows = (
        MotionElector.objects.of(alliance)
        .filter(institution_id=institution_id, motion__state=MotionState.OPEN, motion__closes_at__gte=at)
        .select_related("motion")
        .order_by("motion__closes_at", "id")[:limit]
    )
    for row in rows:
        motion = row.motion
        if motion.closes_at is not None:
            yield Upcoming(
                timezone.localtime(motion.closes_at).date(),
                _("Vote closes"),
                motion.title_en,
                motion.title_zh,
                "portal_motion_detail",
                {"code": motion.code},
            )


def list_reports_due(alliance: Alliance, institution_id: int, at: datetime, limit: int) -> Iterable[Upcoming]:
    """Reports on written responsibilities; one query."""
    rows = (
        ResponsibilityReport.objects.of(alliance)
        .filter(
            responsibility__institution_id=institution_id,
            responsibility__state=ResponsibilityState.ACKNOWLEDGED,
            state__in=[ReportState.DUE, ReportState.RETURNED],
            due_on__gte=timezone.localdate(at),
        )
        .select_related("responsibility")
        .order_by("due_on", "id")[:limit]
    )
    for row in rows:
        duty = row.responsibility
        yield Upcoming(
            row.due_on,
            _("Report on a duty is due"),
            duty.duty_en,
            duty.duty_zh,
            "portal_duty",
            {"code": duty.code},
        )


def count_part(alliance: Alliance, institution_id: int, at: datetime) -> Iterable[Figure]:
    """Seats, duties and open votes of an institution; three queries."""
    seats = GroupMembership.objects.of(alliance).at(at).filter(institution_id=institution_id).count()
    duties = (
        Responsibility.objects.of(alliance)
        .filter(institution_id=institution_id)
        .aggregate(
            open=Count("id", filter=Q(state=ResponsibilityState.ACKNOWLEDGED)),
            proposed=Count("id", filter=Q(state=ResponsibilityState.PROPOSED)),
        )
    )
    cast = Q(motion=OuterRef("motion"), institution=OuterRef("institution"))
    aside = ConflictOfInterest.objects.of(alliance).filter(
        institution=OuterRef("institution"), matter=OuterRef("motion__matter"), state__in=COUNTING_CONFLICTS, ended_at=None
    )
    votes = (
        MotionElector.objects.of(alliance)
        .filter(institution_id=institution_id, motion__state=MotionState.OPEN, motion__closes_at__gte=at)
        .exclude(Exists(Vote.objects.of(alliance).filter(cast)))
        .exclude(Exists(BallotEnvelope.objects.of(alliance).filter(cast)))
        .exclude(Exists(aside))
        .count()
    )
    yield Figure(_("Votes to cast"), votes, "portal_motion_list", waits=votes > 0)
    yield Figure(_("Duties under way"), duties["open"], "portal_duty_list")
    yield Figure(_("Duties to acknowledge"), duties["proposed"], "portal_duty_list", waits=duties["proposed"] > 0)
    yield Figure(_("Seats in groups"), seats, "portal_seat_list")
