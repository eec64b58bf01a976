"""Pages of an import: upload, mapping, dry run, import, result."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.files.uploadhandler import StopUpload, TemporaryFileUploadHandler
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from alliance.actions.idempotency import once
from alliance.kernel.errors import InvalidInputError
from alliance.kernel.permissions import can, require
from alliance.kernel.spreadsheets import xlsx_response
from alliance.kernel.tables import attachment, csv_response
from alliance.selectors.paging import paginate
from members.actions.institution_import import (
    STEPS,
    kinds_complete,
    map_table,
    note_export,
    reread_table,
    start_check,
    start_import,
    stop_import,
    upload_table,
)
from members.choices import ImportPolicy, ImportSubject
from members.forms.institution_import import MappingForm, PolicyForm, ReadingForm, UploadForm
from members.models import InstitutionImport
from members.permissions import IMPORT_INSTITUTIONS, VIEW_IMPORT
from members.selectors.import_subjects import row_subjects
from members.selectors.institution_import import (
    export_institutions,
    get_import,
    get_import_of_job,
    list_imports,
    list_reasons,
    list_screen_faults,
    phase_of,
    write_faults,
)
from members.views.institution import enter_console

if TYPE_CHECKING:
    import uuid as uuids

    from django.http import HttpRequest, HttpResponseBase


class CappedUploadHandler(TemporaryFileUploadHandler):
    """Writes an upload to disk up to a limit; what comes after is read and dropped, so that the answer can be given."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Begin a file."""
        super().new_file(*args, **kwargs)
        self.taken = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Write a piece, or stop."""
        self.taken += len(raw_data)
        if self.taken > settings.IMPORT_MAX_BYTES:
            self.request.upload_too_large = True  # type: ignore[union-attr]
            raise StopUpload(connection_reset=False)
        super().receive_data_chunk(raw_data, start)


def _find(request: HttpRequest, uuid: uuids.UUID) -> InstitutionImport:
    enter_console(request)
    try:
        record = get_import(request.alliance, uuid)  # type: ignore[attr-defined]
    except InstitutionImport.DoesNotExist:
        raise Http404 from None
    if not can(request.user, VIEW_IMPORT, record):
        raise Http404
    return record


def _crumbs(*more: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"label": _("Institutions"), "url": reverse("institution_list")},
        {"label": _("Imports"), "url": reverse("institution_import_list")},
        *more,
    ]


def _steps(current: int) -> list[dict[str, Any]]:
    names = [_("Upload"), _("Mapping"), _("Dry run"), _("Import"), _("Result")]
    return [
        {"label": name, "state": "done" if place < current else "now" if place == current else ""}
        for place, name in enumerate(names)
    ]


@require_safe
@login_required
def institution_import_list(request: HttpRequest) -> HttpResponse:
    """Imports made before, newest first."""
    alliance = enter_console(request)
    require(request.user, VIEW_IMPORT, alliance)
    page = paginate(list_imports(alliance), request.GET, ("-created_at", "-id"))
    context = {
        "page": page,
        "crumbs": [*_crumbs()[:1], {"label": _("Imports")}],
        "may_import": can(request.user, IMPORT_INSTITUTIONS, alliance),
        "subjects": ImportSubject.choices,
    }
    return render(request, "members/institution_import_list.html", context)


@csrf_exempt  # the token is checked by _upload, after the limit on the file's size has been set
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def institution_import_upload(request: HttpRequest) -> HttpResponseBase:
    """Take a table in."""
    request.upload_handlers = [CappedUploadHandler(request)]
    return _upload(request)


@csrf_protect
@once
def _upload(request: HttpRequest) -> HttpResponse:
    alliance = enter_console(request)
    require(request.user, IMPORT_INSTITUTIONS, alliance)
    form = UploadForm(request.POST or None, request.FILES or None) if request.method == "POST" else UploadForm()
    if request.method == "POST":
        if getattr(request, "upload_too_large", False):
            form = UploadForm(request.POST, {})
            form.errors.clear()
            most = settings.IMPORT_MAX_BYTES // (1024 * 1024)
            form.add_error(
                "file", _("The file is larger than %(most)s MB. Split it or send a smaller one.") % {"most": most}
            )
        else:
            form = UploadForm(request.POST, request.FILES)
            if form.is_valid():
                try:
                    record = upload_table(
                        alliance,
                        form.cleaned_data["file"],
                        actor=request.user,  # type: ignore[arg-type]
                        at=timezone.now(),
                        encoding=form.cleaned_data["encoding"],
                        delimiter=form.cleaned_data["delimiter"],
                        subject=form.cleaned_data["subject"] or ImportSubject.INSTITUTIONS,
                    )
                except InvalidInputError as refusal:
                    form.add_error("file", f"{refusal.reason} {refusal.remedy}".strip())
                else:
                    return redirect("institution_import_mapping", uuid=record.uuid)
    if request.method != "POST" and request.GET.get("subject") in ImportSubject.values:
        form = UploadForm(initial={"subject": request.GET["subject"]})
    context = {"form": form, "crumbs": _crumbs({"label": _("New import")}), "steps": _steps(0)}
    return render(request, "members/institution_import_upload.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def institution_import_mapping(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """Columns to fields, values to kinds; starts the dry run when everything is decided."""
    record = _find(request, uuid)
    require(request.user, IMPORT_INSTITUTIONS, record)
    if phase_of(record) in {"checking", "running", "finished"}:
        return redirect("institution_import_detail", uuid=record.uuid)
    reading = ReadingForm(initial={"encoding": record.encoding, "delimiter": record.delimiter})
    form = MappingForm(record)
    look_again = False
    if request.method == "POST" and request.POST.get("act") == "reread":
        reading = ReadingForm(request.POST)
        if reading.is_valid():
            try:
                reread_table(request.alliance, uuid, actor=request.user, **reading.cleaned_data)  # type: ignore[attr-defined, arg-type]
            except InvalidInputError as refusal:
                reading.add_error("encoding", refusal.reason)
            else:
                return redirect("institution_import_mapping", uuid=uuid)
    elif request.method == "POST":
        form = MappingForm(record, request.POST)
        kind_column = record.columns.get("kind")
        if form.is_valid():
            try:
                record = map_table(
                    request.alliance,  # type: ignore[attr-defined]
                    uuid,
                    columns=form.columns(),
                    kinds=form.kinds(),
                    defaults=form.defaults(),
                    source=form.cleaned_data.get("source", ""),
                    actor=request.user,  # type: ignore[arg-type]
                )
                if record.columns.get("kind") != kind_column and record.kind_counts:
                    look_again = True
                    form = MappingForm(record)
                elif kinds_complete(record):
                    start_check(request.alliance, uuid, actor=request.user)  # type: ignore[attr-defined, arg-type]
                    return redirect("institution_import_detail", uuid=uuid)
                else:
                    form.place_errors({"kind": _("Choose a kind, or leave these rows out.")})
            except InvalidInputError as refusal:
                if refusal.fields:
                    form.place_errors(refusal.fields)
                else:
                    form.add_error(None, refusal.reason)
    failed = bool(form.errors or reading.errors)
    context = {
        "record": record,
        "form": form,
        "reading": reading,
        "has_form_errors": failed,
        "look_again": look_again,
        "crumbs": _crumbs({"label": record.file.name}),
        "steps": _steps(1),
    }
    return render(request, "members/institution_import_mapping.html", context, status=422 if failed else 200)


def _job_context(record: InstitutionImport) -> dict[str, Any]:
    job = record.job
    here = reverse("institution_import_detail", kwargs={"uuid": record.uuid})
    return {
        "job": job,
        "title": _("Dry run") if record.purpose == "check" else _("Import"),
        "step": STEPS.get(job.step, "") if job else "",
        "url": reverse("institution_import_progress", kwargs={"uuid": record.uuid}),
        "stop_url": reverse("institution_import_stop", kwargs={"uuid": record.uuid}),
        "leave_url": reverse("institution_import_list"),
        "result_url": here,
        "result_text": _("See the result"),
    }


@require_safe
@login_required
def institution_import_detail(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """Where an import is: under way, checked, finished or ended early."""
    record = _find(request, uuid)
    phase = phase_of(record)
    counts = record.counts
    refused = counts.get("faulty", 0) + counts.get("duplicate", 0)
    context = {
        "record": record,
        "phase": phase,
        "crumbs": _crumbs({"label": record.file.name}),
        "steps": _steps({"mapping": 1, "checking": 2, "checked": 2, "running": 3, "stopped": 3, "failed": 3}.get(phase, 5)),
        "refused": refused,
        "faults": list_screen_faults(record) if phase in {"checked", "finished"} else [],
        "reasons": list_reasons(record),
        "policy_form": PolicyForm(initial={"policy": record.policy}),
        "may_import": can(request.user, IMPORT_INSTITUTIONS, record),
        "all_or_none": record.policy == ImportPolicy.ALL_OR_NONE,
        "of_institutions": record.subject == ImportSubject.INSTITUTIONS,
        "done_url": reverse(
            "institution_list" if record.subject == ImportSubject.INSTITUTIONS else row_subjects.get(record.subject).done_url
        ),
        **_job_context(record),
    }
    return render(request, "members/institution_import_detail.html", context)


@require_safe
@login_required
def institution_import_progress(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """The job's progress alone, for the page that polls it."""
    record = _find(request, uuid)
    if not request.htmx or record.job is None:  # type: ignore[attr-defined]
        return redirect("institution_import_detail", uuid=uuid)
    return render(request, "components/job_progress.html", _job_context(record))


@require_POST
@login_required
def institution_import_start(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """Start the import after the dry run."""
    record = _find(request, uuid)
    form = PolicyForm(request.POST)
    if form.is_valid():
        start_import(request.alliance, record.uuid, policy=form.cleaned_data["policy"], actor=request.user)  # type: ignore[attr-defined, arg-type]
    return redirect("institution_import_detail", uuid=uuid)


@require_POST
@login_required
def institution_import_check(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """Start the dry run again."""
    record = _find(request, uuid)
    start_check(request.alliance, record.uuid, actor=request.user)  # type: ignore[attr-defined, arg-type]
    return redirect("institution_import_detail", uuid=uuid)


@require_POST
@login_required
def institution_import_stop(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """Ask the job to stop after its present batch."""
    record = _find(request, uuid)
    stop_import(request.alliance, record.uuid, actor=request.user)  # type: ignore[attr-defined, arg-type]
    return redirect("institution_import_detail", uuid=uuid)


@require_safe
@login_required
def institution_import_faults(request: HttpRequest, uuid: uuids.UUID) -> HttpResponseBase:
    """The refused rows as CSV, with the reason in the reader's language."""
    record = _find(request, uuid)
    if record.error_file is None:
        raise Http404
    # Closed by the response when it has been sent.
    out = tempfile.SpooledTemporaryFile(max_size=2 * 1024 * 1024)  # noqa: SIM115
    write_faults(record, out)  # type: ignore[arg-type]
    out.seek(0)
    response = FileResponse(out, content_type="text/csv; charset=utf-8")
    stem = record.file.name.rpartition(".")[0] or record.file.name
    response["Content-Disposition"] = attachment(_("%(name)s-refused-rows.csv") % {"name": stem})
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store"
    return response


@require_safe
@login_required
def table_export(request: HttpRequest, subject: str, form: str) -> HttpResponse:
    """All records of a subject as a table that the import takes back: CSV or XLSX."""
    alliance = enter_console(request)
    require(request.user, VIEW_IMPORT, alliance)
    if subject == ImportSubject.INSTITUTIONS:
        header, rows = export_institutions(alliance)
    elif subject in row_subjects:
        found = row_subjects.get(subject)
        header, rows = list(found.names), found.export(alliance, request.user)
    else:
        raise Http404
    note_export(alliance, subject, len(rows), actor=request.user, at=timezone.now())  # type: ignore[arg-type]
    return xlsx_response(subject, header, rows) if form == "xlsx" else csv_response(subject, header, rows)


@require_safe
@login_required
def institution_import_of_job(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """From a job to the import it works on."""
    enter_console(request)
    try:
        record = get_import_of_job(request.alliance, uuid)  # type: ignore[attr-defined]
    except InstitutionImport.DoesNotExist:
        raise Http404 from None
    return redirect("institution_import_detail", uuid=record.uuid)
