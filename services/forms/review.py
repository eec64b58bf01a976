"""Forms of follow-ups and of the evaluation of a contract."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django import forms
from django.utils.functional import lazy
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django_stubs_ext import StrOrPromise

from alliance.kernel.forms import AllianceForm
from services.actions.follow_up import LONGEST as LONGEST_ANSWER
from services.actions.review import LONGEST
from services.actions.review_appeal import DISMISS, UPHOLD
from services.choices import Progress, ReviewCriterion

MARKS: Final = tuple((str(mark), str(mark)) for mark in range(1, 6))
NO_MARK: Final = ("", pgettext_lazy("evaluation", "cannot judge"))


_capital = lazy(lambda text: capfirst(str(text)), str)
"""A label that begins a line, in the language of the reader."""


def _scale() -> forms.RadioSelect:
    return forms.RadioSelect(attrs={"class": "scale"})


def _area(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


class FollowUpForm(AllianceForm):
    """How the work goes, in a minute."""

    progress = forms.ChoiceField(
        label=gettext_lazy("How does the work go?"), choices=Progress.choices, widget=forms.RadioSelect
    )
    cooperation = forms.TypedChoiceField(
        label=gettext_lazy("How do you work together with the other side?"),
        help_text=gettext_lazy("1 very poorly, 5 very well"),
        choices=MARKS,
        coerce=int,
        widget=_scale(),
    )
    wants_help = forms.BooleanField(label=gettext_lazy("The desk shall call us"), required=False)
    words = forms.CharField(label=gettext_lazy("In words"), max_length=LONGEST_ANSWER, required=False, widget=_area(3))


class HandleForm(AllianceForm):
    """What the desk did about a signal."""

    words = forms.CharField(
        label=gettext_lazy("What was done"),
        help_text=gettext_lazy("The side that gave the signal reads it."),
        max_length=LONGEST_ANSWER,
        widget=_area(4),
    )


class SheetForm(AllianceForm):
    """Marks of one party for another."""

    quality, punctuality, cooperation, terms, fairness = (
        forms.TypedChoiceField(
            label=_capital(criterion.label),  # type: ignore[no-untyped-call]  # the stubs leave lazy untyped
            choices=(*MARKS, NO_MARK),
            coerce=int,
            empty_value=None,
            required=False,
            widget=_scale(),
        )
        for criterion in ReviewCriterion
    )
    words = forms.CharField(label=gettext_lazy("In words"), max_length=LONGEST, required=False, widget=_area(4))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for criterion in ReviewCriterion:
            self.fields[criterion.value].one_of_several = True  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """One mark at least."""
        found = super().clean() or {}
        if not self.errors and not self.marks(found):
            self.add_error(None, _("Give at least one mark, or leave this party out for now."))
        return found

    def marks(self, values: dict[str, Any] | None = None) -> dict[str, int]:
        """The marks that were given."""
        source = values if values is not None else self.cleaned_data
        return {one.value: source[one.value] for one in ReviewCriterion if source.get(one.value) is not None}


class ReplyForm(AllianceForm):
    """A reply to a sheet."""

    words = forms.CharField(
        label=gettext_lazy("Your reply"),
        help_text=gettext_lazy("All three parties read it. One reply per sheet."),
        max_length=LONGEST,
        widget=_area(3),
    )


def _labels(criteria: Sequence[str]) -> list[tuple[str, StrOrPromise]]:
    return [(one, capfirst(str(ReviewCriterion(one).label))) for one in criteria]


class AppealForm(AllianceForm):
    """Which marks are contested, and why."""

    criteria = forms.MultipleChoiceField(label=gettext_lazy("Marks that you contest"), widget=forms.CheckboxSelectMultiple)
    grounds = forms.CharField(
        label=gettext_lazy("Grounds"),
        help_text=gettext_lazy("Say what happened and how it can be checked. Nothing changes until the appeal is decided."),
        max_length=LONGEST,
        widget=_area(4),
    )

    def __init__(self, *args: Any, criteria: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["criteria"].choices = _labels(criteria)  # type: ignore[attr-defined]


class DecisionForm(AllianceForm):
    """The decision on an appeal."""

    verdict = forms.ChoiceField(
        label=pgettext_lazy("appeal", "Decision"),
        choices=(
            (UPHOLD, gettext_lazy("Uphold the appeal, wholly or in part")),
            (DISMISS, gettext_lazy("Dismiss the appeal")),
        ),
        widget=forms.RadioSelect,
    )
    struck = forms.MultipleChoiceField(
        label=gettext_lazy("Marks that no longer count"),
        help_text=gettext_lazy("Only where the appeal is upheld. A mark that is struck stays readable."),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    words = forms.CharField(
        label=gettext_lazy("Reasons"),
        help_text=gettext_lazy("All three parties read them."),
        max_length=LONGEST,
        widget=_area(5),
    )

    def __init__(self, *args: Any, criteria: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["struck"].choices = _labels(criteria)  # type: ignore[attr-defined]
