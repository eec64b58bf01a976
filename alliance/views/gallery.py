"""Gallery of the interface's components, with invented content: for developers and for the checks of look and access."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from alliance.kernel import charts
from alliance.kernel.formats import format_number, is_chinese
from alliance.kernel.forms import AllianceForm

if TYPE_CHECKING:
    from django.http import HttpRequest

BASES: Final = {"console": "console/base.html", "portal": "portal/base.html", "public": "public/base.html"}


def both(english: str, chinese: str) -> str:
    """Sample content in the reader's language; sample content is no text of the product and is in no catalogue."""
    return chinese if is_chinese(get_language()) else english


class GalleryForm(AllianceForm):
    """Every kind of field the product uses."""

    need = forms.CharField(
        label=_("What do you need?"), help_text=_("One sentence. Others see this in the list."), max_length=120
    )
    budget = forms.DecimalField(label=_("Budget in yuan"), required=False, min_value=0, help_text=_("Whole yuan."))
    needed_by = forms.DateField(label=_("Needed by"), widget=forms.DateInput())
    category = forms.ChoiceField(
        label=_("Category"), choices=[("problem_solving", _("Problem-solving")), ("information", _("Information"))]
    )
    channel = forms.ChoiceField(
        label=_("How shall the answer reach you?"),
        choices=[("mail", _("E-mail")), ("visit", _("Visit"))],
        widget=forms.RadioSelect,
        help_text=_("A visit is possible within the province."),
    )
    elements = forms.MultipleChoiceField(
        label=_("Elements you look for"),
        choices=[("talent", _("Talent")), ("technology", _("Technology")), ("capital", _("Capital"))],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    details = forms.CharField(label=_("Details"), widget=forms.Textarea, required=False)
    evidence = forms.FileField(label=_("Evidence"), required=False, help_text=_("PDF or pictures, at most 25 MB."))
    consent = forms.BooleanField(label=_("The alliance may show this need to all members"))

    def clean_needed_by(self) -> dt.date:
        """A date that is still to come."""
        day: dt.date = self.cleaned_data["needed_by"]
        if day <= timezone.localdate():
            raise ValidationError(_("The date must be after today"))
        return day


@dataclass(frozen=True, slots=True)
class SampleJob:
    """A job half-way, without a row."""

    uuid: str
    state: str
    percent: int
    done: int
    total: int
    seconds_left: int | None
    is_over: bool = False
    error: str = ""
    stop_requested: bool = False

    def get_state_display(self) -> str:
        """Name of the state."""
        return both("running", "进行中") if self.state == "running" else both("failed", "失败")


def gallery(request: HttpRequest) -> HttpResponse:
    """All components on one page; other readers than platform operators do not learn that it exists."""
    if not (settings.DEBUG or getattr(request.user, "is_platform_operator", False)):
        raise Http404
    return render(request, "components/gallery.html", gallery_context(request.GET.get("density", "console")))


def gallery_context(density: str = "console") -> dict[str, Any]:
    """Sample content for every component.

    Args:
        density: ``console``, ``portal`` or ``public``; anything else is the console.
    """
    form = GalleryForm(
        {"need": both("Cut steam use on two stenters by 15%", "两台定型机蒸汽用量降低15%"), "needed_by": "2026-10-31"}
    )
    return {
        "base_template": BASES.get(density, BASES["console"]),
        "has_form_errors": False,
        "crumbs": [{"label": both("Developers", "开发"), "url": "#main"}, {"label": both("Gallery", "组件")}],
        "page_name": both("Components", "界面组件"),
        "sample_form": form,
        "empty_form": GalleryForm(),
        "record": {"title_en": "Low-salt reactive dyeing guide", "title_zh": "低盐活性染色指南"},
        "record_en_only": {"title_en": "Defect photo atlas", "title_zh": ""},
        "record_zh_only": {"title_en": "", "title_zh": "印染废水回用清单"},
        "moment": dt.datetime(2026, 11, 12, 9, 5, tzinfo=timezone.get_default_timezone()),
        "day": dt.date(2026, 11, 21),
        "tiles": _tiles(),
        "matrix_columns": _elements(),
        "matrix_rows": _matrix(),
        "decisions": _decisions(),
        "steps": [
            {"label": both("Draft", "起草"), "note": both("2 Sep", "9月2日"), "state": "done"},
            {"label": both("Transformed", "转化"), "note": both("30 Sep", "9月30日"), "state": "done"},
            {"label": both("In pilot", "试点"), "note": both("3 days late", "逾期3天"), "state": "now"},
            {"label": both("Improve", "改进"), "note": "", "state": ""},
            {"label": both("Release", "发布"), "note": both("planned 15 Jan", "计划1月15日"), "state": ""},
        ],
        "timeline": [
            {
                "title": both("Reminder sent to Chen Mei", "已提醒陈梅"),
                "detail": both("By mail, second of three", "邮件，第二次"),
                "at": dt.datetime(2026, 11, 20, 9, 0, tzinfo=timezone.get_default_timezone()),
                "by": both("Lin Hui", "林慧"),
                "tone": "bad",
            },
            {
                "title": both("Secretariat signed", "秘书处已签署"),
                "detail": both("Certificate ending 7F2A", "证书尾号7F2A"),
                "at": dt.datetime(2026, 11, 12, 9, 5, tzinfo=timezone.get_default_timezone()),
                "by": both("Lin Hui", "林慧"),
                "tone": "ok",
            },
        ],
        "facts": [
            {
                "label": both("Drafted by", "起草单位"),
                "value": both("Guangfu Textile Institute", "广富纺织研究院"),
                "url": "#main",
            },
            {
                "label": both("Piloted by", "试点单位"),
                "lines": [both("Xiqiao Weaving", "西樵织造"), both("Hengtai Dyeing", "恒泰印染")],
            },
            {"label": both("Client", "服务对象"), "value": both("Dyehouses under 200 staff", "200人以下印染企业")},
        ],
        "institutions": _institutions(),
        "facets": _facets(),
        "chips": [
            {"label": both("Industry think tank", "产业智库"), "url": "#main"},
            {"label": both("Leading enterprise", "龙头企业"), "url": "#main"},
        ],
        "board": _board(),
        "parties": _parties(),
        "tabs": [
            {"label": both("Profile", "资料"), "url": "#main", "current": True},
            {"label": both("Contracts", "合同"), "url": "#main", "current": False, "count": 3},
            {"label": both("Record", "记录"), "url": "#main", "current": False},
        ],
        "job": SampleJob("3f2a", "running", 62, 1240, 2000, 40),
        "failed_job": SampleJob(
            "9c1d",
            "failed",
            31,
            118,
            380,
            None,
            True,
            both("The import stopped at row 118; nothing was saved.", "导入停在第118行，未保存任何数据。"),
        ),
        **_charts(),
    }


def _tiles() -> list[dict[str, str]]:
    return [
        {
            "name": both("Elements", "要素"),
            "value": "46",
            "unit": both("/ 48 cells", "/ 48项"),
            "note": both("2 gaps", "2处缺口"),
            "note_tone": "down",
            "note_rest": both("need a supplier", "待补"),
        },
        {
            "name": both("Organisation", "组织"),
            "value": "64",
            "unit": both("institutions", "家机构"),
            "note_rest": both("6 groups · 91 memberships", "6个组，91个席位"),
        },
        {
            "name": both("Operation", "运行"),
            "value": "12",
            "unit": both("pilots", "项试点"),
            "note": both("2 late", "2项逾期"),
            "note_tone": "down",
            "note_rest": both("· 3 ready to release", "，3项可发布"),
        },
        {
            "name": both("Service", "服务"),
            "value": "93%",
            "unit": both("on time", "按时"),
            "note": both("▲ 4 points", "▲ 4个百分点"),
            "note_tone": "up",
            "note_rest": both("on last cycle", "较上期"),
        },
        {
            "name": both("Target", "目标"),
            "value": "0.71",
            "unit": both("synergy", "协同度"),
            "note": "▲ 0.05",
            "note_tone": "up",
            "note_rest": both("on last cycle", "较上期"),
        },
    ]


def _elements() -> list[str]:
    return [
        both("Policy", "政策"),
        both("Talent", "人才"),
        both("Technology", "技术"),
        both("Dissemination", "传播"),
        both("Product transformation", "产品转化"),
        both("Capital", "资金"),
        both("Pilot feedback", "试点反馈"),
        both("Coordination", "统筹监督"),
    ]


def _matrix() -> list[dict[str, Any]]:
    rows = {
        "policy_group": (9, 3, 2, 2, 0, 1, 0, 4),
        "wisdom_group": (5, 14, 11, 6, 7, 0, 3, 2),
        "media_group": (0, 4, 0, 12, 8, 0, 1, 0),
        "leading_enterprise_group": (2, 6, 9, 3, 0, 8, -1, 0),
        "foundation": (0, -1, 0, 1, 0, 5, 0, 1),
        "management_committee": (2, 1, 0, 0, 0, 2, 2, 6),
    }
    return [
        {
            "kind": kind,
            "cells": [
                {"count": max(count, 0), "expected": count < 0, "url": "#main" if count else "", "label": ""}
                for count in counts
            ],
        }
        for kind, counts in rows.items()
    ]


def _decisions() -> list[dict[str, str]]:
    return [
        {
            "icon": "triangle-alert",
            "tone": "bad",
            "title": both("Pilot feedback has no supplier", "试点反馈无供给单位"),
            "text": both("Leading-enterprise group. 3 pilots wait on it.", "龙头企业组，3项试点在等待。"),
            "end": both("2 days", "2天"),
        },
        {
            "icon": "clock",
            "tone": "bad",
            "title": both("Contract C-0214 unsigned for 11 days", "合同C-0214待签11天"),
            "text": both("Hengtai Dyeing has not signed.", "恒泰印染尚未签署。"),
            "end": both("11 days", "11天"),
        },
        {
            "icon": "shield",
            "tone": "warn",
            "title": both("Conflict of interest to rule on", "利益冲突待裁定"),
            "text": both("Prof. Zhou declared a stake in Xiqiao Weaving.", "周教授申报持有西樵织造股份。"),
            "end": both("1 day", "1天"),
        },
    ]


def _institutions() -> list[dict[str, Any]]:
    active, due, lapsed = both("Active", "正式成员"), both("Renewal due", "待续期"), both("Lapsed", "资格到期")
    return [
        {
            "code": "GT",
            "name": both("Guangfu Textile Institute", "广富纺织研究院"),
            "kind": both("Industry think tank", "产业智库"),
            "groups": ["wisdom_group", "policy_group"],
            "level": both("Regional", "区域级"),
            "score": "0.86",
            "state": "active",
            "state_text": active,
        },
        {
            "code": "XW",
            "name": both("Xiqiao Weaving Group", "西樵织造集团"),
            "kind": both("Leading enterprise", "龙头企业"),
            "groups": ["leading_enterprise_group", "foundation"],
            "level": both("Provincial", "省级"),
            "score": "0.81",
            "state": "active",
            "state_text": active,
        },
        {
            "code": "HD",
            "name": both("Hengtai Dyeing", "恒泰印染"),
            "kind": both("Leading enterprise", "龙头企业"),
            "groups": ["leading_enterprise_group"],
            "level": both("Provincial", "省级"),
            "score": "0.72",
            "state": "renewal_due",
            "state_text": due,
        },
        {
            "code": "LS",
            "name": both("Lianshun Printing", "联顺印花"),
            "kind": both("Leading enterprise", "龙头企业"),
            "groups": ["leading_enterprise_group", "media_group"],
            "level": both("Provincial", "省级"),
            "score": "0.61",
            "state": "lapsed",
            "state_text": lapsed,
        },
    ]


def _facets() -> list[dict[str, Any]]:
    return [
        {
            "name": "kind",
            "label": both("Kind", "类型"),
            "options": [
                {
                    "value": "industry_think_tank",
                    "label": both("Industry think tank", "产业智库"),
                    "count": 9,
                    "selected": True,
                },
                {
                    "value": "leading_enterprise",
                    "label": both("Leading enterprise", "龙头企业"),
                    "count": 17,
                    "selected": True,
                },
                {
                    "value": "university_think_tank",
                    "label": both("University think tank", "高校智库"),
                    "count": 8,
                    "selected": False,
                },
            ],
        },
        {
            "name": "group",
            "label": both("Group", "组"),
            "options": [
                {"value": kind, "label": "", "count": count, "selected": False, "group_kind": kind}
                for kind, count in (("policy_group", 12), ("wisdom_group", 24), ("media_group", 13))
            ],
        },
    ]


def _board() -> list[dict[str, Any]]:
    def card(code: str, title: str, group: str, facts: list[str], due: str, *, late: bool = False) -> dict[str, Any]:
        return {
            "code": code,
            "title": title,
            "url": "#main",
            "group_kind": group,
            "facts": facts,
            "due": due,
            "late": late,
            "move_url": "#main",
            "movable": True,
        }

    return [
        {
            "key": "draft",
            "label": both("Draft", "起草中"),
            "colour": "c6",
            "cards": [
                card(
                    "P-036",
                    both("Yarn price early-warning note", "纱价预警简报"),
                    "wisdom_group",
                    [],
                    both("Draft due 5 Dec", "12月5日前完成"),
                )
            ],
        },
        {
            "key": "transforming",
            "label": both("Transformed", "转化中"),
            "colour": "c3",
            "cards": [
                card(
                    "P-033",
                    both("Fibre labelling explainer video", "纤维标识科普视频"),
                    "media_group",
                    [],
                    both("Handover 30 Nov", "11月30日移交"),
                )
            ],
        },
        {
            "key": "piloting",
            "label": both("In pilot", "试点中"),
            "colour": "c4",
            "cards": [
                card(
                    "P-029",
                    both("Low-salt reactive dyeing guide", "低盐活性染色指南"),
                    "leading_enterprise_group",
                    [both("3 firms · 41 answers", "3家企业，41份反馈")],
                    both("3 days late", "逾期3天"),
                    late=True,
                )
            ],
        },
        {"key": "improving", "label": both("Improving", "改进中"), "colour": "c5", "cards": []},
        {
            "key": "released",
            "label": both("Released", "已发布"),
            "colour": "c2",
            "cards": [
                card(
                    "P-021",
                    both("Defect photo atlas", "疵点图谱"),
                    "management_committee",
                    [both("316 downloads", "下载316次")],
                    both("Released 4 Nov", "11月4日发布"),
                )
            ],
        },
    ]


def _parties() -> list[dict[str, str]]:
    return [
        {
            "role": both("Supply side", "供给方（乙方）"),
            "name": both("Guangfu Textile Institute", "广富纺织研究院"),
            "person": both("Dr He Min", "何敏博士"),
            "brings": both("technology, 2 engineers", "技术、2名工程师"),
            "group_kind": "wisdom_group",
            "tone": "ok",
            "state_text": both("Signed 10 Nov", "11月10日已签"),
        },
        {
            "role": both("Demand side", "需求方（甲方）"),
            "name": both("Hengtai Dyeing", "恒泰印染"),
            "person": both("Chen Mei", "陈梅"),
            "brings": both("site access, ¥238,000", "现场、23.8万元"),
            "group_kind": "leading_enterprise_group",
            "tone": "bad",
            "state_text": both("Waiting, 11 days", "待签11天"),
        },
        {
            "role": both("Witness", "见证方（丙方）"),
            "name": both("Secretariat, for the committee", "秘书处（代管委会）"),
            "person": both("Lin Hui", "林慧"),
            "brings": both("supervision", "监督"),
            "group_kind": "management_committee",
            "tone": "ok",
            "state_text": both("Signed 12 Nov", "11月12日已签"),
        },
    ]


def _charts() -> dict[str, charts.Chart]:
    quarters = ["Q3 25", "Q4", "Q1 26", "Q2", "Q3", "Q4"]
    return {
        "chart_stages": charts.draw(
            charts.StackedBar(
                both("Of 12 products, 4 are in pilot and 1 is released", "12项成果中4项在试点，1项已发布"),
                [
                    charts.Part(both("Draft", "起草中"), 3, "g6"),
                    charts.Part(both("Transformed", "转化中"), 2, "g3"),
                    charts.Part(both("In pilot", "试点中"), 4, "g4"),
                    charts.Part(both("Improving", "改进中"), 2, "g5"),
                    charts.Part(both("Released", "已发布"), 1, "g2"),
                ],
            ),
            csv_url="#main",
        ),
        "chart_balance": charts.draw(
            charts.MirroredBars(
                both("Demand exceeds supply in dyeing, 14 against 5", "印染需求超过供给，14比5"),
                both("Demand", "需求"),
                both("Supply", "供给"),
                [
                    charts.Pair(both("Dyeing & finishing", "印染后整理"), 14, 5),
                    charts.Pair(both("Automation", "自动化"), 11, 7),
                    charts.Pair(both("Design & trends", "设计与趋势"), 6, 9),
                    charts.Pair(both("Skills", "技能培训"), 4, 10),
                ],
            )
        ),
        "chart_synergy": charts.draw(
            charts.LineChart(
                both(
                    "All four synergies rose over six quarters; target leads at 0.74",
                    "四项协同度六个季度均上升，目标协同最高，为0.74",
                ),
                quarters,
                [
                    charts.Series(both("Target", "目标"), [0.58, 0.60, 0.63, 0.66, 0.70, 0.74]),
                    charts.Series(both("Organisational", "组织"), [0.62, 0.63, 0.61, 0.66, 0.69, 0.72]),
                    charts.Series(both("Operational", "运行"), [0.50, 0.54, 0.59, 0.60, 0.66, 0.69]),
                    charts.Series(both("Service", "服务"), [0.55, None, 0.60, 0.64, 0.66, 0.67]),
                ],
                low=0.4,
                high=0.8,
            ),
            csv_url="#main",
        ),
        "chart_opinion": charts.draw(
            charts.DivergingBars(
                both("Fits our machines is weakest: 14 of 41 disagree", "“适合本厂设备”评价最低，41份中14份不同意"),
                [
                    both("Strongly against", "很不同意"),
                    both("Against", "不同意"),
                    both("Neutral", "中立"),
                    both("For", "同意"),
                    both("Strongly for", "很同意"),
                ],
                [
                    charts.Opinion(both("Clear instructions", "说明清楚"), [2, 3, 6, 18, 12]),
                    charts.Opinion(both("Fits our machines", "适合本厂设备"), [5, 9, 11, 11, 5]),
                    charts.Opinion(both("Saves cost", "节省成本"), [1, 4, 9, 16, 11]),
                    charts.Opinion(both("Would recommend", "愿意推荐"), [2, 4, 7, 15, 13]),
                ],
            )
        ),
        "chart_ranking": charts.draw(
            charts.IntervalDots(
                both("The first three cannot be told apart at 95%", "前三名在95%水平上无法区分"),
                [
                    charts.Estimate(both("South Mills Council", "南坊协会"), 88, 85, 91, 64),
                    charts.Estimate(both("Guangfu Textile Institute", "广富纺织研究院"), 86, 83, 90, 41),
                    charts.Estimate(both("Xiqiao Weaving Group", "西樵织造集团"), 81, 78, 84, 52),
                    charts.Estimate(both("Jinfang Looms", "锦纺织机"), None, None, None, 0),
                    charts.Estimate(both("Lianshun Printing", "联顺印花"), 61, 52, 71, 9),
                ],
                low=50,
                high=100,
                write=format_number,
            )
        ),
        "chart_radar": charts.draw(
            charts.Radar(
                both("3 of 4 criteria reach their pass mark", "4项标准中3项达到及格线"),
                [
                    both("Clear instructions", "说明清楚"),
                    both("Fits our machines", "适合本厂设备"),
                    both("Saves cost", "节省成本"),
                    both("Would recommend", "愿意推荐"),
                ],
                [
                    charts.Series(both("Round 2", "第2轮"), [82, 58, 74, 79]),
                    charts.Series(both("Round 1", "第1轮"), [71, 46, 70, 68]),
                    charts.Series(both("Pass mark", "及格线"), [62.5, 62.5, 62.5, 62.5]),
                ],
                write=format_number,
            )
        ),
        "chart_requests": charts.draw(
            charts.CategoryBars(
                both("3 of 46 requests are late, one each in three categories", "46项申请中3项逾期，分属三类"),
                [
                    charts.Segment(both("On time", "按时"), "g2"),
                    charts.Segment(both("Due in 3 days", "3天内到期"), "g5"),
                    charts.Segment(both("Late", "逾期"), "accent"),
                ],
                [
                    charts.Category(both("Problem-solving", "问题解决"), [11, 2, 1]),
                    charts.Category(both("Information", "信息服务"), [9, 0, 0]),
                    charts.Category(both("Project research", "项目研究"), [5, 2, 1]),
                    charts.Category(both("Talent cultivation", "人才培养"), [4, 1, 0]),
                    charts.Category(both("Development forecasting", "发展预测"), [2, 0, 1]),
                ],
            )
        ),
    }
