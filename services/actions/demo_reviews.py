"""Follow-ups and evaluations of invented contracts of the invented alliance, made through the actions at past moments."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from django.utils import timezone

from alliance.choices import AllianceRole
from alliance.kernel.demo import WEAVING
from alliance.kernel.working_days import add_working_days
from alliance.models import RoleAssignment, User
from services.actions.demo_contracts import CONTRACTS, Content, load_content, people_of_content
from services.actions.execution import accept_milestone, complete_contract, hand_over_milestone
from services.actions.execution_payment import confirm_payment, record_payment
from services.actions.follow_up import answer_follow_up, ask_follow_ups
from services.actions.review import give_review, open_review, reply_review, settle_review
from services.actions.review_appeal import UPHOLD, appeal_review, decide_appeal
from services.choices import ContractState, FollowUpState, PartyRole, Progress, ReviewCriterion
from services.models import Contract, ContractFollowUp
from services.selectors.follow_up import EVERY_DAYS
from services.selectors.review import may_decide

if TYPE_CHECKING:
    from pathlib import Path

    from alliance.models import Alliance

D, S, W = PartyRole.DEMAND, PartyRole.SUPPLY, PartyRole.WITNESS


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A contract whose work is over, with what the parties gave.

    Attributes:
        content: The contract.
        over: Days ago its work was over.
        sheets: Evaluator, evaluated, marks in the order of the criteria (0: left out), words; in the order of giving.
        reply: Evaluator, evaluated, words; None: no reply.
        appeal: Evaluator, evaluated, contested criteria, grounds; None: no appeal.
        decision: Criteria struck and reasons; None: the appeal is open.
    """

    content: Content
    over: int
    sheets: tuple[tuple[str, str, tuple[int, ...], str], ...]
    reply: tuple[str, str, str] | None = None
    appeal: tuple[str, str, tuple[str, ...], str] | None = None
    decision: tuple[tuple[str, ...], str] | None = None


def _content(source: Content, **fields: object) -> Content:
    """An invented contract like one of the others, between other parties and earlier."""
    return replace(source, signed=3, order=(S, D, W), **fields)  # type: ignore[arg-type]


EVALUATED: Final = (
    Evaluated(
        content=_content(
            CONTRACTS[2],
            title_en="Energy audit of two dyeing lines",
            title_zh="两条染色线能源审计",
            demand="I-036",
            supply="I-059",
            scope_en="Measured balance of steam, gas and water of two continuous dyeing lines, with a list of savings in order of payback.",
            scope_zh="两条连续染色线蒸汽、天然气与水的实测平衡，并按投资回收期列出节能措施。",
            aims_en="At least 8% of steam is found as savings with a payback under two years.",
            aims_zh="找出回收期两年以内的蒸汽节约潜力不低于8%。",
            milestones=(
                ("Measurements done", "实测完成", "Balance of both lines", "两条线的能量平衡", "Balances close within 5%", "平衡误差不超过5%", 60, "42000.00"),
                ("List of savings", "节能清单", "Report with payback of each measure", "含各项回收期的报告", "8% of steam found", "找出8%的蒸汽节约潜力", 140, "38000.00"),
            ),
            comment_en="Line 2 stands still in the second week; can you measure it in the first?",
            days=(290, 288, 284, 280, 278, 276, 275),
        ),
        over=100,
        sheets=(
            (S, D, (4, 3, 5, 5, 4), "Meters were ready a week late, after that everything we asked for was there."),
            (S, W, (5, 4, 5, 5, 5), ""),
            (W, D, (4, 4, 5, 5, 5), ""),
            (W, S, (5, 4, 4, 5, 5), "Papers complete at both milestones."),
            (D, W, (4, 5, 5, 0, 5), ""),
            (D, S, (5, 2, 4, 4, 5), "Very good list of measures. The report came nine days after the agreed day."),
        ),
        reply=(S, D, "That is right: the supplier of the meters was late. We told everybody on the same day."),
        appeal=(
            D,
            S,
            (ReviewCriterion.PUNCTUALITY,),
            "Line 2 could only be measured after the meters arrived; the article on duties extends the term in that case.",
        ),
        decision=(
            (ReviewCriterion.PUNCTUALITY,),
            "The meters came seven working days late, which extended the term. This mark no longer counts.",
        ),
    ),
    Evaluated(
        content=_content(
            CONTRACTS[2],
            title_en="Training of weaving technicians in quality control",
            title_zh="织造技术员质量控制培训",
            demand="I-038",
            supply="I-001",
            scope_en="Three courses of four days for 24 technicians, with exercises on the plant’s own fabrics.",
            scope_zh="面向24名技术员举办三期培训，每期四天，以本厂坯布为练习材料。",
            aims_en="At least 20 of 24 pass the practical test.",
            aims_zh="24人中不少于20人通过实操考核。",
            milestones=(
                ("First two courses held", "前两期培训", "Attendance and exercises", "签到与练习材料", "16 technicians took part", "16名技术员参加", 60, "24000.00"),
                ("Practical test", "实操考核", "Results of the test", "考核结果", "20 of 24 pass", "24人中20人通过", 160, "24000.00"),
            ),
            comment_en="May the third course take place after the Dragon Boat Festival?",
            days=(220, 218, 214, 210, 208, 206, 205),
        ),
        over=24,
        sheets=(
            (D, S, (5, 5, 4, 5, 5), "Practical and well prepared; 22 of 24 passed."),
            (D, W, (4, 4, 4, 0, 4), ""),
            (S, D, (4, 4, 2, 4, 3), "Three of our mails about the rooms were answered only after a call."),
            (S, W, (5, 5, 5, 5, 5), ""),
            (W, D, (4, 4, 4, 5, 5), ""),
            (W, S, (5, 5, 5, 5, 5), ""),
        ),
        appeal=(
            S,
            D,
            (ReviewCriterion.COOPERATION, ReviewCriterion.FAIRNESS),
            "Two of the three mails went to an address that we had reported as closed three working days before, as clause 13 asks.",
        ),
    ),
    Evaluated(
        content=_content(
            CONTRACTS[2],
            title_en="Survey of noise in the weaving hall",
            title_zh="织造车间噪声调查",
            demand="I-035",
            supply="I-001",
            scope_en="Measurement of noise at 60 places in three shifts, with measures in order of cost.",
            scope_zh="三个班次60个测点的噪声测量，并按成本排序提出措施。",
            aims_en="Every workplace above 85 dB(A) has a measure.",
            aims_zh="85 dB(A)以上的岗位均有对应措施。",
            milestones=(
                ("Measurements done", "测量完成", "Readings of 60 places", "60个测点的读数", "Three shifts measured", "三个班次均已测量", 40, "18000.00"),
                ("Measures proposed", "提出措施", "Report with costs", "含费用的报告", "A measure for every workplace above 85 dB(A)", "85 dB(A)以上岗位均有措施", 95, "16000.00"),
            ),
            comment_en="Please measure the old hall in the night shift too.",
            days=(130, 128, 124, 120, 118, 116, 115),
        ),
        over=6,
        sheets=(
            (S, D, (5, 4, 4, 5, 5), ""),
            (S, W, (4, 4, 5, 5, 5), ""),
            (D, S, (4, 5, 5, 5, 5), "Careful work at night as well."),
        ),
    ),
)  # fmt: skip


def load_reviews(alliance: Alliance, *, flavour: str, data_dir: Path, at: datetime) -> None:  # noqa: ARG001 - the content stands here
    """Load follow-ups and evaluations; running it again adds nothing, and without the accounts of the demonstration neither."""
    if flavour != WEAVING:
        return
    _follow_up(alliance, at)
    present = set(Contract.objects.of(alliance).values_list("title_en", flat=True))
    office = RoleAssignment.objects.of(alliance).at(at).filter(role=AllianceRole.SECRETARIAT).select_related("user").first()
    if office is None:
        return
    for one in EVALUATED:
        people = people_of_content(alliance, one.content, at)
        if one.content.title_en in present or people is None:
            continue
        load_content(alliance, one.content, people, office.user, at)
        contract = Contract.objects.of(alliance).get(title_en=one.content.title_en)
        _evaluate(alliance, contract, one, {**people, W: office.user}, at)


def _morning(at: datetime, days: int) -> datetime:
    noon = datetime.combine(timezone.localdate(at), time(9, 30), tzinfo=timezone.get_default_timezone())
    return min(noon - timedelta(days=days), at)


def _follow_up(alliance: Alliance, at: datetime) -> None:
    """The first question of the contract in force: one side is content, the other one wants a call."""
    content = CONTRACTS[0]
    contract = Contract.objects.of(alliance).filter(title_en=content.title_en, state=ContractState.IN_FORCE).first()
    people = people_of_content(alliance, content, at)
    if contract is None or contract.signed_at is None or people is None:
        return
    asked_at = contract.signed_at + timedelta(days=EVERY_DAYS, hours=1)
    if asked_at > at or ContractFollowUp.objects.of(alliance).filter(contract=contract).exists():
        return
    ask_follow_ups(alliance, contract.code, at=asked_at)
    answers = (
        (D, Progress.ON_TRACK, 4, False, "All controllers are listed; the second hall follows next week."),
        (
            S,
            Progress.AT_RISK,
            2,
            True,
            "We wait for access to the network of hall 2. Please help us reach the right person.",
        ),
    )
    for hours, (role, progress, cooperation, wants_help, words) in enumerate(answers, start=20):
        moment = asked_at + timedelta(hours=hours)
        for row in ContractFollowUp.objects.of(alliance).filter(contract=contract, role=role, state=FollowUpState.ASKED):
            if moment <= at:
                answer_follow_up(
                    alliance,
                    contract.code,
                    role,
                    row.number,
                    progress=progress,
                    cooperation=cooperation,
                    wants_help=wants_help,
                    words=words,
                    actor=people[role],
                    at=moment,
                )


def _carry_out(alliance: Alliance, contract: Contract, people: dict[str, User], *, over: datetime) -> None:
    """Every milestone is handed over shortly before its day, accepted and paid; then the witness closes the contract."""
    code = contract.code
    for number, milestone in enumerate(contract.in_effect.content["milestones"] if contract.in_effect else (), start=1):
        due = datetime.combine(date.fromisoformat(milestone["due_on"]), over.timetz())
        handed = min(due - timedelta(days=2), over - timedelta(days=8))
        words = str(milestone["deliverable_en"] or milestone["deliverable_zh"])
        hand_over_milestone(alliance, code, number, words=words, actor=people[S], at=handed)
        accept_milestone(alliance, code, number, actor=people[D], at=handed + timedelta(days=2))
        paid_at = handed + timedelta(days=4)
        payment = record_payment(
            alliance,
            code,
            number,
            role=D,
            amount=Decimal(milestone["amount"]),
            paid_on=timezone.localdate(paid_at),
            reference=f"TR-{paid_at:%Y%m%d}-{number:02d}",
            actor=people[D],
            at=paid_at,
        )
        confirm_payment(alliance, code, payment.number, actor=people[S], at=handed + timedelta(days=5))
    complete_contract(alliance, code, actor=people[W], at=over)


def _evaluate(alliance: Alliance, contract: Contract, one: Evaluated, people: dict[str, User], at: datetime) -> None:
    over = _morning(at, one.over)
    code = contract.code
    if contract.state == ContractState.IN_FORCE:
        _carry_out(alliance, contract, people, over=over)
    open_review(alliance, code, at=over)
    moment = over
    for by, of, marks, words in one.sheets:
        moment = add_working_days(moment, 1).replace(hour=11, minute=20, second=0)
        given = {criterion: mark for criterion, mark in zip(ReviewCriterion.values, marks, strict=True) if mark}
        give_review(alliance, code, by=by, of=of, marks=given, words=words, actor=people[by], at=min(moment, at))
    if one.reply is not None:
        by, of, words = one.reply
        moment = add_working_days(moment, 1).replace(hour=10, minute=5, second=0)
        reply_review(alliance, code, by=by, of=of, words=words, actor=people[of], at=min(moment, at))
    if one.appeal is None:
        return
    by, of, criteria, grounds = one.appeal
    moment = add_working_days(moment, 2).replace(hour=15, minute=40, second=0)
    appeal_review(alliance, code, by=by, of=of, criteria=criteria, grounds=grounds, actor=people[of], at=min(moment, at))
    judge = _judge(alliance, contract, at)
    if one.decision is None or judge is None:
        return
    struck, reasons = one.decision
    moment = add_working_days(moment, 5).replace(hour=16, minute=10, second=0)
    decide_appeal(
        alliance, code, by=by, of=of, verdict=UPHOLD, struck=struck, words=reasons, actor=judge, at=min(moment, at)
    )
    settle_review(alliance, code, at=min(moment + timedelta(days=20), at))


def _judge(alliance: Alliance, contract: Contract, at: datetime) -> User | None:
    """Somebody of the committee who may decide."""
    held = (
        RoleAssignment.objects.of(alliance).at(at).filter(role=AllianceRole.COMMITTEE).select_related("user").order_by("pk")
    )
    return next((row.user for row in held if may_decide(contract, row.user)), None)
