"""The service catalogue with what its clients say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import transaction
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from alliance.api.authentication import machine_of
from alliance.api.endpoints import (
    ClosedSerializer,
    ProjectionDetail,
    ProjectionEndpoint,
    ProjectionList,
    WriteEndpoint,
    json_response,
    person_of,
    read_body,
)
from alliance.api.permissions import Access
from alliance.kernel import limits
from alliance.kernel.errors import NotFoundError
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
from services.actions.rating import submit_rating
from services.choices import ClientKind
from services.models import CatalogueEntry
from services.tasks import send_rating_mail

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


class RatingBody(ClosedSerializer):
    """A client's rating."""

    score = serializers.IntegerField(min_value=1, max_value=5)
    client_kind = serializers.ChoiceField(choices=ClientKind.values)
    email = serializers.EmailField(max_length=254, help_text="The author's; gets the link to confirm, only a hash is kept.")
    comment = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    language = serializers.ChoiceField(choices=[code for code, _name in settings.LANGUAGES], required=False)


class RatingCollection(WriteEndpoint):
    """Ratings of a service, handed in by a site that shows the catalogue; each counts once its author has confirmed it."""

    tag = "catalogue"
    idempotency_required: ClassVar[bool] = True
    access: ClassVar[Mapping[str, Access]] = {"POST": Access(scope="ratings:write")}
    summary: ClassVar[Mapping[str, str]] = {"POST": "Hand in a rating"}
    explanation: ClassVar[Mapping[str, str]] = {
        "POST": "The author gets a mail with a link; the rating counts for nothing until the link was followed."
    }
    requests: ClassVar[Mapping[str, Any]] = {"POST": RatingBody}
    responses: ClassVar[Mapping[str, Mapping[int, Any]]] = {
        "POST": {
            202: {
                "type": "object",
                "properties": {
                    "rating": {"type": "string", "format": "uuid"},
                    "state": {"type": "string", "enum": ["unconfirmed"]},
                },
                "required": ["rating", "state"],
            }
        }
    }
    examples: ClassVar[Mapping[Any, Any]] = {
        "POST": {"rating": "0b7ad1a4-4d0e-4d7c-9f1b-0e2f3a4b5c6d", "state": "unconfirmed"},
        ("POST", "request"): {"score": 4, "client_kind": "industry", "email": "reader@mill.example", "comment": "Clear."},
    }

    def check_again(self, request: Request, **kwargs: Any) -> None:
        """The scope was asked for already; the entry must still be open to the public."""
        if not CatalogueEntry.objects.of(self.alliance).public().filter(code=kwargs["code"]).exists():
            raise NotFoundError

    def act(self, request: Request, **kwargs: Any) -> HttpResponse:
        """Take the rating in and mail its author."""
        body = read_body(RatingBody, request)
        if "\x00" in kwargs["code"]:
            raise NotFoundError
        caller = machine_of(request)
        limits.hit("public_form", self.alliance.pk, "rating", caller.client.pk if caller else person_of(request).uuid)
        language = body.get("language") or get_language() or settings.LANGUAGE_CODE
        rating = submit_rating(
            self.alliance,
            kwargs["code"],
            score=body["score"],
            client_kind=body["client_kind"],
            comment=body.get("comment", ""),
            email=body["email"],
            language=language,
            at=timezone.now(),
        )
        transaction.on_commit(partial(send_rating_mail.delay, self.alliance.pk, str(rating.uuid), body["email"]))
        return json_response({"rating": rating.uuid, "state": rating.state}, 202)
