"""The sealed log: its signed head for everybody, its state and exports for the office and its auditor."""

from __future__ import annotations

import base64
import uuid as uuids
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from alliance.actions.audit_export import EXPORT_LIFE, export_log
from alliance.actions.audit_export import JOB as EXPORT_JOB
from alliance.actions.idempotency import once
from alliance.forms.audit import ExportForm, ProofForm
from alliance.kernel.errors import NotFoundError
from alliance.kernel.permissions import can, require
from alliance.selectors import audit as selectors
from alliance.selectors import jobs as job_selectors
from alliance.selectors.audit_log import EXPORT, PROVE, list_heads, seal_state, verifier_of, verifiers_of
from alliance.views.base import mark_current, tenant_of

if TYPE_CHECKING:
    from django.http import HttpRequest

    from alliance.models import TreeHead

CHECKER = settings.BASE_DIR / "verify_log.py"
COMMAND = f"python3 {CHECKER.name} FILE --key KEY --head HEAD"


@require_safe
def log_head(request: HttpRequest) -> HttpResponse:
    """The last signed head, as it is: a signed note."""
    head = selectors.latest_head(tenant_of(request))
    if head is None:
        raise NotFoundError
    response = HttpResponse(head.note, content_type="text/plain; charset=utf-8")
    response["Cache-Control"] = "no-cache"
    return response


@require_safe
def log_checker(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - the same for every alliance
    """The program that checks the log, to save."""
    response = HttpResponse(CHECKER.read_bytes(), content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="verify_log.py"'
    return response


@require_safe
def log_page(request: HttpRequest) -> HttpResponse:
    """What the head is, what it proves and how to check it; for everybody."""
    alliance = tenant_of(request)
    head = selectors.latest_head(alliance)
    context = {
        "checker": CHECKER.name,
        "command": COMMAND,
        "head": head,
        "root": _root(head),
        "key": verifier_of(head),
        "former_keys": verifiers_of(alliance)[:-1],
        "proof_form": ProofForm(initial={"from": head.size}) if head and can(request.user, PROVE, alliance) else None,
    }
    return render(request, "alliance/log_page.html", context)


@require_safe
@login_required
def audit_sealing(request: HttpRequest) -> HttpResponse:
    """How far the log is sealed, its heads, and exports."""
    alliance = tenant_of(request)
    require(request.user, selectors.VIEW, alliance)
    mark_current(request, "audit")
    state = seal_state(alliance)
    context: dict[str, Any] = {
        "checker": CHECKER.name,
        "command": COMMAND,
        "state": state,
        "root": _root(state.head),
        "heads": [{"head": head, "root": _root(head)} for head in list_heads(alliance)],
        "export_form": ExportForm() if can(request.user, EXPORT, alliance) else None,
        "export_days": EXPORT_LIFE.days,
        "exports_url": f"{reverse('job_list')}?kind={EXPORT_JOB}",
        "crumbs": [{"label": _("Audit log"), "url": reverse("audit_list")}, {"label": _("Sealing")}],
    }
    return render(request, "alliance/audit_sealing.html", context)


@require_POST
@login_required
@once
def audit_export(request: HttpRequest) -> HttpResponse:
    """Start an export of the log; its job's page tells when it is ready."""
    form = ExportForm(request.POST)
    job = export_log(
        tenant_of(request),
        with_personal=form.is_valid() and form.cleaned_data["with_personal"],
        actor=request.user,  # type: ignore[arg-type]  # signed in
        at=timezone.now(),
    )
    return HttpResponseRedirect(reverse("job_detail", kwargs={"uuid": job.uuid}))


@require_safe
@login_required
def audit_export_file(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """Where an export's file lies; the file itself asks for permission again."""
    job = job_selectors.get_job(tenant_of(request), request.user, uuid)
    file = job.result.get("file") if job is not None and job.kind == EXPORT_JOB else None
    if not file:
        raise NotFoundError
    return HttpResponseRedirect(reverse("file_download", kwargs={"uuid": file}))


def _root(head: TreeHead | None) -> str:
    return base64.b64encode(bytes(head.root)).decode() if head is not None else ""
