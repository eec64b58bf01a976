"""Three invented contracts of the invented alliance, made through the actions at past moments: negotiated, being signed, sealed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from django.utils import timezone

from alliance.choices import AllianceRole
from alliance.kernel.demo import WEAVING
from alliance.models import RoleAssignment
from members.choices import StaffRole
from members.models import Institution, InstitutionStaff
from services.actions.contract import arrange_contract, name_signatory, start_contract
from services.actions.contract_sealing import seal_contract
from services.actions.contract_signing import remind_party, sign_contract
from services.actions.contract_terms import agree_terms, comment_terms, propose_terms
from services.choices import PartyRole, ResultsOwner
from services.contract_text import Draft, Milestone
from services.models import Contract

if TYPE_CHECKING:
    from pathlib import Path

    from alliance.models import Alliance, User

MINUTE: Final = timedelta(minutes=1)
NOT_YET: Final = -1
"""Still negotiated: nobody has agreed to the second version."""


@dataclass(frozen=True, slots=True)
class Content:
    """A contract of the content.

    Attributes:
        demand: Code of the institution on the demand side.
        supply: Code of the institution on the supply side.
        days: Days ago of: the beginning, the first version, the second one, the agreement, then the signatures.
        changed: Amount of the last milestone and share of the demand side in the first version.
        order: Roles in the order of signing; those that have signed come first.
        signed: How many of them signed, or :data:`NOT_YET`.
    """

    title_en: str
    title_zh: str
    demand: str
    supply: str
    scope_en: str
    scope_zh: str
    aims_en: str
    aims_zh: str
    refund_en: str
    refund_zh: str
    brings: dict[str, tuple[str, str]]
    milestones: tuple[tuple[str, str, str, str, str, str, int, str], ...]
    comment_en: str
    days: tuple[int, ...]
    order: tuple[str, ...]
    signed: int


CONTRACTS: Final = (
    Content(
        title_en="Connecting wide rapier looms and analysing stops",
        title_zh="宽幅装饰布织机联网与停台分析",
        demand="I-035",
        supply="I-059",
        scope_en="Connection of 96 rapier looms with four kinds of controller, collection of stops and speeds, analysis by shift and style, all on the plant’s own network.",
        scope_zh="96台剑杆织机（四种控制器）联网，采集停台原因与车速，按班次和品种分析，系统部署在厂内网。",
        aims_en="At least 95% of stops have a cause on record; the share of unexplained stops falls from 40% (measured in October) to 5%.",
        aims_zh="停台原因记录率不低于95%；不明原因停台占比由40%（10月实测）降至5%以下。",
        refund_en="CNY 30,000 is returned if the share stays above 10% at the last milestone.",
        refund_zh="最后一个里程碑时占比仍高于10%的，退还30,000元。",
        brings={
            PartyRole.DEMAND: ("looms, network and one maintenance engineer", "织机、厂内网络和一名设备工程师"),
            PartyRole.SUPPLY: ("three engineers and the collecting devices", "三名工程师和采集设备"),
            PartyRole.WITNESS: ("one officer to follow the work", "一名跟踪经办人"),
        },
        milestones=(
            ("Survey of controllers", "控制器调研", "Survey report", "调研报告", "Every loom is listed with its interface", "逐台列明接口", 30, "36000.00"),
            ("Half of the looms connected", "半数织机联网", "48 looms on the network", "48台织机上线", "Seven days without loss of data", "连续七天数据无丢失", 95, "60000.00"),
            ("Analysis handed over", "分析系统交付", "System and training", "系统与培训", "95% of stops have a cause", "停台原因记录率达到95%", 170, "84000.00"),
        ),
        comment_en="May our own electricians do the wiring? Then the second milestone costs less.",
        days=(64, 62, 55, 50, 48, 46, 45),
        order=(PartyRole.SUPPLY, PartyRole.DEMAND, PartyRole.WITNESS),
        signed=3,
    ),
    Content(
        title_en="Stenter heat recovery at Henglan",
        title_zh="恒澜印染定形机余热回收",
        demand="I-036",
        supply="I-001",
        scope_en="Survey, design, fit-out and trial run of heat recovery from the exhaust of two eight-chamber stenters.",
        scope_zh="两台八节定形机烟气余热回收的勘察、设计、安装与试运行。",
        aims_en="Steam and gas per tonne of fabric fall by 15% against the weeks 40 to 43, measured by the plant’s own meters.",
        aims_zh="以第40至43周为基线，每吨布蒸汽与天然气消耗降低15%，以厂内计量表为准。",
        refund_en="CNY 38,000 goes back to Party A if milestone 4 misses 15%.",
        refund_zh="里程碑4未达到15%的，向甲方退还38,000元。",
        brings={
            PartyRole.DEMAND: ("site access and CNY 238,000", "现场与238,000元"),
            PartyRole.SUPPLY: ("technology and two engineers", "技术与两名工程师"),
            PartyRole.WITNESS: ("supervision", "监督"),
        },
        milestones=(
            ("Site survey", "现场勘察", "Survey report with measured base values", "含基线实测值的勘察报告", "Both stenters are measured for a week", "两台设备各实测一周", 28, "40000.00"),
            ("Design accepted", "设计确认", "Drawings and list of parts", "图纸与部件清单", "Signed by the plant’s safety officer", "经厂安全负责人签字", 56, "60000.00"),
            ("Fit-out", "安装", "Heat exchangers in operation", "换热器投运", "Seven days of operation without a stop", "连续运行七天无停机", 102, "90000.00"),
            ("15% saving shown", "节能15%达标", "Measured report over four weeks", "四周实测报告", "15% less steam and gas per tonne", "吨布蒸汽与天然气降低15%", 144, "38000.00"),
            ("Three-party review", "三方评议", "Final report", "总结报告", "Accepted by all three parties", "三方确认", 168, "10000.00"),
        ),
        comment_en="We need the survey before the plant stops for Spring Festival.",
        days=(20, 18, 14, 12, 11, 9, 0),
        order=(PartyRole.SUPPLY, PartyRole.WITNESS, PartyRole.DEMAND),
        signed=2,
    ),
    Content(
        title_en="Check-up of warping and sizing",
        title_zh="整经浆纱工艺诊断",
        demand="I-038",
        supply="I-059",
        scope_en="One week in the plant: tension, size pick-up and breaks on four warping machines, with a list of what to change first.",
        scope_zh="驻厂一周：四台整经机的张力、上浆率与断头，给出优先改造清单。",
        aims_en="Warp breaks fall by 20% on the two styles measured before.",
        aims_zh="以改造前实测的两个品种为准，经纱断头减少20%。",
        refund_en="Half of the last payment is returned if breaks fall by less than 10%.",
        refund_zh="断头减少不足10%的，退还末次付款的一半。",
        brings={
            PartyRole.DEMAND: ("machines and shift records", "设备与班次记录"),
            PartyRole.SUPPLY: ("two engineers and gauges", "两名工程师与测量仪器"),
            PartyRole.WITNESS: ("one officer to follow the work", "一名跟踪经办人"),
        },
        milestones=(
            ("Check-up done", "诊断完成", "List of changes", "改造清单", "Each change has its cost and effect", "逐项列明成本与效果", 30, "28000.00"),
            ("Effect shown", "效果验证", "Measured report", "实测报告", "20% fewer breaks over four weeks", "四周断头减少20%", 90, "32000.00"),
        ),
        comment_en="Our records begin in September; is that enough for the base value?",
        days=(6, 5, 2),
        order=(PartyRole.DEMAND, PartyRole.SUPPLY, PartyRole.WITNESS),
        signed=NOT_YET,
    ),
)  # fmt: skip


def load_contracts(alliance: Alliance, *, flavour: str, data_dir: Path, at: datetime) -> None:  # noqa: ARG001 - the content stands here
    """Load the invented contracts; running it again adds nothing, and without the accounts of the demonstration neither."""
    if flavour != WEAVING:
        return
    present = set(Contract.objects.of(alliance).values_list("title_en", flat=True))
    office = RoleAssignment.objects.of(alliance).at(at).filter(role=AllianceRole.SECRETARIAT).select_related("user").first()
    if office is None:
        return
    for content in CONTRACTS:
        people = people_of_content(alliance, content, at)
        if content.title_en in present or people is None:
            continue
        load_content(alliance, content, people, office.user, at)


def people_of_content(alliance: Alliance, content: Content, at: datetime) -> dict[str, User] | None:
    """Who acts for the two sides; None where one of them has nobody."""
    people = {role: person_of(alliance, code, at) for role, code in sides_of(content).items()}
    found = {role: one for role, one in people.items() if one}
    return found if len(found) == len(people) else None


def sides_of(content: Content) -> dict[str, str]:
    """Institutions of the two sides, by role."""
    return {PartyRole.DEMAND: content.demand, PartyRole.SUPPLY: content.supply}


def person_of(alliance: Alliance, code: str, at: datetime) -> User | None:
    """The representative who acts for an institution; None where the demonstration has no account of it."""
    if not Institution.objects.of(alliance).active().filter(code=code).exists():
        return None
    staff = (
        InstitutionStaff.objects.of(alliance)
        .at(at)
        .filter(institution__code=code, role=StaffRole.REPRESENTATIVE)
        .select_related("user")
        .order_by("-user__is_demonstration", "pk")
        .first()
    )
    return staff.user if staff else None


def draft_of(content: Content, first_day: date, *, is_first: bool) -> Draft:
    """The terms of a content; the first version of a talk asks for less."""
    days = [first_day + timedelta(days=row[6]) for row in content.milestones]
    milestones = tuple(
        Milestone(*row[:6], due_on=day, amount=Decimal(row[7])) for row, day in zip(content.milestones, days, strict=True)
    )
    if is_first:  # the first version of a talk: the last milestone is paid less, and the shares differ
        last = milestones[-1]
        milestones = (
            *milestones[:-1],
            Milestone(
                last.title_en,
                last.title_zh,
                last.deliverable_en,
                last.deliverable_zh,
                last.test_en,
                last.test_zh,
                last.due_on,
                last.amount - 5000,
            ),
        )
    shares = ("30", "60", "10") if is_first else ("20", "70", "10")
    return Draft(
        title_en=content.title_en,
        title_zh=content.title_zh,
        scope_en=content.scope_en,
        scope_zh=content.scope_zh,
        aims_en=content.aims_en,
        aims_zh=content.aims_zh,
        starts_on=first_day,
        ends_on=days[-1] + timedelta(days=10),
        milestones=milestones,
        shares={role: Decimal(share) for role, share in zip(PartyRole.values, shares, strict=True)},
        share_years=3,
        basis_en="net income from licences of the results",
        basis_zh="成果许可净收益",
        owner=ResultsOwner.JOINT,
        refund_en=content.refund_en,
        refund_zh=content.refund_zh,
        risk_en="Stops of the plant that both sides did not foresee extend the term; each side bears its own cost.",
        risk_zh="双方均未预见的停产，期限顺延，各自承担本方费用。",
        brings=content.brings,
    )


def load_content(alliance: Alliance, content: Content, people: dict[str, User], office: User, at: datetime) -> None:
    """Make one contract with its terms, agreements and signatures, at its moments."""
    people = {**people, PartyRole.WITNESS: office}
    noon = datetime.combine(timezone.localdate(at), time(10), tzinfo=timezone.get_default_timezone())
    moments = [min(noon - timedelta(days=days), at) for days in content.days]
    started, first, second, *later = moments
    contract = start_contract(
        alliance,
        None,
        demand=content.demand,
        supply=content.supply,
        title_en=content.title_en,
        title_zh=content.title_zh,
        actor=office,
        at=started,
    )
    code = contract.code
    arrange_contract(
        alliance,
        code,
        places={role: place for place, role in enumerate(content.order, start=1)},
        needed=dict.fromkeys(PartyRole.values, 1),
        actor=office,
        at=started + MINUTE,
    )
    named = set(contract.signatories.values_list("user_id", flat=True))
    for role, person in people.items():
        if person.pk not in named:
            name_signatory(alliance, code, role=role, user=person, actor=person, at=started + 2 * MINUTE)
    first_day = timezone.localdate(at) + timedelta(days=10 - content.days[0] + 20)
    propose_terms(
        alliance,
        code,
        role=PartyRole.SUPPLY,
        draft=draft_of(content, first_day, is_first=True),
        base=0,
        note="",
        actor=people[PartyRole.SUPPLY],
        at=first,
    )
    comment_terms(
        alliance,
        code,
        number=1,
        section="milestone-1",
        role=PartyRole.DEMAND,
        words=content.comment_en,
        actor=people[PartyRole.DEMAND],
        at=first + timedelta(hours=5),
    )
    terms = propose_terms(
        alliance,
        code,
        role=PartyRole.SUPPLY,
        draft=draft_of(content, first_day, is_first=False),
        base=1,
        note="Price of the last milestone and shares as talked over / 末期付款与分配比例已按商谈结果修改",
        actor=people[PartyRole.SUPPLY],
        at=second,
    )
    if content.signed == NOT_YET:
        return
    agreed, *signing = later
    for hours, role in enumerate(content.order):
        agree_terms(
            alliance,
            code,
            number=terms.number,
            sha256=terms.sha256,
            role=role,
            actor=people[role],
            at=agreed + timedelta(hours=hours),
        )
    for role, moment in zip(content.order[: content.signed], signing, strict=False):
        sign_contract(
            alliance,
            code,
            sha256=terms.sha256,
            methods="password",
            authenticated_at=moment - MINUTE,
            actor=people[role],
            at=moment,
        )
    if content.signed == len(content.order):
        seal_contract(alliance, contract.pk, at=signing[-1] + MINUTE)
    else:
        remind_party(alliance, code, actor=office, at=at - timedelta(days=3))
