"""Demonstration pieces: what the invented media group made of the invented products, in every state."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.utils import timezone

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.choices import AllianceRole
from alliance.kernel.demo import WEAVING
from alliance.kernel.events import emit
from alliance.models import RoleAssignment, User
from members.models import Institution
from operations.actions.snapshot import take_snapshot
from operations.choices import PieceState, ProductState, ReviewVerdict, SnapshotOccasion
from operations.models import Piece, PieceCheck, Product
from operations.selectors.people import staff_of
from operations.signals import PIECE_PUBLISHED, PIECE_WITHDRAWN
from operations.transitions import APPROVE_PIECE, PUBLISH_PIECE, RETURN_PIECE, SUBMIT_PIECE, WITHDRAW_PIECE

if TYPE_CHECKING:
    from pathlib import Path

    from alliance.kernel.transitions import Transition
    from alliance.models import Alliance

TODAY: Final = date(2026, 11, 21)
"""The day the invented content stands at; its dates are moved with the day of loading."""
COPIED: Final = ("kind", "audience", "audience_words", "channel", "title_en", "title_zh", "body_en", "body_zh")


def load_pieces(alliance: Alliance, *, flavour: str, data_dir: Path, at: datetime) -> None:
    """Load the invented pieces; running it again adds nothing."""
    path = data_dir / "demo" / "pieces.jsonl"
    if flavour != WEAVING or not path.exists():
        return
    products = {product.code: product for product in Product.objects.of(alliance).select_related("author", "alliance")}
    makers = {institution.code: institution for institution in Institution.objects.of(alliance)}
    present = set(Piece.objects.of(alliance).values_list("code", flat=True))
    officer = _officer(alliance, at)
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if row["code"] not in present and row["product"] in products and row["maker"] in makers:
                _load(products[row["product"]], makers[row["maker"]], row, officer=officer, at=at)


def _officer(alliance: Alliance, at: datetime) -> User | None:
    roles = RoleAssignment.objects.of(alliance).at(at).filter(role=AllianceRole.SECRETARIAT).select_related("user")
    found = roles.order_by("id").first()
    return found.user if found else None


def _load(product: Product, maker: Institution, row: Mapping[str, Any], *, officer: User | None, at: datetime) -> None:
    alliance = product.alliance
    shift = timezone.localtime(at).date() - TODAY

    def moment(name: str, hour: int = 9) -> datetime | None:
        text = row.get(name) or ""
        day = date.fromisoformat(text) + shift if text else None
        return timezone.make_aware(datetime.combine(day, time(hour))) if day else None

    written = moment("written") or at
    editor = next(iter(staff_of(alliance, [maker.pk], at=at)), officer)
    author = next(iter(staff_of(alliance, [product.author_id], at=at)), officer)
    checked, returned, published, withdrawn = (moment(name) for name in ("checked", "returned", "published", "withdrawn"))
    piece = Piece.objects.create(
        alliance=alliance,
        code=row["code"],
        product=product,
        version=_version_then(product, written, officer),
        state=row["state"],
        maker=maker,
        link=row["link"],
        created_by=editor,
        created_at=written,
        changed_by=editor,
        changed_at=written,
        state_since=withdrawn or published or checked or returned or written,
        published_at=published,
        **{name: row[name] for name in COPIED},
    )
    facts = {"code": piece.code, "product": product.code, "version": piece.version.number, "maker": maker.code}
    record_audit(piece, actor=editor, verb="draft_piece", after=facts, at=written)
    handed_in = written + timedelta(days=1)
    if row["state"] != PieceState.DRAFT or returned:
        _note(piece, SUBMIT_PIECE, editor, handed_in)
    if returned and author is not None:
        _check(piece, author, ReviewVerdict.RETURN, row["reason"], returned)
        _note(piece, RETURN_PIECE, author, returned)
    if checked and author is not None:
        _check(piece, author, ReviewVerdict.APPROVE, "", checked)
        _note(piece, APPROVE_PIECE, author, checked)
    what = {"product": product.code, "piece": piece.code}
    if published:
        _note(piece, PUBLISH_PIECE, editor, published)
        emit(alliance, PIECE_PUBLISHED, {**what, "version": piece.version.number})
    if withdrawn:
        _note(piece, WITHDRAW_PIECE, editor, withdrawn, reason=row["reason"])
        emit(alliance, PIECE_WITHDRAWN, {**what, "was_published": published is not None})
    _ask(piece, returned=returned, at=piece.state_since)


def _version_then(product: Product, written: datetime, officer: User | None) -> Any:
    """The texts that stood when it was written, where they were kept; else those that stand now."""
    kept = product.versions.filter(made_at__lte=written).order_by("-serial").first()
    return kept or take_snapshot(product, SnapshotOccasion.PIECE, actor=officer, at=written)


def _note(piece: Piece, step: Transition, actor: User | None, at: datetime, *, reason: str = "") -> None:
    record_audit(
        piece,
        actor=actor,
        verb=step.name,
        after={"state": step.target, "product": piece.product.code, "version": piece.version.number},
        personal={"reason": reason} if reason else None,
        at=at,
    )


def _check(piece: Piece, checker: User, verdict: str, comment: str, at: datetime) -> None:
    PieceCheck.objects.create(
        alliance=piece.alliance,
        piece=piece,
        revision=piece.revision,
        institution_id=piece.product.author_id,
        checker=checker,
        verdict=verdict,
        comment=comment,
        at=at,
    )


def _ask(piece: Piece, *, returned: datetime | None, at: datetime) -> None:
    """What waits for somebody, as the actions would have asked it."""
    product = piece.product
    if piece.state == PieceState.IN_CHECK:
        kind, key, whom, page = (
            "piece_check",
            f"piece-check:{piece.code}:{product.author_id}",
            product.author_id,
            "piece_check",
        )
    elif piece.state == PieceState.DRAFT and returned:
        kind, key, whom, page = "piece_returned", f"piece-returned:{piece.code}", piece.maker_id, "piece_detail"
    elif piece.state == PieceState.APPROVED and product.state == ProductState.RELEASED:
        kind, key, whom, page = "piece_publish", f"piece-publish:{piece.code}", piece.maker_id, "piece_publish"
    else:
        return
    inbox.ask(
        piece.alliance,
        kind,
        key,
        inbox.institution(whom),
        params={
            "title_en": piece.title_en,
            "title_zh": piece.title_zh,
            "code": piece.code,
            "product_en": product.title_en,
            "product_zh": product.title_zh,
        },
        url_name=page,
        url_kwargs={"code": product.code, "piece": piece.code},
        at=at,
    )
