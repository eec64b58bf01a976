"""Points of feedback of a product: the card, the list, the makers' answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alliance.kernel.errors import InvalidInputError, NotFoundError
from alliance.kernel.permissions import can, require
from alliance.kernel.tables import csv_response
from alliance.selectors.paging import paginate
from operations.actions.point import CLOSED_STATES, agree_change, answer_point
from operations.choices import DefectSeverity, PointSource, PointState, ProductState
from operations.forms.point import ChangeForm, PointForm
from operations.forms.product import show_refusal
from operations.permissions import ANSWER_POINT
from operations.selectors.point import (
    agreed_points,
    count_points,
    list_points,
    list_sites,
    list_versions,
    points_answered,
    points_open_to,
)
from operations.selectors.product import get_product
from operations.views.common import crumbs_of, frame, product_url, tenant_of

if TYPE_CHECKING:
    from operations.models import Product

EXPORT_LIMIT = 10_000
NAMED_SHOWN = 8


def points_card(request: HttpRequest, product: Product) -> dict[str, Any]:
    """The changes agreed, what waits for an answer, and what the release answered."""
    reach = points_open_to(product, request.user, at=timezone.now())
    agreed = agreed_points(product) if reach.sees_all else []
    done = sum(1 for point in agreed if point.state == PointState.DONE)
    counts = count_points(product, list_points(product, **reach.filters))
    named = points_answered(product)
    return {
        "agreed": agreed,
        "agreed_done": done,
        "agreed_line": _("%(done)s of %(total)s done") % {"done": done, "total": len(agreed)} if agreed else "",
        "point_counts": counts,
        "named_points": named[:NAMED_SHOWN],
        "named_count": len(named),
        "sees_points": reach.sees_all or counts.total > 0,
        "may_answer_points": product.state not in CLOSED_STATES and can(request.user, ANSWER_POINT, product),
        "may_agree": product.state in {ProductState.PILOTING, ProductState.IMPROVING}
        and can(request.user, ANSWER_POINT, product),
        "change_form": ChangeForm(auto_id="change_%s"),
        "may_compare": reach.sees_all or reach.tried,
    }


@login_required
@require_safe
def point_list(request: HttpRequest, code: str) -> HttpResponse:
    """What was said of a product and what became of it; the same list as CSV.

    Makers, office and committee read all of it; a site reads what it said itself, and everybody else what a release names.
    """
    alliance = tenant_of(request)
    product = get_product(alliance, code, reader=request.user)
    reach = points_open_to(product, request.user, at=timezone.now())
    every = list_points(product, **reach.filters)
    site_options = list_sites(every) if reach.sees_all else []
    version_options = list_versions(every)
    chosen: dict[str, Any] = {
        "states": [value for value in request.GET.getlist("state") if value in PointState.values],
        "sources": [value for value in request.GET.getlist("source") if value in PointSource.values],
        "severities": [value for value in request.GET.getlist("severity") if value in DefectSeverity.values],
        "versions": [int(value) for value in request.GET.getlist("version") if value.isdecimal() and len(value) < 5],
        "sites": [site.pk for site in site_options if site.code in request.GET.getlist("site")],
    }
    rows = list_points(product, **reach.filters, **chosen)
    if request.GET.get("format") == "csv":
        return _export(product, rows.order_by("-raised_at", "-id")[:EXPORT_LIMIT], names_sites=reach.names_sites)
    page = paginate(rows, request.GET, order=("-raised_at", "-id"))
    query = request.GET.copy()
    for name in ("after", "before"):
        query.pop(name, None)
    query["format"] = "csv"
    context = {
        **frame(request),
        "product": product,
        "page": page,
        "reach": reach,
        "counts": count_points(product, every),
        "csv_url": f"?{query.urlencode()}",
        "facets": [
            _facet("state", _("State"), PointState.choices, chosen["states"]),
            _facet("source", pgettext("who said it", "From"), PointSource.choices, chosen["sources"]),
            _facet("severity", _("Severity"), DefectSeverity.choices, chosen["severities"]),
            _facet("version", _("Version"), [(value, str(value)) for value in version_options], chosen["versions"]),
            _facet(
                "site",
                _("Site"),
                [(site.code, site.name) for site in site_options],
                [site.code for site in site_options if site.pk in chosen["sites"]],
            ),
        ],
        "is_filtered": any(chosen.values()),
        "may_answer_points": product.state not in CLOSED_STATES and can(request.user, ANSWER_POINT, product),
        "list_url": reverse("point_list", kwargs={"code": code}),
        "crumbs": crumbs_of(request, product, _("Points of feedback")),
    }
    return render(request, "operations/point_list.html", context)


def _facet(name: str, label: str, options: Any, chosen: list[Any]) -> dict[str, Any]:
    return {
        "name": name,
        "label": label,
        "options": [{"value": value, "label": text, "selected": value in chosen} for value, text in options],
    }


def _export(product: Product, rows: Any, *, names_sites: bool) -> HttpResponse:
    header = [
        _("point"),
        _("from"),
        _("severity"),
        _("version"),
        _("round"),
        _("institution"),
        _("said at"),
        _("in English"),
        _("in Chinese"),
        _("state"),
        _("answer"),
        _("answered at"),
        _("done in version"),
        _("named by the release of version"),
    ]

    def line(point: Any) -> list[Any]:
        named = names_sites or (point.participant is not None and point.participant.is_public)
        return [
            point.key,
            point.source,
            point.severity,
            point.version,
            point.pilot.round if point.pilot else None,
            point.participant.institution.code if point.participant and named else "",
            point.raised_at,
            point.text_en,
            point.text_zh,
            point.state,
            point.answer,
            point.answered_at,
            point.done_in,
            point.named_in,
        ]

    return csv_response(f"{product.code}-points", header, (line(point) for point in rows))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def point_answer(request: HttpRequest, code: str, key: str) -> HttpResponse:
    """Answer a point: accept it, decline it with the reason, or say in which version it is done."""
    alliance = tenant_of(request)
    product = get_product(alliance, code, reader=request.user)
    require(request.user, ANSWER_POINT, product)
    reach = points_open_to(product, request.user, at=timezone.now())
    point = list_points(product, **reach.filters).filter(key=key).first()
    if point is None:
        raise NotFoundError
    following = product.version + 1
    state = PointState.ACCEPTED.value if point.state == PointState.OPEN else point.state
    form = PointForm(
        request.POST or None,
        first=point.version,
        following=following,
        initial={"state": state, "answer": point.answer, "done_in": point.done_in or following},
    )
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            data = form.cleaned_data
            try:
                answer_point(
                    alliance,
                    code,
                    key,
                    state=data["state"],
                    answer=data["answer"],
                    done_in=data["done_in"] if data["state"] == PointState.DONE else None,
                    actor=request.user,  # type: ignore[arg-type]
                    at=timezone.now(),
                )
            except InvalidInputError as refusal:
                show_refusal(form, refusal)
            else:
                messages.success(request, _("Answer saved. Those who said it are told."))
                return redirect("point_list", code=code)
    context = {
        **frame(request),
        "product": product,
        "point": point,
        "form": form,
        "cancel_url": reverse("point_list", kwargs={"code": code}),
        "crumbs": crumbs_of(request, product, _("Points of feedback")),
    }
    return render(request, "operations/point_answer.html", context, status=status)


@login_required
@require_POST
def change_add(request: HttpRequest, code: str) -> HttpResponse:
    """Agree on a change."""
    alliance = tenant_of(request)
    product = get_product(alliance, code, reader=request.user)
    form = ChangeForm(request.POST, auto_id="change_%s")
    if not form.is_valid():
        messages.error(request, _("Say in one sentence what shall change, in up to 300 characters."))
        return redirect(f"{product_url(product)}#changes")
    agree_change(
        alliance,
        code,
        actor=request.user,  # type: ignore[arg-type]
        text=form.cleaned_data["text"],
        at=timezone.now(),
    )
    messages.success(request, _("Change agreed."))
    return redirect(f"{product_url(product)}#changes")
