"""Shape of the input about institutions."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from alliance.kernel.forms import AllianceForm
from alliance.kernel.uploads import purposes
from members.choices import Element, InstitutionKind, Scale, StaffRole, SubKind
from members.selectors.evidence import EVIDENCE

if TYPE_CHECKING:
    from collections.abc import Mapping


def place_errors(form: forms.Form, fields: Mapping[str, Any], reason: Any) -> None:
    """Put the refusal of an action at the fields it concerns, else at the top."""
    for name, words in fields.items():
        form.add_error(name if name in form.fields else None, words)
    if not fields:
        form.add_error(None, reason)


def evidence_field() -> forms.FileField:
    """An optional file that proves something."""
    return forms.FileField(
        label=_("File that proves it"),
        help_text=_("PDF, picture, office document or text, up to 25 MB. Only the office and the institution can open it."),
        widget=forms.ClearableFileInput(attrs={"accept": ",".join(purposes.get(EVIDENCE).extensions)}),
        required=False,
    )


class InstitutionForm(AllianceForm):
    """An institution's entry."""

    name_en = forms.CharField(label=_("Name in English"), max_length=300, required=False)
    name_zh = forms.CharField(
        label=pgettext_lazy("institution", "Name in Chinese"),
        help_text=_("One of the two names is enough."),
        max_length=300,
        required=False,
    )
    short_en = forms.CharField(label=_("Short name in English"), max_length=80, required=False)
    short_zh = forms.CharField(label=_("Short name in Chinese"), max_length=80, required=False)
    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=[("", _("Choose a kind")), *((value, capfirst(label)) for value, label in InstitutionKind.choices)],
    )
    subkind = forms.ChoiceField(
        label=_("Finer kind"),
        help_text=_(
            "Specialised think tanks are single-field or diversified; leading enterprises intra- or inter-industry."
        ),
        choices=[(value, capfirst(label)) for value, label in SubKind.choices],
        required=False,
    )
    country = forms.CharField(
        label=_("Country"), help_text=_("Code of two letters, such as CN."), min_length=2, max_length=2, initial="CN"
    )
    region = forms.CharField(
        label=_("Region"),
        help_text=_("Province or prefecture: its name, or its code (GB/T 2260)."),
        max_length=60,
        required=False,
    )
    registry_code = forms.CharField(
        label=_("Registry code"),
        help_text=_("Unified social credit code or ROR identifier."),
        max_length=60,
        required=False,
    )
    web = forms.CharField(label=_("Web site"), max_length=200, required=False)
    contact_email = forms.CharField(label=_("Contact e-mail"), max_length=254, required=False)


class ProfileForm(AllianceForm):
    """What an institution's representative may change."""

    short_en = forms.CharField(label=_("Short name in English"), max_length=80, required=False)
    short_zh = forms.CharField(label=_("Short name in Chinese"), max_length=80, required=False)
    web = forms.CharField(label=_("Web site"), max_length=200, required=False)
    contact_email = forms.CharField(label=_("Contact e-mail"), max_length=254, required=False)


class StepForm(AllianceForm):
    """One step of a membership."""

    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("The institution and the record show it."),
        widget=forms.Textarea,
        max_length=2000,
        required=False,
    )


class SupplyForm(AllianceForm):
    """An element an institution brings."""

    element = forms.ChoiceField(
        label=_("Element"),
        choices=[("", _("Choose an element")), *((value, capfirst(label)) for value, label in Element.choices)],
    )
    scale = forms.ChoiceField(
        label=_("Scale"), choices=[(value, capfirst(label)) for value, label in Scale.choices], initial=Scale.MESO
    )
    strength = forms.DecimalField(
        label=_("Strength"),
        help_text=_("A figure from 0 to 1; leave it empty while nobody has assessed it."),
        min_value=0,
        max_value=1,
        max_digits=3,
        decimal_places=2,
        required=False,
    )
    evidence_en = forms.CharField(label=_("Evidence in English"), max_length=300, required=False)
    evidence_zh = forms.CharField(label=_("Evidence in Chinese"), max_length=300, required=False)
    evidence_file = evidence_field()
    valid_from = forms.DateField(label=_("Valid from"))
    valid_to = forms.DateField(label=_("Valid to"), help_text=_("That day included."), required=False)


class AssessForm(AllianceForm):
    """Scale, strength and last day of an element that is noted already."""

    scale = forms.ChoiceField(label=_("Scale"), choices=[(value, capfirst(label)) for value, label in Scale.choices])
    strength = forms.DecimalField(
        label=_("Strength"),
        help_text=_("A figure from 0 to 1; leave it empty while nobody has assessed it."),
        min_value=0,
        max_value=1,
        max_digits=3,
        decimal_places=2,
        required=False,
    )
    evidence_en = forms.CharField(label=_("Evidence in English"), max_length=300, required=False)
    evidence_zh = forms.CharField(label=_("Evidence in Chinese"), max_length=300, required=False)
    evidence_file = evidence_field()
    valid_to = forms.DateField(
        label=_("Valid to"), help_text=_("That day included; empty: until further notice."), required=False
    )


class VerifyForm(AllianceForm):
    """What facts were compared with."""

    note = forms.CharField(
        label=_("Compared with what"),
        help_text=_("For example: the register's public entry of today. When marks are taken off: why."),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=1000,
        required=False,
    )
    evidence = evidence_field()


class InviteForm(AllianceForm):
    """An invitation to act for one institution."""

    email = forms.EmailField(label=_("E-mail address"), max_length=254)
    role = forms.ChoiceField(
        label=_("Role"), choices=[(value, capfirst(label)) for value, label in StaffRole.choices], initial=StaffRole.STAFF
    )
    language = forms.ChoiceField(label=_("Language of the mail"), choices=[("zh-hans", "中文"), ("en", "English")])


class AskForm(AllianceForm):
    """Until when an institution is asked to confirm its facts."""

    due_on = forms.DateField(label=_("Please answer by"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["due_on"].initial = lambda: timezone.localdate() + timedelta(days=30)

    def pack(self) -> dict[str, Any]:
        """The answers in a form that a JSON column keeps."""
        return {"due_on": self.cleaned_data["due_on"].isoformat()}


class MessageForm(AllianceForm):
    """A message to representatives."""

    subject = forms.CharField(label=_("Subject"), max_length=120)
    words = forms.CharField(
        label=_("Text"),
        help_text=_("Each representative gets it in the platform and by mail."),
        widget=forms.Textarea,
        max_length=4000,
    )

    def pack(self) -> dict[str, Any]:
        """The answers in a form that a JSON column keeps."""
        return dict(self.cleaned_data)


class SaveViewForm(AllianceForm):
    """A name for a list as it is seen."""

    name = forms.CharField(label=_("Name of the view"), max_length=60)
    is_shared = forms.BooleanField(label=_("Show it to the whole office"), required=False)
