"""Pages of responsibilities: overview and decisions in the console, answers and reports in the portal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from alliance.actions.idempotency import once
from alliance.kernel.errors import InvalidInputError, NotFoundError
from alliance.kernel.permissions import can, require
from alliance.kernel.tables import csv_response
from alliance.selectors.paging import paginate
from groups.actions.responsibility import (
    Wording,
    accept_report,
    acknowledge_responsibility,
    complete_responsibility,
    decline_responsibility,
    end_responsibility,
    hand_over_responsibility,
    open_report,
    propose_responsibility,
    return_report,
    submit_report,
)
from groups.choices import GroupKind, ReportPeriod, ReportState, ResponsibilityState
from groups.forms.charter import (
    ConfirmForm,
    DeclineForm,
    HandOverForm,
    RemarkForm,
    ReportForm,
    ResponsibilityForm,
)
from groups.permissions import (
    ANSWER_RESPONSIBILITY,
    PROPOSE_RESPONSIBILITY,
    REPORT_RESPONSIBILITY,
    SETTLE_RESPONSIBILITY,
    VIEW_RESPONSIBILITIES,
    VIEW_RESPONSIBILITY,
)
from groups.selectors.responsibility import (
    OPEN_REPORTS,
    OPEN_STATES,
    count_by_group,
    count_by_institution,
    find_responsibility,
    list_reports,
    list_responsibilities,
)
from groups.views.group import enter_console
from groups.views.promise import PORTAL, own_institution, take_step
from members.models import Institution

if TYPE_CHECKING:
    from alliance.kernel.requests import AllianceRequest
    from alliance.models import Alliance
    from groups.models import Responsibility, ResponsibilityReport

EXPORT_LIMIT = 20_000


def _find(alliance: Alliance, code: str, reader: Any) -> Responsibility:
    """A responsibility that the reader may see.

    Raises:
        NotFoundError: There is none, or it is not open to the reader.
    """
    found = find_responsibility(alliance, code)
    if found is None or not can(reader, VIEW_RESPONSIBILITY, found):
        raise NotFoundError
    return found


def _report(found: Responsibility, report_id: int) -> ResponsibilityReport:
    report = list_reports(found).filter(pk=report_id).first()
    if report is None:
        raise NotFoundError
    return report


# ----------------------------------------------------------------------------------------------------------- console


@require_safe
@login_required
def responsibility_list(request: AllianceRequest) -> HttpResponse:
    """Who does what by when: counts by group and institution, the list with filters, and the same list as CSV."""
    alliance = enter_console(request, "responsibilities")
    require(request.user, VIEW_RESPONSIBILITIES, alliance)
    today = timezone.localdate()
    groups = [kind for kind in request.GET.getlist("group") if kind in GroupKind.values]
    states = [state for state in request.GET.getlist("state") if state in ResponsibilityState.values]
    late = request.GET.get("late") == "1"
    text = request.GET.get("q", "").strip()[:100]
    rows = list_responsibilities(alliance, on=today, groups=groups, states=states, late=late, text=text)
    if request.GET.get("format") == "csv":
        return _export(rows[:EXPORT_LIMIT])
    query = request.GET.copy()
    for name in ("after", "before"):
        query.pop(name, None)
    query["format"] = "csv"
    context = {
        "page": paginate(rows, request.GET, ("-created_at", "-id")),
        "csv_url": f"?{query.urlencode()}",
        "by_group": count_by_group(alliance, today),
        "by_institution": count_by_institution(alliance, today, most=10),
        "facets": [
            {
                "name": "group",
                "label": _("Group"),
                "options": [
                    {"value": kind, "label": label, "selected": kind in groups, "group_kind": kind, "count": None}
                    for kind, label in GroupKind.choices
                ],
            },
            {
                "name": "state",
                "label": _("State"),
                "options": [
                    {"value": value, "label": label, "selected": value in states, "count": None}
                    for value, label in ResponsibilityState.choices
                ],
            },
            {
                "name": "late",
                "label": _("Reports"),
                "options": [{"value": "1", "label": _("overdue"), "selected": late, "count": None}],
            },
        ],
        "kept": [("q", text)] if text else [],
        "q": text,
        "is_filtered": bool(groups or states or late or text),
        "may_propose": can(request.user, PROPOSE_RESPONSIBILITY, alliance),
    }
    return render(request, "groups/responsibility_list.html", context)


def _export(rows: Any) -> HttpResponse:
    header = [
        _("code"),
        _("institution"),
        _("group"),
        _("state"),
        _("duty in English"),
        _("duty in Chinese"),
        _("measured by, in English"),
        _("measured by, in Chinese"),
        _("reported on"),
        _("from"),
        _("to be done by"),
        _("acknowledged"),
        _("reports accepted"),
        _("reports overdue"),
    ]
    return csv_response(
        "responsibilities",
        header,
        (
            [
                row.code,
                row.institution.code,
                row.group.kind,
                row.state,
                row.duty_en,
                row.duty_zh,
                row.measure_en,
                row.measure_zh,
                row.period,
                row.starts_on,
                row.due_on,
                row.acknowledged_at,
                row.done,
                row.late,
            ]
            for row in rows
        ),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def responsibility_new(request: AllianceRequest) -> HttpResponse:
    """Propose a responsibility."""
    alliance = enter_console(request, "responsibilities")
    require(request.user, PROPOSE_RESPONSIBILITY, alliance)
    form = ResponsibilityForm(request.POST or None, initial={"starts_on": timezone.localdate(), "period": "quarterly"})

    def act(values: dict[str, Any]) -> Responsibility:
        wording = {name: value for name, value in values.items() if name not in {"institution", "group"}}
        return propose_responsibility(
            alliance,
            values["institution"].strip(),
            values["group"],
            Wording(**wording),
            actor=request.user,
            at=timezone.now(),
        )

    return take_step(
        request,
        form,
        act,
        heading=_("Propose a responsibility"),
        hint=_("Who, in which group, does what by when, measured how. It binds once the institution has acknowledged it."),
        done=_("Proposed. The institution is asked to acknowledge it."),
        submit=_("Propose"),
        back=reverse("responsibility_list"),
        to=lambda found: reverse("responsibility_detail", kwargs={"code": found.code}),
    )


def _detail_context(found: Responsibility) -> dict[str, Any]:
    return {
        "responsibility": found,
        "reports": list(list_reports(found)[:100]),
        "today": timezone.localdate(),
        "open_states": OPEN_REPORTS,
        "by_calendar": found.period != ReportPeriod.PER_PILOT,
    }


@require_safe
@login_required
def responsibility_detail(request: AllianceRequest, code: str) -> HttpResponse:
    """One responsibility with its reports, for the office and the committee."""
    alliance = enter_console(request, "responsibilities")
    found = _find(alliance, code, request.user)
    context = _detail_context(found) | {
        "may_settle": can(request.user, SETTLE_RESPONSIBILITY, found),
        "is_open": found.state in {*OPEN_STATES, ResponsibilityState.DECLINED},
        "crumbs": [{"label": _("Responsibilities"), "url": reverse("responsibility_list")}, {"label": code, "url": ""}],
    }
    return render(request, "groups/responsibility_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def responsibility_step(request: AllianceRequest, code: str, step: str) -> HttpResponse:
    """Note a responsibility as done, end it, or hand it over."""
    alliance = enter_console(request, "responsibilities")
    found = _find(alliance, code, request.user)
    require(request.user, SETTLE_RESPONSIBILITY, found)
    back = reverse("responsibility_detail", kwargs={"code": code})
    now = timezone.now()
    posted = request.POST if request.method == "POST" else None
    if step == "done":
        return take_step(
            request,
            ConfirmForm(posted),
            lambda _values: complete_responsibility(alliance, code, actor=request.user, at=now),
            heading=_("Note %(code)s as done?") % {"code": code},
            hint=_("No further report is asked for."),
            done=_("Noted as done."),
            submit=_("Note as done"),
            back=back,
        )
    if step == "end":
        return take_step(
            request,
            ConfirmForm(posted),
            lambda _values: end_responsibility(alliance, code, actor=request.user, at=now),
            heading=_("End %(code)s without a successor?") % {"code": code},
            hint=_("It stays on record with its reports; no further report is asked for."),
            done=_("The responsibility was ended."),
            submit=_("End it"),
            back=back,
            danger=True,
        )
    if step != "hand-over":
        raise NotFoundError

    def hand_over(values: dict[str, Any]) -> Responsibility | None:
        to = Institution.objects.of(alliance).filter(code=values["institution"].strip()).first()
        if to is None:
            words = _("No institution of this alliance has that code.")
            raise InvalidInputError(words, code="institution_unknown", fields={"institution": words})
        return hand_over_responsibility(alliance, code, to, actor=request.user, at=now)

    return take_step(
        request,
        HandOverForm(posted),
        hand_over,
        heading=_("Hand over %(code)s") % {"code": code},
        hint=_("The other institution must work in the same group; it is asked to acknowledge the responsibility."),
        done=_("Handed over. The other institution is asked to acknowledge it."),
        submit=_("Hand over"),
        back=back,
        names={"group": "institution"},
        to=lambda following: reverse("responsibility_detail", kwargs={"code": following.code}),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def responsibility_report(request: AllianceRequest, code: str, report: int) -> HttpResponse:
    """Accept a report or send it back."""
    alliance = enter_console(request, "responsibilities")
    found = _find(alliance, code, request.user)
    require(request.user, SETTLE_RESPONSIBILITY, found)
    row = _report(found, report)

    def act(values: dict[str, Any]) -> ResponsibilityReport:
        settle = accept_report if values["verdict"] == "accept" else return_report
        return settle(alliance, code, row.pk, remark=values["remark"], actor=request.user, at=timezone.now())

    met = {True: _("The measure was met."), False: _("The measure was not met."), None: ""}[row.measure_met]
    return take_step(
        request,
        RemarkForm(request.POST or None),
        act,
        heading=_("Report on %(code)s, due on %(day)s") % {"code": code, "day": row.due_on},
        lines=[
            line
            for line in (row.text, met, _("Figure: %(figure)s") % {"figure": row.figure} if row.figure is not None else "")
            if line
        ],
        done=_("Your word on the report was noted."),
        submit=_("Save"),
        back=reverse("responsibility_detail", kwargs={"code": code}),
    )


# ------------------------------------------------------------------------------------------------------------ portal


@require_safe
@login_required
def portal_duty_list(request: AllianceRequest) -> HttpResponse:
    """The institution's responsibilities and what is due."""
    institution = own_institution(request, "institution", "duties")
    if not isinstance(institution, Institution):
        return institution
    today = timezone.localdate()
    rows = list_responsibilities(request.alliance, on=today, institution_ids=[institution.pk])
    context = {
        "institution": institution,
        "page": paginate(rows, request.GET, ("-created_at", "-id")),
        "today": today,
        "open_states": OPEN_STATES,
    }
    return render(request, "groups/portal_duty_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def portal_duty(request: AllianceRequest, code: str) -> HttpResponse:
    """One responsibility: acknowledge it, see its reports; open a report after a pilot."""
    request.nav_key, request.tab_key = "institution", "duties"
    alliance = request.alliance
    found = _find(alliance, code, request.user)
    now = timezone.now()
    if request.method == "POST":
        if request.POST.get("act") == "report":
            report = open_report(alliance, code, actor=request.user, at=now)
            return redirect("portal_duty_report", code=code, report=report.pk)
        acknowledge_responsibility(alliance, code, actor=request.user, at=now)
        messages.success(request, _("Acknowledged. It binds your institution from now on."))
        return redirect("portal_duty", code=code)
    context = _detail_context(found) | {
        "may_answer": found.state == ResponsibilityState.PROPOSED and can(request.user, ANSWER_RESPONSIBILITY, found),
        "may_report": found.state == ResponsibilityState.ACKNOWLEDGED and can(request.user, REPORT_RESPONSIBILITY, found),
        "crumbs": [{"label": _("Responsibilities"), "url": reverse("portal_duty_list")}, {"label": code, "url": ""}],
    }
    return render(request, "groups/portal_duty.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def portal_duty_decline(request: AllianceRequest, code: str) -> HttpResponse:
    """Decline a responsibility with the reason."""
    request.nav_key, request.tab_key = "institution", "duties"
    alliance = request.alliance
    found = _find(alliance, code, request.user)
    require(request.user, ANSWER_RESPONSIBILITY, found)
    return take_step(
        request,
        DeclineForm(request.POST or None),
        lambda values: decline_responsibility(
            alliance, code, reason=values["reason"], actor=request.user, at=timezone.now()
        ),
        heading=_("Decline %(code)s") % {"code": code},
        hint=_("The office and the committee read the reason and may propose it to another member."),
        done=_("Declined. The office is asked to deal with it."),
        submit=_("Decline"),
        back=reverse("portal_duty", kwargs={"code": code}),
        base=PORTAL,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def portal_duty_report(request: AllianceRequest, code: str, report: int) -> HttpResponse:
    """Hand a report in."""
    request.nav_key, request.tab_key = "institution", "duties"
    alliance = request.alliance
    found = _find(alliance, code, request.user)
    require(request.user, REPORT_RESPONSIBILITY, found)
    row = _report(found, report)
    if row.state not in OPEN_REPORTS:
        messages.info(request, _("This report was sent already."))
        return redirect("portal_duty", code=code)
    initial: dict[str, Any] = {"text": row.text, "figure": row.figure}
    if row.measure_met is not None:
        initial["measure_met"] = "yes" if row.measure_met else "no"
    form = ReportForm(request.POST or None, request.FILES or None, initial=initial)
    lines = [
        _("Duty: %(duty)s") % {"duty": found.duty_zh or found.duty_en},
        _("Measured by: %(measure)s") % {"measure": found.measure_zh or found.measure_en},
    ]
    if row.state == ReportState.RETURNED:
        lines.append(_("Sent back by the office: %(remark)s") % {"remark": row.remark})
    return take_step(
        request,
        form,
        lambda values: submit_report(alliance, code, row.pk, actor=request.user, at=timezone.now(), **values),
        heading=_("Report on %(code)s, due on %(day)s") % {"code": code, "day": row.due_on},
        lines=[*lines],
        done=_("The report was sent. The office has a look at it."),
        submit=_("Send the report"),
        back=reverse("portal_duty", kwargs={"code": code}),
        base=PORTAL,
    )
