"""Reads of a product's files: those in use, those it still needs, and those the public may download."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alliance.kernel.permissions import can
from operations.permissions import OPEN_PRODUCT_FILE
from operations.selectors.kind import form_of
from operations.selectors.version import title_of

if TYPE_CHECKING:
    from operations.kinds import EvidenceNeed
    from operations.models import Product, ProductFile


@dataclass(frozen=True, slots=True)
class FileView:
    """A file as a page shows it.

    Attributes:
        row: Its row, with the stored file.
        title: Its title, else its name.
        evidence: What it gives evidence of, in words; empty: part of the product.
        may_open: Whether the reader may download it.
    """

    row: ProductFile
    title: str
    evidence: str
    may_open: bool


def list_files(product: Product, reader: Any) -> list[FileView]:
    """Files in use, parts first, then evidence in the order of the steps; at most two queries beside the reader's roles."""
    needs = form_of(product).evidence
    labels = {one.key: one.label for one in needs}
    order = {"": -1, **{one.key: place for place, one in enumerate(needs)}}
    rows = list(product.files.filter(removed_at__isnull=True).select_related("file", "added_by").order_by("id"))
    for row in rows:
        row.product = product
    rows.sort(key=lambda row: order.get(row.evidence, len(order)))
    return [
        FileView(row, title_of(row), labels.get(row.evidence, row.evidence), can(reader, OPEN_PRODUCT_FILE, row))
        for row in rows
    ]


def list_public_files(product: Product) -> list[FileView]:
    """Files that anybody may download, whatever the product's state; one query. The state is the caller's to ask."""
    rows = product.files.filter(removed_at__isnull=True, is_public=True).select_related("file").order_by("id")
    return [FileView(row, title_of(row), "", may_open=True) for row in rows]


def list_needs(product: Product) -> list[tuple[EvidenceNeed, bool]]:
    """Evidence that the kind asks for, and whether it was given; at most two queries."""
    needs = form_of(product).evidence
    if not needs:
        return []
    given = set(product.files.filter(removed_at__isnull=True).exclude(evidence="").values_list("evidence", flat=True))
    return [(one, one.key in given) for one in needs]
