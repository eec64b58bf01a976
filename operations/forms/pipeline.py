"""Forms of the ways back, of exceptions from a full stage, and of the rules of the pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.functional import lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from alliance.kernel.forms import AllianceForm
from operations.choices import ReleaseRule
from operations.selectors.stages import LIMITED, stage_label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alliance.kernel.transitions import Transition


class LoopBackForm(AllianceForm):
    """How far back, and why."""

    step = forms.ChoiceField(label=_("How far back?"), widget=forms.RadioSelect)
    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("The makers read it, and the pilot firms of a round that is called off."),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def __init__(self, *args: Any, steps: Sequence[Transition], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["step"]
        field.choices = [(step.name, step.label) for step in steps]  # type: ignore[attr-defined]


class AdmitForm(AllianceForm):
    """Which full stage, and why."""

    stage = forms.ChoiceField(label=_("Stage"))
    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("Why this one cannot wait until another is finished."),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def __init__(self, *args: Any, stages: Sequence[tuple[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["stage"].choices = stages  # type: ignore[attr-defined]


def _words_of_limit(stage: str) -> str:
    return gettext("Products at once in “%(stage)s”") % {"stage": stage_label(stage)}


_label_of_limit = lazy(_words_of_limit, str)
"""Put together when the page is drawn: a lazy text with a value put in at start-up would keep one language."""


def _limit(stage: str) -> forms.IntegerField:
    return forms.IntegerField(
        label=_label_of_limit(stage),
        help_text=_("Empty: no limit."),
        required=False,
        min_value=1,
        max_value=999,
    )


class RulesForm(AllianceForm):
    """Who decides on a release, and how many products a stage holds."""

    release_rule = forms.ChoiceField(
        label=_("Who decides on a release?"),
        choices=ReleaseRule.choices,
        widget=forms.RadioSelect,
        help_text=_("Whoever made or tried the product, or stands aside from it, never decides."),
    )
    limit_draft = _limit("draft")
    limit_transforming = _limit("transforming")
    limit_piloting = _limit("piloting")
    limit_improving = _limit("improving")
    note = forms.CharField(
        label=_("What changed, and why?"), max_length=300, required=False, help_text=_("The others read it in the history.")
    )
    based_on = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def limits(self) -> dict[str, int | None]:
        """The limits by stage, after validation."""
        return {stage: self.cleaned_data.get(f"limit_{stage}") for stage in LIMITED}
