"""Pages of the risk register: list with heat map, one risk, its forms."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alliance.actions.idempotency import once
from alliance.kernel import charts
from alliance.kernel.errors import DomainError, NotFoundError
from alliance.kernel.formats import format_number
from alliance.kernel.permissions import can, require
from alliance.selectors.paging import paginate
from operations.actions.risk import (
    TEXTS,
    accept_risk,
    change_risk,
    close_risk,
    complete_measure,
    open_risk,
    remove_measure,
    reopen_risk,
    review_risk,
    save_measure,
)
from operations.choices import RiskCategory, RiskState
from operations.forms.product import show_refusal
from operations.forms.risk import RiskForm, RiskMeasureForm, RiskReasonForm, RiskReviewForm, RiskTextsForm
from operations.models import Risk
from operations.permissions import ACCEPT_RISK_PERMISSION, MANAGE_RISKS, VIEW_RISKS
from operations.selectors.risk import (
    GRADES,
    LIVE,
    ORDER,
    cause_of,
    get_risk,
    heat_map,
    level,
    list_risks,
    people_for_risks,
)
from operations.transitions import ACCEPT_RISK, CLOSE_RISK, REOPEN_RISK
from operations.views.common import frame, tenant_of

if TYPE_CHECKING:
    from alliance.models import Alliance, User

STEPS: Final = {"accept": ACCEPT_RISK, "close": CLOSE_RISK, "reopen": REOPEN_RISK}


def risk_url(risk: Risk, anchor: str = "") -> str:
    """Address of a risk's page."""
    return reverse("risk_detail", kwargs={"code": risk.code}) + (f"#{anchor}" if anchor else "")


def _frame(request: HttpRequest, risk: Risk | None = None, label: str = "") -> dict[str, Any]:
    crumbs = [{"label": pgettext("navigation", "Risks"), "url": reverse("risk_list")}]
    if risk is not None:
        crumbs.append({"label": risk.code, "url": risk_url(risk) if label else ""})
    if label:
        crumbs.append({"label": label, "url": ""})
    return {**frame(request, "risks"), "crumbs": crumbs if len(crumbs) > 1 else [], "risk": risk}


def _enter(request: HttpRequest, permission: str = VIEW_RISKS) -> Alliance:
    alliance = tenant_of(request)
    require(request.user, permission, alliance)
    return alliance


def _grade(request: HttpRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    return int(text) if text in {str(grade) for grade in GRADES} else None


@login_required
@require_safe
def risk_list(request: HttpRequest) -> HttpResponse:
    """The register with its heat map and filters; the risks that are still reviewed unless something else is chosen."""
    alliance = _enter(request)
    asked = request.GET.get("state", "live")
    state = asked if asked in {*RiskState.values, "live", ""} else "live"
    category = request.GET.get("category", "")
    category = category if category in RiskCategory.values else ""
    show = request.GET.get("show", "")
    show = show if show in {"due", "late", "mine"} else ""
    likelihood, impact = _grade(request, "likelihood"), _grade(request, "impact")
    q = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    now = timezone.now()
    found = list_risks(
        alliance,
        state=state,
        category=category,
        show="" if show == "mine" else show,
        owner=request.user if show == "mine" else None,  # type: ignore[arg-type]
        likelihood=likelihood,
        impact=impact,
        q=q,
        at=now,
    )
    page = paginate(found, request.GET, order=ORDER, size=40)
    context = {
        **_frame(request),
        "page": page,
        "rows": [{"risk": risk, "level": level(risk)} for risk in page.items],
        "heat": heat_map(alliance),
        "grades": list(GRADES),
        "state": state,
        "category": category,
        "show": show,
        "likelihood": likelihood,
        "impact": impact,
        "q": q,
        "states": RiskState.choices,
        "categories": RiskCategory.choices,
        "today": timezone.localtime(now).date(),
        "is_filtered": bool(state != "live" or category or show or q or likelihood or impact),
        "may_open": can(request.user, MANAGE_RISKS, alliance),
    }
    return render(request, "operations/risk_list.html", context)


@login_required
@require_safe
def risk_detail(request: HttpRequest, code: str) -> HttpResponse:
    """One risk: grades over time, reviews, what is done against it."""
    alliance = _enter(request)
    risk = get_risk(alliance, code)
    reviews = list(risk.reviews.all())
    may = can(request.user, MANAGE_RISKS, risk)
    is_live = risk.state in LIVE
    context = {
        **_frame(request, risk),
        "level": level(risk),
        "cause": cause_of(risk),
        "chart": charts.draw(_grades_over_time(risk)) if len(reviews) > 1 else None,
        "reviews": [{"review": review, "level": level(review)} for review in reviews],
        "measures": risk.measures.all(),
        "today": timezone.localdate(),
        "is_due": is_live and risk.review_on <= timezone.localdate(),
        "may_change": may and is_live,
        "may_accept": risk.state == RiskState.OPEN and can(request.user, ACCEPT_RISK_PERMISSION, risk),
        "may_close": may and is_live,
        "may_reopen": may and risk.state != RiskState.OPEN,
    }
    return render(request, "operations/risk_detail.html", context)


def _grades_over_time(risk: Risk) -> charts.LineChart:
    """Likelihood and impact at the opening and at each review, oldest first."""
    reviews = sorted(risk.reviews.all(), key=lambda review: (review.at, review.pk))
    return charts.LineChart(
        _("Likelihood %(likelihood)s and impact %(impact)s since the last look")
        % {"likelihood": risk.likelihood, "impact": risk.impact},
        [timezone.localtime(review.at).date().isoformat() for review in reviews],
        [
            charts.Series(_("Likelihood"), [float(review.likelihood) for review in reviews]),
            charts.Series(_("Impact"), [float(review.impact) for review in reviews]),
        ],
        low=1,
        high=5,
        write=format_number,
        period_label=_("Review"),
    )


def _people(request: HttpRequest, alliance: Alliance) -> dict[int, User]:
    return {person.pk: person for person in people_for_risks(alliance, at=timezone.now())}


def _offer(people: dict[int, User], kept: User | None = None) -> list[tuple[int, str]]:
    shown = dict(people)
    if kept is not None:
        shown.setdefault(kept.pk, kept)
    return [(pk, str(person)) for pk, person in shown.items()]


def _form_page(
    request: HttpRequest,
    form: Any,
    act: Callable[[dict[str, Any]], Risk],
    *,
    risk: Risk | None,
    heading: str,
    submit: str,
    done: str,
    anchor: str = "",
    danger: bool = False,
    explanation: str = "",
) -> HttpResponse:
    """A form of the register; refusals stand at their fields and nothing typed is lost."""
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                found = act(form.cleaned_data)
            except DomainError as refusal:
                if refusal.status in {403, 404}:
                    raise
                show_refusal(form, refusal)
            else:
                messages.success(request, done)
                return redirect(risk_url(found, anchor))
    context = {
        **_frame(request, risk, heading),
        "form": form,
        "heading": heading,
        "submit": submit,
        "danger": danger,
        "explanation": explanation,
        "cancel_url": risk_url(risk, anchor) if risk is not None else reverse("risk_list"),
    }
    return render(request, "operations/risk_form.html", context, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@once
def risk_new(request: HttpRequest) -> HttpResponse:
    """Note a risk."""
    alliance = _enter(request, MANAGE_RISKS)
    people = _people(request, alliance)
    initial = {"review_on": timezone.localdate() + timedelta(days=30), "likelihood": 3, "impact": 3}
    form = RiskForm(request.POST or None, people=_offer(people), initial=initial)
    return _form_page(
        request,
        form,
        lambda data: open_risk(
            alliance,
            values=data,
            owner=people.get(data["owner"]),
            actor=request.user,  # type: ignore[arg-type]
            at=timezone.now(),
        ),
        risk=None,
        heading=_("New risk"),
        submit=_("Note the risk"),
        done=_("The risk stands in the register."),
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def risk_edit(request: HttpRequest, code: str) -> HttpResponse:
    """Change what is written about a risk, and who answers for it."""
    alliance = _enter(request, MANAGE_RISKS)
    risk = get_risk(alliance, code)
    people = _people(request, alliance)
    if risk.owner is not None:
        people.setdefault(risk.owner.pk, risk.owner)
    initial = {**{name: getattr(risk, name) for name in TEXTS}, "category": risk.category, "owner": risk.owner_id}
    form = RiskTextsForm(request.POST or None, people=_offer(people), initial=initial)
    return _form_page(
        request,
        form,
        lambda data: change_risk(
            alliance,
            code,
            values=data,
            owner=people.get(data["owner"]),
            actor=request.user,  # type: ignore[arg-type]
            at=timezone.now(),
        ),
        risk=risk,
        heading=_("Change the risk"),
        submit=_("Save"),
        done=_("The risk was saved."),
        explanation=_("Likelihood and impact change by a review, which is kept."),
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@once
def risk_review(request: HttpRequest, code: str) -> HttpResponse:
    """Look at a risk again."""
    alliance = _enter(request, MANAGE_RISKS)
    risk = get_risk(alliance, code)
    initial = {
        "likelihood": risk.likelihood,
        "impact": risk.impact,
        "next_on": timezone.localdate() + timedelta(days=30),
    }

    def act(data: dict[str, Any]) -> Risk:
        review_risk(alliance, code, values=data, actor=request.user, at=timezone.now())  # type: ignore[arg-type]
        return risk

    return _form_page(
        request,
        RiskReviewForm(request.POST or None, initial=initial),
        act,
        risk=risk,
        heading=_("Review the risk"),
        submit=_("Keep the review"),
        done=_("The review is kept."),
        anchor="reviews",
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def risk_step(request: HttpRequest, code: str, step: str) -> HttpResponse:
    """Accept, close or open again, with the reason."""
    if step not in STEPS:
        raise NotFoundError
    alliance = _enter(request, ACCEPT_RISK_PERMISSION if step == "accept" else MANAGE_RISKS)
    risk = get_risk(alliance, code)
    act = {"accept": accept_risk, "close": close_risk, "reopen": reopen_risk}[step]
    label = str(STEPS[step].label)
    done = {
        "accept": _("The risk is accepted; it is reviewed as before."),
        "close": _("The risk is closed."),
        "reopen": _("The risk is open again."),
    }[step]
    return _form_page(
        request,
        RiskReasonForm(request.POST or None),
        lambda data: act(alliance, code, reason=data["reason"], actor=request.user, at=timezone.now()),  # type: ignore[arg-type]
        risk=risk,
        heading=label,
        submit=label,
        done=done,
        danger=step == "close",
    )


# --------------------------------------------------------------------------------------------------------------- measures


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@once
def risk_measure(request: HttpRequest, code: str, measure: int | None = None) -> HttpResponse:
    """Add what is done against a risk, or change it."""
    alliance = _enter(request, MANAGE_RISKS)
    risk = get_risk(alliance, code)
    row = next((one for one in risk.measures.all() if one.pk == measure), None)
    if measure is not None and row is None:
        raise NotFoundError
    people = _people(request, alliance)
    if row is not None and row.owner is not None:
        people.setdefault(row.owner.pk, row.owner)
    initial = (
        {"words": row.words, "owner": row.owner_id, "due_on": row.due_on}
        if row is not None
        else {"owner": risk.owner_id, "due_on": timezone.localdate() + timedelta(days=30)}
    )

    def act(data: dict[str, Any]) -> Risk:
        save_measure(
            alliance,
            code,
            measure,
            words=data["words"],
            owner=people.get(data["owner"]),
            due_on=data["due_on"],
            actor=request.user,  # type: ignore[arg-type]
            at=timezone.now(),
        )
        return risk

    return _form_page(
        request,
        RiskMeasureForm(request.POST or None, people=_offer(people), initial=initial),
        act,
        risk=risk,
        heading=_("Change the measure") if row else _("New measure"),
        submit=_("Save"),
        done=_("The measure was saved."),
        anchor="measures",
    )


def _step(request: HttpRequest, code: str, act: Callable[..., object], words: str) -> HttpResponse:
    """Do one act by a button; a refusal is told on the risk's page."""
    alliance = _enter(request, MANAGE_RISKS)
    risk = get_risk(alliance, code)
    try:
        act(alliance, code, actor=request.user, at=timezone.now())
    except DomainError as refusal:
        if refusal.status in {403, 404}:
            raise
        messages.error(request, " ".join(str(part) for part in (refusal.reason, refusal.remedy) if part))
    else:
        messages.success(request, words)
    return redirect(risk_url(risk, "measures"))


@login_required
@require_POST
def risk_measure_done(request: HttpRequest, code: str, measure: int) -> HttpResponse:
    """Say that a measure is done."""
    return _step(
        request,
        code,
        lambda alliance, code, **given: complete_measure(alliance, code, measure, **given),
        _("The measure is done."),
    )


@login_required
@require_POST
def risk_measure_remove(request: HttpRequest, code: str, measure: int) -> HttpResponse:
    """Take a measure out of the plan."""
    return _step(
        request,
        code,
        lambda alliance, code, **given: remove_measure(alliance, code, measure, **given),
        _("The measure was taken out."),
    )
