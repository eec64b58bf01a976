"""The catalogue follows the products: an entry when one is released, withdrawn when it is retired."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from alliance.actions.audit import record_audit
from alliance.actions.content import bump_content_version
from alliance.kernel.events import emit
from operations.models import Product
from services.choices import CATEGORY_OF_KIND, CLIENTS_OF_KIND, ServiceCategory
from services.models import CatalogueEntry
from services.signals import ENTRY_PUBLISHED, ENTRY_WITHDRAWN

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance

COPIED = ("title_en", "title_zh", "summary_en", "summary_zh")
"""What an entry takes over from its product."""


@transaction.atomic
def publish_entry(alliance: Alliance, product_code: str, *, at: datetime) -> CatalogueEntry | None:
    """Offer a released product in the catalogue; a product has one entry for ever, however often this is asked.

    Source: Zheng2018, service layer: what the operational layer releases is offered to the four kinds of clients.

    Args:
        alliance: The tenant.
        product_code: The product's code, which is the entry's code too.
        at: Moment of publication.

    Returns:
        The entry; None when the product was retired before the news of its release arrived.

    Raises:
        Product.DoesNotExist: No product of this alliance has the code.
    """
    product = Product.objects.of(alliance).select_for_update().get(code=product_code)
    existing = CatalogueEntry.objects.of(alliance).filter(product=product).first()
    if existing is not None:
        return existing
    if not Product.objects.of(alliance).released().filter(pk=product.pk).exists():
        return None
    entry = CatalogueEntry.objects.create(
        alliance=alliance,
        code=product.code,
        category=CATEGORY_OF_KIND.get(product.kind, ServiceCategory.INFORMATION),
        clients=list(CLIENTS_OF_KIND.get(product.kind, ())),
        product=product,
        title_en=product.title_en,
        title_zh=product.title_zh,
        summary_en=product.summary_en,
        summary_zh=product.summary_zh,
        published_at=at,
    )
    record_audit(
        entry, actor=None, verb="publish", before=None, after={"code": entry.code, "category": entry.category}, at=at
    )
    emit(alliance, ENTRY_PUBLISHED, {"entry": entry.code})
    bump_content_version(alliance)
    return entry


@transaction.atomic
def withdraw_entry(alliance: Alliance, product_code: str, *, at: datetime) -> CatalogueEntry | None:
    """Take a retired product out of the catalogue; its ratings stay on record.

    Returns:
        The entry; None when the product never had one.
    """
    entry = CatalogueEntry.objects.of(alliance).select_for_update().filter(product__code=product_code).first()
    if entry is None or entry.withdrawn_at is not None:
        return entry
    entry.withdrawn_at = at
    entry.save(update_fields=["withdrawn_at"])
    record_audit(entry, actor=None, verb="withdraw", before={"withdrawn": False}, after={"withdrawn": True}, at=at)
    emit(alliance, ENTRY_WITHDRAWN, {"entry": entry.code})
    bump_content_version(alliance)
    return entry


@transaction.atomic
def refresh_entry(alliance: Alliance, product_code: str, *, at: datetime) -> CatalogueEntry | None:
    """Bring an entry's title and summary in line with its product's, after a correction of the released text.

    Returns:
        The entry; None when the product has none.
    """
    entry = (
        CatalogueEntry.objects.of(alliance)
        .select_for_update(of=("self",))
        .select_related("product")
        .filter(product__code=product_code)
        .first()
    )
    if entry is None:
        return None
    changed = [name for name in COPIED if getattr(entry, name) != getattr(entry.product, name)]
    if changed:
        for name in changed:
            setattr(entry, name, getattr(entry.product, name))
        entry.save(update_fields=changed)
        record_audit(entry, actor=None, verb="refresh", after={"fields": changed}, at=at)
    bump_content_version(alliance)  # the product's text itself is on the page too
    return entry
