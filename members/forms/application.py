"""Shape of the input about admission: the applicant's form by kind, evidence, and the office's forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from alliance.kernel import uploads
from alliance.kernel.forms import AllianceForm, dress, explain
from alliance.kernel.public_forms import GuardedForm
from members.actions.application import PURPOSE
from members.choices import KIND_ELEMENTS, KIND_SUBKINDS, Element, EvidenceKind, Scale, StandingNoteKind, SubKind
from members.selectors.admission import (
    ANSWER_MAX_LENGTH,
    ELEMENT_ROWS,
    REQUIREMENTS,
    STATEMENT_MAX_LENGTH,
    field_labels,
)
from members.selectors.regions import region_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from members.models import Application

TEXTS = (
    "name_en",
    "name_zh",
    "subkind",
    "country",
    "region",
    "registry_code",
    "web",
    "contact_name",
    "contact_email",
    "contact_phone",
    "representative_name",
    "representative_email",
)


class ApplicationForm(GuardedForm):
    """The application of one kind of institution: who it is, what it brings, the kind's questions, whom to ask."""

    salt = "members.application.form"

    def __init__(self, *args: Any, kind: str, application: Application | None = None, **kwargs: Any) -> None:
        """Build the form for a kind; with an application, for changing it."""
        self.kind = kind
        self.application = application
        if application is not None:
            kwargs["initial"] = {**values_of(application), **kwargs.get("initial", {})}
        super().__init__(*args, subject=application.code if application else kind, **kwargs)
        added: dict[str, forms.Field] = {**self._entry_fields(), **self._element_fields(), **self._question_fields()}
        added.update(self._contact_fields(ask_mail=application is None))
        if application is None:
            added["consent"] = forms.BooleanField(
                label=_("The people named here agree that the alliance uses their data to decide on the application."),
                help_text=_("Secretariat and management committee see them, nobody else."),
            )
            added["duplicate_confirmed"] = forms.BooleanField(
                label=_("Ours is another institution than the member named above."), required=False
            )
        for name, field in added.items():
            self.fields[name] = field
        self.points = {point["field"]: point["words"] for point in application.returned_points} if application else {}
        for name, field in added.items():
            dress(field)
            explain(field, str(self[name].label))
        self.shows_duplicate = application is None and "duplicate_confirmed" in self.data

    def _entry_fields(self) -> dict[str, forms.Field]:
        fields: dict[str, forms.Field] = {
            "name_zh": forms.CharField(
                label=pgettext("institution", "Name in Chinese"),
                help_text=_("As the register has it. One of the two names is enough."),
                max_length=300,
                required=False,
            ),
            "name_en": forms.CharField(label=_("Name in English"), max_length=300, required=False),
        }
        if self.kind in KIND_SUBKINDS:
            fields["subkind"] = forms.ChoiceField(
                label=_("Finer kind"),
                choices=[(value, capfirst(SubKind(value).label)) for value in KIND_SUBKINDS[self.kind]],
                widget=forms.RadioSelect,
            )
        fields["country"] = forms.CharField(
            label=_("Country"),
            help_text=_("Code of two letters, such as CN."),
            min_length=2,
            max_length=2,
            initial="CN",
        )
        fields["region"] = forms.CharField(
            label=_("Region"),
            help_text=_("Province or prefecture in China: its name, or its code (GB/T 2260)."),
            max_length=60,
            required=False,
        )
        fields["registry_code"] = forms.CharField(
            label=_("Registry code"),
            help_text=_("Unified social credit code (18 characters) or ROR identifier."),
            max_length=60,
            required=False,
        )
        fields["web"] = forms.CharField(label=_("Web site"), max_length=200, required=False)
        return fields

    def _element_fields(self) -> dict[str, forms.Field]:
        usual = KIND_ELEMENTS.get(self.kind, ())
        fields: dict[str, forms.Field] = {}
        for place in range(1, ELEMENT_ROWS + 1):
            fields[f"element_{place}"] = forms.ChoiceField(
                label=_("Element"),
                choices=[("", _("None")), *((value, capfirst(label)) for value, label in Element.choices)],
                initial=usual[place - 1] if place <= len(usual) else "",
                required=place == 1,
            )
            fields[f"scale_{place}"] = forms.ChoiceField(
                label=_("Scale"),
                choices=[(value, capfirst(label)) for value, label in Scale.choices],
                initial=Scale.MESO,
                required=False,
            )
            fields[f"statement_{place}"] = forms.CharField(
                label=_("What you bring"),
                help_text=_("People, results, means: what members can count on.") if place == 1 else "",
                max_length=STATEMENT_MAX_LENGTH,
                widget=forms.Textarea(attrs={"rows": 3}),
                required=place == 1,
            )
        return fields

    def _question_fields(self) -> dict[str, forms.Field]:
        return {
            f"answer_{question.key}": forms.CharField(
                label=str(question.label),
                help_text=str(question.hint),
                max_length=ANSWER_MAX_LENGTH,
                required=question.required,
                widget=forms.Textarea,
            )
            for question in REQUIREMENTS[self.kind].questions
        }

    def _contact_fields(self, *, ask_mail: bool) -> dict[str, forms.Field]:
        fields: dict[str, forms.Field] = {
            "contact_name": forms.CharField(
                label=_("Contact person"),
                max_length=120,
                widget=forms.TextInput(attrs={"autocomplete": "name"}),
            )
        }
        if ask_mail:
            fields["contact_email"] = forms.EmailField(
                label=_("E-mail of the contact person"),
                help_text=_("The private link to the application and all letters go there."),
                max_length=254,
                widget=forms.EmailInput(attrs={"autocomplete": "email"}),
            )
        fields["contact_phone"] = forms.CharField(
            label=_("Telephone"), max_length=40, required=False, widget=forms.TextInput(attrs={"autocomplete": "tel"})
        )
        fields["representative_name"] = forms.CharField(
            label=_("Representative of the institution"),
            help_text=_("Who will act for you in the alliance. Leave both empty if it is the contact person."),
            max_length=120,
            required=False,
        )
        fields["representative_email"] = forms.EmailField(
            label=_("E-mail of the representative"), max_length=254, required=False
        )
        return fields

    # -- parts of the page -------------------------------------------------------------------------------------

    def _bound(self, names: list[str]) -> list[forms.BoundField]:
        return [self[name] for name in names if name in self.fields]

    def entry_fields(self) -> list[forms.BoundField]:
        """Who the institution is."""
        return self._bound(["name_zh", "name_en", "subkind", "country", "region", "registry_code", "web"])

    def element_rows(self) -> Iterator[list[forms.BoundField]]:
        """Element, scale and statement by row."""
        for place in range(1, ELEMENT_ROWS + 1):
            yield self._bound([f"element_{place}", f"scale_{place}", f"statement_{place}"])

    def has_more_elements(self) -> bool:
        """Whether the folded rows hold something, or are refused."""
        names = [f"{part}_{place}" for place in (3, 4) for part in ("element", "statement")]
        return any(self[name].value() or self[name].errors for name in names)

    def question_fields(self) -> list[forms.BoundField]:
        """The questions of the kind."""
        return self._bound([f"answer_{question.key}" for question in REQUIREMENTS[self.kind].questions])

    def contact_fields(self) -> list[forms.BoundField]:
        """Whom to ask."""
        return self._bound(["contact_name", "contact_email", "contact_phone", "representative_name", "representative_email"])

    def warn_of_duplicate(self) -> None:
        """Show the tick box that confirms another institution."""
        self.shows_duplicate = True

    def values(self) -> dict[str, Any]:
        """What the action takes."""
        given = self.cleaned_data
        return {
            **{name: given.get(name, "") for name in TEXTS},
            "elements": [
                {
                    "element": given.get(f"element_{place}", ""),
                    "scale": given.get(f"scale_{place}", ""),
                    "statement": given.get(f"statement_{place}", ""),
                }
                for place in range(1, ELEMENT_ROWS + 1)
                if given.get(f"element_{place}") or given.get(f"statement_{place}")
            ],
            "answers": {
                question.key: given.get(f"answer_{question.key}", "") for question in REQUIREMENTS[self.kind].questions
            },
        }


def values_of(application: Application) -> dict[str, Any]:
    """An application's values by form field."""
    values: dict[str, Any] = {
        "name_en": application.name_en,
        "name_zh": application.name_zh,
        "subkind": application.subkind,
        "country": application.country_code,
        "region": region_name(application.region_code) if application.region_code else "",
        "registry_code": application.registry_code,
        "web": application.web,
        "contact_name": application.contact_name,
        "contact_phone": application.contact_phone,
        "representative_name": application.representative_name,
        "representative_email": application.representative_email,
    }
    for place in range(1, ELEMENT_ROWS + 1):
        row = application.elements[place - 1] if place <= len(application.elements) else {}
        values[f"element_{place}"] = row.get("element", "")
        values[f"scale_{place}"] = row.get("scale", Scale.MESO)
        values[f"statement_{place}"] = row.get("statement", "")
    values.update({f"answer_{key}": text for key, text in application.answers.items()})
    return values


class EvidenceForm(AllianceForm):
    """One file that proves something."""

    kind = forms.ChoiceField(label=gettext_lazy("What the file proves"), choices=[])
    file = forms.FileField(label=gettext_lazy("File"))

    def __init__(self, *args: Any, application: Application, **kwargs: Any) -> None:
        """Offer the evidence of the application's kind, and other."""
        super().__init__(*args, **kwargs)
        needed = REQUIREMENTS[application.kind].evidence
        field: Any = self.fields["kind"]
        field.choices = [(kind, capfirst(EvidenceKind(kind).label)) for kind in (*needed, EvidenceKind.OTHER)]
        use = uploads.purposes.get(PURPOSE)
        self.fields["file"].widget.attrs["accept"] = ",".join(use.extensions)
        self.fields["file"].help_text = _("%(types)s; at most %(most)s MB.") % {
            "types": ", ".join(name.lstrip(".").upper() for name in use.extensions),
            "most": use.limit // (1024 * 1024),
        }


class ReturnForm(AllianceForm):
    """What is missing, point by point, in words for the applicant."""

    def __init__(self, *args: Any, application: Application, **kwargs: Any) -> None:
        """One line for each field of the application's form."""
        super().__init__(*args, **kwargs)
        for name, label in field_labels(application.kind).items():
            field = forms.CharField(label=label, max_length=500, required=False)
            self.fields[f"point_{name}"] = field
            dress(field)

    def points(self) -> dict[str, str]:
        """Field -> words, of the lines that were filled in."""
        return {
            name.removeprefix("point_"): text
            for name, text in self.cleaned_data.items()
            if name.startswith("point_") and text.strip()
        }


class ReasonsForm(AllianceForm):
    """The committee's reasons for not admitting an applicant."""

    reason = forms.CharField(
        label=gettext_lazy("Reasons"),
        help_text=gettext_lazy("In the applicant's language; they stand in the letter word for word."),
        widget=forms.Textarea(attrs={"rows": 6}),
        max_length=4000,
    )


class NoticeForm(AllianceForm):
    """Notice that an institution leaves."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("If you want to give one; the office reads it."),
        widget=forms.Textarea,
        max_length=2000,
        required=False,
    )
    sure = forms.BooleanField(label=gettext_lazy("We leave the alliance once our open duties are settled."))


class SettleForm(AllianceForm):
    """What becomes of one duty of a leaving institution."""

    duty = forms.CharField(widget=forms.HiddenInput, max_length=120)
    handed_to = forms.CharField(
        label=gettext_lazy("Goes on with it"),
        help_text=gettext_lazy("Code of an active member; empty: the duty ends."),
        max_length=40,
        required=False,
    )


class ShortenForm(AllianceForm):
    """An earlier end of the notice of a leaving institution."""

    ends_on = forms.DateField(
        label=gettext_lazy("The notice ends on"),
        help_text=gettext_lazy("From that day on the exit can be completed."),
        widget=forms.DateInput,
    )
    reason = forms.CharField(
        label=gettext_lazy("Why"),
        help_text=gettext_lazy("The institution and the secretariat read it."),
        widget=forms.Textarea,
        max_length=2000,
    )


class StandingNoteForm(AllianceForm):
    """A reminder or a hearing."""

    kind = forms.ChoiceField(
        label=gettext_lazy("What happened"),
        choices=[(value, capfirst(label)) for value, label in StandingNoteKind.choices],
        widget=forms.RadioSelect,
    )
    on = forms.DateField(label=gettext_lazy("On"), widget=forms.DateInput)
    words = forms.CharField(
        label=gettext_lazy("What was said"),
        help_text=gettext_lazy("In a few sentences, or where the paper is kept."),
        widget=forms.Textarea,
        max_length=4000,
    )
