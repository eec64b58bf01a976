"""Reads of meetings: lists, pages, quorum with those who stand aside left out, actions."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Exists, OuterRef, Prefetch, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from groups.choices import (
    ACTION_REMIND_DAYS,
    COUNTING_CONFLICTS,
    NOTICE_DAYS,
    PRESENT_STATES,
    REMIND_DAYS,
    ActionState,
    AttendanceState,
    MeetingState,
    MinutesState,
)
from groups.models import (
    AgendaItem,
    Attendance,
    ConflictOfInterest,
    GroupMembership,
    Meeting,
    MeetingAction,
    MeetingPaper,
    Minutes,
    Position,
    Term,
)
from members.models import Institution
from members.selectors.duties import Duty

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from django.db.models import QuerySet

    from alliance.models import Alliance


def matter_of(item: AgendaItem) -> str:
    """What conflicts of interest at an item of an agenda are about: its own matter, else its motion's; may be empty."""
    if item.matter:
        return item.matter
    if item.motion is not None:
        return item.motion.matter or f"motion:{item.motion.code}"
    return ""


# ----------------------------------------------------------------------------------------------------------------- lists


def list_meetings(alliance: Alliance, *, group: str = "", when: str = "", at: datetime) -> QuerySet[Meeting]:
    """Meetings with their groups and counts; one query.

    Args:
        alliance: The tenant.
        group: Kind of the group, ``assembly``, or empty for all.
        when: ``coming``, ``past`` or empty.
        at: Now.
    """
    found = Meeting.objects.of(alliance).select_related("group")
    if group == "assembly":
        found = found.filter(group__isnull=True)
    elif group:
        found = found.filter(group__kind=group)
    over = (MeetingState.HELD, MeetingState.CANCELLED)
    if when == "coming":
        found = found.exclude(state__in=over).filter(ends_at__gte=at - timedelta(days=1))
    elif when == "past":
        found = found.filter(Q(state__in=over) | Q(ends_at__lt=at - timedelta(days=1)))
    return found.annotate(
        open_actions=Count("actions", filter=Q(actions__state=ActionState.OPEN), distinct=True),
        minutes_done=Exists(Minutes.objects.filter(meeting=OuterRef("pk"), approved_at__isnull=False)),
    )


@dataclass(slots=True)
class CalendarDay:
    """A day of the month view."""

    day: date
    in_month: bool
    is_today: bool
    meetings: list[Meeting] = field(default_factory=list)


def list_month(alliance: Alliance, first: date, *, institution_ids: Iterable[int] | None = None) -> list[list[CalendarDay]]:
    """The weeks of a month with its meetings, Monday first; one query.

    Args:
        alliance: The tenant.
        first: First day of the month.
        institution_ids: Only meetings to which one of these is invited; None: all.
    """
    start = first - timedelta(days=first.weekday())
    following = (first.replace(day=28) + timedelta(days=4)).replace(day=1)
    end = following + timedelta(days=(7 - following.weekday()) % 7)
    zone = timezone.get_current_timezone()
    found = (
        Meeting.objects.of(alliance)
        .filter(
            starts_at__gte=datetime.combine(start, time.min, tzinfo=zone),
            starts_at__lt=datetime.combine(end, time.min, tzinfo=zone),
        )
        .select_related("group")
        .order_by("starts_at", "id")
    )
    if institution_ids is not None:
        found = found.filter(_invited(alliance, institution_ids))
    today = timezone.localdate()
    days = {
        day: CalendarDay(day, day.month == first.month, day == today)
        for day in (start + timedelta(days=offset) for offset in range((end - start).days))
    }
    for meeting in found:
        days[timezone.localtime(meeting.starts_at).date()].meetings.append(meeting)
    ordered = list(days.values())
    return [ordered[place : place + 7] for place in range(0, len(ordered), 7)]


def _invited(alliance: Alliance, institution_ids: Iterable[int]) -> Q:
    rows = Attendance.objects.of(alliance).filter(meeting=OuterRef("pk"), institution__in=list(institution_ids))
    return Q(Exists(rows))


def list_own_meetings(alliance: Alliance, institution_ids: Iterable[int]) -> QuerySet[Meeting]:
    """Meetings to which one of some institutions is invited; one query."""
    return Meeting.objects.of(alliance).select_related("group").filter(_invited(alliance, institution_ids))


# ------------------------------------------------------------------------------------------------------------ one meeting


@dataclass(frozen=True, slots=True)
class Quorum:
    """Whether enough are present.

    Attributes:
        entitled: Institutions with a vote, without those that stand aside.
        present: Those of them that are there, in the room or by link.
        needed: How many must be there: the fraction, rounded up.
    """

    entitled: int
    present: int
    needed: int

    @property
    def is_met(self) -> bool:
        """Nobody at all is never enough."""
        return self.present >= max(self.needed, 1)


def quorum_of(meeting: Meeting, attendance: Iterable[Attendance], aside: frozenset[int] | set[int] = frozenset()) -> Quorum:
    """The quorum of a meeting or, with those who stand aside left out of its base, of one item (charter, article 17)."""
    voters = [row for row in attendance if row.has_vote and row.institution_id not in aside]
    present = sum(row.state in PRESENT_STATES for row in voters)
    needed = -(-len(voters) * meeting.quorum_numerator // meeting.quorum_denominator)
    return Quorum(len(voters), present, needed)


@dataclass(slots=True)
class AgendaLine:
    """An item of an agenda with what concerns it.

    Attributes:
        item: The item.
        matter: What conflicts of interest are about here; empty: none can arise.
        papers: Its papers.
        aside: Invited institutions that stand aside.
        quorum: The quorum for it.
    """

    item: AgendaItem
    matter: str
    papers: list[MeetingPaper]
    aside: list[Institution]
    quorum: Quorum


@dataclass(slots=True)
class MeetingPage:
    """A meeting with everything its page shows.

    Attributes:
        meeting: The meeting.
        agenda: Items in order.
        attendance: Who is invited, by name, with institution and person.
        quorum: Of the meeting as a whole.
    """

    meeting: Meeting
    agenda: list[AgendaLine]
    attendance: list[Attendance]
    quorum: Quorum

    @property
    def answers(self) -> dict[str, int]:
        """How many are in each state of attendance."""
        counts = dict.fromkeys(AttendanceState.values, 0)
        for row in self.attendance:
            counts[row.state] += 1
        return counts


def find_meeting(alliance: Alliance, code: str) -> Meeting | None:
    """A meeting with its group and the institutions that may read it (``reader_ids``); three queries at most."""
    meeting = Meeting.objects.of(alliance).select_related("group").filter(code=code).first()
    if meeting is not None:
        meeting.reader_ids = reader_ids(meeting)  # type: ignore[attr-defined]  # asked by VIEW_MEETING
    return meeting


def reader_ids(meeting: Meeting) -> frozenset[int]:
    """Ids of the institutions that are invited to a meeting; one query."""
    return frozenset(
        Attendance.objects.of(meeting.alliance).filter(meeting=meeting).values_list("institution_id", flat=True)
    )


def get_meeting_page(meeting: Meeting) -> MeetingPage:
    """Agenda, papers, attendance and quorum; four queries whatever the size of the meeting."""
    alliance = meeting.alliance
    items = list(
        AgendaItem.objects.of(alliance)
        .filter(meeting=meeting)
        .select_related("presenter", "motion")
        .prefetch_related(
            Prefetch("papers", MeetingPaper.objects.of(alliance).select_related("file").order_by("added_at", "id"))
        )
        .order_by("number")
    )
    attendance = list(
        Attendance.objects.of(alliance)
        .filter(meeting=meeting)
        .select_related("institution", "user")
        .order_by("institution__sort_key", "institution_id")
    )
    matters = {matter_of(item) for item in items} - {""}
    aside: dict[str, set[int]] = {}
    for institution_id, matter in (
        ConflictOfInterest.objects.of(alliance)
        .filter(matter__in=matters, state__in=COUNTING_CONFLICTS, ended_at__isnull=True)
        .values_list("institution_id", "matter")
    ):
        aside.setdefault(matter, set()).add(institution_id)
    invited = {row.institution_id: row.institution for row in attendance}
    lines = []
    for item in items:
        matter = matter_of(item)
        ids = aside.get(matter, set()) & set(invited) if matter else set()
        lines.append(
            AgendaLine(
                item,
                matter,
                list(item.papers.all()),
                sorted((invited[pk] for pk in ids), key=lambda institution: institution.sort_key),
                quorum_of(meeting, attendance, ids),
            )
        )
    return MeetingPage(meeting, lines, attendance, quorum_of(meeting, attendance))


def find_paper(alliance: Alliance, file_id: int) -> MeetingPaper | None:
    """A paper by its file, with who may read it and who stands aside (``reader_ids``, ``recused_ids``); four queries."""
    paper = (
        MeetingPaper.objects.of(alliance)
        .select_related("alliance", "item__meeting", "item__motion")
        .filter(file=file_id)
        .first()
    )
    if paper is None:
        return None
    paper.reader_ids = reader_ids(paper.item.meeting)  # type: ignore[attr-defined]  # asked by OPEN_PAPER
    paper.recused_ids = frozenset()  # type: ignore[attr-defined]  # likewise
    matter = matter_of(paper.item)
    if paper.is_confidential and matter:
        paper.recused_ids = frozenset(  # type: ignore[attr-defined]
            ConflictOfInterest.objects.of(alliance)
            .filter(matter=matter, state__in=COUNTING_CONFLICTS, ended_at__isnull=True)
            .values_list("institution_id", flat=True)
        )
    return paper


def notice_days(meeting: Meeting, at: datetime) -> int:
    """Whole days between now and the meeting's day."""
    return (timezone.localtime(meeting.starts_at).date() - timezone.localtime(at).date()).days


def is_short_notice(meeting: Meeting, at: datetime) -> bool:
    """Whether an invitation sent now would come later than the charter asks (article 12)."""
    return notice_days(meeting, at) < NOTICE_DAYS


# ------------------------------------------------------------------------------------------------------------- minutes


def list_minutes(meeting: Meeting) -> list[Minutes]:
    """Versions of a meeting's minutes, newest first, with their people; one query."""
    return list(
        Minutes.objects.of(meeting.alliance)
        .filter(meeting=meeting)
        .select_related("written_by", "approved_by")
        .order_by("-version")
    )


def visible_minutes(minutes: Iterable[Minutes], *, in_office: bool) -> list[Minutes]:
    """The versions a reader may see: members see them from circulation on, the office all."""
    return [row for row in minutes if in_office or row.state != MinutesState.DRAFT]


# ------------------------------------------------------------------------------------------------------------- actions


def list_actions(
    alliance: Alliance, *, state: str = "", institution_ids: Iterable[int] | None = None, meeting: Meeting | None = None
) -> QuerySet[MeetingAction]:
    """Actions of meetings by due date, with meeting, institution and item; one query."""
    found = MeetingAction.objects.of(alliance).select_related("meeting__group", "institution", "item", "motion")
    if state == "overdue":
        found = found.filter(state=ActionState.OPEN, due_on__lt=timezone.localdate())
    elif state:
        found = found.filter(state=state)
    if institution_ids is not None:
        found = found.filter(institution__in=list(institution_ids))
    if meeting is not None:
        found = found.filter(meeting=meeting)
    return found.order_by("due_on", "id")


def count_actions(alliance: Alliance, on: date) -> dict[str, int]:
    """Open, overdue, done and dropped actions; one query."""
    counts = MeetingAction.objects.of(alliance).aggregate(
        open=Count("pk", filter=Q(state=ActionState.OPEN)),
        overdue=Count("pk", filter=Q(state=ActionState.OPEN, due_on__lt=on)),
        done=Count("pk", filter=Q(state=ActionState.DONE)),
        dropped=Count("pk", filter=Q(state=ActionState.DROPPED)),
    )
    return {key: int(value) for key, value in counts.items()}


def action_duties(alliance: Alliance, institution: Institution, at: datetime) -> list[Duty]:  # noqa: ARG001 - as every provider
    """Open actions that must be done or handed over before an institution's exit; one query."""
    rows = list_actions(alliance, state=ActionState.OPEN, institution_ids=[institution.pk])
    return [
        Duty(
            _("action of the meeting %(meeting)s, due on %(due)s") % {"meeting": row.meeting.code, "due": row.due_on},
            "meeting_detail",
            {"code": row.meeting.code},
            key=f"action:{row.uuid}",
        )
        for row in rows
    ]


# ------------------------------------------------------------------------------------------- what comes to an end, reminders


def list_ending(alliance: Alliance, at: datetime) -> dict[str, list[Any]]:
    """Seats, positions and terms that end within the next days, and actions due soon; four queries."""
    limit = at + timedelta(days=REMIND_DAYS)
    today = timezone.localtime(at).date()
    window = {"ends_at__gt": at, "ends_at__lte": limit, "starts_at__lte": at}
    followed = GroupMembership.objects.filter(
        alliance=OuterRef("alliance"),
        group=OuterRef("group"),
        institution=OuterRef("institution"),
        starts_at=OuterRef("ends_at"),
    )
    return {
        "seats": list(
            GroupMembership.objects.of(alliance)
            .filter(~Exists(followed), **window)
            .select_related("group", "institution")
            .order_by("id")
        ),
        "positions": list(
            Position.objects.of(alliance).filter(**window).select_related("group", "institution", "user").order_by("id")
        ),
        "terms": list(Term.objects.of(alliance).filter(**window).select_related("group").order_by("id")),
        "actions": list(
            MeetingAction.objects.of(alliance)
            .filter(state=ActionState.OPEN, due_on__lte=today + timedelta(days=ACTION_REMIND_DAYS))
            .select_related("meeting", "institution")
            .order_by("id")
        ),
    }


def coming_meetings(alliance: Alliance, _user: Any) -> QuerySet[Meeting]:
    """Convened meetings still to come."""
    return Meeting.objects.of(alliance).filter(state=MeetingState.CONVENED, starts_at__gte=timezone.now())
