"""Contribution points with the record behind each, tariffs, honours lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from alliance.api.endpoints import ProjectionDetail, ProjectionEndpoint, ProjectionList
from alliance.api.permissions import Access
from alliance.api.problems import problem_titles
from alliance.kernel.errors import NotFoundError
from alliance.kernel.permissions import can, grants_of, institutions_acted_for
from alliance.kernel.projection import Computed, Condition, Nested, OneOf, Projection, Since, Truth, Value
from operations.models import ContributionPoints, HonoursList, Tariff
from operations.permissions import VIEW_POINTS, VIEW_TARIFF

if TYPE_CHECKING:
    from django.http import HttpResponse
    from rest_framework.request import Request

for _code, _title in {
    "tariff_invalid": _("The tariff is not complete"),
    "tariff_waits": _("A tariff waits for its approval"),
    "tariff_late": _("The tariff begins too early"),
    "honours_published": _("The honours list was published already"),
    "year_not_over": _("The year is not over"),
    "honours_empty": _("Nothing was earned"),
}.items():
    problem_titles.register(_code, _title)

_PARTY = (Value("code"), Value("kind"), Value("name_en"), Value("name_zh"))
_WORTH = """(SELECT (CASE WHEN {t}.cancelled_at IS NOT NULL THEN 0
      WHEN f.half_life_days IS NULL THEN {t}.points
      ELSE round({t}.points * power(0.5::numeric, greatest((now() AT TIME ZONE '[zone]')::date
        - ({t}.at AT TIME ZONE '[zone]')::date, 0)::numeric(40, 20) / f.half_life_days), 4) END)::numeric(24, 4)::text
    FROM operations_tariff f WHERE f.alliance_id = {t}.alliance_id AND f.id = {t}.tariff_id)""".replace(
    "[zone]", settings.TIME_ZONE.replace("'", "''")
)
"""What points are worth today, as the pages reckon it: whole days in the platform's time zone."""

POINTS = Projection(
    name="ContributionPoints",
    model=ContributionPoints,
    lookup="record",
    description=_("Points of an institution for one verified act. They trace to one record and go with it."),
    fields=(
        Nested("institution", _PARTY),
        Value("act"),
        Value("record"),
        Value("units"),
        Value("quality"),
        Value("points"),
        Computed(
            "worth",
            _WORTH,
            {"type": "string", "format": "decimal", "description": "What they are worth today; 0 once taken back."},
        ),
        Nested("tariff", (Value("version"), Value("half_life_days"))),
        Value("at"),
        Value("cancelled_at"),
        Value("cancel_reason"),
    ),
    filters=(
        OneOf("institution", "institution.code"),
        OneOf("act"),
        OneOf("record"),
        Since("after", "at"),
        Since("before", "at", after=False),
        Truth("cancelled", "({t}.cancelled_at IS NOT NULL)"),
    ),
    orderings={"-at": ("at", "id"), "at": ("at", "id")},
)
TARIFF = Projection(
    name="Tariff",
    model=Tariff,
    lookup="version",
    description=_("A version of what earns contribution points; never edited after its approval."),
    fields=(
        Value("version"),
        Value("state"),
        Value("points"),
        Value("half_life_days"),
        Value("valid_from"),
        Value("note"),
        Value("proposed_at"),
        Value("settled_at"),
    ),
    filters=(OneOf("state"),),
    orderings={"-version": ("version",), "version": ("version",)},
)
HONOURS = Projection(
    name="HonoursList",
    model=HonoursList,
    lookup="year",
    description=_("The institutions honoured for one year, as the list was published."),
    fields=(
        Value("year"),
        Value("published_at"),
        Computed("method", "({t}.rows->>'method')", {"type": "string"}),
        Computed(
            "rows",
            "({t}.rows->'rows')",
            {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "rank": {"type": "integer"},
                        "code": {"type": "string"},
                        "name_en": {"type": "string"},
                        "name_zh": {"type": "string"},
                        "points": {"type": "string", "format": "decimal"},
                        "acts": {
                            "type": "object",
                            "additionalProperties": {
                                "type": "object",
                                "properties": {
                                    "records": {"type": "integer"},
                                    "points": {"type": "string", "format": "decimal"},
                                },
                            },
                        },
                    },
                },
            },
        ),
    ),
    orderings={"-year": ("year",), "year": ("year",)},
)
_EXAMPLE_PARTY = {
    "code": "itp",
    "kind": "university_think_tank",
    "name_en": "Institute for Textile Policy",
    "name_zh": "纺织政策研究院",
}
EXAMPLE: dict[str, Any] = {
    "institution": _EXAMPLE_PARTY,
    "act": "product_released",
    "record": "operations.product:P-029:2",
    "units": "60.00",
    "quality": "1.62",
    "points": "97.2000",
    "worth": "88.4012",
    "tariff": {"version": 1, "half_life_days": 730},
    "at": "2026-07-01T02:00:00.000000Z",
    "cancelled_at": None,
    "cancel_reason": "",
}
TARIFF_EXAMPLE: dict[str, Any] = {
    "version": 1,
    "state": "approved",
    "points": {"product_released": "1.00", "draft_reviewed": "5.00", "hours_worked": "0.50"},
    "half_life_days": 730,
    "valid_from": "2026-01-01",
    "note": "First tariff",
    "proposed_at": "2025-12-01T02:00:00.000000Z",
    "settled_at": "2025-12-08T02:00:00.000000Z",
}
HONOURS_EXAMPLE: dict[str, Any] = {
    "year": 2025,
    "published_at": "2026-01-12T02:00:00.000000Z",
    "method": "sum of the points of the acts of the year, as awarded; equal sums share a rank",
    "rows": [
        {
            "rank": 1,
            "code": "itp",
            "name_en": "Institute for Textile Policy",
            "name_zh": "纺织政策研究院",
            "points": "162.0000",
            "acts": {"product_released": {"records": 1, "points": "162.0000"}},
        }
    ],
}


class PointsList(ProjectionList):
    """Points, newest act first."""

    tag = "points"
    projection = POINTS
    access: ClassVar[Mapping[str, Access]] = {"GET": Access()}
    summary: ClassVar[Mapping[str, str]] = {"GET": "List contribution points"}
    explanation: ClassVar[Mapping[str, str]] = {
        "GET": (
            "The secretariat, the management committee and the audit administrator see all, other people those of their own "
            "institutions. Closed to machine clients. Points that were taken back stay in the list."
        )
    }
    examples: ClassVar[Mapping[Any, Any]] = {"GET": {"results": [EXAMPLE], "next": None}}

    def conditions(self, request: Request) -> Sequence[Condition]:
        """Everything for those who see the ledger, else what was earned by the caller's institutions."""
        if can(request.user, VIEW_POINTS, self.alliance):
            return ()
        own = sorted(institutions_acted_for(grants_of(request.user, self.alliance)))
        return (Condition("{t}.institution_id = ANY(%(base_own)s::bigint[])", {"base_own": own}),)


class NumberedDetail(ProjectionDetail):
    """A record asked by a number: what is none fits no record."""

    def get(self, request: Request, code: str) -> HttpResponse:
        """The record.

        Raises:
            NotFoundError: There is none, or the key is no small number.
        """
        if not (code.isascii() and code.isdecimal() and len(code) < 6 and int(code) <= 32_767):
            raise NotFoundError
        return super().get(request, code)


class TariffEndpoint(ProjectionEndpoint):
    """Members read what earns points."""

    tag = "points"
    projection = TARIFF
    access: ClassVar[Mapping[str, Access]] = {"GET": Access(permission=VIEW_TARIFF)}


class TariffList(TariffEndpoint, ProjectionList):
    """Tariffs, newest version first."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "List tariffs of contribution points"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": {"results": [TARIFF_EXAMPLE], "next": None}}


class TariffDetail(TariffEndpoint, NumberedDetail):
    """One version."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "Read a tariff of contribution points"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": TARIFF_EXAMPLE}


class HonoursEndpoint(ProjectionEndpoint):
    """Published lists are public."""

    tag = "points"
    projection = HONOURS
    access: ClassVar[Mapping[str, Access]] = {"GET": Access(scope="honours:read")}


class HonoursLists(HonoursEndpoint, ProjectionList):
    """Honours lists, newest year first."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "List honours lists"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": {"results": [HONOURS_EXAMPLE], "next": None}}


class HonoursDetail(HonoursEndpoint, NumberedDetail):
    """The list of a year."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "Read the honours list of a year"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": HONOURS_EXAMPLE}
