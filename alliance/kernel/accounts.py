"""How accounts sign in: by invitation only, with a second factor wherever somebody acts for others."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core import context as allauth_context
from allauth.core.exceptions import ReauthenticationRequired
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.urls import NoReverseMatch, reverse
from django.urls.base import get_script_prefix
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from alliance.kernel import ciphers, tenancy

if TYPE_CHECKING:
    from django.http import HttpRequest

    from alliance.models import Alliance

View = TypeVar("View", bound=Callable[..., Any])

FACTOR_PURPOSE = "second factor"
#: What counts as a second factor at sign-in; recovery codes alone do not.
FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by invitation only; every text and address is ours and stays inside the alliance."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "account_inactive": _("This account is closed."),
        "email_password_mismatch": _("E-mail address or password is not right."),
        "enter_current_password": _("This is not your present password."),
        "incorrect_code": _("This code is not right. Codes change every 30 seconds; each recovery code works once."),
        "incorrect_password": _("This is not your password."),
        "invalid_password_reset": _("This link was used before or is too old. Ask for a new one."),
        "too_many_login_attempts": _("Too many tries to sign in. Wait 15 minutes, or set a new password now."),
        "rate_limited": _("Too many tries in a short time. Wait a few minutes, then try again."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002 - allauth's signature
        """Nobody signs up without an invitation."""
        return False

    def get_login_redirect_url(self, request: HttpRequest) -> str:  # noqa: ARG002 - allauth's signature
        """To the page that sends each person where the person acts."""
        return reverse("account_start")

    def get_logout_redirect_url(self, request: HttpRequest) -> str:  # noqa: ARG002 - allauth's signature
        """To the front page of the alliance, else of the platform."""
        try:
            return reverse(settings.LOGOUT_REDIRECT_URL)
        except NoReverseMatch:
            return get_script_prefix()

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:  # noqa: ARG002 - allauth's signature
        """Back to the own account."""
        return reverse("account_profile")

    def get_client_ip(self, request: HttpRequest) -> str:
        """The address that our own middleware settled on; a Unix socket has none."""
        return request.META.get("REMOTE_ADDR") or "127.0.0.1"

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """A sign-in of the last five minutes is fresh enough; asking again at once would protect nothing."""
        request = allauth_context.request
        if request is not None and is_authentication_fresh(request):
            return False
        return bool(super().is_reauthentication_required(app=app, **kwargs))

    def format_email_subject(self, subject: str) -> str:
        """The alliance's name in front."""
        alliance = getattr(allauth_context.request, "alliance", None)
        return f"[{alliance.name if alliance else gettext('Industrial think tank alliances')}] {subject}"

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """In the account's own language, signed by the alliance."""
        from alliance.models import User  # noqa: PLC0415 - this module loads before the models

        user = context.get("user") or User.objects.filter(email=email.lower()).first()
        language = user.language if isinstance(user, User) else translation.get_language()
        alliance = getattr(allauth_context.request, "alliance", None)
        with translation.override(language):
            super().send_mail(template_prefix, email, {"alliance": alliance, **context})


class SecondFactorAdapter(DefaultMFAAdapter):
    """Second factors: names shown by authenticator applications, seeds sealed in the database."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "cannot_delete_authenticator": _("This is your only second factor. Add another one first, then remove this one."),
        "cannot_generate_recovery_codes": _("Recovery codes need a second factor. Set one up first."),
        "incorrect_code": AccountAdapter.error_messages["incorrect_code"],
    }

    def encrypt(self, text: str) -> str:
        """Seal a seed before it is stored."""
        return ciphers.seal(text, FACTOR_PURPOSE)

    def decrypt(self, encrypted_text: str) -> str:
        """Open a stored seed."""
        return ciphers.unseal(encrypted_text, FACTOR_PURPOSE)

    def get_totp_issuer(self) -> str:
        """The alliance's name, as the application lists the account."""
        alliance = getattr(allauth_context.request, "alliance", None)
        return alliance.name_en if alliance else settings.MFA_TOTP_ISSUER

    def _get_site_name(self) -> str:
        return self.get_totp_issuer()

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """The last factor of somebody who must have one stays."""
        if authenticator.type not in FACTORS:
            return True
        others = Authenticator.objects.filter(user_id=authenticator.user_id, type__in=FACTORS).exclude(pk=authenticator.pk)
        return others.exists() or not is_anywhere_required(authenticator.user)

    def generate_authenticator_name(self, user: Any, type: Authenticator.Type) -> str:  # noqa: A002 - allauth's signature
        """First, second ... passkey."""
        count = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return gettext("Passkey %(number)s") % {"number": count + 1}


def needs_second_factor(user: Any, alliance: Alliance | None) -> bool:
    """Whether a person must set up a second factor before going on.

    Asked of every account that acts for an institution or the alliance, and of platform operators. Exempt is only a
    demonstration account inside a demonstration alliance; the database keeps such accounts out of real alliances.

    Roles are tenant rows: they are read in a transaction that has announced the alliance, because outside one (where
    middleware runs) the database shows none and everybody would seem to be nobody.
    """
    if not user.is_authenticated:
        return False
    if alliance is not None and user.is_demonstration and alliance.is_demonstration:
        return False
    if is_mfa_enabled(user, FACTORS):
        return False
    if user.is_platform_operator:
        return True
    if alliance is None:
        return False
    from alliance.kernel.permissions import forget_grants, grants_of  # noqa: PLC0415 - loads before the models

    with tenancy.acting_in(alliance):
        forget_grants(user)
        return bool(grants_of(user, alliance))


def is_anywhere_required(user: Any) -> bool:
    """Whether a second factor is required of the account in any alliance, or as an operator."""
    from alliance.selectors.alliances import list_alliances_of_user  # noqa: PLC0415 - loads before the models

    if user.is_platform_operator:
        return True
    return any(not (user.is_demonstration and alliance.is_demonstration) for alliance in list_alliances_of_user(user))


def is_authentication_fresh(request: HttpRequest) -> bool:
    """Whether the person proved who it is, by signing in or again, within the last five minutes."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return False
    records = get_authentication_records(request, user)
    latest = max((float(record.get("at", 0)) for record in records), default=0.0)
    return time.time() - latest < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT


def fresh_authentication(view: View) -> View:
    """Ask for the password or a second factor again before a view for voting, signing, paying, erasing or key work.

    A sign-in within the last five minutes counts. What was posted is kept and carried out after the person has proved
    who it is.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if not is_authentication_fresh(request):
            raise ReauthenticationRequired
        return view(request, *args, **kwargs)

    return guarded  # type: ignore[return-value]
