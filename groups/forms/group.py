"""Shape of the input about groups, seats and conflicts of interest."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from alliance.kernel.forms import AllianceForm
from groups.choices import OPEN_GROUPS, GroupKind, SeatRole


class JoinForm(AllianceForm):
    """Which groups all eligible institutions join."""

    groups = forms.MultipleChoiceField(
        label=_("Groups"),
        help_text=_("Active institutions whose kind may sit there and that have no seat yet become members."),
        choices=[(kind, capfirst(GroupKind(kind).label)) for kind in OPEN_GROUPS],
        widget=forms.CheckboxSelectMultiple,
        initial=list(OPEN_GROUPS),
        error_messages={"required": _("Choose at least one group.")},
    )
    note_elements = forms.BooleanField(
        label=_("Also note the elements that each kind usually brings, as not assessed"),
        help_text=_("Only where nothing is noted yet. Leave it off if the institutions shall state them themselves."),
        required=False,
    )


class SeatForm(AllianceForm):
    """A seat to give."""

    institution = forms.CharField(label=_("Institution"), help_text=_("Its code, such as I-0001."), max_length=40)
    role = forms.ChoiceField(
        label=_("Role"), choices=[(value, capfirst(label)) for value, label in SeatRole.choices], initial=SeatRole.MEMBER
    )
    starts_on = forms.DateField(label=_("From"))
    ends_on = forms.DateField(label=_("Until"), help_text=_("That day included."), required=False)
    exception_motion = forms.CharField(
        label=_("Motion of the committee that allows an exception"),
        help_text=_("Only where the kind of institution may not sit in this group: code of the passed motion."),
        max_length=40,
        required=False,
    )


class ConflictForm(AllianceForm):
    """A conflict of interest to declare."""

    institution = forms.CharField(label=_("Institution"), help_text=_("Its code, such as I-0001."), max_length=40)
    matter = forms.CharField(label=_("Matter"), help_text=_("For a product: product: and its code."), max_length=80)
    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea, max_length=2000)


def place_errors(form: forms.Form, fields: dict[str, Any], reason: Any) -> None:
    """Put the refusal of an action at the fields it concerns, else at the top."""
    for name, words in fields.items():
        form.add_error(name if name in form.fields else None, words)
    if not fields:
        form.add_error(None, reason)
