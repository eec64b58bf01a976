"""Filters of the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from alliance.choices import AuditVia
from alliance.kernel.forms import AllianceForm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django_stubs_ext import StrOrPromise

ANY = ("", _("any"))


class AuditFilterForm(AllianceForm):
    """Shape of the filters; all of them are optional."""

    object_type = forms.ChoiceField(label=_("Record"), required=False)
    verb = forms.ChoiceField(label=_("Act"), required=False)
    via = forms.ChoiceField(label=_("Road"), required=False, choices=[ANY, *AuditVia.choices])
    actor = forms.EmailField(label=_("E-mail of who acted"), required=False, max_length=254)
    object_id = forms.CharField(label=_("Identifier of the record"), required=False, max_length=64)
    since = forms.DateField(label=_("From day"), required=False)
    until = forms.DateField(label=_("To day (included)"), required=False)

    def __init__(
        self,
        *args: Any,
        types: Sequence[tuple[str, StrOrPromise]],
        verbs: Sequence[tuple[str, StrOrPromise]],
        **kwargs: Any,
    ) -> None:
        """Offer the types and acts that stand in the log."""
        super().__init__(*args, **kwargs)
        for name, choices in (("object_type", types), ("verb", verbs)):
            field: Any = self.fields[name]
            field.choices = [ANY, *choices]

    def clean(self) -> dict[str, Any]:
        """The days run forward."""
        data: dict[str, Any] = super().clean() or {}
        if data.get("since") and data.get("until") and data["until"] < data["since"]:
            self.add_error("until", _("This day is before the first day."))
        return data

    def filters(self) -> dict[str, Any]:
        """The filters that were set."""
        return {name: value for name, value in self.cleaned_data.items() if value}


class ExportForm(AllianceForm):
    """What an export of the log holds."""

    with_personal = forms.BooleanField(
        label=_("With names, addresses and free texts"),
        help_text=_("Personal data; needed only to check those too."),
        required=False,
    )


class ProofForm(AllianceForm):
    """Which head the reader kept; its field is named as the parameter of the API."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["from"] = forms.IntegerField(
            label=_("Entries of the head you kept"), help_text=_("The number in its second line."), min_value=1
        )
