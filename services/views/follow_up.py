"""Pages of follow-ups: the short form of a side, what was answered, and the desk's list of signals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from alliance.actions.idempotency import once
from alliance.kernel.errors import DomainError, NotFoundError
from alliance.kernel.permissions import require
from alliance.selectors.paging import paginate
from services.actions.follow_up import answer_follow_up, handle_follow_up
from services.choices import FollowUpState
from services.forms.contract import place_refusal
from services.forms.review import FollowUpForm, HandleForm
from services.permissions import HANDLE_FOLLOW_UP
from services.selectors.follow_up import (
    ORDER,
    TABS,
    desk_reads,
    get_follow_up,
    list_follow_ups,
    list_signals,
    own_sides,
    roles_read,
)
from services.views.contract_common import find, frame, tenant_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from services.models import Contract, ContractFollowUp


def follow_up_context(request: HttpRequest, contract: Contract) -> dict[str, Any]:
    """The card on the contract's page: for the people of a side its own follow-ups, for the desk both sides'. One query."""
    if not contract.is_concluded:
        return {}
    rows = list_follow_ups(contract, request.user)
    own = own_sides(contract, request.user)
    return {
        "follow_ups": rows[:3],
        "follow_up_open": next((row for row in rows if row.role in own and _is_open(row)), None),
        "follow_up_signals": [row for row in rows if row.is_signal and row.handled_at is None],
        "reads_follow_ups": bool(roles_read(contract, request.user)),
        "follow_up_desk": desk_reads(contract, request.user),
    }


def _is_open(row: ContractFollowUp) -> bool:
    return row.state == FollowUpState.ASKED and timezone.localdate() <= row.answer_by


@login_required
@require_safe
def follow_up_list(request: HttpRequest) -> HttpResponse:
    """What wants the desk's attention; handled signals and all follow-ups by tab."""
    alliance = tenant_of(request)
    require(request.user, HANDLE_FOLLOW_UP, alliance)
    tab = request.GET.get("tab", "")
    tab = tab if tab in TABS else ""
    page = paginate(list_signals(alliance, request.user, tab), request.GET, order=ORDER, size=40)
    address = reverse("follow_up_list")
    labels = {"": _("To see to"), "handled": _("Seen to"), "all": _("All follow-ups")}
    context = {
        **frame(request),
        "page": page,
        "tab": tab,
        "list_url": address,
        "tabs": [
            {"label": label, "url": f"{address}?tab={key}" if key else address, "current": key == tab}
            for key, label in labels.items()
        ],
    }
    request.nav_key = "follow_ups"  # type: ignore[attr-defined]
    return render(request, "services/follow_up_list.html", context)


@login_required
@require_safe
def contract_follow_ups(request: HttpRequest, code: str) -> HttpResponse:
    """Every follow-up of a contract that the reader may see, newest first."""
    contract = find(request, code)
    if not roles_read(contract, request.user):
        raise NotFoundError
    own = own_sides(contract, request.user)
    rows = list_follow_ups(contract, request.user)
    context = {
        **frame(request, contract, _("Follow-ups")),
        "rows": [{"one": row, "may_answer": row.role in own and _is_open(row)} for row in rows],
        "follow_up_desk": desk_reads(contract, request.user),
    }
    return render(request, "services/follow_up_contract.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@once
def follow_up_answer(request: HttpRequest, code: str, role: str, number: int) -> HttpResponse:
    """The form for the people of a side; afterwards what they answered."""
    contract = find(request, code)
    follow_up = get_follow_up(contract, role, number, reader=request.user)
    may_answer = role in own_sides(contract, request.user) and _is_open(follow_up)
    form = FollowUpForm(request.POST or None)
    status = 200
    if request.method == "POST":
        if form.is_valid() or not may_answer:
            values = form.cleaned_data if form.is_valid() else {}
            try:
                answer_follow_up(
                    tenant_of(request),
                    code,
                    role,
                    number,
                    progress=values.get("progress", ""),
                    cooperation=values.get("cooperation"),
                    wants_help=values.get("wants_help", False),
                    words=values.get("words", ""),
                    actor=request.user,  # type: ignore[arg-type]
                    at=timezone.now(),
                )
            except DomainError as refusal:
                if not may_answer:
                    raise
                place_refusal(form, refusal)
            else:
                messages.success(request, _("Thank you. Only your side and the desk read this."))
                return redirect(reverse("contract_detail", kwargs={"code": code}))
        status = 422
    context = {
        **frame(request, contract, _("Follow-up %(number)s") % {"number": number}),
        "one": follow_up,
        "form": form,
        "may_answer": may_answer,
        "follow_up_desk": desk_reads(contract, request.user),
        "has_form_errors": status == 422,
    }
    return render(request, "services/follow_up_answer.html", context, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@once
def follow_up_handle(request: HttpRequest, code: str, role: str, number: int) -> HttpResponse:
    """A signal for the desk: what was answered, and what was done about it."""
    contract = find(request, code)
    require(request.user, HANDLE_FOLLOW_UP, tenant_of(request))
    follow_up = get_follow_up(contract, role, number, reader=request.user)
    form = HandleForm(request.POST or None)
    status = 200
    if request.method == "POST":
        if form.is_valid():
            try:
                handle_follow_up(
                    tenant_of(request),
                    code,
                    role,
                    number,
                    words=form.cleaned_data["words"],
                    actor=request.user,  # type: ignore[arg-type]
                    at=timezone.now(),
                )
            except DomainError as refusal:
                place_refusal(form, refusal)
            else:
                messages.success(request, _("Noted."))
                return redirect(reverse("follow_up_list"))
        status = 422
    context = {
        **frame(request, contract, _("Follow-up %(number)s") % {"number": number}),
        "one": follow_up,
        "form": form,
        "may_handle": follow_up.is_signal and follow_up.handled_at is None,
        "follow_up_desk": True,
        "has_form_errors": status == 422,
    }
    return render(request, "services/follow_up_answer.html", context, status=status)
