"""Notices to suspend, take up or end the work: give one, read and answer it, order as the witness."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods

from alliance.actions.idempotency import once
from alliance.kernel.errors import DomainError, NotFoundError
from services.actions.contract_notice import answer_notice, give_notice, order_notice, withdraw_notice
from services.choices import ContractState, NoticeKind, NoticeReason, NoticeState, PartyRole
from services.forms.contract import place_refusal
from services.forms.contract_notice import AnswerForm, NoticeForm, OrderForm
from services.permissions import GIVE_NOTICE_PERMISSION
from services.selectors.contract import parties_of_reader
from services.selectors.contract_notice import (
    OTHER_SIDE,
    REASONS,
    UNANSWERED,
    get_notice,
    kinds_possible,
    kinds_to_order,
    list_notices,
    list_pauses,
    to_be_decided,
)
from services.views.contract_common import back, choose_party, contract_url, find, frame, tenant_of

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest, HttpResponse

    from services.models import Contract, ContractNotice, ContractParty


def notice_context(request: HttpRequest, contract: Contract) -> dict[str, Any]:
    """What the page of a contract shows of notices and pauses: two queries for a concluded contract, none before."""
    if contract.amends_id is not None or not contract.is_concluded:
        return {"notices": [], "pauses": [], "open_notice": None, "may_notice": False}
    notices, pauses = list_notices(contract), list_pauses(contract)
    mine = parties_of_reader(contract, request.user, GIVE_NOTICE_PERMISSION)
    waiting = next((one for one in notices if one.state == NoticeState.OPEN), None)
    pause = next((one for one in pauses if one.ends_on is None), None)
    return {
        "notices": notices,
        "pauses": pauses,
        "pause": pause,
        "pause_reason": next((one for one in notices if pause is not None and one.pk == pause.begun_id), None),
        "open_notice": waiting,
        "end_notice": next(
            (
                one
                for one in notices
                if one.kind == NoticeKind.TERMINATE and one.state in {NoticeState.AGREED, NoticeState.ORDERED}
            ),
            None,
        )
        if contract.state == ContractState.TERMINATED
        else None,
        "may_notice": any(_kinds(contract, party, notices, timezone.now()) for party in mine),
        "may_answer_notice": waiting is not None
        and any(OTHER_SIDE.get(PartyRole(waiting.role)) == one.role for one in mine),
    }


def _kinds(contract: Contract, party: ContractParty, notices: list[ContractNotice], now: datetime) -> list[NoticeKind]:
    """What a party may want now: the witness orders, a side gives notice while none waits for its answer."""
    if party.role == PartyRole.WITNESS:
        return kinds_to_order(contract, notices, now)
    if any(one.state == NoticeState.OPEN for one in notices):
        return []
    return kinds_possible(contract)


def _reasons(kinds: list[NoticeKind]) -> list[NoticeReason]:
    return [reason for reason in NoticeReason if any(reason in REASONS[kind] for kind in kinds)]


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@once
def contract_notice_new(request: HttpRequest, code: str) -> HttpResponse:
    """Give notice for the reader's side, or order as the witness."""
    alliance, contract = tenant_of(request), find(request, code)
    party = choose_party(request, contract, GIVE_NOTICE_PERMISSION)
    now = timezone.now()
    notices = list_notices(contract)
    kinds = _kinds(contract, party, notices, now)
    if not kinds and request.method != "POST":
        return redirect(contract_url(contract))
    wanted = request.GET.get("kind", "")
    initial = {"kind": wanted if wanted in kinds else kinds[0] if len(kinds) == 1 else ""}
    # What is possible may have changed since the form was shown: then the action says so, with the words kept.
    offered = kinds or list(NoticeKind)
    form = NoticeForm(request.POST or None, initial=initial, kinds=offered, reasons=_reasons(offered))
    orders = party.role == PartyRole.WITNESS
    status = 200
    if request.method == "POST":
        if form.is_valid():
            common: dict[str, Any] = {"actor": request.user, "at": now, **form.cleaned_data}
            try:
                if orders:
                    notice = order_notice(alliance, code, **common)
                    words = _("Ordered; all parties are told.")
                else:
                    notice = give_notice(alliance, code, role=party.role, **common)
                    words = _("Notice %(number)s is given; the other side is asked.") % {"number": notice.number}
            except DomainError as refusal:
                place_refusal(form, refusal)
            else:
                return back(request, contract, words)
        status = 422
    context = {
        **frame(request, contract, _("Order") if orders else pgettext("contract", "Give notice")),
        "form": form,
        "party": party,
        "orders": orders,
        "parties": parties_of_reader(contract, request.user, GIVE_NOTICE_PERMISSION),
        "has_form_errors": status == 422,
    }
    return render(request, "services/contract_notice_new.html", context, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@once
def contract_notice_detail(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """A notice: what is wanted and why, who answered; answer it, withdraw it, or decide as the witness."""
    contract = find(request, code)
    notice = get_notice(contract, number)
    now = timezone.now()
    mine = {party.role: party for party in parties_of_reader(contract, request.user, GIVE_NOTICE_PERMISSION)}
    is_open = notice.state == NoticeState.OPEN
    other = OTHER_SIDE.get(PartyRole(notice.role))
    due = to_be_decided(list_notices(contract), now)
    decides = due is not None and due.pk == notice.pk and NoticeKind.TERMINATE in kinds_possible(contract)
    act = request.POST.get("act", "")
    answer = AnswerForm(request.POST if act in {"agree", "refuse"} else None)
    order = OrderForm(
        request.POST if act == "order" else None,
        reasons=_reasons([NoticeKind.TERMINATE]),
        initial={"reason": notice.reason},
    )
    may_answer = is_open and other in mine and notice.given_by_id != request.user.pk
    may_order = decides and PartyRole.WITNESS in mine
    status = 200
    if request.method == "POST":
        if not mine:
            raise NotFoundError
        form: AnswerForm | OrderForm = order if act == "order" else answer
        if act == "withdraw" or form.is_valid():
            try:
                words = _act(request, contract, notice, act, form, now)
            except DomainError as refusal:
                if act == "withdraw" or not (may_order if act == "order" else may_answer):
                    raise  # the page shows no form that could say it
                place_refusal(form, refusal)
            else:
                if words:
                    return back(request, contract, words)
        status = 422
    context = {
        **frame(request, contract, _("Notice %(number)s") % {"number": number}),
        "notice": notice,
        "answer": answer,
        "order": order,
        "may_answer": may_answer,
        "may_withdraw": is_open and notice.role in mine,
        "may_order": may_order,
        "decide_from": notice.given_at + UNANSWERED if is_open and notice.kind == NoticeKind.TERMINATE else None,
        "has_form_errors": status == 422,
    }
    return render(request, "services/contract_notice_detail.html", context, status=status)


def _act(
    request: HttpRequest,
    contract: Contract,
    notice: ContractNotice,
    act: str,
    form: AnswerForm | OrderForm,
    now: datetime,
) -> str:
    """Do what the pressed button says; empty for none of them."""
    common: dict[str, Any] = {"actor": request.user, "at": now}
    alliance, code, number = tenant_of(request), contract.code, notice.number
    if act in {"agree", "refuse"}:
        role = OTHER_SIDE.get(PartyRole(notice.role), PartyRole.WITNESS)
        words = form.cleaned_data["words"]
        answer_notice(alliance, code, number=number, role=role, agrees=act == "agree", words=words, **common)
        return _("Agreed; it takes effect now.") if act == "agree" else _("Refused; the other parties are told.")
    if act == "withdraw":
        withdraw_notice(alliance, code, number=number, role=notice.role, **common)
        return _("The notice is withdrawn.")
    if act == "order":
        order_notice(
            alliance,
            code,
            kind=NoticeKind.TERMINATE,
            reason=form.cleaned_data["reason"],
            words=form.cleaned_data["order_words"],
            **common,
        )
        return _("The contract is ended; all parties are told.")
    return ""
