"""Pages of the console about minutes: editor, reading, stages, new versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from alliance.actions.idempotency import once
from alliance.kernel.permissions import can, require
from alliance.kernel.rich_text import render_markdown
from alliance.selectors.audit import latest_head
from alliance.selectors.audit_log import verifier_of
from alliance.templatetags.ui import pick_bilingual
from groups.actions.minutes import (
    amend_minutes,
    approve_minutes,
    circulate_minutes,
    draft_minutes,
    edit_minutes,
    publish_minutes,
    remark_on_minutes,
)
from groups.choices import DECIDED_MOTIONS, SEALED_MINUTES, MinutesState
from groups.forms.meeting import ConfirmForm, MinutesForm, PublishForm, ReasonForm, RemarkForm
from groups.models import AgendaItem, Meeting, Minutes
from groups.permissions import APPROVE_MINUTES as MAY_APPROVE
from groups.permissions import PUBLISH_DECISION, RECORD_MEETING, REMARK_ON_MINUTES
from groups.selectors.meeting import list_minutes
from groups.selectors.minutes import collect_facts, has_written, list_remarks
from groups.transitions import APPROVE_MINUTES, CIRCULATE_MINUTES, PUBLISH_MINUTES
from groups.views.meeting import attempt, enter, find, form_page, posted, title_of, trail, url_of

if TYPE_CHECKING:
    from django.http import HttpRequest

    from alliance.models import Alliance

STEPS = {"circulate": CIRCULATE_MINUTES, "approve": APPROVE_MINUTES, "publish": PUBLISH_MINUTES}


def text_of(minutes: Minutes) -> dict[str, Any]:
    """The text in the reader's language, else the other one, with the language it is in."""
    source, other = pick_bilingual(minutes, "body")
    return {"html": render_markdown(source), "lang": {"en": "en", "zh": "zh-Hans"}.get(other or "", "")}


def find_minutes(alliance: Alliance, meeting: Meeting, version: int) -> Minutes:
    """A version of the address."""
    minutes = (
        Minutes.objects.of(alliance)
        .select_related("written_by", "approved_by")
        .filter(meeting=meeting, version=version)
        .first()
    )
    if minutes is None:
        raise Http404
    minutes.meeting = meeting
    return minutes


def _url(minutes: Minutes) -> str:
    return reverse("minutes_detail", kwargs={"code": minutes.meeting.code, "version": minutes.version})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def minutes_edit(request: HttpRequest, code: str) -> HttpResponse:
    """The editor: begins the minutes when there are none, then changes the version that is in work."""
    alliance = enter(request)
    meeting = find(alliance, code)
    require(request.user, RECORD_MEETING, meeting)
    at = timezone.now()
    versions = list_minutes(meeting)
    minutes = versions[0] if versions else None
    if minutes is None:
        if request.method != "POST":
            return form_page(
                request,
                ConfirmForm(),
                title=_("Begin the minutes"),
                crumbs=trail((meeting.code, url_of(meeting, "minutes")), _("Minutes")),
                back=url_of(meeting, "minutes"),
                submit=_("Begin"),
                hint=_("The agenda is taken over; attendance, quorum and results are added by themselves."),
            )
        draft_minutes(alliance, code, actor=request.user, at=at)  # type: ignore[arg-type]
        return redirect("minutes_edit", code=code)
    if minutes.state in SEALED_MINUTES:
        return redirect(_url_of_version(code, minutes.version))
    form = MinutesForm(posted(request), initial={"body_en": minutes.body_en, "body_zh": minutes.body_zh})

    def act() -> None:
        edit_minutes(
            alliance,
            code,
            minutes.version,
            body_en=form.cleaned_data["body_en"],
            body_zh=form.cleaned_data["body_zh"],
            actor=request.user,  # type: ignore[arg-type]
            at=at,
        )

    if request.method == "POST" and form.is_valid() and attempt(form, act):
        messages.success(request, _("The minutes were saved."))
        return redirect(_url_of_version(code, minutes.version))
    context = {
        "form": form,
        "meeting": meeting,
        "minutes": minutes,
        "facts": collect_facts(meeting),
        "remarks": list_remarks(minutes),
        "back": _url_of_version(code, minutes.version),
        "crumbs": trail((meeting.code, url_of(meeting, "minutes")), _("Minutes")),
    }
    return render(request, "groups/minutes_edit.html", context, status=422 if form.errors else 200)


def _url_of_version(code: str, version: int) -> str:
    return reverse("minutes_detail", kwargs={"code": code, "version": version})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def minutes_detail(request: HttpRequest, code: str, version: int) -> HttpResponse:
    """One version: text, what it tells from the records, remarks, and the steps that are open."""
    alliance = enter(request)
    meeting = find(alliance, code)
    minutes = find_minutes(alliance, meeting, version)
    may_remark = can(request.user, REMARK_ON_MINUTES, meeting) and minutes.state == MinutesState.CIRCULATED
    if request.method == "POST":
        require(request.user, REMARK_ON_MINUTES, meeting)
    form = RemarkForm(posted(request))

    def act() -> None:
        remark_on_minutes(
            alliance,
            code,
            version,
            text=form.cleaned_data["text"],
            institution_id=None,
            actor=request.user,  # type: ignore[arg-type]
            at=timezone.now(),
        )

    if request.method == "POST" and form.is_valid() and attempt(form, act):
        messages.success(request, _("Your remark was noted."))
        return redirect(_url(minutes))
    sealed = minutes.state in SEALED_MINUTES
    may_record = can(request.user, RECORD_MEETING, meeting)
    head = latest_head(alliance) if sealed else None
    context = {
        "meeting": meeting,
        "minutes": minutes,
        "text": text_of(minutes),
        "facts": minutes.facts if sealed or minutes.state == MinutesState.CIRCULATED else collect_facts(meeting),
        "remarks": list_remarks(minutes),
        "sealed": sealed,
        "head": head,
        "verifier": verifier_of(head) if head is not None else "",
        "may_edit": may_record and not sealed,
        "may_remark": may_remark,
        "may_circulate": may_record and minutes.state == MinutesState.DRAFT,
        "may_approve": can(request.user, MAY_APPROVE, meeting) and minutes.state == MinutesState.CIRCULATED,
        "is_writer": has_written(minutes, request.user),
        "may_publish": can(request.user, PUBLISH_DECISION, meeting) and minutes.state == MinutesState.APPROVED,
        "may_amend": may_record and minutes.state in (MinutesState.APPROVED, MinutesState.PUBLISHED),
        "form": form,
        "crumbs": trail((meeting.code, url_of(meeting, "minutes")), _("Minutes")),
    }
    return render(request, "groups/minutes_detail.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def minutes_step(request: HttpRequest, code: str, version: int, step: str) -> HttpResponse:
    """Circulate, approve or publish, after one look at what it does."""
    alliance = enter(request)
    meeting = find(alliance, code)
    if step not in STEPS:
        raise Http404
    chosen = STEPS[step]
    require(request.user, chosen.permission, meeting)
    minutes = find_minutes(alliance, meeting, version)
    form: Any = ConfirmForm(posted(request))
    if chosen is PUBLISH_MINUTES:
        decided = [
            (item.motion.code, f"{item.motion.code}: {title_of(item.motion)}")
            for item in AgendaItem.objects.of(alliance)
            .filter(meeting=meeting, motion__state__in=DECIDED_MOTIONS)
            .select_related("motion")
            .order_by("number")
            if item.motion is not None
        ]
        form = PublishForm(posted(request), decided=decided, initial={"decisions": [value for value, _label in decided]})
    common: dict[str, Any] = {"actor": request.user, "at": timezone.now()}

    def act() -> None:
        if chosen is CIRCULATE_MINUTES:
            circulate_minutes(alliance, code, version, **common)
        elif chosen is APPROVE_MINUTES:
            approve_minutes(alliance, code, version, **common)
        else:
            publish_minutes(alliance, code, version, decisions=form.cleaned_data.get("decisions", []), **common)

    if request.method == "POST" and form.is_valid() and attempt(form, act):
        words = {
            CIRCULATE_MINUTES: _("The minutes are circulated; everybody invited is told."),
            APPROVE_MINUTES: _("The minutes are approved and read-only from now on."),
            PUBLISH_MINUTES: _("The minutes are public."),
        }
        messages.success(request, words[chosen])
        return redirect(_url(minutes))
    hints = {
        CIRCULATE_MINUTES: _(
            "Everybody invited may read them and make remarks. A change of the text makes them a draft again."
        ),
        APPROVE_MINUTES: _(
            "Texts and facts are frozen, sealed in the audit log and read-only in the database too. "
            "A later change is a new version with a reason."
        ),
        PUBLISH_MINUTES: _("The text, the quorum, the decisions chosen here and the public actions are shown to everybody."),
    }
    return form_page(
        request,
        form,
        title=chosen.label,
        crumbs=trail((meeting.code, url_of(meeting, "minutes")), (_("Minutes"), _url(minutes)), str(chosen.label)),
        back=_url(minutes),
        submit=chosen.label,
        hint=hints[chosen],
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def minutes_amend(request: HttpRequest, code: str) -> HttpResponse:
    """Begin a new version of approved minutes."""
    alliance = enter(request)
    meeting = find(alliance, code)
    require(request.user, RECORD_MEETING, meeting)
    form = ReasonForm(posted(request))

    def act() -> None:
        amend_minutes(alliance, code, reason=form.cleaned_data["reason"], actor=request.user, at=timezone.now())  # type: ignore[arg-type]

    if request.method == "POST" and form.is_valid() and attempt(form, act):
        messages.success(request, _("The new version begins with the text of the old one."))
        return redirect("minutes_edit", code=code)
    return form_page(
        request,
        form,
        title=_("New version of the minutes"),
        crumbs=trail((meeting.code, url_of(meeting, "minutes")), _("New version")),
        back=url_of(meeting, "minutes"),
        submit=_("Begin the new version"),
        hint=_("The approved version counts until the new one is approved; then it stays on record as replaced."),
    )
