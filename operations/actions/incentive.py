"""The ledger of contribution points: each row follows from one record, by the tariff that was valid on the day of the act.

Nobody awards points by hand. Whatever happens to a record, :func:`follow_record` makes the ledger say what the record says now:
it awards what is missing and takes back what does not follow any more. So events that come twice, late or in another order
change nothing, and the ledger can be compared with the records at any time (:func:`settle_ledger`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction

from alliance.actions.audit import record_audit
from alliance.kernel.events import emit
from alliance.kernel.permissions import require
from alliance.kernel.turns import take_turns
from members.models import Institution
from operations.models import ContributionPoints
from operations.permissions import COMPARE_POINTS
from operations.selectors.claims import FINDERS, Claim, Claims
from operations.selectors.incentive import CHANGED, WITHDRAWN, Award, Rates, award_for, get_rates, keeps
from operations.signals import POINTS_CHANGED

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance, User


@dataclass(slots=True)
class Outcome:
    """What changed in the ledger.

    Attributes:
        awarded: Rows written.
        cancelled: Rows taken back.
    """

    awarded: int = 0
    cancelled: int = 0

    @property
    def changed(self) -> bool:
        """Whether anything did."""
        return bool(self.awarded or self.cancelled)


@transaction.atomic
def follow_record(alliance: Alliance, act: str, subject: str, *, at: datetime, institution: str = "") -> Outcome:
    """Make the ledger say what one record says; the system's own act.

    Args:
        alliance: The tenant.
        act: A ContributionAct.
        subject: What the record is, as the act's finder takes it (``operations.selectors.claims``).
        at: Now.
        institution: Code of who did it, where the record may have changed hands since.
    """
    take_turns(alliance, f"points:{act}", shared=True)
    take_turns(alliance, f"points:{act}:{subject}")
    claims = FINDERS[act](alliance, subject)
    if institution:
        claims = _done_by(alliance, claims, institution)
    rows = ContributionPoints.objects.of(alliance).filter(act=act, record__in=list(claims), cancelled_at__isnull=True)
    return _write(alliance, act, claims, rows.select_related("institution"), get_rates(alliance), actor=None, at=at)


def _done_by(alliance: Alliance, claims: Claims, code: str) -> Claims:
    """The claims that keep to who did the act, with the institution the event names."""
    found = Institution.objects.of(alliance).filter(code=code).values_list("pk", flat=True).first()
    if found is None:
        return claims
    return {
        record: [Claim(found, one.units, one.at, one.quality, one.stands) if one.stands else one for one in given]
        for record, given in claims.items()
    }


@transaction.atomic
def settle_ledger(alliance: Alliance, *, actor: User | None, at: datetime) -> Outcome:
    """Make the whole ledger say what the records say: after a first tariff, or where a comparison found differences.

    Args:
        alliance: The tenant.
        actor: Needs ``operations.compare_points``; None for the system.
        at: Now.

    Raises:
        PermissionRefusedError: The actor may not.
    """
    if actor is not None:
        require(actor, COMPARE_POINTS, alliance)
    rates = get_rates(alliance)
    total = Outcome()
    for act, find in FINDERS.items():
        take_turns(alliance, f"points:{act}")
        rows = ContributionPoints.objects.of(alliance).filter(act=act, cancelled_at__isnull=True)
        one = _write(alliance, act, find(alliance, ""), rows.select_related("institution"), rates, actor=actor, at=at)
        total.awarded += one.awarded
        total.cancelled += one.cancelled
    return total


def _write(
    alliance: Alliance,
    act: str,
    claims: Mapping[str, list[Claim]],
    rows: Iterable[ContributionPoints],
    rates: Rates,
    *,
    actor: User | None,
    at: datetime,
) -> Outcome:
    """Take back what does not follow any more, and award what is missing; the caller holds the turns."""
    live: dict[str, dict[int, ContributionPoints]] = {}
    for row in rows:
        live.setdefault(row.record, {})[row.institution_id] = row
    outcome = Outcome()
    missing: list[tuple[str, Award]] = []
    for record in sorted({*claims, *live}):
        present = live.get(record, {})
        wanted = {
            claim.institution_id: award
            for claim in claims.get(record, [])
            if (award := award_for(rates, act, claim)) is not None
        }
        if present and wanted and any(claim.stands for claim in claims[record]):
            continue  # noted when it was done, and the record stands
        for institution_id, row in present.items():
            award = wanted.pop(institution_id, None)
            if award is not None and keeps(row, award):
                continue
            _cancel(row, CHANGED if award is not None else WITHDRAWN, actor=actor, at=at)
            outcome.cancelled += 1
            if award is not None:
                missing.append((record, award))
        missing += [(record, award) for award in wanted.values()]
    codes = dict(
        Institution.objects.of(alliance)
        .filter(pk__in={award.institution_id for _record, award in missing})
        .values_list("pk", "code")
    )
    for record, award in missing:
        _award(alliance, act, record, award, codes[award.institution_id], actor=actor, at=at)
        outcome.awarded += 1
    return outcome


def _award(alliance: Alliance, act: str, record: str, award: Award, code: str, *, actor: User | None, at: datetime) -> None:
    row = ContributionPoints.objects.create(
        alliance=alliance,
        institution_id=award.institution_id,
        act=act,
        record=record,
        units=award.units,
        quality=award.quality,
        points=award.points,
        tariff_id=award.tariff_id,
        at=award.at,
    )
    record_audit(
        row,
        actor=actor,
        verb="award_points",
        after={
            "institution": code,
            "act": act,
            "record": record,
            "units": str(award.units),
            "quality": str(award.quality),
            "points": str(award.points),
            "tariff": award.version,
        },
        at=at,
    )
    _tell(row, code, cancelled=False)


def _cancel(row: ContributionPoints, reason: str, *, actor: User | None, at: datetime) -> None:
    row.cancelled_at, row.cancel_reason = at, reason
    row.save(update_fields=["cancelled_at", "cancel_reason"])
    record_audit(
        row,
        actor=actor,
        verb="cancel_points",
        before={"points": str(row.points)},
        after={"institution": row.institution.code, "act": row.act, "record": row.record, "reason": reason},
        at=at,
    )
    _tell(row, row.institution.code, cancelled=True)


def _tell(row: ContributionPoints, code: str, *, cancelled: bool) -> None:
    emit(
        row.alliance,
        POINTS_CHANGED,
        {
            "institution": code,
            "act": row.act,
            "record": row.record,
            "points": str(row.points),
            "cancelled": cancelled,
        },
    )
