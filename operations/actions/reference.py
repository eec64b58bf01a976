"""What a product answers or rests on: records of the alliance by their code, and sources outside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from alliance.actions.audit import record_audit
from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError
from alliance.kernel.permissions import require
from alliance.kernel.references import find_referred
from operations.actions.product import lock_product
from operations.choices import ProductState, ReferenceKind
from operations.models import ProductReference
from operations.permissions import CHANGE_REFERENCES

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance, User
    from operations.models import Product

MOST_REFERENCES: Final = 60
CLOSED: Final = frozenset({ProductState.RELEASED, ProductState.RETIRED, ProductState.WITHDRAWN})
_url = URLValidator(schemes=["http", "https"])


def _lock(alliance: Alliance, code: str, *, actor: User) -> Product:
    product = lock_product(alliance, code)
    require(actor, CHANGE_REFERENCES, product)
    if product.state in CLOSED:
        raise DomainError(
            _("What it answers stands for good in the state “%(state)s”.") % {"state": product.get_state_display()},
            code="not_editable",
            remedy=_("It can be changed until the release."),
        )
    return product


@transaction.atomic
def add_reference(
    alliance: Alliance,
    code: str,
    *,
    kind: str,
    to: str = "",
    words: str = "",
    url: str = "",
    actor: User,
    at: datetime,
) -> ProductReference:
    """Say that a product answers or rests on something.

    Args:
        alliance: The tenant.
        code: The product's code.
        kind: A ReferenceKind.
        to: Code of the record inside the alliance; not for outside sources.
        words: Title of an outside source, or what of the record it answers.
        url: Address of an outside source.
        actor: A person of the author, or the secretariat.
        at: Now.

    Raises:
        InvalidInputError: No such record is open to the actor, it is the product itself, or it is named already.
        DomainError: ``not_editable``.
    """
    product = _lock(alliance, code, actor=actor)
    if kind not in ReferenceKind.values:
        text = _("Choose a kind from the list.")
        raise InvalidInputError(text, fields={"kind": text})
    record, title, address = to.strip(), words.strip(), url.strip()
    if len(title) > 300:
        text = _("This is longer than 300 characters.")
        raise InvalidInputError(text, fields={"words": text})
    if kind == ReferenceKind.EXTERNAL:
        _check_outside(record, title, address)
    else:
        record = _check_inside(product, kind, record, address, actor=actor)
    if product.references.count() >= MOST_REFERENCES:
        raise InvalidInputError(
            _("A product refers to at most %(most)s records.") % {"most": MOST_REFERENCES}, code="too_many_references"
        )
    row, is_new = ProductReference.objects.get_or_create(
        alliance=alliance,
        product=product,
        kind=kind,
        code=record,
        words=title,
        url=address,
        defaults={"added_by": actor, "added_at": at},
    )
    if not is_new:
        raise InvalidInputError(_("This reference is named already."), code="reference_known")
    record_audit(
        product,
        actor=actor,
        verb="add_reference",
        after={"kind": kind, "code": record},
        personal={name: text for name, text in (("words", title), ("url", address)) if text} or None,
        at=at,
    )
    return row


def _check_outside(record: str, title: str, address: str) -> None:
    if record:
        text = _("An outside source has no code here; give its title and address.")
        raise InvalidInputError(text, fields={"to": text})
    if not title:
        text = _("Give the title of the source.")
        raise InvalidInputError(text, fields={"words": text})
    if not address:
        return
    try:
        _url(address)
    except ValidationError:
        text = _("Give a complete web address that begins with https:// or http://.")
        raise InvalidInputError(text, fields={"url": text}) from None
    if len(address) > 500:
        text = _("This is longer than 500 characters.")
        raise InvalidInputError(text, fields={"url": text})


def _check_inside(product: Product, kind: str, record: str, address: str, *, actor: User) -> str:
    """The code as its record has it."""
    if address:
        text = _("Only an outside source takes an address; records of the alliance are found by their code.")
        raise InvalidInputError(text, fields={"url": text})
    if not record or len(record) > 80 or "\x00" in record:
        text = _("Give the code of the record, such as P-014.")
        raise InvalidInputError(text, fields={"to": text})
    if kind == ReferenceKind.PRODUCT and record.casefold() == product.code.casefold():
        text = _("A product does not refer to itself.")
        raise InvalidInputError(text, fields={"to": text})
    found = find_referred(product.alliance, actor, kind, [record])
    match = next((code for code in found if code.casefold() == record.casefold()), "")
    if not match:
        unknown = _(
            "No %(kind)s with the code %(code)s is open to you. Check the code, or ask the secretariat to add it."
        ) % {
            "kind": ReferenceKind(kind).label,
            "code": record,
        }
        raise InvalidInputError(unknown, code="reference_unknown", fields={"to": unknown})
    return match


@transaction.atomic
def remove_reference(alliance: Alliance, code: str, reference_id: int, *, actor: User, at: datetime) -> None:
    """Take a reference out.

    Raises:
        NotFoundError: The product has no such reference.
    """
    product = _lock(alliance, code, actor=actor)
    row = product.references.filter(pk=reference_id).first()
    if row is None:
        raise NotFoundError
    before = {"kind": row.kind, "code": row.code}
    written = {name: text for name, text in (("words", row.words), ("url", row.url)) if text}
    row.delete()
    record_audit(
        product,
        actor=actor,
        verb="remove_reference",
        before=before,
        personal=written or None,
        at=at,
    )
