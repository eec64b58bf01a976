"""Demonstration content of the service layer: stories, listings, and invented marks of clients."""

from __future__ import annotations

import csv
import json
import random
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.utils import timezone

from alliance.actions import inbox
from alliance.actions.content import bump_content_version
from alliance.kernel.demo import HORIZON
from members.models import Institution
from operations.actions.point import raise_point
from operations.choices import PointSource, ProductState
from operations.models import Product
from services.actions.catalogue import publish_entry
from services.actions.rating import hash_author
from services.choices import ClientKind, CommentState, ListingSide, ListingState, RatingState, ServiceCategory
from services.models import Article, CatalogueEntry, Listing, Rating
from services.selectors.product_page import point_key

if TYPE_CHECKING:
    from pathlib import Path

    from alliance.models import Alliance

WRITTEN_ON: Final = date(2026, 11, 21)
"""The day the shipped content stands at; every date moves with the moment of loading."""

CORDIS: Final = "CORDIS (European Union, CC BY 4.0)"

COMMENTS: Final = (
    ("Clear and short. Our shift leaders used it the same week.", "简明清楚，班组长当周就用上了。"),
    (
        "The examples come from plants like ours, which makes it easy to believe.",
        "例子都来自和我们差不多的工厂，看了就信得过。",
    ),
    ("Good for newcomers. A printed edition would help on the floor.", "适合新人。若有印刷版，车间里会更方便。"),
)


def load(alliance: Alliance, *, flavour: str, data_dir: Path, at: datetime) -> None:
    """Load; running it again adds nothing."""
    if flavour == HORIZON:
        _load_cordis(alliance, data_dir / "horizon", at)
    else:
        shift = timezone.localtime(at).date() - WRITTEN_ON
        _load_listings(alliance, data_dir / "demo" / "listings.jsonl", shift, at)
        _load_articles(alliance, data_dir / "demo", shift)
    for product in Product.objects.of(alliance).released().filter(catalogue_entry__isnull=True).order_by("code"):
        publish_entry(alliance, product.code, at=product.released_at or at)
    if flavour != HORIZON:
        _load_ratings(alliance, at)
    bump_content_version(alliance)


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(9), tzinfo=timezone.get_current_timezone())


def _load_cordis(alliance: Alliance, folder: Path, at: datetime) -> None:
    """Calls as demands and funded projects as supplies, as CORDIS words them; the category is their place in the demo."""
    listings = []
    for side, name in ((ListingSide.DEMAND, "demand"), (ListingSide.SUPPLY, "supply")):
        for place, row in enumerate(_rows(folder / f"{name}.jsonl")):
            title = (row.get("title") or row["text"])[:300]
            listings.append(
                Listing(
                    alliance=alliance,
                    code=row["id"][:60],
                    side=side,
                    state=ListingState.PUBLISHED,
                    category=ServiceCategory.PROJECT_RESEARCH,
                    title_en=title,
                    body_en=row["text"] if row.get("title") else "",
                    source=CORDIS,
                    # The rows carry no date: they are published here, in the order of the file, when they are loaded.
                    published_at=at - timedelta(minutes=place),
                )
            )
    Listing.objects.bulk_create(listings, ignore_conflicts=True, batch_size=500)


def _load_listings(alliance: Alliance, path: Path, shift: timedelta, at: datetime) -> None:
    institutions = dict(Institution.objects.of(alliance).values_list("code", "pk"))
    by_code = {code.upper(): pk for code, pk in institutions.items()}
    today = timezone.localtime(at).date()
    listings = []
    for row in _rows(path):
        expires = date.fromisoformat(row["expires"]) + shift if row.get("expires") else None
        state = row["state"]
        if state == ListingState.PUBLISHED and expires is not None and expires < today:
            state = ListingState.EXPIRED
        listings.append(
            Listing(
                alliance=alliance,
                code=row["code"],
                side=row["side"],
                institution_id=by_code.get(row["institution"]),
                state=state,
                category=row["service_category"],
                elements=row["elements"],
                region_code=row.get("region_code") or "",
                title_en=row["title_en"] or "",
                title_zh=row["title_zh"] or "",
                body_en=row["body_en"] or "",
                body_zh=row["body_zh"] or "",
                published_at=_noon(date.fromisoformat(row["published"]) + shift) if row.get("published") else None,
                expires_on=expires,
            )
        )
    Listing.objects.bulk_create(listings, ignore_conflicts=True)


def _load_articles(alliance: Alliance, folder: Path, shift: timedelta) -> None:
    with (folder / "experts.csv").open(encoding="utf-8", newline="") as table:
        experts = {row["code"]: row for row in csv.DictReader(table)}
    institutions = {row.code.upper(): row for row in Institution.objects.of(alliance)}
    products = {product.code.upper(): product for product in Product.objects.of(alliance)}
    articles = []
    for row in _rows(folder / "articles.jsonl"):
        author, checker = experts[row["author"]], experts[row["checked_by"]]
        articles.append(
            Article(
                alliance=alliance,
                slug=row["slug"],
                byline_en=f"By {_credit(author, institutions, 'en')}. Checked by {_credit(checker, institutions, 'en')}."[
                    :200
                ],
                byline_zh=f"文：{_credit(author, institutions, 'zh')}　审核：{_credit(checker, institutions, 'zh')}"[:200],
                product=products.get(row["source_product"]),
                published_at=_noon(date.fromisoformat(row["published"]) + shift),
                **{
                    f"{name}_{side}": row[f"{name}_{side}"]
                    for name in ("kicker", "title", "standfirst", "body", "in_short")
                    for side in ("en", "zh")
                },
            )
        )
    Article.objects.bulk_create(articles, ignore_conflicts=True)


def _credit(expert: dict[str, str], institutions: dict[str, Institution], side: str) -> str:
    """Name and institution of an expert who agreed to be named in public, otherwise the institution alone."""
    institution = institutions.get(expert["institution"])
    house = getattr(institution, f"name_{side}", "") if institution else ""
    if expert["consent"] != "public":
        return house or ("本联盟" if side == "zh" else "the alliance")
    if side == "zh":
        return f"{expert['name_zh']}（{house}）" if house else expert["name_zh"]
    return ", ".join(part for part in (expert["name_en"], house) if part)


def _load_ratings(alliance: Alliance, at: datetime) -> None:
    """Invented marks for each service; the same service always gets the same ones."""
    for entry in (
        CatalogueEntry.objects.of(alliance).public().filter(ratings__isnull=True).select_related("product").order_by("code")
    ):
        dice = random.Random(f"ratings:{entry.code}")  # noqa: S311 - invented marks need no secrecy
        days = max(1, min(120, (at - entry.published_at).days))
        ratings = []
        for number in range(dice.randint(9, 16)):
            moment = at - timedelta(days=dice.random() * days, minutes=5)
            has_comment = number < len(COMMENTS)
            english, chinese = COMMENTS[number % len(COMMENTS)]
            spoken = dice.choice(["en", "zh-hans"])
            ratings.append(
                Rating(
                    alliance=alliance,
                    entry=entry,
                    score=dice.choices([5, 4, 3, 2, 1], weights=[40, 34, 16, 7, 3])[0],
                    client_kind=dice.choices(ClientKind.values, weights=[60, 20, 8, 12])[0],
                    comment=(english if spoken == "en" else chinese) if has_comment else "",
                    language=spoken,
                    state=RatingState.CONFIRMED,
                    comment_state=CommentState.PENDING if number == 2 else CommentState.SHOWN,
                    author_hash=hash_author(alliance, f"client-{entry.code}-{number}@demo.example"),
                    created_at=moment - timedelta(minutes=4),
                    confirmed_at=moment,
                )
            )
        Rating.objects.bulk_create(ratings)
        _hand_on(entry)
        for rating in (
            Rating.objects.of(alliance).filter(entry=entry, comment_state=CommentState.PENDING).exclude(comment="")
        ):
            inbox.ask(
                alliance,
                "services.comment_to_check",
                f"rating-comment:{rating.uuid}",
                inbox.office(),
                params={"title_en": entry.title_en, "title_zh": entry.title_zh, "score": rating.score},
                url_name="rating_moderation",
                at=rating.confirmed_at or at,
            )


def _hand_on(entry: CatalogueEntry) -> None:
    """One shown comment of each service is with the makers already, as an editor would have handed it on."""
    product = entry.product
    if product.state != ProductState.RELEASED:
        return
    rating = (
        entry.ratings.filter(comment_state=CommentState.SHOWN).exclude(comment="").order_by("confirmed_at", "id").first()
    )
    if rating is not None and rating.confirmed_at is not None:
        chinese = rating.language.startswith("zh")
        raise_point(
            product,
            key=point_key(rating),
            source=PointSource.PUBLIC,
            text_en="" if chinese else rating.comment,
            text_zh=rating.comment if chinese else "",
            at=rating.confirmed_at,
        )
