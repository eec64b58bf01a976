"""The page of a contract's evaluation in all its phases, and the pages on which the committee decides appeals."""

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
from services.actions.review import give_review, reply_review
from services.actions.review_appeal import appeal_review, decide_appeal, withdraw_appeal
from services.choices import AppealState, PartyRole, ReviewCriterion, ReviewState
from services.forms.contract import place_refusal
from services.forms.review import AppealForm, DecisionForm, ReplyForm, SheetForm
from services.permissions import ANSWER_REVIEW_PERMISSION, DECIDE_REVIEW_APPEAL, GIVE_REVIEW_PERMISSION, READ_OWN_REVIEW
from services.selectors.review import (
    APPEAL_ORDER,
    card_of,
    commitments,
    get_appeal,
    get_review,
    given_pairs,
    list_appeals,
    may_answer,
    pair_name,
    pair_of,
    results_of,
    roles_of,
    sheets_of,
)
from services.views.contract_common import find, frame, tenant_of
from services.views.follow_up import follow_up_context

if TYPE_CHECKING:
    from django.forms import Form
    from django.http import HttpRequest, HttpResponse

    from services.models import Contract, ContractReview, ReviewSheet


def tracking_context(request: HttpRequest, contract: Contract) -> dict[str, Any]:
    """What follow-ups and evaluation add to the contract's page; two queries for a concluded contract, else none."""
    if not contract.is_concluded:
        return {}
    return {**follow_up_context(request, contract), "review": get_review(contract)}


def _names(contract: Contract) -> dict[str, str]:
    """Names of the parties by role, in the reader's language."""
    return {
        party.role: party.institution.name if party.institution is not None else contract.alliance.name
        for party in contract.parties.all()
    }


def _choose(roles: list[str], wanted: str) -> str:
    """The party the reader acts for: the one named in the address or form, else the first."""
    return wanted if wanted in roles else (roles[0] if roles else "")


def _sheet_form(sheet: ReviewSheet | None, of: str, data: Any = None) -> SheetForm:
    initial = {**sheet.marks, "words": sheet.words} if sheet is not None else {}
    return SheetForm(data, prefix=of, initial=initial)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@once
def contract_evaluation(request: HttpRequest, code: str) -> HttpResponse:
    """Give and wait while it is hidden; read, reply and appeal once it is open; the scores when it is final."""
    contract = find(request, code)
    review = get_review(contract)
    if review is None:
        raise NotFoundError
    failed: dict[str, Form] = {}
    status = 200
    if request.method == "POST":
        answer = _act(request, contract, review, failed)
        if answer is not None:
            return answer
        status = 422
    context = {
        **frame(request, contract, _("Evaluation")),
        "review": review,
        "names": _names(contract),
        "criteria": [one.label for one in ReviewCriterion],
        "has_form_errors": status == 422,
    }
    if review.state == ReviewState.OPEN:
        context |= _giving(request, contract, review, failed)
    else:
        context |= _revealed(request, contract, review, failed)
    return render(request, "services/review_page.html", context, status=status)


def _giving(request: HttpRequest, contract: Contract, review: ContractReview, failed: dict[str, Form]) -> dict[str, Any]:
    """The two forms of the reader's party, and who has given so far."""
    readable = roles_of(contract, request.user, READ_OWN_REVIEW)
    giving = roles_of(contract, request.user, GIVE_REVIEW_PERMISSION)
    role = _choose(giving or readable, request.POST.get("role", "") or request.GET.get("role", ""))
    own = {(sheet.by_role, sheet.of_role): sheet for sheet in sheets_of(review, readable)}
    given = given_pairs(review)
    names = _names(contract)
    is_late = timezone.localdate() > review.give_until
    forms = []
    for of in names:
        if not role or of == role:
            continue
        sheet = own.get((role, of))
        form = failed.get(f"give:{of}") or _sheet_form(sheet, of)
        forms.append(
            {
                "of": of,
                "label": PartyRole(of).label,
                "name": names[of],
                "form": form,
                "sheet": sheet,
                "marks": [(one.label, sheet.marks.get(one.value)) for one in ReviewCriterion] if sheet is not None else [],
            }
        )
    return {
        "role": role,
        "role_label": PartyRole(role).label if role else "",
        "giving": giving,
        "other_roles": [(one, PartyRole(one).label) for one in giving if one != role],
        "may_give": role in giving and not is_late,
        "is_late": is_late,
        "forms": forms,
        "given": [
            {
                "role": one,
                "label": PartyRole(one).label,
                "name": names[one],
                "done": [of for of in names if (one, of) in given],
                "rest": [of for of in names if of != one and (one, of) not in given],
            }
            for one in names
        ],
    }


def _revealed(request: HttpRequest, contract: Contract, review: ContractReview, failed: dict[str, Form]) -> dict[str, Any]:
    """Tables, replies and appeals, with the forms of the reader's own party."""
    answering = roles_of(contract, request.user, ANSWER_REVIEW_PERMISSION)
    open_now = may_answer(review, timezone.now())
    results = results_of(contract, sheets_of(review, ()))
    names = _names(contract)
    drawn: list[dict[str, Any]] = []
    for result in results:
        mine = result.party.role in answering
        sheets = []
        for card in result.sheets:
            may_reply = mine and open_now and card.reply is None
            may_appeal = mine and open_now and card.appeal is None
            contested = [one for one in ReviewCriterion if card.appeal is not None and one.value in card.appeal.criteria]
            sheets.append(
                {
                    "card": card,
                    "by": names[card.sheet.by_role],
                    "by_label": PartyRole(card.sheet.by_role).label,
                    "reply_form": failed.get(f"reply:{card.pair}") or ReplyForm(prefix=f"reply-{card.pair}")
                    if may_reply
                    else None,
                    "appeal_form": failed.get(f"appeal:{card.pair}")
                    or AppealForm(prefix=f"appeal-{card.pair}", criteria=_marked(card.sheet))
                    if may_appeal
                    else None,
                    "may_withdraw": mine and card.appeal is not None and card.appeal.state == AppealState.OPEN,
                    "contested": [one.label for one in contested],
                    "struck": [one.label for one in contested if one.value in card.appeal.struck],
                    "open": f"appeal:{card.pair}" in failed,
                    "open_reply": f"reply:{card.pair}" in failed,
                }
            )
        drawn.append({"result": result, "name": names[result.party.role], "mine": mine, "sheets": sheets})
    return {
        "results": drawn,
        "may_answer": open_now,
        "open_appeals": sum(
            one["card"].appeal is not None and one["card"].appeal.state == AppealState.OPEN
            for row in drawn
            for one in row["sheets"]
        ),
    }


def _marked(sheet: ReviewSheet) -> list[str]:
    return [one.value for one in ReviewCriterion if one.value in sheet.marks]


def _act(request: HttpRequest, contract: Contract, review: ContractReview, failed: dict[str, Form]) -> HttpResponse | None:
    """Do what a form of the page asks; None where it must be shown again, which ``failed`` then holds."""
    act = request.POST.get("act", "")
    if act == "give":
        return _give(request, contract, review, failed)
    by, of = pair_of(request.POST.get("pair", ""))
    common: dict[str, Any] = {"by": by, "of": of, "actor": request.user, "at": timezone.now()}
    alliance, pair = tenant_of(request), pair_name(by, of)
    if act == "withdraw":
        withdraw_appeal(alliance, contract.code, **common)
        return _back(request, contract, _("The appeal is withdrawn."), pair)
    if act not in {"reply", "appeal"} or of not in roles_of(contract, request.user, ANSWER_REVIEW_PERMISSION):
        raise NotFoundError
    sheet = next((one for one in sheets_of(review, ()) if (one.by_role, one.of_role) == (by, of)), None)
    if sheet is None or review.state == ReviewState.OPEN:
        raise NotFoundError
    form: Form
    if act == "reply":
        form = ReplyForm(request.POST, prefix=f"reply-{pair}")
    else:
        form = AppealForm(request.POST, prefix=f"appeal-{pair}", criteria=_marked(sheet))
    failed[f"{act}:{pair}"] = form
    if not form.is_valid():
        return None
    try:
        if act == "reply":
            reply_review(alliance, contract.code, **common, **form.cleaned_data)
            return _back(request, contract, _("Your reply stands below the evaluation."), pair)
        appeal_review(alliance, contract.code, **common, **form.cleaned_data)
    except DomainError as refusal:
        place_refusal(form, refusal)
        return None
    return _back(request, contract, _("Your appeal is made; somebody who acts for none of the parties decides."), pair)


def _give(request: HttpRequest, contract: Contract, review: ContractReview, failed: dict[str, Form]) -> HttpResponse | None:
    role, of = request.POST.get("role", ""), request.POST.get("of", "")
    if role not in roles_of(contract, request.user, GIVE_REVIEW_PERMISSION) or of not in PartyRole.values:
        raise NotFoundError
    form = _sheet_form(None, of, request.POST)
    failed[f"give:{of}"] = form
    if not form.is_valid():
        return None
    try:
        give_review(
            tenant_of(request),
            contract.code,
            by=role,
            of=of,
            marks=form.marks(),
            words=form.cleaned_data["words"],
            actor=request.user,  # type: ignore[arg-type]
            at=timezone.now(),
        )
    except DomainError as refusal:
        if review.state != ReviewState.OPEN:
            raise
        place_refusal(form, refusal)
        return None
    words = _("Kept. Nobody else reads it before all three have given or the time is out.")
    return _back(request, contract, words, of, role=role)


def _back(request: HttpRequest, contract: Contract, words: str, anchor: str, role: str = "") -> HttpResponse:
    messages.success(request, words)
    address = reverse("contract_evaluation", kwargs={"code": contract.code})
    query = f"?role={role}" if role else ""
    return redirect(f"{address}{query}#{anchor}")


# ---------------------------------------------------------------------------------------------------------------- appeals


@login_required
@require_safe
def review_appeal_list(request: HttpRequest) -> HttpResponse:
    """Appeals that wait for the committee, oldest first; decided ones by tab."""
    alliance = tenant_of(request)
    require(request.user, DECIDE_REVIEW_APPEAL, alliance)
    tab = "all" if request.GET.get("tab", "") == "all" else ""
    page = paginate(list_appeals(alliance, request.user, only_open=not tab), request.GET, order=APPEAL_ORDER, size=40)
    address = reverse("review_appeal_list")
    request.nav_key = "review_appeals"  # type: ignore[attr-defined]
    context = {
        "page": page,
        "rows": [
            {
                "appeal": appeal,
                "contract": appeal.sheet.review.contract,
                "pair": pair_name(appeal.sheet.by_role, appeal.sheet.of_role),
                "by": PartyRole(appeal.sheet.by_role).label,
                "of": PartyRole(appeal.sheet.of_role).label,
            }
            for appeal in page.items
        ],
        "tab": tab,
        "tabs": [
            {"label": _("To decide"), "url": address, "current": not tab},
            {"label": _("All appeals"), "url": f"{address}?tab=all", "current": tab == "all"},
        ],
    }
    return render(request, "services/review_appeal_list.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@once
def review_appeal(request: HttpRequest, code: str, pair: str) -> HttpResponse:
    """One appeal for those who may decide it: the contested sheet, grounds and reply, and the decision."""
    alliance = tenant_of(request)
    appeal = get_appeal(alliance, code, pair, reader=request.user)
    sheet = appeal.sheet
    contract = sheet.review.contract
    form = DecisionForm(request.POST or None, criteria=appeal.criteria)
    status = 200
    if request.method == "POST":
        if form.is_valid():
            try:
                decide_appeal(
                    alliance,
                    code,
                    by=sheet.by_role,
                    of=sheet.of_role,
                    actor=request.user,  # type: ignore[arg-type]
                    at=timezone.now(),
                    **form.cleaned_data,
                )
            except DomainError as refusal:
                place_refusal(form, refusal)
            else:
                messages.success(request, _("Decided; the three parties are told."))
                return redirect(reverse("review_appeal_list"))
        status = 422
    request.nav_key = "review_appeals"  # type: ignore[attr-defined]
    names = _names(contract)
    context = {
        "crumbs": [
            {"label": _("Appeals"), "url": reverse("review_appeal_list")},
            {"label": contract.code, "url": ""},
        ],
        "appeal": appeal,
        "contract": contract,
        "by": names.get(sheet.by_role, PartyRole(sheet.by_role).label),
        "of": names.get(sheet.of_role, PartyRole(sheet.of_role).label),
        "card": card_of(sheet, contract, commitments(contract)),
        "rows": [
            {
                "label": one.label,
                "mark": sheet.marks.get(one.value),
                "contested": one.value in appeal.criteria,
                "struck": one.value in appeal.struck,
            }
            for one in ReviewCriterion
        ],
        "form": form,
        "may_decide": appeal.state == AppealState.OPEN,
        "has_form_errors": status == 422,
    }
    return render(request, "services/review_appeal.html", context, status=status)
