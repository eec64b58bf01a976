"""The rule of the fit, changed by two people, and the criteria that a listing's owner sets."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.actions.notifications import notify
from alliance.choices import AllianceRole
from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError, SeparationOfDutiesError
from alliance.kernel.events import emit
from alliance.kernel.permissions import can, permissions, require
from alliance.kernel.turns import take_turns
from members.choices import InstitutionKind
from members.selectors.regions import regions
from services import fit
from services.choices import RuleProposalState
from services.models import Listing, MatchCriteria, MatchRule, MatchRuleProposal
from services.permissions import (
    APPROVE_MATCH_RULE_PERMISSION,
    CHANGE_CRITERIA,
    PROPOSE_MATCH_RULE,
    VIEW_SUGGESTIONS,
)
from services.selectors.suggestion import rule_in_force
from services.signals import MATCH_RULE_CHANGED
from services.transitions import APPROVE_MATCH_RULE, REFUSE_MATCH_RULE

if TYPE_CHECKING:
    from datetime import datetime

    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance, User

LONGEST_NOTE: Final = 300


def _clean_weights(values: Mapping[str, Any], wrong: dict[str, StrOrPromise]) -> dict[str, int]:
    """Whole per cents by part; faults go to their fields."""
    found: dict[str, int] = {}
    for name in fit.STANDARD:
        value = values.get(name)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 100:
            wrong[f"weight_{name}"] = _("Give a whole number from 0 to 100.")
        else:
            found[name] = value
    if len(found) == len(fit.STANDARD) and sum(found.values()) != 100:
        wrong[f"weight_{next(iter(fit.STANDARD))}"] = _("The weights add up to %(sum)s; they must add up to 100.") % {
            "sum": sum(found.values())
        }
    return found


def _refuse(wrong: Mapping[str, StrOrPromise], code: str) -> None:
    if wrong:
        raise InvalidInputError(
            _("Nothing was saved: %(what)s") % {"what": " ".join(str(text) for text in wrong.values())},
            code=code,
            fields=dict(wrong),
        )


# ---------------------------------------------------------------------------------------------------------------------- rule


@transaction.atomic
def propose_match_rule(
    alliance: Alliance, *, weights: Mapping[str, Any], balance: Any, note: str = "", actor: User, at: datetime
) -> MatchRuleProposal:
    """Propose how the fit is computed; a member of the management committee other than the proposer approves it.

    Args:
        alliance: The tenant.
        weights: Whole per cents by part, adding up to 100.
        balance: 0 to 1 with two decimals: how far kinds of institutions that were shown least come first.
        note: What changes and why.
        actor: Of the secretariat or the management committee.
        at: Now.

    Raises:
        PermissionRefusedError: The actor is neither.
        InvalidInputError: ``rule_invalid`` with every fault by field, ``nothing_changed``.
        DomainError: ``rule_waits``: another proposal is not settled.
    """
    require(actor, PROPOSE_MATCH_RULE, alliance)
    take_turns(alliance, "match-rule")
    wrong: dict[str, StrOrPromise] = {}
    kept = _clean_weights(weights, wrong)
    try:
        share = Decimal(str(balance))
    except InvalidOperation:
        share = Decimal("NaN")
    if not share.is_finite() or not 0 <= share <= 1 or share != round(share, 2):
        wrong["balance"] = _("Give a number from 0 to 1 with at most two decimals.")
    words = note.replace("\x00", "").strip()
    if len(words) > LONGEST_NOTE:
        wrong["note"] = _("This is longer than %(most)s characters.") % {"most": LONGEST_NOTE}
    _refuse(wrong, "rule_invalid")
    present = rule_in_force(alliance)
    if (dict(present.weights), present.balance) == (kept, share):
        raise InvalidInputError(_("Nothing would change: this rule is in force."), code="nothing_changed")
    if MatchRuleProposal.objects.of(alliance).filter(state=RuleProposalState.PROPOSED).exists():
        raise DomainError(
            _("A proposed rule waits for its approval."),
            code="rule_waits",
            remedy=_("A member of the management committee approves or refuses it first."),
        )
    proposal = MatchRuleProposal.objects.create(
        alliance=alliance, weights=kept, balance=share, note=words, proposed_by=actor, proposed_at=at
    )
    record_audit(
        proposal,
        actor=actor,
        verb="propose_match_rule",
        before={"version": present.version, "weights": dict(present.weights), "balance": present.balance},
        after={"weights": kept, "balance": share},
        personal={"note": words} if words else None,
        at=at,
    )
    inbox.ask(
        alliance,
        "services.match_rule_proposed",
        f"match-rule:{proposal.pk}",
        inbox.office(AllianceRole.COMMITTEE),
        params={},
        url_name="match_rule",
        at=at,
    )
    return proposal


def _open_proposal(alliance: Alliance, number: int, actor: User) -> MatchRuleProposal:
    take_turns(alliance, "match-rule")
    row = MatchRuleProposal.objects.of(alliance).select_for_update(of=("self",)).filter(pk=number).first()
    if row is None:
        raise NotFoundError
    require(actor, APPROVE_MATCH_RULE_PERMISSION, row)
    return row


def _check_second_person(row: MatchRuleProposal, actor: User) -> None:
    if row.proposed_by_id == actor.pk:
        raise SeparationOfDutiesError(
            _("You proposed this rule; another member of the management committee settles it."),
            who=permissions.get(APPROVE_MATCH_RULE_PERMISSION).describe_holders(),
        )


@transaction.atomic
def approve_match_rule(alliance: Alliance, number: int, *, actor: User, at: datetime) -> MatchRule:
    """Approve a proposed rule as second person; it is the next version, and every list is ordered by it from now on.

    Raises:
        NotFoundError: No such proposal.
        PermissionRefusedError: The actor is none of the committee.
        SeparationOfDutiesError: The actor proposed it.
        TransitionRefusedError: It is settled.
    """
    row = _open_proposal(alliance, number, actor)
    APPROVE_MATCH_RULE.check(row.state)
    _check_second_person(row, actor)
    last = MatchRule.objects.of(alliance).aggregate(last=Max("version"))["last"] or 0
    MatchRule.objects.of(alliance).filter(is_current=True).update(is_current=False)
    rule = MatchRule.objects.create(
        alliance=alliance,
        version=last + 1,
        weights=row.weights,
        balance=row.balance,
        note=row.note,
        made_by=row.proposed_by,
        made_at=at,
    )
    row.rule = rule
    _settle(row, APPROVE_MATCH_RULE.target, APPROVE_MATCH_RULE.name, actor=actor, at=at)
    emit(alliance, MATCH_RULE_CHANGED, {"version": rule.version})
    return rule


@transaction.atomic
def refuse_match_rule(alliance: Alliance, number: int, *, reason: str, actor: User, at: datetime) -> MatchRuleProposal:
    """Refuse a proposed rule as second person, with the reason.

    Raises:
        NotFoundError: No such proposal.
        PermissionRefusedError: The actor is none of the committee.
        SeparationOfDutiesError: The actor proposed it.
        TransitionRefusedError: It is settled.
        InvalidInputError: ``reason_missing``.
    """
    row = _open_proposal(alliance, number, actor)
    REFUSE_MATCH_RULE.check(row.state)
    _check_second_person(row, actor)
    words = reason.replace("\x00", "").strip()
    if not words or len(words) > LONGEST_NOTE:
        said = _("Say why, in up to %(most)s characters.") % {"most": LONGEST_NOTE}
        raise InvalidInputError(said, code="reason_missing", fields={"reason": said})
    _settle(row, REFUSE_MATCH_RULE.target, REFUSE_MATCH_RULE.name, actor=actor, at=at, reason=words)
    return row


def _settle(row: MatchRuleProposal, state: str, verb: str, *, actor: User, at: datetime, reason: str = "") -> None:
    before, row.state, row.settled_by, row.settled_at = row.state, state, actor, at
    row.save(update_fields=["state", "settled_by", "settled_at", "rule"])
    record_audit(
        row,
        actor=actor,
        verb=verb,
        before={"state": before},
        after={"state": state, "version": row.rule.version if row.rule else None, "weights": row.weights},
        personal={"reason": reason} if reason else None,
        at=at,
    )
    inbox.settle(row.alliance, f"match-rule:{row.pk}", by=actor, at=at)
    if row.proposed_by is not None:
        notify(
            row.alliance,
            [row.proposed_by],
            "services.match_rule_refused" if reason else "services.match_rule_approved",
            f"match-rule-settled:{row.pk}",
            params={"reason": reason},
            at=at,
            url_name="match_rule",
        )


# ------------------------------------------------------------------------------------------------------------------ criteria


@transaction.atomic
def set_criteria(
    alliance: Alliance,
    listing_code: str,
    *,
    weights: Mapping[str, Any] | None,
    region_codes: Collection[str] = (),
    kinds: Collection[str] = (),
    in_budget_only: bool = False,
    in_time_only: bool = False,
    actor: User,
    at: datetime,
) -> MatchCriteria:
    """Set what a listing's owner wants of its suggestions; the list follows at once.

    Args:
        alliance: The tenant.
        listing_code: The listing.
        weights: Whole per cents by part, adding up to 100; None or empty: as the alliance's rule.
        region_codes: Codes of provinces; empty: all.
        kinds: InstitutionKind values; empty: all.
        in_budget_only: Leave out what costs more than the budget.
        in_time_only: Leave out what is done too late.
        actor: Representative or handling officer of the listing's institution; for listings from outside, the secretariat.
        at: Now.

    Raises:
        NotFoundError: No such listing, or not open to the actor.
        PermissionRefusedError: The actor does not answer for it.
        InvalidInputError: ``criteria_invalid`` with every fault by field.
    """
    listing = (
        Listing.objects.of(alliance).select_for_update(of=("self",)).filter(code=listing_code).first()
        if "\x00" not in listing_code
        else None
    )
    if listing is None or not can(actor, VIEW_SUGGESTIONS, listing):
        raise NotFoundError
    require(actor, CHANGE_CRITERIA, listing)
    wrong: dict[str, StrOrPromise] = {}
    kept = _clean_weights(weights, wrong) if weights else {}
    places = sorted(set(region_codes))
    if any(code not in regions() or not code.endswith("0000") for code in places):
        wrong["regions"] = _("Choose provinces from the list.")
    sorts = sorted(set(kinds))
    if any(kind not in InstitutionKind.values for kind in sorts):
        wrong["kinds"] = _("Choose kinds from the list.")
    _refuse(wrong, "criteria_invalid")
    wanted = {
        "weights": kept,
        "regions": places,
        "kinds": sorts,
        "in_budget_only": bool(in_budget_only),
        "in_time_only": bool(in_time_only),
    }
    row = MatchCriteria.objects.of(alliance).filter(listing=listing).first() or MatchCriteria(
        alliance=alliance, listing=listing
    )
    before = {name: getattr(row, name) for name in wanted}
    if row.pk and before == wanted:
        return row
    for name, value in wanted.items():
        setattr(row, name, value)
    row.changed_by, row.changed_at = actor, at
    row.save()
    record_audit(
        row,
        actor=actor,
        verb="set_match_criteria",
        before=before,
        after={"listing": listing.code, **wanted},
        at=at,
    )
    return row
