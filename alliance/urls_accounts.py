"""Sign-in, second factor, own account and sessions: what of allauth is open, route by route.

Sign-up, change of the address and everything by social networks have no route. Pages are drawn inside the view's
transaction (see ``alliance.views.accounts``).
"""

from allauth.account import views as account
from allauth.mfa.base import views as factor
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from allauth.usersessions import views as sessions
from django.urls import path, re_path

from alliance.views import accounts
from alliance.views.accounts import eager

urlpatterns = [
    path("login/", eager(accounts.SignInView.as_view()), name="account_login"),
    path("logout/", eager(account.logout), name="account_logout"),
    path("inactive/", eager(account.account_inactive), name="account_inactive"),
    path("signup/", accounts.signup_closed, name="account_signup"),
    path("reauthenticate/", eager(account.reauthenticate), name="account_reauthenticate"),
    path("password/change/", eager(account.password_change), name="account_change_password"),
    path("password/reset/", eager(account.password_reset), name="account_reset_password"),
    path("password/reset/done/", eager(account.password_reset_done), name="account_reset_password_done"),
    path(
        "password/reset/key/done/", eager(account.password_reset_from_key_done), name="account_reset_password_from_key_done"
    ),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        eager(account.password_reset_from_key),
        name="account_reset_password_from_key",
    ),
    path("profile/", accounts.profile, name="account_profile"),
    path("start/", accounts.start, name="account_start"),
    path("choose/institution/", accounts.choose_institution, name="choose_institution"),
    path("choose/alliance/", accounts.choose_alliance, name="choose_alliance"),
    path("2fa/", eager(accounts.FactorsView.as_view()), name="mfa_index"),
    path("2fa/authenticate/", eager(factor.authenticate), name="mfa_authenticate"),
    path("2fa/reauthenticate/", eager(factor.reauthenticate), name="mfa_reauthenticate"),
    path("2fa/app/activate/", eager(totp.activate_totp), name="mfa_activate_totp"),
    path("2fa/app/deactivate/", eager(totp.deactivate_totp), name="mfa_deactivate_totp"),
    path("2fa/recovery-codes/", eager(recovery.view_recovery_codes), name="mfa_view_recovery_codes"),
    path("2fa/recovery-codes/generate/", eager(recovery.generate_recovery_codes), name="mfa_generate_recovery_codes"),
    path("2fa/passkeys/", eager(webauthn.list_webauthn), name="mfa_list_webauthn"),
    path("2fa/passkeys/add/", eager(webauthn.add_webauthn), name="mfa_add_webauthn"),
    path("2fa/passkeys/login/", eager(webauthn.login_webauthn), name="mfa_login_webauthn"),
    path("2fa/passkeys/reauthenticate/", eager(webauthn.reauthenticate_webauthn), name="mfa_reauthenticate_webauthn"),
    path("2fa/passkeys/<int:pk>/remove/", eager(accounts.RemovePasskeyView.as_view()), name="mfa_remove_webauthn"),
    path("2fa/passkeys/<int:pk>/edit/", eager(webauthn.edit_webauthn), name="mfa_edit_webauthn"),
    path("sessions/", eager(sessions.list_usersessions), name="usersessions_list"),
    path("sessions/<int:pk>/end/", accounts.end_session, name="usersessions_end"),
]
