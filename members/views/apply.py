"""The public road to membership: choose the kind, fill in the form, and follow the application by its private link."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alliance.actions.idempotency import once
from alliance.kernel import limits
from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError
from members.actions.application import (
    EDITABLE,
    add_evidence,
    change_application,
    remove_evidence,
    start_application,
    submit_application,
    withdraw_application,
)
from members.actions.application_letter import digest_of
from members.choices import ApplicationState, EvidenceKind, InstitutionKind
from members.forms.application import ApplicationForm, EvidenceForm
from members.forms.institution import place_errors
from members.models import Application
from members.selectors.admission import REQUIREMENTS, element_words, missing_points
from members.selectors.application import list_evidence
from members.transitions import WITHDRAW_APPLICATION

if TYPE_CHECKING:
    from alliance.kernel.requests import AllianceRequest


def _crumbs(*more: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"label": _("Become a member"), "url": reverse("application_start")}, *more]


@require_safe
def application_start(request: AllianceRequest) -> HttpResponse:
    """What membership takes, and the seven kinds to choose from."""
    request.nav_key = "apply"
    kinds = [
        {
            "value": kind,
            "label": InstitutionKind(kind).label,
            "lead": needs.lead,
            "evidence": [EvidenceKind(each).label for each in needs.evidence],
        }
        for kind, needs in REQUIREMENTS.items()
    ]
    return render(request, "members/application_start.html", {"kinds": kinds})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@once
def application_create(request: AllianceRequest, kind: str) -> HttpResponse:
    """The form of one kind; nothing typed is lost when it is refused."""
    request.nav_key = "apply"
    if kind not in REQUIREMENTS:
        raise NotFoundError
    form = ApplicationForm(request.POST or None, kind=kind)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                _count(request)
                start_application(
                    request.alliance,
                    kind,
                    values=form.values(),
                    language=get_language() or "en",
                    duplicate_confirmed=form.cleaned_data["duplicate_confirmed"],
                    at=timezone.now(),
                )
            except limits.RateLimitedError as refusal:
                form.add_error(None, str(refusal.reason))
                status = 429
            except InvalidInputError as refusal:
                if refusal.code == "institution_known":
                    form.warn_of_duplicate()
                place_errors(form, refusal.fields, refusal.reason)
            else:
                return HttpResponseRedirect(reverse("application_sent"))
    label = InstitutionKind(kind).label
    context = {
        "form": form,
        "kind": kind,
        "kind_label": label,
        "evidence": [EvidenceKind(each).label for each in REQUIREMENTS[kind].evidence],
        "crumbs": _crumbs({"label": label}),
    }
    response = render(request, "members/application_form.html", context, status=status)
    if status == 429:
        response["Retry-After"] = "60"
    return response


def _count(request: AllianceRequest) -> None:
    network = limits.network_of(request.META.get("REMOTE_ADDR", ""))
    limits.hit("public_form_network", request.alliance.pk, "application", network)
    limits.hit("public_form", request.alliance.pk, "application")


@require_safe
def application_sent(request: AllianceRequest) -> HttpResponse:
    """What happens next, after the form was sent."""
    request.nav_key = "apply"
    return render(request, "members/application_sent.html", {"crumbs": _crumbs()})


# ------------------------------------------------------------------------------------------------ by the private link


def _find(request: AllianceRequest, token: str) -> Application:
    """The application of a private link; the same answer for a wrong link and one that is over."""
    request.nav_key = "apply"
    application = Application.objects.of(request.alliance).filter(access_digest=digest_of(token)).first()
    if application is None or (application.state == ApplicationState.EXPIRED and application.submitted_at is None):
        raise NotFoundError
    return application


def _private(response: HttpResponse) -> HttpResponse:
    # The address of this page is a key: no other host may learn it (see services.views.rating).
    response["Referrer-Policy"] = "same-origin"
    response["X-Robots-Tag"] = "noindex"
    return response


STAGES: tuple[tuple[str, frozenset[str]], ...] = (
    ("filled", frozenset({ApplicationState.UNCONFIRMED})),
    ("check", frozenset({ApplicationState.SUBMITTED, ApplicationState.SCREENING, ApplicationState.RETURNED})),
    ("committee", frozenset({ApplicationState.COMPLETE, ApplicationState.VOTING})),
    ("charter", frozenset({ApplicationState.ACCEPTED})),
)


def stages_of(application: Application) -> list[dict[str, Any]]:
    """The road of an application, for the row of steps."""
    labels = {
        "filled": _("Fill in and send"),
        "check": _("Secretariat checks"),
        "committee": _("Committee decides"),
        "charter": _("Accept the charter"),
    }
    now = next((place for place, (_key, states) in enumerate(STAGES) if application.state in states), len(STAGES))
    closed = now == len(STAGES)
    return [
        {"label": labels[key], "state": "" if closed else ("done" if place < now else "now" if place == now else "")}
        for place, (key, _states) in enumerate(STAGES)
    ]


def _file_page(
    request: AllianceRequest, application: Application, token: str, form: EvidenceForm | None = None, *, status: int = 200
) -> HttpResponse:
    evidence = list(list_evidence(application))
    editable = application.state in EDITABLE
    labels = {point["field"]: point["words"] for point in application.returned_points}
    context = {
        "application": application,
        "token": token,
        "evidence": evidence,
        "editable": editable,
        "form": form or (EvidenceForm(application=application) if editable else None),
        "missing": missing_points(application, {row.kind for row in evidence}),
        "returned": _returned(application) if application.state == ApplicationState.RETURNED else [],
        "points": labels,
        "stages": stages_of(application),
        "elements": [(element_words(row), row.get("statement", "")) for row in application.elements],
        "answers": [
            (question.label, application.answers.get(question.key, ""))
            for question in REQUIREMENTS[application.kind].questions
            if application.answers.get(question.key)
        ],
        "letters": list(application.letters.order_by("-created_at", "-id")),
        "may_withdraw": application.state in WITHDRAW_APPLICATION.sources,
        "may_send": application.state in {ApplicationState.UNCONFIRMED, ApplicationState.RETURNED},
        "crumbs": _crumbs({"label": application.code}),
    }
    return _private(render(request, "members/application_file.html", context, status=status))


def _returned(application: Application) -> list[dict[str, Any]]:
    from members.selectors.admission import field_labels  # noqa: PLC0415 - beside its use

    labels = field_labels(application.kind)
    return [
        {"label": labels.get(point["field"], point["field"]), "words": point["words"]}
        for point in application.returned_points
    ]


@never_cache
@require_safe
def application_file(request: AllianceRequest, token: str) -> HttpResponse:
    """The applicant's file. Reading it changes nothing, because mail programs open links by themselves."""
    return _file_page(request, _find(request, token), token)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@once
def application_edit(request: AllianceRequest, token: str) -> HttpResponse:
    """Change the answers, with the office's points beside the fields."""
    application = _find(request, token)
    back = reverse("application_file", kwargs={"token": token})
    if application.state not in EDITABLE:
        return redirect(back)
    form = ApplicationForm(request.POST or None, kind=application.kind, application=application)
    if request.method == "POST" and form.is_valid():
        try:
            change_application(request.alliance, token, values=form.values(), at=timezone.now())
        except InvalidInputError as refusal:
            place_errors(form, refusal.fields, refusal.reason)
        else:
            messages.success(request, _("Your changes were saved."))
            return HttpResponseRedirect(back)
    context = {
        "form": form,
        "application": application,
        "kind": application.kind,
        "kind_label": application.get_kind_display(),
        "back": back,
        "crumbs": _crumbs({"label": application.code, "url": back}, {"label": _("Edit")}),
    }
    return _private(render(request, "members/application_form.html", context, status=422 if form.errors else 200))


@never_cache
@require_POST
@once
def application_evidence_add(request: AllianceRequest, token: str) -> HttpResponse:
    """Add a file; one at a time, each is kept as soon as it is here."""
    application = _find(request, token)
    if application.state not in EDITABLE:
        return redirect("application_file", token=token)
    form = EvidenceForm(request.POST, request.FILES, application=application)
    status = 422
    if form.is_valid():
        try:
            _count_upload(request, application)
            add_evidence(
                request.alliance,
                token,
                kind=form.cleaned_data["kind"],
                file=form.cleaned_data["file"],
                at=timezone.now(),
            )
        except limits.RateLimitedError as refusal:
            status = 429
            wait = max(1, -(-refusal.standing.reset_seconds // 60))
            form.add_error(
                "file",
                ngettext(
                    "Too many files came in a short time. What you sent before is kept; add this one in %(n)s minute.",
                    "Too many files came in a short time. What you sent before is kept; add this one in %(n)s minutes.",
                    wait,
                )
                % {"n": wait},
            )
        except InvalidInputError as refusal:
            told = f"{refusal.reason} {refusal.remedy}".strip()
            place_errors(form, dict.fromkeys(refusal.fields or ["file"], told), refusal.reason)
        else:
            messages.success(request, _("The file was added."))
            return redirect("application_file", token=token)
    response = _file_page(request, application, token, form, status=status)
    if status == 429:
        response["Retry-After"] = "60"
    return response


def _count_upload(request: AllianceRequest, application: Application) -> None:
    """A link may be passed on and a network be shared: both are counted, so that nobody fills the storage from outside."""
    network = limits.network_of(request.META.get("REMOTE_ADDR", ""))
    limits.hit("public_upload", request.alliance.pk, "evidence", application.pk)
    limits.hit("public_upload_network", request.alliance.pk, "evidence", network)


@never_cache
@require_POST
def application_evidence_remove(request: AllianceRequest, token: str, evidence: int) -> HttpResponse:
    """Take a file back."""
    _find(request, token)
    remove_evidence(request.alliance, token, evidence, at=timezone.now())
    messages.success(request, _("The file was removed."))
    return redirect("application_file", token=token)


@never_cache
@require_POST
@once
def application_submit(request: AllianceRequest, token: str) -> HttpResponse:
    """Send the application to the secretariat."""
    _find(request, token)
    submit_application(request.alliance, token, at=timezone.now())
    messages.success(request, _("Your application was sent. A receipt goes to your mail address."))
    return redirect("application_file", token=token)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def application_withdraw(request: AllianceRequest, token: str) -> HttpResponse:
    """Ask before an application is withdrawn, then withdraw it."""
    application = _find(request, token)
    back = reverse("application_file", kwargs={"token": token})
    if request.method == "POST":
        try:
            withdraw_application(request.alliance, token, at=timezone.now())
        except DomainError as refusal:
            messages.error(request, str(refusal.reason))
        else:
            messages.success(request, _("The application was withdrawn."))
        return HttpResponseRedirect(back)
    crumbs = _crumbs({"label": application.code, "url": back}, {"label": _("Withdraw")})
    return _private(
        render(request, "members/application_withdraw.html", {"application": application, "back": back, "crumbs": crumbs})
    )
