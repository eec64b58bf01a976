"""Who calls: a machine by its access token, or a person by the session of the pages."""

from __future__ import annotations

import hashlib
import math
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed

from alliance.kernel import tenancy
from alliance.kernel.errors import DomainError
from alliance.models import ApiClient

if TYPE_CHECKING:
    from datetime import datetime

    from rest_framework.request import Request

    from alliance.models import Alliance

USE_NOTED_EVERY_SECONDS = 60


@dataclass(frozen=True, slots=True)
class MachineClient:
    """A machine client as one request knows it.

    Attributes:
        client: The client; only the columns needed to judge a call are loaded.
        scopes: Scopes of the access token, narrowed to what the client is registered for now.
    """

    client: ApiClient
    scopes: frozenset[str] = field(default_factory=frozenset)


class NetworkRefusedError(DomainError):
    """A valid token from an address outside the client's networks."""

    code = "network_not_allowed"
    status = 403


# One statement, written by hand. Row-level security hides clients of other
# alliances; the alliance is asked for as well.
_FIND = """
SELECT c.id, c.client_id, c.scopes, c.networks, c.expires_at, c.revoked_at, c.last_used_at, t.scope, t.expires
FROM oauth2_provider_accesstoken t JOIN alliance_apiclient c ON c.id = t.application_id
WHERE t.token_checksum = %(checksum)s AND c.alliance_id = %(alliance)s
"""


class AllianceTokenAuthentication(BaseAuthentication):
    """Bearer tokens from ``oauth/token/``; valid only in the alliance of their client.

    One answer for an unknown token, one that has run out, one of a revoked client and one of another alliance.
    """

    def authenticate(self, request: Request) -> tuple[AnonymousUser, MachineClient] | None:
        """The machine that calls, or None where no bearer token was sent."""
        checksum = checksum_of(request)
        if checksum is None:
            return None
        alliance = getattr(request._request, "alliance", None)
        if alliance is None or not checksum:
            raise AuthenticationFailed
        known = find_token(checksum, alliance)
        now = timezone.now()
        if known is None or not known.is_open(now):
            raise AuthenticationFailed
        address = request.META.get("REMOTE_ADDR", "")
        if not known.client.admits(address):
            raise NetworkRefusedError(
                _("This client may not call from your network."),
                who=[_("the networks the client was registered for")],
                remedy=_("Ask the office administrator of the alliance to add your network to the client."),
            )
        note_use(known.client, address, now)
        return AnonymousUser(), MachineClient(known.client, known.scopes)

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - DRF's signature
        """What an unauthenticated caller should send."""
        return 'Bearer realm="api"'


@dataclass(frozen=True, slots=True)
class KnownToken:
    """What was found out about a token.

    Attributes:
        version: Alliance and version of its content at that time; a change of the client raises the version, so that a
            client revoked or narrowed is looked up anew with the very next call.
        client: The client.
        scopes: Scopes of the token that the client has.
        expires: End of the token.
    """

    version: tuple[int, int]
    client: ApiClient
    scopes: frozenset[str]
    expires: datetime

    def is_open(self, at: datetime) -> bool:
        """Whether token and client may be used at a moment."""
        return self.expires > at and self.client.is_open(at)


MOST_KNOWN = 5000
_known: dict[str, KnownToken] = {}


def checksum_of(request: Any) -> str | None:
    """Checksum of the bearer token that was sent: None without one, empty where it is empty."""
    kind, _blank, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    if kind.lower() != "bearer":
        return None
    return hashlib.sha256(token.strip().encode("utf-8", "replace")).hexdigest() if token else ""


def find_token(checksum: str, alliance: Alliance, *, any_version: bool = False) -> KnownToken | None:
    """What is known of a token in an alliance, asked of the database unless it is known already.

    Args:
        checksum: The token's.
        alliance: The alliance.
        any_version: Take what was known at an earlier version of the content; the caller compares the versions itself.
    """
    known = _known.get(checksum)
    if (
        known is not None
        and known.version[0] == alliance.pk
        and (any_version or known.version[1] == alliance.content_version)
    ):
        return known
    return _look_up(checksum, alliance)


def forget_token(checksum: str) -> None:
    """Have a token looked up anew."""
    _known.pop(checksum, None)


def _look_up(checksum: str, alliance: Alliance) -> KnownToken | None:
    version = (alliance.pk, alliance.content_version)  # before asking: what is read may be newer, never older
    row = tenancy.read_row(alliance, _FIND, {"checksum": checksum, "alliance": alliance.pk})
    if row is None:
        _known.pop(checksum, None)
        return None
    client = ApiClient(
        id=row[0],
        client_id=row[1],
        alliance=alliance,
        scopes=row[2],
        networks=row[3],
        expires_at=row[4],
        revoked_at=row[5],
        last_used_at=row[6],
    )
    scopes = frozenset(row[7].split()) & frozenset(row[2])
    found = KnownToken(version, client, scopes, row[8])
    if len(_known) >= MOST_KNOWN:
        _known.clear()
    _known[checksum] = found
    return found


_uses: dict[int, tuple[int, float]] = {}
_uses_lock = threading.Lock()


def note_use(client: ApiClient, address: str, at: datetime) -> None:
    """Count a call; written once a minute and worker, so that reading costs no write.

    A worker that dies loses the calls of its last minute from the count.
    """
    now = time.monotonic()
    with _uses_lock:
        count, written = _uses.get(client.pk, (0, -math.inf))
        if now - written < USE_NOTED_EVERY_SECONDS:
            _uses[client.pk] = (count + 1, written)
            return
        _uses[client.pk] = (0, now)
    with tenancy.acting_in(client.alliance_id):
        ApiClient.objects.filter(pk=client.pk, alliance_id=client.alliance_id).update(
            last_used_at=at, last_network=address[:64], uses=F("uses") + count + 1
        )


def machine_of(request: Any) -> MachineClient | None:
    """The machine client of a DRF request, or None when a person calls."""
    auth = getattr(request, "auth", None)
    return auth if isinstance(auth, MachineClient) else None
