"""What each kind of product asks for: a new version of a form, and a draft taken over into the newest one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from alliance.actions.audit import record_audit
from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError
from alliance.kernel.events import emit
from alliance.kernel.permissions import require
from alliance.kernel.turns import take_turns
from operations.actions.product import EditConflictError, lock_product
from operations.choices import ProductKind, ProductState
from operations.kinds import EvidenceNeed, KindField, KindFormView, carry_over, check_form, write_evidence, write_fields
from operations.models import KindForm
from operations.permissions import CHANGE_PRODUCT, MANAGE_KINDS
from operations.selectors.kind import compare_forms, form_in_force
from operations.signals import KIND_FORM_CHANGED, PRODUCT_CHANGED

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance, User
    from operations.models import Product


@transaction.atomic
def change_kind_form(
    alliance: Alliance,
    kind: str,
    *,
    fields: Sequence[KindField],
    evidence: Sequence[EvidenceNeed],
    note: str,
    base: int,
    actor: User,
    at: datetime,
) -> KindForm:
    """Put the next version of what a kind asks for in force; drafts that are under way keep theirs.

    Args:
        alliance: The tenant.
        kind: A ProductKind.
        fields: Every field, in the order it shall stand on the page.
        evidence: Every file that is asked for.
        note: What changed and why, for those who read the list of versions.
        base: Version the actor started from.
        actor: An administrator of the alliance.
        at: Now.

    Raises:
        PermissionRefusedError: The actor is no administrator.
        NotFoundError: There is no such kind.
        DomainError: ``edit_conflict``: somebody put another version in force meanwhile.
        InvalidInputError: The form could not be filled in, or nothing changed.
    """
    if kind not in ProductKind.values:
        raise NotFoundError
    require(actor, MANAGE_KINDS, alliance)
    take_turns(alliance, f"kind-form:{kind}")
    present = form_in_force(alliance, kind)
    if present.version != base:
        raise DomainError(
            _("Someone else changed this form meanwhile; version %(version)s is in force now.")
            % {"version": present.version},
            code="edit_conflict",
            remedy=_("Compare both versions, then save again."),
            details={"version": present.version},
        )
    check_form(fields, evidence)
    words = note.strip()
    if len(words) > 300:
        text = _("This is longer than 300 characters.")
        raise InvalidInputError(text, fields={"note": text})
    wanted = KindFormView(kind, present.version + 1, tuple(fields), tuple(evidence))
    changes = compare_forms(present, wanted)
    if not changes and (present.fields, present.evidence) == (wanted.fields, wanted.evidence):
        raise InvalidInputError(_("Nothing was changed, so no new version was made."), code="nothing_changed")
    KindForm.objects.of(alliance).filter(kind=kind, is_current=True).update(is_current=False)
    row = KindForm.objects.create(
        alliance=alliance,
        kind=kind,
        version=wanted.version,
        fields=write_fields(fields),
        evidence=write_evidence(evidence),
        note=words,
        made_by=actor,
        made_at=at,
    )
    record_audit(
        row,
        actor=actor,
        verb="change_kind_form",
        before={"version": present.version, "fields": _codes(present.fields), "evidence": _codes(present.evidence)},
        after={"kind": kind, "version": row.version, "fields": _codes(fields), "evidence": _codes(evidence)},
        personal={"note": words} if words else None,
        at=at,
    )
    emit(alliance, KIND_FORM_CHANGED, {"kind": kind, "version": row.version})
    return row


def _codes(rows: Sequence[KindField | EvidenceNeed]) -> list[str]:
    return [row.key for row in rows]


@transaction.atomic
def use_newest_form(alliance: Alliance, code: str, *, revision: int, actor: User, at: datetime) -> Product:
    """Take a draft over into the form in force; values that fit stay where they are, the others beside them.

    Args:
        alliance: The tenant.
        code: The product's code.
        revision: Revision the actor started from.
        actor: A person of the author, or the secretariat.
        at: Now.

    Raises:
        EditConflictError: Somebody saved meanwhile.
        DomainError: ``not_editable``, or ``form_is_newest``: it is written in the newest form already.
    """
    product = lock_product(alliance, code)
    require(actor, CHANGE_PRODUCT, product)
    if product.state not in {ProductState.DRAFT, ProductState.IMPROVING}:
        raise DomainError(
            _("The text cannot be changed in the state “%(state)s”.") % {"state": product.get_state_display()},
            code="not_editable",
            remedy=_("It can be changed as a draft and while it is being improved."),
        )
    if product.revision != revision:
        raise EditConflictError(product, ())
    form = form_in_force(alliance, product.kind)
    if form.version == product.form_version:
        raise DomainError(_("It is written in the newest form already."), code="form_is_newest")
    before = product.form_version
    product.details = carry_over(form, product.details)
    product.form_version = form.version
    product.revision += 1
    product.changed_at, product.changed_by = at, actor
    product.save(update_fields=["details", "form_version", "revision", "changed_at", "changed_by"])
    record_audit(
        product,
        actor=actor,
        verb="use_newest_form",
        before={"form_version": before},
        after={"form_version": form.version, "revision": product.revision},
        personal={"details": json.dumps(product.details, ensure_ascii=False, sort_keys=True)},
        at=at,
    )
    emit(alliance, PRODUCT_CHANGED, {"product": code})
    return product
