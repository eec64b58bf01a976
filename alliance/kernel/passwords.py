"""Password rules beyond length and the shipped list of common ones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from alliance.kernel import tenancy

CONTEXT_WORDS = ("alliance", "thinktank", "think tank", "联盟", "智库", "chanyezhiku")
WORD = re.compile(r"[a-z]{4,}|[\u3400-\u9fff]{2,}")
MAX_LENGTH = 128


class ContextWordValidator:
    """Refuses passwords that are little more than words everybody here would try first."""

    def validate(self, password: str, user: Any = None) -> None:
        """Refuse a password of which a word of the alliance's or the person's own name is half or more.

        Raises:
            ValidationError: With the advice what to do.
        """
        folded = password.casefold()
        if any(word in folded and 2 * len(word) >= len(folded) for word in self._words(user)):
            raise ValidationError(
                _("This password is mostly a word that others would guess. Use several unrelated words."),
                code="password_context",
            )

    def get_help_text(self) -> str:
        """Advice shown beside the field."""
        return _("At least 12 characters; several unrelated words are best.")

    @staticmethod
    def _words(user: Any) -> Iterator[str]:
        yield from CONTEXT_WORDS
        for name in (getattr(user, "name_en", ""), getattr(user, "name_zh", "")):
            yield from (part for part in str(name).casefold().split() if len(part) > 1)
        yield str(getattr(user, "email", "")).partition("@")[0].casefold() or CONTEXT_WORDS[0]
        if (alliance_id := tenancy.acting_alliance_id()) is not None:
            from alliance.models import Alliance  # noqa: PLC0415 - this module loads before the models

            if alliance := Alliance.objects.filter(pk=alliance_id).first():
                for name in (alliance.slug.replace("-", " "), alliance.name_en, alliance.name_zh):
                    yield from WORD.findall(name.casefold())
                    yield name.casefold()


class LongestPasswordValidator:
    """Refuses what is longer than the length that is certainly kept whole."""

    def validate(self, password: str, user: Any = None) -> None:  # noqa: ARG002 - Django's signature
        """Refuse more than 128 characters.

        Raises:
            ValidationError: Says the limit.
        """
        if len(password) > MAX_LENGTH:
            raise ValidationError(
                _("A password has %(most)s characters at most.") % {"most": MAX_LENGTH}, code="password_too_long"
            )

    def get_help_text(self) -> str:
        """Nothing that a person needs to know beforehand."""
        return ""
