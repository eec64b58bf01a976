"""Pages of meetings, minutes, seats and decisions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from alliance.models import Alliance, User
from groups.actions.meeting_action import ActionFacts, add_action
from groups.actions.minutes import approve_minutes, circulate_minutes, draft_minutes
from groups.choices import GroupKind, MeetingState, MinutesState
from groups.models import Attendance, Meeting, MeetingAction, Minutes, Position, SeatAlternate, SeatInvitation, Term
from members.choices import Element, InstitutionKind
from tests.conftest import ClientFor
from tests.factories.alliance import address
from tests.factories.groups import make_group
from tests.factories.meetings import LATER, begin, convene, hold, make_body, make_meeting
from tests.factories.members import make_institution, make_staff, make_supply
from tests.factories.motions import make_decided, make_voters

COMMITTEE = GroupKind.COMMITTEE
PDF = b"%PDF-1.4\n1 0 obj\n<< >>\nendobj\ntrailer\n<< >>\n%%EOF\n"


def test_a_meeting_goes_its_whole_way_over_the_pages(act: Alliance, client_for: ClientFor) -> None:
    body = make_body(act, 3)
    client, second = client_for(body.secretary), client_for(body.second)
    day = (timezone.localdate() + timedelta(days=20)).isoformat()

    made = client.post(
        address(act, "meeting_new"),
        {
            "group": COMMITTEE,
            "title_en": "First",
            "day": day,
            "starts_time": "14:00",
            "ends_time": "16:00",
            "place": "Room 1",
        },
    )
    assert made.status_code == 302
    meeting = Meeting.objects.of(act).get()
    code = meeting.code
    assert client.post(address(act, "agenda_add", code=code), {"title_en": "Report"}).status_code == 302
    paper = client.post(
        address(act, "paper_add", code=code, number=1),
        {"file": SimpleUploadedFile("a.pdf", PDF, "application/pdf"), "is_confidential": "on"},
    )
    assert paper.status_code == 302
    assert client.post(address(act, "meeting_step", code=code, step="convene"), {"confirmed": "1"}).status_code == 302
    member = client_for(body.people[0])
    page = member.get(address(act, "portal_meeting_detail", code=code))
    assert "Does your institution come?" in page.content.decode()
    answered = member.post(
        address(act, "portal_meeting_answer", code=code), {"coming": "yes", "person": str(body.people[0].uuid)}
    )
    assert answered.status_code == 302
    assert client.post(address(act, "meeting_step", code=code, step="start"), {"confirmed": "1"}).status_code == 302
    sheet = {f"state-{row.institution_id}": "present" for row in Attendance.objects.of(act).filter(meeting=meeting)}
    assert client.post(address(act, "attendance_note", code=code), sheet).status_code == 302
    assert client.post(
        address(act, "action_add", code=code),
        {"text_en": "Send figures", "institution": body.institutions[0].code, "due_on": day, "is_public": "on"},
    ).status_code in (302,)
    assert client.post(address(act, "meeting_step", code=code, step="close"), {"confirmed": "1"}).status_code == 302
    assert client.post(address(act, "minutes_edit", code=code), {"confirmed": "1"}).status_code == 302
    assert client.post(address(act, "minutes_edit", code=code), {"body_en": "# Said\n\nIt was said."}).status_code == 302
    step = {"code": code, "version": 1}
    assert client.post(address(act, "minutes_step", step="circulate", **step), {"confirmed": "1"}).status_code == 302
    assert member.post(address(act, "portal_minutes_remark", code=code), {"text": "Right."}).status_code == 302
    own = client.post(address(act, "minutes_step", step="approve", **step), {"confirmed": "1"})
    assert own.status_code == 422
    assert "somebody else approves them" in own.content.decode()
    assert second.post(address(act, "minutes_step", step="approve", **step), {"confirmed": "1"}).status_code == 302
    assert client.post(address(act, "minutes_step", step="publish", **step), {}).status_code == 302

    meeting.refresh_from_db()
    assert meeting.state == MeetingState.HELD
    assert Minutes.objects.of(act).get().state == MinutesState.PUBLISHED
    public = client_for(None).get(address(act, "public_minutes", code=code)).content.decode()
    assert "It was said." in public
    assert "Send figures" in public
    assert body.people[0].name_en not in public
    for tab in ("agenda", "attendance", "minutes", "actions"):
        assert client.get(address(act, "meeting_detail", code=code) + f"?tab={tab}").status_code == 200
    sealed = client.get(address(act, "minutes_detail", **step)).content.decode()
    assert Minutes.objects.of(act).get().digest in sealed
    assert "Right." in sealed
    done = member.post(
        address(act, "portal_action_detail", uuid=MeetingAction.objects.of(act).get().uuid), {"outcome": "Sent"}
    )
    assert done.status_code == 302


def test_refused_input_keeps_what_was_typed(act: Alliance, client_for: ClientFor, secretary: User) -> None:
    client = client_for(secretary)

    page = client.post(
        address(act, "meeting_new"),
        {"title_en": "Kept words", "day": "2030-01-01", "starts_time": "10:00", "ends_time": "11:00"},
    )

    assert page.status_code == 422
    assert "Kept words" in page.content.decode()
    assert "Say where it is" in page.content.decode()


@pytest.mark.parametrize("query", ["", "?when=past", "?when=all&group=management_committee", "?view=calendar&month=2026-12"])
def test_the_list_and_the_calendar_open(act: Alliance, client_for: ClientFor, query: str) -> None:
    body = make_body(act)
    make_meeting(body)

    assert client_for(body.secretary).get(address(act, "meeting_list") + query).status_code == 200


def test_lists_and_pages_take_the_same_number_of_queries_whatever_there_is(
    act: Alliance, client_for: ClientFor, django_assert_max_num_queries: Any
) -> None:
    body = make_body(act, 2)
    client = client_for(body.secretary)
    member = client_for(body.people[0])

    def count(target: Any, url: str) -> int:
        from django.db import connection  # noqa: PLC0415 - only here
        from django.test.utils import CaptureQueriesContext  # noqa: PLC0415 - only here

        with CaptureQueriesContext(connection) as context:
            assert target.get(url).status_code == 200
        return len(context)

    first = begin(body)
    add_action(
        act, first.code, facts=ActionFacts("a", "", (LATER + timedelta(days=3)).date()), actor=body.secretary, at=LATER
    )
    urls = [
        (client, address(act, "meeting_list") + "?when=all"),
        (client, address(act, "action_list")),
        (member, address(act, "portal_meeting_list")),
        (member, address(act, "portal_seat_list")),
        (client, address(act, "group_detail", kind=COMMITTEE)),
        (client, address(act, "coverage_detail")),
        (client, address(act, "decision_register")),
    ]
    for target, url in urls:
        count(target, url)
    before = [count(target, url) for target, url in urls]
    bigger = make_body(act, 4)
    for _turn in range(3):
        meeting = begin(bigger)
        for institution in bigger.institutions:
            add_action(
                act,
                meeting.code,
                facts=ActionFacts("a", "", (LATER + timedelta(days=3)).date(), institution.code),
                actor=bigger.secretary,
                at=LATER,
            )

    for target, url in urls:
        count(target, url)
    assert [count(target, url) for target, url in urls] == before


def test_the_calendar_file_opens_to_those_invited_only(act: Alliance, client_for: ClientFor) -> None:
    body = make_body(act, 2)
    meeting = convene(body)
    outsider = make_institution(act)
    staff = make_staff(outsider)

    file = client_for(body.people[0]).get(address(act, "meeting_calendar", code=meeting.code))

    assert file.status_code == 200
    assert file["Content-Type"].startswith("text/calendar")
    assert b"BEGIN:VEVENT" in file.content
    assert client_for(staff.user).get(address(act, "meeting_calendar", code=meeting.code)).status_code == 404
    assert client_for(staff.user).get(address(act, "portal_meeting_detail", code=meeting.code)).status_code == 404


def test_terms_positions_and_alternates_are_kept_over_the_pages(act: Alliance, client_for: ClientFor) -> None:
    body = make_body(act, 2)
    client = client_for(body.secretary)
    today = timezone.localdate()
    code = body.institutions[0].code

    term = client.post(
        address(act, "term_set", kind=COMMITTEE),
        {"number": "1", "starts_on": today.isoformat(), "ends_on": (today + timedelta(days=729)).isoformat()},
    )
    filled = client.post(
        address(act, "position_fill", kind=COMMITTEE),
        {"position": "chair", "holder": f"{code}|{body.people[0].uuid}", "starts_on": today.isoformat()},
    )
    again = client.post(
        address(act, "position_fill", kind=COMMITTEE),
        {"position": "chair", "holder": body.institutions[1].code, "starts_on": today.isoformat()},
    )
    named = client_for(body.people[0]).post(
        address(act, "seat_alternates", kind=COMMITTEE, code=code),
        {"person": str(body.people[0].uuid), "starts_on": today.isoformat()},
    )
    page = client.get(address(act, "group_detail", kind=COMMITTEE)).content.decode()
    ended = client.post(address(act, "position_end", kind=COMMITTEE, position=Position.objects.of(act).get().pk))

    assert [answer.status_code for answer in (term, filled, again, named, ended)] == [302, 302, 422, 302, 302]
    assert "holds this position" in again.content.decode()
    assert Term.objects.of(act).count() == SeatAlternate.objects.of(act).count() == 1
    assert "Alternate:" in page
    assert "The rule of composition is not kept." in page


def test_a_gap_shows_who_could_fill_it_and_the_invitation_is_answered(act: Alliance, client_for: ClientFor) -> None:
    body = make_body(act, 1)
    make_group(act, GroupKind.POLICY)
    strong = make_institution(act, kind=InstitutionKind.INDUSTRY_THINK_TANK)
    make_supply(strong, Element.POLICY)
    representative = make_staff(strong).user
    client = client_for(body.secretary)

    page = client.get(address(act, "coverage_detail")).content.decode()
    assert strong.name_en in page
    assert "It supplies policy with strength 0.50" in page
    invited = client.post(address(act, "seat_invite", kind=GroupKind.POLICY, code=strong.code), {"element": Element.POLICY})
    assert invited.status_code == 302
    offer = SeatInvitation.objects.of(act).get()
    member = client_for(representative)
    assert "Offered to your institution" in member.get(address(act, "portal_seat_list")).content.decode()
    declined = member.post(address(act, "seat_offer", uuid=offer.uuid), {"act": "decline"})
    assert declined.status_code == 422
    taken = member.post(address(act, "seat_offer", uuid=offer.uuid), {"act": "accept"})
    assert taken.status_code == 302
    assert strong.memberships.count() == 1
    assert client_for(body.people[0]).get(address(act, "seat_offer", uuid=offer.uuid)).status_code == 403


def test_the_public_register_shows_public_decisions_only_and_respects_what_may_be_told(
    act: Alliance, client_for: ClientFor
) -> None:
    voters = make_voters(act, 3)
    shown = make_decided(act, [(voter, "yes") for voter in voters], title_en="Shown plan", is_public=True)
    hidden = make_decided(act, [(voter, "no") for voter in voters], title_en="Hidden plan")
    visitor = client_for(None)

    listing = visitor.get(address(act, "decision_list")).content.decode()
    detail = visitor.get(address(act, "decision_detail", code=shown.code))
    feed = visitor.get(address(act, "decision_feed"))

    assert "Shown plan" in listing
    assert "Hidden plan" not in listing
    assert detail.status_code == 200
    assert visitor.get(address(act, "decision_detail", code=hidden.code)).status_code == 404
    assert b"Shown plan" in feed.content
    assert b"Hidden plan" not in feed.content


def test_the_office_shows_and_hides_a_decision(act: Alliance, client_for: ClientFor, secretary: User) -> None:
    motion = make_decided(act, [(voter, "yes") for voter in make_voters(act, 3)])
    client = client_for(secretary)

    for value, expected in (("1", True), ("0", False)):
        assert client.post(address(act, "decision_publish", code=motion.code), {"public": value}).status_code == 302
        motion.refresh_from_db()
        assert motion.is_public is expected
    assert client.get(address(act, "decision_register")).status_code == 200


def test_pages_of_the_console_are_closed_to_members(act: Alliance, client_for: ClientFor) -> None:
    body = make_body(act, 1)
    meeting = hold(body)
    draft_minutes(act, meeting.code, actor=body.secretary, at=LATER)
    member = client_for(body.people[0])

    for name, values in (
        ("meeting_list", {}),
        ("meeting_detail", {"code": meeting.code}),
        ("minutes_detail", {"code": meeting.code, "version": 1}),
        ("action_list", {}),
        ("decision_register", {}),
    ):
        assert member.get(address(act, name, **values)).status_code == 403
    page = member.get(address(act, "portal_meeting_detail", code=meeting.code)).content.decode()
    assert "Nothing noted yet" not in page  # a draft is not shown to members


def test_circulated_minutes_are_shown_to_members(act: Alliance, client_for: ClientFor) -> None:
    body = make_body(act, 1)
    meeting = hold(body)
    draft_minutes(act, meeting.code, actor=body.secretary, at=LATER)
    circulate_minutes(act, meeting.code, 1, actor=body.secretary, at=LATER)

    page = client_for(body.people[0]).get(address(act, "portal_meeting_detail", code=meeting.code)).content.decode()

    assert "Nothing noted yet" in page
    assert "Make a remark" in page
    approve_minutes(act, meeting.code, 1, actor=body.second, at=LATER)
    assert (
        "Make a remark"
        not in client_for(body.people[0]).get(address(act, "portal_meeting_detail", code=meeting.code)).content.decode()
    )
