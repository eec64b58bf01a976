"""The sealed log for everybody: its signed head, what it proves, and the program that checks it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from alliance.kernel.errors import NotFoundError
from alliance.selectors.audit import latest_head
from alliance.views.base import tenant_of

if TYPE_CHECKING:
    from django.http import HttpRequest


@require_safe
def log_head(request: HttpRequest) -> HttpResponse:
    """The last signed head, as it is: a signed note."""
    head = latest_head(tenant_of(request))
    if head is None:
        raise NotFoundError
    response = HttpResponse(head.note, content_type="text/plain; charset=utf-8")
    response["Cache-Control"] = "no-cache"
    return response
