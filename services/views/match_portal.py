"""Docking for members: for you, suggestions of an own listing, matches and their steps, criteria, interest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alliance.actions.idempotency import once
from alliance.kernel.errors import DomainError, NotFoundError
from alliance.kernel.formats import format_list
from alliance.kernel.permissions import can, require
from alliance.selectors.paging import paginate
from alliance.selectors.people import acting_institution_id
from members.models import Institution
from operations.forms.product import show_refusal
from operations.permissions import own_institutions
from services.actions.contract import STARTING_MATCHES
from services.actions.match import (
    accept_match,
    accept_suggestion,
    agree_match,
    decline_match,
    decline_suggestion,
    end_match,
    note_contact,
)
from services.actions.match_event import note_shown
from services.actions.match_rule import set_criteria
from services.choices import ListingSide, MatchOrigin, MatchState
from services.forms.match import CriteriaForm, DeclineForm, InterestForm, OutcomeForm
from services.models import DROPPED_CONTRACTS, Contract, ContractParty, Listing
from services.permissions import (
    ANSWER_MATCH,
    CARRY_MATCH,
    CHANGE_CRITERIA,
    MANAGE_CONTRACTS,
    START_CONTRACT,
    VIEW_MATCHES,
    VIEW_OWN_MATCHES,
)
from services.selectors.contract import readable as readable_contracts
from services.selectors.match import (
    MET,
    ORDER,
    contacts_of,
    desk_ties,
    get_listing,
    get_match,
    last_answers,
    list_matches,
    listing_of,
    sides_for,
    veil_matches,
)
from services.selectors.suggestion import criteria_of, other_side, rule_in_force, suggest, suggest_to_institution
from services.transitions import AGREE_MATCH, END_MATCH, NOTE_CONTACT
from services.views.match import form_page, why_page
from services.views.match_common import (
    alliance_of,
    basis_rows,
    chips_of,
    conflict_words,
    count_words,
    facts_of,
    frame,
    money_words,
    part_rows,
    public_url,
    refused_words,
    shown_count,
    split_shown,
    suggestion_rows,
    weeks_words,
    weight_rows,
)

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from alliance.models import Alliance
    from services.models import Match
    from services.selectors.suggestion import Suggestions


def _mine(request: HttpRequest, alliance: Alliance) -> set[int]:
    return own_institutions(request.user, alliance, at=timezone.now())


def _own_listing(request: HttpRequest, code: str) -> tuple[Alliance, Listing]:
    """A listing of an institution the person acts for; for the secretariat also one from an outside source.

    Raises:
        NotFoundError: It is none of these: the same answer whether it exists or not.
    """
    alliance = alliance_of(request)
    listing = get_listing(alliance, code, request.user, at=timezone.now())
    own = listing.institution_id in _mine(request, alliance) or can(request.user, ANSWER_MATCH, listing)
    if not own:
        raise NotFoundError
    return alliance, listing


def _page_of(listing: Listing) -> str:
    return reverse("portal_listing_matches", kwargs={"code": listing.code})


# --------------------------------------------------------------------------------------------------------------------- for you


@login_required
@require_safe
def portal_matches(request: HttpRequest) -> HttpResponse:
    """For you: the own matches, the own listings, and what fits the institution as a whole."""
    alliance = alliance_of(request)
    require(request.user, VIEW_OWN_MATCHES, alliance)
    now = timezone.now()
    mine = _mine(request, alliance)
    acting = acting_institution_id(request)
    chosen = acting if acting in mine else min(mine, default=None)
    institution = Institution.objects.of(alliance).filter(pk=chosen).first() if chosen is not None else None
    side = request.GET.get("side", "")
    side = side if side in ListingSide.values else ListingSide.DEMAND.value
    found = suggest_to_institution(alliance, institution, side, at=now) if institution is not None else None
    page = paginate(list_matches(alliance, request.user, at=now, own_only=True), request.GET, order=ORDER, size=20)
    veil_matches(page.items, alliance, request.user, at=now)
    today = timezone.localdate(now)
    listings = Listing.objects.of(alliance).open(today).filter(institution__in=mine).order_by("-published_at", "-id")[:40]
    context = {
        **frame(request, portal=True),
        "institution": institution,
        "page": page,
        "rows": page.items,
        "mine": mine,
        "listings": listings,
        "side": side,
        "other_side": other_side(side),
        "found": found,
        "same": _plain_rows(found, "same"),
        "other": _plain_rows(found, "other"),
        "counts": count_words(found, side) if found else "",
    }
    return render(request, "services/portal_matches.html", context)


def _plain_rows(found: Suggestions | None, group: str) -> list[dict[str, Any]]:
    """Suggestions to an institution: no own listing yet, so interest comes first."""
    if found is None:
        return []
    same, other = split_shown(found, 10)
    return [
        {
            "listing": one.listing,
            "rank": one.rank,
            "fit": int(one.fit.total.to_integral_value()),
            "chips": chips_of([{"code": r.code, "tone": r.tone, "values": dict(r.values)} for r in one.fit.reasons]),
            "money": capfirst(money_words(one.listing)),
            "weeks": weeks_words(one.listing.duration_weeks),
            "interest_url": reverse("match_interest", kwargs={"code": one.listing.code}),
        }
        for one in (same if group == "same" else other)
    ]


@login_required
@require_safe
def portal_listing_matches(request: HttpRequest, code: str) -> HttpResponse:
    """What fits an own listing, best first, with reasons; notes what was shown."""
    alliance, listing = _own_listing(request, code)
    now = timezone.now()
    found = suggest(alliance, listing, at=now)
    same, other = split_shown(found, shown_count(request))
    note_shown(alliance, listing, same + other, reader=listing.institution_id, at=now)
    context = {
        **frame(request, (listing.code, ""), portal=True),
        "listing": listing,
        "facts": facts_of(listing),
        "listing_url": public_url(listing),
        "same": suggestion_rows(listing, same, found, area="portal"),
        "other": suggestion_rows(listing, other, found, area="portal"),
        "found": found,
        "counts": count_words(found, other_side(listing.side)),
        "weights": weight_rows(found.rule),
        "has_more": len(same) + len(other) < len(found.all),
        "may_act": can(request.user, ANSWER_MATCH, listing),
        "may_change_criteria": can(request.user, CHANGE_CRITERIA, listing),
        "criteria_url": reverse("match_criteria", kwargs={"code": listing.code}),
    }
    return render(request, "services/listing_matches.html", context)


@login_required
@require_safe
def portal_match_why(request: HttpRequest, code: str, other: str) -> HttpResponse:
    """Why a suggestion has its figure."""
    alliance, listing = _own_listing(request, code)
    return why_page(request, alliance, listing, other, area="portal", reader=listing.institution_id, at=timezone.now())


@login_required
@require_POST
@once
def portal_match_accept(request: HttpRequest, code: str, other: str) -> HttpResponse:
    """Accept what is suggested: the other side is asked."""
    alliance, listing = _own_listing(request, code)
    try:
        match = accept_suggestion(alliance, code, other, actor=request.user, at=timezone.now())  # type: ignore[arg-type]
    except DomainError as refusal:
        if refusal.status in {403, 404}:
            raise
        messages.error(request, refused_words(refusal))
        return redirect(_page_of(listing))
    messages.success(request, _accepted_words(match))
    return redirect("match_detail", code=match.code)


def _accepted_words(match: Match) -> str:
    if match.state in MET:
        return _("Both sides accepted; here are the contacts.")
    return _("The other side is asked; you are told when it answers.")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@once
def portal_match_decline(request: HttpRequest, code: str, other: str) -> HttpResponse:
    """Decline what is suggested, with a coded reason."""
    alliance, listing = _own_listing(request, code)
    require(request.user, ANSWER_MATCH, listing)
    form = DeclineForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            decline_suggestion(
                alliance,
                code,
                other,
                reason=form.cleaned_data["reason"],
                words=form.cleaned_data["words"],
                actor=request.user,  # type: ignore[arg-type]
                at=timezone.now(),
            )
        except DomainError as refusal:
            if refusal.status in {403, 404}:
                raise
            show_refusal(form, refusal)
        else:
            messages.success(request, _("Declined. The suggestions learn from the reason."))
            return redirect(_page_of(listing))
    return form_page(
        request,
        form,
        crumbs=((listing.code, _page_of(listing)), (_("Decline"), "")),
        heading=_("Decline %(code)s") % {"code": other},
        submit=_("Decline"),
        cancel_url=_page_of(listing),
        explanation=_("The other side is not told of it."),
        portal=True,
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def match_criteria(request: HttpRequest, code: str) -> HttpResponse:
    """Set what is wanted of a listing's suggestions; the list follows at once."""
    alliance, listing = _own_listing(request, code)
    require(request.user, CHANGE_CRITERIA, listing)
    present = criteria_of(alliance, listing)
    initial = {
        "in_budget_only": present.in_budget_only if present else False,
        "in_time_only": present.in_time_only if present else False,
        "kinds": present.kinds if present else [],
        "regions": present.regions if present else [],
    }
    form = CriteriaForm(request.POST or None, weights=present.weights if present else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            set_criteria(
                alliance,
                code,
                weights=form.weights,
                region_codes=data["regions"],
                kinds=data["kinds"],
                in_budget_only=data["in_budget_only"],
                in_time_only=data["in_time_only"],
                actor=request.user,  # type: ignore[arg-type]
                at=timezone.now(),
            )
        except DomainError as refusal:
            if refusal.status in {403, 404}:
                raise
            show_refusal(form, refusal)
        else:
            messages.success(request, _("The list follows your criteria now."))
            return redirect(_page_of(listing))
    rule = rule_in_force(alliance)
    weights = format_list((f"{row['label']} {row['weight']}" for row in weight_rows(rule)), get_language())
    return form_page(
        request,
        form,
        crumbs=((listing.code, _page_of(listing)), (pgettext("of suggestions", "Criteria"), "")),
        heading=_("Your criteria for %(code)s") % {"code": listing.code},
        submit=_("Save the criteria"),
        cancel_url=_page_of(listing),
        explanation=_("Leave the weights empty to use the alliance's rule (%(weights)s); else they add up to 100.")
        % {"weights": weights},
        portal=True,
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@once
def match_interest(request: HttpRequest, code: str) -> HttpResponse:
    """Express interest in a listing, with a listing of one's own."""
    alliance = alliance_of(request)
    require(request.user, VIEW_OWN_MATCHES, alliance)
    now = timezone.now()
    today, mine = timezone.localdate(now), _mine(request, alliance)
    rows = Listing.objects.of(alliance)
    listing = (
        rows.open(today).readable(today, mine).select_related("institution").filter(code=code).first()
        if "\x00" not in code
        else None
    )
    if listing is None or listing.institution_id in mine:
        raise NotFoundError
    own = [
        row
        for row in rows.open(today)
        .filter(institution__in=mine, side=other_side(listing.side))
        .order_by("-published_at", "-id")
        if can(request.user, ANSWER_MATCH, row)
    ]
    form = InterestForm(request.POST or None, listings=[(row.code, f"{row.code} {row.title}") for row in own])
    if request.method == "POST" and form.is_valid():
        try:
            match = accept_suggestion(
                alliance,
                form.cleaned_data["own"],
                code,
                words=form.cleaned_data["words"],
                origin=MatchOrigin.INTEREST,
                actor=request.user,  # type: ignore[arg-type]
                at=now,
            )
        except DomainError as refusal:
            if refusal.status in {403, 404}:
                raise
            show_refusal(form, refusal)
        else:
            messages.success(request, _accepted_words(match))
            return redirect("match_detail", code=match.code)
    context = {
        **frame(request, (_("Express interest"), ""), portal=True),
        "form": form,
        "listing": listing,
        "facts": facts_of(listing),
        "own": own,
        "wanted": other_side(listing.side),
        "cancel_url": public_url(listing) or reverse("portal_matches"),
    }
    return render(request, "services/match_interest.html", context, status=422 if form.is_bound else 200)


# ------------------------------------------------------------------------------------------------------------------- one match


def _match(request: HttpRequest, code: str) -> tuple[Alliance, Match]:
    alliance = alliance_of(request)
    return alliance, get_match(alliance, code, request.user, at=timezone.now())


@login_required
@require_safe
def match_detail(request: HttpRequest, code: str) -> HttpResponse:
    """A match for both sides and the desk: why, who said what, contacts once both accepted, and what came of it."""
    alliance, match = _match(request, code)
    now = timezone.now()
    veil_matches([match], alliance, request.user, at=now)
    answers = last_answers(match)
    sides = sides_for(match, request.user)
    contacts = contacts_of(match, at=now) if can(request.user, CARRY_MATCH, match) else {}
    in_desk = can(request.user, VIEW_MATCHES, alliance)
    conflicts = conflict_words(desk_ties(alliance, at=now), match.demand, match.supply) if in_desk else []
    waits = match.state in {MatchState.SUGGESTED, MatchState.INVITED}
    are_open = all(listing_of(match, side).is_open(timezone.localdate(now)) for side in ListingSide.values)
    context = {
        **frame(request, (match.code, "")),
        "match": match,
        "steps": _steps(match),
        "parties": [
            {
                "side": side,
                "label": capfirst(str(ListingSide(side).label)),
                "listing": listing_of(match, side),
                "url": public_url(listing_of(match, side)),
                "facts": facts_of(listing_of(match, side)),
                "answer": answers.get(side),
                "contacts": contacts.get(side, []),
                "may_accept": side in sides and are_open and _may_accept(match, side, answers),
                "may_decline": side in sides and waits,
            }
            for side in ListingSide.values
        ],
        "has_contacts": match.state in MET,
        "next_step": _next_step(match, answers, sides, today=timezone.localdate(now)),
        "opening_words": "" if match.words in {one.words for one in answers.values()} else match.words,
        "chips": chips_of(match.reasons.get("reasons", [])) if match.reasons else [],
        "parts": part_rows(match.reasons.get("parts", [])) if match.reasons else [],
        "kept": match.reasons,
        "basis": basis_rows(match.reasons) if match.reasons else [],
        "conflicts": conflicts,
        "in_desk": in_desk,
        "may_contact": match.state in NOTE_CONTACT.sources and can(request.user, CARRY_MATCH, match),
        "may_agree": match.state in AGREE_MATCH.sources and can(request.user, CARRY_MATCH, match),
        "may_end": match.state in END_MATCH.sources and can(request.user, CARRY_MATCH, match),
        **_contract_of(request, alliance, match),
    }
    return render(request, "services/match_detail.html", context)


def _contract_of(request: HttpRequest, alliance: Alliance, match: Match) -> dict[str, Any]:
    """The contract that came of it, where the reader may see it, or whether one may be begun now."""
    standing = Contract.objects.of(alliance).filter(match=match).exclude(state__in=DROPPED_CONTRACTS).first()
    if standing is not None:
        return {"contract": standing if readable_contracts(alliance, request.user).filter(pk=standing.pk).exists() else None}
    sides = [match.demand.institution, match.supply.institution]
    if match.state not in STARTING_MATCHES or not all(sides):
        return {}
    records = [ContractParty(alliance=alliance, institution=one) for one in sides]
    may = can(request.user, MANAGE_CONTRACTS, alliance) or any(can(request.user, START_CONTRACT, one) for one in records)
    return {"may_contract": may}


def _has_accepted(answers: dict[str, Any], side: str) -> bool:
    answer = answers.get(side)
    return answer is not None and answer.accepted


def _next_step(match: Match, answers: dict[str, Any], own: Collection[str], *, today: date) -> str:
    """What happens next and who does it; empty once it is over."""
    if match.state in {MatchState.SUGGESTED, MatchState.INVITED}:
        for side in ListingSide.values:
            listing = listing_of(match, side)
            if not listing.is_open(today):
                return _(
                    "the listing %(code)s is not open any more. Both sides can answer once its owner opens it again."
                ) % {"code": listing.code}
        waiting = [side for side in ListingSide.values if not _has_accepted(answers, side)]
        if len(waiting) > 1 and not set(waiting) & set(own):
            return _("both sides answer.")
        if mine := [side for side in waiting if side in own]:
            return _("your answer for %(code)s. Accept or decline below.") % {"code": listing_of(match, mine[0]).code}
        owner = listing_of(match, waiting[0]).institution
        return _("%(name)s answers.") % {"name": owner.name if owner else _("the secretariat")}
    if match.state == MatchState.INTRODUCED:
        return _("the two sides get in touch, and one of them notes the first contact here.")
    if match.state == MatchState.IN_TALKS:
        return _("the two sides note what came of their talks: an agreement, or its end.")
    return ""


def _may_accept(match: Match, side: str, answers: dict[str, Any]) -> bool:
    theirs = answers.get(other_side(side))
    if match.state == MatchState.DECLINED:
        return theirs is None or theirs.accepted
    return match.state in {MatchState.SUGGESTED, MatchState.INVITED} and not _has_accepted(answers, side)


def _steps(match: Match) -> list[dict[str, str]]:
    order = [MatchState.SUGGESTED, MatchState.INVITED, MatchState.INTRODUCED, MatchState.IN_TALKS]
    last = match.state if match.state in {MatchState.ENDED, MatchState.DECLINED} else MatchState.AGREED
    names = [*order, MatchState(last)]
    reached = names.index(MatchState(match.state))
    if match.state == MatchState.DECLINED:
        names, reached = [MatchState.SUGGESTED, MatchState.DECLINED], 1
    over = match.state in {MatchState.AGREED, MatchState.ENDED, MatchState.DECLINED}
    return [
        {
            "label": capfirst(str(state.label)),
            "state": "done" if place < reached or (over and place == reached) else "now" if place == reached else "",
        }
        for place, state in enumerate(names)
    ]


def _chosen_side(request: HttpRequest, match: Match) -> str:
    """The side named in the request, else the only one the person answers for."""
    given = request.POST.get("side") or request.GET.get("side") or ""
    sides = sides_for(match, request.user)
    if given in ListingSide.values:
        require(request.user, ANSWER_MATCH, listing_of(match, given))
        return given
    if not sides:
        require(request.user, ANSWER_MATCH, match.demand)
    return sides[0]


@login_required
@require_POST
@once
def match_answer_accept(request: HttpRequest, code: str) -> HttpResponse:
    """Accept a match for a side."""
    alliance, match = _match(request, code)
    side = _chosen_side(request, match)
    try:
        match = accept_match(alliance, code, side, actor=request.user, at=timezone.now())  # type: ignore[arg-type]
    except DomainError as refusal:
        if refusal.status in {403, 404}:
            raise
        messages.error(request, refused_words(refusal))
    else:
        messages.success(request, _accepted_words(match))
    return redirect("match_detail", code=match.code)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@once
def match_answer_decline(request: HttpRequest, code: str) -> HttpResponse:
    """Decline a match for a side, with a coded reason."""
    alliance, match = _match(request, code)
    side = _chosen_side(request, match)
    form = DeclineForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            decline_match(
                alliance,
                code,
                side,
                reason=form.cleaned_data["reason"],
                words=form.cleaned_data["words"],
                actor=request.user,  # type: ignore[arg-type]
                at=timezone.now(),
            )
        except DomainError as refusal:
            if refusal.status in {403, 404}:
                raise
            show_refusal(form, refusal)
        else:
            messages.success(request, _("Declined. The suggestions learn from the reason."))
            return redirect("match_detail", code=code)
    return form_page(
        request,
        form,
        crumbs=((match.code, reverse("match_detail", kwargs={"code": code})), (_("Decline"), "")),
        heading=_("Decline the match %(code)s") % {"code": code},
        submit=_("Decline"),
        cancel_url=reverse("match_detail", kwargs={"code": code}),
        explanation=_("A side that has accepted is told the reason and reads your words."),
    )


@login_required
@require_POST
def match_contact(request: HttpRequest, code: str) -> HttpResponse:
    """Note the first contact."""
    alliance, match = _match(request, code)
    try:
        note_contact(alliance, code, actor=request.user, at=timezone.now())  # type: ignore[arg-type]
    except DomainError as refusal:
        if refusal.status in {403, 404}:
            raise
        messages.error(request, refused_words(refusal))
    else:
        messages.success(request, _("The first contact is noted."))
    return redirect("match_detail", code=match.code)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@once
def match_agree(request: HttpRequest, code: str) -> HttpResponse:
    """Note the agreement."""
    return _finish(request, code, agree=True)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@once
def match_end(request: HttpRequest, code: str) -> HttpResponse:
    """Note that nothing came of it."""
    return _finish(request, code, agree=False)


def _finish(request: HttpRequest, code: str, *, agree: bool) -> HttpResponse:
    alliance, match = _match(request, code)
    require(request.user, CARRY_MATCH, match)
    form = OutcomeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        act = agree_match if agree else end_match
        try:
            act(alliance, code, outcome=form.cleaned_data["outcome"], actor=request.user, at=timezone.now())  # type: ignore[arg-type]
        except DomainError as refusal:
            if refusal.status in {403, 404}:
                raise
            show_refusal(form, refusal)
        else:
            messages.success(request, _("The agreement is noted.") if agree else _("The match is ended."))
            return redirect("match_detail", code=code)
    label = str(AGREE_MATCH.label if agree else END_MATCH.label)
    return form_page(
        request,
        form,
        crumbs=((match.code, reverse("match_detail", kwargs={"code": code})), (label, "")),
        heading=label,
        submit=label,
        cancel_url=reverse("match_detail", kwargs={"code": code}),
        explanation=_("A contract can follow from an agreement.") if agree else _("Say why nothing came of it."),
        danger=not agree,
    )
