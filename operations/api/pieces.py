"""Pieces made of products: published ones for clients, those on their way for the people who work on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final

from django.utils.translation import gettext_lazy as _

from alliance.api.authentication import machine_of
from alliance.api.endpoints import ProjectionDetail, ProjectionEndpoint, ProjectionList
from alliance.api.permissions import Access
from alliance.kernel.permissions import grants_of, institutions_acted_for, roles_in_alliance
from alliance.kernel.projection import Computed, Condition, Contains, Nested, OneOf, Projection, Since, Value
from groups.choices import GroupKind, SeatRole
from operations.choices import ParticipantState, PieceState
from operations.models import Piece
from operations.models.piece import CONTENT_ROLES
from operations.selectors.piece import SEES_ALL

if TYPE_CHECKING:
    from rest_framework.request import Request

_PARTY = (Value("code"), Value("kind"), Value("name_en"), Value("name_zh"))
STANDINGS: Final = ("current", "older_version", "superseded", "retired", "withdrawn")

# What operations.selectors.piece.mark_of says of one piece, said in SQL.
_SOURCE = """(
    SELECT CASE
        WHEN p.state = 'withdrawn' THEN 'withdrawn'
        WHEN p.state = 'retired' AND EXISTS (
            SELECT 1 FROM operations_product n
            WHERE n.alliance_id = p.alliance_id AND n.predecessor_id = p.id AND n.state = 'released'
        ) THEN 'superseded'
        WHEN p.state = 'retired' THEN 'retired'
        WHEN v.number < p.version THEN 'older_version'
        ELSE 'current' END
    FROM operations_product p
    JOIN operations_productversion v ON v.alliance_id = p.alliance_id AND v.id = {t}.version_id
    WHERE p.alliance_id = {t}.alliance_id AND p.id = {t}.product_id
)"""

PIECE = Projection(
    name="Piece",
    model=Piece,
    description=_(
        "A piece that the media group made of one version of a product, for one audience and one channel; its standing says "
        "whether the product still stands as it was told."
    ),
    fields=(
        Value("code"),
        Value("kind"),
        Value("audience"),
        Value("audience_words"),
        Value("channel"),
        Value("state"),
        Value("title_en"),
        Value("title_zh"),
        Value("body_en"),
        Value("body_zh"),
        Value("link"),
        Value("created_at"),
        Value("state_since"),
        Value("published_at"),
        Computed("standing", _SOURCE, {"type": "string", "enum": list(STANDINGS)}),
        Nested(
            "product",
            (Value("code"), Value("kind"), Value("state"), Value("version"), Value("title_en"), Value("title_zh")),
        ),
        Nested("version", (Value("number"), Value("serial"), Value("digest"), Value("made_at"))),
        Nested("maker", _PARTY),
    ),
    filters=(
        OneOf("kind"),
        OneOf("audience"),
        OneOf("channel"),
        OneOf("state"),
        OneOf("product", "product.code"),
        OneOf("maker", "maker.code"),
        Since("published_after", "published_at"),
        Since("published_before", "published_at", after=False),
        Contains("q", ("title_en", "title_zh")),
    ),
    orderings={"-created_at": ("created_at", "id"), "created_at": ("created_at", "id"), "code": ("code",)},
)
EXAMPLE: dict[str, Any] = {
    "code": "PC-007",
    "kind": "wechat_article",
    "audience": "industry",
    "audience_words": "Shift leaders of weaving mills",
    "channel": "wechat",
    "state": "published",
    "title_en": "Your loom's carbon, in four steps",
    "title_zh": "四步算清织机的碳",
    "body_en": "Take last month's electricity bill.",
    "body_zh": "拿出上个月的电费单。",
    "link": "https://example.org/loom-carbon",
    "created_at": "2026-08-03T01:00:00.000000Z",
    "state_since": "2026-09-02T01:00:00.000000Z",
    "published_at": "2026-09-02T01:00:00.000000Z",
    "standing": "current",
    "product": {
        "code": "P-014",
        "kind": "guide",
        "state": "released",
        "version": 2,
        "title_en": "Carbon accounting guide for weaving mills",
        "title_zh": "织造企业碳核算指南",
    },
    "version": {
        "number": 2,
        "serial": 3,
        "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "made_at": "2026-08-20T01:00:00.000000Z",
    },
    "maker": {"code": "yarn", "kind": "media_think_tank", "name_en": "Yarn Weekly", "name_zh": "纱线周刊"},
}

# What operations.permissions.VIEW_PIECE says of one record, said of all of them at once.
_OPEN_TO_PERSON = """(
    {t}.published_at IS NOT NULL
    OR {t}.maker_id = ANY(%(base_own)s::bigint[])
    OR EXISTS (SELECT 1 FROM operations_product p
               WHERE p.alliance_id = {t}.alliance_id AND p.id = {t}.product_id
                 AND (p.author_id = ANY(%(base_own)s::bigint[]) OR p.adapter_id = ANY(%(base_own)s::bigint[])))
    OR EXISTS (SELECT 1 FROM operations_contribution c
               WHERE c.alliance_id = {t}.alliance_id AND c.product_id = {t}.product_id
                 AND c.institution_id = ANY(%(base_own)s::bigint[]) AND c.role = ANY(%(base_roles)s::text[])
                 AND c.confirmed_at IS NOT NULL)
    OR ({t}.state = %(base_approved)s
        AND EXISTS (SELECT 1 FROM operations_pilot p JOIN operations_pilotparticipant s
                    ON s.alliance_id = p.alliance_id AND s.pilot_id = p.id
                    WHERE p.alliance_id = {t}.alliance_id AND p.product_id = {t}.product_id
                      AND s.institution_id = ANY(%(base_own)s::bigint[]) AND s.state <> ALL(%(base_left)s::text[])))
)"""


class PieceEndpoint(ProjectionEndpoint):
    """Which pieces a caller sees."""

    tag = "products"
    projection = PIECE
    access: ClassVar[Mapping[str, Access]] = {"GET": Access(scope="products:read")}

    def conditions(self, request: Request) -> Sequence[Condition]:
        """Machines: those that are out. People: what :data:`operations.permissions.VIEW_PIECE` opens to them."""
        if machine_of(request) is not None:
            return (Condition("{t}.state = %(base_state)s", {"base_state": PieceState.PUBLISHED.value}),)
        grants = grants_of(request.user, self.alliance)
        in_media = any(
            grant.scope == "group" and grant.group == GroupKind.MEDIA and grant.role in {SeatRole.CONVENOR, SeatRole.MEMBER}
            for grant in grants
        )
        if roles_in_alliance(grants) & SEES_ALL or in_media:
            return ()
        return (
            Condition(
                _OPEN_TO_PERSON,
                {
                    "base_own": sorted(institutions_acted_for(grants)),
                    "base_roles": sorted(role.value for role in CONTENT_ROLES),
                    "base_approved": PieceState.APPROVED.value,
                    "base_left": [ParticipantState.WITHDRAWN.value, ParticipantState.DECLINED.value],
                },
            ),
        )


class PieceList(PieceEndpoint, ProjectionList):
    """Pieces, newest first."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "List the pieces made of products"}
    explanation: ClassVar[Mapping[str, str]] = {
        "GET": "Machine clients see pieces that are out. People also see those on their way that their role opens to them."
    }
    examples: ClassVar[Mapping[Any, Any]] = {"GET": {"results": [EXAMPLE], "next": None}}


class PieceDetail(PieceEndpoint, ProjectionDetail):
    """One piece."""

    summary: ClassVar[Mapping[str, str]] = {"GET": "Read a piece"}
    examples: ClassVar[Mapping[Any, Any]] = {"GET": EXAMPLE}
