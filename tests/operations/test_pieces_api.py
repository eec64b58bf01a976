"""Pieces over the API: what machines and people see, and what a piece says of its source."""

from __future__ import annotations

from typing import Any

from django.test import Client

from operations.choices import PieceState, ProductState
from operations.models import Product
from operations.selectors.piece import list_visible_pieces
from tests.conftest import ClientFor
from tests.factories.alliance import address
from tests.factories.api import bearer
from tests.factories.operations import Cast, make_piece, make_pilot, make_product


def test_a_machine_sees_pieces_that_are_out_with_product_version_and_maker(cast: Cast, client: Client) -> None:
    product = make_product(cast, ProductState.RELEASED)
    out = make_piece(cast, product, PieceState.PUBLISHED)
    hidden = [make_piece(cast, product, state) for state in PieceState.values if state != PieceState.PUBLISHED]
    headers = bearer(client, cast.alliance, ["products:read"])

    found = client.get(address(cast.alliance, "api_piece_list"), headers=headers).json()["results"]

    assert [row["code"] for row in found] == [out.code]
    assert found[0]["product"]["code"] == product.code
    assert found[0]["version"]["digest"] == out.version.digest
    assert found[0]["maker"]["code"] == cast.media.code
    assert found[0]["standing"] == "current"
    one = client.get(address(cast.alliance, "api_piece_detail", code=out.code), headers=headers)
    assert one.json() == found[0]
    for piece in hidden:
        assert client.get(address(cast.alliance, "api_piece_detail", code=piece.code), headers=headers).status_code == 404
    detail = client.get(address(cast.alliance, "api_product_detail", code=product.code), headers=headers).json()
    assert [row["code"] for row in detail["pieces"]] == [out.code]
    assert (
        client.get(
            address(cast.alliance, "api_piece_list"), headers=bearer(client, cast.alliance, ["catalogue:read"])
        ).status_code
        == 403
    )


def test_a_piece_says_how_its_source_stands(cast: Cast, client: Client) -> None:
    """The SQL of the projection and the selector's mark agree on every case."""
    from operations.selectors.piece import mark_of  # noqa: PLC0415 - compared here alone

    retired = make_product(cast, ProductState.RETIRED)
    replaced = make_product(cast, ProductState.RETIRED)
    make_product(cast, ProductState.RELEASED, predecessor=replaced)
    moved_on = make_product(cast, ProductState.RELEASED)
    pieces = {
        "current": make_piece(cast, make_product(cast, ProductState.RELEASED), PieceState.PUBLISHED),
        "retired": make_piece(cast, retired, PieceState.PUBLISHED),
        "superseded": make_piece(cast, replaced, PieceState.PUBLISHED),
        "older_version": make_piece(cast, moved_on, PieceState.PUBLISHED),
    }
    Product.objects.filter(pk=moved_on.pk).update(version=2)
    headers = bearer(client, cast.alliance, ["products:read"])

    found = client.get(address(cast.alliance, "api_piece_list"), headers=headers).json()["results"]

    assert {row["code"]: row["standing"] for row in found} == {piece.code: key for key, piece in pieces.items()}
    for key, piece in pieces.items():
        piece.product.refresh_from_db()
        mark = mark_of(piece)
        assert (mark.key if mark else "current") == key


def test_people_see_the_same_pieces_as_on_the_pages(cast: Cast, client_for: ClientFor) -> None:
    product = make_product(cast, ProductState.PILOTING)
    make_pilot(product, cast.firms[:1])
    for state in (PieceState.DRAFT, PieceState.IN_CHECK, PieceState.APPROVED):
        make_piece(cast, product, state)
    make_piece(cast, make_product(cast, ProductState.RELEASED), PieceState.PUBLISHED)

    for user in (cast.editor, cast.writer, cast.reviewer, cast.testers[0], cast.testers[1], cast.secretary, cast.committee):
        answer: dict[str, Any] = client_for(user).get(address(cast.alliance, "api_piece_list")).json()
        shown = {row["code"] for row in answer["results"]}
        assert shown == set(list_visible_pieces(cast.alliance, user).values_list("code", flat=True))


def test_filters_and_their_refusals(cast: Cast, client: Client) -> None:
    product = make_product(cast, ProductState.RELEASED)
    article = make_piece(cast, product, PieceState.PUBLISHED, title_en="Salt")
    script = make_piece(cast, product, PieceState.PUBLISHED, kind="video_script", channel="app")
    headers = bearer(client, cast.alliance, ["products:read"])
    url = address(cast.alliance, "api_piece_list")

    def codes(query: str) -> set[str]:
        return {row["code"] for row in client.get(f"{url}?{query}", headers=headers).json()["results"]}

    assert codes("kind=video_script") == codes("channel=app") == {script.code}
    assert codes("q=salt") == {article.code}
    assert codes(f"product={product.code}&maker={cast.media.code}") == {article.code, script.code}
    assert codes("published_before=2020-01-01") == set()
    assert client.get(f"{url}?kind=poster", headers=headers).status_code == 400
