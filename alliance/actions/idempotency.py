"""The same request, sent twice, acts once and gets the same answer (security.md section 4(c)).

The key is written in the transaction of the act itself. A twin that runs at the same time waits on the key's index entry,
at most two seconds; a refusal or a crash takes the key back with everything else, so that no key is ever stuck.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from django.conf import settings
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from psycopg2 import errors as postgres_errors

from alliance.kernel.errors import DomainError
from alliance.models import IdempotencyKey

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest

    from alliance.models import Alliance

FIELD = "idempotency_key"
KEY = re.compile(r"[A-Za-z0-9_-]{8,128}")
WAIT_SECONDS = 2
KEPT_HEADERS = ("Content-Type", "Location", "HX-Redirect", "HX-Trigger", "HX-Location")
P = ParamSpec("P")
AnyRequest = TypeVar("AnyRequest", bound="HttpRequest")


class IdempotencyKeyInvalidError(DomainError):
    """The key does not have the form of one."""

    code = "idempotency_key_invalid"
    status = 400

    def __init__(self) -> None:
        super().__init__(
            _("The Idempotency-Key must have 8 to 128 letters, digits, “-” or “_”."),
            remedy=_("Send a new random key, such as a UUID, with each new request."),
        )


class IdempotencyKeyRequiredError(DomainError):
    """This request may not be sent without a key."""

    code = "idempotency_key_required"
    status = 400

    def __init__(self) -> None:
        super().__init__(
            _("This request needs the header Idempotency-Key."),
            remedy=_("Send a new random key, such as a UUID, with each new request; send the same one when you repeat it."),
        )


class IdempotencyKeyReusedError(DomainError):
    """The key belongs to another request."""

    code = "idempotency_key_reused"
    status = 422

    def __init__(self) -> None:
        super().__init__(
            _("This key was used for a different request; nothing was done."),
            remedy=_("Send a new key with a new request; send the old key only with the very same content."),
        )


class IdempotencyInProgressError(DomainError):
    """A twin of this request is being worked on."""

    code = "idempotency_in_progress"
    status = 409

    def __init__(self) -> None:
        super().__init__(
            _("The same request is being worked on."),
            remedy=_("Send it again in a moment, with the same key, to get its answer."),
            details={"retry_after_seconds": WAIT_SECONDS},
        )


@dataclass(frozen=True, slots=True)
class Request:
    """What a key stands for.

    Attributes:
        client: Who sent it: ``client:<id>``, ``user:<uuid>`` or ``visitor``.
        key: The key.
        route: Method and path.
        request_hash: SHA-256 of the content.
    """

    client: str
    key: str
    route: str
    request_hash: str

    @classmethod
    def of(cls, *, client: str, key: str, method: str, path: str, content: Iterable[bytes]) -> Request:
        """From the parts of an HTTP request.

        Raises:
            IdempotencyKeyInvalidError: The key does not have the form of one.
        """
        if not KEY.fullmatch(key):
            raise IdempotencyKeyInvalidError
        digest = hashlib.sha256()
        for chunk in content:
            digest.update(chunk)
        route = f"{method} {path}"
        if len(route) > 160:
            route = f"{method} sha256:{hashlib.sha256(path.encode()).hexdigest()}"
        return cls(client[:80], key, route, digest.hexdigest())


def begin(alliance: Alliance, request: Request, *, at: datetime) -> IdempotencyKey | None:
    """Take the key for this transaction, or give the answer that was kept under it.

    Must run inside the transaction of the act.

    Returns:
        None when the act is to be done now; else the kept answer.

    Raises:
        IdempotencyInProgressError: A twin held the key for longer than the wait; the transaction is aborted.
        IdempotencyKeyReusedError: The key was used for another request.
    """
    if not connection.in_atomic_block:
        message = "an idempotency key belongs into the transaction of its act"
        raise RuntimeError(message)
    if _take(alliance, request, at):
        return None
    kept = _find(alliance, request)
    if kept is not None and kept.created_at < at - settings.IDEMPOTENCY_KEY_LIFE:
        IdempotencyKey.objects.of(alliance).filter(pk=kept.pk).delete()
        kept = None
    if kept is None:  # outlived, or taken back between the two statements
        if _take(alliance, request, at):
            return None
        kept = _find(alliance, request)
        if kept is None:
            raise IdempotencyInProgressError
    if (kept.route, kept.request_hash) != (request.route, request.request_hash):
        raise IdempotencyKeyReusedError
    return kept


def finish(alliance: Alliance, request: Request, response: HttpResponse) -> None:
    """Keep the answer of the act that was just done."""
    headers = {name: response[name] for name in KEPT_HEADERS if name in response}
    IdempotencyKey.objects.of(alliance).filter(client=request.client, key=request.key).update(
        status=response.status_code, headers=headers, body=response.content
    )


def give_back(alliance: Alliance, request: Request) -> None:
    """Free the key: nothing was done, the person may correct the input and send it again."""
    IdempotencyKey.objects.of(alliance).filter(client=request.client, key=request.key).delete()


def replay(kept: IdempotencyKey) -> HttpResponse:
    """The kept answer once more."""
    response = HttpResponse(bytes(kept.body or b""), status=kept.status or 200)
    for name, value in kept.headers.items():
        response[name] = value
    response["Idempotency-Replayed"] = "true"
    return response


def _take(alliance: Alliance, request: Request, at: datetime) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{WAIT_SECONDS}s'")
        try:
            cursor.execute(
                "INSERT INTO alliance_idempotencykey (alliance_id, client, key, route, request_hash, headers, created_at) "
                "VALUES (%s, %s, %s, %s, %s, '{}', %s) ON CONFLICT DO NOTHING",
                [alliance.pk, request.client, request.key, request.route, request.request_hash, at],
            )
        except OperationalError as error:
            if isinstance(error.__cause__, postgres_errors.LockNotAvailable):
                raise IdempotencyInProgressError from error
            raise
        taken = bool(cursor.rowcount)
        cursor.execute("SET LOCAL lock_timeout TO DEFAULT")
    return taken


def _find(alliance: Alliance, request: Request) -> IdempotencyKey | None:
    return IdempotencyKey.objects.of(alliance).filter(client=request.client, key=request.key).first()


# -- Web forms --------------------------------------------------------------------------------------------------------


def once(
    view: Callable[Concatenate[AnyRequest, P], HttpResponse],
) -> Callable[Concatenate[AnyRequest, P], HttpResponse]:
    """A page whose form carries ``{% idempotency_key %}``: a double click acts once.

    Only success is kept, that is a redirect (or HTMX's ``HX-Redirect``). A form shown again with its errors frees the key.
    A repeated request is sent on to where the first one was; that page asks for permission itself. Somebody who goes back
    in the browser, changes the form and sends it again means another act: the key stands for one content of the form.
    """

    @wraps(view)
    def run(request: AnyRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        alliance = getattr(request, "alliance", None)
        key = request.POST.get(FIELD, "") if request.method == "POST" else ""
        if not key or alliance is None:
            return view(request, *args, **kwargs)
        user: Any = request.user
        asked = Request.of(
            client=f"user:{user.uuid}" if user.is_authenticated else "visitor",
            key=key,
            method="POST",
            path=request.path,
            content=_form_content(request),
        )
        asked = replace(asked, key=hashlib.sha256(f"{key} {asked.route} {asked.request_hash}".encode()).hexdigest())
        if (kept := begin(alliance, asked, at=timezone.now())) is not None:
            return replay(kept)
        response = view(request, *args, **kwargs)
        if 300 <= response.status_code < 400 or "HX-Redirect" in response:
            finish(alliance, asked, response)
        elif connection.in_atomic_block and not connection.needs_rollback:
            give_back(alliance, asked)
        return response

    return run  # type: ignore[return-value]  # the wrapper has the view's own parameters


def _form_content(request: HttpRequest) -> Iterable[bytes]:
    for name, values in sorted(request.POST.lists()):
        if name not in {FIELD, "csrfmiddlewaretoken"}:
            for value in values:
                yield f"{name}={value}\x00".encode("utf-8", "surrogatepass")
    for name, files in sorted(request.FILES.lists()):
        for file in files:
            yield f"{name}:{getattr(file, 'name', '')}\x00".encode()
            yield from file.chunks()  # type: ignore[union-attr]
            file.seek(0)  # type: ignore[union-attr]
