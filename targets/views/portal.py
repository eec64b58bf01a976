"""The portal's first page: what needs the institution today."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Case, Q, When
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from alliance.kernel.errors import PermissionRefusedError
from alliance.kernel.permissions import grants_of, institutions_acted_for
from alliance.kernel.portal import list_figures, list_upcoming
from alliance.kernel.texts import texts
from alliance.selectors.inbox import ORDER, list_items, rows_of
from alliance.selectors.people import acting_institution_id
from targets.selectors.portal import find_contact, get_institution
from targets.views.dashboard import url_or_empty

if TYPE_CHECKING:
    from datetime import date, datetime

    from alliance.kernel.requests import AllianceRequest
    from alliance.selectors.inbox import InboxRow

SHOWN = 8
"""Tasks with a line and a button each."""
REACHED = 600
"""Tasks that can be reached from this page: beyond the shown ones under one fold, as links."""


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
    today = timezone.localtime(now).date()
    holding = [kind for kind, text in texts.items() if text.holds_up]
    mine = (
        list_items(request.alliance, request.user)
        .filter(Q(institution_id__isnull=True) | Q(institution_id=acting))
        .annotate(place=Case(When(kind__in=holding, then=0), default=1))
    )
    found = list(mine.order_by("place", *ORDER)[: REACHED + 1])
    total = len(found) if len(found) <= REACHED else mine.count()
    rows = [_line(row, today) for row in rows_of(request.alliance, found[:REACHED], now)]
    context = {
        "greeting": greet(request.user.get_full_name(), now),
        "institution": institution,
        "rows": rows[:SHOWN],
        "others": rows[SHOWN:],
        "others_count": total - SHOWN,
        "total": total,
        "holds_up": bool(found) and found[0].place == 0,  # type: ignore[attr-defined]
        "inbox_url": url_or_empty("inbox"),
        "coming_up": [
            {"entry": entry, "url": url_or_empty(entry.url_name, **entry.url_kwargs) if entry.url_name else ""}
            for entry in list_upcoming(request.alliance, acting, now)
        ],
        "figures": [
            {"figure": figure, "url": url_or_empty(figure.url_name, **figure.url_kwargs)}
            for figure in list_figures(request.alliance, acting, now)
        ],
        "contact": find_contact(request.alliance, now),
    }
    return render(request, "targets/portal_home.html", context)


def _line(row: InboxRow, today: date) -> dict[str, Any]:
    """A task with its distance in days."""
    due = row.item.due_at
    days = (timezone.localtime(due).date() - today).days if due else None
    return {
        "row": row,
        "tone": "bad" if row.is_late else "warn" if days is not None and days <= 7 else "info",
        "late_days": -days if days is not None and days < 0 else 0,
        "days_left": days,
    }
