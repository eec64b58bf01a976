"""The own calendar address, and the feed behind it."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from alliance.actions.calendar_feeds import make_address, note_reading, revoke_address
from alliance.kernel import limits
from alliance.kernel.invitations import hash_token
from alliance.selectors.calendar_feeds import find_feed, open_feed, text_of
from alliance.views.base import base_for, mark_current, tenant_of

LONGEST_TOKEN = 100


def _page(request: HttpRequest, address: str = "") -> HttpResponse:
    mark_current(request, "calendar")
    feed = open_feed(tenant_of(request), request.user)  # type: ignore[arg-type]
    response = render(request, "alliance/calendar_feed.html", {**base_for(request), "feed": feed, "address": address})
    response["Cache-Control"] = "no-store"
    return response


@require_safe
@login_required
def calendar_address(request: HttpRequest) -> HttpResponse:
    """What the address is for, and whether there is one."""
    return _page(request)


@require_POST
@login_required
def calendar_address_make(request: HttpRequest) -> HttpResponse:
    """Make the address, or a new one in place of the old; the answer is the only page that ever shows it."""
    return _page(request, make_address(tenant_of(request), actor=request.user, at=timezone.now()))  # type: ignore[arg-type]


@require_POST
@login_required
def calendar_address_revoke(request: HttpRequest) -> HttpResponse:
    """Take the address back."""
    revoke_address(tenant_of(request), actor=request.user, at=timezone.now())  # type: ignore[arg-type]
    messages.success(request, _("The address is revoked; calendars that read it get nothing from now on."))
    return redirect("calendar_address")


@require_safe
def calendar_feed(request: HttpRequest, token: str) -> HttpResponse:
    """The feed: no sign-in, the address is the key; unknown and revoked ones answer alike."""
    alliance = tenant_of(request)
    limits.hit("calendar_network", alliance.pk, limits.network_of(request.META.get("REMOTE_ADDR", "")))
    if len(token) > LONGEST_TOKEN:
        raise Http404
    feed = find_feed(alliance, token)
    if feed is None:
        raise Http404
    limits.hit("calendar_feed", alliance.pk, hash_token(token))
    now = timezone.now()
    with translation.override(feed.user.language):
        content = text_of(feed, at=now)
    note_reading(feed, at=now)
    response = HttpResponse(content, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'inline; filename="alliance.ics"'
    response["Content-Language"] = feed.user.language
    response["Cache-Control"] = "private, no-store"
    response["X-Robots-Tag"] = "noindex"
    return response
