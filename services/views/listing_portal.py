"""Listings in the members' portal: own ones with their steps, and those of others that are open to the reader.

The office uses the same pages for what came from an outside source.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import ChoiceField
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.choices import flatten_choices
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alliance.actions.idempotency import once
from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError
from alliance.kernel.formats import format_day
from alliance.kernel.permissions import can, grants_of, require
from alliance.kernel.uploads import UploadRefusedError
from alliance.selectors.paging import paginate
from alliance.selectors.people import acting_institution_id
from members.choices import Element
from members.selectors.regions import regions
from services.actions.listing import (
    EDITABLE,
    LISTING_FIELDS,
    ListingConflictError,
    add_listing_file,
    draft_listing,
    remove_listing_file,
    submit_listing,
    update_listing,
)
from services.actions.listing_life import (
    fulfil_listing,
    renew_listing,
    renewal_refusal,
    revise_listing,
    withdraw_listing,
)
from services.choices import ListingSide, ServiceCategory
from services.forms.listing import ListingFileForm, ListingForm, RenewForm, WithdrawForm, initial_of
from services.models import OPEN_LISTINGS
from services.permissions import (
    CHANGE_LISTING,
    LISTING_OFFICERS,
    READ_MEMBER_LISTINGS,
    START_LISTING,
    VIEW_OWN_MATCHES,
    WITHDRAW_LISTING,
    own_institutions,
)
from services.selectors.listing import (
    Filters,
    get_listing,
    list_alike,
    list_for_members,
    list_listing_files,
    list_own,
    list_parties,
    narrow,
    points_of,
)
from services.selectors.listing_quality import judge_quality
from services.transitions import FULFIL_LISTING, RENEW_LISTING, REVISE_LISTING, SUBMIT_LISTING
from services.transitions import WITHDRAW_LISTING as WITHDRAW_STEP
from services.views.common import choose_institution, crumbs, frame, listing_url, offer, page_of, show_refusal

if TYPE_CHECKING:
    from uuid import UUID

    from django.forms import Field, Form

    from alliance.kernel.requests import AllianceRequest
    from services.models import Listing


def officer_of(request: AllianceRequest) -> set[int]:
    """Institutions in whose name the reader may list."""
    return {
        grant.institution_id
        for grant in grants_of(request.user, request.alliance)
        if grant.scope == "institution" and grant.role in LISTING_OFFICERS and grant.institution_id is not None
    }


def read_filters(request: AllianceRequest) -> Filters:
    """Filters from the address; unknown values count as none."""

    def chosen(name: str, known: Any) -> list[str]:
        return [value for value in request.GET.getlist(name) if value in known]

    return Filters(
        side=chosen("side", ListingSide.values),
        category=chosen("category", ServiceCategory.values),
        element=chosen("element", Element.values),
        region=chosen("region", regions()),
        q=request.GET.get("q", "").replace("\x00", "").strip()[:100],
    )


def facet(name: str, label: str, choices: Any, chosen: Any) -> dict[str, Any]:
    """One filter as the list draws it."""
    options = [{"value": value, "label": words, "selected": value in chosen} for value, words in choices]
    return {"name": name, "label": label, "options": options}


@login_required
@require_safe
def portal_listings(request: AllianceRequest) -> HttpResponse:
    """Own listings, or those of others that the reader's institutions may read."""
    alliance = request.alliance
    request.nav_key = "listings"
    require(request.user, READ_MEMBER_LISTINGS, alliance)
    mine = own_institutions(request.user, alliance)
    acting = acting_institution_id(request)
    tab = "others" if request.GET.get("show") == "others" else "own"
    filters = read_filters(request)
    now = timezone.now()
    if tab == "own":
        rows = list_own(alliance, acting) if acting is not None else list_own(alliance, 0)
        page = paginate(rows, request.GET, order=("-id",), size=30)
    else:
        found = narrow(list_for_members(alliance, mine, timezone.localdate()), filters, at=now)
        page = paginate(found, request.GET, order=("-published_at", "-id"), size=30)
    address = reverse("portal_listings")
    context = {
        "tab": tab,
        "tabs": [
            {"label": _("Ours"), "url": address, "current": tab == "own"},
            {"label": _("Open to us"), "url": f"{address}?show=others", "current": tab == "others"},
        ],
        "page": page,
        "facets": [
            facet("side", _("Supply or demand"), ListingSide.choices, filters.side),
            facet("category", _("Category"), ServiceCategory.choices, filters.category),
            facet("element", _("Elements"), Element.choices, filters.element),
        ],
        "kept": [("show", "others"), *([("q", filters.q)] if filters.q else [])],
        "q": filters.q,
        "is_filtered": filters.any,
        "clear_url": f"{address}?show=others",
        "needs_choice": acting is None and len(mine) > 1,
        "may_draft": can(request.user, START_LISTING, alliance),
    }
    return render(request, "services/portal_listings.html", context)


@login_required
@require_safe
def portal_listing_detail(request: AllianceRequest, code: str) -> HttpResponse:
    """One listing, with the steps that are open to its owner."""
    listing = get_listing(request.alliance, code, reader=request.user)
    may_change = can(request.user, CHANGE_LISTING, listing)
    may_withdraw = can(request.user, WITHDRAW_LISTING, listing)
    refusal = renewal_refusal(listing, timezone.localdate())
    points = points_of(listing) if may_change else {}
    context = {
        **page_of(request, listing),
        "points": [words for said in points.values() for words in said],
        "may_edit": may_change and listing.state in EDITABLE,
        "may_send": may_change and listing.state in SUBMIT_LISTING.sources,
        "may_revise": may_change and listing.state in REVISE_LISTING.sources,
        "may_renew": may_change and listing.state in RENEW_LISTING.sources and refusal is None,
        "renewal_refusal": refusal if may_change and listing.state in RENEW_LISTING.sources else None,
        "may_withdraw": may_withdraw and listing.state in WITHDRAW_STEP.sources,
        "may_fulfil": may_withdraw and listing.state in FULFIL_LISTING.sources,
        **_docking_of(request, listing, may_change=may_change),
    }
    return render(request, "services/portal_listing_detail.html", context)


def _docking_of(request: AllianceRequest, listing: Listing, *, may_change: bool) -> dict[str, str]:
    """Links to what fits an open listing of one's own, or to interest in somebody else's."""
    if listing.state not in OPEN_LISTINGS or not can(request.user, VIEW_OWN_MATCHES, request.alliance):
        return {}
    if may_change:
        return {"match_area": "portal"}
    return {"match_interest_url": reverse("match_interest", kwargs={"code": listing.code})}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@once
def portal_listing_new(request: AllianceRequest) -> HttpResponse:
    """Begin a listing."""
    alliance = request.alliance
    require(request.user, START_LISTING, alliance)
    fitting = officer_of(request)
    initial = {"side": request.GET.get("side", "")}
    data = request.POST if request.method == "POST" else None
    form = ListingForm(data, alliance=alliance, institutions=offer(alliance, fitting), initial=initial)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                listing = draft_listing(
                    alliance,
                    actor=request.user,
                    institution_id=choose_institution(request, fitting, form.cleaned_data.get("institution") or None),
                    values=form.values(),
                    parties=form.cleaned_data["parties"],
                    at=timezone.now(),
                )
            except InvalidInputError as refusal:
                show_refusal(form, refusal)
            else:
                messages.success(request, _("The draft is saved. Nobody outside your institution reads it yet."))
                return redirect("portal_listing_submit", code=listing.code)
    context = {
        **frame(request),
        "form": form,
        "heading": _("List a need or an offer"),
        "crumbs": crumbs(request, None, _("New listing")),
        "cancel_url": reverse("portal_listings"),
    }
    return render(request, "services/listing_form.html", context, status=status)


def _edit_context(request: AllianceRequest, listing: Listing, form: Form) -> dict[str, Any]:
    return {
        **frame(request, listing),
        "listing": listing,
        "form": form,
        "heading": _("Change the listing"),
        "files": list_listing_files(listing),
        "file_form": ListingFileForm(),
        "quality": judge_quality(listing),
        "crumbs": crumbs(request, listing, _("Edit")),
        "cancel_url": listing_url(request, listing),
    }


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def portal_listing_edit(request: AllianceRequest, code: str) -> HttpResponse:
    """Change a draft, or what came back; when somebody else saved meanwhile, both texts are shown."""
    alliance = request.alliance
    listing = get_listing(alliance, code, reader=request.user)
    require(request.user, CHANGE_LISTING, listing)
    if listing.state not in EDITABLE:
        messages.info(request, _("Take it back to a draft first; then it can be changed."))
        return redirect(listing_url(request, listing))
    points = points_of(listing)
    initial = initial_of(listing, [row.institution.code for row in list_parties(listing)])
    data = request.POST if request.method == "POST" else None
    form = ListingForm(data, alliance=alliance, initial=initial, is_new=False, points=points)
    theirs: list[dict[str, Any]] = []
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                update_listing(
                    alliance,
                    code,
                    actor=request.user,
                    values=form.values(),
                    parties=form.cleaned_data["parties"],
                    edition=form.cleaned_data["edition"] or 0,
                    at=timezone.now(),
                )
            except ListingConflictError as conflict:
                theirs = _differences(form, conflict)
                form = _upon(request, conflict, points)
                status = 409
            except InvalidInputError as refusal:
                show_refusal(form, refusal)
            else:
                messages.success(request, _("Saved."))
                return redirect("portal_listing_submit", code=code)
    context = {**_edit_context(request, listing, form), "theirs": theirs}
    return render(request, "services/listing_form.html", context, status=status)


def _upon(request: AllianceRequest, conflict: ListingConflictError, points: dict[str, list[str]]) -> ListingForm:
    """The form again with what was typed, to be saved upon the text that stands now."""
    data = request.POST.copy()
    data["edition"] = str(conflict.edition)
    initial = {"parties": data.getlist("parties")}
    again = ListingForm(data, alliance=request.alliance, initial=initial, is_new=False, points=points)
    again.is_valid()
    again.add_error(None, f"{conflict.reason} {conflict.remedy}")
    return again


def _differences(form: ListingForm, conflict: ListingConflictError) -> list[dict[str, Any]]:
    """Fields in which what was typed differs from what stands now, in words."""
    typed = form.values()
    found: list[dict[str, Any]] = []
    for name in LISTING_FIELDS:
        if name not in typed or name not in form.fields:
            continue
        theirs, yours = conflict.theirs[name], typed[name]
        if (theirs or "") == (yours or "") or (theirs is None and yours == ""):
            continue
        field = form.fields[name]
        found.append({"label": field.label, "theirs": _shown(field, theirs), "yours": _shown(field, yours)})
    return found


def _shown(field: Field, value: Any) -> str:
    """A value as the form's reader knows it: labels of choices, days in words, names of regions."""
    if value is None:
        return ""
    if isinstance(value, date):
        return format_day(value, get_language())
    if isinstance(field, ChoiceField):
        flat: Any = flatten_choices(cast("Any", field.choices))
        labels = {str(code): str(label) for code, label in flat}
        return "; ".join(labels.get(one, one) for one in (value if isinstance(value, list) else [str(value)]))
    return "; ".join(value) if isinstance(value, list) else str(value)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def portal_listing_submit(request: AllianceRequest, code: str) -> HttpResponse:
    """Before sending: how clear it is, what looks the same, and who will read it; then send it."""
    alliance = request.alliance
    listing = get_listing(alliance, code, reader=request.user)
    require(request.user, CHANGE_LISTING, listing)
    if listing.state not in SUBMIT_LISTING.sources:
        return redirect(listing_url(request, listing))
    missing: list[dict[str, str]] = []
    status = 200
    if request.method == "POST":
        try:
            submit_listing(alliance, code, actor=request.user, at=timezone.now())
        except InvalidInputError as refusal:
            status = 422
            edit = reverse("portal_listing_edit", kwargs={"code": code})
            missing = [{"url": f"{edit}#id_{name}", "words": str(words)} for name, words in refusal.fields.items()]
        except DomainError as refusal:
            messages.error(request, f"{refusal.reason} {refusal.remedy}".strip())
            return redirect(listing_url(request, listing))
        else:
            messages.success(request, _("Sent. Two people of two other institutions verify it; you are told."))
            return redirect(listing_url(request, listing))
    context = {
        **page_of(request, listing),
        "crumbs": crumbs(request, listing, _("Check and send")),
        "alike": list_alike(listing, timezone.localdate()),
        "missing": missing,
        "has_form_errors": bool(missing),
    }
    return render(request, "services/listing_submit.html", context, status=status)


STEPS = ("renew", "revise", "withdraw", "fulfil")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def portal_listing_step(request: AllianceRequest, code: str, step: str) -> HttpResponse:
    """Keep it open longer, take it back to a draft, take it back altogether, or mark it as met; asked once."""
    listing = get_listing(request.alliance, code, reader=request.user)
    if step not in STEPS:
        raise NotFoundError
    require(request.user, CHANGE_LISTING if step in {"renew", "revise"} else WITHDRAW_LISTING, listing)
    form: Form | None = None
    if step == "renew":
        form = RenewForm(request.POST if request.method == "POST" else None)
    elif step == "withdraw":
        form = WithdrawForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        status = 422
        if form is None or form.is_valid():
            try:
                done = _take(request, listing, step, form)
            except InvalidInputError as refusal:
                if form is None:
                    raise
                show_refusal(form, refusal)
            else:
                messages.success(request, done)
                return redirect(listing_url(request, listing))
    context = {
        **frame(request, listing),
        "listing": listing,
        "step": step,
        "form": form,
        "back_url": listing_url(request, listing),
        "crumbs": crumbs(request, listing, _("Confirm")),
    }
    return render(request, "services/listing_step.html", context, status=status)


def _take(request: AllianceRequest, listing: Listing, step: str, form: Form | None) -> str:
    """Take a step; what to say about it."""
    alliance, code = request.alliance, listing.code
    common: dict[str, Any] = {"actor": request.user, "at": timezone.now()}
    if step == "renew" and form is not None:
        renew_listing(alliance, code, until=form.cleaned_data["until"], **common)
        return _("It stays open longer, under the same address.")
    if step == "revise":
        revise_listing(alliance, code, **common)
        return _("It is a draft again. Change it and send it for verification.")
    if step == "withdraw" and form is not None:
        withdraw_listing(alliance, code, reason=form.cleaned_data["reason"], **common)
        return _("The listing was taken back.")
    fulfil_listing(alliance, code, **common)
    return _("The listing is marked as met.")


@login_required
@require_POST
def portal_listing_file_add(request: AllianceRequest, code: str) -> HttpResponse:
    """Attach a file to a draft."""
    alliance = request.alliance
    listing = get_listing(alliance, code, reader=request.user)
    require(request.user, CHANGE_LISTING, listing)
    try:
        add_listing_file(alliance, code, file=request.FILES.get("file"), actor=request.user, at=timezone.now())
    except (InvalidInputError, UploadRefusedError) as refusal:
        messages.error(request, f"{refusal.reason} {refusal.remedy}".strip())
    else:
        messages.success(request, _("The file is attached."))
    return redirect(f"{reverse('portal_listing_edit', kwargs={'code': code})}#files")


@login_required
@require_POST
def portal_listing_file_remove(request: AllianceRequest, code: str, uuid: UUID) -> HttpResponse:
    """Take a file out of a draft."""
    alliance = request.alliance
    listing = get_listing(alliance, code, reader=request.user)
    require(request.user, CHANGE_LISTING, listing)
    remove_listing_file(alliance, code, uuid, actor=request.user, at=timezone.now())
    messages.success(request, _("The file was taken out."))
    return redirect(f"{reverse('portal_listing_edit', kwargs={'code': code})}#files")
