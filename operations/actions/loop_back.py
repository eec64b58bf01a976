"""Ways back and out: a pilot stopped, a product adapted or drafted anew, a product withdrawn (blueprint section 6).

Each takes a reason that those concerned read, and calls off the round that is under way.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.kernel.errors import DomainError, InvalidInputError
from alliance.kernel.events import emit
from alliance.kernel.permissions import permissions, require
from groups.actions.conflict import require_no_conflict
from groups.choices import GroupKind
from operations.actions.announce import ask, move, tell
from operations.actions.pilot import cancel_round
from operations.actions.point import raise_point, said
from operations.actions.product import ask_to_draft_anew, clean_reason, lock_product
from operations.choices import PointSource, ProductState
from operations.models import Pilot, Product
from operations.permissions import RELEASE_PRODUCT, own_institutions
from operations.selectors.people import staff_of
from operations.selectors.pilot import ACTIVE_STATES
from operations.selectors.release import involved_ids
from operations.signals import PRODUCT_WITHDRAWN
from operations.transitions import LOOP_BACKS, READAPT, REDRAFT, STOP_PILOT, WITHDRAW

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.kernel.transitions import Transition
    from alliance.models import Alliance, User

STEPS: Final[dict[str, Transition]] = {step.name: step for step in LOOP_BACKS}


def _call_off_round(product: Product, reason: str, *, actor: User, at: datetime) -> Pilot | None:
    """Call off the round that is under way, if there is one; the product's lock is held, so no step runs meanwhile."""
    pilot = (
        Pilot.objects.of(product.alliance)
        .select_for_update(of=("self",))
        .filter(product=product, state__in=ACTIVE_STATES)
        .order_by("-round")
        .first()
    )
    if pilot is not None:
        pilot.product = product
        cancel_round(pilot, actor=actor, at=at, reason=reason)
    return pilot


def _settle_everything(product: Product, *, actor: User, at: datetime) -> None:
    """Nothing about the stage that is left waits in an inbox any more."""
    alliance, code = product.alliance, product.code
    for key in (f"product-adapt:{code}", f"pilot-plan:{code}"):
        inbox.settle(alliance, key, by=actor, at=at)
    for prefix in ("improve", "next-round", "release", "product-review", "product-returned"):
        inbox.settle_all(alliance, f"{prefix}:{code}:", by=actor, at=at)


@transaction.atomic
def loop_back(alliance: Alliance, code: str, step: str, *, actor: User, reason: str, at: datetime) -> Product:
    """Send a product back from its pilot or from improvement; a round under way is called off.

    Stopped for improvement, the reason becomes a point to answer before the next round. Adapted or drafted anew, the text has
    to be handed over, or reviewed, again.

    Args:
        alliance: The tenant.
        code: The product's code.
        step: Name of STOP_PILOT, READAPT or REDRAFT.
        actor: Who sends it back.
        reason: Why; the makers read it, and the pilot firms of a round that is called off.
        at: Now.

    Raises:
        InvalidInputError: No reason, or no such step.
        PermissionRefusedError: The actor may not.
        ConflictOfInterestError: The actor's institution stands aside from the product.
        TransitionRefusedError: Not possible in the product's state.
        DomainError: ``release_proposed``: the decision on the release is due; ``stage_full``.
    """
    transition = STEPS.get(step)
    if transition is None:
        words = _("Choose how far back it goes.")
        raise InvalidInputError(words, code="step_unknown", fields={"step": words})
    product = lock_product(alliance, code)
    require(actor, transition.permission, product)
    require_no_conflict(alliance, own_institutions(actor, alliance, at=at), product.matter)
    transition.check(product.state)
    if product.state == ProductState.PILOTING and product.release_proposed_at is not None:
        raise DomainError(
            _("Its pilot has passed, and the decision on its release is due."),
            code="release_proposed",
            remedy=_("Whoever decides may decline the release with the reason; it then goes to improvement."),
            who=permissions.get(RELEASE_PRODUCT).describe_holders(),
        )
    text = clean_reason(reason)
    pilot = _call_off_round(product, text, actor=actor, at=at)
    if transition is STOP_PILOT:
        raise_point(
            product,
            key=f"stopped:{uuid.uuid4()}",
            source=PointSource.DECISION,
            pilot=pilot,
            raised_by=actor,
            at=at,
            **said(text),
        )
    fields: list[str] = []
    if transition is not STOP_PILOT:
        product.adapted_at = None
        fields.append("adapted_at")
    move(
        product,
        transition,
        actor=actor,
        at=at,
        fields=fields,
        after={"round": pilot.round} if pilot is not None else None,
        personal={"reason": text},
        reason_code="looped_back",
    )
    _settle_everything(product, actor=actor, at=at)
    if transition is REDRAFT:
        ask_to_draft_anew(product, text, at=at)
    else:
        _ask_makers(product, transition, text, at=at)
    return product


def _ask_makers(product: Product, transition: Transition, reason: str, *, at: datetime) -> None:
    alliance, code = product.alliance, product.code
    if transition is READAPT:
        whom = inbox.institution(product.adapter_id) if product.adapter_id else inbox.group(GroupKind.MEDIA)
        ask(product, "product_adapt", f"product-adapt:{code}", whom, at=at)
    else:
        stamp = product.state_since.isoformat()
        ask(product, "product_improve", f"improve:{code}:{stamp}", inbox.institution(product.author_id), at=at)
    makers = [product.author_id, *([product.adapter_id] if product.adapter_id else [])]
    tell(
        product,
        staff_of(alliance, makers, at=at),
        "product_looped_back",
        f"looped-back:{code}:{at.isoformat()}",
        at=at,
        reason=reason,
    )


@transaction.atomic
def withdraw_product(alliance: Alliance, code: str, *, actor: User, reason: str, at: datetime) -> Product:
    """Withdraw a product before its release, at whatever stage; its record stays, nothing more is asked of anybody.

    Args:
        alliance: The tenant.
        code: The product's code.
        actor: A person of the author, or the secretariat.
        reason: Why; makers and pilot firms read it.
        at: Now.

    Raises:
        InvalidInputError: No reason was given.
        TransitionRefusedError: It is released, retired or withdrawn already.
    """
    product = lock_product(alliance, code)
    require(actor, WITHDRAW.permission, product)
    require_no_conflict(alliance, own_institutions(actor, alliance, at=at), product.matter)
    WITHDRAW.check(product.state)
    text = clean_reason(reason)
    pilot = _call_off_round(product, text, actor=actor, at=at)
    product.withdrawn_at, product.withdrawn_from = at, product.state
    product.release_proposed_at = None
    move(
        product,
        WITHDRAW,
        actor=actor,
        at=at,
        fields=["withdrawn_at", "withdrawn_from", "release_proposed_at"],
        after={"from": product.withdrawn_from, **({"round": pilot.round} if pilot is not None else {})},
        personal={"reason": text},
        reason_code="withdrawn",
    )
    _settle_everything(product, actor=actor, at=at)
    emit(alliance, PRODUCT_WITHDRAWN, {"product": code})
    tell(
        product,
        staff_of(alliance, involved_ids(product), at=at),
        "product_withdrawn",
        f"product_withdrawn:{code}",
        at=at,
        reason=text,
    )
    return product
