"""Shape of the input about resources and bookings."""

from __future__ import annotations

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from alliance.kernel.forms import AllianceForm
from members.choices import ResourceAudience, ResourceKind, ResourceState


class ResourceForm(AllianceForm):
    """A resource an institution opens to others."""

    kind = forms.ChoiceField(
        label=_("Kind of resource"),
        choices=[("", _("Choose a kind")), *((value, capfirst(label)) for value, label in ResourceKind.choices)],
    )
    name_en = forms.CharField(label=_("Name in English"), max_length=200, required=False)
    name_zh = forms.CharField(
        label=_("Name in Chinese"), help_text=_("One of the two names is enough."), max_length=200, required=False
    )
    description_en = forms.CharField(
        label=_("Description in English"), widget=forms.Textarea, max_length=4000, required=False
    )
    description_zh = forms.CharField(
        label=_("Description in Chinese"), widget=forms.Textarea, max_length=4000, required=False
    )
    terms_en = forms.CharField(
        label=_("Terms of use in English"),
        help_text=_("Cost, insurance, who must be present, what may be published."),
        widget=forms.Textarea,
        max_length=4000,
        required=False,
    )
    terms_zh = forms.CharField(label=_("Terms of use in Chinese"), widget=forms.Textarea, max_length=4000, required=False)
    place = forms.CharField(label=_("Place"), max_length=200, required=False)
    audience = forms.ChoiceField(
        label=_("Who may use it"),
        choices=[(value, capfirst(label)) for value, label in ResourceAudience.choices],
        initial=ResourceAudience.MEMBERS,
        widget=forms.RadioSelect,
    )
    named = forms.CharField(
        label=_("Named institutions"),
        help_text=_("Their codes, with blanks or commas between them; only for “named institutions”."),
        max_length=1000,
        required=False,
    )
    is_bookable = forms.BooleanField(label=_("It can be booked by time"), initial=True, required=False)
    needs_approval = forms.BooleanField(label=_("Each booking needs our consent"), initial=True, required=False)


class ResourceChangeForm(ResourceForm):
    """A resource that is there already."""

    state = forms.ChoiceField(label=_("Offer"), choices=[(value, capfirst(label)) for value, label in ResourceState.choices])


class BookingForm(AllianceForm):
    """A booking."""

    starts_at = forms.DateTimeField(
        label=_("From"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    )
    ends_at = forms.DateTimeField(
        label=_("Until"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    )
    purpose = forms.CharField(label=_("Purpose"), help_text=_("The owner reads it."), max_length=300)
