"""The desk of supply and demand in the console: what waits, what is out, and the two verifications."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_safe

from alliance.kernel.errors import DomainError, InvalidInputError
from alliance.kernel.permissions import can, require
from alliance.selectors.paging import paginate
from members.permissions import IMPORT_INSTITUTIONS
from services.actions.listing import EDITABLE
from services.actions.listing_check import check_listing, first_check, may_check, require_apart, units_of
from services.choices import ListingAudience, ListingSide, ServiceCategory, Verdict
from services.forms.listing import POINT_LABELS, ListingCheckForm
from services.models import OPEN_LISTINGS
from services.permissions import CHANGE_LISTING, CHECK_LISTING, VIEW_LISTINGS, VIEW_MATCHES, WITHDRAW_LISTING
from services.selectors.listing import DESK_TABS, Filters, count_desk, get_listing, list_alike, list_desk, narrow
from services.transitions import FULFIL_LISTING, REVISE_LISTING, SUBMIT_LISTING
from services.transitions import WITHDRAW_LISTING as WITHDRAW_STEP
from services.views.common import crumbs, listing_url, offer, page_of, show_refusal
from services.views.listing_portal import facet

if TYPE_CHECKING:
    from alliance.kernel.requests import AllianceRequest

OFFICE = "office"
"""Value of the form's choice of a unit that stands for the secretariat."""


@login_required
@require_safe
def listing_desk(request: AllianceRequest) -> HttpResponse:
    """Listings by state, with filters; those that wait for the reader first."""
    alliance = request.alliance
    request.nav_key = "listings"
    require(request.user, VIEW_LISTINGS, alliance)
    on = timezone.localdate()
    counts = count_desk(alliance, request.user, on)
    tab = request.GET.get("tab", "")
    if tab not in DESK_TABS:
        tab = "waiting" if counts["waiting"] else "published"
    sides = [value for value in request.GET.getlist("side") if value in ListingSide.values]
    categories = [value for value in request.GET.getlist("category") if value in ServiceCategory.values]
    audiences = [value for value in request.GET.getlist("audience") if value in ListingAudience.values]
    words = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    filters = Filters(side=sides, category=categories, audience=audiences, q=words)
    rows = narrow(list_desk(alliance, request.user, tab, on), filters, at=timezone.now())
    order = ("expires_on", "id") if tab == "expiring" else ("id",) if tab in {"waiting", "pending", "checked"} else ("-id",)
    page = paginate(rows, request.GET, order=order, size=40)
    address = reverse("listing_desk")
    labels = {
        "waiting": _("Waiting for me"),
        "pending": pgettext("listings", "First verification"),
        "checked": pgettext("listings", "Second verification"),
        "published": pgettext("listings", "Published"),
        "expiring": _("Ending soon"),
        "returned": _("Sent back"),
        "all": pgettext("listings", "All"),
    }
    context = {
        "tab": tab,
        "tabs": [
            {"label": labels[name], "url": f"{address}?tab={name}", "current": name == tab, "count": counts[name]}
            for name in DESK_TABS
        ],
        "page": page,
        "q": words,
        "facets": [
            facet("side", _("Supply or demand"), ListingSide.choices, sides),
            facet("category", _("Category"), ServiceCategory.choices, categories),
            facet("audience", _("Who may read it"), ListingAudience.choices, audiences),
        ],
        "kept": [("tab", tab), *([("q", words)] if words else [])],
        "is_filtered": filters.any,
        "clear_url": f"{address}?tab={tab}",
        "may_import": can(request.user, IMPORT_INSTITUTIONS, alliance),
    }
    return render(request, "services/listing_desk.html", context)


@login_required
@require_safe
def listing_desk_detail(request: AllianceRequest, code: str) -> HttpResponse:
    """One listing with its checks, for those who verify it."""
    alliance = request.alliance
    require(request.user, VIEW_LISTINGS, alliance)
    listing = get_listing(alliance, code, reader=request.user)
    may_change = can(request.user, CHANGE_LISTING, listing)
    may_withdraw = can(request.user, WITHDRAW_LISTING, listing)
    context = {
        **page_of(request, listing),
        "may_check": bool(may_check(listing, request.user, at=timezone.now())),
        "may_edit": may_change and listing.state in EDITABLE,
        "may_send": may_change and listing.state in SUBMIT_LISTING.sources,
        "may_revise": may_change and listing.state in REVISE_LISTING.sources,
        "may_withdraw": may_withdraw and listing.state in WITHDRAW_STEP.sources,
        "may_fulfil": may_withdraw and listing.state in FULFIL_LISTING.sources,
        "match_area": "console" if listing.state in OPEN_LISTINGS and can(request.user, VIEW_MATCHES, alliance) else "",
    }
    return render(request, "services/listing_desk_detail.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def listing_check(request: AllianceRequest, code: str) -> HttpResponse:
    """Verify a listing, or send it back with a point beside each field."""
    alliance = request.alliance
    require(request.user, VIEW_LISTINGS, alliance)
    listing = get_listing(alliance, code, reader=request.user)
    require(request.user, CHECK_LISTING, listing)
    now = timezone.now()
    fitting = may_check(listing, request.user, at=now)
    names = dict(offer(alliance, [pk for pk in fitting if pk is not None]))
    choices = [(OFFICE, _("the secretariat")) if unit is None else (str(unit), names.get(unit, "")) for unit in fitting]
    form = ListingCheckForm(
        request.POST if request.method == "POST" else None,
        units=choices,
        fields_of=POINT_LABELS,
        initial={"revision": listing.revision},
    )
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                check_listing(
                    alliance,
                    code,
                    actor=request.user,
                    institution_id=_unit(request, form, fitting),
                    verdict=form.cleaned_data["verdict"],
                    points=form.points(),
                    revision=form.cleaned_data["revision"],
                    at=now,
                )
            except InvalidInputError as refusal:
                show_refusal(form, refusal, {"points": "point_whole"})
            except DomainError as refusal:
                form.add_error(None, f"{refusal.reason} {refusal.remedy}".strip())
                status = 409
            else:
                passed = form.cleaned_data["verdict"] == Verdict.PASSED
                messages.success(request, _("Verified.") if passed else _("Sent back to its owner with your points."))
                return redirect(listing_url(request, listing))
    context = {
        **page_of(request, listing),
        "crumbs": crumbs(request, listing, _("Verify")),
        "form": form,
        "first": first_check(listing),
        "alike": list_alike(listing, timezone.localdate()),
        "is_open": bool(fitting),
        "why_not": "" if fitting else _why_not(request, listing, now),
    }
    return render(request, "services/listing_check.html", context, status=status)


def _unit(request: AllianceRequest, form: ListingCheckForm, fitting: list[int | None]) -> int | None:
    """The unit the person verifies for: the one chosen, else the only one; one that does not fit is refused by the action."""
    chosen = form.cleaned_data.get("institution")
    if chosen:
        return None if chosen == OFFICE else int(chosen)
    if fitting:
        return fitting[0]
    units = units_of(request.alliance, request.user, at=timezone.now())
    return units[0] if units else None


def _why_not(request: AllianceRequest, listing: Any, now: Any) -> str:
    """Why the reader cannot verify it now, in words."""
    units = units_of(request.alliance, request.user, at=now)
    if not units:
        return _("Members of the committee verify for an institution they act for; you act for none.")
    try:
        require_apart(listing, request.user, units[0], at=now)
    except DomainError as refusal:
        return str(refusal.reason)
    return _("The listing is in the state “%(state)s”; nothing is to be verified.") % {"state": listing.get_state_display()}
