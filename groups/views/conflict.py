"""Pages of the console about conflicts of interest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alliance.actions.idempotency import once
from alliance.kernel.errors import InvalidInputError
from alliance.kernel.permissions import can, grants_of, institutions_acted_for, require
from alliance.selectors.paging import paginate
from groups.actions.conflict import (
    clear_conflict,
    declare_conflict,
    end_conflict,
    grant_waiver,
    propose_waiver,
    recuse,
    refuse_waiver,
)
from groups.choices import ConflictState, LinkKind, WaiverState
from groups.forms.group import ConflictForm, place_errors
from groups.forms.interest import WaiverForm
from groups.models import ConflictOfInterest, ConflictWaiver
from groups.permissions import DECLARE_CONFLICT, RULE_CONFLICT
from groups.selectors.conflict import get_conflict, list_conflicts, list_recusals
from groups.selectors.matters import describe_matter
from groups.views.group import enter_console
from groups.views.interest import conflict_rows, conflict_tabs
from members.models import Institution

if TYPE_CHECKING:
    from django.http import HttpRequest

    from alliance.models import Alliance

RULINGS = {"recuse": recuse, "clear": clear_conflict, "end": end_conflict}
ANSWERS = {"grant": grant_waiver, "refuse": refuse_waiver}


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def conflict_list(request: HttpRequest) -> HttpResponse:
    """Open conflicts of interest; declare one, rule on it."""
    alliance = enter_console(request, "conflicts")
    form = ConflictForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            declared = declare_conflict(
                alliance,
                form.cleaned_data["institution"].strip(),
                form.cleaned_data["matter"],
                reason=form.cleaned_data["reason"],
                actor=request.user,  # type: ignore[arg-type]
                at=timezone.now(),
            )
        except Institution.DoesNotExist:
            form.add_error("institution", _("No institution of this alliance has that code."))
        except InvalidInputError as refusal:
            place_errors(form, refusal.fields, refusal.reason)
        else:
            messages.success(
                request,
                _("Noted as a claim. It counts once the institution agrees, or another person rules on it.")
                if declared.state == ConflictState.CLAIMED
                else _("Declared. The institution stands aside from now on."),
            )
            return redirect("conflict_list")
    everything = request.GET.get("all") == "1"
    page = paginate(list_conflicts(alliance, only_open=not everything), request.GET, ("-declared_at", "-id"))
    context = {
        "page": page,
        "rows": conflict_rows(page.items),
        "everything": everything,
        "form": form,
        "may_declare": can(request.user, DECLARE_CONFLICT, alliance),
        "may_rule": can(request.user, RULE_CONFLICT, alliance),
        "tabs": conflict_tabs("conflicts"),
    }
    return render(request, "groups/conflict_list.html", context, status=422 if form.errors else 200)


@require_safe
@login_required
def conflict_matter(request: HttpRequest, matter: str) -> HttpResponse:
    """The record of one matter: who stands or stood aside, how it was found, what was ruled; and the lines for minutes."""
    alliance = enter_console(request, "conflicts")
    if "\x00" in matter:
        raise Http404
    conflicts = list(list_conflicts(alliance, only_open=False, matter=matter)[:200])
    if not conflicts:
        raise Http404
    label, url = describe_matter(matter)
    context = {
        "matter": matter,
        "label": label,
        "url": url,
        "rows": conflict_rows(conflicts),
        "recusals": list_recusals(alliance, matter),
        "may_rule": can(request.user, RULE_CONFLICT, alliance),
        "crumbs": [{"label": _("Conflicts of interest"), "url": reverse("conflict_list")}, {"label": label}],
    }
    return render(request, "groups/conflict_matter.html", context)


def _find(alliance: Alliance, conflict_id: int) -> ConflictOfInterest:
    conflict = get_conflict(alliance, conflict_id)
    if conflict is None:
        raise Http404
    return conflict


def _facts(alliance: Alliance, conflict: ConflictOfInterest) -> list[dict[str, Any]]:
    """What a rule found, with the institutions at the other end; one query."""
    parties = {
        party.code: party
        for party in Institution.objects.of(alliance).filter(code__in={fact["party"] for fact in conflict.facts})
    }
    labels: dict[str, Any] = dict(LinkKind.choices)
    return [
        {"kind": labels.get(fact["kind"], fact["kind"]), "party": parties.get(fact["party"]), "source": fact["source"]}
        for fact in conflict.facts
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def conflict_detail(request: HttpRequest, conflict: int) -> HttpResponse:
    """One conflict with what is known, the rulings that are open and its waivers; propose a waiver."""
    alliance = enter_console(request, "conflicts")
    found = _find(alliance, conflict)
    if request.method == "POST":
        require(request.user, RULE_CONFLICT, found)
    form = WaiverForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            propose_waiver(
                alliance,
                conflict,
                reason=form.cleaned_data["reason"],
                actor=request.user,  # type: ignore[arg-type]
                at=timezone.now(),
            )
        except InvalidInputError as refusal:
            place_errors(form, refusal.fields, refusal.reason)
        else:
            messages.success(request, _("Proposed. A second person grants or refuses it."))
            return redirect("conflict_detail", conflict=conflict)
    may_rule = can(request.user, RULE_CONFLICT, found)
    waiting = next((one for one in found.waivers.all() if one.state == WaiverState.PROPOSED), None)
    own = found.institution_id in institutions_acted_for(grants_of(request.user, alliance))
    label, url = describe_matter(found.matter)
    context = {
        "conflict": found,
        "label": label,
        "url": url,
        "facts": _facts(alliance, found),
        "waiting": waiting,
        "may_rule": may_rule and not own and found.ended_at is None,
        "is_own": own,
        "is_claimant": found.state == ConflictState.CLAIMED and found.declared_by_id == request.user.pk,
        "may_settle": may_rule and not own and waiting is not None and waiting.proposed_by_id != request.user.pk,
        "form": form,
        "crumbs": [
            {"label": _("Conflicts of interest"), "url": reverse("conflict_list")},
            {"label": label, "url": reverse("conflict_matter", kwargs={"matter": found.matter})},
            {"label": found.institution.short_name},
        ],
    }
    return render(request, "groups/conflict_detail.html", context, status=422 if form.errors else 200)


@require_POST
@login_required
def conflict_rule(request: HttpRequest, conflict: int, ruling: str) -> HttpResponse:
    """Rule on a declared conflict, or note that it is over."""
    alliance = enter_console(request, "conflicts")
    act = RULINGS.get(ruling)
    if act is None:
        raise Http404
    try:
        found = act(alliance, conflict, actor=request.user, at=timezone.now())  # type: ignore[arg-type]
    except ConflictOfInterest.DoesNotExist:
        raise Http404 from None
    messages.success(request, _("The ruling was noted."))
    if request.POST.get("next") == "detail":
        return redirect("conflict_detail", conflict=found.pk)
    return redirect("conflict_list")


@require_POST
@login_required
def conflict_waiver_settle(request: HttpRequest, waiver: int, answer: str) -> HttpResponse:
    """Grant or refuse a waiver as second person."""
    alliance = enter_console(request, "conflicts")
    act = ANSWERS.get(answer)
    if act is None:
        raise Http404
    require(request.user, RULE_CONFLICT, alliance)
    try:
        settled = act(alliance, waiver, actor=request.user, at=timezone.now())  # type: ignore[arg-type]
    except ConflictWaiver.DoesNotExist:
        raise Http404 from None
    messages.success(
        request,
        _("Granted: the institution may act on this matter.")
        if settled.state == WaiverState.GRANTED
        else _("Refused: the institution goes on standing aside."),
    )
    return redirect("conflict_detail", conflict=settled.conflict_id)
