"""The service catalogue with what its clients say, and supply and demand listings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.api.endpoints import ProjectionDetail, ProjectionEndpoint, ProjectionList
from alliance.api.permissions import Access
from alliance.kernel.projection import (
    Condition,
    Contains,
    Listed,
    Nested,
    OneOf,
    Overlaps,
    Projection,
    Since,
    Value,
)
from services.choices import ListingState
from services.models import CatalogueEntry, Listing

if TYPE_CHECKING:
    from rest_framework.request import Request

ENTRY = Projection(
    name="CatalogueEntry",
    model=CatalogueEntry,
    description=_("A service on offer, the product behind it, and the latest result of its clients' feedback."),
    fields=(
        Value("code"),
        Value("category"),
        Value("access"),
        Value("clients"),
        Value("title_en"),
        Value("title_zh"),
        Value("summary_en"),
        Value("summary_zh"),
        Value("published_at"),
        Nested(
            "product",
            (
                Value("code"),
                Value("kind"),
                Value("version"),
                Value("released_at"),
                Nested("author", (Value("code"), Value("name_en"), Value("name_zh"))),
            ),
        ),
        Listed(
            "feedback",
            "feedback_results",
            (
                Value("responses"),
                Value("satisfied"),
                Value("csat"),
                Value("csat_lower"),
                Value("csat_upper"),
                Value("mean"),
                Value("adjusted_mean"),
                Value("computed_at"),
            ),
            order=("-computed_at", "-id"),
            where="{t}.is_latest",
            first=True,
        ),
    ),
    filters=(
        OneOf("category"),
        OneOf("access"),
        Overlaps("client", "clients"),
        OneOf("product", "product.code"),
        Since("published_after", "published_at"),
        Since("published_before", "published_at", after=False),
        Contains("q", ("title_en", "title_zh", "summary_en", "summary_zh")),
    ),
    orderings={"-published_at": ("published_at", "id"), "published_at": ("published_at", "id"), "code": ("code",)},
)
ENTRY_EXAMPLE: dict[str, Any] = {
    "code": "carbon-guide",
    "category": "problem_solving",
    "access": "free",
    "clients": ["industry"],
    "title_en": "Carbon accounting guide for weaving mills",
    "title_zh": "织造企业碳核算指南",
    "summary_en": "Step by step.",
    "summary_zh": "分步说明。",
    "published_at": "2026-09-01T01:00:00.000000Z",
    "product": {
        "code": "P-014",
        "kind": "guide",
        "version": 2,
        "released_at": "2026-09-01T01:00:00.000000Z",
        "author": {"code": "itp", "name_en": "Institute for Textile Policy", "name_zh": "纺织政策研究院"},
    },
    "feedback": {
        "responses": 12,
        "satisfied": 10,
        "csat": "0.833333",
        "csat_lower": "0.551967",
        "csat_upper": "0.953035",
        "mean": "4.2500",
        "adjusted_mean": "4.1000",
        "computed_at": "2026-11-20T03:00:00.000000Z",
    },
}


class EntryEndpoint(ProjectionEndpoint):
    """Entries open to the public."""

    tag = "catalogue"
    projection = ENTRY
    access: ClassVar[Mapping[str, Access]] = {"GET": Access(scope="catalogue:read")}

    def conditions(self, request: Request) -> Sequence[Condition]:  # noqa: ARG002 - the same for all callers
        """Entries that were not withdrawn."""
        return (Condition("{t}.withdrawn_at IS NULL"),)


class EntryList(EntryEndpoint, ProjectionList):
    """Services on offer."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "List the service catalogue"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": {"results": [ENTRY_EXAMPLE], "next": None}}


class EntryDetail(EntryEndpoint, ProjectionDetail):
    """One service."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "Read a catalogue entry"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": ENTRY_EXAMPLE}


LISTING = Projection(
    name="Listing",
    model=Listing,
    description=_("A published demand or supply; a listing from an outside source names it and has no institution."),
    fields=(
        Value("code"),
        Value("side"),
        Value("state"),
        Value("category"),
        Value("elements"),
        Value("region_code"),
        Value("title_en"),
        Value("title_zh"),
        Value("body_en"),
        Value("body_zh"),
        Value("source"),
        Value("published_at"),
        Value("expires_on"),
        Value("created_at"),
        Nested("institution", (Value("code"), Value("kind"), Value("name_en"), Value("name_zh"))),
    ),
    filters=(
        OneOf("side"),
        OneOf("category"),
        OneOf("region", "region_code"),
        Overlaps("element", "elements"),
        OneOf("institution", "institution.code"),
        Since("published_after", "published_at"),
        Since("expires_before", "expires_on", after=False),
        Contains("q", ("title_en", "title_zh")),
    ),
    orderings={"-created_at": ("created_at", "id"), "created_at": ("created_at", "id"), "code": ("code",)},
)
LISTING_EXAMPLE: dict[str, Any] = {
    "code": "D-102",
    "side": "demand",
    "state": "published",
    "category": "project_research",
    "elements": ["technology"],
    "region_code": "320000",
    "title_en": "Low-water dyeing at mill scale",
    "title_zh": "工厂规模的少水染色",
    "body_en": "We look for a partner.",
    "body_zh": "寻求合作伙伴。",
    "source": "",
    "published_at": "2026-10-02T02:00:00.000000Z",
    "expires_on": "2027-03-31",
    "created_at": "2026-10-01T02:00:00.000000Z",
    "institution": {"code": "jh-mill", "kind": "leading_enterprise", "name_en": "JH Weaving", "name_zh": "江河织造"},
}


class ListingEndpoint(ProjectionEndpoint):
    """Listings that are published and not past their last day."""

    tag = "listings"
    projection = LISTING
    access: ClassVar[Mapping[str, Access]] = {"GET": Access(scope="listings:read")}

    def conditions(self, request: Request) -> Sequence[Condition]:  # noqa: ARG002 - the same for all callers
        """Verified and open today."""
        return (
            Condition(
                "{t}.state = %(base_state)s AND ({t}.expires_on IS NULL OR {t}.expires_on >= %(base_day)s)",
                {"base_state": ListingState.PUBLISHED.value, "base_day": timezone.localdate()},
            ),
        )


class ListingList(ListingEndpoint, ProjectionList):
    """Open listings."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "List supply and demand"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": {"results": [LISTING_EXAMPLE], "next": None}}


class ListingDetail(ListingEndpoint, ProjectionDetail):
    """One listing."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "Read a listing"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": LISTING_EXAMPLE}
