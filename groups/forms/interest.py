"""Shape of the input about interests, declarations, conflicts and waivers."""

from __future__ import annotations

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from alliance.kernel.forms import AllianceForm
from groups.choices import HoldingDirection
from members.choices import InterestKind


class InterestForm(AllianceForm):
    """One interest of an institution."""

    kind = forms.ChoiceField(
        label=_("What is it?"),
        choices=[(value, capfirst(label)) for value, label in InterestKind.choices],
        widget=forms.RadioSelect,
    )
    member = forms.CharField(
        label=_("Member concerned"), help_text=_("Its code, such as I-0001."), max_length=40, required=False
    )
    outside_party = forms.CharField(
        label=_("Or a party outside the alliance"),
        help_text=_("Its full name. If it applies for membership, your institution stands aside."),
        max_length=200,
        required=False,
    )
    direction = forms.ChoiceField(
        label=_("For shares: who holds whose?"),
        choices=[("", _("Not about shares")), *((value, capfirst(label)) for value, label in HoldingDirection.choices)],
        required=False,
    )
    share_percent = forms.DecimalField(
        label=_("Share in per cent"), max_digits=5, decimal_places=2, min_value=0, max_value=100, required=False
    )
    person = forms.CharField(
        label=_("Person concerned"),
        help_text=_("Who holds the post, or whose relative it is."),
        max_length=120,
        required=False,
    )
    words = forms.CharField(
        label=_("Particulars"),
        help_text=_("One or two sentences. Read by the secretariat and the management committee only."),
        widget=forms.Textarea,
        max_length=2000,
        required=False,
    )
    starts_on = forms.DateField(label=_("From"), required=False)
    ends_on = forms.DateField(label=_("Until"), required=False)


class DeclarationForm(AllianceForm):
    """The yearly confirmation."""

    confirm = forms.BooleanField(label=_("What is declared here is complete"))

    def __init__(self, *args: object, nothing: bool, **kwargs: object) -> None:
        """Word the confirmation for what is declared.

        Args:
            *args: As for every form.
            nothing: Whether no interest is declared.
            **kwargs: As for every form.
        """
        if nothing:
            self.base_fields = {  # type: ignore[misc]  # this form's own copy
                "confirm": forms.BooleanField(label=_("We have nothing to declare"))
            }
        super().__init__(*args, **kwargs)


class MatterConflictForm(AllianceForm):
    """An interest of one's own institution in one matter."""

    matter = forms.CharField(
        label=_("Matter"),
        help_text=_("As it stands on the matter's page, such as product:P-029 or motion:M-0004."),
        max_length=80,
    )
    reason = forms.CharField(
        label=_("Which interest?"),
        help_text=_("One or two sentences. Other members see that you stand aside, not why."),
        widget=forms.Textarea,
        max_length=2000,
    )


class AskForm(AllianceForm):
    """Ask now for the declarations of this year."""

    due_on = forms.DateField(label=_("Answer by"))


class WaiverForm(AllianceForm):
    """Why an institution shall act in spite of a conflict."""

    reason = forms.CharField(
        label=_("Reason for a waiver"),
        help_text=_("Goes on record. A second person grants or refuses it."),
        widget=forms.Textarea,
        max_length=2000,
    )
