"""What clients' feedback adds up to, and the marks behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from alliance.kernel import charts
from alliance.kernel.errors import NotFoundError
from alliance.kernel.formats import format_day, format_percent
from alliance.kernel.permissions import require
from alliance.kernel.tables import csv_response
from evaluation.permissions import VIEW_FEEDBACK
from evaluation.selectors.feedback import (
    METHOD_VERSION,
    PRIOR_STRENGTH,
    count_entries_without_result,
    get_feedback_page,
    list_latest_results,
)
from services.choices import ClientKind

if TYPE_CHECKING:
    from alliance.kernel.requests import AllianceRequest


@require_safe
def feedback_list(request: AllianceRequest) -> HttpResponse:
    """Satisfaction by service with its interval, best adjusted mean first; four queries beside the frame's."""
    request.nav_key = "evaluation"
    require(request.user, VIEW_FEEDBACK, request.alliance)
    results = list(list_latest_results(request.alliance))
    if request.GET.get("format") == "csv":
        header = [
            "code",
            "title_en",
            "title_zh",
            "n",
            "satisfied",
            "csat",
            "csat_lower",
            "csat_upper",
            "mean",
            "adjusted_mean",
        ]
        rows = [
            (r.entry.code, r.entry.title_en, r.entry.title_zh, r.responses, r.satisfied, r.csat, r.csat_lower, r.csat_upper, r.mean,
             r.adjusted_mean)
            for r in results
        ]  # fmt: skip
        return csv_response("user-feedback.csv", header, rows)
    rated = [result for result in results if result.responses]
    chart = None
    if rated:
        best = max(rated, key=lambda result: result.csat or 0)
        chart = charts.draw(
            charts.IntervalDots(
                finding=_("Most satisfied clients: %(title)s, %(share)s of %(n)s.")
                % {"title": best.entry.title, "share": format_percent(best.csat), "n": best.responses},
                rows=[
                    charts.Estimate(
                        result.entry.title,
                        float(result.csat or 0),
                        float(result.csat_lower or 0),
                        float(result.csat_upper or 0),
                        result.responses,
                    )
                    for result in rated
                ],
                low=0.0,
                high=1.0,
                value_label=_("Share satisfied"),
                row_label=_("Service"),
                write=format_percent,
            ),
            csv_url="?format=csv",
        )
    context = {
        "results": results,
        "chart": chart,
        "unrated": count_entries_without_result(request.alliance),
        "responses": sum(result.responses for result in results),
        "strength": PRIOR_STRENGTH,
        "version": METHOD_VERSION,
    }
    return render(request, "evaluation/feedback_list.html", context)


@require_safe
def feedback_detail(request: AllianceRequest, code: str) -> HttpResponse:
    """One service: figures, the marks they come from, and how they moved."""
    request.nav_key = "evaluation"
    require(request.user, VIEW_FEEDBACK, request.alliance)
    found = get_feedback_page(request.alliance, code)
    if found is None:
        raise NotFoundError
    if request.GET.get("format") == "csv":
        rows = [(r.uuid, r.score, r.client_kind, r.confirmed_at) for r in found.marks]
        return csv_response(f"feedback-{code}.csv", ["rating", "mark", "client", "confirmed_at"], rows)
    trend = None
    points = [result for result in reversed(found.history) if result.mean is not None][-24:]
    if len(points) > 1:
        language = get_language()
        trend = charts.draw(
            charts.LineChart(
                finding=_("The mean mark moved from %(first)s to %(last)s.")
                % {"first": f"{points[0].mean:.2f}", "last": f"{points[-1].mean:.2f}"},
                periods=[format_day(timezone.localtime(result.computed_at).date(), language) for result in points],
                series=[charts.Series(_("Mean mark"), [float(result.mean or 0) for result in points])],
                low=1.0,
                high=5.0,
                period_label=_("Computed on"),
            )
        )
    context = {
        "found": found,
        "entry": found.entry,
        "latest": found.latest,
        "marks": found.marks,
        "clients": [(ClientKind(kind).label, count) for kind, count in found.by_client.items()],
        "trend": trend,
        "crumbs": [{"label": _("Evaluation"), "url": reverse("feedback_list")}, {"label": found.entry.title}],
    }
    return render(request, "evaluation/feedback_detail.html", context)
