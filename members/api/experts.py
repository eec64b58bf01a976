"""Experts of the talent pool, as far as their consent allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext_lazy as _

from alliance.api.authentication import machine_of
from alliance.api.endpoints import ProjectionDetail, ProjectionEndpoint, ProjectionList
from alliance.api.permissions import Access
from alliance.kernel.permissions import can, grants_of, institutions_acted_for, roles_in_alliance
from alliance.kernel.projection import Condition, Contains, Listed, Nested, OneOf, Projection, Value
from members.choices import ConsentLevel, ExpertState, InstitutionState
from members.models import Expert
from members.permissions import VIEW_TALENT
from members.selectors.expert import SEE_ALL

if TYPE_CHECKING:
    from rest_framework.request import Request

EXPERT = Projection(
    name="Expert",
    model=Expert,
    description=_("An expert of a member institution, shown with consent on record; addresses are never part of it."),
    fields=(
        Value("code"),
        Nested("institution", (Value("code"), Value("name_en"), Value("name_zh"))),
        Value("name_en"),
        Value("name_zh"),
        Value("title_en"),
        Value("title_zh"),
        Value("orcid"),
        Value("languages"),
        Value("days_per_month"),
        Value("available_from"),
        Value("available_until"),
        Value("consent"),
        Listed("skills", "skills", (Value("name_en"), Value("name_zh")), order=("position", "id")),
    ),
    filters=(OneOf("institution", "institution.code"), Contains("q", ("search_text",)), OneOf("orcid")),
    orderings={"name": ("sort_key", "id"), "code": ("code",)},
)

EXAMPLE: dict[str, Any] = {
    "code": "E-001",
    "institution": {"code": "I-001", "name_en": "Institute for Textile Policy", "name_zh": "纺织政策研究院"},
    "name_en": "He Min",
    "name_zh": "何敏",
    "title_en": "Principal Engineer",
    "title_zh": "正高级工程师",
    "orcid": "",
    "languages": ["zh", "en"],
    "days_per_month": "4.0",
    "available_from": None,
    "available_until": None,
    "consent": "public",
    "skills": [{"name_en": "reactive dyeing", "name_zh": "活性染料染色"}],
}


class ExpertEndpoint(ProjectionEndpoint):
    """Who sees whom: machines what is public; members also what is open to members and their own; the office all."""

    tag = "experts"
    projection = EXPERT
    access: ClassVar[Mapping[str, Access]] = {"GET": Access(scope="experts:read")}

    def conditions(self, request: Request) -> Sequence[Condition]:
        """By consent on record, for experts of active members."""
        levels, own = [ConsentLevel.PUBLIC.value], []
        if machine_of(request) is None:
            grants = grants_of(request.user, self.alliance)
            if roles_in_alliance(grants) & SEE_ALL:
                return ()
            if can(request.user, VIEW_TALENT, self.alliance):
                levels.append(ConsentLevel.MEMBERS_ONLY.value)
                own = sorted(institutions_acted_for(grants))
        return (
            Condition(
                "({t}.institution_id = ANY(%(base_own)s::bigint[]) OR ({t}.state = %(base_state)s"
                " AND {t}.consent = ANY(%(base_levels)s) AND EXISTS (SELECT 1 FROM members_institution base_i"
                " WHERE base_i.alliance_id = {t}.alliance_id AND base_i.id = {t}.institution_id"
                " AND base_i.state = %(base_standing)s)))",
                {
                    "base_own": own,
                    "base_levels": levels,
                    "base_state": ExpertState.ACTIVE.value,
                    "base_standing": InstitutionState.ACTIVE.value,
                },
            ),
        )


class ExpertList(ExpertEndpoint, ProjectionList):
    """Experts of the talent pool."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "List experts"}
    explanation: ClassVar[Mapping[str, str]] = {
        "GET": "Machine clients see experts whose consent on record is public. Search by skill with `q`, in either language."
    }
    examples: ClassVar[Mapping[Any, Any]] = {"GET": {"results": [EXAMPLE], "next": None}}


class ExpertDetail(ExpertEndpoint, ProjectionDetail):
    """One expert."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "Read an expert"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": EXAMPLE}
