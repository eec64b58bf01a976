"""Pages of the work under a contract: the card on the contract's page, a page per milestone with its forms, the closing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from alliance.actions.idempotency import once
from alliance.kernel import charts
from alliance.kernel.errors import DomainError, NotFoundError
from alliance.kernel.formats import format_day, format_money
from alliance.kernel.permissions import can, require
from alliance.kernel.transitions import key_label
from alliance.selectors.audit import ORDER as AUDIT_ORDER
from alliance.selectors.audit import describe, entries_about, history_of
from alliance.selectors.paging import paginate
from services.actions.contract import party_of
from services.actions.execution import (
    accept_milestone,
    complete_contract,
    hand_over_milestone,
    remind_acceptance,
    return_milestone,
    take_back_milestone,
)
from services.actions.execution_payment import (
    PAYERS,
    confirm_payment,
    contradict_payment,
    record_payment,
    reverse_payment,
)
from services.choices import ContractState, MilestoneState, PartyRole, PaymentState, SubmissionState
from services.forms.contract import place_refusal
from services.forms.execution import HandOverForm, PaymentForm, PaymentWordsForm, ReturnForm
from services.permissions import (
    ACCEPT_MILESTONE_PERMISSION,
    ANSWER_PAYMENT_PERMISSION,
    COMPLETE_CONTRACT_PERMISSION,
    HAND_OVER_PERMISSION,
    RECORD_PAYMENT_PERMISSION,
    REMIND_ACCEPTANCE_PERMISSION,
)
from services.selectors.amendment import list_amendments
from services.selectors.contract import milestone_chart
from services.selectors.milestones import (
    MOST_REWORK,
    PAYING_STATES,
    SHOWN_STATES,
    WORKING_STATES,
    MilestoneView,
    milestones_of,
    missing_to_close,
    next_milestone,
    open_notice,
    terms_in_effect,
    work_chart,
)
from services.views.contract_common import back, contract_url, find, frame, tenant_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime

    from django.http import HttpRequest, HttpResponse

    from alliance.selectors.audit import HistoryEntry
    from services.models import Contract, ContractParty, ContractTerms, MilestonePayment, MilestoneSubmission

TONES = {
    MilestoneState.OPEN: "neutral",
    MilestoneState.HANDED: "info",
    MilestoneState.REWORK: "warn",
    MilestoneState.ACCEPTED: "primary",
    MilestoneState.PAID: "ok",
}
SUBMISSION_TONES = {
    SubmissionState.HANDED: "info",
    SubmissionState.ACCEPTED: "ok",
    SubmissionState.RETURNED: "warn",
    SubmissionState.TAKEN_BACK: "neutral",
}
PAYMENT_TONES = {
    PaymentState.RECORDED: "info",
    PaymentState.CONFIRMED: "ok",
    PaymentState.CONTRADICTED: "bad",
    PaymentState.REVERSED: "neutral",
}
RECORD_SHOWN = 12
"""Acts that the contract's page shows; the page of the record has all of them."""
RECORD_PAGE = 50
"""Acts on one page of the record."""
TOLD = ("version", "milestone", "attempt", "payment", "amount")
"""Values that the record names beside an act."""
ACT_TONES = {
    **dict.fromkeys(
        (
            "accept_milestone",
            "accept_milestone_by_silence",
            "agree_match",
            "complete_contract",
            "complete_signing",
            "confirm_payment",
            "introduce_match",
            "put_amendment_in_effect",
            "resume_contract",
            "seal_contract",
            "sign_contract",
        ),
        "ok",
    ),
    **dict.fromkeys(
        (
            "cancel_contract",
            "contradict_payment",
            "decline_contract",
            "decline_match",
            "drop_amendment",
            "end_match",
            "lapse_contract",
            "order_notice",
            "terminate_contract",
        ),
        "bad",
    ),
    **dict.fromkeys(
        (
            "give_notice",
            "refuse_notice",
            "remind_acceptance",
            "remind_signatories",
            "return_milestone",
            "reverse_payment",
            "suspend_contract",
            "take_back_milestone",
        ),
        "warn",
    ),
    **dict.fromkeys(
        (
            "agree_notice",
            "agree_terms",
            "amend_contract",
            "freeze_terms",
            "hand_over_milestone",
            "open_review",
            "open_signing",
            "record_payment",
        ),
        "info",
    ),
}
"""Tone of an act's dot: green for what is settled, red for what ends or contests, amber for what presses; all else is grey."""


def _day(day: date) -> str:
    return format_day(day, get_language())


def next_step(view: MilestoneView) -> str:
    """Who must act, and by when."""
    if view.state == MilestoneState.HANDED and view.handed is not None:
        if view.silent_after is not None:
            return _("Without an answer of the demand side by %(day)s it counts as accepted.") % {
                "day": _day(view.silent_after)
            }
        if view.is_late:
            return _("The demand side has not answered; the witness reminds it.")
    if view.state == MilestoneState.ACCEPTED and not view.left:
        return _("The supply side says whether the payment arrived.")
    words = {
        MilestoneState.OPEN: _("The supply side hands over by %(day)s."),
        MilestoneState.REWORK: _("The supply side mends it by %(day)s."),
        MilestoneState.HANDED: _("The demand side accepts it or lists what is to be mended by %(day)s."),
        MilestoneState.ACCEPTED: _("The demand side pays by %(day)s."),
    }.get(view.state)
    return words % {"day": _day(view.next_on)} if words and view.next_on else ""


def late_words(view: MilestoneView) -> str:
    """How late the next step is; empty in time."""
    if not view.is_late:
        return ""
    return ngettext("%(n)s day late", "%(n)s days late", view.days_late) % {"n": view.days_late}


def _row(contract: Contract, view: MilestoneView) -> dict[str, Any]:
    return {
        "view": view,
        "tone": TONES[view.state],
        "label": view.state.label,
        "next": next_step(view) if contract.state in PAYING_STATES else "",
        "late": late_words(view) if contract.state in PAYING_STATES else "",
        "is_moved": view.due_on != view.planned_on,
        "url": reverse("contract_milestone", kwargs={"code": contract.code, "number": view.number}),
    }


def execution_context(
    request: HttpRequest, contract: Contract, shown: ContractTerms | None, amendments: Sequence[Contract], now: datetime
) -> dict[str, Any]:
    """What the contract's page shows of the work, before that the plan of the version shown; the record with the numbers its acts are about."""
    alliance = tenant_of(request)
    acts = history_of(alliance, *_records_of(contract, amendments), limit=RECORD_SHOWN + 1)
    context: dict[str, Any] = {
        "work": None,
        "history": record_rows(contract, amendments, acts[:RECORD_SHOWN]),
        "has_earlier_acts": len(acts) > RECORD_SHOWN,
    }
    terms = terms_in_effect(contract) if contract.state in SHOWN_STATES and contract.amends_id is None else None
    if terms is None:
        context["chart"] = charts.draw(milestone_chart(shown.content, timezone.localdate(now))) if shown else None
        return context
    views = milestones_of(contract, at=now)
    may_close = contract.state in {*WORKING_STATES, ContractState.SUSPENDED} and can(
        request.user, COMPLETE_CONTRACT_PERMISSION, party_of(contract, PartyRole.WITNESS)
    )
    context.update(
        work=[_row(contract, view) for view in views],
        work_price=sum(view.amount for view in views),
        work_confirmed=sum(view.confirmed for view in views),
        chart=charts.draw(work_chart(contract, views)),
        may_close=may_close and all(view.is_paid for view in views),
    )
    # While the work rests, what comes next is the end of the pause.
    following = next_milestone(views) if contract.state in WORKING_STATES else None
    context["next_work"] = next((row for row in context["work"] if row["view"] is following), None)
    return context


def _records_of(contract: Contract, amendments: Sequence[Contract]) -> list[Any]:
    return [contract, *amendments, *([contract.match] if contract.match is not None else [])]


def record_rows(contract: Contract, amendments: Sequence[Contract], entries: Iterable[HistoryEntry]) -> list[dict[str, Any]]:
    """Acts as the timeline draws them: what was done, for which party, with the numbers it is about.

    The acts on amendments stand among them with the amendment's code.
    """
    told = [(name, str(key_label(name))) for name in TOLD]
    role_label, codes = str(key_label("role")), {str(one.pk): one.code for one in amendments}
    found = []
    for one in entries:
        values = {str(change.label): change.after for change in one.changes}
        parts = [codes[one.object_id]] if one.object_type == contract._meta.label_lower and one.object_id in codes else []
        if (role := values.get(role_label)) in PartyRole.values:
            parts.append(capfirst(str(PartyRole(role).label)))
        for name, label in told:
            if value := values.get(label):
                parts.append(
                    format_money(value, "CNY", get_language(), exact=True)
                    if name == "amount"
                    else f"{capfirst(label)} {value}"
                )
        found.append(
            {
                "title": capfirst(one.title),
                "detail": " · ".join(parts),
                "at": one.at,
                "by": one.by,
                "tone": ACT_TONES.get(one.verb, ""),
            }
        )
    return found


@login_required
@require_safe
def contract_record(request: HttpRequest, code: str) -> HttpResponse:
    """The whole record of a contract, newest first, in pages."""
    contract = find(request, code)
    alliance = tenant_of(request)
    amendments = list_amendments(contract) if contract.is_concluded else []
    entries = entries_about(alliance, *_records_of(contract, amendments))
    page = paginate(entries, request.GET, order=AUDIT_ORDER, size=RECORD_PAGE)
    context = {
        **frame(request, contract, _("Record")),
        "page": page,
        "rows": record_rows(contract, amendments, describe(alliance, page.items, with_names=False)),
    }
    return render(request, "services/contract_record.html", context)


# ------------------------------------------------------------------------------------------------------- the page of a milestone


def _may(request: HttpRequest, contract: Contract, view: MilestoneView) -> dict[str, bool]:
    """Which steps the reader may take now; the actions ask again."""
    demand, supply, witness = (party_of(contract, role) for role in PartyRole.values)
    user = request.user
    works, pays = contract.state in WORKING_STATES, contract.state in PAYING_STATES
    waits = works and view.handed is not None
    own = view.handed is not None and view.handed.handed_by_id == user.pk
    answers = waits and not own and can(user, ACCEPT_MILESTONE_PERMISSION, demand)
    return {
        "hand_over": works
        and view.state in (MilestoneState.OPEN, MilestoneState.REWORK)
        and can(user, HAND_OVER_PERMISSION, supply),
        "take_back": waits and can(user, HAND_OVER_PERMISSION, supply),
        "accept": answers,
        "return": answers and view.rounds < MOST_REWORK,
        "remind": waits and view.is_late and view.silent_after is None and can(user, REMIND_ACCEPTANCE_PERMISSION, witness),
        "record": pays
        and view.accepted is not None
        and view.left > 0
        and any(can(user, RECORD_PAYMENT_PERMISSION, one) for one in (demand, witness)),
        "answer": pays and can(user, ANSWER_PAYMENT_PERMISSION, supply),
    }


def _payers(request: HttpRequest, contract: Contract) -> list[ContractParty]:
    return [
        one for one in contract.parties.all() if one.role in PAYERS and can(request.user, RECORD_PAYMENT_PERMISSION, one)
    ]


def _forms(request: HttpRequest, contract: Contract, view: MilestoneView, act: str) -> dict[str, Any]:
    """The forms of the page; the one that was sent is bound, with ids of its own."""
    data, files = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    payers = _payers(request, contract)
    return {
        "hand_over": HandOverForm(
            data if act == "hand_over" else None, files if act == "hand_over" else None, auto_id="hand_over_%s"
        ),
        "return": ReturnForm(data if act == "return" else None, auto_id="return_%s"),
        "record": PaymentForm(
            data if act == "record" else None,
            roles=[(one.role, one.get_role_display()) for one in payers],
            initial={
                "amount": view.left,
                "paid_on": view.today,
                "role": payers[0].role if payers else "",
            },
            auto_id="record_%s",
        ),
    }


def _payment_number(request: HttpRequest, view: MilestoneView) -> int:
    """The payment a form names, if it is one of this milestone.

    Raises:
        NotFoundError: It is not.
    """
    given = request.POST.get("payment", "")
    for payment in view.payments:
        if str(payment.number) == given:
            return payment.number
    raise NotFoundError


def _take(request: HttpRequest, contract: Contract, view: MilestoneView, act: str, form: Any, now: datetime) -> str:
    """Do what was asked for; the words for the reader.

    Raises:
        DomainError: It was refused.
        NotFoundError: There is no such act.
    """
    alliance, code, number = tenant_of(request), contract.code, view.number
    common: dict[str, Any] = {"actor": request.user, "at": now}
    data = form.cleaned_data if form is not None else {}
    if act == "hand_over":
        hand_over_milestone(alliance, code, number, words=data["words"], files=data["attachments"], **common)
        return _("Handed over; the demand side is asked to accept it.")
    if act == "take_back":
        take_back_milestone(alliance, code, number, **common)
        return _("Taken back; the demand side is told.")
    if act == "accept":
        accept_milestone(alliance, code, number, **common)
        return _("Accepted; all parties are told, and the payment is due.")
    if act == "return":
        return_milestone(alliance, code, number, **data, **common)
        return _("Sent back for rework; the supply side is asked to mend it.")
    if act == "remind":
        remind_acceptance(alliance, code, number, **common)
        return _("The demand side is reminded in writing; five working days of silence count as acceptance.")
    if act == "record":
        record_payment(alliance, code, number, **data, **common)
        return _("Recorded; the supply side is asked whether it arrived.")
    payment = _payment_number(request, view)
    if act == "confirm":
        confirm_payment(alliance, code, payment, **common)
        return _("Confirmed; the payment arrived.")
    if act == "contradict":
        contradict_payment(alliance, code, payment, **data, **common)
        return _("Contradicted; whoever recorded it is asked to look into it.")
    if act == "reverse":
        reverse_payment(alliance, code, payment, **data, **common)
        return _("Taken out of the record; the row stays and says why.")
    raise NotFoundError


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@once
def contract_milestone(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """One milestone: attempts, files, decisions, payments, and the forms of whoever must act."""
    contract = find(request, code)
    if contract.state not in SHOWN_STATES or contract.in_effect_id is None or contract.amends_id is not None:
        return redirect(contract_url(contract))
    now = timezone.now()
    views = milestones_of(contract, at=now)
    view = next((one for one in views if one.number == number), None)
    if view is None:
        raise NotFoundError
    act = request.POST.get("act", "")
    forms = _forms(request, contract, view, act)
    worded = PaymentWordsForm(request.POST, auto_id=f"{act}_%s") if act in {"contradict", "reverse"} else None
    form = worded or forms.get(act)
    status, refused = 200, ""
    if request.method == "POST":
        if form is None or form.is_valid():
            try:
                words = _take(request, contract, view, act, form, now)
            except NotFoundError:
                raise
            except DomainError as refusal:
                refused, status = " ".join(str(part) for part in (refusal.reason, refusal.remedy) if part), refusal.status
                if form is not None:
                    place_refusal(form, refusal)
            else:
                messages.success(request, words)
                return redirect("contract_milestone", code=code, number=number)
        else:
            status = 422
    may = _may(request, contract, view)
    payments = [_payment(request, contract, one, may, act, worded) for one in view.payments]
    # Where the form is drawn it says itself why it was refused; else the page says so above everything.
    is_drawn = may.get(act, False) if worded is None else any(one["is_answered_here"] for one in payments)
    context = {
        **frame(request, contract, _("Milestone %(number)s") % {"number": number}),
        **_row(contract, view),
        "may": may,
        "may_any": any(may[name] for name in ("hand_over", "take_back", "accept", "return", "remind", "record")),
        "attempts": [_attempt(one) for one in reversed(view.all_attempts)],
        "payments": payments,
        "hand_over_form": forms["hand_over"],
        "return_form": forms["return"],
        "payment_form": forms["record"],
        "is_last_round": view.handed is not None and view.rounds >= MOST_REWORK,
        "rounds_left": MOST_REWORK - view.rounds,
        "notice_url": reverse("contract_notice_new", kwargs={"code": contract.code})
        if contract.state in WORKING_STATES
        else "",
        "earlier": next((one for one in reversed(views) if one.number < number), None),
        "later": next((one for one in views if one.number > number), None),
        "refused": "" if form is not None and is_drawn else refused,
        "has_form_errors": status != 200,
    }
    return render(request, "services/execution_milestone.html", context, status=status)


def _attempt(one: MilestoneSubmission) -> dict[str, Any]:
    return {"row": one, "tone": SUBMISSION_TONES[SubmissionState(one.state)], "files": one.files.all()}


def _payment(
    request: HttpRequest, contract: Contract, one: MilestonePayment, may: dict[str, bool], act: str, worded: Any
) -> dict[str, Any]:
    """A payment with the forms of whoever may answer it."""
    open_ones = (PaymentState.RECORDED, PaymentState.CONTRADICTED)
    answers = may["answer"] and one.recorded_by_id != request.user.pk
    is_sent = worded is not None and request.POST.get("payment", "") == str(one.number)

    def own_form(name: str) -> Any:
        if is_sent and act == name:
            return worded
        return PaymentWordsForm(auto_id=f"{name}_{one.number}_%s")

    contradicts = answers and one.state == PaymentState.RECORDED
    reverses = (
        contract.state in PAYING_STATES
        and one.state in open_ones
        and can(request.user, RECORD_PAYMENT_PERMISSION, party_of(contract, one.role))
    )
    return {
        "row": one,
        "tone": PAYMENT_TONES[PaymentState(one.state)],
        "may_confirm": answers and one.state in open_ones,
        "may_contradict": contradicts,
        "may_reverse": reverses,
        "is_answered_here": is_sent and ((act == "contradict" and contradicts) or (act == "reverse" and reverses)),
        "contradict_form": own_form("contradict"),
        "reverse_form": own_form("reverse"),
        "is_contradicting": is_sent and act == "contradict",
        "is_reversing": is_sent and act == "reverse",
    }


# -------------------------------------------------------------------------------------------------------------------- closing


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@once
def contract_complete(request: HttpRequest, code: str) -> HttpResponse:
    """The witness closes a contract; before that the page lists what is missing."""
    contract = find(request, code)
    require(request.user, COMPLETE_CONTRACT_PERMISSION, party_of(contract, PartyRole.WITNESS))
    if contract.state not in {*WORKING_STATES, ContractState.SUSPENDED} or contract.amends_id is not None:
        return redirect(contract_url(contract))
    now = timezone.now()
    status, refused = 200, ""
    if request.method == "POST":
        try:
            complete_contract(tenant_of(request), code, actor=request.user, at=now)  # type: ignore[arg-type]  # login_required
        except DomainError as refusal:
            status, refused = refusal.status, " ".join(str(part) for part in (refusal.reason, refusal.remedy) if part)
        else:
            return back(request, contract, _("The contract is completed; the three parties are told."))
    context = {
        **frame(request, contract, _("Close the contract")),
        "missing": missing_to_close(contract, milestones_of(contract, at=now), open_notice(contract)),
        "refused": refused,
        "has_form_errors": status != 200,
    }
    return render(request, "services/execution_complete.html", context, status=status)
