"""Pages for refusals and errors."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from alliance.kernel.errors import DomainError, NotFoundError


def is_api(request: HttpRequest) -> bool:
    """Whether a machine asked: it gets problem details (RFC 9457) in place of a page."""
    return "/api/" in request.path


def refusal_page(request: HttpRequest, refusal: DomainError) -> HttpResponse:
    """What was refused, by which rule, who may act, and what to do."""
    if is_api(request):
        answer: HttpResponse = problems().domain_problem(request, refusal)
        return answer
    template = "errors/404.html" if refusal.status == 404 else "errors/refusal.html"
    return render(request, template, {"refusal": refusal}, status=refusal.status)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """The same page for what does not exist and what is not open to the reader."""
    if is_api(request):
        answer: HttpResponse = problems().domain_problem(request, NotFoundError())
        return answer
    return render(request, "errors/404.html", {"refusal": NotFoundError()}, status=404)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """Refused without a rule of the domain."""
    if is_api(request):
        answer: HttpResponse = problems().problem(request, 403, "permission_refused", _("You may not do this."))
        return answer
    return render(request, "errors/403.html", status=403)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """The request itself is malformed."""
    if is_api(request):
        answer: HttpResponse = problems().problem(request, 400, "malformed_request", _("The request could not be read."))
        return answer
    return render(request, "errors/400.html", status=400)


def server_error(request: HttpRequest) -> HttpResponse:
    """Something broke; nothing was stored. The page names the request id for the secretariat."""
    if is_api(request):
        answer: HttpResponse = problems().server_problem(request)
        return answer
    return render(request, "errors/500.html", {"reference": getattr(request, "request_id", "")}, status=500)


def problems() -> Any:
    """The API's form of errors; loaded late, because it needs the models."""
    from alliance.api import problems as module  # noqa: PLC0415 - see above

    return module


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form was too old or came from elsewhere."""
    words = _(
        "Not saved: this form was open too long or came from another site. Go back, reload the page and send it again."
    )
    context: dict[str, Any] = {"refusal": DomainError(words, code="csrf_failed", status=403), "detail": reason}
    return render(request, "errors/refusal.html", context, status=403)
