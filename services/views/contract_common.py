"""What the pages of contracts share: the reader's frame, finding a contract, the way to its page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from alliance.kernel.errors import InvalidInputError, NotFoundError
from alliance.kernel.permissions import can
from alliance.selectors.people import acting_institution_id
from services.permissions import VIEW_CONTRACTS
from services.selectors.contract import get_contract, parties_of_reader

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from alliance.models import Alliance
    from services.models import Contract, ContractParty


def tenant_of(request: HttpRequest) -> Alliance:
    """The alliance of the request.

    Raises:
        NotFoundError: The address belongs to no alliance.
    """
    alliance: Alliance | None = getattr(request, "alliance", None)
    if alliance is None:
        raise NotFoundError
    return alliance


def find(request: HttpRequest, code: str) -> Contract:
    """The contract of the address, if it is open to the reader.

    Raises:
        NotFoundError: It is not there, or not open to the reader.
    """
    return get_contract(tenant_of(request), code, reader=request.user)


def frame(request: HttpRequest, contract: Contract | None = None, label: str = "") -> dict[str, Any]:
    """Base template and crumbs of a page that console and portal share."""
    request.nav_key = "contracts"  # type: ignore[attr-defined]
    in_console = can(request.user, VIEW_CONTRACTS, tenant_of(request))
    home = reverse("contract_list" if in_console else "portal_contract_list")
    crumbs = [{"label": _("Contracts"), "url": home}]
    if contract is not None and contract.amends is not None:
        crumbs.append({"label": contract.amends.code, "url": contract_url(contract.amends)})
    if contract is not None:
        crumbs.append({"label": contract.code, "url": contract_url(contract) if label else ""})
    if label:
        crumbs.append({"label": label, "url": ""})
    return {
        "base_template": "console/base.html" if in_console else "portal/base.html",
        "in_console": in_console,
        "crumbs": crumbs if len(crumbs) > 1 else [],
        "contract": contract,
        "list_url": home,
    }


def contract_url(contract: Contract) -> str:
    """Address of a contract's page."""
    return reverse("contract_detail", kwargs={"code": contract.code})


def back(request: HttpRequest, contract: Contract, words: str) -> HttpResponse:
    """Say what was done and show the contract."""
    messages.success(request, words)
    return redirect(contract_url(contract))


def choose_party(request: HttpRequest, contract: Contract, permission: str) -> ContractParty:
    """The party the reader acts for: the one named on the form, else that of the institution acted for, else the first.

    Raises:
        NotFoundError: The reader acts for none of them.
        InvalidInputError: The one named is not among them.
    """
    found = parties_of_reader(contract, request.user, permission)
    if not found:
        raise NotFoundError
    wanted = request.POST.get("role", "") or request.GET.get("role", "")
    if wanted:
        for party in found:
            if party.role == wanted:
                return party
        raise InvalidInputError(_("You do not act for this party."), code="party_unknown")
    acting = acting_institution_id(request)
    return next((party for party in found if party.institution_id == acting and acting is not None), found[0])
