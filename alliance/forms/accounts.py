"""Forms of sign-in and of the own account: allauth's behaviour, our words and our look."""

from __future__ import annotations

from typing import Any

from allauth.account import forms as account
from allauth.mfa.base import forms as factor
from allauth.mfa.recovery_codes import forms as recovery
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as webauthn
from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from alliance.kernel.forms import AllianceForm, FormLook
from alliance.models import User

PASSWORD_HINT = _("At least 12 characters; several unrelated words are best. You need not change it later.")


class Plain(FormLook):
    """Takes the placeholders away that allauth puts in place of labels."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Build and clean."""
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)

    _bound_fields_cache: dict[str, forms.BoundField]

    def name_field(self, name: str, label: Any, hint: Any = "") -> None:
        """Our label and hint."""
        self.fields[name].label = label
        self.fields[name].help_text = hint
        # A bound field takes label and hint over when it is first asked for, which the dressing may have done already.
        self._bound_fields_cache.pop(name, None)


class SignInForm(Plain, account.LoginForm):
    """E-mail address and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Our words."""
        super().__init__(*args, **kwargs)
        self.name_field("login", _("E-mail address"))
        self.name_field("password", _("Password"))
        self.fields["login"].widget.attrs.update(autocomplete="username webauthn", autocapitalize="none", spellcheck="false")


class ResetForm(Plain, account.ResetPasswordForm):
    """Where to send the link."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Our words."""
        super().__init__(*args, **kwargs)
        self.name_field("email", _("E-mail address"))


class ResetKeyForm(Plain, account.ResetPasswordKeyForm):
    """The new password, typed once more."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Our words."""
        super().__init__(*args, **kwargs)
        self.name_field("password1", _("New password"), PASSWORD_HINT)
        self.name_field("password2", _("New password again"))


class PasswordForm(Plain, account.ChangePasswordForm):
    """Present and new password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Our words."""
        super().__init__(*args, **kwargs)
        self.name_field("oldpassword", _("Present password"))
        self.name_field("password1", _("New password"), PASSWORD_HINT)
        self.name_field("password2", _("New password again"))


class ConfirmPasswordForm(Plain, account.ReauthenticateForm):
    """The password once more, before something that matters."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Our words."""
        super().__init__(*args, **kwargs)
        self.name_field("password", _("Password"))


def dress_code(form: Plain, label: Any, hint: Any = "") -> None:
    """A field for a short code: digits on phones, no memory of it."""
    form.name_field("code", label, hint)
    form.fields["code"].widget.attrs.update(autocomplete="one-time-code", autocapitalize="none", spellcheck="false")
    widget = form.fields["code"].widget
    widget.attrs["class"] = f"{widget.attrs.get('class', '')} width-10".strip()


class CodeForm(Plain, factor.AuthenticateForm):
    """A code at sign-in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Our words."""
        super().__init__(*args, **kwargs)
        dress_code(
            self, pgettext_lazy("at sign-in", "Code"), _("From your authenticator app, or one of your recovery codes.")
        )


class ConfirmCodeForm(Plain, factor.ReauthenticateForm):
    """A code, before something that matters."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Our words."""
        super().__init__(*args, **kwargs)
        dress_code(
            self, pgettext_lazy("at sign-in", "Code"), _("From your authenticator app, or one of your recovery codes.")
        )


class ActivateAppForm(Plain, totp.ActivateTOTPForm):
    """The first code of a new authenticator app."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Our words."""
        super().__init__(*args, **kwargs)
        dress_code(self, _("Code that the app shows now"), _("Six digits."))


class DeactivateAppForm(Plain, totp.DeactivateTOTPForm):
    """Nothing to fill in."""


class NewRecoveryCodesForm(Plain, recovery.GenerateRecoveryCodesForm):
    """Nothing to fill in."""


class AddPasskeyForm(Plain, webauthn.AddWebAuthnForm):
    """Name of a new passkey; the browser fills in the rest."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Our words."""
        super().__init__(*args, **kwargs)
        self.name_field("name", _("Name"), _("Tells your passkeys apart, for example “Office laptop”."))
        self.fields["name"].max_length = 60  # type: ignore[attr-defined]
        self.fields["name"].widget.attrs["maxlength"] = "60"
        self.name_field("passwordless", _("Sign in with this passkey alone, without the password"))
        self.fields["passwordless"].initial = True


class NamePasskeyForm(Plain, webauthn.EditWebAuthnForm):
    """Another name."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Our words."""
        super().__init__(*args, **kwargs)
        self.name_field("name", _("Name"))
        self.fields["name"].widget.attrs["maxlength"] = "60"


class ProfileForm(AllianceForm):
    """What people may change about themselves."""

    name_en = forms.CharField(label=_("Name in Latin letters"), max_length=120, required=False)
    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=120, required=False)
    language = forms.ChoiceField(
        label=_("Language"),
        choices=settings.LANGUAGES,
        widget=forms.RadioSelect,
        help_text=_("Of pages and of mails to you."),
    )
    shortcuts_enabled = forms.BooleanField(
        label=_("Single-letter shortcuts in the console"),
        required=False,
        help_text=_("Switch them off if you use speech input or press keys by accident."),
    )

    def clean(self) -> dict[str, Any]:
        """One name at least."""
        data: dict[str, Any] = super().clean() or {}
        if not data.get("name_en") and not data.get("name_zh"):
            self.add_error("name_en", _("Give your name in at least one script."))
        return data


class NewAccountForm(AllianceForm):
    """What an invited person fills in."""

    name_en = forms.CharField(label=_("Name in Latin letters"), max_length=120, required=False)
    name_zh = forms.CharField(label=_("Name in Chinese"), max_length=120, required=False)
    password = forms.CharField(
        label=_("Password"),
        help_text=PASSWORD_HINT,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    password_again = forms.CharField(
        label=_("Password again"), strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        """Keep the address, of which the password must not be a copy."""
        self.email = email
        super().__init__(*args, **kwargs)
        self.fields["name_en"].widget.attrs["autocomplete"] = "name"

    def clean(self) -> dict[str, Any]:
        """A name, and a good password typed twice."""
        data: dict[str, Any] = super().clean() or {}
        if not data.get("name_en") and not data.get("name_zh"):
            self.add_error("name_en", _("Give your name in at least one script."))
        password = data.get("password")
        if password:
            user = User(email=self.email, name_en=data.get("name_en") or "", name_zh=data.get("name_zh") or "")
            try:
                validate_password(password, user)
            except forms.ValidationError as error:
                self.add_error("password", error)
            if data.get("password_again") and data["password_again"] != password:
                self.add_error("password_again", _("The two passwords differ. Type the same one twice."))
        return data
