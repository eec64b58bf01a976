"""Pages of the console about directives: sent to the alliances below, received from the one above."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alliance.actions.idempotency import once
from alliance.kernel.errors import InvalidInputError
from alliance.kernel.permissions import can, require
from alliance.selectors.paging import paginate
from groups.actions.directive import (
    DirectiveText,
    acknowledge_directive,
    change_directive,
    close_directive,
    draft_directive,
    report_directive,
    send_directive,
)
from groups.choices import DeliveryState, DirectiveKind, DirectiveState
from groups.forms.directive import DirectiveForm, RecipientsForm, ReportForm
from groups.forms.group import place_errors
from groups.models import Directive, ReceivedDirective
from groups.permissions import ANSWER_DIRECTIVE, SEND_DIRECTIVE, VIEW_DIRECTIVES
from groups.selectors.directive import (
    answered_states,
    get_directive,
    get_received,
    list_children,
    list_directives,
    list_received,
    measure_progress,
)

if TYPE_CHECKING:
    from alliance.kernel.requests import AllianceRequest


def _enter(request: AllianceRequest) -> None:
    require(request.user, VIEW_DIRECTIVES, request.alliance)
    request.nav_key = "directives"


def _tabs(current: str) -> list[dict[str, Any]]:
    return [
        {"label": _("Sent down"), "url": reverse("directive_list"), "current": current == "sent", "count": None},
        {
            "label": _("From above"),
            "url": reverse("received_directive_list"),
            "current": current == "received",
            "count": None,
        },
    ]


@require_safe
@login_required
def directive_list(request: AllianceRequest) -> HttpResponse:
    """Directives to the alliances below, with how many have answered."""
    _enter(request)
    children = list(list_children(request.alliance))
    context = {
        "page": paginate(list_directives(request.alliance), request.GET, ("-created_at", "-id")),
        "today": timezone.localdate(),
        "children": children,
        "parent": request.alliance.parent,
        "may_send": can(request.user, SEND_DIRECTIVE, request.alliance) and bool(children),
        "tabs": _tabs("sent"),
    }
    return render(request, "groups/directive_list.html", context)


@require_safe
@login_required
def received_directive_list(request: AllianceRequest) -> HttpResponse:
    """Directives from the alliance above."""
    _enter(request)
    context = {
        "page": paginate(list_received(request.alliance), request.GET, ("-delivered_at", "-id")),
        "today": timezone.localdate(),
        "parent": request.alliance.parent,
        "tabs": _tabs("received"),
    }
    return render(request, "groups/received_directive_list.html", context)


def _crumbs(*more: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"label": _("Levels"), "url": reverse("directive_list")}, *more]


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def directive_new(request: AllianceRequest) -> HttpResponse:
    """Draft a directive; with ``from`` one that passes a received directive on."""
    _enter(request)
    require(request.user, SEND_DIRECTIVE, request.alliance)
    origin = request.GET.get("from", "")[:40]
    received = get_received(request.alliance, origin) if origin and "\x00" not in origin else None
    if origin and received is None:
        raise Http404
    names = ("kind", "title_en", "title_zh", "text_en", "text_zh", "measure", "due_on")
    initial = {name: getattr(received, name) for name in names} if received is not None else {}
    form = DirectiveForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            directive = draft_directive(
                request.alliance,
                DirectiveText(**form.cleaned_data),
                actor=request.user,
                at=timezone.now(),
                passed_on_from=received.code if received is not None else "",
            )
        except InvalidInputError as refusal:
            place_errors(form, refusal.fields, refusal.reason)
        else:
            messages.success(request, _("Drafted. Choose who gets it and send it."))
            return redirect("directive_detail", code=directive.code)
    context = {
        "form": form,
        "received": received,
        "back": reverse("directive_list"),
        "crumbs": _crumbs({"label": _("New directive")}),
    }
    return render(request, "groups/directive_form.html", context, status=422 if form.errors else 200)


def _find(request: AllianceRequest, code: str) -> Directive:
    directive = get_directive(request.alliance, code)
    if directive is None:
        raise Http404
    return directive


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def directive_edit(request: AllianceRequest, code: str) -> HttpResponse:
    """Change a draft."""
    _enter(request)
    directive = _find(request, code)
    require(request.user, SEND_DIRECTIVE, directive)
    names = ("kind", "title_en", "title_zh", "text_en", "text_zh", "measure", "due_on")
    form = DirectiveForm(
        request.POST if request.method == "POST" else None, initial={name: getattr(directive, name) for name in names}
    )
    if request.method == "POST" and form.is_valid():
        try:
            change_directive(
                request.alliance, code, DirectiveText(**form.cleaned_data), actor=request.user, at=timezone.now()
            )
        except InvalidInputError as refusal:
            place_errors(form, refusal.fields, refusal.reason)
        else:
            messages.success(request, _("The draft was changed."))
            return redirect("directive_detail", code=code)
    back = reverse("directive_detail", kwargs={"code": code})
    context = {
        "form": form,
        "directive": directive,
        "back": back,
        "crumbs": _crumbs({"label": directive.code, "url": back}, {"label": _("Edit")}),
    }
    return render(request, "groups/directive_form.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def directive_detail(request: AllianceRequest, code: str) -> HttpResponse:
    """A directive: a draft to send, or how far it is at every alliance below."""
    _enter(request)
    directive = _find(request, code)
    if request.method == "POST":
        require(request.user, SEND_DIRECTIVE, directive)
    may_send = can(request.user, SEND_DIRECTIVE, directive)
    children = list(list_children(request.alliance)) if directive.state == DirectiveState.DRAFT else []
    form = RecipientsForm(request.POST if request.method == "POST" else None, children=children)
    if request.method == "POST" and form.is_valid():
        try:
            send_directive(
                request.alliance,
                code,
                recipients=form.cleaned_data["recipients"],
                actor=request.user,
                at=timezone.now(),
            )
        except InvalidInputError as refusal:
            place_errors(
                form, {name: words for name, words in refusal.fields.items() if name == "recipients"}, refusal.reason
            )
        else:
            messages.success(request, _("Sent. The list below shows when it arrives."))
            return redirect("directive_detail", code=code)
    today = timezone.localdate()
    done = answered_states(directive.kind)
    context = {
        "directive": directive,
        "progress": measure_progress(directive, today),
        "rows": [
            {
                "delivery": delivery,
                "is_late": delivery.state not in done
                and directive.due_on < today
                and directive.state == DirectiveState.SENT,
            }
            for delivery in directive.deliveries.all()
        ],
        "is_draft": directive.state == DirectiveState.DRAFT,
        "may_send": may_send,
        "may_close": may_send and directive.state == DirectiveState.SENT,
        "form": form,
        "crumbs": _crumbs({"label": directive.code}),
    }
    return render(request, "groups/directive_detail.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def directive_close(request: AllianceRequest, code: str) -> HttpResponse:
    """Close a directive, after a question."""
    _enter(request)
    directive = _find(request, code)
    require(request.user, SEND_DIRECTIVE, directive)
    if request.method == "POST":
        close_directive(request.alliance, code, actor=request.user, at=timezone.now())
        messages.success(request, _("Closed. No answer is taken any more."))
        return redirect("directive_detail", code=code)
    context = {"directive": directive, "back": reverse("directive_detail", kwargs={"code": code})}
    return render(request, "groups/directive_close.html", context)


def _find_received(request: AllianceRequest, code: str) -> ReceivedDirective:
    received = get_received(request.alliance, code)
    if received is None:
        raise Http404
    return received


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def received_directive_detail(request: AllianceRequest, code: str) -> HttpResponse:
    """A directive from above: read, acknowledge, answer, pass on."""
    _enter(request)
    received = _find_received(request, code)
    if request.method == "POST":
        require(request.user, ANSWER_DIRECTIVE, received)
    initial = {"text_en": received.report_en, "text_zh": received.report_zh, "figure": received.figure}
    form = ReportForm(request.POST if request.method == "POST" else None, measure=received.measure, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            report_directive(
                request.alliance,
                code,
                text_en=form.cleaned_data["text_en"],
                text_zh=form.cleaned_data["text_zh"],
                figure=form.cleaned_data.get("figure"),
                actor=request.user,
                at=timezone.now(),
            )
        except InvalidInputError as refusal:
            place_errors(form, refusal.fields, refusal.reason)
        else:
            messages.success(request, _("Answered. The answer is on its way to the alliance above."))
            return redirect("received_directive_detail", code=code)
    may_answer = can(request.user, ANSWER_DIRECTIVE, received) and received.closed_at is None
    passed_on = list(received.passed_on.all())
    context = {
        "received": received,
        "today": timezone.localdate(),
        "passed_on": passed_on,
        "may_acknowledge": may_answer and received.state == DeliveryState.DELIVERED,
        "may_report": may_answer and received.kind != DirectiveKind.NOTICE,
        "may_pass_on": can(request.user, SEND_DIRECTIVE, request.alliance)
        and received.closed_at is None
        and not passed_on
        and list_children(request.alliance).exists(),
        "form": form,
        "crumbs": [
            *_crumbs({"label": _("From above"), "url": reverse("received_directive_list")}),
            {"label": received.code},
        ],
    }
    return render(request, "groups/received_directive_detail.html", context, status=422 if form.errors else 200)


@require_POST
@login_required
def received_directive_acknowledge(request: AllianceRequest, code: str) -> HttpResponse:
    """Acknowledge a directive from above."""
    _enter(request)
    try:
        acknowledge_directive(request.alliance, code, actor=request.user, at=timezone.now())
    except ReceivedDirective.DoesNotExist:
        raise Http404 from None
    messages.success(request, _("Acknowledged. The alliance above is told."))
    return redirect("received_directive_detail", code=code)
