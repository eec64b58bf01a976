"""The rules of the pipeline on screen: who releases, limits of stages, every step with its gates, and the versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from alliance.actions.idempotency import once
from alliance.kernel.errors import DomainError
from alliance.kernel.permissions import can, permissions, require
from operations.actions.rules import set_rules
from operations.choices import ProductState, ReleaseRule
from operations.forms.pipeline import RulesForm
from operations.forms.product import show_refusal
from operations.gates import GATES
from operations.permissions import MANAGE_PIPELINE, VIEW_PIPELINE_RULES
from operations.selectors.rules import list_rules, rules_in_force
from operations.selectors.stages import LIMITED, stage_label
from operations.transitions import DECLINE_RELEASE, PRODUCT_TRANSITIONS, RELEASE, STARTS
from operations.views.common import frame, tenant_of

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from alliance.kernel.transitions import Transition


def _who(step: Transition, rule: str) -> list[StrOrPromise]:
    """Who takes a step, in words; nobody for the workflow's own. A release is decided by whom the rule names."""
    if step in {RELEASE, DECLINE_RELEASE}:
        return [ReleaseRule(rule).label]
    return list(permissions.get(step.permission).describe_holders()) if step.permission else []


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@once
def pipeline_rules(request: HttpRequest) -> HttpResponse:
    """The rules in force, with their versions; the office administrator sets them anew."""
    alliance = tenant_of(request)
    require(request.user, VIEW_PIPELINE_RULES, alliance)
    may_change = can(request.user, MANAGE_PIPELINE, alliance)
    rules = rules_in_force(alliance)
    initial: dict[str, Any] = {"release_rule": rules.release_rule, "based_on": rules.version}
    initial |= {f"limit_{stage}": rules.limit_of(stage) for stage in LIMITED}
    states = dict(ProductState.choices)
    status = 200
    form = RulesForm(request.POST or None, initial=initial)
    if request.method == "POST":
        require(request.user, MANAGE_PIPELINE, alliance)
        status = 422
        if form.is_valid():
            try:
                made = set_rules(
                    alliance,
                    actor=request.user,  # type: ignore[arg-type]
                    release_rule=form.cleaned_data["release_rule"],
                    limits=form.limits(),
                    note=form.cleaned_data["note"],
                    based_on=form.cleaned_data["based_on"],
                    at=timezone.now(),
                )
            except DomainError as refusal:
                status = refusal.status
                show_refusal(form, refusal)
            else:
                messages.success(request, _("Version %(version)s is in force.") % {"version": made.version})
                return redirect("pipeline_rules")
    context = {
        **frame(request),
        "rules": rules,
        "form": form,
        "may_change": may_change,
        "limits": [{"label": stage_label(stage), "limit": rules.limit_of(stage)} for stage in LIMITED],
        "release_label": dict(form.fields["release_rule"].choices)[rules.release_rule],  # type: ignore[attr-defined]
        "versions": [
            {
                "row": row,
                "limits": [f"{stage_label(stage)}: {row.limits[stage]}" for stage in LIMITED if stage in row.limits],
            }
            for row in list_rules(alliance)
        ],
        "steps": [
            {
                "label": step.label,
                "sources": [states[state] for state in ProductState.values if state in step.sources],
                "target": states[step.target],
                "who": _who(step, rules.release_rule),
                "gates": [gate.label for gate in GATES.get(step.name, ())],
                "starts": STARTS[step.name],
            }
            for step in PRODUCT_TRANSITIONS
        ],
        "crumbs": [
            {"label": _("Pilots"), "url": frame(request)["pilots_url"]},
            {"label": _("Rules of the pipeline"), "url": ""},
        ],
    }
    return render(request, "operations/pipeline_rules.html", context, status=status)
