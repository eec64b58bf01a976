"""The public page of a product and of its pieces; clients' comments as points of feedback (P4, P14)."""

from __future__ import annotations

import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from alliance.actions.files import store_produced
from alliance.choices import FileState
from alliance.kernel import tenancy
from alliance.kernel.errors import DomainError, NotFoundError, PermissionRefusedError
from alliance.kernel.limits import forget, network_of
from alliance.models import Alliance, AuditEntry, Notification, StoredFile, User
from members.choices import ConsentLevel
from members.models import Expert
from operations.actions.piece import withdraw_piece
from operations.actions.point import answer_point
from operations.actions.workflow import advance_pilot
from operations.choices import ContributionRole, ParticipantState, PieceState, PointSource, PointState, ProductState
from operations.models import Contribution, FeedbackPoint, Pilot, PilotParticipant, Product, ProductFile
from services.actions.rating import moderate_comment, take_up_comment
from services.models import CatalogueEntry, Rating
from services.selectors.product_page import list_trials
from services.selectors.public import get_entry_page
from tests.conftest import ClientFor
from tests.factories.alliance import address, make_alliance
from tests.factories.operations import Cast, make_answer, make_cast, make_piece, make_pilot
from tests.factories.operations import make_product as make_operations_product
from tests.factories.services import make_entry, make_passed_pilot, make_product, make_rating


@pytest.fixture
def cast(act: Alliance) -> Cast:
    return make_cast(act)


@pytest.fixture
def chinese() -> Client:
    client = Client(HTTP_ACCEPT_LANGUAGE="zh-hans")
    client.cookies["django_language"] = "zh-hans"
    return client


def released(cast: Cast, **fields: Any) -> tuple[Product, CatalogueEntry]:
    product = make_operations_product(cast, ProductState.RELEASED, **fields)
    return product, make_entry(cast.alliance, product)


def page_of(client: Client, entry: CatalogueEntry) -> str:
    return client.get(address(entry.alliance, "catalogue_entry", code=entry.code)).content.decode()


# ---------------------------------------------------------------------------------------------------------- pieces (P4)


def test_from_a_piece_the_product_is_one_click_away_and_back(cast: Cast, client: Client) -> None:
    product, entry = released(cast)
    piece = make_piece(cast, product, PieceState.PUBLISHED)
    there = address(cast.alliance, "public_piece", code=product.code, piece=piece.code)
    back = address(cast.alliance, "catalogue_entry", code=entry.code)

    page = client.get(there).content.decode()

    assert "Told simply." in page
    assert f'href="{back}"' in page
    assert f'href="{there}"' in page_of(client, entry)
    assert "<script" not in page
    assert " style=" not in page
    assert f"Made by {cast.media.name_en}" in page


def test_a_piece_speaks_both_languages(cast: Cast, client: Client, chinese: Client) -> None:
    product, _entry = released(cast)
    piece = make_piece(cast, product, PieceState.PUBLISHED)
    only_english = make_piece(cast, product, PieceState.PUBLISHED, title_zh="", body_zh="")

    there = address(cast.alliance, "public_piece", code=product.code, piece=piece.code)
    page = chinese.get(there).content.decode()
    assert "讲得简单。" in page
    assert "Told simply." not in page
    fallback = chinese.get(
        address(cast.alliance, "public_piece", code=product.code, piece=only_english.code)
    ).content.decode()
    assert '<article class="prose" lang="en">' in fallback


@pytest.mark.parametrize("state", [PieceState.DRAFT, PieceState.IN_CHECK, PieceState.APPROVED])
def test_what_is_not_published_is_not_there(cast: Cast, client: Client, state: str) -> None:
    product, entry = released(cast)
    piece = make_piece(cast, product, state)

    answer = client.get(address(cast.alliance, "public_piece", code=product.code, piece=piece.code))

    assert answer.status_code == 404
    assert piece.title_en not in page_of(client, entry)
    assert piece.code not in client.get(address(cast.alliance, "sitemap")).content.decode()


def test_a_withdrawn_piece_says_so_and_shows_no_text(cast: Cast, client: Client) -> None:
    product, entry = released(cast)
    piece = make_piece(cast, product, PieceState.PUBLISHED)
    withdraw_piece(cast.alliance, piece.code, actor=cast.writer, reason="A figure was wrong.", at=timezone.now())

    answer = client.get(address(cast.alliance, "public_piece", code=product.code, piece=piece.code))

    page = answer.content.decode()
    assert answer.status_code == 410
    assert "This piece was withdrawn." in page
    assert "Told simply." not in page
    assert "A figure was wrong." not in page  # reasons are for those concerned
    assert piece.title_en not in page_of(client, entry)


def test_retired_and_superseded_products_mark_their_pieces(cast: Cast, client: Client) -> None:
    product = make_operations_product(cast, ProductState.RETIRED)
    make_entry(cast.alliance, product, withdrawn_at=timezone.now())
    piece = make_piece(cast, product, PieceState.PUBLISHED)
    there = address(cast.alliance, "public_piece", code=product.code, piece=piece.code)

    assert "The product behind this piece is retired." in client.get(there).content.decode()

    successor, entry = released(cast, predecessor=product, title_en="Second edition")
    forget_pages(cast.alliance)
    page = client.get(there).content.decode()
    assert "was superseded by" in page
    assert address(cast.alliance, "catalogue_entry", code=entry.code) in page
    old = client.get(address(cast.alliance, "catalogue_entry", code=product.code))
    assert old.status_code == 410
    assert successor.title_en in old.content.decode()


def forget_pages(alliance: Alliance) -> None:
    from alliance.actions.content import bump_content_version  # noqa: PLC0415 - used by few tests
    from alliance.kernel.page_cache import forget_version  # noqa: PLC0415

    bump_content_version(alliance)
    forget_version(alliance)


# ------------------------------------------------------------------------------------------------- how it was made and tried


def test_the_page_names_makers_by_their_part_and_people_only_with_consent(cast: Cast, client: Client) -> None:
    product, entry = released(cast)
    for number, consent in enumerate((ConsentLevel.PUBLIC, ConsentLevel.MEMBERS_ONLY)):
        expert = Expert.objects.create(
            alliance=cast.alliance,
            code=f"e-{number}",
            institution=cast.author if number else cast.reviewer_institution,
            name_en=f"Person with {consent}",
            consent=consent,
            sort_key=str(number),
        )
        Contribution.objects.create(
            alliance=cast.alliance,
            product=product,
            institution=expert.institution,
            expert=expert,
            role=ContributionRole.AUTHOR if number else ContributionRole.DATA,
            share=Decimal(50),
            words_en="Measured 40 batches." if not number else "",
            named_at=timezone.now(),
            confirmed_at=timezone.now(),
        )
    Contribution.objects.create(
        alliance=cast.alliance,
        product=product,
        institution=cast.firms[0],
        role=ContributionRole.MEANS,
        share=Decimal(1),
        named_at=timezone.now(),
    )

    page = page_of(client, entry)

    assert "Person with public" in page
    assert "Person with members_only" not in page
    assert "Measured 40 batches." in page
    assert cast.author.name_en in page
    assert cast.media.name_en in page  # the adapter, who named no part
    assert cast.firms[0].name_en not in page  # never confirmed by itself


def decided(cast: Cast, product: Product) -> Pilot:
    now = timezone.now()
    pilot = make_pilot(product, cast.firms, deadline=now - timedelta(minutes=1), minimum_answers=2, extension_days=0)
    for firm in cast.firms:
        make_answer(pilot, firm, [5, 4])
    while advance_pilot(cast.alliance, pilot.pk, at=now):
        pass
    pilot.refresh_from_db()
    return pilot


def test_the_page_shows_criteria_from_the_stored_record_and_sites_only_as_far_as_they_agreed(
    cast: Cast, client: Client
) -> None:
    product, entry = released(cast)
    pilot = decided(cast, product)
    PilotParticipant.objects.filter(pilot=pilot, institution=cast.firms[0]).update(is_public=True)

    page = page_of(client, entry)

    stored = pilot.result["figures"]["criteria"][0]
    assert stored["name_en"] in page
    assert f"{stored['value']:.2f}" in page
    assert cast.firms[0].name_en in page
    assert cast.firms[1].name_en not in page
    assert cast.firms[1].short_name not in page
    assert "and 2 more leading enterprises" in page
    assert "Round 1 tried version 1" in page
    Pilot.objects.filter(pk=pilot.pk).update(result={**pilot.result, "figures": {**pilot.result["figures"], "criteria": []}})
    assert list_trials(product)[0].criteria == []  # nothing is computed for the page, it reads what is stored


def test_before_and_after_is_shown_over_sites_and_never_of_one_alone(cast: Cast, client: Client) -> None:
    product, entry = released(cast)
    pilot = decided(cast, product)
    measure = {
        "name_en": "Energy",
        "name_zh": "能耗",
        "unit": "kWh/t",
        "direction": -1,
        "minimum_change": None,
        "passed": None,
    }
    sites = [{"institution": "secret-mill", "percent": 12.5}]

    def show(count: int) -> str:
        change = {"percent": 12.5, "low": 8.25, "high": 16.75, "interval": "bca", "notice": "", "sites": count}
        figures = {**pilot.result["figures"], "measures": [{**measure, "sites": sites, "change": change}]}
        Pilot.objects.filter(pk=pilot.pk).update(result={**pilot.result, "figures": figures})
        forget_pages(cast.alliance)
        return page_of(client, entry)

    page = show(3)
    assert "Energy" in page
    assert "12.5%" in page
    assert "8.3% – 16.8%" in page or "8.2% – 16.8%" in page
    assert "secret-mill" not in page
    assert "12.5%" not in show(1)


def test_a_site_that_left_or_declined_is_not_named(cast: Cast) -> None:
    product, _entry = released(cast)
    pilot = decided(cast, product)
    PilotParticipant.objects.filter(pilot=pilot).update(is_public=True)
    PilotParticipant.objects.filter(pilot=pilot, institution=cast.firms[0]).update(state=ParticipantState.WITHDRAWN)

    trial = list_trials(product)[0]

    assert {site.institution_id for site in trial.named} == {firm.pk for firm in cast.firms[1:]}
    assert trial.unnamed == 0


def test_the_page_says_what_changed_because_of_feedback_once_a_release_names_it(cast: Cast, client: Client) -> None:
    product, entry = released(cast, version=2)
    for number, (state, named) in enumerate(((PointState.DONE, 2), (PointState.DONE, None), (PointState.OPEN, None))):
        FeedbackPoint.objects.create(
            alliance=cast.alliance,
            product=product,
            version=1,
            key=f"suggestion:{number}",
            source=PointSource.SUGGESTION,
            text_en=f"Wish number {number}",
            raised_at=timezone.now(),
            state=state,
            done_in=2 if state == PointState.DONE else None,
            answer="Added as table 4." if state == PointState.DONE else "",
            named_in=named,
        )

    page = page_of(client, entry)

    assert "Wish number 0" in page
    assert "Added as table 4." in page
    assert "done in version 2" in page
    assert "Wish number 1" not in page
    assert "Wish number 2" not in page


def public_file(product: Product, **fields: Any) -> ProductFile:
    stored = store_produced(
        product.alliance,
        b"a,b\n1,2\n",
        name="table.csv",
        media_type="text/csv",
        actor=None,
        permission="operations.view_product",
    )
    StoredFile.objects.filter(pk=stored.pk).update(state=FileState.CLEAN)
    values: dict[str, Any] = {"is_public": True, "title_en": "Table of figures", "added_at": timezone.now(), **fields}
    return ProductFile.objects.create(alliance=product.alliance, product=product, file=stored, **values)


def test_only_public_files_of_a_released_product_are_given_to_anybody(cast: Cast, client: Client) -> None:
    product, entry = released(cast)
    shown, hidden = public_file(product), public_file(product, is_public=False, title_en="Internal notes")

    def get(row: ProductFile) -> Any:
        return client.get(address(cast.alliance, "product_public_file", code=product.code, uuid=row.file.uuid))

    page = page_of(client, entry)
    assert "Table of figures" in page
    assert "Internal notes" not in page
    answer = get(shown)
    assert b"".join(answer.streaming_content) == b"a,b\n1,2\n"
    assert answer["Content-Disposition"].startswith("attachment")
    assert "sandbox" in answer["Content-Security-Policy"]
    assert get(hidden).status_code == 404
    ProductFile.objects.filter(pk=shown.pk).update(removed_at=timezone.now())
    assert get(shown).status_code == 404
    ProductFile.objects.filter(pk=shown.pk).update(removed_at=None)
    Product.objects.filter(pk=product.pk).update(state=ProductState.RETIRED, retired_at=timezone.now())
    assert get(shown).status_code == 404


def test_the_page_keeps_its_number_of_queries_and_its_weight(cast: Cast, client: Client) -> None:
    product, entry = released(cast)

    def measure() -> int:
        with CaptureQueriesContext(connection) as found:
            get_entry_page(cast.alliance, entry.code, timezone.now())
        return len(found)

    def fill(times: int) -> None:
        for _turn in range(times):
            make_piece(cast, product, PieceState.PUBLISHED)
            public_file(product)
            rating = make_rating(entry, 4, comment=f"Words {uuid.uuid4()}", comment_state="shown")
            FeedbackPoint.objects.create(
                alliance=cast.alliance,
                product=product,
                version=1,
                key=f"rating:{rating.uuid}",
                source=PointSource.PUBLIC,
                text_en="x",
                raised_at=timezone.now(),
                state=PointState.DONE,
                done_in=1,
                named_in=1,
            )

    fill(1)
    make_passed_pilot(product, firms=1)
    few = measure()
    fill(6)
    make_passed_pilot(product, firms=4, round=2)
    assert measure() == few <= 16
    assert len(page_of(client, entry).encode()) < 60_000


# ------------------------------------------------------------------------------------------------------ comments as points


def commented(cast: Cast, **fields: Any) -> tuple[Product, Rating]:
    product, entry = released(cast)
    return product, make_rating(entry, 3, comment="Step 4 names no temperature.", **fields)


def test_an_accepted_comment_reaches_the_products_feedback_exactly_once(cast: Cast) -> None:
    product, rating = commented(cast)
    at = timezone.now()

    first = take_up_comment(cast.alliance, rating.uuid, actor=cast.secretary, at=at)
    again = take_up_comment(cast.alliance, rating.uuid, actor=cast.secretary, at=at + timedelta(hours=1))

    assert first.pk == again.pk
    point = FeedbackPoint.objects.of(cast.alliance).get()
    assert (point.product_id, point.key, point.source, point.text_en, point.version, point.state) == (
        product.pk,
        f"rating:{rating.uuid}",
        PointSource.PUBLIC,
        "Step 4 names no temperature.",
        1,
        PointState.OPEN,
    )
    assert AuditEntry.objects.of(cast.alliance).filter(verb="take_up_comment").count() == 1
    told = Notification.objects.of(cast.alliance).filter(kind="services.comment_taken_up")
    assert {notice.user_id for notice in told} == {cast.writer.pk, cast.editor.pk}


def test_a_chinese_comment_stays_chinese(cast: Cast) -> None:
    _product, rating = commented(cast, language="zh-hans")

    point = take_up_comment(cast.alliance, rating.uuid, actor=cast.secretary, at=timezone.now())

    assert (point.text_en, point.text_zh) == ("", rating.comment)


def test_who_may_not_take_a_comment_up_and_what_cannot_be_taken_up(cast: Cast) -> None:
    product, rating = commented(cast)
    at = timezone.now()
    for person in (cast.writer, cast.committee, cast.testers[0]):
        with pytest.raises(PermissionRefusedError):
            take_up_comment(cast.alliance, rating.uuid, actor=person, at=at)
    unconfirmed = make_rating(rating.entry, 2, comment="Maybe.", confirmed=False)
    silent = make_rating(rating.entry, 2)
    for other in (unconfirmed.uuid, silent.uuid, uuid.uuid4()):
        with pytest.raises(NotFoundError):
            take_up_comment(cast.alliance, other, actor=cast.secretary, at=at)
    elsewhere = make_alliance(slug="comments-elsewhere")
    with tenancy.acting_in(elsewhere):
        stranger = make_cast(elsewhere)
        with pytest.raises(NotFoundError):
            take_up_comment(elsewhere, rating.uuid, actor=stranger.secretary, at=at)
    Product.objects.filter(pk=product.pk).update(state=ProductState.RETIRED, retired_at=at)
    with pytest.raises(DomainError) as refused:
        take_up_comment(cast.alliance, rating.uuid, actor=cast.secretary, at=at)
    assert refused.value.code == "product_out_of_use"
    assert not FeedbackPoint.objects.of(cast.alliance).exists()


def test_the_public_page_says_what_became_of_a_comment(cast: Cast, client: Client) -> None:
    product, rating = commented(cast)
    at = timezone.now()
    moderate_comment(cast.alliance, rating.uuid, show=True, actor=cast.secretary, at=at)
    take_up_comment(cast.alliance, rating.uuid, actor=cast.secretary, at=at)
    forget_pages(cast.alliance)
    assert "They have not answered yet." in page_of(client, rating.entry)

    answer_point(
        cast.alliance,
        product.code,
        f"rating:{rating.uuid}",
        state=PointState.DECLINED,
        answer="Step 4 works from 60 to 90 degrees.",
        actor=cast.writer,
        at=at,
    )

    forget_pages(cast.alliance)
    page = page_of(client, rating.entry)
    assert "not taken up" in page.lower()
    assert "Step 4 works from 60 to 90 degrees." in page


def test_the_editor_shows_and_hands_on_in_one_go_or_later(cast: Cast, client_for: ClientFor) -> None:
    _product, rating = commented(cast)
    office = client_for(cast.secretary)
    decide = address(cast.alliance, "rating_moderate", uuid=rating.uuid)

    office.post(decide, {"decision": "hide", "take_up": "1"})

    rating.refresh_from_db()
    assert rating.comment_state == "hidden"
    assert FeedbackPoint.objects.of(cast.alliance).count() == 1
    page = office.get(f"{address(cast.alliance, 'rating_moderation')}?show=decided").content.decode()
    assert "With the makers:" in page
    later = make_rating(rating.entry, 4, comment="Also right.", comment_state="shown")
    office.post(address(cast.alliance, "rating_moderate", uuid=later.uuid), {"decision": "take_up"})
    assert FeedbackPoint.objects.of(cast.alliance).count() == 2
    later.refresh_from_db()
    assert later.comment_state == "shown"


def test_a_hundred_posts_from_a_hundred_networks_leave_sixty(
    act: Alliance, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P14: the limit of one network is five an hour; that of the whole alliance holds where the networks differ."""
    monkeypatch.setattr("services.forms.rating.QUICKEST_SECONDS", -1)
    forget("public_form", act.pk, "rating")
    entry = make_entry(act, make_product(act))
    url = address(act, "rating_create", code=entry.code)
    started = client.get(url).context["form"].fields["started"].initial
    codes = []
    for number in range(100):
        host = f"10.{number}.7.1"
        forget("public_form_network", act.pk, "rating", network_of(host))
        given = {"score": "4", "client_kind": "industry", "comment": f"Text {number}", "email": f"c{number}@example.org"}
        codes.append(client.post(url, {**given, "started": started}, REMOTE_ADDR=host).status_code)
    forget("public_form", act.pk, "rating")

    assert codes.count(302) == 60
    assert codes.count(429) == 40
    assert codes.index(429) == 60
    assert Rating.objects.of(act).count() == 60


def test_nobody_else_hands_comments_on_by_the_page(cast: Cast, client_for: ClientFor, stranger: User) -> None:
    _product, rating = commented(cast)

    for person in (stranger, cast.writer):
        answer = client_for(person).post(
            address(cast.alliance, "rating_moderate", uuid=rating.uuid), {"decision": "take_up"}
        )
        assert answer.status_code == 403
    assert not FeedbackPoint.objects.of(cast.alliance).exists()
