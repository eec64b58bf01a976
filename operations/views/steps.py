"""The steps of a product that are open now, what the next one still needs, and the pages of the ways back."""

from __future__ import annotations

from dataclasses import dataclass
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
from alliance.kernel.errors import InvalidInputError
from alliance.kernel.permissions import can, grants_of, permissions, require
from groups.choices import GroupKind
from groups.models import Motion
from groups.permissions import PUT_MOTION
from groups.selectors.conflict import list_recused
from operations.actions.loop_back import loop_back, withdraw_product
from operations.actions.release import draft_release_motion
from operations.actions.room import stage_full
from operations.actions.rules import admit_over_limit, stages_ahead
from operations.choices import ProductState, ReleaseRule
from operations.forms.pipeline import AdmitForm, LoopBackForm
from operations.forms.product import ReasonForm, show_refusal
from operations.gates import GateView, open_points
from operations.permissions import (
    ADAPT_PRODUCT,
    ADMIT_OVER_LIMIT,
    LOOP_BACK,
    MANAGE_PILOT,
    PLAN_PILOT,
    RELEASE_PRODUCT,
    RETIRE_PRODUCT,
    REVIEW_PRODUCT,
    SEND_BACK_PRODUCT,
    STOP_PILOT,
    SUBMIT_PRODUCT,
    VIEW_ANSWERS,
    WITHDRAW_PRODUCT,
    own_institutions,
    seats_of,
)
from operations.selectors.product import get_product, latest_pilot
from operations.selectors.release import RULE_PERMISSIONS, kept_from_deciding, motion_under_way, rule_of_release
from operations.selectors.rules import full_stage
from operations.selectors.stages import stage_label
from operations.transitions import BEGIN_PILOT, LOOP_BACKS, NEXT_STEP, RELEASE, STARTS, SUBMIT, WITHDRAW
from operations.views.common import back_to, crumbs_of, frame, product_url, tenant_of

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from alliance.kernel.transitions import Transition
    from operations.models import Product


@dataclass(frozen=True, slots=True)
class Step:
    """A step the reader may take, or may take once something is there.

    Attributes:
        label: The step in words.
        url: Page or address of the step.
        needs: What it takes.
        method: ``post`` for a step that needs no answers.
        open: Whether it is possible now.
        starts: What it sets going.
        main: Whether it leads on; ways back and out are not.
    """

    label: StrOrPromise
    url: str
    needs: StrOrPromise
    method: str = "get"
    open: bool = True
    starts: StrOrPromise = ""
    main: bool = True


def _missing_words(views: list[GateView]) -> str:
    return "; ".join(str(words) for view in views for words in view.missing)


def reviewers_of(request: HttpRequest, product: Product) -> set[int]:
    """Institutions the reader acts for whose seat lets them review the draft."""
    seats = seats_of(request.user, product.alliance, (GroupKind.WISDOM, GroupKind.POLICY), at=timezone.now())
    return seats - {product.author_id}


def all_stand_aside(product: Product, institution_ids: set[int]) -> bool:
    """Whether a conflict of interest keeps every one of the institutions from acting."""
    return bool(institution_ids) and institution_ids <= list_recused(product.alliance, product.matter)


def steps_of(request: HttpRequest, product: Product) -> list[Step]:
    """The steps this reader may take now, each with what it needs; the first is the main one."""
    user, state = request.user, product.state
    pilot = latest_pilot(product)
    steps: list[Step] = []

    def add(
        permission: str,
        label: StrOrPromise,
        url_name: str,
        needs: StrOrPromise,
        *,
        transition: Transition | None = None,
        method: str = "get",
        is_open: bool = True,
        main: bool = True,
    ) -> None:
        if not can(user, permission, product):
            return
        if transition is not None and main:
            shut = [view for view in open_points(product, transition) if not view.done]
            full = None if shut else full_stage(product, transition)
            if shut:
                needs, is_open = _missing_words(shut), False
            elif full is not None and product.admitted_to != full.stage:
                needs, is_open = stage_full(full).reason, False
        starts = STARTS.get(transition.name, "") if transition is not None else ""
        url = reverse(url_name, kwargs={"code": product.code})
        steps.append(Step(label, url, needs, method, is_open, starts, main))

    if state == ProductState.DRAFT:
        needs = _("A summary and the text.")
        add(SUBMIT_PRODUCT, SUBMIT.label, "product_submit", needs, transition=SUBMIT, method="post")
    elif state == ProductState.IN_REVIEW:
        own = {grant.institution_id for grant in grants_of(user, product.alliance) if grant.institution_id is not None}
        if product.author_id not in own:
            aside = all_stand_aside(product, reviewers_of(request, product))
            words = _("Your institution's word; reasons to send it back.")
            if aside:
                words = _("The end of the conflict of interest: your institution stands aside.")
            add(REVIEW_PRODUCT, _("Review"), "product_review", words, is_open=not aside)
    elif state == ProductState.TRANSFORMING:
        adapters = seats_of(user, product.alliance, (GroupKind.MEDIA,), at=timezone.now())
        if product.adapter_id is None or product.adapter_id in adapters:
            add(ADAPT_PRODUCT, _("Adapt the text"), "product_adapt", _("A media think tank that takes it up."))
        add(PLAN_PILOT, BEGIN_PILOT.label, "pilot_plan", _("Criteria, pilot firms, dates."), transition=BEGIN_PILOT)
        add(SEND_BACK_PRODUCT, _("Send back to the author"), "product_send_back", _("A reason."), main=False)
    elif state == ProductState.PILOTING:
        if product.release_proposed_at is not None:
            needs = _("The pilot's result; it has passed.")
            add(RELEASE_PRODUCT, _("Decide on the release"), "product_release", needs, transition=RELEASE)
        elif pilot is not None and pilot.is_running:
            add(MANAGE_PILOT, _("Extend"), "pilot_extend", _("A later date."))
            words = _("At least one answer; the plan's rule then decides.")
            add(MANAGE_PILOT, _("Close the pilot"), "pilot_close", words)
    elif state == ProductState.IMPROVING:
        words = _("Criteria, pilot firms, dates.")
        add(PLAN_PILOT, _("Plan the next round"), "pilot_plan", words, transition=BEGIN_PILOT)
    elif state == ProductState.RELEASED:
        add(RETIRE_PRODUCT, _("Retire"), "product_retire", _("A reason."), main=False)
    if ways_back(request, product):
        permission = STOP_PILOT if state == ProductState.PILOTING and can(user, STOP_PILOT, product) else LOOP_BACK
        needs = _("A reason, and how far back it goes.")
        add(permission, _("Send back"), "product_loop_back", needs, main=False)
    if state in WITHDRAW.sources:
        add(WITHDRAW_PRODUCT, WITHDRAW.label, "product_withdraw", _("A reason."), transition=WITHDRAW, main=False)
    return steps


def ways_back(request: HttpRequest, product: Product) -> list[Transition]:
    """The steps back that this reader may take now; none while the decision on a release is due."""
    if product.state == ProductState.PILOTING and product.release_proposed_at is not None:
        return []
    return [step for step in LOOP_BACKS if product.state in step.sources and can(request.user, step.permission, product)]


def gates_card(request: HttpRequest, product: Product) -> dict[str, Any]:
    """The checklist of the next step: what is done, what is missing, who provides it, and where."""
    step = NEXT_STEP.get(product.state)
    if step is None or not can(request.user, VIEW_ANSWERS, product):
        return {"next_step": None}
    views = open_points(product, step)
    full = full_stage(product, step)
    holders = permissions.get(step.permission).describe_holders()
    if step is RELEASE:
        holders = [ReleaseRule(rule_of_release(product, at=timezone.now())).label]
    return {
        "next_step": step,
        "next_gates": views,
        "next_done": sum(1 for view in views if view.done),
        "next_who": holders,
        "next_starts": STARTS[step.name],
        "next_full": stage_full(full) if full is not None else None,
        "next_admitted": full is not None and product.admitted_to == full.stage,
        "may_admit": full is not None and can(request.user, ADMIT_OVER_LIMIT, product),
    }


def release_context(request: HttpRequest, product: Product) -> dict[str, Any]:
    """Who decides on this release by the alliance's rule, and whether this reader does."""
    now = timezone.now()
    rule = rule_of_release(product, at=now)
    motion = motion_under_way(product.alliance, product.code)
    mine = own_institutions(request.user, product.alliance, at=now)
    kept = bool(mine & kept_from_deciding(product))
    by_motion = rule == ReleaseRule.MOTION or motion is not None
    permission = RULE_PERMISSIONS.get(rule, RELEASE_PRODUCT)
    return {
        **gates_card(request, product),
        "rule_label": ReleaseRule(rule).label,
        "by_motion": by_motion,
        "motion": motion,
        "may_put_motion": by_motion and can(request.user, PUT_MOTION, Motion(alliance=product.alliance)),
        "is_kept_aside": kept,
        "may_decide": not by_motion and not kept and can(request.user, permission, product),
    }


# ------------------------------------------------------------------------------------------------------------------ pages


@login_required
@require_safe
def product_move(request: HttpRequest, code: str) -> HttpResponse:
    """The steps that are open now, and what each needs."""
    alliance = tenant_of(request)
    product = get_product(alliance, code, reader=request.user)
    context = {
        **frame(request),
        **gates_card(request, product),
        "product": product,
        "steps": steps_of(request, product),
        "cancel_url": product_url(product),
        "crumbs": crumbs_of(request, product, _("Move")),
    }
    return render(request, "operations/product_move.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@once
def product_loop_back(request: HttpRequest, code: str) -> HttpResponse:
    """Send a product back to an earlier stage; a round under way is called off."""
    alliance = tenant_of(request)
    product = get_product(alliance, code, reader=request.user)
    steps = ways_back(request, product)
    if not steps:
        require(request.user, STOP_PILOT if product.state == ProductState.PILOTING else LOOP_BACK, product)
    asked = request.GET.get("step", "")
    initial = {"step": asked if asked in {step.name for step in steps} else (steps[0].name if steps else "")}
    form = LoopBackForm(request.POST if request.method == "POST" else None, steps=steps, initial=initial)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid() or not steps:  # without a way back the action says why
            try:
                loop_back(
                    alliance,
                    code,
                    request.POST.get("step", ""),
                    actor=request.user,  # type: ignore[arg-type]
                    reason=request.POST.get("reason", "")[:2000],
                    at=timezone.now(),
                )
            except InvalidInputError as refusal:
                show_refusal(form, refusal)
            else:
                return back_to(request, product, _("Sent back. Those concerned have your reason."))
    pilot = latest_pilot(product)
    warning = _("The text is then handed over, or reviewed, again.")
    if pilot is not None and product.state == ProductState.PILOTING:
        warning = _("Round %(round)s is called off: its firms are told, and what they answered stays on record.") % {
            "round": pilot.round
        }
    if not steps:
        warning = _("There is no way back from here now.")
    return _step_page(request, product, form, heading=_("Send back"), warning=warning, submit=_("Send back"), status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@once
def product_withdraw(request: HttpRequest, code: str) -> HttpResponse:
    """Withdraw a product before its release."""
    alliance = tenant_of(request)
    product = get_product(alliance, code, reader=request.user)
    require(request.user, WITHDRAW_PRODUCT, product)
    form = ReasonForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                withdraw_product(
                    alliance,
                    code,
                    actor=request.user,  # type: ignore[arg-type]
                    reason=form.cleaned_data["reason"],
                    at=timezone.now(),
                )
            except InvalidInputError as refusal:
                show_refusal(form, refusal)
            else:
                return back_to(request, product, _("Withdrawn. Makers and pilot firms are told."))
    return _step_page(
        request,
        product,
        form,
        heading=_("Withdraw"),
        warning=_("It leaves the pipeline for good. A round under way is called off; its record stays."),
        submit=_("Withdraw"),
        status=status,
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@once
def product_admit(request: HttpRequest, code: str) -> HttpResponse:
    """Let a product into a stage that is full, with the reason."""
    alliance = tenant_of(request)
    product = get_product(alliance, code, reader=request.user)
    require(request.user, ADMIT_OVER_LIMIT, product)
    stages = [(stage, stage_label(stage)) for stage in stages_ahead(product)]
    form = AdmitForm(request.POST or None, stages=stages)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                admit_over_limit(
                    alliance,
                    code,
                    form.cleaned_data["stage"],
                    actor=request.user,  # type: ignore[arg-type]
                    reason=form.cleaned_data["reason"],
                    at=timezone.now(),
                )
            except InvalidInputError as refusal:
                show_refusal(form, refusal)
            else:
                return back_to(request, product, _("It may go on, although the stage is full."))
    return _step_page(
        request,
        product,
        form,
        heading=_("Let it into a full stage"),
        warning=_("Limits keep work from being begun and not finished. Your reason stands in the record."),
        submit=_("Let it in"),
        status=status,
        danger=False,
    )


@login_required
@require_POST
@once
def product_release_motion(request: HttpRequest, code: str) -> HttpResponse:
    """Draft the motion on a proposed release; its vote is opened on its own page."""
    alliance = tenant_of(request)
    product = get_product(alliance, code, reader=request.user)
    require(request.user, RELEASE_PRODUCT, product)
    motion = draft_release_motion(alliance, code, actor=request.user, at=timezone.now())  # type: ignore[arg-type]
    messages.success(request, _("The motion %(code)s is drafted; its vote is opened here.") % {"code": motion.code})
    return redirect("motion_detail", code=motion.code)


def _step_page(
    request: HttpRequest,
    product: Product,
    form: Any,
    *,
    heading: str,
    warning: str,
    submit: str,
    status: int,
    danger: bool = True,
) -> HttpResponse:
    context = {
        **frame(request),
        "product": product,
        "form": form,
        "heading": heading,
        "warning": warning,
        "submit": submit,
        "danger": danger,
        "cancel_url": product_url(product),
        "crumbs": crumbs_of(request, product, heading),
    }
    return render(request, "operations/product_step.html", context, status=status)
