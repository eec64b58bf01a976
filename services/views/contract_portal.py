"""Pages of a contract for its parties and the desk: its page, versions, comparison, comments, agreement, signing."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from allauth.account.internal.flows.login import get_authentication_records
from allauth.core.exceptions import ReauthenticationRequired
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alliance.actions.idempotency import once
from alliance.kernel.accounts import is_authentication_fresh
from alliance.kernel.differences import compare_long_texts, fold_pieces, has_changed
from alliance.kernel.errors import DomainError, NotFoundError
from alliance.kernel.formats import format_list, format_short_day
from alliance.kernel.permissions import can, grants_of, institutions_acted_for
from groups.choices import GroupKind
from services.actions.contract import name_signatory, withdraw_signatory
from services.actions.contract_signing import decline_contract, sign_contract
from services.actions.contract_terms import agree_terms, comment_terms, propose_terms, short_parties
from services.choices import ContractState, PartyRole, ResultsOwner
from services.contract_text import draft_of, sections_of
from services.forms.contract import (
    CommentForm,
    EndForm,
    MilestoneRows,
    SignatoryForm,
    SignForm,
    TermsForm,
    initial_of,
    place_refusal,
)
from services.models import Contract, ContractAgreement, ContractComment, ContractTerms
from services.permissions import (
    AGREE_TERMS_PERMISSION,
    DECLINE_CONTRACT_PERMISSION,
    MANAGE_CONTRACTS,
    NAME_SIGNATORY_PERMISSION,
    PROPOSE_TERMS_PERMISSION,
    SIGN_CONTRACT_PERMISSION,
    VIEW_MATCHES,
)
from services.selectors.clause import template_for
from services.selectors.contract import (
    MOST_REMINDERS,
    PartyCard,
    eligible_people,
    get_terms,
    has_lapsed,
    newest_terms,
    parties_of_reader,
    party_cards,
    whose_turn,
)
from services.selectors.milestones import with_moved_days
from services.views.amendment import amendment_context, is_text_in_effect
from services.views.contract import list_context
from services.views.contract_common import back, choose_party, contract_url, find, frame, tenant_of
from services.views.contract_notice import notice_context
from services.views.execution import execution_context
from services.views.review import tracking_context

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from services.models import ContractParty

GROUPS = {
    PartyRole.DEMAND: GroupKind.LEADING_ENTERPRISE,
    PartyRole.SUPPLY: GroupKind.WISDOM,
    PartyRole.WITNESS: GroupKind.COMMITTEE,
}
"""Colours of the three parties on the page."""
ARRANGING = {ContractState.DRAFT, ContractState.NEGOTIATING, ContractState.AGREED}
"""States in which order and number of the signatures can still change."""
OPEN = {ContractState.DRAFT, ContractState.NEGOTIATING, ContractState.AGREED, ContractState.SIGNING}


@login_required
@require_safe
def portal_contract_list(request: HttpRequest) -> HttpResponse:
    """Contracts of the reader's institutions, and those the reader is named to sign."""
    if not grants_of(request.user, tenant_of(request)):
        raise NotFoundError
    context = {**list_context(request, "portal_contract_list"), "base_template": "portal/base.html", "in_console": False}
    return render(request, "services/contract_list.html", context)


def _card(card: PartyCard, contract: Contract, now: datetime) -> dict[str, Any]:
    """A party as ``components/party_card.html`` draws it."""
    tone, text = "", ""
    if card.is_complete:
        tone, text = "ok", _("Signed")
        if card.party.signed_at is not None:
            day = format_short_day(timezone.localdate(card.party.signed_at), get_language())
            text = _("Signed %(day)s") % {"day": day}
    elif card.is_turn and card.party.asked_at is not None:
        days = (now - card.party.asked_at).days
        tone = "bad" if days >= 7 else "warn"
        text = _("Waiting, %(days)s days") % {"days": days} if days else _("Waiting since today")
    elif contract.state == ContractState.SIGNING:
        tone, text = "neutral", _("Signs later")
    elif contract.state == ContractState.NEGOTIATING and card.agreed_to is not None:
        tone, text = "info", _("Agreed to version %(version)s") % {"version": card.agreed_to}
    people = [str(one.user) for one in card.signed] or [str(one) for one in card.waiting]
    return {
        "role": str(card.party.get_role_display()).capitalize(),
        "name": card.name,
        "person": format_list(people[:3], get_language()),
        "brings": card.brings,
        "group_kind": GROUPS[PartyRole(card.party.role)],
        "tone": tone,
        "state_text": text,
    }


def _may_open_match(request: HttpRequest, contract: Contract) -> bool:
    """Whether the match the contract came from is open to the reader: to the desk and to both sides, not to the witness."""
    alliance = tenant_of(request)
    sides = {party.institution_id for party in contract.parties.all() if party.role != PartyRole.WITNESS}
    return can(request.user, VIEW_MATCHES, alliance) or bool(
        institutions_acted_for(grants_of(request.user, alliance)) & sides
    )


def _to_agree(contract: Contract, terms: ContractTerms | None, cards: list[PartyCard]) -> list[PartyCard]:
    """The parties whose agreement to the newest version is missing."""
    if terms is None or contract.state != ContractState.NEGOTIATING or is_text_in_effect(contract, terms):
        return []
    return [card for card in cards if card.agreed_to != terms.number]


def _key_terms(terms: ContractTerms) -> list[dict[str, Any]]:
    """The terms that matter, in plain words."""
    content = terms.content
    chinese = (get_language() or "").startswith("zh")

    def said(name: str) -> str:
        first, second = (f"{name}_zh", f"{name}_en") if chinese else (f"{name}_en", f"{name}_zh")
        return str(content[first] or content[second])

    benefit = content["benefit"]
    basis = (benefit["basis_zh"] or benefit["basis_en"]) if chinese else (benefit["basis_en"] or benefit["basis_zh"])
    shares = {role: f"{Decimal(share).normalize():f}" for role, share in benefit["shares"].items()}
    rows = [
        (_("Services"), said("scope")),
        (_("Aims"), said("aims")),
        (
            _("Benefit share"),
            _("%(demand)s demand side · %(supply)s supply side · %(fund)s alliance fund, on %(basis)s for %(years)s years")
            % {
                "demand": shares["demand"],
                "supply": shares["supply"],
                "fund": shares["witness"],
                "basis": basis,
                "years": benefit["years"],
            },
        ),
        (_("Results belong to"), ResultsOwner(content["owner"]).label),
        (_("If an aim is missed"), said("refund")),
        (_("Risks"), said("risk")),
        (
            _("Acceptance and payment"),
            _("%(accept)s working days to accept, %(pay)s to pay; nothing is paid before acceptance")
            % {"accept": content["accept_days"], "pay": content["pay_days"]},
        ),
        (_("Confidential for"), _("%(years)s years after the end") % {"years": content["nda_years"]}),
    ]
    return [{"label": label, "value": value} for label, value in rows if value]


@login_required
@require_safe
def contract_detail(request: HttpRequest, code: str) -> HttpResponse:
    """A contract: its parties and signatures, milestones, terms that matter, versions and record."""
    contract = find(request, code)
    now = timezone.now()
    terms = newest_terms(contract)
    cards = party_cards(contract, terms)
    turn = whose_turn(contract)
    lapsed = contract.state == ContractState.SIGNING and has_lapsed(contract, now)
    named = {one.user_id for one in contract.present_signatories}  # type: ignore[attr-defined]
    signed = {one.user_id for one in contract.given_signatures}  # type: ignore[attr-defined]
    in_turn = turn is not None and any(
        one.user_id == request.user.pk and one.party_id == turn.pk
        for one in contract.present_signatories  # type: ignore[attr-defined]
    )
    may_manage = can(request.user, MANAGE_CONTRACTS, contract)
    may_propose = bool(parties_of_reader(contract, request.user, PROPOSE_TERMS_PERMISSION))
    seal = getattr(contract, "seal", None)
    amendment = amendment_context(request, contract, terms)
    context = {
        **frame(request, contract),
        "cards": [_card(card, contract, now) for card in cards],
        "short": short_parties(contract, now) if contract.state == ContractState.AGREED else [],
        "complete": sum(card.is_complete for card in cards),
        "terms": terms,
        "price": Decimal(terms.content["price"]) if terms else None,
        "key_terms": _key_terms(terms) if terms else [],
        "plan": [{**one, "due_on": date.fromisoformat(one["due_on"])} for one in terms.content["milestones"]]
        if terms
        else [],
        "to_agree": format_list(
            (card.party.get_role_display() for card in _to_agree(contract, terms, cards)), get_language()
        ),
        "may_open_match": contract.match is not None and _may_open_match(request, contract),
        "versions": contract.all_versions,  # type: ignore[attr-defined]
        "turn": turn,
        "lapsed": lapsed,
        "seal": seal,
        "reminders_left": MOST_REMINDERS - turn.reminders if turn is not None else 0,
        "may_manage": may_manage and contract.state in OPEN,
        "may_arrange": may_manage and contract.state in ARRANGING,
        "may_remind": may_manage and turn is not None and not lapsed and turn.reminders < MOST_REMINDERS,
        "may_propose": may_propose and contract.state in {ContractState.DRAFT, ContractState.NEGOTIATING},
        "may_agree": terms is not None
        and not is_text_in_effect(contract, terms)
        and contract.state == ContractState.NEGOTIATING
        and any(card.agreed_to != terms.number and can(request.user, AGREE_TERMS_PERMISSION, card.party) for card in cards),
        "may_sign": in_turn and not lapsed and request.user.pk not in signed,
        "waits_for_turn": request.user.pk in named - signed and not in_turn and contract.state == ContractState.SIGNING,
        "may_name": bool(parties_of_reader(contract, request.user, NAME_SIGNATORY_PERMISSION)) and contract.state in OPEN,
        "may_decline": bool(parties_of_reader(contract, request.user, DECLINE_CONTRACT_PERMISSION))
        and contract.state in OPEN
        and not lapsed,
        **execution_context(request, contract, terms, amendment["amendments"], now),
        **amendment,
        **notice_context(request, contract),
        **tracking_context(request, contract),
    }
    return render(request, "services/contract_detail.html", context)


# ------------------------------------------------------------------------------------------------------------------- terms


@login_required
@require_safe
def contract_terms(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """One version: the whole text with its digest, comments by section, who agreed."""
    alliance = tenant_of(request)
    contract = find(request, code)
    terms = get_terms(contract, number)
    return render(request, "services/contract_terms.html", _terms_context(request, contract, terms, alliance))


def _terms_context(
    request: HttpRequest, contract: Contract, terms: ContractTerms, alliance: Any, form: CommentForm | None = None
) -> dict[str, Any]:
    sections = sections_of(terms.content)
    comments: dict[str, list[ContractComment]] = {}
    for one in ContractComment.objects.of(alliance).filter(terms=terms).select_related("by").order_by("id"):
        comments.setdefault(one.section, []).append(one)
    agreed = {row.party_id: row for row in ContractAgreement.objects.of(alliance).filter(terms=terms).select_related("by")}
    newest = contract.all_versions[0].number if contract.all_versions else 0  # type: ignore[attr-defined]
    negotiating = contract.state == ContractState.NEGOTIATING
    roles = parties_of_reader(contract, request.user, PROPOSE_TERMS_PERMISSION)
    return {
        **frame(request, contract, _("Version %(number)s") % {"number": terms.number}),
        "terms": terms,
        "sections": [{"section": one, "comments": comments.get(one.key, [])} for one in sections],
        "agreements": [(party, agreed.get(party.pk)) for party in contract.parties.all()],
        "is_newest": terms.number == newest,
        "agree_for": [
            party
            for party in parties_of_reader(contract, request.user, AGREE_TERMS_PERMISSION)
            if party.pk not in agreed and terms.number == newest and negotiating and not is_text_in_effect(contract, terms)
        ],
        "comment_for": roles if negotiating else [],
        "comment_form": form or CommentForm(sections=[(one.key, one.label) for one in sections]),
        "earlier": terms.number - 1,
        "may_propose": bool(roles) and contract.state in {ContractState.DRAFT, ContractState.NEGOTIATING},
        "has_form_errors": form is not None,
    }


@login_required
@require_POST
@once
def contract_comment(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """Comment on a section."""
    alliance = tenant_of(request)
    contract = find(request, code)
    terms = get_terms(contract, number)
    party = choose_party(request, contract, PROPOSE_TERMS_PERMISSION)
    form = CommentForm(request.POST, sections=[(one.key, one.label) for one in sections_of(terms.content)])
    if form.is_valid():
        try:
            comment_terms(
                alliance,
                code,
                number=number,
                role=party.role,
                actor=request.user,  # type: ignore[arg-type]
                at=timezone.now(),
                **form.cleaned_data,
            )
        except DomainError as refusal:
            place_refusal(form, refusal)
        else:
            address = reverse("contract_terms", kwargs={"code": code, "number": number})
            return redirect(f"{address}#{form.cleaned_data['section']}")
    context = _terms_context(request, contract, terms, alliance, form)
    return render(request, "services/contract_terms.html", context, status=422)


@login_required
@require_POST
@once
def contract_agree(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """Agree to a version as it was shown."""
    contract = find(request, code)
    party = choose_party(request, contract, AGREE_TERMS_PERMISSION)
    agree_terms(
        tenant_of(request),
        code,
        number=number,
        sha256=request.POST.get("sha256", ""),
        role=party.role,
        actor=request.user,  # type: ignore[arg-type]
        at=timezone.now(),
    )
    return back(request, contract, _("Agreed to version %(number)s.") % {"number": number})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@once
def contract_propose(request: HttpRequest, code: str) -> HttpResponse:
    """Write the next version of the terms; it begins with the newest one."""
    alliance = tenant_of(request)
    contract = find(request, code)
    party = choose_party(request, contract, PROPOSE_TERMS_PERMISSION)
    if contract.state not in {ContractState.DRAFT, ContractState.NEGOTIATING}:
        return redirect(contract_url(contract))
    newest = newest_terms(contract)
    number = newest.number if newest else 0
    template = template_for(contract)
    chinese = (get_language() or "").startswith("zh")
    clauses = {
        one.key: one.title_zh if chinese else one.title_en for article in template.articles for one in article.clauses
    }
    if newest is not None:
        draft = draft_of(newest.content)
        if contract.amends is not None and number == 1:
            draft = with_moved_days(contract.amends, draft, at=timezone.now())
        initial = initial_of(draft)
        rows_initial = [{name: getattr(one, name) for name in one.__dataclass_fields__} for one in draft.milestones]
    else:
        initial = {"title_en": contract.title_en, "title_zh": contract.title_zh}
        rows_initial = []
    posted = request.POST if request.method == "POST" else None
    form = TermsForm(posted, initial=initial, clauses=clauses)
    rows = MilestoneRows(posted, initial=rows_initial, prefix="milestones")
    base = _whole(posted.get("base", "")) if posted is not None else number
    status = 200
    if posted is not None:
        if form.is_valid() & rows.is_valid():
            try:
                terms = propose_terms(
                    alliance,
                    code,
                    role=party.role,
                    draft=form.draft(rows.milestones()),  # type: ignore[attr-defined]
                    base=base,
                    note=form.cleaned_data["note"],
                    actor=request.user,  # type: ignore[arg-type]
                    at=timezone.now(),
                )
            except DomainError as refusal:
                place_refusal(form, refusal, rows)
                if refusal.code == "newer_version":
                    base = number  # what was written stands in the form; sent again it is the version after the newest
            else:
                return back(
                    request,
                    contract,
                    _("Version %(number)s is proposed; the parties are asked about it.") % {"number": terms.number},
                )
        status = 422
    context = {
        **frame(request, contract, _("Propose terms")),
        "form": form,
        "rows": rows,
        "base": base,
        "party": party,
        "newest": newest,
        "has_form_errors": status == 422,
    }
    return render(request, "services/contract_propose.html", context, status=status)


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else -1


@login_required
@require_safe
def contract_compare(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """A version against an earlier one, section by section in both languages."""
    contract = find(request, code)
    terms = get_terms(contract, number)
    numbers = [one.number for one in contract.all_versions if one.number != number]  # type: ignore[attr-defined]
    against = _whole(request.GET.get("against", ""))
    chosen = against if against in numbers else max((one for one in numbers if one < number), default=0)
    earlier = get_terms(contract, chosen) if chosen else None
    changes, unchanged = [], 0
    if earlier is not None:
        old = {one.key: one for one in sections_of(earlier.content)}
        new = {one.key: one for one in sections_of(terms.content)}
        for key in [*new, *(key for key in old if key not in new)]:
            first, second = old.get(key), new.get(key)
            english = compare_long_texts(first.en if first else "", second.en if second else "", "en")
            chinese = compare_long_texts(first.zh if first else "", second.zh if second else "", "zh")
            if not has_changed(english) and not has_changed(chinese):
                unchanged += 1
                continue
            label = second.label if second else first.label if first else key
            changes.append(
                {
                    "label": label,
                    "is_new": first is None,
                    "is_gone": second is None,
                    "en": fold_pieces(english) if has_changed(english) else [],
                    "zh": fold_pieces(chinese) if has_changed(chinese) else [],
                }
            )
    context = {
        **frame(request, contract, _("Differences")),
        "terms": terms,
        "earlier": earlier,
        "numbers": numbers,
        "changes": changes,
        "unchanged": unchanged,
    }
    return render(request, "services/contract_compare.html", context)


# ----------------------------------------------------------------------------------------------------------------- signing


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@once
def contract_signatories(request: HttpRequest, code: str) -> HttpResponse:
    """Who signs for the reader's party: name people, take them off."""
    alliance = tenant_of(request)
    contract = find(request, code)
    party = choose_party(request, contract, NAME_SIGNATORY_PERMISSION)
    now = timezone.now()
    active = [one for one in contract.present_signatories if one.party_id == party.pk]  # type: ignore[attr-defined]
    taken = {one.user_id for one in contract.present_signatories}  # type: ignore[attr-defined]
    able = eligible_people(alliance, party, now)
    people = [(one.pk, str(one)) for one in able if one.pk not in taken]
    act = request.POST.get("act", "")
    form = SignatoryForm(request.POST if act == "name" else None, people=people)
    status = 200
    if request.method == "POST":
        try:
            if act == "withdraw":
                gone = next((one.user for one in active if str(one.user_id) == request.POST.get("user", "")), None)
                if gone is None:
                    raise NotFoundError
                withdraw_signatory(alliance, code, role=party.role, user=gone, actor=request.user, at=now)  # type: ignore[arg-type]
                return back(request, contract, _("%(name)s signs no more.") % {"name": gone})
            if form.is_valid():
                person = next(one for one in able if one.pk == form.cleaned_data["user"])
                name_signatory(alliance, code, role=party.role, user=person, actor=request.user, at=now)  # type: ignore[arg-type]
                return back(request, contract, _("%(name)s may sign.") % {"name": person})
        except DomainError as refusal:
            if act == "withdraw":
                raise
            place_refusal(form, refusal)
        status = 422
    context = {
        **frame(request, contract, _("Who signs")),
        "form": form,
        "party": party,
        "parties": parties_of_reader(contract, request.user, NAME_SIGNATORY_PERMISSION),
        "active": active,
        "signed": {one.user_id for one in contract.given_signatures},  # type: ignore[attr-defined]
        "may_change": contract.state in OPEN,
        "people": people,
        "has_form_errors": status == 422,
    }
    return render(request, "services/contract_signatories.html", context, status=status)


def _proof(request: HttpRequest) -> tuple[str, datetime]:
    """How and when the reader last proved who it is; methods each once, in the order they were used."""
    records = get_authentication_records(request, request.user)  # type: ignore[arg-type]  # the page asks for a login
    names: list[str] = []
    latest = 0.0
    for record in records:
        method = str(record.get("method", ""))
        name = f"{method}.{record['type']}" if record.get("type") else method
        if name and name not in names:
            names.append(name)
        latest = max(latest, float(record.get("at", 0)))
    return " ".join(names)[:60], datetime.fromtimestamp(latest, tz=UTC)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@once
def contract_sign(request: HttpRequest, code: str) -> HttpResponse:
    """The whole text with its digest, and the signature; asks who is there if the last proof is older than five minutes."""
    contract = find(request, code)
    if not is_authentication_fresh(request):
        raise ReauthenticationRequired
    now = timezone.now()
    named = next(
        (one for one in contract.present_signatories if one.user_id == request.user.pk),  # type: ignore[attr-defined]
        None,
    )
    terms = contract.frozen
    if named is None or terms is None or contract.state != ContractState.SIGNING:
        return redirect(contract_url(contract))
    party = next(one for one in contract.parties.all() if one.pk == named.party_id)
    form = SignForm(request.POST or None, initial={"sha256": terms.sha256})
    status = 200
    if request.method == "POST":
        if form.is_valid():
            methods, proved_at = _proof(request)
            try:
                sign_contract(
                    tenant_of(request),
                    code,
                    sha256=form.cleaned_data["sha256"],
                    methods=methods,
                    authenticated_at=proved_at,
                    actor=request.user,  # type: ignore[arg-type]
                    at=now,
                )
            except DomainError as refusal:
                place_refusal(form, refusal)
            else:
                if Contract.objects.of(tenant_of(request)).filter(pk=contract.pk, state=ContractState.SIGNING).exists():
                    return back(request, contract, _("Signed. Everybody who must sign next is told."))
                return back(request, contract, _("Signed. Yours was the last signature; the document is being sealed."))
        status = 422
    turn = whose_turn(contract)
    context = {
        **frame(request, contract, _("Sign")),
        "form": form,
        "terms": terms,
        "party": party,
        "turn": turn,
        "is_turn": turn is not None and turn.pk == party.pk and not has_lapsed(contract, now),
        "lapsed": has_lapsed(contract, now),
        "signed": request.user.pk in {one.user_id for one in contract.given_signatures},  # type: ignore[attr-defined]
        "sections": sections_of(terms.content),
        "may_decline": can(request.user, DECLINE_CONTRACT_PERMISSION, party),
        "may": can(request.user, SIGN_CONTRACT_PERMISSION, party),
    }
    return render(request, "services/contract_sign.html", context, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@once
def contract_decline(request: HttpRequest, code: str) -> HttpResponse:
    """Decline the contract for the reader's party."""
    contract = find(request, code)
    party: ContractParty = choose_party(request, contract, DECLINE_CONTRACT_PERMISSION)
    if contract.state not in OPEN:
        return redirect(contract_url(contract))
    form = EndForm(request.POST or None)
    status = 200
    if request.method == "POST":
        if form.is_valid():
            try:
                decline_contract(
                    tenant_of(request),
                    code,
                    role=party.role,
                    actor=request.user,  # type: ignore[arg-type]
                    at=timezone.now(),
                    **form.cleaned_data,
                )
            except DomainError as refusal:
                place_refusal(form, refusal)
            else:
                return back(request, contract, _("The contract is declined; the other parties are told."))
        status = 422
    context = {
        **frame(request, contract, _("Decline")),
        "form": form,
        "question": (
            _("Decline amendment %(code)s for the %(party)s? The contract then goes on under the terms in effect.")
            if contract.amends_id is not None
            else _("Decline %(code)s for the %(party)s? That ends it for all three parties.")
        )
        % {"code": code, "party": party.get_role_display()},
        "submit": _("Decline"),
        "back_url": contract_url(contract),
    }
    return render(request, "services/contract_end.html", context, status=status)
