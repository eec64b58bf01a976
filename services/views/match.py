"""Docking in the console: matches, suggestions of a listing, proposals of the desk, the rule of the fit, the quality panel."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alliance.actions.idempotency import once
from alliance.kernel import charts
from alliance.kernel.errors import DomainError, NotFoundError
from alliance.kernel.formats import format_percent
from alliance.kernel.permissions import can, require
from alliance.kernel.tables import csv_response
from alliance.selectors.paging import paginate
from members.choices import InstitutionKind
from operations.forms.product import show_refusal
from services.actions.match import decline_for_desk, propose_match
from services.actions.match_event import note_opened, note_shown
from services.actions.match_rule import approve_match_rule, propose_match_rule, refuse_match_rule
from services.choices import MatchState, RuleProposalState
from services.forms.match import DeclineForm, ProposeForm, ReasonForm, RuleForm
from services.models import MatchRuleProposal
from services.permissions import (
    ANSWER_MATCH,
    APPROVE_MATCH_RULE_PERMISSION,
    CHANGE_CRITERIA,
    DESK_MATCH,
    PROPOSE_MATCH_RULE,
    VIEW_MATCH_RULE,
    VIEW_MATCHES,
)
from services.selectors.match import ORDER, desk_ties, get_listing, list_matches, readable_to, veil_matches
from services.selectors.match_quality import CSV_HEADER, csv_rows, quality_of
from services.selectors.suggestion import keep, other_side, rule_in_force, suggest
from services.views.match_common import (
    alliance_of,
    basis_rows,
    chips_of,
    conflict_words,
    count_words,
    facts_of,
    frame,
    part_rows,
    period,
    public_url,
    refused_words,
    shown_count,
    split_shown,
    suggestion_rows,
    weight_rows,
)

if TYPE_CHECKING:
    from alliance.models import Alliance
    from services.models import Listing


def _enter(request: HttpRequest, permission: str = VIEW_MATCHES) -> Alliance:
    alliance = alliance_of(request)
    require(request.user, permission, alliance)
    return alliance


@login_required
@require_safe
def match_list(request: HttpRequest) -> HttpResponse:
    """Every match the desk may see, newest first; those under way unless something else is chosen."""
    alliance = _enter(request)
    asked = request.GET.get("state", "open")
    state = asked if asked in {*MatchState.values, "open", ""} else "open"
    now = timezone.now()
    page = paginate(list_matches(alliance, request.user, at=now, state=state), request.GET, order=ORDER, size=40)
    veil_matches(page.items, alliance, request.user, at=now)
    context = {
        **frame(request),
        "page": page,
        "rows": page.items,
        "state": state,
        "states": MatchState.choices,
        "may_propose": can(request.user, DESK_MATCH, alliance),
    }
    return render(request, "services/match_list.html", context)


def _listing(request: HttpRequest, code: str) -> tuple[Alliance, Listing]:
    alliance = _enter(request)
    return alliance, get_listing(alliance, code, request.user, at=timezone.now())


def _page_of(listing: Listing) -> str:
    return reverse("console_listing_matches", kwargs={"code": listing.code})


@login_required
@require_safe
def listing_matches(request: HttpRequest, code: str) -> HttpResponse:
    """What fits a listing, best first, with reasons; notes what was shown."""
    alliance, listing = _listing(request, code)
    now = timezone.now()
    found = suggest(alliance, listing, at=now, among=readable_to(alliance, request.user, at=now))
    same, other = split_shown(found, shown_count(request))
    ties = desk_ties(alliance, at=now)
    note_shown(alliance, listing, same + other, reader=None, at=now)
    rows = {"area": "console", "ties": ties, "actor": request.user}
    context = {
        **frame(request, (listing.code, "")),
        "listing": listing,
        "facts": facts_of(listing),
        "listing_url": public_url(listing),
        "same": suggestion_rows(listing, same, found, **rows),  # type: ignore[arg-type]
        "other": suggestion_rows(listing, other, found, **rows),  # type: ignore[arg-type]
        "found": found,
        "counts": count_words(found, other_side(listing.side)),
        "weights": weight_rows(found.rule),
        "has_more": len(same) + len(other) < len(found.all),
        "may_act": can(request.user, DESK_MATCH, alliance),
        "may_change_criteria": can(request.user, CHANGE_CRITERIA, listing),
        "criteria_url": reverse("match_criteria", kwargs={"code": listing.code}),
    }
    return render(request, "services/listing_matches.html", context)


@login_required
@require_safe
def match_why(request: HttpRequest, code: str, other: str) -> HttpResponse:
    """Why a suggestion has its figure: every part with its summands, and what they rest on."""
    alliance, listing = _listing(request, code)
    now = timezone.now()
    return why_page(request, alliance, listing, other, area="console", reader=None, at=now)


def why_page(
    request: HttpRequest, alliance: Alliance, listing: Listing, other: str, *, area: str, reader: int | None, at: datetime
) -> HttpResponse:
    """The same page in console and portal."""
    in_console = area == "console"
    among = readable_to(alliance, request.user, at=at) if in_console else None
    # As the list computes it: a fit rests on the best text of its list, so other candidates would make another figure.
    found = suggest(alliance, listing, at=at, among=among)
    suggestion = found.find(other)
    if suggestion is None:  # brought together already, so the list has it no more
        found = suggest(alliance, listing, at=at, among=among, with_matched=True)
        suggestion = found.find(other)
    if suggestion is None:
        raise NotFoundError
    note_opened(alliance, listing, suggestion, reader=reader, at=at)
    kept = keep(suggestion, found)
    names = {"code": listing.code, "other": suggestion.listing.code}
    back = reverse(f"{area}_listing_matches", kwargs={"code": listing.code})
    context = {
        **frame(request, (listing.code, back), (suggestion.listing.code, ""), portal=not in_console),
        "listing": listing,
        "suggestion": suggestion,
        "other": suggestion.listing,
        "facts": facts_of(suggestion.listing),
        "other_url": public_url(suggestion.listing),
        "fit": suggestion.fit.total,
        "chips": chips_of(kept["reasons"]),
        "parts": part_rows(kept["parts"]),
        "kept": kept,
        "basis": basis_rows(kept),
        "rule": found.rule,
        "conflicts": conflict_words(desk_ties(alliance, at=at), listing, suggestion.listing) if in_console else [],
        "back_url": back,
        "accept_url": reverse(f"{area}_match_accept", kwargs=names),
        "decline_url": reverse(f"{area}_match_decline", kwargs=names),
        "may_act": can(request.user, DESK_MATCH, alliance) if in_console else can(request.user, ANSWER_MATCH, listing),
        "rules_url": reverse("match_rule"),
    }
    return render(request, "services/match_why.html", context)


@login_required
@require_POST
@once
def match_accept(request: HttpRequest, code: str, other: str) -> HttpResponse:
    """Propose a suggested match for the desk: both sides are asked."""
    alliance, listing = _listing(request, code)
    require(request.user, DESK_MATCH, alliance)
    try:
        match = propose_match(alliance, code, other, actor=request.user, at=timezone.now())  # type: ignore[arg-type]
    except DomainError as refusal:
        if refusal.status in {403, 404}:
            raise
        messages.error(request, refused_words(refusal))
        return redirect(_page_of(listing))
    messages.success(request, _("Both sides were asked (%(code)s).") % {"code": match.code})
    return redirect(_page_of(listing))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@once
def match_decline(request: HttpRequest, code: str, other: str) -> HttpResponse:
    """Leave a suggestion aside for the desk, with the reason."""
    alliance, listing = _listing(request, code)
    require(request.user, DESK_MATCH, alliance)
    form = DeclineForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            decline_for_desk(
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
            messages.success(request, _("Left aside. The suggestions learn from the reason."))
            return redirect(_page_of(listing))
    return form_page(
        request,
        form,
        crumbs=((listing.code, _page_of(listing)), (_("Decline"), "")),
        heading=_("Decline %(code)s") % {"code": other},
        submit=_("Decline"),
        cancel_url=_page_of(listing),
        explanation=_("Nobody is told. Either side can still take it up by itself."),
    )


def form_page(
    request: HttpRequest,
    form: Any,
    *,
    crumbs: tuple[tuple[str, str], ...],
    heading: str,
    submit: str,
    cancel_url: str,
    explanation: str = "",
    portal: bool = False,
    danger: bool = False,
) -> HttpResponse:
    """A form by itself; what was typed stays when it is refused."""
    context = {
        **frame(request, *crumbs, portal=portal),
        "form": form,
        "heading": heading,
        "submit": submit,
        "cancel_url": cancel_url,
        "explanation": explanation,
        "danger": danger,
    }
    return render(request, "services/match_form.html", context, status=422 if form.is_bound else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@once
def match_propose(request: HttpRequest) -> HttpResponse:
    """Bring two listings together by hand."""
    alliance = _enter(request, DESK_MATCH)
    initial = {name: request.GET.get(name, "")[:60] for name in ("demand", "supply")}
    form = ProposeForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            match = propose_match(
                alliance,
                data["demand"].strip(),
                data["supply"].strip(),
                words=data["words"],
                actor=request.user,  # type: ignore[arg-type]
                at=timezone.now(),
            )
        except NotFoundError:
            form.add_error(None, _("There are no such open listings that the two sides may read. Check both codes."))
        except DomainError as refusal:
            if refusal.status == 403:
                raise
            show_refusal(form, refusal)
        else:
            messages.success(request, _("Both sides were asked (%(code)s).") % {"code": match.code})
            return redirect("match_detail", code=match.code)
    return form_page(
        request,
        form,
        crumbs=((_("Propose a match"), ""),),
        heading=_("Propose a match"),
        submit=_("Ask both sides"),
        cancel_url=reverse("match_list"),
        explanation=_("Both sides are asked. Their contacts are shown to each other once both have accepted."),
    )


# ---------------------------------------------------------------------------------------------------------------------- rule


@login_required
@require_safe
def match_rule(request: HttpRequest) -> HttpResponse:
    """How the fit is computed: method, rule in force, proposals."""
    alliance = _enter(request, VIEW_MATCH_RULE)
    rule = rule_in_force(alliance)
    proposals = MatchRuleProposal.objects.of(alliance).select_related("proposed_by", "settled_by", "rule").order_by("-id")
    waiting = next((row for row in proposals[:20] if row.state == RuleProposalState.PROPOSED), None)
    may_approve = can(request.user, APPROVE_MATCH_RULE_PERMISSION, alliance)
    context = {
        **frame(request, (_("How the fit is computed"), "")),
        "rule": rule,
        "weights": weight_rows(rule),
        "waiting": waiting,
        "waiting_weights": weight_rows(waiting.weights) if waiting else [],
        "history": [row for row in proposals[:20] if row.state != RuleProposalState.PROPOSED],
        "may_propose": waiting is None and can(request.user, PROPOSE_MATCH_RULE, alliance),
        "may_settle": waiting is not None and may_approve and waiting.proposed_by_id != request.user.pk,
        "is_own": waiting is not None and waiting.proposed_by_id == request.user.pk,
    }
    return render(request, "services/match_rule.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@once
def match_rule_new(request: HttpRequest) -> HttpResponse:
    """Propose another rule."""
    alliance = _enter(request, PROPOSE_MATCH_RULE)
    rule = rule_in_force(alliance)
    form = RuleForm(request.POST or None, weights=rule.weights, initial={"balance": rule.balance})
    if request.method == "POST" and form.is_valid():
        try:
            propose_match_rule(
                alliance,
                weights=form.weights or {},
                balance=form.cleaned_data["balance"],
                note=form.cleaned_data["note"],
                actor=request.user,  # type: ignore[arg-type]
                at=timezone.now(),
            )
        except DomainError as refusal:
            if refusal.status == 403:
                raise
            show_refusal(form, refusal)
        else:
            messages.success(request, _("A member of the management committee decides on it."))
            return redirect("match_rule")
    return form_page(
        request,
        form,
        crumbs=((_("How the fit is computed"), reverse("match_rule")), (_("Propose a rule"), "")),
        heading=_("Propose a rule"),
        submit=_("Propose"),
        cancel_url=reverse("match_rule"),
        explanation=_("The four weights add up to 100. A member of the management committee other than you approves it."),
    )


@login_required
@require_POST
def match_rule_approve(request: HttpRequest, number: int) -> HttpResponse:
    """Approve a proposed rule as second person."""
    alliance = _enter(request, APPROVE_MATCH_RULE_PERMISSION)
    try:
        rule = approve_match_rule(alliance, number, actor=request.user, at=timezone.now())  # type: ignore[arg-type]
    except DomainError as refusal:
        if refusal.status in {403, 404}:
            raise
        messages.error(request, refused_words(refusal))
    else:
        messages.success(request, _("Version %(version)s is in force.") % {"version": rule.version})
    return redirect("match_rule")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def match_rule_refuse(request: HttpRequest, number: int) -> HttpResponse:
    """Refuse a proposed rule as second person, with the reason."""
    alliance = _enter(request, APPROVE_MATCH_RULE_PERMISSION)
    if not MatchRuleProposal.objects.of(alliance).filter(pk=number).exists():
        raise NotFoundError
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            refuse_match_rule(
                alliance,
                number,
                reason=form.cleaned_data["reason"],
                actor=request.user,  # type: ignore[arg-type]
                at=timezone.now(),
            )
        except DomainError as refusal:
            if refusal.status in {403, 404}:
                raise
            show_refusal(form, refusal)
        else:
            messages.success(request, _("The proposal was refused; the rule stays as it is."))
            return redirect("match_rule")
    return form_page(
        request,
        form,
        crumbs=((_("How the fit is computed"), reverse("match_rule")), (pgettext("a proposal", "Refuse"), "")),
        heading=_("Refuse the proposed rule"),
        submit=pgettext("a proposal", "Refuse"),
        cancel_url=reverse("match_rule"),
        danger=True,
    )


# ------------------------------------------------------------------------------------------------------------------- quality


@login_required
@require_safe
def match_quality(request: HttpRequest) -> HttpResponse:
    """How good the suggestions are, computed from the raw events of a period."""
    alliance = _enter(request)
    now = timezone.now()
    days = period(request)
    found = quality_of(alliance, since=now - timedelta(days=days), until=now)
    rule = rule_in_force(alliance)
    context = {
        **frame(request, (_("Quality of the suggestions"), "")),
        "quality": found,
        "days": days,
        "periods": [7, 30, 90, 365],
        "rule": rule,
        "csv_url": f"{reverse('match_quality_csv')}?days={days}",
        "chart": charts.draw(_exposure_chart(found.exposure)) if found.exposure else None,
        "exposure": [(kind_label(row.kind), row) for row in found.exposure],
    }
    return render(request, "services/match_quality.html", context)


def kind_label(kind: str) -> str:
    """A kind of institution in words; empty: from an outside source."""
    if kind in InstitutionKind.values:
        return capfirst(str(InstitutionKind(kind).label))
    return kind or _("From an outside source")


def _exposure_chart(rows: Any) -> charts.CategoryBars:
    first = rows[0]
    return charts.CategoryBars(
        _("%(kind)s make %(share)s of what was shown among the first ten")
        % {"kind": kind_label(first.kind), "share": format_percent(first.share)},
        [charts.Segment(_("Share of what was shown"), "primary")],
        [charts.Category(kind_label(row.kind), [row.share]) for row in rows],
        row_label=_("Kind of institution"),
        write=format_percent,
    )


@login_required
@require_safe
def match_quality_csv(request: HttpRequest) -> HttpResponse:
    """The raw events the figures of a period are computed from."""
    alliance = _enter(request)
    now = timezone.now()
    days = period(request)
    rows = csv_rows(alliance, request.user, since=now - timedelta(days=days), until=now)
    return csv_response(f"match-events-{days}", CSV_HEADER, rows)
