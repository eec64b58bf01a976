"""Changes to accounts themselves; an account belongs to the person and to no alliance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from alliance.kernel.errors import DomainError, InvalidInputError
from alliance.models import User

if TYPE_CHECKING:
    from collections.abc import Mapping


def update_profile(user: User, *, name_en: str, name_zh: str, language: str, shortcuts_enabled: bool) -> User:
    """Change one's own names, language and keyboard shortcuts.

    Raises:
        InvalidInputError: No name at all, or an unknown language.
    """
    if not name_en.strip() and not name_zh.strip():
        words = _("Give your name in at least one script.")
        raise InvalidInputError(words, code="name_missing", fields={"name_en": words})
    if language not in dict(settings.LANGUAGES):
        raise InvalidInputError(_("There is no such language."), code="language_unknown")
    user.name_en = name_en.strip()
    user.name_zh = name_zh.strip()
    user.language = language
    user.shortcuts_enabled = shortcuts_enabled
    user.save(update_fields=["name_en", "name_zh", "language", "shortcuts_enabled"])
    return user


def keep_language(user: User, language: str) -> None:
    """Remember the language a person chose."""
    if user.language != language:
        user.language = language
        user.save(update_fields=["language"])


@transaction.atomic
def create_operator(email: str, password: str, *, names: Mapping[str, str] | None = None) -> User:
    """Make a platform operator's account: it runs the installation and opens no alliance's records.

    Raises:
        DomainError: The address has an account.
        InvalidInputError: The password breaks a rule.
    """
    address = email.strip().lower()
    if User.objects.filter(email=address).exists():
        raise DomainError(_("There is an account with this address already."), code="account_exists")
    user = User(email=address, is_platform_operator=True, **dict(names or {}))
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise InvalidInputError(" ".join(error.messages), code="password_weak") from error
    user.set_password(password)
    user.save()
    EmailAddress.objects.create(user=user, email=address, primary=True, verified=True)
    return user
