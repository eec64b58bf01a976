"""The public rating form and what keeps machines out of it without asking people anything (security.md section 4(j))."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.core import signing
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from alliance.kernel.forms import AllianceForm
from services.choices import ClientKind

START_SALT: Final = "services.rating.form"
QUICKEST_SECONDS: Final = 3
LONGEST_SECONDS: Final = 24 * 3600

SCORES: Final[tuple[tuple[int, str | Promise], ...]] = (
    (5, pgettext_lazy("mark", "5: very useful")),
    (4, pgettext_lazy("mark", "4: useful")),
    (3, pgettext_lazy("mark", "3: partly useful")),
    (2, pgettext_lazy("mark", "2: of little use")),
    (1, pgettext_lazy("mark", "1: of no use")),
)


def sign_start(entry_code: str) -> str:
    """The signed moment at which a form was opened."""
    return signing.TimestampSigner(salt=START_SALT).sign(entry_code)


class RatingForm(AllianceForm):
    """A mark, who gives it, a comment if wanted, and the address that confirms it."""

    score = forms.TypedChoiceField(label=_("How useful was it?"), choices=SCORES, coerce=int, widget=forms.RadioSelect)
    client_kind = forms.ChoiceField(label=_("Who are you?"), choices=ClientKind.choices, widget=forms.RadioSelect)
    comment = forms.CharField(
        label=_("Comment"),
        help_text=_("What helped, what was missing. An editor reads it before it is shown."),
        max_length=2000,
        required=False,
        widget=forms.Textarea,
    )
    email = forms.EmailField(
        label=_("E-mail"),
        help_text=_("We send one mail with a link to confirm. The address is not kept and not shown."),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    started = forms.CharField(required=False, widget=forms.HiddenInput)
    # No person sees this field; a program that fills in every field gives itself away. The template hides it.
    homepage = forms.CharField(required=False, widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"}))

    def __init__(self, *args: Any, entry_code: str, **kwargs: Any) -> None:
        """Build the form for one entry."""
        super().__init__(*args, **kwargs)
        self.entry_code = entry_code
        self.fields["started"].initial = sign_start(entry_code)

    def clean(self) -> dict[str, Any]:
        """Refuse what no person would send."""
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("homepage"):
            raise forms.ValidationError(
                _(
                    "The rating was not sent: a hidden field was filled in. Load the page again and fill in the fields you see."
                ),
                code="hidden_field",
            )
        self._check_start(cleaned.get("started", ""))
        return cleaned

    def _check_start(self, started: str) -> None:
        signer = signing.TimestampSigner(salt=START_SALT)
        problem: Any = ""
        try:
            if signer.unsign(started, max_age=LONGEST_SECONDS) != self.entry_code:
                problem = _("The rating was not sent: the form belongs to another page. Send it once more.")
        except signing.SignatureExpired:
            problem = _("The rating was not sent: the form was open for more than 24 hours. Send it once more.")
        except signing.BadSignature:
            problem = _("The rating was not sent: the form was not complete. Send it once more.")
        else:
            try:
                signer.unsign(started, max_age=QUICKEST_SECONDS)
            except signing.SignatureExpired:
                return  # open for longer than the quickest person needs
            problem = problem or _(
                "The rating was not sent: it came faster than a person can fill it in. Send it once more."
            )
        # What was typed stays; only the hidden moment is renewed, so that sending once more works.
        if problem:
            data: Any = self.data
            data = data.copy()
            data[self.add_prefix("started")] = sign_start(self.entry_code)
            self.data = data
            raise forms.ValidationError(problem, code="form_start")


class ModerationForm(forms.Form):
    """The editor's decision on a comment."""

    decision = forms.ChoiceField(choices=[("show", "show"), ("hide", "hide"), ("take_up", "take_up")])
    take_up = forms.BooleanField(required=False)
