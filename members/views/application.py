"""Pages of the console about applications for membership."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alliance.actions.idempotency import once
from alliance.kernel.errors import InvalidInputError, NotFoundError
from alliance.kernel.permissions import can, require
from alliance.selectors.paging import paginate
from members.actions.application import (
    complete_application,
    give_reasons,
    reopen_screening,
    return_application,
    start_screening,
)
from members.choices import ApplicationState
from members.forms.application import ReasonsForm, ReturnForm
from members.forms.institution import place_errors
from members.models import Application, Institution
from members.permissions import LIST_APPLICATIONS, SCREEN_APPLICATION, VIEW_APPLICATION, codes_kept_from
from members.selectors.admission import REQUIREMENTS, check_completeness, element_words, field_labels, missing_points
from members.selectors.application import (
    decision_links,
    find_members_like,
    find_other_applications,
    get_application,
    list_application_facets,
    list_applications,
    list_evidence,
    list_links,
    parse_application_query,
)
from members.selectors.duplicate import find_twins
from members.selectors.history import list_history
from members.selectors.regions import region_name
from members.transitions import COMPLETE_APPLICATION, REOPEN_SCREENING, RETURN_APPLICATION, START_SCREENING
from members.views.apply import stages_of

if TYPE_CHECKING:
    from alliance.kernel.requests import AllianceRequest


def _enter(request: AllianceRequest) -> Any:
    require(request.user, LIST_APPLICATIONS, request.alliance)
    request.nav_key = "applications"
    return request.alliance


def _find(request: AllianceRequest, code: str) -> Application:
    """The application of an address; the same answer for none and for one its applicant has not sent."""
    try:
        application = get_application(request.alliance, code)
    except Application.DoesNotExist:
        raise NotFoundError from None
    require(request.user, VIEW_APPLICATION, application)
    return application


@require_safe
@login_required
def application_list(request: AllianceRequest) -> HttpResponse:
    """Applications, newest first, with filters and counts."""
    alliance = _enter(request)
    query = parse_application_query(request.GET.getlist)
    hidden = codes_kept_from(request.user, alliance, "application")
    page = paginate(list_applications(alliance, query, hidden=hidden), request.GET, ("-created_at", "-id"))
    facets = list_application_facets(alliance, query, hidden=hidden)
    chips = []
    for facet in facets:
        for option in facet.options:
            if option.selected:
                address = request.GET.copy()
                address.setlist(facet.name, [value for value in address.getlist(facet.name) if value != option.value])
                for name in ("after", "before"):
                    address.pop(name, None)
                chips.append({"label": option.label, "url": f"?{address.urlencode()}"})
    context = {
        "query": query,
        "page": page,
        "facets": facets,
        "chips": chips,
        "clear_url": reverse("application_list"),
        "kept": [("q", query.q)] if query.q else [],
        "total": list_applications(alliance, query, hidden=hidden).count(),
        "hidden": len(hidden),
        "now": timezone.now(),
        "form_url": reverse("application_start"),
    }
    return render(request, "members/application_list.html", context)


@require_safe
@login_required
def application_detail(request: AllianceRequest, code: str) -> HttpResponse:
    """One file: what it says, what is missing, its evidence, letters and record, and the steps that are open."""
    _enter(request)
    application = _find(request, code)
    evidence = list(list_evidence(application))
    points = check_completeness(application, {row.kind for row in evidence})
    may_screen = can(request.user, SCREEN_APPLICATION, application)
    labels = field_labels(application.kind)
    decision = next((link for find in decision_links.values() if (link := find(application))), None)
    context = {
        "application": application,
        "crumbs": [{"label": _("Applications"), "url": reverse("application_list")}, {"label": application.code}],
        "stages": stages_of(application),
        "points": points,
        "missing": [point for point in points if not point.met],
        "returned": [
            {"label": labels.get(point["field"], point["field"]), "words": point["words"]}
            for point in application.returned_points
        ],
        "evidence": evidence,
        "elements": [(element_words(row), row.get("statement", "")) for row in application.elements],
        "answers": [
            (question.label, application.answers.get(question.key, ""))
            for question in REQUIREMENTS[application.kind].questions
        ],
        "letters": list(application.letters.order_by("-created_at", "-id")),
        "history": list_history(request.alliance, application),
        "facts": _facts(application),
        "twins": _twins(application),
        "others": list(find_other_applications(application)[:5]),
        "now": timezone.now(),
        "links": list_links(application, request.user),
        "decision_url": reverse(decision[0], kwargs=decision[1]) if decision else "",
        "may_start": may_screen and application.state in START_SCREENING.sources,
        "may_check": may_screen and application.state in COMPLETE_APPLICATION.sources,
        "may_reopen": may_screen and application.state in REOPEN_SCREENING.sources,
        "may_reason": may_screen and application.state == ApplicationState.REJECTED and not application.decision_reason,
    }
    return render(request, "members/application_detail.html", context)


def _twins(application: Application) -> list[Institution]:
    """Entries that are, or may be, the applicant: the same name or code first, then those alike; never a merged one."""
    exact = list(find_members_like(application).exclude(pk=application.institution_id or 0)[:5])
    alike = find_twins(
        application.alliance,
        application.name_en,
        application.name_zh,
        application.registry_code,
        application.web or application.contact_email,
        but=application.institution_id,
    )
    known = {entry.pk for entry in exact}
    return [*exact, *(twin.institution for twin in alike if twin.institution.pk not in known)][:5]


def _facts(application: Application) -> list[dict[str, Any]]:
    place = region_name(application.region_code) if application.region_code else application.country_code
    return [
        {"label": _("Kind"), "value": capfirst(application.get_kind_display())},
        {"label": _("Finer kind"), "value": capfirst(application.get_subkind_display()) if application.subkind else ""},
        {"label": _("Registry code"), "value": application.registry_code},
        {"label": _("Region"), "value": place},
        {"label": _("Web site"), "value": application.web, "url": application.web},
        {"label": _("Contact person"), "value": application.contact_name},
        {
            "label": _("Contact e-mail"),
            "value": application.contact_email,
            "url": f"mailto:{application.contact_email}" if application.contact_email else "",
        },
        {"label": _("Telephone"), "value": application.contact_phone},
        {"label": _("Representative"), "value": application.representative_name},
        {"label": _("E-mail of the representative"), "value": application.representative_email},
        {"label": _("Language of letters"), "value": "中文" if application.language.startswith("zh") else "English"},
        {
            "label": _("Checked by"),
            "value": application.screened_by.get_full_name() if application.screened_by else "",
        },
    ]


@require_POST
@login_required
def application_screen(request: AllianceRequest, code: str) -> HttpResponse:
    """Take the application into screening."""
    _find(request, code)
    start_screening(request.alliance, code, actor=request.user, at=timezone.now())
    messages.success(request, _("You check this application now."))
    return redirect("application_detail", code=code)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def application_return(request: AllianceRequest, code: str) -> HttpResponse:
    """Say beside each field what is missing, then send everything back at once."""
    _enter(request)
    application = _find(request, code)
    require(request.user, SCREEN_APPLICATION, application)
    RETURN_APPLICATION.check(application.state)
    with translation.override(application.language):  # the applicant reads these words
        missing = missing_points(application, {row.kind for row in list_evidence(application)})
    form = ReturnForm(
        request.POST or None,
        application=application,
        initial={f"point_{point.field}": point.words for point in missing},
    )
    back = reverse("application_detail", kwargs={"code": code})
    if request.method == "POST" and form.is_valid():
        try:
            return_application(request.alliance, code, points=form.points(), actor=request.user, at=timezone.now())
        except InvalidInputError as refusal:
            place_errors(form, refusal.fields, refusal.reason)
        else:
            messages.success(request, _("The application was sent back; the applicant gets a letter with every point."))
            return redirect(back)
    context = {
        "form": form,
        "application": application,
        "back": back,
        "crumbs": [
            {"label": _("Applications"), "url": reverse("application_list")},
            {"label": application.code, "url": back},
            {"label": RETURN_APPLICATION.label},
        ],
    }
    return render(request, "members/application_return.html", context, status=422 if form.errors else 200)


@require_POST
@login_required
def application_complete(request: AllianceRequest, code: str) -> HttpResponse:
    """Mark the file as complete."""
    _find(request, code)
    try:
        complete_application(request.alliance, code, actor=request.user, at=timezone.now())
    except InvalidInputError as refusal:
        messages.error(request, f"{refusal.reason} {refusal.remedy}".strip())
    else:
        messages.success(request, _("The file is complete and can be put to the committee."))
    return redirect("application_detail", code=code)


@require_POST
@login_required
def application_reopen(request: AllianceRequest, code: str) -> HttpResponse:
    """Check a complete file again."""
    _find(request, code)
    reopen_screening(request.alliance, code, actor=request.user, at=timezone.now())
    messages.success(request, _("You check this application now."))
    return redirect("application_detail", code=code)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@once
def application_reasons(request: AllianceRequest, code: str) -> HttpResponse:
    """Write the committee's reasons; the letter goes out with them."""
    _enter(request)
    application = _find(request, code)
    require(request.user, SCREEN_APPLICATION, application)
    back = reverse("application_detail", kwargs={"code": code})
    form = ReasonsForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            give_reasons(request.alliance, code, reason=form.cleaned_data["reason"], actor=request.user, at=timezone.now())
        except InvalidInputError as refusal:
            place_errors(form, refusal.fields, refusal.reason)
        else:
            messages.success(request, _("The letter with the reasons goes to the applicant."))
            return redirect(back)
    context = {
        "form": form,
        "application": application,
        "back": back,
        "title": _("Reasons for not admitting %(name)s") % {"name": application.name},
        "submit": _("Send the letter"),
        "crumbs": [
            {"label": _("Applications"), "url": reverse("application_list")},
            {"label": application.code, "url": back},
            {"label": _("Reasons")},
        ],
    }
    return render(request, "members/application_act.html", context, status=422 if form.errors else 200)
