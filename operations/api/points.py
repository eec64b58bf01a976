"""Points of feedback under a product's address: what was said of it, what became of it, and the makers' answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from alliance.api.authentication import machine_of
from alliance.api.endpoints import ClosedSerializer, ProjectionList, WriteEndpoint, json_response, person_of, read_body
from alliance.api.permissions import Access
from alliance.api.problems import problem_titles
from alliance.kernel.errors import NotFoundError
from alliance.kernel.permissions import require
from alliance.kernel.projection import Computed, Condition, OneOf, Projection, Since, Truth, Value
from groups.selectors.conflict import list_recused
from operations.actions.point import ANSWERS, MAX_ANSWER, answer_point
from operations.api.parts import PartEndpoint
from operations.api.writes import find_product
from operations.models import FeedbackPoint
from operations.permissions import ANSWER_POINT
from operations.selectors.point import list_points, points_open_to

if TYPE_CHECKING:
    from rest_framework.request import Request

    from operations.models import Product

for _code, _title in {
    "named_by_release": _("A release names the point as answered"),
    "version_impossible": _("That version cannot have it"),
    "not_changeable": _("Nothing is answered any more"),
}.items():
    problem_titles.register(_code, _title)

_SITE = (
    "SELECT i.code FROM operations_pilotparticipant s JOIN members_institution i "
    "ON i.alliance_id = s.alliance_id AND i.id = s.institution_id "
    "WHERE s.alliance_id = {t}.alliance_id AND s.id = {t}.participant_id "
    "AND (s.is_public OR %(base_names)s OR s.institution_id = ANY(%(base_mine)s::bigint[]))"
)
POINT = Projection(
    name="FeedbackPoint",
    model=FeedbackPoint,
    description=_("One thing that was said of one version of a product, and the makers' answer to it."),
    fields=(
        Value("key"),
        Value("version"),
        Value("source"),
        Value("severity"),
        Value("text_en"),
        Value("text_zh"),
        Value("raised_at"),
        Computed(
            "site", _SITE, {"type": ["string", "null"], "description": "Code of the institution, where it may be known."}
        ),
        Value("state"),
        Value("answer"),
        Value("answered_at"),
        Value("done_in"),
        Value("named_in"),
    ),
    filters=(
        OneOf("state"),
        OneOf("source"),
        OneOf("severity"),
        OneOf("version"),
        Since("raised_after", "raised_at"),
        Truth("named", "{t}.named_in IS NOT NULL"),
    ),
    orderings={"-raised_at": ("raised_at", "id"), "raised_at": ("raised_at", "id")},
    lookup="key",
)
EXAMPLE: dict[str, Any] = {
    "key": "defect:0b5f7d6c-32a0-4c0e-9f0a-7f5b1a8c2d3e",
    "version": 1,
    "source": "defect",
    "severity": "major",
    "text_en": "Table 2 is cut off when printed.",
    "text_zh": "",
    "raised_at": "2026-08-11T01:00:00.000000Z",
    "site": "jh-mill",
    "state": "done",
    "answer": "The table is set on two pages.",
    "answered_at": "2026-08-20T01:00:00.000000Z",
    "done_in": 2,
    "named_in": 2,
}


class PointList(PartEndpoint, ProjectionList):
    """Points of feedback on a product, newest first."""

    projection = POINT
    summary: ClassVar[Mapping[str, str]] = {"GET": "List the points of feedback on a product"}
    explanation: ClassVar[Mapping[str, str]] = {
        "GET": "Makers, secretariat, committee and auditors see every point that counts; a pilot firm its own; everybody else, "
        "and machine clients, those that the release of a product names as answered. `site` is null where the institution "
        "may not be known to the caller."
    }
    examples: ClassVar[Mapping[Any, Any]] = {"GET": {"results": [EXAMPLE], "next": None}}

    def conditions(self, request: Request) -> Sequence[Condition]:
        """Machines: what releases name."""
        found = super().conditions(request)
        if machine_of(request) is None:
            return found
        return (*found, Condition("{t}.named_in IS NOT NULL", {"base_names": False, "base_mine": []}))

    def of_person(self, request: Request, product: Product) -> Sequence[Condition]:
        """What :func:`operations.selectors.point.points_open_to` says."""
        reach = points_open_to(product, request.user, at=timezone.now())
        if not reach.sees_all:
            mine = sorted(reach.filters["institution_ids"])
            return (
                Condition(
                    "({t}.named_in IS NOT NULL OR EXISTS (SELECT 1 FROM operations_pilotparticipant s "
                    "WHERE s.alliance_id = {t}.alliance_id AND s.id = {t}.participant_id "
                    "AND s.institution_id = ANY(%(base_mine)s::bigint[])))",
                    {"base_names": False, "base_mine": mine},
                ),
            )
        recused = [] if reach.filters["with_recused"] else sorted(list_recused(product.alliance, product.matter))
        return (
            Condition(
                "NOT EXISTS (SELECT 1 FROM operations_pilotparticipant s WHERE s.alliance_id = {t}.alliance_id "
                "AND s.id = {t}.participant_id AND s.institution_id = ANY(%(base_recused)s::bigint[]))",
                {"base_names": True, "base_mine": [], "base_recused": recused},
            ),
        )


class PointAnswerBody(ClosedSerializer):
    """What becomes of a point."""

    state = serializers.ChoiceField(choices=[state.value for state in ANSWERS])
    answer = serializers.CharField(
        max_length=MAX_ANSWER, required=False, allow_blank=True, help_text="Needed to decline; those who said it read it."
    )
    done_in = serializers.IntegerField(
        min_value=1, max_value=32_767, required=False, allow_null=True, help_text="For `done`; the next version if left out."
    )


class PointAnswer(WriteEndpoint):
    """The makers answer a point."""

    tag = "products"
    access: ClassVar[Mapping[str, Access]] = {"POST": Access()}
    summary: ClassVar[Mapping[str, str]] = {"POST": "Answer a point of feedback"}
    explanation: ClassVar[Mapping[str, str]] = {
        "POST": "For people of the author, of the adapter and of the secretariat. Refused with `named_by_release` once a release "
        "names the point, and with `not_changeable` for a product that is retired or withdrawn."
    }
    requests: ClassVar[Mapping[str, Any]] = {"POST": PointAnswerBody}
    responses: ClassVar[Mapping[str, Mapping[int, Any]]] = {
        "POST": {
            200: {
                "type": "object",
                "properties": {
                    "product": {"type": "string"},
                    "key": {"type": "string"},
                    "state": {"type": "string"},
                    "done_in": {"type": ["integer", "null"]},
                    "answered_at": {"type": "string", "format": "date-time"},
                },
                "required": ["product", "key", "state", "done_in", "answered_at"],
            }
        }
    }
    examples: ClassVar[Mapping[Any, Any]] = {
        "POST": {
            "product": "P-014",
            "key": EXAMPLE["key"],
            "state": "done",
            "done_in": 2,
            "answered_at": "2026-08-20T01:00:00.000000Z",
        },
        ("POST", "request"): {"state": "done", "answer": "The table is set on two pages.", "done_in": 2},
    }

    def _require(self, request: Request, **kwargs: Any) -> None:
        product = find_product(request, self.alliance, kwargs["code"])
        require(request.user, ANSWER_POINT, product)
        reach = points_open_to(product, request.user, at=timezone.now())
        if not list_points(product, **reach.filters).filter(key=kwargs["key"]).exists():
            raise NotFoundError

    def check_again(self, request: Request, **kwargs: Any) -> None:
        """The right to answer this point, as it is now."""
        self._require(request, **kwargs)

    def act(self, request: Request, **kwargs: Any) -> HttpResponse:
        """Answer."""
        self._require(request, **kwargs)
        body = read_body(PointAnswerBody, request)
        point = answer_point(
            self.alliance,
            kwargs["code"],
            kwargs["key"],
            state=body["state"],
            answer=body.get("answer", ""),
            done_in=body.get("done_in"),
            actor=person_of(request),
            at=timezone.now(),
        )
        return json_response(
            {
                "product": kwargs["code"],
                "key": point.key,
                "state": point.state,
                "done_in": point.done_in,
                "answered_at": point.answered_at,
            }
        )
