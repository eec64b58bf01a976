"""Pages of the portal about meetings, seats and actions of one's own institution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alliance.actions.idempotency import once
from alliance.kernel.errors import NotFoundError
from alliance.kernel.permissions import can, grants_of, institutions_acted_for, require
from alliance.models import User
from alliance.selectors.paging import paginate
from alliance.selectors.people import acting_institution_id
from groups.actions.meeting import answer_invitation
from groups.actions.meeting_action import settle_action
from groups.actions.minutes import remark_on_minutes
from groups.actions.position import end_alternate, name_alternate
from groups.actions.seat_invitation import answer_seat_invitation
from groups.choices import ActionState, AttendanceState, MeetingState, MinutesState
from groups.forms.meeting import AlternateForm, AnswerForm, OfferForm, OutcomeForm, RemarkForm, since, until
from groups.models import GroupMembership, SeatAlternate, SeatInvitation
from groups.permissions import (
    ANSWER_SEAT_INVITATION,
    NAME_ALTERNATE,
    SETTLE_ACTION,
    VIEW_MEETING,
    VIEW_MEETINGS,
)
from groups.selectors.group import (
    list_alternates,
    list_offers,
    list_own_positions,
    list_own_seats,
    list_people_of,
    list_seats_of,
)
from groups.selectors.meeting import (
    find_meeting,
    get_meeting_page,
    list_actions,
    list_minutes,
    list_own_meetings,
    visible_minutes,
)
from groups.selectors.minutes import list_remarks
from groups.views.meeting import attempt, find_action, month_context, posted
from groups.views.minutes import text_of

if TYPE_CHECKING:
    from django.http import HttpRequest

    from alliance.models import Alliance
    from groups.models import Attendance, Meeting


def enter_portal(request: HttpRequest, tab: str = "meetings") -> tuple[Alliance, set[int]]:
    """The alliance and the institutions the reader acts for: the chosen one, else all; marks the place."""
    alliance: Alliance = request.alliance  # type: ignore[attr-defined]
    request.nav_key = "governance"  # type: ignore[attr-defined]
    request.tab_key = tab  # type: ignore[attr-defined]
    acting = acting_institution_id(request)
    own = {acting} if acting is not None else institutions_acted_for(grants_of(request.user, alliance))
    return alliance, own


@require_safe
@login_required
def portal_meeting_list(request: HttpRequest) -> HttpResponse:
    """Meetings to which one's institution is invited, and its open actions."""
    alliance, own = enter_portal(request)
    at = timezone.now()
    context: dict[str, Any] = {
        "actions": list(list_actions(alliance, state=ActionState.OPEN, institution_ids=own)[:50]),
        "today": timezone.localdate(),
    }
    if request.GET.get("view") == "calendar":
        return render(request, "groups/portal_meeting_list.html", {**context, **month_context(request, alliance, own)})
    page = paginate(list_own_meetings(alliance, own), request.GET, ("-starts_at", "-id"))
    context |= {"page": page, "now": at}
    return render(request, "groups/portal_meeting_list.html", context)


def _find(request: HttpRequest, code: str) -> Meeting:
    meeting = find_meeting(request.alliance, code)  # type: ignore[attr-defined]
    if meeting is None or not can(request.user, VIEW_MEETING, meeting):
        raise Http404
    return meeting


def _own_row(page: Any, own: set[int]) -> Attendance | None:
    return next((row for row in page.attendance if row.institution_id in own), None)


@require_safe
@login_required
def portal_meeting_detail(request: HttpRequest, code: str) -> HttpResponse:
    """A meeting as a member sees it: answer, agenda with papers, minutes, own actions."""
    _alliance, own = enter_portal(request)
    return _show(request, _find(request, code), own)


def _show(
    request: HttpRequest,
    meeting: Meeting,
    own: set[int],
    *,
    answer: AnswerForm | None = None,
    remark: RemarkForm | None = None,
) -> HttpResponse:
    alliance = meeting.alliance
    page = get_meeting_page(meeting)
    row = _own_row(page, own)
    people = list_people_of(alliance, own, timezone.now())
    minutes = visible_minutes(list_minutes(meeting), in_office=False)
    current = minutes[0] if minutes else None
    aside = {line.item.pk for line in page.agenda if any(institution.pk in own for institution in line.aside)}
    if answer is None and row is not None:
        answer = _answer_form(None, row, people)
    errors = bool((answer is not None and answer.errors) or (remark is not None and remark.errors))
    context = {
        "meeting": meeting,
        "page": page,
        "row": row,
        "aside": aside,
        "answer": answer if row is not None and meeting.state == MeetingState.CONVENED else None,
        "has_answered": row is not None and row.state != AttendanceState.INVITED,
        "minutes": current,
        "older": minutes[1:],
        "text": text_of(current) if current is not None else None,
        "remarks": list_remarks(current) if current is not None else [],
        "remark": (remark or RemarkForm()) if current is not None and current.state == MinutesState.CIRCULATED else None,
        "actions": list(list_actions(alliance, meeting=meeting)),
        "own": own,
        "today": timezone.localdate(),
        "has_form_errors": errors,
    }
    return render(request, "groups/portal_meeting_detail.html", context, status=422 if errors else 200)


def _answer_form(data: Any, row: Attendance, people: dict[int, list[User]]) -> AnswerForm:
    choices = [(str(person.uuid), person.get_full_name()) for person in people.get(row.institution_id, [])]
    state = {AttendanceState.COMING: "yes", AttendanceState.EXCUSED: "no"}.get(AttendanceState(row.state), "")
    initial = {"coming": state, "person": str(row.user.uuid) if row.user else "", "note": row.note}
    return AnswerForm(data, people=choices, initial=initial)


@require_POST
@login_required
def portal_meeting_answer(request: HttpRequest, code: str) -> HttpResponse:
    """Say whether the institution comes."""
    alliance, own = enter_portal(request)
    meeting = _find(request, code)
    row = _own_row(get_meeting_page(meeting), own)
    if row is None:
        raise NotFoundError
    people = list_people_of(alliance, own, timezone.now())
    form = _answer_form(request.POST, row, people)

    def act() -> None:
        chosen = form.cleaned_data["person"]
        person = next((p for p in people.get(row.institution_id, []) if str(p.uuid) == chosen), None)
        answer_invitation(
            alliance,
            code,
            row.institution.code,
            coming=form.cleaned_data["coming"] == "yes",
            person=person,
            note=form.cleaned_data["note"],
            actor=request.user,  # type: ignore[arg-type]
            at=timezone.now(),
        )

    if form.is_valid() and attempt(form, act):
        messages.success(request, _("Thank you, your answer is noted. You can change it until the meeting begins."))
        return redirect("portal_meeting_detail", code=code)
    return _show(request, meeting, own, answer=form)


@require_POST
@login_required
@once
def portal_minutes_remark(request: HttpRequest, code: str) -> HttpResponse:
    """Make a remark on the circulated minutes for the institution."""
    alliance, own = enter_portal(request)
    meeting = _find(request, code)
    row = _own_row(get_meeting_page(meeting), own)
    current = next(iter(visible_minutes(list_minutes(meeting), in_office=False)), None)
    if row is None or current is None:
        raise NotFoundError
    form = RemarkForm(request.POST)

    def act() -> None:
        remark_on_minutes(
            alliance,
            code,
            current.version,
            text=form.cleaned_data["text"],
            institution_id=row.institution_id,
            actor=request.user,  # type: ignore[arg-type]
            at=timezone.now(),
        )

    if form.is_valid() and attempt(form, act):
        messages.success(request, _("Your remark was noted."))
        return redirect("portal_meeting_detail", code=code)
    return _show(request, meeting, own, remark=form)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def portal_action_detail(request: HttpRequest, uuid: Any) -> HttpResponse:
    """An action of one's institution: say what became of it."""
    alliance, _own = enter_portal(request)
    action = find_action(alliance, uuid)
    if not can(request.user, SETTLE_ACTION, action):
        raise Http404
    form = OutcomeForm(posted(request))

    def act() -> None:
        settle_action(
            alliance,
            uuid,
            done=True,
            outcome=form.cleaned_data["outcome"],
            actor=request.user,  # type: ignore[arg-type]
            at=timezone.now(),
        )

    if request.method == "POST" and form.is_valid() and attempt(form, act):
        messages.success(request, _("Noted as done."))
        return redirect("portal_meeting_list")
    context = {
        "action": action,
        "form": form,
        "is_open": action.state == ActionState.OPEN,
        "today": timezone.localdate(),
        "back": reverse("portal_meeting_list"),
    }
    return render(request, "groups/portal_action_detail.html", context, status=422 if form.errors else 200)


# ----------------------------------------------------------------------------------------------------------------- seats


@require_safe
@login_required
def portal_seat_list(request: HttpRequest) -> HttpResponse:
    """Seats, positions and alternates of one's institution, and seats that are offered to it."""
    alliance, own = enter_portal(request, "seats")
    at = timezone.now()
    seats = list_own_seats(alliance, own, at)
    alternates = list_alternates(alliance, seats, at)
    context = {
        "seats": [(seat, alternates.get(seat.pk, []), can(request.user, NAME_ALTERNATE, seat)) for seat in seats],
        "positions": list_own_positions(alliance, own, at),
        "offers": [(offer, can(request.user, ANSWER_SEAT_INVITATION, offer)) for offer in list_offers(alliance, own)],
        "now": at,
    }
    return render(request, "groups/portal_seat_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def seat_alternates(request: HttpRequest, kind: str, code: str) -> HttpResponse:
    """Name who stands in for the representative in a seat; end it. Used by the office too."""
    alliance, _own = enter_portal(request, "seats")
    at = timezone.now()
    seat = (
        GroupMembership.objects.of(alliance)
        .select_related("group", "institution")
        .filter(group__kind=kind, institution__code=code)
        .exclude(ends_at__lte=at)
        .order_by("starts_at")
        .first()
    )
    if seat is None:
        raise Http404
    require(request.user, NAME_ALTERNATE, seat)
    people = list_people_of(alliance, [seat.institution_id], at).get(seat.institution_id, [])
    form = AlternateForm(
        posted(request),
        people=[(str(person.uuid), person.get_full_name()) for person in people],
        initial={"starts_on": timezone.localdate()},
    )

    def act() -> None:
        values = form.cleaned_data
        name_alternate(
            alliance,
            kind,
            code,
            next(person for person in people if str(person.uuid) == values["person"]),
            starts_at=max(since(values["starts_on"], at), seat.starts_at),
            ends_at=until(values["ends_on"]),
            actor=request.user,  # type: ignore[arg-type]
            at=at,
        )

    if request.method == "POST" and form.is_valid() and attempt(form, act, {"starts_at": "starts_on", "ends_at": "ends_on"}):
        messages.success(request, _("The alternate was named."))
        return redirect("seat_alternates", kind=kind, code=code)
    in_office = can(request.user, VIEW_MEETINGS, alliance)
    if in_office:
        request.nav_key = "groups"  # type: ignore[attr-defined]
    context = {
        "base": "console/base.html" if in_office else "portal/base.html",
        "in_office": in_office,
        "seat": seat,
        "alternates": list_alternates(alliance, [seat], at).get(seat.pk, []),
        "form": form,
        "back": reverse("group_detail", kwargs={"kind": kind}) if in_office else reverse("portal_seat_list"),
        "past": [other for other in list_seats_of(alliance, seat.institution) if other.group_id == seat.group_id][:10],
    }
    return render(request, "groups/seat_alternates.html", context, status=422 if form.errors else 200)


@require_POST
@login_required
def alternate_end(request: HttpRequest, alternate: int) -> HttpResponse:
    """End an alternate's standing in."""
    alliance, _own = enter_portal(request, "seats")
    try:
        row = end_alternate(alliance, alternate, actor=request.user, at=timezone.now())  # type: ignore[arg-type]
    except SeatAlternate.DoesNotExist:
        raise Http404 from None
    messages.success(request, _("%(name)s does not stand in any more.") % {"name": row.user.get_full_name()})
    seat = row.membership
    return redirect("seat_alternates", kind=seat.group.kind, code=seat.institution.code)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def seat_offer(request: HttpRequest, uuid: Any) -> HttpResponse:
    """Take or decline a seat that is offered."""
    alliance, _own = enter_portal(request, "seats")
    offer = SeatInvitation.objects.of(alliance).select_related("group", "institution").filter(uuid=uuid).first()
    if offer is None:
        raise Http404
    require(request.user, ANSWER_SEAT_INVITATION, offer)
    form = OfferForm(posted(request))

    def act() -> None:
        answer_seat_invitation(
            alliance,
            uuid,
            accepted=request.POST.get("act") == "accept",
            reason=form.cleaned_data["reason"],
            actor=request.user,  # type: ignore[arg-type]
            at=timezone.now(),
        )

    if request.method == "POST" and form.is_valid() and attempt(form, act):
        messages.success(request, _("Your answer is noted."))
        return redirect("portal_seat_list")
    context = {"offer": offer, "form": form, "back": reverse("portal_seat_list")}
    return render(request, "groups/seat_offer.html", context, status=422 if form.errors else 200)
