"""Pages about entries that may be one institution: pairs found, both entries side by side, merge, undo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alliance.kernel.errors import InvalidInputError
from alliance.kernel.formats import format_day
from alliance.kernel.permissions import can, require
from alliance.selectors.paging import paginate
from members.actions.duplicate import dismiss_pair, note_pair, reopen_pair, start_search
from members.actions.merge import merge_institutions, preview_merge, undo_merge
from members.choices import DuplicateState, InstitutionState
from members.forms.duplicate import PairForm
from members.forms.institution import place_errors
from members.models import DuplicatePair, Institution, InstitutionMerge
from members.permissions import HANDLE_DUPLICATES, VIEW_DUPLICATES
from members.selectors.duplicate import (
    can_be_undone,
    count_open_pairs,
    get_merge,
    get_pair,
    list_merge_steps,
    list_merges,
    list_pairs,
    reason_words,
)
from members.selectors.merge import count_linked
from members.selectors.regions import region_name
from members.views.institution import enter_console

if TYPE_CHECKING:
    import uuid as uuids

    from django.http import HttpRequest, HttpResponse

    from alliance.models import Alliance
    from members.actions.merge import Preview


def _enter(request: HttpRequest) -> Alliance:
    alliance: Alliance = enter_console(request)
    require(request.user, VIEW_DUPLICATES, alliance)
    return alliance


def _crumbs(*more: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"label": _("Institutions"), "url": reverse("institution_list")},
        {"label": _("Duplicates"), "url": reverse("duplicate_list")},
        *more,
    ]


def _tabs(alliance: Alliance, current: str) -> list[dict[str, Any]]:
    here = reverse("duplicate_list")
    return [
        {
            "label": label,
            "url": here if key == "open" else f"{here}?show={key}",
            "current": key == current,
            "count": count_open_pairs(alliance) if key == "open" else None,
        }
        for key, label in (("open", _("To be looked at")), ("dismissed", _("Not the same")), ("merged", _("Merged")))
    ]


@require_safe
@login_required
def duplicate_list(request: HttpRequest) -> HttpResponse:
    """Pairs that may be one institution, the likeliest first; those dismissed; merges with their undo."""
    alliance = _enter(request)
    show = request.GET.get("show", "open")
    show = show if show in {"open", "dismissed", "merged"} else "open"
    if show == "merged":
        page: Any = paginate(list_merges(alliance), request.GET, ("-merged_at", "-id"))
    else:
        page = paginate(list_pairs(alliance, DuplicateState(show)), request.GET, ("-score", "-id"))
    at = timezone.now()
    context = {
        "show": show,
        "page": page,
        "rows": [
            {"merge": item, "can_be_undone": can_be_undone(item, at)}
            if show == "merged"
            else {"pair": item, "reasons": reason_words(item.reasons)}
            for item in page.items
        ],
        "tabs": _tabs(alliance, show),
        "form": PairForm(),
        "crumbs": [*_crumbs()[:1], {"label": _("Duplicates")}],
        "may_handle": can(request.user, HANDLE_DUPLICATES, alliance),
    }
    return render(request, "members/duplicate_list.html", context)


@require_POST
@login_required
def duplicate_search(request: HttpRequest) -> HttpResponse:
    """Look through the whole alliance as a job."""
    alliance = enter_console(request)
    job = start_search(alliance, actor=request.user)  # type: ignore[arg-type]
    return redirect("job_detail", uuid=job.uuid)


@require_safe
@login_required
def duplicate_search_of_job(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:  # noqa: ARG001 - one list for all searches
    """From a search to what was found."""
    _enter(request)
    return redirect("duplicate_list")


@require_http_methods(["POST"])
@login_required
def duplicate_compare(request: HttpRequest) -> HttpResponse:
    """Compare two entries that a person names."""
    alliance = enter_console(request)
    require(request.user, HANDLE_DUPLICATES, alliance)
    form = PairForm(request.POST)
    if form.is_valid():
        try:
            pair = note_pair(
                alliance,
                form.cleaned_data["first"],
                form.cleaned_data["second"],
                actor=request.user,  # type: ignore[arg-type]
                at=timezone.now(),
            )
        except InvalidInputError as refusal:
            place_errors(form, refusal.fields, refusal.reason)
        else:
            return redirect("duplicate_pair", uuid=pair.uuid)
    context = {"form": form, "crumbs": _crumbs({"label": _("Compare two entries")})}
    return render(request, "members/duplicate_compare.html", context, status=422)


def _find_pair(request: HttpRequest, uuid: uuids.UUID) -> DuplicatePair:
    try:
        return get_pair(_enter(request), uuid)
    except DuplicatePair.DoesNotExist:
        raise Http404 from None


def side_by_side(first: Institution, second: Institution) -> list[dict[str, Any]]:
    """Both entries' values line by line; a line says whether they are the same."""

    def day(value: Any) -> str:
        return format_day(value, get_language()) if value else ""

    lines: list[tuple[Any, Any]] = [
        (_("Code"), lambda entry: entry.code),
        (_("Name in English"), lambda entry: entry.name_en),
        (_("Name in Chinese"), lambda entry: entry.name_zh),
        (_("Kind"), lambda entry: capfirst(entry.get_kind_display())),
        (_("State"), lambda entry: capfirst(entry.get_state_display())),
        (_("Country"), lambda entry: entry.country_code),
        (_("Region"), lambda entry: region_name(entry.region_code) if entry.region_code else ""),
        (_("Registry code"), lambda entry: entry.registry_code),
        (_("Web site"), lambda entry: entry.web),
        (_("Contact e-mail"), lambda entry: entry.contact_email),
        (_("Member since"), lambda entry: day(entry.joined_on)),
        (_("Source of the entry"), lambda entry: entry.source),
    ]
    return [
        {
            "label": label,
            "first": (one := str(read(first) or "")),
            "second": (two := str(read(second) or "")),
            "same": one == two,
        }
        for label, read in lines
    ]


FIELD_LABELS: dict[str, Any] = {
    field.name: field.verbose_name
    for field in Institution._meta.local_fields
    if field.editable and field.remote_field is None
}


def _preview_of(alliance: Alliance, kept: Institution, absorbed: Institution, request: HttpRequest) -> dict[str, Any]:
    preview: Preview = preview_merge(alliance, kept.code, absorbed.code, actor=request.user)  # type: ignore[arg-type]
    rows = [
        {
            "label": capfirst(str(row.link.label)),
            "moved": row.moved,
            "left": row.count - row.moved,
            "why": capfirst(str(_reason(row))),
        }
        for row in preview.rows
    ]
    filled = [
        {"label": capfirst(str(FIELD_LABELS.get(name, name))), "value": value} for name, value in preview.filled.items()
    ]
    return {"preview": preview, "moves": rows, "filled": filled, "kept": kept, "absorbed": absorbed}


def _reason(row: Any) -> Any:
    from members.selectors.merge import untouched  # noqa: PLC0415 - filled by all layers at start

    if row.link.is_untouched:
        return untouched.get(row.link.key)
    return _("the entry that stays has its own") if row.left else ""


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def duplicate_pair(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """Both entries side by side; with ``keep`` the preview of the merge; dismiss, open again, merge."""
    pair = _find_pair(request, uuid)
    alliance = pair.alliance
    entries = {pair.first.code: pair.first, pair.second.code: pair.second}
    keep = request.POST.get("keep") or request.GET.get("keep", "")
    if request.method == "POST":
        act, at = request.POST.get("act", ""), timezone.now()
        actor: Any = request.user
        require(actor, HANDLE_DUPLICATES, pair)
        if act == "dismiss":
            dismiss_pair(alliance, uuid, actor=actor, at=at)
            messages.success(request, _("Noted: these are two institutions. You find the pair under “Not the same”."))
            return redirect("duplicate_list")
        if act == "reopen":
            reopen_pair(alliance, uuid, actor=actor, at=at)
            return redirect("duplicate_pair", uuid=uuid)
        if act == "merge" and keep in entries:
            absorbed = next(code for code in entries if code != keep)
            merge = merge_institutions(alliance, keep, absorbed, actor=actor, at=at)
            messages.success(request, _("Merged. This can be undone for 30 days."))
            return redirect("institution_merge", uuid=merge.uuid)
        return redirect("duplicate_pair", uuid=uuid)
    may_handle = can(request.user, HANDLE_DUPLICATES, pair)
    is_open = pair.state == DuplicateState.OPEN
    linked = [(entry, sum(count_linked(alliance, entry).values())) for entry in entries.values()]
    context: dict[str, Any] = {
        "pair": pair,
        "reasons": [capfirst(words) for words in reason_words(pair.reasons)],
        "lines": side_by_side(pair.first, pair.second),
        "linked": linked,
        "suggested": max(linked, key=lambda item: (item[0].state == InstitutionState.ACTIVE, item[1], -item[0].pk))[0],
        "may_handle": may_handle,
        "is_open": is_open,
        "crumbs": _crumbs({"label": f"{pair.first.code} · {pair.second.code}"}),
    }
    if is_open and may_handle and keep in entries:
        absorbed_entry = next(entry for code, entry in entries.items() if code != keep)
        context |= _preview_of(alliance, entries[keep], absorbed_entry, request)
    return render(request, "members/duplicate_pair.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def institution_merge(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """What a merge did, and its undo."""
    alliance = _enter(request)
    try:
        merge = get_merge(alliance, uuid)
    except InstitutionMerge.DoesNotExist:
        raise Http404 from None
    at = timezone.now()
    if request.method == "POST":
        parted = undo_merge(alliance, uuid, actor=request.user, at=at)  # type: ignore[arg-type]
        words = ngettext(
            "Undone: %(n)s record is back with the old entry.",
            "Undone: %(n)s records are back with the old entry.",
            parted.back,
        ) % {"n": parted.back}
        if parted.stayed:
            words += " " + ngettext(
                "%(n)s was changed since and stayed.", "%(n)s were changed since and stayed.", parted.stayed
            ) % {"n": parted.stayed}
        messages.success(request, words)
        return redirect("institution_merge", uuid=uuid)
    context = {
        "merge": merge,
        "steps": list_merge_steps(merge),
        "filled": [capfirst(str(FIELD_LABELS[name])) for name in merge.filled.get("kept", {}) if name in FIELD_LABELS],
        "can_be_undone": can_be_undone(merge, at),
        "may_handle": can(request.user, HANDLE_DUPLICATES, merge.kept),
        "crumbs": _crumbs({"label": f"{merge.absorbed.code} → {merge.kept.code}"}),
    }
    return render(request, "members/institution_merge.html", context)
