"""The audit log, for the office and its auditor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.decorators import login_required
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from alliance.forms.audit import AuditFilterForm
from alliance.kernel.permissions import require
from alliance.kernel.tables import csv_response
from alliance.selectors import audit as selectors
from alliance.selectors.audit_log import seal_state
from alliance.selectors.paging import paginate
from alliance.views.base import mark_current, tenant_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

EXPORT_LIMIT = 10_000


@require_safe
@login_required
def audit_list(request: HttpRequest) -> HttpResponse:
    """Who did what, newest first, with filters."""
    alliance = tenant_of(request)
    require(request.user, selectors.VIEW, alliance)
    form = AuditFilterForm(
        request.GET, types=selectors.list_object_types(alliance), verbs=selectors.list_verbs(alliance), auto_id="audit-%s"
    )
    filters: dict[str, Any] = form.filters() if form.is_valid() else {}
    entries = selectors.list_entries(alliance, **filters)
    if request.GET.get("format") == "csv":
        listed = selectors.describe(alliance, entries.order_by(*selectors.ORDER)[:EXPORT_LIMIT], with_personal=True)
        header = ["at", "by", "act", "record type", "record", "via", "changes"]
        rows = [
            [row.at, row.by, row.act, row.object_label, row.object_name or row.object_id, row.via, row.detail]
            for row in listed
        ]
        return csv_response("audit", header, rows)
    page = paginate(entries, request.GET, selectors.ORDER)
    query = request.GET.copy()
    for name in ("after", "before"):
        query.pop(name, None)
    query["format"] = "csv"
    mark_current(request, "audit")
    context = {
        "form": form,
        "page": page,
        "rows": selectors.describe(alliance, page.items, with_personal=True),
        "is_filtered": bool(filters),
        "seal": seal_state(alliance),
        "clear_url": reverse("audit_list"),
        "csv_url": f"?{query.urlencode()}",
    }
    return render(request, "alliance/audit_list.html", context, status=422 if form.errors else 200)
