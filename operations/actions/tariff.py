"""Tariffs of contribution points: proposed by one person of the management committee, approved by another, never edited after."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.actions.notifications import notify
from alliance.choices import AllianceRole
from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError, SeparationOfDutiesError
from alliance.kernel.events import emit
from alliance.kernel.permissions import permissions, require
from alliance.kernel.turns import take_turns
from operations.choices import ContributionAct, TariffState
from operations.models import Tariff
from operations.permissions import SET_TARIFF
from operations.signals import TARIFF_SETTLED
from operations.transitions import APPROVE_TARIFF, REFUSE_TARIFF, SUPERSEDE_TARIFF

if TYPE_CHECKING:
    from datetime import datetime

    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance, User

MOST_POINTS: Final = Decimal(1000)
"""Points for one unit at most."""
MOST_DAYS: Final = 36_500
"""Half-life at most, in days."""


def _points(values: Mapping[str, Any], wrong: dict[str, StrOrPromise]) -> dict[str, str]:
    found: dict[str, str] = {}
    if unknown := sorted(set(values) - set(ContributionAct.values)):
        wrong["points"] = _("These acts are not known: %(names)s.") % {"names": ", ".join(unknown)}
    for act in ContributionAct.values:
        given = values.get(act)
        if given is None or given == "":
            continue
        try:
            number = Decimal(str(given))
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite() or not 0 <= number <= MOST_POINTS or number != round(number, 2):
            wrong[f"points-{act}"] = _("Give a number from 0 to %(most)s with at most two decimals.") % {"most": MOST_POINTS}
            continue
        if number:
            found[act] = str(round(number, 2))
    if not found and not wrong:
        wrong["points"] = _("Give points for at least one act.")
    return found


@transaction.atomic
def propose_tariff(
    alliance: Alliance,
    *,
    points: Mapping[str, Any],
    half_life_days: int | None,
    valid_from: date | None,
    note: str = "",
    actor: User,
    at: datetime,
) -> Tariff:
    """Propose what each act shall earn; another member of the management committee approves it.

    Only the first tariff may begin in the past, so that a year counts from its start; a later one begins after its approval,
    so that points once awarded never change their price.

    Args:
        alliance: The tenant.
        points: Points for one unit by ContributionAct, 0 to 1,000 with two decimals; what is missing earns nothing.
        half_life_days: After how many days a point is worth half; None: it does not fade.
        valid_from: First day.
        note: What changed.
        actor: A member of the management committee.
        at: Now.

    Raises:
        PermissionRefusedError: The actor is none of the committee.
        InvalidInputError: ``tariff_invalid`` with every fault by field.
        DomainError: ``tariff_waits``: another proposal is not settled.
    """
    require(actor, SET_TARIFF, alliance)
    take_turns(alliance, "tariff")
    wrong: dict[str, StrOrPromise] = {}
    kept = _points(points, wrong)
    if half_life_days is not None and not 1 <= half_life_days <= MOST_DAYS:
        wrong["half_life_days"] = _("Give 1 to %(most)s days, or nothing where points do not fade.") % {"most": MOST_DAYS}
    words = note.strip()
    if len(words) > 300:
        wrong["note"] = _("This is longer than %(most)s characters.") % {"most": 300}
    if valid_from is None:
        wrong["valid_from"] = _("Give the first day.")
    elif fault := _late(alliance, valid_from, at=at):
        wrong["valid_from"] = fault
    if wrong or valid_from is None:
        raise InvalidInputError(
            _("The tariff was not proposed: %(what)s") % {"what": " ".join(str(text) for text in wrong.values())},
            code="tariff_invalid",
            fields=wrong,
        )
    rows = Tariff.objects.of(alliance)
    if rows.filter(state=TariffState.PROPOSED).exists():
        raise DomainError(
            _("A proposed tariff waits for its approval."),
            code="tariff_waits",
            remedy=_("Another member of the management committee approves or refuses it first."),
        )
    number = (rows.aggregate(last=Max("version"))["last"] or 0) + 1
    tariff = Tariff.objects.create(
        alliance=alliance,
        version=number,
        points=kept,
        half_life_days=half_life_days,
        valid_from=valid_from,
        note=words,
        proposed_by=actor,
        proposed_at=at,
    )
    record_audit(
        tariff,
        actor=actor,
        verb="propose_tariff",
        after={"version": number, "points": kept, "half_life_days": half_life_days, "valid_from": valid_from},
        personal={"note": words} if words else None,
        at=at,
    )
    inbox.ask(
        alliance,
        "tariff_proposed",
        f"tariff:{number}",
        inbox.office(AllianceRole.COMMITTEE),
        params={"version": number},
        url_name="tariff_detail",
        url_kwargs={"version": number},
        at=at,
    )
    return tariff


def _late(alliance: Alliance, valid_from: date, *, at: datetime) -> StrOrPromise:
    """Why a tariff cannot begin on a day; empty where it can."""
    if not Tariff.objects.of(alliance).filter(state__in=[TariffState.APPROVED, TariffState.SUPERSEDED]).exists():
        return ""
    if valid_from <= timezone.localtime(at).date():
        return _("A tariff follows another one from a day after today on, so that no act changes its price.")
    return ""


def _settled(alliance: Alliance, version: int, actor: User) -> Tariff:
    take_turns(alliance, "tariff")
    tariff = Tariff.objects.of(alliance).select_for_update(of=("self",)).filter(version=version).first()
    if tariff is None:
        raise NotFoundError
    require(actor, SET_TARIFF, tariff)
    return tariff


def _check_second_person(tariff: Tariff, actor: User) -> None:
    if tariff.proposed_by_id == actor.pk:
        raise SeparationOfDutiesError(
            _("You proposed this tariff; another member of the management committee settles it."),
            who=permissions.get(SET_TARIFF).describe_holders(),
        )


@transaction.atomic
def approve_tariff(alliance: Alliance, version: int, *, actor: User, at: datetime) -> Tariff:
    """Approve a proposed tariff as second person; the one in force is superseded.

    Raises:
        NotFoundError: No such version.
        PermissionRefusedError: The actor is none of the committee.
        SeparationOfDutiesError: The actor proposed it.
        TransitionRefusedError: It is not proposed.
        DomainError: ``tariff_late``: its first day came before its approval.
    """
    tariff = _settled(alliance, version, actor)
    APPROVE_TARIFF.check(tariff.state)
    _check_second_person(tariff, actor)
    if fault := _late(alliance, tariff.valid_from, at=at):
        raise DomainError(fault, code="tariff_late", remedy=_("Refuse it, and propose it again with a later day."))
    for former in Tariff.objects.of(alliance).select_for_update(of=("self",)).filter(state=TariffState.APPROVED):
        SUPERSEDE_TARIFF.check(former.state)
        former.state = SUPERSEDE_TARIFF.target
        former.save(update_fields=["state"])
        record_audit(
            former,
            actor=actor,
            verb=SUPERSEDE_TARIFF.name,
            before={"state": TariffState.APPROVED.value},
            after={"state": former.state, "version": former.version},
            at=at,
        )
    return _settle(tariff, APPROVE_TARIFF.target, APPROVE_TARIFF.name, actor=actor, at=at)


@transaction.atomic
def refuse_tariff(alliance: Alliance, version: int, *, reason: str, actor: User, at: datetime) -> Tariff:
    """Refuse a proposed tariff as second person, with the reason.

    Raises:
        NotFoundError: No such version.
        PermissionRefusedError: The actor is none of the committee.
        SeparationOfDutiesError: The actor proposed it.
        TransitionRefusedError: It is not proposed.
        InvalidInputError: The reason is missing or too long.
    """
    tariff = _settled(alliance, version, actor)
    REFUSE_TARIFF.check(tariff.state)
    _check_second_person(tariff, actor)
    words = reason.strip()
    if not words or len(words) > 300:
        text = _("Say why, in up to %(most)s characters.") % {"most": 300}
        raise InvalidInputError(text, code="reason_missing", fields={"reason": text})
    return _settle(tariff, REFUSE_TARIFF.target, REFUSE_TARIFF.name, actor=actor, at=at, reason=words)


def _settle(tariff: Tariff, state: str, verb: str, *, actor: User, at: datetime, reason: str = "") -> Tariff:
    tariff.state, tariff.settled_by, tariff.settled_at = state, actor, at
    tariff.save(update_fields=["state", "settled_by", "settled_at"])
    record_audit(
        tariff,
        actor=actor,
        verb=verb,
        before={"state": TariffState.PROPOSED.value},
        after={"state": state, "version": tariff.version, "valid_from": tariff.valid_from},
        personal={"reason": reason} if reason else None,
        at=at,
    )
    emit(
        tariff.alliance,
        TARIFF_SETTLED,
        {"version": tariff.version, "state": state, "valid_from": tariff.valid_from.isoformat()},
    )
    inbox.settle(tariff.alliance, f"tariff:{tariff.version}", by=actor, at=at)
    if tariff.proposed_by is not None:
        notify(
            tariff.alliance,
            [tariff.proposed_by],
            "tariff_refused" if reason else "tariff_approved",
            f"tariff-settled:{tariff.version}",
            params={"version": tariff.version, "reason": reason},
            at=at,
            url_name="tariff_detail",
            url_kwargs={"version": tariff.version},
        )
    return tariff
