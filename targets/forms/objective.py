"""Forms of objectives and reported values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from alliance.kernel.forms import AllianceForm, dress
from alliance.kernel.indicators import indicators
from targets.choices import Direction, ObjectiveTier

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from targets.models import Objective


class ObjectiveForm(AllianceForm):
    """An objective, its indicator and its target."""

    code = forms.RegexField(
        r"^[A-Za-z0-9][A-Za-z0-9.-]*$",
        label=_("Code"),
        max_length=20,
        help_text=_("Letters, digits, dots and hyphens, such as O-1.2. It cannot be changed later."),
    )
    tier = forms.ChoiceField(label=_("Tier"), choices=ObjectiveTier.choices, widget=forms.RadioSelect)
    title_en = forms.CharField(label=_("Title in English"), max_length=200, required=False)
    title_zh = forms.CharField(label=_("Title in Chinese"), max_length=200, required=False)
    parent = forms.CharField(label=_("Objective above it (code)"), max_length=20, required=False)
    owner = forms.CharField(label=_("Institution that answers for it (code)"), max_length=40, required=False)
    indicator_en = forms.CharField(label=_("What is measured, in English"), max_length=200, required=False)
    indicator_zh = forms.CharField(label=_("What is measured, in Chinese"), max_length=200, required=False)
    provider = forms.ChoiceField(
        label=_("Measured by"),
        required=False,
        help_text=_("From the platform's records, or reported by people with evidence."),
    )
    unit = forms.CharField(label=_("Unit"), max_length=20, required=False)
    unit_zh = forms.CharField(label=_("Unit in Chinese"), max_length=20, required=False)
    direction = forms.ChoiceField(label=_("Direction"), choices=Direction.choices, initial=Direction.UP)
    baseline = forms.DecimalField(label=_("Baseline"), max_digits=14, decimal_places=4, required=False)
    baseline_on = forms.DateField(label=_("Day of the baseline"), required=False)
    target_value = forms.DecimalField(label=_("Target"), max_digits=14, decimal_places=4)
    target_on = forms.DateField(label=_("By (that day included)"))

    def __init__(self, *args: Any, objective: Objective | None = None, **kwargs: Any) -> None:
        """Build the form for a new objective, or for changing one."""
        if objective is not None:
            kwargs.setdefault("initial", initial_of(objective))
        super().__init__(*args, **kwargs)
        choices: list[tuple[str, StrOrPromise]] = [("", _("reported with evidence"))]
        for name, indicator in indicators.items():
            given = {p.name: f"[{p.label}]" for p in indicator.params_schema}
            choices.append((name, str(indicator.title) % given if given else indicator.title))
            for param in indicator.params_schema:
                self.fields[f"param__{name}__{param.name}"] = forms.DecimalField(
                    label=_("%(parameter)s (for “%(indicator)s”)") % {"parameter": param.label, "indicator": choices[-1][1]},
                    min_value=param.minimum,
                    max_value=param.maximum,
                    initial=param.default,
                    required=False,
                )
                dress(self.fields[f"param__{name}__{param.name}"])
        provider = self.fields["provider"]
        if isinstance(provider, forms.ChoiceField):
            provider.choices = choices
        if objective is not None:
            self.fields["code"].disabled = True
            for key, value in objective.params.items():
                if (name := f"param__{objective.provider}__{key}") in self.fields:
                    self.fields[name].initial = value

    def params(self) -> dict[str, Any]:
        """Parameters of the chosen indicator; those of others are left out."""
        start = f"param__{self.cleaned_data['provider']}__"
        return {
            name.removeprefix(start): value
            for name, value in self.cleaned_data.items()
            if name.startswith(start) and value is not None
        }


def initial_of(objective: Objective) -> dict[str, Any]:
    """The form's values for an objective that exists."""
    names = (
        "code", "tier", "title_en", "title_zh", "indicator_en", "indicator_zh", "provider", "unit", "unit_zh", "direction",
        "baseline", "baseline_on", "target_value", "target_on",
    )  # fmt: skip
    values = {name: getattr(objective, name) for name in names}
    for name in ("baseline", "target_value"):
        if values[name] is not None:
            values[name] = f"{values[name].normalize():f}"
    values["parent"] = objective.parent.code if objective.parent else ""
    values["owner"] = objective.owner.code if objective.owner else ""
    return values


class MeasurementForm(AllianceForm):
    """A reported value."""

    value = forms.DecimalField(label=_("Value"), max_digits=14, decimal_places=4)
    measured_on = forms.DateField(label=_("Day the value stands for"))
    evidence = forms.CharField(
        label=_("Evidence"),
        max_length=2000,
        widget=forms.Textarea,
        help_text=_("Where the value comes from: document, date, page."),
    )
