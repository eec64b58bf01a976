"""Shape of the entries of a workbook; rules stay in the action."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.kernel.forms import AllianceForm
from alliance.kernel.uploads import purposes
from operations.actions.workbook import EVIDENCE_PURPOSE, MAX_CAPTION, MAX_REASON, MAX_TEXT, Entry
from operations.choices import DefectSeverity, EntryKind, ReadingPhase

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from operations.selectors.workbook import Workbook

RADIO_SCALE: Final = 11
"""Scales of up to this many scores are drawn as choices, longer ones as a number to type."""


class EntryForm(AllianceForm):
    """What every entry carries besides its content.

    The key is made by the server and replaced by the page's script when it keeps the entry on the device; both make the same
    entry, sent twice, arrive once.
    """

    kind: str = ""
    use_required_attribute = True
    key = forms.UUIDField(widget=forms.HiddenInput, required=False)
    round = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=1, max_value=32_767)
    noted_at = forms.DateTimeField(widget=forms.HiddenInput, required=False, input_formats=["%Y-%m-%dT%H:%M:%S.%f%z"])

    def __init__(self, *args: Any, workbook: Workbook, at: datetime, **kwargs: Any) -> None:
        """Fit the form to the round."""
        initial = {"key": uuid.uuid4(), "round": workbook.pilot.round, **kwargs.pop("initial", {})}
        super().__init__(*args, auto_id=f"id_{self.kind}_%s", initial=initial, **kwargs)

    def body(self) -> dict[str, Any]:
        """The content as the action takes it; call after ``is_valid``."""
        raise NotImplementedError

    def entry(self) -> Entry:
        """The entry as the action takes it; call after ``is_valid``."""
        data = self.cleaned_data
        return Entry(
            key=data["key"] or uuid.uuid4(),
            kind=self.kind,
            body=self.body(),
            noted_at=data["noted_at"],
            file=data.get("file"),
            round=data["round"],
        )

    def shown(self) -> list[forms.BoundField]:
        """The fields a person fills in."""
        return self.visible_fields()

    def names_of_refusal(self) -> dict[str, str]:
        """How the action's field names map to this form's."""
        return {}


class ReadingForm(EntryForm):
    """A value of a measure."""

    kind = EntryKind.READING.value
    measure = forms.TypedChoiceField(label=_("What was measured?"), coerce=int)
    value = forms.CharField(
        label=_("Value"), max_length=24, widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
    )
    taken_on = forms.DateField(label=_("Measured on"), widget=forms.DateInput())
    phase = forms.ChoiceField(label=_("When"), choices=ReadingPhase.choices, widget=forms.HiddenInput)

    def __init__(self, *args: Any, workbook: Workbook, at: datetime, **kwargs: Any) -> None:
        """Offer the measures of the round."""
        initial = {"phase": workbook.phases[0], "taken_on": timezone.localtime(at).date()}
        super().__init__(*args, workbook=workbook, at=at, initial=initial, **kwargs)
        self.fields["measure"].choices = [  # type: ignore[attr-defined]
            (measure.position, f"{measure.name} ({measure.unit})" if measure.unit else measure.name)
            for measure in workbook.measures
        ]

    def body(self) -> dict[str, Any]:
        """Measure, phase, value and day."""
        data = self.cleaned_data
        return {
            "measure": data["measure"],
            "phase": data["phase"],
            "value": data["value"],
            "taken_on": data["taken_on"].isoformat(),
        }


class ScoresForm(EntryForm):
    """A score on every criterion."""

    kind = EntryKind.SCORES.value

    def __init__(self, *args: Any, workbook: Workbook, at: datetime, **kwargs: Any) -> None:
        """One field per criterion."""
        super().__init__(*args, workbook=workbook, at=at, **kwargs)
        self.criteria = workbook.criteria
        for criterion in self.criteria:
            low, high = criterion.scale_low, criterion.scale_high
            missing = {"required": _("Choose a score for “%(criterion)s”.") % {"criterion": criterion.name}}
            hint = _("%(low)s is worst, %(high)s is best.") % {"low": low, "high": high}
            if high - low < RADIO_SCALE:
                self.fields[f"score_{criterion.position}"] = forms.TypedChoiceField(
                    label=criterion.name,
                    help_text=hint,
                    choices=[(score, str(score)) for score in range(low, high + 1)],
                    coerce=int,
                    widget=forms.RadioSelect(attrs={"class": "scale"}),
                    error_messages=missing,
                )
            else:
                self.fields[f"score_{criterion.position}"] = forms.IntegerField(
                    label=criterion.name,
                    help_text=hint,
                    min_value=low,
                    max_value=high,
                    error_messages=missing,
                    widget=forms.NumberInput(attrs={"class": "input width-10"}),
                )

    def body(self) -> dict[str, Any]:
        """Scores by the criterion's position."""
        return {
            "scores": {
                str(criterion.position): self.cleaned_data[f"score_{criterion.position}"] for criterion in self.criteria
            }
        }


def _words(label: Any, hint: Any = "") -> forms.CharField:
    return forms.CharField(label=label, help_text=hint, max_length=MAX_TEXT, widget=forms.Textarea(attrs={"rows": 3}))


class DefectForm(EntryForm):
    """Something that does not work."""

    kind = EntryKind.DEFECT.value
    severity = forms.ChoiceField(label=_("How grave is it?"), choices=DefectSeverity.choices, widget=forms.RadioSelect)
    text = _words(_("What happens?"), _("What did you do, what did you expect, what came instead?"))

    def body(self) -> dict[str, Any]:
        """Severity and description."""
        return {"severity": self.cleaned_data["severity"], "text": self.cleaned_data["text"]}


class SuggestionForm(EntryForm):
    """Something that should be different."""

    kind = EntryKind.SUGGESTION.value
    text = _words(_("What should be different?"))

    def body(self) -> dict[str, Any]:
        """The words."""
        return {"text": self.cleaned_data["text"]}


class NoteForm(EntryForm):
    """Something to remember; nobody has to answer it."""

    kind = EntryKind.NOTE.value
    text = _words(_("Note"), _("For the record of the trial; the makers need not answer it."))

    def body(self) -> dict[str, Any]:
        """The words."""
        return {"text": self.cleaned_data["text"]}


class PhotoForm(EntryForm):
    """A photo or file as evidence."""

    kind = EntryKind.PHOTO.value
    file = forms.FileField(
        label=_("Photo or file"),
        help_text=_("PDF, picture, Word, Excel or CSV, up to 25 MB. Place and device are removed from pictures."),
        max_length=200,
    )
    caption = forms.CharField(label=_("What does it show?"), max_length=MAX_CAPTION, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Let the phone offer its camera for the endings taken here."""
        super().__init__(*args, **kwargs)
        self.fields["file"].widget.attrs["accept"] = ",".join(["image/*", *purposes.get(EVIDENCE_PURPOSE).extensions])

    def body(self) -> dict[str, Any]:
        """The caption."""
        return {"caption": self.cleaned_data["caption"]}


ENTRY_FORMS: Final[dict[str, type[EntryForm]]] = {
    form.kind: form for form in (ReadingForm, DefectForm, SuggestionForm, PhotoForm, ScoresForm, NoteForm)
}


def make_forms(workbook: Workbook, *, at: datetime, bound: EntryForm | None = None) -> list[EntryForm]:
    """The forms of what may be entered now; ``bound`` stands in for the one of its kind."""
    forms_now = [
        bound if bound is not None and bound.kind == kind else ENTRY_FORMS[kind](workbook=workbook, at=at)
        for kind in workbook.kinds
    ]
    if bound is not None and bound not in forms_now:
        forms_now.insert(0, bound)  # what was typed stays on the page even when it is not taken any more
    return forms_now


def bind(kind: str, data: Mapping[str, Any], files: Any, *, workbook: Workbook, at: datetime) -> EntryForm | None:
    """The form of a kind with what was sent; None for an unknown kind."""
    form = ENTRY_FORMS.get(kind)
    return form(data, files, workbook=workbook, at=at) if form else None


class StrikeForm(AllianceForm):
    """Why an entry is struck out."""

    reason = forms.CharField(label=_("Reason"), max_length=MAX_REASON)
