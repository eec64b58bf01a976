"""Acts that can be done with many institutions at once; upper layers add theirs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from alliance.kernel.registry import Registry
from members.models import BulkAct, Institution

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance, User

UNDO_FOR = timedelta(minutes=10)
"""How long an act on many can be taken back."""


@dataclass(frozen=True, slots=True)
class BulkKind:
    """A kind of act.

    Attributes:
        name: Key; value of the button.
        label: Words on the button.
        question: What is asked before it is done.
        form: Form class that asks for what the act needs; its ``pack()`` gives JSON values.
        apply: Does it for one institution, with the permission asked there too, and returns what is needed to take it back
            (JSON). Alliance, institution, parameters, actor, moment in.
        undo: Takes it back for one institution; None where it cannot be.
        order: Place among the buttons.
    """

    name: str
    label: StrOrPromise
    question: StrOrPromise
    form: type[Any]
    apply: Callable[[Alliance, Institution, dict[str, Any], User, datetime], Any]
    undo: Callable[[Alliance, Institution, Any, User, datetime], None] | None = None
    order: int = 50


bulk_kinds: Registry[BulkKind] = Registry("act on many institutions")
JOB_STEPS: dict[str, StrOrPromise] = {"apply": _("Acting on the institutions"), "undo": _("Taking it back")}


def list_bulk_kinds() -> list[BulkKind]:
    """The acts in their order."""
    return sorted(bulk_kinds.values(), key=lambda kind: kind.order)


def get_bulk_act(alliance: Alliance, uuid: UUID) -> BulkAct | None:
    """One act with its actor and job; one query."""
    return BulkAct.objects.of(alliance).select_related("actor", "job").filter(uuid=uuid).first()


def can_undo(act: BulkAct, user: Any, at: datetime) -> bool:
    """Whether a person may still take an act back: it is their own, reversible, finished, done with somebody and recent."""
    return bool(
        act.act in bulk_kinds
        and bulk_kinds.get(act.act).undo is not None
        and act.actor_id == user.pk
        and act.undone_at is None
        and act.finished_at is not None
        and act.done
        and at <= act.finished_at + UNDO_FOR
    )


def name_institutions(alliance: Alliance, ids: list[int], most: int = 100) -> dict[int, Institution]:
    """Institutions by id; one query."""
    return Institution.objects.of(alliance).in_bulk(ids[:most])
