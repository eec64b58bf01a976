"""Reads of a product's versions: the list, one as it stood, and the difference between any two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from alliance.kernel.differences import Piece, compare_long_texts, fold_pieces, has_changed
from operations.choices import KindFieldType, ProductKind
from operations.kinds import KindField
from operations.models import ProductFile, ProductVersion
from operations.selectors.kind import form_of

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from operations.models import Product

TEXTS: Final[tuple[tuple[str, StrOrPromise], ...]] = (
    ("title", _("Title")),
    ("client", _("Made for")),
    ("summary", _("Summary")),
    ("body", _("Text")),
)
LANGUAGES: Final = (("en", "en"), ("zh", "zh-Hans"))
"""Suffix of the field, and the language of the text in HTML."""


def list_versions(product: Product) -> list[ProductVersion]:
    """Every version that was handed over, newest first, without the long texts; one query."""
    return list(
        product.versions.select_related("made_by")
        .defer("body_en", "body_zh", "summary_en", "summary_zh", "details")
        .order_by("-serial")
    )


def find_version(product: Product, serial: int) -> ProductVersion | None:
    """One version as it stood; one query."""
    return product.versions.select_related("made_by").filter(serial=serial).first()


@dataclass(frozen=True, slots=True)
class VersionFile:
    """A file that belonged to a version.

    Attributes:
        uuid: Of the stored file.
        name: Its title, else its name.
        evidence: What it gives evidence of, in words; empty: part of the product.
        sha256: Of its content, hex.
        row: Its row; None where the file is gone.
    """

    uuid: str
    name: str
    evidence: str
    sha256: str
    row: ProductFile | None


def files_of_version(version: ProductVersion) -> list[VersionFile]:
    """The files that a version had; at most two queries."""
    rows = {
        str(row.file.uuid): row
        for row in ProductFile.objects.filter(
            alliance_id=version.alliance_id,
            product_id=version.product_id,
            file__uuid__in=[one["file"] for one in version.files],
        ).select_related("file", "product")
    }
    labels = {one.key: one.label for one in form_of(version).evidence}
    found: list[VersionFile] = []
    for one in version.files:
        row = rows.get(one["file"])
        key = str(one.get("evidence", ""))
        found.append(
            VersionFile(
                one["file"],
                title_of(row) if row is not None else one["file"],
                labels.get(key, key),
                str(one["sha256"]),
                row,
            )
        )
    return found


def title_of(row: ProductFile) -> str:
    """A file's title in the reader's language, else in the other one, else its name."""
    if (get_language() or "").startswith("zh"):
        return row.title_zh or row.title_en or row.file.name
    return row.title_en or row.title_zh or row.file.name


@dataclass(frozen=True, slots=True)
class TextChange:
    """A text or value that differs between two versions.

    Attributes:
        label: What it is.
        language: Of the text, for HTML; empty where it has none.
        pieces: The comparison; long unchanged runs are folded.
    """

    label: StrOrPromise
    language: str
    pieces: Sequence[Piece]


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file that came or went."""

    kind: str
    file: VersionFile


@dataclass(slots=True)
class Comparison:
    """What changed from one version to another.

    Attributes:
        texts: Titles, summaries and texts, by language.
        details: Values of the kind's fields.
        files: Files added and removed.
        kinds: The kind before and now, where it changed.
    """

    texts: list[TextChange] = field(default_factory=list)
    details: list[TextChange] = field(default_factory=list)
    files: list[FileChange] = field(default_factory=list)
    kinds: tuple[str, str] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether both versions say the same."""
        return not (self.texts or self.details or self.files or self.kinds)


def compare_versions(old: ProductVersion, new: ProductVersion) -> Comparison:
    """The newer version against the older one, word by word in English and sign by sign in Chinese; at most six queries."""
    found = Comparison()
    for name, label in TEXTS:
        for suffix, language in LANGUAGES:
            change = _compare(label, getattr(old, f"{name}_{suffix}"), getattr(new, f"{name}_{suffix}"), suffix, language)
            if change is not None:
                found.texts.append(change)
    if old.kind != new.kind:
        found.kinds = (str(ProductKind(old.kind).label), str(ProductKind(new.kind).label))
    found.details = _compare_details(old, new)
    before, now = files_of_version(old), files_of_version(new)
    here, there = {one.uuid for one in now}, {one.uuid for one in before}
    found.files = [
        *(FileChange("added", one) for one in now if one.uuid not in there),
        *(FileChange("removed", one) for one in before if one.uuid not in here),
    ]
    return found


def _compare(label: StrOrPromise, old: str, new: str, suffix: str, language: str) -> TextChange | None:
    if old == new:
        return None
    pieces = compare_long_texts(old, new, suffix)
    return TextChange(label, language, fold_pieces(pieces)) if has_changed(pieces) else None


def _compare_details(old: ProductVersion, new: ProductVersion) -> list[TextChange]:
    fields = {one.key: one for one in (*form_of(old).fields, *form_of(new).fields)}
    changes: list[TextChange] = []
    for key in [*fields, *sorted((set(old.details) | set(new.details)) - set(fields))]:
        before, now = old.details.get(key), new.details.get(key)
        if before == now:
            continue
        one = fields.get(key)
        label = one.label if one is not None else key
        if isinstance(before, Mapping) or isinstance(now, Mapping):
            for suffix, language in LANGUAGES:
                change = _compare(label, _part(before, suffix), _part(now, suffix), suffix, language)
                if change is not None:
                    changes.append(change)
            continue
        pieces = [
            *([Piece("del", _in_words(one, before))] if before else []),
            *([Piece("ins", _in_words(one, now))] if now else []),
        ]
        if pieces:
            changes.append(TextChange(label, "", pieces))
    return changes


def _part(value: Any, suffix: str) -> str:
    if isinstance(value, Mapping):
        return str(value.get(suffix, ""))
    return str(value) if value and suffix == "en" else ""


def _in_words(one: KindField | None, value: Any) -> str:
    if one is not None and one.type == KindFieldType.CHOICE:
        return next((choice.label for choice in one.choices if choice.key == value), str(value))
    return str(value)
