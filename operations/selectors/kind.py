"""Reads of the forms of product kinds: the one in force, the one a product is written in, and every version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from operations.choices import KindFieldType, ProductKind
from operations.kinds import STANDARD_FORMS, KindFormView, is_empty, read_form
from operations.models import KindForm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alliance.models import Alliance
    from operations.kinds import EvidenceNeed, KindField
    from operations.models import Product


def view_of(row: KindForm) -> KindFormView:
    """A stored version as a form."""
    form: KindFormView = read_form(row.kind, row.version, row.fields, row.evidence)
    return form


def form_in_force(alliance: Alliance, kind: str) -> KindFormView:
    """The form new drafts of a kind are written in; one query.

    Raises:
        KeyError: There is no such kind.
    """
    row = KindForm.objects.of(alliance).filter(kind=kind, is_current=True).first()
    return view_of(row) if row is not None else STANDARD_FORMS[kind]


def form_of(product: Any) -> KindFormView:
    """The form a product, or a version of one, is written in; one query unless it is the standard one."""
    if not product.form_version:
        return STANDARD_FORMS[product.kind]
    known: KindFormView | None = product.__dict__.get("_kind_form")
    if known is not None and (known.kind, known.version) == (product.kind, product.form_version):
        return known
    row = KindForm.objects.filter(alliance_id=product.alliance_id, kind=product.kind, version=product.form_version).first()
    form = view_of(row) if row is not None else STANDARD_FORMS[product.kind]
    product.__dict__["_kind_form"] = form
    return form


def missing_in(form: KindFormView, details: Any) -> list[str]:
    """Labels of required fields without a value."""
    return [one.label for one in form.fields if one.required and is_empty((details or {}).get(one.key))]


def list_forms(alliance: Alliance) -> dict[str, KindFormView]:
    """The form in force of every kind; one query."""
    rows = {row.kind: view_of(row) for row in KindForm.objects.of(alliance).filter(is_current=True)}
    return {kind: rows.get(kind, STANDARD_FORMS[kind]) for kind in ProductKind.values}


def list_form_versions(alliance: Alliance, kind: str) -> list[KindForm]:
    """An alliance's own versions of a kind's form, newest first; one query."""
    return list(KindForm.objects.of(alliance).filter(kind=kind).select_related("made_by").order_by("-version"))


@dataclass(frozen=True, slots=True)
class FormChange:
    """One difference between two versions of a form.

    Attributes:
        kind: ``added``, ``removed``, ``changed`` or ``moved``.
        what: The entry's name.
        note: What changed about it, in words.
    """

    kind: str
    what: str
    note: str = ""


def compare_forms(old: KindFormView, new: KindFormView) -> list[FormChange]:
    """What changed from one version of a form to the next, in words."""
    return [*_compare(old.fields, new.fields, _field_notes), *_compare(old.evidence, new.evidence, _evidence_notes)]


def _compare(old: Sequence[Any], new: Sequence[Any], notes: Any) -> list[FormChange]:
    before, after = {one.key: one for one in old}, {one.key: one for one in new}
    changes = [FormChange("added", one.label) for one in new if one.key not in before]
    changes += [FormChange("removed", one.label) for one in old if one.key not in after]
    for one in new:
        if one.key in before and (words := notes(before[one.key], one)):
            changes.append(FormChange("changed", one.label, "; ".join(words)))
    stayed = [one.key for one in old if one.key in after]
    now = [one.key for one in new if one.key in before]
    if stayed != now:
        moved = next(key for key, other in zip(now, stayed, strict=True) if key != other)
        changes.append(FormChange("moved", after[moved].label, _("the order of the entries")))
    return changes


def _renamed(old: Any, new: Any) -> list[str]:
    if (old.label_en, old.label_zh) == (new.label_en, new.label_zh):
        return []
    return [_("was called “%(name)s”") % {"name": " / ".join(part for part in (old.label_en, old.label_zh) if part)}]


def _field_notes(old: KindField, new: KindField) -> list[str]:
    words = _renamed(old, new)
    if old.type != new.type:
        words.append(_("held: %(type)s") % {"type": KindFieldType(old.type).label})
    if old.required != new.required:
        words.append(_("is required now") if new.required else _("is no longer required"))
    if old.choices != new.choices:
        words.append(_("other answers to choose from"))
    return words


def _evidence_notes(old: EvidenceNeed, new: EvidenceNeed) -> list[str]:
    words = _renamed(old, new)
    if old.gate != new.gate:
        words.append(_("another step asks for it"))
    return words


def has_newer_form(product: Product) -> bool:
    """Whether a draft is written in an earlier version of its kind's form; one query."""
    return form_in_force(product.alliance, product.kind).version != product.form_version
