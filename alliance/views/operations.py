"""Health of the platform's background work, for the people who watch it (S35)."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from alliance.actions.outbox import retry_dead
from alliance.kernel.permissions import can, require
from alliance.selectors import jobs as selectors
from alliance.selectors.health import check_readiness
from alliance.views.base import mark_current, tenant_of


@require_safe
@login_required
def health_page(request: HttpRequest) -> HttpResponse:
    """Servers, periodic jobs with last run, duration and error, and what could not be delivered."""
    alliance = tenant_of(request)
    require(request.user, selectors.VIEW, alliance)
    now = timezone.now()
    mark_current(request, "health")
    labels = {"database": _("Database"), "cache": _("Cache"), "queue": _("Queue"), "worker": _("Background worker")}
    checks = [{"check": check, "label": labels.get(check.name, check.name)} for check in check_readiness(connection, cache)]
    context = {
        "checks": checks,
        "all_ready": all(entry["check"].ok for entry in checks),  # type: ignore[attr-defined]
        "periodic": selectors.list_periodic(now),
        "backlog": selectors.summarise_backlog(alliance, now),
        "dead": selectors.list_dead_events(alliance),
        "may_retry": can(request.user, "alliance.run_job", alliance),
        "now": now,
    }
    return render(request, "alliance/health.html", context)


@require_POST
@login_required
def health_retry(request: HttpRequest) -> HttpResponse:
    """Try events again that were set aside: those chosen, or all."""
    chosen = []
    for value in request.POST.getlist("event"):
        try:
            chosen.append(uuid.UUID(value))
        except ValueError:
            continue
    everything = request.POST.get("all") == "1"
    count = retry_dead(
        tenant_of(request),
        actor=request.user,  # type: ignore[arg-type]
        at=timezone.now(),
        event_ids=None if everything else chosen,
    )
    messages.success(request, ngettext("%(n)s event is tried again.", "%(n)s events are tried again.", count) % {"n": count})
    return HttpResponseRedirect(reverse("health_page"))
