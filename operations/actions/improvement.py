"""Changes agreed after, or during, a round."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError
from alliance.kernel.permissions import require
from operations.actions.announce import ask
from operations.actions.product import lock_product
from operations.choices import ImprovementState, ProductState
from operations.models import ImprovementTask, Product
from operations.permissions import CHANGE_IMPROVEMENT

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance, User


def _check_changeable(product: Product) -> None:
    if product.state not in {ProductState.PILOTING, ProductState.IMPROVING}:
        raise DomainError(
            _("Changes are agreed and settled while a product is in pilot or being improved."), code="not_changeable"
        )


@transaction.atomic
def agree_improvement(
    alliance: Alliance, code: str, *, actor: User, text: str, at: datetime, text_zh: str = ""
) -> ImprovementTask:
    """Agree on a change, for example from a pilot firm's comment.

    Args:
        alliance: The tenant.
        code: The product's code.
        actor: A person of the author or the adapter, or the secretariat.
        text: The change, in one sentence.
        at: Now.
        text_zh: The same in Chinese, where both are known.

    Raises:
        DomainError: ``not_changeable``: the product is neither in pilot nor being improved.
        InvalidInputError: The text is empty or longer than 300 characters.
    """
    product = lock_product(alliance, code)
    require(actor, CHANGE_IMPROVEMENT, product)
    _check_changeable(product)
    words = text.strip()
    if not words or max(len(words), len(text_zh)) > 300:
        reason = _("Say in one sentence what shall change, in up to 300 characters.")
        raise InvalidInputError(reason, fields={"text": reason})
    pilot = product.pilots.order_by("-round").first()
    if pilot is None:
        raise NotFoundError
    task = ImprovementTask.objects.create(
        alliance=alliance, pilot=pilot, key=f"manual:{uuid.uuid4()}", text_en=words, text_zh=text_zh.strip() or words
    )
    record_audit(
        product,
        actor=actor,
        verb="agree_improvement",
        after={"task": task.pk, "round": pilot.round},
        personal={"text": words},
        at=at,
    )
    inbox.settle(alliance, f"next-round:{code}:{pilot.round}", by=actor, at=at)
    return task


@transaction.atomic
def settle_improvement(
    alliance: Alliance,
    code: str,
    *,
    round_number: int,
    key: str,
    actor: User,
    state: str,
    at: datetime,
    note: str = "",
) -> ImprovementTask:
    """Mark an agreed change as done, decline it with the reason, or open it again.

    When none is open any more and the product is being improved, the secretariat is asked to plan the next round.

    Raises:
        NotFoundError: The product has no such change.
        InvalidInputError: An unknown state, or a change is declined without a reason.
    """
    product = lock_product(alliance, code)
    require(actor, CHANGE_IMPROVEMENT, product)
    _check_changeable(product)
    task = (
        ImprovementTask.objects.of(alliance)
        .select_for_update(of=("self",))
        .select_related("pilot")
        .filter(pilot__product=product, pilot__round=round_number, key=key)
        .first()
    )
    if task is None:
        raise NotFoundError
    words = note.strip()[:300]
    if state not in ImprovementState.values:
        reason = _("Choose whether the change is done or declined.")
        raise InvalidInputError(reason, fields={"state": reason})
    if state == ImprovementState.DECLINED and not words:
        reason = _("Say why the change is declined; the pilot firms will ask.")
        raise InvalidInputError(reason, code="reason_missing", fields={"note": reason})
    before = task.state
    task.state, task.note = state, words
    is_open = state == ImprovementState.OPEN
    task.done_at, task.done_by = (None, None) if is_open else (at, actor)
    task.save(update_fields=["state", "note", "done_at", "done_by"])
    record_audit(
        product,
        actor=actor,
        verb="settle_improvement",
        before={"task": task.pk, "state": before},
        after={"task": task.pk, "state": state},
        personal={"note": words} if words else None,
        at=at,
    )
    waiting = f"next-round:{code}:{task.pilot.round}"
    still_open = ImprovementTask.objects.of(alliance).filter(pilot__product=product, state=ImprovementState.OPEN).exists()
    if still_open or product.state != ProductState.IMPROVING:
        inbox.settle(alliance, waiting, by=actor, at=at)
    else:
        inbox.settle_all(alliance, f"improve:{code}:", by=actor, at=at)
        ask(product, "pilot_next_round", waiting, inbox.office(), at=at)
    return task
