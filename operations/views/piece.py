"""Pages of the pieces that the media group makes of products."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alliance.actions.idempotency import once
from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError
from alliance.kernel.permissions import can, require
from alliance.kernel.rich_text import render_markdown
from alliance.selectors.paging import paginate
from alliance.templatetags.ui import pick_bilingual
from groups.choices import GroupKind
from groups.selectors.conflict import list_recused
from operations.actions.piece import (
    PIECE_FIELDS,
    PieceConflictError,
    check_piece,
    draft_piece,
    publish_piece,
    renew_piece,
    submit_piece,
    update_piece,
    withdraw_piece,
)
from operations.choices import PieceAudience, PieceChannel, PieceKind, PieceState, ProductState, ReviewVerdict
from operations.forms.piece import PieceCheckForm, PieceForm, PublishForm
from operations.forms.product import ReasonForm, show_refusal
from operations.models import Piece, Product
from operations.permissions import (
    CHANGE_PIECE,
    CHECK_PIECE,
    PUBLISH_PIECE,
    START_PIECE,
    WITHDRAW_PIECE,
    own_institutions,
    seats_of,
)
from operations.selectors.piece import (
    WORKING_STATES,
    get_piece,
    list_checks,
    list_pieces,
    mark_of,
    pieces_of,
)
from operations.selectors.product import get_product
from operations.views.common import choose_institution, crumbs_of, frame, offer, product_url, tenant_of


def piece_url(piece: Piece) -> str:
    """Address of a piece's page."""
    return reverse("piece_detail", kwargs={"code": piece.product.code, "piece": piece.code})


def _back(request: HttpRequest, piece: Piece, words: str) -> HttpResponse:
    messages.success(request, words)
    return redirect(piece_url(piece))


def _frame(request: HttpRequest) -> dict[str, Any]:
    """Base template, with the entry of the navigation that led here: pieces where the reader has it, else the pilots."""
    context = frame(request)
    if context["in_console"] or can(request.user, START_PIECE, tenant_of(request)):
        request.nav_key = "pieces"  # type: ignore[attr-defined]
    return context


def _crumbs(request: HttpRequest, piece: Piece, label: str = "") -> list[dict[str, str]]:
    found = crumbs_of(request, piece.product, label or piece.code)
    if label:
        found.insert(-1, {"label": piece.code, "url": piece_url(piece)})
    return found


def _makers(request: HttpRequest, product: Product, *, at: datetime) -> set[int]:
    """Institutions the reader acts for that may make a piece: in the media group, not standing aside."""
    seats = seats_of(request.user, product.alliance, (GroupKind.MEDIA,), at=at)
    return seats - list_recused(product.alliance, product.matter) if seats else seats


def _may_check(request: HttpRequest, piece: Piece, *, at: datetime) -> set[int]:
    """Institutions for which the reader may give a word on the piece; as the action asks it."""
    mine = own_institutions(request.user, piece.alliance, at=at)
    if piece.maker_id in mine or request.user.pk in {piece.created_by_id, piece.changed_by_id}:
        return set()
    return set(piece.checking_institution_ids) & mine


def pieces_card(request: HttpRequest, product: Product) -> dict[str, Any]:
    """The pieces made of a product, on its page."""
    shown: list[dict[str, Any]] = [
        {"piece": piece, "mark": mark_of(piece), "url": piece_url(piece)}
        for piece in pieces_of(product)
        if can(request.user, "operations.view_piece", piece)
    ]
    waiting = len([row for row in shown if row["piece"].state in {PieceState.DRAFT, PieceState.IN_CHECK}])
    line = (
        ngettext("%(count)s is not checked yet", "%(count)s are not checked yet", waiting) % {"count": waiting}
        if waiting
        else ""
    )
    return {
        "pieces": shown,
        "pieces_line": line,
        "may_make_piece": product.state in WORKING_STATES
        and can(request.user, START_PIECE, product.alliance)
        and bool(_makers(request, product, at=timezone.now())),
    }


FACETS = (
    ("state", PieceState),
    ("kind", PieceKind),
    ("audience", PieceAudience),
    ("channel", PieceChannel),
)


@login_required
@require_safe
def piece_list(request: HttpRequest) -> HttpResponse:
    """Pieces of every product, newest first, with filters."""
    alliance = tenant_of(request)
    chosen = {name: request.GET.get(name, "") for name, _choices in FACETS}
    chosen = {name: chosen[name] if chosen[name] in choices.values else "" for name, choices in FACETS}
    chosen["q"] = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    chosen["source"] = "outdated" if request.GET.get("source") == "outdated" else ""
    page = paginate(list_pieces(alliance, request.user, **chosen), request.GET, order=("-created_at", "-id"), size=40)
    labels = {"state": _("State"), "kind": _("Kind"), "audience": _("For whom"), "channel": _("Where it goes out")}
    facets = [
        {
            "name": name,
            "label": labels[name],
            "options": [
                {"value": value, "label": label, "selected": value == chosen[name]} for value, label in choices.choices
            ],
        }
        for name, choices in FACETS
    ]
    facets.append(
        {
            "name": "source",
            "label": _("Product"),
            "options": [
                {"value": "outdated", "label": _("gone on, or out of use"), "selected": bool(chosen["source"])},
            ],
        }
    )
    context = {
        **_frame(request),
        "rows": [{"piece": piece, "mark": mark_of(piece), "url": piece_url(piece)} for piece in page.items],
        "page": page,
        "facets": facets,
        "q": chosen["q"],
        "is_filtered": any(chosen.values()),
    }
    return render(request, "operations/piece_list.html", context)


@login_required
@require_safe
def piece_detail(request: HttpRequest, code: str, piece: str) -> HttpResponse:
    """One piece: its text, the version it rests on, what the authors said, and the steps that are open."""
    found = get_piece(tenant_of(request), code, piece, reader=request.user)
    now = timezone.now()
    checkable = _may_check(request, found, at=now)
    changeable = can(request.user, CHANGE_PIECE, found) and found.product.state in WORKING_STATES
    context = {
        "crumbs": _crumbs(request, found),
        **_frame(request),
        "piece": found,
        "product": found.product,
        "mark": mark_of(found),
        "body": render_markdown(pick_bilingual(found, "body")[0]),
        "checks": list_checks(found),
        "stands": found.product.version,
        "may_edit": changeable and found.state in {PieceState.DRAFT, PieceState.APPROVED},
        "may_submit": changeable and found.state == PieceState.DRAFT,
        "may_renew": changeable and found.is_outdated and found.state in {PieceState.DRAFT, PieceState.APPROVED},
        "may_check": bool(checkable) and found.state == PieceState.IN_CHECK,
        "may_publish": found.state == PieceState.APPROVED
        and found.product.state == ProductState.RELEASED
        and not found.is_outdated
        and can(request.user, PUBLISH_PIECE, found),
        "waits_for_release": found.state == PieceState.APPROVED and found.product.state != ProductState.RELEASED,
        "may_withdraw": found.state != PieceState.WITHDRAWN and can(request.user, WITHDRAW_PIECE, found),
        "is_public": found.published_at is not None,
        "product_is_readable": can(request.user, "operations.view_product", found.product),
    }
    return render(request, "operations/piece_detail.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@once
def piece_draft(request: HttpRequest, code: str) -> HttpResponse:
    """Begin a piece of a product."""
    alliance = tenant_of(request)
    product = get_product(alliance, code, reader=request.user)
    require(request.user, START_PIECE, alliance)
    now = timezone.now()
    fitting = seats_of(request.user, alliance, (GroupKind.MEDIA,), at=now)
    form = PieceForm(request.POST or None, institutions=offer(alliance, fitting))
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                piece = draft_piece(
                    alliance,
                    code,
                    actor=request.user,  # type: ignore[arg-type]
                    institution_id=choose_institution(request, fitting, form.cleaned_data.get("institution") or None),
                    values={name: form.cleaned_data[name] for name in PIECE_FIELDS},
                    at=now,
                )
            except InvalidInputError as refusal:
                show_refusal(form, refusal)
            else:
                return _back(request, piece, _("Piece saved."))
    context = {
        "crumbs": crumbs_of(request, product, _("New piece")),
        **_frame(request),
        "form": form,
        "product": product,
        "heading": _("New piece"),
        "submit": _("Save draft"),
        "cancel_url": product_url(product),
    }
    return render(request, "operations/piece_form.html", context, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def piece_edit(request: HttpRequest, code: str, piece: str) -> HttpResponse:
    """Change a piece; when somebody else saved meanwhile, both texts are shown."""
    alliance = tenant_of(request)
    found = get_piece(alliance, code, piece, reader=request.user)
    require(request.user, CHANGE_PIECE, found)
    initial = {**{name: getattr(found, name) for name in PIECE_FIELDS}, "revision": found.revision}
    form = PieceForm(request.POST or None, initial=initial)
    theirs: list[dict[str, Any]] = []
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                update_piece(
                    alliance,
                    piece,
                    actor=request.user,  # type: ignore[arg-type]
                    values={name: form.cleaned_data[name] for name in PIECE_FIELDS},
                    revision=form.cleaned_data["revision"] or 0,
                    at=timezone.now(),
                )
            except PieceConflictError as conflict:
                form = _upon(request, conflict)
                theirs = _differences(form, conflict)
                status = 409
            except InvalidInputError as refusal:
                show_refusal(form, refusal)
            else:
                return _back(request, found, _("Saved."))
    context = {
        "crumbs": _crumbs(request, found, _("Edit")),
        **_frame(request),
        "piece": found,
        "product": found.product,
        "form": form,
        "theirs": theirs,
        "warning": _("The authors found this piece correct. After a change they check it again.")
        if found.state == PieceState.APPROVED
        else "",
        "heading": _("Edit the piece"),
        "submit": _("Save"),
        "cancel_url": piece_url(found),
    }
    return render(request, "operations/piece_form.html", context, status=status)


def _upon(request: HttpRequest, conflict: PieceConflictError) -> PieceForm:
    """The form again with what was typed, to be saved upon the text that stands now."""
    data = request.POST.copy()
    data["revision"] = str(conflict.revision)
    again = PieceForm(data)
    again.is_valid()
    again.add_error(None, f"{conflict.reason} {conflict.remedy}")
    return again


def _differences(form: PieceForm, conflict: PieceConflictError) -> list[dict[str, Any]]:
    """Fields in which what was typed differs from what stands now, choices in words."""
    found: list[dict[str, Any]] = []
    for name, value in conflict.theirs.items():
        typed = (form.data.get(name) or "").replace("\r\n", "\n").strip()
        if typed == str(value).replace("\r\n", "\n").strip():
            continue
        words: dict[Any, Any] = dict(getattr(form.fields[name], "choices", ()) or ())
        found.append(
            {
                "label": form.fields[name].label,
                "theirs": words.get(value, value),
                "yours": words.get(typed, typed),
            }
        )
    return found


@login_required
@require_POST
def piece_submit(request: HttpRequest, code: str, piece: str) -> HttpResponse:
    """Hand a piece in; what is missing is said on the page where it can be written."""
    alliance = tenant_of(request)
    found = get_piece(alliance, code, piece, reader=request.user)
    try:
        submit_piece(alliance, piece, actor=request.user, at=timezone.now())  # type: ignore[arg-type]
    except InvalidInputError as refusal:
        messages.error(request, str(refusal.reason))
        return redirect(reverse("piece_edit", kwargs={"code": code, "piece": piece}))
    return _back(request, found, _("Handed in. The authors are asked whether it is correct."))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def piece_check(request: HttpRequest, code: str, piece: str) -> HttpResponse:
    """Give an author's word on a piece, beside the version of the product it rests on."""
    alliance = tenant_of(request)
    found = get_piece(alliance, code, piece, reader=request.user)
    require(request.user, CHECK_PIECE, found)
    now = timezone.now()
    fitting = _may_check(request, found, at=now)
    form = PieceCheckForm(request.POST or None, institutions=offer(alliance, fitting), initial={"revision": found.revision})
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            data = form.cleaned_data
            try:
                check_piece(
                    alliance,
                    piece,
                    actor=request.user,  # type: ignore[arg-type]
                    institution_id=choose_institution(
                        request, fitting or found.checking_institution_ids, data.get("institution") or None
                    ),
                    verdict=data["verdict"],
                    comment=data["comment"],
                    revision=data["revision"] or 0,
                    at=now,
                )
            except InvalidInputError as refusal:
                show_refusal(form, refusal)
            else:
                approved = data["verdict"] == ReviewVerdict.APPROVE
                return _back(request, found, _("You found it correct.") if approved else _("Sent back to its maker."))
    context = {
        "crumbs": _crumbs(request, found, _("Check")),
        **_frame(request),
        "piece": found,
        "product": found.product,
        "version": found.version,
        "form": form,
        "body": render_markdown(pick_bilingual(found, "body")[0]),
        "other_body": _other_body(found),
        "source_body": render_markdown(pick_bilingual(found.version, "body")[0]),
        "stands_aside": bool(fitting) and fitting <= list_recused(alliance, found.product.matter),
        "is_own": not fitting,
        "is_open": found.state == PieceState.IN_CHECK,
        "cancel_url": piece_url(found),
    }
    return render(request, "operations/piece_check.html", context, status=status)


def _other_body(piece: Piece) -> Any:
    """The text in the language the reader does not read by choice, since both go out; empty where there is none."""
    shown, _fallback = pick_bilingual(piece, "body")
    other = piece.body_en if shown == piece.body_zh else piece.body_zh
    return render_markdown(other) if other and other != shown else ""


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def piece_publish(request: HttpRequest, code: str, piece: str) -> HttpResponse:
    """Publish a checked piece of a released product."""
    alliance = tenant_of(request)
    found = get_piece(alliance, code, piece, reader=request.user)
    require(request.user, PUBLISH_PIECE, found)
    form = PublishForm(request.POST or None, initial={"link": found.link})
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                publish_piece(
                    alliance,
                    piece,
                    actor=request.user,  # type: ignore[arg-type]
                    at=timezone.now(),
                    link=form.cleaned_data["link"],
                )
            except InvalidInputError as refusal:
                show_refusal(form, refusal)
            else:
                return _back(request, found, _("Published."))
    context = {
        "crumbs": _crumbs(request, found, _("Publish")),
        **_frame(request),
        "product": found.product,
        "form": form,
        "heading": _("Publish the piece"),
        "warning": _("It stands on the public site from now on, with a link to its product and back."),
        "submit": _("Publish"),
        "cancel_url": piece_url(found),
    }
    return render(request, "operations/product_step.html", context, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def piece_withdraw(request: HttpRequest, code: str, piece: str) -> HttpResponse:
    """Take a piece back, with the reason."""
    alliance = tenant_of(request)
    found = get_piece(alliance, code, piece, reader=request.user)
    require(request.user, WITHDRAW_PIECE, found)
    form = ReasonForm(request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                withdraw_piece(
                    alliance,
                    piece,
                    actor=request.user,  # type: ignore[arg-type]
                    reason=form.cleaned_data["reason"],
                    at=timezone.now(),
                )
            except InvalidInputError as refusal:
                show_refusal(form, refusal)
            else:
                return _back(request, found, _("Withdrawn."))
    context = {
        "crumbs": _crumbs(request, found, _("Withdraw")),
        **_frame(request),
        "product": found.product,
        "form": form,
        "heading": _("Withdraw the piece"),
        "warning": _("Its public page then says that it was withdrawn; the record stays. This cannot be undone.")
        if found.state == PieceState.PUBLISHED
        else _("Nobody can publish it then; the record stays. This cannot be undone."),
        "submit": _("Withdraw"),
        "danger": True,
        "cancel_url": piece_url(found),
    }
    return render(request, "operations/product_step.html", context, status=status)


@login_required
@require_POST
def piece_renew(request: HttpRequest, code: str, piece: str) -> HttpResponse:
    """Let a piece rest on the product's present version."""
    alliance = tenant_of(request)
    found = get_piece(alliance, code, piece, reader=request.user)
    try:
        renew_piece(alliance, piece, actor=request.user, at=timezone.now())  # type: ignore[arg-type]
    except NotFoundError:
        raise
    except DomainError as refusal:
        if refusal.code != "already_current":
            raise
        messages.info(request, str(refusal.reason))
        return redirect(piece_url(found))
    return _back(request, found, _("It rests on the present version now. Read it again, then hand it in."))
