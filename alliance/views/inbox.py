"""The inbox: what waits for a person, over all modules."""

from __future__ import annotations

import uuid as uuids
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alliance.actions.inbox import bring_back, dismiss, hand_over
from alliance.forms.inbox import HandOverForm
from alliance.kernel.errors import InvalidInputError, NotFoundError
from alliance.selectors import inbox as selectors
from alliance.views.base import base_for, mark_current, tenant_of

if TYPE_CHECKING:
    from collections.abc import Iterable

BULK_LIMIT = 200


@require_safe
@login_required
def inbox(request: HttpRequest) -> HttpResponse:
    """What waits, grouped by due date."""
    alliance = tenant_of(request)
    view = request.GET.get("view", selectors.MINE)
    if view not in selectors.VIEWS:
        raise NotFoundError
    now = timezone.now()
    page, groups = selectors.get_inbox(alliance, request.user, request.GET, view=view, at=now)
    mark_current(request, "inbox")
    undo = [value for value in request.GET.get("undo", "").split(",") if _as_uuid(value)][:BULK_LIMIT]
    address = reverse("inbox")
    context = {
        **base_for(request),
        "page": page,
        "groups": groups,
        "view": view,
        "now": now,
        "tabs": [
            {"label": _("Waiting for you"), "url": address, "current": view == selectors.MINE, "count": None},
            {
                "label": _("With colleagues"),
                "url": f"{address}?view={selectors.COLLEAGUES}",
                "current": view == selectors.COLLEAGUES,
                "count": None,
            },
            {
                "label": _("Done"),
                "url": f"{address}?view={selectors.DONE}",
                "current": view == selectors.DONE,
                "count": None,
            },
        ],
        "any_dismissible": any(row.can_dismiss for group in groups for row in group.rows) and view == selectors.MINE,
        "undo": ",".join(undo),
        "undo_text": ngettext("%(n)s item is done.", "%(n)s items are done.", len(undo)) % {"n": len(undo)} if undo else "",
    }
    return render(request, "alliance/inbox.html", context)


@require_POST
@login_required
def inbox_dismiss(request: HttpRequest) -> HttpResponse:
    """Tick chosen items off; the list offers to undo it."""
    wanted = _uuids(request.POST.getlist("chosen"))
    if not wanted:
        raise InvalidInputError(_("No item was chosen."), remedy=_("Go back, tick the items and try again."))
    done = dismiss(tenant_of(request), wanted, actor=request.user, at=timezone.now())  # type: ignore[arg-type]
    query = f"?{urlencode({'undo': ','.join(map(str, done))})}" if done else ""
    return HttpResponseRedirect(f"{reverse('inbox')}{query}")


@require_POST
@login_required
def inbox_undo(request: HttpRequest) -> HttpResponse:
    """Bring items back that were ticked off a moment ago."""
    wanted = _uuids(request.POST.get("items", "").split(","))
    bring_back(tenant_of(request), wanted, actor=request.user, at=timezone.now())  # type: ignore[arg-type]
    return HttpResponseRedirect(reverse("inbox"))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def inbox_hand_over(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """Give an item to a colleague, or take it back."""
    alliance, now = tenant_of(request), timezone.now()
    item = selectors.get_item(alliance, request.user, uuid)
    if item is None:
        raise NotFoundError
    colleagues = selectors.list_colleagues(alliance, item, request.user, now)
    actor: Any = request.user
    form = HandOverForm(request.POST if request.method == "POST" else None, people=[*colleagues, actor], actor=actor)
    if request.method == "POST" and form.is_valid():
        person = form.cleaned_data["to"]
        hand_over(alliance, uuid, to=person, actor=request.user, at=now)  # type: ignore[arg-type]
        view = "" if person == request.user else f"?view={selectors.COLLEAGUES}"
        return HttpResponseRedirect(f"{reverse('inbox')}{view}")
    mark_current(request, "inbox")
    (row,) = selectors.rows_of(alliance, [item], now)
    context = {
        **base_for(request),
        "form": form,
        "row": row,
        "alone": not colleagues and item.handed_to is None,
        "crumbs": [{"label": _("Inbox"), "url": reverse("inbox")}, {"label": _("Hand over")}],
    }
    return render(request, "alliance/inbox_hand_over.html", context, status=422 if form.errors else 200)


def _as_uuid(value: str) -> uuids.UUID | None:
    try:
        return uuids.UUID(value)
    except ValueError:
        return None


def _uuids(values: Iterable[str]) -> list[uuids.UUID]:
    return [found for value in values if (found := _as_uuid(value))][:BULK_LIMIT]
