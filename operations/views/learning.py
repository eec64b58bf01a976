"""The learner's page, certificates, and the public page that verifies one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alliance.kernel import limits
from alliance.kernel.addresses import absolute_url
from alliance.kernel.errors import NotFoundError
from alliance.kernel.permissions import can, require
from alliance.selectors.paging import paginate
from operations.actions.certificate import decide_naming, revoke_certificate
from operations.choices import CertificateState, EnrolmentState, LearningForm, SessionState
from operations.forms.learning import NamingForm
from operations.forms.product import ReasonForm
from operations.models import Certificate
from operations.permissions import (
    ENROL,
    NAME_ON_CERTIFICATE,
    REVOKE_CERTIFICATE,
    VIEW_CERTIFICATE,
    VIEW_CERTIFICATES,
    VIEW_OFFERS,
    own_institutions,
)
from operations.selectors.learning import (
    CERTIFICATE_ORDER,
    SESSION_ORDER,
    get_certificate,
    list_certificates,
    list_hosted,
    list_offers,
    list_own_certificates,
    list_own_enrolments,
    list_paths,
    own_places,
    stand_on,
    state_of,
    valid_credits,
    verify,
)
from operations.views.common import tenant_of
from operations.views.course import form_page, learning_frame

if TYPE_CHECKING:
    from alliance.kernel.requests import AllianceRequest


@login_required
@require_safe
def portal_learning(request: HttpRequest) -> HttpResponse:
    """What there is to learn; the reader's own places, credits, certificates and paths."""
    alliance, now = tenant_of(request), timezone.now()
    require(request.user, VIEW_OFFERS, alliance)
    today = timezone.localtime(now).date()
    form = request.GET.get("form", "")
    form = form if form in LearningForm.values else ""
    page = paginate(list_offers(alliance, at=now, form=form), request.GET, order=SESSION_ORDER, size=20)
    sessions: list[Any] = list(page.items)  # with the counts of the selector
    places = own_places(alliance, request.user, sessions)
    learns = can(request.user, ENROL, alliance)
    certificates = list_own_certificates(alliance, request.user)
    mine = own_institutions(request.user, alliance, at=now)
    hosted: list[Any] = list_hosted(alliance, mine) if mine else []
    for session in hosted:
        session.has_begun = session.state == SessionState.OPEN and session.starts_at <= now
    context = {
        **learning_frame(request),
        "page": page,
        "offers": [
            {
                "session": session,
                "place": places.get(session.pk),
                "is_full": session.places is not None
                and (session.enrolled_count >= session.places or session.waiting_count > 0),
                "left": None if session.places is None else max(0, session.places - session.enrolled_count),
            }
            for session in sessions
        ],
        "form": form,
        "forms": LearningForm.choices,
        "learns": learns,
        "enrolments": [
            {
                "enrolment": row,
                "certificate": getattr(row, "certificate", None),
                "may_leave": row.session.state == SessionState.OPEN and row.session.starts_at > now,
                "waits": row.state == EnrolmentState.WAITING,
            }
            for row in list_own_enrolments(alliance, request.user)
        ],
        "certificates": [{"certificate": one, "state": state_of(one, today)} for one in certificates],
        "credits": valid_credits(certificates, today),
        "paths": [stand_on(path, certificates, today) for path in list_paths(alliance, offered_only=True)],
        "hosted": hosted,
    }
    return render(request, "operations/portal_learning.html", context)


# ------------------------------------------------------------------------------------------------------------ certificates


@login_required
@require_safe
def certificate_list(request: HttpRequest) -> HttpResponse:
    """Certificates, newest first, with filters."""
    alliance, now = tenant_of(request), timezone.now()
    require(request.user, VIEW_CERTIFICATES, alliance)
    state = request.GET.get("state", "")
    states = [choice for choice in CertificateState.choices if choice[0] != CertificateState.UNKNOWN]
    state = state if state in {"expiring", *(value for value, _label in states)} else ""
    q = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    page = paginate(list_certificates(alliance, state=state, q=q, at=now), request.GET, order=CERTIFICATE_ORDER, size=40)
    today = timezone.localtime(now).date()
    context = {
        **learning_frame(request, {"label": _("Certificates"), "url": ""}),
        "page": page,
        "rows": [{"certificate": one, "state": state_of(one, today)} for one in page.items],
        "state": state,
        "states": states,
        "q": q,
        "is_filtered": bool(state or q),
    }
    return render(request, "operations/certificate_list.html", context)


def _open(request: HttpRequest, code: str) -> Certificate:
    certificate = get_certificate(tenant_of(request), code)
    if not can(request.user, VIEW_CERTIFICATE, certificate):
        raise NotFoundError
    return certificate


@login_required
@require_safe
def certificate_detail(request: HttpRequest, code: str) -> HttpResponse:
    """One certificate, made to be printed, with the address at which anybody verifies it."""
    certificate = _open(request, code)
    alliance = tenant_of(request)
    owns = can(request.user, NAME_ON_CERTIFICATE, certificate)
    state = state_of(certificate, timezone.localdate())
    context = {
        **learning_frame(request, {"label": certificate.code, "url": ""}),
        "certificate": certificate,
        "enrolment": certificate.enrolment,
        "course": certificate.enrolment.session.course,
        "person": certificate.enrolment.user,
        "state": state,
        "owns": owns,
        "may_revoke": certificate.revoked_at is None and can(request.user, REVOKE_CERTIFICATE, certificate),
        "verify_address": absolute_url(alliance, "certificate_verify", {}),
    }
    return render(request, "operations/certificate_detail.html", context)


@login_required
@require_POST
def certificate_naming(request: HttpRequest, code: str) -> HttpResponse:
    """The person decides whether the public page names them."""
    certificate = _open(request, code)
    form = NamingForm(request.POST)
    form.is_valid()
    is_named = bool(form.cleaned_data.get("is_named"))
    decide_naming(
        tenant_of(request),
        certificate.code,
        is_named=is_named,
        actor=request.user,  # type: ignore[arg-type]
        at=timezone.now(),
    )
    words = _("The public page names you now.") if is_named else _("The public page does not name you.")
    messages.success(request, words)
    return redirect("certificate_detail", code=certificate.code)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def certificate_revoke(request: HttpRequest, code: str) -> HttpResponse:
    """Revoke a certificate, with the reason."""
    certificate = _open(request, code)
    require(request.user, REVOKE_CERTIFICATE, certificate)
    address = reverse("certificate_detail", kwargs={"code": certificate.code})

    def act(data: dict[str, Any]) -> str:
        revoke_certificate(
            tenant_of(request),
            certificate.code,
            reason=data["reason"],
            actor=request.user,  # type: ignore[arg-type]
            at=timezone.now(),
        )
        return address

    return form_page(
        request,
        ReasonForm(request.POST or None),
        act,
        crumbs=[{"label": certificate.code, "url": address}, {"label": _("Revoke"), "url": ""}],
        heading=_("Revoke the certificate"),
        subtitle=certificate.enrolment.session.course.title,
        submit=_("Revoke the certificate"),
        done=_("The certificate is revoked; its credits count for nothing any more."),
        cancel_url=address,
        danger=True,
        explanation=_("The person is told the reason. The public page says at once that the certificate is revoked."),
    )


@never_cache
@require_safe
def certificate_verify(request: AllianceRequest) -> HttpResponse:
    """Anybody asks whether a certificate holds, by its code; works without script, and with the printed address."""
    request.nav_key = "certificates"
    asked = request.GET.get("code", "").replace("\x00", "").strip()[:80]
    found, refusal = None, None
    if asked:
        try:
            network = limits.network_of(request.META.get("REMOTE_ADDR", ""))
            limits.hit("certificate_network", request.alliance.pk, network)
            limits.hit("certificate_check", request.alliance.pk)
        except limits.RateLimitedError as error:
            refusal = error
        else:
            found = verify(request.alliance, asked, at=timezone.now())
    status = 429 if refusal else 200
    context = {"asked": asked, "found": found, "refusal": refusal}
    response = render(request, "operations/certificate_verify.html", context, status=status)
    response["X-Robots-Tag"] = "noindex"
    if refusal:
        response["Retry-After"] = str(refusal.standing.reset_seconds)
    return response
