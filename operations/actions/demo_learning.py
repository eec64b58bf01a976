"""Invented courses of the invented alliance: held, open with a waiting list, one over whose results are missing; two paths.

Made through the actions at past moments, with dates that move with the day of loading.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from django.utils import timezone

from alliance.choices import AllianceRole
from alliance.kernel.demo import WEAVING
from alliance.models import RoleAssignment
from members.models import InstitutionStaff
from operations.actions.certificate import REMIND_BEFORE, decide_naming, remind_of_expiry
from operations.actions.course import (
    ask_to_hold,
    cancel_session,
    draft_course,
    hold_session,
    open_session,
    plan_session,
)
from operations.actions.enrolment import assess, enrol, mark_attendance
from operations.actions.learning_path import draft_path
from operations.choices import LearningForm
from operations.models import Certificate, Course
from operations.selectors.learning import list_lapsing_ids, list_past_open_ids

if TYPE_CHECKING:
    from pathlib import Path

    from alliance.models import Alliance, User


@dataclass(frozen=True, slots=True)
class PlannedSession:
    """A session of the content.

    Attributes:
        days: Days from today to its start; less than 0: in the past.
        hours: How long it lasts.
        place: Where, in both languages.
        teacher: Who teaches, in both languages.
        places: How many fit; None: no limit.
        people: Codes of the institutions whose accounts enrol, in order.
        there: Marks of attendance by institution; empty: none is noted.
        passed: Institutions whose people passed.
        failed: Institutions whose people did not.
        cancelled: Reason, where it was cancelled.
        is_open: Whether it was opened for enrolment.
    """

    days: int
    hours: int
    place: str
    teacher: str
    places: int | None = None
    people: tuple[str, ...] = ()
    there: tuple[tuple[str, str], ...] = ()
    passed: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    cancelled: str = ""
    is_open: bool = True


@dataclass(frozen=True, slots=True)
class Content:
    """A course with its sessions."""

    code: str
    form: str
    host: str
    title_en: str
    title_zh: str
    aim_en: str
    aim_zh: str
    credits: str
    is_assessed: bool
    valid_months: int | None
    sessions: tuple[PlannedSession, ...]
    product: str = ""


def _all_there(*codes: str) -> tuple[tuple[str, str], ...]:
    return tuple((code, "present") for code in codes)


COURSES: Final = (
    Content(
        "CR-001",
        LearningForm.TRAINING,
        "I-059",
        "Carbon accounting in weaving mills",
        "织造企业碳核算",
        "Reading meters, drawing the boundary of a mill, and a first balance that an auditor accepts.",
        "读表计量、划定企业边界，编制能通过核查的首份碳账。",
        "2.00",
        True,
        12,
        (
            PlannedSession(
                -330,
                7,
                "Hall 2, I-059 · 大学二号厅",
                "Xu Ran · 许然",
                12,
                ("I-035", "I-036", "I-017"),
                _all_there("I-035", "I-036", "I-017"),
                passed=("I-035", "I-036"),
                failed=("I-017",),
            ),
            PlannedSession(
                -40,
                7,
                "Hall 2, I-059 · 大学二号厅",
                "Xu Ran · 许然",
                12,
                ("I-038", "I-001"),
                _all_there("I-038", "I-001"),
                passed=("I-001",),
            ),
            PlannedSession(24, 7, "Hall 2, I-059 · 大学二号厅", "Xu Ran · 许然", 2, ("I-029", "I-017", "I-036")),
        ),
    ),
    Content(
        "CR-002",
        LearningForm.WORKSHOP,
        "I-001",
        "Planning a pilot in the shop floor",
        "车间试点怎样设计",
        "From a question to measures, a baseline and a pass mark; with the workbook on a phone.",
        "从问题到指标、基线与合格线，并在手机上使用试点手册。",
        "1.50",
        True,
        24,
        (
            PlannedSession(
                -120,
                4,
                "Online · 线上",
                "Pan Lei · 潘磊",
                None,
                ("I-035", "I-036", "I-038"),
                _all_there("I-035", "I-036", "I-038"),
                passed=("I-035", "I-036", "I-038"),
            ),
            PlannedSession(38, 4, "Online · 线上", "Pan Lei · 潘磊", None, ("I-059",)),
        ),
    ),
    Content(
        "CR-003",
        LearningForm.VISIT,
        "I-035",
        "A day in a low-salt dyehouse",
        "走进低盐染厂的一天",
        "See the six steps on the machine, and ask the people who run it.",
        "在设备旁看六个步骤，向操作人员当面请教。",
        "0.50",
        False,
        None,
        (
            PlannedSession(
                -66,
                6,
                "Dyehouse 1, I-035 · 一号染厂",
                "He Lan · 何岚",
                8,
                ("I-059", "I-029", "I-036"),
                (("I-059", "present"), ("I-029", "present"), ("I-036", "partly")),
            ),
            PlannedSession(-2, 6, "Dyehouse 1, I-035 · 一号染厂", "He Lan · 何岚", 8, ("I-001", "I-017")),
            PlannedSession(52, 6, "Dyehouse 2, I-035 · 二号染厂", "He Lan · 何岚", 8, is_open=False),
        ),
    ),
    Content(
        "CR-004",
        LearningForm.EXCHANGE,
        "I-029",
        "Two weeks in a newsroom",
        "编辑部交流两周",
        "Researchers write with editors: a brief, a short film, and an article for mills.",
        "研究人员与编辑合写：一份简报、一部短片和一篇面向企业的文章。",
        "4.00",
        True,
        36,
        (
            PlannedSession(
                -20, 240, "I-029", "Tang Yue · 唐悦", 3, ("I-059",), cancelled="The newsroom moves. · 编辑部搬迁。"
            ),
            PlannedSession(80, 240, "I-029", "Tang Yue · 唐悦", 3),
        ),
    ),
)
PATHS: Final = (
    (
        "LP-01",
        "Pilot lead in a mill",
        "企业试点负责人",
        "Can plan, run and judge a pilot in the own mill.",
        "能在本企业策划、实施并评判一次试点。",
        "3.50",
        ("CR-001", "CR-002", "CR-003"),
        ("CR-001", "CR-002"),
    ),
    (
        "LP-02",
        "Research that mills read",
        "企业读得懂的研究",
        "Can turn a report into what a shift leader uses.",
        "能把报告变成班组长用得上的东西。",
        "4.50",
        ("CR-003", "CR-004"),
        ("CR-004",),
    ),
)
NAMED: Final = "I-036"
"""Institution whose person lets the public page name them."""


def load(alliance: Alliance, *, flavour: str, data_dir: Path, at: datetime) -> None:  # noqa: ARG001 - the content stands here
    """Load the invented courses; running it again adds nothing, and without the accounts of the demonstration neither."""
    if flavour != WEAVING or Course.objects.of(alliance).exists():
        return
    role = (
        RoleAssignment.objects.of(alliance)
        .at(at)
        .filter(role=AllianceRole.SECRETARIAT, user__is_demonstration=True)
        .select_related("user")
        .order_by("id")
        .first()
    )
    staff = (
        InstitutionStaff.objects.of(alliance)
        .at(at)
        .filter(user__is_demonstration=True, user__is_active=True)
        .select_related("user", "institution")
        .order_by("-starts_at", "-id")
    )
    people = {row.institution.code: (row.user, row.institution_id) for row in staff}
    wanted = {code for content in COURSES for row in content.sessions for code in row.people}
    if role is None or wanted - set(people) or {content.host for content in COURSES} - set(people):
        return
    for content in COURSES:
        _load(alliance, content, people, role.user, at)
    for code, title_en, title_zh, aim_en, aim_zh, needed, courses, required in PATHS:
        draft_path(
            alliance,
            values={
                "title_en": title_en,
                "title_zh": title_zh,
                "aim_en": aim_en,
                "aim_zh": aim_zh,
                "credits_needed": Decimal(needed),
            },
            courses=courses,
            required=required,
            actor=role.user,
            at=at - timedelta(days=90),
            code=code,
        )
    person = people[NAMED][0]
    for certificate in Certificate.objects.of(alliance).filter(enrolment__user=person).order_by("id"):
        decide_naming(alliance, certificate.code, is_named=True, actor=person, at=at)
    for pk in list_lapsing_ids(alliance, at=at, before=REMIND_BEFORE):
        remind_of_expiry(alliance, pk, at=at)
    for pk in list_past_open_ids(alliance, at=at):
        ask_to_hold(alliance, pk, at=at)


def _load(alliance: Alliance, content: Content, people: dict[str, tuple[User, int]], officer: User, now: datetime) -> None:
    first = now - timedelta(days=360)
    draft_course(
        alliance,
        host_id=people[content.host][1],
        values={
            "form": content.form,
            "title_en": content.title_en,
            "title_zh": content.title_zh,
            "aim_en": content.aim_en,
            "aim_zh": content.aim_zh,
            "credits": Decimal(content.credits),
            "is_assessed": content.is_assessed,
            "valid_months": content.valid_months,
        },
        actor=officer,
        at=first,
        code=content.code,
    )
    for planned in content.sessions:
        _hold(alliance, content, planned, people, officer, now)


def _hold(
    alliance: Alliance,
    content: Content,
    planned: PlannedSession,
    people: dict[str, tuple[User, int]],
    officer: User,
    now: datetime,
) -> None:
    day = timezone.localtime(now).date() + timedelta(days=planned.days)
    starts = timezone.make_aware(datetime.combine(day, time(9)))
    ends = starts + timedelta(hours=planned.hours)
    before = min(starts, now) - timedelta(days=25)
    session = plan_session(
        alliance,
        content.code,
        values={
            "starts_at": starts,
            "ends_at": ends,
            "place": planned.place,
            "teacher": planned.teacher,
            "places": planned.places,
        },
        actor=officer,
        at=before,
    )
    number = session.number
    if planned.is_open:
        open_session(alliance, content.code, number, actor=officer, at=before)
    keys = {}
    for place, code in enumerate(planned.people):
        user, institution = people[code]
        moment = before + timedelta(days=2 + place)
        place_of = enrol(alliance, content.code, number, institution_id=institution, actor=user, at=moment)
        keys[code] = place_of.pk
    if planned.cancelled:
        cancel_session(
            alliance, content.code, number, reason=planned.cancelled, actor=officer, at=starts - timedelta(days=4)
        )
    if not planned.there:
        return
    host = people[content.host][0]
    marks = {keys[code]: mark for code, mark in planned.there}
    mark_attendance(alliance, content.code, number, marks=marks, actor=host, at=ends)
    hold_session(alliance, content.code, number, actor=host, at=ends)
    results = {keys[code]: "passed" for code in planned.passed} | {keys[code]: "failed" for code in planned.failed}
    if results:
        assess(alliance, content.code, number, marks=results, actor=host, at=ends + timedelta(days=3))
