"""Reading rights on one product before its release, for people outside its circle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.models import Permission
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from alliance.actions.audit import record_audit
from alliance.kernel.errors import InvalidInputError, NotFoundError
from alliance.kernel.permissions import grants_of, require
from alliance.models import User
from operations.actions.announce import tell
from operations.actions.product import lock_product
from operations.models import ProductShare
from operations.permissions import SHARE_PRODUCT

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from alliance.models import Alliance


def _reading() -> Permission:
    return Permission.objects.get(content_type__app_label="operations", codename="view_product")


@transaction.atomic
def share_product(alliance: Alliance, code: str, *, actor: User, email: str, at: datetime) -> ProductShare:
    """Let a person of this alliance read a product before its release; sharing twice changes nothing.

    Args:
        alliance: The tenant.
        code: The product's code.
        actor: A person of the author, or the secretariat.
        email: E-mail of an account with a role in this alliance.
        at: Now.

    Raises:
        InvalidInputError: Nobody of this alliance has the e-mail. The same answer for accounts elsewhere.
    """
    product = lock_product(alliance, code)
    require(actor, SHARE_PRODUCT, product)
    reader = User.objects.filter(email=email.strip().lower(), is_active=True).first()
    if reader is None or not grants_of(reader, alliance, at):
        words = _("Nobody in this alliance has this e-mail address.")
        raise InvalidInputError(words, code="reader_unknown", fields={"email": words})
    share: ProductShare
    share, is_new = ProductShare.objects.get_or_create(
        alliance=alliance,
        content_object=product,
        user=reader,
        permission=_reading(),
        defaults={"given_by": actor, "given_at": at},
    )
    if is_new:
        record_audit(product, actor=actor, verb="share_product", after={"reader": reader.uuid}, at=at)
        tell(product, [reader], "product_shared", f"product_shared:{code}:{share.pk}", at=at)
    return share


@transaction.atomic
def unshare_product(alliance: Alliance, code: str, *, reader: UUID, actor: User, at: datetime) -> None:
    """Take a reading right back.

    Raises:
        NotFoundError: The product has no such share.
    """
    product = lock_product(alliance, code)
    require(actor, SHARE_PRODUCT, product)
    removed, _by_model = ProductShare.objects.filter(alliance=alliance, content_object=product, user__uuid=reader).delete()
    if not removed:
        raise NotFoundError
    record_audit(product, actor=actor, verb="unshare_product", before={"reader": reader}, at=at)
