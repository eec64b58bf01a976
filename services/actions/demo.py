"""Demonstration content of the service layer: stories, listings, and invented marks of clients."""

from __future__ import annotations

import csv
import json
import random
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from django.utils import timezone

from alliance.actions import inbox
from alliance.actions.content import bump_content_version
from alliance.choices import AllianceRole
from alliance.kernel.demo import HORIZON
from alliance.kernel.permissions import grants_of, institutions_acted_for
from alliance.models import RoleAssignment
from members.models import Institution
from operations.actions.point import raise_point
from operations.choices import PointSource, ProductState
from operations.models import Product
from services.actions.catalogue import publish_entry
from services.actions.listing import ask_to_check
from services.actions.listing_check import ask_to_complete
from services.actions.match_index import index_listings
from services.actions.rating import hash_author
from services.choices import (
    ClientKind,
    CommentState,
    ListingAudience,
    ListingSide,
    ListingState,
    Pricing,
    RatingState,
    ServiceCategory,
    Verdict,
)
from services.models import Article, CatalogueEntry, Listing, ListingCheck, ListingParty, Rating
from services.selectors.product_page import point_key

if TYPE_CHECKING:
    from pathlib import Path

    from alliance.models import Alliance, User

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
    index_listings(alliance, Listing.objects.of(alliance).values_list("pk", flat=True), at=at)
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


PRICING: Final = {"fixed_range": Pricing.RANGE, "free": Pricing.FREE}
FOR_MEMBERS: Final = frozenset({"D-0405", "S-0237", "S-0246"})
FOR_NAMED: Final = {"D-0408": ("I-001", "I-019", "I-036"), "S-0241": ("I-035", "I-036")}
"""Listings that the loader addresses to members, and to named institutions."""
GIVEN_BACK: Final = frozenset({"D-0404"})
"""Of those that wait for verification, the one that came back: its owner is a mill with a demonstration account."""
CHECKED_ONCE: Final = frozenset({"D-0417", "S-0247"})
"""Of those that wait for verification, the ones whose first check the office has made."""
LABELS: Final = {
    "energy": "energy saving", "dye": "dyeing", "waste": "waste water", "heat": "heat recovery", "train": "training",
    "course": "training", "standard": "standards", "market": "market", "carbon": "carbon accounting", "water": "water saving",
    "loom": "weaving", "weav": "weaving", "yarn": "yarn", "test": "testing", "data": "data", "colour": "colour",
}  # fmt: skip
"""Key words that a text of the demonstration gets by what stands in it."""


def _labels_of(row: dict[str, Any]) -> list[str]:
    text = f"{row['title_en']} {row['body_en']}".lower()
    return list(dict.fromkeys(word for stem, word in LABELS.items() if stem in text))[:5]


def _load_listings(alliance: Alliance, path: Path, shift: timedelta, at: datetime) -> None:
    """Listings with their life so far: verified by the office and a member of the committee, or waiting for it."""
    by_code = {code.upper(): pk for code, pk in Institution.objects.of(alliance).values_list("code", "pk")}
    present = set(Listing.objects.of(alliance).values_list("code", flat=True))
    today = timezone.localtime(at).date()
    listings, parties = [], {}
    for row in _rows(path):
        if row["code"] in present:
            continue
        expires = date.fromisoformat(row["expires"]) + shift if row.get("expires") else None
        state = ListingState.CHECKED if row["code"] in CHECKED_ONCE else row["state"]
        if row["code"] in GIVEN_BACK:
            state = ListingState.RETURNED
        if state == ListingState.PUBLISHED and expires is not None and expires < today:
            state = ListingState.EXPIRED
        audience = ListingAudience.MEMBERS if row["code"] in FOR_MEMBERS else ListingAudience.PUBLIC
        named = [by_code[code] for code in FOR_NAMED.get(row["code"], ()) if code in by_code]
        if named:
            audience, parties[row["code"]] = ListingAudience.NAMED, named
        pricing = PRICING.get(row["pricing"], Pricing.TO_AGREE)
        sums = [Decimal(row[name]) if row.get(name) else None for name in ("money_min_cny", "money_max_cny")]
        if pricing == Pricing.RANGE and None in sums:
            pricing = Pricing.TO_AGREE
        listings.append(
            Listing(
                alliance=alliance,
                code=row["code"],
                side=row["side"],
                institution_id=by_code.get(row["institution"]),
                state=state,
                category=row["service_category"],
                elements=row["elements"],
                industry_code=row.get("industry_gbt4754") or "",
                labels=_labels_of(row),
                region_code=row.get("region_code") or "",
                title_en=row["title_en"] or "",
                title_zh=row["title_zh"] or "",
                body_en=row["body_en"] or "",
                body_zh=row["body_zh"] or "",
                pricing=pricing,
                money_min=None if pricing == Pricing.FREE else sums[0],
                money_max=None if pricing == Pricing.FREE else sums[1],
                duration_weeks=row.get("duration_weeks"),
                audience=audience,
                submitted_at=_noon(date.fromisoformat(row["submitted"]) + shift) if row.get("submitted") else None,
                published_at=_noon(date.fromisoformat(row["published"]) + shift)
                if row.get("published") and state not in UNPUBLISHED
                else None,
                expires_on=expires,
            )
        )
    Listing.objects.bulk_create(listings)
    ListingParty.objects.bulk_create(
        ListingParty(alliance=alliance, listing=listing, institution_id=pk)
        for listing in listings
        for pk in parties.get(listing.code, ())
    )
    _verify_listings(alliance, listings, at)


UNPUBLISHED: Final = frozenset(
    {ListingState.DRAFT, ListingState.PENDING, ListingState.CHECKED, ListingState.RETURNED, ListingState.WITHDRAWN}
)


def _holders(alliance: Alliance, role: str, at: datetime) -> list[User]:
    rows = RoleAssignment.objects.of(alliance).at(at).filter(role=role).select_related("user").order_by("id")
    return [row.user for row in rows]


def _verify_listings(alliance: Alliance, listings: list[Listing], at: datetime) -> None:
    """Who verified what, and whom the open ones wait for, as the acts would have noted it."""
    office = next(iter(_holders(alliance, AllianceRole.SECRETARIAT, at)), None)
    member, houses = None, []
    for person in _holders(alliance, AllianceRole.COMMITTEE, at):
        acted_for = sorted(institutions_acted_for(grants_of(person, alliance, at)))
        if member is None or (acted_for and not houses):
            member, houses = person, acted_for
    others = list(Institution.objects.of(alliance).active().order_by("sort_key", "id").values_list("pk", flat=True)[:2])
    checks = []
    for listing in listings:
        listing.alliance = alliance
        sent = listing.submitted_at or at - timedelta(days=3)
        second = next((pk for pk in (*houses, *others) if pk != listing.institution_id), None)
        said: list[tuple[int, str, int | None, User | None, list[dict[str, str]]]] = []
        if listing.state == ListingState.CHECKED or listing.published_at is not None:
            said.append((1, Verdict.PASSED, None, office, []))
        if listing.published_at is not None and second is not None:
            said.append((2, Verdict.PASSED, second, member, []))
        if listing.state == ListingState.RETURNED:
            said.append((1, Verdict.RETURNED, None, office, list(POINTS)))
        checks += [
            ListingCheck(
                alliance=alliance,
                listing=listing,
                revision=1,
                step=step,
                verdict=verdict,
                points=points,
                institution_id=unit,
                by=by,
                at=min(sent + timedelta(hours=20 * step), at),
            )
            for step, verdict, unit, by, points in said
        ]
        if listing.state == ListingState.PENDING:
            ask_to_check(listing, step=1, office=True, at=at)
        elif listing.state == ListingState.CHECKED:
            ask_to_check(listing, step=2, office=False, at=at)
        elif listing.state == ListingState.RETURNED and listing.institution_id is not None:
            ask_to_complete(listing, at=at)
    ListingCheck.objects.bulk_create(checks)


POINTS: Final = (
    {"field": "body_en", "words": "Say what was tried already, and with what result."},
    {"field": "labels", "words": "Add key words, as people in the workshop say them."},
)


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
