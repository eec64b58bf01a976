"""Products of the jump box."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from alliance.kernel.jump import LIMIT, Hit
from operations.selectors.product import list_visible_products

if TYPE_CHECKING:
    from alliance.models import Alliance


def find_products(alliance: Alliance, user: Any, query: str) -> list[Hit]:
    """Products this person may see whose code or title fits; one query beside the person's roles."""
    fitting = Q(code__iexact=query) | Q(title_en__icontains=query) | Q(title_zh__icontains=query)
    found = list_visible_products(alliance, user, at=timezone.now()).filter(fitting).order_by("code")[:LIMIT]
    return [
        Hit(
            product.title,
            f"{product.code} · {product.get_state_display()}",
            reverse("product_detail", kwargs={"code": product.code}),
            is_exact=product.code.casefold() == query.casefold(),
        )
        for product in found
    ]
