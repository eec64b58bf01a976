"""Fair use: each client, each person and each network has a window of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.throttling import BaseThrottle

from alliance.api.authentication import machine_of
from alliance.kernel import limits

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView


class ClientThrottle(BaseThrottle):
    """Counts the call under the rule ``api_client``; the caller's standing goes into the response headers."""

    rule = "api_client"

    def allow_request(self, request: Request, view: APIView) -> bool:
        """True, or a refusal that says how long to wait.

        Raises:
            RateLimitedError: The window is full.
        """
        standing = getattr(request._request, "standing", None)
        if standing is not None:  # counted before, on the short road for machines
            view.standing = standing  # type: ignore[attr-defined]
            return True
        machine = machine_of(request)
        if machine is not None:
            caller = f"client:{machine.client.pk}"
        elif request.user and request.user.is_authenticated:
            caller = f"user:{request.user.pk}"
        else:
            caller = f"network:{limits.network_of(request.META.get('REMOTE_ADDR', ''))}"
        alliance = getattr(request._request, "alliance", None)
        view.standing = limits.hit_in_advance(self.rule, alliance.pk if alliance else 0, caller)  # type: ignore[attr-defined]
        return True
