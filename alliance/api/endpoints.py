"""Bases of the API's endpoints."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.db import transaction
from django.http import HttpResponse, HttpResponseNotModified
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.views import APIView

from alliance.actions import idempotency
from alliance.api.authentication import machine_of
from alliance.api.openapi import AllianceSchema
from alliance.api.permissions import Access
from alliance.api.renderers import dump
from alliance.kernel.errors import NotFoundError
from alliance.kernel.limits import Standing
from alliance.kernel.permissions import grants_of
from alliance.kernel.projection import Condition, Page, Projection, Query

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase
    from rest_framework.request import Request

    from alliance.models import Alliance, User


class Endpoint(APIView):
    """Base of every endpoint: declared access, fair use told in headers, one form of errors.

    Attributes:
        access: Who may call, by method; a method that is missing is closed.
        summary: Name of each operation, by method, for the API document.
        explanation: Longer text by method.
        responses: Answers by method and status; JSON schema, serializer class or None for no body.
        examples: Example answer by method; for writes also ``(method, "request")``.
        tag: Resource the operations are listed under.
    """

    access: ClassVar[Mapping[str, Access]] = {}
    summary: ClassVar[Mapping[str, str]] = {}
    explanation: ClassVar[Mapping[str, str]] = {}
    responses: ClassVar[Mapping[str, Mapping[int, Any]]] = {}
    requests: ClassVar[Mapping[str, Any]] = {}
    examples: ClassVar[Mapping[Any, Any]] = {}
    tag: ClassVar[str] = ""
    path_schemas: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    undocumented: ClassVar[bool] = False
    projection: ClassVar[Projection | None] = None
    single: ClassVar[bool] = False
    schema = AllianceSchema()
    standing: Standing | None = None
    http_method_names: ClassVar[list[str]] = ["get", "post", "put", "patch", "delete", "head"]  # type: ignore[misc]

    @property
    def alliance(self) -> Alliance:
        """The tenant of the request.

        Raises:
            NotFoundError: The address names no alliance.
        """
        found: Alliance | None = getattr(self.request._request, "alliance", None)
        if found is None:
            raise NotFoundError
        return found

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Ask who calls and whether it may; a name with a null byte is in no table.

        Raises:
            NotFoundError: The address holds a null byte.
        """
        super().initial(request, *args, **kwargs)
        if any(isinstance(value, str) and "\x00" in value for value in kwargs.values()):
            raise NotFoundError

    def finalize_response(  # type: ignore[override]  # answers of Django itself pass as they are
        self, request: Request, response: HttpResponseBase, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """Add the caller's standing."""
        if isinstance(response, HttpResponse) and not hasattr(response, "accepted_renderer"):
            for name, value in self.headers.items():
                response.headers.setdefault(name, value)
            final: HttpResponseBase = response
        else:
            final = super().finalize_response(request, response, *args, **kwargs)  # type: ignore[arg-type]
        if self.standing is not None and "RateLimit-Limit" not in final.headers:
            for name, value in self.standing.headers().items():
                final.headers[name] = value
        return final


class ReadEndpoint(Endpoint):
    """Reads that may be asked for again cheaply: an ``ETag`` from what the answer depends on, not from the answer.

    Tag = alliance, version of its content (raised by every commit that changes a record), day, caller's rights, language,
    path and query. A machine may keep the answer and ask again with ``If-None-Match``.
    """

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        """Without the transaction around the whole request, which :meth:`dispatch` opens where it is needed."""
        return transaction.non_atomic_requests(super().as_view(**initkwargs))

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:  # type: ignore[override]
        """One transaction for people and for writes; a machine's read opens one only when it must ask the database.

        An answer that did not change then costs no transaction at all.
        """
        if request.method in {"GET", "HEAD"} and request.META.get("HTTP_AUTHORIZATION", "").lower().startswith("bearer "):
            return super().dispatch(request, *args, **kwargs)
        with transaction.atomic():
            return super().dispatch(request, *args, **kwargs)

    def etag(self, request: Request, version: int | None = None) -> str:
        """The tag of the answer as it would be now, or at a version of the content."""
        raw: HttpRequest = request._request
        alliance = self.alliance
        machine = machine_of(request)
        if machine is not None:
            rights = f"machine {' '.join(sorted(machine.scopes))}"
        elif request.user.is_authenticated:
            rights = f"{request.user.pk} {sorted(map(repr, grants_of(request.user, alliance)))}"
        else:
            rights = "anyone"
        parts = (
            str(alliance.pk),
            str(alliance.content_version if version is None else version),
            timezone.localdate().isoformat(),
            rights,
            translation.get_language() or "",
            raw.get_full_path(),
        )
        return f'"{hashlib.sha256(chr(31).join(parts).encode()).hexdigest()[:32]}"'

    def answer(self, request: Request, body: bytes, tag: str, headers: Mapping[str, str] | None = None) -> HttpResponse:
        """A full answer that can be asked for again."""
        response = HttpResponse(body, content_type="application/json")
        self._mark(request, response, tag)
        for name, value in (headers or {}).items():
            response[name] = value
        return response

    def unchanged(self, request: Request, tag: str) -> HttpResponse | None:
        """304 when the caller holds this very answer."""
        asked = request.META.get("HTTP_IF_NONE_MATCH", "")
        held = [part.strip().removeprefix("W/") for part in asked.split(",")]
        if tag not in held:
            return None
        response = HttpResponseNotModified()
        self._mark(request, response, tag)
        return response

    @staticmethod
    def _mark(request: Request, response: HttpResponse, tag: str) -> None:
        response["ETag"] = tag
        response["Cache-Control"] = "private, no-cache"
        patch_vary_headers(response, ("Authorization", "Accept-Language", "Cookie"))


class ProjectionEndpoint(ReadEndpoint):
    """Reads one projection."""

    def conditions(self, request: Request) -> Sequence[Condition]:  # noqa: ARG002 - for those who need the caller
        """Which rows the caller may see; all rows of the alliance unless an endpoint says otherwise."""
        return ()

    def wanted(self) -> Projection:
        """The projection of this endpoint."""
        if self.projection is None:
            message = f"{type(self).__name__} declares no projection"
            raise TypeError(message)
        return self.projection

    # What alliance.api.machine_reads asks of an endpoint: the same answer as get() gives, in parts.

    def statement(self, request: Request, query: Query, key: str) -> tuple[str, dict[str, Any]]:
        """The one statement behind an answer and its parameters."""
        raise NotImplementedError

    def compose(self, request: Request, query: Query, row: tuple[Any, ...], tag: str) -> HttpResponse:
        """The answer made of the statement's row."""
        raise NotImplementedError


class ProjectionList(ProjectionEndpoint):
    """A list: filters, field choice, ordering and keyset pages; one query for the whole page."""

    def get(self, request: Request, **_kwargs: Any) -> HttpResponse:
        """One page."""
        projection = self.wanted()
        raw = request._request
        query = projection.read(dict(raw.GET.lists()))
        tag = self.etag(request)
        if (same := self.unchanged(request, tag)) is not None:
            return same
        with transaction.atomic():
            page = projection.page(self.alliance, query, self.conditions(request))
        return self._whole(request, page, tag)

    def statement(self, request: Request, query: Query, key: str) -> tuple[str, dict[str, Any]]:  # noqa: ARG002 - for records
        """The statement of a page."""
        return self.wanted().page_statement(self.alliance, query, tuple(self.conditions(request)))

    def compose(self, request: Request, query: Query, row: tuple[Any, ...], tag: str) -> HttpResponse:
        """One page."""
        return self._whole(request, self.wanted().page_of(query, row), tag)

    def _whole(self, request: Request, page: Page, tag: str) -> HttpResponse:
        raw = request._request
        following = b"null"
        headers = {}
        if page.next_cursor:
            parameters = raw.GET.copy()
            parameters["cursor"] = page.next_cursor
            address = f"{raw.scheme}://{raw.get_host()}{raw.path}?{parameters.urlencode()}"
            headers["Link"] = f'<{address}>; rel="next"'
            following = dump(address)
        return self.answer(request, b'{"results":' + page.results + b',"next":' + following + b"}", tag, headers)


class ProjectionDetail(ProjectionEndpoint):
    """One record by its code; a record of another alliance answers as one that never was."""

    single: ClassVar[bool] = True

    def get(self, request: Request, code: str) -> HttpResponse:
        """The record."""
        projection = self.wanted()
        query = projection.read(dict(request._request.GET.lists()), single=True)
        tag = self.etag(request)
        body: bytes | None = None
        if "\x00" not in code:
            if (same := self.unchanged(request, tag)) is not None:
                return same
            with transaction.atomic():
                body = projection.record(self.alliance, code, query, self.conditions(request))
        if body is None:
            raise NotFoundError
        return self.answer(request, body, tag)

    def statement(self, request: Request, query: Query, key: str) -> tuple[str, dict[str, Any]]:
        """The statement of a record."""
        return self.wanted().record_statement(self.alliance, key, query, tuple(self.conditions(request)))

    def compose(self, request: Request, query: Query, row: tuple[Any, ...], tag: str) -> HttpResponse:  # noqa: ARG002 - for pages
        """The record."""
        return self.answer(request, row[0].encode(), tag)


class WriteEndpoint(Endpoint):
    """Writes by calling an action; the same request sent twice with an ``Idempotency-Key`` acts once.

    Attributes:
        idempotency_required: Whether the header must be there.
    """

    idempotent: ClassVar[bool] = True
    idempotency_required: ClassVar[bool] = False

    def act(self, request: Request, **kwargs: Any) -> HttpResponse:
        """Do it; refusals are raised."""
        raise NotImplementedError

    def check_again(self, request: Request, **kwargs: Any) -> None:
        """Ask for the permission of the act once more before a kept answer is given out; refusals are raised."""
        raise NotImplementedError

    def post(self, request: Request, **kwargs: Any) -> HttpResponse:
        """Act, or repeat the kept answer."""
        raw = request._request
        content = raw.body  # read before the parser takes the stream
        key = request.META.get("HTTP_IDEMPOTENCY_KEY")
        if key is None:
            if self.idempotency_required:
                raise idempotency.IdempotencyKeyRequiredError
            return self.act(request, **kwargs)
        machine = machine_of(request)
        asked = idempotency.Request.of(
            client=f"client:{machine.client.client_id}" if machine else f"user:{person_of(request).uuid}",
            key=key,
            method="POST",
            path=raw.path,
            content=[content],
        )
        kept = idempotency.begin(self.alliance, asked, at=timezone.now())
        if kept is not None:
            self.check_again(request, **kwargs)
            return idempotency.replay(kept)
        response = self.act(request, **kwargs)
        idempotency.finish(self.alliance, asked, response)
        return response


def json_response(data: Any, status: int = 200, *, location: str = "") -> HttpResponse:
    """A JSON answer that is not to be kept by anybody."""
    content = data if isinstance(data, bytes) else dump(data)
    response = HttpResponse(content, status=status, content_type="application/json")
    response["Cache-Control"] = "no-store"
    if location:
        response["Location"] = location
    return response


def person_of(request: Request) -> User:
    """The person who calls; access without scope and without ``anonymous`` lets nobody else in."""
    return cast("User", request.user)


class ClosedSerializer(serializers.Serializer[Any]):
    """The shape of a body; a field it does not know is refused, not ignored."""

    def to_internal_value(self, data: Any) -> Any:
        """Parse.

        Raises:
            ValidationError: A field is unknown or breaks its shape.
        """
        if isinstance(data, Mapping):
            unknown = set(data) - {name for name, known in self.fields.items() if not known.read_only}
            if unknown:
                raise serializers.ValidationError({str(name): [UNKNOWN_FIELD] for name in sorted(map(str, unknown))})
        return super().to_internal_value(data)


UNKNOWN_FIELD = translation.gettext_lazy("This field is not known here.")


def read_body(serializer: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """The checked body of a write.

    Raises:
        ValidationError: The body breaks the declared shape.
        ParseError: It is nested too deep to be read.
    """
    try:
        data = request.data
    except RecursionError as error:
        raise ParseError from error
    given = serializer(data=data)
    given.is_valid(raise_exception=True)
    return dict(given.validated_data)
