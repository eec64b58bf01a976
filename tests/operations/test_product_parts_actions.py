"""What a product is made of: versions, files, contributions, references, and its next version."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from alliance.actions.files import open_for_reader
from alliance.kernel import tenancy
from alliance.kernel.differences import compare_long_texts, fold_pieces
from alliance.kernel.errors import (
    ConflictOfInterestError,
    DomainError,
    InvalidInputError,
    NotFoundError,
    PermissionRefusedError,
    SeparationOfDutiesError,
)
from alliance.kernel.permissions import can
from alliance.kernel.uploads import UploadRefusedError
from alliance.models import AuditEntry, InboxItem, OutboxEvent
from groups.choices import ConflictState, GroupKind
from groups.models import ConflictOfInterest
from operations.actions.contribution import Part, answer_contribution, name_contributions
from operations.actions.next_version import begin_next_version
from operations.actions.product import (
    adapt_product,
    carry_out_release,
    lock_product,
    review_product,
    submit_product,
    update_product,
)
from operations.actions.product_file import add_file, open_public_file, publish_file, remove_file
from operations.actions.reference import add_reference, remove_reference
from operations.choices import ProductKind, ProductState, SnapshotOccasion
from operations.models import Product, ProductVersion
from operations.permissions import OPEN_PRODUCT_FILE, VIEW_PRODUCT
from operations.selectors.contribution import maker_ids
from operations.selectors.evidence import unsettled_contributions
from operations.selectors.people import eligible_pilot_firms
from operations.selectors.product import list_visible_products
from operations.selectors.reference import list_references, list_referring
from operations.selectors.version import compare_versions, list_versions
from operations.signals import CONTRIBUTIONS_CHANGED, NEXT_VERSION_BEGUN, PRODUCT_RETIRED
from tests.factories.alliance import make_alliance
from tests.factories.operations import (
    Cast,
    give_evidence,
    make_cast,
    make_institution,
    make_product,
    make_seat,
    make_staff,
    run_round,
)

AT = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


def upload(name: str = "sheet.csv", content: bytes = b"a,b\n1,2\n") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def verbs(product: Product) -> list[str]:
    rows = AuditEntry.objects.of(product.alliance).filter(object_type="operations.product", object_id=str(product.pk))
    return list(rows.order_by("id").values_list("verb", flat=True))


def open_keys(cast: Cast) -> set[str]:
    return set(InboxItem.objects.of(cast.alliance).filter(done_at__isnull=True).values_list("key", flat=True))


def events(cast: Cast, kind: str) -> list[Any]:
    return list(OutboxEvent.objects.of(cast.alliance).filter(kind=kind).order_by("id").values_list("payload", flat=True))


# ------------------------------------------------------------------------------------------------------------- versions


def test_each_hand_over_keeps_the_texts_and_a_second_one_without_a_change_adds_nothing(cast: Cast) -> None:
    product = make_product(cast)
    submit_product(cast.alliance, product.code, actor=cast.writer, at=AT)
    review: dict[str, Any] = {"institution_id": cast.reviewer_institution.pk, "comment": "Source missing."}
    review_product(cast.alliance, product.code, actor=cast.reviewer, verdict="return", at=AT, **review)
    submit_product(cast.alliance, product.code, actor=cast.writer, at=AT)
    assert [(row.serial, row.occasion) for row in list_versions(product)] == [(1, "submitted")]
    review_product(cast.alliance, product.code, actor=cast.reviewer, verdict="approve", at=AT, **review)
    adapt_product(
        cast.alliance,
        product.code,
        actor=cast.editor,
        institution_id=cast.media.pk,
        values={"summary_en": "For mills with 50 looms."},
        revision=1,
        ready=True,
        at=AT,
    )
    rows = list_versions(product)
    assert [(row.serial, row.number, row.occasion) for row in rows] == [(2, 1, "adapted"), (1, 1, "submitted")]
    changes = compare_versions(rows[1], rows[0])
    assert [str(change.label) for change in changes.texts] == ["Summary"]
    assert [(piece.op, piece.text) for piece in changes.texts[0].pieces] == [
        ("same", "For "),
        ("del", "small mills"),
        ("ins", "mills with 50 looms"),
        ("same", "."),
    ]


def test_files_and_values_are_part_of_a_version_and_its_difference(cast: Cast) -> None:
    product = make_product(cast)
    submit_product(cast.alliance, product.code, actor=cast.writer, at=AT)
    Product.objects.filter(pk=product.pk).update(state=ProductState.DRAFT)
    product.refresh_from_db()
    added = add_file(cast.alliance, product.code, file=upload(), actor=cast.writer, at=AT)
    details = {"details": {"hours": "6", "safety": {"zh": "戴手套"}}}
    update_product(cast.alliance, product.code, actor=cast.writer, values=details, revision=1, at=AT)
    submit_product(cast.alliance, product.code, actor=cast.writer, at=AT)
    new, old = list_versions(product)
    found = compare_versions(ProductVersion.objects.get(pk=old.pk), ProductVersion.objects.get(pk=new.pk))
    assert not found.texts
    assert [str(change.label) for change in found.details] == ["Time needed, hours", "Safety"]
    assert [(change.kind, change.file.uuid) for change in found.files] == [("added", str(added.file.uuid))]
    assert not found.is_empty
    assert compare_versions(new, new).is_empty


TEXT = st.text(st.sampled_from("ab \n水平衡。"), max_size=60)


@given(old=TEXT, new=TEXT, language=st.sampled_from(["en", "zh"]))
def test_a_difference_gives_both_texts_back(old: str, new: str, language: str) -> None:
    pieces = compare_long_texts(old, new, language)
    assert "".join(piece.text for piece in pieces if piece.op != "ins") == old
    assert "".join(piece.text for piece in pieces if piece.op != "del") == new


def test_a_difference_of_very_long_texts_ends_soon_and_still_gives_both_back() -> None:
    old, new = "水" * 60_000, "火" * 60_000
    pieces = compare_long_texts(old, new, "zh")
    assert [piece.op for piece in pieces] == ["del", "ins"]


def test_long_unchanged_runs_are_cut_but_never_a_change() -> None:
    same = "x" * 2_000
    pieces = compare_long_texts(f"{same}\nold\n{same}", f"{same}\nnew\n{same}", "en")
    folded = fold_pieces(pieces)
    assert [piece.op for piece in folded] == ["gap", "same", "del", "ins", "same", "gap"]


# ---------------------------------------------------------------------------------------------------------------- files


def test_a_file_is_added_with_its_record_and_opened_by_readers_of_the_product_only(cast: Cast) -> None:
    product = make_product(cast)
    row = add_file(cast.alliance, product.code, file=upload(), title_en="Sheet", is_public=True, actor=cast.writer, at=AT)
    assert (row.evidence, row.version, row.is_public) == ("", 1, True)
    assert verbs(product) == ["add_product_file"]
    stored, content = open_for_reader(cast.alliance, row.file.uuid, reader=cast.writer)
    content.close()
    assert stored.name == "sheet.csv"
    with pytest.raises(NotFoundError):
        open_for_reader(cast.alliance, row.file.uuid, reader=cast.editor)


def test_evidence_is_for_those_who_make_and_judge_a_product_even_after_its_release(cast: Cast) -> None:
    product = make_product(cast, ProductState.RELEASED)
    part, evidence = give_evidence(product, ""), give_evidence(product, "rights")
    assert can(cast.testers[0], OPEN_PRODUCT_FILE, part)
    assert not can(cast.testers[0], OPEN_PRODUCT_FILE, evidence)
    for person in (cast.writer, cast.editor, cast.committee, cast.secretary):
        assert can(person, OPEN_PRODUCT_FILE, evidence)


def test_an_institution_that_stands_aside_neither_adds_nor_opens_a_file(cast: Cast) -> None:
    product = make_product(cast, ProductState.TRANSFORMING)
    row = add_file(cast.alliance, product.code, file=upload(), actor=cast.writer, at=AT)
    ConflictOfInterest.objects.create(
        alliance=cast.alliance,
        institution=cast.media,
        matter=product.matter,
        state=ConflictState.RECUSED,
        reason="shares",
        declared_by=cast.editor,
        declared_at=AT,
    )
    with pytest.raises(ConflictOfInterestError):
        open_for_reader(cast.alliance, row.file.uuid, reader=cast.editor)
    with pytest.raises(ConflictOfInterestError):
        add_file(cast.alliance, product.code, file=upload(), actor=cast.editor, at=AT)


@pytest.mark.parametrize("state", [ProductState.RELEASED, ProductState.RETIRED, ProductState.WITHDRAWN])
@pytest.mark.parametrize("evidence", ["", "test_report"])
def test_files_stand_for_good_once_a_product_is_out(cast: Cast, state: str, evidence: str) -> None:
    product = make_product(cast, state, kind=ProductKind.TOOL)
    with pytest.raises(DomainError) as refused:
        add_file(cast.alliance, product.code, file=upload(), evidence=evidence, actor=cast.writer, at=AT)
    assert refused.value.code == "not_editable"


def test_while_firms_try_a_product_it_takes_evidence_and_nothing_else(cast: Cast) -> None:
    product = make_product(cast, ProductState.PILOTING, kind=ProductKind.TOOL)
    with pytest.raises(DomainError):
        add_file(cast.alliance, product.code, file=upload(), actor=cast.writer, at=AT)
    row = add_file(cast.alliance, product.code, file=upload(), evidence="manual", actor=cast.writer, at=AT)
    remove_file(cast.alliance, product.code, row.file.uuid, actor=cast.writer, at=AT)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"evidence": "poem"}, InvalidInputError),
        ({"title_en": "x" * 201}, InvalidInputError),
        ({"file": None}, InvalidInputError),
        ({"file": upload("tool.exe", b"MZ")}, UploadRefusedError),
        ({"file": upload("page.txt", b"<html><script>alert(1)</script>")}, UploadRefusedError),
        ({"file": upload("empty.csv", b"")}, UploadRefusedError),
    ],
)
def test_a_file_that_is_not_taken_leaves_nothing(cast: Cast, changes: dict[str, Any], error: type[Exception]) -> None:
    product = make_product(cast)
    with pytest.raises(error):
        add_file(cast.alliance, product.code, **{"file": upload(), "actor": cast.writer, "at": AT, **changes})
    assert not product.files.exists()


def test_others_do_not_change_the_files(cast: Cast) -> None:
    product = make_product(cast)
    row = give_evidence(product, "")
    acts: tuple[Callable[[], object], ...] = (
        lambda: add_file(cast.alliance, product.code, file=upload(), actor=cast.reviewer, at=AT),
        lambda: remove_file(cast.alliance, product.code, row.file.uuid, actor=cast.reviewer, at=AT),
        lambda: publish_file(cast.alliance, product.code, row.file.uuid, is_public=True, actor=cast.reviewer, at=AT),
    )
    for act in acts:
        with pytest.raises(PermissionRefusedError):
            act()


def test_a_file_that_is_taken_out_stays_on_record_and_is_not_taken_out_twice(cast: Cast) -> None:
    product = make_product(cast)
    row = give_evidence(product, "")
    remove_file(cast.alliance, product.code, row.file.uuid, actor=cast.writer, at=AT)
    row.refresh_from_db()
    assert (row.removed_by, row.removed_at) == (cast.writer, AT)
    with pytest.raises(NotFoundError):
        remove_file(cast.alliance, product.code, row.file.uuid, actor=cast.writer, at=AT)
    assert verbs(product) == ["remove_product_file"]


def test_the_public_gets_public_files_of_released_products_and_nothing_else(cast: Cast) -> None:
    product = make_product(cast)
    row = add_file(cast.alliance, product.code, file=upload(), is_public=True, actor=cast.writer, at=AT)
    hidden = add_file(cast.alliance, product.code, file=upload("b.csv"), actor=cast.writer, at=AT)

    def may_be_had(file_uuid: uuid.UUID) -> bool:
        try:
            _stored, content = open_public_file(cast.alliance, product.code, file_uuid)
        except NotFoundError:
            return False
        content.close()
        return True

    assert not may_be_had(row.file.uuid)
    Product.objects.filter(pk=product.pk).update(state=ProductState.RELEASED, released_at=AT)
    assert may_be_had(row.file.uuid)
    assert not may_be_had(hidden.file.uuid)
    assert not may_be_had(uuid.uuid4())
    publish_file(cast.alliance, product.code, row.file.uuid, is_public=False, actor=cast.writer, at=AT)
    assert not may_be_had(row.file.uuid)
    publish_file(cast.alliance, product.code, row.file.uuid, is_public=True, actor=cast.writer, at=AT)
    assert may_be_had(row.file.uuid)
    Product.objects.filter(pk=product.pk).update(state=ProductState.RETIRED, retired_at=AT)
    assert not may_be_had(row.file.uuid)


# -------------------------------------------------------------------------------------------------------- contributions


def parts(cast: Cast, other: int, share: str = "40") -> list[Part]:
    return [
        Part(cast.author.pk, "author", Decimal(100) - Decimal(share), words_en="Method and text"),
        Part(other, "data", Decimal(share), words_zh="提供数据"),
    ]


def test_parts_are_named_confirmed_and_then_settled(cast: Cast) -> None:
    product = make_product(cast)
    other = make_institution(cast.alliance)
    person = make_staff(cast.alliance, other)
    assert unsettled_contributions(product) == []
    assert not can(person, VIEW_PRODUCT, product)
    name_contributions(cast.alliance, product.code, parts(cast, other.pk), actor=cast.writer, at=AT)
    assert unsettled_contributions(product) == [f"{other.name} has not confirmed its part"]
    assert open_keys(cast) == {f"contribution:{product.code}:{other.pk}"}
    product = Product.objects.get(pk=product.pk)
    assert can(person, VIEW_PRODUCT, product)
    assert product in list_visible_products(cast.alliance, person, at=timezone.now())
    answer_contribution(cast.alliance, product.code, institution_id=other.pk, agrees=True, actor=person, at=AT)
    assert unsettled_contributions(product) == []
    assert open_keys(cast) == set()
    assert [event["settled"] for event in events(cast, CONTRIBUTIONS_CHANGED)] == [False, True]
    entry = AuditEntry.objects.of(cast.alliance).get(verb="name_contributions")
    assert json.loads(entry.record)["after"]["parts"][other.code] == ["data", "40.00"]
    assert "提供数据" not in entry.record


def test_a_contested_part_goes_back_to_the_author_and_a_change_asks_again(cast: Cast) -> None:
    product = make_product(cast)
    other = make_institution(cast.alliance)
    person = make_staff(cast.alliance, other)
    name_contributions(cast.alliance, product.code, parts(cast, other.pk), actor=cast.writer, at=AT)
    with pytest.raises(InvalidInputError):
        answer_contribution(cast.alliance, product.code, institution_id=other.pk, agrees=False, actor=person, at=AT)
    answer_contribution(
        cast.alliance, product.code, institution_id=other.pk, agrees=False, reason="We did more.", actor=person, at=AT
    )
    assert open_keys(cast) == {f"contribution-contested:{product.code}"}
    assert unsettled_contributions(product) == [f"{other.name} contests its part"]
    name_contributions(cast.alliance, product.code, parts(cast, other.pk, "55"), actor=cast.writer, at=AT)
    assert open_keys(cast) == {f"contribution:{product.code}:{other.pk}"}
    answer_contribution(cast.alliance, product.code, institution_id=other.pk, agrees=True, actor=person, at=AT)
    name_contributions(cast.alliance, product.code, parts(cast, other.pk, "55"), actor=cast.writer, at=AT)
    assert unsettled_contributions(product) == []


def test_nobody_confirms_for_another_institution(cast: Cast) -> None:
    product = make_product(cast)
    other = make_institution(cast.alliance)
    name_contributions(cast.alliance, product.code, parts(cast, other.pk), actor=cast.writer, at=AT)
    for person in (cast.writer, cast.secretary, cast.committee):
        with pytest.raises(PermissionRefusedError):
            answer_contribution(cast.alliance, product.code, institution_id=other.pk, agrees=True, actor=person, at=AT)
    with pytest.raises(NotFoundError):
        answer_contribution(cast.alliance, product.code, institution_id=cast.media.pk, agrees=True, actor=cast.editor, at=AT)


def test_what_the_secretariat_names_the_author_confirms_itself(cast: Cast) -> None:
    product = make_product(cast)
    only = [Part(cast.author.pk, "author", Decimal(100))]
    name_contributions(cast.alliance, product.code, only, actor=cast.secretary, at=AT)
    assert unsettled_contributions(product) == [f"{cast.author.name} has not confirmed its part"]
    name_contributions(cast.alliance, product.code, [], actor=cast.writer, at=AT)
    assert unsettled_contributions(product) == []
    assert open_keys(cast) == set()


@pytest.mark.parametrize(
    ("shares", "fault"),
    [
        (("60", "30"), "parts"),
        (("60", "0"), "parts-1-share"),
        (("60", "-40"), "parts-1-share"),
        (("60", "40.001"), "parts-1-share"),
        (("60", "NaN"), "parts-1-share"),
        (("60", "101"), "parts-1-share"),
    ],
)
def test_shares_that_are_no_whole_are_refused(cast: Cast, shares: tuple[str, str], fault: str) -> None:
    product = make_product(cast)
    named = [Part(cast.author.pk, "author", Decimal(shares[0])), Part(cast.media.pk, "data", Decimal(shares[1]))]
    with pytest.raises(InvalidInputError) as refused:
        name_contributions(cast.alliance, product.code, named, actor=cast.writer, at=AT)
    assert fault in refused.value.fields
    assert not product.contributions.exists()


def test_each_institution_has_one_part_and_the_author_is_among_them(cast: Cast) -> None:
    product = make_product(cast)
    twice = [Part(cast.author.pk, "author", Decimal(50)), Part(cast.author.pk, "data", Decimal(50))]
    without = [Part(cast.media.pk, "data", Decimal(100))]
    unknown = [Part(cast.author.pk, "author", Decimal(50)), Part(0, "poem", Decimal(50))]
    for named, fault in (
        (twice, "parts-1-institution"),
        (without, "parts"),
        (unknown, "parts-1-institution"),
        (unknown, "parts-1-role"),
    ):
        with pytest.raises(InvalidInputError) as refused:
            name_contributions(cast.alliance, product.code, named, actor=cast.writer, at=AT)
        assert fault in refused.value.fields


@pytest.mark.parametrize("state", [ProductState.RELEASED, ProductState.RETIRED, ProductState.WITHDRAWN])
def test_shares_stand_for_good_once_a_product_is_out(cast: Cast, state: str) -> None:
    product = make_product(cast, state)
    with pytest.raises(DomainError) as refused:
        name_contributions(cast.alliance, product.code, [], actor=cast.writer, at=AT)
    assert refused.value.code == "contributions_closed"


def test_who_made_a_product_neither_reviews_nor_tries_it(cast: Cast) -> None:
    product = make_product(cast)
    reviewer, firm = cast.reviewer_institution, cast.firms[0]
    named = [
        Part(cast.author.pk, "author", Decimal(60)),
        Part(reviewer.pk, "method", Decimal(20)),
        Part(firm.pk, "data", Decimal(20)),
    ]
    name_contributions(cast.alliance, product.code, named, actor=cast.writer, at=AT)
    assert maker_ids(product) == {cast.author.pk, reviewer.pk, firm.pk}
    assert firm not in eligible_pilot_firms(product, at=timezone.now())
    submit_product(cast.alliance, product.code, actor=cast.writer, at=AT)
    with pytest.raises(SeparationOfDutiesError):
        review_product(
            cast.alliance,
            product.code,
            actor=cast.reviewer,
            institution_id=reviewer.pk,
            verdict="approve",
            comment="",
            at=AT,
        )


def test_a_firm_that_tries_a_product_is_named_for_the_trial_only(cast: Cast) -> None:
    product = make_product(cast, ProductState.TRANSFORMING)
    run_round(cast, product, [(5, 4), (4, 5), (5, 5)], timezone.now())
    firm = cast.firms[0]
    with pytest.raises(InvalidInputError) as refused:
        name_contributions(cast.alliance, product.code, parts(cast, firm.pk), actor=cast.writer, at=AT)
    assert "parts-1-role" in refused.value.fields
    named = [Part(cast.author.pk, "author", Decimal(90)), Part(firm.pk, "trial", Decimal(10))]
    name_contributions(cast.alliance, product.code, named, actor=cast.writer, at=AT)


# ----------------------------------------------------------------------------------------------------------- references


def test_a_product_refers_to_records_and_sources_and_both_sides_show_it(cast: Cast) -> None:
    product, base = make_product(cast), make_product(cast, ProductState.RELEASED)
    add_reference(
        cast.alliance, product.code, kind="product", to=base.code.lower(), words="Its factors", actor=cast.writer, at=AT
    )
    add_reference(
        cast.alliance,
        product.code,
        kind="external",
        words="GB/T 32610",
        url="https://example.org/s",
        actor=cast.writer,
        at=AT,
    )
    shown = list_references(product, cast.writer)
    assert [one.code for one in shown] == [base.code, ""]
    assert shown[1].url == "https://example.org/s"
    assert shown[0].record is not None
    assert shown[0].record.title_en == base.title_en
    assert list_referring(cast.alliance, cast.writer, "product", base.code) == [product]
    assert list_referring(cast.alliance, cast.testers[0], "product", base.code) == []
    assert verbs(product) == ["add_reference", "add_reference"]
    remove_reference(cast.alliance, product.code, shown[0].id, actor=cast.writer, at=AT)
    with pytest.raises(NotFoundError):
        remove_reference(cast.alliance, product.code, shown[0].id, actor=cast.writer, at=AT)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"kind": "poem"}, "kind"),
        ({"kind": "product"}, "to"),
        ({"kind": "product", "to": "P-999999"}, "to"),
        ({"kind": "product", "to": "\x00"}, "to"),
        ({"kind": "listing", "to": "L-404"}, "to"),
        ({"kind": "need", "to": "L-404"}, "to"),
        ({"kind": "project", "to": "J-404"}, "to"),
        ({"kind": "directive", "to": "D-404"}, "to"),
        ({"kind": "product", "to": "P-1", "url": "https://example.org"}, "url"),
        ({"kind": "external"}, "words"),
        ({"kind": "external", "words": "A", "to": "P-1"}, "to"),
        ({"kind": "external", "words": "A", "url": "javascript:alert(1)"}, "url"),
        ({"kind": "external", "words": "A" * 301}, "words"),
    ],
)
def test_a_reference_that_leads_nowhere_is_refused_at_its_field(cast: Cast, values: dict[str, str], field: str) -> None:
    product = make_product(cast)
    with pytest.raises(InvalidInputError) as refused:
        add_reference(cast.alliance, product.code, **values, actor=cast.writer, at=AT)
    assert field in refused.value.fields
    assert not product.references.exists()


def test_a_product_that_the_actor_may_not_read_is_as_unknown_as_one_that_is_not(cast: Cast) -> None:
    product = make_product(cast)
    foreign = make_institution(cast.alliance)
    make_seat(cast.alliance, foreign, GroupKind.WISDOM)
    secret = make_product(cast, author=foreign)
    with pytest.raises(InvalidInputError) as refused:
        add_reference(cast.alliance, product.code, kind="product", to=secret.code, actor=cast.writer, at=AT)
    assert refused.value.code == "reference_unknown"
    with pytest.raises(InvalidInputError):
        add_reference(cast.alliance, product.code, kind="product", to=product.code, actor=cast.writer, at=AT)


# --------------------------------------------------------------------------------------------------------- next version


def released(cast: Cast, **fields: Any) -> Product:
    return make_product(cast, ProductState.RELEASED, version=2, **fields)


def test_the_next_version_carries_on_from_the_released_one(cast: Cast) -> None:
    earlier = released(cast, details={"scope": {"en": "Small"}})
    kept, proof = give_evidence(earlier, "", is_public=True), give_evidence(earlier, "rights")
    other = make_institution(cast.alliance)
    earlier.contributions.create(
        alliance=cast.alliance, institution=other, role="data", share=40, named_at=AT, confirmed_at=AT
    )
    earlier.references.create(alliance=cast.alliance, kind="external", words="GB/T 32610", added_at=AT)
    product = begin_next_version(cast.alliance, earlier.code, actor=cast.writer, at=AT)
    assert (product.state, product.version, product.predecessor) == ("draft", 3, earlier)
    assert product.code != earlier.code
    assert (product.title_en, product.details) == (earlier.title_en, {"scope": {"en": "Small"}})
    assert [(row.file, row.is_public) for row in product.files.all()] == [(kept.file, True)]
    assert proof.file not in [row.file for row in product.files.all()]
    part = product.contributions.get()
    assert (part.institution, part.share, part.confirmed_at) == (other, Decimal(40), None)
    assert open_keys(cast) == {f"contribution:{product.code}:{other.pk}"}
    assert product.references.get().words == "GB/T 32610"
    assert events(cast, NEXT_VERSION_BEGUN) == [{"product": product.code, "predecessor": earlier.code}]
    assert verbs(product)[0] == "begin_next_version"
    earlier.refresh_from_db()
    assert earlier.state == ProductState.RELEASED


def test_a_product_has_one_next_version_unless_that_one_is_withdrawn(cast: Cast) -> None:
    earlier = released(cast)
    first = begin_next_version(cast.alliance, earlier.code, actor=cast.writer, at=AT)
    with pytest.raises(DomainError) as refused:
        begin_next_version(cast.alliance, earlier.code, actor=cast.writer, at=AT)
    assert refused.value.code == "next_version_begun"
    assert first.code in str(refused.value.reason)
    Product.objects.filter(pk=first.pk).update(
        state=ProductState.WITHDRAWN, withdrawn_at=AT, withdrawn_from=ProductState.DRAFT
    )
    assert begin_next_version(cast.alliance, earlier.code, actor=cast.writer, at=AT).predecessor == earlier


@pytest.mark.parametrize("state", [state for state in ProductState.values if state != ProductState.RELEASED])
def test_only_a_released_product_gets_a_next_version(cast: Cast, state: str) -> None:
    product = make_product(cast, state)
    with pytest.raises(DomainError) as refused:
        begin_next_version(cast.alliance, product.code, actor=cast.writer, at=AT)
    assert refused.value.code == "not_released"


def test_others_do_not_begin_the_next_version(cast: Cast) -> None:
    earlier = released(cast)
    for person in (cast.reviewer, cast.testers[0], cast.editor, cast.committee):
        with pytest.raises(PermissionRefusedError):
            begin_next_version(cast.alliance, earlier.code, actor=person, at=AT)


def test_the_release_of_the_next_version_retires_the_one_before_in_the_same_moment(cast: Cast) -> None:
    earlier = released(cast)
    product = make_product(cast, ProductState.TRANSFORMING, version=3, predecessor=earlier)
    run_round(cast, product, [(5, 4), (4, 5), (5, 5)], timezone.now())
    product = lock_product(cast.alliance, product.code)
    carry_out_release(product, actor=cast.committee, at=AT)
    earlier.refresh_from_db()
    assert (earlier.state, earlier.retired_at) == (ProductState.RETIRED, AT)
    entry = AuditEntry.objects.of(cast.alliance).get(verb="retire_product", object_id=str(earlier.pk))
    record = json.loads(entry.record)
    assert (record["reason_code"], record["after"]["successor"]) == ("superseded", product.code)
    assert events(cast, PRODUCT_RETIRED) == [{"product": earlier.code}]
    assert SnapshotOccasion.PILOT in {row.occasion for row in list_versions(product)}


def test_a_product_of_another_alliance_does_not_exist_here(cast: Cast) -> None:
    elsewhere = make_alliance()
    with tenancy.acting_in(elsewhere):
        theirs = make_product(make_cast(elsewhere), ProductState.RELEASED, code="P-ELSE")
        row = give_evidence(theirs, "", is_public=True)
    for act in (
        lambda: begin_next_version(cast.alliance, "P-ELSE", actor=cast.writer, at=AT),
        lambda: name_contributions(cast.alliance, "P-ELSE", [], actor=cast.writer, at=AT),
        lambda: add_file(cast.alliance, "P-ELSE", file=upload(), actor=cast.writer, at=AT),
        lambda: add_reference(cast.alliance, "P-ELSE", kind="external", words="A", actor=cast.writer, at=AT),
        lambda: open_public_file(cast.alliance, "P-ELSE", row.file.uuid),
    ):
        with pytest.raises(NotFoundError):
            act()
