"""Who made a product: named by the author with shares of the whole, confirmed or contested by each institution itself.

Benefit sharing builds on the shares (Zheng2018, section 5.2), so nobody's part stands without its own word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from alliance.actions import inbox
from alliance.actions.audit import record_audit
from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError
from alliance.kernel.events import emit
from alliance.kernel.formats import format_number
from alliance.kernel.permissions import require
from members.models import Expert, Institution
from operations.actions.announce import ask, tell
from operations.actions.product import lock_product
from operations.choices import ContributionRole, ProductState
from operations.models import Contribution
from operations.permissions import ANSWER_CONTRIBUTION, NAME_CONTRIBUTIONS, own_institutions
from operations.selectors.evidence import WHOLE, unsettled_contributions
from operations.selectors.people import staff_of
from operations.signals import CONTRIBUTIONS_CHANGED

if TYPE_CHECKING:
    from datetime import datetime

    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance, User
    from operations.models import Product

CLOSED: Final = frozenset({ProductState.RELEASED, ProductState.RETIRED, ProductState.WITHDRAWN})
"""States in which the shares stand for good: benefits are shared by them."""
MOST_PARTS: Final = 30


@dataclass(frozen=True, slots=True)
class Part:
    """An institution's part, as the author names it.

    Attributes:
        institution_id: Whose part.
        role: A ContributionRole.
        share: Percent of the whole, above 0 up to 100, with up to two places.
        words_en: What it did, in English.
        words_zh: What it did, in Chinese.
        expert_id: The person of the talent pool who did it; None: not named.
    """

    institution_id: int
    role: str
    share: Decimal
    words_en: str = ""
    words_zh: str = ""
    expert_id: int | None = None


def _key(product: Product, institution_id: int) -> str:
    return f"contribution:{product.code}:{institution_id}"


def _read(part: Part, wrong: dict[str, StrOrPromise], name: str) -> Part:
    try:
        share = Decimal(part.share).quantize(Decimal("0.01"))
        exact = share == Decimal(part.share)
    except (InvalidOperation, TypeError, ValueError):
        share, exact = Decimal(0), False
    if not exact or not 0 < share <= WHOLE:
        wrong[f"{name}-share"] = _("Give a share above 0 and up to 100 percent, with at most two places.")
    if part.role not in ContributionRole.values:
        wrong[f"{name}-role"] = _("Choose a part from the list.")
    if max(len(part.words_en), len(part.words_zh)) > 300:
        wrong[f"{name}-words_en"] = _("This is longer than 300 characters.")
    return Part(
        part.institution_id, part.role, share, part.words_en.strip(), part.words_zh.strip(), expert_id=part.expert_id
    )


def _check(product: Product, parts: Sequence[Part]) -> list[Part]:
    """The parts as they are kept.

    Raises:
        InvalidInputError: With every fault, by ``parts-<place>-<field>``.
    """
    wrong: dict[str, StrOrPromise] = {}
    if len(parts) > MOST_PARTS:
        text = _("At most %(most)s institutions are named.") % {"most": MOST_PARTS}
        raise InvalidInputError(text, code="contributions_invalid", fields={"parts": text})
    known = set(
        Institution.objects.of(product.alliance)
        .filter(pk__in=[part.institution_id for part in parts])
        .values_list("pk", flat=True)
    )
    experts = dict(
        Expert.objects.of(product.alliance)
        .filter(pk__in=[part.expert_id for part in parts if part.expert_id is not None])
        .values_list("pk", "institution_id")
    )
    seen: set[int] = set()
    found: list[Part] = []
    for place, part in enumerate(parts):
        name = f"parts-{place}"
        if part.institution_id not in known:
            wrong[f"{name}-institution"] = _("Choose an institution of this alliance.")
        elif part.institution_id in seen:
            wrong[f"{name}-institution"] = _("This institution is named twice. Give it one part with one share.")
        elif part.institution_id in product.pilot_institution_ids and part.role != ContributionRole.TRIAL:
            wrong[f"{name}-role"] = _(
                "This firm tries the product. Who makes a product does not try it, so its part can only be the trial."
            )
        if part.expert_id is not None and experts.get(part.expert_id) != part.institution_id:
            wrong[f"{name}-expert"] = _("This person belongs to another institution.")
        seen.add(part.institution_id)
        found.append(_read(part, wrong, name))
    if found and product.author_id not in seen:
        wrong["parts"] = _("The institution that drafts it has a part too: name it with its share.")
    total = sum((part.share for part in found), Decimal(0))
    if found and not wrong and total != WHOLE:
        wrong["parts"] = _("The shares add up to %(total)s percent. Change them so that they add up to 100.") % {
            "total": format_number(total, 2)
        }
    if wrong:
        raise InvalidInputError(
            wrong.get("parts") or _("Some parts are not complete."), code="contributions_invalid", fields=wrong
        )
    return found


def _lock(alliance: Alliance, code: str) -> Product:
    product = lock_product(alliance, code)
    if product.state in CLOSED:
        raise DomainError(
            _("Who made it stands for good in the state “%(state)s”.") % {"state": product.get_state_display()},
            code="contributions_closed",
            remedy=_("The next version of the product names its makers anew."),
        )
    return product


@transaction.atomic
def name_contributions(
    alliance: Alliance, code: str, parts: Sequence[Part], *, actor: User, at: datetime
) -> list[Contribution]:
    """Say who made a product, whole: institutions that are not named lose their part.

    A part whose share or kind changes has to be confirmed again. A part that the actor's own institution names for itself is
    confirmed by that.

    Args:
        alliance: The tenant.
        code: The product's code.
        parts: Every part; the shares add up to 100. None at all: the author made it alone.
        actor: A person of the author, or the secretariat.
        at: Now.

    Raises:
        PermissionRefusedError: The actor may not.
        DomainError: ``contributions_closed``: the product is out already, or withdrawn.
        InvalidInputError: With every fault, by field.
    """
    product = _lock(alliance, code)
    require(actor, NAME_CONTRIBUTIONS, product)
    wanted = _check(product, parts)
    mine = own_institutions(actor, alliance, at=at)
    before = {row.institution_id: row for row in product.contributions.select_related("institution").order_by("id")}
    stated = {row.institution.code: [row.role, str(row.share)] for row in before.values()}
    kept: list[Contribution] = []
    for part in wanted:
        row = before.pop(part.institution_id, None)
        is_new = row is None or (row.role, row.share) != (part.role, part.share)
        if row is None:
            row = Contribution(alliance=alliance, product=product, institution_id=part.institution_id)
        row.role, row.share, row.expert_id = part.role, part.share, part.expert_id
        row.words_en, row.words_zh = part.words_en, part.words_zh
        if is_new:
            row.named_by, row.named_at = actor, at
            own = part.institution_id in mine
            row.confirmed_by, row.confirmed_at = (actor, at) if own else (None, None)
            row.contested_at, row.contest_reason = None, ""
        row.save()
        kept.append(row)
        if is_new:
            inbox.settle(alliance, _key(product, part.institution_id), by=actor, at=at)
            if row.confirmed_at is None:
                ask_to_confirm(product, row, at=at)
    for row in before.values():
        inbox.settle(alliance, _key(product, row.institution_id), by=actor, at=at)
        row.delete()
    inbox.settle(alliance, f"contribution-contested:{code}", by=actor, at=at)
    names = dict(
        Institution.objects.of(alliance).filter(pk__in=[row.institution_id for row in kept]).values_list("pk", "code")
    )
    record_audit(
        product,
        actor=actor,
        verb="name_contributions",
        before={"parts": stated},
        after={"parts": {names[row.institution_id]: [row.role, str(row.share)] for row in kept}},
        personal={"words": "\n".join(text for row in kept for text in (row.words_en, row.words_zh) if text)},
        at=at,
    )
    _owe_event(product)
    return kept


def ask_to_confirm(product: Product, row: Contribution, *, at: datetime) -> None:
    """Put a part into the inbox of the institution whose part it is."""
    ask(
        product,
        "contribution_confirm",
        _key(product, row.institution_id),
        inbox.institution(row.institution_id),
        at=at,
        url_name="contribution_answer",
        share=format_number(row.share, 2 if row.share % 1 else 0),
    )


def _owe_event(product: Product) -> None:
    settled = not unsettled_contributions(product)
    emit(product.alliance, CONTRIBUTIONS_CHANGED, {"product": product.code, "settled": settled})


@transaction.atomic
def answer_contribution(
    alliance: Alliance, code: str, *, institution_id: int, agrees: bool, reason: str = "", actor: User, at: datetime
) -> Contribution:
    """Confirm or contest an institution's part, in its own name; the answer can be changed while the product is not out.

    Args:
        alliance: The tenant.
        code: The product's code.
        institution_id: Whose part.
        agrees: Whether it confirms.
        reason: Why it contests; the author reads it.
        actor: A person of that institution.
        at: Now.

    Raises:
        NotFoundError: The institution has no part in this product.
        PermissionRefusedError: The actor does not act for it.
        InvalidInputError: It contests without a reason.
    """
    product = _lock(alliance, code)
    row = (
        product.contributions.select_for_update(of=("self",))
        .select_related("institution", "alliance")
        .filter(institution_id=institution_id)
        .first()
    )
    if row is None:
        raise NotFoundError
    require(actor, ANSWER_CONTRIBUTION, row)
    text = reason.strip()
    if not agrees and not text:
        words = _("Say what is wrong with it, so that the author can change it.")
        raise InvalidInputError(words, code="reason_missing", fields={"reason": words})
    if len(text) > 300:
        words = _("This is longer than 300 characters.")
        raise InvalidInputError(words, fields={"reason": words})
    was = _answer_of(row)
    row.confirmed_by, row.confirmed_at = (actor, at) if agrees else (None, None)
    row.contested_at, row.contest_reason = (None, "") if agrees else (at, text)
    row.save(update_fields=["confirmed_by", "confirmed_at", "contested_at", "contest_reason"])
    record_audit(
        product,
        actor=actor,
        verb="confirm_contribution" if agrees else "contest_contribution",
        before={"answer": was},
        after={"institution": row.institution.code, "role": row.role, "share": str(row.share), "answer": _answer_of(row)},
        personal=None if agrees else {"reason": text},
        at=at,
    )
    inbox.settle(alliance, _key(product, institution_id), by=actor, at=at)
    if agrees:
        if not product.contributions.filter(contested_at__isnull=False).exists():
            inbox.settle(alliance, f"contribution-contested:{code}", by=actor, at=at)
    else:
        ask(
            product,
            "contribution_contested",
            f"contribution-contested:{code}",
            inbox.institution(product.author_id),
            at=at,
            url_name="contribution_edit",
            institution_en=row.institution.name_en or row.institution.name_zh,
            institution_zh=row.institution.name_zh or row.institution.name_en,
        )
        tell(
            product,
            staff_of(alliance, [product.author_id], at=at),
            "contribution_refused",
            f"contribution-contested:{code}:{institution_id}:{at.isoformat()}",
            at=at,
            url_name="contribution_edit",
            institution_en=row.institution.name_en or row.institution.name_zh,
            institution_zh=row.institution.name_zh or row.institution.name_en,
            reason=text,
        )
    _owe_event(product)
    return row


def _answer_of(row: Contribution) -> str:
    return "confirmed" if row.confirmed_at else "contested" if row.contested_at else "open"
