"""Resources that members open to others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext_lazy as _

from alliance.api.authentication import machine_of
from alliance.api.endpoints import ProjectionDetail, ProjectionEndpoint, ProjectionList
from alliance.api.permissions import Access
from alliance.kernel.permissions import grants_of, institutions_acted_for, roles_in_alliance
from alliance.kernel.projection import Condition, Contains, Nested, OneOf, Projection, Value
from members.choices import InstitutionState, ResourceAudience, ResourceState
from members.models import Resource
from members.selectors.resource import SEE_ALL

if TYPE_CHECKING:
    from rest_framework.request import Request

RESOURCE = Projection(
    name="Resource",
    model=Resource,
    description=_("A laboratory, data set, collection, venue or other resource that a member opens to others."),
    fields=(
        Value("code"),
        Nested("institution", (Value("code"), Value("name_en"), Value("name_zh"))),
        Value("kind"),
        Value("state"),
        Value("name_en"),
        Value("name_zh"),
        Value("description_en"),
        Value("description_zh"),
        Value("terms_en"),
        Value("terms_zh"),
        Value("place"),
        Value("audience"),
        Value("is_bookable"),
        Value("needs_approval"),
    ),
    filters=(
        OneOf("kind"),
        OneOf("institution", "institution.code"),
        Contains("q", ("name_en", "name_zh")),
    ),
    orderings={"name": ("sort_key", "id"), "code": ("code",)},
)

EXAMPLE: dict[str, Any] = {
    "code": "RS-001",
    "institution": {"code": "I-001", "name_en": "Institute for Textile Policy", "name_zh": "纺织政策研究院"},
    "kind": "laboratory",
    "state": "open",
    "name_en": "Dyeing laboratory",
    "name_zh": "染色实验室",
    "description_en": "Twelve pressure pots, one spectrophotometer",
    "description_zh": "十二个高压染杯，一台测色仪",
    "terms_en": "Free for members; chemicals at cost",
    "terms_zh": "成员免费，染化料按成本收取",
    "place": "Foshan",
    "audience": "public",
    "is_bookable": True,
    "needs_approval": True,
}


class ResourceEndpoint(ProjectionEndpoint):
    """Machines see what is open to everybody; members also what is open to them; the office all."""

    tag = "resources"
    projection = RESOURCE
    access: ClassVar[Mapping[str, Access]] = {"GET": Access(scope="resources:read")}

    def conditions(self, request: Request) -> Sequence[Condition]:
        """By audience, for resources on offer of active members."""
        audiences: list[str] = [ResourceAudience.PUBLIC.value]
        own: list[int] = []
        if machine_of(request) is None:
            grants = grants_of(request.user, self.alliance)
            if roles_in_alliance(grants) & SEE_ALL:
                return ()
            own = sorted(institutions_acted_for(grants))
            if own:
                audiences.append(ResourceAudience.MEMBERS.value)
        return (
            Condition(
                "({t}.institution_id = ANY(%(base_own)s::bigint[]) OR ({t}.state = %(base_state)s"
                " AND ({t}.audience = ANY(%(base_audiences)s) OR ({t}.audience = %(base_named)s AND EXISTS ("
                "SELECT 1 FROM members_resourceuser base_u WHERE base_u.alliance_id = {t}.alliance_id"
                " AND base_u.resource_id = {t}.id AND base_u.institution_id = ANY(%(base_own)s::bigint[]))))"
                " AND EXISTS (SELECT 1 FROM members_institution base_i WHERE base_i.alliance_id = {t}.alliance_id"
                " AND base_i.id = {t}.institution_id AND base_i.state = %(base_standing)s)))",
                {
                    "base_own": own,
                    "base_audiences": audiences,
                    "base_named": ResourceAudience.NAMED.value,
                    "base_state": ResourceState.OPEN.value,
                    "base_standing": InstitutionState.ACTIVE.value,
                },
            ),
        )


class ResourceList(ResourceEndpoint, ProjectionList):
    """Resources on offer."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "List resources"}
    explanation: ClassVar[Mapping[str, str]] = {
        "GET": "Machine clients see resources that are open to everybody through the office."
    }
    examples: ClassVar[Mapping[Any, Any]] = {"GET": {"results": [EXAMPLE], "next": None}}


class ResourceDetail(ResourceEndpoint, ProjectionDetail):
    """One resource."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "Read a resource"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": EXAMPLE}
