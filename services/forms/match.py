"""Shape of the input of docking; rules stay in the actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from alliance.kernel.forms import AllianceForm, explain
from members.choices import InstitutionKind
from members.selectors.regions import regions
from services import fit
from services.choices import DeclineReason, FitPart

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LONGEST = 2000


def _words(label: Any, hint: Any = "", *, required: bool = False) -> forms.CharField:
    return forms.CharField(
        label=label, help_text=hint, required=required, max_length=LONGEST, widget=forms.Textarea(attrs={"rows": 3})
    )


class DeclineForm(AllianceForm):
    """Why a match is declined."""

    reason = forms.ChoiceField(
        label=_("Why?"),
        widget=forms.RadioSelect(),
        help_text=_("The suggestions learn from it: what is alike in this respect comes later from now on."),
    )
    words = _words(_("In your words"), _("Needed for another reason."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the reasons in the reader's language."""
        super().__init__(*args, **kwargs)
        self.fields["reason"].choices = [  # type: ignore[attr-defined]
            (value, capfirst(str(label))) for value, label in DeclineReason.choices
        ]


class AcceptForm(AllianceForm):
    """What to tell the other side."""

    words = _words(_("What should the other side know?"), _("It reads this with your acceptance."))


class InterestForm(AllianceForm):
    """Interest in a listing, with a listing of one's own."""

    own = forms.ChoiceField(label=_("Your listing"), help_text=_("The other side sees it and answers."))
    words = _words(_("What should the other side know?"))

    def __init__(self, *args: Any, listings: Iterable[tuple[str, str]] = (), **kwargs: Any) -> None:
        """Offer the own listings of the other side."""
        super().__init__(*args, **kwargs)
        self.fields["own"].choices = list(listings)  # type: ignore[attr-defined]


class ProposeForm(AllianceForm):
    """A match by hand."""

    demand = forms.CharField(label=_("Code of the demand"), max_length=60)
    supply = forms.CharField(label=_("Code of the supply"), max_length=60)
    words = _words(_("Why do you propose it?"), _("Both sides read it."), required=True)


class OutcomeForm(AllianceForm):
    """What came of a match."""

    outcome = _words(_("What came of it?"), _("Both sides and the desk read it."))


class ReasonForm(AllianceForm):
    """Why a proposed rule is refused."""

    reason = forms.CharField(label=_("Why?"), max_length=300, widget=forms.Textarea(attrs={"rows": 3}))


class WeightsForm(AllianceForm):
    """Weights of the parts, in per cent."""

    def __init__(self, *args: Any, weights: Mapping[str, int] | None = None, required: bool = True, **kwargs: Any) -> None:
        """A field for each part, before the others."""
        super().__init__(*args, **kwargs)
        for name in fit.STANDARD:
            self.fields[f"weight_{name}"] = forms.IntegerField(
                label=_("%(part)s, per cent") % {"part": capfirst(str(FitPart(name).label))},
                required=required,
                initial=(weights or {}).get(name),
                min_value=0,
                max_value=100,
                widget=forms.NumberInput(attrs={"class": "input width-4"}),
            )
        self.order_fields([f"weight_{name}" for name in fit.STANDARD])
        for name in fit.STANDARD:  # added after the form was dressed
            explain(self.fields[f"weight_{name}"], str(self[f"weight_{name}"].label))

    @property
    def weights(self) -> dict[str, Any] | None:
        """What was given; None where every field was left empty."""
        found = {name: self.cleaned_data.get(f"weight_{name}") for name in fit.STANDARD}
        return found if any(value is not None for value in found.values()) else None


class RuleForm(WeightsForm):
    """A proposed rule."""

    balance = forms.DecimalField(
        label=_("Balance between kinds of institutions"),
        help_text=_(
            "0: the order is the fit's alone. 1: among listings of about the same fit (5 points), kinds that were shown least come first."
        ),
        max_digits=3,
        decimal_places=2,
        min_value=0,
        max_value=1,
        initial=0,
    )
    note = forms.CharField(label=_("What changes, and why"), max_length=300, required=False)


class CriteriaForm(WeightsForm):
    """What an owner wants of the suggestions of one listing."""

    in_budget_only = forms.BooleanField(label=_("Only what is in the budget"), required=False)
    in_time_only = forms.BooleanField(label=_("Only what is done in time"), required=False)
    kinds = forms.MultipleChoiceField(
        label=_("Only these kinds of institutions"),
        help_text=_("None chosen: all."),
        widget=forms.CheckboxSelectMultiple(),
        required=False,
    )
    regions = forms.MultipleChoiceField(
        label=_("Only these provinces"),
        help_text=_("None chosen: all."),
        widget=forms.CheckboxSelectMultiple(),
        required=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer kinds and provinces in the reader's language."""
        super().__init__(*args, required=False, **kwargs)
        self.fields["kinds"].choices = [  # type: ignore[attr-defined]
            (value, capfirst(str(label))) for value, label in InstitutionKind.choices
        ]
        self.fields["regions"].choices = [  # type: ignore[attr-defined]
            (region.code, region.name) for region in regions().values() if region.code.endswith("0000")
        ]
