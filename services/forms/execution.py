"""Forms of the work under a contract: hand over, send back, record and answer payments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from alliance.kernel import uploads
from alliance.kernel.forms import AllianceForm
from services.actions.execution import FILE_PURPOSE, MOST_FILES, MOST_WORDS
from services.actions.execution_payment import LONGEST_REFERENCE
from services.actions.execution_payment import MOST_WORDS as MOST_PAYMENT_WORDS


class ManyFilesInput(forms.ClearableFileInput):
    """A control that takes several files at once."""

    allow_multiple_selected = True


class ManyFilesField(forms.FileField):
    """Several files, each looked at as one; a list, empty when none was chosen."""

    widget = ManyFilesInput

    def clean(self, data: Any, initial: Any = None) -> Any:
        """Each file on its own."""
        given = data if isinstance(data, list | tuple) else [data]
        found = [super(ManyFilesField, self).clean(one, initial) for one in given if one]
        if not found and self.required:
            return super().clean(None, initial)
        return found


class HandOverForm(AllianceForm):
    """What is handed over."""

    words = forms.CharField(
        label=_("What do you hand over?"),
        help_text=_("Say how it meets the acceptance criterion above."),
        max_length=MOST_WORDS,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    attachments = ManyFilesField(
        label=_("Files"),
        help_text=_(
            "PDF, pictures, Office documents, CSV, text or ZIP; ten at most. All parties of the contract and the desk may open them."
        ),
        required=False,
        max_length=200,
    )
    purpose = FILE_PURPOSE
    most = MOST_FILES

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["attachments"].widget.attrs["accept"] = ",".join(uploads.purposes.get(FILE_PURPOSE).extensions)


class ReturnForm(AllianceForm):
    """What is to be mended, and until when."""

    words = forms.CharField(
        label=_("What is to be mended?"),
        help_text=_("List each point; the supply side works through the list."),
        max_length=MOST_WORDS,
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    rework_by = forms.DateField(label=_("To be mended by"), widget=forms.DateInput)


class PaymentForm(AllianceForm):
    """A payment that was made."""

    role = forms.ChoiceField(label=_("Paid by"))
    amount = forms.DecimalField(label=_("Sum in yuan"), max_digits=14, decimal_places=2)
    paid_on = forms.DateField(label=_("Day of the transfer"), widget=forms.DateInput)
    reference = forms.CharField(
        label=_("Reference of the transfer"),
        help_text=_("As the bank names it, so that the supply side finds it."),
        max_length=LONGEST_REFERENCE,
    )

    def __init__(self, *args: Any, roles: Sequence[tuple[str, StrOrPromise]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = list(roles)  # type: ignore[attr-defined]


class PaymentWordsForm(AllianceForm):
    """Why a payment is contradicted or taken out of the record."""

    words = forms.CharField(
        label=_("Why?"),
        help_text=_("All parties read it."),
        max_length=MOST_PAYMENT_WORDS,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
