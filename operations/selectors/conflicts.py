"""Products and inbox items from which an institution stands aside by a conflict of interest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import CharField, OuterRef, Q, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Concat
from django.utils.translation import gettext_lazy as _

from groups.choices import MotionState
from groups.models import Motion
from groups.selectors.conflict import stands_aside
from groups.selectors.matters import MatterKind, Parties
from operations.models import Product

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alliance.models import Alliance

ROUTES = ("product_detail", "pilot_answer", "piece_check", "piece_detail", "piece_publish")
"""Routes of the pipeline's inbox items; each takes the product's code."""


def items_set_aside(alliance: Alliance, institution_id: int) -> Q:
    """Condition for inbox items about products from which an institution stands aside."""
    code = KeyTextTransform("code", OuterRef("url_kwargs"))
    matter = Concat(Value("product:"), code, output_field=CharField())
    return Q(url_name__in=ROUTES) & stands_aside(alliance, institution_id, matter)


def any_may_act(alliance: Alliance, institution_ids: Iterable[int]) -> Q:
    """Condition for products from which not every one of the institutions stands aside."""
    matter = Concat(Value("product:"), OuterRef("code"), output_field=CharField())
    condition = Q(pk__in=[])
    for institution_id in institution_ids:
        condition |= ~stands_aside(alliance, institution_id, matter)
    return condition


def _makers(author_id: int, adapter_id: int | None) -> Parties:
    return Parties(frozenset({author_id} if adapter_id is None else {author_id, adapter_id}))


def product_parties(alliance: Alliance, code: str) -> Parties | None:
    """Who made a product: its author and the media think tank that adapts it; one query."""
    found = Product.objects.of(alliance).filter(code=code).values_list("author_id", "adapter_id").first()
    return _makers(*found) if found else None


def open_products(alliance: Alliance) -> dict[str, Parties]:
    """Makers of every product that somebody has yet to judge; one query."""
    rows = Product.objects.of(alliance).in_pipeline()
    return {code: _makers(author, adapter) for code, author, adapter in rows.values_list("code", "author_id", "adapter_id")}


PRODUCT_MATTER = MatterKind(_("Product"), product_parties, open_products, "product_detail")


def _release_parties(alliance: Alliance, code: str) -> Parties | None:
    """Whoever made a product stands aside from the vote on its release; pilot firms are noted with the motion."""
    found = product_parties(alliance, code)
    return None if found is None else Parties(found.institutions, stand_aside=True)


def _open_releases(alliance: Alliance) -> dict[str, Parties]:
    """Makers of every product on whose release a motion is under way; two queries."""
    codes = [
        str(params.get("product", ""))
        for params in Motion.objects.of(alliance)
        .filter(effect="release_product", state__in=[MotionState.DRAFT, MotionState.OPEN])
        .values_list("effect_params", flat=True)
    ]
    rows = Product.objects.of(alliance).filter(code__in=codes).values_list("code", "author_id", "adapter_id")
    return {code: Parties(_makers(author, adapter).institutions, stand_aside=True) for code, author, adapter in rows}


RELEASE_MATTER = MatterKind(_("Release"), _release_parties, _open_releases, "product_detail")
