"""What a product is made of: its files, who made it, and what it answers or rests on."""

from __future__ import annotations

import uuid
from typing import Any

from csp.decorators import csp
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alliance.actions.idempotency import once
from alliance.kernel.errors import InvalidInputError, NotFoundError
from alliance.kernel.permissions import can, require
from alliance.kernel.tables import attachment
from alliance.views.files import SANDBOX
from members.models import Institution
from operations.actions.contribution import CLOSED, Part, answer_contribution, name_contributions
from operations.actions.product_file import (
    add_file,
    may_change_files,
    open_public_file,
    publish_file,
    remove_file,
)
from operations.actions.reference import CLOSED as REFERENCES_CLOSED
from operations.actions.reference import add_reference, remove_reference
from operations.choices import ProductState, ReferenceKind
from operations.forms.product import show_refusal
from operations.forms.product_parts import AnswerPartForm, FileForm, PartRows, ReferenceForm
from operations.models import Product
from operations.permissions import (
    ANSWER_CONTRIBUTION,
    CHANGE_FILES,
    CHANGE_REFERENCES,
    NAME_CONTRIBUTIONS,
    own_institutions,
)
from operations.selectors.contribution import list_contributions
from operations.selectors.evidence import unsettled_contributions
from operations.selectors.product import get_product
from operations.selectors.product_file import list_files, list_needs
from operations.selectors.reference import list_references, list_referring
from operations.views.common import crumbs_of, frame, product_url, tenant_of


def files_card(request: HttpRequest, product: Product) -> dict[str, Any]:
    """Files in use and evidence that is still to be given."""
    return {
        "files": list_files(product, request.user),
        "evidence_needs": list_needs(product),
        "may_change_files": may_change_files(product, evidence=True) and can(request.user, CHANGE_FILES, product),
    }


def contributions_card(request: HttpRequest, product: Product) -> dict[str, Any]:
    """Who made it, with which share, and what is not settled yet."""
    parts = list_contributions(product)
    mine = own_institutions(request.user, product.alliance, at=timezone.now())
    is_open = product.state not in CLOSED
    return {
        "parts": parts,
        "parts_open": unsettled_contributions(product) if parts and is_open else [],
        "may_name_parts": is_open and can(request.user, NAME_CONTRIBUTIONS, product),
        "own_part": next(
            (part for part in parts if part.institution_id in mine and part.confirmed_at is None and is_open), None
        ),
    }


def references_card(request: HttpRequest, product: Product) -> dict[str, Any]:
    """What it answers or rests on, and which products refer to it."""
    return {
        "references": list_references(product, request.user),
        "referring": list_referring(product.alliance, request.user, ReferenceKind.PRODUCT, product.code),
        "may_refer": product.state not in REFERENCES_CLOSED and can(request.user, CHANGE_REFERENCES, product),
    }


# ------------------------------------------------------------------------------------------------------------------- files


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@once
def product_files(request: HttpRequest, code: str) -> HttpResponse:
    """Every file of a product, and one to add."""
    alliance = tenant_of(request)
    product = get_product(alliance, code, reader=request.user)
    may_change = may_change_files(product, evidence=True) and can(request.user, CHANGE_FILES, product)
    needs = list_needs(product)
    more: dict[str, Any] = {"needs": [one for one, _given in needs], "parts": may_change_files(product, evidence=False)}
    wanted = request.GET.get("evidence", "")
    form = FileForm(request.POST or None, request.FILES or None, initial={"evidence": wanted}, **more)
    status = 200
    if request.method == "POST":
        require(request.user, CHANGE_FILES, product)
        status = 422
        if form.is_valid():
            data = form.cleaned_data
            try:
                add_file(
                    alliance,
                    code,
                    file=data["file"],
                    evidence=data["evidence"],
                    title_en=data["title_en"],
                    title_zh=data["title_zh"],
                    is_public=data["is_public"],
                    actor=request.user,  # type: ignore[arg-type]
                    at=timezone.now(),
                )
            except InvalidInputError as refusal:
                if not refusal.fields:
                    form.add_error("file", " ".join(str(part) for part in (refusal.reason, refusal.remedy) if part))
                else:
                    show_refusal(form, refusal)
            else:
                messages.success(request, _("File added."))
                return redirect("product_files", code=code)
    context = {
        **frame(request),
        "product": product,
        "files": list_files(product, request.user),
        "removed": product.files.filter(removed_at__isnull=False)
        .select_related("file", "removed_by")
        .order_by("-removed_at"),
        "needs": needs,
        "may_change_files": may_change,
        "may_change_parts": may_change and more["parts"],
        "may_publish": product.state not in {ProductState.RETIRED, ProductState.WITHDRAWN}
        and can(request.user, CHANGE_FILES, product),
        "form": form if may_change or request.method == "POST" else None,
        "crumbs": crumbs_of(request, product, _("Files")),
    }
    return render(request, "operations/product_files.html", context, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def product_file_remove(request: HttpRequest, code: str, uuid: uuid.UUID) -> HttpResponse:
    """Take a file out, after asking."""
    alliance = tenant_of(request)
    product = get_product(alliance, code, reader=request.user)
    require(request.user, CHANGE_FILES, product)
    found = next((one for one in list_files(product, request.user) if one.row.file.uuid == uuid), None)
    if found is None:
        raise NotFoundError
    if request.method == "POST":
        remove_file(alliance, code, uuid, actor=request.user, at=timezone.now())  # type: ignore[arg-type]
        messages.success(request, _("The file was taken out. Versions that had it keep it."))
        return redirect("product_files", code=code)
    context = {
        **frame(request),
        "product": product,
        "found": found,
        "crumbs": crumbs_of(request, product, _("Take a file out")),
    }
    return render(request, "operations/product_file_remove.html", context)


@login_required
@require_POST
def product_file_publish(request: HttpRequest, code: str, uuid: uuid.UUID) -> HttpResponse:
    """Say whether anybody may download a file after the release."""
    alliance = tenant_of(request)
    get_product(alliance, code, reader=request.user)
    is_public = request.POST.get("is_public") == "1"
    publish_file(alliance, code, uuid, is_public=is_public, actor=request.user, at=timezone.now())  # type: ignore[arg-type]
    messages.success(
        request,
        _("Anybody may download it once the product is released.") if is_public else _("It is no longer for the public."),
    )
    return redirect("product_files", code=code)


@require_safe
@csp(SANDBOX)  # type: ignore[arg-type]
def product_public_file(request: HttpRequest, code: str, uuid: uuid.UUID) -> HttpResponseBase:
    """A public file of a released product, without signing in; saved and never shown, so that nothing in it runs here."""
    stored, content = open_public_file(tenant_of(request), code, uuid)
    response = FileResponse(content, content_type=stored.media_type)
    response["Content-Length"] = str(stored.size_bytes)
    response["Content-Disposition"] = attachment(stored.name)
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store"
    return response


# ----------------------------------------------------------------------------------------------------------- contributions


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def contribution_edit(request: HttpRequest, code: str) -> HttpResponse:
    """Name who made a product, all at once: the shares add up to 100."""
    alliance = tenant_of(request)
    product = get_product(alliance, code, reader=request.user)
    require(request.user, NAME_CONTRIBUTIONS, product)
    present = list_contributions(product)
    initial = [
        {
            "institution": part.institution_id,
            "role": part.role,
            "share": part.share,
            "words_en": part.words_en,
            "words_zh": part.words_zh,
        }
        for part in present
    ] or [{"institution": product.author_id, "role": "author", "share": 100}]
    offered = [
        (institution.pk, institution.name)
        for institution in Institution.objects.of(alliance).active().order_by("sort_key", "id")
    ]
    known = {pk for pk, _name in offered}
    offered += [(part.institution_id, part.institution.name) for part in present if part.institution_id not in known]
    rows = PartRows(request.POST or None, prefix="parts", initial=initial, form_kwargs={"institutions": offered})
    faults: list[str] = []
    status = 200
    if request.method == "POST":
        status = 422
        if rows.is_valid():
            used = [row for row in rows if row.cleaned_data.get("institution")]
            parts = [_part_of(row.cleaned_data) for row in used]
            try:
                name_contributions(alliance, code, parts, actor=request.user, at=timezone.now())  # type: ignore[arg-type]
            except InvalidInputError as refusal:
                faults = _place(used, refusal)
            else:
                messages.success(request, _("Saved. Each institution is asked to confirm its part."))
                return redirect(f"{product_url(product)}#contributions")
    context = {
        **frame(request),
        "product": product,
        "rows": rows,
        "faults": faults,
        "has_form_errors": status == 422,
        "cancel_url": product_url(product),
        "crumbs": crumbs_of(request, product, _("Who made it")),
    }
    return render(request, "operations/contribution_edit.html", context, status=status)


def _part_of(data: dict[str, Any]) -> Part:
    return Part(data["institution"], data["role"], data["share"], data["words_en"], data["words_zh"])


def _place(rows: list[Any], refusal: InvalidInputError) -> list[str]:
    """Put each fault at its field; those of the whole stand above."""
    above: list[str] = []
    for name, words in refusal.fields.items():
        _prefix, _dash, rest = name.partition("parts-")
        place, _dash, field = rest.partition("-")
        if place.isdecimal() and int(place) < len(rows) and field in rows[int(place)].fields:
            rows[int(place)].add_error(field, str(words))
        else:
            above.append(str(words))
    return above


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def contribution_answer(request: HttpRequest, code: str) -> HttpResponse:
    """Confirm or contest the part of one's own institution."""
    alliance = tenant_of(request)
    product = get_product(alliance, code, reader=request.user)
    mine = own_institutions(request.user, alliance, at=timezone.now())
    parts = [part for part in list_contributions(product) if part.institution_id in mine]
    chosen = request.POST.get("institution", "")
    waiting = [part for part in parts if part.confirmed_at is None]
    part = next((one for one in parts if one.institution.code == chosen), None)
    if part is None and not chosen:
        part = next(iter(waiting or parts), None)
    if part is None:
        raise NotFoundError
    require(request.user, ANSWER_CONTRIBUTION, part)
    form = AnswerPartForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            agrees = form.cleaned_data["answer"] == "confirm"
            try:
                answer_contribution(
                    alliance,
                    code,
                    institution_id=part.institution_id,
                    agrees=agrees,
                    reason=form.cleaned_data["reason"],
                    actor=request.user,  # type: ignore[arg-type]
                    at=timezone.now(),
                )
            except InvalidInputError as refusal:
                show_refusal(form, refusal)
            else:
                words = _("Confirmed.") if agrees else _("Contested. The author reads your reason.")
                messages.success(request, words)
                return redirect(f"{product_url(product)}#contributions")
    context = {
        **frame(request),
        "product": product,
        "part": part,
        "parts": list_contributions(product),
        "form": form,
        "cancel_url": product_url(product),
        "crumbs": crumbs_of(request, product, _("Your part")),
    }
    return render(request, "operations/contribution_answer.html", context, status=status)


# -------------------------------------------------------------------------------------------------------------- references


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@once
def reference_add(request: HttpRequest, code: str) -> HttpResponse:
    """What a product answers or rests on, and something to add."""
    alliance = tenant_of(request)
    product = get_product(alliance, code, reader=request.user)
    require(request.user, CHANGE_REFERENCES, product)
    form = ReferenceForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            data = form.cleaned_data
            try:
                add_reference(
                    alliance,
                    code,
                    kind=data["kind"],
                    to=data["to"],
                    words=data["words"],
                    url=data["url"],
                    actor=request.user,  # type: ignore[arg-type]
                    at=timezone.now(),
                )
            except InvalidInputError as refusal:
                show_refusal(form, refusal)
            else:
                messages.success(request, _("Reference added."))
                return redirect("reference_add", code=code)
    context = {
        **frame(request),
        "product": product,
        "references": list_references(product, request.user),
        "may_refer": product.state not in REFERENCES_CLOSED,
        "form": form,
        "cancel_url": product_url(product),
        "crumbs": crumbs_of(request, product, _("References")),
    }
    return render(request, "operations/references.html", context, status=status)


@login_required
@require_POST
def reference_remove(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """Take a reference out."""
    alliance = tenant_of(request)
    get_product(alliance, code, reader=request.user)
    remove_reference(alliance, code, number, actor=request.user, at=timezone.now())  # type: ignore[arg-type]
    messages.success(request, _("The reference was taken out."))
    return redirect("reference_add", code=code)
