"""The one form of every error: problem details (RFC 9457), with stable codes, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.views import set_rollback

from alliance.api.renderers import dump
from alliance.kernel.errors import DomainError, NotFoundError
from alliance.kernel.limits import RateLimitedError
from alliance.kernel.registry import Registry

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

CONTENT_TYPE = "application/problem+json"

problem_titles: Registry[StrOrPromise] = Registry("problem code")
"""Title by code; a layer with refusals of its own may add theirs. A code that is not listed is titled by its status."""

for _code, _title in {
    "not_authenticated": _("Sign-in or an access token is needed"),
    "invalid_token": _("The access token is not valid here"),
    "insufficient_scope": _("The access token does not cover this"),
    "network_not_allowed": _("Not allowed from this network"),
    "second_factor_required": _("A second factor must be set up first"),
    "csrf_failed": _("The request did not come from our own page"),
    "permission_refused": _("Your role does not allow this"),
    "conflict_of_interest": _("Your institution stands aside from this matter"),
    "separation_of_duties": _("Somebody else must take this step"),
    "not_found": _("Not found"),
    "method_not_allowed": _("This address does not take this method"),
    "not_acceptable": _("Not available in the form you asked for"),
    "unsupported_media_type": _("Please send JSON"),
    "malformed_request": _("The request could not be read"),
    "invalid_input": _("Some values are not accepted"),
    "unknown_parameter": _("Unknown parameter"),
    "invalid_parameter": _("A parameter has a value that is not accepted"),
    "invalid_cursor": _("The page mark is not valid"),
    "transition_refused": _("This step is not possible in the present state"),
    "refused": _("The request was refused"),
    "rate_limited": _("Too many requests"),
    "idempotency_key_required": _("An Idempotency-Key is needed"),
    "idempotency_key_invalid": _("The Idempotency-Key is not valid"),
    "idempotency_key_reused": _("The Idempotency-Key was used for another request"),
    "idempotency_in_progress": _("The same request is being worked on"),
    "server_error": _("Something broke on our side"),
}.items():
    problem_titles.register(_code, _title)

BY_STATUS: dict[int, str] = {
    400: "malformed_request",
    401: "not_authenticated",
    403: "permission_refused",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    415: "unsupported_media_type",
    422: "invalid_input",
    429: "rate_limited",
    500: "server_error",
}


class RequestRefusedError(DomainError):
    """The request itself is wrong: a parameter, a header, the body."""

    code = "malformed_request"
    status = 400


def title_of(code: str, status: int) -> str:
    """The title under which a code is listed."""
    if code in problem_titles:
        return str(problem_titles.get(code))
    return str(problem_titles.get(BY_STATUS.get(status, "refused")))


def problem(
    request: HttpRequest,
    status: int,
    code: str,
    detail: StrOrPromise,
    *,
    who: tuple[StrOrPromise, ...] = (),
    remedy: StrOrPromise = "",
    errors: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    **members: Any,
) -> HttpResponse:
    """The answer to a refused request.

    Args:
        request: The request; its id lets the secretariat find it in the log.
        status: HTTP status.
        code: Stable identifier of the rule.
        detail: What was refused and why.
        who: Who may do it, in words.
        remedy: What to do about it.
        errors: Reasons by input field: field to list of texts.
        headers: More response headers.
        members: Further members for machines.
    """
    body: dict[str, Any] = {
        "type": f"urn:alliance:problem:{code}",
        "title": title_of(code, status),
        "status": status,
        "code": code,
        "detail": str(detail),
        "who": [str(words) for words in who],
        "remedy": str(remedy),
        "errors": {name: [str(text) for text in texts] for name, texts in (errors or {}).items()},
        "request_id": getattr(request, "request_id", ""),
        **members,
    }
    response = HttpResponse(dump(body), status=status, content_type=CONTENT_TYPE)
    response["Cache-Control"] = "no-store"
    for name, value in (headers or {}).items():
        response[name] = value
    return response


def domain_problem(request: HttpRequest, refusal: DomainError) -> HttpResponse:
    """A refusal by a rule of the domain."""
    headers: dict[str, str] = {}
    if isinstance(refusal, RateLimitedError):
        headers = refusal.standing.headers() | {"Retry-After": str(refusal.standing.reset_seconds)}
    elif "retry_after_seconds" in refusal.details:
        headers["Retry-After"] = str(refusal.details["retry_after_seconds"])
    if refusal.code == "insufficient_scope":
        headers["WWW-Authenticate"] = f'Bearer error="insufficient_scope", scope="{refusal.details.get("scope", "")}"'
    members = {"details": refusal.details} if refusal.details else {}
    return problem(
        request,
        refusal.status,
        refusal.code,
        refusal.reason,
        who=refusal.who,
        remedy=refusal.remedy,
        errors={name: [text] for name, text in refusal.fields.items()},
        headers=headers,
        **members,
    )


def problem_response(exc: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """DRF's exception handler: undoes the request's transaction and answers with a problem.

    Returns None for an exception nobody foresaw: it goes on to Django, which logs it, undoes the transaction and asks
    :func:`alliance.views.errors.server_error` for the answer.
    """
    request: HttpRequest = context["request"]._request
    if isinstance(exc, DomainError):
        set_rollback()
        return domain_problem(request, exc)
    if isinstance(exc, Http404 | exceptions.NotFound | ObjectDoesNotExist):
        set_rollback()
        return domain_problem(request, NotFoundError())
    if isinstance(exc, PermissionDenied):
        exc = exceptions.PermissionDenied()
    if isinstance(exc, exceptions.APIException):
        set_rollback()
        return _api_problem(request, exc, context)
    return None


def server_problem(request: HttpRequest) -> HttpResponse:
    """Something broke; nothing was stored."""
    return problem(
        request,
        500,
        "server_error",
        _("Something broke on our side; nothing was stored."),
        remedy=_("Try again later. If it happens again, tell the secretariat the request id."),
    )


def _api_problem(request: HttpRequest, exc: exceptions.APIException, context: Mapping[str, Any]) -> HttpResponse:
    headers: dict[str, str] = {}
    if header := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = header
    if isinstance(exc, exceptions.ValidationError):
        return problem(
            request,
            422,
            "invalid_input",
            _("Some values are not accepted; nothing was stored."),
            errors=_flatten(exc.detail),
            remedy=_("Correct the fields named under errors and send the request again."),
        )
    if isinstance(exc, exceptions.NotAuthenticated):
        words: StrOrPromise = _("Send an access token, or sign in.")
        return problem(request, exc.status_code, "not_authenticated", words, headers=headers)
    if isinstance(exc, exceptions.AuthenticationFailed):
        words = _("The access token is unknown, over or not of this alliance.")
        return problem(request, exc.status_code, "invalid_token", words, headers=headers)
    if isinstance(exc, exceptions.MethodNotAllowed):
        view = context.get("view")
        headers["Allow"] = ", ".join(view.allowed_methods) if view is not None else ""
        words = _("This address takes %(methods)s only.") % {"methods": headers["Allow"]}
        return problem(request, 405, "method_not_allowed", words, headers=headers)
    if isinstance(exc, exceptions.UnsupportedMediaType):
        words = _("The body must be JSON, with the header Content-Type: application/json.")
        return problem(request, 415, "unsupported_media_type", words)
    if isinstance(exc, exceptions.NotAcceptable):
        return problem(request, 406, "not_acceptable", _("This address answers in application/json."))
    if isinstance(exc, exceptions.ParseError):
        return problem(request, 400, "malformed_request", _("The body is not valid JSON."))
    if isinstance(exc, exceptions.PermissionDenied):
        if str(exc.detail).startswith("CSRF"):
            words = _("A request with a session needs the CSRF token of our own page.")
            return problem(request, 403, "csrf_failed", words)
        return problem(request, 403, "permission_refused", _("You may not do this."))
    return problem(request, exc.status_code, BY_STATUS.get(exc.status_code, "refused"), str(exc.detail), headers=headers)


def _flatten(detail: Any, path: str = "") -> dict[str, list[str]]:
    """Reasons by dotted field path; what belongs to no field stands under ``body``."""
    if isinstance(detail, Mapping):
        found: dict[str, list[str]] = {}
        for name, inner in detail.items():
            place = "" if name == "non_field_errors" else str(name)
            found.update(_flatten(inner, ".".join(part for part in (path, place) if part)))
        return found
    if isinstance(detail, list | tuple):
        if all(not isinstance(item, Mapping | list | tuple) for item in detail):
            return {path or "body": [str(item) for item in detail]}
        found = {}
        for number, inner in enumerate(detail):
            found.update(_flatten(inner, f"{path}.{number}" if path else str(number)))
        return found
    return {path or "body": [str(detail)]}
