"""Background jobs: the list and one job's progress."""

from __future__ import annotations

import uuid as uuids
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import ObjectDoesNotExist
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from alliance.actions.jobs import stop_job
from alliance.choices import JobState
from alliance.kernel.errors import NotFoundError
from alliance.kernel.jobs import kinds
from alliance.kernel.permissions import can
from alliance.selectors import jobs as selectors
from alliance.selectors.paging import paginate
from alliance.views.base import base_for, mark_current, tenant_of


@require_safe
@login_required
def job_list(request: HttpRequest) -> HttpResponse:
    """Jobs, newest first: all for the office, own ones for others."""
    alliance = tenant_of(request)
    state = request.GET.get("state", "")
    kind = request.GET.get("kind", "")
    jobs = selectors.list_jobs(
        alliance,
        request.user,
        state=state if state in JobState.values else "",
        kind=kind if kind in kinds else "",
    )
    page = paginate(jobs, request.GET, selectors.ORDER)
    mark_current(request, "jobs")
    states = [
        {"value": value, "label": label, "count": None, "selected": value == state} for value, label in JobState.choices
    ]
    context = {
        **base_for(request),
        "page": page,
        "rows": [selectors.describe_job(job) for job in page.items],
        "facets": [{"name": "state", "label": _("State"), "options": states}],
        "chips": [{"label": JobState(state).label, "url": reverse("job_list")}] if state in JobState.values else [],
        "clear_url": reverse("job_list"),
    }
    return render(request, "alliance/job_list.html", context)


@require_safe
@login_required
def job_detail(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """One job; the progress alone for htmx, which asks every two seconds."""
    alliance = tenant_of(request)
    job = selectors.get_job(alliance, request.user, uuid)
    if job is None:
        raise NotFoundError
    row = selectors.describe_job(job)
    may_stop = job.actor_id == request.user.pk or can(request.user, "alliance.run_job", job)
    context: dict[str, Any] = {
        "job": job,
        "title": row.title,
        "step": row.step,
        "url": row.url,
        "stop_url": reverse("job_stop", kwargs={"uuid": job.uuid}) if may_stop else "",
        "leave_url": reverse("job_list"),
        "result_url": row.result_url if job.state == JobState.SUCCEEDED else "",
    }
    if getattr(request, "htmx", False):
        return render(request, "components/job_progress.html", context)
    mark_current(request, "jobs")
    crumbs = [{"label": _("Background jobs"), "url": reverse("job_list")}, {"label": row.title}]
    facts = [
        {"label": _("Started by"), "value": job.actor.get_full_name() if job.actor else _("the platform")},
        {"label": _("State"), "value": job.get_state_display()},
    ]
    context |= {**base_for(request), "crumbs": crumbs, "facts": facts, "row": row}
    return render(request, "alliance/job_detail.html", context)


@require_POST
@login_required
def job_stop(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """Ask a job to stop after its present step."""
    alliance = tenant_of(request)
    if selectors.get_job(alliance, request.user, uuid) is None:
        raise NotFoundError
    try:
        stop_job(alliance, uuid, actor=request.user, at=timezone.now())
    except ObjectDoesNotExist:
        raise NotFoundError from None
    return HttpResponseRedirect(reverse("job_detail", kwargs={"uuid": uuid}))
