"""Declares conflicts of interest, rules on them, ends them, and holds acts against them.

What an institution declares about itself and what a rule finds counts at once. What the office or the committee says about
another institution is a *claim*: it keeps nobody aside before that institution agrees, a rule finds it too, or a second person
rules so - else one word just before a close would drop a rival's vote.

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
from alliance.kernel.permissions import can, grants_of, institutions_acted_for, require, roles_in_alliance
from alliance.kernel.texts import Text, texts
from alliance.kernel.turns import take_turns
from groups.choices import COUNTING_CONFLICTS, WAITING_CONFLICTS, ConflictState, WaiverState
from groups.models import ConflictOfInterest, ConflictWaiver
from groups.permissions import AGREE_CONFLICT, DECLARE_CONFLICT, RULE_CONFLICT
from groups.selectors.conflict import list_recused, list_representatives_of
from groups.selectors.matters import Detected, Parties, is_matter_name, list_linked, list_open_matters, parties_of
from groups.signals import CONFLICTS_CHANGED
from groups.transitions import (
    AGREE_CONFLICT as AGREE_STEP,
)
from groups.transitions import (
    CLEAR_CONFLICT,
    CONFIRM_CLAIM,
    END_CONFLICT,
    GRANT_WAIVER,
    RECUSE,
    REFUSE_WAIVER,
)
from members.choices import StaffRole
from members.models import Institution

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from alliance.kernel.transitions import Transition
    from alliance.models import Alliance, User

RULING_WANTED = "groups.conflict_ruling"
WAIVER_WANTED = "groups.conflict_waiver"
CONFLICT_FOUND = "groups.conflict_found"
CONFLICT_CLAIMED = "groups.conflict_claimed"
CONFLICT_RULED = "groups.conflict_ruled"
texts.register(
    RULING_WANTED,
    Text(
        title=_("Rule on conflicts of interest: %(matter)s"),
        body=_("Who declared it, or was found by a rule, stands aside until then; what others claim has no effect before."),
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
texts.register(
    CONFLICT_CLAIMED,
    Text(
        title=_("Somebody claims that your institution has an interest: %(matter)s"),
        body=_(
            "It has no effect yet. If it is right, agree, and your institution stands aside. If it is not, leave it: a person "
            "of the secretariat or the management committee other than the one who claims it rules on it."
        ),
        verb=_("Read"),
        icon="shield",
    ),
)
texts.register(
    CONFLICT_RULED,
    Text(
        title=_("Your institution stands aside: %(matter)s"),
        body=_(
            "It was ruled that your institution has an interest in this matter, so it does not vote, review or decide on it. "
            "If you disagree, write to the secretariat."
        ),
        icon="shield",
    ),
)


def claim_key(conflict: ConflictOfInterest) -> str:
    """Key of the inbox item that shows an institution what is claimed about it."""
    return f"conflict-claim:{conflict.pk}"


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
    """Declare that an institution has an interest in a matter.

    Said by its own representative, it stands aside from now on. Said by the office or the committee about another
    institution, it is a claim without effect until that institution agrees or a second person rules. An own declaration
    of what is claimed already agrees to the claim.

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
    if not is_matter_name(conflict.matter):
        words = _("Name the matter, e.g. product:P-029.")
        raise InvalidInputError(words, code="matter_unknown", fields={"matter": words})
    own = can(actor, AGREE_CONFLICT, conflict)
    lock_matter(alliance, conflict.matter, shared=False)
    known = ConflictOfInterest.objects.of(alliance).filter(
        institution=institution, matter=conflict.matter, ended_at__isnull=True
    )
    if (there := known.first()) is not None:
        if own and there.state == ConflictState.CLAIMED:
            return agree_conflict(alliance, there.pk, actor=actor, at=at)
        words = _("This conflict of interest is declared already.")
        raise InvalidInputError(words, code="conflict_declared", fields={"matter": words})
    if not own:
        conflict.state = ConflictState.CLAIMED
    conflict.save(force_insert=True)
    record_audit(
        institution,
        actor=actor,
        verb="declare_conflict" if own else "claim_conflict",
        after={"matter": conflict.matter, "state": conflict.state},
        personal={"reason": conflict.reason},
        at=at,
    )
    _ask_for_ruling(alliance, conflict.matter, at=at)
    if own:
        emit(alliance, CONFLICTS_CHANGED, {"matter": conflict.matter, "institutions": [institution.code]})
    else:
        inbox.ask(
            alliance,
            CONFLICT_CLAIMED,
            claim_key(conflict),
            inbox.institution(institution.pk, StaffRole.REPRESENTATIVE),
            params={"matter": conflict.matter},
            url_name="portal_interest_list",
            at=at,
        )
    return conflict


@transaction.atomic
def agree_conflict(alliance: Alliance, conflict_id: int, *, actor: User, at: datetime) -> ConflictOfInterest:
    """Agree to what is claimed about the own institution: it stands aside from now on.

    Args:
        alliance: The tenant.
        conflict_id: The claim.
        actor: Needs ``groups.agree_conflict``: the institution's representative.
        at: Now.

    Raises:
        ConflictOfInterest.DoesNotExist: Not here.
        PermissionRefusedError: Not its representative.
        TransitionRefusedError: It is no claim any more.
    """
    conflict = ConflictOfInterest.objects.of(alliance).get(pk=conflict_id)
    require(actor, AGREE_CONFLICT, conflict)
    lock_matter(alliance, conflict.matter, shared=False)
    conflict = (
        ConflictOfInterest.objects.of(alliance)
        .select_for_update(of=("self",))
        .select_related("institution")
        .get(pk=conflict_id)
    )
    AGREE_STEP.check(conflict.state)
    conflict.state = AGREE_STEP.target
    conflict.save(update_fields=["state"])
    record_audit(
        conflict.institution,
        actor=actor,
        verb=AGREE_STEP.name,
        before={"matter": conflict.matter, "state": ConflictState.CLAIMED},
        after={"matter": conflict.matter, "state": conflict.state},
        at=at,
    )
    inbox.settle(alliance, claim_key(conflict), by=actor, at=at)
    emit(alliance, CONFLICTS_CHANGED, {"matter": conflict.matter, "institutions": [conflict.institution.code]})
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
    found = _note_found(alliance, found, at=at)
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


def _note_found(alliance: Alliance, found: list[ConflictOfInterest], *, at: datetime) -> list[ConflictOfInterest]:
    """Write what rules found; where it was claimed before, the claim counts from now on. One query more than the writing."""
    claimed = {
        (row.matter, row.institution_id): row
        for row in ConflictOfInterest.objects.of(alliance)
        .select_for_update()
        .filter(
            matter__in={one.matter for one in found},
            institution_id__in={one.institution_id for one in found},
            state=ConflictState.CLAIMED,
            ended_at__isnull=True,
        )
    }
    noted = []
    for one in found:
        row = claimed.get((one.matter, one.institution_id))
        if row is None:
            noted.append(one)
            continue
        CONFIRM_CLAIM.check(row.state)
        row.state, row.detected_by, row.facts = CONFIRM_CLAIM.target, one.detected_by, one.facts
        row.save(update_fields=["state", "detected_by", "facts"])
        inbox.settle(alliance, claim_key(row), by=None, at=at)
        noted.append(row)
    ConflictOfInterest.objects.bulk_create([one for one in noted if one.pk is None])
    return noted


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
            if any(row.ended_at is None and row.state in COUNTING_CONFLICTS for row in rows):
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
        matter=matter, state__in=WAITING_CONFLICTS, ended_at__isnull=True
    )
    if not waiting.exists():
        inbox.settle(alliance, ruling_key(matter), by=actor, at=at)


def recuse(alliance: Alliance, conflict_id: int, *, actor: User, at: datetime) -> ConflictOfInterest:
    """Rule that the institution stands aside.

    Raises:
        SeparationOfDutiesError: The actor, or somebody of the same institution, claimed it.
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
    if before == ConflictState.CLAIMED and step.target in COUNTING_CONFLICTS:
        _refuse_claimant(conflict, actor)
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
    if before == ConflictState.CLAIMED:
        inbox.settle(alliance, claim_key(conflict), by=actor, at=at)
        if conflict.state in COUNTING_CONFLICTS:
            notify(
                alliance,
                list_representatives_of(alliance, conflict.institution_id, at),
                CONFLICT_RULED,
                f"conflict_ruled:{conflict.pk}",
                params={"matter": conflict.matter},
                at=at,
                url_name="portal_interest_list",
            )
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


def _refuse_claimant(conflict: ConflictOfInterest, actor: User) -> None:
    """Who says that another institution has an interest does not rule so too, nor does anybody of the same institution."""
    claimant = conflict.declared_by
    if claimant is None:
        return
    side = institutions_acted_for(grants_of(claimant, conflict.alliance))
    if claimant.pk == actor.pk or side & institutions_acted_for(grants_of(actor, conflict.alliance)):
        raise SeparationOfDutiesError(
            _("A second person rules that an institution stands aside: this was claimed by you or by your institution."),
            remedy=_("The institution itself can agree, too."),
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
    if conflict.state == ConflictState.CLAIMED:
        raise InvalidInputError(
            _("A claim keeps nobody aside yet, so there is nothing to waive."),
            code="conflict_only_claimed",
            remedy=_("Rule on the claim first."),
        )
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
