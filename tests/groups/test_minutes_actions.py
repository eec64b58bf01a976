"""Minutes in stages, frozen at approval, and what they tell from the records."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from alliance.kernel import tenancy
from alliance.kernel.errors import (
    DomainError,
    InvalidInputError,
    NotFoundError,
    PermissionRefusedError,
    SeparationOfDutiesError,
    TransitionRefusedError,
)
from alliance.models import Alliance, AuditEntry, InboxItem, Notification, OutboxEvent
from groups.actions.meeting import ItemFacts, Presence, add_agenda_item, note_attendance
from groups.actions.meeting_action import ActionFacts, add_action
from groups.actions.minutes import (
    amend_minutes,
    approve_minutes,
    circulate_minutes,
    draft_minutes,
    edit_minutes,
    publish_minutes,
    remark_on_minutes,
    send_minutes_round,
)
from groups.actions.motion import cast_vote, close_motion, draft_motion, open_motion
from groups.actions.proxy import give_proxy
from groups.choices import GroupKind, MinutesState
from groups.models import Meeting, Minutes, Motion
from groups.selectors.minutes import collect_facts, digest_of_minutes, get_public_minutes, list_public_minutes
from groups.signals import MINUTES_APPROVED, MINUTES_CIRCULATED, MINUTES_PUBLISHED
from tests.factories.alliance import NOON, make_user
from tests.factories.groups import stand_aside
from tests.factories.meetings import LATER, Body, begin, hold, make_body
from tests.factories.members import make_institution, make_staff

END = LATER + timedelta(hours=3)


def drafted(body: Body) -> tuple[Meeting, Minutes]:
    meeting = hold(body)
    minutes = draft_minutes(body.alliance, meeting.code, actor=body.secretary, at=END)
    return meeting, edit_minutes(
        body.alliance, meeting.code, 1, body_en="It was said.", body_zh="会议纪要。", actor=body.secretary, at=END
    ) or minutes


def circulated(body: Body) -> tuple[Meeting, Minutes]:
    meeting, _minutes = drafted(body)
    return meeting, circulate_minutes(body.alliance, meeting.code, 1, actor=body.secretary, at=END)


def approved(body: Body) -> tuple[Meeting, Minutes]:
    meeting, _minutes = circulated(body)
    return meeting, approve_minutes(body.alliance, meeting.code, 1, actor=body.second, at=END)


def test_a_draft_begins_with_the_agenda_and_the_facts(act: Alliance) -> None:
    body = make_body(act, 3)
    meeting = hold(body, 2)

    minutes = draft_minutes(act, meeting.code, actor=body.secretary, at=END)

    assert minutes.state == MinutesState.DRAFT
    assert "## 1. Report" in minutes.body_en
    assert "## 1. 报告" in minutes.body_zh
    assert minutes.facts["quorum"] == {"entitled": 3, "present": 2, "needed": 2, "met": True, "fraction": [2, 3]}
    assert [row["state"] for row in minutes.facts["attendance"]].count("present") == 2
    assert draft_minutes(act, meeting.code, actor=body.second, at=END).pk == minutes.pk


def test_minutes_of_a_meeting_that_has_not_begun_or_of_another_alliance_are_refused(
    act: Alliance, other_alliance: Alliance
) -> None:
    body = make_body(act)
    from tests.factories.meetings import convene  # noqa: PLC0415 - only here

    meeting = convene(body)
    with pytest.raises(DomainError, match="meeting_not_open"):
        draft_minutes(act, meeting.code, actor=body.secretary, at=NOON)
    with tenancy.acting_in(other_alliance), pytest.raises(NotFoundError):
        draft_minutes(other_alliance, meeting.code, actor=body.secretary, at=NOON)
    with pytest.raises(PermissionRefusedError):
        draft_minutes(act, hold(make_body(act)).code, actor=body.people[0], at=NOON)


def test_circulation_asks_for_the_close_and_for_a_text_and_tells_those_invited(act: Alliance) -> None:
    body = make_body(act, 2)
    meeting = begin(body)
    draft_minutes(act, meeting.code, actor=body.secretary, at=END)
    with pytest.raises(DomainError, match="meeting_not_held"):
        circulate_minutes(act, meeting.code, 1, actor=body.secretary, at=END)

    held, minutes = circulated(make_body(act, 2))

    assert minutes.circulated_at == END
    assert OutboxEvent.objects.of(act).filter(kind=MINUTES_CIRCULATED).exists()
    assert InboxItem.objects.of(act).filter(key=f"minutes-approve:{held.uuid}", role="committee").exists()
    assert not InboxItem.objects.of(act).filter(key=f"minutes-write:{held.uuid}", done_at__isnull=True).exists()
    told = send_minutes_round(act, held.code, 1, at=END)
    assert told >= 2
    assert send_minutes_round(act, held.code, 1, at=END) == 0
    edit_minutes(act, held.code, 1, body_en="", body_zh="", actor=body.secretary, at=END)
    with pytest.raises(InvalidInputError, match="text_missing"):
        circulate_minutes(act, held.code, 1, actor=body.secretary, at=END)


def test_members_remark_on_circulated_minutes_only(act: Alliance) -> None:
    body = make_body(act, 2)
    meeting, _minutes = circulated(body)
    own = body.institutions[0].pk

    remark = remark_on_minutes(act, meeting.code, 1, text="We said 2026.", institution_id=own, actor=body.people[0], at=END)

    assert remark.institution_id == own
    assert InboxItem.objects.of(act).filter(key=f"minutes-remark:{meeting.uuid}").exists()
    outsider, theirs = make_user(), make_institution(act)
    make_staff(theirs, outsider)
    with pytest.raises(PermissionRefusedError):
        remark_on_minutes(act, meeting.code, 1, text="x", institution_id=theirs.pk, actor=outsider, at=END)
    with pytest.raises(InvalidInputError):
        remark_on_minutes(act, meeting.code, 1, text=" ", institution_id=own, actor=body.people[0], at=END)
    approve_minutes(act, meeting.code, 1, actor=body.second, at=END)
    with pytest.raises(DomainError, match="minutes_not_circulated"):
        remark_on_minutes(act, meeting.code, 1, text="late", institution_id=own, actor=body.people[0], at=END)


def test_a_change_of_circulated_text_makes_it_a_draft_again(act: Alliance) -> None:
    body = make_body(act)
    meeting, _minutes = circulated(body)

    minutes = edit_minutes(act, meeting.code, 1, body_en="Other", body_zh="", actor=body.secretary, at=END)

    assert minutes.state == MinutesState.DRAFT
    with pytest.raises(TransitionRefusedError):
        approve_minutes(act, meeting.code, 1, actor=body.second, at=END)


def test_approval_freezes_texts_and_facts_under_a_digest_that_stands_in_the_log(act: Alliance) -> None:
    body = make_body(act)
    meeting, minutes = approved(body)

    assert minutes.state == MinutesState.APPROVED
    assert minutes.digest == digest_of_minutes(Minutes.objects.get(pk=minutes.pk))
    entry = AuditEntry.objects.of(act).get(verb="approve_minutes")
    assert minutes.digest in entry.record
    assert OutboxEvent.objects.of(act).filter(kind=MINUTES_APPROVED).exists()
    with pytest.raises(DomainError, match="minutes_approved"):
        edit_minutes(act, meeting.code, 1, body_en="x", body_zh="", actor=body.secretary, at=END)
    with pytest.raises(DomainError, match="minutes_approved"):
        note_attendance(act, meeting.code, {body.institutions[0].code: Presence("absent")}, actor=body.secretary, at=END)
    with pytest.raises(DomainError, match="minutes_approved"):
        add_action(act, meeting.code, facts=ActionFacts("late", "", END.date()), actor=body.secretary, at=END)


def test_whoever_wrote_the_minutes_does_not_approve_them_nor_does_a_member(act: Alliance) -> None:
    body = make_body(act)
    meeting, _minutes = circulated(body)

    with pytest.raises(SeparationOfDutiesError):
        approve_minutes(act, meeting.code, 1, actor=body.secretary, at=END)
    with pytest.raises(PermissionRefusedError):
        approve_minutes(act, meeting.code, 1, actor=body.people[0], at=END)


def test_minutes_whose_records_changed_since_circulation_are_not_approved(act: Alliance) -> None:
    body = make_body(act)
    meeting, _minutes = circulated(body)
    note_attendance(act, meeting.code, {body.institutions[0].code: Presence("excused")}, actor=body.secretary, at=END)

    with pytest.raises(DomainError, match="facts_changed"):
        approve_minutes(act, meeting.code, 1, actor=body.second, at=END)


@pytest.mark.parametrize(
    "change",
    [
        "body_en = 'forged'",
        "body_zh = 'forged'",
        "facts = '{}'",
        "digest = 'x'",
        "version = 9",
        "reason = 'x'",
        "state = 'draft', digest = ''",
        "state = 'circulated'",
        "approved_at = now()",
    ],
)
def test_the_database_refuses_every_change_of_approved_minutes(act: Alliance, change: str) -> None:
    _meeting, minutes = approved(make_body(act))

    with pytest.raises(DatabaseError, match="read-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE groups_minutes SET {change} WHERE id = %s", [minutes.pk])  # noqa: S608 - constants

    with pytest.raises(DatabaseError, match="kept"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM groups_minutes WHERE id = %s", [minutes.pk])


def test_remarks_on_approved_minutes_stay_and_drafts_can_still_be_deleted(act: Alliance) -> None:
    body = make_body(act)
    meeting, _minutes = circulated(body)
    remark = remark_on_minutes(
        act, meeting.code, 1, text="a", institution_id=body.institutions[0].pk, actor=body.people[0], at=END
    )
    approve_minutes(act, meeting.code, 1, actor=body.second, at=END)

    with pytest.raises(DatabaseError, match="kept"), transaction.atomic():
        remark.delete()
    _other, draft = drafted(make_body(act))
    draft.delete()
    assert not Minutes.objects.filter(pk=draft.pk).exists()


def test_a_new_version_needs_a_reason_and_replaces_the_old_one_when_approved(act: Alliance) -> None:
    body = make_body(act)
    meeting, first = approved(body)
    with pytest.raises(InvalidInputError, match="reason_missing"):
        amend_minutes(act, meeting.code, reason="", actor=body.secretary, at=END)

    second = amend_minutes(act, meeting.code, reason="A name was wrong", actor=body.secretary, at=END)
    with pytest.raises(DomainError, match="minutes_not_approved"):
        amend_minutes(act, meeting.code, reason="Again", actor=body.secretary, at=END)
    edit_minutes(act, meeting.code, 2, body_en="Right", body_zh="", actor=body.secretary, at=END)
    circulate_minutes(act, meeting.code, 2, actor=body.secretary, at=END)
    first.refresh_from_db()
    assert (second.version, first.state) == (2, MinutesState.APPROVED)
    approve_minutes(act, meeting.code, 2, actor=body.second, at=END)

    first.refresh_from_db()
    assert first.state == MinutesState.SUPERSEDED
    assert first.body_en == "It was said."
    assert "supersede_minutes" in AuditEntry.objects.of(act).values_list("verb", flat=True)


# ------------------------------------------------------------------------------------------------- motions in the minutes


def decide(body: Body, meeting: Meeting, **values: Any) -> Motion:
    """A motion on the agenda, the first institution aside, the last voting by proxy, decided; three of four for it."""
    act = body.alliance
    given: dict[str, Any] = {"title_en": "Plan", "title_zh": "计划", **values}
    motion = draft_motion(act, group_kind=GroupKind.COMMITTEE, meeting=meeting, actor=body.secretary, at=NOON, **given)
    add_agenda_item(act, meeting.code, facts=ItemFacts(motion_code=motion.code), actor=body.secretary, at=LATER)
    open_motion(act, motion.code, closes_at=LATER + timedelta(hours=1), actor=body.secretary, at=LATER)
    return motion


def test_results_recusals_and_proxies_are_filled_in_by_themselves(act: Alliance) -> None:
    body = make_body(act, 5)
    meeting = begin(body)
    aside, one, two, three, four = body.institutions
    motion = decide(body, meeting)
    stand_aside(act, aside.code, f"motion:{motion.code}", at=LATER)
    give_proxy(act, giver_code=four.code, holder_code=three.code, motion_code=motion.code, actor=body.people[4], at=LATER)
    for institution, person, choice in ((one, 1, "yes"), (two, 2, "no"), (three, 3, "yes")):
        cast_vote(
            act,
            motion.code,
            institution_code=institution.code,
            by=institution.code,
            choice=choice,
            actor=body.people[person],
            at=LATER + timedelta(minutes=5),
        )
    cast_vote(
        act,
        motion.code,
        institution_code=four.code,
        by=three.code,
        choice="yes",
        actor=body.people[3],
        at=LATER + timedelta(minutes=6),
    )
    draft_minutes(act, meeting.code, actor=body.secretary, at=LATER)
    close_motion(act, motion.code, at=LATER + timedelta(hours=1), actor=None)

    facts = collect_facts(meeting)

    item = facts["items"][1]
    assert [row["code"] for row in item["recused"]] == [aside.code]
    assert item["motion"]["state"] == "passed"
    assert {name: item["motion"]["result"][name] for name in ("yes", "no", "abstain", "entitled")} == {
        "yes": 3,
        "no": 1,
        "abstain": 0,
        "entitled": 4,
    }
    assert [(row["for"]["code"], row["by"]["code"]) for row in item["motion"]["proxies"]] == [(four.code, three.code)]
    assert item["motion"]["digest"]


def test_minutes_wait_for_the_close_of_every_motion_on_the_agenda(act: Alliance) -> None:
    body = make_body(act, 3)
    meeting = begin(body)
    decide(body, meeting)
    draft_minutes(act, meeting.code, actor=body.secretary, at=LATER)
    from groups.actions.meeting import close_meeting  # noqa: PLC0415 - only here

    close_meeting(act, meeting.code, actor=body.secretary, at=LATER)

    with pytest.raises(DomainError, match="motions_open"):
        circulate_minutes(act, meeting.code, 1, actor=body.secretary, at=LATER)


def test_publishing_shows_the_minutes_and_the_decisions_chosen(act: Alliance) -> None:
    body = make_body(act, 3)
    meeting = begin(body)
    motion = decide(body, meeting)
    for place in range(3):
        cast_vote(
            act,
            motion.code,
            institution_code=body.institutions[place].code,
            by=body.institutions[place].code,
            choice="yes",
            actor=body.people[place],
            at=LATER + timedelta(minutes=5),
        )
    close_motion(act, motion.code, at=LATER + timedelta(hours=1), actor=None)
    from groups.actions.meeting import close_meeting  # noqa: PLC0415 - only here

    close_meeting(act, meeting.code, actor=body.secretary, at=END)
    draft_minutes(act, meeting.code, actor=body.secretary, at=END)
    circulate_minutes(act, meeting.code, 1, actor=body.secretary, at=END)
    with pytest.raises(TransitionRefusedError):
        publish_minutes(act, meeting.code, 1, decisions=[], actor=body.secretary, at=END)
    approve_minutes(act, meeting.code, 1, actor=body.second, at=END)
    assert get_public_minutes(act, meeting.code) is None
    with pytest.raises(InvalidInputError, match="motion_unknown"):
        publish_minutes(act, meeting.code, 1, decisions=["V-0"], actor=body.secretary, at=END)
    with pytest.raises(PermissionRefusedError):
        publish_minutes(act, meeting.code, 1, decisions=[], actor=body.people[0], at=END)

    minutes = publish_minutes(act, meeting.code, 1, decisions=[motion.code], actor=body.secretary, at=END)

    motion.refresh_from_db()
    assert motion.is_public
    assert minutes.published_at == END
    assert get_public_minutes(act, meeting.code) == minutes
    assert list(list_public_minutes(act)) == [minutes]
    assert OutboxEvent.objects.of(act).filter(kind=MINUTES_PUBLISHED).exists()
    assert Notification.objects.of(act).count() >= 0


def test_facts_take_the_same_number_of_queries_whatever_the_size(act: Alliance, django_assert_num_queries: Any) -> None:
    small, large = hold(make_body(act, 2)), hold(make_body(act, 8))

    for meeting in (small, large):
        meeting = Meeting.objects.of(act).select_related("alliance", "group").get(pk=meeting.pk)
        with django_assert_num_queries(5):
            collect_facts(meeting)
