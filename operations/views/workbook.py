"""The workbook of a pilot site: page, shell without network, and the few answers its script asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_safe

from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError
from alliance.kernel.permissions import require
from alliance.selectors.paging import paginate
from alliance.selectors.people import acting_institution_id
from members.models import Institution
from operations.actions.workbook import PilotClosedError, strike_entry, write_entry
from operations.choices import EntryKind
from operations.forms.product import show_refusal
from operations.forms.workbook import EntryForm, StrikeForm, bind, make_forms
from operations.models import WorkbookEntry
from operations.permissions import ANSWER_PILOT, own_institutions
from operations.selectors.product import get_product, latest_pilot
from operations.selectors.workbook import Workbook, get_workbook, list_entries, read_lines
from operations.views.common import tenant_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from operations.models import Product

ICONS: Final[dict[str, str]] = {
    EntryKind.READING: "ruler",
    EntryKind.SCORES: "star",
    EntryKind.DEFECT: "triangle-alert",
    EntryKind.SUGGESTION: "lightbulb",
    EntryKind.NOTE: "notebook-pen",
    EntryKind.PHOTO: "camera",
}
TODAY_AT_MOST: Final = 100


def _asks_for_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "") == "application/json"


def _problem(refusal: DomainError) -> JsonResponse:
    """A refusal for the page's script, as the API words it (RFC 9457)."""
    return JsonResponse(
        {
            "type": "about:blank",
            "title": str(refusal.reason),
            "detail": str(refusal.reason),
            "remedy": str(refusal.remedy),
            "status": refusal.status,
            "code": refusal.code,
            "errors": {name: str(words) for name, words in refusal.fields.items()},
        },
        status=refusal.status,
        content_type="application/problem+json",
    )


def _site_of(request: HttpRequest, product: Product, *, at: datetime) -> tuple[Institution, list[Institution]]:
    """The site written for, and all sites of the round the person may write for.

    Raises:
        NotFoundError: No round, or the named institution is no site of the person's.
        PermissionRefusedError: The person acts for no site.
    """
    alliance = tenant_of(request)
    pilot = latest_pilot(product)
    if pilot is None:
        raise NotFoundError
    pilot.product = product
    require(request.user, ANSWER_PILOT, pilot)
    ids = own_institutions(request.user, alliance, at=at) & set(pilot.participant_ids)
    sites = list(Institution.objects.of(alliance).filter(pk__in=ids).order_by("sort_key", "id"))
    code = request.POST.get("institution") or request.GET.get("institution")
    acting = acting_institution_id(request)
    chosen = (
        [site for site in sites if site.code == code] if code else [site for site in sites if site.pk == acting] or sites
    )
    if not chosen:
        raise NotFoundError
    return chosen[0], sites


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def pilot_workbook(request: HttpRequest, code: str) -> HttpResponse:
    """What a site enters on the shop floor; each entry arrives once, however often it is sent."""
    try:
        return _workbook(request, code)
    except DomainError as refusal:
        if request.method == "POST" and _asks_for_json(request):
            return _problem(refusal)
        raise


def _workbook(request: HttpRequest, code: str) -> HttpResponse:
    alliance = tenant_of(request)
    request.nav_key = "pilots"  # type: ignore[attr-defined]
    now = timezone.now()
    product = get_product(alliance, code, reader=request.user)
    site, sites = _site_of(request, product, at=now)
    workbook = get_workbook(alliance, product, site.pk, at=now)
    bound: EntryForm | None = None
    closed: DomainError | None = None
    status = 200
    if request.method == "POST":
        kind = request.POST.get("kind", "")
        bound = bind(kind, request.POST, request.FILES, workbook=workbook, at=now)
        if bound is None:
            words = _("Choose what you want to enter.")
            raise InvalidInputError(words, fields={"kind": words})
        try:
            entry, is_new = _take(request, product, site, bound, at=now)
        except DomainError as refusal:
            if _asks_for_json(request):
                return _problem(refusal)
            status = refusal.status
            if isinstance(refusal, PilotClosedError):
                closed = refusal
            elif refusal.code.startswith("upload"):
                bound.add_error("file", " ".join(str(part) for part in (refusal.reason, refusal.remedy) if part))
            elif refusal.code != "form_incomplete":
                show_refusal(bound, refusal, bound.names_of_refusal())
        else:
            if _asks_for_json(request):
                return JsonResponse({"key": str(entry.key), "new": is_new}, status=201 if is_new else 200)
            messages.success(request, _("Entered."))
            return redirect(f"{request.path}?institution={site.code}")
    return render(
        request,
        "operations/workbook.html",
        _context(request, workbook, site, sites, bound=bound, closed=closed, at=now),
        status=status,
    )


def _take(
    request: HttpRequest, product: Product, site: Institution, form: EntryForm, *, at: datetime
) -> tuple[WorkbookEntry, bool]:
    if not form.is_valid():
        errors = {name: " ".join(map(str, found)) for name, found in form.errors.items()}
        raise InvalidInputError(" ".join(errors.values()), code="form_incomplete", fields=errors)
    return write_entry(
        tenant_of(request),
        product.code,
        institution_id=site.pk,
        entry=form.entry(),
        actor=request.user,  # type: ignore[arg-type]
        at=at,
    )


def _context(
    request: HttpRequest,
    workbook: Workbook,
    site: Institution,
    sites: Sequence[Institution],
    *,
    bound: EntryForm | None,
    closed: DomainError | None,
    at: datetime,
) -> dict[str, Any]:
    shows_today = "all" not in request.GET
    page = None
    if shows_today:
        midnight = timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
        entries = list(list_entries(workbook).filter(received_at__gte=midnight)[:TODAY_AT_MOST])
    else:
        page = paginate(list_entries(workbook), request.GET, order=("-noted_at", "-id"))
        entries = page.items
    parts = make_forms(workbook, at=at, bound=bound)
    return {
        "code": workbook.product.code,
        "product": workbook.product,
        "pilot": workbook.pilot,
        "workbook": workbook,
        "site": site,
        "sites": sites if len(sites) > 1 else [],
        "parts": [
            {
                "form": form,
                "kind": form.kind,
                "label": EntryKind(form.kind).label,
                "icon": ICONS[form.kind],
                "is_open": form is bound or (bound is None and request.GET.get("kind") == form.kind),
                "phase": workbook.phases[0],
            }
            for form in parts
        ],
        "is_bound": bound is not None,
        "has_form_errors": bound is not None and bool(bound.errors),
        "refusal": closed,
        "lines": read_lines(workbook, entries, at=at),
        "shows_today": shows_today,
        "has_entries": bool(entries) or list_entries(workbook).exists(),
        "page": page,
        "sent_word": pgettext("an entry", "sent"),
        "crumbs": [
            {"label": _("Pilots"), "url": reverse("portal_pilots")},
            {"label": workbook.product.code, "url": reverse("product_detail", kwargs={"code": workbook.product.code})},
            {"label": _("Workbook"), "url": ""},
        ],
    }


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def pilot_workbook_strike(request: HttpRequest, code: str, key: UUID) -> HttpResponse:
    """Strike an entry of one's own site out, with the reason."""
    alliance = tenant_of(request)
    request.nav_key = "pilots"  # type: ignore[attr-defined]
    now = timezone.now()
    product = get_product(alliance, code, reader=request.user)
    own = own_institutions(request.user, alliance, at=now)
    entry = (
        WorkbookEntry.objects.of(alliance)
        .select_related("participant__institution", "file")
        .filter(key=key, participant__pilot__product=product, participant__institution_id__in=own)
        .first()
    )
    if entry is None:
        raise NotFoundError
    site = entry.participant.institution
    back = f"{reverse('pilot_workbook', kwargs={'code': code})}?institution={site.code}"
    workbook = get_workbook(alliance, product, site.pk, at=now)
    form = StrikeForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                strike_entry(
                    alliance,
                    code,
                    key,
                    institution_id=site.pk,
                    reason=form.cleaned_data["reason"],
                    actor=request.user,  # type: ignore[arg-type]
                    at=now,
                )
            except InvalidInputError as refusal:
                show_refusal(form, refusal)
            else:
                messages.success(request, _("Struck out. It stays readable with the reason and counts no more."))
                return redirect(back)
    context = {
        "base_template": "portal/base.html",
        "product": product,
        "form": form,
        "heading": _("Strike out an entry"),
        "warning": read_lines(workbook, [entry], at=now)[0].summary,
        "submit": _("Strike out"),
        "danger": True,
        "cancel_url": back,
    }
    return render(request, "operations/product_step.html", context, status=status)


@login_required
@require_safe
def pilot_workbook_state(request: HttpRequest, code: str) -> HttpResponse:  # noqa: ARG001 - stands below its workbook
    """Who is signed in, and a token to send with: what a page that waited without network has to ask first."""
    tenant_of(request)
    return JsonResponse({"owner": str(request.user.uuid), "token": get_token(request)})  # type: ignore[union-attr]


@require_safe
def pilot_workbook_shell(request: HttpRequest, code: str) -> HttpResponse:
    """The empty page for the time without network: the same for everybody and for every product."""
    tenant_of(request)
    return render(request, "operations/workbook_shell.html", {"code": code})


@require_safe
def pilot_workbook_worker(request: HttpRequest, code: str) -> HttpResponse:  # noqa: ARG001 - its place is its scope
    """The service worker; its scope is the path it stands under, the workbook's own."""
    tenant_of(request)
    response = render(request, "operations/workbook_worker.js", content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "no-cache"
    return response
