"""The console's first page: what to decide, then the five layers from live records."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from alliance.kernel import charts
from alliance.kernel.formats import format_half_year, format_number, format_percent, format_score
from alliance.kernel.permissions import require
from alliance.selectors.inbox import count_waiting, list_next
from operations.choices import ProductState
from services.choices import ServiceCategory
from targets.choices import ObjectiveStatus, ObjectiveTier
from targets.selectors.dashboard import get_dashboard

if TYPE_CHECKING:
    from alliance.kernel.requests import AllianceRequest
    from targets.selectors.dashboard import Dashboard

STATE_COLOURS = {
    ProductState.DRAFT: "g6",
    ProductState.IN_REVIEW: "g1",
    ProductState.TRANSFORMING: "g3",
    ProductState.PILOTING: "g4",
    ProductState.IMPROVING: "g5",
    ProductState.RELEASED: "g2",
}
MONTHS_SHOWN = 12


def url_or_empty(name: str, **kwargs: Any) -> str:
    """The address of a tenant route, empty where the module is not installed."""
    try:
        return reverse(name, kwargs=kwargs or None)
    except NoReverseMatch:
        return ""


def month_ends(on: date, count: int) -> list[date]:
    """The last days of the months before a day, then the day itself, rising."""
    days = [on]
    first = on.replace(day=1)
    while len(days) < count:
        last = first - timedelta(days=1)
        days.append(last)
        first = last.replace(day=1)
    return list(reversed(days))


def month_label(day: date) -> str:
    """A month on the axis of a chart."""
    if (get_language() or "").startswith("zh"):
        return f"{day.year}年{day.month}月" if day.month == 1 else f"{day.month}月"
    names = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{names[day.month - 1]} {day:%y}" if day.month == 1 else names[day.month - 1]


@require_safe
def dashboard(request: AllianceRequest) -> HttpResponse:
    """The dashboard."""
    request.nav_key = "dashboard"
    require(request.user, "alliance.view_console", request.alliance)
    now = timezone.now()
    on = timezone.localdate(now)
    days = month_ends(on, MONTHS_SHOWN)
    found = get_dashboard(request.alliance, now, on, days)
    if coverage_url := url_or_empty("coverage_matrix"):
        found.coverage.link(
            lambda group, element: url_or_empty("coverage_cell", group=group, element=element) or coverage_url
        )
    waiting = count_waiting(request.alliance, request.user)
    context = {
        "found": found,
        "period": format_half_year(on.year, 1 if on.month <= 6 else 2, get_language()),
        "now": now,
        "tiles": draw_tiles(found),
        "columns": [capfirst(column) for column in found.coverage.columns],
        "coverage_url": coverage_url,
        "inbox_url": url_or_empty("inbox"),
        "waiting": waiting,
        "inbox": list_next(request.alliance, request.user, at=now, limit=4) if waiting else [],
        "pipeline": _draw_pipeline(found),
        "pipeline_url": url_or_empty("pilot_board"),
        "due": [
            {
                "product": product,
                "url": url_or_empty("product_detail", code=product.code),
                "day": timezone.localtime(product.deadline).date() if product.deadline else product.due_on,
                "late_days": _late_days(product, on),
            }
            for product in found.pipeline.next_due
        ],
        "opinions": _draw_opinions(found),
        "balances": _draw_balances(found),
        "progress": _draw_progress(found, days),
    }
    return render(request, "targets/dashboard.html", context)


def _late_days(product: Any, on: date) -> int:
    day = timezone.localtime(product.deadline).date() if product.deadline else product.due_on
    return max(0, (on - day).days) if day else 0


def draw_tiles(found: Dashboard) -> list[dict[str, Any]]:
    """The five layers in their order."""
    coverage, pipeline = found.coverage, found.pipeline
    gaps = len(coverage.gaps)
    behind = found.statuses[ObjectiveStatus.OFF_TRACK]
    all_objectives = len(found.standings)
    ready = ngettext("%(count)s ready to release", "%(count)s ready to release", pipeline.ready) % {"count": pipeline.ready}
    ratings = ngettext("%(count)s rating", "%(count)s ratings", found.feedback.responses) % {
        "count": found.feedback.responses
    }
    services = ngettext("%(count)s service", "%(count)s services", found.services) % {"count": found.services}
    return [
        {
            "name": _("Elements"),
            "value": coverage.covered,
            "unit": _("of %(required)s cells") % {"required": coverage.required},
            "note": ngettext("%(count)s gap", "%(count)s gaps", gaps) % {"count": gaps} if gaps else "",
            "note_tone": "down",
            "note_rest": _("without a supplier") if gaps else _("Every required element has a supplier."),
            "url": url_or_empty("coverage_matrix"),
        },
        {
            "name": _("Organisation"),
            "value": format_number(found.institutions),
            "unit": ngettext("institution", "institutions", found.institutions),
            "note": "",
            "note_tone": "",
            "note_rest": _("%(groups)s groups · %(seats)s seats") % {"groups": len(coverage.rows), "seats": coverage.seats},
            "url": url_or_empty("institution_list"),
        },
        {
            "name": _("Operation"),
            "value": pipeline.in_pipeline,
            "unit": _("products on their way"),
            "note": _("%(count)s late") % {"count": pipeline.late} if pipeline.late else "",
            "note_tone": "down",
            "note_rest": f"· {ready}" if pipeline.late else ready,
            "url": url_or_empty("pilot_board"),
        },
        {
            "name": pgettext("layer", "Service"),
            "value": "—" if found.feedback.mean is None else format_score(found.feedback.mean, 1),
            "unit": _("of 5"),
            "note": "",
            "note_tone": "",
            "note_rest": f"{ratings} · {services}",
            "url": url_or_empty("feedback_list"),
        },
        {
            "name": pgettext("layer", "Target"),
            "value": found.objectives_good,
            "unit": _("of %(all)s on track") % {"all": all_objectives},
            "note": _("%(count)s behind") % {"count": behind} if behind else "",
            "note_tone": "down",
            "note_rest": "" if behind else _("None is behind."),
            "url": url_or_empty("objective_list"),
        },
    ]


def _draw_pipeline(found: Dashboard) -> charts.Chart:
    return charts.draw(
        charts.StackedBar(
            finding=_("%(count)s products are on their way, %(pilots)s of them in pilot.")
            % {"count": found.pipeline.in_pipeline, "pilots": found.pipeline.in_pilot},
            parts=[
                charts.Part(capfirst(ProductState(state).label), count, STATE_COLOURS[ProductState(state)])
                for state, count in found.pipeline.counts.items()
                if count
            ],
            value_label=_("Products"),
        )
    )


def _draw_opinions(found: Dashboard) -> charts.Chart | None:
    total = sum(opinion.total for opinion in found.opinions)
    if not total:
        return None
    satisfied = sum(opinion.satisfied for opinion in found.opinions)
    return charts.draw(
        charts.CategoryBars(
            finding=_("%(share)s of %(count)s ratings are 4 or 5.")
            % {"share": format_percent(satisfied / total), "count": total},
            segments=[
                charts.Segment(_("4 and 5"), "g2"),
                charts.Segment(pgettext("mark", "3"), "g5"),
                charts.Segment(_("1 and 2"), "g3"),
            ],
            rows=[
                charts.Category(
                    capfirst(ServiceCategory(opinion.category).label),
                    [opinion.satisfied, opinion.middling, opinion.dissatisfied],
                )
                for opinion in found.opinions
            ],
            row_label=_("Category"),
        ),
        csv_url="",
    )


def _draw_balances(found: Dashboard) -> charts.Chart | None:
    demand, supply = sum(b.demand for b in found.balances), sum(b.supply for b in found.balances)
    if not demand and not supply:
        return None
    return charts.draw(
        charts.MirroredBars(
            finding=_("%(demand)s open demands stand against %(supply)s open supplies.")
            % {"demand": demand, "supply": supply},
            left_label=pgettext("side of a listing", "Demand"),
            right_label=pgettext("side of a listing", "Supply"),
            rows=[charts.Pair(capfirst(ServiceCategory(b.category).label), b.demand, b.supply) for b in found.balances],
            row_label=_("Category"),
        )
    )


def _draw_progress(found: Dashboard, days: list[date]) -> charts.Chart | None:
    series = []
    for tier, points in found.progress.items():
        if any(point.value is not None for point in points):
            label = capfirst(ObjectiveTier(tier).label)
            series.append(charts.Series(label, [None if point.value is None else 100 * point.value for point in points]))
    if not series:
        return None
    latest = [values[-1] for values in (line.values for line in series) if values[-1] is not None]
    mean = sum(value for value in latest if value is not None) / len(latest) if latest else 0
    return charts.draw(
        charts.LineChart(
            finding=_("On average the objectives have gone %(share)s of the way to their targets.")
            % {"share": format_percent(mean / 100)},
            periods=[month_label(day) for day in days],
            series=series,
            low=0.0,
            high=100.0,
            write=lambda value: f"{format_number(value)}%",
            period_label=_("Month"),
        )
    )
