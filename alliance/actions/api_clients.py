"""Registers machine clients, rotates their secrets without a gap, and revokes them."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from oauth2_provider.generators import generate_client_secret
from oauth2_provider.models import get_access_token_model

from alliance.actions.audit import record_audit
from alliance.kernel.errors import InvalidInputError, NotFoundError
from alliance.kernel.permissions import require
from alliance.models import ApiClient

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance, User

MANAGE = "alliance.manage_api_client"
MOST_OVERLAP = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A client with the secret just made: the only moment at which it can be read.

    Attributes:
        client: The client.
        secret: The secret in clear; the database keeps a hash.
    """

    client: ApiClient
    secret: str


@transaction.atomic
def register_client(
    alliance: Alliance,
    *,
    actor: User | None,
    name: str,
    organisation: str,
    purpose: str,
    scopes: Collection[str],
    known_scopes: Collection[str],
    networks: Sequence[str] = (),
    expires_at: datetime | None = None,
    at: datetime,
) -> NewSecret:
    """Register a machine client of one alliance.

    Args:
        alliance: The tenant; the client's tokens are valid nowhere else.
        actor: An office administrator; None for the operator at the command line.
        name: Name for people.
        organisation: Who runs the client.
        purpose: What for.
        scopes: What it may do, at least one.
        known_scopes: Every scope there is.
        networks: Networks in CIDR form it may call from; none means any.
        expires_at: From when it is refused; None for no end.
        at: Now.

    Raises:
        PermissionRefusedError: The actor is no office administrator.
        InvalidInputError: A scope or a network is unknown, or a text is missing.
    """
    if actor is not None:
        require(actor, MANAGE, alliance)
    for field, text in (("name", name), ("organisation", organisation), ("purpose", purpose)):
        if not text.strip():
            required = _("This field is required.")
            raise InvalidInputError(required, fields={field: required})
    if not scopes or (unknown := sorted(set(scopes) - set(known_scopes))):
        words = _("Choose one or more of these scopes: %(scopes)s.") % {"scopes": ", ".join(known_scopes)}
        raise InvalidInputError(words, fields={"scopes": words}, details={"unknown": unknown if scopes else []})
    if expires_at is not None and expires_at <= at:
        future = _("The end must lie in the future.")
        raise InvalidInputError(future, fields={"expires_at": future})
    secret = generate_client_secret()  # type: ignore[no-untyped-call]
    client = ApiClient(
        alliance=alliance,
        name=name.strip(),
        organisation=organisation.strip(),
        purpose=purpose.strip(),
        scopes=sorted(set(scopes)),
        networks=[_network(text) for text in networks],
        expires_at=expires_at,
        client_type=ApiClient.CLIENT_CONFIDENTIAL,
        authorization_grant_type=ApiClient.GRANT_CLIENT_CREDENTIALS,
        client_secret=secret,
    )
    client.save()
    record_audit(
        client,
        actor=actor,
        verb="register_api_client",
        after={"client": client.client_id, "scopes": client.scopes, "networks": client.networks, "expires_at": expires_at},
        personal={"name": client.name, "organisation": client.organisation, "purpose": client.purpose},
        at=at,
    )
    return NewSecret(client, secret)


@transaction.atomic
def rotate_secret(alliance: Alliance, client_id: str, *, actor: User | None, overlap: timedelta, at: datetime) -> NewSecret:
    """Give a client a new secret; the old one stays valid for the overlap and no longer.

    Args:
        alliance: The tenant.
        client_id: The client's public identifier.
        actor: An office administrator; None for the operator at the command line.
        overlap: How long both secrets work, 0 to 30 days; 0 ends the old one at once.
        at: Now.

    Raises:
        NotFoundError: No client of this alliance has the identifier.
        InvalidInputError: The overlap is negative or too long.
    """
    if actor is not None:
        require(actor, MANAGE, alliance)
    client = _lock(alliance, client_id)
    if not timedelta(0) <= overlap <= MOST_OVERLAP:
        words = _("Both secrets may work side by side for at most %(days)s days.") % {"days": MOST_OVERLAP.days}
        raise InvalidInputError(words, fields={"overlap": words})
    secret = generate_client_secret()  # type: ignore[no-untyped-call]
    client.previous_secret = client.client_secret if overlap else ""
    client.previous_secret_until = at + overlap if overlap else None
    client.client_secret = secret
    client.save(update_fields=["client_secret", "previous_secret", "previous_secret_until", "updated"])
    record_audit(
        client,
        actor=actor,
        verb="rotate_api_client_secret",
        after={"client": client.client_id, "both_until": client.previous_secret_until},
        at=at,
    )
    return NewSecret(client, secret)


@transaction.atomic
def revoke_client(alliance: Alliance, client_id: str, *, actor: User | None, at: datetime) -> ApiClient:
    """Close a client for good; its tokens end with it."""
    if actor is not None:
        require(actor, MANAGE, alliance)
    client = _lock(alliance, client_id)
    if client.revoked_at is None:
        client.revoked_at = at
        client.save(update_fields=["revoked_at", "updated"])
        get_access_token_model().objects.filter(application=client).delete()  # type: ignore[no-untyped-call]
        record_audit(client, actor=actor, verb="revoke_api_client", after={"client": client.client_id}, at=at)
    return client


def _lock(alliance: Alliance, client_id: str) -> ApiClient:
    client = ApiClient.objects.filter(alliance=alliance, client_id=client_id).select_for_update().first()
    if client is None:
        raise NotFoundError
    return client


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text.strip(), strict=False))
    except ValueError:
        words = _("“%(network)s” is no network; write it like 203.0.113.0/24.") % {"network": text[:60]}
        raise InvalidInputError(words, fields={"networks": words}) from None
