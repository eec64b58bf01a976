"""Endpoints of the API itself: tokens, its document, the list of problem codes, and unknown addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET
from drf_spectacular.views import SpectacularAPIView
from oauth2_provider.oauth2_backends import get_oauthlib_core
from rest_framework.parsers import FormParser
from rest_framework.permissions import AllowAny

from alliance.api.endpoints import Endpoint, json_response
from alliance.api.openapi import AllianceSchema
from alliance.api.permissions import Access
from alliance.api.problems import problem_titles
from alliance.api.renderers import OrjsonRenderer, dump
from alliance.api.scopes import SCOPES
from alliance.kernel import limits
from alliance.kernel.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest
    from rest_framework.request import Request


class SchemaView(SpectacularAPIView):  # type: ignore[misc]
    """The API document, OpenAPI 3.1, as YAML or JSON by the Accept header."""

    undocumented = True
    schema = AllianceSchema()
    authentication_classes = []
    permission_classes = [AllowAny]

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """The document in English or, with ``?lang=zh-hans``, with the texts that exist in Chinese."""
        if request.GET.get("lang") not in {None, *dict(settings.LANGUAGES)}:
            raise NotFoundError
        return super().get(request, *args, **kwargs)  # type: ignore[no-untyped-call]


@require_GET
def documentation(request: HttpRequest) -> HttpResponse:
    """Reference of the API to read and to try; Swagger UI from the installed package, no outside address."""
    return render(request, "public/api_documentation.html", {"schema_address": f"{reverse('api_schema')}?format=json"})


class TokenEndpoint(Endpoint):
    """Gives access tokens to machine clients (OAuth 2.0, client credentials only)."""

    tag = "tokens"
    authentication_classes = []
    parser_classes = [FormParser]
    access: ClassVar[Mapping[str, Access]] = {"POST": Access(anonymous=True)}
    summary: ClassVar[Mapping[str, str]] = {"POST": "Ask for an access token"}
    explanation: ClassVar[Mapping[str, str]] = {
        "POST": "Send client identifier and secret as HTTP Basic authentication. Without `scope` the token gets every scope "
        "the client is registered for. Errors have the form of RFC 6749: `error` and `error_description`."
    }
    request_media_type = "application/x-www-form-urlencoded"
    requests: ClassVar[Mapping[str, Any]] = {
        "POST": {
            "type": "object",
            "properties": {
                "grant_type": {"type": "string", "enum": ["client_credentials"]},
                "scope": {"type": "string", "description": f"Words separated by blanks, of: {', '.join(SCOPES)}."},
            },
            "required": ["grant_type"],
        }
    }
    responses: ClassVar[Mapping[str, Mapping[int, Any]]] = {
        "POST": {
            200: {
                "type": "object",
                "properties": {
                    "access_token": {"type": "string"},
                    "expires_in": {"type": "integer", "description": "Seconds; 600."},
                    "token_type": {"type": "string", "enum": ["Bearer"]},
                    "scope": {"type": "string"},
                },
                "required": ["access_token", "expires_in", "token_type", "scope"],
            }
        }
    }
    examples: ClassVar[Mapping[Any, Any]] = {
        "POST": {
            "access_token": "e3Nf2wQyJ4bTt0oSg5rXl8cVd1mKpZ",
            "expires_in": 600,
            "token_type": "Bearer",
            "scope": "products:read catalogue:read",
        },
        ("POST", "request"): {"grant_type": "client_credentials", "scope": "products:read catalogue:read"},
    }
    more_errors = (401,)

    def post(self, request: Request) -> HttpResponse:
        """A token, or the refusal as OAuth words it."""
        raw = request._request
        if raw.POST.get("grant_type") != "client_credentials":
            return json_response({"error": "unsupported_grant_type"}, 400)
        network = limits.network_of(raw.META.get("REMOTE_ADDR", ""))
        _uri, headers, body, status = get_oauthlib_core().create_token_response(raw)  # type: ignore[no-untyped-call]
        if status == 401:
            limits.hit("sign_in_network", "api", self.alliance.pk, network)
        response = HttpResponse(body, status=status, content_type="application/json")
        for name, value in headers.items():
            response[name] = value
        response["Cache-Control"] = "no-store"
        return response


class ProblemList(Endpoint):
    """Every problem code with its title in the reader's language."""

    tag = "problems"
    authentication_classes = []
    access: ClassVar[Mapping[str, Access]] = {"GET": Access(anonymous=True)}
    summary: ClassVar[Mapping[str, str]] = {"GET": "List the problem codes"}
    responses: ClassVar[Mapping[str, Mapping[int, Any]]] = {
        "GET": {
            200: {
                "type": "object",
                "properties": {
                    "results": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "properties": {
                                "code": {"type": "string"},
                                "type": {"type": "string", "format": "uri"},
                                "title": {"type": "string"},
                            },
                            "required": ["code", "type", "title"],
                        },
                    }
                },
                "required": ["results"],
            }
        }
    }
    examples: ClassVar[Mapping[Any, Any]] = {
        "GET": {
            "results": [
                {"code": "not_found", "type": "urn:alliance:problem:not_found", "title": "Not found"},
            ]
        }
    }

    def get(self, _request: Request) -> HttpResponse:
        """The list."""
        rows = [
            {"code": code, "type": f"urn:alliance:problem:{code}", "title": str(title)}
            for code, title in problem_titles.items()
        ]
        return HttpResponse(dump({"results": rows}), content_type="application/json")


class UnknownRoute(Endpoint):
    """Whatever stands at no address of the API."""

    undocumented = True
    authentication_classes = []
    permission_classes = [AllowAny]
    renderer_classes = [OrjsonRenderer]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Count the call, then say that there is nothing here, whatever the method."""
        self.check_throttles(request)
        raise NotFoundError
