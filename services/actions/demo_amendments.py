"""Three more invented contracts of the invented alliance: one amended, one suspended, one ended early; through the actions."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from django.utils import timezone

from alliance.choices import AllianceRole
from alliance.kernel.demo import WEAVING
from alliance.models import RoleAssignment
from services.actions.amendment import start_amendment
from services.actions.contract_notice import answer_notice, give_notice
from services.actions.contract_sealing import seal_contract
from services.actions.contract_signing import sign_contract
from services.actions.contract_terms import agree_terms, propose_terms
from services.actions.demo_contracts import MINUTE, Content, load_content, person_of, sides_of
from services.choices import ContractState, NoticeKind, NoticeReason, PartyRole
from services.contract_text import draft_of
from services.models import Contract

if TYPE_CHECKING:
    from pathlib import Path

    from alliance.models import Alliance, User

_FOLLOWS: Final = ("one officer to follow the work", "一名跟踪经办人")

AMENDED: Final = Content(
    title_en="Reuse of rinsing water in the dyehouse",
    title_zh="染色车间漂洗水回用",
    demand="I-036",
    supply="I-059",
    scope_en="Survey of four jet dyeing machines, pipes and tanks for the reuse of the last rinse, control by conductivity.",
    scope_zh="四台溢流染色机勘察，末道漂洗水回用的管路与水箱，按电导率控制。",
    aims_en="Fresh water per kilogram of fabric falls from 62 to 48 litres, measured over four weeks.",
    aims_zh="每公斤织物新鲜水用量由62升降至48升，连续四周实测。",
    refund_en="A third of the last payment is returned if the use stays above 54 litres.",
    refund_zh="用量仍高于54升的，退还末次付款的三分之一。",
    brings={
        PartyRole.DEMAND: ("machines, tanks and shift records", "设备、水箱与班次记录"),
        PartyRole.SUPPLY: ("two engineers and the control cabinet", "两名工程师与控制柜"),
        PartyRole.WITNESS: _FOLLOWS,
    },
    milestones=(
        ("Survey", "勘察", "Report on flows and quality", "水量水质报告", "Every machine is measured for a week", "逐台实测一周", 30, "32000.00"),
        ("First machine", "首台改造", "One machine on reused water", "一台机器使用回用水", "No shade differs by more than 0.6", "色差不大于0.6", 85, "48000.00"),
        ("All machines", "全部改造", "Four machines on reused water", "四台机器使用回用水", "48 litres per kilogram", "每公斤48升", 150, "70000.00"),
    ),
    comment_en="Our quality department wants the shade in the criterion.",
    days=(118, 116, 110, 106, 104, 103, 101),
    order=(PartyRole.SUPPLY, PartyRole.DEMAND, PartyRole.WITNESS),
    signed=3,
)  # fmt: skip
SUSPENDED: Final = Content(
    title_en="Air leaks and compressor control",
    title_zh="压缩空气泄漏治理与空压机联控",
    demand="I-038",
    supply="I-001",
    scope_en="Leak search in the weaving hall, repair list, joint control of three compressors.",
    scope_zh="织造车间查漏、维修清单与三台空压机联控。",
    aims_en="Electricity for compressed air falls by 18% per thousand metres of cloth.",
    aims_zh="每千米布压缩空气电耗降低18%。",
    refund_en="CNY 12,000 is returned if less than 10% is saved.",
    refund_zh="节电不足10%的，退还12,000元。",
    brings={
        PartyRole.DEMAND: ("the hall, meters and an electrician", "车间、计量表和一名电工"),
        PartyRole.SUPPLY: ("two engineers and ultrasonic gauges", "两名工程师与超声检漏仪"),
        PartyRole.WITNESS: _FOLLOWS,
    },
    milestones=(
        ("Leak map", "泄漏图", "Map and repair list", "泄漏图与维修清单", "Each leak has its place and flow", "逐点列明位置与流量", 40, "24000.00"),
        ("Joint control", "联控投运", "Three compressors under one control", "三台空压机联控", "14 days without a fall of pressure", "连续14天压力稳定", 110, "46000.00"),
    ),
    comment_en="The hall stands still for maintenance in November; please plan with it.",
    days=(92, 90, 84, 80, 79, 78, 76),
    order=(PartyRole.DEMAND, PartyRole.SUPPLY, PartyRole.WITNESS),
    signed=3,
)  # fmt: skip
ENDED: Final = Content(
    title_en="Digital sampling of jacquard patterns",
    title_zh="提花花型数字打样",
    demand="I-035",
    supply="I-001",
    scope_en="Digital samples of 200 jacquard patterns with a library of yarns.",
    scope_zh="200个提花花型的数字打样与纱线库。",
    aims_en="A sample is ready in two days instead of nine.",
    aims_zh="打样周期由九天缩短至两天。",
    refund_en="Half of the last payment is returned if it takes more than four days.",
    refund_zh="打样超过四天的，退还末次付款的一半。",
    brings={
        PartyRole.DEMAND: ("patterns and yarn cards", "花型与色卡"),
        PartyRole.SUPPLY: ("one designer and the software", "一名设计师与软件"),
        PartyRole.WITNESS: _FOLLOWS,
    },
    milestones=(
        ("Library of yarns", "纱线库", "120 yarns scanned", "120种纱线入库", "Each with colour and count", "逐种列明颜色与支数", 35, "18000.00"),
        ("200 patterns", "200个花型", "200 digital samples", "200个数字样", "Two days for a sample", "两天出样", 120, "42000.00"),
    ),
    comment_en="Our patterns must not leave the company’s network.",
    days=(104, 102, 96, 92, 91, 90, 88),
    order=(PartyRole.SUPPLY, PartyRole.DEMAND, PartyRole.WITNESS),
    signed=3,
)  # fmt: skip
CONTENTS: Final = (AMENDED, SUSPENDED, ENDED)


def load_amendments(alliance: Alliance, *, flavour: str, data_dir: Path, at: datetime) -> None:  # noqa: ARG001 - the content stands here
    """Load them; running it again adds nothing, and without the accounts of the demonstration neither."""
    if flavour != WEAVING:
        return
    present = set(Contract.objects.of(alliance).values_list("title_en", flat=True))
    office = RoleAssignment.objects.of(alliance).at(at).filter(role=AllianceRole.SECRETARIAT).select_related("user").first()
    if office is None:
        return
    noon = datetime.combine(timezone.localdate(at), time(11), tzinfo=timezone.get_default_timezone())
    for content in CONTENTS:
        found = {role: person_of(alliance, code, at) for role, code in sides_of(content).items()}
        people = {role: one for role, one in found.items() if one is not None}
        if content.title_en in present or len(people) < len(found):
            continue
        load_content(alliance, content, people, office.user, at)
        contract = (
            Contract.objects.of(alliance)
            .filter(title_en=content.title_en, state=ContractState.IN_FORCE)
            .select_related("in_effect")
            .first()
        )
        if contract is None:
            continue
        if content is AMENDED:
            _amend(alliance, contract, content, {**people, PartyRole.WITNESS: office.user}, min(noon, at))
        elif content is SUSPENDED:
            _suspend(alliance, contract, people, min(noon, at))
        else:
            _end(alliance, contract, people, min(noon, at))


def _amend(alliance: Alliance, contract: Contract, content: Content, people: dict[str, User], noon: datetime) -> None:
    """The last milestone takes longer and costs more; signed and sealed three weeks ago."""
    begun = noon - timedelta(days=34)
    amendment = start_amendment(
        alliance,
        contract.code,
        role=PartyRole.SUPPLY,
        words="The fourth machine needs a tank of its own; the last milestone takes three weeks longer.",
        actor=people[PartyRole.SUPPLY],
        at=begun,
    )
    assert contract.in_effect is not None  # noqa: S101 - a contract in force has terms, a constraint keeps that
    draft = draft_of(contract.in_effect.content)
    last = draft.milestones[-1]
    later = replace(last, due_on=last.due_on + timedelta(days=21), amount=last.amount + Decimal(9500))
    terms = propose_terms(
        alliance,
        amendment.code,
        role=PartyRole.SUPPLY,
        draft=replace(
            draft, milestones=(*draft.milestones[:-1], later), ends_on=max(draft.ends_on, later.due_on + timedelta(days=10))
        ),
        base=1,
        note="Last milestone three weeks later, with the tank",
        actor=people[PartyRole.SUPPLY],
        at=begun + timedelta(days=1),
    )
    for days, role in enumerate(content.order, start=3):
        agree_terms(
            alliance,
            amendment.code,
            number=terms.number,
            sha256=terms.sha256,
            role=role,
            actor=people[role],
            at=begun + timedelta(days=days),
        )
    moment = begun
    for days, role in enumerate(content.order, start=7):
        moment = begun + timedelta(days=days)
        sign_contract(
            alliance,
            amendment.code,
            sha256=terms.sha256,
            methods="password",
            authenticated_at=moment - MINUTE,
            actor=people[role],
            at=moment,
        )
    seal_contract(alliance, amendment.pk, at=moment + MINUTE)


def _suspend(alliance: Alliance, contract: Contract, people: dict[str, User], noon: datetime) -> None:
    """The hall stands still for maintenance; both sides agreed twelve days ago."""
    notice = give_notice(
        alliance,
        contract.code,
        role=PartyRole.DEMAND,
        kind=NoticeKind.SUSPEND,
        reason=NoticeReason.STANDSTILL,
        words="The hall stands still for maintenance until the middle of next month; nothing can be measured before.",
        actor=people[PartyRole.DEMAND],
        at=noon - timedelta(days=14),
    )
    answer_notice(
        alliance,
        contract.code,
        number=notice.number,
        role=PartyRole.SUPPLY,
        agrees=True,
        words="Agreed; our engineers come back with the first shift.",
        actor=people[PartyRole.SUPPLY],
        at=noon - timedelta(days=12),
    )


def _end(alliance: Alliance, contract: Contract, people: dict[str, User], noon: datetime) -> None:
    """The pattern room was given up; both sides agreed to end it."""
    notice = give_notice(
        alliance,
        contract.code,
        role=PartyRole.DEMAND,
        kind=NoticeKind.TERMINATE,
        reason=NoticeReason.AIM_GONE,
        words="We give up our own pattern room; samples are bought from now on.",
        actor=people[PartyRole.DEMAND],
        at=noon - timedelta(days=22),
    )
    answer_notice(
        alliance,
        contract.code,
        number=notice.number,
        role=PartyRole.SUPPLY,
        agrees=True,
        words="Agreed. The yarn library as far as it stands is handed over.",
        actor=people[PartyRole.SUPPLY],
        at=noon - timedelta(days=18),
    )
