"""Notes what institutions supply."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from alliance.actions.audit import record_audit
from alliance.kernel.errors import InvalidInputError
from alliance.kernel.permissions import require
from members.choices import Element, Scale
from members.models import ElementSupply, Institution
from members.permissions import CHANGE_SUPPLY

if TYPE_CHECKING:
    from datetime import date, datetime
    from decimal import Decimal

    from alliance.models import Alliance, User


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
        valid_from: First day.
        valid_to: Last day, or None.
        actor: Needs ``members.change_supply``.
        at: Now.

    Raises:
        InvalidInputError: A value breaks a rule, or the element is supplied in that period already.
    """
    institution = Institution.objects.of(alliance).select_for_update().get(code=code)
    require(actor, CHANGE_SUPPLY, institution)
    problems = {}
    if element not in Element.values:
        problems["element"] = _("Choose one of the nine elements.")
    if scale not in Scale.values:
        problems["scale"] = _("Choose macro, meso or micro.")
    if strength is not None and not 0 <= strength <= 1:
        problems["strength"] = _("Give a figure from 0 to 1.")
    if strength is not None and not (evidence_en.strip() or evidence_zh.strip()):
        problems["evidence_en"] = _("Say what the figure rests on.")
    if valid_to is not None and valid_to < valid_from:
        problems["valid_to"] = _("The last day lies before the first.")
    if problems:
        raise InvalidInputError(_("The supply cannot be noted as it stands."), code="supply_invalid", fields=problems)
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
        valid_from=valid_from,
        valid_to=valid_to,
    )
    try:
        with transaction.atomic():
            supply.save(force_insert=True)
    except IntegrityError as error:
        words = _("This element is noted for that period already; end the earlier entry first.")
        raise InvalidInputError(words, code="supply_overlaps", fields={"element": words}) from error
    record_audit(
        institution,
        actor=actor,
        verb="add_supply",
        after={"element": element, "scale": scale, "strength": strength, "from": valid_from, "to": valid_to},
        at=at,
    )
    return supply


@transaction.atomic
def end_supply(alliance: Alliance, code: str, supply_id: int, *, on: date, actor: User, at: datetime) -> ElementSupply:
    """Let a supply end on a day; it stays in the history.

    Raises:
        InvalidInputError: The day lies before its first day, or it has ended already.
    """
    supply = (
        ElementSupply.objects.of(alliance)
        .select_for_update(of=("self",))
        .select_related("institution")
        .get(pk=supply_id, institution__code=code)
    )
    require(actor, CHANGE_SUPPLY, supply.institution)
    if supply.valid_to is not None and supply.valid_to <= on:
        raise InvalidInputError(_("This supply has ended already."), code="supply_ended")
    if on < supply.valid_from:
        words = _("The last day lies before the first.")
        raise InvalidInputError(words, code="supply_invalid", fields={"valid_to": words})
    before = supply.valid_to
    supply.valid_to = on
    supply.save(update_fields=["valid_to"])
    record_audit(
        supply.institution,
        actor=actor,
        verb="end_supply",
        before={"element": supply.element, "to": before},
        after={"element": supply.element, "to": on},
        at=at,
    )
    return supply
