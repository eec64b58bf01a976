"""Pages of the desk: the list of contracts, begin one, arrange and open its signing, remind, call it off."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alliance.actions.idempotency import once
from alliance.kernel.errors import DomainError, NotFoundError
from alliance.kernel.permissions import can, require
from alliance.selectors.paging import paginate
from members.models import Institution
from services.actions.contract import arrange_contract, cancel_contract, choose_witness, start_contract
from services.actions.contract_signing import remind_party
from services.actions.contract_terms import SIGNING_DAYS, open_signing, short_parties
from services.choices import ContractState, PartyRole
from services.forms.contract import ArrangeForm, EndForm, OpenForm, StartForm, WitnessForm, place_refusal
from services.models import ContractParty, Match
from services.permissions import MANAGE_CONTRACTS, START_CONTRACT, VIEW_CONTRACTS, own_institutions
from services.selectors.clause import templates_in_force
from services.selectors.contract import ORDER, TABS, list_contracts, party_cards
from services.selectors.contract_turn import turns_of
from services.selectors.match import may_show
from services.views.contract_common import back, contract_url, find, frame, tenant_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance


def tab_labels() -> dict[str, str]:
    """The tabs of the lists, in words."""
    return {
        "": _("All"),
        "open": _("In negotiation"),
        "signing": _("Being signed"),
        "in_force": pgettext("contracts", "In force"),
        "over": pgettext("contracts", "Over"),
    }


def list_context(request: HttpRequest, url_name: str) -> dict[str, Any]:
    """Rows, tabs and search of a list of contracts."""
    alliance = tenant_of(request)
    tab = request.GET.get("tab", "")
    tab = tab if tab in TABS else ""
    q = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    page = paginate(list_contracts(alliance, request.user, tab=tab, q=q), request.GET, order=ORDER, size=40)
    address = reverse(url_name)
    return {
        **frame(request),
        "page": page,
        "rows": list(zip(page.items, turns_of(alliance, page.items, at=timezone.now()), strict=True)),
        "tab": tab,
        "q": q,
        "list_url": address,
        "tabs": [
            {"label": label, "url": f"{address}?tab={key}" if key else address, "current": key == tab}
            for key, label in tab_labels().items()
        ],
    }


@login_required
@require_safe
def contract_list(request: HttpRequest) -> HttpResponse:
    """Every contract of the alliance, newest first."""
    require(request.user, VIEW_CONTRACTS, tenant_of(request))
    context = {
        **list_context(request, "contract_list"),
        "may_start": can(request.user, MANAGE_CONTRACTS, tenant_of(request)),
    }
    return render(request, "services/contract_list.html", context)


def _institutions(alliance: Alliance) -> list[tuple[str, StrOrPromise]]:
    """Members to choose from, by name; one query."""
    rows = Institution.objects.of(alliance).active().order_by("sort_key", "id")
    return [(one.code, f"{one.name} ({one.code})") for one in rows]


def _match(request: HttpRequest) -> Match | None:
    """The match named in the address, if the reader may begin a contract from it.

    Raises:
        NotFoundError: There is none, or it is not open to the reader.
    """
    code = request.GET.get("match", "").replace("\x00", "")
    if not code:
        return None
    alliance = tenant_of(request)
    match = Match.objects.of(alliance).filter(code=code).select_related("demand__institution", "supply__institution").first()
    if match is None:
        raise NotFoundError
    sides = [match.demand.institution, match.supply.institution]
    records = [ContractParty(alliance=alliance, institution=one) for one in sides if one is not None]
    if not any(can(request.user, START_CONTRACT, one) for one in records) and not can(
        request.user, MANAGE_CONTRACTS, alliance
    ):
        raise NotFoundError
    return match


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@once
def contract_new(request: HttpRequest) -> HttpResponse:
    """Begin a contract: from a match by ``?match=``, else with both sides named by the desk."""
    alliance = tenant_of(request)
    match = _match(request)
    if match is None:
        require(request.user, MANAGE_CONTRACTS, alliance)
    templates = [(head.key, f"{head.title_en} · {head.title_zh}") for head in templates_in_force(alliance).values()]
    told = match is not None and may_show(match.demand, own_institutions(request.user, alliance))
    initial = {"title_en": match.demand.title_en, "title_zh": match.demand.title_zh} if match is not None and told else {}
    form = StartForm(
        request.POST or None,
        initial=initial,
        institutions=_institutions(alliance),
        templates=templates,
        from_match=match is not None,
    )
    status = 200
    if request.method == "POST":
        if form.is_valid():
            try:
                contract = start_contract(
                    alliance,
                    match.code if match else None,
                    actor=request.user,  # type: ignore[arg-type]
                    at=timezone.now(),
                    **form.cleaned_data,
                )
            except DomainError as refusal:
                place_refusal(form, refusal)
            else:
                return back(
                    request,
                    contract,
                    _("%(code)s is begun. Propose the first version of the terms.") % {"code": contract.code},
                )
        status = 422
    context = {**frame(request, None, _("New contract")), "form": form, "match": match}
    return render(request, "services/contract_new.html", context, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@once
def contract_arrange(request: HttpRequest, code: str) -> HttpResponse:
    """Order and number of signatures, the witness, and the opening of the signing; three forms on one page."""
    alliance = tenant_of(request)
    contract = find(request, code)
    require(request.user, MANAGE_CONTRACTS, contract)
    act = request.POST.get("act", "")
    institutions = _institutions(alliance)
    witness = next((party for party in contract.parties.all() if party.role == PartyRole.WITNESS), None)
    bound = request.POST if request.method == "POST" else None
    until = timezone.localdate() + timedelta(days=SIGNING_DAYS)
    arrange = ArrangeForm(bound if act == "arrange" else None, parties=contract.parties.all())
    choose = WitnessForm(
        bound if act == "witness" else None,
        institutions=institutions,
        initial={"witness": witness.institution.code if witness is not None and witness.institution else ""},
    )
    opening = OpenForm(bound if act == "open" else None, initial={"until": until})
    form: Any = {"arrange": arrange, "witness": choose, "open": opening}.get(act)
    status = 200
    if request.method == "POST" and form is not None:
        if form.is_valid():
            common: dict[str, Any] = {"actor": request.user, "at": timezone.now()}
            try:
                if act == "arrange":
                    places, needed = arrange.order()
                    arrange_contract(alliance, code, places=places, needed=needed, **common)
                    words = _("The order of signing is set.")
                elif act == "witness":
                    choose_witness(alliance, code, witness=choose.cleaned_data["witness"], **common)
                    words = _("The witness is chosen.")
                else:
                    open_signing(alliance, code, until=opening.cleaned_data["until"], **common)
                    words = _("The signing is open; whoever signs first is told.")
            except DomainError as refusal:
                place_refusal(form, refusal)
            else:
                return back(request, contract, words)
        status = 422
    elif request.method == "POST":
        status = 422
    context = {
        **frame(request, contract, _("Arrange the signing")),
        "arrange": arrange,
        "choose": choose,
        "opening": opening,
        "may_arrange": contract.state in {ContractState.DRAFT, ContractState.NEGOTIATING, ContractState.AGREED},
        "may_choose": contract.state == ContractState.DRAFT,
        "may_open": contract.state == ContractState.AGREED,
        "short": short_parties(contract, timezone.now()),
        "cards": party_cards(contract),
        "has_form_errors": status == 422,
    }
    return render(request, "services/contract_arrange.html", context, status=status)


@login_required
@require_POST
@once
def contract_remind(request: HttpRequest, code: str) -> HttpResponse:
    """Remind those whose turn it is to sign."""
    contract = find(request, code)
    count = remind_party(tenant_of(request), code, actor=request.user, at=timezone.now())  # type: ignore[arg-type]
    words = ngettext("%(n)s person was reminded.", "%(n)s people were reminded.", count) % {"n": count}
    return back(request, contract, words)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@once
def contract_cancel(request: HttpRequest, code: str) -> HttpResponse:
    """Call a contract off."""
    contract = find(request, code)
    require(request.user, MANAGE_CONTRACTS, contract)
    if contract.state not in {
        ContractState.DRAFT,
        ContractState.NEGOTIATING,
        ContractState.AGREED,
        ContractState.SIGNING,
    }:
        return redirect(contract_url(contract))
    form = EndForm(request.POST or None)
    status = 200
    if request.method == "POST":
        if form.is_valid():
            try:
                cancel_contract(tenant_of(request), code, actor=request.user, at=timezone.now(), **form.cleaned_data)  # type: ignore[arg-type]
            except DomainError as refusal:
                place_refusal(form, refusal)
            else:
                return back(request, contract, _("The contract is called off; the parties are told."))
        status = 422
    context = {
        **frame(request, contract, _("Cancel the contract")),
        "form": form,
        "question": _("Call %(code)s off for all parties?") % {"code": code},
        "submit": _("Cancel the contract"),
        "back_url": contract_url(contract),
    }
    return render(request, "services/contract_end.html", context, status=status)
