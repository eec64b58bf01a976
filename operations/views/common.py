"""What the pages of the pipeline share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from alliance.kernel.errors import InvalidInputError, NotFoundError
from alliance.kernel.permissions import can
from alliance.selectors.people import acting_institution_id
from members.models import Institution
from operations.permissions import VIEW_PIPELINE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alliance.models import Alliance
    from operations.models import Product


def tenant_of(request: HttpRequest) -> Alliance:
    """The alliance of the request.

    Raises:
        NotFoundError: The address belongs to no alliance.
    """
    alliance: Alliance | None = getattr(request, "alliance", None)
    if alliance is None:
        raise NotFoundError
    return alliance


def frame(request: HttpRequest, key: str = "pilots") -> dict[str, Any]:
    """Base template and way back for a page that the console and the portal share."""
    request.nav_key = key  # type: ignore[attr-defined]
    in_console = can(request.user, VIEW_PIPELINE, tenant_of(request))
    return {
        "base_template": "console/base.html" if in_console else "portal/base.html",
        "in_console": in_console,
        "pilots_url": reverse("pilot_board" if in_console else "portal_pilots"),
    }


def crumbs_of(request: HttpRequest, product: Product, label: str = "") -> list[dict[str, str]]:
    """The way to a page below a product."""
    context = frame(request)
    found = [{"label": _("Pilots"), "url": context["pilots_url"]}]
    if label:
        found += [{"label": product.code, "url": product_url(product)}, {"label": label, "url": ""}]
    else:
        found.append({"label": product.code, "url": ""})
    return found


def product_url(product: Product) -> str:
    """Address of a product's page."""
    return reverse("product_detail", kwargs={"code": product.code})


def back_to(request: HttpRequest, product: Product, words: str) -> HttpResponse:
    """Say what was done and show the product."""
    messages.success(request, words)
    return redirect(product_url(product))


def offer(alliance: Alliance, ids: Iterable[int]) -> list[tuple[int, str]]:
    """Institutions to choose from, by name; one query."""
    rows = Institution.objects.of(alliance).filter(pk__in=set(ids)).order_by("sort_key", "id")
    return [(institution.pk, institution.name) for institution in rows]


def choose_institution(request: HttpRequest, fitting: Iterable[int], chosen: int | None = None) -> int:
    """The institution an act is done for: the one chosen on the form, else the one acted for, else the only one.

    Raises:
        InvalidInputError: Several fit and none was chosen.
    """
    ids = set(fitting)
    acting = acting_institution_id(request)
    for candidate in (chosen, acting):
        if candidate is not None and candidate in ids:
            return candidate
    if len(ids) == 1:
        return ids.pop()
    words = _("Choose the institution you act for.")
    raise InvalidInputError(words, code="institution_missing", fields={"institution": words})
