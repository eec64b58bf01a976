"""The comparison page: before and after, round against round, and what became of the feedback."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from alliance.kernel.permissions import can, require
from alliance.kernel.tables import csv_response
from groups.actions.conflict import refuse_kept_aside
from members.models import Institution
from operations.choices import PointState
from operations.permissions import VIEW_ANSWERS, own_institutions
from operations.selectors.comparison import comparison_header, comparison_rows, draw_changes, get_comparison
from operations.selectors.pilot import count_scores, draw_opinions
from operations.selectors.product import get_product, latest_pilot
from operations.views.common import crumbs_of, frame, tenant_of

if TYPE_CHECKING:
    from operations.models import Product


def _sites_open_to(request: HttpRequest, product: Product) -> set[str] | None:
    """Codes of the institutions whose rows the reader may see; None: all of them.

    Raises:
        PermissionRefusedError: Neither may the reader read the answers, nor is the own institution a pilot firm.
        ConflictOfInterestError: The reader's institution stands aside from this product.
    """
    refuse_kept_aside(product.alliance, request.user, product.matter)  # type: ignore[arg-type]
    if can(request.user, VIEW_ANSWERS, product):
        return None
    mine = own_institutions(request.user, product.alliance, at=timezone.now()) & product.pilot_institution_ids
    if not mine:
        require(request.user, VIEW_ANSWERS, product)
    return set(Institution.objects.of(product.alliance).filter(pk__in=mine).values_list("code", flat=True))


@login_required
@require_safe
def product_comparison(request: HttpRequest, code: str) -> HttpResponse:
    """Before and after per measure and site, the criteria, what improved between rounds, points by state; also as CSV.

    A pilot firm reads decided rounds: the figures over all sites, and its own rows.
    """
    product = get_product(tenant_of(request), code, reader=request.user)
    only = _sites_open_to(request, product)
    csv_url = f"{reverse('product_comparison', kwargs={'code': code})}?format=csv"
    comparison = get_comparison(product, list(product.pilots.all()), only=only, csv_url=csv_url)
    if request.GET.get("format") == "csv":
        return csv_response(f"{product.code}-comparison", comparison_header(), comparison_rows(comparison))
    pilot = latest_pilot(product)
    context: dict[str, Any] = {
        **frame(request),
        "product": product,
        "comparison": comparison,
        "rounds": [
            {"view": view, "measures": [{"measure": m, "chart": draw_changes(m)} for m in view.measures]}
            for view in comparison.rounds
        ],
        "opinions": draw_opinions(count_scores(pilot)) if pilot is not None and only is None else None,
        "opinions_round": pilot,
        "sees_all": only is None,
        "states": [label for _value, label in PointState.choices],
        "csv_url": csv_url,
        "crumbs": crumbs_of(request, product, _("Comparison")),
    }
    return render(request, "operations/product_comparison.html", context)
