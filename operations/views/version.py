"""A product's versions: the list, one as it stood, the difference between any two; and the next version."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from alliance.kernel.errors import NotFoundError
from alliance.kernel.permissions import can, require
from alliance.kernel.rich_text import render_markdown
from alliance.templatetags.ui import pick_bilingual
from operations.actions.next_version import begin_next_version
from operations.choices import ProductState
from operations.kinds import show_details
from operations.models import Product
from operations.permissions import BEGIN_NEXT_VERSION, OPEN_PRODUCT_FILE
from operations.selectors.kind import form_of
from operations.selectors.product import get_product
from operations.selectors.reference import open_successor
from operations.selectors.version import compare_versions, files_of_version, find_version, list_versions
from operations.views.common import crumbs_of, frame, product_url, tenant_of

SHOWN = 5


def versions_card(request: HttpRequest, product: Product) -> dict[str, Any]:
    """The latest versions, the version before and after, and the values of the kind's fields."""
    versions = list_versions(product)
    successor = open_successor(product)
    predecessor = product.predecessor if product.predecessor_id else None
    return {
        "versions": versions[:SHOWN],
        "version_count": len(versions),
        "details": show_details(form_of(product), product.details),
        "successor": successor,
        "predecessor": predecessor,
        "may_begin_next": product.state == ProductState.RELEASED
        and successor is None
        and can(request.user, BEGIN_NEXT_VERSION, product),
    }


@login_required
@require_safe
def version_list(request: HttpRequest, code: str) -> HttpResponse:
    """Every version that was handed over, and two of them to compare."""
    product = get_product(tenant_of(request), code, reader=request.user)
    versions = list_versions(product)
    context = {
        **frame(request),
        "product": product,
        "versions": versions,
        "crumbs": crumbs_of(request, product, _("Versions")),
    }
    return render(request, "operations/version_list.html", context)


@login_required
@require_safe
def version_detail(request: HttpRequest, code: str, serial: int) -> HttpResponse:
    """One version as it stood."""
    product = get_product(tenant_of(request), code, reader=request.user)
    version = find_version(product, serial)
    if version is None:
        raise NotFoundError
    files = files_of_version(version)
    for one in files:
        if one.row is not None:
            one.row.product = product
    context = {
        **frame(request),
        "product": product,
        "version": version,
        "earlier": find_version(product, serial - 1) if serial > 1 else None,
        "details": show_details(form_of(version), version.details),
        "files": [(one, one.row is not None and can(request.user, OPEN_PRODUCT_FILE, one.row)) for one in files],
        "bodies": [
            (language, render_markdown(getattr(version, f"body_{suffix}")))
            for suffix, language in (("en", "en"), ("zh", "zh-Hans"))
            if getattr(version, f"body_{suffix}")
        ],
        "summary": pick_bilingual(version, "summary")[0],
        "crumbs": crumbs_of(request, product, _("Version %(number)s") % {"number": version.number}),
    }
    return render(request, "operations/version_detail.html", context)


@login_required
@require_safe
def version_compare(request: HttpRequest, code: str) -> HttpResponse:
    """What changed from one version to another; without a choice, from the last but one to the last."""
    product = get_product(tenant_of(request), code, reader=request.user)
    versions = list_versions(product)
    serials = [version.serial for version in versions]
    new = _chosen(request, "new", serials[0] if serials else 0, serials)
    old = _chosen(request, "old", serials[1] if len(serials) > 1 else 0, serials)
    if old > new:
        old, new = new, old
    before, now = find_version(product, old), find_version(product, new)
    context = {
        **frame(request),
        "product": product,
        "versions": versions,
        "old": before,
        "new": now,
        "comparison": compare_versions(before, now) if before and now and old != new else None,
        "crumbs": crumbs_of(request, product, _("Differences")),
    }
    return render(request, "operations/version_compare.html", context)


def _chosen(request: HttpRequest, name: str, default: int, serials: list[int]) -> int:
    text = request.GET.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdecimal()) or len(text) > 5 or int(text) not in serials:
        raise NotFoundError
    return int(text)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def next_version(request: HttpRequest, code: str) -> HttpResponse:
    """Begin the next version of a released product."""
    alliance = tenant_of(request)
    product = get_product(alliance, code, reader=request.user)
    require(request.user, BEGIN_NEXT_VERSION, product)
    if request.method == "POST":
        successor = begin_next_version(alliance, code, actor=request.user, at=timezone.now())  # type: ignore[arg-type]
        messages.success(request, _("The next version is a draft now, with the texts of the released one."))
        return redirect("product_detail", code=successor.code)
    context = {
        **frame(request),
        "product": product,
        "successor": open_successor(product),
        "cancel_url": product_url(product),
        "crumbs": crumbs_of(request, product, _("Next version")),
    }
    return render(request, "operations/next_version.html", context)
