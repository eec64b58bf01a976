"""Pages of a pilot as an experiment: its plan and the plan's versions, its sites, taking it up again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alliance.actions.idempotency import once
from alliance.kernel.errors import InvalidInputError, NotFoundError
from alliance.kernel.permissions import can, require
from alliance.models import User
from operations.actions.amendment import amend_plan
from operations.actions.participant import (
    accept_invitation,
    decline_invitation,
    hand_over,
    leave_pilot,
    name_person,
    remove_site,
    set_consent,
)
from operations.actions.pilot import plan_pilot
from operations.actions.plan import current_plan
from operations.actions.reopening import reopen_round
from operations.choices import ParticipantState, PilotState, ProductState
from operations.forms.pilot import (
    AmendOpenForm,
    EndForm,
    HandOverForm,
    JoinForm,
    PlanForm,
    ReopenForm,
    SitePersonForm,
    end_of,
)
from operations.forms.product import show_refusal
from operations.models import Pilot, Product
from operations.permissions import JOIN_PILOT, MANAGE_PILOT, PLAN_PILOT, VIEW_ANSWERS, own_institutions
from operations.selectors.people import eligible_pilot_firms, staff_of
from operations.selectors.plan import list_plan_versions
from operations.selectors.product import get_product, latest_pilot
from operations.selectors.site import WORKING, list_sites, opening_of, site_of, takes_changes
from operations.transitions import BEGIN_PILOT, REOPEN_PILOT
from operations.views.common import back_to, choose_institution, crumbs_of, frame, product_url, tenant_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from operations.models import PilotParticipant

RESUMABLE = frozenset({ProductState.PILOTING, ProductState.IMPROVING})


def plan_card(request: HttpRequest, product: Product) -> dict[str, Any]:
    """The latest round as an experiment: question, measures, sites, what it waits for, and who may change it."""
    pilot = latest_pilot(product)
    if pilot is None:
        return {"trial": None}
    now = timezone.now()
    sites = list_sites(pilot)
    own = own_institutions(request.user, product.alliance, at=now)
    mine = [site for site in sites if site.institution_id in own]
    may_manage = can(request.user, MANAGE_PILOT, product)
    is_planned = pilot.state == PilotState.PLANNED
    return {
        "trial": pilot,
        "trial_sites": sites,
        "trial_reasons": can(request.user, VIEW_ANSWERS, product),
        "trial_measures": list(pilot.measures.order_by("position")),
        "trial_opening": opening_of(pilot) if is_planned else None,
        "trial_waits": is_planned and now >= pilot.starts_at,
        "trial_mine": mine[0] if mine else None,
        "may_amend_plan": (is_planned or pilot.is_running) and can(request.user, PLAN_PILOT, product),
        "may_remove_site": may_manage and (is_planned or pilot.is_running),
        "may_reopen": may_manage and pilot.state in REOPEN_PILOT.sources and product.state in RESUMABLE,
    }


def _needed_pilot(product: Product) -> Pilot:
    pilot: Pilot | None = latest_pilot(product)
    if pilot is None:
        raise NotFoundError
    pilot.product = product
    return pilot


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@once
def pilot_plan(request: HttpRequest, code: str) -> HttpResponse:
    """Plan the next round."""
    alliance = tenant_of(request)
    product = get_product(alliance, code, reader=request.user)
    require(request.user, PLAN_PILOT, product)
    if request.method != "POST":  # a form that is sent is refused by the action, with what was typed still in it
        BEGIN_PILOT.check(product.state)
    now = timezone.now()
    last = latest_pilot(product)
    firms = [(institution.pk, institution.name) for institution in eligible_pilot_firms(product, at=now)]
    offered = {number for number, _name in firms}
    initial: dict[str, Any] = {"starts_on": timezone.localtime(now).date(), "deadline_on": None, "accept_by_on": None}
    plan = current_plan(last) if last is not None else None
    if plan is not None:
        initial["participants"] = [number for number in plan.participant_ids if number in offered]
    form = PlanForm(request.POST or None, firms=firms, plan=plan, initial=initial)
    status = 200
    if form.wants_more:
        form.judge_nothing()
    elif request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                plan_pilot(alliance, code, actor=request.user, plan=form.plan(at=now), at=now)  # type: ignore[arg-type]
            except InvalidInputError as refusal:
                show_refusal(form, refusal, form.names_of_refusal())
            else:
                return back_to(request, product, _("Pilot planned. The firms are invited; it opens at its start."))
    context = {
        **frame(request),
        "product": product,
        "form": form,
        "round": (last.round if last else 0) + 1,
        "has_firms": bool(firms),
        "heading": _("Plan the pilot"),
        "submit": _("Plan the pilot"),
        "cancel_url": product_url(product),
        "crumbs": crumbs_of(request, product, _("Plan the pilot")),
    }
    return render(request, "operations/pilot_plan.html", context, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@once
def pilot_amend(request: HttpRequest, code: str) -> HttpResponse:
    """Change the plan of the latest round, with the reason."""
    alliance = tenant_of(request)
    product = get_product(alliance, code, reader=request.user)
    require(request.user, PLAN_PILOT, product)
    pilot = _needed_pilot(product)
    now = timezone.now()
    plan = current_plan(pilot)
    present = {site.institution_id: site.institution.name for site in list_sites(pilot)}
    chosen = {number: name for number, name in present.items() if number in set(plan.participant_ids)}
    choices = chosen | {firm.pk: firm.name for firm in eligible_pilot_firms(product, at=now)}
    firms = sorted(choices.items(), key=lambda pair: pair[1])
    is_planned = pilot.state == PilotState.PLANNED
    form: PlanForm | AmendOpenForm
    if is_planned:
        form = PlanForm(request.POST or None, firms=firms, plan=plan, amends=True)
    else:
        form = AmendOpenForm(request.POST or None, firms=firms, plan=plan)
    status = 200
    if isinstance(form, PlanForm) and form.wants_more:
        form.judge_nothing()
    elif request.method == "POST":
        status = 422
        if form.is_valid():
            wanted = form.plan(at=now, starts_at=pilot.starts_at) if isinstance(form, PlanForm) else form.plan()
            try:
                amend_plan(
                    alliance,
                    code,
                    plan=wanted,
                    reason=form.cleaned_data["reason"],
                    actor=request.user,  # type: ignore[arg-type]
                    at=now,
                )
            except InvalidInputError as refusal:
                names = form.names_of_refusal() if isinstance(form, PlanForm) else OPEN_NAMES
                show_refusal(form, refusal, names)
            else:
                return back_to(request, product, _("The plan was changed; the sites are told."))
    context = {
        **frame(request),
        "product": product,
        "form": form,
        "round": pilot.round,
        "has_firms": bool(firms),
        "heading": _("Change the plan"),
        "submit": _("Change the plan"),
        "warning": ""
        if is_planned
        else _(
            "The round is open: question, criteria, measures and rule stay; dates, sites, sample and reminders may change."
        ),
        "is_open": not is_planned,
        "cancel_url": product_url(product),
        "crumbs": crumbs_of(request, product, _("Change the plan")),
    }
    return render(request, "operations/pilot_plan.html", context, status=status)


OPEN_NAMES = {"deadline": "deadline_on", "accept_by": "accept_by_on"}


@login_required
@require_safe
def pilot_plan_versions(request: HttpRequest, code: str) -> HttpResponse:
    """Every version of the plan of a round, with what changed and why; the round is chosen by its number."""
    alliance = tenant_of(request)
    product = get_product(alliance, code, reader=request.user)
    rounds = list(product.pilots.select_related("tested").order_by("-round"))
    wanted = request.GET.get("round", "")
    pilot = next((row for row in rounds if str(row.round) == wanted), rounds[0] if rounds and not wanted else None)
    if pilot is None:
        raise NotFoundError
    context = {
        **frame(request),
        "product": product,
        "pilot": pilot,
        "rounds": [
            {"label": _("Round %(number)s") % {"number": row.round}, "url": f"?round={row.round}", "current": row == pilot}
            for row in rounds
        ],
        "versions": list_plan_versions(pilot),
        "reopenings": pilot.reopenings.select_related("by").order_by("-turn"),
        "crumbs": crumbs_of(request, product, _("Versions of the plan")),
    }
    return render(request, "operations/pilot_plan_versions.html", context)


# ---------------------------------------------------------------------------------------------------------------- sites


def _people(users: Iterable[User]) -> list[tuple[int, str]]:
    return [(user.pk, user.get_full_name()) for user in users]


def _own_site(request: HttpRequest, product: Product) -> PilotParticipant:
    """The site of the institution the reader acts for, in the latest round."""
    alliance = product.alliance
    pilot = _needed_pilot(product)
    own = own_institutions(request.user, alliance, at=timezone.now())
    there = {site.institution_id: site.institution.code for site in list_sites(pilot) if site.institution_id in own}
    if not there:
        raise NotFoundError
    code = request.POST.get("institution") or request.GET.get("institution", "")
    chosen = next((number for number, name in there.items() if name == code), None)
    site = site_of(alliance, product.code, choose_institution(request, there, chosen) if chosen is None else chosen)
    if site is None:
        raise NotFoundError
    site.pilot.product = product
    require(request.user, JOIN_PILOT, site)
    return site


def _site_url(site: PilotParticipant) -> str:
    url = reverse("pilot_site", kwargs={"code": site.pilot.product.code})
    return f"{url}?institution={site.institution.code}"


def _site_forms(request: HttpRequest, site: PilotParticipant, step: str = "") -> dict[str, Any]:
    """The forms of a site's page; the one whose step was sent is bound, so that nothing typed is lost."""
    now = timezone.now()
    people = _people(staff_of(site.pilot.product.alliance, [site.institution_id], at=now))
    present = _people(person.user for person in site.people.all())

    def sent(name: str) -> Any:
        return request.POST if step == name else None

    return {
        "accept": JoinForm(
            sent("accept"),
            people=people,
            auto_id="accept_%s",
            initial={"site_en": site.site_en, "site_zh": site.site_zh, "lead": request.user.pk},
        ),
        "decline": EndForm(sent("decline"), auto_id="decline_%s"),
        "leave": EndForm(sent("leave"), auto_id="leave_%s"),
        "person": SitePersonForm(sent("person"), people=people, auto_id="person_%s"),
        "hand-over": HandOverForm(sent("hand-over"), present=present, people=people, auto_id="hand_%s"),
    }


def _site_page(request: HttpRequest, site: PilotParticipant, forms: dict[str, Any], status: int = 200) -> HttpResponse:
    pilot, product = site.pilot, site.pilot.product
    now = timezone.now()
    takes_part = site.state in WORKING
    context = {
        **frame(request),
        "product": product,
        "pilot": pilot,
        "site": site,
        "people": list(site.people.all()),
        "accept_form": forms["accept"],
        "decline_form": forms["decline"],
        "leave_form": forms["leave"],
        "person_form": forms["person"],
        "hand_over_form": forms["hand-over"],
        "has_form_errors": any(form.is_bound and form.errors for form in forms.values()),
        "measures": list(pilot.measures.order_by("position")),
        "criteria": list(pilot.criteria.order_by("position")),
        "is_invited": site.state == ParticipantState.INVITED and takes_changes(pilot, now),
        "may_think_again": site.state == ParticipantState.DECLINED and takes_changes(pilot, now),
        "takes_part": takes_part,
        "may_change": takes_part and (pilot.state == PilotState.PLANNED or pilot.is_running),
        "accept_by": pilot.accept_by or pilot.starts_at,
        "crumbs": crumbs_of(request, product, _("Our site")),
    }
    return render(request, "operations/pilot_site.html", context, status=status)


@login_required
@require_safe
def pilot_site(request: HttpRequest, code: str) -> HttpResponse:
    """An enterprise's part in the latest round: the invitation, its people, the way out."""
    product = get_product(tenant_of(request), code, reader=request.user)
    site = _own_site(request, product)
    return _site_page(request, site, _site_forms(request, site))


@login_required
@require_POST
@once
def pilot_site_step(request: HttpRequest, code: str, step: str) -> HttpResponse:
    """What a site does: accept, decline, leave, name a person, hand over, consent to be named."""
    alliance = tenant_of(request)
    product = get_product(alliance, code, reader=request.user)
    site = _own_site(request, product)
    forms = _site_forms(request, site, step)
    common: dict[str, Any] = {"institution_id": site.institution_id, "actor": request.user, "at": timezone.now()}
    if step == "consent":
        is_public = request.POST.get("is_public") == "on"
        set_consent(alliance, code, is_public=is_public, **common)
        words = _("Saved. The public page may name your firm.")
        return _done(request, site, words if is_public else _("Saved. The public page does not name your firm."))
    form = forms.get(step)
    if form is None:
        raise NotFoundError
    if not form.is_valid():
        return _site_page(request, site, forms, status=422)
    try:
        words = _take_step(alliance, code, step, form.cleaned_data, common)
    except InvalidInputError as refusal:
        show_refusal(form, refusal, {})
        return _site_page(request, site, forms, status=422)
    if step in {"decline", "leave"}:
        # Whoever takes no part may not read the product any more.
        messages.success(request, words)
        return redirect("portal_pilots")
    return _done(request, site, words)


def _take_step(alliance: Any, code: str, step: str, data: dict[str, Any], common: dict[str, Any]) -> str:
    if step == "accept":
        lead = User.objects.filter(pk=data["lead"]).first() if data["lead"] else None
        names = {name: data[name] for name in ("site_en", "site_zh", "is_public")}
        accept_invitation(alliance, code, lead=lead, **names, **common)
        return _("Accepted. Measure before the trial begins; the round waits for your values.")
    if step == "decline":
        decline_invitation(alliance, code, reason=data["reason"], **common)
        return _("Declined. The secretariat is told.")
    if step == "leave":
        leave_pilot(alliance, code, reason=data["reason"], **common)
        return _("Your firm has left the pilot; what it answered stays and is marked.")
    if step == "person":
        user = User.objects.filter(pk=data["user"]).first()
        if user is None:
            raise NotFoundError
        name_person(alliance, code, user=user, role=data["role"], **common)
        return _("Named.")
    people = {user.pk: user for user in User.objects.filter(pk__in=[data["giver"], data["taker"]])}
    hand_over(alliance, code, giver=people[data["giver"]], taker=people[data["taker"]], note=data["note"], **common)
    return _("Handed over.")


def _done(request: HttpRequest, site: PilotParticipant, words: str) -> HttpResponse:
    messages.success(request, words)
    return redirect(_site_url(site))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def pilot_site_remove(request: HttpRequest, code: str, institution: str) -> HttpResponse:
    """Take a site out of the round, so that the others need not wait."""
    alliance = tenant_of(request)
    product = get_product(alliance, code, reader=request.user)
    require(request.user, MANAGE_PILOT, product)
    pilot = _needed_pilot(product)
    site = next((row for row in list_sites(pilot) if row.institution.code == institution), None)
    if site is None:
        raise NotFoundError
    form = EndForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                remove_site(
                    alliance,
                    code,
                    institution_id=site.institution_id,
                    reason=form.cleaned_data["reason"],
                    actor=request.user,  # type: ignore[arg-type]
                    at=timezone.now(),
                )
            except InvalidInputError as refusal:
                show_refusal(form, refusal, {})
            else:
                return back_to(request, product, _("Taken out; its people are told."))
    context = {
        **frame(request),
        "product": product,
        "form": form,
        "heading": _("Take %(firm)s out of the round") % {"firm": site.institution.name},
        "warning": _("What it answered stays and is marked. Its people may not read the product any more."),
        "submit": _("Take it out"),
        "danger": True,
        "cancel_url": product_url(product),
        "crumbs": crumbs_of(request, product, _("Take a site out")),
    }
    return render(request, "operations/product_step.html", context, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def pilot_reopen(request: HttpRequest, code: str) -> HttpResponse:
    """Take a closed round up again, with a reason and a new deadline."""
    alliance = tenant_of(request)
    product = get_product(alliance, code, reader=request.user)
    require(request.user, MANAGE_PILOT, product)
    _needed_pilot(product)
    form = ReopenForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                reopen_round(
                    alliance,
                    code,
                    reason=form.cleaned_data["reason"],
                    deadline=end_of(form.cleaned_data["deadline_on"]),
                    actor=request.user,  # type: ignore[arg-type]
                    at=timezone.now(),
                )
            except InvalidInputError as refusal:
                show_refusal(form, refusal, {"deadline": "deadline_on"})
            else:
                return back_to(request, product, _("The round takes answers again; its sites are told."))
    context = {
        **frame(request),
        "product": product,
        "form": form,
        "heading": _("Take the round up again"),
        "warning": _("Its result until now is kept on record. What followed from it and nobody acted on is taken back."),
        "submit": _("Take it up again"),
        "danger": False,
        "cancel_url": product_url(product),
        "crumbs": crumbs_of(request, product, _("Take the round up again")),
    }
    return render(request, "operations/product_step.html", context, status=status)
