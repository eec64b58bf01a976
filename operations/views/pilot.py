"""Pages of the pipeline and of pilots."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError
from alliance.kernel.permissions import can, require
from alliance.kernel.tables import csv_response
from alliance.selectors.paging import paginate
from groups.choices import GroupKind
from operations.actions.feedback import submit_feedback
from operations.actions.pilot import close_pilot_early, extend_pilot
from operations.actions.workbook import PilotClosedError
from operations.choices import ParticipantState, ProductKind, ProductState
from operations.forms.pilot import AnswerForm, ExtendForm, end_of
from operations.forms.product import show_refusal
from operations.permissions import (
    ANSWER_PILOT,
    MANAGE_PILOT,
    START_DRAFT,
    VIEW_ANSWERS,
    VIEW_PIPELINE,
    own_institutions,
    seats_of,
)
from operations.selectors.pilot import answer_table, list_comments, list_pilots_of_institutions, own_answer
from operations.selectors.product import (
    get_product,
    latest_pilot,
    list_products_of_institutions,
    list_visible_products,
    list_waiting_for_groups,
    make_card,
    with_rounds,
)
from operations.selectors.site import list_invitations
from operations.views.common import back_to, choose_institution, crumbs_of, frame, offer, product_url, tenant_of

EXPORT_LIMIT = 10_000


@login_required
@require_safe
def pilot_list(request: HttpRequest) -> HttpResponse:
    """The pipeline as a list, released and retired products included; the same list as CSV."""
    alliance = tenant_of(request)
    require(request.user, VIEW_PIPELINE, alliance)
    now = timezone.now()
    states = [state for state in request.GET.getlist("state") if state in ProductState.values]
    kinds = [kind for kind in request.GET.getlist("kind") if kind in ProductKind.values]
    text = request.GET.get("q", "").strip()[:100]
    visible = list_visible_products(alliance, request.user, at=now)
    rows = with_rounds(visible, alliance)
    if states:
        rows = rows.filter(state__in=states)
    if kinds:
        rows = rows.filter(kind__in=kinds)
    if text:
        from django.db.models import Q  # noqa: PLC0415 - only searches need it

        rows = rows.filter(Q(title_en__icontains=text) | Q(title_zh__icontains=text) | Q(code__iexact=text))
    if request.GET.get("format") == "csv":
        return _export(rows.order_by("-created_at", "-id")[:EXPORT_LIMIT], now)
    page = paginate(rows, request.GET, order=("-created_at", "-id"))
    query = request.GET.copy()
    for name in ("after", "before"):
        query.pop(name, None)
    query["format"] = "csv"
    context = {
        **frame(request),
        "rows": [{"product": product, "card": make_card(product, at=now, movable=False)} for product in page.items],
        "page": page,
        "csv_url": f"?{query.urlencode()}",
        "facets": [
            {
                "name": "state",
                "label": _("State"),
                "options": [
                    {"value": value, "label": label, "selected": value in states} for value, label in ProductState.choices
                ],
            },
            {
                "name": "kind",
                "label": _("Kind"),
                "options": [
                    {"value": value, "label": label, "selected": value in kinds} for value, label in ProductKind.choices
                ],
            },
        ],
        "q": text,
        "is_filtered": bool(states or kinds or text),
        "may_draft": can(request.user, START_DRAFT, alliance),
    }
    return render(request, "operations/pilot_list.html", context)


def _export(rows: Any, now: Any) -> HttpResponse:
    header = [
        _("code"),
        _("title in English"),
        _("title in Chinese"),
        _("kind"),
        _("state"),
        _("version"),
        _("drafted by"),
        _("adapted by"),
        _("rounds"),
        _("answers"),
        _("mean score"),
        _("due"),
        _("late"),
        _("released at"),
    ]

    def line(product: Any) -> list[Any]:
        pilot = latest_pilot(product)
        return [
            product.code,
            product.title_en,
            product.title_zh,
            product.kind,
            product.state,
            product.version,
            product.author.code,
            product.adapter.code if product.adapter else "",
            pilot.round if pilot else 0,
            pilot.answer_count if pilot else 0,
            pilot.mean_score if pilot else None,
            product.due_on,
            make_card(product, at=now, movable=False).late,
            product.released_at,
        ]

    return csv_response("pilots", header, (line(product) for product in rows))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def pilot_extend(request: HttpRequest, code: str) -> HttpResponse:
    """Set a later deadline."""
    alliance = tenant_of(request)
    product = get_product(alliance, code, reader=request.user)
    require(request.user, MANAGE_PILOT, product)
    form = ExtendForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                extend_pilot(
                    alliance,
                    code,
                    actor=request.user,  # type: ignore[arg-type]
                    deadline=end_of(form.cleaned_data["deadline_on"]),
                    reason=form.cleaned_data["reason"],
                    at=timezone.now(),
                )
            except InvalidInputError as refusal:
                show_refusal(form, refusal, {"deadline": "deadline_on"})
            else:
                return back_to(request, product, _("Extended. The pilot firms are told."))
    context = {
        **frame(request),
        "product": product,
        "form": form,
        "heading": _("Extend the pilot"),
        "warning": _("Answers can be given and changed until the new date."),
        "submit": _("Extend"),
        "danger": False,
        "cancel_url": product_url(product),
        "crumbs": crumbs_of(request, product, _("Extend the pilot")),
    }
    return render(request, "operations/product_step.html", context, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def pilot_close(request: HttpRequest, code: str) -> HttpResponse:
    """Close a round with the answers it has."""
    alliance = tenant_of(request)
    product = get_product(alliance, code, reader=request.user)
    require(request.user, MANAGE_PILOT, product)
    if request.method == "POST":
        close_pilot_early(alliance, code, actor=request.user, at=timezone.now())  # type: ignore[arg-type]
        return back_to(request, product, _("Closed. The answers are being summed up."))
    pilot = latest_pilot(product)
    if pilot is None:
        raise NotFoundError
    answers = ngettext("%(count)s answer", "%(count)s answers", pilot.answer_count) % {"count": pilot.answer_count}
    context = {
        **frame(request),
        "product": product,
        "heading": _("Close the pilot"),
        "warning": _("No more answers are taken. %(answers)s count; the plan asks for %(needed)s. The plan's rule decides.")
        % {"answers": answers, "needed": pilot.minimum_answers},
        "submit": _("Close the pilot"),
        "danger": True,
        "cancel_url": product_url(product),
        "crumbs": crumbs_of(request, product, _("Close the pilot")),
    }
    return render(request, "operations/product_step.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def pilot_answer(request: HttpRequest, code: str) -> HttpResponse:
    """One person's answer for a pilot firm; can be changed until the round closes."""
    alliance = tenant_of(request)
    now = timezone.now()
    product = get_product(alliance, code, reader=request.user)
    pilot = latest_pilot(product)
    if pilot is None:
        raise NotFoundError
    pilot.product = product
    require(request.user, ANSWER_PILOT, pilot)
    mine = own_answer(pilot, request.user)
    fitting = own_institutions(request.user, alliance, at=now) & pilot.participant_ids
    if mine is not None:
        fitting = {mine.participant.institution_id} & fitting
    criteria = list(pilot.criteria.order_by("position"))
    form = AnswerForm(
        request.POST or None,
        request.FILES or None,
        criteria=criteria,
        institutions=offer(alliance, fitting),
        answer=mine,
    )
    status = 200
    closed: DomainError | None = None
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                submit_feedback(
                    alliance,
                    code,
                    actor=request.user,  # type: ignore[arg-type]
                    institution_id=choose_institution(request, fitting, form.cleaned_data.get("institution") or None),
                    scores=form.scores(),
                    defects=form.defects(),
                    suggestion=form.cleaned_data["suggestion"],
                    evidence=form.cleaned_data["evidence"],
                    at=now,
                )
            except PilotClosedError as refusal:
                closed, status = refusal, refusal.status
            except InvalidInputError as refusal:
                names = {**form.names_of_refusal(), "upload": "evidence"}
                if refusal.code.startswith("upload"):
                    form.add_error("evidence", " ".join(str(part) for part in (refusal.reason, refusal.remedy) if part))
                else:
                    show_refusal(form, refusal, names)
            else:
                words = _("Answer changed.") if mine else _("Answer saved.")
                until = _("You can change it until the pilot closes.")
                return back_to(request, product, f"{words} {until}")
    context = {
        **frame(request),
        "product": product,
        "pilot": pilot,
        "form": form,
        "mine": mine,
        "closed": closed,
        "is_open": pilot.is_running and now <= pilot.deadline,
        "cancel_url": product_url(product),
        "crumbs": crumbs_of(request, product, _("Give feedback")),
    }
    return render(request, "operations/pilot_answer.html", context, status=status)


@login_required
@require_safe
def pilot_answers_csv(request: HttpRequest, code: str) -> HttpResponse:
    """The answers of the latest round, without names, as CSV."""
    alliance = tenant_of(request)
    product = get_product(alliance, code, reader=request.user)
    require(request.user, VIEW_ANSWERS, product)
    pilot = latest_pilot(product)
    if pilot is None:
        raise NotFoundError
    header, rows = answer_table(pilot)
    return csv_response(f"{product.code}-round-{pilot.round}-answers", header, rows)


@login_required
@require_safe
def pilot_comments(request: HttpRequest, code: str) -> HttpResponse:
    """Everything the pilot firms wrote in the latest round."""
    alliance = tenant_of(request)
    product = get_product(alliance, code, reader=request.user)
    require(request.user, VIEW_ANSWERS, product)
    pilot = latest_pilot(product)
    if pilot is None:
        raise NotFoundError
    context = {
        **frame(request),
        "product": product,
        "pilot": pilot,
        "comments": list_comments(pilot),
        "crumbs": crumbs_of(request, product, _("Comments to act on")),
    }
    return render(request, "operations/pilot_comments.html", context)


@login_required
@require_safe
def portal_pilots(request: HttpRequest) -> HttpResponse:
    """What pilots need from the reader's institutions."""
    alliance = tenant_of(request)
    request.nav_key = "pilots"  # type: ignore[attr-defined]
    now = timezone.now()
    mine = own_institutions(request.user, alliance, at=now)
    pilots = list_pilots_of_institutions(alliance, mine, request.user)
    invitations = list_invitations(alliance, mine)
    asked = {site.pilot_id for site in invitations}
    needed = [
        pilot
        for pilot in pilots
        if pilot.is_running and pilot.deadline >= now and not pilot.answered and pilot.pk not in asked
    ]
    context = {
        "invitations": invitations,
        "needed": needed,
        "others": [pilot for pilot in pilots if pilot not in needed and pilot.pk not in asked],
        "now": now,
        "invited": ParticipantState.INVITED,
    }
    return render(request, "operations/portal_pilots.html", context)


@login_required
@require_safe
def portal_products(request: HttpRequest) -> HttpResponse:
    """Products the reader's institutions write or adapt, and those that wait for their group."""
    alliance = tenant_of(request)
    request.nav_key = "products"  # type: ignore[attr-defined]
    now = timezone.now()
    mine = own_institutions(request.user, alliance, at=now)
    products = list_products_of_institutions(alliance, mine)
    context = {
        "rows": [{"product": product, "card": make_card(product, at=now, movable=False)} for product in products],
        "waiting": list_waiting_for_groups(alliance, request.user, at=now),
        "may_draft": bool(seats_of(request.user, alliance, (GroupKind.WISDOM,), at=now)),
    }
    return render(request, "operations/portal_products.html", context)
