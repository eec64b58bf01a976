"""Shape of the input about risks; rules stay in the actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from alliance.kernel.forms import AllianceForm
from operations.choices import RiskCategory
from operations.forms.project import Choices, offer

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

LIKELIHOOD: tuple[tuple[int, StrOrPromise], ...] = (
    (1, _("1, hardly")),
    (2, _("2, unlikely")),
    (3, _("3, possible")),
    (4, _("4, likely")),
    (5, _("5, almost certain")),
)
IMPACT: tuple[tuple[int, StrOrPromise], ...] = (
    (1, _("1, slight")),
    (2, _("2, small")),
    (3, _("3, noticeable")),
    (4, _("4, grave")),
    (5, _("5, threatens the aim")),
)


class RiskTextsForm(AllianceForm):
    """What is written about a risk, and who answers for it."""

    category = forms.ChoiceField(label=_("What it is about"), choices=RiskCategory.choices)
    title_en = forms.CharField(label=_("Risk in English"), max_length=200, required=False)
    title_zh = forms.CharField(label=_("Risk in Chinese"), max_length=200, required=False)
    words_en = forms.CharField(
        label=_("Cause and effect in English"),
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=4000,
        required=False,
    )
    words_zh = forms.CharField(
        label=_("Cause and effect in Chinese"),
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=4000,
        required=False,
    )
    owner = forms.TypedChoiceField(
        label=_("Answers for it"),
        coerce=int,
        required=False,
        empty_value=None,
        help_text=_("Is asked for each review. People of the secretariat and the management committee."),
    )

    def __init__(self, *args: Any, people: Choices = (), **kwargs: Any) -> None:
        """Offer the people who see the register."""
        super().__init__(*args, **kwargs)
        offer(self, "owner", people, empty=_("nobody yet"))


class _Grades(forms.Form):
    likelihood = forms.TypedChoiceField(label=_("Likelihood"), coerce=int, choices=LIKELIHOOD)
    impact = forms.TypedChoiceField(label=_("Impact"), coerce=int, choices=IMPACT)


class RiskForm(RiskTextsForm, _Grades):
    """A new risk."""

    review_on = forms.DateField(
        label=_("Next review"), widget=forms.DateInput(), help_text=_("The owner is asked on this day.")
    )
    field_order = (
        "category",
        "title_en",
        "title_zh",
        "words_en",
        "words_zh",
        "likelihood",
        "impact",
        "owner",
        "review_on",
    )


class RiskReviewForm(AllianceForm, _Grades):
    """A look at a risk."""

    words = forms.CharField(
        label=_("What was found"),
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=4000,
        required=False,
        help_text=_("Needed where a grade changes."),
    )
    next_on = forms.DateField(label=_("Next review"), widget=forms.DateInput())
    field_order = ("likelihood", "impact", "words", "next_on")


class RiskMeasureForm(AllianceForm):
    """What is done against a risk."""

    words = forms.CharField(label=_("What is done"), max_length=300)
    owner = forms.TypedChoiceField(label=_("Who does it"), coerce=int, required=False, empty_value=None)
    due_on = forms.DateField(label=_("Done by"), widget=forms.DateInput())

    def __init__(self, *args: Any, people: Choices = (), **kwargs: Any) -> None:
        """Offer the people who see the register."""
        super().__init__(*args, **kwargs)
        offer(self, "owner", people, empty=_("whoever answers for the risk"))


class RiskReasonForm(AllianceForm):
    """A step that needs a reason, which stands in the register."""

    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("It stands in the register."),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=300,
    )
