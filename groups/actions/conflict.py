"""Declares conflicts of interest, rules on them, ends them, and holds acts against them.

A *matter* is named ``<what>:<code>``, e.g. ``product:P-029``. Declaring and acting on one matter take turns by a lock of
the database, so an act and a declaration that arrive together cannot pass each other.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from alliance.actions.audit import record_audit
from alliance.kernel.errors import ConflictOfInterestError, InvalidInputError
from alliance.kernel.permissions import require
from groups.choices import COUNTING_CONFLICTS
from groups.models import ConflictOfInterest
from groups.permissions import DECLARE_CONFLICT, RULE_CONFLICT
from groups.selectors.conflict import list_recused
from groups.transitions import CLEAR_CONFLICT, END_CONFLICT, RECUSE
from members.models import Institution

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from alliance.kernel.transitions import Transition
    from alliance.models import Alliance, User


def lock_matter(alliance: Alliance, matter: str, *, shared: bool) -> None:
    """Take turns on a matter until the end of the transaction: many acts at once, or one change of its conflicts."""
    digest = hashlib.blake2b(f"matter:{alliance.pk}:{matter}".encode(), digest_size=8).digest()
    function = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s)", [int.from_bytes(digest, "big", signed=True)])  # noqa: S608 - constants


def require_no_conflict(alliance: Alliance, institution_ids: int | Iterable[int | None] | None, matter: str) -> None:
    """Refuse an act when one of the acting institutions stands aside from the matter.

    Call it inside the act's transaction, after locking the record: a declaration that arrives meanwhile waits for the act.

    Args:
        alliance: The tenant.
        institution_ids: Primary key or keys of the institutions acted for; None among them is left aside.
        matter: E.g. ``product:P-029``.

    Raises:
        ConflictOfInterestError: One of them stands aside.
    """
    given = [institution_ids] if isinstance(institution_ids, int) or institution_ids is None else list(institution_ids)
    ids = {pk for pk in given if pk is not None}
    lock_matter(alliance, matter, shared=True)
    if ids and ids & list_recused(alliance, matter):
        raise ConflictOfInterestError(
            _("You cannot act on this matter: your institution stands aside from it."),
            remedy=_("The secretariat can tell you more."),
            details={"matter": matter},
        )


@transaction.atomic
def declare_conflict(
    alliance: Alliance, institution_code: str, matter: str, *, reason: str, actor: User, at: datetime
) -> ConflictOfInterest:
    """Declare that an institution has an interest in a matter; it stands aside from now on.

    Args:
        alliance: The tenant.
        institution_code: The institution.
        matter: E.g. ``product:P-029``.
        reason: Which interest; kept out of the audit record's clear part.
        actor: Needs ``groups.declare_conflict``.
        at: Now.

    Raises:
        InvalidInputError: No reason, no matter, or it is declared already.
    """
    institution = Institution.objects.of(alliance).get(code=institution_code)
    conflict = ConflictOfInterest(
        alliance=alliance,
        institution=institution,
        matter=matter.strip(),
        reason=reason.strip(),
        declared_by=actor,
        declared_at=at,
    )
    require(actor, DECLARE_CONFLICT, conflict)
    if not conflict.reason:
        words = _("Say which interest, in one or two sentences.")
        raise InvalidInputError(words, code="reason_missing", fields={"reason": words})
    if ":" not in conflict.matter or len(conflict.matter) > 80:
        words = _("Name the matter, e.g. product:P-029.")
        raise InvalidInputError(words, code="matter_unknown", fields={"matter": words})
    lock_matter(alliance, conflict.matter, shared=False)
    if ConflictOfInterest.objects.of(alliance).filter(
        institution=institution, matter=conflict.matter, ended_at__isnull=True
    ):
        words = _("This conflict of interest is declared already.")
        raise InvalidInputError(words, code="conflict_declared", fields={"matter": words})
    conflict.save(force_insert=True)
    record_audit(
        institution,
        actor=actor,
        verb="declare_conflict",
        after={"matter": conflict.matter, "state": conflict.state},
        personal={"reason": conflict.reason},
        at=at,
    )
    return conflict


def recuse(alliance: Alliance, conflict_id: int, *, actor: User, at: datetime) -> ConflictOfInterest:
    """Rule that the institution stands aside.

    Raises:
        TransitionRefusedError: It is not waiting for a ruling.
    """
    return _rule(alliance, conflict_id, RECUSE, actor=actor, at=at)


def clear_conflict(alliance: Alliance, conflict_id: int, *, actor: User, at: datetime) -> ConflictOfInterest:
    """Rule that there is no conflict; the institution may act again.

    Raises:
        TransitionRefusedError: It is over already.
    """
    return _rule(alliance, conflict_id, CLEAR_CONFLICT, actor=actor, at=at)


def end_conflict(alliance: Alliance, conflict_id: int, *, actor: User, at: datetime) -> ConflictOfInterest:
    """Note that the interest is over; the institution may act again.

    Raises:
        TransitionRefusedError: It is over already.
    """
    return _rule(alliance, conflict_id, END_CONFLICT, actor=actor, at=at)


@transaction.atomic
def _rule(alliance: Alliance, conflict_id: int, step: Transition, *, actor: User, at: datetime) -> ConflictOfInterest:
    conflict = ConflictOfInterest.objects.of(alliance).select_related("institution").get(pk=conflict_id)
    require(actor, RULE_CONFLICT, conflict)
    lock_matter(alliance, conflict.matter, shared=False)
    conflict = (
        ConflictOfInterest.objects.of(alliance)
        .select_for_update(of=("self",))
        .select_related("institution")
        .get(pk=conflict_id)
    )
    step.check(conflict.state)
    _refuse_own_ruling(conflict, actor)
    before = conflict.state
    conflict.state = step.target
    if conflict.state not in COUNTING_CONFLICTS:
        conflict.ended_at = at
    conflict.save(update_fields=["state", "ended_at"])
    record_audit(
        conflict.institution,
        actor=actor,
        verb=step.name,
        before={"matter": conflict.matter, "state": before},
        after={"matter": conflict.matter, "state": conflict.state},
        at=at,
    )
    return conflict


def _refuse_own_ruling(conflict: ConflictOfInterest, actor: User) -> None:
    """Nobody who acts for the institution concerned rules on its conflict."""
    from alliance.kernel.permissions import grants_of, institutions_acted_for  # noqa: PLC0415 - only here

    if conflict.institution_id in institutions_acted_for(grants_of(actor, conflict.alliance)):
        raise ConflictOfInterestError(
            _("You cannot rule on this: you act for the institution concerned."),
            who=[_("another person of the secretariat or the management committee")],
        )
