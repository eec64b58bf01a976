"""Pages of contribution points: ledger, tariffs, honours lists; the portal's own points; the public list of a year."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alliance.actions.idempotency import once
from alliance.kernel.errors import DomainError, NotFoundError
from alliance.kernel.page_cache import cached_page
from alliance.kernel.permissions import can, require
from alliance.kernel.tables import csv_response
from alliance.selectors.paging import paginate
from members.models import Institution
from operations.actions.honours import publish_honours
from operations.actions.incentive import settle_ledger
from operations.actions.tariff import approve_tariff, propose_tariff, refuse_tariff
from operations.choices import ContributionAct, TariffState
from operations.forms.incentive import FIELDS, TariffForm
from operations.forms.product import show_refusal
from operations.forms.risk import RiskReasonForm
from operations.models import ContributionPoints, HonoursList, Tariff
from operations.permissions import (
    COMPARE_POINTS,
    PUBLISH_HONOURS,
    SET_TARIFF,
    VIEW_OWN_POINTS,
    VIEW_POINTS,
    VIEW_TARIFF,
    own_institutions,
)
from operations.selectors.claims import UNITS
from operations.selectors.incentive import (
    ORDER,
    REASONS,
    Source,
    compare,
    compute_honours,
    get_honours,
    get_tariff,
    honours_rows,
    honours_years,
    list_honours,
    list_rows,
    list_standings,
    list_tariffs,
    sources_of,
    sums_by_act,
    years_with_points,
)
from operations.views.common import frame, tenant_of

if TYPE_CHECKING:
    from alliance.kernel.requests import AllianceRequest
    from alliance.models import Alliance

MOST_DIFFERENCES = 200
"""Lines of a comparison that a page shows; their number is told in full."""


def _frame(request: HttpRequest, *steps: tuple[str, str], key: str = "points") -> dict[str, Any]:
    crumbs = [{"label": label, "url": url} for label, url in steps]
    return {**frame(request, key), "crumbs": crumbs if len(crumbs) > 1 else []}


def _enter(request: HttpRequest, permission: str) -> Alliance:
    alliance = tenant_of(request)
    require(request.user, permission, alliance)
    return alliance


def _ledger() -> tuple[str, str]:
    return pgettext("navigation", "Contribution points"), reverse("points_ledger")


def _tariffs() -> tuple[str, str]:
    return _("Tariff"), reverse("tariff_list")


def _honours() -> tuple[str, str]:
    return _("Honours lists"), reverse("honours_list")


def _act(request: HttpRequest) -> str:
    given = request.GET.get("act", "")
    return given if given in ContributionAct.values else ""


# ------------------------------------------------------------------------------------------------------------------ ledger


@login_required
@require_safe
def points_ledger(request: HttpRequest) -> HttpResponse:
    """What every institution has earned, most first."""
    alliance = _enter(request, VIEW_POINTS)
    q = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    page = paginate(list_standings(alliance, on=timezone.localdate(), q=q), request.GET, order=("-worth", "-id"), size=40)
    context = {
        **_frame(request),
        "page": page,
        "rows": page.items,
        "q": q,
        "may_compare": can(request.user, COMPARE_POINTS, alliance),
        "has_tariff": Tariff.objects.of(alliance).filter(state=TariffState.APPROVED).exists(),
    }
    return render(request, "operations/points_ledger.html", context)


def _lines(alliance: Alliance, rows: list[ContributionPoints]) -> list[dict[str, Any]]:
    """Rows with the record each follows from."""
    sources = sources_of(alliance, rows)
    return [
        {
            "row": row,
            "source": sources.get(row.record, Source("", "")),
            "reason": REASONS.get(row.cancel_reason, row.cancel_reason),
        }
        for row in rows
    ]


@login_required
@require_safe
def points_of(request: HttpRequest, code: str) -> HttpResponse:
    """The points of one institution, down to the record behind each."""
    alliance = _enter(request, VIEW_POINTS)
    institution = Institution.objects.of(alliance).filter(code=code).first()
    if institution is None:
        raise NotFoundError
    act, today = _act(request), timezone.localdate()
    page = paginate(list_rows(alliance, [institution.pk], act=act, on=today), request.GET, order=ORDER, size=40)
    sums = sums_by_act(alliance, [institution.pk], on=today)
    context = {
        **_frame(request, _ledger(), (institution.name, "")),
        "institution": institution,
        "page": page,
        "lines": _lines(alliance, page.items),
        "sums": sums,
        "worth": sum(line.worth for line in sums),
        "earned": sum(line.earned for line in sums),
        "act": act,
        "acts": ContributionAct.choices,
    }
    return render(request, "operations/points_of.html", context)


@login_required
@require_safe
def portal_points(request: HttpRequest) -> HttpResponse:
    """The points of the institutions the reader acts for, with the records they follow from."""
    alliance = _enter(request, VIEW_OWN_POINTS)
    now = timezone.now()
    mine = own_institutions(request.user, alliance, at=now)
    act, today = _act(request), timezone.localdate(now)
    page = paginate(list_rows(alliance, mine, act=act, on=today), request.GET, order=ORDER, size=40)
    sums = sums_by_act(alliance, mine, on=today)
    context = {
        **_frame(request),
        "institutions": list(Institution.objects.of(alliance).filter(pk__in=mine).order_by("sort_key", "id")),
        "page": page,
        "lines": _lines(alliance, page.items),
        "sums": sums,
        "worth": sum(line.worth for line in sums),
        "earned": sum(line.earned for line in sums),
        "act": act,
        "acts": ContributionAct.choices,
    }
    return render(request, "operations/portal_points.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def points_compare(request: HttpRequest) -> HttpResponse:
    """Compare the ledger with the records; a button makes it say what they say."""
    alliance = _enter(request, COMPARE_POINTS)
    if request.method == "POST":
        outcome = settle_ledger(alliance, actor=request.user, at=timezone.now())  # type: ignore[arg-type]
        if outcome.changed:
            messages.success(
                request,
                _("The ledger was put right: %(awarded)s awarded, %(cancelled)s taken back.")
                % {"awarded": outcome.awarded, "cancelled": outcome.cancelled},
            )
        else:
            messages.success(request, _("The ledger said what the records say; nothing was changed."))
        return redirect("points_compare")
    found = compare(alliance)
    names = Institution.objects.of(alliance).in_bulk({one.institution_id for one in found[:MOST_DIFFERENCES]})
    context = {
        **_frame(request, _ledger(), (_("Comparison with the records"), "")),
        "number": len(found),
        "lines": [
            {"difference": one, "institution": names[one.institution_id], "act": ContributionAct(one.act).label}
            for one in found[:MOST_DIFFERENCES]
        ],
        "more": max(0, len(found) - MOST_DIFFERENCES),
    }
    return render(request, "operations/points_compare.html", context)


# ----------------------------------------------------------------------------------------------------------------- tariffs


def _prices(tariff: Tariff) -> list[dict[str, Any]]:
    return [
        {"label": label, "points": tariff.points.get(act, ""), "unit": UNITS[act]} for act, label in ContributionAct.choices
    ]


@login_required
@require_safe
def tariff_list(request: HttpRequest) -> HttpResponse:
    """What earns points now, and every version."""
    alliance = _enter(request, VIEW_TARIFF)
    rows = list(list_tariffs(alliance)[:200])
    present = next((row for row in rows if row.state == TariffState.APPROVED), None)
    context = {
        **_frame(request, key="points"),
        "rows": rows,
        "present": present,
        "prices": _prices(present) if present else [],
        "waiting": next((row for row in rows if row.state == TariffState.PROPOSED), None),
        "may_set": can(request.user, SET_TARIFF, alliance),
        "today": timezone.localdate(),
    }
    return render(request, "operations/tariff_list.html", context)


@login_required
@require_safe
def tariff_detail(request: HttpRequest, version: int) -> HttpResponse:
    """One version, with the buttons of the second person."""
    alliance = _enter(request, VIEW_TARIFF)
    tariff = get_tariff(alliance, version)
    is_waiting = tariff.state == TariffState.PROPOSED and can(request.user, SET_TARIFF, alliance)
    context = {
        **_frame(request, _tariffs(), (_("Version %(version)s") % {"version": version}, "")),
        "tariff": tariff,
        "prices": _prices(tariff),
        "may_settle": is_waiting and tariff.proposed_by_id != request.user.pk,
        "waits_for_others": is_waiting and tariff.proposed_by_id == request.user.pk,
    }
    return render(request, "operations/tariff_detail.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@once
def tariff_new(request: HttpRequest) -> HttpResponse:
    """Propose a tariff; the present one is the start."""
    alliance = _enter(request, SET_TARIFF)
    present = list_tariffs(alliance).filter(state=TariffState.APPROVED).first()
    initial: dict[str, Any] = {"half_life_days": 730 if present is None else present.half_life_days}
    if present is not None:
        initial.update({f"points_{act}": text for act, text in present.points.items()})
    form = TariffForm(request.POST or None, initial=initial)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                tariff = propose_tariff(
                    alliance,
                    points=form.points,
                    half_life_days=form.cleaned_data["half_life_days"],
                    valid_from=form.cleaned_data["valid_from"],
                    note=form.cleaned_data["note"],
                    actor=request.user,  # type: ignore[arg-type]
                    at=timezone.now(),
                )
            except DomainError as refusal:
                if refusal.status in {403, 404}:
                    raise
                show_refusal(form, refusal, FIELDS)
            else:
                messages.success(request, _("Proposed. Another member of the management committee approves it."))
                return redirect("tariff_detail", version=tariff.version)
    context = {
        **_frame(request, _tariffs(), (_("Propose a tariff"), "")),
        "form": form,
        "heading": _("Propose a tariff"),
        "submit": _("Propose"),
        "explanation": _(
            "Points = units × tariff × quality. Quality is 1, for a released product the mean score of its pilot: 50 of 100 counts as 1."
        ),
        "cancel_url": reverse("tariff_list"),
    }
    return render(request, "operations/risk_form.html", context, status=status)


@login_required
@require_POST
def tariff_approve(request: HttpRequest, version: int) -> HttpResponse:
    """Approve a proposed tariff as second person."""
    alliance = _enter(request, SET_TARIFF)
    try:
        approve_tariff(alliance, version, actor=request.user, at=timezone.now())  # type: ignore[arg-type]
    except DomainError as refusal:
        if refusal.status in {403, 404}:
            raise
        messages.error(request, " ".join(str(part) for part in (refusal.reason, refusal.remedy) if part))
    else:
        messages.success(request, _("The tariff is approved. Acts from its first day on earn points by it."))
    return redirect("tariff_detail", version=version)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def tariff_refuse(request: HttpRequest, version: int) -> HttpResponse:
    """Refuse a proposed tariff, with the reason."""
    alliance = _enter(request, SET_TARIFF)
    tariff = get_tariff(alliance, version)
    form = RiskReasonForm(request.POST or None)
    form.fields["reason"].help_text = _("The person who proposed it reads it.")
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                refuse_tariff(
                    alliance,
                    version,
                    reason=form.cleaned_data["reason"],
                    actor=request.user,  # type: ignore[arg-type]
                    at=timezone.now(),
                )
            except DomainError as refusal:
                if refusal.status in {403, 404}:
                    raise
                show_refusal(form, refusal)
            else:
                messages.success(request, _("The tariff is refused."))
                return redirect("tariff_detail", version=version)
    context = {
        **_frame(request, _tariffs(), (_("Refuse the tariff"), "")),
        "form": form,
        "heading": _("Refuse version %(version)s") % {"version": tariff.version},
        "submit": _("Refuse the tariff"),
        "danger": True,
        "cancel_url": reverse("tariff_detail", kwargs={"version": version}),
    }
    return render(request, "operations/risk_form.html", context, status=status)


# ----------------------------------------------------------------------------------------------------------------- honours


@login_required
@require_safe
def honours_list(request: HttpRequest) -> HttpResponse:
    """Published lists, and the years for which one can be published."""
    alliance = _enter(request, VIEW_TARIFF)
    published = list(list_honours(alliance).only("year", "published_at", "published_by", "alliance")[:100])
    known = {row.year for row in published}
    this_year = timezone.localdate().year
    sees_all = can(request.user, VIEW_POINTS, alliance)
    context = {
        **_frame(request),
        "published": published,
        "open_years": [year for year in years_with_points(alliance) if year not in known] if sees_all else [],
        "this_year": this_year,
    }
    return render(request, "operations/honours_list.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def honours_year(request: HttpRequest, year: int) -> HttpResponse:
    """The list of a year as the ledger gives it now, or as it was published; published from here."""
    alliance = _enter(request, VIEW_POINTS)
    if year not in {*years_with_points(alliance), *honours_years(alliance)}:
        raise NotFoundError
    if request.method == "POST":
        try:
            publish_honours(alliance, year, actor=request.user, at=timezone.now())  # type: ignore[arg-type]
        except DomainError as refusal:
            if refusal.status in {403, 404}:
                raise
            messages.error(request, " ".join(str(part) for part in (refusal.reason, refusal.remedy) if part))
        else:
            messages.success(request, _("The honours list of %(year)s is public.") % {"year": year})
        return redirect("honours_year", year=year)
    kept = HonoursList.objects.of(alliance).select_related("published_by").filter(year=year).first()
    record = kept.rows if kept is not None else compute_honours(alliance, year)
    is_over = year < timezone.localdate().year
    context = {
        **_frame(request, _honours(), (str(year), "")),
        "year": year,
        "kept": kept,
        "rows": honours_rows(record),
        "is_over": is_over,
        "may_publish": kept is None and is_over and bool(record["rows"]) and can(request.user, PUBLISH_HONOURS, alliance),
    }
    return render(request, "operations/honours_year.html", context)


@require_safe
@cached_page
def honours_public(request: AllianceRequest, year: int | None = None) -> HttpResponse:
    """The published honours list of a year, of the newest one without a year."""
    request.nav_key = "members"
    years = honours_years(request.alliance)
    if year is None and not years:
        return render(request, "operations/honours_public.html", {"kept": None, "rows": [], "years": []})
    kept = get_honours(request.alliance, year if year is not None else years[0])
    rows = honours_rows(kept.rows)
    summary = ngettext("%(count)s institution", "%(count)s institutions", len(rows)) % {"count": len(rows)}
    context = {"kept": kept, "rows": rows, "years": years, "summary": summary}
    return render(request, "operations/honours_public.html", context)


@require_safe
def honours_csv(request: AllianceRequest, year: int) -> HttpResponse:
    """The published honours list of a year as a table."""
    kept = get_honours(tenant_of(request), year)
    rows = [(row["rank"], row["code"], row["name_en"], row["name_zh"], row["points"]) for row in kept.rows["rows"]]
    return csv_response(f"honours-{year}", ["rank", "institution", "name_en", "name_zh", "points"], rows)
