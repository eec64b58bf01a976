"""Writes the API document from the endpoints' own declarations: projections, access, shapes and examples."""

from __future__ import annotations

import re
from typing import Any, Literal

from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers

from alliance.kernel.projection import MAX_PAGE_SIZE, PAGE_SIZE, Projection

projections: dict[str, Projection] = {}
"""Projections met while the document is written, by component name; :func:`alliance.api.schema.add_problem_details` adds them."""

ERRORS: dict[int, str] = {
    304: "Not changed since the answer whose ETag was sent in If-None-Match.",
    400: "A parameter or the body could not be read.",
    401: "No access token or session, or one that is not valid here.",
    403: "The scope or the role does not allow this.",
    404: "No such record in this alliance, or not open to the caller.",
    409: "A rule of the domain refused the act, or the same request is being worked on.",
    415: "The body is not JSON.",
    422: "Some values are not accepted, or the Idempotency-Key was used for another request.",
    429: "Too many requests; wait as long as Retry-After says.",
}
STANDING_HEADERS = {
    "RateLimit-Limit": ("Calls allowed in the window.", "integer"),
    "RateLimit-Remaining": ("Calls left in the window.", "integer"),
    "RateLimit-Reset": ("Seconds until the oldest counted call leaves the window.", "integer"),
}


def ref(name: str) -> dict[str, str]:
    """Reference to a schema component."""
    return {"$ref": f"#/components/schemas/{name}"}


NOTHING: dict[str, Any] = {"type": "object", "additionalProperties": False}
"""A body without members."""


class AllianceSchema(AutoSchema):  # type: ignore[misc]
    """Operations of :class:`alliance.api.endpoints.Endpoint`."""

    def is_excluded(self) -> bool:
        """Left out are addresses that answer nothing but errors."""
        return bool(getattr(self.view, "undocumented", False))

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: Any
    ) -> dict[str, Any] | None:
        """One operation."""
        self.registry, self.path, self.path_regex, self.path_prefix = registry, path, path_regex, path_prefix
        self.method = method.upper()
        if self.is_excluded():
            return None
        view: Any = self.view
        access = view.access.get(self.method)
        if access is None:
            message = f"{type(view).__name__} declares no access for {self.method}"
            raise TypeError(message)
        operation: dict[str, Any] = {
            "operationId": self._operation_id(),
            "summary": view.summary[self.method],
            "tags": [view.tag],
            "parameters": self._parameters(),
            "responses": self._answers(access),
        }
        explanation = [view.explanation.get(self.method, "")]
        if access.scope:
            explanation.append(f"Machine clients need the scope `{access.scope}`.")
        elif not access.anonymous:
            explanation.append("Not open to machine clients.")
        operation["description"] = "\n\n".join(part for part in explanation if part)
        if body := self._body():
            operation["requestBody"] = body
        security: list[dict[str, list[str]]] = []
        if access.scope:
            security.append({"clientCredentials": [access.scope]})
        if access.people and not access.anonymous:
            security.append({"session": []})
        if access.anonymous:
            security.append({})
        operation["security"] = security
        return operation

    def _operation_id(self) -> str:
        words = [word for word in re.split(r"[/{}_-]+", self.path.removeprefix("/api/v1/")) if word and word != "code"]
        projection = getattr(self.view, "projection", None)
        verb = {
            "GET": "read"
            if getattr(self.view, "single", False) or (projection is None and not getattr(self.view, "lists", False))
            else "list",
            "POST": "post",
        }.get(self.method, self.method.lower())
        return "_".join([*words, verb])

    def _parameters(self) -> list[dict[str, Any]]:
        view: Any = self.view
        found: list[dict[str, Any]] = [
            {
                "name": name,
                "in": "path",
                "required": True,
                "schema": view.path_schemas.get(name, {"type": "string"}),
                "description": {"code": "Code of the record."}.get(name, ""),
            }
            for name in re.findall(r"{(\w+)}", self.path)
        ]
        if self.method == "GET" and view.projection is not None:
            found += self._projection_parameters(view.projection, single=view.single)
            found.append(
                {
                    "name": "If-None-Match",
                    "in": "header",
                    "required": False,
                    "schema": {"type": "string"},
                    "description": "ETag of an answer already held.",
                }
            )
        if self.method == "GET":
            found += [dict(parameter) for parameter in getattr(view, "query_parameters", ())]
        if getattr(view, "idempotent", False) and self.method in {"POST", "PUT", "PATCH", "DELETE"}:
            found.append(
                {
                    "name": "Idempotency-Key",
                    "in": "header",
                    "required": bool(view.idempotency_required),
                    "schema": {"type": "string", "minLength": 8, "maxLength": 128, "pattern": "^[A-Za-z0-9_-]+$"},
                    "description": "Chosen by the caller, new for each act; the same request sent again with it acts once.",
                }
            )
        return found

    @staticmethod
    def _projection_parameters(projection: Projection, *, single: bool) -> list[dict[str, Any]]:
        fields = {
            "name": "fields",
            "in": "query",
            "required": False,
            "style": "form",
            "explode": False,
            "schema": {"type": "array", "items": {"type": "string", "enum": list(projection.paths)}},
            "description": "Fields to answer with, nested ones dotted; without it all.",
        }
        if single:
            return [fields]
        found: list[dict[str, Any]] = []
        for item in projection.filters:
            schema, words = projection.filter_schema(item)
            entry: dict[str, Any] = {"name": item.name, "in": "query", "required": False, "schema": schema}
            if schema["type"] == "array":
                entry |= {"style": "form", "explode": False}
            if words:
                entry["description"] = words
            found.append(entry)
        found.append(fields)
        found.append(
            {
                "name": "ordering",
                "in": "query",
                "required": False,
                "schema": {
                    "type": "string",
                    "enum": list(projection.orderings),
                    "default": projection.default_ordering,
                },
            }
        )
        found.append(
            {
                "name": "page_size",
                "in": "query",
                "required": False,
                "schema": {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": PAGE_SIZE},
            }
        )
        found.append(
            {
                "name": "cursor",
                "in": "query",
                "required": False,
                "schema": {"type": "string"},
                "description": "Mark of a page, as given under `next`; not to be made up.",
            }
        )
        return found

    def _body(self) -> dict[str, Any] | None:
        view: Any = self.view
        shape = view.requests.get(self.method)
        if shape is None:
            return None
        media_type = getattr(view, "request_media_type", "application/json")
        content: dict[str, Any] = {"schema": self._shape(shape, "request")}
        if (example := view.examples.get((self.method, "request"))) is not None:
            content["example"] = example
        elif content["schema"] == NOTHING:
            content["example"] = {}
        return {"required": True, "content": {media_type: content}}

    def _shape(self, shape: Any, direction: Literal["request", "response"]) -> dict[str, Any]:
        if isinstance(shape, type) and issubclass(shape, serializers.Serializer):
            if not shape().fields:
                return dict(NOTHING)
            return dict(self.resolve_serializer(shape, direction).ref)
        return dict(shape)

    def _answers(self, access: Any) -> dict[str, Any]:
        view: Any = self.view
        headers = {
            name: {"description": words, "schema": {"type": kind}} for name, (words, kind) in STANDING_HEADERS.items()
        }
        found: dict[str, Any] = {}
        declared = dict(view.responses.get(self.method, {}))
        if view.projection is not None and self.method == "GET":
            projection: Projection = view.projection
            if projections.setdefault(projection.name, projection) is not projection:
                message = f"two projections are named {projection.name}"
                raise ValueError(message)
            one = ref(projection.name)
            declared.setdefault(200, one if view.single else ref(f"{projection.name}Page"))
            headers = headers | {"ETag": {"description": "Tag to send in If-None-Match.", "schema": {"type": "string"}}}
        for status, shape in sorted(declared.items()):
            entry: dict[str, Any] = {"description": view.summary[self.method], "headers": headers}
            if shape is not None:
                content: dict[str, Any] = {"schema": self._shape(shape, "response")}
                example = view.examples.get(self.method)
                if example is not None:
                    content["example"] = example
                entry["content"] = {"application/json": content}
            found[str(status)] = entry
        for status in self._errors(access):
            entry = {"description": ERRORS[status]}
            if status != 304:
                entry["content"] = {"application/problem+json": {"schema": ref("Problem")}}
            found[str(status)] = entry
        return dict(sorted(found.items()))

    def _errors(self, access: Any) -> list[int]:
        view: Any = self.view
        statuses = {429}
        if not access.anonymous:
            statuses |= {401, 403}
        if "{" in self.path:
            statuses.add(404)
        if self.method == "GET" and view.projection is not None:
            statuses |= {304, 400}
        if self.method in {"POST", "PUT", "PATCH"}:
            statuses |= {400, 409, 415, 422}
        return sorted(statuses | set(getattr(view, "more_errors", ())))
