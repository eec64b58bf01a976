"""Shape of the input about product kinds: what a kind asks for, and the values of its fields on a draft."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.forms import BaseFormSet, formset_factory
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from alliance.kernel.errors import InvalidInputError
from alliance.kernel.forms import AllianceForm, dress, explain
from operations.choices import KindFieldType
from operations.kinds import (
    GATES,
    LONGEST_LABEL,
    LONGEST_LINE,
    LONGEST_TEXT,
    PREFIX,
    Choice,
    EvidenceNeed,
    KindField,
    KindFormView,
    names_of,
    new_key,
    read_choices,
    write_choices,
)
from operations.transitions import BEGIN_PILOT, RELEASE, SUBMIT

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

GATE_LABELS: Final[dict[str, StrOrPromise]] = {step.name: step.label for step in (SUBMIT, BEGIN_PILOT, RELEASE)}
"""The steps that may ask for evidence, in words."""


# --------------------------------------------------------------------------------------------------- values on a draft


def detail_initial(form: KindFormView, details: Mapping[str, Any]) -> dict[str, Any]:
    """Values of a kind's fields by the names of their inputs."""
    initial: dict[str, Any] = {}
    for one in form.fields:
        value = details.get(one.key, "")
        if one.type == KindFieldType.BILINGUAL:
            texts = value if isinstance(value, Mapping) else {"en": value}
            for name, language in zip(names_of(one), ("en", "zh"), strict=True):
                initial[name] = texts.get(language, "")
        else:
            initial[names_of(one)[0]] = value
    return initial


def _inputs(one: KindField) -> dict[str, forms.Field]:
    """The inputs of one field; none is required, for a draft may be saved half done."""
    hint = gettext("Needed before it is submitted for review.") if one.required else ""
    names = names_of(one)
    if one.type == KindFieldType.BILINGUAL:
        labels = (
            gettext("%(label)s, in English") % {"label": one.label},
            gettext("%(label)s, in Chinese") % {"label": one.label},
        )
        return {
            name: forms.CharField(
                label=label,
                required=False,
                max_length=LONGEST_TEXT,
                help_text=hint if place == 0 else "",
                widget=forms.Textarea(attrs={"rows": 3}),
            )
            for place, (name, label) in enumerate(zip(names, labels, strict=True))
        }
    field: forms.Field
    if one.type == KindFieldType.CHOICE:
        options = [("", gettext("Not chosen yet")), *((choice.key, choice.label) for choice in one.choices)]
        field = forms.ChoiceField(label=one.label, required=False, help_text=hint, choices=options)
    elif one.type == KindFieldType.DATE:
        field = forms.DateField(label=one.label, required=False, help_text=hint, widget=forms.DateInput())
    elif one.type == KindFieldType.NUMBER:
        widget = forms.TextInput(attrs={"inputmode": "decimal", "class": "width-10"})
        field = forms.CharField(label=one.label, required=False, help_text=hint, max_length=40, widget=widget)
    elif one.type == KindFieldType.URL:
        field = forms.URLField(
            label=one.label, required=False, help_text=hint, max_length=LONGEST_LINE, assume_scheme="https"
        )
    else:
        field = forms.CharField(label=one.label, required=False, help_text=hint, max_length=LONGEST_LINE)
    return {names[0]: field}


class DetailsMixin:
    """Adds a kind's own fields to a form with texts; ``cleaned_data["details"]`` holds the values that were sent, by key."""

    kind_form: KindFormView | None = None

    if TYPE_CHECKING:
        fields: dict[str, forms.Field]
        data: Any
        cleaned_data: dict[str, Any]
        is_bound: bool
        initial: Any
        order_fields: Any

    def add_details(self, kind_form: KindFormView, *, before: str) -> None:
        """Put the kind's fields in front of another field.

        Values that were typed for another kind go along as hidden inputs, so that they are back when the kind is chosen again.
        """
        self.kind_form = kind_form
        names: list[str] = []
        for one in kind_form.fields:
            for name, field in _inputs(one).items():
                field.one_of_several = one.required  # type: ignore[attr-defined]
                self.fields[name] = field
                names.append(name)
        typed = self.data if self.is_bound else self.initial
        for name in typed or ():
            if str(name).startswith(PREFIX) and name not in self.fields and typed.get(name):
                self.fields[name] = forms.CharField(required=False, widget=forms.HiddenInput)
        for name in names:
            dress(self.fields[name])
            explain(self.fields[name], str(self.fields[name].label))
        order = [name for name in self.fields if name not in names]
        place = order.index(before)
        self.order_fields([*order[:place], *names, *order[place:]])

    def read_details(self) -> dict[str, Any]:
        """Values by key; fields that were not sent at all are left out, and so stay as they are."""
        if self.kind_form is None:
            return {}
        found: dict[str, Any] = {}
        for one in self.kind_form.fields:
            names = names_of(one)
            if not any(name in self.data for name in names):
                continue
            values = [self.cleaned_data.get(name) for name in names]
            if one.type == KindFieldType.BILINGUAL:
                found[one.key] = {"en": values[0] or "", "zh": values[1] or ""}
            else:
                found[one.key] = "" if values[0] is None else str(values[0])
        return found


# ------------------------------------------------------------------------------------------------- what a kind asks for


class KindSettingsForm(AllianceForm):
    """What goes with a new version of a kind's form."""

    note = forms.CharField(
        label=_("What changed, and why"),
        max_length=300,
        required=False,
        help_text=_("Stands in the list of versions."),
    )
    base = forms.IntegerField(widget=forms.HiddenInput, min_value=0)


class FieldRowForm(AllianceForm):
    """One field of a kind."""

    key = forms.CharField(widget=forms.HiddenInput, required=False, max_length=40)
    label_en = forms.CharField(label=_("Name in English"), max_length=LONGEST_LABEL, required=False)
    label_zh = forms.CharField(label=_("Name in Chinese"), max_length=LONGEST_LABEL, required=False)
    type = forms.ChoiceField(label=_("It holds"), choices=KindFieldType.choices, initial=KindFieldType.TEXT.value)
    required = forms.BooleanField(label=_("Needed before a draft is submitted"), required=False)
    choices = forms.CharField(
        label=_("Answers to choose from"),
        help_text=_("One on each line, as “English / Chinese”. Only for “one of a list”."),
        widget=forms.Textarea(attrs={"rows": 3}),
        required=False,
        max_length=6000,
    )


class EvidenceRowForm(AllianceForm):
    """A file that a kind asks for."""

    key = forms.CharField(widget=forms.HiddenInput, required=False, max_length=40)
    label_en = forms.CharField(label=_("Name in English"), max_length=LONGEST_LABEL, required=False)
    label_zh = forms.CharField(label=_("Name in Chinese"), max_length=LONGEST_LABEL, required=False)
    gate = forms.ChoiceField(label=_("Asked for by the step"), choices=[], initial=GATES[0])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Name the steps in the reader's language."""
        super().__init__(*args, **kwargs)
        self.fields["gate"].choices = list(GATE_LABELS.items())  # type: ignore[attr-defined]


class RowSet(BaseFormSet):  # type: ignore[type-arg]
    """Rows that can be ordered and taken out."""

    def add_fields(self, form: forms.Form, index: int | None) -> None:
        """Name the two inputs that Django adds, and dress them."""
        super().add_fields(form, index)
        order = form.fields["ORDER"]
        order.label = _("Place")
        order.widget.attrs["class"] = "input width-4"
        delete = form.fields.get("DELETE")
        if delete is not None:
            delete.label = _("Take it out")


NEW_ROWS: Final = 2
FieldRows = formset_factory(FieldRowForm, formset=RowSet, extra=NEW_ROWS, can_order=True, can_delete=True, max_num=60)
EvidenceRows = formset_factory(EvidenceRowForm, formset=RowSet, extra=NEW_ROWS, can_order=True, can_delete=True, max_num=40)


def rows_of(form: KindFormView) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What stands in the rows of the page for a form."""
    fields = [
        {
            "key": one.key,
            "label_en": one.label_en,
            "label_zh": one.label_zh,
            "type": one.type,
            "required": one.required,
            "choices": write_choices(one.choices),
        }
        for one in form.fields
    ]
    evidence = [
        {"key": one.key, "label_en": one.label_en, "label_zh": one.label_zh, "gate": one.gate} for one in form.evidence
    ]
    return fields, evidence


def _kept(rows: Any) -> list[Any]:
    """Rows that stay, in their new order: by their place, new ones without a place last."""
    used = [row for row in rows if row.has_changed() or row.initial.get("key")]
    used = [row for row in used if not row.cleaned_data.get("DELETE")]
    used = [row for row in used if row.cleaned_data.get("label_en") or row.cleaned_data.get("label_zh") or row.initial]
    numbered = list(enumerate(used))
    numbered.sort(key=lambda pair: (pair[1].cleaned_data.get("ORDER") or 10_000, pair[0]))
    return [row for _place, row in numbered]


def read_rows(
    fields: Any, evidence: Any, before: KindFormView
) -> tuple[list[KindField], list[EvidenceNeed], dict[str, Any]]:
    """The form that the rows of the page describe, and the row behind each entry for placing errors.

    Args:
        fields: Valid formset of FieldRowForm.
        evidence: Valid formset of EvidenceRowForm.
        before: The form in force; entries it knows keep their keys, new ones get theirs from their names.
    """
    rows: dict[str, Any] = {}
    known = {one.key: one for one in before.fields}
    known_evidence = {one.key for one in before.evidence}
    taken = set(known) | {f"{key}_before" for key in known}
    found: list[KindField] = []
    for place, row in enumerate(_kept(fields)):
        data = row.cleaned_data
        key = data["key"] if data["key"] in known else new_key(data["label_en"], data["label_zh"], taken)
        taken.add(key)
        old: Sequence[Choice] = known[key].choices if key in known else ()
        is_choice = data["type"] == KindFieldType.CHOICE
        found.append(
            KindField(
                key,
                data["label_en"],
                data["label_zh"],
                data["type"],
                required=data["required"],
                choices=read_choices(data["choices"], old) if is_choice else (),
            )
        )
        rows[f"fields-{place}"] = row
    needs: list[EvidenceNeed] = []
    taken = set(known_evidence)
    for place, row in enumerate(_kept(evidence)):
        data = row.cleaned_data
        key = data["key"] if data["key"] in known_evidence else new_key(data["label_en"], data["label_zh"], taken)
        taken.add(key)
        needs.append(EvidenceNeed(key, data["label_en"], data["label_zh"], data["gate"]))
        rows[f"evidence-{place}"] = row
    return found, needs, rows


def place_faults(settings: forms.Form, rows: Mapping[str, Any], refusal: InvalidInputError) -> None:
    """Show what was refused at its row, else above the page."""
    placed = False
    for name, words in refusal.fields.items():
        row = rows.get(name)
        if row is not None:
            row.add_error("label_en", str(words))
            placed = True
        elif name in settings.fields:
            settings.add_error(name, str(words))
            placed = True
    if not placed:
        settings.add_error(None, str(refusal.reason))
