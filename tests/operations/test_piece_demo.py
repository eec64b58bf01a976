"""The invented pieces stand in every state, wait for the right people, and loading them twice adds nothing."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from django.utils import timezone

from alliance.choices import AllianceRole
from alliance.kernel import tenancy
from alliance.kernel.demo import HORIZON, WEAVING, in_order
from alliance.models import Alliance, InboxItem, OutboxEvent
from operations.actions.demo_pieces import load_pieces
from operations.choices import PieceState, ProductState
from operations.models import Piece, PieceCheck
from operations.selectors.piece import mark_of, unchecked_pieces, with_source
from operations.signals import PIECE_PUBLISHED
from tests.factories.alliance import make_alliance, make_member

DATA = Path(__file__).resolve().parents[2] / "data"


def seeded() -> Alliance:
    alliance = make_alliance("weaving", is_demonstration=True)
    make_member(alliance, AllianceRole.SECRETARIAT)
    with tenancy.acting_in(alliance):
        for name, loader in in_order():
            if name in {"members", "groups", "operations", "operations.pieces"}:
                loader(alliance, flavour=WEAVING, data_dir=DATA, at=timezone.now())
    return alliance


@pytest.mark.django_db
def test_every_state_is_there_in_both_languages_and_nothing_is_loaded_twice() -> None:
    alliance = seeded()
    with tenancy.acting_in(alliance):
        states = Counter(Piece.objects.values_list("state", flat=True))
        assert set(states) == set(PieceState.values)
        assert not Piece.objects.filter(title_zh="").exists()
        checks, events = PieceCheck.objects.count(), OutboxEvent.objects.filter(kind=PIECE_PUBLISHED).count()
        load_pieces(alliance, flavour=WEAVING, data_dir=DATA, at=timezone.now())
        assert Counter(Piece.objects.values_list("state", flat=True)) == states
        assert PieceCheck.objects.count() == checks
        assert OutboxEvent.objects.filter(kind=PIECE_PUBLISHED).count() == events == 4


@pytest.mark.django_db
def test_published_pieces_are_of_products_that_were_released_and_marks_follow() -> None:
    alliance = seeded()
    with tenancy.acting_in(alliance):
        pieces = {piece.code: piece for piece in with_source(Piece.objects.of(alliance))}
        for piece in pieces.values():
            if piece.state == PieceState.PUBLISHED:
                assert piece.product.released_at is not None
                assert piece.published_at is not None
                assert piece.published_at >= piece.product.released_at
        mark = mark_of(pieces["PC-005"])
        assert mark is not None
        assert mark.key == "retired"
        waiting = set(InboxItem.objects.filter(done_at__isnull=True).values_list("kind", flat=True))
        assert {"piece_check", "piece_returned", "piece_publish"} <= waiting
        holding = {piece.product.code for piece in pieces.values() if piece.product.state == ProductState.TRANSFORMING}
        assert {
            code for code in holding if unchecked_pieces(next(p.product for p in pieces.values() if p.product.code == code))
        }


@pytest.mark.django_db
def test_nothing_is_made_up_about_real_institutions() -> None:
    alliance = make_alliance("horizon")
    with tenancy.acting_in(alliance):
        load_pieces(alliance, flavour=HORIZON, data_dir=DATA, at=timezone.now())
        assert not Piece.objects.exists()
