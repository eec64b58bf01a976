"""The next version of a released product: a draft that carries on from it and takes its place when it is released."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from alliance.actions.audit import record_audit
from alliance.kernel.codes import next_code
from alliance.kernel.errors import DomainError
from alliance.kernel.events import emit
from alliance.kernel.permissions import require
from operations.actions.announce import tell
from operations.actions.contribution import ask_to_confirm
from operations.actions.product import lock_product
from operations.actions.product_file import attach_file
from operations.choices import ProductState, ReferenceKind
from operations.models import Contribution, Product, ProductReference
from operations.permissions import BEGIN_NEXT_VERSION
from operations.selectors.people import staff_of
from operations.selectors.reference import open_successor
from operations.signals import NEXT_VERSION_BEGUN

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance, User

COPIED = (
    "kind", "form_version", "title_en", "title_zh", "summary_en", "summary_zh", "body_en", "body_zh", "client_en",
    "client_zh", "details",
)  # fmt: skip
"""What the next version begins with."""


@transaction.atomic
def begin_next_version(alliance: Alliance, code: str, *, actor: User, at: datetime) -> Product:
    """Begin the next version of a released product as a draft of its own; the released one stays in use meanwhile.

    Texts, values, references and the files that are part of it are copied, its makers are asked again for their parts;
    evidence is not copied, because it stands for the version it was given for. The number of the version goes on. When the next
    version is released the earlier one is retired in the same moment (``release_product``).

    Args:
        alliance: The tenant.
        code: Code of the released product.
        actor: A person of the author, or the secretariat.
        at: Now.

    Returns:
        The new draft, with a code of its own.

    Raises:
        PermissionRefusedError: The actor may not.
        DomainError: ``not_released``, or ``next_version_begun``: it has a next version under way.
    """
    earlier = lock_product(alliance, code)
    require(actor, BEGIN_NEXT_VERSION, earlier)
    if earlier.state != ProductState.RELEASED:
        raise DomainError(
            _("Only a released product gets a next version; this one is in the state “%(state)s”.")
            % {"state": earlier.get_state_display()},
            code="not_released",
            remedy=_("While it is on its way its text is changed where it stands."),
        )
    successor = open_successor(earlier)
    if successor is not None:
        raise DomainError(
            _("The next version is under way already: %(code)s.") % {"code": successor.code},
            code="next_version_begun",
            remedy=_("Go on with that one, or withdraw it first."),
            details={"product": successor.code},
        )
    product = Product.objects.create(
        alliance=alliance,
        code=next_code(Product, alliance, "P", 3),
        state=ProductState.DRAFT,
        version=earlier.version + 1,
        author=earlier.author,
        predecessor=earlier,
        created_by=actor,
        state_since=at,
        changed_at=at,
        changed_by=actor,
        **{name: getattr(earlier, name) for name in COPIED},
    )
    record_audit(
        product,
        actor=actor,
        verb="begin_next_version",
        after={
            "state": product.state,
            "code": product.code,
            "version": product.version,
            "predecessor": code,
            "author": product.author.code,
            "kind": product.kind,
        },
        personal={"title_en": product.title_en, "title_zh": product.title_zh},
        at=at,
    )
    for row in earlier.files.filter(removed_at__isnull=True, evidence="").select_related("file").order_by("id"):
        attach_file(
            product,
            row.file,
            evidence="",
            title_en=row.title_en,
            title_zh=row.title_zh,
            is_public=row.is_public,
            actor=actor,
            at=at,
        )
    references = [
        ProductReference(
            alliance=alliance, product=product, kind=row.kind, code=row.code, words=row.words, url=row.url,
            added_by=actor, added_at=at,
        )
        for row in earlier.references.order_by("id")
        if (row.kind, row.code) != (ReferenceKind.PRODUCT, code)
    ]  # fmt: skip
    ProductReference.objects.bulk_create(references)
    for part in earlier.contributions.order_by("id"):
        copy = Contribution.objects.create(
            alliance=alliance,
            product=product,
            institution_id=part.institution_id,
            expert_id=part.expert_id,
            role=part.role,
            share=part.share,
            words_en=part.words_en,
            words_zh=part.words_zh,
            named_by=actor,
            named_at=at,
        )
        ask_to_confirm(product, copy, at=at)
    emit(alliance, NEXT_VERSION_BEGUN, {"product": product.code, "predecessor": code})
    circle = {earlier.author_id, *([earlier.adapter_id] if earlier.adapter_id else [])}
    tell(
        product,
        [person for person in staff_of(alliance, circle, at=at) if person.pk != actor.pk],
        "next_version_begun",
        f"next_version:{code}:{product.code}",
        at=at,
    )
    return product
