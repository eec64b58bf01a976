"""What keeps machines out of a public form without asking people anything (security.md section 4(j)).

A hidden field, and a signed moment at which the form was opened. Works without script; nothing typed is lost.
"""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.core import signing
from django.utils.translation import gettext as _

from alliance.kernel.forms import AllianceForm

QUICKEST_SECONDS: Final = 3
LONGEST_SECONDS: Final = 24 * 3600


class GuardedForm(AllianceForm):
    """A form that anybody may send.

    Attributes:
        salt: Names the form in the signature of its start.
        subject: What the form is about; one opened for another subject is refused.
    """

    salt = "alliance.public_form"

    started = forms.CharField(required=False, widget=forms.HiddenInput)
    # No person sees this field; a program that fills in every field gives itself away. The template hides it.
    homepage = forms.CharField(required=False, widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"}))

    def __init__(self, *args: Any, subject: str, **kwargs: Any) -> None:
        """Build the form for one subject."""
        super().__init__(*args, **kwargs)
        self.subject = subject
        self.fields["started"].initial = self.sign_start()

    def sign_start(self) -> str:
        """The signed moment at which the form was opened."""
        return signing.TimestampSigner(salt=self.salt).sign(self.subject)

    def clean(self) -> dict[str, Any]:
        """Refuse what no person would send."""
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("homepage"):
            raise forms.ValidationError(
                _("Nothing was sent: a hidden field was filled in. Empty it, or load the page again."), code="hidden_field"
            )
        if problem := self._fault_of_start(cleaned.get("started", "")):
            # What was typed stays; only the hidden moment is renewed, so that sending once more works.
            data: Any = self.data
            data = data.copy()
            data[self.add_prefix("started")] = self.sign_start()
            self.data = data
            raise forms.ValidationError(problem, code="form_start")
        return cleaned

    def _fault_of_start(self, started: str) -> str:
        signer = signing.TimestampSigner(salt=self.salt)
        try:
            if signer.unsign(started, max_age=LONGEST_SECONDS) != self.subject:
                return _("Nothing was sent: the form belongs to another page. Send it once more.")
        except signing.SignatureExpired:
            return _("Nothing was sent: the form was open for more than 24 hours. Send it once more.")
        except signing.BadSignature:
            return _("Nothing was sent: the form was not complete. Send it once more.")
        try:
            signer.unsign(started, max_age=QUICKEST_SECONDS)
        except signing.SignatureExpired:
            return ""  # open for longer than the quickest person needs
        return _("Nothing was sent: it came faster than a person can fill it in. Send it once more.")
