"""Risks and contribution points of the invented alliance: some noted by people, others opened by its data; a tariff and its points.

Everything that can is done by the real acts: the ledger follows from the invented records, and so do the risks of triggers.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

from django.utils import timezone

from alliance.actions.audit import record_audit
from alliance.choices import AllianceRole
from alliance.kernel.demo import WEAVING
from alliance.models import RoleAssignment
from members.models import Institution, InstitutionStaff
from operations.actions.honours import publish_honours
from operations.actions.incentive import settle_ledger
from operations.actions.project import (
    add_person,
    finish_project,
    plan_project,
    reach_milestone,
    save_milestone,
    start_project,
)
from operations.actions.risk import accept_risk, close_risk, complete_measure, open_risk, review_risk, save_measure
from operations.actions.risk_trigger import note_late_milestone, note_low_pilot, scan_facts
from operations.actions.tariff import approve_tariff
from operations.actions.work_hours import confirm_hours, note_hours
from operations.choices import ContributionAct, PilotState, ProjectState, RiskCategory
from operations.models import HonoursList, Milestone, Pilot, Project, Risk, Tariff
from operations.selectors.incentive import compute_honours

if TYPE_CHECKING:
    from pathlib import Path

    from alliance.models import Alliance, User


@dataclass(frozen=True, slots=True)
class Look:
    """A review: days before today, likelihood, impact, what was found, days until the next."""

    days: int
    likelihood: int
    impact: int
    words: str
    next_in: int


@dataclass(frozen=True, slots=True)
class Noted:
    """A risk of the content, noted some days ago, with its reviews, measures and end."""

    days: int
    category: str
    title_en: str
    title_zh: str
    words_en: str
    words_zh: str
    likelihood: int
    impact: int
    owner: str
    looks: tuple[Look, ...] = ()
    measures: tuple[tuple[str, int, bool], ...] = ()
    accepted: str = ""
    closed: str = ""


RISKS: Final = (
    Noted(
        160,
        RiskCategory.MONEY,
        "The regional grant ends before the guides are finished",
        "区级专项经费在指南完成前到期",
        "Two of five guides are paid from a grant that ends in June. Without a follow-up the trials stop halfway.",
        "五份指南中有两份由六月到期的专项经费支付；若无后续经费，试点将中断。",
        4,
        4,
        AllianceRole.COMMITTEE,
        (
            Look(
                120,
                4,
                4,
                "The district asks for results first; the report is under way. · 区里要求先看成果，报告正在编写。",
                45,
            ),
            Look(70, 3, 4, "Two mills would share the cost of trials. · 两家企业愿意分担试点费用。", 50),
            Look(12, 2, 4, "A letter of intent for one more year is in. · 已收到延续一年的意向书。", 40),
        ),
        (
            ("Report results to the district office · 向区里报送成果", -60, True),
            ("Sign the follow-up agreement · 签订延续协议", 35, False),
        ),
    ),
    Noted(
        95,
        RiskCategory.PEOPLE,
        "One person alone knows the measuring method",
        "测量方法只有一人掌握",
        "Energy and salt are measured by a method that one researcher has set up. Illness would stop three pilots.",
        "能耗与用盐量的测量方法由一名研究人员建立；若其缺席，三项试点将停顿。",
        3,
        3,
        AllianceRole.SECRETARIAT,
        (Look(40, 2, 3, "A second person was trained on two days. · 已用两天培训第二人。", 60),),
        (
            ("Write the method down · 编写方法说明", -15, True),
            ("Second person measures alone once · 第二人独立测量一次", 14, False),
        ),
    ),
    Noted(
        130,
        RiskCategory.LAW,
        "Photos from shop floors show people",
        "车间照片中出现人员",
        "Workbooks take photos as evidence. Where a face can be recognised, consent is needed before anything is public.",
        "试用记录以照片为证；若可辨认人脸，公开前须取得同意。",
        2,
        3,
        AllianceRole.SECRETARIAT,
        (
            Look(
                100, 2, 2, "Sites were told; nothing is published without a check. · 已告知各试点单位，未经检查不公开。", 150
            ),
        ),
        accepted="What is left is small and checked before each publication. · 剩余风险较小，每次公开前均检查。",
    ),
    Noted(
        210,
        RiskCategory.QUALITY,
        "Answers came from offices, not from the shop floor",
        "答卷来自办公室而非车间",
        "In the first rounds managers answered for the people at the machines.",
        "前几轮试点中，管理人员代替一线人员填写。",
        4,
        3,
        AllianceRole.SECRETARIAT,
        (Look(150, 2, 2, "Workbooks on phones brought answers from the machines. · 手机试用记录带来了一线答卷。", 90),),
        closed="The last three rounds were answered at the machines. · 最近三轮均由一线人员填写。",
    ),
)
PRICES: Final[dict[str, str]] = {
    ContributionAct.PRODUCT_RELEASED: "1.00",
    ContributionAct.PRODUCT_ADAPTED: "20.00",
    ContributionAct.DRAFT_REVIEWED: "8.00",
    ContributionAct.PIECE_PUBLISHED: "5.00",
    ContributionAct.PILOT_ANSWERED: "12.00",
    ContributionAct.POINT_DONE: "3.00",
    ContributionAct.MILESTONE_REACHED: "10.00",
    ContributionAct.HOURS_WORKED: "0.50",
    ContributionAct.SESSION_HELD: "4.00",
    ContributionAct.COURSE_PASSED: "2.00",
}
"""Invented prices of the invented alliance."""
SECOND_MEMBER: Final = "I-059"
"""Institution whose person sat on the invented committee in its last term and proposed the tariff."""


def _moment(day: date) -> datetime:
    """The afternoon of a day."""
    return timezone.make_aware(datetime.combine(day, time(15)))


def _holder(alliance: Alliance, role: str, at: datetime) -> User | None:
    found = RoleAssignment.objects.of(alliance).at(at).filter(role=role).select_related("user").order_by("id").first()
    return found.user if found else None


def load_risks(alliance: Alliance, *, flavour: str, data_dir: Path, at: datetime) -> None:  # noqa: ARG001 - a loader's form
    """Load the invented risks and let the data open theirs, once; nothing is said of real institutions."""
    people = {role: _holder(alliance, role, at) for role in (AllianceRole.SECRETARIAT, AllianceRole.COMMITTEE)}
    secretary, member = people[AllianceRole.SECRETARIAT], people[AllianceRole.COMMITTEE]
    if flavour != WEAVING or secretary is None or member is None or Risk.objects.of(alliance).exists():
        return
    for content in RISKS:
        owner = secretary if content.owner == AllianceRole.SECRETARIAT else member
        _note(alliance, content, secretary, member, owner, at)
    for milestone in Milestone.objects.of(alliance).filter(
        project__state=ProjectState.RUNNING, reached_on__isnull=True, due_on__lt=timezone.localtime(at).date()
    ):
        note_late_milestone(alliance, milestone.pk, milestone.due_on.isoformat(), at=at)
    for pilot in (
        Pilot.objects.of(alliance).filter(state=PilotState.FAILED).select_related("product").order_by("-decided_at")[:2]
    ):
        note_low_pilot(alliance, pilot.product.code, pilot.round, at=at)
    scan_facts(alliance, at=at)


def _note(alliance: Alliance, content: Noted, secretary: User, member: User, owner: User, at: datetime) -> None:
    opened = at - timedelta(days=content.days)
    first = content.looks[0].days if content.looks else 0
    risk = open_risk(
        alliance,
        values={
            "category": content.category,
            "title_en": content.title_en,
            "title_zh": content.title_zh,
            "words_en": content.words_en,
            "words_zh": content.words_zh,
            "likelihood": content.likelihood,
            "impact": content.impact,
            "review_on": timezone.localtime(opened).date() + timedelta(days=max(1, content.days - first)),
        },
        owner=owner,
        actor=secretary,
        at=opened,
    )
    for words, due_in, is_done in content.measures:
        due = timezone.localtime(at).date() + timedelta(days=due_in)
        measure = save_measure(alliance, risk.code, words=words, owner=owner, due_on=due, actor=secretary, at=opened)
        if is_done:
            done = _moment(due)
            complete_measure(alliance, risk.code, measure.pk, actor=owner, at=done)
    for look in content.looks:
        moment = at - timedelta(days=look.days)
        review_risk(
            alliance,
            risk.code,
            values={
                "likelihood": look.likelihood,
                "impact": look.impact,
                "words": look.words,
                "next_on": timezone.localtime(moment).date() + timedelta(days=look.next_in),
            },
            actor=owner,
            at=moment,
        )
    if content.accepted:
        accept_risk(alliance, risk.code, reason=content.accepted, actor=member, at=at - timedelta(days=90))
    if content.closed:
        close_risk(alliance, risk.code, reason=content.closed, actor=secretary, at=at - timedelta(days=60))


def load_points(alliance: Alliance, *, flavour: str, data_dir: Path, at: datetime) -> None:  # noqa: ARG001 - a loader's form
    """Let the invented records earn points by an invented tariff, and publish the honours list of the last year, once."""
    member = _holder(alliance, AllianceRole.COMMITTEE, at)
    if flavour != WEAVING or member is None:
        return
    if not Tariff.objects.of(alliance).exists():
        proposer = _former_member(alliance, at)
        if proposer is None:
            return
        _tariff(alliance, proposer, member, at)
    year = timezone.localtime(at).year - 1
    _last_years_project(alliance, year, at)
    settle_ledger(alliance, actor=None, at=at)
    if not HonoursList.objects.of(alliance).filter(year=year).exists() and compute_honours(alliance, year)["rows"]:
        publish_honours(alliance, year, actor=member, at=_moment(date(year + 1, 1, 12)))


SURVEY: Final = "PR-003"
"""A short project of last December, finished: what the first honours list speaks of."""
SURVEYORS: Final = (
    ("I-059", "measuring · 测量", "6.5"),
    ("I-001", "interviews · 访谈", "5"),
    ("I-036", "access to the sheds · 安排车间", "3.5"),
)


def _last_years_project(alliance: Alliance, year: int, at: datetime) -> None:
    """A winter survey that three institutions finished, with milestones reached and hours confirmed by one another."""
    found = [(_person(alliance, code, at), code, words, hours) for code, words, hours in SURVEYORS]
    people = [(person, code, words, hours) for person, code, words, hours in found if person is not None]
    if Project.objects.of(alliance).filter(code=SURVEY).exists() or len(people) < len(found):
        return
    ids = dict(Institution.objects.of(alliance).filter(code__in=[row[0] for row in SURVEYORS]).values_list("code", "pk"))
    first, last = date(year, 12, 1), date(year, 12, 22)
    leader = people[0][0]
    plan_project(
        alliance,
        actor=leader,
        institution_id=ids[people[0][1]],
        values={
            "title_en": "Winter survey of heat in weaving sheds",
            "title_zh": "织造车间冬季热环境调查",
            "aim_en": "Know how warm twelve sheds are in winter, as a basis for comparison in summer.",
            "aim_zh": "掌握十二个车间冬季热环境，作为夏季对比基准。",
            "starts_on": first,
            "ends_on": last,
        },
        at=_moment(first),
        code=SURVEY,
    )
    for person, code, words, _hours in people[1:]:
        add_person(alliance, SURVEY, user=person, institution_id=ids[code], words=words, actor=leader, at=_moment(first))
    names = (("Twelve sheds measured", "十二个车间测量完成", date(year, 12, 12)), ("Report handed over", "报告交付", last))
    for name_en, name_zh, due in names:
        values = {"name_en": name_en, "name_zh": name_zh, "due_on": due}
        save_milestone(alliance, SURVEY, values=values, actor=leader, at=_moment(first))
    start_project(alliance, SURVEY, actor=leader, at=_moment(first))
    for place, (person, _code, _words, hours) in enumerate(people):
        other = people[(place + 1) % len(people)][0]
        for day in (date(year, 12, 3), date(year, 12, 9), date(year, 12, 17)):
            entry = note_hours(alliance, SURVEY, day=day, hours=hours, actor=person, at=_moment(day))
            confirm_hours(alliance, SURVEY, entry.pk, actor=other, at=_moment(day + timedelta(days=1)))
    for position, (_en, _zh, due) in enumerate(names, start=1):
        reach_milestone(alliance, SURVEY, position, reached_on=due, actor=leader, at=_moment(due))
    finish_project(alliance, SURVEY, actor=leader, at=_moment(last + timedelta(days=1)))


def _person(alliance: Alliance, code: str, at: datetime) -> User | None:
    staff = (
        InstitutionStaff.objects.of(alliance)
        .at(at)
        .filter(institution__code=code, user__is_demonstration=True, user__is_active=True)
        .select_related("user")
        .order_by("starts_at", "id")
        .first()
    )
    return staff.user if staff else None


def _former_member(alliance: Alliance, at: datetime) -> User | None:
    """A person who sat on the committee in its last term, as the invented history has it."""
    found = _person(alliance, SECOND_MEMBER, at)
    if found is None:
        return None
    RoleAssignment.objects.get_or_create(
        alliance=alliance,
        user=found,
        role=AllianceRole.COMMITTEE,
        defaults={"starts_at": at - timedelta(days=900), "ends_at": at - timedelta(days=300)},
    )
    return found


def _tariff(alliance: Alliance, proposer: User, member: User, at: datetime) -> None:
    """The first tariff: proposed in the last term, approved by another member; valid since the beginning of the last year."""
    proposed = at - timedelta(days=420)
    tariff = Tariff.objects.create(
        alliance=alliance,
        version=1,
        points=dict(PRICES),
        half_life_days=730,
        valid_from=date(timezone.localtime(at).year - 1, 1, 1),
        note="First tariff, after a trial on paper · 首版积分标准，经书面试算",
        proposed_by=proposer,
        proposed_at=proposed,
    )
    record_audit(
        tariff,
        actor=proposer,
        verb="propose_tariff",
        after={"version": 1, "points": tariff.points, "half_life_days": 730, "valid_from": tariff.valid_from},
        at=proposed,
    )
    approve_tariff(alliance, 1, actor=member, at=proposed + timedelta(days=9))
