"""The tenant's own colour."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from alliance.kernel.colours import stylesheet
from alliance.views.base import tenant_of


@require_safe
def alliance_theme_css(request: HttpRequest) -> HttpResponse:
    """Custom properties computed from the alliance's primary colour; empty when it has none that can be read."""
    response = HttpResponse(stylesheet(tenant_of(request).primary_colour), content_type="text/css; charset=utf-8")
    response["Cache-Control"] = "public, max-age=300"
    return response
