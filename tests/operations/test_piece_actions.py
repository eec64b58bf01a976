"""The way of a piece through media group and authors, its refusals, its record and its events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from alliance.actions import inbox
from alliance.choices import AllianceRole
from alliance.kernel import tenancy
from alliance.kernel.errors import (
    ConflictOfInterestError,
    DomainError,
    InvalidInputError,
    NotFoundError,
    PermissionRefusedError,
    SeparationOfDutiesError,
    TransitionRefusedError,
)
from alliance.kernel.transitions import Transition
from alliance.models import Alliance, AuditEntry, InboxItem, Notification, OutboxEvent
from groups.choices import ConflictState, GroupKind
from groups.models import ConflictOfInterest
from members.models import Institution
from operations.actions.piece import (
    PieceConflictError,
    check_piece,
    draft_piece,
    follow_product,
    publish_piece,
    renew_piece,
    submit_piece,
    update_piece,
    withdraw_piece,
)
from operations.choices import ContributionRole, PieceState, ProductState
from operations.gates import GATES
from operations.models import Contribution, Piece, PieceCheck, Product
from operations.selectors.piece import mark_of, unchecked_pieces
from operations.signals import PIECE_PUBLISHED, PIECE_WITHDRAWN
from operations.transitions import BEGIN_PILOT, PIECE_TRANSITIONS
from tests.factories.alliance import make_alliance
from tests.factories.operations import (
    Cast,
    make_cast,
    make_institution,
    make_officer,
    make_piece,
    make_product,
    make_seat,
    make_staff,
)

AT = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
VALUES = {
    "kind": "article",
    "audience": "industry",
    "channel": "wechat",
    "audience_words": "Shift leaders",
    "title_en": "Half the salt",
    "body_en": "Two steps, not three.",
}


def audit(piece: Piece) -> list[str]:
    rows = AuditEntry.objects.of(piece.alliance).filter(object_type="operations.piece", object_id=str(piece.pk))
    return list(rows.order_by("id").values_list("verb", flat=True))


def events(alliance: Alliance, kind: str) -> list[dict[str, Any]]:
    return list(OutboxEvent.objects.of(alliance).filter(kind=kind).order_by("id").values_list("payload", flat=True))


def open_items(alliance: Alliance) -> set[str]:
    return set(InboxItem.objects.of(alliance).filter(done_at__isnull=True).values_list("key", flat=True))


def stand_aside(institution: Institution, product: Product, actor: Any) -> None:
    ConflictOfInterest.objects.create(
        alliance=product.alliance,
        institution=institution,
        matter=product.matter,
        state=ConflictState.RECUSED,
        reason="shares",
        declared_by=actor,
        declared_at=AT,
    )


def draft(cast: Cast, product: Product, **fields: Any) -> Piece:
    return draft_piece(
        cast.alliance, product.code, actor=cast.editor, institution_id=cast.media.pk, values={**VALUES, **fields}, at=AT
    )


def check(cast: Cast, piece: Piece, verdict: str = "approve", comment: str = "", **fields: Any) -> Piece:
    values: dict[str, Any] = {
        "actor": cast.writer,
        "institution_id": cast.author.pk,
        "verdict": verdict,
        "comment": comment,
        "revision": piece.revision,
        "at": AT,
        **fields,
    }
    return check_piece(cast.alliance, piece.code, **values)


@pytest.mark.django_db
def test_a_piece_is_written_checked_and_published_with_record_inbox_and_event(cast: Cast) -> None:
    product = make_product(cast, ProductState.TRANSFORMING)
    piece = draft(cast, product)
    assert (piece.code, piece.state, piece.version.number, piece.version.title_en) == (
        "PC-001",
        PieceState.DRAFT,
        1,
        product.title_en,
    )
    submit_piece(cast.alliance, piece.code, actor=cast.editor, at=AT)
    assert f"piece-check:PC-001:{cast.author.pk}" in open_items(cast.alliance)
    checked = check(cast, piece)
    assert checked.state == PieceState.APPROVED
    assert not any(key.startswith("piece-") for key in open_items(cast.alliance))
    Product.objects.filter(pk=product.pk).update(state=ProductState.RELEASED, released_at=AT)
    follow_product(cast.alliance, product.code, at=AT)
    assert "piece-publish:PC-001" in open_items(cast.alliance)
    published = publish_piece(cast.alliance, piece.code, actor=cast.editor, link="https://example.org/salt", at=AT)
    assert (published.state, published.published_at, published.link) == (
        PieceState.PUBLISHED,
        AT,
        "https://example.org/salt",
    )
    assert audit(piece) == ["draft_piece", "submit_piece", "approve_piece", "publish_piece"]
    assert events(cast.alliance, PIECE_PUBLISHED) == [{"product": product.code, "piece": "PC-001", "version": 1}]
    assert "piece-publish:PC-001" not in open_items(cast.alliance)
    assert Notification.objects.of(cast.alliance).filter(kind="piece_published").count() == 2  # author and maker


@pytest.mark.django_db
def test_a_piece_goes_back_with_reasons_and_is_checked_again(cast: Cast) -> None:
    piece = draft(cast, make_product(cast, ProductState.TRANSFORMING))
    submit_piece(cast.alliance, piece.code, actor=cast.editor, at=AT)
    with pytest.raises(InvalidInputError) as refused:
        check(cast, piece, "return", "  ")
    assert "comment" in refused.value.fields
    check(cast, piece, "return", "It is 40 g, not 60 g.")
    assert "piece-returned:PC-001" in open_items(cast.alliance)
    changed = update_piece(
        cast.alliance, piece.code, actor=cast.editor, values={"body_en": "40 g."}, revision=piece.revision, at=AT
    )
    submit_piece(cast.alliance, piece.code, actor=cast.editor, at=AT)
    assert "piece-returned:PC-001" not in open_items(cast.alliance)
    check(cast, changed)
    assert list(PieceCheck.objects.of(cast.alliance).order_by("id").values_list("verdict", "revision")) == [
        ("return", 1),
        ("approve", 2),
    ]
    entry = AuditEntry.objects.of(cast.alliance).filter(verb="return_piece").get()
    assert "40 g" not in entry.record  # reasons are personal text


@pytest.mark.django_db
def test_nobody_checks_the_own_piece(cast: Cast) -> None:
    product = make_product(cast, ProductState.TRANSFORMING)
    piece = draft(cast, product)
    submit_piece(cast.alliance, piece.code, actor=cast.editor, at=AT)
    with pytest.raises(SeparationOfDutiesError):
        check(cast, piece, actor=cast.editor)
    both = make_staff(cast.alliance, cast.author, user=cast.editor)  # the editor now works for the author too
    with pytest.raises(SeparationOfDutiesError):
        check(cast, piece, actor=both)
    with pytest.raises(PermissionRefusedError):
        check(cast, piece, actor=cast.reviewer, institution_id=cast.reviewer_institution.pk)
    with pytest.raises(PermissionRefusedError):
        check(cast, piece, actor=cast.secretary)
    piece.refresh_from_db()
    assert piece.state == PieceState.IN_CHECK


@pytest.mark.django_db
def test_an_institution_that_confirmed_its_part_checks_too_and_one_that_stands_aside_does_not(cast: Cast) -> None:
    product = make_product(cast, ProductState.TRANSFORMING)
    helper = make_institution(cast.alliance)
    statistician = make_staff(cast.alliance, helper)
    part = Contribution.objects.create(
        alliance=cast.alliance,
        product=product,
        institution=helper,
        role=ContributionRole.DATA,
        share=30,
        named_at=AT,
        named_by=None,
        confirmed_by=None,
    )
    piece = draft(cast, product)
    submit_piece(cast.alliance, piece.code, actor=cast.editor, at=AT)
    with pytest.raises(PermissionRefusedError):  # named, but not confirmed by itself
        check(cast, piece, actor=statistician, institution_id=helper.pk)
    Contribution.objects.filter(pk=part.pk).update(confirmed_at=AT, confirmed_by=statistician)
    stand_aside(cast.author, product, cast.writer)
    with pytest.raises(ConflictOfInterestError):
        check(cast, piece)
    assert check(cast, piece, actor=statistician, institution_id=helper.pk).state == PieceState.APPROVED


@pytest.mark.django_db
def test_a_piece_that_nobody_could_check_is_not_handed_in(cast: Cast) -> None:
    make_seat(cast.alliance, cast.author, GroupKind.MEDIA)
    cast.writer.__dict__.pop("_grants", None)
    product = make_product(cast, ProductState.TRANSFORMING)
    piece = draft_piece(cast.alliance, product.code, actor=cast.writer, institution_id=cast.author.pk, values=VALUES, at=AT)
    with pytest.raises(DomainError) as refused:
        submit_piece(cast.alliance, piece.code, actor=cast.writer, at=AT)
    assert refused.value.code == "no_checker"


@pytest.mark.django_db
def test_only_the_media_group_makes_pieces_and_only_of_reviewed_products(cast: Cast) -> None:
    product = make_product(cast, ProductState.TRANSFORMING)
    common: dict[str, Any] = {"values": VALUES, "at": AT}
    for actor, institution in ((cast.writer, cast.author), (cast.secretary, cast.media), (cast.editor, cast.author)):
        with pytest.raises(PermissionRefusedError):
            draft_piece(cast.alliance, product.code, actor=actor, institution_id=institution.pk, **common)
    with pytest.raises(NotFoundError):
        draft(cast, make_product(cast, ProductState.DRAFT))  # not open to the media group
    withdrawn = make_product(cast, ProductState.WITHDRAWN)
    with pytest.raises(DomainError) as refused:
        draft(cast, withdrawn)
    assert refused.value.code == "product_not_ready"
    stand_aside(cast.media, product, cast.editor)
    with pytest.raises(ConflictOfInterestError):
        draft(cast, product)
    assert not Piece.objects.of(cast.alliance).exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("kind", "poster", "kind"),
        ("audience", "", "audience"),
        ("channel", "fax", "channel"),
        ("title_en", " ", "title_en"),
        ("title_en", "x" * 201, "title_en"),
        ("body_zh", "x" * 100_001, "body_zh"),
    ],
)
def test_bad_input_names_its_field(cast: Cast, field: str, value: str, named: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        draft(cast, make_product(cast, ProductState.TRANSFORMING), **{field: value})
    assert named in refused.value.fields


@pytest.mark.django_db
def test_two_who_edit_at_once_notice_each_other(cast: Cast) -> None:
    piece = draft(cast, make_product(cast, ProductState.TRANSFORMING))
    update_piece(cast.alliance, piece.code, actor=cast.editor, values={"title_en": "A"}, revision=1, at=AT)
    with pytest.raises(PieceConflictError) as refused:
        update_piece(cast.alliance, piece.code, actor=cast.editor, values={"title_en": "B"}, revision=1, at=AT)
    assert (refused.value.theirs["title_en"], refused.value.revision) == ("A", 2)
    piece.refresh_from_db()
    assert piece.title_en == "A"


@pytest.mark.django_db
def test_the_word_of_the_authors_is_for_the_text_they_read(cast: Cast) -> None:
    piece = draft(cast, make_product(cast, ProductState.TRANSFORMING))
    submit_piece(cast.alliance, piece.code, actor=cast.editor, at=AT)
    with pytest.raises(PieceConflictError):
        check(cast, piece, revision=piece.revision + 1)
    with pytest.raises(DomainError) as refused:
        update_piece(cast.alliance, piece.code, actor=cast.editor, values={"title_en": "B"}, revision=1, at=AT)
    assert refused.value.code == "not_editable"
    check(cast, piece)
    changed = update_piece(cast.alliance, piece.code, actor=cast.editor, values={"title_en": "B"}, revision=1, at=AT)
    assert changed.state == PieceState.DRAFT  # a changed piece is not a checked one
    assert audit(piece)[-2:] == ["update_piece", "reopen_piece"]


@pytest.mark.django_db
def test_a_piece_is_published_only_of_the_released_version_it_was_checked_with(cast: Cast) -> None:
    product = make_product(cast, ProductState.TRANSFORMING)
    piece = draft(cast, product)
    submit_piece(cast.alliance, piece.code, actor=cast.editor, at=AT)
    check(cast, piece)
    with pytest.raises(DomainError) as refused:
        publish_piece(cast.alliance, piece.code, actor=cast.editor, at=AT)
    assert refused.value.code == "product_not_released"
    Product.objects.filter(pk=product.pk).update(state=ProductState.RELEASED, released_at=AT, version=2)
    with pytest.raises(DomainError) as refused:
        publish_piece(cast.alliance, piece.code, actor=cast.editor, at=AT)
    assert refused.value.code == "piece_outdated"
    renewed = renew_piece(cast.alliance, piece.code, actor=cast.editor, at=AT)
    assert (renewed.state, renewed.version.number) == (PieceState.DRAFT, 2)
    with pytest.raises(DomainError) as refused:
        renew_piece(cast.alliance, piece.code, actor=cast.editor, at=AT)
    assert refused.value.code == "already_current"
    submit_piece(cast.alliance, piece.code, actor=cast.editor, at=AT)
    check(cast, piece)
    with pytest.raises(InvalidInputError) as wrong:
        publish_piece(cast.alliance, piece.code, actor=cast.editor, link="javascript:alert(1)", at=AT)
    assert "link" in wrong.value.fields
    for stranger in (cast.writer, cast.committee, cast.testers[0]):
        with pytest.raises(PermissionRefusedError):
            publish_piece(cast.alliance, piece.code, actor=stranger, at=AT)
    publisher = make_officer(cast.alliance, AllianceRole.EDITOR)
    assert publish_piece(cast.alliance, piece.code, actor=publisher, at=AT).state == PieceState.PUBLISHED


@pytest.mark.django_db
def test_a_piece_is_withdrawn_in_any_state_with_a_reason_and_never_comes_back(cast: Cast) -> None:
    product = make_product(cast, ProductState.RELEASED)
    for number, state in enumerate((PieceState.DRAFT, PieceState.IN_CHECK, PieceState.APPROVED, PieceState.PUBLISHED)):
        piece = make_piece(cast, product, state)
        with pytest.raises(InvalidInputError):
            withdraw_piece(cast.alliance, piece.code, actor=cast.writer, reason=" ", at=AT)
        with pytest.raises(PermissionRefusedError):
            withdraw_piece(cast.alliance, piece.code, actor=cast.testers[0], reason="No.", at=AT)
        gone = withdraw_piece(cast.alliance, piece.code, actor=cast.writer, reason="The figure was wrong.", at=AT)
        assert gone.state == PieceState.WITHDRAWN
        assert events(cast.alliance, PIECE_WITHDRAWN)[number] == {
            "product": product.code,
            "piece": piece.code,
            "was_published": state == PieceState.PUBLISHED,
        }
        with pytest.raises(TransitionRefusedError):
            withdraw_piece(cast.alliance, piece.code, actor=cast.writer, reason="Again.", at=AT)


@pytest.mark.django_db
def test_the_pilot_waits_until_every_piece_is_checked_or_withdrawn(cast: Cast) -> None:
    product = make_product(cast, ProductState.TRANSFORMING)

    def missing() -> list[str]:
        product.refresh_from_db()
        (gate,) = [gate for gate in GATES[BEGIN_PILOT.name] if gate.key == "pieces"]
        assert gate.sources == {ProductState.TRANSFORMING}
        return [str(words) for words in gate.check(product)]

    assert missing() == []
    first, second = draft(cast, product), draft(cast, product, title_en="Poster text")
    assert len(missing()) == 2
    assert "PC-001" in missing()[0]
    submit_piece(cast.alliance, first.code, actor=cast.editor, at=AT)
    assert len(missing()) == 2
    check(cast, first)
    withdraw_piece(cast.alliance, second.code, actor=cast.editor, reason="Not needed.", at=AT)
    assert missing() == []
    assert unchecked_pieces(product) == []


@pytest.mark.django_db
def test_what_became_of_the_product_marks_its_pieces_and_empties_the_inboxes(cast: Cast) -> None:
    product = make_product(cast, ProductState.TRANSFORMING)
    piece = draft(cast, product)
    submit_piece(cast.alliance, piece.code, actor=cast.editor, at=AT)
    assert mark_of(Piece.objects.get(pk=piece.pk)) is None
    Product.objects.filter(pk=product.pk).update(version=2)
    assert getattr(mark_of(Piece.objects.get(pk=piece.pk)), "key", "") == "older_version"
    Product.objects.filter(pk=product.pk).update(
        state=ProductState.WITHDRAWN, withdrawn_at=AT, withdrawn_from=ProductState.TRANSFORMING
    )
    assert getattr(mark_of(Piece.objects.get(pk=piece.pk)), "key", "") == "withdrawn"
    follow_product(cast.alliance, product.code, at=AT)
    follow_product(cast.alliance, product.code, at=AT)
    assert not any(key.startswith("piece-") for key in open_items(cast.alliance))
    old = make_product(cast, ProductState.RETIRED)
    told = make_piece(cast, old, PieceState.PUBLISHED)
    assert getattr(mark_of(Piece.objects.get(pk=told.pk)), "key", "") == "retired"
    successor = make_product(cast, ProductState.RELEASED, predecessor=old, title_en="Second edition")
    mark = mark_of(Piece.objects.get(pk=told.pk))
    assert mark is not None
    assert (mark.key, mark.successor) == ("superseded", successor)


@pytest.mark.django_db
def test_another_alliances_piece_is_not_found(cast: Cast) -> None:
    piece = draft(cast, make_product(cast, ProductState.TRANSFORMING))
    other = make_alliance(slug="other-pieces")
    with tenancy.acting_in(other):
        stranger = make_cast(other)
        with pytest.raises(NotFoundError):
            update_piece(other, piece.code, actor=stranger.editor, values={"title_en": "X"}, revision=1, at=AT)
        with pytest.raises(NotFoundError):
            withdraw_piece(other, piece.code, actor=stranger.secretary, reason="X", at=AT)


@pytest.mark.django_db
@pytest.mark.parametrize("state", PieceState.values)
def test_no_step_is_taken_from_a_state_outside_the_table(cast: Cast, state: str) -> None:
    """Each action is tried from every state; it works exactly where the table of transitions has a row for it."""
    product = make_product(cast, ProductState.RELEASED)
    table: dict[str, Transition] = {step.name: step for step in PIECE_TRANSITIONS}
    tries: dict[str, Any] = {
        "submit_piece": lambda code: submit_piece(cast.alliance, code, actor=cast.editor, at=AT),
        "approve_piece": lambda code: check_piece(
            cast.alliance,
            code,
            actor=cast.writer,
            institution_id=cast.author.pk,
            verdict="approve",
            comment="",
            revision=1,
            at=AT,
        ),
        "return_piece": lambda code: check_piece(
            cast.alliance,
            code,
            actor=cast.writer,
            institution_id=cast.author.pk,
            verdict="return",
            comment="x",
            revision=1,
            at=AT,
        ),
        "publish_piece": lambda code: publish_piece(cast.alliance, code, actor=cast.editor, at=AT),
        "withdraw_piece": lambda code: withdraw_piece(cast.alliance, code, actor=cast.editor, reason="x", at=AT),
    }
    for name, attempt in tries.items():
        piece = make_piece(cast, product, state)
        if state in table[name].sources:
            assert attempt(piece.code).state == table[name].target
        else:
            with pytest.raises(TransitionRefusedError):
                attempt(piece.code)
            piece.refresh_from_db()
            assert piece.state == state


@pytest.mark.django_db
def test_an_inbox_item_about_a_piece_is_kept_from_an_institution_that_stands_aside(cast: Cast) -> None:
    from alliance.selectors.inbox import list_items  # noqa: PLC0415 - used by this test alone

    product = make_product(cast, ProductState.TRANSFORMING)
    piece = draft(cast, product)
    submit_piece(cast.alliance, piece.code, actor=cast.editor, at=AT)
    key = f"piece-check:{piece.code}:{cast.author.pk}"
    assert key in {item.key for item in list_items(cast.alliance, cast.writer)}
    stand_aside(cast.author, product, cast.writer)
    assert key not in {item.key for item in list_items(cast.alliance, cast.writer)}
    assert inbox.settle(cast.alliance, key, by=None, at=timezone.now() + timedelta(days=1)) == 1
