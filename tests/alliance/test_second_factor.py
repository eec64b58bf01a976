"""The second factor, fresh authentication and the life of sessions."""

from __future__ import annotations

import json
import re
import time
from datetime import timedelta
from typing import Any

import pytest
from allauth.core.exceptions import ReauthenticationRequired
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core import mail
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import timezone

from alliance.choices import AllianceRole
from alliance.kernel import ciphers, tenancy
from alliance.kernel.accounts import fresh_authentication, is_authentication_fresh, needs_second_factor
from alliance.models import Alliance, User
from tests.conftest import TenantClient
from tests.factories.alliance import give_role, give_second_factor, make_alliance, make_member, make_user

PASSWORD = "correct horse battery"
PAGE = "/a/under-test/console/people/"
SET_UP = "/a/under-test/accounts/2fa/?required=1"


@pytest.fixture(autouse=True)
def _no_counts_from_other_tests() -> None:
    cache.clear()


def signed_in(user: User) -> TenantClient:
    client = TenantClient()
    client.force_login(user, backend="alliance.kernel.permissions.RoleBackend")
    return client


def by_password(user: User, prefix: str = "/a/under-test/", client: TenantClient | None = None) -> TenantClient:
    client = client or TenantClient()
    client.post(f"{prefix}accounts/login/", {"login": user.email, "password": PASSWORD})
    return client


def code_of(secret: str) -> str:
    return str(format_hotp_value(hotp_value(secret, list(yield_hotp_counters_from_time())[1])))


def set_up_app(client: TenantClient, prefix: str = "/a/under-test/") -> tuple[str, list[str]]:
    page = client.get(f"{prefix}accounts/2fa/app/activate/").content.decode()
    secret = re.search(r'class="secret">([A-Z2-7=]+)<', page)
    assert secret is not None
    response = client.post(f"{prefix}accounts/2fa/app/activate/", {"code": code_of(secret[1])}, follow=True)
    return secret[1], re.findall(r"<li>(\d{8})</li>", response.content.decode())


# -- who needs one ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", AllianceRole.values)
def test_everybody_with_a_role_must_set_one_up_before_anything_else(alliance: Alliance, role: str) -> None:
    client = signed_in(make_member(alliance, role))

    response = client.get(PAGE)

    assert response["Location"] == SET_UP
    assert "One step is missing" in client.get(SET_UP).content.decode()


@pytest.mark.django_db(transaction=True)
def test_the_middleware_sees_roles_although_it_runs_outside_the_views_transaction() -> None:
    client = signed_in(make_member(make_alliance("under-test"), AllianceRole.OFFICE_ADMIN))

    assert client.get(PAGE)["Location"] == SET_UP


def test_parts_of_pages_and_the_api_are_told_in_their_own_way(alliance: Alliance) -> None:
    client = signed_in(make_member(alliance))

    part = client.get(PAGE, headers={"hx-request": "true"})
    api = client.get("/a/under-test/api/v1/schema/")

    assert (part.status_code, part["HX-Redirect"]) == (204, SET_UP)
    assert api.status_code == 403
    assert json.loads(api.content)["code"] == "second_factor_required"
    assert api["Content-Type"] == "application/problem+json"


def test_after_setting_one_up_the_way_is_open(alliance: Alliance) -> None:
    user = make_member(alliance, AllianceRole.OFFICE_ADMIN)
    client = by_password(user)
    assert client.get("/a/under-test/accounts/start/")["Location"] == SET_UP

    _secret, codes = set_up_app(client)

    assert len(codes) == 10
    assert client.get(PAGE).status_code == 200
    assert [message.to for message in mail.outbox] == [[user.email]] * len(mail.outbox)


def test_an_account_without_a_role_may_do_without(alliance: Alliance) -> None:
    assert not needs_second_factor(make_user(), alliance)
    assert not needs_second_factor(make_user(), None)


def test_a_platform_operator_needs_one_everywhere(alliance: Alliance) -> None:
    operator = User.objects.create_superuser("operator@example.org", PASSWORD)

    assert needs_second_factor(operator, None)
    assert signed_in(operator).get("/accounts/start/")["Location"] == "/accounts/2fa/?required=1"


def test_recovery_codes_alone_are_no_second_factor(alliance: Alliance) -> None:
    user = make_member(alliance)
    Authenticator.objects.create(user=user, type=Authenticator.Type.RECOVERY_CODES, data={})

    assert needs_second_factor(user, alliance)


def test_a_role_that_has_ended_asks_for_none(alliance: Alliance) -> None:
    user = make_user()
    role = give_role(user, alliance, AllianceRole.EDITOR)
    with tenancy.acting_in(alliance):
        role.ends_at = timezone.now() - timedelta(minutes=1)
        role.starts_at = timezone.now() - timedelta(days=1)
        role.save()

    assert not needs_second_factor(user, alliance)


# -- the exemption ------------------------------------------------------------------------------------------------------


@pytest.fixture
def showcase(db: None) -> Alliance:
    return make_alliance("showcase", is_demonstration=True)


def test_a_demonstration_account_signs_in_to_a_demonstration_with_the_password_alone(showcase: Alliance) -> None:
    user = make_member(showcase, AllianceRole.OFFICE_ADMIN, is_demonstration=True)

    client = by_password(user, "/a/showcase/")

    assert client.get("/a/showcase/console/people/").status_code == 200


def test_a_real_account_in_a_demonstration_is_not_exempt(showcase: Alliance) -> None:
    assert needs_second_factor(make_member(showcase, AllianceRole.OFFICE_ADMIN), showcase)


def test_the_database_keeps_demonstration_accounts_out_of_real_alliances(alliance: Alliance) -> None:
    user = make_user(is_demonstration=True)

    with pytest.raises(IntegrityError, match="demonstration alliances only"), transaction.atomic():
        give_role(user, alliance, AllianceRole.OFFICE_ADMIN)


def test_the_database_keeps_both_marks_as_they_were_made(alliance: Alliance, showcase: Alliance) -> None:
    real = make_member(alliance)
    shown = make_user(is_demonstration=True)

    rows: list[tuple[Any, bool]] = [(real, True), (shown, False), (alliance, True), (showcase, False)]
    for row, mark in rows:
        with pytest.raises(IntegrityError, match="never changes"), transaction.atomic():
            type(row).objects.filter(pk=row.pk).update(is_demonstration=mark)


def test_a_demonstration_account_is_no_operator(db: None) -> None:
    with pytest.raises(IntegrityError, match="user_demonstration_is_no_operator"), transaction.atomic():
        make_user(is_demonstration=True, is_platform_operator=True)


# -- signing in with one ------------------------------------------------------------------------------------------------


def test_sign_in_asks_for_the_code_of_the_app(alliance: Alliance) -> None:
    user = make_member(alliance, AllianceRole.OFFICE_ADMIN)
    secret, _codes = set_up_app(by_password(user))
    client = by_password(user)
    asked = client.get(PAGE)

    wrong = client.post("/a/under-test/accounts/2fa/authenticate/", {"code": "000000"})
    right = client.post("/a/under-test/accounts/2fa/authenticate/", {"code": code_of(secret)})

    assert "/accounts/login/" in asked["Location"], "the password alone opens nothing"
    assert "This code is not right" in wrong.content.decode()
    assert right["Location"] == "/a/under-test/accounts/start/"
    assert client.get(PAGE).status_code == 200


def test_a_recovery_code_works_once(alliance: Alliance) -> None:
    user = make_member(alliance, AllianceRole.OFFICE_ADMIN)
    _secret, codes = set_up_app(by_password(user))

    first = by_password(user)
    first.post("/a/under-test/accounts/2fa/authenticate/", {"code": codes[0]})
    second = by_password(user)
    second.post("/a/under-test/accounts/2fa/authenticate/", {"code": codes[0]})

    assert first.get(PAGE).status_code == 200
    assert second.get(PAGE).status_code == 302


def test_recovery_codes_are_shown_once(alliance: Alliance) -> None:
    client = by_password(make_member(alliance))
    _secret, codes = set_up_app(client)

    again = client.get("/a/under-test/accounts/2fa/recovery-codes/").content.decode()

    assert not any(code in again for code in codes)
    assert "10 codes are left" in again


def test_seeds_lie_sealed_in_the_database(alliance: Alliance) -> None:
    user = make_member(alliance)
    secret, codes = set_up_app(by_password(user))

    stored = json.dumps(list(Authenticator.objects.filter(user=user).values_list("data", flat=True)))

    assert stored.count("sealed1:") == 2
    assert secret not in stored
    assert not any(code in stored for code in codes)


def test_a_sealed_text_opens_after_a_rotation_and_only_for_its_purpose(settings: Any) -> None:
    settings.SECRET_KEY = "the first key " * 4
    sealed = ciphers.seal("a seed", "second factor")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "the second key " * 4, [settings.SECRET_KEY]

    assert ciphers.unseal(sealed, "second factor") == "a seed"
    with pytest.raises(ciphers.SealedTextError):
        ciphers.unseal(sealed, "another purpose")
    with pytest.raises(ciphers.SealedTextError):
        ciphers.unseal(sealed[:-6] + "AAAAA=", "second factor")
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(ciphers.SealedTextError):
        ciphers.unseal(sealed, "second factor")


def test_the_last_factor_of_somebody_who_acts_stays(alliance: Alliance) -> None:
    user = make_member(alliance)
    client = by_password(user)
    set_up_app(client)

    response = client.post("/a/under-test/accounts/2fa/app/deactivate/")

    assert "only second factor" in response.content.decode()
    assert Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists()


def test_the_last_passkey_of_somebody_who_acts_stays(alliance: Alliance) -> None:
    user = make_member(alliance)
    passkey = Authenticator.objects.create(user=user, type=Authenticator.Type.WEBAUTHN, data={"name": "Key"})
    client = signed_in(user)
    client.post("/a/under-test/accounts/reauthenticate/", {"password": PASSWORD})

    response = client.post(f"/a/under-test/accounts/2fa/passkeys/{passkey.pk}/remove/")

    assert response.status_code == 409
    assert "only second factor" in response.content.decode()
    assert Authenticator.objects.filter(pk=passkey.pk).exists()


def test_nobody_reaches_anothers_passkey(alliance: Alliance) -> None:
    passkey = Authenticator.objects.create(user=make_user(), type=Authenticator.Type.WEBAUTHN, data={"name": "Key"})
    client = by_password(make_user("anna@example.org"))

    for act in ("remove", "edit"):
        assert client.get(f"/a/under-test/accounts/2fa/passkeys/{passkey.pk}/{act}/").status_code == 404


# -- fresh authentication -----------------------------------------------------------------------------------------------


def test_five_minutes_after_sign_in_factors_need_the_password_again(
    alliance: Alliance, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = make_user("anna@example.org")
    client = by_password(user)
    address = "/a/under-test/accounts/2fa/app/activate/"
    assert client.get(address).status_code == 200

    later = time.time() + 301
    monkeypatch.setattr(time, "time", lambda: later)
    asked = client.get(address)
    confirmed = client.post("/a/under-test/accounts/reauthenticate/", {"password": PASSWORD, "next": address})

    assert asked["Location"].startswith("/a/under-test/accounts/reauthenticate/")
    assert confirmed["Location"] == address
    assert client.get(address).status_code == 200


def test_the_decorator_lets_through_only_the_fresh(db: None) -> None:
    @fresh_authentication
    def vote(request: Any) -> HttpResponse:
        return HttpResponse("voted")

    request = RequestFactory().post("/vote/")
    request.user = make_user()
    request.session = {}  # type: ignore[assignment]

    assert not is_authentication_fresh(request)
    with pytest.raises(ReauthenticationRequired):
        vote(request)
    from allauth.account.internal.flows.login import record_authentication

    record_authentication(request, request.user, method="password")
    assert vote(request).content == b"voted"


# -- life of sessions ---------------------------------------------------------------------------------------------------


@pytest.fixture
def at_work(alliance: Alliance) -> TenantClient:
    user = make_member(alliance, AllianceRole.OFFICE_ADMIN)
    give_second_factor(user)
    client = signed_in(user)
    assert client.get(PAGE).status_code == 200
    return client


def shift(client: TenantClient, **seconds: int) -> None:
    session = client.session
    for name, value in seconds.items():
        session[name] = session[name] - value
    session.save()


def test_half_an_hour_without_a_request_ends_the_session_and_keeps_the_place(at_work: TenantClient) -> None:
    shift(at_work, seen_at=30 * 60 + 1)

    ended = at_work.get(f"{PAGE}?q=li")

    assert ended["Location"] == "/a/under-test/accounts/login/?next=%2Fa%2Funder-test%2Fconsole%2Fpeople%2F%3Fq%3Dli"
    page = at_work.get(ended["Location"]).content.decode()
    assert "You were signed out" in page
    assert "You were signed out" not in at_work.get(ended["Location"]).content.decode()


def test_a_session_in_use_goes_on(at_work: TenantClient) -> None:
    shift(at_work, seen_at=29 * 60)
    assert at_work.get(PAGE).status_code == 200
    shift(at_work, seen_at=29 * 60)

    assert at_work.get(PAGE).status_code == 200


def test_twelve_hours_after_sign_in_the_session_ends_however_busy(at_work: TenantClient) -> None:
    shift(at_work, started_at=12 * 3600 + 1)

    assert "/accounts/login/" in at_work.get(PAGE)["Location"]


def test_the_own_account_obeys_the_same_terms(at_work: TenantClient) -> None:
    shift(at_work, seen_at=30 * 60 + 1)

    assert "/accounts/login/" in at_work.get("/a/under-test/accounts/profile/")["Location"]
