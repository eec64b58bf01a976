"""Planning, convening, answering, holding meetings; agenda and papers; actions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone

from alliance.actions.files import open_for_reader
from alliance.choices import AllianceRole
from alliance.kernel import tenancy
from alliance.kernel.errors import (
    DomainError,
    InvalidInputError,
    NotFoundError,
    PermissionRefusedError,
    TransitionRefusedError,
)
from alliance.models import Alliance, AuditEntry, InboxItem, Notification, OutboxEvent, StoredFile, User
from groups.actions.group import leave_group
from groups.actions.meeting import (
    ItemFacts,
    Presence,
    add_agenda_item,
    add_paper,
    answer_invitation,
    cancel_meeting,
    change_agenda_item,
    change_meeting,
    close_meeting,
    convene_meeting,
    move_agenda_item,
    note_attendance,
    plan_meeting,
    remove_agenda_item,
    remove_paper,
    send_invitations,
    start_meeting,
)
from groups.actions.meeting_action import ActionFacts, add_action, change_action, hand_over_action, settle_action
from groups.actions.motion import draft_motion
from groups.choices import ActionState, AttendanceState, GroupKind, MeetingState, SeatRole
from groups.models import AgendaItem, Attendance, Meeting, MeetingAction
from groups.selectors.meeting import get_meeting_page, is_short_notice, list_actions, list_ending, list_month
from groups.signals import ACTION_SETTLED, MEETING_CANCELLED, MEETING_CONVENED, MEETING_HELD
from members.choices import InstitutionState
from tests.factories.alliance import NOON, make_member, make_user
from tests.factories.groups import make_seat, stand_aside
from tests.factories.meetings import LATER, begin, convene, facts, hold, make_body, make_meeting
from tests.factories.members import make_institution, make_staff

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
PDF = b"%PDF-1.4\n1 0 obj\n<< >>\nendobj\ntrailer\n<< >>\n%%EOF\n"


def verbs(alliance: Alliance) -> list[str]:
    return list(AuditEntry.objects.of(alliance).order_by("at", "id").values_list("verb", flat=True))


def titles(meeting: Meeting) -> list[tuple[int, str]]:
    return list(AgendaItem.objects.filter(meeting=meeting).order_by("number").values_list("number", "title_en"))


def test_a_meeting_is_planned_under_the_next_code_of_its_year_and_recorded(act: Alliance) -> None:
    body = make_body(act)

    first = make_meeting(body)
    second = make_meeting(body)

    assert (first.code, second.code) == ("MT-2026-001", "MT-2026-002")
    assert first.state == MeetingState.PLANNED
    assert "plan_meeting" in verbs(act)
    assert InboxItem.objects.of(act).count() == 0


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"title_en": " ", "title_zh": ""}, "title_missing"),
        ({"ends_at": LATER}, "period_backwards"),
        ({"place": ""}, "place_missing"),
        ({"link": "javascript:alert(1)"}, "link_invalid"),
    ],
)
def test_facts_that_make_no_meeting_are_refused(act: Alliance, secretary: User, values: dict[str, Any], code: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        plan_meeting(act, group_kind=None, facts=facts(**values), actor=secretary, at=NOON)

    assert refusal.value.code == code


def test_only_the_secretariat_plans_and_a_group_must_be_there(
    act: Alliance, secretary: User, committee_member: User, stranger: User
) -> None:
    for person in (committee_member, stranger):
        with pytest.raises(PermissionRefusedError):
            plan_meeting(act, group_kind=None, facts=facts(), actor=person, at=NOON)
    with pytest.raises(InvalidInputError) as refusal:
        plan_meeting(act, group_kind="foundation", facts=facts(), actor=secretary, at=NOON)
    assert refusal.value.code == "group_unknown"


def test_a_meeting_of_another_alliance_does_not_exist_here(act: Alliance, other_alliance: Alliance) -> None:
    body = make_body(act)
    meeting = make_meeting(body)

    with tenancy.acting_in(other_alliance), pytest.raises(NotFoundError):
        convene_meeting(other_alliance, meeting.code, actor=body.secretary, at=NOON)


def test_the_agenda_keeps_its_numbers_without_gaps_whatever_is_moved(act: Alliance) -> None:
    body = make_body(act)
    meeting = make_meeting(body)
    for title in ("B", "C", "D"):
        add_agenda_item(act, meeting.code, facts=ItemFacts(title_en=title), actor=body.secretary, at=NOON)

    move_agenda_item(act, meeting.code, 4, to=1, actor=body.secretary, at=NOON)
    remove_agenda_item(act, meeting.code, 3, actor=body.secretary, at=NOON)
    change_agenda_item(act, meeting.code, 3, facts=ItemFacts(title_en="C2"), actor=body.secretary, at=NOON)

    assert titles(meeting) == [(1, "D"), (2, "Report"), (3, "C2")]
    with pytest.raises(InvalidInputError):
        move_agenda_item(act, meeting.code, 1, to=9, actor=body.secretary, at=NOON)
    with pytest.raises(NotFoundError):
        change_agenda_item(act, meeting.code, 9, facts=ItemFacts(title_en="x"), actor=body.secretary, at=NOON)
    assert {"add_agenda_item", "move_agenda_item", "remove_agenda_item", "change_agenda_item"} <= set(verbs(act))


@pytest.mark.parametrize(
    ("item", "code"),
    [
        (ItemFacts(), "title_missing"),
        (ItemFacts(title_en="x", presenter_code="nobody"), "institution_unknown"),
        (ItemFacts(title_en="x", motion_code="nothing"), "motion_unknown"),
        (ItemFacts(title_en="x", matter="no colon"), "matter_unknown"),
    ],
)
def test_items_that_make_no_sense_are_refused(act: Alliance, item: ItemFacts, code: str) -> None:
    body = make_body(act)
    meeting = make_meeting(body)

    with pytest.raises(InvalidInputError) as refusal:
        add_agenda_item(act, meeting.code, facts=item, actor=body.secretary, at=NOON)

    assert refusal.value.code == code


def test_a_draft_on_the_agenda_is_decided_in_the_meeting_and_by_circulation_again_when_it_leaves(act: Alliance) -> None:
    body = make_body(act)
    meeting = make_meeting(body)
    motion = draft_motion(act, group_kind=GroupKind.COMMITTEE, title_en="Plan", actor=None, at=NOON)
    elsewhere = draft_motion(act, group_kind=None, title_en="Other", actor=None, at=NOON)

    item = add_agenda_item(act, meeting.code, facts=ItemFacts(motion_code=motion.code), actor=body.secretary, at=NOON)
    motion.refresh_from_db()
    assert (motion.meeting, item.title_en) == (meeting, "Plan")
    remove_agenda_item(act, meeting.code, item.number, actor=body.secretary, at=NOON)
    motion.refresh_from_db()
    assert motion.meeting is None
    with pytest.raises(InvalidInputError, match="motion_elsewhere"):
        add_agenda_item(act, meeting.code, facts=ItemFacts(motion_code=elsewhere.code), actor=body.secretary, at=NOON)


def test_who_is_entitled_is_invited_and_the_people_are_asked_by_the_worker(act: Alliance) -> None:
    body = make_body(act, 3)
    watcher = make_institution(act)
    make_seat(watcher, GroupKind.COMMITTEE, role=SeatRole.OBSERVER, starts_at=NOON - DAY)
    gone = make_institution(act, state=InstitutionState.SUSPENDED)
    make_seat(gone, GroupKind.COMMITTEE, starts_at=NOON - DAY)
    ending = make_institution(act)
    make_seat(ending, GroupKind.COMMITTEE, starts_at=NOON - DAY, ends_at=LATER)
    meeting = convene(body)

    rows = dict(Attendance.objects.of(act).filter(meeting=meeting).values_list("institution_id", "has_vote"))
    assert rows == {**{institution.pk: True for institution in body.institutions}, watcher.pk: False}
    assert OutboxEvent.objects.of(act).filter(kind=MEETING_CONVENED, payload={"meeting": meeting.code}).exists()

    assert send_invitations(act, meeting.code, at=NOON) == 4
    assert send_invitations(act, meeting.code, at=NOON) == 4
    items = InboxItem.objects.of(act).filter(key__startswith="meeting-answer:", done_at__isnull=True)
    assert items.count() == 4
    assert {item.due_at for item in items} == {LATER}
    assert Notification.objects.of(act).filter(user__in=body.people).count() == 3


def test_a_seat_that_ends_at_the_very_moment_of_the_meeting_invites_nobody_one_second_more_does(act: Alliance) -> None:
    body = make_body(act, 1)
    at_the_moment, a_second_more = make_institution(act), make_institution(act)
    make_seat(at_the_moment, GroupKind.COMMITTEE, starts_at=NOON - DAY, ends_at=LATER)
    make_seat(a_second_more, GroupKind.COMMITTEE, starts_at=NOON - DAY, ends_at=LATER + timedelta(seconds=1))

    meeting = convene(body)

    invited = set(Attendance.objects.of(act).filter(meeting=meeting).values_list("institution_id", flat=True))
    assert a_second_more.pk in invited
    assert at_the_moment.pk not in invited


def test_the_assembly_invites_every_active_member(act: Alliance) -> None:
    body = make_body(act, 2)
    other = make_institution(act)
    make_institution(act, state=InstitutionState.WITHDRAWN)

    meeting = convene(body, None)

    invited = set(Attendance.objects.of(act).filter(meeting=meeting).values_list("institution_id", flat=True))
    assert invited == {*(institution.pk for institution in body.institutions), other.pk}


def test_a_notice_shorter_than_the_charters_ten_days_is_known(act: Alliance) -> None:
    meeting = make_meeting(make_body(act))

    assert not is_short_notice(meeting, LATER - timedelta(days=10))
    assert is_short_notice(meeting, LATER - timedelta(days=9))


def test_convening_refuses_an_empty_agenda_the_past_an_empty_body_and_a_second_time(act: Alliance) -> None:
    body = make_body(act)
    empty = plan_meeting(act, group_kind=GroupKind.COMMITTEE, facts=facts(), actor=body.secretary, at=NOON)
    with pytest.raises(InvalidInputError, match="agenda_empty"):
        convene_meeting(act, empty.code, actor=body.secretary, at=NOON)
    meeting = make_meeting(body)
    with pytest.raises(InvalidInputError, match="meeting_past"):
        convene_meeting(act, meeting.code, actor=body.secretary, at=LATER)
    for institution in body.institutions:
        leave_group(act, GroupKind.COMMITTEE, institution.code, actor=body.secretary, at=NOON)
    with pytest.raises(InvalidInputError, match="nobody_entitled"):
        convene_meeting(act, meeting.code, actor=body.secretary, at=NOON)
    with pytest.raises(TransitionRefusedError):
        convene_meeting(act, convene(make_body(act)).code, actor=body.secretary, at=NOON)


def test_an_institution_answers_changes_its_answer_and_the_inbox_item_leaves(act: Alliance) -> None:
    body = make_body(act)
    meeting = convene(body)
    send_invitations(act, meeting.code, at=NOON)
    own, person = body.institutions[0], body.people[0]

    answer_invitation(act, meeting.code, own.code, coming=True, person=person, actor=person, at=NOON)
    row = answer_invitation(act, meeting.code, own.code, coming=False, note="ill", actor=person, at=NOON + HOUR)

    assert (row.state, row.user, row.note) == (AttendanceState.EXCUSED, None, "ill")
    assert InboxItem.objects.of(act).filter(key__endswith=f":{own.pk}", done_at__isnull=False).exists()
    assert verbs(act).count("answer_invitation") == 2


def test_answers_are_refused_to_others_for_strangers_and_after_the_begin(act: Alliance) -> None:
    body = make_body(act)
    meeting = convene(body)
    own = body.institutions[0]

    with pytest.raises(PermissionRefusedError):
        answer_invitation(act, meeting.code, own.code, coming=True, actor=body.people[1], at=NOON)
    with pytest.raises(InvalidInputError, match="not_its_person"):
        answer_invitation(act, meeting.code, own.code, coming=True, person=body.people[1], actor=body.people[0], at=NOON)
    with pytest.raises(NotFoundError):
        answer_invitation(act, meeting.code, make_institution(act).code, coming=True, actor=body.secretary, at=NOON)
    start_meeting(act, meeting.code, actor=body.secretary, at=LATER)
    with pytest.raises(DomainError, match="meeting_not_open"):
        answer_invitation(act, meeting.code, own.code, coming=True, actor=body.people[0], at=LATER)


def test_attendance_is_noted_with_its_people_and_who_was_not_there_was_absent(act: Alliance) -> None:
    body = make_body(act, 3)
    meeting = convene(body)
    one, two, three = body.institutions
    with pytest.raises(DomainError, match="meeting_not_open"):
        note_attendance(act, meeting.code, {one.code: Presence("present")}, actor=body.secretary, at=NOON)
    start_meeting(act, meeting.code, actor=body.secretary, at=LATER)

    changed = note_attendance(
        act,
        meeting.code,
        {one.code: Presence("present", body.people[0]), two.code: Presence("remote")},
        actor=body.secretary,
        at=LATER,
    )
    close_meeting(act, meeting.code, actor=body.secretary, at=LATER + HOUR)

    assert changed == 2
    states = dict(Attendance.objects.of(act).filter(meeting=meeting).values_list("institution__code", "state"))
    assert states == {one.code: "present", two.code: "remote", three.code: "absent"}
    assert OutboxEvent.objects.of(act).filter(kind=MEETING_HELD).exists()
    assert InboxItem.objects.of(act).filter(key=f"minutes-write:{meeting.uuid}").exists()
    with pytest.raises(InvalidInputError, match="not_its_person"):
        note_attendance(act, meeting.code, {one.code: Presence("present", body.people[2])}, actor=body.secretary, at=LATER)
    with pytest.raises(InvalidInputError, match="state_unknown"):
        note_attendance(act, meeting.code, {one.code: Presence("asleep")}, actor=body.secretary, at=LATER)
    with pytest.raises(NotFoundError):
        note_attendance(act, meeting.code, {"x": Presence("present")}, actor=body.secretary, at=LATER)


def test_a_seat_lost_between_invitation_and_begin_takes_the_vote_with_it(act: Alliance) -> None:
    body = make_body(act, 3)
    meeting = convene(body)
    answer_invitation(act, meeting.code, body.institutions[0].code, coming=True, actor=body.people[0], at=NOON)
    for institution in body.institutions[:2]:
        leave_group(act, GroupKind.COMMITTEE, institution.code, actor=body.secretary, at=NOON + DAY)

    start_meeting(act, meeting.code, actor=body.secretary, at=LATER)

    rows = dict(Attendance.objects.of(act).filter(meeting=meeting).values_list("institution_id", "has_vote"))
    assert rows == {body.institutions[0].pk: False, body.institutions[2].pk: True}


@pytest.mark.parametrize(
    ("size", "present", "needed", "is_met"),
    [(9, 6, 6, True), (9, 5, 6, False), (4, 3, 3, True), (4, 2, 3, False), (1, 0, 1, False), (1, 1, 1, True)],
)
def test_two_thirds_make_a_quorum(act: Alliance, size: int, present: int, needed: int, is_met: bool) -> None:
    page = get_meeting_page(begin(make_body(act, size), present))

    assert (page.quorum.entitled, page.quorum.present, page.quorum.needed) == (size, present, needed)
    assert page.quorum.is_met is is_met


def test_who_stands_aside_is_left_out_of_the_quorum_of_that_item_only(act: Alliance) -> None:
    body = make_body(act, 4)
    meeting = make_meeting(body)
    add_agenda_item(act, meeting.code, facts=ItemFacts(title_en="P", matter="product:P-1"), actor=body.secretary, at=NOON)
    convene_meeting(act, meeting.code, actor=body.secretary, at=NOON)
    stand_aside(act, body.institutions[0].code, "product:P-1", at=NOON)
    start_meeting(act, meeting.code, actor=body.secretary, at=LATER)
    note_attendance(
        act,
        meeting.code,
        {institution.code: Presence("present") for institution in body.institutions[:2]},
        actor=body.secretary,
        at=LATER,
    )

    page = get_meeting_page(meeting)

    first, second = page.agenda
    assert (first.quorum.entitled, first.quorum.present, first.quorum.needed) == (4, 2, 3)
    assert second.aside == [body.institutions[0]]
    assert (second.quorum.entitled, second.quorum.present, second.quorum.needed) == (3, 1, 2)


def test_the_page_of_a_meeting_takes_the_same_number_of_queries_whatever_its_size(
    act: Alliance, django_assert_num_queries: Any
) -> None:
    small, large = begin(make_body(act, 2)), begin(make_body(act, 9, GroupKind.COMMITTEE))

    for meeting in (small, large):
        with django_assert_num_queries(4):
            get_meeting_page(Meeting.objects.of(act).select_related("alliance").get(pk=meeting.pk))


def test_a_cancelled_meeting_tells_those_invited_and_cannot_begin(act: Alliance) -> None:
    body = make_body(act, 2)
    meeting = convene(body)
    send_invitations(act, meeting.code, at=NOON)
    with pytest.raises(InvalidInputError, match="reason_missing"):
        cancel_meeting(act, meeting.code, reason=" ", actor=body.secretary, at=NOON)

    cancel_meeting(act, meeting.code, reason="Typhoon", actor=body.secretary, at=NOON)

    assert not InboxItem.objects.of(act).filter(done_at__isnull=True).exists()
    assert Notification.objects.of(act).filter(kind="groups.meeting_off", user__in=body.people).count() == 2
    assert OutboxEvent.objects.of(act).filter(kind=MEETING_CANCELLED).exists()
    with pytest.raises(TransitionRefusedError):
        start_meeting(act, meeting.code, actor=body.secretary, at=LATER)


def test_another_time_of_a_convened_meeting_is_told_and_the_item_follows(act: Alliance) -> None:
    body = make_body(act, 2)
    meeting = convene(body)
    send_invitations(act, meeting.code, at=NOON)

    change_meeting(
        act,
        meeting.code,
        facts=facts(starts_at=LATER + DAY, ends_at=LATER + DAY + HOUR),
        actor=body.secretary,
        at=NOON + HOUR,
    )

    assert Notification.objects.of(act).filter(kind="groups.meeting_moved").count() == 2
    assert {item.due_at for item in InboxItem.objects.of(act).filter(done_at__isnull=True)} == {LATER + DAY}
    start_meeting(act, meeting.code, actor=body.secretary, at=LATER)
    with pytest.raises(DomainError, match="meeting_not_open"):
        change_meeting(act, meeting.code, facts=facts(), actor=body.secretary, at=LATER)


# ---------------------------------------------------------------------------------------------------------------- papers


def test_a_confidential_paper_opens_to_those_invited_but_not_to_who_stands_aside(
    act: Alliance, settings: Any, tmp_path: Any
) -> None:
    body = make_body(act, 3)
    meeting = make_meeting(body)
    add_agenda_item(act, meeting.code, facts=ItemFacts(title_en="P", matter="product:P-1"), actor=body.secretary, at=NOON)
    papers = [
        add_paper(
            act,
            meeting.code,
            2,
            file=SimpleUploadedFile(f"{name}.pdf", PDF, "application/pdf"),
            title=name,
            is_confidential=name == "secret",
            actor=body.secretary,
            at=NOON,
        )
        for name in ("secret", "plain")
    ]
    outsider = make_user()
    make_staff(make_institution(act), outsider)
    convene_meeting(act, meeting.code, actor=body.secretary, at=NOON)
    stand_aside(act, body.institutions[0].code, "product:P-1", at=NOON)

    def opens(person: User, place: int) -> bool:
        person = User.objects.get(pk=person.pk)
        try:
            _stored, content = open_for_reader(act, papers[place].file.uuid, reader=person)
        except NotFoundError:
            return False
        content.close()
        return True

    auditor = make_member(act, AllianceRole.AUDITOR)
    assert [opens(person, 0) for person in (*body.people, body.secretary, auditor, outsider)] == [
        False,
        True,
        True,
        True,
        True,
        False,
    ]
    assert opens(body.people[0], 1)
    assert not opens(outsider, 1)
    # whoever works in the office and for the institution that stands aside is kept out too
    make_staff(body.institutions[0], body.secretary)
    assert not opens(body.secretary, 0)


def test_a_paper_is_removed_with_its_file_before_the_begin_only(act: Alliance) -> None:
    body = make_body(act, 1)
    meeting = make_meeting(body)

    def add() -> Any:
        file = SimpleUploadedFile("a.pdf", PDF, "application/pdf")
        return add_paper(act, meeting.code, 1, file=file, title="", is_confidential=True, actor=body.secretary, at=NOON)

    paper = add()
    with pytest.raises(InvalidInputError, match="item_has_papers"):
        remove_agenda_item(act, meeting.code, 1, actor=body.secretary, at=NOON)
    remove_paper(act, meeting.code, paper.pk, actor=body.secretary, at=NOON)
    assert paper.title == "a.pdf"
    assert StoredFile.objects.of(act).count() == 0
    kept = add()
    convene_meeting(act, meeting.code, actor=body.secretary, at=NOON)
    start_meeting(act, meeting.code, actor=body.secretary, at=LATER)
    with pytest.raises(DomainError, match="meeting_not_open"):
        remove_paper(act, meeting.code, kept.pk, actor=body.secretary, at=LATER)
    with pytest.raises(PermissionRefusedError):
        add_paper(act, meeting.code, 1, file=None, title="", is_confidential=True, actor=body.people[0], at=LATER)


# --------------------------------------------------------------------------------------------------------------- actions


def todo(**values: Any) -> ActionFacts:
    given: dict[str, Any] = {"text_en": "Send figures", "text_zh": "", "due_on": (LATER + 10 * DAY).date(), **values}
    return ActionFacts(**given)


def test_an_action_waits_with_its_due_date_until_its_institution_says_it_is_done(act: Alliance) -> None:
    body = make_body(act, 2)
    meeting = begin(body)
    own, person = body.institutions[0], body.people[0]

    action = add_action(
        act, meeting.code, facts=todo(institution_code=own.code, item_number=1), actor=body.secretary, at=LATER
    )

    item = InboxItem.objects.of(act).get(key=f"meeting-action:{action.uuid}")
    assert (item.institution_id, item.url_name) == (own.pk, "portal_action_detail")
    assert item.due_at is not None
    with pytest.raises(PermissionRefusedError):
        settle_action(act, action.uuid, done=True, outcome="x", actor=body.people[1], at=LATER)
    with pytest.raises(PermissionRefusedError):
        settle_action(act, action.uuid, done=False, outcome="x", actor=person, at=LATER)
    with pytest.raises(InvalidInputError, match="outcome_missing"):
        settle_action(act, action.uuid, done=True, outcome="", actor=person, at=LATER)
    settled = settle_action(act, action.uuid, done=True, outcome="Sent", actor=person, at=LATER)
    assert (settled.state, settled.outcome) == (ActionState.DONE, "Sent")
    item.refresh_from_db()
    assert item.done_by == person
    assert OutboxEvent.objects.of(act).filter(kind=ACTION_SETTLED).exists()
    with pytest.raises(TransitionRefusedError):
        settle_action(act, action.uuid, done=False, outcome="x", actor=body.secretary, at=LATER)


def test_actions_of_the_office_wait_for_the_office_and_change_until_the_minutes_are_approved(act: Alliance) -> None:
    body = make_body(act, 2)
    meeting = hold(body)
    action = add_action(act, meeting.code, facts=todo(), actor=body.secretary, at=LATER)
    assert InboxItem.objects.of(act).get(key=f"meeting-action:{action.uuid}").role == "secretariat"

    change_action(act, action.uuid, facts=todo(institution_code=body.institutions[1].code), actor=body.secretary, at=LATER)

    waiting = InboxItem.objects.of(act).get(key=f"meeting-action:{action.uuid}", done_at__isnull=True)
    assert waiting.institution_id == body.institutions[1].pk


def test_the_day_before_a_meeting_that_begins_after_midnight_is_too_early(act: Alliance) -> None:
    body = make_body(act, 1)
    meeting = begin(body)
    night = timezone.localtime(LATER).replace(hour=0, minute=30)  # in UTC still the day before
    Meeting.objects.filter(pk=meeting.pk).update(began_at=night)

    with pytest.raises(InvalidInputError) as refusal:
        add_action(act, meeting.code, facts=todo(due_on=night.date() - DAY), actor=body.secretary, at=LATER)

    assert refusal.value.code == "due_too_early"


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"text_en": " "}, "text_missing"),
        ({"due_on": (LATER - DAY).date()}, "due_too_early"),
        ({"institution_code": "nobody"}, "institution_unknown"),
        ({"item_number": 7}, "item_unknown"),
    ],
)
def test_actions_that_make_no_sense_are_refused(act: Alliance, values: dict[str, Any], code: str) -> None:
    body = make_body(act, 1)
    meeting = begin(body)

    with pytest.raises(InvalidInputError) as refusal:
        add_action(act, meeting.code, facts=todo(**values), actor=body.secretary, at=LATER)

    assert refusal.value.code == code


def test_an_action_goes_to_another_institution_or_is_dropped_when_its_own_leaves(act: Alliance) -> None:
    body = make_body(act, 2)
    meeting = begin(body)
    one, two = body.institutions
    kept, dropped = (
        add_action(act, meeting.code, facts=todo(institution_code=one.code), actor=body.secretary, at=LATER)
        for _turn in range(2)
    )

    hand_over_action(kept, two, actor=body.secretary, at=LATER)
    hand_over_action(dropped, None, actor=body.secretary, at=LATER)

    kept.refresh_from_db()
    dropped.refresh_from_db()
    assert kept.institution == two
    assert dropped.state == ActionState.DROPPED


def test_overdue_actions_are_found_and_lists_take_one_query(act: Alliance, django_assert_num_queries: Any) -> None:
    body = make_body(act, 1)
    meeting = begin(body)
    for _turn in range(3):
        add_action(act, meeting.code, facts=todo(), actor=body.secretary, at=LATER)
    MeetingAction.objects.of(act).update(due_on="2026-01-01")

    with django_assert_num_queries(1):
        rows = [(row.meeting.code, row.institution) for row in list_actions(act, state="overdue")]

    assert len(rows) == 3


def test_the_calendar_shows_whole_weeks_with_their_meetings_in_one_query(
    act: Alliance, django_assert_num_queries: Any
) -> None:
    body = make_body(act, 1)
    meeting = make_meeting(body)

    with django_assert_num_queries(1):
        weeks = list_month(act, LATER.date().replace(day=1))

    assert {len(week) for week in weeks} == {7}
    assert weeks[0][0].day.weekday() == 0
    assert [m.code for week in weeks for day in week for m in day.meetings] == [meeting.code]


def test_a_meeting_that_ends_before_it_begins_is_refused_by_the_database(act: Alliance) -> None:
    meeting = make_meeting(make_body(act, 1))

    with pytest.raises(IntegrityError, match="meeting_forward"), transaction.atomic():
        Meeting.objects.filter(pk=meeting.pk).update(ends_at=meeting.starts_at)


def test_what_ends_soon_takes_four_queries(act: Alliance, django_assert_num_queries: Callable[[int], Any]) -> None:
    body = make_body(act, 2)
    make_seat(make_institution(act), starts_at=NOON - DAY, ends_at=NOON + DAY)
    make_seat(make_institution(act), starts_at=NOON - DAY, ends_at=NOON + 90 * DAY)

    with django_assert_num_queries(4):
        ending = list_ending(body.alliance, NOON)

    assert len(ending["seats"]) == 1
