"""Shape of the input about institutions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from alliance.kernel.forms import AllianceForm
from members.choices import Element, InstitutionKind, Scale

if TYPE_CHECKING:
    from collections.abc import Mapping


def place_errors(form: forms.Form, fields: Mapping[str, Any], reason: Any) -> None:
    """Put the refusal of an action at the fields it concerns, else at the top."""
    for name, words in fields.items():
        form.add_error(name if name in form.fields else None, words)
    if not fields:
        form.add_error(None, reason)


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
    valid_from = forms.DateField(label=_("Valid from"))
    valid_to = forms.DateField(label=_("Valid to"), help_text=_("That day included."), required=False)
