"""How accounts sign in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.utils import is_mfa_enabled

if TYPE_CHECKING:
    from django.http import HttpRequest

    from alliance.models import Alliance


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts are made by invitation only."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002 - allauth's signature
        """Nobody signs up without an invitation."""
        return False


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Names shown by authenticator applications."""


def needs_second_factor(user: Any, alliance: Alliance | None) -> bool:
    """Whether a person must set up a second factor before going on.

    Asked of every account that acts for an institution or the alliance. Only a demonstration account inside a
    demonstration alliance is exempt.
    """
    if alliance is None or not user.is_authenticated:
        return False
    if user.is_demonstration and alliance.is_demonstration:
        return False
    from alliance.kernel.permissions import grants_of  # noqa: PLC0415 - loads before the models

    return bool(grants_of(user, alliance)) and not is_mfa_enabled(user)
