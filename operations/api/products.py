"""Products: released ones for clients, those on their way for the people who work on them."""

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
from groups.choices import GroupKind, SeatRole
from operations.choices import ParticipantState, ProductState
from operations.models import Product

if TYPE_CHECKING:
    from rest_framework.request import Request

READERS_OF_ALL = frozenset(
    {AllianceRole.SECRETARIAT, AllianceRole.OFFICE_ADMIN, AllianceRole.COMMITTEE, AllianceRole.AUDITOR}
)
_WORKING = frozenset({SeatRole.CONVENOR, SeatRole.MEMBER})
_PARTY = (Value("code"), Value("kind"), Value("name_en"), Value("name_zh"))

PRODUCT = Projection(
    name="Product",
    model=Product,
    description=_("A think tank product with its author, its adapter and the rounds of its pilot that are decided."),
    fields=(
        Value("code"),
        Value("kind"),
        Value("state"),
        Value("version"),
        Value("title_en"),
        Value("title_zh"),
        Value("summary_en"),
        Value("summary_zh"),
        Value("body_en"),
        Value("body_zh"),
        Value("client_en"),
        Value("client_zh"),
        Value("due_on"),
        Value("form_version"),
        Value("details"),
        Nested("predecessor", (Value("code"), Value("version"), Value("state"))),
        Value("created_at"),
        Value("state_since"),
        Value("released_at"),
        Value("retired_at"),
        Nested("author", _PARTY),
        Nested("adapter", _PARTY),
        Listed(
            "pilots",
            "pilots",
            (
                Value("round"),
                Value("version"),
                Value("state"),
                Value("answers"),
                Value("mean_score"),
                Value("decided_at"),
            ),
            order=("round",),
            where="{t}.state IN ('passed', 'failed', 'inconclusive')",
        ),
        Listed(
            "pieces",
            "pieces",
            (
                Value("code"),
                Value("kind"),
                Value("audience"),
                Value("channel"),
                Value("title_en"),
                Value("title_zh"),
                Value("published_at"),
            ),
            order=("code",),
            where="{t}.state = 'published'",
        ),
    ),
    filters=(
        OneOf("kind"),
        OneOf("state"),
        OneOf("author", "author.code"),
        OneOf("adapter", "adapter.code"),
        Since("created_after", "created_at"),
        Since("state_since_after", "state_since"),
        Since("released_after", "released_at"),
        Since("released_before", "released_at", after=False),
        Contains("q", ("title_en", "title_zh", "summary_en", "summary_zh")),
    ),
    orderings={
        "-created_at": ("created_at", "id"),
        "created_at": ("created_at", "id"),
        "-state_since": ("state_since", "id"),
        "code": ("code",),
    },
)
_AUTHOR = {
    "code": "itp",
    "kind": "university_think_tank",
    "name_en": "Institute for Textile Policy",
    "name_zh": "纺织政策研究院",
}
EXAMPLE: dict[str, Any] = {
    "code": "P-014",
    "kind": "guide",
    "state": "released",
    "version": 2,
    "title_en": "Carbon accounting guide for weaving mills",
    "title_zh": "织造企业碳核算指南",
    "summary_en": "Step by step.",
    "summary_zh": "分步说明。",
    "body_en": "## Scope",
    "body_zh": "## 范围",
    "client_en": "Mills with 50 looms or more",
    "client_zh": "50台织机以上的企业",
    "due_on": None,
    "form_version": 0,
    "details": {"scope": {"en": "Weaving mills", "zh": "织造企业"}},
    "predecessor": None,
    "created_at": "2026-02-11T01:00:00.000000Z",
    "state_since": "2026-09-01T01:00:00.000000Z",
    "released_at": "2026-09-01T01:00:00.000000Z",
    "retired_at": None,
    "author": _AUTHOR,
    "adapter": None,
    "pilots": [
        {
            "round": 1,
            "version": 1,
            "state": "passed",
            "answers": 5,
            "mean_score": "82.40",
            "decided_at": "2026-08-20T10:00:00.000000Z",
        }
    ],
    "pieces": [
        {
            "code": "PC-007",
            "kind": "wechat_article",
            "audience": "industry",
            "channel": "wechat",
            "title_en": "Your loom's carbon, in four steps",
            "title_zh": "四步算清织机的碳",
            "published_at": "2026-09-02T01:00:00.000000Z",
        }
    ],
}

# What operations.permissions.VIEW_PRODUCT says of one record, said of all of them at once.
_OPEN_TO_PERSON = """(
    {t}.state IN ('released', 'retired')
    OR {t}.author_id = ANY(%(base_own)s::bigint[])
    OR {t}.adapter_id = ANY(%(base_own)s::bigint[])
    OR {t}.state = ANY(%(base_states)s::text[])
    OR EXISTS (SELECT 1 FROM operations_pilot p JOIN operations_pilotparticipant s
               ON s.alliance_id = p.alliance_id AND s.pilot_id = p.id
               WHERE p.alliance_id = {t}.alliance_id AND p.product_id = {t}.id
                 AND s.institution_id = ANY(%(base_own)s::bigint[]) AND s.state <> ALL(%(base_left)s::text[]))
    OR EXISTS (SELECT 1 FROM operations_productreview w
               WHERE w.alliance_id = {t}.alliance_id AND w.product_id = {t}.id
                 AND w.institution_id = ANY(%(base_own)s::bigint[]))
    OR EXISTS (SELECT 1 FROM operations_contribution c
               WHERE c.alliance_id = {t}.alliance_id AND c.product_id = {t}.id
                 AND c.institution_id = ANY(%(base_own)s::bigint[]))
    OR EXISTS (SELECT 1 FROM operations_productshare h JOIN auth_permission m ON m.id = h.permission_id
               WHERE h.alliance_id = {t}.alliance_id AND h.content_object_id = {t}.id
                 AND h.user_id = %(base_user)s AND m.codename = 'view_product')
)"""


class ProductEndpoint(ProjectionEndpoint):
    """Which products a caller sees."""

    tag = "products"
    projection = PRODUCT
    access: ClassVar[Mapping[str, Access]] = {"GET": Access(scope="products:read")}

    def conditions(self, request: Request) -> Sequence[Condition]:
        """Machines: released ones. People: what :data:`operations.permissions.VIEW_PRODUCT` opens to them."""
        if machine_of(request) is not None:
            return (Condition("{t}.state = %(base_state)s", {"base_state": ProductState.RELEASED.value}),)
        grants = grants_of(request.user, self.alliance)
        seats = {(grant.group, grant.role) for grant in grants if grant.scope == "group"}
        if roles_in_alliance(grants) & READERS_OF_ALL or (GroupKind.LEADING_ENTERPRISE, SeatRole.CONVENOR) in seats:
            return ()
        working = {group for group, role in seats if role in _WORKING}
        states = []
        if working & {GroupKind.WISDOM, GroupKind.POLICY}:
            states.append(ProductState.IN_REVIEW.value)
        if GroupKind.MEDIA in working:
            states.append(ProductState.TRANSFORMING.value)
        return (
            Condition(
                _OPEN_TO_PERSON,
                {
                    "base_own": sorted(institutions_acted_for(grants)),
                    "base_states": states,
                    "base_left": [ParticipantState.WITHDRAWN.value, ParticipantState.DECLINED.value],
                    "base_user": request.user.pk,
                },
            ),
        )


class ProductList(ProductEndpoint, ProjectionList):
    """Products, newest first."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "List products"}
    explanation: ClassVar[Mapping[str, str]] = {
        "GET": "Machine clients see released products. People also see those on their way that their role opens to them."
    }
    examples: ClassVar[Mapping[Any, Any]] = {"GET": {"results": [EXAMPLE], "next": None}}


class ProductDetail(ProductEndpoint, ProjectionDetail):
    """One product."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "Read a product"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": EXAMPLE}
