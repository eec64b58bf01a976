"""Shape of the input about duplicates."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from alliance.kernel.forms import AllianceForm


class PairForm(AllianceForm):
    """Two entries to be compared, by their codes."""

    first = forms.CharField(label=_("Code of one entry"), max_length=40, widget=forms.TextInput(attrs={"class": "width-10"}))
    second = forms.CharField(
        label=_("Code of the other"), max_length=40, widget=forms.TextInput(attrs={"class": "width-10"})
    )
