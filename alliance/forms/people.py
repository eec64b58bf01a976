"""Forms for inviting people and giving roles: shape of the input only."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from alliance.choices import AllianceRole
from alliance.kernel.forms import AllianceForm
from alliance.kernel.invitations import GrantOffer, acceptors


class InvitationForm(AllianceForm):
    """Whom to invite, and to what."""

    email = forms.EmailField(label=_("E-mail address"), max_length=254)
    language = forms.ChoiceField(label=_("Language of the mail"), choices=settings.LANGUAGES, widget=forms.RadioSelect)
    roles = forms.MultipleChoiceField(
        label=_("Roles in the alliance"),
        choices=AllianceRole.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("The audit administrator may not be office administrator or secretariat as well."),
    )
    institution_role = forms.ChoiceField(label=_("Role in an institution"), required=False)
    institution = forms.CharField(
        label=_("Code of the institution"),
        max_length=40,
        required=False,
        help_text=_("As in the list of institutions. Only with a role in an institution."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the institution part only while a layer gives roles there."""
        super().__init__(*args, **kwargs)
        if "institution" in acceptors:
            self.fields["institution_role"].choices = [  # type: ignore[attr-defined]
                ("", _("none")),
                *acceptors.get("institution").roles(),
            ]
        else:
            del self.fields["institution_role"], self.fields["institution"]

    def clean(self) -> dict[str, Any]:
        """At least one role; role and institution go together."""
        data: dict[str, Any] = super().clean() or {}
        role, institution = data.get("institution_role"), data.get("institution")
        if role and not institution:
            self.add_error("institution", _("Give the code of the institution in which the role is held."))
        if institution and not role:
            self.add_error("institution_role", _("Choose the role in this institution."))
        if not data.get("roles") and not role and not institution:
            self.add_error("roles", _("Choose at least one role."))
        return data

    def offers(self) -> list[GrantOffer]:
        """The chosen roles as an invitation holds them."""
        offers: list[GrantOffer] = [{"scope": "alliance", "role": role} for role in self.cleaned_data["roles"]]
        if role := self.cleaned_data.get("institution_role"):
            offers.append({"scope": "institution", "role": role, "institution": self.cleaned_data["institution"].strip()})
        return offers


class RoleForm(AllianceForm):
    """A role in the alliance for a period of whole days."""

    role = forms.ChoiceField(label=_("Role"), choices=AllianceRole.choices)
    starts_on = forms.DateField(
        label=_("First day"), required=False, widget=forms.DateInput, help_text=_("Empty: from now on.")
    )
    ends_on = forms.DateField(
        label=_("Last day"), required=False, widget=forms.DateInput, help_text=_("Empty: until somebody ends it.")
    )

    def period(self) -> tuple[datetime | None, datetime | None]:
        """The days as moments: from the first one's beginning to the end of the last one."""
        first, last = self.cleaned_data["starts_on"], self.cleaned_data["ends_on"]
        starts = timezone.make_aware(datetime.combine(first, time.min)) if first and first > timezone.localdate() else None
        ends = timezone.make_aware(datetime.combine(last + timedelta(days=1), time.min)) if last else None
        return starts, ends
