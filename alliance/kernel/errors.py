"""Refusals: every rule that stops a person says which rule, and who may act, under a stable code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class DomainError(Exception):
    """A rule of the domain refused an act; nothing was changed.

    One handler turns it into a page or an API problem (RFC 9457).

    Attributes:
        code: Stable identifier, snake_case; clients may rely on it.
        status: HTTP status of the answer.
        reason: What was refused and why, translated, for the person who asked.
        remedy: What to do about it, or an empty text.
        who: Who may do it, as translated phrases; never names a person or a record the reader may not see.
        fields: Reason by input field, where the refusal concerns input.
    """

    code = "refused"
    status = 409

    def __init__(
        self,
        reason: StrOrPromise,
        *,
        code: str | None = None,
        remedy: StrOrPromise = "",
        who: Sequence[StrOrPromise] = (),
        fields: Mapping[str, StrOrPromise] | None = None,
        status: int | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(code or self.code)
        self.reason = reason
        self.code = code or self.code
        self.remedy = remedy
        self.who = tuple(who)
        self.fields = dict(fields or {})
        self.status = status or self.status
        self.details = dict(details or {})

    def __str__(self) -> str:
        return f"{self.code}: {self.reason}"


class PermissionRefusedError(DomainError):
    """The actor holds no role that may do this with this record."""

    code = "permission_refused"
    status = 403

    def __init__(self, act: StrOrPromise, *, permission: str, who: Sequence[StrOrPromise]) -> None:
        super().__init__(
            _("You may not do this: %(act)s.") % {"act": act},
            who=who,
            details={"permission": permission},
        )
        self.permission = permission


class TransitionRefusedError(DomainError):
    """The record is not in a state from which this step is possible."""

    code = "transition_refused"


class ConflictOfInterestError(DomainError):
    """The actor's institution stands aside from this matter."""

    code = "conflict_of_interest"
    status = 403


class SeparationOfDutiesError(DomainError):
    """Two steps of one matter may not be taken by the same person or institution."""

    code = "separation_of_duties"
    status = 403


class InvalidInputError(DomainError):
    """Input breaks a rule that needs more than its shape to check."""

    code = "invalid_input"
    status = 422


class NotFoundError(DomainError):
    """No such record here, or not open to this reader: the same answer for both."""

    code = "not_found"
    status = 404

    def __init__(self) -> None:
        super().__init__(_("We could not find this page, or it is not open to you."))
