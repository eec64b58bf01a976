"""Pages about resources and bookings: the office's and the members'."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alliance.actions.idempotency import once
from alliance.kernel.errors import InvalidInputError
from alliance.kernel.permissions import can, grants_of, institutions_acted_for, require
from alliance.selectors.paging import paginate
from alliance.selectors.people import acting_institution_id
from members.actions.resource import (
    ResourceValues,
    add_resource,
    book_resource,
    cancel_booking,
    change_resource,
    confirm_booking,
    decline_booking,
)
from members.choices import BookingState, ResourceKind, ResourceState
from members.forms.institution import place_errors
from members.forms.resource import BookingForm, ResourceChangeForm, ResourceForm
from members.models import Institution, Resource, ResourceBooking
from members.permissions import BOOK_RESOURCE, CHANGE_RESOURCE, VIEW_RESOURCES
from members.selectors.resource import (
    SEARCH_MAX_LENGTH,
    get_resource,
    list_bookings,
    list_own_bookings,
    narrow_resources,
    open_to,
    visible_resources,
)
from members.views.place import enter_place, found_or_404, place_url

if TYPE_CHECKING:
    from uuid import UUID

    from alliance.kernel.requests import AllianceRequest

ORDER = ("sort_key", "id")


def _enter(request: AllianceRequest, area: str) -> dict[str, Any]:
    return enter_place(request, area, "resources", VIEW_RESOURCES)


def _find(request: AllianceRequest, code: str) -> Resource:
    return found_or_404(lambda: get_resource(request.alliance, code, request.user))


def _acting(request: AllianceRequest) -> Institution:
    """The institution acted for; 404 where there is none or it is yet to be chosen."""
    found = Institution.objects.of(request.alliance).filter(pk=acting_institution_id(request) or 0).first()
    if found is None:
        raise Http404
    return found


@require_safe
@login_required
def resource_list(request: AllianceRequest, area: str) -> HttpResponse:
    """Resources the reader may see, and the bookings of the own institution."""
    place = _enter(request, area)
    words = (request.GET.get("q") or "").replace("\0", "").strip()[:SEARCH_MAX_LENGTH]
    kind = request.GET.get("kind") or ""
    found = narrow_resources(visible_resources(request.alliance, request.user), words, kind)
    page = paginate(found, request.GET, ORDER)
    own = institutions_acted_for(grants_of(request.user, request.alliance)) if area == "portal" else set()
    context = {
        **place,
        "page": page,
        "rows": [{"resource": row, "url": place_url(place, "resource_detail", code=row.code)} for row in page.items],
        "words": words,
        "kind": kind if kind in ResourceKind.values else "",
        "kinds": [(value, capfirst(label)) for value, label in ResourceKind.choices],
        "is_empty": not words and kind not in ResourceKind.values,
        "bookings": list(list_own_bookings(request.alliance, own, timezone.now())[:50]) if own else [],
        "new_url": reverse("portal_resource_new") if area == "portal" and acting_institution_id(request) else "",
        "clear_url": place_url(place, "resource_list"),
    }
    return render(request, "members/resource_list.html", context)


@require_safe
@login_required
def resource_detail(request: AllianceRequest, code: str, area: str) -> HttpResponse:
    """One resource: terms, what is taken, and - for the owner - the bookings to answer."""
    place = _enter(request, area)
    resource = _find(request, code)
    at = timezone.now()
    changes = can(request.user, CHANGE_RESOURCE, resource)
    own = institutions_acted_for(grants_of(request.user, request.alliance))
    bookings = [
        {
            "booking": booking,
            "named": changes or booking.institution_id in own,
            "waits": changes and booking.state == BookingState.REQUESTED,
            "can_cancel": can(request.user, BOOK_RESOURCE, booking),
        }
        for booking in list_bookings(resource, at)
    ]
    facts = [
        {"label": _("Institution"), "value": resource.institution.name},
        {"label": _("Kind of resource"), "value": capfirst(resource.get_kind_display())},
        {"label": _("Who may use it"), "value": capfirst(resource.get_audience_display())},
        {"label": _("Place"), "value": resource.place or "—"},
    ]
    acting = acting_institution_id(request)
    may_book = (
        area == "portal"
        and acting is not None
        and resource.is_bookable
        and resource.state == ResourceState.OPEN
        and can(request.user, BOOK_RESOURCE, ResourceBooking(alliance=request.alliance, institution_id=acting))
        and Resource.objects.of(request.alliance).filter(open_to(request.alliance, [acting]), pk=resource.pk).exists()
    )
    context = {
        **place,
        "resource": resource,
        "facts": facts,
        "bookings": bookings,
        "users": list(resource.users.select_related("institution")) if changes else [],
        "edit_url": place_url(place, "resource_edit", code=code) if changes else "",
        "book_url": reverse("portal_resource_book", kwargs={"code": code}) if may_book else "",
        "crumbs": [
            {"label": _("Resources"), "url": place_url(place, "resource_list")},
            {"label": resource.name_en or resource.name_zh},
        ],
    }
    return render(request, "members/resource_detail.html", context)


def _values(data: dict[str, Any]) -> ResourceValues:
    return ResourceValues(
        named=data["named"].replace(",", " ").replace("，", " ").replace("、", " ").split(),
        **{
            name: data[name]
            for name in (
                "kind", "name_en", "name_zh", "description_en", "description_zh", "terms_en", "terms_zh", "place",
                "audience", "is_bookable", "needs_approval",
            )
        },
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def resource_new(request: AllianceRequest) -> HttpResponse:
    """Open a resource of the own institution to others."""
    place = _enter(request, "portal")
    institution = _acting(request)
    require(request.user, CHANGE_RESOURCE, Resource(alliance=request.alliance, institution=institution))
    form = ResourceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            resource = add_resource(
                request.alliance,
                institution.code,
                _values(form.cleaned_data),
                actor=request.user,
                at=timezone.now(),
            )
        except InvalidInputError as refusal:
            place_errors(form, refusal.fields, refusal.reason)
        else:
            messages.success(request, _("The resource is on offer."))
            return redirect("portal_resource_detail", code=resource.code)
    context = {
        **place,
        "form": form,
        "heading": _("New resource"),
        "institution": institution,
        "submit": _("Offer it"),
        "cancel_url": reverse("portal_resource_list"),
    }
    return render(request, "members/expert_form.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def resource_edit(request: AllianceRequest, code: str, area: str) -> HttpResponse:
    """Change a resource, or pause or end its offer."""
    place = _enter(request, area)
    resource = _find(request, code)
    require(request.user, CHANGE_RESOURCE, resource)
    initial = {name: getattr(resource, name) for name in ResourceChangeForm.base_fields if hasattr(resource, name)}
    initial["named"] = " ".join(resource.users.values_list("institution__code", flat=True))
    form = ResourceChangeForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            change_resource(
                request.alliance,
                code,
                _values(form.cleaned_data),
                state=form.cleaned_data["state"],
                actor=request.user,
                at=timezone.now(),
            )
        except InvalidInputError as refusal:
            place_errors(form, refusal.fields, refusal.reason)
        else:
            messages.success(request, _("The resource was changed."))
            return redirect(place_url(place, "resource_detail", code=code))
    context = {
        **place,
        "form": form,
        "heading": _("Change the resource"),
        "institution": resource.institution,
        "submit": _("Save"),
        "cancel_url": place_url(place, "resource_detail", code=code),
    }
    return render(request, "members/expert_form.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def resource_book(request: AllianceRequest, code: str) -> HttpResponse:
    """Book a resource for the own institution."""
    place = _enter(request, "portal")
    resource = _find(request, code)
    institution = _acting(request)
    require(request.user, BOOK_RESOURCE, ResourceBooking(alliance=request.alliance, institution=institution))
    form = BookingForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            booking = book_resource(
                request.alliance, code, institution.code, actor=request.user, at=timezone.now(), **form.cleaned_data
            )
        except Resource.DoesNotExist:
            raise Http404 from None
        except InvalidInputError as refusal:
            place_errors(form, refusal.fields, refusal.reason)
        else:
            confirmed = booking.state == BookingState.CONFIRMED
            messages.success(
                request, _("The booking is confirmed.") if confirmed else _("The owner was asked; the time is kept free.")
            )
            return redirect("portal_resource_detail", code=code)
    context = {
        **place,
        "form": form,
        "heading": _("Book %(resource)s") % {"resource": resource.name_en or resource.name_zh},
        "institution": institution,
        "submit": _("Ask for this time") if resource.needs_approval else _("Book this time"),
        "cancel_url": reverse("portal_resource_detail", kwargs={"code": code}),
    }
    return render(request, "members/expert_form.html", context)


@require_POST
@login_required
def booking_step(request: AllianceRequest, uuid: UUID, step: str) -> HttpResponse:
    """Confirm, decline or cancel a booking."""
    booking = ResourceBooking.objects.of(request.alliance).select_related("resource").filter(uuid=uuid).first()
    if booking is None or step not in {"confirm", "decline", "cancel"}:
        raise Http404
    _find(request, booking.resource.code)
    answer = request.POST.get("answer", "").replace("\0", "")[:300]
    at = timezone.now()
    try:
        if step == "confirm":
            confirm_booking(request.alliance, uuid, actor=request.user, at=at, answer=answer)
            messages.success(request, _("The booking is confirmed."))
        elif step == "decline":
            decline_booking(request.alliance, uuid, actor=request.user, at=at, answer=answer)
            messages.success(request, _("The booking is declined; the institution was told."))
        else:
            cancel_booking(request.alliance, uuid, actor=request.user, at=at)
            messages.success(request, _("The booking is cancelled; the time is free again."))
    except InvalidInputError as refusal:
        messages.error(request, f"{refusal.reason} {refusal.remedy}".strip())
    own = booking.resource.institution_id in institutions_acted_for(grants_of(request.user, request.alliance))
    portal = own or acting_institution_id(request) is not None
    return redirect("portal_resource_detail" if portal else "resource_detail", code=booking.resource.code)
