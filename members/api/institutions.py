"""Member institutions and what they supply."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext_lazy as _

from alliance.api.authentication import machine_of
from alliance.api.endpoints import ProjectionDetail, ProjectionEndpoint, ProjectionList
from alliance.api.permissions import Access
from alliance.choices import AllianceRole
from alliance.kernel.permissions import grants_of, institutions_acted_for, roles_in_alliance
from alliance.kernel.projection import Condition, Contains, Listed, Nested, OneOf, Projection, Since, Value
from members.choices import InstitutionState
from members.models import Institution

if TYPE_CHECKING:
    from rest_framework.request import Request

REGISTER_READERS = frozenset(
    {AllianceRole.SECRETARIAT, AllianceRole.OFFICE_ADMIN, AllianceRole.COMMITTEE, AllianceRole.AUDITOR}
)
"""Roles that also see members that are suspended or have left."""

INSTITUTION = Projection(
    name="Institution",
    model=Institution,
    description=_(
        "A member institution with the elements it supplies, the facts of its entry that are verified and confirmed within"
        " the year, and its seats in the virtual groups."
    ),
    fields=(
        Value("code"),
        Value("kind"),
        Value("subkind"),
        Value("state"),
        Value("name_en"),
        Value("name_zh"),
        Value("short_en"),
        Value("short_zh"),
        Value("country_code"),
        Value("region_code"),
        Value("registry_scheme"),
        Value("registry_code"),
        Value("web"),
        Value("joined_on"),
        Value("source"),
        Value("created_at"),
        Listed(
            "supplies",
            "supplies",
            (
                Value("element"),
                Value("scale"),
                Value("strength"),
                Value("evidence_en"),
                Value("evidence_zh"),
                Value("valid_from"),
                Value("valid_to"),
            ),
            order=("element", "valid_from", "id"),
        ),
        Listed(
            "marks",
            "marks",
            (Value("fact"), Value("verified_at"), Value("confirmed_at"), Value("valid_until")),
            order=("fact",),
            where="{t}.verified_at IS NOT NULL AND {t}.valid_until >= CURRENT_DATE",
        ),
        Listed(
            "seats",
            "memberships",
            (
                Nested("group", (Value("kind"),)),
                Value("role"),
                Value("starts_at"),
                Value("ends_at"),
            ),
            order=("starts_at", "id"),
        ),
    ),
    filters=(
        OneOf("kind"),
        OneOf("subkind"),
        OneOf("state"),
        OneOf("country", "country_code"),
        OneOf("region", "region_code"),
        OneOf("registry_code"),
        OneOf("element", "supplies.element", where="({t}.valid_to IS NULL OR {t}.valid_to >= CURRENT_DATE)"),
        Since("created_after", "created_at"),
        Since("created_before", "created_at", after=False),
        Contains("q", ("name_en", "name_zh")),
    ),
    orderings={
        "name": ("sort_key", "id"),
        "-created_at": ("created_at", "id"),
        "created_at": ("created_at", "id"),
        "code": ("code",),
    },
)

_SEAT = {
    "group": {"kind": "wisdom_group"},
    "role": "member",
    "starts_at": "2025-03-01T00:00:00.000000Z",
    "ends_at": None,
}
EXAMPLE: dict[str, Any] = {
    "code": "donghua-institute",
    "kind": "university_think_tank",
    "subkind": "",
    "state": "active",
    "name_en": "Institute for Textile Policy",
    "name_zh": "纺织政策研究院",
    "short_en": "ITP",
    "short_zh": "纺策院",
    "country_code": "CN",
    "region_code": "310000",
    "registry_scheme": "none",
    "registry_code": "",
    "web": "https://itp.example.org/",
    "joined_on": "2025-03-01",
    "source": "",
    "created_at": "2025-03-01T02:00:00.000000Z",
    "supplies": [
        {
            "element": "talent",
            "scale": "meso",
            "strength": "0.80",
            "evidence_en": "32 researchers",
            "evidence_zh": "32名研究人员",
            "valid_from": "2025-03-01",
            "valid_to": None,
        }
    ],
    "marks": [
        {
            "fact": "name",
            "verified_at": "2026-03-01T02:00:00.000000Z",
            "confirmed_at": None,
            "valid_until": "2027-03-01",
        }
    ],
    "seats": [_SEAT],
}


class InstitutionEndpoint(ProjectionEndpoint):
    """Which institutions a caller sees: those in good standing; one's own always; the office all."""

    tag = "institutions"
    projection = INSTITUTION
    access: ClassVar[Mapping[str, Access]] = {"GET": Access(scope="institutions:read")}

    def conditions(self, request: Request) -> Sequence[Condition]:
        """Members in good standing, and one's own institutions."""
        own: list[int] = []
        if machine_of(request) is None:
            grants = grants_of(request.user, self.alliance)
            if roles_in_alliance(grants) & REGISTER_READERS:
                return ()
            own = sorted(institutions_acted_for(grants))
        return (
            Condition(
                "({t}.state = %(base_state)s OR {t}.id = ANY(%(base_own)s::bigint[]))",
                {"base_state": InstitutionState.ACTIVE.value, "base_own": own},
            ),
        )


class InstitutionList(InstitutionEndpoint, ProjectionList):
    """Institutions of the alliance."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "List institutions"}
    explanation: ClassVar[Mapping[str, str]] = {
        "GET": "Machine clients see members in good standing. The contact address is left out: it is personal data."
    }
    examples: ClassVar[Mapping[Any, Any]] = {"GET": {"results": [EXAMPLE], "next": None}}


class InstitutionDetail(InstitutionEndpoint, ProjectionDetail):
    """One institution."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "Read an institution"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": EXAMPLE}
