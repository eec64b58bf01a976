"""Pages of disputes, for the parties, the mediator and members of the committee without a link."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from alliance.actions.idempotency import once
from alliance.kernel.errors import NotFoundError
from alliance.kernel.permissions import can, grants_of, require
from alliance.selectors.audit import latest_head
from alliance.selectors.paging import paginate
from groups.actions.dispute import (
    add_statement,
    agree_to_proposal,
    escalate_dispute,
    file_dispute,
    make_proposal,
    name_mediator,
    note_session,
    withdraw_dispute,
)
from groups.choices import MEDIATION_WORKING_DAYS, OPEN_DISPUTES, DisputeState, DisputeStepKind
from groups.forms.charter import AgreeForm, DisputeForm, EndForm, MediatorForm, SayForm
from groups.models import Dispute
from groups.permissions import (
    ESCALATE_DISPUTE,
    FILE_DISPUTE,
    LIST_DISPUTES,
    MEDIATE_DISPUTE,
    NAME_MEDIATOR,
    SPEAK_IN_DISPUTE,
)
from groups.selectors.dispute import (
    agreed_ids,
    find_dispute,
    has_proposal,
    is_overdue,
    list_committee_disputes,
    list_mediators,
    list_own_disputes,
    list_steps,
    speaker_of,
)
from groups.views.promise import CONSOLE, PORTAL, own_institution, take_step
from members.choices import StaffRole
from members.models import Institution

if TYPE_CHECKING:
    from alliance.kernel.requests import AllianceRequest


def _frame(request: AllianceRequest) -> str:
    """The frame for a page that both sides share; marks the place in either navigation."""
    if can(request.user, LIST_DISPUTES, request.alliance) and can(request.user, "alliance.view_console", request.alliance):
        request.nav_key = "disputes"
        return CONSOLE
    request.nav_key, request.tab_key = "governance", "disputes"
    return PORTAL


def _find(request: AllianceRequest, code: str) -> Dispute:
    found = find_dispute(request.alliance, code, request.user)
    if found is None:
        raise NotFoundError
    return found


def _own_party(request: AllianceRequest, found: Dispute) -> Institution | None:
    """The party a person represents."""
    own = {
        grant.institution_id
        for grant in grants_of(request.user, request.alliance)
        if grant.scope == "institution" and grant.role == StaffRole.REPRESENTATIVE
    }
    return next((party for party in (found.claimant, found.respondent) if party.pk in own), None)


@require_safe
@login_required
def dispute_list(request: AllianceRequest) -> HttpResponse:
    """Disputes before the committee, without those in which the reader has a part."""
    require(request.user, LIST_DISPUTES, request.alliance)
    require(request.user, "alliance.view_console", request.alliance)
    request.nav_key = "disputes"
    rows = list_committee_disputes(request.alliance, request.user)
    context = {
        "base_template": CONSOLE,
        "page": paginate(rows, request.GET, ("-filed_at", "-id")),
        "today": timezone.localdate(),
        "open_states": OPEN_DISPUTES,
    }
    return render(request, "groups/dispute_list.html", context)


@require_safe
@login_required
def portal_dispute_list(request: AllianceRequest) -> HttpResponse:
    """Disputes of the institutions the reader speaks for, and those the reader mediates."""
    request.nav_key, request.tab_key = "governance", "disputes"
    institution = own_institution(request, "governance", "disputes")
    rows = list_own_disputes(request.alliance, request.user)
    blank = Dispute(alliance=request.alliance, claimant=institution) if isinstance(institution, Institution) else None
    context = {
        "base_template": PORTAL,
        "in_portal": True,
        "page": paginate(rows, request.GET, ("-filed_at", "-id")),
        "today": timezone.localdate(),
        "open_states": OPEN_DISPUTES,
        "may_file": blank is not None and can(request.user, FILE_DISPUTE, blank),
    }
    return render(request, "groups/dispute_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def portal_dispute_new(request: AllianceRequest) -> HttpResponse:
    """File a dispute."""
    institution = own_institution(request, "governance", "disputes")
    if not isinstance(institution, Institution):
        return institution
    alliance = request.alliance
    require(request.user, FILE_DISPUTE, Dispute(alliance=alliance, claimant=institution))

    def act(values: dict[str, Any]) -> Dispute:
        return file_dispute(
            alliance,
            institution.code,
            values.pop("respondent").strip(),
            actor=request.user,
            at=timezone.now(),
            **values,
        )

    return take_step(
        request,
        DisputeForm(request.POST or None, request.FILES or None),
        act,
        heading=_("File a dispute"),
        hint=_("Talk to the other member first. Then the committee names a mediator without a link to either of you."),
        lines=[
            _("Only both parties, the mediator and members of the committee without a link read it; the office does not."),
            _("What is on the record is never edited or removed. It is not used against a party in later proceedings."),
            _("The mediation takes %(days)s working days (Monday to Friday; public holidays are not taken out).")
            % {"days": MEDIATION_WORKING_DAYS},
        ],
        done=_("Filed. The other party can read it, and the committee is asked to name a mediator."),
        submit=_("File the dispute"),
        back=reverse("portal_dispute_list"),
        to=lambda found: reverse("dispute_detail", kwargs={"code": found.code}),
        base=PORTAL,
    )


@require_safe
@login_required
def dispute_detail(request: AllianceRequest, code: str) -> HttpResponse:
    """A dispute with its record."""
    base = _frame(request)
    found = _find(request, code)
    steps = list(list_steps(found))
    proposals = [step for step in steps if step.kind == DisputeStepKind.PROPOSAL]
    party = _own_party(request, found)
    is_open = found.state in OPEN_DISPUTES
    agreed = agreed_ids(found, steps)
    may_mediate = is_open and can(request.user, MEDIATE_DISPUTE, found)
    late = is_overdue(found)
    context = {
        "base_template": base,
        "dispute": found,
        "steps": [{"step": step, "by": speaker_of(found, step)} for step in steps],
        "latest": proposals[-1] if proposals else None,
        "agreed": [one for one in (found.claimant, found.respondent) if one.pk in agreed],
        "party": party,
        "is_open": is_open,
        "late": late,
        "may_name": is_open and can(request.user, NAME_MEDIATOR, found),
        "may_mediate": may_mediate,
        "may_speak": is_open and party is not None and can(request.user, SPEAK_IN_DISPUTE, found),
        "may_agree": found.state == DisputeState.MEDIATION
        and party is not None
        and bool(proposals)
        and party.pk not in agreed,
        "may_end": is_open and (may_mediate or (late and can(request.user, ESCALATE_DISPUTE, found))),
        "may_withdraw": is_open and party is not None and party.pk == found.claimant_id,
        "head": latest_head(request.alliance) if found.closed_at else None,
        "crumbs": [
            {"label": _("Disputes"), "url": reverse("dispute_list" if base == CONSOLE else "portal_dispute_list")},
            {"label": code, "url": ""},
        ],
    }
    return render(request, "groups/dispute_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def dispute_step(request: AllianceRequest, code: str, step: str) -> HttpResponse:
    """One step: name the mediator, state, note a session, propose, agree, end, withdraw."""
    base = _frame(request)
    found = _find(request, code)
    steps = _steps(request, found)
    if step not in steps:
        raise NotFoundError
    words = steps[step]
    require(request.user, words["permission"], found)
    return take_step(
        request,
        words["form"],
        words["act"],
        heading=words["heading"] % {"code": code},
        hint=words.get("hint", ""),
        lines=words.get("lines"),
        done=words["done"],
        submit=words["submit"],
        back=reverse("dispute_detail", kwargs={"code": code}),
        base=base,
        danger=bool(words.get("danger")),
        names={"reason": "text", "statement": "text"},
    )


def _steps(request: AllianceRequest, found: Dispute) -> dict[str, dict[str, Any]]:
    alliance, code, actor, now = request.alliance, found.code, request.user, timezone.now()
    posted, files = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    party = _own_party(request, found)
    own = party.code if party is not None else ""
    record = list(list_steps(found))
    latest = next((one for one in reversed(record) if one.kind == DisputeStepKind.PROPOSAL), None)
    steps: dict[str, dict[str, Any]] = {
        "statement": {
            "permission": SPEAK_IN_DISPUTE,
            "form": SayForm(posted, files),
            "act": lambda values: add_statement(alliance, code, own, actor=actor, at=now, **values),
            "heading": _("Statement in the dispute %(code)s"),
            "hint": _("It is never edited or removed. Both parties, the mediator and the committee read it."),
            "done": _("The statement is on record."),
            "submit": _("Put it on record"),
        },
        "session": {
            "permission": MEDIATE_DISPUTE,
            "form": SayForm(posted, files),
            "act": lambda values: note_session(alliance, code, actor=actor, at=now, **values),
            "heading": _("Session in the dispute %(code)s"),
            "hint": _("When you met, with whom, and what came of it."),
            "done": _("The session is on record."),
            "submit": _("Put it on record"),
        },
        "proposal": {
            "permission": MEDIATE_DISPUTE,
            "form": SayForm(posted, files),
            "act": lambda values: make_proposal(alliance, code, actor=actor, at=now, **values),
            "heading": _("Proposal in the dispute %(code)s"),
            "hint": _("Both parties are asked to agree. A new proposal replaces the one before."),
            "done": _("The proposal is on record."),
            "submit": _("Make the proposal"),
        },
        "end": {
            "permission": ESCALATE_DISPUTE,
            "form": EndForm(posted),
            "act": lambda values: escalate_dispute(
                alliance, code, reason=values["text"], institution_code=own, actor=actor, at=now
            ),
            "heading": _("End the mediation of %(code)s without a settlement?"),
            "hint": _("The record is sealed. The parties may go to arbitration or court as their contract says."),
            "done": _("Ended without a settlement; the record is sealed."),
            "submit": _("End without a settlement"),
            "danger": True,
        },
        "withdraw": {
            "permission": SPEAK_IN_DISPUTE,
            "form": EndForm(posted),
            "act": lambda values: withdraw_dispute(alliance, code, own, reason=values["text"], actor=actor, at=now),
            "heading": _("Withdraw the dispute %(code)s?"),
            "hint": _("The record is sealed as it stands."),
            "done": _("Withdrawn; the record is sealed."),
            "submit": _("Withdraw the dispute"),
            "danger": True,
        },
    }
    if latest is not None and has_proposal(record):
        steps["agree"] = {
            "permission": SPEAK_IN_DISPUTE,
            "form": AgreeForm(posted, initial={"proposal": latest.uuid}),
            "act": lambda values: agree_to_proposal(
                alliance, code, own, proposal_uuid=str(values["proposal"]), actor=actor, at=now
            ),
            "heading": _("Agree to the proposal in %(code)s"),
            "hint": _("When both parties have agreed, the dispute is settled and its record sealed."),
            "lines": [latest.text],
            "done": _("Your agreement is on record."),
            "submit": _("Agree for our institution"),
        }
    if can(request.user, NAME_MEDIATOR, found):
        candidates = [
            (
                str(one.user.uuid),
                f"{one.user.get_full_name()} · {one.institution.short_name}"
                if one.institution
                else one.user.get_full_name(),
            )
            for one in list_mediators(found, now)
        ]
        steps["mediator"] = {
            "permission": NAME_MEDIATOR,
            "form": MediatorForm(posted, candidates=candidates),
            "act": lambda values: name_mediator(alliance, code, values["mediator"], actor=actor, at=now),
            "heading": _("Name the mediator of %(code)s"),
            "hint": _(
                "Members of the committee with a link to a party are not offered; links are looked for again when you save."
            ),
            "done": _("The mediator was named and told."),
            "submit": _("Name the mediator"),
        }
    return steps
