"""Meetings, minutes, terms and positions of the invented alliance, through the actions, with dates around its today."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from alliance.choices import AllianceRole
from alliance.models import RoleAssignment, User
from groups.actions.demo_motions import _voters as find_voters
from groups.actions.group import EXCEPTION_EFFECT
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
from groups.actions.meeting_action import ActionFacts, add_action, settle_action
from groups.actions.minutes import (
    approve_minutes,
    circulate_minutes,
    draft_minutes,
    edit_minutes,
    publish_minutes,
)
from groups.actions.motion import apply_effect, cast_vote, close_motion, draft_motion, open_motion
from groups.actions.position import fill_position, set_term
from groups.choices import AttendanceState, GroupKind, PositionKind
from groups.models import GroupMembership, Meeting, Term, VirtualGroup
from groups.selectors.electors import list_electors
from members.models import Institution

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance

COMMITTEE = GroupKind.COMMITTEE
HELD_EN = """## 1. Report of the secretariat

The secretariat reported on the pilots. Two mills asked for a shorter form; the committee agreed.

## 2. Seat of the university in the policy group

The committee heard why policy work needs a research institution, and voted.

## 3. Sharing measured steam use

The committee decided that measured figures are shared among members under their code, without names of mills.
"""
HELD_ZH = """## 1. 秘书处工作报告

秘书处报告了试点进展。两家企业提出简化反馈表，委员会同意。

## 2. 高校参加政策组

委员会听取了政策研究需要科研单位参与的理由，并进行表决。

## 3. 蒸汽实测数据共享

委员会决定实测数据以代号在成员间共享，不出现企业名称。
"""


def load_meetings(alliance: Alliance, *, at: datetime) -> None:
    """A held meeting with published minutes and actions, one whose minutes are circulated, two to come; once."""
    if Meeting.objects.of(alliance).exists():
        return
    writer = _holder(alliance, AllianceRole.SECRETARIAT, at)
    approver = _holder(alliance, AllianceRole.COMMITTEE, at)
    voters = find_voters(alliance, list(list_electors(alliance, _committee(alliance), at - timedelta(days=60))), at)
    if writer is None or approver is None or len(voters) < 3:
        return
    _terms(alliance, voters, writer, at)
    _first(alliance, voters, writer, approver, at)
    _second(alliance, voters, writer, at)
    _coming(alliance, at)


def _holder(alliance: Alliance, role: str, at: datetime) -> User | None:
    held = RoleAssignment.objects.of(alliance).at(at).filter(role=role).select_related("user").order_by("id").first()
    return held.user if held is not None else None


def _committee(alliance: Alliance) -> VirtualGroup:
    return VirtualGroup.objects.of(alliance).get(kind=COMMITTEE)


def _terms(alliance: Alliance, voters: list[tuple[Institution, User]], writer: User, at: datetime) -> None:
    if Term.objects.of(alliance).exists():
        return
    begin = timezone.localtime(at - timedelta(days=200)).replace(hour=0, minute=0, second=0, microsecond=0)
    common: dict[str, Any] = {"actor": writer, "at": at}
    set_term(alliance, COMMITTEE, number=2, starts_at=begin, ends_at=begin + timedelta(days=730), **common)
    for place, position in enumerate((PositionKind.CHAIR, PositionKind.VICE_CHAIR, PositionKind.SECRETARY)):
        institution, user = voters[place]
        fill_position(alliance, COMMITTEE, position, institution.code, holder=user, term_number=2, starts_at=begin, **common)


def _plan(alliance: Alliance, starts_at: datetime, title_en: str, title_zh: str, at: datetime, **values: Any) -> Meeting:
    facts = MeetingFacts(
        title_en=title_en,
        title_zh=title_zh,
        starts_at=starts_at.replace(minute=0, second=0, microsecond=0),
        ends_at=starts_at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=2),
        place="Secretariat, room 302 · 秘书处302室",
        **values,
    )
    return plan_meeting(alliance, group_kind=COMMITTEE, facts=facts, actor=None, at=at)


def _put(alliance: Alliance, meeting: Meeting, begin: datetime, **values: Any) -> str:
    motion = draft_motion(alliance, group_kind=COMMITTEE, meeting=meeting, actor=None, at=begin, **values)
    add_agenda_item(alliance, meeting.code, facts=ItemFacts(motion_code=motion.code), actor=None, at=begin)
    return motion.code


def _vote(
    alliance: Alliance, code: str, voters: list[tuple[Institution, User]], choices: tuple[str, ...], begin: datetime
) -> None:
    open_motion(alliance, code, closes_at=begin + timedelta(minutes=30), actor=None, at=begin)
    for place, ((institution, user), choice) in enumerate(zip(voters, choices, strict=False)):
        moment = begin + timedelta(minutes=place + 1)
        cast_vote(alliance, code, institution_code=institution.code, choice=choice, actor=user, at=moment)
    close_motion(alliance, code, at=begin + timedelta(minutes=30), actor=None)


def _first(alliance: Alliance, voters: list[tuple[Institution, User]], writer: User, approver: User, at: datetime) -> None:
    """Held five weeks ago: minutes published, an exception decided, three actions."""
    begin = (at - timedelta(days=35)).replace(minute=0, second=0, microsecond=0)
    before = begin - timedelta(days=20)
    meeting = _plan(alliance, begin, "Third meeting of the committee", "管理委员会第三次会议", before)
    add_agenda_item(
        alliance,
        meeting.code,
        facts=ItemFacts(title_en="Report of the secretariat", title_zh="秘书处工作报告", minutes_of_time=20),
        actor=None,
        at=before,
    )
    guest = (
        Institution.objects.of(alliance)
        .active()
        .filter(kind="university_think_tank")
        .exclude(pk__in=GroupMembership.objects.of(alliance).filter(group__kind=GroupKind.POLICY).values("institution"))
        .order_by("code")
        .first()
    )
    exception = ""
    if guest is not None:
        exception = _put(
            alliance,
            meeting,
            before,
            title_en=f"Seat of {guest.name_en} in the policy group",
            title_zh=f"{guest.name_zh}参加政策组",
            text_en="The policy group lacks a research institution that follows statistics of the trade.",
            text_zh="政策组缺少跟踪行业统计的科研单位。",
            effect=EXCEPTION_EFFECT,
            effect_params={"group": GroupKind.POLICY.value, "institution": guest.code, "role": "member", "ends_on": None},
            matter=f"seat:{guest.code}:policy_group",
        )
    shared = _put(
        alliance,
        meeting,
        before,
        title_en="Sharing measured steam use",
        title_zh="蒸汽实测数据共享",
        text_en="Members share measured steam use under their code.",
        text_zh="成员以代号共享蒸汽实测数据。",
    )
    convene_meeting(alliance, meeting.code, actor=None, at=before)
    start_meeting(alliance, meeting.code, actor=None, at=begin)
    _attend(alliance, meeting, voters, begin)
    if exception:
        _vote(alliance, exception, voters, ("yes", "yes", "no", "yes", "yes"), begin + timedelta(minutes=20))
        apply_effect(alliance, exception, at=begin + timedelta(minutes=50))
    _vote(alliance, shared, voters, ("yes", "yes", "yes", "abstain", "yes"), begin + timedelta(minutes=55))
    last = 3 if exception else 2
    mill = Institution.objects.of(alliance).active().filter(code="I-035").first()
    doers = [voters[0][0].code, mill.code if mill is not None else voters[1][0].code]
    todo = [
        (0, 30, "Write the rule for codes of mills", "拟定企业代号规则", last, True),
        (1, -4, "Send the steam figures of the first half-year", "提交上半年蒸汽数据", last, True),
        (None, -20, "Shorten the form for pilot feedback", "简化试点反馈表", 1, False),
    ]
    actions = []
    for place, days, text_en, text_zh, item, public in todo:
        due = at + timedelta(days=days)
        actions.append(
            add_action(
                alliance,
                meeting.code,
                facts=ActionFacts(
                    text_en,
                    text_zh,
                    timezone.localtime(due).date(),
                    doers[place] if place is not None else "",
                    item,
                    public,
                ),
                actor=None,
                at=begin + timedelta(hours=1),
            )
        )
    close_meeting(alliance, meeting.code, actor=None, at=begin + timedelta(hours=2))
    after = begin + timedelta(days=2)
    draft_minutes(alliance, meeting.code, actor=writer, at=after)
    edit_minutes(alliance, meeting.code, 1, body_en=HELD_EN, body_zh=HELD_ZH, actor=writer, at=after)
    circulate_minutes(alliance, meeting.code, 1, actor=writer, at=after)
    approve_minutes(alliance, meeting.code, 1, actor=approver, at=after + timedelta(days=7))
    decisions = [code for code in (exception, shared) if code]
    publish_minutes(alliance, meeting.code, 1, decisions=decisions, actor=writer, at=after + timedelta(days=8))
    settle_action(
        alliance,
        actions[2].uuid,
        done=True,
        outcome="Down from 24 questions to 9",
        actor=writer,
        at=begin + timedelta(days=12),
    )


def _attend(alliance: Alliance, meeting: Meeting, voters: list[tuple[Institution, User]], at: datetime) -> None:
    presence = {
        institution.code: Presence(AttendanceState.REMOTE if place == 2 else AttendanceState.PRESENT)
        for place, (institution, _user) in enumerate(voters)
    }
    there = set(meeting.attendance.values_list("institution__code", flat=True))
    note_attendance(
        alliance,
        meeting.code,
        {code: note for code, note in presence.items() if code in there},
        actor=None,
        at=at,
    )


def _second(alliance: Alliance, voters: list[tuple[Institution, User]], writer: User, at: datetime) -> None:
    """Held a week ago: its minutes are circulated."""
    begin = (at - timedelta(days=8)).replace(minute=0, second=0, microsecond=0)
    before = begin - timedelta(days=15)
    meeting = _plan(alliance, begin, "Extra meeting on the open day", "开放日专题会议", before)
    add_agenda_item(
        alliance,
        meeting.code,
        facts=ItemFacts(title_en="Programme of the open day", title_zh="开放日安排", presenter_code=voters[0][0].code),
        actor=None,
        at=before,
    )
    convene_meeting(alliance, meeting.code, actor=None, at=before)
    start_meeting(alliance, meeting.code, actor=None, at=begin)
    _attend(alliance, meeting, voters[:4], begin)
    add_action(
        alliance,
        meeting.code,
        facts=ActionFacts(
            "Name two speakers for the open day",
            "推荐开放日两名主讲人",
            timezone.localtime(at + timedelta(days=5)).date(),
            voters[0][0].code,
            1,
        ),
        actor=None,
        at=begin,
    )
    close_meeting(alliance, meeting.code, actor=None, at=begin + timedelta(hours=2))
    draft_minutes(alliance, meeting.code, actor=writer, at=begin + timedelta(days=1))
    edit_minutes(
        alliance,
        meeting.code,
        1,
        body_en="## 1. Programme of the open day\n\nThe open day takes place in spring, with tours of two mills.",
        body_zh="## 1. 开放日安排\n\n开放日定于春季举行，安排参观两家企业。",
        actor=writer,
        at=begin + timedelta(days=1),
    )
    circulate_minutes(alliance, meeting.code, 1, actor=writer, at=begin + timedelta(days=2))


def _coming(alliance: Alliance, at: datetime) -> None:
    """One convened for in twelve days, one of the assembly planned."""
    begin = (at + timedelta(days=12)).replace(minute=0, second=0, microsecond=0)
    meeting = _plan(
        alliance,
        begin,
        "Fourth meeting of the committee",
        "管理委员会第四次会议",
        at - timedelta(days=2),
        link="https://meet.example/committee-4",
    )
    for title_en, title_zh in (
        ("Work programme of the coming year", "明年工作计划"),
        ("Pilots on carbon accounting: next steps", "碳核算试点下一步"),
    ):
        add_agenda_item(
            alliance,
            meeting.code,
            facts=ItemFacts(title_en=title_en, title_zh=title_zh, minutes_of_time=30),
            actor=None,
            at=at,
        )
    convene_meeting(alliance, meeting.code, actor=None, at=at - timedelta(days=1))
    facts = MeetingFacts(
        title_en="General assembly",
        title_zh="成员大会",
        starts_at=begin + timedelta(days=40),
        ends_at=begin + timedelta(days=40, hours=4),
        place="Open day hall · 开放日会场",
    )
    assembly = plan_meeting(alliance, group_kind=None, facts=facts, actor=None, at=at)
    add_agenda_item(
        alliance, assembly.code, facts=ItemFacts(title_en="Yearly report", title_zh="年度报告"), actor=None, at=at
    )
    convene_meeting(alliance, assembly.code, actor=None, at=at)
