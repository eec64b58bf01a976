"""What each kind of product asks for: its own fields, and the evidence that a step needs.

A form is data. Its standard versions stand here and are version 0; an alliance that wants another one keeps it in rows of
:class:`operations.models.KindForm`, edited on screen. Values are kept by the field's key: a bilingual text as
``{"en": ..., "zh": ...}``, a number as decimal text, a day as ISO 8601, everything else as text; a value that is empty is
left out.

Sources for the standard forms: for standards GB/T 1.1-2020 and GB/T 20004.1-2016 (drafting note, table of opinions and how
they were handled); for data sets the elements of a data description that DataCite asks for; for the other kinds the
descriptions of think tank products in Zheng2018, section 4.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from alliance.kernel.errors import InvalidInputError
from operations.choices import KindFieldType, ProductKind

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

MOST_FIELDS: Final = 30
MOST_EVIDENCE: Final = 15
MOST_CHOICES: Final = 30
LONGEST_LABEL: Final = 120
LONGEST_LINE: Final = 300
LONGEST_TEXT: Final = 4000
GATES: Final = ("submit_product", "begin_pilot", "release_product")
"""Steps that may ask for evidence, in their order."""
PREFIX: Final = "details_"
"""Begins the names of the fields on a form and in a refusal."""

_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_HAN: Final = re.compile(r"[\u3400-\u9fff]")
_url = URLValidator(schemes=["http", "https"])


def _pick(english: str, chinese: str) -> str:
    if (get_language() or "").startswith("zh"):
        return chinese or english
    return english or chinese


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer of a list."""

    key: str
    label_en: str
    label_zh: str = ""

    @property
    def label(self) -> str:
        """Words in the active language, else in the other one."""
        return _pick(self.label_en, self.label_zh)


@dataclass(frozen=True, slots=True)
class KindField:
    """A field that a kind has beside the texts every product has.

    Attributes:
        key: Name under which its value is kept; never changed once used.
        label_en: What is asked, in English.
        label_zh: What is asked, in Chinese.
        type: A KindFieldType.
        required: Whether a draft cannot be submitted without it.
        choices: Answers to choose from, for the type ``choice``.
    """

    key: str
    label_en: str
    label_zh: str
    type: str
    required: bool = False
    choices: tuple[Choice, ...] = ()

    @property
    def label(self) -> str:
        """What is asked, in the active language, else in the other one."""
        return _pick(self.label_en, self.label_zh)


@dataclass(frozen=True, slots=True)
class EvidenceNeed:
    """A file that a step asks for.

    Attributes:
        key: Name under which files say what they are.
        label_en: What it is, in English.
        label_zh: What it is, in Chinese.
        gate: Name of the transition that asks for it, of GATES.
    """

    key: str
    label_en: str
    label_zh: str
    gate: str

    @property
    def label(self) -> str:
        """What it is, in the active language, else in the other one."""
        return _pick(self.label_en, self.label_zh)


@dataclass(frozen=True, slots=True)
class KindFormView:
    """One version of a kind's form.

    Attributes:
        kind: A ProductKind.
        version: 0 for the standard one.
        fields: In the order they stand on the page.
        evidence: In the order of the steps.
    """

    kind: str
    version: int
    fields: tuple[KindField, ...] = ()
    evidence: tuple[EvidenceNeed, ...] = ()

    def find(self, key: str) -> KindField | None:
        """The field with this key."""
        return next((one for one in self.fields if one.key == key), None)


def read_form(kind: str, version: int, fields: Sequence[Mapping[str, Any]], evidence: Sequence[Mapping[str, Any]]) -> Any:
    """A form from the rows of its model."""
    return KindFormView(
        kind=kind,
        version=version,
        fields=tuple(
            KindField(
                key=str(row["key"]),
                label_en=str(row.get("label_en", "")),
                label_zh=str(row.get("label_zh", "")),
                type=str(row["type"]),
                required=bool(row.get("required")),
                choices=tuple(
                    Choice(str(one["key"]), str(one.get("label_en", "")), str(one.get("label_zh", "")))
                    for one in row.get("choices") or ()
                ),
            )
            for row in fields
        ),
        evidence=tuple(
            EvidenceNeed(str(row["key"]), str(row.get("label_en", "")), str(row.get("label_zh", "")), str(row["gate"]))
            for row in evidence
        ),
    )


def write_fields(fields: Sequence[KindField]) -> list[dict[str, Any]]:
    """Rows of the model for fields; :func:`read_form` gives the same back."""
    return [
        {
            "key": one.key,
            "label_en": one.label_en,
            "label_zh": one.label_zh,
            "type": one.type,
            "required": one.required,
            "choices": [
                {"key": choice.key, "label_en": choice.label_en, "label_zh": choice.label_zh} for choice in one.choices
            ],
        }
        for one in fields
    ]


def write_evidence(needs: Sequence[EvidenceNeed]) -> list[dict[str, Any]]:
    """Rows of the model for evidence."""
    return [{"key": one.key, "label_en": one.label_en, "label_zh": one.label_zh, "gate": one.gate} for one in needs]


# ---------------------------------------------------------------------------------------------------- the standard forms

_T, _B, _N, _D, _C, _U = (
    KindFieldType.TEXT.value,
    KindFieldType.BILINGUAL.value,
    KindFieldType.NUMBER.value,
    KindFieldType.DATE.value,
    KindFieldType.CHOICE.value,
    KindFieldType.URL.value,
)
_SUBMIT, _PILOT, _RELEASE = GATES


def _choices(*rows: tuple[str, str, str]) -> tuple[Choice, ...]:
    return tuple(Choice(*row) for row in rows)


_LICENCE = KindField("licence", "Licence or terms of use", "许可或使用条件", _T, required=True)

STANDARD_FORMS: Final[dict[str, KindFormView]] = {
    ProductKind.RESEARCH_REPORT.value: KindFormView(
        ProductKind.RESEARCH_REPORT.value,
        0,
        (
            KindField("question", "Question it answers", "研究问题", _B, required=True),
            KindField("method", "Method", "研究方法", _B, required=True),
            KindField("sources", "Data and sources", "数据与资料来源", _B, required=True),
            KindField("data_until", "Data up to", "数据截止日期", _D),
            KindField("sample", "Sample size", "样本量", _N),
            KindField("limits", "Limits of the findings", "结论的局限", _B, required=True),
            KindField("identifier", "Address of the data or the paper", "数据或论文地址", _U),
        ),
        (
            EvidenceNeed("data_table", "Table of the data the findings rest on", "结论所依据的数据表", _SUBMIT),
            EvidenceNeed("full_report", "Full report as a document", "报告全文", _RELEASE),
        ),
    ),
    ProductKind.POLICY_ADVICE.value: KindFormView(
        ProductKind.POLICY_ADVICE.value,
        0,
        (
            KindField(
                "addressee",
                "Level it is addressed to",
                "建议对象层级",
                _C,
                required=True,
                choices=_choices(
                    ("national", "National government", "国家部门"),
                    ("provincial", "Provincial government", "省级政府"),
                    ("local", "City, county or park", "市县或园区"),
                    ("association", "Industry association", "行业协会"),
                ),
            ),
            KindField("problem", "Problem", "问题", _B, required=True),
            KindField("advice", "What should be done, by whom", "建议事项与责任单位", _B, required=True),
            KindField("basis", "Law and policy it rests on", "法规与政策依据", _B),
            KindField("cost", "Estimated public cost, in 10,000 yuan", "估计公共投入（万元）", _N),
            KindField("decide_by", "Day by which it is needed", "需要决策的日期", _D),
        ),
        (
            EvidenceNeed("effects", "Estimate of effects and costs", "影响与成本估算", _PILOT),
            EvidenceNeed("consulted", "List of those who were heard", "征求意见名单", _RELEASE),
        ),
    ),
    ProductKind.DECISION_BRIEF.value: KindFormView(
        ProductKind.DECISION_BRIEF.value,
        0,
        (
            KindField("decision", "Decision it prepares", "支持的决策", _B, required=True),
            KindField("options", "Options compared", "比较的方案", _B, required=True),
            KindField("advice", "Advice", "建议", _B, required=True),
            KindField(
                "confidence",
                "How sure the authors are",
                "作者把握程度",
                _C,
                required=True,
                choices=_choices(("high", "High", "高"), ("medium", "Medium", "中"), ("low", "Low", "低")),
            ),
            KindField("valid_until", "Holds until", "有效期至", _D),
        ),
        (EvidenceNeed("figures", "Sources of the figures", "数字的出处", _PILOT),),
    ),
    # A guide is shown to be right by the firms that try it: no file stands for that.
    ProductKind.GUIDE.value: KindFormView(
        ProductKind.GUIDE.value,
        0,
        (
            KindField("scope", "Where it applies, and where not", "适用与不适用的范围", _B, required=True),
            KindField("equipment", "Equipment and materials", "设备与材料", _B),
            KindField("hours", "Time needed, hours", "所需时间（小时）", _N),
            KindField("safety", "Safety", "安全事项", _B),
        ),
    ),
    ProductKind.TOOL.value: KindFormView(
        ProductKind.TOOL.value,
        0,
        (
            KindField(
                "form",
                "What it is",
                "工具形式",
                _C,
                required=True,
                choices=_choices(
                    ("spreadsheet", "Spreadsheet", "电子表格"),
                    ("software", "Program", "软件"),
                    ("web", "Web service", "网络服务"),
                    ("paper", "Form or set on paper", "纸质表单或套件"),
                    ("media", "Video or audio", "音像"),
                    ("device", "Device", "装置"),
                ),
            ),
            KindField("requirements", "What is needed to use it", "使用条件", _B, required=True),
            KindField("build", "Number of the build", "构建号", _T),
            _LICENCE,
            KindField("address", "Where it is kept", "存放地址", _U),
        ),
        (
            EvidenceNeed("test_report", "Report of the makers' own test", "开发方自测报告", _PILOT),
            EvidenceNeed("manual", "Instructions for users", "使用说明", _RELEASE),
        ),
    ),
    ProductKind.DATASET.value: KindFormView(
        ProductKind.DATASET.value,
        0,
        (
            KindField("coverage", "What it covers", "覆盖内容", _B, required=True),
            KindField("from", "From", "起始日期", _D),
            KindField("to", "To", "截止日期", _D),
            KindField("records", "Number of records", "记录数", _N, required=True),
            KindField(
                "renewal",
                "Renewed",
                "更新频率",
                _C,
                required=True,
                choices=_choices(
                    ("once", "Not renewed", "不更新"),
                    ("monthly", "Monthly", "每月"),
                    ("quarterly", "Quarterly", "每季度"),
                    ("yearly", "Yearly", "每年"),
                ),
            ),
            _LICENCE,
            KindField("address", "Where it is kept", "存放地址", _U),
        ),
        (
            EvidenceNeed("codebook", "Description of the fields", "字段说明", _PILOT),
            EvidenceNeed("rights", "Consent of those the data come from", "数据提供方的同意书", _RELEASE),
        ),
    ),
    ProductKind.STANDARD.value: KindFormView(
        ProductKind.STANDARD.value,
        0,
        (
            KindField(
                "level",
                "Level",
                "标准层级",
                _C,
                required=True,
                choices=_choices(
                    ("association", "Association standard", "团体标准"),
                    ("enterprise", "Enterprise standard", "企业标准"),
                    ("local", "Local standard", "地方标准"),
                    ("industry", "Industry standard", "行业标准"),
                    ("national", "National standard", "国家标准"),
                ),
            ),
            KindField("scope", "Scope", "范围", _B, required=True),
            KindField("number", "Number of the standard", "标准编号", _T),
            KindField("replaces", "Replaces", "代替标准", _T),
            KindField("in_force_on", "In force from", "实施日期", _D),
        ),
        (
            EvidenceNeed("drafting_note", "Drafting note", "编制说明", _PILOT),
            EvidenceNeed("opinions", "Table of opinions and how they were handled", "征求意见汇总处理表", _RELEASE),
        ),
    ),
    ProductKind.COURSE.value: KindFormView(
        ProductKind.COURSE.value,
        0,
        (
            KindField("learners", "Who learns", "学习对象", _B, required=True),
            KindField("outcomes", "What they can do afterwards", "学习成果", _B, required=True),
            KindField("hours", "Length, hours", "学时", _N, required=True),
            KindField(
                "form",
                "Form of teaching",
                "授课形式",
                _C,
                required=True,
                choices=_choices(
                    ("on_site", "On site", "现场"), ("online", "Online", "线上"), ("blended", "Both", "线上线下结合")
                ),
            ),
            KindField("assessment", "How it is assessed", "考核方式", _B),
        ),
        (
            EvidenceNeed("lesson_plan", "Lesson plan", "教案", _PILOT),
            EvidenceNeed("materials", "Materials for learners", "学员材料", _RELEASE),
        ),
    ),
    ProductKind.POPULAR_SCIENCE.value: KindFormView(
        ProductKind.POPULAR_SCIENCE.value,
        0,
        (
            KindField("readers", "Readers or viewers", "受众", _B, required=True),
            KindField(
                "medium",
                "Medium",
                "媒介",
                _C,
                required=True,
                choices=_choices(
                    ("article", "Articles", "文章"),
                    ("video", "Videos", "视频"),
                    ("audio", "Audio", "音频"),
                    ("pictures", "Pictures", "图文"),
                    ("exhibition", "Exhibition", "展览"),
                ),
            ),
            KindField("parts", "Number of parts", "集数", _N, required=True),
            KindField("checked_by", "Checked by (subject expert)", "审核专家", _T),
        ),
        (EvidenceNeed("fact_check", "Signed check of the facts by a subject expert", "专家签署的科学性审核意见", _RELEASE),),
    ),
}
"""The form of each kind where an alliance has none of its own (version 0)."""


# ------------------------------------------------------------------------------------------------------------- values


def is_empty(value: Any) -> bool:
    """Whether nothing was given."""
    if isinstance(value, Mapping):
        return not any(str(part).strip() for part in value.values())
    return value is None or not str(value).strip()


def names_of(one: KindField) -> list[str]:
    """Names of a field's inputs on a form and in refusals."""
    if one.type == KindFieldType.BILINGUAL:
        return [f"{PREFIX}{one.key}_en", f"{PREFIX}{one.key}_zh"]
    return [f"{PREFIX}{one.key}"]


def _plain(value: Any) -> str:
    """A single value as text.

    Raises:
        ValueError: It is several values, or holds signs that no text has.
    """
    if isinstance(value, Mapping | list | tuple | bool):
        raise ValueError(_("Give a single value."))  # noqa: TRY004 - one error for every value that does not fit
    text = str(value)
    if "\x00" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
        raise ValueError(_("This text holds signs that cannot be stored. Type it anew."))
    return text


def _clean_value(one: KindField, value: Any) -> Any:
    """A value as it is kept.

    Raises:
        ValueError: With the words of what is wrong.
    """
    if one.type == KindFieldType.BILINGUAL:
        parts = value if isinstance(value, Mapping) else {"zh" if _HAN.search(str(value)) else "en": value}
        texts = {
            language: _plain(parts[language]).replace("\r\n", "\n").strip()
            for language in ("en", "zh")
            if parts.get(language) is not None
        }
        if set(parts) - {"en", "zh"} or any(len(text) > LONGEST_TEXT for text in texts.values()):
            raise ValueError(_("Give up to %(most)s characters in English, in Chinese or in both.") % {"most": LONGEST_TEXT})
        return {language: text for language, text in texts.items() if text}
    text = _plain(value).strip()
    if one.type == KindFieldType.NUMBER:
        try:
            number = Decimal(text)
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite() or abs(number) >= Decimal("1e15") or abs(number.normalize().as_tuple().exponent) > 15:  # type: ignore[arg-type]
            raise ValueError(_("Give a number, such as 12 or 12.5."))
        return f"{number:f}"
    if one.type == KindFieldType.DATE:
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            raise ValueError(_("Give a day as year-month-day, such as 2026-11-22.")) from None
    if one.type == KindFieldType.CHOICE and text not in {choice.key for choice in one.choices}:
        raise ValueError(_("Choose one of the list."))
    if one.type == KindFieldType.URL:
        try:
            _url(text)
        except ValidationError:
            raise ValueError(_("Give a complete web address that begins with https:// or http://.")) from None
    if len(text) > LONGEST_LINE or "\n" in text:
        raise ValueError(_("Give one line of up to %(most)s characters.") % {"most": LONGEST_LINE})
    return text


def clean_details(form: KindFormView, values: Mapping[str, Any], kept: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Values of a kind's fields as they are kept; what is not named stays as it was.

    Args:
        form: The form they are written in.
        values: Values by key; an empty one takes the value out.
        kept: Values as they stand. Those of fields that an earlier form had and this one has not stay, so that nothing
            is lost by a change of the form.

    Raises:
        InvalidInputError: A key is unknown, or values do not fit their fields; each is named.
    """
    details = dict(kept or {})
    wrong: dict[str, StrOrPromise] = {}
    for key, value in values.items():
        one = form.find(key)
        if one is None:
            wrong[f"{PREFIX}{key}"] = _("This kind of product has no field “%(name)s”.") % {"name": key}
            continue
        if is_empty(value):
            details.pop(key, None)
            continue
        try:
            details[key] = _clean_value(one, value)
        except ValueError as error:
            wrong[names_of(one)[0]] = error.args[0]
    if wrong:
        raise InvalidInputError(_("Some values do not fit their fields."), code="details_invalid", fields=wrong)
    return details


def carry_over(form: KindFormView, details: Mapping[str, Any]) -> dict[str, Any]:
    """Values taken over into another form: those that fit are kept under their keys, the others beside them, unchanged.

    A value that no longer fits a field of the same key moves to ``<key>_before``, so that it is not lost and not taken for
    an answer to the new question.
    """
    carried: dict[str, Any] = {}
    for key, value in details.items():
        one = form.find(key)
        if one is None:
            carried.setdefault(key, value)
            continue
        try:
            single = isinstance(value, Mapping) and one.type != _B and len(value) == 1
            carried[key] = _clean_value(one, next(iter(value.values())) if single else value)
        except ValueError:
            name = f"{key}_before"
            while name in details or name in carried:
                name = f"{name}_before"
            carried[name] = value
    return carried


@dataclass(frozen=True, slots=True)
class DetailView:
    """A value as a page shows it.

    Attributes:
        key: The field's key.
        label: What was asked.
        text: The value in words, in the reader's language where there are two.
        language: Language of ``text`` where it differs from the reader's; else empty.
        href: Address to follow, for web addresses.
        is_day: Whether ``text`` is a day in ISO 8601.
    """

    key: str
    label: str
    text: str
    language: str = ""
    href: str = ""
    is_day: bool = False


def show_value(one: KindField, value: Any) -> DetailView:
    """A value of a field, as a page shows it."""
    if one.type == KindFieldType.BILINGUAL and isinstance(value, Mapping):
        reader = "zh" if (get_language() or "").startswith("zh") else "en"
        other = "en" if reader == "zh" else "zh"
        if value.get(reader):
            return DetailView(one.key, one.label, str(value[reader]))
        return DetailView(one.key, one.label, str(value.get(other, "")), language="zh-Hans" if other == "zh" else "en")
    if one.type == KindFieldType.CHOICE:
        label = next((choice.label for choice in one.choices if choice.key == value), str(value))
        return DetailView(one.key, one.label, label)
    text = str(value)
    return DetailView(
        one.key, one.label, text, href=text if one.type == KindFieldType.URL else "", is_day=one.type == KindFieldType.DATE
    )


def show_details(form: KindFormView, details: Mapping[str, Any]) -> list[DetailView]:
    """Every value that was given, in the order of the form; what an earlier form asked stands last, under its key."""
    shown = [show_value(one, details[one.key]) for one in form.fields if not is_empty(details.get(one.key))]
    known = {one.key for one in form.fields}
    for key, value in details.items():
        if key not in known and not is_empty(value):
            as_field = KindField(key, key, key, _B if isinstance(value, Mapping) else _T)
            shown.append(show_value(as_field, value))
    return shown


# --------------------------------------------------------------------------------------------------------- new versions


def check_form(fields: Sequence[KindField], evidence: Sequence[EvidenceNeed]) -> None:
    """Refuse a form that could not be filled in.

    Raises:
        InvalidInputError: With everything that is wrong, by ``fields-<place>`` and ``evidence-<place>`` (from 0).
    """
    wrong: dict[str, StrOrPromise] = {}
    if len(fields) > MOST_FIELDS:
        wrong["fields"] = _("A kind has at most %(most)s fields of its own.") % {"most": MOST_FIELDS}
    if len(evidence) > MOST_EVIDENCE:
        wrong["evidence"] = _("A kind asks for at most %(most)s files.") % {"most": MOST_EVIDENCE}
    lists: tuple[tuple[Sequence[KindField | EvidenceNeed], str], ...] = ((fields, "fields"), (evidence, "evidence"))
    for rows, name in lists:
        seen: set[str] = set()
        for place, row in enumerate(rows):
            fault = _fault(row, seen)
            if fault:
                wrong[f"{name}-{place}"] = fault
            seen.add(row.key)
    if wrong:
        raise InvalidInputError(_("The form is not complete."), code="kind_form_invalid", fields=wrong)


def _fault(row: KindField | EvidenceNeed, seen: set[str]) -> StrOrPromise:
    if not _KEY.fullmatch(row.key) or row.key in seen:
        return _("Two entries have the same name in code. Take one of them out and add it anew.")
    if not row.label_en and not row.label_zh:
        return _("Give a name in English or in Chinese.")
    if max(len(row.label_en), len(row.label_zh)) > LONGEST_LABEL:
        return _("A name has up to %(most)s characters.") % {"most": LONGEST_LABEL}
    if isinstance(row, EvidenceNeed):
        return "" if row.gate in GATES else _("Choose the step that asks for it.")
    if row.type not in KindFieldType.values:
        return _("Choose what the field holds.")
    if row.type == KindFieldType.CHOICE and not 2 <= len(row.choices) <= MOST_CHOICES:
        return _("Give 2 to %(most)s answers to choose from, one on each line.") % {"most": MOST_CHOICES}
    return ""


def new_key(label_en: str, label_zh: str, taken: set[str]) -> str:
    """A key for a new entry, from its English name where it has one."""
    base = re.sub(r"[^a-z0-9]+", "_", label_en.lower()).strip("_")[:30].strip("_")
    if not base or not base[0].isalpha():
        base = f"entry_{base}".strip("_") if base else "entry"
    key, number = base, 1
    while key in taken or key.endswith(("_before",)):
        number += 1
        key = f"{base}_{number}"
    return key


_CHOICE_SPLIT: Final = re.compile(r"\s*[/|／｜]\s*")


def read_choices(text: str, before: Sequence[Choice] = ()) -> tuple[Choice, ...]:
    """Answers from lines of ``English / Chinese``; an answer that keeps one of its names keeps its key."""
    found: list[Choice] = []
    taken: set[str] = set()
    for line in text.splitlines():
        parts = [part for part in _CHOICE_SPLIT.split(line.strip(), maxsplit=1) if part]
        if not parts:
            continue
        chinese = next((part for part in parts if _HAN.search(part)), "")
        english = next((part for part in parts if part != chinese), "")
        old = next(
            (
                one
                for one in before
                if one.key not in taken and ((english and one.label_en == english) or (chinese and one.label_zh == chinese))
            ),
            None,
        )
        reserved = taken | {one.key for one in before}
        key = old.key if old else new_key(english, chinese, reserved)
        taken.add(key)
        found.append(Choice(key, english[:LONGEST_LABEL], chinese[:LONGEST_LABEL]))
    return tuple(found)


def write_choices(choices: Sequence[Choice]) -> str:
    """Lines of ``English / Chinese``; :func:`read_choices` gives the same answers back."""
    return "\n".join(" / ".join(part for part in (one.label_en, one.label_zh) if part) for one in choices)
