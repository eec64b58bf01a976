"""Reads of references: what a product answers or rests on, and which products refer to a record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef, Q
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from alliance.kernel.permissions import can
from alliance.kernel.references import Referred, find_referred
from groups.models import Directive, ReceivedDirective
from groups.permissions import VIEW_DIRECTIVES
from operations.choices import ProductState, ReferenceKind
from operations.models import Product, ProductReference
from operations.selectors.product import list_visible_products

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance


@dataclass(frozen=True, slots=True)
class ReferenceView:
    """A reference as a page shows it.

    Attributes:
        id: Its row.
        kind: A ReferenceKind.
        kind_label: The kind in words.
        code: Code of the record, or empty.
        words: What the author wrote, or empty.
        record: The record, where this reader may see it.
        url: Address to follow, or empty.
    """

    id: int
    kind: str
    kind_label: StrOrPromise
    code: str
    words: str
    record: Referred | None
    url: str


def list_references(product: Product, reader: Any) -> list[ReferenceView]:
    """What a product refers to; one query, and at most two for each kind of record it names."""
    rows = list(product.references.order_by("id"))
    wanted: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row.code:
            wanted[row.kind].append(row.code)
    found = {kind: find_referred(product.alliance, reader, kind, codes) for kind, codes in wanted.items()}
    shown: list[ReferenceView] = []
    for row in rows:
        record = found.get(row.kind, {}).get(row.code)
        shown.append(
            ReferenceView(
                row.pk,
                row.kind,
                row.get_kind_display(),
                row.code,
                row.words,
                record,
                record.url if record is not None else row.url,
            )
        )
    return shown


def list_referring(alliance: Alliance, reader: Any, kind: str, code: str) -> list[Product]:
    """Products open to this reader that refer to a record; one query."""
    rows = ProductReference.objects.of(alliance).filter(product=OuterRef("pk"), kind=kind, code=code)
    return list(list_visible_products(alliance, reader, at=timezone.now()).filter(Exists(rows)).order_by("code")[:20])


def open_successor(product: Product) -> Product | None:
    """The next version of a product that is under way or released; a withdrawn one does not count; one query."""
    return product.successors.exclude(state=ProductState.WITHDRAWN).order_by("-id").first()


def _address(name: str, code: str) -> str:
    try:
        return reverse(name, kwargs={"code": code})
    except NoReverseMatch:
        return ""


def refer_products(alliance: Alliance, reader: Any, codes: Iterable[str]) -> dict[str, Referred]:
    """Products this person may read; one query."""
    found = list_visible_products(alliance, reader, at=timezone.now()).filter(_any_case(codes))
    return {
        product.code: Referred(product.code, product.title_en, product.title_zh, _address("product_detail", product.code))
        for product in found
    }


def _any_case(codes: Iterable[str]) -> Q:
    condition = Q(pk__in=[])
    for code in codes:
        condition |= Q(code__iexact=code)
    return condition


def refer_directives(alliance: Alliance, reader: Any, codes: Iterable[str]) -> dict[str, Referred]:
    """Directives that arrived or were sent, for those who see them; two queries.

    Where one that arrived and one that was sent have the same code, the one that arrived is meant: it is what gets an answer.
    """
    if not can(reader, VIEW_DIRECTIVES, alliance):
        return {}
    wanted = list(codes)
    found = {
        row.code: Referred(row.code, row.title_en, row.title_zh, _address("directive_detail", row.code))
        for row in Directive.objects.of(alliance).filter(_any_case(wanted))
    }
    for row in ReceivedDirective.objects.of(alliance).filter(_any_case(wanted)):
        found[row.code] = Referred(row.code, row.title_en, row.title_zh, _address("received_directive_detail", row.code))
    return found


PROVIDERS = {
    ReferenceKind.PRODUCT.value: refer_products,
    ReferenceKind.DIRECTIVE.value: refer_directives,
}
"""Products, and what the layers below do not answer for themselves."""
