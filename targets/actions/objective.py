"""Sets objectives, takes in reported values, measures what a provider can measure."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from alliance.actions.audit import record_audit
from alliance.actions.content import bump_content_version
from alliance.kernel import faults
from alliance.kernel.errors import InvalidInputError, NotFoundError
from alliance.kernel.indicators import indicators
from alliance.kernel.permissions import require
from members.models import Institution
from targets.choices import Direction, MeasurementSource, ObjectiveTier
from targets.models import Measurement, Objective
from targets.permissions import REPORT_MEASUREMENT, SET_OBJECTIVE

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from alliance.models import Alliance, User

LEAST = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class ObjectiveFields:
    """What an objective is set to.

    Attributes:
        tier: One of ObjectiveTier.
        title_en: Title; one of both languages at least.
        title_zh: The same in Chinese.
        target_value: What is to be reached.
        target_on: By when, that day included.
        direction: Which way is better.
        baseline: Value at the start, or None.
        baseline_on: Day of the baseline, before ``target_on``.
        indicator_en: What is measured, in words.
        indicator_zh: The same in Chinese.
        unit: Unit of the values.
        unit_zh: The same in Chinese.
        parent: Code of the objective above it, or empty.
        owner: Code of the institution that answers for it, or empty.
        provider: Name of the indicator that measures it; empty: values are reported.
        params: Parameters of the indicator.
    """

    tier: str
    title_en: str
    title_zh: str
    target_value: Decimal
    target_on: date
    direction: str = Direction.UP
    baseline: Decimal | None = None
    baseline_on: date | None = None
    indicator_en: str = ""
    indicator_zh: str = ""
    unit: str = ""
    unit_zh: str = ""
    parent: str = ""
    owner: str = ""
    provider: str = ""
    params: dict[str, Any] = field(default_factory=dict)


PLAIN = (
    "tier", "title_en", "title_zh", "target_value", "target_on", "direction", "baseline", "baseline_on", "indicator_en",
    "indicator_zh", "unit", "unit_zh", "provider",
)  # fmt: skip
FREE_TEXT = frozenset({"title_en", "title_zh", "indicator_en", "indicator_zh"})


@transaction.atomic
def set_objective(alliance: Alliance, code: str, given: ObjectiveFields, *, actor: User, at: datetime) -> Objective:
    """Set a new objective, or change one; earlier values stay as they are.

    Source: Zheng2018, target layer: core, subsidiary and peripheral objectives.

    Raises:
        PermissionRefusedError: The actor is neither of the secretariat nor of the committee.
        InvalidInputError: Parent, owner, provider, parameters or dates do not fit; ``fields`` says which.
    """
    require(actor, SET_OBJECTIVE, alliance)
    existing = Objective.objects.of(alliance).select_for_update().filter(code=code).first()
    parent = _find_parent(alliance, existing, code, given.parent)
    owner = None
    problems: dict[str, Any] = {}
    if given.owner:
        owner = Institution.objects.of(alliance).filter(code__iexact=given.owner).first()
        if owner is None:
            problems["owner"] = _("No institution of this alliance has this code.")
    if given.tier not in ObjectiveTier.values:
        problems["tier"] = _("Choose core, subsidiary or peripheral.")
    if not given.title_en and not given.title_zh:
        problems["title_en"] = _("Give a title in at least one language.")
    if given.baseline_on is not None and given.baseline_on >= given.target_on:
        problems["baseline_on"] = _("The day of the baseline must lie before the day of the target.")
    if given.baseline is not None and given.baseline == given.target_value:
        problems["target_value"] = _("The target must differ from the baseline.")
    params: dict[str, Any] = {}
    if given.provider:
        if given.provider not in indicators:
            problems["provider"] = _("No indicator has this name.")
        else:
            params = {name: str(value) for name, value in indicators.get(given.provider).check_params(given.params).items()}
    if problems:
        raise InvalidInputError(_("The objective was not saved: some values do not fit."), fields=problems)
    objective = existing or Objective(alliance=alliance, code=code)
    before = _stated(existing) if existing else None
    for name in PLAIN:
        setattr(objective, name, getattr(given, name))
    objective.parent, objective.owner, objective.params = parent, owner, params
    objective.save()
    record_audit(
        objective,
        actor=actor,
        verb="change" if existing else "set",
        before=before,
        after=_stated(objective),
        personal={name: value for name in sorted(FREE_TEXT) if (value := getattr(objective, name))},
        at=at,
    )
    bump_content_version(alliance)
    if objective.provider:
        measure_objective(alliance, code, at=at)
    return objective


def _find_parent(alliance: Alliance, existing: Objective | None, code: str, wanted: str) -> Objective | None:
    if not wanted:
        return None
    parent = Objective.objects.of(alliance).filter(code=wanted).first()
    if parent is None:
        reason = _("No objective of this alliance has this code.")
        raise InvalidInputError(_("The objective was not saved: some values do not fit."), fields={"parent": reason})
    above: Objective | None = parent
    while above is not None:
        if above.code == code or (existing is not None and above.pk == existing.pk):
            reason = _("An objective cannot stand under itself.")
            raise InvalidInputError(_("The objective was not saved: some values do not fit."), fields={"parent": reason})
        above = above.parent
    return parent


def _stated(objective: Objective) -> dict[str, Any]:
    stated = {name: getattr(objective, name) for name in PLAIN if name not in FREE_TEXT}
    return {
        **stated,
        "code": objective.code,
        "params": objective.params,
        "parent": objective.parent_id,
        "owner": objective.owner_id,
    }


@transaction.atomic
def report_measurement(
    alliance: Alliance,
    code: str,
    *,
    value: Decimal,
    measured_at: datetime,
    evidence: str,
    actor: User,
    at: datetime,
    replaces: UUID | None = None,
) -> Measurement:
    """Report a value with its evidence; a correction names the value it replaces, which stays on record.

    Args:
        alliance: The tenant.
        code: The objective's code.
        value: The value in the objective's unit.
        measured_at: Moment the value stands for; not in the future.
        evidence: Where it comes from; required.
        actor: Who reports; needs ``targets.report_measurement``.
        at: Now.
        replaces: The value corrected, or None.

    Raises:
        NotFoundError: No objective has the code, or the value to replace is not one of its.
        PermissionRefusedError: The actor may not report for this objective.
        InvalidInputError: The objective is measured from records, the moment lies ahead, or evidence is missing.
    """
    objective = Objective.objects.of(alliance).select_for_update().filter(code=code).first()
    if objective is None:
        raise NotFoundError
    require(actor, REPORT_MEASUREMENT, objective)
    if objective.provider:
        raise InvalidInputError(
            _("This objective is measured from records; its value cannot be reported by hand."), code="objective_is_measured"
        )
    problems: dict[str, Any] = {}
    if not evidence.strip():
        problems["evidence"] = _("Say where the value comes from.")
    if measured_at > at:
        problems["measured_at"] = _("The value cannot stand for a moment in the future.")
    if problems:
        raise InvalidInputError(_("The value was not saved."), fields=problems)
    old: Measurement | None = None
    if replaces is not None:
        old = Measurement.objects.of(alliance).filter(objective=objective, uuid=replaces).first()
        if old is None:
            raise NotFoundError
        if Measurement.objects.of(alliance).filter(replaces=old).exists():
            raise InvalidInputError(_("This value was corrected already; correct the newer one."), code="already_corrected")
    measurement = Measurement.objects.create(
        alliance=alliance,
        objective=objective,
        at=measured_at,
        value=value,
        source=MeasurementSource.REPORTED,
        inputs={"method": "reported", "version": 1},
        evidence=evidence.strip(),
        replaces=old,
        by=actor,
    )
    record_audit(
        measurement,
        actor=actor,
        verb="correct" if old else "report",
        before={"value": old.value} if old else None,
        after={"objective": objective.code, "value": value, "measured_at": measured_at},
        personal={"evidence": measurement.evidence},
        at=at,
    )
    bump_content_version(alliance)
    return measurement


@transaction.atomic
def measure_objective(alliance: Alliance, code: str, *, at: datetime) -> Measurement | None:
    """Measure one objective by its provider; a value is stored only when it, or the records behind it, changed.

    Args:
        alliance: The tenant.
        code: The objective's code.
        at: Moment of the measurement.

    Returns:
        The new measurement; None when nothing changed or the figure is undefined.
    """
    # Lock: two measurements at once must not both find the old value and store the new one twice.
    objective = Objective.objects.of(alliance).select_for_update().filter(code=code).first()
    if objective is None or objective.provider not in indicators:
        return None
    indicator = indicators.get(objective.provider)
    reading = indicator.read(alliance, objective.params, at=at)
    if reading.value is None:
        return None
    value = reading.value.quantize(LEAST, rounding=ROUND_HALF_EVEN)
    records = [record.as_json() for record in reading.records]
    newest = Measurement.objects.of(alliance).filter(objective=objective).order_by("-at", "-id").first()
    if newest is not None and newest.value == value and newest.inputs.get("records") == records:
        return None
    faults.point("targets.measure_objective")
    measurement = Measurement.objects.create(
        alliance=alliance,
        objective=objective,
        at=at,
        value=value,
        source=MeasurementSource.MEASURED,
        inputs={
            "provider": objective.provider,
            "params": objective.params,
            "reading": reading.inputs,
            "records": records,
        },
    )
    record_audit(
        measurement,
        actor=None,
        verb="measure",
        before={"value": newest.value} if newest else None,
        after={"objective": objective.code, "value": value},
        at=at,
    )
    bump_content_version(alliance)
    return measurement
