"""The board of the pipeline and its calendar; dragging a card and the Move button lead to the same pages and actions."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from alliance.kernel.errors import DomainError, NotFoundError, PermissionRefusedError
from alliance.kernel.formats import format_list
from alliance.kernel.permissions import can, permissions, require
from groups.choices import GroupKind
from operations.actions.room import stage_full
from operations.choices import ProductKind, ProductState
from operations.gates import open_points
from operations.permissions import START_DRAFT, VIEW_PIPELINE, VIEW_PIPELINE_RULES
from operations.selectors.board import FILTERS, Board, Column, due_month, fitting, get_board
from operations.selectors.product import GROUP_STATES, get_product
from operations.selectors.rules import full_stage
from operations.selectors.stages import COLUMNS, column_of, stage_label
from operations.transitions import (
    APPROVE,
    BEGIN_PILOT,
    DECLINE_RELEASE,
    PRODUCT_TRANSITIONS,
    READAPT,
    REDRAFT,
    RELEASE,
    SEND_BACK,
    STOP_PILOT,
)
from operations.views.common import frame, tenant_of

if TYPE_CHECKING:
    from alliance.kernel.transitions import Transition
    from alliance.models import Alliance
    from operations.models import Product


def _asked(request: HttpRequest) -> dict[str, str]:
    """The filters of the address; unknown values are left aside."""
    show, group, kind = (request.GET.get(name, "") for name in ("show", "group", "kind"))
    return {
        "show": show if show in FILTERS else "all",
        "group": group if group in GROUP_STATES else "",
        "kind": kind if kind in ProductKind.values else "",
    }


def _address(asked: dict[str, str], **changed: str) -> str:
    """The same page with other filters."""
    wanted = {**asked, **changed}
    query = "&".join(f"{name}={value}" for name, value in wanted.items() if value and (name, value) != ("show", "all"))
    return f"?{query}" if query else "?"


def _filter_context(asked: dict[str, str], board: Board | None) -> dict[str, Any]:
    labels = {"all": _("All groups"), "mine": _("Mine"), "late": _("Late"), "ready": _("Ready to release")}
    numbers = {"late": board.late, "ready": board.ready} if board is not None else {}
    return {
        "asked": asked,
        "filters": [
            {
                "key": key,
                "label": labels[key],
                "count": numbers.get(key),
                "current": key == asked["show"],
                "late": key == "late",
                "url": _address(asked, show=key),
            }
            for key in FILTERS
        ],
        "groups": [(value, label) for value, label in GroupKind.choices if value in GROUP_STATES],
        "kinds": ProductKind.choices,
        "is_filtered": asked["show"] != "all" or bool(asked["group"] or asked["kind"]),
        "query": _address(asked),
    }


def _column(column: Column) -> dict[str, Any]:
    states = "&".join(f"state={state}" for state in sorted(states_in(column.key)))
    return {
        "key": column.key,
        "label": column.label,
        "colour": column.colour,
        "count": column.count,
        "total": column.total,
        "limit": column.limit,
        "is_full": column.is_full,
        "is_over": column.is_over,
        "hidden": column.hidden,
        "list_url": f"{reverse('pilot_list')}?{states}",
        "cards": [
            {
                "code": card.code,
                "title": card.title,
                "url": reverse("product_detail", kwargs={"code": card.code}),
                "group_kind": card.group_kind,
                "facts": card.facts,
                "due": card.due,
                "late": card.late,
                "waits": card.waits,
                "age": card.age,
                "movable": True,
                "move_url": reverse("product_move", kwargs={"code": card.code}),
            }
            for card in column.cards
        ],
    }


def states_in(stage: str) -> frozenset[str]:
    """States that stand in a stage."""
    return next(states for key, _label, _colour, states in COLUMNS if key == stage)


@login_required
@require_safe
def pilot_board(request: HttpRequest) -> HttpResponse:
    """The pipeline from draft to release, as a board."""
    alliance = tenant_of(request)
    require(request.user, VIEW_PIPELINE, alliance)
    asked = _asked(request)
    board = get_board(alliance, request.user, **asked, at=timezone.now(), movable=True)
    columns = [_column(column) for column in board.columns]
    context = {
        **frame(request),
        **_filter_context(asked, board),
        "columns": columns,
        "is_empty": not board.total,
        "shows_nothing": board.total and not any(column["cards"] for column in columns),
        "may_draft": can(request.user, START_DRAFT, alliance),
        "may_see_rules": can(request.user, VIEW_PIPELINE_RULES, alliance),
        "move_url": reverse("pilot_move"),
    }
    return render(request, "operations/pilot_board.html", context)


@login_required
@require_safe
def pilot_calendar(request: HttpRequest) -> HttpResponse:
    """What is due in a month: drafts, reviews, handovers, changes, starts and deadlines of rounds."""
    alliance = tenant_of(request)
    require(request.user, VIEW_PIPELINE, alliance)
    asked = _asked(request)
    now = timezone.now()
    first = _month(request)
    before = date(first.year - (first.month == 1), (first.month - 2) % 12 + 1, 1) if first > date(2000, 1, 1) else first
    after = date(first.year + (first.month == 12), first.month % 12 + 1, 1)
    wanted = fitting(alliance, request.user, **asked, at=now)
    weeks = due_month(alliance, request.user, first, wanted=wanted, at=now)
    context = {
        **frame(request),
        **_filter_context(asked, None),
        "month": first,
        "month_label": capfirst(date_format(first, "YEAR_MONTH_FORMAT")),
        "month_value": f"{first:%Y-%m}",
        "weeks": weeks,
        "weekdays": [date_format(day.day, "D") for day in weeks[0]],
        "previous_month": _address(asked, month=f"{before:%Y-%m}"),
        "next_month": _address(asked, month=f"{after:%Y-%m}"),
        "agenda": [day for week in weeks for day in week if day.in_month and day.entries],
        "may_draft": can(request.user, START_DRAFT, alliance),
        "may_see_rules": can(request.user, VIEW_PIPELINE_RULES, alliance),
    }
    return render(request, "operations/pilot_calendar.html", context)


def _month(request: HttpRequest) -> date:
    """The first day of the month in the address; of this month where that is none."""
    try:
        asked = parse_date(f"{request.GET.get('month', '')}-01")
    except ValueError:
        asked = None
    if asked is None or not 2000 <= asked.year <= 2100:
        return timezone.localdate().replace(day=1)
    return asked


# ------------------------------------------------------------------------------------------------------------- a dropped card

STEP_PAGES: Final[dict[str, str]] = {
    APPROVE.name: "product_review",
    BEGIN_PILOT.name: "pilot_plan",
    SEND_BACK.name: "product_send_back",
    DECLINE_RELEASE.name: "product_release",
    RELEASE.name: "product_release",
    STOP_PILOT.name: "product_loop_back",
    READAPT.name: "product_loop_back",
    REDRAFT.name: "product_loop_back",
}
"""Page of each step between two stages; every step needs more than a drop, so none happens by a slip of the hand."""


def _steps_to(product: Product, stage: str) -> list[Transition]:
    """Steps of people that lead from the product's state to a stage."""
    due = product.release_proposed_at is not None
    return [
        step
        for step in PRODUCT_TRANSITIONS
        if step.name in STEP_PAGES
        and product.state in step.sources
        and column_of(step.target) == stage
        and not (product.state == ProductState.PILOTING and (step in {DECLINE_RELEASE, RELEASE}) is not due)
    ]


def _refuse_move(product: Product, stage: str) -> DomainError:
    """Why a product cannot go to a stage at all, and which steps lead on."""
    onward = [str(step.label) for step in PRODUCT_TRANSITIONS if step.permission and product.state in step.sources]
    return DomainError(
        _("A product in the state “%(state)s” cannot go to “%(stage)s”.")
        % {"state": product.get_state_display(), "stage": stage_label(stage)},
        code="transition_refused",
        remedy=_("Steps from here: %(steps)s.") % {"steps": format_list(onward, get_language())} if onward else "",
    )


def check_move(request: HttpRequest, product: Product, stage: str) -> Transition:
    """The step that brings a product to a stage for this person, with its gates open and room in the stage.

    Raises:
        DomainError: ``transition_refused``, ``gate_closed``, ``stage_full``; says what to do about it.
        PermissionRefusedError: The step is somebody else's.
    """
    steps = _steps_to(product, stage)
    if not steps:
        raise _refuse_move(product, stage)
    mine = next((step for step in steps if can(request.user, step.permission, product)), None)
    if mine is None:
        declared = permissions.get(steps[0].permission)
        raise PermissionRefusedError(declared.act, permission=steps[0].permission, who=declared.describe_holders())
    shut = [view for view in open_points(product, mine) if not view.done]
    if shut:
        raise DomainError(
            _("“%(step)s” is not possible yet. Missing: %(missing)s.")
            % {"step": mine.label, "missing": "; ".join(str(words) for view in shut for words in view.missing)},
            code="gate_closed",
            who=[words for view in shut for words in view.who],
        )
    full = full_stage(product, mine)
    if full is not None and product.admitted_to != full.stage:
        raise stage_full(full)
    return mine


@login_required
@require_POST
def pilot_move(request: HttpRequest) -> HttpResponse:
    """A card was dropped on a stage: lead to the page of that step, or say why it cannot be."""
    alliance: Alliance = tenant_of(request)
    require(request.user, VIEW_PIPELINE, alliance)
    product = get_product(alliance, request.POST.get("card", ""), reader=request.user)
    stage = request.POST.get("to", "")
    if stage == column_of(product.state):
        return redirect("pilot_board")
    if stage not in {key for key, _label, _colour, _states in COLUMNS}:
        raise NotFoundError
    try:
        step = check_move(request, product, stage)
    except DomainError as refusal:
        return _problem(refusal)
    address = reverse(STEP_PAGES[step.name], kwargs={"code": product.code})
    return redirect(f"{address}?step={step.name}" if STEP_PAGES[step.name] == "product_loop_back" else address)


def _problem(refusal: DomainError) -> HttpResponse:
    """The refusal as a problem document, with who may do it."""
    who = "; ".join(dict.fromkeys(str(words) for words in refusal.who))
    parts = [str(refusal.reason), str(refusal.remedy)]
    if who:
        parts.append(_("Who can: %(who)s.") % {"who": who})
    return JsonResponse(
        {
            "type": "about:blank",
            "title": str(refusal.reason),
            "detail": " ".join(part for part in parts if part),
            "status": refusal.status,
            "code": refusal.code,
        },
        status=refusal.status,
        content_type="application/problem+json",
    )
