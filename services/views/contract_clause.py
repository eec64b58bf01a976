"""Pages of the desk for the texts of contracts: clauses and templates with their versions, proposals and decisions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alliance.actions.idempotency import once
from alliance.kernel.differences import compare_long_texts
from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError
from alliance.kernel.permissions import can, require
from services.actions.contract_clause import decide_clause, decide_template, propose_clause, propose_template
from services.choices import ClauseState
from services.contract_standard import OPTIONAL, PLACEHOLDERS
from services.forms.contract import ClauseForm, TemplateForm, place_refusal, write_articles
from services.permissions import DECIDE_CLAUSES, MANAGE_CLAUSES
from services.selectors.clause import (
    clause_versions,
    clauses_in_force,
    head_of,
    proposed_clauses,
    template_versions,
    templates_in_force,
)
from services.views.contract_common import frame, tenant_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


def _frame(request: HttpRequest, label: str = "") -> dict[str, Any]:
    context = frame(request)
    crumbs = [
        {"label": _("Contracts"), "url": reverse("contract_list")},
        {"label": _("Clauses and templates"), "url": reverse("clause_list") if label else ""},
    ]
    if label:
        crumbs.append({"label": label, "url": ""})
    return {**context, "crumbs": crumbs}


@login_required
@require_safe
def clause_list(request: HttpRequest) -> HttpResponse:
    """Every clause and template in use."""
    alliance = tenant_of(request)
    require(request.user, DECIDE_CLAUSES, alliance)
    waiting = proposed_clauses(alliance)
    clauses = clauses_in_force(alliance)
    context = {
        **_frame(request),
        "clauses": [{"clause": one, "waits": key in waiting, "optional": key in OPTIONAL} for key, one in clauses.items()],
        "new": [row for key, row in waiting.items() if key not in clauses],
        "templates": templates_in_force(alliance).values(),
        "may_manage": can(request.user, MANAGE_CLAUSES, alliance),
    }
    return render(request, "services/clause_list.html", context)


@login_required
@require_safe
def clause_detail(request: HttpRequest, key: str) -> HttpResponse:
    """A clause: text in use, the proposal compared with it, earlier versions."""
    alliance = tenant_of(request)
    require(request.user, DECIDE_CLAUSES, alliance)
    present = clauses_in_force(alliance).get(key)
    versions = clause_versions(alliance, key)
    if present is None and not versions:
        raise NotFoundError
    proposed = next((row for row in versions if row.state == ClauseState.PROPOSED), None)
    context = {
        **_frame(request, key),
        "key": key,
        "clause": present,
        "versions": versions,
        "proposed": proposed,
        "change_en": compare_long_texts(present.body_en if present else "", proposed.body_en, "en") if proposed else [],
        "change_zh": compare_long_texts(present.body_zh if present else "", proposed.body_zh, "zh") if proposed else [],
        "may_decide": proposed is not None and proposed.made_by_id != request.user.pk,
        "may_manage": can(request.user, MANAGE_CLAUSES, alliance),
    }
    return render(request, "services/clause_detail.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@once
def clause_edit(request: HttpRequest, key: str = "") -> HttpResponse:
    """Propose the next version of a clause, or a new clause."""
    alliance = tenant_of(request)
    require(request.user, MANAGE_CLAUSES, alliance)
    present = clauses_in_force(alliance).get(key) if key else None
    if key and present is None:
        raise NotFoundError
    initial: dict[str, Any] = {"base": -1}
    if present is not None:
        initial = {
            "title_en": present.title_en,
            "title_zh": present.title_zh,
            "body_en": present.body_en,
            "body_zh": present.body_zh,
            "base": present.version,
        }
    form = ClauseForm(request.POST or None, initial=initial, fixed_key=bool(key))
    status = 200
    if request.method == "POST":
        if form.is_valid():
            data = dict(form.cleaned_data)
            chosen = key or data.pop("key")
            try:
                propose_clause(alliance, chosen, actor=request.user, at=timezone.now(), **data)  # type: ignore[arg-type]
            except DomainError as refusal:
                place_refusal(form, refusal)
            else:
                messages.success(request, _("The version is proposed; a second person decides on it."))
                return redirect("clause_detail", key=chosen)
        status = 422
    context = {
        **_frame(request, key or _("New clause")),
        "form": form,
        "placeholders": [(f"{{{{{name}}}}}", label) for name, label in PLACEHOLDERS.items()],
        "title": _("Next version of a clause") if key else _("New clause"),
        "back_url": reverse("clause_detail", kwargs={"key": key}) if key else reverse("clause_list"),
    }
    return render(request, "services/clause_edit.html", context, status=status)


def _verdict(request: HttpRequest) -> bool:
    """Whether the pressed button puts the version in use.

    Raises:
        PermissionRefusedError: The reader does not decide on texts.
        InvalidInputError: Neither button was pressed.
    """
    require(request.user, DECIDE_CLAUSES, tenant_of(request))
    verdict = request.POST.get("verdict", "")
    if verdict not in {"accept", "refuse"}:
        raise InvalidInputError(_("Choose whether the version is put in use or refused."), code="verdict_missing")
    return verdict == "accept"


@login_required
@require_POST
@once
def clause_decide(request: HttpRequest, key: str, version: int) -> HttpResponse:
    """Decide on a proposed version as second person."""
    accept = _verdict(request)
    decide_clause(tenant_of(request), key, version, accept=accept, actor=request.user, at=timezone.now())  # type: ignore[arg-type]
    messages.success(request, _("The version is in use.") if accept else _("The version is refused."))
    return redirect("clause_detail", key=key)


@login_required
@require_safe
def contract_template_detail(request: HttpRequest, key: str) -> HttpResponse:
    """A template: its articles in use, the proposal, earlier versions."""
    alliance = tenant_of(request)
    require(request.user, DECIDE_CLAUSES, alliance)
    present = templates_in_force(alliance).get(key)
    versions = template_versions(alliance, key)
    if present is None and not versions:
        raise NotFoundError
    proposed = next((row for row in versions if row.state == ClauseState.PROPOSED), None)
    clauses = clauses_in_force(alliance)
    old = write_articles(present.articles) if present else ""
    context = {
        **_frame(request, key),
        "key": key,
        "template": present,
        "articles": [
            (english, chinese, [clauses[one] for one in keys if one in clauses])
            for english, chinese, keys in (present.articles if present else ())
        ],
        "versions": versions,
        "proposed": proposed,
        "change": compare_long_texts(old, write_articles(head_of(proposed).articles), "en") if proposed else [],
        "may_decide": proposed is not None and proposed.made_by_id != request.user.pk,
        "may_manage": can(request.user, MANAGE_CLAUSES, alliance),
    }
    return render(request, "services/contract_template_detail.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@once
def contract_template_edit(request: HttpRequest, key: str) -> HttpResponse:
    """Propose the next version of a template."""
    alliance = tenant_of(request)
    require(request.user, MANAGE_CLAUSES, alliance)
    present = templates_in_force(alliance).get(key)
    if present is None:
        raise NotFoundError
    initial = {
        "title_en": present.title_en,
        "title_zh": present.title_zh,
        "articles": write_articles(present.articles),
        "base": present.version,
    }
    form = TemplateForm(request.POST or None, initial=initial)
    status = 200
    if request.method == "POST":
        if form.is_valid():
            try:
                propose_template(alliance, key, actor=request.user, at=timezone.now(), **form.cleaned_data)  # type: ignore[arg-type]
            except DomainError as refusal:
                place_refusal(form, refusal)
            else:
                messages.success(request, _("The version is proposed; a second person decides on it."))
                return redirect("contract_template_detail", key=key)
        status = 422
    context = {
        **_frame(request, key),
        "form": form,
        "clauses": clauses_in_force(alliance).values(),
        "title": _("Next version of a template"),
        "back_url": reverse("contract_template_detail", kwargs={"key": key}),
    }
    return render(request, "services/clause_edit.html", context, status=status)


@login_required
@require_POST
@once
def contract_template_decide(request: HttpRequest, key: str, version: int) -> HttpResponse:
    """Decide on a proposed version as second person."""
    accept = _verdict(request)
    decide_template(tenant_of(request), key, version, accept=accept, actor=request.user, at=timezone.now())  # type: ignore[arg-type]
    messages.success(request, _("The version is in use.") if accept else _("The version is refused."))
    return redirect("contract_template_detail", key=key)
