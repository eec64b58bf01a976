"""Demonstration content of the operational layer: thirteen invented products in the states of the mocks.

Only the invented alliance has products; nothing is made up about real institutions. Pilots run through the real workflow at
past moments, and the release through the real action, so that the catalogue and the targets learn of it by events.
"""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Q
from django.utils import timezone

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.choices import AllianceRole
from alliance.kernel.demo import WEAVING
from alliance.models import RoleAssignment, User
from groups.actions.conflict import screen_open_matters
from groups.choices import GroupKind
from members.models import Institution
from operations.actions.announce import ask, move
from operations.actions.demo_parts import add_parts, keep_tried
from operations.actions.demo_trial import amend, settle_sites, take_up_again
from operations.actions.plan import keep_plan
from operations.actions.point import raise_point, said
from operations.actions.product import carry_out_release, lock_product, retire_product
from operations.actions.workflow import advance_pilot
from operations.choices import (
    DefectSeverity,
    ParticipantState,
    PointSource,
    PointState,
    ProductState,
    ReadingPhase,
    ReviewVerdict,
)
from operations.models import (
    CriterionScore,
    FeedbackPoint,
    Pilot,
    PilotCriterion,
    PilotFeedback,
    PilotMeasure,
    PilotParticipant,
    Product,
    ProductReview,
    Reading,
)
from operations.transitions import APPROVE, BEGIN_PILOT, SUBMIT

if TYPE_CHECKING:
    from pathlib import Path

    from alliance.models import Alliance

TODAY: Final = date(2026, 11, 21)
"""The day the invented content stands at; all its dates are moved with the day of loading."""

MARK: Final = Decimal("3.50")
"""Pass mark of every invented criterion, on scales from 1 to 5."""

GUIDE_CRITERIA: Final = (
    ("Clear instructions", "说明清楚"),
    ("Fits our machines", "适合本厂设备"),
    ("Saves cost", "节约成本"),
    ("Would recommend", "愿意推荐"),
)
COURSE_CRITERIA: Final = (
    ("A shift leader can follow it", "班组长能照做"),
    ("Fits our people", "适合本厂人员"),
    ("Did what it said", "达到说明的效果"),
    ("Worth the time", "所花的时间值得"),
)

COMMENTS: Final = (
    ("I-035", "Step 6 assumes an 80 °C bath. Ours holds 72 °C. Please add a table.", (4, 1, 4, 4)),
    ("I-038", "Saved 11% salt in the first week. Photos attached.", (5, 4, 5, 5)),
    ("I-036", "Could the video have Cantonese captions?", (2, 4, 4, 4)),
    ("I-035", "三段加盐我们改成两段，匀染没有变差。", (4, 4, 4, 5)),
    ("I-036", "电导仪读数与表中数值差一成，请写明校准方法。", (3, 2, 4, 4)),
    ("I-038", "深色皂洗两次费水，能否给出一次皂洗的条件？", (4, 3, 2, 4)),
    ("I-036", "Dosing pump starts at 2 L/min; the curve begins lower.", (4, 2, 3, 3)),
    ("I-035", "成本表里蒸汽单价写死了，请改成可填。", (4, 4, 2, 4)),
    ("I-038", "Please name two dyes that worked, not only the class.", (2, 4, 4, 3)),
    ("I-036", "夜班只有两人，第5步来不及称料。", (3, 1, 3, 3)),
    ("I-035", "ΔE under 1.0 on 9 of 10 batches.", (5, 5, 4, 5)),
    ("I-038", "与现有ERP配方格式对不上，录入花了半天。", (4, 2, 3, 3)),
    ("I-036", "The sample sheet prints on three pages; one would do.", (3, 4, 4, 4)),
    ("I-035", "弹力布缩率偏大，是否与升温有关？", (4, 2, 4, 3)),
    ("I-038", "Rework fell from 4 to 2 batches a month.", (5, 4, 5, 5)),
)
"""Invented words of pilot firms on P-029, with the scores of that answer."""

OPINIONS: Final = ((2, 3, 6, 18, 12), (5, 9, 11, 11, 5), (1, 4, 9, 16, 11), (2, 4, 7, 15, 13))
"""How often each score was given on the criteria of P-029, as in mock 03b."""

CHANGES: Final[dict[str, tuple[tuple[str, str, bool], ...]]] = {
    "P-029": (
        ("Add low-temperature table", "增加低温对照表", True),
        ("Shorten video to 6 min", "视频缩短到6分钟", True),
        ("State how to calibrate the conductivity meter", "写明电导仪校准方法", True),
        ("Let the steam price be filled in", "蒸汽单价改为可填", True),
        ("Cantonese captions", "增加粤语字幕", False),
        ("Name two dyes that worked", "列出两种试用有效的染料", False),
        ("Night-shift version of step 5", "第5步增加夜班做法", False),
        ("Sample sheet on one page", "试样记录表改为一页", False),
        ("Note on elastane shrinkage", "说明含氨纶织物的缩率", False),
    ),
    "P-026": (
        ("Module on suction fans of water-jet looms", "增加喷水织机抽吸风机模块", False),
        ("Module on sizing cylinders", "增加浆纱烘筒模块", False),
        ("Say which clamp meters are good enough", "写明可用的钳形表型号要求", False),
        ("Worked example with a two-shift mill", "增加两班制织厂算例", False),
        ("Shorter form for the second visit", "缩短复查用表", False),
        ("Sheet in metric units only", "表格只用公制单位", True),
    ),
    "P-027": (
        ("Night-shift version with few hands", "增加夜班少人版本", False),
        ("Put the telephone numbers on every page", "每页印上应急电话", True),
        ("Bigger type for the posters", "海报字号放大", True),
    ),
}


@dataclass(frozen=True, slots=True)
class Round:
    """One invented round.

    Attributes:
        answers: How many people answered.
        mood: Mean score aimed at, 1 to 5, by criterion.
        begins: First day, as in the content.
        ends: Last day.
        closes_itself: See the model.
    """

    answers: int
    mood: tuple[float, float, float, float]
    begins: str
    ends: str
    closes_itself: bool = True


ROUNDS: Final[dict[str, Round]] = {
    "P-029": Round(41, (3.9, 3.0, 3.8, 3.8), "2026-10-21", "2026-11-18", closes_itself=False),
    "P-030": Round(12, (4.1, 4.0, 3.9, 4.2), "2026-11-03", "2026-12-19"),
    "P-031": Round(27, (3.8, 4.0, 3.7, 3.9), "2026-11-05", "2026-12-22"),
    "P-032": Round(4, (4.0, 4.3, 3.8, 4.0), "2026-11-10", "2026-12-30"),
    "P-026": Round(33, (4.1, 3.2, 3.9, 3.8), "2026-09-28", "2026-10-29"),
    "P-027": Round(18, (4.2, 3.9, 3.3, 4.0), "2026-10-08", "2026-11-01"),
    "P-021": Round(36, (4.5, 4.3, 4.2, 4.6), "2026-09-20", "2026-10-25"),
    "P-014": Round(11, (4.2, 4.0, 4.1, 4.0), "2024-03-04", "2024-04-12"),
}
EARLIER: Final[dict[str, Round]] = {"P-021": Round(24, (4.1, 3.1, 3.4, 3.9), "2026-07-20", "2026-08-21")}
"""A first round that did not pass, so that there is something to compare with."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """An invented measure.

    Attributes:
        name_en: Its name in English.
        name_zh: In Chinese.
        unit: What it is counted in.
        minimum: Change for the better asked for, in percent; None: reported only.
        before: Mean before the trial.
        after: Mean after it, by round.
    """

    name_en: str
    name_zh: str
    unit: str
    minimum: int | None
    before: float
    after: tuple[float, ...]


QUANTITIES: Final[dict[str, tuple[Quantity, ...]]] = {
    "P-029": (
        Quantity("Salt in the bath", "染浴用盐量", "g/l", 20, 62.0, (45.0,)),
        Quantity("Batches dyed again in a month", "每月回修批数", "", None, 4.0, (2.8,)),
    ),
    "P-021": (
        Quantity("Time to grade a roll", "每卷检验用时", "min", 10, 14.0, (13.4, 11.2)),
        Quantity("Disputed grades in 100 rolls", "每百卷评级争议", "", None, 9.0, (8.1, 5.2)),
    ),
    "P-030": (
        Quantity(
            "Grades that two testers give differently, of 20", "两人评级不一致的试样数（每20个）", "", None, 6.0, (4.3,)
        ),
    ),
    "P-031": (Quantity("Late orders of 100", "每百单迟交", "", 10, 12.0, (9.4,)),),
    "P-032": (Quantity("Noise at the loom", "织机旁噪声", "dB(A)", None, 94.0, (91.5,)),),
    "P-026": (Quantity("Electricity for a tonne of cloth", "吨布用电", "kWh/t", 5, 1850.0, (1790.0,)),),
    "P-027": (Quantity("Time until all are at the assembly point", "全员到集合点用时", "min", None, 6.5, (4.8,)),),
    "P-014": (Quantity("Dust in the opening room", "开清棉间粉尘浓度", "mg/m³", None, 3.1, (2.3,)),),
}
"""Measures of which less is better."""
VALUES_EACH: Final = (10, 10, 5)
"""Values before and after at the first, second and third site: the third has too few for an interval."""


@dataclass(frozen=True, slots=True)
class Said:
    """An invented point of feedback and the makers' answer.

    Attributes:
        round: Round in which it was said.
        firm: Institution that said it.
        text_en: The words, when they are English.
        text_zh: The words, when they are Chinese.
        severity: For a defect.
        state: What became of it.
        answer: The answer, in the language of the words.
    """

    round: int
    firm: str
    text_en: str
    text_zh: str
    severity: str
    state: str
    answer: str


SAID: Final[dict[str, tuple[Said, ...]]] = {
    "P-021": (
        Said(
            1,
            "I-035",
            "",
            "断纬和缺纬放在一起分不清，请并排对照。",
            "major",
            "done",
            "两种疵点改为左右并排，各附透射光照片。",
        ),
        Said(
            1,
            "I-038",
            "Our inspectors hold the phone in the other hand. Can it be leafed through with one thumb?",
            "",
            "",
            "done",
            "Pages now turn by a tap on either edge.",
        ),
        Said(1, "I-041", "", "希望加上染整疵点的四分制扣分建议。", "", "done", "38种染整疵点都写了扣分建议。"),
        Said(
            1,
            "I-038",
            "Add prices of mending for each fault.",
            "",
            "",
            "declined",
            "Prices differ by town and month; the atlas says whether a fault can be mended.",
        ),
        Said(1, "I-035", "", "图片太多，手机上打开慢。", "minor", "done", "照片压缩到每张200 KB，原图另行下载。"),
        Said(2, "I-041", "Number 87 shows a snag, not a pulled thread.", "", "minor", "open", ""),
        Said(2, "I-035", "", "建议增加色差级别的标准光源说明。", "", "accepted", "下一版增加D65光源说明。"),
    ),
}
DECLINED: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "P-029": (
        ("与现有ERP", "各厂的ERP格式不同，本指南只给通用表格；导入由软件供应商转换。"),
        ("Dosing pump", "The curve was measured on laboratory pumps; step 4 says how to read it for a larger one."),
    ),
}
"""Beginnings of comments that the makers declined, with the reason."""

RELEASED_ON: Final = {"P-021": "2026-11-04", "P-014": "2024-05-06"}
RETIRED_ON: Final = {"P-014": "2026-06-30"}
DRAFTED_DAYS_BEFORE: Final = 49
"""Days between the draft and the start of its first pilot, or the present step."""


class _Clock:
    """Turns days of the content into moments, moved with the day of loading."""

    def __init__(self, at: datetime) -> None:
        self.now = at
        self.shift = timezone.localtime(at).date() - TODAY

    def at(self, text: str, hour: int = 9) -> datetime:
        """A moment of a day of the content, never in the future of loading."""
        day = date.fromisoformat(text) + self.shift
        return timezone.make_aware(datetime.combine(day, time(hour)))

    def day(self, text: str) -> date | None:
        """A day of the content."""
        return date.fromisoformat(text) + self.shift if text else None

    def end(self, text: str) -> datetime:
        """The last moment of a day of the content."""
        day = date.fromisoformat(text) + self.shift
        return timezone.make_aware(datetime.combine(day, time(23, 59, 59, 999_999)))


def load(alliance: Alliance, *, flavour: str, data_dir: Path, at: datetime) -> None:
    """Load the invented products; running it again adds nothing."""
    path = data_dir / "demo" / "products.jsonl"
    if flavour != WEAVING or not path.exists():
        return
    clock = _Clock(at)
    institutions = {institution.code: institution for institution in Institution.objects.of(alliance)}
    present = set(Product.objects.of(alliance).values_list("code", flat=True))
    officer = _officer(alliance, at)
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if row["code"] not in present and row["drafted_by"] in institutions:
                _load_product(alliance, row, institutions, officer=officer, clock=clock)
    screen_open_matters(alliance, at=at)


def _officer(alliance: Alliance, at: datetime) -> User | None:
    """An account of the secretariat in whose name the loader acts; None: the record names the workflow."""
    role = (
        RoleAssignment.objects.of(alliance)
        .at(at)
        .filter(role__in=[AllianceRole.SECRETARIAT, AllianceRole.OFFICE_ADMIN])
        .select_related("user")
        .order_by("role", "id")
        .last()
    )
    return role.user if role else None


def _load_product(
    alliance: Alliance,
    row: Mapping[str, Any],
    institutions: Mapping[str, Institution],
    *,
    officer: User | None,
    clock: _Clock,
) -> None:
    state = row["state"]
    plan = ROUNDS.get(row["code"])
    rounds = [known for known in (EARLIER.get(row["code"]), plan) if known is not None]
    first = clock.at(rounds[0].begins if rounds else row["state_since"])
    drafted = first - timedelta(days=DRAFTED_DAYS_BEFORE if plan else 12)
    if state == ProductState.DRAFT:
        drafted = first
    product = Product(
        alliance=alliance,
        code=row["code"],
        kind=row["kind"],
        author=institutions[row["drafted_by"]],
        created_by=None,
        state_since=drafted,
        changed_at=drafted,
        due_on=clock.day(row["due"]),
        **{name: row[name] for name in ("title_en", "title_zh", "summary_en", "summary_zh", "body_en", "body_zh")},
        client_en=row["client_en"],
        client_zh=row["client_zh"],
    )
    product.save()
    Product.objects.filter(pk=product.pk).update(created_at=drafted)
    product.created_at = drafted
    record_audit(product, actor=officer, verb="draft_product", after={"state": product.state}, at=drafted)
    submitted = clock.at(row["state_since"]) if state == ProductState.IN_REVIEW else drafted + timedelta(days=14)
    if state == ProductState.TRANSFORMING:
        submitted = first - timedelta(days=6)
    add_parts(product, officer=officer, at=drafted, submitted=None if state == ProductState.DRAFT else submitted)
    if state == ProductState.DRAFT:
        return
    move(product, SUBMIT, actor=officer, at=submitted, is_history=True)
    if state == ProductState.IN_REVIEW:
        for group in (GroupKind.WISDOM, GroupKind.POLICY):
            ask(product, "product_review", f"product-review:{product.code}:{group}", inbox.group(group), at=submitted)
        return
    adapter = institutions[row["adapted_by"]]
    approved = first if state == ProductState.TRANSFORMING else submitted + timedelta(days=7)
    if officer is not None:
        ProductReview.objects.create(
            alliance=alliance,
            product=product,
            version=product.version,
            institution=_reviewer(institutions, product),
            reviewer=officer,
            verdict=ReviewVerdict.APPROVE,
            comment="",
            at=approved,
        )
    product.adapter = adapter
    move(product, APPROVE, actor=officer, at=approved, fields=["adapter"], is_history=True)
    if state == ProductState.TRANSFORMING:
        ask(product, "product_adapt", f"product-adapt:{product.code}", inbox.institution(adapter.pk), at=approved)
        return
    for number, known in enumerate(rounds, start=1):
        pilot = _load_round(product, row, known, institutions, number=number, officer=officer, clock=clock)
        product.refresh_from_db()
        if number == len(rounds):
            _agree(product, pilot, officer=officer, at=min(clock.now, clock.end(known.ends)))
            _finish(product, row, officer=officer, clock=clock)
        else:
            _settle(product, officer=officer, at=clock.end(known.ends) + timedelta(days=5))


def _reviewer(institutions: Mapping[str, Institution], product: Product) -> Institution:
    """An invented member of the wisdom or policy group other than the author."""
    return next(institutions[code] for code in ("I-004", "I-002", "I-001") if institutions[code].pk != product.author_id)


def _load_round(
    product: Product,
    row: Mapping[str, Any],
    plan: Round,
    institutions: Mapping[str, Institution],
    *,
    number: int,
    officer: User | None,
    clock: _Clock,
) -> Pilot:
    alliance = product.alliance
    begins, ends = clock.at(plan.begins), clock.end(plan.ends)
    handed_over = begins - timedelta(days=21)
    product.version = number
    if number == 1:
        product.adapted_at = handed_over
        record_audit(product, actor=officer, verb="adapt_product", after={"adapter": row["adapted_by"]}, at=handed_over)
    pilot = Pilot.objects.create(
        alliance=alliance,
        product=product,
        round=number,
        version=product.version,
        tested=keep_tried(product, number=number, officer=officer, at=handed_over),
        question_en="Does it work in your mill, and what is missing?",
        question_zh="在贵厂是否好用，还缺什么？",
        starts_at=begins,
        deadline=ends,
        minimum_answers=3,
        extension_days=0,
        closes_itself=plan.closes_itself,
    )
    names = COURSE_CRITERIA if row["kind"] == "course" else GUIDE_CRITERIA
    criteria = [
        PilotCriterion.objects.create(
            alliance=alliance,
            pilot=pilot,
            position=place,
            name_en=name_en,
            name_zh=name_zh,
            pass_mark=MARK,
        )
        for place, (name_en, name_zh) in enumerate(names, start=1)
    ]
    firms = [
        PilotParticipant.objects.create(
            alliance=alliance,
            pilot=pilot,
            institution=institutions[code],
            state=ParticipantState.ACCEPTED,
            accepted_at=begins - timedelta(days=6),
        )
        for code in row["pilot_institutions"]
    ]
    move(
        product, BEGIN_PILOT, actor=officer, at=begins - timedelta(days=7), fields=["adapted_at", "version"], is_history=True
    )
    _measure(pilot, firms, begins=begins, now=min(clock.now, ends))
    settle_sites(pilot, firms, at=begins - timedelta(days=6))
    keep_plan(pilot, reason="", actor=officer, at=begins - timedelta(days=7))
    amend(pilot, officer=officer, at=begins - timedelta(days=5))
    advance_pilot(alliance, pilot.pk, at=begins)
    _answer(product, plan, criteria, firms, now=min(clock.now, ends), begins=begins)
    if plan.closes_itself and ends < clock.now:
        while advance_pilot(alliance, pilot.pk, at=ends + timedelta(minutes=1)):
            pass
        take_up_again(pilot, officer=officer, now=clock.now)
    return pilot


def _measure(pilot: Pilot, firms: Sequence[PilotParticipant], *, begins: datetime, now: datetime) -> None:
    """Invented values before and after the trial, the same each time."""
    for position, quantity in enumerate(QUANTITIES.get(pilot.product.code, ()), start=1):
        measure = PilotMeasure.objects.create(
            alliance=pilot.alliance,
            pilot=pilot,
            position=position,
            name_en=quantity.name_en,
            name_zh=quantity.name_zh,
            unit=quantity.unit,
            direction=-1,
            minimum_change=quantity.minimum,
        )
        for place, firm in enumerate(firms):
            name = f"{pilot.product.code}:{pilot.round}:{position}:{place}"
            generator = random.Random(name)  # noqa: S311 - invented values have to be the same each time
            after = quantity.after[pilot.round - 1]
            for phase, mean, first, last in (
                (ReadingPhase.BASELINE, quantity.before, begins - timedelta(days=12), begins - timedelta(days=1)),
                (ReadingPhase.AFTER, after, begins + timedelta(days=4), now - timedelta(days=1)),
            ):
                count = VALUES_EACH[min(place, len(VALUES_EACH) - 1)]
                for number in range(count):
                    moment = first + (last - first) / count * number
                    value = max(0.1, generator.gauss(mean * (1 + 0.04 * (place - 1)), mean * 0.07))
                    Reading.objects.create(
                        alliance=pilot.alliance,
                        participant=firm,
                        measure=measure,
                        phase=phase,
                        value=Decimal(str(round(value, 1))),
                        taken_on=timezone.localtime(moment).date(),
                        key=uuid.uuid5(uuid.NAMESPACE_URL, f"{name}:{phase}:{number}"),
                        received_at=moment,
                    )


def _answer(
    product: Product,
    plan: Round,
    criteria: Sequence[PilotCriterion],
    firms: Sequence[PilotParticipant],
    *,
    now: datetime,
    begins: datetime,
) -> None:
    """Invented answers: on P-029 as in the mock, elsewhere drawn around the mood with the product's code as the seed."""
    name = product.code if firms[0].pilot.round == 1 + (product.code in EARLIER) else f"{product.code}:earlier"
    generator = random.Random(name)  # noqa: S311 - invented answers have to be the same each time
    by_code = {firm.institution.code: firm for firm in firms}
    written = list(COMMENTS) if product.code == "P-029" else []
    columns = [_pile(counts, [scores[place] for _f, _t, scores in written]) for place, counts in enumerate(OPINIONS)]
    for column in columns:
        generator.shuffle(column)
    step = (now - begins) / (plan.answers + 1)
    for number in range(plan.answers):
        if number < len(written):
            code, suggestion, scores = written[number]
            firm, given = by_code[code], list(scores)
        else:
            firm, suggestion = firms[number % len(firms)], ""
            if written:
                given = [column[number - len(written)] for column in columns]
            else:
                given = [min(5, max(1, round(generator.gauss(mean, 0.8)))) for mean in plan.mood]
        # The newest come first on the page: the first comments of the list were written last.
        moment = begins + step * (plan.answers - number)
        feedback = PilotFeedback.objects.create(
            alliance=product.alliance,
            participant=firm,
            respondent=None,
            respondent_key=f"form:{number + 1}",
            submitted_at=moment,
        )
        if suggestion:
            raise_point(
                product,
                key=f"answer:{feedback.pk}:suggestion",
                source=PointSource.SUGGESTION,
                pilot=firm.pilot,
                participant=firm,
                feedback=feedback,
                at=moment,
                **said(suggestion),
            )
        CriterionScore.objects.bulk_create(
            CriterionScore(alliance=product.alliance, feedback=feedback, criterion=criterion, score=score)
            for criterion, score in zip(criteria, given, strict=True)
        )
        if product.code == "P-029" and number in {20, 31}:
            raise_point(
                product,
                key=f"answer:{feedback.pk}:defect",
                source=PointSource.DEFECT,
                severity=DefectSeverity.MINOR,
                pilot=firm.pilot,
                participant=firm,
                feedback=feedback,
                at=moment,
                **said("Table 2 is cut off when printed." if number == 20 else "附表链接打不开。"),
            )
    _say(product, by_code, at=begins + (now - begins) / 2)
    answered = {firm.pk for firm in firms[: plan.answers]}
    PilotParticipant.objects.filter(pk__in=answered).update(state=ParticipantState.ANSWERED)
    for firm in firms:
        if firm.pk in answered:
            key = f"pilot-feedback:{firm.pilot_id}:{firm.institution_id}"
            inbox.settle(product.alliance, key, by=None, at=now)


def _say(product: Product, by_code: Mapping[str, PilotParticipant], *, at: datetime) -> None:
    """What sites said in words, answered when the round is over."""
    for place, row in enumerate(SAID.get(product.code, ()), start=1):
        firm = by_code[row.firm]
        if firm.pilot.round == row.round:
            raise_point(
                product,
                key=f"demonstration:{place}",
                source=PointSource.DEFECT if row.severity else PointSource.SUGGESTION,
                severity=row.severity,
                pilot=firm.pilot,
                participant=firm,
                at=at + timedelta(hours=place),
                text_en=row.text_en,
                text_zh=row.text_zh,
            )


def _settle(product: Product, *, officer: User | None, at: datetime) -> None:
    """The makers answer what was said, and what the round left to do is done in the next version."""
    said_of = {f"demonstration:{place}": row for place, row in enumerate(SAID.get(product.code, ()), start=1)}
    for point in FeedbackPoint.objects.filter(alliance_id=product.alliance_id, product=product, state=PointState.OPEN):
        row = said_of.get(point.key)
        state = row.state if row is not None else PointState.DONE.value
        if state == PointState.OPEN:
            continue
        point.state, point.answer = state, row.answer if row is not None else ""
        point.done_in = point.version + 1 if state == PointState.DONE else None
        point.answered_by, point.answered_at = officer, at
        point.save(update_fields=["state", "answer", "done_in", "answered_by", "answered_at"])


def _pile(counts: Sequence[int], taken: Sequence[int]) -> list[int]:
    """Every score as often as counted, less those that written comments carry already."""
    left = [count - taken.count(score) for score, count in enumerate(counts, start=1)]
    return [score for score, count in enumerate(left, start=1) for _turn in range(max(0, count))]


def _agree(product: Product, pilot: Pilot, *, officer: User | None, at: datetime) -> None:
    """Changes agreed on; those the workflow made from the figures are among them."""
    if product.code in SAID:
        _settle(product, officer=officer, at=at)
    for beginning, reason in DECLINED.get(product.code, ()):
        FeedbackPoint.objects.filter(alliance_id=product.alliance_id, product=product).filter(
            Q(text_en__startswith=beginning) | Q(text_zh__startswith=beginning)
        ).update(state=PointState.DECLINED, answer=reason, answered_by=officer, answered_at=at)
    wanted = CHANGES.get(product.code, ())
    if not wanted:
        return
    pilot.points.filter(source=PointSource.CRITERION).delete()
    for number, (text_en, text_zh, done) in enumerate(wanted, start=1):
        FeedbackPoint.objects.create(
            alliance=product.alliance,
            product=product,
            version=pilot.version,
            pilot=pilot,
            key=f"change:demonstration-{number}",
            source=PointSource.MEMBER,
            text_en=text_en,
            text_zh=text_zh,
            raised_at=at - timedelta(minutes=len(wanted) - number + 1),
            state=PointState.DONE if done else PointState.ACCEPTED,
            answered_by=officer,
            answered_at=at,
            done_in=pilot.version + 1 if done else None,
        )


def _finish(product: Product, row: Mapping[str, Any], *, officer: User | None, clock: _Clock) -> None:
    """Release and retire by the real actions; set the present due date."""
    if officer is not None and (day := RELEASED_ON.get(product.code)):
        carry_out_release(lock_product(product.alliance, product.code), actor=None, at=clock.at(day), is_history=True)
        if day := RETIRED_ON.get(product.code):
            reason = "Two cited standards were revised."
            retire_product(product.alliance, product.code, actor=officer, reason=reason, at=clock.at(day))
    Product.objects.filter(pk=product.pk).update(due_on=clock.day(row["due"]))
