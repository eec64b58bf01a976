"""Objectives with their latest measurement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from alliance.api.endpoints import ProjectionDetail, ProjectionList
from alliance.api.permissions import Access
from alliance.kernel.projection import Contains, Listed, Nested, OneOf, Projection, Since, Value
from targets.models import Objective

OBJECTIVE = Projection(
    name="Objective",
    model=Objective,
    description=_("An objective of the alliance with its indicator and the latest measurement."),
    fields=(
        Value("code"),
        Value("tier"),
        Value("title_en"),
        Value("title_zh"),
        Value("indicator_en"),
        Value("indicator_zh"),
        Value("measured_by", "provider"),
        Value("unit"),
        Value("direction"),
        Value("baseline"),
        Value("target_value"),
        Value("target_on"),
        Nested("parent", (Value("code"),)),
        Nested("owner", (Value("code"), Value("name_en"), Value("name_zh"))),
        Listed(
            "latest",
            "measurements",
            (Value("at"), Value("value"), Value("source")),
            order=("-at", "-id"),
            first=True,
        ),
    ),
    filters=(
        OneOf("tier"),
        OneOf("parent", "parent.code"),
        OneOf("owner", "owner.code"),
        Since("due_before", "target_on", after=False),
        Contains("q", ("title_en", "title_zh")),
    ),
    orderings={"code": ("code",), "target_on": ("target_on", "id"), "-target_on": ("target_on", "id")},
)
EXAMPLE: dict[str, Any] = {
    "code": "C1",
    "tier": "core",
    "title_en": "Products that the industry uses",
    "title_zh": "产业真正采用的产品",
    "indicator_en": "Released products with a mean pilot score of 75 or more",
    "indicator_zh": "试点平均分不低于75的已发布产品",
    "measured_by": "operations.released_products",
    "unit": "",
    "direction": "up",
    "baseline": "0.0000",
    "target_value": "12.0000",
    "target_on": "2027-12-31",
    "parent": None,
    "owner": {"code": "itp", "name_en": "Institute for Textile Policy", "name_zh": "纺织政策研究院"},
    "latest": {"at": "2026-11-20T03:00:00.000000Z", "value": "5.0000", "source": "measured"},
}
_ACCESS = {"GET": Access(scope="objectives:read")}


class ObjectiveList(ProjectionList):
    """Objectives of the alliance."""

    tag = "objectives"
    projection = OBJECTIVE
    access: ClassVar[Mapping[str, Access]] = _ACCESS
    summary: ClassVar[Mapping[str, str]] = {"GET": "List objectives"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": {"results": [EXAMPLE], "next": None}}


class ObjectiveDetail(ProjectionDetail):
    """One objective."""

    tag = "objectives"
    projection = OBJECTIVE
    access: ClassVar[Mapping[str, Access]] = _ACCESS
    summary: ClassVar[Mapping[str, str]] = {"GET": "Read an objective"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": EXAMPLE}
