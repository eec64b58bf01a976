"""Pages of the console that put questions of membership to the bodies: admission, suspension, expulsion."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from alliance.actions.idempotency import once
from alliance.kernel.errors import InvalidInputError, NotFoundError
from alliance.kernel.formats import format_day
from alliance.kernel.permissions import require
from groups.actions.admission import EXPULSION, STANDING_EFFECTS, draft_standing_motion, put_to_committee
from groups.actions.motion import earliest_close
from groups.choices import GroupKind, MeetingState
from groups.forms.admission import AdmissionVoteForm, StandingMotionForm
from groups.models import Meeting
from members.models import Application, Institution
from members.permissions import EXPEL_INSTITUTION, MOVE_INSTITUTION, SCREEN_APPLICATION
from members.selectors.admission import missing_points
from members.selectors.application import evidence_kinds, get_application
from members.transitions import EXPEL, SUSPEND

if TYPE_CHECKING:
    from alliance.kernel.requests import AllianceRequest


def _place(form: AdmissionVoteForm | StandingMotionForm, refusal: InvalidInputError) -> None:
    for name, words in refusal.fields.items():
        form.add_error(name if name in form.fields else None, str(words))
    if not refusal.fields:
        form.add_error(None, f"{refusal.reason} {refusal.remedy}".strip())


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def application_vote(request: AllianceRequest, code: str) -> HttpResponse:
    """Put a complete application to the management committee."""
    request.nav_key = "applications"
    alliance = request.alliance
    try:
        application = get_application(alliance, code)
    except Application.DoesNotExist:
        raise NotFoundError from None
    require(request.user, SCREEN_APPLICATION, application)
    at = timezone.now()
    meetings = list(
        Meeting.objects.of(alliance)
        .filter(
            group__kind=GroupKind.COMMITTEE,
            state__in=[MeetingState.PLANNED, MeetingState.CONVENED, MeetingState.UNDER_WAY],
            ends_at__gt=at,
        )
        .order_by("starts_at")[:10]
    )
    form = AdmissionVoteForm(
        request.POST or None,
        meetings=[
            (
                meeting.code,
                _("In the meeting %(code)s on %(day)s")
                % {"code": meeting.code, "day": format_day(timezone.localdate(meeting.starts_at), request.LANGUAGE_CODE)},
            )
            for meeting in meetings
        ],
        initial={"closes_at": timezone.localtime(earliest_close(alliance, at) + timedelta(minutes=30))},
    )
    back = reverse("application_detail", kwargs={"code": code})
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data["meeting"]
        try:
            motion = put_to_committee(
                alliance,
                code,
                closes_at=form.cleaned_data["closes_at"],
                meeting=next((meeting for meeting in meetings if meeting.code == chosen), None),
                recommendation=form.cleaned_data["recommendation"],
                actor=request.user,
                at=at,
            )
        except InvalidInputError as refusal:
            _place(form, refusal)
        else:
            messages.success(request, _("The vote %(code)s is open.") % {"code": motion.code})
            return redirect(back)
    context = {
        "form": form,
        "title": _("Put to the committee: %(name)s") % {"name": application.name},
        "lead": _("The management committee decides by two-thirds of those present; members in conflict stand aside."),
        "missing": missing_points(application, evidence_kinds(application)),
        "submit": _("Open the vote"),
        "back": back,
        "crumbs": [
            {"label": _("Applications"), "url": reverse("application_list")},
            {"label": code, "url": back},
            {"label": _("Put to the committee")},
        ],
    }
    return render(request, "groups/membership_motion.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def standing_motion(request: AllianceRequest, code: str, effect: str) -> HttpResponse:
    """Draft the motion to suspend or to expel a member."""
    request.nav_key = "institutions"
    institution = Institution.objects.of(request.alliance).filter(code=code).first()
    if institution is None or effect not in STANDING_EFFECTS:
        raise NotFoundError
    expels = effect == EXPULSION
    require(request.user, EXPEL_INSTITUTION if expels else MOVE_INSTITUTION, institution)
    (EXPEL if expels else SUSPEND).check(institution.state)
    form = StandingMotionForm(request.POST or None)
    back = reverse("institution_detail", kwargs={"code": code})
    if request.method == "POST" and form.is_valid():
        try:
            motion = draft_standing_motion(
                request.alliance,
                code,
                effect,
                reason=form.cleaned_data["reason"],
                actor=request.user,
                at=timezone.now(),
            )
        except InvalidInputError as refusal:
            _place(form, refusal)
        else:
            messages.success(request, _("The motion %(code)s is drafted; its vote is opened there.") % {"code": motion.code})
            return redirect("motion_detail", code=motion.code)
    context = {
        "form": form,
        "title": (_("Motion to expel %(name)s") if expels else _("Motion to suspend %(name)s")) % {"name": institution.name},
        "lead": _(
            "The assembly decides by two-thirds of all members, in a secret ballot. Before the vote opens, note that the "
            "member was heard in writing and in person."
        )
        if expels
        else _(
            "The management committee decides. Before the vote opens, note a written reminder that is thirty days old or more."
        ),
        "missing": [],
        "submit": _("Draft the motion"),
        "back": back,
        "crumbs": [
            {"label": _("Institutions"), "url": reverse("institution_list")},
            {"label": code, "url": back},
            {"label": _("Motion")},
        ],
    }
    return render(request, "groups/membership_motion.html", context, status=422 if form.errors else 200)
