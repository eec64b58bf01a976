"""What an invitation can give: each layer registers an acceptor for the scope of roles it knows.

An invitation holds a list of grants, ``{"scope": "alliance", "role": "secretariat"}`` or ``{"scope": "institution",
"role": "staff", "institution": "<code>"}``. The acceptor of the scope checks a grant before it is offered, describes it,
and gives the role when the person accepts.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from django.conf import settings

from alliance.kernel.errors import InvalidInputError
from alliance.kernel.registry import Registry

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance, User

GrantOffer = dict[str, Any]


class Acceptor(Protocol):
    """Knows one scope of roles."""

    takes_institution: bool

    def roles(self) -> Sequence[tuple[str, StrOrPromise]]:
        """Roles of the scope: value and label."""
        ...

    def check(self, alliance: Alliance, offer: GrantOffer, *, actor: User, at: datetime) -> GrantOffer:
        """The offer in its stored form.

        Raises:
            PermissionRefusedError: The actor may not give this role.
            InvalidInputError: No such role, or no such institution.
        """
        ...

    def describe(self, alliance: Alliance, offer: GrantOffer) -> str:
        """The role in words, in the active language."""
        ...

    def accept(self, alliance: Alliance, offer: GrantOffer, *, user: User, inviter: User, at: datetime) -> None:
        """Give the role to the person; nothing happens when it is held already.

        Raises:
            DomainError: A rule stands against it by now.
        """
        ...


acceptors: Registry[Acceptor] = Registry("invitation acceptor")


def acceptor_of(offer: GrantOffer) -> Acceptor:
    """The acceptor of an offer's scope.

    Raises:
        InvalidInputError: Nothing gives roles of that scope.
    """
    scope = str(offer.get("scope", ""))
    if scope not in acceptors:
        from django.utils.translation import gettext as _  # noqa: PLC0415 - the registry is used before translation loads

        raise InvalidInputError(_("Roles of this kind cannot be given by invitation."), code="invitation_scope_unknown")
    return acceptors.get(scope)


def make_token(uuid: UUID, expires_at: datetime, secret: str | None = None) -> str:
    """The token of an invitation: computed from the row and the server's key, so that it is stored nowhere.

    Sending again moves the expiry and so makes a new token; the old one opens nothing any more.
    """
    text = f"invitation:{uuid}:{expires_at.timestamp():.6f}"
    digest = hmac.new((secret or settings.SECRET_KEY).encode(), text.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def hash_token(token: str) -> str:
    """What the database keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
