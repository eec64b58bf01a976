"""Two invented contracts of the invented alliance that are carried out: one under way, one completed; through the actions."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from django.utils import timezone

from alliance.choices import AllianceRole
from alliance.kernel.demo import WEAVING
from alliance.models import RoleAssignment
from services.actions.demo_contracts import Content, load_content, person_of
from services.actions.execution import accept_milestone, complete_contract, hand_over_milestone, return_milestone
from services.actions.execution_payment import confirm_payment, record_payment
from services.choices import PartyRole
from services.models import Contract

if TYPE_CHECKING:
    from pathlib import Path

    from alliance.models import Alliance, User

UNDER_WAY: Final = Content(
    title_en="Membrane filtration of the rinsing water",
    title_zh="漂洗水膜过滤处理",
    demand="I-036",
    supply="I-001",
    scope_en="Measuring, design, fit-out and start-up of a membrane line that returns rinsing water to two dyeing machines.",
    scope_zh="两台染色机漂洗水膜法回用线的实测、设计、安装与投运。",
    aims_en="60% of the rinsing water is used again; fresh water per tonne of fabric falls by 30% against the base weeks.",
    aims_zh="漂洗水回用率达到60%；每吨布新鲜水用量较基线周降低30%。",
    refund_en="CNY 20,000 goes back if less than 45% is used again.",
    refund_zh="回用率低于45%的，退还20,000元。",
    brings={
        PartyRole.DEMAND: ("the dyehouse, water meters and one process engineer", "印染车间、水表和一名工艺工程师"),
        PartyRole.SUPPLY: ("three engineers and the pilot membranes", "三名工程师和中试膜组件"),
        PartyRole.WITNESS: ("one officer to follow the work", "一名跟踪经办人"),
    },
    milestones=(
        ("Water balance", "水平衡测试", "Report with base values", "含基线值的测试报告", "Two machines are measured for two weeks", "两台设备各实测两周", 30, "30000.00"),
        ("Membrane line in operation", "膜线投运", "Line with controls", "膜处理线及控制系统", "Seven days without a stop", "连续运行七天无停机", 125, "90000.00"),
        ("Training and manual", "培训与手册", "Manual and training of two shifts", "操作手册与两个班组培训", "Each shift runs the line alone", "各班组独立操作", 128, "20000.00"),
        ("Saving shown", "节水验证", "Measured report over four weeks", "四周实测报告", "60% of the rinsing water used again", "漂洗水回用率60%", 165, "40000.00"),
    ),
    comment_en="Can the line be built while the second machine runs?",
    days=(150, 148, 141, 138, 136, 134, 133),
    order=(PartyRole.SUPPLY, PartyRole.DEMAND, PartyRole.WITNESS),
    signed=3,
)  # fmt: skip
DONE: Final = Content(
    title_en="Energy check of compressed air",
    title_zh="压缩空气系统节能诊断",
    demand="I-035",
    supply="I-001",
    scope_en="Measuring of the compressor station and its net, a list of leaks, a new schedule of pressures.",
    scope_zh="空压站与管网实测、漏点清单、压力分级调度方案。",
    aims_en="Power of the station per cubic metre falls by 12% against March.",
    aims_zh="以3月为基线，单位产气电耗降低12%。",
    refund_en="Half of the last payment is returned if it falls by less than 6%.",
    refund_zh="降低不足6%的，退还末次付款的一半。",
    brings={
        PartyRole.DEMAND: ("the station, meters and an electrician", "空压站、电表和一名电工"),
        PartyRole.SUPPLY: ("two engineers and ultrasonic gauges", "两名工程师与超声检漏仪"),
        PartyRole.WITNESS: ("one officer to follow the work", "一名跟踪经办人"),
    },
    milestones=(
        ("Measured and leaks listed", "实测与漏点清单", "Report and list of leaks", "实测报告与漏点清单", "Each leak is marked on site", "漏点逐一现场标识", 60, "18000.00"),
        ("Saving shown", "节电验证", "Measured report over four weeks", "四周实测报告", "12% less power per cubic metre", "单位产气电耗降低12%", 200, "22000.00"),
    ),
    comment_en="Is the weaving hall part of the net?",
    days=(260, 258, 250, 246, 244, 242, 241),
    order=(PartyRole.SUPPLY, PartyRole.DEMAND, PartyRole.WITNESS),
    signed=3,
)  # fmt: skip
CONTRACTS: Final = (UNDER_WAY, DONE)


def load_execution(alliance: Alliance, *, flavour: str, data_dir: Path, at: datetime) -> None:  # noqa: ARG001 - the content stands here
    """Load the contracts that are carried out; running it again adds nothing, without the demonstration's accounts neither."""
    if flavour != WEAVING:
        return
    present = set(Contract.objects.of(alliance).values_list("title_en", flat=True))
    office = RoleAssignment.objects.of(alliance).at(at).filter(role=AllianceRole.SECRETARIAT).select_related("user").first()
    if office is None:
        return
    for content, carry in ((UNDER_WAY, _carry_out), (DONE, _complete)):
        demand, supply = person_of(alliance, content.demand, at), person_of(alliance, content.supply, at)
        if content.title_en in present or demand is None or supply is None:
            continue
        people = {PartyRole.DEMAND.value: demand, PartyRole.SUPPLY.value: supply}
        load_content(alliance, content, people, office.user, at)
        carry(_Work(alliance, Contract.objects.of(alliance).get(title_en=content.title_en).code, people, office.user, at))


class _Work:
    """The acts on one contract, each so many days ago."""

    def __init__(self, alliance: Alliance, code: str, people: dict[str, User], office: User, at: datetime) -> None:
        self.alliance, self.code, self.office = alliance, code, office
        self.demand, self.supply = people[PartyRole.DEMAND], people[PartyRole.SUPPLY]
        self.at = at

    def ago(self, days: int, hour: int = 10) -> datetime:
        """A moment some days ago, never a later one than the demonstration's present."""
        day = timezone.localdate(self.at) - timedelta(days=days)
        return min(datetime.combine(day, time(hour), tzinfo=timezone.get_default_timezone()), self.at)

    def hand(self, number: int, words: str, days: int) -> None:
        """Hand over."""
        hand_over_milestone(self.alliance, self.code, number, words=words, actor=self.supply, at=self.ago(days))

    def accept(self, number: int, days: int) -> None:
        """Accept."""
        accept_milestone(self.alliance, self.code, number, actor=self.demand, at=self.ago(days))

    def pay(self, number: int, amount: str, days: int, arrived: int) -> None:
        """Record a payment and confirm it."""
        paid = record_payment(
            self.alliance,
            self.code,
            number,
            role=PartyRole.DEMAND,
            amount=Decimal(amount),
            paid_on=timezone.localdate(self.ago(days)),
            reference=f"TR-{self.ago(days):%Y%m%d}-{number:02d}",
            actor=self.demand,
            at=self.ago(days, 15),
        )
        confirm_payment(self.alliance, self.code, paid.number, actor=self.supply, at=self.ago(arrived))


def _carry_out(work: _Work) -> None:
    work.hand(1, "Report of the two measuring weeks; the base values stand in table 4.", 96)
    work.accept(1, 91)
    work.pay(1, "30000.00", 80, 78)
    work.hand(3, "Manual, version 1, and the list of those trained.", 9)
    return_milestone(
        work.alliance,
        work.code,
        3,
        words="1. The cleaning of the membranes is missing.\n2. The night shift was not trained.",
        rework_by=timezone.localdate(work.at) + timedelta(days=7),
        actor=work.demand,
        at=work.ago(3),
    )
    work.hand(2, "The line ran from Monday to Sunday without a stop; the log of the controls is at hand.", 2)


def _complete(work: _Work) -> None:
    work.hand(1, "Report and list of 41 leaks, all marked on site.", 172)
    work.accept(1, 168)
    work.pay(1, "18000.00", 155, 153)
    work.hand(2, "Report over four weeks: 13.4% less power per cubic metre.", 34)
    work.accept(2, 28)
    work.pay(2, "22000.00", 20, 17)
    complete_contract(work.alliance, work.code, actor=work.office, at=work.ago(12))
