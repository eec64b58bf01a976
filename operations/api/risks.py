"""The risk register; people are not named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from alliance.api.endpoints import ProjectionDetail, ProjectionEndpoint, ProjectionList
from alliance.api.permissions import Access
from alliance.api.problems import problem_titles
from alliance.kernel.projection import Computed, Contains, Listed, OneOf, Projection, Since, Truth, Value
from operations.models import Risk
from operations.permissions import VIEW_RISKS

for _code, _title in {
    "risk_invalid": _("The risk is not complete"),
    "risk_closed": _("The risk is closed"),
    "owner_cannot_see": _("This person does not see the register"),
    "measures_open": _("Measures are not done"),
    "measure_done": _("The measure is done"),
}.items():
    problem_titles.register(_code, _title)

RISK = Projection(
    name="Risk",
    model=Risk,
    description=_("A risk with its grades over time and what is done against it. People are not named."),
    fields=(
        Value("code"),
        Value("category"),
        Value("state"),
        Value("title_en"),
        Value("title_zh"),
        Value("words_en"),
        Value("words_zh"),
        Value("likelihood"),
        Value("impact"),
        Computed(
            "level", "({t}.likelihood * {t}.impact)", {"type": "integer", "description": "Likelihood times impact, 1 to 25."}
        ),
        Value("review_on"),
        Computed(
            "trigger",
            "split_part({t}.trigger, ':', 1)",
            {"type": "string", "description": "Kind of fact that opened it; empty: a person did."},
        ),
        Value("opened_at"),
        Value("closed_at"),
        Value("close_reason"),
        Listed(
            "reviews",
            "reviews",
            (Value("at"), Value("likelihood"), Value("impact"), Value("words"), Value("next_on")),
            order=("at", "id"),
        ),
        Listed("measures", "measures", (Value("words"), Value("due_on"), Value("done_at")), order=("due_on", "id")),
    ),
    filters=(
        OneOf("state"),
        OneOf("category"),
        OneOf("likelihood"),
        OneOf("impact"),
        Since("review_before", "review_on", after=False),
        Since("opened_after", "opened_at"),
        Truth("opened_by_data", "({t}.trigger <> '')"),
        Contains("q", ("title_en", "title_zh", "words_en", "words_zh")),
    ),
    orderings={
        "-opened_at": ("opened_at", "id"),
        "opened_at": ("opened_at", "id"),
        "review_on": ("review_on", "id"),
        "code": ("code",),
    },
)
EXAMPLE: dict[str, Any] = {
    "code": "R-004",
    "category": "supply",
    "state": "open",
    "title_en": "Single supplier: Foundation, capital",
    "title_zh": "单一来源：基金会，资金",
    "words_en": "Only one institution brings this element to the group.",
    "words_zh": "该要素在组内只有一家单位提供。",
    "likelihood": 3,
    "impact": 4,
    "level": 12,
    "review_on": "2026-12-05",
    "trigger": "single_supplier",
    "opened_at": "2026-11-21T01:00:00.000000Z",
    "closed_at": None,
    "close_reason": "",
    "reviews": [
        {"at": "2026-11-21T01:00:00.000000Z", "likelihood": 3, "impact": 4, "words": "", "next_on": "2026-12-05"},
    ],
    "measures": [{"words": "Invite a second foundation", "due_on": "2027-01-31", "done_at": None}],
}


class RiskEndpoint(ProjectionEndpoint):
    """The register is for those who keep it; machines do not read it."""

    tag = "risks"
    projection = RISK
    access: ClassVar[Mapping[str, Access]] = {"GET": Access(permission=VIEW_RISKS)}


class RiskList(RiskEndpoint, ProjectionList):
    """Risks, newest first."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "List risks"}
    explanation: ClassVar[Mapping[str, str]] = {
        "GET": "For the secretariat, the management committee and the audit administrator; closed to machine clients."
    }
    examples: ClassVar[Mapping[Any, Any]] = {"GET": {"results": [EXAMPLE], "next": None}}


class RiskDetail(RiskEndpoint, ProjectionDetail):
    """One risk."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "Read a risk"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": EXAMPLE}
