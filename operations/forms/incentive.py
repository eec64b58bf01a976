"""Shape of the input about contribution points; rules stay in the actions."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from alliance.kernel.forms import AllianceForm
from operations.choices import ContributionAct
from operations.selectors.claims import UNITS


class TariffForm(AllianceForm):
    """Points for one unit of each act."""

    half_life_days = forms.IntegerField(
        label=_("Half-life of a point, days"),
        required=False,
        help_text=_("After so many days a point is worth half. Nothing: points do not fade."),
        max_value=99_999,
        min_value=0,
    )
    valid_from = forms.DateField(
        label=_("Valid from"),
        widget=forms.DateInput(),
        help_text=_("The first tariff may begin in the past; a later one begins after its approval."),
    )
    note = forms.CharField(label=_("What changes"), max_length=300, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """One field for each act, before the others."""
        super().__init__(*args, **kwargs)
        for act, label in ContributionAct.choices:
            self.fields[f"points_{act}"] = forms.DecimalField(
                label=capfirst(str(label)),
                help_text=capfirst(str(UNITS[act])),
                max_digits=8,
                decimal_places=2,
                required=False,
            )
        self.order_fields([f"points_{act}" for act in ContributionAct.values])

    @property
    def points(self) -> dict[str, Any]:
        """What was given, by act."""
        return {act: self.cleaned_data.get(f"points_{act}") for act in ContributionAct.values}


FIELDS = {"points": "points_product_released"} | {f"points-{act}": f"points_{act}" for act in ContributionAct.values}
"""Where the faults of the action stand."""
