"""What rows of a table can be, besides institutions: subjects whose rows go in one by one through the action for one record.

Upper layers register theirs (groups: seats), so that one upload, one mapping page, one dry run and one job serve all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from alliance.kernel.registry import Registry
from members.choices import ImportSubject
from members.selectors.institution_table import FIELDS, guess_columns

if TYPE_CHECKING:
    from datetime import datetime

    from django.db import models
    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance, User


@dataclass(frozen=True, slots=True)
class ImportField:
    """A field that a column can be mapped to.

    Attributes:
        name: Key.
        label: As the mapping page names it.
        headings: Usual headings in both languages, lower case; the name itself is one.
        hint: Short help.
    """

    name: str
    label: StrOrPromise
    headings: tuple[str, ...] = ()
    hint: StrOrPromise = ""


@dataclass(frozen=True, slots=True)
class Constant:
    """A field that the mapping page can answer once for all rows that say nothing about it.

    Attributes:
        name: Key; that of one of the subject's fields, or of its own.
        label: As the mapping page names it.
        choices: Values and their names; empty: free text.
        hint: Short help.
        most: Characters at most.
    """

    name: str
    label: StrOrPromise
    choices: tuple[tuple[str, StrOrPromise], ...] = ()
    hint: StrOrPromise = ""
    most: int = 200


@dataclass(frozen=True, slots=True)
class RowSubject:
    """A kind of rows.

    Attributes:
        name: One of ImportSubject.
        fields: What columns can be mapped to, in the order of the mapping page and of the export.
        required: Sets of fields of which at least one needs a column.
        identity: What tells two rows of one file apart; empty: nothing does.
        is_known: Whether the alliance has this row's record already.
        add: Adds one record by the rules of single entry; refuses with InvalidInputError or DoesNotExist.
        export: Records that a person may read as rows of texts in the order of ``fields``.
        done_url: Tenant route that shows the records.
        constants: What the mapping page asks once for all rows.
    """

    name: str
    fields: tuple[ImportField, ...]
    required: tuple[tuple[str, ...], ...]
    identity: Callable[[dict[str, str]], str]
    is_known: Callable[[Alliance, dict[str, str]], bool]
    add: Callable[[Alliance, dict[str, str], User, datetime], models.Model]
    export: Callable[[Alliance, Any], list[list[Any]]]
    done_url: str
    constants: tuple[Constant, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Keys of the fields."""
        return tuple(field.name for field in self.fields)


row_subjects: Registry[RowSubject] = Registry("subject of an import")


def fields_of(subject: str) -> tuple[str, ...]:
    """Fields that columns of a table of this subject can be mapped to."""
    return FIELDS if subject == ImportSubject.INSTITUTIONS else row_subjects.get(subject).names


def guess_columns_of(subject: str, header: list[str]) -> dict[str, int]:
    """Field -> column index, by the usual headings; each column once."""
    if subject == ImportSubject.INSTITUTIONS:
        return guess_columns(header)
    folded = [name.strip().lower() for name in header]
    found: dict[str, int] = {}
    for field in row_subjects.get(subject).fields:
        for heading in (field.name, *field.headings):
            if heading in folded and folded.index(heading) not in found.values():
                found[field.name] = folded.index(heading)
                break
    return found


def constants_of(subject: str, given: dict[str, str]) -> dict[str, str]:
    """What was answered once for all rows, of the subject's constants."""
    if subject == ImportSubject.INSTITUTIONS:
        return {}
    return {one.name: given[one.name] for one in row_subjects.get(subject).constants if given.get(one.name)}


def missing_columns(subject: str, columns: dict[str, int], given: dict[str, str]) -> dict[str, StrOrPromise]:
    """Fields the subject needs without a column or a constant, with the words for the mapping page."""
    if subject == ImportSubject.INSTITUTIONS:
        return {} if {"name", "name_en", "name_zh"} & set(columns) else {"name": _("Choose the column that holds the name.")}
    return {
        needed[0]: _("Choose the column that holds it.")
        for needed in row_subjects.get(subject).required
        if not set(needed) & (set(columns) | set(constants_of(subject, given)))
    }
