"""Declares conflicts of interest, rules on them, ends them, and holds acts against them.

A *matter* is named ``<what>:<code>``, e.g. ``product:P-029``. Declaring and acting on one matter take turns by a lock of
the database, so an act and a declaration that arrive together cannot pass each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.actions.notifications import notify
from alliance.choices import AllianceRole
from alliance.kernel.errors import ConflictOfInterestError, DomainError, InvalidInputError, SeparationOfDutiesError
from alliance.kernel.events import emit
from alliance.kernel.permissions import grants_of, institutions_acted_for, require, roles_in_alliance
from alliance.kernel.texts import Text, texts
from alliance.kernel.turns import take_turns
from groups.choices import COUNTING_CONFLICTS, ConflictState, WaiverState
from groups.models import ConflictOfInterest, ConflictWaiver
from groups.permissions import DECLARE_CONFLICT, RULE_CONFLICT
from groups.selectors.conflict import list_recused, list_representatives_of
from groups.selectors.matters import Detected, Parties, list_linked, list_open_matters, parties_of
from groups.signals import CONFLICTS_CHANGED
from groups.transitions import CLEAR_CONFLICT, END_CONFLICT, GRANT_WAIVER, RECUSE, REFUSE_WAIVER
from members.models import Institution

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from alliance.kernel.transitions import Transition
    from alliance.models import Alliance, User

RULING_WANTED = "groups.conflict_ruling"
WAIVER_WANTED = "groups.conflict_waiver"
CONFLICT_FOUND = "groups.conflict_found"
texts.register(
    RULING_WANTED,
    Text(
        title=_("Rule on conflicts of interest: %(matter)s"),
        body=_("Until then those concerned stand aside."),
        verb=_("Rule"),
        icon="shield",
    ),
)
texts.register(
    WAIVER_WANTED,
    Text(
        title=_("Decide on a waiver as second person: %(matter)s"),
        body=_("A colleague proposes to let an institution act in spite of a conflict of interest, and says why."),
        verb=_("Decide"),
        icon="shield",
    ),
)
texts.register(
    CONFLICT_FOUND,
    Text(
        title=_("Your institution stands aside: %(matter)s"),
        body=_(
            "A link with a party to this matter is on record, so your institution does not vote, review or decide on it. "
            "If this is not right, write to the secretariat: the committee rules on it."
        ),
        icon="shield",
    ),
)


def ruling_key(matter: str) -> str:
    """Key of the inbox item that asks for rulings on one matter."""
    return f"conflict-ruling:{matter}"


def lock_matter(alliance: Alliance, matter: str, *, shared: bool) -> None:
    """Take turns on a matter until the end of the transaction: many acts at once, or one change of its conflicts."""
    take_turns(alliance, f"matter:{matter}", shared=shared)


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


def refuse_kept_aside(alliance: Alliance, reader: User, matter: str) -> None:
    """Refuse papers of a matter to people of institutions that stand aside from it (charter, article 22).

    Raises:
        ConflictOfInterestError: One of the reader's institutions stands aside.
    """
    require_no_conflict(alliance, institutions_acted_for(grants_of(reader, alliance)), matter)


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
    _ask_for_ruling(alliance, conflict.matter, at=at)
    emit(alliance, CONFLICTS_CHANGED, {"matter": conflict.matter, "institutions": [institution.code]})
    return conflict


@transaction.atomic
def screen_matter(alliance: Alliance, matter: str, *, at: datetime) -> list[ConflictOfInterest]:
    """Find by rule who must stand aside from a matter, and note it, so that every act on it is refused to them.

    Call it before anybody is asked to judge: when a draft is handed in, a motion opened, a mediator looked for. Running it
    again adds nothing. A ruling stands: what was cleared, waived or noted as over is not found again, unless a link came on
    record after it.

    Args:
        alliance: The tenant.
        matter: E.g. ``product:P-029``; unknown ones have no conflicts.
        at: Now.

    Returns:
        The conflicts noted now.
    """
    parties = parties_of(alliance, matter)
    return _screen(alliance, {matter: parties}, at=at) if parties is not None else []


@transaction.atomic
def screen_open_matters(
    alliance: Alliance, *, at: datetime, touching: Iterable[int] | None = None
) -> list[ConflictOfInterest]:
    """Look at every open matter again, after an interest was declared or people changed their institution.

    Args:
        alliance: The tenant.
        at: Now.
        touching: Only what concerns these institutions, as a party or at the other end of a link; None: everything.
    """
    return _screen(alliance, list_open_matters(alliance), at=at, only=None if touching is None else frozenset(touching))


def _screen(
    alliance: Alliance, matters: dict[str, Parties], *, at: datetime, only: frozenset[int] | None = None
) -> list[ConflictOfInterest]:
    detected = {
        matter: [one for one in entries if only is None or one.institution_id in only or matters[matter].institutions & only]
        for matter, entries in list_linked(alliance, matters, at).items()
    }
    if not any(_missing(alliance, detected)):
        return []
    for matter in sorted(matter for matter, entries in detected.items() if entries):  # in order: two screenings never cross
        lock_matter(alliance, matter, shared=False)
    found = []
    for matter, one in list(_missing(alliance, detected)):
        found.append(
            ConflictOfInterest(
                alliance=alliance,
                institution_id=one.institution_id,
                matter=matter,
                detected_by=one.kinds[0],
                facts=[
                    {"kind": entry.kind, "party": entry.other_than(one.institution_id), "source": entry.source}
                    for entry in one.links
                ],
                declared_at=at,
            )
        )
    institutions = Institution.objects.of(alliance).in_bulk(
        {conflict.institution_id for conflict in found} | {fact["party"] for conflict in found for fact in conflict.facts}
    )
    for conflict in found:
        for fact in conflict.facts:
            party = institutions[fact["party"]]
            fact["party"] = "" if party.pk == conflict.institution_id else party.code  # empty: a party without an entry here
    ConflictOfInterest.objects.bulk_create(found)
    for conflict in found:
        conflict.institution = institutions[conflict.institution_id]
        record_audit(
            conflict.institution,
            actor=None,
            verb="detect_conflict",
            after={
                "matter": conflict.matter,
                "state": conflict.state,
                "rule": conflict.detected_by,
                "facts": conflict.facts,
            },
            at=at,
        )
        notify(
            alliance,
            list_representatives_of(alliance, conflict.institution_id, at),
            CONFLICT_FOUND,
            f"conflict_found:{conflict.pk}",
            params={"matter": conflict.matter},
            at=at,
            url_name="portal_interest_list",
        )
    for matter in sorted({conflict.matter for conflict in found}):
        _ask_for_ruling(alliance, matter, at=at)
        codes = sorted(conflict.institution.code for conflict in found if conflict.matter == matter)
        emit(alliance, CONFLICTS_CHANGED, {"matter": matter, "institutions": codes})
    return found


def _missing(alliance: Alliance, detected: dict[str, list[Detected]]) -> Iterable[tuple[str, Detected]]:
    """What was found and neither counts already nor was ruled on since; one query."""
    known: dict[tuple[str, int], list[ConflictOfInterest]] = {}
    for row in ConflictOfInterest.objects.of(alliance).filter(
        matter__in=[key for key, entries in detected.items() if entries]
    ):
        known.setdefault((row.matter, row.institution_id), []).append(row)
    for matter, entries in detected.items():
        for one in entries:
            rows = known.get((matter, one.institution_id), [])
            if any(row.ended_at is None for row in rows):
                continue
            ruled = max((row.ended_at for row in rows if row.ended_at is not None), default=None)
            if ruled is not None and not any(entry.since is not None and entry.since > ruled for entry in one.links):
                continue
            yield matter, one


def _ask_for_ruling(alliance: Alliance, matter: str, *, at: datetime) -> None:
    inbox.ask(
        alliance,
        RULING_WANTED,
        ruling_key(matter),
        inbox.office(AllianceRole.COMMITTEE),
        params={"matter": matter},
        url_name="conflict_matter",
        url_kwargs={"matter": matter},
        at=at,
    )


def _settle_ruling(alliance: Alliance, matter: str, *, actor: User, at: datetime) -> None:
    waiting = ConflictOfInterest.objects.of(alliance).filter(
        matter=matter, state=ConflictState.DECLARED, ended_at__isnull=True
    )
    if not waiting.exists():
        inbox.settle(alliance, ruling_key(matter), by=actor, at=at)


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
    conflict = lock_conflict(alliance, conflict_id, actor=actor)
    step.check(conflict.state)
    if conflict.ended_at is not None:
        raise InvalidInputError(_("This conflict of interest is over already."), code="conflict_over")
    before = conflict.state
    conflict.state = step.target
    if conflict.state not in COUNTING_CONFLICTS:
        conflict.ended_at = at
    conflict.save(update_fields=["state", "ended_at"])
    if conflict.ended_at is not None:
        _drop_waivers(conflict, actor=actor, at=at)
    record_audit(
        conflict.institution,
        actor=actor,
        verb=step.name,
        before={"matter": conflict.matter, "state": before},
        after={"matter": conflict.matter, "state": conflict.state},
        at=at,
    )
    _settle_ruling(alliance, conflict.matter, actor=actor, at=at)
    emit(alliance, CONFLICTS_CHANGED, {"matter": conflict.matter, "institutions": [conflict.institution.code]})
    return conflict


def lock_conflict(alliance: Alliance, conflict_id: int, *, actor: User) -> ConflictOfInterest:
    """A conflict, locked together with its matter, for somebody who may rule on it.

    Raises:
        ConflictOfInterest.DoesNotExist: Not here.
        PermissionRefusedError: The actor may not rule.
        ConflictOfInterestError: The actor acts for the institution concerned, or for one that stands aside as well.
    """
    conflict = ConflictOfInterest.objects.of(alliance).get(pk=conflict_id)
    require(actor, RULE_CONFLICT, conflict)
    lock_matter(alliance, conflict.matter, shared=False)
    conflict = (
        ConflictOfInterest.objects.of(alliance)
        .select_for_update(of=("self",))
        .select_related("institution")
        .get(pk=conflict_id)
    )
    _refuse_own_ruling(conflict, actor)
    return conflict


def _refuse_own_ruling(conflict: ConflictOfInterest, actor: User) -> None:
    """Who acts for the institution concerned, or for another one that stands aside, does not rule (charter, article 22)."""
    own = institutions_acted_for(grants_of(actor, conflict.alliance))
    if conflict.institution_id in own:
        raise ConflictOfInterestError(
            _("You cannot rule on this: you act for the institution concerned."),
            who=[_("another person of the secretariat or the management committee")],
        )
    if own & list_recused(conflict.alliance, conflict.matter):
        raise ConflictOfInterestError(
            _("You cannot rule on this: your institution stands aside from the same matter."),
            who=[_("another person of the secretariat or the management committee")],
        )


# ------------------------------------------------------------------------------------------------------------- waivers


@transaction.atomic
def propose_waiver(alliance: Alliance, conflict_id: int, *, reason: str, actor: User, at: datetime) -> ConflictWaiver:
    """Propose to let an institution act in spite of its conflict; a second person decides.

    Args:
        alliance: The tenant.
        conflict_id: A conflict that counts.
        reason: Why, e.g. that nobody else has the knowledge; goes on record.
        actor: Needs ``groups.rule_conflict`` and acts for no institution that stands aside from the matter.
        at: Now.

    Raises:
        InvalidInputError: No reason, the conflict does not count any more, or a waiver is waiting already.
    """
    conflict = lock_conflict(alliance, conflict_id, actor=actor)
    text = reason.strip()
    if not text:
        words = _("Say why the institution shall act in spite of the conflict.")
        raise InvalidInputError(words, code="reason_missing", fields={"reason": words})
    if conflict.ended_at is not None:
        raise InvalidInputError(_("This conflict of interest is over already."), code="conflict_over")
    if conflict.waivers.filter(state=WaiverState.PROPOSED).exists():
        raise InvalidInputError(
            _("A waiver is waiting for a second person already."),
            code="waiver_waiting",
            remedy=_("A colleague can grant or refuse it."),
        )
    waiver = ConflictWaiver.objects.create(
        alliance=alliance, conflict=conflict, reason=text, proposed_by=actor, proposed_at=at
    )
    record_audit(
        conflict.institution,
        actor=actor,
        verb="propose_waiver",
        after={"matter": conflict.matter, "waiver": waiver.pk},
        personal={"reason": text},
        at=at,
    )
    in_committee = AllianceRole.COMMITTEE in roles_in_alliance(grants_of(actor, alliance))
    inbox.ask(
        alliance,
        WAIVER_WANTED,
        f"conflict-waiver:{waiver.pk}",
        inbox.office(AllianceRole.SECRETARIAT if in_committee else AllianceRole.COMMITTEE),
        params={"matter": conflict.matter},
        url_name="conflict_detail",
        url_kwargs={"conflict": conflict.pk},
        at=at,
    )
    return waiver


def grant_waiver(alliance: Alliance, waiver_id: int, *, actor: User, at: datetime) -> ConflictWaiver:
    """Grant a waiver as second person: the conflict no longer keeps the institution aside.

    Raises:
        ConflictWaiver.DoesNotExist: Not here.
        SeparationOfDutiesError: The actor proposed it.
        ConflictOfInterestError: The actor acts for an institution that stands aside from the matter.
        TransitionRefusedError: It is settled already.
    """
    return _settle_waiver(alliance, waiver_id, GRANT_WAIVER, actor=actor, at=at)


def refuse_waiver(alliance: Alliance, waiver_id: int, *, actor: User, at: datetime) -> ConflictWaiver:
    """Refuse a waiver: the institution goes on standing aside.

    Raises:
        As :func:`grant_waiver`.
    """
    return _settle_waiver(alliance, waiver_id, REFUSE_WAIVER, actor=actor, at=at)


@transaction.atomic
def _settle_waiver(alliance: Alliance, waiver_id: int, step: Transition, *, actor: User, at: datetime) -> ConflictWaiver:
    waiver = ConflictWaiver.objects.of(alliance).get(pk=waiver_id)
    conflict = lock_conflict(alliance, waiver.conflict_id, actor=actor)
    waiver = ConflictWaiver.objects.of(alliance).select_for_update().get(pk=waiver_id)
    step.check(waiver.state)
    if waiver.proposed_by_id == actor.pk:
        raise SeparationOfDutiesError(
            _("A second person decides on a waiver: you proposed this one."),
            who=[_("another person of the secretariat or the management committee")],
        )
    if conflict.ended_at is not None:
        raise DomainError(_("This conflict of interest is over already."), code="conflict_over")
    waiver.state, waiver.settled_by, waiver.settled_at = step.target, actor, at
    waiver.save(update_fields=["state", "settled_by", "settled_at"])
    before = conflict.state
    if waiver.state == WaiverState.GRANTED:
        conflict.state, conflict.ended_at = ConflictState.WAIVED, at
        conflict.save(update_fields=["state", "ended_at"])
        _settle_ruling(alliance, conflict.matter, actor=actor, at=at)
        emit(alliance, CONFLICTS_CHANGED, {"matter": conflict.matter, "institutions": [conflict.institution.code]})
    record_audit(
        conflict.institution,
        actor=actor,
        verb=step.name,
        before={"matter": conflict.matter, "state": before},
        after={"matter": conflict.matter, "state": conflict.state, "waiver": waiver.pk},
        at=at,
    )
    inbox.settle(alliance, f"conflict-waiver:{waiver.pk}", by=actor, at=at)
    return waiver


def _drop_waivers(conflict: ConflictOfInterest, *, actor: User, at: datetime) -> None:
    """A ruling that ends the conflict leaves nothing to waive."""
    for waiver in conflict.waivers.filter(state=WaiverState.PROPOSED):
        waiver.state, waiver.settled_at = WaiverState.REFUSED, at
        waiver.save(update_fields=["state", "settled_at"])
        inbox.settle(conflict.alliance, f"conflict-waiver:{waiver.pk}", by=actor, at=at)
