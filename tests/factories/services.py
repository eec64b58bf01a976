"""Rows of the service layer, valid by default; call inside ``act`` (or ``tenancy.acting_in``)."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from members.models import Institution
from operations.actions.snapshot import take_snapshot
from operations.choices import ParticipantState, PilotState, ProductKind, ProductState, SnapshotOccasion
from operations.models import Pilot, PilotParticipant, Product
from services.actions.rating import hash_author
from services.choices import ClientKind, ListingSide, ListingState, RatingState, ServiceCategory
from services.models import Article, CatalogueEntry, Listing, Rating

if TYPE_CHECKING:
    from alliance.models import Alliance

_numbers = itertools.count(1)


def make_house(alliance: Alliance, **fields: Any) -> Institution:
    """A member institution in good standing."""
    number = next(_numbers)
    values: dict[str, Any] = {
        "code": f"H-{number}",
        "kind": "leading_enterprise",
        "name_en": f"House {number}",
        "name_zh": f"机构{number}",
        "name_key": f"house {number}",
        "sort_key": f"house {number}",
        "region_code": "440600",
        **fields,
    }
    return Institution.objects.create(alliance=alliance, **values)


def make_product(alliance: Alliance, *, released: bool = True, **fields: Any) -> Product:
    """A product, released yesterday unless said otherwise."""
    number = next(_numbers)
    now = timezone.now()
    values: dict[str, Any] = {
        "code": f"T-{number}",
        "kind": ProductKind.GUIDE,
        "title_en": f"Guide {number}",
        "title_zh": f"指南{number}",
        "summary_en": "What it is for.",
        "summary_zh": "用途。",
        "body_en": "## First\n\nText of the guide.",
        "body_zh": "## 第一\n\n指南正文。",
        "state": ProductState.RELEASED if released else ProductState.PILOTING,
        "released_at": now - timedelta(days=1) if released else None,
        "state_since": now - timedelta(days=1),
        **fields,
    }
    if "author" not in values:
        values["author"] = make_house(alliance, kind="industry_think_tank")
    return Product.objects.create(alliance=alliance, **values)


def make_passed_pilot(product: Product, *, score: str = "84.20", firms: int = 3, **fields: Any) -> Pilot:
    """A round that the product passed, answered by some firms."""
    now = timezone.now()
    values: dict[str, Any] = {
        "round": 1,
        "version": product.version,
        "tested": take_snapshot(product, SnapshotOccasion.PILOT, actor=None, at=now),
        "state": PilotState.PASSED,
        "starts_at": now - timedelta(days=40),
        "deadline": now - timedelta(days=10),
        "decided_at": now - timedelta(days=9),
        "answers": firms * 2,
        "mean_score": score,
        **fields,
    }
    pilot = Pilot.objects.create(alliance=product.alliance, product=product, **values)
    for _turn in range(firms):
        PilotParticipant.objects.create(
            alliance=product.alliance, pilot=pilot, institution=make_house(product.alliance), state=ParticipantState.ANSWERED
        )
    return pilot


def make_entry(alliance: Alliance, product: Product | None = None, **fields: Any) -> CatalogueEntry:
    """A service on offer, with its released product."""
    product = product or make_product(alliance)
    values: dict[str, Any] = {
        "code": product.code,
        "category": ServiceCategory.PROBLEM_SOLVING,
        "clients": [ClientKind.INDUSTRY],
        "title_en": product.title_en,
        "title_zh": product.title_zh,
        "summary_en": product.summary_en,
        "summary_zh": product.summary_zh,
        "published_at": timezone.now() - timedelta(hours=3),
        **fields,
    }
    return CatalogueEntry.objects.create(alliance=alliance, product=product, **values)


def make_rating(entry: CatalogueEntry, score: int = 4, *, email: str = "", confirmed: bool = True, **fields: Any) -> Rating:
    """A rating that counts unless said otherwise; each from another author."""
    now = timezone.now()
    author = email or f"client{next(_numbers)}@example.org"
    values: dict[str, Any] = {
        "client_kind": ClientKind.INDUSTRY,
        "state": RatingState.CONFIRMED if confirmed else RatingState.UNCONFIRMED,
        "author_hash": hash_author(entry.alliance, author),
        "created_at": now - timedelta(minutes=10),
        "confirmed_at": now - timedelta(minutes=5) if confirmed else None,
        **fields,
    }
    return Rating.objects.create(alliance=entry.alliance, entry=entry, score=score, **values)


def make_article(alliance: Alliance, **fields: Any) -> Article:
    """A published story in both languages."""
    number = next(_numbers)
    values: dict[str, Any] = {
        "slug": f"story-{number}",
        "title_en": f"Story {number}",
        "title_zh": f"故事{number}",
        "standfirst_en": "In one sentence.",
        "standfirst_zh": "一句话。",
        "body_en": "## Part\n\nSome text.",
        "body_zh": "## 部分\n\n一些文字。",
        "published_at": timezone.now() - timedelta(days=2),
        **fields,
    }
    return Article.objects.create(alliance=alliance, **values)


def make_listing(alliance: Alliance, side: str = ListingSide.DEMAND, **fields: Any) -> Listing:
    """An open listing of a member."""
    number = next(_numbers)
    values: dict[str, Any] = {
        "code": f"L-{number}",
        "state": ListingState.PUBLISHED,
        "category": ServiceCategory.PROBLEM_SOLVING,
        "title_en": f"Listing {number}",
        "title_zh": f"供需{number}",
        "body_en": "What is wanted.",
        "body_zh": "所需内容。",
        "published_at": timezone.now() - timedelta(days=1),
        "expires_on": timezone.localdate() + timedelta(days=30),
        **fields,
    }
    if "institution" not in values and not values.get("source"):
        values["institution"] = make_house(alliance)
    return Listing.objects.create(alliance=alliance, side=side, **values)
