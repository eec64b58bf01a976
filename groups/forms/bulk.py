"""Shape of the input about many seats at once."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from alliance.kernel.forms import AllianceForm
from groups.choices import GroupKind, SeatRole


class AddToGroupForm(AllianceForm):
    """Which group, in which role."""

    group = forms.ChoiceField(label=_("Group"), choices=[(value, capfirst(label)) for value, label in GroupKind.choices])
    role = forms.ChoiceField(
        label=_("Role"),
        choices=[(value, capfirst(label)) for value, label in SeatRole.choices if value != SeatRole.CONVENOR],
        initial=SeatRole.MEMBER,
    )

    def pack(self) -> dict[str, Any]:
        """The answers in a form that a JSON column keeps."""
        return dict(self.cleaned_data)
