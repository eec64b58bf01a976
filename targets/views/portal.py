"""The portal's first page: what needs the institution today."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from alliance.kernel.errors import PermissionRefusedError
from alliance.kernel.permissions import grants_of, institutions_acted_for
from alliance.selectors.inbox import ORDER, list_items, rows_of
from alliance.selectors.people import acting_institution_id
from targets.selectors.portal import find_contact, get_institution, list_coming_up
from targets.views.dashboard import url_or_empty

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.kernel.requests import AllianceRequest

SHOWN = 8

COMING_UP = {
    "pilot": gettext_lazy("Pilot feedback closes"),
    "listing": gettext_lazy("Your listing expires"),
    "objective": gettext_lazy("Your objective falls due"),
}


def greet(name: str, at: datetime) -> str:
    """A greeting by the hour of the alliance's time zone."""
    hour = timezone.localtime(at).hour
    if hour < 12:
        return _("Good morning, %(name)s") % {"name": name}
    if hour < 18:
        return _("Good afternoon, %(name)s") % {"name": name}
    return _("Good evening, %(name)s") % {"name": name}


@require_safe
def portal_home(request: AllianceRequest) -> HttpResponse:
    """Needs your action, dates to come, and whom to ask."""
    request.nav_key = "today"
    if not request.user.is_authenticated:
        return HttpResponseRedirect(f"{reverse('account_login')}?next={request.get_full_path()}")
    held = institutions_acted_for(grants_of(request.user, request.alliance))
    acting = acting_institution_id(request)
    if acting is None:
        if held and (chooser := url_or_empty("choose_institution")):
            return HttpResponseRedirect(f"{chooser}?next={request.get_full_path()}")
        raise PermissionRefusedError(
            _("open the portal of a member institution"), permission="", who=[_("people of a member institution")]
        )
    institution = get_institution(request.alliance, acting)
    if institution is None:
        raise PermissionRefusedError(
            _("open the portal of a member institution"), permission="", who=[_("people of a member institution")]
        )
    now = timezone.now()
    mine = list_items(request.alliance, request.user).filter(Q(institution_id__isnull=True) | Q(institution_id=acting))
    shown = list(mine.order_by(*ORDER)[: SHOWN + 1])
    rows = rows_of(request.alliance, shown[:SHOWN], now)
    total = len(shown) if len(shown) <= SHOWN else mine.count()
    today = timezone.localtime(now).date()
    context = {
        "greeting": greet(request.user.get_full_name(), now),
        "institution": institution,
        "rows": [
            {
                "row": row,
                "tone": "bad" if row.is_late else "warn",
                "late_days": (today - timezone.localtime(row.item.due_at).date()).days if row.item.due_at else 0,
                "days_left": (timezone.localtime(row.item.due_at).date() - today).days if row.item.due_at else None,
            }
            for row in rows
        ],
        "total": total,
        "inbox_url": url_or_empty("inbox"),
        "coming_up": [
            {
                "entry": entry,
                "label": COMING_UP[entry.kind],
                "url": url_or_empty(entry.url_name, **entry.url_kwargs) if entry.url_name else "",
            }
            for entry in list_coming_up(request.alliance, institution, now)
        ],
        "contact": find_contact(request.alliance, now),
    }
    return render(request, "targets/portal_home.html", context)
