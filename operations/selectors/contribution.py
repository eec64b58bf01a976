"""Reads of contributions: who made a product, and with which part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from operations.models import Contribution

if TYPE_CHECKING:
    from alliance.models import Alliance
    from operations.models import Product


def maker_ids(product: Product) -> set[int]:
    """Institutions that made it: author, adapter and all that are named as contributing; one query.

    A maker neither reviews, tries nor decides (separation of duties). An institution that contests its part stays one until
    the author takes it out: otherwise contesting would be a way to become the judge of one's own work.
    """
    makers = {product.author_id, *product.contributions.values_list("institution_id", flat=True)}
    if product.adapter_id is not None:
        makers.add(product.adapter_id)
    return makers


def list_contributions(product: Product) -> list[Contribution]:
    """Parts in a product, the largest first; one query."""
    return list(product.contributions.select_related("institution", "expert", "named_by").order_by("-share", "id"))


def list_contributions_of(alliance: Alliance, institution_ids: set[int]) -> list[Contribution]:
    """Parts that institutions have in products, those to answer first; one query."""
    rows = (
        Contribution.objects.of(alliance)
        .filter(institution_id__in=institution_ids)
        .select_related("product", "institution")
        .order_by("product__code", "institution_id")
    )
    return sorted(rows, key=lambda row: row.confirmed_at is not None or row.contested_at is not None)
