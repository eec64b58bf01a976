"""Reads behind the public pages. Only what is open to everybody: released products, verified listings, names of members."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Count
from django.utils.translation import get_language

from alliance.kernel.rich_text import reading_minutes
from groups.choices import GroupKind, SeatRole
from groups.models import GroupMembership
from members.models import Institution
from members.selectors.regions import province_of
from operations.choices import ParticipantState, PieceState, PilotState, ProductState, ReviewVerdict
from operations.models import FeedbackPoint, Piece, PieceCheck, Pilot, PilotParticipant, Product
from operations.selectors.piece import Mark, get_public_piece, mark_of
from services.models import Article, CatalogueEntry, Listing, Rating
from services.selectors.listing import Filters, narrow
from services.selectors.product_page import ProductStory, fates_of, get_product_story
from services.selectors.rating import RatingSummary, list_shown_comments, summarise_marks, summarise_ratings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from django.db.models import QuerySet

    from alliance.models import Alliance

DECIDED = (PilotState.PASSED, PilotState.FAILED, PilotState.INCONCLUSIVE)


@dataclass(frozen=True, slots=True)
class Story:
    """An article with what its card shows."""

    article: Article
    minutes: int
    source_retired: bool


def as_story(article: Article) -> Story:
    """An article with its reading time in the language it will be shown in."""
    chinese = (get_language() or "").startswith("zh")
    first, second = (article.body_zh, article.body_en) if chinese else (article.body_en, article.body_zh)
    retired = article.product is not None and article.product.state == ProductState.RETIRED
    return Story(article, reading_minutes(first or second), retired)


def list_public_articles(alliance: Alliance, at: datetime) -> QuerySet[Article, Article]:
    """Published pieces, newest first, products included."""
    return Article.objects.of(alliance).public(at).select_related("product").order_by("-published_at", "-id")


def list_public_entries(
    alliance: Alliance, *, category: str = "", client: str = "", access: str = ""
) -> QuerySet[CatalogueEntry, CatalogueEntry]:
    """Services on offer, newest first, products included."""
    entries = CatalogueEntry.objects.of(alliance).public().select_related("product")
    if category:
        entries = entries.filter(category=category)
    if client:
        entries = entries.filter(clients__contains=[client])
    if access:
        entries = entries.filter(access=access)
    return entries.order_by("-published_at", "-id")


def list_public_listings(
    alliance: Alliance, on: date, chosen: Filters | None = None, *, at: datetime | None = None
) -> QuerySet[Listing, Listing]:
    """Verified listings open to everybody that have not expired, newest first, institutions included.

    The list, its feed, the site map and the public page of a listing all begin here, so that they agree.
    """
    listings: QuerySet[Listing, Listing] = Listing.objects.of(alliance).public(on).select_related("institution")
    if chosen is not None and at is not None:
        listings = narrow(listings, chosen, at=at)
    return listings.order_by("-published_at", "-id")


@dataclass(frozen=True, slots=True)
class ListingFacets:
    """Labels that occur among the public listings, so that no filter leads nowhere."""

    industries: list[str]
    disciplines: list[str]
    provinces: list[str]


def list_listing_facets(alliance: Alliance, on: date) -> ListingFacets:
    """Industries, disciplines and provinces of the public listings; three queries."""
    public = Listing.objects.of(alliance).public(on)
    fields: set[str] = set()
    for row in public.exclude(disciplines=[]).values_list("disciplines", flat=True).distinct().order_by()[:2000]:
        fields.update(row)
    regions = public.exclude(region_code="").values_list("region_code", flat=True).distinct().order_by()
    industries = public.exclude(industry_code="").values_list("industry_code", flat=True).distinct().order_by()
    return ListingFacets(sorted(industries), sorted(fields), sorted({province_of(code) for code in regions}))


def count_listings_by(alliance: Alliance, on: date) -> dict[tuple[str, str], int]:
    """Open listings by side and category; one query."""
    rows = Listing.objects.of(alliance).public(on).values_list("side", "category").annotate(count=Count("pk")).order_by()
    return {(side, category): count for side, category, count in rows}


@dataclass(frozen=True, slots=True)
class HomeFigures:
    """The figures on the front page, counted now."""

    members: int
    products_tried: int
    firms_in_pilots: int
    services: int
    open_listings: int


@dataclass(frozen=True, slots=True)
class Home:
    """The front page."""

    figures: HomeFigures
    stories: list[Story]
    entries: list[CatalogueEntry]


def get_home(alliance: Alliance, at: datetime, on: date) -> Home:
    """Everything the front page shows; seven queries."""
    answered = PilotParticipant.objects.of(alliance).filter(state=ParticipantState.ANSWERED)
    figures = HomeFigures(
        members=Institution.objects.of(alliance).active().count(),
        products_tried=answered.values("pilot__product").distinct().count(),
        firms_in_pilots=answered.values("institution").distinct().count(),
        services=CatalogueEntry.objects.of(alliance).public().count(),
        open_listings=Listing.objects.of(alliance).public(on).count(),
    )
    stories = [as_story(article) for article in list_public_articles(alliance, at)[:3]]
    return Home(figures, stories, list(list_public_entries(alliance)[:3]))


@dataclass(frozen=True, slots=True)
class PilotEvidence:
    """What trying a product in real plants showed.

    Attributes:
        rounds: Rounds decided.
        firms: Institutions that answered, over all rounds, each once.
        answers: Answers in the last decided round.
        mean_score: Mean score of that round, 0 to 100, or None.
        decided_at: When it was decided.
    """

    rounds: int
    firms: int
    answers: int
    mean_score: Any
    decided_at: datetime | None


def get_pilot_evidence(alliance: Alliance, product: Product) -> PilotEvidence | None:
    """The evidence of one product's decided pilots; two queries, None when there are none."""
    rounds = list(Pilot.objects.of(alliance).filter(product=product, state__in=DECIDED).order_by("round"))
    if not rounds:
        return None
    firms = (
        PilotParticipant.objects.of(alliance)
        .filter(pilot__in=rounds, state=ParticipantState.ANSWERED)
        .values("institution")
        .distinct()
        .count()
    )
    last = rounds[-1]
    return PilotEvidence(len(rounds), firms, last.answers, last.mean_score, last.decided_at)


@dataclass(frozen=True, slots=True)
class EntryPage:
    """A catalogue entry with everything behind it."""

    entry: CatalogueEntry
    product: Product
    story: ProductStory
    ratings: RatingSummary
    comments: list[tuple[Rating, FeedbackPoint | None]]
    articles: list[Article]
    successor: CatalogueEntry | None


def get_entry_page(alliance: Alliance, code: str, at: datetime) -> EntryPage | None:
    """One entry open to the public; fifteen queries at most, however much there is of each.

    A withdrawn entry is found too, so that links to it explain themselves.
    """
    entry = (
        CatalogueEntry.objects.of(alliance)
        .select_related("product", "product__author", "product__adapter")
        .filter(code=code)
        .first()
    )
    if entry is None:
        return None
    product = entry.product
    shown = list(list_shown_comments(alliance, entry)[:20])
    fates = fates_of(alliance, shown) if shown else {}
    successor = None
    if entry.withdrawn_at is not None:
        successor = list_public_entries(alliance).filter(product__predecessor=product).first()
    return EntryPage(
        entry,
        product,
        get_product_story(alliance, product),
        summarise_ratings(alliance, entry),
        [(rating, fates.get(rating.uuid)) for rating in shown],
        list(list_public_articles(alliance, at).filter(product=product)),
        successor,
    )


@dataclass(frozen=True, slots=True)
class PiecePage:
    """A piece made of a product, with its source.

    Attributes:
        piece: The piece.
        is_out: Whether its text is shown; a withdrawn piece only says that it was withdrawn.
        mark: What became of its product; None while it stands.
        entry: The product's public page, where there is one.
        checked_by: The author that found it correct last.
        evidence: The product's pilots.
        others: Other pieces of the product.
        minutes: Reading time in the language it is shown in.
    """

    piece: Piece
    is_out: bool
    mark: Mark | None
    entry: CatalogueEntry | None
    checked_by: Institution | None
    evidence: PilotEvidence | None
    others: list[Piece]
    minutes: int


def get_piece_page(alliance: Alliance, product_code: str, code: str) -> PiecePage | None:
    """A piece that is or was public; nine queries at most."""
    piece = get_public_piece(alliance, product_code, code)
    if piece is None:
        return None
    chinese = (get_language() or "").startswith("zh")
    first, second = (piece.body_zh, piece.body_en) if chinese else (piece.body_en, piece.body_zh)
    check = (
        PieceCheck.objects.of(alliance)
        .filter(piece=piece, verdict=ReviewVerdict.APPROVE)
        .select_related("institution")
        .order_by("-at", "-id")
        .first()
    )
    others = Piece.objects.of(alliance).filter(product=piece.product, state=PieceState.PUBLISHED).exclude(pk=piece.pk)
    return PiecePage(
        piece,
        piece.state == PieceState.PUBLISHED,
        mark_of(piece),
        CatalogueEntry.objects.of(alliance).filter(product=piece.product).first(),
        check.institution if check else None,
        get_pilot_evidence(alliance, piece.product),
        list(others.order_by("-published_at", "-id")[:6]),
        reading_minutes(first or second),
    )


@dataclass(frozen=True, slots=True)
class ArticlePage:
    """An article with its source and neighbours."""

    story: Story
    entry: CatalogueEntry | None
    evidence: PilotEvidence | None
    more: list[Story]


def get_article_page(alliance: Alliance, slug: str, at: datetime) -> ArticlePage | None:
    """One published piece, its product's entry and pilots, and three others; at most five queries."""
    article = list_public_articles(alliance, at).filter(slug=slug).first()
    if article is None:
        return None
    entry = evidence = None
    if article.product is not None:
        entry = CatalogueEntry.objects.of(alliance).filter(product=article.product).first()
        evidence = get_pilot_evidence(alliance, article.product)
    more = [as_story(other) for other in list_public_articles(alliance, at).exclude(pk=article.pk)[:3]]
    return ArticlePage(as_story(article), entry, evidence, more)


def rate_entries(alliance: Alliance, entries: Sequence[CatalogueEntry]) -> dict[int, RatingSummary]:
    """Summaries of several entries' ratings by primary key; one query."""
    scores: dict[int, list[int]] = {entry.pk: [] for entry in entries}
    rows = Rating.objects.of(alliance).counted().filter(entry__in=scores).values_list("entry_id", "score")
    for entry_id, score in rows:
        scores[entry_id].append(score)
    return {pk: summarise_marks(found) for pk, found in scores.items()}


@dataclass(frozen=True, slots=True)
class GroupSeats:
    """A virtual group and how many institutions sit in it."""

    kind: str
    seats: int


def count_seats(alliance: Alliance, at: datetime) -> list[GroupSeats]:
    """The six groups in their order with the institutions that sit in them now; one query."""
    rows = (
        GroupMembership.objects.of(alliance)
        .at(at)
        .exclude(role=SeatRole.OBSERVER)
        .values_list("group__kind")
        .annotate(seats=Count("institution", distinct=True))
        .order_by()
    )
    found = dict(rows)
    return [GroupSeats(kind, found.get(kind, 0)) for kind in GroupKind.values]


def get_public_listing(alliance: Alliance, code: str, on: date) -> Listing | None:
    """One open listing with its institution; one query."""
    return list_public_listings(alliance, on).filter(code=code).first()


def list_addresses(alliance: Alliance, at: datetime, on: date) -> dict[str, list[tuple[str, Any]]]:
    """Codes and dates of everything public, for the sitemap; three queries."""
    return {
        "story_detail": list(list_public_articles(alliance, at).values_list("slug", "published_at")[:5000]),
        "catalogue_entry": list(list_public_entries(alliance).values_list("code", "published_at")[:5000]),
        "listing_detail": list(list_public_listings(alliance, on).values_list("code", "published_at")[:5000]),
    }


def list_piece_addresses(alliance: Alliance) -> list[tuple[str, str, Any]]:
    """Product, code and day of every published piece, for the sitemap; one query."""
    rows = Piece.objects.of(alliance).filter(state=PieceState.PUBLISHED)
    return list(rows.order_by("-published_at", "-id").values_list("product__code", "code", "published_at")[:5000])
