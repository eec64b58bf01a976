"""Meetings in a person's calendar."""

from __future__ import annotations

from django.utils import timezone, translation
from pytest_django import DjangoAssertNumQueries

from alliance.kernel.calendar import AHEAD, BACK, CalendarEntry
from alliance.models import Alliance, User
from groups.choices import MeetingState
from groups.models import Meeting
from groups.selectors.calendar import calendar_of_meetings
from tests.factories.alliance import make_user
from tests.factories.meetings import Body, convene, make_body, make_meeting


def entries(body: Body, user: User) -> list[CalendarEntry]:
    """Meetings in somebody's calendar."""
    now = timezone.now()
    return list(calendar_of_meetings(body.alliance, user, now - BACK, now + AHEAD))


def test_a_meeting_stands_in_the_calendars_of_those_invited_and_of_the_office(act: Alliance) -> None:
    body = make_body(act)
    meeting = convene(body)

    (entry,) = entries(body, body.people[0])
    assert (entry.title, entry.starts_at, entry.ends_at) == ("Committee meeting", meeting.starts_at, meeting.ends_at)
    assert (entry.location, entry.url_name) == ("Room 1", "portal_meeting_detail")
    assert entry.uid == str(meeting.uuid)  # as in the calendar file of the meeting: one entry and not two
    assert [found.url_name for found in entries(body, body.secretary)] == ["meeting_detail"]
    assert entries(body, make_user()) == []


def test_a_meeting_that_is_only_planned_stands_nowhere_and_a_cancelled_one_says_so(act: Alliance) -> None:
    body = make_body(act)
    make_meeting(body)
    assert entries(body, body.people[0]) == []

    meeting = convene(body)
    Meeting.objects.filter(pk=meeting.pk).update(state=MeetingState.CANCELLED)
    assert [entry.cancelled for entry in entries(body, body.people[0])] == [True]


def test_meetings_are_told_in_the_active_language_with_one_query(
    act: Alliance, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    body = make_body(act)
    convene(body)
    entries(body, body.people[0])

    with translation.override("zh-hans"), django_assert_num_queries(1):
        assert [entry.title for entry in entries(body, body.people[0])] == ["委员会会议"]
