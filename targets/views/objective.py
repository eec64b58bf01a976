"""Objectives: how they stand, what moved them, and the records behind each figure."""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from alliance.actions.idempotency import once
from alliance.kernel import charts
from alliance.kernel.errors import InvalidInputError, NotFoundError
from alliance.kernel.formats import format_day, format_number
from alliance.kernel.permissions import can, require
from alliance.kernel.tables import csv_response
from targets.actions.objective import ObjectiveFields, report_measurement, set_objective
from targets.choices import ObjectiveStatus
from targets.forms.objective import MeasurementForm, ObjectiveForm
from targets.models import Measurement
from targets.permissions import REPORT_MEASUREMENT, SET_OBJECTIVE, VIEW_OBJECTIVE
from targets.selectors.objective import build_tiers, count_by_status, get_objective, get_objective_page, list_standings

if TYPE_CHECKING:
    from django import forms

    from alliance.kernel.indicators import RecordRef
    from alliance.kernel.requests import AllianceRequest

STATUS_COLOURS = {
    ObjectiveStatus.MET: "g2",
    ObjectiveStatus.ON_TRACK: "g1",
    ObjectiveStatus.AT_RISK: "g5",
    ObjectiveStatus.OFF_TRACK: "g3",
    ObjectiveStatus.UNMEASURED: "g6",
}


def _write(value: object) -> str:
    return format_number(value, 2)


def draw_status_bar(counts: dict[str, int]) -> charts.Chart:
    """How many objectives stand how, as one stacked bar."""
    good = counts[ObjectiveStatus.MET] + counts[ObjectiveStatus.ON_TRACK]
    return charts.draw(
        charts.StackedBar(
            finding=_("%(good)s of %(all)s objectives are met or on track.") % {"good": good, "all": sum(counts.values())},
            parts=[
                charts.Part(capfirst(ObjectiveStatus(status).label), count, STATUS_COLOURS[ObjectiveStatus(status)])
                for status, count in counts.items()
                if count
            ],
            value_label=_("Objectives"),
        )
    )


@require_safe
def objective_list(request: AllianceRequest) -> HttpResponse:
    """The three tiers as trees with values, progress and status."""
    request.nav_key = "objectives"
    require(request.user, VIEW_OBJECTIVE, request.alliance)
    standings = list_standings(request.alliance, timezone.localdate())
    if request.GET.get("format") == "csv":
        header = ["code", "tier", "title_en", "title_zh", "value", "unit", "baseline", "target", "by", "status"]
        rows = [
            (s.objective.code, s.objective.tier, s.objective.title_en, s.objective.title_zh, s.value, s.objective.unit,
             s.objective.baseline, s.objective.target_value, s.objective.target_on, s.judgement.status)
            for s in standings
        ]  # fmt: skip
        return csv_response("objectives.csv", header, rows)
    counts = count_by_status(standings)
    context = {
        "tiers": build_tiers(standings),
        "has_objectives": bool(standings),
        "chart": draw_status_bar(counts) if standings else None,
        "counts": [(ObjectiveStatus(status).label, count) for status, count in counts.items()],
        "may_set": can(request.user, SET_OBJECTIVE, request.alliance),
    }
    return render(request, "targets/objective_list.html", context)


def _links(records: list[RecordRef]) -> list[dict[str, Any]]:
    rows = []
    for record in records:
        try:
            url = reverse(record.url_name, kwargs=dict(record.url_kwargs))
        except NoReverseMatch:
            url = ""
        rows.append({"label": record.label, "url": url, "detail": record.detail})
    return rows


@require_safe
def objective_detail(request: AllianceRequest, code: str) -> HttpResponse:
    """One objective: its trend, every value ever noted, and the records behind the newest."""
    request.nav_key = "objectives"
    require(request.user, VIEW_OBJECTIVE, request.alliance)
    page = get_objective_page(request.alliance, code, timezone.localdate())
    if page is None:
        raise NotFoundError
    objective = page.standing.objective
    if request.GET.get("format") == "csv":
        rows = [
            (row.measurement.at, row.measurement.value, row.measurement.source, row.measurement.evidence)
            for row in page.rows
        ]
        return csv_response(f"objective-{code}.csv", ["at", "value", "source", "evidence"], rows)
    context = {
        "page": page,
        "objective": objective,
        "standing": page.standing,
        "records": _links(page.records),
        "trend": _draw_trend(page.trend, float(objective.target_value)) if len(page.trend) > 1 else None,
        "may_report": not objective.provider and can(request.user, REPORT_MEASUREMENT, objective),
        "may_set": can(request.user, SET_OBJECTIVE, request.alliance),
        "crumbs": [{"label": _("Objectives"), "url": reverse("objective_list")}, {"label": objective.code}],
    }
    return render(request, "targets/objective_detail.html", context)


def _draw_trend(points: list[Measurement], target: float) -> charts.Chart:
    language = get_language()
    first, last = points[0], points[-1]
    values = [float(point.value) for point in points]
    low, high = min([*values, target]), max([*values, target])
    room = (high - low) * 0.1 or 1.0
    return charts.draw(
        charts.LineChart(
            finding=_("From %(first)s to %(last)s; the target is %(target)s.")
            % {"first": _write(first.value), "last": _write(last.value), "target": _write(target)},
            periods=[format_day(timezone.localtime(point.at).date(), language) for point in points],
            series=[charts.Series(_("Value"), values), charts.Series(_("Target"), [target] * len(points))],
            low=0.0 if low >= 0 else low - room,
            high=high + room,
            write=_write,
            period_label=_("Day"),
        ),
        csv_url="?format=csv",
    )


@require_http_methods(["GET", "HEAD", "POST"])
@once
def objective_create(request: AllianceRequest) -> HttpResponse:
    """Set a new objective."""
    return _edit(request, "")


@require_http_methods(["GET", "HEAD", "POST"])
def objective_change(request: AllianceRequest, code: str) -> HttpResponse:
    """Change an objective; its values stay."""
    return _edit(request, code)


def _edit(request: AllianceRequest, code: str) -> HttpResponse:
    request.nav_key = "objectives"
    require(request.user, SET_OBJECTIVE, request.alliance)
    objective = get_objective(request.alliance, code) if code else None
    if code and objective is None:
        raise NotFoundError
    form = ObjectiveForm(request.POST or None, objective=objective)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            given = {
                name: form.cleaned_data[name]
                for name in form.cleaned_data
                if not name.startswith("param__") and name != "code"
            }
            wanted = code or form.cleaned_data["code"]
            if not code and get_objective(request.alliance, wanted) is not None:
                form.add_error("code", _("An objective has this code already."))
            else:
                try:
                    set_objective(
                        request.alliance,
                        wanted,
                        ObjectiveFields(**given, params=form.params()),
                        actor=request.user,
                        at=timezone.now(),
                    )
                except InvalidInputError as refusal:
                    _show(form, refusal)
                else:
                    messages.success(request, _("Saved: %(code)s.") % {"code": wanted})
                    return HttpResponseRedirect(reverse("objective_detail", kwargs={"code": wanted}))
    crumbs = [{"label": _("Objectives"), "url": reverse("objective_list")}]
    if objective is not None:
        crumbs.append({"label": objective.code, "url": reverse("objective_detail", kwargs={"code": objective.code})})
    crumbs.append({"label": _("Change") if objective else _("New objective"), "url": ""})
    return render(
        request, "targets/objective_edit.html", {"form": form, "objective": objective, "crumbs": crumbs}, status=status
    )


def _show(form: forms.BaseForm, refusal: InvalidInputError) -> None:
    """A refusal beside the fields it concerns, else above the form."""
    for name, reason in refusal.fields.items():
        form.add_error(name if name in form.fields else None, str(reason))
    if not refusal.fields:
        form.add_error(None, str(refusal.reason))


@require_http_methods(["GET", "HEAD", "POST"])
@once
def measurement_report(request: AllianceRequest, code: str) -> HttpResponse:
    """Report a value; with ``?replaces=`` the correction of an earlier one."""
    request.nav_key = "objectives"
    objective = get_objective(request.alliance, code)
    if objective is None:
        raise NotFoundError
    require(request.user, REPORT_MEASUREMENT, objective)
    replaces = _replaced(request, objective.pk)
    initial = {"measured_on": timezone.localdate()}
    if replaces is not None:
        initial["measured_on"] = timezone.localtime(replaces.at).date()
    form = MeasurementForm(request.POST or None, initial=initial)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            now = timezone.now()
            day = form.cleaned_data["measured_on"]
            noon = datetime.combine(day, time(12), tzinfo=timezone.get_current_timezone())
            try:
                report_measurement(
                    request.alliance,
                    code,
                    value=form.cleaned_data["value"],
                    measured_at=min(noon, now) if day <= timezone.localdate(now) else noon,
                    evidence=form.cleaned_data["evidence"],
                    actor=request.user,
                    at=now,
                    replaces=replaces.uuid if replaces else None,
                )
            except InvalidInputError as refusal:
                if "measured_at" in refusal.fields:
                    refusal.fields["measured_on"] = refusal.fields.pop("measured_at")
                _show(form, refusal)
            else:
                messages.success(request, _("The value is noted."))
                return HttpResponseRedirect(reverse("objective_detail", kwargs={"code": code}))
    context = {
        "form": form,
        "objective": objective,
        "replaces": replaces,
        "crumbs": [
            {"label": _("Objectives"), "url": reverse("objective_list")},
            {"label": objective.code, "url": reverse("objective_detail", kwargs={"code": code})},
            {"label": _("Report a value"), "url": ""},
        ],
    }
    return render(request, "targets/measurement_report.html", context, status=status)


def _replaced(request: AllianceRequest, objective_id: int) -> Measurement | None:
    wanted = request.GET.get("replaces", "")
    if not wanted:
        return None
    try:
        found = Measurement.objects.of(request.alliance).filter(objective_id=objective_id, uuid=UUID(wanted)).first()
    except ValueError:
        found = None
    if found is None:
        raise NotFoundError
    return found
