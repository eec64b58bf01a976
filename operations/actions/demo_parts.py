"""Demonstration content of what products are made of: values of their kinds, files, makers, references, an earlier text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from alliance.actions.files import store_produced
from alliance.choices import AllianceRole
from alliance.kernel.demo import WEAVING
from alliance.models import RoleAssignment, User
from members.models import Institution
from operations.actions.contribution import ask_to_confirm
from operations.actions.kind import change_kind_form
from operations.actions.product_file import PURPOSE, attach_file
from operations.actions.snapshot import take_snapshot
from operations.choices import ContributionRole, KindFieldType, ProductKind, ReferenceKind, SnapshotOccasion
from operations.kinds import KindField, clean_details
from operations.models import Contribution, KindForm, Product, ProductReference, ProductVersion
from operations.permissions import OPEN_PRODUCT_FILE
from operations.selectors.kind import form_in_force, form_of

if TYPE_CHECKING:
    from pathlib import Path

    from alliance.models import Alliance


def _two(english: str, chinese: str) -> dict[str, str]:
    return {"en": english, "zh": chinese}


DETAILS: Final[dict[str, dict[str, Any]]] = {
    "P-029": {
        "scope": _two(
            "Cotton and cotton-elastane knits, 50 to 800 kg, jet machines at 1:6 to 1:8. Not for turquoise and brilliant green.",
            "棉及棉氨纶针织布，单缸50至800千克，浴比1∶6至1∶8。不含翠蓝、艳绿。",
        ),
        "equipment": _two("Jet machine, conductivity meter, scale to 1 g", "溢流机、电导仪、精度1克的秤"),
        "hours": "9",
        "safety": _two("Soda ash is added with gloves and goggles.", "加纯碱时戴手套和护目镜。"),
    },
    "P-030": {
        "learners": _two("Laboratory staff and shift leaders", "化验员与班组长"),
        "outcomes": _two("Takes samples so that two laboratories agree", "取样使两家化验室结果一致"),
        "hours": "14",
        "form": "on_site",
        "assessment": _two("One sample tested twice", "同一样品复测"),
    },
    "P-031": {
        "form": "spreadsheet",
        "requirements": _two("Any spreadsheet program; one person who keeps it", "任一电子表格软件；指定一人维护"),
        "build": "0.9",
        "licence": "CC BY 4.0",
    },
    "P-032": {
        "question": _two("How loud are looms of five makes at the weaver's ear?", "五种织机在织工耳边的噪声有多大？"),
        "method": _two("Dosimeters over full shifts, 12 positions each mill", "个人剂量计整班测量，每厂12个位置"),
        "sources": _two("Own measurements in four mills", "四家企业实测"),
        "sample": "48",
        "limits": _two("No air-jet looms above 900 picks a minute", "未含每分钟900纬以上喷气织机"),
    },
    "P-026": {
        "form": "paper",
        "requirements": _two("Clamp meter, thermometer, one day", "钳形表、测温仪、一天时间"),
        "licence": "CC BY-SA 4.0",
    },
    "P-027": {
        "learners": _two("Everybody in a dyehouse", "染厂全员"),
        "outcomes": _two("Leaves the hall by the right door within two minutes", "两分钟内从正确出口撤离"),
        "hours": "3",
        "form": "on_site",
    },
    "P-033": {
        "form": "media",
        "requirements": _two("A telephone that plays video", "能播放视频的手机"),
        "licence": "CC BY 4.0",
    },
    "P-035": {
        "decision": _two("Which lots need new papers before export", "哪些批次出口前要补单证"),
        "options": _two("By country, by fibre, by value", "按国别、按纤维、按金额"),
        "advice": _two("Check by country first", "先按国别核对"),
        "confidence": "high",
    },
    "P-036": {
        "decision": _two("Buy yarn now or wait a month", "棉纱现在买还是等一个月"),
        "options": _two("Buy all, buy half, wait", "全买、买一半、等待"),
    },
    "P-037": {"scope": _two("Dyehouses that reuse rinsing water", "回用漂洗水的染厂"), "hours": "2"},
    "P-038": {
        "learners": _two("Apprentices in their first year", "入职第一年的学徒"),
        "outcomes": _two("Runs four looms alone for a shift", "能独立看管四台织机一个班"),
        "hours": "120",
        "form": "blended",
    },
    "P-021": {
        "coverage": _two("1,240 photographs of 31 defects of woven cloth", "机织物31种疵点照片1240张"),
        "records": "1240",
        "renewal": "yearly",
        "licence": "CC BY 4.0",
    },
    "P-014": {"scope": _two("Workshops with dust and solvent", "有粉尘和溶剂的车间"), "hours": "1"},
}
"""Values of the kinds' own fields; a draft may leave some out."""

FILES: Final[dict[str, tuple[tuple[str, str, str, str, bool, str], ...]]] = {
    "P-029": (
        (
            "",
            "dosing.csv",
            "Dosing table",
            "加盐对照表",
            True,
            "dye % owf,salt before g/L,salt now g/L,soda g/L\nbelow 0.5,30,12,8\n0.5 to 2,50,25,12\n2 to 4,65,35,15\n",
        ),
    ),
    "P-030": (
        (
            "lesson_plan",
            "lesson-plan.txt",
            "Lesson plan, two days",
            "两天教案",
            False,
            "Day 1: what a sample stands for; taking samples in the mill.\nDay 2: testing twice; reading the difference.\n",
        ),
    ),
    "P-031": (
        (
            "test_report",
            "self-test.txt",
            "Self-test with 60 orders",
            "60张订单自测",
            False,
            "60 orders of one month entered twice by two people. 3 entries differed, all in the unit of length; the cell now asks.\n",
        ),
    ),
    "P-032": (
        (
            "data_table",
            "levels.csv",
            "Sound levels by position",
            "各测点声级",
            False,
            "mill,position,LAeq8h dB\nA,1,91.2\nA,2,92.0\nB,1,88.7\nB,2,89.4\n",
        ),
    ),
    "P-026": (
        (
            "test_report",
            "self-test.txt",
            "Trial audit of one workshop",
            "一个车间试审计",
            False,
            "One workshop of 24 looms audited in 7 hours. The compressor and the lighting were found; suction fans were missed.\n",
        ),
    ),
    "P-027": (
        (
            "lesson_plan",
            "drill.txt",
            "Plan of the drill",
            "演练安排",
            False,
            "09:00 briefing, 09:20 alarm, 09:25 count, 09:40 what went wrong.\n",
        ),
    ),
    "P-021": (
        (
            "codebook",
            "codebook.csv",
            "Description of the fields",
            "字段说明",
            True,
            "field,meaning\nfile,name of the photograph\ndefect,one of 31 codes\nmachine,loom or inspection\n",
        ),
        (
            "rights",
            "consents.txt",
            "Consents of eleven mills",
            "十一家企业同意书目录",
            False,
            "Eleven mills agreed in writing that their photographs are published without their names.\n",
        ),
    ),
}
"""Evidence key, name, title in English and Chinese, for the public, content."""

PARTS: Final[dict[str, tuple[tuple[str, str, str, str, str, str], ...]]] = {
    "P-029": (
        ("I-001", ContributionRole.AUTHOR, "60", "Recipes and text", "配方与正文", "confirmed"),
        ("I-018", ContributionRole.METHOD, "25", "Water and salt balance", "水与盐平衡", "confirmed"),
        ("I-029", ContributionRole.ADAPTATION, "15", "Film and plain language", "视频与通俗化", "confirmed"),
    ),
    "P-026": (
        ("I-021", ContributionRole.AUTHOR, "80", "Audit steps and forms", "审计步骤与表格", "confirmed"),
        ("I-059", ContributionRole.DATA, "20", "Measured looms", "织机实测数据", "contested"),
    ),
    "P-036": (
        ("I-008", ContributionRole.AUTHOR, "70", "Model of prices", "价格模型", "confirmed"),
        ("I-002", ContributionRole.DATA, "30", "Price series", "价格序列", "open"),
    ),
}
"""Institution, part, share in percent, words in English and Chinese, and the institution's answer."""

REFERENCES: Final[dict[str, tuple[tuple[str, str, str, str], ...]]] = {
    "P-029": (
        (ReferenceKind.NEED, "D-0402", "", ""),
        (ReferenceKind.EXTERNAL, "", "GB 4287-2012, discharge of water pollutants from dyeing and finishing", ""),
    ),
    "P-037": ((ReferenceKind.PRODUCT, "P-029", "Uses its water balance", ""),),
    "P-027": ((ReferenceKind.PRODUCT, "P-014", "Masks and ventilation", ""),),
}
"""Kind, code, words, address."""

EARLIER_TEXTS: Final[dict[str, dict[str, str]]] = {
    "P-029": {
        "summary_en": "For dyehouses: use less sodium sulphate in reactive dyeing of cotton knits. With starting recipes and tests.",
        "summary_zh": "面向染厂：棉针织物活性染色少用元明粉。含配方起点与检验方法。",
    },
    "P-026": {"summary_en": "Sheets for an energy audit of small weaving mills.", "summary_zh": "小型织造厂能源审计用表。"},
    "P-021": {"summary_en": "Photographs of defects in woven cloth.", "summary_zh": "机织物疵点照片。"},
}
"""What the author had written when the draft was submitted, before the media think tank adapted it."""

FIRST_TRIED: Final[dict[str, dict[str, str]]] = {
    "P-021": {
        "summary_en": "208 photographs of fabric faults with Chinese and English names, causes and process.",
        "summary_zh": "208张织物疵点照片，中英文名称、成因与责任工序。",
        "body_en": (
            "63 woven and 41 knitted faults. Two photographs each, by reflected and by transmitted light, with a scale. "
            "Fixed fields: name, other names, look, usual causes, process, mendable or not. "
            "Five members gave and licensed the pictures; use with attribution."
        ),
        "body_zh": (
            "图谱收录机织疵点63种、针织疵点41种。每种两张照片：反射光与透射光各一张，附标尺。"
            "说明项固定为：名称、别名、外观、常见成因、责任工序、可否修织。照片由五家成员单位提供并授权，许可方式为署名使用。"
        ),
    },
}
"""What the first of two rounds tried: the feedback of that round is why the text that stands now differs."""

CONTESTED: Final = "We also measured the suction fans: 35 percent would be right."


def add_parts(product: Product, *, officer: User | None, at: datetime, submitted: datetime | None) -> None:
    """Give an invented product the values, files, makers and references it had from its draft on.

    Args:
        product: Just made, a draft.
        officer: In whose name the loader acts.
        at: Day of the draft.
        submitted: When it was submitted; None: not yet.
    """
    code = product.code
    product.details = clean_details(form_of(product), DETAILS.get(code, {}))
    product.save(update_fields=["details"])
    for evidence, name, title_en, title_zh, is_public, content in FILES.get(code, ()):
        stored = store_produced(
            product.alliance,
            content.encode(),
            name=name,
            media_type="text/csv" if name.endswith(".csv") else "text/plain",
            purpose=PURPOSE,
            actor=officer,
            permission=OPEN_PRODUCT_FILE,
        )
        attach_file(
            product,
            stored,
            evidence=evidence,
            title_en=title_en,
            title_zh=title_zh,
            is_public=is_public,
            actor=officer,
            at=at,
        )
    _name_parts(product, at=at)
    ProductReference.objects.bulk_create(
        ProductReference(alliance=product.alliance, product=product, kind=kind, code=to, words=words, url=url, added_at=at)
        for kind, to, words, url in REFERENCES.get(code, ())
    )
    if submitted is not None:
        texts = {**FIRST_TRIED.get(code, {}), **EARLIER_TEXTS.get(code, {})}
        _keep(product, texts, SnapshotOccasion.SUBMITTED, officer=officer, at=submitted)


def keep_tried(product: Product, *, number: int, officer: User | None, at: datetime) -> ProductVersion:
    """Keep the text that a round tries, as it stood then.

    Args:
        product: The product, with the text that stands now.
        number: Which round.
        officer: In whose name the loader acts.
        at: When it was handed over.
    """
    texts = FIRST_TRIED.get(product.code, {}) if number == 1 else {}
    return _keep(product, texts, SnapshotOccasion.PILOT, officer=officer, at=at)


def _keep(
    product: Product, texts: Mapping[str, str], occasion: SnapshotOccasion, *, officer: User | None, at: datetime
) -> ProductVersion:
    """A version with other texts than those that stand now, which are put back."""
    kept = {name: getattr(product, name) for name in texts}
    for name, text in texts.items():
        setattr(product, name, text)
    version = take_snapshot(product, occasion, actor=officer, at=at)
    for name, text in kept.items():
        setattr(product, name, text)
    return version


def _name_parts(product: Product, *, at: datetime) -> None:
    makers = {
        institution.code: institution
        for institution in Institution.objects.of(product.alliance).filter(
            code__in=[row[0] for row in PARTS.get(product.code, ())]
        )
    }
    if any(row[0] not in makers for row in PARTS.get(product.code, ())):
        return
    for code, role, share, words_en, words_zh, answer in PARTS.get(product.code, ()):
        part = Contribution.objects.create(
            alliance=product.alliance,
            product=product,
            institution=makers[code],
            role=role,
            share=Decimal(share),
            words_en=words_en,
            words_zh=words_zh,
            named_at=at,
            confirmed_at=at + timedelta(days=1) if answer == "confirmed" else None,
            contested_at=at + timedelta(days=1) if answer == "contested" else None,
            contest_reason=CONTESTED if answer == "contested" else "",
        )
        if answer == "open":
            ask_to_confirm(product, part, at=at)


def load_kinds(alliance: Alliance, *, flavour: str, data_dir: Path, at: datetime) -> None:  # noqa: ARG001 - a loader's form
    """One change of what the invented alliance asks of a course, after its courses were drafted; once."""
    if flavour != WEAVING or KindForm.objects.of(alliance).exists():
        return
    role = RoleAssignment.objects.of(alliance).at(at).filter(role=AllianceRole.OFFICE_ADMIN).select_related("user").first()
    if role is None:
        return
    form = form_in_force(alliance, ProductKind.COURSE)
    fields = [replace(one, required=True) if one.key == "assessment" else one for one in form.fields]
    entry = KindField("entry", "What learners must know before", "先修要求", KindFieldType.BILINGUAL.value)
    change_kind_form(
        alliance,
        ProductKind.COURSE,
        fields=[fields[0], entry, *fields[1:]],
        evidence=form.evidence,
        note="Firms sent people who could not yet read a recipe.",
        base=form.version,
        actor=role.user,
        at=at - timedelta(days=9),
    )
