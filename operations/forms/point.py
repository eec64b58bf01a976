"""Shape of the input about points of feedback; rules stay in the actions."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from alliance.kernel.forms import AllianceForm
from operations.actions.point import ANSWERS, MAX_ANSWER, MAX_CHANGE
from operations.choices import PointState


class ChangeForm(AllianceForm):
    """A change to agree on."""

    text = forms.CharField(label=_("Change to make"), max_length=MAX_CHANGE)


class PointForm(AllianceForm):
    """What becomes of a point of feedback."""

    state = forms.ChoiceField(
        label=_("What becomes of it"),
        choices=[(state.value, PointState(state).label) for state in ANSWERS],
        widget=forms.RadioSelect,
    )
    answer = forms.CharField(
        label=_("What was or will be done, or why not"),
        help_text=_("Those who said it read this, and so does everybody once a release names the point."),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=MAX_ANSWER,
        required=False,
    )
    done_in = forms.TypedChoiceField(
        label=_("Done in version"), help_text=_("Only for “done”."), coerce=int, empty_value=None, required=False
    )

    def __init__(self, *args: Any, first: int, following: int, **kwargs: Any) -> None:
        """Offer the versions from the one it was said of to the next one, which comes first."""
        super().__init__(*args, **kwargs)
        versions = range(following, first - 1, -1)
        self.fields["done_in"].choices = [  # type: ignore[attr-defined]
            (version, _("%(version)s, the next one") % {"version": version} if version == following else str(version))
            for version in versions
        ]
