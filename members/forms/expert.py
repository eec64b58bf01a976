"""Shape of the input about experts."""

from __future__ import annotations

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from alliance.kernel.forms import AllianceForm
from members.choices import ConsentLevel, InterestKind

LANGUAGE_NAMES = (
    ("zh", _("Chinese")),
    ("en", _("English")),
    ("yue", _("Cantonese")),
    ("ja", _("Japanese")),
    ("ko", _("Korean")),
    ("de", _("German")),
    ("fr", _("French")),
    ("es", _("Spanish")),
    ("ru", _("Russian")),
)


class ExpertForm(AllianceForm):
    """An expert's entry."""

    name_en = forms.CharField(label=_("Name in English"), max_length=120, required=False)
    name_zh = forms.CharField(
        label=pgettext_lazy("person", "Name in Chinese"),
        help_text=_("One of the two names is enough."),
        max_length=120,
        required=False,
    )
    title_en = forms.CharField(label=_("Title in English"), max_length=160, required=False)
    title_zh = forms.CharField(label=_("Title in Chinese"), max_length=160, required=False)
    email = forms.EmailField(label=_("E-mail"), help_text=_("Never shown in public."), max_length=254, required=False)
    orcid = forms.CharField(label=_("ORCID iD"), help_text=_("Such as 0000-0002-1825-0097."), max_length=60, required=False)
    skills_en = forms.CharField(
        label=_("Skills in English"),
        help_text=_("One skill a line."),
        widget=forms.Textarea,
        max_length=4000,
        required=False,
    )
    skills_zh = forms.CharField(
        label=_("Skills in Chinese"),
        help_text=_("The same skills in the same order; leave a line empty where there is no Chinese term."),
        widget=forms.Textarea,
        max_length=4000,
        required=False,
    )
    languages = forms.MultipleChoiceField(
        label=_("Languages"), choices=LANGUAGE_NAMES, widget=forms.CheckboxSelectMultiple, required=False
    )
    days_per_month = forms.DecimalField(
        label=_("Days a month"),
        help_text=_("Days the expert can give to the alliance, 0 to 31."),
        min_value=0,
        max_value=31,
        max_digits=4,
        decimal_places=1,
        required=False,
    )
    available_from = forms.DateField(label=_("Available from"), required=False)
    available_until = forms.DateField(label=_("Available until"), help_text=_("That day included."), required=False)
    outputs_en = forms.CharField(
        label=_("Outputs in English"),
        help_text=_("Studies, standards, patents: one a line."),
        widget=forms.Textarea,
        max_length=4000,
        required=False,
    )
    outputs_zh = forms.CharField(label=_("Outputs in Chinese"), widget=forms.Textarea, max_length=4000, required=False)


class ConsentForm(AllianceForm):
    """What an expert agrees to."""

    consent = forms.ChoiceField(
        label=_("Who may see the expert's personal data"),
        choices=[(value, capfirst(label)) for value, label in ConsentLevel.choices],
        widget=forms.RadioSelect,
    )
    told = forms.BooleanField(
        label=_("The expert was told what is shown to whom, and agreed."),
        error_messages={"required": _("Tick this only after the expert has agreed; without it nothing is put on record.")},
    )


class NewExpertForm(ExpertForm, ConsentForm):
    """A new expert with the consent that goes with the entry."""


class ExpertInterestForm(AllianceForm):
    """An interest an expert declares."""

    kind = forms.ChoiceField(
        label=_("Interest"),
        choices=[("", _("Choose a kind of interest")), *((value, capfirst(label)) for value, label in InterestKind.choices)],
    )
    counterparty = forms.CharField(
        label=_("Code of the member concerned"),
        help_text=_("Such as I-035; leave it empty for a party outside the alliance and name it below."),
        max_length=40,
        required=False,
    )
    words_en = forms.CharField(label=_("Particulars in English"), max_length=300, required=False)
    words_zh = forms.CharField(label=_("Particulars in Chinese"), max_length=300, required=False)
    starts_on = forms.DateField(label=_("Since"), required=False)
    ends_on = forms.DateField(label=_("Until"), help_text=_("That day included."), required=False)
