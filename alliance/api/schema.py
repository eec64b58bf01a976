"""Completes the API document: error form, ways to sign in, components of projections, server address."""

from __future__ import annotations

from typing import Any

from django.urls.base import get_script_prefix

from alliance.api.openapi import projections, ref
from alliance.api.scopes import SCOPES

PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "Every error (RFC 9457). Texts are in the language of the request's Accept-Language.",
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string", "description": "The rule in short."},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Stable identifier; all codes are listed at problems/."},
        "detail": {"type": "string", "description": "What was refused and why."},
        "who": {"type": "array", "items": {"type": "string"}, "description": "Who may do it."},
        "remedy": {"type": "string", "description": "What to do about it."},
        "errors": {
            "type": "object",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
            "description": "Reasons by input field.",
        },
        "request_id": {"type": "string", "description": "To name to the secretariat."},
        "details": {"type": "object", "additionalProperties": True},
    },
    "required": ["type", "title", "status", "code", "detail", "who", "remedy", "errors", "request_id"],
    "example": {
        "type": "urn:alliance:problem:insufficient_scope",
        "title": "The access token does not cover this",
        "status": 403,
        "code": "insufficient_scope",
        "detail": "This needs the scope products:read (read released products).",
        "who": ["clients registered with this scope"],
        "remedy": "Ask the office administrator of the alliance to register the scope, then ask for a new token.",
        "errors": {},
        "request_id": "5f0c9d3e8a3b4c1f9a7e2d1b0c4f6a88",
        "details": {"scope": "products:read"},
    },
}


def add_problem_details(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:  # noqa: ARG001, FBT001 - a hook of drf-spectacular
    """Called by drf-spectacular with the finished document."""
    components = result.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas["Problem"] = PROBLEM
    for name, projection in projections.items():
        schemas[name] = projection.schema()
        schemas[f"{name}Page"] = {
            "type": "object",
            "properties": {
                "results": {"type": "array", "items": ref(name)},
                "next": {
                    "type": ["string", "null"],
                    "format": "uri",
                    "description": "Address of the next page; null on the last one.",
                },
            },
            "required": ["results", "next"],
            "additionalProperties": False,
        }
    components["schemas"] = dict(sorted(schemas.items()))
    components["securitySchemes"] = {
        "clientCredentials": {
            "type": "oauth2",
            "description": "Machine clients, registered by the office administrator for one alliance.",
            "flows": {
                "clientCredentials": {
                    "tokenUrl": "api/v1/oauth/token/",
                    "scopes": {name: str(meaning) for name, meaning in SCOPES.items()},
                }
            },
        },
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": "sessionid",
            "description": "People signed in to the pages; a write needs the header X-CSRFToken as well.",
        },
    }
    if request is None:
        result["servers"] = [
            {
                "url": "/a/{alliance}",
                "description": "One alliance; it may have a host name of its own instead of the prefix.",
                "variables": {"alliance": {"default": "weaving", "description": "Address of the alliance."}},
            }
        ]
    else:
        result["servers"] = [{"url": get_script_prefix().rstrip("/") or "/"}]
    return result
