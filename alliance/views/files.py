"""Files out."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from csp.constants import NONE
from csp.decorators import csp
from django.contrib.auth.decorators import login_required
from django.http import FileResponse
from django.views.decorators.http import require_safe

from alliance.actions.files import open_for_reader
from alliance.kernel.tables import attachment

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponseBase

SANDBOX = {"default-src": [NONE], "frame-ancestors": [NONE], "sandbox": [True]}


@require_safe
@login_required
@csp(SANDBOX)  # type: ignore[arg-type]
def file_download(request: HttpRequest, uuid: uuid.UUID) -> HttpResponseBase:
    """A file to save, never to show: nothing in it runs on this site."""
    stored, content = open_for_reader(request.alliance, uuid, reader=request.user)  # type: ignore[attr-defined]
    response = FileResponse(content, content_type=stored.media_type)
    response["Content-Disposition"] = attachment(stored.name)
    response["Content-Length"] = str(stored.size_bytes)
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store"
    return response
