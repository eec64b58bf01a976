"""What a project owes: named in its plan, and turned into a draft of the pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from alliance.actions.audit import record_audit
from alliance.kernel.errors import DomainError, InvalidInputError, NotFoundError
from alliance.kernel.events import emit
from alliance.kernel.permissions import require
from operations.actions.product import draft_product
from operations.actions.project import (
    MOST_PARTS,
    check_inside,
    clean_names,
    find_milestone,
    lock_project,
    refuse_field,
    require_open,
    require_running,
)
from operations.choices import ProductKind, ReferenceKind
from operations.models import Deliverable, ProductReference
from operations.permissions import CHANGE_PROJECT, DRAFT_DELIVERABLE
from operations.signals import DELIVERABLE_DRAFTED

if TYPE_CHECKING:
    from datetime import datetime

    from alliance.models import Alliance, User
    from operations.models import Product, Project

FIELDS: Final = ("name_en", "name_zh", "kind", "due_on", "milestone")


def _deliverable(project: Project, position: int) -> Deliverable:
    found = project.deliverables.select_related("product").filter(position=position).first()
    if found is None:
        raise NotFoundError
    return found


def _refuse_linked(deliverable: Deliverable) -> None:
    if deliverable.product is not None:
        raise DomainError(
            _("It became the product %(code)s.") % {"code": deliverable.product.code},
            code="deliverable_drafted",
            remedy=_("Change the product on its own page."),
        )


@transaction.atomic
def save_deliverable(
    alliance: Alliance,
    code: str,
    position: int | None = None,
    *,
    values: Mapping[str, Any],
    actor: User,
    at: datetime,
) -> Deliverable:
    """Add something the project owes (no position) or change it while it is no product yet.

    Args:
        alliance: The tenant.
        code: The project's code.
        position: Its number; None for a new one.
        values: Of FIELDS; ``milestone`` is a milestone's number or None.
        actor: Somebody who may change the project.
        at: Now.

    Raises:
        NotFoundError: No such deliverable.
        InvalidInputError: A value is missing, unknown or outside the project.
        DomainError: ``deliverable_drafted``, ``project_over``.
    """
    project = lock_project(alliance, code)
    require(actor, CHANGE_PROJECT, project)
    require_open(project)
    names = clean_names(values, what=_("Name what is owed in English or in Chinese."))
    kind, due = values.get("kind"), values.get("due_on")
    if kind not in ProductKind.values:
        raise refuse_field("kind", _("Choose a kind from the list."))
    if not isinstance(due, date):
        raise refuse_field("due_on", _("Give the day on which it is due."))
    check_inside(project, "due_on", due)
    milestone = find_milestone(project, values.get("milestone"))
    if position is None:
        if project.deliverables.count() >= MOST_PARTS:
            raise InvalidInputError(
                _("A project owes at most %(most)s deliverables.") % {"most": MOST_PARTS}, code="too_many"
            )
        last = project.deliverables.order_by("-position").values_list("position", flat=True).first()
        row = Deliverable(alliance=alliance, project=project, position=(last or 0) + 1)
        verb, before = "add_deliverable", None
    else:
        row = _deliverable(project, position)
        _refuse_linked(row)
        verb, before = "change_deliverable", {"kind": row.kind, "due_on": row.due_on}
    row.name_en, row.name_zh, row.kind, row.due_on, row.milestone = names["name_en"], names["name_zh"], kind, due, milestone
    row.save()
    record_audit(
        project,
        actor=actor,
        verb=verb,
        before=before,
        after={"deliverable": row.position, "kind": kind, "due_on": due},
        personal={name: value for name, value in names.items() if value},
        at=at,
    )
    return row


@transaction.atomic
def remove_deliverable(alliance: Alliance, code: str, position: int, *, actor: User, at: datetime) -> None:
    """Take something out of what the project owes, as long as it is no product.

    Raises:
        NotFoundError: No such deliverable.
        DomainError: ``deliverable_drafted``, ``project_over``.
    """
    project = lock_project(alliance, code)
    require(actor, CHANGE_PROJECT, project)
    require_open(project)
    row = _deliverable(project, position)
    _refuse_linked(row)
    record_audit(
        project,
        actor=actor,
        verb="remove_deliverable",
        before={"deliverable": position, "kind": row.kind, "due_on": row.due_on},
        personal={name: getattr(row, name) for name in ("name_en", "name_zh") if getattr(row, name)},
        at=at,
    )
    row.delete()


@transaction.atomic
def draft_deliverable(
    alliance: Alliance, code: str, position: int, *, institution_id: int, actor: User, at: datetime
) -> Product:
    """Make the pipeline's draft of what a project owes, in the name of an institution of the project.

    The draft refers to the project, and the project's page leads to the draft. From here on the pipeline's own rules hold.

    Args:
        alliance: The tenant.
        code: The project's code.
        position: Number of the deliverable.
        institution_id: The author; it works in the project and sits in the wisdom group.
        actor: A person of that institution.
        at: Now.

    Raises:
        NotFoundError: No such deliverable.
        InvalidInputError: The institution does not work in the project, or has no seat in the wisdom group.
        PermissionRefusedError: The actor does not act for it in the wisdom group.
        DomainError: ``deliverable_drafted``: it is a product already. ``project_not_running``.
    """
    project = lock_project(alliance, code)
    require(actor, DRAFT_DELIVERABLE, project)
    require_running(project)
    row = _deliverable(project, position)
    _refuse_linked(row)
    if institution_id not in project.institution_ids:
        raise refuse_field(
            "institution", _("Only an institution that works in the project drafts what it owes."), "not_in_project"
        )
    product = draft_product(
        alliance,
        actor=actor,
        institution_id=institution_id,
        values={"kind": row.kind, "title_en": row.name_en, "title_zh": row.name_zh, "due_on": row.due_on},
        at=at,
    )
    link_product(project, row, product, actor=actor, at=at)
    return product


def link_product(project: Project, row: Deliverable, product: Product, *, actor: User | None, at: datetime) -> None:
    """Link a deliverable and its product both ways; the caller holds the project's lock and asked permission."""
    row.product = product
    row.save(update_fields=["product"])
    ProductReference.objects.get_or_create(
        alliance=project.alliance,
        product=product,
        kind=ReferenceKind.PROJECT,
        code=project.code,
        words="",
        url="",
        defaults={"added_by": actor, "added_at": at},
    )
    record_audit(
        project,
        actor=actor,
        verb="draft_deliverable",
        after={"deliverable": row.position, "product": product.code, "author": product.author.code},
        at=at,
    )
    emit(
        project.alliance,
        DELIVERABLE_DRAFTED,
        {"project": project.code, "position": row.position, "product": product.code},
    )
