"""Notes, assesses and ends what institutions supply (I12)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.actions.audit import record_audit
from alliance.actions.files import store_upload
from alliance.actions.inbox import settle
from alliance.kernel.errors import InvalidInputError
from alliance.kernel.permissions import require
from members.actions.fact import void_marks
from members.choices import Element, FactKind, Scale
from members.models import ElementSupply, Institution
from members.permissions import CHANGE_SUPPLY, VIEW_EVIDENCE
from members.selectors.evidence import EVIDENCE

if TYPE_CHECKING:
    from datetime import date, datetime
    from decimal import Decimal

    from alliance.models import Alliance, StoredFile, User


@transaction.atomic
def add_supply(
    alliance: Alliance,
    code: str,
    *,
    element: str,
    scale: str,
    strength: Decimal | None,
    evidence_en: str = "",
    evidence_zh: str = "",
    evidence_file: Any = None,
    valid_from: date,
    valid_to: date | None = None,
    actor: User,
    at: datetime,
) -> ElementSupply:
    """Note an element that an institution brings.

    Args:
        alliance: The tenant.
        code: The institution.
        element: One of the nine.
        scale: macro, meso or micro.
        strength: 0 to 1; None while nobody has assessed it.
        evidence_en: What the strength rests on; asked for in one language when there is a strength.
        evidence_zh: The same in Chinese.
        evidence_file: Uploaded file that proves it, or None.
        valid_from: First day.
        valid_to: Last day, or None.
        actor: Needs ``members.change_supply``.
        at: Now.

    Raises:
        InvalidInputError: A value breaks a rule, or the element is supplied in that period already.
    """
    institution = Institution.objects.of(alliance).select_for_update().get(code=code)
    require(actor, CHANGE_SUPPLY, institution)
    _check_values(
        element=element,
        scale=scale,
        strength=strength,
        has_evidence=bool(evidence_en.strip() or evidence_zh.strip()),
        valid_from=valid_from,
        valid_to=valid_to,
    )
    overlapping = institution.supplies.filter(element=element).exclude(valid_to__lt=valid_from)
    if valid_to is not None:
        overlapping = overlapping.filter(valid_from__lte=valid_to)
    if overlapping.exists():
        words = _("This element is noted for that period already; end the earlier entry first.")
        raise InvalidInputError(words, code="supply_overlaps", fields={"element": words})
    supply = ElementSupply(
        alliance=alliance,
        institution=institution,
        element=element,
        scale=scale,
        strength=strength,
        evidence_en=evidence_en.strip(),
        evidence_zh=evidence_zh.strip(),
        evidence_file=_keep(alliance, evidence_file, actor),
        valid_from=valid_from,
        valid_to=valid_to,
    )
    try:
        with transaction.atomic():
            supply.save(force_insert=True)
    except IntegrityError as error:
        words = _("This element is noted for that period already; end the earlier entry first.")
        raise InvalidInputError(words, code="supply_overlaps", fields={"element": words}) from error
    void_marks(institution, [FactKind.ELEMENTS], at=at)
    record_audit(
        institution,
        actor=actor,
        verb="add_supply",
        after={
            "element": element,
            "scale": scale,
            "strength": strength,
            "from": valid_from,
            "to": valid_to,
            "evidence": supply.evidence_file.sha256 if supply.evidence_file else None,
        },
        at=at,
    )
    return supply


@transaction.atomic
def assess_supply(
    alliance: Alliance,
    code: str,
    supply_id: int,
    *,
    scale: str,
    strength: Decimal | None,
    evidence_en: str = "",
    evidence_zh: str = "",
    evidence_file: Any = None,
    valid_to: date | None = None,
    actor: User,
    at: datetime,
) -> ElementSupply:
    """Change scale, strength with its evidence, or the last day of a supply; what was there before stays in the record.

    Args:
        alliance: The tenant.
        code: The institution.
        supply_id: One of its supplies, not ended yet.
        scale: macro, meso or micro.
        strength: 0 to 1; None while nobody has assessed it.
        evidence_en: What the strength rests on.
        evidence_zh: The same in Chinese.
        evidence_file: Uploaded file in place of the one there is; None leaves that one.
        valid_to: Last day, or None.
        actor: Needs ``members.change_supply``.
        at: Now.

    Raises:
        ElementSupply.DoesNotExist: No such supply of this institution.
        InvalidInputError: A value breaks a rule, it has ended, or it would run into a later entry of the element.
    """
    supply = _lock_supply(alliance, code, supply_id)
    require(actor, CHANGE_SUPPLY, supply.institution)
    if supply.valid_to is not None and supply.valid_to < timezone.localdate(at):
        raise InvalidInputError(
            _("This supply has ended."), code="supply_ended", remedy=_("Note the element again for the time from now on.")
        )
    _check_values(
        element=supply.element,
        scale=scale,
        strength=strength,
        has_evidence=bool(evidence_en.strip() or evidence_zh.strip()),
        valid_from=supply.valid_from,
        valid_to=valid_to,
    )
    later = supply.institution.supplies.filter(element=supply.element, valid_from__gt=supply.valid_from)
    if valid_to is None:
        runs_into = later.exists()
    else:
        runs_into = later.filter(valid_from__lte=valid_to).exists()
    if runs_into:
        words = _("A later entry of this element begins before that day.")
        raise InvalidInputError(words, code="supply_overlaps", fields={"valid_to": words})
    values: dict[str, Any] = {
        "scale": scale,
        "strength": strength,
        "evidence_en": evidence_en.strip(),
        "evidence_zh": evidence_zh.strip(),
        "valid_to": valid_to,
    }
    stored = _keep(alliance, evidence_file, actor)
    changed = {name: value for name, value in values.items() if getattr(supply, name) != value}
    before = {name: getattr(supply, name) for name in changed}
    for name, value in changed.items():
        setattr(supply, name, value)
    if stored is not None:
        supply.evidence_file = stored
    if not changed and stored is None:
        return supply
    supply.save()
    void_marks(supply.institution, [FactKind.ELEMENTS] if changed else [], at=at)
    settle(alliance, f"supply_ends:{supply.pk}", by=actor, at=at)
    record_audit(
        supply.institution,
        actor=actor,
        verb="assess_supply",
        before={"element": supply.element, **{n: v for n, v in before.items() if not n.startswith("evidence")}},
        after={
            "element": supply.element,
            **{n: v for n, v in changed.items() if not n.startswith("evidence")},
            "evidence": stored.sha256 if stored is not None else None,
        },
        personal={f"after.{n}": v for n, v in changed.items() if n.startswith("evidence") and v} or None,
        at=at,
    )
    return supply


def _keep(alliance: Alliance, file: Any, actor: User) -> StoredFile | None:
    return store_upload(alliance, file, EVIDENCE, actor=actor, permission=VIEW_EVIDENCE) if file else None


def _check_values(
    *, element: str, scale: str, strength: Decimal | None, has_evidence: bool, valid_from: date, valid_to: date | None
) -> None:
    """The rules that one supply keeps by itself.

    Raises:
        InvalidInputError: With the faults at their fields.
    """
    problems = {}
    if element not in Element.values:
        problems["element"] = _("Choose one of the nine elements.")
    if scale not in Scale.values:
        problems["scale"] = _("Choose macro, meso or micro.")
    if strength is not None and not 0 <= strength <= 1:
        problems["strength"] = _("Give a figure from 0 to 1.")
    if strength is not None and not has_evidence:
        problems["evidence_en"] = _("Say what the figure rests on.")
    if valid_to is not None and valid_to < valid_from:
        problems["valid_to"] = _("The last day lies before the first.")
    if problems:
        raise InvalidInputError(_("The supply cannot be noted as it stands."), code="supply_invalid", fields=problems)


def _lock_supply(alliance: Alliance, code: str, supply_id: int) -> ElementSupply:
    return (
        ElementSupply.objects.of(alliance)
        .select_for_update(of=("self",))
        .select_related("institution")
        .get(pk=supply_id, institution__code=code)
    )


@transaction.atomic
def end_supply(alliance: Alliance, code: str, supply_id: int, *, on: date, actor: User, at: datetime) -> ElementSupply:
    """Let a supply end on a day; it stays in the history.

    Raises:
        InvalidInputError: The day lies before its first day, or it has ended already.
    """
    supply = _lock_supply(alliance, code, supply_id)
    require(actor, CHANGE_SUPPLY, supply.institution)
    if supply.valid_to is not None and supply.valid_to <= on:
        raise InvalidInputError(_("This supply has ended already."), code="supply_ended")
    if on < supply.valid_from:
        words = _("The last day lies before the first.")
        raise InvalidInputError(words, code="supply_invalid", fields={"valid_to": words})
    before = supply.valid_to
    supply.valid_to = on
    supply.save(update_fields=["valid_to"])
    void_marks(supply.institution, [FactKind.ELEMENTS], at=at)
    settle(alliance, f"supply_ends:{supply.pk}", by=actor, at=at)
    record_audit(
        supply.institution,
        actor=actor,
        verb="end_supply",
        before={"element": supply.element, "to": before},
        after={"element": supply.element, "to": on},
        at=at,
    )
    return supply
