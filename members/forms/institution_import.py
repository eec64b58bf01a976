"""Shape of the input of an import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from alliance.kernel.forms import AllianceForm
from members.choices import ImportPolicy, ImportSubject, InstitutionKind
from members.selectors.import_subjects import fields_of, row_subjects
from members.selectors.institution_table import DELIMITERS, ENCODINGS, LEAVE_OUT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from members.models import InstitutionImport

RECOGNISE = ("", _("Recognise it"))
OUT = "-"
"""The choice "leave these rows out"; an empty choice means undecided."""

FIELD_LABELS: dict[str, Any] = {
    "name": _("Name, in either script"),
    "name_en": _("Name in English"),
    "name_zh": pgettext_lazy("institution", "Name in Chinese"),
    "kind": _("Type of institution"),
    "subkind": _("Finer kind"),
    "country": _("Country"),
    "region": _("Region"),
    "registry_code": _("Registry code"),
    "web": _("Web site"),
    "contact_email": _("Contact e-mail"),
}
FIELD_HINTS: dict[str, Any] = {
    "name": _("Names with Chinese characters become the Chinese name, the others the English one, row by row."),
    "kind": _("Its values are matched with the seven kinds below."),
    "subkind": _("Single-field, diversified, intra-industry or inter-industry; empty where a kind is not divided further."),
    "country": _("Code of two letters (ISO 3166-1)."),
    "region": _("Code (GB/T 2260) or name of a province or prefecture."),
    "registry_code": _("Unified social credit code or ROR identifier."),
}


class UploadForm(AllianceForm):
    """The table to import."""

    subject = forms.ChoiceField(
        label=_("What are the rows?"),
        choices=[(value, capfirst(label)) for value, label in ImportSubject.choices],
        widget=forms.RadioSelect,
        initial=ImportSubject.INSTITUTIONS,
        required=False,
    )
    file = forms.FileField(
        label=_("Table"),
        help_text=_(
            "A CSV or Excel (XLSX) file with one header row, or JSON Lines with one object a line, up to 200 MB. UTF-8, GB18030 "
            "and UTF-16 are recognised; of a workbook the first visible sheet is read."
        ),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.tsv,.txt,.xlsx,.jsonl,.ndjson,text/csv"}),
        error_messages={"required": _("Choose a file."), "empty": _("This file is empty.")},
    )
    encoding = forms.ChoiceField(label=_("Text encoding"), choices=[RECOGNISE, *ENCODINGS], required=False)
    delimiter = forms.ChoiceField(label=_("Separator"), choices=[RECOGNISE, *DELIMITERS], required=False)


class ReadingForm(AllianceForm):
    """How to read a table that came out wrong."""

    encoding = forms.ChoiceField(label=_("Text encoding"), choices=ENCODINGS)
    delimiter = forms.ChoiceField(label=_("Separator"), choices=DELIMITERS)


class MappingForm(AllianceForm):
    """Which column is what, and which value means which kind."""

    source = forms.CharField(
        label=_("Source of the data"),
        help_text=_("Kept with each institution, e.g. “ROR 2021 (CC0)”."),
        max_length=120,
        required=False,
    )

    def __init__(self, record: InstitutionImport, data: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        self.record = record
        initial: dict[str, Any] = {
            "source": record.source,
            "default_country": record.defaults.get("country") or "CN",
            "default_kind": record.defaults.get("kind") or "",
        }
        initial |= {f"column_{name}": str(index) for name, index in record.columns.items()}
        super().__init__(data, initial=initial, **kwargs)
        columns = [("", _("Not in the table")), *((str(place), name) for place, name in enumerate(record.header))]
        self.names = fields_of(record.subject)
        labels, hints = FIELD_LABELS, FIELD_HINTS
        if record.subject != ImportSubject.INSTITUTIONS:
            fields = row_subjects.get(record.subject).fields
            labels = {field.name: field.label for field in fields}
            hints = {field.name: field.hint for field in fields if field.hint}
        for name in self.names:
            self.fields[f"column_{name}"] = forms.ChoiceField(
                label=labels[name], help_text=hints.get(name, ""), choices=columns, required=False
            )
        self.kind_fields: list[tuple[str, str, int]] = []
        if record.subject == ImportSubject.INSTITUTIONS:
            self._add_institution_fields(record)
        else:
            del self.fields["source"]
            self._add_constants(record)
        from alliance.kernel.forms import dress  # noqa: PLC0415 - for the fields made here

        for field in self.fields.values():
            dress(field)

    def _add_institution_fields(self, record: InstitutionImport) -> None:
        """What only tables of institutions ask: country and kind of rows that name none, kinds of the values."""
        self.fields["default_country"] = forms.CharField(
            label=_("Country of rows that name none"),
            max_length=2,
            min_length=2,
            widget=forms.TextInput(attrs={"class": "width-4"}),
        )
        self.fields["default_kind"] = forms.ChoiceField(
            label=_("Kind, if the table has no such column"),
            choices=[("", _("Choose a kind")), *((value, capfirst(label)) for value, label in InstitutionKind.choices)],
            required=False,
        )
        choices = [
            ("", _("Choose a kind")),
            *((value, capfirst(label)) for value, label in InstitutionKind.choices),
            (OUT, _("Leave these rows out")),
        ]
        # A JSON column keeps no order: the most frequent value comes first, ties by its letters.
        for place, (value, count) in enumerate(sorted(record.kind_counts.items(), key=lambda pair: (-pair[1], pair[0]))):
            name = f"kind_{place}"
            self.kind_fields.append((name, value, count))
            self.fields[name] = forms.ChoiceField(label=value, choices=choices, required=False)
            self.initial[name] = self._shown(record.kinds.get(value))

    def _add_constants(self, record: InstitutionImport) -> None:
        """What a table of other records answers once for all rows that say nothing about it."""
        for one in row_subjects.get(record.subject).constants:
            name = f"constant_{one.name}"
            words: dict[str, Any] = {"label": one.label, "help_text": one.hint, "required": False}
            if one.choices:
                choices = [(value, capfirst(label)) for value, label in one.choices]
                self.fields[name] = forms.ChoiceField(choices=choices, **words)
            else:
                self.fields[name] = forms.CharField(max_length=one.most, **words)
            self.initial[name] = record.defaults.get(one.name, "")

    @staticmethod
    def _shown(kind: str | None) -> str:
        if kind is None:
            return ""
        return OUT if kind == LEAVE_OUT else kind

    @property
    def column_rows(self) -> list[forms.BoundField]:
        """Fields that choose a column."""
        return [self[f"column_{name}"] for name in self.names]

    @property
    def constant_rows(self) -> list[forms.BoundField]:
        """Fields answered once for all rows."""
        return [self[name] for name in self.fields if name.startswith("constant_")]

    @property
    def kind_rows(self) -> list[dict[str, Any]]:
        """Fields that choose a kind, with their value and number of rows."""
        return [{"field": self[name], "value": value, "count": count} for name, value, count in self.kind_fields]

    def columns(self) -> dict[str, int]:
        """Field -> column index."""
        return {
            name: int(chosen) for name in self.names if (chosen := self.cleaned_data.get(f"column_{name}")) not in (None, "")
        }

    def kinds(self) -> dict[str, str]:
        """Value -> kind, or an empty text to leave the rows out; undecided values are missing."""
        found = {}
        for name, value, _count in self.kind_fields:
            chosen = self.cleaned_data.get(name)
            if chosen:
                found[value] = LEAVE_OUT if chosen == OUT else chosen
        return found

    def defaults(self) -> dict[str, str]:
        """Country and kind of rows that name none; for other records what was answered once for all rows."""
        if self.record.subject != ImportSubject.INSTITUTIONS:
            return {
                name.removeprefix("constant_"): self.cleaned_data.get(name) or ""
                for name in self.fields
                if name.startswith("constant_")
            }
        return {
            "country": (self.cleaned_data.get("default_country") or "CN").upper(),
            "kind": self.cleaned_data.get("default_kind") or "",
        }

    def place_errors(self, fields: Mapping[str, Any]) -> None:
        """Put refusals of the action at the fields they concern."""
        for name, words in fields.items():
            at = f"column_{name}" if f"column_{name}" in self.fields else name
            if name == "kind" and "kind" in self.columns():
                undecided = [key for key, value, _count in self.kind_fields if value not in self.kinds()]
                for key in undecided or ["column_kind"]:
                    self.add_error(key, words)
                continue
            if name == "kind":
                at = "default_kind"
            self.add_error(at if at in self.fields else None, words)


class PolicyForm(AllianceForm):
    """What happens to the good rows."""

    policy = forms.ChoiceField(
        label=_("Some rows are refused. What shall happen to the good ones?"),
        choices=[(value, capfirst(label)) for value, label in ImportPolicy.choices],
        widget=forms.RadioSelect,
        initial=ImportPolicy.GOOD_ROWS,
    )
