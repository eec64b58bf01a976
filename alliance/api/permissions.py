"""Who may call an endpoint. Default deny: an endpoint that declares nothing is closed to everybody."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.permissions import BasePermission

from alliance.api.authentication import machine_of
from alliance.api.scopes import SCOPES
from alliance.kernel.errors import DomainError, PermissionRefusedError
from alliance.kernel.permissions import can, grants_of, permissions

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView

    from alliance.models import Alliance, User


@dataclass(frozen=True, slots=True)
class Access:
    """Who may call an endpoint with one method.

    Attributes:
        scope: Scope a machine client needs; empty: closed to machines.
        permission: Permission a person needs, asked with the alliance as the record; empty: any role in the alliance is
            enough here and the action or the rows decide.
        people: False closes the endpoint to people.
        anonymous: True opens it to callers who say nothing about themselves.
    """

    scope: str = ""
    permission: str = ""
    people: bool = True
    anonymous: bool = False


class InsufficientScopeError(DomainError):
    """The token does not cover this endpoint."""

    code = "insufficient_scope"
    status = 403

    def __init__(self, scope: str) -> None:
        if scope:
            super().__init__(
                _("This needs the scope %(scope)s (%(meaning)s).") % {"scope": scope, "meaning": SCOPES[scope]},
                who=[_("clients registered with this scope")],
                remedy=_("Ask the office administrator of the alliance to register the scope, then ask for a new token."),
                details={"scope": scope},
            )
        else:
            super().__init__(
                _("This is not open to machine clients: a person has to do it."),
                who=[_("people signed in to the alliance")],
                details={"scope": ""},
            )


AccessTable = Mapping[str, Access]
PersonCheck = Callable[["User", "Alliance"], bool]


class DefaultDeny(BasePermission):
    """Asks the endpoint's own table ``access`` (method to :class:`Access`)."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether the call may go on; refusals name the scope or who may act."""
        table: AccessTable = getattr(view, "access", {})
        access = table.get("GET" if request.method == "HEAD" else str(request.method))
        if access is None:
            if request.method not in view.allowed_methods:
                raise MethodNotAllowed(str(request.method))
            return False
        machine = machine_of(request)
        if machine is not None:
            if not access.scope or access.scope not in machine.scopes:
                raise InsufficientScopeError(access.scope)
            return True
        user: Any = request.user
        if not user.is_authenticated:
            return access.anonymous
        alliance: Alliance = request._request.alliance  # type: ignore[attr-defined]
        if access.anonymous:
            return True
        if not access.people:
            raise PersonRefusedError
        if access.permission:
            if not can(user, access.permission, alliance):
                declared = permissions.get(access.permission)
                raise PermissionRefusedError(declared.act, permission=access.permission, who=declared.describe_holders())
            return True
        if not grants_of(user, alliance):
            raise PersonRefusedError
        return True


class PersonRefusedError(DomainError):
    """A signed-in person without any role in this alliance."""

    code = "permission_refused"
    status = 403

    def __init__(self) -> None:
        super().__init__(
            _("You hold no role in this alliance."),
            who=[_("people who act for the alliance or one of its institutions"), _("registered API clients")],
        )
