"""What a step of the pipeline owes to others: the record, the event, inbox items and notices, in one place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.actions.notifications import notify
from alliance.kernel.events import emit
from alliance.kernel.formats import format_day
from operations.actions.room import require_room
from operations.gates import require_gates
from operations.signals import PRODUCT_STATE_CHANGED

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.kernel.transitions import Transition
    from alliance.models import User
    from operations.models import Product


def title_params(product: Product, **more: Any) -> dict[str, Any]:
    """Placeholders every text of the pipeline may use."""
    return {"title_en": product.title_en, "title_zh": product.title_zh, "code": product.code, **more}


def day_params(name: str, moment: datetime) -> dict[str, str]:
    """A day as a placeholder in both languages, in the time zone of the platform."""
    day = timezone.localtime(moment).date()
    return {f"{name}_en": format_day(day, "en"), f"{name}_zh": format_day(day, "zh-hans")}


def move(
    product: Product,
    transition: Transition,
    *,
    actor: User | None,
    at: datetime,
    after: Mapping[str, Any] | None = None,
    personal: Mapping[str, str] | None = None,
    fields: Iterable[str] = (),
    reason_code: str = "",
    is_history: bool = False,
) -> None:
    """Take a product's step: check, write, record, owe the event. The caller holds the row's lock and asked permission.

    The only place where a product's state is written. The step's gates are asked here, so that no act can leave them out, and
    a person's move into a stage that is full is refused.

    Args:
        product: Locked row; other ``fields`` were set on it already.
        transition: The step.
        actor: Who takes it; None for the workflow.
        at: Now.
        after: Further values for the record.
        personal: Free text for the record, e.g. a reason.
        fields: Names of the other fields to write.
        reason_code: Code of a stated reason.
        is_history: The step was taken before this program kept the record; loaders of demonstrations tell it. Neither gates nor
            limits are asked.

    Raises:
        TransitionRefusedError: Not possible in the product's state.
        DomainError: ``gate_closed``, ``stage_full``.
    """
    transition.check(product.state)
    over: dict[str, Any] = {}
    if not is_history:
        require_gates(product, transition)
        if actor is not None:
            over = require_room(product, transition)
    before = product.state
    product.state = transition.target
    if product.state != before:
        product.state_since = at
        product.admitted_to = ""
    product.save(update_fields=["state", "state_since", "admitted_to", *fields])
    record_audit(
        product,
        actor=actor,
        verb=transition.name,
        before={"state": before},
        after={"state": product.state, "version": product.version, **over, **(after or {})},
        personal=personal,
        reason_code=reason_code,
        at=at,
    )
    if product.state != before:
        emit(
            product.alliance,
            PRODUCT_STATE_CHANGED,
            {"product": product.code, "before": before, "after": product.state},
        )


def ask(
    product: Product,
    kind: str,
    key: str,
    audience: inbox.Audience,
    *,
    at: datetime,
    url_name: str = "product_detail",
    due_at: datetime | None = None,
    **params: Any,
) -> None:
    """Put something about a product in an inbox."""
    inbox.ask(
        product.alliance,
        kind,
        key,
        audience,
        params=title_params(product, **params),
        url_name=url_name,
        url_kwargs={"code": product.code},
        at=at,
        due_at=due_at,
    )


def tell(
    product: Product,
    users: Iterable[User],
    kind: str,
    key: str,
    *,
    at: datetime,
    url_name: str = "product_detail",
    **params: Any,
) -> None:
    """Tell people something about a product, once per key."""
    notify(
        product.alliance,
        users,
        kind,
        key,
        params=title_params(product, **params),
        at=at,
        url_name=url_name,
        url_kwargs={"code": product.code},
    )
