"""Shape of the input about motions on membership."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from alliance.kernel.forms import AllianceForm

if TYPE_CHECKING:
    from collections.abc import Iterable

CIRCULATION = ""


class AdmissionVoteForm(AllianceForm):
    """How the committee decides on an application."""

    meeting = forms.ChoiceField(label=_("Decided"), required=False, widget=forms.RadioSelect)
    closes_at = forms.DateTimeField(
        label=_("The vote closes"),
        help_text=_(
            "By circulation: the charter's working days are the least. In a meeting: the vote can also be closed there."
        ),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    recommendation = forms.CharField(
        label=_("Recommendation of the secretariat"),
        help_text=_("Stands in the motion; empty: the usual words."),
        widget=forms.Textarea,
        max_length=4000,
        required=False,
    )

    def __init__(self, *args: Any, meetings: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        """Offer the committee's coming meetings."""
        super().__init__(*args, **kwargs)
        field: Any = self.fields["meeting"]
        field.choices = [(CIRCULATION, _("By circulation")), *meetings]


class StandingMotionForm(AllianceForm):
    """Why a member is to be suspended or expelled."""

    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("What the member is charged with; it stands in the motion and the member reads it."),
        widget=forms.Textarea,
        max_length=4000,
    )
