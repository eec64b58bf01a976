"""Amendments on the pages of contracts: begin one, see which there are and what they change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from alliance.actions.idempotency import once
from alliance.kernel.errors import DomainError
from services.actions.amendment import start_amendment
from services.choices import ContractState
from services.forms.contract import place_refusal
from services.forms.contract_notice import AmendForm
from services.models import DROPPED_CONTRACTS
from services.permissions import AGREE_TERMS_PERMISSION
from services.selectors.amendment import list_amendments, milestones_being_altered, parties_to_amend
from services.views.contract_common import choose_party, contract_url, find, frame, tenant_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from services.models import Contract, ContractTerms


def amendment_context(request: HttpRequest, contract: Contract, terms: ContractTerms | None) -> dict[str, Any]:
    """What the page of a contract shows of its amendments, and that of an amendment of its contract.

    One query for the amendments of a concluded contract; one more while it is being amended.
    """
    main = contract.amends
    concluded = main is None and contract.is_concluded
    return {
        "main": main,
        "main_is_bound": main is not None and main.in_effect_id is not None and main.in_effect_id == contract.frozen_id,
        "is_dropped": contract.state in DROPPED_CONTRACTS,
        "amendments": list_amendments(contract) if concluded else [],
        "altered": sorted(milestones_being_altered(contract)) if concluded else [],
        "may_amend": bool(parties_to_amend(contract, request.user)),
        "terms_code": _code_of(contract, terms),
        "shows_text_in_effect": main is not None and terms is not None and is_text_in_effect(contract, terms),
    }


def _code_of(contract: Contract, terms: ContractTerms | None) -> str:
    """Code of the contract or amendment whose version binds; its page shows the text."""
    if terms is None or terms.contract_id == contract.pk:
        return contract.code
    return str(terms.contract.code)


def is_text_in_effect(contract: Contract, terms: ContractTerms) -> bool:
    """Whether a version of an amendment is the first one: the text that was in effect, which nobody agrees to anew."""
    return contract.amends_id is not None and terms.number == 1


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@once
def contract_amend(request: HttpRequest, code: str) -> HttpResponse:
    """Begin an amendment for the reader's party."""
    contract = find(request, code)
    party = choose_party(request, contract, AGREE_TERMS_PERMISSION)
    if contract.amends_id is not None or contract.state != ContractState.IN_FORCE:
        return redirect(contract_url(contract))
    form = AmendForm(request.POST or None)
    status = 200
    if request.method == "POST":
        if form.is_valid():
            try:
                amendment = start_amendment(
                    tenant_of(request),
                    code,
                    role=party.role,
                    words=form.cleaned_data["words"],
                    actor=request.user,  # type: ignore[arg-type]
                    at=timezone.now(),
                )
            except DomainError as refusal:
                place_refusal(form, refusal)
            else:
                messages.success(
                    request,
                    _("Amendment %(code)s is begun. Propose the terms as they shall read.") % {"code": amendment.code},
                )
                return redirect("contract_propose", code=amendment.code)
        status = 422
    context = {
        **frame(request, contract, _("Begin an amendment")),
        "form": form,
        "party": party,
        "has_form_errors": status == 422,
    }
    return render(request, "services/amendment_new.html", context, status=status)
