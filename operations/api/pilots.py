"""Rounds of a product's pilot under its address: plan, measures, sites and outcome; and a site's answer to its invitation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from alliance.api.authentication import machine_of
from alliance.api.endpoints import (
    ClosedSerializer,
    ProjectionDetail,
    ProjectionList,
    WriteEndpoint,
    json_response,
    person_of,
    read_body,
)
from alliance.api.permissions import Access
from alliance.api.problems import problem_titles
from alliance.kernel.errors import NotFoundError
from alliance.kernel.permissions import can, require
from alliance.kernel.projection import Computed, Condition, Listed, OneOf, Projection, Value
from operations.actions.participant import accept_invitation, decline_invitation, leave_pilot, set_consent
from operations.api.parts import PartEndpoint
from operations.api.writes import PEOPLE, find_institution, find_product
from operations.choices import ParticipantState
from operations.models import Pilot
from operations.permissions import JOIN_PILOT, VIEW_ANSWERS, own_institutions
from operations.selectors.site import site_of

if TYPE_CHECKING:
    from rest_framework.request import Request

    from operations.models import Product

STEPS: Final = ("accept", "decline", "leave", "consent")

for _code, _title in {
    "round_over": _("The round is over"),
    "not_invited": _("The invitation was answered before"),
    "not_taking_part": _("The site does not take part"),
    "own_product": _("Makers do not try their own product"),
}.items():
    if _code not in problem_titles:
        problem_titles.register(_code, _title)

_SITES = (
    "SELECT COALESCE(json_agg(json_build_object('institution', i.code, 'state', s.state, 'site_en', s.site_en, "
    "'site_zh', s.site_zh) ORDER BY i.code), '[]'::json) FROM operations_pilotparticipant s JOIN members_institution i "
    "ON i.alliance_id = s.alliance_id AND i.id = s.institution_id "
    "WHERE s.alliance_id = {t}.alliance_id AND s.pilot_id = {t}.id "
    "AND (s.is_public OR %(base_names)s OR s.institution_id = ANY(%(base_mine)s::bigint[]))"
)
_SITE_SCHEMA: dict[str, Any] = {
    "type": "array",
    "description": "Sites that the caller may know: all for makers and the office, one's own, and those that consented.",
    "items": {
        "type": "object",
        "properties": {
            "institution": {"type": "string"},
            "state": {"type": "string", "enum": list(ParticipantState.values)},
            "site_en": {"type": "string"},
            "site_zh": {"type": "string"},
        },
        "required": ["institution", "state", "site_en", "site_zh"],
    },
}
PILOT = Projection(
    name="PilotRound",
    model=Pilot,
    description=_("One round of trying one version of a product: plan, measures, sites, outcome."),
    fields=(
        Value("round"),
        Value("version"),
        Value("plan_version"),
        Value("turn"),
        Value("state"),
        Value("question_en"),
        Value("question_zh"),
        Value("sample_en"),
        Value("sample_zh"),
        Value("sample_size"),
        Value("minimum_sites"),
        Value("accept_by"),
        Value("starts_at"),
        Value("deadline"),
        Value("minimum_answers"),
        Value("trim_proportion"),
        Value("blocking_defects_allowed"),
        Value("maximum_rounds"),
        Value("closes_itself"),
        Value("opened_at"),
        Value("closed_at"),
        Value("decided_at"),
        Value("answers"),
        Value("mean_score"),
        Listed(
            "criteria",
            "criteria",
            (
                Value("position"),
                Value("name_en"),
                Value("name_zh"),
                Value("scale_low"),
                Value("scale_high"),
                Value("pass_mark"),
            ),
            order=("position",),
        ),
        Listed(
            "measures",
            "measures",
            (
                Value("position"),
                Value("name_en"),
                Value("name_zh"),
                Value("unit"),
                Value("direction"),
                Value("minimum_change"),
            ),
            order=("position",),
        ),
        Computed("sites", _SITES, _SITE_SCHEMA),
    ),
    filters=(OneOf("state"), OneOf("version")),
    orderings={"-round": ("round", "id"), "round": ("round", "id")},
    lookup="round",
)
EXAMPLE: dict[str, Any] = {
    "round": 1,
    "version": 1,
    "plan_version": 2,
    "turn": 0,
    "state": "open",
    "question_en": "Does it save salt in your mill?",
    "question_zh": "在贵厂能省盐吗？",
    "sample_en": "Two dyeing lines",
    "sample_zh": "两条染色线",
    "sample_size": 3,
    "minimum_sites": 2,
    "accept_by": "2026-10-15T15:59:59.999999Z",
    "starts_at": "2026-10-21T01:00:00.000000Z",
    "deadline": "2026-11-18T15:59:59.999999Z",
    "minimum_answers": 3,
    "trim_proportion": "0.10",
    "blocking_defects_allowed": 0,
    "maximum_rounds": 3,
    "closes_itself": True,
    "opened_at": "2026-10-21T01:00:04.000000Z",
    "closed_at": None,
    "decided_at": None,
    "answers": 0,
    "mean_score": None,
    "criteria": [
        {
            "position": 1,
            "name_en": "Clear instructions",
            "name_zh": "说明清楚",
            "scale_low": 1,
            "scale_high": 5,
            "pass_mark": "3.50",
        }
    ],
    "measures": [
        {
            "position": 1,
            "name_en": "Salt per kilogram",
            "name_zh": "每公斤用盐",
            "unit": "g",
            "direction": -1,
            "minimum_change": "5.00",
        }
    ],
    "sites": [{"institution": "jh-mill", "state": "accepted", "site_en": "Mill 2", "site_zh": "二厂"}],
}


class PilotEndpoint(PartEndpoint):
    """Rounds of one product, and the sites a caller may know."""

    projection = PILOT

    def conditions(self, request: Request) -> Sequence[Condition]:
        """Machines: rounds of released products, with the sites that consented."""
        found = super().conditions(request)
        if machine_of(request) is None:
            return found
        return (*found, Condition("TRUE", {"base_names": False, "base_mine": []}))

    def of_person(self, request: Request, product: Product) -> Sequence[Condition]:
        """Makers and the office know every site; others their own and those that consented."""
        mine = sorted(own_institutions(request.user, self.alliance, at=timezone.now()))
        names = can(request.user, VIEW_ANSWERS, product)
        return (Condition("TRUE", {"base_names": names, "base_mine": mine}),)


class PilotList(PilotEndpoint, ProjectionList):
    """Rounds of a product's pilot, newest first."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "List the pilot rounds of a product"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": {"results": [EXAMPLE], "next": None}}


class PilotDetail(PilotEndpoint, ProjectionDetail):
    """One round."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "Read a pilot round"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": EXAMPLE}

    def get(self, request: Request, code: str, number: int) -> HttpResponse:  # type: ignore[override]  # noqa: ARG002 - in kwargs
        """The round."""
        return super().get(request, str(number))


class SiteStepBody(ClosedSerializer):
    """What a site says."""

    institution = serializers.CharField(max_length=40, help_text="Code of the pilot firm.")
    reason = serializers.CharField(
        max_length=300, required=False, allow_blank=True, help_text="Needed to decline and to leave."
    )
    site_en = serializers.CharField(
        max_length=120, required=False, allow_blank=True, help_text="For accept: plant, English."
    )
    site_zh = serializers.CharField(
        max_length=120, required=False, allow_blank=True, help_text="For accept: plant, Chinese."
    )
    is_public = serializers.BooleanField(
        required=False, help_text="For accept and consent: whether the public page may name the firm."
    )


class PilotSiteStep(WriteEndpoint):
    """A pilot firm answers its invitation to the latest round, leaves it, or says whether it may be named."""

    tag = "products"
    access: ClassVar[Mapping[str, Access]] = PEOPLE
    summary: ClassVar[Mapping[str, str]] = {"POST": "Answer an invitation to a pilot"}
    path_schemas: ClassVar[Mapping[str, Mapping[str, Any]]] = {"step": {"type": "string", "enum": list(STEPS)}}
    requests: ClassVar[Mapping[str, Any]] = {"POST": SiteStepBody}
    responses: ClassVar[Mapping[str, Mapping[int, Any]]] = {
        "POST": {
            200: {
                "type": "object",
                "properties": {
                    "product": {"type": "string"},
                    "institution": {"type": "string"},
                    "round": {"type": "integer"},
                    "state": {"type": "string", "enum": list(ParticipantState.values)},
                    "is_public": {"type": "boolean"},
                },
                "required": ["product", "institution", "round", "state", "is_public"],
            }
        }
    }
    examples: ClassVar[Mapping[Any, Any]] = {
        "POST": {"product": "P-014", "institution": "jh-mill", "round": 1, "state": "accepted", "is_public": True},
        ("POST", "request"): {"institution": "jh-mill", "site_en": "Mill 2", "site_zh": "二厂", "is_public": True},
    }

    def check_again(self, request: Request, **kwargs: Any) -> None:
        """The right to speak for a site of the product."""
        find_product(request, self.alliance, kwargs["code"])

    def act(self, request: Request, **kwargs: Any) -> HttpResponse:
        """Take the step."""
        product, step = find_product(request, self.alliance, kwargs["code"]), kwargs["step"]
        if step not in STEPS:
            raise NotFoundError
        body = read_body(SiteStepBody, request)
        firm = find_institution(self.alliance, body["institution"])
        site = site_of(self.alliance, product.code, firm.pk)
        if site is None:
            raise NotFoundError
        require(request.user, JOIN_PILOT, site)
        common: dict[str, Any] = {"institution_id": firm.pk, "actor": person_of(request), "at": timezone.now()}
        is_public = body.get("is_public", False)
        if step == "accept":
            names = {name: body.get(name, "") for name in ("site_en", "site_zh")}
            site = accept_invitation(self.alliance, product.code, is_public=is_public, **names, **common)
        elif step == "decline":
            site = decline_invitation(self.alliance, product.code, reason=body.get("reason", ""), **common)
        elif step == "leave":
            site = leave_pilot(self.alliance, product.code, reason=body.get("reason", ""), **common)
        else:
            site = set_consent(self.alliance, product.code, is_public=is_public, **common)
        answer = {
            "product": product.code,
            "institution": firm.code,
            "round": site.pilot.round,
            "state": site.state,
            "is_public": site.is_public,
        }
        return json_response(answer, 200)
