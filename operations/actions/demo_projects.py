"""Two invented projects of the invented alliance: plan, people, hours, a late milestone, deliverables that became products.

Made through the actions at past moments, with dates that move with the day of loading.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from django.utils import timezone

from alliance.kernel.demo import WEAVING
from members.models import InstitutionStaff
from operations.actions.deliverable import link_product, save_deliverable
from operations.actions.project import (
    add_person,
    lock_project,
    note_late_milestones,
    plan_project,
    reach_milestone,
    save_milestone,
    start_project,
)
from operations.actions.project_task import move_task, save_task
from operations.actions.work_hours import confirm_hours, note_hours
from operations.choices import ProductKind, ProjectRole
from operations.models import Product, Project

if TYPE_CHECKING:
    from pathlib import Path

    from alliance.models import Alliance, User

TODAY: Final = date(2026, 11, 21)
"""The day the invented content stands at; all its dates are moved with the day of loading."""


@dataclass(frozen=True, slots=True)
class PlannedTask:
    """A task of the content: names, days, institution of its owner, hours, milestone, tasks before, and how far it is."""

    name_en: str
    name_zh: str
    starts: str
    ends: str
    owner: str
    hours: int
    milestone: int
    waits_for: tuple[int, ...] = ()
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlannedMilestone:
    """A milestone of the content; ``reached`` empty: not yet."""

    name_en: str
    name_zh: str
    due: str
    reached: str = ""


@dataclass(frozen=True, slots=True)
class PlannedDeliverable:
    """Something owed; ``product`` is the code of the product it became."""

    name_en: str
    name_zh: str
    kind: str
    due: str
    milestone: int
    product: str = ""


@dataclass(frozen=True, slots=True)
class Content:
    """A whole project of the content.

    Attributes:
        people: Institution, and what its person does; the first one leads.
        hours: Days before today, place in ``people``, hours, task, whether confirmed.
    """

    code: str
    title_en: str
    title_zh: str
    aim_en: str
    aim_zh: str
    starts: str
    ends: str
    people: tuple[tuple[str, str], ...]
    milestones: tuple[PlannedMilestone, ...]
    tasks: tuple[PlannedTask, ...]
    deliverables: tuple[PlannedDeliverable, ...]
    hours: tuple[tuple[int, int, str, int, bool], ...]


DONE: Final = ("begin", "complete")
PROJECTS: Final = (
    Content(
        "PR-001",
        "Low-salt dyeing in the delta",
        "三角洲低盐染色",
        "Dyehouses under 200 staff halve their use of sodium sulphate on the machines they have, without more reworks.",
        "200人以下染厂在现有设备上把元明粉用量减半，且返修不增加。",
        "2026-03-02",
        "2027-08-31",
        (
            ("I-001", "recipes and tests · 配方与检验"),
            ("I-035", "trials on jet machines · 溢流机中样"),
            ("I-029", "texts and films · 文字与短片"),
            ("I-059", "measuring and statistics · 测量与统计"),
        ),
        (
            PlannedMilestone("Survey of twelve dyehouses done", "十二家染厂调查完成", "2026-05-29", "2026-06-03"),
            PlannedMilestone("Recipes stand for three shades", "三个色系配方确定", "2026-08-28", "2026-08-26"),
            PlannedMilestone("Fastness proved on 30 batches", "三十缸牢度验证完成", "2026-11-13"),
            PlannedMilestone("Guide released", "指南发布", "2027-03-31"),
            PlannedMilestone("Ten dyehouses have changed over", "十家染厂完成改用", "2027-08-20"),
        ),
        (
            PlannedTask(
                "Choose and visit dyehouses", "选点与走访染厂", "2026-03-02", "2026-04-17", "I-001", 120, 1, (), DONE
            ),
            PlannedTask(
                "Measure salt and reworks", "测用盐量与返修率", "2026-04-13", "2026-05-29", "I-059", 160, 1, (1,), DONE
            ),
            PlannedTask("Laboratory recipes", "小样配方", "2026-05-11", "2026-07-31", "I-001", 240, 2, (), DONE),
            PlannedTask("Trials on jet machines", "溢流机中样", "2026-08-03", "2026-09-30", "I-035", 300, 3, (3,), DONE),
            PlannedTask(
                "Fastness and shade tests", "牢度与色差检验", "2026-09-14", "2026-11-13", "I-059", 180, 3, (4,), ("begin",)
            ),
            PlannedTask("Write the guide", "编写指南", "2026-09-01", "2026-12-18", "I-001", 200, 4, (), ("begin",)),
            PlannedTask("Films of the six steps", "六步操作短片", "2026-11-02", "2027-02-26", "I-029", 140, 4),
            PlannedTask("Train trainers", "培训师资", "2027-04-06", "2027-05-28", "I-029", 90, 5, (6, 7)),
            PlannedTask("Accompany ten dyehouses", "陪同十家染厂改用", "2027-04-19", "2027-08-13", "I-001", 260, 5, (6,)),
        ),
        (
            PlannedDeliverable(
                "Low-salt reactive dyeing guide for cotton knits",
                "棉针织物活性染料低盐染色指南",
                ProductKind.GUIDE,
                "2027-03-31",
                4,
                "P-029",
            ),
            PlannedDeliverable(
                "Data on salt, water and reworks of twelve dyehouses",
                "十二家染厂盐、水与返修数据集",
                ProductKind.DATASET,
                "2027-02-26",
                4,
            ),
            PlannedDeliverable("Course for shift leaders", "班组长课程", ProductKind.COURSE, "2027-05-31", 5),
        ),
        (
            (60, 0, "7.5", 3, True),
            (46, 1, "8", 4, True),
            (45, 1, "8", 4, True),
            (44, 1, "6.5", 4, True),
            (30, 3, "7", 5, True),
            (23, 3, "7.5", 5, True),
            (16, 0, "6", 6, True),
            (9, 0, "8", 6, True),
            (6, 2, "4.25", 7, True),
            (3, 3, "7", 5, False),
            (2, 2, "5.5", 7, False),
        ),
    ),
    Content(
        "PR-002",
        "Quiet weaving sheds",
        "安静的织造车间",
        "Know how loud looms are in forty sheds, and protect the hearing of those who work there.",
        "摸清四十个车间的织机噪声，保护在岗人员听力。",
        "2026-07-01",
        "2027-06-30",
        (
            ("I-059", "measuring · 测量"),
            ("I-036", "sheds for the trials · 试用车间"),
            ("I-017", "contact with mills · 联系企业"),
        ),
        (
            PlannedMilestone("Measuring plan agreed", "测量方案确定", "2026-08-14", "2026-08-12"),
            PlannedMilestone("Forty sheds measured", "四十个车间测量完成", "2026-12-18"),
            PlannedMilestone("Report tried in three mills", "报告在三家企业试用", "2027-04-30"),
        ),
        (
            PlannedTask("Plan the measuring", "制定测量方案", "2026-07-01", "2026-08-14", "I-059", 60, 1, (), DONE),
            PlannedTask("Find forty sheds", "落实四十个车间", "2026-07-20", "2026-09-11", "I-017", 50, 2, (), DONE),
            PlannedTask("Measure", "现场测量", "2026-09-14", "2026-12-18", "I-059", 320, 2, (1, 2), ("begin",)),
            PlannedTask("Try ear protection", "试用护听器", "2026-11-02", "2027-02-12", "I-036", 110, 3, (), ("begin",)),
            PlannedTask("Write the report", "撰写报告", "2026-12-07", "2027-03-19", "I-059", 120, 3, (3,)),
        ),
        (
            PlannedDeliverable(
                "Loom noise survey and hearing protection plan",
                "织机噪声调查与听力保护方案",
                ProductKind.RESEARCH_REPORT,
                "2027-03-31",
                3,
                "P-032",
            ),
        ),
        (
            (40, 0, "7", 3, True),
            (33, 0, "7.5", 3, True),
            (12, 1, "4", 4, True),
            (5, 0, "8", 3, False),
        ),
    ),
)


class _Clock:
    """Days of the content, moved with the day of loading."""

    def __init__(self, at: datetime) -> None:
        self.now = at
        self.shift = timezone.localtime(at).date() - TODAY

    def day(self, text: str) -> date:
        """A day."""
        return date.fromisoformat(text) + self.shift

    def at(self, day: date, hour: int = 17) -> datetime:
        """A moment of a day, never after loading."""
        return min(timezone.make_aware(datetime.combine(day, time(hour))), self.now)


def load(alliance: Alliance, *, flavour: str, data_dir: Path, at: datetime) -> None:  # noqa: ARG001 - the content stands here
    """Load the invented projects; running it again adds nothing, and without the accounts of the demonstration neither."""
    if flavour != WEAVING:
        return
    present = set(Project.objects.of(alliance).values_list("code", flat=True))
    clock = _Clock(at)
    for content in PROJECTS:
        if content.code in present:
            continue
        people = [_person_of(alliance, code, at) for code, _words in content.people]
        if all(people):
            _load(alliance, content, [person for person in people if person], clock)


def _person_of(alliance: Alliance, code: str, at: datetime) -> tuple[User, int] | None:
    staff = (
        InstitutionStaff.objects.of(alliance)
        .at(at)
        .filter(institution__code=code, user__is_demonstration=True, user__is_active=True)
        .select_related("user")
        .order_by("starts_at", "id")
        .first()
    )
    return (staff.user, staff.institution_id) if staff else None


def _load(alliance: Alliance, content: Content, people: list[tuple[User, int]], clock: _Clock) -> None:
    leader, lead = people[0]
    first = clock.at(clock.day(content.starts), 9)
    code = content.code
    plan_project(
        alliance,
        actor=leader,
        institution_id=lead,
        values={
            "title_en": content.title_en,
            "title_zh": content.title_zh,
            "aim_en": content.aim_en,
            "aim_zh": content.aim_zh,
            "starts_on": clock.day(content.starts),
            "ends_on": clock.day(content.ends),
        },
        at=first,
        code=code,
    )
    parts: dict[str, int] = {}
    for place, ((user, institution), (name, words)) in enumerate(zip(people, content.people, strict=True)):
        person = add_person(
            alliance,
            code,
            user=user,
            institution_id=institution,
            role=ProjectRole.MEMBER if place else ProjectRole.LEADER,
            words=words,
            actor=leader,
            at=first,
        )
        parts[name] = person.pk
    _plan(alliance, content, parts, leader, clock)
    start_project(alliance, code, actor=leader, at=first)
    for number, task in enumerate(content.tasks, start=1):
        for step in task.steps:
            day = clock.day(task.starts if step == "begin" else task.ends)
            move_task(alliance, code, number, step, actor=leader, at=clock.at(day))
    for position, milestone in enumerate(content.milestones, start=1):
        if milestone.reached:
            day = clock.day(milestone.reached)
            reach_milestone(alliance, code, position, reached_on=day, actor=leader, at=clock.at(day))
    project = lock_project(alliance, code)
    for position, owed in enumerate(content.deliverables, start=1):
        product = Product.objects.of(alliance).select_related("author").filter(code=owed.product).first()
        if product is not None:
            link_product(project, project.deliverables.get(position=position), product, actor=leader, at=product.created_at)
    _note(alliance, content, people, clock)
    note_late_milestones(alliance, project.pk, at=clock.now)


def _plan(alliance: Alliance, content: Content, parts: dict[str, int], leader: User, clock: _Clock) -> None:
    first = clock.at(clock.day(content.starts), 9)
    for milestone in content.milestones:
        save_milestone(
            alliance,
            content.code,
            values={"name_en": milestone.name_en, "name_zh": milestone.name_zh, "due_on": clock.day(milestone.due)},
            actor=leader,
            at=first,
        )
    for task in content.tasks:
        save_task(
            alliance,
            content.code,
            values={
                "name_en": task.name_en,
                "name_zh": task.name_zh,
                "starts_on": clock.day(task.starts),
                "ends_on": clock.day(task.ends),
                "owner": parts[task.owner],
                "milestone": task.milestone,
                "planned_hours": Decimal(task.hours),
            },
            waits_for=task.waits_for,
            actor=leader,
            at=first,
        )
    for owed in content.deliverables:
        save_deliverable(
            alliance,
            content.code,
            values={
                "name_en": owed.name_en,
                "name_zh": owed.name_zh,
                "kind": owed.kind,
                "due_on": clock.day(owed.due),
                "milestone": owed.milestone,
            },
            actor=leader,
            at=first,
        )


def _note(alliance: Alliance, content: Content, people: list[tuple[User, int]], clock: _Clock) -> None:
    today = timezone.localtime(clock.now).date()
    for days, place, hours, task, confirmed in content.hours:
        moment = clock.at(today - timedelta(days=days), 18)
        entry = note_hours(
            alliance,
            content.code,
            day=today - timedelta(days=days),
            hours=hours,
            task=task,
            actor=people[place][0],
            at=moment,
        )
        if confirmed:
            other = people[0][0] if place else people[1][0]
            confirm_hours(alliance, content.code, entry.pk, actor=other, at=clock.at(today - timedelta(days=days - 1)))
