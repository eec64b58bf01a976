"""Pages about an institution's standing and its exit: the office's sheet, and the member's own page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alliance.actions.idempotency import once
from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError
from alliance.kernel.permissions import can, require
from alliance.selectors.people import acting_institution_id
from members.actions.exit import give_notice, note_standing_step, settle_duty, shorten_notice, take_back_notice
from members.actions.institution import move_institution
from members.choices import InstitutionState
from members.forms.application import NoticeForm, SettleForm, ShortenForm, StandingNoteForm
from members.forms.institution import place_errors
from members.models import Institution
from members.permissions import GIVE_NOTICE, MANAGE_EXIT, MOVE_INSTITUTION, NOTE_HEARING, SHORTEN_NOTICE
from members.selectors.exit import exit_sheet, list_standings
from members.transitions import COMPLETE_EXIT, START_LEAVING
from members.views.institution import enter_console, find

if TYPE_CHECKING:
    from alliance.kernel.requests import AllianceRequest


def _crumbs(institution: Institution, label: Any) -> list[dict[str, Any]]:
    return [
        {"label": _("Institutions"), "url": reverse("institution_list")},
        {"label": institution.code, "url": reverse("institution_detail", kwargs={"code": institution.code})},
        {"label": label},
    ]


def _exit_page(
    request: AllianceRequest,
    institution: Institution,
    refused: SettleForm | None = None,
    *,
    shorten: ShortenForm | None = None,
    status: int = 200,
) -> HttpResponse:
    at = timezone.now()
    sheet = exit_sheet(request.alliance, institution, at)
    may_manage = can(request.user, MANAGE_EXIT, institution) and sheet.is_open
    rows: list[dict[str, Any]] = []
    for duty in sheet.duties:
        form = None
        if may_manage and duty.hand_over is not None:
            if refused is not None and refused.data.get("duty") == duty.key:
                form = refused
            else:
                form = SettleForm(initial={"duty": duty.key}, auto_id=f"id_{len(rows)}_%s")
        url = reverse(duty.url_name, kwargs=duty.url_kwargs) if duty.url_name else ""
        rows.append({"duty": duty, "form": form, "url": url})
    context = {
        "institution": institution,
        "sheet": sheet,
        "rows": rows,
        "successors": Institution.objects.of(request.alliance)
        .active()
        .exclude(pk=institution.pk)
        .order_by("sort_key", "id")[:300]
        if may_manage
        else [],
        "may_manage": may_manage,
        "may_start": institution.state in START_LEAVING.sources and can(request.user, GIVE_NOTICE, institution),
        "may_shorten": sheet.is_open and not sheet.is_notice_over and can(request.user, SHORTEN_NOTICE, institution),
        "shorten": shorten or ShortenForm(auto_id="id_shorten_%s"),
        "may_complete": sheet.is_notice_over
        and institution.state in COMPLETE_EXIT.sources
        and can(request.user, MOVE_INSTITUTION, institution),
        "crumbs": _crumbs(institution, _("Exit")),
        "has_form_errors": refused is not None or shorten is not None,
    }
    return render(request, "members/institution_exit.html", context, status=status)


@require_safe
@login_required
def institution_exit(request: AllianceRequest, code: str) -> HttpResponse:
    """Open duties of a member that leaves, each to be handed over or ended here."""
    enter_console(request)
    return _exit_page(request, find(request, code))


@require_POST
@login_required
@once
def institution_exit_settle(request: AllianceRequest, code: str) -> HttpResponse:
    """Hand one duty over, or end it."""
    enter_console(request)
    institution = find(request, code)
    require(request.user, MANAGE_EXIT, institution)
    form = SettleForm(request.POST)
    if form.is_valid():
        try:
            settle_duty(
                request.alliance,
                code,
                form.cleaned_data["duty"],
                handed_to=form.cleaned_data["handed_to"],
                actor=request.user,
                at=timezone.now(),
            )
        except NotFoundError:
            messages.info(request, _("This duty is settled already."))
            return redirect("institution_exit", code=code)
        except InvalidInputError as refusal:
            place_errors(form, refusal.fields or {"handed_to": refusal.reason}, refusal.reason)
        else:
            messages.success(request, _("The duty is settled."))
            return redirect("institution_exit", code=code)
    return _exit_page(request, institution, form, status=422)


@require_POST
@login_required
@once
def institution_exit_shorten(request: AllianceRequest, code: str) -> HttpResponse:
    """Let the notice end earlier, by a member of the committee."""
    enter_console(request)
    institution = find(request, code)
    require(request.user, SHORTEN_NOTICE, institution)
    form = ShortenForm(request.POST, auto_id="id_shorten_%s")
    if form.is_valid():
        try:
            shorten_notice(request.alliance, code, actor=request.user, at=timezone.now(), **form.cleaned_data)
        except NotFoundError:
            messages.info(request, _("There is no exit under way."))
            return redirect("institution_exit", code=code)
        except InvalidInputError as refusal:
            place_errors(form, refusal.fields, refusal.reason)
        else:
            messages.success(request, _("The notice is shortened; the institution and the secretariat are told."))
            return redirect("institution_exit", code=code)
    return _exit_page(request, institution, shorten=form, status=422)


@require_POST
@login_required
@once
def institution_exit_complete(request: AllianceRequest, code: str) -> HttpResponse:
    """Complete the exit; refused while the notice runs or a duty is open."""
    enter_console(request)
    find(request, code)
    try:
        move_institution(request.alliance, code, COMPLETE_EXIT.name, actor=request.user, at=timezone.now())
    except InvalidInputError as refusal:
        messages.error(request, f"{refusal.reason} {refusal.remedy}".strip())
        return redirect("institution_exit", code=code)
    messages.success(request, _("The exit is complete; nobody acts for this institution any more."))
    return redirect("institution_detail", code=code)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def standing_note_add(request: AllianceRequest, code: str) -> HttpResponse:
    """Note that a member was reminded or heard, before a body decides on its standing."""
    enter_console(request)
    institution = find(request, code)
    require(request.user, NOTE_HEARING, institution)
    form = StandingNoteForm(request.POST or None, initial={"on": timezone.localdate()})
    back = reverse("institution_detail", kwargs={"code": code})
    if request.method == "POST" and form.is_valid():
        try:
            note_standing_step(request.alliance, code, actor=request.user, at=timezone.now(), **form.cleaned_data)
        except InvalidInputError as refusal:
            place_errors(form, refusal.fields, refusal.reason)
        else:
            messages.success(request, _("Noted."))
            return redirect(back)
    title = _("Reminder or hearing: %(name)s") % {"name": institution.name}
    context = {
        "form": form,
        "title": title,
        "submit": _("Note it"),
        "back": back,
        "crumbs": _crumbs(institution, _("Reminder or hearing")),
        "lead": _(
            "Before the committee suspends a member or the assembly expels it, the member is reminded in writing and heard. "
            "These notes stay as they are."
        ),
    }
    return render(request, "members/application_act.html", context, status=422 if form.errors else 200)


# ------------------------------------------------------------------------------------------------------- portal


def _own(request: AllianceRequest) -> Institution | None:
    request.nav_key, request.tab_key = "institution", "membership"
    found = acting_institution_id(request)
    return Institution.objects.of(request.alliance).filter(pk=found).first() if found is not None else None


@require_safe
@login_required
def portal_membership(request: AllianceRequest) -> HttpResponse:
    """Standing of the own institution over time, and its exit."""
    institution = _own(request)
    if institution is None:
        return redirect("portal_institution")
    context = {
        "institution": institution,
        "standings": list(list_standings(institution)[:20]),
        "sheet": exit_sheet(request.alliance, institution, timezone.now()),
        "may_leave": institution.state in START_LEAVING.sources and can(request.user, GIVE_NOTICE, institution),
        "may_stay": institution.state == InstitutionState.LEAVING and can(request.user, GIVE_NOTICE, institution),
    }
    return render(request, "members/portal_membership.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def portal_membership_notice(request: AllianceRequest) -> HttpResponse:
    """Give notice for the own institution."""
    institution = _own(request)
    if institution is None:
        return redirect("portal_institution")
    require(request.user, GIVE_NOTICE, institution)
    START_LEAVING.check(institution.state)
    form = NoticeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        give_notice(
            request.alliance,
            institution.code,
            reason=form.cleaned_data["reason"],
            actor=request.user,
            at=timezone.now(),
        )
        messages.success(request, _("Your notice has reached the secretariat."))
        return redirect("portal_membership")
    context = {
        "institution": institution,
        "form": form,
        "back": reverse("portal_membership"),
        "duties": exit_sheet(request.alliance, institution, timezone.now()).duties,
    }
    return render(request, "members/portal_membership_notice.html", context, status=422 if form.errors else 200)


@require_POST
@login_required
def portal_membership_stay(request: AllianceRequest) -> HttpResponse:
    """Take the notice back."""
    institution = _own(request)
    if institution is None:
        return redirect("portal_institution")
    try:
        take_back_notice(request.alliance, institution.code, actor=request.user, at=timezone.now())
    except DomainError as refusal:
        messages.error(request, str(refusal.reason))
    else:
        messages.success(request, _("You stay a member; the exit is called off."))
    return redirect("portal_membership")
