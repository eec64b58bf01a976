"""Files of a product: part of it, or the evidence its kind asks for; taken in, taken out, and handed to the public."""

from __future__ import annotations

import uuid
from typing import IO, TYPE_CHECKING, Any, Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from alliance.actions.audit import record_audit
from alliance.actions.files import open_content, store_upload
from alliance.choices import FileState
from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError
from alliance.kernel.events import emit
from alliance.kernel.permissions import require
from groups.actions.conflict import require_no_conflict
from operations.actions.product import lock_product
from operations.choices import ProductState
from operations.models import ProductFile
from operations.permissions import CHANGE_FILES, OPEN_PRODUCT_FILE, own_institutions
from operations.selectors.kind import form_of
from operations.signals import PRODUCT_FILES_CHANGED

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance, StoredFile, User
    from operations.models import Product

PURPOSE: Final = "operations.product_file"
MOST_FILES: Final = 40
"""Files of one product that are in use at once."""

PART_STATES: Final = frozenset({ProductState.DRAFT, ProductState.TRANSFORMING, ProductState.IMPROVING})
"""States in which the product itself may change; what firms are trying does not change under their hands."""
EVIDENCE_STATES: Final = PART_STATES | {ProductState.IN_REVIEW, ProductState.PILOTING}
"""States in which evidence may still be given."""


def may_change_files(product: Product, *, evidence: bool) -> bool:
    """Whether the state of a product lets files be added and taken out."""
    return product.state in (EVIDENCE_STATES if evidence else PART_STATES)


def _require_open(product: Product, *, evidence: bool) -> None:
    if may_change_files(product, evidence=evidence):
        return
    remedy = (
        _("Evidence can be given until the release.")
        if evidence
        else _("They change as a draft, while the text is adapted, and while it is being improved.")
    )
    raise DomainError(
        _("The files cannot be changed in the state “%(state)s”.") % {"state": product.get_state_display()},
        code="not_editable",
        remedy=remedy,
    )


@transaction.atomic
def add_file(
    alliance: Alliance,
    code: str,
    *,
    file: Any,
    evidence: str = "",
    title_en: str = "",
    title_zh: str = "",
    is_public: bool = False,
    actor: User,
    at: datetime,
) -> ProductFile:
    """Add a file to a product, as part of it or as evidence.

    Args:
        alliance: The tenant.
        code: The product's code.
        file: What was uploaded.
        evidence: Key of the evidence it gives, of the product's form; empty: it is part of the product.
        title_en: What it is, in English.
        title_zh: What it is, in Chinese; both empty: the file's name.
        is_public: Whether anybody may download it once the product is released.
        actor: A person of the author or the adapter, or the secretariat.
        at: Now.

    Raises:
        PermissionRefusedError: The actor may not.
        ConflictOfInterestError: The actor's institution stands aside from this product.
        DomainError: ``not_editable``: its state does not let the files change.
        InvalidInputError: The form asks for no such evidence, or there are too many files.
        UploadRefusedError: The file is not taken; nothing was stored.
    """
    product = lock_product(alliance, code)
    require(actor, CHANGE_FILES, product)
    require_no_conflict(alliance, own_institutions(actor, alliance, at=at), product.matter)
    _require_open(product, evidence=bool(evidence))
    if evidence and evidence not in {one.key for one in form_of(product).evidence}:
        words = _("This kind of product asks for no such evidence. Choose from the list.")
        raise InvalidInputError(words, code="evidence_unknown", fields={"evidence": words})
    for name, text in (("title_en", title_en), ("title_zh", title_zh)):
        if len(text.strip()) > 200:
            words = _("This is longer than 200 characters.")
            raise InvalidInputError(words, fields={name: words})
    if product.files.filter(removed_at__isnull=True).count() >= MOST_FILES:
        full = _("A product holds at most %(most)s files. Take one out first.") % {"most": MOST_FILES}
        raise InvalidInputError(full, code="too_many_files", fields={"file": full})
    if file is None:
        words = _("Choose a file.")
        raise InvalidInputError(words, fields={"file": words})
    stored = store_upload(alliance, file, PURPOSE, actor=actor, permission=OPEN_PRODUCT_FILE)
    row = attach_file(
        product,
        stored,
        evidence=evidence,
        title_en=title_en.strip(),
        title_zh=title_zh.strip(),
        is_public=is_public,
        actor=actor,
        at=at,
    )
    emit(alliance, PRODUCT_FILES_CHANGED, {"product": code})
    return row


def attach_file(
    product: Product,
    stored: StoredFile,
    *,
    evidence: str,
    title_en: str,
    title_zh: str,
    is_public: bool,
    actor: User | None,
    at: datetime,
) -> ProductFile:
    """Note a stored file as one of a locked product's; permission was asked by the caller."""
    row = ProductFile.objects.create(
        alliance_id=product.alliance_id,
        product=product,
        file=stored,
        evidence=evidence,
        title_en=title_en,
        title_zh=title_zh,
        is_public=is_public,
        version=product.version,
        added_by=actor,
        added_at=at,
    )
    record_audit(
        product,
        actor=actor,
        verb="add_product_file",
        after={
            "file": stored.uuid,
            "sha256": stored.sha256,
            "evidence": evidence,
            "is_public": is_public,
            "version": product.version,
        },
        personal={"name": stored.name, "title_en": title_en, "title_zh": title_zh},
        at=at,
    )
    return row


@transaction.atomic
def remove_file(alliance: Alliance, code: str, file_uuid: uuid.UUID, *, actor: User, at: datetime) -> ProductFile:
    """Take a file out of a product. It stays on record, for versions that were handed over had it.

    Raises:
        NotFoundError: The product has no such file in use.
        DomainError: ``not_editable``.
    """
    product = lock_product(alliance, code)
    require(actor, CHANGE_FILES, product)
    row = (
        product.files.select_for_update(of=("self",))
        .select_related("file")
        .filter(file__uuid=file_uuid, removed_at__isnull=True)
        .first()
    )
    if row is None:
        raise NotFoundError
    _require_open(product, evidence=bool(row.evidence))
    row.removed_at, row.removed_by = at, actor
    row.save(update_fields=["removed_at", "removed_by"])
    record_audit(
        product,
        actor=actor,
        verb="remove_product_file",
        before={"file": row.file.uuid, "sha256": row.file.sha256, "evidence": row.evidence, "is_public": row.is_public},
        personal={"name": row.file.name},
        at=at,
    )
    emit(alliance, PRODUCT_FILES_CHANGED, {"product": code})
    return row


@transaction.atomic
def publish_file(
    alliance: Alliance, code: str, file_uuid: uuid.UUID, *, is_public: bool, actor: User, at: datetime
) -> ProductFile:
    """Say whether anybody may download a file once the product is released; also afterwards, as a file can be held back.

    Raises:
        NotFoundError: The product has no such file in use.
        DomainError: ``not_editable``: the product is out of use.
    """
    product = lock_product(alliance, code)
    require(actor, CHANGE_FILES, product)
    if product.state in {ProductState.RETIRED, ProductState.WITHDRAWN}:
        raise DomainError(
            _("The files cannot be changed in the state “%(state)s”.") % {"state": product.get_state_display()},
            code="not_editable",
        )
    row = product.files.select_related("file").filter(file__uuid=file_uuid, removed_at__isnull=True).first()
    if row is None:
        raise NotFoundError
    if row.is_public != is_public:
        row.is_public = is_public
        row.save(update_fields=["is_public"])
        record_audit(
            product,
            actor=actor,
            verb="publish_product_file" if is_public else "hold_back_product_file",
            before={"is_public": not is_public},
            after={"file": row.file.uuid, "is_public": is_public},
            at=at,
        )
        emit(alliance, PRODUCT_FILES_CHANGED, {"product": code})
    return row


def file_of(stored: StoredFile) -> ProductFile | None:
    """The row by which a stored file belongs to a product, for its permission.

    A next version refers to the files of the version before it: the first row, that of the version released earlier, decides.
    """
    return (
        ProductFile.objects.filter(alliance_id=stored.alliance_id, file=stored)
        .select_related("alliance", "product", "product__alliance")
        .order_by("id")
        .first()
    )


def open_public_file(alliance: Alliance, code: str, file_uuid: uuid.UUID) -> tuple[StoredFile, IO[bytes]]:
    """A file of a released product that anybody may download, open at its start.

    Raises:
        NotFoundError: There is none, the product is not released or no more in use, or the file is not for the public.
    """
    row = (
        ProductFile.objects.of(alliance)
        .filter(
            product__code=code,
            product__state=ProductState.RELEASED,
            file__uuid=file_uuid,
            file__state=FileState.CLEAN,
            is_public=True,
            removed_at__isnull=True,
        )
        .select_related("file")
        .first()
    )
    if row is None:
        raise NotFoundError
    return row.file, open_content(row.file)
