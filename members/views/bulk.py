"""Acts on many institutions, and saved views of the list (mock 02)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from alliance.actions.idempotency import once
from alliance.actions.saved_views import clean_query, drop_view, save_view
from alliance.kernel.errors import DomainError, InvalidInputError
from alliance.kernel.permissions import require
from members.actions.bulk import act_on_many, undo_many
from members.forms.institution import place_errors
from members.models import BulkAct, Institution
from members.permissions import BULK_INSTITUTIONS
from members.selectors.bulk import bulk_kinds, can_undo, get_bulk_act, name_institutions
from members.selectors.institution import narrow, parse_query, with_supplies
from members.views.institution import enter_console, export, orders

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet
    from django.http import HttpRequest

SHOWN = 100


def _selection(request: HttpRequest, query: str) -> QuerySet[Institution]:
    """The institutions meant by a posted form: those ticked, or all that the list shows, in the list's order."""
    alliance = request.alliance  # type: ignore[attr-defined]
    values = parse_qs(query)
    choices = orders()
    order = choices.get((values.get("sort") or ["name"])[-1], choices["name"])
    if request.POST.get("select_all_results"):
        asked = parse_query(lambda name: values.get(name, []))
        return narrow(alliance, asked, timezone.localdate()).order_by(*order)
    codes = [code for code in request.POST.getlist("chosen")[:1000] if "\x00" not in code]
    return Institution.objects.of(alliance).filter(code__in=codes).order_by(*order)


@require_POST
@login_required
@once
def institution_act(request: HttpRequest) -> HttpResponse:
    """Ask what an act on the selection needs, then do it."""
    alliance = enter_console(request)
    require(request.user, BULK_INSTITUTIONS, alliance)
    query = clean_query(request.POST.get("query", ""))
    back = f"{reverse('institution_list')}?{query}" if query else reverse("institution_list")
    act = request.POST.get("act", "")
    found = _selection(request, query)
    if act == "csv":
        return export(alliance, with_supplies(alliance, found, timezone.localdate()))
    ids = list(found.values_list("pk", flat=True))
    if act not in bulk_kinds or not ids:
        messages.error(request, _("Choose at least one institution, then an action."))
        return redirect(back)
    kind = bulk_kinds.get(act)
    confirmed = bool(request.POST.get("confirmed"))
    form = kind.form(request.POST if confirmed else None)
    if confirmed and form.is_valid():
        try:
            record = act_on_many(alliance, act, ids, params=form.pack(), actor=request.user, at=timezone.now())  # type: ignore[arg-type]
        except InvalidInputError as refusal:
            place_errors(form, refusal.fields, f"{refusal.reason} {refusal.remedy}".strip())
        else:
            if record.refused or record.job is not None:
                return redirect("institution_acted", uuid=record.uuid)
            return redirect(f"{back}{'&' if query else '?'}done={record.uuid}")
    names = name_institutions(alliance, ids, SHOWN)
    context = {
        "kind": kind,
        "form": form,
        "query": query,
        "everything": bool(request.POST.get("select_all_results")),
        "codes": [] if request.POST.get("select_all_results") else request.POST.getlist("chosen")[:1000],
        "institutions": [names[pk] for pk in ids[:SHOWN] if pk in names],
        "total": len(ids),
        "more": max(0, len(ids) - SHOWN),
        "back": back,
        "crumbs": [{"label": _("Institutions"), "url": back}, {"label": kind.label}],
    }
    return render(request, "members/institution_act.html", context, status=422 if form.errors else 200)


@require_safe
@login_required
def institution_acted(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """What an act on many came to: done, refused with reasons, and undo while it is possible."""
    alliance = enter_console(request)
    require(request.user, BULK_INSTITUTIONS, alliance)
    record = get_bulk_act(alliance, uuid)
    if record is None or record.act not in bulk_kinds:
        raise Http404
    refused = record.refused[:SHOWN]
    names = name_institutions(alliance, [pk for pk, _reason in refused], SHOWN)
    context = {
        "record": record,
        "kind": bulk_kinds.get(record.act),
        "job": record.job,
        "job_url": reverse("job_detail", kwargs={"uuid": record.job.uuid}) if record.job else "",
        "refused": [(names[pk], reason) for pk, reason in refused if pk in names],
        "may_undo": can_undo(record, request.user, timezone.now()),
        "crumbs": [
            {"label": _("Institutions"), "url": reverse("institution_list")},
            {"label": bulk_kinds.get(record.act).label},
        ],
    }
    return render(request, "members/institution_acted.html", context)


@require_POST
@login_required
def institution_act_undo(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Take an act on many back."""
    alliance = enter_console(request)
    require(request.user, BULK_INSTITUTIONS, alliance)
    try:
        record = undo_many(alliance, uuid, actor=request.user, at=timezone.now())  # type: ignore[arg-type]
    except BulkAct.DoesNotExist:
        raise Http404 from None
    except DomainError as refusal:
        messages.error(request, f"{refusal.reason} {refusal.remedy}".strip())
        return redirect("institution_acted", uuid=uuid)
    n = len(record.done)
    words = ngettext("Undone for %(n)s institution.", "Undone for %(n)s institutions.", n)
    messages.success(request, words % {"n": n})
    return redirect("institution_list")


@require_POST
@login_required
@once
def institution_view_save(request: HttpRequest) -> HttpResponse:
    """Keep the list as it is seen under a name."""
    alliance = enter_console(request)
    query = clean_query(request.POST.get("query", ""))
    try:
        view = save_view(
            alliance,
            "institution_list",
            request.POST.get("name", "")[:60],
            query,
            is_shared=bool(request.POST.get("is_shared")),
            actor=request.user,  # type: ignore[arg-type]
            at=timezone.now(),
        )
    except InvalidInputError as refusal:
        messages.error(request, str(refusal.reason))
    else:
        messages.success(request, _("The view “%(name)s” was kept.") % {"name": view.name})
    return redirect(f"{reverse('institution_list')}?{query}" if query else reverse("institution_list"))


@require_POST
@login_required
def institution_view_drop(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Delete one's own view."""
    alliance = enter_console(request)
    drop_view(alliance, uuid, actor=request.user)  # type: ignore[arg-type]
    messages.success(request, _("The view was deleted."))
    return redirect("institution_list")
