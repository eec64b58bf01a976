"""What each kind of product asks for: read by the secretariat, changed by administrators, and a draft taken over."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError
from alliance.kernel.permissions import can, require
from operations.actions.kind import change_kind_form, use_newest_form
from operations.choices import KindFieldType, ProductKind
from operations.forms.kind import (
    GATE_LABELS,
    NEW_ROWS,
    EvidenceRows,
    FieldRows,
    KindSettingsForm,
    place_faults,
    read_rows,
    rows_of,
)
from operations.kinds import STANDARD_FORMS, KindFormView, write_choices
from operations.permissions import MANAGE_KINDS, VIEW_KINDS
from operations.selectors.kind import compare_forms, form_in_force, list_form_versions, list_forms, view_of
from operations.selectors.product import get_product
from operations.views.common import tenant_of

MOST_NEW_ROWS = 20


def _enter(request: HttpRequest, kind: str = "") -> Any:
    alliance = tenant_of(request)
    require(request.user, VIEW_KINDS, alliance)
    if kind and kind not in ProductKind.values:
        raise NotFoundError
    request.nav_key = "kinds"  # type: ignore[attr-defined]
    return alliance


def _crumbs(kind: str, label: str = "") -> list[dict[str, str]]:
    found = [{"label": _("Product kinds"), "url": reverse("kind_list")}]
    name = str(ProductKind(kind).label)
    if label:
        found += [{"label": name, "url": reverse("kind_detail", kwargs={"kind": kind})}, {"label": label, "url": ""}]
    else:
        found.append({"label": name, "url": ""})
    return found


@login_required
@require_safe
def kind_list(request: HttpRequest) -> HttpResponse:
    """Every kind with what it asks for."""
    alliance = _enter(request)
    forms = list_forms(alliance)
    rows = [
        {
            "kind": kind,
            "label": ProductKind(kind).label,
            "version": form.version,
            "fields": len(form.fields),
            "needed": sum(1 for one in form.fields if one.required),
            "evidence": len(form.evidence),
        }
        for kind, form in forms.items()
    ]
    return render(
        request,
        "operations/kind_list.html",
        {"rows": rows, "may_manage": can(request.user, MANAGE_KINDS, alliance)},
    )


def _show(form: KindFormView) -> dict[str, Any]:
    """A form as its page shows it."""
    return {
        "fields": [
            {
                "label": one.label,
                "type": KindFieldType(one.type).label,
                "required": one.required,
                "choices": "; ".join(choice.label for choice in one.choices),
            }
            for one in form.fields
        ],
        "evidence": [{"label": one.label, "gate": GATE_LABELS[one.gate]} for one in form.evidence],
    }


@login_required
@require_safe
def kind_detail(request: HttpRequest, kind: str) -> HttpResponse:
    """What a kind asks for, and how that changed."""
    alliance = _enter(request, kind)
    rows = list_form_versions(alliance, kind)
    forms = [view_of(row) for row in rows]
    before = [*forms[1:], STANDARD_FORMS[kind]][: len(forms)]
    versions = [{"row": row, "changes": compare_forms(old, new)} for row, new, old in zip(rows, forms, before, strict=True)]
    present = forms[0] if forms else STANDARD_FORMS[kind]
    context = {
        "kind": kind,
        "label": ProductKind(kind).label,
        "version": present.version,
        **_show(present),
        "versions": versions,
        "may_manage": can(request.user, MANAGE_KINDS, alliance),
        "crumbs": _crumbs(kind),
    }
    return render(request, "operations/kind_detail.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def kind_edit(request: HttpRequest, kind: str) -> HttpResponse:
    """Change what a kind asks for: a row for each field and each file, with its place; two empty rows to add."""
    alliance = _enter(request, kind)
    require(request.user, MANAGE_KINDS, alliance)
    present = form_in_force(alliance, kind)
    field_rows, evidence_rows = rows_of(present)
    data = request.POST or None
    if data is not None and "more" in data:
        data = _with_more_rows(data)
    settings = KindSettingsForm(data, initial={"base": present.version})
    fields = FieldRows(data, prefix="fields", initial=field_rows)
    evidence = EvidenceRows(data, prefix="evidence", initial=evidence_rows)
    status = 200
    if request.method == "POST" and "more" not in request.POST:
        status = 422
        if all([settings.is_valid(), fields.is_valid(), evidence.is_valid()]):
            found, needs, rows = read_rows(fields, evidence, present)
            try:
                row = change_kind_form(
                    alliance,
                    kind,
                    fields=found,
                    evidence=needs,
                    note=settings.cleaned_data["note"],
                    base=settings.cleaned_data["base"],
                    actor=request.user,  # type: ignore[arg-type]
                    at=timezone.now(),
                )
            except InvalidInputError as refusal:
                place_faults(settings, rows, refusal)
            except DomainError as refusal:
                if refusal.code != "edit_conflict":
                    raise
                settings.add_error(None, f"{refusal.reason} {refusal.remedy}")
                status = 409
            else:
                words = _("Version %(version)s is in force. New drafts use it; drafts under way keep theirs.")
                messages.success(request, words % {"version": row.version})
                return redirect("kind_detail", kind=kind)
    context = {
        "kind": kind,
        "label": ProductKind(kind).label,
        "form": settings,
        "field_rows": fields,
        "evidence_rows": evidence,
        "has_form_errors": status in {409, 422},
        "choices_example": write_choices(STANDARD_FORMS[ProductKind.DECISION_BRIEF].fields[3].choices),
        "crumbs": _crumbs(kind, _("Edit")),
    }
    return render(request, "operations/kind_edit.html", context, status=status)


def _with_more_rows(data: Any) -> Any:
    """What was typed, with two more empty rows in the list that was asked for."""
    more = data.copy()
    prefix = "evidence" if data.get("more") == "evidence" else "fields"
    name = f"{prefix}-TOTAL_FORMS"
    present = int(more[name]) if str(more.get(name, "")).isdecimal() else 0
    more[name] = str(min(present + NEW_ROWS, present + MOST_NEW_ROWS, 60))
    return more


@login_required
@require_POST
def form_newest(request: HttpRequest, code: str) -> HttpResponse:
    """Take a draft over into the newest form of its kind."""
    alliance = tenant_of(request)
    product = get_product(alliance, code, reader=request.user)
    revision = request.POST.get("revision", "")
    use_newest_form(
        alliance,
        code,
        revision=int(revision) if revision.isdecimal() else 0,
        actor=request.user,  # type: ignore[arg-type]
        at=timezone.now(),
    )
    messages.success(request, _("The draft is in the newest form now. Check the fields and save."))
    return redirect("product_edit", code=product.code)
