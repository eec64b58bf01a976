"""Pages of pieces: what each reader is offered, that nothing typed is lost, and that the number of queries stays the same."""

from __future__ import annotations

from django.db import connection
from django.test.utils import CaptureQueriesContext

from alliance.kernel import tenancy
from alliance.models import Alliance
from operations.choices import PieceState, ProductState
from operations.models import Piece
from operations.selectors.piece import list_pieces, list_visible_pieces
from tests.conftest import ClientFor
from tests.factories.alliance import address, make_alliance
from tests.factories.operations import Cast, make_cast, make_piece, make_pilot, make_product

FORM = {
    "kind": "article",
    "audience": "industry",
    "audience_words": "Shift leaders",
    "channel": "wechat",
    "title_en": "Half the salt",
    "title_zh": "",
    "body_en": "Two steps.",
    "body_zh": "",
}


def at(piece: Piece, name: str) -> str:
    return address(piece.alliance, name, code=piece.product.code, piece=piece.code)


def test_a_piece_goes_its_way_over_the_pages(cast: Cast, client_for: ClientFor) -> None:
    product = make_product(cast, ProductState.TRANSFORMING)
    editor, writer = client_for(cast.editor), client_for(cast.writer)
    assert "New piece" in editor.get(address(cast.alliance, "product_detail", code=product.code)).content.decode()

    made = editor.post(address(cast.alliance, "piece_draft", code=product.code), FORM, follow=True)

    piece = Piece.objects.of(cast.alliance).get()
    assert "Piece saved." in made.content.decode()
    assert "Hand in for the check" in made.content.decode()
    editor.post(at(piece, "piece_submit"))
    page = writer.get(at(piece, "piece_check")).content.decode()
    assert "Two steps." in page
    assert product.title_en in page
    answer = writer.post(at(piece, "piece_check"), {"verdict": "return", "comment": "", "revision": "1"})
    assert answer.status_code == 422
    assert "Say what is wrong" in answer.content.decode()
    writer.post(at(piece, "piece_check"), {"verdict": "approve", "comment": "Fine.", "revision": "1"})
    piece.refresh_from_db()
    assert piece.state == PieceState.APPROVED
    assert "Fine." in editor.get(at(piece, "piece_detail")).content.decode()


def test_somebody_elses_text_and_ones_own_stand_side_by_side(cast: Cast, client_for: ClientFor) -> None:
    piece = make_piece(cast, make_product(cast, ProductState.TRANSFORMING), body_en="Theirs now", revision=2)

    answer = client_for(cast.editor).post(at(piece, "piece_edit"), {**FORM, "body_en": "Mine", "revision": "1"})

    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Theirs now" in page
    assert "Mine" in page
    assert 'name="revision" value="2"' in page
    saved = client_for(cast.editor).post(at(piece, "piece_edit"), {**FORM, "body_en": "Mine", "revision": "2"})
    assert saved.status_code == 302
    piece.refresh_from_db()
    assert piece.body_en == "Mine"


def test_what_was_typed_stays_when_it_is_refused(cast: Cast, client_for: ClientFor) -> None:
    product = make_product(cast, ProductState.TRANSFORMING)

    answer = client_for(cast.editor).post(
        address(cast.alliance, "piece_draft", code=product.code), {**FORM, "title_en": "", "body_en": "Written with care"}
    )

    assert answer.status_code == 422
    assert "Written with care" in answer.content.decode()
    assert "Give a title in English or in Chinese." in answer.content.decode()


def test_each_reader_finds_the_pieces_that_are_open_to_them(cast: Cast, client_for: ClientFor) -> None:
    product = make_product(cast, ProductState.PILOTING)
    make_pilot(product, cast.firms[:1])
    pieces = {state: make_piece(cast, product, state) for state in (PieceState.DRAFT, PieceState.APPROVED)}
    out = make_piece(cast, make_product(cast, ProductState.RELEASED), PieceState.PUBLISHED)

    def codes(user: object) -> set[str]:
        return set(list_visible_pieces(cast.alliance, user).values_list("code", flat=True))

    everything = {piece.code for piece in pieces.values()} | {out.code}
    for user in (cast.editor, cast.writer, cast.secretary, cast.committee):
        assert codes(user) == everything
    assert codes(cast.testers[0]) == {pieces[PieceState.APPROVED].code, out.code}
    assert codes(cast.testers[1]) == {out.code}
    # one piece at a time says the same as the list
    for user, piece, status in (
        (cast.testers[0], pieces[PieceState.APPROVED], 200),
        (cast.testers[0], pieces[PieceState.DRAFT], 404),
        (cast.testers[1], pieces[PieceState.APPROVED], 404),
        (cast.testers[1], out, 200),
    ):
        assert client_for(user).get(at(piece, "piece_detail")).status_code == status


def test_the_maker_sees_no_form_to_check_the_own_piece(cast: Cast, client_for: ClientFor) -> None:
    piece = make_piece(cast, make_product(cast, ProductState.TRANSFORMING), PieceState.IN_CHECK)

    assert client_for(cast.editor).get(at(piece, "piece_check")).status_code == 403
    assert "Give your word" in client_for(cast.writer).get(at(piece, "piece_check")).content.decode()


def test_list_and_card_keep_their_number_of_queries(cast: Cast, client_for: ClientFor) -> None:
    product = make_product(cast, ProductState.RELEASED)
    make_piece(cast, product, PieceState.PUBLISHED)
    client = client_for(cast.secretary)
    urls = [address(cast.alliance, "piece_list"), address(cast.alliance, "product_detail", code=product.code)]

    def count(url: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert client.get(url).status_code == 200
        return len(found)

    for url in urls:
        client.get(url)
    before = [count(url) for url in urls]
    for number in range(12):
        make_piece(cast, product if number % 2 else make_product(cast, ProductState.RETIRED), PieceState.PUBLISHED)
    assert [count(url) for url in urls] == before


def test_filters_leave_what_they_say(cast: Cast) -> None:
    old = make_product(cast, ProductState.RETIRED)
    told = make_piece(cast, old, PieceState.PUBLISHED, kind="brief", title_en="About dye")
    fresh = make_piece(cast, make_product(cast, ProductState.RELEASED), channel="print", audience="government")

    def codes(**chosen: str) -> set[str]:
        return {piece.code for piece in list_pieces(cast.alliance, cast.secretary, **chosen)}

    assert codes() == {told.code, fresh.code}
    assert codes(source="outdated") == {told.code}
    assert codes(kind="brief") == codes(state="published") == codes(q="dye") == codes(product=old.code) == {told.code}
    assert codes(channel="print") == codes(audience="government") == codes(q=fresh.code.lower()) == {fresh.code}


def test_a_retired_product_marks_its_pieces_on_page_and_list(cast: Cast, client_for: ClientFor) -> None:
    piece = make_piece(cast, make_product(cast, ProductState.RETIRED), PieceState.PUBLISHED)
    client = client_for(cast.secretary)

    assert "The product behind this piece is retired." in client.get(at(piece, "piece_detail")).content.decode()
    assert "Product retired" in client.get(address(cast.alliance, "piece_list")).content.decode()


def test_pieces_of_another_alliance_are_not_there(cast: Cast, client_for: ClientFor) -> None:
    other: Alliance = make_alliance(slug="pieces-elsewhere")
    with tenancy.acting_in(other):
        theirs = make_cast(other)
        piece = make_piece(theirs, make_product(theirs, ProductState.RELEASED), PieceState.PUBLISHED)
    client = client_for(cast.secretary)
    own = make_product(cast, ProductState.RELEASED)
    assert client.get(address(cast.alliance, "piece_detail", code=own.code, piece=piece.code)).status_code == 404
    assert piece.title_en not in client.get(address(cast.alliance, "piece_list")).content.decode()
