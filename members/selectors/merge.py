"""What is linked with an institution, found in the models: every reference, and every whole number that holds its id.

A merge moves what is listed here. A column that must stay as it was written is named with the reason, by the layer it belongs
to; ``tests/architecture/test_merge.py`` fails when a column appears that is neither a reference nor known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.apps import apps
from django.db import connection, models
from django.utils.translation import gettext_lazy as _

from alliance.kernel.fields import AllianceKey
from alliance.kernel.registry import Registry
from members.models import Institution

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from alliance.models import Alliance

untouched: Registry[StrOrPromise] = Registry("column a merge leaves as it is")
"""``app.Model.field`` -> why a merge leaves it as it was written."""

_OWN_HISTORY: StrOrPromise = _("the history of the old entry itself")
for _column, _reason in {
    "members.InstitutionStanding.institution": _OWN_HISTORY,
    "members.InstitutionExit.institution": _OWN_HISTORY,
    "members.FactMark.institution": _("facts are verified for the values of one entry"),
    "members.DuplicatePair.first": _("the record of what was compared"),
    "members.DuplicatePair.second": _("the record of what was compared"),
    "members.InstitutionMerge.kept": _("the record of an earlier merge"),
    "members.InstitutionMerge.absorbed": _("the record of an earlier merge"),
}.items():
    untouched.register(_column, _reason)

NOT_COLUMNS: dict[str, str] = {
    "members.BulkAct.institution_ids": "the list an act was done on, as it was; a row of the act's own record",
    "members.BulkAct.done": "likewise",
    "members.BulkAct.refused": "likewise",
}
"""Lists of ids inside JSON that a merge leaves alone, with the reason."""

objections: Registry[Callable[[Alliance, Institution, Institution], Iterable[StrOrPromise]]] = Registry(
    "objection to a merge"
)
"""What upper layers know that stands against joining two entries now, in words. Alliance, the one kept, the one absorbed."""


@dataclass(frozen=True, slots=True)
class Link:
    """A column that holds an institution's id.

    Attributes:
        model: The model.
        field: Its field.
    """

    model: type[models.Model]
    field: models.Field  # type: ignore[type-arg]

    @property
    def key(self) -> str:
        """``app.Model.field``."""
        return f"{self.model._meta.label}.{self.field.name}"

    @property
    def table(self) -> str:
        """Name in the database."""
        return str(self.model._meta.db_table)

    @property
    def column(self) -> str:
        """Name in the database."""
        return str(self.field.column)

    @property
    def label(self) -> StrOrPromise:
        """What the rows are, for readers of the preview."""
        from alliance.kernel.transitions import record_label  # noqa: PLC0415 - words are registered late

        return record_label(self.model._meta.label, str(self.model._meta.verbose_name))

    @property
    def is_untouched(self) -> bool:
        """Whether a merge leaves it as it is."""
        return self.key in untouched


def tenant_models() -> list[type[models.Model]]:
    """Models of rows that belong to an alliance and have a table of their own."""
    return [
        model
        for model in apps.get_models()
        if model._meta.managed and any(isinstance(field, AllianceKey) for field in model._meta.local_fields)
    ]


def list_links() -> list[Link]:
    """Every column of every tenant table that holds the id of an institution, in the order of the tables' names.

    References are told by where they lead; whole numbers by their name, ``institution_id`` or one that ends so.
    """
    found = [
        Link(model, field)
        for model in tenant_models()
        for field in model._meta.local_fields
        if (isinstance(field, models.ForeignKey) and field.remote_field.model is Institution) or holds_an_id(field)
    ]
    return sorted(found, key=lambda link: (link.table, link.column))


def holds_an_id(field: models.Field) -> bool:  # type: ignore[type-arg]
    """Whether a plain number holds an institution's id, by the rule for names."""
    return isinstance(field, models.IntegerField) and (
        field.name == "institution_id" or field.name.endswith("_institution_id") or field.name == "institution_pk"
    )


def count_linked(alliance: Alliance, institution: Institution) -> dict[str, int]:
    """Rows linked with an institution by ``app.Model.field``, those without any left out; one statement."""
    links = list_links()
    parts = [
        f'SELECT {place} AS place, count(*) AS n FROM "{link.table}" WHERE alliance_id = %(alliance)s AND "{link.column}" = %(id)s'  # noqa: S608 - names of our own models
        for place, link in enumerate(links)
    ]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), {"alliance": alliance.pk, "id": institution.pk})
        return {links[place].key: int(n) for place, n in cursor.fetchall() if n}


def list_objections(alliance: Alliance, kept: Institution, absorbed: Institution) -> list[StrOrPromise]:
    """What stands against joining two entries now, as the layers above say."""
    return [words for find in objections.values() for words in find(alliance, kept, absorbed)]
