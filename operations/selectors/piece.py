"""Reads of pieces: of one product, of the alliance, one with its checks; and how its source product stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Exists, F, OuterRef, Prefetch, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from alliance.choices import AllianceRole
from alliance.kernel.errors import NotFoundError
from alliance.kernel.permissions import can, grants_of, roles_in_alliance
from groups.choices import GroupKind, SeatRole
from operations.choices import ParticipantState, PieceState, ProductState
from operations.models import Contribution, Piece, PieceCheck, PilotParticipant, Product
from operations.models.piece import CONTENT_ROLES
from operations.permissions import VIEW_PIECE

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance

SEES_ALL: Final = frozenset(
    {
        AllianceRole.OFFICE_ADMIN,
        AllianceRole.SECRETARIAT,
        AllianceRole.COMMITTEE,
        AllianceRole.AUDITOR,
        AllianceRole.EDITOR,
    }
)
WORKING_STATES: Final = frozenset(
    {ProductState.TRANSFORMING, ProductState.PILOTING, ProductState.IMPROVING, ProductState.RELEASED}
)
"""States of a product in which pieces are made of it: it was reviewed, and it is not out of use."""
UNCHECKED: Final = frozenset({PieceState.DRAFT, PieceState.IN_CHECK})


@dataclass(frozen=True, slots=True)
class Mark:
    """What readers of a piece must know of its source.

    Attributes:
        key: ``withdrawn``, ``superseded``, ``retired`` or ``older_version``.
        tone: Tone of the note.
        title: In a few words, for lists.
        words: In a sentence, for the piece's own page.
        successor: The product that took the source's place, where there is one.
    """

    key: str
    tone: str
    title: StrOrPromise
    words: str
    successor: Product | None = None


def mark_of(piece: Piece) -> Mark | None:
    """What became of the product a piece rests on; None while it stands as it was told.

    Needs ``version``, ``product`` and the product's prefetched ``successors``; without the prefetch one query more.
    """
    product = piece.product
    if product.state == ProductState.WITHDRAWN:
        return Mark("withdrawn", "bad", gettext_lazy("product withdrawn"), _("The product behind this piece was withdrawn."))
    if product.state == ProductState.RETIRED:
        successor = next((row for row in product.successors.all() if row.state == ProductState.RELEASED), None)
        if successor is not None:
            return Mark(
                "superseded",
                "warn",
                gettext_lazy("product superseded"),
                _("The product behind this piece was superseded by “%(title)s”.") % {"title": successor.title},
                successor,
            )
        return Mark("retired", "warn", gettext_lazy("product retired"), _("The product behind this piece is retired."))
    if piece.is_outdated:
        return Mark(
            "older_version",
            "info",
            _("rests on version %(number)s") % {"number": piece.version.number},
            _("This piece rests on version %(number)s of the product, which stands at version %(present)s now.")
            % {"number": piece.version.number, "present": product.version},
        )
    return None


def with_source(pieces: QuerySet[Piece, Piece]) -> QuerySet[Piece, Piece]:
    """Pieces with what their marks and checks need; three queries more."""
    return pieces.select_related("product__author", "product__adapter", "version", "maker").prefetch_related(
        Prefetch(
            "product__successors",
            Product.objects.only("id", "alliance_id", "code", "state", "title_en", "title_zh", "predecessor_id"),
        ),
        "product__contributions",
    )


def pieces_of(product: Product) -> list[Piece]:
    """The pieces made of a product, newest first; three queries."""
    pieces = list(with_source(Piece.objects.of(product.alliance).filter(product=product)).order_by("-created_at", "-id"))
    for piece in pieces:
        piece.alliance = product.alliance  # permissions ask for it, once a piece
    return pieces


def unchecked_pieces(product: Product) -> list[Piece]:
    """Pieces the authors have not found correct yet and nobody has withdrawn, oldest first; one query."""
    return list(Piece.objects.of(product.alliance).filter(product=product, state__in=UNCHECKED).order_by("created_at", "id"))


def missing_checks(product: Product) -> list[StrOrPromise]:
    """What the gate of the pilot still misses, a line for each unchecked piece."""
    return [
        _("the authors' check of “%(title)s” (%(code)s)") % {"title": piece.title, "code": piece.code}
        for piece in unchecked_pieces(product)
    ]


def list_visible_pieces(alliance: Alliance, user: Any) -> QuerySet[Piece, Piece]:
    """Pieces a person may read, as ``operations.view_piece`` says; one query."""
    pieces = Piece.objects.of(alliance)
    grants = grants_of(user, alliance)
    in_media = any(
        grant.scope == "group" and grant.group == GroupKind.MEDIA and grant.role in {SeatRole.CONVENOR, SeatRole.MEMBER}
        for grant in grants
    )
    if roles_in_alliance(grants) & SEES_ALL or in_media:
        return pieces
    mine = {grant.institution_id for grant in grants if grant.scope == "institution" and grant.institution_id is not None}
    condition = Q(published_at__isnull=False) | Q(maker_id__in=mine)
    condition |= Q(product__author_id__in=mine) | Q(product__adapter_id__in=mine)
    condition |= Q(
        Exists(
            Contribution.objects.of(alliance).filter(
                product=OuterRef("product"),
                institution_id__in=mine,
                role__in=CONTENT_ROLES,
                confirmed_at__isnull=False,
            )
        )
    )
    condition |= Q(state=PieceState.APPROVED) & Q(
        Exists(
            PilotParticipant.objects.of(alliance)
            .filter(pilot__product=OuterRef("product"), institution_id__in=mine)
            .exclude(state__in=[ParticipantState.WITHDRAWN, ParticipantState.DECLINED])
        )
    )
    return pieces.filter(condition)


def list_pieces(alliance: Alliance, user: Any, **chosen: str) -> QuerySet[Piece, Piece]:
    """Pieces for the list page; three queries when read.

    Args:
        alliance: The tenant.
        user: Reader; pieces not open to them are left out.
        chosen: Values of filters by name: ``state``, ``kind``, ``audience``, ``channel``, ``product`` (code), ``q`` (words of
            a title, or a code) and ``source`` (``outdated``: the product has gone on or out of use). Empty ones do nothing.
    """
    rows = list_visible_pieces(alliance, user)
    for name in ("state", "kind", "audience", "channel"):
        if value := chosen.get(name):
            rows = rows.filter(**{name: value})
    if value := chosen.get("product"):
        rows = rows.filter(product__code=value)
    if value := chosen.get("q"):
        rows = rows.filter(Q(title_en__icontains=value) | Q(title_zh__icontains=value) | Q(code__iexact=value))
    if chosen.get("source") == "outdated":
        rows = rows.filter(
            Q(product__state__in=[ProductState.RETIRED, ProductState.WITHDRAWN])
            | Q(version__number__lt=F("product__version"))
        )
    return with_source(rows)


def get_piece(alliance: Alliance, product_code: str, code: str, *, reader: Any) -> Piece:
    """One piece with its product, for somebody who may read it; at most six queries.

    Raises:
        NotFoundError: There is none of this product, or it is not open to this reader: the same answer.
    """
    piece = (
        with_source(Piece.objects.of(alliance).filter(code=code, product__code=product_code))
        .select_related("product__alliance", "changed_by", "created_by")
        .prefetch_related("product__pilots__participants")
        .first()
    )
    if piece is None or not can(reader, VIEW_PIECE, piece):
        raise NotFoundError
    return piece


def list_checks(piece: Piece) -> list[PieceCheck]:
    """What the authors said, newest first; one query."""
    return list(piece.checks.select_related("institution", "checker").order_by("-at", "-id"))


def open_pieces(alliance: Alliance, _user: Any) -> QuerySet[Piece]:
    """Pieces on their way: written or in check."""
    return Piece.objects.of(alliance).filter(state__in=UNCHECKED)


def public_pieces_of(alliance: Alliance, product: Product) -> list[Piece]:
    """Published pieces of a product, newest first; three queries."""
    rows = Piece.objects.of(alliance).filter(product=product, state=PieceState.PUBLISHED)
    return list(with_source(rows).order_by("-published_at", "-id"))


def get_public_piece(alliance: Alliance, product_code: str, code: str) -> Piece | None:
    """A piece that is or was public; three queries. Withdrawn ones are found too, so that links to them explain themselves."""
    rows = Piece.objects.of(alliance).filter(product__code=product_code, code=code, published_at__isnull=False)
    return with_source(rows).first()
