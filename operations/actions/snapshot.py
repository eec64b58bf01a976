"""Versions of a product: its texts kept as they stood at each hand-over."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from alliance.actions.audit import canonical
from operations.models import ProductVersion

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import User
    from operations.models import Product

TEXTS: Final = (
    "kind", "form_version", "title_en", "title_zh", "summary_en", "summary_zh", "body_en", "body_zh", "client_en",
    "client_zh", "details",
)  # fmt: skip
"""What a version keeps of a product, besides its files."""


def take_snapshot(product: Product, occasion: str, *, actor: User | None, at: datetime) -> ProductVersion:
    """Keep the texts and files as they stand; the last row is taken again when nothing has changed since.

    The caller holds the product's lock.

    Args:
        product: The product, at the version number the row shall have.
        occasion: A SnapshotOccasion.
        actor: Who hands it over; None: the platform.
        at: Now.
    """
    texts = {name: getattr(product, name) for name in TEXTS}
    files = [
        {"file": str(row.file.uuid), "sha256": row.file.sha256, "evidence": row.evidence}
        for row in product.files.filter(removed_at__isnull=True).select_related("file").order_by("id")
    ]
    digest = hashlib.sha256(canonical({**texts, "files": files}).encode()).hexdigest()
    last = product.versions.order_by("-serial").first()
    if last is not None and last.number == product.version and last.digest == digest:
        return last
    return ProductVersion.objects.create(
        alliance_id=product.alliance_id,
        product=product,
        serial=(last.serial if last else 0) + 1,
        number=product.version,
        occasion=occasion,
        files=files,
        digest=digest,
        made_by=actor,
        made_at=at,
        **texts,
    )
