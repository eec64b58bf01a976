"""Password rules beyond length and the shipped list of common ones."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

CONTEXT_WORDS = ("alliance", "thinktank", "think tank", "联盟", "智库", "chanyezhiku")


class ContextWordValidator:
    """Refuses passwords that are little more than words everybody here would try first."""

    def validate(self, password: str, user: Any = None) -> None:
        """Refuse a password of which a context word, or the person's own name, is half or more.

        Raises:
            ValidationError: With the advice what to do.
        """
        folded = password.casefold()
        words = [*CONTEXT_WORDS, *(part for part in str(getattr(user, "name_en", "")).casefold().split() if len(part) > 2)]
        if any(word in folded and 2 * len(word) >= len(folded) for word in words):
            raise ValidationError(
                _("This password is mostly a word that others would guess. Use several unrelated words."),
                code="password_context",
            )

    def get_help_text(self) -> str:
        """Advice shown beside the field."""
        return _("At least 12 characters; several unrelated words are best.")
