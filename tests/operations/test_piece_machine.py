"""Random ways of one piece through every act by everybody: what must always hold of what is published."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alliance.kernel.errors import DomainError
from alliance.models import AuditEntry
from operations.actions.piece import (
    check_piece,
    publish_piece,
    renew_piece,
    submit_piece,
    update_piece,
    withdraw_piece,
)
from operations.choices import PieceState, ProductState, ReviewVerdict
from operations.models import Piece, PieceCheck, Product
from operations.transitions import PIECE_TRANSITIONS
from tests.factories.operations import Cast, make_piece, make_product

EXAMPLES = int(os.environ.get("PIECE_EXAMPLES", "25"))
AT = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
ACTS = ("update", "submit", "approve", "return", "renew", "publish", "withdraw", "next_version", "release", "retire")
PEOPLE = ("editor", "writer", "reviewer", "secretary", "committee")
STEPS = {(source, step.target) for step in PIECE_TRANSITIONS for source in step.sources}


def take(cast: Cast, code: str, act: str, who: str, at: datetime) -> None:
    """One act by one person; the product's own steps are made by hand."""
    common: dict[str, Any] = {"actor": getattr(cast, who), "at": at}
    piece = Piece.objects.get(code=code)
    product = Product.objects.filter(pk=piece.product_id)
    if act == "update":
        update_piece(cast.alliance, code, values={"body_en": f"Text of {at}"}, revision=piece.revision, **common)
    elif act == "submit":
        submit_piece(cast.alliance, code, **common)
    elif act in {"approve", "return"}:
        check_piece(
            cast.alliance,
            code,
            institution_id=cast.author.pk if who != "editor" else cast.media.pk,
            verdict=act,
            comment="Reasons.",
            revision=piece.revision,
            **common,
        )
    elif act == "renew":
        renew_piece(cast.alliance, code, **common)
    elif act == "publish":
        publish_piece(cast.alliance, code, **common)
    elif act == "withdraw":
        withdraw_piece(cast.alliance, code, reason="Reasons.", **common)
    elif act == "next_version":
        row = product.get()
        if row.state == ProductState.TRANSFORMING:
            product.update(version=row.version + 1, body_en=f"Version {row.version + 1}")
    elif act == "release":
        product.filter(state=ProductState.TRANSFORMING).update(state=ProductState.RELEASED, released_at=at)
    else:
        product.filter(state=ProductState.RELEASED).update(state=ProductState.RETIRED, retired_at=at)


@pytest.mark.django_db
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(walk=st.lists(st.tuples(st.sampled_from(ACTS), st.sampled_from(PEOPLE)), min_size=4, max_size=16))
def test_nothing_is_published_that_an_author_did_not_find_correct_as_it_stands(
    cast: Cast, walk: list[tuple[str, str]]
) -> None:
    with transaction.atomic():
        piece = make_piece(cast, make_product(cast, ProductState.TRANSFORMING))
        before = piece.state
        for number, (act, who) in enumerate([("submit", "editor"), *walk]):
            try:
                with transaction.atomic():
                    take(cast, piece.code, act, who, AT + timedelta(minutes=number))
            except DomainError:
                pass
            piece = Piece.objects.select_related("version", "product").get(pk=piece.pk)
            # a change of the text takes a checked piece back to a draft in the same act
            assert piece.state == before or (before, piece.state) in STEPS
            if piece.state in {PieceState.APPROVED, PieceState.PUBLISHED}:
                check = PieceCheck.objects.filter(piece=piece).order_by("-at", "-id").first()
                assert check is not None
                assert (check.verdict, check.revision) == (ReviewVerdict.APPROVE, piece.revision)
                assert check.institution_id != piece.maker_id
                assert check.checker_id not in {piece.created_by_id, piece.changed_by_id}
            if piece.state == PieceState.PUBLISHED and before != PieceState.PUBLISHED:
                assert piece.product.state == ProductState.RELEASED
                assert piece.version.number == piece.product.version
            if before == PieceState.WITHDRAWN:
                assert piece.state == PieceState.WITHDRAWN
            before = piece.state
        moves = AuditEntry.objects.filter(object_type="operations.piece", object_id=str(piece.pk))
        assert (
            PieceCheck.objects.filter(piece=piece).count()
            == moves.filter(verb__in=["approve_piece", "return_piece"]).count()
        )
        transaction.set_rollback(True)
