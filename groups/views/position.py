"""Pages of the console about terms, positions, composition, exceptions and offers of seats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from alliance.actions.idempotency import once
from alliance.kernel.permissions import require
from groups.actions.further_term import put_further_term
from groups.actions.group import change_composition
from groups.actions.group_exception import put_exception
from groups.actions.position import end_position, fill_position, set_term
from groups.actions.seat_invitation import invite_to_group, withdraw_seat_invitation
from groups.forms.meeting import (
    CompositionForm,
    ExceptionForm,
    FurtherTermForm,
    PositionForm,
    TermForm,
    since,
    start_of,
    until,
)
from groups.models import Position, VirtualGroup
from groups.permissions import CHANGE_POSITIONS, CHANGE_SEATS
from groups.selectors.group import get_group, list_people_of, list_seats, list_terms
from groups.views.group import enter_console
from groups.views.meeting import attempt, form_page, posted
from members.models import Institution

if TYPE_CHECKING:
    from django.http import HttpRequest

NAMES = {"starts_at": "starts_on", "ends_at": "ends_on", "institution": "holder", "person": "holder"}


def _enter(request: HttpRequest, kind: str) -> tuple[Any, VirtualGroup]:
    alliance = enter_console(request)
    try:
        return alliance, get_group(alliance, kind)
    except VirtualGroup.DoesNotExist:
        raise Http404 from None


def _page(request: HttpRequest, form: Any, group: VirtualGroup, title: str, submit: str, hint: str = "") -> HttpResponse:
    back = reverse("group_detail", kwargs={"kind": group.kind})
    return form_page(
        request,
        form,
        title=title,
        back=back,
        submit=submit,
        hint=hint,
        crumbs=[
            {"label": _("Groups and elements"), "url": reverse("group_list")},
            {"label": capfirst(group.get_kind_display()), "url": back},
            {"label": title},
        ],
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def term_set(request: HttpRequest, kind: str) -> HttpResponse:
    """Set a term of a group."""
    alliance, group = _enter(request, kind)
    require(request.user, CHANGE_POSITIONS, group)
    terms = list_terms(group)
    form = TermForm(posted(request), initial={"number": terms[0].number + 1 if terms else 1})

    def act() -> None:
        values = form.cleaned_data
        set_term(
            alliance,
            kind,
            number=values["number"],
            starts_at=start_of(values["starts_on"]),
            ends_at=until(values["ends_on"]) or start_of(values["starts_on"]),
            actor=request.user,  # type: ignore[arg-type]
            at=timezone.now(),
        )

    if request.method == "POST" and form.is_valid() and attempt(form, act, NAMES):
        messages.success(request, _("The term is set."))
        return redirect("group_detail", kind=kind)
    return _page(request, form, group, _("New term"), _("Set the term"))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def position_fill(request: HttpRequest, kind: str) -> HttpResponse:
    """Fill a position of a group."""
    alliance, group = _enter(request, kind)
    require(request.user, CHANGE_POSITIONS, group)
    at = timezone.now()
    seats = [seat for seat in list_seats(group, at).order_by("institution__sort_key", "id") if seat.role != "observer"]
    people = list_people_of(alliance, [seat.institution_id for seat in seats], at)
    holders: list[tuple[str, str]] = []
    for seat in seats:
        name, code = seat.institution.short_name, seat.institution.code
        holders.append((code, _("%(institution)s: whoever represents it") % {"institution": name}))
        holders += [(f"{code}|{p.uuid}", f"{name}: {p.get_full_name()}") for p in people.get(seat.institution_id, [])]
    terms = [
        (str(term.number), _("Term %(number)s") % {"number": term.number}) for term in list_terms(group) if term.ends_at > at
    ]
    form = PositionForm(posted(request), holders=holders, terms=terms, initial={"starts_on": timezone.localdate()})

    def act() -> None:
        values = form.cleaned_data
        code, _bar, uuid = values["holder"].partition("|")
        institution_id = next(seat.institution_id for seat in seats if seat.institution.code == code)
        holder = next((p for p in people.get(institution_id, []) if str(p.uuid) == uuid), None)
        fill_position(
            alliance,
            kind,
            values["position"],
            code,
            holder=holder,
            term_number=int(values["term"]) if values["term"] else None,
            starts_at=since(values["starts_on"], at),
            ends_at=until(values["ends_on"]),
            exception_motion=values["exception_motion"],
            actor=request.user,  # type: ignore[arg-type]
            at=at,
        )

    if request.method == "POST" and form.is_valid() and attempt(form, act, NAMES):
        messages.success(request, _("The position is filled."))
        return redirect("group_detail", kind=kind)
    hint = "" if holders else _("Nobody has a working seat in this group: give a seat first.")
    return _page(request, form, group, _("Fill a position"), _("Fill the position"), hint)


@require_POST
@login_required
def position_end(request: HttpRequest, kind: str, position: int) -> HttpResponse:
    """End a position now."""
    alliance, _group = _enter(request, kind)
    try:
        row = end_position(alliance, position, actor=request.user, at=timezone.now())  # type: ignore[arg-type]
    except Position.DoesNotExist:
        raise Http404 from None
    messages.success(
        request,
        _("%(name)s is not %(position)s any more.") % {"name": row.institution.name, "position": row.get_kind_display()},
    )
    return redirect("group_detail", kind=kind)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def group_composition(request: HttpRequest, kind: str) -> HttpResponse:
    """State how a group shall be composed."""
    alliance, group = _enter(request, kind)
    require(request.user, CHANGE_SEATS, group)
    initial = {name: getattr(group, name) for name in ("size_rule", "enterprise_limit", "rule_source")}
    form = CompositionForm(posted(request), initial=initial)

    def act() -> None:
        change_composition(alliance, kind, actor=request.user, at=timezone.now(), **form.cleaned_data)  # type: ignore[arg-type]

    if request.method == "POST" and form.is_valid() and attempt(form, act):
        messages.success(request, _("The rule was changed."))
        return redirect("group_detail", kind=kind)
    hint = _("The group's page warns where the rule is not kept; it refuses nothing. All empty: as the model charter says.")
    return _page(request, form, group, _("Rule of composition"), _("Save"), hint)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def group_exception(request: HttpRequest, kind: str) -> HttpResponse:
    """Put an exception to the management committee."""
    alliance, group = _enter(request, kind)
    require(request.user, CHANGE_SEATS, group)
    form = ExceptionForm(posted(request))
    made: list[Any] = []

    def act() -> None:
        values = form.cleaned_data
        try:
            made.append(
                put_exception(
                    alliance,
                    kind,
                    values["institution"].strip(),
                    role=values["role"],
                    ends_on=values["ends_on"],
                    reason=values["reason"],
                    actor=request.user,  # type: ignore[arg-type]
                    at=timezone.now(),
                )
            )
        except Institution.DoesNotExist:
            form.add_error("institution", _("No institution of this alliance has that code."))

    if request.method == "POST" and form.is_valid() and attempt(form, act) and made:
        messages.success(request, _("The motion is a draft. Open its vote; when it passes, the seat is given by itself."))
        return redirect("motion_detail", code=made[0].code)
    hint = _("A kind not foreseen for the group needs a decision of the management committee (charter, article 14).")
    return _page(request, form, group, _("Exception for a seat"), _("Put the motion"), hint)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def position_exception(request: HttpRequest, kind: str) -> HttpResponse:
    """Put a third term in a row to the management committee."""
    alliance, group = _enter(request, kind)
    require(request.user, CHANGE_POSITIONS, group)
    form = FurtherTermForm(posted(request))
    made: list[Any] = []

    def act() -> None:
        values = form.cleaned_data
        try:
            made.append(
                put_further_term(
                    alliance,
                    kind,
                    values["position"],
                    values["institution"].strip(),
                    reason=values["reason"],
                    actor=request.user,  # type: ignore[arg-type]
                    at=timezone.now(),
                )
            )
        except Institution.DoesNotExist:
            form.add_error("institution", _("No institution of this alliance has that code."))

    if request.method == "POST" and form.is_valid() and attempt(form, act) and made:
        messages.success(
            request, _("The motion is a draft. Open its vote; when it has passed, name it where you fill the position.")
        )
        return redirect("motion_detail", code=made[0].code)
    hint = _("More than two terms in a row in the same position need a decision of the management committee (article 13).")
    return _page(request, form, group, _("Further term"), _("Put the motion"), hint)


@require_POST
@login_required
@once
def seat_invite(request: HttpRequest, kind: str, code: str) -> HttpResponse:
    """Offer an institution a seat."""
    alliance, _group = _enter(request, kind)
    try:
        offer = invite_to_group(
            alliance,
            kind,
            code,
            element=request.POST.get("element", ""),
            actor=request.user,  # type: ignore[arg-type]
            at=timezone.now(),
        )
    except Institution.DoesNotExist:
        raise Http404 from None
    messages.success(request, _("%(name)s is invited; its answer comes to your inbox.") % {"name": offer.institution.name})
    return redirect("group_detail", kind=kind)


@require_POST
@login_required
def seat_invitation_withdraw(request: HttpRequest, kind: str, uuid: Any) -> HttpResponse:
    """Take an unanswered offer back."""
    alliance, _group = _enter(request, kind)
    withdraw_seat_invitation(alliance, uuid, actor=request.user, at=timezone.now())  # type: ignore[arg-type]
    messages.success(request, _("The invitation was withdrawn."))
    return redirect("group_detail", kind=kind)
