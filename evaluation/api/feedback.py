"""Results of user feedback."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from alliance.api.endpoints import ProjectionList
from alliance.api.permissions import Access
from alliance.kernel.projection import Nested, OneOf, Projection, Since, Truth, Value
from evaluation.models import FeedbackResult

FEEDBACK = Projection(
    name="FeedbackResult",
    model=FeedbackResult,
    lookup="id",
    description=_("What the ratings of a catalogue entry say, with the interval; single marks are not shown."),
    fields=(
        Value("mechanism"),
        Nested("entry", (Value("code"), Value("title_en"), Value("title_zh"))),
        Value("responses"),
        Value("satisfied"),
        Value("csat"),
        Value("csat_lower"),
        Value("csat_upper"),
        Value("mean"),
        Value("adjusted_mean"),
        Value("is_latest"),
        Value("computed_at"),
    ),
    filters=(
        OneOf("entry", "entry.code"),
        Truth("latest", "{t}.is_latest"),
        Since("computed_after", "computed_at"),
        Since("computed_before", "computed_at", after=False),
    ),
    orderings={"-computed_at": ("computed_at", "id"), "computed_at": ("computed_at", "id")},
)
EXAMPLE: dict[str, Any] = {
    "mechanism": "user_feedback",
    "entry": {"code": "carbon-guide", "title_en": "Carbon accounting guide", "title_zh": "碳核算指南"},
    "responses": 12,
    "satisfied": 10,
    "csat": "0.833333",
    "csat_lower": "0.551967",
    "csat_upper": "0.953035",
    "mean": "4.2500",
    "adjusted_mean": "4.1000",
    "is_latest": True,
    "computed_at": "2026-11-20T03:00:00.000000Z",
}


class FeedbackList(ProjectionList):
    """Results, newest first; ``latest=true`` leaves one per entry."""

    tag = "feedback"
    projection = FEEDBACK
    access: ClassVar[Mapping[str, Access]] = {"GET": Access(scope="feedback:read")}
    summary: ClassVar[Mapping[str, str]] = {"GET": "List results of user feedback"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": {"results": [EXAMPLE], "next": None}}
