"""Pages of one product."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alliance.actions.idempotency import once
from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError
from alliance.kernel.permissions import can, require
from alliance.kernel.rich_text import render_markdown
from groups.actions.conflict import require_no_conflict
from groups.choices import GroupKind
from groups.selectors.conflict import list_recused
from operations.actions.product import (
    ADAPTER_FIELDS,
    AUTHOR_FIELDS,
    EditConflictError,
    adapt_product,
    decline_release,
    draft_product,
    release_product,
    retire_product,
    review_product,
    send_back_product,
    submit_product,
    update_product,
)
from operations.actions.share import share_product, unshare_product
from operations.choices import PilotState, ProductKind, ProductState
from operations.forms.kind import detail_initial
from operations.forms.product import (
    AdaptForm,
    DraftForm,
    OptionalReasonForm,
    ReasonForm,
    ReviewForm,
    ShareForm,
    show_refusal,
)
from operations.models import Product
from operations.permissions import (
    ADAPT_PRODUCT,
    ANSWER_PILOT,
    CHANGE_PRODUCT,
    MANAGE_PILOT,
    RELEASE_PRODUCT,
    RETIRE_PRODUCT,
    REVIEW_PRODUCT,
    SEND_BACK_PRODUCT,
    SHARE_PRODUCT,
    START_DRAFT,
    VIEW_ANSWERS,
    acts_for_office,
    seats_of,
)
from operations.selectors.kind import form_in_force, form_of
from operations.selectors.people import institutions_in_group
from operations.selectors.pilot import count_scores, draw_opinions, list_comments, list_firms
from operations.selectors.product import (
    days_late,
    get_product,
    is_late,
    latest_pilot,
    list_history,
    list_shares,
    list_stages,
    week_of,
)
from operations.selectors.results import read_criteria
from operations.views.common import back_to, choose_institution, crumbs_of, frame, offer, product_url, tenant_of
from operations.views.piece import pieces_card
from operations.views.point import points_card
from operations.views.product_parts import contributions_card, files_card, references_card
from operations.views.steps import all_stand_aside, gates_card, release_context, reviewers_of, steps_of
from operations.views.trial import plan_card
from operations.views.version import versions_card

COMMENTS_SHOWN = 5


def _round_card(request: HttpRequest, product: Product) -> dict[str, Any]:
    """The latest round: its figures, what the pilot firms say, whether it is late."""
    now = timezone.now()
    pilot = latest_pilot(product)
    sees_answers = can(request.user, VIEW_ANSWERS, product)
    scores = count_scores(pilot) if pilot and sees_answers else []
    comments = list_comments(pilot) if pilot and sees_answers else []
    csv_url = reverse("pilot_answers_csv", kwargs={"code": product.code})
    return {
        "pilot": pilot,
        "chart": draw_opinions(scores, csv_url),
        "csv_url": csv_url,
        "sees_answers": sees_answers,
        "answers_line": _answers_line(pilot, now) if pilot else "",
        "comments": comments[:COMMENTS_SHOWN],
        "comment_count": len(comments),
        "late": is_late(product, pilot, now),
        "days_late": days_late(product, pilot, now),
        "firms": list_firms(pilot) if pilot else [],
        "criteria": read_criteria(pilot.result) if pilot else [],
        "figures": pilot.result.get("figures") if pilot and pilot.result else None,
        "is_decided": bool(pilot and pilot.state in {PilotState.PASSED, PilotState.FAILED, PilotState.INCONCLUSIVE}),
        "may_answer": bool(pilot and pilot.is_running and pilot.deadline >= now and can(request.user, ANSWER_PILOT, pilot)),
        "may_manage": bool(pilot and pilot.is_running and can(request.user, MANAGE_PILOT, product)),
    }


def _text_card(request: HttpRequest, product: Product) -> dict[str, Any]:
    """The text, the stages it passes and the steps that are open now."""
    now = timezone.now()
    return {
        "stages": list_stages(product, at=now),
        "steps": steps_of(request, product),
        "may_edit": product.state in {ProductState.DRAFT, ProductState.IMPROVING}
        and can(request.user, CHANGE_PRODUCT, product),
        "may_adapt": product.state == ProductState.IMPROVING
        and product.adapter_id in seats_of(request.user, product.alliance, (GroupKind.MEDIA,), at=now),
        "body": render_markdown(_in_language(product, "body")),
    }


def _shares_card(request: HttpRequest, product: Product) -> dict[str, Any]:
    """The people a product is shared with."""
    may_share = can(request.user, SHARE_PRODUCT, product)
    return {
        "may_share": may_share,
        "shares": list_shares(product) if may_share else [],
        "share_form": ShareForm(auto_id="share_%s"),
    }


def _record_card(request: HttpRequest, product: Product) -> dict[str, Any]:
    """Reviews and the record, for those who may read the answers."""
    if not can(request.user, VIEW_ANSWERS, product):
        return {"history": [], "reviews": []}
    return {
        "history": list_history(product),
        "reviews": product.reviews.select_related("institution").order_by("-at")[:5],
    }


CARDS: Final[tuple[Callable[[HttpRequest, Product], dict[str, Any]], ...]] = (
    _round_card,
    plan_card,
    gates_card,
    points_card,
    _text_card,
    pieces_card,
    files_card,
    contributions_card,
    references_card,
    versions_card,
    _shares_card,
    _record_card,
)
"""What each card of a product's page (``templates/operations/cards/``) needs; one function per topic, names never meet."""


@login_required
@require_safe
def product_detail(request: HttpRequest, code: str) -> HttpResponse:
    """One product: stage, what the pilot firms say, comments, facts, changes agreed, record."""
    product = get_product(tenant_of(request), code, reader=request.user)
    context: dict[str, Any] = {**frame(request), "crumbs": crumbs_of(request, product), "product": product}
    for card in CARDS:
        context |= card(request, product)
    return render(request, "operations/product_detail.html", context)


def _answers_line(pilot: Any, at: datetime) -> str:
    """How many answered, how far the round is, and which version it tries."""
    answers = ngettext("%(count)s answer", "%(count)s answers", pilot.answer_count) % {"count": pilot.answer_count}
    firms = ngettext("%(count)s firm", "%(count)s firms", pilot.firm_count) % {"count": pilot.firm_count}
    week, weeks = week_of(pilot, at)
    return " · ".join(
        (
            answers,
            firms,
            _("week %(week)s of %(weeks)s") % {"week": week, "weeks": weeks},
            _("round %(round)s, version %(version)s") % {"round": pilot.round, "version": pilot.version},
        )
    )


def _in_language(product: Product, field: str) -> str:
    from alliance.templatetags.ui import pick_bilingual  # noqa: PLC0415 - the one place that picks a language

    return pick_bilingual(product, field)[0]


def _kind_asked(request: HttpRequest, kind: str = ProductKind.RESEARCH_REPORT.value) -> str:
    """The kind whose fields the form shows."""
    asked = request.POST.get("kind") or request.GET.get("kind") or kind
    return asked if asked in ProductKind.values else kind


def _asks_for_other_fields(request: HttpRequest) -> bool:
    """Whether the form comes back because another kind was chosen: its fields are drawn first, and nothing is saved yet."""
    drawn = request.POST.get("form_kind")
    return request.method == "POST" and ("show" in request.POST or (bool(drawn) and drawn != request.POST.get("kind")))


def _texts(product: Product, fields: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(product, name) for name in fields}


def _changed(data: dict[str, Any], fields: tuple[str, ...]) -> dict[str, Any]:
    return {name: data[name] for name in fields if name in data}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@once
def product_draft(request: HttpRequest) -> HttpResponse:
    """Begin a draft."""
    alliance = tenant_of(request)
    require(request.user, START_DRAFT, alliance)
    now = timezone.now()
    if acts_for_office(request.user, alliance, at=now):
        fitting = {institution.pk for institution in institutions_in_group(alliance, GroupKind.WISDOM, at=now)}
    else:
        fitting = seats_of(request.user, alliance, (GroupKind.WISDOM,), at=now)
    kind_form = form_in_force(alliance, _kind_asked(request))
    more: dict[str, Any] = {"institutions": offer(alliance, fitting), "kind_form": kind_form}
    form = DraftForm(request.POST or None, initial={"kind": kind_form.kind}, **more)
    status = 200
    if _asks_for_other_fields(request):
        form = DraftForm(initial=dict(request.POST.items()), **more)
    elif request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                product = draft_product(
                    alliance,
                    actor=request.user,  # type: ignore[arg-type]
                    institution_id=choose_institution(request, fitting, form.cleaned_data["institution"]),
                    values=_changed(form.cleaned_data, AUTHOR_FIELDS),
                    at=now,
                )
            except InvalidInputError as refusal:
                show_refusal(form, refusal)
            else:
                return back_to(request, product, _("Draft saved."))
    context = {
        **frame(request),
        "form": form,
        "other_fields": _asks_for_other_fields(request),
        "heading": _("New draft"),
        "submit": _("Save draft"),
        "cancel_url": frame(request)["pilots_url"],
        "crumbs": [{"label": _("Pilots"), "url": frame(request)["pilots_url"]}, {"label": _("New draft"), "url": ""}],
    }
    return render(request, "operations/product_form.html", context, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def product_edit(request: HttpRequest, code: str) -> HttpResponse:
    """Change a draft, or the texts of a product that is being improved."""
    alliance = tenant_of(request)
    product = get_product(alliance, code, reader=request.user)
    require(request.user, CHANGE_PRODUCT, product)
    kind = _kind_asked(request, product.kind)
    kind_form = form_of(product) if kind == product.kind else form_in_force(alliance, kind)
    initial = {
        **_texts(product, AUTHOR_FIELDS),
        **detail_initial(kind_form, product.details),
        "revision": product.revision,
    }
    form = DraftForm(request.POST or None, initial=initial, kind_form=kind_form)
    theirs: dict[str, Any] = {}
    status = 200
    if _asks_for_other_fields(request):
        form = DraftForm(initial=dict(request.POST.items()), kind_form=kind_form)
    elif request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                update_product(
                    alliance,
                    code,
                    actor=request.user,  # type: ignore[arg-type]
                    values=_changed(form.cleaned_data, AUTHOR_FIELDS),
                    revision=form.cleaned_data["revision"] or 0,
                    at=timezone.now(),
                )
            except EditConflictError as conflict:
                form, theirs = _compare(request, form, conflict, DraftForm, kind_form=kind_form)
                theirs |= detail_initial(kind_form, theirs.pop("details"))
                status = 409
            except InvalidInputError as refusal:
                show_refusal(form, refusal)
            else:
                return back_to(request, product, _("Saved."))
    context = {
        **frame(request),
        "product": product,
        "form": form,
        "theirs": _differences(form, theirs),
        "other_fields": _asks_for_other_fields(request),
        "newer_form": kind == product.kind and form_in_force(alliance, kind).version != product.form_version,
        "heading": _("Edit"),
        "submit": _("Save"),
        "cancel_url": product_url(product),
        "crumbs": crumbs_of(request, product, _("Edit")),
    }
    return render(request, "operations/product_form.html", context, status=status)


def _compare(request: HttpRequest, form: Any, conflict: EditConflictError, kind: Any, **more: Any) -> tuple[Any, Any]:
    """The form again with what was typed, to be saved upon the version that stands now."""
    data = request.POST.copy()
    data["revision"] = str(conflict.revision)
    again = kind(data, **more)
    again.is_valid()
    again.add_error(None, f"{conflict.reason} {conflict.remedy}")
    return again, conflict.theirs


def _differences(form: Any, theirs: dict[str, Any]) -> list[dict[str, Any]]:
    """Fields in which what was typed differs from what stands now."""
    found: list[dict[str, Any]] = []
    for name, value in theirs.items():
        if name not in form.fields:
            continue
        typed = form.data.get(name) or ""
        stands = "" if value is None else str(value)
        if typed.replace("\r\n", "\n").strip() != stands.replace("\r\n", "\n").strip():
            found.append({"label": form.fields[name].label, "theirs": stands, "yours": typed})
    return found


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def product_adapt(request: HttpRequest, code: str) -> HttpResponse:
    """Turn a reviewed draft into something usable."""
    alliance = tenant_of(request)
    product = get_product(alliance, code, reader=request.user)
    require(request.user, ADAPT_PRODUCT, product)
    now = timezone.now()
    seats = seats_of(request.user, alliance, (GroupKind.MEDIA,), at=now)
    fitting = seats if product.adapter_id is None else {product.adapter_id}
    more: dict[str, Any] = {
        "institutions": offer(alliance, fitting),
        "with_ready": product.state == ProductState.TRANSFORMING,
    }
    initial = {
        **_texts(product, ADAPTER_FIELDS),
        "revision": product.revision,
        "ready": product.adapted_at is not None,
    }
    form = AdaptForm(request.POST or None, initial=initial, **more)
    theirs: dict[str, Any] = {}
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            data = form.cleaned_data
            try:
                adapt_product(
                    alliance,
                    code,
                    actor=request.user,  # type: ignore[arg-type]
                    institution_id=choose_institution(request, fitting, data.get("institution") or None),
                    values=_changed(data, ADAPTER_FIELDS),
                    revision=data["revision"] or 0,
                    ready=bool(data.get("ready")),
                    at=now,
                )
            except EditConflictError as conflict:
                form, theirs = _compare(request, form, conflict, AdaptForm, **more)
                status = 409
            except InvalidInputError as refusal:
                show_refusal(form, refusal)
            else:
                ready = data.get("ready")
                return back_to(request, product, _("Handed over for the pilot.") if ready else _("Saved."))
    context = {
        **frame(request),
        "product": product,
        "form": form,
        "theirs": _differences(form, theirs),
        "heading": _("Adapt the text"),
        "submit": _("Save"),
        "cancel_url": product_url(product),
        "crumbs": crumbs_of(request, product, _("Adapt the text")),
    }
    return render(request, "operations/product_form.html", context, status=status)


@login_required
@require_POST
def product_submit(request: HttpRequest, code: str) -> HttpResponse:
    """Hand a draft in; what is missing is said on the page where it can be written."""
    alliance = tenant_of(request)
    product = get_product(alliance, code, reader=request.user)
    try:
        submit_product(alliance, code, actor=request.user, at=timezone.now())  # type: ignore[arg-type]
    except InvalidInputError as refusal:
        messages.error(request, str(refusal.reason))
        return redirect("product_edit", code=code)
    except DomainError as refusal:
        if refusal.code != "gate_closed":
            raise
        messages.error(request, str(refusal.reason))
        only_files = set(refusal.details.get("gates", ())) == {"evidence"}
        return redirect("product_files" if only_files else "product_edit", code=code)
    return back_to(request, product, _("Submitted for review. Another institution reads it now."))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def product_review(request: HttpRequest, code: str) -> HttpResponse:
    """Give an institution's word on a draft."""
    alliance = tenant_of(request)
    product = get_product(alliance, code, reader=request.user)
    require(request.user, REVIEW_PRODUCT, product)
    now = timezone.now()
    fitting = seats_of(request.user, alliance, (GroupKind.WISDOM, GroupKind.POLICY), at=now)
    seated = reviewers_of(request, product)
    stands_aside = all_stand_aside(product, seated)
    if not stands_aside:
        fitting -= list_recused(alliance, product.matter)
    form = ReviewForm(request.POST or None, institutions=offer(alliance, fitting - {product.author_id}))
    status = 200
    if request.method == "POST":
        if stands_aside:
            require_no_conflict(alliance, seated, product.matter)
        status = 422
        if form.is_valid():
            data = form.cleaned_data
            try:
                review_product(
                    alliance,
                    code,
                    actor=request.user,  # type: ignore[arg-type]
                    institution_id=choose_institution(request, fitting, data.get("institution") or None),
                    verdict=data["verdict"],
                    comment=data["comment"],
                    at=now,
                )
            except InvalidInputError as refusal:
                show_refusal(form, refusal, {"reason": "comment"})
            else:
                product.refresh_from_db()
                words = (
                    _("Approved. The media group adapts it now.")
                    if product.state == ProductState.TRANSFORMING
                    else _("Sent back to the author with your reasons.")
                )
                messages.success(request, words)
                visible = product_url(product)
                return redirect(visible)
    context = {
        **frame(request),
        "product": product,
        "form": form,
        "stands_aside": stands_aside,
        "body": render_markdown(_in_language(product, "body")),
        "cancel_url": product_url(product),
        "crumbs": crumbs_of(request, product, _("Review")),
    }
    return render(request, "operations/product_review.html", context, status=status)


def _with_reason(
    request: HttpRequest, code: str, *, permission: str, act: Any, heading: str, warning: str, submit: str, done: str
) -> HttpResponse:
    """A step that needs nothing but a reason."""
    alliance = tenant_of(request)
    product = get_product(alliance, code, reader=request.user)
    require(request.user, permission, product)
    form = ReasonForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                act(alliance, code, actor=request.user, reason=form.cleaned_data["reason"], at=timezone.now())
            except InvalidInputError as refusal:
                show_refusal(form, refusal)
            else:
                return back_to(request, product, done)
    context = {
        **frame(request),
        "product": product,
        "form": form,
        "heading": heading,
        "warning": warning,
        "submit": submit,
        "danger": True,
        "cancel_url": product_url(product),
        "crumbs": crumbs_of(request, product, heading),
    }
    return render(request, "operations/product_step.html", context, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def product_send_back(request: HttpRequest, code: str) -> HttpResponse:
    """Send a product back to its author."""
    return _with_reason(
        request,
        code,
        permission=SEND_BACK_PRODUCT,
        act=send_back_product,
        heading=_("Send back to the author"),
        warning=_("It becomes a draft again and passes review and adaptation anew."),
        submit=_("Send back"),
        done=_("Sent back to the author with your reason."),
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def product_retire(request: HttpRequest, code: str) -> HttpResponse:
    """Take a released product out of use."""
    return _with_reason(
        request,
        code,
        permission=RETIRE_PRODUCT,
        act=retire_product,
        heading=_("Retire"),
        warning=_("It leaves the catalogue and the public pages. Its record stays."),
        submit=_("Retire"),
        done=_("Retired."),
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def product_release(request: HttpRequest, code: str) -> HttpResponse:
    """Decide on a proposed release, with the pilot's result in view."""
    alliance = tenant_of(request)
    product = get_product(alliance, code, reader=request.user)
    require(request.user, RELEASE_PRODUCT, product)
    form = OptionalReasonForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        now = timezone.now()
        if request.POST.get("decision") == "release":
            release_product(alliance, code, actor=request.user, at=now)  # type: ignore[arg-type]
            return back_to(request, product, _("Released. It stands in the catalogue within a few seconds."))
        if form.is_valid():
            try:
                decline_release(
                    alliance,
                    code,
                    actor=request.user,  # type: ignore[arg-type]
                    reason=form.cleaned_data["reason"],
                    at=now,
                )
            except InvalidInputError as refusal:
                show_refusal(form, refusal)
            else:
                return back_to(request, product, _("Not released yet. The reason stands among the changes to make."))
    pilot = latest_pilot(product)
    context = {
        **frame(request),
        "product": product,
        "pilot": pilot,
        "form": form,
        "criteria": read_criteria(pilot.result) if pilot else [],
        "figures": pilot.result.get("figures") if pilot and pilot.result else None,
        "is_proposed": product.state == ProductState.PILOTING and product.release_proposed_at is not None,
        **release_context(request, product),
        "cancel_url": product_url(product),
        "crumbs": crumbs_of(request, product, _("Decide on the release")),
    }
    return render(request, "operations/product_release.html", context, status=status)


@login_required
@require_POST
def share_add(request: HttpRequest, code: str) -> HttpResponse:
    """Let somebody read a product before its release."""
    alliance = tenant_of(request)
    product = get_product(alliance, code, reader=request.user)
    form = ShareForm(request.POST, auto_id="share_%s")
    if not form.is_valid():
        messages.error(request, _("Give a complete e-mail address."))
        return redirect(f"{product_url(product)}#shares")
    try:
        share = share_product(
            alliance,
            code,
            actor=request.user,  # type: ignore[arg-type]
            email=form.cleaned_data["email"],
            at=timezone.now(),
        )
    except InvalidInputError as refusal:
        messages.error(request, str(refusal.reason))
    else:
        messages.success(request, _("Shared with %(name)s.") % {"name": share.user})
    return redirect(f"{product_url(product)}#shares")


@login_required
@require_POST
def share_remove(request: HttpRequest, code: str) -> HttpResponse:
    """Take a reading right back."""
    alliance = tenant_of(request)
    product = get_product(alliance, code, reader=request.user)
    try:
        reader = UUID(request.POST.get("reader", ""))
    except ValueError:
        raise NotFoundError from None
    unshare_product(alliance, code, reader=reader, actor=request.user, at=timezone.now())  # type: ignore[arg-type]
    messages.success(request, _("The share was taken back."))
    return redirect(f"{product_url(product)}#shares")
