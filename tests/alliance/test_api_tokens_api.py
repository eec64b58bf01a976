"""Machine clients: tokens, scopes, networks, rotation, and their alliance as a wall."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import get_access_token_model

from alliance.actions.api_clients import register_client, revoke_client, rotate_secret
from alliance.api import authentication
from alliance.api.scopes import SCOPES
from alliance.kernel import tenancy
from alliance.kernel.errors import InvalidInputError, NotFoundError, PermissionRefusedError
from alliance.models import Alliance, ApiClient, AuditEntry, User
from tests.factories.alliance import address, make_alliance
from tests.factories.api import ask_token, basic, bearer, make_api_client

pytestmark = pytest.mark.django_db


def test_a_registered_client_gets_a_token_for_its_scopes_for_ten_minutes(client: Client, alliance: Alliance) -> None:
    made = make_api_client(alliance, ["products:read", "catalogue:read"])

    answer = ask_token(client, alliance, made)

    assert answer.status_code == 200
    assert answer.json()["expires_in"] == 600
    assert set(answer.json()["scope"].split()) == {"products:read", "catalogue:read"}
    assert "refresh_token" not in answer.json()
    assert answer["Cache-Control"] == "no-store"


def test_a_token_can_be_asked_for_fewer_scopes_but_never_for_more(client: Client, alliance: Alliance) -> None:
    made = make_api_client(alliance, ["products:read", "catalogue:read"])

    fewer = ask_token(client, alliance, made, scope="catalogue:read")
    more = ask_token(client, alliance, made, scope="catalogue:read groups:read")

    assert fewer.json()["scope"] == "catalogue:read"
    assert more.status_code == 400
    assert more.json()["error"] == "invalid_scope"


@pytest.mark.parametrize(
    "grant",
    ["password", "authorization_code", "refresh_token", "implicit", "", "urn:ietf:params:oauth:grant-type:device_code"],
)
def test_every_other_grant_is_refused(client: Client, alliance: Alliance, grant: str) -> None:
    made = make_api_client(alliance)

    answer = client.post(
        address(alliance, "api_token"),
        {"grant_type": grant, "username": "a", "password": "b", "code": "c", "refresh_token": "d", "device_code": "e"},
        headers={"Authorization": basic(made.client.client_id, made.secret)},
    )

    assert answer.status_code in {400, 401}
    assert "access_token" not in answer.json()
    assert not get_access_token_model().objects.exists()  # type: ignore[no-untyped-call]


def test_a_wrong_secret_and_an_unknown_client_get_the_same_answer(client: Client, alliance: Alliance) -> None:
    made = make_api_client(alliance)

    wrong = ask_token(client, alliance, made, secret="not the secret")
    unknown = client.post(
        address(alliance, "api_token"),
        {"grant_type": "client_credentials"},
        headers={"Authorization": basic("nobody", "not the secret")},
    )

    assert (wrong.status_code, wrong.content) == (unknown.status_code, unknown.content)
    assert wrong.status_code == 401


def test_a_client_is_unknown_in_another_alliance(client: Client, alliance: Alliance, other_alliance: Alliance) -> None:
    made = make_api_client(alliance)

    elsewhere = ask_token(client, other_alliance, made)
    nobody = client.post(
        address(other_alliance, "api_token"),
        {"grant_type": "client_credentials"},
        headers={"Authorization": basic("nobody", "x")},
    )

    assert elsewhere.status_code == 401
    assert elsewhere.content == nobody.content


def test_a_token_opens_nothing_in_another_alliance_and_says_nothing_about_itself(
    client: Client, alliance: Alliance, other_alliance: Alliance
) -> None:
    headers = bearer(client, alliance)

    there = client.get(address(other_alliance, "api_product_list"), headers=headers)
    garbage = client.get(address(other_alliance, "api_product_list"), headers={"Authorization": "Bearer nonsense"})

    assert client.get(address(alliance, "api_product_list"), headers=headers).status_code == 200
    assert there.status_code == garbage.status_code == 401
    assert _without_id(there) == _without_id(garbage)
    assert there.json()["code"] == "invalid_token"


def test_the_database_itself_hides_clients_of_other_alliances(alliance: Alliance, other_alliance: Alliance) -> None:
    made = make_api_client(alliance)

    with tenancy.acting_in(other_alliance):
        assert not ApiClient.objects.filter(client_id=made.client.client_id).exists()
    with tenancy.acting_in(alliance):
        assert ApiClient.objects.filter(client_id=made.client.client_id).exists()


def test_neither_token_nor_secret_stands_in_the_database(client: Client, alliance: Alliance) -> None:
    made = make_api_client(alliance)

    token = ask_token(client, alliance, made).json()["access_token"]

    with tenancy.acting_in(alliance), connection.cursor() as cursor:
        for table in ("oauth2_provider_accesstoken", "oauth2_provider_refreshtoken", "alliance_apiclient"):
            cursor.execute(f"SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} t")
            rows = cursor.fetchone()[0]
            assert token not in rows
            assert made.secret not in rows
        cursor.execute("SELECT count(*) FROM oauth2_provider_accesstoken")
        assert cursor.fetchone()[0] == 1


def test_a_token_ends_when_its_time_is_over(client: Client, alliance: Alliance) -> None:
    headers = bearer(client, alliance)
    with tenancy.acting_in(alliance), connection.cursor() as cursor:
        cursor.execute("UPDATE oauth2_provider_accesstoken SET expires = now() - interval '1 second'")

    answer = client.get(address(alliance, "api_product_list"), headers=headers)

    assert answer.status_code == 401
    assert answer.json()["code"] == "invalid_token"


def test_both_secrets_work_during_a_rotation_and_only_then(client: Client, alliance: Alliance, office_admin: User) -> None:
    made = make_api_client(alliance)
    with tenancy.acting_in(alliance):
        renewed = rotate_secret(
            alliance, made.client.client_id, actor=office_admin, overlap=timedelta(hours=1), at=timezone.now()
        )

    assert ask_token(client, alliance, made).status_code == 200
    assert ask_token(client, alliance, made, secret=renewed.secret).status_code == 200
    with tenancy.acting_in(alliance):
        ApiClient.objects.update(previous_secret_until=timezone.now() - timedelta(seconds=1))
    assert ask_token(client, alliance, made).status_code == 401
    assert ask_token(client, alliance, made, secret=renewed.secret).status_code == 200


def test_a_rotation_without_overlap_ends_the_old_secret_at_once(client: Client, alliance: Alliance) -> None:
    made = make_api_client(alliance)
    with tenancy.acting_in(alliance):
        renewed = rotate_secret(alliance, made.client.client_id, actor=None, overlap=timedelta(0), at=timezone.now())

    assert ask_token(client, alliance, made).status_code == 401
    assert ask_token(client, alliance, made, secret=renewed.secret).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_revoking_a_client_ends_its_tokens_and_its_secret(client: Client, alliance: Alliance) -> None:
    made = make_api_client(alliance)
    headers = {"Authorization": f"Bearer {ask_token(client, alliance, made).json()['access_token']}"}
    assert client.get(address(alliance, "api_product_list"), headers=headers).status_code == 200
    with tenancy.acting_in(alliance):
        revoke_client(alliance, made.client.client_id, actor=None, at=timezone.now())

    assert client.get(address(alliance, "api_product_list"), headers=headers).status_code == 401
    assert ask_token(client, alliance, made).status_code == 401


@pytest.mark.django_db(transaction=True)
def test_a_scope_taken_from_the_client_ends_in_tokens_already_given(client: Client, alliance: Alliance) -> None:
    headers = bearer(client, alliance, ["products:read", "groups:read"])
    assert client.get(address(alliance, "api_product_list"), headers=headers).status_code == 200
    with tenancy.acting_in(alliance):
        ApiClient.objects.update(scopes=["groups:read"])

    answer = client.get(address(alliance, "api_product_list"), headers=headers)

    assert answer.status_code == 403
    assert answer.json()["code"] == "insufficient_scope"
    assert 'error="insufficient_scope"' in answer["WWW-Authenticate"]


def test_a_client_calls_from_its_networks_only(client: Client, alliance: Alliance) -> None:
    made = make_api_client(alliance, networks=["203.0.113.0/24", "2001:db8::/32"])
    inside: dict[str, Any] = {"REMOTE_ADDR": "203.0.113.9"}

    answer = client.post(
        address(alliance, "api_token"),
        {"grant_type": "client_credentials"},
        headers={"Authorization": basic(made.client.client_id, made.secret)},
        **inside,
    )
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}

    assert client.get(address(alliance, "api_product_list"), headers=headers, **inside).status_code == 200
    outside = client.get(address(alliance, "api_product_list"), headers=headers, REMOTE_ADDR="198.51.100.4")
    assert outside.status_code == 403
    assert outside.json()["code"] == "network_not_allowed"
    assert ask_token(client, alliance, made).status_code == 401


def test_calls_are_counted_with_the_callers_network(
    client: Client, alliance: Alliance, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_api_client(alliance)
    headers = {"Authorization": f"Bearer {ask_token(client, alliance, made).json()['access_token']}"}
    monkeypatch.setattr(authentication, "USE_NOTED_EVERY_SECONDS", 0)

    for _turn in range(3):
        client.get(address(alliance, "api_product_list"), headers=headers, REMOTE_ADDR="198.51.100.4")

    with tenancy.acting_in(alliance):
        used = ApiClient.objects.get(pk=made.client.pk)
    assert used.uses == 3
    assert used.last_network == "198.51.100.4"
    assert used.last_used_at is not None


def test_only_an_office_administrator_registers_clients_and_it_stands_in_the_log(
    alliance: Alliance, secretary: User, office_admin: User
) -> None:
    values: dict[str, Any] = {
        "name": "Mirror",
        "organisation": "Office",
        "purpose": "mirror",
        "scopes": ["products:read"],
        "known_scopes": SCOPES,
        "at": timezone.now(),
    }
    with tenancy.acting_in(alliance):
        with pytest.raises(PermissionRefusedError):
            register_client(alliance, actor=secretary, **values)
        made = register_client(alliance, actor=office_admin, **values)

        entry = AuditEntry.objects.of(alliance).get(verb="register_api_client")
    assert entry.actor_id == office_admin.uuid
    assert made.secret not in entry.record
    assert made.client.client_id in entry.record


@pytest.mark.parametrize(
    "change",
    [
        {"scopes": ["everything"]},
        {"scopes": []},
        {"networks": ["somewhere"]},
        {"purpose": " "},
        {"expires_at": timezone.now()},
    ],
)
def test_a_registration_with_bad_values_is_refused(alliance: Alliance, change: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        make_api_client(alliance, **change)

    assert caught.value.fields


def test_a_client_of_another_alliance_cannot_be_rotated_or_revoked(alliance: Alliance, other_alliance: Alliance) -> None:
    made = make_api_client(alliance)

    with tenancy.acting_in(other_alliance):
        with pytest.raises(NotFoundError):
            rotate_secret(other_alliance, made.client.client_id, actor=None, overlap=timedelta(hours=1), at=timezone.now())
        with pytest.raises(NotFoundError):
            revoke_client(other_alliance, made.client.client_id, actor=None, at=timezone.now())


def test_the_command_registers_a_client_that_works(
    client: Client, alliance: Alliance, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command(
        "create_api_client", alliance.slug, "Mirror", organisation="Office", purpose="mirror", scopes=["products:read"]
    )

    told = dict(line.split(": ", 1) for line in capsys.readouterr().out.splitlines() if ": " in line)
    answer = client.post(
        address(alliance, "api_token"),
        {"grant_type": "client_credentials"},
        headers={"Authorization": basic(told["client_id"], told["client_secret"])},
    )
    assert answer.status_code == 200


def test_a_client_with_an_end_is_unknown_after_it(client: Client) -> None:
    alliance = make_alliance()
    made = make_api_client(alliance, expires_at=timezone.now() + timedelta(days=1))
    assert ask_token(client, alliance, made).status_code == 200

    with tenancy.acting_in(alliance):
        ApiClient.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert ask_token(client, alliance, made).status_code == 401


def _without_id(response: Any) -> dict[str, Any]:
    return {name: value for name, value in response.json().items() if name != "request_id"}
