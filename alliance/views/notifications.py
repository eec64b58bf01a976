"""What a person was told."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from alliance.actions.notifications import mark_read
from alliance.selectors import notifications as selectors
from alliance.selectors.paging import paginate
from alliance.views.base import base_for, mark_current, tenant_of


@require_safe
@login_required
def notification_list(request: HttpRequest) -> HttpResponse:
    """Own notifications, newest first."""
    alliance = tenant_of(request)
    unread_only = request.GET.get("view") == "unread"
    page = paginate(
        selectors.list_notifications(alliance, request.user, unread_only=unread_only), request.GET, selectors.ORDER
    )
    unread = selectors.unread_notifications(alliance, request.user).count()
    mark_current(request, "notifications")
    address = reverse("notification_list")
    context = {
        **base_for(request),
        "page": page,
        "rows": selectors.rows_of(page.items),
        "unread": unread,
        "unread_only": unread_only,
        "tabs": [
            {"label": _("All"), "url": address, "current": not unread_only, "count": None},
            {"label": _("Unread"), "url": f"{address}?view=unread", "current": unread_only, "count": unread},
        ],
    }
    return render(request, "alliance/notification_list.html", context)


@require_POST
@login_required
def notification_read(request: HttpRequest) -> HttpResponse:
    """Mark one notification (``n``) or all of them as read."""
    chosen = [int(value) for value in request.POST.getlist("n") if value.isdecimal() and len(value) < 19]
    everything = request.POST.get("all") == "1"
    mark_read(tenant_of(request), reader=request.user, at=timezone.now(), ids=None if everything else chosen)  # type: ignore[arg-type]
    return HttpResponseRedirect(reverse("notification_list"))
