"""Pages of the console about meetings: list and calendar, planning, agenda, papers, attendance, actions."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alliance.actions.idempotency import once
from alliance.kernel.addresses import absolute_url
from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError, PermissionRefusedError
from alliance.kernel.permissions import can, require
from alliance.kernel.tables import attachment
from alliance.selectors.paging import paginate
from groups.actions.meeting import (
    ItemFacts,
    MeetingFacts,
    Presence,
    add_agenda_item,
    add_paper,
    cancel_meeting,
    change_agenda_item,
    change_meeting,
    close_meeting,
    convene_meeting,
    move_agenda_item,
    note_attendance,
    plan_meeting,
    remove_agenda_item,
    remove_paper,
    start_meeting,
)
from groups.actions.meeting_action import ActionFacts, add_action, change_action, settle_action
from groups.choices import (
    NOTICE_DAYS,
    ActionState,
    AttendanceState,
    GroupKind,
    MeetingState,
)
from groups.forms.meeting import (
    ActionForm,
    ConfirmForm,
    ItemForm,
    MeetingForm,
    OutcomeForm,
    PaperForm,
    ReasonForm,
    action_initial,
    item_initial,
    meeting_initial,
)
from groups.models import AgendaItem, Attendance, Meeting, MeetingAction
from groups.permissions import PLAN_MEETING, RECORD_MEETING, SETTLE_ACTION, VIEW_MEETING, VIEW_MEETINGS
from groups.selectors.calendar_file import calendar_text
from groups.selectors.group import list_people_of
from groups.selectors.meeting import (
    count_actions,
    find_meeting,
    get_meeting_page,
    is_short_notice,
    list_actions,
    list_meetings,
    list_minutes,
    list_month,
    notice_days,
)
from groups.transitions import CANCEL_MEETING, CLOSE_MEETING, CONVENE, START_MEETING

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.forms import Form
    from django.http import HttpRequest

    from alliance.models import Alliance

STEPS = {step.name.partition("_")[0]: step for step in (CONVENE, START_MEETING, CLOSE_MEETING, CANCEL_MEETING)}
"""Word in the address -> step."""
FIELDS = {"starts_at": "starts_on", "ends_at": "ends_on", "institution_code": "institution"}


def enter(request: HttpRequest, key: str = "meetings") -> Alliance:
    """The alliance, for somebody who may see all meetings; marks the place in the navigation."""
    alliance: Alliance = request.alliance  # type: ignore[attr-defined]
    require(request.user, VIEW_MEETINGS, alliance)
    request.nav_key = key  # type: ignore[attr-defined]
    return alliance


def posted(request: HttpRequest) -> Any:
    """What was sent, even if it is empty; None when the page is only asked for."""
    return request.POST if request.method == "POST" else None


def find(alliance: Alliance, code: str) -> Meeting:
    """A meeting of the address."""
    meeting = find_meeting(alliance, code)
    if meeting is None:
        raise Http404
    return meeting


def attempt(form: Form, act: Callable[[], Any], names: dict[str, str] | None = None) -> bool:
    """Do it; a refusal is put at the fields it concerns, and nothing typed is lost. Missing rights stay an error page."""
    try:
        act()
    except (PermissionRefusedError, NotFoundError):
        raise
    except DomainError as refusal:
        remedy = f" {refusal.remedy}" if refusal.remedy else ""
        for name, words in refusal.fields.items():
            field = (names or FIELDS).get(name, name)
            form.add_error(field if field in form.fields else None, f"{words}{remedy}")
        if not refusal.fields:
            form.add_error(None, f"{refusal.reason}{remedy}")
        return False
    return True


def trail(*steps: tuple[str, str] | str) -> list[dict[str, str]]:
    """The way to a page: pairs of text and address, and the page's own text last."""
    first = {"label": _("Meetings"), "url": reverse("meeting_list")}
    return [first, *({"label": s} if isinstance(s, str) else {"label": s[0], "url": s[1]} for s in steps)]


def url_of(meeting: Meeting, tab: str = "") -> str:
    """Address of a meeting's page."""
    url = reverse("meeting_detail", kwargs={"code": meeting.code})
    return f"{url}?tab={tab}" if tab else url


def form_page(request: HttpRequest, form: Form, **context: Any) -> HttpResponse:
    """A page with one form: ``title``, ``back``, ``submit``, and what else the template shows."""
    return render(
        request,
        "groups/form_page.html",
        {"form": form, "base": "console/base.html", **context},
        status=422 if form.errors else 200,
    )


# ------------------------------------------------------------------------------------------------------- list, calendar


@require_safe
@login_required
def meeting_list(request: HttpRequest) -> HttpResponse:
    """Meetings as a list or as a month."""
    alliance = enter(request)
    group, when = request.GET.get("group", ""), request.GET.get("when", "coming")
    group = group if group in ("assembly", *GroupKind.values) else ""
    when = when if when in ("coming", "past", "all") else "coming"
    context: dict[str, Any] = {
        "group": group,
        "when": when,
        "groups": [("", _("All bodies")), ("assembly", _("Assembly of all members")), *_group_choices()],
        "may_plan": can(request.user, PLAN_MEETING, alliance),
        "counts": count_actions(alliance, timezone.localdate()),
    }
    if request.GET.get("view") == "calendar":
        return render(request, "groups/meeting_list.html", {**context, **month_context(request, alliance)})
    order = ("starts_at", "id") if when == "coming" else ("-starts_at", "-id")
    found = list_meetings(alliance, group=group, when="" if when == "all" else when, at=timezone.now())
    page = paginate(found, request.GET, order)
    context["page"] = page
    context["tabs"] = [
        {"label": label, "url": f"?when={key}{f'&group={group}' if group else ''}", "current": when == key}
        for key, label in (("coming", _("Coming")), ("past", _("Past")), ("all", _("All")))
    ]
    context["tabs"].append({"label": _("Calendar"), "url": "?view=calendar", "current": False})
    return render(request, "groups/meeting_list.html", context)


def _group_choices() -> list[tuple[str, str]]:
    return [(kind, capfirst(str(label))) for kind, label in GroupKind.choices]


def month_context(request: HttpRequest, alliance: Alliance, ids: set[int] | None = None) -> dict[str, Any]:
    """A month with its neighbours, from ``?month=2026-11``; this month when that is no month."""
    try:
        asked = parse_date(f"{request.GET.get('month', '')}-01")
    except ValueError:
        asked = None
    first = asked if asked is not None and 1990 <= asked.year <= 2200 else timezone.localdate().replace(day=1)
    before = (first - timedelta(days=1)).replace(day=1)
    after = (first + timedelta(days=32)).replace(day=1)
    return {
        "month": first,
        "month_label": capfirst(date_format(first, "YEAR_MONTH_FORMAT")),
        "weeks": list_month(alliance, first, institution_ids=ids),
        "previous_month": f"?view=calendar&month={before:%Y-%m}",
        "next_month": f"?view=calendar&month={after:%Y-%m}",
        "weekdays": [_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun")],
    }


def _facts(form: MeetingForm) -> MeetingFacts:
    values = form.cleaned_data
    starts_at, ends_at = form.moments
    return MeetingFacts(
        title_en=values["title_en"],
        title_zh=values["title_zh"],
        starts_at=starts_at,
        ends_at=ends_at,
        place=values["place"],
        link=values["link"],
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def meeting_new(request: HttpRequest) -> HttpResponse:
    """Plan a meeting."""
    alliance = enter(request)
    require(request.user, PLAN_MEETING, alliance)
    given = request.GET.get("group", "")
    form = MeetingForm(posted(request), initial={"group": given if given in GroupKind.values else ""})
    made: list[Meeting] = []

    def act() -> None:
        made.append(
            plan_meeting(
                alliance,
                group_kind=form.cleaned_data["group"] or None,
                facts=_facts(form),
                actor=request.user,  # type: ignore[arg-type]
                at=timezone.now(),
            )
        )

    if request.method == "POST" and form.is_valid() and attempt(form, act):
        messages.success(request, _("The meeting is planned. Put items on its agenda, then send the invitation."))
        return redirect(url_of(made[0]))
    return form_page(
        request,
        form,
        title=_("New meeting"),
        crumbs=trail(_("New meeting")),
        back=reverse("meeting_list"),
        submit=_("Plan the meeting"),
        hint=_("Nobody is told before you send the invitation."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def meeting_edit(request: HttpRequest, code: str) -> HttpResponse:
    """Change a meeting that has not begun."""
    alliance = enter(request)
    meeting = find(alliance, code)
    require(request.user, PLAN_MEETING, meeting)
    form = MeetingForm(posted(request), initial=meeting_initial(meeting), fixed_body=True)

    def act() -> None:
        change_meeting(alliance, code, facts=_facts(form), actor=request.user, at=timezone.now())  # type: ignore[arg-type]

    if request.method == "POST" and form.is_valid() and attempt(form, act):
        messages.success(request, _("The meeting was changed."))
        return redirect(url_of(meeting))
    return form_page(
        request,
        form,
        title=_("Change the meeting"),
        crumbs=trail((meeting.code, url_of(meeting)), _("Change")),
        back=url_of(meeting),
        submit=_("Save"),
        hint=_("Those invited are told of another time or place.") if meeting.state == MeetingState.CONVENED else "",
    )


TABS = ("agenda", "attendance", "minutes", "actions")


@require_safe
@login_required
def meeting_detail(request: HttpRequest, code: str) -> HttpResponse:
    """A meeting in four tabs: agenda with papers, attendance and quorum, minutes, actions."""
    alliance = enter(request)
    meeting = find(alliance, code)
    tab = request.GET.get("tab", "")
    tab = tab if tab in TABS else "agenda"
    at = timezone.now()
    page = get_meeting_page(meeting)
    minutes = list_minutes(meeting)
    actions = list(list_actions(alliance, meeting=meeting))
    labels = {
        "agenda": (_("Agenda"), len(page.agenda)),
        "attendance": (_("Attendance"), len(page.attendance)),
        "minutes": (_("Minutes"), None),
        "actions": (_("Actions"), len(actions)),
    }
    may_plan = can(request.user, PLAN_MEETING, meeting)
    may_record = can(request.user, RECORD_MEETING, meeting)
    context = {
        "meeting": meeting,
        "page": page,
        "minutes": minutes,
        "actions": actions,
        "tab": tab,
        "tabs": [
            {"label": label, "count": count, "url": url_of(meeting, key), "current": key == tab}
            for key, (label, count) in labels.items()
        ],
        "today": timezone.localdate(),
        "may_plan": may_plan,
        "may_record": may_record,
        "agenda_open": may_plan and meeting.state in (MeetingState.PLANNED, MeetingState.CONVENED, MeetingState.UNDER_WAY),
        "movable": may_plan and meeting.state in (MeetingState.PLANNED, MeetingState.CONVENED),
        "recording": may_record and meeting.state in (MeetingState.UNDER_WAY, MeetingState.HELD),
        "sealed": any(row.approved_at for row in minutes),
        "steps": _steps(meeting, may_plan=may_plan, may_record=may_record),
        "short_notice": meeting.state == MeetingState.PLANNED and is_short_notice(meeting, at),
        "days_left": notice_days(meeting, at),
        "notice_days": NOTICE_DAYS,
        "answers": [
            {"label": capfirst(str(label)), "count": page.answers[value]}
            for value, label in AttendanceState.choices
            if page.answers[value]
        ],
        "crumbs": trail(meeting.code),
    }
    return render(request, "groups/meeting_detail.html", context)


def _steps(meeting: Meeting, *, may_plan: bool, may_record: bool) -> list[dict[str, Any]]:
    allowed = {CONVENE: may_plan, CANCEL_MEETING: may_plan, START_MEETING: may_record, CLOSE_MEETING: may_record}
    return [
        {
            "label": step.label,
            "url": reverse("meeting_step", kwargs={"code": meeting.code, "step": word}),
            "danger": step is CANCEL_MEETING,
        }
        for word, step in STEPS.items()
        if allowed[step] and meeting.state in step.sources
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def meeting_step(request: HttpRequest, code: str, step: str) -> HttpResponse:
    """Take a step with a meeting, after one look at what it does."""
    alliance = enter(request)
    meeting = find(alliance, code)
    if step not in STEPS:
        raise Http404
    chosen = STEPS[step]
    require(request.user, chosen.permission, meeting)
    form: Any = ReasonForm(posted(request)) if chosen is CANCEL_MEETING else ConfirmForm(posted(request))
    common: dict[str, Any] = {"actor": request.user, "at": timezone.now()}

    def act() -> None:
        if chosen is CONVENE:
            convene_meeting(alliance, code, **common)
        elif chosen is START_MEETING:
            start_meeting(alliance, code, **common)
        elif chosen is CLOSE_MEETING:
            close_meeting(alliance, code, **common)
        else:
            cancel_meeting(alliance, code, reason=form.cleaned_data["reason"], **common)

    if request.method == "POST" and form.is_valid() and attempt(form, act):
        words = {
            CONVENE: _("The invitation goes out now."),
            START_MEETING: _("The meeting is open. Note who is there."),
            CLOSE_MEETING: _("The meeting is closed. Write its minutes."),
            CANCEL_MEETING: _("The meeting is cancelled."),
        }
        messages.success(request, words[chosen])
        return redirect(url_of(meeting, "attendance" if chosen is START_MEETING else ""))
    page = get_meeting_page(meeting)
    hints = {
        CONVENE: _("Everybody entitled when the meeting begins is invited, finds it in the inbox and gets a mail."),
        START_MEETING: _("Answers are closed; who is entitled is settled for this moment."),
        CLOSE_MEETING: _("Whoever is not noted as there or excused was absent."),
        CANCEL_MEETING: _("Everybody invited is told, with your reason."),
    }
    warnings = []
    if chosen is CONVENE and is_short_notice(meeting, common["at"]):
        warnings.append(
            _("Only %(days)s days are left; the charter asks for %(asked)s (article 12).")
            % {"days": notice_days(meeting, common["at"]), "asked": NOTICE_DAYS}
        )
    if chosen is CLOSE_MEETING and not page.quorum.is_met:
        warnings.append(
            _("No quorum: %(present)s of the %(needed)s institutions needed are there.")
            % {"present": page.quorum.present, "needed": page.quorum.needed}
        )
    return form_page(
        request,
        form,
        title=chosen.label,
        crumbs=trail((meeting.code, url_of(meeting)), str(chosen.label)),
        back=url_of(meeting),
        submit=chosen.label,
        hint=hints[chosen],
        warnings=warnings,
        danger=chosen is CANCEL_MEETING,
    )


@require_safe
@login_required
def meeting_calendar(request: HttpRequest, code: str) -> HttpResponse:
    """The meeting as a calendar file, for whoever may see it."""
    alliance = request.alliance  # type: ignore[attr-defined]
    meeting = find(alliance, code)
    if not can(request.user, VIEW_MEETING, meeting):
        raise Http404
    in_office = can(request.user, VIEW_MEETINGS, alliance)
    content = calendar_text(
        uid=f"{meeting.uuid}@{alliance.slug}.alliance.invalid",
        made_at=timezone.now(),
        starts_at=meeting.starts_at,
        ends_at=meeting.ends_at,
        summary=title_of(meeting),
        location=", ".join(part for part in (meeting.place, meeting.link) if part),
        url=absolute_url(alliance, "meeting_detail" if in_office else "portal_meeting_detail", {"code": meeting.code}),
        cancelled=meeting.state == MeetingState.CANCELLED,
        sequence=int(timezone.now().timestamp()) // 60 % 2**31,
    )
    response = HttpResponse(content, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = attachment(f"{meeting.code}.ics")
    response["Cache-Control"] = "no-store"
    return response


def title_of(record: Any, field: str = "title") -> str:
    """A bilingual text in the reader's language, else the other one."""
    from alliance.templatetags.ui import pick_bilingual  # noqa: PLC0415 - loads templates

    return str(pick_bilingual(record, field)[0])


# ---------------------------------------------------------------------------------------------------------------- agenda


def _item_facts(form: ItemForm) -> ItemFacts:
    values = form.cleaned_data
    return ItemFacts(
        title_en=values["title_en"],
        title_zh=values["title_zh"],
        presenter_code=values["presenter"],
        motion_code=values["motion"],
        matter=values["matter"],
        minutes_of_time=values["minutes_of_time"],
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def agenda_add(request: HttpRequest, code: str) -> HttpResponse:
    """Put an item on the agenda."""
    alliance = enter(request)
    meeting = find(alliance, code)
    require(request.user, PLAN_MEETING, meeting)
    form = ItemForm(posted(request), initial={"motion": request.GET.get("motion", "")[:40]})

    def act() -> None:
        add_agenda_item(alliance, code, facts=_item_facts(form), actor=request.user, at=timezone.now())  # type: ignore[arg-type]

    if request.method == "POST" and form.is_valid() and attempt(form, act):
        messages.success(request, _("The item is on the agenda."))
        return redirect(url_of(meeting))
    return form_page(
        request,
        form,
        title=_("New item of the agenda"),
        crumbs=trail((meeting.code, url_of(meeting)), _("New item")),
        back=url_of(meeting),
        submit=_("Put on the agenda"),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def agenda_edit(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """Change an item, its place and its papers."""
    alliance = enter(request)
    meeting = find(alliance, code)
    require(request.user, PLAN_MEETING, meeting)
    item = (
        AgendaItem.objects.of(alliance).select_related("presenter", "motion").filter(meeting=meeting, number=number).first()
    )
    if item is None:
        raise Http404
    form = ItemForm(posted(request), initial=item_initial(item))

    def act() -> None:
        change_agenda_item(alliance, code, number, facts=_item_facts(form), actor=request.user, at=timezone.now())  # type: ignore[arg-type]

    if request.method == "POST" and form.is_valid() and attempt(form, act):
        messages.success(request, _("The item was changed."))
        return redirect(url_of(meeting))
    context = {
        "form": form,
        "meeting": meeting,
        "item": item,
        "papers": list(item.papers.select_related("file").order_by("added_at", "id")),
        "paper_form": PaperForm(),
        "movable": meeting.state in (MeetingState.PLANNED, MeetingState.CONVENED),
        "back": url_of(meeting),
        "crumbs": trail((meeting.code, url_of(meeting)), str(number)),
    }
    return render(request, "groups/agenda_item.html", context, status=422 if form.errors else 200)


@require_POST
@login_required
def agenda_move(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """Give an item another place."""
    alliance = enter(request)
    require(request.user, PLAN_MEETING, find(alliance, code))
    text = request.POST.get("to", "")
    if not text.isdecimal():
        raise InvalidInputError(_("Choose a place on the agenda."), code="place_unknown")
    move_agenda_item(alliance, code, number, to=int(text[:6]), actor=request.user, at=timezone.now())  # type: ignore[arg-type]
    return redirect("meeting_detail", code=code)


@require_POST
@login_required
def agenda_remove(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """Take an item off the agenda."""
    alliance = enter(request)
    remove_agenda_item(alliance, code, number, actor=request.user, at=timezone.now())  # type: ignore[arg-type]
    messages.success(request, _("The item was taken off the agenda."))
    return redirect("meeting_detail", code=code)


@require_POST
@login_required
@once
def paper_add(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """Add a paper to an item."""
    alliance = enter(request)
    meeting = find(alliance, code)
    require(request.user, PLAN_MEETING, meeting)
    form = PaperForm(request.POST, request.FILES)

    def act() -> None:
        add_paper(
            alliance,
            code,
            number,
            file=form.cleaned_data["file"],
            title=form.cleaned_data["title"],
            is_confidential=form.cleaned_data["is_confidential"],
            actor=request.user,  # type: ignore[arg-type]
            at=timezone.now(),
        )

    back = reverse("agenda_edit", kwargs={"code": code, "number": number})
    if form.is_valid() and attempt(form, act):
        messages.success(request, _("The paper was added."))
        return redirect(back)
    return form_page(
        request,
        form,
        title=_("Add a paper"),
        crumbs=trail((meeting.code, url_of(meeting)), (str(number), back), _("Paper")),
        back=back,
        submit=_("Add"),
    )


@require_POST
@login_required
def paper_remove(request: HttpRequest, code: str, paper: int) -> HttpResponse:
    """Remove a paper."""
    alliance = enter(request)
    remove_paper(alliance, code, paper, actor=request.user, at=timezone.now())  # type: ignore[arg-type]
    messages.success(request, _("The paper was removed."))
    return redirect("meeting_detail", code=code)


# ------------------------------------------------------------------------------------------------------------ attendance


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def attendance_note(request: HttpRequest, code: str) -> HttpResponse:
    """The sheet of attendance, a page at a time."""
    alliance = enter(request)
    meeting = find(alliance, code)
    require(request.user, RECORD_MEETING, meeting)
    at = timezone.now()
    rows = Attendance.objects.of(alliance).filter(meeting=meeting).select_related("institution", "user")
    page = paginate(rows, request.GET, ("institution__sort_key", "id"))
    people = list_people_of(alliance, [row.institution_id for row in page.items], meeting.began_at or at)
    error = ""
    if request.method == "POST":
        presence = {}
        known = {str(person.pk): person for group in people.values() for person in group}
        for row in page.items:
            state = request.POST.get(f"state-{row.institution_id}")
            if state is None:
                continue
            chosen = known.get(request.POST.get(f"person-{row.institution_id}", ""))
            presence[row.institution.code] = Presence(state, chosen)
            row.state, row.user = state, chosen
        try:
            changed = note_attendance(alliance, code, presence, actor=request.user, at=at)  # type: ignore[arg-type]
        except (PermissionRefusedError, NotFoundError):
            raise
        except DomainError as refusal:
            error = f"{refusal.reason} {refusal.remedy}".strip()
        else:
            messages.success(request, _("%(count)s entries were changed.") % {"count": changed})
            return redirect(url_of(meeting, "attendance"))
    context = {
        "meeting": meeting,
        "page": page,
        "rows": [(row, people.get(row.institution_id, [])) for row in page.items],
        "states": AttendanceState.choices,
        "error": error,
        "has_form_errors": bool(error),
        "back": url_of(meeting, "attendance"),
        "crumbs": trail((meeting.code, url_of(meeting)), _("Attendance")),
    }
    return render(request, "groups/attendance_sheet.html", context, status=422 if error else 200)


# --------------------------------------------------------------------------------------------------------------- actions


@require_safe
@login_required
def action_list(request: HttpRequest) -> HttpResponse:
    """Actions of all meetings by due date."""
    alliance = enter(request)
    state = request.GET.get("state", "open")
    state = state if state in (*ActionState.values, "overdue", "all") else "open"
    today = timezone.localdate()
    counts = count_actions(alliance, today)
    page = paginate(list_actions(alliance, state="" if state == "all" else state), request.GET, ("due_on", "id"))
    labels = [
        ("open", _("Open")),
        ("overdue", _("Overdue")),
        ("done", _("Done")),
        ("dropped", _("Dropped")),
        ("all", _("All")),
    ]
    context = {
        "page": page,
        "today": today,
        "tabs": [
            {"label": label, "url": f"?state={key}", "current": key == state, "count": counts.get(key)}
            for key, label in labels
        ],
        "crumbs": trail(_("Actions")),
    }
    return render(request, "groups/action_list.html", context)


def _action_facts(form: ActionForm) -> ActionFacts:
    values = form.cleaned_data
    return ActionFacts(
        text_en=values["text_en"],
        text_zh=values["text_zh"],
        due_on=values["due_on"],
        institution_code=values["institution"],
        item_number=int(values["item"]) if values["item"] else None,
        is_public=values["is_public"],
    )


def _items(meeting: Meeting) -> list[tuple[str, str]]:
    return [(str(item.number), f"{item.number}. {title_of(item)}") for item in meeting.agenda.order_by("number")]


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def action_add(request: HttpRequest, code: str) -> HttpResponse:
    """Note an action of a meeting."""
    alliance = enter(request)
    meeting = find(alliance, code)
    require(request.user, RECORD_MEETING, meeting)
    form = ActionForm(posted(request), items=_items(meeting), initial={"item": request.GET.get("item", "")})

    def act() -> None:
        add_action(alliance, code, facts=_action_facts(form), actor=request.user, at=timezone.now())  # type: ignore[arg-type]

    if request.method == "POST" and form.is_valid() and attempt(form, act):
        messages.success(request, _("The action was noted; it waits in the inbox of whoever does it."))
        return redirect(url_of(meeting, "actions"))
    return form_page(
        request,
        form,
        title=_("New action"),
        crumbs=trail((meeting.code, url_of(meeting, "actions")), _("New action")),
        back=url_of(meeting, "actions"),
        submit=_("Note the action"),
    )


def find_action(alliance: Alliance, uuid: Any) -> MeetingAction:
    """An action of the address."""
    action = list_actions(alliance).filter(uuid=uuid).first()
    if action is None:
        raise Http404
    return action


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def action_detail(request: HttpRequest, uuid: Any) -> HttpResponse:
    """One action: change it, or note what became of it."""
    alliance = enter(request)
    action = find_action(alliance, uuid)
    meeting = action.meeting
    may_settle = can(request.user, SETTLE_ACTION, action) and action.state == ActionState.OPEN
    act_name = request.POST.get("act", "")
    if request.method == "POST":
        require(request.user, SETTLE_ACTION, action)
    outcome = OutcomeForm(request.POST if request.method == "POST" and act_name != "change" else None)
    change = ActionForm(
        request.POST if act_name == "change" else None, items=_items(meeting), initial=action_initial(action)
    )
    common: dict[str, Any] = {"actor": request.user, "at": timezone.now()}

    def settle() -> None:
        settle_action(alliance, uuid, done=act_name == "done", outcome=outcome.cleaned_data["outcome"], **common)

    def alter() -> None:
        change_action(alliance, uuid, facts=_action_facts(change), **common)

    if request.method == "POST":
        if act_name == "change":
            if change.is_valid() and attempt(change, alter):
                messages.success(request, _("The action was changed."))
                return redirect("action_detail", uuid=uuid)
        elif outcome.is_valid() and attempt(outcome, settle):
            messages.success(request, _("Noted."))
            return redirect(url_of(meeting, "actions"))
    context = {
        "action": action,
        "meeting": meeting,
        "outcome": outcome,
        "change": change,
        "today": timezone.localdate(),
        "may_settle": may_settle,
        "may_change": may_settle
        and can(request.user, RECORD_MEETING, meeting)
        and not meeting.minutes.filter(approved_at__isnull=False).exists(),
        "has_form_errors": bool(outcome.errors or change.errors),
        "crumbs": trail((meeting.code, url_of(meeting, "actions")), _("Action")),
    }
    return render(request, "groups/action_detail.html", context, status=422 if context["has_form_errors"] else 200)
